"""ONNX Runtime as what makes the forward passes: torch's answers, a core each, and nothing told to anybody."""

import dataclasses
import os
import re
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest

from harness.errors import ResourceError
from harness.model.hf_pair import HfPair
from harness.model.hf_tagger import HfTagger
from harness.model.int8 import quantized
from harness.model.onnxruntime import Passes, exported
from harness.model.weights import quiet
from harness.records import NerInput, StanceInput, Target
from tests.made_tokenizers import encoder_tokenizer

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
# What it is imported by sees to it that it reports nothing.
with quiet():
    onnx = pytest.importorskip("onnx")
    numpy_helper = pytest.importorskip("onnx.numpy_helper")
    pytest.importorskip("onnxruntime")

pytestmark = pytest.mark.core

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


@pytest.mark.parametrize("kind", KINDS)
def test_a_tagger_says_what_it_says_in_torch(kind, tmp_path):
    path = saved(tmp_path, kind, transformers.AutoModelForTokenClassification)
    expected = HfTagger(path=path).answer(asked())
    assert len({label for answer in labelled(expected) for *_, label in answer}) > 1
    assert any(answer.windows > 1 for answer in expected)
    model = HfTagger(path=path, runtime="onnxruntime")
    model.load()
    threads = set()
    forward = model.forward

    def watched(**given):
        threads.add(threading.current_thread().name)
        return forward(**given)

    model.__dict__["forward"] = watched
    for given in ({}, {"batch_size": 1}, {"batch_size": 5}, {"batch_tokens": 60}):
        # The same exported model in passes of other shapes.
        other = dataclasses.replace(model, **given)
        other.__dict__.update({name: model.__dict__[name] for name in ("network", "tokenizer", "forward")})
        answers = other.answer(asked())
        assert labelled(answers) == labelled(expected)
        assert scores(answers) == pytest.approx(scores(expected), abs=1e-4)
    assert len(threads) == 2
    assert all(name.startswith("stream") for name in threads)


