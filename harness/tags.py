"""Token tags and spans: IOB1, IOB2, IOBES and BILOU, read as conlleval reads them.

A tag is `O`, or a prefix, a hyphen and a label (`B-creative-work`: the first hyphen divides). Positions count tokens
from zero, end-exclusive. Reading is as lenient as conlleval (Tjong Kim Sang and De Meulder 2003): a span goes on only
while the label stays the same and no tag starts anew, so `I-X` after `O` or after another label starts a span. What a
scheme forbids is not lost by that: `count_invalid` counts it.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Scheme = Literal["iob1", "iob2", "iobes", "bilou"]
SCHEMES: tuple[Scheme, ...] = ("iob1", "iob2", "iobes", "bilou")
PREFIXES: dict[Scheme, str] = {"iob1": "BI", "iob2": "BI", "iobes": "BIES", "bilou": "BILU"}
# BILOU writes "last" and "unit" where IOBES writes "end" and "single"; nothing else differs.
_AS_IOBES = {"L": "E", "U": "S"}
_AS_BILOU = {"E": "L", "S": "U"}


@dataclass(frozen=True, slots=True, order=True)
class TagSpan:
    """Tokens `start` to `end` (exclusive) under one label."""

    start: int
    end: int
    label: str


@lru_cache(maxsize=4096)
def split_tag(tag: str) -> tuple[str, str]:
    """Divides a tag into its prefix and label; `O` has the label "".

    Raises:
        ValueError: It is no tag of any of the schemes; says why.
    """
    if tag == "O":
        return "O", ""
    if "," in tag or "|" in tag:
        raise ValueError("expected one tag, found alternatives joined by a comma or a bar; keep one of them")
    prefix, hyphen, label = tag.partition("-")
    if prefix not in {*"BIESLU"}:
        raise ValueError("expected O or a tag that starts with B-, I-, E-, S-, L- or U-")
    if not hyphen or not label:
        raise ValueError("expected a type after the prefix, as in B-PER")
    return prefix, label


def spans_of(tags: Sequence[str]) -> list[TagSpan]:
    """The spans of one sentence, in order, as conlleval reads them; the four schemes need no telling apart."""
    spans: list[TagSpan] = []
    start = 0
    open_label: str | None = None
    for position, tag in enumerate(tags):
        prefix, label = _iobes(tag)
        if open_label is not None and (prefix in "OBS" or label != open_label):
            spans.append(TagSpan(start, position, open_label))
            open_label = None
        if prefix == "O":
            continue
        if open_label is None:
            start, open_label = position, label
        if prefix in "ES":
            spans.append(TagSpan(start, position + 1, label))
            open_label = None
    if open_label is not None:
        spans.append(TagSpan(start, len(tags), open_label))
    return spans


def tags_of(spans: Iterable[TagSpan], length: int, scheme: Scheme = "iob2") -> list[str]:
    """The tags of a sentence of `length` tokens: the inverse of `spans_of`.

    Raises:
        ValueError: Spans overlap, are empty or leave the sentence; tags cannot say that.
    """
    tags = ["O"] * length
    before: TagSpan | None = None
    for span in sorted(spans):
        if not 0 <= span.start < span.end <= length:
            raise ValueError(f"expected 0 <= start < end <= {length} tokens, got {span}")
        if before is not None and span.start < before.end:
            raise ValueError(f"{span} overlaps {before}; tags carry flat spans only")
        for position in range(span.start, span.end):
            tags[position] = f"{_prefix(span, position, before, scheme)}-{span.label}"
        before = span
    return tags


def count_invalid(tags: Sequence[str], scheme: Scheme) -> int:
    """How many transitions of one sentence the scheme forbids, its begin and end standing for `O`.

    IOB2: an `I-X` not after `B-X` or `I-X`. IOB1: a `B-X` not after `B-X` or `I-X`, where it would have to be `I-X`.
    IOBES and BILOU: an opened span that is not ended, or one that goes on without having been opened.
    """
    invalid = 0
    before = ("O", "")
    whole = scheme in ("iobes", "bilou")
    for prefix, label in [*map(_iobes, tags), ("O", "")] if whole else map(_iobes, tags):
        same = before[1] == label and before[0] in "BI"
        if whole:
            invalid += (prefix in "IE" and not same) or (prefix in "OBS" and before[0] in "BI")
        else:
            invalid += prefix == ("I" if scheme == "iob2" else "B") and not same
        before = prefix, label
    return invalid


def find_scheme(sentences: Collection[Sequence[str]]) -> Scheme:
    """The scheme of a whole file: by its prefixes, and between IOB1 and IOB2 the one that fewer tags break (tie: IOB2).

    Raises:
        ValueError: It has prefixes of both IOBES and BILOU.
    """
    prefixes = {split_tag(tag)[0] for tag in {tag for tags in sentences for tag in tags}}
    if prefixes & {"E", "S"} and prefixes & {"L", "U"}:
        raise ValueError("expected one scheme, found the prefixes of both IOBES (E, S) and BILOU (L, U)")
    if prefixes & {"E", "S"}:
        return "iobes"
    if prefixes & {"L", "U"}:
        return "bilou"
    broken = {scheme: sum(count_invalid(tags, scheme) for tags in sentences) for scheme in ("iob2", "iob1")}
    return "iob1" if broken["iob1"] < broken["iob2"] else "iob2"


@lru_cache(maxsize=4096)
def _iobes(tag: str) -> tuple[str, str]:
    prefix, label = split_tag(tag)
    return _AS_IOBES.get(prefix, prefix), label


def _prefix(span: TagSpan, position: int, before: TagSpan | None, scheme: Scheme) -> str:
    first, last = position == span.start, position == span.end - 1
    if scheme == "iob1":
        touches = before is not None and before.end == span.start and before.label == span.label
        return "B" if first and touches else "I"
    if scheme == "iob2":
        return "B" if first else "I"
    prefix = "S" if first and last else "B" if first else "E" if last else "I"
    return _AS_BILOU.get(prefix, prefix) if scheme == "bilou" else prefix
