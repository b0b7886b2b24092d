"""Requests to an endpoint that speaks OpenAI's protocol: one retry layer, a rate limit, limits of time and size."""

import asyncio
import email.utils
import importlib.util
import ipaddress
import json
import math
import os
import random
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from harness.errors import ResourceError

# Statuses after which the same request may succeed; 409 and 425 are those of servers that are still warming up.
RETRIED = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529})
# Statuses that every further request would have too: key, balance, path or model, method.
HOPELESS = frozenset({401, 402, 403, 404, 405})
# Faults without such a status that may pass.
PASSING = frozenset({"timeout", "connection", "bad_body"})
# A longer reply is none. Of what a server says in an error, so much is shown.
MOST_BYTES = 32_000_000
MOST_SHOWN = 200
_SENT = frozenset({"host", "accept", "connection", "content-type", "content-length", "user-agent"})
_QUOTA = ("insufficient_quota", "billing_hard_limit_reached", "billing_not_active")
_MODERATED = ("moderation", "flagged", "content_filter", "content_policy", "content management policy")
_OVERLONG = ("context_length_exceeded", "maximum context length", "context window", "exceeds the available context")


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


def checked_base_url(url: str) -> str:
    """An endpoint's address without a slash at its end.

    Raises:
        ValueError: It is no address, or holds a name, a password, a query or a fragment; never repeats it then.
    """
    try:
        parts = urlsplit(url.strip())
        port_is_fine = parts.port is None or 0 < parts.port < 65536
    except ValueError:
        raise ValueError("base_url is no address; expected for instance http://127.0.0.1:8000/v1") from None
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError(
            "base_url must hold neither name, password, query nor fragment; a key comes from the environment variable "
            "that api_key_env names"
        )
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_fine:
        raise ValueError(f"base_url must be like http://127.0.0.1:8000/v1, got {url!r}")
    return url.strip().rstrip("/")


