"""Result files of lm-evaluation-harness: what they say, and that nothing else is believed."""

import runpy
from pathlib import Path

import pytest

from harness.errors import DataError
from harness.foreign.base import read_file

pytestmark = pytest.mark.core

made = runpy.run_path(str(Path(__file__).parent / "made_files.py"))
LM_EVAL, changed, json_file = made["LM_EVAL"], made["changed"], made["json_file"]


def test_tasks_scores_and_errors(tmp_path):
    stance, summaries = read_file(json_file(tmp_path / "results_1.json", LM_EVAL))
    assert (stance.tool, stance.version, stance.task, stance.task_version) == (
        "lm_eval",
        "0.4.13",
        "pond_stance",
        "1.0",
    )
    assert (stance.model, stance.samples, stance.scored) == ("some/model", 50, 50)
    assert [(s.name, s.value, s.stderr, s.lower_is_better) for s in stance.scores] == [
        ("acc,none", 0.62, 0.07, False),
        ("brier_score,none", 0.41, None, True),
    ]
    # A group pools its tasks and has no samples of its own.
    assert (summaries.task, [s.name for s in summaries.scores]) == ("pond_summaries", ["rouge1,take_first"])
    assert dict(summaries.scores[0].choices) == {"metric": "rouge1", "filter": "take_first"}


def test_equal_samples_are_told_by_what_the_file_says(tmp_path):
    def documents(content):
        return read_file(json_file(tmp_path / "results.json", content))[0].documents

    same = documents(LM_EVAL)
    assert documents(changed(LM_EVAL, "model_name", "other/model")) == same
    assert documents(changed(LM_EVAL, "configs/pond_stance/metadata/pretrained", "other/model")) == same
    assert documents(changed(LM_EVAL, "configs/pond_stance/doc_to_text", "{{text}}")) != same
    assert documents(changed(LM_EVAL, "n-samples/pond_stance/effective", 40)) != same
    assert documents(changed(LM_EVAL, "task_hashes/pond_stance", "11ee")) != same


def test_a_path_of_another_machine_is_no_name(tmp_path):
    content = changed(LM_EVAL, "model_name", "/home/somebody/models/mine")
    assert read_file(json_file(tmp_path / "r.json", content))[0].model == "mine"
    assert read_file(json_file(tmp_path / "r.json", changed(LM_EVAL, "model_name")))[0].model == "hf"


def test_an_error_of_one_sample_is_none(tmp_path):
    content = changed(LM_EVAL, "results/pond_stance/acc_stderr,none", float("nan"))
    assert read_file(json_file(tmp_path / "r.json", content))[0].scores[0].stderr is None


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("results/pond_stance/acc,none", float("nan"), "results.pond_stance.acc,none: expected a finite number"),
        ("results/pond_stance/acc,none", float("inf"), "finite"),
        ("results/pond_stance/acc,none", 10**400, "finite"),
        ("results/pond_stance/acc,none", "0.5", "expected a number, found '0.5'"),
        ("results/pond_stance/acc,none", True, "expected a number"),
        ("results/pond_stance/acc,none", None, "expected a number"),
        ("results/pond_stance/acc,none", [0.5], "expected a number"),
        ("results/pond_stance/acc_stderr,none", -1, "standard error"),
        ("results/pond_stance/acc_stderr,none", [1], "expected a number"),
        ("results/pond_stance", 0.5, "expected an object"),
        ("results/pond_stance", {"alias": "x"}, "found none"),
        ("results", [], "expected an object"),
        ("results", {}, "found none"),
        ("n-samples", ..., "n-samples"),
        ("n-samples/pond_stance", ..., "'pond_stance'"),
        ("n-samples/pond_stance/effective", 1.5, "whole number"),
        ("n-samples/pond_stance/effective", -1, "whole number"),
        ("n-samples/pond_stance/effective", 1e300, "finite"),
        ("lm_eval_version", ["0.4"], "version"),
        ("model_name", 5, "expected a text"),
        ("groups", 5, "expected an object"),
        ("configs", 5, "expected an object"),
        ("configs/pond_stance", 5, "expected an object"),
        ("versions", 5, "expected an object"),
        ("versions/pond_stance", {}, "version"),
    ],
)
def test_faults_name_their_place(path, value, said, tmp_path):
    file = json_file(tmp_path / "results.json", changed(LM_EVAL, path, value))
    with pytest.raises(DataError, match=r"results\.json") as caught:
        read_file(file)
    assert said in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "content",
    ["", '{"results": 1' + "0" * 5000 + "}", "[]", "5", '"x"', "null", "{", "{}", '{"a": 1}', "[" * 100_000, "\ud800x"],
)
def test_what_is_no_result_file(content, tmp_path):
    path = tmp_path / "results.json"
    path.write_bytes(content.encode("utf-8", "surrogatepass"))
    with pytest.raises(DataError, match=r"results\.json"):
        read_file(path)


def test_samples_are_no_results(tmp_path):
    path = tmp_path / "samples_pond.jsonl"
    path.write_text('{"doc_id": 0}\n{"doc_id": 1}\n', encoding="utf-8")
    with pytest.raises(DataError, match="give results_"):
        read_file(path)
