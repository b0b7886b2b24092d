"""Tables with a column map: local CSV, TSV, JSON, JSON Lines or Parquet, or a `datasets` name from the local cache.

CSV is read with `csv`: a string stays the string it was (`001`, `2020-01-01`, `NA`). Parquet is read with its own types
and the class names that `datasets` stores beside them. A name is looked up in the cache of `datasets` alone, offline.
"""

import csv
import datetime
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.errors import DataError, ResourceError
from harness.files import MAX_DOCUMENT_CHARACTERS, MAX_FILE_BYTES
from harness.format.limits import (
    document_row,
    json_objects,
    list_files,
    read_text,
    shown,
    span_fault,
    span_row,
    text_fault,
)
from harness.records import Row
from harness.tags import Scheme, count_invalid, find_scheme, spans_of, split_tag

# What a key of `columns` can mean; any other key is a metadata field of the document.
FIELDS = ("id", "text", "tokens", "tags", "entities", "target", "stance", "summary", "style")
_SUFFIXES = (".csv", ".tsv", ".json", ".jsonl", ".jsonl.gz", ".parquet")

# Place, and the values of one row by field.
_Values = tuple[str, dict[str, Any]]


@dataclass(slots=True)
class _Read:
    """What has been read so far."""

    faults: list[str] = field(default_factory=list)
    documents: dict[str, Row] = field(default_factory=dict)
    others: list[Row] = field(default_factory=list)
    tagged: list[tuple[str, str, list[str], list[str]]] = field(default_factory=list)


def read(
    path: Path,
    *,
    columns: Mapping[str, str],
    encoding: str = "utf-8",
    constants: Mapping[str, str] | None = None,
    values: Mapping[str, str] | None = None,
    split: str = "test",
    config: str | None = None,
    revision: str | None = None,
) -> Iterator[Row]:
    """Rows `documents`, and `entities`, `stance` or `summaries` as the column map says.

    Rows with the same id and text are one document (one tweet and two targets, one article and two summaries).

    Args:
        path: A file, a folder of such files, or the name of a data set in the cache of `datasets`.
        columns: What to read -> the column's name. `id` (without: `STEM:N`, N from 1); `text`, or `tokens` (a list, or
            a string with blanks; the text is then the tokens joined by one space) and their `tags` (a list of tags or
            of class numbers); `entities` (a list of objects with start, end, label); `stance` and `target`; `summary`
            and `style`. Any other key is metadata of that name.
        encoding: Of text files.
        constants: What to read -> a value that every row has, for instance `target`.
        values: A stance as the file has it -> the label, for instance `{"0": "against", "1": "favor"}`.
        split: Of a data set by name.
        config: Of a data set by name.
        revision: Of a data set by name.

    Raises:
        ValueError: The column map names neither text nor tokens, or both.
        DataError: Columns that are not there; every row of another width, without its values, or with spans, tags or
            labels that are none; one id with two texts.
        ResourceError: The data set of that name is not in the cache.
    """
    constants, values = constants or {}, values or {}
    _check_columns(columns, constants)
    done = _Read()
    table: Iterator[_Values]
    if path.exists() or str(path).lower().endswith(_SUFFIXES):
        files = list_files(path, _SUFFIXES) if path.is_dir() else [path]
        for file in files:
            try:
                _take(
                    _file_rows(file, columns, encoding, done.faults), file.name.split(".")[0], constants, values, done
                )
            except DataError as error:
                done.faults += error.faults
    else:
        table = _cached_rows(str(path), columns, split, config, revision, done.faults)
        _take(table, str(path), constants, values, done)
    _take_tags(done)
    if not done.documents and not done.faults:
        done.faults.append(f"{path}: expected rows, found none")
    if done.faults:
        raise DataError(done.faults)
    yield from done.documents.values()
    yield from done.others


