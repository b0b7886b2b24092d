"""Predictions in columns whose ids, tokens or blank lines are not the gold's, through the model that reads them."""

import random

import pytest

from harness.config import DataConfig
from harness.errors import PredictionError
from harness.gold import load_corpus
from harness.label_map import NO_MAP
from harness.metric.entity_f1 import EntityF1
from harness.model.predictions import Predictions
from harness.records import Entity, Example
from harness.scoring import read_answers
from harness.task.ner import Ner

pytestmark = pytest.mark.core

GOLD = """\
Ann\tB-PER
Lee\tI-PER
left\tO
Rome\tB-LOC

She\tO
likes\tO
the\tO
Alps\tB-LOC

Bob\tB-PER
stays\tO
in\tO
New\tB-LOC
York\tI-LOC
City\tI-LOC
"""


@pytest.fixture
def ask(tmp_path):
    """`ask(predicted)` gives {example id: answer}; afterwards `ask.ledger`, `ask.remarks`, `ask.f1`."""

    def write(name, text):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def answers(predicted, gold=GOLD, name="system", gold_name="gold.conll", data_format="conll", **options):
        path = write(f"{data_format}/{gold_name}", gold)
        corpus = load_corpus(DataConfig(name="x", format=data_format, gold=str(path.parent if options else path)))
        model = Predictions(path=str(write(name, predicted)), task="ner", format="conll")
        shown = Ner().examples(corpus, gold=True, selects=False, label_map=NO_MAP)
        model.prepare([Example(e.id, e.doc, e.unit, e.input, None, e.start, e.fields) for e in shown], corpus)
        found = {e.id: a for e, a in zip(shown, model.answer([e.input for e in shown]), strict=True)}
        read = read_answers(shown, found, corpus, Ner(), NO_MAP)
        answers.ledger = read.ledger
        answers.remarks = model.remarks
        answers.signature = model.signature()
        answers.f1 = [(case.example.gold, case.predicted) for case in read.cases]
        return found

    def faults(predicted, **more):
        with pytest.raises(PredictionError) as refused:
            answers(predicted, **more)
        return [fault.replace(f"{tmp_path}/", "") for fault in refused.value.faults]

    answers.faults = faults
    return answers


def spans(found):
    return [[(one.start, one.end, one.label) for one in answer.entities or ()] for answer in found.values()]


PERFECT = [[(0, 7, "PER"), (13, 17, "LOC")], [(14, 18, "LOC")], [(0, 3, "PER"), (13, 26, "LOC")]]
TAGS = [
    ("B-PER", "I-PER", "O", "B-LOC"),
    ("O", "O", "O", "B-LOC"),
    ("B-PER", "O", "O", "B-LOC", "I-LOC", "I-LOC"),
]


def test_another_files_name_needs_no_option(ask):
    found = ask(GOLD)
    assert spans(found) == PERFECT
    assert [answer.tags for answer in found.values()] == TAGS
    assert {answer.reason for answer in found.values()} == {None}
    assert ask.ledger["spans"] == {"total": 5, "scored": 5, "ungrounded": 0, "unmapped": 0, "misaligned": 0}
    assert ask.remarks == (
        "predicted tags are iob2, 0 invalid transitions; gold tags are iob2, 0 invalid transitions",
        "predictions were matched with the gold by the order of their tokens: no token differs; 0 spans misaligned",
    )


def test_the_same_name_and_text_is_taken_as_it_is(ask):
    found = ask(GOLD, name="gold")
    assert (spans(found), [answer.tags for answer in found.values()]) == (PERFECT, TAGS)
    assert len(ask.remarks) == 1
    assert "aligned_with" not in ask.signature


def test_crlf_blanks_for_tabs_and_other_blank_lines(ask):
    found = ask(GOLD.replace("\t", "  ").replace("\n\n", "\n \n\n\n").replace("\n", "\r\n"))
    assert (spans(found), [answer.tags for answer in found.values()]) == (PERFECT, TAGS)


def test_sentences_joined_or_cut_do_not_move_a_span(ask):
    found = ask(GOLD.replace("\n\n", "\n").replace("New\t", "\nNew\t"))
    assert (spans(found), [answer.tags for answer in found.values()]) == (PERFECT, TAGS)
    # A document mark at the start makes one document of it all; the gold's sentences are documents.
    assert spans(ask("-DOCSTART- O\n\n" + GOLD)) == PERFECT


