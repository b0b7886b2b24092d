"""Comparisons as CSV for spreadsheets, tidy: one line per model and score, values as stored."""

import csv
import io
from collections.abc import Sequence

from harness.comparison.table import Table
from harness.records import SPAN_BINS
from harness.run_folder import csv_cell

COLUMNS = (
    "data", "task", "block", "model", "folder", "gold", "metric", "average", "slice", "value", "low", "high", "level",
    "method", "n", "unit", "support", "unreliable", "best", "note", "signature", "documents", "gold_sha256",
    "documents_sha256", "examples", "scored", "unparsed", "nonfinite", "failed", "missing", "truncated", "spans",
    "spans_ungrounded", "spans_unmapped", "spans_misaligned", "seconds", "examples_per_second", "reason",
)  # fmt: skip


def render(tables: Sequence[Table]) -> str:
    """One line per model and score; a model without scores has one line with its reason.

    Rows may be ranked together where `data`, `task` and `block` are equal. A string that a spreadsheet would take for a
    formula gets a leading quote.
    """
    lines = [",".join(COLUMNS)]
    for row in rows(tables):
        stream = io.StringIO()
        # The module quotes a line break only where its kind is in the terminator, and a cell may hold either kind.
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\r\n", restval="")
        writer.writerow({name: csv_cell(_storable(value)) for name, value in row.items()})
        lines.append(stream.getvalue().removesuffix("\r\n"))
    return "\n".join(lines) + "\n"


def rows(tables: Sequence[Table]) -> list[dict[str, object]]:
    """The lines as values, unrounded."""
    found: list[dict[str, object]] = []
    for table in tables:
        place: dict[str, object] = {"data": table.data, "task": table.task}
        for number, block in enumerate(table.blocks, start=1):
            for line in block.lines:
                bins = {
                    name: line.examples.get(name) for name in ("scored", "unparsed", "nonfinite", "failed", "missing")
                }
                spans = {f"spans_{name}": line.spans.get(name) for name in SPAN_BINS[1:]}
                common: dict[str, object] = {
                    **place,
                    "block": number,
                    "model": line.label,
                    "folder": line.folder,
                    "gold": line.gold,
                    **line.identity,
                    "examples": line.examples.get("total"),
                    **bins,
                    "truncated": line.truncated,
                    "spans": line.spans.get("total"),
                    **spans,
                    "seconds": line.seconds,
                    "examples_per_second": line.rate,
                    "reason": block.reason or None,
                }
                for column in table.columns:
                    cell = line.cells.get(column.key)
                    if cell is not None:
                        key = column.key
                        score = {name: getattr(cell, name) for name in cell.__dataclass_fields__}
                        found.append(
                            {**common, "metric": key.metric, "average": key.average, "slice": key.slice, **score}
                        )
        found += [{**place, "model": failure.model, "reason": failure.reason} for failure in table.failures]
    return found


def _storable(value: object) -> object:
    # A lone surrogate has no bytes; every other character is kept as it is.
    return value.encode("utf-8", "backslashreplace").decode("utf-8") if isinstance(value, str) else value
