"""Which sentences are central: tf-idf cosines between sentences (scikit-learn), and PageRank over them.

Memory grows with the square of the number of sentences: 10,000 take 0.8 GB.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy.sparse import diags_array
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.preprocessing import normalize

from harness.metric.base import Array

# Scores closer than this are equal: far above what adding up in another order changes, far below any real difference.
_DIGITS = 9


def smoothed_idf(sentences: int, containing: int) -> float:
    """Inverse document frequency as scikit-learn has it: a word of every sentence still weighs 1."""
    return math.log((1 + sentences) / (1 + containing)) + 1.0


def plain_idf(sentences: int, containing: int) -> float:
    """Inverse document frequency without smoothing: a word of every sentence weighs 0."""
    return math.log(sentences / containing)


def cosines(texts: Sequence[str], idf: Callable[[int, int], float]) -> Array:
    """Cosine of the tf-idf vectors of every two texts, 0 where one has no words; each text is a document of the idf.

    Words are runs of letters, digits and underscores, in lower case.

    Args:
        texts: The sentences.
        idf: Weight of a word from the number of texts and of those that have it.
    """
    counter = CountVectorizer(token_pattern=r"(?u)\w+", lowercase=True)
    try:
        counts = counter.fit_transform(texts)
    except ValueError:
        # No text has a word: nothing is like anything.
        return np.zeros((len(texts), len(texts)))
    containing = np.bincount(counts.indices, minlength=counts.shape[1])
    weights = np.array([idf(len(texts), int(number)) for number in containing], dtype=np.float64)
    vectors = normalize(counts.astype(np.float64) @ diags_array(weights))
    return np.asarray((vectors @ vectors.T).toarray(), dtype=np.float64)


def pagerank(weights: Array, damping: float, tolerance: float) -> Array:
    """Scores of the nodes of a weighted graph; they add up to 1.

        score = (1 - damping) / n + damping * (sum over neighbours: their score * weight / sum of their weights)

    A node without neighbours spreads its score evenly.

    Args:
        weights: `weights[i, j]` is that of the edge from i to j, not negative.
        damping: Probability of following an edge, in [0, 1).
        tolerance: Stops when the scores change by less than this in all.
    """
    n = len(weights)
    if not n:
        return np.zeros(0)
    leaving = weights.sum(axis=1)
    lonely = leaving == 0
    transitions = weights / np.where(lonely, 1.0, leaving)[:, None]
    scores = np.full(n, 1.0 / n)
    # The change shrinks by `damping` at least in each round, from 2 at most, so this many rounds always do.
    rounds = 1 if damping == 0 else math.ceil(math.log(tolerance / 2) / math.log(damping)) + 1
    for _ in range(rounds):
        spread = scores @ transitions + scores[lonely].sum() / n
        following = damping * spread + (1.0 - damping) / n
        change = float(np.abs(following - scores).sum())
        scores = following
        if change < tolerance:
            break
    return scores


def best_first(scores: Array) -> list[int]:
    """Positions by falling score; equal scores keep the order of the text."""
    # Scores are shares, which get smaller with every further sentence; times n they do not.
    rounded = np.round(scores * len(scores), _DIGITS)
    return [int(position) for position in np.argsort(-rounded, kind="stable")]


def check_walk(kind: str, damping: float, tolerance: float) -> None:
    """Refuses parameters with which PageRank is not defined or never settles."""
    if not 0 <= damping < 1:
        raise ValueError(f"{kind}: damping must be at least 0 and below 1, got {damping!r}")
    # Below this the change of scores that add up to 1 is rounding noise.
    if not 1e-14 <= tolerance < 1:
        raise ValueError(f"{kind}: tolerance must be at least 1e-14 and below 1, got {tolerance!r}")
