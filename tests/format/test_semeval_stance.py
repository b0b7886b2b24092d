"""SemEval-2016 stance files: a made-up one, and every refusal with its line."""

from pathlib import Path

import pytest

from harness.errors import ConfigError, DataError
from harness.format import semeval_stance
from harness.records import Row

pytestmark = pytest.mark.core

HEADER = "ID\tTarget\tTweet\tStance\n"


def faults_of(path, **options):
    with pytest.raises(DataError) as caught:
        list(semeval_stance.read(path, **options))
    return list(caught.value.faults)


def written(tmp_path, text, name="x.txt"):
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_rows_of_a_file_with_crlf_further_columns_and_labels_in_any_case(data):
    path = data / "semeval.txt"
    climate = "Climate Change is a Real Concern"
    assert list(semeval_stance.read(path)) == [
        Row(f"{path}:2", "documents", {"id": "101", "text": 'It is "hot" today, isn\'t it? #SemST'}),
        Row(f"{path}:3", "documents", {"id": "102", "text": "bless you all #SemST"}),
        Row(f"{path}:4", "documents", {"id": "103", "text": "lunch"}),
        Row(f"{path}:5", "documents", {"id": "104", "text": "nobody said"}),
        Row(f"{path}:2", "targets", {"id": climate, "text": climate}),
        Row(f"{path}:3", "targets", {"id": "Atheism", "text": "Atheism"}),
        Row(f"{path}:2", "stance", {"doc": "101", "target": climate, "label": "favor"}),
        Row(f"{path}:3", "stance", {"doc": "102", "target": "Atheism", "label": "against"}),
        Row(f"{path}:4", "stance", {"doc": "103", "target": "Atheism", "label": "none"}),
        Row(f"{path}:5", "stance", {"doc": "104", "target": "Atheism", "label": "unknown"}),
    ]


def test_quotation_marks_and_odd_line_ends_inside_a_tweet_are_characters(tmp_path):
    tweet = '"open \u2028 and\u0085 RT \U0001f600 he said ""no" '
    path = written(tmp_path, f"\ufeff{HEADER}1\tA\t{tweet}\tFAVOR\n\n")
    assert next(semeval_stance.read(path)).fields["text"] == tweet


def test_every_bad_line_is_named_at_once(tmp_path):
    path = written(
        tmp_path,
        HEADER + "1\tA\tt\tFAVOR\n2\tA\tt\n3\tA\tt\tPRO\n\tA\tt\tNONE\n5\t\t \tNONE\n1\tA\tt\tNONE\n6 A t NONE\n",
    )
    assert faults_of(path) == [
        f"{path}:3: expected 4 columns divided by TABs, found 3: '2\\tA\\tt'",
        f"{path}:4: expected a stance, one of favor, against, none, unknown, found 'PRO'",
        f"{path}:5: expected a value under ID, found none",
        f"{path}:6: expected a value under Target and Tweet, found none",
        f"{path}:7: tweet id '1' stands at {path}:2 already; ids are unique",
        f"{path}:8: expected 4 columns divided by TABs, found 1: '6 A t NONE'",
    ]


@pytest.mark.parametrize("text", ["", "1\tA\tt\tFAVOR\n", "ID,Target,Tweet,Stance\n", "ID\tTweet\tTarget\tStance\n"])
def test_another_header_is_refused(tmp_path, text):
    path = written(tmp_path, text)
    assert faults_of(path)[0].startswith(f"{path}:1: expected the header ID<TAB>Target<TAB>Tweet<TAB>Stance, found ")


def test_a_wrong_encoding_names_byte_line_and_remedy_once(tmp_path):
    path = written(tmp_path, (HEADER + "1\tA\t‘quoted’ „so“\tFAVOR\n").encode("cp1252"))
    assert faults_of(path) == [
        f"{path}:2: expected utf-8, found the byte 0x91 at position 27; "
        "set data.encoding=cp1252 (or whatever the file was saved in)"
    ]
    assert next(semeval_stance.read(path, encoding="cp1252")).fields["text"] == "‘quoted’ „so“"
    utf16 = written(tmp_path, (HEADER + "1\tA\tt\tFAVOR\n").encode("utf-16"))
    assert "data.encoding=utf-16 " in faults_of(utf16)[0]
    assert len(list(semeval_stance.read(utf16, encoding="utf-16"))) == 3
    with pytest.raises(ConfigError, match=r"data\.encoding: 'cp12'"):
        list(semeval_stance.read(path, encoding="cp12"))


def test_a_folder_and_a_list_of_files(tmp_path):
    first = written(tmp_path, HEADER + "1\tA\tt\tFAVOR\n", "a.txt")
    second = written(tmp_path, HEADER + "2\tA\tu\tNONE\n", "b.txt")
    written(tmp_path, "The files in this folder\n", "readme.txt")
    whole = [row.fields for row in semeval_stance.read(tmp_path)]
    assert whole == [row.fields for row in semeval_stance.read([first, second])]
    assert [fields["id"] for fields in whole if "text" in fields] == ["1", "2", "A"]
    third = written(tmp_path, HEADER + "2\tB\tv\tNONE\n", "c.txt")
    assert faults_of(tmp_path) == [f"{third}:2: tweet id '2' stands at {second}:2 already; ids are unique"]


def test_a_scheme_of_ones_own(tmp_path):
    path = written(tmp_path, HEADER + "1\tA\tt\tpro\n")
    assert list(semeval_stance.read(path, labels=["Pro", "Con"]))[-1].fields["label"] == "Pro"


def test_a_tweet_that_is_no_tweet(tmp_path, monkeypatch):
    monkeypatch.setattr("harness.format.limits.MAX_DOCUMENT_CHARACTERS", 1000)
    path = written(tmp_path, HEADER + "7\tA\t" + "x" * 1001 + "\tNONE\n")
    assert faults_of(path) == [f"{path}:2: document '7' has 1001 characters, at most 1000 are read"]


def test_a_missing_file_and_an_empty_folder(tmp_path):
    assert faults_of(Path("nowhere.txt")) == ["nowhere.txt: no such file"]
    assert "expected files that end in .tsv, .txt" in faults_of(tmp_path)[0]
