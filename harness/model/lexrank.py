"""LexRank: the sentences that are most like all others, by PageRank over idf-modified cosines."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from harness.model.base import GoldUse
from harness.model.centrality import best_first, check_walk, cosines, pagerank, plain_idf
from harness.model.selection import check_sentences, summarize
from harness.records import Answer, Input, SummaryInput, TaskName


@dataclass(frozen=True, kw_only=True)
class Lexrank:
    """Ranks sentences by PageRank over a graph that ties those whose idf-modified cosine is above a threshold.

    As in the paper a sentence is tied to itself too. The idf is that of the document's own sentences, log(N / n),
    because a model sees one document at a time; the paper takes it from a larger collection.

    Source: Erkan and Radev 2004, https://doi.org/10.1613/jair.1523.

    Args:
        sentences: How many, where the style limits neither words nor sentences.
        threshold: Cosine above which two sentences are tied, all ties being equal; None ties all sentences, as
            strongly as they are alike (the paper's continuous LexRank).
        damping: Probability of following an edge, in [0, 1); the paper's d is one minus this.
        tolerance: PageRank stops when its scores change by less than this in all.
    """

    tasks: ClassVar[tuple[TaskName, ...]] = ("summarization",)
    gold: ClassVar[GoldUse] = "none"
    selects_sentences: ClassVar[bool] = True

    sentences: int = 3
    threshold: float | None = 0.1
    damping: float = 0.85
    tolerance: float = 1e-10

    def __post_init__(self) -> None:
        """Refuses values that cannot be meant."""
        check_sentences("Lexrank", self.sentences)
        check_walk("Lexrank", self.damping, self.tolerance)
        if self.threshold is not None and not 0 <= self.threshold < 1:
            raise ValueError(f"Lexrank: threshold must be at least 0 and below 1, or null, got {self.threshold!r}")

    def signature(self) -> dict[str, Any]:
        """Kind and parameters."""
        return {
            "kind": "lexrank",
            "sentences": self.sentences,
            "threshold": self.threshold,
            "damping": self.damping,
            "tolerance": self.tolerance,
        }

    def answer(self, inputs: Sequence[Input]) -> list[Answer]:
        """One extract per document, in the same order."""
        return summarize(inputs, self._rank, self.sentences)

    def _rank(self, asked: SummaryInput) -> list[int]:
        weights = cosines([text for _, text in asked.sentences], plain_idf)
        if self.threshold is not None:
            weights = (weights > self.threshold).astype(np.float64)
        return best_first(pagerank(weights, self.damping, self.tolerance))
