"""doccano's sequence labelling export: JSON Lines `{"id", "text", "label": [[start, end, label], ...]}`.

https://doccano.github.io/doccano/. The spans may stand under `label`, `labels` or `entities` (the relation project's
`{"start_offset", "end_offset", "label"}`). Offsets are code points; the export repeats no string to check them by.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from harness.errors import DataError
from harness.files import canonical_json, write_text
from harness.format.limits import document_row, json_objects, shown, span_fault, span_row
from harness.format.writing import metadata, one_annotator, spans, with_entities
from harness.records import Row

_SPANS = ("entities", "labels", "label")
OWN = {*_SPANS, "id", "text", "data", "relations", "comments", "Comments", "cats"}


def read(path: Path, *, encoding: str = "utf-8") -> Iterator[Row]:
    """Rows `documents` and `entities` of a JSON Lines file (also `.jsonl.gz`, or one JSON array).

    A document's id is its `id` as a string, or `STEM:N` (N from 1) without one; other plain values are its metadata. An
    empty list of spans says "annotated, nothing found": doccano writes no difference to a document not looked at.

    Args:
        path: The file.
        encoding: Of the file.

    Raises:
        DataError: Every record without text or with a span that is none, out of range or without a label; ids that
            stand twice.
    """
    faults: list[str] = []
    documents: list[Row] = []
    entities: list[Row] = []
    places: dict[str, str] = {}
    for number, (where, record) in enumerate(json_objects(path, encoding, faults), start=1):
        text = record.get("text", record.get("data"))
        if not isinstance(text, str):
            faults.append(f"{where}: expected the text under 'text', found {shown(text)}")
            continue
        if isinstance(record.get("id"), bool | float | list | dict):
            faults.append(f"{where}: expected an id, found {shown(record['id'])}")
            continue
        doc = str(record["id"]) if record.get("id") is not None else f"{path.name.split('.')[0]}:{number}"
        if doc in places:
            faults.append(f"{where}: document id {shown(doc)} stands at {places[doc]} already")
        places.setdefault(doc, where)
        metadata = {k: v for k, v in record.items() if k not in OWN and not isinstance(v, dict | list)}
        documents.append(document_row(where, doc, text, metadata, faults))
        key = next((key for key in _SPANS if key in record), None)
        if key is None:
            continue
        if not isinstance(record[key], list):
            faults.append(f"{where}: expected a list of spans under {key!r}, found {shown(record[key])}")
            continue
        rows = [row for span in record[key] for row in _entity(where, doc, text, span, faults)]
        entities += rows or [Row(where, "entities", {"doc": doc})]
    if faults:
        raise DataError(faults)
    yield from documents
    yield from entities


def write(rows: Iterable[Row], path: Path) -> None:
    """Writes each document and its entities as a line that `read` takes; sentences and token tags are not carried.

    A document without annotation has no list of spans, where an annotated one without entities has an empty one.
    Offsets are code points. doccano itself shows them as such only in texts without characters beyond U+FFFF: in others
    it has counted UTF-16 units in some versions (doccano#2290).

    Raises:
        DataError: What doccano cannot carry, each with its place: other records, discontinuous entities, several
            annotators, metadata that are no plain value or have a name of doccano's own.
    """
    faults: list[str] = []
    lines = []
    for document, entities in with_entities(rows, "doccano", faults):
        record = metadata(document, "doccano", OWN, faults)
        record |= {"id": document.fields["id"], "text": document.fields["text"]}
        if entities is not None:
            one_annotator(entities, "doccano", faults)
            record["label"] = [list(span) for span in spans(entities, "doccano", faults)]
        lines.append(canonical_json(record) + "\n")
    if faults:
        raise DataError(faults)
    write_text(path, "".join(lines))


def _entity(where: str, doc: str, text: str, span: Any, faults: list[str]) -> Iterator[Row]:
    if isinstance(span, dict) and {"start_offset", "end_offset", "label"} <= span.keys():
        start, end, label = span["start_offset"], span["end_offset"], span["label"]
    elif isinstance(span, list) and len(span) == 3:
        start, end, label = span
    else:
        faults.append(f"{where}: expected a span [start, end, label], found {shown(span)}")
        return
    fault = span_fault(start, end, label, len(text))
    if fault:
        faults.append(f"{where}: {fault}")
    else:
        yield span_row(where, doc, start, end, label, text)
