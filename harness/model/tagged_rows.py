"""Predictions given as tags, brought under the documents of the gold: other ids, other tokens, other blank lines.

A document whose text is the gold's is taken as it is. Otherwise tokens are aligned (`harness.model.alignment`): within
the document where ids agree, over whole files where they do not or where they only count sentences. Each predicted span
then stands where its first and last token stand in the gold; a span whose first or last token has no place there, or
that would reach into another document, is misaligned.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from harness.gold import Corpus
from harness.model.alignment import Alignment, UnalignableError, align
from harness.model.document_matching import matched_documents
from harness.records import Answer, Example, Row, TaggedSentence
from harness.tags import count_invalid, find_scheme, spans_of

_WORD = re.compile(r"\S+")


@dataclass(slots=True)
class Differences:
    """How a gold sentence and what was predicted for it differ, in tokens."""

    changed: int = 0
    cut_otherwise: int = 0
    without_prediction: int = 0
    inserted: int = 0
    first: str = ""

    def add(self, kind: str, where: str) -> None:
        """Counts one token."""
        setattr(self, kind, getattr(self, kind) + 1)
        self.first = self.first or where

    def __str__(self) -> str:
        kinds = [
            f"{count} {name}"
            for name, count in (
                ("changed", self.changed),
                ("cut otherwise", self.cut_otherwise),
                ("without a prediction", self.without_prediction),
                ("inserted", self.inserted),
            )
            if count
        ]
        return f"tokens differ from the gold's: {', '.join(kinds)}; first {self.first}"


@dataclass
class Fitted:
    """Predictions as records over the gold's documents.

    Args:
        rows: `entities` rows, with the ids and offsets of the gold.
        tags: By document and beginning of the gold sentence, its tags, where each token of it has one.
        misaligned: By document, where a span that fits nowhere would stand.
        differences: By document and beginning of the gold sentence.
        untouched: Gold sentences, likewise, of which no token has a prediction.
        faults: What cannot be aligned.
        remarks: What a reader should know, one line each.
    """

    rows: list[Row] = field(default_factory=list)
    tags: dict[tuple[str, int], tuple[str, ...]] = field(default_factory=dict)
    misaligned: dict[str, list[int]] = field(default_factory=dict)
    differences: dict[tuple[str, int], Differences] = field(default_factory=dict)
    untouched: set[tuple[str, int]] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    aligned: bool = False

    def complete(self, answer: Answer, example: Example, corpus: Corpus) -> Answer:
        """The answer with its tags, what was misaligned in it, and how its tokens differ."""
        begin, end = example.start, example.start + len(example.input.text)
        sentences = [one for one in corpus.tagged.get(example.doc, ()) if begin <= one.start < end]
        keys = [(example.doc, one.start) for one in sentences]
        if keys and answer.bin == "scored" and all(key in self.untouched for key in keys):
            return Answer(bin="missing", reason="no predicted token stands for any of its tokens")
        tags = [self.tags.get(key) for key in keys]
        given = tuple(tag for of_sentence in tags if of_sentence is not None for tag in of_sentence)
        lost = sum(begin <= place < end for place in self.misaligned.get(example.doc, ()))
        reasons = [str(self.differences[key]) for key in keys if key in self.differences]
        if lost:
            reasons.append(f"{lost} predicted spans begin or end at tokens that the gold does not have")
        return replace(
            answer,
            tags=given if keys and None not in tags else None,
            misaligned=answer.misaligned + lost,
            reason="; ".join(reasons) or answer.reason,
        )


@dataclass(frozen=True, slots=True)
class _Sentence:
    doc: str
    where: str
    tokens: Sequence[tuple[int, int]]
    texts: Sequence[str]
    tags: Sequence[str] = ()

    def place(self, number: int) -> str:
        """`path:line` of a token; its sentence's first line says the rest."""
        path, colon, line = self.where.rpartition(":")
        return f"{path}:{int(line) + number}" if colon and line.isdecimal() else self.where


def fit(rows: Sequence[Row], corpus: Corpus) -> Fitted:
    """Brings records of a tagged format under the documents of a corpus.

    Args:
        rows: `documents`, `entities` and `tags` rows, in file order.
        corpus: Documents, and the gold's tokens where it was given as tags.
    """
    found = Fitted()
    documents = {row.fields["id"]: row for row in rows if row.file == "documents"}
    entities: dict[str, list[Row]] = {doc: [] for doc in documents}
    sentences: dict[str, list[_Sentence]] = {doc: [] for doc in documents}
    for row in rows:
        doc = row.fields.get("doc")
        if row.file == "entities" and doc in entities:
            entities[doc].append(row)
        elif row.file == "tags" and doc in sentences:
            text = documents[doc].fields["text"]
            tokens = [(start, end) for start, end in row.fields["tokens"]]
            texts = [text[start:end] for start, end in tokens]
            sentences[doc].append(_Sentence(doc, row.where, tokens, texts, row.fields["tags"]))
    for theirs, ours in matched_documents(documents, corpus):
        if ours is None:
            found.rows += [row for doc in theirs for row in entities[doc]]
            for doc in theirs:
                _take_tags(found, sentences[doc], corpus)
            continue
        found.aligned = True
        gold = [one for doc in ours for one in _gold_sentences(doc, corpus)]
        given = [one for doc in theirs for one in sentences[doc]]
        try:
            alignment = align([one.texts for one in gold], [one.texts for one in given])
        except UnalignableError as error:
            found.faults.append(_fault(error, gold, given))
            continue
        _Fitting(found, gold, given, alignment).fit([row for doc in theirs for row in entities[doc]])
    found.remarks = _remarks(found, sentences, corpus)
    return found


