"""Whether what a summary says follows from the document, by a model for natural language inference."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from harness.metric.base import Array, Counts, Key, Sums, total
from harness.metric.means import DocumentMeans, defined, mean
from harness.records import Context, References, Summary, TaskName
from harness.sentences import split_sentences, summary_sentences


@dataclass(frozen=True, kw_only=True)
class Faithfulness(DocumentMeans):
    """SummaC's zero-shot score: how well each sentence of the summary is entailed by one sentence of the document.

        score = mean over the summary's sentences of max over the document's sentences of P(entailment)
        with `contradiction`: the highest P(contradiction) over the document's sentences is taken off each

    The document's sentences are its sentence records of every zone, else what the sentence splitter finds. The scores
    are means over documents, and a document's styles are averaged first; style `extract` is left out.
    `score_reference` is the mean of the references' own scores: what a summary by the gold's authors gets from this
    model, a ceiling rather than 1. `judged` is the share of examples that have a score.

    Range: a fraction in [0, 1] (in [-1, 1] with `contradiction`), higher is better. A claim that needs two sentences
    together scores low although it is true.
    Bad input: undefined, and left out, for a blank or missing summary, which claims nothing, for a document without
    text, and where the model has no finding for one of the pairs (numbers that are not finite, a claim longer than it
    reads). A document's sentence that is too long is cut from its left; a row's note says in how many documents. What
    never gets here: `harness.metric.base`.
    Source: Laban et al. 2022, https://aclanthology.org/2022.tacl-1.10.
    Checked against: the formula worked by hand over a table of probabilities.
    Agreement with people: not measured here, for it is the model's; print it for yours with `harness gold correlate`.

    Args:
        judge: The model: kind `hf_nli` with `path`, `revision` and the like.
        contradiction: Whether contradiction is taken off.
        references: Whether the references are judged too.
    """

    task: ClassVar[TaskName] = "summarization"
    headline: ClassVar[str] = "faithfulness.score"
    undirected: ClassVar[tuple[str, ...]] = (
        "faithfulness.score_reference",
        "faithfulness.judged",
    )
    needs_context: ClassVar[bool] = True
    asks: ClassVar[tuple[str, ...]] = ("premise", "hypothesis")

    judge: dict[str, Any] = field(default_factory=lambda: {"kind": "hf_nli"}, hash=False)
    contradiction: bool = False
    references: bool = True

    def questions(self, gold: References, predicted: Summary | None, context: Context) -> list[dict[str, str]]:
        """Every sentence of the document as premise of every sentence of the summary, then of each reference."""
        premises = _premises(context)
        return [
            {"premise": premise, "hypothesis": claim}
            for claims in self._claims(gold, predicted)
            for claim in claims
            for premise in premises
        ]

    def count(self, gold: References, predicted: Summary | None, context: Context) -> Counts:
        """`score` and `score_reference` where defined, each with its `|n` = 1, and `judged`."""
        if gold.style == "extract":
            return {}
        findings: Sequence[Mapping[str, float] | None] = context.measured or ()
        width = len(_premises(context))
        scores: list[float | None] = []
        place = 0
        for claims in self._claims(gold, predicted):
            of_claims = []
            for _ in claims:
                of_claims.append(self._supported(findings[place : place + width]))
                place += width
            scores.append(mean(of_claims) if None not in of_claims else None)
        return defined(
            {
                "score": scores[0],
                "score_reference": mean(scores[1:]),
                "judged": float(scores[0] is not None),
            }
        ) | {"cut": float(any(finding and finding.get("cut") for finding in findings))}

    def compute(self, counts: Sums) -> dict[Key, Array]:
        """The means; NaN where nothing was defined."""
        names = ("score", *(("score_reference",) if self.references else ()), "judged")
        return self._rows("faithfulness", names, counts)

    def note(self, key: Key, counts: Sums) -> str | None:
        """In how many documents a sentence was too long for the model."""
        cut = int(np.max(total(counts, "cut"), initial=0))
        return f"sentences cut to what the model reads in {cut} documents" if cut else None

    def signature(self, key: Key) -> str:
        """How claims and premises are made and joined; the model's hash is appended by the scorer."""
        score = "entailment-contradiction" if self.contradiction else "entailment"
        return f"{key.metric}|score:{score}|premise:sentence|claim:sentence|join:max+mean|styles:mean|v:1"

    def _claims(self, gold: References, predicted: Summary | None) -> list[list[str]]:
        """The sentences of the summary, then those of each reference."""
        if gold.style == "extract":
            return []
        texts = [predicted.text if predicted else "", *(gold.texts if self.references else ())]
        return [summary_sentences(text) for text in texts]

    def _supported(self, findings: Sequence[Mapping[str, float] | None]) -> float | None:
        """One claim's score from its findings with every premise; None where a finding is missing."""
        found = [finding for finding in findings if finding is not None]
        if not found or len(found) < len(findings):
            return None
        entailed = max(finding["entailment"] for finding in found)
        if not self.contradiction:
            return entailed
        return entailed - max(finding.get("contradiction", 0.0) for finding in found)


def _premises(context: Context) -> list[str]:
    text = context.document.text
    if context.sentences:
        return [text[sentence.start : sentence.end] for sentence in context.sentences]
    return split_sentences(text, str(context.document.metadata.get("language", "en")))
