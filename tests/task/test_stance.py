"""Stance examples: what a model is shown, in which order, and which labels are answers."""

import pytest

from harness.config import DataConfig, LabelsConfig
from harness.errors import DataError, GoldError
from harness.gold import check_corpus
from harness.label_map import NO_MAP
from harness.records import Answer, Row, Target
from harness.records import Stance as StanceLabel
from harness.task.base import length_range
from harness.task.stance import Stance

pytestmark = pytest.mark.core

TEXT = "One.  Two.\nThree. Four."
SENTENCES = [
    {"doc": "d", "id": "s1", "start": 0, "end": 4},
    {"doc": "d", "id": "s2", "start": 6, "end": 10, "zone": "caption"},
    {"doc": "d", "id": "s3", "start": 11, "end": 17, "zone": "byline"},
    {"doc": "d", "id": "s4", "start": 18, "end": 23},
]


def corpus_of(judgements=(), sentences=SENTENCES, documents=({"id": "d", "text": TEXT},), targets=(), **settings):
    rows = [Row(f"d:{n}", "documents", one) for n, one in enumerate(documents)]
    rows += [Row(f"s:{n}", "sentences", one) for n, one in enumerate(sentences)]
    rows += [Row(f"t:{n}", "targets", one) for n, one in enumerate(targets)]
    rows += [Row(f"j:{n}", "stance", {"doc": "d", "label": "favor", **one}) for n, one in enumerate(judgements)]
    return check_corpus(rows, DataConfig(name="x", gold="x", **settings), need_gold=bool(judgements))


def examples_of(corpus, gold=True, **parameters):
    return Stance(**parameters).examples(corpus, gold=gold, selects=False, label_map=NO_MAP)


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        (0, ["", "", ""]),
        (1, ["", "One.", "Three."]),
        (2, ["", "One.", "Two. Three."]),
        (9, ["", "One.", "One. Two. Three."]),
    ],
)
def test_context_is_the_sentences_before(context, expected):
    corpus = corpus_of([{"target": "t", "sentence": s} for s in ("s1", "s2", "s4")])
    found = examples_of(corpus, context=context)
    assert [example.input.context for example in found] == expected
    assert [example.input.text for example in found] == ["One.", "Two.", "Four."]
    assert [example.fields["zone"] for example in found] == ["body", "caption", "body"]
    assert [example.unit for example in found] == ["s1", "s2", "s4"]


def test_context_is_no_negative_number():
    with pytest.raises(ValueError, match="context must be 0 or more sentences, got -1"):
        Stance(context=-1)


def test_context_is_part_of_the_signature():
    assert Stance(context=2).signature() == {"kind": "stance", "context": 2}


def test_a_whole_document_has_no_context():
    (found,) = examples_of(corpus_of([{"target": "t"}]))
    assert (found.id, found.unit, found.input.text, found.input.context, found.input.sentence) == (
        "d//t",
        "",
        TEXT,
        "",
        None,
    )


def test_offsets_name_their_sentence():
    found = examples_of(corpus_of([{"target": "t", "start": 7, "end": 9}, {"target": "t", "start": 18, "end": 23}]))
    assert [(e.id, e.input.text, e.input.sentence) for e in found] == [
        ("d/s2/t", "Two.", "s2"),
        ("d/s4/t", "Four.", "s4"),
    ]


def test_order_and_ids_are_those_of_the_gold():
    corpus = corpus_of(
        [
            {"target": "b/c", "sentence": "s4"},
            {"target": "a", "sentence": "s1", "label": "none"},
            {"target": "a", "id": "j/1", "label": "against"},
            {"target": "a", "id": "j2"},
            {"target": "a%2Fb", "sentence": "s1"},
        ]
    )
    found = examples_of(corpus)
    assert [example.id for example in found] == ["d/s4/b%2Fc", "d/s1/a", "d//a/j%2F1", "d//a/j2", "d/s1/a%252Fb"]
    assert [example.gold for example in found] == [
        StanceLabel("b/c", "favor"),
        StanceLabel("a", "none"),
        StanceLabel("a", "against"),
        StanceLabel("a", "favor"),
        StanceLabel("a%2Fb", "favor"),
    ]
    assert all(example.input.id == example.id for example in found)


def test_targets_have_their_words():
    corpus = corpus_of([{"target": "t", "sentence": "s1"}], targets=[{"id": "t", "text": "Travelling by train"}])
    assert examples_of(corpus)[0].input.target == Target("t", "Travelling by train")


