"""Verdicts on summaries by a language model: behind an endpoint, or with weights on this machine."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from harness.config import build, kind_class
from harness.errors import ConfigError
from harness.judge.base import Finding, Question
from harness.judge.rubric import JudgePrompt, Posed, nonce_of, read_verdict, verdicts
from harness.model.prompted import PromptModel
from harness.records import Answer
from harness.source import code_sha256

# Questions of one call to a model that gives its answers only when it has them all.
_TOGETHER = 32
# Of an answer that is no verdict, so much is kept.
_MOST_RAW = 2000


@dataclass(frozen=True)
class _Scale:
    """All of a corpus that a prompt looks at: the labels are the answers that the schema allows."""

    stance_labels: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Llm:
    """Any model of this package that is asked with a prompt (`openai_compatible`, `hf_causal`), asked for a score.

    A question is `document`, `summary`, `criterion`, `definition`, `order` (which text comes first) and `repeat`. The
    texts stand between marks with a code that is in neither. The finding is `score`, and `value`: its place on the
    scale, 0 the worst and 1 the best; or `bin` (`unparsed`, `nonfinite`, `failed`) and `reason` where there is none.

    An endpoint is sent the JSON schema `{"score": N}`, N one of the scale, and what it writes counts only as that
    schema has it, the last such object. With weights on this machine and `decide: likelihood` the answers that the
    schema allows are the only ones: `score` is the likeliest, `value` the mean of their values under their
    probabilities. Documents that were too long and cut (`overlong: truncate`) have `cut`, the tokens lost.

    Args:
        prompt: How it is asked.
        model: A model kind and its parameters, as under `model.summarization`, but for its prompt.
        lowest: The worst score.
        highest: The best.
        rng_seed: What the codes in the marks are drawn from, beside the texts.
    """

    asks: ClassVar[tuple[str, ...]] = ("document", "summary", "criterion", "definition", "order", "repeat")

    prompt: JudgePrompt
    model: dict[str, Any]
    lowest: int = 1
    highest: int = 5
    rng_seed: int = 0

    def __post_init__(self) -> None:
        """Refuses a scale that is none, and a second prompt."""
        if not 0 <= self.lowest < self.highest <= 100:
            raise ValueError(f"lowest and highest must be a scale within 0 to 100, got {self.lowest} to {self.highest}")
        for key in ("prompt", "shots"):
            if self.model.get(key) is not None:
                raise ValueError(f"model.{key}: a judge has its prompt beside its model, and is shown no examples")

    def signature(self) -> dict[str, Any]:
        """The prompt, the scale, and the model's own signature and code."""
        return {
            "kind": "llm",
            "prompt": self.prompt.name,
            "scale": [self.lowest, self.highest],
            "rng_seed": self.rng_seed,
            "model": self._model.signature(),
            "model_code": code_sha256(type(self._model).__module__),
        }

    def load(self) -> None:
        """Loads the model's weights, or sees that its endpoint is there.

        Raises:
            ResourceError: It cannot be asked.
        """
        if hasattr(self._model, "load"):
            self._model.load()

    def spent(self) -> dict[str, Any]:
        """What the model counted since it was made, and its price where one is known."""
        found: dict[str, Any] = self._model.spent()
        return found

    def estimate(self, questions: Sequence[Question]) -> float | None:
        """At most what asking these would cost; None where no price is known, NaN where that cannot be reckoned."""
        found: float | None = self._model.estimate([self.posed(question) for question in questions])
        return found

    def judge(self, questions: Sequence[Question]) -> list[Finding]:
        """A finding per question, in the same order."""
        found = dict(pair for batch in self.stream(questions) for pair in batch)
        return [found[number] for number in range(len(questions))]

    def stream(self, questions: Sequence[Question]) -> Iterator[list[tuple[int, Finding]]]:
        """Findings as they come, each with its question's place; now and then none, so that a caller can stop."""
        asked = [self.posed(question, number) for number, question in enumerate(questions)]
        model = self._model
        if hasattr(model, "stream"):
            for batch in model.stream(asked):
                yield [(int(one.id[1:]), self._finding(answer)) for one, answer in batch]
            return
        for first in range(0, len(asked), _TOGETHER):
            answers = model.answer(asked[first : first + _TOGETHER])
            yield [(number, self._finding(answer)) for number, answer in enumerate(answers, first)]

    def messages(self, question: Question) -> list[dict[str, str]]:
        """The chat that a question is put as."""
        messages: list[dict[str, str]] = self._model.messages(self.posed(question))
        return messages

    def posed(self, question: Question, number: int = 0) -> Posed:
        """A question as the model is asked it."""
        document, summary = question["document"], question["summary"]
        return Posed(
            id=f"q{number}",
            doc=f"q{number}",
            text=document,
            style="default",
            sentences=(),
            summary=summary,
            criterion=question["criterion"],
            definition=question["definition"],
            order=question["order"],
            nonce=nonce_of(self.rng_seed, document, summary, question["repeat"]),
            lowest=self.lowest,
            highest=self.highest,
        )

    def _finding(self, answer: Answer) -> Finding:
        if answer.bin != "scored":
            return _none(answer.bin, answer.reason, answer.raw)
        steps = self.highest - self.lowest
        if answer.scores is not None:
            probabilities = [answer.scores[verdict] for verdict in verdicts(self.lowest, self.highest)]
            score = self.lowest + probabilities.index(max(probabilities))
            value = sum(step * probability for step, probability in enumerate(probabilities)) / steps
        else:
            said = read_verdict(answer.text or "", self.lowest, self.highest)
            if said is None:
                reason = f'the answer holds no {{"score": N}} with N from {self.lowest} to {self.highest}'
                return _none("unparsed", reason, answer.raw or answer.text)
            score, value = said, (said - self.lowest) / steps
        return {"score": score, "value": value, **({"cut": answer.tokens_cut} if answer.tokens_cut else {})}

    @cached_property
    def _model(self) -> Any:
        kind = self.model.get("kind")
        if kind is not None and not issubclass(kind_class("model", kind), PromptModel):
            raise ConfigError(f"model: kind {kind!r} is not asked with a prompt; openai_compatible and hf_causal are")
        model = build("model", {**self.model, "prompt": self.prompt.prompt}, "model")
        model.prepare([], _Scale(verdicts(self.lowest, self.highest)))
        return model


def _none(where: str, reason: str | None, raw: str | None) -> Finding:
    found = {"bin": where, "reason": reason or "no answer"}
    return found if raw is None else {**found, "raw": raw[:_MOST_RAW]}
