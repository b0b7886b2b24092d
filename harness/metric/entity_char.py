"""Entity scores by code point: every annotated character is worth the same."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar

from harness.metric.base import Additive, Array, Counts, Key, Sums
from harness.metric.prf import gold_total, label_slices, rows, score, set_counts
from harness.metric.spans import covered
from harness.records import Entity, TaskName


@dataclass(frozen=True, kw_only=True)
class EntityChar(Additive):
    """Precision, recall and F1 over the code points that entities cover, micro and per label.

    A code point counts once for each label that covers it, and is correct where gold and prediction cover it with the
    same label. It needs neither tokens nor a pairing, so it reads the same for every language and for nested spans;
    the gaps of a discontinuous entity do not count. Long entities weigh more than short ones.

        P = tp / (tp + fp)    R = tp / (tp + fn)    F1 = 2 tp / (2 tp + fp + fn)

    Range: fractions in [0, 1], higher is better.
    Bad input: 0 where one side is empty, undefined where both are. A missing answer counts as an empty one, an entity
    given twice once. What never gets here: `harness.metric.base`.
    Source: the character offsets of Pavlopoulos et al. 2021, https://aclanthology.org/2021.semeval-1.6, pooled over
        examples instead of averaged, and per label.
    Checked against: scikit-learn's `precision_recall_fscore_support` on one indicator per code point and label.

    Example:
        >>> metric = EntityChar()
        >>> counts = metric.count([Entity(0, 8, "ORG")], [Entity(0, 6, "ORG"), Entity(10, 12, "PER")])
        >>> scores = metric.compute(counts)
        >>> [float(scores[Key(f"entity_char.{field}", "micro")]) for field in ("precision", "recall")]
        [0.75, 0.75]
    """

    task: ClassVar[TaskName] = "ner"

    def count(self, gold: Collection[Entity], predicted: Collection[Entity] | None) -> Counts:
        """`tp`, `fp`, `fn` in code points, and the same per label as `label=GPE|tp`."""
        sides: dict[str, tuple[list[Entity], list[Entity]]] = {}
        for entity in gold:
            sides.setdefault(entity.label, ([], []))[0].append(entity)
        for entity in predicted or ():
            sides.setdefault(entity.label, ([], []))[1].append(entity)
        counts = set_counts(0, 0, 0)
        for label, (wanted, given) in sides.items():
            gold_size, predicted_size = covered(wanted), covered(given)
            shared = gold_size + predicted_size - covered(wanted + given)
            for name, size in set_counts(shared, gold_size, predicted_size).items():
                counts[name] += size
                counts[f"label={label}|{name}"] = size
        return counts

    def compute(self, counts: Sums) -> dict[Key, Array]:
        """`entity_char.*`, `micro`, over all labels and per label."""
        scores = rows("entity_char", "micro", score(counts))
        for slice_ in label_slices(counts):
            scores |= rows("entity_char", "micro", score(counts, slice_), slice_)
        return scores

    def support(self, key: Key, counts: Sums) -> float:
        """Gold code points, of the row's label where it has one."""
        return float(gold_total(counts, key.slice))

    def signature(self, key: Key) -> str:
        """Average, unit, and that the label must match."""
        return f"{key.metric}|avg:{key.average}|unit:codepoint|label:yes|v:1"
