"""Learning from gold without answering from it: grouped folds, and a text classifier for each.

Examples of one group (a document; a sentence where the data is one document) are always in one fold, and a fold is
answered by what was learnt from the others.
"""

import hashlib
import json
import random
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

import numpy as np

from harness.errors import ConfigError
from harness.model.base import GoldUse
from harness.records import Answer, Example, Input, Stance, StanceInput, TaskName

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sklearn.pipeline import Pipeline

    from harness.gold import Corpus

Learnt = TypeVar("Learnt")


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text with its gold label, as a model may learn from it."""

    id: str
    group: str
    target: str
    target_words: str
    text: str
    label: str


def check_folds(kind: str, folds: int) -> None:
    """Refuses fewer than two folds: there must be one to learn from and one to answer."""
    if folds < 2:
        raise ValueError(f"{kind}: folds must be at least 2, got {folds}")


def assign_folds(sizes: Mapping[str, int], folds: int, rng_seed: int) -> dict[str, int]:
    """Fold of each group: random groups, folds of about as many examples each.

    With fewer groups than folds every group is a fold of its own.

    Args:
        sizes: Number of examples by group.
        folds: How many folds are wanted.
        rng_seed: Another seed deals the groups out differently.
    """
    groups = sorted(sizes)
    random.Random(rng_seed).shuffle(groups)
    filled = [0] * min(folds, len(groups))
    fold_of: dict[str, int] = {}
    # The largest first, each into the emptiest fold; the sort is stable, so equal sizes stay shuffled.
    for group in sorted(groups, key=lambda group: -sizes[group]):
        fold = filled.index(min(filled))
        fold_of[group] = fold
        filled[fold] += sizes[group]
    return fold_of


@dataclass
class Folds(Generic[Learnt]):
    """The state of a model that learns from folds: who is in which, and what was learnt for each.

    Args:
        labels: The stance scheme, in order.
        fold_of: Fold by example id.
        examples: What can be learnt from, sorted by id.
        learn: Learns from the examples of the other folds; called once per fold, when it is first answered.
    """

    labels: tuple[str, ...]
    fold_of: dict[str, int]
    examples: tuple[Labelled, ...]
    learn: Callable[[Sequence[Labelled], tuple[str, ...]], Learnt]
    learnt: dict[int, Learnt] = field(default_factory=dict)

    def for_fold(self, fold: int) -> Learnt:
        """What was learnt from the examples outside a fold."""
        if fold not in self.learnt:
            others = [example for example in self.examples if self.fold_of[example.id] != fold]
            self.learnt[fold] = self.learn(others, self.labels)
        return self.learnt[fold]

    def by_fold(self, inputs: Sequence[Input]) -> Iterator[tuple[Learnt, list[int], list[StanceInput]]]:
        """Inputs of one fold together: what answers them, their places in `inputs`, and they themselves."""
        places: dict[int, list[int]] = defaultdict(list)
        for place, given in enumerate(inputs):
            if given.id in self.fold_of:
                places[self.fold_of[given.id]].append(place)
        for fold in sorted(places):
            asked = [_stance_input(inputs[place]) for place in places[fold]]
            yield self.for_fold(fold), places[fold], asked

    @property
    def learned_from(self) -> str:
        """SHA-256 of everything that could be learnt from: ids, groups, labels, targets and texts."""
        rows = [[e.id, e.group, e.label, e.target, e.target_words, e.text] for e in self.examples]
        said = json.dumps([list(self.labels), sorted(rows)], ensure_ascii=True, separators=(",", ":"))
        return hashlib.sha256(said.encode("ascii")).hexdigest()


def _stance_input(given: Input) -> StanceInput:
    if not isinstance(given, StanceInput):
        raise TypeError(f"expected stance inputs, got {type(given).__name__}")
    return given


def unprepared(given: Input) -> Answer:
    """The answer to an example that was not among those prepared: it is in no fold, so nothing may answer it."""
    return Answer(bin="failed", reason=f"example {given.id!r} was not prepared, so it belongs to no fold")


def make_folds(
    kind: str,
    examples: Sequence[Example],
    corpus: "Corpus",
    folds: int,
    rng_seed: int,
    learn: Callable[[Sequence[Labelled], tuple[str, ...]], Learnt],
) -> Folds[Learnt]:
    """Deals the examples out into folds.

    Raises:
        ConfigError: Some fold would have nothing to learn from.
    """
    groups = {example.id: example.unit or example.doc for example in examples}
    sizes: dict[str, int] = defaultdict(int)
    for group in groups.values():
        sizes[group] += 1
    fold_of_group = assign_folds(sizes, folds, rng_seed) if sizes else {}
    fold_of = {example: fold_of_group[group] for example, group in groups.items()}
    labelled = [
        Labelled(
            id=example.id,
            group=groups[example.id],
            target=example.input.target.id,
            target_words=example.input.target.text,
            text=example.input.text,
            label=example.gold.label,
        )
        for example in examples
        if isinstance(example.gold, Stance) and isinstance(example.input, StanceInput)
    ]
    if len({fold_of[example.id] for example in labelled}) < 2:
        raise ConfigError(
            f"model kind {kind!r} learns from the gold of other documents (or of other sentences, where there is one"
            f" document), and the data has gold for {len({example.group for example in labelled})} such group(s); use"
            " data with at least two, or a kind that learns nothing, such as 'lexicon'"
        )
    ordered = tuple(sorted(labelled, key=lambda example: example.id))
    return Folds(labels=corpus.stance_labels, fold_of=fold_of, examples=ordered, learn=learn)


def answer_from(shares: Mapping[str, float], labels: Sequence[str]) -> Answer:
    """The likeliest label, of equals the first of the scheme, with the probability of each."""
    scheme = [*labels, *sorted(set(shares) - set(labels))]
    scores = {label: float(shares.get(label, 0.0)) for label in scheme}
    best = max(scheme, key=lambda label: (scores[label], -scheme.index(label)))
    return Answer(label=best, scores=scores)


@dataclass(frozen=True)
class TextClassifier:
    """Logistic regression over TF-IDF features, or the labels' shares where there is nothing to tell them apart by.

    Args:
        pipeline: The fitted classifier; None where the training texts have one label or no features.
        classes: The labels in the order of the classifier's columns.
        shares: Each label's share of the training examples.
    """

    pipeline: "Pipeline | None"
    classes: tuple[str, ...]
    shares: dict[str, float]

    def probabilities(self, texts: Sequence[str]) -> list[dict[str, float]]:
        """Probability of each label, one mapping per text."""
        if self.pipeline is None:
            return [self.shares for _ in texts]
        found: NDArray[np.float64] = self.pipeline.predict_proba(list(texts))
        return [dict(zip(self.classes, map(float, row), strict=True)) for row in found]


def fit_text_classifier(
    texts: Sequence[str],
    labels: Sequence[str],
    *,
    c: float,
    balanced: bool,
    words: tuple[int, int],
    chars: tuple[int, int] | None,
) -> TextClassifier:
    """Fits TF-IDF and logistic regression; the same inputs in the same order give the same classifier.

    Args:
        texts: One per example.
        labels: One per example.
        c: Inverse strength of the L2 penalty.
        balanced: Whether rare labels weigh as much as common ones.
        words: Shortest and longest word n-gram.
        chars: Shortest and longest character n-gram within words; None for none.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline, make_pipeline, make_union
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it comes with scikit-learn

    shares = {label: labels.count(label) / len(labels) for label in sorted(set(labels))}
    vectorizers = [
        TfidfVectorizer(analyzer="word", token_pattern=r"(?u)\w+|[^\w\s]", ngram_range=words, sublinear_tf=True)
    ]
    if chars is not None:
        vectorizers.append(TfidfVectorizer(analyzer="char_wb", ngram_range=chars, sublinear_tf=True))
    readable = all(any(map(vectorizer.build_analyzer(), texts)) for vectorizer in vectorizers)
    if len(shares) < 2 or not readable:
        return TextClassifier(None, tuple(shares), shares)
    # The penalty bounds the problem's condition, so this many steps are far more than lbfgs needs.
    regression = LogisticRegression(C=c, class_weight="balanced" if balanced else None, max_iter=5000)
    pipeline: Pipeline = make_pipeline(make_union(*vectorizers), regression)
    # One thread: sums then come out the same whatever the machine has, and small fits do not wait for other threads.
    with threadpool_limits(limits=1):
        pipeline.fit(list(texts), list(labels))
    return TextClassifier(pipeline, tuple(map(str, regression.classes_)), shares)


