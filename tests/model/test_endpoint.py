"""An endpoint's address, and the key that it is asked with."""

import pytest

from harness.errors import ResourceError
from harness.model.endpoint import checked_base_url, is_loopback, read_key

pytestmark = pytest.mark.core
KEY = "sk-CANARY123"


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://127.0.0.1:8000/v1", True),
        ("http://localhost/v1", True),
        ("http://[::1]:8000/v1", True),
        ("https://api.example.org/v1", False),
        ("http://127.0.0.1.example.org/v1", False),
        ("http://10.0.0.1/v1", False),
    ],
)
def test_addresses(url, loopback):
    assert checked_base_url(url + "/") == url
    assert is_loopback(url) is loopback


@pytest.mark.parametrize(
    "url",
    ["", "x", "ftp://h/v1", "http://", "http://h:99999/v1", "http://h:x/v1", "http://u:CANARY@h/v1", "http://CANARY@h",
     "http://h/v1?api_key=CANARY", "http://h/v1#CANARY"],
)  # fmt: skip
def test_no_addresses(url):
    with pytest.raises(ValueError, match="base_url") as fault:
        checked_base_url(url)
    assert "CANARY" not in str(fault.value)


def test_keys(monkeypatch):
    monkeypatch.setenv("MINE", f"  {KEY}\n")
    assert read_key("MINE") == KEY
    assert read_key(None) is None
    for value in ("", "   ", "CAN ARY", "CANÄRY", "CAN\tARY"):
        monkeypatch.setenv("MINE", value)
        with pytest.raises(ResourceError, match="MINE") as fault:
            read_key("MINE")
        assert "ARY" not in str(fault.value)
