"""What large data cost: a million stored stance predictions scored again, and a hundred prediction sets compared.

The documents are made up. Every command is a process of its own, and a round begins with the run folders in place.
"""

import gc
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.config import IntervalConfig, build, typed_config
from harness.counts import Counted, CountTable, read_counts
from harness.files import write_json
from harness.gold import load_corpus
from harness.metric.base import Metric
from harness.prediction_file import write_predictions
from harness.records import Answer, Entity, Example, References, Stance, StanceInput, Summary, Target
from harness.run_folder import write_config, write_run, write_scores
from harness.scoring import SCHEMA, Scored, all_score_rows

ROOT = Path(__file__).resolve().parent.parent
LABELS = ("favor", "against", "none")
PREDICTIONS = 1_000_000
TARGETS = 10
SCORING_SECONDS = 30.0
SCORING_BYTES = 1e9
SETS = 100
DOCUMENTS = 10_000
COMPARISON_SECONDS = 180.0
# Documents whose gold, and answers whose counts, are worked out; the others are like one of them.
_KINDS, _ANSWERS = 50, 20


# ---- a million stored predictions ---------------------------------------------------------------------------------


def stance_run(folder: Path, predictions: int) -> Path:
    """Writes a corpus with `TARGETS` targets for each document, and a run of a model that is right in 7 of 10 cases."""
    rng = random.Random(0)
    documents = predictions // TARGETS
    folder.mkdir(parents=True)
    targets = [Target(f"t{number}", f"target {number}") for number in range(TARGETS)]
    with (
        (folder / "documents.jsonl").open("w", encoding="utf-8") as texts,
        (folder / "stance.jsonl").open("w", encoding="utf-8") as gold,
        (folder / "targets.jsonl").open("w", encoding="utf-8") as words,
    ):
        words.writelines(json.dumps({"id": one.id, "text": one.text}) + "\n" for one in targets)
        examples, answers = [], {}
        for number in range(documents):
            doc, text = f"d{number:06d}", f"This is document number {number}, about something."
            texts.write(json.dumps({"id": doc, "text": text}) + "\n")
            for target in targets:
                label = rng.choice(LABELS)
                gold.write(json.dumps({"doc": doc, "target": target.id, "label": label}) + "\n")
                name = f"{doc}//{target.id}"
                fields = {"target": target.id, "zone": "body"}
                examples.append(Example(name, doc, doc, StanceInput(name, doc, text, "", target), None, 0, fields))
                answers[name] = Answer(label=label if rng.random() < 0.7 else rng.choice(LABELS))
    run = folder / "run"
    config = configuration("stance", "made", folder, ("stance_favg", "stance_classification"))
    write_config(run, config)
    write_predictions(run / "predictions.parquet", examples, {}, answers)
    content = scores_of("stance", "made", documents, [])
    content["data"]["documents_sha256"] = documents_sha256(config, run)
    write_json(run / "scores.json", content)
    write_run(run, "complete")
    return run


def documents_sha256(config: dict[str, Any], run: Path) -> str:
    """The hash of the documents that a configuration names."""
    typed = typed_config({**config, "results": str(run), "dry_run": False, "fresh": False})
    return load_corpus(typed.data).documents_sha256


@dataclass(frozen=True)
class Cost:
    """Wall seconds, processor seconds and the most bytes of memory of one process."""

    wall: float
    processor: float
    peak: int


# A process counts as its own the memory of the one that started it, so a small one starts what is measured.
_MEASURE = """
import json, os, subprocess, sys, time
began = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, used = os.wait4(process.pid, 0)
took = time.perf_counter() - began
print(json.dumps([os.waitstatus_to_exitcode(status), took, used.ru_utime + used.ru_stime, used.ru_maxrss]))
"""


def cost_of(arguments: Sequence[str]) -> Cost:
    """Runs `python -m harness` and measures it."""
    measured = subprocess.run(
        [sys.executable, "-S", "-c", _MEASURE, sys.executable, "-m", "harness", *arguments],
        cwd=ROOT,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
        stdout=subprocess.PIPE,
        check=True,
    )
    code, wall, processor, peak = json.loads(measured.stdout)
    if code:
        raise SystemExit(f"`python -m harness {' '.join(arguments)}` failed")
    return Cost(wall, processor, peak * (1 if sys.platform == "darwin" else 1024))


