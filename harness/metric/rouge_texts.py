"""What ROUGE reads of a text: its words under a mode's rules, written so that any ROUGE package finds them again."""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from harness.metric.rouge_stem import stem as stem_of
from harness.metric.words import words
from harness.sentences import summary_sentences

Mode = Literal["rouge_score", "rouge155", "unicode"]
Split = Literal["sentences", "newline"]

# What rouge_score can make a word of, once the text is in lower case; all else is a separator to it.
_LOWER = re.compile("[a-z0-9]+")
# The same of ROUGE-1.5.5, which lowers A-Z alone and reads bytes: a hyphen separates, a letter outside a-z as well.
_ASCII = re.compile("[A-Za-z0-9]+")
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
        return len(_LOWER.findall(self.text.lower()))


@lru_cache(maxsize=2**14)
def written(text: str, mode: Mode, stem: bool, split: Split) -> Written:
    """A text, rewritten.

    The package reads runs of a-z and digits. In mode `rouge_score` they are what it is to read, and the text stays as
    it is. In the other modes each word is replaced by its stem or by a code, equal for equal words alone.

    Example:
        >>> written("Once-vibrant café?", "rouge155", stem=False, split="newline").text
        'once vibrant caf'
        >>> written("Müller, MÜLLER", "unicode", stem=False, split="newline").text
        'x6dc3bc6c6c6572 x6dc3bc6c6c6572'
    """
    if split == "sentences":
        text = _split(text)
    if mode == "rouge_score":
        rewritten = text
        has_words = _LOWER.search(text.lower()) is not None
    else:
        read = _ascii_words if mode == "rouge155" else _words
        rewritten = "\n".join(" ".join(_code(word, stem) for word in read(line)) for line in text.split("\n"))
        has_words = bool(rewritten.strip())
    return Written(rewritten, has_words, not has_words and any(map(str.isalnum, text)))


def _split(text: str) -> str:
    # A shortcut that saves headlines and other short summaries half of their time: nothing in them can end a sentence.
    return text if not _MAY_SPLIT.search(text.rstrip(" .!?")) else "\n".join(summary_sentences(text))


def _ascii_words(line: str) -> list[str]:
    return [word.lower() for word in _ASCII.findall(line)]


def _words(line: str) -> Sequence[str]:
    # A shortcut for most English lines: of ASCII text both modes read the same words, as an underscore joins none.
    if line.isascii():
        return _ascii_words(line)
    # A soft hyphen is no part of a word.
    return words(unicodedata.normalize("NFC", line).casefold().replace("\u00ad", "").replace("_", " "))


@lru_cache(maxsize=2**17)
def _code(word: str, stem: bool) -> str:
    """The word, or its stem, as letters a-z and digits: itself where it is made of these, else its bytes."""
    read = stem_of(word) if stem and word.isascii() else word
    # What begins like a code becomes one, or two words could share it.
    return read if read.isascii() and read.isalnum() and read[0] != "x" else f"x{read.encode().hex()}"
