"""Metrics held to people: scores of several systems beside human ratings of their answers (`gold correlate`)."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import DataError
from harness.report.grid import Grid
from harness.report.shown import counted
from harness.statistics.correlation import (
    COEFFICIENTS,
    FEWEST_SYSTEMS,
    LEVELS,
    Correlation,
    Level,
    Resampled,
    auc,
    correlate,
)
from harness.system_scores import Ratings, Scores

__all__ = ["LEVELS", "SCHEMA", "Finding", "grid", "meta_evaluate"]

SCHEMA = "harness.correlations/1"


@dataclass(frozen=True)
class Finding:
    """One coefficient of one metric and criterion."""

    criterion: str
    metric: str
    signature: str | None
    found: Correlation


def meta_evaluate(
    scores: Scores,
    ratings: Iterable[Ratings],
    *,
    levels: Sequence[Level] = LEVELS,
    resampled: Resampled = "both",
    resamples: int = 10_000,
    confidence: float = 0.95,
    rng_seed: int = 0,
    incomplete: bool = False,
    rated_only: bool = False,
) -> list[Finding]:
    """Every metric held to every criterion; where the ratings are 0 and 1 alone, AUC as well.

    Args:
        scores: By metric.
        ratings: By criterion.
        levels: As `correlation.correlate` has them.
        resampled: What intervals resample.
        resamples: How many times.
        confidence: Coverage aimed at.
        rng_seed: Seed of the draws.
        incomplete: Whether a system may lack a rating, or a score, of a document that was rated.
        rated_only: Whether the systems' means leave out documents that nobody rated.

    Raises:
        DataError: Something is lacking, and `incomplete` is not set.
    """
    options: dict[str, Any] = {
        "resampled": resampled, "resamples": resamples, "confidence": confidence, "rng_seed": rng_seed,
    }  # fmt: skip
    found = []
    for one in ratings:
        people = one.values
        rated: NDArray[np.bool_] = np.any(~np.isnan(people), axis=0)
        if not incomplete:
            _refuse_gaps(scores, one, rated)
        for metric, values in scores.values.items():
            values = np.where(rated, values, np.nan) if rated_only else values
            every = [
                correlate(values, people, level, coefficient, **options)
                for level in levels
                for coefficient in COEFFICIENTS
                if (level, coefficient) != ("partial", "kendall")
            ]
            if "pooled" in levels and np.isin(people[~np.isnan(people)], (0, 1)).all():
                every.append(auc(values, people, **options))
            found += [Finding(one.criterion, metric, scores.signatures.get(metric), each) for each in every]
    return found


def _refuse_gaps(scores: Scores, ratings: Ratings, rated: NDArray[np.bool_]) -> None:
    of = f" of {ratings.criterion!r}" if ratings.criterion else ""
    sides = {f"rating{of}": ~np.isnan(ratings.values)}
    sides |= {f"score of {metric}": given > 0 for metric, given in scores.given.items()}
    for what, there in sides.items():
        gaps = np.argwhere(~there & rated)
        if len(gaps):
            row, column = gaps[0]
            raise DataError(
                [
                    f"{len(gaps)} of {there[:, rated].size} pairs of a system and a rated document have no {what} "
                    f"(first: {scores.systems[row]!r} on {scores.documents[column]!r}); add them, or leave such pairs "
                    "out with --incomplete"
                ]
            )


def grid(findings: Sequence[Finding], scores: Scores, ratings: Sequence[Ratings]) -> Grid:
    """The findings as a table, with what must be known to read them."""
    several = len({finding.criterion for finding in findings}) > 1
    headings = ("metric", "level", "coefficient", "value", "interval", "systems", "documents", "pairs", "skipped")
    rows, remarks = [], []
    for finding in findings:
        one = finding.found
        shown = ["–" if value is None else f"{value:.3f}" for value in (one.value, one.low, one.high)]
        row = [
            finding.metric, one.level, one.coefficient, shown[0],
            "" if one.low is None else f"[{shown[1]}, {shown[2]}]",
            str(one.systems), str(one.documents), str(one.pairs), str(one.skipped),
        ]  # fmt: skip
        rows.append((finding.criterion, *row) if several else tuple(row))
        name = f"{finding.metric} {one.level} {one.coefficient}"
        if one.reason:
            remarks.append((f"no {'value' if one.value is None else 'interval'}: {one.reason}", name))
        if one.undefined:
            remarks.append((f"undefined in {one.undefined} of {one.resamples} resamples", name))
    rated = max(int((~np.isnan(one.values)).any(axis=0).sum()) for one in ratings)
    criteria = ", ".join(one.criterion for one in ratings if one.criterion)
    return Grid(
        title=f"metrics against people{f': {criteria}' if criteria else ''} · "
        f"{counted(len(scores.systems), 'system')} · {counted(len(scores.documents), 'document')}, {rated} rated",
        headings=("criterion", *headings) if several else headings,
        rows=rows,
        records=[_record(finding) for finding in findings],
        right=tuple(number + several for number in (3, 4, 5, 6, 7, 8)),
        notes=[*_agreement(ratings), *_grouped(remarks), *_methods(findings, len(scores.systems)), *_LEGEND],
        more={
            "systems": list(scores.systems),
            "documents": len(scores.documents),
            "ratings": [
                {"criterion": one.criterion or None, "annotators": one.annotators, "alpha_interval": one.alpha}
                for one in ratings
            ],
        },
    )


_LEGEND = (
    "system: the systems' means are correlated; summary: within each document, then averaged (skipped: documents with "
    "too few systems, or one side constant); pooled: all pairs at once, which rewards telling systems apart; partial: "
    "pooled, each system's mean taken off",
    "kendall is tau-b; auc is the chance that what is rated 1 scores above what is rated 0",
)


def _record(finding: Finding) -> dict[str, Any]:
    fields = asdict(finding.found)
    place = {name: fields.pop(name) for name in ("level", "coefficient", "value", "low", "high", "confidence")}
    return {
        "criterion": finding.criterion or None, "metric": finding.metric, **place, "method": finding.found.method,
        **fields, "signature": finding.signature,
    }  # fmt: skip


def _agreement(ratings: Sequence[Ratings]) -> list[str]:
    notes = []
    for one in ratings:
        if one.annotators > 1:
            said = "no two rated the same" if one.alpha is None else f"Krippendorff's alpha (interval) {one.alpha:.2f}"
            of = f" of {one.criterion}" if one.criterion else ""
            notes.append(f"ratings{of}: the mean over {one.annotators} annotators; {said}")
    return notes


def _grouped(remarks: Sequence[tuple[str, str]]) -> list[str]:
    names: dict[str, list[str]] = {}
    for remark, name in remarks:
        names.setdefault(remark, []).append(name)
    return [
        f"{remark} ({', '.join(of[:4])}{f', and {len(of) - 4} more' if len(of) > 4 else ''})"
        for remark, of in names.items()
    ]


def _methods(findings: Sequence[Finding], systems: int) -> list[str]:
    made: dict[str, list[str]] = {}
    for finding in findings:
        if finding.found.low is not None:
            of = made.setdefault(finding.found.method, [])
            of.append(f"{finding.found.level} {finding.found.coefficient}")
    usual = max(made, key=lambda method: len(made[method])) if made else None
    level = f"{findings[0].found.confidence * 100:g} % intervals" if findings else ""
    notes = [
        f"{level}: {method}" + ("" if method == usual else f" ({', '.join(dict.fromkeys(of))})")
        for method, of in made.items()
    ]
    if made and systems < FEWEST_SYSTEMS:
        notes.append("fewer than three systems are not drawn anew: the intervals say nothing of other systems")
    return notes
