"""Names as a text writes them, and whether another text has their words: for metrics that look names up."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache

from harness.metric.content_words import STOP_WORDS
from harness.metric.quantities import quantities
from harness.metric.rouge_stem import stem
from harness.metric.words import words
from harness.sentences import summary_sentences

_POSSESSIVE = re.compile(r"(?<=\w)['’](?:s(?!\w)|(?!\w))", re.IGNORECASE)
_DOTTED = re.compile(r"(?<!\w)(?:[^\W\d_]\.){2,}")
_ARTICLES = frozenset({"the", "a", "an"})
# What stands before a person's name and is no part of it.
_TITLES_WORDS = """
    mr mrs ms miss dr prof sir dame lord lady rev president chairman chairwoman minister prime secretary senator
    sen governor gov mayor judge justice general gen colonel col captain capt sergeant sgt king queen prince
    princess pope chancellor chief deputy vice former professor
"""
_TITLES = frozenset(_TITLES_WORDS.split())
_LINKS_WORDS = """
    of de del della di da la le van von der den bin ibn al the
"""
_LINKS = frozenset(_LINKS_WORDS.split())
# Peoples whose names do not begin like their country's.
_PEOPLES = {
    "american": ("america", "us", "usa"),
    "british": ("britain", "uk"),
    "briton": ("britain", "uk"),
    "danish": ("denmark", "dane"),
    "dutch": ("netherlands", "holland"),
    "english": ("england",),
    "french": ("france",),
    "irish": ("ireland",),
    "polish": ("poland", "pole"),
    "scottish": ("scotland", "scot"),
    "spanish": ("spain", "spaniard"),
    "swiss": ("switzerland",),
    "thai": ("thailand",),
    "welsh": ("wales",),
}
# Two words are of one name if they begin with as many letters alike and go on for no longer: Iran, Iranian.
_ALIKE = 4
_ENDING = 3
# A title or a text in capitals: each of so many words of some length has a capital.
_FEWEST_TITLED = 4
_LONG = 3

# Initials of no name are more.
_MOST_INITIALS = 12

_TOKEN = re.compile(r"(?:[^\W\d_]\.){2,}|[^\W_]+(?:['’][^\W\d_]{2,})*(?:['’]s(?!\w))?")
_GAP = re.compile(r"[ \u00a0]|-|–| - ")
_STOP = re.compile(r"[.!?]")
_OPENS = frozenset("\"'“‘`(:[")

Name = tuple[str, ...]


@lru_cache(maxsize=2**12)
def name_words(text: str) -> Name:
    """The words of a name or text, to be compared: in lower case, without accents, possessives and dots.

    Example:
        >>> name_words("the U.S. Army's O’Neil"), name_words("São Paulo")
        (('the', 'us', 'army', 'o', 'neil'), ('sao', 'paulo'))
    """
    text = _DOTTED.sub(lambda found: found[0].replace(".", ""), _POSSESSIVE.sub("", text)).replace("_", " ")
    if not text.isascii():
        folded = unicodedata.normalize("NFKD", text.casefold())
        # Accents alone: the marks of other scripts are letters of their words.
        text = unicodedata.normalize("NFC", re.sub("(?<=[a-z])[\u0300-\u036f]+", "", folded))
    return words(text)


def without_article(name: Name) -> Name:
    """A name without the article that it begins with; an article alone stays."""
    return name[1:] if len(name) > 1 and name[0] in _ARTICLES else name


def occurs(name: Name, text: Name) -> bool:
    """Whether a name's words stand in a text, one after another."""
    return bool(name) and any(
        text[at : at + len(name)] == name for at in range(len(text) - len(name) + 1) if text[at] == name[0]
    )


# Names that are pronouns in lower case: `us` is not the US, whatever the case that words are compared in.
_PRONOUNS = frozenset({"us", "it", "who"})


