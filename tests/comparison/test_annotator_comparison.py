import json

import pytest

from harness.__main__ import command

pytestmark = pytest.mark.core


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("annotators")
    for model in ("baseline", "random_sentences"):
        assert command([f"model={model}", f"results={folder}", "interval.resamples=200"]) == 0
    return folder


def rows(capsys, *arguments):
    capsys.readouterr()
    assert command(["compare", *map(str, arguments), "--annotators", "--format", "json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["schema"] == "harness.annotators/1"
    return content["rows"]


def test_annotators_and_models_share_the_references(results, capsys):
    found = {(row["task"], row["subject"], row["left_out"]): row for row in rows(capsys, results)}
    assert {key[1] for key in found} == {"annotators (model) a", "annotators (model) b", "baseline", "random_sentences"}
    ner = found["ner", "annotators (model) a", "a"]
    # 119 adjudicated entities and 118 or 119 of each annotator: their agreement with the adjudicated layer.
    assert (ner["metric"], ner["average"], ner["n"]) == ("entity.f1", "micro", 39)
    assert 0.85 < ner["value"] < 1
    assert ner["low"] < ner["value"] < ner["high"]
    rouge = found["summarization", "annotators (model) a", "a"]
    assert rouge["low"] is None
    # A model is scored against the k - 1 other references here, and against all of them in its own run.
    assert found["summarization", "baseline", "a"]["value"] != found["summarization", "baseline", "b"]["value"]


def test_headroom_begins_at_the_baseline(results, capsys):
    run = results / "seed" / "summarization" / "random_sentences"
    found = rows(capsys, run.parent, "--baseline", run)
    own = [row for row in found if row["subject"] == "baseline"]
    assert {row["baseline"] for row in found} == {"random_sentences"}
    # One document: annotators cannot be told from the baseline, so there is no headroom, and a reason.
    assert all(row["headroom_value"] is None and row["headroom_reason"] for row in own)


def test_gold_of_one_annotator_is_one_message(tmp_path, capsys):
    gold = tmp_path / "gold"
    gold.mkdir()
    (gold / "documents.jsonl").write_text('{"id": "d", "text": "Ann left. Bo stayed."}\n', encoding="utf-8")
    (gold / "summaries.jsonl").write_text('{"doc": "d", "text": "Ann left."}\n', encoding="utf-8")
    made = ["data=local", "data.name=one", f"data.documents={gold}", f"data.gold={gold}", "model=lead"]
    assert command([*made, f"results={tmp_path / 'results'}"]) == 0
    capsys.readouterr()
    assert command(["compare", str(tmp_path / "results"), "--annotators"]) == 2
    assert "two annotators are needed, found none" in capsys.readouterr().err
    assert command(["compare", str(tmp_path / "results"), "--annotators", "--pairs"]) == 2
