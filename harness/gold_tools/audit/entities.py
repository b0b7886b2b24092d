"""Spans and labels of entities that may be slips."""

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from harness.gold_tools.audit.base import Audited, Finding
from harness.gold_tools.overlaps import overlapping
from harness.metric.words import word_spans
from harness.records import Entity
from harness.report.shown import counted

_WORD = re.compile(r"\w+", re.ASCII)
# Marks that end a clause, never a name.
_LOOSE = ",;:"
_PAIRS = {"(": ")", "[": "]", "{": "}", "“": "”", "«": "»", "「": "」"}
_QUOTES = "\"'’‘`´“”„«»"
# String -> each entity that says it, with its document.
_Strings = dict[str, list[tuple[str, Entity]]]
# Beyond this share of entities inside others the scheme is a nested one.
_NESTED_SHARE = 0.02


def findings(audited: Audited) -> Iterator[Finding]:
    """Whatever is odd about the entities."""
    gold = audited.corpus.entities
    strings: _Strings = defaultdict(list)
    for doc, found in gold.items():
        for entity in found:
            if not entity.parts:
                strings[entity.text].append((doc, entity))
    overlaps: list[tuple[str, Entity, Entity]] = []
    unmarked: dict[str, list[tuple[str, list[int]]]] = defaultdict(list)
    for doc, found in gold.items():
        text = audited.corpus.documents[doc].text
        # Most texts are plain, and then this is much faster.
        spans = [word.span() for word in _WORD.finditer(text)] if text.isascii() else word_spans(text)
        yield from _edges(audited, doc, text, spans, strings)
        yield from _crossing(audited, doc)
        overlaps += [(doc, outer, inner) for outer, inner in overlapping(found)]
        for string, places in _unmarked(text, spans, found):
            unmarked[string].append((doc, places))
    yield from _overlaps(audited, overlaps)
    yield from _labels(audited, strings)
    for string, elsewhere in unmarked.items():
        # What is a name now and then and more often none ("one", "state") is a word, and no slip.
        if sum(len(places) for _, places in elsewhere) <= len(strings[string]):
            yield from (_not_marked(audited, doc, string, places) for doc, places in elsewhere)


def _edges(
    audited: Audited, doc: str, text: str, spans: Sequence[tuple[int, int]], strings: _Strings
) -> Iterator[Finding]:
    starts = [start for start, _ in spans]
    for entity in audited.corpus.entities[doc]:
        if why := _edge(entity.text, strings):
            yield audited.about("span_edge", why, doc, entity)
        for first, last in entity.stretches:
            cut = [place for place in (first, last) if _inside(place, starts, spans)]
            if cut:
                word = spans[bisect_right(starts, cut[0]) - 1]
                yield audited.about("span_cuts_word", f"cuts {text[slice(*word)]!r}", doc, entity)
                break


def _edge(said: str, strings: _Strings) -> str | None:
    """What an entity begins or ends with that is hardly part of it."""
    if said != said.strip():
        return "begins or ends with white space"
    if said[-1] in _LOOSE or said[0] in _LOOSE + ".!?)]}":
        return f"{'ends' if said[-1] in _LOOSE else 'begins'} with {said[-1] if said[-1] in _LOOSE else said[0]!r}"
    if said[-1] in ".!?" and said[:-1] in strings:
        return f"ends with {said[-1]!r}; without it the string is marked {counted(len(strings[said[:-1]]), 'time')}"
    for first, last in _PAIRS.items():
        if said.count(first) != said.count(last):
            return f"has {first!r} {said.count(first)} and {last!r} {counted(said.count(last), 'time')}"
    if len(said) > 2 and said[0] in _QUOTES and said[-1] in _QUOTES and said[1:-1] in strings:
        return f"stands in quotes; without them the string is marked {counted(len(strings[said[1:-1]]), 'time')}"
    return None


def _inside(place: int, starts: Sequence[int], spans: Sequence[tuple[int, int]]) -> bool:
    number = bisect_right(starts, place) - 1
    return number >= 0 and spans[number][0] < place < spans[number][1]


def _crossing(audited: Audited, doc: str) -> Iterator[Finding]:
    sentences = audited.corpus.sentences.get(doc, ())
    starts = [sentence.start for sentence in sentences]
    for entity in audited.corpus.entities[doc]:
        number = bisect_right(starts, entity.start) - 1
        if number >= 0 and entity.start < sentences[number].end < entity.end:
            what = f"begins in sentence {sentences[number].id!r}, which ends at {sentences[number].end}"
        elif number + 1 < len(starts) and entity.start < starts[number + 1] < entity.end:
            what = f"begins before sentence {sentences[number + 1].id!r} and ends in it or after it"
        else:
            continue
        yield audited.about("span_crosses_sentence", what, doc, entity)


