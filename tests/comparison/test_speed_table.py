"""The table of what runs took: what is shown, what is left out, and the option that asks for it."""

import json
import runpy
from pathlib import Path

import pytest

from harness.__main__ import command

pytestmark = pytest.mark.core
make_run = runpy.run_path(str(Path(__file__).parents[1] / "made_runs.py"))["make_run"]


def measured(folder, **values):
    """A run folder with other measurements in its run.json."""
    file = folder / "run.json"
    run = json.loads(file.read_text())
    file.write_text(json.dumps({**run, **values}))
    return str(folder)


@pytest.fixture
def runs(tmp_path):
    one = measured(
        make_run(tmp_path, model="one"),
        tokens_per_second=1234.5,
        output_tokens_per_second=None,
        peak_memory_bytes=123_400_000,
        peak_gpu_memory_bytes=None,
        energy={"kwh": 0.00321, "by": "codecarbon 3.3.2"},
        cost=0.05,
    )
    two = measured(make_run(tmp_path, model="two"), peak_memory_bytes=50_000_000)
    kept = measured(make_run(tmp_path, model="kept", asked=3), peak_memory_bytes=7)
    return [one, two, kept]


def test_what_runs_took_stands_below_the_scores(runs, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    assert command(["compare", *runs, "--speed"]) == 0
    lines = capsys.readouterr().out.split("\nspeed\n")[1].splitlines()
    heading = next(line for line in lines if line.startswith("task"))
    cells = {line.split()[1]: line.split()[2:] for line in lines if line.startswith("ner")}
    # Nobody wrote tokens, and no GPU was used.
    assert "tokens/s written" not in heading
    assert "GPU" not in heading
    assert cells["one"] == ["1.0", "8.0", "50", "1,234", "123", "3.21", "0.05"]
    assert cells["two"] == ["1.0", "8.0", "50", "–", "50", "–", "–"]
    # Only three of its answers were asked for, so that nothing is known of all.
    assert set(cells["kept"]) == {"–"}
    assert any("kept from an earlier run" in line for line in lines)


def test_for_programs_it_is_unrounded(runs, capsys):
    assert command(["compare", *runs, "--speed", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == "harness.comparison.speed/1"
    rows = {row["model"]: row for row in found["rows"]}
    assert (rows["one"]["tokens_per_second"], rows["one"]["energy_kwh"], rows["one"]["load"]) == (1234.5, 0.00321, 1.0)
    assert rows["two"]["energy_kwh"] is None
    assert rows["kept"]["peak_memory_bytes"] is None


def test_it_is_one_kind_of_record(runs, capsys):
    assert command(["compare", *runs, "--speed", "--pairs", "--format", "csv"]) == 2
    assert "--pairs and --speed" in capsys.readouterr().err


def test_measurements_that_are_no_numbers_are_passed_over(runs, capsys):
    measured(Path(runs[0]), tokens_per_second="fast", energy={"kwh": None})
    assert command(["compare", *runs, "--speed", "--format", "json"]) == 0
    (row,) = [row for row in json.loads(capsys.readouterr().out)["rows"] if row["model"] == "one"]
    assert (row["tokens_per_second"], row["energy_kwh"]) == (None, None)
