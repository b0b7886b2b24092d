"""Tables on the terminal: honest at every width, and nothing in a name acts on it."""

import math
import re
import runpy
import sys
from pathlib import Path

import pytest

from harness.__main__ import command
from harness.comparison.compare import compare
from harness.evaluate import Outcome
from harness.report.terminal import columns, print_dry_run, print_outcomes, print_tables, wrapped

pytestmark = pytest.mark.core

made = runpy.run_path(str(Path(__file__).parents[1] / "made_runs.py"))
make_run, ner_rows, row = made["make_run"], made["ner_rows"], made["row"]


@pytest.fixture
def printed(capsys, monkeypatch):
    def show(path, columns=120, **more):
        monkeypatch.setenv("COLUMNS", str(columns))
        print_tables(compare([path], more.pop("metrics", ())), **more)
        return capsys.readouterr().out

    return show


def test_value_interval_n_losses_and_time_stand_in_one_row(tmp_path, printed):
    make_run(tmp_path, "a", scores=ner_rows(0.5)[:1], examples={"scored": 397, "failed": 2, "missing": 1}, truncated=4)
    out = printed(tmp_path)
    line = next(line for line in out.splitlines() if line.startswith(" a "))
    assert re.fullmatch(r" a +50\.0 \[40\.0, 60\.0\] +40 +2 failed, +9\.5 +50", line)
    assert "1 missing," in out
    assert "4 truncated" in out
    assert "scores × 100, [95% interval]" in out
    assert out.startswith("mine · ner · 40 documents · n counts documents\n")


def test_gold_that_a_model_never_saw_is_said_below_the_table(tmp_path, printed):
    make_run(tmp_path, "a", truncated=4, unseen_gold=12)
    make_run(tmp_path, "b", truncated=4, unseen_gold=0)
    make_run(tmp_path, "c")
    said = "gold entities in text that was cut off, which the model never saw: a 12; they count as missed"
    assert said in printed(tmp_path, 200)
    assert "never saw" not in printed(tmp_path / "mine/ner/b", 200)


def test_undefined_is_a_dash_and_what_is_missing_is_explained(tmp_path, printed):
    rows = ner_rows(0.5)
    rows[1] = row("entity.precision", "micro", None, method="none: undefined")
    rows[2] = row("entity.recall", "micro", 0.5, method="none: every resample gives the same value")
    rows[3]["note"] = "undefined in 12 of 10000 resamples"
    rows[4]["unreliable"] = True
    make_run(tmp_path, "a", scores=rows)
    out = printed(tmp_path, 200)
    line = next(line for line in out.splitlines() if line.startswith(" a "))
    assert re.search(r" a +50\.0 \[40\.0, 60\.0\] +–\(1\) +50\.0\(2\) +50\.0\(3\) \[.*?\] +50\.0\? \[", line)
    assert " (1) undefined: the denominator is 0\n" in out
    assert " (2) no interval: every resample gives the same value\n" in out
    assert " (3) undefined in 12 of 10000 resamples\n" in out
    assert " ? unreliable: rests on fewer than 30 units or fewer than 20 gold positives\n" in out


def test_one_reason_for_all_is_said_once(tmp_path, printed):
    make_run(tmp_path, "a", scores=[row("entity.f1", "micro", 0.5), row("entity.recall", "micro", 0.4)])
    out = printed(tmp_path)
    assert "no intervals: one document: no interval exists" in out
    assert "[" not in next(line for line in out.splitlines() if line.startswith(" a "))
    assert "¹" not in out


def test_one_document_is_called_a_smoke_test(tmp_path, printed):
    rows = [{**r, "unit": "sentence", "n": 39} for r in ner_rows(0.5)]
    make_run(tmp_path, "a", scores=rows, documents=1)
    out = printed(tmp_path)
    assert "1 document · n counts sentences within one document" in out
    assert "ONE DOCUMENT: A SMOKE TEST, NOT A RANKING" in out
    make_run(tmp_path / "many", "a")
    assert "SMOKE" not in printed(tmp_path / "many")


