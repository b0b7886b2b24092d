"""Checkpoints that cannot be believed, from the command line: one message, exit code 2, nothing written."""

import json
import pickle
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from harness import plan as plan_module
from harness.__main__ import command
from harness.compose import compose_jobs, parse_arguments
from harness.errors import HarnessError
from harness.evaluate import Progress, run_plan
from harness.plan import plan
from harness.resources import resolve

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
safetensors = pytest.importorskip("safetensors.torch")

pytestmark = pytest.mark.core
# These models are so small that threads would only wait for each other.
torch.set_num_threads(1)

WEIGHTS = "model.safetensors"


def arguments(path="checkpoint"):
    line = ["data=local", "data.name=mine", "data.documents=documents.jsonl", "data.gold=.", "interval.resamples=100"]
    return [*line, "model=hf_tagger", f"model.ner.path={path}", "task=ner"]


@pytest.fixture(scope="module")
def composed():
    """The configuration of a folder `checkpoint`; composing it takes longer than all else here."""
    return compose_jobs(parse_arguments(arguments()))[0]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Three documents with entities; commands run where they lie, and nobody answers a question."""
    plan_module._corpora.clear()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("builtins.input", lambda *said: pytest.fail(f"asked the user: {said}"))
    names = ("Paris", "Kyoto", "Cairo")
    documents = [{"id": f"d{n}", "text": f"{name} is large."} for n, name in enumerate(names)]
    entities = [{"doc": f"d{n}", "start": 0, "end": 5, "label": "GPE"} for n in range(3)]
    for file, rows in (("documents", documents), ("entities", entities)):
        (tmp_path / f"{file}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return tmp_path


def run(composed):
    """Exit code and reason of a run, and the scores of one that has any."""
    try:
        (outcome,) = run_plan(plan(composed), stop=lambda: None, progress=Progress())
    except HarnessError as fault:
        return fault.exit_code, str(fault), None
    stored = [*Path("results").rglob("scores.json")]
    # JSON has no NaN.
    scores = json.loads(stored[0].read_text(), parse_constant=lambda name: pytest.fail(name)) if stored else None
    return outcome.exit_code, outcome.reason, scores


def with_path(composed, path, **more):
    """The same configuration of another checkpoint."""
    model = {**composed.config.model, "ner": {**composed.config.model["ner"], "path": path, **more}}
    return replace(composed, config=replace(composed.config, model=model))


def checkpoint(place):
    """The shipped tagger, to be damaged."""
    return Path(shutil.copytree(resolve("package:weights/tiny_ner"), place / "checkpoint"))


def changed_config(folder, **values):
    file = folder / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))


def changed_weights(folder, change):
    held = safetensors.load_file(folder / WEIGHTS)
    change(held)
    safetensors.save_file(held, folder / WEIGHTS, metadata={"format": "pt"})


class Marker:
    """Writes a file when it is unpickled."""

    def __reduce__(self):
        return Path.touch, (Path("marker"),)


def pickled(folder):
    (folder / WEIGHTS).unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Marker()))


def pickled_shard(folder):
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Marker()))
    index = {"weight_map": {"a": WEIGHTS, "b": "pytorch_model.bin"}}
    (folder / f"{WEIGHTS}.index.json").write_text(json.dumps(index))


def code_of_its_own(folder):
    (folder / "cfg.py").write_text("open('marker', 'w').close()\n")
    changed_config(
        folder,
        model_type="of_its_own",
        auto_map={"AutoConfig": "cfg.Config", "AutoModelForTokenClassification": "cfg.Model"},
    )


def without_tokenizer(folder):
    for file in folder.glob("tokenizer*"):
        file.unlink()


def without_names(folder):
    changed_config(folder, id2label={str(n): f"LABEL_{n}" for n in range(37)}, label2id={})


def without_head(folder):
    changed_weights(folder, lambda held: [held.pop(name) for name in [*held] if name.startswith("classifier")])


def torn(folder):
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:1000])


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (pickled, "safetensors required, but it holds pytorch_model.bin"),
        (pickled_shard, "config or index names weights in 'pytorch_model.bin'"),
        (code_of_its_own, "needs code of its own (auto_map), and code from a model's folder is never run"),
        (without_tokenizer, "no tokenizer files"),
        (without_names, "its 37 labels have no names"),
        (without_head, "2 weights that hf_tagger needs are not in it and would be random: classifier.bias"),
        (torn, "cannot be loaded by AutoModelForTokenClassification"),
    ],
)
def test_a_damaged_checkpoint(place, composed, damage, said):
    damage(checkpoint(place))
    refused(place, run(composed), said)


def refused(place, found, said):
    code, reason, _ = found
    assert code == 2
    assert said in reason
    assert "\n" not in reason
    assert not [path for path in (place / "results").rglob("*") if path.is_file()]
    assert not (place / "marker").exists()


def test_the_command_says_it_in_one_line(place, capsys):
    without_head(checkpoint(place))
    assert command(arguments()) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("harness: checkpoint: 2 weights that hf_tagger needs are not in it")
    assert len(err.splitlines()) == 1
    assert not (place / "results").exists() or not [*(place / "results").rglob("*.*")]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("package:weights/tiny_stance", "would be random: classifier.bias, classifier.weight"),
        ("package:weights/tiny_summarization", "package:weights/tiny_summarization: "),
        ("no/such/folder", "'no/such/folder' is no folder on this machine"),
    ],
)
def test_a_checkpoint_of_another_task_or_none(place, composed, path, said):
    refused(place, run(with_path(composed, path)), said)


@pytest.mark.disable_socket
@pytest.mark.parametrize("download", [False, True])
def test_a_hub_name_while_offline(place, composed, monkeypatch, download):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(place / "hub"))
    found = run(with_path(composed, "nobody/nothing", download=download))
    refused(place, found, "run 'hf download nobody/nothing'")


def test_scores_that_are_no_numbers_are_no_labels(place, composed):
    """Every example is in its bin, the run has failed, and nobody is told that there are no entities."""
    folder = checkpoint(place)
    changed_weights(folder, lambda held: held["classifier.weight"].fill_(float("nan")))
    code, reason, scores = run(composed)
    assert code == 1
    assert "3 of 3 examples have no scored answer (nonfinite 3)" in reason
    assert scores["ledger"]["examples"]["nonfinite"] == 3
    assert scores["ledger"]["spans"]["total"] == 0


def test_one_bad_text_costs_itself(place, composed):
    """A token whose embedding is no number: the other documents are scored."""
    folder = checkpoint(place)
    vocabulary = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    rows = [{"id": f"d{n}", "text": f"Paris is {word}."} for n, word in enumerate("abc")]
    (place / "documents.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    changed_weights(folder, lambda held: embeddings(held)[vocabulary["b"]].fill_(float("inf")))
    code, reason, scores = run(composed)
    assert code == 1
    assert "1 of 3 examples have no scored answer (nonfinite 1)" in reason
    assert scores["ledger"]["examples"]["scored"] == 2


def embeddings(held):
    (name,) = [name for name in held if name.endswith("word_embeddings.weight")]
    return held[name]
