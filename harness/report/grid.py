"""Small tables of other commands than `compare`: the same rows for the terminal, as Markdown, CSV or JSON."""

import csv as csv_module
import io
import json as json_module
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.report.text import markdown, visible
from harness.run_folder import csv_cell


@dataclass(frozen=True)
class Grid:
    """One table.

    Args:
        title: What it is about.
        headings: Of the columns.
        rows: What is shown, rounded.
        records: What is written to CSV and JSON, as stored; all with the same names.
        right: Places of the columns that hold numbers.
        notes: Printed below.
        more: Further content of the JSON.
    """

    title: str
    headings: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    records: Sequence[Mapping[str, Any]]
    right: tuple[int, ...] = ()
    notes: Sequence[str] = ()
    more: Mapping[str, Any] = field(default_factory=dict)


def render_markdown(grid: Grid) -> str:
    """With title and notes; every name in it is read literally."""
    align = ["--:" if place in grid.right else "---" for place in range(len(grid.headings))]
    table = [
        [markdown(cell) for cell in grid.headings],
        align,
        *([markdown(cell) for cell in row] for row in grid.rows),
    ]
    lines = [f"**{markdown(grid.title)}**", "", *(f"| {' | '.join(row)} |" for row in table), ""]
    return "\n".join([*lines, *(f"- {markdown(note)}" for note in grid.notes)]).rstrip("\n") + "\n"


def render_csv(grid: Grid) -> str:
    """Unrounded; a string that a spreadsheet would take for a formula gets a leading quote."""
    stream = io.StringIO()
    names = list(dict.fromkeys(name for record in grid.records for name in record))
    writer = csv_module.writer(stream, lineterminator="\n")
    writer.writerow(names)
    for record in grid.records:
        writer.writerow([csv_cell(record.get(name)) for name in names])
    return stream.getvalue().encode("utf-8", "backslashreplace").decode("utf-8")


def render_json(grid: Grid, schema: str) -> str:
    """`{"schema", "rows", ...}`, unrounded."""
    content = {"schema": schema, "rows": list(grid.records), **grid.more}
    return json_module.dumps(content, indent=2, sort_keys=True, ensure_ascii=True, allow_nan=False) + "\n"


def merged(grids: Sequence[Grid]) -> Grid:
    """The records of several tables of one kind in one, for CSV and JSON."""
    return Grid(title="", headings=(), rows=[], records=[record for grid in grids for record in grid.records])


def print_grid(grid: Grid) -> None:
    """Prints it on the terminal."""
    from harness.report.terminal import columns, width, wrapped, write

    rows = [grid.headings, *grid.rows]
    table = columns([[visible(cell) for cell in row] for row in rows], right=grid.right)
    notes = [line for note in grid.notes for line in wrapped(visible(note), width() - 1)]
    write([visible(grid.title), "", *table, *([""] if notes else []), *notes])
