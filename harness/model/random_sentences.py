"""Sentences drawn at random: what a summarizer has to beat at the very least."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from harness.model.base import GoldUse
from harness.model.selection import check_sentences, summarize
from harness.records import Answer, Input, SummaryInput, TaskName


@dataclass(frozen=True, kw_only=True)
class RandomSentences:
    """Takes sentences in an order that is drawn anew for each example, within the style's limits.

    The draw depends on `rng_seed`, the example's id and nothing else: not on order, batches or the machine.

    Args:
        sentences: How many, where the style limits neither words nor sentences.
        rng_seed: Another seed, another draw.
    """

    tasks: ClassVar[tuple[TaskName, ...]] = ("summarization",)
    gold: ClassVar[GoldUse] = "none"
    selects_sentences: ClassVar[bool] = True

    sentences: int = 3
    rng_seed: int = 0

    def __post_init__(self) -> None:
        """Refuses values that cannot be meant."""
        check_sentences("RandomSentences", self.sentences)

    def signature(self) -> dict[str, Any]:
        """Kind and parameters."""
        return {"kind": "random_sentences", "sentences": self.sentences, "rng_seed": self.rng_seed}

    def answer(self, inputs: Sequence[Input]) -> list[Answer]:
        """One extract per document, in the same order."""
        return summarize(inputs, self._rank, self.sentences)

    def _rank(self, asked: SummaryInput) -> list[int]:
        def ticket(position: int) -> bytes:
            return hashlib.sha256(json.dumps([self.rng_seed, asked.id, position]).encode()).digest()

        return sorted(range(len(asked.sentences)), key=ticket)
