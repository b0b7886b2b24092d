import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, matthews_corrcoef, precision_recall_fscore_support

from harness.metric.base import Key
from harness.metric.stance_classification import StanceClassification
from harness.records import Stance

pytestmark = pytest.mark.core
LABELS = ["favor", "against", "none"]
F1, ACCURACY, MCC = (Key(f"stance.{name}", "pooled") for name in ("macro_f1", "accuracy", "mcc"))
FIELDS = ("precision", "recall", "f1")
NAN = float("nan")


def add(examples, metric=None):
    """Sums over (gold, predicted, times)."""
    metric, sums = metric or StanceClassification(), {}
    for gold, predicted, *times in examples:
        answer = None if predicted is None else Stance("t", predicted)
        for name, value in metric.count(Stance("t", gold), answer).items():
            sums[name] = sums.get(name, 0) + value * (times[0] if times else 1)
    return sums


def scores(examples, **parameters):
    metric = StanceClassification(**parameters)
    return {key: float(value) for key, value in metric.compute(add(examples, metric)).items()}


@pytest.mark.parametrize(
    ("examples", "macro", "accuracy", "mcc"),
    [
        ([("favor", "favor"), ("against", "against")], 1, 1, 1),
        ([("favor", "against"), ("against", "favor")], 0, 0, -1),
        ([("favor", "favor")], 1, 1, NAN),  # one label only: no correlation; the two absent labels are left out
        ([("favor", "favor"), ("none", "favor")], 1 / 3, 0.5, NAN),  # all answers alike
        ([("favor", None)], 0, 0, NAN),
        # s = 3, c = 2, t = (2, 1), p = (1, 1, and 1 without an answer)
        ([("favor", "favor"), ("favor", None), ("none", "none")], 5 / 6, 2 / 3, 3 / math.sqrt(6 * 4)),
        ([], NAN, NAN, NAN),
    ],
)
def test_by_hand(examples, macro, accuracy, mcc):
    found = scores(examples)
    assert (found[F1], found[ACCURACY], found[MCC]) == pytest.approx((macro, accuracy, mcc), nan_ok=True)


def test_the_all_none_row_of_vast():
    """Its zero-shot test set has 451, 490 and 519 examples; answering none throughout has macro-F1 .1748."""
    found = scores([("favor", "none", 451), ("against", "none", 490), ("none", "none", 519)])
    assert round(found[F1], 4) == 0.1748


golds = st.sampled_from(LABELS)
answers = st.none() | st.sampled_from([*LABELS, "unknown"])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(golds, answers), min_size=1, max_size=25))
def test_equals_scikit_learn(examples):
    found = scores(examples)
    gold = [row[0] for row in examples]
    predicted = [row[1] if row[1] in LABELS else "no answer" for row in examples]
    present = [label for label in LABELS if label in {*gold, *predicted}]
    macro = f1_score(gold, predicted, labels=LABELS, average="macro", zero_division=math.nan)
    assert found[F1] == pytest.approx(macro, abs=1e-12)
    assert found[F1] == pytest.approx(
        f1_score(gold, predicted, labels=present, average="macro", zero_division=0), abs=1e-12
    )
    assert found[ACCURACY] == pytest.approx(accuracy_score(gold, predicted), abs=1e-12)
    undefined = len(set(gold)) == 1 or len(set(predicted)) == 1
    peer = NAN if undefined else matthews_corrcoef(gold, predicted)
    assert found[MCC] == pytest.approx(peer, abs=1e-12, nan_ok=True)
    each = precision_recall_fscore_support(gold, predicted, labels=LABELS, average=None, zero_division=0)
    for place, label in enumerate(LABELS):
        ours = [found[Key(f"stance.{name}", "pooled", f"label={label}")] for name in FIELDS]
        expected = [values[place] if label in present else NAN for values in each[:3]]
        assert ours == pytest.approx(expected, abs=1e-12, nan_ok=True)
        assert (
            StanceClassification().support(Key("stance.f1", "pooled", f"label={label}"), add(examples))
            == each[3][place]
        )


def test_an_abstention_is_wrong_and_nobodys_false_positive():
    sure, unsure = [("favor", "favor"), ("none", "none")], [("favor", "favor"), ("none", "none"), ("none", "unknown")]
    assert scores(unsure)[ACCURACY] == pytest.approx(2 / 3)
    for label in ("favor", "none"):
        key = Key("stance.precision", "pooled", f"label={label}")
        assert scores(unsure)[key] == scores(sure)[key] == 1
    # Undefined as much as before: against is in neither gold nor answers.
    assert math.isnan(scores(unsure)[Key("stance.f1", "pooled", "label=against")])


def test_a_label_outside_the_scheme_has_no_row_and_no_part_in_macro():
    found = scores([("favor", "favor"), ("against", "banana"), ("query", "query")])
    assert {key.slice for key in found} == {"all", "label=favor", "label=against", "label=none"}
    assert found[F1] == 0.5
    assert found[ACCURACY] == pytest.approx(2 / 3)
    assert found[MCC] == pytest.approx(matthews_corrcoef(["a", "b", "q"], ["a", "z", "q"]))


def test_two_labels():
    found = scores([("pro", "pro"), ("con", "pro")], labels=("pro", "con"))
    assert found[F1] == pytest.approx(1 / 3)


def test_signatures_and_support():
    metric = StanceClassification()
    assert [metric.signature(key) for key in (F1, ACCURACY, MCC)] == [
        "stance.macro_f1|avg:pooled|labels:favor+against+none|undef:skip|noanswer:miss|v:1",
        "stance.accuracy|avg:pooled|noanswer:wrong|v:1",
        "stance.mcc|avg:pooled|noanswer:label|v:1",
    ]
    assert metric.signature(Key("stance.f1", "pooled", "label=favor")) == "stance.f1|avg:pooled|noanswer:miss|v:1"
    assert metric.support(ACCURACY, add([("favor", None), ("none", "favor")])) == 2
    assert metric.count(Stance("t", "favor"), Stance("t", "unknown")) == {"favor|": 1.0}


@pytest.mark.parametrize("labels", [(), ("favor", "favor"), ("favor", "unknown"), ("",)])
def test_labels_that_are_no_scheme_are_refused(labels):
    with pytest.raises(ValueError, match="StanceClassification: labels must be"):
        StanceClassification(labels=labels)
