"""Per-example Parquet, which `datasets.load_dataset("parquet", data_files=...)` reads: gold beside the prediction.

Texts (of documents, entities, summaries, rationales, raw answers) are left out unless they are asked for; offsets and
labels say what was right without them. One table for every task, so that files of several tasks can be read together.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from harness.errors import RunError, UsageError
from harness.export.base import Options, file_for, identity
from harness.files import atomic_writer, canonical_json
from harness.records import Answer, Entity, Example, References, Stance, StanceInput, Summary
from harness.report.shown import counted
from harness.rescore import Reopened, reopen
from harness.run_folder import StoredRun, stored_counts
from harness.tables import table

# Rows that are turned into Arrow columns at once.
_ROWS = 50_000
# What the file's metadata calls whose examples these are.
_MARK = b"harness"


def export(runs: Sequence[StoredRun], out: Path | None, options: Options) -> str:
    """Writes one row per example of every run into one file.

    Raises:
        UsageError: Single metrics were asked for, which rows of examples do not have.
        RunError: A run has no examples, or its gold is no longer what it was scored on.
    """
    if options.metrics:
        raise UsageError("--to parquet: has a row per example and no scores, so --metric says nothing here")
    path = file_for(out, "parquet", "examples.parquet")
    if path.exists() and not _is_export(path):
        raise UsageError(
            f"--out {path}: holds something else than such an export, which would be lost; give another name"
        )
    own = [run for run in runs if "imported" not in run.run]
    if not own:
        raise RunError(f"{runs[0].folder}: was imported from scores of another tool, so it has no examples to export")
    said = canonical_json([identity(run) for run in own])
    schema = _schema(options.texts).with_metadata({_MARK: said.encode("utf-8", "backslashreplace")})
    number = 0
    with atomic_writer(path) as stream, pq.ParquetWriter(stream, schema, compression="zstd") as writer:
        for run in own:
            for rows in _batches(_opened(run), options.texts):
                number += len(rows)
                writer.write_table(table(rows, schema))
    texts = "with texts" if options.texts else "without texts"
    others = f"; {len(runs) - len(own)} imported without examples" if len(own) < len(runs) else ""
    return f"{path}: {counted(number, 'example')} of {counted(len(own), 'run')}, {texts}{others}"


def _is_export(path: Path) -> bool:
    try:
        return _MARK in (pq.read_schema(path).metadata or {})
    except (OSError, pa.ArrowException):
        return False


def _opened(run: StoredRun) -> Reopened:
    opened = reopen(run.folder)
    if opened.corpus.gold_sha256(opened.task.name) != run.scores["data"]["gold_sha256"]:
        raise RunError(
            f"{run.folder}: the gold changed since this run, so it is not what the answers were scored on; "
            f"`python -m harness score {run.folder}` scores them on the gold as it is now"
        )
    return opened


def _schema(texts: bool) -> pa.Schema:
    entity = [("start", pa.int64()), ("end", pa.int64()), ("label", pa.string())]
    if texts:
        entity.append(("text", pa.string()))
    entities = pa.list_(pa.struct(entity))
    probability = pa.struct([("label", pa.string()), ("probability", pa.float64())])
    columns = [
        *((name, pa.string()) for name in ("data", "task", "model", "gold_sha256", "harness", "example", "document")),
        ("unit", pa.string()),
        ("start", pa.int64()),
        ("target", pa.string()),
        ("style", pa.string()),
        ("bin", pa.string()),
        ("tokens_read", pa.int64()),
        ("tokens_cut", pa.int64()),
        ("output_truncated", pa.bool_()),
        ("gold_entities", entities),
        ("predicted_entities", entities),
        ("gold_label", pa.string()),
        ("predicted_label", pa.string()),
        ("predicted_probabilities", pa.list_(probability)),
        ("gold_sentences", pa.list_(pa.list_(pa.string()))),
        ("predicted_sentences", pa.list_(pa.string())),
    ]
    if texts:
        # Names of counts are texts too where a metric counts strings.
        count = pa.struct([("metric", pa.string()), ("name", pa.string()), ("value", pa.float64())])
        field = pa.struct([("name", pa.string()), ("value", pa.string())])
        columns += [
            *((name, pa.string()) for name in ("text", "context", "target_text", "predicted_text", "raw", "reason")),
            ("gold_texts", pa.list_(pa.string())),
            ("fields", pa.list_(field)),
            ("counts", pa.list_(count)),
        ]
    return pa.schema(columns)


def _batches(opened: Reopened, texts: bool) -> Iterator[list[dict[str, Any]]]:
    said = identity(opened.run)
    common = {name: said[name] for name in ("data", "task", "model", "gold_sha256")}
    common["harness"] = said["harness_version"]
    counts = _counts(opened) if texts else {}
    missing = Answer(bin="missing")
    for first in range(0, len(opened.examples), _ROWS):
        rows = []
        for example in opened.examples[first : first + _ROWS]:
            answer = opened.answers.get(example.id, missing)
            row = {**common, **_row(opened, example, answer, texts)}
            if texts:
                row |= _texts(example, answer)
                row["counts"] = counts.get(example.id, [])
            rows.append(row)
        yield rows


def _row(opened: Reopened, example: Example, answer: Answer, texts: bool) -> dict[str, Any]:
    gold = example.gold
    reading = opened.task.read(example, answer, opened.corpus, opened.label_map)
    predicted = reading.predicted
    row: dict[str, Any] = {
        "example": example.id,
        "document": example.doc,
        "unit": example.unit,
        "start": example.start,
        "bin": "unparsed" if reading.unparsed else answer.bin,
        "tokens_read": answer.tokens_read,
        "tokens_cut": answer.tokens_cut,
        "output_truncated": answer.output_truncated,
    }
    if isinstance(gold, tuple):
        row["gold_entities"] = _entities(gold, texts)
        row["predicted_entities"] = _entities(predicted, texts) if isinstance(predicted, tuple) else None
    elif isinstance(gold, Stance):
        row |= {"target": gold.target, "gold_label": gold.label}
        if isinstance(predicted, Stance):
            row["predicted_label"] = predicted.label
        if answer.scores:
            row["predicted_probabilities"] = [
                {"label": label, "probability": value} for label, value in sorted(answer.scores.items())
            ]
    elif isinstance(gold, References):
        row["style"] = gold.style
        row["gold_sentences"] = [list(one) for one in gold.extracts] or None
        if isinstance(predicted, Summary) and predicted.sentences is not None:
            row["predicted_sentences"] = list(predicted.sentences)
    return row


def _entities(entities: Sequence[Entity], texts: bool) -> list[dict[str, Any]]:
    return [
        {"start": one.start, "end": one.end, "label": one.label, **({"text": one.text} if texts else {})}
        for one in sorted(entities)
    ]


def _texts(example: Example, answer: Answer) -> dict[str, Any]:
    shown, gold = example.input, example.gold
    row: dict[str, Any] = {
        "text": shown.text,
        "predicted_text": answer.text,
        "raw": answer.raw,
        "reason": answer.reason,
        "fields": [{"name": name, "value": value} for name, value in sorted(example.fields.items())],
    }
    if isinstance(shown, StanceInput):
        row |= {"context": shown.context, "target_text": shown.target.text}
    if isinstance(gold, References):
        row["gold_texts"] = list(gold.texts)
    return row


def _counts(opened: Reopened) -> Mapping[str, list[dict[str, Any]]]:
    """Counts by example; those that are of whole documents are left out."""
    found: dict[str, list[dict[str, Any]]] = {}
    for stored in stored_counts(opened.run.folder).values():
        for row in stored.rows():
            entries = [{"metric": row.metric, "name": name, "value": value} for name, value in row.state.items()]
            found.setdefault(row.example, []).extend(entries)
    return found
