"""Windows hold all of a text, and the entities of windows are those of the text."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.model.windows import character_windows, merged, word_windows
from harness.records import Entity

pytestmark = pytest.mark.core

TEXTS = st.text(st.sampled_from("ab \n\U0001f600"), max_size=80)


@given(TEXTS, st.integers(2, 30), st.integers(0, 20))
def test_character_windows_hold_every_character_and_are_no_longer_than_asked(text, size, shared):
    windows = character_windows(text, size, shared)
    assert all(0 < end - start <= size for start, end in windows)
    assert {place for start, end in windows for place in range(start, end)} == set(range(len(text)))
    assert [start for start, _ in windows] == sorted({start for start, _ in windows})
    for (_, end), (start, _) in pairwise(windows):
        assert end - start >= min(shared, size // 4)
    # Only neighbours share anything.
    assert all(end <= start for (_, end), (start, _) in zip(windows, windows[2:], strict=False))


@given(TEXTS, st.integers(2, 9), st.integers(0, 9))
def test_word_windows_hold_every_word(text, size, shared):
    words = [match.span() for match in re.finditer(r"\S+", text)]
    windows = word_windows(words, size, shared)
    held = [[word for word in words if start <= word[0] and word[1] <= end] for start, end in windows]
    assert {word for of in held for word in of} == set(words)
    assert all(0 < len(of) <= size for of in held)
    for left, right in pairwise(held):
        assert len(set(left) & set(right)) == min(shared, size // 2)


NAMES = st.lists(st.sampled_from(["Ann", "Bob Lee", "x", "yy"]), min_size=30, max_size=60)


@given(NAMES, st.integers(48, 80), st.integers(9, 12))
def test_a_model_that_finds_the_same_everywhere_finds_each_once(parts, size, shared):
    """An oracle: every capitalized run, none as long as what windows share. A cut may leave `Bob` of `Bob Lee`."""
    text = " z ".join(parts)
    windows = character_windows(text, size, shared)
    assert len(windows) > 1

    def find(stretch):
        return [Entity(m.start(), m.end(), "P") for m in re.finditer(r"[A-Z]\w+(?: [A-Z]\w+)*", stretch)]

    found = [[entity.shifted(start) for entity in find(text[start:end])] for start, end in windows]
    assert merged(windows, found) == find(text)


# The two windows share [8, 16).
WINDOWS = [(0, 16), (8, 30)]


@pytest.mark.parametrize(
    ("left", "right", "kept"),
    [
        ([(0, 3)], [(20, 24)], [(0, 3), (20, 24)]),
        ([(10, 12)], [(10, 12)], [(10, 12)]),
        ([(13, 16)], [(13, 20)], [(13, 20)]),  # cut at the end of the left window
        ([(4, 11)], [(8, 11)], [(4, 11)]),  # cut at the start of the right one
        ([(9, 10)], [], [(9, 10)]),  # the left one saw it better
        ([(14, 15)], [], []),  # the right one saw it better, and nothing in it
        ([], [(9, 10)], []),
        ([(10, 14)], [(12, 15)], [(12, 15)]),  # 2 and 4 characters from a cut
    ],
)
def test_where_windows_disagree(left, right, kept):
    found = [[Entity(start, end, "P") for start, end in of] for of in (left, right)]
    assert [(entity.start, entity.end) for entity in merged(WINDOWS, found)] == kept


def test_one_window_keeps_what_overlaps():
    found = [Entity(0, 5, "A"), Entity(0, 3, "B"), Entity(0, 3, "B")]
    assert merged([(0, 9)], [found]) == [Entity(0, 3, "B"), Entity(0, 5, "A")]
    assert merged([], []) == []
