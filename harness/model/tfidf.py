"""Stance by words: TF-IDF features of text and target, and logistic regression."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.model.folds import FoldedClassifier, Labelled, TextClassifier, check_c, check_folds, fit_text_classifier


@dataclass(frozen=True, kw_only=True)
class Tfidf(FoldedClassifier):
    """Logistic regression over word and character n-grams, fitted on the other folds.

    The features of the target's words are added to the text's, so one classifier serves all targets. The context is
    not read: where the data is one document it is another example's text.

    Args:
        folds: How many folds; with fewer documents, one each.
        rng_seed: Which documents share a fold.
        balanced: Whether rare labels weigh as much as common ones (`class_weight` of scikit-learn).
        c: Inverse strength of the L2 penalty.
        words: Longest word n-gram.
        chars: Longest character n-gram within words, from 2 on; 0 for none.
    """

    kind: ClassVar[str] = "tfidf"

    folds: int = 5
    rng_seed: int = 0
    balanced: bool = True
    c: float = 1.0
    words: int = 2
    chars: int = 5

    def __post_init__(self) -> None:
        """Refuses values that cannot be meant."""
        check_folds("Tfidf", self.folds)
        check_c("Tfidf", self.c)
        if self.words < 1:
            raise ValueError(f"Tfidf: words must be at least 1, got {self.words}")
        if self.chars < 0 or self.chars == 1:
            raise ValueError(f"Tfidf: chars must be 0 (none) or at least 2, got {self.chars}")

    def _features(self, text: str, target: str) -> str:
        return f"{text}\n{target}"

    def _learn(self, examples: Sequence[Labelled], labels: tuple[str, ...]) -> TextClassifier:
        return fit_text_classifier(
            [self._features(example.text, example.target_words) for example in examples],
            [example.label for example in examples],
            c=self.c,
            balanced=self.balanced,
            words=(1, self.words),
            chars=(2, self.chars) if self.chars else None,
        )
