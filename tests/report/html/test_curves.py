"""Curves are drawn from what the runs stored, and agree with the scores that are computed from the same counts."""

import runpy
from pathlib import Path

import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from harness.comparison.compare import make_tables
from harness.comparison.stored import read_runs
from harness.metric.base import Key
from harness.prediction_file import read_predictions
from harness.report.html import curves
from harness.report.html.curves import calibrated, risks
from harness.run_folder import find_runs

pytestmark = pytest.mark.core
made = runpy.run_path(str(Path(__file__).parents[2] / "made_runs.py"))
make_run, row = made["make_run"], made["row"]
LABELS = ("favor", "against", "none")


@pytest.fixture(scope="module")
def stance(plain_runs):
    runs, failures = read_runs(find_runs(plain_runs))
    table = next(one for one in make_tables(runs, failures) if one.task == "stance")
    return table, {str(run.folder): run for run in runs}


def answers_of(line):
    """Confidence and whether it is right, of each example; gold is as the fixture's corpus has it."""
    answers = [one.answer for one in read_predictions(Path(line.folder))]
    gold = [LABELS[(n // 2 + n % 2) % 3] for n in range(len(answers))]
    sure = np.array([one.scores[one.label] for one in answers])
    return sure, np.array([one.label == g for one, g in zip(answers, gold, strict=True)])


def test_risk_is_the_share_wrong_among_the_surest(stance):
    table, runs = stance
    for line in table.lines:
        sure, right = answers_of(line)
        points = curves._curve(runs[line.folder])
        levels = np.unique(np.round(sure, 3))[::-1]
        expected = [
            ((np.round(sure, 3) >= level).mean(), 1 - right[np.round(sure, 3) >= level].mean()) for level in levels
        ]
        assert points == [(pytest.approx(share), pytest.approx(risk)) for share, risk in expected]
        # At full coverage it is the score that the run stored.
        stored = line.cells[Key("stance.risk", "pooled", "coverage=1.0")].value
        assert points[-1] == (1.0, pytest.approx(stored))


def test_the_table_of_risk_holds_the_stored_scores(stance):
    table, runs = stance
    found = risks(table, runs, "x")
    (sheet,) = found.sheets
    assert len(found.figures) == 1
    for line, cells in zip(table.lines, sheet.rows, strict=True):
        aurc = line.cells[Key("stance.aurc", "pooled")].value
        assert [cells[0].text, cells[1].text] == [line.label, f"{aurc * 100:.1f}"]
    assert list(sheet.headings[3:]) == ["at coverage=0.5", "at coverage=0.8", "at coverage=0.9", "at coverage=1.0"]


def test_bins_are_those_of_scikit_learn(stance):
    table, _ = stance
    found = calibrated(table, "x")
    assert [figure.title for figure in found.figures] == [line.label for line in table.lines]
    (sheet,) = found.sheets
    rows = iter(sheet.rows)
    for line in table.lines:
        sure, right = answers_of(line)
        # A bin of ours holds its upper edge, one of theirs its lower: no confidence of the fixture is near an edge.
        share, mean = calibration_curve(right, sure - 1e-9, n_bins=10)
        for correct, confidence in zip(share, mean, strict=True):
            cells = next(rows)
            assert [cells[3].text, cells[4].text] == [f"{confidence * 100:.1f}", f"{correct * 100:.1f}"]
    assert next(rows, None) is None


def test_long_curves_are_thinned_and_keep_their_ends(monkeypatch, stance):
    table, runs = stance
    run = runs[table.lines[0].folder]
    whole = curves._curve(run)
    monkeypatch.setattr(curves, "_MOST_POINTS", 3)
    thinned = curves._curve(run)
    assert len(thinned) == 3
    assert (thinned[0], thinned[-1]) == (whole[0], whole[-1])


@pytest.mark.parametrize(("make", "kind"), [(calibrated, "stance_calibration"), (risks, "stance_risk_coverage")])
def test_runs_without_the_metric_name_it_and_runs_without_probabilities_say_so(tmp_path, make, kind):
    def found():
        runs, failures = read_runs(find_runs(tmp_path))
        (table,) = make_tables(runs, failures)
        more = () if make is calibrated else ({str(run.folder): run for run in runs},)
        return make(table, *more, "x")

    make_run(tmp_path, "a", task="stance", scores=[row("stance.favg", "pooled", 0.5)])
    assert kind in found().missing
    assert kind in found().code
    metric = "stance.ece" if make is calibrated else "stance.aurc"
    scores = [row("stance.favg", "pooled", 0.5), row(metric, "pooled", None)]
    make_run(tmp_path, "a", task="stance", scores=scores)
    assert "No model here gives probabilities" in found().missing
    assert '"scores"' in found().code


def test_other_tasks_have_no_such_section(tmp_path):
    make_run(tmp_path, "a")
    runs, failures = read_runs(find_runs(tmp_path))
    (table,) = make_tables(runs, failures)
    assert calibrated(table, "x") is None
    assert risks(table, {}, "x") is None


def test_more_models_than_lines_stay_in_the_table(stance, monkeypatch):
    table, runs = stance
    monkeypatch.setattr(curves, "MOST_CURVES", 1)
    for found in (calibrated(table, "x"), risks(table, runs, "x")):
        assert len(found.figures) == 1
        assert found.sheets[0].notes == ["1 further model only here"]