@pytest.mark.parametrize(("words", "value"), [(1, "1-10"), (11, "11-20"), (21, "21-40"), (41, "41+")])
def test_length_of_the_sentence_or_document_is_a_field(words, value):
    text = " ".join(["word"] * words) + "\nTwo words."
    sentences = [
        {"doc": "d", "id": "s1", "start": 0, "end": len(text) - 11},
        {"doc": "d", "id": "s2", "start": len(text) - 10, "end": len(text)},
    ]
    documents = [{"id": "d", "text": text}]
    judgements = [{"target": target, "sentence": s} for s in ("s1", "s2") for target in "tu"]
    found = examples_of(corpus_of(judgements, sentences, documents))
    assert [example.fields["length"] for example in found] == [value, value, "1-10", "1-10"]
    (whole,) = examples_of(corpus_of([{"target": "t"}], sentences, documents))
    assert whole.fields["length"] == length_range(text)


def test_fields_never_replace_the_tasks_own():
    corpus = corpus_of(
        [{"target": "t", "sentence": "s2", "holder": "Ann", "zone": "x", "evidence": [0, 4]}],
        documents=[{"id": "d", "text": TEXT, "target": "y", "year": 2020, "holder": "Bob"}],
    )
    (found,) = examples_of(corpus)
    assert found.fields == {"target": "t", "zone": "caption", "length": "1-10", "holder": "Ann", "year": "2020"}
    reading = Stance().read(found, Answer(label="favor"), corpus, NO_MAP)
    assert reading.predicted == StanceLabel("t", "favor")


def test_units_are_documents_where_there_are_several():
    documents = [{"id": "d", "text": TEXT}, {"id": "e", "text": "x"}]
    corpus = corpus_of([{"target": "t", "sentence": "s1"}, {"target": "t", "doc": "e"}], documents=documents)
    assert [example.unit for example in examples_of(corpus)] == ["d", "e"]


# ---- without gold -----------------------------------------------------------------------------------------------


def test_without_gold_every_sentence_of_body_and_caption_meets_every_target():
    targets = [{"id": "t", "text": "T"}, {"id": "u", "text": "U"}]
    documents = [{"id": "d", "text": TEXT}, {"id": "e", "text": "Whole."}]
    found = examples_of(corpus_of(targets=targets, documents=documents), gold=False)
    assert [example.id for example in found] == [
        f"d/{sentence}/{target}" for sentence in ("s1", "s2", "s4") for target in "tu"
    ] + ["e//t", "e//u"]
    assert all(example.gold is None for example in found)
    assert found[-1].input.text == "Whole."


def test_without_gold_and_without_targets_there_is_nothing_to_ask():
    with pytest.raises(DataError, match=r"stance needs targets: put a targets.jsonl with lines"):
        examples_of(corpus_of(), gold=False)


# ---- answers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("label", ["favor", "against", "none", "unknown"])
def test_labels_of_the_scheme_and_an_abstention_are_answers(label):
    corpus = corpus_of([{"target": "t"}])
    (example,) = examples_of(corpus)
    reading = Stance().read(example, Answer(label=label, scores={"favor": 1.0}), corpus, NO_MAP)
    assert reading.predicted == StanceLabel("t", label)
    assert reading.predicted.scores == {"favor": 1.0}
    assert not reading.unparsed


@pytest.mark.parametrize("label", ["Favor", "neutral", "", "favor "])
def test_any_other_label_is_no_answer(label):
    corpus = corpus_of([{"target": "t"}])
    (example,) = examples_of(corpus)
    reading = Stance().read(example, Answer(label=label), corpus, NO_MAP)
    assert (reading.predicted, reading.unparsed) == (None, True)


def test_another_scheme_has_other_labels():
    corpus = corpus_of([{"target": "t", "label": "pro"}], labels=LabelsConfig(stance=("pro", "con")))
    (example,) = examples_of(corpus)
    assert Stance().read(example, Answer(label="con"), corpus, NO_MAP).predicted == StanceLabel("t", "con")
    assert Stance().read(example, Answer(label="favor"), corpus, NO_MAP).unparsed


