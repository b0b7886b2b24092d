import dataclasses
import json
import sys

import pytest

from harness.__main__ import command
from harness.conformance import Result, as_json, run_traps, table, text
from harness.traps import TRAPS

pytestmark = pytest.mark.core
BY_ID = {trap.id: trap for trap in TRAPS}


@pytest.mark.parametrize("name", BY_ID)
def test_our_number_is_the_right_one(name):
    (result,) = run_traps([BY_ID[name]])
    assert result.passed, result.ours


# What the other tool gives, as measured with the version that the lock file has; a change of theirs is worth knowing.
THEIRS = {
    "T1": {"as listed": 2 / 3, "reversed": 2 / 3},
    "T2": {"as listed": 0.0, "reversed": 2 / 3},
    "T3": {"type F1": 1.0, "partial F1": 0.5},
    "T4": {"as listed": 1.0, "reversed": 1.0},
    "T5": {"conlleval's reading": 1.0, "strict IOB2": 0.0},
    "T6": {"Russian": 0.0, "Thai": 0.0, "Arabic": 0.0, "Chinese": 0.0, "German, 4 other words": 4 / 11},
    "T7": {"one sentence a line": 20 / 29, "on one line": 12 / 29},
    "T8": {"recall": 1.0},
    "T9": {"recall": "ValueError"},
}


@pytest.mark.parametrize("name", THEIRS)
def test_the_other_tool_gives_what_the_suite_says_of_it(name):
    measured = dict(BY_ID[name].theirs())
    assert measured == pytest.approx(THEIRS[name]) if name != "T9" else measured == THEIRS[name]


def test_a_formula_of_ten_means_covers_less_than_half():
    assert BY_ID["T10"].theirs()["coverage"] < 0.5


def test_a_number_that_is_not_right_fails(capsys, monkeypatch):
    wrong = dataclasses.replace(BY_ID["T11"], ours=lambda: {"pooled": 0.75, "macro_target": 0.75})
    broken = dataclasses.replace(BY_ID["T8"], ours=lambda: 1 / 0)
    results = run_traps([wrong, broken, BY_ID["T4"]])
    assert [result.passed for result in results] == [False, False, True]
    assert "ZeroDivisionError" in text(results)
    assert "3 traps, 2 failed" in text(results)
    monkeypatch.setattr("harness.traps.TRAPS", (wrong,))
    assert command(["conformance"]) == 1
    assert "FAIL" in capsys.readouterr().out


def test_a_tool_that_is_absent_is_said_to_be(monkeypatch):
    monkeypatch.setitem(sys.modules, "nervaluate", None)
    monkeypatch.setattr("harness.conformance._version", lambda package: None)
    (result,) = run_traps([BY_ID["T2"]])
    assert (result.theirs, result.passed) == (None, True)
    assert "nervaluate: not installed" in text([result])


def test_a_change_of_the_other_tool_is_shown_and_fails_nothing():
    (result,) = run_traps([dataclasses.replace(BY_ID["T4"], theirs=lambda: {}["gone"])])
    assert (dict(result.theirs), result.passed) == ({"error": "KeyError: 'gone'"}, True)


def test_formats(capsys):
    assert command(["conformance", "T2", "T11", "--format", "json"]) == 0
    first, second = json.loads(capsys.readouterr().out)
    assert first["ours"] == first["expected"] == {"as listed": 2 / 3, "reversed": 2 / 3}
    assert second["reported"].startswith("pools the targets")
    results = run_traps([BY_ID["T2"], BY_ID["T3"]])
    lines = table(results).splitlines()
    assert len(lines) == 4
    assert {line.count(" | ") for line in lines} == {4}
    assert json.loads(as_json(results))[1]["id"] == "T3"


def test_an_unknown_trap_names_the_known_ones(capsys):
    assert command(["conformance", "T99"]) == 2
    assert "T13" in capsys.readouterr().err


def test_every_row_says_how_near_ours_must_be(capsys):
    for trap in TRAPS:
        # Asked of the words alone, so nothing needs to run.
        result = Result(trap, trap.expected, None, None, passed=True)
        wanted = " ± 0.025" if trap.id == "T10" else "; exact"
        assert wanted in text([result])
        assert wanted in table([result]).splitlines()[-1].split(" | ")[2]
    assert "exact: to 1e-09" in text([])


def test_a_simulation_may_miss_by_its_tolerance_and_no_more():
    near, far = (dataclasses.replace(BY_ID["T10"], ours=lambda at=at: {"coverage": at}) for at in (0.926, 0.924))
    assert [result.passed for result in run_traps([near, far])] == [True, False]


def test_traps_are_named_in_any_case_and_run_once(capsys):
    assert command(["conformance", "t2", "T2", "--format", "json"]) == 0
    assert [row["id"] for row in json.loads(capsys.readouterr().out)] == ["T2"]
    assert command(["conformance", "T99"]) == 2
    assert "'T99': no such trap; did you mean 'T9'?; there are T1, T2" in capsys.readouterr().err
