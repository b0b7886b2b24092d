"""Tables on the terminal: as much as its width holds, in an order that never loses the headline score or a loss."""

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.report.shown import Shown, ShownCell, ShownLine, show
from harness.report.text import plain, visible

if TYPE_CHECKING:
    from rich.text import Text

    from harness.comparison.table import Table
    from harness.evaluate import Outcome

# Of output that goes to a file or a pipe, where there is no window to ask.
WIDTH = 120
_GAP = 2
# Beside the scores. When the width is short the last go first, then score columns from the right; `losses` goes only
# where nothing was lost, and the headline score never.
_OTHERS = ("n", "losses", "seconds", "examples/s")
_LABEL_WIDTHS = (36, 24, 16)


@dataclass(frozen=True)
class Layout:
    """What of a table is shown, and how.

    Args:
        stacked: Whether intervals stand below their values.
        scores: Number of score columns.
        others: Columns beside the scores.
        label: Width of the models' names.
    """

    stacked: bool
    scores: int
    others: tuple[str, ...]
    label: int


def width() -> int:
    """Columns of the terminal; `COLUMNS` counts more, and 120 is taken where there is none."""
    return max(40, shutil.get_terminal_size((WIDTH, 24)).columns)


def write(lines: "Sequence[Text | str]") -> None:
    """Prints lines as they are: no markup is read, nothing is wrapped, no colour where it is not a terminal's."""
    from rich.console import Console
    from rich.text import Text

    class Plain(Console):
        def on_broken_pipe(self) -> None:
            # rich would exit with 1, but a reader that has seen enough is no fault of the run.
            raise BrokenPipeError

    # Markup, emoji codes and highlighting would all read the user's texts.
    console = Plain(file=sys.stdout, markup=False, emoji=False, highlight=False, soft_wrap=True, width=10_000)
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    for line in lines:
        text = line if isinstance(line, Text) else Text(line)
        fitting = plain(text.plain, encoding)
        console.print(text if fitting == text.plain else Text(fitting))


def print_tables(tables: "Sequence[Table]", *, wide: bool = False) -> None:
    """Prints comparisons.

    Args:
        tables: One per data and task.
        wide: Whether everything is shown however wide it gets.
    """
    lines: list[Any] = []
    for table in tables:
        lines += [*render(table, 10_000 if wide else width()), ""]
    write(lines)
    if any(key.metric.startswith("dialect.") for table in tables for line in table.lines for key in line.cells):
        from harness.report.dialects import grids
        from harness.report.grid import print_grid

        for grid in grids(tables):
            print_grid(grid)
            write([""])


def print_outcomes(outcomes: "Sequence[Outcome]") -> None:
    """Prints what became of all jobs: one comparison, a row for each that failed, and where the results lie."""
    from harness.comparison.compare import make_tables, read_runs
    from harness.comparison.table import Failure

    # A run that was cut off leaves the results of an earlier one in place, and they are not what became of it now.
    scored = [o for o in outcomes if o.status == "complete" or "fail_on_error" in (o.reason or "")]
    runs, unread = read_runs(dict.fromkeys(Path(o.folder) for o in scored if o.folder))
    failures: list[Failure] = list(unread)
    failures += [
        Failure(o.data, o.task, o.model, f"{o.status}: {' '.join((o.reason or 'no reason was given').split())}")
        for o in outcomes
        if o.status != "complete"
    ]
    print_tables(make_tables(runs, failures))
    complete = [run.folder for run in runs]
    if complete:
        where = complete[0] if len(complete) == 1 else Path(os.path.commonpath(complete))
        count = f"{len(complete)} run folder{'' if len(complete) == 1 else 's'}"
        write(
            [f"results: {visible(where)} ({count}); gold beside predictions: python -m harness show {_argument(where)}"]
        )


def print_dry_run(rows: Sequence[dict[str, Any]]) -> None:
    """Prints what a run would ask."""
    names = ("task", "model", "examples", "stored", "to ask", "words to read", "cost", "folder")
    table = [names]
    for row in rows:
        examples, stored = int(row["examples"]), int(row["stored"])
        cost = "none" if not row["cost"] else f"{row['cost']:.2f}"
        folder = visible(row["folder"]) + (" (resumes)" if row.get("resumes") else "")
        texts = (visible(row["task"]), visible(row["model"]))
        table.append((*texts, str(examples), str(stored), str(examples - stored), f"{row['words']:,}", cost, folder))
    write(["dry run: nothing was asked, nothing written", "", *columns(table, right=(2, 3, 4, 5, 6))])


