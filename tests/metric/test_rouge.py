"""ROUGE against hand-worked tables and the package rouge_score."""

import random
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from harness.metric.base import Key
from harness.metric.rouge import Rouge
from harness.records import References, Summary

pytestmark = pytest.mark.core

TYPES = ("rouge1", "rouge2", "rougeL", "rougeLsum")
PARTS = ("precision", "recall", "f1")
NAMES = [f"{name}.{part}" for name in TYPES for part in PARTS]


def gold(*texts, style="default"):
    return References(style, texts=texts)


def one(metric, references, text):
    """Scores of one summary as {row: value}."""
    counts = metric.count(references, None if text is None else Summary(text))
    return {key.metric: float(value) for key, value in metric.compute(counts).items()}


@pytest.mark.parametrize(
    ("reference", "summary", "rouge1", "rouge2", "lcs", "lcs_sum"),
    [
        # Each score as (hits, n-grams of the summary, n-grams of the reference).
        ("the cat sat", "the cat sat", (3, 3, 3), (2, 2, 2), (3, 3, 3), (3, 3, 3)),
        ("the cat sat", "a dog", (0, 2, 3), (0, 1, 2), (0, 2, 3), (0, 2, 3)),
        # Clipped: the summary's second and third `the` are not in the reference.
        ("the cat", "the the the", (1, 3, 2), (0, 2, 1), (1, 3, 2), (1, 3, 2)),
        # Stemmed: walking = walks = walk; `is` and `was` are no stems of each other (rouge_score has no such table).
        ("he is walking", "he was walks", (2, 3, 3), (0, 2, 2), (2, 3, 3), (2, 3, 3)),
        # Order matters to the longest common subsequence, not to single words.
        ("one two three four", "four three two one", (4, 4, 4), (0, 3, 3), (1, 4, 4), (1, 4, 4)),
        # Two sentences in another order: whole texts share 3 words in order, sentence by sentence all 6 do.
        ("He ran off. Cats eat fish.", "Cats eat fish. He ran off.", (6, 6, 6), (4, 5, 5), (3, 6, 6), (6, 6, 6)),
        # The union over the summary's lines (Lin 2004, section 3.2, lines swapped): w1 w3 w5 of one and w1 w2 of the
        # other are four of the reference's five words; the summary as a whole has only three of them in order.
        ("w1 w2 w3 w4 w5", "w1 w3 w8 w9 w5\nw1 w2 w6 w7", (4, 9, 5), (1, 8, 4), (3, 9, 5), (4, 9, 5)),
        # Case, punctuation and hyphens are no words; a dollar sign is none either.
        ("Once-vibrant, $5!", "once vibrant 5", (3, 3, 3), (2, 2, 2), (3, 3, 3), (3, 3, 3)),
        # Letters outside a-z part words: `café` is `caf`.
        ("café", "caf", (1, 1, 1), (0, 0, 0), (1, 1, 1), (1, 1, 1)),
        # One side without words: 0, whatever the other says.
        ("the cat", "", (0, 0, 2), (0, 0, 1), (0, 0, 2), (0, 0, 2)),
        ("", "the cat", (0, 2, 0), (0, 1, 0), (0, 2, 0), (0, 2, 0)),
        ("...", "the cat", (0, 2, 0), (0, 1, 0), (0, 2, 0), (0, 2, 0)),
        # One word has no bigram: rouge_score calls that 0, and so does a dialect that copies it.
        ("yes", "yes", (1, 1, 1), (0, 0, 0), (1, 1, 1), (1, 1, 1)),
    ],
)
def test_hand_worked(reference, summary, rouge1, rouge2, lcs, lcs_sum):
    expected = {}
    for name, (hits, predicted, wanted) in zip(TYPES, (rouge1, rouge2, lcs, lcs_sum), strict=True):
        values = (hits / max(predicted, 1), hits / max(wanted, 1), 2 * hits / max(predicted + wanted, 1))
        expected |= {f"{name}.{part}": value for part, value in zip(PARTS, values, strict=True)}
    assert one(Rouge(), gold(reference), summary) == pytest.approx(expected, abs=1e-15)


def test_no_answer_is_an_empty_summary():
    assert Rouge().count(gold("the cat"), None) == Rouge().count(gold("the cat"), Summary(""))
    assert one(Rouge(), gold("the cat"), None) == dict.fromkeys(NAMES, 0.0)


@pytest.mark.parametrize(
    ("reference", "summary"),
    [("", ""), ("", None), (" \n", "..."), ("Это кот.", "Это кот."), ("你好", "ไทย"), ("😀", "")],
)
def test_both_sides_without_words_are_undefined(reference, summary):
    # rouge_score has 0 here: a Cyrillic text would fail against itself.
    assert all(np.isnan(value) for value in one(Rouge(), gold(reference), summary).values())


def test_extracts_and_styles_without_texts_take_no_part():
    assert Rouge().count(References("extract", extracts=(("s1",),)), Summary("a b", sentences=("s1",))) == {}
    assert Rouge().count(References("extract", texts=("a b",)), Summary("a b")) == {}
    assert Rouge().count(References("default"), Summary("a b")) == {}


