"""Tags of both sides of an example: those that were annotated or answered, else made from the spans."""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from harness.metric.words import TOKEN
from harness.records import Context, Entity, TaggedSentence
from harness.tags import SCHEMES, Scheme, TagSpan, spans_of, tags_of

Side = Literal["gold", "predicted"]
SIDES: tuple[Side, Side] = ("gold", "predicted")
_Places = Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Tagged:
    """One sentence with the tags of both sides; all of one length."""

    words: tuple[str, ...]
    gold: tuple[str, ...]
    predicted: tuple[str, ...]


@dataclass(slots=True)
class Tags:
    """The tags of an example.

    Args:
        sentences: Its sentences.
        scheme: The scheme of the gold file; None where the gold was not given as tags.
        raw: By side the tags as written, sentence by sentence; none where the side was not given as tags.
        flattened: By side, spans left out of made tags: inside another, across one, or without a token.
        widened: By side, spans of made tags that do not begin and end with a token, and were widened to whole tokens.
    """

    sentences: list[Tagged] = field(default_factory=list)
    scheme: Scheme | None = None
    raw: dict[Side, list[tuple[str, ...]]] = field(default_factory=dict)
    flattened: dict[Side, int] = field(default_factory=lambda: dict.fromkeys(SIDES, 0))
    widened: dict[Side, int] = field(default_factory=lambda: dict.fromkeys(SIDES, 0))


def tags_of_example(gold: Collection[Entity], predicted: Collection[Entity], context: Context) -> Tags:
    """The tags of both sides.

    Tags as given are used where they say what the spans say: a span that the ledger or a label map took away is O, one
    that the map renamed has its new label. Where that is impossible, and where there are no tags, they are made in the
    gold file's scheme, or IOB2: longest span first (then the first in the text, then by label), what overlaps a longer
    one left out, each span widened to whole tokens.
    """
    begin, text = context.example.start, context.example.input.text
    given = [one for one in context.tagged if begin <= one.start < begin + len(text)]
    stated = _scheme(context.document.metadata)
    found = Tags(scheme=(stated or "iob2") if given else None)
    sentences = given or [_words(text, begin)]
    answered = _answered_tags(given, context.answer.tags)
    if given:
        found.raw["gold"] = [one.tags for one in given]
    if answered is not None and predicted:
        found.raw["predicted"] = answered
    spans: dict[Side, list[list[Entity]]] = {
        "gold": _by_sentence(set(gold), sentences),
        "predicted": _by_sentence(set(predicted), sentences),
    }
    for number, sentence in enumerate(sentences):
        sides: dict[Side, tuple[str, ...]] = {}
        for side in SIDES:
            wanted = spans[side][number]
            raw = found.raw[side][number] if side in found.raw else None
            kept = _kept(raw, sentence.tokens, wanted) if raw is not None else None
            sides[side] = _made(found, side, sentence.tokens, wanted) if kept is None else kept
        whole = context.document.text
        words = tuple(whole[start:end] for start, end in sentence.tokens)
        found.sentences.append(Tagged(words, sides["gold"], sides["predicted"]))
    return found


def _scheme(metadata: Mapping[str, Any]) -> Scheme | None:
    stated = metadata.get("tag_scheme")
    return next((scheme for scheme in SCHEMES if scheme == stated), None)


def _words(text: str, begin: int) -> TaggedSentence:
    tokens = tuple((match.start() + begin, match.end() + begin) for match in TOKEN.finditer(text))
    return TaggedSentence(begin, begin + len(text), tokens, ())


def _answered_tags(given: Sequence[TaggedSentence], tags: tuple[str, ...] | None) -> list[tuple[str, ...]] | None:
    if tags is None or not given or len(tags) != sum(len(one.tokens) for one in given):
        return None
    cut, found = 0, []
    for one in given:
        found.append(tags[cut : cut + len(one.tokens)])
        cut += len(one.tokens)
    return found


def _by_sentence(entities: Collection[Entity], sentences: Sequence[TaggedSentence]) -> list[list[Entity]]:
    """Each entity with the last sentence that begins at or before it."""
    starts = [one.start for one in sentences]
    found: list[list[Entity]] = [[] for _ in sentences]
    for entity in entities:
        found[max(0, bisect_right(starts, entity.start) - 1)].append(entity)
    return found


def _kept(raw: Sequence[str], tokens: _Places, wanted: Sequence[Entity]) -> tuple[str, ...] | None:
    """Tags as given, less what is not among the spans; None where they cannot say what the spans say."""
    labels: dict[tuple[int, int], list[str]] = {}
    for entity in wanted:
        if entity.parts:
            return None
        labels.setdefault((entity.start, entity.end), []).append(entity.label)
    tags = list(raw)
    for span in spans_of(raw):
        here = labels.get((tokens[span.start][0], tokens[span.end - 1][1]), [])
        if span.label in here:
            continue
        for position in range(span.start, span.end):
            tags[position] = f"{raw[position].partition('-')[0]}-{here[0]}" if len(here) == 1 else "O"
    said = {(tokens[s.start][0], tokens[s.end - 1][1], s.label) for s in spans_of(tags)}
    return tuple(tags) if said == {(one.start, one.end, one.label) for one in wanted} else None


def _made(found: Tags, side: Side, tokens: _Places, wanted: Sequence[Entity]) -> tuple[str, ...]:
    starts, ends = [start for start, _ in tokens], [end for _, end in tokens]
    taken: set[int] = set()
    spans = []
    for entity in sorted(wanted, key=lambda one: (one.start - one.end, one)):
        first, last = bisect_right(ends, entity.start), bisect_left(starts, entity.end)
        if first >= last or not taken.isdisjoint(range(first, last)):
            found.flattened[side] += 1
            continue
        taken.update(range(first, last))
        spans.append(TagSpan(first, last, entity.label))
        found.widened[side] += (starts[first], ends[last - 1]) != (entity.start, entity.end) or bool(entity.parts)
    return tuple(tags_of(spans, len(tokens), found.scheme or "iob2"))
