"""Stance as a classification: macro-F1, accuracy, Matthews' correlation, and precision, recall and F1 per label."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from harness.metric.base import Additive, Array, Counts, Key, Sums, divide, total
from harness.metric.confusion import (
    NO_ANSWER,
    Cells,
    accuracy,
    agreement,
    answer,
    cell_name,
    check_scheme,
    marginals,
    read_cells,
    tally,
)
from harness.metric.prf import average_defined, precision_recall_f1, rows
from harness.records import Stance, TaskName


@dataclass(frozen=True, kw_only=True)
class StanceClassification(Additive):
    """Macro-F1 over the scheme's labels, accuracy and multi-class MCC, over all targets pooled.

    Every example has one gold label and at most one predicted. No answer and an abstention are wrong in the accuracy,
    miss the gold label, and are no false positive of a label; in the MCC they are one more predicted label that no
    gold example has. `macro_f1` is the mean over the labels of the scheme that gold or predictions have. A label
    outside the scheme gets no row and is no part of `macro_f1`; accuracy and MCC read it as it stands.

        F1 = 2 tp / (2 tp + fp + fn)    macro_f1 = mean of F1 over labels    accuracy = c / s
        mcc = (c s - sum_k p_k t_k) / sqrt((s^2 - sum_k p_k^2) (s^2 - sum_k t_k^2))

    with s examples, c of them correct, t_k with gold label k and p_k with predicted label k.

    Range: fractions in [0, 1], mcc in [-1, 1], higher is better.
    Bad input: a label's scores are 0 where one side is empty and undefined where both are; mcc is undefined where gold
        or predictions are all of one label; all are undefined without examples. A missing answer is no answer. What
        never gets here: `harness.metric.base`.
    Source: macro-F1 as in Allaway and McKeown 2020, https://aclanthology.org/2020.emnlp-main.717; MCC of Gorodkin 2004,
        https://doi.org/10.1016/j.compbiolchem.2004.09.006.
    Checked against: scikit-learn 1.9.1, `f1_score` with `labels=` the supported ones and `zero_division=0`,
        `accuracy_score`, and `matthews_corrcoef` with no answer as a label (it gives 0.0 where mcc is undefined here).

    Args:
        labels: The scheme, in the order of the rows.

    Example:
        >>> metric = StanceClassification()
        >>> counts = metric.count(Stance("nato", "favor"), Stance("nato", "favor"))
        >>> float(metric.compute(counts)[Key("stance.macro_f1", "pooled")])
        1.0
    """

    task: ClassVar[TaskName] = "stance"

    labels: tuple[str, ...] = ("favor", "against", "none")

    def __post_init__(self) -> None:
        """Checks the labels.

        Raises:
            ValueError: There is none, one stands twice, or one means no answer.
        """
        check_scheme("StanceClassification", self.labels)

    def count(self, gold: Stance, predicted: Stance | None) -> Counts:
        """One count, `gold|predicted`; the predicted side is empty without an answer."""
        return {cell_name(gold.label, answer(predicted)): 1.0}

    def compute(self, counts: Sums) -> dict[Key, Array]:
        """`stance.macro_f1`, `stance.accuracy`, `stance.mcc`, and `stance.precision/recall/f1` at `label=...`."""
        cells = {(gold, predicted): value for (gold, predicted), value in read_cells(counts).items()}
        labels = {label: precision_recall_f1(*tally(cells, label, counts)) for label in self.labels}
        scores = {
            Key("stance.macro_f1", "pooled"): average_defined(labels.values(), counts).f1,
            Key("stance.accuracy", "pooled"): accuracy(cells, counts),
            Key("stance.mcc", "pooled"): _mcc(cells, counts),
        }
        for label, values in labels.items():
            scores |= rows("stance", "pooled", values, f"label={label}")
        return scores

    def support(self, key: Key, counts: Sums) -> float:
        """Gold examples, of the row's label where it has one."""
        label = None if key.slice == "all" else key.slice.removeprefix("label=")
        return float(sum(float(value) for (gold, _), value in read_cells(counts).items() if label in (None, gold)))

    def signature(self, key: Key) -> str:
        """Average, the scheme, how `macro_f1` treats labels without support, how no answer enters."""
        choices = {
            "stance.macro_f1": f"labels:{'+'.join(self.labels)}|undef:skip|noanswer:miss",
            "stance.accuracy": "noanswer:wrong",
            "stance.mcc": "noanswer:label",
        }
        return f"{key.metric}|avg:{key.average}|{choices.get(key.metric, 'noanswer:miss')}|v:1"


def _mcc(cells: Cells, counts: Sums) -> Array:
    golds, predictions = marginals(cells, total(counts, NO_ANSWER))
    examples, correct, chance = agreement(cells, counts)
    left = examples**2 - sum(value**2 for value in predictions.values())
    right = examples**2 - sum(value**2 for value in golds.values())
    # Counts are whole numbers, so an undefined denominator is 0 exactly.
    return divide(correct * examples - chance, np.sqrt(left) * np.sqrt(right))
