"""Stance scores over the answered examples alone, and how many were answered."""

from dataclasses import dataclass
from typing import ClassVar

from harness.metric.base import Additive, Array, Counts, Key, Sums, divide, total
from harness.metric.confusion import (
    NO_ANSWER,
    accuracy,
    add,
    answer,
    cell_name,
    check_scheme,
    check_sides,
    favg,
    macro_f1,
    read_cells,
)
from harness.records import Stance, TaskName


@dataclass(frozen=True, kw_only=True)
class StanceSelective(Additive):
    """F_avg, macro-F1 and accuracy of the examples that got a label, with the share that did.

    An abstention (`unknown`), a missing and a failed answer leave the example out; only `coverage` counts it. These
    rows say how good the answers are that a model stands by, and mean nothing without `coverage` beside them: the
    scores of the whole set are `stance.favg`, `stance.macro_f1` and `stance.accuracy`, where such an example misses its
    gold label.

        coverage = answered / examples    selective.accuracy = correct / answered

    Range: fractions in [0, 1], higher is better.
    Bad input: the scores are undefined where nothing was answered, coverage without examples. What never gets here:
        `harness.metric.base`.
    Source: El-Yaniv and Wiener 2010, https://jmlr.org/papers/v11/el-yaniv10a.html; F_avg as in `stance_favg`, macro-F1
        as in `stance_classification`.
    Checked against: scikit-learn 1.9.1, `f1_score` with `labels=` and `accuracy_score` over the answered examples.

    Args:
        labels: The scheme, for `macro_f1`.
        sides: The two labels that favg averages; empty for a scheme without sides, which then has no favg row.

    Example:
        >>> metric = StanceSelective()
        >>> counts = {"favor|favor": 3.0, "against|": 1.0}
        >>> scores = metric.compute(counts)
        >>> float(scores[Key("stance.selective.accuracy", "pooled")]), float(scores[Key("stance.coverage", "pooled")])
        (1.0, 0.75)
    """

    task: ClassVar[TaskName] = "stance"
    headline: ClassVar[str] = "stance.selective.favg"
    undirected: ClassVar[tuple[str, ...]] = ("stance.coverage",)

    labels: tuple[str, ...] = ("favor", "against", "none")
    sides: tuple[str, ...] = ("favor", "against")

    def __post_init__(self) -> None:
        """Checks the labels.

        Raises:
            ValueError: The labels are no scheme, or the sides are neither empty nor two labels.
        """
        check_scheme("StanceSelective", self.labels)
        if self.sides:
            check_sides("StanceSelective", self.sides)

    @property
    def scheme_labels(self) -> dict[str, tuple[str, ...]]:
        """Labels that the scheme must have."""
        return {"sides": self.sides}

    def count(self, gold: Stance, predicted: Stance | None) -> Counts:
        """One count, `gold|predicted`; the predicted side is empty without an answer."""
        return {cell_name(gold.label, answer(predicted)): 1.0}

    def compute(self, counts: Sums) -> dict[Key, Array]:
        """`stance.selective.favg`, `.macro_f1`, `.accuracy` and `stance.coverage`, `pooled`."""
        cells = {(gold, predicted): value for (gold, predicted), value in read_cells(counts).items()}
        answered = {cell: value for cell, value in cells.items() if cell[1] != NO_ANSWER}
        zero = total(counts, NO_ANSWER)
        scores = {
            Key("stance.selective.macro_f1", "pooled"): macro_f1(answered, self.labels, counts),
            Key("stance.selective.accuracy", "pooled"): accuracy(answered, counts),
            Key("stance.coverage", "pooled"): divide(add(answered.values(), zero), add(cells.values(), zero)),
        }
        if self.sides:
            scores[Key("stance.selective.favg", "pooled")] = favg(answered, self.sides, counts)
        return scores

    def support(self, key: Key, counts: Sums) -> float:
        """Gold examples that were answered (for favg those of the two sides); for coverage all gold examples."""
        sides = self.sides if key.metric == "stance.selective.favg" else None
        return float(
            sum(
                float(value)
                for (gold, predicted), value in read_cells(counts).items()
                if key.metric == "stance.coverage" or (predicted != NO_ANSWER and (sides is None or gold in sides))
            )
        )

    def signature(self, key: Key) -> str:
        """Average, the labels averaged, that examples without an answer are left out."""
        choices = {
            "stance.selective.favg": f"labels:{'+'.join(self.sides)}|undef:0|noanswer:left_out",
            "stance.selective.macro_f1": f"labels:{'+'.join(self.labels)}|undef:skip|noanswer:left_out",
            "stance.selective.accuracy": "noanswer:left_out",
        }
        return f"{key.metric}|avg:{key.average}|{choices.get(key.metric, 'of:examples')}|v:1"
