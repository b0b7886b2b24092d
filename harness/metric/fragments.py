"""How much of a summary is copied from the document, and in how long stretches."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from harness.metric.base import Array, Counts, Key, Sums
from harness.metric.means import DocumentMeans, defined, mean
from harness.metric.words import Words, word_spans, words
from harness.records import References, Summary, TaskName

_ROWS = ("coverage", "density", "coverage_reference", "density_reference")


@dataclass(frozen=True, kw_only=True)
class Fragments(DocumentMeans):
    """Coverage and density of extractive fragments: how much a summary copies, and how long its copies are.

    From its first word on, the longest run of words that the document has too is taken as a fragment, and the search
    goes on after it; a word that the document does not have is passed over. As in the published procedure the document
    is searched from left to right and a place inside a run that already matched is not tried again, so now and then a
    fragment is not the longest there is.

        coverage = sum of |f| / |S|    density = sum of |f|^2 / |S|    over the fragments f of the summary S, in words

    The document is its whole text, captions and page furniture included (`zone_leak` tells them apart). Words are
    lower-cased. The scores are means over documents, and a document's styles are averaged first; style `extract` is
    left out. `coverage_reference` and `density_reference` are those of the references, averaged over a style's
    references: what the task asks for. `length.compression` is the third figure of the paper.

    Range: coverage in [0, 1], density from 0 to the number of words; neither high nor low is good.
    Bad input: undefined, and left out of the mean, for a summary without words (`length.empty` counts those), a missing
    answer, or a document without words. What never gets here: `harness.metric.base`.
    Source: Grusky et al. 2018, https://aclanthology.org/N18-1065.
    Checked against: the matching of lil-lab/newsroom (commit 77b42ee), tokenize=False, on 474 summaries of QAGS with
    `words: whitespace`, and the paper's procedure. newsroom itself splits words with spaCy and counts punctuation.
    Agreement with people: with the share of a summary's sentences that people found consistent with the article (QAGS)
    coverage has a Pearson correlation of .41 (95 % interval .32 to .53) on 235 CNN/DM summaries and .31 (.20 to .42) on
    239 of XSum, density .50 (.41 to .57) and .13 (.01 to .25): what is copied is seldom wrong, but not better for it.

    Args:
        words: `unicode`, words of any script without punctuation (per character where a script has no spaces);
            `whitespace`, for texts that are tokenized already.

    Example:
        >>> gold = References("default", source="The old king sold his horse to a farmer.")
        >>> counts = Fragments().count(gold, Summary("An old king sold a horse"))
        >>> {key.metric: float(value) for key, value in Fragments().compute(counts).items() if value == value}
        {'fragments.coverage': 0.8333333333333334, 'fragments.density': 1.8333333333333333}
    """

    task: ClassVar[TaskName] = "summarization"
    headline: ClassVar[str] = "fragments.coverage"
    undirected: ClassVar[tuple[str, ...]] = ("fragments.coverage*",)
    numbers: ClassVar[tuple[str, ...]] = ("fragments.density*",)

    words: Words = "unicode"

    def count(self, gold: References, predicted: Summary | None) -> Counts:
        """Coverage and density of the summary and of the references, where defined, each with its `|n` = 1."""
        if gold.style == "extract":
            return {}
        source = words(gold.source, self.words)
        references = [self._scores(text, source) for text in gold.texts]
        coverage, density = self._scores(predicted.text if predicted else "", source)
        return defined(
            {
                "coverage": coverage,
                "density": density,
                "coverage_reference": mean(found[0] for found in references),
                "density_reference": mean(found[1] for found in references),
            }
        )

    def compute(self, counts: Sums) -> dict[Key, Array]:
        """The means; NaN where nothing was defined."""
        return self._rows("fragments", _ROWS, counts)

    def signature(self, key: Key) -> str:
        """What a word is, and how fragments are found."""
        return f"{key.metric}|words:{self.words}|case:lc|search:greedy|source:document|styles:mean|v:1"

    def spans(self, text: str, source: str) -> list[tuple[int, int, int]]:
        """Where the fragments that `count` finds in a summary stand in it: start, end and number of words."""
        places = word_spans(text, self.words)
        found = fragments(words(text, self.words), words(source, self.words))
        return [(places[first][0], places[first + length - 1][1], length) for first, length in found]

    def _scores(self, text: str, source: tuple[str, ...]) -> tuple[float | None, float | None]:
        summary = words(text, self.words)
        if not summary or not source:
            return None, None
        lengths = fragment_lengths(summary, source)
        return sum(lengths) / len(summary), sum(length**2 for length in lengths) / len(summary)


def fragment_lengths(summary: Sequence[str], source: Sequence[str]) -> list[int]:
    """Lengths of the extractive fragments of a summary, in words, in the summary's order.

    Example:
        >>> fragment_lengths("a b x c".split(), "c a b".split())
        [2, 1]
    """
    return [length for _, length in fragments(summary, source)]


def fragments(summary: Sequence[str], source: Sequence[str]) -> list[tuple[int, int]]:
    """The extractive fragments of a summary, in its order: the first word's place, and how many words.

    Example:
        >>> fragments("a b x c".split(), "c a b".split())
        [(0, 2), (3, 1)]
    """
    places = _places(tuple(source))
    found = []
    first = 0
    while first < len(summary):
        longest = searched = 0
        for place in places.get(summary[first], ()):
            if place < searched:
                continue
            length = 1
            while (
                first + length < len(summary)
                and place + length < len(source)
                and summary[first + length] == source[place + length]
            ):
                length += 1
            longest, searched = max(longest, length), place + length
        if longest:
            found.append((first, longest))
        first += max(longest, 1)
    return found


# The summaries of a document are looked at one after another.
@lru_cache(maxsize=16)
def _places(source: tuple[str, ...]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for place, word in enumerate(source):
        places.setdefault(word, []).append(place)
    return places
