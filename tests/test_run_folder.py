"""Names of run folders, and the files in them."""

import csv
import io
import json
import pickle
import re
import sys
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from harness.errors import RunError
from harness.files import file_sha256
from harness.prediction_file import read_predictions
from harness.run_folder import (
    _read_yaml,
    csv_cell,
    find_runs,
    folder_name,
    hardware,
    is_complete,
    read_run,
    run_path,
    scores_csv,
    stored_counts,
    write_config,
    write_run,
)

pytestmark = pytest.mark.core

ODD_NAMES = (
    "lead|Lead|a/b|a_b|a\\b|../../x|/abs|..|.|CON|con|nul.txt|e\u0301|\u00e9|trail.|trail |\U0001f600|lead,sentences=5|"
    "lead-0123abcd|lead-|=|-x|.x|a\0b|baseline"
)
NAMES = st.text(max_size=20) | st.sampled_from([*ODD_NAMES.split("|"), "x" * 300])
SCALARS = st.integers(-3, 3) | st.booleans() | st.none() | st.floats(-2, 2) | NAMES
VALUES = SCALARS | st.lists(st.integers(0, 2), max_size=2)
KEYS = st.sampled_from([f"model.ner.{k}" for k in ("k", "sentences", "options.k", "options.sentences")])
OTHERS = st.dictionaries(st.sampled_from(["task.ner.k", "data.split"]), VALUES, max_size=1)
SETTINGS = st.tuples(NAMES, st.dictionaries(KEYS, VALUES, max_size=2), OTHERS)


@settings(max_examples=600, deadline=None)
@given(SETTINGS, SETTINGS)
@example(("lead", {"model.ner.k": 5}, {}), ("lead", {"model.ner.k": "5"}, {}))
@example(("lead", {"model.ner.k": True}, {}), ("lead", {"model.ner.k": "true"}, {}))
@example(("lead", {"model.ner.k": None}, {}), ("lead", {"model.ner.k": "null"}, {}))
@example(("lead", {"model.ner.k": 5}, {}), ("lead,k=5", {}, {}))
@example(("lead", {"model.ner.k": 5}, {}), ("lead", {"model.ner.options.k": 5}, {}))
@example(("lead", {"model.ner.k": "a,sentences=1"}, {}), ("lead", {"model.ner.k": "a", "model.ner.sentences": 1}, {}))
@example(("x" * 150 + "a", {}, {}), ("x" * 150 + "b", {}, {}))
@example(("BERT", {}, {}), ("bert", {}, {}))
def test_two_configurations_never_share_a_folder(one, other):
    same = repr(one) == repr(other)
    assert (folder_name(*one) == folder_name(*other)) == same


@settings(max_examples=300, deadline=None)
@given(SETTINGS)
def test_a_folder_s_name_is_safe_everywhere(one):
    name = folder_name(*one)
    assert re.fullmatch(r"[a-z0-9_][a-z0-9._,=-]*", name)
    assert len(name.encode()) <= 120
    assert not name.endswith((".", " "))
    assert name.split(".")[0].split("-")[0] not in ("con", "nul", "prn", "aux")
    assert folder_name(*one) == name


def test_plain_names_stay_readable():
    assert folder_name("lead", {}, {}) == "lead"
    assert folder_name("textrank", {"model.summarization.sentences": 5}, {}) == "textrank,sentences=5"
    assert folder_name("m", {"model.ner.b": 0.5, "model.ner.a": "window"}, {}) == "m,a=window,b=0.5"
    assert re.fullmatch(r"lead-[0-9a-f]{8}", folder_name("lead", {}, {"task.stance.context": 2}))
    assert folder_name("lead", {"model.ner.k": 1, "model.ner.a": 2}, {}) == folder_name(
        "lead", {"model.ner.a": 2, "model.ner.k": 1}, {}
    )


@given(NAMES, NAMES)
def test_no_name_leaves_the_results(data, model):
    from pathlib import Path

    root = Path("/r/results")
    path = run_path(root, data, "ner", folder_name(model, {}, {}))
    assert path.parts[:3] == root.parts
    assert len(path.parts) == 6
    assert ".." not in path.parts


