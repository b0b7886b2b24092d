"""Whether captions, bylines and page furniture got into a summary."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from harness.metric.base import Array, Counts, Key, Sums, divide, total
from harness.metric.means import DocumentMeans, defined, mean
from harness.metric.words import ngrams, words
from harness.records import Context, References, Summary, TaskName
from harness.sentences import summary_sentences

_ROWS = ("words", "sentences", "summaries", "words_reference", "sentences_reference", "summaries_reference")


@dataclass(frozen=True, kw_only=True)
class ZoneLeak(DocumentMeans):
    """Share of a summary that is copied from what is not the document's body.

    A word of the summary has leaked if it stands in a run of `ngram` words that a sentence of another zone than `body`
    has (`caption`, `byline`, `boilerplate`, ...) and the body has not. A sentence of another zone that is shorter than
    that leaks as a whole; one of fewer than `shortest` words is not looked for, as it could be anything.

        zone_leak.words = leaked words / words    zone_leak.sentences = sentences with a leaked word / sentences
        zone_leak.summaries = share of the summaries with a leaked word

    `zone_leak.words` stands also at each `zone=...`. Words are lower-cased, of any script (per character where a script
    has no spaces). The scores are means over documents, and a document's styles are averaged first; style `extract` is
    left out. `..._reference` is the mean over a style's references: 0, if the annotators kept to the body.

    Range: fractions in [0, 1], lower is better.
    Bad input: undefined, and left out of the mean, for a document with nothing that could leak (no zones, or none but
    `body`), a summary without words, or a missing answer. What never gets here: `harness.metric.base`.
    Source: ours; runs of eight words as copies as in Radford et al. 2019 (section 4), which looks for test text in
    training text.
    Checked against: counts by hand, and a search for each run in each sentence.
    Agreement with people: not measured; it sees copies alone, not a caption in other words.

    Args:
        ngram: How many words in a row are a copy.
        shortest: The least words of a sentence that is looked for.

    Example:
        >>> from harness.records import Answer, Document, Example, Sentence, SummaryInput
        >>> text = "The mayor resigned today. A crowd outside the town hall. Photo: Reuters"
        >>> sentences = (Sentence("s1", 0, 25), Sentence("s2", 26, 56, "caption"), Sentence("s3", 57, 71, "caption"))
        >>> gold = References("default", source=text)
        >>> example = Example("d", "d", "d", SummaryInput("d", "d", text[:25], "default", ()), gold)
        >>> context = Context(example, Answer(), Document("d", text), sentences)
        >>> counts = ZoneLeak().count(gold, Summary("The mayor resigned.\\nA crowd outside the town hall."), context)
        >>> float(ZoneLeak().compute(counts)[Key("zone_leak.sentences", "mean")])
        0.5
    """

    task: ClassVar[TaskName] = "summarization"
    headline: ClassVar[str] = "zone_leak.words"
    lower_is_better: ClassVar[tuple[str, ...]] = (
        "zone_leak.words",
        "zone_leak.sentences",
        "zone_leak.summaries",
    )
    undirected: ClassVar[tuple[str, ...]] = ("*_reference",)
    needs_context: ClassVar[bool] = True

    ngram: int = 8
    shortest: int = 3

    def __post_init__(self) -> None:
        """Refuses runs that no sentence is looked through for."""
        if not 1 <= self.shortest <= self.ngram:
            raise ValueError(
                f"ZoneLeak: shortest must be from 1 to ngram, got shortest {self.shortest} and ngram {self.ngram}"
            )

    def count(self, gold: References, predicted: Summary | None, context: Context) -> Counts:
        """The shares of the summary and of the references, where defined, each with its `|n` = 1."""
        zones, copies = self._copies(context)
        if gold.style == "extract" or not zones:
            return {}
        summary = self._shares(predicted.text if predicted else "", zones, copies)
        references = [self._shares(text, zones, copies) for text in gold.texts]
        averages = {f"{name}_reference": mean(one.get(name) for one in references) for name in _ROWS[:3]}
        return defined(summary | averages)

    def compute(self, counts: Sums) -> dict[Key, Array]:
        """The means, and that of `words` for each zone; NaN where nothing was defined."""
        rows = self._rows("zone_leak", _ROWS, counts)
        for name in sorted(counts):
            metric, _, zone = name.partition("|")
            if zone.startswith("zone=") and f"{name}|n" in counts:
                rows[Key(f"zone_leak.{metric}", "mean", zone)] = divide(total(counts, name), total(counts, f"{name}|n"))
        return rows

    def signature(self, key: Key) -> str:
        """What is taken for a copy."""
        split = "" if key.metric.startswith("zone_leak.words") else "|split:sentences"
        return f"{key.metric}|words:unicode|case:lc|ngram:{self.ngram}|shortest:{self.shortest}{split}|styles:mean|v:1"

    def _name(self, key: Key) -> str:
        name = super()._name(key)
        return name if key.slice == "all" else f"{name}|{key.slice}"

    def _copies(self, context: Context) -> tuple[set[str], dict[tuple[str, ...], set[str]]]:
        """The zones that something could leak from, and what would be a copy, each with the zones that have it."""
        text = context.document.text
        body: list[str] = []
        others: list[tuple[str, tuple[str, ...]]] = []
        for sentence in context.sentences:
            tokens = words(text[sentence.start : sentence.end])
            if sentence.zone == "body":
                body += tokens
            elif len(tokens) >= self.shortest:
                others.append((sentence.zone, tokens))
        lengths = {min(self.ngram, len(tokens)) for _, tokens in others}
        known = {run for length in lengths for run in ngrams(body, length)}
        copies: dict[tuple[str, ...], set[str]] = {}
        for zone, tokens in others:
            for run in ngrams(tokens, min(self.ngram, len(tokens))):
                if run not in known:
                    copies.setdefault(run, set()).add(zone)
        return {zone for zone, _ in others}, copies

    def _shares(self, text: str, zones: set[str], copies: dict[tuple[str, ...], set[str]]) -> dict[str, float | None]:
        sentences = [found for sentence in summary_sentences(text) if (found := words(sentence))]
        tokens = [word for sentence in sentences for word in sentence]
        if not tokens:
            return {}
        leaked = _places(tokens, copies)
        ends = [sum(map(len, sentences[:number])) for number in range(len(sentences) + 1)]
        touched = sum(any(leaked[start:end]) for start, end in pairwise(ends))
        by_zone = {f"words|zone={zone}": sum(zone in found for found in leaked) / len(tokens) for zone in zones}
        return {
            "words": sum(map(bool, leaked)) / len(tokens),
            "sentences": touched / len(sentences),
            "summaries": float(touched > 0),
            **by_zone,
        }


def _places(tokens: Sequence[str], copies: dict[tuple[str, ...], set[str]]) -> list[set[str]]:
    """For each word the zones that it may have leaked from."""
    found: list[set[str]] = [set() for _ in tokens]
    for length in {len(run) for run in copies}:
        for start, run in enumerate(ngrams(tokens, length)):
            for place in range(start, start + length):
                found[place] |= copies.get(run, set())
    return found
