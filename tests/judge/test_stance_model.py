"""Stance models asked about texts that are no examples: the same labels as they give themselves."""

import pytest

from harness.config import build
from harness.errors import ConfigError, ResourceError
from harness.judge.stance_model import StanceModel
from harness.records import Answer, StanceInput, Target
from harness.resources import resolve

pytestmark = pytest.mark.core

TINY = {"kind": "hf_pair", "path": "package:weights/tiny_stance"}
QUESTIONS = [
    {"text": "We strongly support this excellent plan.", "target": "the plan"},
    {"text": "The ban is a terrible mistake and must be rejected.", "target": "the ban"},
    {"text": "It rained.", "target": "the plan"},
    {"text": "", "target": "the plan"},
    {"text": "😀", "target": "😀"},
]


def answers(parameters, questions):
    """What the model gives to the same texts as examples of the task."""
    inputs = [
        StanceInput(id=str(n), doc=str(n), text=one["text"], context="", target=Target("t", one["target"]))
        for n, one in enumerate(questions)
    ]
    return [answer.label for answer in build("model", parameters, "model").answer(inputs)]


@pytest.mark.parametrize("model", [{"kind": "lexicon"}, TINY], ids=["lexicon", "hf_pair"])
def test_labels_are_the_models(model):
    if model is TINY:
        torch = pytest.importorskip("torch")
        torch.set_num_threads(1)
    found = StanceModel(model=model).judge(QUESTIONS)
    assert found == answers(model, QUESTIONS)
    assert set(found) <= {"favor", "against", "none"}


def test_tokens_are_counted_as_the_answers_say():
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    torch.set_num_threads(1)
    tokenizer = transformers.AutoTokenizer.from_pretrained(resolve(TINY["path"]))
    judge = StanceModel(model=TINY)
    judge.judge(QUESTIONS)
    judge.judge(QUESTIONS[:1])
    read = [
        len(tokenizer(text, add_special_tokens=False)["input_ids"])
        for one in (*QUESTIONS, QUESTIONS[0])
        for text in one.values()
    ]
    assert judge.spent()["usage"] == {"input_tokens": sum(read), "output_tokens": 0}
    lexicon = StanceModel()
    lexicon.judge(QUESTIONS)
    assert lexicon.spent()["usage"] == {"input_tokens": 0, "output_tokens": 0}


def test_the_lexicon_reads_the_sides():
    assert StanceModel().judge(QUESTIONS[:3]) == ["favor", "against", "none"]


def test_nothing_asked():
    assert StanceModel().judge([]) == []


def test_an_answer_that_is_not_scored_is_no_finding():
    pytest.importorskip("torch")
    long = {"text": "word " * 5000, "target": "the plan"}
    found = StanceModel(model=TINY).judge([long, QUESTIONS[0]])
    assert found[0] is None
    assert found[1] == answers(TINY, QUESTIONS[:1])[0]


@pytest.mark.parametrize(
    "kind", ["majority", "tfidf", "text_only", "target_only", "lead", "rules", "oracle_extract", "hf_tagger"]
)
def test_what_learns_from_gold_or_answers_no_stance_is_refused(kind):
    model = {"kind": kind, **({"path": "package:weights/tiny_ner"} if kind == "hf_tagger" else {})}
    with pytest.raises(ConfigError, match=f"kind '{kind}' cannot be asked") as fault:
        StanceModel(model=model).signature()
    assert fault.value.exit_code == 2


def test_stored_answers_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="kind 'predictions' cannot be asked"):
        StanceModel(model={"kind": "predictions", "path": str(tmp_path), "task": "stance"}).signature()


def test_an_unknown_kind_names_the_nearest():
    with pytest.raises(ConfigError, match="did you mean 'hf_pair'"):
        StanceModel(model={"kind": "hf_pear"}).signature()


def test_an_unknown_parameter_is_named():
    with pytest.raises(ConfigError, match=r"model\.pth: unknown key; did you mean 'path'"):
        StanceModel(model={"kind": "hf_pair", "pth": "x"}).signature()


def test_a_model_without_a_kind():
    with pytest.raises(ConfigError, match="needs a `kind`"):
        StanceModel(model={}).signature()


def test_missing_weights_name_the_path(tmp_path):
    with pytest.raises(ResourceError, match="nowhere"):
        StanceModel(model={"kind": "hf_pair", "path": str(tmp_path / "nowhere")}).signature()


def test_the_signature_moves_with_the_model():
    lexicon = StanceModel().signature()
    assert lexicon == StanceModel(model={"kind": "lexicon"}).signature()
    assert lexicon["kind"] == "stance_model"
    assert lexicon != StanceModel(model=TINY).signature()


def test_weights_are_loaded_before_the_first_question():
    loaded = []
    judge = StanceModel()
    judge.load()  # a model without weights has nothing to load
    judge.__dict__["_model"] = type("Model", (), {"load": lambda self: loaded.append(1)})()
    judge.load()
    assert loaded == [1]


@pytest.mark.parametrize("bin_", ["failed", "nonfinite", "unparsed"])
def test_a_label_of_an_answer_that_is_not_scored_is_none(bin_):
    judge = StanceModel()
    answers = [Answer(label="favor", bin=bin_), Answer(label="favor")]
    judge.__dict__["_model"] = type("Model", (), {"answer": lambda self, inputs: answers})()
    assert judge.judge(QUESTIONS[:2]) == [None, "favor"]
