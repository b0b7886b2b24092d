"""What messages say about values and records that only the user can give."""

import pytest

from harness.config import kind_class
from harness.required import _CHECKPOINTS, needs_value, no_records

pytestmark = pytest.mark.core


@pytest.mark.parametrize(
    ("key", "kind", "parts"),
    [
        (
            "metric.faithfulness.judge.path",
            "hf_nli",
            ["a model for natural language inference", "give metric.faithfulness.judge.path=FOLDER or "],
        ),
        ("metric.similarity.judge.path", "hf_encoder", ["an encoder such as BERT", ".path=roberta-large"]),
        ("model.ner.path", "hf_tagger", ["a token-classification model", "give model.ner.path=FOLDER"]),
        ("model.path", "predictions", ['entities {"doc": "d1"', "model.format=conll", "give model.path=FILE"]),
        ("model.path", "a_plugin", ["a file or folder; give model.path=PATH"]),
        ("model.ner.path", "spacy", ["an installed spaCy pipeline", "model.ner.path=en_core_web_sm"]),
        ("model.command", "command", ["a program and its arguments", "model.command=[python,my.py]"]),
        ("data.gold", None, ["data.gold: needs a value, give data.gold=..."]),
    ],
)
def test_what_a_value_is(key, kind, parts):
    said = needs_value(key, kind)
    assert said.startswith(f"{key}: needs a value")
    for part in parts:
        assert part in said


def test_every_kind_that_is_described_exists_and_has_a_path():
    for kind in _CHECKPOINTS:
        group = "judge" if kind in ("hf_nli", "hf_encoder") else "model"
        assert "path" in kind_class(group, kind).__dataclass_fields__


def test_what_predictions_hold_instead():
    said = no_records("p.txt", "entities", "ner", {"documents": 1}, None)
    assert said == (
        "p.txt: holds no entities records, which task 'ner' needs; it holds documents (1); "
        'expected lines such as {"doc": "d1", "start": 0, "end": 6, "label": "GPE"}'
    )
    assert "it holds nothing; expected lines" in no_records("p", "stance", "stance", {}, None)
    said = no_records("p", "stance", "stance", {"entities": 3}, "b")
    assert said == "p: holds no stance records of annotator 'b', which task 'stance' needs; it holds entities (3)"
