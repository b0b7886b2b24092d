"""Tables whose cells are shaded by what they say: scores by label and slice, and confusion matrices."""

from collections.abc import Mapping, Sequence

from harness.comparison.table import Block, Column, Line, Table, spelled
from harness.metric.base import Key
from harness.metric.confusion import NO_ANSWER, read_cells
from harness.report.html.parts import SHADES, Cell, Section, Sheet
from harness.report.html.summed import summed
from harness.report.shown import APART, UNDEFINED, number
from harness.report.text import visible
from harness.run_folder import StoredRun

# More slices than this are a list that nobody reads; `scores.csv` has them all.
MOST_SLICES = 40
# More matrices than this are folded.
_OPEN_MATRICES = 2
# Slices that are points of a curve, which are drawn as one.
_CURVES = frozenset({"stance.risk", "stance.bin_confidence", "stance.bin_accuracy"})
_MATRICES = {"ner": "entity.confusion", "stance": "stance.confusion"}
_LAST = ("missed", "spurious", "unknown", "unanswered", "no answer")


# ---- scores by slice ------------------------------------------------------------------------------------------------


def slices(table: Table, section: str) -> Section:
    """Scores by label, target, style and whatever else the runs were sliced by: a row per slice, a column per model."""
    sheets = [
        sheet
        for block in table.blocks
        for field, key in _fields(table, block).items()
        if (sheet := _by_slice(block, field, key)) is not None
    ]
    if not sheets:
        return Section(
            section,
            "By label and slice",
            missing="No stored score is about a label or a slice. A field of the documents is made one by",
            code="python -m harness ... slices=[FIELD]",
        )
    return Section(
        section,
        "By label and slice",
        "The darker, the higher. Support counts gold positives: a score that rests on few of them says little.",
        sheets=sheets,
    )


def _fields(table: Table, block: Block) -> dict[str, Key]:
    """For each field that scores are sliced by, which score is shown; its slice is that of any value."""
    found: dict[str, list[Key]] = {}
    for line in block.lines:
        for key, cell in line.cells.items():
            field, equals, _ = key.slice.partition("=")
            if equals and key.average != "count" and key.metric not in _CURVES and cell.value is not None:
                found.setdefault(field, []).append(key)
    headlines = [(column.key.metric, column.key.average) for column in table.columns]

    def rank(key: Key) -> tuple[int, bool, str, str]:
        pair = (key.metric, key.average)
        place = headlines.index(pair) if pair in headlines else len(headlines)
        return place, not key.metric.endswith(".f1"), key.metric, key.average

    return {field: min(keys, key=rank) for field, keys in found.items()}


def _by_slice(block: Block, field: str, key: Key) -> Sheet | None:
    rows: dict[str, dict[int, tuple[float | None, float]]] = {}
    for place, line in enumerate(block.lines):
        for other, cell in line.cells.items():
            name, equals, value = other.slice.partition("=")
            if equals and (name, other.metric, other.average) == (field, key.metric, key.average):
                rows.setdefault(value, {})[place] = (cell.value, cell.support)
    if not rows:
        return None
    values = [value for cells in rows.values() for value, _ in cells.values() if value is not None]
    fraction = all(-1 <= value <= 1 for value in values)
    column = Column(key, key.metric, 100 if fraction else 1)
    order = sorted(rows, key=lambda value: (-max(support for _, support in rows[value].values()), value))
    body = []
    for value in order[:MOST_SLICES]:
        cells = rows[value]
        support = max(support for _, support in cells.values())
        body.append(
            [
                Cell(visible(value)),
                Cell(f"{support:g}"),
                *(_shaded(cells.get(place), column, fraction) for place in range(len(block.lines))),
            ]
        )
    name = spelled(Key(key.metric, key.average))
    notes = [f"{len(order) - MOST_SLICES} more with less support are in scores.csv"] if len(order) > MOST_SLICES else []
    notes += [f"{APART}: {visible(block.reason)}"] if block.reason else []
    return Sheet(
        caption=f"{visible(name)} by {visible(field)}" + (" × 100" if fraction else ""),
        headings=[visible(field), "support", *(visible(line.label) for line in block.lines)],
        rows=body,
        right=range(1, len(block.lines) + 2),
        notes=notes,
    )


