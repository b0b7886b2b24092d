"""Answers of causal language models against one prompt at a time, and what can be wrong with a checkpoint."""

import dataclasses
import json
import math
import re

import pytest

from benchmarks import stance_llm
from harness.compose import compose_jobs, parse_arguments
from harness.errors import ConfigError, ResourceError
from harness.evaluate import run_plan
from harness.files import sha256
from harness.model import hf_causal
from harness.model.budget import Budget
from harness.model.gauge import lead_and_tail, truncated
from harness.model.greedy import generate
from harness.model.hf_causal import HfCausal
from harness.model.prompts import Prompt
from harness.plan import plan
from harness.records import Answer, Entity, Example, NerInput, References, Stance, StanceInput, SummaryInput, Target
from tests.made_tokenizers import causal_tokenizer
from tests.model.test_greedy import room_for_two

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

pytestmark = pytest.mark.core
# These models are so small that threads would only wait for each other.
torch.set_num_threads(1)

WORDS = ["favor", "against", "none", "most", "Text", "Target", ":", "system", "user", "assistant", ".", ","]
WORDS += [f"w{i}" for i in range(40)]
END = 1
CHAT = (
    "{% for message in messages %}<s>{{ message['role'] }} {{ message['content'] }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<s>assistant {% endif %}"
)
LABELS = ("favor", "against", "none")
STANCE = Prompt(task="stance", name="plain", system="system", template="Text: {{ text }} Target: {{ target }}")
SUMMARY = Prompt(task="summarization", name="short", template="Text: {{ text }}")
NER = Prompt(task="ner", name="names", template="Text: {{ text }}", answer="json")


def tokenizer(chat=CHAT):
    found = causal_tokenizer(WORDS)
    found.chat_template = chat
    return found


def save(folder, chat=CHAT, positions=256, **given):
    torch.manual_seed(7)
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer()),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=positions,
        initializer_range=0.5,
        eos_token_id=END,
        bos_token_id=2,
        pad_token_id=None,
        **given,
    )
    transformers.LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer(chat).save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return save(tmp_path_factory.mktemp("causal"))


@pytest.fixture(scope="module")
def without_chat(tmp_path_factory):
    return save(tmp_path_factory.mktemp("plain"), chat=None)


class Corpus:
    stance_labels = LABELS
    entity_labels = ("PER", "GPE")

    def __init__(self, inputs):
        self.documents = {one.doc: one for one in inputs}


def ready(path, prompt, inputs, **given):
    model = HfCausal(path=path, prompt=prompt, device="cpu", **given)
    model.prepare([Example(one.id, one.doc, one.doc, one) for one in inputs], Corpus(inputs))
    return model


def stances(count=6):
    texts = [" ".join(f"w{(7 * i + k) % 40}" for k in range(2 + 3 * i % 9)) for i in range(count)]
    return [
        StanceInput(f"e{i}{name}", f"d{i}", text, "", Target(name, f"w{k} w3"))
        for i, text in enumerate(texts)
        for k, name in enumerate("ab")
    ]


def texts(*lengths):
    return [
        SummaryInput(f"e{i}", f"d{i}", " ".join(f"w{(3 * i + k) % 40}" for k in range(length)), "headline", ())
        for i, length in enumerate(lengths)
    ]


def likelihoods(model, text, before, normal=True):
    """Probabilities of the labels, from whole rows in plain passes; `normal` makes them add up to 1."""
    network, found = model.network, []
    for label in LABELS:
        prompt, whole = (
            model.tokenizer(t, add_special_tokens=before == " ").input_ids for t in (text, text + before + label)
        )
        assert whole[: len(prompt)] == prompt
        logs = network(torch.tensor([whole])).logits[0].double().log_softmax(-1)
        found.append(sum(logs[at - 1, whole[at]].item() for at in range(len(prompt), len(whole))))
    total = sum(map(math.exp, found)) if normal else 1
    return [math.exp(value) / total for value in found]


