"""Label Studio exports: full and minimal, offsets in code points and in UTF-16 units, every refusal with its line."""

import json

import pytest

from harness.errors import DataError
from harness.format import labelstudio
from harness.records import Row

pytestmark = pytest.mark.core

EMOJI = "\U0001f600 Ann met \U0001f469\u200d\U0001f680 Bob"


def region(start, end, text, *labels, **more):
    return {
        "type": "labels",
        "from_name": "label",
        "to_name": "text",
        "value": {"start": start, "end": end, "text": text, "labels": list(labels or ["PER"])},
        **more,
    }


def task(number, text, *results, **more):
    annotations = [{"id": 10 + n, "completed_by": n, "result": result} for n, result in enumerate(results, start=1)]
    return {"id": number, "data": {"text": text}, "annotations": annotations, "predictions": [], **more}


def written(tmp_path, *tasks):
    path = tmp_path / "export.json"
    path.write_text("[\n" + ",\n".join(map(json.dumps, tasks)) + "\n]\n")
    return path


def entities(path, **options):
    return [row.fields for row in labelstudio.read(path, **options) if row.file == "entities"]


def faults_of(path, **options):
    with pytest.raises(DataError) as caught:
        list(labelstudio.read(path, **options))
    return list(caught.value.faults)


def test_rows_of_a_full_export(tmp_path):
    record = task(
        5, "Ann met Bob", [region(0, 3, "Ann", "PER", "VIP"), {"type": "choices", "value": {"choices": ["x"]}}]
    )
    record["data"].update(split="test", meta={"deep": 1})
    path = tmp_path / "export.json"
    path.write_text("[\n" + json.dumps(record) + ",\n" + json.dumps(task(6, "nobody", [])) + "]")
    assert list(labelstudio.read(path)) == [
        Row(f"{path}:2", "documents", {"id": "5", "text": "Ann met Bob", "split": "test"}),
        Row(f"{path}:3", "documents", {"id": "6", "text": "nobody"}),
        Row(f"{path}:2", "entities", {"doc": "5", "start": 0, "end": 3, "label": "PER", "text": "Ann"}),
        Row(f"{path}:2", "entities", {"doc": "5", "start": 0, "end": 3, "label": "VIP", "text": "Ann"}),
        Row(f"{path}:3", "entities", {"doc": "6"}),
    ]


@pytest.mark.parametrize("unit", ["code points", "utf-16"])
def test_offsets_after_an_emoji_are_told_apart_by_their_strings(tmp_path, unit):
    regions = []
    for name in ("Ann", "\U0001f469\u200d\U0001f680", "Bob"):
        start = EMOJI.index(name)
        before, length = EMOJI[:start], len(name)
        if unit == "utf-16":
            start, length = len(before.encode("utf-16-le")) // 2, len(name.encode("utf-16-le")) // 2
        regions.append(region(start, start + length, name))
    found = entities(written(tmp_path, task(1, EMOJI, regions)))
    assert [(f["text"], EMOJI[f["start"] : f["end"]]) for f in found] == [
        (name, name) for name in ("Ann", "\U0001f469\u200d\U0001f680", "Bob")
    ]


def test_one_count_holds_for_a_whole_annotation(tmp_path):
    # "a" stands at 2 in code points and at 1 + 2 in UTF-16 units; only the second region says which is meant.
    text = "\U0001f600 aa b"
    found = entities(written(tmp_path, task(1, text, [region(3, 4, "a"), region(6, 7, "b")])))
    assert [(f["start"], f["end"]) for f in found] == [(2, 3), (5, 6)]
    # Each region fits one of the two counts, but no count fits both.
    assert len(faults_of(written(tmp_path, task(1, text, [region(2, 3, "a"), region(6, 7, "b")])))) == 1


@pytest.mark.parametrize(
    ("text", "bad", "message"),
    [
        ("Ann met Bob", region(8, 10, "Bob"), "text[8:10] is 'Bo', the annotation says 'Bob'; the end looks inclusive"),
        ("Ann met Bob", region(8, 40, "Bob"), "expected 0 <= start < end"),
        (EMOJI, region(3, 5, "\U0001f600"), "the annotation says"),
        (EMOJI, region(1, 5, "Ann"), "the annotation says"),
        ("Ann", {**region(0, 3, "Ann"), "value": {"start": 0, "end": 3, "text": "Ann"}}, "expected a region's labels"),
        ("Ann", {**region(0, 3, "Ann"), "value": None}, "expected a region with start"),
        ("Ann", region("/p[1]/text()[1]", "/p[1]/text()[1]", "Ann"), "whole number of characters"),
        ("Ann", region(0, 3, "Ann", ""), "expected a label"),
        ("Ann", region(0, 3, 5), "expected a region's text"),
        ("Ann", region(0, 3, "Ann", type="hypertextlabels"), "only 'labels' do"),
        ("Ann", region(0, 3, "Ann", type="paragraphlabels"), "only 'labels' do"),
    ],
)
def test_regions_that_fit_no_count_are_refused(tmp_path, text, bad, message):
    path = written(tmp_path, task(1, "fine", [region(0, 4, "fine")]), task(2, text, [bad]))
    faults = faults_of(path)
    assert len(faults) == 1
    assert faults[0].startswith(f"{path}:3: ")
    assert message in faults[0]


