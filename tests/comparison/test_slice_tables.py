"""Slices as rows are the rows that the runs stored."""

import json
import shlex

import pytest

from harness.__main__ import command

pytestmark = pytest.mark.core


def rows(capsys, *arguments):
    capsys.readouterr()
    assert command(["compare", *map(str, arguments), "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)["rows"]


def test_every_value_of_a_field_has_its_own_n_and_interval(systems, capsys):
    run = systems.runs["good"]["ner"]
    stored = json.loads((run / "scores.json").read_text(encoding="utf-8"))["scores"]
    expected = {
        row["slice"].partition("=")[2]: row
        for row in stored
        if row["metric"] == "entity.f1" and row["average"] == "micro" and row["slice"].startswith("label=")
    }
    found = {row["value_of_field"]: row for row in rows(capsys, run, "--slices", "label")}
    assert found.keys() == expected.keys() == {"GPE", "ORG", "PERSON"}
    for name, row in found.items():
        for part in ("value", "low", "high", "n", "support", "unreliable", "signature"):
            assert row[part] == expected[name][part]


def test_labels_of_stance_have_their_f1_where_there_is_no_favg(systems, capsys):
    found = rows(capsys, systems.results / "made" / "stance", "--slices")
    assert {(row["field"], row["metric"]) for row in found} == {("target", "stance.favg"), ("label", "stance.f1")}
    assert {row["model"] for row in found} == {"good", "poor"}


def test_the_command_in_the_note_works(systems, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "140")
    folder = str(systems.results / "made" / "stance")
    assert command(["compare", folder, "--slices", "target"]) == 0
    note = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("a difference in one slice: "))
    words = shlex.split(note.partition("python -m harness ")[2])
    assert words[:3] == ["compare", "RUN", "--metric"]
    words[1], words[-1] = folder, str(systems.runs["poor"]["stance"])
    assert command(words) == 0


@pytest.mark.parametrize(
    ("field", "said"), [("lable", "did you mean 'label'?"), ("zone", "there are label; slices=[FIELD] on a run adds")]
)
def test_an_unknown_field_names_those_that_there_are(systems, capsys, field, said):
    assert command(["compare", str(systems.runs["good"]["ner"]), "--slices", field]) == 2
    assert said in capsys.readouterr().err


def test_without_slices_it_says_so(systems, capsys):
    assert command(["compare", str(systems.runs["good"]["summarization"]), "--slices"]) in (0, 2)
    captured = capsys.readouterr()
    assert "by style" in captured.out or "no score here is sliced" in captured.err
