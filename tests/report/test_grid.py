import csv
import io
import json

import pytest

from harness.report.grid import Grid, print_grid, render_csv, render_json, render_markdown

pytestmark = pytest.mark.core

NASTY = "a|b\x1b[2J\n<img>"


@pytest.fixture
def grid():
    return Grid(
        title="agreement of `x`",
        headings=("name", "value"),
        rows=[("lead", "0.500"), (NASTY, "–")],
        records=[{"name": "lead", "value": 0.5}, {"name": "=1+1", "value": None, "reason": "a, b"}],
        right=(1,),
        notes=["n = 1"],
        more={"documents": 3},
    )


def test_markdown_reads_names_literally(grid):
    lines = render_markdown(grid).splitlines()
    assert lines[0] == r"**agreement of \`x\`**"
    assert lines[2:5] == ["| name | value |", "| --- | --: |", "| lead | 0.500 |"]
    assert lines[5] == r"| a\|b\\x1b\[2J\\n\<img\> | – |"
    assert lines[-1] == "- n = 1"


def test_csv_has_every_column_and_no_formula(grid):
    rows = list(csv.DictReader(io.StringIO(render_csv(grid))))
    assert rows == [
        {"name": "lead", "value": "0.5", "reason": ""},
        {"name": "'=1+1", "value": "", "reason": "a, b"},
    ]


def test_json_is_unrounded(grid):
    content = json.loads(render_json(grid, "harness.x/1"))
    assert content["schema"] == "harness.x/1"
    assert content["documents"] == 3
    assert content["rows"] == list(grid.records)
    assert render_json(grid, "harness.x/1") == render_json(grid, "harness.x/1")


def test_the_terminal_gets_no_control_characters(grid, capsys):
    print_grid(grid)
    text = capsys.readouterr().out
    assert "\x1b" not in text
    assert "lead               0.500" in text
    assert "n = 1" in text


def test_without_rows(capsys):
    empty = Grid(title="t", headings=("name",), rows=[], records=[])
    assert render_csv(empty) == "\n"
    assert json.loads(render_json(empty, "s"))["rows"] == []
    assert "| name |" in render_markdown(empty)
    print_grid(empty)
    assert "name" in capsys.readouterr().out
