"""BLEU worked by hand and against nltk; equality with sacrebleu is in test_sacrebleu_counts.py."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nltk.translate.bleu_score import corpus_bleu

from harness.metric.base import Key
from harness.metric.bleu import Bleu
from harness.records import References, Summary

pytestmark = pytest.mark.core


def rows(summary, *references, **parameters):
    metric = Bleu(**parameters)
    found = metric.compute(metric.count(References("default", texts=references), Summary(summary)))
    return [float(found[Key(name, "corpus")]) for name in ("bleu", "bleu.brevity_penalty", "bleu.length_ratio")]


@pytest.mark.parametrize(
    ("summary", "references", "expected"),
    [
        ("a b c d e", ["a b c d e"], [1, 1, 1]),
        # 3 of 4 words, 2 of 3 pairs, 1 of 2 triples; no run of 4 is right, which counts as half of one (exp).
        ("a b c x", ["a b c d"], [(3 / 4 * 2 / 3 * 1 / 2 * 1 / 2) ** 0.25, 1, 1]),
        # All right, but four words of six.
        ("a b c d", ["a b c d e f"], [math.exp(1 - 6 / 4), math.exp(1 - 6 / 4), 4 / 6]),
        # The reference nearest in length counts for the penalty, any reference for an n-gram.
        ("a b c d e", ["a b c d", "b c d e f g h"], [1, 1, 5 / 4]),
        # Two equally near: the shorter.
        ("a b c d e", ["a b c d", "a b c d e f"], [1, 1, 5 / 4]),
        # A word counts as often as one reference has it.
        ("a a a a", ["a b c d", "a a"], [(2 / 4 * 1 / 3 * 1 / 4 * 1 / 4) ** 0.25, 1, 4 / 4]),
        ("x y", ["a b c d"], [0, math.exp(1 - 4 / 2), 2 / 4]),
        ("", ["a b"], [0, 0, 0]),
    ],
)
def test_by_hand(summary, references, expected):
    assert rows(summary, *references) == pytest.approx(expected)


def test_no_reference_length_has_no_ratio():
    assert rows("a b", "") == pytest.approx([0, 1, float("nan")], nan_ok=True)


TOKENS = st.lists(st.sampled_from("abcd"), min_size=4, max_size=10)


@settings(deadline=None)
@given(st.lists(st.tuples(TOKENS, st.lists(TOKENS, min_size=1, max_size=3)), min_size=1, max_size=3))
def test_equals_nltk(corpus):
    metric = Bleu(tokenize="none", smooth_method="none")
    sums = {}
    for summary, references in corpus:
        gold = References("default", texts=tuple(map(" ".join, references)))
        for name, value in metric.count(gold, Summary(" ".join(summary))).items():
            sums[name] = sums.get(name, 0.0) + value
    if any(sums[f"correct{n}"] == 0 for n in range(1, 5)):
        assert metric.compute(sums)[Key("bleu", "corpus")] == 0  # nltk puts a tiny number for log 0
        return
    expected = corpus_bleu([references for _, references in corpus], [summary for summary, _ in corpus])
    assert metric.compute(sums)[Key("bleu", "corpus")] == pytest.approx(expected, abs=1e-12)


def test_without_any_text_every_row_is_undefined():
    zeros = {name: np.zeros(3) for name in Bleu().count(References("default", texts=("a",)), Summary("a"))}
    for found in (Bleu().compute({}), Bleu().compute(zeros)):
        assert all(np.isnan(value).all() for value in found.values())


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"max_ngram_order": 0}, "max_ngram_order must be 1 or more, got 0"),
        ({"smooth_value": 0.1}, "smooth_value is a number from 0 for smooth_method 'floor' or 'add-k'"),
        ({"smooth_method": "floor", "smooth_value": -1.0}, "got -1.0 for 'floor'"),
        ({"smooth_method": "add-k", "smooth_value": float("nan")}, "got nan for 'add-k'"),
    ],
)
def test_parameters_that_cannot_be_meant(parameters, message):
    with pytest.raises(ValueError, match=message):
        Bleu(**parameters)
