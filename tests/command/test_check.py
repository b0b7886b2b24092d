"""`python -m harness check`: exit codes, files, and what is wrong before anything is written."""

import csv
import io
import json
import runpy
import shutil
from pathlib import Path

import pytest
from junitparser import JUnitXml

from harness.__main__ import command

pytestmark = pytest.mark.core
made = runpy.run_path(str(Path(__file__).parents[1] / "made_gate.py"))


@pytest.fixture(autouse=True)
def surroundings(monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("check")
    gold = made["make_gold"](folder / "gold", 60)
    base = made["answer"](gold, 0.9, 1)
    broken = [{**one, "label": "none"} for one in base]
    unsure = [{**one, "label": "none"} if number < 3 else one for number, one in enumerate(base)]
    stored = {"base": base, "same": base, "broken": broken, "unsure": unsure}
    return {name: made["store"](folder / "gold", answers, folder / name) for name, answers in stored.items()}


def check(run, baseline, *more):
    return command(["check", str(run), "--baseline", str(baseline), *map(str, more)])


def test_exit_codes(runs, capsys):
    for name, code, word in (("same", 0, "PASSED"), ("broken", 1, "FAILED"), ("unsure", 3, "INCONCLUSIVE")):
        capsys.readouterr()
        assert check(runs[name], runs["base"]) == code
        out, err = capsys.readouterr()
        assert out.startswith(f"gate default: {word} (2 checks: ")
        assert err == ""
    assert "would decide it, were the difference seen the true one" in " ".join(out.split())
    assert "adding documents until a gate passes is a new test" in " ".join(out.split())


def test_every_format_has_the_verdict(runs, capsys):
    outputs = {}
    for name in ("table", "md", "csv", "json"):
        capsys.readouterr()
        assert check(runs["broken"], runs["base"], "--format", name) == 1
        outputs[name] = capsys.readouterr().out
    content = json.loads(outputs["json"])
    assert (content["schema"], content["outcome"], content["exit_code"]) == ("harness.gate/1", "fail", 1)
    (row,) = [row for row in content["rows"] if row["check"] == "stance.favg"]
    assert row["outcome"] == "fail"
    assert row["difference"] == pytest.approx(row["run"] - row["baseline"])
    assert row["high"] < -row["tolerance"]
    rows = list(csv.DictReader(io.StringIO(outputs["csv"])))
    assert [one["outcome"] for one in rows] == ["fail", "pass"]
    assert "| fail | made · stance · mysystem | stance.favg |" in outputs["md"]


def test_tolerance_and_gate_of_ones_own(runs, tmp_path, capsys):
    assert check(runs["unsure"], runs["base"], "--tolerance", "0.3") == 0
    assert check(runs["unsure"], runs["base"], "--tolerance=headline=0.3") == 0
    assert check(runs["unsure"], runs["base"], "--gate", "unchanged") == 1
    (tmp_path / "gate").mkdir()
    (tmp_path / "gate" / "mine.yaml").write_text("defaults: [unchanged, _self_]\nscores: []\n")
    assert check(runs["same"], runs["base"], "--gate", "mine", "--config-dir", tmp_path) == 0
    assert "gate mine: PASSED" in capsys.readouterr().out
    (tmp_path / "other.yaml").write_text("predictions: unchanged\n")
    assert check(runs["unsure"], runs["base"], "--gate", tmp_path / "other.yaml") == 1


def test_files_are_written_and_hold_no_text_of_documents(runs, tmp_path, capsys):
    junit, summary = tmp_path / "new" / "check.xml", tmp_path / "summary.md"
    more = ("--gate", "unchanged", "--junit", junit, "--summary", summary)
    assert check(runs["broken"], runs["base"], *more) == 1
    xml = JUnitXml.fromfile(str(junit))
    assert (xml.tests, xml.failures) == (3, 2)
    out, err = capsys.readouterr()
    for text in (junit.read_text(), summary.read_text(), out, err):
        assert "CANARY" not in text
    assert summary.read_text().startswith("### ❌ gate unchanged: FAILED")
    # What is there is replaced.
    assert check(runs["same"], runs["base"], *more) == 0
    assert summary.read_text().count("###") == 1


def test_in_github_actions(runs, tmp_path, monkeypatch, capsys):
    target = tmp_path / "step.md"
    target.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(target))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert check(runs["broken"], runs["base"]) == 1
    out, err = capsys.readouterr()
    assert err.startswith("::error title=made · stance · mysystem%3A stance.favg::worse than tolerated")
    assert "::" not in out
    assert check(runs["unsure"], runs["base"], "--summary", target) == 3
    assert capsys.readouterr().err.startswith("::warning title=")
    assert check(runs["same"], runs["base"]) == 0
    assert capsys.readouterr().err == ""
    own = tmp_path / "own.md"
    assert check(runs["same"], runs["base"], "--summary", own) == 0
    text = target.read_text()
    assert text.startswith("before\n### ❌")
    assert [text.count(sign) for sign in ("❌", "⚠️", "✅")] == [1, 1, 2]
    assert text.endswith(own.read_text())


