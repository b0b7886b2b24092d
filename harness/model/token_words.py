"""Words of texts from their sub-tokens, and entities from the labels of words."""

import unicodedata
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

OPENING = frozenset("BSU")
LAST = frozenset("ELSU")
# Between texts: neither space nor punctuation.
BORDER = "\0"
SPACE, MARK, OTHER = 1, 2, 3
# What each character is; 0 until one is met.
KINDS = np.zeros(0x110000, np.uint8)


class Words(NamedTuple):
    """Words of several texts: the text of each, its first token among those of all, and its span in its text."""

    text: Array
    first: Array
    start: Array
    end: Array


def words(
    texts: Sequence[str],
    offsets: Sequence[Sequence[tuple[int, int]]],
    numbers: Sequence[Sequence[int | None]],
) -> Words:
    """Words of texts from their sub-tokens' offsets and the tokenizer's word numbers.

    Example:
        >>> found = words(["Bob, hi"], [[(0, 2), (2, 3), (3, 4), (4, 7)]], [[0, 0, 0, 1]])
        >>> found.first.tolist(), found.start.tolist(), found.end.tolist()
        ([0, 2, 3], [0, 3, 5], [3, 4, 7])
    """
    counts = [len(several) for several in offsets]
    text = np.repeat(np.arange(len(texts)), counts)
    number = np.array([-1 if one is None else one for one in chain.from_iterable(numbers)], np.int64)
    # All texts as one, so that a few operations on arrays do for all of their tokens.
    base = np.cumsum([1, *(len(one) + 1 for one in texts)])
    places = np.fromiter(chain.from_iterable(chain.from_iterable(offsets)), np.int64, 2 * len(text))
    start, end = places.reshape(-1, 2).T + base[text]
    kind = _kinds(BORDER.join(["", *texts, ""]))
    strip = _strip(kind == SPACE)
    inside = strip(start, end)
    blank = inside[0] >= inside[1]
    marks = np.cumsum(kind == MARK)
    # Nothing but punctuation.
    mark = ~blank & (marks[inside[1] - 1] - marks[inside[0] - 1] == inside[1] - inside[0])

    fresh = np.diff(text, prepend=-1) != 0
    spaced = kind[start] == SPACE
    # Some tokenizers take a whole text for one word, so a space begins a word too.
    begins = fresh | (np.diff(number, prepend=-1) != 0) | spaced | (kind[start - 1] == SPACE)
    # A group that has nothing but spaces yet goes on.
    waiting = _last(begins) > _last(~blank)
    group = begins & (fresh | spaced | ~_shifted(waiting))
    part = group | _edges(group, mark, ~blank & ~mark)

    first = np.flatnonzero(part)
    start, end = strip(start[first], np.maximum.reduceat(end, first) if len(first) else end)
    kept, last = [], 0
    for i, (begin, stop) in enumerate(zip(start.tolist(), end.tolist(), strict=True)):
        if last <= begin < stop:
            kept.append(i)
            last = stop
    text = text[first[kept]]
    return Words(text, first[kept], start[kept] - base[text], end[kept] - base[text])


def _kinds(text: str) -> Array:
    """Of each character whether it is space, punctuation (or a symbol) or another."""
    codes = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    for code in set(codes[KINDS[codes] == 0].tolist()):
        one = chr(code)
        KINDS[code] = SPACE if one.isspace() else MARK if unicodedata.category(one)[0] in "PS" else OTHER
    return KINDS[codes]


def _strip(space: Array) -> Callable[[Array, Array], tuple[Array, Array]]:
    """What takes the space off both ends of stretches; what is left of one of space alone ends before it begins."""
    others = np.flatnonzero(~space)
    before = np.cumsum(~space) - ~space
    return lambda start, end: (others[before[start]], others[before[end] - 1] + 1)


def _last(there: Array) -> Array:
    """Of each place the last one up to it where something is there; -1 before the first."""
    found: Array = np.maximum.accumulate(np.where(there, np.arange(len(there)), -1))
    return found


def _shifted(there: Array) -> Array:
    """Of each place what is there one before."""
    return np.append(False, there)[:-1]


def _edges(group: Array, mark: Array, inner: Array) -> Array:
    """Where parts begin in a tokenizer's word: punctuation at its edges, a sub-token each, and what lies between.

    Args:
        group: Which tokens begin a word.
        mark: Which are punctuation.
        inner: Which are neither that nor space.
    """
    word = np.cumsum(group) - 1
    sofar = np.append(0, np.cumsum(inner))
    bounds = np.append(sofar[:-1][group], sofar[-1])
    left = sofar[:-1] > bounds[:-1][word]
    right = sofar[:-1] < bounds[1:][word]
    edges: Array = (~left & right & _shifted(mark)) | (left & ~right & mark)
    return edges


def spans(labels: Sequence[tuple[str, str]], chosen: Array, text: Array) -> tuple[list[int], list[int]]:
    """Labelled words as entities, read as conlleval does: the first words, and those after the last.

    Args:
        labels: Prefix and type of each label id.
        chosen: The label id of each word.
        text: The text of each word; none goes on in the next.

    Example:
        >>> spans([("O", ""), ("B", "PER"), ("I", "PER")], np.array([1, 2, 0, 1]), np.zeros(4))
        ([0, 3], [2, 4])
    """
    types = sorted({kind for _, kind in labels})
    kind = np.array([-1 if prefix == "O" else types.index(kind) for prefix, kind in labels], int)[chosen]
    opens = np.array([prefix in OPENING for prefix, _ in labels], bool)[chosen]
    closes = np.array([prefix in LAST for prefix, _ in labels], bool)[chosen]
    apart = opens[1:] | closes[:-1] | (kind[1:] != kind[:-1]) | (text[1:] != text[:-1])
    first = np.flatnonzero(np.append(True, apart)[: len(kind)] & (kind >= 0))
    last = np.flatnonzero(np.append(apart, True)[: len(kind)] & (kind >= 0)) + 1
    return first.tolist(), last.tolist()
