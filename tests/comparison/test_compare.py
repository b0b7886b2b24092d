"""One table per data and task, and only like is ranked with like."""

import json
import runpy
import shutil
import statistics
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.__main__ import command
from harness.comparison.columns import find_score
from harness.comparison.compare import compare
from harness.comparison.lines import run_labels
from harness.comparison.table import spelled
from harness.errors import RunError, UsageError
from harness.files import file_sha256
from harness.metric.base import Key
from harness.run_folder import StoredRun

pytestmark = pytest.mark.core

made = runpy.run_path(str(Path(__file__).parent.parent / "made_runs.py"))
make_run, ner_rows, row = made["make_run"], made["ner_rows"], made["row"]
carry_out = runpy.run_path(str(Path(__file__).parent.parent / "run_here.py"))["carry_out"]
F1 = Key("entity.f1", "micro")


def only(tables):
    assert len(tables) == 1
    return tables[0]


def labels(block):
    return [line.label for line in block.lines]


def test_rows_are_sorted_by_the_headline_and_the_best_is_marked(tmp_path):
    for name, f1 in (("a", 0.2), ("b", 0.7), ("c", 0.4)):
        make_run(tmp_path, name, scores=ner_rows(f1))
    table = only(compare([tmp_path]))
    assert [labels(block) for block in table.blocks] == [["b", "c", "a"]]
    assert [line.cells[F1].best for line in table.lines] == [True, False, False]
    assert [column.title for column in table.columns] == ["F1", "P", "R", "F1 macro", "F1 partial"]


def test_equal_best_values_are_all_marked_and_all_equal_ones_none(tmp_path):
    for name, f1 in (("a", 0.7), ("b", 0.7), ("c", 0.4)):
        make_run(tmp_path / "two", name, scores=ner_rows(f1))
    for name in ("a", "b"):
        make_run(tmp_path / "all", name, scores=ner_rows(0.5))
    assert [line.cells[F1].best for line in only(compare([tmp_path / "two"])).lines] == [True, True, False]
    assert not any(line.cells[F1].best for line in only(compare([tmp_path / "all"])).lines)


def test_an_upper_bound_is_last_and_never_the_best(tmp_path):
    make_run(tmp_path, "oracle", scores=ner_rows(0.99), gold="oracle")
    make_run(tmp_path, "a", scores=ner_rows(0.4))
    make_run(tmp_path, "b", scores=ner_rows(0.5))
    table = only(compare([tmp_path]))
    assert labels(table.blocks[0]) == ["b", "a", "oracle"]
    assert [line.cells[F1].best for line in table.lines] == [True, False, False]


def test_beside_an_upper_bound_alone_nothing_is_the_best(tmp_path):
    make_run(tmp_path, "oracle", scores=ner_rows(0.99), gold="oracle")
    make_run(tmp_path, "a", scores=ner_rows(0.4))
    assert not any(line.cells[F1].best for line in only(compare([tmp_path])).lines)


def test_one_document_is_no_ranking(tmp_path):
    make_run(tmp_path, "a", scores=ner_rows(0.2), documents=1)
    make_run(tmp_path, "b", scores=ner_rows(0.7), documents=1)
    table = only(compare([tmp_path]))
    assert table.smoke_test
    assert labels(table.blocks[0]) == ["a", "b"]
    assert not any(line.cells[F1].best for line in table.lines)


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"gold_sha256": "b" * 64, "documents": 35}, "other gold (35 documents, sha256 bbbbbbbb; above 40 documents"),
        ({"documents_sha256": "e" * 64}, "other documents"),
    ],
)
def test_other_gold_or_documents_stand_apart(tmp_path, other, reason):
    make_run(tmp_path, "a")
    make_run(tmp_path, "b")
    make_run(tmp_path, "c", scores=ner_rows(0.9), **other)
    table = only(compare([tmp_path]))
    assert [labels(block) for block in table.blocks] == [["a", "b"], ["c"]]
    assert table.blocks[0].reason == ""
    assert reason in table.blocks[1].reason


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        (
            "map:none",
            "map:ontonotes_to_conll:12345678",
            "scored under label map ontonotes_to_conll:12345678 (above: none)",
        ),
        ("v:1", "v:2", "version 2 of the metric (above: 1)"),
        ("avg:", "odd:x|avg:", "scored with odd:x (above odd:unsaid)"),
    ],
)
def test_other_signatures_stand_apart_and_say_why(tmp_path, before, after, reason):
    make_run(tmp_path, "a")
    make_run(tmp_path, "b")
    rows = [{**r, "signature": r["signature"].replace(before, after)} for r in ner_rows(0.9)]
    make_run(tmp_path, "c", scores=rows)
    table = only(compare([tmp_path]))
    assert [labels(block) for block in table.blocks] == [["a", "b"], ["c"]]
    assert table.blocks[1].reason == reason


