"""Whether a summary says whose claim it repeats, where the document's claim is somebody's and not the author's."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from harness.metric.base import Array, Counts, Key, Sums
from harness.metric.content_words import content_words
from harness.metric.means import DocumentMeans, defined, mean
from harness.metric.names import KnownWords, Name, name_words, without_article
from harness.metric.quantities import Quantities, Quantity
from harness.records import Context, References, Summary, TaskName
from harness.sentences import summary_sentences

_AUTHOR = "author"
_FEWEST_LETTERS = 4


class _Source(NamedTuple):
    """A sentence of the document: its content words and numbers, and whose claims it reports."""

    stems: frozenset[str]
    numbers: Quantities
    holders: tuple[Name, ...]


@dataclass(frozen=True, kw_only=True)
class Attribution(DocumentMeans):
    """The share of a summary's claims of a holder other than the author that name the holder.

        share = claims that name their holder / claims whose source sentence has a holder other than the author

    A claim is a sentence of the summary. Its source is the sentence of the document, of any zone, that has the largest
    share of the claim's content words (stems of words that are no stop words, numbers by value), the first of several;
    below `overlap` the claim has no source and is left out. Holders are those of the document's gold stance judgements
    of that sentence, whatever their label; where it has several, naming one is enough. A holder is named by the last
    word of the name (of four letters or more, if there is one) at word edges, in any case, by a form of it (Russia,
    Russian), or by the initials of a name of several words. A pronoun names nobody.

    The rows are means over documents, and a document's styles are averaged first; style `extract` is left out.
    `share_reference` is the references' own. `claims` is the number of claims per summary that need a holder: where it
    is small, the share rests on little.

    Range: `share` a fraction in [0, 1], higher is better; `claims` a number from 0 up, neither high nor low of which is
    good.
    Bad input: `share` is undefined, and left out of the mean, for a summary without such claims (a blank or missing one
    has none), and for a document without judgements of sentences. What never gets here: `harness.metric.base`.
    Source: defined here.
    Checked against: cases worked by hand.
    Agreement with people: not measured, for want of summaries with human judgements of attribution.

    Args:
        overlap: The share of a claim's content words that its source sentence must have, above 0.

    Example:
        >>> Attribution().signature(Key("attribution.share", "mean"))
        'attribution.share|source:sentence|overlap:0.5|holder:last_word|lang:en|styles:mean|v:1'
    """

    task: ClassVar[TaskName] = "summarization"
    headline: ClassVar[str] = "attribution.share"
    undirected: ClassVar[tuple[str, ...]] = ("attribution.share_reference",)
    numbers: ClassVar[tuple[str, ...]] = ("attribution.claims*",)
    needs_context: ClassVar[bool] = True
    gold_of: ClassVar[tuple[TaskName, ...]] = ("stance",)

    overlap: float = 0.5

    def __post_init__(self) -> None:
        """Refuses an overlap that every sentence or none has."""
        if not 0 < self.overlap <= 1:
            raise ValueError(f"Attribution: overlap must lie in (0, 1], got {self.overlap}")

    def count(self, gold: References, predicted: Summary | None, context: Context) -> Counts:
        """The shares and numbers of claims where defined, each with its `|n` = 1."""
        sources = _sources(context)
        if gold.style == "extract" or not any(source.holders for source in sources):
            return {}
        named = self._named(predicted.text if predicted else "", sources)
        references = [self._named(text, sources) for text in gold.texts if text.strip()]
        return defined(
            {
                "share": mean(named),
                "claims": float(len(named)),
                "share_reference": mean(mean(one) for one in references),
                "claims_reference": mean(float(len(one)) for one in references),
            }
        )

    def compute(self, counts: Sums) -> dict[Key, Array]:
        """The means; NaN where nothing was defined."""
        return self._rows("attribution", ("share", "share_reference", "claims", "claims_reference"), counts)

    def signature(self, key: Key) -> str:
        """How a claim's source and its holder are found; the gold's hash is appended by the scorer."""
        return f"{key.metric}|source:sentence|overlap:{self.overlap:g}|holder:last_word|lang:en|styles:mean|v:1"

    def _named(self, text: str, sources: Sequence[_Source]) -> list[float]:
        """1 or 0 for each claim that needs a holder: whether it names one."""
        found = []
        for claim in summary_sentences(text):
            stems, numbers = content_words(claim)
            size = len(stems) + len(numbers)
            shares = [_shared(stems, numbers, source) / size if size else 0.0 for source in sources]
            best = max(shares)
            holders = sources[shares.index(best)].holders if best >= self.overlap else ()
            if holders:
                known = KnownWords(claim)
                found.append(float(any(_names(known, holder) for holder in holders)))
        return found


def _sources(context: Context) -> list[_Source]:
    """The document's sentences with the holders of their gold stance, the author's and blank names left out."""
    text = context.document.text
    holders: dict[str, dict[Name, None]] = {}
    for one in context.stance:
        holder = str(one.details.get("holder") or _AUTHOR)
        name = without_article(name_words(holder))
        if one.sentence is not None and holder != _AUTHOR and name:
            holders.setdefault(one.sentence, {})[name] = None
    found = []
    for sentence in context.sentences:
        stems, numbers = content_words(text[sentence.start : sentence.end])
        found.append(_Source(stems, Quantities(numbers), tuple(holders.get(sentence.id, ()))))
    return found


def _shared(stems: frozenset[str], numbers: Sequence[Quantity], source: _Source) -> int:
    return len(stems & source.stems) + sum(source.numbers.has(one) for one in numbers)


def _names(claim: KnownWords, holder: Name) -> bool:
    last = next((word for word in reversed(holder) if len(word) >= _FEWEST_LETTERS), holder[-1])
    return claim.has(last) or (len(holder) > 1 and claim.has_short(holder))
