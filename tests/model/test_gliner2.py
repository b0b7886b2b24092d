"""The adapter around GLiNER2: with the library's own classes and random weights."""

import json
import shutil
import sys

import pytest

from harness.errors import ConfigError, ResourceError
from harness.model import gliner2 as adapter
from harness.model.gliner2 import Gliner2, flat
from harness.records import Entity, NerInput

pytestmark = pytest.mark.core

TEXT = "\U0001f600 Ann Lee visited Paris, and Bob works at Acme Corp"
# What its tokenizer knows; anything else is [UNK].
WORDS = ["the", "and", "works", "at", "visited", ",", "ann", "bob", "lee", "paris", "acme", "corp", "person", "city"]


class Corpus:
    """As much of a corpus as the model looks at."""

    def __init__(self, *labels):
        self.entity_labels = labels


def asked(*texts):
    return [NerInput(f"e{i}", "d", text) for i, text in enumerate(texts)]


def made(path, *labels, **given):
    model = Gliner2(path=str(path), **{"threshold": 0.0, "device": "cpu", **given})
    model.prepare([], Corpus(*(labels or ("PERSON", "ORG"))))
    return model


@pytest.fixture(scope="module", params=["span", "boundary"])
def path(request, tmp_path_factory):
    """A checkpoint of each architecture, as the library saves it: small, random, always the same."""
    import tokenizers
    import torch
    import transformers
    from gliner2 import AutoExtractor
    from gliner2.configuration import ExtractorConfig

    # The model is so small that threads would only wait for each other.
    torch.set_num_threads(1)
    vocabulary = {word: i for i, word in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS])}
    core = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="[UNK]"))
    core.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=core, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    )
    encoder = transformers.BertConfig(
        vocab_size=len(vocabulary) + 20,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=256,
    )
    heads = {"counting_layer": "count_lstm", "max_width": 4} if request.param == "span" else {}
    config = ExtractorConfig(model_name="made", architecture=request.param, **heads)
    folder = tmp_path_factory.mktemp("made") / request.param
    torch.manual_seed(0)
    AutoExtractor.from_config(config, encoder_config=encoder, tokenizer=tokenizer).save_pretrained(folder)
    return folder