def _gold_sentences(doc: str, corpus: Corpus) -> list[_Sentence]:
    text = corpus.documents[doc].text
    tagged = corpus.tagged.get(doc)
    if tagged is not None:
        return [_Sentence(doc, one.where, one.tokens, [text[start:end] for start, end in one.tokens]) for one in tagged]
    words = [match.span() for match in _WORD.finditer(text)]
    return [_Sentence(doc, f"document {doc!r}", words, [text[start:end] for start, end in words])] if words else []


def _take_tags(found: Fitted, sentences: Sequence[_Sentence], corpus: Corpus) -> None:
    """Tags of a document whose text is the gold's, where its sentences and tokens are, too."""
    if not sentences:
        return
    gold: dict[int, TaggedSentence] = {one.start: one for one in corpus.tagged.get(sentences[0].doc, ())}
    for one in sentences:
        start = one.tokens[0][0]
        if start in gold and list(gold[start].tokens) == list(one.tokens):
            found.tags[one.doc, start] = tuple(one.tags)


def _fault(error: UnalignableError, gold: Sequence[_Sentence], given: Sequence[_Sentence]) -> str:
    sides = []
    for number, sentences in ((error.predicted, given), (error.gold, gold)):
        place = "the end" if not sentences else f"after {sentences[-1].place(len(sentences[-1].texts) - 1)}"
        token = "nothing"
        for one in sentences:
            if number < len(one.texts):
                place, token = one.place(number), repr(one.texts[number])
                break
            number -= len(one.texts)
        sides.append((place, token))
    (here, found), (there, expected) = sides
    return (
        f"{here}: expected the tokens of the gold, {expected} at {there}, found {found}, and the two cannot be "
        f"aligned: {error.why}; predictions for a gold file have its tokens in its order"
    )


