"""The most frequent label: what a stance model has to beat."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from harness.model.base import GoldUse
from harness.model.folds import Folds, Labelled, answer_from, check_folds, make_folds, unprepared
from harness.records import Answer, Example, Input, TaskName

if TYPE_CHECKING:
    from harness.gold import Corpus


@dataclass(frozen=True, kw_only=True)
class Majority:
    """The label that is most frequent for the target in the other folds.

    Of equally frequent labels the first of the scheme; for a target that the other folds lack, the most frequent
    label of all targets. The scores are the labels' shares.

    Args:
        folds: How many folds; with fewer documents, one each.
        rng_seed: Which documents share a fold.
    """

    tasks: ClassVar[tuple[TaskName, ...]] = ("stance",)
    gold: ClassVar[GoldUse] = "folds"

    folds: int = 5
    rng_seed: int = 0

    def __post_init__(self) -> None:
        """Refuses values that cannot be meant."""
        check_folds("Majority", self.folds)

    def prepare(self, examples: Sequence[Example], corpus: "Corpus") -> None:
        """Deals the examples out into folds; counts are made when a fold is first answered."""
        self.__dict__["_folds"] = make_folds("majority", examples, corpus, self.folds, self.rng_seed, _count)

    def signature(self) -> dict[str, Any]:
        """Parameters and, once prepared, the gold that was learnt from."""
        folds = self._state
        return {"kind": "majority", **asdict(self)} | ({} if folds is None else {"learned_from": folds.learned_from})

    def answer(self, inputs: Sequence[Input]) -> list[Answer]:
        """One label per input, with the labels' shares."""
        answers = [unprepared(given) for given in inputs]
        folds = self._state
        if folds is None:
            return answers
        for counts, places, asked in folds.by_fold(inputs):
            for place, given in zip(places, asked, strict=True):
                of_target = counts.get(given.target.id) or counts[None]
                total = sum(of_target.values())
                shares = {label: count / total for label, count in of_target.items()}
                answers[place] = answer_from(shares, folds.labels)
        return answers

    @property
    def _state(self) -> "Folds[Mapping[str | None, Counter[str]]] | None":
        return self.__dict__.get("_folds")


def _count(examples: Sequence[Labelled], labels: tuple[str, ...]) -> Mapping[str | None, Counter[str]]:
    """Label counts by target; under None those of all targets together."""
    counts: dict[str | None, Counter[str]] = {None: Counter()}
    for example in examples:
        counts[None][example.label] += 1
        counts.setdefault(example.target, Counter())[example.label] += 1
    return counts
