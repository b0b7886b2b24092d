import math
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from benchmarks.gate import END, LINES, MOST, PAGE, START, errors, flips
from harness.gate.bounds import PairedScore, pair_counts
from harness.gate.rule import decide, holm_tails
from harness.metric.base import Key, divide
from harness.statistics.significance import paired
from harness.statistics.unit_counts import UnitCounts

pytestmark = pytest.mark.core
KEY = Key("score", "mean")


def mean(sums):
    return {KEY: divide(sums["sum"], sums["n"])}


def units(values):
    values = np.asarray(values, dtype=float)
    names = [f"d{number:05d}" for number in range(len(values))]
    return UnitCounts(names, ["n", "sum"], np.column_stack([np.ones(len(values)), values]))


def scored(run, baseline, tolerance=0.01, **more):
    more = {"documents": len(run), "resamples": 1000, **more}
    return pair_counts(units(run), units(baseline), mean, KEY, tolerance=tolerance, **more)


@cache
def quantile(share):
    return stats.norm.ppf(share)


def of_normal(difference, error, tolerance=0.01, n=300):
    """A score whose bounds are those of a normal distribution: the oracle needs no bootstrap."""

    def interval(centre, level):
        z = quantile((1 + level) / 2)
        return centre - z * error, centre + z * error, "normal"

    return PairedScore(
        run=0.5 + difference, baseline=0.5, sign=1, tolerance=tolerance, n=n, documents=n, differing=n,
        equal_answers=False, gaps=np.array([difference - error, difference + error]), interval=interval,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("difference", "error", "outcome"),
    [
        (-0.10, 0.01, "fail"),  # upper bound -0.084
        (0.00, 0.001, "pass"),  # lower bound -0.0016
        (0.10, 0.01, "pass"),
        (-0.01, 0.01, "inconclusive"),  # on the border of what is tolerated
        (0.00, 0.10, "inconclusive"),
        (-0.10, 0.10, "inconclusive"),
        (-0.0264, 0.01, "inconclusive"),  # -0.0264 + 1.6449 x 0.01 = -0.00995
        (-0.0265, 0.01, "fail"),  # -0.0265 + 1.6449 x 0.01 = -0.01005
        (0.0065, 0.01, "pass"),  # 0.0065 - 1.6449 x 0.01 = -0.00995
        (0.0064, 0.01, "inconclusive"),
    ],
)
def test_the_rule_is_that_of_the_two_bounds(difference, error, outcome):
    (found,) = decide([of_normal(difference, error)], 0.05)
    assert found.outcome == outcome
    assert found.ground == "bounds"
    assert found.low == pytest.approx(difference - stats.norm.ppf(0.95) * error)
    assert found.high == pytest.approx(difference + stats.norm.ppf(0.95) * error)
    assert (found.needed is not None) is (outcome == "inconclusive" and difference != -0.01)


def test_needed_units_are_those_of_the_usual_formula():
    (found,) = decide([of_normal(0.0, 0.02)], 0.05)
    # n (z(0.95) + z(0.8))^2 se^2 / (0 + 0.01)^2
    expected = 300 * (stats.norm.ppf(0.95) + stats.norm.ppf(0.8)) ** 2 * 4
    assert found.needed == math.ceil(expected)
    # With so many units, and so a smaller error, the score passes with a chance of 80 %.
    error = 0.02 * math.sqrt(300 / found.needed)
    draws = np.random.default_rng(0).normal(0.0, error, 4000)
    share = np.mean([one - stats.norm.ppf(0.95) * error >= -0.01 for one in draws])
    assert share == pytest.approx(0.8, abs=0.02)


@pytest.mark.parametrize("n", [1, 2, 40])
def test_equal_answers_pass_whatever_their_number(n):
    values = np.random.default_rng(n).random(n)
    (found,) = decide([scored(values, values, tolerance=0.0, equal_answers=True)], 0.05)
    assert (found.outcome, found.ground, found.low, found.high) == ("pass", "equal answers", 0.0, 0.0)


