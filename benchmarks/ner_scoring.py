"""How fast entities are scored: strict and partial over 10,000 documents, against nervaluate and seqeval.

Each tool gets what it reads, made beforehand: records here, dictionaries for nervaluate, one IOB2 tag per token for
seqeval. The predictions are the gold with errors of every class. Rounds are interleaved, and what is reported is the
median over rounds of peer time divided by our time in the same round, so that a busy machine slows all of them alike.
"""

import gc
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.metric.base import Key
from harness.metric.entity_f1 import EntityF1
from harness.metric.entity_overlap import EntityOverlap
from harness.records import Entity

LABELS = ("PER", "ORG", "GPE", "LOC")
AT_LEAST = 20.0

Span = tuple[int, int, str]


@dataclass(frozen=True)
class Text:
    """Token spans of one document: how many tokens, what is gold, what is predicted."""

    tokens: int
    gold: list[Span]
    predicted: list[Span]


@dataclass(frozen=True)
class Peer:
    """A peer's call, and the scores of ours that it must agree with.

    Args:
        what: For the table.
        run: Scores everything; returns F1 by the name of our score.
    """

    what: str
    run: Callable[[], dict[str, float]]


def texts(documents: int, spans: int = 20, rng_seed: int = 0) -> list[Text]:
    """Documents of `spans` gold entities, an entity every eight tokens, as in CoNLL-2003."""
    rng = random.Random(rng_seed)
    made = []
    for _ in range(documents):
        place, gold, predicted = 0, [], []
        for _ in range(spans):
            place += rng.randint(2, 11)
            length, label, luck = rng.choice([1, 1, 1, 2, 2, 3]), rng.choice(LABELS), rng.random()
            gold.append((place, place + length, label))
            if luck < 0.82:
                predicted.append(gold[-1])
            elif luck < 0.87:
                predicted.append((place, place + length, rng.choice(LABELS)))
            elif luck < 0.93:
                # The token after an entity never begins another one, so every tool reads the same spans.
                predicted.append((place, place + length + 1, rng.choice([label, *LABELS])))
            if rng.random() < 0.05:
                predicted.append((place + length + 1, place + length + 2, rng.choice(LABELS)))
            place += length + 2
        made.append(Text(place + 3, gold, predicted))
    return made


def tags(tokens: int, spans: list[Span]) -> list[str]:
    """IOB2."""
    found = ["O"] * tokens
    for start, end, label in spans:
        found[start:end] = [f"B-{label}", *[f"I-{label}"] * (end - start - 1)]
    return found


def ours(gold: tuple[tuple[Entity, ...], ...], predicted: tuple[tuple[Entity, ...], ...]) -> dict[str, float]:
    """Strict micro, macro and per label, and exact, partial and type; from counts per document."""
    scores: dict[Key, Any] = {}
    for metric in (EntityF1(), EntityOverlap()):
        counts = metric.count_many(gold, predicted)
        sums = np.bincount(counts.columns, weights=counts.values, minlength=len(counts.names))
        scores |= metric.compute(dict(zip(counts.names, sums, strict=True)))
    names = {"strict": "entity", **{mode: f"entity_{mode}" for mode in ("exact", "partial", "type")}}
    return {mode: float(scores[Key(f"{name}.f1", "micro")]) for mode, name in names.items()}


def peers(made: list[Text]) -> list[Peer]:
    """Every peer with its own input."""
    from nervaluate import Evaluator
    from seqeval.metrics import classification_report, f1_score
    from seqeval.scheme import IOB2

    def records(spans: list[Span]) -> list[dict[str, Any]]:
        # Its ends are inclusive.
        return [{"label": label, "start": start, "end": end - 1} for start, end, label in spans]

    gold, predicted = [records(text.gold) for text in made], [records(text.predicted) for text in made]
    gold_tags = [tags(text.tokens, text.gold) for text in made]
    predicted_tags = [tags(text.tokens, text.predicted) for text in made]

    def nervaluate() -> dict[str, float]:
        found = Evaluator(gold, predicted, tags=list(LABELS), loader="dict").evaluate()["overall"]
        return {"strict": found["strict"].f1, "partial": found["partial"].f1}

    def seqeval_report(**mode: Any) -> dict[str, float]:
        report = classification_report(gold_tags, predicted_tags, output_dict=True, **mode)
        return {"strict": report["micro avg"]["f1-score"]}

    return [
        Peer("nervaluate `Evaluator.evaluate`", nervaluate),
        Peer("seqeval `classification_report`", seqeval_report),
        Peer("seqeval `classification_report`, strict IOB2", lambda: seqeval_report(mode="strict", scheme=IOB2)),
        Peer("seqeval `f1_score` (one number)", lambda: {"strict": float(f1_score(gold_tags, predicted_tags))}),
    ]


def timed(run: Callable[[], dict[str, float]]) -> tuple[float, dict[str, float]]:
    """Processor seconds and scores of one call: none of them uses threads, and other programs do not count."""
    gc.collect()
    began = time.process_time()
    found = run()
    return time.process_time() - began, found


def table(rounds: int, documents: int = 10_000) -> list[str]:
    """Markdown lines; refuses to report a time where the scores differ."""
    made = texts(documents)
    gold = tuple(tuple(Entity(*span) for span in text.gold) for text in made)
    predicted = tuple(tuple(Entity(*span) for span in text.predicted) for text in made)
    others = peers(made)
    own: list[float] = []
    times: dict[str, list[float]] = {peer.what: [] for peer in others}
    for _ in range(rounds):
        # Other tuples each round: what was aligned in the last one is no help.
        seconds, expected = timed(lambda: ours((*gold[:-1], gold[-1]), (*predicted[:-1], predicted[-1])))
        own.append(seconds)
        for peer in others:
            seconds, found = timed(peer.run)
            times[peer.what].append(seconds)
            for name, value in found.items():
                if abs(value - expected[name]) > 1e-9:
                    raise SystemExit(f"{peer.what}: {name} F1 is {value}, ours {expected[name]}")
    lines = [
        f"## Scoring entities ({rounds} rounds)",
        "",
        f"Strict, exact, partial and type of {documents:,} documents with {sum(map(len, gold)):,} gold spans:",
        f"{statistics.median(own):.2f} s (median), with the counts of each document. Processor time. Equal scores are",
        "checked.",
        "",
        "| peer | median s | median of ratios | lowest | at least | holds |",
        "| --- | ---: | ---: | ---: | ---: | --- |",
    ]
    for what, taken in times.items():
        ratios = [other / one for other, one in zip(taken, own, strict=True)]
        holds = "yes" if statistics.median(ratios) >= AT_LEAST else "**no**"
        lines.append(
            f"| {what} | {statistics.median(taken):.2f} | {statistics.median(ratios):.1f} | {min(ratios):.1f} "
            f"| {AT_LEAST:.0f} | {holds} |"
        )
    return lines


if __name__ == "__main__":
    print("\n".join(table(rounds=3)))
