"""JSON: what the tables hold, exactly."""

import json
import runpy
from dataclasses import replace
from pathlib import Path

import pytest

from harness.__main__ import command
from harness.comparison.compare import make_tables
from harness.comparison.table import Failure
from harness.report.json import render
from harness.run_folder import read_run

pytestmark = pytest.mark.core

made = runpy.run_path(str(Path(__file__).parents[1] / "made_runs.py"))
make_run, ner_rows, row = made["make_run"], made["ner_rows"], made["row"]


def test_it_holds_the_tables(tmp_path, capsys):
    make_run(tmp_path, "a", scores=ner_rows(1 / 3))
    make_run(tmp_path, "b", scores=ner_rows(0.5), gold="oracle")
    make_run(tmp_path, "c", gold_sha256="b" * 64)
    assert command(["compare", str(tmp_path), "--format", "json", "--metric", "entity.f1", "entity.f1/macro"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["schema"] == "harness.comparison.table/1"
    (table,) = content["tables"]
    assert (table["data"], table["task"], table["documents"], table["smoke_test"]) == ("mine", "ner", 40, False)
    assert [column["name"] for column in table["columns"]] == ["entity.f1", "entity.f1/macro"]
    assert [[r["model"] for r in block["rows"]] for block in table["blocks"]] == [["a", "b"], ["c"]]
    assert table["blocks"][0]["reason"] is None
    first, second = table["blocks"][0]["rows"]
    assert first["scores"]["entity.f1"]["value"] == 1 / 3
    assert (first["ranked"], second["ranked"]) == (True, False)


def test_the_ledger_is_that_of_the_scores(tmp_path):
    folders = [make_run(tmp_path, "a"), make_run(tmp_path, "b", truncated=2, unseen_gold=7)]
    runs = [read_run(folder) for folder in folders]
    (table,) = json.loads(render(make_tables(runs, [])))["tables"]
    assert [found["ledger"] for found in table["blocks"][0]["rows"]] == [run.scores["ledger"] for run in runs]


@pytest.mark.parametrize("name", ["\ud800", "\x00", "\x1b[2J", '"', "\u2028", "[/foo]", "a|b\n"])
def test_names_come_back_as_they_were(tmp_path, name):
    run = read_run(make_run(tmp_path, "a", scores=ner_rows(0.5)))
    scores = {**run.scores, "model": {**run.scores["model"], "name": name}}
    text = render(make_tables([replace(run, scores=scores)], [Failure("mine", "ner", name, name)]))
    assert text.isascii()
    (table,) = json.loads(text)["tables"]
    assert table["blocks"][0]["rows"][0]["model"] == name
    assert table["failures"] == [{"model": name, "reason": name}]
