"""What flows through the harness: documents, gold, examples and answers.

Offsets are zero-based, end-exclusive Unicode code points into the document as stored, everywhere: `text[start:end]`
is the annotated string. The one exception is said in its type: `Answer.entities` counts from the start of the input
that the model was given, because that is all the model saw.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

TaskName = Literal["ner", "stance", "summarization"]
TASKS: tuple[TaskName, ...] = ("ner", "stance", "summarization")

# Where an example ended up: exactly one bin of the ledger. `scored` covers an answer that says "nothing here".
Bin = Literal["scored", "unparsed", "nonfinite", "failed", "missing"]
BINS: tuple[Bin, ...] = ("scored", "unparsed", "nonfinite", "failed", "missing")
# Where a predicted span ended up, likewise.
SPAN_BINS = ("scored", "ungrounded", "unmapped", "misaligned")

# What a stance model answers when it declines: misses the gold label and is no false positive of another.
ABSTAIN = "unknown"


@dataclass(frozen=True, slots=True)
class Document:
    """A text of the user's, exactly as stored.

    Args:
        id: Unique in the corpus; a text file's stem.
        text: The whole text, line ends and all.
        metadata: Any further fields of its record (`split`, `language`, ...), usable as slices.
    """

    id: str
    text: str
    metadata: Mapping[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A stretch of a document; `zone` says what part of the page it is (`body`, `caption`, `byline`, `boilerplate`)."""

    id: str
    start: int
    end: int
    zone: str = "body"


@dataclass(frozen=True, slots=True, order=True)
class Entity:
    """A named span. Two entities are equal when start, end, label and parts are; text and score are not compared.

    Args:
        start: Offset of its first code point.
        end: Offset after its last.
        label: Its class.
        text: What it says.
        score: The model's own confidence in [0, 1], where it gives one.
        parts: Of a discontinuous entity its stretches in text order, the first from `start`, the last to `end`, none
            touching another; empty for any other.
    """

    start: int
    end: int
    label: str
    text: str = field(default="", compare=False)
    score: float | None = field(default=None, compare=False)
    parts: tuple[tuple[int, int], ...] = ()

    @property
    def stretches(self) -> tuple[tuple[int, int], ...]:
        """The stretches of text that it covers, in order; one, unless it is discontinuous."""
        return self.parts or ((self.start, self.end),)

    def shifted(self, by: int) -> "Entity":
        """The same entity in a text that begins `by` code points earlier."""
        parts = tuple((start + by, end + by) for start, end in self.parts)
        return replace(self, start=self.start + by, end=self.end + by, parts=parts)


@dataclass(frozen=True, slots=True, order=True)
class Mention:
    """A named string without a place in the text, as language models give them."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Target:
    """What a stance is about: an id and what it says in words."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Stance:
    """A position on a target: `label` is one of `data.labels.stance`.

    Args:
        target: The target's id.
        label: For instance `favor`, `against` or `none`; a prediction may also be `unknown`, an abstention.
        scores: Probability of each label, where a model gives them.
    """

    target: str
    label: str
    scores: Mapping[str, float] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class StanceGold:
    """One stance judgement as annotated; `holder`, `evidence` and the like describe it and are no part of its key."""

    target: str
    label: str
    sentence: str | None = None
    id: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Summary:
    """A predicted summary: its text and, where a model selects sentences, their ids."""

    text: str
    sentences: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class References:
    """The gold of one summary: every reference text, or for style `extract` every reference list of sentence ids.

    Args:
        style: `default`, `headline`, `highlights`, `extract` or the user's own.
        texts: Reference summaries, one per annotator; sentences separated by line breaks where it has any.
        extracts: Reference sentence ids, one list per annotator; only for style `extract`.
        source: The document's text, for compression.
        max_words: The style's limit, or None.
        min_words: The style's lower limit, or None.
    """

    style: str
    texts: tuple[str, ...] = ()
    extracts: tuple[tuple[str, ...], ...] = ()
    source: str = field(default="", repr=False)
    max_words: int | None = None
    min_words: int | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """A short statement that a good summary could carry, with a weight from 1 (detail) to 3 (essential)."""

    text: str
    weight: float
    sentences: tuple[str, ...] = ()


Gold = tuple[Entity, ...] | Stance | References
Predicted = tuple[Entity, ...] | Stance | Summary | None


@dataclass(frozen=True, slots=True)
class NerInput:
    """A stretch of a document in which entities are to be found.

    Args:
        id: The example's id.
        doc: The document's id.
        text: The stretch itself; an answer's offsets count from its first character.
        zone: The part of the page that it stands in.
    """

    id: str
    doc: str
    text: str
    zone: str = "body"


@dataclass(frozen=True, slots=True)
class StanceInput:
    """A text and a target whose stance is asked for.

    Args:
        id: The example's id.
        doc: The document's id.
        text: The sentence, or the whole document where the gold names no sentence.
        context: The sentences before it (`task.stance.context` of them), joined by a space; often empty.
        target: The target's id and words.
        sentence: The sentence's id; None for a whole document.
    """

    id: str
    doc: str
    text: str
    context: str
    target: Target
    sentence: str | None = None


