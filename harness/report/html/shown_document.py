"""What the view of one task gives for one document, and what it is made from."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from harness.gold import Corpus
from harness.records import Answer, Example
from harness.report.html.numbering import Numbering
from harness.rescore import Reopened
from harness.show import answer_state
from harness.task.base import Reading

# What is counted of a run in a document: class, gold label and predicted label, by number.
Codes = Counter[tuple[int, int, int]]


class Kind(NamedTuple):
    """A class that something in a document can be of: its letter, its name, and whether it is an error."""

    letter: str
    name: str
    error: bool = True


class Given(NamedTuple):
    """What a run answered to an example, and what its task read from that."""

    answer: Answer
    reading: Reading

    def state(self, text: bool) -> str | None:
        """What is to be said of an answer that is not simply scored; without texts, nothing that a model said."""
        said = answer_state(self.answer, self.reading)
        if text or said is None:
            return said
        if self.reading.unparsed:
            return "unparsed"
        return self.answer.bin if self.answer.bin != "scored" else said


@dataclass
class Part:
    """A document in the terms of one task.

    Args:
        doc: The document's id.
        corpus: Where its gold comes from.
        examples: Its examples by id, of any run.
        given: By run, what was answered, by example id; None for a run that has no such document.
        labels: The labels of the group.
        sentences: The document's sentences as (id, start, end, zone), which its tasks share.
        text: Whether texts may be given.
    """

    doc: str
    corpus: Corpus
    examples: Mapping[str, Example]
    given: Sequence[Mapping[str, Given] | None]
    labels: Numbering[str]
    sentences: Numbering[tuple[str, int, int, str]]
    text: bool


@dataclass
class Shown:
    """A document in the terms of one task, as JSON values.

    Args:
        gold: What all runs share.
        runs: What each run gave; None where it has no such document.
        codes: By run, what can be filtered by.
    """

    gold: Any
    runs: list[Any] = field(default_factory=list)
    codes: list[Codes | None] = field(default_factory=list)


def given_of(opened: Reopened, examples: Sequence[Example]) -> dict[str, Given]:
    """A run's answers to some of its examples; one without an answer is missing."""
    missing = Answer(bin="missing")
    found = {}
    for example in examples:
        answer = opened.answers.get(example.id, missing)
        found[example.id] = Given(answer, opened.task.read(example, answer, opened.corpus, opened.label_map))
    return found
