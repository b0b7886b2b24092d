"""The first sentences of a document: the baseline that news summarizers are measured by."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from harness.model.base import GoldUse
from harness.model.selection import check_sentences, summarize
from harness.records import Answer, Input, TaskName


@dataclass(frozen=True, kw_only=True)
class Lead:
    """Takes sentences in text order, within the style's limits.

    Source: the baseline lead-3, for instance See et al. 2017, https://aclanthology.org/P17-1099.

    Args:
        sentences: How many, where the style limits neither words nor sentences.
    """

    tasks: ClassVar[tuple[TaskName, ...]] = ("summarization",)
    gold: ClassVar[GoldUse] = "none"
    selects_sentences: ClassVar[bool] = True

    sentences: int = 3

    def __post_init__(self) -> None:
        """Refuses values that cannot be meant."""
        check_sentences("Lead", self.sentences)

    def signature(self) -> dict[str, Any]:
        """Kind and parameters."""
        return {"kind": "lead", "sentences": self.sentences}

    def answer(self, inputs: Sequence[Input]) -> list[Answer]:
        """One extract per document, in the same order."""
        return summarize(inputs, lambda asked: range(len(asked.sentences)), self.sentences)
