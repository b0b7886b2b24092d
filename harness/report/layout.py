"""How a comparison fits a terminal: intervals beside or below their values, and as many parts as the width asks for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.report.shown import APART, Shown, ShownCell, ShownLine
from harness.report.shown_table import show
from harness.report.terminal import GAP, wrapped

if TYPE_CHECKING:
    from rich.text import Text

    from harness.comparison.table import Table

# The narrowest only where a table is split anyhow.
_LABEL_WIDTHS = (36, 24, 16, 8)
# What may go where only it does not fit, first to last; everything else is shown, in several parts if need be.
_LEAST = ("examples/s", "seconds")


@dataclass(frozen=True)
class Layout:
    """What of a table is shown, and how.

    Args:
        stacked: Whether intervals stand below their values.
        label: Width of the models' names.
        parts: Places of the columns that stand beside each other, each part below the one before; scores come first,
            then `Shown.others`.
        dropped: Headings of columns that went.
    """

    stacked: bool
    label: int
    parts: tuple[tuple[int, ...], ...]
    dropped: tuple[str, ...] = ()


def render(table: "Table", free: int, *, timed: bool = True) -> "list[Text | str]":
    """The lines of one table within a width of `free`; what had to go is said below it.

    Args:
        table: What to show.
        free: Columns of the terminal.
        timed: Whether seconds and rates are shown; a printed table that should stay true leaves them out.
    """
    from rich.text import Text

    shown = show(table, timed=timed)
    layout = _fitting(shown, free)
    if {"seconds", "examples/s"} <= set(layout.dropped):
        # Made again without them, so that no footnote is about something that is not there.
        shown.footnotes = show(table, timed=False).footnotes
    widths = _widths(shown, layout.stacked, layout.label)
    # Reasons alone may take the page.
    sizes = [_size(widths, part) for part in layout.parts]
    size = min(free, max([*sizes, 40 if shown.blocks else 100]))
    lines: list[Text | str] = []
    for text, style in ((shown.title, "bold"), (shown.subtitle, "")):
        lines += [Text(line, style) for line in wrapped(text, free)] if text else []
    for number, part in enumerate(layout.parts):
        lines += ["━" * size, *_part(shown, layout, widths, part, size, first=number == 0)]
    lines += [*(["━" * size] if not layout.parts else []), *_failures(shown, widths[0], size), "━" * size]
    for note in [*shown.footnotes, *_left_out(layout, free)]:
        first, *more = wrapped(note, free - 3)
        lines += [Text(f" {first}", "dim"), *(Text(f"   {line}", "dim") for line in more)]
    return lines


def _fitting(shown: Shown, free: int) -> Layout:
    headings = [*shown.headings, *shown.others]
    if not any(block for _, block in shown.blocks):
        return Layout(stacked=False, label=_LABEL_WIDTHS[0], parts=())
    drops: list[tuple[str, ...]] = [()]
    for name in _LEAST:
        drops += [(*drops[-1], name)] if name in shown.others else []
    measured = {
        (stacked, label): _widths(shown, stacked, label) for stacked in (False, True) for label in _LABEL_WIDTHS
    }
    for dropped in drops:
        part = tuple(place for place, name in enumerate(headings) if name not in dropped)
        for stacked, label in measured:
            if label > _LABEL_WIDTHS[-1] and _size(measured[stacked, label], part) <= free:
                return Layout(stacked, label, (part,), dropped)
    split = [
        Layout(stacked, label, _parts_of(widths, len(headings), free)) for (stacked, label), widths in measured.items()
    ]

    def cost(layout: Layout) -> tuple[bool, bool, int, bool, int]:
        widths = measured[layout.stacked, layout.label]
        too_wide = any(_size(widths, part) > free for part in layout.parts)
        return too_wide, layout.label == _LABEL_WIDTHS[-1], len(layout.parts), layout.stacked, -layout.label

    return min(split, key=cost)


def _parts_of(widths: Sequence[int], columns: int, free: int) -> tuple[tuple[int, ...], ...]:
    parts: list[tuple[int, ...]] = []
    part: tuple[int, ...] = ()
    for place in range(columns):
        if part and _size(widths, (*part, place)) > free:
            parts.append(part)
            part = ()
        part = (*part, place)
    return (*parts, part)


def _part(
    shown: Shown, layout: Layout, widths: Sequence[int], part: Sequence[int], size: int, *, first: bool
) -> "list[Text | str]":
    from rich.text import Text

    headings = ["model", *([*shown.headings, *shown.others][place] for place in part)]
    own = [widths[0], *(widths[1 + place] for place in part)]
    lines = _joined([_label(text, layout.stacked) for text in headings], own, style="bold")
    lines.append("─" * size)
    for number, (reason, block) in enumerate(shown.blocks):
        if number:
            lines.append("─" * size)
        if reason:
            said = f"{APART}: {reason}" if first else APART
            lines += [Text(f" {line}", "italic") for line in wrapped(said, size - 2)]
        for row in block:
            cells = [[Text(line) for line in wrapped(row.label, layout.label)]]
            for place in part:
                if place < len(shown.headings):
                    cells.append(_score(row.cells[place], _widest(shown, place), layout.stacked))
                else:
                    cells.append(_other(row, shown.others[place - len(shown.headings)], widths[1 + place]))
            lines += _joined(cells, own)
    return lines


def _failures(shown: Shown, label: int, size: int) -> "list[Text | str]":
    from rich.text import Text

    lines: list[Text | str] = ["─" * size] if shown.failures and len(shown.blocks) > 1 else []
    for model, reason in shown.failures:
        names = wrapped(model, label)
        reasons = wrapped(reason, max(20, size - label - GAP - 2))
        for place in range(max(len(names), len(reasons))):
            name = names[place] if place < len(names) else ""
            row_text = Text(" " + name + " " * (label - _cells(name) + GAP))
            lines.append(row_text.append(reasons[place] if place < len(reasons) else "", "red"))
    return lines


def _label(text: str, stacked: bool) -> "list[Text]":
    from rich.text import Text

    return [Text(line) for line in wrapped(text, 14 if stacked else 24)]


def _widths(shown: Shown, stacked: bool, label: int) -> list[int]:
    """Of the names, and of every column."""
    rows = [row for _, block in shown.blocks for row in block]
    names = [*(row.label for row in rows), *(model for model, _ in shown.failures), "model"]
    widths = [max(_cells(line) for name in names for line in wrapped(name, label))]
    for place, heading in enumerate([*shown.headings, *shown.others]):
        texts = wrapped(heading, 14 if stacked else 24)
        if place < len(shown.headings):
            value, signs, interval = _widest(shown, place)
            inline = value + signs + (1 + interval if interval else 0)
            texts.append(" " * (max(value + signs, interval) if stacked else inline))
        else:
            texts += [line for row in rows for line in _other_lines(row, heading)]
        widths.append(max(map(_cells, texts)))
    return widths


def _size(widths: Sequence[int], part: Sequence[int]) -> int:
    return 1 + widths[0] + sum(GAP + widths[1 + place] for place in part)


def _widest(shown: Shown, place: int) -> tuple[int, int, int]:
    """Widths of a column's values, of its signs and marks, and of its intervals."""
    cells = [row.cells[place] for _, block in shown.blocks for row in block]
    return (
        max((len(cell.value) for cell in cells), default=0),
        max((len(cell.signs + cell.marks) for cell in cells), default=0),
        max((len(cell.interval) for cell in cells), default=0),
    )


