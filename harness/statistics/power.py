"""What a comparison can show: that two systems are equivalent, or how small a difference these units can reveal."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import NormalDist, median

from harness.statistics.resample import Method
from harness.statistics.significance import Difference, paired_interval
from harness.statistics.unit_counts import Resampled

_NORMAL = NormalDist()
# Steps of halving the range of p: to about one in 100,000, finer than what 10,000 draws say.
_HALVINGS = 17


@dataclass(frozen=True, kw_only=True)
class Equivalence:
    """Two one-sided tests of whether two systems differ by less than a margin.

    Args:
        equivalent: Whether the interval lies within the margin; None where there is no interval.
        margin: Differences smaller than this do not matter; in the score's unit.
        low: Lower bound of the paired interval at 1 - 2 alpha.
        high: Upper bound.
        alpha: Chance of calling systems equivalent whose difference is the margin.
        p: The larger of the two one-sided p values; None where there is no interval.
        method: How the interval was made, or why there is none.
    """

    equivalent: bool | None
    margin: float
    low: float | None
    high: float | None
    alpha: float
    p: float | None
    method: str


def equivalence(
    resampled: Resampled, difference: Difference, margin: float, *, alpha: float = 0.05, method: Method = "bca_t"
) -> Equivalence:
    """Tests whether a difference is smaller than a margin that was stated before (TOST, Schuirmann 1987).

    Systems are equivalent where the paired bootstrap interval at 1 - 2 alpha lies between -margin and margin. Each
    one-sided p is the alpha at which that bound of the interval touches the margin, so p and interval never disagree;
    it is no smaller than 1 / (resamples + 1). No difference found is not equivalence: few units show neither.

    Args:
        resampled: Where the difference comes from.
        difference: One of its differences.
        margin: In the score's unit (0.01 is one point of F1), above 0.
        alpha: Level of each of the two tests.
        method: How intervals are made, see `resample.bounds`.

    Raises:
        ValueError: The margin is not above 0, or alpha is not between 0 and 0.5.
    """
    if not (margin > 0 and math.isfinite(margin)):
        raise ValueError(f"margin must be a number above 0, got {margin!r}")
    if not 0 < alpha < 0.5:
        raise ValueError(f"alpha must lie between 0 and 0.5, got {alpha!r}")
    smallest = 1 / (resampled.resamples + 1)
    if difference.difference is None or (difference.low is None and difference.differing):
        return Equivalence(
            equivalent=None, margin=margin, low=None, high=None, alpha=alpha, p=None, method=difference.method
        )
    if not difference.differing:
        return Equivalence(
            equivalent=True, margin=margin, low=0.0, high=0.0, alpha=alpha, p=smallest, method=difference.method
        )
    observed = difference.difference
    i, j = (resampled.counts.systems.index(name) for name in (difference.a, difference.b))
    draws, left_out = resampled.draws[difference.key], resampled.left_out[difference.key]
    gaps, without = draws[i] - draws[j], left_out[i] - left_out[j]

    def interval(tail: float) -> tuple[float, float, str]:
        """The one-sided bounds at a tail: those of one interval, whose sides change places above one half."""
        found = paired_interval(resampled, gaps, without, observed, abs(1 - 2 * tail), method)
        if found.low is None or found.high is None:  # which hangs on the draws alone, and they made one before
            raise ValueError(f"no interval of {difference.key}: {found.method}")
        sides = (found.low, found.high) if tail < 0.5 else (found.high, found.low)
        return *sides, found.method or ""

    low, high, how = interval(alpha)
    below = _least_tail(lambda tail: interval(tail)[0] > -margin, smallest)
    above = _least_tail(lambda tail: interval(tail)[1] < margin, smallest)
    return Equivalence(
        equivalent=-margin < low and high < margin,
        margin=margin,
        low=low,
        high=high,
        alpha=alpha,
        p=max(below, above),
        method=how,
    )


def _least_tail(within: Callable[[float], bool], smallest: float) -> float:
    """The smallest tail at which a one-sided bound lies within the margin."""
    if within(smallest):
        return smallest
    least, most = smallest, 1.0
    for _ in range(_HALVINGS):
        middle = (least + most) / 2
        least, most = (least, middle) if within(middle) else (middle, most)
    return most


@dataclass(frozen=True, kw_only=True)
class Power:
    """What a paired comparison on so many units can see.

    Args:
        n: Number of units.
        sd: Standard error of the difference, from the paired bootstrap.
        alpha: Level of the two-sided test.
        power: Chance of finding a difference that exists.
        detectable: Smallest difference found with that chance, in the score's unit.
        units_needed: Units that it would take if the observed difference were the true one; None where it is 0.
    """

    n: int
    sd: float
    alpha: float
    power: float
    detectable: float
    units_needed: int | None


def power_of(difference: Difference, *, alpha: float = 0.05, power: float = 0.8) -> Power | None:
    """The smallest difference that the comparison could see, and how many units the observed one would take.

        detectable = (z(1 - alpha / 2) + z(power)) sd      units needed = n (detectable / |difference|)^2

    Normal approximation with the bootstrap's standard error (Bloom 1995; Card et al. 2020 on how often NLP's test sets
    are too small). For many comparisons give the alpha that one of them gets: alpha / pairs. `units_needed` takes the
    observed difference for the true one, which favours large chance findings (Hoenig and Heisey 2001): it plans the
    next gold set and excuses nothing in this one.

    Args:
        difference: As `significance.all_pairs` gives it.
        alpha: Level of the two-sided test.
        power: Chance aimed at.

    Returns:
        None where the difference has no standard error: undefined, one unit, or no unit on which the two differ.

    Raises:
        ValueError: alpha or power is not between 0 and 1.
    """
    if not (0 < alpha < 1 and 0 < power < 1):
        raise ValueError(f"alpha and power must lie between 0 and 1, got {alpha!r} and {power!r}")
    if not difference.sd or difference.difference is None:
        return None
    detectable = (_NORMAL.inv_cdf(1 - alpha / 2) + _NORMAL.inv_cdf(power)) * difference.sd
    ratio = detectable / abs(difference.difference) if difference.difference else math.inf
    needed = difference.n * ratio**2
    return Power(
        n=difference.n,
        sd=difference.sd,
        alpha=alpha,
        power=power,
        detectable=detectable,
        units_needed=math.ceil(needed) if math.isfinite(needed) else None,
    )


def typical_detectable(differences: Iterable[Difference], *, alpha: float = 0.05, power: float = 0.8) -> float | None:
    """The median over pairs of the smallest difference that can be seen: one number for a table's footer.

    Returns:
        None where no pair has a standard error.
    """
    found = [power_of(difference, alpha=alpha, power=power) for difference in differences]
    seen = [one.detectable for one in found if one is not None]
    return median(seen) if seen else None
