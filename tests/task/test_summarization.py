"""Summary examples: styles and their limits, the part of a page that is summarized, extracts for those that select."""

import pytest

from harness.config import DataConfig
from harness.errors import GoldError
from harness.gold import check_corpus
from harness.label_map import NO_MAP
from harness.records import Answer, Row, Summary
from harness.task.summarization import Style, Summarization

pytestmark = pytest.mark.core

TEXT = "By Ann\nOne. Two.\n\nThree.  Four.\nPhoto: X"
SENTENCES = [
    {"doc": "d", "id": "s0", "start": 0, "end": 6, "zone": "byline"},
    {"doc": "d", "id": "s1", "start": 7, "end": 11},
    {"doc": "d", "id": "s2", "start": 12, "end": 16},
    {"doc": "d", "id": "s3", "start": 18, "end": 24},
    {"doc": "d", "id": "s4", "start": 26, "end": 31},
    {"doc": "d", "id": "s5", "start": 32, "end": 40, "zone": "caption"},
]
GOLD = [
    {"style": "headline", "text": "H"},
    {"text": "D"},
    {"style": "extract", "sentences": ["s3", "s1"]},
    {"style": "headline", "text": "H2", "annotator": "b"},
    {"style": "extract", "sentences": ["s4"], "annotator": "b"},
]


def corpus_of(references=GOLD, sentences=SENTENCES, documents=({"id": "d", "text": TEXT},), **settings):
    rows = [Row(f"d:{n}", "documents", one) for n, one in enumerate(documents)]
    rows += [Row(f"s:{n}", "sentences", one) for n, one in enumerate(sentences)]
    rows += [Row(f"r:{n}", "summaries", {"doc": "d", **one}) for n, one in enumerate(references)]
    return check_corpus(rows, DataConfig(name="x", gold="x", **settings), need_gold=bool(references))


def examples_of(corpus, gold=True, selects=True, **parameters):
    return Summarization(**parameters).examples(corpus, gold=gold, selects=selects, label_map=NO_MAP)


def test_styles_are_those_of_the_gold_in_its_order():
    found = examples_of(corpus_of())
    assert [(e.id, e.fields["style"], e.input.style, e.gold.style) for e in found] == [
        (f"d/{style}", style, style, style) for style in ("headline", "default", "extract")
    ]


def test_several_references_of_one_style_are_kept_together():
    headline, default, extract = examples_of(corpus_of())
    assert (headline.gold.texts, headline.gold.extracts) == (("H", "H2"), ())
    assert (default.gold.texts, default.gold.extracts) == (("D",), ())
    assert (extract.gold.texts, extract.gold.extracts) == ((), (("s3", "s1"), ("s4",)))
    assert headline.gold.source == TEXT


def test_extracts_are_asked_only_of_models_that_select():
    assert [e.fields["style"] for e in examples_of(corpus_of(), selects=False)] == ["headline", "default"]


def test_the_body_is_given_one_paragraph_a_line():
    (found,) = examples_of(corpus_of([{"text": "D"}]))
    assert found.input.text == "One. Two.\nThree. Four."
    assert found.input.sentences == (("s1", "One."), ("s2", "Two."), ("s3", "Three."), ("s4", "Four."))


def test_documents_without_sentences_are_split_here():
    (found,) = examples_of(corpus_of([{"text": "D"}], sentences=[]))
    assert found.input.text == "By Ann\nOne. Two.\nThree. Four.\nPhoto: X"
    assert [name for name, _ in found.input.sentences] == ["s01", "s02", "s03", "s04", "s05", "s06"]
    assert [text for _, text in found.input.sentences] == ["By Ann", "One.", "Two.", "Three.", "Four.", "Photo: X"]


def test_documents_without_a_body_are_a_fault_and_no_empty_input():
    documents = [{"id": name, "text": TEXT} for name in "abd"]
    zoned = [{**one, "doc": doc, "zone": "intro"} for one in SENTENCES for doc in "ab"]
    references = [{"doc": doc, "text": "D"} for doc in "abd"]
    with pytest.raises(GoldError) as refused:
        examples_of(corpus_of(references, zoned, documents))
    assert refused.value.faults == tuple(
        f"document {doc!r}: no sentence has zone 'body', so a summary has no source" for doc in "ab"
    )


LIMITS = {"headline": Style(max_words=30, max_sentences=1), "default": Style(min_words=5)}