def _check_columns(columns: Mapping[str, str], constants: Mapping[str, str]) -> None:
    given = {*columns, *constants}
    if ("text" in columns) == ("tokens" in columns):
        raise ValueError(f"hf: columns must name one of text and tokens, got {dict(columns)}")
    if ("tags" in columns) != ("tokens" in columns):
        raise ValueError("hf: columns must name tokens and tags together")
    if "stance" in given and "target" not in given:
        raise ValueError("hf: a stance needs a target, in columns or in constants")
    if both := {*columns} & {*constants}:
        raise ValueError(f"hf: columns and constants both name {', '.join(sorted(both))}")


# ---- tables -------------------------------------------------------------------------------------------------------


def _file_rows(file: Path, columns: Mapping[str, str], encoding: str, faults: list[str]) -> Iterator[_Values]:
    name = file.name.lower()
    if name.endswith((".csv", ".tsv")):
        return _csv_rows(file, columns, encoding, "\t" if name.endswith(".tsv") else ",", faults)
    if name.endswith(".parquet"):
        return _parquet_rows(file, columns, faults)
    if name.endswith((".json", ".jsonl", ".jsonl.gz")):
        return _json_rows(file, columns, encoding, faults)
    raise DataError([f"{file}: expected a file that ends in {', '.join(_SUFFIXES)}, found {shown(file.name)}"])


def _csv_rows(
    file: Path, columns: Mapping[str, str], encoding: str, delimiter: str, faults: list[str]
) -> Iterator[_Values]:
    text = read_text(file, encoding)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    with _long_fields():
        try:
            header = next(reader, [])
            if not _has_columns(f"{file}:1", header, columns, faults):
                return
            line = reader.line_num + 1
            for record in reader:
                if record and len(record) != len(header):
                    faults.append(f"{file}:{line}: expected {len(header)} fields as in the header, found {len(record)}")
                elif record:
                    by_name = dict(zip(header, record, strict=True))
                    yield f"{file}:{line}", {key: by_name[column] for key, column in columns.items()}
                line = reader.line_num + 1
        except csv.Error as error:
            faults.append(f"{file}:{line}: expected CSV, found {error}")


@contextmanager
def _long_fields() -> Iterator[None]:
    # The limit belongs to the whole process, so it is put back.
    before = csv.field_size_limit(MAX_DOCUMENT_CHARACTERS)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _json_rows(file: Path, columns: Mapping[str, str], encoding: str, faults: list[str]) -> Iterator[_Values]:
    for where, record in json_objects(file, encoding, faults):
        missing = [column for column in columns.values() if column not in record]
        if missing:
            faults.append(f"{where}: expected the keys {', '.join(missing)}, found {shown(sorted(record))}")
        else:
            yield where, {key: record[column] for key, column in columns.items()}


def _parquet_rows(file: Path, columns: Mapping[str, str], faults: list[str]) -> Iterator[_Values]:
    import pyarrow
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.ParquetFile(file)
        schema = table.schema_arrow
        if not _has_columns(str(file), schema.names, columns, faults):
            return
        classes = _class_names((schema.metadata or {}).get(b"huggingface", b"{}"))
        wanted = sorted(set(columns.values()))
        row, size = 0, 0
        # Small batches: a run-length encoded column of long texts is short on disk and long in memory.
        for batch in table.iter_batches(batch_size=64, columns=wanted):
            size += batch.nbytes
            if size > MAX_FILE_BYTES:
                raise DataError([f"{file}: at most {MAX_FILE_BYTES} bytes are unpacked, found more"])
            for record in batch.to_pylist():
                row += 1
                yield (
                    f"{file}:{row}",
                    {key: _named(record[column], classes.get(column)) for key, column in columns.items()},
                )
    except FileNotFoundError:
        raise DataError([f"{file}: no such file"]) from None
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError([f"{file}: expected a Parquet file, found {shown(str(error))}"]) from None


