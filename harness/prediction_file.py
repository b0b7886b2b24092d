"""`predictions.parquet`: what was answered to each example of a run, and what each answer is an answer to."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cache, lru_cache
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from harness.coded import combined, read_arrow
from harness.errors import RunError
from harness.files import atomic_writer, canonical_json
from harness.journal import answer_from_dict
from harness.records import Answer, Example, Input, Target
from harness.tables import table

_ENTITY = pa.struct(
    [
        ("start", pa.int64()),
        ("end", pa.int64()),
        ("label", pa.string()),
        ("text", pa.string()),
        ("score", pa.float64()),
        ("parts", pa.list_(pa.list_(pa.int64()))),
    ]
)
_MENTION = pa.struct([("label", pa.string()), ("text", pa.string())])
_PREDICTIONS = pa.schema(
    [
        ("example", pa.string()),
        ("document", pa.string()),
        ("start", pa.int64()),
        ("fields", pa.map_(pa.string(), pa.string())),
        ("key", pa.string()),
        ("input_sha256", pa.string()),
        ("bin", pa.string()),
        ("reason", pa.string()),
        ("entities", pa.list_(_ENTITY)),
        ("mentions", pa.list_(_MENTION)),
        ("tags", pa.list_(pa.string())),
        ("label", pa.string()),
        ("scores", pa.map_(pa.string(), pa.float64())),
        ("text", pa.string()),
        ("sentences", pa.list_(pa.string())),
        ("raw", pa.string()),
        ("ungrounded", pa.int64()),
        ("misaligned", pa.int64()),
        ("tokens_read", pa.int64()),
        ("tokens_cut", pa.int64()),
        ("output_truncated", pa.bool_()),
        ("windows", pa.int64()),
        ("chars_read", pa.int64()),
    ]
)
# Columns that the files of earlier versions have not; their answers have the fields' defaults.
ADDED = ("windows", "chars_read")
_ANSWER = tuple(entry.name for entry in fields(Answer))
_DESCRIBED = ("document", "start", "fields", "key")
_NESTED = frozenset({"entities", "mentions", "tags", "sentences", "scores"})
# Rows that are turned into Arrow columns, or back, at once.
_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class Prediction:
    """A row of `predictions.parquet`: the answer, the key under which it may be used again, what it answers."""

    example: str
    document: str
    start: int
    fields: Mapping[str, str]
    key: str
    answer: Answer
    input_sha256: str | None = None


def input_sha256(one: Input) -> str:
    """Hash of all that a model is shown of an example: of a JSON object of its fields and its `type`."""
    # The canonical spelling, put together from its parts, since a run may have a million examples.
    kind: Any = type(one)
    values, template = _spelling(kind)
    spelt = template % tuple([_quoted(value) if type(value) is str else _spelt(value) for value in values(one)])
    return hashlib.sha256(spelt.encode("utf-8", "surrogatepass")).hexdigest()


# A string alone is spelt alike in all of JSON.
_quoted = json.encoder.encode_basestring


@cache
def _spelling(kind: Any) -> tuple[Callable[[Any], tuple[Any, ...]], str]:
    """What gives an input's fields in the order of their names, and the spelling of the object around them."""
    keys = sorted({"type", *kind.__slots__})
    parts = [f"{_quoted(key)}:{_quoted(kind.__name__) if key == 'type' else '%s'}" for key in keys]
    return attrgetter(*(key for key in keys if key != "type")), "{" + ",".join(parts) + "}"


def _spelt(value: Any) -> str:
    return "null" if value is None else _spelt_target(value) if isinstance(value, Target) else canonical_json(value)


@lru_cache(maxsize=4096)
def _spelt_target(target: Target) -> str:
    return canonical_json({"id": target.id, "text": target.text})


# ---- writing ---------------------------------------------------------------------------------------------------------


def write_predictions(
    path: Path, examples: Sequence[Example], keys: Mapping[str, str], answers: Mapping[str, Answer]
) -> None:
    """One row per example, in the order of the examples; entities by document offsets."""
    missing = Answer(bin="missing")
    with atomic_writer(path) as stream, pq.ParquetWriter(stream, _PREDICTIONS, compression="zstd") as writer:
        for first in range(0, len(examples), _ROWS):
            rows = [
                _stored(example, keys.get(example.id), answers.get(example.id, missing))
                for example in examples[first : first + _ROWS]
            ]
            writer.write_table(table(rows, _PREDICTIONS))


