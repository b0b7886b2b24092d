"""Word weights and PageRank against scikit-learn and networkx."""

import networkx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from harness.model.centrality import best_first, check_walk, cosines, pagerank, plain_idf, smoothed_idf

pytestmark = pytest.mark.core

WORDS = r"(?u)\w+"
TEXTS = [
    "The cat sat on the mat.",
    "The cat ate the fish, and the dog ate nothing at all.",
    "Dogs! Dogs, dogs and a CAT.",
    "...",
    "Über 3.5 Millionen Katzen, e.g. the cat",
    "Nothing in common",
    "The cat sat on the mat.",
]


def test_cosines_equal_scikit_learn():
    vectors = TfidfVectorizer(token_pattern=WORDS).fit_transform(TEXTS).toarray()
    np.testing.assert_allclose(cosines(TEXTS, smoothed_idf), vectors @ vectors.T, atol=1e-15)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.text(alphabet="ab c.É1", max_size=12), min_size=1, max_size=6))
def test_cosines_equal_scikit_learn_on_any_text(texts):
    if not any(character.isalnum() for text in texts for character in text):
        np.testing.assert_array_equal(cosines(texts, smoothed_idf), np.zeros((len(texts), len(texts))))
        return
    vectors = TfidfVectorizer(token_pattern=WORDS).fit_transform(texts).toarray()
    np.testing.assert_allclose(cosines(texts, smoothed_idf), vectors @ vectors.T, atol=1e-14)


def test_cosines_with_plain_idf_are_those_of_the_lexrank_paper():
    # sum over words of tf_x tf_y idf^2, over the lengths of the vectors tf idf; written out word by word.
    counts = CountVectorizer(token_pattern=WORDS).fit_transform(TEXTS).toarray()
    idf = np.log(len(TEXTS) / (counts > 0).sum(axis=0))
    expected = np.zeros((len(TEXTS), len(TEXTS)))
    for x, first in enumerate(counts):
        for y, second in enumerate(counts):
            shared = sum(a * b * weight**2 for a, b, weight in zip(first, second, idf, strict=True))
            lengths = np.sqrt(sum((first * idf) ** 2)) * np.sqrt(sum((second * idf) ** 2))
            expected[x, y] = shared / lengths if lengths else 0.0
    np.testing.assert_allclose(cosines(TEXTS, plain_idf), expected, atol=1e-14)


def test_cosines_by_hand():
    # `a` is in both sentences and weighs ln(2/2) = 0, so only b and c are left, which differ.
    np.testing.assert_array_equal(cosines(["a b", "a c"], plain_idf), [[1, 0], [0, 1]])
    # Smoothed, `a` weighs 1 and each of the others 1 + ln(3/2).
    other = 1 + np.log(3 / 2)
    np.testing.assert_allclose(cosines(["a b", "a c"], smoothed_idf)[0, 1], 1 / (1 + other**2))


def test_cosines_are_symmetric_to_the_last_bit():
    found = cosines(TEXTS, smoothed_idf)
    np.testing.assert_array_equal(found, found.T)


@pytest.mark.parametrize("texts", [[], [""], ["", "..."]])
def test_texts_without_words_are_like_nothing(texts):
    np.testing.assert_array_equal(cosines(texts, plain_idf), np.zeros((len(texts), len(texts))))


GRAPHS = st.integers(1, 8).flatmap(
    lambda n: arrays(np.float64, (n, n), elements=st.sampled_from([0.0, 0.0, 0.1, 0.5, 1.0, 3.0]))
)


@settings(deadline=None, max_examples=60)
@given(GRAPHS, st.sampled_from([0.0, 0.15, 0.5, 0.85, 0.95]))
def test_pagerank_equals_networkx(weights, damping):
    # Directed, with self-loops and nodes without edges.
    graph = networkx.from_numpy_array(weights, create_using=networkx.DiGraph)
    expected = networkx.pagerank(graph, alpha=damping, tol=1e-14, max_iter=2000)
    found = pagerank(weights, damping, 1e-13)
    np.testing.assert_allclose(found, [expected[node] for node in range(len(weights))], atol=1e-10)
    assert found.sum() == pytest.approx(1.0)


def test_pagerank_by_hand():
    # A star: the middle gets all of the two ends' scores, each end half of the middle's.
    star = np.array([[0.0, 1, 1], [1, 0, 0], [1, 0, 0]])
    # x = .15/3 + .85 * 2y and y = .15/3 + .85 * x/2.
    middle = (0.05 + 0.85 * 2 * 0.05) / (1 - 0.85**2)
    np.testing.assert_allclose(pagerank(star, 0.85, 1e-14), [middle, (1 - middle) / 2, (1 - middle) / 2], atol=1e-12)
    assert pagerank(np.zeros((0, 0)), 0.85, 1e-10).shape == (0,)
    np.testing.assert_array_equal(pagerank(np.zeros((4, 4)), 0.85, 1e-10), [0.25] * 4)


def test_a_loose_tolerance_stops_earlier():
    chain = np.diag(np.ones(5), 1) + np.diag(np.ones(5), -1)
    loose, exact = pagerank(chain, 0.9, 0.9), pagerank(chain, 0.9, 1e-13)
    assert np.abs(loose - exact).max() > 1e-3


@pytest.mark.parametrize(
    ("scores", "order"),
    [
        ([0.2, 0.5, 0.3], [1, 2, 0]),
        ([0.25, 0.25, 0.25, 0.25], [0, 1, 2, 3]),
        # Apart by rounding errors only: text order.
        ([0.3, 0.3 + 1e-16, 0.3 + 1e-12, 0.1], [0, 1, 2, 3]),
        ([], []),
    ],
)
def test_best_first(scores, order):
    assert best_first(np.array(scores)) == order


@pytest.mark.parametrize(
    ("damping", "tolerance", "message"),
    [
        (1.0, 1e-9, "Kind: damping must be at least 0 and below 1, got 1.0"),
        (-0.1, 1e-9, "damping"),
        (float("nan"), 1e-9, "damping"),
        (0.85, 0.0, "Kind: tolerance must be at least 1e-14 and below 1, got 0.0"),
        (0.85, 1.0, "tolerance"),
    ],
)
def test_check_walk(damping, tolerance, message):
    check_walk("Kind", 0.0, 1e-14)
    with pytest.raises(ValueError, match=message):
        check_walk("Kind", damping, tolerance)