def _cached_rows(
    name: str, columns: Mapping[str, str], split: str, config: str | None, revision: str | None, faults: list[str]
) -> Iterator[_Values]:
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", name):
        raise DataError([f"{name}: no such file or folder, and no name of a data set"])
    import datasets
    from huggingface_hub import constants

    before = datasets.config.HF_HUB_OFFLINE, constants.HF_HUB_OFFLINE
    datasets.config.HF_HUB_OFFLINE = constants.HF_HUB_OFFLINE = True
    try:
        table = datasets.load_dataset(name, config, split=split, revision=revision)
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        raise ResourceError(
            f"data set {name!r} (config {config!r}, split {split!r}) is not in the cache of datasets, and nothing is "
            f"fetched: {shown(str(error))}; fetch it first with datasets.load_dataset, or name a local file"
        ) from None
    finally:
        datasets.config.HF_HUB_OFFLINE, constants.HF_HUB_OFFLINE = before
    if not _has_columns(name, table.column_names, columns, faults):
        return
    classes = _class_names(json.dumps({"info": {"features": table.features.to_dict()}}))
    for row, record in enumerate(table, start=1):
        yield (
            f"{name}:{row}",
            {key: _named(record[column], classes.get(column)) for key, column in columns.items()},
        )


def _has_columns(where: str, found: Sequence[str], columns: Mapping[str, str], faults: list[str]) -> bool:
    missing = [column for column in columns.values() if column not in found]
    twice = [column for column in columns.values() if list(found).count(column) > 1]
    if missing:
        faults.append(f"{where}: expected the columns {', '.join(missing)} (data.options.columns), found {list(found)}")
    if twice:
        faults.append(f"{where}: the columns {', '.join(twice)} stand twice")
    return not missing and not twice


