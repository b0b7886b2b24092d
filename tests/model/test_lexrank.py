"""LexRank against its paper's formulas with networkx, and on documents that have nothing to rank."""

import math
import re
from collections import Counter

import networkx
import numpy as np
import pytest

from harness.model.lexrank import Lexrank
from harness.records import SummaryInput

pytestmark = pytest.mark.core

TEXTS = (
    "The council met on Monday to discuss the new bridge.",
    "Weather was fine.",
    "The new bridge will cost the council four million euros.",
    "A spokesman said the council had discussed the bridge and its cost for years.",
    "Opponents of the bridge say that ferries cost less.",
    "Ferries leave at noon.",
)


def asked(texts):
    return SummaryInput("d:1", "d", "", "default", tuple((f"s{n}", text) for n, text in enumerate(texts)))


def order(texts, **parameters):
    """All sentences, best first, read off the summaries of 1, 2, 3, ... sentences."""
    found = []
    for number in range(1, len(texts) + 1):
        (answer,) = Lexrank(sentences=number, **parameters).answer([asked(texts)])
        found += [int(key[1:]) for key in answer.sentences if int(key[1:]) not in found]
    return found


def expected_order(texts, threshold, damping):
    """The same by the paper's formulas (its d is 1 - damping), pair by pair."""
    words = [Counter(re.findall(r"\w+", text.lower())) for text in texts]
    idf = {word: math.log(len(texts) / sum(word in row for row in words)) for row in words for word in row}
    weights = np.zeros((len(texts), len(texts)))
    for i, x in enumerate(words):
        for j, y in enumerate(words):
            lengths = math.prod(math.sqrt(sum((row[word] * idf[word]) ** 2 for word in row)) for row in (x, y))
            cosine = sum(x[word] * y[word] * idf[word] ** 2 for word in x) / lengths
            weights[i, j] = cosine if threshold is None else float(cosine > threshold)
    graph = networkx.from_numpy_array(weights, create_using=networkx.DiGraph)
    scores = networkx.pagerank(graph, alpha=damping, tol=1e-13, max_iter=1000)
    return sorted(scores, key=lambda node: (-round(scores[node], 8), node))


@pytest.mark.parametrize("threshold", [None, 0.0, 0.02, 0.1, 0.2])
@pytest.mark.parametrize("damping", [0.5, 0.85])
def test_equals_the_paper(threshold, damping):
    assert order(TEXTS, threshold=threshold, damping=damping) == expected_order(TEXTS, threshold, damping)


def test_the_threshold_moves_the_order():
    assert len({tuple(order(TEXTS, threshold=threshold)) for threshold in (None, 0.02, 0.1)}) > 1


@pytest.mark.parametrize("threshold", [None, 0.1])
@pytest.mark.parametrize(
    ("texts", "chosen"),
    [
        ((), ()),
        # One sentence: every word is in every sentence and weighs nothing.
        (("Only one.",), ("s0",)),
        (("Same words.",) * 5, ("s0", "s1")),
        (("...", "!!!", "???"), ()),
        (("the of and", "is a to", "in it on"), ("s0", "s1")),
    ],
)
def test_nothing_to_rank(texts, chosen, threshold):
    (answer,) = Lexrank(sentences=2, threshold=threshold).answer([asked(texts)])
    assert answer.sentences == chosen
    assert answer.bin == "scored"


def test_signature_and_parameters():
    assert Lexrank().signature() == {
        "kind": "lexrank",
        "sentences": 3,
        "threshold": 0.1,
        "damping": 0.85,
        "tolerance": 1e-10,
    }
    assert Lexrank.gold == "none"
    for wrong in ({"sentences": 0}, {"damping": 1.0}, {"tolerance": 0.0}, {"threshold": 1.0}, {"threshold": -0.1}):
        with pytest.raises(ValueError, match=f"Lexrank: {next(iter(wrong))} must be at least"):
            Lexrank(**wrong)
