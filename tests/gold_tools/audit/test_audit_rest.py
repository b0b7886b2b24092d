"""Stance, summaries, coverage and the report of an audit."""

import csv
import io
import json

import pytest

from harness.__main__ import command
from harness.config import DataConfig
from harness.gold_tools.audit.base import KINDS
from harness.gold_tools.audit.report import audit

pytestmark = pytest.mark.core

TEXT = "The council met on Monday and the mayor spoke for two hours about schools. Nobody listened to the speech."


def test_stance_that_differs(findings):
    documents = [{"id": "a", "text": "Yes, we can. Yes we can!"}, {"id": "b", "text": "Yes we can"}]
    sentences = [{"doc": "a", "id": "s1", "start": 0, "end": 12}, {"doc": "a", "id": "s2", "start": 13, "end": 24}]
    base = {"doc": "a", "target": "t"}
    stance = [
        {**base, "sentence": "s1", "label": "favor"},
        {**base, "sentence": "s2", "label": "against"},
        {"doc": "b", "target": "t", "label": "none"},
        # Other targets and other holders may differ.
        {"doc": "b", "target": "u", "label": "against"},
        {"doc": "a", "target": "u", "sentence": "s1", "label": "favor", "holder": "x"},
    ]
    found = findings("stance_differs", documents=documents, sentences=sentences, stance=stance)
    assert [(one.doc, one.start, one.end, one.what.split(" at ")[0]) for one in found] == [
        ("a", 13, 24, "against on 't'; the same words are favor"),
        ("b", 0, 10, "none on 't'; the same words are favor"),
    ]
    assert found[0].where.endswith("stance.jsonl:2")


def test_targets(findings):
    documents = [{"id": "a", "text": TEXT}, {"id": "b", "text": "Another text."}]
    stance = [
        {"doc": "a", "target": "t", "label": "favor"},
        {"doc": "b", "target": "t", "label": "against"},
        {"doc": "a", "target": "u", "label": "none"},
        {"doc": "b", "target": "v", "label": "favor"},
    ]
    targets = [
        {"id": name, "text": words} for name, words in [("t", "Tax"), ("u", "The EU"), ("v", "the eu!"), ("w", "W")]
    ]
    found = findings("target_one_sided", "target_wording", documents=documents, stance=stance, targets=targets)
    assert [one.what for one in found] == [
        "'u': 1 judgements, none of them favor or against",
        "'v': 1 judgements, none of them against",
        "'w': no judgement at all",
        "'u', 'v' say the same",
    ]


def test_summaries_and_facts(findings):
    words = TEXT.split()
    summaries = [
        {"doc": "a", "text": " ".join(words[3:13]).upper()},
        {"doc": "b", "text": "Far more words than the document has."},
        {"doc": "c", "text": "Elephants wander through distant savannas seeking fresh water daily."},
        {"doc": "d", "text": "Elephants wander through distant savannas seeking fresh water daily"},
        {"doc": "a", "style": "lead", "text": "The mayor spoke about schools, and nobody listened."},
        {"doc": "a", "style": "short", "text": "The council met"},
        {"doc": "a", "style": "extract", "sentences": ["s1"]},
    ]
    facts = [{"doc": "a", "fact": "The council met."}, {"doc": "a", "fact": "Monday.", "sentences": ["s1"]}]
    found = findings(
        *(kind for kind in KINDS if kind.startswith(("summary", "fact"))),
        documents=[
            {"id": "a", "text": TEXT},
            {"id": "b", "text": "Short text."},
            {"id": "c", "text": TEXT},
            {"id": "d", "text": f"{TEXT} Elephants wander through distant savannas and rest."},
        ],
        sentences=[{"doc": "a", "id": "s1", "start": 0, "end": len(TEXT)}],
        summaries=summaries,
        facts=facts,
    )
    assert [(one.kind, one.doc) for one in found] == [
        ("summary_too_long", "b"),
        ("summary_copied", "a"),
        ("summary_elsewhere", "d"),
        ("summary_of_other_text", "c"),
        ("fact_without_sentences", "a"),
    ]
    assert found[0].what == "default: 7 words of a document of 2"
    assert found[1].what == "default: all of its 10 words stand in the document, one after another"


def test_zones_and_coverage(findings):
    documents = [
        {"id": "a", "text": "One two. - Three. Four"},
        {"id": "b", "text": "Caption"},
        {"id": "c", "text": "x"},
    ]
    sentences = [
        {"doc": "a", "id": "s1", "start": 0, "end": 8, "zone": "body"},
        {"doc": "a", "id": "s2", "start": 11, "end": 17, "zone": "Body"},
        {"doc": "b", "id": "s1", "start": 0, "end": 7, "zone": "caption"},
    ]
    entities = [
        {"doc": "a", "start": 0, "end": 3, "label": "CARDINAL"},
        {"doc": "a", "start": 4, "end": 7, "label": "Cardinal"},
        {"doc": "b"},
    ]
    found = findings(documents=documents, sentences=sentences, entities=entities)
    assert [(one.kind, one.doc, one.what) for one in found] == [
        ("label_spelling", None, "'CARDINAL' 1 time, 'Cardinal' 1 time"),
        ("zone_name", None, "'body' 1 time, 'Body' 1 time"),
        ("no_body", "b", "its zones: caption"),
        ("outside_sentences", "a", "5 characters"),
        ("not_annotated", "c", "no gold for ner"),
        ("few_documents", None, "ner: 2 documents with gold"),
        ("few_of_label", None, "ner: 'CARDINAL' stands 1 time"),
        ("few_of_label", None, "ner: 'Cardinal' stands 1 time"),
    ]
    assert found[3].text == "Four"


