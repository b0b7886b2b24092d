"""Verdicts of a language model counted: tables worked by hand, and the correlation against scipy's."""

import dataclasses
import math

import numpy as np
import pytest
from scipy import stats

from harness.metric.base import Key
from harness.metric.llm_judge import LlmJudge
from harness.records import References, Summary
from tests.made_context import context_of

pytestmark = pytest.mark.core

SOURCE = "The king sold his horse. It rained."
CRITERIA = {"relevance": "It says what matters.", "fluency": "It reads well."}


def metric(**given):
    return LlmJudge(**{"criteria": CRITERIA, **given})


def gold(style="default", source=SOURCE):
    return References(style, texts=("A horse was sold.",), source=source)


def verdict(value, **more):
    """A finding; None: an answer that is no verdict."""
    return (
        {"bin": "unparsed", "reason": "no"}
        if value is None
        else {"score": 1 + round(4 * value), "value": value, **more}
    )


def counted(of, summary, findings, style="default"):
    references = gold(style)
    predicted = None if summary is None else Summary(summary)
    context = context_of(references)
    assert len(of.questions(references, predicted, context)) == len(findings)
    return of.count(references, predicted, dataclasses.replace(context, measured=tuple(findings)))


def scores(of, *documents):
    """Scores of documents, each a list of the counts of its styles."""
    totals = [{name: sum(one.get(name, 0.0) for one in each) for one in each for name in one} for each in documents]
    names = sorted({name for one in totals for name in one})
    table = of.per_document({name: np.array([one.get(name, 0.0) for one in totals]) for name in names})
    return {key.metric: float(v) for key, v in of.compute({n: c.sum() for n, c in table.items()}).items()}


# ---- questions ------------------------------------------------------------------------------------------------------


def test_each_criterion_is_asked_in_each_order_and_again():
    asked = metric().questions(gold(), Summary("A horse."), context_of(gold()))
    assert [(one["repeat"], one["order"], one["criterion"]) for one in asked] == [
        (0, "document_first", "relevance"), (0, "document_first", "fluency"),
        (0, "summary_first", "relevance"), (0, "summary_first", "fluency"),
        (1, "document_first", "relevance"), (1, "document_first", "fluency"),
        (1, "summary_first", "relevance"), (1, "summary_first", "fluency"),
    ]  # fmt: skip
    assert {one["document"] for one in asked} == {SOURCE}
    assert {one["summary"] for one in asked} == {"A horse."}
    assert asked[1]["definition"] == "It reads well."
    # No reference is shown: a judge that sees one judges likeness.
    assert "A horse was sold." not in str(asked)


def test_fewer_questions():
    few = metric(orders="summary_first", repeats=1, criteria={**CRITERIA, "fluency": None})
    (asked,) = few.questions(gold(), Summary("A horse."), context_of(gold()))
    assert (asked["order"], asked["criterion"]) == ("summary_first", "relevance")


@pytest.mark.parametrize(
    ("summary", "style", "source"),
    [(None, "default", SOURCE), (" \n", "default", SOURCE), ("A.", "extract", SOURCE), ("A.", "default", " ")],
)
def test_nothing_is_asked_where_there_is_nothing_to_judge(summary, style, source):
    given = None if summary is None else Summary(summary)
    assert metric().questions(gold(style, source), given, context_of(gold(style, source))) == []


# ---- counts worked by hand ------------------------------------------------------------------------------------------

