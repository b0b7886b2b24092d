"""How alike a summary and its references are to an encoder: BERTScore with any checkpoint on the machine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from harness.metric.base import Array, Counts, Key, Sums
from harness.metric.means import DocumentMeans, defined
from harness.records import Context, References, Summary, TaskName

_PARTS = ("precision", "recall", "f1")


@dataclass(frozen=True, kw_only=True)
class Similarity(DocumentMeans):
    """Greedy matching of contextual token vectors by cosine, summary against reference.

        P = mean over the summary's tokens of the highest cosine with a reference token
        R = mean over the reference's tokens of the highest cosine with a summary token    F1 = 2 P R / (P + R)
        rescaled = (score - baseline) / (1 - baseline)

    With several references the one with the best F1 counts. The scores are means over documents, and a document's
    styles are averaged first; style `extract` is left out. `judged` is the share of examples that have a score.
    Numbers of different encoders, layers or baselines have nothing to do with each other: all are in the signature.

    Range: cosines in [-1, 1], in practice high and close together for any two texts, which is what the baseline is for;
    higher is better.
    Bad input: a blank or missing summary scores 0 before rescaling; a blank reference is left out, and where all are
    blank the example is undefined, as it is where the encoder's numbers are not finite. What never gets here:
    `harness.metric.base`.
    Source: Zhang et al. 2020, https://openreview.net/forum?id=SkeHuCVFDr, without weighting by rarity.
    Checked against: bert-score 0.3.13 with `idf=False` and no baseline, layers 1 to 3 of the shipped `tiny_ner` as
        encoder: P, R and F1 of five pairs within 3e-7. Texts longer than the encoder reads, which bert-score cuts, are
        read whole here.
    Agreement with people: not measured here, for it is the encoder's.

    Args:
        judge: The encoder: kind `hf_encoder` with `path`, `revision`, `layer` and the like.
        baseline: What two unrelated texts score with this encoder and layer, below 1; None for raw cosines.

    Example:
        >>> metric = Similarity()
        >>> metric.compute(defined({"precision": 0.5, "recall": 1.0, "f1": 2 / 3}))[Key("similarity.recall", "mean")]
        array(1.)
    """

    task: ClassVar[TaskName] = "summarization"
    headline: ClassVar[str] = "similarity.f1"
    undirected: ClassVar[tuple[str, ...]] = ("similarity.judged",)
    needs_context: ClassVar[bool] = True
    asks: ClassVar[tuple[str, ...]] = ("text", "reference")

    judge: dict[str, Any] = field(default_factory=lambda: {"kind": "hf_encoder"}, hash=False)
    baseline: float | None = None

    def __post_init__(self) -> None:
        """Refuses a baseline that leaves no scale."""
        if self.baseline is not None and not -1 <= self.baseline < 1:
            raise ValueError(f"Similarity: baseline must lie in [-1, 1), got {self.baseline}")

    def questions(self, gold: References, predicted: Summary | None, context: Context) -> list[dict[str, str]]:
        """The summary with each reference that is not blank; none for a blank summary."""
        text = predicted.text if predicted else ""
        if gold.style == "extract" or not text.strip():
            return []
        return [{"text": text, "reference": reference} for reference in gold.texts if reference.strip()]

    def count(self, gold: References, predicted: Summary | None, context: Context) -> Counts:
        """P, R and F1 where defined, each with its `|n` = 1, and `judged`."""
        if gold.style == "extract" or not any(text.strip() for text in gold.texts):
            return {}
        if predicted is None or not predicted.text.strip():
            return defined({"judged": 1.0, **dict.fromkeys(_PARTS, self._rescaled(0.0))})
        findings: Sequence[Mapping[str, float] | None] = context.measured or ()
        found = [finding for finding in findings if finding is not None]
        if not found:
            return defined({"judged": 0.0})
        best = max(found, key=lambda finding: finding["f1"])
        return defined({"judged": 1.0, **{part: self._rescaled(best[part]) for part in _PARTS}})

    def compute(self, counts: Sums) -> dict[Key, Array]:
        """The means; NaN where nothing was defined."""
        return self._rows("similarity", (*_PARTS, "judged"), counts)

    def signature(self, key: Key) -> str:
        """The layer, the baseline and the policy for references; the encoder's hash is appended by the scorer."""
        layer = self.judge.get("layer")
        shown = "last" if layer is None else layer
        scale = "none" if self.baseline is None else repr(self.baseline)
        return f"{key.metric}|match:greedy_cosine|idf:no|layer:{shown}|baseline:{scale}|refs:max|styles:mean|v:1"

    def _rescaled(self, value: float) -> float:
        return value if self.baseline is None else (value - self.baseline) / (1 - self.baseline)
