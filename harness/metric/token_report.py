"""Token-level precision, recall, F1 and accuracy, for comparison with papers that report them; never a headline."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from harness.metric.base import Additive, Array, Counts, Key, Sums, divide, total
from harness.metric.prf import PRF, average_defined, gold_total, label_slices, rows, score
from harness.metric.words import TOKEN
from harness.records import Context, Entity, TaskName

OUTSIDE = None


@dataclass(frozen=True, kw_only=True)
class TokenReport(Additive):
    r"""Precision, recall and F1 over tokens, per label and micro, macro and weighted, and token accuracy.

    Tokens are runs of word characters and single other marks, `\w+|[^\w\s]`. A token has the label of the longest span
    that covers any part of it (the first in order of start, end and label among equally long ones), or none; so a span
    inside a token is never lost. A discontinuous span covers what its parts cover, and is as long as these together.
    Averages leave out tokens without a label; accuracy is over all tokens. `macro` is the mean over labels with gold or
    predicted tokens, `weighted` weighs them by their gold tokens. Where words are not set apart by spaces (Chinese,
    Thai) a token is a whole run of text: use `entity_char` there.

        P = tp / (tp + fp)    R = tp / (tp + fn)    F1 = 2 tp / (2 tp + fp + fn)    accuracy = correct / tokens

    Range: fractions in [0, 1], higher is better.
    Bad input: 0 where one side is empty, undefined where both are (accuracy: where there is no token). A missing answer
        counts as an empty one, an entity given twice once. What never gets here: `harness.metric.base`.
    Source: scikit-learn's classification report,
        https://scikit-learn.org/stable/modules/generated/sklearn.metrics.classification_report.html.
    Checked against: scikit-learn 1.9.1, `precision_recall_fscore_support` with `labels=` (all but "none"),
        `zero_division=0`, and `accuracy_score`.

    Example:
        >>> from harness.records import Answer, Document, Example, NerInput
        >>> metric = TokenReport()
        >>> example = Example("e", "d", "d", NerInput("e", "d", "Bank in N."))
        >>> context = Context(example, Answer(), Document("d", "Bank in N."))
        >>> counts = metric.count([Entity(0, 8, "ORG")], [Entity(0, 3, "ORG")], context)
        >>> float(metric.compute(counts)[Key("token.recall", "micro")])
        0.5
    """

    task: ClassVar[TaskName] = "ner"
    # Offsets alone have no tokens.
    needs_context: ClassVar[bool] = True

    def count(self, gold: Collection[Entity], predicted: Collection[Entity] | None, context: Context) -> Counts:
        """`tokens`, `correct`, `tp`, `fp`, `fn`, and the last three per label as `label=GPE|tp`."""
        start = context.example.start
        spans = [found.span() for found in TOKEN.finditer(context.example.input.text)]
        wanted, given = _token_labels(gold, spans, start), _token_labels(predicted or (), spans, start)
        names: Counter[str] = Counter({"tokens": len(spans), "correct": 0, "tp": 0, "fp": 0, "fn": 0})
        for label, answer in zip(wanted, given, strict=True):
            names["correct"] += label == answer
            if label == answer and label is not OUTSIDE:
                names.update(("tp", f"label={label}|tp"))
                continue
            if label is not OUTSIDE:
                names.update(("fn", f"label={label}|fn"))
            if answer is not OUTSIDE:
                names.update(("fp", f"label={answer}|fp"))
        return {name: float(count) for name, count in names.items()}

    def compute(self, counts: Sums) -> dict[Key, Array]:
        """`token.*`: `micro`, `macro`, `weighted`, and `micro` per label; `token.accuracy`, `micro`."""
        scores = {Key("token.accuracy", "micro"): divide(total(counts, "correct"), total(counts, "tokens"))}
        micro = score(counts)
        labels = {slice_: score(counts, slice_) for slice_ in label_slices(counts)}
        scores |= rows("token", "micro", micro)
        scores |= rows("token", "macro", average_defined(labels.values(), counts))
        scores |= rows("token", "weighted", _weighted(labels, micro, counts))
        for slice_, values in labels.items():
            scores |= rows("token", "micro", values, slice_)
        return scores

    def support(self, key: Key, counts: Sums) -> float:
        """Gold tokens with the row's label, or with any; for accuracy all tokens."""
        return float(total(counts, "tokens") if key.metric == "token.accuracy" else gold_total(counts, key.slice))

    def signature(self, key: Key) -> str:
        """Average, tokens, which span labels a token, and how `macro` treats labels without support."""
        undefined = "|undef:skip" if key.average == "macro" else ""
        return f"{key.metric}|avg:{key.average}|tokens:words+marks|span:longest|cover:any{undefined}|v:1"


def _token_labels(entities: Collection[Entity], tokens: list[tuple[int, int]], offset: int) -> list[str | None]:
    """The label of each token. Longer spans are laid over shorter ones; `offset` is where the text begins."""
    labels: list[str | None] = [OUTSIDE] * len(tokens)
    starts, ends = [start for start, _ in tokens], [end for _, end in tokens]
    for entity in sorted(sorted(entities, reverse=True), key=_length):
        for start, end in entity.stretches:
            first = bisect_right(ends, start - offset)
            last = bisect_left(starts, end - offset)
            labels[first:last] = [entity.label] * max(0, last - first)
    return labels


def _length(entity: Entity) -> int:
    return sum(end - start for start, end in entity.stretches)


def _weighted(labels: dict[str, PRF], micro: PRF, counts: Sums) -> PRF:
    """Label scores weighted by gold tokens; 0 where only predictions have labels, NaN where neither side has."""
    gold = gold_total(counts)
    averages = []
    for field, whole in enumerate(micro):
        summed = np.zeros_like(gold)
        for slice_, values in labels.items():
            # A label without support weighs nothing, so its NaN may be read as 0 here.
            summed = summed + gold_total(counts, slice_) * np.nan_to_num(values[field])
        averages.append(np.where(np.isnan(whole), np.nan, np.where(gold == 0, 0.0, divide(summed, gold))))
    return PRF(*averages)
