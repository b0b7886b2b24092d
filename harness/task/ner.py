"""Named entities over sentences where there are any, else over whole documents."""

from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, ClassVar

from harness.errors import GoldError
from harness.gold import Corpus
from harness.label_map import LabelMap
from harness.metric.grounding import Policy, ground
from harness.records import Answer, Entity, Example, NerInput, Sentence, TaskName
from harness.task.base import Reading, document_fields, example_id, length_range, unit_of


@dataclass(frozen=True, kw_only=True)
class Ner:
    """Finds named spans.

    A document with sentences is asked sentence by sentence; text between sentences is asked as well, so that nothing
    of a document is out of reach. An entity belongs to the example in which it begins.

    Beside the document's metadata, an example has the fields `zone` and `length` (words of its stretch: `1-10`,
    `11-20`, `21-40`, `41+`) for slices.

    Args:
        label_map: Names of maps, shipped or files, joined and applied to gold and predictions alike.
        grounding: Where strings are put that a model gave without offsets; see `harness.metric.grounding`.
    """

    label_map: tuple[str, ...] = ()
    grounding: Policy = "aligned"

    name: ClassVar[TaskName] = "ner"
    slices: ClassVar[tuple[str, ...]] = ()

    def signature(self) -> dict[str, Any]:
        """Nothing moves an answer: the map is applied when scoring."""
        return {"kind": "ner"}

    def examples(self, corpus: Corpus, *, gold: bool, selects: bool, label_map: LabelMap) -> list[Example]:
        """One example per sentence or stretch between sentences; the whole document where it has none."""
        docs = corpus.annotated("ner") if gold else list(corpus.documents)[: corpus.limit]
        unmapped: Counter[str] = Counter()
        examples = []
        for doc in docs:
            document = corpus.documents[doc]
            stretches = _stretches(document.text, corpus.sentences.get(doc, ()))
            entities = []
            for entity in corpus.entities.get(doc, ()) if gold else ():
                if not label_map.knows(entity.label):
                    unmapped[entity.label] += 1
                elif (label := label_map.apply(entity.label)) is not None:
                    entities.append(replace(entity, label=label))
            starts = [stretch.start for stretch in stretches]
            inside: list[list[Entity]] = [[] for _ in stretches]
            place = 0
            # A set, because a map may send two labels of one span to the same label.
            for entity in sorted(set(entities)):
                while place + 1 < len(starts) and starts[place + 1] <= entity.start:
                    place += 1
                inside[place].append(entity)
            for stretch, found in zip(stretches, inside, strict=True):
                whole = stretch.id == ""
                name = example_id(doc) if whole else example_id(doc, stretch.id)
                text = document.text[stretch.start : stretch.end]
                examples.append(
                    Example(
                        id=name,
                        doc=doc,
                        unit=unit_of(docs, doc, stretch.id),
                        start=stretch.start,
                        input=NerInput(name, doc, text, stretch.zone),
                        gold=tuple(found) if gold else None,
                        fields={**document_fields(document), "zone": stretch.zone, "length": length_range(text)},
                    )
                )
        if unmapped:
            found_labels = ", ".join(f"{label} ({count})" for label, count in sorted(unmapped.items()))
            raise GoldError(
                [f"label map {label_map.name}: gold labels without a mapping: {found_labels}; add them to it"]
            )
        return examples

    def read(self, example: Example, answer: Answer, corpus: Corpus, label_map: LabelMap) -> Reading:
        """Shifts spans to document offsets, applies the map and sets aside what fits neither text nor scheme."""
        if answer.bin != "scored" or (answer.entities is None and answer.mentions is None):
            return Reading((), misaligned=answer.misaligned)
        text = corpus.documents[example.doc].text
        given, ungrounded = list(answer.entities or ()), 0
        if answer.mentions is not None:
            # Only the policy `oracle` looks at gold; gold counts from the document's start, mentions from the input's.
            gold = example.gold if isinstance(example.gold, tuple) else ()
            mapped = [replace(m, label=label_map.apply(m.label) or m.label) for m in answer.mentions]
            own = [entity.shifted(-example.start) for entity in gold]
            grounded = ground(mapped, example.input.text, self.grounding, own)
            given += sorted(grounded.entities)
            ungrounded = grounded.ungrounded
        scheme = {label_map.apply(label) for label in corpus.entity_labels}
        found: set[Entity] = set()
        dropped: Counter[str] = Counter()
        unmapped, misaligned = 0, answer.misaligned
        for entity in given:
            placed = entity.shifted(example.start)
            if not _fits(placed, len(text)):
                misaligned += 1
                continue
            label = label_map.apply(entity.label)
            if label is None:
                dropped[entity.label] += 1
            # Gold that is annotated with nothing at all says nothing about the scheme.
            elif not label_map.knows(entity.label) or (scheme and label not in scheme):
                unmapped += 1
            else:
                said = " ".join(text[start:end] for start, end in placed.stretches)
                # One stretch is no part of anything: the entity is whole.
                parts = placed.parts if len(placed.parts) > 1 else ()
                found.add(replace(placed, label=label, text=said, parts=parts))
        return Reading(tuple(sorted(found)), len(found), unmapped, misaligned, dropped, ungrounded=ungrounded)


def _fits(entity: Entity, length: int) -> bool:
    """Whether an entity lies in a text of `length`; a discontinuous one with its stretches in order and apart."""
    if not 0 <= entity.start < entity.end <= length:
        return False
    places = [place for stretch in entity.parts for place in stretch]
    ends = (places[0], places[-1]) if places else (entity.start, entity.end)
    return ends == (entity.start, entity.end) and all(one < other for one, other in pairwise(places))


def _stretches(text: str, sentences: tuple[Sentence, ...]) -> list[Sentence]:
    """Sentences and what lies between them, in text order; the whole text, with an empty id, where there are none."""
    if not sentences:
        return [Sentence("", 0, len(text))]
    stretches = []
    position = 0
    names = {sentence.id for sentence in sentences}
    for sentence in sentences:
        stretches += _gap(text, position, sentence.start, names)
        stretches.append(sentence)
        position = sentence.end
    return stretches + _gap(text, position, len(text), names)


def _gap(text: str, start: int, end: int, names: set[str]) -> list[Sentence]:
    if not text[start:end].strip():
        return []
    name = f"~{start}"
    while name in names:
        name = "~" + name
    return [Sentence(name, start, end, "between")]
