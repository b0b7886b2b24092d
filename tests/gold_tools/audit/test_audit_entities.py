"""Odd spans and labels: each kind where it should be, and silence where it should not."""

import pytest

pytestmark = pytest.mark.core


def entity(text, said, label="X", doc="a", nth=0):
    start = -1
    for _ in range(nth + 1):
        start = text.index(said, start + 1)
    return {"doc": doc, "start": start, "end": start + len(said), "label": label}


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ("Bob ", "begins or ends with white space"),
        ("Bob,", "ends with ','"),
        (")Rome", "begins with ')'"),
        ("(Rome", "has '(' 1 and ')' 0 times"),
        ("Rome.", "ends with '.'; without it the string is marked 1 time"),
        ("“Rome”", "stands in quotes; without them the string is marked 1 time"),
        # Nothing odd: abbreviations, possessives, brackets in pairs, names in quotes that are never without.
        ("U.S.", None),
        ("Yahoo!", None),
        ("Lee (R)", None),
        ("'Dune'", None),
        ("O'Neil", None),
    ],
)
def test_edges(findings, said, what):
    text = f"Rome. {said} . end"
    found = findings(
        "span_edge", documents=[{"id": "a", "text": text}], entities=[entity(text, "Rome"), entity(text, said, nth=0)]
        if said != "Rome."
        else [{"doc": "a", "start": 6, "end": 10, "label": "X"}, {"doc": "a", "start": 0, "end": 5, "label": "X"}],
    )  # fmt: skip
    assert [one.what for one in found] == ([] if what is None else [what])
    if what:
        assert (found[0].doc, found[0].text) == ("a", said)


@pytest.mark.parametrize(
    ("text", "said", "word"),
    [
        ("Russians left", "Russian", "Russians"),
        ("anti-Russian", "Russian", None),
        ("Ann's", "Ann", None),
        ("Zoe\u0301 left", "Zoe", "Zoe\u0301"),
        # Scripts without spaces have no words to cut.
        ("\u6771\u4eac\u90fd\u5e81", "\u6771\u4eac", None),
        ("\U0001f600Ann", "Ann", None),
    ],
)
def test_words_that_are_cut(findings, text, said, word):
    found = findings("span_cuts_word", documents=[{"id": "a", "text": text}], entities=[entity(text, said)])
    assert [one.what for one in found] == ([] if word is None else [f"cuts {word!r}"])


def test_stretches_of_a_discontinuous_entity_are_looked_at(findings):
    legs = {"doc": "a", "start": 0, "end": 8, "label": "X", "parts": [[0, 2], [6, 8]]}
    (found,) = findings("span_cuts_word", documents=[{"id": "a", "text": "leg arms"}], entities=[legs])
    assert found.what == "cuts 'leg'"


def test_sentences_that_are_crossed(findings):
    text = "Ann B. Lee left. He ran. Gap"
    sentences = [{"doc": "a", "id": "s1", "start": 0, "end": 6}, {"doc": "a", "id": "s2", "start": 7, "end": 16}]
    found = findings(
        "span_crosses_sentence",
        documents=[{"id": "a", "text": text}],
        sentences=sentences,
        entities=[entity(text, "Ann B. Lee"), entity(text, "Lee"), entity(text, "He ran. Gap")],
    )
    assert [(one.text, one.what) for one in found] == [("Ann B. Lee", "begins in sentence 's1', which ends at 6")]


def test_overlaps_with_the_same_label(findings):
    text = "Bank of New York City hall " + "Ann " * 100
    documents = [{"id": "a", "text": text}]
    names = [{"doc": "a", "start": 27 + 4 * n, "end": 30 + 4 * n, "label": "PER"} for n in range(60)]
    bank, york, hall = (
        entity(text, "Bank of New York", "ORG"),
        entity(text, "New York", "ORG"),
        entity(text, "York City", "ORG"),
    )
    found = findings("overlap_same_label", documents=documents, entities=[*names, bank, york])
    assert [(one.text, one.what) for one in found] == [("New York", "ORG; lies in 'Bank of New York', the same")]
    # Where names lie in names by rule, only what crosses is told.
    found = findings("overlap_same_label", documents=documents, entities=[bank, york, hall])
    assert {(one.text, one.what.split(";")[1]) for one in found} == {
        ("York City", " overlaps 'Bank of New York', the same"),
        ("York City", " overlaps 'New York', the same"),
    }
    assert not findings("overlap_same_label", documents=documents, entities=[{**bank, "label": "X"}, hall])


def test_labels_that_differ(findings):
    text = "Paris Paris Paris Rome Rome Kyiv Kyiv"
    labels = ["GPE", "GPE", "ORG", "GPE", "LOC", "GPE"]
    entities = [entity(text, said, label, nth=n) for (said, n), label in zip(
        [("Paris", 0), ("Paris", 1), ("Paris", 2), ("Rome", 0), ("Rome", 1), ("Kyiv", 0)], labels, strict=True
    )]  # fmt: skip
    # Two labels on one and the same span are a rule.
    entities.append(entity(text, "Kyiv", "LOC"))
    found = findings("label_differs", documents=[{"id": "a", "text": text}], entities=entities)
    assert [(one.text, one.start) for one in found] == [("Paris", 12), ("Rome", 23)]
    assert found[0].what.startswith("ORG 1 time, first here; GPE 2 times, first at ")
    assert found[0].what.endswith("entities.jsonl:1")
    assert found[0].where.endswith("entities.jsonl:3")


def test_names_that_are_not_marked_everywhere(findings):
    text = "Ann met Bob. Ann Lee, Anna and ann met Ann's son. Bob"
    found = findings(
        "unmarked_elsewhere",
        documents=[{"id": "a", "text": text}, {"id": "b", "text": "Ann, not looked at for this"}],
        entities=[
            entity(text, "Ann"),
            entity(text, "Ann Lee"),
            entity(text, "Bob"),
            entity(text, "Bob", nth=1),
            {"doc": "b"},
        ],
    )
    # Not within `Ann Lee`, not in `Anna`, not `ann`, and not in another document.
    assert [(one.doc, one.start, one.end, one.text) for one in found] == [("a", 39, 42, "Ann")]
    assert found[0].what == "X 1 time in this document, 1 time not"


def test_what_is_mostly_a_word_is_no_slip(findings):
    text = "one may say that May is one of one or of one"
    found = findings("unmarked_elsewhere", documents=[{"id": "a", "text": text}], entities=[entity(text, "one")])
    assert not found


@pytest.mark.parametrize("said", ["$5", "(EU)", "#MeToo", "\u6771\u4eac", "U.S."])
def test_names_that_begin_or_end_with_marks_are_found_too(findings, said):
    text = f"a {said} b {said} c"
    (found,) = findings("unmarked_elsewhere", documents=[{"id": "a", "text": text}], entities=[entity(text, said)])
    assert (found.start, found.text) == (text.rindex(said), said)