ONE = {"criteria": {"fluency": "It reads well."}}
# Findings of one criterion: (document first, summary first) of the first repeat, then of the second; then the mean,
# the bias (mean with the summary first minus mean with the document first), the mean variance of the two orders.
TABLES = [
    ([1.0, 1.0, 1.0, 1.0], 1.0, 0.0, 0.0),
    # mean (0 + 0.5 + 0.5 + 1) / 4; bias (0.5 + 1)/2 - (0 + 0.5)/2; variances 0.125 ((0, 0.5): 2 x 0.25^2) and 0.125
    ([0.0, 0.5, 0.5, 1.0], 0.5, 0.5, 0.125),
    # document first 1 and 0.5, summary first 0.25 and 0.25: variances 0.125 and 0
    ([1.0, 0.25, 0.5, 0.25], 0.5, -0.5, 0.0625),
    # One answer is no verdict: document first 1 alone, so no variance there.
    ([1.0, 0.25, None, 0.25], 0.5, -0.75, 0.0),
    # Only the document first: no bias.
    ([1.0, None, 0.5, None], 0.75, None, 0.125),
    ([None, None, 0.5, None], 0.5, None, None),
    ([None, None, None, None], None, None, None),
]


@pytest.mark.parametrize(("values", "value", "bias", "variance"), TABLES)
def test_tables_worked_by_hand(values, value, bias, variance):
    of = metric(**ONE)
    found = scores(of, [counted(of, "A horse.", map_verdicts(values))])
    expected = {
        "judge.fluency": value,
        "judge.overall": value,
        "judge.fluency.position_bias": bias,
        "judge.fluency.repeat_sd": None if variance is None else math.sqrt(variance),
        "judge.fluency.length_correlation": None,
        "judge.judged": sum(one is not None for one in values) / 4,
    }
    assert found.keys() == expected.keys()
    for name, wanted in expected.items():
        assert found[name] == pytest.approx(math.nan if wanted is None else wanted, nan_ok=True), name


def map_verdicts(values):
    return [verdict(value) for value in values]


def test_the_mean_over_criteria_needs_them_all():
    of = metric(repeats=1, orders="document_first")
    both = counted(of, "A.", map_verdicts([1.0, 0.5]))
    one = counted(of, "A.", map_verdicts([1.0, None]))
    assert scores(of, [both])["judge.overall"] == 0.75
    found = scores(of, [one])
    assert (found["judge.relevance"], found["judge.judged"]) == (1.0, 0.5)
    assert math.isnan(found["judge.overall"])
    assert math.isnan(found["judge.fluency"])


def test_styles_are_averaged_before_documents():
    of = metric(**ONE, repeats=1, orders="document_first")
    first = [counted(of, "A.", map_verdicts([1.0])), counted(of, "A b.", map_verdicts([0.0]), "headline")]
    assert scores(of, first, [counted(of, "A.", map_verdicts([1.0]))])["judge.fluency"] == 0.75


def test_a_summary_that_is_not_there_gets_the_worst_score_and_says_nothing_of_the_judge():
    of = metric()
    for summary in (None, "", " \n"):
        found = scores(of, [counted(of, summary, [])])
        assert (found["judge.relevance"], found["judge.overall"]) == (0.0, 0.0)
        assert all(math.isnan(value) for name, value in found.items() if name.count(".") == 2 or name == "judge.judged")


def test_no_verdict_is_never_a_score():
    of = metric(**ONE)
    broken = scores(of, [counted(of, "A.", map_verdicts([None] * 4))])
    assert math.isnan(broken["judge.fluency"])
    assert broken["judge.judged"] == 0
    both = scores(of, [counted(of, "A.", map_verdicts([None] * 4))], [counted(of, "A.", map_verdicts([0.5] * 4))])
    assert both["judge.fluency"] == 0.5


def test_a_question_without_its_finding_is_a_fault():
    with pytest.raises(ValueError, match="one finding per question"):
        metric().count(gold(), Summary("A."), context_of(gold()))


def test_the_correlation_with_length_is_pearsons():
    of = metric(**ONE, repeats=1, orders="document_first")
    draw = np.random.default_rng(4)
    lengths = draw.integers(1, 60, size=25)
    values = draw.integers(0, 5, size=25) / 4
    documents = [[counted(of, " ".join(["word"] * n), map_verdicts([v]))] for n, v in zip(lengths, values, strict=True)]
    expected = stats.pearsonr(values, lengths).statistic
    assert scores(of, *documents)["judge.fluency.length_correlation"] == pytest.approx(expected, abs=1e-12)


