"""Sentence spans: whatever the text, nothing is lost, doubled or shifted."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.sentences import sentence_spans, split_sentences, summary_sentences

pytestmark = pytest.mark.core

# Letters, sentence ends, quotes, every kind of line break and white space, and what goes wrong with offsets: characters
# beyond the BMP, combining marks, right-to-left text with its marks, joiners, NUL, lone surrogates.
PIECES = st.sampled_from(
    [
        *("a", "B", "Mr", "Dr", "U.S", "3.5", "No", "etc", "www.b.com"),
        *(".", "!", "?", "...", "。", "؟", ";", ":", ",", '"', "“", "”", "'", "(", ")", "[", "]"),
        *(
            " ",
            "  ",
            "\t",
            "\n",
            "\r\n",
            "\r",
            "\n\n",
            "\v",
            "\f",
            "\x1c",
            "\x85",
            "\u2028",
            "\u2029",
            "\xa0",
            "\u3000",
        ),
        *(
            "😀",
            "👩‍👩‍👧",
            "e\u0301",
            "\u0301",
            "שלום",
            "مرحبا",
            "\u200f",
            "\u202e",
            "\u200b",
            "\ufeff",
            "\x00",
            "\ud800",
        ),
        *("你好", "ไทย", "ß", "İ", "🇺🇦"),
    ]
)
TEXTS = st.one_of(
    st.lists(PIECES, max_size=30).map("".join),
    st.text(max_size=60),
    st.text(alphabet=st.characters(), max_size=20),
)
LANGUAGES = st.sampled_from(["en", "de", "de-AT", "fr", "ar", "he", "zh", "hi", "xx", ""])


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("", []),
        (" \r\n\t\u3000", []),
        ("one", ["one"]),
        ("  One.  Two! \n", ["One.", "Two!"]),
        ("Mr. Brown paid $3.5 million. He left.", ["Mr. Brown paid $3.5 million.", "He left."]),
        # A line break ends a sentence without a full stop, whatever kind of break it is.
        ("A title\nA text", ["A title", "A text"]),
        ("one\r\ntwo\rthree\u2028four\x85five", ["one", "two", "three", "four", "five"]),
        ("one\n\n\n\ntwo", ["one", "two"]),
        ("Hi 😀. Da ist e\u0301in Satz.", ["Hi 😀.", "Da ist e\u0301in Satz."]),
        ("שלום עולם. מה שלומך?", ["שלום עולם.", "מה שלומך?"]),
        ("你好。世界！", ["你好。", "世界！"]),
        ('"No. Never!" he said. She left.', ['"No. Never!" he said.', "She left."]),
        # What has no letter or digit goes with what it follows on its line; at the start of a line it stands alone.
        ("Hi there. 😀 \n😀", ["Hi there. 😀", "😀"]),
        ("!:", ["!:"]),
        ("...", ["..."]),
        ("😀", ["😀"]),
        # A lone surrogate (from a file decoded with surrogateescape) is kept as it is.
        ("a\udcff. B", ["a\udcff.", "B"]),
    ],
)
def test_hand_worked(text, sentences):
    assert split_sentences(text) == sentences
    assert [text[start:end] for start, end in sentence_spans(text)] == sentences


def test_offsets_count_code_points():
    text = "😀😀 one. e\u0301 two.\r\nשלום three."
    assert sentence_spans(text) == [(0, 7), (8, 15), (17, 28)]


def test_language_decides_what_an_abbreviation_is():
    text = "Am 3. Oktober kam er."
    assert split_sentences(text, "de") == [text]
    # The language's own rules hold for its regions too, in any spelling of the code.
    assert split_sentences(text, "de-AT") == split_sentences(text, "de_at") == [text]
    assert split_sentences(text, "en") == ["Am 3.", "Oktober kam er."]
    assert split_sentences(text, "no-such") == split_sentences(text, "en")


@settings(deadline=None)
@given(TEXTS, LANGUAGES)
def test_spans_are_ordered_trimmed_and_complete(text, language):
    spans = sentence_spans(text, language)
    end_before = 0
    for start, end in spans:
        assert end_before <= start < end <= len(text)
        # Nothing but white space is left out between sentences.
        assert not text[end_before:start].strip()
        sentence = text[start:end]
        assert sentence == sentence.strip()
        assert len(sentence.splitlines()) == 1
        end_before = end
    assert not text[end_before:].strip()
    assert split_sentences(text, language) == [text[start:end] for start, end in spans]


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_lines_are_split_apart_from_each_other(first, second):
    # A text after a line break has the sentences that it has alone, shifted.
    shifted = [(start + len(first) + 2, end + len(first) + 2) for start, end in sentence_spans(second)]
    assert sentence_spans(f"{first}\n\n{second}") == sentence_spans(first) + shifted


@settings(deadline=None)
@given(TEXTS)
def test_a_sentence_break_parts_no_word(text):
    # ROUGE scores the same words whether or not a text was split.
    for (_, end), (start, _) in zip(sentence_spans(text)[:-1], sentence_spans(text)[1:], strict=True):
        assert end < start or not (text[end - 1].isalnum() and text[start].isalnum())


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("He came. He saw.", ["He came.", "He saw."]),
        ("He came. He saw.\n", ["He came.", "He saw."]),
        # Own line breaks are kept, even where a line has two sentences.
        ("He came. He saw.\nHe won.", ["He came. He saw.", "He won."]),
        ("one\r\ntwo", ["one", "two"]),
        ("one\n \n\ntwo\n", ["one", "two"]),
        ("", []),
        (" \n ", []),
    ],
)
def test_summary_sentences(text, sentences):
    assert summary_sentences(text) == sentences
