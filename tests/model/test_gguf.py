"""GGUF files: one written here from a small random model answers as the model does."""

import re

import gguf
import pytest
import tokenizers
import torch
import transformers

from harness.errors import ResourceError
from harness.model.hf_causal import HfCausal
from harness.model.prompts import Prompt
from harness.records import Example, StanceInput, SummaryInput, Target

pytestmark = pytest.mark.core
# The model is so small that threads would only wait for each other.
torch.set_num_threads(1)

LABELS = ("favor", "against", "none")
STANCE = Prompt(task="stance", name="plain", system="system", template="Text: {{ text }} Target: {{ target }}")
SUMMARY = Prompt(task="summarization", name="short", template="Text: {{ text }}")
CHAT = (
    "{% for message in messages %}{{ message['role'] }} {{ message['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}assistant {% endif %}"
)
LETTERS = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
# Each label is one token, so that none is likelier for being shorter.
MERGES = [(label[:end], label[end]) for label in LABELS for end in range(1, len(label))]
MERGES += [("t", "h"), ("th", "e"), ("Ġ", "w"), ("o", "n"), ("on", "e")]
TOKENS = [*LETTERS, *(a + b for a, b in MERGES), "<|end|>"]
END = len(TOKENS) - 1
# What a tensor of transformers is called in a file of llama.cpp.
NAMES = {
    r"model\.embed_tokens": "token_embd", r"model\.norm": "output_norm", "lm_head": "output",
    r"model\.layers\.(\d+)\.input_layernorm": r"blk.\1.attn_norm",
    r"model\.layers\.(\d+)\.post_attention_layernorm": r"blk.\1.ffn_norm",
    r"model\.layers\.(\d+)\.self_attn\.o_proj": r"blk.\1.attn_output",
    r"model\.layers\.(\d+)\.self_attn\.(\w)_proj": r"blk.\1.attn_\2",
    r"model\.layers\.(\d+)\.mlp\.(\w+)_proj": r"blk.\1.ffn_\2",
}  # fmt: skip


def tokenizer():
    core = tokenizers.Tokenizer(tokenizers.models.BPE({token: i for i, token in enumerate(TOKENS)}, MERGES))
    core.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = tokenizers.decoders.ByteLevel()
    made = transformers.PreTrainedTokenizerFast(tokenizer_object=core, eos_token="<|end|>")
    made.chat_template = CHAT
    return made


def model():
    torch.manual_seed(5)
    return transformers.Qwen2ForCausalLM(
        transformers.Qwen2Config(
            vocab_size=len(TOKENS),
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=256,
            initializer_range=0.5,
            tie_word_embeddings=False,
            eos_token_id=END,
            bos_token_id=None,
            pad_token_id=None,
        )
    )