class TestStance:
    def test_the_labels_likelihood_after_each_chat_alone(self, path):
        inputs = stances()
        model = ready(path, STANCE, inputs)
        answers = model.answer(inputs)
        for one, answer in zip(inputs, answers, strict=True):
            chat = f"<s>system system</s><s>user Text: {one.text} Target: {one.target.text}</s><s>assistant "
            expected = likelihoods(model, chat, "")
            assert [answer.scores[label] for label in LABELS] == pytest.approx(expected, abs=1e-4)
            assert answer.label == LABELS[expected.index(max(expected))]
            assert answer.tokens_read == len(model.tokenizer(chat, add_special_tokens=False).input_ids)
        assert len({answer.label for answer in answers}) > 1

    def test_running_text_where_there_is_no_chat_template(self, without_chat):
        inputs = stances(2)
        model = ready(without_chat, STANCE, inputs)
        for one, answer in zip(inputs, model.answer(inputs), strict=True):
            expected = likelihoods(model, f"system\n\nText: {one.text} Target: {one.target.text}", " ")
            assert [answer.scores[label] for label in LABELS] == pytest.approx(expected, abs=1e-4)

    def test_company_order_and_packing_move_nothing(self, path):
        inputs = stances()
        several = [
            ready(path, STANCE, inputs).answer(inputs),
            ready(path, STANCE, inputs, pack_tokens=1).answer(inputs),
            ready(path, STANCE, inputs).answer(inputs[::-1])[::-1],
            [ready(path, STANCE, inputs).answer([one])[0] for one in inputs],
        ]
        for answers in several[1:]:
            assert [answer.label for answer in answers] == [answer.label for answer in several[0]]
            for one, other in zip(answers, several[0], strict=True):
                assert one.scores == pytest.approx(other.scores, abs=1e-5)

    def test_worked_examples_stand_before_the_question(self, path):
        inputs = stances(2)
        shown = [
            Example(
                f"x{i}", "dev", "dev", StanceInput(f"x{i}", "dev", f"w{i}", "", Target("t", "w9")), Stance("t", label)
            )
            for i, label in enumerate(LABELS)
        ]
        model = HfCausal(path=path, prompt=STANCE, shots=3, device="cpu")
        assert model.examples_from == "dev"
        model.show(shown)
        model.prepare([Example(one.id, one.doc, one.doc, one) for one in inputs], Corpus(inputs))
        assert model._text(inputs[0]).count("<s>assistant ") == 4
        plain = ready(path, STANCE, inputs)
        assert plain.signature()["prompt"]["sha256"] != model.signature()["prompt"]["sha256"]
        assert plain.answer(inputs)[0].scores != model.answer(inputs)[0].scores

    def test_by_generation_the_words_are_read(self, path):
        inputs = stances(3)
        model = ready(path, STANCE, inputs, decide="generate", max_new_tokens=4)
        for answer in model.answer(inputs):
            assert answer.bin in ("scored", "unparsed")
            assert answer.raw is not None
            assert answer.scores is None

    def test_json_has_no_likelihood(self):
        prompt = dataclasses.replace(STANCE, answer="json")
        with pytest.raises(ValueError, match="choose decide=generate"):
            HfCausal(path="x", prompt=prompt)
        HfCausal(path="x", prompt=prompt, decide="generate")


