"""What every target shares: which targets there are, what is said of a run, and that nothing private is."""

import json
import runpy
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness import config
from harness.__main__ import command
from harness.errors import UsageError
from harness.export.base import Options, environment, export_to, hub_name, identity, scores_of, targets
from harness.export.tracked import flat, signatures
from harness.files import write_json
from harness.run_folder import read_run

pytestmark = pytest.mark.core

made = runpy.run_path(str(Path(__file__).parent.parent / "made_runs.py"))
make_run, ner_rows, row = made["make_run"], made["ner_rows"], made["row"]


def test_the_file_is_the_registration():
    assert list(targets()) == ["eee", "mlflow", "model-index", "parquet", "trackio", "wandb"]
    for target in targets():
        assert callable(export_to(target))
    with pytest.raises(UsageError, match="did you mean 'wandb'"):
        export_to("wandbb")


def test_a_plugin_brings_a_target(monkeypatch):
    module = SimpleNamespace(export=lambda runs, out, options: "sent")
    plugin = SimpleNamespace(name="elsewhere", load=lambda: module)
    monkeypatch.setattr(config, "entry_points", lambda group: [plugin] if group == "harness.export" else [])
    assert export_to("elsewhere") is module.export
    with pytest.raises(UsageError, match="did you mean 'elsewhere'"):
        export_to("elsewher")


