"""Entailment probabilities against the bare model's softmax, and what is done with odd checkpoints and long texts."""

import pytest

from harness.errors import ConfigError, ResourceError
from harness.judge.hf_nli import HfNli
from tests.made_tokenizers import encoder_tokenizer

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

pytestmark = pytest.mark.core
# These models are so small that threads would only wait for each other.
torch.set_num_threads(1)

WORDS = ["good", "bad", "the", "tax", "plan", "war", "is", "nobody", "likes", "rain", "falls"]
IDS = encoder_tokenizer(WORDS).get_vocab()


def save(folder, labels, positions=16, change=None):
    torch.manual_seed(2)
    names = ["input_ids", "token_type_ids", "attention_mask"]
    encoder_tokenizer(WORDS, model_input_names=names).save_pretrained(folder)
    config = transformers.BertConfig(
        vocab_size=len(IDS), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=positions, initializer_range=0.5,
        id2label=dict(enumerate(labels)), label2id={label: i for i, label in enumerate(labels)},
    )  # fmt: skip
    model = transformers.BertForSequenceClassification(config)
    if change:
        with torch.no_grad():
            change(model)
    model.save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def nli(tmp_path_factory):
    return save(tmp_path_factory.mktemp("nli"), ("entailment", "neutral", "contradiction"))


def asked(*pairs):
    return [{"premise": premise, "hypothesis": hypothesis} for premise, hypothesis in pairs]


def bare(path, premise, hypothesis):
    """Probabilities of one pair written out as ids: [CLS] premise [SEP] hypothesis [SEP]."""
    model = transformers.BertForSequenceClassification.from_pretrained(path)
    one, other = ([IDS[word] for word in text.split()] for text in (premise, hypothesis))
    types = [0] * (len(one) + 2) + [1] * (len(other) + 1)
    with torch.inference_mode():
        logits = model(torch.tensor([[2, *one, 3, *other, 3]]), token_type_ids=torch.tensor([types])).logits[0]
    return logits.softmax(-1).tolist()


PAIRS = [("the war is bad", "the plan is good"), ("rain falls", "rain falls"), ("nobody likes the tax plan", "bad")]


def test_probabilities_are_the_models(nli):
    found = HfNli(path=nli, device="cpu").judge(asked(*PAIRS))
    for finding, pair in zip(found, PAIRS, strict=True):
        entailment, neutral, contradiction = bare(nli, *pair)
        expected = {"entailment": entailment, "neutral": neutral, "contradiction": contradiction, "cut": 0}
        assert finding == pytest.approx(expected, abs=1e-6)
        assert finding["entailment"] + finding["neutral"] + finding["contradiction"] == pytest.approx(1.0)


def test_the_premise_comes_first(nli):
    (one,), (other,) = (HfNli(path=nli).judge(asked(pair)) for pair in (PAIRS[0], PAIRS[0][::-1]))
    assert one != pytest.approx(other, abs=1e-3)


@pytest.mark.parametrize(
    "labels",
    [
        ("CONTRADICTION", "NEUTRAL", "ENTAILMENT"),
        ("Neutral", "Entailment", "Contradiction"),
        ("entailed", "contradictory", "neutral"),
    ],
)
def test_labels_in_any_case_and_order(labels, tmp_path):
    path = save(tmp_path, labels)
    (finding,) = HfNli(path=path).judge(asked(PAIRS[0]))
    meaning = {"entail": "entailment", "neutra": "neutral", "contra": "contradiction"}
    expected = {meaning[label.lower()[:6]]: p for label, p in zip(labels, bare(path, *PAIRS[0]), strict=True)}
    assert finding == pytest.approx({**expected, "cut": 0}, abs=1e-6)


@pytest.mark.parametrize("other", ["not_entailment", "non-entailment", "NOT ENTAILMENT", "no_entailment"])
@pytest.mark.parametrize("place", [0, 1])
def test_two_labels_the_other_of_which_is_no_entailment(other, place, tmp_path):
    labels = ("entailment", other) if place == 0 else (other, "entailment")
    path = save(tmp_path, labels)
    (finding,) = HfNli(path=path).judge(asked(PAIRS[0]))
    # What is not entailed may be neutral or contradicted: it has no class of its own.
    assert finding == pytest.approx({"entailment": bare(path, *PAIRS[0])[place], "cut": 0}, abs=1e-6)


@pytest.mark.parametrize(
    "labels",
    [
        ("favor", "against", "none"),
        ("LABEL_0", "LABEL_1", "LABEL_2"),
        ("entailment", "Entailment (weak)", "neutral"),
        ("not_entailment", "neutral", "contradiction"),
        ("entailment", "contradiction", "contradictory"),
    ],
)
def test_labels_that_do_not_say_what_is_entailed_are_refused(labels, tmp_path, monkeypatch):
    path = save(tmp_path, labels)
    monkeypatch.setattr(transformers.AutoModelForSequenceClassification, "from_pretrained", None)
    with pytest.raises(ResourceError, match="one label 'entailment'") as fault:
        HfNli(path=path).check()
    assert all(label in str(fault.value) for label in labels)
    assert path in str(fault.value)


