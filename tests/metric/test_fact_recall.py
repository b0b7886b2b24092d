import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.agreement import agreement_of_units, fact_recalls, people_recall, realsumm, units
from harness.metric.base import Key
from harness.metric.fact_recall import FactRecall, supported, weighted_contents
from harness.records import Fact, References, Summary
from harness.statistics.correlation import auc, correlate
from tests.made_context import context_of

pytestmark = pytest.mark.core
NAN = float("nan")
FACTS = (
    Fact("Ann Lee sold three horses.", 3.0),  # ann lee sold/sell 3 hors
    Fact("Ann Lee works in Mali.", 1.0),  # ann lee work mali
    Fact("The farm burned on 27 May.", 1.0),  # farm burn date
)


def scores(text, facts=FACTS, references=(), style="default", measured=None, **parameters):
    metric = FactRecall(**parameters)
    gold = References(style, texts=tuple(references), source="x")
    predicted = None if text is None else Summary(text)
    counts = metric.count(gold, predicted, context_of(gold, facts=facts, measured=measured))
    found = metric.compute(metric.per_document(counts))
    return {key.metric.partition(".")[2]: float(value) for key, value in found.items()}


# `ann` and `lee` are in two facts and weigh 1/2 each, all else 1: the first fact weighs 4, the others 3.
@pytest.mark.parametrize(
    ("text", "supports"),
    [
        ("Ann Lee sold 3 horses.", (1, 1 / 3, 0)),
        ("The farm burned on May 27th.", (0, 0, 1)),
        ("Horses were sold.", (2 / 4, 0, 0)),
        ("Lee worked in Mali.", (0.5 / 4, 2.5 / 3, 0)),
        ("Lee worked.\nMali is far.", (0.5 / 4, 2.5 / 3, 0)),  # two sentences next to each other
        ("Lee worked.\nIt rained.\nMali is far.", (0.5 / 4, 1.5 / 3, 0)),  # not so
        ("", (0, 0, 0)),
        (None, (0, 0, 0)),
        ("😀 北京", (0, 0, 0)),
    ],
)
def test_by_hand(text, supports):
    contents = weighted_contents([fact.text for fact in FACTS])
    assert supported(text or "", contents, 2) == pytest.approx(supports)
    found = scores(text)
    weights = [fact.weight for fact in FACTS]
    covered = [share >= 0.55 for share in supports]
    assert found["weighted"] == pytest.approx(np.dot(covered, weights) / 5)
    assert found["unweighted"] == pytest.approx(np.mean(covered))
    assert found["soft"] == pytest.approx(np.dot(supports, weights) / 5)


def test_the_rule_sees_words_alone():
    """What the docstring warns of: a denial is found, a fact in other words is missed."""
    assert scores("Ann Lee never sold three horses.", facts=FACTS[:1])["weighted"] == 1
    assert scores("A woman parted with her mares.", facts=FACTS[:1])["weighted"] == 0


def test_references_are_the_ceiling():
    found = scores("", references=["Ann Lee sold 3 horses.", "", "The farm burned on 27 May."])
    assert found["weighted"] == 0
    assert found["weighted_reference"] == pytest.approx((3 / 5 + 1 / 5) / 2)
    assert found["unweighted_reference"] == pytest.approx(1 / 3)


def test_thresholds_and_windows():
    assert scores("Horses were sold.", threshold=0.5)["weighted"] == 3 / 5
    assert scores("Lee worked.\nMali is far.", window=1)["unweighted"] == 0
    assert scores("Lee worked.\nIt rained.\nMali is far.", window=3)["unweighted"] == 1 / 3


def test_a_share_that_falls_short_by_rounding_reaches_the_threshold():
    # three facts have each word, which weighs 1/3: seven of eight come out as 0.8749999999999999
    facts = (Fact("ax bx cx dx ex fx gx hx", 1.0),) * 3
    assert scores("ax bx cx dx ex fx gx", facts=facts, threshold=0.875)["unweighted"] == 1
    assert scores("ax bx cx dx ex fx", facts=facts, threshold=0.875)["unweighted"] == 0


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"threshold": 0}, "threshold must lie in"),
        ({"threshold": NAN}, "threshold must lie in"),
        ({"probability": 1.5}, "probability must lie in"),
        ({"window": 0}, "window must be a number"),
    ],
)
def test_bad_parameters(parameters, message):
    with pytest.raises(ValueError, match=f"FactRecall: {message}"):
        FactRecall(**parameters)


def test_without_facts_undefined():
    for found in (scores("x", facts=()), scores("x", facts=(Fact("x", 0.0),)), scores("x", style="extract")):
        assert all(math.isnan(value) for value in found.values())


def test_a_fact_without_content_is_never_covered():
    assert scores("it was so", facts=(Fact("It was so.", 1.0),))["weighted"] == 0


@given(st.permutations(FACTS))
def test_the_order_of_facts_changes_nothing(facts):
    text = "Ann Lee sold 3 horses. She works in Mali."
    assert scores(text, facts=tuple(facts)) == pytest.approx(scores(text), nan_ok=True)


