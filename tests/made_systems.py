"""A corpus of all three tasks and systems of a chosen quality over it; test files read this one with `runpy`."""

import json
import random
import re
import runpy
from pathlib import Path

carry_out = runpy.run_path(str(Path(__file__).with_name("run_here.py")))["carry_out"]
NAMES = {"Berlin": "GPE", "Paris": "GPE", "NATO": "ORG", "Acme": "ORG", "Anna": "PERSON"}
WORDS = ("talks", "about", "the", "border", "failed", "again", *NAMES)
STANCES = ("favor", "against", "none")


def write_lines(path, records):
    """One JSON object a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


def make_corpus(folder, documents=20, targets=("a", "b")):
    """Documents with gold of every task, under `folder/gold`; returns the gold by file."""
    draw = random.Random(5)
    gold = {"documents": [], "entities": [], "stance": [], "summaries": []}
    for number in range(documents):
        doc = f"d{number:02d}"
        lines = [" ".join(["Anna", *(draw.choice(WORDS) for _ in range(8))]) + "." for _ in range(4)]
        text = "\n".join(lines)
        gold["documents"].append({"id": doc, "text": text})
        for found in re.finditer("|".join(NAMES), text):
            place = {"start": found.start(), "end": found.end()}
            gold["entities"].append({"doc": doc, **place, "label": NAMES[found[0]], "text": found[0]})
        gold["stance"] += [{"doc": doc, "target": target, "label": draw.choice(STANCES)} for target in targets]
        gold["summaries"].append({"doc": doc, "text": lines[0]})
    gold["targets"] = [{"id": target, "text": target.upper()} for target in targets]
    for name, records in gold.items():
        write_lines(folder / "gold" / f"{name}.jsonl", records)
    return gold


def answer(gold, share, seed):
    """Answers that are the gold's with this chance: by file, as records."""
    draw = random.Random(seed)
    entities = []
    for record in gold["entities"]:
        if draw.random() < share:
            entities.append(record)
        elif draw.random() < 0.6:
            entities.append({**record, "label": draw.choice(sorted(set(NAMES.values()) - {record["label"]}))})
    others = {label: [other for other in STANCES if other != label] for label in STANCES}
    stance = [
        record if draw.random() < share else {**record, "label": draw.choice(others[record["label"]])}
        for record in gold["stance"]
    ]
    texts = {record["id"]: record["text"].split("\n") for record in gold["documents"]}
    summaries = [
        {"doc": record["doc"], "text": texts[record["doc"]][0 if draw.random() < share else 2]}
        for record in gold["summaries"]
    ]
    return {"entities": entities, "stance": stance, "summaries": summaries}


def make_system(folder, name, answers, *, gold=None, tasks="[ner,stance,summarization]", more=()):
    """Runs a system that gives these answers; its runs lie under `folder/results/made`."""
    for file, records in answers.items():
        write_lines(folder / "answers" / name / f"{file}.jsonl", records)
    place = gold or folder / "gold"
    carry_out(
        [
            *("data=local", "data.name=made", f"data.documents={place}", f"data.gold={place}", f"task={tasks}"),
            *("model=predictions", f"model.path={folder / 'answers' / name}", f"model.name={name}"),
            *(f"results={folder / 'results'}", "interval.resamples=400", *more),
        ]
    )
    return {path.parent.name: path for path in (folder / "results" / "made").glob(f"*/{name}-*")}
