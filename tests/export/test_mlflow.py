"""MLflow: what its own client reads back from a store on this machine."""

import importlib.util
import runpy
from pathlib import Path

import pytest

from harness.__main__ import command

pytestmark = pytest.mark.core

made = runpy.run_path(str(Path(__file__).parent.parent / "made_runs.py"))
make_run, ner_rows, row = made["make_run"], made["ner_rows"], made["row"]
for package in ("mlflow", "sqlalchemy", "alembic"):
    if importlib.util.find_spec(package) is None:
        pytestmark = [pytest.mark.core, pytest.mark.skip(reason=f"left out: {package} is not installed")]


@pytest.mark.filterwarnings("ignore")
def test_its_client_reads_it_back(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    many = [row("m.f1", "micro", n / 400, slice=f"x={n}") for n in range(400)]
    make_run(tmp_path / "results", "a", scores=[*ner_rows(0.5), *many])
    make_run(tmp_path / "results", "b", task="stance", scores=[row("stance.mcc", "pooled", -0.25)])
    for _ in range(2):
        assert command(["export", "results", "--to", "mlflow", "--out", "out"]) == 0
    assert "2 runs in experiment 'harness'" in capsys.readouterr().out
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{tmp_path / 'out' / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("harness")
    assert experiment.artifact_location == (tmp_path / "out" / "artifacts").as_uri()
    runs = client.search_runs([experiment.experiment_id])
    # Exported twice: a tracker keeps every run that it is given.
    assert sorted(run.info.run_name for run in runs) == ["mine/ner/a"] * 2 + ["mine/stance/b"] * 2
    run = next(run for run in runs if run.info.run_name == "mine/ner/a")
    assert run.info.status == "FINISHED"
    metrics = run.data.metrics
    assert (metrics["entity.f1"], metrics["entity.f1.low"], metrics["entity.f1.high"]) == (0.5, 0.4, 0.6)
    assert (metrics["entity.f1.n"], metrics["entity.f1 label:GPE"], metrics["m.f1 x:399"]) == (40.0, 0.5, 399 / 400)
    assert (run.data.params["gold_sha256"], run.data.params["harness_version"]) == ("a" * 64, "0.1.0")
    assert run.data.tags["signature.entity.f1"] == "entity.f1|avg:micro|v:1|map:none"
    assert {path.name for path in tmp_path.iterdir()} == {"results", "out"}


@pytest.mark.filterwarnings("ignore")
def test_a_store_that_the_user_names(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'own.db'}")
    make_run(tmp_path / "results", "a")
    assert command(["export", str(tmp_path / "results"), "--to", "mlflow", "--project", "mine"]) == 0
    assert "the store that MLFLOW_TRACKING_URI names" in capsys.readouterr().out
    assert (tmp_path / "own.db").exists()
    # An address may hold a password, so it is not repeated.
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "nothing://user:CANARYPW@127.0.0.1/x")
    assert command(["export", str(tmp_path / "results"), "--to", "mlflow"]) == 1
    said = capsys.readouterr()
    assert said.err.count("harness:") == 1
    assert "CANARYPW" not in said.out + said.err
