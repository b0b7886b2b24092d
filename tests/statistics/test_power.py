"""Equivalence and power: by hand, against the normal distribution, and by simulation."""

import numpy as np
import pytest
from scipy import stats

from harness.statistics.power import equivalence, power_of, typical_detectable
from harness.statistics.significance import all_pairs
from harness.statistics.unit_counts import resample_systems
from tests.made_counts import F1, MEAN, f1, mean, of_spans, of_values, random_spans

pytestmark = pytest.mark.core


def pair(a, b, compute=mean, key=MEAN, resamples=2000, rng_seed=0, **more):
    resampled = resample_systems({"a": a, "b": b}, compute, [key], resamples=resamples, rng_seed=rng_seed)
    return resampled, all_pairs(resampled, compute, **more)[0]


def normal_pair(units, difference, rng_seed):
    generator = np.random.default_rng(rng_seed)
    x = generator.normal(size=units)
    return of_values(x + generator.normal(difference, 1, size=units)), of_values(x)


# ---- equivalence ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["percentile", "bca", "bca_t"])
def test_p_and_interval_never_disagree(method):
    resampled, found = pair(*normal_pair(60, 0.1, 1))
    for alpha in (0.01, 0.05, 0.2):
        for margin in (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.8):
            one = equivalence(resampled, found, margin, alpha=alpha, method=method)
            assert one.equivalent == (-margin < one.low and one.high < margin)
            assert one.equivalent == (one.p <= alpha), (alpha, margin, one)


def test_the_interval_is_the_paired_one_at_90_percent():
    resampled, found = pair(*normal_pair(60, 0.1, 1), level=0.9)
    one = equivalence(resampled, found, 0.4)
    assert (one.low, one.high) == (pytest.approx(found.low), pytest.approx(found.high))
    assert one.method == found.method


def test_p_is_that_of_two_t_tests():
    # With 200 normal differences the bootstrap and Student's test are the same thing, up to the draws' own noise.
    a, b = normal_pair(200, 0.05, 4)
    resampled, found = pair(a, b, resamples=20_000)
    gaps = (a.matrix - b.matrix)[:, 1]
    for margin in (0.1, 0.15, 0.2, 0.25):
        low = stats.ttest_1samp(gaps, -margin, alternative="greater").pvalue
        high = stats.ttest_1samp(gaps, margin, alternative="less").pvalue
        one = equivalence(resampled, found, margin)
        assert one.p == pytest.approx(max(low, high), rel=0.15, abs=0.003)


def test_a_margin_inside_the_difference_has_a_large_p():
    resampled, found = pair(*normal_pair(100, 1.0, 2))
    one = equivalence(resampled, found, 0.2)
    assert one.equivalent is False
    assert one.p > 0.99
    # The margin at the difference itself: half of the draws are beyond it.
    assert equivalence(resampled, found, found.difference, method="percentile").p == pytest.approx(0.5, abs=0.03)


def test_identical_systems_are_equivalent_and_few_units_are_not():
    same = random_spans(20, 1)
    resampled, found = pair(same, same, f1, F1)
    one = equivalence(resampled, found, 1e-6)
    assert (one.equivalent, one.low, one.high, one.p) == (True, 0, 0, 1 / 2001)
    resampled, found = pair(*normal_pair(4, 0.0, 3))
    assert found.p > 0.05  # no difference found, and none excluded
    assert equivalence(resampled, found, 0.3).equivalent is False


def test_one_unit_is_neither():
    resampled, found = pair(of_spans([(3, 1, 0)]), of_spans([(2, 1, 1)]), f1, F1)
    one = equivalence(resampled, found, 0.5)
    assert (one.equivalent, one.p, one.low) == (None, None, None)
    assert "one unit" in one.method


@pytest.mark.parametrize(
    ("margin", "alpha", "message"),
    [(0, 0.05, "margin"), (-1, 0.05, "margin"), (float("nan"), 0.05, "margin"), (0.1, 0.5, "alpha"), (0.1, 0, "alpha")],
)
def test_impossible_questions_are_refused(margin, alpha, message):
    resampled, found = pair(*normal_pair(5, 0, 0), resamples=50)
    with pytest.raises(ValueError, match=message):
        equivalence(resampled, found, margin, alpha=alpha)


