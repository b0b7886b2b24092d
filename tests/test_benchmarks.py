"""Benchmarks of stored runs, at a tiny size: each writes its runs, has them read, and makes its table."""

import pytest

from benchmarks import __main__ as benchmarks
from benchmarks import compare, rouge, scale
from harness.cli import subcommand
from harness.metric.rouge import Rouge
from harness.records import References, Summary

pytestmark = pytest.mark.core


def cells(lines):
    """The cells of a part's table."""
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("|")]
    assert lines[0].startswith("## ")
    assert len({line.count("|") for line in lines if line.startswith("|")}) == 1
    return rows[2:]


@pytest.fixture
def in_process(monkeypatch):
    """Commands are run here: what a process of their own costs is no concern of these tests."""

    def cost_of(arguments):
        assert subcommand(arguments[0], list(arguments[1:])) == 0
        return scale.Cost(1.0, 1.0, 10**8)

    for module in (scale, compare):
        monkeypatch.setattr(module, "cost_of", cost_of)


def test_the_cost_of_a_process():
    own = bytes(200_000_000)  # memory of this process is none of what it starts
    cost = scale.cost_of(["--help"])
    assert cost.processor > 0
    assert 10**6 < cost.peak < len(own)
    with pytest.raises(SystemExit, match=r"`python -m harness compare nowhere` failed"):
        scale.cost_of(["compare", "nowhere"])


@pytest.mark.usefixtures("in_process")
def test_scoring_of_stored_stance_predictions():
    few, many = cells(scale.scoring_table(1, predictions=200))
    assert (few[0], many[0]) == ("20", "200")
    # The claim is about a million.
    assert "yes" not in few + many


def test_a_claim_that_does_not_hold_is_said_so(monkeypatch):
    monkeypatch.setattr(scale, "PREDICTIONS", 200)
    monkeypatch.setattr(scale, "cost_of", lambda arguments: scale.Cost(31.0, 31.0, 10**8))
    assert cells(scale.scoring_table(1, predictions=200))[1][-1] == "**no**"


@pytest.mark.usefixtures("in_process")
def test_a_whole_comparison():
    found = cells(scale.comparison_table(1, sets=3, documents=40, tasks=(scale.ner,)))
    assert [row[0] for row in found] == ["ner"]
    assert found[0][-2:] == ["180", "yes"]


@pytest.mark.usefixtures("in_process")
def test_comparing_run_folders():
    assert cells(compare.table(1, folders=7, documents=40))[0][-2:] == ["5", "yes"]


def test_a_part_that_is_not_measured_stays_as_it_is():
    table = "# Benchmarks\n\n<!-- rouge -->\n## ROUGE\n\nwords\n<!-- end -->\n"
    assert benchmarks.stored(table, "rouge") == ["## ROUGE", "", "words"]
    assert benchmarks.stored(table, "scoring") == ["`python -m benchmarks scoring` has not been run yet."]


def test_other_scores_are_told_from_equal_ones():
    metric = Rouge(types=rouge.TYPES)
    counts = metric.count_many([References("default", texts=("the cat sat",))], [Summary("a cat")])
    scorer = rouge.RougeScorer(list(rouge.TYPES), use_stemmer=True)
    assert rouge.are_equal(counts, [scorer.score("the cat sat", "a cat")])
    assert not rouge.are_equal(counts, [scorer.score("the cat sat", "the cat")])
