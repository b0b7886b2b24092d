"""Label Studio's JSON and JSON-MIN exports of text labelled with `Labels` over `Text`.

https://labelstud.io/guide/export. Its offsets come from a browser: after an emoji they may count UTF-16 units
(label-studio#1347). Each region repeats its string, so the two are told apart: where not every region of an annotation
is found by code points but every one is by UTF-16 units, they are UTF-16 units. Anything else is refused.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.errors import DataError
from harness.files import write_text
from harness.format.limits import document_row, json_objects, shown, slice_utf16, span_fault, span_row, text_fault
from harness.format.writing import by_annotator, metadata, spans, with_entities
from harness.records import Row

# Variables of a task that are no metadata.
OWN = ("id", "text", "label", "annotator", "annotation_id", "lead_time")


@dataclass(frozen=True, slots=True)
class _Region:
    start: int
    end: int
    text: str | None
    labels: tuple[str, ...]


@dataclass(slots=True)
class _Task:
    where: str
    text: str
    metadata: dict[str, Any]
    # Annotator -> (place, regions).
    annotations: dict[str, tuple[str, list[_Region]]] = field(default_factory=dict)


def read(
    path: Path, *, encoding: str = "utf-8", text_key: str = "text", label_key: str = "label", id_key: str | None = None
) -> Iterator[Row]:
    """Rows `documents` and `entities` of an export file (a JSON array or JSON Lines).

    Only regions of type `labels` are read; a region with several labels is an entity under each. Cancelled annotations
    and model predictions are left out; a task without annotation is a document without gold. Where a task has several
    annotations their rows say `annotator`. Plain values of the task's data are the document's metadata.

    Args:
        path: The file.
        encoding: Of the file.
        text_key: The variable that `Text` shows, `$text` in the labelling setup.
        label_key: JSON-MIN: the name of the `Labels` tag.
        id_key: The variable that holds the document's id; None: the task's own `id`.

    Raises:
        DataError: Every task without id or text, with two texts under one id or annotated twice by the same annotator;
            every region without label, out of range, or whose string is not that of its offsets in either count;
            regions of hypertext or paragraphs, whose offsets count something else.
    """
    faults: list[str] = []
    tasks: dict[str, _Task] = {}
    for where, record in json_objects(path, encoding, faults):
        data = record.get("data", record)
        if not isinstance(data, dict):
            faults.append(f"{where}: expected an object under 'data', found {shown(data)}")
            continue
        text = data.get(text_key)
        name = record.get("id") if id_key is None else data.get(id_key)
        if not isinstance(text, str):
            faults.append(
                f"{where}: expected the text under {text_key!r}, found {shown(text)}; set data.options.text_key"
            )
            continue
        if isinstance(name, bool) or not isinstance(name, str | int):
            faults.append(f"{where}: expected an id, found {shown(name)}; set data.options.id_key")
            continue
        own = {*OWN, text_key, label_key, id_key}
        metadata = {k: v for k, v in data.items() if k not in own and not isinstance(v, dict | list)}
        task = tasks.setdefault(str(name), _Task(where, text, metadata if "data" in record else {}))
        if task.text != text:
            faults.append(f"{where}: task {shown(name)} stands at {task.where} with another text")
            continue
        for annotator, regions in _annotations(where, record, text, label_key, faults):
            if annotator in task.annotations:
                faults.append(f"{where}: annotator {shown(annotator)} has annotated task {shown(name)} already")
            task.annotations[annotator] = (where, regions)
    documents: list[Row] = []
    entities: list[Row] = []
    for doc, task in tasks.items():
        documents.append(document_row(task.where, doc, task.text, task.metadata, faults))
        for annotator, (where, regions) in task.annotations.items():
            more = {"annotator": annotator} if len(task.annotations) > 1 else {}
            rows = [
                span_row(where, doc, region.start, region.end, label, task.text)
                for region in _code_points(where, task.text, regions, faults)
                for label in region.labels
            ]
            for row in rows or [Row(where, "entities", {"doc": doc})]:
                entities.append(Row(row.where, row.file, {**row.fields, **more}))
    if faults:
        raise DataError(faults)
    yield from documents
    yield from entities


def write(rows: Iterable[Row], path: Path) -> None:
    """Writes tasks that `read` takes and Label Studio imports; sentences and token tags are not carried.

    The setup is `<Labels name="label" toName="text">` over `<Text name="text" value="$text"/>`. A document's id is the
    task's and the variable `id`: Label Studio numbers tasks itself, so what it exports again is read with
    `data.options.id_key=id`. Offsets are code points, as in Label Studio since 2022.

    Raises:
        DataError: What Label Studio cannot carry, each with its place: other records, discontinuous entities, metadata
            that are no plain value or have a name of `OWN`.
    """
    faults: list[str] = []
    tasks = []
    for document, entities in with_entities(rows, "labelstudio", faults):
        doc, text = document.fields["id"], document.fields["text"]
        annotations = []
        for annotator, own in by_annotator(entities or ()).items():
            results = [
                {
                    "id": f"r{number}",
                    "from_name": "label",
                    "to_name": "text",
                    "type": "labels",
                    "value": {"start": start, "end": end, "text": text[start:end], "labels": [label]},
                }
                for number, (start, end, label) in enumerate(spans(own, "labelstudio", faults), start=1)
            ]
            annotations.append({"result": results} | ({} if annotator is None else {"completed_by": annotator}))
        data = {**metadata(document, "labelstudio", OWN, faults), "id": doc, "text": text}
        tasks.append({"id": doc, "data": data, "annotations": annotations})
    if faults:
        raise DataError(faults)
    # A task a line: an array of one line cannot be looked at.
    lines = ",\n".join(json.dumps(task, ensure_ascii=False, allow_nan=False) for task in tasks)
    write_text(path, f"[\n{lines}\n]\n" if tasks else "[]\n")


def _annotations(
    where: str, record: dict[str, Any], text: str, label_key: str, faults: list[str]
) -> Iterator[tuple[str, list[_Region]]]:
    """Each annotation as (annotator, regions)."""
    if "data" not in record:
        if record.get(label_key) is not None or "annotator" in record:
            values = record.get(label_key) or []
            if not isinstance(values, list):
                faults.append(f"{where}: expected a list under {label_key!r}, found {shown(values)}")
                return
            yield str(record.get("annotator", "")), [r for v in values for r in _region(where, v, text, faults)]
        return
    # Exports before version 1.0 call them completions.
    annotations = record.get("annotations", record.get("completions", []))
    if not isinstance(annotations, list) or not all(isinstance(annotation, dict) for annotation in annotations):
        faults.append(f"{where}: expected a list of objects under 'annotations', found {shown(annotations)}")
        return
    for annotation in annotations:
        if annotation.get("was_cancelled"):
            continue
        result = annotation.get("result")
        if not isinstance(result, list) or not all(isinstance(item, dict) for item in result):
            faults.append(f"{where}: expected a list of objects under 'result', found {shown(result)}")
            continue
        regions: list[_Region] = []
        for item in result:
            kind = item.get("type")
            if kind in ("hypertextlabels", "paragraphlabels", "timeserieslabels"):
                faults.append(
                    f"{where}: regions of type {kind!r} do not count the characters of a text; only 'labels' do"
                )
            elif kind == "labels":
                regions += _region(where, item.get("value"), text, faults)
        by = annotation.get("completed_by")
        if isinstance(by, dict):
            by = by.get("email", by.get("id"))
        yield str(annotation.get("id", "")) if by is None else str(by), regions


def _region(where: str, value: Any, text: str, faults: list[str]) -> Iterator[_Region]:
    if not isinstance(value, dict):
        faults.append(f"{where}: expected a region with start, end and labels, found {shown(value)}")
        return
    labels = value.get("labels")
    if not isinstance(labels, list) or not labels:
        faults.append(f"{where}: expected a region's labels, found {shown(labels)}")
        return
    # UTF-16 units are at most twice as many; the exact range is checked once it is known which they are.
    for label in labels:
        fault = span_fault(value.get("start"), value.get("end"), label, 2 * len(text))
        if fault:
            faults.append(f"{where}: {fault}")
            return
    claimed = value.get("text")
    if claimed is not None and not isinstance(claimed, str):
        faults.append(f"{where}: expected a region's text, found {shown(claimed)}")
        return
    yield _Region(value["start"], value["end"], claimed, tuple(labels))


def _code_points(where: str, text: str, regions: list[_Region], faults: list[str]) -> list[_Region]:
    """The regions with offsets in code points; all of an annotation count alike."""

    def same(found: str | None, claimed: str | None) -> bool:
        # The browser's string may have lost its carriage returns where the offsets have not.
        return (
            found is not None and claimed is not None and found.replace("\r\n", "\n") == claimed.replace("\r\n", "\n")
        )

    if all(region.end <= len(text) and same(text[region.start : region.end], region.text) for region in regions):
        return regions
    plain = max(text, default="") <= "\uffff"
    units = b"" if plain else text.encode("utf-16-le", "surrogatepass")
    if not plain and all(same(slice_utf16(units, region.start, region.end), region.text) for region in regions):
        at = _position_of_unit(text)
        return [_Region(at[r.start], at[r.end], r.text, r.labels) for r in regions]
    for region in regions:
        fault = span_fault(region.start, region.end, region.labels[0], len(text))
        if fault is None and region.text is not None and not same(text[region.start : region.end], region.text):
            fault = text_fault(text, region.start, region.end, region.text)
        if fault is None and region.text is None and not plain:
            fault = "expected the region's text: with characters beyond U+FFFF its offsets may count UTF-16 units"
        if fault:
            faults.append(f"{where}: {fault}")
    return regions


def _position_of_unit(text: str) -> dict[int, int]:
    """Offset in UTF-16 units -> offset in code points."""
    positions = {}
    unit = 0
    for position, character in enumerate(text):
        positions[unit] = position
        unit += 2 if character > "\uffff" else 1
    return {**positions, unit: len(text)}
