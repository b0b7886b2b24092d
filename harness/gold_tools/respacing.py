"""Texts rewritten as columns hold them: one blank between tokens, a line a sentence, offsets moved along."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from harness.records import Row

_RUN = re.compile(r"[^ \t\r\n\f\v]+")
# Punctuation, currencies and the like; an emoji is a word.
_MARKS = frozenset({"Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sc", "Sm", "Sk"})


def needs_respacing(rows: Sequence[Row]) -> Iterator[Row]:
    """The documents whose text columns cannot give back as it is, or not with its entities and sentences."""
    marked = _marked(rows)
    for row in rows:
        if row.file != "documents":
            continue
        text = row.fields["text"]
        tokens = [match.span() for match in _RUN.finditer(text)]
        bounds = {place for token in tokens for place in token}
        own = marked.get(row.fields["id"], _Marked())
        if not own.bounds <= bounds or _spaced(text, tokens, own) != text:
            yield row


def respaced(rows: Sequence[Row], faults: list[str]) -> list[Row]:
    """The rows with every text rewritten.

    Tokens are what white space divides, without the marks around them, which are tokens each (those inside stay: 3.5,
    U.S., don't), and cut where an entity or a sentence begins or ends. Entities that begin or end with white space go
    to `faults`.
    """
    marked = _marked(rows)
    starts: dict[str, dict[int, int]] = {}
    ends: dict[str, dict[int, int]] = {}
    found = []
    for row in rows:
        if row.file != "documents":
            continue
        doc, text = row.fields["id"], row.fields["text"]
        own = marked.get(doc, _Marked())
        tokens = list(_tokens(text, sorted(own.bounds)))
        new = _spaced(text, tokens, own)
        places = [match.span() for match in _RUN.finditer(new)]
        starts[doc] = {old[0]: place[0] for old, place in zip(tokens, places, strict=True)}
        ends[doc] = {old[1]: place[1] for old, place in zip(tokens, places, strict=True)}
        found.append(Row(row.where, row.file, {**row.fields, "text": new}))
    texts = {row.fields["id"]: row.fields["text"] for row in found}
    for row in rows:
        if row.file == "documents":
            continue
        if "start" not in row.fields or row.file not in ("entities", "sentences"):
            found.append(row)
            continue
        doc = row.fields["doc"]
        start, end = starts[doc].get(row.fields["start"]), ends[doc].get(row.fields["end"])
        if start is None or end is None:
            faults.append(f"{row.where}: {row.fields['start']}-{row.fields['end']} begins or ends with white space")
            continue
        moved = {**row.fields, "start": start, "end": end}
        found.append(Row(row.where, row.file, moved | ({"text": texts[doc][start:end]} if "text" in moved else {})))
    return found


@dataclass
class _Marked:
    """Where entities and sentences of a document begin and end."""

    entities: list[tuple[int, int]] = field(default_factory=list)
    sentences: list[tuple[int, int]] = field(default_factory=list)

    @property
    def bounds(self) -> set[int]:
        return {place for span in (*self.entities, *self.sentences) for place in span}


def _marked(rows: Iterable[Row]) -> dict[str, _Marked]:
    found: dict[str, _Marked] = {}
    for row in rows:
        if row.file in ("entities", "sentences") and "start" in row.fields:
            own = found.setdefault(row.fields["doc"], _Marked())
            spans = own.entities if row.file == "entities" else own.sentences
            spans.append((row.fields["start"], row.fields["end"]))
    return found


def _tokens(text: str, cuts: Sequence[int]) -> Iterator[tuple[int, int]]:
    for first, last in pairwise([0, *(cut for cut in cuts if 0 < cut < len(text)), len(text)]):
        for run in _RUN.finditer(text, first, last):
            start, end = run.span()
            while start < end and _is_mark(text[start]):
                yield start, start + 1
                start += 1
            word = end
            while word > start and _is_mark(text[word - 1]):
                word -= 1
            # The full stop of an abbreviation with one inside, such as U.S., belongs to it.
            if word < end and text[word] == "." and "." in text[start:word]:
                word += 1
            if start < word:
                yield start, word
            yield from ((place, place + 1) for place in range(max(start, word), end))


def _is_mark(character: str) -> bool:
    return unicodedata.category(character) in _MARKS


def _spaced(text: str, tokens: Sequence[tuple[int, int]], marked: _Marked) -> str:
    """Tokens with a blank between them, or a line feed where a sentence begins or ends.

    Without sentences it stands where the text has one, unless an entity goes on there: no sentence ends in a name.
    """
    breaks = sorted({place for span in marked.sentences for place in span})
    entities = sorted(marked.entities)
    parts = []
    place = number = furthest = 0
    for (_, before), (start, end) in pairwise([(0, 0), *tokens]):
        while number < len(entities) and entities[number][0] < start:
            furthest = max(furthest, entities[number][1])
            number += 1
        while place < len(breaks) and breaks[place] < before:
            place += 1
        if marked.sentences:
            ends = place < len(breaks) and breaks[place] <= start
        else:
            ends = "\n" in text[before:start] and furthest <= start
        parts.append(("\n" if ends else " ") + text[start:end])
    return "".join(parts)[1:]
