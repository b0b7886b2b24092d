"""The leaderboard, the differences between runs, the ledger, and quality against speed."""

from collections.abc import Collection, Sequence
from pathlib import Path

from harness.comparison.differences import ALPHA, Compared, differences
from harness.comparison.lines import lies_in
from harness.comparison.pair_tables import grids
from harness.comparison.table import Block, Column, Line, Table
from harness.errors import RunError, UsageError
from harness.records import BINS
from harness.report.html.charts.plots import MOST_NAMES, Dot, Look, intervals, ledger, speed
from harness.report.html.parts import Cell, Figure, Section, Sheet
from harness.report.shown import APART, BEST, Shown, ShownCell, ShownLine, losses, number, rate, signed
from harness.report.text import visible
from harness.statistics.significance import Difference

# Without a baseline all pairs are tested, if a reader can still take them in.
MOST_PAIRS = 15
# Characters of a name that stands in a chart beside another one.
_SHORT = 16
NO_BASELINE = "The baseline has no run of this task and data. A folder above one run per task serves all of them:"


# ---- leaderboard ----------------------------------------------------------------------------------------------------


def leaderboard(table: Table, shown: Shown, section: str, *, tested: bool) -> Section:
    """Every run's scores: a chart for each score, and the table that has the same numbers.

    Args:
        table: The task's runs.
        shown: The same as text.
        section: The section's id.
        tested: Whether the report tests differences between these runs.
    """
    if not table.lines:
        return Section(
            section,
            "Scores",
            missing="No run of this task has scores: " + "; ".join(f"{model}: {why}" for model, why in shown.failures),
        )
    figures, sheets = [], []
    for place, (block, (reason, rows)) in enumerate(zip(table.blocks, shown.blocks, strict=True)):
        apart = f" (rows apart, {place})" if place else ""
        figures += [
            Figure(f"{visible(column.title)}{_lower(column)}{apart}", _dots(block, column), _told(block, column))
            for column in table.columns
            if any(_value(line, column) is not None for line in block.lines)
        ]
        last = place == len(table.blocks) - 1
        sheets.append(
            _scores(
                shown,
                rows,
                f"{APART}: {reason}" if reason else "All scores" if len(table.blocks) == 1 else "Rows ranked together",
                shown.failures if last else [],
                _footnotes(shown, tested) if last else [],
            )
        )
    dots = [_dot(line, column) for line in table.lines for column in table.columns]
    about = "A dot is a score, the bar its interval." + _legend({dot.look for dot in dots if dot is not None})
    return Section(section, "Scores", about, figures, sheets)


def _footnotes(shown: Shown, tested: bool) -> list[str]:
    """The table's, but a reader of a report finds its tests in the report and not in another command."""
    best = f"{BEST} the best of the rows it can be compared with, on what it is scored on; " + (
        "whether by more than chance stands under Differences" if tested else "no difference was tested here"
    )
    return [best if note.startswith(f"{BEST} ") else note for note in shown.footnotes]


def _scores(
    shown: Shown,
    rows: Sequence[ShownLine],
    caption: str,
    failures: Sequence[tuple[str, str]],
    notes: Sequence[str],
) -> Sheet:
    headings = ("model", *shown.headings, *shown.others)
    body: list[Sequence[Cell]] = [
        [Cell(row.label), *map(_score, row.cells), *(Cell(row.others[name]) for name in shown.others)] for row in rows
    ]
    body += [[Cell(model), Cell(why), *[Cell("")] * (len(headings) - 2)] for model, why in failures]
    right = [place for place, heading in enumerate(headings) if place and heading != "losses"]
    return Sheet(caption, headings, body, right=right, notes=notes)


def _score(cell: ShownCell) -> Cell:
    text = " ".join(part for part in (cell.value + cell.signs, cell.marks) if part)
    return Cell(text, sub=cell.interval, strong=cell.best)


def _dots(block: Block, column: Column) -> str:
    dots = (_dot(line, column) for line in block.lines)
    title = visible(column.title) + (" × 100" if column.factor == 100 else "")
    return intervals([dot for dot in dots if dot is not None], title=title)


