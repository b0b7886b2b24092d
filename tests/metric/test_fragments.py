"""Coverage and density against the paper's procedure, written out step by step."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.metric.base import Key
from harness.metric.fragments import Fragments, fragment_lengths, fragments
from harness.records import References, Summary

pytestmark = pytest.mark.core

ROWS = ("coverage", "density", "coverage_reference", "density_reference")


def scores(source, summary, *references, style="default", **parameters):
    metric = Fragments(**parameters)
    gold = References(style, texts=references, source=source)
    found = metric.compute(metric.count(gold, None if summary is None else Summary(summary)))
    values = [float(found[Key(f"fragments.{row}", "mean")]) for row in ROWS]
    return [None if np.isnan(value) else value for value in values]


@pytest.mark.parametrize(
    ("source", "summary", "coverage", "density"),
    [
        ("a b c d", "a b c d", 1, 4),
        ("a b c d", "A, b! C; d.", 1, 4),  # neither case nor punctuation counts
        ("a b c d", "b c x a", 3 / 4, (4 + 1) / 4),
        ("a b c d", "x y", 0, 0),
        ("a b a b c", "a b c", 1, 3),  # the longest run, not the first
        ("a b c", "a b c a b c", 1, (9 + 9) / 6),  # the same words may be copied twice
        ("b c d", "a b c d", 3 / 4, 9 / 4),
        # After the run "a a" at the first place the paper goes on behind it, and so misses "a a b" at the second.
        ("a a a b", "a a b", 1, (4 + 1) / 3),
        # Any script: six of six characters in one run, and Hindi words whole.
        ("我们在北京开会。", "在北京", 1, 3),
        ("यह हिन्दी समाचार है", "हिन्दी समाचार", 1, 2),
        ("a b", "", None, None),
        ("a b", "...", None, None),
        ("a b", None, None, None),
        ("", "a b", None, None),
    ],
)
def test_by_hand(source, summary, coverage, density):
    assert scores(source, summary)[:2] == pytest.approx([coverage, density])


def test_references_stand_beside_and_are_averaged():
    assert scores("a b c d", None, "a b", "x", "") == [None, None, 0.5, 1.0]
    assert scores("a b c d", "a b", "...") == [1, 2, None, None]


def test_extracts_take_no_part():
    assert scores("a b", "a b", "a b", style="extract") == [None] * 4


def test_whitespace_words_keep_punctuation():
    assert scores("the cat . sat", "the cat .", words="whitespace")[:2] == [1, 3]
    assert scores("the cat. sat", "the cat .", words="whitespace")[:2] == [1 / 3, 1 / 3]
    assert scores("the cat. sat", "the cat .")[:2] == [1, 2]


def by_the_paper(summary, article):
    """Figure 3 of Grusky et al. 2018, with its 1-based indices."""
    s, a = ["", *summary], ["", *article]
    fragments, i, j = [], 1, 1
    while i <= len(summary):
        f = []
        while j <= len(article):
            if s[i] == a[j]:
                i2, j2 = i, j
                while i2 <= len(summary) and j2 <= len(article) and s[i2] == a[j2]:
                    i2, j2 = i2 + 1, j2 + 1
                if len(f) < i2 - i:
                    f = s[i:i2]
                j = j2
            else:
                j = j + 1
        i, j = i + max(len(f), 1), 1
        fragments.append(f)
    return [len(f) for f in fragments if f]


TOKENS = st.lists(st.sampled_from("abcd"), max_size=14)


@settings(max_examples=300)
@given(TOKENS, TOKENS)
def test_equals_the_procedure_of_the_paper(summary, article):
    lengths = fragment_lengths(summary, article)
    assert lengths == by_the_paper(summary, article)
    if summary and article:
        found = scores(" ".join(article), " ".join(summary))
        assert found[:2] == pytest.approx([sum(lengths) / len(summary), sum(n * n for n in lengths) / len(summary)])


@given(TOKENS.filter(bool), TOKENS.filter(bool))
def test_laws(summary, article):
    coverage, density, *_ = scores(" ".join(article), " ".join(summary))
    assert 0 <= coverage <= 1
    assert coverage <= density <= len(summary) * coverage + 1e-12
    # Coverage is the share of words that the document has at all.
    assert coverage == pytest.approx(sum(word in article for word in summary) / len(summary))
    assert scores(" ".join(summary), " ".join(summary))[:2] == [1, len(summary)]


def test_mean_over_documents_whose_styles_are_averaged_first():
    metric = Fragments()
    gold = References("default", source="a b c d")
    examples = [
        [metric.count(gold, Summary("a b c d")), metric.count(gold, Summary("x")), metric.count(gold, None)],
        [metric.count(gold, Summary("a x"))],
        [metric.count(gold, None)],
    ]
    names = {name for document in examples for counts in document for name in counts}
    sums = {name: np.array([sum(c.get(name, 0.0) for c in document) for document in examples]) for name in names}
    documents = {name: values.sum() for name, values in metric.per_document(sums).items()}
    # Document 1: 1 and 0, document 2: 0.5, document 3 undefined.
    assert metric.compute(documents)[Key("fragments.coverage", "mean")] == (0.5 + 0.5) / 2
    assert metric.support(Key("fragments.coverage", "mean"), documents) == 2
    assert metric.support(Key("fragments.coverage_reference", "mean"), documents) == 0


def test_signature():
    assert (
        Fragments().signature(Key("fragments.density", "mean"))
        == "fragments.density|words:unicode|case:lc|search:greedy|source:document|styles:mean|v:1"
    )


@given(st.lists(st.sampled_from("abc"), max_size=12), st.lists(st.sampled_from("abcd"), max_size=12))
def test_fragments_stand_in_both_texts_apart_and_in_order(source, summary):
    found = fragments(summary, source)
    assert [length for _, length in found] == fragment_lengths(summary, source)
    end = 0
    for first, length in found:
        assert set(summary[end:first]).isdisjoint(source)
        end = first + length
        run = summary[first:end]
        assert any(source[at : at + length] == run for at in range(len(source)))
    assert set(summary[end:]).isdisjoint(source)


def test_spans_are_places_in_the_text_as_given():
    text = "CAFE\u0301 in  Mali, 😀 (in Mali)"
    found = Fragments().spans(text, "A café in Mali.")
    assert [(text[start:end], words) for start, end, words in found] == [("CAFE\u0301 in  Mali", 3), ("in Mali", 2)]
    assert Fragments().spans("", "a") == Fragments().spans("a", "") == []
