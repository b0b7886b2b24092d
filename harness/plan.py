"""A configuration checked to the end: data, kinds, parameters, weights and run folders, before any model is asked."""

import dataclasses
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import shorten
from typing import Any

import yaml

from harness.compose import UNSET, Composed
from harness.config import RunConfig, build, check_options, kind_class, nearest
from harness.energy import require_codecarbon
from harness.engine.base import Engine
from harness.errors import ConfigError, GoldError, RunError
from harness.files import sha256
from harness.gold import Corpus, file_without_record, load_corpus
from harness.judge.base import Judge
from harness.judging import judges_of
from harness.label_map import NO_MAP, LabelMap, maps_of
from harness.metric.base import Metric
from harness.model.base import Model
from harness.predict import prepare_model
from harness.records import TASKS, Example, TaskName
from harness.run_folder import folder_name, is_complete, run_path
from harness.task.base import Task


@dataclass(frozen=True)
class TaskPlan:
    """One task of one configuration, ready to run.

    Args:
        task: The task.
        model: The model, prepared.
        metrics: The metrics of this task, by name.
        label_map: The task's and the model's maps joined.
        examples: What will be asked and scored.
        corpus: Documents and gold.
        folder: The run folder.
        config: What `config.yaml` will say.
        judges: The models that metrics ask, by the metric's name.
        remarks: What the model had to say of its inputs when it was prepared.
    """

    task: Task
    model: Model
    metrics: dict[str, Metric]
    label_map: LabelMap
    examples: list[Example]
    corpus: Corpus
    folder: Path
    config: dict[str, Any]
    judges: dict[str, Judge] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """A configuration that was checked to the end.

    Args:
        config: The configuration.
        engine: Where its batches run.
        tasks: What will run, in the order of the tasks.
        skipped: Why a task that nobody named will not run, one line each.
    """

    config: RunConfig
    engine: Engine
    tasks: list[TaskPlan]
    skipped: list[str] = field(default_factory=list)


# Corpora of one process by the configuration that they were read under: a sweep reads and checks each only once.
_corpora: dict[str, Corpus] = {}


def corpus_of(config: RunConfig, *, need_gold: bool = True) -> Corpus:
    """The corpus of a configuration."""
    key = sha256([repr(config.data), need_gold])
    if key not in _corpora:
        check_options(config.data.format, config.data.options, "data.options")
        _corpora[key] = load_corpus(config.data, need_gold=need_gold)
    return _corpora[key]


def plan(composed: Composed, *, need_gold: bool = True, writes: bool = True) -> Plan:
    """Checks a configuration to the end: data, kinds, parameters, weights, run folders. Asks no model, writes nothing.

    Args:
        composed: The configuration.
        need_gold: Whether the documents are to be scored.
        writes: Whether the run folders will be written, and may hold no other corpus' results.

    Raises:
        HarnessError: Whatever is wrong; exit code 2.
    """
    config = composed.config
    if config.energy:
        require_codecarbon()
    engine: Engine = build("engine", config.engine, "engine")
    corpus = corpus_of(config, need_gold=need_gold)
    metrics = {name: build("metric", values, f"metric.{name}") for name, values in config.metric.items()}
    ready: list[TaskPlan] = []
    skipped: list[str] = []
    for name in TASKS:
        if name not in config.task:
            continue
        of_task = {key: metric for key, metric in metrics.items() if metric.task == name}
        reason = _cannot_run(config, corpus, metrics, name, need_gold=need_gold)
        unfit: dict[str, str] = {}
        if need_gold and not reason:
            unfit = {key: why for key, metric in of_task.items() if (why := _outside_scheme(key, metric, corpus))}
            if unfit and composed.explicit_metrics:
                raise ConfigError("; ".join(unfit.values()))
            of_task = {key: metric for key, metric in of_task.items() if key not in unfit}
            if not of_task:
                reason = f"no metric of task {name!r} is left: {'; '.join(unfit.values())}"
        planned = reason or _plan_task(composed, corpus, name, of_task, need_gold=need_gold)
        if isinstance(planned, TaskPlan):
            planned = dataclasses.replace(
                planned, remarks=(*(f"left out: {why}" for why in unfit.values()), *planned.remarks)
            )
            if writes:
                _refuse_other_configuration(planned.folder, composed, planned.task.name, corpus)
            ready.append(planned)
        elif composed.explicit_tasks:
            raise ConfigError(planned)
        else:
            skipped.append(planned)
    if not ready:
        raise ConfigError("nothing to run: " + "; ".join(skipped))
    _refuse_unknown_slices(config, ready)
    return Plan(config, engine, ready, skipped)