def is_loopback(url: str) -> bool:
    """Whether an address is of this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def read_key(variable: str | None) -> str | None:
    """The key that an environment variable holds; None where none was named.

    Raises:
        ResourceError: The variable is not set, or holds what cannot be a key.
    """
    if variable is None:
        return None
    key = os.environ.get(variable, "").strip()
    if not key:
        raise ResourceError(
            f"the environment variable {variable} is not set; api_key_env={variable} says that it holds the endpoint's "
            "key (null for an endpoint without keys)"
        )
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ResourceError(f"the environment variable {variable} holds blanks or other characters that no key has")
    return key


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
            fault = _word(got)
            if fault == "hopeless":
                raise Refusal(self._hopeless(got))
            given_up = Reply(None, f"{fault}: {got.said}", attempt)
            if fault not in PASSING and got.status not in RETRIED:
                return given_up
            asked_for = got.retry_after or 0.0
            if asked_for > self.limits.max_wait:
                raise Refusal(
                    f"{self.base_url}: {fault}: asks to wait {asked_for:.0f} s, "
                    f"more than max_wait={self.limits.max_wait:g}"
                )
            pause = self.limits.backoff * 2 ** min(attempt - 1, 30) * (1 - self._random.random() / 2)
            pause = max(pause, asked_for)
            late = time.monotonic() - begun + pause > self.limits.max_wait
            if self._down or late or attempt > self.limits.retries:
                self._down = fault == "connection"
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

    async def _request(self, method: str, path: str, body: Mapping[str, Any] | None) -> "_Got":
        import httpx2
        import openai

        try:
            async with asyncio.timeout(self.limits.timeout):
                if method == "get":
                    response = await self._client.get(path, cast_to=httpx2.Response)
                else:
                    response = await self._client.post(path, cast_to=httpx2.Response, body=body)
        except (TimeoutError, openai.APITimeoutError):
            return _Got(fault="timeout", said=f"no reply within {self.limits.timeout:g} s")
        except openai.APIStatusError as error:
            return self._got(error.response)
        except openai.APIConnectionError as error:
            return self._broken(error.__cause__)
        except (_TooLongError, httpx2.HTTPError) as error:
            return self._broken(error)
        return self._got(response)

    def _broken(self, cause: BaseException | None) -> "_Got":
        """What came of a request without a whole reply."""
        import httpx2

        if isinstance(cause, _TooLongError):
            return _Got(fault="too_long", said=str(cause))
        said = f"{type(cause).__name__}: {cause}"
        if isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.ProxyError):
            return _Got(fault="connection", said=self.shown(f"no connection ({said})"))
        return _Got(fault="bad_body", said=self.shown(f"no whole reply ({said})"))

    def _got(self, response: Any) -> "_Got":
        status = response.status_code
        waits = _retry_after(response.headers)
        text = str(response.text)
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            found = None
        said = self.shown(_said(found) if found is not None else text)
        if 300 <= status < 400:
            said = self.shown(f"to {response.headers.get('location', '')}")
        if status >= 300:
            return _Got(status, fault=f"http_{status}", said=said, retry_after=waits)
        if not isinstance(found, dict):
            kind = str(response.headers.get("content-type", "")).partition(";")[0] or "something"
            said = self.shown(f"expected a JSON object, found {kind}: {text}")
            return _Got(status, fault="bad_body", said=said, retry_after=waits)
        error = found.get("error")
        if error and not found.get("choices"):
            # Some routers send the provider's fault with status 200.
            code = error.get("code") if isinstance(error, dict) else None
            if isinstance(code, int) and 400 <= code < 600:
                return _Got(code, fault=f"http_{code}", said=said, retry_after=waits)
            return _Got(status, fault="bad_body", said=said, retry_after=waits)
        return _Got(status, body=self._without_key(found))

    def _hopeless(self, got: "_Got") -> str:
        what = f"{self.base_url}: {got.fault}: {got.said}"
        if got.status == 404:
            return f"{what}; is it the model's name, and does base_url end as the server's does (often in /v1)?"
        if got.status in (401, 403):
            sent = "the key was not taken" if self._key else "no key was sent; api_key_env names the variable with it"
            return f"{what}; {sent}"
        if got.status is not None and got.status < 400:
            return f"{what}; redirects are not followed, give the final address"
        return what

    def shown(self, text: str) -> str:
        """What a server said, on one line, short, and without the key even if the server repeats it."""
        line = " ".join("".join(sign if sign.isprintable() else " " for sign in self._without_key(text)).split())
        return line if len(line) <= MOST_SHOWN else f"{line[:MOST_SHOWN]}..."

    def _without_key(self, value: Any) -> Any:
        if self._key is None:
            return value
        if isinstance(value, str):
            return value.replace(self._key, "***")
        if isinstance(value, list):
            return [self._without_key(item) for item in value]
        if isinstance(value, dict):
            return {self._without_key(name): self._without_key(item) for name, item in value.items()}
        return value


@dataclass(frozen=True, slots=True)
class _Got:
    """What came of one request: a body, or the word for its fault and what was said."""

    status: int | None = None
    body: Mapping[str, Any] | None = None
    fault: str | None = None
    said: str = ""
    retry_after: float | None = None


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


def _word(got: _Got) -> str:
    """The word for a fault, looked at closely: `hopeless` is what every further question would meet as well."""
    lowered = got.said.casefold()
    if got.status in (400, 403) and any(sign in lowered for sign in _MODERATED):
        return "content_filter"
    if got.status in (400, 413, 422) and any(sign in lowered for sign in _OVERLONG):
        return "overlong"
    quota = got.status == 429 and any(sign in lowered for sign in _QUOTA)
    moved = got.status is not None and 300 <= got.status < 400
    return "hopeless" if got.status in HOPELESS or quota or moved else str(got.fault)


def _retry_after(headers: Any) -> float | None:
    """Seconds that a server asks to wait, from either form of the header; None where it says nothing sensible."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) * unit
        except ValueError:
            continue
        if math.isfinite(seconds) and seconds >= 0:
            return seconds
    try:
        moment = email.utils.parsedate_to_datetime(headers.get("retry-after", ""))
    except (TypeError, ValueError):
        return None
    return max(0.0, moment.timestamp() - time.time())


def _said(body: Any) -> str:
    """The message in an error's JSON, as the servers write it."""
    if isinstance(body, dict):
        error = body.get("error", body)
        if isinstance(error, dict):
            code = next((error[name] for name in ("code", "type") if isinstance(error.get(name), str)), "")
            message = next((error[name] for name in ("message", "detail", "error") if error.get(name)), error)
            text = message if isinstance(message, str) else json.dumps(message, ensure_ascii=False)
            return f"{code}: {text}" if code and code not in text else text
        return str(error)
    return json.dumps(body, ensure_ascii=False)