@pytest.mark.parametrize("change", [-1.0, -1e-9, 1e-9, 1.0])
@pytest.mark.parametrize("n", [1, 40])
def test_one_document_and_any_difference_is_inconclusive(change, n):
    """Also where its sentences were resampled: they say nothing about other documents."""
    before = np.full(n, 0.5)
    (found,) = decide([scored(before + change, before, documents=1)], 0.05)
    assert (found.outcome, found.ground, found.needed) == ("inconclusive", "one document", None)


def test_one_document_that_is_scored_alike_but_answered_otherwise_is_inconclusive():
    (found,) = decide([scored([0.5], [0.5])], 0.05)
    assert found.outcome == "inconclusive"


@pytest.mark.parametrize(("n", "outcome"), [(2, "inconclusive"), (4, "inconclusive"), (5, "fail"), (300, "fail")])
def test_a_model_that_answers_nothing_fails_though_no_resample_varies(n, outcome):
    (found,) = decide([scored(np.zeros(n), np.ones(n))], 0.05)
    assert found.outcome == outcome
    assert found.ground == ("bounds" if n >= 5 else "few units")


def test_a_few_units_that_became_worse_do_not_fail_a_run():
    before = np.ones(300)
    after = before.copy()
    after[:4] = 0.0
    (found,) = decide([scored(after, before, tolerance=0.0)], 0.05)
    assert found.outcome == "inconclusive"
    after[:12] = 0.0
    (found,) = decide([scored(after, before, tolerance=0.0)], 0.05)
    assert found.outcome == "fail"


def test_what_no_draw_can_show_is_in_the_lower_bound():
    """Rule of three: nothing became worse on 100 units, and still 3 of 100 may."""
    before = np.r_[np.ones(99), 0.0]
    after = np.ones(100)
    (found,) = decide([scored(after, before, tolerance=0.01)], 0.05)
    assert found.low == pytest.approx(0.01 - 3.0 / 100, abs=0.001)
    assert found.outcome == "inconclusive"
    assert decide([scored(after, before, tolerance=0.03)], 0.05)[0].outcome == "pass"


def test_needed_units_hold_for_what_no_draw_can_show():
    """Answers changed and no count did: 3 of n units at a share of 1 / n each may not be more than is tolerated."""
    (found,) = decide([scored(np.ones(100), np.ones(100), tolerance=0.011)], 0.05)
    assert (found.outcome, found.ground) == ("inconclusive", "bounds")
    assert found.needed == pytest.approx(3.0 / 0.011, rel=0.07)


def test_bounds_are_those_of_the_paired_interval():
    generator = np.random.default_rng(3)
    before = generator.normal(0.6, 0.2, 80)
    after = before + generator.normal(-0.02, 0.1, 80)
    (found,) = decide([scored(after, before)], 0.05)
    both = paired(units(after), units(before), mean, [KEY], level=0.9, resamples=1000)[KEY]
    assert (found.low, found.high) == (both.low, both.high)
    assert found.difference == pytest.approx(after.mean() - before.mean())


def test_where_less_is_better_everything_is_turned_round():
    generator = np.random.default_rng(4)
    before, change = generator.normal(0.4, 0.1, 60), generator.normal(0.01, 0.05, 60)
    (higher,) = decide([scored(before - change, before)], 0.05)
    (lower,) = decide([scored(before + change, before, sign=-1)], 0.05)
    assert (lower.outcome, lower.difference) == (higher.outcome, pytest.approx(higher.difference))
    assert (lower.low, lower.high) == pytest.approx((higher.low, higher.high), abs=0.002)


def test_a_score_without_a_value_is_inconclusive():
    def nothing(sums):
        return {KEY: np.full_like(np.asarray(sums["n"], dtype=float), np.nan)}

    both = units([1.0] * 10), units([0.0] * 10)
    one = pair_counts(*both, nothing, KEY, tolerance=0.1, documents=10, resamples=100)
    (found,) = decide([one], 0.05)
    assert (found.outcome, found.ground) == ("inconclusive", "undefined")


# ---- several scores -------------------------------------------------------------------------------------------------


