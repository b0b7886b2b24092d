"""TextRank: the sentences that are most like all others, by PageRank over tf-idf cosines."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from harness.model.base import GoldUse
from harness.model.centrality import best_first, check_walk, cosines, pagerank, smoothed_idf
from harness.model.selection import check_sentences, summarize
from harness.records import Answer, Input, SummaryInput, TaskName


@dataclass(frozen=True, kw_only=True)
class Textrank:
    """Ranks sentences by PageRank over a graph in which every two are tied by their likeness.

    The likeness is the cosine of tf-idf vectors, the document's sentences being the idf's documents (the paper counts
    shared words over the logarithms of the lengths; the cosine is what most later work uses). There are no stop words
    and no stemmer, so any language with spaces between words will do.

    Source: Mihalcea and Tarau 2004, https://aclanthology.org/W04-3252.

    Args:
        sentences: How many, where the style limits neither words nor sentences.
        damping: Probability of following an edge, in [0, 1).
        tolerance: PageRank stops when its scores change by less than this in all.
    """

    tasks: ClassVar[tuple[TaskName, ...]] = ("summarization",)
    gold: ClassVar[GoldUse] = "none"
    selects_sentences: ClassVar[bool] = True

    sentences: int = 3
    damping: float = 0.85
    tolerance: float = 1e-10

    def __post_init__(self) -> None:
        """Refuses values that cannot be meant."""
        check_sentences("Textrank", self.sentences)
        check_walk("Textrank", self.damping, self.tolerance)

    def signature(self) -> dict[str, Any]:
        """Kind and parameters."""
        return {
            "kind": "textrank",
            "sentences": self.sentences,
            "damping": self.damping,
            "tolerance": self.tolerance,
        }

    def answer(self, inputs: Sequence[Input]) -> list[Answer]:
        """One extract per document, in the same order."""
        return summarize(inputs, self._rank, self.sentences)

    def _rank(self, asked: SummaryInput) -> list[int]:
        weights = cosines([text for _, text in asked.sentences], smoothed_idf)
        np.fill_diagonal(weights, 0.0)
        return best_first(pagerank(weights, self.damping, self.tolerance))
