import csv
import io
import json
from collections import Counter

import pytest

from harness.report.grid import Grid, lines, print_grid, render_csv, render_json, render_markdown

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


# ---- widths ---------------------------------------------------------------------------------------------------------


def wide_grid():
    names = ["a", "a-model-with-a-long-name_and-parts", "x" * 40]
    rows = [
        (one, other, f"{number}.5", "[-10.0, 12.5]", f"{number * 1111:,}", "0.0001", "needs to be told in some words")
        for number, (one, other) in enumerate((p, q) for p in names for q in names if p != q)
    ]
    headings = ("one", "the other", "difference", "interval", "documents needed", "p", "verdict")
    return Grid(title="a title of a table " * 6, headings=headings, rows=rows, records=[], right=(2, 3, 4, 5))


def signs(text):
    return Counter("".join(text.split()).replace("─", ""))


@pytest.mark.parametrize("free", [40, 60, 80, 100, 140, 10_000])
def test_every_line_fits_and_nothing_is_lost(free):
    grid = wide_grid()
    found = [str(line) for line in lines(grid, free)]
    assert max(map(len, found)) <= free
    # No number is folded. Of folded texts every letter is there: what they are about is repeated in each part.
    assert all(any(word in line for line in found) for row in grid.rows for word in row[2:6])
    assert signs("".join(found)) >= signs("".join([grid.title, *grid.headings, *map("".join, grid.rows)]))


def test_a_table_that_fits_is_one_line_a_row():
    grid = wide_grid()
    # Title, blank, headings, rule, rows.
    assert len(lines(grid, 200)) == 4 + len(grid.rows)


def test_texts_are_folded_before_numbers_go_below():
    grid = Grid(title="", headings=("name", "n"), rows=[("some-model-with-a-long-name", "12")], records=[], right=(1,))
    assert [str(line) for line in lines(grid, 24)] == [
        "name                 n",
        "──────────────────────",
        "some-model-with-a-  12",
        "long-name",
    ]


def test_what_a_row_is_about_stands_in_every_part():
    row = ("some-model", *(f"{number}" * 12 for number in range(1, 6)))
    grid = Grid(title="", headings=("name", *"abcde"), rows=[row], records=[], right=(1, 2, 3, 4, 5))
    found = [str(line) for line in lines(grid, 40)]
    assert [line.split() for line in found if line.startswith("some-model")] == [
        ["some-model", "1" * 12, "2" * 12],
        ["some-model", "3" * 12, "4" * 12],
        ["some-model", "5" * 12],
    ]


def test_notes_alone_make_no_table():
    assert lines(Grid(title="", headings=(), rows=[], records=[], notes=["said"]), 40) == ["said"]
