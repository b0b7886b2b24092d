"""Entity scores that give credit for overlap: exact, partial and type, as SemEval-2013 Task 9 defines them."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar

from harness.metric.base import Additive, Array, Counts, Key, Sums, total
from harness.metric.prf import precision_recall_f1, rows
from harness.metric.spans import Pair, match
from harness.records import Entity, TaskName

MODES = ("exact", "partial", "type")


@dataclass(frozen=True, kw_only=True)
class EntityOverlap(Additive):
    """Precision, recall and F1 under the exact, partial and type modes of SemEval-2013, from MUC's counts.

    Gold and predicted spans that overlap by a code point are paired one to one (`spans.match`: most exact entities,
    then most equal spans, most equal labels, most shared text). A pair is correct (COR), incorrect (INC) or partial
    (PAR); what has no partner is missed (MIS) or spurious (SPU):

    - exact: COR where the spans are equal, else INC; labels do not matter
    - partial: COR where the spans are equal, else PAR; labels do not matter
    - type: COR where the labels are equal, else INC; any overlap will do

        P = (COR + PAR / 2) / (COR + INC + PAR + SPU)    R = (COR + PAR / 2) / (COR + INC + PAR + MIS)
        F1 = 2 (COR + PAR / 2) / (2 (COR + INC + PAR) + MIS + SPU)

    Range: fractions in [0, 1], higher is better; 0 where one side is empty, undefined where both are.
    Source: Segura-Bedmar et al. 2013, https://aclanthology.org/S13-2056; Chinchor and Sundheim 1993,
        https://aclanthology.org/M93-1007.
    Checked against: nervaluate 1.2.1 where no span overlaps two of the other side. Elsewhere the two differ, because
        nervaluate's result hangs on the order of the input and it lets offsets that only touch overlap.

    Example:
        >>> metric = EntityOverlap()
        >>> counts = metric.count([Entity(0, 9, "ORG")], [Entity(0, 7, "ORG"), Entity(20, 25, "PER")])
        >>> scores = metric.compute(counts)
        >>> [float(scores[Key(f"entity_{mode}.precision", "micro")]) for mode in ("exact", "partial", "type")]
        [0.0, 0.25, 0.5]
    """

    task: ClassVar[TaskName] = "ner"

    def count(self, gold: Collection[Entity], predicted: Collection[Entity] | None) -> Counts:
        """`gold`, `predicted`, and MUC's counts per mode as `partial|par`; `strict|...` is stored beside the three."""
        matching = match(gold, predicted or ())
        counts: Counter[str] = Counter()
        for pair in matching.pairs:
            counts.update(_categories(pair))
        for mode in ("strict", *MODES):
            counts[f"{mode}|mis"] = len(matching.missed)
            counts[f"{mode}|spu"] = len(matching.spurious)
        sides = {
            "gold": float(len(matching.pairs) + len(matching.missed)),
            "predicted": float(len(matching.pairs) + len(matching.spurious)),
        }
        return sides | {name: float(count) for name, count in counts.items() if count}

    def compute(self, counts: Sums) -> dict[Key, Array]:
        """`entity_exact.*`, `entity_partial.*` and `entity_type.*`, `micro`."""
        scores: dict[Key, Array] = {}
        gold, predicted = total(counts, "gold"), total(counts, "predicted")
        for mode in MODES:
            credit = total(counts, f"{mode}|cor") + total(counts, f"{mode}|par") / 2
            scores |= rows(f"entity_{mode}", "micro", precision_recall_f1(credit, gold, predicted))
        return scores

    def support(self, key: Key, counts: Sums) -> float:
        """Gold entities."""
        return float(total(counts, "gold"))

    def signature(self, key: Key) -> str:
        """Average, mode, how spans are paired, duplicates."""
        mode = key.metric.partition(".")[0].removeprefix("entity_")
        return f"{key.metric}|avg:{key.average}|match:{mode}|pairs:max_weight|dup:once|v:1"


def _categories(pair: Pair) -> tuple[str, str, str, str]:
    same_span = (pair.gold.start, pair.gold.end) == (pair.predicted.start, pair.predicted.end)
    same_label = pair.gold.label == pair.predicted.label
    return (
        "strict|cor" if same_span and same_label else "strict|inc",
        "exact|cor" if same_span else "exact|inc",
        "partial|cor" if same_span else "partial|par",
        "type|cor" if same_label else "type|inc",
    )
