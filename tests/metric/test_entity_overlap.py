import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nervaluate import Evaluator

from harness.metric.base import Key
from harness.metric.entity_overlap import EntityOverlap
from harness.records import Entity

pytestmark = pytest.mark.core
NAN = float("nan")
MUC = {"cor": "correct", "inc": "incorrect", "par": "partial", "mis": "missed", "spu": "spurious"}
PEERS = {"strict": "strict", "exact": "exact", "partial": "partial", "type": "ent_type"}


def count(gold, predicted):
    return EntityOverlap().count(gold, predicted)


def f1(gold, predicted, mode):
    scores = EntityOverlap().compute(count(gold, predicted))
    return float(scores[Key(f"entity_{mode}.f1", "micro")])


# The worked case of SemEval-2013 scoring, its inclusive token spans made end-exclusive.
GOLD = [Entity(0, 2, "PER"), Entity(4, 6, "LOC"), Entity(7, 10, "ORG"), Entity(12, 13, "MISC")]
PREDICTED = [Entity(0, 2, "PER"), Entity(4, 6, "ORG"), Entity(7, 9, "ORG"), Entity(15, 17, "PER")]


def test_the_worked_case():
    scores = EntityOverlap().compute(count(GOLD, PREDICTED))
    for mode, value in {"exact": 0.5, "partial": 0.625, "type": 0.5}.items():
        assert [float(scores[Key(f"entity_{mode}.{name}", "micro")]) for name in ("precision", "recall", "f1")] == [
            value
        ] * 3
    assert count(GOLD, PREDICTED) == {
        "gold": 4,
        "predicted": 4,
        "strict|cor": 1,
        "strict|inc": 2,
        "strict|mis": 1,
        "strict|spu": 1,
        "exact|cor": 2,
        "exact|inc": 1,
        "exact|mis": 1,
        "exact|spu": 1,
        "partial|cor": 2,
        "partial|par": 1,
        "partial|mis": 1,
        "partial|spu": 1,
        "type|cor": 2,
        "type|inc": 1,
        "type|mis": 1,
        "type|spu": 1,
    }


@pytest.mark.parametrize(
    ("gold", "predicted", "exact", "partial", "type_"),
    [
        ([Entity(0, 4, "A")], [Entity(0, 4, "B")], 1, 1, 0),
        ([Entity(0, 4, "A")], [Entity(1, 5, "A")], 0, 0.5, 1),
        ([Entity(0, 4, "A")], [Entity(1, 5, "B")], 0, 0.5, 0),
        ([Entity(0, 4, "A")], [Entity(4, 8, "A")], 0, 0, 0),  # they only touch
        # one gold entity split in two: one half takes it, the other is spurious
        ([Entity(0, 4, "A")], [Entity(0, 2, "A"), Entity(2, 4, "A")], 0, 1 / 3, 2 / 3),
        # one prediction over two gold entities counts once
        ([Entity(0, 2, "A"), Entity(2, 4, "A")], [Entity(0, 4, "A")], 0, 1 / 3, 2 / 3),
        ([Entity(0, 4, "A")], None, 0, 0, 0),
        ([], [Entity(0, 4, "A")], 0, 0, 0),
        ([], [], NAN, NAN, NAN),
    ],
)
def test_by_hand(gold, predicted, exact, partial, type_):
    found = [f1(gold, predicted, mode) for mode in ("exact", "partial", "type")]
    assert found == pytest.approx([exact, partial, type_], nan_ok=True)


def test_the_order_of_gold_does_not_matter():
    """Two gold spans under one prediction: in a matching by list order the first takes it, and type F1 may be 0."""
    gold, predicted = [Entity(0, 6, "PER"), Entity(3, 9, "ORG")], [Entity(2, 8, "ORG")]
    assert f1(gold, predicted, "type") == f1(gold[::-1], predicted, "type") == pytest.approx(2 / 3)


def test_an_exact_prediction_wins_wherever_it_is_listed():
    """nervaluate 1.2.1 lets an overlapping prediction that comes first take the gold entity: strict F1 0."""
    gold, predicted = [Entity(0, 5, "PER")], [Entity(0, 7, "ORG"), Entity(0, 5, "PER")]
    for answers in (predicted, predicted[::-1]):
        assert count(gold, answers)["strict|cor"] == 1
        assert f1(gold, answers, "exact") == pytest.approx(2 / 3)


