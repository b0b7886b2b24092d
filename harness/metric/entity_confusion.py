"""Which labels are taken for which, and what is missed or invented."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from harness.metric.base import Additive, Array, Counts, Key, Sums
from harness.metric.spans import align
from harness.records import Entity, TaskName


@dataclass(frozen=True, kw_only=True)
class EntityConfusion(Additive):
    """A table of gold label by predicted label over paired entities.

    Gold and predicted spans that are equal or overlap are paired one to one as in `entity_overlap`; each pair is in
    the cell of its two labels. A gold entity without a partner is predicted `missed`; a prediction without a partner
    has the gold label `spurious`. A row or column adds up to the gold or predicted entities of its label.

        value of `gold=G,predicted=P` = number of pairs with these labels

    Range: counts from 0 up; the diagonal is agreement. A cell that nothing falls into has no row. `entity_errors` has
    the same pairs by class: its `correct` and `wrong_boundary` are on the diagonal, `wrong_label` and `both` beside it.
    Bad input: a missing answer counts as an empty one, an entity given twice once. What never gets here:
    `harness.metric.base`.
    Source: the confusion matrix of named entities; MUC's missing and spurious, Chinchor and Sundheim 1993,
        https://aclanthology.org/M93-1007.
    Checked against: scikit-learn's `confusion_matrix` where no span overlaps two of the other side.

    Example:
        >>> metric = EntityConfusion()
        >>> counts = metric.count([Entity(0, 5, "GPE")], [Entity(0, 5, "LOC"), Entity(7, 9, "ORG")])
        >>> sorted(counts)
        ['gold=GPE,predicted=LOC', 'gold=spurious,predicted=ORG']
    """

    task: ClassVar[TaskName] = "ner"

    def count(self, gold: Collection[Entity], predicted: Collection[Entity] | None) -> Counts:
        """One count per cell, under the name of the row's slice."""
        found = align(gold, predicted or ())
        cells = Counter(_cell(mark[2], mark[2]) for mark in found.same)
        cells.update(_cell(one[2], other[2]) for one, other in found.pairs)
        cells.update(_cell(mark[2], "missed") for mark in found.missed)
        cells.update(_cell("spurious", mark[2]) for mark in found.spurious)
        return {cell: float(count) for cell, count in cells.items()}

    def compute(self, counts: Sums) -> dict[Key, Array]:
        """`entity.confusion`, average `count`, a slice per cell."""
        return {
            Key("entity.confusion", "count", cell): np.asarray(counts[cell], dtype=np.float64)
            for cell in sorted(counts)
        }

    def support(self, key: Key, counts: Sums) -> float:
        """Gold entities of the cell's gold label; 0 for `gold=spurious`."""
        gold = key.slice.rpartition(",predicted=")[0]
        if gold == "gold=spurious":
            return 0.0
        return float(sum(float(np.asarray(value)) for cell, value in counts.items() if _gold_side(cell) == gold))

    def signature(self, key: Key) -> str:
        """How spans are paired, duplicates."""
        return f"{key.metric}|avg:{key.average}|match:overlap|pairs:max_weight|dup:once|v:1"


def _cell(gold: str, predicted: str) -> str:
    return f"gold={gold},predicted={predicted}"


def _gold_side(cell: str) -> str:
    return cell.rpartition(",predicted=")[0]
