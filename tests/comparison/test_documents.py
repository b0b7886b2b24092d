"""Documents that differ most, against scikit-learn's scores of each document."""

import csv
import io
import json
import runpy
from pathlib import Path

import pytest
from sklearn.metrics import f1_score

from harness.__main__ import command

pytestmark = pytest.mark.core
carry_out = runpy.run_path(str(Path(__file__).parents[1] / "run_here.py"))["carry_out"]


def test_differences_are_those_of_each_documents_own_score(systems, capsys):
    runs = [str(systems.runs[name]["stance"]) for name in ("poor", "good")]
    assert command(["compare", *runs, "--documents", "--metric", "stance.accuracy", "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert len(rows) == 20
    for row in rows:
        own = [n for n, record in enumerate(systems.gold["stance"]) if record["doc"] == row["unit"]]
        gold = [systems.gold["stance"][n]["label"] for n in own]
        before, after = ([systems.answers[name]["stance"][n]["label"] for n in own] for name in ("poor", "good"))
        # Micro-averaged F1 over all classes is accuracy.
        assert row["value_before"] == pytest.approx(f1_score(gold, before, average="micro"))
        assert row["value_after"] == pytest.approx(f1_score(gold, after, average="micro"))
        assert row["difference"] == pytest.approx(row["value_after"] - row["value_before"])
        assert row["fixed"] - row["broken"] == round(row["difference"] * len(own))
    sizes = [abs(row["difference"]) for row in rows]
    assert sizes == sorted(sizes, reverse=True)


def test_entities_are_counted_under_the_names_that_flips_has(systems, capsys):
    runs = [str(systems.runs[name]["ner"]) for name in ("poor", "good")]
    found = {}
    for option in ("--documents", "--flips"):
        assert command(["compare", *runs, option, "--format", "json"]) == 0
        found[option] = json.loads(capsys.readouterr().out)
    (sums,) = [row for row in found["--flips"]["labels"] if row["label"] == "all"]
    for name in ("fixed", "broken", "spurious_gone", "spurious_new"):
        assert sum(row[name] for row in found["--documents"]["rows"]) == sums[name] > 0
    assert command(["compare", *runs, "--documents", "--format", "md"]) == 0
    assert "| fixed | broken | spurious gone | spurious new |" in capsys.readouterr().out


def test_summaries_have_no_flips(systems, capsys):
    runs = [str(systems.runs[name]["summarization"]) for name in ("poor", "good")]
    assert command(["compare", *runs, "--documents", "3", "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {row["fixed"] for row in rows} == {""}
    assert command(["compare", *runs, "--documents", "3", "--format", "md"]) == 0
    table = capsys.readouterr().out.partition("documents that differ most")[2]
    assert sum(line.startswith("| d") and line != "| document" for line in table.splitlines()) == 3 + 1


def test_sentences_of_one_document_are_its_parts(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "140")
    for model in ("lexicon", "majority"):
        carry_out([f"model={model}", "task=stance", f"results={tmp_path}", "interval.resamples=100"])
    capsys.readouterr()
    runs = [str(tmp_path / "seed" / "stance" / model) for model in ("lexicon", "majority")]
    assert command(["compare", *runs, "--documents", "2", "--metric", "stance.accuracy"]) == 0
    out = capsys.readouterr().out
    assert "sentences that differ most: seed · stance · lexicon → majority" in out


def test_more_than_two_runs_need_a_baseline(systems, capsys):
    assert command(["compare", str(systems.results / "made" / "ner"), "--documents"]) == 0
    capsys.readouterr()
    assert command(["compare", *[str(systems.runs["good"][task]) for task in ("ner", "stance")], "--documents"]) == 2
    assert "no two runs to compare" in capsys.readouterr().err
