"""Likeness by an encoder, against bert-score's numbers and against a matching written out with numpy."""

import numpy as np
import pytest

from harness.errors import ConfigError, ResourceError
from harness.judge.hf_encoder import HfEncoder
from harness.resources import resolve

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
tokenizers = pytest.importorskip("tokenizers")

pytestmark = pytest.mark.core
# These models are so small that threads would only wait for each other.
torch.set_num_threads(1)

TINY = "package:weights/tiny_ner"
PAIRS = [
    ("Ada Example told the Springfield Herald on Monday.", "The Herald reported on Monday what Ada Example said."),
    ("12 bridges in Norway need repairs.", "A dozen Norwegian bridges must be mended."),
    ("😀 zzzqq Łódź", "Łódź smiles 😀."),
    ("The cat sat on the mat.", "The cat sat on the mat."),
    (
        "No.",
        "Russia's Ministry of Defence said that conscription of foreign workers would go on until 2030, experts say.",
    ),
]
# Precision, recall and F1 of bert-score 0.3.13 with the same folder as model, `num_layers` = the layer, idf off, no
# baseline, float32.
BERT_SCORE = {
    2: [
        (0.9230836, 0.957015, 0.9397432),
        (0.8853784, 0.8593944, 0.8721929),
        (0.8033843, 0.8959672, 0.8471537),
        (1.0, 1.0, 1.0),
        (0.9026883, 0.6503102, 0.7559922),
    ],
    3: [
        (0.8772045, 0.9087872, 0.8927166),
        (0.8300768, 0.8355002, 0.8327796),
        (0.804808, 0.9768447, 0.8825204),
        (1.0, 1.0, 1.0),
        (0.9845331, 0.7391408, 0.8443692),
    ],
}


def asked(*pairs):
    return [{"text": text, "reference": reference} for text, reference in pairs]


def bert(folder, words, *, positions=12, special=True, change=None, **more):
    """A random BERT over a handful of words, reading at most `positions` tokens."""
    torch.manual_seed(3)
    marks = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    vocabulary = {word: i for i, word in enumerate([*marks, *words])}
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="[UNK]"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    if special:
        made.post_processor = tokenizers.processors.TemplateProcessing(
            single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
        )
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]",
        model_input_names=["input_ids", "attention_mask"],
    ).save_pretrained(folder)  # fmt: skip
    config = transformers.BertConfig(
        vocab_size=len(vocabulary), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=positions, initializer_range=0.5,
    )  # fmt: skip
    model = more.get("model", transformers.BertModel)(config)
    if change:
        with torch.no_grad():
            change(model)
    model.save_pretrained(folder)
    return str(folder)


WORDS = [f"w{n}" for n in range(40)]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return bert(tmp_path_factory.mktemp("small"), WORDS)


def matched_by_hand(text, reference, own_text, own_reference):
    """Precision and recall in plain loops over unit vectors in double precision."""

    def best(one, others):
        return max(float(np.dot(one, o) / np.linalg.norm(one) / np.linalg.norm(o)) for o in others)

    precision = [best(one, reference) for one, own in zip(text, own_text, strict=True) if own]
    recall = [best(one, text) for one, own in zip(reference, own_reference, strict=True) if own]
    return sum(precision) / len(precision), sum(recall) / len(recall)


def states(path, text, layer):
    """The layer's vectors of one text read alone, and which tokens are its own."""
    folder = resolve(path) if path.startswith("package:") else path
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    encoded = tokenizer(text, return_tensors="pt", return_special_tokens_mask=True)
    own = [not special for special in encoded.pop("special_tokens_mask")[0].tolist()]
    with torch.inference_mode():
        found = model(**encoded, output_hidden_states=True).hidden_states[layer][0]
    return found.double().numpy(), own


@pytest.mark.parametrize("layer", BERT_SCORE)
def test_equals_bert_score(layer):
    found = HfEncoder(path=TINY, layer=layer, device="cpu").judge(asked(*PAIRS))
    for finding, expected in zip(found, BERT_SCORE[layer], strict=True):
        assert [finding[name] for name in ("precision", "recall", "f1")] == pytest.approx(expected, abs=5e-6)


@pytest.mark.parametrize("layer", [0, 1, 3])
def test_equals_a_matching_written_out(layer):
    found = HfEncoder(path=TINY, layer=layer, device="cpu").judge(asked(*PAIRS[:3]))
    for finding, (text, reference) in zip(found, PAIRS, strict=False):
        (one, own_one), (other, own_other) = states(TINY, text, layer), states(TINY, reference, layer)
        precision, recall = matched_by_hand(one, other, own_one, own_other)
        assert finding["precision"] == pytest.approx(precision, abs=1e-5)
        assert finding["recall"] == pytest.approx(recall, abs=1e-5)
        assert finding["f1"] == pytest.approx(2 * precision * recall / (precision + recall), abs=1e-5)


