"""Texts that stand twice, against a comparison of every text with every other."""

import itertools
import random

import pytest

from harness.gold_tools.audit import texts

pytestmark = pytest.mark.core

LONG = "the quick brown fox jumps over the lazy dog and runs away into the dark forest before night falls"


def test_the_same_words(findings):
    found = findings(
        "text_twice",
        "text_in_two_splits",
        documents=[
            {"id": "a", "text": "It rained, all day long.", "split": "train"},
            {"id": "b", "text": "it rained\nall day LONG", "split": "train"},
            {"id": "c", "text": "It rained all day long!", "split": "test"},
            # Too short to be more than chance.
            {"id": "d", "text": "Thank you.", "split": "test"},
            {"id": "e", "text": "Thank you!", "split": "train"},
        ],
    )
    assert [(one.kind, one.doc) for one in found] == [("text_in_two_splits", "c"), ("text_twice", "b")]
    assert found[0].where.endswith("documents.jsonl:3")
    assert "the same words as 'a' at" in found[0].what
    assert "(split test, the other train)" in found[0].what


def test_most_of_a_text_stands_in_another(findings):
    words = LONG.split()
    found = findings(
        "text_nearly_twice",
        documents=[
            {"id": "whole", "text": LONG},
            {"id": "part", "text": " ".join(words[2:])},
            {"id": "other", "text": " ".join(reversed(words))},
            {"id": "half", "text": " ".join([*words[:9], *(f"new{n}" for n in range(9))])},
        ],
    )
    assert [(one.doc, one.what.split(" at ")[0]) for one in found] == [
        ("part", "100% of its runs of 5 words stand in 'whole'")
    ]


def test_another_split_is_told_first(findings):
    words = LONG.split()
    documents = [
        {"id": "a", "text": " ".join(words), "split": "train"},
        {"id": "b", "text": " ".join([*words, "more"]), "split": "test"},
        {"id": "c", "text": " ".join(words[1:]), "split": "test"},
    ]
    found = findings("text_nearly_twice", "text_in_two_splits", documents=documents)
    assert [(one.kind, one.doc) for one in found] == [("text_in_two_splits", "a"), ("text_in_two_splits", "c")]
    assert "stand in 'a'" in found[1].what


def test_each_text_is_told_once_and_clusters_are_found(findings):
    """Many versions of one text: each but one is told, however many share its runs."""
    words = LONG.split()
    documents = [{"id": f"d{n}", "text": " ".join([f"version{n}", *words])} for n in range(40)]
    found = findings("text_nearly_twice", documents=documents)
    assert len({one.doc for one in found}) == len(found) == 39


@pytest.mark.parametrize("rng_seed", range(8))
def test_no_pair_is_missed(findings, rng_seed):
    rng = random.Random(rng_seed)
    vocabulary = [f"w{n}" for n in range(60)]
    bases = [rng.choices(vocabulary, k=40) for _ in range(4)]
    written = []
    for number in range(24):
        words = list(rng.choice(bases)[rng.randrange(12) :])
        for _ in range(rng.choice([0, 1, 1, 4, 9])):
            words[rng.randrange(len(words))] = f"x{number}"
        written.append(words)
    runs = {n: {tuple(w[i : i + 5]) for i in range(len(w) - 4)} for n, w in enumerate(written)}
    told = {
        one.doc
        for one in findings(
            "text_twice",
            "text_nearly_twice",
            documents=[{"id": f"d{n}", "text": " ".join(words)} for n, words in enumerate(written)],
        )
    }
    within = {
        (a, b)
        for a, b in itertools.permutations(runs, 2)
        if len(runs[a] & runs[b]) >= texts.SHARE * len(runs[a]) and len(runs[a]) >= texts.FEWEST_RUNS
    }
    assert told <= {f"d{a}" for a, _ in within}
    # Of two texts where one lies in the other, one is told: the shorter, or the later of two that are as long.
    for a, b in within:
        assert f"d{a}" in told or f"d{b}" in told


def test_a_sample_is_the_same_for_all_texts(monkeypatch, findings):
    monkeypatch.setattr(texts, "MOST_RUNS", 200)
    words = [f"w{n}" for n in range(900)]
    documents = [{"id": "a", "text": " ".join(words)}, {"id": "b", "text": " ".join(words[100:])}]
    (found,) = findings("text_nearly_twice", documents=documents)
    assert (found.doc, found.what[:4]) == ("b", "100%")
