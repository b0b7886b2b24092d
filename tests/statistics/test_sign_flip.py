"""The exact clustered test against every way of changing signs, and against McNemar's."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from harness.statistics.sign_flip import sign_flip_p

pytestmark = pytest.mark.core


def enumerated(gains):
    """p by carrying out every one of the 2^n ways."""
    ways = product((1, -1), repeat=len(gains))
    sums = [sum(sign * gain for sign, gain in zip(signs, gains, strict=True)) for signs in ways]
    return sum(abs(one) >= abs(sum(gains)) for one in sums) / len(sums)


@given(st.lists(st.integers(-6, 6), max_size=10))
def test_it_is_the_share_of_all_ways_to_change_signs(gains):
    assert sign_flip_p(gains) == pytest.approx(enumerated(gains))


@given(st.integers(0, 40), st.integers(0, 40))
def test_with_one_example_per_cluster_it_is_mcnemars_exact_test(fixed, broken):
    expected = binomtest(fixed, fixed + broken, 0.5).pvalue if fixed + broken else 1.0
    assert sign_flip_p([1] * fixed + [-1] * broken) == pytest.approx(expected)


def test_examples_of_one_document_are_one_piece_of_evidence():
    # 40 examples fixed, none broken; but in four documents: 2 of 16 ways.
    assert sign_flip_p([10, 10, 10, 10]) == pytest.approx(2 / 16)
    assert sign_flip_p([1] * 40) < 1e-10


def test_order_direction_and_clusters_of_nothing_change_nothing():
    p = sign_flip_p([3, -1, 2])
    assert sign_flip_p([2, 3, -1, 0, 0]) == p
    assert sign_flip_p([-3, 1, -2]) == p
    assert sign_flip_p([]) == sign_flip_p([0, 0]) == 1


@pytest.mark.timeout(60)
def test_ten_thousand_documents_have_a_p_above_0():
    assert 0 < sign_flip_p([1 + number % 5 for number in range(10_000)]) < 1e-300
