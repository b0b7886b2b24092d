"""Predictions made elsewhere: every rule by which a record answers an example, answers none, or is refused."""

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.config import DataConfig, LabelsConfig
from harness.errors import ConfigError, PredictionError
from harness.gold import check_corpus, load_corpus
from harness.label_map import NO_MAP
from harness.model.predictions import Predictions
from harness.records import Entity, Example, Mention, Row
from harness.records import Stance as StanceLabel
from harness.task.ner import Ner
from harness.task.stance import Stance
from harness.task.summarization import Summarization

pytestmark = pytest.mark.core

TEXT = "Anna met Bob in Paris. Bob left. Anna stayed in Lyon."
SENTENCES = [
    {"doc": "d1", "id": "s1", "start": 0, "end": 22},
    {"doc": "d1", "id": "s2", "start": 23, "end": 32},
    {"doc": "d1", "id": "s3", "start": 33, "end": 53},
]
TASKS = {"ner": Ner(), "stance": Stance(), "summarization": Summarization()}


def corpus_of(sentences=SENTENCES, entities=(), stance=(), summaries=(), targets=(), documents=None, **settings):
    texts = documents or [{"id": f"d{n}", "text": TEXT if n == 1 else "Bob left."} for n in (1, 2, 3)]
    rows = [Row("d:1", "documents", one) for one in texts]
    for file, found in (
        ("sentences", sentences),
        ("entities", entities),
        ("stance", stance),
        ("summaries", summaries),
        ("targets", targets),
    ):
        rows += [Row(f"{file}:{n}", file, one) for n, one in enumerate(found, start=1)]
    return check_corpus(rows, DataConfig(name="x", gold="x", **settings))


@pytest.fixture
def ask(tmp_path):
    """Answers of records to a corpus: `ask("ner", corpus, records)` gives {example id: answer}."""

    def answers(task, corpus, records, **parameters):
        path = tmp_path / "system.jsonl"
        path.write_text("".join(json.dumps(one) + "\n" for one in records), encoding="utf-8")
        model = Predictions(path=str(path), task=task, **parameters)
        shown = TASKS[task].examples(corpus, gold=True, selects=model.selects_sentences, label_map=NO_MAP)
        # As the harness does it: `gold` is none, so examples come without.
        blind = [Example(e.id, e.doc, e.unit, e.input, None, e.start, e.fields) for e in shown]
        model.prepare(blind, corpus)
        found = {e.id: a for e, a in zip(shown, model.answer([e.input for e in shown]), strict=True)}
        answers.read = {e.id: TASKS[task].read(e, found[e.id], corpus, NO_MAP).predicted for e in shown}
        answers.gold = {e.id: e.gold for e in shown}
        return found

    def faults(task, corpus, records, **parameters):
        with pytest.raises(PredictionError) as refused:
            answers(task, corpus, records, **parameters)
        return [fault.removeprefix(f"{tmp_path}/system.jsonl:") for fault in refused.value.faults]

    answers.faults = faults
    answers.place = f"{tmp_path}/system.jsonl"
    return answers


def bins(found):
    return {name: answer.bin for name, answer in found.items()}


def entity(start, end, label="PER", doc="d1", **more):
    return {"doc": doc, "start": start, "end": end, "label": label, **more}


def stance(label="favor", doc="d1", target="t", **more):
    return {"doc": doc, "target": target, "label": label, **more}


# ---- entities ---------------------------------------------------------------------------------------------------

NAMED = corpus_of(entities=[entity(0, 4), entity(9, 12), entity(48, 52, "GPE"), {"doc": "d2"}])


def test_entities_land_in_the_example_in_which_they_begin(ask):
    found = ask(
        "ner", NAMED, [entity(48, 52, "GPE"), entity(28, 37, score=0.25), entity(22, 26), entity(0, 4, text="Anna")]
    )
    assert {name: answer.entities for name, answer in found.items()} == {
        "d1/s1": (Entity(0, 4, "PER"), Entity(22, 26, "PER")),  # the second begins in the white space after it
        "d1/s2": (Entity(5, 14, "PER"),),
        "d1/s3": (Entity(15, 19, "GPE"),),
        "d2": (),
    }
    assert found["d1/s2"].entities[0].score == 0.25
    assert ask.read["d1/s2"] == (Entity(28, 37, "PER"),)


