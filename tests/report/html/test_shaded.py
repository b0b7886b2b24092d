"""Heat maps and matrices hold the stored numbers, shaded by what they are."""

import runpy
from pathlib import Path

import pytest
from sklearn.metrics import confusion_matrix

from harness.comparison.compare import make_tables
from harness.comparison.stored import read_runs
from harness.prediction_file import read_predictions
from harness.report.html.shaded import MOST_SLICES, confusions, slices
from harness.run_folder import find_runs

pytestmark = pytest.mark.core
made = runpy.run_path(str(Path(__file__).parents[2] / "made_runs.py"))
make_run, row, ner_rows = made["make_run"], made["row"], made["ner_rows"]


def tables_of(results):
    runs, failures = read_runs(find_runs(results))
    return make_tables(runs, failures), {str(run.folder): run for run in runs}


def texts(sheet):
    return [[cell.text for cell in row] for row in sheet.rows]


def f1_at(label, value, support):
    return row("entity.f1", "micro", value, slice=f"label={label}", support=support)


def test_a_row_per_label_by_support_and_a_column_per_model(tmp_path):
    rare, often = f1_at("RARE", 0.04, 2.0), f1_at("OFTEN", 0.96, 50.0)
    make_run(tmp_path, "a", scores=[row("entity.f1", "micro", 0.5), rare, often])
    make_run(tmp_path, "b", scores=[row("entity.f1", "micro", 0.4), f1_at("OFTEN", None, 50.0)])
    (table,), _ = tables_of(tmp_path)
    (sheet,) = slices(table, "x").sheets
    assert sheet.caption == "entity.f1 by label × 100"
    assert sheet.headings == ["label", "support", "a", "b"]
    assert texts(sheet) == [["OFTEN", "50", "96.0", "–"], ["RARE", "2", "4.0", "–"]]
    assert [cell.shade for cell in sheet.rows[0]] == [None, None, 10, 0]
    assert sheet.rows[1][2].shade == 0


def test_each_field_is_shown_by_the_headline_or_the_first_f1(tmp_path):
    rows = [
        row("stance.favg", "pooled", 0.5),
        row("stance.favg", "pooled", 0.4, slice="target=t=1"),
        row("stance.accuracy", "pooled", 0.9, slice="target=t=1"),
        row("stance.recall", "pooled", 0.3, slice="label=favor"),
        row("stance.f1", "pooled", 0.2, slice="label=favor"),
        # Counts, and points of a curve, are no scores of a slice.
        row("stance.confusion", "count", 3.0, slice="gold=favor,predicted=none"),
        row("stance.risk", "pooled", 0.1, slice="coverage=0.5"),
    ]
    make_run(tmp_path, "a", task="stance", scores=rows)
    (table,), _ = tables_of(tmp_path)
    by_target, by_label = slices(table, "x").sheets
    assert (by_target.caption, texts(by_target)) == ("stance.favg by target × 100", [["t=1", "100", "40.0"]])
    assert (by_label.caption, texts(by_label)) == ("stance.f1 by label × 100", [["favor", "100", "20.0"]])


def test_numbers_that_are_no_fractions_have_no_shade(tmp_path):
    rows = [row("length.words", "mean", 30.0), row("length.words", "mean", 51.0, slice="style=headline")]
    make_run(tmp_path, "a", task="summarization", scores=rows)
    (table,), _ = tables_of(tmp_path)
    (sheet,) = slices(table, "x").sheets
    assert sheet.caption == "length.words by style"
    assert sheet.rows[0][2].text == "51.0"
    assert sheet.rows[0][2].shade is None


def test_a_list_that_nobody_reads_is_cut_and_says_so(tmp_path):
    more = [f1_at(f"L{n:03d}", 0.5, float(n)) for n in range(MOST_SLICES + 5)]
    make_run(tmp_path, "a", scores=[row("entity.f1", "micro", 0.5), *more])
    (table,), _ = tables_of(tmp_path)
    (sheet,) = slices(table, "x").sheets
    assert len(sheet.rows) == MOST_SLICES
    assert texts(sheet)[0][0] == f"L{MOST_SLICES + 4:03d}"
    assert sheet.notes == ["5 more with less support are in scores.csv"]


