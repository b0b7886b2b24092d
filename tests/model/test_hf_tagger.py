"""Spans from labelled words, texts longer than the model reads, and checkpoints that must not be believed."""

import dataclasses
import json
import sys

import numpy as np
import pytest

from harness.__main__ import command
from harness.errors import ConfigError, ResourceError
from harness.model.hf_tagger import HfTagger
from harness.model.streams import Streams
from harness.model.token_words import spans, words
from harness.prediction_file import read_predictions
from harness.records import NerInput

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
tokenizers = pytest.importorskip("tokenizers")

pytestmark = pytest.mark.core
# These models are so small that threads would only wait for each other.
torch.set_num_threads(1)

SCHEME = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG")
# The hand-made tagger below gives each word this label, whatever stands around it.
LEXICON = {"Bob": "B-PER", "Ann": "B-PER", "Lee": "I-PER", "Acme": "B-ORG", "Corp": "I-ORG", "Ltd": "I-ORG"}
RECALL = ("entity.recall", "all", "micro")
WORDS = [*LEXICON, "the", "and", "works", "for", "in", ",", ".", "x"]


def asked(*texts):
    return [NerInput(id=f"e{i}", doc="d", text=text) for i, text in enumerate(texts)]


def word_tokenizer(max_length=10**30, extra=()):
    vocabulary = {word: i for i, word in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS, *extra])}
    made = tokenizers.Tokenizer(tokenizers.models.WordPiece(vocabulary, unk_token="[UNK]"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    made.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=made,
        model_max_length=max_length,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
    )


def small_bert(vocabulary, scheme, positions=512, layers=2):
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=vocabulary,
        hidden_size=32,
        num_hidden_layers=layers,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=positions,
        num_labels=len(scheme),
        id2label=dict(enumerate(scheme)),
        label2id={label: i for i, label in enumerate(scheme)},
    )
    return transformers.BertForTokenClassification(config)


def save(folder, model, tokenizer):
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def lexicon_tagger(tmp_path_factory):
    """A model that reads 32 tokens and labels each by `LEXICON`: embeddings are label vectors, layers pass them on."""
    tokenizer = word_tokenizer(max_length=32, extra=["##son"])
    model = small_bert(len(tokenizer), SCHEME, positions=32, layers=1)
    embeddings = model.bert.embeddings
    with torch.no_grad():
        for table in (embeddings.position_embeddings, embeddings.token_type_embeddings):
            table.weight.zero_()
        embeddings.word_embeddings.weight.zero_()
        embeddings.word_embeddings.weight[:, 0] = 1
        for token, i in tokenizer.get_vocab().items():
            if token in LEXICON:
                embeddings.word_embeddings.weight[i, 0] = 0
                embeddings.word_embeddings.weight[i, SCHEME.index(LEXICON[token])] = 1
        # Later sub-tokens claim to be organizations; nobody may listen to them.
        embeddings.word_embeddings.weight[tokenizer.convert_tokens_to_ids("##son")] = torch.eye(32)[3]
        for part in (model.bert.encoder.layer[0].attention.output, model.bert.encoder.layer[0].output):
            part.dense.weight.zero_()
            part.dense.bias.zero_()
        model.classifier.weight.copy_(torch.eye(32)[: len(SCHEME)])
        model.classifier.bias.zero_()
    return save(tmp_path_factory.mktemp("lexicon"), model, tokenizer)


@pytest.fixture(scope="module")
def random_tagger(tmp_path_factory):
    tokenizer = word_tokenizer(max_length=64)
    return save(tmp_path_factory.mktemp("random"), small_bert(len(tokenizer), SCHEME), tokenizer)