def scoring_table(rounds: int, predictions: int = PREDICTIONS) -> list[str]:
    """Markdown lines: `harness score` of a run of so many predictions, and of a tenth of them."""
    lines = [
        f"## Scoring stored stance predictions ({rounds} rounds)",
        "",
        f"`python -m harness score RUN`, whole processes: reads and checks documents and gold ({TARGETS} targets for",
        "each document), reads the answers and checks what they answer, counts, makes intervals of two metrics, whole",
        "and for each target, and writes counts and scores. Medians; memory is the most of any round.",
        "",
        "| predictions | wall s | processor s | peak memory | claim | holds |",
        "| ---: | ---: | ---: | ---: | --- | --- |",
    ]
    for number in (predictions // 10, predictions):
        with tempfile.TemporaryDirectory() as place:
            run = stance_run(Path(place) / "corpus", number)
            costs = [cost_of(("score", str(run))) for _ in range(rounds)]
        wall, processor = (statistics.median(getattr(one, name) for one in costs) for name in ("wall", "processor"))
        peak = max(one.peak for one in costs)
        claim = holds = ""
        if number == PREDICTIONS:
            claim = f"under {SCORING_SECONDS:.0f} s and {SCORING_BYTES / 1e9:.0f} GB"
            holds = "yes" if wall < SCORING_SECONDS and peak < SCORING_BYTES else "**no**"
        lines.append(f"| {number:,} | {wall:.1f} | {processor:.1f} | {peak / 1e9:.2f} GB | {claim} | {holds} |")
    return lines


# ---- a hundred prediction sets ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Made:
    """Documents of one task, each like one of a few kinds, and answers of which each is like one of a few.

    Args:
        task: The task.
        metrics: Kinds.
        pairs: By kind of document, gold with every answer to it, the best first.
        fields: By kind of document.
    """

    task: str
    metrics: tuple[str, ...]
    pairs: list[list[tuple[Any, Any]]]
    fields: list[dict[str, str]]


def stance() -> Made:
    """One of five targets for each document."""
    pairs, fields = [], []
    for kind in range(15):
        target, label = f"t{kind % 5}", LABELS[kind // 5]
        gold = Stance(target, label)
        others = [Stance(target, one) for one in LABELS if one != label]
        pairs.append([(gold, predicted) for predicted in (gold, *others)])
        fields.append({"target": target, "zone": "body"})
    return Made("stance", ("stance_favg", "stance_classification"), pairs, fields)


def ner() -> Made:
    """20 entities of 6 labels for each document; answers lack, relabel, move and invent more and more of them."""
    rng = random.Random(1)
    labels = ("PER", "ORG", "GPE", "LOC", "DATE", "EVENT")
    pairs = []
    for _ in range(_KINDS):
        gold = tuple(Entity(30 * n, 30 * n + rng.randint(3, 20), rng.choice(labels)) for n in range(20))
        answers = []
        for number in range(_ANSWERS):
            wrong = number / _ANSWERS
            found = []
            for one in gold:
                luck = rng.random()
                if luck >= wrong:
                    found.append(one)
                elif luck < wrong / 3:
                    found.append(Entity(one.start, one.end, rng.choice(labels)))
                elif luck < wrong / 2:
                    found.append(Entity(one.start, one.end + 5, one.label))
                if rng.random() < wrong / 5:
                    found.append(Entity(one.end + 6, one.end + 9, rng.choice(labels)))
            answers.append((gold, tuple(found)))
        pairs.append(answers)
    return Made("ner", ("entity_f1", "entity_overlap"), pairs, [{"zone": "body"}] * _KINDS)


def summarization() -> Made:
    """Texts of 60 words of one vocabulary; answers share fewer and fewer words with their reference."""
    rng = random.Random(2)
    words = [f"word{number}" for number in range(400)]
    pairs = []
    for _ in range(_KINDS):
        text = rng.choices(words, k=60)
        gold = References("default", texts=(" ".join(text),), source=" ".join(rng.choices(words, k=300)))
        answers = []
        for number in range(_ANSWERS):
            said = [word if rng.random() > number / _ANSWERS else rng.choice(words) for word in text]
            answers.append((gold, Summary(" ".join(said))))
        pairs.append(answers)
    return Made("summarization", ("rouge", "length"), pairs, [{"style": "default"}] * _KINDS)


def configuration(task: str, name: str, place: Path, metrics: Sequence[str]) -> dict[str, Any]:
    """What a run's `config.yaml` says."""
    return {
        "data": {"name": "made", "documents": str(place), "gold": str(place)},
        "engine": {"kind": "local"},
        "interval": {"level": 0.95, "method": "bca_t", "resamples": 10_000},
        "metric": {kind: {"kind": kind} for kind in metrics},
        "model": {"name": name, task: {"kind": "predictions", "path": name}},
        "rng_seed": 0,
        "task": {task: {"kind": task}},
    }


def scores_of(task: str, model: str, documents: int, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What a run's `scores.json` says."""
    bins = {"total": documents, "scored": documents, "unparsed": 0, "nonfinite": 0, "failed": 0, "missing": 0}
    spans = {"total": 0, "scored": 0, "ungrounded": 0, "unmapped": 0, "misaligned": 0}
    return {
        "schema": SCHEMA,
        "harness": "0",
        "data": {"name": "made", "documents": documents, "gold_sha256": "a" * 64, "documents_sha256": "b" * 64},
        "task": task,
        "model": {"name": model, "signature": {}, "gold": "none"},
        "ledger": {"examples": bins, "truncated": 0, "spans": spans},
        "scores": rows,
    }


def write_sets(made: Made, place: Path, sets: int, documents: int) -> list[Path]:
    """Writes the run folders of so many models, from nearly right ones on, with counts and without scores."""
    rng = np.random.default_rng(3)
    docs = [f"d{number:06d}" for number in range(documents)]
    kinds = rng.integers(0, len(made.pairs), documents)
    fields = [made.fields[kind] for kind in kinds]
    counted = Counted.of([f"{doc}/x" for doc in docs], docs, docs, fields)
    width = len(made.pairs[0])
    metrics = {kind: build("metric", {"kind": kind}, kind) for kind in made.metrics}
    states = {
        name: [metric.count(gold, predicted) for answers in made.pairs for gold, predicted in answers]
        for name, metric in metrics.items()
    }
    folders = []
    for number in range(sets):
        skill = 0.6 + 0.35 * number / sets
        answers = rng.binomial(width - 1, 1 - skill, documents)
        tables = [
            CountTable.of_states(name, counted, states[name], kinds * width + answers) for name in sorted(metrics)
        ]
        name = f"model{number:03d}"
        folder = place / "made" / made.task / name
        write_config(folder, configuration(made.task, name, place, made.metrics))
        write_scores(folder, Scored(tables, [], {}), scores_of(made.task, name, documents, []))
        write_run(folder, "complete")
        folders.append(folder)
    return folders


def score_sets(made: Made, folders: Sequence[Path], documents: int) -> None:
    """Reads every run's counts back, makes its scores with intervals, and writes them."""
    metrics: dict[str, Metric] = {kind: build("metric", {"kind": kind}, kind) for kind in made.metrics}
    slices = build("task", {"kind": made.task}, "task").slices
    for folder in folders:
        tables = read_counts(folder / "counts.parquet")
        counted = [(table, metrics[name], "") for name, table in tables.items()]
        rows = all_score_rows(counted, interval=IntervalConfig(), rng_seed=0, slices=slices)
        scores = scores_of(made.task, folder.name, documents, rows)
        write_scores(folder, Scored(list(tables.values()), rows, {}), scores)
        write_run(folder, "complete")


def comparison_table(
    rounds: int,
    sets: int = SETS,
    documents: int = DOCUMENTS,
    tasks: Sequence[Callable[[], Made]] = (stance, ner, summarization),
) -> list[str]:
    """Markdown lines: scores of all sets with intervals, and all pairs of them, of each task."""
    lines = [
        f"## A whole comparison: {sets} stored prediction sets, {documents:,} documents ({rounds} rounds)",
        "",
        "Scores: for every set its counts are read, every score of two metrics gets its interval (10,000 resamples,",
        "whole and by slice), counts and scores are written. Pairs: `python -m harness compare --pairs`, a whole",
        f"process: every run read and checked, {sets * (sets - 1) // 2:,} pairs by the headline score. NER has 20",
        "entities a document, stance one of five targets. Medians of wall seconds.",
        "",
        "| task | scores s | pairs s | together | peak memory of pairs | at most s | holds |",
        "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for make in tasks:
        made = make()
        with tempfile.TemporaryDirectory() as place:
            folders = write_sets(made, Path(place), sets, documents)
            scoring, comparing = [], []
            for _ in range(rounds):
                gc.collect()
                began = time.perf_counter()
                score_sets(made, folders, documents)
                scoring.append(time.perf_counter() - began)
                comparing.append(cost_of(("compare", place, "--pairs", "--format", "csv")))
        scores = statistics.median(scoring)
        pairs = statistics.median(one.wall for one in comparing)
        peak = max(one.peak for one in comparing)
        holds = "yes" if scores + pairs < COMPARISON_SECONDS else "**no**"
        lines.append(
            f"| {made.task} | {scores:.1f} | {pairs:.1f} | {scores + pairs:.1f} | {peak / 1e9:.2f} GB | "
            f"{COMPARISON_SECONDS:.0f} | {holds} |"
        )
    return lines


if __name__ == "__main__":
    rounds_asked = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    print("\n".join([*scoring_table(rounds_asked), "", *comparison_table(rounds_asked)]))
