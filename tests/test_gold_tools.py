"""Gold of one's own: a start that validates, and counts that can be checked by hand."""

import json
import shlex

import pytest

from harness.__main__ import command
from harness.gold_tools import counts

pytestmark = pytest.mark.core


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def texts(tmp_path):
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "one.txt").write_text("Abc came to Berlin. He left 😀.\n\nThe end", encoding="utf-8")
    (folder / "two.txt").write_text("Nothing here.", encoding="utf-8")
    return folder


def test_init_makes_sentences_that_fit_the_text(tmp_path, texts, capsys):
    gold = tmp_path / "gold"
    assert command(["gold", "init", str(gold), "--documents", str(texts), "--targets", "Nuclear power", "The EU!"]) == 0
    out = capsys.readouterr().out
    assert "4 sentences of 2 documents" in out
    assert sorted(path.name for path in gold.iterdir()) == ["README.md", "sentences.jsonl", "targets.jsonl"]
    text = (texts / "one.txt").read_text(encoding="utf-8")
    found = [s for s in lines(gold / "sentences.jsonl") if s["doc"] == "one"]
    assert [text[s["start"] : s["end"]] for s in found] == ["Abc came to Berlin.", "He left 😀.", "The end"]
    assert [s["id"] for s in found] == ["s01", "s02", "s03"]
    assert {s["zone"] for s in found} == {"body"}
    assert lines(gold / "targets.jsonl") == [
        {"id": "nuclear-power", "text": "Nuclear power"},
        {"id": "the-eu", "text": "The EU!"},
    ]


def test_what_the_readme_says_to_write_validates(tmp_path, texts, capsys):
    """Every example record of the README, as it stands there, is one that the reader takes."""
    gold = tmp_path / "my gold"
    assert command(["gold", "init", str(gold), "--documents", str(texts), "--targets", "x"]) == 0
    readme = (gold / "README.md").read_text(encoding="utf-8")
    file, written = "", set()
    for row in [line for line in readme.splitlines() if line.startswith("|") and "{" in line]:
        cells = [cell.strip(" `") for cell in row.strip("|").split("|")]
        file = cells[0] or file
        record = json.loads(cells[1])
        if file in ("sentences.jsonl", "targets.jsonl"):
            continue
        if "start" in record:
            del record["text"]
        if list(record) == ["doc"]:
            record["doc"] = "two"
        with (gold / file).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(record) + "\n")
        written.add(file)
    assert written == {"entities.jsonl", "stance.jsonl", "summaries.jsonl", "facts.jsonl", "annotators.jsonl"}
    validate = next(line for line in readme.splitlines() if "gold validate" in line and line.startswith("python"))
    capsys.readouterr()
    assert command(shlex.split(validate)[3:]) == 0
    assert capsys.readouterr().out.endswith("every check passed\n")


def test_the_run_of_the_readme_runs(tmp_path, texts, capsys):
    gold = tmp_path / "my gold"
    assert command(["gold", "init", str(gold), "--documents", str(texts)]) == 0
    (gold / "summaries.jsonl").write_text('{"doc": "one", "text": "Abc came."}\n', encoding="utf-8")
    readme = (gold / "README.md").read_text(encoding="utf-8")
    run = next(line for line in readme.splitlines() if "data=local" in line)
    assert command([*shlex.split(run)[3:], "model=lead", f"results={tmp_path / 'results'}"]) == 0
    assert "mine · summarization · 1 document" in capsys.readouterr().out


def test_nothing_is_overwritten(tmp_path, texts, capsys):
    gold = tmp_path / "gold"
    gold.mkdir()
    (gold / "sentences.jsonl").write_text("mine", encoding="utf-8")
    assert command(["gold", "init", str(gold), "--documents", str(texts)]) == 2
    assert "has sentences.jsonl already, and nothing is overwritten" in capsys.readouterr().err
    assert [(path.name, path.read_text(encoding="utf-8")) for path in gold.iterdir()] == [("sentences.jsonl", "mine")]


