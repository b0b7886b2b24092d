import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from harness.metric.base import Key
from harness.metric.stance_favg import StanceFavg
from harness.records import Stance

pytestmark = pytest.mark.core
POOLED, MACRO = Key("stance.favg", "pooled"), Key("stance.favg", "macro_target")
NAN = float("nan")


def add(examples, metric=None):
    """Sums over (target, gold, predicted, times)."""
    metric, sums = metric or StanceFavg(), {}
    for target, gold, predicted, *times in examples:
        answer = None if predicted is None else Stance(target, predicted)
        for name, value in metric.count(Stance(target, gold), answer).items():
            sums[name] = sums.get(name, 0) + value * (times[0] if times else 1)
    return sums


def favg(examples):
    scores = StanceFavg().compute(add(examples))
    return float(scores[POOLED]), float(scores[MACRO])


@pytest.mark.parametrize(
    ("examples", "pooled", "macro"),
    [
        ([("t", "favor", "favor"), ("t", "against", "against")], 1, 1),
        ([("t", "favor", "favor")], 0.5, 0.5),  # F of against is undefined and counts 0
        ([("t", "none", "none")], 0, 0),  # both undefined, but there is an example
        ([], NAN, NAN),
        # none is not averaged, but what is confused with it counts: F_favor = 2/3, F_against = 1
        ([("t", "favor", "favor"), ("t", "none", "favor"), ("t", "against", "against")], 5 / 6, 5 / 6),
        # no answer misses and is nobody's false positive: F_favor = 2/3, F_against = 1
        ([("t", "favor", "favor"), ("t", "favor", None), ("t", "against", "against")], 5 / 6, 5 / 6),
        ([("t", "favor", "favor"), ("t", "favor", "unknown"), ("t", "against", "against")], 5 / 6, 5 / 6),
        ([("t", "favor", "favor"), ("t", "favor", "neutral?"), ("t", "against", "against")], 5 / 6, 5 / 6),
        # two targets, one each way: pooled all is right; each target alone has one undefined F
        ([("t", "favor", "favor"), ("u", "against", "against")], 1, 0.5),
    ],
)
def test_by_hand(examples, pooled, macro):
    assert favg(examples) == pytest.approx((pooled, macro), nan_ok=True)


# Gold labels of the test set of SemEval-2016 task A: favor, against, none.
TASK_A = {
    "Atheism": (32, 160, 28),
    "Climate Change is a Real Concern": (123, 11, 35),
    "Feminist Movement": (58, 183, 44),
    "Hillary Clinton": (45, 172, 78),
    "Legalization of Abortion": (46, 189, 45),
}


def test_the_published_majority_row():
    """Each target's majority label has F_avg 65.22 on the 1,249 tweets; the mean over targets is another number."""
    examples = [
        (target, label, "favor" if target.startswith("Climate") else "against", times)
        for target, row in TASK_A.items()
        for label, times in zip(("favor", "against", "none"), row, strict=True)
    ]
    assert sum(times for *_, times in examples) == 1249
    pooled, macro = favg(examples)
    assert round(100 * pooled, 2) == 65.22
    # Each target has one F of 0 and one of 2 n / (N + n), n of N being its majority.
    expected = np.mean([max(row) / (sum(row) + max(row)) for row in TASK_A.values()])
    assert macro == pytest.approx(expected)
    assert round(100 * macro, 2) != 65.22


targets, golds = st.sampled_from(["t", "u|v", "w"]), st.sampled_from(["favor", "against", "none"])
answers = st.none() | st.sampled_from(["favor", "against", "none", "unknown"])
datasets = st.lists(st.tuples(targets, golds, answers), min_size=1, max_size=25)


def definition(examples):
    """The text of the task read out: precision and recall of each class, their F, the mean of two."""
    values = []
    for label in ("favor", "against"):
        hits = len([1 for _, gold, predicted in examples if gold == predicted == label])
        precision = hits / max(1, len([1 for *_, predicted in examples if predicted == label]))
        recall = hits / max(1, len([1 for _, gold, _ in examples if gold == label]))
        values.append(2 * precision * recall / (precision + recall) if hits else 0.0)
    return sum(values) / 2


@settings(max_examples=80, deadline=None)
@given(datasets)
def test_equals_the_definition_and_scikit_learn(examples):
    pooled, macro = favg(examples)
    gold, predicted = [row[1] for row in examples], [row[2] or "unknown" for row in examples]
    peer = f1_score(gold, predicted, labels=["favor", "against"], average="macro", zero_division=0)
    assert pooled == pytest.approx(definition(examples), abs=1e-12)
    assert pooled == pytest.approx(peer, abs=1e-12)
    parts = [definition([row for row in examples if row[0] == target]) for target in {row[0] for row in examples}]
    assert macro == pytest.approx(sum(parts) / len(parts), abs=1e-12)


def test_a_resample_without_a_target_leaves_it_out():
    sums = {"t|favor|favor": np.array([1.0, 0.0, 0.0]), "u|against|favor": np.array([1.0, 1.0, 0.0])}
    scores = StanceFavg().compute(sums)
    assert scores[MACRO] == pytest.approx([0.25, 0, NAN], nan_ok=True)
    assert scores[POOLED] == pytest.approx([1 / 3, 0, NAN], nan_ok=True)


def test_other_labels_for_the_two_sides():
    metric = StanceFavg(labels=("pro", "con"))
    sums = add([("t", "pro", "pro"), ("t", "con", "pro"), ("t", "favor", "favor")], metric)
    assert float(metric.compute(sums)[POOLED]) == pytest.approx(1 / 3)
    assert metric.signature(POOLED) == "stance.favg|avg:pooled|labels:pro+con|undef:0|v:1"


def test_signature_and_support():
    metric = StanceFavg()
    assert metric.signature(MACRO) == "stance.favg|avg:macro_target|labels:favor+against|undef:0|v:1"
    assert metric.support(POOLED, add([("t", "favor", None), ("u", "against", "none"), ("u", "none", "favor")])) == 2
    assert metric.count(Stance("t", "favor"), None) == {"t|favor|": 1.0}


@pytest.mark.parametrize("labels", [("favor", "favor"), ("favor", "unknown"), ("", "favor")])
def test_labels_that_cannot_be_averaged_are_refused(labels):
    with pytest.raises(ValueError, match="StanceFavg: labels must be"):
        StanceFavg(labels=labels)
