import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import precision_recall_fscore_support

from harness.metric.base import Key
from harness.metric.entity_char import EntityChar
from harness.records import Entity

pytestmark = pytest.mark.core
NAN = float("nan")
FIELDS = ("precision", "recall", "f1")


def scores(gold, predicted):
    metric = EntityChar()
    return {key: float(value) for key, value in metric.compute(metric.count(gold, predicted)).items()}


@pytest.mark.parametrize(
    ("gold", "predicted", "expected"),
    [
        ([(0, 8, "A")], [(0, 6, "A")], (1, 0.75, 6 / 7)),
        ([(0, 8, "A")], [(0, 8, "B")], (0, 0, 0)),
        ([(0, 4, "A"), (2, 6, "A")], [(0, 6, "A")], (1, 1, 1)),  # two spans of one label cover a code point once
        ([(0, 4, "A"), (0, 4, "B")], [(0, 4, "A")], (1, 0.5, 2 / 3)),  # two labels cover it twice
        ([(0, 4, "A")], [(4, 8, "A")], (0, 0, 0)),
        ([(0, 4, "A")], [], (0, 0, 0)),
        ([], [(0, 4, "A")], (0, 0, 0)),
        ([], [], (NAN, NAN, NAN)),
    ],
)
def test_by_hand(gold, predicted, expected):
    found = scores([Entity(*mark) for mark in gold], [Entity(*mark) for mark in predicted])
    assert [found[Key(f"entity_char.{name}", "micro")] for name in FIELDS] == pytest.approx(expected, nan_ok=True)


def test_the_gap_of_a_discontinuous_entity_does_not_count():
    legs = Entity(0, 18, "A", parts=((0, 4), (14, 18)))
    assert EntityChar().count([legs], [Entity(0, 18, "A")]) == {
        "tp": 8,
        "fp": 10,
        "fn": 0,
        "label=A|tp": 8,
        "label=A|fp": 10,
        "label=A|fn": 0,
    }
    assert EntityChar().count([legs], [Entity(4, 14, "A")])["tp"] == 0
    assert EntityChar().count([legs], [Entity(0, 4, "A"), Entity(14, 18, "A")])["fp"] == 0


labels = ["A", "B", "C"]
entities = st.lists(
    st.builds(
        lambda s, n, label: Entity(s, s + n, label), st.integers(0, 25), st.integers(1, 15), st.sampled_from(labels)
    ),
    max_size=8,
)


@settings(max_examples=80, deadline=None)
@given(entities, entities)
def test_equals_scikit_learn_on_one_indicator_per_code_point_and_label(gold, predicted):
    tables = []
    for side in (gold, predicted):
        table = np.zeros((40, 3), dtype=int)
        for one in side:
            table[one.start : one.end, labels.index(one.label)] = 1
        tables.append(table)
    found = scores(gold, predicted)
    if gold or predicted:
        micro = precision_recall_fscore_support(*tables, average="micro", zero_division=0)[:3]
        assert [found[Key(f"entity_char.{name}", "micro")] for name in FIELDS] == pytest.approx(micro, abs=1e-12)
    each = precision_recall_fscore_support(*tables, average=None, zero_division=0)
    present = {one.label for one in gold + predicted}
    assert {key.slice for key in found} == {"all", *(f"label={label}" for label in present)}
    for label in present:
        ours = [found[Key(f"entity_char.{name}", "micro", f"label={label}")] for name in FIELDS]
        assert ours == pytest.approx([values[labels.index(label)] for values in each[:3]], abs=1e-12)


def test_a_very_long_span_costs_no_memory():
    counts = EntityChar().count([Entity(0, 10**12, "A")], [Entity(10**11, 10**12, "A")])
    assert counts["tp"] == 9 * 10**11


def test_signature_and_support():
    metric = EntityChar()
    assert metric.signature(Key("entity_char.f1", "micro")) == "entity_char.f1|avg:micro|unit:codepoint|label:yes|v:1"
    sums = metric.count([Entity(0, 4, "A"), Entity(0, 2, "B")], [])
    assert metric.support(Key("entity_char.f1", "micro"), sums) == 6
    assert metric.support(Key("entity_char.f1", "micro", "label=B"), sums) == 2
