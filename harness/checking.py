"""Checks of single records against the documents, shared by gold and by predictions: faults are kept, none is raised.

Each function returns a checked record or None, having noted what was wrong as `path:line: expected ..., found ...`.
"""

import difflib
import math
import unicodedata
from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from harness.files import MAX_DOCUMENT_CHARACTERS
from harness.records import Document, Entity, Row, Sentence

# Every key of DESIGN's record table: none of them is a slip of the pen for another.
_KEYS = frozenset({"id", "text", "split", "language", "doc", "start", "end", "zone", "label", "score", "target"}) | {
    *("sentence", "holder", "evidence", "rationale", "assessment", "scores"),
    *("style", "sentences", "fact", "weight", "annotator", "kind", "parts", "tokens", "tags"),
}
# Strings of so many characters are remembered once they were found sound: ids, labels, words for targets.
_REMEMBERED = 100
# How many names may be compared in search of the nearest ones: a hint must not cost minutes where every id is wrong.
_COMPARISONS = 40_000
_CONVENTION = "offsets are end-exclusive code points"


# The keys of each record file; others are kept as metadata, unless they look like one of these written wrongly.
KEYS: Mapping[str, frozenset[str]] = {
    "sentences": frozenset({"doc", "id", "start", "end", "zone"}),
    "entities": frozenset({"doc", "start", "end", "label", "text", "score", "annotator", "parts", "sentence"}),
    "tags": frozenset({"doc", "start", "end", "tokens", "tags", "annotator"}),
    "stance": frozenset(
        {"doc", "target", "label", "sentence", "start", "end", "id", "holder", "evidence", "rationale", "assessment"}
        | {"annotator", "scores"}
    ),
    "targets": frozenset({"id", "text"}),
    "summaries": frozenset({"doc", "style", "text", "sentences", "annotator"}),
    "facts": frozenset({"doc", "fact", "weight", "sentences", "annotator"}),
    "annotators": frozenset({"id", "kind", "note"}),
}


_REQUIRED: Mapping[str, frozenset[str]] = {
    "sentences": frozenset({"doc", "id", "start", "end"}),
    "entities": frozenset({"doc", "start", "end", "label"}),
    "tags": frozenset({"doc", "start", "end", "tokens", "tags"}),
    "stance": frozenset({"doc", "target", "label"}),
    "targets": frozenset({"id", "text"}),
    "summaries": frozenset({"doc", "text"}),
    "facts": frozenset({"doc", "fact"}),
    "annotators": frozenset({"id", "kind"}),
}


@lru_cache(maxsize=1000)
def misspelt(file: str, key: str) -> str | None:
    """The key of the record file that an unknown key was probably meant to be."""
    known = KEYS.get(file, frozenset())
    close = difflib.get_close_matches(key, known, n=1, cutoff=0.8) if key not in known else []
    return close[0] if close else None


