"""A comparison as strings: what every rendering for people says, whatever it is laid out in.

Values are rounded and multiplied by 100 here and nowhere else; files and machine formats keep them as stored.
"""

from dataclasses import dataclass, field

from harness.comparison.table import Cell, Column, Line, Repeats, Table
from harness.report.text import visible

UNDEFINED = "–"
BEST = "*"
UNRELIABLE = "?"
# What a block whose rows stand apart begins with, its reason following.
APART = "not ranked with the rows above"
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_UNITS = {
    "document": "n counts documents",
    "sentence": "n counts sentences within one document",
    None: "n = 1 cannot be resampled",
}


@dataclass(frozen=True)
class ShownCell:
    """One score: `53.2` `*?` `[41.0, 66.1]` `¹`."""

    value: str = ""
    signs: str = ""
    interval: str = ""
    marks: str = ""
    best: bool = False


@dataclass(frozen=True)
class ShownLine:
    """One row."""

    label: str
    cells: list[ShownCell]
    n: str
    losses: str
    seconds: str
    rate: str


@dataclass
class Shown:
    """One table, every string of it safe to print.

    Args:
        title: Data, task, documents, unit.
        subtitle: How to read it, and what it must not be read as.
        headings: Of the score columns.
        blocks: Reason and rows.
        failures: Model and reason.
        footnotes: In the order in which they should be read.
    """

    title: str
    subtitle: str
    headings: list[str]
    blocks: list[tuple[str, list[ShownLine]]]
    failures: list[tuple[str, str]]
    footnotes: list[str] = field(default_factory=list)