def test_the_column_that_differs_is_named(tmp_path):
    rows = ner_rows(0.9)
    rows[0]["signature"] += "|odd:x"
    make_run(tmp_path, "a")
    make_run(tmp_path, "b", scores=rows)
    assert only(compare([tmp_path])).blocks[1].reason == "F1: scored with odd:x (above odd:unsaid)"
    # What is not shown does not separate.
    assert len(only(compare([tmp_path], ["entity.recall"])).blocks) == 1


def test_a_run_without_a_column_is_no_other_signature(tmp_path):
    make_run(tmp_path, "a", scores=ner_rows(0.4))
    make_run(tmp_path, "b", scores=ner_rows(0.5)[:1])
    table = only(compare([tmp_path]))
    assert len(table.blocks) == 1
    assert Key("entity.recall", "micro") not in table.lines[0].cells


def test_tables_follow_data_and_task(tmp_path):
    stance = [row("stance.favg", "pooled", 0.5), row("stance.favg", "macro_target", 0.4)]
    make_run(tmp_path, "a", task="stance", scores=stance)
    make_run(tmp_path, "a")
    make_run(tmp_path, "a", data="other")
    assert [(t.data, t.task) for t in compare([tmp_path])] == [("mine", "ner"), ("mine", "stance"), ("other", "ner")]


def test_metrics_that_were_asked_for_in_the_run_are_shown(tmp_path):
    rows = [*ner_rows(), row("entity_char.f1", "micro", 0.6), row("entity_char.recall", "micro", 0.5)]
    make_run(tmp_path, "a", scores=rows)
    assert [c.name for c in only(compare([tmp_path])).columns][-1] == "entity_char.f1"


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("entity.f1", Key("entity.f1", "micro")),
        ("entity.f1/macro", Key("entity.f1", "macro")),
        ("entity.f1@label=GPE", Key("entity.f1", "micro", "label=GPE")),
        ("entity.f1/micro@label=GPE", Key("entity.f1", "micro", "label=GPE")),
        ("stance.favg/macro_target", Key("stance.favg", "macro_target")),
        ("stance.favg@target=a/b@c", Key("stance.favg", "pooled", "target=a/b@c")),
    ],
)
def test_a_score_is_found_by_its_name(name, key):
    known = {
        Key("entity.f1", "micro"),
        Key("entity.f1", "macro"),
        Key("entity.f1", "micro", "label=GPE"),
        Key("stance.favg", "pooled"),
        Key("stance.favg", "macro_target"),
        Key("stance.favg", "pooled", "target=a/b@c"),
    }
    assert find_score(name, known) == key
    assert find_score(spelled(key), known) == key


