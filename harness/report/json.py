"""Comparisons as JSON: what the tables hold, unrounded, for programs."""

import json
from collections.abc import Sequence
from typing import Any

from harness.comparison.table import Block, Line, Table, spelled
from harness.report.tidy import compared

SCHEMA = "harness.comparison.table/1"


def render(tables: Sequence[Table]) -> str:
    """`{"schema", "tables": [{"data", "task", "columns", "blocks": [{"reason", "rows"}], "failures"}]}`."""
    content = {"schema": SCHEMA, "tables": [_table(table) for table in tables]}
    # ASCII, so that every name comes back as it was, lone surrogates and control characters included.
    return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=True, allow_nan=False) + "\n"


def _table(table: Table) -> dict[str, Any]:
    return {
        "data": table.data,
        "task": table.task,
        "documents": table.documents,
        "smoke_test": table.smoke_test,
        "columns": [
            {
                "name": column.name,
                "metric": column.key.metric,
                "average": column.key.average,
                "slice": column.key.slice,
                "title": column.title,
                "better": {1: "higher", -1: "lower", 0: None}[column.direction],
            }
            for column in table.columns
        ],
        "baseline": table.baseline,
        "blocks": [{"reason": block.reason or None, "rows": _rows(table, block)} for block in table.blocks],
        "failures": [{"model": failure.model, "reason": failure.reason} for failure in table.failures],
    }


def _ledger(line: Line) -> dict[str, Any]:
    """As in `scores.json`, which has `unseen_gold` only where it may be more than none."""
    found = {"examples": dict(line.examples), "spans": dict(line.spans), "truncated": line.truncated}
    return found if line.unseen_gold is None else {**found, "unseen_gold": line.unseen_gold}


def _rows(table: Table, block: Block) -> list[dict[str, Any]]:
    return [
        {
            "label": line.label,
            "model": line.model,
            "folder": line.folder,
            "gold": line.gold,
            "ranked": line.gold != "oracle",
            **line.identity,
            "ledger": _ledger(line),
            "seconds": line.seconds,
            "examples_per_second": line.rate,
            "cost": line.cost,
            "failure": line.failure,
            "scores": {
                spelled(column.key): {
                    **{name: getattr(cell, name) for name in cell.__dataclass_fields__},
                    **(compared(line, column) if line.gaps or line.letters else {}),
                }
                for column in table.columns
                if (cell := line.cells.get(column.key)) is not None
            },
        }
        for line in block.lines
    ]
