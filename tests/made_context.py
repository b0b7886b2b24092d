"""Contexts for metrics that look beyond gold and answer, made in memory."""

from harness.records import Answer, Context, Document, Example, NerInput, Stance, StanceInput, SummaryInput, Target


def ner_context(text, start=0, **more):
    """Of a stretch of text that begins at `start` in its document."""
    example = Example("d", "d", "d", NerInput("d", "d", text), start=start)
    return Context(example, more.pop("answer", Answer()), Document("d", " " * start + text), **more)


def context_of(gold, text="", start=0, **more):
    """Of an example of whatever task the gold belongs to."""
    if isinstance(gold, tuple):
        return ner_context(text, start, **more)
    if isinstance(gold, Stance):
        one = StanceInput("d", "d", text, "", Target(gold.target, gold.target), "s1")
        document = Document("d", text)
    else:
        one = SummaryInput("d", "d", gold.source, gold.style, ())
        document = Document("d", gold.source)
    return Context(Example("d", "d", "d", one, gold), more.pop("answer", Answer()), document, **more)
