"""Stance by the labels' likelihood with a language model on a CPU, beside lm-evaluation-harness.

Needs weights, named by HARNESS_CAUSAL_WEIGHTS (a folder or a GGUF file; the latter needs the packages gguf and
accelerate), and for the peer an environment with lm-eval 0.4.13, whose Python HARNESS_LM_EVAL_PYTHON names. Without
them a line says so. `python -m benchmarks.stance_llm [ROUNDS]` prints the table; imports and loading are no part of
any time in it but the one that is called so.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.compose import compose_jobs, parse_arguments
from harness.files import read_json_lines
from harness.model.hf_causal import HfCausal
from harness.model.tree_scoring import Prefix
from harness.plan import plan
from harness.records import Input

WEIGHTS, PYTHON = "HARNESS_CAUSAL_WEIGHTS", "HARNESS_LM_EVAL_PYTHON"
EXAMPLES = Path(__file__).with_name("stance_examples.jsonl")
PEER = Path(__file__).with_name("peers") / "lm_eval_scoring.py"
# The peer's best batch size on two cores, of 1, 8 and 32.
PEER_BATCH = 8
AT_LEAST = {"zero-shot": 3.0, "8-shot": 12.0}


@dataclass(frozen=True)
class Taken:
    """Seconds by the clock, and of all threads together."""

    wall: float
    processor: float


class Clock:
    """Runs while it is entered."""

    def __enter__(self) -> "Clock":
        self.began = Taken(time.perf_counter(), time.process_time())
        return self

    def __exit__(self, *_: object) -> None:
        self.taken = Taken(time.perf_counter() - self.began.wall, time.process_time() - self.began.processor)


@dataclass
class Measured:
    """What each round took on both sides, in seconds and in processor seconds, and whether the answers agreed."""

    ours: list[Taken] = field(default_factory=list)
    theirs: list[Taken] = field(default_factory=list)
    same: bool = True
    furthest: float = 0.0

    def row(self, what: str, peer: str) -> str:
        """A line of the table; the ratio is the median of the rounds' ratios."""
        pairs = list(zip(self.ours, self.theirs, strict=True))
        ratio = statistics.median(b.wall / a.wall for a, b in pairs)
        processor = statistics.median(b.processor / a.processor for a, b in pairs)
        walls = [statistics.median(one.wall for one in side) for side in (self.ours, self.theirs)]
        holds = "yes" if ratio >= AT_LEAST[what] and self.same else "**no**"
        return (
            f"| {what} | {peer} | {walls[0]:.1f} | {walls[1]:.1f} | {ratio:.1f} x | {processor:.1f} x | "
            f"{'yes' if self.same else 'no'} | {AT_LEAST[what]:g} x | {holds} |"
        )


def stance_model(weights: str, shots: int) -> tuple[HfCausal, list[Input]]:
    """The model as a run would have it, and the seed text's 144 questions."""
    (job,) = compose_jobs(parse_arguments(["model=hf_causal", f"model.path={weights}", "task=stance"]))
    if shots:
        job.config.model["stance"]["prompt"] = {
            **job.config.model["stance"]["prompt"],
            "examples": [given for _, given in read_json_lines(EXAMPLES)][:shots],
        }
    (task,) = plan(job, writes=False).tasks
    assert isinstance(task.model, HfCausal)
    task.model.load()
    return task.model, [example.input for example in task.examples]


class Peer:
    """lm-evaluation-harness in a process of its own."""

    def __init__(self, python: str, weights: Path) -> None:
        gguf, began = weights.suffix == ".gguf", time.perf_counter()
        arguments = [str(weights.parent if gguf else weights), weights.name if gguf else ""]
        self.process = subprocess.Popen(
            [python, str(PEER), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._answer()
        self.start = time.perf_counter() - began

    def scores(self, prompts: list[str], labels: list[str]) -> tuple[Taken, list[float]]:
        """What it took, and the score of each label of each prompt."""
        assert self.process.stdin is not None
        asked = {"prompts": prompts, "labels": labels, "batch_size": PEER_BATCH}
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        answer = self._answer()
        return Taken(answer["seconds"], answer["processor"]), list(answer["scores"])

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("the peer's process ended; run it by hand to see why")
        return dict(json.loads(line))

    def close(self) -> None:
        """Ends the process."""
        self.process.terminate()
        self.process.wait()


def stance(weights: str, peer: Peer, shots: int, rounds: int) -> Measured:
    """Both sides in turn on the same prompts, character by character; choices and log-probabilities compared."""
    from harness.model.hf_causal import question
    from harness.model.tree_scoring import label_log_probabilities

    model, inputs = stance_model(weights, shots)
    labels = [model.prompt.word(label) for label in model.labels]
    found = Measured()
    for _ in range(rounds):
        with Clock() as clock:
            texts = [model._text(one) for one in inputs]
            whole = iter(model._encode([text + label for text in texts for label in labels]))
            questions = [question(prompt, [next(whole) for _ in labels]) for prompt in model._encode(texts)]
            ours = label_log_probabilities(
                model.network, questions, pack_tokens=model.pack_tokens, batch_size=8, prefix=Prefix()
            )
        found.ours.append(clock.taken)
        taken, flat = peer.scores(texts, labels)
        found.theirs.append(taken)
        theirs = [flat[i : i + len(labels)] for i in range(0, len(flat), len(labels))]
        for one, other in zip(ours, theirs, strict=True):
            found.same &= one.index(max(one)) == other.index(max(other))
            found.furthest = max(found.furthest, *(abs(a - b) for a, b in zip(one, other, strict=True)))
    return found


def table(rounds: int) -> list[str]:
    """Markdown lines; a line instead of a table where weights or peer are not there."""
    title = f"## Stance by a language model ({rounds} rounds, interleaved)"
    weights, python = os.environ.get(WEIGHTS), os.environ.get(PYTHON)
    if not weights or not python:
        missing = f"{WEIGHTS} names no weights" if not weights else f"{PYTHON} names no Python with lm-eval"
        return [title, "", f"Not measured: {missing}; `benchmarks/stance_llm.py` says what it needs."]
    began = time.perf_counter()
    stance_model(weights, 0)
    start = time.perf_counter() - began
    peer = Peer(python, Path(weights))
    rows = []
    try:
        for shots, what in ((0, "zero-shot"), (8, "8-shot")):
            found = stance(weights, peer, shots, rounds)
            rows.append(found.row(what, f"lm-evaluation-harness, batch {PEER_BATCH}"))
            print(rows[-1], f"furthest {found.furthest:.1e}", file=sys.stderr)
    finally:
        peer.close()
    return [
        title,
        "",
        "The labels' likelihood after 144 prompts: the seed text's 36 sentences on 4 targets, without examples and",
        f"with 8 invented ones. Weights: `{Path(weights).name}`, float32. Scoring alone, from the same",
        "prompts as text to log-probabilities; medians. Start-up is apart: imports, configuration, gold and weights",
        f"took {start:.1f} s here, imports and weights {peer.start:.1f} s there.",
        "",
        "| what | beside | ours s | theirs s | ratio | of processor time | same choices | at least | holds |",
        "| --- | --- | ---: | ---: | ---: | ---: | --- | ---: | --- |",
        *rows,
    ]


if __name__ == "__main__":
    print("\n".join(table(int(sys.argv[1]) if len(sys.argv) > 1 else 3)))
