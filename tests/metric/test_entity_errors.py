import math
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.metric.base import Key
from harness.metric.entity_confusion import EntityConfusion
from harness.metric.entity_errors import SIDES, EntityErrors
from harness.metric.entity_f1 import EntityF1
from harness.metric.entity_overlap import EntityOverlap
from harness.records import Entity

pytestmark = pytest.mark.core
CLASSES = ("correct", "wrong_label", "wrong_boundary", "both", "missed", "spurious")


def scores(gold, predicted):
    metric = EntityErrors()
    return {key: float(value) for key, value in metric.compute(metric.count(gold, predicted)).items()}


def numbers(gold, predicted, slice_="all"):
    found = scores(gold, predicted)
    return [found.get(Key(f"entity_errors.{name}", "count", slice_)) for name in CLASSES]


@pytest.mark.parametrize(
    ("gold", "predicted", "expected"),
    [
        ([(0, 5, "A")], [(0, 5, "A")], [1, 0, 0, 0, 0, 0]),
        ([(0, 5, "A")], [(0, 5, "B")], [0, 1, 0, 0, 0, 0]),
        ([(0, 5, "A")], [(0, 4, "A")], [0, 0, 1, 0, 0, 0]),
        ([(0, 5, "A")], [(0, 4, "B")], [0, 0, 0, 1, 0, 0]),
        ([(0, 5, "A")], [(5, 9, "A")], [0, 0, 0, 0, 1, 1]),  # they only touch
        ([(0, 5, "A")], [], [0, 0, 0, 0, 1, 0]),
        ([(0, 5, "A")], None, [0, 0, 0, 0, 1, 0]),  # a missing answer is an empty one
        ([], [(0, 5, "A")], [0, 0, 0, 0, 0, 1]),
        ([], [], [0, 0, 0, 0, 0, 0]),
        # split in two: one half has the wrong boundary, the other is spurious
        ([(0, 9, "A")], [(0, 4, "A"), (5, 9, "A")], [0, 0, 1, 0, 0, 1]),
        # one over two: it answers one of them, the other is missed
        ([(0, 4, "A"), (5, 9, "A")], [(0, 9, "A")], [0, 0, 1, 0, 1, 0]),
        # an exact prediction is correct whatever else overlaps
        ([(0, 5, "A")], [(0, 7, "B"), (0, 5, "A")], [1, 0, 0, 0, 0, 1]),
        ([(0, 5, "A"), (0, 5, "B")], [(0, 5, "B"), (0, 5, "C")], [1, 1, 0, 0, 0, 0]),
        ([(0, 5, "A"), (0, 5, "A")], [(0, 5, "A")] * 3, [1, 0, 0, 0, 0, 0]),  # duplicates count once
    ],
)
def test_by_hand(gold, predicted, expected):
    given_ = None if predicted is None else [Entity(*mark) for mark in predicted]
    assert numbers([Entity(*mark) for mark in gold], given_) == expected


def test_a_discontinuous_entity_found_whole_has_the_wrong_boundary():
    gold = [Entity(0, 18, "A", parts=((0, 4), (14, 18)))]
    assert numbers(gold, gold) == [1, 0, 0, 0, 0, 0]
    assert numbers(gold, [Entity(0, 18, "A")]) == [0, 0, 1, 0, 0, 0]
    assert numbers(gold, [Entity(5, 13, "A")]) == [0, 0, 0, 0, 1, 1]  # in its gap


# Eight gold entities and six predictions.
GOLD = [Entity(10 * n, 10 * n + 4, label) for n, label in enumerate("AAAABBCC")]
PREDICTED = [
    Entity(0, 4, "A"),  # correct
    Entity(10, 14, "B"),  # wrong label: gold A
    Entity(20, 25, "A"),  # wrong boundary
    Entity(31, 34, "C"),  # both: gold A
    Entity(40, 44, "B"),  # correct
    Entity(90, 94, "C"),  # spurious
]