def test_limits_reach_model_and_gold():
    headline, default, extract = examples_of(corpus_of(), styles=LIMITS)
    assert [(e.input.min_words, e.input.max_words, e.input.max_sentences) for e in (headline, default, extract)] == [
        (None, 30, 1),
        (5, None, None),
        (None, None, None),
    ]
    assert [(e.gold.min_words, e.gold.max_words) for e in (headline, default, extract)] == [
        (None, 30),
        (5, None),
        (None, None),
    ]


def test_limits_are_the_signature_and_the_choice_of_styles_is_not():
    of = Summarization(styles=LIMITS).signature()
    assert of == {
        "kind": "summarization",
        "styles": {"default": [5, None, None], "headline": [None, 30, 1]},
    }
    assert Summarization(styles=LIMITS, only=("headline",)).signature() == of
    assert Summarization(styles=dict(reversed(LIMITS.items()))).signature() == of
    assert Summarization().signature() != of


def test_only_some_styles():
    assert [e.fields["style"] for e in examples_of(corpus_of(), only=("extract", "headline"))] == [
        "headline",
        "extract",
    ]
    assert [e.fields["style"] for e in examples_of(corpus_of(), only=("extract", "headline"), selects=False)] == [
        "headline"
    ]


def test_a_style_that_nobody_has_is_a_fault():
    with pytest.raises(GoldError) as refused:
        examples_of(corpus_of(), only=("headlines", "headline"))
    assert refused.value.faults == (
        "task.summarization.only: no document has a reference of style 'headlines'; "
        "styles found: default, extract, headline",
    )


def test_fields_never_replace_the_tasks_own():
    documents = [{"id": "d", "text": TEXT, "style": "tabloid", "year": 2020}]
    (found,) = examples_of(corpus_of([{"style": "headline", "text": "H"}], documents=documents))
    assert found.fields == {"style": "headline", "length": "1-250", "year": "2020"}


@pytest.mark.parametrize(
    ("words", "value"), [(1, "1-250"), (250, "1-250"), (251, "251-500"), (501, "501-1000"), (1001, "1001+")]
)
def test_length_of_what_a_model_is_given_is_a_field(words, value):
    text = " ".join(["word"] * words) + "\nNot shown."
    sentences = [
        {"doc": "d", "id": "s1", "start": 0, "end": len(text) - 11},
        {"doc": "d", "id": "s2", "start": len(text) - 10, "end": len(text), "zone": "caption"},
    ]
    found = examples_of(corpus_of([{"text": "D"}], sentences, [{"id": "d", "text": text}]))
    assert [example.fields["length"] for example in found] == [value]


def test_units_are_documents_or_nothing():
    assert {e.unit for e in examples_of(corpus_of())} == {""}
    documents = [{"id": "d", "text": TEXT}, {"id": "e/f", "text": "x"}]
    found = examples_of(corpus_of([{"text": "D"}, {"doc": "e/f", "text": "D"}], documents=documents))
    assert [(e.id, e.unit) for e in found] == [("d/default", "d"), ("e%2Ff/default", "e/f")]


@pytest.mark.parametrize(
    ("parameters", "selects", "expected"),
    [
        ({}, True, ["default"]),
        ({"styles": LIMITS}, True, ["headline", "default"]),
        ({"styles": {**LIMITS, "extract": Style()}}, True, ["headline", "default", "extract"]),
        ({"styles": {**LIMITS, "extract": Style()}}, False, ["headline", "default"]),
        ({"styles": LIMITS, "only": ("mine",)}, True, ["mine"]),
    ],
)
def test_without_gold_the_styles_are_those_of_the_parameters(parameters, selects, expected):
    found = examples_of(corpus_of(()), gold=False, selects=selects, **parameters)
    assert [e.fields["style"] for e in found] == expected
    assert all(e.gold is None for e in found)


def test_answers():
    corpus = corpus_of()
    example = examples_of(corpus)[0]

    def read(**answer):
        return Summarization().read(example, Answer(**answer), corpus, NO_MAP).predicted

    assert read(text="A b.") == Summary("A b.")
    assert read(text="") == Summary("")
    assert read(sentences=("s1",)) == Summary("", ("s1",))
    assert read(text="One.", sentences=("s1",)) == Summary("One.", ("s1",))
    assert read() is None
    for bin_ in ("unparsed", "nonfinite", "failed", "missing"):
        assert read(text="A b.", bin=bin_) is None
