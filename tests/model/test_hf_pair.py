"""Stances from classifiers of pairs and from NLI models, against probabilities worked out with the bare model."""

import dataclasses
import json

import pytest

from harness.errors import ConfigError, ResourceError
from harness.model.hf_pair import HfPair
from harness.model.streams import Streams
from harness.records import StanceInput, Target
from tests.made_tokenizers import encoder_tokenizer

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

pytestmark = pytest.mark.core
# These models are so small that threads would only wait for each other.
torch.set_num_threads(1)

WORDS = ["good", "bad", "the", "tax", "plan", "war", "is", "about", "says", "nothing", "supports", "opposes", "writer"]
HYPOTHESES = {
    "favor": "the writer supports {target}",
    "against": "the writer opposes {target}",
    "none": "the writer says nothing about {target}",
}


def asked(*cases):
    return [
        StanceInput(id=f"e{i}", doc="d", text=text, context=context, target=Target("t", target))
        for i, (context, text, target) in enumerate(cases)
    ]


def pair_tokenizer(**given):
    return encoder_tokenizer(WORDS, model_input_names=["input_ids", "token_type_ids", "attention_mask"], **given)


def save(folder, labels, positions=16, change=None):
    torch.manual_seed(1)
    tokenizer = pair_tokenizer()
    config = transformers.BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=positions,
        num_labels=len(labels),
        id2label=dict(enumerate(labels)),
        label2id={label: i for i, label in enumerate(labels)},
        initializer_range=0.5,
    )
    model = transformers.BertForSequenceClassification(config)
    if change:
        with torch.no_grad():
            change(model, tokenizer)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    return save(tmp_path_factory.mktemp("classifier"), ("AGAINST", "FAVOR", "NONE"))


@pytest.fixture(scope="module")
def nli(tmp_path_factory):
    return save(tmp_path_factory.mktemp("nli"), ("Contradiction", "Neutral", "Entailment"))


def bare(path, *pieces):
    """Logits of one pair written out as ids: [CLS] text [SEP] other [SEP]."""
    model = transformers.BertForSequenceClassification.from_pretrained(path)
    ids = pair_tokenizer().get_vocab()
    text, other = ([ids[word] for word in piece.split()] for piece in pieces)
    given = [2, *text, 3, *other, 3]
    types = [0] * (len(text) + 2) + [1] * (len(other) + 1)
    with torch.inference_mode():
        return model(torch.tensor([given]), token_type_ids=torch.tensor([types])).logits[0]


class TestClassifier:
    def test_probabilities_are_the_models(self, classifier):
        (answer,) = HfPair(path=classifier).answer(asked(("the war", "is bad", "tax plan")))
        expected = bare(classifier, "the war is bad", "tax plan").softmax(-1).tolist()
        assert answer.scores == pytest.approx(dict(zip(("against", "favor", "none"), expected, strict=True)), abs=1e-6)
        assert answer.label == max(answer.scores, key=answer.scores.get)
        assert (answer.bin, answer.tokens_read, answer.tokens_cut) == ("scored", 6, 0)

    def test_labels_are_mapped_and_added_up(self, classifier):
        case = asked(("", "the tax is good", "war"))
        (plain,) = HfPair(path=classifier).answer(case)
        labels = {"AGAINST": "against", "FAVOR": "other", "NONE": "other"}
        (mapped,) = HfPair(path=classifier, labels=labels).answer(case)
        assert mapped.scores == pytest.approx(
            {"against": plain.scores["against"], "other": plain.scores["favor"] + plain.scores["none"]}
        )

    def test_batch_size_and_company_move_nothing(self, classifier):
        cases = asked(
            *((" ".join(WORDS[: i % 4]), " ".join(WORDS[i % 9 :][: 1 + i % 6]), WORDS[i % 5]) for i in range(20))
        )
        alone = HfPair(path=classifier, batch_size=1).answer(cases)
        together = HfPair(path=classifier, batch_size=7).answer(cases)
        assert [a.label for a in alone] == [a.label for a in together]
        assert len({a.label for a in alone}) > 1  # the comparison is about something
        for a, b in zip(alone, together, strict=True):
            assert a.scores == pytest.approx(b.scores, abs=1e-5)
            assert sum(a.scores.values()) == pytest.approx(1)

    def test_passes_side_by_side_move_nothing(self, classifier):
        cases = asked(
            *((" ".join(WORDS[: i % 4]), " ".join(WORDS[i % 9 :][: 1 + i % 6]), WORDS[i % 5]) for i in range(150))
        )
        after, beside = (HfPair(path=classifier, batch_tokens=40) for _ in range(2))
        after.budget.streams, beside.budget.streams = None, Streams(3)
        torch.set_num_threads(1)
        for a, b in zip(after.answer(cases), beside.answer(cases), strict=True):
            assert a.label == b.label
            assert a.scores == pytest.approx(b.scores, abs=1e-6)

    def test_nothing_asked(self, classifier):
        assert HfPair(path=classifier).answer([]) == []
        assert HfPair(path=classifier).check([]) == []

    def test_empty_text(self, classifier):
        (answer,) = HfPair(path=classifier).answer(asked(("", "", "war")))
        assert (answer.bin, answer.tokens_read) == ("scored", 1)


