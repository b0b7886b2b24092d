"""brat standoff: `NAME.txt` beside `NAME.ann`, text-bound annotations `T1<TAB>Label 0 5<TAB>string`.

A discontinuous one has several stretches, `T1<TAB>Label 0 5;9 14<TAB>string`, and as its string theirs, joined by a
space. https://brat.nlplab.org/standoff.html. Offsets count code points of the text file as stored, line ends and all.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from harness.errors import DataError
from harness.files import write_text
from harness.format.limits import (
    NOT_DATA,
    document_row,
    list_files,
    read_text,
    shown,
    span_fault,
    span_row,
    text_fault,
    text_lines,
)
from harness.format.writing import one_annotator, with_entities
from harness.records import Row

_SPAN = re.compile(r"(?P<id>T\S*)\t(?P<label>\S+) (?P<offsets>[0-9; ]+)(?:\t(?P<text>.*))?")
_OFFSETS = re.compile(r"[0-9]{1,12} [0-9]{1,12}(?:;[0-9]{1,12} [0-9]{1,12})*")
# Relations, events, attributes, normalizations, equivalences and notes: about spans, none themselves.
_PASSED_OVER = ("R", "E", "A", "M", "N", "*", "#")
_LINE_END = re.compile(r"\r\n|[\r\n]")


def read(path: Path, *, encoding: str = "utf-8") -> Iterator[Row]:
    """Rows `documents` (id: the file's stem) and `entities` of a folder, or of one `.txt` and `.ann` pair.

    A `.txt` without its `.ann` is a document that is not annotated, one with an empty `.ann` is annotated and has no
    entity. Lines that are no `T` lines are passed over. A string that spans a line end may have a blank for it, as brat
    writes it.

    Args:
        path: A folder (folders in it are not read), or one of the two files.
        encoding: Of all the files.

    Raises:
        DataError: Every line that is not of the format; an `.ann` without text; ids `T1` that stand twice; offsets out
            of range; strings that differ from the text at their offsets; stretches out of text order, or that touch.
    """
    faults: list[str] = []
    if path.is_dir():
        texts = list_files(path, (".txt",))
        known = {file.with_suffix("") for file in texts}
        for file in list_files(path, (".ann",), required=False):
            if file.with_suffix("") not in known:
                faults.append(f"{file}: expected its text in {file.with_suffix('.txt').name}, found no such file")
    elif path.suffix in (".txt", ".ann"):
        texts = [path.with_suffix(".txt")]
    else:
        raise DataError([f"{path}: expected a folder of .txt and .ann files, or one of such a pair"])
    documents: list[Row] = []
    entities: list[Row] = []
    for file in texts:
        annotations = file.with_suffix(".ann")
        try:
            # A byte order mark is kept: whether offsets count it is not known, and documents with one are refused.
            text = read_text(file, encoding, keep_mark=True)
            documents.append(document_row(f"{file}:1", file.stem, text, {}, faults))
            if annotations.exists():
                entities += _annotations(annotations, read_text(annotations, encoding), file.stem, text, faults)
        except DataError as error:
            faults += error.faults
    if faults:
        raise DataError(faults)
    yield from documents
    yield from entities


def write(rows: Iterable[Row], path: Path) -> None:
    """Writes each document and its entities into a folder; sentences, token tags, metadata and scores are not
    carried.

    Raises:
        DataError: What brat cannot carry, each with its place: ids that are no file names, labels with blanks, other
            records, several annotators; a folder that holds `.txt` or `.ann` files already.
    """
    faults: list[str] = []
    names: dict[str, str] = {}
    files: dict[str, str] = {}
    for document, entities in with_entities(rows, "brat", faults):
        doc = document.fields["id"]
        if not _is_name(doc):
            faults.append(f"{document.where}: expected an id that can be a file's name, found {shown(doc)}")
            continue
        # Some file systems do not tell cases apart.
        if doc.casefold() in names:
            faults.append(
                f"{document.where}: the files of {shown(doc)} would be those of {shown(names[doc.casefold()])}"
            )
        names[doc.casefold()] = doc
        text = document.fields["text"]
        files[f"{doc}.txt"] = text
        if entities is not None:
            files[f"{doc}.ann"] = _lines(text, entities, faults)
    if path.is_dir() and any(file.suffix in (".txt", ".ann") for file in path.iterdir()):
        faults.append(
            f"{path}: holds .txt or .ann files already, which would be read with these; choose another folder"
        )
    if faults:
        raise DataError(faults)
    for name, content in files.items():
        write_text(path / name, content)


def _annotations(file: Path, content: str, doc: str, text: str, faults: list[str]) -> list[Row]:
    rows = []
    places: dict[str, str] = {}
    for number, line in text_lines(content):
        where = f"{file}:{number}"
        if not line.strip() or line.startswith(_PASSED_OVER):
            continue
        found = _SPAN.fullmatch(line)
        if found is None:
            faults.append(f"{where}: expected T1<TAB>Label START END<TAB>string, found {shown(line)}")
            continue
        name = found["id"]
        if name in places:
            faults.append(f"{where}: {name} stands at {places[name]} already; ids are unique in a file")
        places.setdefault(name, where)
        if not _OFFSETS.fullmatch(found["offsets"]):
            faults.append(f"{where}: expected START END, found {shown(found['offsets'])}")
            continue
        pairs = [pair.split(" ") for pair in found["offsets"].split(";")]
        parts = [(int(start), int(end)) for start, end in pairs]
        fault = _parts_fault(parts, found["label"], text) or _string_fault(parts, found["text"], text)
        if fault:
            faults.append(f"{where}: {name}: {fault}")
        else:
            rows.append(_row(where, doc, parts, found["label"], text))
    return rows or [Row(f"{file}:1", "entities", {"doc": doc})]


def _parts_fault(parts: object, label: object, text: str) -> str | None:
    """What is wrong with the stretches of a span; None where nothing is."""
    if not isinstance(parts, list) or not all(isinstance(part, list | tuple) and len(part) == 2 for part in parts):
        return f"expected stretches as [start, end] pairs, found {shown(parts)}"
    for start, end in parts:
        if fault := span_fault(start, end, label, len(text)):
            return fault
    places = [place for part in parts for place in part]
    if places != sorted(set(places)):
        return f"expected stretches in text order that do not touch, found {_offsets(parts)}"
    return None


def _string_fault(parts: Sequence[tuple[int, int]], claimed: str | None, text: str) -> str | None:
    """How the string of a span differs from the text at its offsets; None where it does not."""
    found = [text[start:end] for start, end in parts]
    # brat of some ages writes a blank for each of CR and LF, of others one for both.
    if claimed in (" ".join(_LINE_END.sub(" ", one) for one in found), re.sub("[\r\n]", " ", " ".join(found))):
        return None
    if len(parts) == 1:
        return text_fault(text, *parts[0], claimed)
    return (
        f"the stretches {_offsets(parts)} say {shown(' '.join(found))} (joined by a space), the annotation says "
        f"{shown(claimed)}; offsets are end-exclusive code points"
    )


def _row(where: str, doc: str, parts: Sequence[tuple[int, int]], label: str, text: str) -> Row:
    row = span_row(where, doc, parts[0][0], parts[-1][1], label, text)
    if len(parts) > 1:
        row.fields["text"] = " ".join(text[start:end] for start, end in parts)
        row.fields["parts"] = [list(part) for part in parts]
    return row


def _offsets(parts: Sequence[tuple[int, int]]) -> str:
    return ";".join(f"{start} {end}" for start, end in parts)


def _lines(text: str, entities: list[Row], faults: list[str]) -> str:
    one_annotator(entities, "brat", faults)
    lines: list[str] = []
    for row in entities:
        if "start" not in row.fields:
            continue
        label = row.fields["label"]
        whole = [(row.fields["start"], row.fields["end"])]
        parts = row.fields.get("parts") or whole
        fault = _parts_fault(whole, label, text) or _parts_fault(parts, label, text)
        if fault is None and (parts[0][0], parts[-1][1]) != whole[0]:
            fault = f"expected stretches from start {whole[0][0]} to end {whole[0][1]}, found {_offsets(parts)}"
        if fault is None and re.search(r"\s", label):
            fault = f"expected a label without blanks, found {shown(label)}"
        if fault:
            faults.append(f"{row.where}: {fault}")
            continue
        string = " ".join(_LINE_END.sub(" ", text[start:end]) for start, end in parts)
        lines.append(f"T{len(lines) + 1}\t{label} {_offsets(parts)}\t{string}\n")
    return "".join(lines)


def _is_name(doc: object) -> bool:
    return (
        isinstance(doc, str)
        and re.fullmatch(r"[^\x00-\x1f/\\]+", doc) is not None
        and doc == doc.strip()
        and not doc.startswith(".")
        and NOT_DATA.match(doc) is None
        and len(doc.encode("utf-8", "replace")) <= 200
    )
