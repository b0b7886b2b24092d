"""UIMA CAS XMI that cassis itself makes, and XML that must never be parsed."""

import sys
import zipfile

import pytest

from harness.errors import DataError, ResourceError
from harness.format import brat, inception

NAMED_ENTITY = "de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity"
SENTENCE = "de.tudarmstadt.ukp.dkpro.core.api.segmentation.type.Sentence"
METADATA = "de.tudarmstadt.ukp.dkpro.core.api.metadata.type.DocumentMetaData"


@pytest.fixture
def cassis():
    return pytest.importorskip("cassis", reason="XMI left out: the extra 'inception' is not installed")


def made(cassis, text, spans, sentences=(), title=None, type_name=NAMED_ENTITY, feature="value"):
    """An XMI and its type system as bytes; cassis writes UTF-16 offsets."""
    system = cassis.TypeSystem()
    entity = system.create_type(type_name, "uima.tcas.Annotation")
    system.create_feature(entity, feature, "uima.cas.String")
    sentence = system.create_type(SENTENCE, "uima.tcas.Annotation")
    metadata = system.create_type(METADATA, "uima.tcas.DocumentAnnotation")
    system.create_feature(metadata, "documentTitle", "uima.cas.String")
    cas = cassis.Cas(system)
    cas.sofa_string = text
    cas.sofa_mime = "text/plain"
    for start, end, label in spans:
        cas.add(entity(begin=start, end=end, **{feature: label}))
    for start, end in sentences:
        cas.add(sentence(begin=start, end=end))
    if title is not None:
        cas.add(metadata(begin=0, end=len(text), documentTitle=title))
    return cas.to_xmi().encode(), system.to_xml().encode()


def zipped(path, xmi, system, name="admin.xmi"):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, xmi)
        archive.writestr("TypeSystem.xml", system)
    return path


def faults_of(path, **options):
    with pytest.raises(DataError) as caught:
        list(inception.read(path, **options))
    return list(caught.value.faults)


def plain(rows):
    return [(row.file, row.fields) for row in rows]


def test_a_hard_text_in_a_zip(cassis, tmp_path, hard_text, hard_spans):
    xmi, system = made(cassis, hard_text, hard_spans, [(0, 25)], "letter.txt")
    # The file itself counts UTF-16 units: NASA stands three emoji later than in code points.
    start = hard_spans[-1][0]
    assert f'begin="{start + 3}"'.encode() in xmi
    rows = list(inception.read(zipped(tmp_path / "x.zip", xmi, system)))
    assert rows[0].where == f"{tmp_path / 'x.zip'}/admin.xmi:1"
    assert plain(rows) == [
        ("documents", {"id": "letter", "text": hard_text}),
        ("sentences", {"doc": "letter", "id": "s01", "start": 0, "end": 25, "zone": "body"}),
        *(
            ("entities", {"doc": "letter", "start": s, "end": e, "label": label, "text": hard_text[s:e]})
            for s, e, label in hard_spans
        ),
    ]


def test_the_same_document_through_standoff(cassis, tmp_path, hard_text, hard_spans):
    xmi, system = made(cassis, hard_text, hard_spans, title="d")
    rows = list(inception.read(zipped(tmp_path / "x.zip", xmi, system)))
    brat.write(rows, tmp_path / "brat")
    assert plain(brat.read(tmp_path / "brat")) == plain(rows)


def test_a_folder_of_files_beside_their_type_system(cassis, tmp_path):
    first, system = made(cassis, "Ann", [(0, 3, "PER")])
    second, _ = made(cassis, "nobody", [])
    (tmp_path / "a.txt.xmi").write_bytes(first)
    (tmp_path / "b.xmi").write_bytes(second)
    (tmp_path / "TypeSystem.xml").write_bytes(system)
    assert plain(inception.read(tmp_path)) == [
        ("documents", {"id": "a", "text": "Ann"}),
        ("documents", {"id": "b", "text": "nobody"}),
        ("entities", {"doc": "a", "start": 0, "end": 3, "label": "PER", "text": "Ann"}),
        ("entities", {"doc": "b"}),
    ]


def test_a_layer_of_ones_own(cassis, tmp_path):
    xmi, system = made(cassis, "Ann", [(0, 3, "VIP")], type_name="webanno.custom.Guest", feature="rank")
    path = zipped(tmp_path / "x.zip", xmi, system)
    options = {"type_name": "webanno.custom.Guest", "feature": "rank"}
    assert [row.fields["label"] for row in inception.read(path, **options) if row.file == "entities"] == ["VIP"]
    assert "data.options.type_name" in faults_of(path)[0]
    assert "data.options.feature" in faults_of(path, **{**options, "feature": "value"})[0]


