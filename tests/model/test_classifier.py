"""Passes, number formats and compiled kernels of the shipped tagger and pair classifier: answers stay the same."""

import dataclasses
import threading
from contextlib import nullcontext

import pytest

from harness.errors import ResourceError
from harness.model.batching import ahead, stretches
from harness.model.hf_pair import HfPair
from harness.model.hf_seq2seq import HfSeq2seq
from harness.model.hf_tagger import HfTagger
from harness.records import NerInput, StanceInput, SummaryInput, Target

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

pytestmark = pytest.mark.core
# These models are so small that threads would only wait for each other.
torch.set_num_threads(1)

NER, STANCE, SUMMARIES = (f"package:weights/tiny_{name}" for name in ("ner", "stance", "summarization"))
SENTENCES = (
    "Angela Merkel met the French president in Paris on Monday.",
    "The bank said that profits at Siemens rose by 12 percent in 2019.",
    "It rained.",
    "Two people were hurt near Kyoto, the police of Japan said, and Toyota closed a plant for three days.",
)
TEXTS = [" ".join(SENTENCES[(i + j) % 4] for j in range(1 + i % 5)) for i in range(14)]


def asked(texts=TEXTS):
    return [NerInput(id=f"e{i}", doc="d", text=text) for i, text in enumerate(texts)]


def pairs():
    return [
        StanceInput(id=f"e{i}", doc="d", text=text, context="", target=Target("t", ("the bank", "rain")[i % 2]))
        for i, text in enumerate(SENTENCES * 3)
    ]


def labelled(answers):
    return [[(e.start, e.end, e.label) for e in answer.entities] for answer in answers]


@pytest.fixture(scope="module")
def tagger():
    made = HfTagger(path=NER, batch_tokens=10_000)
    made.load()
    return made


@pytest.fixture(scope="module")
def alone(tagger):
    return [tagger.answer([one])[0] for one in asked()]


def passes_of(model):
    """Rows and columns of each forward pass from now on."""
    shapes = []
    model.network.register_forward_pre_hook(
        lambda _module, _given, named: shapes.append(tuple(named["input_ids"].shape)), with_kwargs=True
    )
    return shapes


@pytest.mark.parametrize("given", [{"batch_tokens": 1}, {"batch_tokens": 100}, {"batch_size": 3}, {}], ids=str)
def test_passes_move_no_answer(alone, given):
    model = HfTagger(path=NER, **given)
    shapes = passes_of(model)
    answers = model.answer(asked())
    assert sum(map(len, labelled(answers))) > 20  # the comparison is about something
    assert labelled(answers) == labelled(alone)
    for answer, one in zip(answers, alone, strict=True):
        assert [e.score for e in answer.entities] == pytest.approx([e.score for e in one.entities], abs=1e-5)
    most = given.get("batch_tokens", 1024)
    assert all(rows == 1 or (rows * width <= most and rows <= given.get("batch_size", 256)) for rows, width in shapes)
    assert sum(rows for rows, _ in shapes) == len(TEXTS)


def full(model, room):
    """Makes the model's device one that has room for so many tokens."""

    def refuse(_module, _given, named):
        if named["input_ids"].numel() > room:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    return model.network.register_forward_pre_hook(refuse, with_kwargs=True)


def test_a_pass_that_does_not_fit_is_halved(alone):
    model = HfTagger(path=NER, batch_tokens=4000)
    model.load()
    full(model, 150)
    assert labelled(model.answer(asked())) == labelled(alone)
    assert model.budget.tokens <= 150


def test_a_text_that_never_fits_is_the_callers():
    model = HfTagger(path=NER)
    model.load()
    full(model, 40)
    with pytest.raises(torch.cuda.OutOfMemoryError):
        model.answer(asked())
    (answer,) = model.answer(asked(["It rained."]))
    assert answer.bin == "scored"


def test_pairs_are_halved_too():
    plain = HfPair(path=STANCE).answer(pairs())
    model = HfPair(path=STANCE)
    model.load()
    full(model, 120)
    answers = model.answer(pairs())
    assert [answer.label for answer in answers] == [answer.label for answer in plain]
    for answer, one in zip(answers, plain, strict=True):
        assert answer.scores == pytest.approx(one.scores, abs=1e-5)


