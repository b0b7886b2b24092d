"""Stored runs as tables that SQL is asked of: DuckDB in memory, without a way to a file, a network or an extension.

DuckDB is only ever given Arrow data, so nothing it does needs a file; what would is switched off and stays so.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from harness.comparison.stored import Stored
from harness.comparison.table import Failure
from harness.errors import ResourceError, RunError, UsageError
from harness.files import canonical_json
from harness.prediction_file import ADDED
from harness.records import BINS, SPAN_BINS
from harness.report.grid import Grid
from harness.report.shown import UNDEFINED
from harness.run_folder import StoredRun
from harness.tables import table

SCHEMA = "harness.query/1"
MEMORY = "2GB"
# More rows than this are an answer that nobody reads, and could be more than fits in memory.
MOST_ROWS = 1_000_000
# Of them a terminal or a Markdown table shows these.
MOST_SHOWN = 1_000

_LEDGER = (
    ("examples", pa.int64()),
    *((name, pa.int64()) for name in BINS),
    ("truncated", pa.int64()),
    ("unseen_gold", pa.int64()),
    ("spans", pa.int64()),
    *((f"spans_{name}", pa.int64()) for name in SPAN_BINS),
)
_RUN = (("data", pa.string()), ("task", pa.string()), ("model", pa.string()), ("folder", pa.string()))
_IDENTITY = (
    ("status", pa.string()),
    ("gold", pa.string()),
    ("documents", pa.int64()),
    ("gold_sha256", pa.string()),
    ("documents_sha256", pa.string()),
    ("harness", pa.string()),
    ("imported", pa.string()),
)
_SCORES = pa.schema(
    [
        *_RUN,
        ("metric", pa.string()),
        ("average", pa.string()),
        ("slice", pa.string()),
        ("value", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("level", pa.float64()),
        ("method", pa.string()),
        ("n", pa.int64()),
        ("unit", pa.string()),
        ("support", pa.float64()),
        ("unreliable", pa.bool_()),
        ("note", pa.string()),
        ("signature", pa.string()),
        *_IDENTITY,
        *_LEDGER,
    ]
)
_RUNS = pa.schema(
    [
        *_RUN,
        *_IDENTITY,
        ("reason", pa.string()),
        ("label_map", pa.string()),
        ("seconds_load", pa.float64()),
        ("seconds_predict", pa.float64()),
        ("seconds_score", pa.float64()),
        ("asked", pa.int64()),
        ("examples_per_second", pa.float64()),
        ("tokens_per_second", pa.float64()),
        ("peak_memory_bytes", pa.int64()),
        ("cost", pa.string()),
        *_LEDGER,
        ("config", pa.string()),
        ("signature", pa.string()),
        ("versions", pa.string()),
        ("hardware", pa.string()),
    ]
)
# What is read only where a query names it, and from which file of a run.
_FILES = {"predictions": "predictions.parquet", "counts": "counts.parquet"}
_ABOUT = {
    "scores": "one row per score of a run: scores.json, whose run it is, its ledger",
    "runs": "one row per run, failed ones too; config, signature, versions and hardware are JSON",
    "predictions": "one row per example of a run: predictions.parquet",
    "counts": "one row per example and metric of a run: counts.parquet",
}
EXAMPLES = (
    "select data, model, value, low, high, n from scores where metric = 'entity.f1' and average = 'micro' "
    "and slice = 'all' order by value desc",
    "select task, model, seconds_predict, config->>'$.model.name' as name from runs order by seconds_predict desc",
    "select model, label, count(*) as answers from predictions where task = 'stance' group by all order by all",
)


@dataclass(frozen=True)
class Answer:
    """The rows that a query gave.

    Args:
        names: Of the columns; no two alike.
        rows: Values that JSON can hold.
    """

    names: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]


def ask(stored: Stored, sql: str) -> Answer:
    """The answer to one query.

    Raises:
        UsageError: It is no single SELECT, or DuckDB refuses it; says what DuckDB says.
        RunError: A stored file cannot be read.
        ResourceError: DuckDB is not installed.
    """
    try:
        sql.encode()
    except UnicodeEncodeError:
        raise UsageError("query: the SQL is not valid UTF-8") from None
    connection = _connection()
    duckdb = _duckdb()
    try:
        for name, content in _tables(stored, sql).items():
            connection.register(name, content)
        _close(connection)
        _refuse_other_statements(connection, sql)
        found = connection.execute(sql)
        rows = found.fetchmany(MOST_ROWS + 1)
        names = _distinct([str(column[0]) for column in found.description])
    except duckdb.Error as error:
        raise UsageError(_message(error)) from None
    except (RuntimeError, UnicodeError, pa.ArrowException) as error:
        # An answer that Python has no value for.
        raise UsageError(f"query: {type(error).__name__}: {error}") from None
    finally:
        connection.close()
    if len(rows) > MOST_ROWS:
        raise UsageError(f"query: more than {MOST_ROWS:,} rows; put a LIMIT, or let SQL sum them up")
    return Answer(names, [tuple(_plain(value) for value in row) for row in rows])


def grid(answer: Answer) -> Grid:
    """The answer as a table for people, and as records."""
    shown = answer.rows[:MOST_SHOWN]
    number = f"{len(answer.rows):,} row{'' if len(answer.rows) == 1 else 's'}"
    left = len(answer.rows) - len(shown)
    return Grid(
        title=number,
        headings=answer.names,
        rows=[tuple(_cell(value) for value in row) for row in shown],
        records=[dict(zip(answer.names, row, strict=True)) for row in answer.rows],
        right=tuple(
            place
            for place in range(len(answer.names))
            if all(isinstance(row[place], int | float | None) and not isinstance(row[place], bool) for row in shown)
        ),
        notes=[f"{left:,} more rows are not shown here; --format csv or json has them"] if left else [],
        more={"columns": list(answer.names)},
    )


def catalogue(stored: Stored) -> str:
    """The tables, their columns, and queries to begin with."""
    connection = _connection()
    try:
        lines = []
        for name, content in _tables(stored, " ".join(_ABOUT)).items():
            connection.register(name, content)
            columns = connection.execute(f"describe {name}").fetchall()
            lines += [f"{name}: {_ABOUT[name]}", *(f"  {column[0]:21} {column[1].lower()}" for column in columns), ""]
    finally:
        connection.close()
    examples = [f'  python -m harness query "{example}"' for example in EXAMPLES]
    return "\n".join([*lines, "for instance:", *examples]) + "\n"


# ---- DuckDB ---------------------------------------------------------------------------------------------------------


def _duckdb() -> Any:
    try:
        import duckdb
    except ModuleNotFoundError:
        raise ResourceError("query: needs the package duckdb; `pip install duckdb`") from None
    return duckdb


def _connection() -> Any:
    # A table is what was registered, never a variable of this process that bears its name.
    return _duckdb().connect(":memory:", config={"python_enable_replacements": "false", "memory_limit": MEMORY})


def _close(connection: Any) -> None:
    """Takes from the connection every way to what it was not given; it cannot be given back."""
    for setting in (
        "temp_directory = ''",
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        "allow_community_extensions = false",
        "enable_external_access = false",
        "lock_configuration = true",
    ):
        connection.execute(f"SET {setting}")


def _refuse_other_statements(connection: Any, sql: str) -> None:
    kinds = [statement.type.name for statement in connection.extract_statements(sql)]
    if len(kinds) != 1:
        raise UsageError(f"query: expected one SELECT, found {len(kinds) or 'no'} statements")
    # A PIVOT is read as several statements.
    if kinds[0] not in ("SELECT", "EXPLAIN", "MULTI"):
        raise UsageError(
            f"query: expected a SELECT, found {kinds[0]}; results are read, never written, and files, networks and "
            "extensions are switched off"
        )


def _message(error: Exception) -> str:
    said = str(error).strip()
    if "disabled by configuration" in said or "extension" in said:
        return (
            f"query: files, networks and extensions are switched off; only {', '.join(_ABOUT)} are there "
            f"(DuckDB: {said.splitlines()[0]})"
        )
    return f"query: {said}"


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    found: list[str] = []
    for name in names:
        number, own = 1, name
        while own in found:
            number += 1
            own = f"{name}_{number}"
        found.append(own)
    return tuple(found)


# ---- tables ---------------------------------------------------------------------------------------------------------


def _tables(stored: Stored, sql: str) -> dict[str, Any]:
    """The tables that a query may name; those of many rows only where it does."""
    found: dict[str, Any] = {
        "scores": _of_runs(stored.runs, _score_rows, _SCORES),
        "runs": pa.concat_tables(
            [_of_runs(stored.runs, _run_rows, _RUNS), table([_failure_row(f) for f in stored.failures], _RUNS)]
        ),
    }
    for name, file in _FILES.items():
        if re.search(rf"(?i)\b{name}\b", sql):
            found[name] = _of_files(stored.runs, file)
    return found


def _of_runs(
    runs: Sequence[StoredRun], rows: Callable[[StoredRun], list[dict[str, Any]]], schema: pa.Schema
) -> pa.Table:
    parts = [schema.empty_table()]
    for run in runs:
        try:
            parts.append(table(rows(run), schema))
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
            raise RunError(
                f"{run.folder}: scores.json or run.json holds what is no score ({error}); give the run's command again"
            ) from None
    return pa.concat_tables(parts)


def _place(run: StoredRun) -> dict[str, Any]:
    names = {"data": run.scores["data"]["name"], "task": run.scores["task"], "model": run.scores["model"]["name"]}
    return {name: _text(value) for name, value in {**names, "folder": run.folder}.items()}


def _common(run: StoredRun) -> dict[str, Any]:
    scores, ledger = run.scores, run.scores["ledger"]
    imported = run.run.get("imported")
    return {
        **_place(run),
        "status": _text(run.run["status"]),
        "gold": _text(scores["model"].get("gold", "none")),
        "documents": scores["data"]["documents"],
        "gold_sha256": _text(scores["data"]["gold_sha256"]),
        "documents_sha256": _text(scores["data"]["documents_sha256"]),
        "harness": _text(scores.get("harness")),
        "imported": _text(imported["tool"]) if imported else None,
        "examples": ledger["examples"].get("total"),
        **{name: ledger["examples"].get(name) for name in BINS},
        "truncated": ledger["truncated"],
        "unseen_gold": ledger.get("unseen_gold"),
        "spans": ledger["spans"].get("total"),
        **{f"spans_{name}": ledger["spans"].get(name) for name in SPAN_BINS},
    }


def _score_rows(run: StoredRun) -> list[dict[str, Any]]:
    common = _common(run)
    return [
        {
            **common,
            **{name: row.get(name) for name in ("value", "low", "high", "level", "n", "support")},
            **{
                name: _text(row.get(name))
                for name in ("metric", "average", "slice", "method", "unit", "note", "signature")
            },
            "unreliable": bool(row.get("unreliable")),
        }
        for row in run.scores["scores"]
    ]


def _run_rows(run: StoredRun) -> list[dict[str, Any]]:
    measured = run.run
    seconds = measured.get("seconds") or {}
    label_map = run.scores.get("label_map") or {}
    numbers = ("asked", "examples_per_second", "tokens_per_second", "peak_memory_bytes")
    return [
        {
            **_common(run),
            "label_map": _text(label_map.get("name")),
            **{f"seconds_{name}": seconds.get(name) for name in ("load", "predict", "score")},
            **{name: measured.get(name) for name in numbers},
            "cost": _json(measured.get("cost")),
            "config": _json(run.config),
            "signature": _json(run.scores["model"].get("signature")),
            "versions": _json(measured.get("versions")),
            "hardware": _json(measured.get("hardware")),
        }
    ]


def _failure_row(failure: Failure) -> dict[str, Any]:
    named = {"data": failure.data, "task": failure.task, "model": failure.model, "reason": failure.reason}
    return {**{name: _text(value) for name, value in named.items()}, "status": "no scores"}


def _of_files(runs: Sequence[StoredRun], file: str) -> Any:
    """One file of every run as a data set: columns and rows are read as the query needs them."""
    import pyarrow.dataset as ds
    from pyarrow.fs import LocalFileSystem

    if not runs:
        return pa.table({name: pa.nulls(0, kind) for name, kind in _RUN})
    paths = [run.folder / file for run in runs]
    schema = None
    for path in paths:
        try:
            own = pq.read_schema(path)
        except (OSError, pa.ArrowException) as error:
            raise RunError(f"{path}: unreadable ({error}); give the run's command again") from None
        # A file of an earlier version may lack columns, which are null then.
        narrow, wide = sorted((own, schema or own), key=len)
        known = pa.schema([entry for entry in wide if entry.name in narrow.names or entry.name not in ADDED])
        if not known.equals(narrow):
            raise RunError(f"{path}: other columns than {paths[0]} has; give the run's command again")
        schema = wide
    # The rows of a file all belong to one run, so its columns are said once, as what is true of the file.
    said = []
    for run in runs:
        place = _place(run)
        expression = ds.field("data") == place["data"]
        for name in ("task", "model", "folder"):
            expression &= ds.field(name) == place[name]
        said.append(expression)
    of_run = [pa.field(name, kind) for name, kind in _RUN]
    return ds.FileSystemDataset.from_paths(
        [str(path.resolve()) for path in paths],
        schema=pa.schema([*of_run, *(schema or ())]),
        format=ds.ParquetFileFormat(),
        filesystem=LocalFileSystem(),
        partitions=said,
    )


# ---- values ---------------------------------------------------------------------------------------------------------


def _text(value: object) -> str | None:
    # A lone surrogate has no bytes; every other character is kept as it is.
    return None if value is None else str(value).encode("utf-8", "backslashreplace").decode("utf-8")


def _json(value: Any) -> str | None:
    return None if value is None else _text(canonical_json(value))


def _plain(value: Any) -> Any:
    """A value of DuckDB's as JSON has it: what is neither number, text nor nested is spelt."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value)


def _cell(value: Any) -> str:
    if value is None:
        return UNDEFINED
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, dict | list):
        return canonical_json(value)
    return str(value)
