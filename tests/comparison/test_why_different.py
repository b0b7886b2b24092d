"""What keeps two runs apart is named, and the commands that are given make them comparable."""

import json
import runpy
import shlex
from pathlib import Path

import pytest

from harness import plan
from harness.__main__ import command
from harness.comparison.compare import compare

pytestmark = pytest.mark.core
made = runpy.run_path(str(Path(__file__).parents[1] / "made_systems.py"))
carry_out = made["carry_out"]


class Forgetful(dict):
    """Never has anything."""

    def __contains__(self, key):
        return False


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    """Two systems over four documents, to be changed at will."""
    # A process reads a corpus once, and these change under it.
    monkeypatch.setattr(plan, "_corpora", Forgetful())
    gold = made["make_corpus"](tmp_path, documents=4)
    return tmp_path, gold, {name: made["answer"](gold, 0.7, seed) for name, seed in (("a", 1), ("b", 2))}


def run(corpus, name, task="stance", *more, **named):
    folder, _, answers = corpus
    return made["make_system"](folder, name, answers[name], tasks=task, more=more, **named)[task]


def told(capsys, a, b):
    capsys.readouterr()
    assert command(["why-different", str(a), str(b), "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


def followed(commands, capsys):
    """Carries out the commands as they were given; the last one is a comparison, whose tables come back."""
    for given in commands:
        words = shlex.split(given)
        assert words[:3] == ["python", "-m", "harness"]
        assert command(words[3:]) == 0, capsys.readouterr().err
    return compare([Path(word) for word in shlex.split(commands[-1])[4:] if not word.startswith("--")])


def apart(content):
    return {(row["group"], row["field"]) for row in content["rows"] if row["apart"]}


def test_runs_that_differ_in_the_model_alone_are_comparable(corpus, capsys):
    content = told(capsys, run(corpus, "a"), run(corpus, "b"))
    assert content["comparable"] is True
    assert not apart(content)
    assert ("model", "signature.records") in {(row["group"], row["field"]) for row in content["rows"]}
    (table,) = followed(content["commands"], capsys)
    assert [len(block.lines) for block in table.blocks] == [2]


def test_gold_that_was_edited_is_scored_again_and_no_model_is_asked(corpus, capsys):
    folder, gold, _ = corpus
    a = run(corpus, "a")
    changed = [{**record, "label": "favor"} for record in gold["stance"]]
    made["write_lines"](folder / "gold" / "stance.jsonl", changed)
    b = run(corpus, "b")
    content = told(capsys, a, b)
    assert apart(content) == {("gold", "sha256")}
    assert content["commands"][0].startswith("python -m harness score ")
    assert [len(block.lines) for block in compare([a, b])[0].blocks] == [1, 1]
    (table,) = followed(content["commands"], capsys)
    assert [len(block.lines) for block in table.blocks] == [2]


def test_other_metric_parameters_are_given_as_overrides_and_answers_are_kept(corpus, capsys):
    a = run(corpus, "a", "ner", "metric.entity_f1.article=ignore", "metric=[entity_f1]")
    b = run(corpus, "b", "ner")
    content = told(capsys, a, b)
    (field,) = apart(content)
    assert field[0] == "signature"
    assert field[1].startswith("article of entity.")
    assert "no model is asked" in content["advice"][0]
    before = json.loads((b / "run.json").read_text(encoding="utf-8"))["seconds"]
    (table,) = followed(content["commands"], capsys)
    assert [len(block.lines) for block in table.blocks] == [2]
    # Where nothing was asked, the run's file still tells how long the answers took.
    assert json.loads((b / "run.json").read_text(encoding="utf-8"))["seconds"] == before


def test_other_data_are_named_with_the_documents_of_each_alone(corpus, capsys):
    folder, gold, answers = corpus
    a = run(corpus, "a")
    other = folder / "fewer"
    for name, records in gold.items():
        made["write_lines"](other / f"{name}.jsonl", [r for r in records if "d03" not in (r.get("doc"), r.get("id"))])
    answers["b"] = {name: [r for r in records if r["doc"] != "d03"] for name, records in answers["b"].items()}
    more = ("task=stance", "model=predictions", f"model.path={folder / 'answers' / 'b'}", "model.name=b")
    made["write_lines"](folder / "answers" / "b" / "stance.jsonl", answers["b"]["stance"])
    place = (f"data.documents={other}", f"data.gold={other}", f"results={folder / 'others'}")
    carry_out(["data=local", "data.name=made", *place, *more])
    b = next((folder / "others" / "made" / "stance").iterdir())
    content = told(capsys, a, b)
    rows = {(row["group"], row["field"]): row for row in content["rows"]}
    assert rows["documents", "documents of this run alone"]["a"] == "1: d03"
    assert {("documents", "sha256"), ("gold", "sha256")} <= apart(content)
    # The document that was left out is missing from the answers, which the ledger then says.
    *runs, last = content["commands"]
    for given in runs:
        assert command([*shlex.split(given)[3:], "fail_on_error.share=1"]) == 0, capsys.readouterr().err
    (table,) = compare([Path(word) for word in shlex.split(last)[4:]])
    assert {line.model for line in table.blocks[0].lines} == {"a", "b"}
    assert len(table.blocks) == 1
    # B's own results stay.
    assert json.loads((b / "scores.json").read_text(encoding="utf-8"))["data"]["documents"] == 3


def test_other_label_maps_are_given_to_both(tmp_path, capsys):
    more = ("task=ner", f"results={tmp_path}", "interval.resamples=100", "metric=[entity_f1]")
    carry_out(["model=rules", *more])
    carry_out(["model=baseline", "task.ner.label_map=[ontonotes_to_conll]", *more])
    a = next((tmp_path / "seed" / "ner").glob("baseline*"))
    content = told(capsys, a, tmp_path / "seed" / "ner" / "rules")
    assert any(field.startswith("map of") for _, field in apart(content))
    (table,) = followed(content["commands"], capsys)
    assert {line.model for line in table.blocks[0].lines} >= {"rules", "baseline"}


def test_different_tasks_have_no_remedy(systems, capsys):
    content = told(capsys, systems.runs["good"]["ner"], systems.runs["good"]["stance"])
    assert ("task", "name") in apart(content)
    assert content["commands"] == []


def test_hostile_paths_and_names_survive_a_shell_and_hydra(corpus, capsys):
    folder, gold, _ = corpus
    place = folder / "it's, (a) $HOME=1"
    for name, records in gold.items():
        made["write_lines"](place / f"{name}.jsonl", records)
    a = run(corpus, "a", "ner", "metric.entity_f1.article=ignore", gold=place)
    b = run(corpus, "b", "ner", gold=place)
    (table,) = followed(told(capsys, a, b)["commands"], capsys)
    assert [len(block.lines) for block in table.blocks] == [2]


def test_the_whole_verdict_stands_before_the_list(systems, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "500")  # a long path would be folded
    good, poor = (str(systems.runs[name]["stance"]) for name in ("good", "poor"))
    assert command(["why-different", good, poor]) == 0
    above, _, below = capsys.readouterr().out.partition("apart ")
    assert " ".join(above.split()) == (
        f"the two are ranked together: {good} (A), {poor} (B); they can be compared as they are"
    )
    assert below.rstrip().endswith(f"python -m harness compare {good} {poor} --pairs")


@pytest.mark.parametrize("form", ["table", "md", "csv", "json"])
def test_every_format(systems, capsys, form):
    runs = [str(systems.runs[name]["stance"]) for name in ("good", "poor")]
    assert command(["why-different", *runs, "--format", form]) == 0
    assert "signature.records" in capsys.readouterr().out.replace("\\_", "_")


def test_one_run_twice_several_or_none_is_one_message(systems, capsys, tmp_path):
    good = str(systems.runs["good"]["stance"])
    for other, said in (
        (good, "one and the same run"),
        (str(systems.results), "6 runs lie there; name one"),
        (str(tmp_path / "none"), "no such folder"),
    ):
        assert command(["why-different", good, other]) == 2
        captured = capsys.readouterr()
        assert said in captured.err
        assert captured.out == ""
