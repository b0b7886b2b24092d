"""Small tables of other commands than `compare`: the same rows for the terminal, as Markdown, CSV or JSON."""

import json as json_module
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.report.csv import lines as csv_lines
from harness.report.text import markdown, visible

if TYPE_CHECKING:
    from rich.text import Text

# A text is not folded to less than this unless its table stands in parts; then the first width with the fewest parts
# is taken.
_FOLDED = 16
_SPLIT = (28, 20, 16, 12, 8)


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
    title = [f"**{markdown(grid.title)}**", ""] if grid.title else []
    lines = [*title, *(f"| {' | '.join(row)} |" for row in table), ""]
    return "\n".join([*lines, *(f"- {markdown(note)}" for note in grid.notes)]).rstrip("\n") + "\n"


def render_csv(grid: Grid) -> str:
    """Unrounded; a string that a spreadsheet would take for a formula gets a leading quote."""
    names = list(dict.fromkeys(name for record in grid.records for name in record))
    return csv_lines(grid.records, names)


def render_json(grid: Grid, schema: str) -> str:
    """`{"schema", "rows", ...}`, unrounded."""
    content = {"schema": schema, "rows": list(grid.records), **grid.more}
    return json_module.dumps(content, indent=2, sort_keys=True, ensure_ascii=True, allow_nan=False) + "\n"


def merged(grids: Sequence[Grid]) -> Grid:
    """The records of several tables of one kind in one, for CSV and JSON."""
    return Grid(title="", headings=(), rows=[], records=[record for grid in grids for record in grid.records])


def print_grid(grid: Grid) -> None:
    """Prints it on the terminal."""
    from harness.report.terminal import width, write

    write(lines(grid, width()))


def lines(grid: Grid, free: int) -> "list[Text | str]":
    """The lines of a table within a width of `free`: texts are folded, then columns stand in parts below each other.

    Nothing is left out: a number that is wider than `free` makes the line wider.
    """
    from harness.report.terminal import wrapped

    rows = [[visible(cell) for cell in row] for row in (grid.headings, *grid.rows)]
    widths, parts = _fitting(rows, grid.right, free) if grid.headings else ([], [])
    table: list[Text | str] = []
    for part in parts:
        table += [*([""] if table else []), *_part(rows, part, grid.right, widths)]
    # A command that was broken could not be pasted.
    notes = [
        line
        for note in grid.notes
        for line in ([visible(note)] if "python -m harness" in note else wrapped(visible(note), free - 1))
    ]
    title = [*wrapped(visible(grid.title), free), ""] if grid.title else []
    return [*title, *table, *([""] if table and notes else []), *notes]


def _fitting(rows: Sequence[Sequence[str]], right: Sequence[int], free: int) -> tuple[list[int], list[tuple[int, ...]]]:
    """Widths of the columns, and the places of those that stand beside each other, part by part."""
    from rich.cells import cell_len

    every = tuple(range(len(rows[0])))
    whole = [max(cell_len(row[place]) for row in rows) for place in every]
    # Numbers are never folded, their headings are.
    numbers = {
        place: max(
            [cell_len(row[place]) for row in rows[1:]]
            + [min(cell_len(word), _FOLDED) for word in rows[0][place].split()]
        )
        for place in right
    }

    def at_most(size: int) -> list[int]:
        return [numbers.get(place, min(whole[place], size)) for place in every]

    if _size(whole, every) <= free:
        return whole, [every]
    texts = [whole[place] for place in every if place not in numbers]
    for size in range(max(texts, default=0), _FOLDED - 1, -1):
        if _size(at_most(size), every) <= free:
            return at_most(size), [every]
    # What a row is about stands in every part.
    keys = tuple(range(min(right))) if right and min(right) else every[:1]
    tried = [(widths, _parts(widths, keys, free)) for widths in map(at_most, _SPLIT)]
    return min(tried, key=lambda one: (any(_size(one[0], part) > free for part in one[1]), len(one[1])))


def _parts(widths: Sequence[int], keys: tuple[int, ...], free: int) -> list[tuple[int, ...]]:
    parts, part = [], keys
    for place in range(len(widths)):
        if place in keys:
            continue
        if part != keys and _size(widths, (*part, place)) > free:
            parts.append(part)
            part = keys
        part = (*part, place)
    return [*parts, part]


def _size(widths: Sequence[int], part: Sequence[int]) -> int:
    from harness.report.terminal import GAP

    return sum(widths[place] for place in part) + GAP * (len(part) - 1)


def _part(
    rows: Sequence[Sequence[str]], part: Sequence[int], right: Sequence[int], widths: Sequence[int]
) -> "list[Text | str]":
    from harness.report.terminal import columns, wrapped

    folded = [[wrapped(row[place], max(1, widths[place])) for place in part] for row in rows]
    lines = [
        [cell[number] if number < len(cell) else "" for cell in row]
        for row in folded
        for number in range(max(map(len, row)))
    ]
    own = [number for number, place in enumerate(part) if place in right]
    return columns(lines, right=own, headings=max(map(len, folded[0])))
