"""The project's own baseline: what is committed, and how it is made again."""

import json
import re
import runpy
import shutil
import tempfile
from pathlib import Path

import pytest
import yaml

from harness.__main__ import command
from harness.gate.check import check
from harness.gate.gates import load_gate
from harness.run_folder import find_runs, read_run
from tools.baseline import BASELINE, FILES, ROOT, update

pytestmark = pytest.mark.core
made = runpy.run_path(str(Path(__file__).parent / "made_gate.py"))


def test_the_baseline_has_every_model_of_its_experiment():
    params = yaml.safe_load((ROOT / "conf/experiment/regression.yaml").read_text(encoding="utf-8"))["hydra"]["sweeper"]
    runs = [read_run(folder) for folder in find_runs(BASELINE)]
    assert {run.scores["model"]["name"] for run in runs} == set(params["params"]["model"].split(","))
    assert {run.scores["task"] for run in runs} == {"ner", "stance", "summarization"}


def test_the_baseline_is_small_and_names_no_machine():
    files = [file for file in BASELINE.rglob("*") if file.is_file()]
    assert {file.name for file in files} == {*FILES, "run.json"}
    assert sum(file.stat().st_size for file in files) < 1_000_000
    for file in files:
        content = file.read_bytes()
        for path in ("/home/", "/root/", "/Users/", tempfile.gettempdir(), str(Path.home()), str(ROOT)):
            assert path.encode() not in content, file
        if file.suffix != ".parquet":
            # No absolute path at all, of this machine or another.
            assert not re.search(rb"(?<![\w:/.])/\w", content), file
    for folder in find_runs(BASELINE):
        assert set(json.loads((folder / "run.json").read_text())) == {"status", "versions", "files"}


def test_a_model_without_weights_answers_as_the_baseline_says(tmp_path):
    assert command(["model=majority", "metric=[stance_favg]", "fresh=true", f"results={tmp_path}"]) == 0
    place = "seed/stance/majority"
    verdict = check([tmp_path / place], baseline=BASELINE / place, gate=load_gate("unchanged"))
    assert verdict.exit_code == 0, verdict.text
    assert [finding.check for finding in verdict.findings] == ["stance.favg", "answers", "ledger: lost"]


def test_updating_says_what_moved_and_touches_nothing_else(tmp_path):
    gold = made["make_gold"](tmp_path / "gold", 10)
    answers = [{**one, "label": "favor"} for one in gold]
    for name in ("one", "two"):
        made["store"](tmp_path / "gold", answers, tmp_path / "results", name=name)
    baseline = tmp_path / "baseline"
    assert [line.rpartition(": ")[2] for line in update(tmp_path / "results", baseline)] == ["new", "new"]
    before = {file: file.read_bytes() for file in baseline.rglob("*.*")}
    # Made again, nothing moved: times are no part of it.
    for name in ("one", "two"):
        made["store"](tmp_path / "gold", answers, tmp_path / "results", "fresh=true", name=name)
    assert update(tmp_path / "results", baseline) == []
    assert {file: file.read_bytes() for file in baseline.rglob("*.*")} == before
    changed = [{**answers[0], "label": "against"}, *answers[1:]]
    (one,) = (tmp_path / "results").glob("made/stance/one*")
    shutil.rmtree(tmp_path / "results")
    place = made["store"](tmp_path / "gold", changed, tmp_path / "results", name="one")
    assert place == one
    lines = update(tmp_path / "results", baseline)
    assert any("1 of 20 answers changed" in line for line in lines)
    assert any("d000" in line and "favor -> against" in line for line in lines)
    assert any("stance.favg/pooled: " in line for line in lines)
    assert lines[-1].endswith(": gone")
    assert check([tmp_path / "results"], baseline=baseline, gate=load_gate("unchanged")).exit_code == 0
    assert len(find_runs(baseline)) == 1
