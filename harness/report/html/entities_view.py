"""Gold and predicted entities of a document, each in the class that `entity_errors` counts it in."""

from typing import Any

from harness.metric.entity_errors import pair_class
from harness.metric.spans import Mark, align
from harness.records import Entity, NerInput
from harness.report.html.shown_document import Codes, Kind, Part, Shown

KINDS = (
    Kind("C", "correct", error=False),
    Kind("L", "wrong label"),
    Kind("B", "wrong boundary"),
    Kind("X", "wrong boundary and label"),
    Kind("M", "missed"),
    Kind("S", "spurious"),
)
_CLASSES = ("correct", "wrong_label", "wrong_boundary", "both", "missed", "spurious")
_NUMBER = {name: number for number, name in enumerate(_CLASSES)}


def entities_of(part: Part) -> Shown:
    """The document's entities.

    `gold`: the examples' sentences, by number, and each gold entity as example, start, end, label, parts. A run: what
    is not correct, as class, gold entity (-1: none), example, and of what was predicted start, end, label, parts; and
    the states of its answers by example.
    """
    gold: list[list[Any]] = []
    places: dict[tuple[int, Mark], int] = {}
    sentences = []
    for number, example in enumerate(part.examples.values()):
        asked = example.input
        if not isinstance(asked, NerInput):
            continue
        name = _sentence_of(example.id)
        sentences.append(part.sentences.of((name, example.start, example.start + len(asked.text), asked.zone)))
        for mark in sorted(align(_entities(example.gold), ()).gold):
            places[number, mark] = len(gold)
            gold.append([number, *_spelt(mark, part)])
    shown = Shown([sentences, gold])
    for given in part.given:
        if given is None:
            shown.runs.append(None)
            shown.codes.append(None)
            continue
        marks: list[list[Any]] = []
        states: list[Any] = []
        codes: Codes = Codes()
        for number, example in enumerate(part.examples.values()):
            if example.id not in given:
                continue
            found = align(_entities(example.gold), _entities(given[example.id].reading.predicted))
            for mark in found.same:
                codes[_NUMBER["correct"], part.labels.of(mark[2]), part.labels.of(mark[2])] += 1
            rows: list[tuple[int, Mark | None, Mark | None]] = []
            rows += [(_NUMBER[pair_class(one, other)], one, other) for one, other in found.pairs]
            rows += [(_NUMBER["missed"], one, None) for one in found.missed]
            rows += [(_NUMBER["spurious"], None, other) for other in found.spurious]
            for kind, one, other in sorted(rows, key=_in_text_order):
                labels = [part.labels.of(mark[2]) for mark in (one, other) if mark is not None]
                codes[kind, labels[0], labels[-1]] += 1
                place = -1 if one is None else places[number, one]
                marks.append([kind, place, number, *(_spelt(other, part) if other else ())])
            if state := given[example.id].state(part.text):
                states += [number, state]
        shown.runs.append([marks, states])
        shown.codes.append(codes)
    return shown


def _in_text_order(row: tuple[int, Mark | None, Mark | None]) -> Any:
    return row[1] or row[2], row[0]


def _entities(found: Any) -> tuple[Entity, ...]:
    return found if isinstance(found, tuple) else ()


def _sentence_of(example: str) -> str:
    """The sentence's id as it stands in the example's, which begins with the document's; empty for the whole text."""
    _, _, name = example.partition("/")
    return name.replace("%2F", "/").replace("%25", "%")


def _spelt(mark: Mark, part: Part) -> list[Any]:
    start, end, label, parts = mark
    return [start, end, part.labels.of(label), *([[place for stretch in parts for place in stretch]] if parts else ())]
