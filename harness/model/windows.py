"""Texts that are longer than a model reads: windows that share a stretch, and their entities put together."""

from collections.abc import Sequence

from harness.records import Entity


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
    shared = min(shared, size // 2)
    found = []
    first = 0
    while first < len(words):
        last = min(first + size, len(words))
        found.append((words[first][0], words[last - 1][1]))
        if last == len(words):
            break
        first = last - shared
    return found


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
    shared = min(shared, size // 4)
    found = []
    start = 0
    while len(text) - start > size:
        end = _space(text, start + size, start + size // 2 + shared)
        found.append((start, end))
        start = _space(text, end - shared, start + size // 4)
    return [*found, (start, len(text))] if text else []


def _space(text: str, place: int, least: int) -> int:
    """The last end of white space up to `place`, but not before `least`; `place` where there is none."""
    for end in range(place, least, -1):
        if text[end - 1].isspace() or text[end : end + 1].isspace():
            return end
    return place


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
