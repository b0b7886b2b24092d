"""A stance model that never reads the text: how far the target alone gives the answer away."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from harness.model.base import GoldUse
from harness.model.folds import (
    Folds,
    Labelled,
    TextClassifier,
    answer_from,
    check_c,
    check_folds,
    fit_text_classifier,
    make_folds,
    unprepared,
)
from harness.records import Answer, Example, Input, TaskName

if TYPE_CHECKING:
    from harness.gold import Corpus


@dataclass(frozen=True, kw_only=True)
class TargetOnly:
    """TF-IDF of the target's words and logistic regression, fitted on the other folds.

    A shortcut check: a model that reads the text has to beat it. It differs from `majority` in that what it learns of
    a target's words serves targets it has not seen.

    Args:
        folds: How many folds; with fewer documents, one each.
        rng_seed: Which documents share a fold.
        balanced: Whether rare labels weigh as much as common ones (`class_weight` of scikit-learn).
        c: Inverse strength of the L2 penalty.
    """

    tasks: ClassVar[tuple[TaskName, ...]] = ("stance",)
    gold: ClassVar[GoldUse] = "folds"

    folds: int = 5
    rng_seed: int = 0
    balanced: bool = False
    c: float = 1.0

    def __post_init__(self) -> None:
        """Refuses values that cannot be meant."""
        check_folds("TargetOnly", self.folds)
        check_c("TargetOnly", self.c)

    def prepare(self, examples: Sequence[Example], corpus: "Corpus") -> None:
        """Deals the examples out into folds; a fold's classifier is fitted when it is first answered."""
        self.__dict__["_folds"] = make_folds("target_only", examples, corpus, self.folds, self.rng_seed, self._learn)

    def signature(self) -> dict[str, Any]:
        """Parameters, scikit-learn's version and, once prepared, the gold that was learnt from."""
        from importlib.metadata import version

        folds = self._state
        said = {"kind": "target_only", **asdict(self), "scikit-learn": version("scikit-learn")}
        return said | ({} if folds is None else {"learned_from": folds.learned_from})

    def answer(self, inputs: Sequence[Input]) -> list[Answer]:
        """One label per input, with the probability of each."""
        answers = [unprepared(given) for given in inputs]
        folds = self._state
        if folds is None:
            return answers
        for classifier, places, asked in folds.by_fold(inputs):
            found = classifier.probabilities([given.target.text for given in asked])
            for place, shares in zip(places, found, strict=True):
                answers[place] = answer_from(shares, folds.labels)
        return answers

    @property
    def _state(self) -> Folds[TextClassifier] | None:
        return self.__dict__.get("_folds")

    def _learn(self, examples: Sequence[Labelled], labels: tuple[str, ...]) -> TextClassifier:
        return fit_text_classifier(
            [example.target_words for example in examples],
            [example.label for example in examples],
            c=self.c,
            balanced=self.balanced,
            words=(1, 1),
            chars=None,
        )
