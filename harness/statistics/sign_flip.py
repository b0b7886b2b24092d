"""An exact test of what was gained and lost in clusters: the clustered form of McNemar's."""

from collections import Counter
from collections.abc import Iterable

import numpy as np


def sign_flip_p(gains: Iterable[int]) -> float:
    """p, two-sided and exact, of the sum of what each cluster gained.

    If two systems were alike, each cluster (document) could as well have gained as lost what it did: every one of the
    2^m ways to change the signs of the gains is equally likely, and p is the share of them whose sum is at least as
    far from 0. With one example per cluster it is McNemar's exact test; with several, examples of one document are not
    taken for independent pieces of evidence. The distribution is that of a sum of independent terms, so it is computed
    by convolution, for any number of clusters.

    Args:
        gains: Per cluster: examples put right minus examples made wrong. Clusters of 0 say nothing.

    Returns:
        In (0, 1]; 1 where no cluster gained or lost.

    Example:
        >>> round(sign_flip_p([1, 1, 1, 1, 1, 1]), 9)  # 2 of 64
        0.03125
        >>> round(sign_flip_p([3, 3]), 9)  # two documents, not six examples: 2 of 4
        0.5
    """
    from scipy.stats import binom

    given = [int(gain) for gain in gains]
    sizes = Counter(abs(gain) for gain in given if gain)
    chances = np.ones(1)
    for size, number in sorted(sizes.items()):
        # A cluster of this size adds it or takes it away: 2 size x (how many add) - size x number.
        own = np.zeros(2 * size * number + 1)
        own[:: 2 * size] = binom.pmf(np.arange(number + 1), number, 0.5)
        chances = np.convolve(chances, own)
    total = sum(size * number for size, number in sizes.items())
    sums = np.arange(-total, total + 1)
    extreme = np.abs(sums) >= abs(sum(given))
    # Thousands of clusters can make it smaller than any number there is.
    return float(np.clip(chances[extreme].sum(), np.finfo(np.float64).tiny, 1.0))
