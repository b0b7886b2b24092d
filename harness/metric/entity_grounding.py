"""How much a score of named strings hangs on where they are put: strict F1 under every grounding policy."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from harness.metric.base import Additive, Array, Counts, Key, Sums, divide, total
from harness.metric.grounding import POLICIES, ground, places
from harness.metric.prf import gold_total, rows, score, set_counts
from harness.records import Context, Entity, TaskName


@dataclass(frozen=True, kw_only=True)
class EntityGrounding(Additive):
    """Strict entity precision, recall and F1 of an answer of strings without offsets, under four grounding policies.

    Language models name strings, not places. Where a string stands several times in the text, the score depends on
    which place it is given; the task's `grounding` chooses one policy, and here all stand side by side: `first`,
    `aligned`, `all` and `oracle` (each string where it agrees with gold: an upper bound for one place per mention).
    `band` is the highest minus the lowest F1 of `first`, `aligned` and `all`: how far the choice alone moves the score.
    `ambiguous` is the share of groundable mentions whose string stands in more than one place, `ungrounded` the share
    of all mentions that the text does not hold.

    A string that the text does not hold has no place, so it is no predicted span: it is counted in the ledger and in
    the row `ungrounded`, and lowers the precision of no entity metric. Read precision beside that row: a model that
    makes names up is not punished for them otherwise.

    Entities that came with offsets are the same under every policy, and stand beside the mentions. Discontinuous
    entities have no string in one place, so a mention never grounds to one.

    Range: fractions in [0, 1]; higher is better for the scores, lower for the three others.
    Bad input: one side empty: 0; both empty: undefined. The shares are undefined without mentions. A missing answer
    counts as an empty one, an entity or a place given twice once. What never gets here: `harness.metric.base`.
    Source: the policies are stated in `harness.metric.grounding`.
    Checked against: brute force over all choices of places.

    Example:
        >>> from harness.records import Answer, Document, Example, Mention, NerInput
        >>> text = "Ann met Bo. Ann left."
        >>> answer = Answer(mentions=(Mention("PER", "Ann"),))
        >>> context = Context(Example("e", "d", "d", NerInput("e", "d", text)), answer, Document("d", text))
        >>> gold = [Entity(0, 3, "PER"), Entity(4, 6, "PER"), Entity(12, 15, "PER")]
        >>> scores = EntityGrounding().compute(EntityGrounding().count(gold, (), context))
        >>> [round(float(scores[Key(f"entity_grounding.{policy}.f1", "micro")]), 2) for policy in ("first", "all")]
        [0.5, 0.8]
    """

    task: ClassVar[TaskName] = "ner"
    headline: ClassVar[str] = "entity_grounding.aligned.f1"
    lower_is_better: ClassVar[tuple[str, ...]] = (
        "entity_grounding.band",
        "entity_grounding.ambiguous",
        "entity_grounding.ungrounded",
    )
    needs_context: ClassVar[bool] = True

    def count(self, gold: Collection[Entity], predicted: Collection[Entity] | None, context: Context) -> Counts:
        """`tp`, `fp` and `fn` per policy as `first|tp`, and `mentions`, `grounded` and `ambiguous` ones."""
        mentions = context.answer.mentions
        wanted = set(gold)
        if mentions is None or context.answer.bin != "scored":
            given = set(predicted or ())
            plain = set_counts(len(wanted & given), len(wanted), len(given))
            return {f"{policy}|{name}": value for policy in POLICIES for name, value in plain.items()}
        text, start = context.example.input.text, context.example.start
        own = [entity.shifted(-start) for entity in wanted]
        placed = set(context.answer.entities or ())
        counts: Counts = {}
        for policy in POLICIES:
            grounded = ground(mentions, text, policy, own)
            found = grounded.entities | placed
            plain = set_counts(len(found.intersection(own)), len(own), len(found))
            counts |= {f"{policy}|{name}": value for name, value in plain.items()}
        numbers = [len(places(text, mention.text)) for mention in mentions]
        return counts | {
            "mentions": float(len(mentions)),
            "grounded": float(sum(number > 0 for number in numbers)),
            "ambiguous": float(sum(number > 1 for number in numbers)),
        }

    def compute(self, counts: Sums) -> dict[Key, Array]:
        """`entity_grounding.<policy>.*` and `.band`, `micro`; `.ambiguous` and `.ungrounded`, `share`."""
        scores: dict[Key, Array] = {}
        f1 = {}
        for policy in POLICIES:
            found = score({name: total(counts, f"{policy}|{name}") for name in ("tp", "fp", "fn")})
            f1[policy] = found.f1
            scores |= rows(f"entity_grounding.{policy}", "micro", found)
        choices = np.stack([f1[policy] for policy in POLICIES if policy != "oracle"])
        scores[Key("entity_grounding.band", "micro")] = choices.max(axis=0) - choices.min(axis=0)
        mentions, grounded = total(counts, "mentions"), total(counts, "grounded")
        scores[Key("entity_grounding.ambiguous", "share")] = divide(total(counts, "ambiguous"), grounded)
        scores[Key("entity_grounding.ungrounded", "share")] = divide(mentions - grounded, mentions)
        return scores

    def support(self, key: Key, counts: Sums) -> float:
        """Gold entities; for the shares the mentions that they are of."""
        if key.average == "share":
            return float(total(counts, "grounded" if key.metric.endswith(".ambiguous") else "mentions"))
        return float(gold_total({name: total(counts, f"first|{name}") for name in ("tp", "fn")}))

    def signature(self, key: Key) -> str:
        """Average, match, how strings are looked for."""
        return f"{key.metric}|avg:{key.average}|match:strict|find:exact_edge+exact+loose|dup:once|v:1"