def test_the_shipped_stance_model_is_no_nli_model():
    with pytest.raises(ResourceError, match="favor"):
        HfNli(path="package:weights/tiny_stance").check()


def test_numbers_that_are_not_finite_are_no_finding(tmp_path):
    def spoil(model):
        model.bert.embeddings.word_embeddings.weight[IDS["rain"]] = float("nan")

    path = save(tmp_path, ("entailment", "neutral", "contradiction"), change=spoil)
    good, bad = HfNli(path=path).judge(asked(PAIRS[0], PAIRS[1]))
    assert bad is None
    assert good == pytest.approx(dict(zip(("entailment", "neutral", "contradiction", "cut"),
                                          (*bare(path, *PAIRS[0]), 0), strict=True)), abs=1e-6)  # fmt: skip


def test_a_long_premise_loses_its_beginning_and_that_is_counted(nli):
    # 16 positions, 3 special tokens, 2 of the hypothesis: 11 are left for the premise.
    premise = " ".join((WORDS * 2)[:15])
    exact = " ".join((WORDS * 2)[4:15])
    long, whole = HfNli(path=nli).judge(asked((premise, "rain falls"), (exact, "rain falls")))
    assert (long["cut"], whole["cut"]) == (4, 0)
    assert long == pytest.approx({**whole, "cut": 4}, abs=1e-6)
    assert whole["entailment"] == pytest.approx(bare(nli, exact, "rain falls")[0], abs=1e-6)


def test_a_hypothesis_that_leaves_no_room_has_no_finding(nli):
    long = " ".join(["rain"] * 20)
    # 13 words fit with the special tokens, but leave nothing of the premise.
    no_room = " ".join(["rain"] * 13)
    found = HfNli(path=nli).judge(asked(("the war", long), ("the war", no_room), ("the war", "rain"), ("", no_room)))
    assert found[0] is None
    assert found[1] is None
    assert found[2]["cut"] == 0
    assert found[3]["cut"] == 0  # an empty premise loses nothing


def test_tokens_are_counted_as_they_are_read(nli):
    """By the tokenizer alone, pair by pair: special tokens count, padding and what is not read do not."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(nli)
    long = " ".join(["rain"] * 20)
    pairs = [("the war is bad", "rain falls"), ("the war", "rain"), ("", "rain"), (" ".join(WORDS * 2), "rain falls")]
    whole = [len(tokenizer(*pair)["input_ids"]) for pair in pairs]
    assert max(whole) > 16 > len(set(whole)) > 3  # one is cut to the 16 positions, and the others are of unlike length
    for batch_size in (1, 8):
        judge = HfNli(path=nli, batch_size=batch_size)
        judge.judge(asked(*pairs, ("the war", long)))  # for which there is no room: it is not read
        assert judge.spent() == {
            "cost": None,
            "usage": {"input_tokens": sum(min(16, length) for length in whole), "output_tokens": 0},
            "answered_by": [],
        }
        judge.judge(asked(pairs[0]))
        assert judge.usage["input_tokens"] == sum(min(16, length) for length in whole) + whole[0]


def test_max_length_cuts_more(nli):
    (finding,) = HfNli(path=nli, max_length=8).judge(asked(("the war is bad", "rain falls")))
    assert finding["cut"] == 1
    assert finding["entailment"] == pytest.approx(bare(nli, "war is bad", "rain falls")[0], abs=1e-6)
    with pytest.raises(ConfigError, match="16 positions, got 17"):
        HfNli(path=nli, max_length=17).check()


def test_company_and_batch_size_move_nothing(nli):
    pairs = [(" ".join(WORDS[: 1 + n % 9]), " ".join(WORDS[n % 7 :][: 1 + n % 3])) for n in range(20)]
    alone = HfNli(path=nli, batch_size=1).judge(asked(*pairs))
    together = HfNli(path=nli, batch_size=7).judge(asked(*pairs))
    for one, other in zip(alone, together, strict=True):
        assert one == pytest.approx(other, abs=1e-5)


@pytest.mark.parametrize("text", ["", " ", "😀", "\u200b", "北京 zzz"])
def test_odd_texts_are_answered(text, nli):
    for finding in HfNli(path=nli).judge(asked((text, "rain"), ("rain", text), (text, text))):
        assert finding["entailment"] + finding["neutral"] + finding["contradiction"] == pytest.approx(1.0)


def test_nothing_asked(nli):
    assert HfNli(path=nli).judge([]) == []


def test_missing_weights_name_the_path(tmp_path):
    with pytest.raises(ResourceError, match="nowhere"):
        HfNli(path=str(tmp_path / "nowhere")).signature()


def test_the_signature_moves_with_the_weights(nli, tmp_path):
    other = save(tmp_path, ("entailment", "neutral", "contradiction"), positions=20)
    assert HfNli(path=nli).signature() == HfNli(path=nli, batch_size=2).signature()
    assert HfNli(path=nli).signature()["weights"] != HfNli(path=other).signature()["weights"]
