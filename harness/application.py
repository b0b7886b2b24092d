"""The Hydra application: checks every job, hands them to `hydra.main`, and prints the one table of all of them."""

import json
import os
import shutil
import signal
import socket
import sys
import tempfile
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from harness.compose import CommandLine, Composed, compose_job, compose_jobs, parse_arguments, quoted
from harness.dry_run import dry_run
from harness.errors import HarnessError, ResourceError, RunError
from harness.evaluate import Outcome, run_plan
from harness.files import sha256, write_json
from harness.plan import Plan, plan
from harness.report.progress import make_progress
from harness.report.terminal import print_dry_run, print_outcomes
from harness.report.text import visible
from harness.resources import shipped

# The folder by which the jobs of one command know of each other; an environment variable reaches workers in other
# processes. It holds the command line, the outcome of each finished job, and `stop` once a signal came.
_JOBS = "HARNESS_JOBS"
_plans: dict[int, Plan | Outcome] = {}


class _Signals:
    """Remembers the first SIGINT or SIGTERM; the second acts at once."""

    def __init__(self) -> None:
        self.received: int | None = None
        self._before: dict[int, Any] = {}

    def install(self) -> None:
        self.received = None
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._handle)

    def remove(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.received is not None:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        self.received = number
        # Workers in other processes did not get the signal, or not from us.
        (_jobs_folder() / "stop").write_text(str(int(number)), encoding="utf-8")
        # Not `print`: the signal may have come in the midst of one.
        os.write(2, b"harness: stopping after this batch; once more to stop at once\n")

    def stop(self) -> int | None:
        """The signal that came, here or to the process that began the jobs."""
        if self.received is None:
            try:
                self.received = int((_jobs_folder() / "stop").read_text(encoding="utf-8"))
            except (OSError, ValueError):
                return None
        return self.received


_signals = _Signals()


def run(arguments: list[str]) -> int:
    """Runs the jobs of a command line; see `harness.__main__.command` for the exit codes."""
    line = parse_arguments(arguments)
    jobs = compose_jobs(line)
    if any(flag in ("--cfg", "-c", "--info", "-i") for flag in line.flags):
        _call_hydra(line, [])
        return 0
    several = len(jobs) > 1
    _plans.clear()
    for number, job in enumerate(jobs):
        _plans[number] = _planned(job, several=several)
    if any(job.config.dry_run for job in jobs):
        rows = [row for ready in _plans.values() if isinstance(ready, Plan) for row in dry_run(ready)]
        # Several jobs may be the same run of a task, which is asked for once.
        print_dry_run(list({(row["folder"], row["model"]): row for row in rows}.values()))
        refused = [ready for ready in _plans.values() if isinstance(ready, Outcome)]
        for outcome in refused:
            print(f"harness: {outcome.model} cannot run: {outcome.reason}", file=sys.stderr)
        return 1 if refused else 0
    # In a sweep, that a model answers only some of the tasks is what one expects.
    reasons = dict.fromkeys(reason for ready in _plans.values() if isinstance(ready, Plan) for reason in ready.skipped)
    for reason in reasons if not several else ():
        print(f"harness: skipped: {reason}", file=sys.stderr)
    for remark in dict.fromkeys(
        remark
        for ready in _plans.values()
        if isinstance(ready, Plan)
        for task in ready.tasks
        for remark in task.remarks
    ):
        print(f"harness: {visible(remark)}", file=sys.stderr)
    # Inside `results`, because workers on other machines share that folder if they share anything.
    results = Path(jobs[0].config.results).expanduser()
    made = [place for place in (results, *results.parents) if not place.exists()]
    try:
        results.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(results)
        folder = Path(tempfile.mkdtemp(prefix=f".jobs-{_here()}-{os.getpid()}-", dir=results)).resolve()
    except OSError as error:
        why = "it is a file" if results.is_file() else error.strerror
        raise RunError(f"results={results}: cannot be written ({why}); choose another folder") from None
    try:
        os.environ[_JOBS] = str(folder)
        write_json(folder / "line.json", asdict(line))
        _signals.install()
        _call_hydra(line, [f"hydra.sweep.dir={quoted(str(folder))}", "hydra.sweep.subdir=job${hydra.job.num}"])
        outcomes = _collect(folder, jobs)
    finally:
        _signals.remove()
        os.environ.pop(_JOBS, None)
        shutil.rmtree(folder, ignore_errors=True)
        # Where everything was refused nothing is left behind, as long as nothing was there before.
        with suppress(OSError):
            for place in made:
                place.rmdir()
    if not several and outcomes and all(outcome.status == "refused" for outcome in outcomes):
        raise RunError("\n".join(dict.fromkeys(outcome.reason or "refused" for outcome in outcomes)))
    for remark in dict.fromkeys(remark for outcome in outcomes for remark in outcome.remarks):
        print(f"harness: {visible(remark)}", file=sys.stderr)
    print_outcomes(outcomes)
    return exit_code(outcomes)


def exit_code(outcomes: list[Outcome]) -> int:
    """One code for all jobs: a signal's first, then 1 if any failed, 2 only if nothing but refusals happened."""
    codes = [outcome.exit_code for outcome in outcomes]
    stopped = [code for code in codes if code > 128]
    if stopped:
        return stopped[0]
    if codes and all(code == 2 for code in codes):
        return 2
    return 1 if any(codes) else 0


def _planned(job: Composed, *, several: bool) -> Plan | Outcome:
    try:
        return plan(job)
    except (ResourceError, RunError) as error:
        # In a sweep, what one model lacks on this machine is that model's row; what is wrong with the command is not.
        if not several:
            raise
        return Outcome(job.config.data.name, "all", job.config.model_name, "", "failed", str(error), 1)


def _here() -> str:
    return sha256(socket.gethostname())[:8]


def _remove_abandoned(results: Path) -> None:
    """Removes what killed processes of this machine left."""
    for left in results.glob(f".jobs-{_here()}-*"):
        number = left.name.split("-")[2]
        try:
            os.kill(int(number), 0)
        except ProcessLookupError:
            shutil.rmtree(left, ignore_errors=True)
        except (ValueError, PermissionError):
            continue


def _jobs_folder() -> Path:
    return Path(os.environ[_JOBS])


def _call_hydra(line: CommandLine, more: list[str]) -> None:
    before = sys.argv
    sys.argv = ["harness", *line.flags, *line.overrides, *more]
    try:
        _job()
    finally:
        sys.argv = before


@hydra.main(config_path=str(shipped("conf")), config_name="evaluate", version_base="1.3")
def _job(_: DictConfig) -> None:
    """One job, as Hydra calls it, here or in a worker of its launcher's."""
    settings = HydraConfig.get()
    carry_out(int(settings.job.num) if settings.mode == RunMode.MULTIRUN else 0)


def carry_out(number: int) -> None:
    """Carries a job out and leaves its outcome in the folder of jobs.

    Never raises and never exits: either would end the sweep.

    Args:
        number: Of the job, from 0, in the order in which the sweep was split.
    """
    names = ("?", "all", f"job {number}", "")
    try:
        ready = _plans.pop(number, None) or _planned_again(number)
        if isinstance(ready, Outcome):
            outcomes = [ready]
        else:
            names = (ready.config.data.name, "all", ready.config.model_name, "")
            # None at all is told apart from a job that was cut off: `_collect` reads it as one not begun.
            outcomes = [] if _signals.stop() else run_plan(ready, stop=_signals.stop, progress=make_progress())
    except HarnessError as error:
        outcomes = [Outcome(*names, "failed", str(error), 1)]
    except Exception as error:
        outcomes = [Outcome(*names, "failed", f"{type(error).__name__}: {error}", 1)]
    if outcomes:
        write_json(_jobs_folder() / f"outcome{number:06d}.json", [asdict(outcome) for outcome in outcomes])


def _planned_again(number: int) -> Plan:
    """The plan of a job in a worker of its own process, where nothing is left of the plans that were checked."""
    stored = json.loads((_jobs_folder() / "line.json").read_text(encoding="utf-8"))
    line = CommandLine(tuple(stored["flags"]), tuple(stored["overrides"]), stored["multirun"], stored["config_dir"])
    return plan(compose_job(line, number))


def _collect(folder: Path, jobs: list[Composed]) -> list[Outcome]:
    found: list[Outcome] = []
    for number, job in enumerate(jobs):
        names = (job.config.data.name, "all", job.config.model_name, "")
        file = folder / f"outcome{number:06d}.json"
        if file.exists():
            rows: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
            found += [Outcome(**row) for row in rows]
        elif _signals.received is not None:
            found.append(Outcome(*names, "stopped", "not begun", 128 + _signals.received))
        else:
            found.append(Outcome(*names, "failed", "its process ended without a word", 1))
    return found
