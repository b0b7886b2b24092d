"""Annotators apart: who they are, and what each is scored against when it is left out."""

import json
from pathlib import Path

import pytest

from harness.annotators import Layers, leave_one_out, read_layers
from harness.config import DataConfig
from harness.errors import GoldError
from harness.label_map import NO_MAP
from harness.records import Entity, Stance, Summary
from harness.task.ner import Ner
from harness.task.stance import Stance as StanceTask
from harness.task.summarization import Summarization

pytestmark = pytest.mark.core

ROOT = Path(__file__).resolve().parent.parent
TEXT = "Anna met Bob in Oslo."
ANNA, BOB, OSLO = Entity(0, 4, "PER"), Entity(9, 12, "PER"), Entity(16, 20, "LOC")


def write(folder, **files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, records in files.items():
        text = "".join(json.dumps(record) + "\n" for record in records)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
    return DataConfig(name="own", gold=str(folder))


def entity(one, annotator, doc="d"):
    return {
        "doc": doc,
        "start": one.start,
        "end": one.end,
        "label": one.label,
        "text": TEXT[one.start : one.end],
        "annotator": annotator,
    }


DOCUMENTS = [{"id": "d", "text": TEXT}, {"id": "e", "text": TEXT}]
KINDS = [{"id": name, "kind": "human"} for name in "abc"]


def names(layers):
    return [layer.name for layer in layers.annotators]


def test_annotators_in_one_file(tmp_path):
    rows = [entity(ANNA, "a"), entity(BOB, "b"), entity(ANNA, "b")]
    texts = [{"doc": "d", "text": f"{name} says", "annotator": name} for name in "ab"]
    layers = read_layers(write(tmp_path, documents=DOCUMENTS, entities=rows, summaries=texts, annotators=KINDS))
    assert names(layers) == ["a", "b"]
    assert layers.adjudicated is None
    assert [layer.corpus.entities["d"] for layer in layers.annotators] == [(ANNA,), (ANNA, BOB)]
    # A choice of annotator keeps all references; here each has its own.
    assert [[one.text for one in layer.corpus.summaries["d"]] for layer in layers.annotators] == [
        ["a says"],
        ["b says"],
    ]


def test_annotators_in_folders_with_the_adjudicated_layer_above():
    layers = read_layers(DataConfig(name="seed", documents="seeds", gold="gold/seed"))
    assert names(layers) == ["a", "b"]
    assert [layer.kind for layer in layers.annotators] == ["model", "model"]
    assert layers.adjudicated.name == "adjudicated"
    assert [len(next(iter(layer.corpus.entities.values()))) for layer in layers.annotators] == [118, 119]
    assert len(next(iter(layers.adjudicated.corpus.entities.values()))) == 120


def test_an_annotator_called_adjudicated_is_none_of_them(tmp_path):
    rows = [entity(ANNA, name) for name in ("a", "b", "adjudicated")]
    layers = read_layers(write(tmp_path, documents=DOCUMENTS, entities=rows))
    assert names(layers) == ["a", "b"]
    assert layers.adjudicated.corpus.entities["d"] == (ANNA,)


@pytest.mark.parametrize(
    ("kinds", "title"),
    [
        ({"a": "human", "b": "human"}, "human"),
        ({"a": "model", "b": "model"}, "annotators (model)"),
        ({"a": "human", "b": "model"}, "annotators (human, model)"),
        ({}, "annotators (kind unknown)"),
    ],
)
def test_they_are_called_human_only_where_the_gold_says_so(tmp_path, kinds, title):
    listed = {"annotators": [{"id": name, "kind": kind} for name, kind in kinds.items()]} if kinds else {}
    rows = [entity(ANNA, "a"), entity(ANNA, "b")]
    assert read_layers(write(tmp_path, documents=DOCUMENTS, entities=rows, **listed)).title == title


def test_one_annotator_is_too_few(tmp_path):
    for rows, found in (([entity(ANNA, "a")], "found a;"), ([{"doc": "d"}], "found none;")):
        with pytest.raises(GoldError, match=f"two annotators are needed, {found}"):
            read_layers(write(tmp_path, documents=DOCUMENTS, entities=rows))


def test_faults_of_a_layer_are_faults(tmp_path):
    config = write(tmp_path, documents=DOCUMENTS, entities=[{"doc": "d"}])
    write(tmp_path / "annotators" / "a", entities=[{"doc": "d"}])
    write(tmp_path / "annotators" / "b", entities=[{"doc": "x"}])
    with pytest.raises(GoldError, match=r"b.entities.jsonl:1: .*'x'"):
        read_layers(config)


# ---- one left out ----------------------------------------------------------------------------------------------------


def entity_layers(tmp_path, **given):
    """One annotator per name, with its entities of document d."""
    rows = [entity(one, name) for name, found in given.items() for one in found]
    rows += [{"doc": "d", "annotator": name} for name, found in given.items() if not found]
    return read_layers(write(tmp_path, documents=DOCUMENTS, entities=rows))


def gold_and_answer(one):
    (case,) = one.cases
    return case.example.gold, case.predicted


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        # Of two, each is the other's gold.
        ({"a": [ANNA, BOB], "b": [ANNA]}, {"a": (ANNA,), "b": (ANNA, BOB)}),
        # Of two others both must say so: one of two is no majority.
        ({"a": [ANNA], "b": [ANNA, BOB], "c": [BOB, OSLO]}, {"a": (BOB,), "b": (), "c": (ANNA,)}),
        # Of three others two must.
        (
            {"a": [ANNA], "b": [ANNA, BOB], "c": [BOB], "d": []},
            {"a": (BOB,), "b": (), "c": (ANNA,), "d": (ANNA, BOB)},
        ),
    ],
)
def test_entities_against_what_most_others_say(tmp_path, given, expected):
    sets = leave_one_out(entity_layers(tmp_path, **given), Ner())
    assert {one.annotator: gold_and_answer(one)[0] for one in sets} == expected
    assert {one.annotator: set(gold_and_answer(one)[1]) for one in sets} == {k: set(v) for k, v in given.items()}


