import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score

from harness.metric.base import Key
from harness.metric.stance_selective import StanceSelective
from harness.records import Stance

pytestmark = pytest.mark.core
LABELS = ["favor", "against", "none"]
NAN = math.nan
FAVG, MACRO, ACCURACY = (Key(f"stance.selective.{name}", "pooled") for name in ("favg", "macro_f1", "accuracy"))
COVERAGE = Key("stance.coverage", "pooled")


def add(examples, metric=None):
    metric, sums = metric or StanceSelective(), {}
    for gold, predicted in examples:
        for name, value in metric.count(Stance("t", gold), predicted and Stance("t", predicted)).items():
            sums[name] = sums.get(name, 0) + value
    return sums


def scores(examples, **parameters):
    metric = StanceSelective(**parameters)
    return {key: float(value) for key, value in metric.compute(add(examples, metric)).items()}


@pytest.mark.parametrize(
    ("examples", "favg", "macro", "accuracy", "coverage"),
    [
        ([("favor", "favor"), ("against", None), ("none", "unknown")], 0.5, 1, 1, 1 / 3),
        ([("favor", "favor"), ("against", "against"), ("none", None)], 1, 1, 1, 2 / 3),
        ([("favor", "against"), ("against", "against")], (0 + 2 / 3) / 2, (0 + 2 / 3) / 2, 0.5, 1),
        ([("favor", None), ("none", "unknown")], NAN, NAN, NAN, 0),  # nothing answered
        ([], NAN, NAN, NAN, NAN),
    ],
)
def test_by_hand(examples, favg, macro, accuracy, coverage):
    found = scores(examples)
    assert [found[key] for key in (FAVG, MACRO, ACCURACY, COVERAGE)] == pytest.approx(
        (favg, macro, accuracy, coverage), nan_ok=True
    )


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(LABELS), st.none() | st.sampled_from([*LABELS, "unknown"])), min_size=1, max_size=25
    )
)
def test_equals_scikit_learn_over_the_answered(examples):
    found = scores(examples)
    answered = [row for row in examples if row[1] in LABELS]
    assert found[COVERAGE] == len(answered) / len(examples)
    if not answered:
        assert all(math.isnan(found[key]) for key in (FAVG, MACRO, ACCURACY))
        return
    gold, predicted = zip(*answered, strict=True)
    present = sorted({*gold, *predicted})
    assert found[ACCURACY] == pytest.approx(accuracy_score(gold, predicted), abs=1e-12)
    for key, labels in ((FAVG, LABELS[:2]), (MACRO, present)):
        peer = f1_score(gold, predicted, labels=labels, average="macro", zero_division=0)
        assert found[key] == pytest.approx(peer, abs=1e-12)


def test_a_scheme_without_sides_has_no_favg():
    assert FAVG not in scores([("agree", "agree")], labels=("agree", "discuss"), sides=())


def test_signatures_and_support():
    metric, sums = StanceSelective(), add([("favor", "none"), ("none", "none"), ("favor", None)])
    assert [metric.support(key, sums) for key in (FAVG, MACRO, ACCURACY, COVERAGE)] == [1, 2, 2, 3]
    assert [metric.signature(key) for key in (FAVG, ACCURACY, COVERAGE)] == [
        "stance.selective.favg|avg:pooled|labels:favor+against|undef:0|noanswer:left_out|v:1",
        "stance.selective.accuracy|avg:pooled|noanswer:left_out|v:1",
        "stance.coverage|avg:pooled|of:examples|v:1",
    ]


@pytest.mark.parametrize("parameters", [{"labels": ("unknown",)}, {"sides": ("favor", "favor")}])
def test_bad_parameters_are_refused(parameters):
    with pytest.raises(ValueError, match="StanceSelective: "):
        StanceSelective(**parameters)
