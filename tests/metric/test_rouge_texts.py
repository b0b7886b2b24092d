"""What ROUGE reads of a text: words by mode, and sentences."""

import re
import unicodedata

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score.tokenizers import DefaultTokenizer

from harness.metric import rouge_texts
from harness.metric.rouge_texts import _MAY_SPLIT, written
from harness.sentences import summary_sentences

pytestmark = pytest.mark.core

SAMPLES = {
    "russian": "Правительство объявило новые меры; ёлка — не елка.",
    "arabic": "أعلنت الحكومة عن تدابيرَ جديدةٍ اليوم، في ٢٠٢٤.",
    "hindi": "सरकार ने आज नए उपायों की घोषणा की। हिन्दी में",
    "thai": "รัฐบาลประกาศมาตรการใหม่ วันนี้ กำไร",
    "lao": "ລັດຖະບານ ປະກາດ",
    "khmer": "រដ្ឋាភិបាល ប្រកាស",
    "burmese": "အစိုးရက ကြေညာ",
    "chinese": "中国政府今天宣布了新的措施,GDP增长5%。",
    "japanese": "政府は新しいコンピューター措置を発表した。ﾊﾟﾝ",
    "korean": "정부는 새로운 조치를 발표했다.",
    "german": "Müller Möller übt ebt Straße",
    "persian": "می\u200cخواهم",
    "hebrew": "הַמֶּמְשָׁלָה הודיעה",
}
# The same definition in the terms of another package with its own tables.
_ALONE = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Bopomofo}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}ーｰﾞﾟ"
_MARK = r"[\p{M}\u200c\u200d]"
_WORD = r"[\p{L}\p{N}]"
ORACLE = regex.compile(rf"(?V1)[{_WORD}&&[{_ALONE}]]{_MARK}*|[{_WORD}--[{_ALONE}]](?:[{_WORD}--[{_ALONE}]]|{_MARK})*")


def read(text, mode="unicode", stem=False, split="newline"):
    return written(text, mode, stem, split).text.split()


def lines_of(text, mode, split):
    """The words of each line that has any, unstemmed."""
    lines = written(text, mode, False, split).text.split("\n")
    return [line.split() for line in lines if line.strip()]


def oracle(text):
    return ORACLE.findall(unicodedata.normalize("NFC", text).casefold().replace("\u00ad", ""))


@pytest.mark.parametrize("text", SAMPLES.values(), ids=SAMPLES)
def test_words_of_any_script(text):
    words = oracle(text)
    codes = read(text)
    assert len(codes) == len(words) > 0
    # Equal codes for equal words alone.
    assert len(set(zip(words, codes, strict=True))) == len(set(words)) == len(set(codes))


@settings(deadline=None, max_examples=150)
@given(st.lists(st.sampled_from([*"".join(SAMPLES.values()), " ", "e\u0301", "x61", "a_b", "²"]), max_size=30))
def test_words_of_mixed_scripts(characters):
    text = "".join(characters).replace("_", " ")
    words, codes = oracle(text), read(text)
    assert len(set(zip(words, codes, strict=True))) == len(set(words)) == len(set(codes))


def test_scripts_without_spaces_are_read_by_character():
    assert len(read("中国政府")) == 4
    assert len(read("コンピュータ")) == 6
    # Thai vowels and tone marks above and below a consonant belong to it: รั ฐ บ า ล.
    assert len(read("รัฐบาล")) == 5
    # Latin letters and digits beside them stay together.
    assert len(read("中国GDP增长5")) == 6


def test_what_is_one_word():
    assert len(read("हिन्दी")) == 1
    assert len(read("تدابيرَ")) == 1
    assert read("e\u0301t\u00e9") == read("\u00e9te\u0301") == read("ÉTÉ")
    assert read("Straße") == read("STRASSE") == ["strasse"]
    assert read("co\u00adoperate") == read("cooperate")
    assert len(set(read("Müller Möller übt ebt"))) == 4
    # Punctuation, symbols and emoji are none.
    assert read("— «» ! 😀 €") == []


def test_no_word_is_taken_for_the_code_of_another():
    code = read("é")[0]
    assert code != read(code)[0]
    assert read("x")[0] != read("78")[0]
    # WordNet's table makes two words of one; they are like no word of a text.
    assert read("comics", "rouge155", stem=True)[0] not in ("comic", "strip", "comicstrip")


