"""Summaries by generation with any transformers encoder-decoder checkpoint."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Literal

from harness.errors import ConfigError
from harness.model.base import GoldUse
from harness.model.batching import batches, keys, pad, rows
from harness.model.checkpoint import NOT_FINITE, HfModel
from harness.model.gauge import TokenGauge
from harness.model.generation import watched
from harness.model.long_input import ADVICE, READING, HowRead, answer_all, at_once
from harness.model.token_counter import TokenCounter
from harness.records import Answer, Input, SummaryInput, TaskName

# Output tokens per word of a style's limit, and some to end on; the usual CNN/DailyMail limit where there is none.
TOKENS_PER_WORD, SPARE, UNLIMITED = 1.6, 8, 142
IDS = ("decoder_start_token_id", "bos_token_id", "eos_token_id", "pad_token_id")
# What a checkpoint may say about decoding. Sampling, time limits and the like are not taken over: the same input has
# the same answer.
DECODING = (
    "num_beams",
    "length_penalty",
    "early_stopping",
    "no_repeat_ngram_size",
    "encoder_no_repeat_ngram_size",
    "repetition_penalty",
    "bad_words_ids",
    "suppress_tokens",
    "begin_suppress_tokens",
    "forced_bos_token_id",
    "forced_eos_token_id",
    *IDS,
)
BEAMS_ONLY = ("length_penalty", "early_stopping")


@dataclass(frozen=True, kw_only=True)
class HfSeq2seq(TokenCounter, TokenGauge, HfModel):
    """Summaries from a sequence-to-sequence checkpoint, greedy unless told otherwise, never sampled.

    `None` for a decoding parameter takes what the checkpoint's generation_config.json (or, in older ones, its
    config.json) says; what is used in the end is in the signature as `decoding`. The checkpoint's `min_length` is for
    summaries without a limit: a style with `max_words` has its own `min_words` instead, counted as tokens.

    Tokens are counted without padding: those that are read, prefix and special ones included, and those of the summary
    up to its end, which is not counted. Of several beams only the one that is the summary counts, though all are
    computed.

    Args:
        prefix: Style -> words put before the text; `default` is for every style that is not named.
        num_beams: Beams; 1 is greedy.
        no_repeat_ngram_size: No n-gram of this size twice in a summary; 0 allows all.
        length_penalty: Exponent of the length that beams are divided by.
        min_length: At least this many output tokens, but never more than half of the output limit.
        max_new_tokens: Output limit; None = 1.6 times the style's `max_words`, rounded up, and 8 more, or 142.
        overlong: `error` refuses a text longer than the model reads; `truncate` reads its beginning and counts
            the rest; `map_reduce` summarizes its chunks, and these summaries again until they fit; `lead_tail` reads
            its first and last sentences and counts the rest.
        lead_share: Share of what `lead_tail` reads that comes from the beginning.
    """

    tasks: ClassVar[tuple[TaskName, ...]] = ("summarization",)
    gold: ClassVar[GoldUse] = "none"
    kind: ClassVar[str] = "hf_seq2seq"
    auto_class: ClassVar[str] = "AutoModelForSeq2SeqLM"
    task: ClassVar[str] = "summarization"
    selects_sentences: ClassVar[bool] = False

    batch_size: int = 8
    prefix: dict[str, str] = field(default_factory=dict)
    num_beams: int | None = 1
    no_repeat_ngram_size: int | None = 0
    length_penalty: float | None = None
    min_length: int | None = None
    max_new_tokens: int | None = None
    overlong: Literal["error", "truncate", "map_reduce", "lead_tail"] = "error"
    lead_share: float = 0.5

    def __post_init__(self) -> None:
        """Refuses values that cannot be meant."""
        super().__post_init__()
        for name, least in (("num_beams", 1), ("no_repeat_ngram_size", 0), ("min_length", 0), ("max_new_tokens", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise ValueError(f"{name} must be at least {least}, got {value}")
        if self.length_penalty is not None and not math.isfinite(self.length_penalty):
            raise ValueError(f"length_penalty must be a finite number, got {self.length_penalty}")
        if None not in (self.min_length, self.max_new_tokens) and 2 * (self.min_length or 0) > (
            self.max_new_tokens or 0
        ):
            raise ValueError(f"min_length must be at most half of max_new_tokens, got {self.min_length}")
        _ = self._how_read

    def signature(self) -> dict[str, Any]:
        """Parameters, weights and the decoding that both come to."""
        given = {name: value for name, value in super().signature().items() if name not in READING}
        return {**given, **self._how_read.signature, "decoding": self.decoding}

    @cached_property
    def _how_read(self) -> HowRead:
        return HowRead.of("summarization", self.overlong, lead_share=self.lead_share)

    def load(self) -> None:
        """Loads everything now and sees that the output limit fits the model."""
        super().load()
        _ = self._output_positions

    @cached_property
    def decoding(self) -> dict[str, Any]:
        """The decoding settings that are used for every style; `min_length` is for summaries without a limit."""
        config = self.weights.read_json("config.json")
        stated = self.weights.read_json("generation_config.json")
        found: dict[str, Any] = {"do_sample": False}
        for name in (*DECODING, "min_length"):
            # Older checkpoints say it in config.json; newer ones may still have their token ids there alone.
            sources = [stated, config] if not stated or name in IDS else [stated]
            own = getattr(self, name, None)
            value = own if own is not None else next((s[name] for s in sources if s.get(name) is not None), None)
            if value is not None:
                found[name] = value
        found.setdefault("num_beams", 1)
        if found["num_beams"] == 1:
            for name in BEAMS_ONLY:
                found.pop(name, None)
        return found

    def check(self, inputs: Sequence[Input]) -> list[str]:
        """Inputs that are too long, where `overlong` is `error`: one line each, before anything is asked."""
        if self.overlong != "error" or not inputs:
            return []
        return self.overlong_faults(inputs, self._lengths(self._texts(inputs)), ADVICE["summarization"])

    def answer(self, inputs: Sequence[Input]) -> list[Answer]:
        """One summary per input, in the same order."""
        if not inputs:
            return []
        if self.limit is None or self.overlong in ("error", "truncate"):
            return self._answer(inputs)
        lengths = self._lengths(self._texts(inputs))
        readings = [
            at_once(one) if length <= self.limit else self._how_read.reading(one, self)
            for one, length in zip(inputs, lengths, strict=True)
        ]
        return answer_all(readings, self._answer)

    def over(self, one: Input) -> int:
        """Tokens by which a text, with its prefix, is longer than the model reads."""
        return self._lengths(self._texts([one]))[0] - (self.limit or 0)

    def refused(self, one: Input) -> Answer:
        """The answer to a text that is too long."""
        return self.overlong_answer(self._lengths(self._texts([one]))[0])

    def _answer(self, inputs: Sequence[Input]) -> list[Answer]:
        texts = self._texts(inputs)
        lengths = self._lengths(texts)
        answers: dict[int, Answer] = {}
        # Summaries of one batch share an output limit, so that each is what it would be alone.
        alike: dict[tuple[int, int], list[int]] = defaultdict(list)
        for i, (one, length) in enumerate(zip(inputs, lengths, strict=True)):
            if self.overlong == "error" and self.limit is not None and length > self.limit:
                answers[i] = self.overlong_answer(length)
            elif isinstance(one, SummaryInput):
                alike[self._bounds(one)].append(i)
        for (least, most), group in alike.items():
            made = self._generate([texts[i] for i in group], [lengths[i] for i in group], least, most)
            answers.update(zip(group, made, strict=True))
        return [answers[i] for i in range(len(inputs))]

    def _texts(self, inputs: Sequence[Input]) -> list[str]:
        found = []
        for one in inputs:
            if not isinstance(one, SummaryInput):
                raise TypeError(f"hf_seq2seq answers summary inputs, got {type(one).__name__}")
            # Summarizers are trained on running text: a line break would be a token they have hardly seen.
            text = " ".join(one.text.split())
            found.append(self.prefix.get(one.style, self.prefix.get("default", "")) + text)
        return found

    def _lengths(self, texts: list[str]) -> list[int]:
        return [len(ids) for ids in self.tokenizer(texts, return_attention_mask=False, verbose=False)["input_ids"]]

    def _bounds(self, one: SummaryInput) -> tuple[int, int]:
        """The fewest and the most tokens that may be generated."""
        most = self.max_new_tokens
        if most is None:
            most = UNLIMITED if one.max_words is None else math.ceil(TOKENS_PER_WORD * one.max_words) + SPARE
        if self._output_positions is not None:
            most = min(most, self._output_positions)
        least = self.min_length
        if least is None:
            least = self.decoding.get("min_length", 0) if one.max_words is None else one.min_words or 0
        return min(least, most // 2), most

    @cached_property
    def _output_positions(self) -> int | None:
        """Tokens that the decoder can write; None where nothing limits them."""
        for name in ("max_decoder_position_embeddings", "max_position_embeddings"):
            found = getattr(self.config, name, None)
            if isinstance(found, int) and found > 1:
                positions = found - 1  # the first is the start token's
                if self.max_new_tokens is not None and self.max_new_tokens > positions:
                    raise ConfigError(
                        f"max_new_tokens: {self.path} can write {positions} tokens, got {self.max_new_tokens}"
                    )
                return positions
        return None

    def _generate(self, texts: list[str], lengths: Sequence[int], least: int, most: int) -> list[Answer]:
        from transformers import GenerationConfig

        network = self.network
        cut: dict[str, Any] = {} if self.limit is None else {"truncation": True, "max_length": self.limit}
        encoded = self.tokenizer(texts, verbose=False, **cut)
        special = self.tokenizer.num_special_tokens_to_add()
        asked = rows(encoded, keys(network, self.tokenizer))
        settings = {**self.decoding, "min_length": least + 1 if least else 0, "max_new_tokens": most}
        for name in IDS:  # what no file says, the model's class may know
            if settings.get(name) is None and getattr(network.config, name, None) is not None:
                settings[name] = getattr(network.config, name)
        ends = settings.get("eos_token_id")
        ends = set(ends if isinstance(ends, list) else [ends])
        found: list[Answer] = [Answer()] * len(texts)
        for chosen in batches([len(row["input_ids"]) for row in asked], self.batch_size):
            with watched(network, len(chosen)) as sound:
                written = network.generate(
                    **pad([asked[i] for i in chosen], self.filler, network.device),
                    generation_config=GenerationConfig(**settings),  # type: ignore[no-untyped-call]
                )
            for row, i in enumerate(chosen):
                read = len(asked[i]["input_ids"])
                counted: dict[str, Any] = {"tokens_read": read - special, "tokens_cut": lengths[i] - read}
                ids = written[row, 1:].tolist()
                ended = next((j for j, token in enumerate(ids) if token in ends), None)
                self.usage["input_tokens"] += read
                self.usage["output_tokens"] += len(ids) if ended is None else ended
                if not bool(sound[row]):
                    found[i] = Answer(bin="nonfinite", reason=NOT_FINITE, **counted)
                    continue
                # A forced end stands at the limit whether or not the model would have ended there.
                forced = settings.get("forced_eos_token_id") is not None and ended == most - 1
                text = self.tokenizer.decode(ids, skip_special_tokens=True)
                found[i] = Answer(text=clean(text), output_truncated=ended is None or forced, **counted)
        return found


def clean(text: str) -> str:
    """A summary as the tokenizer decoded it, with Pegasus' line breaks and without stray space.

    Example:
        >>> clean(" One.<n> Two. ")
        'One.\\nTwo.'
    """
    lines = (line.strip() for line in text.replace("<n>", "\n").splitlines())
    return "\n".join(line for line in lines if line)
