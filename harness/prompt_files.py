"""Prompts by name or file in a configuration become what their files say, so that a stored one needs no file."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from harness.config import nearest, refuse_forbidden
from harness.errors import ConfigError
from harness.files import read_text
from harness.records import TASKS

GROUP = "prompt"


def is_file_name(value: str) -> bool:
    """Whether the value of a `prompt` key names a file rather than a prompt in `conf/prompt/`."""
    return value.endswith((".yaml", ".yml")) or "/" in value


def expanded(raw: Mapping[str, Any], load: Callable[[str, str], Mapping[str, Any]]) -> dict[str, Any]:
    """A resolved configuration in which the prompts of models and judges are mappings, and `prompt` itself is gone.

    Args:
        raw: The configuration; `prompt` is the chosen file of that group, which takes the place of the model's own
            prompt for the task that it is written for.
        load: From the key that asks and a name to what `conf/prompt/<name>.yaml` says.

    Raises:
        ConfigError: A prompt that does not exist or is no mapping, or one for a task whose model has none.
    """
    whole = {key: value for key, value in raw.items() if key != GROUP}
    metrics = whole.get("metric")
    if isinstance(metrics, Mapping):
        whole["metric"] = {name: _with_judge(name, parameters, load) for name, parameters in metrics.items()}
    model = whole.get("model")
    if not isinstance(model, Mapping):
        return whole
    model = dict(model)
    for task in TASKS:
        part = model.get(task)
        if isinstance(part, Mapping) and isinstance(part.get(GROUP), str):
            model[task] = {**part, GROUP: _loaded(f"model.{task}.prompt", part[GROUP], load)}
    chosen = raw.get(GROUP)
    if chosen is not None:
        if isinstance(chosen, Mapping) and chosen.get("task") == "judge":
            name = chosen.get("name")
            raise ConfigError(f"prompt={name}: is for judges; give it to one with metric.NAME.judge.prompt={name}")
        if not isinstance(chosen, Mapping) or chosen.get("task") not in TASKS:
            raise ConfigError(f"prompt: choose a file of conf/prompt/, which names its task ({', '.join(TASKS)})")
        task = chosen["task"]
        part = model.get(task)
        if not isinstance(part, Mapping) or GROUP not in part:
            asking = [name for name in TASKS if isinstance(model.get(name), Mapping) and GROUP in model[name]]
            has = f"it has prompts for {', '.join(asking)}" if asking else "it has none"
            raise ConfigError(
                f"prompt={chosen.get('name')}: is for {task}, which model {model.get('name')!r} asks "
                f"without a prompt; {has}"
            )
        model[task] = {**part, GROUP: dict(chosen)}
    return {**whole, "model": model}


def _with_judge(name: str, parameters: Any, load: Callable[[str, str], Mapping[str, Any]]) -> Any:
    """A metric's parameters with its judge's prompt, where it has one, as a mapping."""
    judge = parameters.get("judge") if isinstance(parameters, Mapping) else None
    if not isinstance(judge, Mapping) or not isinstance(judge.get(GROUP), str):
        return parameters
    prompt = _loaded(f"metric.{name}.judge.prompt", judge[GROUP], load)
    return {**parameters, "judge": {**judge, GROUP: prompt}}


def _loaded(where: str, value: str, load: Callable[[str, str], Mapping[str, Any]]) -> dict[str, Any]:
    return _from_file(where, value) if is_file_name(value) else _named(value, load(where, value))


def _named(name: str, content: Mapping[str, Any]) -> dict[str, Any]:
    return {**content, "name": content.get("name") or name}


def _from_file(where: str, value: str) -> dict[str, Any]:
    path = Path(value).expanduser()
    if not path.is_file():
        raise ConfigError(f"{where}: no such file: {value}")
    try:
        content = yaml.safe_load(read_text(path))
    except yaml.YAMLError as fault:
        raise ConfigError(f"{path}: expected YAML, found {' '.join(str(fault).split())}") from None
    if not isinstance(content, dict) or "template" not in content:
        found = nearest("template", content) if isinstance(content, dict) else ""
        raise ConfigError(f"{path}: expected a prompt: task, template, ...{found}")
    refuse_forbidden(content, str(path))
    return _named(path.stem, content)
