"""One comparison in every format, on standard output and in files, with names that mean something to each."""

import csv
import io
import json
import re
import runpy
import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from harness.__main__ import command
from harness.comparison.compare import compare
from harness.errors import UsageError
from harness.report.rendering import FORMATS, SUFFIXES, Content, format_of, rendered

pytestmark = pytest.mark.core

made = runpy.run_path(str(Path(__file__).parents[1] / "made_runs.py"))
make_run, ner_rows = made["make_run"], made["ner_rows"]
systems = runpy.run_path(str(Path(__file__).parents[1] / "made_systems.py"))
# RELIABILITY S5, S6 and S12.
HOSTILE = (
    "[/foo]", "[red]x", "\x1b]0;p\x07", "\x1b[2J", "a|b", "c\nd", "\x00", "\x0b", "\u202e", "=1+1", "@SUM(1)",
    "-2+3", "+x", "\t=1", "\r=1", '=HYPERLINK("http://127.0.0.1/?"&A1)', "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>", "{{7*7}}", "\\input{x}", "%", "javascript:alert(1)",
)  # fmt: skip


def test_a_files_name_says_its_format():
    assert {format_of(None, Path(f"t{suffix}")) for suffix in SUFFIXES} == set(FORMATS)
    assert format_of("md", Path("t.csv")) == "md"
    assert format_of(None, Path("table")) == format_of(None, None) == "table"
    with pytest.raises(UsageError, match=r"\.docx is no format of tables; name the file \.txt, "):
        format_of(None, Path("t.docx"))


@pytest.mark.parametrize("form", [form for form in FORMATS if form != "parquet"])
def test_a_file_holds_what_is_printed(tmp_path, capsys, monkeypatch, form):
    monkeypatch.setenv("COLUMNS", "120")
    make_run(tmp_path / "results", "a")
    assert command(["compare", str(tmp_path / "results"), "--format", form]) == 0
    printed = capsys.readouterr().out
    out = tmp_path / "new" / "folder" / "file"
    assert command(["compare", str(tmp_path / "results"), "--format", form, "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"{out}: 1 table, 1 run\n"
    assert out.read_text(encoding="utf-8").rstrip("\n") == printed.rstrip("\n")


@pytest.mark.parametrize("options", [(), ("--slices",), ("--speed",)])
@pytest.mark.parametrize("form", FORMATS)
def test_a_table_is_written_over_and_nothing_else_is(tmp_path, capsys, form, options):
    one = make_run(tmp_path / "results", "a", scores=ner_rows(0.5))
    make_run(tmp_path / "results", "b", scores=ner_rows(0.4))
    out = tmp_path / "out"
    arguments = ["compare", str(tmp_path / "results"), "--format", form, *options, "--out"]
    assert command([*arguments, str(out)]) == 0
    first = out.read_bytes()
    assert command([*arguments, str(out)]) == 0
    assert out.read_bytes() == first
    capsys.readouterr()
    others = {
        "README.md": b"# Ours\n", "gold.jsonl": b'{"doc": "d1"}\n', "page.html": b"<!DOCTYPE html><title>mine</title>",
        "scores.json": (one / "scores.json").read_bytes(), "paper.tex": b"\\documentclass{article}\n",
        "counts.parquet": (one / "counts.parquet").read_bytes(), "budget.csv": b"data,amount\n2026-11-23,4\n",
        "rows.json": b'{"rows": [1]}\n', "cut.json": b'{"schema": "harness.comparison.table/1", ',
        "notes.txt": b"a \xc2\xb7 b\n",
    }  # fmt: skip
    for name, content in others.items():
        (tmp_path / name).write_bytes(content)
        assert command([*arguments, str(tmp_path / name)]) == 2, name
        assert "holds something else than a table, which would be lost" in capsys.readouterr().err
        assert (tmp_path / name).read_bytes() == content
    assert command([*arguments, str(one / "table.out")]) == 2
    assert "lies in a run folder" in capsys.readouterr().err
    assert not (one / "table.out").exists()


def test_hostile_names_in_every_format(tmp_path):
    """As a model's name, as a note, and as a signature, which becomes the reason why a row stands apart."""
    for number, name in enumerate(HOSTILE):
        make_run(tmp_path / "results", name, scores=ner_rows(0.4), folder=f"a{number}")
        rows = [{**row, "note": name, "signature": name} for row in ner_rows(0.5)]
        make_run(tmp_path / "results", f"b{number}", scores=rows)
    models = {*HOSTILE, *(f"b{number}" for number in range(len(HOSTILE)))}
    texts = {}
    for form in FORMATS:
        out = tmp_path / f"out.{form}"
        assert command(["compare", str(tmp_path / "results"), "--format", form, "--out", str(out)]) == 0
        texts[form] = out.read_bytes()
    for form in ("table", "md", "latex", "html"):
        text = texts[form].decode("utf-8")
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e\u2028]", text), form
    widths = {len(re.findall(r"(?<!\\)\|", line)) for line in texts["md"].decode().splitlines() if line.startswith("|")}
    assert len(widths) == 1
    assert b"<img" not in texts["html"]
    assert b"<script" not in texts["html"]
    rows = list(csv.DictReader(io.StringIO(texts["csv"].decode("utf-8"), newline="")))
    assert not any((row["model"] + " ")[0] in "=+-@\t\r\n\x00" for row in rows)
    blocks = [block for table in json.loads(texts["json"])["tables"] for block in table["blocks"]]
    labels = {line["label"] for block in blocks for line in block["rows"]}
    assert labels == models
    assert len(blocks) == 1 + len(HOSTILE)
    assert set(pq.read_table(tmp_path / "out.parquet")["model"].to_pylist()) == models


@pytest.mark.parametrize("form", FORMATS)
def test_a_lone_surrogate_can_be_written(tmp_path, form):
    """No file of a run can hold one, but the name of a folder can."""
    make_run(tmp_path, "a")
    (table,) = compare([tmp_path])
    lines = [replace(line, label="a\ud800", folder="f\ud800") for line in table.lines]
    content = Content([replace(table, blocks=[replace(table.blocks[0], lines=lines)])])
    assert b"ud800" in rendered(content, form, 120)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """Two systems over documents, targets and texts with such names."""
    folder = tmp_path_factory.mktemp("hostile")
    ids = [one for one in HOSTILE if one.strip("\x00\x0b")]
    gold = {
        "documents": [{"id": one, "text": f"x {one} y"} for one in ids],
        "targets": [{"id": "<b>|t", "text": "<img src=x onerror=alert(1)>"}],
        "stance": [{"doc": one, "target": "<b>|t", "label": "favor"} for one in ids],
        "entities": [{"doc": one, "start": 2, "end": 2 + len(one), "label": "<i>|=L", "text": one} for one in ids],
    }
    for name, records in gold.items():
        systems["write_lines"](folder / "gold" / f"{name}.jsonl", records)
    for name, label in (("=right<b>", "favor"), ("|wrong", "against")):
        stance = [{**record, "label": label} for record in gold["stance"]]
        found = [r if name[0] == "=" else {"doc": r["doc"]} for r in gold["entities"]]
        place = folder / "answers" / name.strip("=|<>b")
        for file, records in (("stance", stance), ("entities", found)):
            systems["write_lines"](place / f"{file}.jsonl", records)
        named = f'model.name="{name}"'
        systems["carry_out"](["data=local", "data.name=made", f"data.documents={folder / 'gold'}",
                        f"data.gold={folder / 'gold'}", "task=[ner,stance]", "model=predictions",
                        f"model.path={place}", named, f"results={folder / 'results'}",
                        "interval.resamples=100"])  # fmt: skip
    return folder / "results"


OPTIONS = ("--pairs", "--letters", "--slices", "--documents", "--flips")


@pytest.mark.parametrize("form", ["table", "md", "latex", "html"])
def test_hostile_texts_in_every_kind_of_table(hostile, tmp_path, form):
    out = tmp_path / f"out.{form}"
    assert command(["compare", str(hostile), "--format", form, "--out", str(out), *OPTIONS]) == 0
    # Bytes, for reading as text would make a line feed of a carriage return.
    text = out.read_bytes().decode("utf-8")
    assert all(title in text for title in ("differences: ", "by label: ", "that differ most: ", "flips: "))
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e\u2028]", text)
    assert form != "html" or not re.search("<(img|script|svg|b|i)\\b", text)


