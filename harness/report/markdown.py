"""Comparisons as Markdown tables, for READMEs and step summaries; every name in them is read literally."""

from collections.abc import Sequence

from harness.comparison.table import Table
from harness.report.dialects import grids
from harness.report.grid import render_markdown
from harness.report.shown import APART, Shown, ShownCell, ShownLine
from harness.report.shown_table import show
from harness.report.text import markdown

# GitHub refuses a step summary of 1 MiB, and shows nothing of it then.
MAX_CHARACTERS = 900 * 1024


def render(tables: Sequence[Table]) -> str:
    """Every table with its title and footnotes; rows that would go past what GitHub shows are counted instead."""
    parts: list[str] = []
    size = 0
    for table in tables:
        for line in _lines(show(table)):
            # Characters beyond ASCII take up to four bytes.
            size += len(line.encode("utf-8")) + 1
            if size > MAX_CHARACTERS:
                more = "More rows than fit here: `python -m harness compare RUN --format csv` has all."
                return "\n".join([*parts, "", more]) + "\n"
            parts.append(line)
    return "\n\n".join(["\n".join(parts).rstrip("\n"), *(render_markdown(grid) for grid in grids(tables))]) + "\n"


def _lines(shown: Shown) -> list[str]:
    headings = ["model", *shown.headings, *shown.others]
    lines = [f"**{markdown(shown.title)}**", "", *([markdown(shown.subtitle), ""] if shown.subtitle else [])]
    head = [_row([markdown(heading) for heading in headings]), _row(["---", *_alignment(shown)])]
    blocks = shown.blocks or [("", [])]
    for number, (reason, block) in enumerate(blocks):
        if reason:
            lines += ["", f"{APART.capitalize()}: {markdown(reason)}", ""]
        lines += head
        lines += [_row(_cells(row)) for row in block]
        if number == len(blocks) - 1:
            empty = [""] * (len(headings) - 2)
            lines += [_row([markdown(model), markdown(reason), *empty]) for model, reason in shown.failures]
    return [*lines, "", *(f"- {markdown(note)}" for note in shown.footnotes), ""]


def _alignment(shown: Shown) -> list[str]:
    texts = ("losses", "letters", "equivalent")
    return ["---" if heading in texts else "--:" for heading in (*shown.headings, *shown.others)]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(row: ShownLine) -> list[str]:
    return [
        markdown(row.label),
        *(_cell(cell) for cell in row.cells),
        *(markdown(text) for text in row.others.values()),
    ]


def _cell(cell: ShownCell) -> str:
    value = markdown(cell.value + cell.signs) + cell.marks
    # No break inside `[53.2, 71.0]`, or narrow pages fold every interval.
    interval = cell.interval.replace(", ", ",\u00a0")
    return " ".join(part for part in (f"**{value}**" if cell.best else value, interval) if part)
