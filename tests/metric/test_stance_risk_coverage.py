import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score

from harness.metric.base import Key
from harness.metric.stance_risk_coverage import StanceRiskCoverage
from harness.records import Stance

pytestmark = pytest.mark.core
NAN = math.nan
AURC, EAURC, SHARE = (Key(f"stance.{name}", "pooled") for name in ("aurc", "eaurc", "curve_share"))


def risk(coverage):
    return Key("stance.risk", "pooled", f"coverage={coverage}")


def add(examples, metric=None):
    """Sums over (confidence, whether right)."""
    metric, sums = metric or StanceRiskCoverage(), {}
    for sure, right in examples:
        scores = {"favor": sure, "against": 1 - sure}
        for name, value in metric.count(
            Stance("t", "favor" if right else "none"), Stance("t", "favor", scores)
        ).items():
            sums[name] = sums.get(name, 0) + value
    return sums


def scores(examples, **parameters):
    metric = StanceRiskCoverage(**parameters)
    return {key: float(value) for key, value in metric.compute(add(examples, metric)).items()}


@pytest.mark.parametrize(
    ("examples", "aurc", "eaurc"),
    [
        ([(0.9, True)], 0, 0),
        ([(0.9, False)], 1, 0),
        ([(0.9, True), (0.6, False)], (0 + 1 / 2) / 2, 0),  # wrong where unsure: as good as one error allows
        ([(0.9, False), (0.6, True)], (1 + 1 / 2) / 2, 1 / 2),
        ([(0.7, False), (0.7, True)], (1 / 2 + 1 / 2) / 2, 1 / 4),  # equal: the mean of both orders
        ([(0.7001, False), (0.7, True)], 1 / 2, 1 / 4),  # equal after rounding
        ([(0.9, True), (0.8, False), (0.7, True)], (0 + 1 / 2 + 1 / 3) / 3, (1 / 2 + 1 / 3 - 1 / 3) / 3),
        ([], NAN, NAN),
    ],
)
def test_by_hand(examples, aurc, eaurc):
    found = scores(examples)
    assert (found[AURC], found[EAURC]) == pytest.approx((aurc, eaurc), nan_ok=True)


levels = st.sampled_from([0.4, 0.5, 0.9, 1.0])


def mean_over_orders(examples, coverages):
    """Every order that puts surer answers first, one by one."""
    areas, risks = [], []
    for order in itertools.permutations(examples):
        if [sure for sure, _ in order] != sorted((sure for sure, _ in order), reverse=True):
            continue
        wrong = np.cumsum([not right for _, right in order]) / np.arange(1, len(order) + 1)
        areas.append(wrong.mean())
        risks.append([wrong[math.ceil(share * len(order)) - 1] for share in coverages])
    return np.mean(areas), np.mean(risks, axis=0)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(levels, st.booleans()), min_size=1, max_size=6))
def test_ties_are_the_mean_over_all_orders(examples):
    coverages = (0.5, 0.75, 1.0)
    found = scores(examples, coverages=coverages)
    area, risks = mean_over_orders(examples, coverages)
    assert found[AURC] == pytest.approx(area, abs=1e-12)
    assert [found[risk(share)] for share in coverages] == pytest.approx(list(risks), abs=1e-12)
    # The best order of the same answers: all right ones first, each with a confidence of its own.
    ordered = sorted(examples, key=lambda one: not one[1])
    best, _ = mean_over_orders([(1 - place / 100, right) for place, (_, right) in enumerate(ordered)], coverages)
    assert found[EAURC] == pytest.approx(area - best, abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 1000), min_size=1, max_size=40, unique=True), st.randoms())
def test_equals_the_accuracy_of_the_first_k(places, random):
    examples = [(place / 1000, random.random() < 0.7) for place in places]
    found = scores(examples)
    ordered = sorted(examples, reverse=True)
    hits = [right for _, right in ordered]
    risks = [1 - accuracy_score([True] * k, hits[:k]) for k in range(1, len(hits) + 1)]
    assert found[AURC] == pytest.approx(np.mean(risks), abs=1e-12)
    for share in (0.5, 0.8, 0.9, 1.0):
        assert found[risk(share)] == pytest.approx(risks[math.ceil(round(share * len(hits), 9)) - 1], abs=1e-12)
    assert 0 <= found[EAURC] <= found[AURC]
    assert found[SHARE] == 1