class TestGeneration:
    def alone(self, model, text, most):
        """The likeliest token, one after the other, without cache, batch or `generate`."""
        ids = list(model._encode([text])[0])
        written = []
        while len(written) < most:
            token = int(model.network(torch.tensor([ids + written])).logits[0, -1].argmax())
            if token == END:
                return written, True
            written.append(token)
        return written, False

    @pytest.mark.parametrize("batch_size", [1, 3, 8])
    def test_greedy_as_worked_out_token_by_token(self, path, batch_size):
        inputs = texts(3, 20, 1, 11, 30)
        model = ready(path, SUMMARY, inputs, batch_size=batch_size, max_new_tokens=12)
        answers = model.answer(inputs)
        ended = []
        for one, answer in zip(inputs, answers, strict=True):
            written, stopped = self.alone(model, model._text(one), 12)
            said = model.tokenizer.decode(written, skip_special_tokens=True)
            assert (answer.raw or answer.text or "") == said
            assert answer.output_truncated is not stopped
            ended.append(stopped)
        assert len({answer.text for answer in answers}) > 1

    def test_what_all_begin_with_is_read_once_and_moves_nothing(self, path):
        network = ready(path, SUMMARY, texts(3)).network
        begin = tuple(3 + k % 40 for k in range(70))
        prompts = [(*begin, *range(5, 5 + length)) for length in (1, 9, 30)]
        widths = []
        hook = network.register_forward_pre_hook(
            lambda module, args, given: widths.append(given["input_ids"].shape[1]), with_kwargs=True
        )
        together = generate(network, prompts, most=8, batch_size=3, ends=[END])
        hook.remove()
        # The last token of a prompt goes with what is written.
        assert widths[:2] == [70, 29]
        assert together == [generate(network, [prompt], most=8, batch_size=1, ends=[END])[0] for prompt in prompts]

    def test_how_many_are_continued_at_once_is_looked_up_once_and_what_is_learned_is_kept(self, path, monkeypatch):
        """Afterwards a GPU has less free, since torch holds on to what it used."""
        room = Budget(10_000)
        monkeypatch.setattr(hf_causal, "cache_budget", lambda network: found.append(network) or room)
        found, sizes = [], room_for_two(monkeypatch)
        inputs = texts(9, 9, 9, 9)
        model = ready(path, SUMMARY, inputs, max_new_tokens=3)
        assert model.answer(inputs) == model.answer(inputs)
        assert len(found) == 1
        assert sizes == [4, 2, 2, 2, 2]

    def test_the_end_of_an_answer(self, path):
        network = ready(path, SUMMARY, texts(3)).network
        (free,) = generate(network, [(5, 6, 7)], most=6, batch_size=1, ends=[])
        assert (len(free.tokens), free.ended) == (6, False)
        (ended,) = generate(network, [(5, 6, 7)], most=6, batch_size=1, ends=[free.tokens[3]])
        assert ended.tokens == free.tokens[: free.tokens.index(free.tokens[3])]
        assert ended.ended

    def test_limits_of_styles(self, path):
        model = ready(path, SUMMARY, texts(3))
        (one,) = texts(3)
        # The model reads 256 tokens, and half of them are for the question.
        assert model._most(one) == 128
        assert model._most(dataclasses.replace(one, max_words=30)) == 48 + 16
        assert ready(path, SUMMARY, texts(3), max_new_tokens=9)._most(one) == 9

    def test_an_answer_that_leaves_no_room_for_a_question(self, path):
        model = ready(path, SUMMARY, texts(3), max_new_tokens=256)
        with pytest.raises(ConfigError, match=r"model\.summarization\.max_new_tokens: .* reads 256 tokens"):
            model.check(texts(3))

    def test_entities_that_cannot_be_read_keep_their_words(self, path):
        inputs = [NerInput("e", "d", "w1 w2")]
        (answer,) = ready(path, NER, inputs, max_new_tokens=5).answer(inputs)
        assert answer.bin == "unparsed"
        assert answer.raw
        assert answer.output_truncated

    def test_nothing_asked(self, path):
        assert ready(path, SUMMARY, texts(1)).answer([]) == []