@pytest.mark.parametrize("target", targets())
def test_every_target_wants_a_place_and_writes_nothing_else(target, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("MLFLOW_TRACKING_URI", "TRACKIO_DIR", "TRACKIO_SPACE_ID", "TRACKIO_SERVER_URL"):
        monkeypatch.delenv(name, raising=False)
    make_run(tmp_path / "results", "a")
    assert command(["export", "results", "--to", target]) == 2
    assert "needs --out" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["results"]


@pytest.mark.parametrize("target", ["mlflow", "wandb", "trackio"])
def test_a_missing_package_is_named(target, tmp_path, capsys, monkeypatch):
    make_run(tmp_path / "results", "a")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    for name in ("sqlalchemy", target):
        monkeypatch.setitem(sys.modules, name, None)
    assert command(["export", str(tmp_path), "--to", target, "--out", str(tmp_path / "out")]) == 2
    assert "pip install" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--to", "eee", "--out", "x", "--with-texts"], "has scores and no texts"),
        (["--to", "eee", "--out", "results/mine/ner/a/run.json"], "expected a folder"),
        (["--to", "eee", "--out", "x", "--metric", "entity.f2"], "did you mean 'entity.f1'"),
        (["--to", "eee", "--out", "x", "--project", " "], "expected a name"),
        (["--out", "x"], "--to"),
        (["--to", "eee", "--outt", "x"], "did you mean '--out'"),
    ],
)
def test_faults_of_the_command_line(arguments, said, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_run("results", "a")
    assert command(["export", "results", *arguments]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_runs_without_scores_are_named_and_left_out(tmp_path, capsys):
    make_run(tmp_path / "results", "whole")
    torn = make_run(tmp_path / "results", "torn")
    write_json(torn / "run.json", {"status": "error", "reason": "no space"})
    assert command(["export", str(tmp_path / "results"), "--to", "eee", "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr()
    assert "1 record" in said.out
    assert "left out: mine/ner/torn" in said.err
    assert "no space" in said.err
    (torn / "run.json").write_text("torn", encoding="utf-8")
    assert command(["export", str(torn), "--to", "eee", "--out", str(tmp_path / "out2")]) == 2


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        (None, None, "no such folder"),
        ("run.json", None, "run.json is missing"),
        ("run.json", '{"status": "started"}', "this run is 'started', not complete"),
        ("run.json", "{", "unreadable"),
        ("scores.json", '{"schema": "harness.scores/9", "harness": "9.0"}', "use harness 9.0 or newer"),
        ("scores.json", None, "scores.json is missing"),
        ("predictions.parquet", "PAR1", "was altered since the run"),
        ("config.yaml", "model: {name: other}", "was altered since the run"),
    ],
)
@pytest.mark.parametrize("target", ["eee", "model-index", "parquet"])
def test_a_run_that_cannot_be_read(target, file, content, said, tmp_path, capsys):
    folder = make_run(tmp_path / "results", "a")
    if file is None:
        shutil.rmtree(folder)
    elif content is None:
        (folder / file).unlink()
    else:
        (folder / file).write_text(content, encoding="utf-8")
    assert command(["export", str(folder), "--to", target, "--out", str(tmp_path / "out")]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert said in err
    assert [path.name for path in tmp_path.iterdir()] == ["results"]


def test_nothing_private_is_said(tmp_path):
    """Prompts may quote documents, and paths name people."""
    folder = make_run(tmp_path, "a")
    run = read_run(folder)
    run.scores["model"]["signature"] = {"kind": "hf_causal", "prompt": "Quagmire said", "path": "/home/somebody/x"}
    run.config["model"]["path"] = "/home/somebody/x"
    said = json.dumps([identity(run), flat(run, Options()), signatures(run, Options())])
    assert "Quagmire" not in said
    assert "somebody" not in said
    assert hub_name(run) is None


def test_a_hub_name_is_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = make_run(tmp_path, "a")
    run = read_run(folder)
    for path, found in (("owner/name", "owner/name"), ("./name", None), ("/owner/name", None), ("a/b/c", None)):
        run.config["model"] = {"name": "a", "ner": {"kind": "hf_tagger", "path": path}}
        assert hub_name(run) == found
    (tmp_path / "owner" / "name").mkdir(parents=True)
    run.config["model"]["ner"]["path"] = "owner/name"
    assert hub_name(run) is None


def test_scores_know_their_direction_and_range(tmp_path):
    rows = [
        row("entity.f1", "micro", 0.5),
        row("abstract.copied", "mean", 0.3),
        row("length.words", "mean", 0.5),
        row("entity.f1", "count", 1.0),
    ]
    run = read_run(make_run(tmp_path, "a", scores=rows))
    found = {score.key.metric + score.key.average: score for score in scores_of(run, Options())}
    assert (found["entity.f1micro"].fraction, found["entity.f1micro"].lower_is_better) == (True, False)
    assert found["length.wordsmean"].fraction is False
    assert found["entity.f1count"].fraction is False
    run.run["imported"] = {"tool": "x", "version": "1", "lower_is_better": ["abstract.copied"]}
    found = {score.key.metric: score for score in scores_of(run, Options())}
    assert found["abstract.copied"].lower_is_better is True


def test_flat_names_are_what_every_tracker_takes(tmp_path):
    slices = ["all", "label=GPE", "x=a/b", "x=a_b", "x=../up", "x=é", "x=" + "y" * 300, "x= ", "x=a=b"]
    rows = [row("m.f1", average, 0.5, 0.4, 0.6, slice=one) for one in slices for average in ("micro", "macro")]
    rows.append(row("m.none", "micro", None))
    run = read_run(make_run(tmp_path, "a", scores=rows))
    found = flat(run, Options())
    assert found["m.f1"] == found["m.f1/macro"] == found["m.f1 label:GPE"] == 0.5
    assert (found["m.f1.low"], found["m.f1.high"], found["m.f1.n"]) == (0.4, 0.6, 40.0)
    assert not any(name.startswith("m.none") for name in found)
    scores = [name for name in found if name.startswith("m.f1") and not name.endswith((".low", ".high", ".n"))]
    assert len(scores) == len(rows) - 1
    for name in found:
        assert len(name) <= 250
        assert all(character.isascii() and (character.isalnum() or character in "_-. :/") for character in name)
        assert ".." not in name.split("/")
    assert found["ledger.examples.total"] == 400.0
    assert found["speed.seconds.predict"] == 8.0


def test_metrics_that_were_asked_for(tmp_path):
    run = read_run(make_run(tmp_path, "a", scores=ner_rows(0.5)))
    chosen = Options(metrics=("entity.f1@label=GPE", "entity.recall"))
    assert [score.name for score in scores_of(run, chosen)] == ["entity.recall", "entity.f1@label=GPE"]
    assert set(signatures(run, chosen)) == {"entity.recall", "entity.f1 label:GPE"}


def test_environment_is_put_back(monkeypatch):
    import os

    monkeypatch.setenv("OF_THE_USER", "a")
    monkeypatch.delenv("OURS", raising=False)
    with environment(OF_THE_USER="b", OURS="c"):
        assert (os.environ["OF_THE_USER"], os.environ["OURS"]) == ("a", "c")
    assert os.environ["OF_THE_USER"] == "a"
    assert "OURS" not in os.environ