def test_missing_and_answered_with_none(ask):
    found = ask("ner", NAMED, [{"doc": "d3"}])
    # d1 has gold entities and is not named; d2 has none, and nobody named it: answered with none.
    assert bins(found) == {"d1/s1": "missing", "d1/s2": "missing", "d1/s3": "missing", "d2": "scored"}
    assert found["d1/s1"].entities is None
    assert found["d1/s1"].reason == "no record answers it"
    assert found["d2"].entities == ()


def test_a_document_that_is_named_is_answered_in_all_its_sentences(ask):
    for records in ([{"doc": "d1"}], [entity(0, 4)]):
        assert set(bins(ask("ner", NAMED, records)).values()) == {"scored"}


def test_coverage_all_answers_the_rest_with_none(ask):
    corpus = corpus_of(entities=[entity(0, 4)], coverage="all")
    assert bins(ask("ner", corpus, [entity(0, 4)])) == {
        **{f"d1/s{n}": "scored" for n in (1, 2, 3)},
        "d2": "scored",
        "d3": "scored",
    }


def test_records_of_documents_that_are_not_scored_are_passed_over(ask):
    found = ask("ner", NAMED, [entity(0, 4), entity(0, 3, doc="d3")])
    assert "d3" not in found


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (entity(0, 4, doc="d99"), "document 'd99' is not among the 3 documents"),
        (entity(0, 4, doc="d11"), "document 'd11' is not among the 3 documents; nearest: 'd1'"),
        (
            entity(0, 54),
            "expected 0 <= start < end <= 53 (the length of document 'd1'), found start 0, end 54; "
            "offsets are end-exclusive code points",
        ),
        (
            entity(0, 3, text="Anna"),
            "text[0:3] is 'Ann', the record says 'Anna'; end looks inclusive; offsets are end-exclusive",
        ),
        (
            entity(0, 4, "PERSON"),
            "label 'PERSON' is not one of GPE, PER; nearest: 'PER'; "
            "if it belongs to the scheme, name it in data.labels.entities=[...]; model.ner.label_map=null puts such "
            "labels into the ledger, a map such as ontonotes_to_conll maps them",
        ),
        (entity(0, 4, score="high"), "'score' must be a finite number, found 'high'"),
        (entity(True, 4), "'start' must be a whole number of code points, found True"),
        # Unannotated documents are documents too.
        (
            entity(0, 99, doc="d3"),
            "expected 0 <= start < end <= 9 (the length of document 'd3'), found start 0, end 99; "
            "offsets are end-exclusive code points",
        ),
    ],
)
def test_entities_are_checked_like_gold(ask, record, reason):
    assert ask.faults("ner", NAMED, [entity(9, 12), record]) == [f"2: {reason}"]


def test_labels_outside_the_scheme_go_to_the_ledger_where_that_is_wanted(ask):
    found = ask("ner", NAMED, [entity(0, 4, "PERSON"), entity(9, 12)], label_map=None)
    assert found["d1/s1"].entities == (Entity(0, 4, "PERSON"), Entity(9, 12, "PER"))
    assert ask.read["d1/s1"] == (Entity(9, 12, "PER"),)
    assert ask("ner", NAMED, [entity(0, 4, "PERSON")], label_map="ontonotes_to_conll")["d1/s1"].entities


def test_gold_with_nothing_in_it_refuses_no_label(ask):
    corpus = corpus_of(entities=[{"doc": "d1"}])
    assert ask("ner", corpus, [entity(0, 4, "ANY")])["d1/s1"].entities == (Entity(0, 4, "ANY"),)
    declared = corpus_of(entities=[{"doc": "d1"}], labels=LabelsConfig(entities=("PER",)))
    assert "label 'ANY' is not one of PER" in ask.faults("ner", declared, [entity(0, 4, "ANY")])[0]


def test_the_same_entity_twice(ask):
    records = [entity(0, 4), entity(9, 12), entity(0, 4, score=0.5), entity(0, 4)]
    assert ask.faults("ner", NAMED, records) == [
        f"{line}: entity 0-4 PER stands at {ask.place}:1 already" for line in (3, 4)
    ]


