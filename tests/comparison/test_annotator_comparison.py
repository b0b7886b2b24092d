"""Annotators beside models: the same references for both, and what cannot be said is said."""

import json
import runpy
from pathlib import Path

import pytest

from harness.__main__ import command

pytestmark = pytest.mark.core
carry_out = runpy.run_path(str(Path(__file__).parents[1] / "run_here.py"))["carry_out"]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("annotators")
    for model in ("baseline", "random_sentences"):
        carry_out([f"model={model}", f"results={folder}", "interval.resamples=200"])
    return folder


def rows(capsys, *arguments):
    content = json.loads(printed(capsys, *arguments, "--format", "json"))
    assert content["schema"] == "harness.annotators/1"
    return content["rows"]


def printed(capsys, *arguments):
    capsys.readouterr()
    assert command(["compare", *map(str, arguments), "--annotators"]) == 0
    return capsys.readouterr().out


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
    carry_out([*made, f"results={tmp_path / 'results'}"])
    capsys.readouterr()
    assert command(["compare", str(tmp_path / "results"), "--annotators"]) == 2
    assert "two annotators are needed, found none" in capsys.readouterr().err
    assert command(["compare", str(tmp_path / "results"), "--annotators", "--pairs"]) == 2


def test_every_score_asked_for_has_its_rows(results, capsys):
    run = results / "seed" / "ner"
    asked = ["entity.f1", "entity.recall@label=GPE", "entity_partial.f1", "entity.f1@zone=caption"]
    made = [f"results={results / 'zones'}", "slices=[zone]", "task=ner", "interval.resamples=200"]
    carry_out(["model=baseline", *made])
    found = rows(capsys, results / "zones", "--metric", *asked)
    by_score = {}
    for row in found:
        by_score.setdefault((row["metric"], row["slice"]), set()).add(row["subject"])
    everyone = {"annotators (model) a", "annotators (model) b", "baseline"}
    assert by_score == {
        ("entity.f1", "all"): everyone,
        ("entity.recall", "label=GPE"): everyone,
        ("entity_partial.f1", "all"): everyone,
        ("entity.f1", "zone=caption"): everyone,
    }
    # Models face the adjudicated layer here, which is the gold of their own run: the same scores and intervals.
    (stored,) = (results / "zones" / "seed" / "ner").glob("*/scores.json")
    own = {(row["metric"], row["average"], row["slice"]): row for row in json.loads(stored.read_text())["scores"]}
    beside = [row for row in found if row["subject"] == "baseline"]
    assert len(beside) == 8
    for row in beside:
        same = own[row["metric"], row["average"], row["slice"]]
        assert (row["value"], row["low"], row["high"], row["n"]) == pytest.approx(
            (same["value"], same["low"], same["high"], same["n"])
        )
        assert row["method"] == same["method"]
    assert {row["metric"] for row in rows(capsys, run)} == {"entity.f1"}


def test_rows_that_are_not_ranked_together_have_tables_of_their_own(results, capsys):
    other = ["model=lead", "model.name=unstemmed", "metric.rouge.stem=false", "task=summarization"]
    carry_out([*other, f"results={results}", "interval.resamples=200"])
    runs = results / "seed" / "summarization"
    found = {(row["subject"], row["signature"].split("|stem:")[1][:2], row["block"]) for row in rows(capsys, runs)}
    blocks = {block: {row[:2] for row in found if row[2] == block} for _, _, block in found}
    annotators = {"annotators (model) a", "annotators (model) b"}
    (second,) = (block for block in blocks if block)
    assert blocks[""] == {(name, "ye") for name in (*annotators, "baseline", "random_sentences")}
    assert blocks[second] == {(name, "no") for name in (*annotators, "unstemmed")}
    text = printed(capsys, runs)
    assert text.count("annotators: seed · summarization") == 2
    assert f"rows apart: {second}" in " ".join(text.split())
    # Headroom begins at a row of one block; the other has none.
    based = rows(capsys, runs, "--baseline", runs / "random_sentences")
    assert {row["baseline"] for row in based if row["subject"] == "unstemmed"} == {None}
    assert {row["baseline"] for row in based if row["subject"] == "baseline"} == {"random_sentences"}


