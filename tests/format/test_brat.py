"""brat standoff: a made-up folder, every refusal with its line, and writing as the inverse."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.config import DataConfig
from harness.errors import DataError
from harness.format import brat, conll
from harness.gold import check_corpus
from harness.records import Row

pytestmark = pytest.mark.core


def faults_of(path, **options):
    with pytest.raises(DataError) as caught:
        list(brat.read(path, **options))
    return list(caught.value.faults)


def pair(folder, text, annotations, name="x"):
    (folder / f"{name}.txt").write_bytes(text.encode())
    if annotations is not None:
        (folder / f"{name}.ann").write_bytes(annotations.encode())
    return folder / f"{name}.ann"


def spans(rows):
    return [
        (row.fields["doc"], row.fields["start"], row.fields["end"], row.fields["label"], row.fields["text"])
        for row in rows
        if row.file == "entities" and "start" in row.fields
    ]


def test_rows_of_a_folder(data):
    folder = data / "brat"
    rows = list(brat.read(folder))
    text = "Ann \U0001f600 met Bo\u0308b in Oslo.\nShe left.\n"
    assert [row.fields for row in rows if row.file == "documents"] == [
        {"id": "a", "text": text},
        {"id": "b", "text": "Nobody here.\n"},
        {"id": "c", "text": "Not looked at.\n"},
    ]
    assert spans(rows) == [("a", 0, 3, "PER", "Ann"), ("a", 10, 14, "PER", "Bo\u0308b"), ("a", 18, 22, "LOC", "Oslo")]
    assert [row.where for row in rows if row.file == "entities"] == [
        f"{folder / 'a.ann'}:1",
        f"{folder / 'a.ann'}:2",
        f"{folder / 'a.ann'}:9",
        f"{folder / 'b.ann'}:1",
    ]
    # b is annotated and has no entity; c was never annotated.
    assert rows[-1].fields == {"doc": "b"}


@pytest.mark.parametrize("name", ["a.txt", "a.ann"])
def test_one_pair(data, name):
    assert len(spans(brat.read(data / "brat" / name))) == 3


def test_every_bad_line_is_named_at_once(tmp_path):
    path = pair(
        tmp_path,
        "Ann met Bob in Oslo.",
        "\n".join(
            [
                "T1\tPER 0 3\tAnn",
                "T1\tPER 8 11\tBob",
                "T2\tLOC 15 20\tOslo",
                "T3\tPER 8 11;0 3\tBob Ann",
                "T4\tLOC 15 99\tOslo",
                "T5\tLOC 5 5\t",
                "T6\tLOC 5 4\t",
                "T7 LOC 15 19 Oslo",
                "T8\tLOC -1 3\tAnn",
                "T9\tLOC 99999999999999999999 3\tAnn",
                "garbage",
                "T10\tLOC 15 19",
                "T11\tLOC 1\u0665 19\tOslo",
                "T12\tPER 0 2\tAnn",
            ]
        ),
    )
    faults = faults_of(tmp_path)
    assert [fault.partition(": ")[0] for fault in faults] == [f"{path}:{n}" for n in range(2, 15)]
    for fault, part in zip(
        faults,
        [
            f"T1 stands at {path}:1 already",
            "text[15:20] is 'Oslo.', the annotation says 'Oslo'; that string stands at 15-19",
            "T3: expected stretches in text order that do not touch, found 8 11;0 3",
            "expected 0 <= start < end <= 20 (the text's length), found start 15, end 99",
            "found start 5, end 5",
            "found start 5, end 4",
            "expected T1<TAB>Label START END<TAB>string",
            "expected T1<TAB>Label START END<TAB>string",
            "expected START END, found '99999999999999999999 3'",
            "expected T1<TAB>Label START END<TAB>string, found 'garbage'",
            "the annotation says None",
            "expected T1<TAB>Label START END<TAB>string",
            "text[0:2] is 'An', the annotation says 'Ann'; the end looks inclusive",
        ],
        strict=True,
    ):
        assert part in fault


@pytest.mark.parametrize(
    ("text", "start", "end", "claimed", "hint"),
    [
        ("\U0001f600 Ann met", 3, 6, "Ann", "UTF-16"),
        ("a\r\nb Ann", 4, 7, "Ann", "LF line ends"),
        ("Ann and Ann B", 0, 3, "B", "stands at 12-13"),
        ("Ann", 0, 3, "Zoe", "end-exclusive code points"),
    ],
)
def test_offsets_that_count_something_else_are_refused_with_a_hint(tmp_path, text, start, end, claimed, hint):
    path = pair(tmp_path, text, f"T1\tPER {start} {end}\t{claimed}\n")
    (fault,) = faults_of(tmp_path)
    assert fault.startswith(f"{path}:1: T1: text[{start}:{end}] is ")
    assert hint in fault


@pytest.mark.parametrize(("end", "claimed"), [("\n", "New York"), ("\r\n", "New York"), ("\r\n", "New  York")])
def test_a_string_over_a_line_end_has_blanks_for_it(tmp_path, end, claimed):
    text = f"New{end}York"
    pair(tmp_path, text, f"T1\tLOC 0 {len(text)}\t{claimed}\r\n")
    assert spans(brat.read(tmp_path)) == [("x", 0, len(text), "LOC", text)]


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("T1\tPER 0 3;12 15\tAnn Lee", [[0, 3], [12, 15]]),
        ("T1\tPER 0 3;8 11;12 15\tAnn Bob Lee", [[0, 3], [8, 11], [12, 15]]),
        # brat makes a span over a line end into stretches; the string has its blank either way
        ("T1\tPER 12 15;16 18\tLee We", [[12, 15], [16, 18]]),
        ("T1\tPER 8 18;19 20\tBob Lee We g", [[8, 18], [19, 20]]),
    ],
)
def test_a_discontinuous_span_has_its_stretches_and_their_strings_joined_by_a_space(tmp_path, line, parts):
    text = "Ann and Bob Lee\nWe go."
    pair(tmp_path, text, f"{line}\nT2\tPER 0 3\tAnn\n")
    first, second = (row.fields for row in brat.read(tmp_path) if row.file == "entities")
    assert (first["start"], first["end"], first["parts"]) == (parts[0][0], parts[-1][1], parts)
    assert first["text"] == " ".join(text[start:end] for start, end in parts)
    assert "parts" not in second
    # The record passes the check of gold, and is the entity that it says.
    corpus = check_corpus(list(brat.read(tmp_path)), DataConfig(name="x", gold="x"))
    assert [entity.stretches for entity in corpus.entities["x"] if entity.parts] == [tuple(map(tuple, parts))]


@pytest.mark.parametrize(
    ("offsets", "string", "message"),
    [
        ("0 3;8 11", "Ann  Bob", "the stretches 0 3;8 11 say 'Ann Bob' (joined by a space), the annotation says"),
        ("0 3;8 11", "Ann and Bob", "offsets are end-exclusive code points"),
        ("0 3;3 7", "Ann  and", "expected stretches in text order that do not touch, found 0 3;3 7"),
        ("0 3;2 7", "Ann n and", "expected stretches in text order that do not touch, found 0 3;2 7"),
        ("8 11;0 3", "Bob Ann", "expected stretches in text order that do not touch, found 8 11;0 3"),
        ("0 3;8 99", "Ann Bob", "(the text's length), found start 8, end 99"),
        ("0 3;8 8", "Ann ", "found start 8, end 8"),
        ("0 3;", "Ann", "expected START END, found '0 3;'"),
        ("0 3;8", "Ann", "expected START END, found '0 3;8'"),
        ("0 3; 8 11", "Ann Bob", "expected START END, found '0 3; 8 11'"),
        (";0 3", "Ann", "expected START END, found ';0 3'"),
    ],
)
def test_bad_stretches_are_refused_with_their_line(tmp_path, offsets, string, message):
    path = pair(tmp_path, "Ann and Bob.", f"T1\tPER {offsets}\t{string}\n")
    (fault,) = faults_of(tmp_path)
    assert fault.startswith(f"{path}:1: ")
    assert message in fault


def test_files_that_do_not_belong_together(tmp_path):
    pair(tmp_path, "Ann", None)
    (tmp_path / "y.ann").write_text("T1\tPER 0 3\tAnn\n")
    assert faults_of(tmp_path) == [f"{tmp_path / 'y.ann'}: expected its text in y.txt, found no such file"]
    assert faults_of(tmp_path / "y.ann") == [f"{tmp_path / 'y.txt'}: no such file"]
    assert "expected a folder" in faults_of(tmp_path / "y.xml")[0]


def test_a_byte_order_mark_is_kept_for_the_check_of_documents_to_refuse(tmp_path):
    pair(tmp_path, "\ufeffAnn", "T1\tPER 1 4\tAnn\n")
    assert next(brat.read(tmp_path)).fields["text"] == "\ufeffAnn"
    without = pair(tmp_path, "\ufeffAnn", "T1\tPER 0 3\tAnn\n")
    assert faults_of(tmp_path)[0].startswith(f"{without}:1: T1: text[0:3] is '\\ufeffAn'")
    assert next(brat.read(tmp_path, encoding="utf-8-sig")).fields["text"] == "Ann"


def test_a_wrong_encoding_of_either_file(tmp_path):
    (tmp_path / "x.txt").write_bytes("Zoë".encode("cp1252"))
    (tmp_path / "x.ann").write_bytes("T1\tPER 0 3\tZoë\n".encode("cp1252"))
    (tmp_path / "y.txt").write_bytes("Zoë".encode())
    (tmp_path / "y.ann").write_bytes("T1\tPER 0 3\tZoë\n".encode("cp1252"))
    assert [fault.partition(": ")[0] for fault in faults_of(tmp_path)] == [
        f"{tmp_path / 'x.txt'}:1",
        f"{tmp_path / 'y.ann'}:1",
    ]


def test_a_link_out_of_the_folder_is_not_followed(tmp_path):
    folder = tmp_path / "gold"
    folder.mkdir()
    (tmp_path / "secret").write_text("secret")
    (folder / "x.txt").symlink_to(tmp_path / "secret")
    assert faults_of(folder) == [f"{folder / 'x.txt'}: a symbolic link is not followed; name its target instead"]


# ---- writing ------------------------------------------------------------------------------------------------------


def rows_of(text, found, doc="d"):
    return [
        Row("m:1", "documents", {"id": doc, "text": text}),
        *(
            Row(f"m:e{n}", "entities", {"doc": doc, "start": s, "end": e, "label": label, "text": text[s:e]})
            for n, (s, e, label) in enumerate(found)
        ),
    ]


def test_a_hard_text_comes_back_to_the_byte(tmp_path, hard_text, hard_spans):
    # brat carries what CoNLL cannot: overlaps, parts of tokens, spans over a line end.
    whole = (0, len(hard_text), "DOC")
    rows = rows_of(hard_text, [*hard_spans, whole])
    brat.write(rows, tmp_path / "out")
    assert (tmp_path / "out" / "d.txt").read_bytes() == hard_text.encode()
    assert [row.fields for row in brat.read(tmp_path / "out")] == [row.fields for row in rows]
    brat.write(brat.read(tmp_path / "out"), tmp_path / "again")
    for name in ("d.txt", "d.ann"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "out" / name).read_bytes()
    with pytest.raises(DataError, match="inside a token"):
        conll.write(brat.read(tmp_path / "out"), tmp_path / "x.conll")


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_any_annotation_comes_back(tmp_path_factory, data):
    text = data.draw(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufeff"), min_size=1))
    offsets = st.integers(0, len(text))
    found = data.draw(st.lists(st.tuples(offsets, offsets, st.sampled_from(["PER", "a.b-c", "型"])), max_size=5))
    rows = rows_of(text, [(s, e, label) for s, e, label in found if s < e])
    for number in range(data.draw(st.integers(0, 2))):
        places = sorted(data.draw(st.sets(offsets, max_size=6)))
        parts = [list(part) for part in zip(places[::2], places[1::2], strict=False)]
        if len(parts) > 1:
            said = " ".join(text[start:end] for start, end in parts)
            span = {"doc": "d", "start": parts[0][0], "end": parts[-1][1], "label": "PER", "text": said}
            rows.append(Row(f"m:p{number}", "entities", {**span, "parts": parts}))
    folder = tmp_path_factory.mktemp("brat") / "out"
    brat.write(rows, folder)
    assert [row.fields for row in brat.read(folder)] == [row.fields for row in rows]


def test_a_whole_folder_comes_back_with_its_unannotated_documents(data, tmp_path):
    rows = list(brat.read(data / "brat"))
    brat.write(rows, tmp_path / "out")
    assert [row.fields for row in brat.read(tmp_path / "out")] == [row.fields for row in rows]
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["a.ann", "a.txt", "b.ann", "b.txt", "c.txt"]


def test_columns_become_standoff(data, tmp_path):
    rows = list(conll.read(data / "conll2003.conll"))
    brat.write(rows, tmp_path / "out")
    again = list(brat.read(tmp_path / "out"))
    assert [row.fields for row in again if row.file == "entities"] == [
        row.fields for row in rows if row.file == "entities"
    ]


@pytest.mark.parametrize(
    "doc", ["../x", "a/b", "a\\b", "..", ".", "", ".hidden", "a\x00b", "a\nb", " a", "README", "x" * 201, "/etc/passwd"]
)
def test_no_id_leaves_the_folder(tmp_path, doc):
    (tmp_path / "in").mkdir()
    with pytest.raises(DataError, match=r"^m:1: expected an id that can be a file's name"):
        brat.write(rows_of("Ann", [], doc), tmp_path / "in" / "out")
    assert list(tmp_path.rglob("*")) == [tmp_path / "in"]


def test_what_brat_cannot_carry_is_refused_with_its_place(tmp_path):
    document = rows_of("Ann", [])
    entity = {"doc": "d", "start": 0, "end": 3, "label": "PER"}
    for rows, message in [
        ([*document, Row("m:2", "entities", {**entity, "label": "A B"})], "m:2: expected a label without blanks"),
        ([*document, Row("m:2", "entities", {**entity, "label": ""})], "m:2: expected a label"),
        ([*document, Row("m:2", "entities", {**entity, "end": 4})], "m:2: expected 0 <= start < end <= 3"),
        ([*document, Row("m:2", "entities", {**entity, "parts": [[0, 1], [2, 4]]})], "m:2: expected 0 <= start < end"),
        ([*document, Row("m:2", "entities", {**entity, "parts": [[0, 1], [1, 3]]})], "m:2: expected stretches in text"),
        ([*document, Row("m:2", "entities", {**entity, "parts": [[1, 2]]})], "m:2: expected stretches from start 0"),
        ([*document, Row("m:2", "entities", {**entity, "parts": [0, 3]})], "m:2: expected stretches as [start, end]"),
        ([*document, Row("m:2", "entities", {**entity, "parts": "0 3"})], "m:2: expected stretches as [start, end]"),
        ([*document, Row("m:2", "stance", {"doc": "d"})], "m:2: brat carries documents and entities"),
        ([Row("m:2", "entities", entity)], "m:2: entities of document 'd', whose text is not given"),
        (rows_of("Ann", [], "d") + rows_of("Ann", [], "D"), "the files of 'D' would be those of 'd'"),
        (
            [
                *document,
                Row("m:2", "entities", {**entity, "annotator": "a"}),
                Row("m:3", "entities", {**entity, "annotator": "b"}),
            ],
            "m:2: brat carries one annotator",
        ),
    ]:
        with pytest.raises(DataError) as caught:
            brat.write(rows, tmp_path / "out")
        assert message in str(caught.value)
    pair(tmp_path, "Ann", None)
    with pytest.raises(DataError, match="choose another folder"):
        brat.write(document, tmp_path)
