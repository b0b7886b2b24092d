import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.dummy import DummyClassifier
from sklearn.metrics import accuracy_score, f1_score

from harness.metric.base import Key
from harness.metric.stance_classification import StanceClassification
from harness.metric.stance_favg import StanceFavg
from harness.metric.stance_majority import StanceMajority
from harness.records import Stance

pytestmark = pytest.mark.core
LABELS = ["favor", "against", "none"]
NAN = math.nan
NAMES = (("favg", "pooled"), ("favg", "macro_target"), ("macro_f1", "pooled"), ("accuracy", "pooled"))


def add(examples, metric=None):
    metric, sums = metric or StanceMajority(), {}
    for target, gold, predicted, *times in examples:
        answer = None if predicted is None else Stance(target, predicted)
        for name, value in metric.count(Stance(target, gold), answer).items():
            sums[name] = sums.get(name, 0) + value * (times[0] if times else 1)
    return sums


def scores(examples, **parameters):
    metric = StanceMajority(**parameters)
    return {key: float(value) for key, value in metric.compute(add(examples, metric)).items()}


@pytest.mark.parametrize(
    ("examples", "favg", "macro_target", "macro_f1", "accuracy"),
    [
        # t answers favor (2 of 3), u against: F_favor = 4/5, F_against = 2/3.
        (
            [("t", "favor", None, 2), ("t", "against", None), ("u", "against", None)],
            (4 / 5 + 2 / 3) / 2,
            (4 / 5 / 2 + 1 / 2) / 2,
            (4 / 5 + 2 / 3) / 2,
            3 / 4,
        ),
        # A tie goes to the first label of the scheme.
        ([("t", "none", None), ("t", "against", None)], 1 / 3, 1 / 3, (2 / 3 + 0) / 2, 1 / 2),
        # The majority may be none, which favg does not average.
        ([("t", "none", None, 3), ("t", "favor", None)], 0, 0, (6 / 7) / 2, 3 / 4),
        ([("t", "favor", "favor")], 0.5, 0.5, 1, 1),
        ([], NAN, NAN, NAN, NAN),
    ],
)
def test_by_hand(examples, favg, macro_target, macro_f1, accuracy):
    found = scores(examples)
    values = [found[Key(f"stance.{name}_majority", average)] for name, average in NAMES]
    assert values == pytest.approx((favg, macro_target, macro_f1, accuracy), nan_ok=True)


targets, answers = st.sampled_from(["t", "u|v", "w"]), st.none() | st.sampled_from([*LABELS, "unknown"])
datasets = st.lists(st.tuples(targets, st.sampled_from(LABELS), answers), min_size=1, max_size=25)


def majority_answers(examples, per):
    """The answers of scikit-learn's constant classifier; it breaks ties by name, so labels are numbered here."""
    order = {label: str(place) for place, label in enumerate(LABELS)}
    given = [None] * len(examples)
    for target in {row[0] if per == "target" else None for row in examples}:
        places = [place for place, row in enumerate(examples) if target in (None, row[0])]
        labels = [order[examples[place][1]] for place in places]
        dummy = DummyClassifier(strategy="most_frequent").fit([[0]] * len(labels), labels)
        for place, label in zip(places, dummy.predict([[0]] * len(labels)), strict=True):
            given[place] = LABELS[int(label)]
    return given


