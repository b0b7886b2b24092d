"""What a server, a program or a library said, fit for a message: without secrets, on one line, and short."""

import os
import re
from typing import Any

MOST_SHOWN = 200
_SECRET = re.compile(r"(?:key|token|secret|password|passwd|credentials?)$", re.IGNORECASE)


def without(value: Any, secret: str | None) -> Any:
    """A JSON value or a text with `***` wherever a secret stands in it, in keys too; None is no secret.

    Example:
        >>> without({"error": ["Bearer abc"]}, "abc")
        {'error': ['Bearer ***']}
    """
    if secret is None:
        return value
    if isinstance(value, str):
        return value.replace(secret, "***")
    if isinstance(value, list):
        return [without(item, secret) for item in value]
    if isinstance(value, dict):
        return {without(name, secret): without(item, secret) for name, item in value.items()}
    return value


def redacted(text: str) -> str:
    """A text without the values of environment variables that are named like secrets."""
    for name, value in os.environ.items():
        if len(value) >= 8 and _SECRET.search(name):
            text = str(without(text, value))
    return text


def printable(text: str) -> str:
    r"""A text, redacted, on one line and without what could act on a terminal.

    Example:
        >>> printable("a\x1b[2J")
        'a\\x1b[2J'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in redacted(text))


def shown(text: str, secret: str | None = None) -> str:
    r"""A text on one line and short, without a secret that it repeats.

    Example:
        >>> shown("no such key:\n  abc", "abc")
        'no such key: ***'
    """
    line = " ".join("".join(c if c.isprintable() else " " for c in without(text, secret)).split())
    return line if len(line) <= MOST_SHOWN else f"{line[:MOST_SHOWN]}..."


def shortened(fault: BaseException) -> str:
    """What a library said when it failed; the kind of fault where it said nothing."""
    return shown(str(fault)) or type(fault).__name__
