"""Arrow tables from plain rows, without the half second that importing pandas takes.

`pyarrow.Table.from_pylist` imports pandas, where it is installed, to look at each value. Arrow's own JSON reader with
an explicit schema gives the same table and guesses no type.
"""

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.json as pj
from numpy.typing import NDArray


def table(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """A table of the schema, its maps given as lists of pairs; equal to what `Table.from_pylist` makes.

    Args:
        rows: One mapping per row; a name that is absent is null, one that the schema has not is an error.
        schema: Strings, numbers, truth values, lists, structs, and maps at the top level.
    """
    if not rows:
        return schema.empty_table()
    maps = {field.name for field in schema if pa.types.is_map(field.type)}
    loose = pa.schema([(field.name, _pairs(field.type) if field.name in maps else field.type) for field in schema])
    lines = (json.dumps(_spelled(row, maps), ensure_ascii=False, allow_nan=False) for row in rows)
    data = "\n".join(lines).encode("utf-8")
    read = pj.read_json(
        io.BytesIO(data),
        # One block and one thread, so that the same rows are always the same bytes.
        read_options=pj.ReadOptions(use_threads=False, block_size=len(data) + 1),
        parse_options=pj.ParseOptions(explicit_schema=loose, unexpected_field_behavior="error"),
    ).combine_chunks()
    columns = []
    for field in schema:
        column = read.column(field.name).chunk(0)
        if field.name in maps:
            keys, values = (column.values.field(place) for place in (0, 1))
            column = pa.MapArray.from_arrays(column.offsets, keys, values, field.type, mask=column.is_null())
        columns.append(column)
    return pa.Table.from_arrays(columns, schema=schema)


def _pairs(map_type: pa.MapType) -> pa.ListType:
    return pa.list_(pa.struct([("key", map_type.key_type), ("value", map_type.item_type)]))


def _spelled(row: Mapping[str, Any], maps: set[str]) -> dict[str, Any]:
    spelled = dict(row)
    for name in maps:
        if spelled.get(name) is not None:
            spelled[name] = [{"key": key, "value": value} for key, value in spelled[name]]
    return spelled


def string_column(values: Sequence[str]) -> pa.Array:
    """Strings as an Arrow column, made from its buffers: `pa.array` would import pandas."""
    data = "".join(values).encode("utf-8")
    lengths: Iterable[int] = map(len, values)
    if len(data) != sum(map(len, values)):
        lengths = (len(value.encode("utf-8")) for value in values)
    ends = np.fromiter(lengths, dtype=np.int64, count=len(values)).cumsum()
    offsets = np.concatenate([[0], ends]).astype(np.int32 if len(data) < 2**31 else np.int64)
    kind = pa.string() if offsets.dtype == np.int32 else pa.large_string()
    column = pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(offsets), pa.py_buffer(data)])
    return column if kind == pa.string() else column.cast(pa.string())


def map_column(offsets: NDArray[np.int64], keys: pa.Array, items: pa.Array) -> pa.Array:
    """A column of maps: row n has the pairs `offsets[n]` to `offsets[n + 1]`."""
    places = np.ascontiguousarray(offsets, dtype=np.int32)
    column = pa.Array.from_buffers(pa.int32(), len(places), [None, pa.py_buffer(places)])
    return pa.MapArray.from_arrays(column, keys, items)
