"""What the tests of formats share."""

import os
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent

# Emoji beyond the BMP, CRLF, a combining mark, right to left, a no-break space and U+2028: where offsets go wrong.
HARD_TEXT = (
    "Zoe\u0301 \U0001f600 lives in Tel Aviv.\r\nהיא גרה ב\u200fתל אביב\u2028 10\u00a0km \U0001f469\u200d\U0001f680 NASA"
)


@pytest.fixture
def data() -> Path:
    """The made-up files beside these tests."""
    return HERE / "data"


@pytest.fixture
def shared_data() -> Path:
    """Published corpora that are not part of the repository."""
    folder = Path(os.environ.get("HARNESS_DATA", HERE.parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("agreement with published corpora left out: no data folder (HARNESS_DATA)")
    return folder


@pytest.fixture
def hard_text() -> str:
    """A text in which code points, UTF-16 units, bytes and lines all count differently."""
    return HARD_TEXT


@pytest.fixture
def hard_spans() -> list[tuple[int, int, str]]:
    """Places in `hard_text`, found by search, not by counting."""
    return [
        (HARD_TEXT.index(name), HARD_TEXT.index(name) + len(name), label)
        for name, label in [("Zoe\u0301", "PER"), ("Tel Aviv", "LOC"), ("תל אביב", "LOC"), ("NASA", "ORG")]
    ]