def test_best_reference_is_chosen_type_by_type():
    # The first reference has the better words, the second the better pairs of words.
    references = gold("d c b a", "a b x y z v w")
    assert one(Rouge(), references, "a b c d")["rouge1.f1"] == 1.0
    assert one(Rouge(), references, "a b c d")["rouge2.f1"] == pytest.approx(2 * 1 / (3 + 6))
    # Precision and recall are those of the reference that was chosen, not their own maxima.
    assert one(Rouge(), gold("a b", "a b c d e f"), "a b c d")["rouge1.precision"] == 1.0
    assert one(Rouge(), gold("a b", "a b c d e f"), "a b c d")["rouge1.recall"] == pytest.approx(4 / 6)


def test_mean_over_references():
    scores = one(Rouge(refs="mean"), gold("a b", "c d"), "a b")
    assert scores["rouge1.precision"] == scores["rouge1.recall"] == scores["rouge1.f1"] == 0.5
    # The mean is one of F1s, not the F1 of mean P and R.
    assert one(Rouge(refs="mean"), gold("a b", "a b c d e f"), "a b")["rouge1.f1"] == pytest.approx((1 + 2 * 2 / 8) / 2)


@pytest.mark.parametrize("refs", ["max", "mean"])
def test_a_reference_without_words_is_left_out_only_beside_an_empty_summary(refs):
    assert one(Rouge(refs=refs), gold("a b", ""), "")["rouge1.f1"] == 0.0
    assert one(Rouge(refs=refs), gold("a b", ""), "a b")["rouge1.f1"] == (1.0 if refs == "max" else 0.5)


def test_stemming_is_a_parameter():
    assert one(Rouge(stem=False), gold("walking"), "walked")["rouge1.f1"] == 0.0
    assert one(Rouge(stem=True), gold("walking"), "walked")["rouge1.f1"] == 1.0


def test_sentences_before_rouge_lsum():
    reference, summary = "He ran off. Cats eat fish.", "Cats eat fish. He ran off."
    assert one(Rouge(split="newline"), gold(reference), summary)["rougeLsum.f1"] == pytest.approx(0.5)
    assert one(Rouge(split="sentences"), gold(reference), summary)["rougeLsum.f1"] == 1.0
    # A text's own line breaks are kept: with both sentences on one line of each, they are in the wrong order again.
    assert one(Rouge(), gold(reference + "\nMice"), summary + "\nDogs")["rougeLsum.recall"] == pytest.approx(3 / 7)
    # Windows line ends are line breaks, and one at the end marks no sentence.
    assert one(Rouge(), gold("He ran\r\nCats eat"), "Cats eat\r\nHe ran")["rougeLsum.f1"] == 1.0
    assert one(Rouge(), gold(reference + "\n"), summary + "\n")["rougeLsum.f1"] == 1.0


@pytest.mark.parametrize("types", [(), ("rouge",), ("rouge0",), ("rouge10",), ("rougel",), ("rouge1", "rouge1")])
def test_unknown_types_are_refused(types):
    with pytest.raises(ValueError, match="Rouge: types must be distinct names among 'rouge1' to 'rouge9'"):
        Rouge(types=types)


def test_types_choose_the_rows():
    metric = Rouge(types=("rougeLsum", "rouge3"))
    assert [key.metric for key in metric.compute(metric.count(gold("a b c"), Summary("a b c")))] == [
        *(f"rougeLsum.{part}" for part in PARTS),
        *(f"rouge3.{part}" for part in PARTS),
    ]


def test_rows_signature_and_support():
    metric = Rouge()
    counts = metric.count(gold("a b"), Summary("a"))
    assert list(metric.compute(counts)) == [Key(name, "mean", "all") for name in NAMES]
    key = Key("rouge2.f1", "mean")
    assert metric.signature(key) == "rouge2.f1|mode:rouge_score|stem:yes|refs:max|split:sentences|v:1"
    other = Rouge(stem=False, refs="mean", split="newline")
    assert other.signature(key) == "rouge2.f1|mode:rouge_score|stem:no|refs:mean|split:newline|v:1"
    assert metric.support(key, counts) == 1
    assert metric.support(key, {}) == 0


def test_mean_over_documents_whose_styles_are_averaged_first():
    metric = Rouge(types=("rouge1",))
    # Document 1 has two styles (F1 1 and 0), document 2 one (F1 1), document 3 one that is undefined.
    examples = [
        [metric.count(gold("a"), Summary("a")), metric.count(gold("a"), None)],
        [metric.count(gold("a"), Summary("a"))],
        [metric.count(gold(""), None)],
    ]
    sums = {
        name: np.array([sum(counts.get(name, 0.0) for counts in document) for document in examples])
        for name in ("n", "rouge1.precision", "rouge1.recall", "rouge1.f1")
    }
    documents = metric.per_document(sums)
    assert list(documents["rouge1.f1"]) == [0.5, 1.0, 0.0]
    assert list(documents["n"]) == [1.0, 1.0, 0.0]
    summed = {name: values.sum() for name, values in documents.items()}
    assert metric.compute(summed)[Key("rouge1.f1", "mean")] == 0.75
    assert metric.support(Key("rouge1.f1", "mean"), summed) == 2
    # Elementwise on resampled sums, undefined where only the undefined document was drawn.
    draws = {name: np.array([[values[0], values[2]]]) for name, values in documents.items()}
    np.testing.assert_array_equal(metric.compute(draws)[Key("rouge1.f1", "mean")], [[0.5, np.nan]])