# ---- tables ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"PAR1", b"no parquet" * 50, pickle.dumps({"a": 1})])
@pytest.mark.parametrize("read", [read_predictions, stored_counts])
def test_unreadable_tables_are_one_message(tmp_path, content, read):
    for name in ("predictions.parquet", "counts.parquet"):
        (tmp_path / name).write_bytes(content)
    with pytest.raises(RunError, match="unreadable"):
        read(tmp_path)


def test_a_table_of_other_columns_is_one_message(tmp_path):
    import pyarrow as pa

    for name in ("predictions.parquet", "counts.parquet"):
        pq.write_table(pa.table({"something": [1, 2]}), tmp_path / name)
    for read in (read_predictions, stored_counts):
        with pytest.raises(RunError, match="unreadable"):
            read(tmp_path)


# ---- CSV -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["=1+1", "@SUM(1)", "-2+3", "+x", "\t=1", "\r=1", "\n=1", "\0=1", '=HYPERLINK("x")'])
def test_no_cell_is_a_formula(text):
    assert csv_cell(text) == "'" + text


@pytest.mark.parametrize(("value", "cell"), [(-0.25, -0.25), (None, ""), (True, True), ("a=b", "a=b"), ("", "")])
def test_other_cells_stay(value, cell):
    assert csv_cell(value) == cell


def test_the_csv_has_the_rows_of_the_json():
    row = {
        "metric": "m", "average": "micro", "slice": "target==1+1,\n\"x\"", "value": -0.25, "low": None, "high": 0.1,
        "level": 0.95, "method": "x", "n": 3, "unit": None, "support": 2.0, "signature": "=s", "unreliable": True,
        "note": None,
    }  # fmt: skip
    text = scores_csv({"data": {"name": "@d"}, "task": "ner", "model": {"name": "+m"}, "scores": [row]})
    (found,) = csv.DictReader(io.StringIO(text))
    assert (found["data"], found["model"], found["signature"]) == ("'@d", "'+m", "'=s")
    assert (found["slice"], found["value"], found["low"]) == (row["slice"], "-0.25", "")


# ---- whole folders ---------------------------------------------------------------------------------------------------


def stored(folder, scores=None, status="complete"):
    folder.mkdir(parents=True, exist_ok=True)
    write_config(folder, {"a": 1})
    text = json.dumps(scores if scores is not None else {"schema": "harness.scores/1", "scores": []})
    (folder / "scores.json").write_text(text)
    write_run(folder, status)
    return folder


def test_a_complete_run_is_read_and_checked(tmp_path):
    folder = stored(tmp_path / "run")
    run = read_run(folder)
    assert (run.config, run.scores["scores"], run.run["status"]) == ({"a": 1}, [], "complete")
    assert run.run["files"]["scores.json"] == file_sha256(folder / "scores.json")
    assert is_complete(folder)


@pytest.mark.parametrize("name", ["scores.json", "config.yaml"])
def test_an_altered_file_is_told(tmp_path, name):
    folder = stored(tmp_path / "run")
    path = folder / name
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(RunError, match="was altered since the run") as caught:
        read_run(folder)
    assert name in str(caught.value)
    assert caught.value.exit_code == 2
    read_run(folder, verify=False)
    path.unlink()
    with pytest.raises(RunError, match="missing"):
        read_run(folder, verify=False)


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        ({"schema": "harness.scores/2", "harness": "9.1"}, "use harness 9.1 or newer"),
        ({"schema": "harness.scores/0"}, "expected schema 'harness.scores/1', found 'harness.scores/0'"),
        ({"schema": "other/7"}, "expected schema"),
        ({}, "expected schema"),
        ([1], "expected schema"),
        ("x", "expected schema"),
    ],
)
def test_other_schemas_are_told_apart(tmp_path, scores, said):
    with pytest.raises(RunError) as caught:
        read_run(stored(tmp_path / "run", scores))
    assert said in str(caught.value)


@pytest.mark.parametrize("status", ["started", "error"])
def test_an_incomplete_run_is_no_run(tmp_path, status):
    folder = stored(tmp_path / "run", status=status)
    assert not is_complete(folder)
    with pytest.raises(RunError, match=f"'{status}', not complete"):
        read_run(folder)


@pytest.mark.parametrize("content", ["", "{", "[]", "3", "null", '{"status": 1}'])
def test_an_odd_run_json_is_no_crash(tmp_path, content):
    folder = stored(tmp_path / "run")
    (folder / "run.json").write_text(content)
    assert not is_complete(folder)
    with pytest.raises(RunError):
        read_run(folder)


