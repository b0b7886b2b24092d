"""Electricity by codecarbon: what is handed to it, what is read, and what happens where it is missing."""

import json
import sys
from importlib.util import find_spec
from types import ModuleType, SimpleNamespace

import pytest

from harness import energy
from harness.__main__ import command
from harness.energy import EnergyMeter
from harness.errors import ResourceError

pytestmark = pytest.mark.core
LEAD = ["model=lead", "task=summarization", "energy=true"]


@pytest.fixture
def made_up(monkeypatch):
    """A codecarbon that reads what it is told to; gives its parameters and calls."""
    seen = SimpleNamespace(parameters=[], calls=[], data=None)

    class OfflineEmissionsTracker:
        def __init__(self, **parameters):
            seen.parameters.append(parameters)

        def start(self):
            seen.calls.append("start")

        def stop(self):
            seen.calls.append("stop")
            if seen.data is not None:
                self.final_emissions_data = seen.data

    module = ModuleType("codecarbon")
    module.OfflineEmissionsTracker = OfflineEmissionsTracker
    monkeypatch.setitem(sys.modules, "codecarbon", module)
    monkeypatch.setattr(energy, "find_spec", lambda name: object())
    monkeypatch.setattr(energy, "version", lambda name: "9.9")
    seen.data = SimpleNamespace(energy_consumed=0.6, cpu_energy=0.1, gpu_energy=0.2, ram_energy=0.3)
    return seen


def test_what_was_read(made_up):
    meter = EnergyMeter()
    assert meter.used is None
    with meter:
        assert made_up.calls == ["start"]
    assert meter.used == {"kwh": 0.6, "cpu_kwh": 0.1, "gpu_kwh": 0.2, "ram_kwh": 0.3, "by": "codecarbon 9.9"}
    # A user's own .codecarbon.config could name outputs and servers; what is given here counts more than that.
    (parameters,) = made_up.parameters
    assert parameters["output_methods"] == []
    assert parameters["output_handlers"] == []
    assert parameters["emissions_endpoint"] is None
    assert parameters["force_carbon_intensity_g_co2e_kwh"] == 0.0


def test_a_fault_is_not_hidden_and_the_tracker_ends(made_up):
    with pytest.raises(ValueError, match="of the model"), EnergyMeter():
        raise ValueError("of the model")
    assert made_up.calls == ["start", "stop"]


def test_it_is_missing(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(energy, "find_spec", lambda name: None)
    with pytest.raises(ResourceError, match=r"energy=true needs codecarbon.*pip install codecarbon"), EnergyMeter():
        pass
    assert command([*LEAD, f"results={tmp_path / 'results'}"]) == 2
    assert "pip install codecarbon" in capsys.readouterr().err
    # Nothing was asked, nothing written.
    assert not (tmp_path / "results").exists()


def test_a_run_says_what_its_answers_took_and_its_scores_do_not(made_up, tmp_path, capsys):
    folders = [tmp_path / name / "seed" / "summarization" / "lead" for name in "ab"]
    assert command([*LEAD, f"results={tmp_path / 'a'}"]) == 0
    assert "energy Wh" in capsys.readouterr().out
    assert command([*LEAD[:2], f"results={tmp_path / 'b'}"]) == 0
    runs = [json.loads((folder / "run.json").read_text()) for folder in folders]
    assert [run["energy"] and run["energy"]["kwh"] for run in runs] == [0.6, None]
    for name in ("config.yaml", "scores.json", "scores.csv", "predictions.parquet", "counts.parquet"):
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes(), name
    # Nothing is asked again, so nothing is measured, and what was measured stays.
    made_up.calls.clear()
    assert command([*LEAD, f"results={tmp_path / 'a'}"]) == 0
    assert made_up.calls == []
    assert json.loads((folders[0] / "run.json").read_text())["energy"]["kwh"] == 0.6


def test_nothing_was_read(made_up, tmp_path, capsys):
    made_up.data = None
    assert command([*LEAD, f"results={tmp_path}"]) == 0
    run = json.loads((tmp_path / "seed" / "summarization" / "lead" / "run.json").read_text())
    assert run["energy"] is None
    assert "codecarbon read none" in capsys.readouterr().err


@pytest.mark.skipif(find_spec("codecarbon") is None, reason="left out: codecarbon is not installed")
def test_the_real_one_reads_offline(tmp_path, monkeypatch):
    import socket

    def refuse(*given, **named):
        raise AssertionError("nothing may leave the machine")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    with (meter := EnergyMeter()):
        sum(range(10**6))
    assert meter.used["kwh"] > 0
    assert meter.used["kwh"] == pytest.approx(sum(meter.used[f"{name}_kwh"] for name in ("cpu", "gpu", "ram")))
    assert not list(tmp_path.iterdir())
