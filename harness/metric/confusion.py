"""Counts of gold label by predicted label, and what single labels get out of them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from harness.metric.base import Array, Sums, divide, total
from harness.metric.prf import average_defined, precision_recall_f1
from harness.records import ABSTAIN, Stance

# Counts by (gold label, predicted label), elementwise.
Cells = Mapping[tuple[str, str], Array]

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


def tally(cells: Cells, label: str, shape: Sums) -> Tally:
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


def marginals(cells: Cells, zero: Array) -> tuple[dict[str, Array], dict[str, Array]]:
    """Examples by gold label, and by predicted label; no answer is a predicted label of its own."""
    golds: dict[str, Array] = {}
    predictions: dict[str, Array] = {}
    for (gold, predicted), value in cells.items():
        golds[gold] = golds.get(gold, zero) + value
        predictions[predicted] = predictions.get(predicted, zero) + value
    return golds, predictions


def agreement(cells: Cells, shape: Sums) -> tuple[Array, Array, Array]:
    """Examples, those that are correct, and the sum over labels of gold times predicted examples."""
    zero = total(shape, NO_ANSWER)
    golds, predictions = marginals(cells, zero)
    correct = add((value for (gold, predicted), value in cells.items() if gold == predicted), zero)
    chance = add((golds[label] * predictions[label] for label in sorted(golds.keys() & predictions.keys())), zero)
    return add(cells.values(), zero), correct, chance


def accuracy(cells: Cells, shape: Sums) -> Array:
    """Share of the examples that are correct; NaN without examples."""
    examples, correct, _ = agreement(cells, shape)
    return divide(correct, examples)


def macro_f1(cells: Cells, labels: Iterable[str], shape: Sums) -> Array:
    """Mean F1 over the labels that gold or predictions have; NaN where they have none."""
    return average_defined([precision_recall_f1(*tally(cells, label, shape)) for label in labels], shape).f1


def favg(cells: Cells, sides: Sequence[str], shape: Sums) -> Array:
    """Mean F1 of the labels that take a side; an undefined F counts 0, and only without examples all is undefined."""
    examples = add(cells.values(), total(shape, NO_ANSWER))
    scores = [np.nan_to_num(precision_recall_f1(*tally(cells, side, shape)).f1) for side in sides]
    return np.where(examples == 0, np.nan, sum(scores) / len(sides))


def check_scheme(kind: str, labels: Collection[str]) -> None:
    """Refuses what cannot be a scheme of labels.

    Raises:
        ValueError: There is none, one stands twice, or one means no answer.
    """
    if not labels or len(set(labels)) != len(labels) or {NO_ANSWER, ABSTAIN} & set(labels):
        raise ValueError(
            f"{kind}: labels must be one or more different labels, none of them {ABSTAIN!r}, got {labels!r}"
        )


def check_sides(kind: str, sides: Collection[str]) -> None:
    """Refuses what cannot be the two labels that take a side.

    Raises:
        ValueError: They are not two different labels, or one means no answer.
    """
    if len(set(sides)) != 2 or len(sides) != 2 or {NO_ANSWER, ABSTAIN} & set(sides):
        raise ValueError(f"{kind}: sides must be two different labels, not {ABSTAIN!r}, got {sides!r}")