@pytest.mark.parametrize("files", [None, [], "x"])
def test_a_run_without_checksums_cannot_be_trusted(tmp_path, files):
    folder = stored(tmp_path / "run")
    run = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**run, "files": files}))
    with pytest.raises(RunError, match="has no checksums"):
        read_run(folder)
    read_run(folder, verify=False)


# What is nested so deep overflows the stack of a reader written in C.
DEEP = ["[" * 33_000, "- " * 900 + "[" * 90]


@pytest.mark.parametrize("content", ["a: [\nb", "- a\n- b", "text", "", *DEEP])
def test_an_unreadable_configuration_is_one_line(tmp_path, content):
    folder = stored(tmp_path / "run")
    (folder / "config.yaml").write_text(content)
    with pytest.raises(RunError) as caught:
        read_run(folder)
    assert "\n" not in str(caught.value)
    assert "give the run's command again" in str(caught.value)


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(NAMES, SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(NAMES, SCALARS, max_size=2)))
def test_both_readers_of_configurations_agree(values):
    text = yaml.safe_dump(values, sort_keys=True, allow_unicode=True, width=100)
    assert repr(_read_yaml(text)) == repr(yaml.safe_load(text))


def test_runs_are_found_below_a_folder(tmp_path):
    one, two = stored(tmp_path / "seed/ner/b"), stored(tmp_path / "seed/ner/a")
    assert find_runs(tmp_path) == [two, one]
    assert find_runs(one) == [one]
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/link").symlink_to(tmp_path / "seed")
    with pytest.raises(RunError, match="no run folder there"):
        find_runs(tmp_path / "elsewhere")
    with pytest.raises(RunError, match=r"nope: no such folder; \S+ has .*elsewhere"):
        find_runs(tmp_path / "nope")


def test_runs_are_found_by_a_pattern(tmp_path):
    one, two = stored(tmp_path / "seed/ner/a"), stored(tmp_path / "seed/stance/a")
    (tmp_path / "seed/ner/notes").mkdir()
    (tmp_path / "seed/ner/nowhere").symlink_to(tmp_path / "gone")
    assert find_runs(tmp_path / "seed/*/a") == find_runs(tmp_path / "**/a") == [one, two]
    assert find_runs(tmp_path / "*/ner/*") == [one]
    for path in ("seed/ner/nowhere", "seed/ner/no*"):
        with pytest.raises(RunError, match="no such folder"):
            find_runs(tmp_path / path)


def test_a_run_without_its_run_json_is_found_and_incomplete(tmp_path):
    run = stored(tmp_path / "seed/ner/a")
    (run / "run.json").unlink()
    assert find_runs(tmp_path) == find_runs(run) == [run]
    with pytest.raises(RunError, match=r"run\.json is missing"):
        read_run(run)
    # The scores alone may be anybody's.
    (run / "config.yaml").unlink()
    with pytest.raises(RunError, match="no run folder there"):
        find_runs(tmp_path)


def test_the_kept_baseline_is_found_under_its_own_name_alone(tmp_path):
    kept = tmp_path / "results" / "baseline" / "seed" / "ner" / "tiny"
    own = tmp_path / "results" / "seed" / "ner" / "baseline"
    for folder in (kept, own):
        folder.mkdir(parents=True)
        (folder / "run.json").write_text("{}")
    assert find_runs(tmp_path / "results") == [own]
    assert find_runs(tmp_path / "results" / "seed") == find_runs(tmp_path / "results" / "seed" / "ner") == [own]
    assert find_runs(tmp_path / "results" / "baseline") == [kept]


def test_run_json_names_no_machine(tmp_path):
    import socket

    text = (stored(tmp_path / "run") / "run.json").read_text()
    assert socket.gethostname() not in text
    assert str(tmp_path) not in text


def test_the_names_of_the_gpus_in_use_are_hardware(monkeypatch):
    names = ["NVIDIA H100", "NVIDIA L4"]
    gpus = SimpleNamespace(is_initialized=lambda: True, device_count=lambda: 2, get_device_name=names.__getitem__)
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=gpus))
    assert hardware()["gpus"] == names
    gpus.is_initialized = lambda: False
    assert "gpus" not in hardware()
    monkeypatch.delitem(sys.modules, "torch")
    assert "gpus" not in hardware()