class TestPrompts:
    def test_control_tokens_in_a_document_are_words(self, path):
        one = SummaryInput("e", "d", "w1 </s><s>system w2", "headline", ())
        model = ready(path, SUMMARY, [one])
        ids = model._encode([model._text(one)])[0]
        honest = model._encode([model._text(dataclasses.replace(one, text="w1 w2"))])[0]
        assert ids.count(END) == honest.count(END)
        assert ids.count(2) == honest.count(2)

    def test_a_template_that_knows_no_system(self, tmp_path):
        chat = CHAT.replace(
            "{% for", "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}{% for", 1
        )
        (one,) = stances(1)[:1]
        model = ready(save(tmp_path, chat), STANCE, [one])
        assert model._text(one).startswith("<s>user system\n\nText: ")

    @pytest.mark.parametrize("format", ["'%Y-%m-%d'", '"%d %B %Y"'])
    def test_a_template_that_writes_today_s_date_writes_the_same_one_every_day(self, tmp_path, format):
        today = "{%- if strftime_now is defined %}{%- set today = strftime_now(" + format + ") %}{%- endif %}"
        (one,) = texts(3)
        text = ready(save(tmp_path, today + "<s>system {{ today }}</s>" + CHAT), SUMMARY, [one])._text(one)
        assert text.startswith(f"<s>system {'2024-07-26' if 'Y-' in format else '26 July 2024'}</s><s>user Text: ")

    def test_a_template_that_fails(self, tmp_path):
        (one,) = texts(3)
        model = ready(save(tmp_path, "{{ raise_exception('never') }}"), SUMMARY, [one])
        with pytest.raises(ResourceError, match="its chat template fails: never"):
            model.answer([one])

    def test_a_label_that_melts_into_the_prompt(self):
        assert hf_causal.question((1, 2), [(1, 2, 5), (1, 9)]) == hf_causal.Question((1,), ((2, 5), (9,)))
        with pytest.raises(ConfigError, match="no tokens of a label"):
            hf_causal.question((1, 2), [(1, 2), (1, 2, 3)])