def test_upper_bound_and_folds_are_marked(tmp_path, printed):
    make_run(tmp_path, "best_possible", gold="oracle")
    make_run(tmp_path, "tfidf", gold="folds")
    out = printed(tmp_path, 200)
    assert "best_possible (upper bound)" in out
    assert "never ranked" in out
    assert "tfidf: learned from the gold of other folds" in out


def test_a_count_and_a_length_are_not_multiplied(tmp_path, printed):
    rows = [row("length.words", "mean", 51.0), row("entity.confusion", "count", 3.0, slice="gold=A,predicted=B")]
    make_run(tmp_path, "a", task="summarization", scores=rows)
    out = printed(tmp_path, 200, metrics=["length.words", "entity.confusion@gold=A,predicted=B"])
    line = next(line for line in out.splitlines() if line.startswith(" a "))
    assert re.match(r" a +51\.0 +3 ", line)
    assert "not multiplied by 100" in out


@pytest.mark.parametrize("width", [48, 60, 80, 100, 120, 140, 200])
def test_every_line_fits_and_the_headline_and_losses_stay(tmp_path, printed, width):
    make_run(tmp_path, "a_model_with_quite_a_long_name,sentences=5", scores=ner_rows(0.123), truncated=7)
    make_run(tmp_path, "b", scores=ner_rows(0.4), spans={"unmapped": 3})
    out = printed(tmp_path, width)
    assert max(map(len, out.splitlines())) <= width
    assert "12.3" in out
    assert "[2.3, 22.3]" in out
    assert "40.0*" in out
    assert "7 truncated" in out
    assert ("not shown at" in out) == ("examples/s" not in out.partition("not shown at")[0])


def test_no_score_and_no_loss_is_hidden_at_any_width(tmp_path, printed):
    make_run(tmp_path, "a", examples={"scored": 397, "failed": 3})
    make_run(tmp_path, "b")
    names = ("entity.f1", "entity.precision", "entity.recall", "entity.f1/macro", "entity_partial.f1")
    for width in range(150, 39, -5):
        out = printed(tmp_path, width, metrics=(*names, "entity.f1@label=GPE"))
        parts = ["\n".join(part.splitlines()[:3]) for part in out.split("━\n")]
        for heading in ("F1", "P", "R", "F1 macro", "F1 partial", "entity.f1@", "n", "losses"):
            assert any(re.search(rf"\b{heading}", part) for part in parts), (width, heading)
        assert "3 failed" in out
        note = re.search(r"not shown at \d+\s+columns:(.*?);", out, re.DOTALL)
        assert not note or set(re.split(r",\s+", note.group(1).strip())) <= {"seconds", "examples/s"}
        assert not note or "--wide" in out


def test_a_table_that_does_not_fit_stands_in_parts_below_each_other(tmp_path, printed):
    make_run(tmp_path, "a", scores=ner_rows(0.25))
    make_run(tmp_path, "b", scores=ner_rows(0.5), gold_sha256="b" * 64)
    out = printed(tmp_path, 70)
    assert sum(line.startswith(" model") for line in out.splitlines()) == 2
    # Every part has every row and says which stand apart; the reason is said once.
    assert sum(line.startswith(" a ") for line in out.splitlines()) == 2
    assert out.count("not ranked with the rows above") == 2
    assert out.count("other gold") == 1
    assert "not shown" not in out


def test_wide_shows_all(tmp_path, printed):
    make_run(tmp_path, "a")
    out = printed(tmp_path, 60, wide=True)
    assert "examples/s" in out
    assert "not shown" not in out


