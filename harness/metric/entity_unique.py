"""Who is mentioned at all: each name once per document, however often and wherever it stands."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar, Literal

from harness.metric.base import Additive, Array, Counts, Key, Sums
from harness.metric.prf import gold_total, rows, score, set_counts
from harness.records import Entity, TaskName

_ARTICLE = re.compile(r"^(?:the|an|a) (?=\S)")
_POSSESSIVE = re.compile(r"(?<=\w)['\N{RIGHT SINGLE QUOTATION MARK}]s$")


@dataclass(frozen=True, kw_only=True)
class EntityUnique(Additive):
    """Precision, recall and F1 over the distinct names of a document.

    A name is an entity's text and label; the text is case-folded, its white space becomes single spaces, and a leading
    English article and a final possessive `'s` go. A name is correct when the same document's gold has it anywhere;
    documents are not mixed. Aliases ("Putin", "Vladimir Putin") stay two names.

        P = tp / (tp + fp)    R = tp / (tp + fn)    F1 = 2 tp / (2 tp + fp + fn)

    Range: fractions in [0, 1], higher is better.
    Bad input: 0 where one side is empty, undefined where both are. A missing answer counts as an empty one; an entity
    without text is refused. What never gets here: `harness.metric.base`.
    Source: a rule of this project, after the surface forms of Derczynski et al. 2017, https://aclanthology.org/W17-4418,
        who compare sets over the whole corpus and want one occurrence correct in place.
    Checked against: set arithmetic by scikit-learn (a multilabel indicator of the names, `average="micro"`).

    Example:
        >>> metric = EntityUnique()
        >>> gold = [Entity(0, 6, "GPE", text="Russia"), Entity(30, 38, "GPE", text="Russia's")]
        >>> counts = metric.count(gold, [Entity(30, 36, "GPE", text="RUSSIA")])
        >>> float(metric.compute(counts)[Key("entity_unique.recall", "micro")])
        1.0
    """

    task: ClassVar[TaskName] = "ner"
    level: ClassVar[Literal["example", "document"]] = "document"

    def count(self, gold: Collection[Entity], predicted: Collection[Entity] | None) -> Counts:
        """`tp`, `fp`, `fn` of one document's names.

        Raises:
            ValueError: An entity carries no text, so nobody can say which name it is.
        """
        names, given = _names(gold), _names(predicted or ())
        return set_counts(len(names & given), len(names), len(given))

    def compute(self, counts: Sums) -> dict[Key, Array]:
        """`entity_unique.*`, `micro`."""
        return rows("entity_unique", "micro", score(counts))

    def support(self, key: Key, counts: Sums) -> float:
        """Distinct gold names, added up over documents."""
        return float(gold_total(counts))

    def signature(self, key: Key) -> str:
        """Average, unit of distinctness, and what is made equal before comparing."""
        return f"{key.metric}|avg:{key.average}|per:document|norm:case+space+article+possessive|label:yes|v:1"


def _names(entities: Collection[Entity]) -> set[tuple[str, str]]:
    return {(_name(entity), entity.label) for entity in entities}


def _name(entity: Entity) -> str:
    if not entity.text:
        where = f"{entity.label!r} at [{entity.start}, {entity.end})"
        raise ValueError(f"EntityUnique: expected every entity to carry its text, {where} has none; fill Entity.text")
    text = " ".join(entity.text.casefold().split())
    return _POSSESSIVE.sub("", _ARTICLE.sub("", text))