def test_without_strings_offsets_are_trusted_only_where_all_counts_agree(tmp_path):
    def bare(start, end):
        return {"type": "labels", "value": {"start": start, "end": end, "labels": ["PER"]}}

    assert entities(written(tmp_path, task(1, "Zoë met Bob", [bare(0, 3)])))[0]["text"] == "Zoë"
    assert "may count UTF-16 units" in faults_of(written(tmp_path, task(1, EMOJI, [bare(2, 5)])))[0]


def test_a_string_that_lost_its_carriage_return(tmp_path):
    path = written(tmp_path, task(1, "New\r\nYork", [region(0, 9, "New\nYork")]))
    assert entities(path)[0]["text"] == "New\r\nYork"


def test_annotators_are_kept_apart_and_cancelled_annotations_left_out(tmp_path):
    both = task(1, "Ann", [region(0, 3, "Ann")], [])
    both["annotations"][1]["completed_by"] = {"id": 2, "email": "b@example.org"}
    cancelled = task(2, "Bob", [region(0, 3, "Bob")], [region(0, 1, "B")])
    cancelled["annotations"][1]["was_cancelled"] = True
    nobody = task(3, "Eve")
    path = written(tmp_path, both, cancelled, nobody)
    assert entities(path) == [
        {"doc": "1", "start": 0, "end": 3, "label": "PER", "text": "Ann", "annotator": "1"},
        {"doc": "1", "annotator": "b@example.org"},
        {"doc": "2", "start": 0, "end": 3, "label": "PER", "text": "Bob"},
    ]
    assert sum(row.file == "documents" for row in labelstudio.read(path)) == 3


def test_the_minimal_export(tmp_path):
    value = {"start": 0, "end": 3, "text": "Ann", "labels": ["PER"]}
    path = written(
        tmp_path,
        {"id": 1, "body": "Ann", "ner": [value], "annotator": 1, "annotation_id": 8},
        {"id": 1, "body": "Ann", "annotator": 2, "annotation_id": 9},
        {"id": 2, "body": "Ann", "ner": [value], "annotator": 1},
        {"id": 3, "body": "Ann"},
    )
    assert entities(path, text_key="body", label_key="ner") == [
        {"doc": "1", "start": 0, "end": 3, "label": "PER", "text": "Ann", "annotator": "1"},
        {"doc": "1", "annotator": "2"},
        {"doc": "2", "start": 0, "end": 3, "label": "PER", "text": "Ann"},
    ]


def test_every_bad_task_is_named_at_once(tmp_path):
    same = task(4, "Ann", [], [])
    same["annotations"][1]["completed_by"] = 1
    path = written(
        tmp_path,
        task(1, "Ann", []),
        task(1, "Bob", []),
        {"id": 2, "data": {"body": "Ann"}},
        {"id": None, "data": {"text": "Ann"}},
        same,
        {"id": 5, "data": {"text": "Ann"}, "annotations": [{"result": None}]},
        {"id": 6, "data": {"text": "Ann"}, "annotations": {}},
        {"id": 7, "data": "Ann"},
    )
    assert [fault.partition(": ")[0] for fault in faults_of(path)] == [f"{path}:{n}" for n in range(3, 10)]


def test_the_id_can_be_one_of_the_data(tmp_path):
    record = task(1, "Ann", [])
    record["data"]["name"] = "doc-a"
    assert entities(written(tmp_path, record), id_key="name") == [{"doc": "doc-a"}]
    assert "data.options.id_key" in faults_of(written(tmp_path, record), id_key="nope")[0]


def test_what_is_written_is_read_again(tmp_path):
    """Also where the strings would be found by UTF-16 units just as well: offsets are code points."""
    text = "\U0001f600 aaaa Ann"
    rows = [
        Row("a", "documents", {"id": "d/1", "text": text, "year": 2020}),
        Row("b", "documents", {"id": "2", "text": "Never seen."}),
        Row("c", "entities", {"doc": "d/1", "start": 2, "end": 4, "label": "X", "annotator": "x"}),
        Row("d", "entities", {"doc": "d/1", "start": 2, "end": 4, "label": "Y", "annotator": "x"}),
        Row("e", "entities", {"doc": "d/1", "annotator": "y"}),
    ]
    labelstudio.write(rows, tmp_path / "x.json")
    for options in ({}, {"id_key": "id"}):
        found = [(row.file, row.fields) for row in labelstudio.read(tmp_path / "x.json", **options)]
        assert found[0][1] == {"id": "d/1", "text": text, "year": 2020}
        assert [fields for file, fields in found if file == "entities"] == [
            {"doc": "d/1", "start": 2, "end": 4, "label": "X", "text": "aa", "annotator": "x"},
            {"doc": "d/1", "start": 2, "end": 4, "label": "Y", "text": "aa", "annotator": "x"},
            {"doc": "d/1", "annotator": "y"},
        ]
