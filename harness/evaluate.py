"""A plan is carried out: asked, scored and written, one run folder per task."""

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.config import FailOnError, RunConfig
from harness.dry_run import unanswered
from harness.energy import EnergyMeter
from harness.engine.base import Engine, Stopped
from harness.errors import HarnessError
from harness.files import locked
from harness.findings import Asked as JudgedQuestion
from harness.findings import (
    FindingJournal,
    read_judged,
    remove_finding_journal,
    write_judged,
)
from harness.journal import holds_answers, remove_journal
from harness.judging import judge_cases, judge_in_words, load_judges
from harness.measurement import (
    Judging,
    forget_peaks,
    judging,
    judging_before,
    measured_before,
    measurements,
    spent_before,
    spent_by,
)
from harness.metric.base import Metric
from harness.plan import Plan, TaskPlan
from harness.predict import ask
from harness.records import Answer
from harness.run_folder import is_complete, write_results, write_run
from harness.said import shown
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
    loaded = bool(unanswered(task, config))
    if loaded:
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
        stored = [] if config.fresh else read_judged(task.folder)
        findings = FindingJournal(task.folder, fresh=config.fresh)
        if findings.left_behind(stored):
            findings.took.clear()
        earlier = len(findings.took)
        with _spending_kept(task, before):
            judged, scored = score_plan(
                task,
                asked.answers,
                config,
                known=[*stored, *findings.findings],
                loaded=loaded,
                keep=findings.commit,
                measure=findings.add,
                stop=stop,
            )
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
        if judged:
            put = {key for one in judged.values() for keys in one.keys.values() for key in keys}
            of_stored = judging_before(task.folder, {one.judge for one in stored if one.key in put})
            took["judging"] = judging(
                {name: one.identity for name, one in judged.items()}, [*of_stored, *findings.took]
            )
        failure = over_error_limit(scored.ledger, config.fail_on_error, task.task.name, asked.answers.values())
        write_run(task.folder, "complete", failure=failure, **took)
        remove_journal(task.folder)
        remove_finding_journal(task.folder)
    remarks = (*_silent(scored, task), *_took(judged, findings.took[earlier:]))
    if meter and asked.asked and used is None:
        remarks += ("energy was to be measured, and codecarbon read none on this machine",)
    return Outcome(*names, "failed" if failure else "complete", failure, 1 if failure else 0, remarks)


@contextmanager
def _spending_kept(task: TaskPlan, before: Mapping[str, Any] | None) -> Iterator[None]:
    """Keeps what the answers cost: where scoring ends early none of them is asked for again."""
    try:
        yield
    except BaseException:
        if not is_complete(task.folder) and (spent := spent_by(task.model, before)):
            # The fault may be that nothing can be written.
            with suppress(OSError):
                write_run(task.folder, "started", **spent)
        raise


def _silent(scored: Scored, task: TaskPlan) -> tuple[str, ...]:
    """Metrics that were asked for and have no row: nothing that they count is in the gold."""
    return tuple(
        f"metric {table.metric!r} gives no score: data {task.corpus.name!r} has no gold that it counts; "
        "docs/metrics.md says what each metric needs"
        for table in scored.counts
        if not table.names
    )


def _took(judged: Mapping[str, Judgement], took: Sequence[Judging]) -> tuple[str, ...]:
    """What judges were asked in this process, one line each."""
    found = []
    for name, entry in judging({name: one.identity for name, one in judged.items()}, took).items():
        if entry["asked"]:
            usage = entry["usage"] or {}
            said = [f"{entry['asked']:,} questions to its judge ({judge_in_words(judged[name].signature)})"]
            said.append(f"{entry['seconds']:,.1f} s")
            for key, what in (("input_tokens", "tokens read"), ("output_tokens", "tokens written")):
                said += [f"{usage[key]:,} {what}"] if usage.get(key) else []
            said += [f"cost {entry['cost']:.4g}"] if entry["cost"] else []
            found.append(f"metric {name!r}: {', '.join(said)}")
    return tuple(found)


def score_plan(
    task: TaskPlan,
    answers: Mapping[str, Answer],
    config: RunConfig,
    *,
    known: Sequence[JudgedQuestion] = (),
    loaded: bool = False,
    keep: Callable[[Sequence[JudgedQuestion]], None] = lambda _: None,
    measure: Callable[[Judging], None] = lambda _: None,
    stop: Callable[[], int | None] = lambda: None,
) -> tuple[dict[str, Judgement], Scored]:
    """Puts the metrics' questions to their judges and scores the answers of a task.

    Args:
        task: The task.
        answers: By example id.
        config: The configuration.
        known: Findings of before.
        loaded: Whether the judges were loaded already.
        keep: Told of every batch of new findings.
        measure: Told what each batch of new findings took.
        stop: The signal that asks the run to stop, or None.
    """
    read = read_answers(task.examples, answers, task.corpus, task.task, task.label_map)

    def questions(metric: Metric, case: Case) -> list[Any]:
        return questions_of(metric, case, task.corpus, task.label_map)

    judged = judge_cases(
        task.metrics,
        task.judges,
        read.cases,
        questions,
        known=known,
        loaded=loaded,
        keep=keep,
        measure=measure,
        stop=stop,
    )
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


def over_error_limit(
    ledger: Mapping[str, Any], limit: FailOnError, task: str, answers: Iterable[Answer] = ()
) -> str | None:
    """Why a run counts as failed although it has scores, or None.

    Args:
        ledger: Of the run.
        limit: What it may lose.
        task: Its name.
        answers: Those that were given; the commonest reason of those without one is told.
    """
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
            f"{_commonest(one.reason for one in answers if one.bin != 'scored' and one.reason)}"
        )
    return None


def _commonest(reasons: Iterable[str]) -> str:
    """`; most often (140): REASON`, or nothing."""
    return "".join(f"; most often ({n}): {shown(said)}" for said, n in Counter(reasons).most_common(1))


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


def _debug() -> bool:
    return os.environ.get("HARNESS_DEBUG") == "1"


class Progress:
    """Tells how far a run is; this one says nothing. `harness.report.progress` draws a bar."""

    def start(self, title: str, total: int) -> Callable[[int], None]:
        """Begins a bar and gives the function that moves it."""
        return lambda _: None

    def finish(self) -> None:
        """Ends the bar."""
