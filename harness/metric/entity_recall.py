"""How many of a document's entities a summary names, the often named ones weighing more."""

import math
from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

from harness.metric.base import Array, Counts, Key, Sums
from harness.metric.means import DocumentMeans, defined, mean
from harness.metric.names import KnownWords, Name, name_words, occurs, without_article
from harness.records import Context, References, Summary, TaskName

# A shorter last name could be any word.
_FEWEST_LETTERS = 3


@dataclass(frozen=True, kw_only=True)
class EntityRecall(DocumentMeans):
    """The share of the document's gold entities that a summary names, weighted by how often the document does.

        weighted = sum of the weights of the entities named / sum of all weights    weight = 1 + ln(mentions)
        unweighted = entities named / entities

    The mentions of one label that read the same, in any case and without a leading article, possessive and accents,
    are one entity. It is named if its words stand in the summary one after another, at word edges; an entity of
    several words also by its initials in capitals (EU), one of a label in `last_name` also by its last word. Nothing
    resolves `the country` or `she`. Mentions of every zone of the document count.

    The rows are means over documents, and a document's styles are averaged first; style `extract` is left out.
    `*_reference` are the references' own: no summary of that length names everything, so read the scores beside them.

    Range: fractions in [0, 1], higher is better.
    Bad input: a blank or missing summary names nothing; undefined, and left out of the mean, for a document without
    gold entities of these labels. What never gets here: `harness.metric.base`.
    Source: defined here; the weight is that of a term's frequency, 1 + ln tf, as in Manning et al. 2008, 6.4.1.
    Checked against: cases worked by hand.
    Agreement with people: not measured, for want of documents with gold entities and ratings of their summaries.

    Args:
        labels: Which labels count. By default the names of OntoNotes, CoNLL-2003 and WNUT-2017; not their values.
        last_name: Labels of which the last word alone is a name too.

    Example:
        >>> EntityRecall().signature(Key("entity_recall.weighted", "mean")).split("|")[1]
        'salience:1+ln_mentions'
    """

    task: ClassVar[TaskName] = "summarization"
    headline: ClassVar[str] = "entity_recall.weighted"
    undirected: ClassVar[tuple[str, ...]] = ("*_reference",)
    needs_context: ClassVar[bool] = True
    gold_of: ClassVar[tuple[TaskName, ...]] = ("ner",)

    labels: tuple[str, ...] = (
        *("PERSON", "NORP", "FAC", "ORG", "GPE", "LOC", "PRODUCT", "EVENT", "WORK_OF_ART", "LAW", "LANGUAGE"),
        *("PER", "MISC", "person", "location", "group", "corporation", "product", "creative-work"),
    )
    last_name: tuple[str, ...] = ("PERSON", "PER", "person")

    def __post_init__(self) -> None:
        """Refuses an empty list of labels."""
        if not self.labels:
            raise ValueError("EntityRecall: labels must name at least one label, got none")

    def count(self, gold: References, predicted: Summary | None, context: Context) -> Counts:
        """Both recalls of the summary and of the references, each with its `|n` = 1; nothing without entities."""
        weights = self._weights(context)
        if gold.style == "extract" or not weights:
            return {}
        found = self._recall(predicted.text if predicted else "", weights)
        references = [self._recall(text, weights) for text in gold.texts if text.strip()]
        return defined(
            {
                "weighted": found[0],
                "unweighted": found[1],
                "weighted_reference": mean(weighted for weighted, _ in references),
                "unweighted_reference": mean(plain for _, plain in references),
            }
        )

    def compute(self, counts: Sums) -> dict[Key, Array]:
        """The means; NaN where nothing was defined."""
        names = ("weighted", "unweighted", "weighted_reference", "unweighted_reference")
        return self._rows("entity_recall", names, counts)

    def signature(self, key: Key) -> str:
        """The weight, what is one entity, what names it, and the labels; the gold's hash is appended by the scorer."""
        salience = "none" if "unweighted" in key.metric else "1+ln_mentions"
        last = "+".join(self.last_name) or "no"
        labels = "+".join(self.labels)
        return f"{key.metric}|salience:{salience}|entity:string+label|last_name:{last}|labels:{labels}|styles:mean|v:1"

    def _weights(self, context: Context) -> dict[tuple[Name, str], float]:
        """The distinct entities, in a fixed order, and their weights."""
        text = context.document.text
        mentions: Counter[tuple[Name, str]] = Counter()
        for entity in context.entities:
            said = " ".join(text[start:end] for start, end in entity.stretches)
            name = without_article(name_words(said))
            if entity.label in self.labels and name:
                mentions[name, entity.label] += 1
        return {entity: 1 + math.log(n) for entity, n in sorted(mentions.items())}

    def _recall(self, text: str, weights: dict[tuple[Name, str], float]) -> tuple[float, float]:
        """Weighted and unweighted recall of one text."""
        said, known = name_words(text), KnownWords(text)
        named = [entity for entity in weights if self._is_named(*entity, said, known)]
        whole = math.fsum(weights.values())
        return math.fsum(weights[entity] for entity in named) / whole, len(named) / len(weights)

    def _is_named(self, name: Name, label: str, said: Name, known: KnownWords) -> bool:
        if occurs(name, said) or (len(name) > 1 and known.has_short(name)):
            return True
        return label in self.last_name and len(name[-1]) >= _FEWEST_LETTERS and name[-1] in known.words
