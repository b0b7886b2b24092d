"""The cheapest command that makes two runs comparable, with the exact overrides."""

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from harness.config import kind_class
from harness.resources import shipped
from harness.run_folder import StoredRun, folder_name

_PROGRAM = "python -m harness"
# Parts of the configuration that may keep rows apart; the rest is the model's own.
_SHARED = ("task", "data", "metric", "slices")


@dataclass(frozen=True)
class Advice:
    """What makes two runs comparable.

    Args:
        why: In words.
        commands: To be pasted; none where there is nothing to do, or no command does it.
    """

    why: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)


def advice(a: StoredRun, b: StoredRun, apart: set[str]) -> Advice:
    """What to do about two runs.

    Args:
        a: The one; the other is made like it.
        b: The other.
        apart: The groups of fields that keep them apart.
    """
    folders = [shlex.quote(str(run.folder)) for run in (a, b)]
    imported = any("imported" in run.run for run in (a, b))
    together = f"{_PROGRAM} compare {' '.join(folders)}{'' if imported else ' --pairs'}"
    if not apart:
        return Advice(["they can be compared as they are"], [together])
    if "task" in apart:
        return Advice(["they answer different tasks, which nothing makes comparable"])
    if imported:
        return Advice(["imported scores of another tool have no answers here that could be scored again"])
    shared = [part for part in _SHARED if a.config.get(part) != b.config.get(part)]
    if _maps(a) != _maps(b):
        shared = list(dict.fromkeys([*shared, "task"]))
    if not shared:
        score = f"{_PROGRAM} score {' '.join(folders)}"
        if "documents" in apart and a.scores["data"]["documents_sha256"] != b.scores["data"]["documents_sha256"]:
            why = (
                "the configurations agree, so the documents were edited between the runs; both commands are given "
                "again, and only what changed is asked"
            )
            return Advice([why], [*(_command(run, run, _results(run.folder)) for run in (a, b)), together])
        why = (
            "the configurations agree, so the gold was edited or the harness changed between the runs; the stored "
            "answers are scored again, and no model is asked"
        )
        return Advice([why], [score, together])
    return _again(a, b, shared)


def _again(a: StoredRun, b: StoredRun, shared: list[str]) -> Advice:
    data = {
        key: (a.config["data"].get(key), b.config["data"].get(key)) for key in ("documents", "gold", "name", "format")
    }
    asked = "data" in shared or a.config["task"] != b.config["task"]
    why = [
        f"B is run again with {' and '.join(shared)} of A; "
        + (
            "the model is asked where the stored answers do not fit"
            if asked
            else "its answers are kept, no model is asked"
        )
    ]
    like, results = _like(a, [*_maps(a), *_maps_of_model(b)]), _results(b.folder)
    commands = []
    if list(_maps(like)) != list(_maps(a)):
        why.append("and A with the label maps of B's model as well")
        commands.append(_command(a, like, _results(a.folder)))
    if any(one != other for one, other in data.values()):
        # A folder holds results of one corpus.
        results = results.parent / f"{results.name}-like-a"
        why.append(f"the results go to {results}, so that B's stay as they are")
    commands.append(_command(b, like, results))
    # What the folders are called hangs on the parameters.
    places = [root / folder_name(str(a.scores["data"]["name"]), {}, {}) / str(a.scores["task"])
              for root in (_results(a.folder), results)]  # fmt: skip
    shown = [str(place) for place in dict.fromkeys(places)] if len(commands) > 1 else [str(a.folder), str(places[1])]
    return Advice(why, [*commands, f"{_PROGRAM} compare {' '.join(map(shlex.quote, shown))}"])


def _maps(run: StoredRun) -> dict[str, None]:
    """The label maps of a run, in order: the task's, then the model's."""
    task = str(run.scores["task"])
    return dict.fromkeys([*(run.config["task"][task].get("label_map") or ()), *_maps_of_model(run)])


def _maps_of_model(run: StoredRun) -> list[str]:
    own = (run.config["model"].get(str(run.scores["task"])) or {}).get("label_map")
    names = [own] if isinstance(own, str) else own if isinstance(own, list) else []
    # What a model may say instead of a map.
    return [str(name) for name in names if name != "strict"]


def _like(run: StoredRun, maps: Sequence[str]) -> StoredRun:
    """The same run with these label maps in its task; a map that a model brings stands there as well."""
    task = str(run.scores["task"])
    if "label_map" not in run.config["task"][task]:
        return run
    values = {**run.config["task"][task], "label_map": list(dict.fromkeys(maps))}
    return replace(run, config={**run.config, "task": {task: values}})


def _results(folder: Path) -> Path:
    """`results` of `results/<data>/<task>/<model>`."""
    parts = folder.parts
    return Path(*parts[:-3]) if len(parts) > 3 else folder.resolve().parents[2]


