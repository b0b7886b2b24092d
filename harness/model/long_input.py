"""Inputs that are longer than a model reads at once: asked in parts, and the parts' answers made one.

A `Reading` says what has to be asked for one input, round by round, and ends with its answer. Who asks, a batch on a
device or requests to a server, is the kind's business; how a text is cut and its parts put together is not.
"""

import asyncio
from collections.abc import Awaitable, Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from harness.metric.grounding import ground
from harness.model.gauge import Gauge, Span, fitting, lead_and_tail, parts_of, sentences_of, truncated, with_text
from harness.model.windows import merged, sentence_chunks, text_windows
from harness.records import Answer, Entity, Input, Mention, NerInput, TaskName

Overlong = Literal["error", "truncate", "window", "map_reduce", "lead_tail"]
# What can be done about long inputs, by task; the first is what is done where nothing is said.
POLICIES: dict[TaskName, tuple[Overlong, ...]] = {
    "ner": ("window", "truncate", "error"),
    "stance": ("error", "truncate"),
    "summarization": ("error", "truncate", "map_reduce", "lead_tail"),
}
# The parameters of kinds that say how long inputs are read; in signatures stands what moves an answer.
READING = frozenset({"overlong", "stride", "lead_share"})
# Rounds of summaries of summaries.
MOST_ROUNDS = 8
# What a refused input might be given instead, by task.
ADVICE: dict[TaskName, str] = {
    "ner": "'window' reads all of it",
    "stance": "'truncate' cuts the text from its left and counts it",
    "summarization": "'truncate' cuts the end and counts it, 'map_reduce' reads all of it",
}
# Of what is kept of a model's words for the user to look at.
MOST_RAW = 20_000

# Yields inputs that fit, is sent their answers in the same order (at least up to the first that is not scored), and
# returns the answer to the whole.
Reading = Generator[list[Input], list[Answer], Answer]


@dataclass(frozen=True, slots=True)
class HowRead:
    """What is done about the long inputs of a task.

    Args:
        overlong: What is done.
        stride: `window`: units that two windows share, at least; at most a quarter of a window.
        lead_share: `lead_tail`: share of what is read that comes from the text's beginning.
    """

    overlong: Overlong
    stride: int
    lead_share: float

    @classmethod
    def of(cls, task: TaskName, overlong: Overlong | None, *, stride: int = 0, lead_share: float = 0.5) -> "HowRead":
        """What a kind's parameters say; the task's usual where `overlong` is None.

        Raises:
            ValueError: A value cannot be meant, or is for another task.
        """
        known = POLICIES[task]
        if overlong is not None and overlong not in known:
            raise ValueError(f"overlong: {overlong!r} is not for {task}; choose {', '.join(known)}")
        if stride < 0:
            raise ValueError(f"stride must not be negative, got {stride}")
        if not 0 < lead_share < 1:
            raise ValueError(f"lead_share must lie between 0 and 1, got {lead_share}")
        return cls(overlong or known[0], stride, lead_share)

    @property
    def signature(self) -> dict[str, Any]:
        """What of it moves an answer."""
        found: dict[str, Any] = {"overlong": self.overlong}
        if self.overlong == "window":
            found["stride"] = self.stride
        if self.overlong == "lead_tail":
            found["lead_share"] = self.lead_share
        return found

    def reading(self, one: Input, gauge: Gauge) -> Reading:
        """How one input is read."""
        over = gauge.over(one)
        if over <= 0:
            return at_once(one)
        if self.overlong == "window":
            return _windows(one, gauge, self.stride)
        if self.overlong == "map_reduce":
            return _map_reduce(one, gauge)
        shorter = None
        if self.overlong == "truncate":
            shorter = truncated(one, gauge)
        elif self.overlong == "lead_tail":
            shorter = lead_and_tail(one, gauge, self.lead_share)
        if shorter is None:
            return _nothing(gauge.refused(one))
        return _shortened(one, shorter, gauge.tokens(over - gauge.over(shorter)))


def answer_all(readings: Sequence[Reading], ask: Callable[[list[Input]], list[Answer]]) -> list[Answer]:
    """The answers of readings whose parts are asked together, round after round.

    Args:
        readings: One per input.
        ask: Answers to inputs that fit, in the same order.
    """
    found: dict[int, Answer] = {}
    sent: dict[int, list[Answer] | None] = dict.fromkeys(range(len(readings)))
    while sent:
        asked: dict[int, list[Input]] = {}
        for number, answers in sent.items():
            try:
                asked[number] = next(readings[number]) if answers is None else readings[number].send(answers)
            except StopIteration as end:
                found[number] = end.value
        given = iter(ask([part for parts in asked.values() for part in parts]) if asked else ())
        sent = {number: [next(given) for _ in parts] for number, parts in asked.items()}
    return [found[number] for number in range(len(readings))]


