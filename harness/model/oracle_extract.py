"""The best that choosing sentences can reach: an upper bound that reads the references."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from harness.metric.base import Key
from harness.metric.rouge import Rouge
from harness.model.base import GoldUse
from harness.model.selection import check_sentences, choose, extract, most_sentences, summary_input, word_counts
from harness.records import Answer, Example, Input, References, Summary, SummaryInput, TaskName

if TYPE_CHECKING:
    from harness.gold import Corpus


@dataclass(frozen=True, kw_only=True)
class OracleExtract:
    """Adds, again and again, the sentence that lifts ROUGE-1 F1 + ROUGE-2 F1 against the references most.

    It stops when no sentence within the style's limits lifts the sum, though not below `min_words`. With several
    references the best one counts, for each of the two. Greedy, so now and then a better extract exists. For style
    `extract` it answers with the first reference.

    Source: the oracle of Nallapati et al. 2017, https://arxiv.org/abs/1611.04230.

    Args:
        sentences: How many at most, where the style limits neither words nor sentences.
    """

    tasks: ClassVar[tuple[TaskName, ...]] = ("summarization",)
    gold: ClassVar[GoldUse] = "oracle"
    selects_sentences: ClassVar[bool] = True

    sentences: int = 3

    def __post_init__(self) -> None:
        """Refuses values that cannot be meant."""
        check_sentences("OracleExtract", self.sentences)

    def prepare(self, examples: Sequence[Example], corpus: "Corpus") -> None:
        """Keeps the references of every example."""
        self._references.update(
            {example.id: example.gold for example in examples if isinstance(example.gold, References)}
        )

    def signature(self) -> dict[str, Any]:
        """Kind, parameters and what is maximised."""
        rouge = self._rouge.signature(Key("rouge1.f1+rouge2.f1", "mean"))
        return {"kind": "oracle_extract", "sentences": self.sentences, "rouge": rouge}

    def answer(self, inputs: Sequence[Input]) -> list[Answer]:
        """One extract per document, in the same order."""
        return [self._answer(summary_input(given)) for given in inputs]

    @cached_property
    def _references(self) -> dict[str, References]:
        return {}

    @cached_property
    def _rouge(self) -> Rouge:
        return Rouge(types=("rouge1", "rouge2"))

    def _answer(self, asked: SummaryInput) -> Answer:
        references = self._references.get(asked.id)
        if references is None:
            return Answer(bin="failed", reason="oracle_extract chooses by the references, and this example has none")
        if asked.style == "extract":
            wanted = set(references.extracts[0]) if references.extracts else set()
            return extract(asked, [place for place, (key, _) in enumerate(asked.sentences) if key in wanted])
        # Where nothing fits, or shares a word with a reference, any choice is as good: that of `lead`.
        chosen = self._greedy(asked, references) or choose(asked, range(len(asked.sentences)), self.sentences)
        return extract(asked, chosen)

    def _greedy(self, asked: SummaryInput, references: References) -> list[int]:
        lengths = word_counts(asked)
        room = float("inf") if asked.max_words is None else asked.max_words
        wanted = asked.min_words or 0
        chosen: list[int] = []
        reached, words = 0.0, 0
        while len(chosen) < most_sentences(asked, self.sentences):
            fitting = [
                place
                for place, length in enumerate(lengths)
                if length and place not in chosen and words + length <= room
            ]
            scored = [(self._score(asked, references, [*chosen, place]), place) for place in fitting]
            # The first of equals, in text order.
            best, place = max(scored, key=lambda pair: (pair[0], -pair[1]), default=(0.0, -1))
            if not scored or (best <= reached and words >= wanted):
                break
            chosen.append(place)
            reached, words = best, words + lengths[place]
        return chosen

    def _score(self, asked: SummaryInput, references: References, chosen: list[int]) -> float:
        text = extract(asked, chosen).text or ""
        counts = self._rouge.count(references, Summary(text))
        return counts.get("rouge1.f1", 0.0) + counts.get("rouge2.f1", 0.0)
