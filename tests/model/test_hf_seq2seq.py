"""Generated summaries against a hand-written greedy loop, and everything that could make them differ in silence."""

import dataclasses
import functools
import json

import pytest

from harness.errors import ConfigError, ResourceError
from harness.model.hf_seq2seq import HfSeq2seq, clean
from harness.records import SummaryInput

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
tokenizers = pytest.importorskip("tokenizers")

pytestmark = pytest.mark.core
# These models are so small that threads would only wait for each other.
torch.set_num_threads(1)

WORDS = [f"w{i}" for i in range(40)]
END = 1


def asked(*texts, style="highlights", **given):
    return [
        SummaryInput(id=f"e{i}", doc=f"d{i}", text=text, style=style, sentences=(), **given)
        for i, text in enumerate(texts)
    ]


def word_tokenizer(max_length=10**30):
    vocabulary = {word: i for i, word in enumerate(["<pad>", "</s>", "<unk>", "<s>", *WORDS, "<n>", "sum", ":"])}
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="<unk>"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    made.post_processor = tokenizers.processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", END)])
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=made,
        model_max_length=max_length,
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
        bos_token="<s>",
    )


def t5(**given):
    torch.manual_seed(3)
    return transformers.T5ForConditionalGeneration(
        transformers.T5Config(
            vocab_size=len(word_tokenizer()),
            d_model=32,
            d_kv=8,
            d_ff=64,
            num_layers=2,
            num_heads=4,
            decoder_start_token_id=0,
            initializer_factor=3.0,
            **given,
        )
    )


def bart(positions=64):
    torch.manual_seed(5)
    return transformers.BartForConditionalGeneration(
        transformers.BartConfig(
            vocab_size=len(word_tokenizer()),
            d_model=32,
            encoder_layers=2,
            decoder_layers=2,
            encoder_attention_heads=4,
            decoder_attention_heads=4,
            encoder_ffn_dim=64,
            decoder_ffn_dim=64,
            max_position_embeddings=positions,
            pad_token_id=0,
            eos_token_id=END,
            bos_token_id=3,
            decoder_start_token_id=END,
            forced_eos_token_id=None,
            init_std=0.5,
        )
    )


def save(folder, model, tokenizer=None, **generation):
    model.save_pretrained(folder)
    (tokenizer or word_tokenizer()).save_pretrained(folder)
    if generation:
        file = folder / "generation_config.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), **generation}))
    return str(folder)


@pytest.fixture(scope="module")
def small_t5(tmp_path_factory):
    return save(tmp_path_factory.mktemp("t5"), t5(), word_tokenizer(max_length=30))


@pytest.fixture(scope="module")
def small_bart(tmp_path_factory):
    return save(tmp_path_factory.mktemp("bart"), bart())


def texts(n):
    return [" ".join(WORDS[(3 * i + 7 * j) % len(WORDS)] for j in range(1 + (5 * i) % 23)) for i in range(n)]


@functools.cache
def bare(path):
    return transformers.AutoModelForSeq2SeqLM.from_pretrained(path)


def greedy(path, text, most, start=0):
    """Token after token from the bare model, without any cache, batch or generation code."""
    model = bare(path)
    ids = torch.tensor([word_tokenizer()(text)["input_ids"]])
    written = [start]
    with torch.inference_mode():
        while len(written) <= most and not (len(written) > 1 and written[-1] == END):
            scores = model(input_ids=ids, decoder_input_ids=torch.tensor([written])).logits[0, -1]
            written.append(int(scores.argmax()))
    return written[1:]