def test_the_whole_set_has_the_risk_of_all_answers_whatever_the_order():
    examples = [(0.9, False)] * 3 + [(0.5, True)] * 7
    assert scores(examples)[risk(1.0)] == pytest.approx(0.3)
    assert scores(examples)[risk(0.5)] == pytest.approx(3 / 5)


def test_a_product_rounded_up_takes_no_more_answers():
    # 0.55 * 100 is 55.00000000000001 in binary.
    examples = [(0.9, True)] * 55 + [(0.1, False)] * 45
    assert scores(examples, coverages=(0.55,))[risk(0.55)] == 0


def test_examples_without_probabilities_are_not_on_the_curve():
    metric, sums = StanceRiskCoverage(), add([(0.9, True), (0.6, False)])
    bare = [None, Stance("t", "favor"), Stance("t", "unknown", {"favor": 1.0}), Stance("t", "favor", {"favor": NAN})]
    for predicted in bare:
        counts = metric.count(Stance("t", "favor"), predicted)
        assert counts == {"examples": 1.0}
        sums["examples"] += 1
    found = metric.compute(sums)
    assert metric.note(AURC, sums) == "over the 2 of 6 examples with usable probabilities"
    assert metric.note(SHARE, sums) is None
    assert float(found[SHARE]) == pytest.approx(2 / 6)
    assert float(found[AURC]) == 0.25
    nothing = metric.compute({"examples": 4.0})
    assert float(nothing[SHARE]) == 0
    assert all(np.isnan(value) for key, value in nothing.items() if key != SHARE)


def test_every_resample_has_its_own_order():
    sums = {"examples": np.array([2.0, 2.0, 0.0]), "0.900|wrong": np.array([1.0, 0, 0]),
            "0.600|right": np.array([1.0, 2, 0])}  # fmt: skip
    found = StanceRiskCoverage().compute(sums)
    assert found[AURC] == pytest.approx([0.75, 0, NAN], nan_ok=True)
    assert found[risk(0.5)] == pytest.approx([1, 0, NAN], nan_ok=True)


def test_many_answers_keep_their_digits():
    """A hundred thousand answers in two groups: the sums of 1/k taken one by one."""
    n, k = 100_000, 40_000
    sums = {"examples": float(n), "0.900|wrong": 10_000.0, "0.900|right": 30_000.0, "0.500|wrong": 60_000.0}
    first = np.full(k, 0.25)
    rest = (10_000 + np.arange(1, n - k + 1)) / np.arange(k + 1, n + 1)
    assert float(StanceRiskCoverage().compute(sums)[AURC]) == pytest.approx(
        np.concatenate([first, rest]).mean(), abs=1e-12
    )


def test_signatures_and_support():
    metric, sums = StanceRiskCoverage(), add([(0.9, True)]) | {"examples": 3.0}
    assert metric.signature(AURC) == "stance.aurc|avg:pooled|conf:3dp|ties:expectation|noscores:left_out|sum:1±0.01|v:1"
    assert metric.signature(SHARE) == "stance.curve_share|avg:pooled|of:examples|sum:1±0.01|v:1"
    assert StanceRiskCoverage(decimals=2).signature(risk(0.5)).split("|")[2] == "conf:2dp"
    assert [metric.support(key, sums) for key in (AURC, SHARE)] == [1, 3]


@pytest.mark.parametrize(
    "parameters", [{"decimals": 0}, {"coverages": (0.0,)}, {"coverages": (1.1,)}, {"coverages": (0.5, 0.5)}]
)
def test_bad_parameters_are_refused(parameters):
    with pytest.raises(ValueError, match="StanceRiskCoverage: "):
        StanceRiskCoverage(**parameters)
