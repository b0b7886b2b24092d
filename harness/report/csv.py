"""Comparisons as CSV for spreadsheets, tidy: one line per model and score, values as stored."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from harness.comparison.table import Table
from harness.report.tidy import columns, rows
from harness.run_folder import csv_cell


def render(tables: Sequence[Table]) -> str:
    """One line per model and score; a model without scores has one line with its reason.

    Rows may be ranked together where `data`, `task` and `block` are equal. A string that a spreadsheet would take for a
    formula gets a leading quote.
    """
    names = columns(tables)
    return lines(rows(tables), names)


def lines(records: Iterable[Mapping[str, Any]], names: Sequence[str]) -> str:
    """A line of the names, and one for each record."""
    return "\n".join([line(names), *(line([record.get(name) for name in names]) for record in records)]) + "\n"


def line(values: Iterable[object]) -> str:
    """One line of CSV, without its end."""
    stream = io.StringIO()
    # The module quotes a line break only where its kind is in the terminator, and a cell may hold either kind.
    csv.writer(stream, lineterminator="\r\n").writerow([csv_cell(storable(value)) for value in values])
    return stream.getvalue().removesuffix("\r\n")


def storable(value: object) -> object:
    """A value that has bytes."""
    # A lone surrogate has no bytes; every other character is kept as it is.
    return value.encode("utf-8", "backslashreplace").decode("utf-8") if isinstance(value, str) else value
