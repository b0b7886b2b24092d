"""Reading of what language models write: what is said counts, what is not is `unparsed`, and nothing takes long."""

import json

import pytest

from harness.model.answers import MOST_CHARACTERS, clean_summary, last_json, read_answer
from harness.model.prompts import Prompt
from harness.records import Entity, Mention, NerInput, StanceInput, SummaryInput, Target

pytestmark = [pytest.mark.core, pytest.mark.timeout(60)]

STANCE = Prompt(task="stance", template="{{ text }}")
STANCE_JSON = Prompt(task="stance", template="{{ text }}", answer="json")
NER = Prompt(task="ner", template="{{ text }}", answer="json")
OFFSETS = Prompt(task="ner", template="{{ text }}", answer="offsets")
SUMMARY = Prompt(task="summarization", template="{{ text }}")
SUMMARY_JSON = Prompt(task="summarization", template="{{ text }}", answer="json")
LABELS = ("favor", "against", "none")
TEXT = "Ann met Bo in Paris."

stance = StanceInput("e", "d", TEXT, "", Target("t", "T"))
ner = NerInput("e", "d", TEXT)
summary = SummaryInput("e", "d", TEXT, "headline", ())


@pytest.mark.parametrize(
    ("said", "label"),
    [
        ("favor", "favor"),
        (" Against.\n", "against"),
        ("**None**", "none"),
        ("Stance: favor", "favor"),
        ("The stance is: against.", "against"),
        ("against\n\nBecause the sentence says so, and not in favor.", "against"),
        ("The author dislikes it.\n\nAnswer: against", "against"),
        ('{"stance": "favor"}', "favor"),
        ('```json\n{"stance": "Against"}\n```', "against"),
        # The last valid one counts, so that what is quoted from a text does not.
        ('The text says {"stance": "favor"}. My answer: {"stance": "against"}', "against"),
        ('{"stance": "against"} {"stance": "sideways"}', "against"),
        ('<think>favor? {"stance": "favor"}</think>none', "none"),
        ("unknown", "unknown"),
        # A word somewhere in a sentence says nothing.
        ("The author is not in favor of it.", None),
        ("favor or against", None),
        ("none of the labels fits", None),
        ("", None),
        ("<think>favor", None),
        ('{"stance": 3}', None),
        ('{"stance": NaN}', None),
    ],
)
def test_a_stance_is_a_label_and_nothing_else(said, label):
    for prompt in (STANCE, STANCE_JSON):
        answer = read_answer(said, prompt, stance, LABELS)
        assert answer.raw == said
        if label is None:
            assert (answer.bin, answer.label) == ("unparsed", None)
            assert "favor, against, none" in answer.reason or "reasoning" in answer.reason
        else:
            assert (answer.bin, answer.label) == ("scored", label)


def test_labels_that_the_prompt_calls_something_else():
    prompt = Prompt(task="stance", template="{{ text }}", words={"favor": "pro", "against": "contra"})
    assert read_answer("Pro", prompt, stance, LABELS).label == "favor"
    assert read_answer("contra", prompt, stance, LABELS).label == "against"
    assert read_answer("favor", prompt, stance, LABELS).label == "favor"
    entities = Prompt(task="ner", template="{{ text }}", answer="json", words={"PER": "person"})
    said = '{"entities": [{"text": "Ann", "label": "Person"}]}'
    assert read_answer(said, entities, ner, ("PER",)).mentions == (Mention("PER", "Ann"),)


def test_entities_as_strings():
    listed = [{"text": "Ann", "label": "per"}, {"text": " Paris ", "label": "GPE"}, {"text": "Bo", "label": "DOG"}]
    said = f"Sure! {json.dumps({'entities': listed})}"
    answer = read_answer(said, NER, ner, ("PER", "GPE"))
    # A label outside the scheme is the ledger's business, not the parser's.
    assert answer.mentions == (Mention("PER", "Ann"), Mention("GPE", "Paris"), Mention("DOG", "Bo"))
    assert (answer.bin, answer.misaligned, answer.entities, answer.raw) == ("scored", 0, None, said)


@pytest.mark.parametrize(
    ("said", "mentions", "misaligned"),
    [
        ('{"entities": []}', 0, 0),
        ("[]", 0, 0),
        ('[{"text": "Ann", "label": "PER"}]', 1, 0),
        ('{"entities": [{"text": "Ann", "label": "PER"}, {"text": "", "label": "PER"}, {"text": "Bo"}, "Bo"]}', 1, 3),
        ('{"entities": [{"text": "Bo", "label": "PER"}]} {"entities": []}', 0, 0),
    ],
)
def test_entities_of_several_shapes(said, mentions, misaligned):
    answer = read_answer(said, NER, ner, ("PER",))
    assert (answer.bin, len(answer.mentions), answer.misaligned) == ("scored", mentions, misaligned)


