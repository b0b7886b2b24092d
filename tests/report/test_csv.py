"""CSV: tidy, unrounded, and no cell that a spreadsheet would run."""

import csv
import io
import runpy
from dataclasses import replace
from pathlib import Path

import pytest

from harness.__main__ import command
from harness.comparison.compare import compare, make_tables
from harness.comparison.table import Failure
from harness.report.csv import render
from harness.report.tidy import COLUMNS
from harness.run_folder import read_run

pytestmark = pytest.mark.core

made = runpy.run_path(str(Path(__file__).parents[1] / "made_runs.py"))
make_run, ner_rows, row = made["make_run"], made["ner_rows"], made["row"]


def read(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_values_are_those_of_the_run(tmp_path, capsys):
    rows = [row("entity.f1", "micro", 1 / 3, -0.25, 0.5), row("entity.recall", "micro", None, method="none: undefined")]
    make_run(tmp_path, "a", scores=rows, truncated=2, examples={"scored": 399, "failed": 1})
    assert command(["compare", str(tmp_path), "--format", "csv"]) == 0
    first, second = read(capsys.readouterr().out)
    assert (float(first["value"]), first["low"], first["high"]) == (1 / 3, "-0.25", "0.5")
    assert (first["metric"], first["average"], first["slice"]) == ("entity.f1", "micro", "all")
    assert (first["examples"], first["scored"], first["failed"], first["truncated"]) == ("400", "399", "1", "2")
    assert second["value"] == second["low"] == first["unseen_gold"] == ""
    assert second["method"] == "none: undefined"


def test_gold_that_a_model_never_saw_is_in_its_row(tmp_path):
    make_run(tmp_path, "a", truncated=2, unseen_gold=7)
    assert {line["unseen_gold"] for line in read(render(compare([tmp_path])))} == {"7"}


def test_every_key_has_its_column(tmp_path):
    make_run(tmp_path, "a")
    make_run(tmp_path, "c", gold_sha256="b" * 64)
    rows = read(render(compare([tmp_path])))
    assert set(rows[0]) == set(COLUMNS)
    assert {(r["model"], r["block"]) for r in rows} == {("a", "1"), ("c", "2")}
    assert all(r["signature"] and r["n"] == "40" and r["folder"] for r in rows)


@pytest.mark.parametrize(
    "name", ["=1+1", "@SUM(1)", "-2+3", "+x", "\t=1", "\r=1", '=HYPERLINK("http://127.0.0.1/?"&A1)', "\x00=1", "\n=1"]
)
def test_formulas_are_text(tmp_path, name):
    run = read_run(make_run(tmp_path, "a", scores=ner_rows(0.5)))
    rows = [{**r, "note": name, "method": name, "signature": name} for r in run.scores["scores"]]
    scores = {**run.scores, "scores": rows, "model": {**run.scores["model"], "name": name}}
    text = render(make_tables([replace(run, scores=scores)], [Failure("mine", "ner", name, name)]))
    found = read(text)
    assert len(found) == 6
    for line in found:
        for key in ("model", "note", "method", "signature", "reason"):
            assert line[key] in ("", "'" + name)
    assert {line["model"] for line in found} == {"'" + name}


def test_a_lone_surrogate_can_be_written(tmp_path):
    run = read_run(make_run(tmp_path, "a", scores=ner_rows(0.5)))
    scores = {**run.scores, "model": {**run.scores["model"], "name": "a\ud800"}}
    text = render(make_tables([replace(run, scores=scores)]))
    assert "a\\ud800" in text.encode("utf-8").decode("utf-8")
