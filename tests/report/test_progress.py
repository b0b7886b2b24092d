"""The bar: on a terminal's stderr, else silence, and stdout never has a part in it."""

import io
import sys

import pytest

from harness.report.progress import make_progress

pytestmark = pytest.mark.core


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


def test_no_terminal_no_bar(capsys):
    progress = make_progress()
    move = progress.start("tiny · ner", 3)
    move(3)
    progress.finish()
    assert capsys.readouterr() == ("", "")


def test_a_terminal_gets_a_bar_on_stderr_alone(monkeypatch, capsys):
    stderr = Terminal()
    monkeypatch.setattr(sys, "stderr", stderr)
    monkeypatch.setenv("TERM", "xterm")
    progress = make_progress()
    for title in ("[red]tiny · ner", "b\x1b[2J"):
        move = progress.start(title, 4)
        move(2)
        progress.finish()
        progress.finish()
    shown = stderr.getvalue()
    assert "[red]tiny · ner" in shown
    assert "b\\x1b[2J" in shown
    assert "\x1b[2Jb" not in shown.replace("b\\x1b[2J", "")
    assert "2/4" in shown
    assert capsys.readouterr().out == ""


def test_a_bar_that_was_not_finished_does_not_stop_the_next(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    progress = make_progress()
    progress.start("a", 1)
    progress.start("b", 1)(1)
    progress.finish()
