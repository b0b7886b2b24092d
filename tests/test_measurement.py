"""What a run took: rates, memory, price, and what is kept of an earlier run."""

import json
import sys
from types import SimpleNamespace

import pytest

from harness.measurement import forget_peaks, measured_before, measurements, peak_memory, spent_by
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
