"""Entity scores that give credit for overlap: exact, partial and type, as SemEval-2013 Task 9 defines them."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeVar

import numpy as np

from harness.metric.base import Additive, Array, Counts, Key, Sums, divide, total
from harness.metric.prf import PRF, average_defined, precision_recall_f1, rows, weighted_mean
from harness.metric.span_batch import Column, ManyCounts, Places, Sides, align_many, many_counts, one_by_one
from harness.metric.spans import Mark, align, without_article
from harness.records import Entity, TaskName

# Of one example, or of many.
N = TypeVar("N", int, Places)

MODES = ("exact", "partial", "type")
CATEGORIES = ("cor", "inc", "par", "mis", "spu")
# The categories of a pair by whether its spans and whether its labels are the same.
_NAMES = {
    (same_span, same_label): (
        f"strict|{'cor' if same_span and same_label else 'inc'}",
        f"exact|{'cor' if same_span else 'inc'}",
        f"partial|{'cor' if same_span else 'par'}",
        f"type|{'cor' if same_label else 'inc'}",
    )
    for same_span in (False, True)
    for same_label in (False, True)
}
_MISSED = tuple(f"{mode}|mis" for mode in ("strict", *MODES))
_SPURIOUS = tuple(f"{mode}|spu" for mode in ("strict", *MODES))


@dataclass(frozen=True, kw_only=True)
class EntityOverlap(Additive):
    """Precision, recall and F1 under the exact, partial and type modes of SemEval-2013, from MUC's counts.

    Gold and predicted spans that overlap by a code point are paired one to one (`spans.match`: most exact entities,
    then most equal spans, most equal labels, most shared text). A pair is correct (COR), incorrect (INC) or partial
    (PAR); what has no partner is missed (MIS) or spurious (SPU):

    - exact: COR where the spans are equal, else INC; labels do not matter
    - partial: COR where the spans are equal, else PAR; labels do not matter
    - type: COR where the labels are equal, else INC; any overlap will do
    - strict: COR where spans and labels are equal, else INC; its scores are those of `entity_f1`

        POSSIBLE = COR + INC + PAR + MIS    ACTUAL = COR + INC + PAR + SPU
        P = (COR + PAR / 2) / ACTUAL    R = (COR + PAR / 2) / POSSIBLE    F1 = 2 (COR + PAR / 2) / (POSSIBLE + ACTUAL)

    Per label there is the one pairing too: recall looks at the gold entities of the label, precision at the predictions
    that were given it, and F1 is their harmonic mean. A spurious prediction is charged to its own label and to no
    other. Of the categories, COR, INC, PAR and MIS of a label are those of its gold entities, SPU those of its
    predictions.

    Range: fractions in [0, 1], higher is better; categories are counts from 0 up.
    Bad input: 0 where one side is empty, undefined where both are. A missing answer counts as an empty one, an entity
    given twice once. What never gets here: `harness.metric.base`.
    Source: Segura-Bedmar et al. 2013, https://aclanthology.org/S13-2056; Chinchor and Sundheim 1993,
        https://aclanthology.org/M93-1007.
    Checked against: nervaluate 1.2.1 where no span overlaps two of the other side. Elsewhere the two differ, because
        nervaluate's result hangs on the order of the input and it lets offsets that only touch overlap.

    Args:
        by_label: Whether there are also rows per label, and their averages `macro` (over labels with gold or predicted
            entities) and `weighted` (by gold entities).
        categories: Whether the categories, POSSIBLE and ACTUAL are rows too (`entity_partial.par`, average `count`),
            of the three modes and of strict.
        article: `ignore` takes a leading English article (the, a, an, in any case) off gold and predicted entities
            before they are paired; entities must carry their text then.

    Example:
        >>> metric = EntityOverlap()
        >>> counts = metric.count([Entity(0, 9, "ORG")], [Entity(0, 7, "ORG"), Entity(20, 25, "PER")])
        >>> scores = metric.compute(counts)
        >>> [float(scores[Key(f"entity_{mode}.precision", "micro")]) for mode in ("exact", "partial", "type")]
        [0.0, 0.25, 0.5]
    """

    task: ClassVar[TaskName] = "ner"

    by_label: bool = False
    categories: bool = False
    article: Literal["count", "ignore"] = "count"

    def count(self, gold: Collection[Entity], predicted: Collection[Entity] | None) -> Counts:
        """`gold`, `predicted`, and MUC's counts per mode as `partial|par`; `strict|...` is stored beside the three.

        Per label both sides of a pair are counted: `label=GPE|gold|partial|par` and `label=GPE|predicted|partial|par`.

        Raises:
            ValueError: Articles are to be ignored and an entity carries no text.
        """
        answers: Collection[Entity] = predicted or ()
        if self.article == "ignore":
            gold, answers = [without_article(one) for one in gold], [without_article(one) for one in answers]
        found = align(gold, answers)
        # Pairs that differ in something: with the same span, with the same label.
        spans = labels = 0
        for one, other in found.pairs:
            spans += one[:2] == other[:2] and one[3] == other[3]
            labels += one[2] == other[2]
        numbers = _numbers(
            equal=len(found.same),
            gold=len(found.gold),
            predicted=len(found.predicted),
            paired=len(found.pairs),
            spans=spans,
            labels=labels,
        )
        counts = {name: float(value) for name, value in numbers.items() if value or name in ("gold", "predicted")}
        if not self.by_label:
            return counts
        sides: Counter[str] = Counter()
        for one, other in [*((mark, mark) for mark in found.same), *found.pairs]:
            names = _categories(one, other)
            sides.update(f"label={one[2]}|gold|{name}" for name in names)
            sides.update(f"label={other[2]}|predicted|{name}" for name in names)
        for mark in found.missed:
            sides.update(f"label={mark[2]}|gold|{name}" for name in _MISSED)
        for mark in found.spurious:
            sides.update(f"label={mark[2]}|predicted|{name}" for name in _SPURIOUS)
        return counts | {name: float(count) for name, count in sides.items()}

    def count_many(self, gold: Sides, predicted: Sides) -> ManyCounts:
        """`count` of each example."""
        if self.by_label or self.article == "ignore":
            return one_by_one(self.count, gold, predicted)
        found = align_many(gold, predicted)
        one, other = found.paired_gold, found.paired_predicted
        same_label = found.gold.labels[one] == found.predicted.labels[other]
        same_span = found.gold.starts[one] == found.predicted.starts[other]
        same_span &= found.gold.ends[one] == found.predicted.ends[other]
        rows = found.gold.rows[one]

        def number(some: Places) -> Places:
            return np.bincount(some, minlength=found.examples)

        numbers = _numbers(
            equal=number(found.same.rows),
            gold=number(found.gold.rows),
            predicted=number(found.predicted.rows),
            paired=number(rows),
            spans=number(rows[same_span]),
            labels=number(rows[same_label]),
        )
        columns: list[Column] = []
        whole = np.ones(found.examples, dtype=bool)
        whole[found.odd] = False
        for name, values in numbers.items():
            some = np.flatnonzero(whole if name in ("gold", "predicted") else values)
            columns.append((name, some, values[some]))
        return many_counts(found.examples, columns, ((n, self.count(gold[n] or (), predicted[n])) for n in found.odd))

    def compute(self, counts: Sums) -> dict[Key, Array]:
        """`entity_exact.*`, `entity_partial.*` and `entity_type.*`, `micro`, and what the parameters ask for."""
        scores: dict[Key, Array] = {}
        gold, predicted = total(counts, "gold"), total(counts, "predicted")
        labels = _labels(counts) if self.by_label else []
        for mode in MODES:
            name = f"entity_{mode}"
            scores |= rows(name, "micro", precision_recall_f1(_credit(counts, mode), gold, predicted))
            if self.by_label:
                found = {label: _label_score(counts, label, mode) for label in labels}
                support = {label: _side(counts, label, "gold") for label in labels}
                scores |= rows(name, "macro", average_defined(found.values(), counts))
                scores |= rows(name, "weighted", weighted_mean(found, support, predicted))
                for label, values in found.items():
                    scores |= rows(name, "micro", values, label)
        if self.categories:
            for slice_ in ("all", *labels):
                scores |= _category_rows(counts, slice_)
        return scores

    def support(self, key: Key, counts: Sums) -> float:
        """Gold entities, of the row's label where it has one."""
        return float(total(counts, "gold") if key.slice == "all" else _side(counts, key.slice, "gold"))

    def signature(self, key: Key) -> str:
        """Average, mode, how spans are paired, duplicates, and whether articles are ignored."""
        mode = key.metric.partition(".")[0].removeprefix("entity_")
        undefined = "|undef:skip" if key.average == "macro" else ""
        article = "|article:ignore" if self.article == "ignore" else ""
        return f"{key.metric}|avg:{key.average}|match:{mode}|pairs:max_weight|dup:once{undefined}{article}|v:1"