@dataclass(frozen=True, slots=True)
class SummaryInput:
    """A document to summarize.

    Args:
        id: The example's id.
        doc: The document's id.
        text: The document's sentences of zone `body`, one paragraph a line: what a summary may be made from.
        style: What is asked for: `headline`, `highlights`, `extract`, `default` or the user's own.
        sentences: The body's sentences in text order, as (id, text).
        max_words: At most this many words; None where the style sets no limit.
        min_words: At least this many words; None likewise.
        max_sentences: At most this many sentences; None likewise.
    """

    id: str
    doc: str
    text: str
    style: str
    sentences: tuple[tuple[str, str], ...]
    max_words: int | None = None
    min_words: int | None = None
    max_sentences: int | None = None


Input = NerInput | StanceInput | SummaryInput


@dataclass(frozen=True, slots=True)
class Example:
    """What is counted: a sentence (NER), a sentence and a target (stance), a document and a style (summarization).

    Args:
        id: Unique in the run and stable between runs.
        doc: The document's id.
        unit: What is resampled: the document; the sentence where the data is one document; "" where there is none.
        start: Where the input begins in the document, in code points; NER answers are shifted by it.
        input: All that a model may see.
        gold: What it is scored on; None where documents have no gold (`harness predict`).
        fields: What it can be sliced by (`target`, `style`, `zone`, document metadata).
    """

    id: str
    doc: str
    unit: str
    input: Input
    gold: Gold | None = None
    start: int = 0
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a model gave for one example; only the fields of its task are set.

    Args:
        entities: NER: spans counted from the start of the input's text.
        mentions: NER: named strings that still have to be found in the text, in the order given.
        tags: NER: one tag per token of the input, where the answer was given as tags; `entities` is read from them.
        label: Stance: the label, or `unknown` for an abstention.
        scores: Stance: probability of each label, adding up to 1.
        text: Summarization: the summary, one sentence a line where the model knows its sentences.
        sentences: Summarization: the ids of the chosen sentences, for models that select.
        bin: The ledger's bin; anything but `scored` is counted as an empty answer.
        reason: Why it is not `scored`, or a remark.
        raw: What the model said, word for word, where that is not the answer itself.
        ungrounded: NER: predicted strings that were not found in the text.
        misaligned: NER: predicted spans that fit no stretch of the text.
        tokens_read: Input tokens that the model saw; None where it has no tokens.
        tokens_cut: Input tokens that it did not see, because the input was too long.
        output_truncated: Whether the answer was cut at the model's output limit.
        windows: Stretches of the input that the model was asked about one by one; 1 where it saw all at once.
        chars_read: NER: characters of the text that the model saw, from its start on; None where it saw all of them.
    """

    entities: tuple[Entity, ...] | None = None
    mentions: tuple[Mention, ...] | None = None
    tags: tuple[str, ...] | None = None
    label: str | None = None
    scores: Mapping[str, float] | None = None
    text: str | None = None
    sentences: tuple[str, ...] | None = None
    bin: Bin = "scored"
    reason: str | None = None
    raw: str | None = None
    ungrounded: int = 0
    misaligned: int = 0
    tokens_read: int | None = None
    tokens_cut: int = 0
    output_truncated: bool = False
    windows: int = 1
    chars_read: int | None = None


@dataclass(frozen=True, slots=True)
class TaggedSentence:
    """Token tags as annotated: a sentence's place in its document, its tokens' places, their tags, and `path:line`."""

    start: int
    end: int
    tokens: tuple[tuple[int, int], ...]
    tags: tuple[str, ...]
    where: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Context:
    """What a metric may look at beside an example's gold and what was predicted (`needs_context`).

    Args:
        example: The example.
        answer: The answer as the model gave it; its bin may be any.
        document: The example's document.
        sentences: The document's sentences in text order; empty where it has none.
        tagged: The document's token tags, where the gold was given as tags.
        entities: The document's gold entities, the label map applied.
        stance: The document's gold stance judgements.
        facts: The facts that a summary of the document could carry.
        targets: What stance targets say in words, by id.
        references: The document's reference summaries of every style but `extract`, in the order of the gold.
        extracts: The document's gold extracts, as sentence ids.
        measured: What the metric's judge found for this example; None for metrics without one.
    """

    example: Example
    answer: Answer
    document: Document
    sentences: tuple[Sentence, ...] = ()
    tagged: tuple[TaggedSentence, ...] = ()
    entities: tuple[Entity, ...] = ()
    stance: tuple[StanceGold, ...] = ()
    facts: tuple[Fact, ...] = ()
    targets: Mapping[str, Target] = field(default_factory=dict)
    references: tuple[str, ...] = ()
    extracts: tuple[tuple[str, ...], ...] = ()
    measured: Any = None


@dataclass(frozen=True, slots=True)
class Row:
    """One record as a format read it, before any check.

    Args:
        where: `path:line`, for messages.
        file: Which record file it belongs to: `documents`, `sentences`, `entities`, `stance`, `targets`,
            `summaries`, `facts`, `annotators`, or `tags` (`start`, `end`, `tokens`, `tags` of one sentence).
        fields: The record as DESIGN's table has it, as JSON values.
    """

    where: str
    file: str
    fields: dict[str, Any]
