"""Run folders that cannot be compared: one message each, exit 2 where nothing could be, nothing half-written."""

import json
import runpy
import shutil
from pathlib import Path

import pytest

from harness.__main__ import command

pytestmark = pytest.mark.core
make_run = runpy.run_path(str(Path(__file__).parents[1] / "made_runs.py"))["make_run"]


def missing(folder):
    shutil.rmtree(folder)


def incomplete(folder):
    (folder / "run.json").write_text('{"status": "started"}', encoding="utf-8")


def newer(folder):
    path = folder / "scores.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**content, "schema": "harness.scores/9", "harness": "7.0"}), encoding="utf-8")


def truncated(folder):
    path = folder / "scores.json"
    path.write_bytes(path.read_bytes()[:300])


def without_scores(folder):
    (folder / "scores.json").unlink()


def without_run(folder):
    (folder / "run.json").unlink()


def without_counts(folder):
    (folder / "counts.parquet").unlink()


def tampered(folder):
    path = folder / "scores.json"
    path.write_text(path.read_text(encoding="utf-8").replace("0.5", "0.9"), encoding="utf-8")


def cut_counts(folder):
    path = folder / "counts.parquet"
    path.write_bytes(path.read_bytes()[:-20])


FAULTS = {
    missing: "no such folder",
    incomplete: "this run is 'started', not complete",
    newer: "has schema 'harness.scores/9', this version reads 'harness.scores/1'; use harness 7.0 or newer",
    truncated: "unreadable",
    without_scores: "scores.json is missing",
    without_run: "run.json is missing; give the run's command again",
    without_counts: "counts.parquet: is missing; make it again with `python -m harness score",
    tampered: "was altered since the run (checksum differs)",
    cut_counts: "was altered since the run (checksum differs)",
}


@pytest.mark.parametrize("harm", FAULTS)
@pytest.mark.parametrize("arguments", [[], ["--pairs"], ["--format", "html"]])
def test_a_run_that_was_named_itself_must_be_whole(tmp_path, capsys, harm, arguments):
    good, bad = make_run(tmp_path / "results", "a"), make_run(tmp_path / "results", "b")
    harm(bad)
    out = tmp_path / "table.txt"
    for more in ([], ["--out", str(out)]):
        assert command(["compare", str(good), str(bad), *arguments, *more]) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert FAULTS[harm] in captured.err
        assert captured.err.startswith(f"harness: {bad}")
        assert len(captured.err.splitlines()) == 1
        assert "Traceback" not in captured.err
    assert not out.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["results"]


@pytest.mark.parametrize("harm", [harm for harm in FAULTS if harm is not missing])
def test_in_a_folder_of_several_it_is_a_row_with_its_reason(tmp_path, capsys, harm, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    make_run(tmp_path, "a")
    harm(make_run(tmp_path, "b"))
    code = command(["compare", str(tmp_path)])
    out = capsys.readouterr().out
    assert FAULTS[harm] in out
    # What never ended is no fault of this command; what was altered is.
    assert code == (0 if harm is incomplete else 1)


@pytest.mark.parametrize("harm", [harm for harm in FAULTS if harm is not missing])
def test_where_nothing_else_is_there_nothing_is_compared(tmp_path, capsys, harm):
    harm(make_run(tmp_path, "b"))
    assert command(["compare", str(tmp_path)]) == 2
    captured = capsys.readouterr()
    assert (captured.out, FAULTS[harm] in captured.err) == ("", True)


@pytest.mark.parametrize("harm", FAULTS)
def test_a_baseline_must_be_whole(tmp_path, capsys, harm):
    good, bad = make_run(tmp_path, "a"), make_run(tmp_path, "b")
    harm(bad)
    assert command(["compare", str(good), "--baseline", str(bad)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1


def test_runs_without_any_score_are_no_empty_table(tmp_path, capsys):
    make_run(tmp_path, "a", scores=[])
    assert command(["compare", str(tmp_path)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "no score in 1 run; there is nothing to compare" in captured.err


@pytest.mark.parametrize(
    ("other", "reason"),
    [({"gold_sha256": "b" * 64}, "other gold"), ({"documents_sha256": "e" * 64}, "other documents")],
)
@pytest.mark.parametrize("options", [["--pairs"], ["--letters"], ["--documents"], ["--flips"]])
def test_runs_of_other_gold_or_documents_have_no_differences(tmp_path, capsys, other, reason, options):
    make_run(tmp_path, "a")
    make_run(tmp_path, "b", **other)
    assert command(["compare", str(tmp_path), *options]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert reason in captured.err
    assert "why-different" in captured.err


def test_the_baseline_of_other_gold_says_so(tmp_path, capsys):
    one = make_run(tmp_path, "a")
    make_run(tmp_path, "b", gold_sha256="b" * 64)
    assert command(["compare", str(tmp_path), "--baseline", str(one)]) == 2
    said = capsys.readouterr().err
    assert "no row can be compared with it" in said
    assert "other gold" in said


@pytest.mark.parametrize("place", ["folder", "file/below.md"])
def test_a_file_that_cannot_be_written_is_one_message(tmp_path, capsys, place):
    run = make_run(tmp_path / "results", "a")
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("kept", encoding="utf-8")
    assert command(["compare", str(run), "--out", str(tmp_path / place)]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"harness: --out {tmp_path / place}: cannot be written: ")
    assert len(said.splitlines()) == 1
    assert (tmp_path / "file").read_text(encoding="utf-8") == "kept"
    assert list((tmp_path / "folder").iterdir()) == []


def test_an_old_file_stays_when_the_comparison_fails(tmp_path):
    run = make_run(tmp_path / "results", "a")
    out = tmp_path / "table.csv"
    assert command(["compare", str(run), "--out", str(out)]) == 0
    before = out.read_bytes()
    tampered(run)
    assert command(["compare", str(run), "--out", str(out)]) == 2
    assert out.read_bytes() == before


def test_a_list_of_runs_that_is_cut_says_so(tmp_path, capsys):
    for number in range(11):
        make_run(tmp_path, f"m{number:02d}")
    assert command(["compare", str(tmp_path), "--baseline", str(tmp_path / "nope")]) == 2
    said = capsys.readouterr().err
    assert said.rstrip().endswith("m09 and 1 more")
    assert "m10" not in said
