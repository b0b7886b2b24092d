"""What runs took beside each other: loading, rates, memory, energy and price, as their `run.json` has them."""

from collections.abc import Callable, Sequence
from typing import Any

from harness.comparison.table import Line, Table
from harness.report.grid import Grid
from harness.report.shown import UNDEFINED, duration, price, rate

SCHEMA = "harness.comparison.speed/1"
# A measured value's name, its heading, and how it is shown.
_COLUMNS: tuple[tuple[str, str, Callable[[float], str]], ...] = (
    ("load", "load s", duration),
    ("predict", "predict s", duration),
    ("examples_per_second", "examples/s", rate),
    ("tokens_per_second", "tokens/s read", rate),
    ("output_tokens_per_second", "tokens/s written", rate),
    ("peak_memory_bytes", "peak memory MB", lambda value: f"{value / 1e6:,.0f}"),
    ("peak_gpu_memory_bytes", "peak GPU memory MB", lambda value: f"{value / 1e6:,.0f}"),
    ("energy_kwh", "energy Wh", lambda value: f"{1000 * value:.3g}"),
    ("cost", "cost", price),
)
# What only models have that read tokens, or runs that were asked for it.
_TOLD = ("tokens_per_second", "energy_kwh", "cost")
# What a column does not say of itself.
_NOTES = {
    "peak_memory_bytes": "peak memory: of the process, with what earlier tasks of the run left in it",
    "energy_kwh": "energy: of the whole machine while the model was asked, as codecarbon measured or estimated it",
}


def has_more_to_tell(tables: Sequence[Table]) -> bool:
    """Whether any run measured more than the tables of scores show already."""
    return any(name in line.measured for table in tables for line in table.lines for name in _TOLD)


def grid(tables: Sequence[Table]) -> Grid:
    """One row for each run; columns that no run has are left out."""
    lines = [(table, line) for table in tables for line in table.lines]
    shown = [column for column in _COLUMNS if any(column[0] in line.measured for _, line in lines)]
    several = len({table.data for table in tables}) > 1
    keys = ("data", "task", "model") if several else ("task", "model")
    records = [
        {
            "data": table.data,
            "task": table.task,
            "model": line.label,
            "folder": line.folder,
            **{name: line.measured.get(name) for name, *_ in _COLUMNS},
        }
        for table, line in lines
    ]
    notes = [_NOTES[name] for name, *_ in shown if name in _NOTES]
    if any(not line.measured for _, line in lines):
        notes.append(f"{UNDEFINED}: answers were kept from an earlier run, or scores were imported")
    return Grid(
        title="speed",
        headings=(*keys, *(heading for _, heading, _ in shown)),
        rows=[
            (*(str(record[key]) for key in keys), *(_cell(line, name, show) for name, _, show in shown))
            for record, (_, line) in zip(records, lines, strict=True)
        ],
        records=records,
        right=tuple(range(len(keys), len(keys) + len(shown))),
        notes=notes,
    )


def _cell(line: Line, name: str, show: Callable[[float], str]) -> str:
    value: Any = line.measured.get(name)
    return UNDEFINED if value is None else show(value)
