"""The command: what is written, what is refused, and that a refusal leaves nothing behind."""

import runpy
import shutil
import sys
from pathlib import Path

import pytest

from harness.__main__ import command

pytestmark = pytest.mark.core
made = runpy.run_path(str(Path(__file__).parents[2] / "made_runs.py"))


def report(capsys, *arguments):
    code = command(["report", *map(str, arguments)])
    said = capsys.readouterr()
    assert said.out == ""
    assert "Traceback" not in said.err
    return code, said.err


def test_one_line_says_what_was_written(capsys, plain_runs, tmp_path):
    out = tmp_path / "new folder" / "r.html"
    code, said = report(capsys, plain_runs / "mine" / "ner", "--out", out)
    assert code == 0
    assert said.startswith(f"{out}: 2 runs, ")
    assert [path.name for path in out.parent.iterdir()] == ["r.html"]


def test_an_earlier_report_is_written_over_and_nothing_else(capsys, plain_runs, tmp_path):
    out = tmp_path / "r.html"
    assert report(capsys, plain_runs / "mine" / "stance", "--out", out)[0] == 0
    before = out.read_bytes()
    assert report(capsys, plain_runs / "mine" / "ner", "--out", out)[0] == 0
    assert out.read_bytes() != before
    out.write_text("my notes")
    code, said = report(capsys, plain_runs / "mine" / "ner", "--out", out)
    assert code == 2
    assert "holds something else than a report" in said
    assert out.read_text() == "my notes"


def test_results_are_never_written_over(capsys, plain_runs):
    scores = next(plain_runs.rglob("scores.json"))
    before = scores.read_bytes()
    assert report(capsys, plain_runs, "--out", scores)[0] == 2
    assert scores.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere", "--out", "r.html"), "nowhere: no such folder"),
        ((".", "--out", "r.html"), "no run folder there"),
        (("RUNS",), "the following arguments are required: --out"),
        (("RUNS", "--out", "."), "is a folder; name a file"),
        (("RUNS", "--out", "a" * 300), "name too long"),
        (("RUNS", "--out", "file/r.html"), "--out file/r.html: "),
        (("RUNS", "--out", "r.html", "--baseline", "nowhere"), "--baseline nowhere: no such run folder"),
        (("RUNS", "--out", "r.html", "--baseline", "RUNS/mine/ner"), "2 runs of mine, ner lie there; name one"),
        (("RUNS", "--out", "r.html", "--basline", "x"), "did you mean '--baseline'"),
    ],
)
def test_what_is_wrong_is_one_message_and_nothing_is_written(
    capsys, plain_runs, tmp_path, monkeypatch, arguments, said
):
    (tmp_path / "file").write_text("")
    monkeypatch.chdir(tmp_path)
    code, message = report(capsys, *(one.replace("RUNS", str(plain_runs)) for one in arguments))
    assert code == 2
    assert said.lower() in message.lower()
    assert len(message.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_run_that_was_named_must_be_whole(capsys, plain_runs, tmp_path):
    results = tmp_path / "results"
    shutil.copytree(plain_runs, results)
    scores = next(results.rglob("scores.json"))
    scores.write_text(scores.read_text().replace("0.", "1.", 1))
    code, said = report(capsys, scores.parent, "--out", tmp_path / "r.html")
    assert code == 2
    assert "was altered since the run" in said
    assert not (tmp_path / "r.html").exists()
    # Among others it is a row without scores, and the exit code is that of `compare`.
    code, said = report(capsys, results, "--out", tmp_path / "r.html")
    assert code == 1
    assert "5 runs" in said
    assert "1 run could not be read" in said
    assert "1 run without scores" in (tmp_path / "r.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("package", ["altair", "vl_convert"])
def test_a_package_that_is_missing_is_named(capsys, plain_runs, tmp_path, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    code, said = report(capsys, plain_runs, "--out", tmp_path / "r.html")
    assert code == 2
    assert repr(package) in said
    assert "pip install" in said
    assert not list(tmp_path.iterdir())


def test_no_text_leaves_every_text_out_and_keeps_the_ids(plain_runs, report_of):
    whole, bare = report_of(plain_runs).read_text(), report_of(plain_runs, "--no-text").read_text()
    for text in ("Canary 3 sang", "Anna", "Oslo", "Nothing else was said"):
        assert text in whole
        assert text not in bare
    assert "d03" in bare


def test_runs_whose_gold_is_gone_are_shown_without_their_documents(capsys, tmp_path):
    results = tmp_path / "results"
    made["make_run"](results, "one")
    made["make_run"](results, "two", scores=made["ner_rows"](0.7))
    assert report(capsys, results, "--out", tmp_path / "r.html")[0] == 0
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "70.0" in text
    assert "Not shown" in text


def test_pages_of_an_earlier_report_are_removed_with_it(plain_runs, tmp_path, monkeypatch):
    from harness.report.html import documents
    from harness.report.html.write import write_report

    out = tmp_path / "r.html"
    monkeypatch.setattr(documents, "LIMIT", 0)
    write_report([plain_runs / "mine" / "ner"], out)
    (first,) = tmp_path.glob("documents-*.js")
    stranger = tmp_path / "documents-0123456789abcdef.js"
    stranger.write_text("of nobody")
    shutil.copy(out, tmp_path / "kept.html")
    write_report([plain_runs / "mine" / "stance"], out)
    (second,) = set(tmp_path.glob("documents-*.js")) - {first, stranger}
    # A copy of the earlier report has the same pages; without it they are nobody's.
    (tmp_path / "kept.html").unlink()
    write_report([plain_runs / "mine" / "ner"], out)
    assert set(tmp_path.glob("documents-*.js")) == {first, stranger}
    assert not second.exists()
