"""CoNLL-2003, WNUT and UNER columns: a token and its tag a line, a blank line after each sentence.

Columns are divided by TABs where most lines have one, else by spaces and TABs. `-DOCSTART-` lines and `# newdoc id = X`
comments begin a document; `# meta::KEY = VALUE` comments after the latter are its metadata; other `# name = value`
comments (`sent_id`, `text`) are passed over, and a line whose token is `#` is a token. A document's text is its tokens
joined by one space and its sentences joined by a line feed: a CoNLL file does not say what stood between its tokens.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from harness.errors import DataError
from harness.files import write_text
from harness.format.columns import META, ColumnDocument, is_tag, read_columns
from harness.format.limits import document_row, list_files, read_text, shown
from harness.records import Row
from harness.tags import (
    PREFIXES,
    SCHEMES,
    Scheme,
    TagSpan,
    count_invalid,
    find_scheme,
    spans_of,
    tags_of,
)

# What is read when `path` is a folder; a file that is named itself may end in anything.
SUFFIXES = (".conll", ".conll03", ".iob", ".iob1", ".iob2", ".bio", ".iobes", ".bilou", ".tsv", ".txt")

_TOKEN = re.compile(r"[^ \t\r\n\f\v]+")


def read(
    path: Path,
    *,
    encoding: str = "utf-8",
    scheme: Literal["auto", "iob1", "iob2", "iobes", "bilou"] = "auto",
    token_column: int = 0,
    tag_column: int = -1,
    stem: str | None = None,
) -> Iterator[Row]:
    """Rows `documents`, `sentences` (zone `body`), `entities` and `tags` of a file, or of a folder's files by name.

    Tags are read as conlleval reads them, and handed on as they are written, sentence by sentence. Each document's
    metadata says how: `tag_scheme`, and `invalid_tags`, the number of transitions in it that the scheme forbids.
    Without any document mark in a file, each of its sentences is a document `STEM:N`, N from 1; so is each
    `-DOCSTART-` and each `# newdoc` without id.

    Args:
        path: A file, or a folder of files that end in one of `SUFFIXES` (readmes are left out).
        encoding: Of all the files; a UTF-8 byte order mark is dropped.
        scheme: `auto` finds it out from all tags of `path` together.
        token_column: Counted from 0, or from the end as -1. UNER: 1.
        tag_column: Likewise. UNER: 2.
        stem: What `STEM` is where `path` is a file; None: its name without its last suffix.

    Raises:
        DataError: Every line with too few or too many columns, with no tag of the scheme or with alternative tags; ids
            that stand twice; documents without tokens; tokens before the first document mark.
    """
    if scheme not in ("auto", *SCHEMES):
        raise ValueError(f"conll: scheme must be one of auto, {', '.join(SCHEMES)}, got {scheme!r}")
    for name, column in (("token_column", token_column), ("tag_column", tag_column)):
        if isinstance(column, bool) or not isinstance(column, int):
            raise ValueError(f"conll: {name} must be a whole number, got {column!r}")
    files = list_files(path, SUFFIXES) if path.is_dir() else [path]
    faults: list[str] = []
    documents: list[ColumnDocument] = []
    for file in files:
        try:
            text = read_text(file, encoding)
        except DataError as error:
            faults += error.faults
            continue
        documents += read_columns(file, text, token_column, tag_column, file.stem if stem is None else stem, faults)
    _check_ids(documents, faults)
    tags = [sentence.tags for document in documents for sentence in document.sentences]
    found: Scheme = "iob2"
    if not faults:
        try:
            found = find_scheme(tags) if scheme == "auto" else scheme
        except ValueError as error:
            faults.append(f"{path}: {error}; set data.options.scheme")
        if scheme != "auto":
            faults += [fault for document in documents for fault in _foreign_prefixes(document, scheme)]
        if not documents:
            faults.append(f"{path}: expected lines of a token and a tag, found none")
    rows = [] if faults else [_rows(document, found, faults) for document in documents]
    if faults:
        raise DataError(faults)
    for kind in ("documents", "sentences", "entities", "tags"):
        for of_document in rows:
            yield from (row for row in of_document if row.file == kind)


def write(rows: Iterable[Row], path: Path, scheme: Scheme = "iob2") -> None:
    """Writes documents and their entities as TAB-separated token and tag, with `# newdoc id` comments.

    Tags are made from the entities, whatever tags they were once read from (`tags` records are passed over). Tokens
    are what ASCII white space divides; sentences are the `sentences` rows' or else the lines of the text. What
    is read back is that text with single blanks. Metadata become `# meta::` comments, strings again when read.

    Raises:
        DataError: What columns cannot carry, each with its place: other records, an entity that begins or ends inside
            a token, overlaps another, crosses a sentence or is discontinuous, several annotators, a document without
            annotation.
    """
    if scheme not in SCHEMES:
        raise ValueError(f"conll: scheme must be one of {', '.join(SCHEMES)}, got {scheme!r}")
    faults: list[str] = []
    documents: dict[str, Row] = {}
    records: dict[str, dict[str, list[Row]]] = {"sentences": {}, "entities": {}}
    for row in rows:
        if row.file == "documents":
            documents[row.fields["id"]] = row
        elif row.file in records:
            records[row.file].setdefault(row.fields["doc"], []).append(row)
        elif row.file != "tags":
            faults.append(f"{row.where}: conll carries documents, sentences and entities, found a record of {row.file}")
    for kind, of_kind in records.items():
        for doc, of_document in of_kind.items():
            if doc not in documents:
                faults.append(f"{of_document[0].where}: {kind} of document {shown(doc)}, whose text is not given")
    lines: list[str] = []
    for doc, document in documents.items():
        sentences, entities = records["sentences"].get(doc, []), records["entities"].get(doc)
        if entities is None:
            faults.append(
                f"{document.where}: document {shown(doc)} has no entity record; read back, it would count as "
                "annotated and without entities"
            )
            continue
        lines += _write_document(document, sentences, entities, scheme, faults)
    if faults:
        raise DataError(faults)
    write_text(path, "".join(line + "\n" for line in lines))


# ---- reading ------------------------------------------------------------------------------------------------------


def _check_ids(documents: list[ColumnDocument], faults: list[str]) -> None:
    places: dict[str, str] = {}
    for document in documents:
        place = f"{document.file}:{document.line}"
        if document.id in places:
            faults.append(f"{place}: document id {shown(document.id)} stands at {places[document.id]} already")
        places.setdefault(document.id, place)


def _foreign_prefixes(document: ColumnDocument, scheme: Scheme) -> Iterator[str]:
    for sentence in document.sentences:
        for line, tag in zip(sentence.lines, sentence.tags, strict=True):
            if tag != "O" and tag[0] not in PREFIXES[scheme]:
                yield f"{document.file}:{line}: expected a tag of {scheme}, found {shown(tag)}"


def _rows(document: ColumnDocument, scheme: Scheme, faults: list[str]) -> list[Row]:
    sentences: list[Row] = []
    entities: list[Row] = []
    tagged: list[Row] = []
    texts: list[str] = []
    begin = 0
    width = max(2, len(str(len(document.sentences))))
    for number, sentence in enumerate(document.sentences, start=1):
        starts = [begin]
        for token in sentence.tokens:
            starts.append(starts[-1] + len(token) + 1)
        end = starts[-1] - 1
        where = f"{document.file}:{sentence.lines[0]}"
        name = f"s{number:0{width}d}"
        sentences.append(
            Row(where, "sentences", {"doc": document.id, "id": name, "start": begin, "end": end, "zone": "body"})
        )
        tagged.append(
            Row(
                where,
                "tags",
                {
                    "doc": document.id,
                    "start": begin,
                    "end": end,
                    "tokens": [
                        [start, start + len(token)] for start, token in zip(starts, sentence.tokens, strict=False)
                    ],
                    "tags": sentence.tags,
                },
            )
        )
        for span in spans_of(sentence.tags):
            fields = {
                "doc": document.id,
                "start": starts[span.start],
                "end": starts[span.end] - 1,
                "label": span.label,
                "text": " ".join(sentence.tokens[span.start : span.end]),
            }
            entities.append(Row(f"{document.file}:{sentence.lines[span.start]}", "entities", fields))
        texts.append(" ".join(sentence.tokens))
        begin = end + 1
    place = f"{document.file}:{document.line}"
    metadata: dict[str, Any] = {
        **document.metadata,
        "tag_scheme": scheme,
        "invalid_tags": sum(count_invalid(sentence.tags, scheme) for sentence in document.sentences),
    }
    first = document_row(place, document.id, "\n".join(texts), metadata, faults)
    return [first, *sentences, *(entities or [Row(place, "entities", {"doc": document.id})]), *tagged]


# ---- writing ------------------------------------------------------------------------------------------------------


def _write_document(
    document: Row, sentences: list[Row], entities: list[Row], scheme: Scheme, faults: list[str]
) -> list[str]:
    doc, text = document.fields["id"], document.fields["text"]
    before = len(faults)
    if not isinstance(doc, str) or doc != doc.strip() or not doc or "\n" in doc or "\r" in doc or "\t" in doc:
        faults.append(
            f"{document.where}: a document id in a comment is one line without outer blanks, found {shown(doc)}"
        )
    tokens = [match.span() for match in _TOKEN.finditer(text)]
    if not tokens:
        faults.append(f"{document.where}: document {shown(doc)} has no tokens")
    if any(text[start:end].startswith("-DOCSTART-") for start, end in tokens):
        faults.append(
            f"{document.where}: document {shown(doc)} holds the word -DOCSTART-, which would begin a document"
        )
    regions = _regions(text, sentences, tokens, faults)
    spans = _token_spans(text, entities, tokens, regions, faults)
    if len(faults) > before:
        return []
    lines = [f"# newdoc id = {doc}"]
    for key, value in document.fields.items():
        if key in ("id", "text", "tag_scheme", "invalid_tags"):
            continue
        comment = f"# meta::{key} = {value}"
        if not META.fullmatch(comment) or any(mark in comment for mark in "\n\r\t") or "=" in key:
            faults.append(f"{document.where}: metadata in a comment are one line, found {shown(key)}: {shown(value)}")
        lines.append(comment)
    place = 0
    for first, last in regions:
        inside = []
        while place < len(spans) and spans[place].start < last:
            span = spans[place]
            inside.append(TagSpan(span.start - first, span.end - first, span.label))
            place += 1
        tags = tags_of(inside, last - first, scheme)
        lines += [f"{text[s:e]}\t{tag}" for (s, e), tag in zip(tokens[first:last], tags, strict=True)]
        lines.append("")
    return lines


def _regions(
    text: str, sentences: list[Row], tokens: list[tuple[int, int]], faults: list[str]
) -> list[tuple[int, int]]:
    """Sentences as (first, last) token numbers, last exclusive; text outside any sentence is one of its own."""
    if sentences:
        cuts = {row.fields[key]: row for row in sentences for key in ("start", "end")}
        for start, end in tokens:
            for cut in range(start + 1, end):
                if cut in cuts:
                    faults.append(
                        f"{cuts[cut].where}: a sentence begins or ends at {cut}, inside {shown(text[start:end])}"
                    )
        ordered = sorted(cuts)
    else:
        ordered = [match.start() for match in re.finditer("\n", text)]
    regions = []
    first, cut = 0, 0
    for number, (start, _) in enumerate(tokens):
        crossed = cut
        while crossed < len(ordered) and ordered[crossed] <= start:
            crossed += 1
        if crossed > cut and number > first:
            regions.append((first, number))
            first = number
        cut = crossed
    return [*regions, (first, len(tokens))] if tokens else []


def _token_spans(
    text: str, entities: list[Row], tokens: list[tuple[int, int]], regions: list[tuple[int, int]], faults: list[str]
) -> list[TagSpan]:
    first_at = {start: number for number, (start, _) in enumerate(tokens)}
    last_at = {end: number + 1 for number, (_, end) in enumerate(tokens)}
    region_of = {number: region for region, (first, last) in enumerate(regions) for number in range(first, last)}
    spans: list[tuple[TagSpan, Row]] = []
    annotators = {row.fields.get("annotator") for row in entities}
    if len(annotators) > 1:
        faults.append(f"{entities[0].where}: columns carry one annotator, found {sorted(map(str, annotators))}")
    for row in entities:
        if "start" not in row.fields:
            continue
        start, end, label = row.fields["start"], row.fields["end"], row.fields["label"]
        if not is_tag(f"B-{label}") or _TOKEN.fullmatch(label) is None:
            faults.append(f"{row.where}: a label in a tag has no blank, comma or bar, found {shown(label)}")
        elif start not in first_at or end not in last_at:
            faults.append(f"{row.where}: {start}-{end} {shown(text[start:end])} begins or ends inside a token")
        elif len(row.fields.get("parts") or ()) > 1:
            faults.append(
                f"{row.where}: {start}-{end} {shown(text[start:end])} is discontinuous ('parts'); columns carry spans "
                "in one piece only"
            )
        elif region_of[first_at[start]] != region_of[last_at[end] - 1]:
            faults.append(f"{row.where}: {start}-{end} {shown(text[start:end])} crosses the end of a sentence")
        else:
            spans.append((TagSpan(first_at[start], last_at[end], label), row))
    spans.sort(key=lambda pair: pair[0])
    for (before, earlier), (after, row) in pairwise(spans):
        if after.start < before.end:
            faults.append(f"{row.where}: overlaps the entity at {earlier.where}; columns carry flat entities only")
    return [span for span, _ in spans]
