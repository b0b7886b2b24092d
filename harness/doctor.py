"""What is installed, which models can run on this machine without a network, and whether results can be written."""

import importlib
import importlib.util
import os
import platform
import re
import shlex
import tempfile
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from harness import __version__
from harness.errors import HarnessError
from harness.records import TASKS
from harness.report.text import visible
from harness.resources import PACKAGE, shipped

# Whose import says whether the package works at all; the large ones are only looked for.
_IMPORTED = ("hydra", "numpy", "pyarrow", "pydantic", "scipy", "sentencex", "yaml", "rich", "filelock")
_ABOUT = {
    "hf": "transformers models",
    "joblib": "sweeps in several processes: hydra/launcher=joblib",
    "spacy": "data.format=spacy, model=spacy",
    "inception": "data.format=inception",
    "report": "charts of `python -m harness report`",
    "query": "`python -m harness query`",
    "mlflow": "`python -m harness export --to mlflow`",
    "wandb": "`python -m harness export --to wandb`",
    "trackio": "`python -m harness export --to trackio`",
    "gliner2": "model=gliner2",
    "openai": "model=openai_compatible",
    "gguf": "GGUF weights of model=hf_causal",
    "energy": "energy=true",
    "onnxruntime": "runtime=onnxruntime of hf_tagger and hf_pair",
}
_OK, _BAD, _ABSENT = "ok", "BROKEN", "-"


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, how it stands, what to say about it."""

    name: str
    state: str
    about: str = ""


def doctor(results: Path) -> tuple[str, int]:
    """Looks at everything and changes nothing.

    Args:
        results: Where runs would be written.

    Returns:
        The report, and 1 where something that every run needs is broken, else 0.
    """
    base, extras = _requirements()
    needed = [_package(name, specifier) for name, specifier in base]
    needed += [finding for name in _IMPORTED if (finding := _import(name)) is not None]
    machine = f"python {platform.python_version()} · {platform.system()} {platform.machine()}"
    sections = {
        f"harness {__version__} · {machine}": needed,
        "extras": [_extra(name, wanted) for name, wanted in extras.items()],
        "device": [_device()],
        "models": _models(),
        "folders": [*_caches(), _writable(results)],
    }
    lines: list[str] = []
    for title, findings in sections.items():
        lines += [title, *_lines(findings), ""]
    broken = [finding.name for finding in needed if finding.state == _BAD]
    lines.append(f"broken: {', '.join(broken)}" if broken else "every part that a run needs is there")
    return "\n".join(lines) + "\n", 1 if broken else 0


def _lines(findings: Iterable[Finding]) -> list[str]:
    rows = [(visible(f.name), visible(f.state), visible(f.about)) for f in findings]
    widths = [max((len(row[place]) for row in rows), default=0) for place in (0, 1)]
    return [f"  {name:{widths[0]}}  {state:{widths[1]}}  {about}".rstrip() for name, state, about in rows]


# ---- packages -------------------------------------------------------------------------------------------------------


def _requirements() -> tuple[list[tuple[str, str]], dict[str, list[tuple[str, str]]]]:
    """Name and version range of each dependency: of the package itself, and by extra."""
    try:
        stated = requires("harness") or []
    except PackageNotFoundError:
        stated = []
    if not stated and (PACKAGE.parent / "pyproject.toml").is_file():
        # A checkout that was not installed.
        project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        stated = [*project["dependencies"]]
        for extra, wanted in project.get("optional-dependencies", {}).items():
            stated += [f'{requirement}; extra == "{extra}"' for requirement in wanted]
    base: list[tuple[str, str]] = []
    extras: dict[str, list[tuple[str, str]]] = {}
    for requirement in stated:
        found = re.match(r"([\w.-]+(?:\[[^\]]*\])?)\s*\(?([^;)]*)\)?", requirement)
        extra = re.search(r"extra\s*==\s*['\"]([\w-]+)['\"]", requirement)
        if found:
            (extras.setdefault(extra[1], []) if extra else base).append((found[1], found[2].strip()))
    return base, extras


def _package(name: str, specifier: str) -> Finding:
    try:
        found = version(name.partition("[")[0])
    except PackageNotFoundError:
        return Finding(name, _BAD, f"not installed; pip install '{name}{specifier}'")
    if not _within(found, specifier):
        return Finding(name, _BAD, f"{found} is installed, {specifier} is needed; pip install '{name}{specifier}'")
    return Finding(name, _OK, found)


def _within(found: str, specifier: str) -> bool:
    try:
        from packaging.specifiers import SpecifierSet
    except ImportError:
        return True  # nothing to compare with; the import below says whether it works
    return SpecifierSet(specifier).contains(found, prereleases=True)


def _import(name: str) -> Finding | None:
    try:
        importlib.import_module(name)
    except Exception as error:
        return Finding(f"import {name}", _BAD, f"{type(error).__name__}: {error}")
    return None


def _extra(name: str, wanted: list[tuple[str, str]]) -> Finding:
    about = _ABOUT[name]
    lacking = [package for package, specifier in wanted if _package(package, specifier).state == _BAD]
    if lacking:
        return Finding(name, _ABSENT, f"{about}; pip install {shlex.join(lacking)}")
    return Finding(name, _OK, about)


def _device() -> Finding:
    if importlib.util.find_spec("torch") is None:
        return Finding("torch", _ABSENT, "not installed; models without weights run all the same")
    try:
        import torch

        if torch.cuda.is_available():
            return Finding("cuda", _OK, f"{torch.cuda.get_device_name(0)}, torch {torch.__version__}")
        return Finding("cpu", _OK, f"{os.cpu_count()} cores, torch {torch.__version__}")
    except Exception as error:
        return Finding("torch", _ABSENT, f"cannot be imported ({type(error).__name__}: {error})")


# ---- models ---------------------------------------------------------------------------------------------------------


def _models() -> list[Finding]:
    """Whether each configured model could answer with the network cable pulled."""
    return [_model(path) for path in sorted((shipped("conf") / "model").glob("*.yaml"))]


def _model(path: Path) -> Finding:
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    try:
        # What model files refer to outside themselves.
        loaded = OmegaConf.create({"model": OmegaConf.load(path), "rng_seed": 0})
        missing = _unset(OmegaConf.to_container(loaded, resolve=False))
        if missing:
            return Finding(path.stem, _ABSENT, f"set {', '.join(f'{key}=...' for key in missing)}")
        content = OmegaConf.to_container(loaded, resolve=True)
    except (OmegaConfBaseException, OSError, ValueError) as error:
        return Finding(path.stem, _ABSENT, f"cannot be read: {' '.join(str(error).split())}")
    model: Mapping[str, Any] = content["model"] if isinstance(content, dict) else {}
    tasks = [task for task in TASKS if isinstance(model.get(task), dict)]
    with_weights = [task for task in tasks if str(model[task].get("kind", "")).startswith("hf_")]
    faults = {task: fault for task in with_weights if (fault := _weights(model[task], task))}
    if faults:
        return Finding(path.stem, _ABSENT, f"{', '.join(faults)}: {next(iter(faults.values()))}")
    return Finding(path.stem, _OK, f"{', '.join(tasks)}{': weights on this machine' if with_weights else ''}")


def _unset(value: Any, place: str = "") -> list[str]:
    """Keys that the user has to give a value."""
    if isinstance(value, dict):
        return [
            key for name, inner in value.items() for key in _unset(inner, f"{place}.{name}" if place else str(name))
        ]
    return [place] if value == "???" else []


def _weights(parameters: Mapping[str, Any], task: str) -> str | None:
    """Why a task's model cannot run here, or None; nothing is downloaded."""
    if importlib.util.find_spec("torch") is None:
        return "needs torch, the extra `hf`: pip install torch"
    from harness.model.weights import locate

    try:
        locate(str(parameters.get("path") or ""), parameters.get("revision"), False, task=task)
    except HarnessError as error:
        # The first way to mend it; the run itself names the others.
        return " ".join(str(error).split()).partition(", or ")[0]
    return None


# ---- folders --------------------------------------------------------------------------------------------------------


def _caches() -> list[Finding]:
    home = Path(os.environ.get("HF_HOME") or Path("~/.cache/huggingface").expanduser())
    hub = Path(os.environ.get("HF_HUB_CACHE") or home / "hub")
    kept = Path(os.environ.get("HF_DATASETS_CACHE") or home / "datasets")
    return [
        Finding(name, _OK if folder.is_dir() else _ABSENT, f"{folder}{'' if folder.is_dir() else ' (not made yet)'}")
        for name, folder in (("weights cache", hub), ("data sets cache", kept))
    ]


def _writable(results: Path) -> Finding:
    """Whether run folders can be made, tried in the nearest folder that exists; what was tried is removed."""
    folder = results.expanduser().absolute()
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return Finding("results", _ABSENT, f"{results} cannot be written ({error.strerror}); give results=DIR to runs")
    free = _free(folder)
    return Finding("results", _OK, f"{results} can be written{free}")


def _free(folder: Path) -> str:
    import shutil

    try:
        return f", {shutil.disk_usage(folder).free / 1e9:.1f} GB free"
    except OSError:
        return ""