@pytest.fixture(scope="module")
def byte_level_tagger(tmp_path_factory):
    """RoBERTa-like: offsets leave the space before a word out, but for the first token of what is looked at."""
    made = tokenizers.Tokenizer(tokenizers.models.BPE())
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=True, use_regex=False)
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    special = ["<pad>", "<s>", "</s>"]
    trainer = tokenizers.trainers.BpeTrainer(vocab_size=280, initial_alphabet=alphabet, special_tokens=special)
    made.train_from_iterator(["Zoë works for Acme."], trainer)
    made.post_processor = tokenizers.processors.RobertaProcessing(("</s>", 2), ("<s>", 1), add_prefix_space=True)
    names = ["input_ids", "token_type_ids", "attention_mask"]
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=made, pad_token="<pad>", model_input_names=names)
    return save(tmp_path_factory.mktemp("byte_level"), small_bert(len(tokenizer), SCHEME), tokenizer)


def found(answer, text):
    return [(text[e.start : e.end], e.label) for e in answer.entities]


class TestAnswers:
    def test_spans_labels_texts_and_tokens(self, lexicon_tagger):
        text = "  Ann Lee works,\nfor Acme Corp. "
        (answer,) = HfTagger(path=lexicon_tagger).answer(asked(text))
        assert [(e.start, e.end, e.label, e.text) for e in answer.entities] == [
            (2, 9, "PER", "Ann Lee"),
            (21, 30, "ORG", "Acme Corp"),
        ]
        assert all(0.5 < e.score <= 1 for e in answer.entities)
        assert (answer.bin, answer.tokens_read, answer.tokens_cut) == ("scored", 8, 0)

    def test_the_first_sub_token_speaks_for_the_word(self, lexicon_tagger):
        (answer,) = HfTagger(path=lexicon_tagger).answer(asked("the Bobson and"))
        assert found(answer, "the Bobson and") == [("Bobson", "PER")]

    @pytest.mark.parametrize("text", ["", " ", "\n\n"])
    def test_nothing_to_read(self, lexicon_tagger, text):
        tagger = HfTagger(path=lexicon_tagger)
        for answer in (tagger.answer(asked(text))[0], tagger.answer(asked("Bob", text))[1]):
            assert (answer.entities, answer.bin, answer.tokens_read) == ((), "scored", 0)
        assert tagger.answer([]) == []

    @pytest.mark.parametrize("leading", [True, False])
    def test_byte_level_offsets(self, tmp_path, leading):
        """RoBERTa-like: sub-tokens are bytes and carry the space before them."""
        made = tokenizers.Tokenizer(tokenizers.models.BPE())
        made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=leading)
        # trim_offsets=False leaves the space in the offsets, as some checkpoints do.
        made.post_processor = tokenizers.processors.ByteLevel(trim_offsets=False)
        alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
        trainer = tokenizers.trainers.BpeTrainer(vocab_size=300, initial_alphabet=alphabet, special_tokens=["<pad>"])
        made.train_from_iterator(["Zoë works for Acme."], trainer)
        tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=made, pad_token="<pad>")
        model = small_bert(len(tokenizer), ("PER",) * 1 + ("ORG",))
        with torch.no_grad():
            model.classifier.weight.zero_()
            model.classifier.bias.copy_(torch.tensor([1.0, 0.0]))
        text = "Zoë  \U0001f600 works"
        (answer,) = HfTagger(path=save(tmp_path, model, tokenizer)).answer(asked(text))
        # Labels without prefixes are inside labels: all words are one span, which begins and ends at no space.
        assert found(answer, text) == [(text, "PER")]

    def test_batch_size_and_company_move_nothing(self, random_tagger):
        texts = [" ".join(WORDS[(i * j + i) % len(WORDS)] for j in range(1 + (i * 7) % 90)) for i in range(23)]
        alone = HfTagger(path=random_tagger, batch_size=1).answer(asked(*texts))
        together = HfTagger(path=random_tagger, batch_size=7).answer(asked(*texts))
        assert alone == together
        assert sum(len(answer.entities) for answer in alone) > 20  # the comparison is about something
        for one, other in zip(alone, together, strict=True):
            for a, b in zip(one.entities, other.entities, strict=True):
                assert a.score == pytest.approx(b.score, abs=1e-5)

    @pytest.mark.parametrize("dtype", ["float32", "int8"])
    def test_passes_side_by_side_move_nothing(self, random_tagger, dtype):
        """Three stretches of texts, in passes of at most 40 tokens."""
        texts = [" ".join(WORDS[(i * j + i) % len(WORDS)] for j in range(1 + (i * 7) % 90)) for i in range(150)]
        after = HfTagger(path=random_tagger, dtype=dtype, batch_tokens=40)
        beside = HfTagger(path=random_tagger, dtype=dtype, batch_tokens=40)
        after.budget.streams, beside.budget.streams = None, Streams(3)
        torch.set_num_threads(1)
        one_by_one, together = after.answer(asked(*texts)), beside.answer(asked(*texts))
        assert one_by_one == together
        scores = [
            [entity.score for answer in several for entity in answer.entities] for several in (one_by_one, together)
        ]
        assert scores[0] == pytest.approx(scores[1], abs=1e-6)
        assert len(scores[0]) > 100

    @pytest.mark.parametrize("cores", [1, 2])
    def test_agrees_with_the_pipeline_of_transformers(self, random_tagger, cores):
        texts = [" ".join(WORDS[(i + 3 * j) % len(WORDS)] for j in range(5 + i)) for i in range(12)]
        tagger = HfTagger(path=random_tagger, batch_tokens=30)
        tagger.budget.streams = Streams(cores) if cores > 1 else None
        torch.set_num_threads(1)
        pipeline = transformers.pipeline("ner", model=tagger.network, tokenizer=tagger.tokenizer, device="cpu")
        longest = 0
        for text, answer in zip(texts, tagger.answer(asked(*texts)), strict=True):
            # One token a word here, so the pipeline's tokens are our words; O is what it leaves out.
            tokens = pipeline(text)
            scores = {t["start"]: t["score"] for t in tokens}
            expected = {(t["start"], t["end"], t["entity"][2:]) for t in tokens}
            read = words([text], *_encoded(tagger, text))
            got = set(zip(read.start.tolist(), read.end.tolist(), strict=True))
            assert {(s, e) for s, e, _ in expected} <= got
            covered = {
                (s, e, entity.label) for entity in answer.entities for s, e in got if entity.start <= s < entity.end
            }
            assert covered == expected
            for entity in answer.entities:
                mean = np.mean([score for start, score in scores.items() if entity.start <= start < entity.end])
                assert entity.score == pytest.approx(mean, abs=1e-6)
            longest = max(longest, *(len(entity.text.split()) for entity in answer.entities))
        assert longest > 1