def _command(run: StoredRun, like: StoredRun, results: Path) -> str:
    """The command of a run, with data, task, metrics and slices of another."""
    task, own = str(run.scores["task"]), ("rng_seed", "interval", "fail_on_error")
    overrides = [
        *_choice("model", run.config, task),
        f"task={task}",
        *_choice("data", like.config, task),
        *_metrics(like.config),
        *_task(like.config, task),
        *_values("", {key: run.config[key] for key in own}, {key: _evaluate()[key] for key in own}),
        *([f"slices={_written(like.config['slices'])}"] if like.config.get("slices") else []),
        f"results={_written(str(results))}",
    ]
    return " ".join([_PROGRAM, *map(shlex.quote, overrides)])


def _without_tasks(model: Mapping[str, Any], task: str) -> dict[str, Any]:
    return {key: value for key, value in model.items() if key not in ("ner", "stance", "summarization") or key == task}


def _choice(group: str, config: Mapping[str, Any], task: str) -> list[str]:
    """The file of a group that says nearly the same, and what has to be changed in it."""
    values = config[group] if group == "data" else _without_tasks(config[group], task)
    best: list[str] | None = None
    for path in sorted((shipped("conf") / group).glob("*.yaml")):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        if group == "model":
            content = _without_tasks(content, task)
            if (content.get(task) or {}).get("kind") != values[task].get("kind"):
                continue
        changed = [f"{group}={path.stem}", *_values(group, values, content, config)]
        best = changed if best is None or len(changed) < len(best) else best
    if best is None:
        # A file of the user's own, of the same name as a rule.
        best = ["--config-dir=DIR", f"{group}={values.get('name')}"]
    return best


def _metrics(config: Mapping[str, Any]) -> list[str]:
    """Which metrics, and what has to be changed in their files."""
    chosen = config["metric"]
    defaults = next(
        entry["metric"] for entry in _evaluate()["defaults"] if isinstance(entry, dict) and "metric" in entry
    )
    files: dict[str, Any] = {}
    for name in chosen:
        path = shipped("conf") / "metric" / f"{name}.yaml"
        if path.is_file():
            files |= yaml.safe_load(path.read_text(encoding="utf-8"))
    usual = [name for name in defaults if _task_of_metric(name) == _task_of_metric(next(iter(chosen), ""))]
    changed = [] if sorted(chosen) == sorted(usual) else [f"metric=[{','.join(chosen)}]"]
    for name, values in chosen.items():
        changed += _values(f"metric.{name}", values, files.get(name, {}), config)
    return changed


def _task_of_metric(name: str) -> str | None:
    path = shipped("conf") / "metric" / f"{name}.yaml"
    if not path.is_file():
        return None
    (values,) = yaml.safe_load(path.read_text(encoding="utf-8")).values()
    return str(kind_class("metric", values["kind"]).task)


def _task(config: Mapping[str, Any], task: str) -> list[str]:
    content = yaml.safe_load((shipped("conf") / "task" / f"{task}.yaml").read_text(encoding="utf-8"))
    return _values(f"task.{task}", config["task"][task], content[task], config)


def _evaluate() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((shipped("conf") / "evaluate.yaml").read_text(encoding="utf-8"))
    return content


def _values(place: str, values: Any, base: Any, whole: Mapping[str, Any] | None = None) -> list[str]:
    """Overrides that make `values` of `base`.

    Args:
        place: The key of both.
        values: What a run had.
        base: What a file says.
        whole: The run's configuration, which the file's interpolations are about.
    """
    if isinstance(values, Mapping) and isinstance(base, Mapping):
        changed = [f"~{place}.{key}" for key in base if key not in values and key != "about"]
        for key, value in values.items():
            if key == "about":
                continue
            inner = f"{place}.{key}" if place else str(key)
            changed += _values(inner, value, base[key], whole) if key in base else [f"++{inner}={_written(value)}"]
        return changed
    reference = re.fullmatch(r"\$\{([\w.]+)\}", base) if isinstance(base, str) else None
    if values == base or (reference and values == _found(whole, reference.group(1))):
        return []
    return [f"{place}={_written(values)}"]


def _found(config: Any, key: str) -> Any:
    for part in key.split("."):
        config = config.get(part) if isinstance(config, Mapping) else None
    return config


def _written(value: Any) -> str:
    """A value as an override has it."""
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_written(str(key))}:{_written(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_written, value)) + "]"
    if value is None or isinstance(value, bool | int | float):
        return json.dumps(value)
    text = str(value)
    if re.fullmatch(r"[A-Za-z_/][\w./-]*", text) and text.lower() not in ("null", "true", "false", "nan", "inf"):
        return text
    from harness.compose import quoted

    return quoted(text)
