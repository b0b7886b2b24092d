"""All three tasks with a language model behind an endpoint that speaks OpenAI's chat protocol."""

import asyncio
import dataclasses
import math
import re
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal

from harness.errors import HarnessError, ResourceError, RunFailedError
from harness.model.base import GoldUse
from harness.model.chat_client import ChatClient, Limits, Refusal, require_package
from harness.model.chat_reply import (
    answered_by,
    begun_by_first_token,
    excerpt,
    first_choice,
    message_of,
    text_of,
    tokens_used,
)
from harness.model.endpoint import checked_base_url, is_loopback, read_key
from harness.model.gauge import CHARACTERS_PER_TOKEN, CharacterGauge, characters
from harness.model.long_input import ADVICE, READING, answer_all, answer_awaited
from harness.model.prompted import PromptModel
from harness.model.token_counter import price_of
from harness.records import Answer, Input, StanceInput, SummaryInput, TaskName

# Output tokens per word of a style's limit, and some to end on.
TOKENS_PER_WORD, SPARE = 1.6, 64
# Where neither the style nor `max_new_tokens` says how long an answer may be.
LONGEST: dict[str, int] = {"ner": 2048, "stance": 64, "summarization": 512}
# What the protocol allows at most, and servers give.
TOP_LOGPROBS = 20
# Seconds after which a caller that wants to stop is heard, though nothing was answered.
HEARTBEAT = 0.2
OWN_KEYS = frozenset(
    {"model", "messages", "temperature", "seed", "max_tokens", "max_completion_tokens", "response_format", "stream"}
    | {"logprobs", "top_logprobs", "n"}
)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Endpoints and variables whose key was not taken in this process: no later task asks them the same again.
_refused: dict[tuple[str, str | None], str] = {}


