"""Whether one text follows from another, by any transformers checkpoint for natural language inference."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, NamedTuple

from harness.errors import ResourceError
from harness.judge.base import Finding, Question
from harness.model.checkpoint import HfModel
from harness.model.pairs import pair_logits
from harness.model.softmax import softmax
from harness.model.token_counter import TokenCounter

CLASSES = ("entailment", "neutral", "contradiction")


class _Size(NamedTuple):
    """Tokens of a pair, special ones included, that are read, and those of its premise that are cut."""

    read: int
    cut: int


@dataclass(frozen=True, kw_only=True)
class HfNli(TokenCounter, HfModel):
    """Probabilities that a hypothesis follows from a premise, contradicts it, or neither.

    A question is `premise` and `hypothesis`; the finding has a probability for each of `entailment`, `neutral` and
    `contradiction` that the checkpoint has a label for (recognised by how its name begins, in any case), or is null
    where the model's numbers are not finite, or where the hypothesis alone is longer than the model reads. A premise
    that is too long is cut from its left, and `cut` counts the tokens lost. What it reads is counted, special tokens
    included and padding not.
    """

    asks: ClassVar[tuple[str, ...]] = ("premise", "hypothesis")
    kind: ClassVar[str] = "hf_nli"
    auto_class: ClassVar[str] = "AutoModelForSequenceClassification"
    task: ClassVar[str] = "nli"
    pairs: ClassVar[bool] = True

    def check(self) -> None:
        """Looks into the configuration and the tokenizer; loads no weights.

        Raises:
            ResourceError: They cannot be read, or the labels are not those of an NLI model.
            ConfigError: The model reads fewer tokens than `max_length`.
        """
        _ = self.limit, self._classes

    def judge(self, questions: Sequence[Question]) -> list[Finding]:
        """One finding per question, in the same order."""
        pairs = [(question["premise"], question["hypothesis"]) for question in questions]
        classes, sizes = self._classes, self._sizes(pairs)
        logits = iter(pair_logits(self, [pair for pair, size in zip(pairs, sizes, strict=True) if size]))
        found = [_finding(next(logits), classes, size.cut) if size else None for size in sizes]
        self.usage["input_tokens"] += sum(size.read for size in sizes if size)
        return found

    def _sizes(self, pairs: Sequence[tuple[str, str]]) -> list["_Size | None"]:
        """Of each pair, the tokens that are read and cut; None where not even one would be left of the premise."""
        if not pairs:
            return []
        premises, hypotheses = (self._lengths([pair[side] for pair in pairs]) for side in (0, 1))
        special = self.tokenizer.num_special_tokens_to_add(pair=True)
        found: list[_Size | None] = []
        for premise, hypothesis in zip(premises, hypotheses, strict=True):
            whole = premise + hypothesis + special
            cut = 0 if self.limit is None else max(0, whole - self.limit)
            found.append(None if cut and cut >= premise else _Size(whole - cut, cut))
        return found

    def _lengths(self, texts: list[str]) -> list[int]:
        encoded = self.tokenizer(texts, add_special_tokens=False, return_attention_mask=False, verbose=False)
        return [len(ids) for ids in encoded["input_ids"]]

    @cached_property
    def _classes(self) -> tuple[str | None, ...]:
        """What each of the model's labels means; None for one that is none of the three."""
        names = [str(self.config.id2label[i]) for i in range(self.config.num_labels)]
        found = tuple(next((c for c in CLASSES if name.lower().startswith(c[:6])), None) for name in names)
        if "entailment" not in found or len({c for c in found if c}) < sum(c is not None for c in found):
            raise ResourceError(
                f"{self.path}: an NLI model needs one label 'entailment' (and may have 'neutral', 'contradiction'), "
                f"its labels are {names}"
            )
        return found


def _finding(logits: Sequence[float], classes: Sequence[str | None], cut: int) -> Finding:
    if not all(math.isfinite(value) for value in logits):
        return None
    found = {name: value for name, value in zip(classes, softmax(logits), strict=True) if name is not None}
    return {**found, "cut": cut}
