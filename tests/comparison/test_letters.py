"""Letters say exactly which rows were told apart."""

from itertools import combinations
from string import ascii_letters

import networkx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.comparison.letters import compact_letters

pytestmark = pytest.mark.core


@st.composite
def comparisons(draw):
    names = [f"m{number}" for number in range(draw(st.integers(1, 8)))]
    pairs = list(combinations(names, 2))
    return names, draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []


def test_a_table_worked_by_hand():
    # a is better than c and d, b than d: three groups of neighbours.
    found = compact_letters(["a", "b", "c", "d"], [("a", "c"), ("a", "d"), ("b", "d")])
    assert found == {"a": "a", "b": "ab", "c": "bc", "d": "c"}


@given(comparisons())
def test_two_share_a_letter_if_and_only_if_they_were_not_told_apart(case):
    names, apart = case
    letters = compact_letters(names, apart)
    for one, other in combinations(names, 2):
        assert bool(set(letters[one]) & set(letters[other])) == ((one, other) not in apart)
    assert all(letters.values())


@given(comparisons())
def test_the_groups_are_the_largest_that_there_are(case):
    """networkx finds the maximal cliques of the graph of what was not told apart by another algorithm."""
    names, apart = case
    letters = compact_letters(names, apart)
    graph = networkx.Graph()
    graph.add_nodes_from(names)
    graph.add_edges_from(pair for pair in combinations(names, 2) if pair not in apart)
    groups = {frozenset(name for name in names if sign in letters[name]) for sign in set("".join(letters.values()))}
    assert groups == {frozenset(clique) for clique in networkx.find_cliques(graph)}


@given(comparisons(), st.randoms())
def test_the_order_of_the_pairs_changes_nothing(case, random):
    names, apart = case
    mixed = [tuple(random.sample(pair, 2)) for pair in apart]
    random.shuffle(mixed)
    assert compact_letters(names, mixed) == compact_letters(names, apart)


def test_the_first_row_has_the_first_letter():
    assert compact_letters(["z", "y"], [("y", "z")]) == {"z": "a", "y": "b"}


def test_more_groups_than_letters_are_numbered():
    names = [f"m{number:02d}" for number in range(60)]
    found = compact_letters(names, combinations(names, 2))
    assert found["m59"] == "60"
    names = names[: len(ascii_letters)]
    assert compact_letters(names, combinations(names, 2))["m51"] == "Z"


@pytest.mark.timeout(60)
def test_a_pattern_without_a_compact_display_has_none():
    # Twenty pairs, each told apart within itself alone: every choice of one of each is a group, 2^20 of them.
    names = [f"{number}{side}" for number in range(20) for side in "ab"]
    assert compact_letters(names, [(f"{number}a", f"{number}b") for number in range(20)]) is None
