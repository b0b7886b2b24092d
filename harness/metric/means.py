"""Rows that are means over documents, each over those documents where it is defined."""

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np

from harness.metric.base import Array, Counts, Key, Sums, divide, total
from harness.records import References, Summary


def defined(values: Mapping[str, float | None]) -> Counts:
    """Counts of one example's values: `name` and `name|n` = 1; nothing of a value that is None."""
    counts: Counts = {}
    for name, value in values.items():
        if value is not None:
            counts |= {name: float(value), f"{name}|n": 1.0}
    return counts


def mean(values: Iterable[float | None]) -> float | None:
    """Mean of the values that are not None; None where all are."""
    found = [value for value in values if value is not None]
    return sum(found) / len(found) if found else None


def scored_texts(gold: References, predicted: Summary | None) -> list[str]:
    """What a metric with rows of the references' own scores: the summary, empty where there is none, then these."""
    return [predicted.text if predicted else "", *gold.texts]


class DocumentMeans:
    """A metric whose examples are counted by `defined`: a document's examples are averaged, then the documents."""

    level: ClassVar[Literal["example", "document"]] = "example"

    def per_document(self, counts: Mapping[str, Array]) -> Mapping[str, Array]:
        """The means over a document's styles; each `|n` becomes 1, or 0 where none was defined."""
        found = {}
        for name, values in counts.items():
            n = counts.get(f"{name}|n", values)
            found[name] = np.asarray(values, dtype=np.float64) / np.maximum(np.asarray(n, dtype=np.float64), 1.0)
        return found

    def support(self, key: Key, counts: Sums) -> float:
        """Number of documents (of examples, before `per_document`) that the mean is over."""
        return float(total(counts, f"{self._name(key)}|n"))

    def _name(self, key: Key) -> str:
        """What the row's values are counted under."""
        return key.metric.partition(".")[2]

    def _rows(self, family: str, names: Sequence[str], counts: Sums) -> dict[Key, Array]:
        """`family.name` for each name; NaN where it was defined nowhere."""
        return {
            Key(f"{family}.{name}", "mean"): divide(total(counts, name), total(counts, f"{name}|n")) for name in names
        }
