"""Probabilities that can be used, and what a calibrated model would show."""

import math
from collections.abc import Mapping
from numbers import Real

import numpy as np
from numpy.typing import ArrayLike

from harness.metric.base import Array
from harness.records import ABSTAIN, Stance

# How far probabilities may add up beside 1: rounding in a file, not mass on labels that are not named.
SUM_TOLERANCE = 0.01


def probabilities(predicted: Stance | None) -> Mapping[str, float] | None:
    """The probability of each label that was given one, as given; None where there are none that can be used.

    An abstention has no confidence in a label, whatever its probabilities.
    """
    if predicted is None or predicted.scores is None or predicted.label == ABSTAIN or not usable(predicted.scores):
        return None
    return predicted.scores


def usable(scores: Mapping[str, float]) -> bool:
    """Whether these are probabilities: finite numbers of at least 0 that add up to 1 within 0.01.

    A label that is not named has probability 0, so nothing named at all is no distribution.
    """
    whole = 0.0
    for value in scores.values():
        # Real numbers of other libraries are numbers too; that takes longer to find out.
        if type(value) is not float and (isinstance(value, bool) or not isinstance(value, Real)):
            return False
        if not 0 <= value < math.inf:
            return False
        whole += value
    return bool(abs(whole - 1) <= SUM_TOLERANCE)


def confidence(predicted: Stance, scores: Mapping[str, float]) -> float:
    """The probability of the label that was answered, whether or not another label has more."""
    # A sum within the tolerance may leave one label a little above 1; adding 0 makes -0.0 the 0.0 that it equals.
    return min(1.0, float(scores.get(predicted.label, 0.0)) + 0.0)


def expected_gap(n: ArrayLike, mean: ArrayLike) -> Array:
    """Mean distance between the number of hits and n times `mean`, if each of n examples hits with that probability.

    De Moivre's mean absolute deviation of a binomial, exact, elementwise:

        E|X - n p| = 2 m C(n, m) p^m (1 - p)^(n - m + 1)    m = floor(n p) + 1

    Args:
        n: Number of examples.
        mean: Probability of a hit, in [0, 1].
    """
    from scipy.special import gammaln, xlog1py, xlogy

    whole = np.asarray(n, dtype=np.float64)
    p = np.clip(np.asarray(mean, dtype=np.float64), 0.0, 1.0)
    # Where n p is n itself there is nothing to deviate; m is kept in range, the power of 1 - p makes it 0.
    m = np.minimum(np.floor(whole * p) + 1, np.maximum(whole, 1.0))
    n_safe = np.maximum(whole, 1.0)
    log = (
        gammaln(n_safe + 1)
        - gammaln(m + 1)
        - gammaln(n_safe - m + 1)
        + xlogy(m, p)
        + xlog1py(n_safe - m + 1, -p)
        + np.log(2 * m)
    )
    return np.where(whole > 0, np.exp(log), 0.0)


def harmonic(n: ArrayLike) -> Array:
    """Sum of 1/k over 1 <= k <= n less Euler's constant, elementwise; only differences of it mean anything."""
    from scipy.special import digamma

    found: Array = digamma(np.asarray(n, dtype=np.float64) + 1)
    return found


def note_left_out(used: float, examples: float) -> str | None:
    """A remark on a score that some examples have no part in, for want of probabilities."""
    if used >= examples:
        return None
    return f"over the {used:.0f} of {examples:.0f} examples with usable probabilities"
