"""A gold in another format: back again it is the same, and nothing is lost that was not named."""

import json
import random
import runpy
from pathlib import Path

import pytest

from harness.__main__ import command
from harness.config import DataConfig, format_reader
from harness.errors import DataError
from harness.format import brat
from harness.gold import load_corpus
from harness.gold_tools.holds import FORMATS, LEFT_OUT

pytestmark = pytest.mark.core
write = runpy.run_path(str(Path(__file__).with_name("made_gold.py")))["write"]

# Emoji beyond the BMP, a combining mark, CRLF, a no-break space, right to left: where offsets go wrong.
HARD = "Zoe\u0301 \U0001f600 met Bob (Lee) in\u00a0Rome.\r\n\u05d4\u05d9\u05d0 aaaa  \U0001f469\u200d\U0001f680 NASA."
PLAIN = "Ann met Bob .\nShe left ."


def entity(text, said, label, doc, nth=0, **more):
    start = -1
    for _ in range(nth + 1):
        start = text.index(said, start + 1)
    return {"doc": doc, "start": start, "end": start + len(said), "label": label, "text": said, **more}


def convert(source, out, to, *more):
    return command(["gold", "convert", str(source), str(out), "--to", to, *more])


def content(path, form="jsonl", **options):
    """Texts, metadata and entities as a run reads them."""
    corpus = load_corpus(DataConfig(name="x", gold=str(path), format=form, options=options))
    added = {"tag_scheme", "invalid_tags", "answer"}
    texts = {
        doc: (one.text, {key: value for key, value in one.metadata.items() if key not in added})
        for doc, one in corpus.documents.items()
    }
    return texts, dict(corpus.entities)


@pytest.fixture
def flat(tmp_path):
    """What every format holds, but for what each says itself."""
    return write(
        tmp_path / "flat",
        documents=[{"id": "b", "text": PLAIN}, {"id": "a", "text": "Nothing here ."}],
        entities=[entity(PLAIN, "Ann", "PER", "b"), entity(PLAIN, "Bob", "PER", "b"), {"doc": "a"}],
    )


@pytest.fixture
def hard(tmp_path):
    """Overlaps, a document that nobody looked at, metadata, texts full of traps."""
    return write(
        tmp_path / "hard",
        documents=[
            {"id": "d1", "text": HARD, "split": "test", "year": 2020, "kept": True},
            {"id": "d2", "text": "Not looked at."},
            {"id": "d3", "text": "Nothing."},
        ],
        entities=[
            entity(HARD, "Zoe\u0301", "PER", "d1"),
            entity(HARD, "Bob (Lee)", "PER", "d1"),
            entity(HARD, "Lee", "PER", "d1"),
            entity(HARD, "Lee", "ORG", "d1"),
            # Read as UTF-16 units, these offsets hold the same string one further on.
            entity(HARD, "aa", "X", "d1", nth=1),
            entity(HARD, "\U0001f469\u200d\U0001f680 NASA", "ORG", "d1"),
            {"doc": "d3"},
        ],
    )


@pytest.mark.parametrize("to", FORMATS)
def test_there_and_back(tmp_path, flat, to, capsys):
    if to == "spacy":
        pytest.importorskip("spacy", reason="left out: spaCy is not installed")
    out, back = tmp_path / "out", tmp_path / "back"
    allowed = ["--leave-out", "ids"] if to == "spacy" else []
    assert convert(flat, out, to, *allowed) == 0
    assert "2 documents, 2 entities" in capsys.readouterr().out
    assert convert(out, back, "jsonl", "--data-format", to) == 0
    texts, entities = content(back)
    expected, gold = content(flat)
    if to == "spacy":
        names = {"out:1": "b", "out:2": "a"}
        texts, entities = ({names[doc]: value for doc, value in of.items()} for of in (texts, entities))
    assert texts == expected
    assert entities == gold


