"""Chosen sentences against hand-worked tables and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import precision_recall_fscore_support

from harness.metric.base import Key
from harness.metric.extract import Extract
from harness.records import References, Summary

pytestmark = pytest.mark.core

PARTS = ("precision", "recall", "f1")


def gold(*extracts):
    return References("extract", extracts=extracts)


def one(references, chosen):
    counts = Extract().count(references, Summary("text", sentences=chosen))
    return [float(value) for value in Extract().compute(counts).values()]


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


def test_rows_and_signature():
    assert list(Extract().compute({})) == [Key(f"extract.{part}", "mean", "all") for part in PARTS]
    assert Extract().signature(Key("extract.f1", "mean")) == "extract.f1|refs:max|v:1"


IDS = st.sets(st.sampled_from("abcdefg"))


@settings(deadline=None)
@given(IDS, IDS)
def test_equals_scikit_learn(reference, chosen):
    if not reference and not chosen:
        return
    truth, answers = ([key in ids for key in "abcdefg"] for ids in (reference, chosen))
    expected = precision_recall_fscore_support(truth, answers, average="binary", zero_division=0)[:3]
    assert one(gold(tuple(reference)), tuple(chosen)) == pytest.approx(expected)
