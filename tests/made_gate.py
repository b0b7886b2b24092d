"""Stored runs of made-up systems over the same documents, put in place as the command line does it."""

import json
import random
import runpy
from pathlib import Path

from harness.__main__ import command

carry_out = runpy.run_path(str(Path(__file__).with_name("run_here.py")))["carry_out"]
LABELS = ("favor", "against", "none")


def write_lines(path, records):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


def make_gold(folder, documents, rng_seed=5):
    """Documents with two stance targets each; returns the records."""
    draw = random.Random(rng_seed)
    names = [f"d{number:03d}" for number in range(documents)]
    gold = [{"doc": name, "target": target, "label": draw.choice(LABELS)} for name in names for target in ("a", "b")]
    write_lines(folder / "documents.jsonl", [{"id": name, "text": f"CANARY text of {name}."} for name in names])
    write_lines(folder / "targets.jsonl", [{"id": "a", "text": "A"}, {"id": "b", "text": "B"}])
    write_lines(folder / "stance.jsonl", gold)
    return gold


def answer(gold, share, rng_seed):
    """The gold with a share of the labels right, and the others drawn."""
    draw = random.Random(rng_seed)
    return [{**one, "label": one["label"] if draw.random() < share else draw.choice(LABELS)} for one in gold]


def store(gold_folder, answers, results, *more, name="mysystem", expect=0):
    """Scores answers; returns the run folder.

    Args:
        gold_folder: As `make_gold` writes it.
        answers: Records of the system.
        results: Folder of the run; beside it the answers are put.
        more: Further `key=value`.
        name: The system's.
        expect: The exit code; other than 0, the command itself says it.
    """
    path = Path(results).with_suffix(".jsonl")
    write_lines(path, answers)
    arguments = [
        "data=local", "data.name=made", f"data.documents={gold_folder}", f"data.gold={gold_folder}",
        "model=predictions", f"model.path={path}", f"model.name={name}", "task=stance", f"results={results}",
        "interval.resamples=1000", "metric=[stance_favg,stance_classification]", *more,
    ]  # fmt: skip
    if expect:
        assert command(arguments) == expect
    else:
        carry_out(arguments)
    return next(Path(results).glob("made/stance/*/run.json")).parent
