"""Whether the right sentences were chosen: style `extract`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from harness.metric.base import Array, Counts, Key, Sums, divide, total
from harness.records import References, Summary, TaskName

_PARTS = ("precision", "recall", "f1")


@dataclass(frozen=True, kw_only=True)
class Extract:
    """Precision, recall and F1 of the chosen sentences against a reference's.

    With several references the one with the best F1 counts; the score is the mean over documents. It is about models
    that choose sentences: an answer without sentence ids takes no part. A document that such a model failed on scores
    0; one that answers no document with ids has no score at all.

        P = hits / chosen    R = hits / in the reference    F1 = 2 hits / (chosen + in the reference)

    Range: fractions in [0, 1], higher is better. One side empty: 0. Both: undefined and left out of the mean.
    Source: sentence recall and precision, Nenkova and McKeown 2011, https://doi.org/10.1561/1500000015.
    Checked against: scikit-learn 1.9.1, `precision_recall_fscore_support` over the sentences of the document.
    Agreement with people: not measured here; people's own extracts overlap little, because different sentences can say
    the same, so a low score is weak evidence of a bad summary.

    Example:
        >>> gold = References("extract", extracts=(("s1", "s2", "s4"),))
        >>> counts = Extract().count(gold, Summary("...", sentences=("s1", "s3")))
        >>> {key.metric: float(value) for key, value in Extract().compute(counts).items()}
        {'extract.precision': 0.5, 'extract.recall': 0.3333333333333333, 'extract.f1': 0.4}
    """

    task: ClassVar[TaskName] = "summarization"
    level: ClassVar[Literal["example", "document"]] = "example"

    def count(self, gold: References, predicted: Summary | None) -> Counts:
        """P, R and F1 with `n` = 1; `failed` = 1 where no answer was scored; nothing where it takes no part."""
        if gold.style != "extract":
            return {}
        if predicted is None:
            # Whether the model is one that chooses sentences shows only in its other answers: `compute` looks there.
            return {"failed": 1.0} if any(gold.extracts) else {}
        if predicted.sentences is None:
            return {}
        chosen = set(predicted.sentences)
        references = [set(extract) for extract in gold.extracts if extract or chosen]
        if not references:
            return {}
        best = max((_prf(reference, chosen) for reference in references), key=lambda scores: scores[-1])
        return {"n": 1.0} | dict(zip(_PARTS, best, strict=True))

    def per_document(self, counts: Mapping[str, Array]) -> Mapping[str, Array]:
        """The mean over a document's examples; `n` and `failed` then add up to 1, or to 0 where none took part."""
        examples = np.maximum(total(counts, "n") + total(counts, "failed"), 1.0)
        return {name: np.asarray(values, dtype=np.float64) / examples for name, values in counts.items()}

    def compute(self, counts: Sums) -> dict[Key, Array]:
        """The means; NaN where no answer had sentence ids."""
        n = total(counts, "n")
        documents = np.where(n > 0, n + total(counts, "failed"), 0.0)
        return {Key(f"extract.{part}", "mean"): divide(total(counts, part), documents) for part in _PARTS}

    def support(self, key: Key, counts: Sums) -> float:
        """Number of documents (of examples, before `per_document`) that the mean is over."""
        n = float(total(counts, "n"))
        return n + float(total(counts, "failed")) if n else 0.0

    def signature(self, key: Key) -> str:
        """The policy for several references."""
        return f"{key.metric}|refs:max|v:1"


def _prf(reference: set[str], chosen: set[str]) -> tuple[float, float, float]:
    """Zeros where one side is empty."""
    hits = len(reference & chosen)
    if not hits:
        return 0.0, 0.0, 0.0
    return hits / len(chosen), hits / len(reference), 2 * hits / (len(chosen) + len(reference))