@dataclass
class Checker:
    """Collects faults while rows are checked.

    Args:
        documents: The documents that records may name.
        faults: Every fault so far, in the order found.
        passed_over: Ids of documents whose records are no fault and of no use: refused already, or of another split.
    """

    documents: Mapping[str, Document]
    faults: list[str] = field(default_factory=list)
    passed_over: Collection[str] = ()
    _sentences: dict[str, dict[str, Sentence]] = field(default_factory=dict, init=False, repr=False)
    _hints: dict[tuple[str, int], str] = field(default_factory=dict, init=False, repr=False)
    _compared: int = field(default=0, init=False, repr=False)
    # What was checked before: most strings of a record stand in many others, and so do its keys.
    _sound: dict[str, str] = field(default_factory=dict, init=False, repr=False)
    _shapes: set[tuple[str, ...]] = field(default_factory=set, init=False, repr=False)

    def keys(self, row: Row) -> None:
        """Notes an optional key that is probably written wrongly: `sentance` would silently be metadata.

        A required key that is missing is noted, with the like hint, where it is looked for.
        """
        shape = (row.file, *row.fields)
        if shape in self._shapes:
            return
        before = len(self.faults)
        for key in row.fields:
            meant = misspelt(row.file, key)
            if meant is not None and meant not in row.fields and meant not in _REQUIRED[row.file]:
                self.fault(row, f"{key!r} is no key of {row.file}; is {meant!r} meant?")
        if len(self.faults) == before:
            self._shapes.add(shape)

    def fault(self, row: Row, message: str) -> None:
        """Notes one fault of one row."""
        self.faults.append(f"{row.where}: {message}")

    def string(self, row: Row, key: str, *, required: bool = True) -> str | None:
        """A non-empty string without NUL or lone surrogates under `key`; equal short ones are one object."""
        value = row.fields.get(key)
        if type(value) is str and (known := self._sound.get(value)) is not None:
            return known
        if key not in row.fields and required:
            self.missing(row, key)
        if key not in row.fields or (value is None and not required):
            return None
        if not isinstance(value, str) or not value.strip():
            self.fault(row, f"{key!r} must be a non-empty string, found {_shown(value)}")
            return None
        problem = text_problem(value)
        if problem:
            self.fault(row, f"{key!r} {problem}")
            return None
        if len(value) <= _REMEMBERED:
            self._sound[value] = value
        return value

    def missing(self, row: Row, key: str) -> None:
        """Notes that the row lacks a key, and which of its own was perhaps meant to be it."""
        close = difflib.get_close_matches(key, [name for name in row.fields if name not in _KEYS], n=1)
        hint = f"; is {close[0]!r} meant?" if close else ""
        self.fault(row, f"a record of {row.file} needs {key!r}, found the keys {sorted(row.fields)}{hint}")

    def unchecked(self, row: Row, checked: Collection[str]) -> None:
        """Notes what could not be stored under the keys beside `checked`: no JSON value, a NUL, a lone surrogate."""
        for key, value in row.fields.items():
            problem = None if key in checked else text_problem(key) or _value_problem(value)
            if problem:
                self.fault(row, f"{key!r} {problem}")

    def document(self, row: Row) -> Document | None:
        """The document that the row's `doc` names; None, without a fault, for one that is passed over."""
        doc = self.string(row, "doc")
        if doc is None:
            return None
        found = self.documents.get(doc)
        if found is None and doc not in self.passed_over:
            near = self.nearest(doc, self.documents)
            number = f"{len(self.documents)} document{'' if len(self.documents) == 1 else 's'}"
            self.fault(row, f"document {doc!r} is not among the {number}{near}")
        return found

    def offsets(self, row: Row, document: Document) -> tuple[int, int] | None:
        """`start` and `end` as code points within the document's text."""
        values = []
        for key in ("start", "end"):
            value = row.fields.get(key)
            if key not in row.fields:
                self.missing(row, key)
            elif isinstance(value, bool) or not isinstance(value, int):
                self.fault(row, f"{key!r} must be a whole number of code points, found {_shown(value)}")
            else:
                values.append(value)
        if len(values) < 2:
            return None
        start, end = values
        if not 0 <= start < end <= len(document.text):
            claimed = row.fields.get("text")
            hint = _offset_hint(document.text, start, end, claimed) if 0 <= start <= end and claimed else _CONVENTION
            self.fault(
                row,
                f"expected 0 <= start < end <= {len(document.text)} (the length of document {document.id!r}), "
                f"found start {_shown(start)}, end {_shown(end)}; {hint}",
            )
            return None
        return start, end

    def entity(
        self, row: Row, document: Document, labels: Collection[str] | None, *, remedy: str = ""
    ) -> Entity | None:
        """An entity whose offsets, text and label agree with the document and the scheme.

        Args:
            row: The record.
            document: The document that it names.
            labels: The scheme; None for any label.
            remedy: What to do about a label outside the scheme, for the message.
        """
        before = len(self.faults)
        offsets = self.offsets(row, document)
        parts: tuple[tuple[int, int], ...] = ()
        if offsets is not None:
            start, end = offsets
            parts = self._parts(row, start, end)
            found, text = document.text[start:end], row.fields.get("text")
            if parts:
                found = " ".join(document.text[first:last] for first, last in parts)
                if text is not None and text != found:
                    self.fault(
                        row,
                        f"the parts say {_shown(found)} (joined by a space), the record says {_shown(text)}; "
                        f"{_CONVENTION}",
                    )
            elif text is not None and text != found:
                self.fault(
                    row,
                    f"text[{start}:{end}] is {_shown(found)}, the record says {_shown(text)}; "
                    f"{_offset_hint(document.text, start, end, text)}",
                )
        label = self.string(row, "label")
        if label is not None and labels is not None and label not in labels:
            near = self.nearest(label, labels)
            self.fault(row, f"label {label!r} is not one of {', '.join(sorted(labels))}{near}{remedy}")
        score = self.number(row, "score")
        if offsets is None or label is None or len(self.faults) > before:
            return None
        return Entity(start, end, label, found, score, parts)

    def _parts(self, row: Row, start: int, end: int) -> tuple[tuple[int, int], ...]:
        """The stretches of a discontinuous entity; none for one that is whole."""
        value = row.fields.get("parts")
        if value is None or value == []:
            return ()
        fits = isinstance(value, list) and all(
            isinstance(part, list | tuple) and len(part) == 2 and all(type(place) is int for place in part)
            for part in value
        )
        places = [place for part in value for place in part] if fits else []
        if not fits or places != sorted(set(places)) or (places[0], places[-1]) != (start, end):
            self.fault(
                row,
                f"'parts' must be [start, end] pairs in text order that do not touch, from {start} to {end}, "
                f"found {_shown(value)}",
            )
            return ()
        return tuple((part[0], part[1]) for part in value) if len(value) > 1 else ()

    def number(self, row: Row, key: str) -> float | None:
        """A finite number under `key`, where there is one."""
        value = row.fields.get(key)
        if value is None:
            return None
        number = math.nan
        if isinstance(value, int | float) and not isinstance(value, bool):
            try:
                number = float(value)
            except OverflowError:
                number = math.inf
        if not math.isfinite(number):
            self.fault(row, f"{key!r} must be a finite number, found {_shown(value)}")
            return None
        return number

    def sentences_of(self, document: Document, sentences: Mapping[str, Sequence[Sentence]]) -> Mapping[str, Sentence]:
        """The document's sentences by id, in text order; `sentences` must be the same at every call."""
        if document.id not in self._sentences:
            self._sentences[document.id] = {sentence.id: sentence for sentence in sentences.get(document.id, ())}
        return self._sentences[document.id]

    def sentence_id(self, row: Row, document: Document, sentences: Mapping[str, Sequence[Sentence]]) -> str | None:
        """The sentence that a stance record is about, named by id or by offsets; None for the whole document.

        Faults are noted; the caller tells "none given" from "wrong" by comparing the number of faults.
        """
        known = self.sentences_of(document, sentences)
        if row.fields.get("sentence") is not None:
            sentence = self.string(row, "sentence")
            if sentence is not None and sentence not in known:
                self.fault(
                    row,
                    f"sentence {sentence!r} is not among the {len(known)} of document "
                    f"{document.id!r}{self.nearest(sentence, known)}",
                )
            return sentence
        if row.fields.get("start") is None and row.fields.get("end") is None:
            return None
        offsets = self.offsets(row, document)
        if offsets is None:
            return None
        start, end = offsets
        ordered = sentences.get(document.id, ())
        place = bisect_right(ordered, start, key=lambda sentence: sentence.start) - 1
        if place >= 0 and end <= ordered[place].end:
            return ordered[place].id
        self.fault(row, f"no sentence of document {document.id!r} holds {start}-{end}; it has {len(known)}")
        return None

    def nearest(self, name: str, known: Collection[str]) -> str:
        """`; nearest: 'x'`, or nothing where no known name is near or the search would take too long."""
        key = (name, id(known))
        if key not in self._hints:
            self._hints[key] = self._search(name, known)
        return self._hints[key]

    def _search(self, name: str, known: Collection[str]) -> str:
        if self._compared + len(known) > _COMPARISONS:
            return ""
        self._compared += len(known)
        composed = unicodedata.normalize("NFC", name)
        for other in known:
            if unicodedata.normalize("NFC", other) == composed:
                return f"; {other!a} looks the same as {name!a}: one is in Unicode form NFC, the other in NFD"
        close = difflib.get_close_matches(name, list(known), n=1)
        return f"; nearest: {close[0]!r}" if close else ""


