import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.metric.base import Key
from harness.metric.stance_fnc import StanceFnc
from harness.records import Stance

pytestmark = pytest.mark.core
LABELS = ["agree", "disagree", "discuss", "unrelated"]
FNC, UNRELATED = Key("stance.fnc", "pooled"), Key("stance.fnc_unrelated", "pooled")
NAN = math.nan


def add(examples, metric=None):
    metric, sums = metric or StanceFnc(), {}
    for gold, predicted in examples:
        for name, value in metric.count(Stance("t", gold), predicted and Stance("t", predicted)).items():
            sums[name] = sums.get(name, 0) + value
    return sums


def scores(examples, **parameters):
    metric = StanceFnc(**parameters)
    found = metric.compute(add(examples, metric))
    return float(found[FNC]), float(found[UNRELATED])


@pytest.mark.parametrize(
    ("examples", "points", "unrelated"),
    [
        ([("agree", "agree")], 1, 0),
        ([("agree", "discuss")], 0.25, 0),
        ([("agree", "unrelated")], 0, 0),
        ([("unrelated", "unrelated")], 1, 1),
        ([("unrelated", "agree")], 0, 1),
        ([("agree", None), ("unrelated", "unknown")], 0, 0.25 / 1.25),
        ([("agree", "agree"), ("unrelated", "agree")], 1 / 1.25, 0.25 / 1.25),
        ([("agree", "agree"), ("query", "agree")], 1, 0),  # a gold label that the score does not know
        ([("query", "query")], NAN, NAN),
        ([], NAN, NAN),
    ],
)
def test_by_hand(examples, points, unrelated):
    assert scores(examples) == pytest.approx((points, unrelated), nan_ok=True)


@given(st.lists(st.tuples(st.sampled_from(LABELS), st.none() | st.sampled_from([*LABELS, "unknown"])), min_size=1))
def test_equals_two_decisions_counted_apart(examples):
    """A quarter for related or not, three quarters for the label, which only related examples have."""
    points = maximum = 0.0
    for gold, predicted in examples:
        related = gold != "unrelated"
        said = predicted in LABELS and predicted != "unrelated"
        points += 0.25 * (predicted in LABELS and related == said) + 0.75 * (related and gold == predicted)
        maximum += 0.25 + 0.75 * related
    assert scores(examples)[0] == pytest.approx(points / maximum, abs=1e-12)


def test_other_labels():
    assert scores([("yes", "no"), ("off", "off")], related=("yes", "no"), unrelated="off")[0] == 0.5 / 1.25


def test_signature_and_support():
    metric = StanceFnc()
    assert metric.signature(FNC) == (
        "stance.fnc|avg:pooled|related:agree+disagree+discuss|unrelated:unrelated|weights:0.25+0.75|noanswer:miss|v:1"
    )
    assert metric.support(FNC, add([("agree", None), ("unrelated", "agree"), ("query", "agree")])) == 2


@pytest.mark.parametrize("parameters", [{"related": ()}, {"unrelated": "agree"}, {"unrelated": "unknown"}])
def test_bad_parameters_are_refused(parameters):
    with pytest.raises(ValueError, match="StanceFnc: related and unrelated must be"):
        StanceFnc(**parameters)
