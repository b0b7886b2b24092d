"""Strict entity precision, recall and F1: the headline score of named-entity recognition."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar

from harness.metric.base import Additive, Array, Counts, Key, Sums
from harness.metric.prf import average_defined, gold_total, label_counts, label_slices, rows, score, set_counts
from harness.records import Entity, TaskName


@dataclass(frozen=True, kw_only=True)
class EntityF1(Additive):
    """Precision, recall and F1 over entities, micro, macro and per label.

    A prediction is correct when start, end and label all equal those of a gold entity. Both sides are sets: an entity
    given twice counts once, and nested entities or two labels on one span are entities of their own. A prediction that
    is not correct is charged to the label it was given. `macro` is the mean over the labels that the summed gold or
    predictions have.

        P = tp / (tp + fp)    R = tp / (tp + fn)    F1 = 2 tp / (2 tp + fp + fn)

    Range: fractions in [0, 1], higher is better; 0 where one side is empty, undefined where both are.
    Source: Tjong Kim Sang and De Meulder 2003, https://aclanthology.org/W03-0419.
    Checked against: seqeval 1.2.2, strict mode, IOB2.

    Args:
        labelled: Whether the label must match too; False scores the spans alone, each once, without labels or `macro`.

    Example:
        >>> metric = EntityF1()
        >>> counts = metric.count({Entity(0, 5, "GPE")}, {Entity(0, 5, "GPE"), Entity(9, 12, "ORG")})
        >>> float(metric.compute(counts)[Key("entity.precision", "micro")])
        0.5
    """

    task: ClassVar[TaskName] = "ner"

    labelled: bool = True

    def count(self, gold: Collection[Entity], predicted: Collection[Entity] | None) -> Counts:
        """`tp`, `fp`, `fn`, and the same per label as `label=GPE|tp`."""
        if not self.labelled:
            spans = {(entity.start, entity.end) for entity in gold}
            given = {(entity.start, entity.end) for entity in predicted or ()}
            return set_counts(len(spans & given), len(spans), len(given))
        entities, answers = set(gold), set(predicted or ())
        counts = set_counts(len(entities & answers), len(entities), len(answers))
        return counts | label_counts(entities, answers)

    def compute(self, counts: Sums) -> dict[Key, Array]:
        """`entity.*`: `micro`, and where labels count `macro` and `micro` per label."""
        scores = rows("entity", "micro", score(counts))
        if not self.labelled:
            return scores
        labels = {slice_: score(counts, slice_) for slice_ in label_slices(counts)}
        scores |= rows("entity", "macro", average_defined(labels.values(), counts))
        for slice_, values in labels.items():
            scores |= rows("entity", "micro", values, slice_)
        return scores

    def support(self, key: Key, counts: Sums) -> float:
        """Gold entities, of the row's label where it has one."""
        return float(gold_total(counts, key.slice))

    def signature(self, key: Key) -> str:
        """Average, match, duplicates, and how `macro` treats labels without support."""
        match = "strict" if self.labelled else "span"
        undefined = "|undef:skip" if key.average == "macro" else ""
        return f"{key.metric}|avg:{key.average}|match:{match}|dup:once{undefined}|v:1"
