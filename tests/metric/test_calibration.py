import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from harness.metric.calibration import confidence, expected_gap, harmonic, probabilities, usable
from harness.records import Stance

pytestmark = pytest.mark.core


@pytest.mark.parametrize(
    ("scores", "fits"),
    [
        ({"favor": 0.5, "none": 0.5}, True),
        ({"favor": 1}, True),  # labels that are not named have 0
        ({"favor": 0.333, "against": 0.333, "none": 0.333}, True),  # rounded in a file
        ({"favor": 1.005, "none": 0.0}, True),
        ({"favor": np.float32(0.25), "none": np.float64(0.75)}, True),
        ({"favor": 0.5, "none": 0.4}, False),
        ({"favor": 0.7, "none": 0.7}, False),
        ({"favor": 1.5, "none": -0.5}, False),
        ({"favor": math.nan, "none": 0.5}, False),
        ({"favor": math.inf}, False),
        ({"favor": -math.inf, "none": math.inf}, False),
        ({"favor": "1.0"}, False),
        ({"favor": None}, False),
        ({"favor": True}, False),
        ({}, False),
    ],
)
def test_what_counts_as_probabilities(scores, fits):
    assert usable(scores) is fits
    assert (probabilities(Stance("t", "favor", scores)) is not None) is fits


def test_no_answer_an_abstention_and_no_scores_have_no_probabilities():
    assert probabilities(None) is None
    assert probabilities(Stance("t", "favor")) is None
    assert probabilities(Stance("t", "unknown", {"favor": 1.0})) is None


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ({"favor": 0.2, "none": 0.8}, 0.2),
        ({"none": 1.0}, 0.0),
        ({"favor": 1.005}, 1.0),
        ({"favor": -0.0, "none": 1}, 0),
    ],
)
def test_confidence_is_that_of_the_answered_label(scores, expected):
    found = confidence(Stance("t", "favor", scores), scores)
    assert found == expected
    assert math.copysign(1, found) == 1


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 200), st.just(0.0) | st.floats(1e-6, 1))
def test_the_expected_gap_equals_the_sum_over_the_binomial(n, p):
    hits = np.arange(n + 1)
    assert float(expected_gap(n, p)) == pytest.approx(np.sum(np.abs(hits - n * p) * binom.pmf(hits, n, p)), abs=1e-9)


def test_the_expected_gap_is_elementwise_and_0_where_nothing_can_deviate():
    found = expected_gap(np.array([[0.0, 5], [5, 1]]), np.array([[0.5, 0], [1, 0.5]]))
    assert found == pytest.approx(np.array([[0, 0], [0, 0.5]]))


def test_differences_of_harmonic_sums():
    assert float(harmonic(7) - harmonic(3)) == pytest.approx(1 / 4 + 1 / 5 + 1 / 6 + 1 / 7, abs=1e-12)
    assert float(harmonic(1) - harmonic(0)) == pytest.approx(1)
