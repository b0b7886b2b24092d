"""Keys of answers, what a model may see, and `predict` without gold."""

import json
from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import pytest

from harness.engine.local import Local
from harness.errors import ConfigError
from harness.evaluate import Progress
from harness.measurement import measurements
from harness.predict import answer_keys, ask, prepare_model
from harness.predict_only import predict_only
from harness.records import Answer, Entity, Example, NerInput

pytestmark = pytest.mark.core

ONE = Example("d/s", "d", "d", NerInput("d/s", "d", "Anna sang."), (Entity(0, 4, "PER"),))


@dataclass
class Seen:
    gold: str = "none"
    shown: list = field(default_factory=list)

    def prepare(self, examples, corpus):
        self.shown += examples


@pytest.mark.parametrize(("use", "visible"), [("none", False), ("folds", True), ("oracle", True)])
def test_gold_is_shown_only_to_models_that_say_so(use, visible):
    model = Seen(use)
    prepare_model(model, [ONE], None)
    assert (model.shown[0].gold is not None) is visible
    assert model.shown[0].input == ONE.input
    assert ONE.gold is not None


def test_a_model_refuses_its_inputs_before_the_first_answer():
    class Strict:
        gold = "none"

        def check(self, inputs):
            return [f"{one.id}: too long" for one in inputs]

    with pytest.raises(ConfigError, match="d/s: too long"):
        prepare_model(Strict(), [ONE], None)


def test_a_key_is_of_everything_that_moves_the_answer():
    shared = {"model": {"kind": "x"}}
    key = answer_keys([ONE], shared)["d/s"]
    assert answer_keys([replace(ONE, gold=None, unit="u", fields={"a": "b"})], shared)["d/s"] == key
    other = replace(ONE, input=replace(ONE.input, text="Anna sang!"))
    assert answer_keys([other], shared)["d/s"] != key
    assert answer_keys([ONE], {"model": {"kind": "y"}})["d/s"] != key


@pytest.fixture
def folder(tmp_path, monkeypatch):
    from harness import plan

    plan._corpora.clear()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    for n in range(2):
        (tmp_path / f"docs/d{n}.txt").write_text("One sentence here. Another one there. A third.")
    return tmp_path


OWN = ["model=lead", "data=local", "data.name=mine", "data.documents=docs", "task=summarization"]


def test_documents_without_gold_give_records_that_can_be_scored(folder, capsys):
    assert predict_only(OWN, None, stop=lambda: None, progress=Progress()) == 0
    place = folder / "predictions/mine/lead"
    assert [path.name for path in place.iterdir()] == ["summaries.jsonl"]
    records = [json.loads(line) for line in (place / "summaries.jsonl").read_text().splitlines()]
    assert {record["doc"] for record in records} == {"d0", "d1"}
    assert "0 examples without an answer" in capsys.readouterr().out
    assert not (folder / "results").exists()
    (folder / "gold").mkdir()
    (folder / "gold/summaries.jsonl").write_text('{"doc": "d0", "text": "One sentence here."}\n')
    from harness.api import score

    found = score("gold", place, task="summarization", documents="docs")
    assert found["ledger"]["examples"]["missing"] == 0


def test_a_signal_ends_it_and_the_command_goes_on(folder, capsys):
    assert predict_only(OWN, folder / "out", stop=lambda: 2, progress=Progress()) == 130
    assert "give the command again" in capsys.readouterr().err
    assert predict_only(OWN, folder / "out", stop=lambda: None, progress=Progress()) == 0
    assert [path.name for path in (folder / "out").iterdir()] == ["summaries.jsonl"]


def test_models_that_learn_from_gold_are_refused_before_anything_is_written(folder):
    before = sorted(folder.rglob("*"))
    with pytest.raises(ConfigError):
        predict_only(["model=oracle_extract", *OWN[1:]], None, stop=lambda: None, progress=Progress())
    assert sorted(folder.rglob("*")) == before


def test_entities_that_are_in_no_document_are_left_out():
    from harness.predict_only import _rows

    example = replace(ONE, start=10)
    text = "x" * 10 + "Anna sang."
    given = Answer(
        entities=(Entity(0, 4, "PER"), Entity(0, 4, "PER", score=0.5), Entity(5, 99, "PER"), Entity(3, 3, "PER"))
    )
    assert _rows(example, given, text) == [
        {"doc": "d", "start": 10, "end": 14, "label": "PER", "text": "Anna", "score": 0.5}
    ]


def test_batches_are_as_large_as_they_ended(tmp_path):
    """Memory for four examples of the eight that are wanted at once, and for 128 tokens of a pass."""

    class Full:
        batch_size, gold = 8, "none"

        def __init__(self):
            self.budget = SimpleNamespace(tokens=256)

        def signature(self):
            return {}

        def answer(self, inputs):
            if len(inputs) > 4:
                self.budget.tokens = 128
                raise MemoryError
            return [Answer(entities=()) for _ in inputs]

    inputs = [NerInput(f"e{n}", "d", "x") for n in range(10)]
    examples = [Example(one.id, one.doc, one.doc, one) for one in inputs]
    task = SimpleNamespace(signature=dict)
    given = {"fresh": False, "stop": lambda: None, "progress": lambda _: None, "started": 0.0}
    asked = ask(tmp_path, Full(), task, Local(), None, examples, **given)
    assert (asked.batch_size, asked.batch_tokens) == (4, 128)
    took = measurements(asked, {"load": 0.0, "predict": 1.0, "score": 0.0}, {}, None)
    assert (took["batch_size"], took["batch_tokens"]) == (4, 128)
    # Where all answers are kept nothing was asked.
    again = ask(tmp_path, Full(), task, Local(), None, examples, **given)
    assert (again.asked, again.batch_size, again.batch_tokens) == (0, 0, None)


def test_a_changed_rule_asks_again(tmp_path, monkeypatch):
    import sys

    from harness.source import code_sha256

    package = tmp_path / "own"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "rule.py").write_text("from own.words import CUES\n")
    (package / "words.py").write_text("CUES = ('a',)\n")
    monkeypatch.syspath_prepend(tmp_path)
    before = code_sha256("own.rule")
    (package / "words.py").write_text("CUES = ('a', 'b')\n")
    code_sha256.cache_clear()
    assert code_sha256("own.rule") != before
    for name in ("own", "own.rule", "own.words"):
        sys.modules.pop(name, None)


def test_the_code_of_a_shipped_kind_is_its_own_and_its_helpers():
    from harness.source import code_sha256

    kinds = {code_sha256(f"harness.model.{kind}") for kind in ("lead", "textrank", "rules", "lexicon")}
    assert len(kinds) == 4