def test_an_unknown_score_names_the_nearest(tmp_path):
    make_run(tmp_path, "a")
    with pytest.raises(UsageError, match=r"--metric entity\.recal: .*did you mean 'entity\.recall'"):
        compare([tmp_path], ["entity.recal"])
    assert command(["compare", str(tmp_path), "--metric", "entity.f1@label=GPW"]) == 2


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("rogue1", "did you mean 'rouge1.f1'?"),
        ("rouge", "it is a metric with several scores: rouge1.f1, rouge2.f1"),
        ("entity_errors", "no run here has this metric; metric=[entity_errors] on a run adds it"),
        ("rouge1.f1/micro", "rouge1.f1 has the averages mean"),
        ("rouge1.f1@style=x", "there is no such slice; rouge1.f1 has rouge1.f1@style=headline"),
        (
            "novel.share",
            "it has several averages, of which none is the usual one: novel.share/gold, novel.share/predicted",
        ),
    ],
)
def test_an_unknown_score_says_what_there_is(name, said):
    known = {Key("rouge1.f1", "mean"), Key("rouge2.f1", "mean"), Key("rouge1.f1", "mean", "style=headline")}
    known |= {Key("novel.share", "gold"), Key("novel.share", "predicted")}
    with pytest.raises(UsageError) as caught:
        find_score(name, known)
    assert said in str(caught.value)


def test_lower_is_better_and_neither(tmp_path):
    for name, value in (("a", 0.1), ("b", 0.3)):
        rows = [row("length.violations", "mean", value), row("length.words", "mean", 40 + value)]
        make_run(tmp_path, name, task="summarization", scores=rows)
    table = only(compare([tmp_path], ["length.violations", "length.words"]))
    assert labels(table.blocks[0]) == ["a", "b"]
    best = [[line.cells[c.key].best for c in table.columns] for line in table.lines]
    assert best == [[True, False], [False, False]]
    assert [column.factor for column in table.columns] == [100, 1]


def test_undefined_scores_rank_last(tmp_path):
    make_run(tmp_path, "a", scores=[row("entity.f1", "micro", None)])
    make_run(tmp_path, "b", scores=[row("entity.f1", "micro", 0.0)])
    assert labels(only(compare([tmp_path])).blocks[0]) == ["b", "a"]


def test_rows_of_one_name_are_told_apart(tmp_path):
    make_run(tmp_path, "textrank", folder="textrank")
    make_run(tmp_path, "textrank", folder="textrank,sentences=5")
    make_run(tmp_path / "earlier", "textrank", folder="textrank")
    assert sorted(line.label for line in only(compare([tmp_path])).lines) == [
        "textrank (earlier/mine/ner/textrank)",
        "textrank (mine/ner/textrank)",
        "textrank (mine/ner/textrank,sentences=5)",
    ]
    pair = only(compare([tmp_path / "mine", tmp_path / "earlier" / "mine"]))
    assert len({line.label for line in pair.lines}) == 3
    two = only(compare([tmp_path / "mine"]))
    assert sorted(line.label for line in two.lines) == ["textrank", "textrank,sentences=5"]


def test_a_folder_that_is_called_like_the_model_still_tells_two_rows_apart(tmp_path):
    make_run(tmp_path / "seed", "baseline")
    make_run(tmp_path / "baseline" / "seed", "baseline")
    found = compare([tmp_path / "seed", tmp_path / "baseline"])
    assert sorted(line.label for line in only(found).lines) == ["baseline", "baseline (baseline)"]


@given(
    st.lists(
        st.tuples(st.lists(st.sampled_from(["a", "a (a)", "ab", "b"]), min_size=1, max_size=4).map(tuple),
                  st.sampled_from(["a", "a (a)", "ab"])),
        min_size=2, max_size=6, unique_by=lambda one: one[0],
    )
)  # fmt: skip
@example([(("a", "x"), "a"), (("a", "ab"), "a"), (("b", "x"), "ab")])
@example([(("s", "x"), "a"), (("s", "a", "x"), "a"), (("s", "y"), "a (a)")])
def test_no_two_folders_get_one_label(named):
    scores = {"data": {"name": "mine"}, "task": "ner"}
    runs = [
        StoredRun(Path("/r", *parts), scores={**scores, "model": {"name": name}}, run={}, config={})
        for parts, name in named
    ]
    assert len(set(run_labels(runs))) == len(named)


def test_a_folder_named_twice_is_one_row(tmp_path):
    place = make_run(tmp_path, "a")
    assert len(only(compare([tmp_path, place, tmp_path / "mine"])).lines) == 1


