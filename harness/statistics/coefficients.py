"""Pearson, Spearman and Kendall of values that count several times: what a resample looks like when nothing is copied.

Every function takes one row of weights (whole numbers, how often each value was drawn) per resample and gives one
coefficient per row, exactly as if the values had been written out that often. NaN where a side is constant.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from harness.metric.base import Array, divide

# A sum of squares below this share of the values' own size is what rounding leaves of a constant.
_ROUNDING = 1e-13


def pearson(x: Array, y: Array, weights: Array) -> Array:
    """Pearson's r of each row.

    Args:
        x: Shape (1 or rows, values); finite where the weight is 0, too.
        y: Likewise.
        weights: Shape (rows, values).
    """
    total = weights.sum(axis=1, keepdims=True)
    # What is left of equal values when their mean is taken off is rounding, in proportion to the values themselves.
    sizes = [np.abs(side).max(axis=1, initial=0.0) for side in (x, y)]
    x, y = (side - divide((weights * side).sum(axis=1, keepdims=True), total) for side in (x, y))
    weighted = [weights * side for side in (x, y)]
    squares = [np.einsum("ri,ri->r", first, second) for first, second in zip(weighted, (x, y), strict=True)]
    for square, size in zip(squares, sizes, strict=True):
        square[square <= (_ROUNDING * size) ** 2 * total[:, 0]] = 0.0
    found = divide(np.einsum("ri,ri->r", weighted[0], y), np.sqrt(squares[0]) * np.sqrt(squares[1]))
    return np.clip(found, -1.0, 1.0)


def spearman(x: Array, y: Array, weights: Array) -> Array:
    """Spearman's rho of each row: Pearson's r of the midranks; arguments as for `pearson`."""
    return pearson(midranks(x, weights), midranks(y, weights), weights)


def kendall(x: Array, y: Array, weights: Array) -> Array:
    """Kendall's tau-b of each row, from all pairs of values: for few values; arguments as for `pearson`.

    (concordant - discordant) / sqrt(pairs that x does not tie * pairs that y does not tie).
    """
    x, y = (np.sign(side[:, :, None] - side[:, None, :]) for side in (x, y))
    together = weights[:, :, None] * weights[:, None, :]
    parts = [(together * pairs).sum(axis=(1, 2)) for pairs in (x * y, abs(x), abs(y))]
    return divide(parts[0], np.sqrt(parts[1] * parts[2]))


def kendall_by_column(x: Array, y: Array, there: NDArray[np.bool_], weights: Array) -> Array:
    """Kendall's tau-b within each column, for each row of weights: all columns are one product of matrices.

    Args:
        x: Shape (values, columns).
        y: Likewise.
        there: Likewise, whether both have a value.
        weights: Shape (rows, values).

    Returns:
        Shape (rows, columns).
    """
    one, other = np.triu_indices(len(x), 1)
    both = there[one] & there[other]
    x, y = (np.sign(side[one] - side[other]) * both for side in (x, y))
    together = weights[:, one] * weights[:, other]
    return divide(together @ (x * y), np.sqrt((together @ abs(x)) * (together @ abs(y))))


def kendall_of_many(x: Array, y: Array, weights: Array) -> Array:
    """As `kendall`, row by row in n log n, for one order of values; shapes (values), (values), (rows, values)."""
    from scipy.stats import kendalltau

    found = np.full(len(weights), np.nan)
    for row, times in enumerate(weights.astype(np.int64)):
        one, other = (np.repeat(side, times) for side in (x, y))
        if len(one) and np.ptp(one) > 0 and np.ptp(other) > 0:
            # Its p value is of no use here, but the quick one divides by 0 for two values.
            method: Literal["asymptotic", "exact"] = "asymptotic" if len(one) > 2 else "exact"
            found[row] = kendalltau(one, other, method=method).statistic
    return found


def midranks(values: Array, weights: Array) -> Array:
    """Ranks from 1, ties sharing the mean of theirs, as if every value stood there as often as its weight says.

    Args:
        values: Shape (1 or rows, values).
        weights: Shape (rows, values); what has weight 0 gets a rank that nothing else notices.

    Returns:
        Shape (rows, values).

    Example:
        >>> midranks(np.array([[3.0, 1.0, 3.0]]), np.array([[1.0, 1.0, 1.0], [2.0, 0.0, 1.0]])).tolist()
        [[2.5, 1.0, 2.5], [2.0, 0.5, 2.0]]
    """
    if len(values) == 1:
        # Sorted once; equal values are one group, whatever their weights.
        order = np.argsort(values[0], kind="stable")
        first = np.concatenate([[True], np.diff(values[0][order]) > 0])
        group = np.empty(values.shape[1], dtype=np.int64)
        group[order] = np.cumsum(first) - 1
        sums = np.add.reduceat(weights[:, order], np.flatnonzero(first), axis=1)
        ranks: Array = (np.cumsum(sums, axis=1) - sums / 2 + 0.5)[:, group]
        return ranks
    order = np.argsort(values, axis=1, kind="stable")
    changes = np.diff(np.take_along_axis(values, order, axis=1), axis=1) > 0
    up_to = np.cumsum(np.take_along_axis(weights, order, axis=1), axis=1)
    edge = np.ones((len(values), 1), dtype=bool)
    # The sums before the first and up to the last of one's equals: both only grow along a row.
    before = np.concatenate([np.zeros((len(values), 1)), up_to[:, :-1]], axis=1)
    low = np.maximum.accumulate(np.where(np.concatenate([edge, changes], axis=1), before, 0.0), axis=1)
    high = np.where(np.concatenate([changes, edge], axis=1), up_to, np.inf)
    high = np.minimum.accumulate(high[:, ::-1], axis=1)[:, ::-1]
    found = np.empty(values.shape)
    np.put_along_axis(found, order, (low + high + 1) / 2, axis=1)
    return found
