"""What stance models know about their own answers: calibration, and risk against coverage."""

from collections.abc import Mapping

import numpy as np

from harness.comparison.table import Line, Table
from harness.metric.base import Key
from harness.report.html.charts.plots import MOST_CURVES, calibration, risk_coverage
from harness.report.html.parts import Cell, Figure, Section, Sheet
from harness.report.html.summed import summed
from harness.report.shown import UNDEFINED, counted
from harness.report.text import visible
from harness.run_folder import StoredRun

# Points of a curve that can be told apart on a page.
_MOST_POINTS = 150
_KINDS = ("stance_calibration", "stance_risk_coverage")


def calibrated(table: Table, section: str) -> Section | None:
    """A reliability diagram for each run with probabilities; None for a task without them."""
    if table.task != "stance":
        return None
    figures: list[Figure] = []
    rows: list[list[Cell]] = []
    more = 0
    for line in table.lines:
        bins = _bins(line)
        if not bins:
            continue
        name = visible(line.label)
        if len(figures) < MOST_CURVES:
            chart = calibration([(sure, right, n) for _, sure, right, n in bins])
            figures.append(Figure(name, chart, f"Calibration of {name}"))
        else:
            more += 1
        ece, floor = (line.cells.get(Key(metric, "pooled")) for metric in ("stance.ece", "stance.ece_calibrated"))
        score = "" if ece is None or ece.value is None else f"ECE {ece.value * 100:.1f}"
        if floor is not None and floor.value is not None:
            score += f", {floor.value * 100:.1f} if calibrated"
        for place, (edges, sure, right, n) in enumerate(bins):
            rows.append([Cell(name if not place else "", sub=score if not place else ""), Cell(edges), Cell(f"{n:g}"),
                         Cell(f"{sure * 100:.1f}"), Cell(f"{right * 100:.1f}")])  # fmt: skip
    if not figures:
        return _absent(table, section, "Calibration", _KINDS[0])
    sheet = Sheet(
        "Answers by confidence",
        ("model", "confidence", "answers", "mean confidence × 100", "correct × 100"),
        rows,
        right=(2, 3, 4),
        notes=[f"{counted(more, 'further model')} only here"] if more else [],
        folded=True,
    )
    about = (
        "Of the answers given with confidence 0.8, eight in ten should be right: dots on the dashed line are "
        "calibrated, dots below it overconfident. The larger a dot, the more answers."
    )
    return Section(section, "Calibration", about, figures, [sheet])


def _bins(line: Line) -> list[tuple[str, float, float, float]]:
    found = []
    for key, cell in line.cells.items():
        if key.metric == "stance.bin_confidence" and cell.value is not None:
            right = line.cells.get(Key("stance.bin_accuracy", key.average, key.slice))
            if right is not None and right.value is not None:
                found.append((key.slice.removeprefix("confidence="), cell.value, right.value, cell.support))
    return sorted(found, key=lambda one: one[1])


def risks(table: Table, runs: Mapping[str, StoredRun], section: str) -> Section | None:
    """Risk against coverage of all runs with probabilities in one chart; None for a task without them."""
    if table.task != "stance":
        return None
    curves = [(line, points) for line in table.lines if (points := _curve(runs[line.folder]))]
    if not curves:
        return _absent(table, section, "Risk and coverage", _KINDS[1])
    shown = curves[:MOST_CURVES]
    shares = sorted({key.slice for line, _ in curves for key in line.cells if key.metric == "stance.risk"})
    names = ("stance.aurc", "stance.eaurc")
    rows = [
        [
            Cell(visible(line.label)),
            *(_percent(line, Key(metric, "pooled")) for metric in names),
            *(_percent(line, Key("stance.risk", "pooled", share)) for share in shares),
        ]
        for line, _ in curves
    ]
    more = len(curves) - MOST_CURVES
    notes = [f"{counted(more, 'further model')} only here"] if more > 0 else []
    sheet = Sheet(
        "Risk × 100",
        ("model", "AURC", "above the best order", *(f"at {visible(share)}" for share in shares)),
        rows,
        right=range(1, len(shares) + 3),
        notes=notes,
    )
    figure = Figure(
        "Share wrong among the surest answers",
        risk_coverage([(visible(line.label), points) for line, points in shown]),
        f"Risk against coverage of {len(shown)} models",
    )
    about = (
        "If only the surest answers were taken, how many of them would be wrong? A model that knows what it does not "
        "know starts low on the left and rises to the right."
    )
    return Section(section, "Risk and coverage", about, [figure], [sheet])


def _curve(run: StoredRun) -> list[tuple[float, float]]:
    """Coverage and risk after each level of confidence, from the surest down, of the stored counts."""
    levels: dict[float, list[float]] = {}
    for cell, count in summed(run, _KINDS[1]).items():
        level, bar, hit = cell.partition("|")
        if bar:
            levels.setdefault(float(level), [0.0, 0.0])[hit == "wrong"] += count
    right_wrong = np.array([levels[level] for level in sorted(levels, reverse=True)]).reshape(-1, 2)
    if not right_wrong.sum():
        return []
    answered, wrong = right_wrong.sum(axis=1).cumsum(), right_wrong[:, 1].cumsum()
    places = np.unique(np.linspace(0, len(answered) - 1, min(len(answered), _MOST_POINTS)).round().astype(int))
    return [(float(answered[place] / answered[-1]), float(wrong[place] / answered[place])) for place in places]


def _percent(line: Line, key: Key) -> Cell:
    cell = line.cells.get(key)
    return Cell(UNDEFINED if cell is None or cell.value is None else f"{cell.value * 100:.1f}")


def _absent(table: Table, section: str, title: str, kind: str) -> Section:
    """Why there is no curve, and what gives one."""
    metric = "stance.ece" if kind == _KINDS[0] else "stance.aurc"
    if any(key.metric == metric for line in table.lines for key in line.cells):
        return Section(
            section,
            title,
            missing="No model here gives probabilities with its answers. Predictions made elsewhere may have them:",
            code='{"doc": "d1", "target": "tax", "label": "favor", "scores": {"favor": 0.7, "against": 0.3}}',
        )
    return Section(
        section,
        title,
        missing=f"No run here has the metric {kind}. Give a run's command again with it (stored answers are used, no "
        "model is asked), for instance",
        code=f"python -m harness ... task=stance metric=[stance_favg,stance_classification,{kind}]",
    )