def test_shares_by_hand():
    found = scores(GOLD, PREDICTED)

    def shares(side, slice_):
        return [found[Key(f"entity_errors.{name}", side, slice_)] for name in SIDES[side]]

    assert shares("gold", "all") == [2 / 8, 1 / 8, 1 / 8, 1 / 8, 3 / 8]
    assert shares("predicted", "all") == [2 / 6, 1 / 6, 1 / 6, 1 / 6, 1 / 6]
    assert shares("gold", "label=A") == [1 / 4, 1 / 4, 1 / 4, 1 / 4, 0]
    # Of the two predictions B one is right; of the two C one stands on an A, wrongly cut, and one on nothing.
    assert shares("predicted", "label=B") == [1 / 2, 1 / 2, 0, 0, 0]
    assert shares("predicted", "label=C") == [0, 0, 0, 1 / 2, 1 / 2]
    assert shares("gold", "label=C") == [0, 0, 0, 0, 1]
    # Pairs are counted where the gold label is, the spurious one under its own.
    assert numbers(GOLD, PREDICTED, "label=A") == [1, 1, 1, 1, 0, 0]
    assert numbers(GOLD, PREDICTED, "label=C") == [0, 0, 0, 0, 2, 1]


def test_a_side_without_entities_has_no_shares():
    found = scores([Entity(0, 4, "A")], [])
    assert found[Key("entity_errors.missed", "gold")] == 1
    assert math.isnan(found[Key("entity_errors.spurious", "predicted")])
    assert found[Key("entity_errors.spurious", "count")] == 0


spans = st.lists(
    st.builds(
        lambda s, n, label: Entity(s, s + n, label), st.integers(0, 20), st.integers(1, 9), st.sampled_from("ABC")
    ),
    max_size=9,
)


@settings(max_examples=100, deadline=None)
@given(spans, spans)
def test_agrees_with_confusion_overlap_and_strict_scores(gold, predicted):
    found = scores(gold, predicted)
    number = dict(zip(CLASSES, numbers(gold, predicted), strict=True))
    # Each gold entity and each prediction is in one class.
    assert sum(number.values()) - number["spurious"] == len(set(gold))
    assert sum(number.values()) - number["missed"] == len(set(predicted))
    cells = Counter()
    for name, count in EntityConfusion().count(gold, predicted).items():
        one, other = (side.partition("=")[2] for side in name.split(","))
        where = one if one == "spurious" else other if other == "missed" else "diagonal" if one == other else "beside"
        cells[where] += count
    assert cells["diagonal"] == number["correct"] + number["wrong_boundary"]
    assert cells["beside"] == number["wrong_label"] + number["both"]
    assert (cells["missed"], cells["spurious"]) == (number["missed"], number["spurious"])
    muc = EntityOverlap().count(gold, predicted)
    assert muc.get("exact|cor", 0) == number["correct"] + number["wrong_label"]
    assert muc.get("partial|par", 0) == number["wrong_boundary"] + number["both"]
    assert muc.get("type|inc", 0) == number["wrong_label"] + number["both"]
    strict = EntityF1().compute(EntityF1().count(gold, predicted))
    for side, name, own in [("gold", "recall", gold), ("predicted", "precision", predicted)]:
        if own:
            shares = [found[Key(f"entity_errors.{one}", side)] for one in SIDES[side]]
            assert sum(shares) == pytest.approx(1)
            assert shares[0] == pytest.approx(float(strict[Key(f"entity.{name}", "micro")]))
    # Labels add up to the whole.
    for name in CLASSES:
        parts = [found.get(Key(f"entity_errors.{name}", "count", f"label={label}"), 0) for label in "ABC"]
        assert sum(parts) == number[name]


def test_labels_may_hold_the_separator():
    found = scores([Entity(0, 4, "a|b"), Entity(5, 6, "a")], [Entity(0, 4, "a|b|gold")])
    assert found[Key("entity_errors.wrong_label", "count", "label=a|b")] == 1
    assert found[Key("entity_errors.missed", "gold", "label=a")] == 1
    assert found[Key("entity_errors.wrong_label", "predicted", "label=a|b|gold")] == 1


def test_support_and_signature():
    metric = EntityErrors()
    sums = metric.count(GOLD, PREDICTED)
    assert metric.support(Key("entity_errors.both", "gold"), sums) == 8
    assert metric.support(Key("entity_errors.both", "predicted", "label=C"), sums) == 2
    key = Key("entity_errors.both", "gold")
    assert metric.signature(key) == "entity_errors.both|avg:gold|match:overlap|pairs:max_weight|dup:once|v:1"
