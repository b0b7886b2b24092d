"""The weighted score of the Fake News Challenge, stage 1."""

from dataclasses import dataclass
from typing import ClassVar

from harness.metric.base import Additive, Array, Counts, Key, Sums, divide, total
from harness.metric.confusion import NO_ANSWER, answer
from harness.records import ABSTAIN, Stance, TaskName

# What the two decisions of an example are worth: related or not, and which of the related labels.
_RELATED, _LABEL = 0.25, 0.75


@dataclass(frozen=True, kw_only=True)
class StanceFnc(Additive):
    """Points for telling related from unrelated, and more for the right related label, as a share of the maximum.

    A correct `unrelated` earns .25; any related label for a related example earns .25, and .75 more if it is the right
    one. Whatever is wrong, no answer and an abstention earn nothing. `fnc_unrelated` is what answering `unrelated`
    throughout would get on the same examples. The score rewards the frequent, easy decision, so macro-F1 and the F1 of
    each label (`stance_classification`) belong beside it.

        fnc = points / maximum    maximum = .25 unrelated + related

    Range: fractions in [0, 1], higher is better.
    Bad input: undefined without a gold example of these labels. An example whose gold label is none of them is left out
        on both sides of the fraction. What never gets here: `harness.metric.base`.
    Source: http://www.fakenewschallenge.org; why it is not enough: Hanselowski et al. 2018,
        https://aclanthology.org/C18-1158.
    Checked against: the challenge's figures for its winner on its test set, 9556.50 of 11651.25 points.

    Args:
        related: The labels of related examples.
        unrelated: The label of the others.

    Example:
        >>> metric = StanceFnc()
        >>> counts = metric.count(Stance("headline", "agree"), Stance("headline", "discuss"))
        >>> float(metric.compute(counts)[Key("stance.fnc", "pooled")])
        0.25
    """

    task: ClassVar[TaskName] = "stance"
    headline: ClassVar[str] = "stance.fnc"
    undirected: ClassVar[tuple[str, ...]] = ("stance.fnc_unrelated",)

    related: tuple[str, ...] = ("agree", "disagree", "discuss")
    unrelated: str = "unrelated"

    def __post_init__(self) -> None:
        """Checks the labels.

        Raises:
            ValueError: There is no related label, one stands twice, or one means no answer.
        """
        labels = (*self.related, self.unrelated)
        if not self.related or len(set(labels)) != len(labels) or {NO_ANSWER, ABSTAIN} & set(labels):
            raise ValueError(
                f"StanceFnc: related and unrelated must be different labels, none of them {ABSTAIN!r}, got"
                f" {self.related!r} and {self.unrelated!r}"
            )

    @property
    def scheme_labels(self) -> dict[str, tuple[str, ...]]:
        """Labels that the scheme must have."""
        return {"related": self.related, "unrelated": (self.unrelated,)}

    def count(self, gold: Stance, predicted: Stance | None) -> Counts:
        """`points`, `maximum`, the maximum of unrelated examples, and the number of examples."""
        given = answer(predicted)
        points, maximum, unrelated = 0.0, 0.0, 0.0
        if gold.label == self.unrelated:
            maximum = unrelated = _RELATED
            points = _RELATED if given == self.unrelated else 0.0
        elif gold.label in self.related:
            maximum = _RELATED + _LABEL
            points = (_RELATED if given in self.related else 0.0) + (_LABEL if given == gold.label else 0.0)
        return {"points": points, "maximum": maximum, "unrelated": unrelated, "examples": float(maximum > 0)}

    def compute(self, counts: Sums) -> dict[Key, Array]:
        """`stance.fnc` and `stance.fnc_unrelated`, `pooled`."""
        maximum = total(counts, "maximum")
        return {
            Key("stance.fnc", "pooled"): divide(total(counts, "points"), maximum),
            Key("stance.fnc_unrelated", "pooled"): divide(total(counts, "unrelated"), maximum),
        }

    def support(self, key: Key, counts: Sums) -> float:
        """Gold examples of these labels."""
        return float(total(counts, "examples"))

    def signature(self, key: Key) -> str:
        """Average, the labels, what they are worth."""
        labels = f"related:{'+'.join(self.related)}|unrelated:{self.unrelated}"
        return f"{key.metric}|avg:{key.average}|{labels}|weights:{_RELATED}+{_LABEL}|noanswer:miss|v:1"
