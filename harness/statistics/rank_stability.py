"""How far the order of systems hangs on which documents were annotated: their ranks in the bootstrap's draws."""

from dataclasses import dataclass

import numpy as np

from harness.metric.base import Array, Key
from harness.statistics.coefficients import midranks
from harness.statistics.unit_counts import Resampled


@dataclass(frozen=True, kw_only=True)
class RankStability:
    """The ranks of one system over the draws; 1 is the best, equal systems share the mean of their ranks.

    Args:
        system: Its name.
        rank: Its rank by the scores themselves.
        expected: Mean rank over the draws.
        low: The rank that at most 2.5 % of the draws are below.
        high: The rank that at most 2.5 % of the draws are above.
        best: Share of the draws in which it is the best; a place that k systems share counts 1 / k for each.
    """

    system: str
    rank: float
    expected: float
    low: float
    high: float
    best: float


def rank_stability(resampled: Resampled, key: Key, *, higher_is_better: bool = True) -> list[RankStability]:
    """The ranks of all systems with a score, in the order of the systems.

    Draws in which one of them has no score are left out.

    Args:
        resampled: The systems on the bootstrap's draws.
        key: By which score.
        higher_is_better: Which way is up.

    Returns:
        Nothing where no draw is left, or where there is but one unit.
    """
    values = resampled.values[key]
    scored = np.flatnonzero(~np.isnan(values))
    draws = resampled.draws[key][scored]
    draws = draws[:, ~np.isnan(draws).any(axis=0)]
    if not draws.size or resampled.counts.n < 2:
        return []
    sign = -1.0 if higher_is_better else 1.0
    ranks = _ranks(sign * draws)
    own = _ranks(sign * values[scored, None])[:, 0]
    first = ranks == ranks.min(axis=0)
    best = (first / first.sum(axis=0)).mean(axis=1)
    low, high = np.percentile(ranks, (2.5, 97.5), axis=1, method="inverted_cdf")
    return [
        RankStability(
            system=resampled.counts.systems[place],
            rank=float(own[number]),
            expected=float(ranks[number].mean()),
            low=float(low[number]),
            high=float(high[number]),
            best=float(best[number]),
        )
        for number, place in enumerate(scored.tolist())
    ]


def _ranks(values: Array) -> Array:
    """The ranks within each column, from the smallest; shape (systems, draws)."""
    # Sums of fractions differ in their last digits with the order of adding.
    rounded = np.round(values, 12).T
    return midranks(rounded, np.ones_like(rounded)).T
