import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.metric.base import Key
from harness.metric.entity_grounding import EntityGrounding
from harness.metric.grounding import POLICIES, ground, places
from harness.records import Answer, Entity, Mention
from tests.made_context import ner_context

pytestmark = pytest.mark.core


@pytest.mark.parametrize(
    ("text", "string", "expected"),
    [
        ("Russia and the US. US!", "US", [(15, 17), (19, 21)]),  # not inside Russia, whatever the case
        ("NATO-led; NATO's", "NATO", [(0, 4), (10, 14)]),
        ("prewar", "war", [(3, 6)]),  # at no edge, so inside
        ("the  White\nHouse", "White House", [(5, 16)]),  # white space does not count, where nothing is exact
        ("white house", "White House", [(0, 11)]),
        ("White House, white house", "White House", [(0, 11)]),  # exact goes before loose
        ("(U.S.) U.S.A.", "U.S.", [(1, 5), (7, 11)]),  # it ends in no letter, so no edge is asked for there
        ("北京和北京", "北京", [(0, 2), (3, 5)]),  # no edges between the words of this script: exact anywhere
        ("a.b", "a+b", []),
        ("nothing", " \n", []),
        ("aaaa", "aa", [(0, 2), (2, 4)]),
        ("🎉 Bob", "Bob", [(2, 5)]),
    ],
)
def test_places(text, string, expected):
    assert list(places(text, string)) == expected


TEXT = "Ann met Bo in Paris. Ann left Paris, Texas; Ann stayed."
ANN, BO, PARIS = [(0, 3), (21, 24), (44, 47)], [(8, 10)], [(14, 19), (30, 35)]


def spans(mentions, policy, gold=()):
    return sorted(
        (e.start, e.end, e.label) for e in ground([Mention(*m) for m in mentions], TEXT, policy, gold).entities
    )


@pytest.mark.parametrize(
    ("mentions", "policy", "expected"),
    [
        ([("PER", "Ann"), ("PER", "Ann")], "first", [(0, 3, "PER")]),
        ([("PER", "Ann"), ("PER", "Ann")], "all", [(*s, "PER") for s in ANN]),
        ([("PER", "Ann"), ("PER", "Ann")], "aligned", [(0, 3, "PER"), (21, 24, "PER")]),
        # Bo stands before the second Ann, and Paris after Bo.
        (
            [("PER", "Bo"), ("PER", "Ann"), ("GPE", "Paris")],
            "aligned",
            [(8, 10, "PER"), (21, 24, "PER"), (30, 35, "GPE")],
        ),
        # Two in order beat one; Ann has a place of her own all the same.
        ([("PER", "Ann"), ("PER", "Ann"), ("PER", "Ann"), ("PER", "Ann")], "aligned", [(*s, "PER") for s in ANN]),
        ([("GPE", "Paris"), ("PER", "Bo")], "aligned", [(8, 10, "PER"), (14, 19, "GPE")]),
        ([("GPE", "Rome")], "aligned", []),
    ],
)
def test_policies_by_hand(mentions, policy, expected):
    assert spans(mentions, policy) == expected


def test_the_oracle_moves_mentions_aside():
    # "Ann" may stand in three places, "ANN" (found without regard to case) in the same; gold has the last two.
    gold = [Entity(21, 24, "PER"), Entity(44, 47, "PER")]
    assert spans([("PER", "Ann"), ("PER", "ANN")], "oracle", gold) == [(21, 24, "PER"), (44, 47, "PER")]
    assert spans([("GPE", "Ann")], "oracle", gold) == [(0, 3, "GPE")]  # another label agrees nowhere


def scores(gold, mentions, text=TEXT, start=0, **answer):
    metric = EntityGrounding()
    context = ner_context(text, start, answer=Answer(mentions=tuple(mentions), **answer))
    counts = metric.count([e.shifted(start) for e in gold], (), context)
    return {key.metric.removeprefix("entity_grounding."): float(v) for key, v in metric.compute(counts).items()}


def test_the_band_and_the_ambiguous_share():
    gold = [Entity(*s, "PER") for s in ANN]
    found = scores(gold, [Mention("PER", "Ann"), Mention("PER", "Bo"), Mention("GPE", "Rome")], start=100)
    # first: Ann once (right), Bo is wrong, and the string that is nowhere is in the ledger; all: 3 right of 4.
    assert found["first.f1"] == pytest.approx(2 * 1 / (3 + 2))
    assert found["all.f1"] == pytest.approx(2 * 3 / (3 + 4))
    assert found["ungrounded"] == pytest.approx(1 / 3)
    assert found["band"] == pytest.approx(found["all.f1"] - found["first.f1"])
    assert found["ambiguous"] == pytest.approx(1 / 2)


