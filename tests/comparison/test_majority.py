"""The per-target majority beside stance models: the number of `stance_majority` itself, from the counts of one run."""

import json
import re
import runpy
import shutil
from pathlib import Path

import pytest

from harness.__main__ import command
from harness.comparison import majority
from harness.comparison.compare import compare
from harness.comparison.majority import read_sums
from harness.counts import read_counts
from harness.metric.base import Key
from harness.report.shown_table import show

pytestmark = pytest.mark.core

made = runpy.run_path(str(Path(__file__).parents[1] / "made_runs.py"))
systems_made = runpy.run_path(str(Path(__file__).parents[1] / "made_systems.py"))
FAVG = Key("stance.favg", "pooled")
SAID = "per-target majority, on the same examples (not out of folds): "


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """A run that has `stance_majority` among its metrics."""
    folder = tmp_path_factory.mktemp("majority")
    gold = systems_made["make_corpus"](folder)
    answers = systems_made["answer"](gold, 0.6, 3)
    metrics = "metric=[stance_favg,stance_classification,stance_majority]"
    return systems_made["make_system"](folder, "some", answers, tasks="stance", more=(metrics,))["stance"]


def notes(path):
    (table,) = compare([path])
    return [note for note in show(table).footnotes if "per-target majority" in note]


def test_it_is_the_row_of_stance_majority(scored):
    rows = json.loads((scored / "scores.json").read_text(encoding="utf-8"))["scores"]
    own = {(r["metric"], r["average"]): r["value"] for r in rows if r["slice"] == "all"}
    (table,) = compare([scored])
    found = table.blocks[0].majority
    assert {(key.metric, key.average) for key in found} == {
        ("stance.favg", "pooled"),
        ("stance.favg", "macro_target"),
        ("stance.macro_f1", "pooled"),
        ("stance.accuracy", "pooled"),
    }
    for key, value in found.items():
        assert value == pytest.approx(own[f"{key.metric}_majority", key.average], abs=1e-12)
    favg, accuracy = own["stance.favg_majority", "pooled"], own["stance.accuracy_majority", "pooled"]
    (note,) = notes(scored)
    assert note.startswith(f"{SAID}favg {favg * 100:.1f}, favg macro ")
    assert note.endswith(f"accuracy {accuracy * 100:.1f}")


def test_every_format_with_notes_has_it(systems, capsys):
    for form in ("table", "md", "latex", "html"):
        assert command(["compare", str(systems.runs["good"]["stance"]), "--format", form]) == 0
        # LaTeX keeps hyphens apart, and a terminal folds.
        assert f"{SAID}favg" in " ".join(capsys.readouterr().out.replace("{}", "").split())


def test_only_what_is_shown_is_named(systems, capsys):
    folder = str(systems.runs["good"]["stance"])
    assert command(["compare", folder, "--metric", "stance.accuracy"]) == 0
    (note,) = [line for line in capsys.readouterr().out.splitlines() if "per-target majority" in line]
    assert re.fullmatch(rf" {re.escape(SAID)}accuracy \d+\.\d", note)
    assert command(["compare", folder, "--metric", "stance.mcc", "stance.f1@label=favor"]) == 0
    assert "per-target majority" not in capsys.readouterr().out


def test_other_tasks_have_none(systems):
    assert notes(systems.runs["good"]["ner"]) == []


def test_one_run_of_a_block_is_read(systems, monkeypatch):
    read = []
    monkeypatch.setattr(majority, "read_sums", lambda path, metric: read.append(path) or read_sums(path, metric))
    (table,) = compare([systems.results / "made" / "stance"])
    assert len(table.blocks[0].lines) == 2
    assert len(read) == 1


def test_without_counts_there_is_no_note(tmp_path):
    rows = [made["row"]("stance.favg", "pooled", 0.5, 0.4, 0.6)]
    # Made-up runs have scores and no counts.
    made["make_run"](tmp_path, "a", task="stance", scores=rows)
    assert notes(tmp_path) == []


def test_counts_that_cannot_be_read_cost_the_note_alone(scored, tmp_path):
    from harness.files import file_sha256

    folder = tmp_path / "made" / "stance" / "broken"
    shutil.copytree(scored, folder)
    (folder / "counts.parquet").write_bytes(b"PAR1")
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    run["files"]["counts.parquet"] = file_sha256(folder / "counts.parquet")
    (folder / "run.json").write_text(json.dumps(run), encoding="utf-8")
    assert notes(tmp_path) == []


def test_rows_with_other_gold_have_their_own(tmp_path, scored):
    (tmp_path / "made" / "stance").mkdir(parents=True)
    shutil.copytree(scored, tmp_path / "made" / "stance" / "first")
    gold = systems_made["make_corpus"](tmp_path / "other", documents=9)
    answers = systems_made["answer"](gold, 0.6, 3)
    other = systems_made["make_system"](tmp_path / "other", "other", answers, tasks="stance")["stance"]
    shutil.copytree(other, tmp_path / "results" / "made" / "stance" / "other")
    shutil.move(tmp_path / "made", tmp_path / "results" / "first")
    shutil.rmtree(tmp_path / "other")
    first, second = notes(tmp_path / "results")
    assert first.startswith(f"{SAID}favg ")
    assert second.startswith("per-target majority, on the examples of ")
    assert first.split("favg", 1)[1] != second.split("favg", 1)[1]


def test_sums_are_those_of_the_whole_table(scored):
    path = scored / "counts.parquet"
    for name, table in read_counts(path).items():
        sums = {}
        for one in table.rows():
            for key, value in one.state.items():
                sums[key] = sums.get(key, 0.0) + value
        assert read_sums(path, name) == pytest.approx(sums)
        assert sums
    assert read_sums(path, "no such metric") == {}
