"""A plan is carried out: asked, scored and written, one run folder per task."""

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.config import FailOnError, RunConfig
from harness.energy import EnergyMeter
from harness.engine.base import Engine, Stopped
from harness.errors import HarnessError
from harness.files import locked
from harness.journal import NAME as JOURNAL
from harness.journal import holds_answers, journalled_answers, remove_journal
from harness.judging import Asked as JudgedQuestion
from harness.judging import (
    FindingJournal,
    judge_cases,
    load_judges,
    read_judged,
    remove_finding_journal,
    write_judged,
)
from harness.measurement import forget_peaks, measured_before, measurements, spent_before, spent_by
from harness.metric.base import Metric
from harness.model.base import Model
from harness.plan import Plan, TaskPlan
from harness.predict import ASKED_AGAIN, answer_keys, ask, fingerprint, stored_answers
from harness.records import Answer, Example
from harness.run_folder import is_complete, write_results, write_run
from harness.scoring import Case, Judgement, Scored, questions_of, read_answers, score_examples, scores_json


@dataclass(frozen=True)
class Outcome:
    """What became of one task of one configuration.

    Args:
        data: `data.name`.
        task: The task.
        model: `model.name`.
        folder: The run folder, as text.
        status: `complete`, `failed` (error limit or an exception) or `refused` (exit 2) or `stopped`.
        reason: Why it is not complete.
        exit_code: 0, 1, 2, or 128 + signal.
        remarks: What a reader of the scores should know, one line each.
    """

    data: str
    task: str
    model: str
    folder: str
    status: str
    reason: str | None = None
    exit_code: int = 0
    remarks: tuple[str, ...] = ()


def run_plan(ready: Plan, *, stop: Callable[[], int | None], progress: "Progress") -> list[Outcome]:
    """Runs every task of a plan; a task that fails does not stop the others, a signal does."""
    outcomes = []
    for task in ready.tasks:
        names = (task.corpus.name, task.task.name, ready.config.model_name, str(task.folder))
        try:
            outcomes.append(run_task(task, ready.config, ready.engine, stop=stop, progress=progress))
        except Stopped as stopped:
            outcomes.append(Outcome(*names, "stopped", str(stopped), 128 + stopped.signal_number))
            break
        except HarnessError as error:
            if error.exit_code == 2:
                _remove_empty(task.folder)
            outcomes.append(
                Outcome(*names, "refused" if error.exit_code == 2 else "failed", str(error), error.exit_code)
            )
        except OSError as error:
            reason = (
                f"{error.strerror or error} ({error.filename or task.folder}); "
                "answered examples are kept, give the command again"
            )
            outcomes.append(Outcome(*names, "failed", reason, 1))
        except Exception as error:  # one failing model must not take the sweep with it
            if sys.flags.dev_mode or _debug():
                raise
            outcomes.append(Outcome(*names, "failed", f"{type(error).__name__}: {error}", 1))
    return outcomes


def run_task(
    task: TaskPlan, config: RunConfig, engine: Engine, *, stop: Callable[[], int | None], progress: "Progress"
) -> Outcome:
    """Asks, scores and writes one task of one configuration."""
    started = time.monotonic()
    forget_peaks()
    names = (task.corpus.name, task.task.name, config.model_name, str(task.folder))
    if unanswered(task, config):
        # Before the folder exists: a missing package or an untrained head is refused with nothing written.
        if hasattr(task.model, "load"):
            task.model.load()
        load_judges(task.judges)
    meter = EnergyMeter() if config.energy else None
    new = not task.folder.exists()
    with locked(task.folder):
        before = None if config.fresh else spent_before(task.folder)
        bar = progress.start(f"{config.model_name} · {task.task.name}", len(task.examples))
        try:
            asked = ask(
                task.folder,
                task.model,
                task.task,
                engine,
                task.corpus,
                task.examples,
                fresh=config.fresh,
                stop=stop,
                progress=bar,
                started=started,
                meter=meter,
            )
        except (HarnessError, Stopped) as fault:
            if new and isinstance(fault, HarnessError) and fault.exit_code == 2:
                # The model could not be asked at all.
                remove_begun(task.folder)
            elif not is_complete(task.folder) and (spent := spent_by(task.model, before)):
                write_run(task.folder, "started", **spent)
            raise
        except Exception as error:
            if not is_complete(task.folder):
                # The fault may be that nothing can be written.
                with suppress(OSError):
                    spent = spent_by(task.model, before)
                    write_run(task.folder, "error", reason=f"{type(error).__name__}: {error}", **spent)
            raise
        finally:
            progress.finish()
        begun = time.monotonic()
        findings = FindingJournal(task.folder, fresh=config.fresh)
        known = [*([] if config.fresh else read_judged(task.folder)), *findings.findings]
        judged, scored = score_plan(task, asked.answers, config, known=known, keep=findings.commit, stop=stop)
        seconds = {**asked.seconds, "score": time.monotonic() - begun}
        scores = scores_json(
            scored, task.corpus, task.task, model=model_identity(task, config), label_map=task.label_map
        )
        write_results(
            task.folder,
            config=task.config,
            examples=task.examples,
            keys=asked.keys,
            answers=asked.answers,
            scored=scored,
            scores=scores,
        )
        write_judged(task.folder, judged)
        kept = asked.asked < len(task.examples)
        own = spent_by(task.model, None)
        used = meter.used if meter else None
        took = {**measurements(asked, seconds, own, used), **spent_by(task.model, before if kept else None)}
        if not asked.asked:
            # Nothing was asked: what the answers took is what it took when they were asked for.
            took |= measured_before(task.folder)
        failure = over_error_limit(scored.ledger, config.fail_on_error, task.task.name)
        write_run(task.folder, "complete", failure=failure, **took)
        remove_journal(task.folder)
        remove_finding_journal(task.folder)
    remarks = _silent(scored, task)
    if meter and asked.asked and used is None:
        remarks += ("energy was to be measured, and codecarbon read none on this machine",)
    return Outcome(*names, "failed" if failure else "complete", failure, 1 if failure else 0, remarks)


