"""How entities lie in one another, against every pair compared with every other."""

import itertools
import random

import pytest

from harness.gold_tools.overlaps import nested_entities, overlapping, overlaps
from harness.records import Entity

pytestmark = pytest.mark.core


def test_by_hand():
    bank, berlin, city, hall = Entity(0, 14, "ORG"), Entity(8, 14, "GPE"), Entity(18, 31, "GPE"), Entity(22, 36, "FAC")
    assert list(overlapping([hall, city, berlin, bank])) == [(bank, berlin), (city, hall)]
    assert nested_entities([bank, berlin, city, hall]) == {berlin}
    assert overlaps([bank, berlin, city, hall]) == (1, 1)
    # Neighbours do not overlap; of two labels on one span the second by name counts as inside.
    assert overlaps([Entity(0, 3, "A"), Entity(3, 5, "A")]) == (0, 0)
    assert nested_entities([Entity(0, 3, "B"), Entity(0, 3, "A")]) == {Entity(0, 3, "B")}


@pytest.mark.parametrize("rng_seed", range(20))
def test_every_pair_is_found(rng_seed):
    rng = random.Random(rng_seed)
    spans = {(a, a + rng.randint(1, 6), rng.choice("XY")) for a in (rng.randrange(20) for _ in range(12))}
    entities = [Entity(*span) for span in spans]
    pairs = {
        frozenset(p) for p in itertools.combinations(entities, 2) if p[0].start < p[1].end and p[1].start < p[0].end
    }
    assert {frozenset(pair) for pair in overlapping(entities)} == pairs
    crossing = sum(min(a, b).start < max(a, b).start < min(a, b).end < max(a, b).end for a, b in map(tuple, pairs))
    assert overlaps(entities)[1] == crossing
