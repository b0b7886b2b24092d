"""What every metric is: counts of one example, which add up, and scores of any sum of counts.

Intervals, slices, paired tests and merged runs all come from the same counts, so a metric never sees a corpus.
Everything in `compute` works elementwise on arrays: one call scores one sum, or ten thousand resampled sums.

Bad input that no metric sees. In gold and in files of predictions these are errors that name the line: documents,
sentences, targets and ids that the data does not have; two answers to one example, and an entity or judgement that
stands twice; offsets beyond the text; labels outside the scheme; numbers that are not finite, and probabilities that
are not from 0 to 1 or do not add up to 1. Of a model that is run, a span beyond the text or outside the scheme is no
prediction and stands in the ledger (`misaligned`, `unmapped`), and an answer with numbers that are not finite, or in a
form that cannot be read, counts as a missing one (`nonfinite`, `unparsed`). What a metric makes of what it does see
stands in its docstring under `Bad input`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness.records import TaskName

Array = NDArray[np.float64]
# Named additive counts of one example; a name that is absent counts 0.
Counts = dict[str, float]
# The same names with arrays of any one shape: sums over examples, one element per resample.
Sums = Mapping[str, ArrayLike]


@dataclass(frozen=True, order=True, slots=True)
class Key:
    """Which score a row holds: (`metric`, `average`, `slice`) is unique in a run.

    Args:
        metric: For instance `entity.f1`.
        average: For instance `micro`; always named.
        slice: `all`, or `field=value` (`label=GPE`).
    """

    metric: str
    average: str
    slice: str = "all"


class Metric(Protocol):
    """A metric of one task. A frozen keyword-only dataclass; its fields are its parameters.

    Beside what is below, a metric may have any of these class attributes:

    - `needs_context = True`: `count` gets a third argument, `records.Context`: all that the corpus and the answer hold
      about the example's document.
    - `note(key, sums) -> str | None`: a remark about a row, which stands in its `note`.
    - `judge: dict[str, Any]` (a parameter), `asks: ClassVar[tuple[str, ...]]` and
      `questions(gold, predicted, context)`: the metric needs a model. Its questions (JSON objects with the keys `asks`)
      are put to the judge after all answers are there, and `count` finds the judge's findings, in the order of the
      questions, in `context.measured`.
    - `headline = "similarity.f1"`: the row that stands for the metric in a table that has one column for it; else its
      first F1, or its first row.
    - `lower_is_better`, `undirected`, `numbers`: names of rows, as patterns of `fnmatch`: where less is better; where
      neither is; and which are no fractions, and so are shown as they are and have no better side either. In any
      other row more is better.
    - `count_many(gold, predicted)`: the counts of many examples at once, as (names, offsets, columns, values):
      example n has the entries `offsets[n]` to `offsets[n + 1]`; the same as `count` gives one by one.
    - `folded(key, name) -> str | None`: the name under which a count is enough for the score `key`, None where it moves
      nothing: from counts added up under these names `compute` gives the same `key`. All pairs of many systems are
      compared on what is left.
    - `scheme_labels` (a property): of each parameter that names labels of the stance scheme, those labels. A run whose
      scheme lacks one is refused; where nobody chose the metrics, it goes without this one and says so.
    - `gold_of = ("ner",)`: the tasks beside its own whose gold it looks at; the hash of that gold joins its signatures.
    """

    task: ClassVar[TaskName]
    # `example`: counted example by example. `document`: on the union of a document's examples (sets of a document).
    level: ClassVar[Literal["example", "document"]]

    def count(self, gold: Any, predicted: Any) -> Counts:
        """Counts of one example (or document). `predicted` is None or empty where no answer was scored."""
        ...

    def per_document(self, counts: Mapping[str, Array]) -> Mapping[str, Array]:
        """What a document contributes, from the sums over its examples (arrays: one element per document).

        The identity for corpus-level metrics; a mean over documents divides here by the number of its examples.
        """
        ...

    def compute(self, counts: Sums) -> dict[Key, Array]:
        """Scores of summed counts, elementwise; NaN where undefined (the file then says null)."""
        ...

    def support(self, key: Key, counts: Sums) -> float:
        """Number of gold positives (entities, examples of a label, documents) that the row `key` rests on."""
        ...

    def signature(self, key: Key) -> str:
        """Every choice that moves the number: `name|choice:value|...|v:1`, as sacreBLEU does."""
        ...


def total(counts: Sums, name: str) -> Array:
    """The sums under `name`, or zeros of the right shape."""
    if name in counts:
        return np.asarray(counts[name], dtype=np.float64)
    some = next(iter(counts.values()), 0.0)
    return np.zeros_like(np.asarray(some, dtype=np.float64))


def divide(numerator: ArrayLike, denominator: ArrayLike) -> Array:
    """Elementwise quotient; NaN, not a warning and not an epsilon, where the denominator is 0."""
    top, bottom = np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64)
    undefined = np.full(np.broadcast_shapes(top.shape, bottom.shape), np.nan)
    quotient: Array = np.divide(top, bottom, out=undefined, where=bottom != 0)
    return quotient


def mean_defined(values: list[Array]) -> Array:
    """Elementwise mean over the defined values; NaN where none is."""
    stacked = np.stack(values)
    defined = ~np.isnan(stacked)
    return divide(np.where(defined, stacked, 0.0).sum(axis=0), defined.sum(axis=0))


class Additive:
    """The usual metric: counted by example, and a document contributes the sum of its examples."""

    level: ClassVar[Literal["example", "document"]] = "example"

    def per_document(self, counts: Mapping[str, Array]) -> Mapping[str, Array]:
        """The identity."""
        return counts