def _numbers(*, equal: N, gold: N, predicted: N, paired: N, spans: N, labels: N) -> dict[str, N]:
    """All counts, elementwise.

    Args:
        equal: Entities that both sides have.
        gold: Other gold entities.
        predicted: Other predictions.
        paired: Pairs of those.
        spans: Pairs of those with the same span.
        labels: Pairs of those with the same label.
    """
    missed, spurious = gold - paired, predicted - paired
    return {
        "gold": equal + gold,
        "predicted": equal + predicted,
        "strict|cor": equal,
        "strict|inc": paired,
        "exact|cor": equal + spans,
        "exact|inc": paired - spans,
        "partial|cor": equal + spans,
        "partial|par": paired - spans,
        "type|cor": equal + labels,
        "type|inc": paired - labels,
        **dict.fromkeys(_MISSED, missed),
        **dict.fromkeys(_SPURIOUS, spurious),
    }


def _categories(gold: Mark, predicted: Mark) -> tuple[str, str, str, str]:
    return _NAMES[gold[:2] == predicted[:2] and gold[3] == predicted[3], gold[2] == predicted[2]]


def _credit(counts: Sums, mode: str, prefix: str = "") -> Array:
    return total(counts, f"{prefix}{mode}|cor") + total(counts, f"{prefix}{mode}|par") / 2


