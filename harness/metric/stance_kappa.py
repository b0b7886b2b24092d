"""Cohen's kappa: how far answers agree with gold beyond what their label frequencies alone would give."""

from dataclasses import dataclass
from typing import ClassVar

from harness.metric.base import Additive, Array, Counts, Key, Sums, divide
from harness.metric.confusion import agreement, answer, cell_name, read_cells
from harness.records import Stance, TaskName


@dataclass(frozen=True, kw_only=True)
class StanceKappa(Additive):
    """Cohen's kappa of gold and predicted labels, unweighted, over all targets pooled.

    No answer and an abstention are one more predicted label that no gold example has, as in `stance.mcc`: they cost
    agreement, and none of it is put down to chance.

        kappa = (p_o - p_e) / (1 - p_e) = (c s - sum_k p_k t_k) / (s^2 - sum_k p_k t_k)

    with s examples, c of them correct, t_k with gold label k and p_k with predicted label k.

    Range: from -1 to 1, higher is better, 0 is agreement by chance.
    Bad input: undefined without examples, and where gold and predictions are all of one and the same label. A missing
        answer is no answer. What never gets here: `harness.metric.base`.
    Source: Cohen 1960, https://doi.org/10.1177/001316446002000104.
    Checked against: scikit-learn 1.9.1, `cohen_kappa_score` with no answer as a label.

    Example:
        >>> metric = StanceKappa()
        >>> counts = {"favor|favor": 3.0, "favor|none": 1.0, "none|none": 4.0}
        >>> float(metric.compute(counts)[Key("stance.kappa", "pooled")])
        0.75
    """

    task: ClassVar[TaskName] = "stance"
    headline: ClassVar[str] = "stance.kappa"

    def count(self, gold: Stance, predicted: Stance | None) -> Counts:
        """One count, `gold|predicted`; the predicted side is empty without an answer."""
        return {cell_name(gold.label, answer(predicted)): 1.0}

    def compute(self, counts: Sums) -> dict[Key, Array]:
        """`stance.kappa`, `pooled`."""
        cells = {(gold, predicted): value for (gold, predicted), value in read_cells(counts).items()}
        examples, correct, chance = agreement(cells, counts)
        # Counts are whole numbers, so an undefined denominator is 0 exactly.
        return {Key("stance.kappa", "pooled"): divide(correct * examples - chance, examples**2 - chance)}

    def support(self, key: Key, counts: Sums) -> float:
        """Gold examples."""
        return float(sum(float(value) for value in read_cells(counts).values()))

    def signature(self, key: Key) -> str:
        """Average, weights, how no answer enters."""
        return f"{key.metric}|avg:{key.average}|weights:none|noanswer:label|v:1"
