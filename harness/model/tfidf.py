"""Stance by words: TF-IDF features of text and target, and logistic regression."""

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
class Tfidf:
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

    tasks: ClassVar[tuple[TaskName, ...]] = ("stance",)
    gold: ClassVar[GoldUse] = "folds"

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

    def prepare(self, examples: Sequence[Example], corpus: "Corpus") -> None:
        """Deals the examples out into folds; a fold's classifier is fitted when it is first answered."""
        self.__dict__["_folds"] = make_folds("tfidf", examples, corpus, self.folds, self.rng_seed, self._learn)

    def signature(self) -> dict[str, Any]:
        """Parameters, scikit-learn's version and, once prepared, the gold that was learnt from."""
        from importlib.metadata import version

        folds = self._state
        said = {"kind": "tfidf", **asdict(self), "scikit-learn": version("scikit-learn")}
        return said | ({} if folds is None else {"learned_from": folds.learned_from})

    def answer(self, inputs: Sequence[Input]) -> list[Answer]:
        """One label per input, with the probability of each."""
        answers = [unprepared(given) for given in inputs]
        folds = self._state
        if folds is None:
            return answers
        for classifier, places, asked in folds.by_fold(inputs):
            texts = [_features(given.text, given.target.text) for given in asked]
            for place, shares in zip(places, classifier.probabilities(texts), strict=True):
                answers[place] = answer_from(shares, folds.labels)
        return answers

    @property
    def _state(self) -> Folds[TextClassifier] | None:
        return self.__dict__.get("_folds")

    def _learn(self, examples: Sequence[Labelled], labels: tuple[str, ...]) -> TextClassifier:
        return fit_text_classifier(
            [_features(example.text, example.target_words) for example in examples],
            [example.label for example in examples],
            c=self.c,
            balanced=self.balanced,
            words=(1, self.words),
            chars=(2, self.chars) if self.chars else None,
        )


def _features(text: str, target: str) -> str:
    """Text and target as one string of words."""
    return f"{text}\n{target}"