def _refuse_unknown_slices(config: RunConfig, ready: Sequence[TaskPlan]) -> None:
    known = sorted({field_name for task in ready for example in task.examples for field_name in example.fields})
    for name in config.slices:
        if name == "label":
            raise ConfigError("slices: metrics report by label themselves; a field of that name would collide")
        if name not in known:
            raise ConfigError(
                f"slices: no example has a field {name!r}{nearest(name, known)}; there are {', '.join(known)}"
            )


def _cannot_run(
    config: RunConfig, corpus: Corpus, metrics: Mapping[str, Metric], name: TaskName, *, need_gold: bool
) -> str | None:
    if not config.answers(name):
        can = [task for task in TASKS if config.answers(task)]
        return f"model {config.model_name!r} does not answer task {name!r} (it answers {', '.join(can) or 'none'})"
    if not need_gold and name == "stance" and not corpus.targets:
        return 'stance needs targets: a targets.jsonl with lines {"id", "text"}, among the documents or under data.gold'
    if need_gold and not corpus.has_gold(name):
        file = file_without_record(config.data, name)
        found = f": {file} is there and has no record" if file else ""
        return f"data {corpus.name!r} has no gold for task {name!r}{found}"
    if need_gold and not any(metric.task == name for metric in metrics.values()):
        return f"no metric of task {name!r} was chosen"
    return None


def _outside_scheme(name: str, metric: Metric, corpus: Corpus) -> str | None:
    """Why a stance metric can say nothing about gold with these labels, or None."""
    given: Mapping[str, Sequence[str]] = getattr(metric, "scheme_labels", {})
    for key, labels in given.items():
        foreign = [label for label in labels if label not in corpus.stance_labels]
        if foreign:
            return (
                f"metric {name}: {', '.join(map(repr, foreign))} not in data.labels.stance "
                f"({', '.join(corpus.stance_labels)}); say which labels it means with metric.{name}.{key}=..."
            )
    return None


def _plan_task(
    composed: Composed, corpus: Corpus, name: TaskName, metrics: dict[str, Metric], *, need_gold: bool
) -> TaskPlan | str:
    """The plan of one task, or why its model cannot answer it."""
    config = composed.config
    parameters = dict(config.model[name])
    given = parameters.get("label_map")
    if not _has_field(kind_class("model", parameters.get("kind", "")), "label_map"):
        parameters.pop("label_map", None)
        if given and name != "ner":
            raise ConfigError(f"model.{name}.label_map: only NER labels are mapped; see the model's own parameters")
    task: Task = build("task", config.task[name], f"task.{name}")
    label_map = maps_of(task, given)
    model: Model = build("model", parameters, f"model.{name}")
    if _has_field(type(model), "format") and _has_field(type(model), "options"):
        check_options(getattr(model, "format"), getattr(model, "options"), f"model.{name}.options")  # noqa: B009
    if name not in model.tasks:
        raise ConfigError(f"model.{name}: kind {parameters['kind']!r} answers {', '.join(model.tasks)}, not {name!r}")
    reason = model.unavailable() if hasattr(model, "unavailable") else None
    if reason:
        return str(reason)
    if not need_gold and model.gold != "none":
        return f"model {config.model_name!r} learns task {name!r} from gold, and documents without gold have none"
    selects = getattr(model, "selects_sentences", False)
    examples = task.examples(corpus, gold=need_gold, selects=selects, label_map=label_map)
    if not examples:
        raise ConfigError(
            f"task {name!r}: no examples; no gold fits its parameters (styles asked for: {getattr(task, 'only', ())})"
        )
    _show_examples(model, task, config, {example.doc for example in examples})
    prepare_model(model, examples, corpus)
    # Finds out now whether the weights are on this machine.
    model.signature()
    folder = _folder(composed, name, corpus)
    stored = _stored_config(composed, name, metrics)
    judges = judges_of(metrics) if need_gold else {}
    remarks = tuple(getattr(model, "remarks", ()))
    return TaskPlan(task, model, metrics, label_map, examples, corpus, folder, stored, judges, remarks)


def _show_examples(model: Model, task: Task, config: RunConfig, evaluated: Collection[str]) -> None:
    """Shows a model that asks for them worked examples of another split; of no document that is evaluated."""
    split = getattr(model, "examples_from", None)
    if not split:
        return
    try:
        corpus = corpus_of(dataclasses.replace(config, data=dataclasses.replace(config.data, split=split, limit=None)))
    except GoldError as error:
        raise ConfigError(
            f"model.{task.name}: its worked examples come from the documents with split={split}: {error}"
        ) from None
    # As annotated: what a model answers is mapped later, like the gold.
    found = task.examples(corpus, gold=True, selects=False, label_map=NO_MAP)
    model.show([example for example in found if example.doc not in evaluated])  # type: ignore[attr-defined]