def _class_names(metadata: str | bytes) -> dict[str, list[str]]:
    """Column -> names of its classes, from the features that `datasets` writes beside a table."""
    try:
        features = json.loads(metadata)["info"]["features"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    names = {}
    for column, feature in features.items() if isinstance(features, dict) else ():
        # A list of classes is {"_type": "List", "feature": {...}}, before datasets 4 {"_type": "Sequence", ...}.
        inner = feature.get("feature", feature) if isinstance(feature, dict) else {}
        if isinstance(inner, dict) and inner.get("_type") == "ClassLabel":
            names[column] = [str(name) for name in inner.get("names", [])]
    return names


def _named(value: Any, names: list[str] | None) -> Any:
    if names is None or value is None:
        return value
    if isinstance(value, list):
        return [_named(one, names) for one in value]
    return names[value] if isinstance(value, int) and 0 <= value < len(names) else value


# ---- records ------------------------------------------------------------------------------------------------------


def _take(
    table: Iterator[_Values], stem: str, constants: Mapping[str, str], values: Mapping[str, str], done: _Read
) -> None:
    for number, (where, found) in enumerate(table, start=1):
        record = {**constants, **found}
        tokens = _listed(record.get("tokens"))
        text = record.get("text")
        if "tokens" in record:
            if not tokens or not all(isinstance(token, str) and token for token in tokens):
                done.faults.append(f"{where}: expected a list of tokens, found {shown(record['tokens'])}")
                continue
            text = " ".join(tokens)
        if not isinstance(text, str) or not text:
            done.faults.append(f"{where}: expected a text, found {shown(text)}")
            continue
        name = record.get("id", f"{stem}:{number}")
        if isinstance(name, bool) or not isinstance(name, str | int) or name == "":
            done.faults.append(f"{where}: expected an id, found {shown(name)}")
            continue
        doc = str(name)
        before = done.documents.get(doc)
        metadata = {key: _plain(value) for key, value in record.items() if key not in FIELDS}
        if before is None:
            done.documents[doc] = document_row(where, doc, text, metadata, done.faults)
        elif before.fields["text"] != text:
            done.faults.append(f"{where}: document {shown(doc)} stands at {before.where} with another text")
            continue
        elif "tags" in record or "entities" in record:
            done.faults.append(f"{where}: document {shown(doc)} stands at {before.where} already")
            continue
        _take_gold(where, doc, text, tokens, record, values, done)


def _take_gold(
    where: str, doc: str, text: str, tokens: list[Any], record: dict[str, Any], values: Mapping[str, str], done: _Read
) -> None:
    if "tags" in record:
        tags = _listed(record["tags"])
        fault = _tags_fault(tags, tokens)
        if fault:
            done.faults.append(f"{where}: {fault}")
        else:
            done.tagged.append((where, doc, tokens, tags))
    if "entities" in record:
        done.others += _entities(where, doc, text, record["entities"], done.faults)
    if "stance" in record:
        label, target = record["stance"], record["target"]
        if label is None or label == "" or not isinstance(target, str) or not target.strip():
            done.faults.append(f"{where}: expected a stance and a target, found {shown(label)} and {shown(target)}")
        elif values and str(label) not in values:
            known = ", ".join(values)
            done.faults.append(
                f"{where}: expected a stance, one of {known} (data.options.values), found {shown(label)}"
            )
        else:
            fields = {"doc": doc, "target": target, "label": values.get(str(label), str(label))}
            done.others.append(Row(where, "stance", fields))
    if "summary" in record:
        if not isinstance(record["summary"], str) or not record["summary"].strip():
            done.faults.append(f"{where}: expected a summary, found {shown(record['summary'])}")
        else:
            style = {"style": record["style"]} if "style" in record else {}
            done.others.append(Row(where, "summaries", {"doc": doc, "text": record["summary"], **style}))


def _take_tags(done: _Read) -> None:
    scheme: Scheme = "iob2"
    try:
        scheme = find_scheme([tags for _, _, _, tags in done.tagged])
    except ValueError as error:
        done.faults.append(str(error))
    for where, doc, tokens, tags in done.tagged:
        starts = [0]
        for token in tokens:
            starts.append(starts[-1] + len(token) + 1)
        row = done.documents[doc]
        row.fields.update(tag_scheme=scheme, invalid_tags=count_invalid(tags, scheme))
        rows = [
            span_row(where, doc, starts[span.start], starts[span.end] - 1, span.label, row.fields["text"])
            for span in spans_of(tags)
        ]
        done.others += rows or [Row(where, "entities", {"doc": doc})]


def _tags_fault(tags: list[Any], tokens: list[Any]) -> str | None:
    if len(tags) != len(tokens):
        return f"expected one tag for each of {len(tokens)} tokens, found {len(tags)}"
    for tag in tags:
        if not isinstance(tag, str):
            return f"expected tags, found {shown(tag)}; numbers need class names stored in the file"
        try:
            split_tag(tag)
        except ValueError as error:
            return f"{error}; found {shown(tag)}"
    return None


def _entities(where: str, doc: str, text: str, spans: Any, faults: list[str]) -> list[Row]:
    if not isinstance(spans, list) or not all(isinstance(span, dict) for span in spans):
        faults.append(f"{where}: expected a list of objects with start, end and label, found {shown(spans)}")
        return []
    rows = []
    for span in spans:
        start, end, label = span.get("start"), span.get("end"), span.get("label")
        fault = span_fault(start, end, label, len(text))
        if fault is None and span.get("text") is not None:
            fault = text_fault(text, int(span["start"]), int(span["end"]), span["text"])
        if fault:
            faults.append(f"{where}: {fault}")
        else:
            rows.append(span_row(where, doc, int(span["start"]), int(span["end"]), str(label), text))
    return rows or [Row(where, "entities", {"doc": doc})]


def _listed(value: Any) -> list[Any]:
    if isinstance(value, str):
        return value.split()
    return list(value) if isinstance(value, list | tuple) else []


def _plain(value: Any) -> Any:
    """A value as JSON has it: metadata are hashed and compared as such."""
    if value is None or isinstance(value, str | int | float):
        return value
    return value.isoformat() if isinstance(value, datetime.date | datetime.time) else str(value)
