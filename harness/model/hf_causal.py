"""All three tasks with any transformers causal language model, by likelihood or by generation."""

import dataclasses
import math
from collections import defaultdict
from collections.abc import Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass
from functools import cached_property
from io import StringIO
from typing import Any, ClassVar, Literal

from jinja2 import TemplateError

from harness.errors import ConfigError, ResourceError
from harness.model.base import GoldUse
from harness.model.budget import Budget
from harness.model.chat_template import on_one_day
from harness.model.checkpoint import NOT_FINITE, HfModel
from harness.model.gauge import TokenGauge
from harness.model.gguf import SUFFIX, GgufFile, locate_gguf, require_packages
from harness.model.greedy import generate
from harness.model.kv_cache import cache_budget
from harness.model.long_input import ADVICE, READING, answer_all, at_once
from harness.model.prompted import PromptModel
from harness.model.prompts import Message, as_text
from harness.model.softmax import softmax
from harness.model.tree_scoring import Prefix, Question, common_length, label_log_probabilities
from harness.model.weights import StoredWeights, fingerprint
from harness.records import Answer, Input, SummaryInput, TaskName

# Output tokens per word of a style's limit, and some to end on.
TOKENS_PER_WORD, SPARE = 1.6, 16
# Where neither the style nor `max_new_tokens` says how long an answer may be.
LONGEST: dict[str, int] = {"ner": 512, "stance": 32, "summarization": 256}
MARK = "\u2060"


