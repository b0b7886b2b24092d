"""What leaks into a summary, by hand and against a search for each run in each sentence."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.metric.base import Key
from harness.metric.zone_leak import ZoneLeak
from harness.records import References, Sentence, Summary
from tests.made_context import context_of

pytestmark = pytest.mark.core

BODY = ("body", "The mayor of the town resigned on Monday after ten years in office.")
CAPTION = ("caption", "A crowd gathers outside the town hall as the mayor of the town resigned on Monday.")
FOOTER = ("boilerplate", "Subscribe to our newsletter")
CREDIT = ("caption", "Photo: Reuters")


def page(*sentences, references=(), style="default"):
    """A document's gold and context; each sentence is given as zone and text."""
    text, spans = "", []
    for number, (zone, sentence) in enumerate(sentences, start=1):
        spans.append(Sentence(f"s{number}", len(text), len(text) + len(sentence), zone))
        text += f"{sentence}\n"
    gold = References(style, texts=references, source=text)
    return gold, context_of(gold, sentences=tuple(spans))


def scores(made, summary, **parameters):
    metric = ZoneLeak(**parameters)
    gold, context = made
    found = metric.compute(metric.count(gold, None if summary is None else Summary(summary), context))
    return {
        (key.metric.removeprefix("zone_leak."), key.slice): float(value)
        for key, value in found.items()
        if not np.isnan(value)
    }


def of(made, summary, **parameters):
    found = scores(made, summary, **parameters)
    return [found[name, "all"] for name in ("words", "sentences", "summaries")]


@pytest.mark.parametrize(
    ("summary", "expected"),
    [
        ("The mayor resigned.", [0, 0, 0]),
        # The body's own words are no leak, though the caption has them too.
        ("The mayor of the town resigned on Monday", [0, 0, 0]),
        # Eight words of the caption, then seven: too few.
        ("A CROWD gathers, outside the town hall as.", [1, 1, 1]),
        ("A crowd gathers outside the town hall.", [0, 0, 0]),
        # Nine of its words make two runs of eight.
        ("Oh, a crowd gathers outside the town hall as the. He left.", [9 / 12, 1 / 2, 1]),
        # A shorter sentence leaks as a whole, and over a line of the summary's own.
        ("He left.\nSubscribe to our newsletter", [4 / 6, 1 / 2, 1]),
        ("He left. Subscribe to our\nnewsletter now", [4 / 7, 1, 1]),
        ("Subscribe to our paper", [0, 0, 0]),
        # Two words could be anything.
        ("Photo: Reuters", [0, 0, 0]),
    ],
)
def test_by_hand(summary, expected):
    assert of(page(BODY, CAPTION, FOOTER, CREDIT), summary) == pytest.approx(expected)


def test_parameters():
    made = page(BODY, CAPTION, FOOTER, CREDIT)
    assert of(made, "A crowd gathers outside the town hall.", ngram=7) == [1, 1, 1]
    assert of(made, "Photo: Reuters!", shortest=2) == [1, 1, 1]
    for wrong in ({"shortest": 0}, {"shortest": 9}, {"ngram": 2}):
        with pytest.raises(ValueError, match="ZoneLeak: shortest must be from 1 to ngram, got"):
            ZoneLeak(**wrong)


def test_each_zone_has_its_row_and_a_run_of_two_zones_counts_in_both():
    found = scores(
        page(BODY, FOOTER, ("byline", "subscribe to our newsletter"), CAPTION), "Subscribe to our newsletter."
    )
    assert {name: value for name, value in found.items() if name[1] != "all"} == {
        ("words", "zone=boilerplate"): 1,
        ("words", "zone=byline"): 1,
        ("words", "zone=caption"): 0,
    }
    assert found["words", "all"] == 1


@pytest.mark.parametrize(
    ("made", "summary"),
    [
        # Nothing could leak: no zones, only the body, only sentences that are too short.
        (page(), "One two three."),
        (page(BODY), "One two three."),
        (page(BODY, CREDIT), "Photo: Reuters"),
        (page(BODY, CAPTION, style="extract"), "One two three."),
        (page(BODY, CAPTION), ""),
        (page(BODY, CAPTION), "...\n--"),
        (page(BODY, CAPTION), None),
    ],
)
def test_where_it_is_undefined(made, summary):
    assert scores(made, summary) == {}


def test_references_stand_beside():
    found = scores(page(BODY, FOOTER, references=("Subscribe to our newsletter", "He left.", "")), None)
    assert found == {(f"{name}_reference", "all"): 0.5 for name in ("words", "sentences", "summaries")}


def test_scripts_without_spaces():
    made = page(("body", "市长星期一辞职。"), ("caption", "人群聚集在市政厅外面。"))
    assert of(made, "人群聚集在市政厅。市长辞职。") == [8 / 12, 1 / 2, 1]


WORDS = st.lists(st.sampled_from("abc"), max_size=7).map(" ".join)


@given(WORDS, st.lists(WORDS, max_size=3), WORDS)
def test_equals_a_search_for_each_run(body, captions, summary):
    n, shortest = 3, 2
    made = page(("body", body), *(("caption", caption) for caption in captions))
    usable = [caption for caption in captions if len(caption.split()) >= shortest]
    tokens = summary.split()
    if not usable or not tokens:
        assert scores(made, summary, ngram=n, shortest=shortest) == {}
        return
    leaked = set()
    for start in range(len(tokens)):
        for end in range(start + 1, len(tokens) + 1):
            run = " ".join(tokens[start:end])
            for caption in usable:
                whole = len(caption.split()) < n and run == caption
                if (whole or (end - start == n and run in caption)) and run not in body:
                    leaked.update(range(start, end))
    assert of(made, summary, ngram=n, shortest=shortest)[0] == len(leaked) / len(tokens)


def test_mean_over_documents_whose_styles_are_averaged_first():
    metric = ZoneLeak()
    gold, context = page(BODY, FOOTER)
    leaked = metric.count(gold, Summary("Subscribe to our newsletter"), context)
    clean = metric.count(gold, Summary("He left."), context)
    examples = [[leaked, clean], [clean, {}], [{}]]
    names = {name for document in examples for counts in document for name in counts}
    sums = {name: np.array([sum(c.get(name, 0.0) for c in document) for document in examples]) for name in names}
    documents = {name: values.sum() for name, values in metric.per_document(sums).items()}
    for key in (Key("zone_leak.words", "mean"), Key("zone_leak.words", "mean", "zone=boilerplate")):
        assert metric.compute(documents)[key] == (0.5 + 0) / 2
        assert metric.support(key, documents) == 2


def test_signature():
    own = "words:unicode|case:lc|ngram:8|shortest:3"
    assert ZoneLeak().signature(Key("zone_leak.words", "mean")) == f"zone_leak.words|{own}|styles:mean|v:1"
    assert (
        ZoneLeak().signature(Key("zone_leak.sentences", "mean"))
        == f"zone_leak.sentences|{own}|split:sentences|styles:mean|v:1"
    )