def test_two_systems_in_one_file_of_entities(ask):
    records = [
        entity(0, 4, annotator="a"),
        entity(9, 12, annotator="a"),
        entity(0, 4, annotator="b"),
        entity(9, 12, annotator="b"),
        {"doc": "d2", "annotator": "b"},
    ]
    assert ask.faults("ner", NAMED, records) == [
        f"3: 'd1' is answered at {ask.place}:1 already; choose one with model.annotator=NAME"
    ]
    assert len(ask("ner", NAMED, records[1:], annotator="b")["d1/s1"].entities) == 2
    assert len(ask("ner", NAMED, records[1:], annotator="a")["d1/s1"].entities) == 1
    # Records without an annotator always count.
    assert len(ask("ner", NAMED, [entity(0, 4), entity(9, 12, annotator="a")], annotator="z")["d1/s1"].entities) == 1


def test_every_fault_is_reported(ask):
    records = [entity(0, 99), entity(0, 4), entity(0, 4, doc="q"), entity(0, 4, "Q"), {"doc": "d1", "text": "Anna"}]
    path = ask.place.replace("system", "entities")
    with open(path, "w", encoding="utf-8") as stream:
        stream.writelines(json.dumps(one) + "\n" for one in records)
    model = Predictions(path=path, task="ner")
    with pytest.raises(PredictionError) as refused:
        model.prepare(Ner().examples(NAMED, gold=True, selects=False, label_map=NO_MAP), NAMED)
    lines = [fault.split(": ")[0].removeprefix(f"{path}:") for fault in refused.value.faults]
    assert lines == ["1", "3", "4", "5", "5", "5"]


# ---- stance -----------------------------------------------------------------------------------------------------

JUDGED = corpus_of(
    stance=[
        stance(sentence="s1"),
        stance("none", sentence="s2"),
        stance("against", target="u", sentence="s1"),
        stance(doc="d2"),
    ],
    targets=[{"id": "t", "text": "T"}, {"id": "u", "text": "U"}, {"id": "v", "text": "V"}],
)


def test_stance_is_found_by_sentence_or_offsets_or_whole_document(ask):
    found = ask(
        "stance",
        JUDGED,
        [
            stance("against", sentence="s1", holder="Ann"),
            stance("unknown", start=24, end=30),
            stance("none", doc="d2", scores={"none": 0.75, "favor": 0.25}),
        ],
    )
    assert {name: (answer.label, answer.bin) for name, answer in found.items()} == {
        "d1/s1/t": ("against", "scored"),
        "d1/s2/t": ("unknown", "scored"),
        "d1/s1/u": (None, "missing"),
        "d2//t": ("none", "scored"),
    }
    assert found["d2//t"].scores == {"none": 0.75, "favor": 0.25}


def test_stance_that_is_not_asked_for_is_passed_over(ask):
    records = [
        stance(sentence="s3"),  # no judgement there
        stance(target="v", sentence="s1"),
        stance(doc="d3"),  # not annotated
        stance(doc="d3", target="Unheard of", sentence="s9"),
    ]
    assert set(bins(ask("stance", JUDGED, records)).values()) == {"missing"}


