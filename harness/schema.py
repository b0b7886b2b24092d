"""JSON Schemas (draft 2020-12) of the record files and of `scores.json`, for editors and for programs that write them.

What a schema cannot say (offsets within the document, ids that must exist) is checked when the records are read.
"""

import json
from typing import Any

from harness.records import BINS, SPAN_BINS, TASKS

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_TEXT = {"type": "string", "minLength": 1, "pattern": r"\S"}
_OFFSET = {"type": "integer", "minimum": 0}
_COUNT = {"type": "integer", "minimum": 0}
_NUMBER_OR_NULL = {"type": ["number", "null"]}
_STRING_OR_NULL = {"type": ["string", "null"]}
_DOC = {**_TEXT, "description": "Id of a document."}
_START = {**_OFFSET, "description": "First code point, counted from 0."}
_END = {"type": "integer", "minimum": 1, "description": "Code point after the last one."}
_ANNOTATOR = {"type": ["string", "null"], "description": "Who says so; an id of annotators.jsonl where there is one."}
_IDS = {"type": "array", "items": _TEXT, "minItems": 1, "uniqueItems": True}


def _record(about: str, required: list[str], properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "object", "description": about, "required": required, "properties": properties, **more}


# One JSON object a line. Further keys are allowed everywhere: readers pass over what they do not know.
RECORDS: dict[str, dict[str, Any]] = {
    "documents": _record(
        "documents.jsonl: the texts, where they are not *.txt files. Further keys are metadata, usable as slices.",
        ["id", "text"],
        {"id": _TEXT, "text": _TEXT, "split": {"type": "string"}, "language": {"type": "string"}},
    ),
    "sentences": _record(
        "sentences.jsonl: where sentences begin and end; they do not overlap.",
        ["doc", "id", "start", "end"],
        {
            "doc": _DOC,
            "id": {**_TEXT, "description": "Unique in its document."},
            "start": _START,
            "end": _END,
            "zone": {**_TEXT, "type": ["string", "null"], "description": "body (default), caption, byline, ..."},
        },
    ),
    "entities": _record(
        'entities.jsonl: one entity a line; {"doc"} alone says: annotated (or answered), no entity.',
        ["doc"],
        {
            "doc": _DOC,
            "start": _START,
            "end": _END,
            "label": _TEXT,
            "text": {"type": "string", "description": "The text from start to end; checked against the document."},
            "score": {**_NUMBER_OR_NULL, "description": "In predictions: how sure the model is."},
            "parts": {
                "type": ["array", "null"],
                "items": {"type": "array", "items": _OFFSET, "minItems": 2, "maxItems": 2},
                "description": "Of a discontinuous entity its [start, end] stretches in text order; `text` has them "
                "joined by a space.",
            },
            "annotator": _ANNOTATOR,
        },
        dependentRequired={"start": ["end", "label"], "end": ["start", "label"], "label": ["start", "end"]},
    ),
    "stance": _record(
        "stance.jsonl: one judgement a line, of a sentence (by id or by offsets) or, with neither, of the document.",
        ["doc", "target", "label"],
        {
            "doc": _DOC,
            "target": {**_TEXT, "description": "Id of a target."},
            "label": {**_TEXT, "description": "One of data.labels.stance; in predictions also `unknown`."},
            "sentence": {**_TEXT, "type": ["string", "null"]},
            "start": _START,
            "end": _END,
            "id": {**_TEXT, "type": ["string", "null"]},
            "holder": _STRING_OR_NULL,
            "evidence": {
                "type": ["array", "null"],
                "items": _OFFSET,
                "minItems": 2,
                "maxItems": 2,
                "description": "[start, end] in the document.",
            },
            "rationale": _STRING_OR_NULL,
            "assessment": True,
            "scores": {
                "type": ["object", "null"],
                "additionalProperties": {"type": "number", "minimum": 0, "maximum": 1},
                "description": "In predictions: label to probability.",
            },
            "annotator": _ANNOTATOR,
        },
        dependentRequired={"start": ["end"], "end": ["start"]},
    ),
    "targets": _record("targets.jsonl: what a target says in words.", ["id", "text"], {"id": _TEXT, "text": _TEXT}),
    "summaries": _record(
        "summaries.jsonl: one reference (or predicted summary) a line; several per document and style are several\n"
        "references. Style `extract` lists sentences instead of a text.",
        ["doc"],
        {
            "doc": _DOC,
            "text": {"type": "string"},
            "style": {**_TEXT, "type": ["string", "null"], "description": "`default` if not given."},
            "sentences": _IDS,
            "annotator": _ANNOTATOR,
        },
        **{
            "if": {"properties": {"style": {"const": "extract"}}, "required": ["style"]},
            "then": {"required": ["sentences"]},
            "else": {"required": ["text"]},
        },
    ),
    "facts": _record(
        "facts.jsonl: what a good summary could say.",
        ["doc", "fact"],
        {
            "doc": _DOC,
            "fact": _TEXT,
            "weight": {
                "type": ["number", "null"],
                "exclusiveMinimum": 0,
                "description": "1 (detail) to 3 (essential).",
            },
            "sentences": _IDS,
        },
    ),
    "annotators": _record(
        "annotators.jsonl: who the annotators are.", ["id", "kind"], {"id": _TEXT, "kind": {"enum": ["human", "model"]}}
    ),
}


