"""Where an endpoint is, and the key that it is asked with."""

import ipaddress
import os
from urllib.parse import urlsplit

from harness.errors import ResourceError


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
