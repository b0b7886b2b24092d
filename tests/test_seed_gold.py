"""The shipped text and gold: byte for byte, without a fault, and as many records as the guidelines say."""

import hashlib
import json
import re
from collections import Counter
from itertools import pairwise

import pytest
import yaml

from harness.config import DataConfig, build_dataclass
from harness.gold import load_corpus
from harness.resources import shipped

pytestmark = pytest.mark.core

DOC = "000_65dd1ba08ac326c9"
ONTONOTES = {"PERSON", "NORP", "FAC", "ORG", "GPE", "LOC", "PRODUCT", "EVENT", "WORK_OF_ART", "LAW", "LANGUAGE"} | {
    *("DATE", "TIME", "PERCENT", "MONEY", "QUANTITY", "ORDINAL", "CARDINAL"),
}


def load(gold):
    """What `data=seed` loads, with another folder of gold."""
    content = yaml.safe_load((shipped("conf") / "data" / "seed.yaml").read_text(encoding="utf-8"))
    return load_corpus(build_dataclass(DataConfig, {**content, "gold": gold}, "data"))


@pytest.fixture(scope="module")
def seed():
    return load("package:gold/seed")


def test_the_text_is_the_one_that_the_guidelines_name():
    guidelines = (shipped("gold/seed") / "GUIDELINES.md").read_text(encoding="utf-8")
    (stated,) = re.findall(r"\b[0-9a-f]{64}\b", guidelines)
    stored = (shipped("seeds") / f"{DOC}.txt").read_bytes()
    assert hashlib.sha256(stored).hexdigest() == stated
    assert b"\r" not in stored
    assert len(stored.decode("utf-8")) == 5888
    assert "5,888 characters" in guidelines


def test_it_is_the_only_seed():
    assert [file.name for file in shipped("seeds").iterdir()] == [f"{DOC}.txt"]


def test_counts(seed):
    assert list(seed.documents) == [DOC]
    assert len(seed.sentences[DOC]) == 39
    assert len(seed.entities[DOC]) == 120
    assert len(seed.stance[DOC]) == 144
    assert sum(one.label != "none" for one in seed.stance[DOC]) == 15
    assert len(seed.summaries[DOC]) == 5
    assert len(seed.facts[DOC]) == 11
    assert sum(fact.weight for fact in seed.facts[DOC]) == 23
    assert len(seed.targets) == 4
    assert set(seed.entity_labels) == ONTONOTES
    assert seed.stance_labels == ("favor", "against", "none")
    assert seed.annotators == {"a": "model", "b": "model", "adjudicated": "model"}


def test_the_stance_grid_is_full(seed):
    """Every sentence of zone body or caption with every target, once."""
    asked = {(one.sentence, one.target) for one in seed.stance[DOC]}
    zones = {sentence.id: sentence.zone for sentence in seed.sentences[DOC]}
    assert asked == {(s, t) for s, zone in zones.items() if zone in ("body", "caption") for t in seed.targets}
    assert len(asked) == 144


def test_every_judgement_that_is_not_none_has_evidence_and_rationale(seed):
    for one in seed.stance[DOC]:
        if one.label != "none":
            assert one.details["evidence"]
            assert one.details["rationale"].strip()


def test_entities_are_flat_and_trimmed(seed):
    entities = seed.entities[DOC]
    for before, after in pairwise(entities):
        assert before.end <= after.start
    assert all(one.text == one.text.strip() and "\n" not in one.text for one in entities)
    assert {one.label for one in entities} <= ONTONOTES


def test_sentences_hold_all_of_the_text_and_every_entity(seed):
    text, sentences = seed.documents[DOC].text, seed.sentences[DOC]
    inside = [False] * len(text)
    for sentence in sentences:
        inside[sentence.start : sentence.end] = [True] * (sentence.end - sentence.start)
        assert "\n" not in text[sentence.start : sentence.end]
    assert not any(character.strip() and not held for character, held in zip(text, inside, strict=True))
    for entity in seed.entities[DOC]:
        assert any(s.start <= entity.start and entity.end <= s.end for s in sentences), entity
    assert [s.id for s in sentences] == [f"s{n:02d}" for n in range(1, 40)]
    assert {s.zone for s in sentences} == {"body", "caption", "byline", "boilerplate"}


def test_summaries_keep_the_lengths_of_the_guidelines(seed):
    styles = Counter((one.style, one.annotator) for one in seed.summaries[DOC])
    assert set(styles.values()) == {1}
    body = {s.id for s in seed.sentences[DOC] if s.zone == "body"}
    for one in seed.summaries[DOC]:
        if one.style == "headline":
            assert len(one.text.split()) <= 30
        elif one.style == "highlights":
            assert 55 <= len(one.text.split()) <= 80
        else:
            assert len(one.sentences) == 4
            assert set(one.sentences) <= body


@pytest.mark.parametrize(("annotator", "entities"), [("a", 118), ("b", None)])
def test_the_annotators_layers_load_too(annotator, entities):
    found = load(f"package:gold/seed/annotators/{annotator}")
    assert len(found.sentences[DOC]) == 39
    assert len(found.stance[DOC]) == 144
    assert len(found.summaries[DOC]) == 3
    lines = (shipped("gold/seed/annotators") / annotator / "entities.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(found.entities[DOC]) == len(lines) == (entities or len(lines))


def test_the_annotators_agree_as_the_guidelines_say():
    """Entities: 118 of 119 spans the same."""
    a, b = ({(e.start, e.end) for e in load(f"package:gold/seed/annotators/{who}").entities[DOC]} for who in "ab")
    assert len(a & b) == 118
    assert len(a | b) == 119


def test_the_gold_is_utf_8_with_lf_and_no_repeated_line():
    for path in shipped("gold/seed").rglob("*.jsonl"):
        content = path.read_bytes()
        assert b"\r" not in content
        assert content.endswith(b"\n")
        lines = content.decode("utf-8").splitlines()
        assert len(set(lines)) == len(lines)
        assert all(isinstance(json.loads(line), dict) for line in lines)
