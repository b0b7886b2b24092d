"""From a ranking to a summary within limits."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.model.selection import choose, extract, most_sentences, summarize
from harness.records import NerInput, SummaryInput

pytestmark = pytest.mark.core


def asked(lengths, style="default", low=None, high=None, most=None):
    """A document whose sentences have so many words."""
    sentences = tuple((f"s{place}", " ".join(["w"] * words)) for place, words in enumerate(lengths))
    return SummaryInput("d:1", "d", "", style, sentences, high, low, most)


@pytest.mark.parametrize(
    ("lengths", "ranking", "limits", "chosen"),
    [
        # No limit: as many as the parameter says (2 in this test).
        ([5, 5, 5], [2, 0, 1], {}, [2, 0]),
        ([5], [0], {}, [0]),
        # A limit of sentences replaces the parameter.
        ([5, 5, 5], [2, 0, 1], {"most": 3}, [2, 0, 1]),
        ([5, 5, 5], [2, 0, 1], {"most": 1}, [2]),
        # A limit of words too: as many as fit, and one that does not fit is passed over.
        ([5, 5, 5], [2, 0, 1], {"high": 15}, [2, 0, 1]),
        ([5, 9, 5], [0, 1, 2], {"high": 10}, [0, 2]),
        ([5, 9, 5], [0, 1, 2], {"high": 10, "most": 1}, [0]),
        ([5, 9, 5], [1, 0, 2], {"high": 10}, [1]),
        # Exactly the limit fits.
        ([4, 6], [0, 1], {"high": 10}, [0, 1]),
        # Enough once the lower limit is reached, exactly or by a long way.
        ([5, 5, 5, 5], [0, 1, 2, 3], {"low": 10, "high": 20}, [0, 1]),
        ([5, 5, 5, 5], [0, 1, 2, 3], {"low": 11, "high": 20}, [0, 1, 2]),
        ([5, 5, 5, 5], [0, 1, 2, 3], {"low": 11}, [0, 1, 2]),
        # It cannot be reached: everything that fits.
        ([5, 9, 5], [0, 1, 2], {"low": 12, "high": 13}, [0, 2]),
        ([5, 5], [1, 0], {"low": 50}, [1, 0]),
        ([5, 5, 5], [0, 1, 2], {"low": 50, "most": 2}, [0, 1]),
        # Nothing fits: the shortest sentence, the better-ranked of equals.
        ([9, 7, 8, 7], [0, 3, 1, 2], {"high": 5}, [3]),
        # Style `extract`: so many sentences, whatever their length.
        ([9, 9, 9], [1, 2, 0], {"style": "extract", "most": 2, "high": 5}, [1, 2]),
        ([9, 9, 9], [1, 2, 0], {"style": "extract", "high": 5}, [1, 2]),
        ([9], [0], {"style": "extract", "most": 4}, [0]),
        # Sentences without words are none.
        ([0, 3, 0], [0, 1, 2], {}, [1]),
        ([0, 3, 0], [0, 1, 2], {"style": "extract", "most": 2}, [1]),
        ([0, 0], [0, 1], {"high": 5}, []),
        ([], [], {}, []),
        ([], [], {"high": 5, "low": 2}, []),
        ([], [], {"style": "extract", "most": 3}, []),
    ],
)
def test_choose(lengths, ranking, limits, chosen):
    assert choose(asked(lengths, **limits), ranking, sentences=2) == chosen


LIMIT = st.none() | st.integers(0, 30)


@settings(deadline=None)
@given(st.lists(st.integers(0, 12), max_size=8), LIMIT, LIMIT, st.none() | st.integers(1, 5), st.randoms())
def test_limits_are_kept_wherever_one_sentence_keeps_them(lengths, low, high, most, random):
    given_input = asked(lengths, low=low, high=high, most=most)
    ranking = random.sample(range(len(lengths)), len(lengths))
    chosen = choose(given_input, ranking, sentences=3)
    words = [lengths[place] for place in chosen]
    assert len(set(chosen)) == len(chosen) <= most_sentences(given_input, 3)
    assert 0 not in words
    assert bool(chosen) == any(lengths)
    if high is not None and chosen:
        fits = [length for length in lengths if 0 < length <= high]
        assert sum(words) <= high if fits and low != 0 else len(chosen) == 1
    if low is not None and len(chosen) > 1:
        # None was added after enough.
        assert sum(words[:-1]) < low


def test_extract_is_in_text_order_one_sentence_a_line():
    sentences = (("a", "First."), ("b", "Second runs\r\nover  lines."), ("c", "Third."))
    answer = extract(SummaryInput("d", "d", "", "default", sentences), [2, 1])
    assert answer.text == "Second runs over lines.\nThird."
    assert answer.sentences == ("b", "c")
    assert answer.bin == "scored"


def test_punctuation_is_no_sentence():
    # Though it is the shortest, and the only one that fits.
    sentences = (("a", "..."), ("b", "Two words."), ("c", "😀 !"), ("d", "你好"))
    given_input = SummaryInput("d", "d", "", "default", sentences, max_words=1)
    assert choose(given_input, [0, 1, 2], sentences=3) == [1]
    assert choose(given_input, [0, 1, 2, 3], sentences=3) == [3]


def test_no_sentences_make_an_empty_answer():
    (answer,) = summarize([asked([])], lambda _: [], 3)
    assert (answer.text, answer.sentences, answer.bin) == ("", (), "scored")


def test_summarize_refuses_another_task():
    with pytest.raises(TypeError, match="NerInput 'd:1'"):
        summarize([NerInput("d:1", "d", "text")], lambda _: [], 3)
