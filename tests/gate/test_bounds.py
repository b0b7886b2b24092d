import pytest
from scipy import stats

from harness.gate.bounds import least_units, poisson_upper

pytestmark = pytest.mark.core


@pytest.mark.parametrize(("tail", "least"), [(0.5, 1), (0.25, 2), (0.05, 5), (0.03125, 5), (0.03124, 6), (0.001, 10)])
def test_fewer_units_cannot_reach_the_level_by_any_sign_test(tail, least):
    assert least_units(tail) == least
    assert stats.binomtest(least, least, 0.5, alternative="greater").pvalue <= tail
    if least > 1:
        assert stats.binomtest(least - 1, least - 1, 0.5, alternative="greater").pvalue > tail


@pytest.mark.parametrize("tail", [0.05, 0.01, 0.001])
@pytest.mark.parametrize("events", [0, 1, 2, 5, 30, 1000])
def test_the_poisson_bound_is_garwoods(events, tail):
    exact = stats.chi2.ppf(1 - tail, 2 * (events + 1)) / 2
    assert poisson_upper(events, tail) == pytest.approx(exact, rel=0.03)
