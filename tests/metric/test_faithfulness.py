"""Faithfulness from tables of probabilities, each score worked by hand."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.metric.base import Key
from harness.metric.faithfulness import Faithfulness
from harness.records import Document, References, Sentence, Summary
from tests.made_context import context_of

pytestmark = pytest.mark.core

SOURCE = "The king sold his horse. It rained. Nobody came."


def gold(*texts, style="default", source=SOURCE):
    return References(style, texts=texts, source=source)


def p(entailment, contradiction=None, **more):
    return {"entailment": entailment, **({} if contradiction is None else {"contradiction": contradiction}), **more}


def counted(reference, summary, findings, sentences=(), **parameters):
    metric = Faithfulness(**parameters)
    predicted = None if summary is None else Summary(summary)
    context = context_of(reference, sentences=sentences)
    asked = metric.questions(reference, predicted, context)
    assert len(findings) == len(asked), asked
    return metric.count(reference, predicted, dataclasses.replace(context, measured=tuple(findings)))


def values(counts):
    return {name: value for name, value in counts.items() if not name.endswith("|n") and name != "cut"}


def test_every_sentence_is_asked_about_every_claim_of_the_summary_and_then_of_each_reference():
    asked = Faithfulness().questions(gold("R one. R two.", "Other."), Summary("A claim. B claim."), context_of(gold()))
    premises = ["The king sold his horse.", "It rained.", "Nobody came."]
    claims = ["A claim.", "B claim.", "R one.", "R two.", "Other."]
    assert asked == [{"premise": premise, "hypothesis": claim} for claim in claims for premise in premises]


def test_sentence_records_are_the_premises_of_every_zone():
    sentences = (Sentence("s1", 0, 8, "caption"), Sentence("s2", 9, 24, "body"))
    asked = Faithfulness(references=False).questions(gold("R."), Summary("A."), context_of(gold(), sentences=sentences))
    assert [question["premise"] for question in asked] == ["The king", "sold his horse."]


def test_the_documents_language_splits_its_sentences():
    source = "Er kam am 3. Juli. Es regnete."
    references = gold("R.", source=source)
    context = dataclasses.replace(context_of(references), document=Document("d", source, {"language": "de"}))
    asked = Faithfulness(references=False).questions(references, Summary("A."), context)
    assert [question["premise"] for question in asked] == ["Er kam am 3. Juli.", "Es regnete."]


# Three premises a claim. Each row: the summary's table, contradiction or not, the score.
TABLES = [
    # max(0.1, 0.9, 0.2) = 0.9
    ([p(0.1), p(0.9), p(0.2)], False, 0.9),
    # (max(0.1, 0.9, 0.2) + max(0.3, 0.0, 0.1)) / 2 = (0.9 + 0.3) / 2
    ([p(0.1), p(0.9), p(0.2), p(0.3), p(0.0), p(0.1)], False, 0.6),
    # 0.9 - max(0.7, 0.05, 0.1): the contradiction may come from another sentence than the entailment.
    ([p(0.1, 0.7), p(0.9, 0.05), p(0.2, 0.1)], True, 0.2),
    ([p(0.1, 0.7), p(0.9, 0.05), p(0.2, 0.1)], False, 0.9),
    # ((0.9 - 0.7) + (0.1 - 0.8)) / 2 = (0.2 - 0.7) / 2
    ([p(0.1, 0.7), p(0.9, 0.05), p(0.2, 0.1), p(0.1, 0.8), p(0.0, 0.8), p(0.1, 0.0)], True, -0.25),
    # A model of two labels knows no contradiction; nothing is taken off.
    ([p(0.1), p(0.9), p(0.2)], True, 0.9),
    ([p(0.0, 0.0), p(0.0, 0.0), p(0.0, 1.0)], True, -1.0),
]


@pytest.mark.parametrize(("table", "contradiction", "score"), TABLES)
def test_tables_worked_by_hand(table, contradiction, score):
    summary = "A claim." if len(table) == 3 else "A claim. B claim."
    counts = counted(gold("R."), summary, table, contradiction=contradiction, references=False)
    assert values(counts) == pytest.approx({"score": score, "judged": 1.0})


def test_the_references_score_is_the_mean_of_each_ones_own():
    # First: (0.8 + 0.4) / 2 = 0.6; second 1.0; together 0.8, not the mean of three claims (2.2 / 3).
    table = [p(0.5)] * 3 + [p(0.8), p(0), p(0)] + [p(0), p(0.4), p(0)] + [p(0), p(0), p(1.0)]
    counts = counted(gold("R one. R two.", "Other."), "A claim.", table)
    assert values(counts) == pytest.approx({"score": 0.5, "score_reference": 0.8, "judged": 1.0})


@pytest.mark.parametrize("summary", [None, "", " \n"])
def test_no_summary_claims_nothing(summary):
    counts = counted(gold("R."), summary, [p(0.7)] * 3)
    assert values(counts) == {"score_reference": 0.7, "judged": 0.0}
    assert "score|n" not in counts


def test_a_finding_that_is_missing_leaves_the_example_out():
    assert values(counted(gold("R."), "A.", [p(0.9), None, p(0.1)] + [p(0.7)] * 3)) == {
        "score_reference": 0.7,
        "judged": 0.0,
    }
    # Of the references, the one that has a score counts.
    table = [p(0.9)] * 3 + [p(0.7), None, p(0.7)] + [p(0.3)] * 3
    assert values(counted(gold("R.", "Q."), "A.", table)) == {"score": 0.9, "score_reference": 0.3, "judged": 1.0}


def test_a_document_without_text_entails_nothing_that_could_be_measured():
    assert values(counted(gold("R.", source=""), "A.", [])) == {"judged": 0.0}


def test_blank_references_have_no_score():
    assert values(counted(gold(" ", "R."), "A.", [p(0.5)] * 3 + [p(0.7)] * 3))["score_reference"] == 0.7
    assert "score_reference" not in values(counted(gold(" "), "A.", [p(0.5)] * 3))


def test_extracts_are_left_out():
    references = References("extract", extracts=(("s1",),), source=SOURCE)
    assert counted(references, "A.", []) == {}


def test_cut_sentences_are_noted():
    metric = Faithfulness()
    whole = counted(gold("R."), "A.", [p(0.5, cut=0)] * 6)
    cut = counted(gold("R."), "A.", [p(0.5, cut=0)] * 5 + [p(0.5, cut=7)])
    sums = {name: whole[name] + 2 * cut[name] for name in whole}
    key = Key("faithfulness.score", "mean")
    assert metric.note(key, sums) == "sentences cut to what the model reads in 2 documents"
    assert metric.note(key, whole) is None
    assert metric.note(key, {}) is None


def test_rows_and_signatures():
    counts = counted(gold("R."), "A.", [p(0.5)] * 6)
    assert set(Faithfulness().compute(counts)) == {
        Key(f"faithfulness.{name}", "mean") for name in ("score", "score_reference", "judged")
    }
    assert Key("faithfulness.score_reference", "mean") not in Faithfulness(references=False).compute(counts)
    key = Key("faithfulness.score", "mean")
    assert Faithfulness().signature(key) != Faithfulness(contradiction=True).signature(key)


@given(st.lists(st.lists(st.floats(0, 1), min_size=3, max_size=3), min_size=1, max_size=5), st.randoms())
def test_the_order_of_claims_and_premises_changes_nothing(table, random):
    def score(claims):
        summary = "\n".join(f"Claim {n}." for n in range(len(claims)))
        return counted(gold("R."), summary, [p(x) for row in claims for x in row], references=False)["score"]

    shuffled = [random.sample(row, 3) for row in random.sample(table, len(table))]
    assert score(table) == pytest.approx(score(shuffled), abs=1e-12)
    assert score(table) == pytest.approx(sum(max(row) for row in table) / len(table))
