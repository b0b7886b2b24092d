"""A comparison as strings: what every rendering for people says of it, whatever it is laid out in."""

from collections.abc import Callable, Mapping

from harness.comparison.table import Cell, Column, Gap, Line, Table
from harness.metric.base import Key
from harness.report.footnotes import Remarks, footnotes
from harness.report.shown import (
    BEST,
    UNDEFINED,
    UNRELIABLE,
    Shown,
    ShownCell,
    ShownLine,
    counted,
    duration,
    equivalent,
    interval,
    losses,
    no_interval,
    number,
    p_value,
    price,
    rate,
    shortened,
    signed,
)
from harness.report.text import visible

_UNITS = {
    "document": "n counts documents",
    "sentence": "n counts sentences within one document",
    None: "n = 1 cannot be resampled",
}


def show(table: Table, *, timed: bool = True) -> Shown:
    """A table as strings.

    Args:
        table: The table.
        timed: Whether seconds will be shown, and so have to be explained.
    """
    remarks = Remarks()
    common = _common_reason(table)
    beside = {column.key: _beside(table, column) for column in table.columns}
    others = ["n", "losses", *(["seconds", "examples/s"] if timed else [])]
    others += ["cost"] if any(line.cost is not None for line in table.lines) else []
    blocks = [
        (
            visible(block.reason),
            [
                ShownLine(
                    label=_label(line),
                    cells=_row(line, table, beside, remarks, common),
                    others={name: _other(line, table, name) for name in others},
                )
                for line in block.lines
            ],
        )
        for block in table.blocks
    ]
    shown = Shown(
        title=_title(table),
        subtitle=_subtitle(table),
        headings=[
            heading
            for column in table.columns
            for heading in (visible(column.title), *(heading for heading, _ in beside[column.key]))
        ],
        others=others if table.lines else [],
        blocks=blocks,
        failures=[(visible(failure.model), shortened(visible(failure.reason))) for failure in table.failures],
    )
    shown.footnotes = footnotes(table, remarks, common, timed=timed)
    return shown


def _label(line: Line) -> str:
    return visible(line.label) + (" (upper bound)" if line.gold == "oracle" else " (failed)" if line.failure else "")


def _title(table: Table) -> str:
    parts = [visible(table.data), "all tasks" if table.task == "all" else visible(table.task)]
    if table.lines:
        own = [line for line in table.lines if not line.imported]
        units = {cell.unit for line in own if (cell := _headline(line, table))}
        parts.append(counted(table.documents, "document" if own else "sample"))
        parts += [" or ".join(sorted(_UNITS.get(unit, visible(unit)) for unit in units))] if units else []
    return " · ".join(parts)


def _subtitle(table: Table) -> str:
    if not table.lines:
        return ""
    parts = ["ONE DOCUMENT: A SMOKE TEST, NOT A RANKING"] if table.smoke_test else []
    levels = sorted({cell.level for cell in table.cells if cell.low is not None})
    intervals = f", [{' or '.join(f'{level * 100:g}%' for level in levels)} interval]" if levels else ""
    return " · ".join([*parts, f"scores × 100{intervals}"])


def _headline(line: Line, table: Table) -> Cell | None:
    return next((line.cells[c.key] for c in table.columns if c.key in line.cells), None)


def _common_reason(table: Table) -> str | None:
    """Why no score of the table has an interval, where it is one and the same reason."""
    reasons = {_no_interval(cell) for cell in table.cells if cell.value is not None}
    return next(iter(reasons)) if len(reasons) == 1 else None


def _no_interval(cell: Cell) -> str | None:
    if cell.low is not None:
        return None
    return visible(cell.method or "unknown").removeprefix("none: ")


Beside = list[tuple[str, Callable[[Line, Remarks], ShownCell]]]


def _beside(table: Table, column: Column) -> Beside:
    """The columns that stand beside a score: heading, and what a row has there."""
    key = column.key
    found: Beside = []
    gaps = [line.gaps[key] for line in table.lines if key in line.gaps]
    if gaps:
        found = [
            (visible(f"vs {table.against}"), lambda line, remarks: _gap(line, table, column, remarks)),
            ("p Holm", lambda line, _: ShownCell(p_value(line.gaps[key].pair.p_holm) if key in line.gaps else "")),
        ]
        if any(gap.test for gap in gaps):
            found.append(("equivalent", lambda line, _: ShownCell(_verdict(line.gaps.get(key)))))
    if any(key in line.letters for line in table.lines):
        found.append(("letters", lambda line, _: ShownCell(line.letters.get(key, ""), left=True)))
    return found


def _gap(line: Line, table: Table, column: Column, remarks: Remarks) -> ShownCell:
    gap = line.gaps.get(column.key)
    if gap is None:
        return ShownCell("(itself)" if line.label in table.baselines else "")
    pair = gap.pair
    # Where there is a p but no interval, its method says why.
    said = [visible(text) for text in (pair.note if pair.p is None else no_interval(pair),) if text]
    return ShownCell(
        value=signed(pair.difference, column),
        interval="" if pair.low is None or not pair.differing else interval(pair.low, pair.high, column),
        marks="".join(remarks.mark(remark) for remark in said),
    )


def _verdict(gap: Gap | None) -> str:
    return "" if gap is None or gap.test is None else equivalent(gap.test)


def _row(
    line: Line, table: Table, beside: Mapping[Key, Beside], remarks: Remarks, common: str | None
) -> list[ShownCell]:
    headline = _headline(line, table)
    cells = []
    for column in table.columns:
        cells.append(_cell(line, column, headline, remarks, common))
        cells += [make(line, remarks) for _, make in beside[column.key]]
    return cells


def _other(line: Line, table: Table, heading: str) -> str:
    headline = _headline(line, table)
    if heading == "n":
        return str(headline.n) if headline else UNDEFINED
    if heading == "losses":
        return losses(line)
    if heading == "seconds":
        return duration(line.seconds)
    return price(line.cost) if heading == "cost" else rate(line.rate)


def _cell(line: Line, column: Column, headline: Cell | None, remarks: Remarks, common: str | None) -> ShownCell:
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
        interval="" if cell.low is None else interval(cell.low, cell.high, column),
        marks="".join(remarks.mark(remark) for remark in said),
        best=cell.best,
    )
