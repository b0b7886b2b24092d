"""What can be chosen on the command line, read from the configuration files alone: nothing is imported or looked up."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from harness.errors import ConfigError, UsageError
from harness.records import TASKS
from harness.report.text import visible
from harness.resources import shipped

_GROUPS = {
    "models": "model",
    "tasks": "task",
    "metrics": "metric",
    "data": "data",
    "prompts": "prompt",
    "gates": "gate",
    "experiments": "experiment",
}
_HOW = {
    "models": "model=NAME; `python -m harness doctor` says which weights are on this machine",
    "tasks": "task=NAME or task=[NAME,NAME]; all that the model answers and the data has gold for, if not given",
    "metrics": "metric=[NAME,NAME]; * is scored if not given",
    "data": "data=NAME; `data=local` for documents of your own",
    "prompts": "prompt=NAME, or model.TASK.prompt=NAME_OR_FILE, of a model that is prompted",
    "gates": "`python -m harness check RUN --baseline RUN --gate NAME_OR_FILE`",
    "experiments": "+experiment=NAME",
}


def catalogue(what: str, config_dir: Path | None = None) -> str:
    """A list with one line per configuration file.

    Args:
        what: `models`, `tasks`, `metrics`, `data`, `prompts`, `gates` or `experiments`.
        config_dir: The user's own configurations; their files are listed beside the shipped ones.

    Raises:
        UsageError: `config_dir` is no folder.
        ConfigError: A file that is not YAML.
    """
    if config_dir is not None and not config_dir.is_dir():
        raise UsageError(f"--config-dir: no such folder: {config_dir}")
    group = _GROUPS[what]
    found: dict[str, Path] = {}
    for folder in (shipped("conf"), config_dir):
        if folder is not None:
            found |= {path.stem: path for path in sorted((folder / group).glob("*.yaml"))}
    rows = [_row(what, name, path) for name, path in sorted(found.items())]
    if not rows:
        return f"no {what}\n"
    return _aligned([_HEADINGS[what], *rows]) + f"\n{_HOW[what]}\n"


_HEADINGS = {
    "models": ("model", "answers", "about"),
    "tasks": ("task", "about"),
    "metrics": ("metric", "task", "about"),
    "data": ("data", "needs", "about"),
    "prompts": ("prompt", "task", "about"),
    "gates": ("gate", "about"),
    "experiments": ("experiment", "command"),
}


def _row(what: str, name: str, path: Path) -> tuple[str, ...]:
    text = _text(path)
    content = _content(path, text)
    comment = _comment(text)
    about = visible(content.get("about") or comment)
    if what == "models":
        answers = [task for task in TASKS if isinstance(content.get(task), dict)]
        needs = _needed(content)
        more = f" (needs {', '.join(f'model.{key}' for key in needs)})" if needs else ""
        return visible(name), " ".join(answers), about + more
    if what == "metrics":
        star = "*" if name in _default_metrics() else ""
        return visible(name) + star, _task_of(content), about
    if what == "prompts":
        return visible(name), visible(content.get("task")), about
    if what == "gates":
        return visible(name), about
    if what == "data":
        return visible(name), " ".join(f"data.{key}" for key in _needed(content)) or "-", about
    return visible(name), visible(comment)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as UTF-8 text ({error})") from None


def _content(path: Path, text: str) -> dict[str, Any]:
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: expected YAML, found {' '.join(str(error).split())}") from None
    return content if isinstance(content, dict) else {}


def _comment(text: str) -> str:
    """The first comment, without the file's own name."""
    comments = [line.lstrip("# ").strip() for line in text.splitlines() if line.startswith("#")]
    # Hydra wants its own directive on the first line of a recipe.
    first = next((comment for comment in comments if comment and not comment.startswith("@")), "")
    place, _, rest = first.partition(": ")
    return rest if place.startswith("conf/") and rest else first


def _needed(content: Mapping[str, Any], place: str = "") -> list[str]:
    """Keys that the user has to give a value."""
    found: list[str] = []
    for key, value in content.items():
        if isinstance(value, dict):
            found += _needed(value, f"{place}{key}.")
        elif value == "???":
            found.append(f"{place}{key}")
    return found


def _task_of(content: Mapping[str, Any]) -> str:
    """The task of a metric's kind, read from its module: importing it would load what it computes with."""
    kinds = [value.get("kind") for value in content.values() if isinstance(value, dict)]
    source = Path(__file__).parent / "metric" / f"{kinds[0]}.py" if kinds else None
    if source is None or not source.is_file():
        return "?"
    found = re.search(r'task: ClassVar\[TaskName\] = "(\w+)"', source.read_text(encoding="utf-8"))
    return found[1] if found else "?"


def _default_metrics() -> list[str]:
    content = yaml.safe_load((shipped("conf") / "evaluate.yaml").read_text(encoding="utf-8"))
    for entry in content.get("defaults", ()):
        if isinstance(entry, dict) and "metric" in entry:
            return list(entry["metric"])
    return []


def _aligned(rows: list[tuple[str, ...]]) -> str:
    from harness.report.terminal import width, wrapped

    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]) - 1)]
    indent = sum(widths) + 2 * len(widths)
    free = max(30, width() - indent)
    lines = []
    for row in rows:
        left = "".join(cell.ljust(size + 2) for cell, size in zip(row, widths, strict=False))
        first, *more = wrapped(row[-1], free)
        lines += [(left + first).rstrip(), *(" " * indent + line for line in more)]
    lines.insert(1, "─" * max(map(len, lines)))
    return "\n".join(lines) + "\n"
