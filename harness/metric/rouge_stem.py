"""Stems of English words as ROUGE-1.5.5 makes them with its option -m.

A word longer than three letters is looked up in WordNet's table of irregular forms (`were` is `be`, `children` is
`child`); one that is not in it goes through the stemmer of Porter 1980 (https://tartarus.org/martin/PorterStemmer) as
the script has it. That departs from the paper: it has the endings that Porter added later (`bli` for `abli`, and
`logi`), and in step 4 it tries `ment`, then `ent` or `ion`, whatever was cut or kept before: `basement` becomes
`basem`, `departmental` `depart`, `professional` `profess`. No stemmer of NLTK's does, nor that of `rouge_score`.
"""

import hashlib
from functools import cache
from pathlib import Path

EXCEPTIONS = Path(__file__).with_name("data") / "wordnet_exceptions.txt"
# The forms best and better stand both in the list of adjectives (good) and in that of adverbs (well). ROUGE-1.5.5 keeps
# what it reads last, in the order in which a folder lists its files; the table has the lists in alphabetical order.
_SHORTEST = 4

# Each ending with what stands for it where the measure of what comes before is above 0; the longest that fits is taken.
_STEP_2 = {
    "ational": "ate",
    "ation": "ate",
    "ator": "ate",
    "tional": "tion",
    "enci": "ence",
    "anci": "ance",
    "ization": "ize",
    "izer": "ize",
    "biliti": "ble",
    "bli": "ble",
    "alism": "al",
    "aliti": "al",
    "alli": "al",
    "entli": "ent",
    "eli": "e",
    "ousness": "ous",
    "ousli": "ous",
    "iveness": "ive",
    "iviti": "ive",
    "fulness": "ful",
    "logi": "log",
}
_STEP_3 = {"icate": "ic", "iciti": "ic", "ical": "ic", "alize": "al", "ative": "", "ful": "", "ness": ""}
_STEP_4 = (
    *("ement", "ance", "ence", "able", "ible", "ant", "ism", "ate", "iti", "ous", "ive", "ize"),
    *("al", "er", "ic", "ou"),
)


def stem(word: str) -> str:
    """The stem of a word; words of up to three letters are their own.

    Args:
        word: Lower-case letters a-z and digits.

    Example:
        >>> [stem(word) for word in ("children", "relational", "was", "were", "basement")]
        ['child', 'relat', 'was', 'be', 'basem']
    """
    if len(word) < _SHORTEST:
        return word
    return exceptions().get(word) or porter(word)


@cache
def exceptions() -> dict[str, str]:
    """WordNet 2.0's irregular forms and what each is a form of."""
    return dict(line.split() for line in EXCEPTIONS.read_text(encoding="ascii").splitlines())


@cache
def exceptions_sha256() -> str:
    """Hash of the table, for signatures."""
    return hashlib.sha256(EXCEPTIONS.read_bytes()).hexdigest()


def porter(word: str) -> str:
    """The stem by Porter's rules alone.

    Args:
        word: Lower-case letters a-z and digits.
    """
    for step in (_plural, _past, _final_y, _double_endings, _plain_endings, _long_endings, _final_e):
        word = step(word)
    return word


def _plural(word: str) -> str:
    if word.endswith(("sses", "ies")):
        return word[:-2]
    return word[:-1] if len(word) > 1 and word[-1] == "s" and word[-2] != "s" else word


def _past(word: str) -> str:
    if word.endswith("eed"):
        return word[:-1] if _measure(word[:-3]) else word
    cut = next((word.removesuffix(ending) for ending in ("ed", "ing") if word.endswith(ending)), word)
    if cut == word or "v" not in _shape(cut):
        return word
    if cut.endswith(("at", "bl", "iz")) or _is_short(cut):
        return cut + "e"
    return cut[:-1] if len(cut) > 1 and cut[-1] == cut[-2] and cut[-1] not in "aeiouylsz" else cut


def _final_y(word: str) -> str:
    return word[:-1] + "i" if word.endswith("y") and "v" in _shape(word[:-1]) else word


def _double_endings(word: str) -> str:
    return _replaced(word, _STEP_2)


def _plain_endings(word: str) -> str:
    return _replaced(word, _STEP_3)


def _long_endings(word: str) -> str:
    ending = max((ending for ending in _STEP_4 if word.endswith(ending)), key=len, default="")
    word = _cut(_cut(word, ending), "ment")
    if word.endswith("ent"):
        return _cut(word, "ent")
    return _cut(word, "ion") if word.endswith(("sion", "tion")) else word


def _cut(word: str, ending: str) -> str:
    before = word[: len(word) - len(ending)]
    return before if word.endswith(ending) and _measure(before) > 1 else word


def _final_e(word: str) -> str:
    if word.endswith("e"):
        measure = _measure(word[:-1])
        if measure > 1 or (measure == 1 and not _is_short(word[:-1])):
            word = word[:-1]
    return word[:-1] if word.endswith("ll") and _measure(word) > 1 else word


def _replaced(word: str, endings: dict[str, str]) -> str:
    ending = max((ending for ending in endings if word.endswith(ending)), key=len, default="")
    before = word[: len(word) - len(ending)]
    return before + endings[ending] if ending and _measure(before) else word


def _shape(word: str) -> str:
    """The word with `v` for each vowel and `c` for all else; `y` is a vowel after a consonant, but not in front."""
    shape = ""
    for letter in word:
        vowel = letter in "aeiou" or (letter == "y" and shape.endswith("c"))
        shape += "v" if vowel else "c"
    return shape


def _measure(word: str) -> int:
    """Porter's m: how often a vowel is followed by a consonant."""
    return _shape(word).count("vc")


def _is_short(word: str) -> bool:
    """Whether it is consonants, one vowel and a last consonant that is not w, x or y."""
    shape = _shape(word)
    return shape.lstrip("c") == "vc" and shape[0] == "c" and word[-1] not in "wxy"
