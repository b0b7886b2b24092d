"""Parquet holds what CSV holds, exact and typed."""

import csv
import runpy
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.__main__ import command
from harness.report.parquet import render

pytestmark = pytest.mark.core

made = runpy.run_path(str(Path(__file__).parents[1] / "made_runs.py"))
make_run, ner_rows = made["make_run"], made["ner_rows"]


def test_values_are_those_of_csv_and_names_are_not_quoted(tmp_path):
    make_run(tmp_path / "results", "=1+1", scores=ner_rows(1 / 3), folder="a")
    make_run(tmp_path / "results", "b", scores=ner_rows(0.1))
    for name in ("t.parquet", "t.csv"):
        assert command(["compare", str(tmp_path / "results"), "--out", str(tmp_path / name)]) == 0
    table = pq.read_table(tmp_path / "t.parquet")
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as stream:
        expected = list(csv.DictReader(stream))
    assert table.column_names == list(expected[0])
    assert set(table["model"].to_pylist()) == {"=1+1", "b"}  # exact, where CSV has a quote for spreadsheets
    assert {row["model"] for row in expected} == {"'=1+1", "b"}
    assert table["value"].to_pylist() == [float(row["value"]) for row in expected]
    assert table.schema.field("value").type == pa.float64()
    assert table.schema.field("n").type == pa.int64()
    assert table.schema.field("cost").type == pa.string()  # nothing had a price


def test_it_needs_a_file(tmp_path, capsys):
    make_run(tmp_path, "a")
    assert command(["compare", str(tmp_path), "--format", "parquet"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "add --out FILE.parquet" in captured.err


def test_no_records_are_an_empty_table():
    assert pq.read_table(pa.BufferReader(render([], ["a"]))).to_pydict() == {"a": []}
