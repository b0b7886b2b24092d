"""Which stored answers differ between two runs: labels, spans and texts, never probabilities.

Floating-point sums differ between processors and libraries, and probabilities with them; labels hardly ever do.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.prediction_file import read_answers_of
from harness.records import Answer, Entity


@dataclass(frozen=True)
class Changes:
    """How far two runs answer alike.

    Args:
        examples: Number of examples of either.
        changed: One line for each that changed: its id and what changed, without any text.
    """

    examples: int
    changed: tuple[str, ...]


def changes(run: Path, baseline: Path) -> Changes:
    """Compares the answers example by example.

    Args:
        run: A run folder.
        baseline: Another one.

    Raises:
        RunError: Answers cannot be read.
    """
    before = dict(_answers(baseline))
    number = len(before)
    changed = []
    for example, answer in _answers(run):
        if example not in before:
            number += 1
            changed.append(f"{example}: not asked in the baseline")
            continue
        old = before.pop(example)
        if _said(old) != _said(answer):
            changed.append(f"{example}: {_difference(old, answer)}")
    changed += [f"{example}: asked in the baseline alone" for example in before]
    return Changes(number, tuple(changed))


def _answers(folder: Path) -> Iterator[tuple[str, Answer]]:
    for part in read_answers_of(folder):
        yield from zip(part.examples, part.answers, strict=True)


def _said(answer: Answer) -> tuple[Any, ...]:
    entities = None if answer.entities is None else sorted(map(_span, answer.entities))
    mentions = None if answer.mentions is None else sorted((one.label, one.text) for one in answer.mentions)
    return answer.bin, entities, mentions, answer.tags, answer.label, answer.text, answer.sentences


def _span(entity: Entity) -> tuple[Any, ...]:
    return entity.start, entity.end, entity.label, tuple(entity.parts or ())


def _difference(old: Answer, new: Answer) -> str:
    if old.bin != new.bin:
        return f"{old.bin} -> {new.bin}"
    if old.label != new.label:
        return f"{old.label} -> {new.label}"
    if old.entities is not None and new.entities is not None:
        before, after = {_span(one) for one in old.entities}, {_span(one) for one in new.entities}
        if before != after:
            return f"{_spans(before - after)} -> {_spans(after - before)}"
    if old.sentences != new.sentences:
        return f"sentences {_few(old.sentences or ())} -> {_few(new.sentences or ())}"
    if old.text is not None and new.text is not None and old.text != new.text:
        pairs = zip(old.text, new.text, strict=False)
        shared = min(len(old.text), len(new.text))
        first = next((place for place, (a, b) in enumerate(pairs) if a != b), shared)
        return f"text of {len(old.text)} -> {len(new.text)} characters, the first other one at {first}"
    if old.tags != new.tags:
        return "other tags for the same spans"
    return "another answer"


def _spans(spans: set[tuple[Any, ...]]) -> str:
    """Labels and offsets in the example; what they cover is the document's text, which is not for logs."""
    return _few([f"{label} {start}-{end}" for start, end, label, _ in sorted(spans)]) if spans else "nothing"


def _few(parts: Any) -> str:
    given = [str(part) for part in parts]
    return ", ".join(given[:4]) + (f" and {len(given) - 4} more" if len(given) > 4 else "")