def test_what_the_text_does_not_hold_lowers_no_precision():
    mentions = (Mention("PER", "Bo"), Mention("PER", "Zoe"), Mention("LOC", "Atlantis"))
    metric = EntityGrounding()
    counts = metric.count([Entity(8, 10, "PER")], (), ner_context(TEXT, answer=Answer(mentions=mentions)))
    scores = {key.metric: float(value) for key, value in metric.compute(counts).items()}
    assert scores["entity_grounding.ungrounded"] == 2 / 3
    assert {scores[f"entity_grounding.{policy}.precision"] for policy in POLICIES} == {1.0}


def test_an_answer_with_offsets_has_no_band():
    metric = EntityGrounding()
    gold, predicted = [Entity(0, 3, "PER")], [Entity(0, 3, "PER"), Entity(8, 10, "PER")]
    found = metric.compute(metric.count(gold, predicted, ner_context(TEXT)))
    assert float(found[Key("entity_grounding.band", "micro")]) == 0
    assert all(float(found[Key(f"entity_grounding.{p}.precision", "micro")]) == 0.5 for p in POLICIES)


def test_an_answer_that_was_not_scored_names_nothing():
    found = scores([Entity(0, 3, "PER")], [Mention("PER", "Ann")], bin="failed")
    assert found["all.recall"] == 0


WORDS = st.sampled_from(["ab", "b", "ab b"])
MENTIONS = st.lists(st.builds(Mention, st.sampled_from(["X", "Y"]), WORDS), max_size=4)
TEXTS = st.lists(st.sampled_from(["ab", "b", "c"]), max_size=6).map(" ".join)


@settings(max_examples=150, deadline=None)
@given(MENTIONS, TEXTS, st.data())
def test_the_oracle_is_the_best_of_all_choices(mentions, text, data):
    found = [places(text, mention.text) or (None,) for mention in mentions]
    every = sorted({(s, m.label) for m, spans in zip(mentions, found, strict=True) for s in spans if s})
    chosen = data.draw(st.lists(st.sampled_from(every), unique=True)) if every else []
    gold = [Entity(*span, label) for span, label in chosen]
    wanted = {(e.start, e.end, e.label) for e in gold}

    def correct(choice):
        return len({(*s, m.label) for m, s in zip(mentions, choice, strict=True) if s} & wanted)

    best = max(correct(choice) for choice in itertools.product(*found))
    assert len(ground(mentions, text, "oracle", gold).entities.intersection(gold)) == best


@settings(max_examples=150, deadline=None)
@given(MENTIONS, TEXTS)
def test_aligned_keeps_as_many_in_order_as_can_be(mentions, text):
    found = [(*places(text, mention.text), None) for mention in mentions]

    def in_order(choice):
        starts = [span[0] for span in choice if span]
        return all(a < b for a, b in itertools.pairwise(starts))

    most = max(sum(s is not None for s in c) for c in itertools.product(*found) if in_order(c))
    placed = ground(mentions, text, "aligned")
    assert len(placed.entities) >= most or most == 0
    # Equal mentions get places of their own as long as there are any.
    for mention in set(mentions):
        same = sum(one == mention for one in mentions)
        others = any(one.text == mention.text and one.label != mention.label for one in mentions)
        if not others:
            got = sum(
                e.label == mention.label and (e.start, e.end) in places(text, mention.text) for e in placed.entities
            )
            assert got >= min(same, len(places(text, mention.text)))


@given(MENTIONS, TEXTS)
def test_nothing_is_lost(mentions, text):
    for policy in POLICIES:
        placed = ground(mentions, text, policy)
        assert placed.ungrounded == sum(not places(text, mention.text) for mention in mentions)
        strings = {(m.label, span) for m in mentions for span in places(text, m.text)}
        assert {(e.label, (e.start, e.end)) for e in placed.entities} <= strings


def test_entities_with_offsets_stand_under_every_policy():
    gold = [Entity(0, 3, "PER"), Entity(8, 10, "PER")]
    found = scores(gold, [Mention("PER", "Ann")], entities=(Entity(8, 10, "PER"),))
    assert found["first.f1"] == found["aligned.f1"] == found["oracle.f1"] == 1
    assert found["all.f1"] == pytest.approx(2 * 2 / (2 + 4))
