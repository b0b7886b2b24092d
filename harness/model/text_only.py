"""A stance model that is never told the target: how far the text alone gives the answer away."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.model.folds import (
    FoldedClassifier,
    Labelled,
    TextClassifier,
    check_c,
    check_folds,
    check_ngrams,
    fit_text_classifier,
)


@dataclass(frozen=True, kw_only=True)
class TextOnly(FoldedClassifier):
    """TF-IDF of the text's words and characters and logistic regression, fitted on the other folds.

    A shortcut check: a model of stance towards a target has to beat it. It is `tfidf` without the target's words, so
    what lies between the two is what naming the target is worth. A text has one answer, whatever is asked about it.

    Args:
        folds: How many folds; with fewer documents, one each.
        rng_seed: Which documents share a fold.
        balanced: Whether rare labels weigh as much as common ones (`class_weight` of scikit-learn).
        c: Inverse strength of the L2 penalty.
        words: Longest word n-gram.
        chars: Longest character n-gram within words, from 2 on; 0 for none.
    """

    kind: ClassVar[str] = "text_only"

    folds: int = 5
    rng_seed: int = 0
    balanced: bool = True
    c: float = 1.0
    words: int = 2
    chars: int = 5

    def __post_init__(self) -> None:
        """Refuses values that cannot be meant."""
        check_folds("TextOnly", self.folds)
        check_c("TextOnly", self.c)
        check_ngrams("TextOnly", self.words, self.chars)

    def _features(self, text: str, target: str) -> str:
        return text

    def _learn(self, examples: Sequence[Labelled], labels: tuple[str, ...]) -> TextClassifier:
        return fit_text_classifier(
            [self._features(example.text, example.target_words) for example in examples],
            [example.label for example in examples],
            c=self.c,
            balanced=self.balanced,
            words=(1, self.words),
            chars=(2, self.chars) if self.chars else None,
        )
