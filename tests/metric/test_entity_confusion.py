import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix

from harness.metric.base import Key
from harness.metric.entity_confusion import EntityConfusion
from harness.records import Entity

pytestmark = pytest.mark.core


@pytest.mark.parametrize(
    ("gold", "predicted", "cells"),
    [
        ([(0, 4, "GPE")], [(0, 4, "GPE")], {"gold=GPE,predicted=GPE": 1}),
        ([(0, 4, "GPE")], [(0, 4, "LOC")], {"gold=GPE,predicted=LOC": 1}),
        ([(0, 4, "GPE")], [(2, 6, "LOC")], {"gold=GPE,predicted=LOC": 1}),  # overlap is enough
        ([(0, 4, "GPE")], [(4, 6, "GPE")], {"gold=GPE,predicted=missed": 1, "gold=spurious,predicted=GPE": 1}),
        # the equal label takes the gold entity, though the other shares more text
        (
            [(0, 9, "ORG")],
            [(0, 7, "PER"), (7, 9, "ORG")],
            {"gold=ORG,predicted=ORG": 1, "gold=spurious,predicted=PER": 1},
        ),
        ([(0, 4, "GPE"), (5, 6, "GPE")], None, {"gold=GPE,predicted=missed": 2}),
        ([], [], {}),
    ],
)
def test_by_hand(gold, predicted, cells):
    metric = EntityConfusion()
    counts = metric.count([Entity(*mark) for mark in gold], predicted and [Entity(*mark) for mark in predicted])
    assert counts == cells
    assert {key.slice: float(value) for key, value in metric.compute(counts).items()} == cells
    assert all((key.metric, key.average) == ("entity.confusion", "count") for key in metric.compute(counts))


def test_a_discontinuous_entity_is_confused_only_with_what_shares_its_parts():
    legs = Entity(0, 18, "BODY", parts=((0, 4), (14, 18)))
    count = EntityConfusion().count
    assert count([legs], [Entity(3, 6, "ORG")]) == {"gold=BODY,predicted=ORG": 1}
    assert count([legs], [Entity(5, 13, "ORG")]) == {"gold=BODY,predicted=missed": 1, "gold=spurious,predicted=ORG": 1}


labels = ["GPE", "LOC", "ORG"]
marks = st.none() | st.tuples(st.integers(0, 5), st.integers(1, 6), st.sampled_from(labels))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(marks, marks), min_size=1, max_size=10))
def test_equals_scikit_learn_where_pairs_are_plain(slots):
    """One stretch of text each, so that spans meet nothing but the other span of their stretch."""
    sides, pairs = ([], []), []
    for place, marks_ in enumerate(slots):
        for side, mark in zip(sides, marks_, strict=True):
            if mark:
                side.append(Entity(20 * place + mark[0], 20 * place + mark[0] + mark[1], mark[2]))
        one, other = marks_
        if one and other and set(range(one[0], one[0] + one[1])) & set(range(other[0], other[0] + other[1])):
            pairs.append((one[2], other[2]))
        else:
            pairs += [(one[2], "missed")] if one else []
            pairs += [("spurious", other[2])] if other else []
    counts = EntityConfusion().count(*sides)
    if not pairs:
        assert counts == {}
        return
    names = [*labels, "missed", "spurious"]
    matrix = confusion_matrix(*zip(*pairs, strict=True), labels=names)
    for i, gold in enumerate(names):
        for j, predicted in enumerate(names):
            assert counts.get(f"gold={gold},predicted={predicted}", 0) == matrix[i, j]


def test_support_is_the_gold_label_and_signature_names_the_pairing():
    metric = EntityConfusion()
    sums = {"gold=GPE,predicted=LOC": 2.0, "gold=GPE,predicted=missed": 3.0, "gold=spurious,predicted=LOC": 4.0}
    assert metric.support(Key("entity.confusion", "count", "gold=GPE,predicted=LOC"), sums) == 5
    assert metric.support(Key("entity.confusion", "count", "gold=spurious,predicted=LOC"), sums) == 0
    key = Key("entity.confusion", "count", "gold=GPE,predicted=LOC")
    assert metric.signature(key) == "entity.confusion|avg:count|match:overlap|pairs:max_weight|dup:once|v:1"
