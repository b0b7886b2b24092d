"""Tokens brought together: by order, by the text, and what cannot be is refused where it fails."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from harness.model.alignment import UnalignableError, align

pytestmark = pytest.mark.core


def sentences(text):
    return [line.split() for line in text.split("|")]


def partners(gold, predicted):
    return align(sentences(gold), sentences(predicted)).partners


@pytest.mark.parametrize(
    ("gold", "predicted", "expected"),
    [
        ("a b c", "a b c", [0, 1, 2]),
        ("a b | c d", "a | b c d", [0, 1, 2, 3]),  # blank lines elsewhere
        ("we 've seen it", "we have seen it", [0, 1, 2, 3]),  # changed in place: same lengths
        ("x y z u v w", "x y z v w", [0, 1, 2, 4, 5]),  # a token lost
        ("x y z v w", "x y z u v w", [0, 1, 2, None, 3, 4]),  # a token more
        ("hi 😀 there Ann Lee left", "hi ? there Ann left", [0, 1, 2, 3, 5]),  # one replaced, one lost
        ("a b c d e f | g h", "a b c d e f", [0, 1, 2, 3, 4, 5]),  # ends early
        ("a b | c d e f", "c d e f", [2, 3, 4, 5]),  # begins late
        ("a b c d", "a b c d e f", [0, 1, 2, 3, None, None]),  # ends late
        # A short shift inside a differing stretch costs less than pairing by order.
        ("s t u a b X v w y | z", "s t u Y a b v w y", [0, 1, 2, None, 3, 4, 6, 7, 8]),
    ],
)
def test_partners(gold, predicted, expected):
    assert partners(gold, predicted) == expected


def test_tokens_cut_otherwise_have_their_stretch_of_the_text():
    found = align([["U.S.", "-", "based"], ["don't"]], [["U.S.-based", "do", "n't"]])
    assert found.partners == [None, None, None]
    assert found.places == [(0, 10), (10, 12), (12, 15)]
    assert found.covered() == {0, 1, 2, 3}
    assert [found.first_token(position) for position in (0, 3, 4, 14)] == [0, 0, 1, 3]
    assert [found.last_token(position) for position in (4, 5, 10, 15)] == [0, 1, 2, 3]


def test_a_token_cut_otherwise_beside_a_change_is_found():
    found = align([["the", "AC-Milan", "of", "it", "is", "x"]], [["the", "AC-", "Milan", "of", "'s", "it", "is", "x"]])
    assert found.places[1:3] == [(3, 6), (6, 11)]
    assert found.partners == [0, None, None, 2, None, 3, 4, 5]


WORDS = [f"w{number}" for number in range(400)]


def test_a_long_part_that_is_missing_is_skipped_whole():
    gold = [WORDS[start : start + 8] for start in range(0, 400, 8)]
    predicted = gold[:10] + gold[40:]
    truth = [*range(80), *range(320, 400)]
    assert align(gold, predicted).partners == truth


def test_a_phrase_that_comes_again_is_no_place_found_again():
    """Boilerplate after each part; the second part is missing, and its boilerplate must not stand for the first's."""
    phrase = ["I", "am", "voting", "to", "close", "this", "as", "off", "topic"]
    gold = [WORDS[:150], phrase, WORDS[150:300], phrase, WORDS[300:400]]
    predicted = [WORDS[:150], phrase, WORDS[300:400]]
    assert align(gold, predicted).partners == [*range(159), *range(318, 418)]
    # Here the part before the phrase is missing and something else stands for it, far too short.
    predicted = [WORDS[:10], ["?"], phrase, WORDS[300:400]]
    assert align(gold, predicted).partners[-100:] == list(range(318, 418))


def test_another_text_is_refused_where_it_begins():
    with pytest.raises(UnalignableError, match="no run of equal tokens follows") as caught:
        align([["same", "start", *WORDS[:50]]], [["same", "start", *WORDS[200:251]]])
    assert (caught.value.gold, caught.value.predicted) == (2, 2)


def test_another_text_of_the_same_shape_is_refused():
    with pytest.raises(UnalignableError, match=r"only 2 of 6 tokens are the same") as caught:
        align([["a", "b", "c"], ["d", "e", "f"]], [["a", "B", "x"], ["y", "z", "v"]])
    assert (caught.value.gold, caught.value.predicted) == (2, 2)


def test_letters_in_another_case_are_the_same_text():
    assert align([["Ann", "LEE"]], [["ann", "lee"]]).partners == [0, 1]


@st.composite
def spoilt(draw):
    """Sentences of tokens that are all different, and what became of them, with the truth by token."""
    gold = [WORDS[start : start + 7] for start in range(0, draw(st.integers(14, 140)), 7)]
    predicted, truth, number = [[]], [], 0
    fates = draw(st.lists(st.sampled_from("....................cdib"), min_size=140, max_size=140))
    for sentence in gold:
        for word in sentence:
            fate = fates[number % 140]
            if fate == "b":
                predicted.append([])
            if fate == "i":
                predicted[-1].append("inserted")
                truth.append(None)
            if fate != "d":
                predicted[-1].append("changed" if fate == "c" else word)
                truth.append(number)
            number += 1
        predicted.append([])
    return gold, [sentence for sentence in predicted if sentence], truth


@settings(max_examples=60, deadline=None)
@given(spoilt())
def test_most_tokens_are_found_again_and_equal_ones_only_with_themselves(case):
    gold, predicted, truth = case
    words = [word for sentence in gold for word in sentence]
    given_words = [word for sentence in predicted for word in sentence]
    same = sum(word in words for word in given_words)
    assume(2 * same >= len(words) + len(given_words) - same)
    found = align(gold, predicted).partners
    for number, token in enumerate(found):
        if given_words[number] in words:
            assert token in (truth[number], None)
    kept = [token for token in found if token is not None]
    assert kept == sorted(set(kept))
    assert sum(a == b for a, b in zip(found, truth, strict=True)) >= 0.9 * len(truth)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.text("ab", min_size=1, max_size=3), min_size=1, max_size=4), min_size=1, max_size=4))
def test_identity_and_other_cuts_of_the_same_text(gold):
    size = sum(map(len, gold))
    assert align(gold, gold).partners == list(range(size))
    text = "".join(word for sentence in gold for word in sentence)
    found = align(gold, [list(text)])
    assert found.places == [(place, place + 1) for place in range(len(text))]
    assert found.covered() == set(range(size))
