"""Whether a summary keeps who is for and against what, as the document's gold stance has it."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

from harness.metric.base import Array, Counts, Key, Sums
from harness.metric.means import DocumentMeans, defined, mean, scored_texts
from harness.records import Context, References, Summary, TaskName
from harness.sentences import summary_sentences

_FATES = ("kept", "dropped", "flipped")
_AUTHOR = "author"


class _Position(NamedTuple):
    """One holder's side on one target, as the document's gold has it."""

    holder: str
    target: str
    side: str


@dataclass(frozen=True, kw_only=True)
class StancePreservation(DocumentMeans):
    """The share of the document's positions (holder, target) that a summary keeps, drops or flips.

    A holder's position on a target is the side that most of the document's gold judgements give it; a tie, or only
    neutral ones, is no position. A judgement without a holder is the author's. A stance model reads every sentence of
    the summary for every such target. A position is looked for in the sentences that name its holder (the last word of
    the name that has four letters or more, in any case; of a name without such a word the last, as it is written, for
    `us` is not the US); where none does, in those that name no other holder of that target. Of their sides on the
    target:

    - kept: at least one is the holder's, and no more are the opposite
    - flipped: more are the opposite
    - dropped: none is either

    The rows are means over documents, and a document's styles are averaged first; style `extract` is left out.
    Read them beside two more: `judge_accuracy`, the stance model's accuracy on the document's own gold judgements of
    sentences, and `*_reference`, what the references get from the same model. A model that is often wrong makes good
    references look bad, and then says little about the summaries either.

    Range: fractions in [0, 1] that add up to 1; higher is better for kept, lower for the others.
    Bad input: undefined for a document without positions; a blank or missing summary drops them all. Where the model
    gave no stance of a sentence, that sentence has none. What never gets here: `harness.metric.base`.
    Source: defined here.
    Checked against: cases worked by hand.
    Agreement with people: not measured, for want of summaries with human judgements of stance.

    Args:
        judge: The stance model: kind `stance_model` with `model`, a kind and its parameters as under `model.stance`.
        favor: What the scheme calls a position for the target.
        against: What it calls one against.
    """

    task: ClassVar[TaskName] = "summarization"
    headline: ClassVar[str] = "stance_preservation.kept"
    lower_is_better: ClassVar[tuple[str, ...]] = (
        "stance_preservation.dropped",
        "stance_preservation.flipped",
    )
    undirected: ClassVar[tuple[str, ...]] = (
        "*_reference",
        "stance_preservation.judge_accuracy",
    )
    needs_context: ClassVar[bool] = True
    gold_of: ClassVar[tuple[TaskName, ...]] = ("stance",)
    asks: ClassVar[tuple[str, ...]] = ("text", "target")

    judge: dict[str, Any] = field(default_factory=lambda: {"kind": "stance_model"}, hash=False)
    favor: str = "favor"
    against: str = "against"

    def __post_init__(self) -> None:
        """Refuses sides that are one."""
        if self.favor == self.against:
            raise ValueError(f"StancePreservation: favor and against must differ, got {self.favor!r} for both")

    def questions(self, gold: References, predicted: Summary | None, context: Context) -> list[dict[str, str]]:
        """Summary and reference sentences by target, then the document's gold judgements of sentences."""
        positions = self._positions(context)
        if gold.style == "extract" or not positions:
            return []
        targets = sorted({position.target for position in positions})
        asked = [
            {"text": sentence, "target": context.targets[target].text}
            for text in scored_texts(gold, predicted)
            for sentence in summary_sentences(text)
            for target in targets
        ]
        return asked + [{"text": text, "target": context.targets[target].text} for text, target, _ in _judged(context)]

    def count(self, gold: References, predicted: Summary | None, context: Context) -> Counts:
        """Shares where defined, each with its `|n` = 1, and how many `positions` there are."""
        if gold.style == "extract":
            return {}
        positions = self._positions(context)
        if not positions:
            # Counted as none, so that data without any shows rows without a value rather than no rows.
            return {"positions": 0.0}
        findings: list[str | None] = list(context.measured or ())
        if len(findings) != len(self.questions(gold, predicted, context)):
            raise ValueError("StancePreservation: there must be one finding per question; was its judge asked?")
        targets = sorted({position.target for position in positions})
        fates: list[Counter[str]] = []
        for text in scored_texts(gold, predicted):
            sentences = summary_sentences(text)
            sides: list[dict[str, str | None]] = []
            for _ in sentences:
                sides.append(dict(zip(targets, findings[: len(targets)], strict=False)))
                del findings[: len(targets)]
            fates.append(Counter(self._fate(position, positions, sentences, sides) for position in positions))
        judged = _judged(context)
        right = [float(found == label) for found, (_, _, label) in zip(findings, judged, strict=False)]
        values: dict[str, float | None] = {"judge_accuracy": mean(right)}
        for fate in _FATES:
            values[fate] = fates[0][fate] / len(positions)
            values[f"{fate}_reference"] = mean(of[fate] / len(positions) for of in fates[1:])
        return defined(values) | {"positions": float(len(positions))}

    def compute(self, counts: Sums) -> dict[Key, Array]:
        """The means; NaN where nothing was defined."""
        names = (*_FATES, *(f"{fate}_reference" for fate in _FATES), "judge_accuracy")
        return self._rows("stance_preservation", names, counts)

    def signature(self, key: Key) -> str:
        """The sides and how positions are found; the model's hash and the gold's are appended by the scorer."""
        return f"{key.metric}|sides:{self.favor}+{self.against}|position:majority|holder:last_word|styles:mean|v:1"

    def _positions(self, context: Context) -> list[_Position]:
        votes: dict[tuple[str, str], Counter[str]] = {}
        for one in context.stance:
            if one.target in context.targets and one.label in (self.favor, self.against):
                holder = str(one.details.get("holder") or _AUTHOR)
                votes.setdefault((holder, one.target), Counter())[one.label] += 1
        found = []
        for (holder, target), of in sorted(votes.items()):
            difference = of[self.favor] - of[self.against]
            if difference:
                found.append(_Position(holder, target, self.favor if difference > 0 else self.against))
        return found

    def _fate(
        self,
        position: _Position,
        positions: Sequence[_Position],
        sentences: Sequence[str],
        sides: Sequence[dict[str, str | None]],
    ) -> str:
        others = [p.holder for p in positions if p.target == position.target and p.holder != position.holder]
        own = [n for n, sentence in enumerate(sentences) if _names(sentence, position.holder)]
        read = own or [n for n, sentence in enumerate(sentences) if not any(_names(sentence, o) for o in others)]
        found = [sides[n].get(position.target) for n in read]
        opposite = self.against if position.side == self.favor else self.favor
        same, turned = found.count(position.side), found.count(opposite)
        if not same and not turned:
            return "dropped"
        return "flipped" if turned > same else "kept"


def _judged(context: Context) -> list[tuple[str, str, str]]:
    """Text, target and label of the gold judgements of sentences."""
    sentences = {one.id: context.document.text[one.start : one.end] for one in context.sentences}
    return [
        (sentences[one.sentence], one.target, one.label)
        for one in context.stance
        if one.sentence in sentences and one.target in context.targets
    ]


def _names(sentence: str, holder: str) -> bool:
    """Whether a sentence names a holder; the author is never named."""
    words = re.findall(r"\w+", holder)
    if holder == _AUTHOR or not words:
        return False
    long = next((word for word in reversed(words) if len(word) >= 4), None)
    word = rf"(?<!\w){re.escape(long or words[-1])}(?!\w)"
    return re.search(word, sentence, re.IGNORECASE if long else 0) is not None
