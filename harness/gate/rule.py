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
differ. The bounds themselves are those of `harness.gate.bounds`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np

from harness.gate.bounds import TIE, Ground, PairedScore, least_units, poisson_upper

Outcome = Literal["pass", "fail", "inconclusive"]
# With how much power the needed documents would decide, were the difference seen the true one.
POWER = 0.8
_NORMAL = NormalDist()


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
    if abs(distance) <= TIE or not len(drawn):
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
