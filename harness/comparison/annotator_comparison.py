"""Rows of a comparison beside what annotators score by the same metric, against the same references."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from harness.annotators import Layers, leave_one_out, read_layers
from harness.comparison.table import Block, Column, Table, spelled
from harness.counts import counts_behind
from harness.errors import UsageError
from harness.headroom import AnnotatorRow, annotator_rows
from harness.report.grid import Grid
from harness.report.shown import UNDEFINED, number
from harness.rescore import Reopened, reopen
from harness.run_folder import stored_counts
from harness.scoring import ReadAnswers, read_answers

SCHEMA = "harness.annotators/1"


def annotator_grids(tables: Sequence[Table], *, baseline: Path | None = None) -> list[Grid]:
    """A table of annotators and models for each data set and task whose gold has several annotators.

    The runs are opened again with their gold, because models must be scored against the references that an annotator
    was scored against; no model is loaded.

    Args:
        tables: As `compare` makes them; the headline score is taken.
        baseline: The run that headroom begins at, or a folder above it.

    Raises:
        UsageError: None of the gold has several annotators.
        HarnessError: A run or its gold cannot be opened.
    """
    found, reasons = [], []
    for table in tables:
        if not table.blocks or not table.columns:
            continue
        result = _grid(table, table.blocks[0], table.columns[0], baseline)
        if isinstance(result, str):
            reasons.append(f"{table.data}, {table.task}: {result}")
        else:
            found.append(result)
    if not found:
        raise UsageError("--annotators: " + ("; ".join(reasons) or "there is no row with scores"))
    return found


def _grid(table: Table, block: Block, column: Column, baseline: Path | None) -> Grid | str:
    lines = [line for line in block.lines if line.gold != "oracle"]
    opened = {line.label: reopen(Path(line.folder)) for line in lines}
    if not opened:
        return "no row that could be ranked"
    first = next(iter(opened.values()))
    layers = read_layers(first.config.data)
    name = _metric_of(first, column)
    if name is None:
        return f"{spelled(column.key)} is not computed from one metric's counts"
    if getattr(first.metrics[name], "judge", None) is not None:
        return f"{spelled(column.key)} needs a model, which has not read what annotators wrote"
    models = {label: {case.example.id: case for case in _read(one).cases} for label, one in opened.items()}
    reference = None
    if baseline is not None:
        inside = baseline.resolve()
        own = [line.label for line in lines if inside in (path := Path(line.folder).resolve(), *path.parents)]
        if len(own) != 1:
            return f"--baseline {baseline}: {len(own)} of its rows lie there"
        reference = own[0]
    rows = annotator_rows(
        name,
        first.metrics[name],
        leave_one_out(layers, first.task, first.label_map),
        layers,
        label_map=first.label_map,
        models=models,
        baseline=reference,
        level=first.config.interval.level,
        resamples=first.config.interval.resamples,
        rng_seed=first.config.rng_seed,
    )
    rows = [row for row in rows if row.key == column.key]
    if not rows:
        return f"annotators have no {spelled(column.key)}"
    return _table(table, column, rows, layers, reference)


def _metric_of(opened: Reopened, column: Column) -> str | None:
    for name, table in stored_counts(opened.run.folder).items():
        if counts_behind(column.key, {name: table}, opened.metrics) is not None:
            return name
    return None


def _read(opened: Reopened) -> ReadAnswers:
    return read_answers(opened.examples, opened.answers, opened.corpus, opened.task, opened.label_map)


def _table(table: Table, column: Column, rows: Sequence[AnnotatorRow], layers: Layers, baseline: str | None) -> Grid:
    shown, records, notes = [], [], []
    for row in rows:
        headroom = row.headroom
        gained = UNDEFINED
        if headroom is not None and headroom.value is not None:
            bounds = (
                "" if headroom.low is None or headroom.high is None else f" [{headroom.low:.0%}, {headroom.high:.0%}]"
            )
            gained = f"{headroom.value:.0%}{bounds}"
        elif headroom is not None and headroom.reason:
            notes.append(f"headroom of {row.subject}: {headroom.reason}")
        interval = "" if row.low is None else f"[{number(row.low, column)}, {number(row.high, column)}]"
        cells = [row.subject, row.left_out or "each in turn", number(row.value, column), interval, str(row.n)]
        shown.append(tuple([*cells, gained] if baseline else cells))
        records.append(
            {
                "data": table.data,
                "task": table.task,
                **{name: value for name, value in asdict(row).items() if name not in ("key", "headroom")},
                **asdict(row.key),
                "baseline": baseline,
                **{f"headroom_{name}": value for name, value in (asdict(headroom) if headroom else {}).items()},
            }
        )
    reasons = sorted({row.method for row in rows if row.low is None})
    notes = [
        f"{layers.title}: each annotator scored as if a model, and models beside it, against "
        + (
            "the adjudicated layer, in which the annotators had a part: their scores are on the high side"
            if rows[0].signature.endswith("adjudicated")
            else "what the other annotators say, so a model's score is not that of the table above"
        ),
        *(f"intervals: {method}" for method in sorted({row.method for row in rows if row.low is not None})),
        *(f"no interval: {reason.removeprefix('none: ')}" for reason in reasons),
        *([f"headroom: (model - {baseline}) / (annotators - {baseline})"] if baseline else []),
        *dict.fromkeys(notes),
    ]
    return Grid(
        title=f"annotators: {table.data} · {table.task} · {column.title} ({column.name})"
        + (" × 100" if column.factor == 100 else ""),
        headings=("who", "left out", column.title, "interval", "n", *(["headroom"] if baseline else [])),
        rows=shown,
        records=records,
        right=(2, 4),
        notes=notes,
    )
