"""ROUGE against hand-worked tables and the package rouge_score."""

import random
import re
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from harness.metric import rouge
from harness.metric.base import Key
from harness.metric.rouge import Rouge
from harness.records import References, Summary
from tests.metric.test_span_batch import states

pytestmark = pytest.mark.core

# The same sentence, more or less, in scripts that rouge_score finds no words in.
SAMPLES = {
    "russian": "Правительство объявило новые меры. Ёлка стоит.",
    "arabic": "أعلنت الحكومة عن تدابيرَ جديدةٍ اليوم.",
    "hindi": "सरकार ने आज नए उपायों की घोषणा की। हिन्दी में।",
    "thai": "รัฐบาลประกาศมาตรการใหม่วันนี้",
    "chinese": "中国政府今天宣布了新的措施。记者报道。",
    "japanese": "政府は新しいコンピューター措置を発表した。",
    "korean": "정부는 새로운 조치를 발표했다.",
    "greek": "Η κυβέρνηση ανακοίνωσε νέα μέτρα.",
}

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


@pytest.mark.parametrize("mode", ["rouge_score", "rouge155", "unicode"])
def test_stray_newlines_move_nothing(mode):
    """A text scores the same with and without a newline after each sentence; in rouge_score it does not."""
    reference = ["The king sold his old horse.", "It rained all day in Paris.", "Nobody came."]
    summary = ["It rained in Paris all day.", "The king sold a horse."]
    metric = Rouge(mode=mode)
    breaks = (" ", "\n", "\r\n", "\n\n", " \n ")
    found = [
        one(metric, gold(left.join(reference) + end), right.join(summary) + end)
        for left in breaks
        for right in breaks
        for end in ("", "\n")
    ]
    assert all(scores == found[0] for scores in found)
    # Four words of each of the first two sentences come back in order; of the whole, four.
    assert found[0]["rougeLsum.recall"] == pytest.approx(8 / 14, abs=1e-5)
    assert found[0]["rougeL.recall"] == pytest.approx(4 / 14, abs=1e-5)
    oracle = RougeScorer(["rougeLsum"])
    lines, line = (oracle.score(mark.join(reference), mark.join(summary))["rougeLsum"].recall for mark in ("\n", " "))
    assert lines == 8 / 14
    assert line == 4 / 14


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
    # The table of irregular words moves the number, so its hash is told wherever it is used.
    perl = Rouge(mode="rouge155", refs="pooled")
    table = "exceptions:6f0d6873"
    assert perl.signature(key) == f"rouge2.f1|mode:rouge155|stem:yes|{table}|refs:pooled|split:sentences|v:1"
    bare = Rouge(mode="unicode", stem=False, refs="jackknife")
    assert bare.signature(key) == "rouge2.f1|mode:unicode|stem:no|refs:jackknife|split:sentences|v:1"
    assert metric.support(key, counts) == 1
    assert metric.support(key, {}) == 0


def test_a_suffix_keeps_the_rows_of_several_modes_apart():
    metric = Rouge(types=("rouge1", "rougeLsum"), suffix="_155")
    counts = metric.count(gold("a b"), Summary("a"))
    rows = [f"{name}_155.{part}" for name in ("rouge1", "rougeLsum") for part in PARTS]
    assert [key.metric for key in metric.compute(counts)] == rows
    assert [metric.support(key, counts) for key in metric.compute(counts)] == [1] * 6
    assert metric.signature(Key("rouge1_155.f1", "mean")).startswith("rouge1_155.f1|mode:rouge_score|")
    with pytest.raises(ValueError, match=r"Rouge: suffix must be letters, digits and underscores, got '\.x'"):
        Rouge(suffix=".x")


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


