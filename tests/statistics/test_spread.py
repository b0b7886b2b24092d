"""Several runs of one model: their spread, and which runs are of one model."""

import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.statistics.spread import group_runs, spread

pytestmark = pytest.mark.core


def test_by_hand():
    found = spread([0.80, 0.82, 0.78, 0.84])
    assert found.mean == pytest.approx(0.81)
    # Deviations -1, 1, -3, 3 hundredths: sqrt(20 / 3) hundredths.
    assert found.sd == pytest.approx((20 / 3) ** 0.5 / 100)
    assert (found.n, found.undefined, found.minimum, found.maximum) == (4, 0, 0.78, 0.84)


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=20))
def test_as_numpy_has_it(values):
    found = spread(values)
    assert found.mean == pytest.approx(np.mean(values), abs=1e-9)
    assert found.sd == pytest.approx(np.std(values, ddof=1), abs=1e-9)
    assert (found.minimum, found.maximum) == (np.min(values), np.max(values))
    turned = spread(reversed(values))
    assert (turned.n, turned.mean, turned.maximum) == (found.n, pytest.approx(found.mean), found.maximum)


def test_one_run_has_no_spread_and_none_has_nothing():
    one = spread([0.5])
    assert (one.n, one.mean, one.sd, one.maximum) == (1, 0.5, None, 0.5)
    none = spread([None, float("nan")])
    assert (none.n, none.undefined, none.mean, none.minimum, none.maximum) == (0, 2, None, None, None)


def test_a_run_without_a_score_is_counted_and_is_no_zero():
    found = spread([0.5, None, 0.7])
    assert (found.n, found.undefined) == (2, 1)
    assert found.mean == statistics.fmean([0.5, 0.7])


def test_runs_are_grouped_by_what_stays_the_same():
    runs = [("hf_causal", 1), ("lead", 1), ("hf_causal", 2)]
    assert group_runs(runs, lambda run: run[0]) == {"hf_causal": [runs[0], runs[2]], "lead": [runs[1]]}
    assert group_runs([], str) == {}
