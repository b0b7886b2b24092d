"""The stance of a text on a target, by any model of this package that answers stance and learns from no gold."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

from harness.config import build
from harness.errors import ConfigError
from harness.judge.base import Finding, Question
from harness.model.base import Model
from harness.model.token_counter import TokenCounter
from harness.records import StanceInput, Target
from harness.source import code_sha256


@dataclass(frozen=True, kw_only=True)
class StanceModel(TokenCounter):
    """A stance model asked about texts that are no examples of the data: sentences of a summary, for instance.

    A question is `text` and `target` (what the target says in words); the finding is the label, or null where the
    model gave none. Tokens read are counted as the model's answers say; where it has none there are none.

    Args:
        model: A model kind and its parameters, as under `model.stance` (`{kind: hf_pair, path: ...}`).
    """

    asks: ClassVar[tuple[str, ...]] = ("text", "target")

    model: dict[str, Any] = field(default_factory=lambda: {"kind": "lexicon"})

    def signature(self) -> dict[str, Any]:
        """The model's own signature and code."""
        return {
            "kind": "stance_model",
            "model": self._model.signature(),
            "model_code": code_sha256(type(self._model).__module__),
        }

    def load(self) -> None:
        """Loads the model's weights now.

        Raises:
            ResourceError: They cannot be used.
        """
        if hasattr(self._model, "load"):
            self._model.load()

    def judge(self, questions: Sequence[Question]) -> list[Finding]:
        """One label per question, in the same order."""
        asked = [
            StanceInput(
                id=f"q{number}",
                doc=f"q{number}",
                text=question["text"],
                context="",
                target=Target(question["target"], question["target"]),
            )
            for number, question in enumerate(questions)
        ]
        answers = self._model.answer(asked)
        self.usage["input_tokens"] += sum(answer.tokens_read or 0 for answer in answers)
        return [answer.label if answer.bin == "scored" else None for answer in answers]

    @cached_property
    def _model(self) -> Model:
        model: Model = build("model", self.model, "model")
        if "stance" not in model.tasks or model.gold != "none" or hasattr(model, "prepare"):
            raise ConfigError(
                f"model: kind {self.model['kind']!r} cannot be asked about texts that are no examples; a stance "
                "model that needs neither gold nor stored answers is needed (lexicon, hf_pair)"
            )
        return model
