"""Precision, recall and F1 from counts, and the rule for empty sides that every metric here shares.

Both sides empty: undefined (NaN). One side empty: 0, all three. Nothing is ever added to a denominator.
"""

from collections.abc import Collection, Iterable, Mapping
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from harness.metric.base import Array, Counts, Key, Sums, divide, mean_defined, total
from harness.metric.spans import Mark


class PRF(NamedTuple):
    """Three scores of one pair of sides, elementwise."""

    precision: Array
    recall: Array
    f1: Array


def precision_recall_f1(correct: ArrayLike, gold: ArrayLike, predicted: ArrayLike) -> PRF:
    """Scores from three totals, elementwise.

        P = correct / predicted    R = correct / gold    F1 = 2 correct / (gold + predicted)

    Args:
        correct: What agrees, with credit between 0 and 1 each where a metric gives partial credit.
        gold: Gold positives.
        predicted: Predicted positives.
    """
    top, golden, given = (np.asarray(side, dtype=np.float64) for side in (correct, gold, predicted))
    both = golden + given
    # What a score is where its own side is empty: 0, or undefined where the other is empty too.
    empty = np.broadcast_to(np.where(both == 0, np.nan, 0.0), np.broadcast_shapes(top.shape, both.shape))

    def share(part: Array, whole: Array) -> Array:
        found: Array = np.divide(part, whole, out=empty.copy(), where=whole != 0)
        return found

    return PRF(share(top, given), share(top, golden), divide(2 * top, both))


def average_defined(scores: Iterable[PRF], counts: Sums) -> PRF:
    """Each of the three averaged over the labels where it is defined; NaN where no label has support.

    Args:
        scores: One per label.
        counts: What they were computed from; gives the shape where there is no label at all.
    """
    per_label = list(scores)
    if not per_label:
        undefined = np.full_like(total(counts, ""), np.nan)
        return PRF(undefined, undefined, undefined)
    return PRF(*(mean_defined(list(values)) for values in zip(*per_label, strict=True)))


def average_weighted(labels: Mapping[str, PRF], counts: Sums) -> PRF:
    """Each of the three averaged over labels, a label weighing as much as it has gold positives.

    NaN where neither side has anything, 0 where only the predictions have.

    Args:
        labels: Scores by slice (`label=GPE`).
        counts: What they were computed from: `tp`, `fp` and `fn` by slice.
    """
    weights = {slice_: gold_total(counts, slice_) for slice_ in labels}
    given = sum((total(counts, f"{slice_}|fp") for slice_ in labels), total(counts, ""))
    return weighted_mean(labels, weights, given)


def weighted_mean(scores: Mapping[str, PRF], weights: Mapping[str, Array], given: Array) -> PRF:
    """`average_weighted` for counts of other names.

    Args:
        scores: Scores by slice.
        weights: Gold positives by slice.
        given: Predicted positives of all slices together, or 0 where there are none.
    """
    whole = sum(weights.values(), np.zeros_like(given))
    averages = []
    for field in range(3):
        # A slice without gold weighs nothing, so its NaN may be read as 0 here.
        summed = [np.where(weights[name] == 0, 0.0, values[field] * weights[name]) for name, values in scores.items()]
        mean = divide(sum(summed, np.zeros_like(given)), whole)
        averages.append(np.where((whole == 0) & (given > 0), 0.0, mean))
    return PRF(*averages)


def rows(metric: str, average: str, scores: PRF, slice_: str = "all") -> dict[Key, Array]:
    """The three rows `<metric>.precision`, `<metric>.recall` and `<metric>.f1`."""
    return {Key(f"{metric}.{field}", average, slice_): value for field, value in scores._asdict().items()}


def set_counts(correct: int, gold: int, predicted: int) -> Counts:
    """`tp`, `fp` and `fn` of two sets; zeros are kept, so that sums of any data have a shape."""
    return {"tp": float(correct), "fp": float(predicted - correct), "fn": float(gold - correct)}


def label_counts(gold: Collection[Mark], predicted: Collection[Mark], same: Collection[Mark]) -> Counts:
    """`label=GPE|tp`, `|fp` and `|fn` of sets of marks, those of them that are not 0.

    A prediction that is no gold entity is charged to the label that it was given.

    Args:
        gold: What only the gold has.
        predicted: What only the predictions have.
        same: What both have.
    """
    counts: Counts = {}
    for place, side in enumerate((same, predicted, gold)):
        for mark in side:
            name = _label_names(mark[2])[place]
            counts[name] = counts.get(name, 0.0) + 1.0
    return counts


@cache
def _label_names(label: str) -> tuple[str, str, str]:
    return f"label={label}|tp", f"label={label}|fp", f"label={label}|fn"


def score(counts: Sums, slice_: str = "all") -> PRF:
    """Scores of `tp`, `fp` and `fn`: those of `all`, or of a slice such as `label=GPE`."""
    prefix = "" if slice_ == "all" else f"{slice_}|"
    correct = total(counts, f"{prefix}tp")
    return precision_recall_f1(correct, gold_total(counts, slice_), correct + total(counts, f"{prefix}fp"))


def gold_total(counts: Sums, slice_: str = "all") -> Array:
    """Gold positives behind `all` or a slice such as `label=GPE`."""
    prefix = "" if slice_ == "all" else f"{slice_}|"
    return total(counts, f"{prefix}tp") + total(counts, f"{prefix}fn")


def label_slices(counts: Sums) -> list[str]:
    """The slices `label=...` that have counts, sorted."""
    return sorted({name.rpartition("|")[0] for name in counts if name.startswith("label=")})
