"""TER, translation edit rate, as sacrebleu has it."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from harness.metric.base import Array, Key, Sums, divide, total
from harness.metric.sacrebleu_counts import SacrebleuCounts
from harness.records import TaskName

if TYPE_CHECKING:
    from sacrebleu import TER


@dataclass(frozen=True, kw_only=True)
class Ter(SacrebleuCounts):
    """Edits that turn a summary into a reference, per reference word: insert, delete, replace a word or move a run.

        TER = edits to the reference that needs fewest / mean length of the references

    It is a score of a corpus, not a mean over documents: edits and lengths of all documents and of all styles of a
    document are added up first. The search for moves is greedy and bounded, as in tercom. Words are what white space
    separates, unless `normalized`. sacrebleu takes some 0.3 s for a summary of 60 words.

    Range: from 0, LOWER is better (sacrebleu prints 100 times as much); above 1 where more words are wrong than the
    references have.
    Bad input: a missing or empty summary needs every word of its reference; where no reference has words, any word of a
    summary makes it 1, as in sacrebleu. Undefined where neither side has any text. What never gets here:
    `harness.metric.base`.
    Source: Snover et al. 2006, https://aclanthology.org/2006.amta-papers.25.
    Checked against: sacrebleu 2.6.0, `TER.corpus_score`, one and several references.
    Agreement with people: none on summaries. On REALSumm (24 systems, 100 documents, what content people found covered)
    a higher, so worse, TER goes with more covered content: Spearman within a document .16, Pearson of system means .56.
    It charges a summary for every word that the reference leaves out.

    Args:
        normalized: Whether punctuation is split off first, as tercom does.
        no_punct: Whether punctuation is left out.
        asian_support: Whether Chinese and Japanese text is split into characters; needs `normalized` or `no_punct`.
        case_sensitive: Whether case counts.

    Example:
        >>> from harness.records import References, Summary
        >>> metric = Ter()
        >>> counts = metric.count(References("default", texts=("the cat sat down",)), Summary("down the cat sat here"))
        >>> {key.metric: float(value) for key, value in metric.compute(counts).items()}
        {'ter': 0.5}
    """

    task: ClassVar[TaskName] = "summarization"
    headline: ClassVar[str] = "ter"
    lower_is_better: ClassVar[tuple[str, ...]] = ("ter",)
    policy: ClassVar[str] = "fewest_edits,mean_length"

    normalized: bool = False
    no_punct: bool = False
    asian_support: bool = False
    case_sensitive: bool = False

    def __post_init__(self) -> None:
        """Refuses a switch that sacrebleu would ignore."""
        if self.asian_support and not (self.normalized or self.no_punct):
            raise ValueError("Ter: asian_support has an effect only with normalized or no_punct; set one of them too")

    def compute(self, counts: Sums) -> dict[Key, Array]:
        """The corpus score; NaN where neither side had any text."""
        edits, length = total(counts, "edits"), total(counts, "reference_length")
        rate = np.where(length > 0, divide(edits, length), np.where(edits > 0, 1.0, 0.0))
        return {Key("ter", "corpus"): np.where(total(counts, "n") > 0, rate, np.nan)}

    @cached_property
    def _scorer(self) -> "TER":
        from sacrebleu import TER

        return TER(
            normalized=self.normalized,
            no_punct=self.no_punct,
            asian_support=self.asian_support,
            case_sensitive=self.case_sensitive,
        )

    @property
    def _names(self) -> list[str]:
        return ["edits", "reference_length"]
