"""How long an input is for a model, and inputs with less text: cut at white space, or at the ends of sentences."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

from harness.model.windows import space_from, text_windows, units_between
from harness.records import Answer, Input, StanceInput, SummaryInput
from harness.sentences import sentence_spans

Span = tuple[int, int]
# How often a cut is made smaller that did not come out as reckoned.
TRIES = 8
# Of English text; where no tokenizer is at hand.
CHARACTERS_PER_TOKEN = 4


class Gauge(Protocol):
    """How a model measures its inputs: in tokens, or in whatever it has."""

    def over(self, one: Input) -> int:
        """Units by which an input is longer than the model reads; 0 or less where it is not."""
        ...

    def begins(self, text: str) -> Sequence[int]:
        """Where each unit of a text begins."""
        ...

    def tokens(self, units: int) -> int:
        """Units as tokens."""
        ...

    def refused(self, one: Input) -> Answer:
        """The answer to an input that is too long."""
        ...


class TokenGauge:
    """A kind that measures texts in tokens, with a fast tokenizer of its own."""

    tokenizer: Any

    def begins(self, text: str) -> Sequence[int]:
        """Where each token of a text begins."""
        encoded = self.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        return [start for start, _ in encoded["offset_mapping"]]

    def tokens(self, units: int) -> int:
        """It is tokens that are counted."""
        return units


class CharacterGauge:
    """A kind that measures texts in characters, because the tokens are a server's: `max_characters` to a prompt."""

    max_characters: int | None

    def over(self, one: Input) -> int:
        """Characters by which a text is longer than one prompt may hold."""
        return 0 if self.max_characters is None else characters(one) - self.max_characters

    def begins(self, text: str) -> Sequence[int]:
        """Where each character begins."""
        return range(len(text))

    def tokens(self, units: int) -> int:
        """What characters come to; the server alone knows how it reads them."""
        return math.ceil(units / CHARACTERS_PER_TOKEN)

    def refused(self, one: Input) -> Answer:
        """The answer to a text that is too long."""
        reason = f"overlong: the text has {characters(one)} characters, one prompt may hold {self.max_characters}"
        return Answer(bin="failed", reason=reason, tokens_read=0, tokens_cut=self.tokens(characters(one)))


def characters(one: Input) -> int:
    """Characters that an input brings into a prompt."""
    return len(one.text) + (len(one.context) if isinstance(one, StanceInput) else 0)


def truncated(one: Input, gauge: Gauge) -> Input | None:
    """The input with less text: its end is cut, for stance its beginning, the oldest context first; at white space.

    None where no text would be left.
    """
    if not isinstance(one, StanceInput):
        begins = gauge.begins(one.text)
        spans = fitting(one, gauge, lambda size: text_windows(one.text, begins, size, 0)[:1])
        return with_text(one, one.text[: spans[0][1]].rstrip()) if spans else None
    over = gauge.over(one)
    for _ in range(TRIES):
        shorter = _without(one, gauge, over)
        if shorter is None:
            return None
        left = gauge.over(shorter)
        if left <= 0:
            return shorter
        over += left
    return None


def _without(one: StanceInput, gauge: Gauge, units: int) -> StanceInput | None:
    context, text = gauge.begins(one.context), gauge.begins(one.text)
    if units < len(context):
        return replace(one, context=one.context[space_from(one.context, context, units) :].lstrip())
    units -= len(context)
    if units >= len(text):
        return None
    return replace(one, context="", text=one.text[space_from(one.text, text, units) :].lstrip())


def lead_and_tail(one: Input, gauge: Gauge, lead_share: float) -> Input | None:
    """The input with the first and the last sentences of its text alone, a line break between them.

    The beginning has at most its share of the room, the end what is left. A side whose sentence is longer than that
    has a part of it, cut at white space. None where not even a unit for each side fits.
    """
    text, begins = one.text, gauge.begins(one.text)
    sentences = sentences_of(one)

    def cut(size: int) -> list[Span]:
        lead = max(1, round(size * lead_share))
        ends = [end for _, end in sentences if units_between(begins, 0, end) <= lead]
        end = ends[-1] if ends else text_windows(text, begins, lead, 0)[0][1]
        rest = max(1, size - units_between(begins, 0, end))
        starts = [start for start, _ in sentences if start >= end and units_between(begins, start, len(text)) <= rest]
        start = starts[0] if starts else space_from(text, begins, len(begins) - rest)
        return [(0, end), (start, len(text))]

    def both(spans: Sequence[Span]) -> list[Input]:
        return [with_text(one, "\n".join(text[start:end].strip() for start, end in spans))]

    spans = fitting(one, gauge, cut, both)
    return both(spans)[0] if spans else None


def fitting(
    one: Input,
    gauge: Gauge,
    cut: Callable[[int], list[Span]],
    inputs: Callable[[Sequence[Span]], list[Input]] | None = None,
) -> list[Span]:
    """Stretches of the input's text, as large as may be, that make inputs which all fit; none where nothing fits."""
    inputs = inputs or partial(parts_of, one)
    without = gauge.over(with_text(one, ""))
    # A prompt may repeat the text, and so grow by more than the text's units.
    size = -without * len(gauge.begins(one.text)) // max(1, gauge.over(one) - without)
    for _ in range(TRIES):
        if size < 1:
            break
        spans = cut(size)
        over = max(map(gauge.over, inputs(spans)))
        if over <= 0:
            return spans
        size -= over
    return []


def parts_of(one: Input, spans: Sequence[Span]) -> list[Input]:
    """An input for each of these stretches of its text."""
    return [with_text(one, one.text[start:end]) for start, end in spans]


def with_text(one: Input, text: str) -> Input:
    """The same question about another text; a summary's sentences are those of its own text alone."""
    return replace(one, text=text, sentences=()) if isinstance(one, SummaryInput) else replace(one, text=text)


def sentences_of(one: Input) -> list[Span]:
    """Where the sentences of an input's text stand: those that it brings, where they are all in it."""
    found: list[Span] = []
    position = 0
    for _, said in getattr(one, "sentences", ()):
        start = one.text.find(said, position)
        if start < 0:
            return sentence_spans(one.text)
        position = start + len(said)
        found.append((start, position))
    return found or sentence_spans(one.text)
