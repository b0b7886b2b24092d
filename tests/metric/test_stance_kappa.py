import math
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from harness.metric.base import Key
from harness.metric.stance_kappa import StanceKappa
from harness.records import Stance

pytestmark = pytest.mark.core
KAPPA = Key("stance.kappa", "pooled")
LABELS = ["favor", "against", "none"]


def add(examples):
    metric, sums = StanceKappa(), {}
    for gold, predicted, *times in examples:
        for name, value in metric.count(Stance("t", gold), predicted and Stance("t", predicted)).items():
            sums[name] = sums.get(name, 0) + value * (times[0] if times else 1)
    return sums


def kappa(examples):
    return float(StanceKappa().compute(add(examples))[KAPPA])


@pytest.mark.parametrize(
    ("examples", "expected"),
    [
        # Cohen's own layout: 45 + 15 of 100 agree; by chance 60*70 + 40*30 of 10,000.
        (
            [("favor", "favor", 45), ("favor", "against", 15), ("against", "favor", 25), ("against", "against", 15)],
            (0.60 - 0.54) / 0.46,
        ),
        ([("favor", "favor"), ("against", "against")], 1),
        ([("favor", "against"), ("against", "favor")], -1),
        ([("favor", "favor"), ("against", "favor")], 0),  # one answer for all: no agreement beyond chance
        ([("favor", None)], 0),
        ([("favor", "favor"), ("none", "unknown"), ("none", "none")], (2 / 3 - 3 / 9) / (1 - 3 / 9)),
        ([("favor", "favor")], math.nan),  # one label on both sides: all agreement is chance
        ([], math.nan),
    ],
)
def test_by_hand(examples, expected):
    assert kappa(examples) == pytest.approx(expected, nan_ok=True)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(LABELS), st.none() | st.sampled_from([*LABELS, "unknown"])), min_size=1, max_size=25
    )
)
def test_equals_scikit_learn(examples):
    gold = [row[0] for row in examples]
    predicted = [row[1] if row[1] in LABELS else "no answer" for row in examples]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where it is undefined, and gives NaN too
        peer = cohen_kappa_score(gold, predicted, labels=[*LABELS, "no answer"])
    assert kappa(examples) == pytest.approx(peer, abs=1e-12, nan_ok=True)


def test_signature_and_support():
    assert StanceKappa().signature(KAPPA) == "stance.kappa|avg:pooled|weights:none|noanswer:label|v:1"
    assert StanceKappa().support(KAPPA, add([("favor", None), ("none", "favor")])) == 2