@pytest.mark.parametrize(
    "said", ["", "Ann is a person.", '{"entities": "Ann"}', '{"entities": ["Ann"]}', '{"entities": [{']
)
def test_entities_that_are_none(said):
    answer = read_answer(said, NER, ner, ("PER",))
    assert (answer.bin, answer.raw, answer.mentions) == ("unparsed", said, None)


@pytest.mark.parametrize(
    ("item", "found"),
    [
        ({"start": 0, "end": 3, "text": "Ann", "label": "PER"}, Entity(0, 3, "PER")),
        ({"start": 0, "end": 3, "label": "PER"}, Entity(0, 3, "PER")),
        ({"start": 14, "end": 19, "text": "Paris", "label": "per"}, Entity(14, 19, "PER")),
        ({"start": 1, "end": 4, "text": "Ann", "label": "PER"}, None),
        ({"start": 3, "end": 3, "text": "", "label": "PER"}, None),
        ({"start": 0, "end": 99, "label": "PER"}, None),
        ({"start": -1, "end": 3, "label": "PER"}, None),
        ({"start": False, "end": True, "label": "PER"}, None),
        ({"start": 0.0, "end": 3.0, "label": "PER"}, None),
        ({"start": "0", "end": "3", "label": "PER"}, None),
        ({"text": "Ann", "label": "PER"}, None),
    ],
)
def test_offsets_are_checked_against_the_text(item, found):
    answer = read_answer(json.dumps({"entities": [item]}), OFFSETS, ner, ("PER",))
    assert answer.bin == "scored"
    assert answer.entities == ((found,) if found else ())
    assert answer.misaligned == (0 if found else 1)


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("Rates rose.", "Rates rose."),
        ("  Rates rose.\n\n\nMarkets fell. ", "Rates rose.\nMarkets fell."),
        ("Sure, here is a headline:\n\nRates rose", "Rates rose"),
        ("Here is a summary of the article in at most 30 words:\nRates rose.", "Rates rose."),
        ("Headline: Rates rose", "Rates rose"),
        ('"Rates rose"', "Rates rose"),
        ('"Up", he said, and "down"', '"Up", he said, and "down"'),
        ("```\nRates rose.\n```", "Rates rose."),
        ("* Rates rose.\n* Markets fell.", "Rates rose.\nMarkets fell."),
        ("<think>Hm: rates?</think>Rates rose.", "Rates rose."),
        # A sentence of its own may begin like a lead-in.
        ("Here we go again: rates rose.", "Here we go again: rates rose."),
    ],
)
def test_summaries_without_what_stands_around_them(said, text):
    answer = read_answer(said, SUMMARY, summary, ())
    assert (answer.bin, answer.text) == ("scored", text)
    assert clean_summary(text) == text


@pytest.mark.parametrize(
    ("prompt", "said"),
    [(SUMMARY, "  \n"), (SUMMARY, '""'), (SUMMARY_JSON, "Rates rose."), (SUMMARY_JSON, '{"summary": 3}')],
)
def test_summaries_that_are_none(prompt, said):
    assert read_answer(said, prompt, summary, ()).bin == "unparsed"


def test_a_summary_as_json():
    answer = read_answer('{"summary": "One.\\nTwo."}', SUMMARY_JSON, summary, ())
    assert answer.text == "One.\nTwo."


HOSTILE = {
    "braces": "{" * 150_000,
    "brackets": "[" * 150_000,
    "objects": '{"a":' * 30_000,
    "nested": "[" * 50_000 + "]" * 50_000,
    "quotes": '{"' * 60_000,
    "a number": '{"entities": [' + "9" * 100_000 + "]}",
    "an exponent": '{"stance": 1e999}',
    "constants": '{"entities": [NaN, Infinity]}',
    "controls": '{"stance": "\x00\x1b[2J"}',
    "half a pair": '{"stance": "\\ud800"}',
    "a megabyte": "{" * 1_000_000,
    "spaces": " " * 150_000,
    "lines": "\n*" * 70_000,
    "thoughts": "<think>" * 20_000,
}


@pytest.mark.parametrize("said", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize(("prompt", "one"), [(STANCE, stance), (NER, ner), (OFFSETS, ner), (SUMMARY_JSON, summary)])
def test_hostile_output_is_unparsed_and_kept_in_part(said, prompt, one):
    answer = read_answer(said, prompt, one, LABELS)
    assert answer.bin == "unparsed"
    assert answer.raw
    assert len(answer.raw) <= min(len(said), MOST_CHARACTERS) + 100
    assert len(answer.raw) < 21_000


def test_hostile_summaries_end_soon():
    for said in HOSTILE.values():
        assert read_answer(said, SUMMARY, summary, ()).bin in ("scored", "unparsed")


def test_the_outer_value_counts_and_the_last():
    assert last_json('[{"a": 1}] {"a": 2} tail', lambda value: isinstance(value, dict)) == {"a": 2}
    assert last_json('{"a": {"b": 1}}', lambda value: "b" in value) is None
    assert last_json("no json", lambda value: True) is None
