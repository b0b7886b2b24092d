"""Language models on a CPU: stance by the labels' likelihood beside lm-evaluation-harness, summaries beside a loop.

Needs weights, named by HARNESS_CAUSAL_WEIGHTS (a folder or a GGUF file), and for the peer an environment with lm-eval,
whose Python HARNESS_LM_EVAL_PYTHON names. Without them a line says so. `python -m benchmarks.stance_llm [ROUNDS]`
prints the table; loading is no part of any time in it but the one that is called so.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.compose import compose_jobs, parse_arguments
from harness.files import read_json_lines
from harness.model.greedy import generate
from harness.model.hf_causal import HfCausal
from harness.model.tree_scoring import Prefix
from harness.plan import plan
from harness.records import Input, SummaryInput

WEIGHTS, PYTHON = "HARNESS_CAUSAL_WEIGHTS", "HARNESS_LM_EVAL_PYTHON"
EXAMPLES = Path(__file__).with_name("stance_examples.jsonl")
PEER = Path(__file__).with_name("peers") / "lm_eval_scoring.py"
# The peer's best batch size on two cores, of 1, 8 and 32.
PEER_BATCH = 8
AT_LEAST = {"zero-shot": 3.0, "8-shot": 12.0, "summaries": 2.3}
ARTICLES, NEW_TOKENS, BATCH = 20, 48, 8


@dataclass
class Measured:
    """Seconds of each round on both sides, and whether the answers agreed in every one."""

    ours: list[float]
    theirs: list[float]
    same: bool = True
    furthest: float = 0.0

    def row(self, what: str, peer: str) -> str:
        """A line of the table; the ratio is the median of the rounds' ratios."""
        ratio = statistics.median(b / a for a, b in zip(self.ours, self.theirs, strict=True))
        holds = "yes" if ratio >= AT_LEAST[what] and self.same else "**no**"
        return (
            f"| {what} | {peer} | {statistics.median(self.ours):.1f} | {statistics.median(self.theirs):.1f} | "
            f"{ratio:.1f} x | {'yes' if self.same else 'no'} | {AT_LEAST[what]:g} x | {holds} |"
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
        gguf = weights.suffix == ".gguf"
        arguments = [str(weights.parent if gguf else weights), weights.name if gguf else ""]
        self.process = subprocess.Popen(
            [python, str(PEER), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.load = float(self._answer()["load"])

    def scores(self, prompts: list[str], labels: list[str]) -> tuple[float, list[float]]:
        """Seconds, and the score of each label of each prompt."""
        assert self.process.stdin is not None
        asked = {"prompts": prompts, "labels": labels, "batch_size": PEER_BATCH}
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        answer = self._answer()
        return float(answer["seconds"]), list(answer["scores"])

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
    found = Measured([], [])
    for _ in range(rounds):
        began = time.perf_counter()
        texts = [model._text(one) for one in inputs]
        whole = iter(model._encode([text + label for text in texts for label in labels]))
        questions = [question(prompt, [next(whole) for _ in labels]) for prompt in model._encode(texts)]
        ours = label_log_probabilities(
            model.network, questions, pack_tokens=model.pack_tokens, batch_size=8, prefix=Prefix()
        )
        found.ours.append(time.perf_counter() - began)
        taken, flat = peer.scores(texts, labels)
        found.theirs.append(taken)
        theirs = [flat[i : i + len(labels)] for i in range(0, len(flat), len(labels))]
        for one, other in zip(ours, theirs, strict=True):
            found.same &= one.index(max(one)) == other.index(max(other))
            found.furthest = max(found.furthest, *(abs(a - b) for a, b in zip(one, other, strict=True)))
    return found


def summaries(weights: str, rounds: int) -> Measured:
    """Batches beside a loop of one `generate` per article; stretches of the seed text stand for articles."""
    import torch

    arguments = ["model=hf_causal", f"model.path={weights}", "task=summarization"]
    (task,) = plan(compose_jobs(parse_arguments(arguments))[0], writes=False).tasks
    model, given = task.model, task.examples[0].input
    assert isinstance(model, HfCausal)
    assert isinstance(given, SummaryInput)
    sentences = [text for _, text in given.sentences]
    articles = [" ".join(sentences[i % 12 : i % 12 + 4 + (7 * i) % 17]) for i in range(ARTICLES)]
    asked = [SummaryInput(str(i), "d", text, "headline", ()) for i, text in enumerate(articles)]
    prompts = model._encode([model._text(one) for one in asked])
    network, ends = model.network, model._ends
    found = Measured([], [])
    for _ in range(rounds):
        began = time.perf_counter()
        ours = generate(network, prompts, most=NEW_TOKENS, batch_size=BATCH, ends=ends)
        found.ours.append(time.perf_counter() - began)
        began = time.perf_counter()
        theirs = []
        for prompt in prompts:
            with torch.inference_mode():
                ids = torch.tensor([prompt])
                written = network.generate(
                    ids, attention_mask=torch.ones_like(ids), max_new_tokens=NEW_TOKENS, do_sample=False
                )
            theirs.append([token for token in written[0, len(prompt) :].tolist() if token not in ends])
        found.theirs.append(time.perf_counter() - began)
        found.same &= [list(one.tokens) for one in ours] == theirs
    return found


def table(rounds: int) -> list[str]:
    """Markdown lines; a line instead of a table where weights or peer are not there."""
    title = f"## Language models ({rounds} rounds)"
    weights, python = os.environ.get(WEIGHTS), os.environ.get(PYTHON)
    if not weights:
        return [title, "", f"Not measured: {WEIGHTS} names no weights."]
    lines = []
    if python:
        peer = Peer(python, Path(weights))
        try:
            for shots, what in ((0, "zero-shot"), (8, "8-shot")):
                found = stance(weights, peer, shots, rounds)
                lines.append(found.row(what, f"lm-evaluation-harness, batch {PEER_BATCH}"))
                print(lines[-1], f"furthest {found.furthest:.1e}", file=sys.stderr)
        finally:
            peer.close()
    lines.append(summaries(weights, rounds).row("summaries", "`generate`, one by one"))
    lines = [
        title,
        "",
        "Stance of the seed text's 36 sentences on 4 targets by the labels' likelihood, and summaries of "
        f"{ARTICLES} texts of at most {NEW_TOKENS} tokens each, greedily. Weights: `{Path(weights).name}`, float32. "
        "Loading is apart.",
        "",
        "| what | beside | ours s | theirs s | ratio | same answers | at least | holds |",
        "| --- | --- | ---: | ---: | ---: | --- | ---: | --- |",
        *lines,
    ]
    if not python:
        lines += ["", f"Stance was not measured: {PYTHON} names no Python with lm-eval."]
    return lines


if __name__ == "__main__":
    print("\n".join(table(int(sys.argv[1]) if len(sys.argv) > 1 else 3)))