BY_SENTENCE = "the gold of document 'd1' is by sentence; give 'sentence' or 'start' and 'end'"
SCORES = "'scores' must give each of favor, against, none a probability from 0 to 1, found "


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (stance(doc="d99", sentence="s1"), "document 'd99' is not among the 3 documents"),
        (stance(), BY_SENTENCE),
        (stance(sentence=None, holder="x"), BY_SENTENCE),
        (stance(sentence="s9"), "sentence 's9' is not among the 3 of document 'd1'"),
        (stance(start=20, end=25), "no sentence of document 'd1' holds 20-25; it has 3"),
        (
            stance("FAVOR", sentence="s1"),
            "label 'FAVOR' is not one of favor, against, none, or 'unknown' for an abstention",
        ),
        (stance(target="w", sentence="s1"), "target 'w' is not one of the 3 targets"),
        (
            {"doc": "d1", "sentence": "s1", "target": "t", "label": None},
            "'label' must be a non-empty string, found None",
        ),
        (stance(sentence="s1", scores={"favor": 0.5}), "'scores' must add up to 1, they add up to 0.5000"),
        (stance(sentence="s1", scores={"favor": 0.7, "none": 0.7}), "'scores' must add up to 1, they add up to 1.4000"),
        (stance(sentence="s1", scores={}), "'scores' must add up to 1, they add up to 0.0000"),
        (stance(sentence="s1", scores={"favor": 1.5, "none": -0.5}), SCORES + "{'favor': 1.5, 'none': -0.5}"),
        (stance(sentence="s1", scores={"pro": 1}), SCORES + "{'pro': 1}"),
        (stance(sentence="s1", scores={"favor": True}), SCORES + "{'favor': True}"),
        (stance(sentence="s1", scores=[1, 0, 0]), SCORES + "[1, 0, 0]"),
        (stance(sentence="s1", scores={"favor": None}), SCORES + "{'favor': None}"),
    ],
)
def test_stance_is_checked_like_gold(ask, record, reason):
    path = ask.place.replace("system", "stance")
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(json.dumps(stance(doc="d2")) + "\n" + json.dumps(record) + "\n")
    model = Predictions(path=path, task="stance")
    with pytest.raises(PredictionError) as refused:
        model.prepare(Stance().examples(JUDGED, gold=True, selects=False, label_map=NO_MAP), JUDGED)
    assert refused.value.faults == (f"{path}:2: {reason}",)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_scores_that_are_no_numbers_of_json(ask, number):
    with open(ask.place, "w", encoding="utf-8") as stream:
        stream.write(f'{{"doc": "d2", "target": "t", "label": "favor", "scores": {{"favor": {number}}}}}\n')
    with pytest.raises(PredictionError, match=f"system.jsonl:1: expected a JSON object on one line.*{number}"):
        Predictions(path=ask.place, task="stance").prepare([], JUDGED)


def test_scores_may_be_rounded_and_of_any_depth_of_detail(ask):
    found = ask("stance", JUDGED, [stance(doc="d2", scores={"favor": 0.333, "against": 0.333, "none": 0.333})])
    assert found["d2//t"].scores == {"favor": 0.333, "against": 0.333, "none": 0.333}
    assert ask("stance", JUDGED, [stance(doc="d2", scores=None)])["d2//t"].scores is None
    assert ask("stance", JUDGED, [stance(doc="d2", scores={"favor": 1})])["d2//t"].scores == {"favor": 1.0}


def test_stance_labels_outside_the_scheme_go_to_the_ledger_where_that_is_wanted(ask):
    found = ask("stance", JUDGED, [stance("pro", doc="d2", scores={"pro": 1.0})], label_map=None)
    assert (found["d2//t"].label, found["d2//t"].scores) == ("pro", {"pro": 1.0})
    assert ask.read["d2//t"] is None


def test_probabilities_of_labels_outside_the_scheme_are_kept_and_said(ask):
    given = {"favor": 0.5, "pro": 0.3, "con": 0.2}
    records = [stance(doc="d2", scores=given), stance("none", sentence="s1", scores={"none": 1.0})]
    found = ask("stance", JUDGED, records, label_map=None)
    # The label is of the scheme and counts; half of the mass is on labels that are wrong in any case.
    assert ask.read["d2//t"].scores == found["d2//t"].scores == given
    with open(ask.place, "w", encoding="utf-8") as stream:
        stream.write("".join(json.dumps(record) + "\n" for record in records))
    model = Predictions(path=ask.place, task="stance", label_map=None)
    model.prepare(Stance().examples(JUDGED, gold=True, selects=False, label_map=NO_MAP), JUDGED)
    assert model.remarks == (
        f"{ask.place}:1: 1 of 2 answers give probabilities to labels outside the scheme (con, pro); "
        "these count as wrong labels",
    )
    with pytest.raises(PredictionError, match=f"{ask.place}:1: {SCORES}"):
        ask("stance", JUDGED, records)


def test_two_stances_of_one_example(ask):
    records = [stance(sentence="s1"), stance("none", sentence="s2"), stance("none", start=0, end=4)]
    assert ask.faults("stance", JUDGED, records) == [f"3: 'd1/s1/t' is answered at {ask.place}:1 already"]
    named = [{**one, "annotator": who} for one, who in zip(records, "aab", strict=True)]
    assert ask.faults("stance", JUDGED, named) == [
        f"3: 'd1/s1/t' is answered at {ask.place}:1 already; choose one with model.annotator=NAME"
    ]
    assert ask("stance", JUDGED, named, annotator="b")["d1/s1/t"].label == "none"
    assert ask("stance", JUDGED, named, annotator="a")["d1/s1/t"].label == "favor"


