"""SQL over stored runs: what the files say, and no way from a query to a file, a network or an extension."""

import json
import runpy
import shutil
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from harness.__main__ import command
from harness.files import file_sha256
from harness.query import EXAMPLES

pytestmark = pytest.mark.core

made = runpy.run_path(str(Path(__file__).parent / "made_runs.py"))
make_run, ner_rows, row = made["make_run"], made["ner_rows"], made["row"]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """The default model on the seed text, and beside it made runs in a folder whose name is a trap of SQL's."""
    folder = tmp_path_factory.mktemp("que'ry")
    assert command(["model=baseline", f"results={folder}"]) == 0
    make_run(
        folder, "a", scores=ner_rows(0.25), examples={"total": 10, "scored": 8, "failed": 2}, truncated=3, unseen_gold=7
    )
    make_run(folder, "b'; drop table scores; --", scores=ner_rows(0.75))
    return folder


def rows(capsys, sql, *paths):
    assert command(["query", sql, *map(str, paths), "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)["rows"]


def refused(capsys, *arguments):
    assert command(["query", *map(str, arguments)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("harness: ")
    assert "Traceback" not in said.err
    return said.err


def test_scores_are_those_of_the_files(results, capsys):
    stored = {}
    for path in sorted(results.rglob("scores.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        for one in content["scores"]:
            place = (content["data"]["name"], content["task"], content["model"]["name"])
            stored[*place, one["metric"], one["average"], one["slice"]] = one
    found = rows(capsys, "select * from scores", results)
    assert len(found) == len(stored) > 100
    for one in found:
        own = stored[tuple(one[name] for name in ("data", "task", "model", "metric", "average", "slice"))]
        assert {name: one[name] for name in own} == own


def test_a_row_has_its_ledger_and_identity(results, capsys):
    sql = "select distinct status, examples, scored, failed, truncated, unseen_gold, gold_sha256, documents from scores"
    assert rows(capsys, f"{sql} where model = 'a'", results) == [
        {
            "status": "complete",
            "examples": 10,
            "scored": 8,
            "failed": 2,
            "truncated": 3,
            "unseen_gold": 7,
            "gold_sha256": "a" * 64,
            "documents": 40,
        }
    ]


def test_answers_of_an_earlier_version_have_nulls_for_what_was_added_since(results, tmp_path, capsys):
    new, old = results / "seed/ner/baseline", tmp_path / "old"
    shutil.copytree(new, old)
    stored = pq.read_table(old / "predictions.parquet")
    pq.write_table(stored.drop_columns(["windows", "chars_read"]), old / "predictions.parquet")
    run = json.loads((old / "run.json").read_text(encoding="utf-8"))
    run["files"]["predictions.parquet"] = file_sha256(old / "predictions.parquet")
    (old / "run.json").write_text(json.dumps(run), encoding="utf-8")
    sql = "select count(*) as examples, count(windows) as windows, count(example) as named from predictions"
    number = len(stored)
    for folders in ((new, old), (old, new)):
        assert rows(capsys, sql, *folders) == [{"examples": 2 * number, "windows": number, "named": 2 * number}]
    # Any other difference is a fault.
    pq.write_table(stored.drop_columns(["tokens_read"]), old / "predictions.parquet")
    run["files"]["predictions.parquet"] = file_sha256(old / "predictions.parquet")
    (old / "run.json").write_text(json.dumps(run), encoding="utf-8")
    assert "other columns than" in refused(capsys, sql, new, old)


def test_hostile_names_are_values(results, capsys):
    found = rows(
        capsys, "select model from scores where metric = 'entity.f1' and value = 0.75 and slice = 'all'", results
    )
    assert {one["model"] for one in found} == {"b'; drop table scores; --"}


def test_predictions_and_counts_have_the_columns_of_their_run(results, capsys):
    path = next(results.rglob("stance/baseline/scores.json"))
    examples = json.loads(path.read_text(encoding="utf-8"))["ledger"]["examples"]["total"]
    sql = "select data, task, model, count(*) as n, count(distinct example) as examples from predictions group by all"
    found = {one["task"]: one for one in rows(capsys, sql, results)}
    assert found["stance"] == {
        "data": "seed",
        "task": "stance",
        "model": "baseline",
        "n": examples,
        "examples": examples,
    }
    sql = (
        "select count(*) as n from counts where task = 'stance' and metric = 'stance_favg' and folder like '%que''ry%'"
    )
    assert rows(capsys, sql, results) == [{"n": examples}]


def test_counts_add_up_to_a_score(results, capsys):
    """Accuracy out of the stored counts, by SQL alone."""
    right = "sum(case when split_part(k, '|', 1) = split_part(k, '|', 2) then v else 0 end) / sum(v) as accuracy"
    entries = "unnest(map_keys(state)) as k, unnest(map_values(state)) as v"
    sql = f"select {right} from (select {entries} from counts where metric = 'stance_classification')"
    (found,) = rows(capsys, sql, results)
    (stored,) = rows(capsys, "select value from scores where metric = 'stance.accuracy' and slice = 'all'", results)
    assert found["accuracy"] == pytest.approx(stored["value"])


def test_runs_have_configuration_and_failures(tmp_path, capsys):
    make_run(tmp_path, "whole")
    broken = make_run(tmp_path, "torn")
    (broken / "run.json").write_text('{"status": "error", "reason": "no space"}', encoding="utf-8")
    sql = "select model, status, reason, seconds_predict, config->>'$.data.name' as data_name from runs order by model"
    found = rows(capsys, sql, tmp_path)
    assert found[1] == {
        "model": "whole",
        "status": "complete",
        "reason": None,
        "seconds_predict": 8.0,
        "data_name": "mine",
    }
    assert (found[0]["model"], found[0]["status"]) == ("torn", "no scores")
    assert "no space" in found[0]["reason"]


def test_large_files_are_only_read_where_the_query_names_them(tmp_path, capsys, monkeypatch):
    make_run(tmp_path, "a")
    import harness.query

    def never(*_):
        raise AssertionError("was read")

    monkeypatch.setattr(harness.query, "_of_files", never)
    assert rows(capsys, "select count(*) as n from runs", tmp_path) == [{"n": 1}]
    with pytest.raises(AssertionError, match="was read"):
        harness.query.ask(harness.query.Stored([], []), "select * from PREDICTIONS")


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_csv('/etc/passwd')",
        "select * from read_text('/etc/hostname')",
        "select * from read_blob('/etc/passwd')",
        "select * from read_json('/etc/passwd')",
        "select * from read_parquet('/etc/passwd')",
        "select * from '/etc/passwd.csv'",
        "select * from glob('/etc/*')",
        "select * from sniff_csv('/etc/passwd')",
        "select * from 'http://127.0.0.1:9/a.parquet'",
        "select * from sqlite_scan('/tmp/a.db', 't')",
        "explain analyze select * from read_csv('/etc/passwd')",
        "select * from query('select * from read_text(''/etc/hostname'')')",
        "copy (select 1) to '{out}'",
        "copy scores to '{out}' (format parquet)",
        "export database '{out}'",
        "import database '{out}'",
        "attach '{out}'",
        "attach ':memory:' as other",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        "set lock_configuration = false",
        "reset enable_external_access",
        "create secret (type s3)",
        "create table t as select 1",
        "delete from scores",
        "pragma database_list",
        "call pragma_version()",
        "prepare a as select 1",
        "select 1; copy (select 1) to '{out}'",
    ],
)
def test_nothing_but_reading_the_tables(sql, tmp_path, capsys):
    make_run(tmp_path / "results", "a")
    before = sorted(tmp_path.rglob("*"))
    said = refused(capsys, sql.format(out=tmp_path / "out"), tmp_path / "results")
    assert "root:" not in said
    assert sorted(tmp_path.rglob("*")) == before


def test_the_settings_hold_without_the_look_at_the_statement(monkeypatch, tmp_path):
    """Two walls: what the first would let through the second stops."""
    import harness.query
    from harness.comparison.stored import read_stored
    from harness.errors import UsageError

    make_run(tmp_path / "results", "a")
    monkeypatch.setattr(harness.query, "_refuse_other_statements", lambda *_: None)
    stored = read_stored([tmp_path / "results"])
    for sql in (
        f"copy (select 1) to '{tmp_path}/out'",
        f"attach '{tmp_path}/out'",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        f"export database '{tmp_path}/out'",
    ):
        with pytest.raises(UsageError):
            harness.query.ask(stored, sql)
    assert [path.name for path in tmp_path.iterdir()] == ["results"]


def test_a_variable_of_the_process_is_no_table(tmp_path, capsys):
    make_run(tmp_path, "a")
    assert "does not exist" in refused(capsys, "select * from stored", tmp_path)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("selct 1", "syntax error"),
        ("select nothing from scores", "nothing"),
        ("select * from scroes", "scores"),
        ("select 1; select 2", "2 statements"),
        ("", "no statements"),
        ("/* nothing */", "no statements"),
        ("select 'x\ud800'", "query"),
        ("select 1/0 from scores where cast(model as int) = 1", "Conversion"),
    ],
)
def test_faults_of_sql_are_one_message(sql, said, tmp_path, capsys):
    make_run(tmp_path, "a")
    assert said in refused(capsys, sql, tmp_path)


def test_too_many_rows_are_refused(tmp_path, capsys, monkeypatch):
    make_run(tmp_path, "a")
    import harness.query

    monkeypatch.setattr(harness.query, "MOST_ROWS", 10)
    assert "more than 10 rows" in refused(capsys, "select * from range(11)", tmp_path)
    assert len(rows(capsys, "select * from range(10)", tmp_path)) == 10
    monkeypatch.setattr(harness.query, "MOST_SHOWN", 4)
    assert command(["query", "select * from range(10)", str(tmp_path)]) == 0
    assert "6 more rows" in capsys.readouterr().out


def test_no_results(tmp_path, capsys):
    assert "no run folder" in refused(capsys, "select 1", tmp_path)
    assert "no such folder" in refused(capsys, "select 1", tmp_path / "nowhere")


def test_altered_files_are_not_asked(tmp_path, capsys):
    folder = make_run(tmp_path, "a")
    (folder / "scores.csv").write_text("", encoding="utf-8")
    assert "altered" in refused(capsys, "select 1", folder)


def test_values_of_every_kind_are_json(tmp_path, capsys):
    make_run(tmp_path, "a")
    sql = (
        "select 1 as a, 2 as a, 'nan'::double as b, date '2026-01-02' as c, 1.5::decimal(9, 2) as d, [1, null] as e, "
        "map {'k': 'inf'::double} as f, {'x': true} as g, 'x'::blob as h, null as i, "
        "170141183460469231731687303715884105727 as j"
    )
    (found,) = rows(capsys, sql, tmp_path)
    assert found["a"] == 1
    assert found["a_2"] == 2
    assert (found["b"], found["c"], found["d"], found["e"]) == (None, "2026-01-02", 1.5, [1, None])
    assert (found["f"], found["g"], found["i"], found["j"]) == ({"k": None}, {"x": True}, None, 2**127 - 1)
    for form in ("table", "md", "csv"):
        assert command(["query", sql, str(tmp_path), "--format", form]) == 0
        assert "2026-01-02" in capsys.readouterr().out


PAYLOADS = ["[/foo]", "[red]x", "\x1b]0;p\x07", "a|b", "c\nd", "\u202e", "=1+1", "<script>alert(1)</script>"]


@pytest.mark.parametrize("form", ["table", "md", "csv"])
def test_what_users_wrote_is_shown_and_does_nothing(form, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    for place, text in enumerate(PAYLOADS):
        make_run(tmp_path, text, folder=f"f{place}")
    assert command(["query", 'select model, task as "a|b" from runs', str(tmp_path), "--format", form]) == 0
    out = capsys.readouterr().out
    if form == "csv":
        assert "'=1+1" in out
    else:
        assert "\x1b" not in out
        assert "\u202e" not in out
        assert "\\x1b" in out.replace("\\\\", "\\")
    if form == "md":
        assert "<script>" not in out
        table = [line.replace("\\|", "") for line in out.splitlines() if line.startswith("|")]
        assert {line.count("|") for line in table} == {3}
        assert len(table) == len(PAYLOADS) + 2


def test_without_sql_the_tables_are_listed(results, capsys):
    assert command(["query", str(results)]) == 0
    out = capsys.readouterr().out
    for name in ("scores:", "runs:", "predictions:", "counts:", "gold_sha256", "seconds_predict", "state"):
        assert name in out
    assert all(example in out for example in EXAMPLES)


@pytest.mark.parametrize("sql", EXAMPLES)
def test_the_examples_answer(sql, results, capsys):
    assert rows(capsys, sql, results)


def test_duckdb_is_named_where_it_is_missing(tmp_path, capsys, monkeypatch):
    make_run(tmp_path, "a")
    monkeypatch.setitem(sys.modules, "duckdb", None)
    assert "pip install duckdb" in refused(capsys, "select 1", tmp_path)