def _stored_config(composed: Composed, name: TaskName, metrics: Mapping[str, Metric]) -> dict[str, Any]:
    """What `config.yaml` says: the parts that concern this task, the same whether or not `task=` was given."""
    raw = composed.raw
    model = {key: value for key, value in raw["model"].items() if key not in TASKS or key == name}
    return {
        "data": raw["data"],
        "task": {name: raw["task"][name]},
        "model": model,
        "metric": {key: raw["metric"][key] for key in metrics},
        "engine": raw["engine"],
        "slices": raw["slices"],
        "rng_seed": raw["rng_seed"],
        "interval": raw["interval"],
        "fail_on_error": raw["fail_on_error"],
    }


def _folder(composed: Composed, name: TaskName, corpus: Corpus) -> Path:
    raw, reference = composed.raw, composed.reference
    changed: dict[str, Any] = {}
    others: dict[str, Any] = {}
    neutral = _neutral(raw["model"][name])
    for key, value, default in _differences(raw["model"].get(name), reference["model"].get(name)):
        if key in neutral:
            continue
        # A key that every user must set says nothing about the model by itself, and is often a path.
        hidden = default == UNSET or key.startswith("prompt.")
        (others if hidden else changed)[f"model.{name}.{key}"] = value
        if key == "prompt.name":
            changed[f"model.{name}.prompt"] = value
    for key, value, _ in _differences(raw["task"].get(name), reference["task"].get(name, raw["task"].get(name))):
        others[f"task.{name}.{key}"] = value
    for key, value, _ in _differences(raw["data"], reference["data"]):
        if key not in ("name", "about", "documents", "gold"):
            others[f"data.{key}"] = value
    own = folder_name(composed.config.model_name, changed, others)
    return run_path(Path(composed.config.results).expanduser(), corpus.name, name, own)


def _refuse_other_configuration(folder: Path, composed: Composed, name: TaskName, corpus: Corpus) -> None:
    """Two corpora of one `data.name`, or two models of one `model.name`, must not take turns in one folder.

    A corpus that was edited, or moved as it is, is the same corpus; `fresh=true` replaces whatever lies there.
    """
    if composed.config.fresh or not is_complete(folder):
        return
    try:
        before = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
        scored = json.loads((folder / "scores.json").read_text(encoding="utf-8"))["data"]
        paths = {key: before["data"].get(key) for key in ("documents", "gold")}
        model = {key: value for key, value in before["model"][name].items() if key in composed.raw["model"][name]}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, yaml.YAMLError):
        return
    moved = any(paths[key] != composed.raw["data"].get(key) for key in paths)
    same = (corpus.documents_sha256, corpus.gold_sha256(name)) == (scored["documents_sha256"], scored["gold_sha256"])
    if moved and not same:
        raise RunError(
            f"{folder}: holds results of another corpus of the same name (documents {paths['documents']!r}, gold "
            f"{paths['gold']!r}); give this one its own data.name, another results=DIR, or fresh=true to replace them"
        )
    neutral = _neutral(composed.raw["model"][name])
    differing = [
        found
        for found in _differences(composed.raw["model"][name], {**composed.raw["model"][name], **model})
        if found[0] not in neutral
    ]
    if differing:
        keys = ", ".join(
            f"{key} ({shorten(repr(old), 80)} then, {shorten(repr(now), 80)} now)" for key, now, old in differing
        )
        raise RunError(
            f"{folder}: holds results of another model of the same name; these differ: {keys}; "
            "give this one its own model.name, another results=DIR, or fresh=true to replace them"
        )


def _neutral(parameters: Mapping[str, Any]) -> frozenset[str]:
    """The parameters of a model that never move an answer."""
    found: frozenset[str] = getattr(kind_class("model", parameters["kind"]), "neutral", frozenset())
    return found


def _has_field(cls: Any, name: str) -> bool:
    return any(entry.name == name for entry in dataclasses.fields(cls))


def _differences(now: Any, default: Any, place: str = "") -> list[tuple[str, Any, Any]]:
    if isinstance(now, Mapping) and isinstance(default, Mapping):
        found = []
        for key in sorted({*now, *default}):
            found += _differences(now.get(key), default.get(key), f"{place}.{key}" if place else str(key))
        return found
    return [] if now == default else [(place, now, default)]