def test_entities_against_the_adjudicated_layer(tmp_path):
    layers = entity_layers(tmp_path, a=[ANNA], b=[BOB], adjudicated=[ANNA, BOB])
    assert {one.annotator: gold_and_answer(one)[0] for one in leave_one_out(layers, Ner())} == {
        "a": (ANNA, BOB),
        "b": (ANNA, BOB),
    }


def test_the_answer_counts_from_the_start_of_its_sentence(tmp_path):
    sentences = [{"doc": "d", "id": "s1", "start": 0, "end": 12}, {"doc": "d", "id": "s2", "start": 13, "end": 21}]
    rows = [entity(OSLO, name) for name in "ab"]
    layers = read_layers(write(tmp_path, documents=DOCUMENTS, sentences=sentences, entities=rows))
    for one in leave_one_out(layers, Ner()):
        case = one.cases[-1]
        assert case.predicted == (OSLO,)
        assert case.answer.entities == (Entity(3, 7, "LOC"),)


def stance_layers(tmp_path, *labels, target="t"):
    rows = [
        {"doc": "d", "target": target, "label": label, "annotator": name}
        for name, label in zip("abcde", labels, strict=False)
    ]
    return read_layers(write(tmp_path, documents=DOCUMENTS, stance=rows))


@pytest.mark.parametrize(
    ("labels", "golds", "undecided"),
    [
        (("favor", "against"), {"a": "against", "b": "favor"}, []),
        # The two others of c agree; those of a and of b do not.
        (("favor", "favor", "none"), {"c": "favor"}, ["a", "b"]),
        (("favor", "favor", "favor", "none"), {"a": "favor", "b": "favor", "c": "favor", "d": "favor"}, []),
    ],
)
def test_stance_against_what_most_others_say(tmp_path, labels, golds, undecided):
    sets = leave_one_out(stance_layers(tmp_path, *labels), StanceTask())
    assert {one.annotator: one.cases[0].example.gold for one in sets if one.cases} == {
        name: Stance("t", label) for name, label in golds.items()
    }
    assert [one.annotator for one in sets if one.undecided] == undecided
    for one in sets:
        for case in one.cases:
            assert case.predicted.label == case.answer.label == labels["abcde".index(one.annotator)]


