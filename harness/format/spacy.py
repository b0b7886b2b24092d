"""spaCy's DocBin (`.spacy`): tokenized documents with entities, as spaCy trains on.

https://spacy.io/api/docbin. Needs the extra `spacy`. Offsets are code points of the text that the tokens make up.
"""

import re
import zlib
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from harness.errors import DataError, ResourceError
from harness.files import atomic_writer
from harness.format.limits import (
    document_row,
    list_files,
    read_bytes,
    shown,
    span_fault,
    span_row,
    unpacked_limit,
)
from harness.format.writing import one_annotator, spans, with_entities
from harness.records import Row

# Words and marks, and white space that stands for itself.
_TOKEN = re.compile(r"\w+|[^\w\s]|\s+")


def read(path: Path, *, encoding: str = "utf-8", spans_key: str | None = None) -> Iterator[Row]:
    """Rows `documents`, `sentences` (where they are set) and `entities` of a file, or of a folder's `*.spacy`.

    A document's id is `STEM:N`, N from 1: a DocBin holds none. A place `PATH:N` in a message is the Nth document. One
    whose entities were never set is a document without gold.

    Args:
        path: A file or a folder.
        encoding: Of no effect: the format is binary.
        spans_key: Read `doc.spans[spans_key]` instead of `doc.ents`, for nested spans.

    Raises:
        DataError: No DocBin, truncated, over a limit; entities set for some of a document's tokens alone; spans without
            label; a `spans_key` that no document has.
        ResourceError: spaCy is not installed.
    """
    del encoding
    _need_spacy()
    from spacy.tokens import DocBin
    from spacy.vocab import Vocab

    faults: list[str] = []
    rows: list[list[Row]] = []
    seen_key = False
    for file in list_files(path, (".spacy",)) if path.is_dir() else [path]:
        try:
            data = read_bytes(file)
            _check_size(file, data)
        except DataError as error:
            faults += error.faults
            continue
        try:
            docs = list(DocBin().from_bytes(data).get_docs(Vocab()))
        except Exception as error:  # what a broken file makes the reader raise is not listed anywhere
            first = str(error).partition("\n")[0]
            faults.append(
                f"{file}: expected a DocBin that spaCy can read, found {type(error).__name__}: {shown(first)}"
            )
            continue
        for number, doc in enumerate(docs, start=1):
            seen_key = seen_key or (spans_key is not None and spans_key in doc.spans)
            rows.append(_rows(f"{file}:{number}", f"{file.stem}:{number}", doc, spans_key, faults))
    if spans_key is not None and not seen_key and not faults:
        faults.append(f"{path}: expected spans under {spans_key!r} (data.options.spans_key), no document has them")
    if faults:
        raise DataError(faults)
    for kind in ("documents", "sentences", "entities"):
        for of_document in rows:
            yield from (row for row in of_document if row.file == kind)


def write(rows: Iterable[Row], path: Path) -> None:
    """Writes a DocBin whose `doc.ents` are the entities; ids and metadata are not carried.

    Tokens are runs of word characters and single marks, cut wherever an entity or a sentence begins or ends; their text
    is the document's to the letter. Sentences are set where a document has any.

    Raises:
        DataError: What `doc.ents` cannot hold, each with its place: entities that overlap or are discontinuous, several
            annotators, other records.
        ResourceError: spaCy is not installed.
    """
    _need_spacy()
    from spacy.tokens import Doc, DocBin
    from spacy.vocab import Vocab

    faults: list[str] = []
    given = list(rows)
    sentences: dict[str, list[int]] = {}
    for row in given:
        if row.file == "sentences":
            sentences.setdefault(row.fields["doc"], []).extend((row.fields["start"], row.fields["end"]))
    store, vocab = DocBin(attrs=("ENT_IOB", "ENT_TYPE", "SENT_START", "SPACY")), Vocab()
    for document, entities in with_entities(given, "spacy", faults):
        one_annotator(entities or [], "spacy", faults)
        found = sorted(spans(entities or (), "spacy", faults))
        furthest = 0
        for start, end, label in found:
            if start < furthest:
                faults.append(f"{document.where}: doc.ents do not overlap, as {start}-{end} {shown(label)} does")
            furthest = max(furthest, end)
        if faults:
            continue
        bounds = sentences.get(document.fields["id"], [])
        cuts = sorted({*bounds, *(place for start, end, _ in found for place in (start, end))})
        words, spaces, starts = _tokens(document.fields["text"], cuts)
        begins = set(bounds[::2])
        doc = Doc(vocab, words=words, spaces=spaces, sent_starts=[s in begins for s in starts] if bounds else None)
        if entities is not None:
            marked = [doc.char_span(start, end, label=label) for start, end, label in found]
            faults += [
                f"{document.where}: {start}-{end} {shown(label)} begins or ends with a blank, which is no token"
                for (start, end, label), span in zip(found, marked, strict=True)
                if span is None
            ]
            doc.set_ents([span for span in marked if span is not None], default="outside")
        store.add(doc)
    if faults:
        raise DataError(faults)
    with atomic_writer(path) as stream:
        stream.write(store.to_bytes())


