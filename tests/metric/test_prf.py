import numpy as np
import pytest
from sklearn.metrics import precision_recall_fscore_support

from harness.metric.prf import (
    average_defined,
    average_weighted,
    label_counts,
    label_slices,
    precision_recall_f1,
    rows,
    score,
)

pytestmark = pytest.mark.core
NAN = float("nan")


@pytest.mark.parametrize(
    ("correct", "gold", "predicted", "expected"),
    [
        (1, 2, 4, (0.25, 0.5, 1 / 3)),
        (0, 3, 3, (0, 0, 0)),
        (0, 3, 0, (0, 0, 0)),  # nothing predicted: 0, not undefined
        (0, 0, 3, (0, 0, 0)),
        (0, 0, 0, (NAN, NAN, NAN)),
        (1.5, 2, 2, (0.75, 0.75, 0.75)),  # half credit
    ],
)
def test_by_hand(correct, gold, predicted, expected):
    assert precision_recall_f1(correct, gold, predicted) == pytest.approx(expected, nan_ok=True)


def test_equals_scikit_learn_wherever_a_side_has_something():
    rng = np.random.default_rng(3)
    for _ in range(50):
        gold, predicted = rng.integers(0, 2, (2, 6))
        if not gold.any() and not predicted.any():
            continue
        ours = precision_recall_f1((gold & predicted).sum(), gold.sum(), predicted.sum())
        assert ours == pytest.approx(
            precision_recall_fscore_support(gold, predicted, average="binary", zero_division=0)[:3], abs=1e-12
        )


def test_average_leaves_out_undefined_labels_and_is_undefined_without_any():
    one, none = precision_recall_f1([1, 0], [2, 0], [1, 0]), precision_recall_f1([0, 0], [0, 0], [0, 0])
    assert average_defined([one, none], {}).recall == pytest.approx([0.5, NAN], nan_ok=True)
    empty = average_defined([], {"tp": np.zeros((2, 3))})
    assert np.isnan(empty.f1).all()
    assert empty.f1.shape == (2, 3)


def test_weighted_average_of_arrays():
    # Gold of both labels; of B alone; none, but predictions; nothing.
    counts = {
        "label=A|tp": np.array([1, 0, 0, 0]),
        "label=A|fn": np.array([2, 0, 0, 0]),
        "label=A|fp": np.array([0, 1, 2, 0]),
        "label=B|tp": np.array([1, 1, 0, 0]),
    }
    labels = {slice_: score(counts, slice_) for slice_ in label_slices(counts)}
    assert average_weighted(labels, counts).recall == pytest.approx([(1 / 3 * 3 + 1) / 4, 1, 0, NAN], nan_ok=True)
    assert np.isnan(average_weighted({}, {"tp": np.zeros((2, 3))}).f1).all()


def test_label_counts_by_hand():
    def mark(label, start=0):
        return (start, start + 1, label, ())

    counts = label_counts([mark("A"), mark("A", 5)], [mark("B")], [mark("A", 9), mark("B", 9)])
    assert counts == {"label=A|fn": 2, "label=B|fp": 1, "label=A|tp": 1, "label=B|tp": 1}


def test_labels_may_hold_the_separator():
    counts = {"tp": 1.0, "label=a|b|tp": 1.0, "label=a|fp": 2.0}
    assert label_slices(counts) == ["label=a", "label=a|b"]
    assert score(counts, "label=a|b").f1 == 1
    assert score(counts, "label=a").f1 == 0
    assert [key.metric for key in rows("x", "micro", score(counts))] == ["x.precision", "x.recall", "x.f1"]
