"""INCEpTION's UIMA CAS XMI: a zip of an `.xmi` and its `TypeSystem.xml`, or the two side by side.

https://inception-project.github.io. Needs the extra `inception`: dkpro-cassis turns UIMA's offsets, UTF-16 units, into
code points. A file with a document type declaration is refused before any of it is parsed: entities of XML have no
place in annotations, and expand without end.
"""

import io
import re
import warnings
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from harness.errors import DataError, ResourceError
from harness.format.limits import document_row, list_files, read_bytes, read_zip, shown, span_fault, span_row
from harness.records import Row

_SENTENCE = "de.tudarmstadt.ukp.dkpro.core.api.segmentation.type.Sentence"
_METADATA = "de.tudarmstadt.ukp.dkpro.core.api.metadata.type.DocumentMetaData"
_ENCODING = re.compile(rb"""<\?xml[^>]*?encoding\s*=\s*["']([^"']*)["']""")


def read(
    path: Path,
    *,
    encoding: str = "utf-8",
    type_name: str = "de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity",
    feature: str = "value",
) -> Iterator[Row]:
    """Rows `documents`, `sentences` (where the CAS has them) and `entities` of a `.zip`, an `.xmi` or a folder of such.

    A document's id is its title in the CAS without `.txt`, or the file's stem where it has none.

    Args:
        path: A file or a folder. Beside an `.xmi` lies its `TypeSystem.xml`.
        encoding: Of no effect: XML is read as UTF-8 only.
        type_name: The layer that holds the entities; a custom one is `webanno.custom.NAME`.
        feature: The layer's feature that holds the label.

    Raises:
        DataError: A document type declaration, another encoding than UTF-8, what is no XMI, a layer that the type
            system has not, annotations out of range or without label, documents that stand twice (two annotators').
        ResourceError: dkpro-cassis is not installed.
    """
    del encoding
    try:
        import cassis
    except ImportError:
        raise ResourceError(
            "data.format=inception needs dkpro-cassis, which is not installed: pip install dkpro-cassis lxml"
        ) from None
    faults: list[str] = []
    rows: list[list[Row]] = []
    places: dict[str, str] = {}
    for file in list_files(path, (".xmi", ".zip")) if path.is_dir() else [path]:
        try:
            sources = list(_sources(file))
        except DataError as error:
            faults += error.faults
            continue
        for place, stem, xmi, types in sources:
            unsafe = [fault for name, data in (types, (place, xmi)) for fault in _unsafe(name, data)]
            if unsafe:
                faults += unsafe
                continue
            try:
                with warnings.catch_warnings(record=True) as warned:
                    warnings.simplefilter("always")
                    system = cassis.load_typesystem(io.BytesIO(types[1]))
                    cas = cassis.load_cas_from_xmi(io.BytesIO(xmi), typesystem=system)
            except Exception as error:  # what broken XML makes lxml and cassis raise is not listed anywhere
                found = f"{type(error).__name__}: {shown(str(error))}"
                faults.append(f"{place}: expected XMI of the types in {types[0]}, found {found}")
                continue
            # An offset that is none in UTF-16 units is kept as it is, with a warning: it would be a wrong code point.
            wrong = sorted({str(one.message) for one in warned if "external offset" in str(one.message)})
            if wrong:
                faults += [
                    f"{place}: expected offsets in UTF-16 units of its text, found: {message}" for message in wrong
                ]
                continue
            doc = _title(cas) or stem
            if doc in places:
                faults.append(
                    f"{place}: document id {shown(doc)} stands at {places[doc]} already; of several annotators' files "
                    "choose one, or the curated one"
                )
            places.setdefault(doc, place)
            rows.append(_rows(f"{place}:1", doc, cas, type_name, feature, faults))
    if faults:
        raise DataError(faults)
    for kind in ("documents", "sentences", "entities"):
        for of_document in rows:
            yield from (row for row in of_document if row.file == kind)


def _sources(file: Path) -> Iterator[tuple[str, str, bytes, tuple[str, bytes]]]:
    """Each XMI as (place, stem, bytes, (place, bytes) of its type system)."""
    if file.suffix.lower() == ".zip":
        members = read_zip(file)
        systems = [name for name in members if PurePosixPath(name).name.lower() == "typesystem.xml"]
        found = [name for name in members if name.lower().endswith(".xmi")]
        if not found or len(systems) != 1:
            raise DataError([f"{file}: expected .xmi and one TypeSystem.xml in it, found {shown(sorted(members))}"])
        for name in found:
            yield f"{file}/{name}", _stem(name), members[name], (f"{file}/{systems[0]}", members[systems[0]])
    elif file.suffix.lower() == ".xmi":
        system = file.with_name("TypeSystem.xml")
        yield str(file), _stem(file.name), read_bytes(file), (str(system), read_bytes(system))
    else:
        raise DataError([f"{file}: expected .zip or .xmi (export as UIMA CAS XMI), found {shown(file.name)}"])


def _unsafe(place: str, data: bytes) -> Iterator[str]:
    # In any other encoding the bytes below would not be what the parser sees.
    declared = _ENCODING.search(data[:1000])
    name = declared[1].decode("ascii", "replace") if declared else "utf-8"
    if name.lower() not in ("utf-8", "utf8", "us-ascii", "ascii") or b"\x00" in data[:1000]:
        yield f"{place}: expected XML in UTF-8, found {shown(name)}; export it again as UTF-8"
        return
    lowered = data.lower()
    for word in (b"<!doctype", b"<!entity"):
        if word in lowered:
            line = data.count(b"\n", 0, lowered.index(word)) + 1
            yield f"{place}:{line}: {word.decode().upper()} is not allowed in annotations"


def _title(cas: Any) -> str | None:
    if not cas.typesystem.contains_type(_METADATA):
        return None
    titles = [data.get("documentTitle") for data in cas.select(_METADATA)]
    return _stem(titles[0]) if titles and isinstance(titles[0], str) and titles[0].strip() else None


def _stem(name: str) -> str:
    return PurePosixPath(name).name.removesuffix(".xmi").removesuffix(".txt")


def _rows(where: str, doc: str, cas: Any, type_name: str, feature: str, faults: list[str]) -> list[Row]:
    text = cas.sofa_string
    if not isinstance(text, str):
        faults.append(f"{where}: expected a text in the CAS, found none")
        return []
    rows = [document_row(where, doc, text, {}, faults)]
    if cas.typesystem.contains_type(_SENTENCE):
        found = sorted((sentence.begin, sentence.end) for sentence in cas.select(_SENTENCE))
        width = max(2, len(str(len(found))))
        for number, (start, end) in enumerate(found, start=1):
            name = f"s{number:0{width}d}"
            rows.append(Row(where, "sentences", {"doc": doc, "id": name, "start": start, "end": end, "zone": "body"}))
    if not cas.typesystem.contains_type(type_name):
        faults.append(
            f"{where}: expected the layer {shown(type_name)} (data.options.type_name), its type system has none"
        )
        return rows
    if cas.typesystem.get_type(type_name).get_feature(feature) is None:
        faults.append(f"{where}: expected the feature {shown(feature)} in {shown(type_name)} (data.options.feature)")
        return rows
    entities = []
    for annotation in cas.select(type_name):
        label = annotation.get(feature)
        fault = span_fault(annotation.begin, annotation.end, label, len(text))
        if fault:
            faults.append(f"{where}: annotation {annotation.xmiID}: {fault}")
        else:
            entities.append(span_row(where, doc, annotation.begin, annotation.end, label, text))
    return rows + (entities or [Row(where, "entities", {"doc": doc})])