def columns(rows: Sequence[Sequence[str]], right: Sequence[int] = (), rule: bool = True) -> "list[Text | str]":
    """Rows of safe strings in aligned columns, the first row being their headings."""
    from rich.cells import cell_len

    widths = [max(cell_len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines: list[Text | str] = []
    for number, row in enumerate(rows):
        cells = []
        for place, text in enumerate(row):
            space = " " * (widths[place] - cell_len(text))
            cells.append(space + text if place in right else text + space)
        lines.append((" " * _GAP).join(cells).rstrip())
        if number == 0 and rule:
            lines.append("─" * (sum(widths) + _GAP * (len(widths) - 1)))
    return lines


# ---- one comparison -------------------------------------------------------------------------------------------------


def render(table: "Table", free: int, *, timed: bool = True) -> "list[Text | str]":
    """The lines of one table within a width of `free`; what had to go is said below it.

    Args:
        table: What to show.
        free: Columns of the terminal.
        timed: Whether seconds and rates are shown; a printed table that should stay true leaves them out.
    """
    from rich.text import Text

    layout, headings = _fitting(show(table), free, timed=timed), [visible(column.title) for column in table.columns]
    # Made again without the columns that went, so that no footnote is about something that is not there.
    shown = show(replace(table, columns=table.columns[: layout.scores]), timed="seconds" in layout.others)
    widths = _widths(shown, layout)
    # Reasons alone may take the page.
    size = min(free, max(_size(widths), 40 if shown.blocks else 100))
    lines: list[Text | str] = []
    for text, style in ((shown.title, "bold"), (shown.subtitle, "")):
        lines += [Text(line, style) for line in wrapped(text, free)] if text else []
    lines.append("━" * size)
    if any(block for _, block in shown.blocks):
        lines += _joined([_label(text, layout) for text in _headings(shown, layout)], widths, style="bold")
        lines.append("─" * size)
    for reason, block in shown.blocks:
        if reason:
            lines.append("─" * size)
            lines += [
                Text(f" {line}", "italic") for line in wrapped(f"not ranked with the rows above: {reason}", size - 2)
            ]
        for row in block:
            lines += _joined(_row(row, shown, layout, widths), widths)
    if shown.failures and len(shown.blocks) > 1:
        lines.append("─" * size)
    label_width = widths[0]
    for model, reason in shown.failures:
        names = wrapped(model, label_width)
        reasons = wrapped(reason, max(20, size - label_width - _GAP - 2))
        for place in range(max(len(names), len(reasons))):
            name = names[place] if place < len(names) else ""
            row_text = Text(" " + name + " " * (label_width - _cell_len(name) + _GAP))
            lines.append(row_text.append(reasons[place] if place < len(reasons) else "", "red"))
    lines.append("━" * size)
    for note in [*shown.footnotes, *_left_out(headings, layout, free, timed=timed)]:
        first, *more = wrapped(note, free - 3)
        lines += [Text(f" {first}", "dim"), *(Text(f"   {line}", "dim") for line in more)]
    return lines


def _fitting(shown: Shown, free: int, *, timed: bool) -> Layout:
    lossless = all(row.losses == "0" for _, block in shown.blocks for row in block)
    layouts = []
    for label in _LABEL_WIDTHS:
        every, scores = _OTHERS, len(shown.headings)
        layouts += [Layout(False, scores, every[:keep], label) for keep in (4, 3, 2)]
        layouts += [Layout(True, scores, every[:keep], label) for keep in (4, 3, 2)]
        layouts += [Layout(True, scores, every[:1], label)] if lossless else []
        rest = every[: 1 if lossless else 2]
        layouts += [Layout(True, kept, rest, label) for kept in range(scores - 1, 0, -1)]
    layouts.append(Layout(True, min(1, len(shown.headings)), () if lossless else ("losses",), 8))
    # Names are narrowed before scores go: the same columns with a narrower name are the better choice.
    layouts.sort(key=lambda layout: (-len(layout.others) - layout.scores, layout.stacked, -layout.label))
    if not timed:
        untimed = _OTHERS[:2]
        layouts = [replace(one, others=tuple(name for name in one.others if name in untimed)) for one in layouts]
    return next((one for one in layouts if _size(_widths(shown, one)) <= free), layouts[-1])


def _headings(shown: Shown, layout: Layout) -> list[str]:
    return ["model", *shown.headings[: layout.scores], *layout.others]


def _label(text: str, layout: Layout) -> "list[Text]":
    from rich.text import Text

    return [Text(line) for line in wrapped(text, 14 if layout.stacked else 24)]


def _widths(shown: Shown, layout: Layout) -> list[int]:
    rows = [row for _, block in shown.blocks for row in block]
    names = [*(row.label for row in rows), *(model for model, _ in shown.failures), "model"]
    widths = [max(_cell_len(line) for name in names for line in wrapped(name, layout.label))]
    for place, heading in enumerate(_headings(shown, layout)[1:]):
        texts = wrapped(heading, 14 if layout.stacked else 24)
        if place < layout.scores:
            value, signs, interval = _parts(shown, place)
            inline = value + signs + (1 + interval if interval else 0)
            texts.append(" " * (max(value + signs, interval) if layout.stacked else inline))
        else:
            texts += [line for row in rows for line in _other(row, heading)]
        widths.append(max(map(_cell_len, texts)))
    return widths


def _size(widths: Sequence[int]) -> int:
    return 1 + sum(widths) + _GAP * (len(widths) - 1)


def _parts(shown: Shown, place: int) -> tuple[int, int, int]:
    """Widths of a column's values, of its signs and marks, and of its intervals."""
    cells = [row.cells[place] for _, block in shown.blocks for row in block]
    return (
        max((len(cell.value) for cell in cells), default=0),
        max((len(cell.signs + cell.marks) for cell in cells), default=0),
        max((len(cell.interval) for cell in cells), default=0),
    )


def _other(row: ShownLine, heading: str) -> list[str]:
    if heading == "losses":
        # Broken between the losses, not inside one.
        lines = wrapped(row.losses.replace(", ", "\0").replace(" ", "\xa0").replace("\0", ", "), 18)
        return [line.replace("\xa0", " ") for line in lines]
    return [{"n": row.n, "seconds": row.seconds, "examples/s": row.rate}[heading]]


def _row(row: ShownLine, shown: Shown, layout: Layout, widths: list[int]) -> "list[list[Text]]":
    from rich.text import Text

    cells = [[Text(line) for line in wrapped(row.label, layout.label)]]
    for place in range(layout.scores):
        cells.append(_score(row.cells[place], _parts(shown, place), layout))
    for place, heading in enumerate(layout.others, start=1 + layout.scores):
        texts = _other(row, heading)
        # Numbers stand on the right, so that their digits are below each other.
        cells.append([Text(text if heading == "losses" else text.rjust(widths[place])) for text in texts])
    return cells


def _score(cell: ShownCell, parts: tuple[int, int, int], layout: Layout) -> "list[Text]":
    from rich.text import Text

    value, signs, _ = parts
    text = Text(cell.value.rjust(value), "bold green" if cell.best else "")
    text.append((cell.signs + cell.marks).ljust(signs), "yellow")
    if layout.stacked:
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
            line.append(" " * (size - piece.cell_len + _GAP))
        line.rstrip()
        lines.append(line)
    return lines


def _left_out(headings: list[str], layout: Layout, free: int, *, timed: bool) -> list[str]:
    gone = headings[layout.scores :]
    gone += [name for name in (_OTHERS if timed else _OTHERS[:2]) if name not in layout.others and headings]
    if not gone:
        return []
    return [f"not shown at {free} columns: {', '.join(gone)}; `harness compare RUN --wide` shows all"]


def wrapped(text: str, size: int) -> list[str]:
    """Lines of at most `size` terminal cells, broken at blanks, and inside a word where it is longer; at least one."""
    from rich.cells import chop_cells

    lines = [""]
    for word in text.split(" "):
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if _cell_len(joined) <= size:
            lines[-1] = joined
            continue
        pieces = chop_cells(word, size) if _cell_len(word) > size else [word]
        lines[-1:] = [*([lines[-1]] if lines[-1] else []), *pieces]
    return lines


def _cell_len(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)


def _argument(path: Path) -> str:
    import shlex

    return visible(shlex.quote(str(path)))