def test_many_texts_are_tokenized_ahead_and_answered_in_order(tagger):
    texts = [f"{SENTENCES[i % 4]} {SENTENCES[(i // 4) % 4]}" for i in range(150)]
    threads = set()
    read = tagger._read

    def watched(several):
        threads.add(threading.current_thread())
        return read(several)

    tagger.__dict__["_read"] = watched
    try:
        answers = tagger.answer(asked(texts))
    finally:
        del tagger.__dict__["_read"]
    assert threading.current_thread() not in threads
    assert len(threads) == 1
    few = {text: labelled(tagger.answer(asked([text])))[0] for text in dict.fromkeys(texts)}
    assert labelled(answers) == [few[text] for text in texts]


class TestAhead:
    def test_the_next_is_made_while_the_one_before_is_used(self):
        begun = [threading.Event() for _ in range(4)]

        def make(number):
            begun[number].set()
            return number * 10

        made = ahead(make, [0, 1, 2, 3])
        for number in range(4):
            assert next(made) == number * 10
            # No more than one is made before it is asked for.
            assert number == 3 or begun[number + 1].wait(10)
            assert not any(event.is_set() for event in begun[number + 2 :])

    def test_a_fault_comes_where_it_belongs(self):
        made = ahead(lambda number: 1 / number, [2, 1, 0])
        assert [next(made), next(made)] == [0.5, 1.0]
        with pytest.raises(ZeroDivisionError):
            next(made)

    @pytest.mark.parametrize("given", [[], [1]])
    def test_nothing_to_be_ahead_of(self, given):
        assert list(ahead(lambda one: (one, threading.current_thread()), given)) == [
            (one, threading.current_thread()) for one in given
        ]

    def test_stretches(self):
        assert stretches(range(5), 2) == [[0, 1], [2, 3], [4]]
        assert stretches([], 2) == []


@pytest.fixture(scope="module")
def rounded():
    made = HfTagger(path=NER, dtype="int8")
    made.load()
    return made


class TestInt8:
    def test_linear_layers_are_rounded_and_the_head_is_not(self, rounded):
        kinds = {name: type(module).__module__ for name, module in rounded.network.named_modules()}
        inner = [kind for name, kind in kinds.items() if name.endswith((".dense", ".query", ".key", ".value"))]
        assert inner
        assert all("quantized.dynamic" in kind for kind in inner)
        assert kinds["classifier"] == "torch.nn.modules.linear"

    def test_most_answers_are_those_of_float32(self, rounded, alone):
        found, expected = labelled(rounded.answer(asked())), labelled(alone)
        same = sum(len(set(one) & set(other)) for one, other in zip(found, expected, strict=True))
        assert same >= 0.8 * sum(map(len, expected))

    def test_scores_are_no_longer_exactly_those(self, rounded, alone):
        """Else nothing was rounded."""
        scores = [e.score for answer in rounded.answer(asked()) for e in answer.entities]
        assert scores != [e.score for answer in alone for e in answer.entities]

    def test_pairs(self):
        found, plain = (HfPair(path=STANCE, dtype=dtype).answer(pairs()) for dtype in ("int8", "float32"))
        for one, other in zip(found, plain, strict=True):
            assert one.scores == pytest.approx(other.scores, abs=0.15)
            assert one.scores != other.scores

    def test_summaries(self):
        one = SummaryInput("e", "d", " ".join(SENTENCES), "headline", ())
        (answer,) = HfSeq2seq(path=SUMMARIES, dtype="int8", max_new_tokens=4).answer([one])
        assert answer.bin == "scored"

    def test_is_in_the_signature(self):
        found = HfTagger(path=NER, dtype="int8").signature()
        assert found["dtype"] == "int8"
        assert found["int8"] == "linear layers below the head, dynamic, per channel"
        assert "int8" not in HfTagger(path=NER).signature()

    def test_is_for_a_cpu(self, monkeypatch):
        with pytest.raises(ValueError, match="dtype: int8 is for device=cpu, got device=cuda"):
            HfTagger(path=NER, dtype="int8", device="cuda")
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        assert HfTagger(path=NER, dtype="int8")._device == torch.device("cpu")

    def test_a_machine_without_kernels(self, monkeypatch):
        from harness.model import int8

        class Backend:
            engine = "none"

        monkeypatch.setattr(torch.backends, "quantized", Backend)
        with pytest.raises(ResourceError, match="no int8 kernels for this machine"):
            int8.quantized(HfTagger(path=NER).network)


