"""Tables on the terminal: as much as its width holds, in an order that never loses the headline score or a loss."""

import math
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.report.text import plain, visible

if TYPE_CHECKING:
    from rich.text import Text

    from harness.comparison.table import Table
    from harness.evaluate import Outcome

# Of output that goes to a file or a pipe, where there is no window to ask.
WIDTH = 120
# Columns are so far apart.
GAP = 2
# Where a word that is longer than a line is broken: parts of names and paths.
_BETWEEN = "-_./@"


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
    from harness.report.layout import render

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
    from harness.comparison import speed_table
    from harness.comparison.compare import make_tables
    from harness.comparison.stored import read_runs
    from harness.comparison.table import Failure
    from harness.report.grid import print_grid
    from harness.report.shown import counted

    # A run that was cut off leaves the results of an earlier one in place, and they are not what became of it now.
    scored = [o for o in outcomes if o.status == "complete" or "fail_on_error" in (o.reason or "")]
    runs, unread = read_runs(dict.fromkeys(Path(o.folder) for o in scored if o.folder))
    failures: list[Failure] = list(unread)
    failures += [
        Failure(o.data, o.task, o.model, f"{o.status}: {' '.join((o.reason or 'no reason was given').split())}")
        for o in outcomes
        if o.status != "complete"
    ]
    tables = make_tables(runs, failures)
    print_tables(tables)
    if speed_table.has_more_to_tell(tables):
        print_grid(speed_table.grid(tables))
        write([""])
    complete = [run.folder for run in runs]
    if complete:
        where = complete[0] if len(complete) == 1 else Path(os.path.commonpath(complete))
        count = counted(len(complete), "run folder")
        write(
            [f"results: {visible(where)} ({count}); gold beside predictions: python -m harness show {_argument(where)}"]
        )


def print_dry_run(rows: Sequence[dict[str, Any]]) -> None:
    """Prints what a run would ask."""
    from harness.report.shown import price

    names = ("task", "model", "examples", "stored", "to ask", "words to read", "cost", "folder")
    table = [names]
    for row in rows:
        examples, stored = int(row["examples"]), int(row["stored"])
        cost = "not estimated" if math.isnan(row["cost"]) else price(row["cost"]) if row["cost"] else "none"
        folder = visible(row["folder"]) + (" (resumes)" if row.get("resumes") else "")
        texts = (visible(row["task"]), visible(row["model"]))
        table.append((*texts, str(examples), str(stored), str(examples - stored), f"{row['words']:,}", cost, folder))
    write(["dry run: nothing was asked, nothing written", "", *columns(table, right=(2, 3, 4, 5, 6))])


def columns(rows: Sequence[Sequence[str]], right: Sequence[int] = (), headings: int = 1) -> "list[Text | str]":
    """Rows of safe strings in aligned columns, the first so many rows being their headings."""
    from rich.cells import cell_len

    widths = [max(cell_len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines: list[Text | str] = []
    for number, row in enumerate(rows):
        cells = []
        for place, text in enumerate(row):
            space = " " * (widths[place] - cell_len(text))
            cells.append(space + text if place in right else text + space)
        lines.append((" " * GAP).join(cells).rstrip())
        if number == headings - 1:
            lines.append("─" * (sum(widths) + GAP * (len(widths) - 1)))
    return lines


def wrapped(text: str, size: int) -> list[str]:
    """Lines of at most `size` terminal cells, broken at blanks, and inside a word where it is longer; at least one."""
    from rich.cells import cell_len

    lines = [""]
    for word in text.split(" "):
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if cell_len(joined) <= size:
            lines[-1] = joined
            continue
        lines[-1:] = [*([lines[-1]] if lines[-1] else []), *_pieces(word, size)]
    return lines


def _pieces(word: str, size: int) -> list[str]:
    """A word in pieces that fit, broken behind a sign inside it where that leaves more than a third of a line."""
    from rich.cells import cell_len, chop_cells

    pieces = []
    while cell_len(word) > size:
        piece = chop_cells(word, size)[0]
        end = 1 + max(piece.rfind(sign) for sign in _BETWEEN)
        piece = piece[:end] if 3 * end > len(piece) else piece
        pieces.append(piece)
        word = word[len(piece) :]
    return [*pieces, word]


def _argument(path: Path) -> str:
    import shlex

    return visible(shlex.quote(str(path)))
