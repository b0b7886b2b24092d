"""CoNLL-2003, WNUT and UNER columns: a token and its tag a line, a blank line after each sentence.

Columns are divided by TABs where most lines have one, else by spaces and TABs. `-DOCSTART-` lines and `# newdoc id = X`
comments begin a document; `# meta::KEY = VALUE` comments after the latter are its metadata; other `# name = value`
comments (`sent_id`, `text`) are passed over, and a line whose token is `#` is a token. A document's text is its tokens
joined by one space and its sentences joined by a line feed: a CoNLL file does not say what stood between its tokens.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from harness.errors import DataError
from harness.files import write_text
from harness.format.limits import document_row, list_files, read_text, shown, text_lines
from harness.format.tags import (
    PREFIXES,
    SCHEMES,
    Scheme,
    TagSpan,
    count_invalid,
    find_scheme,
    spans_of,
    split_tag,
    tags_of,
)
from harness.records import Row

# What is read when `path` is a folder; a file that is named itself may end in anything.
SUFFIXES = (".conll", ".conll03", ".iob", ".iob1", ".iob2", ".bio", ".iobes", ".bilou", ".tsv", ".txt")

# A blank after the hash, a name and (newdoc and newpar apart) an equals sign: `#newdoc` and `#win=now` are tokens of a
# tweet, and so is the `#` of `# O` where blanks divide the columns.
_NEWDOC = re.compile(r"# +newdoc(?: +id)?(?: *= *(?P<id>.*?))? *")
_META = re.compile(r"# +meta::(?P<key>[^=]*?) *= *(?P<value>.*?) *")
_COMMENT = re.compile(r"# +(?:newpar *$|[\w.:-]+(?: +id)? *=)")
_BLANKS = re.compile(r"[ \t]+")
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
    """Rows `documents`, `sentences` (zone `body`) and `entities` of a file, or of a folder's files in name order.

    Tags are read as conlleval reads them. Each document's metadata says how: `tag_scheme`, and `invalid_tags`, the
    number of transitions in it that the scheme forbids. Without any document mark in a file, each of its sentences is a
    document `STEM:N`, N from 1; so is each `-DOCSTART-` and each `# newdoc` without id.

    Args:
        path: A file, or a folder of files that end in one of `SUFFIXES` (readmes are left out).
        encoding: Of all the files; a UTF-8 byte order mark is dropped.
        scheme: `auto` finds it out from all tags of `path` together.
        token_column: Counted from 0, or from the end as -1. UNER: 1.
        tag_column: Likewise. UNER: 2.
        stem: What `STEM` is where `path` is a file; None: its name without its last suffix. For predictions in a file
            of another name than the gold's.

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
    documents: list[_Document] = []
    for file in files:
        try:
            text = read_text(file, encoding)
        except DataError as error:
            faults += error.faults
            continue
        documents += _parse(file, text, token_column, tag_column, file.stem if stem is None else stem, faults)
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
    for kind in ("documents", "sentences", "entities"):
        for of_document in rows:
            yield from (row for row in of_document if row.file == kind)