class TestAuto:
    def test_is_float32_on_a_cpu(self):
        model = HfTagger(path=NER, dtype="auto", device="cpu")
        assert model.signature() == HfTagger(path=NER, device="cpu").signature()
        assert model.network.dtype == torch.float32

    @pytest.mark.parametrize(("has", "precision"), [(True, "bfloat16"), (False, "float32")])
    def test_is_bfloat16_on_a_gpu_that_has_it(self, monkeypatch, has, precision):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "device", lambda device: nullcontext())
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: has)
        model = HfTagger(path=NER, dtype="auto")
        assert model.precision == precision
        assert model.signature()["dtype"] == precision
        assert "int8" not in model.signature()

    def test_a_device_that_is_none(self):
        with pytest.raises(ResourceError, match=r"model\.ner\.device: 'gpu0' cannot be used here"):
            HfTagger(path=NER, dtype="auto", device="gpu0").signature()


class TestCompile:
    @pytest.mark.parametrize("threads", [1, 2])
    def test_the_compiled_pass_answers(self, monkeypatch, alone, threads):
        torch.set_num_threads(threads)
        made = []

        def compiled(network, *, dynamic):
            assert dynamic

            def forward(**given):
                made.append(tuple(given["input_ids"].shape))
                kinds.add((given["input_ids"].is_inference(), torch.get_num_threads()))
                return network(**given)

            return forward

        kinds = set()
        monkeypatch.setattr(torch, "compile", compiled)
        model = HfTagger(path=NER, compile=True, batch_tokens=60)
        model.load()
        assert made == [(2, 8), (3, 24), (1, 16)]  # before the first answer
        assert labelled(model.answer(asked())) == labelled(alone)
        assert len(made) > 5
        # One kind of tensors and of threads all along: another would be compiled for while answers are waited for.
        assert len(kinds) == 1
        torch.set_num_threads(1)

    def test_a_machine_without_a_compiler(self, monkeypatch):
        def compiled(network, *, dynamic):
            def forward(**given):
                raise RuntimeError("Failed to find C compiler.\nPlease specify via CC environment variable.")

            return forward

        monkeypatch.setattr(torch, "compile", compiled)
        said = (
            r"model\.ner\.compile: package:weights/tiny_ner cannot be compiled here: Failed to find C compiler\. Please"
        )
        with pytest.raises(ResourceError, match=said):
            HfTagger(path=NER, compile=True).load()

    def test_memory_that_runs_out_is_no_fault_of_the_compiler(self, monkeypatch):
        def compiled(network, *, dynamic):
            def forward(**given):
                raise torch.OutOfMemoryError("full")

            return forward

        monkeypatch.setattr(torch, "compile", compiled)
        with pytest.raises(torch.OutOfMemoryError):
            HfTagger(path=NER, compile=True).load()


def test_no_pass_keeps_gradients(tagger):
    kept = []
    hook = tagger.network.register_forward_hook(lambda _module, _given, output: kept.append(output.logits))
    tagger.answer(asked(["It rained."]))
    hook.remove()
    assert kept[0].is_inference()


def test_what_moves_no_answer_is_not_in_the_signature():
    for cls, path in ((HfTagger, NER), (HfPair, STANCE)):
        base = cls(path=path)
        for free in ({"batch_tokens": 7}, {"compile": True}, {"batch_size": 2}, {"device": "cpu"}):
            assert dataclasses.replace(base, **free).signature() == base.signature()


def test_a_budget_below_one_token():
    with pytest.raises(ValueError, match="batch_tokens must be at least 1, got 0"):
        HfTagger(path=NER, batch_tokens=0)
