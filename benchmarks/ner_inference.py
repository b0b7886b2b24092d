"""Speed of NER: one encoder with a fixed random head, in the harness, in transformers' pipeline, and in a bare loop.

Needs the weights of an encoder of 22 million parameters (all-MiniLM-L6-v2), in a folder that HARNESS_ENCODER_WEIGHTS
names; without it a line says so. `python -m benchmarks.ner_inference [ROUNDS]` prints the table.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from harness.engine.local import Local
from harness.model.hf_tagger import HfTagger
from harness.records import Answer, Input, NerInput
from harness.resources import shipped

WEIGHTS = "HARNESS_ENCODER_WEIGHTS"
LABELS = ("O", "PER", "ORG", "LOC", "MISC")
TEXTS, LONGEST = 300, 300
PIPELINE_SIZES = (1, 8, 32)
# Ways to make the passes, and how many times as fast as the pipeline they have to be.
WAYS: dict[str, tuple[dict[str, Any], float | None]] = {
    "torch": ({}, None),
    "torch, int8": ({"dtype": "int8"}, None),
    "ONNX Runtime": ({"runtime": "onnxruntime"}, 1.9),
    "ONNX Runtime, int8": ({"runtime": "onnxruntime", "dtype": "int8"}, 3.0),
}
# Words whose labels may differ in float32, for the rounding of two ways to add the same numbers.
ROUNDED = 1e-4
# And of the bare loop, of which tokenizing and reading labels may take a tenth.
LEAST_BARE = 0.9


@dataclass
class Times:
    """Seconds of each round, by the clock and of the processor, all threads together."""

    wall: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    def measure(self, work: Callable[[], object]) -> None:
        """Runs it once and notes how long it took."""
        began = time.perf_counter(), time.process_time()
        work()
        self.wall.append(time.perf_counter() - began[0])
        self.processor.append(time.process_time() - began[1])

    def ratio(self, other: "Times") -> tuple[float, float]:
        """How many times as long the other takes: medians of the rounds' ratios, by the clock and of the processor."""
        return (
            statistics.median(b / a for a, b in zip(self.wall, other.wall, strict=True)),
            statistics.median(b / a for a, b in zip(self.processor, other.processor, strict=True)),
        )


def tagger_folder(weights: str, folder: str) -> str:
    """The encoder with a head of fixed random weights, stored as a checkpoint."""
    import torch
    from transformers import AutoModelForTokenClassification, AutoTokenizer, logging

    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    torch.manual_seed(0)
    network = AutoModelForTokenClassification.from_pretrained(
        weights, num_labels=len(LABELS), id2label=dict(enumerate(LABELS))
    )
    with torch.no_grad():
        network.classifier.weight.normal_(std=0.2)
        network.classifier.bias.zero_()
    network.save_pretrained(folder)
    AutoTokenizer.from_pretrained(weights).save_pretrained(folder)
    return folder


def texts() -> list[str]:
    """Stretches of the seed text: most are short, some are long."""
    words = sorted(shipped("seeds").glob("*.txt"))[0].read_text(encoding="utf-8").split()
    found = []
    for i in range(TEXTS):
        length = 4 + int((LONGEST - 4) * ((i * 7919 % TEXTS) / TEXTS) ** 3)
        start = i * 104729 % (len(words) - length)
        found.append(" ".join(words[start : start + length]))
    return found


def answers(model: HfTagger, inputs: Sequence[Input]) -> list[Answer]:
    """What a run does, less its journal."""
    given: dict[str, Answer] = {}

    def commit(asked: Sequence[Input], answered: Sequence[Answer]) -> None:
        given.update(zip((one.id for one in asked), answered, strict=True))

    Local().run(model, inputs, commit, lambda: None)
    return [given[one.id] for one in inputs]


def passes(model: HfTagger, inputs: Sequence[Input]) -> list[dict[str, Any]]:
    """The tensors of every forward pass that the model makes for these inputs."""
    found: list[dict[str, Any]] = []

    def watch(_module: Any, _given: Any, named: dict[str, Any]) -> None:
        found.append(named)

    hook = model.network.register_forward_pre_hook(watch, with_kwargs=True)
    try:
        answers(model, inputs)
    finally:
        hook.remove()
    return found


def bare(network: Any, tensors: Sequence[dict[str, Any]]) -> None:
    """The forward passes and nothing else."""
    import torch

    with torch.inference_mode():
        for one in tensors:
            network(**one)


def piped(peer: Any, given: Sequence[str]) -> list[Any]:
    """What the pipeline says of each text."""
    return list(peer(given))


def word_labels(model: HfTagger, text: str, answer: Answer) -> dict[int, str]:
    """Where each labelled word begins, with its label."""
    encoded = model.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    numbers = encoded.word_ids()
    starts = [s for j, (s, _) in enumerate(encoded["offset_mapping"]) if not j or numbers[j] != numbers[j - 1]]
    spans = [(entity.start, entity.end, entity.label) for entity in answer.entities or ()]
    return {s: label for start, end, label in spans for s in starts if start <= s < end}


