"""The gate's decision on each score: passed, failed or inconclusive, from one-sided bounds of a paired difference.

With d the run's score minus the baseline's, turned so that more is better, and a tolerance t:

    failed         the upper bound of d is below -t
    passed         the lower bound of d is at least -t
    inconclusive   neither

Each bound is one-sided. What they are for decides their levels. A gate fails as soon as one score fails, so the chance
of failing a run that is nowhere worse than -t has to be bounded over all scores: upper bounds have Holm's levels (Holm
1979, https://www.jstor.org/stable/4615733), stepping down: with k scores left to be failed each upper bound is at
1 - alpha / k; those that fail are taken out, and the others are looked at again with fewer left. A gate passes only if
every score passes, so a run that is somewhere worse than -t is let through only by an error on that very score: lower
bounds are at 1 - alpha each, without correction (the intersection-union principle, Berger 1982,
https://doi.org/10.1080/00401706.1982.10487790).

Equal answers pass whatever their number. Otherwise one document decides nothing, nor do n units with 2^-n above the
level: chance alone would put all of them on one side as often. For the same reason a run fails only where as many units
differ.

What a bootstrap has not seen it does not draw: without a unit made worse among 20, no draw has one, and still 3 in 20
may be worse. So the lower bound is no higher than d - (U - h) e, where h units were made worse by e each on average
and U is the upper bound of a Poisson mean after h events at that level (rule of three: U = 3 for h = 0 at 95 %); with
h = 0, e is a unit's whole share of the score. It matters where few units differ; docs/gate.md has the error rates.
"""

import math
from collections.abc import Callable, Sequence
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

Outcome = Literal["pass", "fail", "inconclusive"]
# What a score's outcome rests on.
Ground = Literal["bounds", "equal answers", "one document", "few units", "few differences", "undefined"]
# With how much power the needed documents would decide, were the difference seen the true one.
POWER = 0.8
_NORMAL = NormalDist()
# Scores so near each other are equal: sums of fractions differ in their last digits with the order of adding.
_TIE = 1e-12


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
        if np.ptp(gaps) <= _TIE:
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
        return found is not None and found[1] < -self.tolerance - _TIE

    def passes(self, tail: float) -> bool:
        """Whether the lower bound at this level is not below what is tolerated."""
        ground = self.ground(tail)
        found = self.bounds(tail) if ground == "bounds" else None
        return ground == "equal answers" or (found is not None and found[0] >= -self.tolerance - _TIE)


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What became of one score.

    Args:
        outcome: `pass`, `fail` or `inconclusive`.
        ground: What it rests on.
        difference: Run minus baseline, turned so that more is better; None where undefined.
        low: Lower bound at 1 - `pass_tail`; None where there is none.
        high: Upper bound at 1 - `fail_tail`, likewise.
        pass_tail: Chance that the lower bound errs.
        fail_tail: Chance that the upper bound errs, after Holm.
        method: How the bounds were made; None where there are none.
        undefined: Number of draws in which a score was undefined; left out.
        needed: Units after which the score would be decided with a chance of 80 %, were the difference seen the true
            one; None where it is decided, and where nothing can be said.
    """

    outcome: Outcome
    ground: Ground
    difference: float | None
    low: float | None
    high: float | None
    pass_tail: float
    fail_tail: float
    method: str | None
    undefined: int
    needed: int | None


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
    worse = (added < -_TIE) & _differing(resampled.counts)

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


def decide(scores: Sequence[PairedScore], alpha: float) -> list[Decision]:
    """The decision on each of the scores that are gated together, in their order.

    Args:
        scores: All of them: Holm's levels hang on their number.
        alpha: Chance of failing a run that is nowhere worse than tolerated, and of passing one that is.

    Example:
        >>> one = PairedScore(run=0.5, baseline=0.5, sign=1, tolerance=0.01, n=1, documents=1, differing=0,
        ...     equal_answers=True)
        >>> decide([one], 0.05)[0].outcome
        'pass'
    """
    if not 0 < alpha < 0.5:
        raise ValueError(f"alpha must lie between 0 and 0.5, got {alpha!r}")
    return [_decision(score, alpha, tail) for score, tail in zip(scores, holm_tails(scores, alpha), strict=True)]


def holm_tails(scores: Sequence[PairedScore], alpha: float) -> list[float]:
    """The level of each upper bound: alpha over the number of scores that had not failed when it was looked at last."""
    tails = [alpha] * len(scores)
    left = list(range(len(scores)))
    while left:
        for place in left:
            tails[place] = alpha / len(left)
        failed = {place for place in left if scores[place].fails(tails[place])}
        if not failed:
            break
        left = [place for place in left if place not in failed]
    return tails


def _differing(counts: Aligned) -> NDArray[np.bool_]:
    """Which units are counted otherwise for the one system than for the other."""
    names = len(counts.names)
    unlike = counts.flat[:names] != counts.flat[names:]
    return np.asarray(unlike.sum(axis=0)).ravel() > 0


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


def _decision(score: PairedScore, alpha: float, fail_tail: float) -> Decision:
    outcome: Outcome = "fail" if score.fails(fail_tail) else "pass" if score.passes(alpha) else "inconclusive"
    # Whether it is the upper or the lower bound that matters, their levels may differ in what they rest on.
    ground = score.ground(fail_tail if outcome == "fail" else alpha)
    if outcome == "inconclusive" and score.falls_below(fail_tail):
        ground = "few differences"
    low = high = method = None
    if ground == "equal answers":
        low, high, method = 0.0, 0.0, "none needed: equal answers"
    elif ground in ("bounds", "few differences"):
        lower, upper = score.bounds(alpha), score.bounds(fail_tail)
        if lower and upper:
            low, high, method = lower[0], upper[1], lower[2]
    return Decision(
        outcome=outcome,
        ground=ground,
        difference=score.difference,
        low=low,
        high=high,
        pass_tail=alpha,
        fail_tail=fail_tail,
        method=method,
        undefined=int(np.isnan(score.gaps).sum()) if score.gaps is not None else 0,
        needed=_needed(score, alpha, fail_tail) if outcome == "inconclusive" else None,
    )


def _needed(score: PairedScore, alpha: float, fail_tail: float) -> int | None:
    """Units that it would take: n (z(1 - tail) + z(power))^2 (se / distance)^2, the distance being that to -t.

    To pass it takes more where so few became worse that the lower bound is the one of what no draw can show.
    """
    if score.difference is None or score.gaps is None or score.documents < 2:
        return None
    distance = score.difference + score.tolerance
    drawn = score.gaps[~np.isnan(score.gaps)]
    if abs(distance) <= _TIE or not len(drawn):
        return None
    tail = alpha if distance > 0 else fail_tail
    error = (_NORMAL.inv_cdf(1 - tail) + _NORMAL.inv_cdf(POWER)) * float(drawn.std())
    needed = max(math.ceil(score.n * (error / distance) ** 2), least_units(tail), score.n + 1)
    if distance > 0:
        # Units that became worse would be as frequent among more units as they are among these.
        def unseen(units: int) -> float:
            worse = score.worse * units / score.n
            return (poisson_upper(worse, tail) - worse) * score.harm * score.n / units

        while unseen(needed) > distance:
            needed = math.ceil(needed * 1.05)
    return needed


def _defined(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