class TestAnswers:
    @pytest.mark.parametrize("family", ["t5", "bart"])
    def test_greedy_as_worked_out_token_by_token(self, family, small_t5, small_bart):
        path, start = (small_t5, 0) if family == "t5" else (small_bart, END)
        model = HfSeq2seq(path=path, max_new_tokens=8, batch_size=4)
        given = texts(7)
        seen = set()
        for text, answer in zip(given, model.answer(asked(*given)), strict=True):
            expected = greedy(path, text, 8, start)
            assert answer.text == clean(word_tokenizer().decode(expected, skip_special_tokens=True))
            assert answer.output_truncated == (END not in expected)
            assert (answer.bin, answer.tokens_read, answer.tokens_cut) == ("scored", len(text.split()), 0)
            seen.add(answer.text)
        assert len(seen) > 2  # the comparison is about something

    def test_batch_size_and_company_move_nothing(self, small_t5):
        given = asked(*texts(10))
        alone = HfSeq2seq(path=small_t5, batch_size=1, max_new_tokens=6).answer(given)
        together = HfSeq2seq(path=small_t5, batch_size=7, max_new_tokens=6).answer(given)
        assert alone == together

    def test_prefixes(self, small_t5):
        model = HfSeq2seq(path=small_t5, max_new_tokens=3, prefix={"headline": "sum : ", "default": "w1 "})
        inputs = [asked("w2", style="headline")[0], asked("w2", style="highlights")[0]]
        assert model._texts(inputs) == ["sum : w2", "w1 w2"]
        assert HfSeq2seq(path=small_t5)._texts(inputs) == ["w2", "w2"]
        assert [answer.tokens_read for answer in model.answer(inputs)] == [3, 2]

    def test_limits_of_styles(self, small_t5):
        model = HfSeq2seq(path=small_t5)
        assert model._bounds(asked("x", max_words=12)[0]) == (0, 28)  # 19.2 -> 20, and 8
        assert model._bounds(asked("x", max_words=30, min_words=10)[0]) == (10, 56)
        assert model._bounds(asked("x")[0]) == (0, 142)
        assert HfSeq2seq(path=small_t5, max_new_tokens=9)._bounds(asked("x", max_words=12)[0]) == (0, 9)

    def test_inputs_with_unlike_limits_keep_their_order(self, small_bart):
        model = HfSeq2seq(path=small_bart)
        given = [
            asked(text, max_words=limit)[0] for text, limit in zip(texts(6), (1, 12, 1, None, 12, None), strict=True)
        ]
        assert model.answer(given) == [model.answer([one])[0] for one in given]

    def test_nothing_asked(self, small_t5):
        assert HfSeq2seq(path=small_t5).answer([]) == []

    def test_end_of_output(self, tmp_path):
        """A model that writes one word for ever, and one that ends at once."""
        answers = {}
        for name, token in (("ever", 7), ("never", END)):
            others = [i for i in range(len(word_tokenizer())) if i != token]
            path = save(tmp_path / name, t5(), suppress_tokens=others)
            (answers[name],) = HfSeq2seq(path=path, max_new_tokens=5).answer(asked("w1 w2"))
        assert (answers["ever"].text, answers["ever"].output_truncated) == ("w3 w3 w3 w3 w3", True)
        assert (answers["never"].text, answers["never"].output_truncated) == ("", False)

    def test_nothing_is_written_to_the_terminal(self, small_bart, capfd):
        HfSeq2seq(path=small_bart, num_beams=2, overlong="truncate").answer(asked("w1 " * 300, "w2"))
        captured = capfd.readouterr()
        assert (captured.out, captured.err) == ("", "")


