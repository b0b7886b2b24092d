"""Every check on a gold, and counts that can be checked by hand."""

import json

import pytest

from harness.__main__ import command
from harness.gold_tools.validate import counts

pytestmark = pytest.mark.core


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
    assert command(["gold", "validate", str(tmp_path / "x.conll"), "--data-format", "conll"]) == 0
    out = capsys.readouterr().out
    assert "PER 1" in out
    assert "LOC 1" in out
    assert command(["gold", "validate", str(tmp_path / "x.conll"), "--data-format", "conl"]) == 2
    assert "did you mean 'conll'" in capsys.readouterr().err
    # `--format` is the form of a command's output, which this one has no choice of.
    assert command(["gold", "validate", str(tmp_path / "x.conll"), "--format", "conll"]) == 2
    assert "--format: unknown option; did you mean '--data-format'?" in capsys.readouterr().err


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
        assert command(["gold", "validate", str(tmp_path / f"{name}.conll"), "--data-format", "conll"]) == 0
        said.append(capsys.readouterr().out)
    assert "tags read as iob1" in said[0]
    assert "0 invalid transitions" in said[0]
    assert "tags read as iob2" in said[1]
    assert "1 invalid transition" in said[1]