def textbook_holm(p, alpha):
    """Holm 1979, as in textbooks: sorted p against alpha / m, alpha / (m - 1), ... until one is larger."""
    order = np.argsort(p)
    rejected = np.zeros(len(p), dtype=bool)
    for step, place in enumerate(order):
        if p[place] > alpha / (len(p) - step):
            break
        rejected[place] = True
    return rejected


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(-0.08, 0.02), min_size=1, max_size=8), st.sampled_from([0.01, 0.05, 0.2]))
def test_failures_are_those_of_holms_p_values(differences, alpha):
    error = 0.01
    scores = [of_normal(difference, error) for difference in differences]
    p = stats.norm.cdf((np.array(differences) + 0.01) / error)  # of "not worse than tolerated"
    if np.abs(np.subtract.outer(p, alpha / np.arange(1, len(p) + 1))).min() < 1e-9:
        return
    failed = [found.outcome == "fail" for found in decide(scores, alpha)]
    assert failed == textbook_holm(p, alpha).tolist()


def test_levels_step_down():
    scores = [of_normal(-0.2, 0.01), of_normal(-0.2, 0.01), of_normal(0.0, 0.01), of_normal(0.0, 0.1)]
    # Two fail at 0.05 / 4; the two others are then looked at with two left.
    assert holm_tails(scores, 0.05) == [0.0125, 0.0125, 0.025, 0.025]
    found = decide(scores, 0.05)
    assert [one.pass_tail for one in found] == [0.05] * 4


def test_more_gated_scores_make_failing_harder_and_passing_no_harder():
    border, fine = of_normal(-0.0270, 0.01), of_normal(0.0065, 0.01)
    assert [one.outcome for one in decide([border, fine], 0.05)] == ["inconclusive", "pass"]
    assert decide([border], 0.05)[0].outcome == "fail"


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 50), st.floats(0, 0.3), st.floats(0, 0.3))
def test_more_tolerance_never_makes_it_worse(rng_seed, one, other):
    generator = np.random.default_rng(rng_seed)
    before = generator.random(12)
    after = before + generator.normal(-0.1, 0.1, 12)
    order = ["fail", "inconclusive", "pass"]
    low, high = sorted((one, other))
    found = [
        decide([scored(after, before, tolerance=tolerance, resamples=200)], 0.05)[0].outcome
        for tolerance in (low, high)
    ]
    assert order.index(found[0]) <= order.index(found[1])


@pytest.mark.parametrize("alpha", [0.0, 0.5, -1, math.nan])
def test_a_level_that_is_none(alpha):
    with pytest.raises(ValueError, match="alpha must lie between"):
        decide([], alpha)


# ---- how often it errs ----------------------------------------------------------------------------------------------


def test_the_table_in_the_docs_is_that_of_the_simulation():
    text = PAGE.read_text(encoding="utf-8").partition(START)[2].partition(END)[0]
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ") and "%" in line]
    assert [(int(row[0]), float(row[1].rstrip("%")) / 100, float(row[2])) for row in rows] == list(LINES)
    assert all(float(share.rstrip("%")) / 100 <= MOST for row in rows for share in row[3:])
    assert errors(*LINES[2], pairs=20) == errors(*LINES[2], pairs=20)


@pytest.mark.parametrize(
    ("n", "churn", "tolerance"), [(20, 0.1, 0.05), (50, 0.4, 0.05), (100, 0.3, 0.0), (300, 0.01, 0.01)]
)
def test_it_errs_about_as_often_as_alpha_says(n, churn, tolerance):
    """At the border itself: a run that is exactly as much worse as is tolerated, 300 times; three s.e.: .04."""
    generator = np.random.default_rng(1)
    outcomes = []
    for _ in range(300):
        pair = scored(*flips(generator, n, churn, -tolerance), tolerance=tolerance, resamples=400)
        outcomes.append(decide([pair], 0.05)[0].outcome)
    assert outcomes.count("fail") / 300 <= 0.09
    assert outcomes.count("pass") / 300 <= 0.09


def test_of_many_scores_any_fails_wrongly_no_more_often():
    generator = np.random.default_rng(2)
    wrong = plain = 0
    for _ in range(150):
        pairs = [scored(*flips(generator, 60, 0.4, -0.05), tolerance=0.05, resamples=400) for _ in range(5)]
        wrong += any(one.outcome == "fail" for one in decide(pairs, 0.05))
        plain += any(decide([pair], 0.05)[0].outcome == "fail" for pair in pairs)
    assert wrong / 150 <= 0.1
    # The test would see it: without Holm it is one in five.
    assert plain / 150 >= 0.15
