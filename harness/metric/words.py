"""Words of a text in any script, for metrics about copying and repetition."""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

# How a text becomes words: by script, or as it is already spaced (for texts that were tokenized before).
Words = Literal["unicode", "whitespace"]

# Scripts that are written without spaces between words: first and last code points.
_UNSPACED = (
    (0x0E00, 0x0FFF),  # Thai, Lao, Tibetan
    (0x1000, 0x109F),  # Burmese, and its two extensions
    (0xA9E0, 0xA9FF),
    (0xAA60, 0xAA7F),
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x2FDF),  # Han: radicals, marks of repetition, numerals, ideographs
    (0x3005, 0x3007),
    (0x3021, 0x3029),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
    (0x3040, 0x30FF),  # Hiragana, Katakana
    (0x31F0, 0x31FF),
    (0xFF66, 0xFF9F),
    (0x3100, 0x312F),  # Bopomofo
    (0x31A0, 0x31BF),
)
# A token where a text has no tokens of its own: a run of word characters, or a single other mark.
TOKEN = re.compile(r"\w+|[^\w\s]")
# A word, once characters have become their kinds: `a` letter or digit, `u` the same of an unspaced script, `m` mark.
_WORD = re.compile("a[am]*|um*")
_ASCII_WORD = re.compile(r"\w+", re.ASCII)


class _Kinds(dict[int, str]):
    """From code points to kinds, filled as characters are met."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        # Without joiners and combining marks Persian or Hindi words fall apart.
        if character in "\u200c\u200d" or unicodedata.category(character).startswith("M"):
            kind = "m"
        elif not (character.isalnum() or character == "_"):
            kind = " "
        else:
            kind = "u" if any(first <= code <= last for first, last in _UNSPACED) else "a"
        self[code] = kind
        return kind


_KINDS = _Kinds()


@lru_cache(maxsize=64)
def words(text: str, mode: Words = "unicode") -> tuple[str, ...]:
    """The lower-cased words of a text.

    `unicode`: runs of letters, digits and their marks; punctuation is no word. Of scripts that are written without
    spaces between words (Chinese, Japanese, Thai, Lao, Khmer, Burmese, Tibetan) each character, with its marks, is a
    word. Composed and decomposed characters are the same (NFC). `whitespace`: what white space separates.

    Example:
        >>> words("Don't panic: 东京 100%")
        ('don', 't', 'panic', '东', '京', '100')
    """
    if mode == "whitespace":
        return tuple(text.lower().split())
    text = unicodedata.normalize("NFC", text).lower()
    if text.isascii():
        return tuple(_ASCII_WORD.findall(text))
    return tuple(text[found.start() : found.end()] for found in _WORD.finditer(text.translate(_KINDS)))


def word_spans(text: str, mode: Words = "unicode") -> list[tuple[int, int]]:
    """Where each of `words(text, mode)` stands in the text as given.

    Example:
        >>> word_spans("Don't panic")
        [(0, 3), (4, 5), (6, 11)]
    """
    if mode == "whitespace":
        return [found.span() for found in re.finditer(r"\S+", text)]
    # Composing and lower-casing change what a word's characters are, never which characters are a word's.
    return [found.span() for found in _WORD.finditer(text.translate(_KINDS))]


def ngrams(tokens: Sequence[str], n: int) -> list[tuple[str, ...]]:
    """All runs of `n` tokens, in text order.

    Example:
        >>> ngrams(["a", "b", "c"], 2)
        [('a', 'b'), ('b', 'c')]
    """
    return list(zip(*(tokens[first:] for first in range(n)), strict=False))


def check_orders(kind: str, orders: tuple[int, ...]) -> None:
    """Refuses orders below 1, twice the same, or none."""
    if not orders or min(orders) < 1 or len(set(orders)) < len(orders):
        raise ValueError(f"{kind}: orders must be distinct whole numbers from 1 up, got {list(orders)!r}")
