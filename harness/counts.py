"""The counts of a run: one sparse table per metric, in memory and in `counts.parquet`, and each unit's sums."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from harness.metric.base import Additive, Array, Counts, Key, Metric
from harness.tables import map_column, string_column

SCHEMA = pa.schema(
    [
        ("example", pa.string()),
        ("document", pa.string()),
        ("unit", pa.string()),
        ("metric", pa.string()),
        ("state", pa.map_(pa.string(), pa.float64())),
        ("fields", pa.map_(pa.string(), pa.string())),
    ]
)
# A table of units by names with more cells than this is kept sparse.
_DENSE_CELLS = 40_000_000
# Rows that are turned into Arrow columns at once.
_ROWS = 200_000

Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class CountRow:
    """The mergeable state of one metric for one example (or document)."""

    example: str
    document: str
    unit: str
    metric: str
    state: Counts
    fields: Mapping[str, str]


@dataclass(frozen=True)
class CountTable:
    """The mergeable state of one metric for every example (or document), in the order of the examples.

    Args:
        metric: What the configuration calls the metric.
        examples: Example ids.
        documents: Their documents' ids.
        units: What is resampled: as `Example.unit` has it.
        fields: What each can be sliced by.
        names: Names of counts, sorted.
        offsets: Row n has the entries `offsets[n]` to `offsets[n + 1]`.
        columns: Place in `names` of each entry.
        values: Its count.
    """

    metric: str
    examples: Sequence[str]
    documents: Sequence[str]
    units: Sequence[str]
    fields: Sequence[Mapping[str, str]]
    names: tuple[str, ...]
    offsets: Places
    columns: Places
    values: Array

    @classmethod
    def of(cls, metric: str, rows: Iterable[CountRow]) -> "CountTable":
        """The table of rows of one metric."""
        examples: list[str] = []
        documents: list[str] = []
        units: list[str] = []
        fields: list[Mapping[str, str]] = []
        place: dict[str, int] = {}
        ends, columns, values = [0], [], []
        for row in rows:
            examples.append(row.example)
            documents.append(row.document)
            units.append(row.unit)
            fields.append(row.fields)
            for name, value in row.state.items():
                columns.append(place.setdefault(name, len(place)))
                values.append(value)
            ends.append(len(columns))
        table = cls(
            metric=metric,
            examples=examples,
            documents=documents,
            units=units,
            fields=fields,
            names=tuple(place),
            offsets=np.asarray(ends, dtype=np.int64),
            columns=np.asarray(columns, dtype=np.int64),
            values=np.asarray(values, dtype=np.float64),
        )
        return table._sorted()

    def __len__(self) -> int:
        return len(self.examples)

    def rows(self) -> Iterator[CountRow]:
        """Row by row."""
        for number, example in enumerate(self.examples):
            entries = slice(self.offsets[number], self.offsets[number + 1])
            names = (self.names[column] for column in self.columns[entries])
            state = dict(zip(names, self.values[entries].tolist(), strict=True))
            yield CountRow(example, self.documents[number], self.units[number], self.metric, state, self.fields[number])

    def chosen(self, numbers: Places) -> "CountTable":
        """The rows of these numbers, and the names that they have."""
        lengths = np.diff(self.offsets)[numbers]
        entries = np.repeat(self.offsets[numbers] - _starts(lengths), lengths) + np.arange(lengths.sum())
        columns = self.columns[entries]
        present = np.unique(columns)
        place = np.zeros(len(self.names), dtype=np.int64)
        place[present] = np.arange(len(present))
        return CountTable(
            metric=self.metric,
            examples=[self.examples[n] for n in numbers],
            documents=[self.documents[n] for n in numbers],
            units=[self.units[n] for n in numbers],
            fields=[self.fields[n] for n in numbers],
            names=tuple(self.names[n] for n in present),
            offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            columns=place[columns],
            values=self.values[entries],
        )

    def _sorted(self) -> "CountTable":
        """The same with its names, and each row's entries, sorted by name."""
        order = sorted(range(len(self.names)), key=self.names.__getitem__)
        place = np.empty(len(order), dtype=np.int64)
        place[order] = np.arange(len(order))
        columns = place[self.columns] if len(order) else self.columns
        owner = np.repeat(np.arange(len(self)), np.diff(self.offsets))
        entries = np.lexsort((columns, owner))
        return CountTable(
            metric=self.metric,
            examples=self.examples,
            documents=self.documents,
            units=self.units,
            fields=self.fields,
            names=tuple(self.names[n] for n in order),
            offsets=self.offsets,
            columns=columns[entries],
            values=self.values[entries],
        )