def said_by(model: HfTagger, inputs: Sequence[Input]) -> list[dict[int, str]]:
    """The labelled words of each text."""
    answered = zip(inputs, answers(model, inputs), strict=True)
    return [word_labels(model, one.text, answer) for one, answer in answered]


def pipeline_labels(tokens: Sequence[dict[str, Any]]) -> dict[int, str]:
    """The same of what the pipeline says of every token: the first of a word speaks for it."""
    return {int(token["start"]): str(token["entity"]) for token in tokens if not token["word"].startswith("##")}


def table(rounds: int) -> list[str]:
    """Markdown lines; a line instead of a table where the weights are not there."""
    title = f"## NER with an encoder of 22 million weights ({rounds} rounds, interleaved)"
    weights = os.environ.get(WEIGHTS)
    if not weights:
        return [title, "", f"Not measured: {WEIGHTS} names no folder."]
    import torch
    from transformers import pipeline

    given = texts()
    inputs: list[Input] = [NerInput(id=f"e{i}", doc=f"d{i}", text=text) for i, text in enumerate(given)]
    with tempfile.TemporaryDirectory() as folder:
        path = tagger_folder(weights, folder)
        models, loading = {}, {}
        for name, (options, _) in WAYS.items():
            models[name] = HfTagger(path=path, device="cpu", **options)
            began = time.perf_counter()
            models[name].load()
            loading[name] = time.perf_counter() - began
        ours = models["torch"]
        peers = {
            size: pipeline("token-classification", model=ours.network, tokenizer=ours.tokenizer, batch_size=size)
            for size in PIPELINE_SIZES
        }
        tensors = passes(ours, inputs)
        names = [*models, "bare", *(f"pipeline {size}" for size in PIPELINE_SIZES)]
        times = {name: Times() for name in names}
        for _ in range(rounds):
            for name, model in models.items():
                times[name].measure(partial(answers, model, inputs))
            times["bare"].measure(lambda: bare(ours.network, tensors))
            for size, peer in peers.items():
                times[f"pipeline {size}"].measure(partial(piped, peer, given))
        said = {name: said_by(model, inputs) for name, model in models.items()}
        said_peer = [pipeline_labels(tokens) for tokens in piped(peers[1], given)]
        words = sum(len(set(ours.tokenizer(text, add_special_tokens=False).word_ids())) for text in given)
        lengths = sorted(len(ids) for ids in ours.tokenizer(given)["input_ids"])
    best = min(PIPELINE_SIZES, key=lambda size: statistics.median(times[f"pipeline {size}"].wall))
    shares = {name: differences(labels, said_peer) / words for name, labels in said.items()}

    def row(name: str, other: str, least: float | None, same: str, holds: bool = True) -> str:
        wall, processor = times[name].ratio(times[other])
        fine = "-" if least is None else "yes" if wall >= least and holds else "**no**"
        return (
            f"| {name} | {other} | {statistics.median(times[name].wall):.2f} | "
            f"{statistics.median(times[other].wall):.2f} | {wall:.2f} x | {processor:.2f} x | {same} | "
            f"{'-' if least is None else f'{least:.2f} x'} | {fine} |"
        )

    rates = "; ".join(f"{name} {TEXTS / statistics.median(times[name].wall):.0f}" for name in names)
    loads = "; ".join(f"{name} {seconds:.1f}" for name, seconds in loading.items())
    return [
        title,
        "",
        f"{TEXTS} texts from the seed text, {lengths[len(lengths) // 2]} tokens in the middle, {lengths[-1]} the "
        f"longest; {torch.get_num_threads()} threads. The peer is `transformers.pipeline` at the best of its batch "
        f"sizes {', '.join(map(str, PIPELINE_SIZES))}; the bare loop makes the same forward passes from ready tensors.",
        f"Documents a second: {rates}. Seconds to load, which are in none of it: {loads}.",
        "",
        "| what | beside | s | theirs s | ratio | of processor time | words labelled otherwise | at least | holds |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
        *(
            row(name, f"pipeline {best}", least, f"{shares[name]:.2%}", "dtype" in options or shares[name] <= ROUNDED)
            for name, (options, least) in WAYS.items()
        ),
        row("torch", "bare", LEAST_BARE, "-"),
    ]


def differences(some: Sequence[dict[int, str]], others: Sequence[dict[int, str]]) -> int:
    """Words that two sides label differently."""
    pairs = zip(some, others, strict=True)
    return sum(one.get(place) != other.get(place) for one, other in pairs for place in one.keys() | other.keys())


if __name__ == "__main__":
    print("\n".join(table(int(sys.argv[1]) if len(sys.argv) > 1 else 5)))
