import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.metric.spans import covered, match, overlap
from harness.records import Entity

pytestmark = pytest.mark.core

entities = st.builds(
    lambda start, length, label: Entity(start, start + length, label),
    st.integers(0, 8),
    st.integers(1, 7),
    st.sampled_from(["PER", "ORG"]),
)
few = st.lists(entities, max_size=4, unique=True)


def value(pairs):
    """What the matching maximises, spelled out: exact entities, equal spans, equal labels, shared text, pairs."""
    exact = [one == other for one, other in pairs]
    spans = [(one.start, one.end) == (other.start, other.end) for one, other in pairs]
    labels = [one.label == other.label for one, other in pairs]
    shared = [len(set(range(one.start, one.end)) & set(range(other.start, other.end))) for one, other in pairs]
    return sum(exact), sum(spans), sum(labels), sum(shared), len(pairs)


def best_by_trying_all(gold, predicted):
    """Every way to give each gold entity a prediction of its own or none; no cleverness to share with the code."""
    best = (0, 0, 0, 0, 0)
    for given_ in itertools.permutations([*predicted, *[None] * len(gold)], len(gold)):
        pairs = [
            (one, other)
            for one, other in zip(gold, given_, strict=True)
            if other is not None and set(range(one.start, one.end)) & set(range(other.start, other.end))
        ]
        best = max(best, value(pairs))
    return best


@settings(max_examples=150, deadline=None)
@given(few, st.lists(entities, max_size=3, unique=True))
def test_no_other_matching_is_better(gold, predicted):
    assert value(match(gold, predicted).pairs) == best_by_trying_all(gold, predicted)


@settings(max_examples=100, deadline=None)
@given(st.lists(entities, max_size=12), st.lists(entities, max_size=12), st.randoms())
def test_every_entity_is_in_one_place_and_order_changes_nothing(gold, predicted, random):
    matching = match(gold, predicted)
    assert sorted([*(pair.gold for pair in matching.pairs), *matching.missed]) == sorted(set(gold))
    assert sorted([*(pair.predicted for pair in matching.pairs), *matching.spurious]) == sorted(set(predicted))
    assert all(overlap(*pair) > 0 for pair in matching.pairs)
    random.shuffle(gold)
    random.shuffle(predicted)
    assert match(gold, predicted) == matching


@settings(max_examples=50, deadline=None)
@given(few, few, few, few)
def test_texts_side_by_side_are_matched_apart(gold, predicted, more_gold, more_predicted):
    def moved(spans):
        return [Entity(span.start + 15, span.end + 15, span.label) for span in spans]

    whole = match(gold + moved(more_gold), predicted + moved(more_predicted)).pairs
    assert value(whole) == tuple(
        sum(parts)
        for parts in zip(
            value(match(gold, predicted).pairs), value(match(more_gold, more_predicted).pairs), strict=True
        )
    )


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


@given(st.lists(entities, max_size=10))
def test_covered_counts_each_code_point_once(spans):
    assert covered(spans) == len({place for span in spans for place in range(span.start, span.end)})
