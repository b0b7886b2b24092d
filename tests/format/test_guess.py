"""What a file looks like, by its content: every format is recognised, and plain text is none of them."""

import json
import zipfile

import pytest

from harness.config import format_reader
from harness.errors import ConfigError
from harness.format import guess
from harness.format.guess import format_hint, likely_format

pytestmark = pytest.mark.core

TEXT = "Russia raided a market."
CONTENT = {
    "conll": {"p.txt": "Russia NNP B-GPE\nraided VBD O\n\nPutin NNP B-PER\n"},
    "doccano": {"p.jsonl": json.dumps({"id": 1, "text": TEXT, "label": [[0, 6, "GPE"]]}) + "\n"},
    "prodigy": {"p.jsonl": json.dumps({"text": TEXT, "spans": [], "answer": "accept"}) + "\n"},
    "labelstudio": {"p.json": json.dumps([{"id": 1, "data": {"text": TEXT}, "annotations": []}])},
    "semeval_stance": {"p.txt": "ID\tTarget\tTweet\tStance\n1\tTax\tNo!\tAGAINST\n"},
    "inception": {"p.txt": '<?xml version="1.0"?>\n<xmi:XMI xmlns:xmi="http://www.omg.org/XMI"/>\n'},
    "hf": {"p.csv": "id,text,stance\n1,No!,against\n"},
    "jsonl": {"p.txt": json.dumps({"doc": "d1", "start": 0, "end": 6, "label": "GPE"}) + "\n"},
}


@pytest.mark.parametrize("name", CONTENT)
def test_a_file_is_recognised_by_what_is_in_it(tmp_path, name):
    ((file, content),) = CONTENT[name].items()
    (tmp_path / file).write_text(content, encoding="utf-8")
    assert likely_format(tmp_path / file) == name


@pytest.mark.parametrize(
    ("files", "name"),
    [
        ({"a.txt": TEXT, "a.ann": "T1\tGPE 0 6\tRussia\n"}, "brat"),
        ({"a.ann": ""}, "brat"),
        ({"a.xmi": "", "TypeSystem.xml": ""}, "inception"),
        ({"a.spacy": "x"}, "spacy"),
        ({"a.conll": "Russia\tB-GPE\n", "README.txt": "Read me first."}, "conll"),
        ({"entities.jsonl": "", "a.ann": ""}, "jsonl"),
        ({"a.txt": TEXT, "b.txt": "Kyiv was quiet."}, None),
        ({"a.txt": TEXT, "b.txt": "Kyiv B-GPE\n"}, None),
        ({}, None),
    ],
)
def test_a_folder_is_recognised_by_its_files(tmp_path, files, name):
    for file, content in files.items():
        (tmp_path / file).write_text(content, encoding="utf-8")
    assert likely_format(tmp_path) == name


@pytest.mark.parametrize(
    "content",
    [
        "",
        "\n\n",
        TEXT,
        "O\nO\n",  # one column
        "a b\nc d\n",  # two columns, no tags
        "Russia GPE\n",
        '{"id": 1',
        "[" * 100_000,
        '{"a": 1}',
        '{"text": "x"}',
        "[1, 2]",
        "\0\1\2",
        "PK\3\4",
        "doc,start,end,label\nd1,0,6,GPE\n",
    ],
)
def test_what_is_not_plain_is_left_open(tmp_path, content):
    path = tmp_path / "p.csv"
    path.write_text(content, encoding="utf-8")
    assert likely_format(path) is None
    assert format_hint(path, "jsonl", "model.format") is None


def test_files_that_are_not_there_or_no_text(tmp_path):
    assert likely_format(tmp_path / "none") is None
    (tmp_path / "p.parquet").write_bytes(b"PAR1\0\xff")
    assert likely_format(tmp_path / "p.parquet") == "hf"
    for member, name in (("a.xmi", "inception"), ("word/document.xml", None)):
        with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
            archive.writestr(member, "")
        assert likely_format(tmp_path / "p.zip") == name


def test_marks_other_columns_and_a_few_odd_lines_do_not_hide_tags(tmp_path):
    path = tmp_path / "p"
    lines = ["-DOCSTART- -X- O O", "", "# sent_id = 1", *["1\tRussia\tB-GPE\tx"] * 20, "2\tsaid\todd\tx"]
    path.write_text("\ufeff" + "\r\n".join(lines), encoding="utf-8")
    assert likely_format(path) == "conll"
    path.write_text("\n".join([*lines[3:], *["1\tsaid\todd\tx"] * 5]), encoding="utf-8")
    assert likely_format(path) is None


def test_a_file_longer_than_is_looked_at_is_judged_by_its_beginning(tmp_path, monkeypatch):
    monkeypatch.setattr(guess, "_HEAD_BYTES", 40)
    path = tmp_path / "p"
    path.write_text("Russia B-GPE\n" * 3 + "Putin B-PER", encoding="utf-8")
    assert likely_format(path) == "conll"


def test_the_hint_names_the_key_and_every_format_is_one(tmp_path):
    path = tmp_path / "p.txt"
    path.write_text(CONTENT["conll"]["p.txt"], encoding="utf-8")
    assert format_hint(path, "jsonl", "model.format") == (
        f"{path}: looks like conll (a token and its tag a line), and is read as jsonl; set model.format=conll"
    )
    assert format_hint(path, "conll", "model.format") is None
    (tmp_path / "p.csv").write_text(CONTENT["hf"]["p.csv"], encoding="utf-8")
    assert "set data.format=hf and a column map, for instance data.options.columns='{id: ID" in format_hint(
        tmp_path / "p.csv", "jsonl", "data.format"
    )
    for name in guess._WHY:
        assert format_reader(name)
    with pytest.raises(ConfigError) as refused:
        format_reader("none such")
    listed = str(refused.value).rpartition("there are ")[2].split(", ")
    assert sorted(guess._WHY) == listed