def _encoded(tagger, text):
    encoded = tagger.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    return [encoded["offset_mapping"]], [encoded.word_ids()]


class TestOverlong:
    TEXT = "the " * 79 + "Bob"

    def test_window_finds_the_end_once(self, lexicon_tagger):
        (answer,) = HfTagger(path=lexicon_tagger, overlong="window").answer(asked(self.TEXT))
        assert [(e.start, e.end, e.label) for e in answer.entities] == [(316, 319, "PER")]
        assert (answer.tokens_read, answer.tokens_cut) == (80, 0)
        # 30 tokens of which 15 are shared: they begin at 0, 15, 30, 45 and, the last, 60.
        assert (answer.windows, answer.chars_read) == (5, None)

    def test_truncate_counts_what_is_cut(self, lexicon_tagger):
        (answer,) = HfTagger(path=lexicon_tagger, overlong="truncate").answer(asked(self.TEXT))
        assert answer.entities == ()
        assert (answer.tokens_read, answer.tokens_cut) == (30, 50)  # 32 less [CLS] and [SEP]
        assert (answer.windows, answer.chars_read) == (1, len("the " * 30) - 1)

    def test_error_is_known_before_the_model_is_loaded(self, lexicon_tagger):
        tagger = HfTagger(path=lexicon_tagger, overlong="error")
        faults = tagger.check(asked("Bob works", self.TEXT))
        assert faults == [
            f"example 'e1': its input has 82 tokens, {lexicon_tagger} reads at most 32 "
            "(model.ner.overlong=error; 'window' reads all of it)"
        ]
        assert "network" not in vars(tagger)
        short, long = tagger.answer(asked("Bob works", self.TEXT))
        assert found(short, "Bob works") == [("Bob", "PER")]
        assert (long.bin, long.entities, long.tokens_cut) == ("failed", None, 82)
        assert HfTagger(path=lexicon_tagger, overlong="window").check(asked(self.TEXT)) == []

    @pytest.mark.parametrize("stride", [0, 1, 10, 64])
    @pytest.mark.parametrize("before", range(24, 36))
    def test_nothing_is_lost_doubled_or_cut_in_two_at_an_edge(self, lexicon_tagger, before, stride):
        """`Acme Corp Ltd` at every position around the end of the first window, which is after token 30."""
        text = "x " * before + "Acme Corp Ltd " + "the " * 60 + "Bob"
        (answer,) = HfTagger(path=lexicon_tagger, stride=stride).answer(asked(text))
        assert found(answer, text) == [("Acme Corp Ltd", "ORG"), ("Bob", "PER")]
        assert (answer.tokens_read, answer.tokens_cut) == (before + 64, 0)

    def test_a_word_is_taken_from_the_window_where_it_is_farther_from_the_cut(self, random_tagger):
        tagger = HfTagger(path=random_tagger, max_length=12, stride=4)
        text = " ".join(WORDS[(5 * i) % len(WORDS)] for i in range(20))
        (answer,) = tagger.answer(asked(text))
        ids = tagger.tokenizer(text, add_special_tokens=False)["input_ids"]
        # By hand: windows of 10 tokens that share 4 begin at 0, 6 and 12 (the last has 8); of the shared tokens the
        # first two (one of them by the tie) belong to the earlier window.
        labels = []
        for begin, taken in ((0, range(8)), (6, range(8, 14)), (12, range(14, 20))):
            window = [2, *ids[begin : begin + 10], 3]
            with torch.inference_mode():
                best = tagger.network(torch.tensor([window])).logits[0].argmax(-1).tolist()
            labels += [best[1 + i - begin] for i in taken]
        begins = [sum(len(word) + 1 for word in text.split(" ")[:i]) for i in range(20)]
        ends = [begin + len(word) for begin, word in zip(begins, text.split(" "), strict=True)]
        stretches = zip(*spans(tagger.labels, np.array(labels), np.zeros(20)), strict=True)
        expected = {(begins[first], ends[last - 1], SCHEME[labels[first]][2:]) for first, last in stretches}
        assert {(e.start, e.end, e.label) for e in answer.entities} == expected
        assert len(set(labels)) > 1

    @pytest.mark.parametrize("overlong", ["window", "truncate"])
    @pytest.mark.parametrize(("limit", "stride"), [(3, 0), (8, 0), (8, 1), (12, 64), (None, 0)])
    def test_rows_are_those_of_the_tokenizer(self, byte_level_tagger, overlong, limit, stride):
        """Also where a text is cut between a space and its word."""
        tagger = HfTagger(path=byte_level_tagger, overlong=overlong, max_length=limit, stride=stride)
        texts = ["Zoë  works for \U0001f600 Acme." * 3, "", "  ", "\n Zoë", "Acme, for"]
        cut = {} if limit is None else {"truncation": True, "max_length": limit}
        if cut and overlong == "window":
            cut |= {"return_overflowing_tokens": True, "stride": min(stride, (limit - 2) // 2)}
        expected = tagger.tokenizer(texts, return_token_type_ids=True, **cut)
        read = tagger._read(texts)
        assert [row.columns["input_ids"] for row in read.rows] == expected["input_ids"]
        assert [row.columns["token_type_ids"] for row in read.rows] == expected["token_type_ids"]
        plain = tagger.tokenizer(texts, add_special_tokens=False, return_offsets_mapping=True)
        assert read.offsets == plain["offset_mapping"]
        # What the rows speak for is every token, once, unless it is cut off.
        ids = [one for several in plain["input_ids"] for one in several]
        spoken = [place for row in read.rows for place in range(row.tokens.start, row.tokens.stop)]
        assert spoken == sorted(set(spoken))
        assert len(spoken) == len(ids) or overlong == "truncate"
        for row in read.rows:
            assert row.columns["input_ids"][row.own] == ids[row.tokens]

    def test_max_length(self, lexicon_tagger, random_tagger):
        assert HfTagger(path=lexicon_tagger).limit == 32
        assert HfTagger(path=random_tagger).limit == 64  # the tokenizer's word, as the model could read 512
        assert HfTagger(path=random_tagger, max_length=100).limit == 100
        with pytest.raises(ConfigError, match="has 32 positions, got 33"):
            _ = HfTagger(path=lexicon_tagger, max_length=33).limit
        with pytest.raises(ConfigError, match="leaves no room beside 2 special tokens"):
            _ = HfTagger(path=lexicon_tagger, max_length=2).limit

    def test_positions_that_begin_after_the_padding(self, tmp_path):
        config = transformers.RobertaConfig(
            vocab_size=30,
            hidden_size=8,
            num_hidden_layers=1,
            num_attention_heads=1,
            intermediate_size=8,
            max_position_embeddings=34,
            pad_token_id=0,
            id2label={0: "O", 1: "I-PER"},
            label2id={"O": 0, "I-PER": 1},
        )
        path = save(tmp_path, transformers.RobertaForTokenClassification(config), word_tokenizer())
        tagger = HfTagger(path=path)
        assert tagger.limit == 33
        (answer,) = tagger.answer(asked("the " * 100))
        assert answer.tokens_read == 100


class TestRefused:
    def test_scores_that_are_no_numbers(self, random_tagger, tmp_path):
        model = small_bert(len(word_tokenizer()), SCHEME)
        with torch.no_grad():
            model.classifier.weight.fill_(float("nan"))
        answers = HfTagger(path=save(tmp_path, model, word_tokenizer())).answer(asked("Bob", "Ann Lee"))
        assert [(answer.bin, answer.entities) for answer in answers] == [("nonfinite", None)] * 2
        assert all(answer.reason for answer in answers)

    def test_one_bad_text_does_not_spoil_its_batch(self, tmp_path):
        tokenizer = word_tokenizer()
        model = small_bert(len(tokenizer), SCHEME)
        with torch.no_grad():
            model.bert.embeddings.word_embeddings.weight[tokenizer.get_vocab()["Acme"]] = float("inf")
        answers = HfTagger(path=save(tmp_path, model, tokenizer)).answer(asked("Bob", "Acme", "the"))
        assert [answer.bin for answer in answers] == ["scored", "nonfinite", "scored"]

    def test_a_head_that_is_not_there(self, tmp_path):
        tokenizer = word_tokenizer()
        path = save(tmp_path, small_bert(len(tokenizer), SCHEME).bert, tokenizer)
        with pytest.raises(ResourceError, match=r"would be random: classifier\.bias, classifier\.weight"):
            HfTagger(path=path).load()

    def test_a_head_of_another_size(self, tmp_path):
        from safetensors.torch import load_file, save_file

        tokenizer = word_tokenizer()
        path = save(tmp_path, small_bert(len(tokenizer), SCHEME), tokenizer)
        held = load_file(tmp_path / "model.safetensors")
        held["classifier.weight"] = torch.zeros(3, 32)
        save_file(held, tmp_path / "model.safetensors", metadata={"format": "pt"})
        with pytest.raises(ResourceError, match="cannot be loaded by AutoModelForTokenClassification"):
            HfTagger(path=path).load()

    def test_labels_without_names(self, tmp_path):
        tokenizer = word_tokenizer()
        path = save(tmp_path, small_bert(len(tokenizer), ("LABEL_0", "LABEL_1")), tokenizer)
        with pytest.raises(ResourceError, match=r"2 labels have no names .* label_map"):
            HfTagger(path=path).load()

    def test_code_of_its_own_is_not_run(self, tmp_path):
        tokenizer = word_tokenizer()
        path = save(tmp_path / "m", small_bert(len(tokenizer), SCHEME), tokenizer)
        marker = tmp_path / "marker"
        (tmp_path / "m" / "cfg.py").write_text(f"open({str(marker)!r}, 'w').close()\n")
        config = json.loads((tmp_path / "m" / "config.json").read_text())
        config["auto_map"] = {"AutoConfig": "cfg.Config", "AutoModelForTokenClassification": "cfg.Model"}
        (tmp_path / "m" / "config.json").write_text(json.dumps(config))
        assert HfTagger(path=path).answer(asked("Bob"))[0].bin == "scored"
        config["model_type"] = "of_its_own"
        (tmp_path / "m" / "config.json").write_text(json.dumps(config))
        with pytest.raises(ResourceError, match="auto_map"):
            HfTagger(path=path).load()
        assert not marker.exists()

    @pytest.mark.parametrize("length", [0, 7, 200])
    def test_torn_weights(self, tmp_path, length):
        tokenizer = word_tokenizer()
        path = save(tmp_path, small_bert(len(tokenizer), SCHEME), tokenizer)
        file = tmp_path / "model.safetensors"
        file.write_bytes(file.read_bytes()[:length])
        with pytest.raises(ResourceError, match="cannot be loaded by AutoModelForTokenClassification") as fault:
            HfTagger(path=path).load()
        assert "\n" not in str(fault.value)

    def test_device(self, random_tagger):
        with pytest.raises(ResourceError, match=r"model\.ner\.device: 'gpu0' cannot be used here"):
            HfTagger(path=random_tagger, device="gpu0").load()

    def test_torch_is_missing(self, random_tagger, monkeypatch):
        monkeypatch.setitem(sys.modules, "torch", None)
        said = r"^model kind 'hf_tagger' needs torch, the extra `hf` of this package: pip install torch$"
        with pytest.raises(ResourceError, match=said):
            HfTagger(path=random_tagger).load()

    def test_out_of_memory_is_the_callers(self, random_tagger, monkeypatch):
        tagger = HfTagger(path=random_tagger)
        tagger.load()

        def forward(*_given, **_named):
            raise torch.OutOfMemoryError("full")

        monkeypatch.setattr(type(tagger.network), "__call__", forward)
        with pytest.raises(torch.OutOfMemoryError):
            tagger.answer(asked("Bob"))

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ({"path": " "}, "path"),
            ({"path": "x", "batch_size": 0}, "batch_size"),
            ({"path": "x", "stride": -1}, "stride"),
            ({"path": "x", "max_length": 0}, "max_length"),
        ],
    )
    def test_values(self, given, said):
        with pytest.raises(ValueError, match=said):
            HfTagger(**given)


