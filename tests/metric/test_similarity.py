"""Likeness to references from made-up findings: which reference counts, the baseline, and what has no score."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.metric.base import Key
from harness.metric.similarity import Similarity
from harness.records import References, Summary
from tests.made_context import context_of

pytestmark = pytest.mark.core


def found(precision, recall):
    both = precision + recall
    return {"precision": precision, "recall": recall, "f1": 2 * precision * recall / both if both else 0.0}


def gold(*texts, style="default"):
    return References(style, texts=texts, source="Long ago the king sold his horse.")


def counted(references, summary, findings=None, **parameters):
    metric = Similarity(**parameters)
    predicted = None if summary is None else Summary(summary)
    context = context_of(references)
    asked = metric.questions(references, predicted, context)
    assert findings is None or len(findings) == len(asked)
    context = dataclasses.replace(context, measured=None if findings is None else tuple(findings))
    return metric.count(references, predicted, context)


def values(counts):
    return {name: value for name, value in counts.items() if not name.endswith("|n")}


def test_the_summary_is_asked_with_each_reference_that_is_not_blank():
    metric, references = Similarity(), gold("one", " \n", "two")
    asked = metric.questions(references, Summary("a summary"), context_of(references))
    assert asked == [{"text": "a summary", "reference": "one"}, {"text": "a summary", "reference": "two"}]


@pytest.mark.parametrize("summary", [None, "", " \n\t"])
def test_nothing_is_asked_about_no_summary(summary):
    predicted = None if summary is None else Summary(summary)
    assert Similarity().questions(gold("one"), predicted, context_of(gold("one"))) == []


def test_one_reference():
    assert values(counted(gold("one"), "s", [found(0.5, 1.0)])) == {
        "judged": 1.0, "precision": 0.5, "recall": 1.0, "f1": 2 / 3,
    }  # fmt: skip


def test_the_reference_with_the_best_f1_counts_with_its_own_parts():
    # The first has the highest precision and the last the highest recall; the second the highest F1, 0.75.
    several = [found(1.0, 0.4), found(0.75, 0.75), found(0.3, 1.0)]
    assert values(counted(gold("a", "b", "c"), "s", several)) == {
        "judged": 1.0, "precision": 0.75, "recall": 0.75, "f1": 0.75,
    }  # fmt: skip


def test_a_finding_that_is_missing_leaves_the_others():
    assert values(counted(gold("a", "b"), "s", [None, found(0.5, 0.5)]))["f1"] == 0.5
    assert values(counted(gold("a", "b"), "s", [None, None])) == {"judged": 0.0}


def test_the_baseline_rescales_each_part():
    # (0.9 - 0.8) / 0.2 = 0.5, (1 - 0.8) / 0.2 = 1; F1 = 18/19, rescaled (18/19 - 0.8) * 5, not the F1 of 0.5 and 1.
    counts = values(counted(gold("a"), "s", [found(0.9, 1.0)], baseline=0.8))
    assert counts == pytest.approx({"judged": 1.0, "precision": 0.5, "recall": 1.0, "f1": (18 / 19 - 0.8) * 5})


def test_a_missing_or_blank_summary_scores_zero_before_rescaling():
    for summary in (None, "", "  \n"):
        zeros = {"judged": 1.0, "precision": 0.0, "recall": 0.0, "f1": 0.0}
        assert values(counted(gold("a"), summary)) == zeros
        # (0 - 0.8) / 0.2 = -4: below two unrelated texts.
        rescaled = values(counted(gold("a"), summary, baseline=0.8))
        assert rescaled == pytest.approx({"judged": 1.0, "precision": -4.0, "recall": -4.0, "f1": -4.0})


@pytest.mark.parametrize("references", [gold(""), gold(" ", "\n"), gold(), gold("a", style="extract")])
def test_without_a_reference_there_is_no_score(references):
    assert counted(references, "s") == {}
    assert counted(references, None) == {}
    assert Similarity().questions(references, Summary("s"), context_of(references)) == []


def test_documents_are_averaged_over_their_styles_first():
    metric = Similarity()
    # Document 1 has two styles, one of them without a score; document 2 has one.
    one = [counted(gold("a"), "s", [found(0.4, 0.4)]), counted(gold("a"), "s", [found(0.8, 0.8)]),
           counted(gold("a"), "s", [None])]  # fmt: skip
    two = [counted(gold("a"), "s", [found(1.0, 1.0)])]
    names = sorted({name for counts in (*one, *two) for name in counts})
    sums = {n: np.array([sum(c.get(n, 0.0) for c in document) for document in (one, two)]) for n in names}
    by_document = metric.per_document(sums)
    scores = metric.compute({name: column.sum() for name, column in by_document.items()})
    assert scores[Key("similarity.f1", "mean")] == pytest.approx((0.6 + 1.0) / 2)
    assert scores[Key("similarity.judged", "mean")] == pytest.approx((2 / 3 + 1.0) / 2)
    totals = {name: column.sum() for name, column in by_document.items()}
    assert metric.support(Key("similarity.f1", "mean"), totals) == 2


@pytest.mark.parametrize("baseline", [1.0, 1.5, -1.1, float("nan"), float("inf")])
def test_a_baseline_without_a_scale_is_refused(baseline):
    with pytest.raises(ValueError, match="baseline must lie in"):
        Similarity(baseline=baseline)


def test_the_signature_says_what_moves_the_number():
    key = Key("similarity.f1", "mean")
    signatures = {
        Similarity().signature(key),
        Similarity(baseline=0.8).signature(key),
        Similarity(baseline=0.80000001).signature(key),
        Similarity(judge={"kind": "hf_encoder", "layer": 5}).signature(key),
    }
    assert len(signatures) == 4


@given(st.lists(st.tuples(st.floats(0.01, 1), st.floats(0.01, 1)), min_size=1, max_size=5), st.randoms())
def test_the_order_of_references_changes_no_f1(pairs, random):
    findings = [found(*pair) for pair in pairs]
    shuffled = random.sample(findings, len(findings))
    texts = [f"r{n}" for n in range(len(pairs))]
    first, second = (counted(gold(*texts), "s", several) for several in (findings, shuffled))
    assert first["f1"] == second["f1"]
    assert first["f1"] == max(finding["f1"] for finding in findings)