def test_a_classifier_of_pairs_says_what_it_says_in_torch(tmp_path):
    path = saved(tmp_path, "bert", transformers.AutoModelForSequenceClassification)
    pairs = [
        StanceInput(id=f"e{i}", doc="d", text=text, context="", target=Target("t", ("the bank", "rain")[i % 2]))
        for i, text in enumerate(texts())
    ]
    expected, answers = (
        HfPair(path=path, runtime=runtime, overlong="truncate").answer(pairs) for runtime in ("torch", "onnxruntime")
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


def wide_product(logits, ids):
    """Of a row of a million tokens, a million by a million numbers."""
    return logits + (ids.float().T @ ids.float()).mean()


class Listed(Small):
    """A model whose heads stand in a list."""

    base_model_prefix = "base"

    def __init__(self):
        super().__init__()
        self.base, self.heads = torch.nn.Linear(3, 3), torch.nn.ModuleList([torch.nn.Linear(3, 3)])
        self.change = lambda logits, ids: self.heads[0](self.base(logits))


def sample(*shape):
    return {
        "input_ids": torch.arange(shape[0] * shape[1]).reshape(shape) % 50,
        "attention_mask": torch.ones(shape, dtype=torch.long),
    }


SAMPLES = (sample(2, 5), sample(3, 9))


class TestConversion:
    def test_threads_have_their_own_answers(self):
        network = Small()
        passes = exported(network, SAMPLES)
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
        passes = exported(Small(), SAMPLES)
        first = passes(**sample(2, 5)).logits
        kept = first.clone()
        passes(**sample(2, 7))
        assert torch.equal(first, kept)

    def test_the_model_is_left_as_it_was(self, tmp_path):
        """Attention as single operations is for the export."""
        model = HfTagger(path=saved(tmp_path, "bert", transformers.AutoModelForTokenClassification))
        seen = []

        def watch(module, given):
            seen.append(module.config._attn_implementation)

        model.network.register_forward_pre_hook(watch)
        exported(model.network, model._samples())
        assert seen == ["eager", "sdpa", "sdpa"]
        assert not any(module.training for module in model.network.modules())

    def test_nothing_is_left_on_the_disk(self, tmp_path, monkeypatch):
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        HfTagger(path=NER, runtime="onnxruntime", dtype="int8").load()
        assert list(tmp_path.iterdir()) == []

    def test_what_was_taken_for_a_constant_shows(self):
        """A branch on the width of a row is traced as it went for the first."""
        network = Small(lambda logits, ids: logits * 2 if ids.shape[1] > 5 else logits)
        with pytest.raises(ResourceError, match=r"the exported model has other scores, choose runtime=torch"):
            exported(network, SAMPLES)

    def test_a_model_that_cannot_be_traced(self):
        def refuse(logits, ids):
            raise RuntimeError("no\nlogits here")

        said = r"^runtime=onnxruntime: the model cannot be exported, choose runtime=torch: no logits here$"
        with pytest.raises(ResourceError, match=said):
            exported(Small(refuse), SAMPLES)

    def test_memory_that_runs_out_is_no_fault_of_the_model(self):
        def full(logits, ids):
            if ids.shape[1] > 5:  # when both are compared
                raise MemoryError
            return logits

        with pytest.raises(MemoryError):
            exported(Small(full), SAMPLES)

    def test_nor_is_memory_that_runs_out_in_the_exported_model(self):
        with pytest.raises(MemoryError, match=r"running .*MatMul"):
            exported(Small(wide_product), (SAMPLES[0], sample(1, 10**6)))

    def test_a_pass_that_does_not_fit(self, capfd):
        passes = exported(Small(wide_product), SAMPLES)
        with pytest.raises(MemoryError, match=r"running .*MatMul"):
            passes(**sample(1, 10**6))
        assert passes(**SAMPLES[0]).logits.shape == (2, 3)
        assert capfd.readouterr().err == ""

    def test_scores_that_are_no_numbers_are_for_the_answers_to_say(self):
        passes = exported(Small(lambda logits, ids: logits + float("nan")), SAMPLES)
        assert passes(**SAMPLES[0]).logits.isnan().all()


class TestInt8:
    @pytest.mark.parametrize(
        ("cls", "auto"),
        [
            (HfTagger, transformers.AutoModelForTokenClassification),
            (HfPair, transformers.AutoModelForSequenceClassification),
        ],
    )
    def test_rounds_what_torch_in_int8_rounds(self, cls, auto, tmp_path, monkeypatch):
        """Every linear layer below the head; attention's own products and the head stay in float32."""
        graphs = []
        made = Passes.__init__

        def watched(passes, session):
            made(passes, session)
            graphs.append(onnx.load(session._model_path))

        monkeypatch.setattr(Passes, "__init__", watched)
        path = saved(tmp_path, "bert", auto)
        model = cls(path=path, runtime="onnxruntime", dtype="int8")
        model.load()
        linear = {n for n, module in model.network.named_modules() if isinstance(module, torch.nn.Linear)}
        plain, rounded = graphs
        assert not [node for node in plain.graph.node if "Integer" in node.op_type]
        stored = {one.name: numpy_helper.to_array(one) for one in rounded.graph.initializer}
        seen = set()
        for node in rounded.graph.node:
            if node.op_type in ("MatMul", "Gemm"):
                assert node.name.startswith(
                    ("/network/bert/encoder/layer.0/attention/self/MatMul", "/network/classifier/")
                )
            if node.op_type != "MatMulInteger":
                continue
            name = node.input[1].removesuffix("_quantized")
            weights, steps = stored[f"{name}_quantized"], stored[f"{name}_scale"]
            place = re.sub(r"/(MatMul|Gemm_MatMul)_quant$", "", node.name).removeprefix("/network/").replace("/", ".")
            seen.add(place)
            expected = model.network.get_submodule(place).weight.detach().numpy().T
            # For each output by itself, and in 7 bits: a product of 8 and 8 overflows in kernels without VNNI.
            assert weights.dtype == np.int8
            assert abs(weights.astype(int)).max() <= 64
            assert steps.shape == expected.shape[1:]
            assert (abs(weights * steps - expected) <= steps * 0.5001).all()
        assert seen == linear - {"classifier"}

    def test_a_head_in_a_list_is_left_too(self, monkeypatch):
        graphs = []
        made = Passes.__init__
        monkeypatch.setattr(
            Passes, "__init__", lambda one, session: made(one, session) or graphs.append(onnx.load(session._model_path))
        )
        exported(Listed(), SAMPLES, int8=True)
        rounded = [node.name for node in graphs[1].graph.node if node.op_type == "MatMulInteger"]
        assert rounded == ["/network/base/Gemm_MatMul_quant"]

    def test_answers_are_those_of_float32_nearly(self, tmp_path):
        path = saved(tmp_path, "bert", transformers.AutoModelForTokenClassification)
        expected, found = (
            HfTagger(path=path, runtime="onnxruntime", dtype=dtype).answer(asked()) for dtype in ("float32", "int8")
        )
        some, others = ({(i, *e) for i, a in enumerate(labelled(answers)) for e in a} for answers in (expected, found))
        assert found != expected
        assert len(some & others) > 0.9 * len(some | others)

    def test_a_model_of_which_nothing_would_be_rounded(self):
        """GPT-2 has layers of another class; both ways would leave it as it is and call it int8."""
        sizes = {"vocab_size": 20, "n_positions": 8, "n_embd": 8, "n_layer": 1, "n_head": 1}
        network = transformers.GPT2ForTokenClassification(transformers.GPT2Config(**sizes))
        for rounded in (quantized, lambda network: exported(network, SAMPLES, int8=True)):
            with pytest.raises(ResourceError, match="has no linear layers below its head"):
                rounded(network)

    def test_stands_in_the_signature(self):
        found = HfTagger(path=NER, runtime="onnxruntime", dtype="int8").signature()
        assert found["int8"] == "linear layers below the head, dynamic, per channel, weights of 7 bits"
        assert (found["dtype"], found["runtime"]) == ("int8", "onnxruntime")
        assert HfTagger(path=NER, dtype="int8").signature()["int8"] != found["int8"]


# Makes passes, and then prints what is open to other machines.
QUIET = """
import os, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
import test_onnxruntime
model = test_onnxruntime.HfTagger(path=test_onnxruntime.NER, runtime="onnxruntime", dtype="int8")
assert model.answer(test_onnxruntime.asked())
found = [os.readlink(one) for one in Path("/proc/self/fd").glob("*") if one.is_symlink()]
print([one for one in found if one.startswith("socket")])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_nobody_is_told_and_nothing_is_written_into_the_home(tmp_path):
    """ONNX Runtime reports what it runs, unless that is a CI job's, and keeps who it is below the home."""
    forgotten = ("CI", "TF_BUILD", "JENKINS_URL", "ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME", "XDG_DATA_HOME")
    kept = {name: value for name, value in os.environ.items() if name not in forgotten}
    ran = subprocess.run(
        [sys.executable, "-c", QUIET.format(tests=str(Path(__file__).parent))],
        env=kept | {"HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join([str(ROOT), kept.get("PYTHONPATH", "")])},
        capture_output=True,
        text=True,
    )
    assert (ran.stdout, ran.stderr, ran.returncode) == ("[]\n", "", 0)
    assert list(tmp_path.iterdir()) == []


class TestParameter:
    def test_is_in_the_signature_where_it_is_not_torch(self):
        for cls, path in ((HfTagger, NER), (HfPair, STANCE)):
            plain = cls(path=path).signature()
            assert "runtime" not in plain
            assert cls(path=path, runtime="onnxruntime").signature() == plain | {"runtime": "onnxruntime"}

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ({"dtype": "bfloat16"}, "runtime: onnxruntime is for dtype=float32 and int8, got dtype=bfloat16"),
            ({"device": "cuda:1"}, "runtime: onnxruntime is for device=cpu, got device=cuda:1"),
            ({"compile": True}, "runtime: onnxruntime compiles by itself, compile=true is for runtime=torch"),
        ],
    )
    def test_refused(self, given, said):
        with pytest.raises(ValueError, match=said):
            HfTagger(path=NER, runtime="onnxruntime", **given)

    def test_auto_is_the_cpu(self, monkeypatch):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        model = HfTagger(path=NER, runtime="onnxruntime", dtype="auto")
        assert model._device == torch.device("cpu")
        assert model.signature()["dtype"] == "float32"

    def test_passes_side_by_side_whatever_kind_of_encoder_it_is(self):
        """The shipped tagger is a RoFormer, whose code nobody read for it."""
        plain, model = (HfTagger(path=NER, runtime=runtime) for runtime in ("torch", "onnxruntime"))
        model.__dict__["forward"] = model.network
        assert plain.budget.streams is None
        assert model.budget.streams is not None

    @pytest.mark.parametrize("package", ["onnxruntime", "onnx"])
    def test_a_machine_without_the_package(self, package, monkeypatch):
        monkeypatch.setitem(sys.modules, package, None)
        said = r"runtime=onnxruntime needs the packages onnxruntime and onnx: pip install onnxruntime onnx \("
        with pytest.raises(ResourceError, match=said):
            HfTagger(path=NER, runtime="onnxruntime", dtype="int8").load()