def write(rows: Iterable[Row], path: Path, scheme: Scheme = "iob2") -> None:
    """Writes documents and their entities as TAB-separated token and tag, with `# newdoc id` comments.

    Tokens are what ASCII white space divides; sentences are the `sentences` rows' or else the lines of the text. What
    is read back is that text with single blanks. Metadata become `# meta::` comments, strings again when read.

    Raises:
        DataError: What columns cannot carry, each with its place: other records, an entity that begins or ends inside
            a token, overlaps another or crosses a sentence, several annotators, a document without annotation.
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
        else:
            faults.append(f"{row.where}: conll carries documents, sentences and entities, found a record of {row.file}")
    for kind, of_kind in records.items():
        for doc in of_kind.keys() - documents.keys():
            faults.append(f"{of_kind[doc][0].where}: {kind} of document {shown(doc)}, whose text is not given")
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


@dataclass(slots=True)
class _Sentence:
    lines: list[int] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Document:
    file: Path
    line: int
    id: str
    metadata: dict[str, str] = field(default_factory=dict)
    sentences: list[_Sentence] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    kind: Literal["blank", "mark", "meta", "token"]
    text: str
    columns: tuple[str, ...] = ()


def _parse(file: Path, text: str, token_column: int, tag_column: int, stem: str, faults: list[str]) -> list[_Document]:
    lines = _split_columns([line for line in map(_classify, text_lines(text)) if line is not None])
    tokens = [line for line in lines if line.kind == "token"]
    if not tokens:
        faults.append(f"{file}: expected lines of a token and a tag, found none")
        return []
    width = Counter(len(line.columns) for line in tokens).most_common(1)[0][0]
    for name, column in (("token_column", token_column), ("tag_column", tag_column)):
        if not -width <= column < width:
            faults.append(f"{file}:{tokens[0].number}: {name} is {column}, but most lines have {width} columns")
            return []
    if token_column % width == tag_column % width:
        faults.append(
            f"{file}:{tokens[0].number}: expected a token and a tag, found one column {shown(tokens[0].text)}"
            if width == 1
            else f"{file}: token_column and tag_column are the same column, {tag_column}"
        )
        return []
    _hint_columns(file, lines, width, token_column % width, tag_column % width, faults)
    marked = any(line.kind == "mark" for line in lines)
    documents: list[_Document] = []
    sentence: _Sentence | None = None
    for line in lines:
        if line.kind == "mark":
            documents.append(_Document(file, line.number, _mark_id(line.text) or f"{stem}:{len(documents) + 1}"))
            sentence = None
        elif line.kind == "meta":
            _take_metadata(file, line, documents, faults)
        elif line.kind == "blank":
            sentence = None
        else:
            fault = _token_fault(line, width, token_column, tag_column)
            if fault:
                faults.append(f"{file}:{line.number}: {fault}")
            if sentence is None:
                sentence = _Sentence()
                if not marked:
                    documents.append(_Document(file, line.number, f"{stem}:{len(documents) + 1}"))
                elif not documents:
                    faults.append(f"{file}:{line.number}: expected a document mark before the first token, found none")
                    documents.append(_Document(file, line.number, f"{stem}:0"))
                documents[-1].sentences.append(sentence)
            if not fault:
                sentence.lines.append(line.number)
                sentence.tokens.append(line.columns[token_column])
                sentence.tags.append(line.columns[tag_column])
    faults += [
        f"{file}:{document.line}: document {shown(document.id)} has no tokens"
        for document in documents
        if not document.sentences
    ]
    return documents


def _classify(numbered: tuple[int, str]) -> _Line | None:
    number, text = numbered
    if not text.strip(" \t"):
        return _Line(number, "blank", text)
    if text.startswith("-DOCSTART-"):
        return _Line(number, "mark", text)
    if text.startswith("#"):
        # Before the first TAB: in a TAB-separated file that is the token.
        head = text.partition("\t")[0]
        if _NEWDOC.fullmatch(head):
            return _Line(number, "mark", text)
        if _META.fullmatch(head):
            return _Line(number, "meta", text)
        if _COMMENT.match(head):
            return None
    return _Line(number, "token", text)


def _split_columns(lines: list[_Line]) -> list[_Line]:
    tokens = [line for line in lines if line.kind == "token"]
    tabbed = 2 * sum("\t" in line.text for line in tokens) > len(tokens)

    def columns(text: str) -> tuple[str, ...]:
        if tabbed:
            return tuple(column.strip(" ") for column in text.split("\t"))
        # Only blanks and TABs divide: a no-break space may stand in a token.
        return tuple(_BLANKS.split(text.strip(" \t")))

    return [
        _Line(line.number, line.kind, line.text, columns(line.text)) if line.kind == "token" else line for line in lines
    ]


def _mark_id(text: str) -> str | None:
    found = _NEWDOC.fullmatch(text)
    return (found["id"] or None) if found else None


def _take_metadata(file: Path, line: _Line, documents: list[_Document], faults: list[str]) -> None:
    found = _META.fullmatch(line.text)
    if found is None or not documents or documents[-1].sentences:
        return
    key = found["key"]
    if key in ("", "id", "text", "tag_scheme", "invalid_tags") or key in documents[-1].metadata:
        faults.append(f"{file}:{line.number}: metadata {shown(key)} stands twice or is not free to use")
    documents[-1].metadata[key] = found["value"]


def _token_fault(line: _Line, width: int, token_column: int, tag_column: int) -> str | None:
    if len(line.columns) != width:
        return f"expected {width} columns as in most lines, found {len(line.columns)}: {shown(line.text)}"
    if not line.columns[token_column]:
        return f"expected a token in column {token_column}, found nothing: {shown(line.text)}"
    try:
        split_tag(line.columns[tag_column])
    except ValueError as error:
        return f"{error}; found {shown(line.columns[tag_column])}"
    return None


def _hint_columns(
    file: Path, lines: list[_Line], width: int, token_column: int, tag_column: int, faults: list[str]
) -> None:
    """Where the columns asked for cannot be meant, says first which could: UNER and CoNLL-U number their tokens."""
    rows = [line.columns for line in lines if line.kind == "token" and len(line.columns) == width]

    hints = []
    # Most lines, not some: a slip in the NER column must not point at the chunk column.
    if 2 * sum(_is_tag(row[tag_column]) for row in rows) < len(rows):
        better = [c for c in range(width) if c != token_column and all(_is_tag(row[c]) for row in rows)]
        if better:
            hints.append(f"column {better[0]} holds a tag in every line: data.options.tag_column={better[0]}")
    # With two columns there is nothing else that could be the token.
    if width > 2 and _numbers_tokens(lines, width, token_column):
        hints.append(
            f"column {token_column} only numbers the tokens: data.options.token_column={token_column + 1} may be meant"
        )
    if hints:
        faults.append(f"{file}: expected tokens in column {token_column} and tags in {tag_column}; " + "; ".join(hints))


def _numbers_tokens(lines: list[_Line], width: int, column: int) -> bool:
    expected, restarts = 1, False
    for line in lines:
        if line.kind != "token":
            expected = 1
        elif len(line.columns) == width:
            if line.columns[column] != str(expected):
                return False
            restarts = restarts or expected == 2
            expected += 1
    # A single number in each sentence may be a text of numbers.
    return restarts


def _is_tag(text: str) -> bool:
    try:
        split_tag(text)
    except ValueError:
        return False
    return True


def _check_ids(documents: list[_Document], faults: list[str]) -> None:
    places: dict[str, str] = {}
    for document in documents:
        place = f"{document.file}:{document.line}"
        if document.id in places:
            faults.append(f"{place}: document id {shown(document.id)} stands at {places[document.id]} already")
        places.setdefault(document.id, place)


def _foreign_prefixes(document: _Document, scheme: Scheme) -> Iterator[str]:
    for sentence in document.sentences:
        for line, tag in zip(sentence.lines, sentence.tags, strict=True):
            if tag != "O" and tag[0] not in PREFIXES[scheme]:
                yield f"{document.file}:{line}: expected a tag of {scheme}, found {shown(tag)}"


def _rows(document: _Document, scheme: Scheme, faults: list[str]) -> list[Row]:
    sentences: list[Row] = []
    entities: list[Row] = []
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
    return [first, *sentences, *(entities or [Row(place, "entities", {"doc": document.id})])]


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
        if not _META.fullmatch(comment) or any(mark in comment for mark in "\n\r\t") or "=" in key:
            faults.append(f"{document.where}: metadata in a comment are one line, found {shown(key)}: {shown(value)}")
        lines.append(comment)
    for first, last in regions:
        tags = tags_of(
            [TagSpan(s.start - first, s.end - first, s.label) for s in spans if first <= s.start < last],
            last - first,
            scheme,
        )
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
        if not _is_tag(f"B-{label}") or _TOKEN.fullmatch(label) is None:
            faults.append(f"{row.where}: a label in a tag has no blank, comma or bar, found {shown(label)}")
        elif start not in first_at or end not in last_at:
            faults.append(f"{row.where}: {start}-{end} {shown(text[start:end])} begins or ends inside a token")
        elif region_of[first_at[start]] != region_of[last_at[end] - 1]:
            faults.append(f"{row.where}: {start}-{end} {shown(text[start:end])} crosses the end of a sentence")
        else:
            spans.append((TagSpan(first_at[start], last_at[end], label), row))
    spans.sort(key=lambda pair: pair[0])
    for (before, earlier), (after, row) in pairwise(spans):
        if after.start < before.end:
            faults.append(f"{row.where}: overlaps the entity at {earlier.where}; columns carry flat entities only")
    return [span for span, _ in spans]