def _dot(line: Line, column: Column) -> Dot | None:
    """A score as every chart draws it; None where there is none."""
    cell = line.cells.get(column.key)
    if cell is None or cell.value is None:
        return None
    look: Look = "plain"
    if line.gold == "oracle":
        look = "bound"
    elif cell.unreliable:
        look = "unreliable"
    elif cell.best:
        look = "best"
    low, high = (None if bound is None else bound * column.factor for bound in (cell.low, cell.high))
    text = number(cell.value, column) + (BEST if cell.best else "")
    return Dot(visible(line.label), cell.value * column.factor, low, high, text, look)


def _legend(looks: Collection[Look]) -> str:
    """How to read the shapes that are there, each in a sentence after a blank."""
    said = ""
    if "best" in looks:
        said += " A diamond is the best of the rows that can be compared with it."
    if "unreliable" in looks:
        said += " A hollow dot is unreliable."
    if "bound" in looks:
        said += " A square is an upper bound, which no model is ranked with."
    return said


def _lower(column: Column) -> str:
    return " (lower is better)" if column.direction < 0 else ""


def _told(block: Block, column: Column) -> str:
    said = [
        f"{visible(line.label)} {number(_value(line, column), column)}"
        for line in block.lines
        if _value(line, column) is not None
    ]
    return f"{visible(column.title)}: {', '.join(said)}"


def _value(line: Line, column: Column) -> float | None:
    cell = line.cells.get(column.key)
    return None if cell is None else cell.value


# ---- differences ----------------------------------------------------------------------------------------------------


