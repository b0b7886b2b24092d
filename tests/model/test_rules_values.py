"""The value patterns: trying them only where they can begin finds what searching the whole text finds."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.model.rules_values import PATTERNS, find_values
from harness.resources import shipped

pytestmark = pytest.mark.core

WORDS = st.sampled_from(
    ["the", "last", "few", "two", "twenty-five", "weeks", "year's", "more than", "just over", "$5", "€20m", "1%",
     "percent", "1,000", "million", "May", "March", "3", "2019", "Monday", "morning", "ago", "first", "half", "a", "an",
     "hour", "km", "rubles", "late", "the end of", "this", "to", "-", "and", "10:30", "p.m.", "dollars", "between",
     "hundreds", "of", "thousands", "one", "US$3", "the '90s", "daily", "for", "years", "Sept. 5", "old", "Christmas",
     "5-year-old"]
)  # fmt: skip


def searched(text):
    """Every match of every pattern wherever it is, the longest of overlapping ones kept: the definition, and slow."""
    spans = sorted(
        {(m.start() - m.end(), m.start(), m.end(), p.label) for p in PATTERNS for m in p.match.finditer(text)},
        key=lambda span: span[:2],
    )
    return {span[2] for span in spans}, {(start, end) for _, start, end, _ in spans}


@given(st.lists(WORDS, min_size=1, max_size=12))
@settings(deadline=None, max_examples=200)
def test_nothing_that_a_search_finds_is_missed(words):
    text = " ".join(words)
    _, expected = searched(text)
    got = [(value.start, value.end) for value in find_values(text)]
    # What the filters on `one`, `May` and `for years` drop or cut, and what begins inside a longer number ("30 May" in
    # "10:30 May"), is all that may differ.
    for start, end in expected:
        piece = text[start:end].lower()
        exempt = piece in {"one", "may", "march"} or re.search(r"\w[-.,:/'’]$", text[:start])
        if piece.split()[-1] in {"years", "weeks"} and piece.split()[0] in {"for", "over"}:
            start = end - len(piece.split()[-1])
        assert exempt or any(s <= start and end <= e for s, e in got), (piece, text)


def test_nothing_is_missed_in_the_seed_text():
    (path,) = sorted(shipped("seeds").glob("*.txt"))
    text = path.read_text(encoding="utf-8")
    got = [(value.start, value.end) for value in find_values(text)]
    _, expected = searched(text)
    missed = [text[start:end] for start, end in expected if not any(s <= start and end <= e for s, e in got)]
    assert [piece for piece in missed if piece.lower() not in {"one", "may"}] == []
    assert len(got) > 30


@pytest.mark.parametrize("text", ["", " ", "\0", "’90", "$", "€", "%", "1" * 400, "," * 400, "１２３", "½", "²"])
def test_odd_texts_are_read(text):
    for value in find_values(text):
        assert text[value.start : value.end]