class TestSignature:
    def test_names_what_moves_an_answer_and_nothing_else(self, random_tagger):
        base = HfTagger(path=random_tagger)
        assert base.signature() == {
            "kind": "hf_tagger",
            "path": random_tagger,
            "revision": None,
            "weights": base.signature()["weights"],
            "dtype": "float32",
            "max_length": None,
            "aggregation": "first",
            "overlong": "window",
            "stride": 64,
        }
        json.dumps(base.signature())
        for free in ({"batch_size": 3}, {"device": "cpu"}, {"download": True}):
            assert dataclasses.replace(base, **free).signature() == base.signature()
        for moving in ({"dtype": "bfloat16"}, {"max_length": 9}, {"overlong": "truncate"}, {"stride": 3}):
            assert dataclasses.replace(base, **moving).signature() != base.signature()

    def test_changes_with_the_weights(self, tmp_path):
        tokenizer = word_tokenizer()
        path = save(tmp_path, small_bert(len(tokenizer), SCHEME), tokenizer)
        before = HfTagger(path=path).signature()
        file = tmp_path / "model.safetensors"
        content = bytearray(file.read_bytes())
        content[-1] ^= 1
        file.write_bytes(content)
        after = HfTagger(path=path).signature()
        assert before["weights"] != after["weights"]
        assert {**before, "weights": ""} == {**after, "weights": ""}


