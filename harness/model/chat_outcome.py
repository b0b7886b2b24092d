"""What one request to an endpoint came to: a body, or a fault with the word for it and what may be done about it."""

import email.utils
import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.said import shown, without

# Statuses after which the same request may succeed; 409 and 425 are those of servers that are still warming up.
RETRIED = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529})
# Statuses that every further request would have too: key, balance, path or model, method.
HOPELESS = frozenset({401, 402, 403, 404, 405})
# Faults without such a status that may pass.
PASSING = frozenset({"timeout", "connection", "bad_body"})
_QUOTA = ("insufficient_quota", "billing_hard_limit_reached", "billing_not_active")
_MODERATED = ("moderation", "flagged", "content_filter", "content_policy", "content management policy")
_OVERLONG = ("context_length_exceeded", "maximum context length", "context window", "exceeds the available context")


@dataclass(frozen=True, slots=True)
class Outcome:
    """A body, or a fault.

    Args:
        status: The status; None where no reply came.
        body: The reply; None where there is a fault.
        fault: `timeout`, `connection`, `bad_body`, `too_long`, or `http_` and the status; None where there is a body.
        said: What the server said, in a short line without the key.
        retry_after: Seconds that it asks to wait.
    """

    status: int | None = None
    body: Mapping[str, Any] | None = None
    fault: str | None = None
    said: str = ""
    retry_after: float | None = None

    @property
    def word(self) -> str:
        """The word for the fault, looked at closely; for some statuses it is what a single text meets."""
        lowered = self.said.casefold()
        if self.status in (400, 403) and any(sign in lowered for sign in _MODERATED):
            return "content_filter"
        if self.status in (400, 413, 422) and any(sign in lowered for sign in _OVERLONG):
            return "overlong"
        return str(self.fault)

    @property
    def is_hopeless(self) -> bool:
        """Whether every further question would meet it as well."""
        quota = self.status == 429 and any(sign in self.said.casefold() for sign in _QUOTA)
        return self.word != "content_filter" and (self.status in HOPELESS or quota or self.is_redirect)

    @property
    def is_redirect(self) -> bool:
        """Whether the server names another address."""
        return self.status is not None and 300 <= self.status < 400

    @property
    def may_pass(self) -> bool:
        """Whether the same request may succeed later."""
        return self.fault in PASSING or self.status in RETRIED


def read_response(response: Any, key: str | None) -> Outcome:
    """What a whole response is.

    Args:
        response: The client library's.
        key: Taken out of all that it says.
    """
    status, text = response.status_code, str(response.text)
    waits = _retry_after(response.headers)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None

    def faulty(said: str, code: int = status, fault: str | None = None) -> Outcome:
        return Outcome(code, fault=fault or f"http_{code}", said=shown(said, key), retry_after=waits)

    if 300 <= status < 400:
        return faulty(f"to {response.headers.get('location', '')}")
    if status >= 300:
        return faulty(text if found is None else _said(found))
    if not isinstance(found, dict):
        kind = str(response.headers.get("content-type", "")).partition(";")[0] or "something"
        return faulty(f"expected a JSON object, found {kind}: {text}", fault="bad_body")
    error = found.get("error")
    if error and not found.get("choices"):
        # Some routers send the provider's fault with status 200.
        code = error.get("code") if isinstance(error, dict) else None
        if isinstance(code, int) and 400 <= code < 600:
            return faulty(_said(found), code)
        return faulty(_said(found), fault="bad_body")
    return Outcome(status, body=without(found, key))


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
