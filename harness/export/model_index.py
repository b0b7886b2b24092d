"""Hugging Face model-index: scores as metadata of a model card.

Source: https://huggingface.co/docs/hub/model-cards and `huggingface_hub.EvalResult`. A card that exists keeps its text
and its other metadata; results of the same data, task and metric are replaced.
"""

import io
from collections.abc import Sequence
from contextlib import redirect_stderr
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import UsageError
from harness.export.base import Options, Score, file_for, hub_name, identity, scores_of
from harness.files import write_text
from harness.report.shown import counted
from harness.report.text import markdown
from harness.run_folder import StoredRun

if TYPE_CHECKING:
    from huggingface_hub import EvalResult

_TASKS = {
    "ner": ("token-classification", "Named-entity recognition"),
    "stance": ("text-classification", "Stance detection"),
    "summarization": ("summarization", "Summarization"),
}
# The hub's own names of metrics.
_TYPES = {
    "f1": "f1",
    "precision": "precision",
    "recall": "recall",
    "accuracy": "accuracy",
    "mcc": "matthews_correlation",
}


def export(runs: Sequence[StoredRun], out: Path | None, options: Options) -> str:
    """Writes a model card, or the results into one that exists; one model per card.

    Raises:
        UsageError: Runs of several models, or a file that is no model card.
    """
    path = file_for(out, "model-index", "README.md")
    models = sorted({run.scores["model"]["name"] for run in runs})
    if len(models) > 1:
        raise UsageError(f"--to model-index: a card is of one model, the runs are of {', '.join(models)}; export each")
    results = [_result(run, score) for run in runs for score in _chosen(run, options)]
    if not results:
        raise UsageError("--to model-index: no score that was asked for is defined, so there is nothing to export")
    same = {_place(result) for result in results}
    if len(same) < len(results):
        raise UsageError("--to model-index: several runs have the same data, task and metric; name one of them")
    card = _card(path, models[0])
    kept = [result for result in card.data.eval_results or [] if _place(result) not in same]
    card.data.eval_results = [*kept, *results]
    card.data.model_name = card.data.model_name or hub_name(runs[0]) or models[0]
    write_text(path, str(card))
    return f"{path}: {counted(len(results), 'result')} of {models[0]}"


def _chosen(run: StoredRun, options: Options) -> list[Score]:
    """By itself a card takes scores of the whole set, no slices and no counts."""
    return [
        score
        for score in scores_of(run, options)
        if score.row["value"] is not None
        and (options.metrics or (score.key.slice == "all" and score.key.average != "count"))
    ]


def _place(result: "EvalResult") -> tuple[str | None, ...]:
    """What a card has one value of; the gold's hash is no part of it, so mended gold replaces."""
    return result.task_type, result.dataset_type, result.dataset_config, result.metric_name, result.metric_config


def _result(run: StoredRun, score: Score) -> "EvalResult":
    from huggingface_hub import EvalResult

    said, row = identity(run), score.row
    task_type, task_name = _TASKS.get(said["task"], (said["task"], said["task"]))
    interval = {"low": row["low"], "high": row["high"], "level": row["level"]} if row["low"] is not None else {}
    return EvalResult(
        task_type=task_type,
        task_name=task_name,
        dataset_type=said["data"],
        dataset_name=said["data"],
        dataset_config=said["task"],
        dataset_revision=said["gold_sha256"],
        dataset_args={"documents": int(said["documents"]), "documents_sha256": said["documents_sha256"]},
        metric_type=_TYPES.get(score.key.metric.rpartition(".")[2], score.key.metric.partition(".")[0]),
        metric_name=score.name,
        metric_value=row["value"],
        metric_config=score.key.average,
        metric_args={
            **interval,
            "method": row["method"],
            "n": row["n"],
            "unit": row["unit"],
            "signature": row["signature"],
            "harness_version": said["harness_version"],
            **({"imported_from": said["imported_from"]} if "imported_from" in said else {}),
        },
    )


def _card(path: Path, model: str) -> Any:
    from huggingface_hub import ModelCard, ModelCardData
    from yaml import YAMLError

    if not path.exists():
        return ModelCard(f"---\n{ModelCardData(model_name=model)}\n---\n\n# {markdown(model)}\n")
    try:
        # What it has to say about a card without metadata is nobody's concern here.
        with redirect_stderr(io.StringIO()):
            return ModelCard.load(path)
    except (YAMLError, OSError, ValueError, TypeError, LookupError, AttributeError) as error:
        said = " ".join(str(error).split())
        raise UsageError(f"{path}: no model card that can be read ({type(error).__name__}: {said})") from None
