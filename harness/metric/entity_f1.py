"""Strict entity precision, recall and F1: the headline score of named-entity recognition."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from harness.metric.base import Additive, Array, Counts, Key, Sums
from harness.metric.prf import (
    average_defined,
    average_weighted,
    gold_total,
    label_counts,
    label_slices,
    rows,
    score,
    set_counts,
)
from harness.metric.span_batch import Column, ManyCounts, Sides, align_many, many_counts, one_by_one, per_label
from harness.metric.spans import align, without_article
from harness.records import Entity, TaskName


@dataclass(frozen=True, kw_only=True)
class EntityF1(Additive):
    """Precision, recall and F1 over entities, micro, macro and per label.

    A prediction is correct when start, end, parts and label all equal those of a gold entity. Both sides are sets: an
    entity given twice counts once, and nested entities or two labels on one span are entities of their own. A
    prediction that is not correct is charged to the label it was given. `macro` is the mean over the labels that the
    summed gold or predictions have; `weighted` is the mean over the labels of the gold, each as heavy as it has gold
    entities.

        P = tp / (tp + fp)    R = tp / (tp + fn)    F1 = 2 tp / (2 tp + fp + fn)

    Range: fractions in [0, 1], higher is better.
    Bad input: 0 where one side is empty, undefined where both are. A missing answer counts as an empty one; a label
    without gold has recall 0, and none at all where nothing is predicted with it. What never gets here:
    `harness.metric.base`.
    Source: Tjong Kim Sang and De Meulder 2003, https://aclanthology.org/W03-0419.
    Checked against: seqeval 1.2.2, strict mode, IOB2: per label, micro, macro and weighted.

    Args:
        labelled: Whether the label must match too; False scores the spans alone, each once, without labels, `macro`
            or `weighted`.
        article: `ignore` takes a leading English article (the, a, an, in any case) off gold and predicted entities
            before they are compared; entities must carry their text then.
        weighted: Whether the average `weighted` is given too.

    Example:
        >>> metric = EntityF1()
        >>> counts = metric.count({Entity(0, 5, "GPE")}, {Entity(0, 5, "GPE"), Entity(9, 12, "ORG")})
        >>> float(metric.compute(counts)[Key("entity.precision", "micro")])
        0.5
    """

    task: ClassVar[TaskName] = "ner"

    labelled: bool = True
    article: Literal["count", "ignore"] = "count"
    weighted: bool = False

    def __post_init__(self) -> None:
        if self.weighted and not self.labelled:
            raise ValueError("EntityF1: weighted is an average over labels and needs labelled: true")

    def count(self, gold: Collection[Entity], predicted: Collection[Entity] | None) -> Counts:
        """`tp`, `fp`, `fn`, and the same per label as `label=GPE|tp`.

        Raises:
            ValueError: Articles are to be ignored and an entity carries no text.
        """
        answers: Collection[Entity] = predicted or ()
        if self.article == "ignore":
            gold, answers = [without_article(one) for one in gold], [without_article(one) for one in answers]
        if not self.labelled:
            spans = {(entity.start, entity.end, entity.parts) for entity in gold}
            given = {(entity.start, entity.end, entity.parts) for entity in answers}
            return set_counts(len(spans & given), len(spans), len(given))
        found = align(gold, answers)
        correct = len(found.same)
        counts = set_counts(correct, correct + len(found.gold), correct + len(found.predicted))
        return counts | label_counts(found.gold, found.predicted, found.same)

    def count_many(self, gold: Sides, predicted: Sides) -> ManyCounts:
        """`count` of each example."""
        if not self.labelled or self.article == "ignore":
            return one_by_one(self.count, gold, predicted)
        found = align_many(gold, predicted)
        whole = np.ones(found.examples, dtype=bool)
        whole[found.odd] = False
        rows = np.flatnonzero(whole)
        columns: list[Column] = []
        for ending, spans in (("tp", found.same), ("fp", found.predicted), ("fn", found.gold)):
            columns.append((ending, rows, np.bincount(spans.rows, minlength=found.examples)[rows]))
            columns += per_label(spans, found.labels, ending)
        odd = ((n, self.count(gold[n] or (), predicted[n])) for n in found.odd)
        return many_counts(found.examples, columns, odd)

    def compute(self, counts: Sums) -> dict[Key, Array]:
        """`entity.*`: `micro`, and where labels count `macro`, `weighted` and `micro` per label."""
        scores = rows("entity", "micro", score(counts))
        if not self.labelled:
            return scores
        labels = {slice_: score(counts, slice_) for slice_ in label_slices(counts)}
        scores |= rows("entity", "macro", average_defined(labels.values(), counts))
        if self.weighted:
            scores |= rows("entity", "weighted", average_weighted(labels, counts))
        for slice_, values in labels.items():
            scores |= rows("entity", "micro", values, slice_)
        return scores

    def folded(self, key: Key, name: str) -> str | None:
        """`micro` is made from the counts of its slice alone."""
        if key.average != "micro":
            return name
        before = "" if key.slice == "all" else f"{key.slice}|"
        return name if name in (f"{before}tp", f"{before}fp", f"{before}fn") else None

    def support(self, key: Key, counts: Sums) -> float:
        """Gold entities, of the row's label where it has one."""
        return float(gold_total(counts, key.slice))

    def signature(self, key: Key) -> str:
        """Average, match, duplicates, how `macro` treats labels without support, and whether articles are ignored."""
        match = "strict" if self.labelled else "span"
        undefined = "|undef:skip" if key.average == "macro" else ""
        article = "|article:ignore" if self.article == "ignore" else ""
        return f"{key.metric}|avg:{key.average}|match:{match}|dup:once{undefined}{article}|v:1"
