"""Whether a stance model's probabilities mean what they say: Brier score and expected calibration error."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from harness.metric.base import Additive, Array, Counts, Key, Sums, divide, total
from harness.metric.calibration import SUM_TOLERANCE, confidence, expected_gap, note_left_out, probabilities, usable
from harness.records import Stance, TaskName


@dataclass(frozen=True, kw_only=True)
class StanceCalibration(Additive):
    """Brier score and expected calibration error over the examples with probabilities, all targets pooled.

    Brier score: squared distance between the probabilities and the gold label's 1, summed over all labels. Expected
    calibration error (ECE): answers are put into bins of equal width by the probability of the answered label, and the
    gaps between mean confidence and share correct are averaged, weighted by the bins' examples. `ece_calibrated` is
    what a perfectly calibrated model would show on average with as many examples in each bin and the same mean
    confidences: few examples give an ECE far above 0 to any model, and only what is above this row is miscalibration.
    The bins are shown as `bin_confidence` and `bin_accuracy` at `confidence=...`, their support is their examples.

        brier = mean of sum_k (p_k - y_k)^2    ece = sum_b |correct_b - sum of confidence_b| / n
        ece_calibrated = sum_b E|Binomial(n_b, mean confidence_b) - n_b mean confidence_b| / n

    All rows but the shares are over examples that have probabilities; `scores_share` says how many of all examples
    those are. Without any they are undefined, never 0. No answer and an abstention have none. Probabilities are used as
    given: those that are no finite numbers of at least 0 or do not add up to 1 within 0.01 are not used at all, and
    `scores_unusable` is the share of examples with such; a label without probability has 0, and one outside the scheme
    is a wrong label like any other. A bin holds its upper edge, the first also 0. Resampling adds noise to every bin,
    so resampled values lie rather above `ece`, and with few examples its percentile interval may not hold it.

    Range: brier in [0, 2] (not halved), the others fractions in [0, 1]; brier and ece: lower is better.
    Bad input: undefined without an example with probabilities (in the bin), the shares without examples; which
        probabilities are not used stands above. What never gets here: `harness.metric.base`.
    Source: Brier 1950, https://doi.org/10.1175/1520-0493(1950)078%3C0001:VOFEIT%3E2.0.CO;2; ECE of Guo et al. 2017,
        https://proceedings.mlr.press/v70/guo17a.html.
    Checked against: scikit-learn 1.9.1, `brier_score_loss` with `labels=` and `calibration_curve` for the bins;
        `ece_calibrated` against the binomial distribution of scipy 1.17.1 and seeded simulation.

    Args:
        bins: How many bins of equal width.

    Example:
        >>> metric = StanceCalibration()
        >>> counts = metric.count(Stance("nato", "favor"), Stance("nato", "favor", {"favor": 0.8, "none": 0.2}))
        >>> scores = metric.compute(counts)
        >>> round(float(scores[Key("stance.brier", "pooled")]), 6), round(float(scores[Key("stance.ece", "pooled")]), 6)
        (0.08, 0.2)
    """

    task: ClassVar[TaskName] = "stance"
    headline: ClassVar[str] = "stance.ece"
    lower_is_better: ClassVar[tuple[str, ...]] = (
        "stance.brier",
        "stance.ece",
    )
    undirected: ClassVar[tuple[str, ...]] = (
        "stance.ece_calibrated",
        "stance.scores_*",
        "stance.bin_*",
    )

    bins: int = 10

    def __post_init__(self) -> None:
        """Checks the number of bins.

        Raises:
            ValueError: It is not from 1 to 1000.
        """
        if not 1 <= self.bins <= 1000:
            raise ValueError(f"StanceCalibration: bins must be from 1 to 1000, got {self.bins}")

    def count(self, gold: Stance, predicted: Stance | None) -> Counts:
        """`examples`, `unusable`; with probabilities `scored`, `brier` and `bin=...|n`, `|confidence`, `|correct`."""
        counts = {"examples": 1.0}
        if predicted is not None and predicted.scores is not None and not usable(predicted.scores):
            counts["unusable"] = 1.0
            return counts
        scores = probabilities(predicted)
        if predicted is None or scores is None:
            return counts
        sure = confidence(predicted, scores)
        name = f"bin={self._bin(sure):04d}"
        # The sum of (p_k - y_k)^2 with the gold label's square written out; rounding must not take it below 0.
        squares = sum(value * value for value in scores.values()) - 2 * scores.get(gold.label, 0.0) + 1
        return counts | {
            "scored": 1.0,
            "brier": max(0.0, float(squares)),
            f"{name}|n": 1.0,
            f"{name}|confidence": sure,
            f"{name}|correct": float(predicted.label == gold.label),
        }

    def compute(self, counts: Sums) -> dict[Key, Array]:
        """`stance.brier`, `ece`, `ece_calibrated`, `scores_share`, `scores_unusable`, and the bins."""
        scored, examples = total(counts, "scored"), total(counts, "examples")
        gaps = calibrated = np.zeros_like(scored)
        bins: dict[Key, Array] = {}
        for name in sorted({name.partition("|")[0] for name in counts if name.startswith("bin=")}):
            n, sure, hits = (total(counts, f"{name}|{part}") for part in ("n", "confidence", "correct"))
            gaps = gaps + np.abs(hits - sure)
            calibrated = calibrated + expected_gap(n, np.where(n > 0, divide(sure, n), 0.0))
            bins[Key("stance.bin_confidence", "pooled", self._slice(name))] = divide(sure, n)
            bins[Key("stance.bin_accuracy", "pooled", self._slice(name))] = divide(hits, n)
        return {
            Key("stance.brier", "pooled"): divide(total(counts, "brier"), scored),
            Key("stance.ece", "pooled"): divide(gaps, scored),
            Key("stance.ece_calibrated", "pooled"): divide(calibrated, scored),
            Key("stance.scores_share", "pooled"): divide(scored, examples),
            Key("stance.scores_unusable", "pooled"): divide(total(counts, "unusable"), examples),
            **bins,
        }

    def support(self, key: Key, counts: Sums) -> float:
        """Examples with probabilities (in the bin); all examples for the shares."""
        if key.slice != "all":
            named = (name for name in counts if name.startswith("bin=") and name.endswith("|n"))
            return float(sum(float(total(counts, name)) for name in named if self._slice(name) == key.slice))
        return float(total(counts, "examples" if key.metric.startswith("stance.scores_") else "scored"))

    def signature(self, key: Key) -> str:
        """Average, bins, what is done without probabilities."""
        choices = {
            "stance.brier": "labels:sum|noscores:left_out",
            "stance.scores_share": "of:examples",
            "stance.scores_unusable": "of:examples",
        }
        bins = f"bins:{self.bins}_equal_width|by:answered_label|noscores:left_out"
        return f"{key.metric}|avg:{key.average}|{choices.get(key.metric, bins)}|sum:1±{SUM_TOLERANCE}|v:1"

    def note(self, key: Key, counts: Sums) -> str | None:
        """How many examples have no part in the row."""
        if key.slice != "all" or key.metric.startswith("stance.scores_"):
            return None
        return note_left_out(float(total(counts, "scored")), float(total(counts, "examples")))

    def _bin(self, sure: float) -> int:
        """The bin, from 0, that a confidence lies in: above its lower edge, up to its upper edge."""
        place = max(0, math.ceil(sure * self.bins) - 1)
        # The product may be rounded over an edge that the confidence itself does not pass.
        while place and sure <= place / self.bins:
            place -= 1
        while place < self.bins - 1 and sure > (place + 1) / self.bins:
            place += 1
        return place

    def _slice(self, name: str) -> str:
        place = int(name.partition("|")[0].removeprefix("bin="))
        digits = max(1, math.ceil(math.log10(self.bins)))
        return f"confidence={place / self.bins:.{digits}f}-{(place + 1) / self.bins:.{digits}f}"