def _need_spacy() -> None:
    try:
        import spacy  # noqa: F401
    except ImportError:
        raise ResourceError("data.format=spacy needs spaCy, which is not installed: pip install spacy") from None


def _tokens(text: str, cuts: list[int]) -> tuple[list[str], list[bool], list[int]]:
    """Tokens, whether one blank follows each, and where they begin; no token crosses a cut."""
    words: list[str] = []
    spaces: list[bool] = []
    starts: list[int] = []
    for first, last in pairwise([0, *(cut for cut in cuts if 0 < cut < len(text)), len(text)]):
        for match in _TOKEN.finditer(text, first, last):
            start, end = match.span()
            # One blank belongs to the token before it; further white space is a token.
            if text[start] == " " and words and not spaces[-1] and not words[-1].isspace():
                spaces[-1] = True
                start += 1
            if start < end:
                words.append(text[start:end])
                spaces.append(False)
                starts.append(start)
    return words, spaces, starts


def _rows(where: str, name: str, doc: Any, spans_key: str | None, faults: list[str]) -> list[Row]:
    text = doc.text
    rows = [document_row(where, name, text, {}, faults)]
    if doc.has_annotation("SENT_START"):
        # White space has tokens of its own in spaCy, which belong to the sentence before or after.
        found = [
            (sentence.end_char - len(sentence.text.lstrip()), sentence.start_char + len(sentence.text.rstrip()))
            for sentence in doc.sents
            if sentence.text.strip()
        ]
        width = max(2, len(str(len(found))))
        rows += [
            Row(where, "sentences", {"doc": name, "id": f"s{n:0{width}d}", "start": s, "end": e, "zone": "body"})
            for n, (s, e) in enumerate(found, start=1)
        ]
    if spans_key is not None:
        annotated, spans = spans_key in doc.spans, doc.spans.get(spans_key, ())
    else:
        annotated, spans = doc.has_annotation("ENT_IOB"), doc.ents
        if annotated and not doc.has_annotation("ENT_IOB", require_complete=True):
            faults.append(
                f"{where}: expected entities (or their absence) for every token, found some tokens not annotated"
            )
    entities = []
    for span in spans:
        fault = span_fault(span.start_char, span.end_char, span.label_, len(text))
        if fault:
            faults.append(f"{where}: {fault}")
        else:
            entities.append(span_row(where, name, span.start_char, span.end_char, span.label_, text))
    if annotated:
        rows += entities or [Row(where, "entities", {"doc": name})]
    return rows


def _check_size(file: Path, data: bytes) -> None:
    """Unpacks once without keeping anything: the reader itself has no limit."""
    limit = unpacked_limit(len(data))
    unpacker = zlib.decompressobj()
    size, rest = 0, data
    try:
        while rest and not unpacker.eof:
            size += len(unpacker.decompress(rest, 1024 * 1024))
            rest = unpacker.unconsumed_tail
            if size > limit:
                raise DataError([f"{file}: {len(data)} packed bytes hold more than {limit}, the most that is unpacked"])
    except zlib.error as error:
        raise DataError([f"{file}: expected a DocBin (.spacy), found {error}"]) from None
    if not unpacker.eof:
        raise DataError([f"{file}: expected a complete DocBin (.spacy), found one that is cut off"])
