"""Names and numbers of a summary that its document does not have."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Literal, NamedTuple

from harness.metric.base import Array, Counts, Key, Sums
from harness.metric.content_words import STOP_WORDS
from harness.metric.means import DocumentMeans, defined, mean
from harness.metric.names import KnownWords, Name, capitalised_names, distinct_names, name_places, name_words
from harness.metric.quantities import Quantities, quantities
from harness.metric.words import word_spans
from harness.records import References, Summary, TaskName

_ROWS = ("entities", "numbers", "any", "any_number")
# A shorter word says too little to stand for a name.
_FEWEST_LETTERS = 4


class _Findings(NamedTuple):
    """How many distinct names (None: cannot be told) and numbers a summary has, and how many of them are new."""

    names: int | None
    new_names: int
    numbers: int
    new_numbers: int


@dataclass(frozen=True, kw_only=True)
class Invented(DocumentMeans):
    """How much of a summary's names and numbers is not in the document, without gold and without a judge.

        entities = distinct names of the summary that are invented / distinct names of the summary
        numbers  = distinct numbers and dates that are invented / distinct numbers and dates of the summary
        any, any_number: 1 for a summary with at least one invented name or number, or number; else 0

    Names are runs of capitalised words (a sentence's first word only if capitals elsewhere speak for it; titles,
    months and weekdays left out). A name is invented if at least the share `missing` of its words is not in the
    document, in any case and without accents and possessives. In the document is also a word of the same stem, one
    that shares four letters at the beginning and goes on for three at most, a last s aside (Iran, Iranians), the usual
    names of some peoples (Dutch), and initials of capitalised words in a row, or the other way round (EU, European
    Union). So Johnson passes for Johnston, and a right name in a wrong place is not seen.
    With `names: words`, for texts in lower case, every word of four letters or more that is not a stop word stands for
    a name; the row is then about new words.

    Numbers are compared by value: 1,000, 1000 and one thousand; 1.2 million and 1.2m; 5%, 5 per cent; third, 3rd;
    27 May and May 27th; 4pm and 16:00. A number that the summary gives as rough (about, more than) is not invented
    if the document has one that is off by the share `tolerance` of it at most. `one`, `first`, `second` in words are
    no numbers. What is said in words is English. A number that follows from others, as a sum does, counts as invented.

    The rows are means over documents, and a document's styles are averaged first; style `extract` is left out.
    `*_reference` are the references' own: what people who knew more than the document write. `told` is the share of
    summaries whose names can be told.

    Range: fractions in [0, 1], lower is better.
    Bad input: undefined, and left out of the mean: `entities` and `numbers` of a summary without any; all of a blank or
    missing summary, or of a document without words; `entities` and `any` where capitals do not tell names: scripts
    without case, titles with a capital on every word, texts in lower case. What never gets here: `harness.metric.base`.
    Source: the rules are defined here; after Nan et al. 2021, https://aclanthology.org/2021.eacl-main.235, who look a
    recognizer's entities up in the document, and Zhao et al. 2020,
    https://aclanthology.org/2020.findings-emnlp.203, for quantities.
    Checked against: cases worked by hand.
    Agreement with people: weak as a judgement of the whole summary, for most errors are neither a new name nor a new
    number. On held-out summaries of QAGS `any_number` tells those with an inconsistent sentence from the others with
    an AUC of .53 (95 % interval .50 to .57; 117 of CNN/DM) and .57 (.51 to .62; 119 of XSum), `entities` with `names:
    words` of .60 (.55 to .65) and .67 (.57 to .76); QAGS is in lower case, so that capitals tell nothing there. Of
    XSum's summaries with a span that most raters marked as extrinsic 30 % have a number in one; with what the raters
    left of the other systems' summaries in place of the articles, which the data lacks, `any_number` has an AUC of .64
    (.58 to .73). With capitals: 0 to 5 % of REALSumm's extracts, which invent nothing, are said to invent, and every
    summary of another document is. docs/agreement.md has the rest.

    Args:
        names: `capitals`, or `words` for texts in lower case.
        missing: The share of a name's words from which on it is invented, above 0.
        tolerance: How far off a rough number may be, as a share of it; 0 for not at all.

    Example:
        >>> gold = References("default", source="Ann Lee paid 1,200 dollars in Mali. Lee left.")
        >>> counts = Invented().count(gold, Summary("In Mali, Bob Lee paid twelve hundred dollars to Carl Orff."))
        >>> {key.metric: float(v) for key, v in Invented().compute(counts).items() if v == v}["invented.entities"]
        0.6666666666666666
    """

    task: ClassVar[TaskName] = "summarization"
    headline: ClassVar[str] = "invented.any"
    lower_is_better: ClassVar[tuple[str, ...]] = (
        "invented.entities",
        "invented.numbers",
        "invented.any",
        "invented.any_number",
    )
    undirected: ClassVar[tuple[str, ...]] = (
        "*_reference",
        "invented.told",
    )

    names: Literal["capitals", "words"] = "capitals"
    missing: float = 0.5
    tolerance: float = 0.2

    def __post_init__(self) -> None:
        """Refuses shares that are none."""
        if not 0 < self.missing <= 1:
            raise ValueError(f"Invented: missing must lie in (0, 1], got {self.missing}")
        if not 0 <= self.tolerance < 1:
            raise ValueError(f"Invented: tolerance must lie in [0, 1), got {self.tolerance}")

    def count(self, gold: References, predicted: Summary | None) -> Counts:
        """Each row's value where defined, with its `|n` = 1."""
        if gold.style == "extract" or not name_words(gold.source):
            return {}
        known, numbers = _known(gold.source)
        found = self._findings(predicted.text if predicted else "", known, numbers)
        references = [self._findings(text, known, numbers) for text in gold.texts]
        values: dict[str, float | None] = {}
        for row in _ROWS:
            value = _VALUES[row]
            values[row] = value(found) if found else None
            values[f"{row}_reference"] = mean(value(one) for one in references if one)
        values["told"] = None if found is None else float(found.names is not None)
        return defined(values)

    def compute(self, counts: Sums) -> dict[Key, Array]:
        """The means; NaN where nothing was defined."""
        return self._rows("invented", (*_ROWS, *(f"{row}_reference" for row in _ROWS), "told"), counts)

    def signature(self, key: Key) -> str:
        """How names are found, and from where on a name or number is another."""
        return (
            f"{key.metric}|names:{self.names}|missing:{self.missing:g}|tolerance:{self.tolerance:g}|lang:en|count:distinct"
            "|source:document|styles:mean|v:1"
        )

    def _findings(self, text: str, known: KnownWords, numbers: Quantities) -> _Findings | None:
        """None for a text without words."""
        if not name_words(text):
            return None
        distinct = {one.keys: one for one in quantities(text)}.values()
        new_numbers = sum(not numbers.has(one, self.tolerance) for one in distinct)
        names = self._names(text, known)
        new_names = sum(self._is_new(name, known) for name in names or ())
        return _Findings(None if names is None else len(names), new_names, len(distinct), new_numbers)

    def spans(self, text: str, source: str) -> list[tuple[int, int, Literal["name", "number"]]]:
        """Where the names and numbers that `count` takes for invented stand in a summary: every place of each."""
        if not name_words(source) or not name_words(text):
            return []
        known, numbers = _known(source)
        if self.names == "words":
            spans = word_spans(text)
            places: list[tuple[Name, int, int]] = [((w,), a, b) for a, b in spans for w in name_words(text[a:b])]
            names = self._names(text, known) or []
        else:
            places = name_places(text, source) or []
            names = distinct_names(name for name, _, _ in places)
        new = {name for name in names if self._is_new(name, known)}
        found: set[tuple[int, int, Literal["name", "number"]]] = {
            (start, end, "name") for name, start, end in places if name in new
        }
        # Of two that may mean the same, as `count` does, the last one speaks for both.
        distinct = {one.keys: numbers.has(one, self.tolerance) for one in quantities(text)}
        return sorted(found | {(one.start, one.end, "number") for one in quantities(text) if not distinct[one.keys]})

    def _names(self, text: str, known: KnownWords) -> list[Name] | None:
        if self.names == "words":
            return [(word,) for word in dict.fromkeys(_long_words(text))]
        return capitalised_names(text, known.text)

    def _is_new(self, name: Name, known: KnownWords) -> bool:
        own = [word for word in name if word not in STOP_WORDS] or list(name)
        new = sum(not (known.has(word) or known.shortens(word)) for word in own)
        return new >= self.missing * len(own) and not known.has_short(name)


# The summaries of a document are looked at one after another.
@lru_cache(maxsize=16)
def _known(source: str) -> tuple[KnownWords, Quantities]:
    """What a document has, to look names and numbers up in."""
    return KnownWords(source), Quantities(quantities(source))


def _long_words(text: str) -> list[str]:
    return [w for w in name_words(text) if len(w) >= _FEWEST_LETTERS and w not in STOP_WORDS and w.isalpha()]


def _any(found: _Findings) -> float | None:
    return None if found.names is None else float(found.new_names + found.new_numbers > 0)


_VALUES: dict[str, Callable[[_Findings], float | None]] = {
    "entities": lambda found: found.new_names / found.names if found.names else None,
    "numbers": lambda found: found.new_numbers / found.numbers if found.numbers else None,
    "any": _any,
    "any_number": lambda found: float(found.new_numbers > 0),
}