# A summary, its references, and what ROUGE-1.5.5 (Perl 5.36, -z SPL) printed of it: precision, recall and F of
# ROUGE-1, ROUGE-2 and ROUGE-L.
PERL_CASES = {
    "sentences": (
        "Police killed the gunman.\nThe children were in the basement.\n",
        "The gunman was shot by police.\nIn the basement the child hid.",
        "Officers kill a gunman, children safe",
        "The children ran.\nThe best professionals were there.",
    ),
    "union": ("w1 w3 w8 w9 w5\nw1 w2 w6 w7", "w1 w2 w3 w4 w5"),
    "clipped": ("the the the cat\nthe cat", "the cat sat\nthe mat", "a dog\nno cat, the end"),
    "bytes": ("Once-vibrant cafés, $5 Müller \u212aelvin", "once vibrant cafe s 5 m ller elvin", ""),
    "stems": (
        "men ran better departmental comics",
        "man run fast depart comic strip",
        "man runs better\nthe departments' comics",
    ),
}
PERL_SCORES = [
    ("sentences", True, "pooled", ".50000 .57692 .53571  .18519 .21739 .20000  .40000 .46154 .42857"),
    # 13 of 30 and 13 of 26: F would be .46429, were it not made of P and R as printed.
    ("sentences", False, "pooled", ".43333 .50000 .46428  .14815 .17391 .16000  .36667 .42308 .39286"),
    # The best reference of one type need not be that of another.
    ("sentences", True, "best_recall", ".80000 .66667 .72727  .44444 .36364 .40000  .30000 .50000 .37500"),
    ("sentences", False, "best_recall", ".70000 .58333 .63636  .33333 .27273 .30000  .40000 .50000 .44444"),
    ("union", True, "pooled", ".44444 .80000 .57142  .12500 .25000 .16667  .44444 .80000 .57142"),
    ("union", True, "max", ".44444 .80000 .57142  .12500 .25000 .16667  .44444 .80000 .57142"),
    ("clipped", True, "pooled", ".41667 .45455 .43479  .20000 .22222 .21053  .33333 .36364 .34783"),
    ("clipped", True, "best_recall", ".50000 .60000 .54545  .20000 .25000 .22222  .50000 .60000 .54545"),
    # A reference without a word has no n-grams, but the summary's are counted against it.
    ("bytes", True, "pooled", ".43750 .87500 .58333  .35714 .71429 .47619  .43750 .87500 .58333"),
    ("bytes", True, "best_recall", ".87500 .87500 .87500  .71429 .71429 .71429  .87500 .87500 .87500"),
    ("stems", True, "pooled", ".40000 .33333 .36363  .12500 .10000 .11111  .40000 .33333 .36363"),
    ("stems", False, "pooled", ".20000 .16667 .18182  .00000 .00000 .00000  .20000 .16667 .18182"),
    ("stems", True, "best_recall", ".60000 .50000 .54545  .25000 .20000 .22222  .60000 .50000 .54545"),
]


@pytest.mark.parametrize(("case", "stem", "refs", "printed"), PERL_SCORES)
def test_equals_what_the_perl_script_printed(case, stem, refs, printed):
    summary, *references = PERL_CASES[case]
    types = ("rouge1", "rouge2", "rougeLsum")
    scores = one(Rouge(mode="rouge155", types=types, stem=stem, refs=refs, split="newline"), gold(*references), summary)
    assert [scores[f"{name}.{part}"] for name in types for part in PARTS] == [float(value) for value in printed.split()]


def table_of(reference, summary):
    lengths = [[0] * (len(summary) + 1) for _ in range(len(reference) + 1)]
    for i, left in enumerate(reference):
        for j, right in enumerate(summary):
            lengths[i + 1][j + 1] = lengths[i][j] + 1 if left == right else max(lengths[i][j + 1], lengths[i + 1][j])
    return lengths


def hits_of(name, reference, summary):
    """Hits of a type, worked out from the definition; texts are lists of sentences, and these lists of words."""
    if name == "rougeLsum":
        left, hits = Counter(flat(summary)), 0
        for sentence in reference:
            union = set()
            for other in summary:
                lengths, i, j = table_of(sentence, other), len(sentence), len(other)
                while i and j:
                    if sentence[i - 1] == other[j - 1]:
                        i, j = i - 1, j - 1
                        union.add(i)
                    elif lengths[i - 1][j] >= lengths[i][j - 1]:
                        i -= 1
                    else:
                        j -= 1
            for place in sorted(union):
                if left[sentence[place]]:
                    left[sentence[place]] -= 1
                    hits += 1
        return hits
    reference, summary = flat(reference), flat(summary)
    if name == "rougeL":
        return table_of(reference, summary)[-1][-1]
    return sum((Counter(grams(name, reference)) & Counter(grams(name, summary))).values())


def f1_of(precision, recall):
    return 2 * precision * recall / (precision + recall) if precision else 0.0


