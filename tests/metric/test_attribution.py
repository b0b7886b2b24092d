import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.metric.attribution import Attribution
from harness.metric.base import Key
from harness.records import References, Sentence, StanceGold, Summary
from harness.sentences import sentence_spans
from tests.made_context import context_of

pytestmark = pytest.mark.core
NAN = float("nan")
TEXT = (
    "The army recruits migrants at raids.\n"
    "Everyone is forced to sign a contract, lawyer Valentina Chupik said.\n"
    "The law protects soldiers, Russia claims.\n"
    "Harvests were good this summer.\n"
    "Talks failed, the European Union and the UK Ministry of Defence wrote.\n"
)
SENTENCES = tuple(Sentence(f"s{n}", *span) for n, span in enumerate(sentence_spans(TEXT), 1))
STANCE = (
    StanceGold("a", "favor", "s1", details={"holder": "author"}),
    StanceGold("a", "against", "s2", details={"holder": "Valentina Chupik"}),
    StanceGold("b", "none", "s2", details={"holder": "Valentina Chupik"}),
    StanceGold("a", "none", "s3", details={"holder": "Russia"}),  # whatever its label
    StanceGold("a", "none", "s4"),  # none is the author's
    StanceGold("a", "against", "s5", details={"holder": "the European Union"}),
    StanceGold("b", "against", "s5", details={"holder": "UK Ministry of Defence"}),
    StanceGold("b", "against", None, details={"holder": "Nobody"}),  # of the whole document
    StanceGold("b", "against", "s9", details={"holder": "Nobody"}),  # of a sentence that is not there
)


def scores(text, stance=STANCE, sentences=SENTENCES, references=(), style="default", **parameters):
    metric = Attribution(**parameters)
    gold = References(style, texts=tuple(references), source=TEXT)
    predicted = None if text is None else Summary(text)
    counts = metric.count(gold, predicted, context_of(gold, stance=tuple(stance), sentences=sentences))
    found = metric.compute(metric.per_document(counts))
    return {key.metric.partition(".")[2]: float(value) for key, value in found.items()}


@pytest.mark.parametrize(
    ("text", "share", "claims"),
    [
        ("Everyone is forced to sign a contract, says Chupik.", 1, 1),
        ("Everyone is forced to sign a contract, says CHUPIK's aide.", 1, 1),
        ("Everyone is forced to sign a contract, a lawyer says.", 0, 1),
        ("Everyone is forced to sign a contract, she says.", 0, 1),  # a pronoun names nobody
        ("Everyone is forced to sign a contract, says Valentina.", 0, 1),  # the last name is asked for
        ("The law protects soldiers.", 0, 1),
        ("The law protects soldiers, Russian officials say.", 1, 1),  # a form of the name
        ("Talks failed, the EU wrote.", 1, 1),  # initials
        ("Talks failed, the defence ministry wrote.", 1, 1),  # one holder of two
        ("Talks failed.", 0, 1),
        ("The army recruits migrants.", NAN, 0),  # the author's
        ("Harvests were good.", NAN, 0),
        ("Prices rose everywhere, a banker told us.", NAN, 0),  # from nowhere
        ("The law protects soldiers. Everyone is forced to sign a contract, says Chupik.", 0.5, 2),
        ("", NAN, 0),
        (None, NAN, 0),
        ("😀 北京", NAN, 0),
        ("it was so", NAN, 0),  # no content
    ],
)
def test_by_hand(text, share, claims):
    found = scores(text)
    assert [found["share"], found["claims"]] == pytest.approx([share, claims], nan_ok=True)


def test_references_stand_beside():
    found = scores(
        "", references=["The law protects soldiers.", "", "Talks failed, the EU wrote.", "Harvests were good."]
    )
    assert found["share_reference"] == 0.5
    assert found["claims_reference"] == pytest.approx(2 / 3)


def test_the_overlap_moves_what_is_a_claim():
    # forc, contract and jail: two of three are in the source
    assert scores("Forced contracts, jail.", overlap=0.6)["claims"] == 1
    assert scores("Forced contracts, jail.", overlap=0.7)["claims"] == 0
    assert scores("Forced contracts, jail, torture.", overlap=0.5)["claims"] == 1  # at least half
    for overlap in (0, 1.1, NAN):
        with pytest.raises(ValueError, match="Attribution: overlap must lie in"):
            Attribution(overlap=overlap)


def test_of_sources_alike_the_first_counts():
    twice = (*SENTENCES, Sentence("s6", SENTENCES[2].start, SENTENCES[2].end))
    stance = (StanceGold("a", "none", "s6", details={"holder": "Russia"}),)
    assert scores("The law protects soldiers.", stance=stance, sentences=twice)["claims"] == 0


def test_without_holders_undefined():
    for stance in ((), STANCE[:1], STANCE[-2:], [StanceGold("a", "none", "s1", details={"holder": " 🤷 "})]):
        assert all(math.isnan(value) for value in scores("The law protects soldiers.", stance=stance).values())
    assert all(math.isnan(value) for value in scores("x", sentences=()).values())
    assert all(math.isnan(value) for value in scores("x", style="extract").values())


@given(st.permutations(STANCE))
def test_the_order_of_judgements_changes_nothing(stance):
    text = "Talks failed, the EU wrote. The law protects soldiers."
    assert scores(text, stance=stance) == pytest.approx(scores(text), nan_ok=True)


def test_the_document_names_its_holders():
    found = scores(TEXT, references=[TEXT])
    assert found == {"share": 1, "claims": 3, "share_reference": 1, "claims_reference": 3}


@given(st.text(max_size=80))
def test_any_text_has_a_share_or_no_claim(text):
    found = scores(text)
    assert math.isnan(found["share"]) == (found["claims"] == 0)


def test_signature_and_gold():
    assert Attribution(overlap=0.6).signature(Key("attribution.share", "mean")) == (
        "attribution.share|source:sentence|overlap:0.6|holder:last_word|lang:en|styles:mean|v:1"
    )
    assert Attribution.gold_of == ("stance",)