def parity_pairs():
    """Pairs of texts that share words, with everything a tokenizer or stemmer may trip over."""
    draw = random.Random(20260)
    words = ["the", "running", "runs", "ran", "relational", "sky", "skies", "dying", "3.5", "U.S.", "café", "don't"]
    words += [
        "Über",
        "İstanbul",
        "\u212aelvin",
        "naïve-looking",
        "x",
        "ponies",
        "caresses",
        "12,000",
        "😀",
        "\x85",
        "e\u0301",
    ]
    words += ["\x85", "e\u0301", ". ", "! ", "\n", "\r\n", "\n\n", " \u2028"]
    for _ in range(400):
        reference = [draw.choice(words) for _ in range(draw.randrange(30))]
        summary = [draw.choice(words) if draw.random() < 0.5 else word for word in reference][: draw.randrange(30)]
        draw.shuffle(summary)
        yield " ".join(reference), " ".join(summary)


@pytest.mark.parametrize("stem", [True, False])
def test_equals_rouge_score(stem):
    metric = Rouge(stem=stem, split="newline")
    oracle = RougeScorer(list(TYPES), use_stemmer=stem)
    compared = 0
    for reference, summary in parity_pairs():
        counts = metric.count(gold(reference), Summary(summary))
        if not counts:
            continue
        for name, score in oracle.score(reference, summary).items():
            assert [counts[f"{name}.{part}"] for part in PARTS] == pytest.approx(list(score), abs=1e-12, rel=0)
        compared += 1
    assert compared > 300


def test_equals_rouge_score_with_several_references():
    metric = Rouge(split="newline")
    oracle = RougeScorer(list(TYPES), use_stemmer=True)
    pairs = list(parity_pairs())
    for (first, summary), (second, _), (third, _) in zip(pairs[:100], pairs[100:200], pairs[200:300], strict=True):
        counts = metric.count(gold(first, second, third), Summary(summary + " end"))
        for name, score in oracle.score_multi([first, second, third], summary + " end").items():
            assert [counts[f"{name}.{part}"] for part in PARTS] == pytest.approx(list(score), abs=1e-12, rel=0)


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=40), st.text(max_size=40))
def test_equals_rouge_score_on_any_text(reference, summary):
    counts = Rouge(split="newline").count(gold(reference), Summary(summary))
    for name, score in RougeScorer(list(TYPES), use_stemmer=True).score(reference, summary).items():
        assert [counts.get(f"{name}.{part}", 0.0) for part in PARTS] == pytest.approx(list(score), abs=1e-12, rel=0)


TEXTS = st.lists(st.sampled_from(["a", "b", "cat", "cats", "Mr.", "No.", ". ", "! ", "\n", '"', "U.S."]), max_size=15)


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_splitting_moves_rouge_lsum_alone(reference, summary):
    texts = gold(" ".join(reference)), Summary(" ".join(summary))
    split, whole = Rouge().count(*texts), Rouge(split="newline").count(*texts)
    assert split.keys() == whole.keys()
    for name in split:
        assert name.startswith("rougeLsum") or split[name] == whole[name]


@settings(deadline=None)
@given(TEXTS)
def test_a_reference_against_itself_is_perfect(words):
    text = " ".join(words) + " two words"
    assert one(Rouge(), gold(text), text) == pytest.approx(dict.fromkeys(NAMES, 1.0))


def test_lone_surrogates_do_no_harm():
    assert one(Rouge(), gold("the cat\udcff sat. It ran."), "the cat\ud800 sat. It ran.")["rougeLsum.f1"] == 1.0


def test_falls_back_to_rouge_score(monkeypatch):
    pairs = [(gold(reference), Summary(summary)) for reference, summary in list(parity_pairs())[:50]]
    fast = [Rouge().count(*pair) for pair in pairs]
    # None in sys.modules makes the import fail as if the package were not there.
    monkeypatch.setitem(sys.modules, "rouge_score_rs", None)
    metric = Rouge()
    assert type(metric._scorer).__module__ == "rouge_score.rouge_scorer"
    for counts, pair in zip(fast, pairs, strict=True):
        assert metric.count(*pair) == pytest.approx(counts, abs=1e-12, rel=0)


def test_rouge_score_is_not_imported_while_the_fast_package_is_there():
    code = """
import sys
from harness.metric.rouge import Rouge
from harness.records import References, Summary
assert Rouge().count(References("default", texts=("a b",)), Summary("a b"))["rougeLsum.f1"] == 1.0
slow = {"rouge_score", "nltk", "absl"} & set(sys.modules)
sys.exit(f"imported: {sorted(slow)}" if slow else 0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