def _stored(example: Example, key: str | None, answer: Answer) -> dict[str, Any]:
    row = {name: getattr(answer, name) for name in _ANSWER}
    row.update(
        example=example.id,
        document=example.doc,
        start=example.start,
        fields=list(example.fields.items()),
        key=key,
        input_sha256=input_sha256(example.input),
    )
    if answer.scores is not None:
        row["scores"] = sorted(answer.scores.items())
    if answer.entities is not None:
        row["entities"] = [asdict(entity.shifted(example.start)) for entity in answer.entities]
    if answer.mentions is not None:
        row["mentions"] = [asdict(mention) for mention in answer.mentions]
    return row


# ---- reading ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class StoredAnswers:
    """Some stored answers in the order of the file, and what each answers.

    Args:
        examples: Example ids.
        answers: Entities counted from the start of the example again, as models gave them.
        inputs: Hash of what was shown.
        batch: Their columns.
    """

    examples: Sequence[str]
    answers: Sequence[Answer]
    inputs: Sequence[str | None]
    batch: pa.RecordBatch


def read_answers_of(folder: Path, more: Sequence[str] = ()) -> Iterator[StoredAnswers]:
    """The stored answers, some thousands at a time.

    Args:
        folder: A run folder.
        more: Columns that `batch` should have beside those of answers.

    Raises:
        RunError: The file cannot be read, or has other columns.
    """
    path = folder / "predictions.parquet"
    try:
        with pq.ParquetFile(path) as stored:
            # Only by the schema are missing columns found out.
            columns = stored.schema_arrow
            lacking = [name for name in ADDED if name not in columns.names]
            if not columns.equals(pa.schema([entry for entry in _PREDICTIONS if entry.name not in lacking])):
                raise ValueError(f"expected the columns {', '.join(_PREDICTIONS.names)}")
            wanted = [name for name in ("example", "start", "input_sha256", *_ANSWER, *more) if name not in lacking]
            for batch in stored.iter_batches(_ROWS, columns=wanted):
                yield StoredAnswers(
                    batch.column("example").to_pylist(),
                    _answers(batch),
                    batch.column("input_sha256").to_pylist(),
                    batch,
                )
    except (OSError, pa.ArrowException, TypeError, KeyError, ValueError) as error:
        raise RunError(f"{path}: unreadable ({error}); give the run's command again") from None


def read_predictions(folder: Path) -> list[Prediction]:
    """The stored answers with all that the file says about them.

    Raises:
        RunError: The file cannot be read, or has other columns.
    """
    return [
        Prediction(
            example=example, document=document, start=start, fields=dict(fields_of), key=key, answer=answer,
            input_sha256=input_of,
        )
        for part in read_answers_of(folder, _DESCRIBED)
        for example, answer, input_of, document, start, fields_of, key in zip(
            part.examples,
            part.answers,
            part.inputs,
            *(part.batch.column(name).to_pylist() for name in _DESCRIBED),
            strict=True,
        )
    ]  # fmt: skip


def _answers(batch: pa.RecordBatch) -> list[Answer]:
    # Most columns are of other tasks: what is null everywhere is passed over.
    names = set(batch.schema.names)
    there = [name for name in _ANSWER if name in names and batch.column(name).null_count < batch.num_rows]
    plain = {name: read_arrow(batch.column(name)) for name in there if name not in _NESTED}
    nested = {name: batch.column(name).to_pylist() for name in there if name in _NESTED}
    _, firsts, kind = np.unique(combined(list(plain.values())), return_index=True, return_inverse=True)
    distinct = [
        {name: value for name, column in plain.items() if (value := column[first]) is not None}
        for first in firsts.tolist()
    ]
    if not nested:
        answers = [Answer(**values) for values in distinct]
        return [answers[code] for code in kind.tolist()]
    starts = batch.column("start").to_pylist()
    found = []
    for number, code in enumerate(kind.tolist()):
        more = {name: value for name, column in nested.items() if (value := column[number]) is not None}
        if "entities" in more:
            more["entities"] = [_shifted(entity, -starts[number]) for entity in more["entities"]]
        found.append(answer_from_dict({**distinct[code], **more}) if more else Answer(**distinct[code]))
    return found


def _shifted(entity: dict[str, Any], by: int) -> dict[str, Any]:
    parts = [[start + by, end + by] for start, end in entity["parts"] or ()]
    return {**entity, "start": entity["start"] + by, "end": entity["end"] + by, "parts": parts}