def _labels(counts: Sums) -> list[str]:
    """The slices `label=...` that have counts, sorted; a label may hold the separator."""
    return sorted({name.rsplit("|", 3)[0] for name in counts if name.startswith("label=")})


def _side(counts: Sums, slice_: str, side: str) -> Array:
    """Gold or predicted entities of a label."""
    found = (total(counts, f"{slice_}|{side}|strict|{category}") for category in CATEGORIES)
    return sum(found, total(counts, ""))


def _label_score(counts: Sums, slice_: str, mode: str) -> PRF:
    gold, predicted = _side(counts, slice_, "gold"), _side(counts, slice_, "predicted")
    recall = precision_recall_f1(_credit(counts, mode, f"{slice_}|gold|"), gold, predicted).recall
    precision = precision_recall_f1(_credit(counts, mode, f"{slice_}|predicted|"), gold, predicted).precision
    both = precision + recall
    return PRF(precision, recall, np.where(both == 0, 0.0, divide(2 * precision * recall, both)))


def _category_rows(counts: Sums, slice_: str) -> dict[Key, Array]:
    """Counts as rows; undefined where nothing at all was counted."""
    found: dict[Key, Array] = {}
    for mode in ("strict", *MODES):
        sides: Mapping[str, str] = dict.fromkeys(CATEGORIES, "")
        if slice_ != "all":
            sides = {name: f"{slice_}|{'predicted' if name == 'spu' else 'gold'}|" for name in CATEGORIES}
        values = {name: total(counts, f"{side}{mode}|{name}") for name, side in sides.items()}
        for name, side in (("possible", "gold"), ("actual", "predicted")):
            values[name] = total(counts, side) if slice_ == "all" else _side(counts, slice_, side)
        for name, value in values.items():
            found[Key(f"entity_{mode}.{name}", "count", slice_)] = value if counts else np.full_like(value, np.nan)
    return found