def _silent(scored: Scored, task: TaskPlan) -> tuple[str, ...]:
    """Metrics that were asked for and have no row: nothing that they count is in the gold."""
    return tuple(
        f"metric {table.metric!r} gives no score: data {task.corpus.name!r} has no gold that it counts; "
        "docs/metrics.md says what each metric needs"
        for table in scored.counts
        if not table.names
    )


def score_plan(
    task: TaskPlan,
    answers: Mapping[str, Answer],
    config: RunConfig,
    *,
    known: Sequence[JudgedQuestion] = (),
    keep: Callable[[Sequence[JudgedQuestion]], None] = lambda _: None,
    stop: Callable[[], int | None] = lambda: None,
) -> tuple[dict[str, Judgement], Scored]:
    """Puts the metrics' questions to their judges and scores the answers of a task.

    Args:
        task: The task.
        answers: By example id.
        config: The configuration.
        known: Findings of before.
        keep: Told of every batch of new findings.
        stop: The signal that asks the run to stop, or None.
    """
    read = read_answers(task.examples, answers, task.corpus, task.task, task.label_map)

    def questions(metric: Metric, case: Case) -> list[Any]:
        return questions_of(metric, case, task.corpus, task.label_map)

    judged = judge_cases(task.metrics, task.judges, read.cases, questions, known=known, keep=keep, stop=stop)
    scored = score_examples(
        read,
        task.corpus,
        task.task,
        task.metrics,
        label_map=task.label_map,
        interval=config.interval,
        rng_seed=config.rng_seed,
        slices=config.slices,
        judged=judged,
    )
    return judged, scored


def model_identity(task: TaskPlan, config: RunConfig) -> dict[str, Any]:
    """The `model` part of `scores.json`."""
    return {"name": config.model_name, "signature": task.model.signature(), "gold": task.model.gold}


def over_error_limit(ledger: Mapping[str, Any], limit: FailOnError, task: str) -> str | None:
    """Why a run counts as failed although it has scores, or None."""
    examples = ledger["examples"]
    lost = examples["total"] - examples["scored"]
    share = lost / examples["total"] if examples["total"] else 0.0
    if share > limit.share or (limit.count is not None and lost > limit.count):
        bins = ", ".join(
            f"{name} {examples[name]}" for name in examples if name not in ("total", "scored") and examples[name]
        )
        no_entities = '; a document without entities is answered by a line {"doc": ID}'
        named = no_entities if examples["missing"] and task == "ner" else ""
        most = "" if limit.count is None else f", or more than {limit.count} of them (fail_on_error.count)"
        return (
            f"{lost} of {examples['total']} examples have no scored answer ({bins}){named}; "
            f"a run fails above {limit.share:.0%} of the examples (fail_on_error.share){most}"
        )
    return None


def remove_begun(folder: Path) -> None:
    """Removes what a run wrote that was refused at its first question; a journal with an answer in it stays."""
    if not holds_answers(folder):
        remove_journal(folder)
        (folder / "run.json").unlink(missing_ok=True)


def _remove_empty(folder: Path) -> None:
    """Removes the folder of a run, of its task and of its data, as far as nothing is in them."""
    with suppress(OSError):
        for place in (folder, *folder.parents[:2]):
            place.rmdir()


def unanswered(task: TaskPlan, config: RunConfig) -> list[Example]:
    """The examples that neither a complete run in the folder answers nor the journal of one that was cut off."""
    shared = fingerprint(task.model, task.task, task.corpus)
    keys = answer_keys(task.examples, shared)
    known = {} if config.fresh else stored_answers(task.folder)
    known |= journalled_answers(task.folder, shared, fresh=config.fresh)
    return [
        example
        for example in task.examples
        if keys[example.id] not in known or known[keys[example.id]].bin in ASKED_AGAIN
    ]


def dry_run(ready: Plan) -> list[dict[str, Any]]:
    """What a run would ask: examples, those answered already, words of input. Asks nothing, writes nothing."""
    rows = []
    for task in ready.tasks:
        waiting = unanswered(task, ready.config)
        rows.append(
            {
                "task": task.task.name,
                "model": ready.config.model_name,
                "examples": len(task.examples),
                "stored": len(task.examples) - len(waiting),
                "words": sum(len(example.input.text.split()) for example in waiting),
                "cost": _estimate(task.model, waiting),
                "folder": str(task.folder),
                "resumes": (task.folder / JOURNAL).exists(),
            }
        )
    return rows


def _estimate(model: Model, waiting: Sequence[Example]) -> float:
    estimate = getattr(model, "estimate", None)
    return float(estimate([example.input for example in waiting]) or 0.0) if estimate else 0.0


def _debug() -> bool:
    return os.environ.get("HARNESS_DEBUG") == "1"


class Progress:
    """Tells how far a run is; this one says nothing. `harness.report.progress` draws a bar."""

    def start(self, title: str, total: int) -> Callable[[int], None]:
        """Begins a bar and gives the function that moves it."""
        return lambda _: None

    def finish(self) -> None:
        """Ends the bar."""