def _starts(lengths: Places) -> Places:
    return np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64) if len(lengths) else lengths


# ---- by unit --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class UnitTable:
    """Counts summed by what is resampled.

    Args:
        names: Count names, sorted.
        matrix: Shape (units, names), a NumPy array, or a SciPy sparse array where it would be too large; by `ids`.
        ids: The units' ids, sorted.
        unit: `document`, `sentence`, or None where there is nothing to resample.
    """

    names: list[str]
    matrix: Any
    ids: list[str]
    unit: str | None

    @property
    def units(self) -> int:
        """Number of units."""
        return len(self.ids)

    def sums(self) -> dict[str, float]:
        """The counts of all units together."""
        totals = np.asarray(self.matrix.sum(axis=0), dtype=np.float64).ravel().tolist()
        return dict(zip(self.names, totals, strict=True))


def unit_table(table: CountTable, metric: Metric) -> UnitTable:
    """Sums the counts of each unit, giving each document the weight that the metric says it has."""
    documents = len(set(table.documents))
    # A mean over documents cannot be resampled by sentence: a sentence has no share in its document's mean.
    by_sentence = isinstance(metric, Additive) and (
        all(table.units) and any(unit != doc for unit, doc in zip(table.units, table.documents, strict=True))
    )
    owners = table.units if by_sentence else table.documents
    ids = sorted(set(owners))
    index = {name: number for number, name in enumerate(ids)}
    of_row = np.fromiter((index[owner] for owner in owners), dtype=np.int64, count=len(owners))
    of_entry = np.repeat(of_row, np.diff(table.offsets))
    shape = (len(ids), len(table.names))
    matrix: Any
    if shape[0] * shape[1] <= _DENSE_CELLS or not isinstance(metric, Additive):
        cells = of_entry * shape[1] + table.columns
        matrix = np.bincount(cells, weights=table.values, minlength=shape[0] * shape[1]).reshape(shape)
    else:
        # Sets that are stored as counts (a name per string) have a name for every string, and few in a document.
        import scipy.sparse as sp

        matrix = sp.csr_array((table.values, (of_entry, table.columns)), shape=shape)
    if not isinstance(metric, Additive) and table.names:
        weighted = metric.per_document({name: matrix[:, number] for number, name in enumerate(table.names)})
        matrix = np.column_stack([weighted[name] for name in table.names])
    unit = "sentence" if by_sentence else "document" if documents > 1 or not len(table) else None
    return UnitTable(list(table.names), matrix, ids, unit)


# ---- the file -------------------------------------------------------------------------------------------------------


def write_counts(stream: IO[bytes], tables: Sequence[CountTable]) -> None:
    """`counts.parquet`: one row per example and metric, metric by metric."""
    with pq.ParquetWriter(stream, SCHEMA, compression="zstd") as writer:
        for table in tables:
            for first in range(0, len(table), _ROWS):
                writer.write_table(_arrow(table, first, min(len(table), first + _ROWS)))


def _arrow(table: CountTable, first: int, last: int) -> pa.Table:
    entries = slice(int(table.offsets[first]), int(table.offsets[last]))
    names = string_column(table.names)
    fields = [sorted(one.items()) for one in table.fields[first:last]]
    return pa.Table.from_arrays(
        [
            string_column(table.examples[first:last]),
            string_column(table.documents[first:last]),
            string_column(table.units[first:last]),
            string_column([table.metric] * (last - first)),
            map_column(
                table.offsets[first : last + 1] - table.offsets[first],
                names.take(_int_column(table.columns[entries])),
                _float_column(table.values[entries]),
            ),
            map_column(
                np.concatenate([[0], np.cumsum([len(one) for one in fields], dtype=np.int64)]),
                string_column([key for one in fields for key, _ in one]),
                string_column([value for one in fields for _, value in one]),
            ),
        ],
        schema=SCHEMA,
    )


