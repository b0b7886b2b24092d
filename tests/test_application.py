"""Exit codes of many jobs, and signals that reach workers in other processes."""

import signal

import pytest

from harness import application
from harness.application import _Signals, exit_code
from harness.evaluate import Outcome

pytestmark = pytest.mark.core


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([], 0),
        ([0, 0], 0),
        ([0, 1], 1),
        ([2], 2),
        ([2, 2], 2),
        ([2, 0], 1),
        ([2, 1], 1),
        ([0, 130, 1], 130),
        ([143, 130], 143),
    ],
)
def test_one_code_for_all_jobs(codes, expected):
    assert exit_code([Outcome("d", "t", "m", "f", "s", None, code) for code in codes]) == expected


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(application._JOBS, str(tmp_path))
    return tmp_path


def test_a_signal_is_remembered_and_told_to_workers(folder, capfd):
    here, worker = _Signals(), _Signals()
    assert here.stop() is None
    here._handle(signal.SIGTERM, None)
    assert here.stop() == worker.stop() == 15
    assert (folder / "stop").read_text() == "15"
    assert "stopping after this batch" in capfd.readouterr().err


def test_handlers_come_and_go():
    before = signal.getsignal(signal.SIGTERM)
    signals = _Signals()
    signals.install()
    assert signal.getsignal(signal.SIGTERM) == signals._handle
    signals.remove()
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_job_never_raises(folder, monkeypatch):
    monkeypatch.setattr(application._signals, "received", None)

    def fall(*_, **__):
        raise ZeroDivisionError("odd")

    monkeypatch.setattr(application, "plan", fall)
    monkeypatch.setitem(application._plans, 3, None)
    application.carry_out(3)
    # Its line is not there either, so the message is of that.
    assert '"status": "failed"' in (folder / "outcome000003.json").read_text()
