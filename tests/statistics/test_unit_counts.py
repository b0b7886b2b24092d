"""Counts of several systems on the same units: aligned by id, drawn and swapped together."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from harness.errors import DataError
from harness.statistics import resample, unit_counts
from harness.statistics.significance import all_pairs
from harness.statistics.unit_counts import UnitCounts, align, resample_systems, swaps
from tests.made_counts import F1, f1, mean, of_spans, of_values, random_spans

pytestmark = pytest.mark.core


def test_systems_are_aligned_by_unit_and_name():
    one = UnitCounts(["b", "a"], ["tp", "fp"], np.array([[1.0, 2.0], [3.0, 4.0]]))
    other = UnitCounts(["a", "b"], ["fn", "tp"], np.array([[5.0, 6.0], [7.0, 8.0]]))
    found = align({"one": one, "other": other})
    assert found.names == ("fn", "fp", "tp")
    # Names down, units a and b across; what a system does not count is 0.
    assert found.flat.tolist() == [[0, 0], [4, 2], [3, 1], [5, 7], [0, 0], [6, 8]]
    assert found.differing.tolist() == [[0, 2], [2, 0]]
    assert found.totals.tolist() == [[0, 6, 4], [12, 0, 14]]


def test_other_units_are_refused_with_examples():
    one = of_values([1, 2, 3, 4, 5])
    other = UnitCounts(["d00000", "x"], ["n", "sum"], np.ones((2, 2)))
    with pytest.raises(DataError) as caught:
        align({"lead": one, "tiny": other, "same": one})
    (fault,) = caught.value.faults
    assert "'lead' and 'tiny' were not scored on the same units" in fault
    assert "4 only in 'lead' ('d00001', 'd00002', 'd00003', ...)" in fault
    assert "1 only in 'tiny' ('x')" in fault


def test_nothing_to_compare_is_refused():
    with pytest.raises(DataError, match="no system"):
        align({})
    with pytest.raises(DataError, match="no unit"):
        align({"a": UnitCounts([], ["n"], np.zeros((0, 1)))})


@pytest.mark.parametrize(
    ("units", "names", "matrix", "message"),
    [
        (["a"], ["n"], np.zeros((2, 1)), r"shape \(1, 1\)"),
        (["a", "a"], ["n"], np.zeros((2, 1)), "unit 'a' stands twice"),
        (["a"], ["n", "n"], np.zeros((1, 2)), "name 'n' stands twice"),
        (["a"], ["n"], np.array([[np.nan]]), "finite"),
        (["a"], ["n"], np.array([[np.inf]]), "finite"),
    ],
)
def test_wrong_counts_are_refused(units, names, matrix, message):
    with pytest.raises(ValueError, match=message):
        UnitCounts(units, names, matrix)


def test_a_score_that_the_metric_does_not_have_is_refused():
    with pytest.raises(ValueError, match="no score"):
        resample_systems({"a": of_values([1, 2])}, mean, [F1], resamples=5, rng_seed=0)
    with pytest.raises(ValueError, match="a key and a resample"):
        resample_systems({"a": of_values([1, 2])}, mean, [], resamples=5, rng_seed=0)


def test_draws_are_scores_of_drawn_units():
    systems = {"a": random_spans(7, 1), "b": random_spans(7, 2)}
    found = resample_systems(systems, f1, [F1], resamples=50, rng_seed=3)
    drawn = np.concatenate(list(resample.weights(7, 50, 3)))
    for number, counts in enumerate(systems.values()):
        for row in range(50):
            # One unit after the other, as often as it was drawn.
            fn, fp, tp = sum(times * unit for times, unit in zip(drawn[row], counts.matrix, strict=True))
            assert found.draws[F1][number, row] == pytest.approx(2 * tp / (2 * tp + fp + fn), abs=1e-15)
        for unit in range(7):
            fn, fp, tp = np.delete(counts.matrix, unit, axis=0).sum(axis=0)
            assert found.left_out[F1][number, unit] == pytest.approx(2 * tp / (2 * tp + fp + fn), abs=1e-15)


def test_single_precision_is_used_only_where_it_is_exact(monkeypatch):
    systems = {"a": random_spans(40, 1), "b": random_spans(40, 2)}
    single = resample_systems(systems, f1, [F1], resamples=300, rng_seed=0)
    assert single.counts.flat.dtype == np.float32
    monkeypatch.setattr(resample, "_EXACT_FLOAT32", 0.0)
    double = resample_systems(systems, f1, [F1], resamples=300, rng_seed=0)
    assert double.counts.flat.dtype == np.float64
    assert (single.draws[F1] == double.draws[F1]).all()


@pytest.mark.parametrize("value", [0.1, 0.25, 2.0**22])
def test_double_precision_where_single_would_round(value):
    assert align({"a": of_values([value, 1.0, 1.0])}).flat.dtype == np.float64


def test_the_size_of_blocks_changes_nothing(monkeypatch):
    systems = {"a": random_spans(40, 1), "b": random_spans(40, 2), "c": random_spans(40, 3)}
    before = resample_systems(systems, f1, [F1], resamples=700, rng_seed=0)
    monkeypatch.setattr(unit_counts, "_BLOCK_CELLS", 100)
    monkeypatch.setattr(unit_counts, "_LEAST_ROWS", 3)
    after = resample_systems(systems, f1, [F1], resamples=700, rng_seed=0)
    assert (before.draws[F1] == after.draws[F1]).all()


def test_half_of_the_units_trade_places_and_more_swaps_begin_with_the_same(monkeypatch):
    found = np.concatenate(list(swaps(37, 4000, 0)))
    assert found.shape == (4000, 37)
    assert set(np.unique(found)) == {0, 1}
    # Each mean is of 4,000 fair coins, each correlation of 4,000 independent pairs: five standard errors.
    assert np.abs(found.mean(axis=0) - 0.5).max() < 5 * 0.5 / np.sqrt(4000)
    between = np.corrcoef(found.T.astype(float)) - np.eye(37)
    assert np.abs(between).max() < 5 / np.sqrt(4000)
    assert (np.concatenate(list(swaps(37, 100, 0))) == found[:100]).all()
    assert not (np.concatenate(list(swaps(37, 100, 1))) == found[:100]).all()
    monkeypatch.setattr(unit_counts, "_BLOCK_CELLS", 50)
    assert (np.concatenate(list(swaps(37, 100, 0))) == found[:100]).all()


def test_very_many_units_are_grouped_alike_in_every_system(monkeypatch):
    monkeypatch.setattr("harness.statistics.resample._MOST_UNITS", 60)
    counts = random_spans(200, 1)
    found = align({"a": counts, "b": of_spans(counts.matrix[:, ::-1]), "c": random_spans(200, 2)}, rng_seed=5)
    assert found.n == 200
    assert found.flat.shape == (9, 60)
    assert (found.flat[:3] == found.flat[3:6]).all()
    assert found.differing[0, 1] == 0
    assert found.totals[0].tolist() == counts.matrix.sum(axis=0).tolist()
    # Units that differ are counted one by one, not by group.
    assert found.differing[0, 2] > 60


def test_sparse_counts_give_the_same_numbers(monkeypatch):
    systems = {name: random_spans(40, place) for place, name in enumerate("abc")}
    sparse = {name: UnitCounts(one.units, one.names, csr_array(one.matrix)) for name, one in systems.items()}
    # One of them in another order, with another name, and one that is not sparse.
    one = systems["b"]
    turned = csr_array(one.matrix[::-1][:, [2, 0, 1]] * [1, 0, 1])
    sparse["b"] = UnitCounts(one.units[::-1], ["tp", "more", "fp"], turned)
    systems["b"] = UnitCounts(one.units, ["fp", "more", "tp"], one.matrix[:, [1, 0, 2]] * [1, 0, 1])
    sparse["c"] = systems["c"]
    dense = resample_systems(systems, f1, [F1], resamples=200, rng_seed=0)
    found = resample_systems(sparse, f1, [F1], resamples=200, rng_seed=0)
    assert not isinstance(found.counts.flat, np.ndarray)
    assert (found.counts.flat.toarray() == dense.counts.flat).all()
    assert (found.counts.differing == dense.counts.differing).all()
    assert (found.draws[F1] == dense.draws[F1]).all()
    monkeypatch.setattr(unit_counts, "_BLOCK_CELLS", 50)
    again = resample_systems(sparse, f1, [F1], resamples=200, rng_seed=0)
    assert (again.left_out[F1] == dense.left_out[F1]).all()
    assert all_pairs(again, f1) == all_pairs(dense, f1)
    with pytest.raises(ValueError, match="finite"):
        UnitCounts(["a"], ["n"], csr_array([[np.nan]]))
