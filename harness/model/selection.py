"""How a ranking of a document's sentences becomes a summary of the asked length."""

from collections.abc import Callable, Sequence

from harness.records import Answer, Input, SummaryInput


def summarize(inputs: Sequence[Input], rank: Callable[[SummaryInput], Sequence[int]], sentences: int) -> list[Answer]:
    """One extractive summary per input.

    Args:
        inputs: Documents with their sentences.
        rank: Gives positions in `input.sentences`, the best first.
        sentences: How many sentences a summary has where its style sets no limit.
    """
    answers = []
    for given in inputs:
        asked = summary_input(given)
        answers.append(extract(asked, choose(asked, rank(asked), sentences)))
    return answers


def summary_input(given: Input) -> SummaryInput:
    """The input itself, known to be a document to summarize."""
    if not isinstance(given, SummaryInput):
        raise TypeError(f"a summarization model was given {type(given).__name__} {given.id!r}")
    return given


def choose(asked: SummaryInput, ranking: Sequence[int], sentences: int) -> list[int]:
    """Takes sentences by rank within the limits of the input's style; sentences are whole or left out.

    Style `extract` gets `max_sentences` sentences whatever their length. Any other style:

    1. at most `max_sentences`; `sentences` where the style limits neither words nor sentences;
    2. a sentence that would bring the summary over `max_words` is skipped, and a later one may still fit;
    3. it is enough once `min_words` are reached, where there is such a limit;
    4. if not even one sentence fits, the shortest is taken, the better-ranked of equals: one that breaks the limit
       (which the metric `length` counts) says more than none.

    Words are what white space separates. A sentence without a letter or digit says nothing and is never taken.

    Returns:
        Positions in `asked.sentences`, in rank order.
    """
    lengths = word_counts(asked)
    candidates = [position for position in ranking if lengths[position]]
    most = most_sentences(asked, sentences)
    if asked.style == "extract":
        return candidates[:most]
    chosen: list[int] = []
    words = 0
    for position in candidates:
        if len(chosen) == most or (asked.min_words is not None and words >= asked.min_words):
            break
        if asked.max_words is None or words + lengths[position] <= asked.max_words:
            chosen.append(position)
            words += lengths[position]
    # `min` keeps the first of equals, which is the better-ranked one.
    return chosen or [min(candidates, key=lengths.__getitem__)] if candidates else []


def word_counts(asked: SummaryInput) -> list[int]:
    """Words of each sentence; 0 for one without a letter or digit."""
    return [len(text.split()) if any(map(str.isalnum, text)) else 0 for _, text in asked.sentences]


def most_sentences(asked: SummaryInput, sentences: int) -> int:
    """The largest number of sentences that a summary may have, as rule 1 of `choose` says."""
    if asked.max_sentences is not None:
        return asked.max_sentences
    limited = asked.max_words is not None or asked.min_words is not None
    return len(asked.sentences) if limited and asked.style != "extract" else sentences


def extract(asked: SummaryInput, chosen: Sequence[int]) -> Answer:
    """The chosen sentences in text order, one a line, with their ids."""
    picked = [asked.sentences[position] for position in sorted(chosen)]
    # A sentence of the user's own records may run over several lines.
    lines = (" ".join(text.split()) for _, text in picked)
    return Answer(text="\n".join(lines), sentences=tuple(key for key, _ in picked))


def check_sentences(kind: str, sentences: int) -> None:
    """Refuses a number of sentences that would make every summary empty."""
    if sentences < 1:
        raise ValueError(f"{kind}: sentences must be at least 1, got {sentences!r}")
