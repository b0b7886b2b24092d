import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix

from harness.metric.base import Key
from harness.metric.stance_confusion import StanceConfusion
from harness.records import Stance

pytestmark = pytest.mark.core
NAMES = ["favor", "against", "none", "unknown", "unanswered"]


def add(examples):
    metric, sums = StanceConfusion(), {}
    for gold, predicted in examples:
        for name, value in metric.count(Stance("t", gold), predicted and Stance("t", predicted)).items():
            sums[name] = sums.get(name, 0) + value
    return sums


def test_by_hand():
    sums = add([("favor", "against"), ("favor", "against"), ("none", "unknown"), ("none", None)])
    scores = StanceConfusion().compute(sums)
    assert {key: float(value) for key, value in scores.items()} == {
        Key("stance.confusion", "count", "gold=favor,predicted=against"): 2,
        Key("stance.confusion", "count", "gold=none,predicted=unanswered"): 1,
        Key("stance.confusion", "count", "gold=none,predicted=unknown"): 1,
    }


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(NAMES[:3]), st.none() | st.sampled_from(NAMES[:4])), min_size=1, max_size=20))
def test_equals_scikit_learn(examples):
    sums = add(examples)
    gold, predicted = zip(*((gold, answer or "unanswered") for gold, answer in examples), strict=True)
    matrix = confusion_matrix(gold, predicted, labels=NAMES)
    for i, row in enumerate(NAMES):
        for j, column in enumerate(NAMES):
            cell = f"gold={row},predicted={column}"
            assert sums.get(cell, 0) == matrix[i, j]
            assert StanceConfusion().support(Key("stance.confusion", "count", cell), sums) == matrix[i].sum()


def test_signature():
    key = Key("stance.confusion", "count", "gold=favor,predicted=none")
    assert StanceConfusion().signature(key) == "stance.confusion|avg:count|noanswer:column|v:1"
