"""Markdown: the same table, every name read literally."""

import re
import runpy
from dataclasses import replace
from pathlib import Path

import pytest

from harness.__main__ import command
from harness.comparison.compare import compare, make_tables
from harness.comparison.table import Failure
from harness.report import markdown
from harness.run_folder import read_run

pytestmark = pytest.mark.core

made = runpy.run_path(str(Path(__file__).parents[1] / "made_runs.py"))
make_run, ner_rows, row = made["make_run"], made["ner_rows"], made["row"]
HOSTILE = [
    "[/foo]", "[red]x", "\x1b]0;p\x07", "a|b", "c\nd", "e\x00f", "g\x0bh", "i\ud800j", "k\u202el", "<img src=x>",
    "`|`", "\\|", "x\\", "http://127.0.0.1/|", "| --- |",
]  # fmt: skip


def cells(line):
    return re.split(r"(?<!\\)(?:\\\\)*\|", line.strip())[1:-1]


def test_a_table_with_title_values_and_footnotes(tmp_path, capsys):
    make_run(tmp_path, "a", scores=ner_rows(0.5)[:2], truncated=2)
    make_run(tmp_path, "b", scores=[row("entity.f1", "micro", 0.7, 0.6, 0.8, unreliable=True)])
    assert command(["compare", str(tmp_path), "--format", "md"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["**mine · ner · 40 documents · n counts documents**", "", "scores × 100, \\[95% interval\\]"]
    assert lines[4:8] == [
        "| model | F1 | P | n | losses | seconds | examples/s |",
        "| --- | --: | --: | --: | --- | --: | --: |",
        "| b | **70.0\\*?** [60.0,\u00a080.0] | (1) | 40 | 0 | 9.5 | 50 |",
        "| a | 50.0 [40.0,\u00a060.0] | 50.0 [40.0,\u00a060.0] | 40 | 2 truncated | 9.5 | 50 |",
    ]
    assert "- (1) not among the metrics of that run" in lines
    assert any(line.startswith("- ? unreliable") for line in lines)


def test_blocks_and_failures(tmp_path):
    make_run(tmp_path, "a")
    make_run(tmp_path, "b")
    make_run(tmp_path, "c", gold_sha256="b" * 64)
    (tmp_path / "mine" / "ner" / "b" / "run.json").write_text('{"status": "error", "reason": "boom"}', encoding="utf-8")
    text = markdown.render(compare([tmp_path]))
    assert text.count("| model | F1") == 2
    assert "Not ranked with the rows above: other gold" in text
    assert re.search(r"^\| b \| no scores: this run is 'error', not complete \(boom\);.*\|$", text, re.MULTILINE)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_keep_the_columns(tmp_path, name):
    run = read_run(make_run(tmp_path, "a", scores=ner_rows(0.5)))
    rows = [{**r, "method": name, "note": name} for r in run.scores["scores"]]
    scores = {**run.scores, "scores": rows, "model": {**run.scores["model"], "name": name}}
    text = markdown.render(make_tables([replace(run, scores=scores)], [Failure("mine", "ner", name, name)]))
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len(table) == 4
    assert {len(cells(line)) for line in table} == {10}
    assert "<img" not in text.replace("\\<img", "")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\ud800-\udfff\u202e]", text)


def test_a_huge_comparison_stays_below_what_github_shows(tmp_path):
    run = read_run(make_run(tmp_path, "a", scores=ner_rows(0.5)))
    table = make_tables([run])[0]
    line = table.blocks[0].lines[0]
    lines = [replace(line, label=f"模型{number}") for number in range(10_000)]
    text = markdown.render([replace(table, blocks=[replace(table.blocks[0], lines=lines)])])
    assert len(text.encode("utf-8")) < 1024 * 1024
    assert "More rows than fit here" in text
