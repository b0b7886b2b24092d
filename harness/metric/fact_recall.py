"""How many of the facts that a summary could carry it does carry."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from harness.metric.base import Array, Counts, Key, Sums
from harness.metric.content_words import content_words
from harness.metric.means import DocumentMeans, defined, mean, scored_texts
from harness.metric.quantities import Quantities
from harness.records import Context, Fact, References, Summary, TaskName
from harness.sentences import summary_sentences

# Shares are sums of fractions: one that falls short by rounding alone reaches the threshold.
_ROUNDING = 1e-9
# A fact's content: each word or number, as what it may mean.
_Content = list[frozenset[str]]


@dataclass(frozen=True, kw_only=True)
class FactRecall(DocumentMeans):
    """The share of the document's gold facts that a summary states, weighted by their weights.

        weighted = sum of the weights of the facts covered / sum of all weights
        unweighted = facts covered / facts        soft = weighted, with each fact's support in place of 0 or 1

    Without a judge, a fact's support is the share of its content words that the summary has in one sentence or in
    two (`window`) next to each other, the best of these. Content words are stems of words that are not stop words, and
    numbers and dates by value; a word that k of the document's facts have weighs 1/k, for it does not tell them apart.
    The fact is covered where its support is at least `threshold`. The rule sees words: a fact in other words is missed,
    its denial is found.

    With a judge, the support is the probability that the summary (premise) entails the fact (hypothesis); it is
    covered from `probability` on. `judged` is the share of examples whose facts all have one.

    The rows are means over documents, and a document's styles are averaged first; style `extract` is left out.
    `*_reference` are the references' own: the facts may be more than a summary of that length can carry, so this is
    the ceiling, and not 1.

    Range: fractions in [0, 1], higher is better.
    Bad input: a blank or missing summary covers nothing; undefined, and left out of the mean, for a document without
    facts of a weight above 0, and where a judge's numbers are not finite. What never gets here: `harness.metric.base`.
    Source: facts as content units, Nenkova and Passonneau 2004, https://aclanthology.org/N04-1019; judged singly as in
    Shapira et al. 2019, https://aclanthology.org/N19-1072; the lexical rule is defined here.
    Checked against: cases worked by hand.
    Agreement with people: of the lexical rule, on the content units of REALSumm (25 systems, 50 documents that the rule
    was not worked out on, each unit of weight 1): `unweighted` has a Pearson correlation with the crowd's recall of .92
    (95 % interval .70 to .96) between systems, .49 (.37 to .59) within a document, .59 (.47 to .69) pooled; `soft` .92,
    .54 (.42 to .64) and .60. It says of 77 % of the units what most raters said (kappa .54; two raters with each other
    86 %, .73), and its support tells found from missed with an AUC of .83 (.81 to .85). Between systems it is to be
    trusted, within one document no more than ROUGE-1 recall. docs/agreement.md has the rest.

    Args:
        judge: null for the lexical rule, or the model: kind `hf_nli` with `path`, `revision` and the like.
        threshold: The lexical support from which on a fact is covered, above 0.
        window: How many sentences next to each other are read as one.
        probability: The judge's probability from which on a fact is covered, above 0.

    Example:
        >>> metric = FactRecall()
        >>> metric.signature(Key("fact_recall.weighted", "mean")).split("|")[1:4]
        ['rule:lexical', 'threshold:0.55', 'window:2']
    """

    task: ClassVar[TaskName] = "summarization"
    headline: ClassVar[str] = "fact_recall.weighted"
    undirected: ClassVar[tuple[str, ...]] = (
        "*_reference",
        "fact_recall.judged",
    )
    needs_context: ClassVar[bool] = True
    asks: ClassVar[tuple[str, ...]] = ("premise", "hypothesis")

    judge: dict[str, Any] | None = None
    threshold: float = 0.55
    window: int = 2
    probability: float = 0.5

    def __post_init__(self) -> None:
        """Refuses thresholds that every fact or none would reach."""
        for name in ("threshold", "probability"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(f"FactRecall: {name} must lie in (0, 1], got {getattr(self, name)}")
        if self.window < 1:
            raise ValueError(f"FactRecall: window must be a number of sentences from 1 up, got {self.window}")

    def questions(self, gold: References, predicted: Summary | None, context: Context) -> list[dict[str, str]]:
        """Each text that is not blank, the summary before the references, as premise of every fact."""
        facts = _facts(context)
        if gold.style == "extract":
            return []
        texts = [text for text in scored_texts(gold, predicted) if text.strip()]
        return [{"premise": text, "hypothesis": fact.text} for text in texts for fact in facts]

    def count(self, gold: References, predicted: Summary | None, context: Context) -> Counts:
        """The recalls of the summary and of the references where defined, each with its `|n` = 1."""
        facts = _facts(context)
        if gold.style == "extract" or not facts:
            return {}
        if self.judge is None:
            contents = weighted_contents([fact.text for fact in facts])
            supports: list[list[float] | None] = [
                supported(text, contents, self.window) for text in scored_texts(gold, predicted)
            ]
        else:
            supports = _judged(scored_texts(gold, predicted), len(facts), list(context.measured or ()))
        recalls = [None if one is None else self._recalls(one, facts) for one in supports]
        values: dict[str, float | None] = {}
        for row in ("weighted", "unweighted", "soft"):
            values[row] = recalls[0][row] if recalls[0] else None
            # A blank reference is an absent one.
            given = [one for text, one in zip(gold.texts, recalls[1:], strict=True) if text.strip()]
            values[f"{row}_reference"] = mean(one[row] for one in given if one)
        if self.judge is not None:
            values["judged"] = float(recalls[0] is not None)
        return defined(values)

    def compute(self, counts: Sums) -> dict[Key, Array]:
        """The means; NaN where nothing was defined."""
        names = [f"{row}{side}" for side in ("", "_reference") for row in ("weighted", "unweighted", "soft")]
        return self._rows("fact_recall", names + ["judged"] * (self.judge is not None), counts)

    def signature(self, key: Key) -> str:
        """The rule and its thresholds; a judge's hash is appended by the scorer."""
        rule = f"rule:lexical|threshold:{self.threshold:g}|window:{self.window}|words:1/facts+stem|lang:en"
        if self.judge is not None:
            rule = f"rule:entailment|probability:{self.probability:g}|premise:summary"
        return f"{key.metric}|{rule}|styles:mean|v:1"

    def lexical_supports(self, text: str, facts: Sequence[Fact]) -> list[float]:
        """Each fact's support by the lexical rule, as `count` has it without a judge."""
        return supported(text, weighted_contents([fact.text for fact in facts]), self.window)

    def _recalls(self, supports: Sequence[float], facts: Sequence[Fact]) -> dict[str, float]:
        least = self.threshold if self.judge is None else self.probability
        whole = math.fsum(fact.weight for fact in facts)
        covered = [fact.weight for support, fact in zip(supports, facts, strict=True) if reaches(support, least)]
        soft = math.fsum(support * fact.weight for support, fact in zip(supports, facts, strict=True))
        return {"weighted": math.fsum(covered) / whole, "unweighted": len(covered) / len(facts), "soft": soft / whole}


