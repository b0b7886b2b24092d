"""What writers of other formats share: documents beside their entities, and what such a format does not carry."""

from collections.abc import Collection, Iterable
from typing import Any

from harness.format.limits import shown
from harness.records import Row

# Left out of a format without them, and no fault: sentences can be split again, and tags are made from entities.
_PASSED_OVER = ("sentences", "tags")


def with_entities(rows: Iterable[Row], name: str, faults: list[str]) -> list[tuple[Row, list[Row] | None]]:
    """Each document with its `entities` rows, in the order given; None for one that is not annotated.

    Args:
        rows: Of any kind.
        name: The format, for messages.
        faults: Takes what is one: other records, entities of a document that is not given.
    """
    documents: dict[str, Row] = {}
    entities: dict[str, list[Row]] = {}
    for row in rows:
        if row.file == "documents":
            documents[row.fields["id"]] = row
        elif row.file == "entities":
            entities.setdefault(row.fields["doc"], []).append(row)
        elif row.file not in _PASSED_OVER:
            faults.append(f"{row.where}: {name} carries documents and entities, found a record of {row.file}")
    faults += [
        f"{of_document[0].where}: entities of document {shown(doc)}, whose text is not given"
        for doc, of_document in entities.items()
        if doc not in documents
    ]
    return [(document, entities.get(doc)) for doc, document in documents.items()]


def spans(rows: Iterable[Row], name: str, faults: list[str]) -> list[tuple[int, int, str]]:
    """Start, end and label of each entity that is one; a discontinuous one goes to `faults`."""
    found = []
    for row in rows:
        if "start" not in row.fields:
            continue
        if len(row.fields.get("parts") or ()) > 1:
            faults.append(
                f"{row.where}: {name} carries spans in one piece only, found a discontinuous entity ('parts')"
            )
        else:
            found.append((row.fields["start"], row.fields["end"], row.fields["label"]))
    return found


def by_annotator(rows: Iterable[Row]) -> dict[str | None, list[Row]]:
    """The rows of each annotator, in the order of their first."""
    found: dict[str | None, list[Row]] = {}
    for row in rows:
        found.setdefault(row.fields.get("annotator"), []).append(row)
    return found


def one_annotator(rows: list[Row], name: str, faults: list[str]) -> None:
    """Several annotators of one document go to `faults`."""
    if len(found := by_annotator(rows)) > 1:
        faults.append(f"{rows[0].where}: {name} carries one annotator, found {sorted(map(str, found))}")


def metadata(document: Row, name: str, own: Collection[str], faults: list[str]) -> dict[str, Any]:
    """The metadata of a document; what would not be read again goes to `faults`."""
    found = {}
    for key, value in document.fields.items():
        if key in ("id", "text"):
            continue
        if key in own or isinstance(value, dict | list):
            what = "means something else" if key in own else f"is no plain value: {shown(value)}"
            faults.append(f"{document.where}: {name} cannot carry the metadata {shown(key)}, which {what}")
        else:
            found[key] = value
    return found