def _overlaps(audited: Audited, overlaps: Sequence[tuple[str, Entity, Entity]]) -> Iterator[Finding]:
    total = sum(map(len, audited.corpus.entities.values()))
    inside = len({(doc, inner) for doc, outer, inner in overlaps if inner.end <= outer.end})
    by_rule = inside > _NESTED_SHARE * total
    for doc, outer, inner in overlaps:
        crosses = inner.end > outer.end
        # Where names lie in names by rule, only those that cross are odd.
        if outer.label == inner.label and not (outer.parts or inner.parts) and (crosses or not by_rule):
            how = "overlaps" if crosses else "lies in"
            yield audited.about("overlap_same_label", f"{inner.label}; {how} {outer.text!r}, the same", doc, inner)


def _labels(audited: Audited, strings: _Strings) -> Iterator[Finding]:
    """Strings with another label than most of the time, one finding for each; the rarest uses first."""
    labels_at: dict[tuple[str, int, int], set[str]] = defaultdict(set)
    for found in strings.values():
        for doc, entity in found:
            labels_at[doc, entity.start, entity.end].add(entity.label)
    told: list[tuple[float, Finding]] = []
    for found in strings.values():
        usual, number = Counter(entity.label for _, entity in found).most_common(1)[0]
        # Two labels on one span are a rule, not two ways to mark it.
        others = [pair for pair in found if usual not in labels_at[pair[0], pair[1].start, pair[1].end]]
        first = next(pair for pair in found if pair[1].label == usual)
        for label, count in Counter(entity.label for _, entity in others).most_common():
            doc, entity = next(pair for pair in others if pair[1].label == label)
            place = audited.entities.get(first)
            what = f"{label} {counted(count, 'time')}, first here; {usual} {counted(number, 'time')}, first at {place}"
            told.append((count / number, audited.about("label_differs", what, doc, entity)))
    yield from (finding for _, finding in sorted(told, key=lambda pair: pair[0]))


def _not_marked(audited: Audited, doc: str, string: str, places: Sequence[int]) -> Finding:
    marked = Counter(entity.label for entity in audited.corpus.entities[doc] if entity.text == string)
    return Finding(
        "unmarked_elsewhere",
        f"{', '.join(marked)} {counted(marked.total(), 'time')} in this document, {counted(len(places), 'time')} not",
        audited.places.get(doc),
        doc,
        places[0],
        places[0] + len(string),
        string,
    )


def _unmarked(
    text: str, spans: Sequence[tuple[int, int]], entities: Sequence[Entity]
) -> Iterator[tuple[str, list[int]]]:
    """Strings of entities, and where else they stand as whole words without touching any entity."""
    first_words: dict[str, list[int]] = defaultdict(list)
    for start, end in spans:
        first_words[text[start:end]].append(start)
    covered = sorted(stretch for entity in entities for stretch in entity.stretches)
    begins = [first for first, _ in covered]
    # The furthest end of the stretches so far: one that began long ago may still be open.
    furthest: list[int] = []
    for _, last in covered:
        furthest.append(max(last, furthest[-1] if furthest else 0))
    word_starts = [start for start, _ in spans]
    for string, shift, word in _first_words(text, entities, word_starts, spans):
        if len(string) < 2:
            continue
        found = []
        for place in first_words[word]:
            start, end = place - shift, place - shift + len(string)
            if start < 0 or not text.startswith(string, start) or _inside(end, word_starts, spans):
                continue
            number = bisect_right(begins, end - 1) - 1
            if number < 0 or furthest[number] <= start:
                found.append(start)
        if found:
            yield string, found


def _first_words(
    text: str, entities: Sequence[Entity], starts: Sequence[int], spans: Sequence[tuple[int, int]]
) -> Iterator[tuple[str, int, str]]:
    """Each string of the entities once, where its first word begins in it, and that word."""
    seen: set[str] = set()
    for entity in entities:
        if entity.parts or entity.text in seen:
            continue
        seen.add(entity.text)
        number = bisect_right(starts, entity.start)
        if number and spans[number - 1][0] == entity.start:
            number -= 1
        if number < len(spans) and spans[number][1] <= entity.end:
            first, last = spans[number]
            yield entity.text, first - entity.start, text[first:last]
