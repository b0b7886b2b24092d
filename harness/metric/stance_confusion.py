"""Which stances are taken for which, and how many examples got no answer."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from harness.metric.base import Additive, Array, Counts, Key, Sums
from harness.records import Stance, TaskName

UNANSWERED = "unanswered"


@dataclass(frozen=True, kw_only=True)
class StanceConfusion(Additive):
    """A table of gold label by predicted label, all targets pooled.

    An abstention is predicted `unknown`, a missing or failed answer `unanswered`; a row of the table adds up to the
    gold examples of its label.

        value of `gold=G,predicted=P` = number of examples with gold label G that were answered P

    Range: counts from 0 up; the diagonal is agreement. A cell that nothing falls into has no row.
    Bad input: a missing, failed or unparsed answer is `unanswered`. What never gets here: `harness.metric.base`.
    Source: the confusion matrix, https://scikit-learn.org/stable/modules/generated/sklearn.metrics.confusion_matrix.html.
    Checked against: scikit-learn's `confusion_matrix`, with no answer as a label.

    Example:
        >>> metric = StanceConfusion()
        >>> metric.count(Stance("nato", "favor"), None)
        {'gold=favor,predicted=unanswered': 1.0}
    """

    task: ClassVar[TaskName] = "stance"

    def count(self, gold: Stance, predicted: Stance | None) -> Counts:
        """One count, under the name of the row's slice."""
        return {f"gold={gold.label},predicted={UNANSWERED if predicted is None else predicted.label}": 1.0}

    def compute(self, counts: Sums) -> dict[Key, Array]:
        """`stance.confusion`, average `count`, a slice per cell."""
        return {
            Key("stance.confusion", "count", cell): np.asarray(counts[cell], dtype=np.float64)
            for cell in sorted(counts)
        }

    def support(self, key: Key, counts: Sums) -> float:
        """Gold examples of the cell's gold label."""
        gold = key.slice.rpartition(",predicted=")[0]
        same = (value for cell, value in counts.items() if cell.rpartition(",predicted=")[0] == gold)
        return float(sum(float(np.asarray(value)) for value in same))

    def signature(self, key: Key) -> str:
        """How no answer is shown."""
        return f"{key.metric}|avg:{key.average}|noanswer:column|v:1"