# Two judgements of one key, told apart by ids, with characters that example ids have to encode.
WITH_IDS = corpus_of(
    stance=[
        stance(id="j/1", sentence="s1", holder="Ann"),
        stance("none", id="1", sentence="s1", holder="Bob"),
        stance(target="u", sentence="s2", id="j%"),
        stance(target="u", sentence="s3"),
    ]
)


def test_an_id_replaces_the_key(ask):
    records = [
        {"id": "1", "label": "none"},
        {"id": "j/1", "label": "against", "doc": "d1", "target": "t", "sentence": "s1"},
        {"id": "mine", "label": "favor", "doc": "d1", "target": "u", "sentence": "s3"},  # the system's own numbering
        {"id": 7, "label": "none", "doc": "d1", "target": "u", "sentence": "s2"},
    ]
    found = ask("stance", WITH_IDS, records)
    assert {name: answer.label for name, answer in found.items()} == {
        "d1/s1/t/j%2F1": "against",
        "d1/s1/t/1": "none",
        "d1/s2/u/j%25": "none",
        "d1/s3/u": "favor",
    }


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"id": "j/2", "label": "favor"}, "id 'j/2' is not among the 3 of the gold; give it, or 'doc'"),
        ({"id": 1, "label": "favor"}, "'id' must be a non-empty string, found 1"),
        ({"id": ["1"], "label": "favor"}, "'id' must be a non-empty string, found ['1']"),
        ({"id": "1", "label": "favor", "doc": "d2"}, "'doc' of id '1' is 'd1' in the gold, found 'd2'"),
        ({"id": "1", "label": "favor", "target": "u"}, "'target' of id '1' is 't' in the gold, found 'u'"),
        ({"id": "1", "label": "favor", "sentence": "s2"}, "'sentence' of id '1' is 's1' in the gold, found 's2'"),
        (stance(sentence="s1"), "the gold has 2 judgements of this; say which with 'id'"),
    ],
)
def test_ids_that_name_nothing_or_something_else(ask, record, reason):
    assert ask.faults("stance", WITH_IDS, [record]) == [f"1: {reason}"]


def test_gold_by_sentence_and_by_document_side_by_side(ask):
    corpus = corpus_of(stance=[stance(sentence="s1"), stance("none")])
    found = ask("stance", corpus, [stance("against"), stance(sentence="s1")])
    assert {name: answer.label for name, answer in found.items()} == {"d1/s1/t": "favor", "d1//t": "against"}


# ---- summaries --------------------------------------------------------------------------------------------------

SUMMED = corpus_of(
    summaries=[
        {"doc": "d1", "style": "headline", "text": "H"},
        {"doc": "d1", "style": "extract", "sentences": ["s1", "s3"]},
        {"doc": "d2", "text": "D"},
    ]
)


def test_summaries_by_document_and_style(ask):
    records = [
        {"doc": "d1", "style": "headline", "text": "One\ntwo"},
        {"doc": "d1", "style": "extract", "sentences": ["s3"]},
        {"doc": "d1", "text": "of a style that is not asked for"},
        {"doc": "d3", "text": "of a document that is not asked for"},
    ]
    found = ask("summarization", SUMMED, records)
    assert {name: (answer.text, answer.sentences, answer.bin) for name, answer in found.items()} == {
        "d1/headline": ("One\ntwo", None, "scored"),
        "d1/extract": (None, ("s3",), "scored"),
        "d2/default": (None, None, "missing"),
    }


