"""DocBin files that spaCy itself makes; left out where the extra is not installed, but for the message that says so."""

import sys
import zlib

import pytest

from harness.errors import DataError, ResourceError
from harness.format import spacy as reader
from harness.records import Row

TEXT = "Zoe\u0301 \U0001f600 met Bob.  He left."


@pytest.fixture
def nlp():
    pytest.importorskip("spacy", reason="DocBin left out: the extra 'spacy' is not installed")
    import spacy

    return spacy.blank("en")


def saved(path, *docs, **options):
    from spacy.tokens import DocBin

    DocBin(docs=docs, **options).to_disk(path)
    return path


def annotated(nlp, text=TEXT, names=(("Zoe\u0301", "PER"), ("Bob", "PER")), **options):
    doc = nlp(text)
    spans = [doc.char_span(text.index(name), text.index(name) + len(name), label) for name, label in names]
    assert None not in spans
    doc.set_ents(spans, **options)
    return doc


def faults_of(path, **options):
    with pytest.raises(DataError) as caught:
        list(reader.read(path, **options))
    return list(caught.value.faults)


def test_rows(nlp, tmp_path):
    nlp.add_pipe("sentencizer")
    path = saved(tmp_path / "x.spacy", annotated(nlp), annotated(nlp, "Nobody.", ()), nlp("Not annotated."))
    rows = [(row.where.rpartition(":")[2], row.file, row.fields) for row in reader.read(path)]
    assert rows[:3] == [
        ("1", "documents", {"id": "x:1", "text": TEXT}),
        ("2", "documents", {"id": "x:2", "text": "Nobody."}),
        ("3", "documents", {"id": "x:3", "text": "Not annotated."}),
    ]
    assert rows[3:] == [
        ("1", "sentences", {"doc": "x:1", "id": "s01", "start": 0, "end": 15, "zone": "body"}),
        ("1", "sentences", {"doc": "x:1", "id": "s02", "start": 17, "end": 25, "zone": "body"}),
        ("2", "sentences", {"doc": "x:2", "id": "s01", "start": 0, "end": 7, "zone": "body"}),
        ("3", "sentences", {"doc": "x:3", "id": "s01", "start": 0, "end": 14, "zone": "body"}),
        ("1", "entities", {"doc": "x:1", "start": 0, "end": 4, "label": "PER", "text": "Zoe\u0301"}),
        ("1", "entities", {"doc": "x:1", "start": 11, "end": 14, "label": "PER", "text": "Bob"}),
        ("2", "entities", {"doc": "x:2"}),
    ]


def test_nested_spans_from_a_group(nlp, tmp_path):
    from spacy.tokens import Span

    doc = nlp("New York City")
    doc.spans["sc"] = [Span(doc, 0, 3, "CITY"), Span(doc, 0, 2, "STATE")]
    path = saved(tmp_path / "x.spacy", doc)
    found = [row.fields["text"] for row in reader.read(path, spans_key="sc") if row.file == "entities"]
    assert found == ["New York City", "New York"]
    assert "no document has them" in faults_of(path, spans_key="other")[0]


def test_a_folder(nlp, tmp_path):
    saved(tmp_path / "a.spacy", annotated(nlp))
    saved(tmp_path / "b.spacy", annotated(nlp))
    assert [row.fields["id"] for row in reader.read(tmp_path) if row.file == "documents"] == ["a:1", "b:1"]


def test_half_annotated_documents_are_refused(nlp, tmp_path):
    path = saved(tmp_path / "x.spacy", annotated(nlp), annotated(nlp, default="missing"))
    faults = faults_of(path)
    assert len(faults) == 1
    assert faults[0].startswith(f"{path}:2: expected")


def test_broken_files_are_refused_together(nlp, tmp_path):
    whole = saved(tmp_path / "a.spacy", annotated(nlp)).read_bytes()
    (tmp_path / "b.spacy").write_bytes(whole[:-20])
    (tmp_path / "c.spacy").write_bytes(b"no DocBin")
    (tmp_path / "d.spacy").write_bytes(zlib.compress(b"\x81\xa1a\x01"))
    (tmp_path / "e.spacy").write_bytes(b"")
    (tmp_path / "f.spacy").write_bytes(zlib.compress(b"\x00" * 5_000_000))
    faults = faults_of(tmp_path)
    assert [fault.partition(": ")[0] for fault in faults] == [str(tmp_path / f"{name}.spacy") for name in "bcdef"]
    assert "cut off" in faults[0]
    assert "packed bytes hold more than" in faults[4]


@pytest.mark.core
def test_without_spacy_the_command_that_installs_it_is_named(tmp_path, monkeypatch):
    for name in [name for name in sys.modules if name == "spacy" or name.startswith("spacy.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "spacy", None)
    with pytest.raises(ResourceError, match=r"pip install spacy"):
        list(reader.read(tmp_path / "x.spacy"))


@pytest.mark.core
def test_what_is_written_is_read_again(tmp_path):
    pytest.importorskip("spacy", reason="left out: the extra 'spacy' is not installed")
    text = " Zoe\u0301  met\n\nBob-Lee.\tHe\u00a0left \U0001f600 "
    start = text.index("Bob")
    rows = [
        Row("a", "documents", {"id": "1", "text": text, "split": "test"}),
        Row("b", "documents", {"id": "2", "text": "Never seen."}),
        Row("c", "entities", {"doc": "1", "start": start + 1, "end": start + 3, "label": "X"}),
        Row("d", "sentences", {"doc": "1", "id": "s1", "start": 1, "end": text.index("\t")}),
        Row("e", "sentences", {"doc": "1", "id": "s2", "start": text.index("He"), "end": len(text) - 1}),
    ]
    reader.write(rows, tmp_path / "x.spacy")
    found = [(row.file, row.fields) for row in reader.read(tmp_path / "x.spacy")]
    assert [fields["text"] for file, fields in found if file == "documents"] == [text, "Never seen."]
    assert [fields for file, fields in found if file == "entities"] == [
        {"doc": "x:1", "start": start + 1, "end": start + 3, "label": "X", "text": "ob"}
    ]
    assert [(f["start"], f["end"]) for file, f in found if file == "sentences"] == [
        (1, text.index("\t")), (text.index("He"), len(text) - 1)
    ]  # fmt: skip


@pytest.mark.core
def test_what_cannot_be_written_is_refused(tmp_path):
    pytest.importorskip("spacy", reason="left out: the extra 'spacy' is not installed")
    document = Row("g:1", "documents", {"id": "1", "text": "met Ann Lee"})
    spans = [[(4, 11), (4, 7)], [(3, 7)]]
    for own, part in zip(spans, ("do not overlap", "begins or ends with a blank"), strict=True):
        entities = [Row("g:2", "entities", {"doc": "1", "start": s, "end": e, "label": "X"}) for s, e in own]
        with pytest.raises(DataError, match=part):
            reader.write([document, *entities], tmp_path / "x.spacy")
    assert not (tmp_path / "x.spacy").exists()
