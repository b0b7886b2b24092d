"""Scores that a language model gives summaries, beside how much they follow anything but the summary."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any, ClassVar, Literal

import numpy as np

from harness.metric.base import Array, Counts, Key, Sums, divide, total
from harness.metric.means import DocumentMeans, defined, mean
from harness.metric.words import words
from harness.records import Context, References, Summary, TaskName

_ORDERS = ("document_first", "summary_first")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
# Rows that are no criterion's.
_OVERALL, _JUDGED = "overall", "judged"
_BIASES = (
    ("position_bias", "position bias", "+.2f"),
    ("repeat_sd", "sd between repeats", ".2f"),
    ("length_correlation", "correlation with length", "+.2f"),
)
_UNMEASURED = "not measured for this judge, docs/judge.md says how"
# Between two summaries every correlation is 1 or -1.
_FEWEST = 3
# Sums of squares smaller than this share of what they are differences of are rounding.
_ROUNDING = 1e-12


@dataclass(frozen=True, kw_only=True)
class LlmJudge(DocumentMeans):
    """A language model's verdict on each summary beside its document, by one criterion at a time.

        judge.C                     = mean over documents of the mean verdict by criterion C, on a scale from 0 to 1
        judge.overall               = the same of the mean over the criteria
        judge.C.position_bias       = mean over documents of (verdict with the summary first - with the document first)
        judge.C.repeat_sd           = square root of the mean variance of verdicts on the same question, asked again
        judge.C.length_correlation  = Pearson's r between verdict and words of the summary, over summaries
        judge.judged                = share of the questions that got a verdict

    Each question is put `repeats` times in each order of the two texts; a document's styles are averaged first, and
    style `extract` is left out. The last four rows are about the judge, not about the model: a judge without them is
    not to be believed. A repeat differs in the code that marks the texts, which should move nothing; whatever else a
    server draws at random comes on top. Longer summaries may be better ones, so a correlation with length alone is no
    proof of bias. A verdict is what the JSON schema allows, and nothing else: no number is looked for in prose.

    Range: fractions in [0, 1], 0 the worst score of the judge's scale and 1 the best, higher is better; position bias
    in [-1, 1], the standard deviation in the same unit, correlation in [-1, 1]. A single order has no position bias, a
    single repeat no variance, constant verdicts or lengths, or fewer than three summaries, no correlation.
    Bad input: a blank or missing summary gets the worst score without being shown to the judge, and counts in no row
    about the judge. Answers that are no verdict (not as the schema has it, refused, cut, not finite, failed) are left
    out and counted in `judge.judged` and the rows' notes; where none is left the summary is undefined. A document
    without text: undefined. Whatever a text says to the judge stands between marks that it cannot close.
    What never gets here: `harness.metric.base`.
    Source: Liu et al. 2023 (G-Eval), https://aclanthology.org/2023.emnlp-main.153, and Zheng et al. 2023 on the biases,
        https://arxiv.org/abs/2306.05685, without their prompts.
    Checked against: verdicts worked by hand; the correlation against scipy's.
    Agreement with people: the judge's own, so not known here; every row says so until `agreement` states it, and
        docs/judge.md says how it is measured.

    Args:
        criteria: Name of a row -> what the judge is told that it is; None leaves it out.
        orders: Which of the two texts the judge sees first.
        repeats: How often each question is put.
        agreement: What is known of this judge's agreement with people, in a few words.
        judge: The judge: kind `llm` with a prompt, a scale and a model.

    Example:
        >>> metric = LlmJudge(criteria={"fluency": "It reads well."})
        >>> metric.compute(defined({"fluency": 0.75}))[Key("judge.fluency", "mean")]
        array(0.75)
    """

    task: ClassVar[TaskName] = "summarization"
    headline: ClassVar[str] = "judge.overall"
    undirected: ClassVar[tuple[str, ...]] = (
        "judge.*.position_bias",
        "judge.*.repeat_sd",
        "judge.*.length_correlation",
        "judge.judged",
    )
    numbers: ClassVar[tuple[str, ...]] = ("judge.*.length_correlation",)
    needs_context: ClassVar[bool] = True
    asks: ClassVar[tuple[str, ...]] = ("document", "summary", "criterion", "definition", "order", "repeat")

    criteria: dict[str, str | None] = field(hash=False)
    orders: Literal["both", "document_first", "summary_first"] = "both"
    repeats: int = 2
    agreement: str | None = None
    judge: dict[str, Any] = field(default_factory=lambda: {"kind": "llm"}, hash=False)

    def __post_init__(self) -> None:
        """Refuses names that are no rows, and nothing to ask."""
        for name, definition in self.criteria.items():
            if not _NAME.fullmatch(name) or name in (_OVERALL, _JUDGED):
                raise ValueError(f"criteria: {name!r} cannot name a row; lower-case letters, digits and _ can")
            if definition is not None and not definition.strip():
                raise ValueError(f"criteria: {name!r} needs words that say what it is; null leaves it out")
        if not self._criteria:
            raise ValueError("criteria: none is left to be judged")
        if not 1 <= self.repeats <= 100:
            raise ValueError(f"repeats must be between 1 and 100, got {self.repeats}")
        if self.agreement is not None and not self.agreement.strip():
            raise ValueError("agreement must say what was measured, or be null")

    def questions(self, gold: References, predicted: Summary | None, context: Context) -> list[dict[str, Any]]:
        """By repeat, then order, then criterion; none where there is nothing to be judged."""
        text = predicted.text if predicted else ""
        if gold.style == "extract" or not text.strip() or not gold.source.strip():
            return []
        return [
            {
                "document": gold.source,
                "summary": text,
                "criterion": criterion,
                "definition": self._criteria[criterion],
                "order": order,
                "repeat": repeat,
            }
            for repeat, order, criterion in self._asked()
        ]

    def count(self, gold: References, predicted: Summary | None, context: Context) -> Counts:
        """Means where defined, each with its `|n` = 1, and sums, whose names begin with a colon."""
        if gold.style == "extract" or not gold.source.strip():
            return {}
        if predicted is None or not predicted.text.strip():
            return defined(dict.fromkeys((*self._criteria, _OVERALL), 0.0))
        findings: Sequence[Mapping[str, Any]] = context.measured or ()
        asked = list(self._asked())
        if len(findings) != len(asked):
            raise ValueError("LlmJudge: there must be one finding per question; was its judge asked?")
        verdicts: dict[tuple[str, str], list[float]] = {}
        for (_, order, criterion), finding in zip(asked, findings, strict=True):
            of = verdicts.setdefault((criterion, order), [])
            if (value := _value(finding)) is not None:
                of.append(value)
        length = float(len(words(predicted.text)))
        counts: Counts = {}
        means: dict[str, float | None] = {}
        for criterion in self._criteria:
            by_order = {order: verdicts.get((criterion, order), []) for order in _ORDERS}
            found = mean(value for of in by_order.values() for value in of)
            means[criterion] = found
            first, second = (mean(by_order[order]) for order in _ORDERS)
            if first is not None and second is not None:
                means[f"{criterion}.position_bias"] = second - first
            again = [of for of in by_order.values() if len(of) > 1]
            counts[f":{criterion}.variance"] = float(sum(np.var(of, ddof=1) for of in again))
            counts[f":{criterion}.groups"] = float(len(again))
            if found is not None:
                sums = (("n", 1.0), ("v", found), ("l", length), ("vv", found**2), ("ll", length**2))
                counts |= {f":{criterion}.{name}": value for name, value in (*sums, ("vl", found * length))}
        values = [means[criterion] for criterion in self._criteria]
        means[_OVERALL] = mean(values) if None not in values else None
        means[_JUDGED] = sum(_value(finding) is not None for finding in findings) / len(findings)
        bins = [finding.get("bin") for finding in findings if _value(finding) is None]
        counts[":asked"] = float(len(findings))
        counts |= {f":{name}": float(bins.count(name)) for name in ("unparsed", "nonfinite", "failed") if name in bins}
        if any(finding.get("cut") for finding in findings):
            counts[":cut"] = 1.0
        return defined(means) | counts

    def per_document(self, counts: Mapping[str, Array]) -> Mapping[str, Array]:
        """The means over a document's styles; what begins with a colon stays a sum."""
        sums = {name: values for name, values in counts.items() if name.startswith(":")}
        means = {name: values for name, values in counts.items() if name not in sums}
        return {**super().per_document(means), **sums}

    def compute(self, counts: Sums) -> dict[Key, Array]:
        """The means, and what the sums say about the judge; NaN where nothing was defined."""
        names = [name for criterion in self._criteria for name in (criterion, f"{criterion}.position_bias")]
        found = self._rows("judge", (*names, _OVERALL, _JUDGED), counts)
        for criterion in self._criteria:
            variance = divide(total(counts, f":{criterion}.variance"), total(counts, f":{criterion}.groups"))
            found[Key(f"judge.{criterion}.repeat_sd", "pooled")] = np.sqrt(variance)
            sums = {name: total(counts, f":{criterion}.{name}") for name in ("n", "v", "l", "vv", "ll", "vl")}
            found[Key(f"judge.{criterion}.length_correlation", "pooled")] = _pearson(sums)
        return found

    def support(self, key: Key, counts: Sums) -> float:
        """Number of documents; of summaries for correlations, of questions asked more than once for deviations."""
        row = key.metric.removeprefix("judge.")
        if row.endswith(".repeat_sd"):
            return float(total(counts, f":{row.removesuffix('.repeat_sd')}.groups"))
        if row.endswith(".length_correlation"):
            return float(total(counts, f":{row.removesuffix('.length_correlation')}.n"))
        return super().support(key, counts)

    def note(self, key: Key, counts: Sums) -> str | None:
        """Beside each score the judge's biases and agreement with people; how many questions got no verdict."""
        said = []
        row = key.metric.removeprefix("judge.")
        if row in (*self._criteria, _OVERALL):
            said.append(self._biases([row] if row in self._criteria else list(self._criteria), counts))
            said.append(f"agreement with people: {self.agreement or _UNMEASURED}")
        lost = {name: int(np.max(total(counts, f":{name}"), initial=0)) for name in ("unparsed", "nonfinite", "failed")}
        if any(lost.values()):
            asked = int(np.max(total(counts, ":asked"), initial=0))
            shown = ", ".join(f"{number} {name}" for name, number in lost.items() if number)
            said.append(f"of {asked} questions to the judge {shown}")
        cut = int(np.max(total(counts, ":cut"), initial=0))
        if cut:
            said.append(f"documents cut to what the judge reads: {cut}")
        return "; ".join(said) or None

    def _biases(self, criteria: Sequence[str], counts: Sums) -> str:
        """Position bias, deviation between repeats and correlation with length, in words; means over the criteria."""
        found = {key.metric: float(np.max(value)) for key, value in self.compute(counts).items()}
        shown = []
        for row, name, form in _BIASES:
            values = [found[f"judge.{criterion}.{row}"] for criterion in criteria]
            known = [value for value in values if not np.isnan(value)]
            shown.append(f"{name} {format(sum(known) / len(known), form) if known else 'unknown'}")
        return f"judge's {', '.join(shown)}"

    def signature(self, key: Key) -> str:
        """The criteria's words, the orders, the repeats and the scale; the judge's hash is appended by the scorer."""
        criterion = key.metric.split(".")[1]
        told = [self._criteria[criterion]] if criterion in self._criteria else sorted(self._criteria.items())
        words_of = hashlib.sha256(repr(told).encode()).hexdigest()[:8]
        scale = f"{self.judge.get('lowest', 1)}-{self.judge.get('highest', 5)}"
        asked = f"orders:{self.orders}|repeats:{self.repeats}|scale:{scale}"
        return f"{key.metric}|criterion:{words_of}|{asked}|blank:worst|styles:mean|v:1"

    @property
    def _criteria(self) -> dict[str, str]:
        return {name: definition for name, definition in self.criteria.items() if definition is not None}

    def _asked(self) -> Iterator[tuple[int, str, str]]:
        """Repeat, order and criterion of each question."""
        orders = _ORDERS if self.orders == "both" else (self.orders,)
        return product(range(self.repeats), orders, self._criteria)


def _value(finding: Mapping[str, Any]) -> float | None:
    found = finding.get("value")
    return None if found is None else float(found)


def _pearson(sums: Mapping[str, Array]) -> Array:
    """Pearson's r from sums of verdicts `v`, lengths `l` and products; NaN for fewer than three, or a constant side."""
    n = sums["n"]

    def spread(one: str, other: str, product: str) -> Array:
        centred: Array = n * sums[product] - sums[one] * sums[other]
        return centred

    of_verdicts, of_lengths = spread("v", "v", "vv"), spread("l", "l", "ll")
    varied = (n >= _FEWEST) & (of_verdicts > _ROUNDING * n * sums["vv"]) & (of_lengths > _ROUNDING * n * sums["ll"])
    scale = np.sqrt(np.where(varied, of_verdicts, 1.0)) * np.sqrt(np.where(varied, of_lengths, 1.0))
    r: Array = np.where(varied, np.clip(spread("v", "l", "vl") / scale, -1.0, 1.0), np.nan)
    return r
