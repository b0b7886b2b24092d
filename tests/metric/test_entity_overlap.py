from collections import Counter

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


def scores_of(gold, predicted, **parameters):
    metric = EntityOverlap(**parameters)
    return {key: float(value) for key, value in metric.compute(metric.count(gold, predicted)).items()}


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


def test_a_discontinuous_entity_overlaps_where_its_parts_do():
    legs = Entity(0, 18, "A", parts=((0, 4), (14, 18)))
    assert [f1([legs], [legs], mode) for mode in ("exact", "partial", "type")] == [1, 1, 1]
    # The same start and end are not the same span.
    assert [f1([legs], [Entity(0, 18, "A")], mode) for mode in ("exact", "partial", "type")] == [0, 0.5, 1]
    assert [f1([legs], [Entity(5, 13, "A")], mode) for mode in ("exact", "partial", "type")] == [0, 0, 0]


# ---- per label, averages, categories ------------------------------------------------------------------------------


def test_defaults_add_no_rows():
    assert scores_of(GOLD, PREDICTED).keys() == {
        Key(f"entity_{mode}.{name}", "micro")
        for mode in ("exact", "partial", "type")
        for name in ("precision", "recall", "f1")
    }


def test_labels_of_the_worked_case_by_hand():
    found = scores_of(GOLD, PREDICTED, by_label=True)

    def row(mode, label, average="micro"):
        return [found[Key(f"entity_{mode}.{name}", average, label)] for name in ("precision", "recall", "f1")]

    # PER: one gold, found exactly; two predictions, one of them spurious.
    assert row("exact", "label=PER") == row("partial", "label=PER") == row("type", "label=PER")
    assert row("exact", "label=PER") == pytest.approx([1 / 2, 1, 2 / 3])
    # ORG: one gold, cut short; two predictions, the cut one and one on a LOC's exact span.
    assert row("exact", "label=ORG") == [1 / 2, 0, 0]
    assert row("partial", "label=ORG") == pytest.approx([3 / 4, 1 / 2, 3 / 5])
    assert row("type", "label=ORG") == pytest.approx([1 / 2, 1, 2 / 3])
    # LOC: one gold, found as ORG; MISC: one gold, missed. Nothing is predicted as either.
    assert row("exact", "label=LOC") == [0, 1, 0]
    assert row("type", "label=LOC") == row("exact", "label=MISC") == [0, 0, 0]
    labels = ("PER", "ORG", "LOC", "MISC")
    assert {key.slice for key in found} == {"all", *(f"label={label}" for label in labels)}
    for mode in ("exact", "partial", "type"):
        mean = [sum(row(mode, f"label={label}")[n] for label in labels) / 4 for n in range(3)]
        # One gold entity each: every label is as heavy.
        assert row(mode, "all", "macro") == row(mode, "all", "weighted") == pytest.approx(mean)


def test_a_spurious_prediction_is_charged_to_its_label_alone():
    """nervaluate before 1.2 charged it to every label: precision of PER 1/2 here."""
    found = scores_of([Entity(0, 5, "PER")], [Entity(0, 5, "PER"), Entity(9, 12, "ORG")], by_label=True)
    assert found[Key("entity_partial.precision", "micro", "label=PER")] == 1
    assert found[Key("entity_partial.precision", "micro", "label=ORG")] == 0
    assert found[Key("entity_partial.f1", "macro")] == 0.5
    # No gold ORG: without weight.
    assert found[Key("entity_partial.f1", "weighted")] == 1


@pytest.mark.parametrize(("gold", "predicted", "value"), [([], [], NAN), ([], GOLD, 0), (GOLD, [], 0)])
def test_averages_of_one_side_or_none(gold, predicted, value):
    found = scores_of(gold, predicted, by_label=True)
    for average in ("micro", "macro", "weighted"):
        assert found[Key("entity_partial.f1", average)] == pytest.approx(value, nan_ok=True)


def test_categories_of_the_worked_case():
    """One missed and one spurious in each mode, as the task's scorer has it."""
    found = scores_of(GOLD, PREDICTED, categories=True)
    rows = {
        mode: [
            found[Key(f"entity_{mode}.{name}", "count")]
            for name in ("cor", "inc", "par", "mis", "spu", "possible", "actual")
        ]
        for mode in ("strict", "exact", "partial", "type")
    }
    assert rows == {
        "strict": [1, 2, 0, 1, 1, 4, 4],
        "exact": [2, 1, 0, 1, 1, 4, 4],
        "partial": [2, 0, 1, 1, 1, 4, 4],
        "type": [2, 1, 0, 1, 1, 4, 4],
    }
    # .25, .5, .625 and .5 of the task's paper
    credit = [(cor + par / 2) / actual for cor, _, par, _, _, _, actual in rows.values()]
    assert credit == [0.25, 0.5, 0.625, 0.5]


