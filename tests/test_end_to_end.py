"""The main job as a user runs it: gold scored against itself, published corpora, and the tiny transformers."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.__main__ import command

ROOT = Path(__file__).resolve().parent.parent
LABELS = (
    "Atheism",
    "Climate Change is a Real Concern",
    "Feminist Movement",
    "Hillary Clinton",
    "Legalization of Abortion",
)
TRAINING = {
    LABELS[0]: (304, 92, 117),
    LABELS[1]: (15, 212, 168),
    LABELS[2]: (328, 210, 126),
    LABELS[3]: (361, 112, 166),
    LABELS[4]: (334, 105, 164),
}


def scores(folder):
    """The rows of the one run under a folder, by metric, average and slice; and its ledger."""
    (file,) = Path(folder).rglob("scores.json")
    content = json.loads(file.read_text(encoding="utf-8"))
    return {(r["metric"], r["average"], r["slice"]): r for r in content["scores"]}, content["ledger"]


@pytest.mark.core
def test_the_gold_against_itself_is_perfect(tmp_path, capsys):
    given = [
        "model=predictions",
        f"model.path={ROOT / 'gold' / 'seed'}",
        "model.annotator=adjudicated",
        "model.name=gold",
    ]
    assert command([*given, f"results={tmp_path}"]) == 0
    folder = tmp_path / "seed"
    rows, ledger = scores(folder / "ner")
    assert ledger["examples"] == {"total": 39, "scored": 39, "unparsed": 0, "nonfinite": 0, "failed": 0, "missing": 0}
    assert ledger["spans"] == {"total": 120, "scored": 120, "ungrounded": 0, "unmapped": 0, "misaligned": 0}
    for name in ("precision", "recall", "f1"):
        for key in (f"entity.{name}", f"entity_exact.{name}", f"entity_partial.{name}", f"entity_type.{name}"):
            assert rows[key, "micro", "all"]["value"] == 1.0
    assert rows["entity.f1", "macro", "all"]["value"] == 1.0
    assert rows["entity.f1", "micro", "label=GPE"]["value"] == 1.0

    rows, ledger = scores(folder / "stance")
    assert ledger["examples"]["scored"] == ledger["examples"]["total"] == 144
    for key in (
        ("stance.macro_f1", "pooled"),
        ("stance.accuracy", "pooled"),
        ("stance.mcc", "pooled"),
        ("stance.favg", "pooled"),
    ):
        assert rows[(*key, "all")]["value"] == 1.0
    # SemEval's rule: the F1 of a class that is absent counts 0. Two of the four targets have no `favor` and one has no
    # `against`, so a perfect answer reaches (1 + .5 + .5 + .5) / 4 as a mean over targets.
    assert rows["stance.favg", "macro_target", "all"]["value"] == 0.625
    assert rows["stance.favg", "pooled", "target=recruiting-migrants"]["value"] == 1.0
    assert rows["stance.favg", "pooled", "target=russia-campaign"]["value"] == 0.5

    rows, ledger = scores(folder / "summarization")
    assert ledger["examples"]["scored"] == ledger["examples"]["total"] == 3
    for kind in ("rouge1", "rouge2", "rougeL", "rougeLsum"):
        for name in ("precision", "recall", "f1"):
            row = rows[f"{kind}.{name}", "mean", "all"]
            assert row["value"] == 1.0
            assert "|refs:max|" in row["signature"]
            assert rows[f"{kind}.{name}", "mean", "style=headline"]["value"] == 1.0


@pytest.mark.core
def test_every_default_row_of_the_design_is_there(tmp_path, capsys):
    assert command([f"results={tmp_path}", "interval.resamples=200"]) == 0
    rows, _ = scores(tmp_path / "seed" / "ner")
    wanted = {
        (f"{m}.{v}", "micro", "all")
        for m in ("entity", "entity_exact", "entity_partial", "entity_type")
        for v in ("precision", "recall", "f1")
    }
    wanted |= {(f"entity.{v}", "macro", "all") for v in ("precision", "recall", "f1")}
    labels = {key for key in rows if key[2].startswith("label=")}
    assert {key for key in rows if key[2] == "all"} == wanted
    assert {(m, a) for m, a, _ in labels} == {(f"entity.{v}", "micro") for v in ("precision", "recall", "f1")}
    rows, _ = scores(tmp_path / "seed" / "stance")
    pooled = {(f"stance.{m}", "pooled", "all") for m in ("favg", "macro_f1", "accuracy", "mcc")}
    assert {key for key in rows if key[2] == "all"} == {*pooled, ("stance.favg", "macro_target", "all")}
    assert {s for _, _, s in rows if s.startswith("label=")} == {"label=favor", "label=against", "label=none"}
    assert len({s for _, _, s in rows if s.startswith("target=")}) == 4
    rows, _ = scores(tmp_path / "seed" / "summarization")
    rouge = {
        (f"{k}.{v}", "mean", "all")
        for k in ("rouge1", "rouge2", "rougeL", "rougeLsum")
        for v in ("precision", "recall", "f1")
    }
    assert {key for key in rows if key[2] == "all" and not key[0].startswith("length.")} == rouge
    assert {"style=headline", "style=highlights"} <= {s for _, _, s in rows}


# What each has on these files: a changed rule moves the first, another build of torch may move the second a little.
@pytest.mark.parametrize(("model", "f1", "within"), [("rules", 0.1672, 0.0001), ("tiny", 0.4415, 0.02)])
def test_wnut17_is_read_and_answered(data, tmp_path, capsys, model, f1, within):
    gold = data / "ner" / "wnut17" / "emerging.test.annotated"
    more = ["task.ner.label_map=[ontonotes_to_conll,wnut_to_conll]", "interval.resamples=200"]
    given = ["data=local", "data.name=wnut17", "data.format=conll", f"data.gold={gold}", f"model={model}", "task=ner"]
    limit = ["data.limit=300"] if model == "tiny" else []
    assert command([*given, *more, *limit, f"results={tmp_path}"]) == 0
    rows, ledger = scores(tmp_path)
    assert ledger["examples"]["total"] == ledger["examples"]["scored"] == (300 if limit else 1287)
    assert limit or rows["entity.recall", "micro", "all"]["support"] == 1079
    assert rows["entity.f1", "micro", "all"]["value"] == pytest.approx(f1, abs=within)


@pytest.mark.parametrize("model", ["majority", "tfidf", "tiny"])
def test_semeval_2016_is_read_and_answered(data, tmp_path, capsys, model):
    gold = data / "stance" / "semeval2016" / "trainingdata-all-annotations.txt"
    given = ["data=semeval_stance", f"data.gold={gold}", f"model={model}", "task=stance", "interval.resamples=200"]
    limit = ["data.limit=300"] if model == "tiny" else []
    assert command([*given, *limit, f"results={tmp_path}"]) == 0
    rows, ledger = scores(tmp_path)
    assert ledger["examples"]["total"] == ledger["examples"]["scored"] == (300 if limit else 2814)
    if model == "majority":
        # Against, favor and none of each target, as the task's own description counts them.
        for target, counts in TRAINING.items():
            assert rows["stance.accuracy", "pooled", f"target={target}"]["support"] == sum(counts)
        totals = [sum(column) for column in zip(*TRAINING.values(), strict=True)]
        for label, total in zip(("against", "favor", "none"), totals, strict=True):
            assert rows["stance.recall", "pooled", f"label={label}"]["support"] == total


def test_semeval_2016_trial_is_read(data, tmp_path, capsys):
    gold = data / "stance" / "semeval2016" / "trialdata-all-annotations.txt"
    assert command(["data=semeval_stance", f"data.gold={gold}", "model=majority", f"results={tmp_path}"]) == 0
    assert scores(tmp_path)[1]["examples"]["scored"] == 100


@pytest.mark.core
def test_tiny_killed_in_the_middle_gives_the_same_bytes(tmp_path):
    def start(results, *more):
        arguments = ["model=tiny", "task=ner", "engine.batch_size=2", "interval.resamples=200", f"results={results}"]
        return subprocess.Popen(
            [sys.executable, "-m", "harness", *arguments, *more],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )

    assert start(tmp_path / "whole").wait(timeout=120) == 0
    process = start(tmp_path / "cut")
    journal = tmp_path / "cut" / "seed" / "ner" / "tiny" / "journal.sqlite"
    # Answers of the first batches lie in the write-ahead file, which grows with each.
    grown = journal.with_name("journal.sqlite-wal")
    until = time.monotonic() + 100
    while time.monotonic() < until and not (grown.exists() and grown.stat().st_size > 60_000):
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (journal.parent / "scores.json").exists()
    assert start(tmp_path / "cut").wait(timeout=120) == 0
    for name in ("config.yaml", "predictions.parquet", "counts.parquet", "scores.json", "scores.csv"):
        whole = tmp_path / "whole" / "seed" / "ner" / "tiny" / name
        assert whole.read_bytes() == (journal.parent / name).read_bytes(), name
    run = json.loads((journal.parent / "run.json").read_text())
    assert run["status"] == "complete"
    assert 0 < run["asked"] < 39