# ---- what is wrong: one message, exit 2, nothing written ------------------------------------------------------------


def spoil(folder, how):
    if how == "missing":
        shutil.rmtree(folder)
    elif how == "no run.json":
        (folder / "run.json").unlink()
    elif how in ("started", "error"):
        (folder / "run.json").write_text(json.dumps({"status": how, "reason": "no\nspace"}))
    elif how == "newer":
        content = json.loads((folder / "scores.json").read_text())
        (folder / "scores.json").write_text(json.dumps({**content, "schema": "harness.scores/2", "harness": "9.0"}))
    elif how.startswith("truncated"):
        file = folder / how.split()[1]
        file.write_bytes(file.read_bytes()[:100])
    elif how == "altered":
        file = folder / "scores.json"
        file.write_text(file.read_text().replace("0.0", "0.9", 1))
    elif how == "empty":
        for file in folder.iterdir():
            file.unlink()


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("missing", "no such folder"),
        ("no run.json", "run.json is missing"),
        ("empty", "no run folder there"),
        ("started", "this run is 'started', not complete"),
        ("error", "this run is 'error', not complete (no space)"),
        ("newer", "use harness 9.0 or newer"),
        ("truncated scores.json", "unreadable"),
        ("truncated run.json", "unreadable"),
        ("truncated counts.parquet", "was altered since the run"),
        ("truncated predictions.parquet", "was altered since the run"),
        ("truncated config.yaml", ""),
        ("altered", "was altered since the run"),
    ],
)
@pytest.mark.parametrize("side", ["run", "baseline"])
def test_a_run_that_cannot_be_read(runs, tmp_path, capsys, how, said, side):
    bad = tmp_path / "bad"
    shutil.copytree(runs["same"], bad)
    spoil(bad, how)
    pair = (bad, runs["base"]) if side == "run" else (runs["same"], bad)
    junit, summary = tmp_path / "check.xml", tmp_path / "summary.md"
    assert check(*pair, "--junit", junit, "--summary", summary) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("harness: ")
    assert err.count("\n") == 1
    assert said in err
    assert not junit.exists()
    assert not summary.exists()


def test_other_gold_and_nothing_in_common(runs, tmp_path, capsys):
    gold = made["make_gold"](tmp_path / "gold", 60, rng_seed=9)
    other = made["store"](tmp_path / "gold", gold, tmp_path / "other")
    named = made["store"](tmp_path / "gold", gold, tmp_path / "named", name="another")
    capsys.readouterr()
    assert check(other, runs["base"], "--junit", tmp_path / "x.xml") == 2
    assert "other gold" in capsys.readouterr().err
    assert check(tmp_path / "named", tmp_path / "other") == 2
    assert "no run there has the data, task and model of made · stance · another" in capsys.readouterr().err
    assert check(named, named) == 2
    assert "would be compared with itself" in capsys.readouterr().err
    assert not (tmp_path / "x.xml").exists()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--gate", "defualt"], "did you mean 'default'?"),
        (["--gate", "nope.yaml"], "no such file"),
        (["--tolerance", "a lot"], "expected a number of 0 or more"),
        (["--tolerence", "1"], "did you mean '--tolerance'?"),
        (["--tolerance", "2"], "lets everything pass"),
        (["--format", "xml"], "'xml' is not offered"),
        (["--config-dir", "/nowhere"], "no such folder"),
        (["--junit", "."], "is a folder"),
        (["--junit", "a", "--summary", "a"], "give two files"),
        (["--junit", "/proc/nowhere/x.xml"], "cannot be written"),
    ],
)
def test_bad_usage(runs, tmp_path, monkeypatch, capsys, more, said):
    monkeypatch.chdir(tmp_path)
    assert check(runs["same"], runs["base"], *more) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert said in err
    assert list(tmp_path.iterdir()) == []


def test_without_a_baseline_there_is_nothing_to_check(runs, capsys):
    assert command(["check", str(runs["same"])]) == 2
    assert "--baseline" in capsys.readouterr().err


def test_help_says_what_the_exit_codes_mean(capsys):
    assert command(["check", "--help"]) == 0
    assert "0 passed, 1 failed" in capsys.readouterr().out
