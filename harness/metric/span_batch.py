"""The alignment of `spans.align` for many examples at once, in columns: for corpora of many thousand documents.

What one example gets here is what `align` gives it: spans that meet more than one span of the other side go through the
same solver. Examples with a discontinuous entity, or with offsets that do not fit a 64-bit key, are counted one by one.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.metric.base import Array, Counts
from harness.metric.spans import Mark, pair_runs
from harness.records import Entity

Places = NDArray[np.int64]
Sides = Sequence[Collection[Entity] | None]


# A name, the examples that have it, and their counts.
Column = tuple[str, Places, NDArray[Any]]
# Keys must be smaller.
_LARGEST = 1 << 62


class ManyCounts(NamedTuple):
    """Counts of examples in order: example n has the entries `offsets[n]` to `offsets[n + 1]`.

    Args:
        names: Names of counts.
        offsets: One more than there are examples.
        columns: Place in `names` of each entry.
        values: Its count.
    """

    names: tuple[str, ...]
    offsets: Places
    columns: Places
    values: Array


class Spans(NamedTuple):
    """Spans in columns, sorted by example, start, end and label."""

    rows: Places
    starts: Places
    ends: Places
    labels: Places


_PARTS = attrgetter("parts")
_NONE = Spans(*(np.zeros(0, dtype=np.int64) for _ in range(4)))


class Batch(NamedTuple):
    """The alignment of many examples.

    Args:
        examples: How many there are.
        odd: Examples that have to be counted one by one; nothing below is about them.
        labels: What the label numbers say.
        same: Spans that both sides have.
        gold: The other gold spans.
        predicted: The other predicted spans.
        paired_gold: Places in `gold`, one per pair.
        paired_predicted: Places in `predicted`, in the same order.
    """

    examples: int
    odd: list[int]
    labels: list[str]
    same: Spans
    gold: Spans
    predicted: Spans
    paired_gold: Places
    paired_predicted: Places


def align_many(gold: Sides, predicted: Sides) -> Batch:
    """`spans.align` of each example. What is returned is shared and must not be changed."""
    global _latest
    if gold is _latest[0] and predicted is _latest[1]:
        return _latest[2]
    found = _align_many(gold, predicted)
    # Tuples alone: a list that is changed would keep its identity.
    if type(gold) is tuple and type(predicted) is tuple:
        _latest = (gold, predicted, found)
    return found


def many_counts(examples: int, columns: Iterable[Column], odd: Iterable[tuple[int, Counts]]) -> ManyCounts:
    """Puts counts together.

    Args:
        examples: How many there are.
        columns: A name, the examples that have it, and their counts.
        odd: Examples of which all counts are given here.
    """
    place: dict[str, int] = {}
    rows, names, values = [], [], []
    for name, some, counts in columns:
        rows.append(some)
        names.append(np.full(len(some), place.setdefault(name, len(place)), dtype=np.int64))
        values.append(np.asarray(counts, dtype=np.float64))
    for row, state in odd:
        rows.append(np.full(len(state), row, dtype=np.int64))
        names.append(np.asarray([place.setdefault(name, len(place)) for name in state], dtype=np.int64))
        values.append(np.asarray(list(state.values()), dtype=np.float64))
    if not rows:
        return ManyCounts((), np.zeros(examples + 1, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0))
    all_rows = np.concatenate(rows)
    order = np.argsort(all_rows, kind="stable")
    offsets = np.concatenate([[0], np.cumsum(np.bincount(all_rows, minlength=examples))]).astype(np.int64)
    return ManyCounts(tuple(place), offsets, np.concatenate(names)[order], np.concatenate(values)[order])


def one_by_one(
    count: Callable[[Collection[Entity], Collection[Entity]], Counts], gold: Sides, predicted: Sides
) -> ManyCounts:
    """The counts of each example by itself."""
    pairs = zip(gold, predicted, strict=True)
    return many_counts(len(gold), (), enumerate(count(one or (), other or ()) for one, other in pairs))


def per_label(spans: Spans, labels: Sequence[str], ending: str) -> list[Column]:
    """How many spans of each label the examples have, as `label=GPE|<ending>`."""
    found, numbers = np.unique(spans.labels * (1 << 40) + spans.rows, return_counts=True)
    bounds = np.searchsorted(found >> 40, np.arange(len(labels) + 1))
    rows = found & ((1 << 40) - 1)
    return [
        (f"label={label}|{ending}", rows[first:last], numbers[first:last])
        for label, first, last in zip(labels, bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)
        if last > first
    ]


def _align_many(gold: Sides, predicted: Sides) -> Batch:
    if len(gold) != len(predicted):
        raise ValueError(f"expected as many answers as examples, {len(gold)}, got {len(predicted)}")
    codes: dict[str, int] = {}
    odd: set[int] = set()
    sides = [_columns(side, codes, odd) for side in (gold, predicted)]
    labels = sorted(codes)
    numbers = np.asarray([labels.index(label) for label in codes], dtype=np.int64)
    size = 1 + max((int(side.ends.max()) for side in sides if len(side.ends)), default=0)
    length = 1 + max((int((side.ends - side.starts).max()) for side in sides if len(side.ends)), default=0)
    if (len(gold) + 1) * size * length * (len(labels) + 1) >= _LARGEST:
        odd, sides = set(range(len(gold))), [_NONE, _NONE]
    rest = np.asarray(sorted(odd), dtype=np.int64)
    keys = []
    for side in sides:
        kept = side if not odd else Spans(*(column[~np.isin(side.rows, rest)] for column in side))
        spread = ((kept.rows * size + kept.starts) * length + kept.ends - kept.starts) * len(labels)
        key = spread + numbers[kept.labels]
        # A span given twice counts once. Most sides come sorted and without such.
        keys.append(key if np.all(key[1:] > key[:-1]) else np.unique(key))
    place = np.searchsorted(keys[1], keys[0])
    shared = np.append(keys[1], -1)[place] == keys[0]
    alone = np.ones(len(keys[1]), dtype=bool)
    alone[place[shared]] = False
    same, left, right = keys[0][shared], keys[0][~shared], keys[1][alone]
    both, ours, theirs = (_spans(some, size, length, max(1, len(labels))) for some in (same, left, right))
    return Batch(len(gold), sorted(odd), labels, both, ours, theirs, *_pairs(ours, theirs, labels, size))


def _columns(side: Sides, codes: dict[str, int], odd: set[int]) -> Spans:
    """A side in columns, labels numbered as they come; adds to `codes`, and to `odd` what has no place in columns."""
    flat = list(chain.from_iterable(one or () for one in side))
    rows = np.repeat(np.arange(len(side)), [len(one) if one else 0 for one in side])
    names = [entity.label for entity in flat]
    for name in sorted(set(names)):
        codes.setdefault(name, len(codes))
    try:
        starts = np.array([entity.start for entity in flat], dtype=np.int64)
        ends = np.array([entity.end for entity in flat], dtype=np.int64)
    except OverflowError:
        odd.update(range(len(side)))
        return _NONE
    strange = (starts < 0) | (ends <= starts)
    if any(map(_PARTS, flat)) or strange.any():
        strange |= np.array([bool(entity.parts) for entity in flat], dtype=bool)
        odd.update(rows[strange].tolist())
    return Spans(rows, starts, ends, np.array([codes[name] for name in names], dtype=np.int64))


def _spans(keys: Places, size: int, length: int, labels: int) -> Spans:
    """Keys taken apart."""
    rest, label = np.divmod(keys, labels)
    rest, long = np.divmod(rest, length)
    rows, starts = np.divmod(rest, size)
    return Spans(rows, starts, starts + long, label)


def _pairs(gold: Spans, predicted: Spans, labels: Sequence[str], size: int) -> tuple[Places, Places]:
    """Places in `gold` and in `predicted` of the spans that are paired."""
    rows = np.concatenate([gold.rows, predicted.rows])
    starts = np.concatenate([gold.starts, predicted.starts]) + rows * size
    ends = np.concatenate([gold.ends, predicted.ends]) + rows * size
    order = np.argsort(starts, kind="stable")
    reach = np.maximum.accumulate(ends[order])
    # A run begins where nothing before reaches.
    begins = np.concatenate([[True], starts[order][1:] >= reach[:-1]])[: len(order)]
    run = np.empty(len(order), dtype=np.int64)
    run[order] = np.cumsum(begins) - 1
    run_of_gold, run_of_predicted = run[: len(gold.rows)], run[len(gold.rows) :]
    golds, answers = (np.bincount(some, minlength=int(begins.sum())) for some in (run_of_gold, run_of_predicted))
    plain = (golds == 1) & (answers == 1)
    # Both sides are in text order, so the plain runs come in the same order on both.
    one, other = np.flatnonzero(plain[run_of_gold]), np.flatnonzero(plain[run_of_predicted])
    chosen: tuple[list[int], list[int]] = ([], [])
    for number in np.flatnonzero((golds > 0) & (answers > 0) & ~plain).tolist():
        left, right = _marks(gold, run_of_gold, number, labels), _marks(predicted, run_of_predicted, number, labels)
        for mark, answer in pair_runs(list(left), list(right)):
            chosen[0].append(left[mark])
            chosen[1].append(right[answer])
    return (
        np.concatenate([one, np.asarray(chosen[0], dtype=np.int64)]),
        np.concatenate([other, np.asarray(chosen[1], dtype=np.int64)]),
    )


def _marks(spans: Spans, run_of: Places, number: int, labels: Sequence[str]) -> dict[Mark, int]:
    """The spans of a run as marks, in text order, and their places."""
    first, last = np.searchsorted(run_of, [number, number + 1]).tolist()
    columns = (column[first:last].tolist() for column in spans[1:])
    return {
        (start, end, labels[label], ()): first + n for n, (start, end, label) in enumerate(zip(*columns, strict=True))
    }


# The last result of `align_many` and what it came from: several metrics look at the same examples.
_latest: tuple[Sides, Sides, Batch] = ((), (), _align_many((), ()))
