"""Sentences drawn at random."""

from collections import Counter

import pytest

from harness.model.random_sentences import RandomSentences
from harness.records import SummaryInput

pytestmark = pytest.mark.core

SENTENCES = tuple((f"s{number}", f"Sentence {number}.") for number in range(6))


def asked(name, sentences=SENTENCES, **limits):
    return SummaryInput(name, "d", "", "default", sentences, **limits)


def chosen(inputs, **parameters):
    return [answer.sentences for answer in RandomSentences(**parameters).answer(inputs)]


def test_a_draw_hangs_on_seed_and_example_alone():
    inputs = [asked(f"d{number}") for number in range(20)]
    drawn = chosen(inputs)
    assert chosen(inputs[::-1]) == drawn[::-1]
    assert [chosen([one])[0] for one in inputs] == drawn
    assert chosen(inputs, rng_seed=1) != drawn
    assert len(set(drawn)) > 10


def test_draws_are_the_same_on_every_machine():
    assert chosen([asked("d1"), asked("d2")]) == [("s1", "s4", "s5"), ("s0", "s4", "s5")]


def test_draws_are_even():
    counts = Counter(key for one in chosen([asked(f"d{number}") for number in range(1200)], sentences=1) for key in one)
    # 200 each; a count is off by 60 (4.6 standard deviations) less than once in 200,000 draws.
    assert all(abs(counts[key] - 200) < 60 for key, _ in SENTENCES)


def test_text_order_and_limits():
    for sentences in chosen([asked(f"d{number}") for number in range(20)], sentences=4):
        assert list(sentences) == sorted(sentences)
        assert len(set(sentences)) == 4
    assert [len(one) for one in chosen([asked("d", max_words=5)])] == [2]
    assert chosen([asked("d", sentences=())]) == [()]


def test_signature_and_parameters():
    assert RandomSentences(rng_seed=7).signature() == {"kind": "random_sentences", "sentences": 3, "rng_seed": 7}
    assert RandomSentences.gold == "none"
    with pytest.raises(ValueError, match="RandomSentences: sentences must be at least 1"):
        RandomSentences(sentences=-1)
