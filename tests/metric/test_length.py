"""Lengths of summaries, by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.metric.base import Key
from harness.metric.length import Length
from harness.records import Answer, References, Summary
from tests.made_context import context_of

pytestmark = pytest.mark.core

ROWS = ("words", "sentences", "empty", "compression", "violations")
ALL_ROWS = (*ROWS, "over_limit", "under_limit", "output_truncated")
NONE = None


def gold(source="one two three four five six", low=None, high=None, style="default"):
    return References(style, texts=("a reference",), source=source, min_words=low, max_words=high)


def one(references, text):
    """Scores of one summary in the order of ROWS; None where undefined."""
    counts = Length().count(references, None if text is None else Summary(text))
    scores = Length().compute(counts)
    values = [float(scores[Key(f"length.{name}", "mean")]) for name in ROWS]
    return [None if np.isnan(value) else value for value in values]


@pytest.mark.parametrize(
    ("low", "high", "text", "expected"),
    [
        (None, None, "Two words.", [2, 1, 0, 3.0, NONE]),
        (None, 2, "Two words.", [2, 1, 0, 3.0, 0]),
        (None, 2, "These three words.", [3, 1, 0, 2.0, 1]),
        (3, None, "Two words.", [2, 1, 0, 3.0, 1]),
        (3, 4, "One two three.", [3, 1, 0, 2.0, 0]),
        # Lines are sentences where there are several; else the splitter finds them.
        (None, None, "He came. He saw.", [4, 2, 0, 1.5, NONE]),
        (None, None, "He came. He saw\nHe won", [6, 2, 0, 1.0, NONE]),
        # Words are what white space separates.
        (None, None, "a-b c,d\u3000e", [3, 1, 0, 2.0, NONE]),
        # An empty summary has no compression; it breaks a lower limit, but not an upper one.
        (None, None, "", [0, 0, 1, NONE, NONE]),
        (None, 5, " \n", [0, 0, 1, NONE, 0]),
        (1, 5, "", [0, 0, 1, NONE, 1]),
        # No answer is an empty one.
        (1, 5, None, [0, 0, 1, NONE, 1]),
        # A limit of 0 is a limit.
        (None, 0, "word", [1, 1, 0, 6.0, 1]),
        (0, None, "", [0, 0, 1, NONE, 0]),
    ],
)
def test_hand_worked(low, high, text, expected):
    assert one(gold(low=low, high=high), text) == expected


@pytest.mark.parametrize(
    ("low", "high", "text", "over", "under"),
    [
        (None, None, "one two", NONE, NONE),
        (None, 1, "one two", 1, NONE),
        (3, None, "one two", NONE, 1),
        # Each broken limit has its own row; `violations` is either.
        (1, 1, "one two", 1, 0),
        (3, 4, "one two", 0, 1),
        (2, 2, "one two", 0, 0),
        (1, 4, None, 0, 1),
        (0, 0, None, 0, 0),
    ],
)
def test_each_limit_by_itself(low, high, text, over, under):
    counts = Length().count(gold(low=low, high=high), None if text is None else Summary(text))
    scores = Length().compute(counts)
    values = [float(scores[Key(f"length.{name}", "mean")]) for name in ("over_limit", "under_limit", "violations")]
    either = NONE if over is under is NONE else max(over or 0, under or 0)
    assert [None if np.isnan(value) else value for value in values] == [over, under, either]


@pytest.mark.parametrize(
    ("answer", "text", "expected"),
    [
        (Answer(tokens_read=9, output_truncated=True), "one", 1),
        (Answer(tokens_read=9), "one", 0),
        # Without tokens there is no output limit, and predictions made elsewhere do not say.
        (Answer(), "one", NONE),
        (Answer(bin="failed", tokens_read=9), None, NONE),
    ],
)
def test_output_truncated(answer, text, expected):
    metric, references = Length(), gold()
    counts = metric.count(references, text and Summary(text), context_of(references, answer=answer))
    value = float(metric.compute(counts)[Key("length.output_truncated", "mean")])
    assert (None if np.isnan(value) else value) == expected
    assert metric.support(Key("length.output_truncated", "mean"), counts) == (expected is not None)


def test_compression_needs_a_source():
    assert one(gold(source=" "), "word") == [1, 1, 0, None, None]


def test_extracts_take_no_part():
    assert Length().count(gold(style="extract"), Summary("a b", sentences=("s1",))) == {}


def test_rows_signatures_and_support():
    metric = Length()
    counts = metric.count(gold(high=3), Summary(""))
    assert set(metric.compute(counts)) == {Key(f"length.{name}", "mean", "all") for name in ALL_ROWS}
    assert metric.signature(Key("length.words", "mean")) == "length.words|words:whitespace|v:1"
    assert metric.signature(Key("length.sentences", "mean")) == "length.sentences|split:sentences|v:1"
    assert metric.support(Key("length.words", "mean"), counts) == 1
    assert metric.support(Key("length.violations", "mean"), counts) == 1
    assert metric.support(Key("length.compression", "mean"), counts) == 0


def test_mean_over_documents_whose_styles_are_averaged_first():
    metric = Length()
    # Document 1: 2 words within the limit, and nothing at all in a style without limits. Document 2: 3 words, too many.
    examples = [
        [metric.count(gold(high=2), Summary("two words")), metric.count(gold(), None)],
        [metric.count(gold(high=2), Summary("these three words"))],
    ]
    names = {name for document in examples for counts in document for name in counts}
    sums = {
        name: np.array([sum(counts.get(name, 0.0) for counts in document) for document in examples]) for name in names
    }
    documents = metric.per_document(sums)
    scores = metric.compute({name: values.sum() for name, values in documents.items()})
    assert {key.metric: float(value) for key, value in scores.items() if value == value} == {
        "length.words": (1 + 3) / 2,
        "length.sentences": (0.5 + 1) / 2,
        "length.empty": (0.5 + 0) / 2,
        # Undefined for the empty summary, so document 1's is that of its other style.
        "length.compression": (3 + 2) / 2,
        "length.violations": (0 + 1) / 2,
        "length.over_limit": (0 + 1) / 2,
    }
    assert metric.support(Key("length.violations", "mean"), {k: v.sum() for k, v in documents.items()}) == 2


@settings(deadline=None)
@given(st.text(max_size=30), st.text(max_size=30), st.none() | st.integers(0, 5), st.none() | st.integers(0, 5))
def test_ranges(source, text, low, high):
    words, sentences, empty, compression, violations = one(gold(source, low, high), text)
    assert empty == (words == 0) == (sentences == 0)
    assert (compression is None) == (not text.split() or not source.split())
    assert (violations is None) == (low is None and high is None)
    assert violations in (None, 0.0, 1.0)