@pytest.mark.parametrize("bin_", ["unparsed", "nonfinite", "failed", "missing"])
def test_what_was_not_scored_is_none(bin_):
    corpus = corpus_of([{"target": "t"}])
    (example,) = examples_of(corpus)
    for answer in (Answer(label="favor", bin=bin_), Answer(label="bogus", bin=bin_), Answer()):
        reading = Stance().read(example, answer, corpus, NO_MAP)
        assert (reading.predicted, reading.unparsed) == (None, False)


# ---- fields for slices ------------------------------------------------------------------------------------------


def seen(corpus, **parameters):
    return [example.fields.get("target_seen") for example in examples_of(corpus, **parameters)]


SPLIT = [
    {"id": "train", "text": "x", "split": "train"},
    {"id": "dev", "text": "x", "split": "dev"},
    {"id": "test", "text": "x", "split": "test"},
]
JUDGED = [
    {"doc": "train", "target": "tax"},
    {"doc": "dev", "target": "rail"},
    {"doc": "test", "target": "tax"},
    {"doc": "test", "target": "Rail"},
    {"doc": "test", "target": "new"},
]


def test_a_target_is_seen_where_another_split_has_it():
    corpus = corpus_of(JUDGED, documents=SPLIT, sentences=(), split="test")
    assert seen(corpus) == ["yes", "yes", "no"]


def test_a_target_is_seen_by_its_words_too():
    targets = [{"id": "a", "text": "The  Railway"}, {"id": "b", "text": "the railway"}, {"id": "c", "text": "roads"}]
    judged = [{"doc": "train", "target": "a"}, {"doc": "test", "target": "b"}, {"doc": "test", "target": "c"}]
    assert seen(corpus_of(judged, documents=SPLIT, sentences=(), targets=targets, split="test")) == ["yes", "no"]


def test_without_another_split_or_a_list_nothing_is_known():
    assert seen(corpus_of(JUDGED, documents=SPLIT, sentences=())) == [None] * 5
    # The other splits are there, and have no stance.
    assert seen(corpus_of(JUDGED[2:], documents=SPLIT, sentences=(), split="test")) == [None] * 3


def test_a_list_says_which_targets_were_seen_and_an_empty_one_that_none_was():
    corpus = corpus_of(JUDGED, documents=SPLIT, sentences=(), split="test")
    assert seen(corpus, seen_targets=("NEW",)) == ["no", "no", "yes"]
    assert seen(corpus, seen_targets=()) == ["no", "no", "no"]


def test_gold_that_says_itself_what_was_seen_is_believed():
    judged = [*JUDGED[:2], {**JUDGED[2], "target_seen": "no"}, *JUDGED[3:]]
    assert seen(corpus_of(judged, documents=SPLIT, sentences=(), split="test")) == ["no", "yes", "no"]


def test_what_was_seen_moves_no_answer():
    assert Stance(seen_targets=("t",)).signature() == Stance().signature()


def test_a_swapped_form_and_its_original_know_each_other():
    corpus = corpus_of(
        [
            {"target": "t", "sentence": "s1", "id": "a"},
            {"target": "t", "sentence": "s2", "id": "b", "swap_of": "a"},
            {"target": "u", "sentence": "s1", "swap_of": "a"},
            {"target": "v", "sentence": "s1", "id": "c"},
            {"target": "w", "sentence": "s1", "swap_of": None},
        ]
    )
    found = [(e.fields.get("swap"), e.fields.get("pair")) for e in examples_of(corpus)]
    assert found == [("original", "a"), ("swapped", "a"), ("swapped", "a"), (None, None), (None, None)]


@pytest.mark.parametrize(
    "judgements",
    [
        [{"target": "t", "swap_of": "a"}],  # no such id
        [{"target": "t", "id": "a", "swap_of": "a"}],  # itself
        [{"target": "t", "id": "a"}, {"target": "u", "id": "b", "swap_of": "a"}, {"target": "v", "swap_of": "b"}],
        [{"target": "t", "id": "a", "doc": "e"}, {"target": "t", "swap_of": "a"}],  # another document's
        [{"target": "t", "id": "a"}, {"target": "u", "swap_of": 3}],
    ],
)
def test_a_swapped_form_names_an_original_of_its_document(judgements):
    corpus = corpus_of(judgements, documents=[{"id": "d", "text": TEXT}, {"id": "e", "text": "x"}])
    with pytest.raises(GoldError, match=r"'swap_of' must be the id of another judgement of document 'd'"):
        examples_of(corpus)
