"""TextRank against scikit-learn with networkx, and on documents that have nothing to rank."""

import networkx
import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from harness.model.textrank import Textrank
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


def asked(texts, **limits):
    return SummaryInput("d:1", "d", "", "default", tuple((f"s{n}", text) for n, text in enumerate(texts)), **limits)


def test_the_most_central_sentence_by_hand():
    # The third shares words with all others, which share none with each other: a star and its middle.
    texts = ("red blue", "green grey", "red green black white", "white pink", "black brown")
    (answer,) = Textrank(sentences=1).answer([asked(texts)])
    assert answer.sentences == ("s2",)


@pytest.mark.parametrize("damping", [0.5, 0.85, 0.95])
@pytest.mark.parametrize("sentences", [1, 2, 3, 4, 5])
def test_equals_scikit_learn_and_networkx(damping, sentences):
    vectors = TfidfVectorizer(token_pattern=r"(?u)\w+").fit_transform(TEXTS).toarray()
    weights = vectors @ vectors.T
    np.fill_diagonal(weights, 0)
    scores = networkx.pagerank(networkx.from_numpy_array(weights), alpha=damping, tol=1e-12, max_iter=1000)
    best = sorted(sorted(scores, key=scores.get, reverse=True)[:sentences])
    (answer,) = Textrank(sentences=sentences, damping=damping).answer([asked(TEXTS)])
    assert answer.sentences == tuple(f"s{place}" for place in best)
    assert answer.text.split("\n") == [TEXTS[place] for place in best]


@pytest.mark.parametrize(
    ("texts", "chosen"),
    [
        ((), ()),
        (("Only one.",), ("s0",)),
        # Nothing tells them apart: text order.
        (("Same words.",) * 5, ("s0", "s1")),
        # Sentences without a word are never chosen.
        (("...", "!!!", "???"), ()),
        (("the of and", "is a to", "in it on"), ("s0", "s1")),
        (("...", "red blue", "blue red", "!"), ("s1", "s2")),
        (("...", "red blue", "!"), ("s1",)),
        (("你好", "你好", "再见"), ("s0", "s1")),
    ],
)
def test_nothing_to_rank(texts, chosen):
    (answer,) = Textrank(sentences=2).answer([asked(texts)])
    assert answer.sentences == chosen
    assert answer.bin == "scored"


def test_equal_sentences_keep_text_order_among_others():
    # Each sentence twice: of either pair the earlier is chosen first.
    for number in range(1, 12):
        (answer,) = Textrank(sentences=number).answer([asked(TEXTS + TEXTS)])
        late = [key for key in answer.sentences if int(key[1:]) >= len(TEXTS)]
        assert all(f"s{int(key[1:]) - len(TEXTS)}" in answer.sentences for key in late)


def test_batches_and_order_do_not_matter():
    inputs = [asked(TEXTS), asked(TEXTS[::-1]), asked(TEXTS[:3])]
    model = Textrank()
    answers = model.answer(inputs)
    assert model.answer(inputs[::-1]) == answers[::-1]
    assert [model.answer([one])[0] for one in inputs] == answers


def test_signature_and_parameters():
    assert Textrank().signature() == {"kind": "textrank", "sentences": 3, "damping": 0.85, "tolerance": 1e-10}
    assert Textrank.gold == "none"
    for wrong in ({"sentences": 0}, {"damping": 1.0}, {"tolerance": 0.0}):
        with pytest.raises(ValueError, match=f"Textrank: {next(iter(wrong))} must be at least"):
            Textrank(**wrong)
