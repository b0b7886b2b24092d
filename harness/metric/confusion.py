"""Counts of gold label by predicted label, and what single labels get out of them."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from harness.metric.base import Array, Sums, total
from harness.records import ABSTAIN, Stance

# The predicted side of an example without an answer. No label is empty, so it cannot be mistaken for one.
NO_ANSWER = ""


class Tally(NamedTuple):
    """What one label got: correct, gold and predicted examples, elementwise."""

    correct: Array
    gold: Array
    predicted: Array


def answer(predicted: Stance | None) -> str:
    """The predicted label; nothing for a missing answer and for an abstention alike."""
    return NO_ANSWER if predicted is None or predicted.label == ABSTAIN else predicted.label


def cell_name(*parts: str) -> str:
    """The name of a count, `gold|predicted` or `target|gold|predicted`; `%` and `|` inside a part are escaped."""
    return "|".join(part.replace("%", "%25").replace("|", "%7C") for part in parts)


def read_cells(counts: Sums) -> dict[tuple[str, ...], Array]:
    """Cell names taken apart again, sorted by name so that sums of floats always run in one order."""
    return {
        tuple(part.replace("%7C", "|").replace("%25", "%") for part in name.split("|")): np.asarray(
            counts[name], dtype=np.float64
        )
        for name in sorted(counts)
    }


def tally(cells: Mapping[tuple[str, str], Array], label: str, shape: Sums) -> Tally:
    """What `label` got in a table of (gold, predicted); `shape` are the counts that it came from."""
    zero = total(shape, NO_ANSWER)
    return Tally(
        add((value for (gold, predicted), value in cells.items() if gold == label == predicted), zero),
        add((value for (gold, _), value in cells.items() if gold == label), zero),
        add((value for (_, predicted), value in cells.items() if predicted == label), zero),
    )


def add(values: Iterable[Array], zero: Array) -> Array:
    """Elementwise sum; `zero` where there is nothing to add."""
    return sum(values, start=zero)