class _Remarks:
    """Numbers remarks in the order in which cells need them."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    def mark(self, remark: str) -> str:
        return self.known.setdefault(remark, str(len(self.known) + 1).translate(_SUPERSCRIPTS))


def show(table: Table, *, timed: bool = True) -> Shown:
    """A table as strings.

    Args:
        table: The table.
        timed: Whether seconds will be shown, and so have to be explained.
    """
    remarks = _Remarks()
    common = _common_reason(table)
    blocks = [
        (visible(block.reason), [_line(line, table, remarks, common) for line in block.lines]) for block in table.blocks
    ]
    shown = Shown(
        title=_title(table),
        subtitle=_subtitle(table),
        headings=[visible(column.title) for column in table.columns],
        blocks=blocks,
        failures=[(visible(failure.model), _shortened(visible(failure.reason))) for failure in table.failures],
    )
    shown.footnotes = _footnotes(table, remarks, common, timed=timed)
    return shown


def number(value: float | None, column: Column) -> str:
    """A value as shown: one decimal, a dash where undefined."""
    if value is None:
        return UNDEFINED
    if column.key.average == "count":
        return f"{value:g}"
    text = f"{value * column.factor:.1f}"
    return "0.0" if text == "-0.0" else text


def duration(seconds: float | None) -> str:
    """Seconds with as many digits as one can tell apart."""
    if seconds is None:
        return UNDEFINED
    return f"{seconds:.0f}" if seconds >= 100 else f"{seconds:.1f}" if seconds >= 0.95 else f"{seconds:.2f}"


def losses(line: Line) -> str:
    """`0`, or what was lost and why."""
    named = ((count, name.removesuffix("s") if count == 1 else name) for name, count in line.losses.items())
    return ", ".join(f"{count} {name}" for count, name in named) or "0"


def counted(number_of: int, noun: str) -> str:
    """`1 document`, `2 documents`."""
    return f"{number_of} {noun}" + ("" if number_of == 1 else "s")


def _title(table: Table) -> str:
    parts = [visible(table.data), "all tasks" if table.task == "all" else visible(table.task)]
    if table.lines:
        parts.append(counted(table.documents, "document"))
        units = {cell.unit for line in table.lines if (cell := _headline(line, table))}
        parts += [" or ".join(sorted(_UNITS.get(unit, visible(unit)) for unit in units))] if units else []
    return " · ".join(parts)


def _subtitle(table: Table) -> str:
    if not table.lines:
        return ""
    parts = ["ONE DOCUMENT: A SMOKE TEST, NOT A RANKING"] if table.smoke_test else []
    levels = sorted({cell.level for cell in _cells(table) if cell.low is not None})
    intervals = f", [{' or '.join(f'{level * 100:g}%' for level in levels)} interval]" if levels else ""
    return " · ".join([*parts, f"scores × 100{intervals}"])


def _headline(line: Line, table: Table) -> Cell | None:
    return next((line.cells[c.key] for c in table.columns if c.key in line.cells), None)


def _cells(table: Table) -> list[Cell]:
    return [line.cells[c.key] for line in table.lines for c in table.columns if c.key in line.cells]


def _common_reason(table: Table) -> str | None:
    """Why no score of the table has an interval, where it is one and the same reason."""
    reasons = {_no_interval(cell) for cell in _cells(table) if cell.value is not None}
    return next(iter(reasons)) if len(reasons) == 1 else None


def _no_interval(cell: Cell) -> str | None:
    if cell.low is not None:
        return None
    return visible(cell.method or "unknown").removeprefix("none: ")


def _line(line: Line, table: Table, remarks: _Remarks, common: str | None) -> ShownLine:
    headline = _headline(line, table)
    label = visible(line.label) + (" (upper bound)" if line.gold == "oracle" else "")
    return ShownLine(
        label=label,
        cells=[_cell(line, column, headline, remarks, common) for column in table.columns],
        n=str(headline.n) if headline else UNDEFINED,
        losses=losses(line),
        seconds=duration(line.seconds),
        rate=UNDEFINED if line.rate is None else f"{line.rate:,.0f}" if line.rate >= 100 else f"{line.rate:.2g}",
    )


def _cell(line: Line, column: Column, headline: Cell | None, remarks: _Remarks, common: str | None) -> ShownCell:
    cell = line.cells.get(column.key)
    if cell is None:
        return ShownCell(marks=remarks.mark("not among the metrics of that run"))
    said = []
    reason = _no_interval(cell)
    if cell.value is None:
        said.append("undefined: the denominator is 0" if reason == "undefined" else f"undefined: {reason}")
    elif reason is not None and reason != common:
        said.append(f"no interval: {reason}")
    if cell.value is not None and cell.note:
        said.append(visible(cell.note))
    if headline is not None and cell.n != headline.n and reason is None:
        said.append(f"n = {cell.n}")
    if column.key.average == "mean" and cell.value is not None and cell.support < cell.n:
        said.append(f"defined in {cell.support:g} of {cell.n} {cell.unit or 'document'}s, and their mean")
    return ShownCell(
        value=number(cell.value, column),
        signs=(BEST if cell.best else "") + (UNRELIABLE if cell.unreliable and cell.value is not None else ""),
        interval="" if cell.low is None else f"[{number(cell.low, column)}, {number(cell.high, column)}]",
        marks="".join(remarks.mark(remark) for remark in said),
        best=cell.best,
    )


def _footnotes(table: Table, remarks: _Remarks, common: str | None, *, timed: bool) -> list[str]:
    notes = []
    cells = _cells(table)
    if any(cell.best for cell in cells):
        notes.append(
            f"{BEST} selected: the best of the rows it can be compared with, on what it is scored on; the difference "
            "was not tested, `compare --pairs` does"
        )
    if any(cell.unreliable and cell.value is not None for cell in cells):
        notes.append(f"{UNRELIABLE} unreliable: rests on fewer than 30 units or fewer than 20 gold positives")
    if common is not None:
        notes.append(f"no intervals: {common}")
    notes += [f"{mark} {remark}" for remark, mark in remarks.known.items()]
    methods = sorted({visible(cell.method) for cell in cells if cell.low is not None})
    notes += [f"intervals: {method}" for method in methods]
    notes += [_repeated(repeats) for repeats in table.repeats]
    plain = [visible(column.title) for column in table.columns if column.factor == 1]
    if plain:
        notes.append(f"{', '.join(plain)}: not multiplied by 100")
    if any(line.gold == "oracle" for line in table.lines):
        notes.append("upper bound: reads the gold itself, so it is never ranked")
    learning = [visible(line.label) for line in table.lines if line.gold == "folds"]
    if learning:
        notes.append(f"{', '.join(learning)}: learned from the gold of other folds than the one answered")
    if timed and any(line.seconds is None for line in table.lines):
        notes.append(f"seconds {UNDEFINED}: answers were kept from an earlier run, so there is nothing to time")
    if table.columns:
        notes.append("columns: " + ", ".join(_explained(column) for column in table.columns))
    return notes


def _repeated(repeats: Repeats) -> str:
    found, column = repeats.spread, repeats.column
    shown = [f"{name} {number(value, column)}" for name, value in (("mean", found.mean), ("sd", found.sd))]
    reach = f"{number(found.minimum, column)} to {number(found.maximum, column)}"
    return (
        f"{visible(repeats.model)}: {found.n} runs that differ in seed or prompt alone: {visible(column.title)} "
        f"{', '.join(shown)}, {reach}; no part of the intervals, which are about the documents"
    )


def _explained(column: Column) -> str:
    title, name = visible(column.title), visible(column.name)
    return name if title == name else f"{title} = {name}"


def _shortened(text: str) -> str:
    # A model's exception can hold a page; the whole of it is in run.json.
    return text if len(text) <= 500 else text[:497] + "..."
