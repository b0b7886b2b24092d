import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.agreement import invention, qags
from harness.metric.base import Key
from harness.metric.invented import Invented
from harness.records import References, Summary
from harness.statistics.correlation import auc

pytestmark = pytest.mark.core
NAN = float("nan")
SOURCE = "On Monday Ann Lee paid 1,200 dollars to the European Union. The Iranian Lee, 35, left Mali in 2015."


def scores(text, source=SOURCE, references=(), **parameters):
    metric = Invented(**parameters)
    gold = References("default", texts=tuple(references), source=source)
    counts = metric.count(gold, None if text is None else Summary(text))
    found = metric.compute(metric.per_document(counts))
    return {key.metric.partition(".")[2]: float(value) for key, value in found.items()}


@pytest.mark.parametrize(
    ("text", "entities", "numbers", "any_", "any_number"),
    [
        ("They say Ann Lee paid 1200 dollars.", 0, 0, 0, 0),
        ("They say Bob Orff paid 1200 dollars.", 1, 0, 1, 0),
        ("They say Ann Lee paid 1300 dollars.", 0, 1, 1, 1),
        ("They say Ann Lee met Bob Orff in Mali.", 1 / 3, NAN, 1, 0),
        ("They say Ann Orff paid.", 1, NAN, 1, 0),  # half of the name is new
        ("They say Ann Carla Lee paid.", 0, NAN, 0, 0),  # a third of it
        ("They say twelve hundred dollars went to the EU.", 0, 0, 0, 0),
        ("They say about 1,000 dollars went to Iran.", 0, 0, 0, 0),  # 1,200 is off by a fifth
        ("They say about 900 dollars went to Iran.", 0, 1, 1, 1),
        ("They say 1,000 dollars went to Iran.", 0, 1, 1, 1),  # not rough
        ("Lee was 35 in 2015, not 36 in 2016.", 0, 0.5, 1, 1),
        ("He paid 35, 35 and 36.", NAN, 0.5, 1, 1),  # distinct ones count
        ("He paid.", NAN, NAN, 0, 0),
        ("he paid ann lee 35.", NAN, 0, NAN, 0),  # capitals do not tell
        ("he paid bob orff 36.", NAN, 1, NAN, 1),
        ("Ann Lee Paid Bob Orff Again", NAN, NAN, NAN, 0),
        ("🤷 !!", NAN, NAN, NAN, NAN),
        ("", NAN, NAN, NAN, NAN),
        (None, NAN, NAN, NAN, NAN),
        ("北京很大", NAN, NAN, NAN, 0),
        ("北京 36", NAN, 1, NAN, 1),
    ],
)
def test_by_hand(text, entities, numbers, any_, any_number):
    found = scores(text)
    expected = [entities, numbers, any_, any_number]
    assert [found[row] for row in ("entities", "numbers", "any", "any_number")] == pytest.approx(expected, nan_ok=True)
    blank = math.isnan(any_number)
    assert found["told"] == pytest.approx(NAN if blank else float(not math.isnan(any_)), nan_ok=True)


def test_references_stand_beside():
    found = scores(
        "He paid.", references=["They say Bob Orff paid 35.", "They say Lee paid 36.", "", "he paid ann lee"]
    )
    assert found["entities_reference"] == 0.5
    assert found["numbers_reference"] == 0.5
    assert found["any_reference"] == 1
    assert found["any_number_reference"] == pytest.approx(1 / 3)  # the blank one has no say


def test_lower_case_by_words():
    # paid, dollars and iranians are there; orff and bought are not; `bob` and `to` are too short to say anything
    found = scores("bob orff bought iranians, paid dollars to lee", names="words")
    assert found["entities"] == pytest.approx(2 / 5)
    assert found["any"] == 1
    assert found["told"] == 1
    assert scores("lee paid dollars", names="words")["any"] == 0


def test_parameters_move_the_rule():
    assert scores("They say Ann Orff paid.", missing=0.6)["entities"] == 0
    assert scores("They say Ann Carla Lee paid.", missing=0.3)["entities"] == 1
    assert scores("About 900 dollars were paid.", tolerance=0.4)["numbers"] == 0
    assert scores("About 1,000 dollars were paid.", tolerance=0.0)["numbers"] == 1


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"missing": 0}, "missing must lie in"),
        ({"missing": 1.1}, "missing must lie in"),
        ({"missing": NAN}, "missing must lie in"),
        ({"tolerance": -0.1}, "tolerance must lie in"),
        ({"tolerance": 1}, "tolerance must lie in"),
    ],
)
def test_bad_parameters(parameters, message):
    with pytest.raises(ValueError, match=f"Invented: {message}"):
        Invented(**parameters)


