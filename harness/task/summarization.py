"""Summaries of whole documents, in the styles that the gold has or that are asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from harness.errors import GoldError
from harness.gold import Corpus, SummaryGold
from harness.label_map import LabelMap
from harness.records import Answer, Document, Example, References, Sentence, Summary, SummaryInput, TaskName
from harness.sentences import sentence_spans
from harness.task.base import DOCUMENT_LENGTHS, Reading, document_fields, example_id, length_range, unit_of


@dataclass(frozen=True, kw_only=True)
class Style:
    """What a style asks of a summary.

    Args:
        min_words: At least this many words; None for no limit.
        max_words: At most this many words; None for no limit.
        max_sentences: At most this many sentences; for `extract`, exactly this many where the text has them.
    """

    min_words: int | None = None
    max_words: int | None = None
    max_sentences: int | None = None


@dataclass(frozen=True, kw_only=True)
class Summarization:
    """Says the essential of a document.

    A model is given the sentences of zone `body`, one a line and paragraphs as they stand; captions, bylines and page
    furniture are left out. Documents without `sentences.jsonl` are split by `harness.sentences`.

    Beside the document's metadata, an example has the fields `style` and `length` (words that a model is given:
    `1-250`, `251-500`, `501-1000`, `1001+`) for slices.

    Args:
        styles: The limits of each style; a style of the gold that is not named here has none.
        only: The styles to ask for; empty for every style that the gold has.
    """

    styles: Mapping[str, Style] = field(default_factory=dict)
    only: tuple[str, ...] = ()

    name: ClassVar[TaskName] = "summarization"
    slices: ClassVar[tuple[str, ...]] = ("style",)

    def signature(self) -> dict[str, Any]:
        """Limits reach the model, so they move answers."""
        limits = {n: [s.min_words, s.max_words, s.max_sentences] for n, s in sorted(self.styles.items())}
        return {"kind": "summarization", "styles": limits}

    def examples(self, corpus: Corpus, *, gold: bool, selects: bool, label_map: LabelMap) -> list[Example]:
        """One example per document and style."""
        docs = corpus.annotated("summarization") if gold else list(corpus.documents)[: corpus.limit]
        if gold:
            self._refuse_unknown_styles({one.style for doc in docs for one in corpus.summaries.get(doc, ())})
        bodiless = [doc for doc in docs if not body_sentences(corpus.documents[doc], corpus.sentences.get(doc, ()))]
        if bodiless:
            raise GoldError(
                [f"document {doc!r}: no sentence has zone 'body', so a summary has no source" for doc in bodiless]
            )
        examples = []
        for doc in docs:
            document = corpus.documents[doc]
            sentences = body_sentences(document, corpus.sentences.get(doc, ()))
            text = _joined(document.text, sentences)
            length = length_range(text, DOCUMENT_LENGTHS)
            references: dict[str, list[SummaryGold]] = {}
            if gold:
                for reference in corpus.summaries.get(doc, ()):
                    references.setdefault(reference.style, []).append(reference)
            else:
                references = {style: [] for style in (self.only or self.styles or ("default",))}
            for style, found in references.items():
                if (self.only and style not in self.only) or (style == "extract" and not selects):
                    continue
                limits = self.styles.get(style, Style())
                name = example_id(doc, style)
                examples.append(
                    Example(
                        id=name,
                        doc=doc,
                        unit=unit_of(docs, doc, None),
                        input=SummaryInput(
                            id=name,
                            doc=doc,
                            text=text,
                            style=style,
                            sentences=tuple((s.id, document.text[s.start : s.end]) for s in sentences),
                            max_words=limits.max_words,
                            min_words=limits.min_words,
                            max_sentences=limits.max_sentences,
                        ),
                        gold=References(
                            style=style,
                            texts=tuple(r.text for r in found if r.text is not None),
                            extracts=tuple(r.sentences for r in found if r.sentences is not None),
                            source=document.text,
                            max_words=limits.max_words,
                            min_words=limits.min_words,
                        )
                        if gold
                        else None,
                        fields={**document_fields(document), "style": style, "length": length},
                    )
                )
        return examples

    def _refuse_unknown_styles(self, found: set[str]) -> None:
        unknown = [style for style in self.only if style not in found]
        if unknown:
            raise GoldError(
                [
                    f"task.summarization.only: no document has a reference of style {style!r}; "
                    f"styles found: {', '.join(sorted(found))}"
                    for style in unknown
                ]
            )

    def read(self, example: Example, answer: Answer, corpus: Corpus, label_map: LabelMap) -> Reading:
        """The summary's text, and the chosen sentences where the model selects."""
        if answer.bin != "scored" or (answer.text is None and answer.sentences is None):
            return Reading(None)
        return Reading(Summary(answer.text or "", answer.sentences))


def body_sentences(document: Document, sentences: tuple[Sentence, ...]) -> list[Sentence]:
    """The body's sentences in text order; split here where the data has none."""
    if sentences:
        return [sentence for sentence in sentences if sentence.zone == "body"]
    spans = sentence_spans(document.text, str(document.metadata.get("language", "en")))
    return [Sentence(f"s{number:02d}", start, end) for number, (start, end) in enumerate(spans, start=1)]


def _joined(text: str, sentences: list[Sentence]) -> str:
    """Sentences joined by a space within a paragraph and by a line break between paragraphs."""
    joined = ""
    for number, sentence in enumerate(sentences):
        if number:
            between = text[sentences[number - 1].end : sentence.start]
            joined += "\n" if "\n" in between else " "
        joined += text[sentence.start : sentence.end]
    return joined