# One verdict, one length; and two summaries, between which it would be 1.
@pytest.mark.parametrize(("value", "lengths"), [(1 / 3, (3, 5, 9)), (None, (4, 4, 4)), (None, (4, 5))])
def test_what_is_constant_has_no_correlation_whatever_the_rounding(value, lengths):
    of = metric(**ONE, repeats=1, orders="document_first")
    documents = [
        [counted(of, " ".join(["word"] * n), map_verdicts([place / 3 if value is None else value]))]
        for place, n in enumerate(lengths)
    ]
    assert math.isnan(scores(of, *documents)["judge.fluency.length_correlation"])


# ---- rows in words --------------------------------------------------------------------------------------------------


def sums(of, *values):
    counts = counted(of, "A horse.", map_verdicts(values))
    return of.per_document({name: np.array(value) for name, value in counts.items()})


def test_every_score_says_what_is_known_of_its_agreement_with_people():
    of = metric(**ONE)
    counts = sums(of, 0.0, 0.5, 0.5, 1.0)
    biases = "judge's position bias +0.50, sd between repeats 0.35, correlation with length unknown"
    for name in ("judge.fluency", "judge.overall"):
        assert "; agreement with people: not measured" in of.note(Key(name, "mean"), counts)
        known = metric(**ONE, agreement="Pearson .43 on QAGS").note(Key(name, "mean"), counts)
        assert known == f"{biases}; agreement with people: Pearson .43 on QAGS"
    assert of.note(Key("judge.fluency.repeat_sd", "pooled"), counts) is None


def test_lost_verdicts_stand_in_the_notes():
    of = metric(**ONE)
    failed = {"bin": "failed", "reason": "http_503"}
    counts = counted(of, "A.", [verdict(1.0, cut=7), verdict(None), failed, failed])
    note = of.note(Key("judge.judged", "mean"), of.per_document({name: np.array(v) for name, v in counts.items()}))
    assert note == "of 4 questions to the judge 1 unparsed, 2 failed; documents cut to what the judge reads: 1"


def test_support_is_what_a_row_rests_on():
    of = metric(**ONE)
    counts = sums(of, 1.0, 0.5, 1.0, 0.5)
    assert of.support(Key("judge.fluency", "mean"), counts) == 1
    assert of.support(Key("judge.fluency.repeat_sd", "pooled"), counts) == 2
    assert of.support(Key("judge.fluency.length_correlation", "pooled"), counts) == 1


def test_all_that_moves_a_score_is_in_its_signature():
    key = Key("judge.fluency", "mean")
    plain = metric().signature(key)
    assert plain == metric(agreement="known").signature(key)
    assert plain == metric(criteria={**CRITERIA, "relevance": "Something else."}).signature(key)
    assert "|orders:both|repeats:2|scale:1-5|" in plain
    changed = [
        metric(repeats=3),
        metric(orders="document_first"),
        metric(criteria={**CRITERIA, "fluency": "It is fluent."}),
        metric(judge={"kind": "llm", "highest": 7}),
    ]
    assert len({plain, *(one.signature(key) for one in changed)}) == 5
    overall = Key("judge.overall", "mean")
    assert metric().signature(overall) != metric(criteria={**CRITERIA, "relevance": "Other."}).signature(overall)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"criteria": {}}, "none is left"),
        ({"criteria": {"fluency": None}}, "none is left"),
        ({"criteria": {"overall": "All in all."}}, "'overall' cannot name a row"),
        ({"criteria": {"judged": "x"}}, "'judged' cannot name a row"),
        ({"criteria": {"a.b": "x"}}, "'a.b' cannot name a row"),
        ({"criteria": {":asked": "x"}}, "':asked' cannot name a row"),
        ({"criteria": {"fluency": " "}}, "needs words"),
        ({"repeats": 0}, "between 1 and 100, got 0"),
        ({"agreement": ""}, "agreement must say"),
    ],
)
def test_what_cannot_be_meant_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        metric(**given)
