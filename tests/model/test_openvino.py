"""OpenVINO as what makes the forward passes: torch's answers, a core each, and nothing of the user told to anybody."""

import dataclasses
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from threading import Barrier

import pytest

from harness.errors import ResourceError
from harness.model.hf_pair import HfPair
from harness.model.hf_tagger import HfTagger
from harness.model.openvino import TELEMETRY, converted
from harness.records import NerInput, StanceInput, Target
from tests.made_tokenizers import encoder_tokenizer

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

pytestmark = pytest.mark.core
# Not imported here: that would be without what keeps it from reporting.
needs_openvino = pytest.mark.skipif(find_spec("openvino") is None, reason="left out: openvino is not installed")

ROOT = Path(__file__).resolve().parents[2]
NER, STANCE = "package:weights/tiny_ner", "package:weights/tiny_stance"
LABELS = ("O", "B-PER", "I-PER", "B-LOC")
WORDS = ["the", "bank", "said", "that", "rain", "rose", "in", "Paris", "on", "Monday", "Kyoto", "it", "rained", "and"]
SMALL = {
    "vocab_size": 4 + len(WORDS),
    "max_position_embeddings": 42,
    "pad_token_id": 0,
    "initializer_range": 0.3,  # else all labels are about as likely
    "id2label": dict(enumerate(LABELS)),
    "label2id": {label: i for i, label in enumerate(LABELS)},
}
SIZES = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
KINDS = {
    "bert": lambda: transformers.BertConfig(**SMALL, **SIZES),
    "distilbert": lambda: transformers.DistilBertConfig(**SMALL, dim=32, n_layers=1, n_heads=2, hidden_dim=32),
    "roberta": lambda: transformers.RobertaConfig(**SMALL, **SIZES, type_vocab_size=1),
}


@pytest.fixture(autouse=True)
def two_cores():
    """As many as passes that are made at a time; what was set before holds again afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def saved(folder, kind, auto):
    names = ["input_ids", "attention_mask", *(["token_type_ids"] if kind == "bert" else [])]
    config = KINDS[kind]()
    torch.manual_seed(3)
    auto.from_config(config).save_pretrained(folder)
    encoder_tokenizer(WORDS, model_max_length=40, model_input_names=names).save_pretrained(folder)
    return str(folder)


def texts():
    """Of 1 to 90 words, so that some are read in windows."""
    return [" ".join(WORDS[(i * 7 + j * (i + 3)) % len(WORDS)] for j in range(1 + i * i % 90)) for i in range(24)]


def asked():
    return [NerInput(id=f"e{i}", doc="d", text=text) for i, text in enumerate(texts())]


def labelled(answers):
    return [[(e.start, e.end, e.label) for e in answer.entities] for answer in answers]


def scores(answers):
    return [e.score for answer in answers for e in answer.entities]


@needs_openvino
@pytest.mark.parametrize("kind", KINDS)
def test_a_tagger_says_what_it_says_in_torch(kind, tmp_path):
    path = saved(tmp_path, kind, transformers.AutoModelForTokenClassification)
    expected = HfTagger(path=path).answer(asked())
    assert len({label for answer in labelled(expected) for *_, label in answer}) > 1
    assert any(answer.windows > 1 for answer in expected)
    model = HfTagger(path=path, runtime="openvino")
    model.load()
    threads = set()
    forward = model.forward

    def watched(**given):
        threads.add(threading.current_thread().name)
        return forward(**given)

    model.__dict__["forward"] = watched
    for given in ({}, {"batch_size": 1}, {"batch_size": 5}, {"batch_tokens": 60}):
        # The same converted model in passes of other shapes.
        other = dataclasses.replace(model, **given)
        other.__dict__.update({name: model.__dict__[name] for name in ("network", "tokenizer", "forward")})
        answers = other.answer(asked())
        assert labelled(answers) == labelled(expected)
        assert scores(answers) == pytest.approx(scores(expected), abs=1e-4)
    assert len(threads) == 2
    assert all(name.startswith("stream") for name in threads)


@needs_openvino
def test_a_classifier_of_pairs_says_what_it_says_in_torch(tmp_path):
    path = saved(tmp_path, "bert", transformers.AutoModelForSequenceClassification)
    pairs = [
        StanceInput(id=f"e{i}", doc="d", text=text, context="", target=Target("t", ("the bank", "rain")[i % 2]))
        for i, text in enumerate(texts())
    ]
    expected, answers = (
        HfPair(path=path, runtime=runtime, overlong="truncate").answer(pairs) for runtime in ("torch", "openvino")
    )
    assert len({answer.label for answer in expected}) > 1
    assert any(answer.tokens_cut for answer in expected)
    assert [answer.label for answer in answers] == [answer.label for answer in expected]
    for answer, other in zip(answers, expected, strict=True):
        assert answer.scores == pytest.approx(other.scores, abs=1e-4)


class Small(torch.nn.Module):
    """A model in small: each row's embeddings are added up and weighted."""

    def __init__(self, change=lambda logits, ids: logits):
        super().__init__()
        torch.manual_seed(0)
        self.embedding = torch.nn.Embedding(50, 8)
        self.head = torch.nn.Linear(8, 3)
        self.change = change

    def forward(self, input_ids, attention_mask):
        logits = self.head((self.embedding(input_ids) * attention_mask[..., None]).sum(1))
        return transformers.modeling_outputs.SequenceClassifierOutput(logits=self.change(logits, input_ids))


def sample(*shape):
    return {
        "input_ids": torch.arange(shape[0] * shape[1]).reshape(shape) % 50,
        "attention_mask": torch.ones(shape, dtype=torch.long),
    }