async def answer_awaited(reading: Reading, put: Callable[[Input], Awaitable[Answer]]) -> Answer:
    """The answer of one reading whose parts are waited for, side by side.

    The first of a round is put alone: what every part would meet is met once.

    Args:
        reading: How the input is read.
        put: Asks one part.
    """
    answers: list[Answer] | None = None
    while True:
        try:
            first, *others = next(reading) if answers is None else reading.send(answers)
        except StopIteration as end:
            found: Answer = end.value
            return found
        answers = [await put(first)]
        if answers[0].bin == "scored":
            answers += await _side_by_side([put(part) for part in others])


async def _side_by_side(waited: Sequence[Awaitable[Answer]]) -> list[Answer]:
    under_way = [asyncio.ensure_future(one) for one in waited]
    try:
        return await asyncio.gather(*under_way)
    except BaseException:
        for one in under_way:
            one.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        raise


# ---- ways to read ----------------------------------------------------------------------------------------------------


def _nothing(answer: Answer) -> Reading:
    return answer
    yield []


def at_once(one: Input) -> Reading:
    """An input that fits is asked as it is."""
    (answer,) = yield [one]
    return answer


def _shortened(one: Input, shorter: Input, tokens_cut: int) -> Reading:
    (answer,) = yield [shorter]
    seen = len(shorter.text) if isinstance(one, NerInput) else None
    return replace(answer, tokens_cut=tokens_cut, chars_read=seen)


def _windows(one: Input, gauge: Gauge, stride: int) -> Reading:
    begins = gauge.begins(one.text)
    windows = fitting(one, gauge, lambda size: text_windows(one.text, begins, size, stride))
    if not windows:
        return gauge.refused(one)
    answers = yield parts_of(one, windows)
    whole = _together(answers, len(windows))
    return joined_entities(one.text, windows, answers, whole) if whole.bin == "scored" else whole


def _map_reduce(one: Input, gauge: Gauge) -> Reading:
    """Summaries of the text's chunks, and of these one summary; of its chunks again, where they are still too long."""
    answers: list[Answer] = []
    whole, windows = one, 0
    for _ in range(MOST_ROUNDS):
        chunks = fitting(whole, gauge, _chunker(whole, gauge))
        if not chunks:
            return gauge.refused(one)
        windows = windows or len(chunks)
        answers += yield parts_of(whole, chunks)
        if any(answer.bin != "scored" for answer in answers):
            return _together(answers, windows)
        summaries = [answer.text for answer in answers[-len(chunks) :] if answer.text]
        before, whole = whole, with_text(one, "\n".join(summaries))
        if not summaries:
            return replace(_together(answers, windows), text="")
        if gauge.over(whole) <= 0:
            answers += yield [whole]
            found = _together(answers, windows)
            return found if found.bin != "scored" else replace(found, text=answers[-1].text, raw=answers[-1].raw)
        if len(gauge.begins(whole.text)) >= len(gauge.begins(before.text)):
            break
    reason = "overlong: the summaries of its parts are together as long as what they summarize; lower max_new_tokens"
    return replace(_together(answers, windows), bin="failed", reason=reason)


def _chunker(one: Input, gauge: Gauge) -> Callable[[int], list[Span]]:
    sentences, begins = sentences_of(one), gauge.begins(one.text)
    return lambda size: sentence_chunks(one.text, sentences, begins, size)


# ---- parts put together ----------------------------------------------------------------------------------------------


def _together(answers: Sequence[Answer], windows: int) -> Answer:
    """What the answers to the parts of an input say, but for the answer itself; the first fault is the whole's."""
    read = [answer.tokens_read for answer in answers if answer.tokens_read is not None]
    counted = Answer(
        raw="\n".join(answer.raw for answer in answers if answer.raw is not None)[:MOST_RAW] or None,
        tokens_read=sum(read) if read else None,
        output_truncated=any(answer.output_truncated for answer in answers),
        windows=windows,
    )
    for number, answer in enumerate(answers, start=1):
        if answer.bin != "scored":
            return replace(counted, bin=answer.bin, reason=f"part {number}: {answer.reason}", raw=answer.raw)
    return counted


def joined_entities(text: str, windows: Sequence[Span], answers: Sequence[Answer], whole: Answer) -> Answer:
    """The entities of a text from the answers to its windows: none twice, none as a window saw it that cut it.

    Strings without offsets are looked for in their window; they stay strings, in the order of the text, so that the
    task's own rule says where they stand. What is not in its window is `ungrounded`.

    Args:
        text: The text.
        windows: Where each was cut out.
        answers: Their answers, all of them scored.
        whole: What they say together beside that.
    """
    found: list[list[Entity]] = []
    ungrounded = 0
    for (start, end), answer in zip(windows, answers, strict=True):
        placed = ground(answer.mentions or (), text[start:end], "aligned")
        ungrounded += answer.ungrounded + placed.ungrounded
        found.append([entity.shifted(start) for entity in (*(answer.entities or ()), *placed.entities)])
    entities = merged(windows, found)
    counted = replace(whole, ungrounded=ungrounded, misaligned=sum(answer.misaligned for answer in answers))
    if all(answer.mentions is None for answer in answers):
        return replace(counted, entities=tuple(entities))
    return replace(counted, mentions=tuple(Mention(one.label, one.text) for one in entities))
