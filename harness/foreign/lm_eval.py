"""lm-evaluation-harness: `results_*.json`, as versions 0.4.3 and later write it.

Source: https://github.com/EleutherAI/lm-evaluation-harness, `lm_eval/loggers/evaluation_tracker.py`.
Checked against: lm_eval 0.4.13, model `dummy` on a task of our own.
"""

from pathlib import PurePath
from typing import Any

from harness.files import sha256
from harness.foreign.base import ForeignRun, ForeignScore, Place

_STDERR = "_stderr"


def recognizes(content: dict[str, Any]) -> bool:
    """Whether a file's content is of this tool."""
    return "results" in content and ("lm_eval_version" in content or "n-shot" in content or "configs" in content)


def read(content: Place) -> list[ForeignRun]:
    """One run per task; groups, which pool tasks, are left out.

    Raises:
        DataError: The file lacks what is needed, or something in it is of the wrong kind.
    """
    version = content["lm_eval_version"].version() if content.get("lm_eval_version") else "unknown"
    groups = set(content["groups"].object()) if content.get("groups") else set()
    samples = content.get("n-samples")
    if samples is None:
        raise content.fault("has no 'n-samples', so no n; lm_eval writes it from version 0.4.3 on")
    runs = []
    for task in content["results"].names():
        if task in groups and task not in samples.object():
            continue
        runs.append(_run(content, task, version, samples[task]))
    if not runs:
        raise content["results"].fault("expected scores of at least one task, found none")
    return runs


def _run(content: Place, task: str, version: str, samples: Place) -> ForeignRun:
    original, scored = samples["original"].count(), samples["effective"].count()
    configs = content.get("configs")
    stored = configs.get(task) if configs else None
    # What `metadata` says is about the model, and moves no sample.
    config = {key: value for key, value in stored.object().items() if key != "metadata"} if stored else {}
    return ForeignRun(
        tool="lm_eval",
        version=version,
        task=task,
        task_version=_version(content, task),
        model=_model(content),
        samples=scored,
        scored=scored,
        documents={
            "task": task,
            "task_hash": _inner(content, "task_hashes", task, None),
            "config": sha256(_finite(config)),
            "original": original,
            "effective": scored,
        },
        asked={
            "num_fewshot": _inner(content, "n-shot", task, None),
            "chat_template": content.object().get("chat_template_sha"),
            "system_instruction": content.object().get("system_instruction_sha"),
            "model_args": sha256(_finite(_inner(content, "config", "model_args", None))),
        },
        scores=_scores(content, task),
    )


def _scores(content: Place, task: str) -> tuple[ForeignScore, ...]:
    stored = content["results"][task]
    scores = []
    for key in stored.names():
        metric, comma, chosen = key.partition(",")
        if not comma or metric.endswith(_STDERR):
            continue  # `alias`, `sample_len` and the like; errors go with their scores
        higher = _inner(content, "higher_is_better", task, {})
        error = f"{metric}{_STDERR},{chosen}"
        scores.append(
            ForeignScore(
                name=key,
                choices={"metric": metric, "filter": chosen},
                value=stored[key].number(),
                stderr=_error(stored.get(error)),
                lower_is_better=isinstance(higher, dict) and higher.get(metric) is False,
            )
        )
    if not scores:
        raise stored.fault("expected scores such as 'acc,none', found none")
    return tuple(scores)


def _error(place: Place | None) -> float | None:
    # "N/A" where it was not asked for, NaN where there is one sample.
    if place is None or isinstance(place.value, str) or place.value != place.value:
        return None
    if place.number() < 0:
        raise place.fault(f"expected a standard error from 0, found {place.value!r}")
    return place.number()


def _version(content: Place, task: str) -> str:
    found = _inner(content, "versions", task, None)
    return "unknown" if found is None else content["versions"][task].version()


def _model(content: Place) -> str | None:
    for place in (content.get("model_name"), content.get("config")):
        if place is not None and isinstance(place.value, dict):
            place = place.get("model")
        if place is not None and place.value != "":
            name = place.text()
            # A folder of whoever ran it is nobody's business.
            return PurePath(name).name if PurePath(name).is_absolute() else name
    return None


def _inner(content: Place, key: str, name: str, otherwise: Any) -> Any:
    place = content.get(key)
    return otherwise if place is None else place.object().get(name, otherwise)


def _finite(value: Any) -> Any:
    """A value that can be hashed: floats are spelt, since the file may hold NaN."""
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return repr(value) if isinstance(value, float) else value
