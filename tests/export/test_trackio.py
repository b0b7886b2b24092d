"""Trackio: what lies in its SQLite file, on this machine and nowhere else."""

import importlib.util
import json
import runpy
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.core,
    pytest.mark.skipif(importlib.util.find_spec("trackio") is None, reason="left out: trackio is not installed"),
]

made = runpy.run_path(str(Path(__file__).parent.parent / "made_runs.py"))
make_run, ner_rows = made["make_run"], made["ner_rows"]


def test_its_file_has_the_scores(tmp_path, monkeypatch):
    for name in ("TRACKIO_DIR", "TRACKIO_SPACE_ID", "TRACKIO_SERVER_URL"):
        monkeypatch.delenv(name, raising=False)
    make_run(tmp_path / "results", "a", scores=ner_rows(0.5))
    arguments = ["export", str(tmp_path / "results"), "--to", "trackio", "--out", str(tmp_path / "out")]
    # In a process of its own, because the package reads its folder once.
    paths = f"import sys; sys.path[:] = {sys.path!r}"
    code = f"{paths}; from harness.__main__ import command; sys.exit(command({arguments!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    out = tmp_path / "out"
    assert done.stdout == f"{out}: 1 run in project 'harness'; TRACKIO_DIR={out} trackio show --project harness\n"
    with closing(sqlite3.connect(tmp_path / "out" / "harness.db")) as store:
        ((name, metrics),) = store.execute("select run_name, metrics from metrics").fetchall()
        ((config,),) = store.execute("select config from configs").fetchall()
    metrics, config = json.loads(metrics), json.loads(config)
    assert name == "mine/ner/a"
    assert (metrics["entity.f1"], metrics["entity.f1.low"], metrics["entity.f1.n"]) == (0.5, 0.4, 40.0)
    assert config["gold_sha256"] == "a" * 64
    assert config["signature.entity.f1"] == "entity.f1|avg:micro|v:1|map:none"
