import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.metric.base import Key
from harness.metric.entity_recall import EntityRecall
from harness.records import Entity, References, Summary
from tests.made_context import context_of

pytestmark = pytest.mark.core
NAN = float("nan")
TEXT = "Ann Lee met the European Union. Lee's aide, ann lee, said the Hague and The Hague on Monday 北京."


def mark(name, label, nth=0):
    start = -1
    for _ in range(nth + 1):
        start = TEXT.index(name, start + 1)
    return Entity(start, start + len(name), label)


LEE = (mark("Ann Lee", "PERSON"), mark("ann lee", "PERSON"))  # one entity, named twice
UNION = (mark("the European Union", "ORG"),)
HAGUE = (mark("Hague", "GPE"), mark("The Hague", "GPE"))  # likewise
DAY = (mark("Monday", "DATE"),)  # a value
BEIJING = (mark("北京", "GPE"),)
ALL = LEE + UNION + HAGUE + DAY + BEIJING
TWICE = 1 + math.log(2)


def scores(text, entities=ALL, references=(), style="default", **parameters):
    metric = EntityRecall(**parameters)
    gold = References(style, texts=tuple(references), source=TEXT)
    predicted = None if text is None else Summary(text)
    counts = metric.count(gold, predicted, context_of(gold, entities=entities))
    found = metric.compute(metric.per_document(counts))
    return {key.metric.partition(".")[2]: float(value) for key, value in found.items()}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Ann Lee met the European Union in The Hague, 北京.", (TWICE, 1, TWICE, 1)),
        ("ANN LEE", (TWICE,)),
        ("Lee's aide", (TWICE,)),  # the last name, at a word's edge
        ("Leeds", ()),
        ("Ann", ()),
        ("The EU said so", (1,)),
        ("the E.U. said so", (1,)),
        ("the union", ()),  # the last word of a person's name alone
        ("hague", (TWICE,)),
        ("在北京市", (1,)),
        ("Monday", ()),  # no name
        ("", ()),
        (None, ()),
        ("😀", ()),
    ],
)
def test_by_hand(text, named):
    found = scores(text)
    assert found["weighted"] == pytest.approx(sum(named) / (2 * TWICE + 2))
    assert found["unweighted"] == pytest.approx(len(named) / 4)


def test_references_stand_beside():
    found = scores("", references=["Ann Lee", "", "Lee in the Hague"])
    assert found["unweighted_reference"] == pytest.approx((1 / 4 + 2 / 4) / 2)
    assert found["weighted_reference"] == pytest.approx((TWICE + 2 * TWICE) / 2 / (2 * TWICE + 2))


def test_a_string_under_two_labels_is_two_entities():
    two = (mark("Hague", "GPE"), mark("Hague", "ORG", 1))
    assert scores("the Hague", entities=two)["unweighted"] == 1
    assert scores("the Hague", entities=(*two, *LEE))["unweighted"] == pytest.approx(2 / 3)


def test_discontinuous_names_are_read_without_their_gap():
    parts = (mark("Ann", "PERSON"), mark("aide", "PERSON"))
    entity = Entity(parts[0].start, parts[1].end, "PERSON", parts=tuple((one.start, one.end) for one in parts))
    assert scores("Ann Aide", entities=(entity,))["weighted"] == 1


def test_parameters():
    assert scores("Lee", last_name=())["unweighted"] == 0
    assert scores("the union", last_name=("ORG",))["unweighted"] == 1 / 4
    assert scores("Monday", labels=("DATE",))["unweighted"] == 1
    with pytest.raises(ValueError, match="EntityRecall: labels must name at least one"):
        EntityRecall(labels=())


def test_without_entities_undefined():
    for found in (scores("Ann Lee", entities=()), scores("Ann Lee", entities=DAY), scores("Ann Lee", style="extract")):
        assert all(math.isnan(value) for value in found.values())
    assert math.isnan(scores("Ann Lee")["weighted_reference"])


@given(st.permutations(ALL))
def test_the_order_of_entities_changes_nothing(entities):
    assert scores("Ann Lee in the Hague", entities=tuple(entities)) == pytest.approx(
        scores("Ann Lee in the Hague"), nan_ok=True
    )


@given(st.lists(st.sampled_from(ALL), min_size=1))
def test_the_document_names_everything(entities):
    found = scores(TEXT, entities=(*entities, *UNION), references=[TEXT])
    assert found == pytest.approx(dict.fromkeys(found, 1.0))


@given(st.text(), st.text())
def test_more_text_names_no_less(text, more):
    one, both = scores(text), scores(f"{text} | {more}")
    assert both["weighted"] >= one["weighted"] - 1e-12
    assert 0 <= both["weighted"] <= 1


def test_signature_and_gold():
    signature = EntityRecall(labels=("GPE", "PER")).signature(Key("entity_recall.weighted", "mean"))
    assert signature == (
        "entity_recall.weighted|salience:1+ln_mentions|entity:string+label|last_name:PERSON+PER+person|labels:GPE+PER"
        "|styles:mean|v:1"
    )
    assert "salience:none" in EntityRecall().signature(Key("entity_recall.unweighted_reference", "mean"))
    assert EntityRecall.gold_of == ("ner",)
