"""Bootstrap draws, the same for every run of one data set, and the intervals made from them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.metric.base import Array

# Draws are made in blocks of at most this many cells, so that memory does not grow with the number of units.
_BLOCK_CELLS = 8_000_000


@dataclass(frozen=True)
class Interval:
    """A confidence interval, or the reason why there is none.

    Args:
        low: Lower bound; None where no interval exists.
        high: Upper bound; None likewise.
        method: How it was made, or why not.
        undefined: Number of resamples in which the score was undefined.
    """

    low: float | None
    high: float | None
    method: str | None
    undefined: int = 0


def weights(units: int, resamples: int, rng_seed: int) -> Iterator[Array]:
    """How often each unit is drawn in each resample: blocks of shape (resamples of the block, units).

    Units must be in a fixed order (sorted by id), so that two runs of one data set see the same draws and can be
    compared pair by pair.
    """
    generator = np.random.default_rng([rng_seed, units])
    block = max(1, _BLOCK_CELLS // max(1, units))
    for first in range(0, resamples, block):
        rows = min(block, resamples - first)
        drawn: NDArray[np.int64] = generator.integers(0, units, size=(rows, units))
        drawn += np.arange(rows)[:, None] * units
        yield np.bincount(drawn.ravel(), minlength=rows * units).reshape(rows, units).astype(np.float64)


def resampled_sums(counts: Array, resamples: int, rng_seed: int) -> Array:
    """Sums of per-unit counts over every resample.

    Args:
        counts: Shape (units, names).
        resamples: Number of resamples.
        rng_seed: Seed.

    Returns:
        Shape (resamples, names).
    """
    return np.concatenate([block @ counts for block in weights(len(counts), resamples, rng_seed)])


def percentile(values: Array, level: float, method: str) -> Interval:
    """The percentile interval of resampled values (Efron 1979); undefined ones (NaN) are left out and counted.

    Args:
        values: One value per resample.
        level: Coverage aimed at.
        method: What to call it.
    """
    defined = values[~np.isnan(values)]
    undefined = len(values) - len(defined)
    if not len(defined):
        return Interval(None, None, "undefined in every resample", undefined)
    if np.ptp(defined) < 1e-12:
        return Interval(None, None, "none: every resample gives the same value", undefined)
    tail = (1 - level) / 2
    low, high = np.quantile(defined, [tail, 1 - tail])
    return Interval(float(low), float(high), method, undefined)