def script_scores(precision, recall):
    """Precision, recall and F1 as ROUGE-1.5.5 prints them and goes on with."""
    precision, recall = float(f"{precision:.5f}"), float(f"{recall:.5f}")
    return precision, recall, float(f"{f1_of(precision, recall):.5f}")


def flat(sentences):
    return [word for sentence in sentences for word in sentence]


def grams(name, words):
    n = int(name[5:]) if name[5:].isdigit() else 1
    return list(zip(*(words[first:] for first in range(n)), strict=False))


WORDS = {
    "unicode": ["кот", "Кот", "мышь", "ёж", "中", "国", "ไ", "Müller", "möller", "a", "42"],
    "rouge155": ["cat", "Cat", "mouse", "hog", "a", "42", "x", "xy"],
}
TEXT = st.lists(st.lists(st.integers(0, 7), min_size=1, max_size=7), min_size=1, max_size=4)


@pytest.mark.parametrize("mode", ["rouge155", "unicode"])
@settings(deadline=None, max_examples=60)
@given(references=st.lists(TEXT, min_size=1, max_size=4), summary=TEXT)
def test_every_policy_from_the_definition(mode, references, summary):
    types = ("rouge1", "rouge2", "rouge3", "rougeL", "rougeLsum")
    vocabulary = WORDS[mode]

    def texts(numbers):
        return "\n".join(" ".join(vocabulary[number] for number in line) for line in numbers)

    def words(numbers):
        return [[vocabulary[number].casefold() for number in line] for line in numbers]

    expected = {}
    for name in types:
        given = len(grams(name, flat(words(summary))))
        counted = [
            (hits_of(name, words(text), words(summary)), len(grams(name, flat(words(text))))) for text in references
        ]
        if mode == "unicode" and not given:
            counted = [(hits, wanted) for hits, wanted in counted if wanted]
        exact = [(hits / max(given, 1), hits / max(wanted, 1)) for hits, wanted in counted]
        scores = [script_scores(*pair) if mode == "rouge155" else (*pair, f1_of(*pair)) for pair in exact]
        if not scores:
            expected[name] = dict.fromkeys(("max", "mean", "jackknife", "pooled", "best_recall"), (np.nan,) * 3)
            continue
        others = [scores[:n] + scores[n + 1 :] for n in range(len(scores))] if len(scores) > 1 else [scores]
        hits, wanted = (sum(values) for values in zip(*counted, strict=True))
        pooled = hits / max(given * len(counted), 1), hits / max(wanted, 1)
        expected[name] = {
            "max": max(scores, key=lambda score: score[2]),
            "mean": np.mean(scores, axis=0),
            "jackknife": np.mean([max(some, key=lambda score: score[2]) for some in others], axis=0),
            "pooled": script_scores(*pooled) if mode == "rouge155" else (*pooled, f1_of(*pooled)),
            "best_recall": max(scores, key=lambda score: score[1]),
        }
    for refs in ("max", "mean", "jackknife", "pooled", "best_recall"):
        metric = Rouge(mode=mode, types=types, stem=False, refs=refs, split="newline")
        found = one(metric, gold(*map(texts, references)), texts(summary))
        for name in types:
            assert [found[f"{name}.{part}"] for part in PARTS] == pytest.approx(
                list(expected[name][refs]), abs=1e-12, nan_ok=True
            )


@pytest.mark.parametrize("refs", ["jackknife", "pooled", "best_recall"])
def test_further_policies_in_mode_rouge_score(refs):
    metric, oracle = Rouge(refs=refs, split="newline"), RougeScorer(list(TYPES), use_stemmer=True)
    pairs = list(parity_pairs())
    for (first, summary), (second, _), (third, _) in zip(pairs[:60], pairs[100:160], pairs[200:260], strict=True):
        references, summary = [f"{text} end" for text in (first, second, third)], summary + " end"
        counts = metric.count(gold(*references), Summary(summary))
        for name in TYPES:
            scores = [oracle.score(text, summary)[name] for text in references]
            if refs == "jackknife":
                # The best of each two; the mean of the three.
                leave_one_out = ((1, 2), (0, 2), (0, 1))
                best = [max((scores[i], scores[j]), key=lambda score: score.fmeasure) for i, j in leave_one_out]
                expected = np.mean(best, axis=0)
            elif refs == "best_recall":
                expected = max(scores, key=lambda score: score.recall)
            else:
                n = 2 if name == "rouge2" else 1
                given, *wanted = (
                    max(len(re.findall("[a-z0-9]+", text.lower())) - n + 1, 0) for text in (summary, *references)
                )
                hits = sum(score.recall * count for score, count in zip(scores, wanted, strict=True))
                expected = hits / max(3 * given, 1), hits / sum(wanted), 2 * hits / (3 * given + sum(wanted))
            assert [counts[f"{name}.{part}"] for part in PARTS] == pytest.approx(list(expected), abs=1e-12, rel=0)


