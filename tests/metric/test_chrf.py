"""chrF++ worked by hand; equality with sacrebleu is in test_sacrebleu_counts.py."""

import pytest

from harness.metric.base import Key
from harness.metric.chrf import Chrf
from harness.records import References, Summary

pytestmark = pytest.mark.core


def chrf(summary, *references, **parameters):
    metric = Chrf(**parameters)
    found = metric.compute(metric.count(References("default", texts=references), Summary(summary)))
    return float(found[Key("chrf" + "+" * metric.word_order, "corpus")])


@pytest.mark.parametrize(
    ("summary", "references", "parameters", "expected"),
    [
        ("The cat.", ["The cat."], {}, 1),
        # Characters alone: abc against abd, 2 of 3 right on both sides.
        ("abc", ["abd"], {"char_order": 1, "word_order": 0}, 2 / 3),
        # Pairs as well: 1 of 2; P = R = (2/3 + 1/2) / 2.
        ("abc", ["abd"], {"char_order": 2, "word_order": 0}, 7 / 12),
        # P = 1, R = 2/4, and recall weighs twice: 5 P R / (4 P + R).
        ("ab", ["abcd"], {"char_order": 1, "word_order": 0}, 5 * 0.5 / 4.5),
        ("ab", ["abcd"], {"char_order": 1, "word_order": 0, "beta": 1}, 2 * 0.5 / 1.5),
        # Words as one more order: characters 4 of 5, words 1 of 2.
        ("ab cdx", ["ab cdy"], {"char_order": 1, "word_order": 1}, (4 / 5 + 1 / 2) / 2),
        # White space is no character unless asked for; punctuation is a word of its own.
        ("a b", ["ab"], {"char_order": 1, "word_order": 0}, 1),
        ("a b", ["ab"], {"char_order": 1, "word_order": 0, "whitespace": True}, 5 * 2 / 3 / (4 * 2 / 3 + 1)),
        ("A", ["a"], {}, 0),
        ("A", ["a"], {"lowercase": True}, 1),
        # The better of two references.
        ("abc", ["xyz", "abd"], {"char_order": 1, "word_order": 0}, 2 / 3),
        ("北京", ["北京"], {}, 1),
    ],
)
def test_by_hand(summary, references, parameters, expected):
    assert chrf(summary, *references, **parameters) == pytest.approx(expected)


def test_the_row_says_how_many_word_orders():
    rows = [next(iter(Chrf(word_order=n).compute({}))).metric for n in range(3)]
    assert rows == ["chrf", "chrf+", "chrf++"]


@pytest.mark.parametrize("parameters", [{"char_order": 0}, {"word_order": -1}, {"beta": 0}])
def test_parameters_that_cannot_be_meant(parameters):
    with pytest.raises(ValueError, match=r"Chrf: \w+ must be \d or more, got"):
        Chrf(**parameters)