def test_nothing_is_written_to_the_terminal(random_tagger, capfd):
    HfTagger(path=random_tagger).answer(asked("Bob works " * 200))
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_dtype(random_tagger, dtype):
    tagger = HfTagger(path=random_tagger, dtype=dtype)
    assert tagger.answer(asked("Bob"))[0].bin == "scored"
    assert tagger.network.dtype == getattr(torch, dtype)


class TestRuns:
    """Whole runs over a document of 80 words, with a name behind what the model reads at once."""

    @pytest.fixture
    def arguments(self, lexicon_tagger, tmp_path):
        text = TestOverlong.TEXT
        (tmp_path / "gold").mkdir()
        record = {"doc": "long", "start": 316, "end": 319, "label": "PER", "text": "Bob"}
        for name, one in (("documents", {"id": "long", "text": text}), ("gold/entities", record)):
            (tmp_path / f"{name}.jsonl").write_text(json.dumps(one) + "\n", encoding="utf-8")
        return [
            "data=local", "data.name=mine", f"data.documents={tmp_path}/documents.jsonl", f"data.gold={tmp_path}/gold",
            "model=hf_tagger", f"model.ner.path={lexicon_tagger}", f"results={tmp_path}/results", "task=ner",
        ]  # fmt: skip

    def run(self, arguments, overlong, tmp_path):
        assert command([*arguments, f"model.ner.overlong={overlong}"]) == 0
        (folder,) = (tmp_path / "results/mine/ner").iterdir()
        scores = json.loads((folder / "scores.json").read_text(encoding="utf-8"))
        (stored,) = read_predictions(folder)
        (recall,) = [r["value"] for r in scores["scores"] if (r["metric"], r["slice"], r["average"]) == RECALL]
        return folder, scores["ledger"], stored.answer, recall

    def test_error_names_document_and_lengths_before_anything_is_asked(self, arguments, tmp_path, capsys, monkeypatch):
        monkeypatch.setattr(HfTagger, "answer", lambda self, inputs: pytest.fail("asked"))
        assert command([*arguments, "model.ner.overlong=error"]) == 2
        assert "example 'long': its input has 82 tokens," in capsys.readouterr().err
        assert not (tmp_path / "results").exists()

    def test_what_was_cut_off_is_missed_and_counted(self, arguments, tmp_path, capsys):
        folder, ledger, answer, recall = self.run(arguments, "truncate", tmp_path)
        assert (ledger["truncated"], ledger["unseen_gold"], recall) == (1, 1, 0.0)
        assert (answer.tokens_read, answer.tokens_cut, answer.chars_read) == (30, 50, 119)
        capsys.readouterr()
        assert command(["show", str(folder)]) == 0
        said = capsys.readouterr().out
        assert "50 tokens of the input were cut off" in said
        assert "1 gold entity stands in text that was cut off" in said
        # The ledger is made from what is stored.
        assert command(["score", str(folder)]) == 0
        assert json.loads((folder / "scores.json").read_text(encoding="utf-8"))["ledger"] == ledger

    def test_windows_find_it_once_where_the_gold_is(self, arguments, tmp_path, capsys):
        folder, ledger, answer, recall = self.run(arguments, "window", tmp_path)
        assert (ledger["truncated"], ledger["spans"]["total"], recall) == (0, 1, 1.0)
        assert "unseen_gold" not in ledger
        assert [(e.start, e.end, e.label) for e in answer.entities] == [(316, 319, "PER")]
        assert (answer.windows, answer.tokens_read, answer.tokens_cut) == (5, 80, 0)
        capsys.readouterr()
        assert command(["show", str(folder)]) == 0
        assert "read in 5 parts" in capsys.readouterr().out


def test_attention_is_torch_s_own(random_tagger):
    """Scaled dot product attention, which keeps no matrix of all pairs of tokens."""
    assert HfTagger(path=random_tagger).network.config._attn_implementation == "sdpa"