def test_the_gold_may_lie_beside_the_texts(texts, capsys):
    assert command(["gold", "init", str(texts)]) == 0
    (texts / "entities.jsonl").write_text('{"doc": "one", "start": 0, "end": 3, "label": "PER"}\n', encoding="utf-8")
    assert command(["gold", "validate", str(texts)]) == 0
    assert "PER 1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["{tmp}/gold"], "--documents DIR"),
        (["{tmp}/gold", "--documents", "{tmp}/none"], "none: no such folder"),
        (["{tmp}/gold", "--documents", "{tmp}/empty"], "no documents there"),
        (["{tmp}/texts/one.txt", "--documents", "{tmp}/texts"], "is a file"),
        (["{tmp}/gold", "--documents", "{tmp}/texts", "--targets", "EU", "eu!"], "would both be called 'eu'"),
        (["{tmp}/gold", "--documents", "{tmp}/texts", "--targets", "?"], "a target needs words"),
        (["{tmp}/gold", "--documents", "{tmp}/texts", "--encoding", "utf-9"], "utf-9"),
    ],
)
def test_what_init_refuses(tmp_path, texts, capsys, arguments, part):
    (tmp_path / "empty").mkdir()
    assert command(["gold", "init", *(argument.format(tmp=tmp_path) for argument in arguments)]) == 2
    assert part in capsys.readouterr().err
    assert not (tmp_path / "gold").exists()


def test_hostile_document_ids_stay_in_their_cell(tmp_path, capsys):
    (tmp_path / "documents.jsonl").write_text(
        json.dumps({"id": 'a|b`c"\x1b[2J', "text": "One. Two."}) + "\n", encoding="utf-8"
    )
    assert command(["gold", "init", str(tmp_path / "gold"), "--documents", str(tmp_path)]) == 0
    readme = (tmp_path / "gold" / "README.md").read_text(encoding="utf-8")
    assert "\x1b" not in readme + capsys.readouterr().out
    for line in readme.splitlines():
        if line.startswith("| `sentences"):
            assert line.replace("\\|", "").count("|") == 4


# ---- validate -------------------------------------------------------------------------------------------------------


@pytest.fixture
def gold(tmp_path):
    text = "Bank of Berlin in New York City hall"
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    (tmp_path / "b.txt").write_text("Nothing.", encoding="utf-8")
    (tmp_path / "c.txt").write_text("Never looked at.", encoding="utf-8")

    def write(name, records):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records), encoding="utf-8")

    write(
        "sentences", [{"doc": "a", "id": "s1", "start": 0, "end": 36}, {"doc": "b", "id": "s1", "start": 0, "end": 8}]
    )
    spans = [(0, 14, "ORG"), (8, 14, "GPE"), (18, 31, "GPE"), (22, 36, "FAC"), (18, 31, "LOC")]
    write("entities", [*({"doc": "a", "start": s, "end": e, "label": x} for s, e, x in spans), {"doc": "b"}])
    write("targets", [{"id": "t", "text": "T"}, {"id": "u", "text": "U"}, {"id": "v", "text": "V"}])
    write(
        "stance",
        [
            {"doc": "a", "sentence": "s1", "target": "t", "label": "favor"},
            {"doc": "b", "sentence": "s1", "target": "t", "label": "none"},
            {"doc": "a", "target": "u", "label": "against"},
        ],
    )
    write(
        "summaries",
        [
            {"doc": "a", "text": "One.", "annotator": "x"},
            {"doc": "a", "text": "Two.", "annotator": "y"},
            {"doc": "b", "text": "Three.", "style": "headline"},
        ],
    )
    write("annotators", [{"id": "x", "kind": "human"}, {"id": "y", "kind": "model"}])
    return tmp_path


def test_discontinuous_entities_are_counted(tmp_path, capsys):
    (tmp_path / "a.txt").write_text("left arms and legs", encoding="utf-8")
    legs = {"doc": "a", "start": 0, "end": 18, "label": "X", "parts": [[0, 4], [14, 18]]}
    (tmp_path / "entities.jsonl").write_text(json.dumps(legs) + "\n", encoding="utf-8")
    assert command(["gold", "validate", str(tmp_path)]) == 0
    assert "entities    1 in 1 document: X 1\n            1 discontinuous\n" in capsys.readouterr().out