def test_extracts_are_asked_for_only_where_some_are_given(ask):
    assert set(ask("summarization", SUMMED, [{"doc": "d2", "text": "x"}])) == {"d1/headline", "d2/default"}
    model = Predictions(path=ask.place, task="ner")
    assert not model.selects_sentences


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_summary_is_an_answer(ask, text):
    found = ask("summarization", SUMMED, [{"doc": "d2", "text": text}])["d2/default"]
    assert (found.text, found.bin) == ("", "scored")
    empty = ask("summarization", SUMMED, [{"doc": "d1", "style": "extract", "sentences": []}])["d1/extract"]
    assert (empty.sentences, empty.bin) == ((), "scored")


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"doc": "d99", "text": "x"}, "document 'd99' is not among the 3 documents"),
        (
            {"doc": "d1", "style": "headline", "txt": "x"},
            "a record of summaries needs 'text', found the keys ['doc', 'style', 'txt']; is 'txt' meant?",
        ),
        ({"doc": "d1", "style": "headline", "text": None}, "'text' must be a non-empty string, found None"),
        ({"doc": "d1", "style": "headline", "text": ["x"]}, "'text' must be a non-empty string, found ['x']"),
        (
            {"doc": "d1", "style": "headline", "text": "\ud83d"},
            "'text' holds a lone surrogate '\\ud83d' at 0; the file was made from broken UTF-16",
        ),
        ({"doc": "d1", "style": 5, "text": "x"}, "'style' must be a non-empty string, found 5"),
        (
            {"doc": "d1", "style": "extract", "sentences": ["s9"]},
            "sentences ['s9'] are not among the 3 of document 'd1'",
        ),
        ({"doc": "d1", "style": "extract", "sentences": ["s1", "s1"]}, "'sentences' names one twice: ['s1', 's1']"),
        (
            {"doc": "d1", "style": "extract", "text": "x"},
            "a record of summaries needs 'sentences', found the keys ['doc', 'style', 'text']",
        ),
    ],
)
def test_summaries_are_checked_like_gold(ask, record, reason):
    assert ask.faults("summarization", SUMMED, [{"doc": "d2", "text": "x"}, record]) == [f"2: {reason}"]


def test_two_summaries_of_one_example(ask):
    records = [{"doc": "d2", "text": "x", "annotator": "a"}, {"doc": "d2", "text": "y", "annotator": "b"}]
    assert ask.faults("summarization", SUMMED, records) == [
        f"2: 'd2/default' is answered at {ask.place}:1 already; choose one with model.annotator=NAME"
    ]
    assert ask("summarization", SUMMED, records, annotator="b")["d2/default"].text == "y"
    plain = [{"doc": "d2", "text": "x"}, {"doc": "d2", "style": "default", "text": "x"}]
    assert ask.faults("summarization", SUMMED, plain) == [f"2: 'd2/default' is answered at {ask.place}:1 already"]


def test_extracts_of_sentences_that_only_the_model_knew_are_passed_over(ask):
    corpus = corpus_of(sentences=[], summaries=[{"doc": "d2", "text": "D"}])
    records = [{"doc": "d2", "style": "extract", "sentences": ["s01"]}, {"doc": "d2", "text": "x"}]
    assert bins(ask("summarization", corpus, records)) == {"d2/default": "scored"}


# ---- files, splits, signatures ----------------------------------------------------------------------------------


def test_documents_of_another_split_are_passed_over(ask):
    documents = [{"id": f"d{n}", "text": TEXT, "split": "dev" if n == 2 else "test"} for n in (1, 2, 3)]
    corpus = corpus_of(
        documents=documents,
        split="test",
        entities=[entity(0, 4), entity(0, 4, doc="d2")],
        stance=[stance(sentence="s1"), stance(doc="d2", id="j2")],
        summaries=[{"doc": "d1", "text": "x"}, {"doc": "d2", "text": "x"}],
    )
    assert set(bins(ask("ner", corpus, [entity(0, 4), entity(0, 4, doc="d2")]))) == {"d1/s1", "d1/s2", "d1/s3"}
    records = [stance(sentence="s1"), stance(doc="d2"), {"id": "j2", "label": "none"}]
    assert bins(ask("stance", corpus, records)) == {"d1/s1/t": "scored"}
    assert bins(ask("summarization", corpus, [{"doc": d, "text": "x"} for d in ("d1", "d2")])) == {
        "d1/default": "scored"
    }
    assert ask.faults("ner", corpus, [entity(0, 4, doc="d4")])


