"""One prediction file under every tool's convention: the rows of the metric `dialects`, a table per model."""

from collections.abc import Sequence

from harness.comparison.table import Line, Table
from harness.metric.base import Key
from harness.report.grid import Grid

_PREFIX = "dialect."


def grids(tables: Sequence[Table]) -> list[Grid]:
    """A table for each row of the comparisons that has dialects."""
    return [
        _grid(table, line, names)
        for table in tables
        for line in table.lines
        if (names := [key.metric.split(".")[1] for key in line.cells if _is_f1(key)])
    ]


def _is_f1(key: Key) -> bool:
    return key.metric.startswith(_PREFIX) and key.metric.endswith(".f1") and key.slice == "all"


def _grid(table: Table, line: Line, names: Sequence[str]) -> Grid:
    rows, records, notes = [], [], []
    # The score that the others are compared with comes first.
    for name in sorted(names, key=lambda name: (name != "harness", name)):
        cells = {part: line.cells[Key(f"{_PREFIX}{name}.{part}", "micro")] for part in ("precision", "recall", "f1")}
        f1 = cells["f1"]
        tool = dict(part.partition(":")[::2] for part in f1.signature.split("|")).get("tool", "")
        interval = "" if f1.low is None or f1.high is None else f"[{f1.low * 100:.2f}, {f1.high * 100:.2f}]"
        shown = ["–" if cell.value is None else f"{cell.value * 100:.2f}" for cell in cells.values()]
        rows.append((name, tool, *shown, interval))
        notes.append(f"{name}: {f1.note or 'no remark'}")
        records.append(
            {
                "data": table.data,
                "task": table.task,
                "model": line.label,
                "dialect": name,
                "tool": tool,
                **{part: cell.value for part, cell in cells.items()},
                "low": f1.low,
                "high": f1.high,
                "why": f1.note,
            }
        )
    return Grid(
        title=f"dialects: {table.data} · {line.label}: one prediction file, scored as each tool does; F1 × 100",
        headings=("dialect", "equals", "P", "R", "F1", "interval"),
        rows=rows,
        records=records,
        right=(2, 3, 4),
        notes=notes,
    )
