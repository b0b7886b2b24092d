"""What a run took: rates, memory, price, and what is kept of an earlier run."""

import json
import sys
from types import SimpleNamespace

import pytest

from harness.measurement import (
    Judging,
    forget_peaks,
    judging,
    judging_before,
    measured_before,
    measurements,
    peak_memory,
    spent_by,
)
from harness.predict import Asked

pytestmark = pytest.mark.core
SECONDS = {"load": 1.0, "predict": 2.0, "score": 9.0}


def test_rates_are_of_what_was_asked():
    counted = {"usage": {"input_tokens": 100, "output_tokens": 30}}
    found = measurements(Asked({}, {}, {}, asked=8, tokens=100), SECONDS, counted, {"kwh": 0.5})
    assert (found["examples_per_second"], found["tokens_per_second"]) == (4.0, 50.0)
    assert found["output_tokens_per_second"] == 15.0
    assert found["seconds"] == SECONDS
    assert found["energy"] == {"kwh": 0.5}
    none = measurements(Asked({}, {}, {}, asked=0, tokens=0), SECONDS, counted, None)
    rates = ("examples_per_second", "tokens_per_second", "output_tokens_per_second", "energy")
    assert [none[name] for name in rates] == [None] * 4
    # A model that writes nothing has no rate of writing.
    assert measurements(Asked({}, {}, {}, asked=8, tokens=100), SECONDS, {}, None)["output_tokens_per_second"] is None


def test_the_peak_of_an_earlier_model_is_forgotten():
    if not sys.platform.startswith("linux"):
        pytest.skip("left out: only Linux can forget")
    block = bytearray(b"x" * (200 * 2**20))
    high = peak_memory()
    del block
    forget_peaks()
    assert high - peak_memory() > 150 * 2**20


def test_memory_of_gpus_is_that_of_all_of_them(monkeypatch):
    forgotten = []
    cuda = SimpleNamespace(
        is_initialized=lambda: True,
        device_count=lambda: 2,
        max_memory_allocated=lambda device: (300, 500)[device],
        reset_peak_memory_stats=forgotten.append,
    )
    asked = Asked({}, {}, {}, asked=1, tokens=1)
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
    forget_peaks()
    assert forgotten == [0, 1]
    assert measurements(asked, SECONDS, {}, None)["peak_gpu_memory_bytes"] == 800
    # Where none is in use, asking would initialise it.
    cuda.is_initialized = lambda: False
    assert measurements(asked, SECONDS, {}, None)["peak_gpu_memory_bytes"] is None


def test_what_was_spent_before_is_added():
    counted = {"cost": 0.5, "usage": {"input_tokens": 10, "output_tokens": 2}, "answered_by": [{"model": "b"}]}
    model = SimpleNamespace(spent=lambda: counted)
    assert spent_by(model, None) == counted
    before = {"cost": 1.0, "usage": {"input_tokens": 5}, "answered_by": [{"model": "a"}, {"model": "b"}]}
    assert spent_by(model, before) == {
        "cost": 1.5,
        "usage": {"input_tokens": 15, "output_tokens": 2},
        "answered_by": [{"model": "a"}, {"model": "b"}],
    }
    assert spent_by(model, {**before, "cost": None})["cost"] is None
    assert spent_by(SimpleNamespace(), before) == {}


def test_only_a_complete_run_says_what_it_took(tmp_path):
    took = {"asked": 3, "seconds": SECONDS, "energy": {"kwh": 1.0}, "cost": 2.0}
    for status, kept in (("started", {}), ("complete", took)):
        (tmp_path / "run.json").write_text(json.dumps({"status": status, "files": {}, **took}))
        assert measured_before(tmp_path) == kept


# ---- judges ---------------------------------------------------------------------------------------------------------


def took(metric, judge, asked, cost, **usage):
    by = ({"model": f"of {metric}"},)
    return Judging(metric=metric, judge=judge, asked=asked, seconds=1.0, usage=usage or None, cost=cost, answered_by=by)


def test_what_a_judge_took_is_added_up_by_metric():
    several = [
        took("a", "x", 2, 0.5, requests=2),
        took("b", "x", 1, 0.25, requests=1),
        took("a", "x", 3, 1, requests=4),
    ]
    found = judging({"a": "x", "b": "x", "c": "y"}, several)
    assert found["a"] == {
        "judge": "x", "asked": 5, "seconds": 2.0, "usage": {"requests": 6}, "cost": 1.5,
        "answered_by": ({"model": "of a"},),
    }  # fmt: skip
    assert (found["b"]["asked"], found["b"]["cost"]) == (1, 0.25)
    nothing = {"judge": "y", "asked": 0, "seconds": 0.0, "usage": None, "cost": None, "answered_by": ()}
    assert found["c"] == nothing


def test_a_price_that_is_not_known_of_a_part_is_not_known_of_the_whole():
    assert judging({"a": "x"}, [took("a", "x", 1, 1.0), took("a", "x", 1, None)])["a"]["cost"] is None
    assert judging({"a": "x"}, [took("a", "x", 1, None), took("a", "x", 1, 1.0)])["a"]["cost"] is None


def test_what_a_metric_took_that_is_gone_counts_for_the_one_that_uses_its_findings():
    several = [took("gone", "x", 2, 0.5, requests=2), took("b", "x", 1, 0.25, requests=1), took("b", "other", 9, 9.0)]
    found = judging({"a": "x", "b": "x"}, several)
    assert {name: one["asked"] for name, one in found.items()} == {"a": 2, "b": 1}
    assert sum(one["cost"] for one in found.values()) == 0.75


def test_only_of_findings_that_are_used_it_is_known_what_they_took(tmp_path):
    several = [took("a", "x", 1, 1.0), took("b", "y", 2, None)]
    stored = judging({"a": "x", "b": "y"}, several)
    (tmp_path / "run.json").write_text(json.dumps({"status": "complete", "judging": stored}))
    (found,) = judging_before(tmp_path, {"y"})
    assert (found.metric, found.judge, found.asked, list(found.answered_by)) == ("b", "y", 2, [{"model": "of b"}])
    assert judging_before(tmp_path, set()) == []
    for broken in ({}, {"judging": {"a": {"more": 1}}}, {"judging": []}, []):
        (tmp_path / "run.json").write_text(json.dumps(broken))
        assert judging_before(tmp_path, {"x", "y"}) == []
    (tmp_path / "run.json").unlink()
    assert judging_before(tmp_path, {"x", "y"}) == []
