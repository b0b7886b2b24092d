"""The counts of a run: one sparse table per metric, in memory and in `counts.parquet`, and each unit's sums."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from harness.coded import Coded, Places, combined, read_arrow
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
class Counted:
    """What the rows of tables are about; the tables of a run's metrics share it.

    Args:
        examples: Example ids, or documents' where whole documents were counted.
        documents: Their documents' ids.
        units: What is resampled: as `Example.unit` has it.
        fields: What each can be sliced by.
    """

    examples: Sequence[str]
    documents: Coded[str]
    units: Coded[str]
    fields: Coded[Mapping[str, str]]

    @classmethod
    def of(
        cls,
        examples: Sequence[str],
        documents: Sequence[str],
        units: Sequence[str],
        fields: Sequence[Mapping[str, str]],
    ) -> "Counted":
        """From one value per row."""
        of_documents: Coded[str] = Coded.of(documents).sorted()
        of_units = of_documents if units == documents else Coded.of(units).sorted()
        return cls(examples, of_documents, of_units, Coded.of_objects(fields))


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
    documents: Coded[str]
    units: Coded[str]
    fields: Coded[Mapping[str, str]]
    names: tuple[str, ...]
    offsets: Places
    columns: Places
    values: Array

    @classmethod
    def of(cls, metric: str, rows: Iterable[CountRow]) -> "CountTable":
        """The table of rows of one metric."""
        kept = list(rows)
        counted = Counted.of(
            [row.example for row in kept],
            [row.document for row in kept],
            [row.unit for row in kept],
            [row.fields for row in kept],
        )
        return cls.of_states(metric, counted, (row.state for row in kept))

    @classmethod
    def of_states(
        cls, metric: str, counted: Counted, states: Iterable[Counts], numbers: Places | None = None
    ) -> "CountTable":
        """The table of one state per row.

        Args:
            metric: What the configuration calls the metric.
            counted: What the rows are about.
            states: The state of each row; with `numbers`, the distinct ones.
            numbers: For each row, which of the states is its own.
        """
        place: dict[str, int] = {}
        ends: list[int] = [0]
        columns: list[int] = []
        values: list[float] = []
        for state in states:
            for name, value in state.items():
                columns.append(place.setdefault(name, len(place)))
                values.append(value)
            ends.append(len(columns))
        return cls.of_arrays(
            metric,
            counted,
            tuple(place),
            np.asarray(ends, dtype=np.int64),
            np.asarray(columns, dtype=np.int64),
            np.asarray(values, dtype=np.float64),
            numbers,
        )

    @classmethod
    def of_arrays(
        cls,
        metric: str,
        counted: Counted,
        names: tuple[str, ...],
        offsets: Places,
        columns: Places,
        values: Array,
        numbers: Places | None = None,
    ) -> "CountTable":
        """As `of_states`, from states as the table has them, in any order of the names."""
        names, offsets, places, counts = _by_name(names, offsets, columns, values)
        if numbers is not None:
            offsets, entries = _entries(offsets, numbers)
            places, counts = places[entries], counts[entries]
        return cls(
            metric=metric,
            examples=counted.examples,
            documents=counted.documents,
            units=counted.units,
            fields=counted.fields,
            names=names,
            offsets=offsets,
            columns=places,
            values=counts,
        )

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
        offsets, entries = _entries(self.offsets, numbers)
        columns = self.columns[entries]
        present = np.flatnonzero(np.bincount(columns, minlength=len(self.names)))
        place = np.zeros(len(self.names), dtype=np.int64)
        place[present] = np.arange(len(present))
        documents = self.documents.take(numbers)
        return CountTable(
            metric=self.metric,
            examples=[self.examples[n] for n in numbers.tolist()],
            documents=documents,
            units=documents if self.units is self.documents else self.units.take(numbers),
            fields=self.fields.take(numbers),
            names=tuple(self.names[n] for n in present),
            offsets=offsets,
            columns=place[columns],
            values=self.values[entries],
        )

    def with_field(self, name: str) -> dict[str, Places]:
        """The numbers of the rows that have the field, ascending, by its value, sorted."""
        values = Coded.of([fields.get(name) for fields in self.fields.values])
        of_row = values.codes[self.fields.codes] if len(values) else self.fields.codes
        order = np.argsort(of_row, kind="stable")
        borders = np.searchsorted(of_row[order], np.arange(len(values.values) + 1))
        found = {
            value: order[borders[number] : borders[number + 1]]
            for number, value in enumerate(values.values)
            if value is not None and borders[number] < borders[number + 1]
        }
        return dict(sorted(found.items()))


def _entries(offsets: Places, numbers: Places) -> tuple[Places, Places]:
    """The offsets of a table that has these rows of another one, and which entries of the other they have."""
    lengths = np.diff(offsets)[numbers]
    ends = np.cumsum(lengths)
    entries = np.repeat(offsets[numbers] - (ends - lengths), lengths) + np.arange(lengths.sum())
    return np.concatenate([[0], ends]).astype(np.int64), entries


def _by_name(
    names: tuple[str, ...], offsets: Places, columns: Places, values: Array
) -> tuple[tuple[str, ...], Places, Places, Array]:
    """The same with the names, and each row's entries, sorted by name."""
    order = sorted(range(len(names)), key=names.__getitem__)
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    columns = place[columns] if len(order) else columns
    owner = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    entries = np.lexsort((columns, owner))
    return tuple(names[n] for n in order), offsets, columns[entries], values[entries]


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
    # A mean over documents cannot be resampled by sentence: a sentence has no share in its document's mean.
    by_sentence = isinstance(metric, Additive) and _has_units(table)
    owners: Coded[str] = (table.units if by_sentence else table.documents).sorted()
    present = owners.present()
    ids = [owners.values[number] for number in present.tolist()]
    place = np.zeros(len(owners.values), dtype=np.int64)
    place[present] = np.arange(len(present))
    of_entry = np.repeat(place[owners.codes], np.diff(table.offsets))
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
    unit = "sentence" if by_sentence else "document" if len(ids) > 1 or not len(table) else None
    return UnitTable(list(table.names), matrix, ids, unit)


