"""How long a user waits: whole processes, warm file caches, the commands interleaved in rounds."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Claim:
    """A command and the most that its median may take, in seconds."""

    what: str
    arguments: tuple[str, ...]
    at_most: float


CLAIMS = (
    Claim("`python -m harness --help`", ("--help",), 0.5),
    Claim("`python -m harness` (the default model, three tasks, the seed text)", ("fresh=true",), 4.0),
    Claim("`python -m harness model=tiny` (three transformers, three tasks)", ("model=tiny", "fresh=true"), 25.0),
)


def seconds(arguments: tuple[str, ...], results: Path) -> float:
    """Wall seconds of one whole process."""
    more = () if arguments == ("--help",) else (f"results={results}",)
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "harness", *arguments, *more],
        check=True,
        cwd=ROOT,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return time.perf_counter() - began


def table(rounds: int) -> list[str]:
    """Markdown lines: median, fastest and slowest of every claim, after one warm-up round."""
    times: dict[str, list[float]] = {claim.what: [] for claim in CLAIMS}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds + 1):
            for claim in CLAIMS:
                taken = seconds(claim.arguments, Path(folder) / "results")
                if number:
                    times[claim.what].append(taken)
    lines = [
        f"## Start-up ({rounds} rounds)",
        "",
        "| command | median s | fastest | slowest | at most | holds |",
        "| --- | ---: | ---: | ---: | ---: | --- |",
    ]
    for claim in CLAIMS:
        taken = times[claim.what]
        median = statistics.median(taken)
        holds = "yes" if median <= claim.at_most else "**no**"
        lines.append(
            f"| {claim.what} | {median:.2f} | {min(taken):.2f} | {max(taken):.2f} | {claim.at_most:.1f} | {holds} |"
        )
    return lines