def test_a_pattern_that_no_shell_expanded_names_what_it_matches(tmp_path, monkeypatch):
    for task in ("ner", "stance"):
        make_run(tmp_path, "tiny", task=task)
        make_run(tmp_path, "other", task=task)
    (tmp_path / "mine" / "ner" / "tiny.txt").write_text("no run", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for pattern, expected in (("mine/*/tiny*", {"ner", "stance"}), ("m*/n?r", {"ner"}), ("**/stance", {"stance"})):
        tables = compare([Path(pattern)])
        assert {table.task for table in tables} == expected
        assert {line.label for table in tables for line in table.lines} == (
            {"tiny"} if "tiny" in pattern else {"tiny", "other"}
        )
    with pytest.raises(RunError, match=r"mine/\*\.txt: no such folder"):
        compare([Path("mine/*.txt")])


def test_time_is_not_told_where_answers_were_kept(tmp_path):
    make_run(tmp_path, "a")
    make_run(tmp_path, "b", asked=0)
    first, second = only(compare([tmp_path])).lines
    assert (first.seconds, first.rate) == (9.5, 50.0)
    assert (second.seconds, second.rate) == (None, None)


def test_an_incomplete_run_is_a_row_and_no_fault(tmp_path, capsys):
    make_run(tmp_path, "a")
    bad = make_run(tmp_path, "bad")
    (bad / "run.json").write_text(json.dumps({"status": "started"}), encoding="utf-8")
    table = only(compare([tmp_path]))
    assert [failure.model for failure in table.failures] == ["bad"]
    assert "'started', not complete" in table.failures[0].reason
    assert command(["compare", str(tmp_path)]) == 0
    assert "no scores: this run is 'started'" in capsys.readouterr().out


def test_an_altered_run_is_not_shown_as_if_it_were_whole(tmp_path, capsys):
    make_run(tmp_path, "a")
    bad = make_run(tmp_path, "bad")
    text = (bad / "scores.json").read_text(encoding="utf-8")
    (bad / "scores.json").write_text(text.replace("0.5", "0.9"), encoding="utf-8")
    assert command(["compare", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert "was altered since the run" in out
    assert "90.0" not in out
    # Named itself, it is the whole answer.
    assert command(["compare", str(bad)]) == 2


def test_scores_that_lack_a_part_are_refused_with_what_to_do(tmp_path):
    rows = ner_rows()
    bad = make_run(tmp_path, "bad", scores=rows)
    content = json.loads((bad / "scores.json").read_text(encoding="utf-8"))
    del content["ledger"]["spans"]
    (bad / "scores.json").write_text(json.dumps(content), encoding="utf-8")
    run = json.loads((bad / "run.json").read_text(encoding="utf-8"))
    (bad / "run.json").write_text(json.dumps({**run, "files": {}}), encoding="utf-8")
    with pytest.raises(RunError, match="harness score"):
        compare([tmp_path])


def test_no_run_there(tmp_path, capsys):
    assert command(["compare", str(tmp_path)]) == 2
    assert "no run folder there" in capsys.readouterr().err
    assert command(["compare", str(tmp_path / "x")]) == 2


def test_runs_that_differ_in_the_seed_alone_show_their_spread(tmp_path, capsys):
    for seed in (0, 1, 2):
        arguments = ["model=random_sentences", "task=summarization", f"rng_seed={seed}", f"results={tmp_path}"]
        carry_out(arguments)
    (table,) = compare([tmp_path])
    values = [line.cells[table.columns[0].key].value for line in table.lines]
    (repeats,) = table.repeats
    assert (repeats.model, repeats.spread.n) == ("random_sentences", 3)
    assert repeats.spread.sd == pytest.approx(statistics.stdev(values))
    capsys.readouterr()
    assert command(["compare", str(tmp_path)]) == 0
    assert "3 runs that differ in seed or prompt alone: " in " ".join(capsys.readouterr().out.split())
    # A copy is no fourth run.
    shutil.copytree(table.lines[0].folder, tmp_path / "copy")
    (copied,) = compare([tmp_path])[0].repeats
    assert (copied.runs, copied.copies, copied.spread) == (3, 1, repeats.spread)
    assert command(["compare", str(tmp_path)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "3 runs that differ in seed or prompt alone (1 more row: copies of these): " in said


def test_copies_of_one_run_have_no_spread(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    folder = make_run(tmp_path / "one", "a")
    shutil.copytree(folder, tmp_path / "two")
    assert command(["compare", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert " a: 2 copies of one run, with the same seed, prompt and answers," in out
    assert "sd" not in out
    # With other answers it is another run, though of the same seed and prompt.
    path = tmp_path / "two" / "predictions.parquet"
    pq.write_table(pq.read_table(path).replace_schema_metadata({"other": "bytes"}), path)
    run = json.loads((path.parent / "run.json").read_text(encoding="utf-8"))
    run["files"][path.name] = file_sha256(path)
    (path.parent / "run.json").write_text(json.dumps(run), encoding="utf-8")
    assert command(["compare", str(tmp_path)]) == 0
    assert " a: 2 runs with the same seed and prompt: F1 mean 50.0, sd 0.0" in capsys.readouterr().out


def test_a_precision_that_losses_had_no_part_in_says_so(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    make_run(tmp_path, "a")
    assert command(["compare", str(tmp_path)]) == 0
    assert "precision does not count them" not in capsys.readouterr().out
    make_run(tmp_path, "b", spans={"total": 5, "scored": 3, "unmapped": 2})
    assert command(["compare", str(tmp_path)]) == 0
    said = "unmapped spans (with a label that this gold, or the label map, does not have) are set aside before scoring"
    assert f"{said}: precision does not count them as wrong" in capsys.readouterr().out


def test_runs_of_other_parameters_are_no_repeats(tmp_path):
    for sentences in (1, 2):
        arguments = ["model=lead", f"model.summarization.sentences={sentences}", "task=summarization"]
        carry_out([*arguments, f"results={tmp_path}"])
    (table,) = compare([tmp_path])
    assert len(table.lines) == 2
    assert table.repeats == []


def test_a_metric_that_was_asked_for_is_shown_by_its_headline_and_ranked_its_way(tmp_path):
    metrics = "metric=[length,fragments,repetition]"
    for model in ("lead", "random_sentences"):
        carry_out([f"model={model}", "task=summarization", metrics, f"results={tmp_path}"])
    (table,) = compare([tmp_path])
    shown = {column.name: (column.direction, column.factor) for column in table.columns}
    assert shown == {"length.words": (0, 1), "fragments.coverage": (0, 100), "repetition.n3": (-1, 100)}


def test_a_run_over_its_error_limit_is_shown_as_failed_and_never_the_best(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    for name, f1 in (("a", 0.9), ("b", 0.5), ("c", 0.4)):
        folder = make_run(tmp_path, name, scores=ner_rows(f1))
        if name == "a":
            path = folder / "run.json"
            told = json.loads(path.read_text(encoding="utf-8"))
            path.write_text(json.dumps({**told, "failure": "3 of 9 examples have no scored answer"}), encoding="utf-8")
    (table,) = compare([tmp_path])
    assert [(line.label, line.cells[F1].best) for line in table.lines] == [("a", False), ("b", True), ("c", False)]
    assert command(["compare", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert " a (failed)  90.0  " in out
    assert "a failed, so it is never the best: 3 of 9 examples have no scored answer" in out


def test_what_answers_cost_is_a_column_where_there_is_any(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    make_run(tmp_path, "a")
    assert command(["compare", str(tmp_path)]) == 0
    assert "cost" not in capsys.readouterr().out
    path = make_run(tmp_path, "b") / "run.json"
    told = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**told, "cost": 0.0123}), encoding="utf-8")
    assert command(["compare", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert next(line for line in out.splitlines() if line.startswith(" b ")).endswith(" 0.012")
    assert next(line for line in out.splitlines() if line.startswith(" a ")).endswith(" –")