def folded(table: UnitTable, metric: Metric, key: Key) -> UnitTable:
    """The counts that are enough for one score; all of them where the metric does not say which are.

    Args:
        table: The units' counts.
        metric: Their metric.
        key: One of its scores.
    """
    fold: Callable[[Key, str], str | None] | None = getattr(metric, "folded", None)
    given = [fold(key, name) if fold else name for name in table.names]
    names = sorted({name for name in given if name is not None})
    if not names or names == table.names:
        return table
    place = {name: number for number, name in enumerate(names)}
    sums = np.zeros((len(given), len(names)))
    for number, name in enumerate(given):
        if name is not None:
            sums[number, place[name]] = 1.0
    return replace(table, names=names, matrix=table.matrix @ sums)


def _has_units(table: CountTable) -> bool:
    """Whether every row has a unit, and some unit is another one than its document."""
    units, documents = table.units, table.documents
    if units is documents:
        return False
    number = {document: code for code, document in enumerate(documents.values)}
    as_documents = np.fromiter((number.get(unit, -1) for unit in units.values), dtype=np.int64, count=len(units.values))
    nameless = [code for code, unit in enumerate(units.values) if not unit]
    return not np.isin(units.codes, nameless).any() and bool((as_documents[units.codes] != documents.codes).any())


# ---- the file -------------------------------------------------------------------------------------------------------


def write_counts(stream: IO[bytes], tables: Sequence[CountTable]) -> None:
    """`counts.parquet`: one row per example and metric, metric by metric."""
    with pq.ParquetWriter(stream, SCHEMA, compression="zstd") as writer:
        for table in tables:
            for first in range(0, len(table), _ROWS):
                writer.write_table(_arrow(table, first, min(len(table), first + _ROWS)))


def _arrow(table: CountTable, first: int, last: int) -> pa.Table:
    entries = slice(int(table.offsets[first]), int(table.offsets[last]))
    return pa.Table.from_arrays(
        [
            string_column(table.examples[first:last]),
            table.documents[first:last].arrow(string_column),
            table.units[first:last].arrow(string_column),
            Coded([table.metric], np.zeros(last - first, dtype=np.int64)).arrow(string_column),
            map_column(
                table.offsets[first : last + 1] - table.offsets[first],
                string_column(table.names).take(_int_column(table.columns[entries])),
                _float_column(table.values[entries]),
            ),
            table.fields[first:last].arrow(_fields_column),
        ],
        schema=SCHEMA,
    )