class TestDecoding:
    @pytest.fixture
    def path(self, tmp_path):
        taken = {"num_beams": 3, "no_repeat_ngram_size": 2, "length_penalty": 2.0, "min_length": 4}
        left = {"do_sample": True, "temperature": 0.3, "max_length": 9}
        return save(tmp_path / "own", bart(), **taken, **left, forced_eos_token_id=END)

    def test_greedy_whatever_the_checkpoint_says(self, path, small_bart):
        text = texts(5)[-1]
        plain = HfSeq2seq(path=small_bart, max_new_tokens=20).answer(asked(text, max_words=30))
        assert HfSeq2seq(path=path, max_new_tokens=20).answer(asked(text, max_words=30))[0].text == plain[0].text

    def test_none_takes_the_checkpoints(self, path):
        model = HfSeq2seq(path=path, num_beams=None, no_repeat_ngram_size=None)
        decoding = model.signature()["decoding"]
        assert decoding == {
            "do_sample": False,  # never sampled, and so nothing of its temperature
            "num_beams": 3,
            "length_penalty": 2.0,
            "no_repeat_ngram_size": 2,
            "min_length": 4,
            "forced_eos_token_id": END,
            "decoder_start_token_id": END,
            "bos_token_id": 3,
            "eos_token_id": END,
            "pad_token_id": 0,
        }
        assert model._bounds(asked("x")[0])[0] == 4
        assert model._bounds(asked("x", max_words=10)[0])[0] == 0  # not the checkpoint's, which is for its own length

    def test_beams_are_those_of_generate(self, path):
        model = HfSeq2seq(path=path, num_beams=None, no_repeat_ngram_size=None, max_new_tokens=16)
        given = texts(6)
        different = 0
        for text, answer in zip(given, model.answer(asked(*given)), strict=True):
            ids = word_tokenizer()(text, return_tensors="pt")
            out = bare(path).generate(
                input_ids=ids["input_ids"],
                attention_mask=ids["attention_mask"],
                num_beams=3,
                no_repeat_ngram_size=2,
                length_penalty=2.0,
                min_length=5,  # the start token counts
                max_new_tokens=16,
                do_sample=False,
                forced_eos_token_id=END,
                early_stopping=False,
            )
            assert answer.text == clean(word_tokenizer().decode(out[0], skip_special_tokens=True))
            different += answer.text != clean(word_tokenizer().decode(greedy(path, text, 16, END)))
        assert different

    def test_a_forced_end_is_a_cut_end(self, path):
        (answer,) = HfSeq2seq(path=path, max_new_tokens=8, min_length=4).answer(asked(texts(5)[-1]))
        assert answer.output_truncated == (END not in greedy(path, texts(5)[-1], 7, END))

    def test_older_checkpoints_say_it_in_their_config(self, path, tmp_path):
        (tmp_path / "own" / "generation_config.json").unlink()
        file = tmp_path / "own" / "config.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), "num_beams": 4, "min_length": 6}))
        decoding = HfSeq2seq(path=path, num_beams=None).decoding
        assert (decoding["num_beams"], decoding["min_length"]) == (4, 6)

    def test_signature(self, small_t5):
        base = HfSeq2seq(path=small_t5)
        found = base.signature()
        json.dumps(found)
        assert found["decoding"]["num_beams"] == 1
        assert "batch_size" not in found
        assert dataclasses.replace(base, batch_size=2, device="cpu").signature() == found
        for moving in ({"num_beams": 2}, {"prefix": {"default": "x"}}, {"max_new_tokens": 3}, {"overlong": "truncate"}):
            assert dataclasses.replace(base, **moving).signature() != found
        assert dataclasses.replace(base, lead_share=0.25).signature() == found
        ends = [HfSeq2seq(path=small_t5, overlong="lead_tail", lead_share=share).signature() for share in (0.25, 0.5)]
        assert ends[0] != ends[1]


@pytest.fixture(scope="module")
def ending(tmp_path_factory):
    """Some of its summaries end soon, so that a batch pads them."""
    model = t5()
    with torch.no_grad():
        model.shared.weight[END] *= 6
    return save(tmp_path_factory.mktemp("ending"), model)


def counted(model):
    assert model.spent()["cost"] is None
    return model.usage["input_tokens"], model.usage["output_tokens"]


def without_end(tokens):
    return len(tokens[: tokens.index(END)]) if END in tokens else len(tokens)