def only_names_document(row: Row) -> bool:
    """Whether a record says no more than that its document was annotated (or answered): `{"doc"}` alone."""
    return {key for key, value in row.fields.items() if value is not None} <= {"doc", "annotator"}


def read_documents(rows: Iterable[Row]) -> tuple[dict[str, Document], list[str], set[str]]:
    """Documents by id, in the order read; every fault; the ids of documents that were refused."""
    checker = Checker({})
    refused: set[str] = set()
    documents: dict[str, Document] = {}
    places: dict[str, str] = {}
    folded: dict[str, str] = {}
    for row in rows:
        before = len(checker.faults)
        doc = checker.string(row, "id")
        text = row.fields.get("text")
        checker.unchecked(row, ("id", "text"))
        if "text" not in row.fields:
            checker.missing(row, "text")
        elif not isinstance(text, str):
            checker.fault(row, f"'text' must be a string, found {_shown(text)}")
        if doc is None:
            continue
        if not isinstance(text, str) or len(checker.faults) > before:
            refused.add(doc)
            continue
        problem = text_problem(text)
        if problem:
            checker.fault(row, f"the text of document {doc!r} {problem}")
        elif text.startswith("\ufeff"):
            checker.fault(
                row, f"document {doc!r} starts with a byte order mark; save it without, or set data.encoding=utf-8-sig"
            )
        elif not text.strip():
            checker.fault(row, f"document {doc!r} has no text")
        elif len(text) > MAX_DOCUMENT_CHARACTERS:
            checker.fault(
                row, f"document {doc!r} has {len(text)} characters, at most {MAX_DOCUMENT_CHARACTERS} are read"
            )
        elif doc in documents:
            checker.fault(row, f"document id {doc!r} stands at {places[doc]} already; ids are unique")
        elif unicodedata.normalize("NFC", doc) in folded:
            checker.fault(
                row, f"document id {doc!r} looks the same as the one at {folded[unicodedata.normalize('NFC', doc)]}"
            )
        else:
            metadata = {key: value for key, value in row.fields.items() if key not in ("id", "text")}
            documents[doc] = Document(doc, text, metadata)
            places[doc] = row.where
            folded[unicodedata.normalize("NFC", doc)] = row.where
        if doc not in documents:
            refused.add(doc)
    return documents, checker.faults, refused