@pytest.mark.parametrize("refs", ["max", "mean", "jackknife", "pooled", "best_recall"])
@pytest.mark.parametrize("mode", ["rouge_score", "rouge155", "unicode"])
def test_many_at_once_are_counted_as_one_by_one(mode, refs, monkeypatch):
    monkeypatch.setattr(rouge, "_AT_ONCE", 4)
    texts = [text for pair in list(parity_pairs())[:18] for text in pair]
    references = [gold(*texts[n : n + n % 4]) for n in range(30)]
    references += [gold("кот"), gold("кот", "a cat"), gold("да"), gold(""), gold("a", style="extract"), gold()]
    summaries = [None if n % 7 == 0 else Summary(texts[-n]) for n in range(30)]
    summaries += [Summary(text) for text in ("a", "кот", "да", "", "a", "a\ud800 b")]
    metric = Rouge(mode=mode, refs=refs)
    expected = [metric.count(*pair) for pair in zip(references, summaries, strict=True)]
    assert states(metric.count_many(references, summaries)) == expected
    assert states(metric.count_many((), ())) == []
    # The package that has no call for many.
    monkeypatch.setitem(sys.modules, "rouge_score_rs", None)
    many = states(Rouge(mode=mode, refs=refs).count_many(references, summaries))
    assert many == [pytest.approx(counts, abs=1e-12, rel=0) for counts in expected]


@pytest.mark.parametrize("refs", ["max", "mean", "jackknife", "pooled", "best_recall"])
@pytest.mark.parametrize("mode", ["rouge_score", "rouge155", "unicode"])
def test_one_reference_is_the_same_under_every_policy(mode, refs):
    reference, summary = "The cat sat. It ran off.", "A cat sat down. It ran."
    expected = one(Rouge(mode=mode), gold(reference), summary)
    assert one(Rouge(mode=mode, refs=refs), gold(reference), summary) == pytest.approx(expected, abs=1e-15)
    # So do three times the same.
    assert one(Rouge(mode=mode, refs=refs), gold(*[reference] * 3), summary) == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize("text", [*SAMPLES.values(), "Nothing else."], ids=[*SAMPLES, "english"])
def test_any_script_against_itself_is_perfect(text):
    # rouge_score gives 0.00 for Thai, Russian and Arabic.
    assert one(Rouge(mode="unicode"), gold(text), text) == dict.fromkeys(NAMES, 1.0)


def test_umlauts_are_letters():
    # Four German words, all different: rouge_score reads m, ller, bt, sch, n, b, r and m, ller, ebt, schon, bar.
    summary, reference = "Müller übt schön Bär", "Möller ebt schon Bar"
    assert one(Rouge(), gold(reference), summary)["rouge1.f1"] == pytest.approx(2 * 2 / (7 + 5))
    assert one(Rouge(mode="unicode"), gold(reference), summary)["rouge1.f1"] == 0.0