def test_spans_that_touch_are_missed_and_spurious():
    """nervaluate 1.2.1, given end-exclusive offsets, has type F1 1.0 and partial .5 here."""
    gold, predicted = [Entity(0, 5, "PER")], [Entity(5, 9, "PER")]
    assert f1(gold, predicted, "type") == f1(gold, predicted, "partial") == 0
    assert count(gold, predicted)["type|mis"] == count(gold, predicted)["type|spu"] == 1


def test_two_labels_on_one_span_meet_their_equals():
    """A matching by list order pairs each with the other label: strict F1 0."""
    gold, predicted = [Entity(0, 5, "PER"), Entity(0, 5, "ORG")], [Entity(0, 5, "ORG"), Entity(0, 5, "PER")]
    assert count(gold, predicted)["strict|cor"] == 2
    assert f1(gold, predicted, "type") == 1


labels = st.sampled_from(["PER", "ORG", "LOC"])
inside = st.tuples(st.integers(0, 8), st.integers(1, 10), labels)


@st.composite
def slots(draw):
    """Gold and predicted spans in stretches of 20 code points, at most one of each in a stretch."""
    sides = ([], [])
    for slot in range(draw(st.integers(1, 8))):
        for side in sides:
            if mark := draw(st.none() | inside):
                start, length, label = mark
                side.append(Entity(20 * slot + start, 20 * slot + start + length, label))
    return sides


@settings(max_examples=60, deadline=None)
@given(slots())
def test_equals_nervaluate_where_nothing_overlaps_twice(sides):
    gold, predicted = sides
    records = [[[{"label": e.label, "start": e.start, "end": e.end - 1} for e in side]] for side in sides]
    results = Evaluator(*records, tags=["PER", "ORG", "LOC"], loader="dict").evaluate()["overall"]
    counts = count(gold, predicted)
    scores = EntityOverlap().compute(counts)
    for mode, peer in PEERS.items():
        for ours, theirs in MUC.items():
            assert counts.get(f"{mode}|{ours}", 0) == getattr(results[peer], theirs), (mode, ours)
        assert counts["gold"] == results[peer].possible
        assert counts["predicted"] == results[peer].actual
        if mode != "strict" and (gold or predicted):
            for name in ("precision", "recall", "f1"):
                ours = float(scores[Key(f"entity_{mode}.{name}", "micro")])
                assert ours == pytest.approx(getattr(results[peer], name), abs=1e-12)


spans = st.lists(
    st.builds(lambda s, n, label: Entity(s, s + n, label), st.integers(0, 20), st.integers(1, 9), labels), max_size=9
)


@settings(max_examples=100, deadline=None)
@given(spans, spans)
def test_the_categories_add_up(gold, predicted):
    counts = count(gold, predicted)
    for mode in PEERS:
        cor, inc, par, mis, spu = (counts.get(f"{mode}|{name}", 0) for name in MUC)
        assert cor + inc + par + mis == counts["gold"] == len(set(gold))
        assert cor + inc + par + spu == counts["predicted"] == len(set(predicted))
    assert counts.get("strict|cor", 0) == len(set(gold) & set(predicted))


@settings(max_examples=100, deadline=None)
@given(spans, spans)
def test_gold_and_prediction_change_places_with_precision_and_recall(gold, predicted):
    there, back = (EntityOverlap().compute(count(*sides)) for sides in [(gold, predicted), (predicted, gold)])
    for mode in ("exact", "partial", "type"):
        precision, recall = (
            float(scores[Key(f"entity_{mode}.{name}", "micro")])
            for scores, name in [(there, "precision"), (back, "recall")]
        )
        assert precision == pytest.approx(recall, nan_ok=True)


def test_signature_and_support():
    metric = EntityOverlap()
    assert (
        metric.signature(Key("entity_partial.f1", "micro"))
        == "entity_partial.f1|avg:micro|match:partial|pairs:max_weight|dup:once|v:1"
    )
    assert metric.support(Key("entity_type.f1", "micro"), count(GOLD, PREDICTED[:1])) == 4