class TestTokens:
    """What is read and written, against the tokenizer and the hand-written loop, text by text."""

    @pytest.mark.parametrize("batch_size", [1, 4])
    def test_neither_padding_nor_the_end_counts(self, ending, batch_size):
        model = HfSeq2seq(path=ending, max_new_tokens=8, batch_size=batch_size)
        assert counted(model) == (0, 0)
        given = texts(7)
        model.answer(asked(*given))
        written = [without_end(greedy(ending, text, 8)) for text in given]
        read = [len(word_tokenizer()(text)["input_ids"]) for text in given]
        assert counted(model) == (sum(read), sum(written))
        assert min(len(set(read)), len(set(written))) > 1  # so there is padding that could be counted
        model.answer(asked(given[0]))
        assert counted(model) == (sum(read) + read[0], sum(written) + written[0])

    def test_the_prefix_counts(self, small_bart):
        model = HfSeq2seq(path=small_bart, max_new_tokens=4, prefix={"default": "sum : "})
        model.answer(asked("w1 w2"))
        # Two words of the prefix, two of the text, and the end; the token that writing begins with is not written.
        assert counted(model) == (5, without_end(greedy(small_bart, "sum : w1 w2", 4, END)))

    def test_of_beams_the_summary_alone(self, small_bart):
        model = HfSeq2seq(path=small_bart, max_new_tokens=16, num_beams=3, batch_size=2)
        given = texts(6)
        model.answer(asked(*given))
        written = []
        for text in given:
            ids = word_tokenizer()(text, return_tensors="pt")["input_ids"]
            out = bare(small_bart).generate(input_ids=ids, num_beams=3, max_new_tokens=16, do_sample=False)
            written.append(without_end(out[0, 1:].tolist()))
        read = sum(len(word_tokenizer()(text)["input_ids"]) for text in given)
        assert counted(model) == (read, sum(written))

    def test_ends_and_limits(self, tmp_path):
        for name, token, written in (("ever", 7, 5), ("never", END, 0)):
            others = [i for i in range(len(word_tokenizer())) if i != token]
            model = HfSeq2seq(path=save(tmp_path / name, t5(), suppress_tokens=others), max_new_tokens=5)
            model.answer(asked("w1 w2"))
            assert counted(model) == (3, written)

    def test_only_what_is_read_counts(self, small_t5):
        long = " ".join(["w5"] * 40)
        refusing = HfSeq2seq(path=small_t5, max_new_tokens=2)
        assert refusing.answer(asked(long))[0].bin == "failed"
        assert counted(refusing) == (0, 0)
        cutting = HfSeq2seq(path=small_t5, max_new_tokens=2, overlong="truncate")
        cutting.answer(asked(long))
        assert cutting.usage["input_tokens"] == 30

    def test_every_round_counts(self, small_t5):
        said = [f"w{i % 40} w{(3 * i) % 40} w{(7 * i) % 40}." for i in range(20)]
        named = tuple((f"s{i}", text) for i, text in enumerate(said))
        one = dataclasses.replace(asked("\n".join(said))[0], sentences=named)
        model = HfSeq2seq(path=small_t5, overlong="map_reduce", max_new_tokens=4, batch_size=2)
        (answer,) = model.answer([one])
        # Each part is read with its end.
        assert model.usage["input_tokens"] == answer.tokens_read + answer.windows + 1
        plain = HfSeq2seq(path=small_t5, max_new_tokens=4)
        chunks = [" ".join(said[i : i + 7]) for i in range(0, 20, 7)]
        partial = plain.answer(asked(*chunks))
        plain.answer(asked("\n".join(part.text for part in partial if part.text)))
        assert counted(model) == counted(plain)

    def test_nothing_of_it_moves_the_signature(self, small_t5):
        model = HfSeq2seq(path=small_t5, max_new_tokens=2)
        before = model.signature()
        model.answer(asked("w1"))
        assert model.signature() == before == HfSeq2seq(path=small_t5, max_new_tokens=2).signature()


class TestOverlong:
    TEXT = " ".join(["w5"] * 40)

    def test_error_is_known_before_the_model_is_loaded(self, small_t5):
        model = HfSeq2seq(path=small_t5)
        assert model.check(asked("w1", self.TEXT)) == [
            f"example 'e1': its input has 41 tokens, {small_t5} reads at most 30 "
            "(model.summarization.overlong=error; 'truncate' cuts the end and counts it, 'map_reduce' reads all of it)"
        ]
        assert "network" not in vars(model)
        short, long = model.answer(asked("w1", self.TEXT))
        assert (short.bin, long.bin, long.text) == ("scored", "failed", None)

    def test_truncate_counts_what_is_cut(self, small_t5):
        model = HfSeq2seq(path=small_t5, overlong="truncate", max_new_tokens=8)
        assert model.check(asked(self.TEXT)) == []
        cut, same = model.answer(asked(self.TEXT, " ".join(["w5"] * 29)))
        assert (cut.tokens_read, cut.tokens_cut) == (29, 11)
        assert (same.tokens_read, same.tokens_cut) == (29, 0)
        assert cut.text == same.text

    def long(self, count=20):
        said = [f"w{i % 40} w{(3 * i) % 40} w{(7 * i) % 40}." for i in range(count)]
        named = tuple((f"s{i}", text) for i, text in enumerate(said))
        return dataclasses.replace(asked("\n".join(said))[0], sentences=named)

    def test_map_reduce_is_summaries_of_summaries(self, small_t5):
        one = self.long()
        given = {"max_new_tokens": 4, "prefix": {"default": "w1 "}, "batch_size": 2}
        (answer,) = HfSeq2seq(path=small_t5, overlong="map_reduce", **given).answer([one])
        # 30 tokens less the prefix and the end hold seven sentences of a full stop and three words.
        chunks = [one.sentences[i : i + 7] for i in range(0, 20, 7)]
        plain = HfSeq2seq(path=small_t5, **given)
        partial = plain.answer(asked(*(" ".join(text for _, text in chunk) for chunk in chunks)))
        (expected,) = plain.answer(asked("\n".join(part.text for part in partial if part.text)))
        assert answer.text == expected.text != ""
        assert (answer.windows, answer.tokens_cut) == (3, 0)
        assert answer.tokens_read == expected.tokens_read + sum(part.tokens_read for part in partial)
        assert answer.output_truncated == any(part.output_truncated for part in (*partial, expected))

    def test_lead_and_tail(self, small_t5):
        model = HfSeq2seq(path=small_t5, overlong="lead_tail", max_new_tokens=4)
        assert model.check([self.long()]) == []
        short, long = model.answer([*asked("w1 w2"), self.long()])
        said = [text for _, text in self.long().sentences]
        # 29 tokens: 14 hold three sentences of four, and the 17 that are left four.
        (expected,) = HfSeq2seq(path=small_t5, max_new_tokens=4).answer(asked(" ".join([*said[:3], *said[-4:]])))
        assert (long.text, long.tokens_read) == (expected.text, expected.tokens_read)
        assert (long.tokens_cut, long.windows) == (80 - 28, 1)
        assert (short.tokens_read, short.tokens_cut) == (2, 0)

    def test_a_prefix_that_leaves_no_room(self, small_t5):
        for overlong in ("map_reduce", "lead_tail"):
            model = HfSeq2seq(path=small_t5, overlong=overlong, prefix={"default": "w1 " * 30})
            (answer,) = model.answer(asked("w2 w3"))
            assert (answer.bin, answer.tokens_read) == ("failed", 0)
            assert "reads 30" in answer.reason

    def test_output_positions(self, small_bart):
        assert HfSeq2seq(path=small_bart).limit == 64
        assert HfSeq2seq(path=small_bart)._bounds(asked("x")[0]) == (0, 63)
        (answer,) = HfSeq2seq(path=small_bart).answer(asked("w1 w2"))
        assert answer.bin == "scored"
        with pytest.raises(ConfigError, match="can write 63 tokens, got 64"):
            HfSeq2seq(path=small_bart, max_new_tokens=64).load()