def _fields_column(fields: Sequence[Mapping[str, str]]) -> pa.Array:
    pairs = [sorted(one.items()) for one in fields]
    return map_column(
        np.concatenate([[0], np.cumsum([len(one) for one in pairs], dtype=np.int64)]),
        string_column([key for one in pairs for key, _ in one]),
        string_column([value for one in pairs for _, value in one]),
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
    with pq.ParquetFile(path) as stored:
        # Only by the schema are missing columns found out.
        if not stored.schema_arrow.equals(SCHEMA):
            raise ValueError(f"expected the columns {', '.join(SCHEMA.names)}")
        whole = stored.read().combine_chunks()
    if not len(whole):
        return {}
    columns = {name: whole.column(name).chunk(0) for name in whole.column_names}
    metrics = read_arrow(columns["metric"])
    borders = [0, *(np.flatnonzero(np.diff(metrics.codes)) + 1).tolist(), len(metrics)]
    found = {}
    for first, last in pairwise(borders):
        if not wanted(metrics[first]):
            continue
        part = {name: column.slice(first, last - first) for name, column in columns.items()}
        state = part["state"]
        offsets = state.offsets.to_numpy()
        entries = slice(int(offsets[0]), int(offsets[-1]))
        keys = state.keys[entries].dictionary_encode()
        names, offsets, of_entry, values = _by_name(
            tuple(keys.dictionary.to_pylist()),
            offsets.astype(np.int64) - int(offsets[0]),
            keys.indices.to_numpy().astype(np.int64),
            state.items[entries].to_numpy().astype(np.float64),
        )
        documents: Coded[str] = read_arrow(part["document"]).sorted()
        units: Coded[str] = read_arrow(part["unit"]).sorted()
        same = units.values == documents.values and np.array_equal(units.codes, documents.codes)
        found[metrics[first]] = CountTable(
            metric=metrics[first],
            examples=part["example"].to_pylist(),
            documents=documents,
            units=documents if same else units,
            fields=_read_fields(part["fields"]),
            names=names,
            offsets=offsets,
            columns=of_entry,
            values=values,
        )
    return found


def _read_fields(column: pa.Array) -> Coded[Mapping[str, str]]:
    """Equal mappings are one value, since there are few of them."""
    offsets = column.offsets.to_numpy()
    entries = slice(int(offsets[0]), int(offsets[-1]))
    keys, items = read_arrow(column.keys[entries]), read_arrow(column.items[entries])
    pairs = keys.codes * max(1, len(items.values)) + items.codes
    lengths = np.diff(offsets)
    if len(lengths) and (lengths == lengths[0]).all():
        # The usual case: each row has as many fields as any other.
        rows = pairs.reshape(len(lengths), lengths[0])
        kinds_of = (np.unique(column, return_inverse=True) for column in rows.T)
        columns = [Coded(values.tolist(), codes) for values, codes in kinds_of]
        numbers = combined(columns) if columns else np.zeros(len(lengths), dtype=np.int64)
        _, firsts, of_row = np.unique(numbers, return_index=True, return_inverse=True)
        kinds = rows[firsts].tolist()
    else:
        borders = (offsets - offsets[0]).tolist()
        coded = Coded.of([pairs[first:last].tobytes() for first, last in pairwise(borders)])
        of_row = coded.codes
        kinds = [np.frombuffer(one, dtype=np.int64).tolist() for one in coded.values]
    size = len(items.values)
    return Coded([{keys.values[pair // size]: items.values[pair % size] for pair in kind} for kind in kinds], of_row)


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
        # A metric may have slices of its own under the name of a field (`length=4+`), with other values.
        if key.slice != "all" and (numbers := table.with_field(field_name).get(value)) is not None:
            wanted, chosen = replace(key, slice="all"), table.chosen(numbers)
        if wanted in metric.compute(unit_table(chosen, metric).sums() or {"": 0.0}):
            return Behind(metric, chosen, wanted)
    return None
