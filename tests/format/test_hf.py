"""Tables with a column map: CSV strings stay strings, Parquet classes get their names, every refusal has its row."""

import datetime
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.errors import DataError, ResourceError
from harness.format import hf

pytestmark = pytest.mark.core


def plain(path, **options):
    return [(row.file, row.fields) for row in hf.read(path, **options)]


def faults_of(path, **options):
    with pytest.raises(DataError) as caught:
        list(hf.read(path, **options))
    return list(caught.value.faults)


def written(tmp_path, text, name="x.csv"):
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


STANCE = {"id": "no", "text": "tweet", "target": "about", "stance": "side"}


def test_csv_strings_stay_strings(tmp_path):
    path = written(
        tmp_path,
        "\ufeffno,tweet,about,side,when,extra\r\n"
        '001,"two\r\nlines, ""quoted""",NA,1,2020-01-01,x\r\n'
        "1,null,1.0,0,,y\r\n",
    )
    rows = list(hf.read(path, columns={**STANCE, "date": "when"}, values={"0": "against", "1": "favor"}))
    assert [(row.where, row.file, row.fields) for row in rows] == [
        (f"{path}:2", "documents", {"id": "001", "text": 'two\r\nlines, "quoted"', "date": "2020-01-01"}),
        (f"{path}:4", "documents", {"id": "1", "text": "null", "date": ""}),
        (f"{path}:2", "stance", {"doc": "001", "target": "NA", "label": "favor"}),
        (f"{path}:4", "stance", {"doc": "1", "target": "1.0", "label": "against"}),
    ]


def test_one_document_with_several_targets_or_summaries(tmp_path):
    path = written(tmp_path, "no\ttweet\tabout\tside\na\tt\tX\tfavor\na\tt\tY\tnone\n", "x.tsv")
    assert [file for file, _ in plain(path, columns=STANCE)] == ["documents", "stance", "stance"]
    records = [{"id": 1, "article": "long", "summary": "short"}, {"id": 1, "article": "long", "summary": "brief"}]
    path = written(tmp_path, "".join(json.dumps(record) + "\n" for record in records), "x.jsonl")
    columns = {"id": "id", "text": "article", "summary": "summary"}
    assert plain(path, columns=columns, constants={"style": "headline"}) == [
        ("documents", {"id": "1", "text": "long"}),
        ("summaries", {"doc": "1", "text": "short", "style": "headline"}),
        ("summaries", {"doc": "1", "text": "brief", "style": "headline"}),
    ]


def test_a_constant_target(tmp_path):
    path = written(tmp_path, "text,label\nyes,favor\n")
    found = plain(path, columns={"text": "text", "stance": "label"}, constants={"target": "atheism", "split": "test"})
    assert found == [
        ("documents", {"id": "x:1", "text": "yes", "split": "test"}),
        ("stance", {"doc": "x:1", "target": "atheism", "label": "favor"}),
    ]


def features(names, kind):
    inner = {"names": names, "_type": "ClassLabel"}
    info = {"info": {"features": {"tags": {"feature": inner, "_type": kind}, "side": inner}}}
    return {b"huggingface": json.dumps(info).encode()}


@pytest.mark.parametrize("kind", ["List", "Sequence"])
def test_parquet_with_class_names(tmp_path, kind):
    table = pa.table(
        {
            "tokens": [["Ann", "met", "New", "York"], ["no", "one"]],
            "tags": [[1, 0, 3, 4], [0, 0]],
            "when": [datetime.datetime(2020, 1, 1), None],
        }
    )
    names = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
    path = tmp_path / "x.parquet"
    pq.write_table(table.replace_schema_metadata(features(names, kind)), path)
    assert plain(path, columns={"tokens": "tokens", "tags": "tags", "date": "when"}) == [
        (
            "documents",
            {
                "id": "x:1",
                "text": "Ann met New York",
                "date": "2020-01-01T00:00:00",
                "tag_scheme": "iob2",
                "invalid_tags": 0,
            },
        ),
        ("documents", {"id": "x:2", "text": "no one", "date": None, "tag_scheme": "iob2", "invalid_tags": 0}),
        ("entities", {"doc": "x:1", "start": 0, "end": 3, "label": "PER", "text": "Ann"}),
        ("entities", {"doc": "x:1", "start": 8, "end": 16, "label": "LOC", "text": "New York"}),
        ("entities", {"doc": "x:2"}),
    ]


