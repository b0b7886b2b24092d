"""A stance model that never reads the text: how far the target alone gives the answer away."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.model.folds import FoldedClassifier, Labelled, TextClassifier, check_c, check_folds, fit_text_classifier


@dataclass(frozen=True, kw_only=True)
class TargetOnly(FoldedClassifier):
    """TF-IDF of the target's words and logistic regression, fitted on the other folds.

    A shortcut check: a model that reads the text has to beat it. It differs from `majority` in that what it learns of
    a target's words serves targets it has not seen.

    Args:
        folds: How many folds; with fewer documents, one each.
        rng_seed: Which documents share a fold.
        balanced: Whether rare labels weigh as much as common ones (`class_weight` of scikit-learn).
        c: Inverse strength of the L2 penalty.
    """

    kind: ClassVar[str] = "target_only"

    folds: int = 5
    rng_seed: int = 0
    balanced: bool = False
    c: float = 1.0

    def __post_init__(self) -> None:
        """Refuses values that cannot be meant."""
        check_folds("TargetOnly", self.folds)
        check_c("TargetOnly", self.c)

    def _features(self, text: str, target: str) -> str:
        return target

    def _learn(self, examples: Sequence[Labelled], labels: tuple[str, ...]) -> TextClassifier:
        return fit_text_classifier(
            [self._features(example.text, example.target_words) for example in examples],
            [example.label for example in examples],
            c=self.c,
            balanced=self.balanced,
            words=(1, 1),
            chars=None,
        )