ASCII = st.text(st.characters(max_codepoint=127), max_size=60)


@settings(deadline=None)
@given(ASCII, st.booleans())
def test_of_ascii_text_all_modes_read_the_same_words(text, stem):
    assert written(text, "unicode", stem, "newline") == written(text, "rouge155", stem, "newline")
    assert len(read(text)) == written(text, "rouge_score", stem, "newline").length()


def test_rouge155_reads_bytes():
    assert read("Once-vibrant U.S. $5 café naïve", "rouge155") == ["once", "vibrant", "u", "s", "5", "caf", "na", "ve"]
    # The Kelvin sign becomes k and the dotted capital I becomes i in Python's lower case, but not in the script's.
    assert read("\u212aelvin İstanbul", "rouge155") == ["elvin", "stanbul"]
    assert written("\u212aelvin", "rouge_score", False, "newline").length() == 1


@pytest.mark.parametrize("mode", ["rouge155", "unicode"])
def test_stems_are_of_english_words(mode):
    assert read("The children were running", mode, stem=True) == ["the", "child", "be", "run"]
    assert read("The children were running", mode) == ["the", "children", "were", "running"]


def test_stemming_leaves_other_letters_alone():
    assert read("Läufer gängig бегали", stem=True) == read("Läufer gängig бегали")


@pytest.mark.parametrize(
    ("text", "mode", "has_words", "is_foreign"),
    [
        ("a", "rouge_score", True, False),
        ("кот", "rouge_score", False, True),
        ("кот", "rouge155", False, True),
        ("кот", "unicode", True, False),
        ("кот 5", "rouge155", True, False),
        # Neither letters nor digits: nothing was said.
        ("... 😀 \n", "rouge_score", False, False),
        ("... 😀 \n", "unicode", False, False),
        ("", "unicode", False, False),
    ],
)
def test_what_a_mode_can_read(text, mode, has_words, is_foreign):
    found = written(text, mode, True, "sentences")
    assert (found.has_words, found.is_foreign) == (has_words, is_foreign)


@pytest.mark.parametrize("mode", ["rouge155", "unicode"])
def test_sentences_stand_on_lines_of_their_own(mode):
    assert lines_of("It rained. We left.", mode, "sentences") == [["it", "rained"], ["we", "left"]]
    assert lines_of("It rained. We left.", mode, "newline") == [["it", "rained", "we", "left"]]
    assert written("Дождь. Мы ушли.", "unicode", False, "sentences").text.count("\n") == 1


@settings(deadline=None)
@given(st.text(max_size=40), st.booleans())
def test_mode_rouge_score_reads_what_the_package_does(text, stem):
    assert read(text, "rouge_score", stem) == DefaultTokenizer(use_stemmer=stem).tokenize(text)


def test_words_that_are_forgotten_are_read_again(monkeypatch):
    rouge_texts._codes(True, True).clear()
    monkeypatch.setattr(rouge_texts, "_MOST_CODES", 3)
    text = "running runs\nponies caresses running relational ponies"
    expected = ["run", "run", "poni", "caress", "run", "relat", "poni"]
    assert written.__wrapped__(text, "rouge_score", True, "newline").text.split() == expected
    assert len(rouge_texts._codes(True, True)) <= 3
    assert written.__wrapped__("ponies running", "rouge_score", True, "newline").text == "poni run"


PIECES = st.sampled_from([*"ab A I 1 ,':;$%&/- . ! ? ( ) \" \n", "Mr", "U.S", " ", " ", "é", "i", "...", "?!"])


@settings(deadline=None, max_examples=300)
@given(st.lists(PIECES, max_size=25))
def test_the_shortcut_finds_no_other_sentences(pieces):
    text = "".join(pieces)
    sentences = [re.findall("[a-z0-9]+", sentence.lower()) for sentence in summary_sentences(text)]
    assert lines_of(text, "rouge_score", "sentences") == [words for words in sentences if words]


def test_the_shortcut_is_taken_by_a_headline_alone():
    assert not _MAY_SPLIT.search("King's horse sold - for $5,000")
    assert all(_MAY_SPLIT.search(text) for text in ("a. b", "a\nb", "a) b", "das Ende。Aus"))
