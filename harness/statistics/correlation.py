"""How far a metric agrees with people: correlations at four levels, AUC, intervals over systems and inputs.

Everything here works on two arrays of one shape, (systems, documents): what a metric gives each summary (or any other
answer), and what people gave it. NaN says that a value is missing. Nothing is read or printed here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness.metric.base import Array, divide
from harness.statistics.coefficients import kendall, kendall_by_column, kendall_of_many, midranks, pearson, spearman

Level = Literal["system", "summary", "pooled", "partial"]
Coefficient = Literal["pearson", "spearman", "kendall"]
Resampled = Literal["both", "inputs", "systems", "none"]

LEVELS: tuple[Level, ...] = ("system", "summary", "pooled", "partial")
COEFFICIENTS: tuple[Coefficient, ...] = ("pearson", "spearman", "kendall")
RESAMPLED: tuple[Resampled, ...] = ("both", "inputs", "systems", "none")
# These two sort every resample anew. So many values are sorted for them, some seconds' work, and never fewer resamples.
_SORTED = {("pooled", "kendall"): 5_000_000, ("partial", "spearman"): 10_000_000}
_FEWEST = 200
# Between two systems any coefficient is 1 or -1, whatever the metric, and drawing systems anew gives one of them alone
# every second time.
FEWEST_SYSTEMS = 3
# Resamples are worked on in blocks of at most this many cells, so that memory does not grow with their number.
_BLOCK_CELLS = 4_000_000
# Values are brought to a size of 1 first; means and residuals that agree to this many decimals differ by rounding.
_DECIMALS = 12


@dataclass(frozen=True, kw_only=True)
class Correlation:
    """One coefficient at one level, with what it rests on.

    Args:
        level: `system`, `summary`, `pooled` or `partial`; see `correlate`.
        coefficient: `pearson`, `spearman`, `kendall` (tau-b) or `auc`.
        value: In [-1, 1] (`auc`: [0, 1]); None where undefined.
        low: Lower bound of the interval; None where there is none.
        high: Upper bound, likewise.
        confidence: Coverage that the interval aims at.
        resampled: What was drawn anew: `both`, `inputs`, `systems` or `none`.
        resamples: How many times; 0 where nothing was.
        undefined: In how many of them the coefficient is undefined.
        systems: Systems with a value on both sides.
        documents: Documents that it rests on (`system`: those with a rating).
        pairs: Of a system and a document, with a value on both sides.
        skipped: At summary level, documents left out: fewer than two systems, or one side constant.
        reason: Why there is no value, or no interval.
    """

    level: Level
    coefficient: Literal["pearson", "spearman", "kendall", "auc"]
    value: float | None
    low: float | None = None
    high: float | None = None
    confidence: float = 0.95
    resampled: Resampled = "none"
    resamples: int = 0
    undefined: int = 0
    systems: int
    documents: int
    pairs: int
    skipped: int = 0
    reason: str | None = None

    @property
    def method(self) -> str:
        """How the interval was made, or that there is none and why."""
        if self.low is None:
            return f"none: {self.reason or 'not asked for'}"
        of = {"both": "systems and inputs", "inputs": "inputs", "systems": "systems"}[self.resampled]
        return f"percentile bootstrap over {of}, {self.resamples} resamples"


def correlate(
    metric: ArrayLike,
    human: ArrayLike,
    level: Level,
    coefficient: Coefficient,
    *,
    resampled: Resampled = "both",
    resamples: int = 10_000,
    confidence: float = 0.95,
    rng_seed: int = 0,
) -> Correlation:
    """A metric's correlation with people.

    The levels, and what each of them answers:

    - `system`: the systems' means are correlated. Does the metric order systems as people do? Each side's mean is over
      every document where that side has a value (Deutsch, Dror and Roth 2022: unrated documents sharpen the metric's
      means); for means over the same documents, blank the others out beforehand.
    - `summary`: within each document over its systems, then the mean over documents. Does it find the better summary of
      a document? Documents with fewer than two systems, or where one side is constant, are skipped and counted.
    - `pooled`: all pairs of a system and a document together. This rewards a metric for telling systems apart.
    - `partial`: as `pooled`, after each system's mean was taken off both sides (Pagnoni et al. 2021, FRANK: partial on
      system). Spearman's ranks are those of the residuals; Kendall's tau is not defined here.

    The interval is a percentile bootstrap (Deutsch, Dror and Roth 2021: BOOT-BOTH, BOOT-INPUTS, BOOT-SYSTEMS): systems
    and documents are drawn with replacement, rated and unrated documents apart, and everything above is done again.
    With fewer than three systems, or one document, `both` draws the other side alone. The draws hang on the numbers of
    systems and documents and on the seed, so that every metric of one data set sees the same ones.

    Range: [-1, 1]; negative for a metric of which less is better. None where a side is constant, where nothing
    overlaps, or where two points would decide it alone (`system`: fewer than three systems; `summary`: fewer than three
    in every document).
    Source: Deutsch, Dror and Roth 2021, https://aclanthology.org/2021.tacl-1.67; 2022,
    https://aclanthology.org/2022.naacl-main.442; Pagnoni, Balachandran and Tsvetkov 2021,
    https://aclanthology.org/2021.naacl-main.383.
    Checked against: scipy.stats `pearsonr`, `spearmanr`, `kendalltau`; published figures of REALSumm and FRANK.

    Args:
        metric: Shape (systems, documents); NaN where missing.
        human: The ratings, likewise.
        level: As above.
        coefficient: `pearson`, `spearman` (midranks) or `kendall` (tau-b).
        resampled: `both`, `inputs`, `systems`, or `none` for no interval.
        resamples: How many; pooled Kendall and partial Spearman take fewer where pairs are many, and say how many.
        confidence: Coverage aimed at.
        rng_seed: Seed of the draws.

    Raises:
        ValueError: Unlike shapes, infinite values, or an unknown level, coefficient or way of resampling.

    Example:
        >>> people = [[1, 2, 3], [2, 3, 5], [4, 4, 6]]
        >>> found = correlate([[0.1, 0.3, 0.2], [0.2, 0.4, 0.6], [0.5, 0.5, 0.9]], people, "summary", "kendall")
        >>> found.value, found.documents, found.skipped
        (1.0, 3, 0)
    """
    if level not in LEVELS or coefficient not in COEFFICIENTS:
        raise ValueError(
            f"level must be one of {', '.join(LEVELS)} and coefficient one of {', '.join(COEFFICIENTS)}, "
            f"got {level!r} and {coefficient!r}"
        )
    if (level, coefficient) == ("partial", "kendall"):
        raise ValueError("partial correlation is defined for pearson and spearman, not for kendall")
    data = _data(metric, human)
    statistic = {"system": _system, "summary": _summary, "pooled": _pooled, "partial": _partial}[level](coefficient)
    undefined = "in every document one side is constant" if level == "summary" else "one side is constant"
    if (level, coefficient) in _SORTED:
        resamples = min(resamples, max(_FEWEST, _SORTED[level, coefficient] // max(1, data.pairs)))
    found = _estimate(data, statistic, level, resampled, resamples, confidence, rng_seed, undefined)
    skipped = 0
    if level == "summary":
        defined = int((~np.isnan(_by_document(data, data.whole.systems, coefficient))).sum())
        skipped = found.documents - defined
    return replace(found, coefficient=coefficient, documents=found.documents - skipped, skipped=skipped)


def auc(
    metric: ArrayLike,
    labels: ArrayLike,
    *,
    resampled: Resampled = "both",
    resamples: int = 10_000,
    confidence: float = 0.95,
    rng_seed: int = 0,
) -> Correlation:
    """How well a metric tells the two sides of a human yes-or-no judgement apart.

    The probability that a pair labelled 1 has a higher value than one labelled 0, ties counting one half; all pairs of
    a system and a document together. 0.5 is chance; below it the metric points the other way.

    Range: [0, 1]; None where all labels are the same.
    Source: Hanley and McNeil 1982, https://doi.org/10.1148/radiology.143.1.7063747.
    Checked against: scikit-learn `roc_auc_score`.

    Args:
        metric: Shape (systems, documents); NaN where missing.
        labels: 0 or 1; NaN where missing.
        resampled: As in `correlate`.
        resamples: Likewise.
        confidence: Likewise.
        rng_seed: Likewise.

    Raises:
        ValueError: Unlike shapes, infinite values, or a label that is neither 0 nor 1.

    Example:
        >>> auc([[0.1, 0.4, 0.35, 0.8]], [[0, 0, 1, 1]]).value
        0.75
    """
    given = np.asarray(labels, dtype=np.float64)
    if not np.isin(given[~np.isnan(given)], (0.0, 1.0)).all():
        raise ValueError("labels must be 0 or 1 (or NaN where missing)")

    def statistic(data: _Data, draw: _Draw) -> Array:
        weights = _pair_weights(data, draw)
        positive = given[data.both]
        ones, total = weights @ positive, weights.sum(axis=1)
        wins = (weights * midranks(data.metric_order[None, data.both], weights)) @ positive - ones * (ones + 1) / 2
        return divide(wins, ones * (total - ones))

    data = _data(metric, given)
    return _estimate(data, statistic, "pooled", resampled, resamples, confidence, rng_seed, "every label is the same")


# ---- data -----------------------------------------------------------------------------------------------------------


class _Draw(NamedTuple):
    """How often each system and each document is drawn: shapes (resamples, systems) and (resamples, documents).

    A side that is not resampled has one row, which stands for all.
    """

    systems: Array
    documents: Array


@dataclass(frozen=True)
class _Data:
    """Both sides, shape (systems, documents), with 0 for what is missing.

    Args:
        metric: Shifted and stretched to a mean of 0 and a size of 1, which no coefficient minds.
        human: Likewise.
        metric_order: Whole numbers in the order of the values as given, equal for equals.
        human_order: Likewise.
        has_metric: Where the metric has a value.
        has_human: Where people gave one.
    """

    metric: Array
    human: Array
    metric_order: Array
    human_order: Array
    has_metric: NDArray[np.bool_]
    has_human: NDArray[np.bool_]

    @property
    def both(self) -> NDArray[np.bool_]:
        return self.has_metric & self.has_human

    @property
    def pairs(self) -> int:
        return int(self.both.sum())

    @property
    def whole(self) -> _Draw:
        """Everything once."""
        systems, documents = self.metric.shape
        return _Draw(np.ones((1, systems)), np.ones((1, documents)))


_Statistic = Callable[[_Data, _Draw], Array]


def _data(metric: ArrayLike, human: ArrayLike) -> _Data:
    sides = [np.asarray(side, dtype=np.float64) for side in (metric, human)]
    if sides[0].ndim != 2 or sides[0].shape != sides[1].shape or 0 in sides[0].shape:
        raise ValueError(
            "metric and human must have one shape (systems, documents), neither number 0, "
            f"got {sides[0].shape} and {sides[1].shape}"
        )
    if any(np.isinf(side).any() for side in sides):
        raise ValueError("values must be finite (or NaN where missing)")
    x, y = sides
    return _Data(_standard(x), _standard(y), _order(x), _order(y), ~np.isnan(x), ~np.isnan(y))


def _standard(side: Array) -> Array:
    known = ~np.isnan(side)
    values = np.where(known, side, 0.0)
    # By powers of two, so that no digit is lost; first to at most 1, so that sums of huge values are finite.
    values = np.ldexp(values, -int(np.frexp(np.abs(values).max())[1]))
    centred = np.where(known, values - values.sum() / max(1, known.sum()), 0.0)
    size = np.abs(centred).max()
    if size <= 1e-13:
        return np.zeros(side.shape)  # constant but for rounding
    return np.ldexp(centred, -int(np.frexp(size)[1]))


def _order(side: Array) -> Array:
    known = ~np.isnan(side)
    order = np.zeros(side.shape)
    order[known] = np.unique(side[known], return_inverse=True)[1]
    return order


# ---- value and interval ---------------------------------------------------------------------------------------------


def _estimate(
    data: _Data,
    statistic: _Statistic,
    level: Level,
    resampled: Resampled,
    resamples: int,
    confidence: float,
    rng_seed: int,
    undefined: str,
) -> Correlation:
    if resampled not in RESAMPLED:
        raise ValueError(f"resampled must be one of {', '.join(RESAMPLED)}, got {resampled!r}")
    if resamples < 1 or not 0 < confidence < 1:
        raise ValueError(
            f"resamples must be at least 1 and confidence between 0 and 1, got {resamples} and {confidence}"
        )
    system = level == "system"
    systems = data.has_metric.any(axis=1) & data.has_human.any(axis=1) if system else data.both.any(axis=1)
    documents = data.has_human.any(axis=0) if system else data.both.any(axis=0)
    found = Correlation(
        level=level,
        coefficient="auc",
        value=None,
        confidence=confidence,
        systems=int(systems.sum()),
        documents=int(documents.sum()),
        pairs=data.pairs,
    )
    reason = _too_few(data, found)
    if reason:
        return replace(found, reason=reason)
    value = float(statistic(data, data.whole)[0])
    if np.isnan(value):
        return replace(found, reason=undefined)
    found = replace(found, value=value)
    few = found.systems < FEWEST_SYSTEMS
    if resampled == "both" and (few or found.documents == 1):
        resampled = "inputs" if few else "systems"
    if resampled == "none":
        return found
    if resampled == "inputs" and found.documents == 1:
        return replace(found, reason="one document cannot be resampled")
    if resampled == "systems" and few:
        return replace(found, reason=f"{_systems(found.systems)} cannot be resampled, 3 are needed")
    values = np.concatenate([statistic(data, draw) for draw in _draws(data, resampled, resamples, rng_seed)])
    defined = values[~np.isnan(values)]
    found = replace(found, resampled=resampled, resamples=resamples, undefined=len(values) - len(defined))
    if not len(defined):
        return replace(found, reason="undefined in every resample")
    if np.ptp(defined) < 1e-12:
        return replace(found, reason="every resample gives the same value")
    tail = (1 - confidence) / 2
    low, high = np.quantile(defined, [tail, 1 - tail])
    return replace(found, low=float(low), high=float(high))


def _too_few(data: _Data, found: Correlation) -> str | None:
    between_two = "3 are needed, for between two every coefficient is 1 or -1"
    if found.level == "system" and found.systems < FEWEST_SYSTEMS:
        return f"{_systems(found.systems)} with values on both sides, {between_two}"
    if not data.pairs and found.level != "system":
        return "no system and document has a value on both sides"
    if found.level == "summary" and data.both.sum(axis=0).max() < FEWEST_SYSTEMS:
        return f"no document has values of more than {_systems(int(data.both.sum(axis=0).max()))}, {between_two}"
    if found.level == "partial" and data.both.sum(axis=1).max() < 2:
        return "no system has values of two documents"
    return None


def _systems(number: int) -> str:
    return "1 system" if number == 1 else f"{number} systems"


def _draws(data: _Data, resampled: Resampled, resamples: int, rng_seed: int) -> Iterator[_Draw]:
    systems, documents = data.metric.shape
    rated = data.has_human.any(axis=0)
    # One stream each, so that drawing the one does not move the others; the blocks' size moves nothing either.
    streams = [np.random.default_rng([rng_seed, systems, documents, number]) for number in range(3)]
    rows = max(1, _BLOCK_CELLS // (systems * max(systems, documents)))
    for first in range(0, resamples, rows):
        size = min(rows, resamples - first)
        draw = data.whole
        if resampled in ("both", "systems"):
            draw = draw._replace(systems=_counts(streams[0], size, systems))
        if resampled in ("both", "inputs"):
            drawn = np.zeros((size, documents))
            for stream, there in zip(streams[1:], (rated, ~rated), strict=True):
                if there.any():
                    drawn[:, there] = _counts(stream, size, int(there.sum()))
            draw = draw._replace(documents=drawn)
        yield draw


def _counts(stream: np.random.Generator, rows: int, units: int) -> Array:
    drawn: NDArray[np.int64] = stream.integers(0, units, size=(rows, units))
    drawn += np.arange(rows)[:, None] * units
    return np.bincount(drawn.ravel(), minlength=rows * units).reshape(rows, units).astype(np.float64)


# ---- levels: one coefficient per draw -------------------------------------------------------------------------------


def _system(coefficient: Coefficient) -> _Statistic:
    def statistic(data: _Data, draw: _Draw) -> Array:
        metric = divide(draw.documents @ data.metric.T, draw.documents @ data.has_metric.T)
        human = divide(draw.documents @ data.human.T, draw.documents @ data.has_human.T)
        missing = np.isnan(metric) | np.isnan(human)
        weights = np.where(missing, 0.0, draw.systems)
        metric, human = (np.where(missing, 0.0, side) for side in (metric, human))
        if coefficient == "pearson":
            return pearson(metric, human, weights)
        # Equal means come out of a product of matrices unequal in the last digit, and ranks would see it.
        metric, human = np.round(metric, _DECIMALS), np.round(human, _DECIMALS)
        return {"spearman": spearman, "kendall": kendall}[coefficient](metric, human, weights)

    return statistic


def _summary(coefficient: Coefficient) -> _Statistic:
    def statistic(data: _Data, draw: _Draw) -> Array:
        values = _by_document(data, draw.systems, coefficient)
        defined = ~np.isnan(values)
        total = (np.where(defined, values, 0.0) * draw.documents).sum(axis=1)
        return divide(total, (defined * draw.documents).sum(axis=1))

    return statistic


def _by_document(data: _Data, systems: Array, coefficient: Coefficient) -> Array:
    """The coefficient within each document: shape (draws, documents), NaN where it is undefined."""
    metric, human = _sides(data, coefficient)
    both = data.both
    if coefficient == "kendall":
        return kendall_by_column(metric, human, both, systems)
    of = {"pearson": pearson, "spearman": spearman}[coefficient]
    found = np.full((len(systems), metric.shape[1]), np.nan)
    for place in np.flatnonzero(both.sum(axis=0) > 1):
        there = both[:, place]
        found[:, place] = of(metric[None, there, place], human[None, there, place], systems[:, there])
    return found


def _pooled(coefficient: Coefficient) -> _Statistic:
    def statistic(data: _Data, draw: _Draw) -> Array:
        metric, human = (side[data.both] for side in _sides(data, coefficient))
        weights = _pair_weights(data, draw)
        if coefficient == "kendall":
            return kendall_of_many(metric, human, weights)
        return {"pearson": pearson, "spearman": spearman}[coefficient](metric[None], human[None], weights)

    return statistic


def _partial(coefficient: Coefficient) -> _Statistic:
    def statistic(data: _Data, draw: _Draw) -> Array:
        weights = _pair_weights(data, draw)
        # Pairs stand system by system, so those of one system are one stretch.
        sizes = data.both.sum(axis=1)
        sizes = sizes[sizes > 0]
        starts = np.cumsum(sizes) - sizes
        total = np.add.reduceat(weights, starts, axis=1)
        residuals = []
        for side in (data.metric[data.both], data.human[data.both]):
            means = divide(np.add.reduceat(weights * side, starts, axis=1), total)
            left = side - np.repeat(np.nan_to_num(means), sizes, axis=1)
            # What rounding leaves of a constant system is nothing.
            residuals.append(np.round(left, _DECIMALS))
        return (spearman if coefficient == "spearman" else pearson)(residuals[0], residuals[1], weights)

    return statistic


def _sides(data: _Data, coefficient: Coefficient) -> tuple[Array, Array]:
    """Ranks hang on the order alone, and values far closer than rounding still have one."""
    return (data.metric, data.human) if coefficient == "pearson" else (data.metric_order, data.human_order)


def _pair_weights(data: _Data, draw: _Draw) -> Array:
    """How often each pair is drawn: shape (draws, pairs), system by system."""
    weights: Array = (draw.systems[:, :, None] * draw.documents[:, None, :])[:, data.both]
    return weights