def test_no_layer_means_the_last(small):
    questions = asked(("w1 w2 w3", "w4 w2"))
    assert HfEncoder(path=small).judge(questions) == HfEncoder(path=small, layer=2).judge(questions)
    assert HfEncoder(path=small).judge(questions) != HfEncoder(path=small, layer=1).judge(questions)


def test_company_and_order_move_nothing():
    alone = [HfEncoder(path=TINY, batch_size=1).judge(asked(pair))[0] for pair in PAIRS]
    together = HfEncoder(path=TINY, batch_size=64).judge(asked(*PAIRS[::-1]))[::-1]
    for one, other in zip(alone, together, strict=True):
        assert one == pytest.approx(other, abs=1e-5)


def test_sides_exchanged_exchange_precision_and_recall():
    (one,), (other,) = (HfEncoder(path=TINY).judge(asked(pair)) for pair in (PAIRS[0], PAIRS[0][::-1]))
    assert one["precision"] == pytest.approx(other["recall"], abs=1e-6)
    assert one["recall"] == pytest.approx(other["precision"], abs=1e-6)
    assert one["precision"] != pytest.approx(one["recall"], abs=1e-3)


@pytest.mark.parametrize("text", ["The cat sat.", "😀", "Łódź 北京 😀😀", "x", "w " * 700])
def test_a_text_and_itself_are_alike(text):
    (found,) = HfEncoder(path=TINY).judge(asked((text, f"  {text}\n")))
    assert found == pytest.approx({"precision": 1.0, "recall": 1.0, "f1": 1.0}, abs=1e-5)


@pytest.mark.parametrize("pair", [("", "w1"), ("w1", ""), ("", ""), (" \n", "w1"), ("\u200b", "w1")])
def test_a_side_without_tokens_has_no_finding(pair):
    assert HfEncoder(path=TINY).judge(asked(pair, ("w1", "w2")))[0] is None


def test_nothing_asked(small):
    assert HfEncoder(path=small).judge([]) == []


def test_a_long_text_is_read_in_windows_and_nothing_is_left_out(small):
    # The model reads 12 tokens, 10 beside the special ones.
    words = WORDS[:25]
    (found,) = HfEncoder(path=small, layer=1).judge(asked((" ".join(words), "w3 w30 w24")))
    parts = [states(small, " ".join(words[first : first + 10]), 1) for first in (0, 10, 20)]
    text = np.concatenate([vectors for vectors, _ in parts])
    own = [one for _, several in parts for one in several]
    assert sum(own) == 25
    reference, own_reference = states(small, "w3 w30 w24", 1)
    precision, recall = matched_by_hand(text, reference, own, own_reference)
    assert found["precision"] == pytest.approx(precision, abs=1e-5)
    assert found["recall"] == pytest.approx(recall, abs=1e-5)
    # A cut text would be alike to its beginning.
    (cut,) = HfEncoder(path=small, layer=1).judge(asked((" ".join(words), " ".join(words[:10]))))
    assert cut["precision"] < 0.999