def test_without_slices_the_section_says_what_makes_one(tmp_path):
    make_run(tmp_path, "a", scores=[row("entity.f1", "micro", 0.5)])
    (table,), _ = tables_of(tmp_path)
    found = slices(table, "x")
    assert found.missing
    assert "slices=" in found.code


def test_rows_that_stand_apart_have_a_heat_map_of_their_own(tmp_path):
    for name, sha in (("a", "a" * 64), ("b", "a" * 64), ("c", "c" * 64)):
        make_run(tmp_path, name, gold_sha256=sha)
    (table,), _ = tables_of(tmp_path)
    together, apart = slices(table, "x").sheets
    assert together.headings[2:] == ["a", "b"]
    assert apart.headings[2:] == ["c"]
    assert apart.notes[0].startswith("not ranked with the rows above: other gold")


# ---- confusion ------------------------------------------------------------------------------------------------------


def cell(metric, gold, predicted, count):
    return row(metric, "count", float(count), slice=f"gold={gold},predicted={predicted}")


def test_a_matrix_has_rows_of_gold_that_add_up(tmp_path):
    cells = [
        cell("entity.confusion", "GPE", "GPE", 8),
        cell("entity.confusion", "GPE", "missed", 2),
        cell("entity.confusion", "ORG", "GPE", 1),
        cell("entity.confusion", "ORG", "ORG", 3),
        cell("entity.confusion", "spurious", "ORG", 4),
        # A label may hold what the names of cells are made of.
        cell("entity.confusion", "a,predicted=b", "GPE", 1),
    ]
    make_run(tmp_path, "a", scores=[row("entity.f1", "micro", 0.5), *cells])
    (table,), runs = tables_of(tmp_path)
    (sheet,) = confusions(table, runs, "x").sheets
    assert sheet.headings == ["gold ↓ answered →", "GPE", "ORG", "missed", "all"]
    assert texts(sheet) == [
        ["GPE", "8", "·", "2", "10"],
        ["ORG", "1", "3", "·", "4"],
        ["a,predicted=b", "1", "·", "·", "1"],
        ["spurious", "·", "4", "·", "4"],
    ]
    # Shades are shares of the row; the diagonal is bold.
    assert [one.shade for one in sheet.rows[0][1:4]] == [8, 0, 2]
    assert [one.strong for one in sheet.rows[1][1:4]] == [False, True, False]


def test_the_counts_of_every_stance_run_are_enough(plain_runs):
    tables, runs = tables_of(plain_runs)
    table = next(one for one in tables if one.task == "stance")
    found = confusions(table, runs, "x")
    labels = ["favor", "against", "none"]
    for line, sheet in zip(table.lines, found.sheets, strict=True):
        # Gold as the fixture's corpus has it, answers as the run stored them, by scikit-learn.
        answers = read_predictions(Path(line.folder))
        gold = [labels[(n // 2 + n % 2) % 3] for n in range(len(answers))]
        expected = confusion_matrix(gold, [one.answer.label for one in answers], labels=labels)
        shown = {(one[0].text, head): value.text for one in sheet.rows
                 for head, value in zip(sheet.headings[1:-1], one[1:-1], strict=True)}  # fmt: skip
        for g, name in enumerate(labels):
            for p, other in enumerate(labels):
                assert shown[name, other].replace("·", "0") == str(expected[g][p]), (line.label, name, other)


def test_ner_runs_without_it_name_the_metric(tmp_path):
    make_run(tmp_path, "a")
    (table,), runs = tables_of(tmp_path)
    found = confusions(table, runs, "x")
    assert not found.sheets
    assert "entity_confusion" in found.missing
    assert found.code.endswith(",entity_confusion]")


def test_texts_have_no_confusion(tmp_path):
    make_run(tmp_path, "a", task="summarization", scores=[row("rouge1.f1", "mean", 0.5)])
    (table,), runs = tables_of(tmp_path)
    assert confusions(table, runs, "x") is None
