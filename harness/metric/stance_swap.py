"""Answers to pairs of examples that differ in one thing: a swapped target, negated or re-worded text."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

import numpy as np

from harness.metric.base import Array, Counts, Key, Sums, divide, total
from harness.metric.confusion import NO_ANSWER, answer, cell_name, read_cells
from harness.records import Context, Stance, TaskName

_SUMS = ("pairs", "original", "swapped", "both", "same", "different", "same_consistent", "different_consistent")


@dataclass(frozen=True, kw_only=True)
class StanceSwap:
    """Accuracy on originals and on their swapped forms, and how often both answers of a pair fit together.

    A stance record with `swap_of` is a swapped form of the record of the same document with that `id`: of its text (two
    sentences of one document, as the sentiment swaps of VAST: the words' polarity is turned, the stance is not), of its
    target, or of both. A pair is an original with one of its forms; an original with several forms makes several pairs.
    A pair is consistent if the two answers are equal where the two gold labels are (`gold=same`) and differ where those
    differ (`gold=different`), right or wrong. So a model that looks at what was swapped only (sentiment words) falls
    short on `gold=same`, and one that does not look at what was swapped (`model=target_only` on texts,
    `model=text_only` on targets) has 1 on `gold=same` and 0 on `gold=different`.

        drop = original - swapped    both = pairs with two right answers / pairs
        consistent = pairs with (answers equal) = (gold labels equal) / pairs

    No answer and an abstention are wrong, and a pair with one is not consistent. Whole pairs are resampled, as they are
    in one document; data of one document have no interval. `slices=[swap]` gives every other metric on both sides.

    Range: fractions in [0, 1], higher is better; drop in [-1, 1], above 0 where swapped forms are harder.
    Bad input: undefined without a pair (of the slice's kind). `swap_of` that names no other judgement of the document
        is refused by the task. What never gets here: `harness.metric.base`.
    Source: the sentiment swaps of Allaway and McKeown 2020, https://aclanthology.org/2020.emnlp-main.717; pairs scored
        together as the contrast sets of Gardner et al. 2020, https://aclanthology.org/2020.findings-emnlp.117.
    Checked against: hand-worked tables, a count over all pairs, and models that by construction see one side alone.

    Example:
        >>> metric = StanceSwap()
        >>> scores = metric.compute({"pairs": 4.0, "original": 3.0, "swapped": 1.0, "both": 1.0})
        >>> float(scores[Key("stance.swap.drop", "pairs")]), float(scores[Key("stance.swap.both", "pairs")])
        (0.5, 0.25)
    """

    task: ClassVar[TaskName] = "stance"
    headline: ClassVar[str] = "stance.swap.consistent"
    undirected: ClassVar[tuple[str, ...]] = ("stance.swap.drop",)
    level: ClassVar[Literal["example", "document"]] = "example"
    needs_context: ClassVar[bool] = True

    def count(self, gold: Stance, predicted: Stance | None, context: Context) -> Counts:
        """One count, `pair|side|gold|predicted`, for an example of a pair; pairs are numbered within the document."""
        # The names under which a document's pairs are added up stand in every example, so that no sum lacks one.
        counts = dict.fromkeys(_SUMS, 0.0)
        side, pair = context.example.fields.get("swap"), context.example.fields.get("pair")
        named = (judgement.details.get("swap_of") for judgement in context.stance)
        originals = sorted({str(name) for name in named if name is not None})
        if side is None or pair not in originals:
            return counts
        number = originals.index(pair)
        return counts | {cell_name(str(number), side, gold.label, answer(predicted)): 1.0}

    def per_document(self, counts: Mapping[str, Array]) -> Mapping[str, Array]:
        """Pairs put together within each document."""
        found = {name: np.zeros_like(value) for name, value in counts.items()}
        for one, other in _pairs(counts):
            pairs = one.examples * other.examples
            right, right_too = one.gold == one.given, other.gold == other.given
            kind = "same" if one.gold == other.gold else "different"
            answered = NO_ANSWER not in (one.given, other.given)
            consistent = answered and (one.given == other.given) == (one.gold == other.gold)
            for name, holds in (
                ("pairs", True),
                ("original", right),
                ("swapped", right_too),
                ("both", right and right_too),
                (kind, True),
                (f"{kind}_consistent", consistent),
            ):
                if holds:
                    found[name] = found[name] + pairs
        return found

    def compute(self, counts: Sums) -> dict[Key, Array]:
        """`stance.swap.original`, `swapped`, `drop`, `both` and `consistent`, the last also at `gold=...`."""
        pairs, original, swapped, both = (total(counts, name) for name in ("pairs", "original", "swapped", "both"))
        same, different = total(counts, "same_consistent"), total(counts, "different_consistent")
        return {
            Key("stance.swap.original", "pairs"): divide(original, pairs),
            Key("stance.swap.swapped", "pairs"): divide(swapped, pairs),
            Key("stance.swap.drop", "pairs"): divide(original - swapped, pairs),
            Key("stance.swap.both", "pairs"): divide(both, pairs),
            Key("stance.swap.consistent", "pairs"): divide(same + different, pairs),
            Key("stance.swap.consistent", "pairs", "gold=same"): divide(same, total(counts, "same")),
            Key("stance.swap.consistent", "pairs", "gold=different"): divide(different, total(counts, "different")),
        }

    def support(self, key: Key, counts: Sums) -> float:
        """Pairs (of the slice's kind)."""
        return float(total(counts, "pairs" if key.slice == "all" else key.slice.removeprefix("gold=")))

    def signature(self, key: Key) -> str:
        """Average, what a pair is, how no answer enters."""
        return f"{key.metric}|avg:{key.average}|pairs:original_with_each_form|noanswer:wrong|v:1"


class _Answered(NamedTuple):
    """A gold label with an answer, and the number of such examples of one side of a pair, by document."""

    gold: str
    given: str
    examples: Array


def _pairs(counts: Mapping[str, Array]) -> Iterator[tuple[_Answered, _Answered]]:
    """Every original with every swapped form that bears the same number."""
    sides: dict[str, dict[str, list[_Answered]]] = {}
    for (number, side, gold, given), examples in read_cells(
        {name: value for name, value in counts.items() if name not in _SUMS}
    ).items():
        sides.setdefault(number, {}).setdefault(side, []).append(_Answered(gold, given, examples))
    for found in sides.values():
        for one in found.get("original", ()):
            for other in found.get("swapped", ()):
                yield one, other