class KnownWords:
    """The words of a text, to look those of a name up in.

    Args:
        text: The text.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.words = frozenset(name_words(text))

    def has(self, word: str) -> bool:
        """Whether the text has a word, or one that is close to it.

        Close are words of one stem; words that share four letters at the beginning and go on for three at most, a last
        `s` aside (Russia, Russians); and a few peoples and their countries (Dutch, Netherlands).

        Args:
            word: One of `name_words`.
        """
        if word in _PRONOUNS:
            return re.search(_dotted(word.upper()), self.text) is not None
        if word in self.words or _stem(word) in self._stems:
            return True
        if any(near in self.words for near in _related(word)):
            return True
        return len(word) >= _ALIKE and any(_alike(word, other) for other in self._beginnings.get(word[:_ALIKE], ()))

    def shortens(self, word: str) -> bool:
        """Whether it is the initials of capitalised words that the text has in a row (EU, European Union)."""
        return len(word) >= 2 and word in self._initials

    def has_short(self, name: Name) -> bool:
        """Whether the text has a name of several words by its initials alone, in capitals."""
        initials = "".join(word[0] for word in name if word not in STOP_WORDS)
        return len(initials) >= 2 and re.search(_dotted(initials.upper()), self.text) is not None

    @cached_property
    def _stems(self) -> frozenset[str]:
        return frozenset(map(_stem, self.words))

    @cached_property
    def _beginnings(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for word in self.words:
            if len(word) >= _ALIKE:
                found.setdefault(word[:_ALIKE], []).append(word)
        return found

    @cached_property
    def _initials(self) -> frozenset[str]:
        found = set()
        for run in re.findall(r"[A-Z]\w*(?:(?: (?:of|the|and|for|de))* [A-Z]\w*)+", self.text):
            letters = "".join(word[0] for word in run.split() if word[0].isupper()).lower()
            most = min(len(letters), _MOST_INITIALS)
            found |= {letters[first:last] for first in range(most) for last in range(first + 2, most + 1)}
        return frozenset(found)


def _stem(word: str) -> str:
    return stem(word) if word.isascii() else word


def _related(word: str) -> Iterable[str]:
    yield from _PEOPLES.get(word, ())
    yield from (people for people, lands in _PEOPLES.items() if word in lands)


def _alike(word: str, other: str) -> bool:
    word, other = (one.removesuffix("s") if len(one) > _ALIKE else one for one in (word, other))
    same = next((n for n, (a, b) in enumerate(zip(word, other, strict=False)) if a != b), min(len(word), len(other)))
    return same >= _ALIKE and max(len(word), len(other)) - same <= _ENDING


def _dotted(initials: str) -> str:
    return r"(?<!\w)" + r"\.?".join(map(re.escape, initials)) + r"(?!\w)"


# ---- names by their capitals ----------------------------------------------------------------------------------------


def capitalised_names(text: str, source: str) -> list[Name] | None:
    """The distinct names of a summary by its capital letters; None where these do not tell.

    A name is a run of capitalised words, small links between them left in; titles before a person, stop words, numbers,
    months and weekdays are none of it. The first word of a sentence or quotation counts only where it has a capital
    further on (EU, McKay), or one inside a sentence too, in the summary or in its source. A name whose words all stand
    in a longer one is the same.

    Capitals do not tell in scripts without case; where all longer words have one (titles); and where none inside a
    sentence has, and there is none at all, the source has none inside a sentence either, or has one of the words with a
    capital only.

    Args:
        text: The summary.
        source: The document.

    Example:
        >>> capitalised_names("Yesterday President Ann Lee met the Bank of Mali.", "A day. Then Lee met them.")
        [('ann', 'lee'), ('bank', 'of', 'mali')]
        >>> capitalised_names("king sells horse", "The king sold a horse.") is None
        True
    """
    places = name_places(text, source)
    if places is None:
        return None
    return distinct_names(name for name, _, _ in places)


def distinct_names(names: Iterable[Name]) -> list[Name]:
    """Names without those that are the same as another: equal to it, or with all their words in it."""
    distinct = list(dict.fromkeys(names))
    return [
        name for name in distinct if not any(set(name) <= set(other) and len(other) > len(name) for other in distinct)
    ]


def name_places(text: str, source: str) -> list[tuple[Name, int, int]] | None:
    """Every name of a summary by its capital letters, as `capitalised_names` knows them, with its start and end."""
    sentences = list(_placed_tokens(text))
    inside = {one.word for sentence in sentences for one in sentence if one.capital and not one.first}
    capitals, plain = _source_cases(source)
    if not inside:
        lowered = {one.word for sentence in sentences for one in sentence if not one.capital}
        if not capitals or lowered & (capitals - plain) or not any(map(str.isupper, text)):
            return None
    longer = [one for sentence in sentences for one in sentence if not one.first and _is_long(one.word)]
    if len(longer) >= _FEWEST_TITLED and all(one.capital for one in longer):
        return None
    found: list[tuple[Name, int, int]] = []
    for sentence in sentences:
        for run in _runs(sentence, inside | capitals):
            if name := name_words(" ".join(one.text for one in run)):
                found.append((name, run[0].start, run[-1].end))
    return found


def _placed_tokens(text: str) -> Iterable[list["_Token"]]:
    """The tokens of each sentence of a summary, with their places in it."""
    at = 0
    for sentence in summary_sentences(text):
        start = text.index(sentence, at)
        at = start + len(sentence)
        yield _tokens(sentence, start)


class _Token:
    """A word of a sentence: as it is written, folded, its place, whether it has a capital and begins something."""

    __slots__ = ("capital", "end", "first", "joined", "number", "start", "text", "word")

    def __init__(self, text: str, start: int, first: bool, joined: bool, number: bool) -> None:
        self.start = start
        self.end = start + len(text)
        self.text, self.word, self.capital = _spelling(text)
        self.first = first
        self.joined = joined
        self.number = number


@lru_cache(maxsize=2**14)
def _spelling(token: str) -> tuple[str, str, bool]:
    """A token without its possessive, folded, and whether it has a capital that may be a name's."""
    word = "".join(name_words(token))
    return _POSSESSIVE.sub("", token), word, any(map(str.isupper, token)) and word not in STOP_WORDS


