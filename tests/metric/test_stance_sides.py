import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix

from harness.metric.base import Key
from harness.metric.stance_sides import StanceSides
from harness.records import Stance

pytestmark = pytest.mark.core
LABELS = ["favor", "against", "none"]
NAN = math.nan
FLIP = Key("stance.flip_rate", "pooled")
KEYS = (
    FLIP,
    Key("stance.flip_rate", "pooled", "label=favor"),
    Key("stance.flip_rate", "pooled", "label=against"),
    *(Key(f"stance.neutral_{name}", "pooled") for name in ("predicted", "gold", "excess")),
)


def add(examples, metric=None):
    metric, sums = metric or StanceSides(), {}
    for gold, predicted in examples:
        for name, value in metric.count(Stance("t", gold), predicted and Stance("t", predicted)).items():
            sums[name] = sums.get(name, 0) + value
    return sums


def scores(examples, **parameters):
    metric = StanceSides(**parameters)
    return {key: float(value) for key, value in metric.compute(add(examples, metric)).items()}


@pytest.mark.parametrize(
    ("examples", "expected"),
    [
        ([("favor", "favor"), ("against", "against")], (0, 0, 0, 0, 0, 0)),
        ([("favor", "against"), ("against", "favor")], (1, 1, 1, 0, 0, 0)),
        # One of two favor flips, against falls back on none: neutral answers 1/3, neutral gold none.
        ([("favor", "against"), ("favor", "favor"), ("against", "none")], (1 / 3, 0.5, 0, 1 / 3, 0, 1 / 3)),
        # No answer and an abstention are no flip and not neutral, and stay in the denominators.
        ([("favor", None), ("favor", "unknown"), ("none", "none")], (0, 0, NAN, 1 / 3, 1 / 3, 0)),
        # A side answered where gold has none is no flip.
        ([("none", "favor")], (NAN, NAN, NAN, 0, 1, -1)),
        ([], (NAN,) * 6),
    ],
)
def test_by_hand(examples, expected):
    found = scores(examples)
    assert found.keys() == set(KEYS)
    assert [found[key] for key in KEYS] == pytest.approx(expected, nan_ok=True)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(LABELS), st.none() | st.sampled_from([*LABELS, "unknown"])), min_size=1, max_size=25
    )
)
def test_equals_the_cells_of_scikit_learn(examples):
    found = scores(examples)
    names = [*LABELS, "no answer"]
    gold = [row[0] for row in examples]
    predicted = [row[1] if row[1] in LABELS else "no answer" for row in examples]
    table = confusion_matrix(gold, predicted, labels=names)
    sides = table[:2].sum()
    flips = table[0, 1] + table[1, 0]
    assert found[FLIP] == pytest.approx(flips / sides if sides else NAN, nan_ok=True)
    share = table.sum(axis=0)[2] / len(examples), table.sum(axis=1)[2] / len(examples)
    assert [found[key] for key in KEYS[3:]] == pytest.approx([*share, share[0] - share[1]])


def test_a_scheme_without_a_neutral_label():
    found = scores([("pro", "con"), ("con", "con")], sides=("pro", "con"), neutral=None)
    assert found.keys() == {Key("stance.flip_rate", "pooled", slice_) for slice_ in ("all", "label=pro", "label=con")}
    assert found[FLIP] == 0.5


def test_every_resample_by_itself():
    sums = {"favor|against": np.array([1.0, 0.0]), "favor|favor": np.array([1.0, 0.0]), "none|none": np.array([0.0, 2])}
    found = StanceSides().compute(sums)
    assert found[FLIP] == pytest.approx([0.5, NAN], nan_ok=True)
    assert found[KEYS[3]] == pytest.approx([0, 1])


def test_signatures_and_support():
    metric, sums = StanceSides(), add([("favor", None), ("none", "favor"), ("against", "favor")])
    assert metric.signature(FLIP) == "stance.flip_rate|avg:pooled|sides:favor+against|noanswer:in_denominator|v:1"
    assert metric.signature(KEYS[5]) == "stance.neutral_excess|avg:pooled|neutral:none|noanswer:in_denominator|v:1"
    assert [metric.support(key, sums) for key in KEYS] == [2, 1, 1, 3, 3, 3]


@pytest.mark.parametrize(
    "parameters",
    [{"sides": ("favor", "favor")}, {"sides": ("favor", "unknown")}, {"neutral": "favor"}, {"neutral": ""}],
)
def test_labels_that_are_none_are_refused(parameters):
    with pytest.raises(ValueError, match=r"StanceSides: (sides|neutral) must be"):
        StanceSides(**parameters)