@pytest.mark.parametrize("to", ["doccano", "prodigy", "labelstudio"])
def test_hard_texts_there_and_back(tmp_path, hard, to):
    assert convert(hard, tmp_path / "out", to) == 0
    assert content(tmp_path / "out", to) == content(hard)
    assert convert(tmp_path / "out", tmp_path / "back", "jsonl", "--data-format", to) == 0
    assert content(tmp_path / "back") == content(hard)


def test_brat_holds_hard_texts_and_pieces(tmp_path, hard, capsys):
    legs = {"doc": "d2", "start": 0, "end": 13, "label": "X", "parts": [[0, 3], [11, 13]]}
    with (hard / "entities.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(legs) + "\n")
    assert convert(hard, tmp_path / "out", "brat") == 2
    assert "metadata: metadata of documents (1 document), first at" in capsys.readouterr().err
    assert convert(hard, tmp_path / "out", "brat", "--leave-out", "metadata") == 0
    texts, entities = content(hard)
    assert content(tmp_path / "out", "brat") == ({doc: (text, {}) for doc, (text, _) in texts.items()}, entities)
    assert convert(hard, tmp_path / "d", "doccano") == 2
    assert "discontinuous: entities in several pieces (1 record)" in capsys.readouterr().err


def test_records_of_every_kind_stay_in_jsonl(tmp_path, capsys):
    source = ["gold", "convert", "package:gold/seed", str(tmp_path / "out"), "--documents", "package:seeds"]
    assert command([*source, "--to", "jsonl"]) == 0
    said = capsys.readouterr().out
    assert "144 stance judgements" in said
    assert "not part of it: the layers of annotators (a, b)" in said
    before = load_corpus(DataConfig(name="x", documents="package:seeds", gold="package:gold/seed"))
    after = load_corpus(DataConfig(name="x", gold=str(tmp_path / "out")))
    for task in ("ner", "stance", "summarization"):
        assert after.gold_sha256(task) == before.gold_sha256(task)
    assert (after.facts, after.annotators, after.targets) == (before.facts, before.annotators, before.targets)


@pytest.mark.parametrize("to", sorted(set(FORMATS) - {"jsonl"}))
def test_what_would_be_lost_is_refused_and_can_be_named(tmp_path, to, capsys):
    """What is said to be missing is a command that works, and afterwards it is listed."""
    if to == "spacy":
        pytest.importorskip("spacy", reason="left out: spaCy is not installed")
    source = ["gold", "convert", "package:gold/seed", str(tmp_path / "x" / "out"), "--documents", "package:seeds"]
    kinds = []
    for _ in range(3):
        code = command([*source, "--to", to, *(["--leave-out", *kinds] if kinds else [])])
        out, err = capsys.readouterr()
        if code == 0:
            break
        assert code == 2
        assert "nothing was written" in err
        assert not list(tmp_path.glob("x/*"))
        kinds = err.rsplit("--leave-out ", 1)[1].split()
    assert {"stance", "targets", "summaries", "facts", "annotators", "sentences"} <= set(kinds)
    assert out.count("left out: ") == len(kinds)
    path = tmp_path / "x" / "out"
    corpus = load_corpus(DataConfig(name="x", gold=str(path), format=to))
    (entities,) = corpus.entities.values()
    gold = load_corpus(DataConfig(name="x", documents="package:seeds", gold="package:gold/seed"))
    (wanted,) = gold.entities.values()
    # In columns a blank stands between a word and the mark that follows it.
    assert [(one.label, "".join(one.text.split())) for one in entities] == [
        (one.label, "".join(one.text.split())) for one in wanted
    ]
    assert sorted(path.parent.iterdir()) == [path]


def test_columns_respace_texts_only_where_that_is_named(tmp_path, capsys):
    text = "Mr. Lee's U.S. visit (May 3.5),  in \u201cRome\u201d.\nHe left."
    gold = write(
        tmp_path / "g",
        documents=[{"id": "a", "text": text}],
        entities=[entity(text, said, "X", "a") for said in ("Lee", "U.S.", "May 3.5", "Rome")],
    )
    assert convert(gold, tmp_path / "x.conll", "conll") == 2
    assert "spacing: the white space of the texts (1 document)" in capsys.readouterr().err
    assert convert(gold, tmp_path / "x.conll", "conll", "--leave-out", "spacing") == 0
    lines = (tmp_path / "x.conll").read_text(encoding="utf-8").splitlines()
    tokens = [line.split("\t") for line in lines[1:] if line]
    assert " ".join(token for token, _ in tokens) == (
        "Mr . Lee ' s U.S. visit ( May 3.5 ) , in \u201c Rome \u201d . He left ."
    )
    assert [token for token, tag in tokens if tag != "O"] == ["Lee", "U.S.", "May", "3.5", "Rome"]
    # The line break of the text ends a sentence.
    assert lines.count("") == 2


@pytest.mark.parametrize("to", ["conll", "spacy"])
def test_overlapping_entities_are_left_out_by_name_alone(tmp_path, to, capsys):
    if to == "spacy":
        pytest.importorskip("spacy", reason="left out: spaCy is not installed")
    text = "Bank of Berlin in New York City hall"
    spans = [("Bank of Berlin", "ORG"), ("Berlin", "GPE"), ("New York City", "GPE"), ("York City hall", "FAC")]
    gold = write(
        tmp_path / "g",
        documents=[{"id": "out:1", "text": text}],
        entities=[entity(text, said, label, "out:1") for said, label in spans],
    )
    assert convert(gold, tmp_path / "out", to) == 2
    assert "overlapping: entities that overlap a longer or an earlier one (2 records)" in capsys.readouterr().err
    assert convert(gold, tmp_path / "out", to, "--leave-out", "overlapping") == 0
    _, entities = content(tmp_path / "out", to)
    assert [one.text for one in entities["out:1"]] == ["Bank of Berlin", "New York City"]


def test_documents_that_nobody_looked_at_are_not_made_empty_ones(tmp_path, flat, capsys):
    with (flat / "documents.jsonl").open("a", encoding="utf-8") as stream:
        stream.write('{"id": "c", "text": "Never seen"}\n')
    assert convert(flat, tmp_path / "out", "conll") == 2
    assert "unannotated: documents that nobody looked for entities in (1 document)" in capsys.readouterr().err
    assert convert(flat, tmp_path / "out", "conll", "--leave-out", "unannotated") == 0
    assert set(content(tmp_path / "out", "conll")[0]) == {"a", "b"}


@pytest.fixture
def annotated_twice(tmp_path):
    spans = [("Ann", "x"), ("Ann", "y"), ("Bob", "y")]
    return write(
        tmp_path / "two",
        documents=[{"id": "a", "text": PLAIN}],
        entities=[entity(PLAIN, said, "PER", "a", annotator=who) for said, who in spans],
        annotators=[{"id": "x", "kind": "human"}, {"id": "y", "kind": "human"}],
    )


@pytest.mark.parametrize("to", ["jsonl", "prodigy", "labelstudio"])
def test_several_annotators_stay_apart(tmp_path, annotated_twice, to):
    more = [] if to == "jsonl" else ["--leave-out", "annotators"]
    assert convert(annotated_twice, tmp_path / "out", to, *more) == 0
    found = {
        (row.fields["start"], row.fields["annotator"])
        for row in format_reader(to)(tmp_path / "out")
        if row.file == "entities"
    }
    assert found == {(0, "x"), (0, "y"), (8, "y")}


def test_one_of_several_annotators_is_chosen(tmp_path, annotated_twice, capsys):
    (annotated_twice / "annotators.jsonl").unlink()
    assert convert(annotated_twice, tmp_path / "out", "brat") == 2
    assert "have entities of several annotators (x, y), and brat holds one" in capsys.readouterr().err
    assert convert(annotated_twice, tmp_path / "out", "brat", "--annotator", "x") == 0
    assert [one.text for one in content(tmp_path / "out", "brat")[1]["a"]] == ["Ann"]
    assert convert(annotated_twice, tmp_path / "out2", "brat", "--annotator", "z") == 2
    assert "no record is by that annotator" in capsys.readouterr().err


def test_faults_of_each_annotator_are_found(tmp_path, annotated_twice, capsys):
    with (annotated_twice / "entities.jsonl").open("a", encoding="utf-8") as stream:
        stream.write('{"doc": "a", "start": 0, "end": 3, "label": "PER", "text": "Bob", "annotator": "x"}\n')
    assert convert(annotated_twice, tmp_path / "out", "jsonl") == 2
    assert "entities.jsonl:4: text[0:3] is 'Ann'" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_further_fields_and_metadata(tmp_path, flat, capsys):
    document = {"id": "a", "text": PLAIN, "tags": ["x"], "year": 2020, "label": "news"}
    write(flat, documents=[document], entities=[{**entity(PLAIN, "Ann", "PER", "a"), "score": 0.5}])
    assert convert(flat, tmp_path / "out", "doccano") == 2
    said = capsys.readouterr().err
    assert "metadata: metadata of documents (1 document)" in said
    assert "fields: further fields of entities (1 record)" in said
    assert convert(flat, tmp_path / "out", "doccano", "--leave-out", "metadata", "fields") == 0
    # Only what the format cannot hold is gone.
    assert content(tmp_path / "out", "doccano")[0]["a"][1] == {"year": 2020}


def test_nothing_is_overwritten(tmp_path, flat, capsys):
    (tmp_path / "out").write_text("mine", encoding="utf-8")
    assert convert(flat, tmp_path / "out", "doccano") == 2
    assert "exists, and nothing is overwritten; name another file" in capsys.readouterr().err
    assert convert(flat, flat, "jsonl") == 2
    assert "name another folder" in capsys.readouterr().err
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    assert convert(flat, tmp_path / "link", "doccano") == 2
    assert (tmp_path / "out").read_text(encoding="utf-8") == "mine"


def test_nothing_half_written_stays(tmp_path, flat, monkeypatch, capsys):
    """A writer that goes wrong, by dying or by writing something else, leaves nothing behind."""
    place = tmp_path / "place"

    def dies(rows, path):
        path.mkdir()
        (path / "b.txt").write_text("half", encoding="utf-8")
        raise DataError(["disk full"])

    monkeypatch.setattr(brat, "write", dies)
    assert convert(flat, place / "out", "brat") == 2
    assert not list(place.iterdir())
    capsys.readouterr()

    def forgets(rows, path):
        path.mkdir()
        for row in rows:
            if row.file == "documents":
                (path / f"{row.fields['id']}.txt").write_text(row.fields["text"], encoding="utf-8")
                (path / f"{row.fields['id']}.ann").write_text("", encoding="utf-8")

    monkeypatch.setattr(brat, "write", forgets)
    assert convert(flat, place / "out", "brat") == 2
    assert "entities of document 'b' would not be read back as they are" in capsys.readouterr().err
    assert not list(place.iterdir())


def test_what_a_format_refuses_is_said_with_its_place(tmp_path, flat, capsys):
    write(flat, documents=[{"id": "a/b", "text": PLAIN}], entities=[entity(PLAIN, "Ann", "a name", "a/b")])
    assert convert(flat, tmp_path / "out", "brat") == 2
    said = capsys.readouterr().err
    assert "documents.jsonl:1: expected an id that can be a file's name" in said
    assert convert(flat, tmp_path / "out", "conll") == 2
    assert "entities.jsonl:1: a label in a tag has no blank" in capsys.readouterr().err


def test_doccano_and_characters_beyond_the_bmp(tmp_path, hard, flat, capsys):
    assert convert(hard, tmp_path / "out", "doccano") == 0
    assert "such as emoji, which 1 document of these have" in capsys.readouterr().out
    assert convert(flat, tmp_path / "out2", "doccano") == 0
    assert "emoji" not in capsys.readouterr().out


def test_tags_that_were_mended_are_counted(tmp_path, capsys):
    (tmp_path / "a.conll").write_text("Ann\tB-PER\nLee\tI-PER\n\nRome\tI-LOC\n", encoding="utf-8")
    assert convert(tmp_path / "a.conll", tmp_path / "out", "jsonl", "--data-format", "conll") == 0
    assert "tags: 1 invalid transition became entities as conlleval reads them" in capsys.readouterr().out


def test_lines_of_brat_that_are_no_spans_are_counted(tmp_path, capsys):
    (tmp_path / "a.txt").write_text("Ann left", encoding="utf-8")
    (tmp_path / "a.ann").write_text("T1\tPER 0 3\tAnn\nN1\tReference T1 X:1\n#1\tNote T1\tno\n", encoding="utf-8")
    assert convert(tmp_path, tmp_path / "out", "jsonl", "--data-format", "brat") == 0
    assert "not part of it: 2 lines of brat that say more about spans" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--to", "bratt"], "did you mean 'brat'?"),
        ([], "--to"),
        (["--to", "brat", "--leave-out", "stanc"], "did you mean 'stance'?"),
        (["--to", "brat", "--data-format", "conl"], "did you mean 'conll'?"),
    ],
)
def test_what_is_typed_wrongly(tmp_path, flat, arguments, part, capsys):
    assert command(["gold", "convert", str(flat), str(tmp_path / "out"), *arguments]) == 2
    assert part in capsys.readouterr().err


