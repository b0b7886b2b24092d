"""How much of a summary's wording is not in the document."""

from dataclasses import dataclass
from typing import ClassVar

from harness.metric.base import Array, Counts, Key, Sums
from harness.metric.means import DocumentMeans, defined, mean
from harness.metric.words import Words, check_orders, ngrams, words
from harness.records import References, Summary, TaskName


@dataclass(frozen=True, kw_only=True)
class NovelNgrams(DocumentMeans):
    """Share of a summary's n-grams that the document does not have: how abstractive it is.

        novel_ngrams.nK = distinct K-grams of the summary that are not in the document / distinct K-grams of the summary

    N-grams run over sentence ends, on both sides. The document is its whole text. The scores are means over documents,
    and a document's styles are averaged first; style `extract` is left out. `nK_reference` is the mean over a style's
    references: what the task asks for.

    Range: fractions in [0, 1]; neither high nor low is good: high beside a low reference may be invention.
    Bad input: undefined, and left out of the mean, for a summary of fewer than K words, a missing answer, or a document
    without words. What never gets here: `harness.metric.base`.
    Source: See et al. 2017, https://aclanthology.org/P17-1099; over distinct n-grams as in Fabbri et al. 2021,
    https://arxiv.org/abs/2007.12626.
    Checked against: sets of n-grams by nltk 3.10.4, `nltk.util.ngrams`.
    Agreement with people: with the share of a summary's sentences that people found consistent with the article (QAGS)
    n2 has a Pearson correlation of -.67 (95 % interval -.75 to -.58) on 235 CNN/DM summaries and -.22 (-.34 to -.10) on
    239 of XSum, n1 -.41 (-.53 to -.33) and -.30 (-.41 to -.19): errors are in new wording, which is no error itself.

    Args:
        orders: The K, each from 1 up.
        words: `unicode`, words of any script without punctuation (per character where a script has no spaces);
            `whitespace`, for texts that are tokenized already.

    Example:
        >>> gold = References("default", source="The old king sold his horse.")
        >>> counts = NovelNgrams(orders=(1, 2)).count(gold, Summary("The king sold a horse"))
        >>> {key.metric: float(v) for key, v in NovelNgrams(orders=(1, 2)).compute(counts).items() if v == v}
        {'novel_ngrams.n1': 0.2, 'novel_ngrams.n2': 0.75}
    """

    task: ClassVar[TaskName] = "summarization"
    headline: ClassVar[str] = "novel_ngrams.n2"
    undirected: ClassVar[tuple[str, ...]] = ("novel_ngrams.*",)

    orders: tuple[int, ...] = (1, 2, 3, 4)
    words: Words = "unicode"

    def __post_init__(self) -> None:
        """Refuses orders that no n-gram has."""
        check_orders("NovelNgrams", self.orders)

    def count(self, gold: References, predicted: Summary | None) -> Counts:
        """The share of each order, of the summary and of the references, where defined, each with its `|n` = 1."""
        if gold.style == "extract":
            return {}
        source = words(gold.source, self.words)
        if not source:
            return {}
        summary = words(predicted.text if predicted else "", self.words)
        references = [words(text, self.words) for text in gold.texts]
        values: dict[str, float | None] = {}
        for n in self.orders:
            known = set(ngrams(source, n))
            values[f"n{n}"] = _novel(summary, known, n)
            values[f"n{n}_reference"] = mean(_novel(reference, known, n) for reference in references)
        return defined(values)

    def compute(self, counts: Sums) -> dict[Key, Array]:
        """The means; NaN where nothing was defined."""
        names = [f"n{n}{side}" for side in ("", "_reference") for n in self.orders]
        return self._rows("novel_ngrams", names, counts)

    def signature(self, key: Key) -> str:
        """What a word is, and that n-grams are counted once each."""
        return f"{key.metric}|words:{self.words}|case:lc|count:distinct|source:document|styles:mean|v:1"


def _novel(tokens: tuple[str, ...], known: set[tuple[str, ...]], n: int) -> float | None:
    found = set(ngrams(tokens, n))
    return len(found - known) / len(found) if found else None
