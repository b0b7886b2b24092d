"""What can be chosen: every file of conf/, and the user's own."""

import re

import pytest

from harness.__main__ import command
from harness.catalogue import catalogue
from harness.resources import shipped

pytestmark = pytest.mark.core


@pytest.mark.parametrize(
    ("what", "group"),
    [
        ("models", "model"),
        ("tasks", "task"),
        ("metrics", "metric"),
        ("data", "data"),
        ("prompts", "prompt"),
        ("gates", "gate"),
        ("experiments", "experiment"),
    ],
)
def test_every_file_has_a_line(what, group, monkeypatch):
    monkeypatch.setenv("COLUMNS", "1000")
    listed = {re.split(r"[*\s]", line)[0] for line in catalogue(what).split("\n\n")[0].splitlines()[2:]}
    assert listed == {path.stem for path in (shipped("conf") / group).glob("*.yaml")}


def test_models_say_what_they_answer_and_need(monkeypatch):
    monkeypatch.setenv("COLUMNS", "1000")
    text = catalogue("models")
    assert re.search(r"^lead +summarization +first sentences", text, re.MULTILINE)
    assert re.search(r"^baseline +ner stance summarization ", text, re.MULTILINE)
    assert re.search(r"^predictions +ner stance summarization .*\(needs model\.path\)$", text, re.MULTILINE)


def test_metrics_say_their_task_and_which_are_default(monkeypatch):
    monkeypatch.setenv("COLUMNS", "1000")
    text = catalogue("metrics")
    assert re.search(r"^entity_f1\* +ner +strict entity precision", text, re.MULTILINE)
    assert re.search(r"^extract +summarization +chosen sentences", text, re.MULTILINE)
    assert "?" not in text


def test_an_experiment_says_its_command(monkeypatch):
    monkeypatch.setenv("COLUMNS", "1000")
    for line in catalogue("experiments").split("\n\n")[0].splitlines()[2:]:
        name, given = line.split(maxsplit=1)
        assert f"+experiment={name}" in given


def test_own_configurations_are_listed_and_cannot_act(tmp_path, capsys):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "mine.yaml").write_text('# a\nabout: "[red]x\\e[2J"\nner: {kind: rules}\n', encoding="utf-8")
    assert command(["list", "models", "--config-dir", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert re.search(r"^mine +ner +\[red\]x\\x1b\[2J$", out, re.MULTILINE)
    assert "\nlead " in out


def test_a_broken_file_is_named(tmp_path, capsys):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "bad.yaml").write_text("a: [1", encoding="utf-8")
    assert command(["list", "data", "--config-dir", str(tmp_path)]) == 2
    assert "bad.yaml: expected YAML" in capsys.readouterr().err
    assert command(["list", "data", "--config-dir", str(tmp_path / "no")]) == 2


@pytest.mark.parametrize("width", [60, 80, 120])
def test_lines_fit_the_terminal(width, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    for what in ("models", "metrics", "data"):
        assert max(map(len, catalogue(what).split("\n\n")[0].splitlines())) <= max(width, 80)
