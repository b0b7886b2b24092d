"""The Python door: the same rows as the command line gives."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.compose import CommandLine, compose_jobs, quoted
from harness.errors import ConfigError
from harness.evaluate import model_identity, score_plan
from harness.plan import Plan, plan
from harness.records import TASKS, TaskName
from harness.scoring import scores_json


def score(
    gold: str | Path,
    predictions: str | Path,
    *,
    task: TaskName,
    documents: str | Path | None = None,
    name: str = "predictions",
    overrides: Sequence[str] = (),
) -> dict[str, Any]:
    """Scores records that another system wrote; nothing is written.

    Args:
        gold: Folder or file of gold records, as `data.gold`.
        predictions: Folder or file of predicted records, as `model.path`.
        task: `ner`, `stance` or `summarization`.
        documents: Folder of `*.txt` or a `documents.jsonl`, as `data.documents`; None where the gold holds the texts.
        name: What the system is called.
        overrides: Further settings as on the command line, for instance `["metric=[entity_f1]", "data.format=conll"]`.

    Returns:
        The content of `scores.json`: `scores` holds the rows, `ledger` what was lost.

    Raises:
        HarnessError: Gold, predictions or overrides are wrong; the message holds every fault.
    """
    if task not in TASKS:
        raise ConfigError(f"task must be one of {', '.join(TASKS)}, got {task!r}")
    given = {"data.gold": gold, "data.documents": documents, "model.path": predictions}
    line = CommandLine(
        flags=(),
        overrides=(
            "data=local",
            "model=predictions",
            f"task={task}",
            f"model.name={quoted(name)}",
            *(f"{key}={quoted(str(value))}" for key, value in given.items() if value is not None),
            *overrides,
        ),
        multirun=False,
        config_dir=None,
    )
    composed = compose_jobs(line)[0]
    ready: Plan = plan(composed, writes=False)
    one = ready.tasks[0]
    answers = {e.id: a for e, a in zip(one.examples, one.model.answer([e.input for e in one.examples]), strict=True)}
    _, scored = score_plan(one, answers, composed.config)
    model = model_identity(one, composed.config)
    return scores_json(scored, one.corpus, one.task, model=model, label_map=one.label_map)