class TestZeroShot:
    def test_softmax_over_the_hypotheses_entailment(self, nli):
        (answer,) = HfPair(path=nli, hypotheses=HYPOTHESES).answer(asked(("", "the war is bad", "the plan")))
        entailed = [
            bare(nli, "the war is bad", hypothesis.replace("{target}", "the plan"))[2]
            for hypothesis in HYPOTHESES.values()
        ]
        expected = torch.stack(entailed).softmax(-1).tolist()
        assert list(answer.scores) == list(HYPOTHESES)
        assert list(answer.scores.values()) == pytest.approx(expected, abs=1e-6)
        assert (
            answer.tokens_read == 4 + 7
        )  # the text, and the longest hypothesis: the writer says nothing about the plan

    def test_a_target_is_words_and_not_a_format(self, nli):
        model = HfPair(path=nli, hypotheses=HYPOTHESES)
        ((_, hypothesis), *_) = model._pairs(asked(("", "x", "{target.__class__} {0}"))[0])
        assert hypothesis == "the writer supports {target.__class__} {0}"

    def test_batches(self, nli):
        cases = asked(*(("", word, other) for word in WORDS[:5] for other in WORDS[5:8]))
        model = HfPair(path=nli, hypotheses=HYPOTHESES, batch_size=4)
        for case, answer in zip(cases, model.answer(cases), strict=True):
            (alone,) = model.answer([case])
            assert answer.label == alone.label
            assert answer.scores == pytest.approx(alone.scores, abs=1e-5)

    def test_needs_an_nli_model(self, classifier):
        with pytest.raises(ResourceError, match="one label 'entailment', its labels are"):
            HfPair(path=classifier, hypotheses=HYPOTHESES).load()


