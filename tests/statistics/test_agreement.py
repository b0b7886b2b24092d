import krippendorff
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from harness.statistics.agreement import alpha_interval, alpha_nominal, f1_between, nominal_counts

pytestmark = pytest.mark.core

LABELS = st.sampled_from([0.0, 1.0, 2.0, np.nan])
TABLES = st.integers(2, 4).flatmap(lambda n: st.lists(st.lists(LABELS, min_size=n, max_size=n), min_size=1, max_size=9))


def units(table):
    return [[value for value in row if not np.isnan(value)] for row in table]


def nominal(table):
    alpha = float(alpha_nominal(nominal_counts(table)))
    return None if np.isnan(alpha) else alpha


@pytest.mark.parametrize(("level", "function"), [("nominal", nominal), ("interval", alpha_interval)])
@given(table=TABLES)
def test_alpha_is_that_of_krippendorff(level, function, table):
    paired = [value for unit in units(table) if len(unit) > 1 for value in unit]
    assume(len(set(paired)) > 1)
    expected = krippendorff.alpha(np.array(table).T, level_of_measurement=level)
    assert function(units(table)) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("function", [nominal, alpha_interval])
def test_where_alpha_is_undefined(function):
    for table in ([], [[1]], [[1], [2]], [[1, 1], [1, 1]]):
        assert function(table) is None


@pytest.mark.parametrize(
    ("labels", "alpha"),
    [
        # Krippendorff 2011, section A: two observers, ten binary units, six of them agreed on: 0.095.
        ([(0, 0), (1, 1), (0, 1), (0, 0), (0, 1), (0, 0), (0, 1), (0, 0), (1, 0), (0, 0)], 0.095),
        ([("a", "a"), ("b", "b")], 1.0),
        # Two unlike pairs of two labels: of 4 labels, 8 of 12 ordered pairs are unlike, here all of them are.
        ([("a", "b"), ("b", "a")], -0.5),
    ],
)
def test_alpha_worked_by_hand(labels, alpha):
    assert nominal(labels) == pytest.approx(alpha, abs=5e-4)


@given(st.sets(st.integers(0, 9)), st.sets(st.integers(0, 9)))
def test_f1_of_sets(one, other):
    found = f1_between(one, other)
    assert found == f1_between(other, one)
    if not one and not other:
        assert found is None
    else:
        marks = [[int(number in side) for number in range(10)] for side in (one, other)]
        assert found == pytest.approx(f1_score(*marks, zero_division=0))
