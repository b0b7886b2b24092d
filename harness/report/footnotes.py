"""What stands below a table of scores: marks explained, and how intervals and tests were made."""

from harness.comparison.table import SPAN_LOSSES, Column, Repeats, Table
from harness.report.shown import BEST, UNDEFINED, WHY_UNRELIABLE, counted, number, shortened
from harness.report.text import visible


class Remarks:
    """Numbers remarks in the order in which cells need them; `known` has the mark of each."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    def mark(self, remark: str) -> str:
        """`(1)`, or the mark that the remark already has."""
        return self.known.setdefault(remark, f"({len(self.known) + 1})")


def footnotes(table: Table, remarks: Remarks, common: str | None, *, timed: bool) -> list[str]:
    """In the order in which they should be read.

    Args:
        table: The table.
        remarks: What the cells are marked with.
        common: Why no score has an interval, where it is one reason for all.
        timed: Whether seconds are shown.
    """
    notes = []
    cells = table.cells
    if any(cell.best for cell in cells):
        lettered = any(line.letters for line in table.lines)
        tested = (
            "letters say which others were not told apart"
            if lettered
            else "whether by more than chance was not tested: `python -m harness compare RUN --pairs` tells"
        )
        notes.append(
            f"{BEST} selected: the best of the rows it can be compared with, on what it is scored on; {tested}"
        )
    if any(cell.unreliable and cell.value is not None for cell in cells):
        notes.append(WHY_UNRELIABLE)
    if common is not None:
        notes.append(f"no intervals: {common}")
    notes += [f"{mark} {remark}" for remark, mark in remarks.known.items()]
    methods = sorted({visible(cell.method) for cell in cells if cell.low is not None})
    notes += [f"intervals: {method}" for method in methods]
    notes += _majority(table)
    if table.baselines:
        notes.append(visible(f"vs {table.against}: score minus that of {table.against}, paired"))
    notes += [visible(remark) for remark in table.remarks]
    notes += [_repeated(repeats) for repeats in table.repeats]
    plain = [visible(column.title) for column in table.columns if column.factor == 1]
    if plain:
        notes.append(f"{', '.join(plain)}: not multiplied by 100")
    if table.columns:
        notes += _set_aside(table)
        notes += _unseen(table)
    if any(line.gold == "oracle" for line in table.lines):
        notes.append("upper bound: reads the gold itself, so it is never ranked")
    notes += [
        f"{visible(line.label)} failed, so it is never the best: {shortened(visible(line.failure))}"
        for line in table.lines
        if line.failure
    ]
    learning = [visible(line.label) for line in table.lines if line.gold == "folds"]
    if learning:
        notes.append(f"{', '.join(learning)}: learned from the gold of other folds than the one answered")
    if any(line.cost is not None for line in table.lines):
        notes.append("cost: of the answers, as the run recorded it")
    if timed:
        notes += _untimed(table)
    if table.columns:
        notes.append("columns: " + ", ".join(_explained(column) for column in table.columns))
    return notes


def _majority(table: Table) -> list[str]:
    """What the per-target majority scores; for rows that stand apart only where it is something else."""
    said: dict[str, str] = {}
    for block in table.blocks:
        shown = [
            f"{visible(column.title)} {number(block.majority[column.key], column)}"
            for column in table.columns
            if column.key in block.majority
        ]
        if shown:
            said.setdefault(", ".join(shown), visible(block.lines[0].label))
    first, *others = said or [""]
    # A model of that name learns from other folds than the one it answers, so its row says something else.
    notes = [f"per-target majority, on the same examples (not out of folds): {first}"] if first else []
    return notes + [f"per-target majority, on the examples of {said[one]} (not out of folds): {one}" for one in others]


def _set_aside(table: Table) -> list[str]:
    """That spans which stand in the losses are not scored, so that no high precision hides them."""
    named = [name for name in SPAN_LOSSES if any(line.spans.get(name) for line in table.lines)]
    if not named:
        return []
    why = " (with a label that this gold, or the label map, does not have)" if "unmapped" in named else ""
    return [f"{' and '.join(named)} spans{why} are set aside before scoring: precision does not count them as wrong"]


def _unseen(table: Table) -> list[str]:
    """That some gold could not be found: the text that it stands in was cut off."""
    cut = [f"{visible(line.label)} {line.unseen_gold:,}" for line in table.lines if line.unseen_gold]
    if not cut:
        return []
    return [
        f"gold entities in text that was cut off, which the model never saw: {', '.join(cut)}; they count as missed"
    ]


def _untimed(table: Table) -> list[str]:
    """Why rows have no seconds."""
    untimed = [line for line in table.lines if line.seconds is None]
    reasons = ["answers were kept from an earlier run"] if any(not line.imported for line in untimed) else []
    reasons += ["scores were imported"] if any(line.imported for line in untimed) else []
    return [f"seconds {UNDEFINED}: {', or '.join(reasons)}, so there is nothing to time"] if reasons else []


def _repeated(repeats: Repeats) -> str:
    found, column = repeats.spread, repeats.column
    copies = f" ({counted(repeats.copies, 'more row')}: copies of these)" if repeats.copies else ""
    model = visible(repeats.model)
    if repeats.runs == 1:
        same = "with the same seed, prompt and answers"
        return f"{model}: {repeats.copies + 1} copies of one run, {same}, which say nothing of how far runs lie apart"
    kind = "with the same seed and prompt" if repeats.same else "that differ in seed or prompt alone"
    shown = [f"{name} {number(value, column)}" for name, value in (("mean", found.mean), ("sd", found.sd))]
    reach = f"{number(found.minimum, column)} to {number(found.maximum, column)}"
    return (
        f"{model}: {found.n} runs {kind}{copies}: {visible(column.title)} {', '.join(shown)}, {reach}; "
        "no part of the intervals, which are about the documents"
    )


def _explained(column: Column) -> str:
    title, name = visible(column.title), visible(column.name)
    return name if title == name else f"{title} = {name}"
