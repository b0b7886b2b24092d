"""How often the gate's rule (`harness.gate.rule`) errs where it may err most: simulated, by documents and tolerance.

`python -m benchmarks.gate` writes the table into docs/gate.md and exits with 1 where more than `MOST` of the decisions
are wrong. The same numbers are drawn at every call.
"""

import math
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.gate.bounds import pair_counts
from harness.gate.gates import Gate
from harness.gate.rule import decide
from harness.metric.base import Key, divide
from harness.statistics.unit_counts import UnitCounts

PAGE = Path(__file__).resolve().parent.parent / "docs" / "gate.md"
START, END = "<!-- table: start -->", "<!-- table: end -->"
# Documents, the share of answers that change, and the tolerance.
LINES = (
    (10, 0.1, 0.05), (20, 0.1, 0.05), (20, 0.4, 0.05), (50, 0.1, 0.05), (50, 0.4, 0.05), (300, 0.01, 0.01),
    (300, 0.1, 0.01), (300, 0.4, 0.01),
)  # fmt: skip
PAIRS = 1_000
RESAMPLES = 1_000
RNG_SEED = 21
# Share of the answers that are right before anything changes.
RIGHT = 0.7
ALPHA = Gate.alpha
# What is asked of either kind of error; alpha is what both aim at.
MOST = 0.08
KEY = Key("right", "mean")

Answers = NDArray[np.float64]


def flips(rng: np.random.Generator, documents: int, churn: float, change: float) -> tuple[Answers, Answers]:
    """Which answers of a run and of its baseline are right, one a document.

    Args:
        rng: Draws them.
        documents: Their number.
        churn: Share of the documents whose answer changes sides.
        change: What the share of right answers gains in truth.
    """
    before = (rng.random(documents) < RIGHT).astype(np.float64)
    drawn = rng.random(documents)
    worse, better = (churn - change) / 2, (churn + change) / 2
    return before + np.where(drawn < worse, -1.0, np.where(drawn < worse + better, 1.0, 0.0)), before


def errors(documents: int, churn: float, tolerance: float, pairs: int = PAIRS) -> tuple[float, float]:
    """Shares of pairs that fail and that pass, each of a run that is exactly as much worse as is tolerated.

    Args:
        documents: Of each pair.
        churn: Share of the documents whose answer changes.
        tolerance: Of the gate.
        pairs: How many are made up.
    """
    rng = np.random.default_rng([RNG_SEED, documents, round(1000 * churn), round(1000 * tolerance)])
    outcomes = []
    for _ in range(pairs):
        run, baseline = map(_counts, flips(rng, documents, churn, -tolerance))
        pair = pair_counts(run, baseline, _mean, KEY, tolerance=tolerance, documents=documents, resamples=RESAMPLES)
        outcomes.append(decide([pair], ALPHA)[0].outcome)
    return outcomes.count("fail") / pairs, outcomes.count("pass") / pairs


def _counts(values: Answers) -> UnitCounts:
    names = [f"d{number:05d}" for number in range(len(values))]
    return UnitCounts(names, ["n", "right"], np.column_stack([np.ones(len(values)), values]))


def _mean(sums: Mapping[str, Any]) -> Mapping[Key, Any]:
    return {KEY: divide(sums["right"], sums["n"])}


def table(found: Mapping[tuple[int, float, float], tuple[float, float]]) -> Iterator[str]:
    """Markdown lines."""
    error = math.sqrt(ALPHA * (1 - ALPHA) / PAIRS)
    yield f"{PAIRS:,} pairs a line, {RESAMPLES:,} resamples each; alpha {ALPHA}; standard error of a share {error:.1%}."
    yield ""
    yield "| documents | answers that change | tolerance | fails wrongly | passes wrongly |"
    yield "| --: | --: | --: | --: | --: |"
    for (documents, churn, tolerance), (fails, passes) in found.items():
        yield f"| {documents} | {churn:.0%} | {tolerance} | {fails:.1%} | {passes:.1%} |"


def main() -> None:
    """Simulates and writes the table."""
    found = {line: errors(*line) for line in LINES}
    lines = list(table(found))
    print("\n".join(lines))
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    PAGE.write_text("\n".join([before + START, *lines, END + rest.partition(END)[2]]), encoding="utf-8")
    if max(map(max, found.values())) > MOST:
        sys.exit(f"the rule errs more often than {MOST:.0%} at the border")


if __name__ == "__main__":
    main()
