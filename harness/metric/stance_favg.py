"""F_avg, the official score of stance detection since SemEval-2016 Task 6, in both readings."""

from dataclasses import dataclass
from typing import ClassVar

from harness.metric.base import Additive, Array, Counts, Key, Sums, mean_defined
from harness.metric.confusion import answer, cell_name, favg, read_cells
from harness.records import ABSTAIN, Stance, TaskName


@dataclass(frozen=True, kw_only=True)
class StanceFavg(Additive):
    """Mean F1 of the two labels that take a side, over all targets pooled and as a mean over targets.

    `pooled` adds the counts of all targets up before F1 (the official score); `macro_target` is the mean of each
    target's own favg, over the targets that have an example in the sum. The two are different numbers. Any third label
    is not averaged, but what is confused with it counts. No answer, an abstention and a label outside the scheme miss
    the gold label and are no false positive.

        F = 2 tp / (2 tp + fp + fn)    favg = (F_favor + F_against) / 2

    Range: a fraction in [0, 1], higher is better.
    Bad input: an undefined F, of a label that neither side has, counts 0; undefined only without any example. What
    never gets here: `harness.metric.base`.
    Source: Mohammad et al. 2016, https://aclanthology.org/S16-1003.
    Checked against: scikit-learn, `f1_score` with `labels=` the two and `zero_division=0`; the majority row 65.22 that
        SemEval-2016 published for task A.

    Args:
        labels: The two labels that are averaged. A run whose scheme (`data.labels.stance`) lacks one of them is refused
            where `metric=` was given; where the metrics are the default ones it goes without favg, and a line on stderr
            says so.

    Example:
        >>> metric = StanceFavg()
        >>> counts = metric.count(Stance("nato", "favor"), Stance("nato", "favor"))
        >>> float(metric.compute(counts)[Key("stance.favg", "pooled")])
        0.5
    """

    task: ClassVar[TaskName] = "stance"

    labels: tuple[str, str] = ("favor", "against")

    def __post_init__(self) -> None:
        """Checks the labels.

        Raises:
            ValueError: They are not two different labels of a scheme.
        """
        if len(set(self.labels)) != 2 or {"", ABSTAIN} & set(self.labels):
            raise ValueError(f"StanceFavg: labels must be two different labels, not {ABSTAIN!r}, got {self.labels!r}")

    @property
    def scheme_labels(self) -> dict[str, tuple[str, ...]]:
        """Labels that the scheme must have."""
        return {"labels": self.labels}

    def count(self, gold: Stance, predicted: Stance | None) -> Counts:
        """One count, `target|gold|predicted`."""
        return {cell_name(gold.target, gold.label, answer(predicted)): 1.0}

    def compute(self, counts: Sums) -> dict[Key, Array]:
        """`stance.favg`, `pooled` and `macro_target`."""
        targets: dict[str, dict[tuple[str, str], Array]] = {}
        pooled: dict[tuple[str, str], Array] = {}
        for (target, gold, predicted), value in read_cells(counts).items():
            targets.setdefault(target, {})[gold, predicted] = value
            pooled[gold, predicted] = pooled.get((gold, predicted), 0.0) + value
        whole = favg(pooled, self.labels, counts)
        # With one target the two are the same.
        several = len(targets) > 1
        per_target = [favg(cells, self.labels, counts) for cells in targets.values()] if several else [whole]
        return {
            Key("stance.favg", "pooled"): whole,
            Key("stance.favg", "macro_target"): mean_defined(per_target),
        }

    def folded(self, key: Key, name: str) -> str:
        """Which target it was is nothing to `pooled`."""
        return name if key.average == "macro_target" else "|" + name.partition("|")[2]

    def support(self, key: Key, counts: Sums) -> float:
        """Gold examples of the two labels."""
        return float(sum(float(value) for (_, gold, _), value in read_cells(counts).items() if gold in self.labels))

    def signature(self, key: Key) -> str:
        """Average, the labels averaged, what an undefined F counts."""
        return f"{key.metric}|avg:{key.average}|labels:{'+'.join(self.labels)}|undef:0|v:1"
