"""Scores of other tools as run folders, so that `compare` shows them beside one's own, apart and with the reason.

An imported run has scores and no answers: nothing of it is counted again, tested against another run or pooled.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness import __version__
from harness.comparison.table import spelled
from harness.config import nearest
from harness.errors import RunError, UsageError
from harness.files import file_sha256, locked, sha256
from harness.foreign.base import ForeignRun, ForeignScore, read_file
from harness.metric.base import Key
from harness.prediction_file import write_predictions
from harness.records import BINS, SPAN_BINS
from harness.run_folder import folder_name, is_complete, read_run, run_path, write_config, write_run, write_scores
from harness.scoring import SCHEMA, Scored

# Two standard normal quantiles make an interval at this level.
_LEVEL, _QUANTILE = 0.95, 1.959963984540054
# The average of our scores that a bare name means, by task.
_AVERAGES = {"ner": "micro", "stance": "pooled", "summarization": "mean"}
_FEW = 30
# Scores that cannot leave [0, 1], whoever computes them; their intervals are cut there.
_FRACTION = re.compile(r"\.(accuracy|acc|precision|recall|f1|favg|macro_f1)$")


@dataclass(frozen=True)
class Wanted:
    """What a user says about files of another tool.

    Args:
        task: The task that they are shown under.
        data: The data that they are shown under; None for the tool's own name of its task.
        name: The model's name; None for the tool's own.
        only: Tasks of the tool's to take; none for all.
        names: Our name of a score by the tool's: it is shown in that column.
        percent: Scores, by the tool's names, that the tool gives as percent.
    """

    task: str
    data: str | None = None
    name: str | None = None
    only: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    percent: tuple[str, ...] = ()


def import_files(files: Sequence[Path], results: Path, wanted: Wanted) -> list[Path]:
    """Writes a run folder for each task of each file, after all of them were read.

    Raises:
        DataError: A file that is no result file, or holds what is no score.
        UsageError: What was asked for is not in the files, or two of them would be one run.
        RunError: A folder cannot be written.
    """
    found = [(file, run) for file in files for run in read_file(file)]
    _refuse_unknown([run for _, run in found], wanted)
    chosen = [(file, run) for file, run in found if not wanted.only or run.task in wanted.only]
    if wanted.name is not None and len({run.model for _, run in chosen}) > 1:
        raise UsageError(f"--name {wanted.name}: the files have several models; import each by itself")
    folders: dict[Path, tuple[Path, ForeignRun]] = {}
    for file, run in chosen:
        if run.model is None and wanted.name is None:
            raise UsageError(f"{file}: names no model; give --name NAME")
        folder = _folder(results, run, wanted)
        if folder in folders:
            raise UsageError(f"{file}: the same model and task as {folders[folder][0]}; import one of them")
        if wanted.data is not None and any(run.task != other.task for _, other in folders.values()):
            tasks = ", ".join(sorted({one.task for _, one in chosen}))
            raise UsageError(f"--data {wanted.data}: the files have several tasks ({tasks}); choose with --only TASK")
        if is_complete(folder) and "imported" not in read_run(folder, verify=False).run:
            raise RunError(f"{folder}: holds a run of its own; give another --name")
        folders[folder] = (file, run)
    # All of it is made before any of it is written.
    contents = [(folder, file, run, _rows(run, wanted)) for folder, (file, run) in folders.items()]
    for folder, file, run, rows in contents:
        _write(folder, file, run, rows, wanted)
    return list(folders)


def _refuse_unknown(runs: Sequence[ForeignRun], wanted: Wanted) -> None:
    tasks = sorted({run.task for run in runs})
    for name in wanted.only:
        if name not in tasks:
            raise UsageError(f"--only {name}: not in the files{nearest(name, tasks)}; there are {', '.join(tasks)}")
    scores = sorted({score.name for run in runs for score in run.scores})
    for option, names in (("--as", wanted.names), ("--percent", wanted.percent)):
        for name in names:
            if name not in scores:
                hint = next((f"; did you mean {score!r}?" for score in scores if score.startswith(f"{name},")), None)
                hint = hint or nearest(name, scores)
                raise UsageError(f"{option} {name}: not in the files{hint}; there are {', '.join(scores)}")


def _folder(results: Path, run: ForeignRun, wanted: Wanted) -> Path:
    # Never the folder of a run of our own: those have no such key, and a hash tells the two apart.
    whose = {"tool": run.tool, "version": run.version, "task": run.task, "documents": run.documents, "asked": run.asked}
    own = folder_name(_name(run, wanted), {}, {"imported": whose})
    return run_path(results, wanted.data or run.task, wanted.task, own)


def _name(run: ForeignRun, wanted: Wanted) -> str:
    return str(wanted.name or run.model)


def _rows(run: ForeignRun, wanted: Wanted) -> dict[Key, tuple[ForeignScore, dict[str, Any]]]:
    """The rows of `scores.json`, each with the score that it is, in the order of the file."""
    rows: dict[Key, tuple[ForeignScore, dict[str, Any]]] = {}
    for score in run.scores:
        row = _row(run, score, wanted)
        key = Key(row["metric"], row["average"], row["slice"])
        if key in rows:
            raise UsageError(f"{rows[key][0].name} and {score.name} would both be {spelled(key)}; name one with --as")
        rows[key] = score, row
    return dict(sorted(rows.items()))


def _content(run: ForeignRun, rows: Sequence[dict[str, Any]], wanted: Wanted) -> dict[str, Any]:
    """`scores.json`."""
    return {
        "schema": SCHEMA,
        "harness": __version__,
        "data": {
            "name": wanted.data or run.task,
            "documents": run.samples,
            # No gold of ours can have these hashes, and equal ones say that a tool scored equal samples.
            "gold_sha256": sha256(["imported gold", run.tool, _hashable(run.documents)]),
            "documents_sha256": sha256(["imported documents", run.tool, _hashable(run.documents)]),
        },
        "task": wanted.task,
        "model": {
            "name": _name(run, wanted),
            "signature": {"kind": "imported", "tool": run.tool, "asked": sha256(_hashable(run.asked))},
            "gold": "none",
        },
        "ledger": {
            "examples": {
                "total": run.samples,
                **dict.fromkeys(BINS, 0),
                "scored": run.scored,
                "failed": run.samples - run.scored,
            },
            "truncated": 0,
            "spans": {"total": 0, **dict.fromkeys(SPAN_BINS, 0)},
        },
        "scores": list(rows),
    }


def _row(run: ForeignRun, score: ForeignScore, wanted: Wanted) -> dict[str, Any]:
    factor = 0.01 if score.name in wanted.percent else 1.0
    value = score.value * factor
    named = wanted.names.get(score.name)
    if named is not None:
        metric, _, average = named.partition("/")
        average = average or _AVERAGES[wanted.task]
        if abs(value) > 1:
            raise UsageError(
                f"--as {named}={score.name}: {value:g} is no fraction; --percent {score.name} says that it is per cent"
            )
    else:
        metric, average = f"{run.tool}.{_spelt(score.name)}", "mean"
    low = high = None
    method = f"none: {run.tool} gives no standard error"
    if score.stderr is not None:
        error = score.stderr * factor * _QUANTILE
        low, high, method = value - error, value + error, f"normal, by the standard error that {run.tool} gives"
        if _FRACTION.search(metric) and 0 <= value <= 1:
            low, high = max(0.0, low), min(1.0, high)
    choices = {"tool": run.tool, "version": run.version, "task": run.task, "task_version": run.task_version}
    signature = [metric, *(f"{name}:{_clean(text)}" for name, text in {**choices, **score.choices}.items())]
    return {
        "metric": metric,
        "average": average,
        "slice": "all",
        "value": value,
        "low": low,
        "high": high,
        "level": _LEVEL,
        "method": method,
        "n": run.scored,
        "unit": None,
        # The tool does not say how many are positive: every sample has an answer that is right.
        "support": float(run.scored),
        "unreliable": run.scored < _FEW,
        "note": f"imported from {run.tool} {run.version}; n counts its samples",
        "signature": "|".join(signature),
    }


def _write(
    folder: Path,
    file: Path,
    run: ForeignRun,
    rows: Mapping[Key, tuple[ForeignScore, dict[str, Any]]],
    wanted: Wanted,
) -> None:
    content = _content(run, [row for _, row in rows.values()], wanted)
    lower = sorted({key.metric for key, (score, _) in rows.items() if score.lower_is_better})
    imported = {
        "tool": run.tool,
        "version": run.version,
        "task": run.task,
        "task_version": run.task_version,
        "file": file.name,
        "file_sha256": file_sha256(file),
        "lower_is_better": lower,
    }
    config = {
        "data": {"name": content["data"]["name"]},
        "imported": imported,
        "metric": {},
        "model": {"name": content["model"]["name"], "asked": content["model"]["signature"]["asked"]},
        "task": {content["task"]: {"kind": content["task"]}},
    }
    with locked(folder):
        write_config(folder, config)
        write_predictions(folder / "predictions.parquet", [], {}, {})
        write_scores(folder, Scored([], content["scores"], content["ledger"]), content)
        write_run(folder, "complete", imported=imported)


def _hashable(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: repr(value) for name, value in values.items()}


def _clean(text: str) -> str:
    # What parts of a signature are set apart by.
    return re.sub(r"[|\n\r]", "_", text)


def _spelt(name: str) -> str:
    """`acc,none` -> `acc`; `match/accuracy` -> `match.accuracy`: what `--metric` can name."""
    return re.sub(r"[^\w-]+", ".", name.removesuffix(",none")).strip(".") or "score"