def test_tokens_are_counted_as_they_are_read(small):
    """By the tokenizer alone, text by text: special tokens count, padding does not, and equal texts are read once."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(small)
    given = [("w1 w2 w3", "w4"), ("w1 w2 w3", "w5 w6"), ("", "w4"), (" w4 ", "w4")]
    texts = {text for pair in given for text in pair}
    for batch_size in (1, 8):
        encoder = HfEncoder(path=small, batch_size=batch_size)
        encoder.judge(asked(*given))
        # Blanks at the ends are not read, but the text is another one.
        read = sum(len(tokenizer(text.strip())["input_ids"]) for text in texts)
        assert encoder.spent()["usage"] == {"input_tokens": read, "output_tokens": 0}
        assert encoder.spent()["cost"] is None
        # 25 words are read ten at a time, each time between two special tokens.
        encoder.judge(asked((" ".join(WORDS[:25]), "w4")))
        assert encoder.usage["input_tokens"] == read + (25 + 3 * 2) + (1 + 2)


def test_fewer_tokens_at_once_are_smaller_windows(small):
    text = " ".join(WORDS[:9])
    whole, windows = (HfEncoder(path=small, max_length=n).judge(asked((text, "w3")))[0] for n in (None, 6))
    assert whole != windows
    with pytest.raises(ConfigError, match="12 positions, got 13"):
        HfEncoder(path=small, max_length=13).check()


@pytest.mark.parametrize("layer", [-1, 4, 99])
def test_a_layer_that_is_not_there_is_refused_before_weights_are_read(layer, monkeypatch):
    monkeypatch.setattr(transformers.AutoModel, "from_pretrained", None)
    with pytest.raises(ConfigError, match=rf"layers 0 \(the embeddings\) to 3, got {layer}"):
        HfEncoder(path=TINY, layer=layer).check()
    HfEncoder(path=TINY, layer=3).check()


def test_numbers_that_are_not_finite_are_no_finding(tmp_path):
    def spoil(model):
        model.embeddings.word_embeddings.weight[5] = float("nan")  # w1

    path = bert(tmp_path, WORDS, change=spoil)
    bad, good = HfEncoder(path=path).judge(asked(("w1 w2", "w3"), ("w2 w4", "w3")))
    assert bad is None
    assert good is not None


def test_a_checkpoint_without_a_pooler_will_do(tmp_path):
    path = bert(tmp_path, WORDS, model=transformers.BertForTokenClassification)
    assert HfEncoder(path=path).judge(asked(("w1", "w1")))[0]["f1"] == pytest.approx(1.0)


def test_a_checkpoint_without_some_layer_will_not(tmp_path):
    from safetensors.torch import load_file, save_file

    path = bert(tmp_path, WORDS)
    weights = load_file(f"{path}/model.safetensors")
    kept = {name: value for name, value in weights.items() if ".layer.1.attention.self.query" not in name}
    assert len(kept) < len(weights)
    save_file(kept, f"{path}/model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ResourceError, match="would be random"):
        HfEncoder(path=path).judge(asked(("w1", "w2")))


def test_without_special_tokens(tmp_path):
    path = bert(tmp_path, WORDS, special=False)
    (found,) = HfEncoder(path=path).judge(asked(("w1 w2", "w3")))
    (one, own_one), (other, own_other) = states(path, "w1 w2", 2), states(path, "w3", 2)
    assert all(own_one)
    expected = matched_by_hand(one, other, own_one, own_other)
    assert (found["precision"], found["recall"]) == pytest.approx(expected, abs=1e-5)


def test_byte_level_tokenizers_read_the_first_word_as_one_inside_a_text(tmp_path):
    """bert-score asks RoBERTa's tokenizer for a space before the text."""
    byte_level = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    names = [
        "<s>",
        "<pad>",
        "</s>",
        "<unk>",
        "<mask>",
        *sorted(byte_level.alphabet()),
        "Ġc",
        "Ġca",
        "Ġcat",
        "ca",
        "cat",
    ]
    vocabulary = {name: i for i, name in enumerate(names)}
    merges = [("Ġ", "c"), ("Ġc", "a"), ("Ġca", "t"), ("c", "a"), ("ca", "t")]
    tokenizer = transformers.RobertaTokenizerFast(vocab=vocabulary, merges=merges)
    tokenizer.save_pretrained(tmp_path)
    torch.manual_seed(0)
    config = transformers.RobertaConfig(
        vocab_size=len(names), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=40, pad_token_id=1, initializer_range=0.5,
    )  # fmt: skip
    transformers.RobertaModel(config).save_pretrained(tmp_path)
    # Layer 0 is the embeddings of word and place: without the space the one word would be another token.
    judge = HfEncoder(path=str(tmp_path), layer=0)
    read = []
    tokenizer = judge.tokenizer
    assert tokenizer.tokenize("cat") == ["cat"]
    judge.__dict__["tokenizer"] = RobertaListening(tokenizer, read)
    judge.judge(asked(("cat", "  cat cat")))
    assert [tokenizer.tokenize(text) for text in read] == [["Ġcat"], ["Ġcat", "Ġcat"]]


class RobertaListening:
    """A tokenizer that notes what it is given; it goes by its class's name."""

    def __init__(self, tokenizer, read):
        self.tokenizer, self.read = tokenizer, read

    def __call__(self, texts, **more):
        self.read += texts
        return self.tokenizer(texts, **more)

    def __getattr__(self, name):
        return getattr(self.tokenizer, name)


def test_the_signature_moves_with_what_moves_findings(small):
    base = HfEncoder(path=small)
    assert base.signature() == HfEncoder(path=small, batch_size=3, device="cpu").signature()
    assert base.signature() != HfEncoder(path=small, layer=1).signature()
    assert base.signature() != HfEncoder(path=small, dtype="bfloat16").signature()


def test_missing_weights_name_the_path(tmp_path):
    with pytest.raises(ResourceError, match="nowhere"):
        HfEncoder(path=str(tmp_path / "nowhere")).signature()


def test_of_an_encoder_decoder_the_encoder_is_asked():
    path = "package:weights/tiny_summarization"
    judge = HfEncoder(path=path)
    if not judge.config.is_encoder_decoder:
        pytest.fail("the shipped summarizer is no encoder-decoder any more")
    judge.check()
    first, second = judge.judge(asked(("The cat sat.", "The cat sat."), ("The cat sat.", "Norway needs bridges.")))
    assert first["f1"] == pytest.approx(1.0, abs=1e-5)
    assert second["f1"] < 0.999