def _int_column(values: Places) -> pa.Array:
    return pa.Array.from_buffers(pa.int64(), len(values), [None, pa.py_buffer(np.ascontiguousarray(values))])


def _float_column(values: Array) -> pa.Array:
    return pa.Array.from_buffers(pa.float64(), len(values), [None, pa.py_buffer(np.ascontiguousarray(values))])


def read_counts(path: Any, wanted: Callable[[str], bool] = lambda _: True) -> dict[str, CountTable]:
    """The tables of `counts.parquet` by metric, in the order of the file.

    Args:
        path: The file.
        wanted: Which metrics to read, by name.

    Raises:
        OSError, ValueError, TypeError, pyarrow.ArrowException: It cannot be read, or has other columns.
    """
    whole = pq.read_table(path, schema=SCHEMA).combine_chunks()
    if not len(whole):
        return {}
    columns = {name: whole.column(name).chunk(0) for name in whole.column_names}
    metrics = columns["metric"].to_pylist()
    borders = [0, *(n for n in range(1, len(metrics)) if metrics[n] != metrics[n - 1]), len(metrics)]
    fields: dict[tuple[tuple[str, str], ...], dict[str, str]] = {}
    found = {}
    for first, last in pairwise(borders):
        if not wanted(metrics[first]):
            continue
        part = {name: column.slice(first, last - first) for name, column in columns.items()}
        state = part["state"]
        offsets = state.offsets.to_numpy()
        entries = slice(int(offsets[0]), int(offsets[-1]))
        keys = state.keys[entries].dictionary_encode()
        # Equal mappings are one object, since there are few of them.
        sliced = [fields.setdefault(key, dict(key)) for key in map(tuple, part["fields"].to_pylist())]
        table = CountTable(
            metric=metrics[first],
            examples=part["example"].to_pylist(),
            documents=part["document"].to_pylist(),
            units=part["unit"].to_pylist(),
            fields=sliced,
            names=tuple(keys.dictionary.to_pylist()),
            offsets=offsets.astype(np.int64) - int(offsets[0]),
            columns=keys.indices.to_numpy().astype(np.int64),
            values=state.items[entries].to_numpy().astype(np.float64),
        )
        found[table.metric] = table._sorted()
    return found


def all_rows(tables: Iterable[CountTable]) -> Iterator[CountRow]:
    """The rows of several tables, one after the other."""
    return chain.from_iterable(table.rows() for table in tables)


@dataclass(frozen=True)
class Behind:
    """What a score is computed from.

    Args:
        metric: Its metric.
        table: The counts of the rows that it is about.
        key: What the metric's `compute` calls it: `all` where the slice is a field of examples.
    """

    metric: Metric
    table: CountTable
    key: Key


def counts_behind(key: Key, tables: Mapping[str, CountTable], metrics: Mapping[str, Metric]) -> Behind | None:
    """The counts that a score of a run was computed from, or None where none of the metrics gives it.

    Args:
        key: The score.
        tables: The run's counts, by metric.
        metrics: The run's metrics, by the same names.
    """
    field_name, _, value = key.slice.partition("=")
    for name, table in tables.items():
        metric, wanted, chosen = metrics[name], key, table
        if key.slice != "all" and any(field_name in fields for fields in table.fields):
            numbers = [number for number, fields in enumerate(table.fields) if fields.get(field_name) == value]
            wanted, chosen = replace(key, slice="all"), table.chosen(np.asarray(numbers, dtype=np.int64))
        if wanted in metric.compute(unit_table(chosen, metric).sums() or {"": 0.0}):
            return Behind(metric, chosen, wanted)
    return None