def test_parquet_that_datasets_itself_writes(tmp_path):
    datasets = pytest.importorskip("datasets")
    labels = datasets.ClassLabel(names=["against", "favor"])
    table = datasets.Dataset.from_dict(
        {"text": ["a", "b"], "side": [1, 0]},
        features=datasets.Features({"text": datasets.Value("string"), "side": labels}),
    )
    table.to_parquet(tmp_path / "x.parquet")
    found = plain(tmp_path / "x.parquet", columns={"text": "text", "stance": "side"}, constants={"target": "it"})
    assert [fields["label"] for file, fields in found if file == "stance"] == ["favor", "against"]


def test_numbers_without_class_names_are_refused(tmp_path):
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"tokens": [["Ann"]], "tags": [[1]]}), path)
    assert faults_of(path, columns={"tokens": "tokens", "tags": "tags"}) == [
        f"{path}:1: expected tags, found 1; numbers need class names stored in the file"
    ]


def test_spans_and_tags_in_text_columns(tmp_path):
    record = {"text": "\U0001f600 Ann", "ents": [{"start": 2, "end": 5, "label": "PER", "text": "Ann"}]}
    path = written(tmp_path, json.dumps([record, {"text": "none", "ents": []}]), "x.json")
    assert [
        fields for file, fields in plain(path, columns={"text": "text", "entities": "ents"}) if file == "entities"
    ] == [
        {"doc": "x:1", "start": 2, "end": 5, "label": "PER", "text": "Ann"},
        {"doc": "x:2"},
    ]
    path = written(tmp_path, "words,tags\nAnn left,B-PER O\n")
    found = plain(path, columns={"tokens": "words", "tags": "tags"})
    assert found[1] == ("entities", {"doc": "x:1", "start": 0, "end": 3, "label": "PER", "text": "Ann"})


def test_every_bad_row_is_named_at_once(tmp_path):
    rows = ["a,t,X,favor", "a,u,X,favor", "b,t,X", "c,,X,favor", ",t,X,favor", "d,t,,favor", "e,t,X,", "f,t,X,maybe"]
    path = written(tmp_path, "no,tweet,about,side\n" + "\n".join(rows) + "\n")
    faults = faults_of(path, columns=STANCE, values={"favor": "favor"})
    assert sorted(fault.partition(": ")[0] for fault in faults) == [f"{path}:{n}" for n in range(3, 10)]
    tagged = [{"w": ["a"], "t": ["B-X", "O"]}, {"w": [], "t": []}, {"w": ["a"], "t": ["B-X,B-Y"]}, {"w": ["a"]}]
    path = written(tmp_path, "\n".join(map(json.dumps, tagged)), "x.jsonl")
    faults = faults_of(path, columns={"tokens": "w", "tags": "t"})
    assert sorted(fault.partition(": ")[0] for fault in faults) == [f"{path}:{n}" for n in range(1, 5)]
    spans = [{"t": "Ann", "e": [{"start": 0, "end": 9, "label": "X"}]}, {"t": "Ann", "e": "X"}, {"t": 5, "e": []}]
    path = written(tmp_path, json.dumps(spans), "x.json")
    assert len(faults_of(path, columns={"text": "t", "entities": "e"})) == 3


