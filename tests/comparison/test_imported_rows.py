"""Scores of other tools in a comparison: one short reason, no test, no hint that cannot be followed."""

import runpy
from pathlib import Path

import pytest

from harness.__main__ import command
from harness.comparison.compare import compare
from harness.metric.base import Key
from harness.report.shown_table import show

pytestmark = pytest.mark.core

made = runpy.run_path(str(Path(__file__).parents[1] / "foreign" / "made_files.py"))
ACCURACY = "stance.accuracy=acc,none"


@pytest.fixture(scope="module")
def results(systems, tmp_path_factory):
    """The stance runs of `good` and `poor`, and two imported models, of which the better has the higher Brier score."""
    import shutil

    folder = tmp_path_factory.mktemp("imported")
    for name in ("good", "poor"):
        shutil.copytree(systems.runs[name]["stance"], folder / "results" / "made" / "stance" / name)
    for number, (name, accuracy, brier) in enumerate((("one/model", 0.62, 0.41), ("two/model", 0.7, 0.5))):
        content = made["changed"](made["LM_EVAL"], "model_name", name)
        content = made["changed"](content, "results/pond_stance/acc,none", accuracy)
        content = made["changed"](content, "results/pond_stance/brier_score,none", brier)
        file = made["json_file"](folder / f"results_{number}.json", content)
        where = ("--task", "stance", "--data", "made", "--results", str(folder / "results"))
        assert command(["import", str(file), *where, "--only", "pond_stance", "--as", ACCURACY]) == 0
    return folder / "results"


def imported_folders(results):
    return sorted(str(path) for path in (results / "made" / "stance").glob("*model*"))


def test_one_short_reason_and_own_rows_first(results):
    (table,) = compare([results])
    assert [[line.label for line in block.lines] for block in table.blocks] == [
        ["good", "poor"],
        ["one/model", "two/model"],
    ]
    assert table.blocks[1].reason == "imported from lm_eval 0.4.13 (other gold: 50 samples)"


def test_what_the_tool_calls_better_is_better(results):
    (table,) = compare([results], ["lm_eval.brier_score"])
    assert table.columns[0].direction == -1
    best = {line.label: line.cells[Key("lm_eval.brier_score", "mean")].best for line in table.blocks[1].lines}
    assert best == {"one/model": True, "two/model": False}


def test_the_title_and_the_seconds_say_what_is_true_of_them(results):
    (table,) = compare([results])
    shown = show(table)
    assert shown.title == "made · stance · 20 documents · n counts documents"
    (seconds,) = [note for note in shown.footnotes if note.startswith("seconds")]
    assert seconds == "seconds –: scores were imported, so there is nothing to time"
    (alone,) = compare(list(map(Path, imported_folders(results))))
    assert show(alone).title == "made · stance · 50 samples"


@pytest.mark.parametrize("option", [["--pairs"], ["--letters"], ["--baseline"], ["--documents"], ["--flips"]])
def test_they_are_passed_over_with_one_line(results, capsys, option):
    # Which of them is the baseline is never one of these.
    own = [str(results / "made" / "stance" / "good")] if option == ["--baseline"] else []
    assert command(["compare", str(results), *option, *own, "--format", "md"]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    lines = [line for line in said.out.splitlines() if "no counts or answers" in line]
    assert len(lines) == 1
    assert "one/model, two/model: imported, so there are no counts or answers to compare" in lines[0]
    assert "harness score" not in said.out


@pytest.mark.parametrize("option", [["--pairs"], ["--letters"], ["--baseline"], ["--documents"], ["--flips"]])
def test_alone_they_are_one_message(results, capsys, option):
    folders = imported_folders(results)
    assert command(["compare", *folders, *option, *(folders[:1] if option == ["--baseline"] else [])]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("imported, so there are no counts or answers to compare") == 1
    assert "harness score" not in said.err


def test_an_imported_baseline_of_ones_own_rows_is_one_message(results, capsys):
    assert command(["compare", str(results), "--baseline", imported_folders(results)[0]]) == 2
    assert "no row can be compared with it; made, stance: one/model" in capsys.readouterr().err


def test_why_different_gives_no_command_that_cannot_work(results, capsys):
    one, two = imported_folders(results)
    assert command(["why-different", one, str(results / "made" / "stance" / "good")]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "imported scores of another tool have no answers here that could be scored again" in said
    assert "python -m harness" not in said
    assert command(["why-different", one, two]) == 0
    said = capsys.readouterr().out
    assert f"python -m harness compare {one} {two}\n" in said
