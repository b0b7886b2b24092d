import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import precision_recall_fscore_support

from harness.errors import DataError, ResourceError
from harness.metric.base import Key
from harness.metric.entity_slices import EntitySlices
from harness.records import Entity

pytestmark = pytest.mark.core
FIELDS = ("precision", "recall", "f1")


def scores(metric, gold, predicted):
    found = metric.compute(metric.count(gold, predicted))
    assert all((key.metric.partition(".")[0], key.average) == ("entity_slices", "micro") for key in found)
    return {(key.metric.partition(".")[2], key.slice): float(value) for key, value in found.items()}


def named(text, start, label="ORG", parts=()):
    return Entity(start, parts[-1][1] if parts else start + len(text), label, text, parts=parts)


GOLD = [
    named("Oslo", 0, "GPE"),
    named("New York", 10, "GPE"),
    named("Bank of New York", 20),
    named("New York", 28, "GPE"),
    named("International Bank of Settlements", 50),
]
PREDICTED = [GOLD[0], GOLD[2], named("Bank of", 20), named("York", 14, "GPE"), named("New York", 28, "LOC")]


def test_length_by_hand():
    found = scores(EntitySlices(by=("length",)), GOLD, PREDICTED)
    # 1 word: Oslo right, York invented. 2: two gold, none right, "Bank of" and the LOC invented. 4+: one of two.
    assert [found[name, "length=1"] for name in FIELDS] == pytest.approx([0.5, 1, 2 / 3])
    assert [found[name, "length=2"] for name in FIELDS] == [0, 0, 0]
    assert [found[name, "length=4+"] for name in FIELDS] == pytest.approx([1, 0.5, 2 / 3])
    assert {slice_ for _, slice_ in found} == {"length=1", "length=2", "length=4+"}


@pytest.mark.parametrize(
    ("text", "value"), [("x", "1"), (" x\ty ", "2"), ("x\ny z", "3"), ("a b c d", "4+"), ("a " * 9, "4+"), (" \n", "0")]
)
def test_words_are_what_white_space_separates(text, value):
    assert EntitySlices(by=("length",)).count([named(text, 0)], []) == {f"length={value}|fn": 1}


def test_nesting_is_the_golds_on_both_sides():
    found = EntitySlices(by=("nested",)).count(GOLD, PREDICTED)
    assert found == {
        "nested=flat|tp": 1,  # Oslo
        "nested=flat|fn": 2,  # the first New York, the other bank
        "nested=outer|tp": 1,
        "nested=inner|fn": 1,  # New York in the bank
        # "Bank of" and the LOC lie in the gold bank, York in the gold New York; that none is gold does not matter
        "nested=inner|fp": 3,
    }


def test_nesting_of_labels_parts_and_predictions():
    metric = EntitySlices(by=("nested",))
    # Two labels on one span, spans that cross, spans that touch: nothing is in anything.
    flat = [Entity(0, 5, "A"), Entity(0, 5, "B"), Entity(3, 8, "A"), Entity(8, 9, "A")]
    assert metric.count(flat, []) == {"nested=flat|fn": 4}
    # In the middle of three: inner, though one lies in it.
    three = [Entity(0, 9, "A"), Entity(0, 5, "A"), Entity(0, 2, "A")]
    assert metric.count(three, []) == {"nested=inner|fn": 2, "nested=outer|fn": 1}
    # What is predicted around or in it does not make a gold entity nested; the prediction around it is outer.
    assert metric.count([Entity(2, 4, "A")], [Entity(0, 9, "A"), Entity(2, 4, "A"), Entity(3, 4, "A")]) == {
        "nested=flat|tp": 1,
        "nested=outer|fp": 1,
        "nested=inner|fp": 1,
    }
    # In the gap of a discontinuous one is not in it; in one of its stretches is; its stretches are in the whole.
    legs = Entity(0, 18, "A", parts=((0, 4), (14, 18)))
    assert metric.count([legs, Entity(5, 13, "A")], []) == {"nested=flat|fn": 2}
    assert metric.count([legs, Entity(14, 17, "A")], []) == {"nested=outer|fn": 1, "nested=inner|fn": 1}
    assert metric.count([legs, Entity(0, 18, "A")], []) == {"nested=inner|fn": 1, "nested=outer|fn": 1}


def test_seen_names(tmp_path):
    plain, records = tmp_path / "names.txt", tmp_path / "entities.jsonl"
    plain.write_text("\ufeffOslo\r\n\r\nnew  YORK\n#1 Fan\nSTRASSE\n", encoding="utf-8")
    lines = [{"doc": "x", "start": 0, "end": 4, "label": "GPE", "text": name} for name in ("Oslo", "New York")]
    records.write_text("".join(json.dumps(one) + "\n" for one in [*lines, {"doc": "y"}]), encoding="utf-8")
    for seen in (str(plain), str(records), ("oslo", "New York", "Straße", "#1 fan")):
        metric = EntitySlices(by=("seen",), seen=seen)
        assert metric.count(GOLD, PREDICTED) == {
            "seen=yes|tp": 1,
            "seen=yes|fn": 2,
            "seen=yes|fp": 1,  # the LOC: the label is no part of the name
            "seen=no|tp": 1,
            "seen=no|fn": 1,
            "seen=no|fp": 2,
        }
    assert EntitySlices(by=("seen",), seen=str(plain)).count([named("Straße", 0), named("#1 Fan", 9)], []) == {
        "seen=yes|fn": 2
    }
    assert EntitySlices(by=("seen",), seen=()).count([named("Oslo", 0)], []) == {"seen=no|fn": 1}