def _other_lines(row: ShownLine, heading: str) -> list[str]:
    text = row.others[heading]
    if heading != "losses":
        return [text]
    # Broken between the losses, not inside one.
    lines = wrapped(text.replace(", ", "\0").replace(" ", "\xa0").replace("\0", ", "), 18)
    return [line.replace("\xa0", " ") for line in lines]


def _other(row: ShownLine, heading: str, width: int) -> "list[Text]":
    from rich.text import Text

    # Numbers stand on the right, so that their digits are below each other.
    return [Text(text if heading == "losses" else text.rjust(width)) for text in _other_lines(row, heading)]


def _score(cell: ShownCell, widest: tuple[int, int, int], stacked: bool) -> "list[Text]":
    from rich.text import Text

    value, signs, _ = widest
    text = Text(cell.value.ljust(value) if cell.left else cell.value.rjust(value), "bold green" if cell.best else "")
    text.append((cell.signs + cell.marks).ljust(signs), "yellow")
    if stacked:
        return [text, Text(cell.interval, "dim")] if cell.interval else [text]
    return [text.append(f" {cell.interval}" if cell.interval else "", "dim")]


def _joined(cells: "Sequence[Sequence[Text]]", widths: Sequence[int], style: str = "") -> "list[Text | str]":
    """Cells of one or more lines beside each other."""
    from rich.text import Text

    lines: list[Text | str] = []
    for number in range(max(len(cell) for cell in cells)):
        line = Text(" ", style)
        for cell, size in zip(cells, widths, strict=True):
            piece = cell[number] if number < len(cell) else Text("")
            line.append_text(piece)
            line.append(" " * (size - piece.cell_len + GAP))
        line.rstrip()
        lines.append(line)
    return lines


def _left_out(layout: Layout, free: int) -> list[str]:
    gone = [name for name in reversed(_LEAST) if name in layout.dropped]
    everything = "`python -m harness compare RUN --wide` shows all"
    return [f"not shown at {free} columns: {', '.join(gone)}; {everything}"] if gone else []


def _cells(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)
