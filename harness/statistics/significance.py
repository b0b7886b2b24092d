"""Which differences between systems are more than chance: paired tests of every two systems on the same units.

All is computed from counts per unit (document, or cluster), so any metric can be compared that has additive counts:
span F1 and MCC as well as means. docs/comparison.md says which test is used and why.

    found = all_pairs(resample_systems(systems, metric.compute, keys, resamples=10_000, rng_seed=0), metric.compute)
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness.metric.base import Array, Key
from harness.statistics.resample import Interval, Method, bounds
from harness.statistics.unit_counts import Aligned, Compute, Resampled, UnitCounts, resample_systems, score_sums, swaps

# The metric's arithmetic runs fastest on arrays that stay in the processor's cache.
_CACHE_CELLS = 16_384
# Sums of fractions differ in their last digits with the order of adding; so near the observed difference is a tie.
_TIE = 1e-10


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One score of system `a` minus that of system `b`, on the same units.

    Args:
        key: Which score.
        a: Name of the one.
        b: Name of the other.
        value_a: Its score; None where undefined.
        value_b: The other's.
        difference: `value_a - value_b`.
        low: Lower bound of the paired bootstrap interval; None where none exists.
        high: Upper bound.
        level: Coverage aimed at.
        method: How the interval was made; `none: ` and why, where there is none.
        p: Of approximate randomization, two-sided, in (0, 1]; None where no test is possible.
        p_holm: Adjusted over the family of pairs (Holm 1979).
        p_bh: Adjusted over the family of pairs (Benjamini and Hochberg 1995).
        p_max_t: Adjusted over all pairs by the bootstrap's largest studentised difference (Romano and Wolf 2005).
        sd: Standard deviation of the bootstrapped difference: its standard error.
        effect: Standardised paired mean difference d_z of the units' contributions; None where they do not vary.
        above: Share of draws in which `a` is above `b`; equal draws count half.
        n: Number of units.
        differing: Number of units on which the counts differ.
        resamples: Number of draws, and of swaps.
        undefined: Number of draws in which one of the two scores is undefined; left out of the interval.
        note: Why there is no p, or why it is exactly 1.
    """

    key: Key
    a: str
    b: str
    value_a: float | None
    value_b: float | None
    difference: float | None
    low: float | None
    high: float | None
    level: float
    method: str
    p: float | None
    p_holm: float | None
    p_bh: float | None
    p_max_t: float | None
    sd: float | None
    effect: float | None
    above: float | None
    n: int
    differing: int
    resamples: int
    undefined: int
    note: str | None


def paired(
    a: UnitCounts,
    b: UnitCounts,
    compute: Compute,
    keys: Sequence[Key],
    *,
    names: tuple[str, str] = ("a", "b"),
    level: float = 0.95,
    method: Method = "bca_t",
    resamples: int = 10_000,
    rng_seed: int = 0,
) -> dict[Key, Difference]:
    """Compares two systems.

    Args:
        a: Counts of the one.
        b: Counts of the other, on the same units.
        compute: The metric's `compute`.
        keys: Which scores.
        names: What the systems are called.
        level: Coverage of the intervals.
        method: How intervals are made, see `resample.bounds`.
        resamples: Number of bootstrap draws, and of random swaps.
        rng_seed: Seed of both.

    Raises:
        DataError: The systems were not scored on the same units.

    Example:
        >>> units = [f"d{number}" for number in range(8)]
        >>> right = UnitCounts(units, ["right"], np.array([[1.0]] * 8))
        >>> wrong = UnitCounts(units, ["right"], np.array([[0.0]] * 6 + [[1.0]] * 2))
        >>> key = Key("accuracy", "micro")
        >>> found = paired(right, wrong, lambda sums: {key: sums["right"] / 8}, [key])[key]
        >>> found.difference, found.differing, round(found.p, 2)  # all 6 alike: 2 of 64 ways to swap
        (0.75, 6, 0.03)
    """
    if names[0] == names[1]:
        raise ValueError(f"two systems need two names, got {names[0]!r} twice")
    systems = dict(zip(names, (a, b), strict=True))
    resampled = resample_systems(systems, compute, keys, resamples=resamples, rng_seed=rng_seed)
    return {found.key: found for found in all_pairs(resampled, compute, level=level, method=method)}


