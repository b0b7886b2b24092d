"""A stored run opened again with its gold, and scored again; no model is loaded."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.config import RunConfig, build, refuse_forbidden, typed_config
from harness.errors import RunError
from harness.evaluate import Outcome, over_error_limit
from harness.files import locked
from harness.findings import NAME as JUDGED
from harness.findings import read_judged
from harness.gold import Corpus
from harness.judging import judged_before
from harness.label_map import LabelMap, maps_of
from harness.metric.base import Metric
from harness.plan import corpus_of
from harness.prediction_file import input_sha256, read_answers_of, read_predictions
from harness.records import TASKS, Answer, Example, TaskName
from harness.run_folder import StoredRun, file_fault, read_run, write_run, write_scores
from harness.scoring import Case, questions_of, read_answers, score_examples, scores_json
from harness.task.base import Task


@dataclass(frozen=True)
class Reopened:
    """A stored run beside its gold.

    Args:
        run: The run as it lies in its folder.
        config: Its configuration, typed.
        corpus: Documents and gold as they are now.
        task: The task.
        metrics: By name.
        label_map: The task's and the model's maps joined.
        examples: With gold, in the order of the corpus.
        answers: The stored answers by example id.
    """

    run: StoredRun
    config: RunConfig
    corpus: Corpus
    task: Task
    metrics: dict[str, Metric]
    label_map: LabelMap
    examples: list[Example]
    answers: dict[str, Answer]


def reopen(folder: Path, *, verify: bool = True) -> Reopened:
    """Opens a stored run with the gold that its configuration names.

    Args:
        folder: A run folder.
        verify: Whether every file must be as the run left it; else only the stored answers.

    Raises:
        RunError: Incomplete or altered, or the documents are no longer those that were answered.
        GoldError: The gold is no longer well formed.
    """
    run = read_run(folder, verify=verify)
    if "imported" in run.run:
        raise RunError(f"{folder}: was imported from scores of another tool, so it has no answers to open or score")
    refuse_forbidden(run.config)
    config = typed_config({**run.config, "results": str(folder), "dry_run": False, "fresh": False})
    name: TaskName = next(task for task in TASKS if task in config.task)
    corpus = corpus_of(config)
    if corpus.documents_sha256 != run.scores["data"]["documents_sha256"]:
        raise RunError(
            f"{folder}: the documents changed since this run, so its answers are to other texts; give its command again"
        )
    task: Task = build("task", config.task[name], f"task.{name}")
    label_map = maps_of(task, config.model[name].get("label_map"))
    # What the model selected it has shown by answering; the model itself is not asked.
    selects = name == "summarization" and any(p.fields.get("style") == "extract" for p in read_predictions(folder))
    metrics = {key: build("metric", values, f"metric.{key}") for key, values in config.metric.items()}
    examples = task.examples(corpus, gold=True, selects=selects, label_map=label_map)
    return Reopened(
        run=run,
        config=config,
        corpus=corpus,
        task=task,
        metrics={key: metric for key, metric in metrics.items() if metric.task == name},
        label_map=label_map,
        examples=examples,
        answers=_answers_to(examples, folder),
    )


def _answers_to(examples: Sequence[Example], folder: Path) -> dict[str, Answer]:
    """The stored answers by example id.

    Raises:
        RunError: Sentences, targets or zones, which are no part of the documents' hash, are not what was answered.
    """
    answers: dict[str, Answer] = {}
    changed: list[str] = []
    by_id: dict[str, Example] = {}
    following = iter(examples)
    for part in read_answers_of(folder):
        for name, answer, shown in zip(part.examples, part.answers, part.inputs, strict=True):
            # Both are in the order of the corpus, unless the gold changed.
            example = next(following, None)
            if example is None or example.id != name:
                by_id = by_id or {one.id: one for one in examples}
                example = by_id.get(name)
            if example is None:
                continue
            if shown != input_sha256(example.input):
                changed.append(name)
            answers[example.id] = answer
    if changed:
        raise RunError(
            f"{folder}: what was asked changed since this run in {len(changed)} examples (first {changed[0]!r}), so "
            "its answers are to other sentences, targets or limits; give its command again"
        )
    return answers


def rescore(folder: Path) -> Outcome:
    """Makes counts and scores of a stored run again; answers stay as they are.

    Raises:
        RunError: As `reopen`; altered counts or scores are no hindrance, altered answers are.
    """
    with locked(folder), _without_collection():
        _verify_answers(read_run(folder, verify=False))
        opened = reopen(folder, verify=False)
        read = read_answers(opened.examples, opened.answers, opened.corpus, opened.task, opened.label_map)
        # The cases hold them now; a dictionary of a million answers takes tens of megabytes.
        opened.answers.clear()

        def questions(metric: Metric, case: Case) -> list[Any]:
            return questions_of(metric, case, opened.corpus, opened.label_map)

        judged = judged_before(
            opened.metrics, read.cases, questions, read_judged(folder), opened.run.scores.get("judges", {}), folder
        )
        scored = score_examples(
            read,
            opened.corpus,
            opened.task,
            opened.metrics,
            label_map=opened.label_map,
            interval=opened.config.interval,
            rng_seed=opened.config.rng_seed,
            slices=opened.config.slices,
            judged=judged,
        )
        model: dict[str, Any] = opened.run.scores["model"]
        scores = scores_json(scored, opened.corpus, opened.task, model=model, label_map=opened.label_map)
        write_scores(folder, scored, scores)
        kept = {
            key: value
            for key, value in opened.run.run.items()
            if key not in ("status", "files", "versions", "hardware", "failure")
        }
        reason = over_error_limit(scored.ledger, opened.config.fail_on_error, opened.task.name, opened.answers.values())
        write_run(folder, "complete", failure=reason, **kept)
    names = (opened.corpus.name, opened.task.name, opened.config.model_name, str(folder))
    return Outcome(*names, "failed" if reason else "complete", reason, 1 if reason else 0)


@contextmanager
def _without_collection() -> Iterator[None]:
    """Scoring makes millions of records and no cycles of them, and looking for some takes a fifth of its time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _verify_answers(run: StoredRun) -> None:
    files = run.run.get("files", {})
    # Only a run with a metric that asks a model has findings.
    for name in ("config.yaml", "predictions.parquet", *(name for name in (JUDGED,) if name in files)):
        if fault := file_fault(run.folder / name, files.get(name)):
            raise RunError(f"{run.folder / name}: {fault}; give the run's command again")
