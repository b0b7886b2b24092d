"""CoNLL columns: made-up files in each dialect, every refusal with its line, and writing as the inverse."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import DataError
from harness.format import conll
from harness.records import Row

pytestmark = pytest.mark.core


def read(path, **options):
    rows = list(conll.read(path, **options))
    documents = {row.fields["id"]: row.fields for row in rows if row.file == "documents"}
    found = {name: [] for name in documents}
    for row in rows:
        if row.file == "entities" and "start" in row.fields:
            fields = row.fields
            text = documents[fields["doc"]]["text"]
            assert text[fields["start"] : fields["end"]] == fields["text"]
            found[fields["doc"]].append((fields["text"], fields["label"]))
    return rows, documents, found


def faults_of(path, **options):
    with pytest.raises(DataError) as caught:
        list(conll.read(path, **options))
    return list(caught.value.faults)


def written(tmp_path, text, name="x.conll"):
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_conll_2003_columns_with_docstart_and_iob1(data):
    rows, documents, found = read(data / "conll2003.conll")
    assert {name: document["text"] for name, document in documents.items()} == {
        "conll2003:1": "EU rejects German call .\nPeter Blackburn",
        "conll2003:2": "Sea York .",
    }
    assert found == {
        "conll2003:1": [("EU", "ORG"), ("German", "MISC"), ("Peter Blackburn", "PER")],
        "conll2003:2": [("Sea", "LOC"), ("York", "LOC")],
    }
    assert [(d["tag_scheme"], d["invalid_tags"]) for d in documents.values()] == [("iob1", 0), ("iob1", 0)]
    sentences = [row.fields for row in rows if row.file == "sentences"]
    assert sentences == [
        {"doc": "conll2003:1", "id": "s01", "start": 0, "end": 24, "zone": "body"},
        {"doc": "conll2003:1", "id": "s02", "start": 25, "end": 40, "zone": "body"},
        {"doc": "conll2003:2", "id": "s01", "start": 0, "end": 10, "zone": "body"},
    ]
    path = data / "conll2003.conll"
    assert [row.where for row in rows if row.file == "documents"] == [f"{path}:1", f"{path}:12"]
    assert [row.where for row in rows if row.file == "entities"] == [f"{path}:{n}" for n in (3, 5, 9, 14, 15)]


def test_tags_are_handed_on_as_written_with_the_places_of_their_tokens(data):
    rows, documents, _ = read(data / "conll2003.conll")
    path = data / "conll2003.conll"
    tagged = [row for row in rows if row.file == "tags"]
    assert [(row.where, row.fields["doc"], row.fields["tags"]) for row in tagged] == [
        (f"{path}:3", "conll2003:1", ["I-ORG", "O", "I-MISC", "O", "O"]),
        (f"{path}:9", "conll2003:1", ["I-PER", "I-PER"]),
        (f"{path}:14", "conll2003:2", ["I-LOC", "B-LOC", "O"]),
    ]
    places = [documents[r.fields["doc"]]["text"][s:e] for r in tagged for s, e in r.fields["tokens"]]
    assert places == ["EU", "rejects", "German", "call", ".", "Peter", "Blackburn", "Sea", "York", "."]
    assert [(row.fields["start"], row.fields["end"]) for row in tagged] == [(0, 24), (25, 40), (0, 10)]


def test_the_same_tags_under_a_stated_scheme_count_their_slips(data):
    _, documents, found = read(data / "conll2003.conll", scheme="iob2")
    assert [document["invalid_tags"] for document in documents.values()] == [3, 1]
    assert found == read(data / "conll2003.conll")[2]


def test_tweets_with_crlf_hashes_blank_lines_of_tabs_and_no_last_line_end(data):
    rows, documents, found = read(data / "tweets.tsv")
    assert [document["text"] for document in documents.values()] == [
        "We # like #win=now New York",
        "no names",
        "last",
    ]
    assert found == {
        "tweets:1": [("#win=now", "group"), ("New York", "location")],
        "tweets:2": [],
        "tweets:3": [("last", "person")],
    }
    assert [row.fields for row in rows if row.file == "entities"][2] == {"doc": "tweets:2"}


def test_uner_documents_comments_and_metadata(data):
    rows, documents, found = read(data / "uner.iob2", token_column=1, tag_column=2)
    assert documents["weblog-1"] == {
        "id": "weblog-1",
        "text": "Ann likes Oslo .\nSo do I .",
        "split": "test",
        "tag_scheme": "iob2",
        "invalid_tags": 0,
    }
    assert found == {"weblog-1": [("Ann", "PER"), ("Oslo", "LOC")], "weblog-2": []}
    assert [row.file for row in rows] == ["documents"] * 2 + ["sentences"] * 3 + ["entities"] * 3 + ["tags"] * 3


def test_wrong_columns_are_refused_and_the_right_ones_named(data):
    path = data / "uner.iob2"
    faults = faults_of(path)
    assert "data.options.tag_column=2" in faults[0]
    assert "data.options.token_column=1" in faults[0]
    assert len(faults) == 11  # the hint, and each of ten token lines
    # Numbers taken for words are refused even where the tags are right.
    assert faults_of(path, tag_column=2) == [
        f"{path}: expected tokens in column 0 and tags in 2; "
        "column 0 only numbers the tokens: data.options.token_column=1 may be meant"
    ]


def test_a_slip_in_the_ner_column_does_not_point_at_the_chunk_column(data, tmp_path):
    text = (data / "conll2003.conll").read_text().replace("B-VP O", "B-VP 0")
    path = written(tmp_path, text)
    assert faults_of(path) == [f"{path}:4: expected O or a tag that starts with B-, I-, E-, S-, L- or U-; found '0'"]


def test_blanks_divide_columns_where_there_are_no_tabs(tmp_path):
    path = written(tmp_path, "# O\nNew   B-LOC \nYork I-LOC\n10\u00a0km O\nx\u2028y O\n\n# I-LOC\n")
    _, documents, found = read(path)
    assert [document["text"] for document in documents.values()] == ["# New York 10\u00a0km x\u2028y", "#"]
    assert found == {"x:1": [("New York", "LOC")], "x:2": [("#", "LOC")]}


def test_a_byte_order_mark_is_no_token(tmp_path):
    path = written(tmp_path, b"\xef\xbb\xbfAnn\tB-PER\n")
    assert read(path)[2] == {"x:1": [("Ann", "PER")]}


@pytest.mark.parametrize(
    ("tags", "scheme", "spans"),
    [
        ("B-A E-A S-A", "iobes", ["a b", "c"]),
        ("B-A L-A U-A", "bilou", ["a b", "c"]),
        ("I-A I-A B-A", "iob1", ["a b", "c"]),
        ("B-A I-A B-A", "iob2", ["a b", "c"]),
    ],
)
def test_all_schemes_say_the_same(tmp_path, tags, scheme, spans):
    lines = "".join(f"{token}\t{tag}\n" for token, tag in zip("abc", tags.split(), strict=True))
    path = written(tmp_path, lines)
    _, documents, found = read(path)
    assert [text for text, _ in found["x:1"]] == spans
    assert (documents["x:1"]["tag_scheme"], documents["x:1"]["invalid_tags"]) == (scheme, 0)
    assert [text for text, _ in read(path, scheme=scheme)[2]["x:1"]] == spans


def test_a_stated_scheme_refuses_the_prefixes_of_another(tmp_path):
    path = written(tmp_path, "a\tS-A\nb\tO\nc\tE-A\n")
    assert faults_of(path, scheme="iob2") == [
        f"{path}:1: expected a tag of iob2, found 'S-A'",
        f"{path}:3: expected a tag of iob2, found 'E-A'",
    ]


def test_every_bad_line_is_named_at_once(tmp_path):
    path = written(
        tmp_path,
        "a\tB-x,B-y\nb\tB\nc\nd\tO\te\n\tO\nf\tZ-LOC\ng\tO\nh\tO\n",
    )
    faults = faults_of(path)
    assert [fault.partition(": ")[0] for fault in faults] == [f"{path}:{n}" for n in range(1, 7)]
    for fault, part in zip(
        faults,
        ["alternatives", "type after", "2 columns", "2 columns", "token in column 0", "starts with"],
        strict=True,
    ):
        assert part in fault


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected lines of a token and a tag, found none"),
        ("\n\n", "found none"),
        ("# newdoc id = a\n", "found none"),
        ("just\nwords\n", "one column"),
        ("# newdoc id = a\na\tO\n# newdoc id = a\nb\tO\n", "stands at"),
        ("# newdoc id = a\n# newdoc id = b\nb\tO\n", "has no tokens"),
        ("b\tO\n# newdoc id = a\na\tO\n", "before the first token"),
        ("# newdoc id = a\n# meta::id = b\nb\tO\n", "not free to use"),
        ("a\tS-A\nb\tU-A\n", "both IOBES"),
    ],
)
def test_files_that_say_nothing_or_two_things(tmp_path, text, message):
    assert any(message in fault for fault in faults_of(written(tmp_path, text)))


def test_a_wrong_encoding_names_byte_line_and_remedy(tmp_path):
    path = written(tmp_path, "a\tO\nMünchen\tB-LOC\n".encode("cp1252"))
    assert faults_of(path) == [
        f"{path}:2: expected utf-8, found the byte 0xfc at position 5; "
        "set data.encoding=cp1252 (or whatever the file was saved in)"
    ]
    assert read(path, encoding="cp1252")[2] == {"x:1": [("München", "LOC")]}


def test_a_folder_is_read_in_name_order_and_ids_are_unique_in_it(data, tmp_path):
    written(tmp_path, "b\tI-X\n", "b.iob2")
    written(tmp_path, "a\tB-X\nc\tI-X\n", "a.txt")
    written(tmp_path, "not data\n", "README.txt")
    written(tmp_path, "not data\n", "notes.md")
    _, documents, _ = read(tmp_path)
    assert [(name, d["tag_scheme"], d["invalid_tags"]) for name, d in documents.items()] == [
        ("a:1", "iob2", 0),
        ("b:1", "iob2", 1),
    ]
    clash = written(tmp_path, "d\tO\n", "a.tsv")
    assert faults_of(tmp_path) == [f"{tmp_path / 'a.txt'}:1: document id 'a:1' stands at {clash}:1 already"]


def test_a_link_in_a_folder_is_not_followed(tmp_path):
    folder = tmp_path / "gold"
    folder.mkdir()
    target = written(tmp_path, "a\tO\n", "outside.txt")
    (folder / "inside.txt").symlink_to(target)
    assert "symbolic link" in faults_of(folder)[0]
    assert list(read(folder / "inside.txt")[1]) == ["inside:1"]


def test_ids_of_predictions_can_follow_the_gold_file(tmp_path):
    path = written(tmp_path, "a\tO\n", "my_system")
    assert list(read(path, stem="emerging.test")[1]) == ["emerging.test:1"]


@pytest.mark.parametrize("options", [{"scheme": "iob"}, {"token_column": "1"}, {"tag_column": True}])
def test_options_of_no_meaning_are_refused(data, options):
    with pytest.raises(ValueError, match="conll: "):
        list(conll.read(data / "tweets.tsv", **options))


@pytest.mark.parametrize("options", [{"tag_column": 4}, {"token_column": -5}, {"token_column": 3, "tag_column": -1}])
def test_columns_that_are_not_there(data, options):
    assert len(faults_of(data / "conll2003.conll", **options)) == 1


def test_a_missing_file():
    assert faults_of(Path("nowhere.conll")) == ["nowhere.conll: no such file"]


# ---- writing ------------------------------------------------------------------------------------------------------


def rows_of(text, spans, sentences=(), doc="d", **metadata):
    rows = [Row("m:1", "documents", {**metadata, "id": doc, "text": text})]
    rows += [
        Row(f"m:s{n}", "sentences", {"doc": doc, "id": f"s{n}", "start": s, "end": e})
        for n, (s, e) in enumerate(sentences)
    ]
    rows += [
        Row(f"m:e{n}", "entities", {"doc": doc, "start": s, "end": e, "label": label, "text": text[s:e]})
        for n, (s, e, label) in enumerate(spans)
    ]
    return rows if spans else [*rows, Row("m:e", "entities", {"doc": doc})]


@pytest.mark.parametrize("scheme", ["iob1", "iob2", "iobes", "bilou"])
@pytest.mark.parametrize("name", ["conll2003.conll", "tweets.tsv"])
def test_what_was_read_is_written_back(data, tmp_path, name, scheme):
    first = list(conll.read(data / name))
    path = tmp_path / "again.conll"
    conll.write(first, path, scheme)
    again = list(conll.read(path, scheme=scheme))

    def plain(rows):
        # Tags are in the scheme that was asked for, and so not what they were.
        return [(row.file, {**row.fields, "tag_scheme": None}) for row in rows if row.file != "tags"]

    assert plain(again) == plain(first)


def test_a_hard_text_keeps_what_falls_on_tokens_and_refuses_the_rest(tmp_path, hard_text, hard_spans):
    path = tmp_path / "hard.conll"
    with pytest.raises(DataError) as caught:
        conll.write(rows_of(hard_text, hard_spans), path)
    # "Aviv." is one token with its full stop, and so is the Hebrew word with U+2028: only ASCII white space divides.
    assert [fault.partition(": ")[0] for fault in caught.value.faults] == ["m:e1", "m:e2"]
    assert not path.exists()
    kept = [hard_spans[0], hard_spans[3]]
    conll.write(rows_of(hard_text, kept, language="mixed"), path)
    _, documents, found = read(path)
    assert documents["d"]["text"] == hard_text.replace("\r\n", "\n")
    assert documents["d"]["language"] == "mixed"
    assert found == {"d": [("Zoe\u0301", "PER"), ("NASA", "ORG")]}


WORDS = st.text(st.characters(exclude_characters=" \t\r\n\f\v", exclude_categories=["Cs"]), min_size=1, max_size=4)


@st.composite
def annotated(draw):
    sentences = draw(st.lists(st.lists(WORDS, min_size=1, max_size=5), min_size=1, max_size=4))
    spans, begin = [], 0
    for words in sentences:
        starts = [begin]
        for word in words:
            starts.append(starts[-1] + len(word) + 1)
        cuts = sorted(draw(st.lists(st.integers(0, len(words)), max_size=4, unique=True)))
        for a, b in pairwise(cuts):
            if draw(st.booleans()):
                spans.append((starts[a], starts[b] - 1, draw(st.sampled_from(["PER", "creative-work"]))))
        begin = starts[-1]
    return "\n".join(" ".join(words) for words in sentences), spans


@settings(max_examples=150, deadline=None)
@given(annotated(), st.sampled_from(["iob1", "iob2", "iobes", "bilou"]))
def test_any_flat_annotation_of_tokens_comes_back(tmp_path_factory, case, scheme):
    text, spans = case
    path = tmp_path_factory.mktemp("conll") / "x.conll"
    conll.write(rows_of(text, spans), path, scheme)
    rows = list(conll.read(path, scheme=scheme))
    assert rows[0].fields["text"] == text
    assert rows[0].fields["invalid_tags"] == 0
    assert [
        (row.fields["start"], row.fields["end"], row.fields["label"])
        for row in rows
        if row.file == "entities" and "start" in row.fields
    ] == spans


def test_sentence_records_divide_sentences(tmp_path):
    text = "By Ann\n\nShe left. He stayed."
    conll.write(rows_of(text, [(3, 6, "PER")], [(8, 17), (18, 28)]), tmp_path / "x.conll")
    assert (tmp_path / "x.conll").read_text() == (
        "# newdoc id = d\nBy\tO\nAnn\tB-PER\n\nShe\tO\nleft.\tO\n\nHe\tO\nstayed.\tO\n\n"
    )


@pytest.mark.parametrize(
    ("text", "spans", "sentences", "message"),
    [
        ("New York City", [(0, 8, "LOC"), (4, 13, "LOC")], (), "m:e1: overlaps the entity at m:e0"),
        ("New York", [(0, 8, "LOC"), (0, 3, "LOC")], (), "overlaps"),
        ("New York", [(0, 8, "LOC"), (0, 8, "ORG")], (), "overlaps"),
        ("New York.", [(0, 8, "LOC")], (), "m:e0: 0-8 'New York' begins or ends inside a token"),
        ("the-US", [(4, 6, "LOC")], (), "inside a token"),
        ("New York", [(0, 4, "LOC")], (), "inside a token"),  # with the blank
        ("New\nYork", [(0, 8, "LOC")], (), "crosses the end of a sentence"),
        ("New York", [(0, 8, "LOC")], [(0, 3), (4, 8)], "crosses the end of a sentence"),
        ("Ann left.He", [(0, 3, "PER")], [(0, 9), (9, 11)], "m:s1: a sentence begins or ends at 9, inside 'left.He'"),
        ("Ann", [(0, 3, "A,B")], (), "has no blank, comma or bar"),
        ("Ann", [(0, 3, "A B")], (), "has no blank, comma or bar"),
        ("Ann", [(0, 3, "")], (), "has no blank, comma or bar"),
        (" \n", [], (), "has no tokens"),
        ("a -DOCSTART- b", [], (), "holds the word -DOCSTART-"),
    ],
)
def test_what_columns_cannot_carry_is_refused_with_its_place(tmp_path, text, spans, sentences, message):
    with pytest.raises(DataError, match=r"^m:") as caught:
        conll.write(rows_of(text, spans, sentences), tmp_path / "x.conll")
    assert message in str(caught.value)
    assert not (tmp_path / "x.conll").exists()


def test_other_records_annotators_and_unannotated_documents_are_refused(tmp_path):
    document = Row("m:1", "documents", {"id": "d", "text": "Ann"})
    two = [
        Row("m:2", "entities", {"doc": "d", "start": 0, "end": 3, "label": "PER", "annotator": "a"}),
        Row("m:3", "entities", {"doc": "d", "annotator": "b"}),
    ]
    for rows, message in [
        ([document], "no entity record"),
        ([document, *two], "one annotator"),
        ([document, two[0], Row("m:4", "stance", {"doc": "d"})], "found a record of stance"),
        ([two[0]], "text is not given"),
        ([Row("m:1", "documents", {"id": "d\n", "text": "Ann"}), Row("m", "entities", {"doc": "d\n"})], "one line"),
        (
            [Row("m:1", "documents", {"id": "d", "text": "x", "k": "a\nb"}), Row("m", "entities", {"doc": "d"})],
            "one line",
        ),
    ]:
        with pytest.raises(DataError, match=message):
            conll.write(rows, tmp_path / "x.conll")
    with pytest.raises(ValueError, match="scheme must be one of"):
        conll.write([document], tmp_path / "x.conll", "auto")


def test_a_discontinuous_entity_is_refused(tmp_path):
    rows = rows_of("left and right lung", [(0, 19, "ORGAN")])
    (entity,) = (row for row in rows if row.file == "entities")
    entity.fields["parts"] = [[0, 4], [15, 19]]
    with pytest.raises(DataError) as caught:
        conll.write(rows, tmp_path / "x.conll")
    assert caught.value.faults == (
        "m:e0: 0-19 'left and right lung' is discontinuous ('parts'); columns carry spans in one piece only",
    )
    assert not (tmp_path / "x.conll").exists()
    # One part is the whole entity.
    entity.fields["parts"] = [[0, 19]]
    conll.write(rows, tmp_path / "x.conll")