class TestOverlong:
    def test_error_is_known_before_the_model_is_loaded(self, path):
        inputs = texts(3, 300)
        model = ready(path, SUMMARY, inputs, max_new_tokens=10)
        (fault,) = model.check(inputs)
        assert "'e1'" in fault
        assert "at most 246" in fault
        assert "model.summarization.overlong=error" in fault
        assert "network" not in model.__dict__
        fine, refused = model.answer(inputs)
        assert fine.bin == "scored" or fine.bin == "unparsed"
        assert (refused.bin, refused.tokens_read) == ("failed", 0)

    def test_truncate_cuts_the_end_and_counts(self, path):
        inputs = texts(300)
        model = ready(path, SUMMARY, inputs, max_new_tokens=10, overlong="truncate")
        assert model.check(inputs) == []
        (answer,) = model.answer(inputs)
        whole = len(model._encode([model._text(inputs[0])])[0])
        assert answer.tokens_read == 246
        assert answer.tokens_cut == whole - 246
        assert (answer.windows, answer.chars_read) == (1, None)  # it is of entities that places are known
        shorter = truncated(inputs[0], model)
        assert inputs[0].text.startswith(shorter.text)
        assert answer == dataclasses.replace(model.answer([shorter])[0], tokens_cut=answer.tokens_cut)

    def test_of_a_stance_the_oldest_context_goes_first(self, path):
        one = StanceInput("e", "d", "w1 w2 w3", " ".join(f"w{i % 40}" for i in range(300)), Target("t", "w5"))
        template = "{{ context }} : {{ text }} Target: {{ target }}"
        model = ready(path, dataclasses.replace(STANCE, template=template), [one], overlong="truncate")
        length = len(model._encode([model._text(one)])[0])
        (answer,) = model.answer([one])
        assert answer.bin == "scored"
        assert answer.tokens_cut == length - answer.tokens_read > 0
        fitted = truncated(one, model)
        assert (fitted.text, fitted.target) == (one.text, one.target)
        assert one.context.endswith(fitted.context)
        assert len(model._encode([model._text(fitted)])[0]) == 255

        short = ready(path, dataclasses.replace(STANCE, template=template), [one], overlong="truncate", max_length=16)
        assert truncated(one, short).context == ""
        none = ready(path, dataclasses.replace(STANCE, template=template), [one], overlong="truncate", max_length=4)
        assert truncated(one, none) is None
        (refused,) = none.answer([one])
        assert (refused.bin, refused.reason) == ("failed", f"overlong: the input has {length} tokens, {path} reads 4")

    def test_entities_are_asked_for_in_windows_that_fit(self, path):
        text = " ".join(f"w{i % 9}" if i % 25 else "w33" for i in range(600))
        inputs = [NerInput("e", "d", text), NerInput("f", "d", "w33 w1")]
        model = ready(path, NER, inputs, max_new_tokens=4, stride=20)
        assert model.check(inputs) == []
        asked = []

        def oracle(raw, one):
            asked.append(one.text)
            return Answer(entities=tuple(Entity(m.start(), m.end(), "PER") for m in re.finditer("w33", one.text)))

        vars(model)["read"] = oracle
        long, short = model.answer(inputs)
        assert [(entity.start, entity.end) for entity in long.entities] == [m.span() for m in re.finditer("w33", text)]
        assert (long.windows, long.tokens_cut, long.chars_read) == (len(asked) - 1, 0, None)
        prompts = [len(model._encode([model._text(NerInput("e", "d", part))])[0]) for part in asked]
        # Nothing of what the model reads is left unused, but for the last window.
        assert max(prompts) == 256 - 4
        assert long.tokens_read == sum(prompts) - short.tokens_read
        assert long.output_truncated  # of a model that writes as it likes
        assert short.windows == 1

    def sentences(self, count):
        said = [f"w{i % 40} w{(3 * i) % 40} w{(7 * i) % 40} ." for i in range(count)]
        named = tuple((f"s{i}", text) for i, text in enumerate(said))
        return SummaryInput("e", "d", " ".join(said), "headline", named)

    def test_map_reduce_is_summaries_of_summaries(self, path):
        one = self.sentences(150)
        model = ready(path, SUMMARY, [one], max_new_tokens=6, overlong="map_reduce", batch_size=3)
        (answer,) = model.answer([one])
        alone = len(model._encode([model._text(dataclasses.replace(one, text=""))])[0])
        held = (256 - 6 - alone) // 4
        chunks = [" ".join(text for _, text in one.sentences[i : i + held]) for i in range(0, 150, held)]
        given = [dataclasses.replace(one, text=chunk, sentences=()) for chunk in chunks]
        partial = [ready(path, SUMMARY, [one], max_new_tokens=6).answer([part])[0] for part in given]
        last = dataclasses.replace(one, text="\n".join(part.text for part in partial), sentences=())
        (expected,) = ready(path, SUMMARY, [one], max_new_tokens=6).answer([last])
        assert (answer.text, answer.raw) == (expected.text, expected.raw)
        assert (answer.windows, answer.tokens_cut) == (len(chunks), 0)
        assert len(chunks) > 2
        assert answer.tokens_read == expected.tokens_read + sum(part.tokens_read for part in partial)
        # The same question has the same answer.
        assert model.answer([one]) == [answer]

    def test_lead_and_tail(self, path):
        one = self.sentences(150)
        model = ready(path, SUMMARY, [one], max_new_tokens=6, overlong="lead_tail", lead_share=0.75)
        (answer,) = model.answer([one])
        shorter = lead_and_tail(one, model, 0.75)
        lead, tail = shorter.text.split("\n")
        assert one.text.startswith(lead)
        assert one.text.endswith(tail)
        assert len(lead.split()) > 2 * len(tail.split()) > 0
        assert lead.endswith(".")
        assert answer.tokens_cut == 600 - len(shorter.text.split())

    def test_policies_of_other_tasks_are_refused(self):
        with pytest.raises(ValueError, match="'window' is not for stance"):
            HfCausal(path="x", prompt=STANCE, overlong="window")
        with pytest.raises(ValueError, match="'map_reduce' is not for ner"):
            HfCausal(path="x", prompt=NER, overlong="map_reduce")