def test_categories_per_label():
    found = scores_of(GOLD, PREDICTED, categories=True, by_label=True)

    def row(mode, label):
        names = ("cor", "inc", "par", "mis", "spu", "possible", "actual")
        return [found[Key(f"entity_{mode}.{name}", "count", f"label={label}")] for name in names]

    assert row("partial", "ORG") == [0, 0, 1, 0, 0, 1, 2]
    assert row("type", "LOC") == [0, 1, 0, 0, 0, 1, 0]
    assert row("strict", "PER") == [1, 0, 0, 0, 1, 1, 2]
    assert row("exact", "MISC") == [0, 0, 0, 1, 0, 1, 0]


@settings(max_examples=80, deadline=None)
@given(spans, spans)
def test_labels_add_up_to_the_whole(gold, predicted):
    found = scores_of(gold, predicted, categories=True, by_label=True)
    summed, whole = Counter(), {}
    for key, value in found.items():
        if key.average == "count" and key.slice == "all":
            whole[key.metric] = value
        elif key.average == "count":
            summed[key.metric] += value
    assert all(summed[name] == value for name, value in whole.items())
    # Credit too: on the gold's side as on the predictions'.
    for mode in ("exact", "partial", "type"):
        for name, side in (("recall", "possible"), ("precision", "actual")):
            parts = [
                found[Key(f"entity_{mode}.{name}", "micro", f"label={label}")]
                * found[Key(f"entity_{mode}.{side}", "count", f"label={label}")]
                for label in {entity.label for entity in gold + predicted}
            ]
            credit = whole[f"entity_{mode}.cor"] + whole[f"entity_{mode}.par"] / 2
            assert sum(parts) == pytest.approx(credit)


@settings(max_examples=60, deadline=None)
@given(slots())
def test_type_scores_per_label_equal_nervaluate(sides):
    """Its tables per label look at the entities of the label alone, so only type scores are the same thing."""
    gold, predicted = sides
    records = [[[{"label": e.label, "start": e.start, "end": e.end - 1} for e in side]] for side in sides]
    results = Evaluator(*records, tags=["PER", "ORG", "LOC"], loader="dict").evaluate()["entities"]
    found = scores_of(gold, predicted, by_label=True)
    assert {key.slice for key in found} == {"all", *(f"label={label}" for label in results)}
    for label, result in results.items():
        for name in ("precision", "recall", "f1"):
            ours = found[Key(f"entity_type.{name}", "micro", f"label={label}")]
            assert ours == pytest.approx(getattr(result["ent_type"], name), abs=1e-12)


def test_labels_may_hold_the_separator():
    gold, predicted = [Entity(0, 4, "a|gold"), Entity(5, 9, "a")], [Entity(0, 3, "a|gold"), Entity(5, 9, "a|b")]
    found = scores_of(gold, predicted, by_label=True)
    assert {key.slice for key in found} == {"all", "label=a", "label=a|gold", "label=a|b"}
    assert found[Key("entity_partial.recall", "micro", "label=a|gold")] == 0.5
    assert found[Key("entity_exact.recall", "micro", "label=a")] == 1
    assert found[Key("entity_exact.precision", "micro", "label=a|b")] == 1


def test_articles_can_be_ignored():
    text = "the Hague"
    gold, predicted = [Entity(0, 9, "GPE", text)], [Entity(4, 9, "GPE", text[4:])]
    key = Key("entity_exact.f1", "micro")
    assert scores_of(gold, predicted)[key] == 0
    assert scores_of(gold, predicted, article="ignore")[key] == 1
    assert EntityOverlap(article="ignore").signature(key).endswith("|dup:once|article:ignore|v:1")
    with pytest.raises(ValueError, match=r"has none; fill Entity\.text"):
        scores_of(GOLD, PREDICTED, article="ignore")


def test_signature_and_support():
    metric = EntityOverlap()
    assert (
        metric.signature(Key("entity_partial.f1", "micro"))
        == "entity_partial.f1|avg:micro|match:partial|pairs:max_weight|dup:once|v:1"
    )
    assert metric.support(Key("entity_type.f1", "micro"), count(GOLD, PREDICTED[:1])) == 4
    sums = EntityOverlap(by_label=True).count(GOLD, PREDICTED)
    assert EntityOverlap(by_label=True).support(Key("entity_type.f1", "micro", "label=ORG"), sums) == 1
    assert "|undef:skip|" in EntityOverlap(by_label=True).signature(Key("entity_type.f1", "macro"))
