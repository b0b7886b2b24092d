"""One score of a run and of its baseline on the same units: the difference d, and one-sided bounds of it.

d is the run's score minus the baseline's, turned so that more is better; its bounds are those of the paired bootstrap.
What a bootstrap has not seen it does not draw: without a unit made worse among 20, no draw has one, and still 3 in 20
may be worse. So the lower bound is no higher than d - (U - h) e, where h units were made worse by e each on average
and U is the upper bound of a Poisson mean after h events at that level (rule of three: U = 3 for h = 0 at 95 %); with
h = 0, e is a unit's whole share of the score. It matters where few units differ; docs/gate.md has the error rates.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from harness.metric.base import Array, Key
from harness.statistics.resample import Method
from harness.statistics.significance import paired_interval
from harness.statistics.unit_counts import Aligned, Compute, UnitCounts, resample_systems

# What a score's outcome rests on.
Ground = Literal["bounds", "equal answers", "one document", "few units", "few differences", "undefined"]
# Scores so near each other are equal: sums of fractions differ in their last digits with the order of adding.
TIE = 1e-12
_NORMAL = NormalDist()


@dataclass(frozen=True, kw_only=True)
class PairedScore:
    """One score of a run and of its baseline on the same units.

    Args:
        run: The run's score; None where undefined.
        baseline: The baseline's.
        sign: 1 where more is better, -1 where less is.
        tolerance: By how much the run may be worse, in the score's own unit.
        n: Number of units.
        documents: Number of documents.
        differing: Number of units on which the counts differ.
        equal_answers: Whether both gave the same answer to every example.
        worse: Number of units that make the score worse than the baseline's.
        harm: By how much each of them does on average; without any, the share of a unit in the score.
        gaps: The difference in each bootstrap draw, turned so that more is better; None where nothing is to be drawn.
        interval: From difference and level the two-sided bounds, and how they were made.
    """

    run: float | None
    baseline: float | None
    sign: int
    tolerance: float
    n: int
    documents: int
    differing: int
    equal_answers: bool
    worse: int = 0
    harm: float = 0.0
    gaps: Array | None = None
    interval: Callable[[float, float], tuple[float, float, str] | None] | None = None

    @property
    def difference(self) -> float | None:
        """Run minus baseline, turned so that more is better; None where one of the two is undefined."""
        if self.run is None or self.baseline is None:
            return 0.0 if self.unchanged else None
        return self.sign * (self.run - self.baseline)

    @property
    def unchanged(self) -> bool:
        """Whether the same answers were counted alike: there is nothing to estimate."""
        return self.equal_answers and not self.differing

    def ground(self, tail: float) -> Ground:
        """What an outcome at this level rests on."""
        if self.unchanged:
            return "equal answers"
        if self.difference is None:
            return "undefined"
        if self.documents < 2:
            return "one document"
        if self.n < least_units(tail):
            return "few units"
        return "bounds" if self.bounds(tail) else "undefined"

    def bounds(self, tail: float) -> tuple[float, float, str] | None:
        """The one-sided bounds, each of which errs with chance `tail`, and how they were made."""
        difference = self.difference
        if difference is None:
            return None
        drawn = self._drawn(difference, tail)
        return drawn and (min(drawn[0], self.unseen(difference, tail)), *drawn[1:])

    def _drawn(self, difference: float, tail: float) -> tuple[float, float, str] | None:
        if not self.differing:
            return 0.0, 0.0, "none drawn: counted alike on every unit"
        if self.gaps is None or self.interval is None or np.isnan(self.gaps).all():
            return None
        gaps = self.gaps[~np.isnan(self.gaps)]
        if np.ptp(gaps) <= TIE:
            return difference, difference, "none drawn: every resample gives the same difference"
        return self.interval(difference, 1 - 2 * tail)

    def unseen(self, difference: float, tail: float) -> float:
        """The lower bound from the number of units made worse: rare ones may by chance not be among these units."""
        return difference - (min(poisson_upper(self.worse, tail), self.n) - self.worse) * self.harm

    def fails(self, tail: float) -> bool:
        """Whether the upper bound at this level is below what is tolerated, and enough units differ to say so."""
        return self.differing >= least_units(tail) and self.falls_below(tail)

    def falls_below(self, tail: float) -> bool:
        """Whether the upper bound at this level is below what is tolerated."""
        found = self.bounds(tail) if self.ground(tail) == "bounds" else None
        return found is not None and found[1] < -self.tolerance - TIE

    def passes(self, tail: float) -> bool:
        """Whether the lower bound at this level is not below what is tolerated."""
        ground = self.ground(tail)
        found = self.bounds(tail) if ground == "bounds" else None
        return ground == "equal answers" or (found is not None and found[0] >= -self.tolerance - TIE)


def pair_counts(
    run: UnitCounts,
    baseline: UnitCounts,
    compute: Compute,
    key: Key,
    *,
    sign: int = 1,
    tolerance: float,
    documents: int,
    equal_answers: bool = False,
    resamples: int = 10_000,
    rng_seed: int = 0,
    method: Method = "bca_t",
) -> PairedScore:
    """Draws the units of both systems together.

    Args:
        run: Counts of the run.
        baseline: Counts of the baseline, on the same units.
        compute: The metric's `compute`.
        key: Which score.
        sign: 1 where more is better, -1 where less is.
        tolerance: By how much the run may be worse.
        documents: Number of documents behind the units.
        equal_answers: Whether both gave the same answer to every example.
        resamples: Number of draws.
        rng_seed: Their seed.
        method: How bounds are made, see `resample.bounds`.

    Raises:
        DataError: The two were not scored on the same units.
    """
    resampled = resample_systems(
        {"run": run, "baseline": baseline}, compute, [key], resamples=resamples, rng_seed=rng_seed
    )
    values, drawn, without = resampled.values[key], resampled.draws[key], resampled.left_out[key]
    gaps, left_out = sign * (drawn[0] - drawn[1]), sign * (without[0] - without[1])
    difference, size = float(sign * (values[0] - values[1])), len(left_out)
    # What each unit adds to the difference (the jackknife's pseudovalues over the number of units).
    added = (difference + (size - 1) * (difference - left_out)) / size
    worse = (added < -TIE) & _differing(resampled.counts)

    # Asked for several times at each of Holm's levels.
    @cache
    def interval(difference: float, level: float) -> tuple[float, float, str] | None:
        found = paired_interval(resampled, gaps, left_out, difference, level, method)
        return None if found.low is None or found.high is None else (found.low, found.high, found.method or "")

    return PairedScore(
        run=_defined(values[0]),
        baseline=_defined(values[1]),
        sign=sign,
        tolerance=tolerance,
        n=resampled.counts.n,
        documents=documents,
        differing=int(resampled.counts.differing[0, 1]),
        equal_answers=equal_answers,
        worse=int(worse.sum()),
        harm=float(-added[worse].mean()) if worse.any() else float(np.abs(values).max()) / size,
        gaps=gaps,
        interval=interval,
    )


def poisson_upper(events: float, tail: float) -> float:
    """The one-sided upper bound of a Poisson mean after so many events (Garwood 1936).

    By the cube-root approximation of the chi-square quantile (Wilson and Hilferty 1931), which is within 3 %.

    Example:
        >>> round(poisson_upper(0, 0.05), 1), round(poisson_upper(10, 0.05), 1)
        (3.0, 17.0)
    """
    degrees = events + 1
    root = 1 - 1 / (9 * degrees) + _NORMAL.inv_cdf(1 - tail) / (3 * math.sqrt(degrees))
    return degrees * root**3


def least_units(tail: float) -> int:
    """The fewest units that can say anything at this level: n with 2^-n no larger than it.

    Example:
        >>> least_units(0.05), least_units(0.05 / 3)
        (5, 6)
    """
    return math.ceil(-math.log2(tail) - 1e-9)


def _differing(counts: Aligned) -> NDArray[np.bool_]:
    """Which units are counted otherwise for the one system than for the other."""
    names = len(counts.names)
    unlike = counts.flat[:names] != counts.flat[names:]
    return np.asarray(unlike.sum(axis=0)).ravel() > 0


def _defined(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