def judged(annotator, label, doc="d", **more):
    return {"doc": doc, "target": "t", "label": label, "annotator": annotator, **more}


@pytest.mark.parametrize(
    ("records", "golds", "unpaired"),
    [
        # Ids of each annotator's own are no obstacle where nobody judged the thing twice.
        ([judged("a", "favor", id="a1"), judged("b", "none", id="b7")], {"a": ["none"], "b": ["favor"]}, {}),
        # One with an id and one without, likewise.
        ([judged("a", "favor", id="a1"), judged("b", "none")], {"a": ["none"], "b": ["favor"]}, {}),
        # Shared ids tell two judgements of one thing apart; b did only one of them.
        (
            [judged("a", "favor", id="x"), judged("a", "none", id="y"), judged("b", "against", id="y")],
            {"a": ["against"], "b": ["none"]},
            {},
        ),
        # a and b share x, so y is another judgement, which only c made; or is c's name for x: nobody can tell.
        (
            [judged("a", "favor", id="x"), judged("b", "favor", id="x"), judged("c", "none", id="y")],
            {"a": ["favor"], "b": ["favor"]},
            {"c": 1},
        ),
        # Two of each, under ids of their own: which is which?
        (
            [judged(name, label, id=f"{name}{n}") for name in "ab" for n, label in enumerate(("favor", "none"))],
            {},
            {"a": 2, "b": 2},
        ),
        # The adjudicated layer repeats an id of a's; b is still paired.
        (
            [judged("a", "favor", id="a1"), judged("b", "none", id="b1"), judged("adjudicated", "favor", id="a1")],
            {"a": ["favor"], "b": ["favor"]},
            {},
        ),
    ],
)
def test_judgements_of_one_thing(tmp_path, records, golds, unpaired):
    layers = read_layers(write(tmp_path, documents=DOCUMENTS, stance=records))
    sets = leave_one_out(layers, StanceTask())
    found = {one.annotator: [case.example.gold.label for case in one.cases] for one in sets if one.cases}
    assert found == golds
    assert {one.annotator: one.unpaired for one in sets if one.unpaired} == unpaired
    # Cases bear the ids of the examples that models were asked.
    first = (layers.adjudicated or layers.annotators[0]).corpus
    asked = {example.id for example in StanceTask().examples(first, gold=True, selects=False, label_map=NO_MAP)}
    for one in leave_one_out(layers, StanceTask(), asked=first):
        if one.annotator in ("a", "b"):
            assert {case.example.id for case in one.cases} <= asked


def test_summaries_against_the_others_references(tmp_path):
    texts = [{"doc": "d", "text": f"{name} says", "annotator": name} for name in "abc"]
    texts += [{"doc": "e", "text": "alone", "annotator": "a"}]
    layers = read_layers(write(tmp_path, documents=DOCUMENTS, summaries=texts))
    for one in leave_one_out(layers, Summarization()):
        (case,) = one.cases  # nobody else summarized e
        assert case.example.gold.texts == tuple(f"{name} says" for name in "abc" if name != one.annotator)
        assert case.predicted == Summary(f"{one.annotator} says")


def test_summaries_of_the_seed_leave_the_adjudicated_layer_out():
    layers = read_layers(DataConfig(name="seed", documents="seeds", gold="gold/seed"))
    for one in leave_one_out(layers, Summarization()):
        assert {case.example.fields["style"] for case in one.cases} == {"headline", "highlights", "extract"}
        for case in one.cases:
            if case.example.fields["style"] == "extract":
                assert case.predicted.sentences
                assert len(case.example.gold.extracts) == 1
            else:
                assert len(case.example.gold.texts) == 1


def test_nothing_in_common_leaves_nothing_to_score(tmp_path):
    rows = [entity(ANNA, "a"), entity(BOB, "b", doc="e")]
    layers = read_layers(write(tmp_path, documents=DOCUMENTS, entities=rows))
    assert all(not one.cases for one in leave_one_out(layers, Ner()))
    assert isinstance(layers, Layers)