def compared(table: Table, baseline: Path | None) -> list[Compared] | str:
    """The differences of a task: to the baseline by every score, without one of all pairs by the headline score.

    Returns:
        The differences, or why there are none.
    """
    rows = [len([line for line in block.lines if line.gold != "oracle"]) for block in table.blocks]
    pairs = sum(number_of * (number_of - 1) // 2 for number_of in rows)
    if not pairs:
        return "There are no two runs here that can be compared."
    if baseline is not None and not any(lies_in(line, baseline) for line in table.lines):
        return NO_BASELINE
    if baseline is None and pairs > MOST_PAIRS:
        return f"No baseline was named, and {pairs} pairs are more than a reader can take in. Name one:"
    try:
        return differences([table], baseline=baseline, every_column=baseline is not None)
    except (UsageError, RunError) as error:
        return f"{visible(error)}."


def differing(table: Table, found: list[Compared] | str, baseline: Path | None, section: str) -> Section:
    """Differences with their paired intervals, a chart and a table for each score."""
    title = "Differences" if baseline is None else "Differences to the baseline"
    if isinstance(found, str):
        code = "python -m harness report RUN [RUN ...] --out report.html --baseline RUN"
        return Section(section, title, missing=found, code=code if found.endswith(":") else "")
    figures, sheets = [], []
    looks: set[Look] = set()
    for one in found:
        column = one.column
        made = (_difference(one, pair, against=baseline is not None) for pair in one.pairs)
        dots = [dot for dot in made if dot is not None]
        name = visible(column.title)
        looks.update(dot.look for dot in dots)
        if dots:
            said = ", ".join(f"{dot.name} {dot.text}" for dot in dots)
            figures.append(
                Figure(
                    f"{name}: {'model − ' + visible(one.pairs[0].b) if baseline is not None else 'first − second'}",
                    intervals(dots, title=_axis(column), zero=True, names_of=1 if baseline else 2),
                    f"Differences in {name}: {said}",
                )
            )
        sheets += [
            Sheet(
                # The section says which data and task.
                visible(grid.title.replace(f"{table.data} · {table.task} · ", "", 1)),
                [visible(heading) for heading in grid.headings],
                [[Cell(visible(text)) for text in row] for row in grid.rows],
                right=grid.right,
                notes=[visible(note) for note in grid.notes],
                # The order's stability is for who wants to know more.
                folded=len(found) > 1 or place > 0,
            )
            for place, grid in enumerate(grids([one]))
        ]
    about = (
        "On the same documents. A triangle points where the difference goes if it is more than chance "
        f"(p by Holm at most {ALPHA:g}); a dot could be chance." + _legend(looks)
    )
    if table.smoke_test:
        about += " Chance here is which sentences of this one document were asked; other documents may turn it round."
    if baseline is None:
        about += " No baseline was named (--baseline RUN), so these are all pairs, by the headline score."
    return Section(section, title, about, figures, sheets)


def _axis(column: Column) -> str:
    return f"difference in {visible(column.title)}" + (" × 100" if column.factor == 100 else "")


def _difference(one: Compared, pair: Difference, *, against: bool) -> Dot | None:
    column = one.column
    if pair.difference is None:
        return None
    cells = (line.cells.get(column.key) for line in one.table.lines if line.label in (pair.a, pair.b))
    look: Look = "unreliable" if any(cell and cell.unreliable for cell in cells) else "plain"
    if verdict(pair):
        better = (pair.difference > 0) == (column.direction >= 0)
        look = "better" if better else "worse"
    low, high = (None if bound is None else bound * column.factor for bound in (pair.low, pair.high))
    name = visible(pair.a) if against else f"{_short(pair.a)} − {_short(pair.b)}"
    return Dot(name, pair.difference * column.factor, low, high, signed(pair.difference, column), look)


def _short(name: str) -> str:
    """A name that leaves room for the other of a pair."""
    shown = visible(name)
    return shown if len(shown) <= _SHORT else f"{shown[: _SHORT - 1]}…"


def verdict(pair: Difference) -> bool:
    """Whether a difference is more than chance, given how many were looked at; one rule for pictures and words."""
    return pair.p_holm is not None and pair.p_holm <= ALPHA and bool(pair.difference)


# ---- ledger ---------------------------------------------------------------------------------------------------------


def ledgers(table: Table, section: str) -> Section:
    """Where every example ended up, by run."""
    if not table.lines:
        return Section(section, "Ledger", missing="No run of this task has a ledger.")
    unseen = ["unseen gold"] if any(line.unseen_gold for line in table.lines) else []
    rows = [
        [
            Cell(visible(line.label)),
            Cell(f"{line.examples.get('total', 0):,}"),
            *(Cell(f"{line.examples.get(name, 0):,}") for name in BINS),
            Cell(f"{line.truncated:,}"),
            *([Cell(f"{line.unseen_gold or 0:,}")] if unseen else []),
            Cell(losses(line)),
        ]
        for line in table.lines
    ]
    about = "Every example is in one bin; whatever is not scored counts as an empty answer."
    if not any(line.losses for line in table.lines):
        about += " Nothing was lost in any of these runs."
    if unseen:
        about += " Unseen gold: entities in text that was cut off, which the model never saw; they count as missed."
    numbers = ("examples", *BINS, "truncated", *unseen)
    sheet = Sheet("Examples by bin", ("model", *numbers, "losses"), rows, right=range(1, len(numbers) + 1))
    figure = Figure(
        "Examples by bin",
        ledger([(visible(line.label), line.examples) for line in table.lines]),
        "; ".join(f"{visible(line.label)}: {losses(line)} lost" for line in table.lines),
    )
    figures = [figure] if any(line.examples.get("total") for line in table.lines) else []
    return Section(section, "Ledger", about, figures, [sheet])


# ---- speed ----------------------------------------------------------------------------------------------------------


def speeds(table: Table, section: str) -> Section:
    """The headline score against examples per second."""
    title = "Quality against speed"
    column = next(iter(table.columns), None)
    points = []
    for line in table.blocks[0].lines if table.blocks and column else []:
        dot = _dot(line, column) if column else None
        if dot is not None and line.rate:
            points.append((dot, line.rate))
    if not points or column is None:
        return Section(
            section,
            title,
            missing="No run here was timed with all of its answers: they were kept from an earlier run. To time one, "
            "give its command again with",
            code="python -m harness ... fresh=true",
        )
    name = visible(column.title) + (" × 100" if column.factor == 100 else "")
    said = "; ".join(f"{dot.name}: {dot.text} at {rate(per_second)} examples per second" for dot, per_second in points)
    better = {1: "Up and to the right is better. ", -1: "Down and to the right is better. ", 0: ""}[column.direction]
    about = f"{better}Rates are of prediction alone and hold for the machine that each run was on."
    about += _legend({dot.look for dot, _ in points})
    if len(points) > MOST_NAMES:
        about += " Named are the runs that no other one beats in both."
    chart = speed(points, title=name, direction=column.direction or 1)
    sheet = Sheet(
        "Score and rate",
        ("model", name, "examples per second"),
        [[Cell(dot.name), Cell(dot.text), Cell(rate(per_second))] for dot, per_second in points],
        right=(1, 2),
        folded=True,
    )
    return Section(section, title, about, [Figure(f"{name} against examples per second", chart, said)], [sheet])
