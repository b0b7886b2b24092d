"""Documents and gold: one fixture per defect, the exact message of each, and what counts as annotated."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.config import DataConfig, LabelsConfig
from harness.errors import ConfigError, GoldError
from harness.gold import check_corpus, load_corpus, read_rows
from harness.records import Entity, Row, Sentence, Target

pytestmark = pytest.mark.core

TEXT = "Anna met Bob in Paris. Bob left. 😀 Anna stayed in Lyon."
SENTENCES = [
    {"doc": "d1", "id": "s1", "start": 0, "end": 22},
    {"doc": "d1", "id": "s2", "start": 23, "end": 32},
    {"doc": "d1", "id": "s3", "start": 33, "end": 55, "zone": "caption"},
]


@pytest.fixture
def corpus(tmp_path):
    """Writes record files and loads them: `corpus(entities=[...])`; every path in a message starts with `g/`."""

    def load(*, texts=None, need_gold=True, **records):
        settings = {key: records.pop(key) for key in list(records) if key in DataConfig.__dataclass_fields__}
        (tmp_path / "t").mkdir(exist_ok=True)
        (tmp_path / "g").mkdir(exist_ok=True)
        for name, text in ({"d1": TEXT, "d2": "Nobody."} if texts is None else texts).items():
            (tmp_path / "t" / f"{name}.txt").write_bytes(text.encode())
        for name, found in records.items():
            content = found if isinstance(found, str) else "".join(json.dumps(one) + "\n" for one in found)
            (tmp_path / "g" / f"{name}.jsonl").write_text(content, encoding="utf-8", newline="")
        chosen = {"documents": str(tmp_path / "t"), "gold": str(tmp_path / "g"), **settings}
        return load_corpus(DataConfig(name="test", **chosen), need_gold=need_gold)

    def faults(**records):
        with pytest.raises(GoldError) as refused:
            load(**records)
        return [fault.replace(f"{tmp_path}/", "") for fault in refused.value.faults]

    load.faults = faults
    load.folder = tmp_path
    return load


def entity(start, end, label="PER", doc="d1", **more):
    return {"doc": doc, "start": start, "end": end, "label": label, **more}


def stance(target="t", label="favor", doc="d1", **more):
    return {"doc": doc, "target": target, "label": label, **more}


# ---- what is read -----------------------------------------------------------------------------------------------


def test_a_whole_corpus(corpus):
    found = corpus(
        sentences=SENTENCES[::-1],
        entities=[entity(9, 12, text="Bob"), entity(0, 4, text="Anna"), entity(16, 21, "GPE")],
        stance=[stance("t", "favor", sentence="s1", holder="Bob", evidence=[0, 4], rationale="because")],
        targets=[{"id": "t", "text": "Travelling"}],
        summaries=[{"doc": "d1", "text": "They met."}, {"doc": "d1", "style": "extract", "sentences": ["s2", "s1"]}],
        facts=[
            {"doc": "d1", "fact": "They met.", "weight": 3, "sentences": ["s1"]},
            {"doc": "d1", "fact": "Bob left."},
        ],
        annotators=[{"id": "a", "kind": "human"}],
    )
    assert list(found.documents) == ["d1", "d2"]
    assert found.documents["d1"].text == TEXT
    assert found.sentences["d1"] == (Sentence("s1", 0, 22), Sentence("s2", 23, 32), Sentence("s3", 33, 55, "caption"))
    assert found.entities == {"d1": (Entity(0, 4, "PER"), Entity(9, 12, "PER"), Entity(16, 21, "GPE"))}
    assert [e.text for e in found.entities["d1"]] == ["Anna", "Bob", "Paris"]
    assert found.entity_labels == ("GPE", "PER")
    (judgement,) = found.stance["d1"]
    assert (judgement.target, judgement.label, judgement.sentence, judgement.id) == ("t", "favor", "s1", None)
    assert judgement.details == {"holder": "Bob", "evidence": [0, 4], "rationale": "because"}
    assert found.targets == {"t": Target("t", "Travelling")}
    assert [(s.style, s.text, s.sentences) for s in found.summaries["d1"]] == [
        ("default", "They met.", None),
        ("extract", None, ("s2", "s1")),
    ]
    assert [(f.text, f.weight, f.sentences) for f in found.facts["d1"]] == [
        ("They met.", 3.0, ("s1",)),
        ("Bob left.", 1.0, ()),
    ]
    assert found.annotators == {"a": "human"}


def test_nested_entities_and_two_labels_of_one_span_are_allowed(corpus):
    found = corpus(entities=[entity(0, 12), entity(0, 4), entity(9, 12), entity(0, 12, "GROUP")])
    assert len(found.entities["d1"]) == 4


def test_without_a_targets_file_the_id_is_the_words(corpus):
    assert corpus(stance=[stance("Nuclear power")]).targets == {
        "Nuclear power": Target("Nuclear power", "Nuclear power")
    }


def test_stance_names_a_sentence_by_id_or_offsets_or_not_at_all(corpus):
    found = corpus(
        sentences=SENTENCES,
        stance=[stance(sentence="s2"), stance(start=35, end=39), stance(), stance("u", start=0, end=22)],
    )
    assert [(one.target, one.sentence) for one in found.stance["d1"]] == [
        ("t", "s2"),
        ("t", "s3"),
        ("t", None),
        ("u", "s1"),
    ]


def test_an_id_replaces_the_key(corpus):
    found = corpus(stance=[stance(id="j1", holder="Anna"), stance(id="j2", holder="Bob", label="against")])
    assert [(one.id, one.label) for one in found.stance["d1"]] == [("j1", "favor"), ("j2", "against")]


def test_another_scheme(corpus):
    found = corpus(stance=[stance(label="pro"), stance("u", "con")], labels=LabelsConfig(stance=("con", "pro")))
    assert found.stance_labels == ("con", "pro")


# ---- defects, one by one ----------------------------------------------------------------------------------------

TARGET_WORDS = [{"id": "t", "text": "Travelling"}]
NOT_ONE = "is not one of favor, against, none; set data.labels.stance for another scheme"
RANGE = "expected 0 <= start < end <= 55 (the length of document 'd1'), found start {}, end {}; {}"
CONVENTION = "offsets are end-exclusive code points"

DEFECTS = {
    "inclusive end": (
        {"entities": [entity(0, 4), entity(9, 11, text="Bob")]},
        [
            "g/entities.jsonl:2: text[9:11] is 'Bo', the record says 'Bob'; "
            "end looks inclusive; offsets are end-exclusive"
        ],
    ),
    "UTF-16 after an emoji": (
        {"entities": [entity(36, 40, text="Anna")]},
        [
            "g/entities.jsonl:1: text[36:40] is 'nna ', the record says 'Anna'; "
            "the offsets look like UTF-16 units; they must be code points"
        ],
    ),
    "UTF-16 beyond the end": (
        {"entities": [entity(51, 56, text="Lyon.")]},
        ["g/entities.jsonl:1: " + RANGE.format(51, 56, "the offsets look like UTF-16 units; they must be code points")],
    ),
    "bytes after an emoji": (
        {"entities": [entity(38, 42, text="Anna")]},
        [
            "g/entities.jsonl:1: text[38:42] is 'a st', the record says 'Anna'; "
            "the offsets look like bytes; they must be code points"
        ],
    ),
    "out of range": (
        {"entities": [entity(50, 57), entity(-1, 3), entity(4, 4), entity(4, 0)]},
        [
            "g/entities.jsonl:1: " + RANGE.format(50, 57, CONVENTION),
            "g/entities.jsonl:2: " + RANGE.format(-1, 3, CONVENTION),
            "g/entities.jsonl:3: " + RANGE.format(4, 4, CONVENTION),
            "g/entities.jsonl:4: " + RANGE.format(4, 0, CONVENTION),
        ],
    ),
    "offsets that are no whole numbers": (
        {"entities": [entity(True, 4), entity(0.0, 4), entity("0", 4), entity(0, None)]},
        [
            "g/entities.jsonl:1: 'start' must be a whole number of code points, found True",
            "g/entities.jsonl:2: 'start' must be a whole number of code points, found 0.0",
            "g/entities.jsonl:3: 'start' must be a whole number of code points, found '0'",
            "g/entities.jsonl:4: 'end' must be a whole number of code points, found None",
        ],
    ),
    "unknown document": (
        {"entities": [entity(0, 4, doc="d11"), entity(0, 4, doc="article")]},
        [
            "g/entities.jsonl:1: document 'd11' is not among the 2 documents; nearest: 'd1'",
            "g/entities.jsonl:2: document 'article' is not among the 2 documents",
        ],
    ),
    "a key misspelled": (
        {"entities": [{"doc": "d1", "start": 0, "end": 4, "lable": "PER"}, {"doc": "d1", "text": "Anna"}]},
        [
            "g/entities.jsonl:1: a record of entities needs 'label', found the keys ['doc', 'end', 'lable', 'start']; "
            "is 'lable' meant?",
            "g/entities.jsonl:2: a record of entities needs 'start', found the keys ['doc', 'text']",
            "g/entities.jsonl:2: a record of entities needs 'end', found the keys ['doc', 'text']",
            "g/entities.jsonl:2: a record of entities needs 'label', found the keys ['doc', 'text']",
        ],
    ),
    "label outside the scheme": (
        {"entities": [entity(0, 4, "PERSON")], "labels": LabelsConfig(entities=("PER", "GPE"))},
        [
            "g/entities.jsonl:1: label 'PERSON' is not one of GPE, PER; nearest: 'PER'; data.labels.entities=[...] "
            "names every label of the gold"
        ],
    ),
    "the same entity twice": (
        {"entities": [entity(0, 4), entity(9, 12), entity(0, 4, text="Anna")]},
        ["g/entities.jsonl:3: entity 0-4 PER stands at g/entities.jsonl:1 already"],
    ),
    "overlapping sentences": (
        {
            "sentences": [
                {"doc": "d1", "id": "long", "start": 0, "end": 40},
                {"doc": "d1", "id": "s1", "start": 2, "end": 10},
                {"doc": "d1", "id": "s2", "start": 12, "end": 20},
                {"doc": "d1", "id": "s3", "start": 40, "end": 50},
            ],
            "entities": [entity(0, 4)],
        },
        [
            "g/sentences.jsonl:2: sentence 's1' begins at 2, before the end of 'long' at 40",
            "g/sentences.jsonl:3: sentence 's2' begins at 12, before the end of 'long' at 40",
        ],
    ),
    "sentence ids twice": (
        {"sentences": [*SENTENCES[:2], {**SENTENCES[2], "id": "s1"}], "entities": [entity(0, 4)]},
        ["g/sentences.jsonl:3: sentence id 's1' stands at g/sentences.jsonl:1 already; ids are unique in a document"],
    ),
    "a zone that is no string": (
        {"sentences": [{**SENTENCES[0], "zone": 3}], "entities": [entity(0, 4)]},
        ["g/sentences.jsonl:1: 'zone' must be a non-empty string, found 3"],
    ),
    "a target without words": (
        {"stance": [stance("t"), stance("u"), stance("u", doc="d2")], "targets": TARGET_WORDS},
        ["g/stance.jsonl:2: target 'u' has no words: targets.jsonl needs a line {\"id\": 'u', \"text\": ...}"],
    ),
    "a target with two meanings": (
        {"stance": [stance()], "targets": [*TARGET_WORDS, {"id": "t", "text": "Trains"}]},
        ["g/targets.jsonl:2: target 't' says 'Trains' here and 'Travelling' before"],
    ),
    "evidence out of range": (
        {
            "stance": [
                stance("a", evidence=[50, 57]),
                stance("b", evidence=[4, 4]),
                stance("c", evidence=[0]),
                stance("d", evidence="Anna"),
                stance("e", evidence=[0, True]),
                stance("f", evidence=None),
            ]
        },
        [
            f"g/stance.jsonl:{line}: 'evidence' must be [start, end] within the document's 55 characters, found {found}"
            for line, found in enumerate(["[50, 57]", "[4, 4]", "[0]", "'Anna'", "[0, True]"], start=1)
        ],
    ),
    "stance of an unknown sentence": (
        {"sentences": SENTENCES, "stance": [stance(sentence="s33"), stance(start=20, end=25)]},
        [
            "g/stance.jsonl:1: sentence 's33' is not among the 3 of document 'd1'; nearest: 's3'",
            "g/stance.jsonl:2: no sentence of document 'd1' holds 20-25; it has 3",
        ],
    ),
    "stance labels outside the scheme": (
        {"stance": [stance(label="FAVOR"), stance("u", label="neutral"), stance("v", label=None)]},
        [
            f"g/stance.jsonl:1: label 'FAVOR' {NOT_ONE}",
            f"g/stance.jsonl:2: label 'neutral' {NOT_ONE}",
            "g/stance.jsonl:3: 'label' must be a non-empty string, found None",
        ],
    ),
    "two stances of one key": (
        {
            "sentences": SENTENCES,
            "stance": [stance(), stance(sentence="s1"), stance(start=0, end=4), stance(holder="x")],
        },
        [
            "g/stance.jsonl:3: sentence 's1' of document 'd1' has a label for target 't' at g/stance.jsonl:2 already",
            "g/stance.jsonl:4: document 'd1' has a label for target 't' at g/stance.jsonl:1 already",
        ],
    ),
    "judgement ids twice": (
        {"stance": [stance(id="j"), stance("u", id="j", doc="d2")]},
        ["g/stance.jsonl:2: id 'j' stands at g/stance.jsonl:1 already; ids are unique"],
    ),
    "a rationale that cannot be stored": (
        {"stance": '{"doc": "d1", "target": "t", "label": "favor", "rationale": "\\ud83d"}\n'},
        ["g/stance.jsonl:1: 'rationale' holds a lone surrogate '\\ud83d' at 0; the file was made from broken UTF-16"],
    ),
    "entities of two annotators": (
        {
            "entities": [
                entity(0, 4, annotator="a"),
                entity(0, 4, annotator="b"),
                entity(9, 12, annotator="b"),
                entity(0, 4),
                entity(0, 6, doc="d2", annotator="b"),
            ]
        },
        [
            "g/entities.jsonl:2: document 'd1' is annotated by 'a' (at g/entities.jsonl:1) and by 'b'; "
            "choose one with data.annotator=NAME",
            "g/entities.jsonl:4: document 'd1' is annotated by 'a' (at g/entities.jsonl:1) and by no named annotator; "
            "choose one with data.annotator=NAME",
        ],
    ),
    "stance of two annotators": (
        {"stance": [stance(annotator="a"), stance("u", annotator="b"), stance(annotator="b"), stance("u", "none")]},
        [
            "g/stance.jsonl:3: document 'd1' with target 't' is annotated by 'a' (at g/stance.jsonl:1) and by 'b'; "
            "choose one with data.annotator=NAME",
            "g/stance.jsonl:4: document 'd1' with target 'u' is annotated by 'b' (at g/stance.jsonl:2) and by "
            "no named annotator; choose one with data.annotator=NAME",
        ],
    ),
    "two annotators behind different ids": (
        {"stance": [stance(id="1", annotator="a"), stance(id="2", annotator="b")]},
        [
            "g/stance.jsonl:2: document 'd1' with target 't' is annotated by 'a' (at g/stance.jsonl:1) and by 'b'; "
            "choose one with data.annotator=NAME",
        ],
    ),
    "an annotator that nobody is": (
        {"entities": [entity(0, 4, annotator="anna"), entity(9, 12, annotator="bob")], "annotator": "ana"},
        ["data.annotator=ana: no record is by that annotator; found anna, bob; nearest: 'anna'"],
    ),
    "a chosen annotator beside nobody": (
        {"entities": [entity(0, 4, annotator="a"), entity(9, 12)], "annotator": "a"},
        [
            "g/entities.jsonl:2: document 'd1' is annotated by 'a' (at g/entities.jsonl:1) and by no named annotator; "
            "name the annotator of each record, or of none",
        ],
    ),
    "annotators of no kind": (
        {
            "entities": [entity(0, 4)],
            "annotators": [{"id": "a", "kind": "robot"}, {"id": "b", "kind": "model"}, {"id": "b", "kind": "human"}],
        },
        [
            "g/annotators.jsonl:1: 'kind' must be 'human' or 'model', found 'robot'",
            "g/annotators.jsonl:3: annotator 'b' stands twice",
        ],
    ),
    "a reference twice": (
        {
            "summaries": [{"doc": "d1", "text": "x", "annotator": "a"}] * 2
            + [{"doc": "d1", "text": "x", "annotator": "b"}]
        },
        ["g/summaries.jsonl:2: document 'd1' has this 'default' reference of 'a' twice"],
    ),
    "a reference without text": (
        {"summaries": [{"doc": "d1", "style": "headline", "txt": "x"}, {"doc": "d1", "text": ""}]},
        [
            "g/summaries.jsonl:1: a record of summaries needs 'text', found the keys ['doc', 'style', 'txt']; "
            "is 'txt' meant?",
            "g/summaries.jsonl:2: 'text' must be a non-empty string, found ''",
        ],
    ),
    "extracts of foreign or repeated sentences": (
        {
            "sentences": SENTENCES,
            "summaries": [
                {"doc": "d1", "style": "extract", "sentences": found}
                for found in (["s1", "s9"], ["s1", "s1"], [], "s1", [1], ["s2"])
            ]
            + [{"doc": "d1", "style": "extract", "text": "x"}],
        },
        [
            "g/summaries.jsonl:1: sentences ['s9'] are not among the 3 of document 'd1'",
            "g/summaries.jsonl:2: 'sentences' names one twice: ['s1', 's1']",
            "g/summaries.jsonl:3: 'sentences' must be a list of sentence ids, found []",
            "g/summaries.jsonl:4: 'sentences' must be a list of sentence ids, found 's1'",
            "g/summaries.jsonl:5: 'sentences' must be a list of sentence ids, found [1]",
            "g/summaries.jsonl:7: a record of summaries needs 'sentences', found the keys ['doc', 'style', 'text']",
        ],
    ),
    "weights": (
        {
            "summaries": [{"doc": "d1", "text": "x"}],
            "facts": [{"doc": "d1", "fact": "x", "weight": weight} for weight in (0, -1, "3", True, 0.5, None)],
        },
        [
            "g/facts.jsonl:1: 'weight' must be above 0, found 0.0",
            "g/facts.jsonl:2: 'weight' must be above 0, found -1.0",
            "g/facts.jsonl:3: 'weight' must be a finite number, found '3'",
            "g/facts.jsonl:4: 'weight' must be a finite number, found True",
        ],
    ),
    "facts of foreign sentences": (
        {
            "summaries": [{"doc": "d1", "text": "x"}],
            "sentences": SENTENCES,
            "facts": [{"doc": "d1", "fact": "x", "sentences": ["s1", "q"]}, {"doc": "d1", "fct": "x"}],
        },
        [
            "g/facts.jsonl:1: sentences ['q'] are not among the 3 of document 'd1'",
            "g/facts.jsonl:2: a record of facts needs 'fact', found the keys ['doc', 'fct']; is 'fct' meant?",
        ],
    ),
    "lines that are no JSON, beside records that are wrong": (
        {"entities": json.dumps(entity(0, 40000)) + '\n{"doc": "d1", "sta\n' + json.dumps(entity(0, 4)) + "\n[]\n"},
        [
            "g/entities.jsonl:1: " + RANGE.format(0, 40000, CONVENTION),
            'g/entities.jsonl:2: expected a JSON object on one line, found \'{"doc": "d1", "sta\': '
            "Unterminated string starting at: line 1 column 15 (char 14)",
            "g/entities.jsonl:4: expected a JSON object, found '[]'; write one object a line, without a list "
            "around them",
        ],
    ),
    "a torn sentence file hides no other fault behind false ones": (
        {"sentences": json.dumps(SENTENCES[0]) + '\n{"doc"', "stance": [stance(sentence="s2")]},
        [
            "g/sentences.jsonl:2: expected a JSON object on one line, found '{\"doc\"': Expecting ':' delimiter: "
            "line 1 column 7 (char 6)"
        ],
    ),
    "unfit documents and no false faults of their records": (
        {
            "texts": {"d1": "\ufeff" + TEXT, "d2": " \n", "d3": "a\x00b"},
            "entities": [
                entity(0, 4, text="Anna"),
                entity(0, 1, doc="d2"),
                entity(0, 1, doc="d3"),
                entity(0, 1, doc="q"),
            ],
        },
        [
            "g/entities.jsonl:4: document 'q' is not among the 0 documents",
            "t/d1.txt:1: document 'd1' starts with a byte order mark; save it without, or set data.encoding=utf-8-sig",
            "t/d2.txt:1: document 'd2' has no text",
            "t/d3.txt:1: the text of document 'd3' holds a NUL character at 1",
        ],
    ),
    "an empty corpus": (
        {"texts": {}, "entities": [entity(0, 4)]},
        [
            "t: expected *.txt or one of documents.jsonl, sentences.jsonl, entities.jsonl, stance.jsonl, "
            "targets.jsonl, summaries.jsonl, facts.jsonl, annotators.jsonl, found none of them"
        ],
    ),
    "no gold": (
        {"sentences": SENTENCES},
        ["g: no gold there; expected entities.jsonl, stance.jsonl or summaries.jsonl"],
    ),
    "no such split": (
        {"entities": [entity(0, 4)], "split": "tset"},
        ["data.split=tset: no document has it; splits found: none"],
    ),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_every_defect_is_named(corpus, name):
    records, expected = DEFECTS[name]
    assert corpus.faults(**records) == expected


@pytest.mark.parametrize(
    ("records", "fault"),
    [
        ({"stance": [stance(sentance="s1")]}, "g/stance.jsonl:1: 'sentance' is no key of stance; is 'sentence' meant?"),
        (
            {"entities": [entity(0, 4, anotator="a")]},
            "g/entities.jsonl:1: 'anotator' is no key of entities; is 'annotator' meant?",
        ),
    ],
)
def test_a_misspelt_optional_key_is_no_metadata(corpus, records, fault):
    assert corpus.faults(**records, sentences=SENTENCES) == [fault]


def test_other_keys_are_the_users_own(corpus):
    assert corpus(stance=[stance(section="s1", topic="x")], sentences=SENTENCES).stance


def test_annotators_that_are_listed_are_all_of_them(corpus):
    known = [{"id": "a", "kind": "human"}]
    faults = corpus.faults(entities=[entity(0, 4, annotator="b")], annotators=known)
    assert faults == ["g/entities.jsonl:1: annotator 'b' is not one of a in annotators.jsonl"]
    assert corpus(entities=[entity(0, 4, annotator="a")], annotators=known).entities["d1"]


def test_a_wrong_encoding_names_the_document(corpus):
    (corpus.folder / "t").mkdir()
    (corpus.folder / "t" / "d9.txt").write_bytes(b"ok\nna\xefve")
    assert corpus.faults(entities=[entity(0, 4)]) == [
        "t/d9.txt:2: expected utf-8, found byte 0xef at position 5; "
        "set data.encoding to the file's own (cp1252 for many older Windows files)"
    ]


@pytest.mark.parametrize(
    ("text", "offsets"), [("One.\r\nTwo.\r\nBob came.", (10, 13)), ("One.\nTwo.\nBob came.", (12, 15))]
)
def test_line_ends_that_differ(corpus, text, offsets):
    (fault,) = corpus.faults(texts={"d1": text}, entities=[entity(*offsets, text="Bob")])
    made, stored = ("LF", "CRLF") if "\r" in text else ("CRLF", "LF")
    assert fault.endswith(f"the offsets were made on a text with {made} line ends, the document as stored has {stored}")


def test_many_faults_are_all_reported_in_file_order(corpus):
    found = corpus.faults(
        sentences=[*SENTENCES, {"doc": "d1", "id": "s4", "start": 50, "end": 60}],
        stance=[stance(label="x"), stance(sentence="s8", target=""), stance(doc="d7")],
        entities=[entity(0, n) for n in range(60, 160)],
        facts=[{"doc": "d1"}],
        summaries=[{"doc": "d1"}],
    )
    places = [fault.split(": ")[0].rsplit(":", 1) for fault in found]
    order = [(path, int(line)) for path, line in places]
    assert order == sorted(order)
    assert len(found) == 100 + 1 + 1 + 4 + 1
    assert [line for path, line in order if path == "g/entities.jsonl"] == list(range(1, 101))
    # What is shown is bounded, and says how much is not.
    with pytest.raises(GoldError) as refused:
        corpus()
    assert str(refused.value).count("\n") == 50
    assert str(refused.value).endswith("... and 57 more faults of this kind of reading")


def test_faults_are_in_file_order_in_folders_with_colons_too(corpus):
    folder = corpus.folder / "a:b"
    folder.mkdir()
    lines = [entity(0, 4)] * 9 + [entity(0, 99)] * 3
    (folder / "entities.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
    found = corpus.faults(gold=str(folder))
    assert [fault.split("entities.jsonl:")[1].split(":")[0] for fault in found] == [str(n) for n in range(2, 13)]


# ---- places -----------------------------------------------------------------------------------------------------


def test_no_place_at_all():
    with pytest.raises(GoldError, match=r"data: set data.documents=DIR and data.gold=DIR"):
        load_corpus(DataConfig(name="x"))


def test_a_folder_that_is_missing(corpus):
    assert corpus.faults(entities=[entity(0, 4)], gold=str(corpus.folder / "none")) == ["none: no such file or folder"]
    found = corpus.faults(documents=str(corpus.folder / "a"), gold=str(corpus.folder / "b"))
    assert found == ["a: no such file or folder", "b: no such file or folder"]


def test_documents_alone_are_enough_for_prediction_and_not_for_scoring(corpus):
    found = corpus(gold=None, need_gold=False)
    assert list(found.documents) == ["d1", "d2"]
    assert not any(found.has_gold(task) for task in ("ner", "stance", "summarization"))
    assert corpus.faults(gold=None) == [
        "t: no gold there; expected entities.jsonl, stance.jsonl or summaries.jsonl; set data.gold=DIR"
    ]


def test_gold_without_the_texts_that_it_is_about(corpus):
    assert corpus.faults(documents=None, entities=[entity(0, 4)]) == [
        "g: no documents there; expected *.txt, documents.jsonl or a format that holds its texts"
    ]


@pytest.fixture
def together(tmp_path):
    """One folder that holds documents and gold."""
    folder = tmp_path / "all"
    folder.mkdir()
    (folder / "documents.jsonl").write_text('{"id": "d1", "text": "Anna"}\n')
    (folder / "entities.jsonl").write_text(json.dumps(entity(0, 4)) + "\n")
    return folder


def load(**settings):
    return load_corpus(DataConfig(name="x", **settings))


def test_one_folder_given_in_any_way_is_read_once(together):
    for settings in (
        {"gold": str(together)},
        {"documents": str(together)},
        {"documents": str(together), "gold": str(together)},
        {"documents": str(together), "gold": f"{together}/../all/"},
        {"documents": str(together / "documents.jsonl"), "gold": str(together)},
        {"documents": str(together / "documents.jsonl"), "gold": str(together / "entities.jsonl")},
        {"documents": str(together), "gold": str(together / "entities.jsonl")},
    ):
        found = load(**settings)
        assert found.entities == {"d1": (Entity(0, 4, "PER"),)}, settings
        assert list(found.documents) == ["d1"]


def test_annotations_beside_the_texts_are_not_mixed_with_those_that_were_named(together, tmp_path):
    (tmp_path / "mine.jsonl").write_text(json.dumps(entity(1, 3, "OTHER")) + "\n")
    found = load(documents=str(together), gold=str(tmp_path / "mine.jsonl"))
    assert found.entities == {"d1": (Entity(1, 3, "OTHER"),)}


def test_a_link_among_the_texts_or_the_gold_is_not_followed(corpus, tmp_path):
    corpus(entities=[entity(0, 4)])
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "t" / "d3.txt").symlink_to(tmp_path / "secret")
    (tmp_path / "g" / "stance.jsonl").symlink_to(tmp_path / "secret")
    assert corpus.faults() == [
        "g/stance.jsonl: a symbolic link is not followed; name its target instead",
        "t/d3.txt: a symbolic link is not followed; name its target instead",
    ]
    # Named by the user, a link is as good as a folder.
    (tmp_path / "g" / "stance.jsonl").unlink()
    (tmp_path / "t" / "d3.txt").unlink()
    (tmp_path / "link").symlink_to(tmp_path / "g")
    assert corpus(gold=str(tmp_path / "link")).has_gold("ner")


@pytest.mark.parametrize("name", ["../../x", "a/b", "a\\b", "CON", "x" * 300, "..", "😀", "e\u0301", "trailing."])
def test_any_id_works(corpus, name):
    (corpus.folder / "d.jsonl").write_text(json.dumps({"id": name, "text": "Anna"}) + "\n")
    found = corpus(documents=str(corpus.folder / "d.jsonl"), entities=[entity(0, 4, doc=name)])
    assert found.entities == {name: (Entity(0, 4, "PER"),)}


def test_a_file_name_that_is_no_unicode_is_named(corpus):
    (corpus.folder / "t").mkdir()
    try:
        (corpus.folder / "t" / "a\udcff.txt").write_text("x")
    except (OSError, UnicodeEncodeError):
        return  # this system has no such names
    (fault,) = corpus.faults(entities=[entity(0, 4)])
    assert fault.endswith("'id' holds a lone surrogate '\\udcff' at 1; the file was made from broken UTF-16")


# ---- options of formats -----------------------------------------------------------------------------------------


def test_options_that_a_format_does_not_have_or_cannot_do_without(corpus):
    with pytest.raises(ConfigError, match=r"^data\.options\.shceme: unknown key"):
        corpus(entities=[entity(0, 4)], options={"shceme": "iob2"})
    with pytest.raises(ConfigError, match=r"^model\.options\.label: unknown key; did you mean 'labels'\?"):
        read_rows("semeval_stance", corpus.folder, encoding="utf-8", options={"label": ()}, place="model")
    with pytest.raises(ConfigError, match=r"^data\.options\.labels: Input should be .*, found 5$"):
        read_rows("semeval_stance", corpus.folder, encoding="utf-8", options={"labels": 5})
    with pytest.raises(ConfigError, match=r"^data\.options\.columns: format 'hf' cannot be read without it$"):
        read_rows("hf", corpus.folder, encoding="utf-8")


# ---- which documents are scored ---------------------------------------------------------------------------------

FIVE = {f"d{n}": "Anna" for n in range(1, 6)}


def test_only_documents_that_a_record_names_are_scored(corpus):
    found = corpus(
        texts=FIVE,
        entities=[entity(0, 4, doc="d4"), {"doc": "d2"}, {"doc": "d5", "annotator": "a"}],
        stance=[stance(doc="d3")],
        summaries=[{"doc": "d1", "text": "x"}],
    )
    assert found.annotated("ner") == ["d2", "d4", "d5"]
    assert found.entities["d2"] == ()
    assert found.annotated("stance") == ["d3"]
    assert found.annotated("summarization") == ["d1"]


def test_coverage_all_adds_the_rest_as_having_none(corpus):
    found = corpus(texts=FIVE, entities=[entity(0, 4, doc="d4")], stance=[stance(doc="d3")], coverage="all")
    assert found.annotated("ner") == ["d1", "d2", "d3", "d4", "d5"]
    # No grid and no reference is nothing that could be scored.
    assert found.annotated("stance") == ["d3"]
    assert not found.has_gold("summarization")


def test_limit_is_of_each_task(corpus):
    found = corpus(texts=FIVE, entities=[{"doc": f"d{n}"} for n in (5, 4, 3)], stance=[stance(doc="d1")], limit=2)
    assert found.annotated("ner") == ["d3", "d4"]
    assert found.annotated("stance") == ["d1"]
    assert list(found.documents) == ["d1", "d2", "d3", "d4", "d5"]


def test_split_leaves_the_other_documents_out(corpus):
    documents = [{"id": f"d{n}", "text": "Anna", "split": "test" if n > 3 else "dev"} for n in range(1, 6)]
    documents.append({"id": "d6", "text": "Anna"})
    path = corpus.folder / "documents.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in documents))
    records = {"documents": str(path), "entities": [entity(0, 4, doc=f"d{n}") for n in (1, 5, 6)]}
    found = corpus(**records, split="test")
    assert list(found.documents) == ["d4", "d5"]
    assert found.annotated("ner") == ["d5"]
    assert found.outside == {"d1", "d2", "d3", "d6"}
    assert corpus(**records).annotated("ner") == ["d1", "d5", "d6"]
    assert corpus.faults(**records, split="train") == ["data.split=train: no document has it; splits found: dev, test"]
    # Faults of other splits are faults of the files.
    assert corpus.faults(documents=str(path), entities=[entity(0, 9, doc="d1")], split="test")


def test_one_annotator_is_chosen(corpus):
    records = {
        "entities": [entity(0, 4, annotator="a"), entity(9, 12, annotator="b"), entity(0, 6, doc="d2")],
        "stance": [stance(annotator="a"), stance(label="none", annotator="b")],
        "summaries": [{"doc": "d1", "text": "x", "annotator": "a"}, {"doc": "d1", "text": "y", "annotator": "b"}],
    }
    found = corpus(**records, annotator="b")
    assert found.entities == {"d1": (Entity(9, 12, "PER"),), "d2": (Entity(0, 6, "PER"),)}
    assert [one.label for one in found.stance["d1"]] == ["none"]
    # Several summaries are several references.
    assert [one.text for one in found.summaries["d1"]] == ["x", "y"]


def test_annotators_may_share_the_work(corpus):
    found = corpus(
        entities=[entity(0, 4, annotator="a"), entity(0, 6, doc="d2", annotator="b")],
        stance=[stance("t", annotator="a"), stance("u", annotator="b")],
    )
    assert found.annotated("ner") == ["d1", "d2"]
    assert len(found.stance["d1"]) == 2


# ---- hashes -----------------------------------------------------------------------------------------------------

RECORDS = {
    "sentences": SENTENCES,
    "entities": [entity(0, 4), entity(9, 12)],
    "stance": [stance(sentence="s1"), stance(sentence="s2", label="none")],
    "summaries": [{"doc": "d1", "text": "x"}, {"doc": "d1", "text": "y"}],
}
TASKS = ("ner", "stance", "summarization")


def hashes(corpus, **changed):
    found = corpus(**{**RECORDS, **changed})
    return {task: found.gold_sha256(task) for task in TASKS}


def test_the_order_of_records_moves_no_hash(corpus):
    assert hashes(corpus) == hashes(corpus, **{name: found[::-1] for name, found in RECORDS.items()})


@pytest.mark.parametrize(
    ("changed", "moved"),
    [
        ({"entities": [entity(0, 4), entity(9, 12, "ORG")]}, {"ner"}),
        ({"entities": [entity(0, 4)]}, {"ner"}),
        ({"entities": [*RECORDS["entities"], {"doc": "d2"}]}, {"ner"}),
        ({"stance": [stance(sentence="s1"), stance(sentence="s2", label="against")]}, {"stance"}),
        ({"stance": [stance(sentence="s1"), stance(sentence="s3", label="none")]}, {"stance"}),
        ({"stance": [stance(sentence="s1", rationale="new"), stance(sentence="s2", label="none")]}, set()),
        ({"summaries": [{"doc": "d1", "text": "x"}, {"doc": "d1", "text": "z"}]}, {"summarization"}),
        ({"summaries": [{"doc": "d1", "text": "x", "style": "s"}, {"doc": "d1", "text": "y"}]}, {"summarization"}),
        ({"sentences": [*SENTENCES[:2], {**SENTENCES[2], "zone": "body"}]}, {"ner", "stance", "summarization"}),
        ({"facts": [{"doc": "d1", "fact": "x"}]}, set()),
        ({"coverage": "all"}, {"ner"}),
    ],
)
def test_what_a_task_is_scored_on_moves_its_hash_and_no_other(corpus, changed, moved):
    before, after = hashes(corpus), hashes(corpus, **changed)
    assert {task for task in TASKS if before[task] != after[task]} == moved


def test_documents_move_their_own_hash(tmp_path):
    def of(**record):
        rows = [Row("x:1", "documents", {"id": "d", "text": "Anna", **record})]
        return check_corpus(rows, DataConfig(name="x", gold="x"), need_gold=False).documents_sha256

    assert len({of(), of(text="Anne"), of(id="e"), of(split="dev"), of(n=[1, {"a": None}])}) == 5
    assert of() == of()


# ---- laws -------------------------------------------------------------------------------------------------------


@given(
    st.text(min_size=1, max_size=40).filter(str.strip),
    st.lists(st.tuples(st.integers(0, 39), st.integers(1, 40), st.sampled_from("XY")), max_size=12, unique=True),
)
def test_every_right_entity_is_kept_once_and_every_wrong_one_refused(text, spans):
    data = DataConfig(name="x", gold="x")
    if "\x00" in text or text.startswith("\ufeff"):
        text = "x" + text.replace("\x00", "x")
    right = [(a, b, label) for a, b, label in spans if a < b <= len(text)]
    rows = [Row("d:1", "documents", {"id": "d", "text": text}), Row("e:0", "entities", {"doc": "d"})]
    rows += [Row(f"e:{n}", "entities", entity(a, b, label, doc="d")) for n, (a, b, label) in enumerate(spans, start=1)]
    if len(right) == len(spans):
        assert check_corpus(rows, data).entities == {"d": tuple(Entity(*span) for span in sorted(right))}
    else:
        with pytest.raises(GoldError) as refused:
            check_corpus(rows, data)
        assert [f.split(": ")[0] for f in refused.value.faults] == [
            f"e:{n}" for n, span in enumerate(spans, start=1) if span not in right
        ]


@pytest.mark.timeout(120)
def test_twenty_thousand_documents_load(tmp_path):
    """Nothing may grow with the square of the corpus, nor of one document."""
    sentence = "Anna met Bob in Paris. "
    with (tmp_path / "documents.jsonl").open("w") as stream:
        for n in range(5000):
            stream.write(json.dumps({"id": f"d{n}", "text": sentence * 3}) + "\n")
        stream.write(json.dumps({"id": "long", "text": sentence * 10_000}) + "\n")
    with (tmp_path / "sentences.jsonl").open("w") as stream:
        for n in range(10_000):
            stream.write(json.dumps({"doc": "long", "id": f"s{n}", "start": 23 * n, "end": 23 * n + 22}) + "\n")
    with (tmp_path / "stance.jsonl").open("w") as stream:
        for n in range(10_000):
            named = {"sentence": f"s{n}"} if n % 2 else {"start": 23 * n, "end": 23 * n + 4}
            stream.write(json.dumps(stance(doc="long", **named)) + "\n")
        for n in range(5000):
            stream.write(json.dumps(stance(doc=f"d{n}", id=f"j{n}")) + "\n")
    with (tmp_path / "entities.jsonl").open("w") as stream:
        for n in range(25_000):
            stream.write(json.dumps(entity(n // 5000 * 5, n // 5000 * 5 + 4, doc=f"d{n % 5000}")) + "\n")
    found = load(gold=str(tmp_path))
    assert sum(map(len, found.stance.values())) == 15_000
    assert sum(map(len, found.entities.values())) == 25_000