def reaches(support: float, least: float) -> bool:
    """Whether a fact with this support is covered."""
    return support >= least - _ROUNDING


def weighted_contents(facts: Sequence[str]) -> list[dict[frozenset[str], float]]:
    """The content words and numbers of each fact, and what each weighs: 1 / how many of the facts have it."""
    contents: list[_Content] = []
    for fact in facts:
        stems, numbers = content_words(fact)
        # `#` keeps a number apart from a word.
        found = {frozenset({stem}) for stem in stems} | {frozenset(f"#{key}" for key in one.keys) for one in numbers}
        contents.append(sorted(found, key=sorted))
    having = Counter(item for content in contents for item in content)
    return [{item: 1 / having[item] for item in content} for content in contents]


def supported(text: str, contents: Iterable[Mapping[frozenset[str], float]], window: int) -> list[float]:
    """The highest share of each fact's content that some sentences of a text, next to each other, have."""
    sentences = [content_words(sentence) for sentence in summary_sentences(text)]
    stretches = []
    for first in range(max(1, len(sentences) - window + 1)):
        part = sentences[first : first + window]
        stems = frozenset[str]().union(*(one for one, _ in part))
        numbers = Quantities(number for _, found in part for number in found)
        stretches.append(stems | {f"#{key}" for key in numbers.keys})
    supports = []
    for content in contents:
        whole = math.fsum(content.values())
        shares = (math.fsum(w for item, w in content.items() if item & there) for there in stretches)
        supports.append(max(shares) / whole if whole else 0.0)
    return supports


def _facts(context: Context) -> list[Fact]:
    return [fact for fact in context.facts if fact.weight > 0]


def _judged(texts: Sequence[str], facts: int, findings: list[Mapping[str, float] | None]) -> list[list[float] | None]:
    """Each text's probabilities; none of a blank one follows, and None where one is missing."""
    supports: list[list[float] | None] = []
    for text in texts:
        if not text.strip():
            supports.append([0.0] * facts)
            continue
        found = [finding["entailment"] for finding in findings[:facts] if finding is not None]
        del findings[:facts]
        supports.append(found if len(found) == facts else None)
    return supports
