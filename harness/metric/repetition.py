"""How much a summary repeats itself."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.metric.base import Array, Counts, Key, Sums
from harness.metric.means import DocumentMeans, defined, mean
from harness.metric.words import Words, check_orders, ngrams, words
from harness.records import References, Summary, TaskName
from harness.sentences import summary_sentences


@dataclass(frozen=True, kw_only=True)
class Repetition(DocumentMeans):
    """Share of a summary's n-grams, and of its sentences, that repeat an earlier one of the same summary.

        repetition.nK = 1 - distinct K-grams / K-grams    repetition.sentences = 1 - distinct sentences / sentences

    Sentences are the same when their words are, and one without words does not count; n-grams run over sentence ends.
    Sentences are the summary's own lines where it has several, else those that the sentence splitter finds. The scores
    are means over documents, and a document's styles are averaged first; style `extract` is left out. `..._reference`
    is the mean over a style's references: good writing repeats some words (n1), hardly any four in a row (n4).

    Range: fractions in [0, 1), lower is better.
    Bad input: undefined, and left out of the mean, for a summary of fewer than K words (of no sentence), or a missing
    answer. What never gets here: `harness.metric.base`.
    Source: See et al. 2017 (figure 4), https://aclanthology.org/P17-1099; seq-rep-n of Welleck et al. 2020,
    https://arxiv.org/abs/1908.04319.
    Checked against: counts by nltk 3.10.4, `nltk.util.ngrams`, and by hand.
    Agreement with people: with what content people found covered (REALSumm, 24 systems, 100 documents) the Spearman
    correlation within a document is .01 for n3 and -.02 for n4 (95 % intervals within -.07 to .06): published systems
    of today hardly repeat themselves, so it tells broken ones, not better ones.

    Args:
        orders: The K, each from 1 up.
        words: `unicode`, words of any script without punctuation (per character where a script has no spaces);
            `whitespace`, for texts that are tokenized already.

    Example:
        >>> counts = Repetition(orders=(1, 2)).count(References("default"), Summary("It rained. It rained. It poured."))
        >>> {key.metric: float(v) for key, v in Repetition(orders=(1, 2)).compute(counts).items() if v == v}
        {'repetition.n1': 0.5, 'repetition.n2': 0.4, 'repetition.sentences': 0.3333333333333333}
    """

    task: ClassVar[TaskName] = "summarization"
    headline: ClassVar[str] = "repetition.n3"
    lower_is_better: ClassVar[tuple[str, ...]] = (
        "repetition.n?",
        "repetition.sentences",
    )
    undirected: ClassVar[tuple[str, ...]] = ("*_reference",)

    orders: tuple[int, ...] = (1, 2, 3, 4)
    words: Words = "unicode"

    def __post_init__(self) -> None:
        """Refuses orders that no n-gram has."""
        check_orders("Repetition", self.orders)

    def count(self, gold: References, predicted: Summary | None) -> Counts:
        """The shares of the summary and of the references, where defined, each with its `|n` = 1."""
        if gold.style == "extract":
            return {}
        summary = self._shares(predicted.text if predicted else "")
        references = [self._shares(text) for text in gold.texts]
        return defined(
            summary | {f"{name}_reference": mean(found[name] for found in references) for name in self._names}
        )

    def compute(self, counts: Sums) -> dict[Key, Array]:
        """The means; NaN where nothing was defined."""
        return self._rows("repetition", [*self._names, *(f"{name}_reference" for name in self._names)], counts)

    def signature(self, key: Key) -> str:
        """What a word and a sentence is."""
        split = "|split:sentences" if key.metric.startswith("repetition.sentences") else ""
        return f"{key.metric}|words:{self.words}|case:lc{split}|styles:mean|v:1"

    @property
    def _names(self) -> list[str]:
        return [*(f"n{n}" for n in self.orders), "sentences"]

    def _shares(self, text: str) -> dict[str, float | None]:
        tokens = words(text, self.words)
        shares = {f"n{n}": _repeated(ngrams(tokens, n)) for n in self.orders}
        sentences = [found for sentence in summary_sentences(text) if (found := words(sentence, self.words))]
        return shares | {"sentences": _repeated(sentences)}


def _repeated(things: Sequence[Hashable]) -> float | None:
    return (len(things) - len(set(things))) / len(things) if things else None