def test_a_document_without_words_and_extracts_are_left_out():
    assert Invented().count(References("default", source=" 🤷 "), Summary("Ann")) == {}
    assert Invented().count(References("extract", source=SOURCE), Summary("Ann")) == {}


WORDS = st.lists(
    st.sampled_from(
        [
            "Ann",
            "Lee's",
            "O'Neil",
            "EU",
            "1,000",
            "1000",
            "about",
            "twenty-three",
            "May",
            "27",
            "5%",
            "Ukrainians",
            "the",
            "The",
            "of",
            ".",
            "?",
            "U.S.",
            "北京",
            "Ὀδυσσεύς",
            "😀",
            "4pm",
            "\n",
        ]
    ),
    max_size=25,
).map(" ".join)


@given(WORDS)
@pytest.mark.parametrize("names", ["capitals", "words"])
def test_a_document_invents_nothing(names, text):
    found = scores(text, source=text, names=names)
    assert all(np.isnan(found[row]) or found[row] == 0 for row in ("entities", "numbers", "any", "any_number"))


@given(WORDS, WORDS)
def test_rows_are_shares_and_any_follows_from_them(text, source):
    found = scores(text, source=source)
    assert all(np.isnan(value) or 0 <= value <= 1 for value in found.values())
    if found["any_number"] == 1:
        assert found["numbers"] > 0
    if found["any"] == 0:
        assert not found["entities"] > 0
        assert not found["numbers"] > 0


@given(WORDS)
def test_more_document_invents_no_more(source):
    text = "They say Bob Orff paid 35 or 36 in Mali on 27 May."
    more = scores(text, source=f"{SOURCE} {source}")
    assert more["numbers"] <= scores(text)["numbers"]
    assert more["entities"] <= scores(text)["entities"]


def test_signature():
    assert Invented().signature(Key("invented.any", "mean")) == (
        "invented.any|names:capitals|missing:0.5|tolerance:0.2|lang:en|count:distinct|source:document|styles:mean|v:1"
    )


def test_long_texts_take_no_time():
    found = scores("They say Bob Orff paid 36. " * 2000, source=SOURCE * 500)
    assert found["entities"] == 1


def test_agreement_with_people(data):
    """What the docstring says of QAGS: held-out summaries, AUC of the inconsistent ones."""
    for part, number, words in (("cnndm", 0.53, 0.60), ("xsum", 0.57, 0.67)):
        rows, consistent = invention(qags(data, part)[1::2])
        assert not rows["`invented.told`"].any()
        for row, value in (("`invented.any_number`", number), ("`invented.entities` (`names: words`)", words)):
            assert auc(rows[row], consistent < 1, resampled="none").value == pytest.approx(value, abs=0.005)


@given(st.text("AnnLeMali 12,.", max_size=40), st.sampled_from(["capitals", "words"]))
def test_spans_are_there_where_the_rows_say_so(text, names):
    metric = Invented(names=names)
    counts = metric.count(References("default", source=SOURCE), Summary(text))
    kinds = {kind for _, _, kind in metric.spans(text, SOURCE)}
    assert ("number" in kinds) == bool(counts.get("any_number"))
    assert ("name" in kinds) == bool(counts.get("entities"))


def test_spans_by_hand():
    text = "Bob Orff paid 1,300 dollars. Then Bob Orff, 35, left with 1300 others."
    found = [(text[start:end], kind) for start, end, kind in Invented().spans(text, SOURCE)]
    assert found == [("Bob Orff", "name"), ("1,300", "number"), ("Bob Orff", "name"), ("1300", "number")]
    lower = "orff paid 1,300 dollars"
    found = [(lower[start:end], kind) for start, end, kind in Invented(names="words").spans(lower, SOURCE)]
    assert found == [("orff", "name"), ("1,300", "number")]
    assert Invented().spans(text, "") == Invented().spans("", SOURCE) == []