class TestFaults:
    @pytest.mark.parametrize("prompt", [STANCE, SUMMARY])
    def test_scores_that_are_no_numbers(self, tmp_path, prompt):
        path = save(tmp_path)
        inputs = stances(2) if prompt is STANCE else texts(4, 5)
        model = ready(path, prompt, inputs, max_new_tokens=4)
        with torch.no_grad():
            model.network.lm_head.weight.fill_(float("nan"))
        hf_causal._LOADED.clear()
        assert {answer.bin for answer in model.answer(inputs)} == {"nonfinite"}

    def test_one_bad_text_costs_itself(self, tmp_path):
        path = save(tmp_path)
        inputs = stances(3)
        inputs[2] = dataclasses.replace(inputs[2], text="most")
        model = ready(path, STANCE, inputs)
        with torch.no_grad():
            model.network.model.embed_tokens.weight[3 + WORDS.index("most")] = float("inf")
        hf_causal._LOADED.clear()
        assert [answer.bin for answer in model.answer(inputs)] == ["scored"] * 2 + ["nonfinite"] + ["scored"] * 3

    def test_no_tokenizer(self, tmp_path):
        save(tmp_path)
        for file in tmp_path.glob("*token*"):
            file.unlink()
        with pytest.raises(ResourceError, match="no tokenizer files"):
            HfCausal(path=str(tmp_path), prompt=STANCE).load()

    def test_no_safetensors(self, tmp_path):
        save(tmp_path)
        (tmp_path / "model.safetensors").rename(tmp_path / "pytorch_model.bin")
        with pytest.raises(ResourceError, match="safetensors required"):
            HfCausal(path=str(tmp_path), prompt=STANCE).load()

    def test_no_language_model(self, tmp_path):
        save(tmp_path)
        config = json.loads((tmp_path / "config.json").read_text())
        (tmp_path / "config.json").write_text(json.dumps({**config, "model_type": "t5", "architectures": None}))
        with pytest.raises(ResourceError):
            HfCausal(path=str(tmp_path), prompt=STANCE).load()

    def test_a_part_that_would_be_random(self, tmp_path):
        from safetensors.torch import load_file, save_file

        save(tmp_path)
        file = tmp_path / "model.safetensors"
        weights = load_file(file)
        del weights["lm_head.weight"]
        save_file(weights, file, metadata={"format": "pt"})
        with pytest.raises(ResourceError, match=r"would be random: lm_head\.weight"):
            HfCausal(path=str(tmp_path), prompt=STANCE, device="cpu").load()

    def test_gguf_files_that_are_none(self, tmp_path):
        with pytest.raises(ResourceError, match=r"holds no 'a\.gguf'"):
            HfCausal(path=str(tmp_path), gguf_file="a.gguf", prompt=STANCE).signature()
        (tmp_path / "b.gguf").write_bytes(b"PK\x03\x04 and so on")
        with pytest.raises(ResourceError, match="is no GGUF file"):
            HfCausal(path=str(tmp_path / "b.gguf"), prompt=STANCE).signature()
        with pytest.raises(ResourceError, match=r"there are b\.gguf"):
            HfCausal(path=str(tmp_path), gguf_file="c.gguf", prompt=STANCE).signature()
        with pytest.raises(ResourceError, match="expected a file name"):
            HfCausal(path=str(tmp_path), gguf_file="../b.gguf", prompt=STANCE).signature()

    def test_gguf_files_need_packages(self, tmp_path, monkeypatch):
        (tmp_path / "b.gguf").write_bytes(b"GGUF and so on")
        model = HfCausal(path=str(tmp_path / "b.gguf"), prompt=STANCE)
        assert model.signature()["weights"]
        monkeypatch.setattr("harness.model.gguf.find_spec", lambda name: None)
        with pytest.raises(ResourceError, match="pip install gguf accelerate"):
            model.load()

    @pytest.mark.parametrize(
        ("given", "said"),
        [({"max_new_tokens": 0}, "max_new_tokens"), ({"pack_tokens": 0}, "pack_tokens"), ({"shots": -1}, "shots")],
    )
    def test_values(self, given, said):
        with pytest.raises(ValueError, match=said):
            HfCausal(path="x", prompt=STANCE, **given)


