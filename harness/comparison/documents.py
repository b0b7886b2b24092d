"""The documents on which two runs differ most, by their scores from the stored counts."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.comparison.differences import counts_of
from harness.comparison.flips import BROKEN, FIXED, GONE, NEW, Judged
from harness.comparison.table import Column
from harness.comparison.two_runs import Two, in_the_text
from harness.counts import unit_table
from harness.errors import RunError
from harness.report.grid import Grid
from harness.report.shown import counted, number, signed

SCHEMA = "harness.comparison.documents/1"


@dataclass(frozen=True)
class Gained:
    """One document, or one sentence where the data is one document: its score in both runs; None where undefined."""

    unit: str
    before: float | None
    after: float | None

    @property
    def difference(self) -> float | None:
        """After minus before."""
        return None if self.before is None or self.after is None else self.after - self.before


def gained(two: Two, column: Column) -> tuple[str, list[Gained]]:
    """What a unit is, and every unit of both runs, the largest differences first.

    Raises:
        RunError: A run lacks the counts of this score.
    """
    found, unit = [], "document"
    for line in (two.before, two.after):
        behind = counts_of(line, column)
        table = unit_table(behind.table, behind.metric)
        unit = table.unit or unit
        matrix = table.matrix if isinstance(table.matrix, np.ndarray) else table.matrix.toarray()
        scores = behind.metric.compute({name: matrix[:, place] for place, name in enumerate(table.names)})
        values = np.broadcast_to(np.asarray(scores[behind.key], dtype=np.float64), (len(table.ids),)).tolist()
        found.append(dict(zip(table.ids, (value if math.isfinite(value) else None for value in values), strict=True)))
    before, after = found
    if before.keys() != after.keys():
        raise RunError(
            f"{two.before.folder} and {two.after.folder} have counts of other {unit}s; make them again with "
            f"`python -m harness score {two.before.folder} {two.after.folder}`"
        )
    units = [Gained(one, before[one], after[one]) for one in before]
    return unit, sorted(units, key=lambda one: (-abs(one.difference or 0.0), one.unit))


def grid(two: Two, every: Sequence[Judged] | None, column: Column, most: int) -> Grid:
    """The units that differ most; the records have all.

    Args:
        two: The runs.
        every: What `judged` found in them.
        column: By which score.
        most: At most so many are listed.
    """
    unit, units = gained(two, column)
    flips = Counter((one.unit if unit == "sentence" else one.document, one.what) for one in every or ())
    kinds = () if every is None else (FIXED, BROKEN, GONE, NEW) if two.table.task == "ner" else (FIXED, BROKEN)
    differing = [one for one in units if one.difference]
    rows = []
    for one in differing[:most]:
        scores = (number(one.before, column), number(one.after, column), signed(one.difference, column))
        counts = tuple(str(flips[one.unit, kind]) for kind in kinds)
        rows.append((one.unit, *scores, *counts))
    better = sum((one.difference or 0) * (column.direction or 1) > 0 for one in differing)
    words = ("better", "worse") if column.direction else ("higher", "lower")
    undefined = sum(one.difference is None for one in units)
    notes = [
        f"{counted(len(units), unit)}: {better} {words[0]} in {two.after.label}, {len(differing) - better} {words[1]}, "
        f"{len(units) - len(differing) - undefined} equal"
        + (f", {undefined} without a score in one of the two" if undefined else "")
    ]
    if rows and unit == "document":
        notes.append(in_the_text(two, rows[0][0]))
    if kinds:
        what = "gold entities" if GONE in kinds else "examples"
        notes.append(f"fixed, broken: {what}, right in {two.after.label} alone, right in {two.before.label} alone")
        if GONE in kinds:
            notes.append(
                f"{GONE}, {NEW}: entities without gold, in {two.before.label} alone, in {two.after.label} alone"
            )
    headings = [unit, two.before.label, two.after.label, "difference", *kinds]
    scale = " × 100" if column.factor == 100 else ""
    return Grid(
        title=f"{unit}s that differ most: {two.title} · {column.title} ({column.name}){scale}",
        headings=tuple(headings),
        rows=rows,
        records=[
            {
                "data": two.table.data,
                "task": two.table.task,
                "before": two.before.label,
                "after": two.after.label,
                "metric": column.key.metric,
                "average": column.key.average,
                "slice": column.key.slice,
                "kind": unit,
                "unit": one.unit,
                "value_before": one.before,
                "value_after": one.after,
                "difference": one.difference,
                "fixed": flips[one.unit, FIXED] if kinds else None,
                "broken": flips[one.unit, BROKEN] if kinds else None,
                "spurious_gone": flips[one.unit, GONE] if GONE in kinds else None,
                "spurious_new": flips[one.unit, NEW] if GONE in kinds else None,
            }
            for one in units
        ],
        right=tuple(range(1, len(headings))),
        notes=notes,
    )
