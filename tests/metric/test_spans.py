"""The matching against every other matching, and what it must not depend on."""

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from harness.metric import spans as spans_module
from harness.metric.spans import align, covered, match, overlap, without_article
from harness.records import Entity

pytestmark = pytest.mark.core

LABELS = st.sampled_from(["PER", "ORG"])


@st.composite
def entities(draw):
    """Whole spans, and a third of them in two or three stretches."""
    label = draw(LABELS)
    if draw(st.integers(0, 2)):
        start = draw(st.integers(0, 8))
        return Entity(start, start + draw(st.integers(1, 7)), label)
    places = sorted(draw(st.sets(st.integers(0, 15), min_size=4, max_size=6)))
    parts = tuple(zip(places[::2], places[1::2], strict=False))
    return Entity(parts[0][0], parts[-1][1], label, parts=parts)


few = st.lists(entities(), max_size=4, unique=True)


def places(entity):
    """The code points of an entity, one by one."""
    return {place for start, end in entity.parts or [(entity.start, entity.end)] for place in range(start, end)}


def same_span(one, other):
    return (one.start, one.end, one.parts) == (other.start, other.end, other.parts)


def value(pairs):
    """What the matching maximises, spelled out: exact entities, equal spans, equal labels, shared text, pairs."""
    exact = [same_span(one, other) and one.label == other.label for one, other in pairs]
    spans = [same_span(one, other) for one, other in pairs]
    labels = [one.label == other.label for one, other in pairs]
    shared = [len(places(one) & places(other)) for one, other in pairs]
    return sum(exact), sum(spans), sum(labels), sum(shared), len(pairs)


def best_by_trying_all(gold, predicted):
    """Every way to give each gold entity a prediction of its own or none; no cleverness to share with the code."""
    best = (0, 0, 0, 0, 0)
    for given_ in itertools.permutations([*predicted, *[None] * len(gold)], len(gold)):
        pairs = [
            (one, other)
            for one, other in zip(gold, given_, strict=True)
            if other is not None and places(one) & places(other)
        ]
        best = max(best, value(pairs))
    return best


@settings(max_examples=120, deadline=None)
@given(few, st.lists(entities(), max_size=3, unique=True))
def test_no_other_matching_is_better(gold, predicted):
    assert value(match(gold, predicted).pairs) == best_by_trying_all(gold, predicted)


@settings(max_examples=60, deadline=None)
@given(st.lists(entities(), max_size=12), st.lists(entities(), max_size=12), st.randoms())
def test_every_entity_is_in_one_place_and_order_changes_nothing(gold, predicted, random):
    matching = match(gold, predicted)
    assert sorted([*(pair.gold for pair in matching.pairs), *matching.missed]) == sorted(set(gold))
    assert sorted([*(pair.predicted for pair in matching.pairs), *matching.spurious]) == sorted(set(predicted))
    assert all(overlap(*pair) > 0 for pair in matching.pairs)
    random.shuffle(gold)
    random.shuffle(predicted)
    assert match(gold, predicted) == matching


@settings(max_examples=60, deadline=None)
@given(few, few, few, few)
def test_texts_side_by_side_are_matched_apart(gold, predicted, more_gold, more_predicted):
    """Cut into documents or left together: not only as good, the very same pairs, so labels are confused alike."""

    def moved(spans):
        return [span.shifted(20) for span in spans]

    whole = match(gold + moved(more_gold), predicted + moved(more_predicted))
    first, second = match(gold, predicted), match(more_gold, more_predicted)
    assert whole.pairs == first.pairs + tuple((one.shifted(20), other.shifted(20)) for one, other in second.pairs)
    assert whole.missed == first.missed + tuple(moved(second.missed))
    assert whole.spurious == first.spurious + tuple(moved(second.spurious))


@settings(max_examples=60, deadline=None)
@given(st.lists(entities(), max_size=10), st.lists(entities(), max_size=10), st.integers(1, 10**9))
def test_the_place_in_the_document_changes_nothing(gold, predicted, by):
    there = match([one.shifted(by) for one in gold], [one.shifted(by) for one in predicted])
    here = match(gold, predicted)
    assert there.pairs == tuple((one.shifted(by), other.shifted(by)) for one, other in here.pairs)


@settings(max_examples=60, deadline=None)
@given(st.lists(entities(), max_size=10), st.lists(entities(), max_size=10))
def test_exact_pairs_are_the_intersection_of_the_sets(gold, predicted):
    matching = match(gold, predicted)
    assert {one for one, other in matching.pairs if one == other} == set(gold) & set(predicted)


