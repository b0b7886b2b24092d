"""Comparisons as Parquet: the records that CSV holds, exact and typed."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from harness.report.csv import storable

# In the file's metadata: by it a table is known from any other file.
_MARK = b"harness.table"


def render(records: Sequence[Mapping[str, Any]], names: Sequence[str]) -> bytes:
    """One row per record, one column per name; a column in which nothing has a value is one of strings."""
    columns = [pa.array([storable(record.get(name)) for record in records]) for name in names]
    columns = [column.cast(pa.string()) if pa.types.is_null(column.type) else column for column in columns]
    stream = io.BytesIO()
    table = pa.Table.from_arrays(columns, names=list(names), metadata={_MARK: b"1"})
    pq.write_table(table, stream, compression="zstd")
    return stream.getvalue()


def is_table(path: Path) -> bool:
    """Whether `render` made a file."""
    try:
        return _MARK in (pq.read_schema(path).metadata or {})
    except (OSError, pa.ArrowException):
        return False
