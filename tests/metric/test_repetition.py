"""Repeated n-grams and sentences by hand and against nltk's n-grams."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.util import ngrams as nltk_ngrams

from harness.metric.base import Key
from harness.metric.repetition import Repetition
from harness.records import References, Summary

pytestmark = pytest.mark.core

NAMES = ("n1", "n2", "n3", "n4", "sentences")


def scores(summary, *references, style="default", **parameters):
    metric = Repetition(**parameters)
    gold = References(style, texts=references)
    found = metric.compute(metric.count(gold, None if summary is None else Summary(summary)))
    values = {key.metric.removeprefix("repetition."): float(value) for key, value in found.items()}
    return {name: None if np.isnan(value) else value for name, value in values.items()}


@pytest.mark.parametrize(
    ("summary", "expected"),
    [
        ("One two three four five.", [0, 0, 0, 0, 0]),
        ("a a a a", [3 / 4, 2 / 3, 1 / 2, 0, 0]),
        ("a b a b a b", [4 / 6, 3 / 5, 2 / 4, 1 / 3, 0]),
        # The same sentence but for case and punctuation; "it rained" and "rained it" twice each.
        ("It rained. It rained! It poured.", [3 / 6, 2 / 5, 1 / 4, 0, 1 / 3]),
        # Lines are sentences where there are several; one without words is none.
        ("Yes. No\n***\nYes. No\n---", [2 / 4, 1 / 3, 0, 0, 1 / 2]),
        ("下雨了。下雨了。", [3 / 6, 2 / 5, 1 / 4, 0, 1 / 2]),
        ("one", [0, None, None, None, 0]),
        ("", [None] * 5),
        ("?!", [None] * 5),
        (None, [None] * 5),
    ],
)
def test_by_hand(summary, expected):
    found = scores(summary)
    assert [found[name] for name in NAMES] == pytest.approx(expected)


def test_references_stand_beside_and_are_averaged_where_defined():
    found = scores(None, "a a", "b", orders=(1, 2))
    assert found == {
        "n1": None,
        "n2": None,
        "sentences": None,
        "n1_reference": 0.25,
        "n2_reference": 0,
        "sentences_reference": 0,
    }


def test_extracts_take_no_part():
    assert set(scores("a a", "a a", style="extract").values()) == {None}


@given(st.lists(st.sampled_from(["king", "horse", "hill"]), max_size=12))
def test_equals_counts_of_nltk(tokens):
    found = scores(" ".join(tokens))
    for n in range(1, 5):
        counted = Counter(nltk_ngrams(tokens, n))
        # Every occurrence but the first of each repeats.
        expected = sum(times - 1 for times in counted.values()) / counted.total() if counted else None
        assert found[f"n{n}"] == expected


@given(st.lists(st.sampled_from(["king", "horse", "hill"]), min_size=4, max_size=12))
def test_a_text_twice_over_repeats_at_least_half(tokens):
    found = scores("\n".join([" ".join(tokens)] * 2))
    assert found["sentences"] == 0.5
    assert found["n1"] >= 0.5
    assert all(0 <= value < 1 for name, value in found.items() if "_" not in name)


def test_orders_are_checked():
    with pytest.raises(ValueError, match="Repetition: orders must be distinct"):
        Repetition(orders=())


def test_signature_and_support():
    metric = Repetition()
    assert metric.signature(Key("repetition.n4", "mean")) == "repetition.n4|words:unicode|case:lc|styles:mean|v:1"
    assert (
        metric.signature(Key("repetition.sentences", "mean"))
        == "repetition.sentences|words:unicode|case:lc|split:sentences|styles:mean|v:1"
    )
    counts = metric.count(References("default", texts=("a",)), Summary("a b"))
    assert metric.support(Key("repetition.n2", "mean"), counts) == 1
    assert metric.support(Key("repetition.n2_reference", "mean"), counts) == 0