@settings(max_examples=60, deadline=None)
@given(st.lists(entities(), max_size=8), st.lists(entities(), max_size=8))
def test_marks_say_the_same_as_entities(gold, predicted):
    def mark(entity):
        return entity.start, entity.end, entity.label, entity.parts

    matching, found = match(gold, predicted), align(gold, predicted)
    pairs = [*((one, one) for one in found.same), *found.pairs]
    assert sorted(pairs) == [(mark(one), mark(other)) for one, other in matching.pairs]
    assert found.missed == [mark(one) for one in matching.missed]
    assert found.spurious == [mark(one) for one in matching.spurious]


def test_what_is_kept_of_the_last_alignment_is_never_taken_for_another():
    gold, other = (Entity(0, 5, "A"),), (Entity(0, 5, "B"),)
    assert align(gold, other) is align(gold, other)
    assert align(gold, gold).same != align(gold, other).same
    # Lists may change between two calls, equal tuples are other tuples.
    answers = [Entity(0, 5, "A")]
    assert len(align(gold, answers).same) == 1
    answers[0] = Entity(0, 4, "A")
    assert len(align(gold, answers).same) == 0


def test_spans_that_touch_do_not_overlap():
    assert overlap(Entity(0, 5, "A"), Entity(5, 9, "A")) == 0
    assert overlap(Entity(0, 5, "A"), Entity(4, 9, "A")) == 1
    assert match([Entity(0, 5, "A")], [Entity(5, 9, "A")]).pairs == ()


def test_labels_are_paired_before_length():
    # The longer overlap has the wrong label; the right one lies next to it.
    gold, predicted = [Entity(0, 10, "ORG")], [Entity(0, 8, "PER"), Entity(8, 10, "ORG")]
    assert match(gold, predicted).pairs == ((gold[0], predicted[1]),)


def test_shared_text_goes_before_the_number_of_pairs():
    gold, predicted = [Entity(0, 10, "A"), Entity(10, 12, "A")], [Entity(0, 12, "B"), Entity(3, 10, "B")]
    # 10 code points in one pair, against 2 + 7 in two.
    assert match(gold, predicted).pairs == ((gold[0], predicted[0]),)
    # With 3 + 5 against 6, two pairs share more.
    gold, predicted = [Entity(0, 6, "A"), Entity(6, 9, "A")], [Entity(0, 9, "B"), Entity(1, 6, "B")]
    assert len(match(gold, predicted).pairs) == 2


def test_many_nested_spans_of_one_component():
    gold = [Entity(start, 400 - start, "A") for start in range(100)]
    predicted = [Entity(start, 401 - start, "A") for start in range(100)]
    assert len(match(gold, predicted).pairs) == 100


def test_discontinuous_spans_share_what_their_parts_share():
    arms_and_legs = "left arms and legs"  # "left arms" is whole, "left legs" is not
    legs = Entity(0, 18, "BODY", parts=((0, 4), (14, 18)))
    assert overlap(Entity(0, 9, "BODY"), legs) == len("left")
    assert overlap(Entity(5, 13, "BODY"), legs) == 0
    assert overlap(Entity(0, len(arms_and_legs), "BODY"), legs) == 8
    # What stands in a gap is no answer to what stands around it.
    assert match([legs], [Entity(5, 13, "BODY")]).pairs == ()
    # Start and end alone do not make two spans the same.
    whole = Entity(0, 18, "BODY")
    assert match([legs], [whole]).pairs == ((legs, whole),)
    assert match([legs, whole], [whole]).missed == (legs,)


@given(entities(), entities())
def test_overlap_counts_shared_code_points(one, other):
    assert overlap(one, other) == overlap(other, one) == len(places(one) & places(other))


@given(st.lists(entities(), max_size=10))
def test_covered_counts_each_code_point_once(spans):
    assert covered(spans) == len(set().union(*map(places, spans)))


# ---- exactness of the weights -------------------------------------------------------------------------------------

matrices = st.tuples(st.integers(1, 6), st.integers(1, 6)).flatmap(
    lambda shape: st.lists(
        st.lists(st.integers(0, 9), min_size=shape[1], max_size=shape[1]), min_size=shape[0], max_size=shape[0]
    )
)


@settings(max_examples=100, deadline=None)
@given(matrices, st.sampled_from([1, 10**15, 10**40]))
def test_the_solver_in_whole_numbers_equals_scipy(rows, scale):
    weights = np.array(rows)
    found = spans_module._exact_assignment(np.array([[one * scale for one in row] for row in rows], dtype=object))
    assert len(found) == min(weights.shape)
    assert len({i for i, _ in found}) == len(found) == len({j for _, j in found})
    assert sum(rows[i][j] for i, j in found) == weights[linear_sum_assignment(weights, maximize=True)].sum()


