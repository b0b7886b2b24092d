"""Prodigy exports: answers, annotators, and every refusal with its line."""

import json

import pytest

from harness.errors import DataError
from harness.format import prodigy
from harness.records import Row

pytestmark = pytest.mark.core


def written(tmp_path, *records):
    path = tmp_path / "x.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def fields_of(path, **options):
    return [(row.file, row.fields) for row in prodigy.read(path, **options)]


def span(start, end, label="PER", **more):
    return {"start": start, "end": end, "label": label, "token_start": 0, "token_end": 0, **more}


def test_only_accepted_answers_are_gold(tmp_path):
    path = written(
        tmp_path,
        {"text": "Ann left", "spans": [span(0, 3)], "answer": "accept", "meta": {"source": "web", "id": "a"}},
        {"text": "Bob left", "spans": [span(0, 3)], "answer": "reject"},
        {"text": "Who left", "answer": "accept", "tokens": []},
        {"text": "Eve left", "spans": [], "answer": "ignore"},
    )
    assert list(prodigy.read(path)) == [
        Row(f"{path}:1", "documents", {"id": "a", "text": "Ann left", "source": "web", "answer": "accept"}),
        Row(f"{path}:2", "documents", {"id": "x:2", "text": "Bob left", "answer": "reject"}),
        Row(f"{path}:3", "documents", {"id": "x:3", "text": "Who left", "answer": "accept"}),
        Row(f"{path}:4", "documents", {"id": "x:4", "text": "Eve left", "answer": "ignore"}),
        Row(f"{path}:1", "entities", {"doc": "a", "start": 0, "end": 3, "label": "PER", "text": "Ann"}),
        Row(f"{path}:3", "entities", {"doc": "x:3"}),
    ]


def test_annotators_of_one_task_are_kept_apart(tmp_path):
    path = written(
        tmp_path,
        {"text": "Ann", "_input_hash": 5, "spans": [span(0, 3)], "answer": "accept", "_annotator_id": "ner-a"},
        {"text": "Bob", "_input_hash": 6, "spans": [span(0, 3)], "answer": "accept", "_annotator_id": "ner-a"},
        {"text": "Ann", "_input_hash": 5, "spans": [], "answer": "accept", "_annotator_id": "ner-b"},
        {"text": "Bob", "_input_hash": 6, "spans": [], "answer": "ignore", "_annotator_id": "ner-b"},
    )
    assert fields_of(path) == [
        ("documents", {"id": "x:1", "text": "Ann", "answer": "accept"}),
        ("documents", {"id": "x:2", "text": "Bob", "answer": "accept"}),
        ("entities", {"doc": "x:1", "start": 0, "end": 3, "label": "PER", "text": "Ann", "annotator": "ner-a"}),
        ("entities", {"doc": "x:1", "annotator": "ner-b"}),
        ("entities", {"doc": "x:2", "start": 0, "end": 3, "label": "PER", "text": "Bob"}),
    ]


def test_ids_from_another_key(tmp_path):
    path = written(tmp_path, {"text": "Ann", "doc_id": 12, "answer": "accept"})
    assert fields_of(path, id_key="doc_id")[0] == ("documents", {"id": "12", "text": "Ann", "answer": "accept"})


def test_every_bad_line_is_named_at_once(tmp_path):
    path = written(
        tmp_path,
        {"text": "Ann", "id": 1, "spans": [span(0, 3, text="Ann")], "answer": "accept"},
        {"text": "Ann", "id": 1, "answer": "accept"},
        {"text": "Bob", "id": 1, "answer": "accept"},
        {"text": "Ann"},
        {"text": "Ann", "answer": "yes"},
        {"answer": "accept"},
        {"text": "Ann", "spans": [span(0, 4)], "answer": "accept"},
        {"text": "Ann", "spans": [span(0, 3, text="Bob")], "answer": "accept"},
        {"text": "Ann", "spans": [{"start": 0, "end": 3}], "answer": "accept"},
        {"text": "Ann", "spans": {}, "answer": "accept"},
        {"text": "Ann", "spans": [[0, 3, "PER"]], "answer": "accept"},
        {"text": "Ann", "id": ["x"], "answer": "accept"},
    )
    with pytest.raises(DataError) as caught:
        list(prodigy.read(path))
    assert [fault.partition(": ")[0] for fault in caught.value.faults] == [f"{path}:{n}" for n in range(2, 13)]


def test_what_is_written_is_read_again(tmp_path):
    rows = [
        Row("a", "documents", {"id": "1", "text": "Zoe \U0001f600 Ann", "split": "test"}),
        Row("b", "documents", {"id": "2", "text": "Never seen.", "answer": "reject"}),
        Row("c", "documents", {"id": "3", "text": "Nothing."}),
        Row("d", "entities", {"doc": "1", "start": 6, "end": 9, "label": "PER", "annotator": "x"}),
        Row("e", "entities", {"doc": "1", "annotator": "y"}),
        Row("f", "entities", {"doc": "3"}),
    ]
    prodigy.write(rows, tmp_path / "x.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "x.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["answer"] for line in lines] == ["accept", "accept", "reject", "accept"]
    assert lines[0]["spans"] == [{"start": 6, "end": 9, "label": "PER", "text": "Ann"}]
    found = [(row.file, row.fields) for row in prodigy.read(tmp_path / "x.jsonl")]
    assert found[0][1] == {"id": "1", "text": "Zoe \U0001f600 Ann", "split": "test", "answer": "accept"}
    assert [fields for file, fields in found if file == "entities"] == [
        {"doc": "1", "start": 6, "end": 9, "label": "PER", "text": "Ann", "annotator": "x"},
        {"doc": "1", "annotator": "y"},
        {"doc": "3"},
    ]
