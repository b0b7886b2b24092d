"""Per-example Parquet: read back by `datasets`, gold beside the prediction, and no text that was not asked for."""

import json
import runpy
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from harness.__main__ import command

pytestmark = pytest.mark.core

made = runpy.run_path(str(Path(__file__).parent / "made_exports.py"))
CANARY, TEXT = made["CANARY"], made["TEXT"]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return made["make_results"](tmp_path_factory.mktemp("export"))


def export(capsys, *arguments):
    code = command(["export", *map(str, arguments), "--to", "parquet"])
    said = capsys.readouterr()
    assert code == 0, said.err
    return said.out


def load(path, cache, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    from datasets import load_dataset

    return load_dataset("parquet", data_files=str(path), split="train", cache_dir=str(cache)).to_list()


def test_datasets_reads_it_back(results, tmp_path, capsys, monkeypatch):
    out = tmp_path / "e.parquet"
    assert "without texts" in export(capsys, results, "--out", out)
    rows = {(row["task"], row["document"]): row for row in load(out, tmp_path / "cache", monkeypatch)}
    assert {task for task, _ in rows} == {"ner", "stance", "summarization"}
    start = TEXT.index(CANARY)
    span = {"start": start, "end": start + len(CANARY)}
    oslo = {"start": TEXT.index("Oslo"), "end": TEXT.index("Oslo") + 4, "label": "GPE"}
    found = [row for row in pq.read_table(out).to_pylist() if row["task"] == "ner" and row["document"] == "d2"]
    assert [one for row in found for one in row["gold_entities"]] == [{**span, "label": "PERSON"}, oslo]
    assert [one for row in found for one in row["predicted_entities"]] == [{**span, "label": "GPE"}]
    stance = rows["stance", "d1"]
    assert (stance["gold_label"], stance["predicted_label"], stance["target"]) == ("favor", "favor", "tax")
    assert {one["label"]: one["probability"] for one in stance["predicted_probabilities"]}["favor"] == 0.75
    assert rows["stance", "d2"]["predicted_label"] == "against"
    assert (rows["stance", "d3"]["bin"], rows["stance", "d3"]["predicted_label"]) == ("missing", None)


def test_no_text_leaves_that_was_not_asked_for(results, tmp_path, capsys):
    out = tmp_path / "e.parquet"
    export(capsys, results, "--out", out)
    whole = json.dumps(pq.read_table(out).to_pylist()) + str(pq.read_schema(out).metadata)
    assert CANARY not in whole
    assert "Oslo" not in whole
    assert str(tmp_path) not in whole


def test_texts_where_they_are_asked_for(results, tmp_path, capsys, monkeypatch):
    out = tmp_path / "t.parquet"
    assert "with texts" in export(capsys, results, "--out", out, "--with-texts")
    rows = load(out, tmp_path / "cache", monkeypatch)
    for row in rows:
        for one in [*(row["gold_entities"] or []), *(row["predicted_entities"] or [])]:
            # Offsets are of the document, wherever the example begins.
            assert TEXT[one["start"] : one["end"]] == one["text"]
    (summary,) = [row for row in rows if row["task"] == "summarization" and row["document"] == "d1"]
    assert (summary["gold_texts"], summary["predicted_text"]) == ([f"{CANARY} was met."], f"Anna met {CANARY}.")
    assert summary["counts"]
    (stance,) = [row for row in rows if row["task"] == "stance" and row["document"] == "d1"]
    assert stance["target_text"] == f"the tax of {CANARY}"
    assert {"name": "rationale", "value": f"{CANARY} praises it"} in stance["fields"]


def test_rows_are_the_examples_of_the_ledger(results, tmp_path, capsys):
    out = tmp_path / "e.parquet"
    export(capsys, results, "--out", out)
    rows = pq.read_table(out).to_pylist()
    for path in results.rglob("scores.json"):
        content = json.loads(path.read_text(encoding="utf-8"))
        own = [row for row in rows if row["task"] == content["task"]]
        bins = content["ledger"]["examples"]
        assert len(own) == bins["total"]
        assert sum(row["bin"] == "missing" for row in own) == bins["missing"]
        assert {row["gold_sha256"] for row in own} == {content["data"]["gold_sha256"]}
    said = json.loads(pq.read_schema(out).metadata[b"harness"])
    assert {one["task"] for one in said} == {"ner", "stance", "summarization"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "needs --out FILE"),
        (["--out", "."], "found a folder"),
        (["--out", "x.parquet", "--metric", "entity.f1"], "--metric says nothing here"),
    ],
)
def test_faults(arguments, said, results, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert command(["export", str(results), "--to", "parquet", *arguments]) == 2
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_changed_gold_is_refused(tmp_path, capsys):
    results = made["make_results"](tmp_path)
    made["write"](tmp_path / "gold" / "summaries.jsonl", [{"doc": "d1", "text": "Other."}])
    # A process reads a corpus once.
    import harness.plan

    harness.plan._corpora.clear()
    out = tmp_path / "e.parquet"
    assert command(["export", str(results / "mine" / "summarization"), "--to", "parquet", "--out", str(out)]) == 2
    assert "gold changed" in capsys.readouterr().err
    assert not out.exists()


def test_imported_runs_have_no_examples_and_hinder_nothing(tmp_path, capsys):
    files = runpy.run_path(str(Path(__file__).parent.parent / "foreign" / "made_files.py"))
    results = made["make_results"](tmp_path)
    file = files["json_file"](tmp_path / "r.json", files["LM_EVAL"])
    assert command(["import", str(file), "--task", "stance", "--results", str(results)]) == 0
    capsys.readouterr()
    assert "of 3 runs, without texts; 2 imported without examples" in export(capsys, results, "--out", tmp_path / "e")
    assert {row["data"] for row in pq.read_table(tmp_path / "e").to_pylist()} == {"mine"}


@pytest.mark.parametrize("harm", ["text", "parquet"])
def test_a_file_that_is_no_export_is_not_written_over(harm, results, tmp_path, capsys):
    out = tmp_path / "mine.jsonl"
    if harm == "text":
        out.write_text('{"doc": "d1"}\n', encoding="utf-8")
    else:
        pq.write_table(pq.read_table(next(results.rglob("predictions.parquet"))), out)
    before = out.read_bytes()
    assert command(["export", str(results), "--to", "parquet", "--out", str(out)]) == 2
    assert "holds something else than such an export" in capsys.readouterr().err
    assert out.read_bytes() == before
    again = tmp_path / "e.parquet"
    assert export(capsys, results, "--out", again) == export(capsys, results, "--out", again)
