"""Comparisons as records: one per model and score, values as stored. What CSV and Parquet hold."""

from collections.abc import Sequence

from harness.comparison.table import Column, Line, Table
from harness.records import SPAN_BINS

COLUMNS = (
    "data", "task", "block", "model", "folder", "gold", "metric", "average", "slice", "value", "low", "high", "level",
    "method", "n", "unit", "support", "unreliable", "best", "note", "signature", "documents", "gold_sha256",
    "documents_sha256", "examples", "scored", "unparsed", "nonfinite", "failed", "missing", "truncated", "unseen_gold",
    "spans", "spans_ungrounded", "spans_unmapped", "spans_misaligned", "seconds", "examples_per_second", "cost",
    "reason",
)  # fmt: skip
# Beside the scores where a baseline was named, or letters were asked for.
COMPARED = (
    "baseline", "difference", "difference_low", "difference_high", "p", "p_holm", "equivalent", "margin",
    "p_equivalence", "letters",
)  # fmt: skip


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
                    "unseen_gold": line.unseen_gold,
                    "spans": line.spans.get("total"),
                    **spans,
                    "seconds": line.seconds,
                    "examples_per_second": line.rate,
                    "cost": line.cost,
                    "reason": block.reason or None,
                }
                for column in table.columns:
                    cell = line.cells.get(column.key)
                    if cell is not None:
                        key = column.key
                        score = {name: getattr(cell, name) for name in cell.__dataclass_fields__}
                        found.append(
                            {
                                **common,
                                "metric": key.metric,
                                "average": key.average,
                                "slice": key.slice,
                                **score,
                                **compared(line, column),
                            }
                        )
        found += [{**place, "model": failure.model, "reason": failure.reason} for failure in table.failures]
    return found


def columns(tables: Sequence[Table]) -> tuple[str, ...]:
    """The names of the records' values, in order."""
    compared = any(line.gaps or line.letters for table in tables for line in table.lines)
    return (*COLUMNS, *(COMPARED if compared else ()))


def compared(line: Line, column: Column) -> dict[str, object]:
    """What stands beside a score: its difference to the baseline, and its letters."""
    gap = line.gaps.get(column.key)
    found: dict[str, object] = {"letters": line.letters.get(column.key)}
    if gap is None:
        return found
    test = gap.test
    return {
        **found,
        "baseline": gap.pair.b,
        "difference": gap.pair.difference,
        "difference_low": gap.pair.low,
        "difference_high": gap.pair.high,
        "p": gap.pair.p,
        "p_holm": gap.pair.p_holm,
        "equivalent": test.equivalent if test else None,
        "margin": test.margin if test else None,
        "p_equivalence": test.p if test else None,
    }
