"""How stance answers go wrong: the opposite side is answered, or none where there is a side."""

from dataclasses import dataclass
from typing import ClassVar

from harness.metric.base import Additive, Array, Counts, Key, Sums, divide, total
from harness.metric.confusion import NO_ANSWER, add, answer, cell_name, check_sides, read_cells
from harness.records import ABSTAIN, Stance, TaskName


@dataclass(frozen=True, kw_only=True)
class StanceSides(Additive):
    """Flips from one side to the other, and how often the neutral label is answered beside how often it is gold.

    `flip_rate` is the share of the gold examples with a side, answered or not, whose answer is the opposite side; its
    slices `label=...` are of the gold label. The neutral shares are of all examples, answered or not: a model that
    falls back on the neutral label has an excess far above 0.

        flip_rate = (favor answered against + against answered favor) / (gold favor + gold against)
        neutral_excess = neutral_predicted - neutral_gold = (answered none - gold none) / examples

    Range: fractions in [0, 1], neutral_excess in [-1, 1]; flip_rate: lower is better; neutral_excess: 0 is best.
        Without a neutral label (`neutral: null`) the neutral shares have no rows.
    Bad input: flip_rate is undefined without gold of a side (of the label), the neutral shares without examples. A
        missing answer is no answer, and flips nothing. What never gets here: `harness.metric.base`.
    Source: the confusion matrix of SemEval-2016 Task 6, Mohammad et al. 2016, https://aclanthology.org/S16-1003.
    Checked against: scikit-learn 1.9.1, cells and marginals of `confusion_matrix`.

    Args:
        sides: The two labels that take a side.
        neutral: The label that takes none; None where the scheme has no such label.

    Example:
        >>> metric = StanceSides()
        >>> counts = {"favor|favor": 2.0, "favor|against": 1.0, "against|none": 1.0}
        >>> float(metric.compute(counts)[Key("stance.flip_rate", "pooled")])
        0.25
    """

    task: ClassVar[TaskName] = "stance"
    headline: ClassVar[str] = "stance.flip_rate"
    lower_is_better: ClassVar[tuple[str, ...]] = ("stance.flip_rate",)
    undirected: ClassVar[tuple[str, ...]] = ("stance.neutral_*",)

    sides: tuple[str, str] = ("favor", "against")
    neutral: str | None = "none"

    def __post_init__(self) -> None:
        """Checks the labels.

        Raises:
            ValueError: The sides are not two different labels, or the neutral label is one of them or no label.
        """
        check_sides("StanceSides", self.sides)
        if self.neutral in (*self.sides, NO_ANSWER, ABSTAIN):
            raise ValueError(f"StanceSides: neutral must be a label other than {self.sides!r}, got {self.neutral!r}")

    @property
    def scheme_labels(self) -> dict[str, tuple[str, ...]]:
        """Labels that the scheme must have."""
        return {"sides": self.sides, "neutral": () if self.neutral is None else (self.neutral,)}

    def count(self, gold: Stance, predicted: Stance | None) -> Counts:
        """One count, `gold|predicted`; the predicted side is empty without an answer."""
        return {cell_name(gold.label, answer(predicted)): 1.0}

    def compute(self, counts: Sums) -> dict[Key, Array]:
        """`stance.flip_rate`, also at `label=...`, and `stance.neutral_predicted`, `neutral_gold`, `neutral_excess`."""
        cells, zero = read_cells(counts), total(counts, NO_ANSWER)
        scores: dict[Key, Array] = {}
        flips, golds = zero, zero
        for side, other in (self.sides, self.sides[::-1]):
            flipped = cells.get((side, other), zero)
            gold = add((value for (label, _), value in cells.items() if label == side), zero)
            scores[Key("stance.flip_rate", "pooled", f"label={side}")] = divide(flipped, gold)
            flips, golds = flips + flipped, golds + gold
        scores[Key("stance.flip_rate", "pooled")] = divide(flips, golds)
        if self.neutral is not None:
            examples = add(cells.values(), zero)
            answered = add((value for (_, label), value in cells.items() if label == self.neutral), zero)
            neutral = add((value for (label, _), value in cells.items() if label == self.neutral), zero)
            scores[Key("stance.neutral_predicted", "pooled")] = divide(answered, examples)
            scores[Key("stance.neutral_gold", "pooled")] = divide(neutral, examples)
            scores[Key("stance.neutral_excess", "pooled")] = divide(answered - neutral, examples)
        return scores

    def support(self, key: Key, counts: Sums) -> float:
        """Gold examples with a side (with the row's label), or all gold examples for the neutral shares."""
        labels: tuple[str, ...] | None = self.sides if key.metric == "stance.flip_rate" else None
        if key.slice != "all":
            labels = (key.slice.removeprefix("label="),)
        found = read_cells(counts).items()
        return float(sum(float(value) for (gold, _), value in found if labels is None or gold in labels))

    def signature(self, key: Key) -> str:
        """Average, which labels, and that examples without an answer are in the denominator."""
        which = f"sides:{'+'.join(self.sides)}" if key.metric == "stance.flip_rate" else f"neutral:{self.neutral}"
        return f"{key.metric}|avg:{key.average}|{which}|noanswer:in_denominator|v:1"
