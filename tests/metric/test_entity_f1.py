import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seqeval.metrics import classification_report
from seqeval.scheme import IOB2

from harness.metric.base import Key
from harness.metric.entity_f1 import EntityF1
from harness.records import Entity

pytestmark = pytest.mark.core
NAN = float("nan")
A, B = Entity(0, 5, "GPE"), Entity(5, 9, "ORG")


def scores(gold, predicted, **parameters):
    metric = EntityF1(**parameters)
    return {key: float(value) for key, value in metric.compute(metric.count(gold, predicted)).items()}


@pytest.mark.parametrize(
    ("gold", "predicted", "expected"),
    [
        ([A, B], [A, B], (1, 1, 1)),
        ([A, B], [B, A], (1, 1, 1)),
        ([A, B], [A], (1, 0.5, 2 / 3)),
        ([A], [A, B], (0.5, 1, 2 / 3)),
        ([A], [Entity(0, 5, "LOC")], (0, 0, 0)),  # the right span with the wrong label
        ([A], [Entity(0, 4, "GPE")], (0, 0, 0)),  # one code point short
        ([A, A], [A], (1, 1, 1)),  # duplicates count once
        ([A], [A, A, B], (0.5, 1, 2 / 3)),
        ([A], None, (0, 0, 0)),  # a missing answer is an empty one
        ([A], [], (0, 0, 0)),
        ([], [A], (0, 0, 0)),
        ([], [], (NAN, NAN, NAN)),
        # two labels on one span and a nested span are entities of their own
        ([A, Entity(0, 5, "ORG"), Entity(2, 5, "GPE")], [Entity(2, 5, "GPE"), A], (1, 2 / 3, 0.8)),
    ],
)
def test_by_hand(gold, predicted, expected):
    found = scores(gold, predicted)
    micro = [found[Key(f"entity.{name}", "micro")] for name in ("precision", "recall", "f1")]
    assert micro == pytest.approx(expected, nan_ok=True)


def test_a_wrong_label_is_charged_to_the_label_given_and_missed_by_the_other():
    found = scores([A, B], [Entity(0, 5, "LOC"), B])
    assert found[Key("entity.recall", "micro", "label=GPE")] == 0
    assert found[Key("entity.precision", "micro", "label=LOC")] == 0
    assert found[Key("entity.f1", "micro", "label=ORG")] == 1
    assert found[Key("entity.f1", "macro")] == pytest.approx(1 / 3)
    assert found[Key("entity.f1", "micro")] == 0.5


def test_without_any_entity_every_row_is_there_and_undefined():
    found = EntityF1().compute({name: np.zeros(3) for name in EntityF1().count([], [])})
    assert found.keys() == {
        Key(f"entity.{name}", average) for name in ("precision", "recall", "f1") for average in ("micro", "macro")
    }
    assert all(value.shape == (3,) and np.isnan(value).all() for value in found.values())


def test_counts_are_named_as_documented():
    assert EntityF1().count([A], [A, B]) == {"tp": 1, "fp": 1, "fn": 0, "label=GPE|tp": 1, "label=ORG|fp": 1}


def test_macro_leaves_out_a_label_that_a_resample_does_not_have():
    metric = EntityF1()
    sums = {"tp": [1, 1], "fp": [0, 0], "fn": [1, 0], "label=A|tp": [1, 1], "label=B|fn": [1, 0]}
    found = metric.compute(sums)
    assert found[Key("entity.f1", "macro")] == pytest.approx([0.5, 1.0])
    assert found[Key("entity.f1", "micro", "label=B")] == pytest.approx([0, NAN], nan_ok=True)


def test_spans_alone():
    found = scores([A, Entity(0, 5, "ORG")], [Entity(0, 5, "LOC"), B], labelled=False)
    assert found == {
        Key(f"entity.{name}", "micro"): value for name, value in [("precision", 0.5), ("recall", 1.0), ("f1", 2 / 3)]
    }
    assert (
        EntityF1(labelled=False).signature(Key("entity.f1", "micro")) == "entity.f1|avg:micro|match:span|dup:once|v:1"
    )


def test_discontinuous_entities_agree_in_every_part():
    legs = Entity(0, 18, "A", parts=((0, 4), (14, 18)))
    key = Key("entity.f1", "micro")
    assert scores([legs], [Entity(0, 18, "A", parts=((0, 4), (14, 18)))])[key] == 1
    assert scores([legs], [Entity(0, 18, "A")])[key] == 0
    assert scores([legs], [Entity(0, 18, "A", parts=((0, 4), (13, 18)))])[key] == 0
    assert scores([legs], [Entity(0, 18, "A")], labelled=False)[key] == 0
    assert scores([legs], [Entity(0, 18, "B", parts=((0, 4), (14, 18)))], labelled=False)[key] == 1


def test_weighted_by_hand():
    # GPE: 3 gold, 1 found, F1 1/2. ORG: 1 gold, found, with one more invented, F1 2/3. LAW: invented.
    gold = [A, Entity(20, 25, "GPE"), Entity(30, 35, "GPE"), B]
    found = scores(gold, [A, B, Entity(50, 51, "ORG"), Entity(60, 61, "LAW")], weighted=True)
    assert found[Key("entity.f1", "weighted")] == pytest.approx((3 * 0.5 + 2 / 3) / 4)
    assert found[Key("entity.precision", "weighted")] == pytest.approx((3 * 1 + 0.5) / 4)
    assert found[Key("entity.recall", "weighted")] == pytest.approx((3 / 3 + 1) / 4)
    assert Key("entity.f1", "weighted") not in scores(gold, [A])


