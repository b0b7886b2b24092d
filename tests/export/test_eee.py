"""Every Eval Ever: records that its own schema takes, and that say what a score rests on."""

import json
import os
import runpy
import sys
import zipfile
from pathlib import Path

import jsonschema
import pytest

from harness.__main__ import command

pytestmark = pytest.mark.core

made = runpy.run_path(str(Path(__file__).parent.parent / "made_runs.py"))
make_run, ner_rows, row = made["make_run"], made["ner_rows"], made["row"]
carry_out = runpy.run_path(str(Path(__file__).parents[1] / "run_here.py"))["carry_out"]


@pytest.fixture(scope="module")
def package():
    """The package's wheel, which is not installed: it wants another Python and other dependencies."""
    folder = Path(os.environ.get("HARNESS_SCHEMAS") or Path(sys.prefix) / "schemas")
    wheels = sorted(folder.glob("every_eval_ever-0.3.0-*.whl"))
    if not wheels:
        pytest.skip(f"left out: no wheel of every-eval-ever 0.3.0 in {folder}")
    return wheels[0]


@pytest.fixture(scope="module")
def schema(package):
    with zipfile.ZipFile(package) as wheel:
        return json.loads(wheel.read("every_eval_ever/schemas/eval.schema.json"))


@pytest.fixture(scope="module")
def check_of_the_store(package):
    """What the shared store checks a file by before it takes it: its place, bounds and much more than the schema."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(package))
        from every_eval_ever.validator.validation_core import validate_aggregate

    def check(out):
        reports = [
            validate_aggregate(path, repo_path=path.relative_to(out).as_posix(), run_semantic_checks=True)
            for path in sorted(out.rglob("*.json"))
        ]
        return [error for report in reports for error in report.errors], [w for r in reports for w in r.warnings]

    return check


def export(results, out, capsys, *arguments):
    assert command(["export", str(results), "--to", "eee", "--out", str(out), *arguments]) == 0, capsys.readouterr().err
    capsys.readouterr()
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(out.rglob("*.json"))]


def faults(schema, record):
    validator = jsonschema.validators.validator_for(schema)
    validator.check_schema(schema)
    return [error.message for error in validator(schema).iter_errors(record)]


def test_the_schema_and_the_store_take_runs_of_every_task(schema, check_of_the_store, tmp_path, capsys):
    metrics = "metric=[entity_errors,stance_classification,rouge,length]"
    carry_out(["model=baseline", metrics, "interval.resamples=100", f"results={tmp_path / 'results'}"])
    records = export(tmp_path / "results", tmp_path / "out", capsys)
    assert len(records) == 3
    for record in records:
        assert record["schema_version"] == schema["version"]
        assert faults(schema, record) == []
    assert check_of_the_store(tmp_path / "out")[0] == []
    configs = [result["metric_config"] for record in records for result in record["evaluation_results"]]
    bounds = {one["metric_id"]: (one.get("min_score"), one.get("max_score")) for one in configs}
    assert bounds["harness.stance.mcc.pooled"] == (-1, 1)
    assert bounds["harness.rouge1.f1.mean"] == (0, 1)
    assert bounds["harness.entity_errors.correct.count"] == (0, "Infinity")
    # How long a summary is has no bounds that we know of, and so is not called continuous.
    assert bounds["harness.length.words.mean"] == (None, None)
    # Neither takes anything.
    del record["eval_library"]
    assert faults(schema, record)
    file = next((tmp_path / "out").rglob("*.json"))
    file.write_text(file.read_text(encoding="utf-8").replace('"min_score"', '"minimum"'), encoding="utf-8")
    assert check_of_the_store(tmp_path / "out")[0]


def test_the_schema_takes_imported_runs_and_hostile_names(schema, check_of_the_store, tmp_path, capsys):
    files = runpy.run_path(str(Path(__file__).parent.parent / "foreign" / "made_files.py"))
    file = files["json_file"](tmp_path / "r.json", files["LM_EVAL"])
    assert command(["import", str(file), "--task", "stance", "--results", str(tmp_path / "results")]) == 0
    for place, name in enumerate(["../../up", "a/b", "[red]x", "\x1b[2J", "c\nd", "=1+1"]):
        make_run(tmp_path / "results", name, folder=f"f{place}", data="mi|ne")
    records = export(tmp_path / "results", tmp_path / "out", capsys)
    assert len(records) == 8
    assert [faults(schema, record) for record in records] == [[]] * 8
    assert check_of_the_store(tmp_path / "out")[0] == []
    assert {path.name for path in tmp_path.iterdir()} == {"r.json", "results", "out"}
    libraries = {(record["eval_library"]["name"], record["eval_library"]["version"]) for record in records}
    assert ("lm_eval", "0.4.13") in libraries
    lower = {
        result["metric_config"]["metric_id"]: result["metric_config"]["lower_is_better"]
        for record in records
        for result in record["evaluation_results"]
    }
    assert lower["harness.lm_eval.brier_score.mean"] is True
    assert lower["harness.lm_eval.acc.mean"] is False


def test_a_record_lies_where_the_store_looks_for_its_model(check_of_the_store, tmp_path, capsys):
    make_run(tmp_path / "results", "Owner/Some.Model-1b", folder="f", data="data")
    (record,) = export(tmp_path / "results", tmp_path / "out", capsys)
    assert (record["model_info"]["id"], record["model_info"]["developer"]) == ("Owner/Some.Model-1b", "Owner")
    assert list((tmp_path / "out").glob("data/data_/Owner/Some.Model-1b/*.json"))
    assert check_of_the_store(tmp_path / "out") == ([], [])


def test_what_a_score_rests_on_is_there(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    make_run(tmp_path / "results", "sys", scores=[*ner_rows(0.5), row("entity.x", "micro", None)])
    (record,) = export(tmp_path / "results", tmp_path / "out", capsys, "--organization", "us")
    assert record["retrieved_timestamp"] == "1700000000"
    assert record["evaluation_id"] == "mine/ner/sys/1700000000"
    assert record["eval_library"]["name"] == "harness"
    assert record["eval_library"]["version"] == "0.1.0"
    assert record["source_metadata"]["source_organization_name"] == "us"
    # A score has to be a number there, so what is undefined is only named.
    assert json.loads(record["eval_library"]["additional_details"]["undefined_scores"]) == ["entity.x"]
    results = {result["evaluation_result_id"].partition("#")[2]: result for result in record["evaluation_results"]}
    assert set(results) == {
        "entity.f1/micro@all", "entity.precision/micro@all", "entity.recall/micro@all", "entity.f1/macro@all",
        "entity_partial.f1/micro@all", "entity.f1/micro@label=GPE",
    }  # fmt: skip
    found = results["entity.f1/micro@all"]
    assert found["score_details"]["score"] == 0.5
    assert found["score_details"]["uncertainty"] == {
        "num_samples": 40,
        "confidence_interval": {
            "lower": 0.4,
            "upper": 0.6,
            "confidence_level": 0.95,
            "method": "BCa-t bootstrap over documents, 10000 resamples",
        },
    }
    assert found["score_details"]["details"]["signature"] == "entity.f1|avg:micro|v:1|map:none"
    assert found["source_data"]["additional_details"]["gold_sha256"] == "a" * 64
    assert (found["metric_config"]["min_score"], found["metric_config"]["max_score"]) == (0, 1)
    assert (found["metric_config"]["metric_kind"], found["metric_config"]["metric_unit"]) == ("f1", "proportion")


def test_the_same_scores_are_the_same_file(tmp_path, capsys):
    make_run(tmp_path / "results", "sys")
    for epoch in ("1", "2"):
        os.environ["SOURCE_DATE_EPOCH"] = epoch
        try:
            export(tmp_path / "results", tmp_path / "out", capsys)
        finally:
            del os.environ["SOURCE_DATE_EPOCH"]
    assert len(list((tmp_path / "out").rglob("*.json"))) == 1


def test_only_undefined_scores(tmp_path, capsys):
    make_run(tmp_path / "results", "sys", scores=[row("entity.f1", "micro", None)])
    assert command(["export", str(tmp_path / "results"), "--to", "eee", "--out", str(tmp_path / "out")]) == 2
    assert "nothing to export" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
