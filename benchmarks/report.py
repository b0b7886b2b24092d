"""How long a report takes to make and to open: a thousand documents, two models, three tasks, headless Chromium.

The documents are made up. Every round opens the file in a browser of its own; the page is ready when every element of
it is laid out and its scripts have run.
"""

import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = 1_000
MODELS = {"careful": 0.9, "hasty": 0.6}
OPEN_SECONDS = 2.0
BYTES = 15_000_000
SENTENCES = 20
_LABELS = ("PER", "ORG", "GPE", "DATE")
_STANCES = ("favor", "against", "none")
_FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


# ---- a corpus and its predictions -----------------------------------------------------------------------------------


def write_corpus(folder: Path, documents: int) -> dict[str, list[dict[str, Any]]]:
    """Writes documents with gold of all three tasks, and returns the gold by file."""
    rng = random.Random(0)
    syllables = [a + b for a in "bdfgklmnprstv" for b in ("a", "e", "i", "o", "u", "an", "er", "on")]
    words = ["".join(rng.choices(syllables, k=rng.randint(1, 3))) for _ in range(2_000)]
    texts: list[dict[str, Any]] = []
    gold: dict[str, list[dict[str, Any]]] = {"entities": [], "stance": [], "summaries": []}
    for number in range(documents):
        doc, sentences, length = f"d{number:05d}", [], 0
        for _ in range(SENTENCES):
            said = rng.choices(words, k=rng.randint(10, 22))
            place = rng.randrange(len(said))
            name = " ".join(word.capitalize() for word in rng.choices(words, k=rng.randint(1, 2)))
            before = " ".join([*said[:place], ""])
            sentence = f"{before}{name} {' '.join(said[place:])}."
            start = length + len(before)
            gold["entities"].append(
                {"doc": doc, "start": start, "end": start + len(name), "label": rng.choice(_LABELS), "text": name}
            )
            sentences.append(sentence)
            length += len(sentence) + 1
        text = " ".join(sentences)
        texts.append({"id": doc, "text": text, "language": rng.choice(("aa", "bb"))})
        gold["stance"] += [{"doc": doc, "target": target, "label": rng.choice(_STANCES)} for target in ("t1", "t2")]
        gold["summaries"].append({"doc": doc, "text": "\n".join(rng.sample(sentences, 2))})
    _write(folder / "documents.jsonl", texts)
    _write(folder / "targets.jsonl", [{"id": name, "text": f"target {name}"} for name in ("t1", "t2")])
    for name, records in gold.items():
        _write(folder / f"{name}.jsonl", records)
    return gold


def write_predictions_of(folder: Path, gold: dict[str, list[dict[str, Any]]], skill: float) -> None:
    """Writes what a model of some skill answers: the share of the gold that it gets right."""
    rng = random.Random(skill)
    entities = []
    for record in gold["entities"]:
        luck = rng.random()
        if luck < skill:
            entities.append(record)
        elif luck < skill + (1 - skill) / 3:
            entities.append({**record, "label": rng.choice(_LABELS)})
        elif luck < skill + (1 - skill) / 2:
            entities.append({**record, "end": record["end"] - 1, "text": record["text"][:-1]})
    stance = []
    for record in gold["stance"]:
        label = record["label"] if rng.random() < skill else rng.choice(_STANCES)
        sure = min(0.99, max(0.4, rng.gauss(0.55 + 0.3 * (label == record["label"]), 0.12)))
        rest = (1 - sure) / 2
        stance.append({**record, "label": label, "scores": {one: sure if one == label else rest for one in _STANCES}})
    summaries = [
        {**record, "text": " ".join(word for word in record["text"].split() if rng.random() < skill)}
        for record in gold["summaries"]
    ]
    for name, records in (("entities", entities), ("stance", stance), ("summaries", summaries)):
        _write(folder / f"{name}.jsonl", records)


def write_runs(place: Path, documents: int, models: dict[str, float], metrics: Sequence[str] = ()) -> Path:
    """Writes a corpus, runs `model=predictions` for each model, and returns the folder of the results."""
    gold = write_corpus(place / "corpus", documents)
    for model, skill in models.items():
        write_predictions_of(place / model, gold, skill)
        _harness(
            "data=local", "data.name=made", f"data.documents={place / 'corpus' / 'documents.jsonl'}",
            f"data.gold={place / 'corpus'}", "model=predictions", f"model.path={place / model}", f"model.name={model}",
            f"results={place / 'results'}", *([f"metric=[{','.join(metrics)}]"] if metrics else []),
        )  # fmt: skip
    return place / "results"


def _write(path: Path, records: Sequence[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


def _harness(*arguments: str) -> None:
    command = [sys.executable, "-m", "harness", *arguments]
    subprocess.run(command, cwd=ROOT, env={**os.environ, "HF_HUB_OFFLINE": "1"}, stdout=subprocess.DEVNULL, check=True)


# ---- the browser ----------------------------------------------------------------------------------------------------


def opened_in(page: Path) -> float:
    """Seconds from the beginning of navigation until the page was loaded, laid out and idle."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    with tempfile.TemporaryDirectory() as profile:
        for flag in (*_FLAGS, f"--user-data-dir={profile}", "--window-size=1280,900"):
            options.add_argument(flag)
        driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        try:
            began = time.perf_counter()
            driver.get(page.resolve().as_uri())
            # Two frames later everything in view has been painted once.
            driver.execute_async_script(
                "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done()))"
            )
            return time.perf_counter() - began
        finally:
            driver.quit()


def table(rounds: int) -> list[str]:
    """Markdown lines: making the report, its size, opening it; with and without the texts."""
    lines = [
        f"## The report ({rounds} rounds)",
        "",
        f"`python -m harness report RUN ... --out report.html`: {DOCUMENTS:,} documents of {SENTENCES} sentences, two",
        "models, three tasks. Opened from disk in headless Chromium, each time by a new browser, until everything in",
        "view is painted. Medians.",
        "",
        "| what | made in s | size | opened in s | at most | holds |",
        "| --- | ---: | ---: | ---: | --- | --- |",
    ]
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        return [*lines[:2], "Not measured: this machine has no `chromium` and `chromedriver`."]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        results = write_runs(place, DOCUMENTS, MODELS)
        for what, more in (("all texts", ()), ("`--no-text`", ("--no-text",))):
            page, making, opening = place / "report.html", [], []
            for _ in range(rounds):
                began = time.perf_counter()
                _harness("report", str(results), "--out", str(page), *more)
                making.append(time.perf_counter() - began)
                opening.append(opened_in(page))
            size, opened = page.stat().st_size, statistics.median(opening)
            holds = "yes" if opened < OPEN_SECONDS and size < BYTES else "**no**"
            lines.append(
                f"| {what} | {statistics.median(making):.1f} | {size / 1e6:.1f} MB | {opened:.2f} | "
                f"{OPEN_SECONDS:.0f} s, {BYTES / 1e6:.0f} MB | {holds} |"
            )
    return lines


if __name__ == "__main__":
    print("\n".join(table(int(sys.argv[1]) if len(sys.argv) > 1 else 3)))