def test_footnotes_are_about_what_is_shown(tmp_path, printed):
    rows = ner_rows(0.5)
    rows[4] = row("entity_partial.f1", "micro", None, method="none: undefined")
    make_run(tmp_path, "a", scores=rows, asked=0)
    assert "seconds –" in printed(tmp_path, 200)
    untimed = [out for out in (printed(tmp_path, width) for width in range(70, 110)) if "columns: seconds, ex" in out]
    assert untimed
    assert not any("seconds –" in out for out in untimed)


def test_without_a_window_120_columns_are_taken_and_no_colour(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr(sys.__stdout__, "fileno", lambda: -1, raising=False)
    make_run(tmp_path, "a")
    make_run(tmp_path, "b", scores=ner_rows(0.7))
    assert command(["compare", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert 80 < max(map(len, out.splitlines())) <= 120


def test_an_ascii_output_gets_ascii(tmp_path, monkeypatch):
    import io

    make_run(tmp_path, "naïve_模型")
    make_run(tmp_path, "b", scores=ner_rows(0.7))
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    print_tables(compare([tmp_path]))
    sys.stdout.flush()
    assert b"na\\xefve_\\u6a21\\u578b" in raw.getvalue()
    assert b"scores x 100" in raw.getvalue()


def test_wide_characters_keep_the_columns_straight(tmp_path, printed):
    from rich.cells import cell_len

    make_run(tmp_path, "模型模型", scores=ner_rows(0.7)[:1], folder="m")
    make_run(tmp_path, "b", scores=ner_rows(0.4)[:1])
    lines = [line for line in printed(tmp_path).splitlines() if ("[" in line and "*" in line) or line.startswith(" b")]
    places = {cell_len(line[: line.index("[")]) for line in lines if "[" in line}
    assert len(lines) == 2
    assert len(places) == 1


# ---- after a run ----------------------------------------------------------------------------------------------------


def outcome(model, folder="", status="complete", reason=None, task="ner"):
    return Outcome("mine", task, model, str(folder), status, reason, 0 if status == "complete" else 1)


def test_outcomes_are_compared_and_failures_are_rows(tmp_path, capsys):
    a = make_run(tmp_path, "a", scores=ner_rows(0.5))
    b = make_run(tmp_path, "b", scores=ner_rows(0.7))
    print_outcomes(
        [
            outcome("a", a),
            outcome("b", b),
            outcome("bad", status="failed", reason="weights\nare not here"),
        ]
    )
    out = capsys.readouterr().out
    assert re.search(r"^ bad +failed: weights are not here$", out, re.MULTILINE)
    assert "70.0*" in out
    assert f"results: {a.parent} (2 run folders)" in out


def test_a_run_over_its_error_limit_shows_scores_and_reason(tmp_path, capsys):
    a = make_run(tmp_path, "a", scores=ner_rows(0.5))
    print_outcomes([outcome("a", a, "failed", "3 of 26 examples have no scored answer (fail_on_error.share)")])
    out = capsys.readouterr().out
    assert "50.0" in out
    assert "failed: 3 of 26 examples" in out


def test_only_failures_still_make_a_table(capsys):
    print_outcomes([outcome("a", status="stopped", reason="signal 15", task="all")])
    out = capsys.readouterr().out
    assert "mine · all tasks" in out
    assert re.search(r"^ a +stopped: signal 15$", out, re.MULTILINE)
    assert "results:" not in out


def test_old_scores_of_a_run_that_failed_now_are_not_shown_as_new(tmp_path, capsys):
    """A folder keeps the complete results of an earlier run until new ones are complete."""
    a = make_run(tmp_path, "a", scores=ner_rows(0.5))
    for status in ("refused", "failed", "stopped"):
        print_outcomes([outcome("a", a, status, "RuntimeError: out of memory")])
        out = capsys.readouterr().out
        assert f"{status}: RuntimeError: out of memory" in out
        assert "50.0" not in out


def test_dry_run_is_a_table_of_what_would_be_asked(capsys):
    common = {"task": "ner", "cost": 0.0, "folder": "results/mine/ner/x", "resumes": True}
    print_dry_run([{**common, "model": "x[red]\x1b[2J", "examples": 40, "stored": 10, "words": 12345}])
    out = capsys.readouterr().out
    assert out.startswith("dry run: nothing was asked, nothing written\n")
    for cost, shown in ((12.5, "12.50"), (9.9e-6, "9.9e-06"), (math.nan, "not estimated")):
        print_dry_run([{**common, "model": "m", "examples": 1, "stored": 0, "words": 1, "cost": cost}])
        assert f" 1  {shown}  results" in capsys.readouterr().out
    assert re.search(r"x\[red\]\\x1b\[2J +40 +10 +30 +12,345 +none +results/mine/ner/x \(resumes\)", out)


# ---- hostile names --------------------------------------------------------------------------------------------------

HOSTILE = [
    "[/foo]", "[red]x", "\x1b]0;p\x07", "\x1b[2J", "a|b", "c\nd", "e\x00f", "g\x0bh", "i\ud800j", "k\u202el",
    "[link=http://127.0.0.1/]m[/link]", ":boom:", "<img src=x>", "\r", "\x9b2J",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_shown_and_do_nothing(tmp_path, capsys, name):
    from dataclasses import replace

    from harness.comparison.compare import make_tables
    from harness.comparison.table import Failure
    from harness.run_folder import read_run

    place = make_run(tmp_path, "a", scores=ner_rows(0.5))
    run = read_run(place)
    scores = {**run.scores, "data": {**run.scores["data"], "name": name}}
    scores["model"] = {**scores["model"], "name": name}
    scores["scores"] = [
        {**r, "note": name, "method": name} for r in [*scores["scores"], row("x.y", name, 0.5, slice=name)]
    ]
    tables = make_tables([replace(run, scores=scores)], [Failure(name, "ner", name, name)])
    print_tables(tables, wide=True)
    out = capsys.readouterr().out
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e]", out)
    row_line = next(line for line in out.splitlines() if "50.0" in line)
    assert (
        name.encode("unicode_escape", "surrogatepass").decode()[:3] in row_line.replace("\\\\", "\\")
        or name[:3] in row_line
    )
    # The table has the lines it would have with a tame name.
    print_tables(make_tables([run], [Failure("mine", "ner", "b", "c")]), wide=True)
    assert out.count("━\n") == capsys.readouterr().out.count("━\n")


# ---- parts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "size", "lines"),
    [
        ("", 5, [""]),
        ("one two", 7, ["one two"]),
        ("one two", 6, ["one", "two"]),
        ("abcdefgh", 3, ["abc", "def", "gh"]),
        ("x abcdefgh", 3, ["x", "abc", "def", "gh"]),
        ("模型模型", 4, ["模型", "模型"]),
        # Behind a sign, unless that leaves less than a third of a line.
        ("bert-base-uncased", 11, ["bert-base-", "uncased"]),
        ("a-modelmodel", 8, ["a-modelm", "odel"]),
        ("entity.f1/macro", 12, ["entity.f1/", "macro"]),
        ("stance.f1@label=against", 22, ["stance.f1@", "label=against"]),
        ("stance.f1@label=against", 16, ["stance.f1@", "label=against"]),
    ],
)
def test_wrapped(text, size, lines):
    assert wrapped(text, size) == lines


def test_columns_align_left_and_right():
    lines = columns([("a", "n"), ("bcd", "10")], right=(1,))
    assert [str(line) for line in lines] == ["a     n", "───────", "bcd  10"]


def test_a_mean_over_fewer_documents_says_over_how_many(tmp_path, printed):
    make_run(tmp_path, "a", scores=[row("rouge1.f1", "mean", 0.5, 0.4, 0.6, support=31.0)], task="summarization")
    assert "defined in 31 of 40 documents" in " ".join(printed(tmp_path).split())
