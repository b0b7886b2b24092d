"""Slices as rows: every value of a field with its own n and interval, as the runs stored them."""

import shlex
from collections.abc import Iterable, Sequence

from harness.comparison.columns import column_of
from harness.comparison.table import Cell, Column, Line, Table
from harness.config import nearest
from harness.errors import UsageError
from harness.metric.base import Key
from harness.report.grid import Grid
from harness.report.shown import UNRELIABLE, WHY_UNRELIABLE, interval, number

SCHEMA = "harness.comparison.slices/1"


def grids(tables: Sequence[Table], fields: Sequence[str], *, every_column: bool = False) -> list[Grid]:
    """A table for each score and field that has slices.

    Args:
        tables: As `compare` makes them.
        fields: `label`, `target`, ...; none for all that there are.
        every_column: Whether every score is shown, not only the headline.

    Raises:
        UsageError: No run here has slices by such a field; names the nearest.
    """
    present = {field for table in tables for line in table.lines for key in line.cells if (field := _field(key))}
    for field in fields:
        if field not in present:
            there = f"there are {', '.join(sorted(present))}" if present else "no score here is sliced"
            raise UsageError(
                f"--slices {field}: no score here is sliced by it{nearest(field, present)}; {there}; "
                "slices=[FIELD] on a run adds others"
            )
    if not present:
        raise UsageError("--slices: no score here is sliced; slices=[FIELD] on a run adds some")
    found = []
    for table in tables:
        for column in table.columns if every_column else table.columns[:1]:
            for field in fields or sorted(present):
                found += _grids(table, column, field)
    return found


def _field(key: Key) -> str:
    return key.slice.partition("=")[0] if key.slice != "all" else ""


def _grids(table: Table, column: Column, field: str) -> list[Grid]:
    keys = _sliced(column.key, {key for line in table.lines for key in line.cells if _field(key) == field})
    if not keys:
        return []
    shown = [column_of(column, key) for key in keys]
    rows, records, few = [], [], False
    for one in shown:
        for line, cell in _cells(table, one):
            few = few or cell.unreliable
            value = number(cell.value, one) + (UNRELIABLE if cell.unreliable and cell.value is not None else "")
            bounds = "" if cell.low is None else interval(cell.low, cell.high, one)
            name = one.key.slice.partition("=")[2]
            rows.append((name, line.label, value, bounds, str(cell.n), f"{cell.support:g}"))
            records.append(
                {
                    "data": table.data,
                    "task": table.task,
                    "model": line.label,
                    "folder": line.folder,
                    "metric": one.key.metric,
                    "average": one.key.average,
                    "field": field,
                    "value_of_field": name,
                    **{name: getattr(cell, name) for name in cell.__dataclass_fields__ if name != "best"},
                }
            )
    notes = [WHY_UNRELIABLE] if few else []
    scale = " × 100" if shown[0].factor == 100 else ""
    return [
        Grid(
            title=f"by {field}: {table.data} · {table.task} · {shown[0].key.metric} ({shown[0].key.average}){scale}",
            headings=(field, "model", shown[0].key.metric, "interval", "n", "gold"),
            rows=rows,
            records=records,
            right=(2, 3, 4, 5),
            notes=[
                *notes,
                "gold: positives of the slice",
                "a difference in one slice: python -m harness compare RUN --metric "
                f"{shlex.quote(shown[0].name)} --baseline RUN",
            ],
        )
    ]


def _sliced(key: Key, there: Iterable[Key]) -> list[Key]:
    """The slices of one score; of a score without any the F1 of its metric, which labels have in favg's place."""
    known = sorted(there)
    for metric in (key.metric, f"{key.metric.partition('.')[0]}.f1"):
        own = [one for one in known if one.metric == metric]
        averages = {one.average for one in own}
        average = key.average if key.average in averages else min(averages, default="")
        if own:
            return [one for one in own if one.average == average]
    return []


def _cells(table: Table, column: Column) -> list[tuple[Line, Cell]]:
    return [(line, line.cells[column.key]) for line in table.lines if column.key in line.cells]
