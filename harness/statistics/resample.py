"""Bootstrap draws, the same for every run of one data set, and the intervals made from them.

Which method covers how often is measured in docs/intervals.md (`python -m benchmarks.coverage`); the default is the one
that came nearest to its level.
"""

import math
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from statistics import NormalDist
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.metric.base import Array, Key, Sums

Method = Literal["percentile", "bca", "bca_t"]
Compute = Callable[[Sums], Mapping[Key, Any]]
Times = NDArray[np.uint8]

# Arrays are made in blocks of at most so many cells, so that memory grows neither with units nor with resamples.
_BLOCK_CELLS = 4_000_000
# Draws are made in chunks of about so many, whatever the block: more resamples begin with the same ones.
_CHUNK_DRAWS = 65_536
# Draws that are kept for the next metric, slice or model over as many units.
_CACHE_BYTES = 240_000_000
# Above so many units, random groups of units are resampled instead.
_MOST_UNITS = 10_000
# Stream of the grouping, apart from that of the draws.
_GROUP_STREAM = 2
# A float32 holds every multiple of 1/2 below 2^23 exactly, and multiplies twice as fast as a float64.
_EXACT_FLOAT32 = 2.0**23
# Sums of fractions differ in their last digits with the order of adding; scores so near each other are ties.
_TIE = 1e-12
# Counts of several metrics or slices that are multiplied with the draws at once have no more columns than this.
_BATCH_COLUMNS = 400
# A jackknife error may widen an interval by no more than this.
_WIDEST = 2.0
_TITLES: dict[Method, str] = {"percentile": "percentile", "bca": "BCa", "bca_t": "BCa-t"}
_NORMAL = NormalDist()


@dataclass(frozen=True)
class Interval:
    """A confidence interval, or the reason why there is none.

    Args:
        low: Lower bound; None where no interval exists.
        high: Upper bound; None likewise.
        method: How it was made; `none: ` and why, where there is none.
        undefined: Number of resamples in which the score was undefined.
    """

    low: float | None
    high: float | None
    method: str | None
    undefined: int = 0


# ---- draws --------------------------------------------------------------------------------------------------------

_cache: OrderedDict[tuple[int, int, int], Times] = OrderedDict()


def weights(units: int, resamples: int, rng_seed: int) -> Iterator[Array]:
    """How often each unit is drawn in each resample: blocks of shape (resamples of the block, units).

    Units must be in a fixed order (sorted by id), so that two runs of one data set see the same draws and can be
    compared pair by pair.
    """
    for block in drawn_times(units, resamples, rng_seed):
        yield block.astype(np.float64)


def drawn_times(units: int, resamples: int, rng_seed: int) -> Iterator[Times]:
    """What `weights` gives, as bytes: for callers that have a type of their own to calculate in."""
    return _blocks(units, resamples, rng_seed, units)


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


