"""The checkpoints of harness/weights: small, loadable as any other, right in shape, and as good as their cards say."""

import json
import math
import warnings
from pathlib import Path

import pytest

import harness

pytestmark = pytest.mark.core

WEIGHTS = Path(harness.__file__).parent / "weights"
NAMES = ("tiny_ner", "tiny_stance", "tiny_summarization")
ONTONOTES = [
    "CARDINAL",
    "DATE",
    "EVENT",
    "FAC",
    "GPE",
    "LANGUAGE",
    "LAW",
    "LOC",
    "MONEY",
    "NORP",
    "ORDINAL",
    "ORG",
    "PERCENT",
    "PERSON",
    "PRODUCT",
    "QUANTITY",
    "TIME",
    "WORK_OF_ART",
]
SENTENCE = "Mayor Ada Example told the Springfield Herald on Monday that 12 bridges in Norway need repairs."


def read_card(name):
    return json.loads((WEIGHTS / name / "card.json").read_text(encoding="utf-8"))


def load(name, auto):
    """Model and tokenizer, as any folder is loaded; whatever is said on the way fails the test."""
    import torch
    import transformers

    transformers.logging.disable_progress_bar()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tokenizer = transformers.AutoTokenizer.from_pretrained(WEIGHTS / name, trust_remote_code=False)
        model, info = getattr(transformers, auto).from_pretrained(
            WEIGHTS / name, dtype=torch.float32, trust_remote_code=False, output_loading_info=True
        )
    assert not any(info.values()), info
    assert tokenizer.is_fast
    return model.eval(), tokenizer


@pytest.mark.parametrize("name", NAMES)
def test_folder_is_small_and_holds_no_code(name):
    files = {path.name: path.stat().st_size for path in (WEIGHTS / name).iterdir()}
    assert files["model.safetensors"] <= 4_000_000
    assert {"config.json", "tokenizer.json", "tokenizer_config.json", "README.md", "card.json"} <= set(files)
    assert not [file for file in files if file.endswith((".py", ".bin", ".pt", ".pkl"))]


@pytest.mark.parametrize("name", NAMES)
def test_card_tells_the_size_and_meets_its_goals(name):
    card = read_card(name)
    assert card["bytes"] == (WEIGHTS / name / "model.safetensors").stat().st_size
    assert card["data"]
    assert card["versions"]["transformers"]
    for row in card["scores"]:
        assert row["low"] <= row["value"] <= row["high"], row
    page = (WEIGHTS / name / "README.md").read_text(encoding="utf-8")
    assert all(f"{row['value']:.3f}" in page for row in card["scores"])


def test_goals_of_ner():
    scores = {row["name"]: row["value"] for row in read_card("tiny_ner")["scores"]}
    assert scores["strict entity F1 against the teacher, held-out news"] >= 0.60
    assert scores["strict entity F1, seed gold"] >= 0.55


def test_goals_of_stance():
    card = read_card("tiny_stance")
    assert any(card["goal_met"].values())  # on held-out comments or on held-out tweets
    for corpus, met in card["goal_met"].items():
        name = {"vast": "VAST zero-shot", "semeval2016": "SemEval-2016"}[corpus]
        rows = [row for row in card["scores"] if row["goal"] and name in row["name"]]
        assert len(rows) == 2
        assert met == all(row["low"] > 0 for row in rows)


def test_goals_of_summarization():
    card = read_card("tiny_summarization")
    scores = {row["name"]: row for row in card["scores"]}
    assert scores["rouge2, highlights less random"]["low"] > 0
    assert scores["rouge2, highlights less random"]["units"] == 100
    for behaviour in card["behaviour"].values():
        assert behaviour["n"] == behaviour["distinct"] == 100
        assert behaviour["empty"] == 0


def test_ner_tags_words_with_ontonotes_labels():
    import torch

    model, tokenizer = load("tiny_ner", "AutoModelForTokenClassification")
    labels = model.config.id2label
    assert sorted(labels.values()) == sorted(["O", *(f"{p}-{label}" for label in ONTONOTES for p in "BI")])
    encoded = tokenizer(SENTENCE, return_tensors="pt", return_offsets_mapping=True)
    offsets = encoded.pop("offset_mapping")[0].tolist()
    with torch.inference_mode():
        logits = model(**encoded).logits
    assert torch.isfinite(logits).all()
    words, seen = [], None
    for word, (start, end) in zip(encoded.word_ids(0), offsets, strict=True):
        if word is not None and word != seen:
            words.append(SENTENCE[start:end])
            seen = word
    assert words[-1] == "."  # punctuation is a word of its own
    said = [labels[int(i)] for i in logits[0].argmax(-1)]
    assert {label[2:] for label in said if label != "O"} & {"PERSON", "DATE", "CARDINAL", "GPE"}


def test_stance_answers_pairs():
    import torch

    model, tokenizer = load("tiny_stance", "AutoModelForSequenceClassification")
    assert sorted(model.config.id2label.values()) == ["against", "favor", "none"]
    encoded = tokenizer(SENTENCE, "Repairing bridges", truncation="only_first", return_tensors="pt")
    assert set(encoded["token_type_ids"][0].tolist()) == {0, 1}
    with torch.inference_mode():
        logits = model(**encoded).logits
    assert logits.shape == (1, 3)
    assert torch.isfinite(logits).all()


@pytest.mark.parametrize("style", ["headline", "highlights"])
def test_summarization_ends_by_itself(style):
    import torch

    model, tokenizer = load("tiny_summarization", "AutoModelForSeq2SeqLM")
    text = SENTENCE + " Work starts in May. It will cost 3 million euros, the mayor said. Nobody was hurt."
    encoded = tokenizer(f"{style}: {text}", truncation=True, return_tensors="pt")
    with torch.inference_mode():
        output = model.generate(**encoded, do_sample=False, num_beams=1, max_new_tokens=150)
        logits = model(**encoded, decoder_input_ids=output).logits
    assert torch.isfinite(logits).all()
    assert model.config.eos_token_id in output[0, 1:].tolist()
    summary = tokenizer.decode(output[0], skip_special_tokens=True).strip()
    assert summary
    assert math.isclose(len(summary), len(SENTENCE if style == "headline" else text), rel_tol=0.5)


@pytest.mark.parametrize("text", ["naïve café — «да» 日本 🙂\ttab", "U.S. $3.5bn (approx.)"])
def test_summarization_tokenizer_brings_any_text_back(text):
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(WEIGHTS / "tiny_summarization", trust_remote_code=False)
    assert tokenizer.decode(tokenizer(text)["input_ids"], skip_special_tokens=True) == text
