"""Electricity by codecarbon: what is handed to it, what is read, and what happens where it is missing."""

import json
import os
import subprocess
import sys
from importlib.metadata import version
from types import ModuleType, SimpleNamespace

import pytest

from harness import energy
from harness.__main__ import command
from harness.energy import EnergyMeter
from harness.errors import ResourceError
from harness.resources import PACKAGE

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


# Prints what was read, and what was opened for writing or asked of the network meanwhile, imports included.
WATCHED = """
import json, os, sys, tempfile
from harness.energy import EnergyMeter

ASKED = ("connect", "sendto", "sendmsg", "getaddrinfo", "gethostbyname", "gethostbyaddr", "getnameinfo")
NETWORK = {f"socket.{name}" for name in ASKED}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
MAKING = {"os.mkdir", "os.rename", "os.link", "os.symlink", "os.truncate"}
seen = []

def look(event, given):
    if event == "open":
        # A number is a pipe to a program that says what the machine is.
        if given[2] & WRITING and given[0] != os.devnull and not isinstance(given[0], int):
            seen.append([event, str(given[0])])
    elif event in NETWORK | MAKING:
        seen.append([event, repr(given)])

tempfile.gettempdir()  # the first look for it writes a file, whoever asks
sys.addaudithook(look)
with (meter := EnergyMeter()):
    sum(range(10**6))
print(json.dumps([meter.used, seen]))
"""
# What a user may have asked of codecarbon for other programs: files, servers, another way to measure.
OWN_SETTINGS = """[codecarbon]
output_methods = csv,api,prometheus,logfire,boamps
save_to_file = true
output_dir = a folder that is not there
save_to_api = true
emissions_endpoint = http://127.0.0.1:9/
api_endpoint = http://127.0.0.1:9/
electricitymaps_api_token = token
co2_signal_api_token = token
cloud_provider = aws
cloud_region = us-east-1
pue = 7
tracking_mode = process
allow_multiple_runs = false
log_level = debug
"""


def test_the_real_one_reads_offline_whatever_a_user_set(tmp_path):
    (tmp_path / ".codecarbon.config").write_text(OWN_SETTINGS)
    finished = subprocess.run(
        [sys.executable, "-B", "-c", WATCHED], capture_output=True, text=True, cwd=tmp_path, check=False,
        env={"PYTHONPATH": str(PACKAGE.parent), "PATH": os.environ["PATH"], "HOME": str(tmp_path),
             "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    assert (finished.returncode, finished.stderr) == (0, "")
    used, seen = json.loads(finished.stdout)
    assert used["kwh"] > 0
    assert used["kwh"] == pytest.approx(sum(used[f"{name}_kwh"] for name in ("cpu", "gpu", "ram")))
    assert used["by"] == f"codecarbon {version('codecarbon')}"
    assert seen == []
    assert [path.name for path in tmp_path.iterdir()] == [".codecarbon.config"]


def test_a_run_with_the_real_one(tmp_path):
    assert command([*LEAD, f"results={tmp_path}"]) == 0
    run = json.loads((tmp_path / "seed" / "summarization" / "lead" / "run.json").read_text())
    assert run["energy"]["kwh"] > 0
    assert run["energy"]["by"] == f"codecarbon {version('codecarbon')}"