class TestOverlong:
    # The model reads 16 tokens: three special ones, one of the target, and 12 of a text of 14.
    CASE = ("good " * 3, "bad " * 11, "war")

    def test_error_is_known_before_the_model_is_loaded(self, classifier):
        model = HfPair(path=classifier)
        assert model.check(asked(("", "bad", "war"), self.CASE)) == [
            f"example 'e1': its input has 18 tokens, {classifier} reads at most 16 "
            "(model.stance.overlong=error; 'truncate' cuts the text from its left and counts it)"
        ]
        assert "network" not in vars(model)
        short, long = model.answer(asked(("", "bad", "war"), self.CASE))
        assert (short.bin, long.bin, long.label) == ("scored", "failed", None)
        assert "18 tokens" in long.reason

    def test_exactly_as_long_as_the_model_reads(self, classifier):
        case = asked(("", "bad " * 12, "war"))
        assert HfPair(path=classifier).check(case) == []
        assert HfPair(path=classifier).answer(case)[0].tokens_cut == 0

    def test_truncate_cuts_the_oldest_context(self, classifier):
        (answer,) = HfPair(path=classifier, overlong="truncate").answer(asked(self.CASE))
        expected = bare(classifier, "good " + "bad " * 11, "war").softmax(-1).tolist()
        assert list(answer.scores.values()) == pytest.approx(expected, abs=1e-6)
        assert (answer.tokens_read, answer.tokens_cut) == (13, 2)
        assert HfPair(path=classifier, overlong="truncate").check(asked(self.CASE)) == []

    def test_a_target_that_leaves_no_room(self, classifier):
        cases = asked(("", "bad", "war " * 40), ("", "bad", "war"))
        failed, fine = HfPair(path=classifier, overlong="truncate").answer(cases)
        assert (failed.bin, fine.bin) == ("failed", "scored")
        assert "the target alone has 40 tokens" in failed.reason

    def test_zero_shot_counts_the_longest_hypothesis(self, nli):
        case = asked(("", "bad " * 8, "war"))
        # 8 of the text, 6 of `the writer says nothing about war`, 3 special ones.
        (fault,) = HfPair(path=nli, hypotheses=HYPOTHESES).check(case)
        assert "has 17 tokens" in fault
        (answer,) = HfPair(path=nli, hypotheses=HYPOTHESES, overlong="truncate").answer(case)
        assert answer.tokens_cut == 1


class TestRefused:
    def test_scores_that_are_no_numbers(self, tmp_path):
        def spoil(model, tokenizer):
            model.bert.embeddings.word_embeddings.weight[tokenizer.get_vocab()["war"]] = float("nan")

        path = save(tmp_path, ("favor", "against"), change=spoil)
        answers = HfPair(path=path).answer(asked(("", "good", "tax"), ("", "good", "war"), ("", "bad", "tax")))
        assert [answer.bin for answer in answers] == ["scored", "nonfinite", "scored"]
        assert (answers[1].label, answers[1].scores) == (None, None)

    def test_labels_without_names(self, tmp_path):
        path = save(tmp_path, ("LABEL_0", "LABEL_1"))
        with pytest.raises(ResourceError, match=r"model\.stance\.labels"):
            HfPair(path=path).load()
        model = HfPair(path=path, labels={"LABEL_0": "against", "LABEL_1": "favor"})
        assert set(model.answer(asked(("", "bad", "war")))[0].scores) == {"against", "favor"}

    def test_labels_that_are_not_the_models(self, classifier):
        with pytest.raises(ConfigError, match=r"labels must name each label .*'AGAINST', 'FAVOR', 'NONE'"):
            HfPair(path=classifier, labels={"AGAINST": "against", "PRO": "favor"}).load()

    def test_one_output(self, tmp_path):
        with pytest.raises(ResourceError, match="has one output"):
            HfPair(path=save(tmp_path, ("favor",))).load()

    def test_a_head_that_is_not_there(self, tmp_path):
        path = save(tmp_path, ("favor", "against"))
        transformers.BertModel.from_pretrained(path).save_pretrained(path)
        with pytest.raises(ResourceError, match=r"would be random: .*classifier"):
            HfPair(path=path).load()

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ({"labels": {"A": "favor"}, "hypotheses": HYPOTHESES}, "exclude each other"),
            ({"labels": {}}, "empty map"),
            ({"hypotheses": {"favor": "yes {target}"}}, "at least two"),
            ({"hypotheses": {"favor": "yes {target}", "against": "no"}}, r"hypotheses\.against must contain"),
        ],
    )
    def test_values(self, given, said):
        with pytest.raises(ValueError, match=said):
            HfPair(path="x", **given)


def test_signature(classifier):
    base = HfPair(path=classifier)
    found = base.signature()
    assert {key: found[key] for key in ("kind", "labels", "hypotheses", "overlong", "dtype")} == {
        "kind": "hf_pair",
        "labels": None,
        "hypotheses": None,
        "overlong": "error",
        "dtype": "float32",
    }
    json.dumps(found)
    assert dataclasses.replace(base, batch_size=2, device="cpu", download=True).signature() == found
    assert dataclasses.replace(base, hypotheses=HYPOTHESES).signature() != found