def test_changed_tokens_keep_their_spans_and_are_said(ask):
    found = ask(GOLD.replace("Lee", "L?e").replace("likes", "like"))
    assert (spans(found), [answer.tags for answer in found.values()]) == (PERFECT, TAGS)
    reasons = [answer.reason for answer in found.values()]
    assert reasons == [
        "tokens differ from the gold's: 1 changed; first 'L?e' (system:2) near 'Lee' (gold.conll:2)",
        "tokens differ from the gold's: 1 changed; first 'like' (system:7) near 'likes' (gold.conll:7)",
        None,
    ]
    assert "2 tokens changed; 0 spans misaligned" in ask.remarks[1]
    assert ask.signature["aligned_with"]


def test_a_lost_token_outside_a_span_costs_nothing(ask):
    found = ask(GOLD.replace("the\tO\n", ""))
    assert (spans(found), [answer.tags for answer in found.values()]) == (PERFECT, TAGS)
    assert list(found.values())[1].reason == (
        "tokens differ from the gold's: 1 without a prediction; first 'the' (gold.conll:8)"
    )


def test_a_span_on_tokens_that_the_gold_does_not_have_is_misaligned(ask):
    found = ask(GOLD.replace("She\tO\n", "She\tO\nDr\tB-PER\n"))
    assert spans(found) == PERFECT
    assert [answer.misaligned for answer in found.values()] == [0, 1, 0]
    assert ask.ledger["spans"] == {"total": 6, "scored": 5, "ungrounded": 0, "unmapped": 0, "misaligned": 1}
    reason = list(found.values())[1].reason
    assert "1 inserted; first 'Dr' (system:7) near 'She' (gold.conll:6)" in reason
    assert reason.endswith("1 predicted spans begin or end at tokens that the gold does not have")
    # Half inside: the span that began on the extra token is taken away whole, with its tags.
    found = ask(GOLD.replace("She\tO\nlikes\tO", "She\tO\nDr\tB-PER\nlikes\tI-PER"))
    assert list(found.values())[1].tags == TAGS[1]


def test_a_span_over_two_documents_of_the_gold_is_misaligned(ask):
    found = ask(GOLD.replace("Rome\tB-LOC\n\nShe\tO", "Rome\tB-LOC\nShe\tI-LOC"))
    assert spans(found)[0] == [(0, 7, "PER")]
    assert [answer.misaligned for answer in found.values()] == [1, 0, 0]


def test_tokens_cut_otherwise_keep_the_span_and_lose_the_tags(ask):
    found = ask(GOLD.replace("York\tI-LOC\n", "Yo\tI-LOC\nrk\tI-LOC\n"))
    assert spans(found) == PERFECT
    assert [answer.tags for answer in found.values()] == [*TAGS[:2], None]
    assert "2 cut otherwise" in list(found.values())[2].reason
    # A span that begins inside a gold token is where it is.
    found = ask(GOLD.replace("York\tI-LOC\n", "Yo\tO\nrk\tB-LOC\n"))
    assert spans(found)[2] == [(0, 3, "PER"), (13, 16, "LOC"), (19, 26, "LOC")]


def test_sentences_without_a_prediction_are_missing(ask):
    found = ask(GOLD.partition("Bob")[0])
    assert spans(found) == [*PERFECT[:2], []]
    assert [answer.bin for answer in found.values()] == ["scored", "scored", "missing"]
    # Within one document too: what stands for nothing is no answer of "no entity".
    marked = "# newdoc id = one\n" + GOLD
    found = ask(GOLD.partition("Bob")[0], gold=marked)
    assert [(answer.bin, answer.reason) for answer in found.values()][2] == (
        "missing",
        "no predicted token stands for any of its tokens",
    )


def test_document_ids_that_agree_are_aligned_document_by_document(ask):
    marked = "# newdoc id = one\n" + GOLD.replace("\nBob", "\n# newdoc id = two\nBob")
    turned = "# newdoc id = two\n" + GOLD[GOLD.index("Bob") :] + "\n# newdoc id = one\n" + GOLD[: GOLD.index("Bob")]
    found = ask(turned.replace("Lee", "Leigh"), gold=marked)
    assert [answer.tags for answer in found.values()] == TAGS
    assert next(iter(found.values())).reason.startswith("tokens differ from the gold's: 1 changed")


def test_ids_of_which_only_some_are_known_are_no_other_numbering(ask):
    marked = "# newdoc id = one\n" + GOLD.replace("\nBob", "\n# newdoc id = two\nBob")
    faults = ask.faults(marked.replace("= two", "= tow"), gold=marked)
    assert faults[0].startswith("system:13: document 'tow' is not among the 2 documents")


