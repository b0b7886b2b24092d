"""What ROUGE reads of a text: its words under a mode's rules, written so that any ROUGE package finds them again."""

import importlib
import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from typing import Any, Literal, NamedTuple

from harness.metric.rouge_stem import stem as stem_of
from harness.metric.words import words
from harness.sentences import summary_sentences

Mode = Literal["rouge_score", "rouge155", "unicode"]
Split = Literal["sentences", "newline"]

# Of a text's bytes letters and digits stay, A-Z lowered, and line breaks; all else of ASCII separates. So do letters
# outside it, but in mode `unicode`. 255 is no byte of UTF-8: it stands between texts.
_KEPT = bytes(code if chr(code).isalnum() or code == 10 else 32 for code in bytes(range(128)).lower())
_ASCII, _UTF8 = _KEPT + b" " * 127 + b"\xff", _KEPT + bytes(range(128, 256))
# What stands for the ends of lines and of texts among the words: it is none of theirs.
_ENDS = {b"|": "\n", b"#": "\0"}
# Codes that are remembered.
_MOST_CODES = 2**17
# All but what surely stands inside a sentence.
_MAY_SPLIT = re.compile(r"[^A-Za-z0-9 ',:;$%&/-]")


class Written(NamedTuple):
    """A text as it is handed to a ROUGE package.

    Args:
        text: Words of the letters a-z and digits, the sentences on lines of their own where the split asked for it.
        has_words: Whether there is any word in it.
        is_foreign: Whether it has letters or digits, but not one word that the mode can read.
    """

    text: str
    has_words: bool
    is_foreign: bool

    def length(self) -> int:
        """Number of its words."""
        return len(self.text.split())


@lru_cache(maxsize=2**14)
def written(text: str, mode: Mode, stem: bool, split: Split) -> Written:
    """A text, rewritten.

    The package reads runs of a-z and digits: each word is replaced by its stem or by a code, equal for equal words
    alone.

    Example:
        >>> written("Once-vibrant café?", "rouge155", stem=False, split="newline").text
        'once vibrant caf'
        >>> written("Müller, MÜLLER", "unicode", stem=False, split="newline").text
        'x6dc3bc6c6c6572 x6dc3bc6c6c6572'
    """
    return written_many([text], mode, stem, split)[text]


def written_many(texts: Iterable[str], mode: Mode, stem: bool, split: Split) -> dict[str, Written]:
    """Texts, each with what it is rewritten as; see `written`."""
    given = list(dict.fromkeys(texts))
    read = list(map(_split, given)) if split == "sentences" else given
    if mode == "rouge_score":
        # The script lowers A-Z alone; to rouge_score the Kelvin sign is a k.
        read = list(map(str.lower, read))
    elif mode == "unicode":
        # Of ASCII text all modes read the same words.
        read = [text if text.isascii() else "\n".join(map(_spaced, text.split("\n"))) for text in read]
    joined = b"\xff".join([text.encode("utf-8", "replace") for text in read])
    kept = joined.translate(_UTF8 if mode == "unicode" else _ASCII)
    found = kept.replace(b"\n", b" | ").replace(b"\xff", b" # ").split()
    lines = " ".join(map(_codes(mode == "rouge_score", stem).__getitem__, found)).split("\0")
    return {
        text: Written(line.strip(" "), True, False) if line and not line.isspace() else _wordless(text, line)
        for text, line in zip(given, lines, strict=True)
    }


def _wordless(text: str, line: str) -> Written:
    return Written(line.strip(" "), False, any(map(str.isalnum, text)))


def rouge_package() -> Any:
    """The package that scores."""
    # The same numbers from both (tests/metric/test_rouge.py), but rouge_score takes seconds to import (nltk) and a
    # hundred times as long to score; it stays for platforms that rouge_score_rs has no wheel for.
    try:
        return importlib.import_module("rouge_score_rs")
    except ImportError:
        return importlib.import_module("rouge_score")


class _Codes(dict[bytes, str]):
    """What is written for a word; filled as words are met."""

    def __init__(self, code: Callable[[str], str]) -> None:
        super().__init__()
        self.code = code

    def __missing__(self, word: bytes) -> str:
        if len(self) >= _MOST_CODES:
            self.clear()
        self[word] = code = _ENDS.get(word) or self.code(word.decode())
        return code


@cache
def _codes(as_rouge_score: bool, stem: bool) -> _Codes:
    if not as_rouge_score:
        return _Codes(lambda word: _code(word, stem))
    if not stem:
        return _Codes(str)
    # The package's own stemmer, which every word would go through each time that it is met.
    tokenizers = importlib.import_module(f"{rouge_package().__name__}.tokenizers")
    tokenize = tokenizers.DefaultTokenizer(use_stemmer=True).tokenize
    return _Codes(lambda word: " ".join(tokenize(word)))


def _split(text: str) -> str:
    # A shortcut that saves headlines and other short summaries half of their time: nothing in them can end a sentence.
    return text if not _MAY_SPLIT.search(text.rstrip(" .!?")) else "\n".join(summary_sentences(text))


def _spaced(line: str) -> str:
    """The words of a line in any script, with a space between them."""
    # A soft hyphen is no part of a word, and an underscore joins none.
    return " ".join(words(unicodedata.normalize("NFC", line).casefold().replace("\u00ad", "").replace("_", " ")))


def _code(word: str, stem: bool) -> str:
    """The word, or its stem, as letters a-z and digits: itself where it is made of these, else its bytes."""
    read = stem_of(word) if stem and word.isascii() else word
    # What begins like a code becomes one, or two words could share it.
    return read if read.isascii() and read.isalnum() and read[0] != "x" else f"x{read.encode().hex()}"
