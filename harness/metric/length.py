"""How long summaries are, and whether they keep to the limits they were given."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from harness.metric.base import Array, Counts, Key, Sums, divide, total
from harness.records import Context, References, Summary, TaskName
from harness.sentences import summary_sentences

# Which number of defined examples each mean is over; a count of the same name holds the sum.
_DEFINED = {
    "words": "n",
    "sentences": "n",
    "empty": "n",
    "compression": "compressed",
    "violations": "limited",
    "over_limit": "limited_above",
    "under_limit": "limited_below",
    "output_truncated": "generated",
}


@dataclass(frozen=True, kw_only=True)
class Length:
    """Words, sentences, compression, broken limits and empty answers.

    Words are what white space separates, so text in a script without spaces has few. Sentences are the summary's own
    lines where it has several, else those that the sentence splitter finds. The scores are means over documents, and a
    document's styles are averaged first; style `extract` is left out.

        compression = words of the source / words of the summary
        over_limit = share of summaries with more than max_words of their style
        under_limit = share with fewer than min_words    violations = share with either
        output_truncated = share of answers that were cut at the model's output limit

    Range: words and sentences from 0; compression from 0; violations, over_limit, under_limit, empty (share of
    summaries without words) and output_truncated in [0, 1], lower is better.
    Bad input: compression is undefined where the summary or the source has no words, each of violations, over_limit and
    under_limit where the style does not set its limit, output_truncated where the model does not work by tokens or its
    answer is missing. What is undefined is left out of the mean. To the rest a missing answer is an empty one. What
    never gets here: `harness.metric.base`.
    Source: compression as in Grusky et al. 2018, https://aclanthology.org/N18-1065.
    Checked against: counts by hand.
    Agreement with people: none is claimed; these describe, and explain scores that length moves, such as ROUGE recall.

    Example:
        >>> gold = References("headline", source="A long text of eight words in all.", max_words=3)
        >>> counts = Length().count(gold, Summary("Four words too many."))
        >>> {key.metric: float(value) for key, value in Length().compute(counts).items()}["length.violations"]
        1.0
    """

    task: ClassVar[TaskName] = "summarization"
    lower_is_better: ClassVar[tuple[str, ...]] = (
        "length.violations",
        "length.empty",
        "length.over_limit",
        "length.under_limit",
        "length.output_truncated",
    )
    numbers: ClassVar[tuple[str, ...]] = (
        "length.words",
        "length.sentences",
        "length.compression",
    )
    level: ClassVar[Literal["example", "document"]] = "example"
    needs_context: ClassVar[bool] = True

    def count(self, gold: References, predicted: Summary | None, context: Context | None = None) -> Counts:
        """One summary's lengths, and in which means it takes part."""
        if gold.style == "extract":
            return {}
        text = predicted.text if predicted else ""
        words, source_words = len(text.split()), len(gold.source.split())
        counts = {
            "n": 1.0,
            "words": float(words),
            "sentences": float(len(summary_sentences(text))),
            "empty": float(words == 0),
        }
        if words and source_words:
            counts |= {"compressed": 1.0, "compression": source_words / words}
        over = gold.max_words is not None and words > gold.max_words
        under = gold.min_words is not None and words < gold.min_words
        if gold.max_words is not None:
            counts |= {"limited_above": 1.0, "over_limit": float(over)}
        if gold.min_words is not None:
            counts |= {"limited_below": 1.0, "under_limit": float(under)}
        if gold.max_words is not None or gold.min_words is not None:
            counts |= {"limited": 1.0, "violations": float(over or under)}
        if predicted is not None and context is not None and context.answer.tokens_read is not None:
            counts |= {"generated": 1.0, "output_truncated": float(context.answer.output_truncated)}
        return counts

    def per_document(self, counts: Mapping[str, Array]) -> Mapping[str, Array]:
        """The means over a document's styles; each number of examples becomes 1, or 0 where none was defined."""
        means = {}
        for name, defined in (*_DEFINED.items(), *((defined, defined) for defined in dict.fromkeys(_DEFINED.values()))):
            means[name] = total(counts, name) / np.maximum(total(counts, defined), 1.0)
        return means

    def compute(self, counts: Sums) -> dict[Key, Array]:
        """The means; NaN where nothing was defined."""
        return {
            Key(f"length.{name}", "mean"): divide(total(counts, name), total(counts, defined))
            for name, defined in _DEFINED.items()
        }

    def support(self, key: Key, counts: Sums) -> float:
        """Number of documents (of examples, before `per_document`) that the mean is over."""
        return float(total(counts, _DEFINED[key.metric.removeprefix("length.")]))

    def signature(self, key: Key) -> str:
        """What a word or a sentence is."""
        unit = "split:sentences" if key.metric == "length.sentences" else "words:whitespace"
        return f"{key.metric}|{unit}|v:1"
