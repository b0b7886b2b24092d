"""Draws are the same for every run of equal size; intervals are SciPy's or worked by hand, and hold the truth."""

from itertools import product
from math import sqrt

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import bootstrap, norm, t

from harness.config import IntervalConfig
from harness.metric.base import Key
from harness.metric.entity_f1 import EntityF1
from harness.statistics import resample
from harness.statistics.resample import (
    Interval,
    bounds,
    grouped,
    intervals,
    jackknifed,
    percentile,
    resampled,
    resampled_sums,
    student_quantile,
    weights,
)

pytestmark = pytest.mark.core

F1 = Key("f1", "micro")
NAMES = ("tp", "fp", "fn")


@pytest.fixture(autouse=True)
def fresh_draws():
    resample._cache.clear()


def drawn(units, resamples=200, rng_seed=0):
    return np.concatenate(list(weights(units, resamples, rng_seed)))


def f1(counts):
    tp, fp, fn = (np.asarray(counts[name], dtype=float) for name in NAMES)
    with np.errstate(invalid="ignore"):
        return {F1: 2 * tp / (2 * tp + fp + fn)}


def documents(n, rng):
    """Counts of documents of unequal length and difficulty."""
    gold = 1 + rng.poisson(rng.lognormal(2, 0.6, n))
    tp = rng.binomial(gold, 1 / (1 + np.exp(-rng.normal(1, 0.7, n))))
    return np.stack([tp, rng.poisson(0.3 * gold), gold - tp], axis=1).astype(float)


def whole(matrix):
    return {F1: float(f1(dict(zip(NAMES, matrix.sum(axis=0), strict=True)))[F1])}


# ---- draws --------------------------------------------------------------------------------------------------------


@given(st.integers(1, 40), st.integers(1, 60), st.integers(0, 5))
def test_each_resample_draws_as_many_units_as_there_are(units, resamples, seed):
    found = drawn(units, resamples, seed)
    assert found.shape == (resamples, units)
    assert (found.sum(axis=1) == units).all()
    assert (found >= 0).all()
    assert (found == found.round()).all()


def test_draws_depend_on_the_number_of_units_and_the_seed_alone():
    first = drawn(30)
    resample._cache.clear()
    assert (first == drawn(30)).all()
    assert not (drawn(30) == drawn(30, rng_seed=1)).all()
    # More resamples begin with the same ones.
    for units in (30, 7, 70_001):
        assert (drawn(units, 30)[:20] == drawn(units, 20)).all()


