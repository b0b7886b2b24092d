"""Comparisons as Parquet: the records that CSV holds, exact and typed."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from harness.report.csv import storable


def render(records: Sequence[Mapping[str, Any]], names: Sequence[str]) -> bytes:
    """One row per record, one column per name; a column in which nothing has a value is one of strings."""
    columns = [pa.array([storable(record.get(name)) for record in records]) for name in names]
    columns = [column.cast(pa.string()) if pa.types.is_null(column.type) else column for column in columns]
    stream = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(columns, names=list(names)), stream, compression="zstd")
    return stream.getvalue()