@pytest.mark.parametrize(("gold", "predicted", "value"), [([], [], NAN), ([], [A], 0), ([A], [], 0), ([A], [A], 1)])
def test_weighted_with_an_empty_side(gold, predicted, value):
    assert scores(gold, predicted, weighted=True)[Key("entity.f1", "weighted")] == pytest.approx(value, nan_ok=True)


def test_weighted_needs_labels():
    with pytest.raises(ValueError, match="EntityF1: weighted is an average over labels"):
        EntityF1(labelled=False, weighted=True)


@pytest.mark.parametrize(
    ("gold", "predicted", "f1"),
    [
        ("the Hague", "Hague", 1),
        ("Hague", "THE Hague", 1),
        ("an Army", "a Army", 1),  # both are gone, whichever it was
        ("Theresa", "Theresa", 1),
        ("the", "the", 1),
        ("the Hague", "The Hagu", 0),  # the end still counts
        ("of the Hague", "Hague", 0),
    ],
)
def test_a_leading_article_can_be_ignored(gold, predicted, f1):
    """Both end where the text does."""
    sides = [[Entity(20 - len(text), 20, "GPE", text)] for text in (gold, predicted)]
    if predicted == "The Hagu":
        sides[1] = [Entity(11, 19, "GPE", predicted)]
    assert scores(*sides, article="ignore")[Key("entity.f1", "micro")] == f1


def test_an_entity_with_and_without_its_article_is_one():
    gold = [Entity(0, 9, "GPE", "The Hague"), Entity(4, 9, "GPE", "Hague")]
    found = EntityF1(article="ignore").count(gold, gold[:1])
    assert found == {"tp": 1, "fp": 0, "fn": 0, "label=GPE|tp": 1}
    assert EntityF1().count(gold, gold[:1])["fn"] == 1
    assert EntityF1(labelled=False, article="ignore").count(gold, gold[:1]) == {"tp": 1, "fp": 0, "fn": 0}
    with pytest.raises(ValueError, match=r"'GPE' at \[0, 5\) has none"):
        EntityF1(article="ignore").count([A], [])
    key = Key("entity.f1", "micro")
    assert EntityF1(article="ignore").signature(key) == "entity.f1|avg:micro|match:strict|dup:once|article:ignore|v:1"


def test_signatures_and_support():
    metric = EntityF1()
    assert metric.signature(Key("entity.f1", "micro")) == "entity.f1|avg:micro|match:strict|dup:once|v:1"
    assert (
        metric.signature(Key("entity.recall", "macro"))
        == "entity.recall|avg:macro|match:strict|dup:once|undef:skip|v:1"
    )
    sums = metric.count([A, B, Entity(20, 22, "ORG")], [A])
    assert metric.support(Key("entity.f1", "micro"), sums) == 3
    assert metric.support(Key("entity.f1", "micro", "label=ORG"), sums) == 2
    assert metric.support(Key("entity.f1", "macro"), sums) == 3


def spans(tags):
    """Entities of IOB2 tags that are well formed; one token is one code point."""
    found, start = [], None
    for place, tag in enumerate([*tags, "O"]):
        if start is not None and not tag.startswith("I-"):
            found.append(Entity(start, place, tags[start][2:]))
            start = None
        if tag.startswith("B-"):
            start = place
    return found


@st.composite
def tag_rows(draw):
    tags = []
    for _ in range(draw(st.integers(1, 5))):
        label = draw(st.sampled_from(["PER", "ORG", "GPE", None]))
        length = draw(st.integers(1, 3))
        tags += ["O"] * length if label is None else [f"B-{label}", *[f"I-{label}"] * (length - 1)]
    return (tags + ["O"] * 15)[:15]


def unbroken(tags):
    """Drops what a cut at the end or between two runs left without its beginning."""
    return [
        tag if not tag.startswith("I-") or (place and tags[place - 1][2:] == tag[2:]) else "O"
        for place, tag in enumerate(tags)
    ]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(tag_rows(), tag_rows()), min_size=1, max_size=5))
def test_equals_seqeval_in_strict_mode(rows):
    gold, predicted = [unbroken(row[0]) for row in rows], [unbroken(row[1]) for row in rows]
    metric = EntityF1(weighted=True)
    sums = {}
    for tags, answer in zip(gold, predicted, strict=True):
        for name, value in metric.count(spans(tags), spans(answer)).items():
            sums[name] = sums.get(name, 0) + value
    found = metric.compute(sums)
    if not sums["tp"] + sums["fp"] + sums["fn"]:
        assert np.isnan(found[Key("entity.f1", "micro")])
        return
    report = classification_report(gold, predicted, output_dict=True, mode="strict", scheme=IOB2, zero_division=0)
    for name, values in report.items():
        average, slice_ = ("micro", f"label={name}") if " " not in name else (name.split()[0], "all")
        for field, key in [("precision", "precision"), ("recall", "recall"), ("f1-score", "f1")]:
            assert found[Key(f"entity.{key}", average, slice_)] == pytest.approx(values[field], abs=1e-12)
        assert metric.support(Key("entity.f1", average, slice_), sums) == values["support"]