def _blocks(units: int, resamples: int, rng_seed: int, cells: int) -> Iterator[Times]:
    """All draws, in blocks of which each has at most `_BLOCK_CELLS` cells where a resample needs `cells` of them."""
    rows = max(1, _BLOCK_CELLS // max(1, cells))
    if units * resamples > _CACHE_BYTES:
        # A block of many chunks would have to be put together; of these sizes a chunk is a few resamples anyway.
        yield from _chunks(units, resamples, rng_seed)
        return
    drawn = _drawn(units, resamples, rng_seed)
    for first in range(0, resamples, rows):
        yield drawn[first : first + rows]


def _drawn(units: int, resamples: int, rng_seed: int) -> Times:
    place = (units, resamples, rng_seed)
    if place in _cache:
        _cache.move_to_end(place)
        return _cache[place]
    drawn = np.empty((resamples, units), dtype=np.uint8)
    while _cache and sum(kept.nbytes for kept in _cache.values()) + drawn.nbytes > _CACHE_BYTES:
        _cache.popitem(last=False)
    first = 0
    for chunk in _chunks(units, resamples, rng_seed):
        drawn[first : first + len(chunk)] = chunk
        first += len(chunk)
    drawn.flags.writeable = False
    _cache[place] = drawn
    return drawn


def _chunks(units: int, resamples: int, rng_seed: int) -> Iterator[Times]:
    source = np.random.PCG64([rng_seed, units])
    size = max(1, _CHUNK_DRAWS // max(1, units))
    offsets = np.arange(size)[:, None] * units
    for first in range(0, resamples, size):
        # The high half of a 32-bit number times `units` is a unit, twice as fast as `Generator.integers`; none is more
        # likely than another by more than units / 2^32 of itself.
        words = source.random_raw((size * units + 1) // 2).view(np.uint32)[: size * units]
        picked = ((words.astype(np.uint64) * units) >> 32).view(np.int64).reshape(size, units) + offsets
        times = np.bincount(picked.ravel(), minlength=size * units).reshape(size, units)
        # One unit in a hundred thousand resamples is drawn nine times; 256 times does not happen.
        yield times[: resamples - first].astype(np.uint8)


# ---- intervals of a metric ----------------------------------------------------------------------------------------


def intervals(
    matrix: Any,
    names: Sequence[str],
    compute: Compute,
    values: Mapping[Key, float],
    *,
    level: float = 0.95,
    resamples: int = 10_000,
    rng_seed: int = 0,
    method: Method = "bca_t",
    unit: str = "document",
) -> dict[Key, Interval]:
    """Intervals of a metric's scores, from its counts per unit.

    Sums are made and scored block by block; what is kept is one number per resample and row, whatever the number of
    counts. Undefined resamples are left out and counted.

    Args:
        matrix: Counts, shape (units, names), a NumPy array or a SciPy sparse matrix; units sorted by id.
        names: Names of its columns.
        compute: The metric's.
        values: The scores of the whole set, of the rows wanted; NaN where undefined.
        level: Coverage aimed at.
        resamples: Number of bootstrap resamples.
        rng_seed: Seed of the draws.
        method: `percentile` (Efron 1979); `bca` (Efron 1987); `bca_t`: see `bounds`.
        unit: What a row of the matrix is: `document`, or `sentence` of one document.
    """
    one = Wanted.of(matrix, names, compute, values, rng_seed=rng_seed, unit=unit)
    return all_intervals([one], level=level, resamples=resamples, rng_seed=rng_seed, method=method)[0]


@dataclass(frozen=True)
class Wanted:
    """Scores whose intervals are wanted, and the counts that they are computed from.

    Args:
        matrix: Counts of the units, or of random groups of them.
        names: Names of its columns.
        compute: The metric's.
        values: The scores of the whole set; NaN where undefined.
        units: Number of units.
        unit: What a unit is.
    """

    matrix: Any
    names: Sequence[str]
    compute: Compute
    values: Mapping[Key, float]
    units: int
    unit: str

    @classmethod
    def of(
        cls,
        matrix: Any,
        names: Sequence[str],
        compute: Compute,
        values: Mapping[Key, float],
        *,
        rng_seed: int,
        unit: str = "document",
    ) -> "Wanted":
        """With the units in groups where there are many. Arguments as for `intervals`."""
        floats = {key: float(value) for key, value in values.items()}
        return cls(grouped(matrix, rng_seed), names, compute, floats, matrix.shape[0], unit)

    @property
    def defined(self) -> list[Key]:
        """The scores that have an interval."""
        return [key for key, value in self.values.items() if self.units > 1 and not math.isnan(value)]

    @property
    def none(self) -> dict[Key, Interval]:
        """Why the others have none."""
        reason = f"none: one {self.unit}: no interval exists" if self.units else f"none: no {self.unit}"
        return {
            key: Interval(None, None, "none: undefined" if math.isnan(value) else reason)
            for key, value in self.values.items()
            if self.units < 2 or math.isnan(value)
        }

    @property
    def where(self) -> str:
        """What is resampled."""
        where = "sentences within one document" if self.unit == "sentence" else f"{self.unit}s"
        return f"{_MOST_UNITS} random groups of {where}" if self.units > _MOST_UNITS else where


def all_intervals(
    wanted: Sequence[Wanted], *, level: float, resamples: int, rng_seed: int, method: Method
) -> list[dict[Key, Interval]]:
    """The intervals of several metrics, or of parts of the data; the same as of each by itself, in less time.

    Args:
        wanted: The scores, made with the same `rng_seed`.
        level: Coverage aimed at.
        resamples: Number of bootstrap resamples.
        rng_seed: Seed of the draws.
        method: As for `intervals`.
    """
    scores = _all_resampled(wanted, resamples, rng_seed)
    found = []
    for one, resampled_scores in zip(wanted, scores, strict=True):
        left_out = {} if method == "percentile" else jackknifed(one.matrix, one.names, one.compute, one.defined)
        made = f"bootstrap over {one.where}, {resamples} resamples"
        intervals_of = one.none
        for key in one.defined:
            intervals_of[key] = bounds(
                one.values[key], resampled_scores[key], left_out.get(key), level=level, method=method, made=made
            )
        found.append(intervals_of)
    return found


def grouped(matrix: Any, rng_seed: int) -> Any:
    """Counts of random groups of units, of one size but for one unit: `_MOST_UNITS` of them, if there are more units.

    Groups of independent units are independent as well, so they can be resampled in place of the units; with so many
    of them an interval's width moves by less than a hundredth.
    """
    units = matrix.shape[0]
    if units <= _MOST_UNITS:
        return matrix
    group = np.arange(units) * _MOST_UNITS // units
    np.random.default_rng([rng_seed, units, _GROUP_STREAM]).shuffle(group)
    if isinstance(matrix, np.ndarray):
        # Column by column: the units in the order of their groups would be a copy of everything.
        return np.stack([np.bincount(group, weights=column, minlength=_MOST_UNITS) for column in matrix.T], axis=1)
    import scipy.sparse as sp

    return sp.csr_array((np.ones(units), (group, np.arange(units))), shape=(_MOST_UNITS, units)) @ matrix


def resampled(
    matrix: Any, names: Sequence[str], compute: Compute, keys: Sequence[Key], *, resamples: int, rng_seed: int
) -> dict[Key, Array]:
    """The scores `keys` in every resample; NaN where undefined. Arguments as for `intervals`."""
    values = dict.fromkeys(keys, 0.0)
    return _all_resampled([Wanted(matrix, names, compute, values, matrix.shape[0], "document")], resamples, rng_seed)[0]


def _all_resampled(wanted: Sequence[Wanted], resamples: int, rng_seed: int) -> list[dict[Key, Array]]:
    """The defined scores in every resample; NaN where undefined."""
    scores = [{key: np.full(resamples, np.nan) for key in one.defined} for one in wanted]
    for together in _together(wanted):
        of_them = [wanted[number] for number in together]
        exact = all(exact_in_float32(one.matrix) for one in of_them)
        kind = np.float32 if exact else np.float64
        counts = np.hstack([one.matrix.astype(kind) for one in of_them]) if exact else of_them[0].matrix.astype(kind)
        borders = np.cumsum([0, *(len(one.names) for one in of_them)]).tolist()
        for place, sums in _sums(counts, resamples, rng_seed):
            for number, one, (begin, end) in zip(together, of_them, pairwise(borders), strict=True):
                _store(scores[number], place, one.compute(dict(zip(one.names, sums[begin:end], strict=True))))
    return scores


def _together(wanted: Sequence[Wanted]) -> list[list[int]]:
    """Which counts are multiplied with draws at once: those of as many units whose sums are exact in any order."""
    batches: list[list[int]] = []
    open_at: dict[int, int] = {}
    columns: dict[int, int] = {}
    for number, one in enumerate(wanted):
        if not one.defined:
            continue
        units, names = one.matrix.shape[0], len(one.names)
        if not exact_in_float32(one.matrix):
            batches.append([number])
        elif units in open_at and columns[units] + names <= _BATCH_COLUMNS:
            batches[open_at[units]].append(number)
            columns[units] += names
        else:
            open_at[units], columns[units] = len(batches), names
            batches.append([number])
    return batches


def _sums(counts: Any, resamples: int, rng_seed: int) -> Iterator[tuple[slice, Array]]:
    """The sums of counts in some resamples after others: shape (names, resamples), and which they are."""
    units, names = counts.shape
    # A metric takes its time per call rather than per number, so several blocks of draws are scored at once.
    most = max(1, _BLOCK_CELLS // max(1, names))
    parts: list[NDArray[Any]] = []
    first = waiting = 0
    for block in _blocks(units, resamples, rng_seed, max(units, names)):
        parts.append(block.astype(counts.dtype) @ counts)
        waiting += len(block)
        if waiting + len(block) > most or first + waiting == resamples:
            yield slice(first, first + waiting), np.concatenate(parts).T.astype(np.float64, order="C")
            first, waiting, parts = first + waiting, 0, []


def jackknifed(matrix: Any, names: Sequence[str], compute: Compute, keys: Sequence[Key]) -> dict[Key, Array]:
    """The scores `keys` without each unit in turn; NaN where undefined."""
    units = matrix.shape[0]
    totals = np.asarray(matrix.sum(axis=0), dtype=np.float64).reshape(-1, 1)
    scores = {key: np.full(units, np.nan) for key in keys}
    rows = max(1, _BLOCK_CELLS // max(1, len(names)))
    for first in range(0, units, rows):
        part = matrix[first : first + rows]
        sums = totals - (part if isinstance(part, np.ndarray) else part.toarray()).T
        _store(scores, slice(first, first + sums.shape[1]), compute(dict(zip(names, sums, strict=True))))
    return scores


def _store(scores: Mapping[Key, Array], place: slice, computed: Mapping[Key, Any]) -> None:
    for key, values in scores.items():
        if key in computed:
            values[place] = computed[key]


def exact_in_float32(matrix: Any) -> bool:
    """Whether every sum of as many rows as there are, in any draw, is exact in single precision.

    It is where all counts are multiples of 1/2, and few enough; a sparse matrix is not looked into.
    """
    if not isinstance(matrix, np.ndarray):
        return False
    most = float(np.abs(matrix).max(initial=0.0)) * len(matrix)
    return most < _EXACT_FLOAT32 and bool((np.rint(matrix * 2) == matrix * 2).all())


# ---- one interval -------------------------------------------------------------------------------------------------


def percentile(values: Array, level: float, method: str) -> Interval:
    """The percentile interval of resampled values (Efron 1979); undefined ones (NaN) are left out and counted.

    Args:
        values: One value per resample.
        level: Coverage aimed at.
        method: What to call it.
    """
    defined, none = _usable(values)
    if none is not None:
        return none
    tail = (1 - level) / 2
    low, high = np.quantile(defined, [tail, 1 - tail])
    return Interval(float(low), float(high), method, len(values) - len(defined))


def bounds(
    value: float,
    values: Array,
    left_out: Array | None = None,
    *,
    level: float = 0.95,
    method: Method = "bca_t",
    made: str = "bootstrap",
) -> Interval:
    """The interval of one score, or of one difference of scores.

    `bca` (Efron 1987, https://doi.org/10.1080/01621459.1987.10478410) moves the percentiles by a bias z0, read off the
    share of resamples below the score (ties count half), and an acceleration a, from the jackknife:

        percentile of Phi(z0 + (z0 + z) / (1 - a (z0 + z)))    z = -/+ Phi^-1((1 + level) / 2)

    `bca_t` puts r t in the place of z: the bootstrap's spread is that of a variance divided by n, about few and unequal
    units, and too small. r is the jackknife's standard error over the standard deviation of the resamples
    (sqrt(n / (n - 1)) for a mean, more where a few units weigh much; between that and 2), and t is Student's quantile
    with the degrees of freedom of that standard error (Satterthwaite: 2 (sum d^2)^2 / (sum d^4 - (sum d^2)^2 / n) for
    the jackknife's deviations d; between 1 and n - 1): a rare label that six documents have is a matter of six
    documents. For percentiles of a mean this is Hesterberg's expansion (2015,
    https://doi.org/10.1080/00031305.2015.1089789).

    Where BCa does not exist (the score is undefined without one of the units, no single unit moves it, or all resamples
    lie on one side of it), the percentile interval is given, and `method` says so and why.

    Args:
        value: The score of the whole set.
        values: The score in each resample; NaN where undefined: left out and counted.
        left_out: The score without each unit; not needed for `percentile`.
        level: Coverage aimed at.
        method: One of `percentile`, `bca`, `bca_t`.
        made: What the resamples were, to follow the method's name.
    """
    if method == "percentile" or left_out is None:
        return percentile(values, level, f"percentile {made}")
    defined, none = _usable(values)
    if none is not None:
        return none
    shape, reason = _shape(value, defined, left_out)
    if shape is None:
        return percentile(values, level, f"percentile {made} (no BCa: {reason})")
    z = _NORMAL.inv_cdf((1 + level) / 2)
    if method == "bca_t":
        z = shape.widening * student_quantile((1 + level) / 2, shape.freedom)
    tails = [_tail(shape.bias, shape.acceleration, -z), _tail(shape.bias, shape.acceleration, z)]
    low, high = np.quantile(defined, tails)
    return Interval(float(low), float(high), f"{_TITLES[method]} {made}", len(values) - len(defined))


def _usable(values: Array) -> tuple[Array, Interval | None]:
    """The defined values, and where they make no interval the reason."""
    defined = values[~np.isnan(values)]
    undefined = len(values) - len(defined)
    if not len(defined):
        return defined, Interval(None, None, "none: undefined in every resample", undefined)
    if np.ptp(defined) <= _TIE * max(1.0, float(np.abs(defined).max())):
        return defined, Interval(None, None, "none: every resample gives the same value", undefined)
    return defined, None


class _Shape(NamedTuple):
    """What moves the percentiles of a distribution of resampled scores."""

    bias: float
    acceleration: float
    widening: float
    freedom: float


def _shape(value: float, defined: Array, left_out: Array) -> tuple[_Shape | None, str]:
    n = len(left_out)
    if np.isnan(left_out).any():
        return None, "undefined without one of the units"
    deviations = left_out.mean() - left_out
    if np.abs(deviations).max() <= _TIE * max(1.0, abs(value)):
        return None, "no single unit moves the score"
    tie = _TIE * max(1.0, abs(value))
    below = np.count_nonzero(defined < value - tie)
    share = (below + np.count_nonzero(defined <= value + tie)) / (2 * len(defined))
    if not 0 < share < 1:
        return None, "every resample lies on one side of the score"
    # Scaled, so that powers of tiny deviations do not underflow.
    scaled = deviations / np.abs(deviations).max()
    second, third, fourth = (float((scaled**power).sum()) for power in (2, 3, 4))
    spare = fourth - second**2 / n
    freedom = 2 * second**2 / spare if spare > _TIE else math.inf
    plain = math.sqrt(n / (n - 1))
    error = math.sqrt((n - 1) / n * float((deviations**2).sum()))
    return _Shape(
        bias=_NORMAL.inv_cdf(share),
        acceleration=third / (6 * second**1.5),
        widening=min(max(error / float(defined.std()), plain), max(_WIDEST, plain)),
        freedom=min(max(freedom, 1.0), n - 1.0),
    ), ""


def _tail(bias: float, acceleration: float, z: float) -> float:
    """The share of resamples below a bound of BCa; all or none of them where its transformation breaks down."""
    stretch = 1 - acceleration * (bias + z)
    return _NORMAL.cdf(bias + (bias + z) / stretch) if stretch > 0 else float(z > 0)


@lru_cache(maxsize=4096)
def student_quantile(probability: float, freedom: float) -> float:
    """Quantile of Student's t above the median, for any real degrees of freedom >= 1.

    With t = sqrt(v) tan(phi) the distribution function is 1/2 + C times the integral of cos^(v-1) from 0 to phi, which
    is concave in phi, so Newton's steps from the normal quantile on climb to the root. (SciPy's takes 0.2 s to import.)
    """
    constant = math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)) / math.sqrt(math.pi)
    nodes, shares = _gauss()
    phi = math.atan(_NORMAL.inv_cdf(probability) / math.sqrt(freedom))
    for _ in range(200):
        integral = phi / 2 * float(shares @ np.cos(phi / 2 * (nodes + 1)) ** (freedom - 1))
        step = (probability - 0.5 - constant * integral) / (constant * math.cos(phi) ** (freedom - 1))
        phi += step
        if abs(step) <= 1e-14 * phi:
            break
    return math.sqrt(freedom) * math.tan(phi)


@lru_cache(maxsize=1)
def _gauss() -> tuple[Array, Array]:
    nodes, shares = np.polynomial.legendre.leggauss(48)
    return nodes, shares