@pytest.mark.parametrize("units", [20, 3, 10_000])
def test_units_are_drawn_evenly(units):
    resamples = max(5000 // units, 5000 if units < 100 else 200)
    found = drawn(units, resamples)
    # Each count is binomial with mean 1 and variance 1 - 1/units.
    error = sqrt((1 - 1 / units) / resamples)
    assert np.abs(found.mean(axis=0) - 1).max() < 5 * error
    assert found.var() == pytest.approx(1 - 1 / units, abs=0.03)
    # Two units of one resample: covariance -1/units.
    assert np.cov(found[:, 0], found[:, -1])[0, 1] == pytest.approx(-1 / units, abs=5 * error)


def test_draws_are_kept_for_the_next_metric_and_let_go_when_they_are_many(monkeypatch):
    assert resample._drawn(30, 200, 0) is resample._drawn(30, 200, 0)
    expected = drawn(31, 200)
    # Room for two of them: the one that was not used for longest goes.
    monkeypatch.setattr(resample, "_CACHE_BYTES", 17_000)
    for units in (40, 41, 40, 42):
        resample._drawn(units, 200, 0)
    assert [place[0] for place in resample._cache] == [40, 42]
    # Too many to keep at all: made anew each time, and the same.
    monkeypatch.setattr(resample, "_CACHE_BYTES", 1)
    assert (drawn(31, 200) == expected).all()
    with pytest.raises(ValueError, match="read-only"):
        next(iter(resample._cache.values()))[0, 0] = 3


@pytest.mark.parametrize("cells", [1, 37, 1000, 10**9])
@pytest.mark.parametrize("kept", [1, 10**9])
def test_the_size_of_a_block_changes_nothing(monkeypatch, cells, kept):
    counts = np.random.default_rng(1).integers(0, 9, (23, 3)).astype(float)
    values = whole(counts)
    expected = resampled_sums(counts, 150, 0), intervals(counts, NAMES, f1, values, resamples=150)
    monkeypatch.setattr(resample, "_BLOCK_CELLS", cells)
    monkeypatch.setattr(resample, "_CACHE_BYTES", kept)
    assert (resampled_sums(counts, 150, 0) == expected[0]).all()
    assert intervals(counts, NAMES, f1, values, resamples=150) == expected[1]


def test_sums_are_those_of_the_drawn_units():
    counts = np.array([[1.0, 10.0], [2.0, 20.0], [4.0, 40.0]])
    for row, times in zip(resampled_sums(counts, 50, 0), drawn(3, 50), strict=True):
        assert row.tolist() == [sum(t * c for t, c in zip(times, column, strict=True)) for column in counts.T]


# Fractions and large counts would lose digits in a float32; whole and half counts do not.
@pytest.mark.parametrize(("scale", "fits"), [(1.0, True), (0.5, True), (0.1, False), (1e6, False)])
def test_sums_are_exact_in_whatever_width_they_are_made(scale, fits):
    matrix = documents(40, np.random.default_rng(2)) * scale
    assert resample.exact_in_float32(matrix) is fits
    found = resampled(matrix, NAMES, f1, [F1], resamples=300, rng_seed=0)[F1]
    expected = f1(dict(zip(NAMES, resampled_sums(matrix, 300, 0).T, strict=True)))[F1]
    np.testing.assert_allclose(found, expected, rtol=0 if fits else 1e-13)


# ---- intervals against SciPy --------------------------------------------------------------------------------------


class SameDraws(np.random.Generator):
    """Gives SciPy the resamples that ours are: each unit as often as drawn, in any order."""

    def __init__(self, times):
        super().__init__(np.random.PCG64(0))
        self.rows = np.stack([np.repeat(np.arange(times.shape[1]), row.astype(int)) for row in times])

    def integers(self, low, high=None, size=None, **_):
        assert (low, high, size) == (0, self.rows.shape[1], self.rows.shape)
        return self.rows


@pytest.mark.parametrize("method", ["percentile", "bca"])
@pytest.mark.parametrize(("n", "level"), [(7, 0.9), (25, 0.95), (120, 0.99)])
def test_intervals_are_scipys_given_the_same_draws(method, n, level):
    matrix = documents(n, np.random.default_rng(n))
    ours = intervals(matrix, NAMES, f1, whole(matrix), level=level, resamples=999, method=method)[F1]

    def statistic(tp, fp, fn, axis=-1):
        return 2 * tp.sum(axis) / (2 * tp.sum(axis) + fp.sum(axis) + fn.sum(axis))

    theirs = bootstrap(
        tuple(matrix.T),
        statistic,
        paired=True,
        vectorized=True,
        n_resamples=999,
        confidence_level=level,
        method=method,
        rng=SameDraws(drawn(n, 999)),
    ).confidence_interval
    assert (ours.low, ours.high) == (pytest.approx(theirs.low, abs=1e-12), pytest.approx(theirs.high, abs=1e-12))
    title = {"percentile": "percentile", "bca": "BCa"}[method]
    assert ours.method == f"{title} bootstrap over documents, 999 resamples"


@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_intervals_of_a_mean_agree_with_scipys_own_draws(method):
    values = np.random.default_rng(3).gamma(2, 2, 80)
    mean = Key("mean", "mean")
    ours = intervals(values[:, None], ["x"], lambda counts: {mean: counts["x"] / 80}, {mean: values.mean()},
                     resamples=20_000, method=method)[mean]  # fmt: skip
    theirs = bootstrap((values,), np.mean, n_resamples=20_000, method=method, rng=4).confidence_interval
    error = values.std() / np.sqrt(80)
    # Monte Carlo error of a 2.5 % quantile of 20 000 draws of this spread, five times over.
    allowed = 5 * np.sqrt(0.025 * 0.975 / 20_000) / norm.pdf(norm.ppf(0.025)) * error * np.sqrt(2)
    assert abs(ours.low - theirs.low) < allowed
    assert abs(ours.high - theirs.high) < allowed


@given(st.floats(0.5001, 0.9995), st.one_of(st.integers(1, 10_000), st.floats(1.5, 300)))
def test_students_quantile_is_scipys(probability, freedom):
    assert student_quantile(probability, freedom) == pytest.approx(t.ppf(probability, freedom), rel=1e-6)


# ---- worked by hand -----------------------------------------------------------------------------------------------


def test_percentiles_by_hand():
    found = percentile(np.arange(101.0), 0.9, "named")
    assert (found.low, found.high, found.method, found.undefined) == (pytest.approx(5.0), 95.0, "named", 0)


def every_resample(values):
    """Means of all n^n resamples, sorted."""
    return np.sort([np.mean(picked) for picked in product(values, repeat=len(values))])


def test_all_resamples_of_three_units_by_hand():
    # The 27 means of {0, 0, 3}: 8 of 0, 12 of 1, 6 of 2, 1 of 3; the mean itself is 1.
    values = every_resample([0, 0, 3])
    assert values.tolist() == [0] * 8 + [1] * 12 + [2] * 6 + [3]
    left_out = np.array([1.5, 1.5, 0.0])
    # Percentile: the places 0.1 * 26 and 0.9 * 26 of 0..26 hold 0 and 2.
    assert (bounds(1, values, level=0.8, method="percentile").low, bounds(1, values, level=0.8).high) == (0, 2)
    # BCa: below 1 lie 8, at it 12 that count half: z0 = Phi^-1(14 / 27). The jackknife's deviations from its mean 1 are
    # -0.5, -0.5, 1, so that a = 0.75 / (6 * 1.5^1.5).
    z0, a = norm.ppf(14 / 27), 0.75 / (6 * 1.5**1.5)
    tails = [norm.cdf(z0 + (z0 + z) / (1 - a * (z0 + z))) for z in norm.ppf([0.1, 0.9])]
    found = bounds(1, values, left_out, level=0.8, method="bca")
    assert (found.low, found.high) == tuple(np.quantile(values, tails))
    # BCa-t: the jackknife's error sqrt(2/3 * 1.5) = 1 over the resamples' deviation sqrt(2/3) is the sqrt(3/2) of a
    # mean; freedom 2 * 1.5^2 / (1.125 - 1.5^2 / 3) = 12, but no more than n - 1 = 2.
    assert values.std() == pytest.approx(sqrt(2 / 3))
    z = sqrt(3 / 2) * t.ppf(0.9, 2)
    tails = [norm.cdf(z0 + (z0 + z) / (1 - a * (z0 + z))) for z in (-z, z)]
    found = bounds(1, values, left_out, level=0.8)
    assert (found.low, found.high) == pytest.approx(np.quantile(values, tails))
    assert found.method == "BCa-t bootstrap"


def test_drawn_resamples_come_near_all_of_them():
    units = np.array([0.1, 0.2, 0.4, 0.8, 0.9])
    mean = Key("mean", "mean")
    found = intervals(units[:, None], ["x"], lambda c: {mean: c["x"] / 5}, {mean: units.mean()}, resamples=40_000)[mean]
    exact = bounds(units.mean(), every_resample(units), np.array([units.sum() - unit for unit in units]) / 4)
    assert (found.low, found.high) == (pytest.approx(exact.low, abs=0.01), pytest.approx(exact.high, abs=0.01))


def test_few_weighty_units_lower_the_freedom_and_widen():
    rng = np.random.default_rng(5)
    values = rng.normal(0.5, 0.1, 5000)
    # 50 units, each moving the score as much as the next; then six alone, unequally.
    alike = 0.5 + np.tile([0.01, -0.01], 25)
    few = 0.5 + np.concatenate([[0.05, -0.04, 0.02, -0.01, 0.01, -0.03], np.zeros(44)])
    even, uneven = (resample._shape(0.5, values, left_out)[0] for left_out in (alike, few))
    assert even.freedom == 49
    deviations = few - few.mean()
    second, fourth = (deviations**2).sum(), (deviations**4).sum()
    assert uneven.freedom == pytest.approx(2 * second**2 / (fourth - second**2 / 50))
    assert uneven.freedom < 9
    assert even.widening == pytest.approx(max(sqrt(50 / 49), min(2, sqrt(49 / 50 * 50 * 1e-4) / values.std())))
    narrow, wide = (bounds(0.5, values, left_out) for left_out in (alike, few))
    assert wide.high - wide.low > narrow.high - narrow.low
    # An error many times the resamples' spread widens twice, no more.
    assert resample._shape(0.5, values, 0.5 + np.tile([9.0, -9.0], 25))[0].widening == 2


def test_the_score_without_each_unit():
    matrix = documents(9, np.random.default_rng(6))
    found = jackknifed(matrix, NAMES, f1, [F1])[F1]
    expected = [whole(np.delete(matrix, place, axis=0))[F1] for place in range(9)]
    np.testing.assert_allclose(found, expected, rtol=1e-14)


# ---- where there is none, or another --------------------------------------------------------------------------------


def test_undefined_resamples_are_left_out_and_counted():
    values = np.array([np.nan] * 40 + list(range(101)))
    for found in (percentile(values, 0.9, "x"), bounds(50, values, np.array([49.0, 51.0, 48.0]), level=0.9)):
        assert found.undefined == 40
    assert (percentile(values, 0.9, "x").low, percentile(values, 0.9, "x").high) == (pytest.approx(5.0), 95.0)
    assert percentile(np.full(5, np.nan), 0.9, "x") == Interval(None, None, "none: undefined in every resample", 5)


@pytest.mark.parametrize("method", ["percentile", "bca", "bca_t"])
def test_no_interval_where_every_resample_is_the_same(method):
    found = bounds(0.25, np.full(1000, 0.25), np.full(9, 0.25), method=method)
    assert found == Interval(None, None, "none: every resample gives the same value")
    assert percentile(np.array([0.25, 0.25, 0.2500001]), 0.95, "x").low is not None


@pytest.mark.parametrize(
    ("values", "left_out", "reason"),
    [
        (np.arange(9.0), [4, np.nan, 3], "undefined without one of the units"),
        (np.arange(9.0), [4, 4, 4], "no single unit moves the score"),
        # The score 4 lies above all that were drawn.
        (np.arange(3.0), [4, 3, 2], "every resample lies on one side of the score"),
    ],
)
@pytest.mark.parametrize("method", ["bca", "bca_t"])
def test_what_is_taken_where_bca_does_not_exist_is_said(values, left_out, reason, method):
    found = bounds(4.0, values, np.array(left_out, dtype=float), method=method, made="bootstrap over documents")
    assert found.method == f"percentile bootstrap over documents (no BCa: {reason})"
    assert (found.low, found.high) == pytest.approx(np.quantile(values, [0.025, 0.975]))


def test_bounds_end_at_the_resamples_where_the_transformation_breaks_down():
    # One unit of three holds nearly all: t with one degree of freedom is 12.7, and 1 - a (z0 + z) below 0.
    values = np.arange(1000.0)
    found = bounds(500.0, values, np.array([499.0, 499.5, 100.0, 499.2]))
    assert 0 <= found.low < found.high <= 999
    assert resample._tail(0.0, 0.3, 4.0) == 1.0
    assert resample._tail(0.0, -0.3, -4.0) == 0.0


@pytest.mark.parametrize(
    ("units", "unit", "reason"),
    [
        (1, "document", "none: one document: no interval exists"),
        (1, "sentence", "none: one sentence: no interval exists"),
        (0, "document", "none: no document"),
    ],
)
def test_one_unit_has_no_interval(units, unit, reason):
    matrix = np.ones((units, 3))
    undefined = Key("other", "micro")
    found = intervals(matrix, NAMES, f1, {F1: 0.5, undefined: float("nan")}, unit=unit)
    assert found == {F1: Interval(None, None, reason), undefined: Interval(None, None, "none: undefined")}


def test_only_the_rows_asked_for_are_computed_and_an_undefined_score_has_none():
    matrix = documents(12, np.random.default_rng(7))
    metric = EntityF1()
    recall = Key("entity.recall", "micro")
    macro = Key("entity.f1", "macro")
    found = intervals(matrix, NAMES, metric.compute, {recall: 0.7, macro: float("nan")}, resamples=200)
    assert set(found) == {recall, macro}
    assert found[macro] == Interval(None, None, "none: undefined")
    assert found[recall].low < 0.8


def test_no_unit_that_is_left_out_may_hide_a_score_that_hangs_on_it():
    # One document has all the entities: undefined in (2/3)^3 of the resamples, and without that document.
    matrix = np.array([[3.0, 1.0, 1.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    found = intervals(matrix, NAMES, f1, whole(matrix), resamples=2000)[F1]
    assert found.low is None
    assert found.undefined == pytest.approx(2000 * 8 / 27, rel=0.2)


@pytest.mark.parametrize("method", ["percentile", "bca", "bca_t"])
def test_scale_and_order_of_names_change_nothing(method):
    matrix = documents(30, np.random.default_rng(8))
    values = whole(matrix)
    found = intervals(matrix, NAMES, f1, values, resamples=500, method=method)
    assert intervals(matrix[:, ::-1], NAMES[::-1], f1, values, resamples=500, method=method) == found
    thrice = intervals(matrix * 3, NAMES, f1, values, resamples=500, method=method)[F1]
    assert (thrice.low, thrice.high) == pytest.approx((found[F1].low, found[F1].high), abs=1e-12)


def test_sentences_of_one_document_are_named_as_such():
    matrix = documents(30, np.random.default_rng(9))
    found = intervals(matrix, NAMES, f1, whole(matrix), resamples=300, unit="sentence")[F1]
    assert found.method == "BCa-t bootstrap over sentences within one document, 300 resamples"


# ---- many units, many counts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [sp.csr_array, sp.csr_matrix])
def test_sparse_counts_give_what_dense_ones_give(kind):
    matrix = documents(60, np.random.default_rng(10))
    found = intervals(kind(matrix), NAMES, f1, whole(matrix), resamples=400)
    assert found == intervals(matrix, NAMES, f1, whole(matrix), resamples=400)


def test_a_metric_is_handed_no_more_than_a_block_at_a_time(monkeypatch):
    shapes = set()

    def compute(counts):
        shapes.update(np.shape(values) for values in counts.values())
        return f1(counts)

    matrix = documents(60, np.random.default_rng(10))
    monkeypatch.setattr(resample, "_BLOCK_CELLS", 360)
    intervals(matrix, NAMES, compute, whole(matrix), resamples=500)
    # 60 units make blocks of 6 resamples, of which 20 are scored at once; 500 leave 20 for the last.
    assert shapes == {(120,), (20,), (60,)}


def test_above_so_many_units_groups_of_them_are_resampled(monkeypatch):
    rng = np.random.default_rng(11)
    matrix = documents(5003, rng)
    full = intervals(matrix, NAMES, f1, whole(matrix), resamples=4000)[F1]
    monkeypatch.setattr(resample, "_MOST_UNITS", 1000)
    groups = grouped(matrix, 0)
    assert groups.shape == (1000, 3)
    assert (groups.sum(axis=0) == matrix.sum(axis=0)).all()
    # Every unit is in one group, and the groups have five or six.
    sizes = grouped(np.ones((5003, 1)), 0)
    assert set(sizes.ravel()) == {5.0, 6.0}
    assert (grouped(sp.csr_array(matrix), 0).toarray() == groups).all()
    # At random: neighbours (by id, so perhaps by source) are not kept together.
    place = np.arange(5003.0)[:, None]
    spread = grouped(place**2, 0) / sizes - (grouped(place, 0) / sizes) ** 2
    assert np.sqrt(spread).mean() > 1000
    assert grouped(groups, 0) is groups
    found = intervals(matrix, NAMES, f1, whole(matrix), resamples=4000)[F1]
    assert found.method == "BCa-t bootstrap over 1000 random groups of documents, 4000 resamples"
    # A spread that rests on 1000 groups is known to 1 / sqrt(2000) of itself, here taken four times.
    assert (found.high - found.low) / (full.high - full.low) == pytest.approx(1, abs=4 / sqrt(2000))


# ---- how often they hold --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("units", "lowest"), [(50, 0.93), (10, 0.90)])
def test_the_default_holds_the_truth_as_often_as_it_says(units, lowest):
    samples = 400
    rng = np.random.default_rng([12, units])
    truth = whole(documents(300_000, rng))[F1]
    counts = np.stack([documents(units, rng) for _ in range(samples)], axis=1)
    draws = drawn(units, 1000)
    values = f1(dict(zip(NAMES, counts.sum(axis=0).T, strict=True)))[F1]
    scores = f1(dict(zip(NAMES, np.moveaxis(np.tensordot(draws, counts, 1), -1, 0), strict=True)))[F1]
    left_out = f1(dict(zip(NAMES, np.moveaxis(counts.sum(axis=0) - counts, -1, 0), strict=True)))[F1]
    held = dict.fromkeys(("percentile", IntervalConfig().method), 0)
    for sample, method in product(range(samples), held):
        found = bounds(values[sample], scores[:, sample], left_out[:, sample], method=method)
        held[method] += found.low <= truth <= found.high
    # The whole table is in docs/intervals.md; 400 samples know a coverage to about 0.011.
    assert lowest <= held[IntervalConfig().method] / samples <= 0.97
    assert held["percentile"] < held[IntervalConfig().method]