def test_a_folder_is_read_as_gold_is(tmp_path):
    (tmp_path / "entities.jsonl").write_text(json.dumps(entity(0, 4)) + "\n")
    (tmp_path / "stance.jsonl").write_text(json.dumps(stance(doc="d2")) + "\n")
    assert Predictions(path=str(tmp_path), task="ner").unavailable() is None
    assert Predictions(path=str(tmp_path), task="stance").unavailable() is None
    assert Predictions(path=str(tmp_path), task="summarization").unavailable() == (
        f"{tmp_path}: holds no summaries records, which task 'summarization' needs; it holds entities (1), stance (1)"
    )
    (tmp_path / "entities.jsonl").write_text(json.dumps(entity(0, 4, annotator="a")) + "\n")
    assert Predictions(path=str(tmp_path), task="ner", annotator="b").unavailable() == (
        f"{tmp_path}: holds no entities records of annotator 'b', which task 'ner' needs; "
        "it holds entities (1), stance (1)"
    )


def test_a_file_that_is_not_there_or_no_json(tmp_path):
    with pytest.raises(PredictionError, match="no such file or folder"):
        Predictions(path=str(tmp_path / "none"), task="ner").unavailable()
    (tmp_path / "x.jsonl").write_text("{\n{}\n")
    with pytest.raises(PredictionError) as refused:
        Predictions(path=str(tmp_path / "x.jsonl"), task="ner").unavailable()
    assert [fault.split(": ")[0] for fault in refused.value.faults] == [f"{tmp_path}/x.jsonl:{n}" for n in (1, 2)]


def test_options_that_the_format_does_not_have(tmp_path):
    with pytest.raises(ConfigError, match=r"model\.options\.x: unknown key"):
        Predictions(path=str(tmp_path), task="ner", options={"x": 1}).unavailable()


def test_a_signature_is_of_the_records_that_count(tmp_path):
    def signature(name, *records, task="ner", **parameters):
        path = tmp_path / name
        path.write_text("".join(json.dumps(one) + "\n" for one in records))
        return Predictions(path=str(path), task=task, **parameters).signature()

    first = signature("a.jsonl", entity(0, 4))
    assert signature("b.jsonl", entity(0, 4)) == first
    assert signature("a.jsonl", entity(0, 5)) != first
    assert signature("a.jsonl", entity(0, 4), stance()) == first
    assert signature("a.jsonl", entity(0, 4, annotator="a"), entity(0, 4, annotator="b"), annotator="a") != first
    assert signature("a.jsonl", entity(0, 4), entity(0, 4, annotator="b"), annotator="a") == first


# ---- laws: the gold read as predictions is the gold -------------------------------------------------------------


@pytest.mark.parametrize("task", ["ner", "stance", "summarization"])
def test_the_seed_gold_as_predictions_is_the_gold(task):
    corpus = load_corpus(DataConfig(name="seed", documents="package:seeds", gold="package:gold/seed"))
    model = Predictions(path="package:gold/seed", task=task, annotator="adjudicated")
    assert model.unavailable() is None
    examples = TASKS[task].examples(corpus, gold=True, selects=model.selects_sentences, label_map=NO_MAP)
    model.prepare(examples, corpus)
    answers = model.answer([example.input for example in examples])
    assert {answer.bin for answer in answers} == {"scored"}
    for example, answer in zip(examples, answers, strict=True):
        predicted = TASKS[task].read(example, answer, corpus, NO_MAP).predicted
        if task != "summarization":
            assert predicted == example.gold
        elif example.gold.style == "extract":
            assert predicted.sentences == example.gold.extracts[0]
        else:
            assert predicted.text == example.gold.texts[0]
    assert len(examples) == {"ner": 39, "stance": 144, "summarization": 3}[task]


@st.composite
def corpora(draw):
    """Sentences with gaps, and entities anywhere: nested, crossing sentence borders, in the gaps."""
    text = draw(st.text(st.sampled_from("ab \n😀"), min_size=1, max_size=40)) + "x"
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)))[: len(text)]
    sentences = [{"doc": "d", "id": f"s{a}", "start": a, "end": b} for a, b in pairwise(cuts) if draw(st.booleans())]
    offsets = st.integers(0, len(text) - 1)
    spans = draw(st.sets(st.tuples(offsets, st.integers(1, 20), st.sampled_from("AB")), max_size=10))
    entities = {(start, min(start + length, len(text)), label) for start, length, label in spans}
    records = [{"doc": "d"}] + [entity(a, b, label, doc="d") for a, b, label in sorted(entities)]
    corpus = corpus_of(documents=[{"id": "d", "text": text}], sentences=sentences, entities=records)
    return corpus, records


