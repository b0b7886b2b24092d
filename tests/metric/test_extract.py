"""Chosen sentences against hand-worked tables, scikit-learn and, for the oracle, rouge_score."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer
from sklearn.metrics import precision_recall_fscore_support

from harness.metric.base import Key
from harness.metric.extract import Extract
from harness.records import References, Summary, SummaryInput
from tests.made_context import context_of

pytestmark = pytest.mark.core

PARTS = ("precision", "recall", "f1")


def gold(*extracts):
    return References("extract", extracts=extracts)


def one(references, chosen):
    counts = Extract().count(references, Summary("text", sentences=chosen))
    scores = Extract().compute(counts)
    return [float(scores[Key(f"extract.{part}", "mean")]) for part in PARTS]


@pytest.mark.parametrize(
    ("references", "chosen", "expected"),
    [
        ([("a", "b")], ("a", "b"), [1, 1, 1]),
        # Order and doubles do not matter.
        ([("a", "b")], ("b", "a", "b"), [1, 1, 1]),
        ([("a", "b")], ("c",), [0, 0, 0]),
        ([("a", "b", "c", "d")], ("a", "x"), [1 / 2, 1 / 4, 1 / 3]),
        # The reference with the best F1, though the first has the better recall.
        ([("a",), ("a", "b", "c")], ("a", "b", "x", "y"), [2 / 4, 2 / 3, 4 / 7]),
        # One side empty.
        ([("a", "b")], (), [0, 0, 0]),
        ([()], ("a",), [0, 0, 0]),
        # An empty reference is left out beside an empty choice, if another one is not empty.
        ([(), ("a",)], (), [0, 0, 0]),
    ],
)
def test_hand_worked(references, chosen, expected):
    assert one(gold(*references), chosen) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("references", "predicted"),
    [
        # No sentence ids: the model does not choose sentences.
        (gold(("a",)), Summary("text")),
        # Other styles, and extracts without a reference.
        (References("default", texts=("a",)), Summary("text", sentences=("a",))),
        (gold(), Summary("text", sentences=("a",))),
        (gold(), None),
        # Both sides empty.
        (gold(()), Summary("", sentences=())),
        (gold(()), None),
    ],
)
def test_what_takes_no_part(references, predicted):
    assert Extract().count(references, predicted) == {}
    assert all(np.isnan(value) for value in Extract().compute({}).values())


def summed(metric, documents):
    """Sums of `per_document` over documents, each a list of counts."""
    names = {name for document in documents for counts in document for name in counts}
    sums = {name: np.array([sum(c.get(name, 0.0) for c in document) for document in documents]) for name in names}
    return {name: values.sum() for name, values in metric.per_document(sums).items()}


def test_a_failed_document_scores_0_where_the_model_chooses_sentences():
    metric = Extract()
    right = metric.count(gold(("a",)), Summary("text", sentences=("a",)))
    failed = metric.count(gold(("a",)), None)
    sums = summed(metric, [[right], [failed]])
    assert metric.compute(sums)[Key("extract.f1", "mean")] == 0.5
    assert metric.support(Key("extract.f1", "mean"), sums) == 2
    # A model that writes its summaries has no score, whether or not it failed somewhere.
    written = metric.count(gold(("a",)), Summary("text"))
    sums = summed(metric, [[written], [failed]])
    assert np.isnan(metric.compute(sums)[Key("extract.f1", "mean")])
    assert metric.support(Key("extract.f1", "mean"), sums) == 0


def test_mean_over_documents():
    metric = Extract()
    half = metric.count(gold(("a", "b")), Summary("text", sentences=("a", "c")))
    right = metric.count(gold(("a",)), Summary("text", sentences=("a",)))
    failed = metric.count(gold(("a",)), None)
    # Document 1: two examples, 0.5 and 1; document 2: one of 1 and one that failed; document 3 takes no part.
    sums = summed(metric, [[half, right], [right, failed], [{}]])
    assert metric.compute(sums)[Key("extract.f1", "mean")] == (0.75 + 0.5) / 2
    assert metric.support(Key("extract.f1", "mean"), sums) == 2


def test_compute_is_elementwise():
    metric = Extract()
    counts = {"n": np.array([2.0, 0.0]), "failed": np.array([0.0, 3.0]), "f1": np.array([1.0, 0.0])}
    np.testing.assert_array_equal(metric.compute(counts)[Key("extract.f1", "mean")], [0.5, np.nan])


def test_rows_and_signatures():
    rows = (*PARTS, "rouge2_f1", "oracle_rouge2_f1", "oracle_gap")
    assert list(Extract().compute({})) == [Key(f"extract.{part}", "mean", "all") for part in rows]
    assert Extract().signature(Key("extract.f1", "mean")) == "extract.f1|refs:max|v:1"
    own = "extract.rouge2_f1|refs:max,all_styles|words:unicode|stem:no|v:1"
    assert Extract().signature(Key("extract.rouge2_f1", "mean")) == own
    for name in ("oracle_rouge2_f1", "oracle_gap"):
        assert "|oracle:greedy,same_number|" in Extract().signature(Key(f"extract.{name}", "mean"))


IDS = st.sets(st.sampled_from("abcdefg"))


@settings(deadline=None)
@given(IDS, IDS)
def test_equals_scikit_learn(reference, chosen):
    if not reference and not chosen:
        return
    truth, answers = ([key in ids for key in "abcdefg"] for ids in (reference, chosen))
    expected = precision_recall_fscore_support(truth, answers, average="binary", zero_division=0)[:3]
    assert one(gold(tuple(reference)), tuple(chosen)) == pytest.approx(expected)


# ---- the oracle -----------------------------------------------------------------------------------------------------

PAGE = ("The mayor resigned on Monday.", "He had been ill.", "A crowd came to the town hall.", "The mayor is 61.")


def page(sentences, references):
    """A context whose document has these sentences, s1 first, and these reference texts."""
    context = context_of(References("extract", source=" ".join(sentences)), references=tuple(references))
    ids = tuple((f"s{number}", text) for number, text in enumerate(sentences, start=1))
    asked = SummaryInput("d", "d", "", "extract", ids)
    return replace(context, example=replace(context.example, input=asked))


def rouge_rows(references, chosen, context):
    counts = Extract().count(references, None if chosen is None else Summary("text", sentences=chosen), context)
    # `compute` leaves failures out of a run without any choice, so another document is answered.
    sums = {"n": 1.0, **counts} if chosen is None else counts
    scores = Extract().compute(sums)
    return [float(scores[Key(f"extract.{name}", "mean")]) for name in ("rouge2_f1", "oracle_rouge2_f1", "oracle_gap")]


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        # The reference has 4 bigrams; s1 has 4, of which 2 are right (the mayor, mayor resigned); s3 has 6, 1 right.
        (("s1",), [2 * 2 / 8, 0.5, 0]),
        (("s3",), [2 * 1 / 10, 0.5, 0.3]),
        # Two sentences: s1 and s2 have 8 bigrams, one of which joins them; s1 and s3 11, 3 right; s1 and s4 8, 2 right
        # (the mayor stands once in the reference). The oracle takes s1 and s3: 6/15.
        (("s1", "s2"), [2 * 2 / 12, 0.4, 0.4 - 4 / 12]),
        # Order of the choice, doubles and foreign ids do not matter.
        (("s3", "s1", "s1", "x9"), [0.4, 0.4, 0]),
        # Nothing chosen, and no answer: an oracle of as many sentences as the longest reference has.
        ((), [0, 0.4, 0.4]),
        (None, [0, 0.4, 0.4]),
        (("x9",), [0, 0.4, 0.4]),
    ],
)
def test_oracle_by_hand(chosen, expected):
    context = page(PAGE, ["The mayor resigned: town hall"])
    assert rouge_rows(gold(("s1",), ("s2", "s3")), chosen, context) == pytest.approx(expected)


def test_best_of_several_references_and_one_without_words_is_none():
    context = page(PAGE, ["...", "He had been", "The mayor resigned: town hall"])
    # s2 has 3 bigrams, 2 of them right, of 2.
    assert rouge_rows(gold(("s1",)), ("s2",), context) == pytest.approx([0.8, 0.8, 0])


@pytest.mark.parametrize(
    ("context", "references"),
    [
        (None, gold(("s1",))),
        (page(PAGE, []), gold(("s1",))),
        (page(PAGE, ["-", "Resigned"]), gold(("s1",))),  # no bigram
        (page((), ["The mayor resigned"]), gold(("s1",))),
        (page(PAGE, ["The mayor resigned"]), gold(())),
    ],
)
def test_where_the_oracle_is_undefined(context, references):
    for chosen in ((), None):
        assert np.isnan(rouge_rows(references, chosen, context)).all()


def test_failed_documents_have_a_gap_only_where_the_model_chooses_sentences():
    metric, context = Extract(), page(PAGE, ["The mayor resigned: town hall"])
    right = metric.count(gold(("s1",)), Summary("", sentences=("s1",)), context)
    failed = metric.count(gold(("s1",)), None, context)
    sums = summed(metric, [[right], [failed]])
    assert metric.compute(sums)[Key("extract.oracle_gap", "mean")] == 0.25
    assert metric.support(Key("extract.oracle_gap", "mean"), sums) == 2
    sums = summed(metric, [[failed], [failed]])
    assert np.isnan(metric.compute(sums)[Key("extract.oracle_gap", "mean")])
    assert metric.support(Key("extract.oracle_gap", "mean"), sums) == 0


WORDS = st.lists(st.sampled_from(["king", "horse", "sold", "old", "hill"]), min_size=1, max_size=6).map(" ".join)
SCORER = RougeScorer(["rouge2"], use_stemmer=False)


def by_rouge_score(sentences, places, references):
    text = "\n".join(sentences[place] for place in sorted(places))
    return max(SCORER.score(reference, text)["rouge2"].fmeasure for reference in references)


@settings(deadline=None, max_examples=50)
@given(st.lists(WORDS, min_size=1, max_size=5), st.lists(WORDS, min_size=1, max_size=2), st.data())
def test_equals_rouge_score(sentences, references, data):
    chosen = data.draw(st.sets(st.integers(0, len(sentences) - 1), min_size=1))
    ids = tuple(f"s{place + 1}" for place in chosen)
    reached, oracle, gap = rouge_rows(gold(("s1",)), ids, page(sentences, references))
    if all(" " not in reference for reference in references):
        assert np.isnan([reached, oracle, gap]).all()
        return
    assert reached == pytest.approx(by_rouge_score(sentences, chosen, references), abs=1e-12)
    greedy = []
    while len(greedy) < len(chosen):
        left = [place for place in range(len(sentences)) if place not in greedy]
        scores = [round(by_rouge_score(sentences, [*greedy, place], references), 12) for place in left]
        greedy.append(left[scores.index(max(scores))])
    best_found = max(by_rouge_score(sentences, greedy, references), reached)
    assert oracle == pytest.approx(best_found, abs=1e-12)
    assert gap == pytest.approx(oracle - reached, abs=1e-12)
    # No choice of as many sentences is better than the best.
    best = max(by_rouge_score(sentences, c, references) for c in combinations(range(len(sentences)), len(chosen)))
    assert reached - 1e-12 <= oracle <= best + 1e-12


def test_the_oracle_is_never_behind_what_was_chosen():
    # The best single sentence is the first, but the other two joined are the reference itself.
    context = page(("b c d e", "a b c", "d e f"), ["a b c d e f"])
    assert rouge_rows(gold(("s1",)), ("s1", "s2"), context) == pytest.approx([8 / 11, 8 / 11, 0])
    assert rouge_rows(gold(("s1",)), ("s2", "s3"), context) == [1, 1, 0]
