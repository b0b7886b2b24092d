"""Requests to an endpoint that speaks OpenAI's protocol: one retry layer, a rate limit, limits of time and size."""

import asyncio
import importlib.util
import random
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from harness.errors import ResourceError
from harness.model.chat_outcome import Outcome, read_response
from harness.model.endpoint import is_loopback
from harness.said import shown

# A longer reply is none.
MOST_BYTES = 32_000_000
_SENT = frozenset({"host", "accept", "connection", "content-type", "content-length", "user-agent"})


class Refusal(Exception):  # noqa: N818 - what the server said, until a caller knows what it ends
    """A reply that every further request would get as well, in one line."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What an endpoint answered to one question.

    Args:
        body: The reply; None where there is none.
        fault: Why there is none: a word (`http_503`, `timeout`, `bad_body`, ...) and what was said.
        requests: How many requests it took.
    """

    body: Mapping[str, Any] | None
    fault: str | None = None
    requests: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How an endpoint may be asked.

    Args:
        concurrency: Requests under way at once.
        requests_per_minute: Requests that may begin in a minute, evenly spread; None for any number.
        timeout: Seconds from a request to the last byte of its reply.
        retries: How often a question is put again after a fault that may pass.
        backoff: Seconds before the first of these; doubled for each further one, and shortened at random by up to half.
        max_wait: Seconds after a question was first put in which it may be put again; a server that asks for a longer
            wait (Retry-After) ends the run.
    """

    concurrency: int
    requests_per_minute: float | None
    timeout: float
    retries: int
    backoff: float
    max_wait: float


def require_package() -> None:
    """Sees that the client library is there.

    Raises:
        ResourceError: It is not.
    """
    if importlib.util.find_spec("openai") is None:
        raise ResourceError("kind openai_compatible needs the package openai: pip install openai")


class ChatClient:
    """Puts questions to one endpoint; an asynchronous context manager, for one event loop.

    Nothing is retried, redirected or read from the environment but by this class: neither another base address, an
    organization nor a key of a variable that the configuration does not name.
    """

    def __init__(self, base_url: str, key: str | None, limits: Limits) -> None:
        self.base_url = base_url
        self.limits = limits
        self._key = key
        self._next = self._not_before = 0.0
        # After a question was given up because nobody listens, the next ones are put once each.
        self._down = False
        self._random = random.Random()

    async def __aenter__(self) -> "ChatClient":
        import openai

        self._client = openai.AsyncOpenAI(
            base_url=self.base_url,
            api_key=self._key or "none",
            max_retries=0,
            timeout=self.limits.timeout,
            http_client=openai.DefaultAsyncHttpxClient(
                # A reply must not send texts and key elsewhere.
                follow_redirects=False,
                trust_env=not is_loopback(self.base_url),
                event_hooks={"request": [self._only_known_headers], "response": [_bound]},
            ),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.close()

    async def look(self) -> None:
        """Sees that somebody listens and takes the key, without asking any model.

        Raises:
            Refusal: Nobody listens, or the key is not taken.
        """
        got = await self._request("get", "/models", None)
        if got.fault in ("connection", "timeout"):
            raise Refusal(f"{self.base_url}: {got.said}; is the server running?")
        if got.status in (401, 402, 403):
            raise Refusal(self._hopeless(got))

    async def ask(self, body: Mapping[str, Any]) -> Reply:
        """One reply to one question (the body of `chat/completions`).

        Raises:
            Refusal: What every further question would get.
        """
        await self._turn()
        begun = time.monotonic()
        attempt = 0
        while True:
            attempt += 1
            got = await self._request("post", "/chat/completions", body)
            if got.fault != "connection":
                self._down = False
            if got.fault is None:
                return Reply(got.body, requests=attempt)
            if got.is_hopeless:
                raise Refusal(self._hopeless(got))
            given_up = Reply(None, f"{got.word}: {got.said}", attempt)
            if not got.may_pass:
                return given_up
            asked_for = got.retry_after or 0.0
            if asked_for > self.limits.max_wait:
                raise Refusal(
                    f"{self.base_url}: {got.word}: asks to wait {asked_for:.0f} s, "
                    f"more than max_wait={self.limits.max_wait:g}"
                )
            pause = self.limits.backoff * 2 ** min(attempt - 1, 30) * (1 - self._random.random() / 2)
            pause = max(pause, asked_for)
            late = time.monotonic() - begun + pause > self.limits.max_wait
            if self._down or late or attempt > self.limits.retries:
                self._down = got.fault == "connection"
                return given_up
            # A wait that was asked for holds for everybody, not only for the question that was told.
            self._not_before = max(self._not_before, time.monotonic() + asked_for)
            await asyncio.sleep(pause)
            await self._turn()

    async def _only_known_headers(self, request: Any) -> None:
        """Takes out what the library adds of its own accord, out of environment variables and about this machine."""
        for name in [name for name in request.headers if name.casefold() not in _SENT]:
            del request.headers[name]
        request.headers["accept-encoding"] = "identity"
        if self._key is not None:
            request.headers["authorization"] = f"Bearer {self._key}"

    async def _turn(self) -> None:
        """Waits until another request may begin."""
        rate = self.limits.requests_per_minute
        if rate is not None:
            now = time.monotonic()
            start = max(now, self._next)
            self._next = start + 60 / rate
            await asyncio.sleep(start - now)
        while (left := self._not_before - time.monotonic()) > 0:
            await asyncio.sleep(left)

    async def _request(self, method: str, path: str, body: Mapping[str, Any] | None) -> Outcome:
        import httpx2
        import openai

        try:
            async with asyncio.timeout(self.limits.timeout):
                if method == "get":
                    response = await self._client.get(path, cast_to=httpx2.Response)
                else:
                    response = await self._client.post(path, cast_to=httpx2.Response, body=body)
        except (TimeoutError, openai.APITimeoutError):
            return Outcome(fault="timeout", said=f"no reply within {self.limits.timeout:g} s")
        except openai.APIStatusError as error:
            return read_response(error.response, self._key)
        except openai.APIConnectionError as error:
            return self._broken(error.__cause__)
        except (_TooLongError, httpx2.HTTPError) as error:
            return self._broken(error)
        return read_response(response, self._key)

    def _broken(self, cause: BaseException | None) -> Outcome:
        """What came of a request without a whole reply."""
        import httpx2

        if isinstance(cause, _TooLongError):
            return Outcome(fault="too_long", said=str(cause))
        said = f"{type(cause).__name__}: {cause}"
        if isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.ProxyError):
            return Outcome(fault="connection", said=self.shown(f"no connection ({said})"))
        return Outcome(fault="bad_body", said=self.shown(f"no whole reply ({said})"))

    def _hopeless(self, got: Outcome) -> str:
        what = f"{self.base_url}: {got.fault}: {got.said}"
        if got.status == 404:
            return f"{what}; is it the model's name, and does base_url end as the server's does (often in /v1)?"
        if got.status in (401, 403):
            sent = "the key was not taken" if self._key else "no key was sent; api_key_env names the variable with it"
            return f"{what}; {sent}"
        if got.is_redirect:
            return f"{what}; redirects are not followed, give the final address"
        return what

    def shown(self, text: str) -> str:
        """What was said, on one line, short, and without the key even if the server repeats it."""
        return shown(text, self._key)


class _TooLongError(Exception):
    pass


async def _bound(response: Any) -> None:
    """Ends a reply that goes on and on."""
    import httpx2

    class Counted(httpx2.AsyncByteStream):
        def __init__(self, inner: Any) -> None:
            self._inner = inner

        async def __aiter__(self) -> AsyncIterator[bytes]:
            total = 0
            async for part in self._inner:
                total += len(part)
                if total > MOST_BYTES:
                    raise _TooLongError(f"the reply has more than {MOST_BYTES} bytes")
                yield part

        async def aclose(self) -> None:
            await self._inner.aclose()

    response.stream = Counted(response.stream)