@dataclass(frozen=True, kw_only=True)
class HfCausal(PromptModel, TokenGauge, HfModel):
    """Stance, entities or summaries from a causal language model that is asked with a prompt.

    The prompt is a chat where the tokenizer has a chat template, and running text otherwise; a template that writes
    today's date is given one and the same day, so that a question never changes. Stance is decided by the
    likelihood of each label as the answer (the sum of its tokens' log-probabilities; the scores are their softmax), or
    read from what the model writes. Entities and summaries are what it writes, greedily.

    Args:
        path: A folder, a `.gguf` file, or a hub name (looked up in the local cache).
        gguf_file: A GGUF file's name in the folder or on the hub.
        decide: How stance is found: `likelihood` of the labels, or `generate` and read the answer.
        max_new_tokens: Output limit; None = 1.6 times the style's `max_words`, rounded up, and 16 more for summaries
            (256 without a limit), 512 for NER, 32 for stance.
        pack_tokens: Tokens of one forward pass over many prompts' labels; never moves an answer beyond rounding.
        input_price: Price of a million input tokens, for `cost` in run.json; None where there is none.
        output_price: Price of a million output tokens.
    """

    tasks: ClassVar[tuple[TaskName, ...]] = ("ner", "stance", "summarization")
    gold: ClassVar[GoldUse] = "none"
    kind: ClassVar[str] = "hf_causal"
    auto_class: ClassVar[str] = "AutoModelForCausalLM"
    neutral: ClassVar[frozenset[str]] = frozenset({"download", "input_price", "output_price"})

    gguf_file: str | None = None
    batch_size: int = 32
    decide: Literal["likelihood", "generate"] = "likelihood"
    max_new_tokens: int | None = None
    pack_tokens: int = 512
    input_price: float | None = None
    output_price: float | None = None

    def __post_init__(self) -> None:
        """Refuses values that cannot be meant."""
        HfModel.__post_init__(self)
        PromptModel.__post_init__(self)
        for name in ("max_new_tokens", "pack_tokens"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")
        self.check_prices()
        if self.prompt.task == "stance" and self.decide == "likelihood" and self.prompt.answer != "text":
            raise ValueError(
                f"decide: likelihood is of bare labels, and prompt {self.prompt.name!r} wants the answer as "
                f"{self.prompt.answer}; choose decide=generate, or a prompt with answer=text"
            )

    @property
    def task(self) -> TaskName:  # type: ignore[override]
        """The task that its prompt is for."""
        return self.prompt.task

    def signature(self) -> dict[str, Any]:
        """Parameters, the prompt with all that it shows, the commit and the weights' fingerprint."""
        left_out = {"batch_size", "device", "pack_tokens", "prompt", "shots", *READING, *self.neutral}
        given = {
            entry.name: getattr(self, entry.name) for entry in dataclasses.fields(self) if entry.name not in left_out
        }
        return {
            "kind": self.kind,
            **given,
            **self.number_format,
            **self.how_read.signature,
            "prompt": self.prompt_signature(),
            "revision": self.weights.commit or self.revision,
            "weights": fingerprint(self.weights),
        }

    def check(self, inputs: Sequence[Input]) -> list[str]:
        """Inputs that are too long, where `overlong` is `error`: one line each, before anything is asked."""
        if not inputs or self.limit is None:
            return []
        # Whether the answer leaves any room at all is found out for every policy.
        rooms = [self._room(one) for one in inputs]
        if self.how_read.overlong != "error":
            return []
        lengths = [len(tokens) for tokens in self._encode([self._text(one) for one in inputs])]
        return [
            f"example {one.id!r}: its prompt has {length} tokens, {self.path} reads at most {room} beside its answer "
            f"(model.{self.task}.overlong=error; {ADVICE[self.task]})"
            for one, length, room in zip(inputs, lengths, rooms, strict=True)
            if length > room
        ]

    def answer(self, inputs: Sequence[Input]) -> list[Answer]:
        """One answer per input, in the same order."""
        if not inputs:
            return []
        texts = [self._text(one) for one in inputs]
        lengths = [len(tokens) for tokens in self._encode(texts)]
        known = {id(one): text for one, text in zip(inputs, texts, strict=True)}
        likelihood = self.task == "stance" and self.decide == "likelihood"
        make = self._by_likelihood if likelihood else self._by_generation

        def ask(parts: list[Input]) -> list[Answer]:
            return make(parts, [known.get(id(part)) or self._text(part) for part in parts])

        readings = [
            at_once(one) if length <= self._room(one) else self.how_read.reading(one, self)
            for one, length in zip(inputs, lengths, strict=True)
        ]
        return answer_all(readings, ask)

    # ---- stance by likelihood ----------------------------------------------------------------------------------------

    def _by_likelihood(self, inputs: Sequence[Input], texts: Sequence[str]) -> list[Answer]:
        if not texts:
            return []
        before = "" if self._chats else " "
        words = [self.prompt.word(label) for label in self.labels]
        prompts = self._encode(texts)
        whole = iter(self._encode([f"{text}{before}{word}" for text in texts for word in words]))
        questions = [question(prompt, [next(whole) for _ in words]) for prompt in prompts]
        logs = label_log_probabilities(
            self.network,
            questions,
            pack_tokens=self.pack_tokens,
            batch_size=self.batch_size,
            budget=self.budget,
            prefix=self._prefix,
        )
        self.usage["input_tokens"] += sum(map(len, prompts))
        answers = []
        for prompt, values in zip(prompts, logs, strict=True):
            if not all(map(math.isfinite, values)):
                answers.append(Answer(bin="nonfinite", reason=NOT_FINITE, tokens_read=len(prompt)))
                continue
            scores = dict(zip(self.labels, softmax(values), strict=True))
            label = max(scores, key=scores.__getitem__)
            answers.append(Answer(label=label, scores=scores, tokens_read=len(prompt)))
        return answers

    @cached_property
    def _prefix(self) -> Prefix:
        return Prefix()

    # ---- generation --------------------------------------------------------------------------------------------------

    def _by_generation(self, inputs: Sequence[Input], texts: Sequence[str]) -> list[Answer]:
        prompts = self._encode(texts)
        found: dict[int, Answer] = {}
        # Answers of one batch share an output limit, so that each is what it would be alone.
        alike: dict[int, list[int]] = defaultdict(list)
        for i, one in enumerate(inputs):
            alike[self._most(one)].append(i)
        for most, group in alike.items():
            written = generate(
                self.network,
                [prompts[i] for i in group],
                most=most,
                batch_size=self.batch_size,
                ends=self._ends,
                budget=self.budget,
                kept=self._kept,
            )
            for i, said in zip(group, written, strict=True):
                read = len(prompts[i])
                self.usage["input_tokens"] += read
                self.usage["output_tokens"] += len(said.tokens)
                if not said.finite:
                    found[i] = Answer(bin="nonfinite", reason=NOT_FINITE, tokens_read=read)
                    continue
                raw = self.tokenizer.decode(said.tokens, skip_special_tokens=True)
                answer = self.read(raw, inputs[i])
                found[i] = dataclasses.replace(answer, tokens_read=read, output_truncated=not said.ended)
        return [found[i] for i in range(len(inputs))]

    @cached_property
    def _kept(self) -> Budget:
        """Tokens whose keys and values are kept at once; a smaller number that was learned holds for all answers.

        Looked up before the first answer alone: afterwards a GPU has less free, since torch holds on to what it used.
        """
        return cache_budget(self.network)

    def _most(self, one: Input) -> int:
        """Tokens that an answer may have."""
        if self.max_new_tokens is not None:
            return self.max_new_tokens
        if isinstance(one, SummaryInput) and one.max_words is not None:
            return math.ceil(TOKENS_PER_WORD * one.max_words) + SPARE
        # A short-sighted model keeps half of what it reads for the question.
        return LONGEST[self.task] if self.limit is None else min(LONGEST[self.task], self.limit // 2)

    @cached_property
    def _ends(self) -> list[int]:
        """Tokens that end an answer, as checkpoint and tokenizer say."""
        stated = getattr(self.network.generation_config, "eos_token_id", None)
        ends = [*stated] if isinstance(stated, list | tuple) else [stated]
        return list(dict.fromkeys(int(end) for end in (*ends, self.tokenizer.eos_token_id) if end is not None))

    # ---- prompts as tokens -------------------------------------------------------------------------------------------

    @cached_property
    def _chats(self) -> bool:
        return bool(self.tokenizer.chat_template)

    @cached_property
    def _control(self) -> dict[str, str]:
        """Control tokens -> the same words as plain text: what stands in a document is no word of ours."""
        added = self.tokenizer.added_tokens_decoder.values()
        marks = {str(token) for token in (*self.tokenizer.all_special_tokens, *(t for t in added if t.special))}
        return {mark: mark[0] + MARK + mark[1:] for mark in sorted(marks, key=len, reverse=True) if len(mark) > 1}

    def _text(self, one: Input) -> str:
        """The prompt for one input, up to where the answer begins."""
        messages = self.messages(one)
        for message in messages:
            for mark, plain in self._control.items():
                if mark in message["content"]:
                    message["content"] = message["content"].replace(mark, plain)
        return self._chat(messages) if self._chats else as_text(messages)

    def _chat(self, messages: list[Message]) -> str:
        try:
            return self._templated(messages)
        except TemplateError as fault:
            if messages[0]["role"] != "system" or len(messages) < 2:
                raise ResourceError(f"{self.path}: its chat template fails: {fault}") from fault
        # Some templates know no system: its words then come first.
        first = {"role": "user", "content": f"{messages[0]['content']}\n\n{messages[1]['content']}"}
        try:
            return self._templated([first, *messages[2:]])
        except TemplateError as fault:
            raise ResourceError(f"{self.path}: its chat template fails: {fault}") from fault

    def _templated(self, messages: list[Message]) -> str:
        given = {"chat_template": self._template, "tokenize": False, "add_generation_prompt": True}
        return str(self.tokenizer.apply_chat_template(messages, **given))

    @cached_property
    def _template(self) -> str:
        return on_one_day(self.tokenizer.get_chat_template())

    def _encode(self, texts: Sequence[str]) -> list[tuple[int, ...]]:
        """Tokens; a chat template writes the special ones itself."""
        if not texts:
            return []
        encoded = self.tokenizer(
            list(texts), add_special_tokens=not self._chats, return_attention_mask=False, verbose=False
        )
        return [tuple(tokens) for tokens in encoded["input_ids"]]

    # ---- overlong input ----------------------------------------------------------------------------------------------

    def _room(self, one: Input) -> int:
        """Tokens that a prompt may have beside its answer."""
        if self.limit is None:
            return 2**31
        if self.task == "stance" and self.decide == "likelihood":
            return self.limit - self._longest_label
        room = self.limit - self._most(one)
        if room < 1:
            raise ConfigError(
                f"model.{self.task}.max_new_tokens: {self.path} reads {self.limit} tokens, and an answer may have "
                f"{self._most(one)}; set it lower"
            )
        return room

    @cached_property
    def _longest_label(self) -> int:
        return max(len(tokens) for tokens in self._encode([f" {self.prompt.word(label)}" for label in self.labels]))

    def over(self, one: Input) -> int:
        """Tokens by which a prompt is longer than what the model reads beside its answer."""
        return len(self._encode([self._text(one)])[0]) - self._room(one)

    def refused(self, one: Input) -> Answer:
        """The answer to a prompt that is too long."""
        return self.overlong_answer(len(self._encode([self._text(one)])[0]))

    # ---- weights -----------------------------------------------------------------------------------------------------

    @property
    def _gguf(self) -> bool:
        return self.gguf_file is not None or self.path.lower().endswith(SUFFIX)

    @cached_property
    def weights(self) -> StoredWeights:
        """The checkpoint's folder, or the GGUF file."""
        if self._gguf:
            return locate_gguf(self.path, self.gguf_file, self.revision, self.download, task=self.task)
        return super().weights

    @cached_property
    def network(self) -> Any:
        """The model, in evaluation mode on its device."""
        return self._shared("network", self.precision, self.device)

    @cached_property
    def config(self) -> Any:
        """The transformers configuration."""
        return self._shared("config")

    @cached_property
    def tokenizer(self) -> Any:
        """The fast tokenizer; out of a GGUF file it takes seconds."""
        return self._shared("tokenizer")

    def _shared(self, part: str, *how: str) -> Any:
        """A part of the checkpoint, loaded once for all tasks of a run and all jobs of a sweep."""
        weights = self.weights
        key = (weights.folder, weights.files(), fingerprint(weights), *how)
        if part not in _LOADED or _LOADED[part][0] != key:
            # One at a time: a sweep over large models must not keep them all.
            _LOADED.pop(part, None)
            _LOADED[part] = key, getattr(super(), part)
        return _LOADED[part][1]

    def _from_pretrained(self, auto: str, **given: Any) -> Any:
        weights = self.weights
        if not isinstance(weights, GgufFile):
            return super()._from_pretrained(auto, **given)
        require_packages(self.kind)
        # The reader of GGUF files draws a progress bar whatever it is told.
        with redirect_stderr(StringIO()):
            return super()._from_pretrained(auto, gguf_file=weights.file, **given)


# What was loaded last of each part, and of which checkpoint.
_LOADED: dict[str, tuple[tuple[Any, ...], Any]] = {}


def question(prompt: tuple[int, ...], whole: Sequence[tuple[int, ...]]) -> Question:
    """A prompt's tokens and its labels', from the tokens of the prompt alone and with each label behind it.

    Where a label's beginning melts into the prompt's last token, that token counts to the label, of every label alike.

    Example:
        >>> question((1, 2, 3), [(1, 2, 3, 4), (1, 2, 7, 8)])
        Question(prompt=(1, 2), labels=((3, 4), (7, 8)))
    """
    shared = min(len(prompt), *(common_length(prompt, tokens) for tokens in whole))
    labels = tuple(tokens[shared:] for tokens in whole)
    if not shared or not all(labels):
        raise ConfigError("the tokenizer makes no tokens of a label, so that its likelihood says nothing")
    return Question(prompt[:shared], labels)
