"""Whether a stance model is wrong where it is unsure: risk against coverage."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from harness.metric.base import Additive, Array, Counts, Key, Sums, divide, total
from harness.metric.calibration import SUM_TOLERANCE, confidence, harmonic, note_left_out, probabilities
from harness.records import Stance, TaskName


@dataclass(frozen=True, kw_only=True)
class StanceRiskCoverage(Additive):
    """Area under the risk-coverage curve, its excess over the best order, and the risk at some coverages.

    Answers are taken in order of the probability of the answered label, the surest first; the risk at coverage k/n is
    the share of wrong answers among the first k. AURC is its mean over all k, e-AURC what it has above the AURC of the
    order that puts every wrong answer last: 0 where confidence separates right from wrong, whatever their numbers.
    Confidences are rounded (`conf:3dp` in the signature), so that the curve is a sum of counts; equal ones are one
    group, whose answers come in random order: all rows are expectations over it, not the luck of an input order.

        aurc = 1/n sum_k (wrong among the first k) / k    eaurc = aurc - 1/n sum_{k > c} (k - c) / k

    with n answers, c of them correct. `risk` at `coverage=0.8` is over the first ceil(0.8 n) answers.

    The curve has the examples with a label and usable probabilities (as `stance_calibration` has them: finite, at least
    0, adding up to 1 within 0.01); `curve_share` says how many of all examples those are. Without any, all other rows
    are undefined, never 0.

    Range: fractions in [0, 1], lower is better (curve_share: higher).
    Bad input: undefined without an answer with probabilities, curve_share without examples; which probabilities are not
        used stands above. What never gets here: `harness.metric.base`.
    Source: Geifman, Uziel and El-Yaniv 2019, https://arxiv.org/abs/1805.08206 (the best order's area is exact here, an
        integral there).
    Checked against: the mean over all orders of equal confidences, counted out; scikit-learn 1.9.1, `accuracy_score` of
        the first k answers, where no two are equal.

    Args:
        decimals: Places that confidences are rounded to.
        coverages: Where on the curve the risk is reported.

    Example:
        >>> metric = StanceRiskCoverage(coverages=(0.5,))
        >>> counts = {"examples": 2.0, "0.900|right": 1.0, "0.600|wrong": 1.0}
        >>> scores = metric.compute(counts)
        >>> float(scores[Key("stance.aurc", "pooled")]), float(scores[Key("stance.eaurc", "pooled")])
        (0.25, 0.0)
    """

    task: ClassVar[TaskName] = "stance"
    headline: ClassVar[str] = "stance.aurc"
    lower_is_better: ClassVar[tuple[str, ...]] = (
        "stance.aurc",
        "stance.eaurc",
        "stance.risk",
    )
    undirected: ClassVar[tuple[str, ...]] = ("stance.curve_share",)

    decimals: int = 3
    coverages: tuple[float, ...] = (0.5, 0.8, 0.9, 1.0)

    def __post_init__(self) -> None:
        """Checks the parameters.

        Raises:
            ValueError: Decimals are not from 1 to 6, or a coverage stands twice or is not above 0 and at most 1.
        """
        if not 1 <= self.decimals <= 6:
            raise ValueError(f"StanceRiskCoverage: decimals must be from 1 to 6, got {self.decimals}")
        if not all(0 < one <= 1 for one in self.coverages) or len(set(self.coverages)) != len(self.coverages):
            expected = "different numbers above 0 and at most 1"
            raise ValueError(f"StanceRiskCoverage: coverages must be {expected}, got {self.coverages!r}")

    def count(self, gold: Stance, predicted: Stance | None) -> Counts:
        """`examples`, and with probabilities one count, `0.873|right` or `|wrong`."""
        counts = {"examples": 1.0}
        scores = probabilities(predicted)
        if predicted is not None and scores is not None:
            hit = "right" if predicted.label == gold.label else "wrong"
            counts[f"{confidence(predicted, scores):.{self.decimals}f}|{hit}"] = 1.0
        return counts

    def compute(self, counts: Sums) -> dict[Key, Array]:
        """`stance.aurc`, `eaurc`, `curve_share`, and `stance.risk` at `coverage=...`."""
        examples = total(counts, "examples")
        groups = list(_groups(counts))
        zero = np.zeros_like(examples)
        n = sum((size for size, _ in groups), start=zero)
        wrong = sum((errors for _, errors in groups), start=zero)
        # As many answers as cover the share; a product rounded up over a whole number must not add one.
        firsts = {share: np.ceil(np.round(share * n, 9)) for share in self.coverages}
        risks = dict.fromkeys(self.coverages, np.full_like(zero, np.nan))
        area, before, errors_before, sum_before = zero, zero, zero, harmonic(zero)
        for size, errors in groups:
            after = before + size
            rate = np.where(size > 0, divide(errors, size), 0.0)
            sum_after = harmonic(after)
            # Sum of (E + j rate) / (K + j) over j = 1 ... size, the mean over the orders within the group.
            area = area + errors + (errors_before - rate * before) * (sum_after - sum_before)
            for share, k in firsts.items():
                inside = (before < k) & (k <= after)
                if inside.any():
                    risks[share] = np.where(inside, divide(errors_before + rate * (k - before), k), risks[share])
            before, errors_before, sum_before = after, errors_before + errors, sum_after
        right = n - wrong
        best = wrong - right * (harmonic(n) - harmonic(right))
        return {
            Key("stance.aurc", "pooled"): divide(area, n),
            # A difference of sums that are equal in the best order: below 0 it is rounding.
            Key("stance.eaurc", "pooled"): divide(np.maximum(area - best, 0.0), n),
            Key("stance.curve_share", "pooled"): divide(n, examples),
            **{Key("stance.risk", "pooled", f"coverage={share}"): risks[share] for share in self.coverages},
        }

    def support(self, key: Key, counts: Sums) -> float:
        """Answers on the curve; all examples for their share."""
        if key.metric == "stance.curve_share":
            return float(total(counts, "examples"))
        return float(sum(float(size) for size, _ in _groups(counts)))

    def signature(self, key: Key) -> str:
        """Average, rounding, ties, what is done without probabilities."""
        order = f"conf:{self.decimals}dp|ties:expectation|noscores:left_out"
        which = "of:examples" if key.metric == "stance.curve_share" else order
        return f"{key.metric}|avg:{key.average}|{which}|sum:1±{SUM_TOLERANCE}|v:1"

    def note(self, key: Key, counts: Sums) -> str | None:
        """How many examples are not on the curve."""
        if key.metric == "stance.curve_share":
            return None
        return note_left_out(self.support(key, counts), float(total(counts, "examples")))


def _groups(counts: Sums) -> Iterator[tuple[Array, Array]]:
    """Answers and wrong answers of each confidence, from the surest down."""
    levels = {name.partition("|")[0] for name in counts if "|" in name}
    for level in sorted(levels, key=float, reverse=True):
        wrong = total(counts, f"{level}|wrong")
        yield total(counts, f"{level}|right") + wrong, wrong