def test_what_is_enough_is_not_told(findings):
    documents = [{"id": f"d{n}", "text": f"Ann {n} left {'the house ' * n}"} for n in range(30)]
    entities = [{"doc": f"d{n}", "start": 0, "end": 3, "label": "PER"} for n in range(30)]
    assert not findings(documents=documents, entities=entities)


# ---- report ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def gold(tmp_path):
    (tmp_path / "d.txt").write_text("Ann, Ann, Ann, Ann and Bob", encoding="utf-8")
    spans = [(0, 4), (5, 9), (10, 14), (23, 26)]
    lines = [json.dumps({"doc": "d", "start": start, "end": end, "label": "PER"}) for start, end in spans]
    (tmp_path / "entities.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return tmp_path


def test_forms(gold, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    assert command(["gold", "audit", str(gold), "--format", "json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["schema"] == "harness.gold_audit/1"
    assert set(content["counts"]) == set(KINDS)
    assert content["counts"]["span_edge"] == 3
    edge = next(row for row in content["rows"] if row["kind"] == "span_edge")
    assert edge == {
        "kind": "span_edge", "what": "ends with ','", "where": f"{gold}/entities.jsonl:1", "doc": "d", "start": 0,
        "end": 4, "text": "Ann,", "why": KINDS["span_edge"],
    }  # fmt: skip
    assert command(["gold", "audit", str(gold), "--format", "csv"]) == 0
    assert [row["kind"] for row in csv.DictReader(io.StringIO(capsys.readouterr().out))].count("span_edge") == 3
    assert command(["gold", "audit", str(gold), "--limit", "2"]) == 0
    table = capsys.readouterr().out
    assert f"{gold} · 5 findings, none of them a fault" in table
    assert "1 more; --limit 3 lists them all" in table
    assert table.count("ends with ','") == 2
    assert command(["gold", "audit", str(gold), "--format", "md"]) == 0
    assert "| d:0-4 | Ann, | ends with ',' |" in capsys.readouterr().out


def test_faults_come_first(gold, capsys):
    assert command(["gold", "audit", str(gold), "--limit", "0"]) == 2
    assert "--limit must be at least 1" in capsys.readouterr().err
    (gold / "entities.jsonl").write_text('{"doc": "d", "start": 0, "end": 99, "label": "X"}\n', encoding="utf-8")
    assert command(["gold", "audit", str(gold)]) == 2
    assert "entities.jsonl:1: expected 0 <= start" in capsys.readouterr().err


def test_a_gold_without_findings(tmp_path, capsys):
    for n in range(30):
        (tmp_path / f"d{n}.txt").write_text(f"Ann {n}", encoding="utf-8")
    lines = [json.dumps({"doc": f"d{n}", "start": 0, "end": 3, "label": "PER"}) for n in range(30)]
    (tmp_path / "entities.jsonl").write_text("\n".join(lines), encoding="utf-8")
    assert command(["gold", "audit", str(tmp_path)]) == 0
    assert "0 findings" in " ".join(capsys.readouterr().out.split())
    assert command(["gold", "audit", str(tmp_path), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == []


def test_hostile_texts_do_not_act(tmp_path, capsys):
    (tmp_path / "documents.jsonl").write_text(json.dumps({"id": "\x1b[2J", "text": "A\x1b[2Jnn |b|,"}) + "\n")
    (tmp_path / "entities.jsonl").write_text(
        json.dumps({"doc": "\x1b[2J", "start": 0, "end": 12, "label": "X\n"}) + "\n"
    )
    for form in ("table", "md", "json"):
        assert command(["gold", "audit", str(tmp_path), "--format", form]) == 0
        out = capsys.readouterr().out
        assert "\x1b" not in out
        assert "ends with" in out


def test_one_annotator_is_audited(tmp_path):
    (tmp_path / "d.txt").write_text("Ann, Bob", encoding="utf-8")
    lines = [
        {"doc": "d", "start": 0, "end": 4, "label": "PER", "annotator": "x"},
        {"doc": "d", "start": 0, "end": 3, "label": "PER", "annotator": "y"},
    ]
    (tmp_path / "entities.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    kinds = {
        who: {one.kind for one in audit(DataConfig(name="x", gold=str(tmp_path), annotator=who))} for who in ("x", "y")
    }
    assert "span_edge" in kinds["x"]
    assert "span_edge" not in kinds["y"]


def test_the_shipped_gold_has_no_slips():
    found = audit(DataConfig(name="x", documents="package:seeds", gold="package:gold/seed"))
    assert {one.kind for one in found} <= {"target_one_sided", "few_documents", "few_of_label"}