def text_problem(text: str) -> str | None:
    """What makes a string unfit to be stored and scored: a NUL or a lone surrogate."""
    if "\x00" in text:
        return f"holds a NUL character at {text.index(chr(0))}"
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        found = text[error.start]
        return f"holds a lone surrogate {found!r} at {error.start}; the file was made from broken UTF-16"
    return None


def _value_problem(value: Any) -> str | None:
    """What makes a value of a key that nobody else checks unfit to be stored."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        problem = None
        if isinstance(one, str):
            problem = text_problem(one)
        elif isinstance(one, float) and not math.isfinite(one):
            problem = f"must be a finite number, found {one}"
        elif isinstance(one, dict):
            waiting += [*one, *one.values()]
        elif isinstance(one, list | tuple):
            waiting += one
        elif not (one is None or isinstance(one, bool | int | float)):
            problem = f"must be a JSON value, found a {type(one).__name__}"
        if problem:
            return problem
    return None


def _shown(value: Any) -> str:
    # Cut before repr: the value may be a megabyte.
    shown = repr(value[:200] if isinstance(value, str | list) else value)
    return shown if len(shown) <= 80 else shown[:77] + "..."


def _offset_hint(text: str, start: int, end: int, claimed: Any) -> str:
    """What kind of offsets these would be right as; the commonest mistakes, tried in turn."""
    if not isinstance(claimed, str):
        return "'text' must be a string"
    if not claimed:
        return _CONVENTION
    found = text[start:end]
    if text[start : end + 1] == claimed:
        return "end looks inclusive; offsets are end-exclusive"
    if unicodedata.normalize("NFC", found) == unicodedata.normalize("NFC", claimed):
        return "they look the same, one is in Unicode form NFC, the other in NFD; 'text' must be the document's own"
    if found.split() == claimed.split() and found.strip():
        return "they differ in white space; 'text' must be the document's own"
    other = _otherwise(text)
    if other.utf_16[2 * start : 2 * end].decode("utf-16-le", "replace") == claimed:
        return "the offsets look like UTF-16 units; they must be code points"
    if other.utf_8[start:end].decode("utf-8", "replace") == claimed:
        return "the offsets look like bytes; they must be code points"
    if other.line_ends[start:end] == claimed:
        made, stored = ("LF", "CRLF") if "\r\n" in text else ("CRLF", "LF")
        return f"the offsets were made on a text with {made} line ends, the document as stored has {stored}"
    if claimed in (text[start + 1 : end + 1], text[max(0, start - 1) : end - 1]):
        return "the offsets are one off; they count from 0"
    near = text.find(claimed, max(0, start - 200), end + 200)
    if near >= 0:
        return f"that string stands at {near}-{near + len(claimed)}"
    return _CONVENTION


@dataclass(frozen=True)
class _Otherwise:
    """A text as other tools count it."""

    utf_16: bytes
    utf_8: bytes
    line_ends: str


# Faults come document by document, so the last one is enough.
@lru_cache(maxsize=1)
def _otherwise(text: str) -> _Otherwise:
    return _Otherwise(
        utf_16=text.encode("utf-16-le", "surrogatepass"),
        utf_8=text.encode("utf-8", "surrogatepass"),
        line_ends=text.replace("\r\n", "\n") if "\r\n" in text else text.replace("\n", "\r\n"),
    )