def own(name, number):
    return {"annotator": name, "id": f"{name}{number}"}


STANCE_TEXTS = "Ann likes it. Bo does not. Cy says nothing."


def annotated(folder, records):
    """Two documents of three sentences, whose stance several annotated."""
    folder.mkdir()
    write = {
        "documents": [{"id": doc, "text": STANCE_TEXTS} for doc in "de"],
        "sentences": [
            {"doc": doc, "id": f"s{n}", "start": start, "end": end}
            for doc in "de"
            for n, (start, end) in enumerate(((0, 13), (14, 26), (27, 43)))
        ],
        "stance": records,
    }
    for name, rows_of in write.items():
        text = "".join(json.dumps(one) + "\n" for one in rows_of)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
    return ["data=local", "data.name=own", f"data.gold={folder}", "data.annotator=a", "task=stance"]


def test_what_is_left_out_is_said_and_ids_of_annotators_do_not_keep_models_apart(tmp_path, capsys):
    labels = {
        "a": ["favor", "against", "none", "favor", "against", "none"],
        "b": ["favor", "against", "none", "favor", "none", "none"],
        "c": ["favor", "favor", "none", "against", "against", "none"],
    }
    # Each annotator has ids of its own.
    records = [
        {"doc": "de"[n // 3], "target": "it", "sentence": f"s{n % 3}", "label": label, **own(name, n)}
        for name, of in labels.items()
        for n, label in enumerate(of)
    ]
    made = annotated(tmp_path / "gold", records)
    predictions = tmp_path / "system.jsonl"
    lines = [{key: value for key, value in one.items() if key != "id"} for one in records if one["annotator"] == "a"]
    predictions.write_text("".join(json.dumps(one) + "\n" for one in lines), encoding="utf-8")
    model = ["model=predictions", "model.name=twin", f"model.path={predictions}"]
    carry_out([*made, *model, f"results={tmp_path / 'results'}", "interval.resamples=200"])
    beside = rows(capsys, tmp_path / "results", "--metric", "stance.accuracy")
    found = {(row["subject"], row["left_out"]): row for row in beside}
    # The model says what a says, so beside a it has a's score; without pairing it would be an empty answer.
    assert found["twin", "a"]["value"] == found["annotators (kind unknown) a", "a"]["value"] > 0
    text = " ".join(printed(capsys, tmp_path / "results").split())
    # b and c differ in d/s1, e/s0 and e/s1; a and c in d/s1 and e/s0; a and b in e/s1.
    assert "left out: stances of a (3), b (2), c (1): the others are of two minds" in text


def test_a_score_that_annotators_have_not_is_said(tmp_path, capsys):
    labels = ["favor", "against", "none", "favor", "against", "none"]
    records = [
        {"doc": "de"[n // 3], "target": "it", "sentence": f"s{n % 3}", "label": label, "annotator": name, **more}
        for name, more in (("a", {}), ("b", {}), ("adjudicated", {"holder": "Ann"}))
        for n, label in enumerate(labels)
    ]
    made = [*annotated(tmp_path / "gold", records), "data.annotator=adjudicated", "slices=[holder]", "model=majority"]
    runs = tmp_path / "results"
    carry_out([*made, f"results={runs}", "interval.resamples=200"])
    text = " ".join(printed(capsys, runs, "--metric", "stance.accuracy", "stance.accuracy@holder=Ann").split())
    assert "no table: own, stance: annotators have no stance.accuracy@holder=Ann" in text
    assert command(["compare", str(runs), "--annotators", "--metric", "stance.accuracy@holder=Ann"]) == 2
    assert "--annotators: own, stance: annotators have no stance.accuracy@holder=Ann" in capsys.readouterr().err
    assert command(["compare", str(runs), "--annotators", "--baseline", str(tmp_path)]) == 0
    assert command(["compare", str(runs), "--annotators", "--baseline", str(tmp_path / "elsewhere")]) == 2
    assert "--baseline" in capsys.readouterr().err