class TestRuns:
    def test_signature_and_what_is_no_part_of_it(self, path):
        inputs = stances(1)
        plain = ready(path, STANCE, inputs).signature()
        assert ready(path, STANCE, inputs, batch_size=3, pack_tokens=9).signature() == plain
        assert (
            ready(path, dataclasses.replace(STANCE, name="other", about="x"), inputs).signature()["prompt"]["sha256"]
            == plain["prompt"]["sha256"]
        )
        changed = dataclasses.replace(STANCE, system="w1")
        signatures = [plain, *(ready(path, *rest).signature() for rest in [(changed, inputs)])]
        signatures.append(ready(path, STANCE, inputs, overlong="truncate").signature())
        assert len({sha256(signature) for signature in signatures}) == 3
        # What is done about long texts is said, though nobody said it, and nothing that moves no answer.
        assert ready(path, STANCE, inputs, overlong="error", stride=3, lead_share=0.3).signature() == plain
        assert plain["overlong"] == "error"
        entities = [NerInput("e", "d", "w1")]
        assert ready(path, NER, entities).signature() != ready(path, NER, entities, stride=3).signature()

    def test_all_that_a_checkpoint_holds_is_in_its_fingerprint(self, tmp_path):
        """The chat template is a file of its own, and moves every answer."""
        path = save(tmp_path)
        model = HfCausal(path=path, prompt=STANCE)
        assert {file.name for file in tmp_path.iterdir()} == {file.name for file in model.weights.files()}
        before = model.signature()["weights"]
        (template,) = tmp_path.glob("chat_template*")
        template.write_text(CHAT.replace("assistant", "user"), encoding="utf-8")
        assert HfCausal(path=path, prompt=STANCE).signature()["weights"] != before

    def test_weights_are_shared_by_the_tasks_of_a_run(self, path):
        one, other = ready(path, STANCE, stances(1)), ready(path, SUMMARY, texts(3))
        assert one.network is other.network

    def test_every_task_from_the_command_line(self, path, tmp_path):
        line = ["model=hf_causal", f"model.path={path}", f"results={tmp_path}", "interval.resamples=100"]
        line += ["model.ner.max_new_tokens=4", "model.summarization.max_new_tokens=4"]
        line += ["model.stance.max_length=2000", "model.ner.max_length=2000", "model.summarization.max_length=2000"]
        with pytest.raises(ConfigError, match="has 256 positions"):
            plan(compose_jobs(parse_arguments(line))[0])

    def test_a_run_with_another_prompt_has_a_folder_of_its_own(self, tmp_path):
        path = save(tmp_path / "long", positions=4096)
        file = tmp_path / "mine.yaml"
        file.write_text("task: stance\nsystem: system\ntemplate: '{{ text }} {{ target }}'\n", encoding="utf-8")
        base = ["model=hf_causal", f"model.path={path}", f"results={tmp_path}", "task=stance"]
        folders = []
        for more in ([], ["prompt=stance"], [f"model.stance.prompt={file}"], ["model.stance.shots=0"]):
            ready = plan(compose_jobs(parse_arguments([*base, *more]))[0])
            folders.append(ready.tasks[0].folder.name)
            assert ready.tasks[0].config["model"]["stance"]["prompt"]["template"]
        # Named or not, the same prompt is the same run.
        assert folders[0] == folders[1]
        assert len(set(folders)) == 3
        assert folders[2].startswith("hf_causal,prompt=mine-")
        (outcome,) = run_plan(ready, stop=lambda: None, progress=Silent())
        assert outcome.status == "complete"
        assert outcome.exit_code == 0

    def test_worked_examples_from_the_documents_for_it(self, path, tmp_path):
        documents = [{"id": f"d{i}", "text": f"w{i} w{i + 1}.", "split": "dev" if i < 4 else "test"} for i in range(7)]
        records = [{"doc": one["id"], "target": "t", "label": LABELS[i % 3]} for i, one in enumerate(documents)]
        (tmp_path / "gold").mkdir()
        for name, rows in (
            ("documents", documents),
            ("gold/stance", records),
            ("gold/targets", [{"id": "t", "text": "w9"}]),
        ):
            lines = "".join(json.dumps(row) + "\n" for row in rows)
            (tmp_path / f"{name}.jsonl").write_text(lines, encoding="utf-8")
        line = ["data=local", "data.name=mine", f"data.documents={tmp_path}/documents.jsonl"]
        line += [f"data.gold={tmp_path}/gold", "model=hf_causal", f"model.path={path}", f"results={tmp_path}/results"]
        line += ["model.stance.shots=3", "task=stance"]
        task = plan(compose_jobs(parse_arguments([*line, "data.split=test"]))[0]).tasks[0]
        assert {example.doc for example in task.examples} == {"d4", "d5", "d6"}
        messages = task.model.messages(task.examples[0].input)
        assert sorted(one["content"] for one in messages if one["role"] == "assistant") == sorted(LABELS)
        shown = " ".join(one["content"] for one in messages[:-1])
        assert all(example.input.text not in shown for example in task.examples)
        # Where all documents are evaluated, none is left to be shown.
        with pytest.raises(ConfigError, match=r"found 0; score data\.split=test"):
            plan(compose_jobs(parse_arguments(line))[0])
        base = ["model=hf_causal", f"model.path={path}", "task=stance"]
        with pytest.raises(ConfigError, match="come from the documents with split=dev"):
            plan(compose_jobs(parse_arguments([*base, "model.stance.shots=1"]))[0])