@settings(max_examples=60, deadline=None)
@given(few, st.lists(entities(), max_size=3, unique=True), st.sampled_from([10**6, 10**12, 10**30]))
def test_spans_of_any_length_are_matched_exactly(gold, predicted, scale):
    """The weights outgrow 64-bit floats, then 64-bit integers; one code point still decides."""

    def stretched(spans):
        return [
            Entity(e.start * scale, e.end * scale, e.label, parts=tuple((s * scale, t * scale) for s, t in e.parts))
            for e in spans
        ]

    exact, spans, labels, shared, number = value(match(gold, predicted).pairs)
    pairs = match(stretched(gold), stretched(predicted)).pairs
    assert sum(overlap(*pair) for pair in pairs) == shared * scale
    assert len(pairs) == number
    assert sum(one.label == other.label for one, other in pairs) == labels
    assert sum(same_span(*pair) for pair in pairs) == spans
    assert sum(one == other for one, other in pairs) == exact


def test_one_code_point_decides_between_very_long_spans():
    # As 64-bit floats all four weights are the same number, and the solver takes the worse pairs.
    size = 10**17
    gold = [Entity(1, size + 3, "A"), Entity(2, size, "A")]
    predicted = [Entity(3, size + 4, "B"), Entity(0, size + 1, "B")]
    pairs = match(gold, predicted).pairs
    # In this order they share size and size - 2 code points, crosswise size and size - 3.
    assert sum(overlap(*pair) for pair in pairs) == 2 * size - 2
    assert pairs == tuple(zip(gold, predicted, strict=True))


@pytest.mark.parametrize("limit", ["_EXACT_FLOAT", "_EXACT_INT"])
def test_which_solver_ran_does_not_show(monkeypatch, limit):
    rng = np.random.default_rng(5)
    starts, lengths, kinds = rng.integers(0, 60, (40, 2)), rng.integers(1, 20, (40, 2)), rng.integers(0, 3, (40, 2))
    gold, predicted = (
        [Entity(int(s), int(s + n), "ABC"[k]) for s, n, k in zip(starts[:, c], lengths[:, c], kinds[:, c], strict=True)]
        for c in (0, 1)
    )
    usual = value(match(gold, predicted).pairs)
    monkeypatch.setattr(spans_module, "_EXACT_FLOAT", 0)
    monkeypatch.setattr(spans_module, limit, 0)
    assert value(match(gold, predicted).pairs) == usual


# ---- articles -----------------------------------------------------------------------------------------------------


def named(text, start=10, parts=()):
    return Entity(start, parts[-1][1] if parts else start + len(text), "ORG", text, parts=parts)


@pytest.mark.parametrize(
    ("text", "expected", "cut"),
    [
        ("the Senate", "Senate", 4),
        ("The  \n Hague", "Hague", 7),
        ("AN Other", "Other", 3),
        ("a priori", "priori", 2),
        ("Theresa May", "Theresa May", 0),
        ("anthem", "anthem", 0),
        ("the", "the", 0),  # nothing else is left to name
        ("the ", "the ", 0),
        ("A", "A", 0),
        ("the the Band", "the Band", 4),  # one article, not two
        ("of the Senate", "of the Senate", 0),
    ],
)
def test_a_leading_article_goes(text, expected, cut):
    found = without_article(named(text))
    assert (found.text, found.start, found.end) == (expected, 10 + cut, 10 + len(text))


def test_an_article_of_a_discontinuous_entity():
    # "the old and new Senate": "the ... new Senate", "the old ... Senate"
    alone = named("the new Senate", 0, ((0, 3), (12, 22)))
    assert without_article(alone) == Entity(12, 22, "ORG")
    first = named("the old Senate", 0, ((0, 7), (16, 22)))
    assert without_article(first) == Entity(4, 22, "ORG", parts=((4, 7), (16, 22)))
    three = named("a b c", 0, ((0, 1), (3, 4), (6, 7)))
    assert without_article(three) == Entity(3, 7, "ORG", parts=((3, 4), (6, 7)))
    assert without_article(three).text == "b c"


def test_an_article_cannot_be_told_without_text():
    with pytest.raises(ValueError, match=r"'ORG' at \[0, 5\) has none; fill Entity.text"):
        without_article(Entity(0, 5, "ORG"))


words = st.lists(st.sampled_from(["the", "A", "An", "Senate", "x", " "]), min_size=1, max_size=6)


@given(words, st.data())
def test_what_is_left_is_what_the_text_says_there(chosen, data):
    text = " ".join(chosen)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), min_size=2, max_size=6)))
    parts = tuple(zip(cuts[::2], cuts[1::2], strict=False))
    said = " ".join(text[start:end] for start, end in parts)
    entity = Entity(parts[0][0], parts[-1][1], "X", said, parts=parts if len(parts) > 1 else ())
    left = without_article(entity)
    assert " ".join(text[start:end] for start, end in left.stretches) == left.text
    assert (left.stretches[0][0], left.stretches[-1][1]) == (left.start, left.end)
    assert left.end == entity.end
    assert len(left.parts) != 1
    assert dataclasses.replace(left, label="Y").label == "Y"
