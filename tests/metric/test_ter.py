"""TER worked by hand; equality with sacrebleu is in test_sacrebleu_counts.py."""

import pytest

from harness.metric.base import Key
from harness.metric.ter import Ter
from harness.records import References, Summary

pytestmark = pytest.mark.core


@pytest.mark.parametrize(
    ("summary", "references", "expected"),
    [
        ("a b c d", ["a b c d"], 0),
        ("a b c", ["a b c d"], 1 / 4),  # one word to insert
        ("a b c d e", ["a b c d"], 1 / 4),  # one to delete
        ("a b x d", ["a b c d"], 1 / 4),  # one to replace
        ("c d a b", ["a b c d"], 1 / 4),  # one run to move
        ("x y", ["a"], 2),  # more edits than words
        ("A B", ["a b"], 0),  # case does not count
        ("a b.", ["a b ."], 2 / 3),  # punctuation belongs to its word: one to replace, one to insert
        # Fewest edits (1, to the second) over the mean length of 5.
        ("a b c d", ["x b c d e f g", "a b c"], 1 / 5),
    ],
)
def test_by_hand(summary, references, expected):
    metric = Ter()
    found = metric.compute(metric.count(References("default", texts=tuple(references)), Summary(summary)))
    assert found[Key("ter", "corpus")] == pytest.approx(expected)


def test_switches():
    def ter(summary, reference, **parameters):
        metric = Ter(**parameters)
        found = metric.compute(metric.count(References("default", texts=(reference,)), Summary(summary)))
        return float(found[Key("ter", "corpus")])

    assert ter("a b.", "a b .", normalized=True) == 0
    assert ter("a b.", "a b", no_punct=True) == 0
    assert ter("A", "a", case_sensitive=True) == 1
    assert ter("北京人", "北京市", normalized=True, asian_support=True) == pytest.approx(1 / 3)
    with pytest.raises(ValueError, match="asian_support has an effect only with normalized or no_punct"):
        Ter(asian_support=True)
