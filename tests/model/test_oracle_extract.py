"""The extractive upper bound."""

from itertools import combinations

import pytest
from rouge_score.rouge_scorer import RougeScorer

from harness.metric.rouge import Rouge
from harness.model.lead import Lead
from harness.model.oracle_extract import OracleExtract
from harness.records import Example, References, Summary, SummaryInput

pytestmark = pytest.mark.core

SENTENCES = (
    ("s0", "Alpha beta gamma delta."),
    ("s1", "One two three four five six."),
    ("s2", "Beta gamma seven."),
    ("s3", "Eight nine ten."),
    ("s4", "Four five six."),
    ("s5", "..."),
)


def answered(references, style="default", sentences=SENTENCES, parameter=3, **limits):
    asked = SummaryInput("d:1", "d", "", style, sentences, **limits)
    model = OracleExtract(sentences=parameter)
    model.prepare([Example("d:1", "d", "d", asked, References(style, **references))], None)
    (answer,) = model.answer([asked])
    return answer


@pytest.mark.parametrize(
    ("texts", "limits", "chosen"),
    [
        # The one sentence that is the reference; every other one would only cost precision.
        (["eight nine ten"], {}, ("s3",)),
        # In text order, though s3 was the better one.
        (["eight nine ten one two three four five six"], {}, ("s1", "s3")),
        (["eight nine ten one two three four five six"], {"parameter": 1}, ("s1",)),
        (["eight nine ten one two three four five six"], {"max_sentences": 1}, ("s1",)),
        # Where s1 is too long, s4 has the rest.
        (["eight nine ten one two three four five six"], {"max_words": 5}, ("s3",)),
        (["one two three four five six"], {"max_words": 5}, ("s4",)),
        # Below the lower limit it goes on, with whatever costs least.
        (["eight nine ten"], {"min_words": 5, "max_words": 7}, ("s2", "s3")),
        # Either reference is good.
        (["nothing", "eight nine ten"], {}, ("s3",)),
        # Of equals the first in text order: s2 and s3 have one of three words each; then the other one still helps.
        (["seven eight"], {}, ("s2", "s3")),
        (["seven eight"], {"max_sentences": 1}, ("s2",)),
        # Nothing fits: the shortest sentence.
        (["eight nine ten"], {"max_words": 2}, ("s2",)),
        # No word in common: as `lead`.
        (["zero"], {}, ("s0", "s1", "s2")),
        ([""], {}, ("s0", "s1", "s2")),
    ],
)
def test_hand_worked(texts, limits, chosen):
    assert answered({"texts": tuple(texts)}, **limits).sentences == chosen


def test_each_step_is_the_best_one():
    # The greedy path written out with the package rouge_score.
    reference = "Alpha beta seven eight nine three four five"
    oracle = RougeScorer(["rouge1", "rouge2"], use_stemmer=True)

    def score(places):
        text = "\n".join(SENTENCES[place][1] for place in sorted(places))
        return sum(value.fmeasure for value in oracle.score(reference, text).values())

    chosen = []
    while len(chosen) < 4:
        best = max((place for place in range(5) if place not in chosen), key=lambda place: score([*chosen, place]))
        if score([*chosen, best]) <= score(chosen):
            break
        chosen.append(best)
    assert len(chosen) > 1
    answer = answered({"texts": (reference,)}, parameter=4)
    assert answer.sentences == tuple(f"s{place}" for place in sorted(chosen))
    # No other extract of up to 4 sentences beats it here.
    assert all(score(some) <= score(chosen) for size in range(1, 5) for some in combinations(range(5), size))


def test_is_no_worse_than_lead():
    references = References("default", texts=("beta gamma seven eight nine ten",))
    asked = SummaryInput("d:1", "d", "", "default", SENTENCES)
    lead = Lead().answer([asked])[0].text
    best = answered({"texts": references.texts}).text
    f1 = [Rouge().count(references, Summary(text))["rouge1.f1"] for text in (lead, best)]
    assert f1[1] > f1[0]


def test_style_extract_is_the_first_reference():
    answer = answered({"extracts": (("s3", "s0"), ("s1",))}, "extract", max_sentences=2)
    assert (answer.sentences, answer.text) == (("s0", "s3"), "Alpha beta gamma delta.\nEight nine ten.")
    assert answered({}, "extract", max_sentences=2).sentences == ()


def test_documents_without_sentences_or_references():
    assert answered({"texts": ("one",)}, sentences=()).sentences == ()
    (answer,) = OracleExtract().answer([SummaryInput("d:1", "d", "", "default", SENTENCES)])
    assert answer.bin == "failed"
    assert "this example has none" in answer.reason


def test_models_keep_their_references_apart():
    asked = SummaryInput("d:1", "d", "", "default", SENTENCES)
    first, second = OracleExtract(), OracleExtract()
    first.prepare([Example("d:1", "d", "d", asked, References("default", texts=("eight nine ten",)))], None)
    assert second.answer([asked])[0].bin == "failed"
    assert first.answer([asked])[0].bin == "scored"
    # Examples without gold (documents to be summarized only) are no references.
    second.prepare([Example("d:1", "d", "d", asked)], None)
    assert second.answer([asked])[0].bin == "failed"


def test_signature_and_parameters():
    assert OracleExtract().signature() == {
        "kind": "oracle_extract",
        "sentences": 3,
        "rouge": "rouge1.f1+rouge2.f1|mode:rouge_score|stem:yes|refs:max|split:sentences|v:1",
    }
    assert OracleExtract.gold == "oracle"
    with pytest.raises(ValueError, match="OracleExtract: sentences must be at least 1"):
        OracleExtract(sentences=0)