@dataclass(frozen=True, kw_only=True)
class OpenaiCompatible(PromptModel, CharacterGauge):
    """Stance, entities or summaries from a model behind an endpoint: vLLM, llama.cpp, Ollama, or a hosted one.

    Several questions are under way at once. A fault that may pass (408, 409, 429, 5xx, timeouts, broken replies) is
    put again, by one layer alone; one that every question would meet (key, balance, model) ends the run with one
    message; any other fault is that example's. What was answered is kept as it comes.

    The key stands in the environment variable that `api_key_env` names, and nowhere else: no other variable is read,
    and it is taken out of everything that the server says.

    Args:
        base_url: The address that `/chat/completions` is added to; it often ends in `/v1`.
        served_model: What the endpoint calls the model.
        api_key_env: Name of the environment variable that holds the key; None sends no key.
        decide: How stance is found: `generate` and read the answer, or `likelihood`: the label with the highest
            probability as the answer's first token, among the 20 that the server names (a token belongs to the one
            label that begins with it); read from the answer where none of them begins a label.
        structured: How the server is held to the prompt's JSON schema, where the prompt asks for JSON: `json_schema`,
            `json_object_schema` (the same in an older form, which llama-cpp-python has), `json_object` (any JSON), or
            `none` (the prompt's words alone).
        temperature: 0 for the likeliest answer; None leaves it to the server, for models that refuse the parameter.
        rng_seed: Sent as `seed`; None sends none.
        max_new_tokens: Output limit; None = 1.6 times the style's `max_words`, rounded up, and 64 more for summaries
            (512 without a limit), 2048 for NER, 64 for stance. Models that reason need more.
        limit_key: What the protocol's key for the output limit is; newer hosted models want `max_completion_tokens`.
        extra: Further entries of the request, sent as they are (`{top_k: 1}`).
        concurrency: Requests under way at once.
        requests_per_minute: Requests that may begin in a minute; None for any number.
        timeout: Seconds from a request to the end of its reply.
        retries: How often a question is put again after a fault that may pass.
        backoff: Seconds before the first retry; doubled for each further one, up to half of it taken off at random.
        max_wait: Seconds after which a question is not put again.
        input_price: Price of a million input tokens; None where unknown.
        output_price: Price of a million output tokens.
        max_characters: Characters of a text (for stance, of its context too) that one prompt may hold; a longer one is
            read as `overlong` says. None: any number, and what the server cannot read it refuses.
        stride: Characters that two windows share, at least; at most a quarter of a window.
    """

    base_url: str
    served_model: str
    api_key_env: str | None = None
    decide: Literal["generate", "likelihood"] = "generate"
    structured: Literal["json_schema", "json_object_schema", "json_object", "none"] = "json_schema"
    temperature: float | None = 0.0
    rng_seed: int | None = 0
    max_new_tokens: int | None = None
    limit_key: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    extra: dict[str, Any] | None = None
    concurrency: int = 8
    requests_per_minute: float | None = None
    timeout: float = 120.0
    retries: int = 5
    backoff: float = 1.0
    max_wait: float = 120.0
    input_price: float | None = None
    output_price: float | None = None
    max_characters: int | None = None
    stride: int = 256

    tasks: ClassVar[tuple[TaskName, ...]] = ("ner", "stance", "summarization")
    gold: ClassVar[GoldUse] = "none"
    neutral: ClassVar[frozenset[str]] = frozenset(
        {"api_key_env", "concurrency", "requests_per_minute", "timeout", "retries", "backoff", "max_wait"}
        | {"input_price", "output_price"}
    )

    def __post_init__(self) -> None:
        """Refuses values that cannot be meant."""
        super().__post_init__()
        checked_base_url(self.base_url)
        if not self.served_model.strip():
            raise ValueError("served_model must name a model, got an empty string")
        if self.api_key_env is not None and not _VARIABLE.fullmatch(self.api_key_env):
            # Not repeated: it may be the key itself.
            raise ValueError("api_key_env must be the name of an environment variable (letters, digits, underscores)")
        for name, least in (("max_new_tokens", 1), ("concurrency", 1), ("retries", 0), ("max_characters", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise ValueError(f"{name} must be at least {least}, got {value}")
        for name in ("timeout", "requests_per_minute"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name} must be a number above 0, got {value}")
        for name in ("temperature", "backoff", "max_wait"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{name} must be 0 or more, got {value}")
        self.check_prices()
        own = sorted(OWN_KEYS & (self.extra or {}).keys())
        if own:
            raise ValueError(f"extra: {own[0]!r} is set by the parameters of this kind, not here")
        if self.decide == "likelihood" and self.prompt.task != "stance":
            raise ValueError(f"decide: likelihood is for stance; choose generate for {self.prompt.task}")
        if self.decide == "likelihood" and self.prompt.answer != "text":
            raise ValueError(
                f"decide: likelihood is of bare labels, and prompt {self.prompt.name!r} wants the answer as "
                f"{self.prompt.answer}; choose decide=generate, or a prompt with answer=text"
            )

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a user should know before the first question."""
        if self.api_key_env is not None and self.base_url.startswith("http://") and not is_loopback(self.base_url):
            return (f"{self.base_url}: texts and key are sent unencrypted (http)",)
        return ()

    def signature(self) -> dict[str, Any]:
        """The endpoint, the model's name there, the prompt with all that it shows, and the decoding."""
        left_out = {*self.neutral, "prompt", "shots", *READING}
        given = {
            entry.name: getattr(self, entry.name) for entry in dataclasses.fields(self) if entry.name not in left_out
        }
        return {
            "kind": "openai_compatible",
            **given,
            **self.how_read.signature,
            "base_url": checked_base_url(self.base_url),
            "prompt": self.prompt_signature(),
        }

    def check(self, inputs: Sequence[Input]) -> list[str]:
        """Inputs that are too long, where `overlong` is `error`: one line each, before anything is asked."""
        if self.how_read.overlong != "error":
            return []
        return [
            f"example {one.id!r}: its text has {characters(one)} characters, one prompt may hold {self.max_characters} "
            f"(model.{self.prompt.task}.overlong=error; {ADVICE[self.prompt.task]})"
            for one in inputs
            if self.over(one) > 0
        ]

    def load(self) -> None:
        """Sees that the endpoint is there and takes the key, before anything is written.

        Raises:
            ResourceError: It is not there, does not take the key, or the key or the package is missing here.
        """
        require_package()
        key = read_key(self.api_key_env)
        if self._endpoint in _refused:
            raise ResourceError(_refused[self._endpoint])

        async def look() -> None:
            async with ChatClient(checked_base_url(self.base_url), key, self._limits) as client:
                await client.look()

        try:
            asyncio.run(look())
        except Refusal as refusal:
            raise self._ended(refusal) from None

    def answer(self, inputs: Sequence[Input]) -> list[Answer]:
        """One answer per input, in the same order."""
        found = {id(one): answer for batch in self.stream(inputs) for one, answer in batch}
        return [found[id(one)] for one in inputs]

    def stream(self, inputs: Sequence[Input]) -> Generator[list[tuple[Input, Answer]], None, None]:
        """Answers as they come, in any order; now and then an empty list, so that a caller can stop.

        The first question is put alone: what every question would meet is met once.

        Raises:
            ResourceError: The endpoint takes no question of this run.
            RunFailedError: It takes no more, though it has answered some.
        """
        if not inputs:
            return
        require_package()
        waiting = list(reversed(inputs))
        client = ChatClient(checked_base_url(self.base_url), read_key(self.api_key_env), self._limits)
        under_way: dict[asyncio.Task[Answer], Input] = {}
        answered = 0
        # A long text is several questions, all of which count.
        free = asyncio.Semaphore(self.concurrency)
        with asyncio.Runner() as runner:

            async def step() -> set[asyncio.Task[Answer]]:
                most = self.concurrency if answered else 1
                while waiting and len(under_way) < most:
                    one = waiting.pop()
                    under_way[asyncio.create_task(self._ask(client, free, one))] = one
                done, _ = await asyncio.wait(under_way, timeout=HEARTBEAT, return_when=asyncio.FIRST_COMPLETED)
                return done

            async def close() -> None:
                for task in under_way:
                    task.cancel()
                await asyncio.gather(*under_way, return_exceptions=True)
                await client.__aexit__(None, None, None)

            runner.run(client.__aenter__())
            try:
                while waiting or under_way:
                    batch: list[tuple[Input, Answer]] = []
                    end: Refusal | HarnessError | None = None
                    for task in runner.run(step()):
                        one = under_way.pop(task)
                        try:
                            batch.append((one, task.result()))
                        except (Refusal, HarnessError) as found:
                            end = found
                        except Exception as error:  # what no request can be made of costs itself
                            reason = client.shown(f"{type(error).__name__}: {error}")
                            batch.append((one, Answer(bin="failed", reason=reason)))
                    # What was answered beside what ends the run is paid for as well.
                    yield batch
                    answered += len(batch)
                    if isinstance(end, Refusal):
                        raise self._ended(end, answered) from None
                    if end is not None:
                        raise end
            finally:
                runner.run(close())

    @cached_property
    def usage(self) -> dict[str, int]:
        """Requests and tokens since this model was made."""
        return {"requests": 0, "input_tokens": 0, "output_tokens": 0}

    def spent(self) -> dict[str, Any]:
        """What was used since this model was made: the price, where one is known, requests, tokens, what answered."""
        named = [{"model": model, "system_fingerprint": print_} for model, print_ in sorted(self._answered_by)]
        return {**super().spent(), "answered_by": named}

    def estimate(self, inputs: Sequence[Input]) -> float | None:
        """At most what asking these would cost: four characters a token, and every answer as long as it may be."""
        if self.input_price is None and self.output_price is None:
            return None
        read = written = 0

        def ask(parts: list[Input]) -> list[Answer]:
            nonlocal read, written
            longest = [self._longest(one) for one in parts]
            read += sum(len(message["content"]) for one in parts for message in self.messages(one))
            written += sum(longest)
            return [Answer(text="x" * CHARACTERS_PER_TOKEN * most) for most in longest]

        answer_all([self.how_read.reading(one, self) for one in inputs], ask)
        usage = {"input_tokens": read / CHARACTERS_PER_TOKEN, "output_tokens": written}
        return price_of(usage, self.input_price, self.output_price)

    # ---- one question ------------------------------------------------------------------------------------------------

    def body(self, one: Input) -> dict[str, Any]:
        """The request that asks for one answer."""
        found: dict[str, Any] = {
            "model": self.served_model,
            "messages": self.messages(one),
            self.limit_key: self._longest(one),
        }
        if self.temperature is not None:
            found["temperature"] = self.temperature
        if self.rng_seed is not None:
            found["seed"] = self.rng_seed
        schema = self.schema()
        if schema is not None and self.structured == "json_schema":
            stated = {"name": self.prompt.answer_name, "strict": True, "schema": schema}
            found["response_format"] = {"type": "json_schema", "json_schema": stated}
        elif schema is not None and self.structured == "json_object_schema":
            found["response_format"] = {"type": "json_object", "schema": schema}
        elif schema is not None and self.structured == "json_object":
            found["response_format"] = {"type": "json_object"}
        if self.decide == "likelihood":
            found |= {"logprobs": True, "top_logprobs": TOP_LOGPROBS}
        return {**found, **(self.extra or {})}

    async def _ask(self, client: ChatClient, free: asyncio.Semaphore, one: Input) -> Answer:
        async def put(part: Input) -> Answer:
            async with free:
                return await self._put(client, part)

        return await answer_awaited(self.how_read.reading(one, self), put)

    async def _put(self, client: ChatClient, one: Input) -> Answer:
        reply = await client.ask(self.body(one))
        self.usage["requests"] += reply.requests
        if reply.body is None:
            return Answer(bin="failed", reason=self._advised(reply.fault or ""))
        return self._read_reply(reply.body, one)

    def _read_reply(self, body: Mapping[str, Any], one: Input) -> Answer:
        read = tokens_used(body, "prompt_tokens")
        self.usage["input_tokens"] += read or 0
        self.usage["output_tokens"] += tokens_used(body, "completion_tokens") or 0
        self._answered_by.add(answered_by(body))
        choice = first_choice(body)
        message = message_of(choice)
        text, refused = text_of(message.get("content")), text_of(message.get("refusal"))
        ended = choice.get("finish_reason")
        truncated = ended == "length"
        if refused:
            return Answer(bin="unparsed", reason="refusal: the model declined", raw=refused, tokens_read=read)
        if ended == "content_filter":
            return Answer(bin="unparsed", reason="content_filter: cut by the server", raw=text, tokens_read=read)
        if not text:
            if truncated:
                reason = "empty_response: the output limit was reached before an answer; give more max_new_tokens"
                return Answer(bin="unparsed", reason=reason, tokens_read=read, output_truncated=True)
            return Answer(bin="failed", reason=f"empty_response: {excerpt(body)}", tokens_read=read)
        answer = self.read(text, one)
        if self.decide == "likelihood" and isinstance(one, StanceInput):
            scores = begun_by_first_token(choice, {label: self.prompt.word(label) for label in self.labels})
            if scores:
                label = max(scores, key=lambda name: (scores[name], name == answer.label))
                answer = Answer(label=label, scores=scores, raw=text)
        return dataclasses.replace(answer, tokens_read=read, output_truncated=truncated)

    def _advised(self, fault: str) -> str:
        if "response_format" in fault or "json_schema" in fault:
            return (
                f"{fault} (structured={self.structured}; servers without schemas of that form may have "
                "json_object_schema, json_object or none)"
            )
        return fault

    def _longest(self, one: Input) -> int:
        if self.max_new_tokens is not None:
            return self.max_new_tokens
        if isinstance(one, SummaryInput) and one.max_words is not None:
            return math.ceil(TOKENS_PER_WORD * one.max_words) + SPARE
        return LONGEST[self.prompt.task]

    def _ended(self, refusal: Refusal, answered: int = 0) -> ResourceError | RunFailedError:
        said = str(refusal)
        if answered:
            return RunFailedError(f"{said}; what was answered is kept, give the same command again to go on")
        if "http_401" in said or "http_403" in said:
            _refused[self._endpoint] = said
        return ResourceError(said)

    @property
    def _endpoint(self) -> tuple[str, str | None]:
        return checked_base_url(self.base_url), read_key(self.api_key_env)

    @property
    def _limits(self) -> Limits:
        return Limits(**{entry.name: getattr(self, entry.name) for entry in dataclasses.fields(Limits)})

    @cached_property
    def _answered_by(self) -> set[tuple[str, str]]:
        return set()