def test_systems_that_differ_by_the_margin_are_seldom_called_equivalent():
    trials = 100
    called = 0
    for trial in range(trials):
        resampled, found = pair(*normal_pair(30, 0.5, trial), resamples=400, rng_seed=trial)
        called += equivalence(resampled, found, 0.5).equivalent
    assert called / trials < 0.05 + 3 * np.sqrt(0.05 * 0.95 / trials)


# ---- power ----------------------------------------------------------------------------------------------------------


def test_the_detectable_difference_by_hand():
    _, found = pair(*normal_pair(100, 0.2, 5), resamples=10_000)
    one = power_of(found)
    # 1.95996 + 0.84162 = 2.80158 standard errors.
    assert one.detectable == pytest.approx(2.80158 * found.sd, rel=1e-5)
    assert one.units_needed == np.ceil(100 * (one.detectable / found.difference) ** 2)
    assert power_of(found, alpha=0.05 / 45).detectable > one.detectable
    assert power_of(found, power=0.9).detectable == pytest.approx((1.95996 + 1.28155) * found.sd, rel=1e-5)


def test_the_units_needed_are_those_of_the_power_function():
    # Half the effect takes four times as many units.
    _, found = pair(*normal_pair(400, 0.3, 6))
    one = power_of(found)
    sd = found.sd * np.sqrt(found.n)
    shift = found.difference / (sd / np.sqrt(one.units_needed))
    power = stats.norm.sf(1.959964 - shift) + stats.norm.cdf(-1.959964 - shift)
    assert power == pytest.approx(0.8, abs=0.01)


def test_no_standard_error_no_power():
    same = of_values([1, 2, 3])
    assert power_of(pair(same, same)[1]) is None
    assert power_of(pair(of_values([1]), of_values([2]))[1]) is None
    assert typical_detectable([pair(same, same)[1]]) is None
    with pytest.raises(ValueError, match="alpha and power"):
        power_of(pair(same, same)[1], power=1)


def test_no_difference_needs_no_finite_number_of_units():
    _, found = pair(of_values([0, 1, 2, 3]), of_values([1, 0, 3, 2]))
    assert found.difference == 0
    assert power_of(found).units_needed is None


def test_a_tables_figure_is_the_median_of_its_pairs():
    systems = {str(place): random_spans(40, place) for place in range(4)}
    found = all_pairs(resample_systems(systems, f1, [F1], resamples=200, rng_seed=0), f1)
    assert typical_detectable(found) == pytest.approx(np.median([power_of(row).detectable for row in found]))


@pytest.mark.parametrize("units", [40, 120])
def test_the_detectable_difference_is_found_four_times_in_five(units):
    # Card et al. 2020: draw data sets with that difference, run the test, count. A paired difference of normals with
    # standard deviation 1 has the standard error 1 / sqrt(n).
    difference, trials, found = 2.80158 / np.sqrt(units), 150, 0
    detectable = []
    for trial in range(trials):
        _, row = pair(*normal_pair(units, difference, trial), resamples=199, rng_seed=trial, method="percentile")
        found += row.p <= 0.05
        detectable.append(power_of(row).detectable)
    # Student's distribution takes a little off the normal one's 80 % where there are 40.
    assert abs(found / trials - 0.79) < 3 * np.sqrt(0.8 * 0.2 / trials)
    assert np.mean(detectable) == pytest.approx(difference, rel=0.05)


def test_the_detectable_difference_in_f1_is_found_four_times_in_five():
    # Two systems of skills whose F1 differ by about what 60 documents can see.
    def systems(trial):
        generator = np.random.default_rng(trial)
        gold = generator.poisson(3.0, 60)
        rows = []
        for skill in (0.65, 0.55):
            right = generator.binomial(gold, skill)
            rows.append(of_spans(np.column_stack([right, generator.poisson(1.0, 60), gold - right])))
        return rows

    trials, found, rows = 150, 0, []
    for trial in range(trials):
        _, row = pair(*systems(trial), f1, F1, resamples=199, rng_seed=trial, method="percentile")
        rows.append(row)
        found += row.p <= 0.05
    truth = np.mean([row.difference for row in rows])
    error = np.mean([row.sd for row in rows])
    foretold = stats.norm.sf(1.959964 - truth / error)
    assert 0.3 < foretold < 0.99
    assert abs(found / trials - foretold) < 3 * np.sqrt(0.25 / trials)
