"""The best of several on its own test set: how much of it is luck."""

import numpy as np
import pytest
from scipy import stats

from harness.statistics.selection_bias import selection
from harness.statistics.unit_counts import UnitCounts, resample_systems
from tests.made_counts import F1, MEAN, f1, mean, named, of_spans, of_values, random_spans

pytestmark = pytest.mark.core


def resampled(systems, compute=mean, key=MEAN, resamples=4000):
    return resample_systems(systems, compute, [key], resamples=resamples, rng_seed=0)


def expected_maximum(number):
    """Of independent standard normal variables, by integrating over their largest."""
    grid = np.linspace(-8, 8, 20_001)
    density = number * stats.norm.pdf(grid) * stats.norm.cdf(grid) ** (number - 1)
    return np.trapezoid(grid * density, grid)


@pytest.mark.parametrize("number", [2, 10])
def test_independent_systems(number):
    # Independent values with standard deviation 1 over 400 units: 1 / sqrt(400) times the normal order statistic.
    generator = np.random.default_rng(number)
    systems = {str(place): of_values(generator.normal(size=400)) for place in range(number)}
    found = selection(resampled(systems), MEAN)
    assert expected_maximum(2) == pytest.approx(1 / np.sqrt(np.pi))
    assert found.optimism == pytest.approx(expected_maximum(number) / 20, rel=0.1)
    assert found.systems == number


def test_it_is_what_choosing_really_gains():
    # Ten equal systems, many test sets: the best one's score minus what each is worth.
    gains, foretold = [], []
    for trial in range(120):
        systems = {str(place): random_spans(60, 100 * trial + place) for place in range(10)}
        found = resampled(systems, f1, F1, resamples=200)
        gains.append(found.values[F1].max() - found.values[F1].mean())
        foretold.append(selection(found, F1).optimism)
    assert np.mean(foretold) == pytest.approx(np.mean(gains), rel=0.1)


def test_copies_of_one_system_have_none():
    systems = dict.fromkeys("abc", random_spans(50, 1))
    found = selection(resampled(systems, f1, F1), F1)
    assert found.selected == ("a", "b", "c")
    assert found.optimism == pytest.approx(0, abs=1e-3)


def test_what_systems_share_is_no_choice():
    generator = np.random.default_rng(1)
    shared = generator.normal(size=200)
    alike = {str(place): of_values(shared + 0.1 * generator.normal(size=200)) for place in range(5)}
    found = selection(resampled(alike), MEAN)
    assert found.optimism == pytest.approx(0.1 * expected_maximum(5) / np.sqrt(200), rel=0.2)


def test_how_far_apart_the_systems_are_does_not_matter():
    systems = {str(place): of_values(np.random.default_rng(place).normal(size=100)) for place in range(3)}
    apart = {name: of_values(counts.matrix[:, 1] + 5 * int(name)) for name, counts in systems.items()}
    assert selection(resampled(apart), MEAN).optimism == pytest.approx(selection(resampled(systems), MEAN).optimism)


def test_the_best_is_named_in_either_direction():
    systems = {"a": of_values([1, 2, 3]), "b": of_values([2, 3, 5]), "c": of_values([0, 5, 1])}
    found = resampled(systems)
    high, low = selection(found, MEAN), selection(found, MEAN, higher_is_better=False)
    assert (high.selected, high.value) == (("b",), pytest.approx(10 / 3))
    assert (low.selected, low.value) == (("a", "c"), 2.0)
    assert high.optimism > 0 > low.optimism


def test_one_system_was_not_chosen():
    found = selection(resampled({"only": of_values([1, 2, 3])}), MEAN)
    assert found.selected == ("only",)
    assert found.optimism == pytest.approx(0, abs=1e-12)


def test_systems_without_a_score_are_not_among_them():
    nothing = UnitCounts(named(3), ["n"], np.zeros((3, 1)))
    found = selection(resampled({"a": of_values([1, 2, 3]), "none": nothing}), MEAN)
    assert (found.selected, found.systems) == (("a",), 1)
    none = selection(resampled({"none": UnitCounts(named(3), ["n", "sum"], np.zeros((3, 2)))}), MEAN)
    assert (none.selected, none.value, none.optimism) == ((), None, None)
    assert none.note


def test_one_unit_says_nothing():
    found = selection(resampled({"a": of_spans([(3, 1, 0)]), "b": of_spans([(2, 1, 0)])}, f1, F1), F1)
    assert found.selected == ("a",)
    assert found.optimism is None
    assert "one unit" in found.note


def test_undefined_draws_are_left_out_and_counted():
    systems = {"a": of_spans([(3, 1, 0), (0, 0, 0)]), "b": of_spans([(1, 1, 2), (0, 1, 0)])}
    found = selection(resampled(systems, f1, F1), F1)
    # A quarter of the draws is document 1 twice, where `a` has nothing.
    assert found.undefined == pytest.approx(1000, rel=0.1)
    assert found.optimism > 0
