"""Where sentences begin and end, for texts that come without sentence records.

Offsets are zero-based, end-exclusive code points. A line break always ends a sentence; inside a line the package
`sentencex` decides (Apache-2.0, https://github.com/wikimedia/sentencex), which knows the abbreviations of some
240 languages, needs no model and no download.
"""

import re

import sentencex

# A lone surrogate cannot be handed to sentencex, which wants UTF-8; one code point for another keeps the offsets.
_SURROGATE = re.compile("[\ud800-\udfff]")


def sentence_spans(text: str, language: str = "en") -> list[tuple[int, int]]:
    """Start and end of each sentence, in text order.

    No span is empty, begins or ends with white space, overlaps another or crosses a line break (as `str.splitlines`
    knows them), and every character that is not white space is in one. A stretch without a letter or digit goes
    with the sentence before it on its line.

    Args:
        text: Any text; offsets count its code points.
        language: A code such as `en` or `de-AT`; an unknown one is treated as English.

    Example:
        >>> sentence_spans("Dr. Noh came.  He left 😀.\\nThe end")
        [(0, 13), (15, 25), (26, 33)]
    """
    code = language.replace("_", "-").lower()
    spans: list[tuple[int, int]] = []
    offset = 0
    for line in text.splitlines(keepends=True):
        # Only where a sentence ends is taken from the package: what lies between two ends is a sentence, so that no
        # character can get lost.
        ends = [found["end_index"] for found in sentencex.get_sentence_boundaries(code, _SURROGATE.sub("�", line))]
        start = 0
        first_of_line = len(spans)
        for end in (*ends, len(line)):
            piece = line[start:end]
            if stripped := piece.strip():
                first = offset + start + len(piece) - len(piece.lstrip())
                # A mark or emoji that was cut off belongs to what it follows.
                cut_off = len(spans) > first_of_line and not any(map(str.isalnum, stripped))
                spans.append((spans.pop()[0] if cut_off else first, first + len(stripped)))
            start = max(start, end)
        offset += len(line)
    return spans


def split_sentences(text: str, language: str = "en") -> list[str]:
    """The sentences of a text, without the white space around them.

    Example:
        >>> split_sentences("It rained. We left at 3.30 p.m. today.")
        ['It rained.', 'We left at 3.30 p.m. today.']
    """
    return [text[start:end] for start, end in sentence_spans(text, language)]


def summary_sentences(text: str, language: str = "en") -> list[str]:
    """The sentences of a summary: its own lines where it has several, else what `split_sentences` finds.

    Line breaks inside a summary are how summarizers and published outputs mark sentences, so they are kept; a line
    break at its end marks nothing.

    Example:
        >>> summary_sentences("He came. He saw\\nHe won\\n")
        ['He came. He saw', 'He won']
        >>> summary_sentences("He came. He saw.\\n")
        ['He came.', 'He saw.']
    """
    lines = [line for line in text.splitlines() if line.strip()]
    return lines if len(lines) > 1 else split_sentences(text, language)
