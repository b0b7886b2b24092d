"""Metrics that count many examples at once: the file of counts is the same, byte for byte, as one by one."""

import io

import pytest

from harness.counts import write_counts
from harness.label_map import NO_MAP
from harness.records import Answer, Example, NerInput
from harness.scoring import Cases, ReadAnswers, count_table
from tests.metric.test_laws import DOCUMENTS, METRICS

pytestmark = pytest.mark.core
BATCHED = [given for given in METRICS if hasattr(given.values[0], "count_many")]


def read_of(task):
    """The made-up cases of a task, the first of each document a second time: equal pairs are counted once."""
    examples, predicted = [], []
    for doc, cases in DOCUMENTS[task].items():
        for number, case in enumerate([*cases, *cases[:1]]):
            shown = NerInput(f"{doc}/{number}", doc, case.text)
            examples.append(Example(shown.id, doc, doc, shown, case.gold, case.start, {"length": str(number)}))
            predicted.append(case.predicted)
    return ReadAnswers(Cases(examples, [Answer()] * len(examples), predicted), {}, {})


def counts_file(metric, read):
    stream = io.BytesIO()
    # No corpus: these metrics see gold and answer alone.
    write_counts(stream, [count_table("made", metric, read, None, NO_MAP)])
    return stream.getvalue()


def test_some_metrics_count_many():
    assert {type(given.values[0]).__name__ for given in BATCHED} == {"EntityF1", "EntityOverlap", "Rouge"}


@pytest.mark.parametrize("metric", BATCHED)
def test_the_file_of_counts_is_that_of_single_counts(metric, monkeypatch):
    read = read_of(metric.task)
    asked = []
    at_once = type(metric).count_many
    monkeypatch.setattr(type(metric), "count_many", lambda *given: asked.append(1) or at_once(*given))
    many = counts_file(metric, read)
    assert asked == [1]
    monkeypatch.delattr(type(metric), "count_many")
    assert not hasattr(metric, "count_many")
    assert many == counts_file(metric, read)
