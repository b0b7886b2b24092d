"""What each target's most frequent gold label would score on the same examples, and how far a model is above it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from harness.metric.base import Additive, Array, Counts, Key, Sums, mean_defined, total
from harness.metric.confusion import (
    NO_ANSWER,
    Cells,
    accuracy,
    answer,
    cell_name,
    check_scheme,
    check_sides,
    favg,
    macro_f1,
    read_cells,
)
from harness.records import Stance, TaskName

# With fewer examples per target, a target's majority label is hardly a baseline.
_FEW = 10


@dataclass(frozen=True, kw_only=True)
class StanceMajority(Additive):
    """The scores of the per-target majority, and the model's scores minus them.

    The majority answers every example with the most frequent gold label of its target among the very examples that are
    scored; of equally frequent labels the first of the scheme. It needs no run of its own, and it is no model: it knows
    the gold it is scored on, so it is above what a majority learnt elsewhere (`model=majority`) gets, and with one
    example per target it is the gold itself. Below ten examples per target a note says so; `per: all` then takes the
    most frequent label of all targets together. Within a resample the majority is that of the resample, so the
    intervals of `..._over_majority` hold both sides on the same examples.

        favg_majority = favg of the answers argmax_l n(target, l)    favg_over_majority = stance.favg - favg_majority

    Range: `..._majority` fractions in [0, 1]; `..._over_majority` in [-1, 1], higher is better, for accuracy at most 0
        if the answers hang on the target alone.
    Bad input: undefined without examples, and where the score itself is (see `stance_favg` and `stance_classification`,
        whose rules hold here). What never gets here: `harness.metric.base`.
    Source: Mohammad et al. 2016, https://aclanthology.org/S16-1003, whose majority row has 65.22 on task A.
    Checked against: that row from its label counts; scikit-learn 1.9.1, `f1_score` and `accuracy_score` of the answers
        of a `DummyClassifier` for each target.

    Args:
        labels: The scheme, for `macro_f1` and for ties.
        sides: The two labels that favg averages; empty for a scheme without sides, which then has no favg rows.
        per: Whose majority: of each `target`, or of `all` targets together.

    Example:
        >>> metric = StanceMajority()
        >>> counts = {"nato|favor|favor": 3.0, "nato|against|against": 1.0}
        >>> scores = metric.compute(counts)
        >>> float(scores[Key("stance.accuracy_majority", "pooled")])
        0.75
        >>> float(scores[Key("stance.accuracy_over_majority", "pooled")])
        0.25
    """

    task: ClassVar[TaskName] = "stance"
    headline: ClassVar[str] = "stance.favg_over_majority"
    undirected: ClassVar[tuple[str, ...]] = ("*_majority",)

    labels: tuple[str, ...] = ("favor", "against", "none")
    sides: tuple[str, ...] = ("favor", "against")
    per: Literal["target", "all"] = "target"

    def __post_init__(self) -> None:
        """Checks the parameters.

        Raises:
            ValueError: The labels are no scheme, the sides are neither empty nor two labels, or `per` is unknown.
        """
        check_scheme("StanceMajority", self.labels)
        if self.sides:
            check_sides("StanceMajority", self.sides)
        if self.per not in ("target", "all"):
            raise ValueError(f"StanceMajority: per must be 'target' or 'all', got {self.per!r}")

    @property
    def scheme_labels(self) -> dict[str, tuple[str, ...]]:
        """Labels that the scheme must have."""
        return {"sides": self.sides}

    def count(self, gold: Stance, predicted: Stance | None) -> Counts:
        """One count, `target|gold|predicted`."""
        return {cell_name(gold.target, gold.label, answer(predicted)): 1.0}

    def compute(self, counts: Sums) -> dict[Key, Array]:
        """`stance.favg_majority`, `stance.favg_over_majority`, and likewise for `macro_f1` and `accuracy`."""
        targets: dict[str, dict[tuple[str, str], Array]] = {}
        pooled: dict[tuple[str, str], Array] = {}
        zero = total(counts, NO_ANSWER)
        for (target, gold, predicted), value in read_cells(counts).items():
            targets.setdefault(target, {})[gold, predicted] = value
            pooled[gold, predicted] = pooled.get((gold, predicted), zero) + value
        of_all = self._most_frequent(_golds(pooled, zero), zero)
        constant: dict[tuple[str, str], Array] = {}
        favgs: tuple[list[Array], list[Array]] = ([], [])
        for cells in targets.values():
            golds = _golds(cells, zero)
            chosen = of_all if self.per == "all" else self._most_frequent(golds, zero)
            answered = {(gold, label): value * chosen[label] for label in chosen for gold, value in golds.items()}
            for cell, value in answered.items():
                constant[cell] = constant.get(cell, zero) + value
            if self.sides:
                favgs[0].append(favg(cells, self.sides, counts))
                favgs[1].append(favg(answered, self.sides, counts))
        model, majority = self._scores(pooled, favgs[0], counts), self._scores(constant, favgs[1], counts)
        scores: dict[Key, Array] = {}
        for name, average in model:
            scores[Key(f"stance.{name}_majority", average)] = majority[name, average]
            scores[Key(f"stance.{name}_over_majority", average)] = model[name, average] - majority[name, average]
        return scores

    def support(self, key: Key, counts: Sums) -> float:
        """Gold examples; for favg those of the two sides."""
        labels = self.sides if key.metric.startswith("stance.favg") else None
        found = read_cells(counts).items()
        return float(sum(float(value) for (_, gold, _), value in found if labels is None or gold in labels))

    def signature(self, key: Key) -> str:
        """Average, whose majority, ties, the labels averaged."""
        name = key.metric.removeprefix("stance.").removesuffix("_majority").removesuffix("_over")
        averaged = {
            "favg": f"|labels:{'+'.join(self.sides)}|undef:0",
            "macro_f1": f"|labels:{'+'.join(self.labels)}|undef:skip",
        }
        whose = f"majority:gold_of_{'each_target' if self.per == 'target' else 'all_targets'}"
        ties = f"ties:{'+'.join(self.labels)}"
        return f"{key.metric}|avg:{key.average}|{whose}|{ties}{averaged.get(name, '')}|noanswer:miss|v:1"

    def note(self, key: Key, counts: Sums) -> str | None:
        """A warning where a target's majority is nearly its gold."""
        cells = read_cells(counts)
        examples = sum(float(value) for value in cells.values())
        targets = len({target for (target, _, _), value in cells.items() if value > 0})
        if self.per == "all" or not targets or examples / targets >= _FEW:
            return None
        return f"{examples / targets:.1f} examples per target: their majority is close to the gold; see per=all"

    def _most_frequent(self, golds: Mapping[str, Array], zero: Array) -> dict[str, Array]:
        """By label 1 where it is the most frequent gold label and 0 elsewhere."""
        # The first of the largest, in the order of the scheme; labels outside it come last.
        ordered = {**dict.fromkeys(self.labels, zero), **golds}
        best = np.argmax(np.stack(list(ordered.values())), axis=0)
        return {label: (best == place).astype(np.float64) for place, label in enumerate(ordered)}

    def _scores(self, cells: Cells, per_target: list[Array], counts: Sums) -> dict[tuple[str, str], Array]:
        found = {
            ("macro_f1", "pooled"): macro_f1(cells, self.labels, counts),
            ("accuracy", "pooled"): accuracy(cells, counts),
        }
        if self.sides:
            whole = favg(cells, self.sides, counts)
            found["favg", "pooled"] = whole
            found["favg", "macro_target"] = mean_defined(per_target) if per_target else whole
        return found


def _golds(cells: Cells, zero: Array) -> dict[str, Array]:
    """Examples by gold label."""
    found: dict[str, Array] = {}
    for (gold, _), value in cells.items():
        found[gold] = found.get(gold, zero) + value
    return found