def test_several_files_are_matched_by_name(ask, tmp_path):
    for folder, left in (("gold", "Ann"), ("theirs", "Anne")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.conll").write_text(GOLD.replace("Ann", left))
        (tmp_path / folder / "b.conll").write_text("Oslo\tB-LOC\n")
    corpus = load_corpus(DataConfig(name="x", format="conll", gold=str(tmp_path / "gold")))
    model = Predictions(path=str(tmp_path / "theirs"), task="ner", format="conll")
    shown = Ner().examples(corpus, gold=True, selects=False, label_map=NO_MAP)
    model.prepare(shown, corpus)
    found = model.answer([example.input for example in shown])
    assert [answer.tags for answer in found] == [*TAGS, ("B-LOC",)]
    (tmp_path / "theirs" / "b.conll").rename(tmp_path / "theirs" / "c.conll")
    with pytest.raises(PredictionError, match="document 'c:1' is not among the 4 documents"):
        Predictions(path=str(tmp_path / "theirs"), task="ner", format="conll").prepare(shown, corpus)


def test_what_cannot_be_aligned_is_refused_with_both_lines(ask):
    other = "\n".join(f"word{number}\tO" for number in range(17)) + "\n"
    assert ask.faults("Ann\tB-PER\nLee\tI-PER\n" + other) == [
        "system:3: expected the tokens of the gold, 'left' at conll/gold.conll:3, found 'word0', and the two cannot be "
        "aligned: no run of equal tokens follows; predictions for a gold file have its tokens in its order"
    ]
    same_shape = "".join(line if not line.strip() else f"x{line}" for line in GOLD.splitlines(keepends=True))
    [fault] = ask.faults(same_shape)
    assert fault.startswith("system:1: expected the tokens of the gold, 'Ann' at conll/gold.conll:1, found 'xAnn'")
    assert "only 0 of 14 tokens are the same" in fault


def test_gold_that_is_no_columns_is_met_by_its_text(ask):
    documents = '{"id": "one", "text": "Ann Lee left Rome."}\n{"doc": "one", "start": 0, "end": 7, "label": "PER"}\n'
    predicted = "# newdoc id = one\nAnn\tB-PER\nLee\tI-PER\nleft\tO\nRome\tO\n.\tO\n"
    found = ask(predicted, gold=documents, gold_name="all.jsonl", data_format="jsonl")
    assert spans(found) == [[(0, 7, "PER")]]
    assert [(answer.tags, answer.misaligned) for answer in found.values()] == [(None, 0)]


def test_labels_outside_the_scheme_are_refused_at_their_own_line(ask):
    [fault] = ask.faults(GOLD.replace("Alps\tB-LOC", "Alps\tB-MOUNTAIN"))
    assert fault.startswith("system:9: label 'MOUNTAIN' is not one of LOC, PER")


def test_invalid_transitions_are_remarked(ask):
    ask(GOLD.replace("Rome\tB-LOC", "Rome\tI-LOC"))
    assert ask.remarks[0] == (
        "predicted tags are iob2, 1 invalid transitions; gold tags are iob2, 0 invalid transitions"
    )


def score(pairs):
    sums = {}
    for gold, predicted in pairs:
        for name, value in EntityF1().count(gold, predicted).items():
            sums[name] = sums.get(name, 0.0) + value
    return 200 * sums["tp"] / (2 * sums["tp"] + sums["fp"] + sums["fn"])


def test_a_published_submission_survives_changed_tokens_and_blank_lines(data, ask):
    """As one submission of WNUT-2017 has it: 1,283 of its 23,394 tokens are not the gold's."""
    folder = data / "ner" / "wnut17"
    gold = (folder / "emerging.test.annotated").read_text(encoding="utf-8")
    lines = (folder / "submissions" / "arcada").read_text(encoding="utf-8").splitlines()
    rng = random.Random(7)
    spoilt = []
    for line in lines:
        if line.strip() and rng.random() < 0.055:
            line = "? " + line.split()[1]
        spoilt.append(line)
        if not line.strip() and rng.random() < 0.1:
            spoilt.append("")
    ask("\n".join(spoilt), gold=gold, gold_name="emerging.test.annotated")
    assert round(score(ask.f1), 2) == 39.98
    assert ask.ledger["spans"]["misaligned"] == 0
    # Blank lines dropped as well, so that sentences no longer have their lengths: tokens are found by the text.
    fewer = [line for line in spoilt if line.strip() or rng.random() < 0.8]
    ask("\n".join(fewer), gold=gold, gold_name="emerging.test.annotated")
    assert round(score(ask.f1), 1) == 40.0
    assert ask.ledger["examples"]["missing"] == 0


def test_entities_are_where_their_tags_are(ask):
    found = ask(GOLD.replace("Lee", "Leigh"))
    answer = next(iter(found.values()))
    assert answer.entities == (Entity(0, 7, "PER"), Entity(13, 17, "LOC"))