class _Fitting:
    """One alignment, made into records."""

    def __init__(
        self, found: Fitted, gold: Sequence[_Sentence], given: Sequence[_Sentence], alignment: Alignment
    ) -> None:
        self.found, self.gold, self.given, self.alignment = found, gold, given, alignment
        # Of each gold token its sentence and its number there.
        self.gold_at = [(one, number) for one in gold for number in range(len(one.texts))]
        self.given_at = [(one, number) for one in given for number in range(len(one.texts))]
        self.first = {(one.doc, one.tokens[number][0]): at for at, (one, number) in enumerate(self.given_at)}
        self.last = {(one.doc, one.tokens[number][1]): at for at, (one, number) in enumerate(self.given_at)}

    def fit(self, entities: Sequence[Row]) -> None:
        """Adds the records and what differs."""
        covered = self.alignment.covered()
        self._note_differences(covered)
        # Every document of which a token is answered is answered.
        touched = {self.gold_at[token][0].doc: self.gold_at[token][0].where for token in sorted(covered, reverse=True)}
        self.found.rows += [Row(where, "entities", {"doc": doc}) for doc, where in touched.items()]
        tags = dict.fromkeys(range(len(self.gold_at)), "O")
        for number, token in enumerate(self.alignment.partners):
            if token is not None:
                one, place = self.given_at[number]
                tags[token] = one.tags[place]
        spans: set[tuple[str, int, int, str]] = set()
        for row in entities:
            if "start" not in row.fields:
                continue
            fields = row.fields
            first = self.first.get((fields["doc"], fields["start"]))
            last = self.last.get((fields["doc"], fields["end"]))
            if first is None or last is None:
                self.found.faults.append(
                    f"{row.where}: expected an entity from token to token, found one inside a token"
                )
                continue
            placed = self._place(first, last)
            if placed is None:
                self._lose(first, last, tags)
                continue
            doc, start, end = placed
            spans.add((doc, start, end, fields["label"]))
            more = {"doc": doc, "start": start, "end": end, "label": fields["label"]}
            self.found.rows.append(Row(row.where, "entities", more))
        self._keep_tags(tags, spans)

    def _place(self, first: int, last: int) -> tuple[str, int, int] | None:
        begin, end = self.alignment.places[first], self.alignment.places[last]
        if begin is None or end is None:
            return None
        (one, start), (other, stop) = self._point(begin[0], first=True), self._point(end[1], first=False)
        return (one, start, stop) if one == other and start < stop else None

    def _point(self, character: int, *, first: bool) -> tuple[str, int]:
        """A character among the gold's as a place in its document."""
        token = (self.alignment.first_token if first else self.alignment.last_token)(character)
        one, number = self.gold_at[token]
        return one.doc, one.tokens[number][0] + character - self.alignment.edges[token]

    def _lose(self, first: int, last: int, tags: dict[int, str]) -> None:
        """Counts a span as misaligned, at the nearest place before it, and takes its tags away."""
        for number in range(first, last + 1):
            token = self.alignment.partners[number]
            if token is not None:
                tags[token] = "O"
        before = (self.alignment.places[number] for number in range(first, -1, -1))
        place = next((one for one in before if one is not None), (0, 0))
        doc, at = self._point(place[0], first=True)
        self.found.misaligned.setdefault(doc, []).append(at)

    def _note_differences(self, covered: set[int]) -> None:
        for number, (token, place) in enumerate(zip(self.alignment.partners, self.alignment.places, strict=True)):
            one, at = self.given_at[number]
            if token is not None and self.gold_at[token][0].texts[self.gold_at[token][1]] == one.texts[at]:
                continue
            kind = "inserted" if place is None else "cut_otherwise" if token is None else "changed"
            near = token
            if near is None:
                near = self.alignment.first_token(place[0]) if place is not None else self._token_before(number)
            said = f"{one.texts[at]!r} ({_short(one.place(at))})"
            self._difference(near).add(kind, f"{said} near {self._shown(near)}")
        for token in range(len(self.gold_at)):
            if token not in covered:
                self._difference(token).add("without_prediction", self._shown(token))
        base = 0
        for one in self.gold:
            if not covered.intersection(range(base, base + len(one.texts))):
                self.found.untouched.add((one.doc, one.tokens[0][0]))
            base += len(one.texts)

    def _token_before(self, number: int) -> int:
        before = (self.alignment.places[earlier] for earlier in range(number, -1, -1))
        return self.alignment.first_token(next((place[0] for place in before if place is not None), 0))

    def _difference(self, token: int) -> Differences:
        one, _ = self.gold_at[token]
        return self.found.differences.setdefault((one.doc, one.tokens[0][0]), Differences())

    def _shown(self, token: int) -> str:
        one, number = self.gold_at[token]
        return f"{one.texts[number]!r} ({_short(one.place(number))})"

    def _keep_tags(self, tags: Mapping[int, str], spans: set[tuple[str, int, int, str]]) -> None:
        """Tags of the sentences in which they say what the spans say."""
        wanted: dict[tuple[str, int], set[tuple[int, int, str]]] = {}
        sentence_at = {(one.doc, place): one for one in self.gold for place, _ in one.tokens}
        for doc, start, end, label in spans:
            # Where a span begins inside a token, its sentence has no tags.
            holder = sentence_at.get((doc, start))
            if holder is not None:
                wanted.setdefault((doc, holder.tokens[0][0]), set()).add((start, end, label))
        base = 0
        for one in self.gold:
            key = one.doc, one.tokens[0][0]
            own = tuple(tags[base + number] for number in range(len(one.texts)))
            read = {(one.tokens[s.start][0], one.tokens[s.end - 1][1], s.label) for s in spans_of(own)}
            differ = self.found.differences.get(key)
            if read == wanted.get(key, set()) and not (differ and differ.cut_otherwise) and one.tokens:
                self.found.tags[key] = own
            base += len(one.texts)


def _short(where: str) -> str:
    """A place without the folders, which are this machine's own."""
    path, colon, line = where.rpartition(":")
    return f"{PurePath(path).name}:{line}" if colon and line.isdecimal() else where


def _remarks(found: Fitted, sentences: Mapping[str, Sequence[_Sentence]], corpus: Corpus) -> list[str]:
    tags = [one.tags for of in sentences.values() for one in of]
    if not tags:
        return []
    try:
        scheme = find_scheme(tags)
    except ValueError:
        return []
    invalid = sum(count_invalid(one, scheme) for one in tags)
    lines = [f"predicted tags are {scheme}, {invalid} invalid transitions"]
    if corpus.tagged:
        golden = {str(corpus.documents[doc].metadata.get("tag_scheme")) for doc in corpus.tagged}
        broken = sum(int(corpus.documents[doc].metadata.get("invalid_tags", 0)) for doc in corpus.tagged)
        lines[0] += f"; gold tags are {', '.join(sorted(golden))}, {broken} invalid transitions"
    if found.aligned:
        total: Counter[str] = Counter()
        for one in found.differences.values():
            total.update(
                changed=one.changed,
                cut_otherwise=one.cut_otherwise,
                without_prediction=one.without_prediction,
                inserted=one.inserted,
            )
        kinds = [f"{count} tokens {kind.replace('_', ' ')}" for kind, count in total.items() if count]
        lost = sum(map(len, found.misaligned.values()))
        lines.append(
            "predictions were matched with the gold by the order of their tokens: "
            + (", ".join(kinds) or "no token differs")
            + f"; {lost} spans misaligned"
        )
    return lines
