"""What stands above the documents: remarks, the tasks in a few numbers, and a task's sections one after the other."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.comparison.differences import Compared
from harness.comparison.table import Failure, Line, Table
from harness.errors import UsageError
from harness.records import BINS
from harness.report.html.board import NO_BASELINE, compared, differing, leaderboard, ledgers, speeds, verdict
from harness.report.html.curves import calibrated, risks
from harness.report.html.parts import Cell, Glance, Sheet, Summary, Task
from harness.report.html.shaded import confusions, slices
from harness.report.shown import UNDEFINED, counted, interval, number
from harness.report.shown_table import show
from harness.report.text import visible
from harness.run_folder import StoredRun

# Runs of one document whose scores are named at first glance.
_FEW = 3
# Runs that a remark names.
_MOST_NAMED = 5
_PACKAGES = ("harness", "python", "torch", "transformers")


def summarise(runs: Sequence[StoredRun], tables: Sequence[Table], baseline: Path | None = None) -> Summary:
    """All that is shown above the documents.

    Args:
        runs: The runs that the tables are made of.
        tables: As `make_tables` makes them.
        baseline: A run folder, or a folder above one run per data and task.

    Raises:
        UsageError: The baseline is none of the runs, or nothing can be compared with it.
    """
    by_folder = {str(run.folder): run for run in runs}
    found = [compared(table, baseline) for table in tables]
    if baseline is not None and all(isinstance(one, str) for one in found):
        # What is wrong with it is said of the task that it has a run of.
        reasons = [str(one) for one in found if one != NO_BASELINE] or [NO_BASELINE]
        raise UsageError(reasons[0] if "--baseline" in reasons[0] else f"--baseline {visible(baseline)}: {reasons[0]}")
    tasks = [
        _task(table, by_folder, pairs, baseline, f"s{number_of}")
        for number_of, (table, pairs) in enumerate(zip(tables, found, strict=True), start=1)
    ]
    data = list(dict.fromkeys(visible(table.data) for table in tables))
    models = {line.model for table in tables for line in table.lines}
    return Summary(
        title="Evaluation of " + ", ".join(data[:3]) + (" and others" if len(data) > 3 else ""),
        facts=[
            counted(len(runs), "run"),
            counted(len(models), "model"),
            ", ".join(dict.fromkeys(visible(table.task) for table in tables if table.lines)) or "no task",
            *sorted({f"harness {visible(run.scores['harness'])}" for run in runs}),
        ],
        remarks=_remarks(tables),
        glance=_glance(tables, found, baseline),
        tasks=tasks,
        provenance=_provenance(tables, by_folder),
    )


def _task(
    table: Table,
    runs: Mapping[str, StoredRun],
    pairs: list[Compared] | str,
    baseline: Path | None,
    name: str,
) -> Task:
    shown = show(table)
    if not table.lines:
        return Task(name, _title(table), "", [leaderboard(table, shown, f"{name}-scores", tested=False)])
    sections = [
        leaderboard(table, shown, f"{name}-scores", tested=not isinstance(pairs, str)),
        differing(table, pairs, baseline, f"{name}-differences"),
        slices(table, f"{name}-slices"),
        confusions(table, runs, f"{name}-confusion"),
        calibrated(table, f"{name}-calibration"),
        risks(table, runs, f"{name}-risk"),
        ledgers(table, f"{name}-ledger"),
        speeds(table, f"{name}-speed"),
    ]
    # That one document is no ranking stands above, and on the card.
    parts = (*shown.title.split(" · ")[2:], *shown.subtitle.split(" · "))
    about = " · ".join(part for part in parts if part and not part.startswith("ONE DOCUMENT"))
    return Task(name, _title(table), about, [section for section in sections if section is not None])


def _title(table: Table) -> str:
    return f"{visible(table.data)} · {visible(table.task)}"


# ---- remarks --------------------------------------------------------------------------------------------------------


def _remarks(tables: Sequence[Table]) -> list[tuple[str, str]]:
    """What a reader has to know before any number; cautions first."""
    cautions, notes = [], []
    smoke = [_title(table) for table in tables if table.smoke_test]
    if smoke:
        cautions.append(
            f"One document is no ranking: {', '.join(smoke)}. These scores show that the models run; they say nothing "
            "about which of them is better on other documents."
        )
    failures = [failure for table in tables for failure in table.failures]
    if failures:
        cautions.append(f"{counted(len(failures), 'run')} without scores: {_some([_failed(one) for one in failures])}.")
    for table in tables:
        lost = [f"{visible(line.label)} ({_lost(line)})" for line in table.lines if _lost(line)]
        if lost:
            cautions.append(f"{_title(table)}: examples without an answer count as empty ones: {_some(lost)}.")
        cut = [f"{visible(line.label)} ({_cut(line)})" for line in table.lines if line.truncated]
        if cut:
            notes.append(f"{_title(table)}: some inputs were cut, so the end of them was not read: {_some(cut)}.")
        if len(table.blocks) > 1:
            apart = sum(len(block.lines) for block in table.blocks[1:])
            notes.append(
                f"{_title(table)}: {counted(apart, 'row')} cannot be ranked with the others: "
                + _some([visible(block.reason) for block in table.blocks[1:]])
                + "."
            )
    doubtful = [_title(table) for table in tables if any(_headline(line, table, "unreliable") for line in table.lines)]
    if doubtful:
        notes.append(
            f"Headline scores of {', '.join(doubtful)} rest on fewer than 30 units or fewer than 20 gold positives; "
            "they are marked with a question mark."
        )
    return [("caution", text) for text in cautions] + [("note", text) for text in notes]


def _cut(line: Line) -> str:
    """How many inputs were cut, and how much gold stands in what was cut off."""
    unseen = f", unseen gold entities: {line.unseen_gold:,}" if line.unseen_gold else ""
    return f"{line.truncated:,}{unseen}"


def _some(items: Sequence[str]) -> str:
    """The first few of a list; the sections below have all of them."""
    more = [f"and {len(items) - _MOST_NAMED} more"] if len(items) > _MOST_NAMED else []
    return "; ".join([*items[:_MOST_NAMED], *more])


def _failed(failure: Failure) -> str:
    reason = visible(failure.reason)
    return f"{visible(failure.model)} ({reason if len(reason) <= 300 else reason[:297] + '...'})"


def _lost(line: Line) -> str:
    return ", ".join(f"{line.examples[name]:,} {name}" for name in BINS if name != "scored" and line.examples.get(name))


def _headline(line: Line, table: Table, name: str) -> object:
    cell = line.cells.get(table.columns[0].key) if table.columns else None
    return None if cell is None else getattr(cell, name)


# ---- at a glance ----------------------------------------------------------------------------------------------------


def _glance(tables: Sequence[Table], found: Sequence[list[Compared] | str], baseline: Path | None) -> list[Glance]:
    cards = []
    for number_of, (table, pairs) in enumerate(zip(tables, found, strict=True), start=1):
        place, title = f"s{number_of}", _title(table)
        if not table.lines or not table.columns:
            cards.append(Glance(place, title, "no scores"))
            continue
        documents = counted(table.documents, "document")
        column = table.columns[0]
        lines = [line for line in table.blocks[0].lines if line.gold != "oracle"]
        # Rows stand in the order of the headline score, unless one document is all there is.
        first = next((line for line in lines if _headline(line, table, "value") is not None), None)
        if first is None:
            cards.append(Glance(place, title, UNDEFINED, about=documents))
            continue
        if table.smoke_test and len(lines) > 1:
            few = [f"{visible(line.label)} {number(line.cells[column.key].value, column)}" for line in lines[:_FEW]
                   if column.key in line.cells]  # fmt: skip
            scores = f"{visible(column.title)}: {', '.join(few)}" + (", ..." if len(lines) > _FEW else "")
            cards.append(Glance(place, title, "no ranking", scores, about=f"{documents}: a smoke test"))
            continue
        front = [line for line in lines if _headline(line, table, "value") == _headline(first, table, "value")]
        cells = [line.cells[column.key] for line in front]
        bounds = {"" if cell.low is None else interval(cell.low, cell.high, column) for cell in cells}
        cards.append(
            Glance(
                place,
                title,
                visible(first.label) if len(front) == 1 else "a tie",
                f"{visible(column.title)} {number(cells[0].value, column)}"
                + ("?" if any(cell.unreliable for cell in cells) else ""),
                # Equal scores may have intervals of their own; the table has them.
                bounds.pop() if len(bounds) == 1 else "",
                "; ".join(filter(None, (_tie(front, pairs), _says(table, pairs, front, baseline)))),
                documents,
            )
        )
    return cards


def _tie(front: Sequence[Line], found: list[Compared] | str) -> str:
    """That some runs share the highest score, and whether they differ at all; empty where one is in front."""
    if len(front) == 1:
        return ""
    names = [visible(line.label) for line in front]
    if len(names) > _MOST_NAMED:
        names = [*names[: _MOST_NAMED - 1], f"{len(names) - _MOST_NAMED + 1} others"]
    said = f"{', '.join(names[:-1])} and {names[-1]} tie"
    if isinstance(found, str):
        return said
    alike = [{pair.a, pair.b} for pair in found[0].pairs if pair.differing == 0]
    # What is alike to one is alike to another; against a baseline only the pairs with it are there.
    labels = {line.label for line in front}
    if any(all({one, other} in alike for other in labels - {one}) for one in labels):
        said += f": no difference on any {found[0].unit}"
    return said


def _says(table: Table, found: list[Compared] | str, front: Sequence[Line], baseline: Path | None) -> str:
    """What the paired test says of the run in front, or of those that tie, in a few words."""
    if table.smoke_test:
        return "a smoke test"
    lines = [line for line in table.lines if line.gold != "oracle"]
    if isinstance(found, str):
        return "not tested against the others" if len(lines) > len(front) else ""
    one, column = found[0], found[0].column
    if baseline is not None:
        sure = [pair for pair in one.pairs if verdict(pair) and pair.difference is not None]
        better = sum((pair.difference or 0) * (column.direction or 1) > 0 for pair in sure)
        words = ("better", "worse") if column.direction else ("higher", "lower")
        parts = ((better, words[0]), (len(sure) - better, words[1]), (len(one.pairs) - len(sure), "not told apart"))
        return f"against {visible(one.pairs[0].b)}: " + ", ".join(f"{count} {word}" for count, word in parts if count)
    labels = {line.label for line in front}
    own = [pair for pair in one.pairs if (pair.a in labels) != (pair.b in labels)]
    others = {pair.b if pair.a in labels else pair.a for pair in own}
    if not others:
        return ""
    unsure = [pair for pair in own if not verdict(pair)]
    rivals = list(dict.fromkeys(visible(pair.b if pair.a in labels else pair.a) for pair in unsure))
    if not rivals:
        return "ahead of every other by more than chance" if len(others) > 1 else "ahead by more than chance"
    named = rivals[0] if len(rivals) == 1 else f"{len(rivals)} of {counted(len(others), 'other')}"
    if len(rivals) == len(others):
        named = rivals[0] if len(others) == 1 else "any other"
        return f"in front, but that may be chance: not told apart from {named}"
    return f"in front, but not told apart from {named}"


# ---- provenance -----------------------------------------------------------------------------------------------------


def _provenance(tables: Sequence[Table], runs: Mapping[str, StoredRun]) -> list[Sheet]:
    rows = []
    signatures: dict[tuple[str, str, str], None] = {}
    for table in tables:
        for line in table.lines:
            run = runs[line.folder]
            versions = run.run.get("versions") or {}
            machine = run.run.get("hardware") or {}
            rows.append(
                [
                    Cell(visible(line.label)),
                    Cell(_title(table)),
                    Cell(f"{line.identity['documents']:,}"),
                    Cell(str(line.identity["gold_sha256"])[:12]),
                    Cell(str(line.identity["documents_sha256"])[:12]),
                    Cell(visible(", ".join(f"{name} {versions[name]}" for name in _PACKAGES if name in versions))),
                    Cell(visible(" ".join(str(machine[name]) for name in ("system", "machine") if name in machine))),
                    Cell(visible(line.folder)),
                ]
            )
            for column in table.columns:
                cell = line.cells.get(column.key)
                if cell is not None:
                    signatures[visible(table.task), visible(column.title), visible(cell.signature)] = None
    return [
        Sheet(
            "Runs",
            ("model", "task", "documents", "gold sha256", "documents sha256", "versions", "machine", "folder"),
            rows,
            right=(2,),
            folded=True,
        ),
        Sheet(
            "Signatures: every choice that moves a score",
            ("task", "score", "signature"),
            [[Cell(part) for part in signature] for signature in signatures],
            folded=True,
        ),
    ]