class TestWithTheLibrary:
    def test_entities_are_the_librarys_own(self, path):
        """Its answer for one text, asked as its documentation has it."""
        from gliner2 import AutoExtractor

        library = AutoExtractor.from_pretrained(str(path))
        given = library.extract_entities(
            TEXT, ["person", "organization"], threshold=0.01, include_confidence=True, include_spans=True,
            overlap_policy="nested",
        )["entities"]  # fmt: skip
        expected = {
            (span["start"], min(span["end"], len(TEXT)), {"person": "PERSON", "organization": "ORG"}[said])
            for said, spans in given.items()
            for span in spans
            if span["start"] < len(TEXT)
        }
        (answer,) = made(path, threshold=0.01, nested=True).answer(asked(TEXT))
        assert {(entity.start, entity.end, entity.label) for entity in answer.entities} == expected
        assert expected

    def test_offsets_are_code_points_and_scores_are_kept(self, path):
        (answer,) = made(path).answer(asked(TEXT))
        assert answer.entities
        for entity in answer.entities:
            assert 0 <= entity.start < entity.end <= len(TEXT)
            assert entity.text == TEXT[entity.start : entity.end]
            assert 0 <= entity.score <= 1
        # Flat unless asked otherwise.
        assert all(one.end <= other.start for one, other in zip(answer.entities, answer.entities[1:], strict=False))
        # The emoji is a word; the full stop that the library adds is none of the text.
        assert (answer.tokens_read, answer.tokens_cut) == (12, 0)

    def test_the_threshold_is_the_least_score(self, path):
        everything = made(path, nested=True).answer(asked(TEXT))[0].entities
        middle = sorted(entity.score for entity in everything)[len(everything) // 2]
        some = made(path, nested=True, threshold=middle).answer(asked(TEXT))[0].entities
        assert 0 < len(some) < len(everything)
        assert min(entity.score for entity in some) >= middle
        assert made(path, threshold=1.0).answer(asked(TEXT))[0].entities == ()

    def test_batches_move_no_answer(self, path):
        inputs = asked(TEXT, "Ann", "", "Bob works at Acme Corp", "  ", TEXT + " and Paris")
        together, alone = (made(path, batch_size=size).answer(inputs) for size in (8, 1))
        for one, other in zip(together, alone, strict=True):
            assert one.entities == other.entities
            assert [e.score for e in one.entities] == pytest.approx([e.score for e in other.entities], abs=1e-5)
        assert together[2].entities == together[4].entities == ()
        assert made(path).answer([]) == []

    def test_a_long_text_is_read_in_windows(self, path):
        text = " ".join(["Bob works at Acme Corp."] * 8)  # 48 words, the full stops among them
        model = made(path, max_words=12, stride=4)
        windows = model._windows(model._split(text))
        assert len(windows) > 3
        (answer,) = model.answer(asked(text))
        assert (answer.tokens_read, answer.tokens_cut) == (48, 0)
        assert (answer.windows, answer.chars_read) == (len(windows), None)
        assert max(entity.end for entity in answer.entities) > windows[-2][1]
        assert all(one.end <= other.start for one, other in zip(answer.entities, answer.entities[1:], strict=False))
        (cut,) = made(path, max_words=12, overlong="truncate").answer(asked(text))
        assert (cut.tokens_read, cut.tokens_cut) == (12, 36)
        assert (cut.windows, cut.chars_read) == (1, windows[0][1])
        assert max(entity.end for entity in cut.entities) <= windows[0][1]
        refusing = made(path, max_words=12, overlong="error")
        (fault,) = refusing.check(asked("Bob", text))
        assert "'e1'" in fault
        assert "48 words" in fault
        assert [one.bin for one in refusing.answer(asked("Bob", text))] == ["scored", "failed"]

    def test_what_the_model_is_told_moves_the_answer_and_the_signature(self, path):
        plain = made(path)
        said = made(path, words={"ORG": "city"})
        described = made(path, descriptions={"ORG": "the works and the corp"})
        signatures = [json.dumps(model.signature(), sort_keys=True) for model in (plain, said, described)]
        assert len(set(signatures)) == 3
        assert plain.signature()["labels"] == {"PERSON": "person", "ORG": "organization"}
        scores = {
            tuple(round(e.score, 6) for e in model.answer(asked(TEXT))[0].entities)
            for model in (plain, said, described)
        }
        assert len(scores) == 3
        assert made(path, batch_size=1).signature() == plain.signature()

    def test_numbers_that_are_none(self, path, tmp_path):
        """NaN is below any threshold, and would be scored as a text without entities."""
        from safetensors.torch import load_file, save_file

        model = made(path)
        model.load()

        def spoil(_module, given, states):
            # As an overflow would, in one text of a batch: the longest.
            states.last_hidden_state[given[0].ne(0).sum(-1) > 30 if given else slice(0, 1)] = float("nan")
            return states

        hooks = model._extractor.encoder._forward_hooks
        look = hooks.pop(next(iter(hooks)))
        model._extractor.encoder.register_forward_hook(
            lambda module, args, kwargs, states: spoil(module, (kwargs.get("input_ids", *args),), states),
            with_kwargs=True,
        )
        model._extractor.encoder.register_forward_hook(look)
        fine, bad = model.answer(asked("Ann", " ".join(["Bob works"] * 20)))
        assert (fine.bin, bad.bin) == ("scored", "nonfinite")

        folder = shutil.copytree(path, tmp_path / "spoilt")
        state = load_file(folder / "model.safetensors")
        name = next(name for name in state if "encoder" in name and state[name].is_floating_point())
        state[name].fill_(float("nan"))
        save_file(state, folder / "model.safetensors")
        with pytest.raises(ResourceError, match="not finite"):
            made(folder).load()

    def test_a_checkpoint_that_brings_code_or_pickles_is_refused(self, path, tmp_path):
        for number, name in enumerate(("config.json", "encoder_config/config.json", "tokenizer_config.json")):
            folder = shutil.copytree(path, tmp_path / f"code{number}")
            content = json.loads((folder / name).read_text())
            (folder / name).write_text(json.dumps({**content, "auto_map": {"AutoModel": "x.Y"}}))
            with pytest.raises(ResourceError, match="code of its own"):
                made(folder).signature()
        folder = shutil.copytree(path, tmp_path / "pickle")
        (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
        with pytest.raises(ResourceError, match="safetensors required"):
            made(folder).signature()
        folder = shutil.copytree(path, tmp_path / "broken")
        (folder / "model.safetensors").write_bytes(b"nothing")
        with pytest.raises(ResourceError, match="gliner2 cannot load it"):
            made(folder).load()

    def test_a_device_that_is_not_there(self, path):
        with pytest.raises(ResourceError, match="cannot be used here"):
            made(path, device="nonsense").load()


def checkpoint(folder):
    """What lies in a checkpoint's folder; nothing that could be loaded."""
    (folder / "encoder_config").mkdir(parents=True)
    for name in ("config.json", "encoder_config/config.json", "tokenizer.json"):
        (folder / name).write_text("{}")
    (folder / "model.safetensors").write_bytes(b"x")
    return folder


def test_the_signature_is_had_without_the_library(tmp_path, monkeypatch):
    monkeypatch.setattr(adapter, "version", lambda name: "2.1.0")
    folder = checkpoint(tmp_path / "made")
    before = made(folder).signature()
    assert (before["gliner2"], before["labels"]) == ("2.1.0", {"PERSON": "person", "ORG": "organization"})
    (folder / "encoder_config" / "config.json").write_text('{"x": 1}')
    assert made(folder).signature() != before
    shutil.rmtree(folder / "encoder_config")
    with pytest.raises(ResourceError, match="no GLiNER2 checkpoint"):
        made(folder).signature()


def test_without_the_library_it_says_how_to_get_it(tmp_path, monkeypatch):
    def absent(name):
        raise adapter.PackageNotFoundError(name)

    monkeypatch.setattr(adapter, "version", absent)
    monkeypatch.setitem(sys.modules, "gliner2", None)
    model = made(checkpoint(tmp_path / "made"))
    for method in (model.signature, model.load):
        with pytest.raises(ResourceError, match="pip install 'gliner2"):
            method()


def test_a_weights_folder_with_code_is_refused_before_anything_is_imported(tmp_path):
    folder = checkpoint(tmp_path / "made")
    (folder / "encoder_config" / "config.json").write_text('{"auto_map": {"AutoConfig": "evil.Config"}}')
    with pytest.raises(ResourceError, match="code of its own"):
        made(folder).signature()


@pytest.mark.parametrize(
    ("labels", "given", "message"),
    [
        ((), {}, "has to be told the labels"),
        (("PER", "PERSON"), {}, "PER and PERSON are both 'person'"),
        (("PER", "ORG"), {"words": {"PER": "organization"}}, "both 'organization'"),
        (("PERSON", "ORG"), {"words": {"PERSN": "person"}}, "did you mean 'PERSON'"),
        (("PERSON", "ORG"), {"descriptions": {"LOC": "a place"}}, "'LOC' is not in the scheme"),
    ],
)
def test_labels_that_cannot_be_asked_for(labels, given, message):
    with pytest.raises(ConfigError, match=message):
        Gliner2(path="x", **given).prepare([], Corpus(*labels))


def test_labels_in_words():
    model = made("x", "GPE", "Work_Of_Art", "creative_work", "ORG", words={"ORG": "company"})
    assert list(model._labels) == ["country, city or state", "work of art", "creative work", "company"]


@pytest.mark.parametrize(
    "given",
    [{"path": " "}, {"threshold": 1.5}, {"threshold": float("nan")}, {"batch_size": 0}, {"max_words": 1},
     {"stride": -1}, {"words": {"A": " "}}, {"descriptions": {"A": ""}}],
)  # fmt: skip
def test_values_that_cannot_be_meant(given):
    with pytest.raises(ValueError, match=next(iter(given))):
        Gliner2(**{"path": "x", **given})


def test_of_entities_that_overlap_the_surest_stays():
    entities = [Entity(0, 3, "P", score=0.6), Entity(0, 5, "Q", score=0.6), Entity(5, 9, "P", score=0.1)]
    # Of equal scores the longer; what only touches does not overlap.
    assert flat(entities) == [entities[1], entities[2]]
    assert flat([Entity(0, 3, "P", score=0.2), Entity(0, 3, "Q", score=0.3)]) == [Entity(0, 3, "Q")]
    assert flat([]) == []
