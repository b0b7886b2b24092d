"""JSON Lines and text files: what is found in a folder, what a single file holds, and the way back."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import DataError
from harness.format.jsonl import FILES, read, write
from harness.records import Row

pytestmark = pytest.mark.core


def put(folder, **files):
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(content, encoding="utf-8", newline="")


def rows(path, **options):
    return [(row.file, row.fields) for row in read(path, **options)]


def faults(path, **options):
    with pytest.raises(DataError) as refused:
        list(read(path, **options))
    return [fault.replace(str(path), "P") for fault in refused.value.faults]


def test_a_folder_of_texts_and_records_in_a_fixed_order(tmp_path):
    put(
        tmp_path,
        b__txt="zwei\r\n",
        a__txt="eins",
        summaries__jsonl='{"doc": "a", "text": "x"}\n',
        entities__jsonl='{"doc": "a"}\n\n{"doc": "b"}',
        documents__jsonl='{"id": "c", "text": "drei", "split": "dev"}',
        other__jsonl="not read",
        notes__md="not read",
    )
    found = list(read(tmp_path))
    assert [(row.where.removeprefix(f"{tmp_path}/"), row.file, row.fields) for row in found] == [
        ("a.txt:1", "documents", {"id": "a", "text": "eins"}),
        ("b.txt:1", "documents", {"id": "b", "text": "zwei\r\n"}),
        ("documents.jsonl:1", "documents", {"id": "c", "text": "drei", "split": "dev"}),
        ("entities.jsonl:1", "entities", {"doc": "a"}),
        ("entities.jsonl:3", "entities", {"doc": "b"}),
        ("summaries.jsonl:1", "summaries", {"doc": "a", "text": "x"}),
    ]


def test_a_stem_is_all_but_the_last_suffix_in_any_case(tmp_path):
    put(tmp_path, **{"a.b__txt": "x", "C__TXT": "y", ".hidden__txt": "z", "._a__txt": "w"})
    assert rows(tmp_path) == [("documents", {"id": "C", "text": "y"}), ("documents", {"id": "a.b", "text": "x"})]


@pytest.mark.parametrize("name", FILES)
def test_every_record_file_is_read_alone_too(tmp_path, name):
    put(tmp_path, **{f"{name}__jsonl": '{"any": "thing"}'})
    assert rows(tmp_path) == rows(tmp_path / f"{name}.jsonl") == [(name, {"any": "thing"})]


def test_a_text_file_alone(tmp_path):
    put(tmp_path, x__txt="na\u00efve", y__TXT="z")
    assert rows(tmp_path / "x.txt") == [("documents", {"id": "x", "text": "na\u00efve"})]
    assert rows(tmp_path / "y.TXT") == [("documents", {"id": "y", "text": "z"})]


def test_an_encoding_is_that_of_every_file(tmp_path):
    (tmp_path / "a.txt").write_text("na\u00efve", encoding="cp1252")
    (tmp_path / "entities.jsonl").write_text('{"doc": "\u00e9"}', encoding="cp1252")
    assert rows(tmp_path, encoding="cp1252") == [
        ("documents", {"id": "a", "text": "na\u00efve"}),
        ("entities", {"doc": "\u00e9"}),
    ]
    assert [fault.split(",")[0] for fault in faults(tmp_path)] == [
        "P/a.txt:1: expected utf-8",
        "P/entities.jsonl:1: expected utf-8",
    ]


# The keys of DESIGN's record table, with what may be added, in a file of any name.
KINDS = [
    ("entities", {"doc", "start", "end", "label", "text"}),
    ("entities", {"doc", "start", "end", "label", "score"}),
    ("entities", {"doc"}),
    ("entities", {"doc", "annotator"}),
    ("stance", {"doc", "target", "label"}),
    ("stance", {"doc", "target", "label", "sentence", "id", "holder", "evidence", "rationale"}),
    ("stance", {"doc", "target", "label", "start", "end", "scores"}),
    ("stance", {"id", "label"}),
    ("stance", {"id", "label", "scores"}),
    ("summaries", {"doc", "text"}),
    ("summaries", {"doc", "text", "annotator"}),
    ("summaries", {"doc", "text", "model"}),
    ("summaries", {"doc", "style", "text"}),
    ("summaries", {"doc", "style", "sentences"}),
    ("facts", {"doc", "fact", "weight", "sentences"}),
    ("facts", {"doc", "fact"}),
    ("sentences", {"doc", "id", "start", "end", "zone"}),
    ("sentences", {"doc", "id", "start", "end"}),
    ("documents", {"id", "text"}),
    ("documents", {"id", "text", "split", "language"}),
]


@pytest.mark.parametrize(("kind", "keys"), KINDS)
def test_keys_say_what_a_record_is(tmp_path, kind, keys):
    path = tmp_path / "system-7.jsonl"
    path.write_text(json.dumps(dict.fromkeys(keys, "x")))
    assert rows(path) == [(kind, dict.fromkeys(keys, "x"))]


def test_null_is_no_key(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text('{"doc": "d", "start": null, "end": null, "label": null, "text": null}')
    assert [kind for kind, _ in rows(path)] == ["entities"]


def test_keys_of_no_record_are_all_named(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text('{"doc": "d"}\n{"dok": "d", "a": 1}\n{}\n{"doc": "d", "start": 1, "end": 2, "lable": "X"}')
    say = "these keys are those of no record:"
    assert faults(path) == [
        f"P:2: {say} a, dok; see `python -m harness schema records`",
        f"P:3: {say} none; see `python -m harness schema records`",
        f"P:4: {say} doc, end, lable, start; see `python -m harness schema records`",
    ]


def test_faults_of_all_files_come_together(tmp_path):
    put(tmp_path, entities__jsonl='{"doc": "a"}\nx\n', stance__jsonl="[1]\n{}\n")
    (tmp_path / "a.txt").write_bytes(b"\xff")
    assert [fault.split(": ")[0] for fault in faults(tmp_path)] == [
        "P/a.txt:1",
        "P/entities.jsonl:2",
        "P/stance.jsonl:1",
    ]


def test_good_rows_are_given_before_the_faults(tmp_path):
    put(tmp_path, entities__jsonl='x\n{"doc": "a"}\n', stance__jsonl='{"doc": "b"}\n')
    found = []
    with pytest.raises(DataError):
        found.extend(row.fields for row in read(tmp_path))
    assert found == [{"doc": "a"}, {"doc": "b"}]


def test_links_are_not_followed(tmp_path):
    (tmp_path / "secret").write_text("secret")
    folder = tmp_path / "f"
    folder.mkdir()
    (folder / "a.txt").symlink_to(tmp_path / "secret")
    (folder / "entities.jsonl").symlink_to(tmp_path / "gone")
    assert faults(folder) == [
        "P/a.txt: a symbolic link is not followed; name its target instead",
        "P/entities.jsonl: a symbolic link is not followed; name its target instead",
    ]


def test_what_is_not_there(tmp_path):
    assert faults(tmp_path / "none") == ["P: no such file or folder"]
    assert faults(tmp_path / "a\x00b") == ["P: no such file or folder"]
    assert faults(tmp_path) == [
        f"P: expected *.txt or one of {', '.join(f'{n}.jsonl' for n in FILES)}, found none of them"
    ]
    (tmp_path / "a.txt").mkdir()
    assert faults(tmp_path) == ["P/a.txt: expected a file, found a folder"]


def test_an_empty_record_file_is_a_file_without_records(tmp_path):
    put(tmp_path, entities__jsonl="")
    assert rows(tmp_path) == []


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.lists(st.tuples(st.sampled_from(FILES), st.dictionaries(st.text(), json_values, max_size=4)), max_size=6))
def test_what_is_written_is_read_back(tmp_path_factory, records):
    folder = tmp_path_factory.mktemp("f")
    write([Row("x:1", name, fields) for name, fields in records], folder)
    expected = [(name, fields) for name in FILES for kind, fields in records if kind == name]
    assert (rows(folder) if records else []) == expected
