"""Scores of other tools as run folders: shown beside one's own, never ranked with them, never counted again."""

import json
import runpy
import shutil
from pathlib import Path

import jsonschema
import pytest

from harness.__main__ import command
from harness.comparison.compare import compare
from harness.metric.base import Key
from harness.run_folder import read_run
from harness.schema import scores_schema

pytestmark = pytest.mark.core

made = runpy.run_path(str(Path(__file__).parent / "foreign" / "made_files.py"))
LM_EVAL, INSPECT, changed = made["LM_EVAL"], made["INSPECT"], made["changed"]
json_file, eval_file = made["json_file"], made["eval_file"]
runs = runpy.run_path(str(Path(__file__).parent / "made_runs.py"))
make_run, row = runs["make_run"], runs["row"]
ACCURACY = Key("stance.accuracy", "pooled")
PLACE = ("--task", "stance", "--data", "mine", "--only", "pond_stance")


def imported(capsys, *arguments):
    code = command(["import", *map(str, arguments)])
    said = capsys.readouterr()
    assert code == 0, said.err
    return [Path(line) for line in said.out.splitlines()]


def refused(capsys, *arguments):
    assert command(["import", *map(str, arguments)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("harness:") == 1
    return said.err


def rows(folder):
    return {one["metric"]: one for one in json.loads((folder / "scores.json").read_text(encoding="utf-8"))["scores"]}


def test_a_folder_is_a_run_folder(tmp_path, capsys):
    file = json_file(tmp_path / "results_1.json", LM_EVAL)
    (folder,) = imported(capsys, file, *PLACE, "--results", tmp_path / "results")
    run = read_run(folder)
    jsonschema.validate(run.scores, scores_schema())
    assert run.run["imported"]["tool"] == "lm_eval"
    assert run.run["imported"]["lower_is_better"] == ["lm_eval.brier_score"]
    assert run.scores["data"]["documents"] == 50
    assert run.scores["ledger"]["examples"]["total"] == 50
    found = rows(folder)
    assert found["lm_eval.acc"]["value"] == 0.62
    # By hand: 0.62 -+ 1.959964 * 0.07.
    assert found["lm_eval.acc"]["low"] == pytest.approx(0.482802520)
    assert found["lm_eval.acc"]["high"] == pytest.approx(0.757197480)
    assert found["lm_eval.acc"]["signature"] == (
        "lm_eval.acc|tool:lm_eval|version:0.4.13|task:pond_stance|task_version:1.0|metric:acc|filter:none"
    )
    assert found["lm_eval.brier_score"]["low"] is None
    assert found["lm_eval.brier_score"]["method"] == "none: lm_eval gives no standard error"


def test_imported_scores_stand_beside_ones_own_and_apart(tmp_path, capsys):
    results = tmp_path / "results"
    make_run(results, "ours", task="stance", scores=[row("stance.accuracy", "pooled", 0.5, 0.4, 0.6)])
    make_run(results, "also ours", task="stance", scores=[row("stance.accuracy", "pooled", 0.4, 0.3, 0.5)])
    here = (*PLACE, "--results", results)
    imported(capsys, json_file(tmp_path / "r.json", LM_EVAL), *here, "--as", "stance.accuracy=acc,none")
    imported(capsys, eval_file(tmp_path / "l.eval"), *here, "--as", "stance.accuracy=match/accuracy", "--name", "other")
    (table,) = compare([results])
    assert [[line.label for line in block.lines] for block in table.blocks] == [
        ["ours", "also ours"],
        ["other"],
        ["some/model"],
    ]
    values = {line.label: line.cells[ACCURACY] for line in table.lines}
    assert (values["some/model"].value, values["other"].value) == (0.62, 0.75)
    # The best of the rows that may be ranked, although an imported score is higher.
    assert [label for label, cell in values.items() if cell.best] == ["ours"]
    assert all("other gold" in block.reason for block in table.blocks[1:])
    for form in ("table", "md", "csv", "json"):
        assert command(["compare", str(results), "--format", form]) == 0
        assert "some/model" in capsys.readouterr().out.replace("\\", "")


def test_runs_of_equal_samples_by_one_tool_are_ranked_together(tmp_path, capsys):
    results = tmp_path / "results"
    for name, value in (("a/x", 0.2), ("b/y", 0.6)):
        content = changed(changed(LM_EVAL, "model_name", name), "results/pond_stance/acc,none", value)
        imported(capsys, json_file(tmp_path / "r.json", content), *PLACE, "--results", results)
    content = changed(changed(LM_EVAL, "model_name", "c/z"), "n-samples/pond_stance/effective", 49)
    imported(capsys, json_file(tmp_path / "r.json", content), *PLACE, "--results", results)
    (table,) = compare([results])
    assert [[line.label for line in block.lines] for block in table.blocks] == [["b/y", "a/x"], ["c/z"]]


def test_the_same_file_again_is_the_same_folder(tmp_path, capsys):
    file = json_file(tmp_path / "r.json", LM_EVAL)
    results = tmp_path / "results"
    first = imported(capsys, file, *PLACE, "--results", results)
    before = (first[0] / "scores.json").read_bytes()
    assert imported(capsys, file, *PLACE, "--results", results) == first
    assert (first[0] / "scores.json").read_bytes() == before
    assert len(list(results.rglob("run.json"))) == 1


def test_without_a_place_each_task_is_data_of_its_own(tmp_path, capsys):
    file = json_file(tmp_path / "r.json", LM_EVAL)
    folders = imported(capsys, file, "--task", "summarization", "--results", tmp_path / "r")
    assert [folder.parts[-3] for folder in folders] == ["pond_stance", "pond_summaries"]


def test_per_cent_become_fractions(tmp_path, capsys):
    file = json_file(tmp_path / "r.json", LM_EVAL)
    theirs = "rouge1,take_first"
    asked = (file, "--task", "summarization", "--only", "pond_summaries", "--results", tmp_path, "--as")
    assert "--percent" in refused(capsys, *asked, f"rouge1.f1={theirs}")
    (folder,) = imported(capsys, *asked, f"rouge1.f1={theirs}", "--percent", theirs)
    found = rows(folder)["rouge1.f1"]
    assert (found["average"], found["value"]) == ("mean", pytest.approx(0.315))
    # By hand: 1.959964 * 0.02 to each side.
    assert found["high"] - found["low"] == pytest.approx(2 * 1.959963985 * 0.02)


def test_intervals_of_fractions_end_where_fractions_do(tmp_path, capsys):
    content = changed(LM_EVAL, "results/pond_stance/acc_stderr,none", 0.5)
    file = json_file(tmp_path / "r.json", content)
    (folder,) = imported(capsys, file, *PLACE, "--results", tmp_path, "--as", "stance.accuracy=acc,none")
    assert (rows(folder)["stance.accuracy"]["low"], rows(folder)["stance.accuracy"]["high"]) == (0.0, 1.0)


def test_samples_that_were_not_scored_are_in_the_ledger(tmp_path, capsys):
    (folder,) = imported(capsys, eval_file(tmp_path / "l.eval"), "--task", "stance", "--results", tmp_path)
    ledger = json.loads((folder / "scores.json").read_text(encoding="utf-8"))["ledger"]["examples"]
    assert ledger == {"total": 4, "scored": 3, "failed": 1, "unparsed": 0, "nonfinite": 0, "missing": 0}


@pytest.mark.parametrize("name", ["../../out", "a/b", "..", "CON", "x" * 300, "a|b\nc", "=1+1", "\x1b[2J", "\ud800"])
def test_no_name_leaves_the_results(name, tmp_path, capsys):
    content = changed(LM_EVAL, "model_name", name)
    content["results"] = {name: content["results"]["pond_stance"]}
    content["n-samples"] = {name: content["n-samples"]["pond_stance"]}
    content["versions"] = content["task_hashes"] = content["configs"] = {}
    file = json_file(tmp_path / "r.json", content)
    code = command(["import", str(file), "--task", "stance", "--results", str(tmp_path / "in" / "results")])
    said = capsys.readouterr()
    if name == "\ud800":
        assert code == 2
        assert said.err.count("harness:") == 1
        assert not (tmp_path / "in").exists()
        return
    assert code == 0
    assert {path.name for path in tmp_path.iterdir()} == {"r.json", "in"}
    assert [path.name for path in (tmp_path / "in").iterdir()] == ["results"]
    (folder,) = {path.parent for path in tmp_path.rglob("run.json")}
    assert len(folder.relative_to(tmp_path / "in" / "results").parts) == 3
    for one in rows(folder).values():
        assert one["signature"].count("|") == 6
        assert "\n" not in one["signature"]
    assert command(["compare", str(tmp_path / "in")]) == 0
    assert "\x1b" not in capsys.readouterr().out


def test_nothing_is_written_where_one_file_is_wrong(tmp_path, capsys):
    good = json_file(tmp_path / "good.json", LM_EVAL)
    bad = json_file(tmp_path / "bad.json", changed(LM_EVAL, "results/pond_stance/acc,none", float("nan")))
    results = tmp_path / "results"
    said = refused(capsys, good, bad, *PLACE, "--results", results)
    assert "bad.json: results.pond_stance.acc,none: expected a finite number" in said
    assert not results.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--task", "stanc"], "did you mean 'stance'"),
        ([], "--task"),
        (["--task", "stance", "--only", "pond_stanc"], "did you mean 'pond_stance'"),
        (["--task", "stance", "--as", "stance.accuracy=ac,none"], "did you mean 'acc,none'"),
        (["--task", "stance", "--as", "stance.accuracy"], "expected OURS=THEIRS"),
        (["--task", "stance", "--as", "a@b=acc,none"], "expected OURS=THEIRS"),
        (["--task", "stance", "--as", "a=acc,none", "b=acc,none"], "stands twice"),
        (["--task", "stance", "--as", "a=acc,none", "a=brier_score,none"], "would both be a"),
        (["--task", "stance", "--percent", "acc"], "did you mean 'acc,none'"),
        (["--task", "stance", "--data", "mine"], "choose with --only"),
        (["--task", "stance", "--data", " "], "expected names"),
        (["--task", "stance", "--name", ""], "expected names"),
        (["--task", "stance", "--name", "\udcff"], "expected names"),
    ],
)
def test_faults_of_the_command_line(arguments, said, tmp_path, capsys):
    file = json_file(tmp_path / "r.json", LM_EVAL)
    assert said in refused(capsys, file, *arguments, "--results", tmp_path / "results")
    assert not (tmp_path / "results").exists()