@settings(max_examples=50, deadline=None)
@given(datasets, st.sampled_from(["target", "all"]))
def test_equals_scikit_learn_and_the_models_own_rows(examples, per):
    found = scores(examples, per=per)
    gold, given = [row[1] for row in examples], majority_answers(examples, per)
    peer = {
        "favg": f1_score(gold, given, labels=LABELS[:2], average="macro", zero_division=0),
        "macro_f1": f1_score(gold, given, labels=sorted({*gold, *given}), average="macro", zero_division=0),
        "accuracy": accuracy_score(gold, given),
    }
    for name, value in peer.items():
        assert found[Key(f"stance.{name}_majority", "pooled")] == pytest.approx(value, abs=1e-12)
    parts = []
    for target in {row[0] for row in examples}:
        places = [place for place, row in enumerate(examples) if row[0] == target]
        pair = [gold[place] for place in places], [given[place] for place in places]
        parts.append(f1_score(*pair, labels=LABELS[:2], average="macro", zero_division=0))
    assert found[Key("stance.favg_majority", "macro_target")] == pytest.approx(sum(parts) / len(parts), abs=1e-12)
    own = {}
    for metric in (StanceFavg(), StanceClassification()):
        own |= metric.compute(add(examples, metric))
    for name, average in NAMES:
        difference = own[Key(f"stance.{name}", average)] - found[Key(f"stance.{name}_majority", average)]
        assert found[Key(f"stance.{name}_over_majority", average)] == pytest.approx(float(difference), abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(datasets)
def test_answers_that_hang_on_the_target_alone_are_no_more_accurate(examples):
    first = dict(reversed([(row[0], row[2]) for row in examples]))
    found = scores([(target, gold, first[target]) for target, gold, _ in examples])
    assert found[Key("stance.accuracy_over_majority", "pooled")] <= 1e-12


@settings(max_examples=30, deadline=None)
@given(datasets)
def test_the_answers_do_not_move_the_majority(examples):
    moved, still = scores(examples), scores([(target, gold, None) for target, gold, _ in examples])
    for name, average in NAMES:
        key = Key(f"stance.{name}_majority", average)
        assert moved[key] == pytest.approx(still[key], abs=1e-12)


# Gold labels of the test set of SemEval-2016 task A: favor, against, none.
TASK_A = [(32, 160, 28), (123, 11, 35), (58, 183, 44), (45, 172, 78), (46, 189, 45)]


def test_the_published_majority_row():
    examples = [
        (f"t{number}", label, "none", times)
        for number, row in enumerate(TASK_A)
        for label, times in zip(LABELS, row, strict=True)
    ]
    assert round(100 * scores(examples)[Key("stance.favg_majority", "pooled")], 2) == 65.22


def test_each_resample_has_its_own_majority():
    sums = {"t|favor|favor": np.array([3.0, 1.0, 0.0]), "t|against|favor": np.array([1.0, 2.0, 0.0])}
    found = StanceMajority().compute(sums)
    assert found[Key("stance.accuracy_majority", "pooled")] == pytest.approx([3 / 4, 2 / 3, NAN], nan_ok=True)
    assert found[Key("stance.accuracy_over_majority", "pooled")] == pytest.approx([0, -1 / 3, NAN], nan_ok=True)


def test_a_gold_label_outside_the_scheme_can_be_the_majority_and_loses_ties():
    assert scores([("t", "query", None, 2), ("t", "none", None)])[Key("stance.accuracy_majority", "pooled")] == (
        pytest.approx(2 / 3)
    )
    found = scores([("t", "query", None), ("t", "none", "none")])
    assert found[Key("stance.macro_f1_majority", "pooled")] == pytest.approx(2 / 3)  # none, as in the scheme


def test_a_scheme_without_sides_has_no_favg():
    found = scores([("t", "agree", "agree")], labels=("agree", "unrelated"), sides=())
    assert {key.metric for key in found} == {
        f"stance.{name}{kind}" for name in ("macro_f1", "accuracy") for kind in ("_majority", "_over_majority")
    }


def test_few_examples_per_target_are_noted():
    metric, key = StanceMajority(), Key("stance.favg_majority", "pooled")
    few = add([(f"t{n}", "favor", "favor") for n in range(5)] + [("t0", "favor", None)])
    assert metric.note(key, few) == "1.2 examples per target: their majority is close to the gold; see per=all"
    assert StanceMajority(per="all").note(key, few) is None
    assert metric.note(key, add([("t", "favor", None, 10)])) is None
    assert metric.note(key, {}) is None


def test_signatures_and_support():
    metric, sums = StanceMajority(), add([("t", "favor", None), ("u", "none", "favor")])
    ties = "majority:gold_of_each_target|ties:favor+against+none"
    found = {name: metric.signature(Key(f"stance.{name}", "pooled")) for name, _ in NAMES}
    over = metric.signature(Key("stance.favg_over_majority", "macro_target"))
    assert over == f"stance.favg_over_majority|avg:macro_target|{ties}|labels:favor+against|undef:0|noanswer:miss|v:1"
    assert (
        found["macro_f1"] == f"stance.macro_f1|avg:pooled|{ties}|labels:favor+against+none|undef:skip|noanswer:miss|v:1"
    )
    assert found["accuracy"] == f"stance.accuracy|avg:pooled|{ties}|noanswer:miss|v:1"
    assert "majority:gold_of_all_targets" in StanceMajority(per="all").signature(Key("stance.favg_majority", "pooled"))
    assert metric.support(Key("stance.favg_majority", "pooled"), sums) == 1
    assert metric.support(Key("stance.accuracy_over_majority", "pooled"), sums) == 2


@pytest.mark.parametrize(
    "parameters",
    [
        {"labels": ()},
        {"labels": ("a", "a")},
        {"sides": ("favor",)},
        {"sides": ("favor", "favor", "against")},
        {"per": "document"},
    ],
)
def test_bad_parameters_are_refused(parameters):
    with pytest.raises(ValueError, match="StanceMajority: "):
        StanceMajority(**parameters)
