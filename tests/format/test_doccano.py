"""doccano exports: the three shapes, and every refusal with its line."""

import gzip
import json

import pytest

from harness.errors import DataError
from harness.format import doccano
from harness.records import Row

pytestmark = pytest.mark.core

TEXT = "\U0001f600 Ann met Bob"


def written(tmp_path, *records, name="x.jsonl"):
    path = tmp_path / name
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def faults_of(path):
    with pytest.raises(DataError) as caught:
        list(doccano.read(path))
    return list(caught.value.faults)


@pytest.mark.parametrize(
    "spans",
    [
        {"label": [[2, 5, "PER"], [10, 13, "PER"]]},
        {"labels": [[2, 5, "PER"], [10, 13, "PER"]]},
        {
            "entities": [
                {"id": 1, "start_offset": 2, "end_offset": 5, "label": "PER"},
                {"id": 2, "start_offset": 10, "end_offset": 13, "label": "PER"},
            ],
            "relations": [{"from_id": 1, "to_id": 2, "type": "met"}],
        },
    ],
)
def test_rows(tmp_path, spans):
    path = written(tmp_path, {"id": 7, "text": TEXT, **spans, "split": "test", "Comments": []})
    where = f"{path}:1"
    assert list(doccano.read(path)) == [
        Row(where, "documents", {"id": "7", "text": TEXT, "split": "test"}),
        Row(where, "entities", {"doc": "7", "start": 2, "end": 5, "label": "PER", "text": "Ann"}),
        Row(where, "entities", {"doc": "7", "start": 10, "end": 13, "label": "PER", "text": "Bob"}),
    ]


def test_documents_without_id_without_spans_and_not_annotated(tmp_path):
    path = written(tmp_path, {"data": "one", "label": []}, {"text": "two"}, {"id": "c", "text": "three", "label": []})
    assert [(row.file, row.fields) for row in doccano.read(path)] == [
        ("documents", {"id": "x:1", "text": "one"}),
        ("documents", {"id": "x:2", "text": "two"}),
        ("documents", {"id": "c", "text": "three"}),
        ("entities", {"doc": "x:1"}),
        ("entities", {"doc": "c"}),
    ]


def test_packed_and_as_an_array(tmp_path):
    records = [{"id": 1, "text": TEXT, "label": [[2, 5, "PER"]]}]
    plain = [row.fields for row in doccano.read(written(tmp_path, *records))]
    packed = tmp_path / "y.jsonl.gz"
    packed.write_bytes(gzip.compress(json.dumps(records[0]).encode()))
    array = tmp_path / "z.json"
    array.write_text(json.dumps(records))
    assert [row.fields for row in doccano.read(packed)] == plain
    assert [row.fields for row in doccano.read(array)] == plain


def test_every_bad_line_is_named_at_once(tmp_path):
    path = written(
        tmp_path,
        {"id": 1, "text": "Ann", "label": [[0, 3, "PER"]]},
        {"id": 1, "text": "Ann", "label": []},
        {"id": 2, "text": 5, "label": []},
        {"id": 3, "text": "Ann", "label": [[0, 4, "PER"]]},
        {"id": 4, "text": "Ann", "label": ["PER"]},
        {"id": 5, "text": "Ann", "label": [[0, 3, 12]]},
        {"id": 6, "text": "Ann", "label": "PER"},
        {"id": 7, "text": "Ann", "label": [[0, True, "PER"]]},
        {"id": [8], "text": "Ann", "label": []},
        {"id": 9, "text": "Ann", "entities": [{"start": 0, "end": 3, "label": "PER"}]},
        {"id": 10, "text": "Ann", "label": [[0, 3, "PER", 1]]},
    )
    with path.open("a") as stream:
        stream.write("{broken\n")
    faults = faults_of(path)
    assert sorted(int(fault.removeprefix(f"{path}:").partition(":")[0]) for fault in faults) == list(range(2, 13))


def test_a_document_that_is_too_long_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("harness.format.limits.MAX_DOCUMENT_CHARACTERS", 100)
    path = written(tmp_path, {"id": "long", "text": "x" * 101, "label": []})
    assert faults_of(path) == [f"{path}:1: document 'long' has 101 characters, at most 100 are read"]


def test_what_is_written_is_read_again(tmp_path):
    rows = [
        Row("a", "documents", {"id": "1", "text": "Zoe \U0001f600 Ann", "split": "test"}),
        Row("b", "documents", {"id": "x", "text": "Bo."}),
        Row("c", "documents", {"id": "3", "text": "Never seen."}),
        Row("d", "entities", {"doc": "1", "start": 6, "end": 9, "label": "PER"}),
        Row("e", "entities", {"doc": "x"}),
        Row("f", "sentences", {"doc": "1", "id": "s1", "start": 0, "end": 9}),
    ]
    doccano.write(rows, tmp_path / "x.jsonl")
    first = json.loads((tmp_path / "x.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert first == {"id": "1", "text": "Zoe \U0001f600 Ann", "split": "test", "label": [[6, 9, "PER"]]}
    found = [(row.file, row.fields) for row in doccano.read(tmp_path / "x.jsonl")]
    assert found[3:] == [("entities", {"doc": "1", "start": 6, "end": 9, "label": "PER", "text": "Ann"}),
                         ("entities", {"doc": "x"})]  # fmt: skip
    assert found[0] == ("documents", {"id": "1", "text": "Zoe \U0001f600 Ann", "split": "test"})


def test_what_cannot_be_written_is_refused_with_its_place(tmp_path):
    rows = [
        Row("g:1", "documents", {"id": "1", "text": "Ann Lee", "label": "news", "tags": ["x"]}),
        Row("g:2", "entities", {"doc": "1", "start": 0, "end": 7, "label": "X", "parts": [[0, 1], [6, 7]]}),
        Row("g:3", "entities", {"doc": "1", "start": 0, "end": 3, "label": "X", "annotator": "b"}),
        Row("g:4", "entities", {"doc": "2", "start": 0, "end": 3, "label": "X"}),
        Row("g:5", "stance", {"doc": "1", "target": "t", "label": "favor"}),
    ]
    with pytest.raises(DataError) as caught:
        doccano.write(rows, tmp_path / "x.jsonl")
    assert [fault.split(":")[1].split()[0] for fault in caught.value.faults] == ["5", "4", "1", "1", "2", "2"]
    assert not (tmp_path / "x.jsonl").exists()
