"""What BLEU, chrF and TER share: sacrebleu's sufficient statistics of one summary, which add up over a corpus."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from harness.metric.base import Array, Counts, Key, Sums, total
from harness.records import References, Summary

if TYPE_CHECKING:
    from sacrebleu.metrics.base import Metric as Scorer


class SacrebleuCounts:
    """A corpus score from counts: those of all documents, and of all styles of a document, are added up.

    A style's references need not be equally many in all documents. A missing answer counts as an empty summary. An
    example whose summary and references are all without characters (white space aside), one without references, and
    style `extract` are left out.
    """

    level: ClassVar[Literal["example", "document"]] = "example"
    # How several references are used, for the signature.
    policy: ClassVar[str]

    def count(self, gold: References, predicted: Summary | None) -> Counts:
        """sacrebleu's statistics of one summary beside its references, and `n` = 1."""
        summary = predicted.text if predicted else ""
        if gold.style == "extract" or not gold.texts or not any(text.strip() for text in (summary, *gold.texts)):
            return {}
        # sacrebleu has no public way to the statistics of chrF; it takes references as one list per reference.
        (found,) = self._scorer._extract_corpus_statistics([summary], [[text] for text in gold.texts])
        return {"n": 1.0} | {name: float(value) for name, value in zip(self._names, found, strict=True)}

    def per_document(self, counts: Mapping[str, Array]) -> Mapping[str, Array]:
        """The sums as they are; `n` becomes 1, or 0 where nothing was counted."""
        return {**counts, "n": np.minimum(total(counts, "n"), 1.0)} if counts else counts

    def support(self, key: Key, counts: Sums) -> float:
        """Number of documents (of examples, before `per_document`) that were counted."""
        return float(total(counts, "n"))

    def signature(self, key: Key) -> str:
        """sacrebleu's own signature, with `nrefs:var`, as each example may have as many references as it likes."""
        scorer = self._scorer
        own = scorer._SIGNATURE_TYPE({**vars(scorer), "num_refs": -1})
        return f"{key.metric}|{own}|refs:{self.policy}|styles:sum|v:1"

    @property
    def _scorer(self) -> "Scorer":
        raise NotImplementedError

    @property
    def _names(self) -> list[str]:
        """What sacrebleu's statistics are, in its order."""
        raise NotImplementedError
