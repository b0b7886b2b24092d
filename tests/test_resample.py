"""Bootstrap draws: the same for every run of equal size, and the right quantiles."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import bootstrap, norm

from harness import resample
from harness.resample import percentile, resampled_sums, weights

pytestmark = pytest.mark.core


def drawn(units, resamples=200, rng_seed=0):
    return np.concatenate(list(weights(units, resamples, rng_seed)))


@given(st.integers(1, 40), st.integers(1, 60), st.integers(0, 5))
def test_each_resample_draws_as_many_units_as_there_are(units, resamples, seed):
    found = drawn(units, resamples, seed)
    assert found.shape == (resamples, units)
    assert (found.sum(axis=1) == units).all()
    assert (found >= 0).all()
    assert (found == found.round()).all()


def test_draws_depend_on_the_number_of_units_and_the_seed_alone():
    assert (drawn(30) == drawn(30)).all()
    assert not (drawn(30) == drawn(30, rng_seed=1)).all()
    # More resamples begin with the same ones.
    assert (drawn(30, 300)[:200] == drawn(30, 200)).all()


def test_units_are_drawn_evenly():
    mean = drawn(20, 5000).mean(axis=0)
    # Each count is binomial with mean 1 and variance 0.95.
    assert np.abs(mean - 1).max() < 5 * np.sqrt(0.95 / 5000)


@pytest.mark.parametrize("cells", [1, 37, 1000, 10**9])
def test_the_size_of_a_block_changes_nothing(monkeypatch, cells):
    counts = np.random.default_rng(1).integers(0, 9, (23, 3)).astype(float)
    expected = resampled_sums(counts, 150, 0)
    monkeypatch.setattr(resample, "_BLOCK_CELLS", cells)
    assert (resampled_sums(counts, 150, 0) == expected).all()


def test_sums_are_those_of_the_drawn_units():
    counts = np.array([[1.0, 10.0], [2.0, 20.0], [4.0, 40.0]])
    for row, times in zip(resampled_sums(counts, 50, 0), drawn(3, 50), strict=True):
        assert row.tolist() == [sum(t * c for t, c in zip(times, column, strict=True)) for column in counts.T]


def test_intervals_of_a_mean_agree_with_scipy_and_with_theory():
    values = np.random.default_rng(3).normal(10, 2, 80)
    means = resampled_sums(values[:, None], 20_000, 0)[:, 0] / 80
    ours = percentile(means, 0.95, "x")
    theirs = bootstrap((values,), np.mean, n_resamples=20_000, method="percentile", rng=4).confidence_interval
    error = values.std() / np.sqrt(80)
    # Monte Carlo error of a 2.5 % quantile of 20 000 draws of this spread, five times over.
    allowed = 5 * np.sqrt(0.025 * 0.975 / 20_000) / norm.pdf(norm.ppf(0.025)) * error * np.sqrt(2)
    assert abs(ours.low - theirs.low) < allowed
    assert abs(ours.high - theirs.high) < allowed
    assert abs(ours.low - (values.mean() - 1.96 * error)) < 0.1 * error + allowed


def test_percentiles_by_hand():
    found = percentile(np.arange(101.0), 0.9, "named")
    assert (found.low, found.high, found.method, found.undefined) == (pytest.approx(5.0), 95.0, "named", 0)


def test_undefined_resamples_are_left_out_and_counted():
    values = np.array([np.nan] * 40 + list(range(101)))
    found = percentile(values, 0.9, "x")
    assert (found.low, found.high, found.undefined) == (pytest.approx(5.0), 95.0, 40)
    assert percentile(np.full(5, np.nan), 0.9, "x") == resample.Interval(None, None, "undefined in every resample", 5)


def test_no_interval_where_every_resample_is_the_same():
    found = percentile(np.full(1000, 0.25), 0.95, "x")
    assert (found.low, found.high) == (None, None)
    assert "same value" in found.method
    assert percentile(np.array([0.25, 0.25, 0.2500001]), 0.95, "x").low is not None
