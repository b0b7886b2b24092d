"""The subcommands as users call them: one message, the right exit code, help for each."""

import os
import subprocess
import sys

import pytest

from harness.__main__ import command

pytestmark = pytest.mark.core

SUBCOMMANDS = ("compare", "show", "score", "predict", "gold", "list", "schema", "doctor")


def refused(capsys, *arguments):
    """The one message of a command that is refused."""
    assert command([*map(str, arguments)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("harness: ")
    assert "Traceback" not in err
    assert err.count("\n") == 1
    return err


@pytest.mark.parametrize("name", [*SUBCOMMANDS, "gold init", "gold validate"])
def test_each_has_help(capsys, name):
    assert command([*name.split(), "--help"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"usage: python -m harness {name.split()[0]}")
    assert err == ""


def test_help_offers_only_what_there_is(capsys):
    command(["compare", "--help"])
    out = capsys.readouterr().out
    assert "{table,md,csv,json,latex,html,parquet}" in out
    assert "--baseline RUN" in out


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["comparee", "x"], ["'comparee': no such subcommand", "did you mean 'compare'?"]),
        (["zzz"], ["'zzz': no such subcommand", "there are compare, why-different"]),
        (["compare"], ["RUN", "compare --help"]),
        (["compare", "x", "--formt", "md"], ["--formt: unknown option", "did you mean '--format'?"]),
        (["compare", "x", "--format", "mdd"], ["--format: 'mdd' is not offered", "did you mean 'md'?"]),
        (["compare", "x", "--format", "xml"], ["'xml' is not offered", "table, md, csv, json, latex, html, parquet"]),
        (["compare", "x", "--form", "md"], ["--form: unknown option"]),
        (["list"], ["what"]),
        (["list", "modles"], ["'modles' is not offered", "did you mean 'models'?"]),
        (["schema", "record"], ["did you mean 'records'?"]),
        (["schema", "scores", "entities"], ["scores has one schema"]),
        (["gold"], ["needs one of init, validate, stats, audit, agreement, correlate, convert"]),
        (["gold", "validat"], ["gold validat", "did you mean 'validate'?"]),
        (["show", "/nowhere/at/all"], ["/nowhere/at/all: no such folder"]),
        (["score", "/nowhere/at/all"], ["/nowhere/at/all: no such folder"]),
        (["predict", "model=leed"], ["leed"]),
        (["predict", "--outt", "x"], ["--outt: unknown option", "did you mean '--out'?"]),
        (["doctor", "now"], ["now"]),
    ],
)
def test_what_is_wrong_is_said_in_one_message(capsys, arguments, parts):
    message = refused(capsys, *arguments)
    for part in parts:
        assert part in message


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A real run, made once by the real command."""
    results = tmp_path_factory.mktemp("results")
    assert command(["model=lead", "task=summarization", f"results={results}"]) == 0
    return results / "seed" / "summarization" / "lead"


def test_score_makes_the_same_scores_again(run, capsys):
    before = (run / "scores.json").read_bytes()
    assert command(["score", str(run)]) == 0
    assert (run / "scores.json").read_bytes() == before
    out = capsys.readouterr().out
    assert "seed · summarization" in out
    assert f"results: {run}" in out


def test_score_mends_altered_scores_but_not_altered_answers(run, capsys):
    before = (run / "scores.json").read_bytes()
    (run / "scores.json").write_bytes(before.replace(b"0.", b"0.9"))
    assert command(["compare", str(run)]) == 2
    assert "harness score" in capsys.readouterr().err
    assert command(["score", str(run.parent)]) == 0
    assert (run / "scores.json").read_bytes() == before
    kept = (run / "predictions.parquet").read_bytes()
    try:
        (run / "predictions.parquet").write_bytes(kept + b" ")
        assert command(["score", str(run)]) == 2
        assert "predictions.parquet: " in capsys.readouterr().err
    finally:
        (run / "predictions.parquet").write_bytes(kept)


def test_score_of_many_shows_each_that_cannot_be_scored(run, tmp_path, capsys):
    import shutil

    shutil.copytree(run.parents[2], tmp_path / "r")
    shutil.copytree(run, tmp_path / "r" / "seed" / "summarization" / "bad")
    (tmp_path / "r" / "seed" / "summarization" / "bad" / "run.json").write_text('{"status": "started"}')
    assert command(["score", str(tmp_path / "r")]) == 1
    out = capsys.readouterr().out
    assert "not scored: not a complete run" in out
    assert "51.0" in out


def test_predict_writes_records_that_score_reads(tmp_path, capsys):
    from harness.resources import shipped

    texts = shipped("seeds")
    arguments = ["predict", "--out", str(tmp_path / "out"), "data=local", "data.name=mine", f"data.documents={texts}"]
    assert command([*arguments, "model=lead", "task=summarization"]) == 0
    assert "summaries.jsonl: " in capsys.readouterr().out
    lines = (tmp_path / "out" / "summaries.jsonl").read_text(encoding="utf-8").splitlines()
    assert lines
    assert all('"doc":"000_65dd1ba08ac326c9"' in line for line in lines)


def test_results_go_to_stdout_and_messages_to_stderr(run):
    environment = {**os.environ, "COLUMNS": "100"}
    good = subprocess.run(
        [sys.executable, "-m", "harness", "compare", str(run)],
        capture_output=True, text=True, encoding="utf-8", env=environment, check=False,
    )  # fmt: skip
    assert (good.returncode, good.stderr) == (0, "")
    assert good.stdout.startswith("seed · summarization · 1 document")
    bad = subprocess.run(
        [sys.executable, "-m", "harness", "compare", str(run / "x")],
        capture_output=True, text=True, encoding="utf-8", env=environment, check=False,
    )  # fmt: skip
    assert (bad.returncode, bad.stdout) == (2, "")
    assert bad.stderr == f"harness: {run / 'x'}: no such folder\n"


def test_a_reader_that_goes_away_is_no_error(run):
    read, write = os.pipe()
    os.close(read)
    try:
        found = subprocess.run(
            [sys.executable, "-m", "harness", "show", str(run)], stdout=write, stderr=subprocess.PIPE, check=False
        )
    finally:
        os.close(write)
    assert (found.returncode, found.stderr) == (0, b"")


@pytest.mark.parametrize("name", ["compare", "list", "schema"])
def test_light_commands_load_nothing_heavy(run, name):
    arguments = {"compare": ["compare", str(run)], "list": ["list", "models"], "schema": ["schema", "scores"]}[name]
    code = (
        "import sys\nfrom harness.__main__ import command\n"
        f"assert command({arguments!r}) == 0\n"
        "heavy = {'torch', 'transformers', 'datasets', 'sklearn', 'hydra', 'rouge_score'} & set(sys.modules)\n"
        "sys.exit(repr(heavy) if heavy else 0)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr) == (0, "")
