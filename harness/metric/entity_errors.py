"""What kind of errors are made: every entity and every prediction in exactly one class."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from harness.metric.base import Additive, Array, Counts, Key, Sums, divide, total
from harness.metric.spans import Mark, align
from harness.records import Entity, TaskName

# Classes of a pair; those of what has no partner.
PAIRED = ("correct", "wrong_label", "wrong_boundary", "both")
SIDES = {"gold": (*PAIRED, "missed"), "predicted": (*PAIRED, "spurious")}


@dataclass(frozen=True, kw_only=True)
class EntityErrors(Additive):
    """Correct, wrong label, wrong boundary, both, missed, spurious: how many, and which share.

    Gold and predicted spans are paired one to one as in `entity_overlap`. A pair is `correct` (same span, same label),
    `wrong_label` (same span, other label), `wrong_boundary` (overlapping span, same label) or `both` (overlapping span,
    other label). A gold entity without a partner is `missed`, a prediction without one `spurious`.

        share of a class, average `gold` = gold entities in the class / gold entities
        share of a class, average `predicted` = predictions in the class / predictions

    The shares of `correct`, `wrong_label`, `wrong_boundary`, `both` and `missed` among gold add up to 1 (`correct` is
    the strict recall), those of the first four and `spurious` among predictions too (`correct` is the strict
    precision). Per label, gold shares look at the gold entities of the label and predicted shares at the predictions
    that were given it; counts of pairs and of `missed` go to the gold label, those of `spurious` to the label given.

    Range: counts (average `count`) from 0 up; shares in [0, 1]. Higher is better for `correct`, lower for the rest.
    Bad input: a share is undefined where its side is empty. A missing answer counts as an empty one, an entity given
    twice once. What never gets here: `harness.metric.base`.
    Source: a rule of this project; the classes are those of MUC, Chinchor and Sundheim 1993,
        https://aclanthology.org/M93-1007, with "incorrect" split by what is wrong.
    Checked against: the cells of `entity_confusion`, the counts of `entity_overlap`, and a table by hand.

    Example:
        >>> metric = EntityErrors()
        >>> gold = [Entity(0, 5, "GPE"), Entity(7, 9, "ORG"), Entity(12, 20, "ORG")]
        >>> scores = metric.compute(metric.count(gold, [Entity(0, 5, "LOC"), Entity(12, 18, "ORG")]))
        >>> names = ("wrong_label", "wrong_boundary", "missed")
        >>> [float(scores[Key(f"entity_errors.{name}", "count")]) for name in names]
        [1.0, 1.0, 1.0]
    """

    task: ClassVar[TaskName] = "ner"
    headline: ClassVar[str] = "entity_errors.correct"
    lower_is_better: ClassVar[tuple[str, ...]] = ("entity_errors.[!c]*",)

    def count(self, gold: Collection[Entity], predicted: Collection[Entity] | None) -> Counts:
        """Classes as `gold|both` and `predicted|both`, and the same per label as `label=GPE|gold|both`."""
        found = align(gold, predicted or ())
        classes: Counter[tuple[str, str, str]] = Counter()
        for mark in found.same:
            classes["gold", mark[2], "correct"] += 1
            classes["predicted", mark[2], "correct"] += 1
        for one, other in found.pairs:
            name = pair_class(one, other)
            classes["gold", one[2], name] += 1
            classes["predicted", other[2], name] += 1
        for mark in found.missed:
            classes["gold", mark[2], "missed"] += 1
        for mark in found.spurious:
            classes["predicted", mark[2], "spurious"] += 1
        counts = {f"{side}|{name}": 0.0 for side, names in SIDES.items() for name in names}
        for (side, label, name), number in classes.items():
            counts[f"{side}|{name}"] += number
            counts[f"label={label}|{side}|{name}"] = float(number)
        return counts

    def compute(self, counts: Sums) -> dict[Key, Array]:
        """`entity_errors.<class>`: averages `count`, `gold` and `predicted`, over all labels and per label."""
        labels = sorted({name.rsplit("|", 2)[0] for name in counts if name.startswith("label=")})
        scores: dict[Key, Array] = {}
        for slice_ in ("all", *labels):
            for side, names in SIDES.items():
                whole = _side(counts, slice_, side)
                for name in names:
                    number = total(counts, _name(slice_, side, name))
                    scores[Key(f"entity_errors.{name}", side, slice_)] = divide(number, whole)
                    if side == "gold" or name == "spurious":
                        # Nothing counted is no count of nothing.
                        value = number if counts else np.full_like(number, np.nan)
                        scores[Key(f"entity_errors.{name}", "count", slice_)] = value
        return scores

    def support(self, key: Key, counts: Sums) -> float:
        """Gold entities, of the row's label where it has one."""
        return float(_side(counts, key.slice, "gold"))

    def signature(self, key: Key) -> str:
        """Average, how spans are paired, duplicates."""
        return f"{key.metric}|avg:{key.average}|match:overlap|pairs:max_weight|dup:once|v:1"


def pair_class(gold: Mark, predicted: Mark) -> str:
    """The class of a gold mark and the other mark that answers it."""
    same_span = gold[:2] == predicted[:2] and gold[3] == predicted[3]
    # A pair that agrees in both is among the same marks.
    return "wrong_label" if same_span else "wrong_boundary" if gold[2] == predicted[2] else "both"


def _name(slice_: str, side: str, name: str) -> str:
    return f"{side}|{name}" if slice_ == "all" else f"{slice_}|{side}|{name}"


def _side(counts: Sums, slice_: str, side: str) -> Array:
    """All of a side: gold entities, or predictions."""
    return sum((total(counts, _name(slice_, side, name)) for name in SIDES[side]), total(counts, ""))
