"""Checks of single records: every kind of wrong value, and the hint that says how it came about."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.checking import Checker, only_names_document, read_documents, text_problem
from harness.files import MAX_DOCUMENT_CHARACTERS
from harness.records import Document, Entity, Row, Sentence

pytestmark = pytest.mark.core

TEXT = "Anna 😀 met Bob in Paris."


def row(file="entities", **fields):
    return Row("e.jsonl:7", file, fields)


def checker(text=TEXT, doc="d"):
    return Checker({doc: Document(doc, text)})


def entity_faults(document_text, labels=None, /, **fields):
    """Faults of one entity record, places cut off."""
    check = checker(document_text)
    found = check.entity(row(doc="d", **fields), check.documents["d"], labels)
    assert (found is None) == bool(check.faults)
    assert all(fault.startswith("e.jsonl:7: ") for fault in check.faults)
    return [fault.removeprefix("e.jsonl:7: ") for fault in check.faults]


# ---- entities ---------------------------------------------------------------------------------------------------


def test_a_right_entity_is_read():
    check = checker()
    found = check.entity(
        row(doc="d", start=18, end=23, label="GPE", text="Paris", score=1), check.documents["d"], ("GPE",)
    )
    assert found == Entity(18, 23, "GPE")
    assert (found.text, found.score) == ("Paris", 1.0)
    assert type(found.score) is float
    assert check.faults == []


@pytest.mark.parametrize("fields", [{}, {"text": None}], ids=["no text", "text null"])
def test_text_and_score_may_be_left_out(fields):
    check = checker()
    found = check.entity(row(doc="d", start=0, end=4, label="PER", **fields), check.documents["d"], None)
    assert (found.text, found.score) == ("Anna", None)


# text of the document, wrong offsets, what they were meant to be, the text found there, the hint
HINTS = [
    (TEXT, 18, 22, "Paris", "'Pari'", "end looks inclusive; offsets are end-exclusive"),
    (TEXT, 19, 24, "Paris", "'aris.'", "the offsets look like UTF-16 units; they must be code points"),
    (TEXT, 21, 24, "Par", "'is.'", "the offsets look like bytes; they must be code points"),
    ("é, é: Bob was here", 8, 11, "Bob", "'b w'", "the offsets look like bytes; they must be code points"),
    (
        "One.\r\nTwo.\r\nBob came.",
        10,
        13,
        "Bob",
        "'\\r\\nB'",
        "the offsets were made on a text with LF line ends, the document as stored has CRLF",
    ),
    (
        "One.\nTwo.\nBob came.",
        12,
        15,
        "Bob",
        "'b c'",
        "the offsets were made on a text with CRLF line ends, the document as stored has LF",
    ),
    ("See Bob now", 3, 6, "Bob", "' Bo'", "the offsets are one off; they count from 0"),
    ("See Bob now", 5, 8, "Bob", "'ob '", "the offsets are one off; they count from 0"),
    ("Bob saw it", 1, 4, "Bob", "'ob '", "the offsets are one off; they count from 0"),
    ("x" * 150 + "Bob", 0, 3, "Bob", "'xxx'", "that string stands at 150-153"),
    ("x" * 400 + "Bob", 0, 3, "Bob", "'xxx'", "offsets are end-exclusive code points"),
    ("See Bob now", 4, 7, "Eve", "'Bob'", "offsets are end-exclusive code points"),
    ("New\nYork", 0, 8, "New York", "'New\\nYork'", "they differ in white space; 'text' must be the document's own"),
    ("See Bob now", 4, 8, "Bob", "'Bob '", "they differ in white space; 'text' must be the document's own"),
    (
        "Zoe\u0308 Q",
        0,
        4,
        "Zoë",
        "'Zoë'",
        "they look the same, one is in Unicode form NFC, the other in NFD; 'text' must be the document's own",
    ),
]


@pytest.mark.parametrize(("text", "start", "end", "claimed", "found", "hint"), HINTS)
def test_wrong_offsets_are_told_what_they_would_be_right_as(text, start, end, claimed, found, hint):
    found = unicodedata.normalize("NFD", found) if "NFC" in hint else found
    assert entity_faults(text, start=start, end=end, label="X", text=claimed) == [
        f"text[{start}:{end}] is {found}, the record says {claimed!r}; {hint}"
    ]


@pytest.mark.parametrize(
    ("start", "end", "claimed", "hint"),
    [
        (20, 25, "Eve", "offsets are end-exclusive code points"),
        (20, 25, "Paris", "that string stands at 18-23"),
        (19, 25, "Paris.", "the offsets look like UTF-16 units; they must be code points"),
        (21, 27, "Paris.", "the offsets look like bytes; they must be code points"),
        (-1, 4, "Anna", "offsets are end-exclusive code points"),
        (4, 0, "Anna", "offsets are end-exclusive code points"),
        (0, 0, "A", "end looks inclusive; offsets are end-exclusive"),
        (5, 5, "😀", "end looks inclusive; offsets are end-exclusive"),
        (3, 3, None, "offsets are end-exclusive code points"),
    ],
)
def test_offsets_out_of_range(start, end, claimed, hint):
    fields = {} if claimed is None else {"text": claimed}
    assert entity_faults(TEXT, start=start, end=end, label="X", **fields) == [
        f"expected 0 <= start < end <= 24 (the length of document 'd'), found start {start}, end {end}; {hint}"
    ]


@pytest.mark.parametrize("value", [True, False, 3.0, "3", None, [3], {"a": 1}])
def test_offsets_are_whole_numbers(value):
    reason = f"must be a whole number of code points, found {value!r}"
    assert entity_faults(TEXT, start=value, end=4, label="X") == [f"'start' {reason}"]
    assert entity_faults(TEXT, start=0, end=value, label="X") == [f"'end' {reason}"]
    assert entity_faults(TEXT, start=value, end=value, label="X") == [f"'start' {reason}", f"'end' {reason}"]


def test_a_huge_offset_is_named_in_short():
    (fault,) = entity_faults(TEXT, start=0, end=10**4000, label="X")
    assert "found start 0, end 1000" in fault
    assert len(fault) < 300


def test_missing_keys_are_named_with_what_was_perhaps_meant():
    needs = "a record of entities needs {!r}, found the keys {}"
    assert entity_faults(TEXT, start=0, end=4, lable="X") == [
        needs.format("label", "['doc', 'end', 'lable', 'start']") + "; is 'lable' meant?"
    ]
    assert entity_faults(TEXT, begin=0, ende=4, label="X") == [
        needs.format("start", "['begin', 'doc', 'ende', 'label']"),
        needs.format("end", "['begin', 'doc', 'ende', 'label']") + "; is 'ende' meant?",
    ]
    # A key that has a meaning of its own is no slip for another.
    assert entity_faults(TEXT, start=0, end=4, text="Anna") == [
        needs.format("label", "['doc', 'end', 'start', 'text']")
    ]


@pytest.mark.parametrize(
    ("label", "reason"),
    [
        (None, "'label' must be a non-empty string, found None"),
        ("", "'label' must be a non-empty string, found ''"),
        (" \t", "'label' must be a non-empty string, found ' \\t'"),
        (7, "'label' must be a non-empty string, found 7"),
        (["X"], "'label' must be a non-empty string, found ['X']"),
        ("a\x00b", "'label' holds a NUL character at 1"),
        ("ab\udc80", "'label' holds a lone surrogate '\\udc80' at 2; the file was made from broken UTF-16"),
        ("PERSO", "label 'PERSO' is not one of GPE, PERSON; nearest: 'PERSON'"),
        ("Q", "label 'Q' is not one of GPE, PERSON"),
    ],
)
def test_labels(label, reason):
    assert entity_faults(TEXT, ("PERSON", "GPE"), start=0, end=4, label=label) == [reason]


@pytest.mark.parametrize("score", ["0.5", True, float("nan"), float("inf"), 10**400, [1]])
def test_scores_are_finite_numbers(score):
    (fault,) = entity_faults(TEXT, start=0, end=4, label="X", score=score)
    assert fault.startswith("'score' must be a finite number, found ")
    assert len(fault) < 150


def test_all_that_is_wrong_with_one_record_is_said_at_once():
    assert entity_faults(TEXT, ("PERSON",), start=0, end=4, label="Q", text="Bob", score="high") == [
        "text[0:4] is 'Anna', the record says 'Bob'; that string stands at 11-14",
        "label 'Q' is not one of PERSON",
        "'score' must be a finite number, found 'high'",
    ]


def test_a_claimed_text_of_a_megabyte_makes_no_megabyte_of_message():
    (fault,) = entity_faults(TEXT, start=0, end=4, label="X", text="y" * 1_000_000)
    assert len(fault) < 300
    assert entity_faults(TEXT, start=0, end=4, label="X", text=5) == [
        "text[0:4] is 'Anna', the record says 5; 'text' must be a string"
    ]
    assert entity_faults(TEXT, start=0, end=4, label="X", text="")[0].endswith(
        "; offsets are end-exclusive code points"
    )


@given(st.text(max_size=30), st.integers(-3, 33), st.integers(-3, 33), st.text(max_size=5))
def test_an_entity_is_read_exactly_where_the_text_agrees(text, start, end, claimed):
    check = checker(text)
    found = check.entity(row(doc="d", start=start, end=end, label="X", text=claimed), check.documents["d"], None)
    right = 0 <= start < end <= len(text) and text[start:end] == claimed
    assert (found == Entity(start, end, "X")) == right
    assert len(check.faults) == (not right)


# ---- documents that records name --------------------------------------------------------------------------------


def test_an_unknown_document_and_the_nearest_one():
    check = Checker({"d01": Document("d01", "x"), "d02": Document("d02", "x"), "other": Document("other", "x")})
    assert check.document(row(doc="d1")) is None
    assert check.document(row(doc="zzz")) is None
    assert check.document(row(doc=5)) is None
    assert check.document(row(dok="d01")) is None
    assert check.document(row(doc="d02")).id == "d02"
    assert check.faults == [
        "e.jsonl:7: document 'd1' is not among the 3 documents; nearest: 'd01'",
        "e.jsonl:7: document 'zzz' is not among the 3 documents",
        "e.jsonl:7: 'doc' must be a non-empty string, found 5",
        "e.jsonl:7: a record of entities needs 'doc', found the keys ['dok']; is 'dok' meant?",
    ]


def test_a_document_id_in_another_unicode_form_is_told_apart():
    check = checker(doc="caf\u00e9")
    check.document(row(doc="cafe\u0301"))
    assert check.faults == [
        "e.jsonl:7: document 'cafe\u0301' is not among the 1 document; "
        "'caf\\xe9' looks the same as 'cafe\\u0301': one is in Unicode form NFC, the other in NFD"
    ]


def test_documents_that_are_passed_over_make_no_faults():
    check = Checker({}, passed_over={"d"})
    assert check.document(row(doc="d")) is None
    assert check.faults == []


@pytest.mark.timeout(120)
def test_a_hundred_thousand_wrong_ids_cost_seconds_not_hours():
    documents = {f"article-{number:06d}": Document(f"article-{number:06d}", "x") for number in range(20_000)}
    check = Checker(documents)
    for number in range(100_000):
        check.document(row(doc=f"articles-{number:06d}"))
    assert len(check.faults) == 100_000
    assert check.faults[0].endswith("; nearest: 'article-000000'")


@pytest.mark.timeout(60)
def test_a_hundred_thousand_wrong_offsets_in_a_long_text_cost_seconds():
    check = checker("One 😀.\r\n" * 60_000 + "x")
    for _ in range(20_000):
        check.entity(row(doc="d", start=400_000, end=400_003, label="X", text="Bob"), check.documents["d"], None)
    assert len(check.faults) == 20_000


# ---- sentences --------------------------------------------------------------------------------------------------

SENTENCES = {"d": (Sentence("s1", 0, 10), Sentence("s2", 11, 18), Sentence("s3", 20, 24))}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"sentence": "s2"}, "s2"),
        ({"sentence": "s2", "start": 0, "end": 1}, "s2"),
        ({}, None),
        ({"sentence": None}, None),
        ({"start": None, "end": None}, None),
        ({"start": 0, "end": 10}, "s1"),
        ({"start": 9, "end": 10}, "s1"),
        ({"start": 11, "end": 12}, "s2"),
        ({"start": 12, "end": 18}, "s2"),
        ({"start": 20, "end": 24}, "s3"),
    ],
)
def test_a_sentence_is_named_by_id_or_by_offsets(fields, expected):
    check = checker()
    assert check.sentence_id(row(**fields), check.documents["d"], SENTENCES) == expected
    assert check.faults == []


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"sentence": "s4"}, "sentence 's4' is not among the 3 of document 'd'"),
        ({"sentence": "s22"}, "sentence 's22' is not among the 3 of document 'd'; nearest: 's2'"),
        ({"sentence": 2}, "'sentence' must be a non-empty string, found 2"),
        ({"start": 0, "end": 11}, "no sentence of document 'd' holds 0-11; it has 3"),
        ({"start": 10, "end": 11}, "no sentence of document 'd' holds 10-11; it has 3"),
        ({"start": 9, "end": 12}, "no sentence of document 'd' holds 9-12; it has 3"),
        ({"start": 18, "end": 20}, "no sentence of document 'd' holds 18-20; it has 3"),
        ({"start": 0}, "a record of stance needs 'end', found the keys ['start']"),
        ({"end": 3}, "a record of stance needs 'start', found the keys ['end']"),
        ({"start": 0, "end": None}, "'end' must be a whole number of code points, found None"),
    ],
)
def test_a_sentence_that_is_not_there(fields, reason):
    check = checker()
    check.sentence_id(row("stance", **fields), check.documents["d"], SENTENCES)
    assert check.faults == [f"e.jsonl:7: {reason}"]


def test_offsets_in_a_document_without_sentences():
    check = checker()
    assert check.sentence_id(row(start=0, end=4), check.documents["d"], {}) is None
    assert check.faults == ["e.jsonl:7: no sentence of document 'd' holds 0-4; it has 0"]


@given(st.lists(st.integers(0, 60), min_size=2, max_size=12, unique=True), st.integers(0, 60), st.integers(1, 20))
def test_offsets_find_the_one_sentence_that_holds_them(cuts, start, length):
    cuts = sorted(cuts)[: len(cuts) // 2 * 2]
    sentences = [Sentence(f"s{n}", a, b) for n, (a, b) in enumerate(zip(cuts[::2], cuts[1::2], strict=True))]
    check = checker("x" * 100)
    found = check.sentence_id(row(start=start, end=start + length), check.documents["d"], {"d": sentences})
    expected = [s.id for s in sentences if s.start <= start and start + length <= s.end]
    assert found == (expected[0] if expected else None)
    assert bool(check.faults) == (not expected)


# ---- documents --------------------------------------------------------------------------------------------------


def documents(*records):
    return read_documents([Row(f"d.jsonl:{n}", "documents", record) for n, record in enumerate(records, start=1)])


@pytest.mark.parametrize(
    "name", ["../../x", "/abs", "a/b", "a_b", "a\\b", "..", ".", "CON", "x" * 300, "a.", "😀", "=1"]
)
def test_any_name_may_be_an_id(name):
    found, faults, refused = documents({"id": name, "text": "x"})
    assert list(found) == [name]
    assert faults == []
    assert refused == set()


def test_metadata_is_kept_as_it_stands():
    found, faults, _ = documents({"id": "a", "text": "x", "split": "dev", "n": [1, {"k": None}], "f": 0.5})
    assert found["a"].metadata == {"split": "dev", "n": [1, {"k": None}], "f": 0.5}
    assert faults == []


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"id": "", "text": "x"}, "'id' must be a non-empty string, found ''"),
        ({"id": 1, "text": "x"}, "'id' must be a non-empty string, found 1"),
        ({"text": "x"}, "a record of documents needs 'id', found the keys ['text']"),
        ({"ID": "a", "text": "x"}, "a record of documents needs 'id', found the keys ['ID', 'text']"),
        ({"id": "a"}, "a record of documents needs 'text', found the keys ['id']"),
        (
            {"id": "a", "texts": "x"},
            "a record of documents needs 'text', found the keys ['id', 'texts']; is 'texts' meant?",
        ),
        ({"id": "a", "text": None}, "'text' must be a string, found None"),
        ({"id": "a", "text": ["x"]}, "'text' must be a string, found ['x']"),
        ({"id": "a\x00", "text": "x"}, "'id' holds a NUL character at 1"),
        ({"id": "a", "text": "xy\x00"}, "the text of document 'a' holds a NUL character at 2"),
        (
            {"id": "a", "text": "x\ud83d"},
            "the text of document 'a' holds a lone surrogate '\\ud83d' at 1; the file was made from broken UTF-16",
        ),
        (
            {"id": "a", "text": "\ufeffx"},
            "document 'a' starts with a byte order mark; save it without, or set data.encoding=utf-8-sig",
        ),
        ({"id": "a", "text": ""}, "document 'a' has no text"),
        ({"id": "a", "text": " \n\u3000"}, "document 'a' has no text"),
        (
            {"id": "a", "text": "x" * (MAX_DOCUMENT_CHARACTERS + 1)},
            "document 'a' has 5000001 characters, at most 5000000 are read",
        ),
        (
            {"id": "a", "text": "x", "source": ["y", {"k": "\ud83d"}]},
            "'source' holds a lone surrogate '\\ud83d' at 0; the file was made from broken UTF-16",
        ),
        ({"id": "a", "text": "x", "source": "y\x00"}, "'source' holds a NUL character at 1"),
        ({"id": "a", "text": "x", "k\x00": 1}, "'k\\x00' holds a NUL character at 1"),
        ({"id": "a", "text": "x", "n": float("nan")}, "'n' must be a finite number, found nan"),
        ({"id": "a", "text": "x", "n": {1, 2}}, "'n' must be a JSON value, found a set"),
    ],
)
def test_unfit_documents(record, reason):
    found, faults, refused = documents(record, {"id": "ok", "text": "fine"})
    assert faults == [f"d.jsonl:1: {reason}"]
    assert list(found) == ["ok"]
    assert refused == ({record["id"]} if record.get("id") == "a" else set())


def test_ids_that_stand_twice_or_look_alike():
    found, faults, refused = documents(
        {"id": "caf\u00e9", "text": "x"},
        {"id": "b", "text": "x"},
        {"id": "cafe\u0301", "text": "y"},
        {"id": "b", "text": "y"},
    )
    assert faults == [
        "d.jsonl:3: document id 'cafe\u0301' looks the same as the one at d.jsonl:1",
        "d.jsonl:4: document id 'b' stands at d.jsonl:2 already; ids are unique",
    ]
    assert [found[doc].text for doc in ("caf\u00e9", "b")] == ["x", "x"]
    assert refused == {"cafe\u0301"}


@given(st.text(alphabet=st.characters(codec=None, exclude_categories=()), max_size=20))
def test_a_text_without_problem_can_be_written(text):
    problem = text_problem(text)
    strange = [place for place, c in enumerate(text) if c == "\x00" or "\ud800" <= c <= "\udfff"]
    assert (problem is None) == (not strange)
    if problem is None:
        assert text.encode("utf-8").decode("utf-8") == text


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"doc": "d"}, True),
        ({"doc": "d", "annotator": "a"}, True),
        ({"doc": "d", "start": None, "end": None, "label": None, "text": None}, True),
        ({"doc": "d", "text": "Paris"}, False),
        ({"doc": "d", "lable": "GPE"}, False),
        ({"doc": "d", "start": 0}, False),
    ],
)
def test_only_a_document_alone_says_that_there_is_none(fields, expected):
    assert only_names_document(row(**fields)) is expected