@settings(max_examples=100)
@given(corpora())
def test_gold_entities_as_predictions_match_perfectly(tmp_path_factory, generated):
    corpus, records = generated
    path = tmp_path_factory.mktemp("p") / "entities.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in records))
    model = Predictions(path=str(path), task="ner")
    examples = Ner().examples(corpus, gold=True, selects=False, label_map=NO_MAP)
    model.prepare(examples, corpus)
    for example, answer in zip(examples, model.answer([e.input for e in examples]), strict=True):
        reading = Ner().read(example, answer, corpus, NO_MAP)
        assert reading.predicted == example.gold
        assert (reading.scored, reading.unmapped, reading.misaligned) == (len(example.gold), 0, 0)


@settings(max_examples=50)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["s1", "s2", "s3", None]),
            st.sampled_from(["t", "u/v"]),
            st.sampled_from(["favor", "against", "none"]),
            st.sampled_from([None, "1", "2", "a/b", "%"]),
        ),
        min_size=1,
        max_size=8,
        unique_by=(lambda one: one[:2] if one[3] is None else one[3],),
    )
)
def test_gold_stance_as_predictions_is_the_gold(tmp_path_factory, judgements):
    records, keys = [], set()
    for sentence, target, label, name in judgements:
        if (sentence, target) in keys:
            continue  # one judgement of each key: two are told apart by ids, which is tested above
        keys.add((sentence, target))
        record = stance(label, target=target)
        records.append(record | ({"sentence": sentence} if sentence else {}) | ({"id": name} if name else {}))
    corpus = corpus_of(stance=records)
    path = tmp_path_factory.mktemp("p") / "stance.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in records))
    model = Predictions(path=str(path), task="stance")
    examples = Stance().examples(corpus, gold=True, selects=False, label_map=NO_MAP)
    model.prepare(examples, corpus)
    found = [
        Stance().read(e, a, corpus, NO_MAP).predicted
        for e, a in zip(examples, model.answer([e.input for e in examples]), strict=True)
    ]
    assert found == [example.gold for example in examples]
    assert found == [StanceLabel(one["target"], one["label"]) for one in records]


# ---- entities without offsets ---------------------------------------------------------------------------------------


def test_a_string_without_offsets_is_found_in_its_sentence(ask):
    corpus = corpus_of(entities=[{"doc": "d1", "start": 23, "end": 26, "label": "PER"}])
    found = ask("ner", corpus, [{"doc": "d1", "sentence": "s2", "text": "Bob", "label": "PER"}])
    assert found["d1/s2"].mentions == (Mention("PER", "Bob"),)
    assert found["d1/s1"].mentions is None
    assert ask.read["d1/s2"] == (Entity(23, 26, "PER"),)


def test_strings_of_a_whole_document_are_read_in_order(ask):
    corpus = corpus_of(sentences=(), entities=[{"doc": "d1", "start": 0, "end": 4, "label": "PER"}])
    records = [{"doc": "d1", "text": text, "label": "PER"} for text in ("Anna", "Bob", "Bob", "Anna", "Zoe")]
    found = ask("ner", corpus, records)
    assert [one.text for one in found["d1"].mentions] == ["Anna", "Bob", "Bob", "Anna", "Zoe"]
    assert [(e.start, e.text) for e in ask.read["d1"]] == [(0, "Anna"), (9, "Bob"), (23, "Bob"), (33, "Anna")]


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"text": "Bob", "label": "PER"}, "must name its 'sentence'"),
        ({"text": "Bob", "label": "PER", "sentence": "s9"}, "sentence 's9' is not among the 3"),
        ({"text": "Bob", "label": "PERS", "sentence": "s2"}, "label 'PERS' is not one of PER"),
        ({"text": " ", "label": "PER", "sentence": "s2"}, "'text' must be a non-empty string"),
    ],
)
def test_a_string_that_belongs_nowhere_is_refused(ask, record, said):
    corpus = corpus_of(entities=[{"doc": "d1", "start": 23, "end": 26, "label": "PER"}])
    with pytest.raises(PredictionError, match=said):
        ask("ner", corpus, [{"doc": "d1", **record}])