def test_annotations_without_label_and_documents_that_stand_twice(cassis, tmp_path):
    xmi, system = made(cassis, "Ann", [(0, 3, None), (0, 2, "PER")], title="d.txt")
    zipped(tmp_path / "a.zip", xmi, system)
    zipped(tmp_path / "b.zip", xmi, system)
    faults = faults_of(tmp_path)
    assert len(faults) == 3
    assert sum("expected a label, found None" in fault for fault in faults) == 2
    assert f"'d' stands at {tmp_path / 'a.zip'}/admin.xmi already" in "\n".join(faults)


def test_offsets_that_split_a_character_or_leave_the_text(cassis, tmp_path):
    xmi, system = made(cassis, "\U0001f600 Ann", [(2, 5, "PER")])
    assert b'begin="3"' in xmi
    for offset in (b"1", b"99", b"-1"):
        path = zipped(tmp_path / "x.zip", xmi.replace(b'begin="3"', b'begin="' + offset + b'"'), system)
        (fault,) = faults_of(path)
        assert (
            f"expected offsets in UTF-16 units of its text, found: Not mapping external offset [{offset.decode()}]"
            in fault
        )
    path = zipped(tmp_path / "x.zip", xmi.replace(b'end="6"', b'end="3"'), system)
    assert "expected 0 <= start < end <= 5" in faults_of(path)[0]


BOMBS = {
    "level 3": '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;"><!ENTITY c "&b;&b;">]>',
    "external": '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>',
    "lower case": "<!doctype x>",
    "entity alone": '<!ENTITY a "b">',
    "late": " " * 5000 + "<!DOCTYPE x>",
}


@pytest.mark.parametrize("name", list(BOMBS))
@pytest.mark.parametrize("where", ["xmi", "system"])
def test_document_types_are_refused_before_parsing(cassis, tmp_path, name, where, monkeypatch):
    xmi, system = made(cassis, "Ann", [(0, 3, "PER")])
    head, _, body = (xmi if where == "xmi" else system).partition(b"?>")
    bad = head + b"?>\n" + BOMBS[name].encode() + body

    def never(*args, **options):
        raise AssertionError("parsed")

    monkeypatch.setattr(cassis, "load_typesystem", never)
    monkeypatch.setattr(cassis, "load_cas_from_xmi", never)
    path = zipped(tmp_path / "x.zip", *((bad, system) if where == "xmi" else (xmi, bad)))
    faults = faults_of(path)
    assert all("is not allowed in annotations" in fault for fault in faults)
    assert faults[0].partition(": ")[0].endswith(":2")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-7", "utf-32", "ebcdic-cp-us"])
def test_xml_that_hides_in_another_encoding(cassis, tmp_path, encoding):
    xmi, system = made(cassis, "Ann", [(0, 3, "PER")])
    text = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE x>' + xmi.decode().partition("?>")[2]
    data = text.encode(encoding) if encoding in ("utf-16", "utf-32") else text.replace("<!", "+ADwAIQ-").encode()
    assert "expected XML in UTF-8" in faults_of(zipped(tmp_path / "x.zip", data, system))[0]


def test_what_is_no_xmi(cassis, tmp_path):
    xmi, system = made(cassis, "Ann", [(0, 3, "PER")])
    assert "expected XMI of the types" in faults_of(zipped(tmp_path / "a.zip", xmi[:-30], system))[0]
    assert "expected XMI of the types" in faults_of(zipped(tmp_path / "b.zip", b"", system))[0]
    assert "expected XMI of the types" in faults_of(zipped(tmp_path / "c.zip", xmi, b"<nothing/>"))[0]
    assert "one TypeSystem.xml" in faults_of(zipped(tmp_path / "d.zip", xmi, system, "readme.md"))[0]
    (tmp_path / "e.xmi").write_bytes(xmi)
    assert faults_of(tmp_path / "e.xmi") == [f"{tmp_path / 'TypeSystem.xml'}: no such file"]
    (tmp_path / "f.tsv").write_text("#FORMAT=WebAnno TSV 3.3")
    assert "export as UIMA CAS XMI" in faults_of(tmp_path / "f.tsv")[0]


@pytest.mark.core
def test_without_cassis_the_command_that_installs_it_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "cassis", None)
    with pytest.raises(ResourceError, match=r"pip install dkpro-cassis"):
        list(inception.read(tmp_path / "x.zip"))
