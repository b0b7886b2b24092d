"""The error limit, measurements, and faults of one task among others."""

import pytest

from harness.config import FailOnError
from harness.evaluate import _peak_memory, _reset_peak_memory, measurements, over_error_limit
from harness.predict import Asked
from harness.records import BINS

pytestmark = pytest.mark.core


def ledger(total, **bins):
    bins = {**dict.fromkeys(BINS, 0), **bins}
    return {"examples": {"total": total, **bins, "scored": total - sum(bins.values())}}


@pytest.mark.parametrize(
    ("lost", "limit", "over"),
    [
        (0, {}, False),
        (1, {}, True),
        (3, {"share": 0.3}, False),
        (3, {"share": 0.29}, True),
        (3, {"share": 1.0, "count": 3}, False),
        (3, {"share": 1.0, "count": 2}, True),
        (3, {"share": 0.0, "count": 9}, True),
    ],
)
def test_share_and_count_are_two_limits(lost, limit, over):
    for name in ("failed", "missing", "unparsed", "nonfinite"):
        reason = over_error_limit(ledger(10, **{name: lost}), FailOnError(**limit), "ner")
        assert (reason is not None) is over
        if over:
            assert f"{lost} of 10 examples have no scored answer ({name} {lost})" in reason
            assert "fail_on_error.share" in reason


def test_only_entities_are_advised_on_entities():
    advice = "a document without entities is answered by a line"
    assert advice in over_error_limit(ledger(10, missing=1), FailOnError(), "ner")
    assert advice not in over_error_limit(ledger(10, missing=1), FailOnError(), "summarization")


def test_nothing_at_all_is_within_the_limit():
    assert over_error_limit(ledger(0), FailOnError(), "ner") is None


def test_rates_are_of_what_was_asked():
    seconds = {"load": 1.0, "predict": 2.0, "score": 9.0}
    found = measurements(Asked({}, {}, {}, asked=8, tokens=100), seconds)
    assert (found["examples_per_second"], found["tokens_per_second"]) == (4.0, 50.0)
    none = measurements(Asked({}, {}, {}, asked=0, tokens=0), seconds)
    assert (none["examples_per_second"], none["tokens_per_second"]) == (None, None)


def test_the_peak_of_an_earlier_model_is_forgotten():
    import sys

    if not sys.platform.startswith("linux"):
        pytest.skip("left out: only Linux can forget")
    block = bytearray(b"x" * (200 * 2**20))
    high = _peak_memory()
    del block
    _reset_peak_memory()
    assert high - _peak_memory() > 150 * 2**20


def test_a_run_that_asks_nothing_keeps_the_speed_of_the_one_that_did(tmp_path, capsys):
    import json

    from harness.__main__ import command

    arguments = ["model=lead", f"results={tmp_path}"]
    assert command(arguments) == 0
    file = tmp_path / "seed" / "summarization" / "lead" / "run.json"
    first = json.loads(file.read_text())
    assert command(arguments) == 0
    second = json.loads(file.read_text())
    for name in ("asked", "examples_per_second", "seconds", "peak_memory_bytes"):
        assert second[name] == first[name]
    assert first["asked"] == 3
