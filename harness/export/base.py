"""What every export says about a run: whose scores, of which gold, how sure, and under which choices."""

import importlib
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from types import ModuleType
from typing import Any

from harness.comparison.columns import HEADLINES, conventions_of, find_score
from harness.comparison.table import spelled
from harness.config import modules_with, nearest, plugins
from harness.errors import ResourceError, UsageError
from harness.files import sha256
from harness.metric.base import Key
from harness.run_folder import StoredRun

# A name on a model hub: `owner/name`. Anything else may be a path on this machine, and stays here.
_HUB_NAME = re.compile(r"[a-z0-9][\w.-]{0,95}(?<!\.)/[a-z0-9][\w.-]{0,95}(?<!\.)", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class Options:
    """What a user may ask of an export.

    Args:
        metrics: Which scores, as `spelled` writes them; none for those that the target takes by itself.
        texts: Whether texts of documents and answers go along.
        project: What trackers file the runs under.
        organization: Who is named as having evaluated.
    """

    metrics: tuple[str, ...] = ()
    texts: bool = False
    project: str = "harness"
    organization: str = "not stated"


@dataclass(frozen=True)
class Score:
    """One row of a run's `scores.json`.

    Args:
        key: Which row.
        row: The row.
        lower_is_better: Whether less is better.
        fraction: Whether it lies in [0, 1].
    """

    key: Key
    row: Mapping[str, Any]
    lower_is_better: bool
    fraction: bool

    @property
    def name(self) -> str:
        """`entity.f1@label=GPE`, as `--metric` takes it."""
        return spelled(self.key)


# Takes runs, where to write, and what was asked; gives one line on what was written.
Export = Callable[[Sequence[StoredRun], Path | None, Options], str]


def targets() -> dict[str, Callable[[], ModuleType]]:
    """What imports each target that ships, by the name that a command line has for it; imports none yet."""
    return {name.replace("_", "-"): module for name, module in modules_with("export", "export").items()}


def export_to(target: str) -> Export:
    """The function of a target: `harness/export/<target>.py`, or a plugin's entry point in the group `harness.export`.

    Raises:
        UsageError: There is none; names the nearest.
    """
    modules = {**plugins("export"), **targets()}
    if target not in modules:
        known = ", ".join(sorted(modules))
        raise UsageError(f"--to: {target!r} is not offered{nearest(target, modules)}; there are {known}")
    export: Export = modules[target]().export
    return export


def scores_of(run: StoredRun, options: Options) -> list[Score]:
    """The rows of a run that were asked for: what a table shows comes first, all else in the order of the file.

    Raises:
        UsageError: A score was asked for that the run has not.
    """
    rows = {Key(row["metric"], row["average"], row["slice"]): row for row in run.scores["scores"]}
    wanted = {find_score(name, rows) for name in options.metrics} or set(rows)
    conventions = conventions_of([run])
    # A card or record is read from its top: micro F1 before the macro average, which the alphabet puts first.
    shown = {key: place for place, (_, key) in enumerate(HEADLINES.get(run.scores["task"], ()))}
    return [
        Score(
            key=key,
            row=row,
            lower_is_better=_among(key, conventions.lower_is_better),
            fraction=key.average != "count" and not _among(key, conventions.numbers) and -1 <= (row["value"] or 0) <= 1,
        )
        for key, row in sorted(rows.items(), key=lambda item: shown.get(item[0], len(shown)))
        if key in wanted
    ]


def identity(run: StoredRun) -> dict[str, str]:
    """What the scores are of, in words that hold no text of a document and no path of this machine."""
    scores = run.scores
    imported = run.run.get("imported")
    found = {
        "data": scores["data"]["name"],
        "documents": scores["data"]["documents"],
        "documents_sha256": scores["data"]["documents_sha256"],
        "gold_sha256": scores["data"]["gold_sha256"],
        "harness_version": scores["harness"],
        "learns_from_gold": scores["model"].get("gold", "none"),
        "model": scores["model"]["name"],
        # Prompts and examples are part of it, so it leaves as a hash alone.
        "model_signature_sha256": sha256(scores["model"].get("signature")),
        "task": scores["task"],
    }
    if "label_map" in scores:
        found["label_map"] = scores["label_map"]["name"]
    if imported:
        found["imported_from"] = f"{imported['tool']} {imported['version']}"
    return {name: str(value) for name, value in sorted(found.items())}


def ledger(run: StoredRun) -> dict[str, int]:
    """Examples by what became of them, input that was cut, and predicted spans likewise."""
    stored = run.scores["ledger"]
    return {
        **{f"examples.{name}": count for name, count in stored["examples"].items()},
        "examples.truncated": stored["truncated"],
        **({"unseen_gold": stored["unseen_gold"]} if "unseen_gold" in stored else {}),
        **{f"spans.{name}": count for name, count in stored["spans"].items()},
    }


def speed(run: StoredRun) -> dict[str, float]:
    """Seconds by stage, rates and memory, where they were measured."""
    measured = run.run
    seconds = measured.get("seconds") or {}
    found = {f"seconds.{name}": value for name, value in seconds.items()}
    found |= {
        name: measured.get(name) for name in ("examples_per_second", "tokens_per_second", "peak_memory_bytes", "cost")
    }
    return {name: float(value) for name, value in found.items() if isinstance(value, int | float)}


def is_hub_name(text: str) -> bool:
    """Whether a text could be a name on a hub."""
    return _HUB_NAME.fullmatch(text) is not None


def hub_name(run: StoredRun) -> str | None:
    """The model's name on a hub, where the configuration has one; a path of this machine is none."""
    model = run.config.get("model") or {}
    own = model.get(run.scores["task"])
    for place in (own, model):
        path = place.get("path") if isinstance(place, dict) else None
        if isinstance(path, str) and is_hub_name(path) and not Path(path).exists():
            return path
    return None


def run_name(run: StoredRun) -> str:
    """`data/task/folder`: no two runs of one results folder share it."""
    return f"{run.scores['data']['name']}/{run.scores['task']}/{run.folder.resolve().name}"


def folder_for(out: Path | None, target: str) -> Path:
    """The folder to write to.

    Raises:
        UsageError: None was given, or it is a file.
    """
    if out is None:
        raise UsageError(f"--to {target}: needs --out DIR")
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {out}: expected a folder, found a file")
    return out


def file_for(out: Path | None, target: str, example: str) -> Path:
    """The file to write.

    Raises:
        UsageError: None was given, or it is a folder.
    """
    if out is None:
        raise UsageError(f"--to {target}: needs --out FILE, for instance {example}")
    if out.is_dir():
        raise UsageError(f"--out {out}: expected a file, found a folder; for instance {out / example}")
    return out


def needs(package: str, install: str) -> Any:
    """A package that only an export uses.

    Raises:
        ResourceError: It is not installed.
    """
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError as error:
        raise ResourceError(f"export: needs the package {error.name}; `pip install {install}`") from None


@contextmanager
def environment(**values: str) -> Iterator[None]:
    """Environment variables that a package reads, for the time of an export; what the user set stays as it is."""
    ours = {name: value for name, value in values.items() if name not in os.environ}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name in ours:
            os.environ.pop(name, None)


def _among(key: Key, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(key.metric, pattern) for pattern in patterns)