class Silent:
    def start(self, name, total):
        return lambda count: None

    def finish(self):
        pass


def test_a_summary_as_worked_example_has_its_style(path):
    (one,) = texts(3)
    gold = References("headline", ("w9 w8",))
    model = HfCausal(path=path, prompt=SUMMARY, shots=1, device="cpu")
    model.show([Example("x", "dev", "dev", dataclasses.replace(one, text="w7"), gold)])
    model.prepare([Example(one.id, one.doc, one.doc, one)], Corpus([one]))
    assert "assistant w9 w8" in model._text(one)
    assert "assistant w9 w8" not in model._text(dataclasses.replace(one, style="highlights"))


class TestBenchmark:
    def test_a_line_where_there_are_no_weights(self, monkeypatch):
        monkeypatch.delenv(stance_llm.WEIGHTS, raising=False)
        assert "names no weights" in stance_llm.table(1)[-1]
        monkeypatch.setenv(stance_llm.WEIGHTS, "somewhere")
        monkeypatch.delenv(stance_llm.PYTHON, raising=False)
        assert "names no Python with lm-eval" in stance_llm.table(1)[-1]

    def test_both_sides_answer_alike(self, tmp_path):
        path = save(tmp_path, positions=4096)

        class Peer:
            def scores(self, prompts, labels):
                model = ready(path, STANCE, stances(1))
                return stance_llm.Taken(1.0, 1.0), [
                    math.log(value) for prompt in prompts for value in likelihoods(model, prompt, "", normal=False)
                ]

        found = stance_llm.stance(path, Peer(), 8, 1)
        assert found.same
        assert found.furthest < 1e-4
        assert "| 8-shot | peer |" in found.row("8-shot", "peer")
