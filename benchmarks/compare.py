"""How long `harness compare` takes over many run folders: whole processes, the documents made up."""

import shutil
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.scale import Made, configuration, cost_of, ner, score_sets, scores_of, stance, summarization, write_sets
from harness.files import write_json
from harness.prediction_file import write_predictions
from harness.records import Answer, Example, StanceInput, Target
from harness.run_folder import read_run, write_config, write_run

FOLDERS = 200
DOCUMENTS = 1_000
SECONDS = 5.0
# Models whose scores are computed; the others have theirs moved a little.
_SCORED = 3


def write_runs(made: Made, place: Path, runs: int, documents: int) -> None:
    """Writes the folders of so many models of one task: configuration, answers, counts, scores with intervals."""
    scored = write_sets(made, place, min(runs, _SCORED), documents)
    score_sets(made, scored, documents)
    target = Target("t", "target")
    examples = [
        Example(name, name, name, StanceInput(name, name, "A text.", "", target), None, 0, {"zone": "body"})
        for name in (f"d{number:06d}" for number in range(documents))
    ]
    answers = {example.id: Answer(label="favor", raw=f"answer {n}") for n, example in enumerate(examples)}
    for folder in scored:
        write_predictions(folder / "predictions.parquet", examples, {}, answers)
        write_run(folder, "complete")
    rng = np.random.default_rng(4)
    for number in range(len(scored), runs):
        like = scored[number % len(scored)]
        folder, name = like.parent / f"model{number:03d}", f"model{number:03d}"
        shutil.copytree(like, folder)
        rows = read_run(like).scores["scores"]
        moved = float(rng.normal(0, 0.01))
        for row in rows:
            if row["value"] is not None and row["low"] is not None:
                row |= {part: row[part] * (1 + moved) for part in ("value", "low", "high")}
        write_config(folder, configuration(made.task, name, place, made.metrics))
        write_json(folder / "scores.json", scores_of(made.task, name, documents, rows))
        write_run(folder, "complete", seconds={"load": 1.0, "predict": 2.0, "score": 0.5})


def table(rounds: int, folders: int = FOLDERS, documents: int = DOCUMENTS) -> list[str]:
    """Markdown lines: `harness compare` over so many run folders of three tasks, after one warm-up round."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        for number, make in enumerate((ner, stance, summarization)):
            write_runs(make(), place, folders // 3 + (number < folders % 3), documents)
        costs = [cost_of(("compare", name)) for _ in range(rounds + 1)][1:]
        files = sum(file.stat().st_size for file in place.rglob("*") if file.is_file())
    wall, processor = (statistics.median(getattr(one, part) for one in costs) for part in ("wall", "processor"))
    holds = "yes" if wall <= SECONDS else "**no**"
    return [
        f"## Comparing {folders} run folders ({rounds} rounds)",
        "",
        f"`python -m harness compare`, whole processes: {folders} runs of three tasks, {documents:,} documents, with",
        f"the default metrics; {files / 1e6:.0f} MB, every file checked by its hash. Medians.",
        "",
        "| wall s | processor s | peak memory | at most s | holds |",
        "| ---: | ---: | ---: | ---: | --- |",
        f"| {wall:.2f} | {processor:.2f} | {max(one.peak for one in costs) / 1e9:.2f} GB | {SECONDS:.0f} | {holds} |",
    ]


if __name__ == "__main__":
    print("\n".join(table(int(sys.argv[1]) if len(sys.argv) > 1 else 3)))