def record_schema(file: str | None = None) -> dict[str, Any]:
    """The schema of a line of one record file, or of all of them under `$defs`.

    Args:
        file: A key of `RECORDS`; None for all.
    """
    if file is not None:
        return {"$schema": DIALECT, "title": f"harness {file} record", **RECORDS[file]}
    return {
        "$schema": DIALECT,
        "title": "harness records",
        "description": "A line of FILE.jsonl is an object of #/$defs/FILE.",
        "$defs": RECORDS,
        "anyOf": [{"$ref": f"#/$defs/{name}"} for name in RECORDS],
    }


def scores_schema() -> dict[str, Any]:
    """The schema of `scores.json`."""
    from harness.scoring import SCHEMA

    sha256 = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
    dropped = {"type": "object", "additionalProperties": _COUNT}
    row = _closed(
        {
            "metric": _TEXT,
            "average": _TEXT,
            "slice": {**_TEXT, "description": "`all`, or FIELD=VALUE."},
            "value": {**_NUMBER_OR_NULL, "description": "Unrounded; null where undefined."},
            "low": _NUMBER_OR_NULL,
            "high": _NUMBER_OR_NULL,
            "level": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
            "method": {**_STRING_OR_NULL, "description": "How the interval was made, or why there is none."},
            "n": {**_COUNT, "description": "Number of units."},
            "unit": {"enum": ["document", "sentence", None], "description": "What is resampled."},
            "support": {"type": "number", "minimum": 0, "description": "Gold positives."},
            "unreliable": {"type": "boolean", "description": "n below 30 or support below 20."},
            "note": _STRING_OR_NULL,
            "signature": {**_TEXT, "description": "Every choice that moves the number: name|choice:value|...|v:1."},
        }
    )
    return {
        "$schema": DIALECT,
        "title": "harness scores.json",
        **_closed(
            {
                "schema": {"const": SCHEMA},
                "harness": _TEXT,
                "data": _closed(
                    {"name": _TEXT, "documents": _COUNT, "gold_sha256": sha256, "documents_sha256": sha256}
                ),
                "task": {"enum": list(TASKS)},
                "model": _closed(
                    {"name": _TEXT, "signature": {"type": "object"}, "gold": {"enum": ["none", "folds", "oracle"]}}
                ),
                "ledger": _closed(
                    {
                        "examples": _closed(dict.fromkeys(("total", *BINS), _COUNT)),
                        "truncated": _COUNT,
                        "spans": _closed(dict.fromkeys(("total", *SPAN_BINS), _COUNT)),
                        "unseen_gold": {**_COUNT, "description": "Gold entities in text that was cut off; NER alone."},
                    },
                    optional=("unseen_gold",),
                ),
                "scores": {"type": "array", "items": row},
                "label_map": _closed({"name": _TEXT, "dropped": _closed({"gold": dropped, "predicted": dropped})}),
            },
            optional=("label_map",),
        ),
    }


def _closed(properties: dict[str, Any], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


def schema_text(what: str, file: str | None = None) -> str:
    """A schema as JSON text.

    Args:
        what: `records` or `scores`.
        file: With `records`: one file's schema alone.
    """
    schema = scores_schema() if what == "scores" else record_schema(file)
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
