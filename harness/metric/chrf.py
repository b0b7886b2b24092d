"""chrF++, as sacrebleu has it."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from harness.metric.base import Array, Key, Sums, divide, total
from harness.metric.sacrebleu_counts import SacrebleuCounts
from harness.records import TaskName

if TYPE_CHECKING:
    from sacrebleu import CHRF


@dataclass(frozen=True, kw_only=True)
class Chrf(SacrebleuCounts):
    """F-score of character n-grams (chrF) and, with `word_order: 2`, of single words and word pairs too (chrF++).

        P, R = mean precision, mean recall over the orders    F = (1 + beta^2) P R / (beta^2 P + R)

    Of several references a summary counts with the one that gives it the best F. It is a score of a corpus, not a mean
    over documents: the counts of all documents and of all styles of a document are added up first. An order that one
    side has no n-gram of is left out of the means. The row is called `chrf`, with one plus per word order.

    Range: fractions in [0, 1] (sacrebleu prints 100 times as much), higher is better.
    Bad input: a missing or empty summary adds its reference's n-grams, and so lowers recall; a summary beside a
    reference without characters adds nothing, as in sacrebleu. Undefined where neither side has any text. What never
    gets here: `harness.metric.base`.
    Source: Popović 2015, https://aclanthology.org/W15-3049; chrF++: Popović 2017, https://aclanthology.org/W17-4770.
    Checked against: sacrebleu 2.6.0, `CHRF.corpus_score`, one and several references.
    Agreement with people: on REALSumm (24 systems, 100 documents, what content people found covered) the Spearman
    correlation within a document is .44 (95 % interval over documents .40 to .48), of system means the Pearson
    correlation is .90 (over systems and documents .61 to .96); ROUGE-2 recall has .42 and .96.

    Args:
        char_order: Longest character n-gram.
        word_order: Longest word n-gram; 0 for chrF, 2 for chrF++.
        beta: How many times as much recall weighs as precision.
        lowercase: Whether case is ignored.
        whitespace: Whether white space is a character.

    Example:
        >>> from harness.records import References, Summary
        >>> metric = Chrf()
        >>> gold = References("default", texts=("The cat sat on the mat.",))
        >>> counts = metric.count(gold, Summary("The cat sat on it."))
        >>> {key.metric: round(float(value), 4) for key, value in metric.compute(counts).items()}
        {'chrf++': 0.6085}
    """

    task: ClassVar[TaskName] = "summarization"
    policy: ClassVar[str] = "max"

    char_order: int = 6
    word_order: int = 2
    beta: int = 2
    lowercase: bool = False
    whitespace: bool = False

    def __post_init__(self) -> None:
        """Refuses orders and weights that have no F-score."""
        for name, least in (("char_order", 1), ("word_order", 0), ("beta", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"Chrf: {name} must be {least} or more, got {getattr(self, name)}")

    def compute(self, counts: Sums) -> dict[Key, Array]:
        """The corpus score; NaN where neither side had any text."""
        n = total(counts, "n")
        precisions, recalls, orders = np.zeros_like(n), np.zeros_like(n), np.zeros_like(n)
        for order in self._orders:
            summary, reference, match = (total(counts, f"{order}.{side}") for side in ("summary", "reference", "match"))
            both = (summary > 0) & (reference > 0)
            precisions = precisions + np.where(both, match / np.where(both, summary, 1.0), 0.0)
            recalls = recalls + np.where(both, match / np.where(both, reference, 1.0), 0.0)
            orders = orders + both
        precision, recall = (values / np.maximum(orders, 1.0) for values in (precisions, recalls))
        factor = self.beta**2
        score = np.nan_to_num(divide((1 + factor) * precision * recall, factor * precision + recall))
        return {Key(self._row, "corpus"): np.where(n > 0, score, np.nan)}

    @cached_property
    def _scorer(self) -> "CHRF":
        from sacrebleu import CHRF

        return CHRF(
            char_order=self.char_order,
            word_order=self.word_order,
            beta=self.beta,
            lowercase=self.lowercase,
            whitespace=self.whitespace,
        )

    @property
    def _row(self) -> str:
        return "chrf" + "+" * self.word_order

    @property
    def _orders(self) -> list[str]:
        characters = [f"char{n}" for n in range(1, self.char_order + 1)]
        return characters + [f"word{n}" for n in range(1, self.word_order + 1)]

    @property
    def _names(self) -> list[str]:
        return [f"{order}.{side}" for order in self._orders for side in ("summary", "reference", "match")]
