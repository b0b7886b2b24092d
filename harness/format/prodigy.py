"""Prodigy's JSON Lines: `{"text", "spans": [{"start", "end", "label"}, ...], "answer": "accept"}`.

https://prodi.gy/docs/api-interfaces. Only accepted examples are gold. A document whose every answer is `reject` or
`ignore` is kept as a document, its answer under the metadata `answer`, and has no gold: it is counted, never scored.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.errors import DataError
from harness.files import canonical_json, write_text
from harness.format.limits import document_row, json_objects, shown, span_fault, span_row, text_fault
from harness.format.writing import by_annotator, metadata, spans, with_entities
from harness.records import Row

ANSWERS = ("accept", "reject", "ignore")
# Metadata of these names are read from elsewhere, or not at all.
OWN = ("id", "text")


@dataclass(slots=True)
class _Task:
    where: str
    id: str
    text: str
    metadata: dict[str, Any]
    # Annotator -> (place, answer, rows) in file order.
    answers: dict[str, tuple[str, str, list[Row]]] = field(default_factory=dict)


def read(path: Path, *, encoding: str = "utf-8", id_key: str = "id") -> Iterator[Row]:
    """Rows `documents` and `entities` of a JSON Lines file (also `.jsonl.gz`, or one JSON array).

    Several lines of one task (the same id, or the same `_input_hash` where there is no id) are its annotators'; their
    rows then say `annotator`. Plain values under `meta` are the document's metadata.

    Args:
        path: The file.
        encoding: Of the file.
        id_key: Where the document's id stands, in the record or in its `meta`; without one it is `STEM:N`, N counting
            tasks from 1.

    Raises:
        DataError: Every record without text or answer, with a span out of range, without a label or whose `text` is
            not that of its offsets; an annotator who answered a task twice; a task with two texts.
    """
    faults: list[str] = []
    tasks: dict[str, _Task] = {}
    for where, record in json_objects(path, encoding, faults):
        text, answer = record.get("text"), record.get("answer")
        if not isinstance(text, str):
            faults.append(f"{where}: expected the text under 'text', found {shown(text)}")
            continue
        if answer not in ANSWERS:
            faults.append(f"{where}: expected under 'answer' one of {', '.join(ANSWERS)}, found {shown(answer)}")
            continue
        meta = record.get("meta") if isinstance(record.get("meta"), dict) else {}
        assert isinstance(meta, dict)
        name = record.get(id_key, meta.get(id_key))
        if isinstance(name, bool | float | list | dict):
            faults.append(f"{where}: expected an id under {id_key!r}, found {shown(name)}")
            continue
        key = f"id {name}" if name is not None else f"hash {record.get('_input_hash', where)}"
        doc = str(name) if name is not None else f"{path.name.split('.')[0]}:{len(tasks) + 1}"
        metadata = {k: v for k, v in meta.items() if k not in (*OWN, id_key) and not isinstance(v, dict | list)}
        task = tasks.setdefault(key, _Task(where, doc, text, metadata))
        if task.text != text:
            faults.append(f"{where}: the task at {task.where} has the same id or hash and another text")
            continue
        annotator = str(record.get("_annotator_id") or record.get("_session_id") or "")
        if annotator in task.answers:
            faults.append(
                f"{where}: this task is answered at {task.answers[annotator][0]} already, by the same annotator"
            )
            continue
        rows = _entities(where, task.id, text, record.get("spans"), faults) if answer == "accept" else []
        task.answers[annotator] = (where, str(answer), rows)
    documents: list[Row] = []
    entities: list[Row] = []
    for task in tasks.values():
        answers = sorted({answer for _, answer, _ in task.answers.values()}, key=ANSWERS.index)
        metadata = {**task.metadata, "answer": answers[0]}
        documents.append(document_row(task.where, task.id, task.text, metadata, faults))
        accepted = {name: found for name, found in task.answers.items() if found[1] == "accept"}
        for annotator, (where, _, rows) in accepted.items():
            more = {"annotator": annotator} if len(accepted) > 1 else {}
            for row in rows or [Row(where, "entities", {"doc": task.id})]:
                entities.append(Row(row.where, row.file, {**row.fields, **more}))
    if faults:
        raise DataError(faults)
    yield from documents
    yield from entities


def write(rows: Iterable[Row], path: Path) -> None:
    """Writes a line for each document and annotator that `read` takes; sentences and token tags are not carried.

    A document without annotation is `ignore`, or what its metadata say under `answer`.

    Raises:
        DataError: What Prodigy cannot carry, each with its place: other records, discontinuous entities, metadata that
            are no plain value or are called `id` or `text`.
    """
    faults: list[str] = []
    lines = []
    for document, entities in with_entities(rows, "prodigy", faults):
        meta = metadata(document, "prodigy", OWN, faults)
        answer = meta.pop("answer", None)
        text = document.fields["text"]
        record = {"id": document.fields["id"], "text": text, **({"meta": meta} if meta else {})}
        if entities is None:
            lines.append({**record, "answer": answer if answer in ANSWERS[1:] else "ignore"})
            continue
        for annotator, own in by_annotator(entities).items():
            found = [
                {"start": start, "end": end, "label": label, "text": text[start:end]}
                for start, end, label in spans(own, "prodigy", faults)
            ]
            whose = {} if annotator is None else {"_annotator_id": annotator}
            lines.append({**record, "spans": found, "answer": "accept", **whose})
    if faults:
        raise DataError(faults)
    write_text(path, "".join(canonical_json(line) + "\n" for line in lines))


def _entities(where: str, doc: str, text: str, spans: Any, faults: list[str]) -> list[Row]:
    if spans is None:
        return []
    if not isinstance(spans, list):
        faults.append(f"{where}: expected a list under 'spans', found {shown(spans)}")
        return []
    rows = []
    for span in spans:
        if not isinstance(span, dict):
            faults.append(f"{where}: expected a span with start, end and label, found {shown(span)}")
            continue
        start, end, label = span.get("start"), span.get("end"), span.get("label")
        fault = span_fault(start, end, label, len(text))
        if fault is None and "text" in span:
            fault = text_fault(text, int(span["start"]), int(span["end"]), span["text"])
        if fault:
            faults.append(f"{where}: {fault}")
        else:
            rows.append(span_row(where, doc, int(span["start"]), int(span["end"]), str(label), text))
    return rows
