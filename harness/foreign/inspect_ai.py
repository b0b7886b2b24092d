"""Inspect: an evaluation log, `.eval` or `.json`, of log version 2.

Source: https://inspect.aisi.org.uk/eval-logs.html, `inspect_ai.log.EvalLog`.
Checked against: inspect_ai 0.3.285, model `mockllm/model`, both formats.
"""

from typing import Any

from harness.files import sha256
from harness.foreign.base import ForeignRun, ForeignScore, Place

_LOG_VERSION = 2
# Metrics that say how sure another one is, or how samples spread.
_ABOUT_OTHERS = ("stderr", "std", "var", "bootstrap_stderr", "bootstrap_std")
_STDERR = ("stderr", "bootstrap_stderr")
_MEANS = ("accuracy", "mean")


def recognizes(content: dict[str, Any]) -> bool:
    """Whether a file's content is of this tool."""
    return "eval" in content and "status" in content and "version" in content


def read(content: Place) -> list[ForeignRun]:
    """The one run of a log.

    Raises:
        DataError: The log is unfinished or newer, lacks what is needed, or something in it is of the wrong kind.
    """
    if content["version"].count() > _LOG_VERSION:
        raise content["version"].fault(
            f"expected a log version of at most {_LOG_VERSION}, found {content['version'].count()}"
        )
    if content["status"].text() != "success":
        raise content["status"].fault(f"expected a finished log ('success'), found {content['status'].value!r}")
    evaluated, results = content["eval"], content["results"]
    packages, dataset = evaluated.get("packages"), evaluated.get("dataset")
    version = packages.get("inspect_ai") if packages else None
    task_version = evaluated.get("task_version")
    ids = dataset.get("sample_ids") if dataset else None
    samples, completed = results["total_samples"].count(), results["completed_samples"].count()
    if completed > samples:
        raise results["completed_samples"].fault(f"expected at most total_samples, {samples}, found {completed}")
    config = evaluated.get("config")
    task = evaluated["task"].text()
    return [
        ForeignRun(
            tool="inspect_ai",
            version=version.version() if version else "unknown",
            task=task,
            task_version=task_version.version() if task_version else "unknown",
            model=evaluated["model"].text(),
            samples=samples,
            scored=completed,
            documents={
                "task": task,
                "dataset": dataset.object().get("name") if dataset else None,
                "samples": samples,
                "sample_ids": sha256([str(one.value) for one in ids.items()]) if ids else None,
            },
            asked={
                "task_args": _spelt(evaluated.object().get("task_args")),
                "epochs": _spelt(config.object().get("epochs")) if config else None,
                "generate": _spelt(evaluated.object().get("model_generate_config")),
            },
            scores=_scores(results),
        )
    ]


def _scores(results: Place) -> tuple[ForeignScore, ...]:
    found: dict[str, ForeignScore] = {}
    for score in results["scores"].items():
        name, metrics = score["name"].text(), score["metrics"]
        reducer = score.get("reducer")
        errors = [metrics[key]["value"].number() for key in _STDERR if key in metrics.object()]
        for key in metrics.names():
            metric = key.rpartition("/")[2]
            if metric in _ABOUT_OTHERS:
                continue
            whole = f"{name}/{key}"
            if whole in found:
                raise metrics.fault(f"the score {whole!r} stands twice")
            found[whole] = ForeignScore(
                name=whole,
                choices={"scorer": name, "metric": key, "reducer": reducer.text() if reducer else "none"},
                value=metrics[key]["value"].number(),
                stderr=errors[0] if errors and errors[0] >= 0 and metric in _MEANS else None,
            )
    if not found:
        raise results["scores"].fault("expected at least one score, found none")
    return tuple(found.values())


def _spelt(value: Any) -> str:
    return repr(value)
