"""What every kind shares that asks a language model with a prompt: the scheme, the worked examples, the answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from harness.errors import ConfigError
from harness.model.answers import read_answer
from harness.model.base import GoldUse
from harness.model.long_input import HowRead, Overlong
from harness.model.prompts import Message, Prompt, Shot
from harness.model.token_counter import TokenCounter
from harness.records import Answer, Example, Input, TaskName

if TYPE_CHECKING:
    from harness.gold import Corpus


@dataclass(frozen=True, kw_only=True)
class PromptModel(TokenCounter):
    """A kind with a prompt: a subclass asks `messages(one)` and hands what was written to `read(raw, one)`.

    Args:
        prompt: How the task is put to the model.
        shots: Worked examples from the documents with `split=dev`; None takes the prompt's own number.
        overlong: What is done about a text that is too long for one prompt; None is `window` for NER, else `error`.
            `error` refuses it. `truncate` cuts its end (for stance its beginning, the oldest context first) and counts
            what is cut. `window` (NER) asks about windows that share a stretch. `map_reduce` (summaries) asks for a
            summary of each chunk, and for one of these summaries. `lead_tail` (summaries) leaves out the middle.
        stride: What two windows share, at least; at most a quarter of a window.
        lead_share: Share of what `lead_tail` reads that comes from the beginning.
    """

    prompt: Prompt
    shots: int | None = None
    overlong: Overlong | None = None
    stride: int = 64
    lead_share: float = 0.5

    tasks: ClassVar[tuple[TaskName, ...]] = ("ner", "stance", "summarization")
    gold: ClassVar[GoldUse] = "none"
    selects_sentences: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.shots is not None and self.shots < 0:
            raise ValueError(f"shots must be 0 or more, got {self.shots}")
        _ = self.how_read

    @cached_property
    def how_read(self) -> HowRead:
        """What is done about a text that is too long for one prompt."""
        return HowRead.of(self.prompt.task, self.overlong, stride=self.stride, lead_share=self.lead_share)

    @property
    def examples_from(self) -> str | None:
        """The split whose documents the worked examples come from, where any are wanted."""
        return "dev" if self._wanted else None

    def show(self, examples: Sequence[Example]) -> None:
        """Chooses the worked examples out of annotated ones of documents that are not evaluated."""
        self.__dict__["_shown"] = tuple(self.prompt.choose(examples, self._wanted))

    def prepare(self, examples: Sequence[Example], corpus: "Corpus") -> None:
        """Takes the scheme and the prompt's own examples.

        Raises:
            ConfigError: No scheme, a prompt of another task, or an example that is evaluated.
        """
        prompt = self.prompt
        asked = {type(example.input).__name__ for example in examples}
        expected = {"ner": "NerInput", "stance": "StanceInput", "summarization": "SummaryInput"}[prompt.task]
        if asked - {expected}:
            raise ConfigError(f"prompt {prompt.name!r} is for task {prompt.task!r}, and the model is asked another one")
        labels: tuple[str, ...] = ()
        if prompt.task != "summarization":
            labels = corpus.stance_labels if prompt.task == "stance" else corpus.entity_labels
            if not labels:
                key = "stance" if prompt.task == "stance" else "entities"
                raise ConfigError(f"data.labels.{key}: a language model has to be told the labels; name them")
            words = [prompt.word(label).strip().casefold() for label in labels]
            if len(set(words)) != len(words):
                raise ConfigError(f"prompt {prompt.name!r}: calls two labels the same: {', '.join(words)}")
            foreign = sorted(set(prompt.words) - set(labels))
            if foreign:
                raise ConfigError(
                    f"prompt {prompt.name!r}: words for {', '.join(foreign)}, which are not in the scheme "
                    f"({', '.join(labels)})"
                )
        own = prompt.own_shots()
        evaluated = {_plain(example.input.text) for example in examples}
        documents = {_plain(corpus.documents[doc].text) for doc in {example.doc for example in examples}} if own else ()
        for shot in own:
            text = _plain(shot.input.text)
            if text in evaluated or any(text in document for document in documents):
                raise ConfigError(
                    f"prompt {prompt.name!r}: {shot.input.id} is among what is evaluated: {shot.input.text[:60]!r}"
                )
        self.__dict__["_labels"] = tuple(labels)
        self.__dict__["_shots"] = (*self.__dict__.get("_shown", ()), *own)

    @property
    def labels(self) -> tuple[str, ...]:
        """The scheme; empty before `prepare`, and for summaries."""
        found: tuple[str, ...] = self.__dict__.get("_labels", ())
        return found

    def messages(self, one: Input) -> list[Message]:
        """The chat that asks for one answer; of the worked summaries those of its style, if there are any."""
        return self.prompt.render(one, self.labels, self._shots_for(one))

    def read(self, raw: str, one: Input) -> Answer:
        """What the model wrote, as an answer; `unparsed`, with its words in `raw`, where it is none."""
        return read_answer(raw, self.prompt, one, self.labels)

    def schema(self) -> dict[str, Any] | None:
        """The JSON schema of the answer; None where it is no JSON."""
        return self.prompt.schema(self.labels)

    def prompt_signature(self) -> dict[str, Any]:
        """The prompt in the model's signature: its name, and a hash of it with the scheme and the worked examples."""
        shots: tuple[Shot, ...] = self.__dict__.get("_shots", ())
        return {"name": self.prompt.name, "shots": len(shots), "sha256": self.prompt.fingerprint(self.labels, shots)}

    @property
    def _wanted(self) -> int:
        return self.prompt.shots if self.shots is None else self.shots

    def _shots_for(self, one: Input) -> Sequence[Shot]:
        shots: tuple[Shot, ...] = self.__dict__.get("_shots", ())
        style = getattr(one, "style", None)
        return [shot for shot in shots if getattr(shot.input, "style", None) == style]


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