SENTENCES = st.lists(
    st.sampled_from([fact.text for fact in FACTS] + ["Пожар уничтожил ферму.", "東京は大きい。"]), min_size=1
)


@given(SENTENCES)
def test_a_text_with_every_fact_word_for_word_has_recall_1(sentences):
    facts = tuple(Fact(text, 1.0 + n) for n, text in enumerate(sentences))
    found = scores(" ".join(sentences), facts=facts, references=["\n".join(reversed(sentences))])
    assert found == pytest.approx(dict.fromkeys(found, 1.0))


@given(st.text(max_size=60), st.text(max_size=60))
def test_shares_stay_in_range_whatever_the_text(text, fact):
    found = scores(text, facts=(Fact(fact, 2.0), FACTS[0]))
    assert all(0 <= found[row] <= 1 + 1e-12 for row in ("weighted", "unweighted", "soft"))


# ---- by a judge -----------------------------------------------------------------------------------------------------

JUDGE = {"kind": "hf_nli"}


def entailed(*values):
    return [None if value is None else {"entailment": value} for value in values]


def test_questions_are_every_text_with_every_fact():
    metric = FactRecall(judge=JUDGE)
    gold = References("default", texts=("One.", " ", "Two."))
    context = context_of(gold, facts=(*FACTS[:2], Fact("weightless", 0.0)))
    asked = metric.questions(gold, Summary("Sum."), context)
    assert [(one["premise"], one["hypothesis"]) for one in asked] == [
        (text, fact.text) for text in ("Sum.", "One.", "Two.") for fact in FACTS[:2]
    ]
    assert metric.questions(gold, None, context) == asked[2:]
    assert metric.questions(References("extract"), Summary("Sum."), context) == []


def test_probabilities_by_hand():
    measured = entailed(0.9, 0.5, 0.1) + entailed(1.0, 0.4, 0.6)
    found = scores("Sum.", references=["One.", ""], measured=measured, judge=JUDGE)
    assert found["weighted"] == pytest.approx((3 + 1) / 5)
    assert found["unweighted"] == pytest.approx(2 / 3)
    assert found["soft"] == pytest.approx((3 * 0.9 + 0.5 + 0.1) / 5)
    assert found["weighted_reference"] == pytest.approx((3 + 1) / 5)
    assert found["judged"] == 1
    assert scores("Sum.", measured=measured, judge=JUDGE, probability=0.95)["weighted"] == 0


def test_a_blank_summary_covers_nothing_and_a_missing_number_is_undefined():
    found = scores("", references=["One."], measured=entailed(1.0, 1.0, 1.0), judge=JUDGE)
    assert (found["weighted"], found["weighted_reference"], found["judged"]) == (0, 1, 1)
    found = scores("Sum.", references=["One."], measured=entailed(1.0, None, 1.0, 1.0, 1.0, 0.0), judge=JUDGE)
    assert math.isnan(found["weighted"])
    assert found["weighted_reference"] == pytest.approx(4 / 5)
    assert found["judged"] == 0
    assert scores("Sum.", measured=None, judge=JUDGE)["judged"] == 0


def test_signatures():
    key = Key("fact_recall.weighted", "mean")
    assert FactRecall().signature(key) == (
        "fact_recall.weighted|rule:lexical|threshold:0.55|window:2|words:1/facts+stem|lang:en|styles:mean|v:1"
    )
    assert FactRecall(judge=JUDGE).signature(key) == (
        "fact_recall.weighted|rule:entailment|probability:0.5|premise:summary|styles:mean|v:1"
    )


# ---- beside people --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def crowd(data):
    return realsumm(data)


def test_the_crowds_recall_is_the_published_one(crowd):
    """REALSumm's mean lite-pyramid recall is .461623; its file has BART's extracts twice, in place of its abstracts."""
    documents = sorted(next(iter(crowd.values())))
    recall = dict(zip(crowd, people_recall(crowd, documents).mean(axis=1), strict=True))
    assert len(recall) == 25
    published = {**recall, "abs/bart_out": recall["ext/bart_out"]}
    assert np.mean(list(published.values())) == pytest.approx(0.461623, abs=1e-6)


def test_agreement_with_people(crowd):
    """What the docstring says of the documents that the rule was not worked out on."""
    documents = sorted(next(iter(crowd.values())))[1::2]
    people, ours = people_recall(crowd, documents), fact_recalls(crowd, documents)
    for row, expected in (("unweighted", (0.92, 0.49, 0.59)), ("soft", (0.92, 0.54, 0.60))):
        for level, value in zip(("system", "summary", "pooled"), expected, strict=True):
            found = correlate(ours[row], people, level, "pearson", resampled="none").value
            assert found == pytest.approx(value, abs=0.0051), (row, level)
    support, found = units(crowd, documents)
    assert auc(support, found, resampled="none").value == pytest.approx(0.83, abs=0.005)
    (_, accuracy, *_), (_, kappa, *_) = agreement_of_units(support, found, FactRecall().threshold)
    assert (accuracy, kappa) == pytest.approx((0.77, 0.54), abs=0.005)
