"""How entities lie in one another."""

from collections.abc import Iterator, Sequence

from harness.records import Entity


def nested_entities(entities: Sequence[Entity]) -> set[Entity]:
    """Those that lie inside another one; of several on the same span all but the first by label."""
    return {inner for outer, inner in overlapping(entities) if inner.end <= outer.end}


def overlaps(entities: Sequence[Entity]) -> tuple[int, int]:
    """Entities that lie inside another one, and pairs that overlap with neither inside the other."""
    pairs = list(overlapping(entities))
    return len({b for a, b in pairs if b.end <= a.end}), sum(b.end > a.end and b.start > a.start for a, b in pairs)


def overlapping(entities: Sequence[Entity]) -> Iterator[tuple[Entity, Entity]]:
    """Pairs that share text from first to last character; the one that begins first, or is longer, comes first."""
    open_ones: list[Entity] = []
    for entity in sorted(entities, key=lambda e: (e.start, -e.end, e.label)):
        open_ones = [other for other in open_ones if other.end > entity.start]
        for other in open_ones:
            yield other, entity
        open_ones.append(entity)