def write(file, network, quantize=None):
    """The model as llama.cpp keeps it; `quantize` is the number format of its matrices."""
    config = network.config
    writer = gguf.GGUFWriter(file, "qwen2")
    writer.add_name("made")
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(TOKENS)
    writer.add_token_types([gguf.TokenType.NORMAL] * END + [gguf.TokenType.CONTROL])
    writer.add_token_merges([" ".join(pair) for pair in MERGES])
    writer.add_eos_token_id(END)
    writer.add_chat_template(CHAT)
    for name, tensor in network.state_dict().items():
        for pattern, other in NAMES.items():
            name = re.sub(f"^{pattern}\\.", f"{other}.", name)
        values = tensor.numpy()
        if quantize is not None and values.ndim == 2:
            values = gguf.quants.quantize(values, quantize)
            writer.add_tensor(name, values, raw_dtype=quantize)
        else:
            writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return str(file)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The model as transformers keeps it, and in the folder beside it as GGUF."""
    folder = tmp_path_factory.mktemp("made")
    network = model()
    network.save_pretrained(folder / "plain")
    tokenizer().save_pretrained(folder / "plain")
    (folder / "gguf").mkdir()
    write(folder / "gguf" / "whole.gguf", network)
    write(folder / "gguf" / "small.gguf", network, gguf.GGMLQuantizationType.Q8_0)
    return folder


class Corpus:
    stance_labels = LABELS

    def __init__(self, inputs):
        self.documents = {one.doc: one for one in inputs}


def answers(inputs, prompt, **given):
    made = HfCausal(prompt=prompt, device="cpu", **given)
    made.prepare([Example(one.id, one.doc, one.doc, one) for one in inputs], Corpus(inputs))
    return made.answer(inputs)


def stances():
    texts = ("the one with wool", "Überall nur Wörter", "w w one one the the")
    return [StanceInput(f"e{i}", f"d{i}", text, "", Target("a", "wool")) for i, text in enumerate(texts)]


def test_it_answers_as_the_model_that_it_was_made_of(folder):
    inputs = stances()
    plain = answers(inputs, STANCE, path=str(folder / "plain"))
    read = answers(inputs, STANCE, path=str(folder / "gguf" / "whole.gguf"))
    for one, other in zip(read, plain, strict=True):
        assert one.label == other.label
        assert one.tokens_read == other.tokens_read
        assert [one.scores[label] for label in LABELS] == pytest.approx(
            [other.scores[label] for label in LABELS], abs=1e-5
        )
    assert len({round(one.scores["favor"], 4) for one in read}) == len(inputs)


def test_it_writes_as_the_model_that_it_was_made_of(folder):
    inputs = [SummaryInput("e0", "d0", "the one with wool", "headline", ())]
    given = {"prompt": SUMMARY, "max_new_tokens": 12}
    (plain,) = answers(inputs, path=str(folder / "plain"), **given)
    (read,) = answers(inputs, path=str(folder / "gguf"), gguf_file="whole.gguf", **given)
    assert read.text == plain.text
    assert read.text


def test_a_quantized_file_is_near_it(folder, capfd):
    inputs = stances()
    whole, small = (answers(inputs, STANCE, path=str(folder / "gguf" / f"{name}.gguf")) for name in ("whole", "small"))
    moved = [
        abs(one.scores[label] - other.scores[label])
        for one, other in zip(whole, small, strict=True)
        for label in LABELS
    ]
    assert 0 < max(moved) < 0.01
    # The progress bar of the reader is not shown.
    assert capfd.readouterr() == ("", "")


def test_the_signature_is_that_of_the_file(folder):
    made = [HfCausal(path=str(folder / "gguf"), gguf_file=f"{name}.gguf", prompt=STANCE) for name in ("whole", "small")]
    one, other = (model.signature()["weights"] for model in made)
    assert one != other


@pytest.mark.parametrize("kept", [100, 20_000], ids=["in its description", "in its weights"])
def test_a_file_that_was_cut_off(folder, tmp_path, kept):
    whole = (folder / "gguf" / "whole.gguf").read_bytes()
    assert len(whole) > 2 * kept
    (tmp_path / "cut.gguf").write_bytes(whole[:kept])
    with pytest.raises(ResourceError, match=r"cut\.gguf: cannot be loaded"):
        HfCausal(path=str(tmp_path / "cut.gguf"), prompt=STANCE, device="cpu").load()


def test_a_version_that_nobody_knows(tmp_path):
    (tmp_path / "new.gguf").write_bytes(b"GGUF" + (99).to_bytes(4, "little") + bytes(64))
    with pytest.raises(ResourceError, match=r"new\.gguf: cannot be loaded"):
        HfCausal(path=str(tmp_path / "new.gguf"), prompt=STANCE, device="cpu").load()


def test_an_adapter_beside_the_file(folder, tmp_path):
    """It would be put on the file's weights, as hf_* kinds refuse it too."""
    (tmp_path / "made.gguf").write_bytes((folder / "gguf" / "whole.gguf").read_bytes())
    (tmp_path / "adapter_config.json").write_text("{}")
    with pytest.raises(ResourceError, match="PEFT adapter"):
        HfCausal(path=str(tmp_path / "made.gguf"), prompt=STANCE).signature()
