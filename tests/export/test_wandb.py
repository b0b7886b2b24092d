"""Weights & Biases: offline, nothing outside the folder, and its own reader finds the scores."""

import importlib.util
import json
import runpy
from pathlib import Path

import pytest

from harness.__main__ import command

pytestmark = [
    pytest.mark.core,
    pytest.mark.skipif(importlib.util.find_spec("wandb") is None, reason="left out: wandb is not installed"),
]

made = runpy.run_path(str(Path(__file__).parent.parent / "made_runs.py"))
make_run, ner_rows = made["make_run"], made["ner_rows"]


@pytest.mark.filterwarnings("ignore")
def test_offline_and_complete(tmp_path, capsys, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in ("WANDB_MODE", "WANDB_DIR", "WANDB_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    make_run(tmp_path / "results", "a", scores=ner_rows(0.5))
    assert command(["export", str(tmp_path / "results"), "--to", "wandb", "--out", str(tmp_path / "out")]) == 0
    assert "1 run in project 'harness', mode offline" in capsys.readouterr().out
    (folder,) = (tmp_path / "out" / "wandb").glob("offline-run-*")
    (table,) = (folder / "files" / "media" / "table").glob("scores_*.table.json")
    content = json.loads(table.read_text(encoding="utf-8"))
    rows = [dict(zip(content["columns"], one, strict=True)) for one in content["data"]]
    assert [one["signature"] for one in rows if one["average"] == "macro"] == ["entity.f1|avg:macro|v:1|map:none"]
    assert {(one["value"], one["low"], one["high"], one["n"]) for one in rows} == {(0.5, 0.4, 0.6, 40)}
    stored = b"".join(path.read_bytes() for path in folder.glob("*.wandb"))
    for text in ("entity.f1 label:GPE", "entity.f1.low", "gold_sha256", "a" * 64, "mine/ner/a"):
        assert text.encode() in stored
    assert not list(home.rglob("*wandb*"))