def check_c(kind: str, c: float) -> None:
    """Refuses penalties under which the fit would not converge or not exist."""
    if not 0 < c <= 1000:
        raise ValueError(f"{kind}: c must be above 0 and at most 1000, got {c}")


def check_ngrams(kind: str, words: int, chars: int) -> None:
    """Refuses lengths of n-grams that none has."""
    if words < 1:
        raise ValueError(f"{kind}: words must be at least 1, got {words}")
    if chars < 0 or chars == 1:
        raise ValueError(f"{kind}: chars must be 0 (none) or at least 2, got {chars}")


class FoldedClassifier(ABC):
    """What stance models that fit a text classifier per fold share; each says what a classifier reads and learns.

    A mixin of frozen dataclasses, which have the fields below.
    """

    kind: ClassVar[str]
    tasks: ClassVar[tuple[TaskName, ...]] = ("stance",)
    gold: ClassVar[GoldUse] = "folds"
    folds: int
    rng_seed: int

    def prepare(self, examples: Sequence[Example], corpus: "Corpus") -> None:
        """Deals the examples out into folds; a fold's classifier is fitted when it is first answered."""
        self.__dict__["_folds"] = make_folds(self.kind, examples, corpus, self.folds, self.rng_seed, self._learn)

    def signature(self) -> dict[str, Any]:
        """Parameters, scikit-learn's version and, once prepared, the gold that was learnt from."""
        folds, parameters = self._state, {entry.name: getattr(self, entry.name) for entry in fields(cast(Any, self))}
        said = {"kind": self.kind, **parameters, "scikit-learn": version("scikit-learn")}
        return said | ({} if folds is None else {"learned_from": folds.learned_from})

    def answer(self, inputs: Sequence[Input]) -> list[Answer]:
        """One label per input, with the probability of each."""
        answers = [unprepared(given) for given in inputs]
        folds = self._state
        if folds is None:
            return answers
        for classifier, places, asked in folds.by_fold(inputs):
            found = classifier.probabilities([self._features(given.text, given.target.text) for given in asked])
            for place, shares in zip(places, found, strict=True):
                answers[place] = answer_from(shares, folds.labels)
        return answers

    @abstractmethod
    def _features(self, text: str, target: str) -> str:
        """What a classifier reads of a text and the target's words."""

    @abstractmethod
    def _learn(self, examples: Sequence[Labelled], labels: tuple[str, ...]) -> TextClassifier:
        """Fits the classifier that answers one fold, on examples of the others."""

    @property
    def _state(self) -> Folds[TextClassifier] | None:
        return self.__dict__.get("_folds")