def test_narrow_tables_and_copies_without_a_record_are_written_over(hostile, tmp_path, monkeypatch):
    """Not even the title fits on one line; between copies no answer differs."""
    monkeypatch.setenv("COLUMNS", "40")
    make_run(tmp_path / "long", "a", data="d" * 60)
    for _ in range(2):
        assert command(["compare", str(tmp_path / "long"), "--out", str(tmp_path / "out.txt")]) == 0
    right = next(hostile.glob("*/stance/*right*"))
    shutil.copytree(right, tmp_path / "copy" / right.relative_to(hostile))
    for form in ("csv", "json", "parquet"):
        out = tmp_path / f"out.{form}"
        for _ in range(2):
            assert command(["compare", str(right), str(tmp_path / "copy"), "--flips", "--out", str(out)]) == 0, form


@pytest.mark.parametrize("option", OPTIONS)
def test_hostile_texts_in_every_kind_of_record(hostile, tmp_path, option):
    for form in ("csv", "json", "parquet"):
        out = tmp_path / f"out.{form}"
        assert command(["compare", str(hostile), "--format", form, "--out", str(out), option]) == 0
        text = out.read_bytes()
        # Whatever was asked for: it is a table, so another one takes its place.
        assert command(["compare", str(hostile), "--out", str(out)]) == 0
        assert out.read_bytes() != text
        out.write_bytes(text)
    for row in csv.DictReader(io.StringIO((tmp_path / "out.csv").read_bytes().decode("utf-8"), newline="")):
        for cell in row.values():
            number = re.fullmatch(r"-?[\d.]+(e-?\d+)?", cell)
            assert number or (cell + " ")[0] not in "=+-@\t\r\n\x00", cell


def test_one_kind_of_record_at_a_time(tmp_path, capsys):
    make_run(tmp_path, "a")
    assert command(["compare", str(tmp_path), "--pairs", "--slices", "--format", "csv"]) == 2
    assert "--pairs and --slices: --format csv holds one kind of record" in capsys.readouterr().err
