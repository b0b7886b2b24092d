"""Stance from any transformers checkpoint that classifies pairs of texts: stance classifiers, and NLI zero-shot."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal

from harness.errors import ConfigError, ResourceError
from harness.model.base import GoldUse
from harness.model.checkpoint import NOT_FINITE
from harness.model.classifier import HfClassifier
from harness.model.pairs import pair_logits
from harness.model.softmax import softmax
from harness.records import Answer, Input, StanceInput, TaskName

UNNAMED = re.compile(r"LABEL_\d+")
SLOT = "{target}"


@dataclass(frozen=True, slots=True)
class Size:
    """Tokens of a pair: of the text, of the other, and the special ones around them."""

    text: int
    other: int
    special: int

    @property
    def whole(self) -> int:
        """All that the model has to read."""
        return self.text + self.other + self.special


@dataclass(frozen=True, kw_only=True)
class HfPair(HfClassifier):
    """The stance of a text on a target, from a sequence-classification checkpoint.

    The first text is the context and the sentence, joined by a space. Without `hypotheses` the second is the target's
    words and the model's classes are the stances. With them the model is an NLI model: the text is the premise, each
    template with its target a hypothesis, and the scores are the softmax of the hypotheses' entailment logits (Yin et
    al. 2019, https://aclanthology.org/D19-1404).

    Args:
        labels: The model's label -> stance; None = the model's labels, lower-cased, are the stances. Where several of
            the model's labels mean one stance, their probabilities are added.
        hypotheses: Stance -> template with `{target}`.
        overlong: `error` refuses a pair longer than the model reads; `truncate` cuts the text from its left, so that
            the oldest context goes first and the target is never cut, and counts what is cut.
    """

    tasks: ClassVar[tuple[TaskName, ...]] = ("stance",)
    gold: ClassVar[GoldUse] = "none"
    kind: ClassVar[str] = "hf_pair"
    auto_class: ClassVar[str] = "AutoModelForSequenceClassification"
    task: ClassVar[str] = "stance"
    pairs: ClassVar[bool] = True

    labels: dict[str, str] | None = None
    hypotheses: dict[str, str] | None = None
    overlong: Literal["error", "truncate"] = "error"

    def __post_init__(self) -> None:
        """Refuses values that cannot be meant."""
        super().__post_init__()
        if self.labels is not None and self.hypotheses is not None:
            raise ValueError("labels and hypotheses exclude each other: the labels of an NLI model are no stances")
        if self.labels is not None and not self.labels:
            raise ValueError("labels must map each of the model's labels to a stance, got an empty map")
        if self.hypotheses is not None and len(self.hypotheses) < 2:
            raise ValueError(f"hypotheses must be at least two, got {self.hypotheses!r}")
        for stance, template in (self.hypotheses or {}).items():
            if SLOT not in template:
                raise ValueError(f"hypotheses.{stance} must contain {SLOT!r}, got {template!r}")

    def load(self) -> None:
        """Loads everything now, the meaning of the model's labels included."""
        super().load()
        _ = self._entailment if self.hypotheses is not None else self._stances

    def check(self, inputs: Sequence[Input]) -> list[str]:
        """Inputs that are too long, where `overlong` is `error`: one line each, before anything is asked."""
        if self.overlong != "error" or not inputs:
            return []
        lengths = [size.whole for size in self._sizes([self._pairs(one) for one in inputs])]
        return self.overlong_faults(inputs, lengths, "'truncate' cuts the text from its left and counts it")

    def answer(self, inputs: Sequence[Input]) -> list[Answer]:
        """A stance with the probability of each, one per input, in the same order."""
        if not inputs:
            return []
        pairs = [self._pairs(one) for one in inputs]
        sizes = self._sizes(pairs)
        refused = [self._refuse(size) for size in sizes]
        asked = [pair for several, refusal in zip(pairs, refused, strict=True) if refusal is None for pair in several]
        logits = iter(pair_logits(self, asked))
        return [
            self._decide([next(logits) for _ in several], size) if refusal is None else refusal
            for several, size, refusal in zip(pairs, sizes, refused, strict=True)
        ]

    def _pairs(self, one: Input) -> list[tuple[str, str]]:
        if not isinstance(one, StanceInput):
            raise TypeError(f"hf_pair answers stance inputs, got {type(one).__name__}")
        text = f"{one.context} {one.text}".strip()
        if self.hypotheses is None:
            return [(text, one.target.text)]
        return [(text, template.replace(SLOT, one.target.text)) for template in self.hypotheses.values()]

    def _sizes(self, pairs: Sequence[Sequence[tuple[str, str]]]) -> list[Size]:
        """The longest pair of each input; its pairs differ in the second text alone."""
        texts = self._lengths([several[0][0] for several in pairs])
        others = iter(self._lengths([other for several in pairs for _, other in several]))
        special = self.tokenizer.num_special_tokens_to_add(pair=True)
        return [
            Size(text, max(next(others) for _ in several), special) for text, several in zip(texts, pairs, strict=True)
        ]

    def _lengths(self, texts: list[str]) -> list[int]:
        encoded = self.tokenizer(texts, add_special_tokens=False, return_attention_mask=False, verbose=False)
        return [len(ids) for ids in encoded["input_ids"]]

    def _refuse(self, size: Size) -> Answer | None:
        """The answer to a pair that is not asked, because it is too long."""
        if self.limit is None or size.whole <= self.limit:
            return None
        if self.overlong == "error":
            return self.overlong_answer(size.whole)
        if size.whole - self.limit < size.text:
            return None
        reason = f"overlong: the target alone has {size.other} tokens, {self.path} reads {self.limit}"
        return Answer(bin="failed", reason=reason, tokens_read=0, tokens_cut=size.text + size.other)

    def _decide(self, logits: Sequence[Sequence[float]], size: Size) -> Answer:
        cut = 0 if self.limit is None else max(0, size.whole - self.limit)
        counted: dict[str, Any] = {"tokens_read": size.text + size.other - cut, "tokens_cut": cut}
        if not all(math.isfinite(value) for values in logits for value in values):
            return Answer(bin="nonfinite", reason=NOT_FINITE, **counted)
        scores: dict[str, float] = {}
        if self.hypotheses is not None:
            entailed = softmax([values[self._entailment] for values in logits])
            scores = dict(zip(self.hypotheses, entailed, strict=True))
        else:
            for stance, probability in zip(self._stances, softmax(logits[0]), strict=True):
                scores[stance] = scores.get(stance, 0.0) + probability
        return Answer(label=max(scores, key=scores.__getitem__), scores=scores, **counted)

    @cached_property
    def _names(self) -> tuple[str, ...]:
        names = tuple(str(self.config.id2label[i]) for i in range(self.config.num_labels))
        if len(names) < 2:
            raise ResourceError(f"{self.path}: has one output, and a stance needs at least two classes")
        return names

    @cached_property
    def _stances(self) -> tuple[str, ...]:
        """The stance that each of the model's classes means."""
        names = self._names
        if self.labels is None:
            if all(UNNAMED.fullmatch(name) for name in names):
                raise ResourceError(
                    f"{self.path}: its {len(names)} labels have no names ({', '.join(names[:3])}); say what they mean "
                    "with model.stance.labels, for instance {LABEL_0: against, LABEL_1: none, LABEL_2: favor}"
                )
            return tuple(name.lower() for name in names)
        if set(self.labels) != set(names):
            raise ConfigError(f"labels must name each label of {self.path}, {list(names)}, got {list(self.labels)}")
        return tuple(self.labels[name] for name in names)

    @cached_property
    def _entailment(self) -> int:
        """The class that says that the hypothesis follows."""
        found = [i for i, name in enumerate(self._names) if name.lower().startswith("entail")]
        if len(found) != 1:
            raise ResourceError(
                f"{self.path}: hypotheses need an NLI model with one label 'entailment', its labels are "
                f"{list(self._names)}"
            )
        return found[0]
