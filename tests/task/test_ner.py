"""NER examples hold all of a document and every gold entity once, whatever the sentences; answers fall into place."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.config import DataConfig, LabelsConfig
from harness.errors import GoldError
from harness.gold import check_corpus
from harness.label_map import NO_MAP, LabelMap
from harness.records import Answer, Entity, Row
from harness.task.base import length_range
from harness.task.ner import Ner

pytestmark = pytest.mark.core


def corpus_of(texts, sentences=(), entities=(), metadata=None, **settings):
    """A corpus of {id: text}, (doc, id, start, end[, zone]) and (doc, start, end, label)."""
    rows = [Row("d:1", "documents", {"id": d, "text": t, **(metadata or {})}) for d, t in texts.items()]
    rows += [
        Row("s:1", "sentences", dict(zip(("doc", "id", "start", "end", "zone"), one, strict=False)))
        for one in sentences
    ]
    rows += [Row("e:1", "entities", {"doc": d}) for d in texts]
    rows += [
        Row(f"e:{n}", "entities", dict(zip(("doc", "start", "end", "label"), one, strict=True)))
        for n, one in enumerate(entities)
    ]
    return check_corpus(rows, DataConfig(name="x", gold="x", **settings))


def examples_of(corpus, label_map=NO_MAP, gold=True):
    return Ner().examples(corpus, gold=gold, selects=False, label_map=label_map)


TEXT = "One. Two in Rome. Three"
SENTENCES = [("d", "s1", 0, 4), ("d", "s2", 5, 17)]


def test_sentences_and_what_lies_between_them():
    corpus = corpus_of({"d": "Ed: One. and Two. Rome"}, [("d", "s1", 4, 8, "caption"), ("d", "s2", 13, 17)])
    found = examples_of(corpus)
    assert [(e.id, e.start, e.input.text, e.input.zone) for e in found] == [
        ("d/~0", 0, "Ed: ", "between"),
        ("d/s1", 4, "One.", "caption"),
        ("d/~8", 8, " and ", "between"),
        ("d/s2", 13, "Two.", "body"),
        ("d/~17", 17, " Rome", "between"),
    ]
    assert [(e.input.id, e.input.doc, e.fields["zone"]) for e in found] == [(e.id, "d", e.input.zone) for e in found]


def test_white_space_between_sentences_is_no_example():
    found = examples_of(corpus_of({"d": TEXT[:17] + " \n\u3000"}, SENTENCES))
    assert [e.id for e in found] == ["d/s1", "d/s2"]


def test_a_document_without_sentences_is_one_example():
    (found,) = examples_of(corpus_of({"d": TEXT}, entities=[("d", 12, 16, "GPE")]))
    assert (found.id, found.start, found.input.text, found.gold) == ("d", 0, TEXT, (Entity(12, 16, "GPE"),))


def test_units_are_documents_or_the_sentences_of_a_single_one():
    assert [e.unit for e in examples_of(corpus_of({"d": TEXT}, SENTENCES))] == ["s1", "s2", "~17"]
    assert [e.unit for e in examples_of(corpus_of({"d": TEXT}))] == [""]
    assert {e.unit for e in examples_of(corpus_of({"d": TEXT, "e": "x"}, SENTENCES))} == {"d", "e"}


def test_ids_are_unique_whatever_documents_and_sentences_are_called():
    texts = {"a": "xx yy zz", "a/b": "xx yy zz", "a%2Fb": "xx yy zz"}
    sentences = [("a", "b", 0, 2), ("a", "~5", 3, 5), ("a/b", "%", 0, 2), ("a/b", "/", 3, 5)]
    ids = [e.id for e in examples_of(corpus_of(texts, sentences))]
    assert ids == ["a/b", "a/~5", "a/~~5", "a%2Fb/%25", "a%2Fb/%2F", "a%2Fb/~5", "a%252Fb"]


def test_metadata_are_fields_and_never_replace_the_tasks_own():
    metadata = {"zone": "north", "length": "short", "year": 2020, "tags": ["a"], "ok": True}
    (found,) = examples_of(corpus_of({"d": "x"}, metadata=metadata))
    assert found.fields == {"zone": "body", "length": "1-10", "year": "2020", "ok": "True"}


@pytest.mark.parametrize(
    ("words", "value"), [(1, "1-10"), (10, "1-10"), (11, "11-20"), (20, "11-20"), (21, "21-40"), (41, "41+")]
)
def test_length_of_the_input_in_words_is_a_field(words, value):
    (found,) = examples_of(corpus_of({"d": "\n" + "so \t" * words}))
    assert found.fields["length"] == value == length_range(found.input.text)
    assert length_range(" \n") == "0"


def test_without_gold_every_document_is_asked_and_none_is_shown():
    corpus = corpus_of({"d": "x", "e": "y"}, entities=[("d", 0, 1, "NOT_IN_THE_MAP")], limit=1)
    (found,) = examples_of(corpus, LabelMap("m", {"A": "B"}), gold=False)
    assert (found.doc, found.gold) == ("d", None)


# ---- label maps -------------------------------------------------------------------------------------------------

COARSE = LabelMap("m", {"GPE": "LOC", "FAC": "LOC", "PERSON": "PER", "DATE": None})


def test_gold_is_mapped_and_what_a_map_makes_the_same_is_one():
    entities = [
        ("d", 0, 4, "GPE"),
        ("d", 0, 4, "FAC"),
        ("d", 5, 8, "DATE"),
        ("d", 9, 11, "PER"),
        ("d", 9, 11, "PERSON"),
    ]
    (found,) = examples_of(corpus_of({"d": TEXT}, entities=entities), COARSE)
    assert found.gold == (Entity(0, 4, "LOC"), Entity(9, 11, "PER"))


def test_gold_labels_without_a_mapping_are_a_fault_with_their_numbers():
    corpus = corpus_of(
        {"d": TEXT}, entities=[("d", 0, 4, "ORG"), ("d", 1, 4, "ORG"), ("d", 5, 8, "LAW"), ("d", 5, 7, "GPE")]
    )
    with pytest.raises(GoldError) as refused:
        examples_of(corpus, COARSE)
    assert refused.value.faults == ("label map m: gold labels without a mapping: LAW (1), ORG (2); add them to it",)


def read(corpus, entities, label_map=NO_MAP, example=0, **answer):
    chosen = examples_of(corpus, label_map)[example]
    return Ner().read(chosen, Answer(entities=tuple(entities), **answer), corpus, label_map)


def test_every_predicted_span_is_in_one_bin():
    corpus = corpus_of({"d": TEXT}, SENTENCES, [("d", 12, 16, "GPE"), ("d", 0, 3, "DATE"), ("d", 5, 8, "PERSON")])
    reading = read(
        corpus,
        [
            Entity(7, 11, "GPE", score=0.5),
            Entity(7, 11, "FAC"),  # the same after the map
            Entity(0, 3, "PER"),  # the end of an arrow
            Entity(0, 3, "LOC"),
            Entity(0, 3, "DATE"),  # dropped
            Entity(4, 5, "DATE"),
            Entity(0, 3, "ORG"),  # no place in the map
            Entity(-6, 2, "GPE"),  # before the document
            Entity(0, 19, "GPE"),  # beyond it
            Entity(3, 3, "GPE"),  # empty
            Entity(3, 2, "GPE"),
        ],
        COARSE,
        example=1,
        misaligned=2,
    )
    assert reading.predicted == (Entity(5, 8, "LOC"), Entity(5, 8, "PER"), Entity(12, 16, "LOC"))
    assert [(e.text, e.score) for e in reading.predicted] == [("Two", None), ("Two", None), ("Rome", 0.5)]
    assert (reading.scored, reading.unmapped, reading.misaligned) == (3, 1, 6)
    assert reading.dropped == {"DATE": 2}


def test_discontinuous_spans_are_shifted_and_read_by_their_parts():
    corpus = corpus_of({"d": TEXT}, SENTENCES, [("d", 12, 16, "GPE")])
    (found,) = read(corpus, [Entity(0, 11, "GPE", parts=((0, 3), (7, 11)))], example=1).predicted
    assert (found, found.text) == (Entity(5, 16, "GPE", parts=((5, 8), (12, 16))), "Two Rome")
    # One stretch is the whole.
    whole = read(corpus, [Entity(7, 11, "GPE", parts=((7, 11),))], example=1).predicted
    assert whole == (Entity(12, 16, "GPE"),)


@pytest.mark.parametrize(
    "parts",
    [
        ((0, 3), (3, 11)),  # they touch
        ((7, 11), (0, 3)),
        ((0, 5), (4, 11)),
        ((0, 3), (7, 10)),  # the end is another
        ((1, 3), (7, 11)),
        ((0, 3), (8, 7), (9, 11)),
    ],
)
def test_parts_that_make_no_entity_are_misaligned(parts):
    corpus = corpus_of({"d": TEXT}, SENTENCES, [("d", 12, 16, "GPE")])
    reading = read(corpus, [Entity(0, 11, "GPE", parts=parts)], example=1)
    assert (reading.predicted, reading.misaligned) == ((), 1)


def test_a_label_outside_the_scheme_is_unmapped_without_a_map_too():
    corpus = corpus_of({"d": TEXT}, entities=[("d", 0, 3, "A")])
    reading = read(corpus, [Entity(0, 3, "A"), Entity(0, 3, "B")])
    assert (reading.predicted, reading.scored, reading.unmapped) == ((Entity(0, 3, "A"),), 1, 1)
    declared = corpus_of({"d": TEXT}, entities=[("d", 0, 3, "A")], labels=LabelsConfig(entities=("A", "B")))
    assert read(declared, [Entity(0, 3, "B")]).predicted == (Entity(0, 3, "B"),)


def test_gold_with_nothing_in_it_has_no_scheme_to_be_outside_of():
    corpus = corpus_of({"d": TEXT})
    assert read(corpus, [Entity(0, 3, "A")]).predicted == (Entity(0, 3, "A"),)


@pytest.mark.parametrize("bin_", ["unparsed", "nonfinite", "failed", "missing"])
def test_what_was_not_scored_counts_nothing(bin_):
    corpus = corpus_of({"d": TEXT}, entities=[("d", 0, 3, "A")])
    reading = read(corpus, [Entity(0, 3, "A")], bin=bin_, misaligned=1)
    assert (reading.predicted, reading.scored, reading.misaligned) == ((), 0, 1)
    (example,) = examples_of(corpus)
    assert Ner().read(example, Answer(), corpus, NO_MAP).predicted == ()


# ---- laws -------------------------------------------------------------------------------------------------------


@st.composite
def corpora(draw):
    """Texts with any characters, sentences that leave gaps, entities that nest, touch and cross sentence borders."""
    texts, sentences, entities = {}, [], []
    for doc in ("d", "e")[: draw(st.integers(1, 2))]:
        text = draw(st.text(st.sampled_from("ab \n\t\u2028é😀\u0301"), min_size=1, max_size=40)) + "x"
        texts[doc] = text
        cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=10)))
        pairs = list(pairwise(cuts))
        kept = draw(st.lists(st.booleans(), min_size=len(pairs), max_size=len(pairs)))
        sentences += [(doc, f"s{a}", a, b) for (a, b), keep in zip(pairs, kept, strict=True) if keep]
        offsets = st.integers(0, len(text) - 1)
        spans = draw(st.sets(st.tuples(offsets, st.integers(1, 12), st.sampled_from("ABC")), max_size=10))
        entities += [(doc, start, min(start + length, len(text)), label) for start, length, label in spans]
    return corpus_of(texts, sentences, dict.fromkeys(entities), labels=LabelsConfig(entities=("A", "B", "C")))


@settings(max_examples=200)
@given(corpora())
def test_every_character_and_every_entity_is_in_exactly_one_example(corpus):
    found = examples_of(corpus)
    for doc, document in corpus.documents.items():
        of_document = [example for example in found if example.doc == doc]
        seen = [0] * len(document.text)
        for example in of_document:
            assert example.input.text == document.text[example.start : example.start + len(example.input.text)]
            for place in range(example.start, example.start + len(example.input.text)):
                seen[place] += 1
        assert all(times <= 1 for times in seen)
        assert all(times == 1 for times, character in zip(seen, document.text, strict=True) if character.strip())
        assert sorted(entity for example in of_document for entity in example.gold) == sorted(corpus.entities[doc])
        # Each is where it begins; in white space between two examples, or before the first, with the nearest one.
        for entity in corpus.entities[doc]:
            before = [example for example in of_document if example.start <= entity.start]
            assert entity in (before[-1] if before else of_document[0]).gold
    assert len({example.id for example in found}) == len(found)


@settings(max_examples=200)
@given(corpora())
def test_gold_given_back_relative_to_the_input_is_read_as_gold(corpus):
    for example in examples_of(corpus):
        shifted = tuple(Entity(e.start - example.start, e.end - example.start, e.label) for e in example.gold)
        reading = Ner().read(example, Answer(entities=shifted), corpus, NO_MAP)
        assert reading.predicted == example.gold
        assert (reading.scored, reading.unmapped, reading.misaligned) == (len(example.gold), 0, 0)
        text = corpus.documents[example.doc].text
        assert all(e.text == text[e.start : e.end] for e in (*reading.predicted, *example.gold))


answers = st.lists(
    st.builds(Entity, st.integers(-45, 45), st.integers(-45, 45), st.sampled_from(["A", "B", "C", "X", "DROP"])),
    max_size=12,
    unique=True,
)


@given(corpora(), answers, st.integers(0, 3))
def test_bins_add_up_to_what_was_answered(corpus, entities, misaligned):
    label_map = LabelMap("m", {"A": "A", "B": "A", "C": "C", "DROP": None})
    example = examples_of(corpus, label_map)[-1]
    reading = Ner().read(example, Answer(entities=tuple(entities), misaligned=misaligned), corpus, label_map)
    text = corpus.documents[example.doc].text
    fits = [e for e in entities if 0 <= e.start + example.start < e.end + example.start <= len(text)]
    assert reading.misaligned == misaligned + len(entities) - len(fits)
    assert reading.unmapped == sum(e.label == "X" for e in fits)
    assert sum(reading.dropped.values()) == sum(e.label == "DROP" for e in fits)
    expected = {
        Entity(e.start + example.start, e.end + example.start, "C" if e.label == "C" else "A")
        for e in fits
        if e.label in "ABC"
    }
    assert set(reading.predicted) == expected
    assert reading.scored == len(reading.predicted) == len(expected)
