"""BLEU, as sacrebleu has it."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from harness.metric.base import Array, Key, Sums, divide, total
from harness.metric.sacrebleu_counts import SacrebleuCounts
from harness.records import TaskName

if TYPE_CHECKING:
    from sacrebleu import BLEU


@dataclass(frozen=True, kw_only=True)
class Bleu(SacrebleuCounts):
    """Geometric mean of n-gram precisions over the whole corpus, with a penalty for what is too short.

        BLEU = BP exp(sum of log p_n / N)    BP = min(1, exp(1 - reference length / summary length))

    An n-gram of a summary is correct as often as the reference that has it most often has it; the reference length is
    that of the reference nearest in length, the shorter of two. It is a score of a corpus, not a mean over documents:
    the counts of all documents and of all styles of a document are added up first, so long summaries weigh more.
    `bleu.brevity_penalty` and `bleu.length_ratio` (summary length / reference length, in tokens) are its parts.

    Range: fractions in [0, 1] (sacrebleu prints 100 times as much), higher is better; the length ratio from 0. 0 where
    no n-gram is right at all.
    Bad input: a missing or empty summary adds its reference's length, and so lowers the brevity penalty. A reference
    without words beside a summary makes all its n-grams wrong. Undefined where neither side has any text; the length
    ratio also where the references are without words. What never gets here: `harness.metric.base`.
    Source: Papineni et al. 2002, https://aclanthology.org/P02-1040; Post 2018, https://aclanthology.org/W18-6319.
    Checked against: sacrebleu 2.6.0, `BLEU.corpus_score`, one and several references, all smoothings.
    Agreement with people: on REALSumm (24 systems, 100 documents, what content people found covered) the Spearman
    correlation within a document is .22 (95 % interval over documents .16 to .27), for single summaries with
    `effective_order`; of system means the Pearson correlation is .13 (over systems and documents -.37 to .62). ROUGE-2
    recall has .42 and .96 there: BLEU punishes the longer summary that covers more.

    Args:
        lowercase: Whether case is ignored.
        tokenize: sacrebleu's tokenizer: `13a` for Western languages, `zh` for Chinese, `char` for text without spaces,
            `intl` by Unicode's punctuation, `none` for texts that are tokenized already.
        smooth_method: What an order without a right n-gram counts, as in sacrebleu.
        smooth_value: Of `floor` and `add-k`; None for sacrebleu's (0.1 and 1).
        max_ngram_order: The N.
        effective_order: Whether orders that no summary is long enough for are left out; for scores of single summaries.

    Example:
        >>> from harness.records import References, Summary
        >>> metric = Bleu()
        >>> gold = References("default", texts=("The cat sat on the mat.",))
        >>> counts = metric.count(gold, Summary("The cat sat on it."))
        >>> round(float(metric.compute(counts)[Key("bleu", "corpus")]), 4)
        0.4548
    """

    task: ClassVar[TaskName] = "summarization"
    headline: ClassVar[str] = "bleu"
    undirected: ClassVar[tuple[str, ...]] = ("bleu.brevity_penalty",)
    numbers: ClassVar[tuple[str, ...]] = ("bleu.length_ratio",)
    policy: ClassVar[str] = "most_counts,nearest_length"

    lowercase: bool = False
    tokenize: Literal["13a", "intl", "zh", "char", "none"] = "13a"
    smooth_method: Literal["exp", "floor", "add-k", "none"] = "exp"
    smooth_value: float | None = None
    max_ngram_order: int = 4
    effective_order: bool = False

    def __post_init__(self) -> None:
        """Refuses what sacrebleu would take and misread."""
        if self.max_ngram_order < 1:
            raise ValueError(f"Bleu: max_ngram_order must be 1 or more, got {self.max_ngram_order}")
        if self.smooth_value is not None and (
            self.smooth_method not in ("floor", "add-k") or not 0 <= self.smooth_value < float("inf")
        ):
            raise ValueError(
                "Bleu: smooth_value is a number from 0 for smooth_method 'floor' or 'add-k' and null for any other, "
                f"got {self.smooth_value} for {self.smooth_method!r}"
            )

    def compute(self, counts: Sums) -> dict[Key, Array]:
        """The corpus score and its parts; NaN where neither side had any text."""
        summary, reference = total(counts, "summary_length"), total(counts, "reference_length")
        with np.errstate(divide="ignore", invalid="ignore"):
            shortness = np.exp(1 - reference / np.where(summary > 0, summary, 1.0))
        penalty = np.where(summary < reference, np.where(summary > 0, shortness, 0.0), 1.0)
        some = total(counts, "n") > 0
        return {
            Key("bleu", "corpus"): np.where(some, penalty * self._precision(counts), np.nan),
            Key("bleu.brevity_penalty", "corpus"): np.where(some, penalty, np.nan),
            Key("bleu.length_ratio", "corpus"): divide(summary, reference),
        }

    def _precision(self, counts: Sums) -> Array:
        """The geometric mean of the smoothed precisions; 0 where no n-gram of any order is right."""
        correct = [total(counts, f"correct{n}") for n in self._orders]
        possible = [total(counts, f"total{n}") for n in self._orders]
        value = self.smooth_value
        if value is None:
            value = self._scorer.SMOOTH_DEFAULTS[self.smooth_method] or 0.0
        # Once no summary is long enough for an order, the longer orders have no precision either.
        reached = np.ones_like(correct[0], dtype=bool)
        halving = np.ones_like(correct[0])
        logs = np.zeros_like(correct[0])
        orders = np.zeros_like(correct[0])
        for n, (right, out_of) in enumerate(zip(correct, possible, strict=True), start=1):
            if self.smooth_method == "add-k" and n > 1:
                right, out_of = right + value, out_of + value
            reached &= out_of > 0
            wrong = reached & (right == 0)
            if self.smooth_method == "exp":
                halving = np.where(wrong, halving * 2, halving)
                right = np.where(wrong, 1 / halving, right)
            elif self.smooth_method == "floor":
                right = np.where(wrong, value, right)
            with np.errstate(divide="ignore"):
                log = np.log(np.where(reached, right / np.where(out_of > 0, out_of, 1.0), 0.0))
            used = reached if self.effective_order else np.ones_like(reached)
            logs = logs + np.where(used, log, 0.0)
            orders = orders + used
        any_right = np.sum(correct, axis=0) > 0
        return np.where(any_right, np.exp(logs / np.maximum(orders, 1.0)), 0.0)

    @cached_property
    def _scorer(self) -> "BLEU":
        from sacrebleu import BLEU

        # `force` only silences a warning about texts that look tokenized.
        return BLEU(
            lowercase=self.lowercase,
            force=True,
            tokenize=self.tokenize,
            smooth_method=self.smooth_method,
            smooth_value=self.smooth_value,
            max_ngram_order=self.max_ngram_order,
            effective_order=self.effective_order,
        )

    @property
    def _orders(self) -> range:
        return range(1, self.max_ngram_order + 1)

    @property
    def _names(self) -> list[str]:
        counted = [f"{name}{n}" for name in ("correct", "total") for n in self._orders]
        return ["summary_length", "reference_length", *counted]
