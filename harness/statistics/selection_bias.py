"""How much of a sweep's best score is luck: the best of several on the set it was chosen on."""

from dataclasses import dataclass

import numpy as np

from harness.metric.base import Key
from harness.statistics.unit_counts import Resampled


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The best of several systems on one test set.

    Args:
        selected: Names of the best; several where they share the best value; none where no system has a score.
        value: Its score.
        systems: Number of systems with a score, from which it was chosen.
        optimism: By how much the best of as many equal systems would exceed their common expectation; None where
            nothing can be resampled. Of the same sign as an improvement: for scores that are better when lower it is
            below 0.
        undefined: Number of draws in which one of the systems has no score; left out.
        note: Why there is no optimism.
    """

    selected: tuple[str, ...]
    value: float | None
    systems: int
    optimism: float | None
    undefined: int
    note: str | None


def selection(resampled: Resampled, key: Key, *, higher_is_better: bool = True) -> Selection:
    """Which system is best, and how much better than its expectation the best of equal systems would look.

    Every system's draws are moved to a mean of 0, so that all are equal and only their noise and what they share of it
    is left; the optimism is the mean over draws of the largest. Twenty copies of one system have none, ten independent
    systems have 1.54 standard errors. It says what choosing on the test set can do, and is no correction of the score:
    where one system is far ahead, choosing it cost little. The cure is to choose on other data.

    Source: the order statistic's expectation as in Dodge et al. 2019 (https://aclanthology.org/D19-1224), by the
    centred paired bootstrap instead of independence; Cawley and Talbot 2010 on the bias itself.

    Args:
        resampled: All systems of the sweep on the same draws.
        key: The score that they were chosen by.
        higher_is_better: False for scores where the smallest is best.
    """
    values = resampled.values[key]
    scored = np.flatnonzero(~np.isnan(values))
    if not len(scored):
        return Selection(selected=(), value=None, systems=0, optimism=None, undefined=0, note="no system has a score")
    sign = 1.0 if higher_is_better else -1.0
    best = float((sign * values[scored]).max())
    names = tuple(resampled.counts.systems[place] for place in scored if sign * values[place] == best)
    draws = sign * resampled.draws[key][scored]
    defined = draws[:, ~np.isnan(draws).any(axis=0)]
    undefined = draws.shape[1] - defined.shape[1]
    optimism, note = None, None
    if resampled.counts.n == 1:
        note = "one unit cannot be resampled"
    elif not defined.shape[1]:
        note = "in every resample some system has no score"
    else:
        centred = defined - defined.mean(axis=1, keepdims=True)
        optimism = sign * float(centred.max(axis=0).mean())
    return Selection(
        selected=names,
        value=sign * best,
        systems=len(scored),
        optimism=optimism,
        undefined=undefined,
        note=note,
    )
