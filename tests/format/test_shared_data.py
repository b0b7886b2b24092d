"""Published corpora give the numbers that their makers state; left out where the data folder is not there."""

from collections import Counter

import pytest

from harness.errors import DataError
from harness.format import brat, conll, hf, semeval_stance


def counted(rows):
    return Counter(row.file if row.file != "entities" or "start" in row.fields else "no entity" for row in rows)


def test_wnut17_gold(shared_data):
    rows = list(conll.read(shared_data / "ner/wnut17/emerging.test.annotated"))
    assert {k: counted(rows)[k] for k in ("documents", "sentences", "entities")} == {
        "documents": 1287,
        "sentences": 1287,
        "entities": 1079,
    }
    assert sum(len(row.fields["text"].split(" ")) for row in rows if row.file == "documents") == 23394
    assert {row.fields["tag_scheme"] for row in rows if row.file == "documents"} == {"iob2"}


def test_wnut17_with_alternatives_is_refused_line_by_line(shared_data):
    path = shared_data / "ner/wnut17/emerging.test.conll"
    lines = path.read_text(encoding="utf-8").split("\n")
    expected = [f"{path}:{n}" for n, line in enumerate(lines, start=1) if "," in line.partition("\t")[2]]
    with pytest.raises(DataError) as caught:
        list(conll.read(path))
    assert [fault.partition(": ")[0] for fault in caught.value.faults] == expected
    assert len(expected) > 100


@pytest.mark.parametrize("system", ["arcada", "drexel_cci", "flytxt"])
def test_wnut17_submissions_are_read_under_the_ids_of_the_gold(shared_data, system):
    gold = list(conll.read(shared_data / "ner/wnut17/emerging.test.annotated"))
    rows = list(conll.read(shared_data / "ner/wnut17/submissions" / system, stem="emerging.test"))
    ids = [row.fields["id"] for row in rows if row.file == "documents"]
    assert ids == [row.fields["id"] for row in gold if row.file == "documents"]


def test_universal_ner_ewt(shared_data):
    path = shared_data / "ner/uner_ewt/en_ewt-ud-test.iob2"
    found = counted(conll.read(path, token_column=1, tag_column=2))
    assert (found["documents"], found["sentences"], found["entities"]) == (316, 2077, 1088)
    dev = counted(conll.read(path.with_name("en_ewt-ud-dev.iob2"), token_column=1, tag_column=2))
    assert (dev["documents"], dev["entities"]) == (318, 966)


def test_ncbi_disease_in_columns_and_in_standoff(shared_data):
    columns = [row for row in conll.read(shared_data / "ner/ncbi_disease/conll/test.tsv") if row.file == "entities"]
    assert Counter(row.fields["label"] for row in columns if "start" in row.fields) == {"Disease": 960}
    folder = shared_data / "ner/ncbi_disease/standoff/test"
    rows = list(brat.read(folder))
    texts = {row.fields["id"]: row.fields["text"] for row in rows if row.file == "documents"}
    spans = [row.fields for row in rows if row.file == "entities"]
    assert (len(texts), len(spans)) == (100, 960)
    assert all(texts[span["doc"]][span["start"] : span["end"]] == span["text"] for span in spans)
    # The same mentions, but for the blanks that tokenization puts in.
    assert Counter(row.fields["text"].replace(" ", "") for row in columns if "start" in row.fields) == Counter(
        span["text"].replace(" ", "") for span in spans
    )


def test_ncbi_disease_is_written_and_read_back(shared_data, tmp_path):
    rows = list(brat.read(shared_data / "ner/ncbi_disease/standoff/test"))
    brat.write(rows, tmp_path / "copy")
    assert [row.fields for row in brat.read(tmp_path / "copy")] == [row.fields for row in rows]


def test_semeval_2016_stance(shared_data):
    folder = shared_data / "stance/semeval2016"
    rows = list(semeval_stance.read(folder / "trainingdata-all-annotations.txt", encoding="cp1252"))
    found = Counter((row.fields["target"], row.fields["label"]) for row in rows if row.file == "stance")
    assert found == {
        (target, label): count
        for target, counts in {
            "Atheism": (304, 92, 117),
            "Climate Change is a Real Concern": (15, 212, 168),
            "Feminist Movement": (328, 210, 126),
            "Hillary Clinton": (361, 112, 166),
            "Legalization of Abortion": (334, 105, 164),
        }.items()
        for label, count in zip(("against", "favor", "none"), counts, strict=True)
    }
    assert counted(semeval_stance.read(folder / "trialdata-all-annotations.txt"))["stance"] == 100
    assert counted(semeval_stance.read(folder, encoding="cp1252"))["stance"] == 2914
    with pytest.raises(DataError) as caught:
        list(semeval_stance.read(folder / "trainingdata-all-annotations.txt"))
    assert len(caught.value.faults) == 1
    assert "0x91 at position 1490; set data.encoding=cp1252" in caught.value.faults[0]


def test_vast_with_a_column_map(shared_data):
    path = shared_data / "stance/vast/raw_test_all_onecol.csv"
    columns = {"text": "Tweet", "target": "Target 1", "stance": "Stance 1", "seen": "seen?"}
    values = {"FAVOR": "favor", "AGAINST": "against", "NONE": "none"}
    assert counted(hf.read(path, columns=columns, values=values))["stance"] == 1460
