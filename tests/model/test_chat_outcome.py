"""How long a server asks to wait; what else a response says is tested with a server (`test_chat_client.py`)."""

import time
from email.utils import formatdate

import pytest

from harness.model.chat_outcome import _retry_after

pytestmark = pytest.mark.core


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "2"}, 2.0),
        ({"retry-after-ms": "250", "retry-after": "2"}, 0.25),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": formatdate(0, usegmt=True)}, 0.0),
    ],
)
def test_how_long_to_wait(headers, seconds):
    assert _retry_after(headers) == seconds


def test_a_date_to_wait_for():
    assert 3000 < _retry_after({"retry-after": formatdate(time.time() + 3600, usegmt=True)}) <= 3600