def test_help_names_every_kind(capsys):
    assert command(["gold", "convert", "--help"]) == 0
    said = capsys.readouterr().out
    assert all(kind in said for kind in LEFT_OUT)


@pytest.mark.parametrize("rng_seed", range(6))
def test_texts_of_all_kinds_there_and_back(tmp_path, rng_seed):
    """Whatever stands in a text, the strings of its entities are the same afterwards."""
    rng = random.Random(rng_seed)
    alphabet = "ab .,()\n\r\t\u00a0\u2028\u0301\U0001f600\u05d0\u6771'\"\\"
    documents, entities = [], []
    for number in range(8):
        text = "x" + "".join(rng.choice(alphabet) for _ in range(40)) + "y"
        documents.append({"id": f"out:{number + 1}", "text": text})
        place, found = 0, []
        while place < 35:
            start = rng.randint(place, 36)
            end = rng.randint(start + 1, 41)
            if text[start:end].strip() == text[start:end]:
                found.append({"doc": f"out:{number + 1}", "start": start, "end": end, "label": rng.choice("XY")})
            place = end
        entities += found or [{"doc": f"out:{number + 1}"}]
    gold = write(tmp_path / "g", documents=documents, entities=entities)
    for to in ("doccano", "prodigy", "labelstudio", "brat", "spacy"):
        out = tmp_path / to / "out"
        assert convert(gold, out, to) == 0, to
        assert content(out, to) == content(gold), to
    assert convert(gold, tmp_path / "conll" / "out", "conll", "--leave-out", "spacing") == 0
    _, found = content(tmp_path / "conll" / "out", "conll")
    squeezed = {doc: ["".join(one.text.split()) for one in of] for doc, of in found.items()}
    _, wanted = content(gold)
    blanks = dict.fromkeys(map(ord, " \n\r\t\f\v"))
    assert {doc: [text.translate({0xA0: None, 0x2028: None}) for text in of] for doc, of in squeezed.items()} == {
        doc: [one.text.translate(blanks | {0xA0: None, 0x2028: None}) for one in of] for doc, of in wanted.items()
    }
