"""Where entities are found and where they are not: strict scores by what an entity is like."""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal

from harness.metric.base import Additive, Array, Counts, Key, Sums
from harness.metric.prf import gold_total, rows, score
from harness.metric.spans import Mark, text_of
from harness.records import Entity, TaskName

_Stretches = tuple[tuple[int, int], ...]


@dataclass(frozen=True, kw_only=True)
class EntitySlices(Additive):
    """Strict precision, recall and F1 of the entities that have a property, value by value.

    Gold and predicted entities with the same value are compared as in `entity_f1`. Each property is one of the span, so
    an entity and its exact prediction always have the same value, and the slices of a property share all entities among
    them. Precision is that of the predictions with the value, recall that of the gold with it.

    - length: words of the entity, as white space separates them: `1`, `2`, `3` or `4+` (`0`: white space alone)
    - nested: `inner` where a gold entity of the example reaches around the span, else `outer` where a gold entity lies
      inside it, else `flat`; two labels on one span are not nested
    - label: the label
    - seen: `yes` where the entity's text, case-folded and with single spaces, is among the names of `seen`, else `no`

        P = tp / (tp + fp)    R = tp / (tp + fn)    F1 = 2 tp / (2 tp + fp + fn)

    Range: fractions in [0, 1], higher is better. A value that neither side has has no row.
    Bad input: 0 where one side is empty, undefined where both are. A missing answer counts as an empty one, an entity
    given twice once; where a property needs its text, an entity without one is refused. What never gets here:
    `harness.metric.base`.
    Source: attributes of entities as in Fu et al. 2020, https://aclanthology.org/2020.emnlp-main.489.
    Checked against: scikit-learn's `precision_recall_fscore_support` on entities that the test filtered itself.

    Args:
        by: The properties.
        seen: For the property `seen`: names, or a file of them: one name a line, or `.jsonl` with a name under `text`
            in each record, as the `entities.jsonl` of a training set has. `package:NAME` is a file that is shipped.

    Example:
        >>> metric = EntitySlices(by=("length",))
        >>> gold = [Entity(0, 4, "GPE", "Oslo"), Entity(9, 17, "GPE", "New York")]
        >>> scores = metric.compute(metric.count(gold, [Entity(9, 17, "GPE", "New York")]))
        >>> [float(scores[Key("entity_slices.recall", "micro", f"length={words}")]) for words in (1, 2)]
        [0.0, 1.0]
    """

    task: ClassVar[TaskName] = "ner"

    by: tuple[Literal["length", "nested", "label", "seen"], ...] = ("length", "nested", "label")
    seen: str | tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if not self.by or len(set(self.by)) < len(self.by):
            raise ValueError(f"EntitySlices: by must name different properties, got {list(self.by)!r}")
        if ("seen" in self.by) != (self.seen is not None):
            raise ValueError(
                "EntitySlices: the property 'seen' and the parameter `seen` (a file of names) need each other, "
                f"got by={list(self.by)!r} and seen={self.seen!r}"
            )
        # A file that is not there is found out about now, not after a model was asked.
        _ = self._names

    def count(self, gold: Collection[Entity], predicted: Collection[Entity] | None) -> Counts:
        """`tp`, `fp` and `fn` per value, as `length=4+|tp`.

        Raises:
            ValueError: Lengths or seen names are asked for and an entity carries no text.
        """
        wanted, given = _by_mark(gold), _by_mark(predicted or ())
        nested = _nesting(wanted, given) if "nested" in self.by else {}
        counts: Counter[str] = Counter()
        for mark in wanted.keys() | given.keys():
            ending = "fn" if mark not in given else "tp" if mark in wanted else "fp"
            entity = wanted.get(mark) or given[mark]
            counts.update(f"{name}={value}|{ending}" for name, value in self._values(entity, nested))
        return {name: float(counts[name]) for name in sorted(counts)}

    def compute(self, counts: Sums) -> dict[Key, Array]:
        """`entity_slices.*`, `micro`, one slice per value."""
        scores: dict[Key, Array] = {}
        for slice_ in sorted({name.rpartition("|")[0] for name in counts}):
            scores |= rows("entity_slices", "micro", score(counts, slice_), slice_)
        return scores

    def support(self, key: Key, counts: Sums) -> float:
        """Gold entities with the value."""
        return float(gold_total(counts, key.slice))

    def signature(self, key: Key) -> str:
        """Average, match, duplicates, how the property is told."""
        name = key.slice.partition("=")[0]
        how = {"length": "whitespace", "nested": "gold", "label": "given", "seen": f"case+space:{self._names_hash}"}
        return f"{key.metric}|avg:{key.average}|match:strict|dup:once|{name}:{how.get(name, 'given')}|v:1"

    def _values(self, entity: Entity, nested: dict[_Stretches, str]) -> Iterable[tuple[str, str]]:
        for name in self.by:
            if name == "length":
                words = len(text_of(entity).split())
                yield name, str(words) if words < 4 else "4+"
            elif name == "nested":
                yield name, nested.get(entity.stretches, "flat")
            elif name == "label":
                yield name, entity.label
            else:
                yield name, "yes" if _name(text_of(entity)) in self._names else "no"

    @cached_property
    def _names(self) -> frozenset[str]:
        if self.seen is None:
            return frozenset()
        return frozenset(map(_name, _read(self.seen) if isinstance(self.seen, str) else self.seen)) - {""}

    @cached_property
    def _names_hash(self) -> str:
        return hashlib.sha256("\n".join(sorted(self._names)).encode()).hexdigest()[:8]


def _by_mark(entities: Collection[Entity]) -> dict[Mark, Entity]:
    return {(one.start, one.end, one.label, one.parts): one for one in entities}


def _name(text: str) -> str:
    return " ".join(text.casefold().split())


def _read(path: str) -> list[str]:
    # Only here does a metric read a file: the names are a parameter that is too long for a configuration.
    from harness.errors import DataError, ResourceError
    from harness.files import read_json_lines, read_text
    from harness.resources import resolve

    file = resolve(path)
    if not file.is_file():
        raise ResourceError(f"entity_slices.seen: expected a file of names, {str(file)!r} is none on this machine")
    if file.suffix != ".jsonl":
        return read_text(file).removeprefix("\ufeff").split("\n")
    names, faults = [], []
    for where, record in read_json_lines(file):
        text = record.get("text")
        if isinstance(text, str):
            names.append(text)
        # A document without any entity is a record without a text.
        elif text is not None or "label" in record:
            faults.append(f"{where}: expected a name under 'text', found {text!r}")
    if faults:
        raise DataError(faults)
    return names


def _nesting(gold: dict[Mark, Entity], predicted: dict[Mark, Entity]) -> dict[_Stretches, str]:
    """Which spans are `inner` or `outer`, as the gold has it."""
    golden = {entity.stretches for entity in gold.values()}
    spans = golden | {entity.stretches for entity in predicted.values()}
    inner, outer = set(), set()
    open_ones: list[_Stretches] = []
    # What reaches around a span comes before it.
    for span in sorted(spans, key=lambda span: (span[0][0], -span[-1][1], -sum(end - start for start, end in span))):
        open_ones = [other for other in open_ones if other[-1][1] > span[0][0]]
        for other in open_ones:
            if _inside(span, other):
                if other in golden:
                    inner.add(span)
                if span in golden:
                    outer.add(other)
        open_ones.append(span)
    return {span: "inner" if span in inner else "outer" for span in inner | outer}


def _inside(span: _Stretches, other: _Stretches) -> bool:
    return all(any(first <= start and end <= last for first, last in other) for start, end in span)
