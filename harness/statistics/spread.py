"""Several runs of one model (seeds, prompts): how far they lie apart.

Their spread is about the model's own randomness; an interval is about which documents were in the set. A table shows
the two side by side, and nothing here adds one to the other.
"""

import math
import statistics
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import TypeVar

Run = TypeVar("Run")
Group = TypeVar("Group", bound=Hashable)


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Scores of several runs of one model on one data set.

    Args:
        n: Number of runs with a score.
        undefined: Number of runs without one; they are in none of the other figures.
        mean: Of the runs.
        sd: Sample standard deviation (n - 1); None for one run.
        minimum: The lowest.
        maximum: The highest.
    """

    n: int
    undefined: int
    mean: float | None
    sd: float | None
    minimum: float | None
    maximum: float | None


def spread(values: Iterable[float | None]) -> Spread:
    """Mean and spread of scores; None and NaN are undefined.

    Example:
        >>> found = spread([0.5, 0.7, None])
        >>> found.n, found.undefined, round(found.mean, 3), round(found.sd, 3)
        (2, 1, 0.6, 0.141)
    """
    given = list(values)
    scores = [value for value in given if value is not None and not math.isnan(value)]
    return Spread(
        n=len(scores),
        undefined=len(given) - len(scores),
        mean=statistics.fmean(scores) if scores else None,
        sd=statistics.stdev(scores) if len(scores) > 1 else None,
        minimum=min(scores, default=None),
        maximum=max(scores, default=None),
    )


def group_runs(runs: Iterable[Run], key: Callable[[Run], Group]) -> dict[Group, list[Run]]:
    """Runs that are of one model: those of which `key` is the same, in the order given.

    Args:
        runs: Runs, of any type.
        key: What stays the same from run to run of one model: its name, or its configuration less seed and prompt.

    Example:
        >>> group_runs([("m", 1), ("m", 2), ("k", 1)], lambda run: run[0])
        {'m': [('m', 1), ('m', 2)], 'k': [('k', 1)]}
    """
    groups: dict[Group, list[Run]] = {}
    for run in runs:
        groups.setdefault(key(run), []).append(run)
    return groups