class TestRefused:
    @pytest.mark.parametrize("beams", [1, 2])
    @pytest.mark.parametrize("value", ["nan", "inf"])
    def test_scores_that_are_no_numbers(self, small_bart, value, beams):
        """Only the text that the encoder breaks on is lost, not its batch."""
        model = HfSeq2seq(path=small_bart, max_new_tokens=4, num_beams=beams, batch_size=3)

        def spoil(_module, _args, given, output):
            output.last_hidden_state[(given["input_ids"] == word_tokenizer().get_vocab()["w9"]).any(-1)] = float(value)

        hook = model.network.get_encoder().register_forward_hook(spoil, with_kwargs=True)
        answers = model.answer(asked("w1", "w9 w9", "w2 w3"))
        hook.remove()
        assert [answer.bin for answer in answers] == ["scored", "nonfinite", "scored"]
        assert (answers[1].text, answers[1].output_truncated) == (None, False)
        assert [answer.bin for answer in model.answer(asked("w9 w9"))] == ["scored"]

    def test_all_weights_are_no_numbers(self, tmp_path):
        model = t5()
        with torch.no_grad():
            model.shared.weight.fill_(float("nan"))
        (answer,) = HfSeq2seq(path=save(tmp_path, model)).answer(asked("w1"))
        assert (answer.bin, answer.text) == ("nonfinite", None)

    def test_no_sequence_to_sequence_model(self, tmp_path):
        config = transformers.BertConfig(
            vocab_size=50, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8
        )
        path = save(tmp_path, transformers.BertForMaskedLM(config))
        with pytest.raises(ResourceError, match="cannot be loaded by AutoModelForSeq2SeqLM"):
            HfSeq2seq(path=path).load()

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ({"num_beams": 0}, "num_beams"),
            ({"no_repeat_ngram_size": -1}, "no_repeat_ngram_size"),
            ({"max_new_tokens": 0}, "max_new_tokens"),
            ({"min_length": 6, "max_new_tokens": 10}, "min_length"),
            ({"length_penalty": float("nan")}, "length_penalty"),
        ],
    )
    def test_values(self, given, said):
        with pytest.raises(ValueError, match=said):
            HfSeq2seq(path="x", **given)

    def test_selects_no_sentences(self):
        assert HfSeq2seq.selects_sentences is False


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One.<n>Two.", "One.\nTwo."),
        ("  One. <n> <n> Two. \n", "One.\nTwo."),
        ("", ""),
        ("<n>", ""),
        ("a < n > b", "a < n > b"),
    ],
)
def test_clean(text, expected):
    assert clean(text) == expected
