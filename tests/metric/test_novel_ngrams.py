"""Novel n-grams by hand and against nltk's n-grams."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.util import ngrams as nltk_ngrams

from harness.metric.base import Key
from harness.metric.novel_ngrams import NovelNgrams
from harness.records import References, Summary

pytestmark = pytest.mark.core


def scores(source, summary, *references, style="default", **parameters):
    metric = NovelNgrams(**parameters)
    gold = References(style, texts=references, source=source)
    found = metric.compute(metric.count(gold, None if summary is None else Summary(summary)))
    values = {key.metric.removeprefix("novel_ngrams."): float(value) for key, value in found.items()}
    return {name: None if np.isnan(value) else value for name, value in values.items()}


@pytest.mark.parametrize(
    ("source", "summary", "expected"),
    [
        ("a b c d", "a b c d", [0, 0, 0, 0]),
        ("a b c d", "d c b a", [0, 1, 1, 1]),  # the same words in another order
        ("a b c d", "A b! x", [1 / 3, 1 / 2, 1, None]),  # three words have no 4-gram
        # Distinct n-grams: x counts once, and so does "x x".
        ("a b", "a x x x x", [1 / 2, 1, 1, 1]),
        # Over the document's sentence ends.
        ("One two. Three four.", "two three", [0, 0, None, None]),
        ("他在北京", "他去北京", [1 / 4, 2 / 3, 1, 1]),
        ("a b", "", [None] * 4),
        ("a b", "!", [None] * 4),
        ("a b", None, [None] * 4),
        ("", "a b c d", [None] * 4),
    ],
)
def test_by_hand(source, summary, expected):
    assert list(scores(source, summary).values())[:4] == pytest.approx(expected)


def test_references_stand_beside_and_are_averaged_where_defined():
    found = scores("a b c d", "x", "a b", "a x", "c", orders=(1, 2))
    assert found == {"n1": 1, "n2": None, "n1_reference": pytest.approx(0.5 / 3), "n2_reference": 0.5}


def test_extracts_take_no_part():
    assert set(scores("a b", "a b", "a b", style="extract").values()) == {None}


TEXTS = st.lists(st.sampled_from(["king", "Horse", "hill,", "sold"]), max_size=12).map(" ".join)


@given(TEXTS, TEXTS, st.sampled_from(["unicode", "whitespace"]))
def test_equals_sets_of_nltk(source, summary, mode):
    found = scores(source, summary, words=mode)
    strip = "" if mode == "whitespace" else ","
    given_words, text_words = ([word.strip(strip) for word in text.lower().split()] for text in (summary, source))
    for n in range(1, 5):
        own, known = set(nltk_ngrams(given_words, n)), set(nltk_ngrams(text_words, n))
        expected = len(own - known) / len(own) if own and text_words else None
        assert found[f"n{n}"] == expected
    # A longer n-gram is new wherever a part of it is.
    assert all(found[f"n{n}"] == 1 for n in range(2, 5) if found["n1"] == 1 and found[f"n{n}"] is not None)


def test_orders_are_checked():
    with pytest.raises(ValueError, match="NovelNgrams: orders must be distinct"):
        NovelNgrams(orders=(1, 1))


def test_signature_and_support():
    metric = NovelNgrams(words="whitespace")
    key = Key("novel_ngrams.n2", "mean")
    own = "words:whitespace|case:lc|count:distinct|source:document|styles:mean|v:1"
    assert metric.signature(key) == f"novel_ngrams.n2|{own}"
    assert metric.support(key, metric.count(References("default", source="a"), Summary("a b"))) == 1
    assert metric.support(key, metric.count(References("default", source="a"), Summary("a"))) == 0
