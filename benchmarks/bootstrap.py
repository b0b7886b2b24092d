"""Time and memory of 10,000 bootstrap resamples of per-label NER over 10,000 documents, in a process of its own."""

import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from harness.metric.entity_f1 import EntityF1
from harness.statistics.resample import intervals

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS, LABELS, RESAMPLES = 10_000, 18, 10_000
MOST_SECONDS, MOST_MEGABYTES = 3.0, 500.0


def measure() -> dict[str, float]:
    """Seconds of all intervals of one model, then of a second one on the same draws; peak memory of the process."""
    rng = np.random.default_rng(0)
    parts = [f"label=L{label:02}|{part}" for label in range(LABELS) for part in ("tp", "fp", "fn")]
    names = ["tp", "fp", "fn", *parts]
    metric, found = EntityF1(), {}
    for which in ("first", "second"):
        labels = rng.poisson(0.4, (DOCUMENTS, LABELS, 3))
        matrix = np.concatenate([labels.sum(axis=1), labels.reshape(DOCUMENTS, -1)], axis=1).astype(np.float64)
        values = metric.compute(dict(zip(names, matrix.sum(axis=0), strict=True)))
        began, used = time.perf_counter(), time.process_time()
        rows = intervals(matrix, names, metric.compute, values, resamples=RESAMPLES)  # type: ignore[arg-type]
        found[which], found[f"{which}_cpu"] = time.perf_counter() - began, time.process_time() - used
        if len(rows) != 3 * (LABELS + 2) or any(row.low is None for row in rows.values()):
            raise RuntimeError(f"{len(rows)} rows, not all of them with an interval")
    # Linux counts in KiB, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    found["megabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
    return found


def table(rounds: int) -> list[str]:
    """Markdown lines: medians over fresh processes."""
    found = []
    for _ in range(rounds):
        command = [sys.executable, "-m", "benchmarks.bootstrap", "--once"]
        found.append(json.loads(subprocess.run(command, check=True, cwd=ROOT, capture_output=True, text=True).stdout))
    medians = {name: statistics.median(one[name] for one in found) for name in found[0]}
    first, megabytes = medians["first"], medians["megabytes"]
    fast, small = ("yes" if held else "**no**" for held in (first <= MOST_SECONDS, megabytes <= MOST_MEGABYTES))
    return [
        f"## Bootstrap ({rounds} rounds)",
        "",
        f"{RESAMPLES:,} resamples of `entity.*`, micro, macro and of {LABELS} labels, over {DOCUMENTS:,} documents:",
        "draws, sums, scores, jackknife and default intervals; imports left out.",
        "",
        "| what | median | of that, processor | at most | holds |",
        "| --- | ---: | ---: | ---: | --- |",
        f"| first model of a process | {first:.2f} s | {medians['first_cpu']:.2f} s | {MOST_SECONDS:.0f} s | {fast} |",
        f"| next model, on the same draws | {medians['second']:.2f} s | {medians['second_cpu']:.2f} s | - | - |",
        f"| peak memory of the process | {megabytes:.0f} MB | - | {MOST_MEGABYTES:.0f} MB | {small} |",
    ]


if __name__ == "__main__":
    if sys.argv[1:] == ["--once"]:
        print(json.dumps(measure()))
    else:
        print("\n".join(table(rounds=int(sys.argv[1]) if len(sys.argv) > 1 else 5)))
