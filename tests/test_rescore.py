"""Stored runs scored again: byte for byte, without a model, and only against what was answered."""

import json
import os
import subprocess
import sys

import pytest

from harness.__main__ import command
from harness.errors import ConfigError, HarnessError, RunError
from harness.rescore import reopen, rescore
from harness.run_folder import write_run

pytestmark = pytest.mark.core

FILES = ("config.yaml", "predictions.parquet", "counts.parquet", "scores.csv", "scores.json")


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run of records over three documents with sentences."""
    monkeypatch.chdir(tmp_path)
    texts = {f"d{n}": "Anna sang. Bob left." for n in range(3)}
    for name in ("docs", "gold", "system"):
        (tmp_path / name).mkdir()
    lines("docs/documents.jsonl", [{"id": name, "text": text} for name, text in texts.items()])
    lines("gold/sentences.jsonl", [{"doc": d, "id": f"s{n}", "start": a, "end": b, "zone": "body"}
                                   for d in texts for n, (a, b) in enumerate([(0, 10), (11, 20)])])  # fmt: skip
    entities = [{"doc": d, "start": 11, "end": 14, "label": "PER", "text": "Bob"} for d in texts]
    lines("gold/entities.jsonl", entities)
    lines("system/entities.jsonl", [*entities[:2], {"doc": "d2"}])
    forget()
    assert command(["model=predictions", "model.path=system", "model.name=mine", "data=local", "data.name=own",
                    "task=ner", "data.documents=docs", "data.gold=gold", "interval.resamples=100"]) == 0  # fmt: skip
    (folder,) = (tmp_path / "results/own/ner").iterdir()
    return folder


def forget():
    """A process reads a corpus once."""
    from harness import plan

    plan._corpora.clear()


def lines(path, records):
    with open(path, "w", encoding="utf-8") as stream:
        stream.writelines(json.dumps(record) + "\n" for record in records)


def contents(folder):
    return {name: (folder / name).read_bytes() for name in FILES}


def test_nothing_changed_nothing_changes(run):
    before = contents(run)
    forget()
    outcome = rescore(run)
    assert (outcome.status, outcome.exit_code) == ("complete", 0)
    assert contents(run) == before
    assert not list(run.glob(".*"))


def test_what_was_measured_is_kept(run):
    before = json.loads((run / "run.json").read_text())
    rescore(run)
    after = json.loads((run / "run.json").read_text())
    assert after["seconds"] == before["seconds"]
    assert after["files"] == before["files"]


@pytest.mark.parametrize("name", ["counts.parquet", "scores.csv"])
def test_altered_scores_are_made_again(run, name):
    before = contents(run)
    (run / name).write_bytes(b"altered")
    with pytest.raises(RunError, match="altered"):
        reopen(run)
    rescore(run)
    assert contents(run) == before
    reopen(run)


def test_an_altered_value_is_put_right(run):
    before = contents(run)
    scores = json.loads((run / "scores.json").read_text())
    scores["scores"][0]["value"] = 1.0
    (run / "scores.json").write_text(json.dumps(scores))
    rescore(run)
    assert contents(run) == before


@pytest.mark.parametrize("name", ["config.yaml", "predictions.parquet"])
def test_altered_answers_are_refused(run, name):
    content = bytearray((run / name).read_bytes())
    # At the very end of YAML a space changes nothing but the hash.
    (run / name).write_bytes(content + b" " if name == "config.yaml" else bytes(reversed(content)))
    with pytest.raises(RunError):
        rescore(run)


def test_new_gold_gives_new_scores(run, tmp_path):
    lines("gold/entities.jsonl", [{"doc": f"d{n}"} for n in range(3)])
    forget()
    rescore(run)
    scores = json.loads((run / "scores.json").read_text())["scores"]
    precision = next(
        r for r in scores if (r["metric"], r["average"], r["slice"]) == ("entity.precision", "micro", "all")
    )
    assert precision["value"] == 0.0


def test_other_documents_are_refused(run):
    lines("docs/documents.jsonl", [{"id": f"d{n}", "text": "Anna sang. Bob left!"} for n in range(3)])
    forget()
    before = contents(run)
    with pytest.raises(RunError, match="the documents changed"):
        rescore(run)
    assert contents(run) == before


def test_other_sentences_are_refused(run):
    lines("gold/sentences.jsonl", [{"doc": f"d{n}", "id": f"s{k}", "start": a, "end": b, "zone": "body"}
                                   for n in range(3) for k, (a, b) in enumerate([(0, 4), (5, 20)])])  # fmt: skip
    forget()
    with pytest.raises(RunError, match="what was asked changed since this run in 6 examples"):
        rescore(run)


def test_a_run_cut_off_is_refused(run):
    write_run(run, "started")
    with pytest.raises(RunError, match="not complete"):
        rescore(run)


def test_a_target_in_a_stored_configuration_is_refused(run):
    import yaml

    config = yaml.safe_load((run / "config.yaml").read_text())
    config["model"]["ner"]["x"] = [{"_target_": "os.system"}]
    (run / "config.yaml").write_text(yaml.safe_dump(config))
    write_run(run, "complete")
    with pytest.raises(ConfigError, match=r"model.ner.x\[0\]._target_"):
        rescore(run)


def test_a_python_object_in_a_stored_configuration_does_not_run(run, tmp_path):
    (run / "config.yaml").write_text("!!python/object/apply:os.system ['touch marker']\n")
    write_run(run, "complete")
    with pytest.raises(HarnessError):
        rescore(run)
    assert not (tmp_path / "marker").exists()


REFUSING = """
import sys
from pathlib import Path

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "transformers", "hydra") or (
            name.startswith("harness.model.") and name != "harness.model.base"
        ):
            raise ImportError(f"refused: {name}")

sys.meta_path.insert(0, Refuse())
"""


def test_no_model_is_loaded(run):
    before = contents(run)
    body = "from harness.rescore import rescore\nassert rescore(Path(sys.argv[1])).status == 'complete'\n"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    # `hydra` belongs to making plans, which scoring imports.
    done = subprocess.run([sys.executable, "-c", REFUSING.replace(', "hydra"', "") + body, str(run)],
                          env=env, capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert contents(run) == before
