"""Words of any script, against a reading of Unicode's categories character by character."""

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.metric.words import check_orders, ngrams, word_spans, words

pytestmark = pytest.mark.core


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Don't panic, O'Neil: 1,000.5%", "don t panic o neil 1 000 5"),
        ("e\u0301te\u0301 ÉTÉ", "été été"),  # decomposed and composed
        ("Москва́ и Äöü", "москва́ и äöü"),
        ("हिन्दी में समाचार", "हिन्दी में समाचार"),  # vowel signs and virama hold a word together
        ("مُحَمَّد قال", "مُحَمَّد قال"),
        ("می\u200cخواهم", "می\u200cخواهم"),  # a joiner does not end a word
        ("한국어 뉴스", "한국어 뉴스"),
        # One character a word, with its marks, where a script has no spaces.
        ("北京,2024年", "北 京 2024 年"),
        ("カナ・ひら", "カ ナ ひ ら"),
        ("ที่ นี่", "ที่ นี่"),
        ("𠀀𠀁", "𠀀 𠀁"),
        ("🇳🇱 – … \u0301", ""),
        ("", ""),
    ],
)
def test_by_hand(text, expected):
    assert words(text) == tuple(expected.split())


def test_whitespace_keeps_punctuation():
    assert words("The U.S. said : “ no ”\u3000ok", "whitespace") == ("the", "u.s.", "said", ":", "“", "no", "”", "ok")


UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "BOPOMOFO", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN", "IDEOGRAPHIC")


def by_category(text):
    """Letters, digits and connectors by `str.isalnum`; scripts by the names of their characters."""
    found, open_word = [], False
    for character in unicodedata.normalize("NFC", text).lower():
        mark = character in "\u200c\u200d" or unicodedata.category(character).startswith("M")
        if mark and found and open_word:
            found[-1] += character
        elif not mark and (character.isalnum() or character == "_"):
            alone = unicodedata.name(character, "").startswith(UNSPACED)
            if open_word == "word" and not alone:
                found[-1] += character
            else:
                found.append(character)
            open_word = "character" if alone else "word"
        else:
            open_word = False
    return tuple(found)


# Latin, Greek and Cyrillic with marks, Arabic, Devanagari, Thai, Burmese, Khmer, Kana, Han, Hangul, punctuation.
SCRIPTS = "aÉß1_ -'.\u0301\u0308ωЖйمُّहिन्\u200dทีไ่๑မြန်ខ្មែカひー北京々한국😀²"
TEXTS = st.text(SCRIPTS, max_size=25)


@given(TEXTS)
def test_equals_a_reading_by_category(text):
    assert words(text) == by_category(text)


@given(st.text(max_size=40))
def test_no_word_is_empty_and_case_and_normal_form_do_not_matter(text):
    found = words(text)
    assert all(found)
    assert words(unicodedata.normalize("NFD", text)) == found
    # A new line or space never joins two words.
    assert words(f"{text}\n{text}") == found * 2


@given(st.lists(st.sampled_from("abc"), max_size=8), st.integers(1, 5))
def test_ngrams(tokens, n):
    expected = [tuple(tokens[start : start + n]) for start in range(len(tokens)) if start + n <= len(tokens)]
    assert ngrams(tokens, n) == expected


@pytest.mark.parametrize("orders", [(), (0,), (1, 1), (2, -1)])
def test_orders_that_no_ngram_has(orders):
    with pytest.raises(ValueError, match="Kind: orders must be distinct whole numbers from 1 up, got"):
        check_orders("Kind", orders)


@given(st.text(max_size=40))
def test_each_word_has_its_place(text):
    for mode in ("unicode", "whitespace"):
        spans = word_spans(text, mode)
        assert len(spans) == len(words(text, mode))
        assert all(end <= start for (_, end), (start, _) in pairwise(spans))
        # A word by itself is the same word, but for a capital sigma, which is lower-cased by what stands around it.
        for word, (start, end) in zip(words(text, mode), spans, strict=True):
            assert words(text[start:end], mode) == (word,) or "Σ" in text


@pytest.mark.parametrize("text", ["a{}b", "{}", "é{}x", "{}\u0301", "東{}"])
def test_each_word_has_its_place_around_any_character(text):
    for code in (*range(0x3000), *range(0xA000, 0x10400, 7), *range(0x1D000, 0x1F000, 13), *range(0xE0000, 0xE0200)):
        one = text.format(chr(code))
        assert len(word_spans(one)) == len(words.__wrapped__(one)), hex(code)
