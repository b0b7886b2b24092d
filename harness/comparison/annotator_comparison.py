"""Rows of a comparison beside what annotators score by the same metric, against the same references."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from harness.annotators import Layers, LeftOut, leave_one_out, read_layers, said_unpaired
from harness.comparison.lines import baseline_among
from harness.comparison.table import Block, Column, Line, Table, spelled
from harness.counts import counts_behind
from harness.errors import UsageError
from harness.headroom import AnnotatorRow, annotator_rows
from harness.metric.base import Key
from harness.report.grid import Grid
from harness.report.shown import UNDEFINED, interval, number
from harness.rescore import Reopened, reopen
from harness.run_folder import stored_counts
from harness.scoring import Case, ReadAnswers, read_answers

SCHEMA = "harness.annotators/1"


def annotator_grids(tables: Sequence[Table], *, baseline: Path | None = None, every_column: bool = False) -> list[Grid]:
    """Tables of annotators and models for each data set and task whose gold has several annotators.

    There is one for each score and each block of rows that may be ranked together. The runs are opened again with their
    gold, because models must be scored against the references that an annotator was scored against; no model is loaded.
    What has no such table is said in the notes of the last one.

    Args:
        tables: As `compare` makes them.
        baseline: The run that headroom begins at, or a folder above it; blocks without it have no headroom.
        every_column: Whether every score of a table is wanted, or the headline alone.

    Raises:
        UsageError: None of the gold has several annotators, or not one block has the baseline.
        HarnessError: A run or its gold cannot be opened.
    """
    found: list[Grid] = []
    reasons: dict[str, None] = {}
    based = False
    for table in tables:
        place = f"{table.data}, {table.task}"
        columns = table.columns if every_column else table.columns[:1]
        for block in table.blocks if columns else ():
            lines = [line for line in block.lines if line.gold != "oracle"]
            if not lines:
                reasons[f"{place}: no row that could be ranked"] = None
                continue
            beside = _beside(lines, baseline, place)
            based = based or beside.baseline is not None
            for column in columns:
                made = _grid(table, block, column, beside)
                if isinstance(made, Grid):
                    found.append(made)
                else:
                    reasons[f"{place}: {made}"] = None
    if not found:
        raise UsageError("--annotators: " + ("; ".join(reasons) or "there is no row with scores"))
    if baseline is not None and not based:
        raise UsageError(f"--baseline {baseline}: none of the rows beside annotators lies there")
    if reasons:
        found[-1] = replace(found[-1], notes=[*found[-1].notes, *(f"no table: {reason}" for reason in reasons)])
    return found


@dataclass(frozen=True)
class _Beside:
    """The runs of a block, opened again, and the annotators of their gold.

    Args:
        opened: By label.
        models: What each answered, by label and example id.
        layers: The annotators.
        sets: What is scored where one of them is left out.
        baseline: The label of the run that headroom begins at.
    """

    opened: Mapping[str, Reopened]
    models: Mapping[str, Mapping[str, Case]]
    layers: Layers
    sets: Sequence[LeftOut]
    baseline: str | None

    @property
    def first(self) -> Reopened:
        """Any of the runs: their gold, documents and conventions are the same."""
        return next(iter(self.opened.values()))


def _beside(lines: Sequence[Line], baseline: Path | None, place: str) -> _Beside:
    opened = {line.label: reopen(Path(line.folder)) for line in lines}
    first = next(iter(opened.values()))
    layers = read_layers(first.config.data)
    reference = None if baseline is None else baseline_among(lines, baseline, place)
    return _Beside(
        opened,
        {label: {case.example.id: case for case in _read(one).cases} for label, one in opened.items()},
        layers,
        leave_one_out(layers, first.task, first.label_map, asked=first.corpus),
        reference.label if reference else None,
    )


def _grid(table: Table, block: Block, column: Column, beside: _Beside) -> Grid | str:
    having = {line.label for line in block.lines if column.key in line.cells}
    opened = {label: one for label, one in beside.opened.items() if label in having}
    if not opened:
        return f"no row has {spelled(column.key)}"
    first = next(iter(opened.values()))
    behind = _behind(first, column)
    if behind is None:
        return f"{spelled(column.key)} is not computed from one metric's counts"
    name, key = behind
    if getattr(first.metrics[name], "judge", None) is not None:
        return f"{spelled(column.key)} needs a model, which has not read what annotators wrote"
    sets = beside.sets if key == column.key else [_sliced(one, column.key.slice) for one in beside.sets]
    baseline = beside.baseline if beside.baseline in opened else None
    config = first.config
    rows = annotator_rows(
        name,
        first.metrics[name],
        sets,
        beside.layers,
        label_map=first.label_map,
        models={label: beside.models[label] for label in opened},
        baseline=baseline,
        level=config.interval.level,
        resamples=config.interval.resamples,
        rng_seed=config.rng_seed,
        method=config.interval.method,
    )
    rows = [replace(row, key=column.key) for row in rows if row.key == key]
    if not rows:
        return f"annotators have no {spelled(column.key)}"
    return _table(table, block, column, rows, beside, baseline, percentile=config.interval.method == "percentile")


def _behind(opened: Reopened, column: Column) -> tuple[str, Key] | None:
    """The metric that a score is computed by, and what it calls it: `all` where the slice is a field of examples."""
    for name, table in stored_counts(opened.run.folder).items():
        behind = counts_behind(column.key, {name: table}, opened.metrics)
        if behind is not None:
            return name, behind.key
    return None


def _sliced(one: LeftOut, slice_: str) -> LeftOut:
    field, _, value = slice_.partition("=")
    return replace(one, cases=[case for case in one.cases if case.example.fields.get(field) == value])


def _read(opened: Reopened) -> ReadAnswers:
    return read_answers(opened.examples, opened.answers, opened.corpus, opened.task, opened.label_map)


def _table(
    table: Table,
    block: Block,
    column: Column,
    rows: Sequence[AnnotatorRow],
    beside: _Beside,
    baseline: str | None,
    *,
    percentile: bool,
) -> Grid:
    shown, records, notes = [], [], []
    for row in rows:
        headroom = row.headroom
        gained = UNDEFINED
        if headroom is not None and headroom.value is not None:
            reach = (
                "" if headroom.low is None or headroom.high is None else f" [{headroom.low:.0%}, {headroom.high:.0%}]"
            )
            gained = f"{headroom.value:.0%}{reach}"
        elif headroom is not None and headroom.reason:
            notes.append(f"headroom of {row.subject}: {headroom.reason}")
        bounds = "" if row.low is None else interval(row.low, row.high, column)
        cells = [row.subject, row.left_out or "each in turn", number(row.value, column), bounds, str(row.n)]
        shown.append(tuple([*cells, gained] if baseline else cells))
        records.append(
            {
                "data": table.data,
                "task": table.task,
                "block": block.reason,
                **{name: value for name, value in asdict(row).items() if name not in ("key", "headroom")},
                **asdict(row.key),
                "baseline": baseline,
                **{f"headroom_{name}": value for name, value in (asdict(headroom) if headroom else {}).items()},
            }
        )
    reasons = sorted({row.method for row in rows if row.low is None})
    jointly = not percentile and any(row.left_out is None and row.low is not None for row in rows)
    undecided = [f"{one.annotator} ({one.undecided})" for one in beside.sets if one.undecided]
    unpaired = [(one.annotator, one.unpaired) for one in beside.sets if one.unpaired]
    notes = [
        f"{beside.layers.title}: each annotator scored as if a model, and models beside it, against "
        + (
            "the adjudicated layer, in which the annotators had a part: their scores are on the high side"
            if rows[0].signature.endswith("adjudicated")
            else "what the other annotators say, so a model's score is not that of the table above"
        ),
        *([f"rows apart: {block.reason}"] if block.reason else []),
        *([f"left out: stances of {', '.join(undecided)}: the others are of two minds"] if undecided else []),
        *([f"left out: {said_unpaired(unpaired)}"] if unpaired else []),
        *(f"intervals: {method}" for method in sorted({row.method for row in rows if row.low is not None})),
        *(["percentile, for the corrections of BCa are for draws of one kind of unit"] if jointly else []),
        *(f"no interval: {reason.removeprefix('none: ')}" for reason in reasons),
        *(
            [f"headroom: (model - {baseline}) / (annotators - {baseline}), with percentiles of the same draws"]
            if baseline
            else []
        ),
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