def test_a_file_without_a_model_needs_a_name(tmp_path, capsys):
    file = json_file(tmp_path / "r.json", changed(changed(LM_EVAL, "model_name"), "config"))
    here = (*PLACE, "--results", tmp_path / "results")
    assert "r.json: names no model; give --name" in refused(capsys, file, *here)
    assert not (tmp_path / "results").exists()
    (folder,) = imported(capsys, file, *here, "--name", "mine")
    assert read_run(folder).scores["model"]["name"] == "mine"


def test_two_files_of_one_run_are_refused(tmp_path, capsys):
    files = [json_file(tmp_path / f"{name}.json", LM_EVAL) for name in "ab"]
    assert "the same model and task" in refused(capsys, *files, *PLACE, "--results", tmp_path / "results")


def test_what_an_imported_run_cannot_do_is_said(tmp_path, capsys):
    (folder,) = imported(capsys, json_file(tmp_path / "r.json", LM_EVAL), *PLACE, "--results", tmp_path / "results")
    for arguments in (["show"], ["score"], ["export", "--to", "parquet", "--out", str(tmp_path / "x.parquet")]):
        assert command([arguments[0], str(folder), *arguments[1:]]) == 2
        assert "was imported" in capsys.readouterr().err
    assert not (tmp_path / "x.parquet").exists()
    # Nothing changed among no answers, and that is no reason to pass.
    shutil.copytree(tmp_path / "results", tmp_path / "baseline")
    (tmp_path / "gate.yaml").write_text("predictions: unchanged\n", encoding="utf-8")
    gate = ("--baseline", str(tmp_path / "baseline"), "--gate", str(tmp_path / "gate.yaml"))
    assert command(["check", str(tmp_path / "results"), *gate]) == 2
    assert "was imported" in capsys.readouterr().err
    (folder / "scores.json").write_text("{}", encoding="utf-8")
    assert command(["compare", str(folder)]) == 2