def _shaded(found: tuple[float | None, float] | None, column: Column, fraction: bool) -> Cell:
    if found is None or found[0] is None:
        return Cell(UNDEFINED, shade=0)
    value = found[0]
    return Cell(number(value, column), shade=_level(value) if fraction else None)


def _level(share: float) -> int:
    return min(SHADES, max(0, round(share * SHADES)))


# ---- confusion matrices ---------------------------------------------------------------------------------------------


def confusions(table: Table, runs: Mapping[str, StoredRun], section: str) -> Section | None:
    """Gold label by predicted label for each run that counted it; None for a task without labels."""
    if table.task not in _MATRICES:
        return None
    found = [
        (line, cells)
        for line in table.lines
        if (cells := _stored_cells(line, _MATRICES[table.task]) or _counted_cells(runs[line.folder]))
    ]
    if not found:
        kind = _MATRICES[table.task].replace(".", "_")
        return Section(
            section,
            "Confusion",
            missing=f"No run here counted which label is taken for which. Give a run's command again with the metric "
            f"{kind} (stored answers are used, no model is asked), for instance",
            code=f"python -m harness ... metric=[{_usual(runs, table)}{kind}]",
        )
    sheets = [
        _matrix(line, cells, table.task, folded=place >= _OPEN_MATRICES) for place, (line, cells) in enumerate(found)
    ]
    about = "A row is a gold label, a column what was answered; shaded by the share of the row. The diagonal is right."
    if table.task == "ner":
        about += " Spans that overlap are paired; missed entities have no pair, spurious ones no gold."
    return Section(section, "Confusion", about, sheets=sheets)


def _usual(runs: Mapping[str, StoredRun], table: Table) -> str:
    names = [name for line in table.lines[:1] for name in (runs[line.folder].config.get("metric") or {})]
    return "".join(f"{visible(name)}," for name in names)


def _stored_cells(line: Line, metric: str) -> dict[tuple[str, str], float]:
    found = {}
    for key, cell in line.cells.items():
        if key.metric == metric and key.average == "count" and key.slice.startswith("gold="):
            gold, _, predicted = key.slice.removeprefix("gold=").rpartition(",predicted=")
            found[gold, predicted] = cell.value or 0.0
    return found


def _counted_cells(run: StoredRun) -> dict[tuple[str, str], float]:
    """From the counts of `stance_classification`, which every stance run has by default."""
    cells = read_cells(summed(run, "stance_classification"))
    return {
        (gold, predicted if predicted != NO_ANSWER else "no answer"): float(value)
        for (gold, predicted), value in ((tuple(cell[-2:]), value) for cell, value in cells.items())
    }


def _matrix(line: Line, cells: Mapping[tuple[str, str], float], task: str, *, folded: bool) -> Sheet:
    totals: dict[str, float] = {}
    for (gold, _), count in cells.items():
        totals[gold] = totals.get(gold, 0.0) + count

    def order(labels: set[str]) -> list[str]:
        return sorted(labels, key=lambda one: (one in _LAST, -totals.get(one, 0.0), one))

    golds, predictions = order({gold for gold, _ in cells}), order({predicted for _, predicted in cells})
    rows: list[Sequence[Cell]] = []
    for gold in golds:
        whole = totals[gold]
        row = [Cell(visible(gold))]
        for predicted in predictions:
            count = cells.get((gold, predicted), 0.0)
            row.append(
                Cell(f"{count:g}" if count else "·", shade=_level(count / whole) if whole else 0,
                     strong=gold == predicted)
            )  # fmt: skip
        rows.append([*row, Cell(f"{whole:g}")])
    unit = "entities" if task == "ner" else "examples"
    return Sheet(
        caption=f"{visible(line.label)}: {unit} by gold and answered label",
        headings=["gold ↓ answered →", *(visible(one) for one in predictions), "all"],
        rows=rows,
        right=range(1, len(predictions) + 2),
        folded=folded,
    )