def _begins(between: str, end: int) -> bool:
    """Whether a token is the first of its sentence or quotation: what stands before it, and where that begins."""
    return end == 0 or not _OPENS.isdisjoint(between) or _STOP.search(between) is not None


def _tokens(sentence: str, start: int = 0) -> list[_Token]:
    values = quantities(sentence)
    found: list[_Token] = []
    end, possessive, at = 0, False, 0
    for token in _TOKEN.finditer(sentence):
        while at < len(values) and values[at].end <= token.start():
            at += 1
        between = sentence[end : token.start()]
        found.append(
            _Token(
                token[0],
                start + token.start(),
                first=_begins(between, end),
                joined=end > 0 and not possessive and _GAP.fullmatch(between) is not None,
                number=at < len(values) and values[at].start < token.end(),
            )
        )
        end, possessive = token.end(), _POSSESSIVE.search(token[0]) is not None
    return found


def _runs(sentence: Sequence[_Token], elsewhere: set[str]) -> Iterable[list[_Token]]:
    run: list[_Token] = []
    held: list[_Token] = []  # links that belong to the run if a capital follows
    for one in sentence:
        sure = not one.first or one.word in elsewhere or any(map(str.isupper, one.text[1:]))
        named = one.capital and not one.number and sure
        if not one.joined or not (named or one.word in _LINKS):
            if run:
                yield run
            run, held = [], []
        if named and not (not run and one.word in _TITLES):
            run, held = [*run, *held, one], []
        elif run and one.word in _LINKS:
            held.append(one)
    if run:
        yield run


@lru_cache(maxsize=16)
def _source_cases(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """The words that a text has with a capital inside a sentence, and those it has without."""
    capitals, plain = set(), set()
    for sentence in summary_sentences(text):
        end = 0
        for token in _TOKEN.finditer(sentence):
            _, word, capital = _spelling(token[0])
            if not capital:
                plain.add(word)
            elif not _begins(sentence[end : token.start()], end):
                capitals.add(word)
            end = token.end()
    return frozenset(capitals), frozenset(plain)


def _is_long(word: str) -> bool:
    return len(word) >= _LONG and word not in STOP_WORDS
