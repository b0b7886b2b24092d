"""Gold and predicted stance of a document: one row per judgement, to be laid out as sentences x targets."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.metric.stance_sides import StanceSides
from harness.records import ABSTAIN, Stance, StanceGold, StanceInput
from harness.report.html.numbering import Numbering
from harness.report.html.shown_document import Codes, Given, Kind, Part, Shown
from harness.task.base import example_id

KINDS = (
    Kind("C", "as the gold", error=False),
    Kind("F", "flip: the opposite side"),
    Kind("M", "missed side: the neutral label where the gold takes a side"),
    Kind("S", "spurious side: a side where the gold is neutral"),
    Kind("W", "another label"),
    Kind("N", "no answer"),
)
_CORRECT, _FLIP, _MISSED, _SPURIOUS, _OTHER, _NONE = range(6)


@dataclass
class StanceScheme:
    """What the judgements of a group share.

    Args:
        sides: Which labels take a side, and which takes none, as the runs' own `stance_sides` has it.
        targets: Targets as (id, words).
        details: Names of what judgements say beside their labels.
    """

    sides: StanceSides
    targets: Numbering[tuple[str, str]]
    details: Numbering[str]

    def kind(self, gold: str, predicted: str | None) -> int:
        """The class of an answer."""
        if predicted is None or predicted == ABSTAIN:
            return _NONE
        if predicted == gold:
            return _CORRECT
        sides, neutral = self.sides.sides, self.sides.neutral
        if gold in sides and predicted in sides:
            return _FLIP
        if gold in sides and predicted == neutral:
            return _MISSED
        return _SPURIOUS if gold == neutral and predicted in sides else _OTHER


def stances_of(part: Part, scheme: StanceScheme) -> Shown:
    """The document's judgements.

    `gold`: per judgement its sentence by number (-1: the whole document), target, label, id, and details as name and
    value in turn. A run: the letters of all classes in one string, the labels (-1: none), their probabilities (-1:
    none), and states by judgement.
    """
    places = {sentence.id: sentence for sentence in part.corpus.sentences.get(part.doc, ())}
    judged: dict[tuple[str | None, str], list[StanceGold]] = {}
    for judgement in part.corpus.stance.get(part.doc, ()):
        judged.setdefault((judgement.sentence, judgement.target), []).append(judgement)
    gold, names = [], []
    for example in part.examples.values():
        asked, label = example.input, example.gold
        if not isinstance(asked, StanceInput) or not isinstance(label, Stance):
            continue
        sentence = -1
        if asked.sentence is not None:
            found = places[asked.sentence]
            sentence = part.sentences.of((found.id, found.start, found.end, found.zone))
        target = (asked.target.id, asked.target.text if part.text else "")
        own = judged[asked.sentence, asked.target.id]
        # An id is the last part of the example's.
        one = next(one for one in own if len(own) == 1 or example.id == _example(part.doc, one))
        details = _details(one.details, part, scheme.details) if part.text else []
        gold.append([sentence, scheme.targets.of(target), part.labels.of(label.label), one.id or "", details])
        names.append((example.id, label.label))
    shown = Shown(gold)
    for given in part.given:
        run, codes = (None, None) if given is None else _run(names, given, part, scheme)
        shown.runs.append(run)
        shown.codes.append(codes)
    return shown


def _run(
    names: list[tuple[str, str]], given: Mapping[str, Given], part: Part, scheme: StanceScheme
) -> tuple[list[Any], Codes]:
    letters, labels, chances, states = "", [], [], []
    codes = Codes()
    for number, (example, gold) in enumerate(names):
        one = given.get(example)
        predicted = one.reading.predicted if one is not None else None
        label = predicted.label if isinstance(predicted, Stance) else None
        kind = scheme.kind(gold, label)
        letters += KINDS[kind].letter
        labels.append(-1 if label is None else part.labels.of(label))
        wanted = part.labels.of(gold)
        codes[kind, wanted, wanted if label is None else labels[-1]] += 1
        scores = predicted.scores if isinstance(predicted, Stance) else None
        chances.append(-1 if scores is None or label is None else round(float(scores.get(label, 0.0)), 3))
        if state := ("not asked" if one is None else one.state(part.text)):
            states += [number, state]
    return [letters, labels, chances if any(chance >= 0 for chance in chances) else [], states], codes


def _example(doc: str, one: StanceGold) -> str:
    return example_id(doc, one.sentence or "", one.target, *((one.id,) if one.id else ()))


def _details(details: Mapping[str, Any], part: Part, names: Numbering[str]) -> list[Any]:
    """What a judgement says beside its label: words, or a place in the text as the words there."""
    found: list[Any] = []
    for name, value in details.items():
        match value:
            case str() if value:
                found += [names.of(name), value]
            case [int(start), int(end)]:
                found += [names.of(name), part.corpus.documents[part.doc].text[start:end]]
    return found