def all_pairs(
    resampled: Resampled,
    compute: Compute,
    *,
    level: float = 0.95,
    method: Method = "bca_t",
    against: str | None = None,
) -> list[Difference]:
    """Compares every two systems, key by key; `p_holm`, `p_bh` and `p_max_t` are over all pairs of one key.

    Args:
        resampled: The systems on the bootstrap's draws.
        compute: The metric's `compute`.
        level: Coverage of the intervals.
        method: How intervals are made, see `resample.bounds`.
        against: Only the pairs with this system, which are then the whole family.

    Returns:
        For each key the pairs (1, 2), (1, 3), ..., (2, 3), ... in the order of the systems.
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, got {level!r}")
    keys, systems = list(resampled.values), resampled.counts.systems
    one = None if against is None else systems.index(against)
    p = randomization_p(
        resampled.counts, compute, keys, resamples=resampled.resamples, rng_seed=resampled.rng_seed, against=one
    )
    found: list[Difference] = []
    for number, key in enumerate(keys):
        pairs = [pair for pair in combinations(range(len(systems)), 2) if one is None or one in pair]
        rows = [_difference(resampled, key, i, j, level, method, float(p[number, i, j])) for i, j in pairs]
        found += _adjusted(rows, resampled, key)
    return found


def _difference(resampled: Resampled, key: Key, i: int, j: int, level: float, method: Method, p: float) -> Difference:
    counts, values = resampled.counts, resampled.values[key]
    row = Difference(
        key=key,
        a=counts.systems[i],
        b=counts.systems[j],
        value_a=_number(values[i]),
        value_b=_number(values[j]),
        difference=_number(values[i] - values[j]),
        low=None,
        high=None,
        level=level,
        method="none: undefined",
        p=None,
        p_holm=None,
        p_bh=None,
        p_max_t=None,
        sd=None,
        effect=None,
        above=None,
        n=counts.n,
        differing=int(counts.differing[i, j]),
        resamples=resampled.resamples,
        undefined=0,
        note=None,
    )
    if row.difference is None:
        return replace(row, note="undefined: one of the two has no score")
    if not row.differing:
        same = "the two are counted alike on every unit"
        return replace(
            row, difference=0.0, low=0.0, high=0.0, method=f"none needed: {same}", p=1.0, sd=0.0, above=0.5, note=same
        )
    if counts.n == 1:
        why = "one unit can be neither resampled nor swapped"
        return replace(row, method=f"none: {why}", note=f"no p: {why}")
    gaps = resampled.draws[key][i] - resampled.draws[key][j]
    left_out = resampled.left_out[key][i] - resampled.left_out[key][j]
    interval = paired_interval(resampled, gaps, left_out, row.difference, level, method)
    defined = gaps[~np.isnan(gaps)] if interval.undefined else gaps
    moves = interval.low is not None
    tie = _TIE * (abs(values[i]) + abs(values[j]))
    # Units' contributions are the jackknife's pseudovalues, which vary as (n - 1) times the scores without a unit.
    spread = float(left_out.std(ddof=1)) * (len(left_out) - 1) * np.sqrt(counts.n / len(left_out))
    return replace(
        row,
        low=interval.low,
        high=interval.high,
        method=interval.method or "",
        p=p,
        sd=float(defined.std(ddof=1)) if moves else None,
        effect=_number(row.difference / spread) if spread > _TIE else None,
        above=float(((defined > tie).mean() + (defined >= -tie).mean()) / 2) if moves else None,
        undefined=interval.undefined,
    )


def paired_interval(
    resampled: Resampled, gaps: Array, left_out: Array, difference: float, level: float, method: Method
) -> Interval:
    """The interval of one difference, from its draws and its values without each unit."""
    groups = "" if len(left_out) == resampled.counts.n else f"{len(left_out)} random groups of "
    made = f"paired bootstrap over {groups}units, {len(gaps)} resamples"
    return bounds(difference, gaps, left_out, level=level, method=method, made=made)


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


# ---- approximate randomization --------------------------------------------------------------------------------------


def randomization_p(
    counts: Aligned,
    compute: Compute,
    keys: Sequence[Key],
    *,
    resamples: int,
    rng_seed: int,
    against: int | None = None,
) -> Array:
    """p of approximate randomization, two-sided, for every two systems.

    Every swap exchanges the counts of two systems on a random half of the units. With `count` swaps after which the
    difference is at least as large as it was, p = (count + 1) / (resamples + 1). A swap after which a score is
    undefined counts as such: any statistic makes a valid test, and this one is cautious.

    The products of swaps S and counts C of the systems serve every pair: the swapped sums of a pair are
    T_a + S C_b - S C_a and T_b - S C_b + S C_a.

    Args:
        counts: The systems.
        compute: The metric's `compute`.
        keys: Which scores.
        resamples: Number of random swaps.
        rng_seed: Their seed.
        against: The place of a system whose pairs alone are wanted; the others' p means nothing then.

    Returns:
        Shape (keys, systems, systems), filled above the diagonal; 1 where no unit differs, NaN where a score is
        undefined or where there is but one unit.
    """
    size, units = len(counts.systems), counts.units
    values = score_sums(compute, keys, counts.names, counts.totals.T)
    extreme = np.zeros((len(keys), size, size), dtype=np.int64)
    pairs = np.argwhere(np.triu(counts.differing))
    if against is not None:
        pairs = pairs[(pairs == against).any(axis=1)]
    if units > 1 and len(pairs):
        _count_extreme(counts, compute, keys, values, pairs, swaps(units, resamples, rng_seed), extreme)
    p = (extreme + 1) / (resamples + 1)
    if units == 1:
        p[:] = np.nan
    p[:, counts.differing == 0] = 1.0
    p[np.isnan(values[:, :, None] - values[:, None, :])] = np.nan
    return p


def _count_extreme(
    counts: Aligned,
    compute: Compute,
    keys: Sequence[Key],
    values: Array,
    pairs: NDArray[np.intp],
    blocks: Iterable[NDArray[np.uint8]],
    found: NDArray[np.int64],
) -> None:
    """Adds to `found`, shape (keys, systems, systems), the swaps that are as extreme as `values`."""
    totals = counts.totals
    for moved in counts.weighted(blocks):
        at_once = max(1, _CACHE_CELLS // (2 * moved.shape[2]))
        for start in range(0, len(pairs), at_once):
            one, other = pairs[start : start + at_once].T
            traded = np.subtract(moved[other], moved[one], dtype=np.float64)
            sums = np.empty((len(counts.names), 2, len(one), moved.shape[2]))
            np.add(totals[one, :, None], traded, out=np.moveaxis(sums[:, 0], 1, 0))
            np.subtract(totals[other, :, None], traded, out=np.moveaxis(sums[:, 1], 1, 0))
            scores = score_sums(compute, keys, counts.names, sums)
            seen = np.abs(values[:, one] - values[:, other])
            least = seen - _TIE * (np.abs(values[:, one]) + np.abs(values[:, other]))
            # `not <` rather than `>=`: an undefined difference is neither.
            below = np.abs(scores[:, 0] - scores[:, 1]) < least[:, :, None]
            found[:, one, other] += moved.shape[2] - below.sum(axis=2)


# ---- many comparisons -----------------------------------------------------------------------------------------------


def _adjusted(rows: Sequence[Difference], resampled: Resampled, key: Key) -> list[Difference]:
    """The same rows with `p_holm`, `p_bh` and `p_max_t`; pairs without a test are not of the family."""
    tested = [number for number, row in enumerate(rows) if row.p is not None]
    raw = [row.p for row in rows if row.p is not None]
    largest = _max_t(rows, resampled, key)
    adjusted = list(rows)
    for number, step, rate in zip(tested, holm(raw), benjamini_hochberg(raw), strict=True):
        adjusted[number] = replace(rows[number], p_holm=float(step), p_bh=float(rate), p_max_t=largest[number])
    return adjusted


def holm(p: ArrayLike) -> Array:
    """Adjusted p values that bound the chance of any false rejection (Holm 1979), in the order given."""
    raw = np.asarray(p, dtype=np.float64)
    order = np.argsort(raw, kind="stable")
    stepped = np.maximum.accumulate(raw[order] * np.arange(len(raw), 0, -1))
    adjusted = np.empty_like(raw)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def benjamini_hochberg(p: ArrayLike) -> Array:
    """Adjusted p values that bound the share of false rejections (Benjamini and Hochberg 1995), in the order given."""
    raw = np.asarray(p, dtype=np.float64)
    order = np.argsort(raw, kind="stable")[::-1]
    stepped = np.minimum.accumulate(raw[order] * len(raw) / np.arange(len(raw), 0, -1))
    adjusted = np.empty_like(raw)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def _max_t(rows: Sequence[Difference], resampled: Resampled, key: Key) -> list[float | None]:
    """p against the largest centred |difference| / sd of any pair, draw by draw.

    Holm's smallest adjusted p is pairs / (resamples + 1), which no table of more than 500 pairs can get below .05 with
    10,000 swaps; this one has no such floor, and profits from pairs that share a system.
    """
    values, draws = resampled.values[key], resampled.draws[key]
    place = {name: number for number, name in enumerate(resampled.counts.systems)}
    usable = [row for row in rows if row.p is not None and row.sd]
    largest = np.zeros(resampled.resamples)
    centred = draws - values[:, None]
    for row in usable:
        gap = np.abs(centred[place[row.a]] - centred[place[row.b]]) / (row.sd or np.nan)
        np.maximum(largest, np.nan_to_num(gap, nan=np.inf), out=largest)
    largest.sort()
    found: list[float | None] = []
    for row in rows:
        if row.p is None or not row.differing:
            found.append(row.p)
        elif not row.sd or row.difference is None:
            found.append(None)
        else:
            least = abs(row.difference) / row.sd * (1 - _TIE)
            found.append((len(largest) - int(np.searchsorted(largest, least)) + 1) / (len(largest) + 1))
    return found
