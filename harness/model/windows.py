"""Texts that are longer than a model reads: where they are cut, and windows' entities put together."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

from harness.records import Entity


def windows_of(count: int, size: int, shared: int) -> list[tuple[int, int]]:
    """Stretches of at most `size` of so many things in a row that together hold every one; one stretch of nothing.

    Args:
        count: Things in the row.
        size: Things of a window, at least 1.
        shared: Things that two windows share; at most half a window.

    Example:
        >>> windows_of(5, size=3, shared=1)
        [(0, 3), (2, 5)]
    """
    step = size - min(shared, size // 2)
    starts = range(0, max(1, count - size + step), step)
    return [(start, min(start + size, count)) for start in starts]


def own_parts(windows: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """What each window speaks for, so that everything is spoken for once: by the window whose cut is farther away.

    The text's own ends are no cuts. What stands in the middle of a shared stretch is the earlier window's.

    Args:
        windows: In text order; each overlaps its neighbours and no other.

    Example:
        >>> own_parts([(0, 10), (6, 16), (12, 20)])
        [(0, 8), (8, 14), (14, 20)]
    """
    borders = [(start + end + 1) // 2 for (_, end), (start, _) in pairwise(windows)]
    starts = [start for start, _ in windows[:1]]
    return list(zip([*starts, *borders], [*borders, *(end for _, end in windows[-1:])], strict=True))


def chars_read(places: Sequence[tuple[int, int]], read: int) -> int | None:
    """Characters of a text that were read with the first so many of its words or tokens; None where all were.

    Example:
        >>> chars_read([(0, 3), (4, 7)], read=1)
        3
    """
    if read >= len(places):
        return None
    return places[read - 1][1] if read else 0


def word_windows(words: Sequence[tuple[int, int]], size: int, shared: int) -> list[tuple[int, int]]:
    """Stretches of at most `size` words that together hold every word.

    Args:
        words: Where each word stands, in text order.
        size: Words of a window.
        shared: Words that two windows share; at most half a window.

    Example:
        >>> word_windows([(0, 2), (3, 5), (6, 8), (9, 11), (12, 14)], size=3, shared=1)
        [(0, 8), (6, 14)]
    """
    return [(words[first][0], words[end - 1][1]) for first, end in windows_of(len(words), size, shared) if first < end]


def character_windows(text: str, size: int, shared: int) -> list[tuple[int, int]]:
    """Stretches of at most `size` characters that together are the text; cut at white space where there is any.

    Args:
        text: The text.
        size: Characters of a window, at least 2.
        shared: Characters that two windows share, at least; at most a quarter of a window.

    Example:
        >>> character_windows("Ann met Bob in Rome", size=12, shared=3)
        [(0, 12), (8, 19)]
    """
    return text_windows(text, range(len(text)), size, shared)


def text_windows(text: str, begins: Sequence[int], size: int, shared: int) -> list[tuple[int, int]]:
    """Stretches of at most `size` units that together are the text; cut at white space where there is any.

    Args:
        text: The text.
        begins: Where each of its units (tokens, characters) begins.
        size: Units of a window, at least 1.
        shared: Units that two windows share, at least; at most a quarter of a window.

    Example:
        >>> text_windows("Ann met Bob in Rome", begins=[0, 4, 8, 10, 12, 15, 17], size=5, shared=1)
        [(0, 15), (12, 19)]
    """
    shared = min(shared, size // 4)
    found = []
    first = start = 0
    while len(begins) - first > size:
        end = _at_space(text, begins, first + size, first + size // 2 + shared)
        if start < begins[end]:  # a character may have several tokens
            found.append((start, begins[end]))
        first = _at_space(text, begins, end - shared, first + size // 4)
        start = begins[first]
    return [*found, (start, len(text))] if text else []


def _at_space(text: str, begins: Sequence[int], last: int, least: int) -> int:
    """The last unit up to `last` that begins at white space, but not before `least`; `last` where there is none."""
    return next((unit for unit in range(last, least, -1) if _spaced(text, begins[unit])), last)


def space_from(text: str, begins: Sequence[int], unit: int) -> int:
    """Where the first unit from this one on begins that begins at white space; where this one does if none does.

    Example:
        >>> space_from("Ann met Bob", range(11), 5)
        7
    """
    return next((begins[later] for later in range(unit, len(begins)) if _spaced(text, begins[later])), begins[unit])


def _spaced(text: str, place: int) -> bool:
    return text[place - 1 : place].isspace() or text[place : place + 1].isspace()


def sentence_chunks(
    text: str, sentences: Sequence[tuple[int, int]], begins: Sequence[int], size: int
) -> list[tuple[int, int]]:
    """Stretches of at most `size` units that share nothing, lose nothing, and end where a sentence does.

    A sentence that is longer than that is cut at white space, where there is any.

    Args:
        text: The text.
        sentences: Its sentences in order; between them is nothing but white space.
        begins: Where each of its units (tokens, characters) begins.
        size: Units of a chunk, at least 1.

    Example:
        >>> sentence_chunks("It rained. We left. He slept.", [(0, 10), (11, 19), (20, 29)], range(29), size=20)
        [(0, 19), (20, 29)]
    """
    pieces: list[tuple[int, int]] = []
    for start, end in sentences:
        own = [begin - start for begin in begins[bisect_left(begins, start) : bisect_left(begins, end)]]
        if len(own) <= size:
            pieces.append((start, end))
            continue
        for _, last in text_windows(text[start:end], own, size, 0):
            # Windows go back to white space; what was said before is not said again.
            pieces.append((max(start, pieces[-1][1] if pieces else 0), start + last))
    found: list[tuple[int, int]] = []
    for start, end in pieces:
        if found and units_between(begins, found[-1][0], end) <= size:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


def units_between(begins: Sequence[int], start: int, end: int) -> int:
    """How many units begin in a stretch of a text.

    Example:
        >>> units_between([0, 4, 8], 1, 9)
        2
    """
    return bisect_left(begins, end) - bisect_left(begins, start)


def merged(windows: Sequence[tuple[int, int]], found: Sequence[Sequence[Entity]]) -> list[Entity]:
    """Entities of a text from those of its windows: none twice, and none as a window saw it that cut it.

    Where windows disagree, the one speaks that saw the stretch farther from a cut; the text's own ends are no cuts. An
    entity that is longer than what two windows share can still be cut.

    Args:
        windows: In text order; each overlaps its neighbours and no other.
        found: The entities of each window; offsets count from the start of the text.

    Example:
        >>> windows, found = [(0, 11), (4, 19)], [[Entity(0, 3, "P"), Entity(8, 11, "P")], [Entity(8, 16, "P")]]
        >>> [(entity.start, entity.end) for entity in merged(windows, found)]
        [(0, 3), (8, 16)]
    """
    kept: list[set[Entity]] = [set() for _ in windows]
    contested: list[list[Entity]] = [[] for _ in windows]
    for number, of in enumerate(found):
        for entity in of:
            shared = any(_overlap(windows[other], entity) for other in _neighbours(windows, number))
            contested[number].append(entity) if shared else kept[number].add(entity)
    sure = set().union(*kept)
    kept = [set() for _ in windows]
    ranked = [(_distance(windows, n, entity), n, entity) for n, of in enumerate(contested) for entity in of]
    for distance, number, entity in sorted(ranked, key=lambda one: (-one[0], one[1], one[2])):
        others = _neighbours(windows, number)
        place = (entity.start, entity.end)
        if any(_overlap(place, other) for neighbour in others for other in kept[neighbour]):
            continue
        # A window that saw the whole stretch better, and nothing in it.
        denied = any(
            windows[neighbour][0] <= entity.start
            and entity.end <= windows[neighbour][1]
            and _distance(windows, neighbour, entity) > distance
            and not any(_overlap(place, other) for other in contested[neighbour])
            for neighbour in others
        )
        if not denied:
            kept[number].add(entity)
    return sorted(sure.union(*kept))


def _neighbours(windows: Sequence[tuple[int, int]], number: int) -> list[int]:
    return [other for other in (number - 1, number + 1) if 0 <= other < len(windows)]


def _overlap(place: tuple[int, int], entity: Entity) -> bool:
    return place[0] < entity.end and entity.start < place[1]


def _distance(windows: Sequence[tuple[int, int]], number: int, entity: Entity) -> float:
    """How far from a cut an entity stands, in characters."""
    left = entity.start - windows[number][0] if number else float("inf")
    right = windows[number][1] - entity.end if number < len(windows) - 1 else float("inf")
    return min(left, right)