def test_a_document_annotated_twice_is_refused(tmp_path):
    record = json.dumps({"id": 1, "text": "Ann", "e": []})
    path = written(tmp_path, f"{record}\n{record}\n", "x.jsonl")
    columns = {"id": "id", "text": "text", "entities": "e"}
    assert faults_of(path, columns=columns) == [f"{path}:2: document '1' stands at {path}:1 already"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.csv", "a,b\n1,2\n", "expected the columns text"),
        ("x.csv", "text,text\n1,2\n", "stand twice"),
        ("x.csv", "", "expected the columns text"),
        ("x.csv", "text\n", "expected rows, found none"),
        ("x.csv", 'text\n"open\n', "expected CSV"),
        ("x.csv", 'text\n"a"b\n', "expected CSV"),
        ("x.csv", "text\nZoë\n".encode("cp1252"), "data.encoding=cp1252"),
        ("x.jsonl", '{"a": 1}\n', "expected the keys text"),
        ("x.parquet", b"PAR1 no", "expected a Parquet file"),
        ("x.xlsx", "x", "expected a file that ends in"),
    ],
)
def test_files_that_are_not_what_they_say(tmp_path, name, content, message):
    assert message in faults_of(written(tmp_path, content, name), columns={"text": "text"})[0]


def test_long_fields_are_read_and_the_limit_of_the_process_is_put_back(tmp_path):
    import csv

    before = csv.field_size_limit()
    path = written(tmp_path, "text\n" + "x" * 200_000 + "\n")
    assert len(plain(path, columns={"text": "text"})[0][1]["text"]) == 200_000
    assert csv.field_size_limit() == before
    assert (
        "expected CSV" in faults_of(written(tmp_path, "text\n" + "x" * 5_000_001 + "\n"), columns={"text": "text"})[0]
    )
    assert csv.field_size_limit() == before


def test_a_parquet_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(hf, "MAX_FILE_BYTES", 1_000_000)
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"text": ["x" * 10_000] * 1000}), path)
    assert path.stat().st_size < 100_000
    assert "at most 1000000 bytes are unpacked" in faults_of(path, columns={"text": "text"})[0]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({}, "one of text and tokens"),
        ({"text": "a", "tokens": "b", "tags": "c"}, "one of text and tokens"),
        ({"tokens": "b"}, "tokens and tags together"),
        ({"text": "a", "tags": "b"}, "tokens and tags together"),
        ({"text": "a", "stance": "b"}, "needs a target"),
    ],
)
def test_column_maps_of_no_meaning(columns, message):
    with pytest.raises(ValueError, match=message):
        list(hf.read(Path("x.csv"), columns=columns))
    with pytest.raises(ValueError, match="both name split"):
        list(hf.read(Path("x.csv"), columns={"text": "a", "split": "b"}, constants={"split": "test"}))


def test_missing_files_and_names_that_are_none():
    assert faults_of(Path("nowhere.csv"), columns={"text": "a"}) == ["nowhere.csv: no such file"]
    assert "no name of a data set" in faults_of(Path("../a/b/c"), columns={"text": "a"})[0]


def test_a_name_that_is_not_cached_is_never_fetched(tmp_path, monkeypatch):
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path)
    before = datasets.config.HF_HUB_OFFLINE
    with pytest.raises(ResourceError, match="nothing is fetched"):
        list(hf.read(Path("nobody/nothing"), columns={"text": "a"}))
    assert before == datasets.config.HF_HUB_OFFLINE


def test_a_name_is_loaded_offline(monkeypatch):
    datasets = pytest.importorskip("datasets")
    seen = {}

    def load(name, config, **options):
        seen.update(options, name=name, config=config, offline=datasets.config.HF_HUB_OFFLINE)
        labels = datasets.ClassLabel(names=["O", "B-PER"])
        shape = datasets.Features({"w": datasets.List(datasets.Value("string")), "t": datasets.List(labels)})
        return datasets.Dataset.from_dict({"w": [["Ann", "left"]], "t": [[1, 0]]}, features=shape)

    monkeypatch.setattr(datasets, "load_dataset", load)
    rows = list(
        hf.read(Path("who/what"), columns={"tokens": "w", "tags": "t"}, split="dev", config="en", revision="abc")
    )
    assert seen == {"name": "who/what", "config": "en", "split": "dev", "revision": "abc", "offline": True}
    assert (rows[0].where, rows[0].fields["id"]) == ("who/what:1", "who/what:1")
    assert rows[1].fields == {"doc": "who/what:1", "start": 0, "end": 3, "label": "PER", "text": "Ann"}