def test_the_names_are_part_of_the_signature_and_their_order_is_not():
    key = Key("entity_slices.f1", "micro", "seen=yes")
    one, same, other = (EntitySlices(by=("seen",), seen=seen) for seen in [("a", "b"), ("B", "a", "b "), ("a", "c")])
    assert one.signature(key) == same.signature(key) != other.signature(key)
    assert one.signature(key).startswith("entity_slices.f1|avg:micro|match:strict|dup:once|seen:case+space:")
    assert (
        EntitySlices().signature(Key("entity_slices.f1", "micro", "length=4+"))
        == "entity_slices.f1|avg:micro|match:strict|dup:once|length:whitespace|v:1"
    )
    assert "|nested:gold|" in one.signature(Key("entity_slices.f1", "micro", "nested=flat"))


@pytest.mark.parametrize(
    "parameters",
    [{"by": ()}, {"by": ("length", "length")}, {"by": ("seen",)}, {"by": ("length",), "seen": ("a",)}],
)
def test_bad_parameters(parameters):
    with pytest.raises(ValueError, match=r"^EntitySlices: "):
        EntitySlices(**parameters)


def test_a_file_of_names_that_is_none(tmp_path):
    with pytest.raises(ResourceError, match=r"entity_slices\.seen: expected a file of names, .*missing\.txt"):
        EntitySlices(by=("seen",), seen=str(tmp_path / "missing.txt"))
    with pytest.raises(ResourceError):
        EntitySlices(by=("seen",), seen=str(tmp_path))
    bad = tmp_path / "bad.jsonl"
    bad.write_text(
        '{"text": "Oslo"}\n{"text": 3}\n{"doc": "d", "start": 0, "end": 1, "label": "X"}\n', encoding="utf-8"
    )
    with pytest.raises(DataError) as caught:
        EntitySlices(by=("seen",), seen=str(bad))
    assert [fault.partition(": ")[0] for fault in caught.value.faults] == [f"{bad}:2", f"{bad}:3"]
    latin = tmp_path / "latin.txt"
    latin.write_bytes("Zoë".encode("cp1252"))
    with pytest.raises(DataError, match=r"latin\.txt:1"):
        EntitySlices(by=("seen",), seen=str(latin))


def test_an_entity_without_text_is_refused_only_where_its_text_matters():
    bare = [Entity(0, 5, "GPE")]
    assert EntitySlices(by=("nested", "label")).count(bare, bare) == {"nested=flat|tp": 1, "label=GPE|tp": 1}
    for metric in (EntitySlices(by=("length",)), EntitySlices(by=("seen",), seen=("x",))):
        with pytest.raises(ValueError, match=r"'GPE' at \[0, 5\) has none"):
            metric.count(bare, [])


def test_support_is_the_gold_with_the_value_and_nothing_has_no_rows():
    metric = EntitySlices()
    sums = metric.count(GOLD, PREDICTED)
    assert metric.support(Key("entity_slices.f1", "micro", "length=2"), sums) == 2
    assert metric.support(Key("entity_slices.f1", "micro", "label=LOC"), sums) == 0
    assert metric.compute(metric.count([], [])) == metric.compute(metric.count([], None)) == {}


TEXT = "the Bank of New York and the Bank of Oslo or of Rome "


@st.composite
def entities(draw):
    start = draw(st.integers(0, len(TEXT) - 6))
    end = draw(st.integers(start + 1, min(len(TEXT), start + 20)))
    return Entity(start, end, draw(st.sampled_from("AB")), TEXT[start:end])


some = st.lists(entities(), max_size=8)


@settings(max_examples=100, deadline=None)
@given(some, some)
def test_equals_strict_scores_of_what_is_filtered_by_hand(gold, predicted):
    names = {"bank", "of", "new york"}
    metric = EntitySlices(by=("length", "nested", "label", "seen"), seen=tuple(names))

    def has(entity, field, value):
        if field == "length":
            words = len(entity.text.split())
            return words == int(value) if value != "4+" else words > 3
        if field == "label":
            return entity.label == value
        if field == "seen":
            return (" ".join(entity.text.lower().split()) in names) == (value == "yes")
        own = (entity.start, entity.end)
        others = {(g.start, g.end) for g in gold} - {own}
        inner = any(s <= own[0] and own[1] <= e for s, e in others)
        outer = any(own[0] <= s and e <= own[1] for s, e in others)
        return value == ("inner" if inner else "outer" if outer else "flat")

    found = scores(metric, gold, predicted)
    for field in metric.by:
        covered = 0
        for slice_ in {slice_ for _, slice_ in found if slice_.startswith(f"{field}=")}:
            value = slice_.partition("=")[2]
            sides = [[e for e in side if has(e, field, value)] for side in (gold, predicted)]
            covered += sum(len(set(side)) for side in sides)
            both = list(set(sides[0]) | set(sides[1]))
            indicators = [[entity in side for entity in both] for side in sides]
            expected = precision_recall_fscore_support(*indicators, average="binary", zero_division=0)
            assert [found[name, slice_] for name in FIELDS] == pytest.approx(list(expected[:3]), abs=1e-12)
        assert covered == len(set(gold)) + len(set(predicted))