def test_counts_by_hand(gold, capsys):
    assert command(["gold", "validate", str(gold)]) == 0
    # Nested: GPE 8-14 in ORG 0-14, and of the two labels on 18-31 the second; FAC 22-36 crosses both of them.
    assert capsys.readouterr().out.splitlines() == [
        "documents   3",
        "sentences   2 in 2 documents: body 2",
        "entities    5 in 2 documents: GPE 2, ORG 1, LOC 1, FAC 1",
        "            2 inside another (nested), 2 pairs that cross, 1 document without any",
        "stance      3 judgements in 2 documents",
        "            t  favor 1, against 0, none 1",
        "            u  favor 0, against 1, none 0",
        "            no judgement: v",
        "summaries   3 references in 2 documents",
        "            default: 2 of 1 document, by x, y",
        "            headline: 1 of 1 document",
        "annotators  x (human), y (model)",
        "no gold     1 document that no task scores: c",
        "every check passed",
    ]


def test_every_fault_is_told(gold, capsys):
    bad = [{"doc": "a", "start": n, "end": n + 1, "label": "X", "text": "??"} for n in range(20)]
    bad += [{"doc": "nowhere", "start": 0, "end": n, "label": "X"} for n in range(1, 61)]
    (gold / "entities.jsonl").write_text("".join(json.dumps(r) + "\n" for r in bad), encoding="utf-8")
    assert command(["gold", "validate", str(gold)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    told = err.splitlines()
    assert len(told) == 81
    assert told[-1] == f"harness: {gold}: 80 faults"
    assert all(f"entities.jsonl:{number}: " in line for number, line in enumerate(told[:-1], start=1))


def test_other_schemes_can_be_named(gold, capsys):
    assert command(["gold", "validate", str(gold), "--entity-labels", "ORG", "GPE", "LOC"]) == 2
    assert "'FAC' is not one of" in capsys.readouterr().err
    assert command(["gold", "validate", str(gold), "--stance-labels", "favor", "none"]) == 2
    assert "'against' is not one of favor, none" in capsys.readouterr().err


def test_several_annotators_need_a_choice(gold, capsys):
    records = [{"doc": "a", "start": 0, "end": 4, "label": "ORG", "annotator": who} for who in ("x", "y")]
    (gold / "entities.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records), encoding="utf-8")
    assert command(["gold", "validate", str(gold)]) == 2
    capsys.readouterr()
    assert command(["gold", "validate", str(gold), "--annotator", "x"]) == 0
    assert "entities    1 in 1 document: ORG 1" in capsys.readouterr().out


def test_another_format(tmp_path, capsys):
    (tmp_path / "x.conll").write_text("Abc B-PER\ncame O\n\nto O\nBerlin B-LOC\n", encoding="utf-8")
    assert command(["gold", "validate", str(tmp_path / "x.conll"), "--format", "conll"]) == 0
    out = capsys.readouterr().out
    assert "PER 1" in out
    assert "LOC 1" in out
    assert command(["gold", "validate", str(tmp_path / "x.conll"), "--format", "conl"]) == 2
    assert "did you mean 'conll'" in capsys.readouterr().err


def test_texts_that_lie_elsewhere_are_asked_for(tmp_path, capsys):
    (tmp_path / "entities.jsonl").write_text('{"doc": "a"}\n', encoding="utf-8")
    assert command(["gold", "validate", str(tmp_path)]) == 2
    assert "add --documents DIR" in capsys.readouterr().err


def test_hostile_faults_do_not_act(gold, capsys):
    (gold / "entities.jsonl").write_text(json.dumps({"doc": "\x1b[2J\n[red]"}) + "\n", encoding="utf-8")
    assert command(["gold", "validate", str(gold)]) == 2
    err = capsys.readouterr().err
    assert "\x1b" not in err
    assert err.count("\n") == 2


def test_the_shipped_gold_has_what_its_card_says():
    text = counts("package:gold/seed", documents="package:seeds")
    assert "documents   1" in text
    assert "every check passed" in text


def test_the_scheme_of_tags_is_found_out_and_stated(tmp_path, capsys):
    (tmp_path / "a.conll").write_text("Ann\tI-PER\nLee\tI-PER\n\nRome\tI-LOC\nParis\tB-LOC\n", encoding="utf-8")
    (tmp_path / "b.conll").write_text("Ann\tB-PER\nLee\tI-PER\n\nRome\tI-LOC\n", encoding="utf-8")
    said = []
    for name in ("a", "b"):
        assert command(["gold", "validate", str(tmp_path / f"{name}.conll"), "--format", "conll"]) == 0
        said.append(capsys.readouterr().out)
    assert "tags read as iob1" in said[0]
    assert "0 invalid transitions" in said[0]
    assert "tags read as iob2" in said[1]
    assert "1 invalid transition" in said[1]
