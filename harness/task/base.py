"""What every task is: a corpus becomes examples, and an answer becomes what metrics compare with the gold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from harness.gold import Corpus
from harness.label_map import LabelMap
from harness.records import Answer, Document, Example, Predicted, TaskName


@dataclass(frozen=True, slots=True)
class Reading:
    """An answer in the terms of the task.

    Args:
        predicted: What metrics count; None (or nothing) where the answer was not scored.
        scored: Predicted spans that metrics see; 0 for tasks without spans.
        unmapped: Predicted spans, or a stance label, outside the scheme.
        misaligned: Predicted spans that fit no stretch of the text.
        ungrounded: Predicted strings that the text does not hold.
        dropped: Predicted labels that the label map drops, with their number.
        unparsed: Whether the answer turned out to be none of the task's (a stance label outside the scheme).
    """

    predicted: Predicted
    scored: int = 0
    unmapped: int = 0
    misaligned: int = 0
    dropped: Mapping[str, int] | None = None
    unparsed: bool = False
    ungrounded: int = 0


class Task(Protocol):
    """A frozen keyword-only dataclass; its fields are the task's parameters."""

    name: ClassVar[TaskName]
    # Fields of examples that every score is also reported by.
    slices: ClassVar[tuple[str, ...]]

    def examples(self, corpus: Corpus, *, gold: bool, selects: bool, label_map: LabelMap) -> list[Example]:
        """Examples in the order of the corpus.

        Args:
            corpus: Documents and gold.
            gold: Whether only annotated documents are wanted, with their gold; False for prediction alone.
            selects: Whether the model returns sentence ids (summarization's style `extract`).
            label_map: Applied to the gold.

        Raises:
            GoldError: The gold does not fit the task's parameters.
        """
        ...

    def read(self, example: Example, answer: Answer, corpus: Corpus, label_map: LabelMap) -> Reading:
        """What an answer says, in the terms of the task."""
        ...

    def signature(self) -> dict[str, Any]:
        """The parameters that move an answer."""
        ...


def example_id(*parts: str) -> str:
    """One readable id out of several parts: joined by `/`, with `/` and `%` inside a part percent-encoded."""
    return "/".join([part.replace("%", "%25").replace("/", "%2F") for part in parts])


def document_fields(document: Document) -> dict[str, str]:
    """A document's metadata as slices: single values only, as strings."""
    return {key: str(value) for key, value in document.metadata.items() if isinstance(value, str | int | float | bool)}


# The most words of a range: of a sentence, and of a document to summarize.
SENTENCE_LENGTHS = (10, 20, 40)
DOCUMENT_LENGTHS = (250, 500, 1000)


def length_range(text: str, lengths: Sequence[int] = SENTENCE_LENGTHS) -> str:
    """How long an input is, as a slice: `1-10`, `11-20`, `21-40` or `41+` words between white space; `0` has none.

    Args:
        text: The input.
        lengths: The most words of each range but the last, ascending.
    """
    words = len(text.split())
    if words == 0:
        return "0"
    least = 1
    for most in lengths:
        if words <= most:
            return f"{least}-{most}"
        least = most + 1
    return f"{least}+"


def unit_of(docs: Sequence[str], doc: str, sentence: str | None) -> str:
    """What is resampled: the document, or the sentence where the data is one document, or nothing."""
    return doc if len(docs) > 1 else (sentence or "")
