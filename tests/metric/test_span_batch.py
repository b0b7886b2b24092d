"""Counted in columns or one by one: the same counts, whatever the examples."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.metric.entity_f1 import EntityF1
from harness.metric.entity_overlap import EntityOverlap
from harness.metric.span_batch import ManyCounts, align_many, many_counts
from harness.records import Entity
from tests.metric.test_spans import entities

pytestmark = pytest.mark.core

METRICS = (
    EntityF1(),
    EntityF1(labelled=False),
    EntityOverlap(),
    EntityOverlap(categories=True),
    EntityOverlap(by_label=True),
)


def states(many: ManyCounts):
    """Each example's counts as a dictionary."""
    found = []
    for first, last in zip(many.offsets[:-1], many.offsets[1:], strict=True):
        names = [many.names[column] for column in many.columns[first:last]]
        assert len(set(names)) == len(names)
        found.append(dict(zip(names, many.values[first:last].tolist(), strict=True)))
    return found


def assert_same(gold, predicted):
    for metric in METRICS:
        expected = [metric.count(one, other) for one, other in zip(gold, predicted, strict=True)]
        assert states(metric.count_many(gold, predicted)) == expected


plain = st.builds(
    lambda start, length, label: Entity(start, start + length, label),
    st.integers(0, 30),
    st.integers(1, 9),
    st.sampled_from(["PER", "ORG", "a|b"]),
)
sides = st.lists(plain, max_size=8)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(sides, st.none() | sides), max_size=6))
def test_columns_and_one_by_one_give_the_same_counts(examples):
    assert_same(tuple(gold for gold, _ in examples), tuple(predicted for _, predicted in examples))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.lists(entities(), max_size=5), st.lists(entities(), max_size=5)), max_size=4))
def test_with_discontinuous_entities_in_some_examples(examples):
    assert_same([gold for gold, _ in examples], [predicted for _, predicted in examples])


@pytest.mark.parametrize(
    "far",
    [
        Entity(2**62, 2**62 + 5, "PER"),  # fits the column, not the key
        Entity(2**70, 2**70 + 5, "PER"),  # fits neither
        Entity(-7, -2, "PER"),
        Entity(0, 2**61, "PER"),
    ],
)
def test_offsets_that_fit_no_column(far):
    near = [Entity(0, 5, "ORG"), Entity(9, 12, "PER")]
    assert_same([near, [far], near], [near[:1], [far], [far, *near]])
    assert_same([near, [far]], [near, None])


def test_order_and_duplicates_change_nothing():
    gold, predicted = (
        [Entity(9, 12, "B"), Entity(0, 5, "A"), Entity(9, 12, "B")],
        [Entity(1, 3, "A"), Entity(0, 5, "B")],
    )
    assert_same([gold, gold[::-1]], [predicted * 2, predicted[::-1]])
    one, other = states(EntityOverlap().count_many([gold, gold[::-1]], [predicted, predicted[::-1]]))
    assert one == other


def test_nothing_at_all():
    for metric in METRICS:
        assert states(metric.count_many((), ())) == []
        assert states(metric.count_many(((), ()), (None, ()))) == [metric.count((), None)] * 2


def test_as_many_answers_as_examples():
    for metric in METRICS:
        with pytest.raises(ValueError, match=r"as many answers as examples|zip\(\)"):
            metric.count_many(([],), ())


def test_what_is_kept_of_the_last_examples_is_never_taken_for_others():
    gold, answers = ([Entity(0, 5, "A")],), ([Entity(0, 5, "A")],)
    assert align_many(gold, answers) is align_many(gold, answers)
    assert align_many(gold, ([Entity(0, 5, "B")],)).same.rows.size == 0
    changing = [[Entity(0, 5, "A")]]
    assert align_many(gold, changing).same.rows.size == 1
    changing[0] = []
    assert align_many(gold, changing).same.rows.size == 0


def test_counts_are_put_together_by_example():
    columns = [("a", np.array([0, 2]), np.array([1, 2])), ("b", np.array([2]), np.array([3]))]
    assert states(many_counts(3, columns, [(1, {"a": 5.0, "c": 6.0})])) == [
        {"a": 1},
        {"a": 5, "c": 6},
        {"a": 2, "b": 3},
    ]