SAMPLES = (sample(2, 5), sample(3, 9))


@needs_openvino
class TestConversion:
    def test_threads_have_their_own_answers(self):
        network = Small()
        passes = converted(network, SAMPLES, 2)
        together = Barrier(2)

        def work(width):
            given = [sample(1 + i % 4, width + i % 6) for i in range(40)]
            together.wait(20)
            return [(passes(**one).logits, network(**one).logits) for one in given]

        with ThreadPoolExecutor(2) as pool:
            for found in pool.map(work, (3, 30)):
                for logits, expected in found:
                    assert torch.allclose(logits, expected, atol=1e-5)

    def test_one_pass_is_not_overwritten_by_the_next(self):
        passes = converted(Small(), SAMPLES, 1)
        first = passes(**sample(2, 5)).logits
        kept = first.clone()
        passes(**sample(2, 7))
        assert torch.equal(first, kept)

    @pytest.mark.parametrize("streams", [1, 2])
    def test_a_core_for_each_stream_and_float32(self, streams):
        compiled = converted(Small(), SAMPLES, streams)._compiled
        assert compiled.get_property("NUM_STREAMS") == streams
        assert compiled.get_property("INFERENCE_NUM_THREADS") == streams
        assert compiled.get_property("INFERENCE_PRECISION_HINT").to_string() == "f32"

    def test_what_was_taken_for_a_constant_shows(self):
        """A branch on the width of a row is traced as it went for the first."""
        network = Small(lambda logits, ids: logits * 2 if ids.shape[1] > 5 else logits)
        with pytest.raises(ResourceError, match=r"the converted model has other scores, choose runtime=torch"):
            converted(network, SAMPLES, 1)

    def test_a_model_that_cannot_be_traced(self):
        def refuse(logits, ids):
            raise RuntimeError("no\nlogits here")

        said = r"^runtime=openvino: the model cannot be converted, choose runtime=torch: no logits here$"
        with pytest.raises(ResourceError, match=said):
            converted(Small(refuse), SAMPLES, 1)

    def test_memory_that_runs_out_is_no_fault_of_the_model(self):
        def full(logits, ids):
            if ids.shape[1] > 5:  # when both are compared
                raise MemoryError
            return logits

        with pytest.raises(MemoryError):
            converted(Small(full), SAMPLES, 1)

    def test_scores_that_are_no_numbers_are_for_the_answers_to_say(self):
        passes = converted(Small(lambda logits, ids: logits + float("nan")), SAMPLES, 1)
        assert passes(**SAMPLES[0]).logits.isnan().all()


# Prints each attempt to reach another machine, which fails.
QUIET = """
import sys
def watch(event, given):
    if event.startswith("socket.") and event != "socket.__new__":
        print(event, given, flush=True)
        raise OSError("no network here")
sys.addaudithook(watch)
sys.path.insert(0, {tests!r})
import test_openvino
passes = test_openvino.converted(test_openvino.Small(), test_openvino.SAMPLES, 1)
assert sys.modules["openvino"]
assert sys.modules[{telemetry!r}] is None
print("done")
"""


@needs_openvino
def test_nobody_is_told_and_nothing_is_written_into_the_home(tmp_path):
    """OpenVINO reports its import and each conversion, unless that is a CI job's, and keeps who it is in the home."""
    kept = {name: value for name, value in os.environ.items() if name not in ("CI", "TF_BUILD", "JENKINS_URL")}
    ran = subprocess.run(
        [sys.executable, "-c", QUIET.format(tests=str(Path(__file__).parent), telemetry=TELEMETRY)],
        env=kept | {"HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join([str(ROOT), kept.get("PYTHONPATH", "")])},
        capture_output=True,
        text=True,
    )
    assert (ran.stdout, ran.returncode) == ("done\n", 0), ran.stderr
    assert list(tmp_path.iterdir()) == []


class TestParameter:
    def test_is_in_the_signature_where_it_is_not_torch(self):
        for cls, path in ((HfTagger, NER), (HfPair, STANCE)):
            plain = cls(path=path).signature()
            assert "runtime" not in plain
            assert cls(path=path, runtime="openvino").signature() == plain | {"runtime": "openvino"}

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ({"dtype": "int8"}, "runtime: openvino is for dtype=float32, got dtype=int8"),
            ({"dtype": "bfloat16"}, "runtime: openvino is for dtype=float32, got dtype=bfloat16"),
            ({"device": "cuda:1"}, "runtime: openvino is for device=cpu, got device=cuda:1"),
            ({"compile": True}, "runtime: openvino compiles by itself, compile=true is for runtime=torch"),
        ],
    )
    def test_refused(self, given, said):
        with pytest.raises(ValueError, match=said):
            HfTagger(path=NER, runtime="openvino", **given)

    def test_auto_is_the_cpu(self, monkeypatch):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        model = HfTagger(path=NER, runtime="openvino", dtype="auto")
        assert model._device == torch.device("cpu")
        assert model.signature()["dtype"] == "float32"

    def test_passes_side_by_side_whatever_kind_of_encoder_it_is(self):
        """The shipped tagger is a RoFormer, whose code nobody read for it."""
        plain, model = (HfTagger(path=NER, runtime=runtime) for runtime in ("torch", "openvino"))
        model.__dict__["forward"] = model.network
        assert plain.budget.streams is None
        assert model.budget.streams is not None

    def test_a_machine_without_the_package(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "openvino", None)
        with pytest.raises(ResourceError, match=r"runtime=openvino needs the package openvino: pip install openvino$"):
            HfTagger(path=NER, runtime="openvino").load()
