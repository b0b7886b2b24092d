"""Arrow tables from plain Python values, without the half second that importing pandas takes.

`pyarrow.array` and `Table.from_pylist` import pandas, where it is installed, to look at each value. Here columns are
made from their buffers under an explicit type, which is faster as well, and guesses nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def table(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """A table of the schema, its maps given as lists of pairs; equal to what `Table.from_pylist` makes.

    Args:
        rows: One mapping per row; a name that is absent is null, one that the schema has not is an error.
        schema: Strings, whole numbers, floats, truth values, and lists, structs and maps of them.

    Raises:
        ValueError: A row has a name that the schema has not, or a value that is not of its column's type.
    """
    names = set(schema.names)
    for number, row in enumerate(rows):
        if not row.keys() <= names:
            raise ValueError(f"row {number} has {sorted(row.keys() - names)}, the schema has {schema.names}")
    return pa.Table.from_arrays([column([row.get(f.name) for row in rows], f.type) for f in schema], schema=schema)


def column(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Values as an Arrow array of a type, None as null."""
    valid = np.fromiter((value is not None for value in values), dtype=np.bool_, count=len(values))
    nulls = None if valid.all() else pa.py_buffer(np.packbits(valid, bitorder="little"))
    if not valid.any() and len(values):
        return pa.nulls(len(values), kind)
    if pa.types.is_string(kind):
        return _strings(values, nulls)
    if pa.types.is_struct(kind):
        parts = [column([None if value is None else value.get(f.name) for value in values], f.type) for f in kind]
        return pa.Array.from_buffers(kind, len(values), [nulls], children=parts)
    if pa.types.is_list(kind) or pa.types.is_map(kind):
        ends = np.fromiter((len(value or ()) for value in values), dtype=np.int64, count=len(values)).cumsum()
        items = list(chain.from_iterable(value or () for value in values))
        if pa.types.is_map(kind):
            pairs = [
                column([pair[place] for pair in items], t) for place, t in ((0, kind.key_type), (1, kind.item_type))
            ]
            child = pa.StructArray.from_arrays(pairs, fields=[kind.key_field, kind.item_field])
        else:
            child = column(items, kind.value_type)
        return pa.Array.from_buffers(kind, len(values), [nulls, _offsets(ends)], children=[child])
    return _numbers(values, kind, nulls)


def string_column(values: Sequence[str]) -> pa.Array:
    """Strings as an Arrow array."""
    return _strings(values, None)


def map_column(offsets: NDArray[np.int64], keys: pa.Array, items: pa.Array) -> pa.Array:
    """An array of maps: row n has the pairs `offsets[n]` to `offsets[n + 1]`."""
    kind = pa.map_(keys.type, items.type)
    child = pa.StructArray.from_arrays([keys, items], fields=[kind.key_field, kind.item_field])
    return pa.Array.from_buffers(kind, len(offsets) - 1, [None, _offsets(offsets[1:])], children=[child])


def _strings(values: Sequence[Any], nulls: Any) -> pa.Array:
    present = [value or "" for value in values] if nulls is not None else values
    data = "".join(present).encode("utf-8")
    lengths: Iterable[int] = map(len, present)
    if len(data) != sum(map(len, present)):
        lengths = (len(value.encode("utf-8")) for value in present)
    ends = np.fromiter(lengths, dtype=np.int64, count=len(values)).cumsum()
    return pa.Array.from_buffers(pa.string(), len(values), [nulls, _offsets(ends), pa.py_buffer(data)])


def _numbers(values: Sequence[Any], kind: pa.DataType, nulls: Any) -> pa.Array:
    present = (0 if value is None else value for value in values)
    if pa.types.is_boolean(kind):
        flags = np.fromiter(present, dtype=np.bool_, count=len(values))
        return pa.Array.from_buffers(kind, len(values), [nulls, pa.py_buffer(np.packbits(flags, bitorder="little"))])
    wanted = int | float if pa.types.is_floating(kind) else int
    wrong = next((value for value in values if value is not None and not isinstance(value, wanted)), None)
    if wrong is not None:
        raise ValueError(f"{wrong!r} is no {kind}")
    numbers = np.fromiter(present, dtype=kind.to_pandas_dtype(), count=len(values))
    return pa.Array.from_buffers(kind, len(values), [nulls, pa.py_buffer(numbers)])


def _offsets(ends: NDArray[np.int64]) -> Any:
    """Arrow's offsets, from where each value ends; one array holds at most 2^31 bytes or items."""
    if len(ends) and ends[-1] >= 2**31:
        raise ValueError(f"a column of {ends[-1]} bytes or items is more than one Arrow array holds (2^31)")
    return pa.py_buffer(np.concatenate([[0], ends]).astype(np.int32))