@settings(deadline=None)
@given(st.text(st.characters(max_codepoint=127), max_size=60), st.text(st.characters(max_codepoint=127), max_size=60))
def test_on_ascii_text_unstemmed_modes_agree(reference, summary):
    first, second, third = (
        one(Rouge(mode=mode, stem=False), gold(reference), summary) for mode in ("rouge_score", "unicode", "rouge155")
    )
    assert third == pytest.approx(first, abs=2e-5, nan_ok=True)
    for name, value in second.items():
        # What has no n-gram on either side is 0 to the tools and undefined here.
        undefined = np.isnan(value) and first[name] == 0
        assert undefined or value == pytest.approx(first[name], abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("mode", ["rouge_score", "rouge155", "unicode"])
@pytest.mark.parametrize(
    ("reference", "summary", "expected"),
    [
        ("", "", None),
        ("...", " \n😀", None),
        # One side says nothing.
        ("", "the cat", 0.0),
        ("...", "the cat", 0.0),
        ("the cat", "", 0.0),
        ("the cat", "!?", 0.0),
    ],
)
def test_empty_sides(mode, reference, summary, expected):
    scores = one(Rouge(mode=mode), gold(reference), summary)
    assert all(np.isnan(value) if expected is None else value == expected for value in scores.values())


@pytest.mark.parametrize("mode", ["rouge_score", "rouge155"])
@pytest.mark.parametrize("summary", ["Это кот.", "A cat, said NATO.", ""])
def test_a_reference_that_the_mode_cannot_read_is_no_yardstick(mode, summary):
    # Never a silent 0: the score is undefined, and `n` says that the document has none.
    assert Rouge(mode=mode).count(gold("Кот сидел."), Summary(summary)) == {}
    for refs in ("max", "mean", "jackknife", "pooled", "best_recall"):
        metric = Rouge(mode=mode, refs=refs)
        both = metric.count(gold("Кот сидел.", "A cat sat."), Summary(summary))
        assert both == metric.count(gold("A cat sat."), Summary(summary))
    # A summary that it cannot read is a failed one.
    assert one(Rouge(mode=mode), gold("A cat sat."), "Кот сидел.")["rouge1.f1"] == 0.0


def test_markup_is_text():
    scores = one(Rouge(types=("rouge1",)), gold("the cat"), "<q>the cat</q>")
    assert scores["rouge1.precision"] == 0.5
    assert scores["rouge1.recall"] == 1.0


def test_too_short_for_an_ngram_is_undefined_where_no_tool_is_copied():
    metric = Rouge(mode="unicode")
    assert one(metric, gold("да"), "да") == pytest.approx(
        dict.fromkeys(NAMES, 1.0) | dict.fromkeys(NAMES[3:6], np.nan), nan_ok=True
    )
    # One side has two words: it misses.
    assert one(metric, gold("да нет"), "да")["rouge2.f1"] == 0.0
    assert one(metric, gold("да"), "да нет")["rouge2.f1"] == 0.0
    # A document with two styles, one of them too short; one where both are; one that is fine.
    examples = [
        [metric.count(gold("да"), Summary("да")), metric.count(gold("да нет"), Summary("да нет"))],
        [metric.count(gold("да"), Summary("да")), metric.count(gold("да"), Summary("да"))],
        [metric.count(gold("да нет"), None)],
    ]
    names = {name for document in examples for counts in document for name in counts}
    sums = {
        name: np.array([sum(counts.get(name, 0.0) for counts in document) for document in examples]) for name in names
    }
    documents = metric.per_document(sums)
    assert list(documents["rouge2.undefined"]) == [0.0, 1.0, 0.0]
    assert list(documents["rouge2.f1"]) == [1.0, 0.0, 0.0]
    summed = {name: values.sum() for name, values in documents.items()}
    assert metric.compute(summed)[Key("rouge2.f1", "mean")] == 0.5
    assert metric.compute(summed)[Key("rouge1.f1", "mean")] == pytest.approx(2 / 3)
    assert metric.support(Key("rouge2.f1", "mean"), summed) == 2
    assert metric.support(Key("rouge1.f1", "mean"), summed) == 3


@settings(deadline=None, max_examples=40)
@given(st.permutations(["The cat sat.", "A dog ran off.", "Кот.", "", "The cat ran. A dog sat."]))
def test_order_of_references_changes_no_f1(references):
    for refs in ("max", "mean", "jackknife", "pooled"):
        metric = Rouge(mode="unicode", refs=refs)
        expected = one(metric, gold(*sorted(references)), "The cat ran off.")
        found = one(metric, gold(*references), "The cat ran off.")
        assert [found[f"{name}.f1"] for name in TYPES] == pytest.approx([expected[f"{name}.f1"] for name in TYPES])


@pytest.mark.parametrize("mode", ["rouge155", "unicode"])
def test_the_other_modes_fall_back_too(mode, monkeypatch):
    pairs = [(gold(reference, "the end"), Summary(summary)) for reference, summary in list(parity_pairs())[:40]]
    fast = [Rouge(mode=mode, refs="pooled").count(*pair) for pair in pairs]
    monkeypatch.setitem(sys.modules, "rouge_score_rs", None)
    metric = Rouge(mode=mode, refs="pooled")
    for counts, pair in zip(fast, pairs, strict=True):
        assert metric.count(*pair) == pytest.approx(counts, abs=1e-12, rel=0)
