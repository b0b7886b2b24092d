"""What metrics and people give the answers of several systems: one table each, systems by documents.

Scores come from stored runs, whose counts are read and no model is loaded, or from a file; ratings from a file.
"""

import csv
import io
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from harness.comparison.columns import HEADLINES, find_score
from harness.comparison.table import spelled
from harness.config import build, nearest, refuse_forbidden
from harness.counts import counts_behind, unit_table
from harness.errors import DataError, RunError, UsageError
from harness.files import read_json_lines, read_text
from harness.metric.base import Array, Key, Metric
from harness.run_folder import StoredRun, find_runs, read_run, stored_counts
from harness.statistics.agreement import alpha_interval


@dataclass(frozen=True)
class Scores:
    """What metrics give each document of each system.

    Args:
        systems: Names, sorted.
        documents: Ids, sorted.
        values: By metric, shape (systems, documents); NaN where undefined.
        given: Likewise whether there is a score at all, be it undefined.
        signatures: By metric, where known.
    """

    systems: tuple[str, ...]
    documents: tuple[str, ...]
    values: Mapping[str, Array]
    given: Mapping[str, Array]
    signatures: Mapping[str, str]


@dataclass(frozen=True)
class Ratings:
    """What people gave, for one criterion.

    Args:
        criterion: What they judged; empty where the file does not say.
        values: Shape (systems, documents) of the scores they belong to; NaN where there is none.
        annotators: Number of those who are named.
        alpha: Krippendorff's alpha between them (interval); None where no two rated the same.
    """

    criterion: str
    values: Array
    annotators: int = 0
    alpha: float | None = None


# ---- scores ---------------------------------------------------------------------------------------------------------


def scores_of_runs(paths: Sequence[Path], metrics: Sequence[str] = (), task: str | None = None) -> Scores:
    """Scores per document of stored runs, from their counts.

    Args:
        paths: Run folders, or folders above several; each run is a system, called by `model.name`, or by its folder
            where two have one name.
        metrics: As `compare --metric` takes them; none for the headline scores of the task.
        task: Which runs to take; None where all are of one task.

    Raises:
        RunError: A run is not complete, of other documents or gold than the others, or scored otherwise.
        UsageError: Runs of several tasks or data sets, or an unknown score.
    """
    folders = dict.fromkeys(folder for path in paths for folder in find_runs(path))
    runs = [read_run(folder) for folder in folders]
    for run in runs:
        refuse_forbidden(run.config)
    tasks = sorted({str(run.scores["task"]) for run in runs})
    if task is not None:
        runs = [run for run in runs if run.scores["task"] == task]
        if not runs:
            raise UsageError(f"--task {task}: none of the runs is of this task; there are {', '.join(tasks)}")
    elif len(tasks) > 1:
        raise UsageError(f"the runs are of {len(tasks)} tasks; choose with --task: {', '.join(tasks)}")
    _refuse_unlike(runs)
    names = _system_names(runs)
    known = {Key(row["metric"], row["average"], row["slice"]) for run in runs for row in run.scores["scores"]}
    keys = [find_score(name, known) for name in metrics] or _usual(str(runs[0].scores["task"]), known)
    found = {name: _per_document(run, keys) for name, run in zip(names, runs, strict=True)}
    cells = {
        spelled(key): {(system, doc): value for system, of in found.items() for doc, value in of[key].items()}
        for key in keys
    }
    return _table(cells, {spelled(key): _signature(runs, key) for key in keys})


def _usual(task: str, known: set[Key]) -> list[Key]:
    keys = [key for _, key in HEADLINES.get(task, ()) if key in known]
    return keys or sorted(key for key in known if key.slice == "all" and key.average != "count")


def _refuse_unlike(runs: Sequence[StoredRun]) -> None:
    first = runs[0]
    for run in runs[1:]:
        for name, words in (("name", "data"), ("documents_sha256", "documents"), ("gold_sha256", "gold")):
            if run.scores["data"][name] != first.scores["data"][name]:
                raise RunError(
                    f"{run.folder} and {first.folder} are of other {words}; only runs over the same can be correlated "
                    "with one set of ratings"
                )


def _system_names(runs: Sequence[StoredRun]) -> list[str]:
    names = [str(run.scores["model"]["name"]) for run in runs]
    names = [
        run.folder.resolve().name if names.count(name) > 1 else name for name, run in zip(names, runs, strict=True)
    ]
    for name in names:
        if names.count(name) > 1:
            places = [str(run.folder) for run, own in zip(runs, names, strict=True) if own == name]
            raise UsageError(f"{' and '.join(places)} would both be called {name!r}; name the one that was rated")
    return names


def _signature(runs: Sequence[StoredRun], key: Key) -> str:
    found: dict[str, Path] = {}
    for run in runs:
        for row in run.scores["scores"]:
            if (row["metric"], row["average"], row["slice"]) == (key.metric, key.average, key.slice):
                found.setdefault(str(row["signature"]), run.folder)
    if len(found) > 1:
        (one, first), (other, second) = list(found.items())[:2]
        raise RunError(
            f"{spelled(key)} is {one} in {first} and {other} in {second}; scores of unlike signatures are not "
            "correlated together: run them with one metric configuration"
        )
    return next(iter(found))


def _per_document(run: StoredRun, keys: Sequence[Key]) -> dict[Key, dict[str, float]]:
    tables = stored_counts(run.folder)
    metrics: dict[str, Metric] = {
        name: build("metric", values, f"metric.{name}") for name, values in run.config["metric"].items()
    }
    found: dict[Key, dict[str, float]] = {}
    for key in keys:
        behind = counts_behind(key, tables, metrics)
        if behind is None:
            raise RunError(f"{run.folder}: {spelled(key)} cannot be had for single documents from its counts")
        # Documents are wanted whatever would be resampled.
        by_document = unit_table(replace(behind.table, units=behind.table.documents), behind.metric)
        matrix = by_document.matrix if isinstance(by_document.matrix, np.ndarray) else by_document.matrix.toarray()
        scores = behind.metric.compute({name: matrix[:, number] for number, name in enumerate(by_document.names)})
        values = np.asarray(scores[behind.key], dtype=np.float64).tolist()
        found[key] = dict(zip(by_document.ids, values, strict=True))
    return found


def scores_of_file(path: Path, metrics: Sequence[str] = ()) -> Scores:
    """Scores made elsewhere: `{"doc", "system", "metric", "value"}`, as JSON Lines or CSV.

    Args:
        path: The file; `.csv` is read as CSV with a heading. An empty value or null says undefined.
        metrics: Which; none for all.

    Raises:
        DataError: With every wrong line.
        UsageError: A metric that the file does not have.
    """
    cells: dict[str, dict[tuple[str, str], float]] = {}
    places: dict[tuple[str, str, str], str] = {}
    faults: list[str] = []
    for where, record in _records(path):
        doc, system = _word(record, "doc"), _system(record)
        metric, value = _word(record, "metric"), _number(record, "value", undefined=True)
        if doc is None or system is None or metric is None or value is None:
            faults.append(f'{where}: expected {{"doc", "system", "metric", "value": number or null}}, found {record}')
        elif (doc, system, metric) in places:
            faults.append(f"{where}: {metric} of {system!r} on {doc!r} stands at {places[doc, system, metric]} already")
        else:
            places[doc, system, metric] = where
            cells.setdefault(metric, {})[system, doc] = value
    if faults or not cells:
        raise DataError(faults or [f"{path}: no scores there"])
    for name in metrics:
        if name not in cells:
            raise UsageError(f"--metric {name}: {path} has no such metric{nearest(name, cells)}")
    return _table({name: cells[name] for name in metrics or cells}, {})


def joined(first: Scores, second: Scores) -> Scores:
    """The metrics of both, over the systems and documents of either."""
    cells: dict[str, dict[tuple[str, str], float]] = {}
    for scores in (first, second):
        for metric, values in scores.values.items():
            if metric in cells:
                raise UsageError(f"{metric} is a score of the runs and of the file of scores; rename it in the file")
            given = scores.given[metric]
            cells[metric] = {
                (system, doc): float(values[row, column])
                for row, system in enumerate(scores.systems)
                for column, doc in enumerate(scores.documents)
                if given[row, column]
            }
    return _table(cells, {**first.signatures, **second.signatures})


def _table(cells: Mapping[str, Mapping[tuple[str, str], float]], signatures: Mapping[str, str]) -> Scores:
    systems = sorted({system for of in cells.values() for system, _ in of})
    documents = sorted({doc for of in cells.values() for _, doc in of})
    place = _places(systems, documents)
    values, given = {}, {}
    for metric, of in cells.items():
        values[metric] = np.full((len(systems), len(documents)), np.nan)
        given[metric] = np.zeros((len(systems), len(documents)))
        for pair, value in of.items():
            values[metric][place(pair)] = value
            given[metric][place(pair)] = 1
    return Scores(tuple(systems), tuple(documents), values, given, signatures)


def _places(systems: Sequence[str], documents: Sequence[str]) -> Callable[[tuple[str, str]], tuple[int, int]]:
    rows = {name: number for number, name in enumerate(systems)}
    columns = {name: number for number, name in enumerate(documents)}
    return lambda pair: (rows[pair[0]], columns[pair[1]])


# ---- ratings --------------------------------------------------------------------------------------------------------


def read_ratings(path: Path, scores: Scores, criteria: Sequence[str] = ()) -> list[Ratings]:
    """Ratings of the systems' answers: `{"doc", "model" or "system", "rating"}`, optional `criterion`, `annotator`.

    Several annotators of one answer are averaged; how far they agree is kept beside.

    Args:
        path: JSON Lines, or CSV with a heading where it ends in `.csv`.
        scores: What they are held against: a document or system that it has not is a fault.
        criteria: Which; none for all.

    Raises:
        DataError: With every wrong line.
        UsageError: A criterion that the file does not have.
    """
    found: dict[str, dict[tuple[str, str], dict[str | None, float]]] = {}
    places: dict[tuple[str, str, str, str | None], str] = {}
    faults: list[str] = []
    documents, systems = set(scores.documents), set(scores.systems)
    for where, record in _records(path):
        doc, system, rating = _word(record, "doc"), _system(record), _number(record, "rating")
        criterion, annotator = _word(record, "criterion") or "", _word(record, "annotator")
        odd = next((name for name in ("criterion", "annotator") if record.get(name) and not _word(record, name)), None)
        if odd is not None:
            faults.append(f"{where}: {odd!r} must be a string, found {record[odd]!r}")
            continue
        if doc is None or system is None or rating is None:
            faults.append(f'{where}: expected {{"doc", "model" or "system", "rating": number}}, found {record}')
            continue
        if doc not in documents:
            faults.append(f"{where}: document {doc!r} is not among the {len(documents)} that have scores")
        if system not in systems:
            faults.append(f"{where}: system {system!r} has no scores{nearest(system, systems)}; there are "
                          f"{', '.join(scores.systems)}")  # fmt: skip
        if doc not in documents or system not in systems:
            continue
        key = (criterion, system, doc, annotator)
        if key in places:
            by = (
                f" by {annotator!r}" if annotator is not None else "; name the annotator of each where several rated it"
            )
            faults.append(f"{where}: {system!r} on {doc!r} has a rating at {places[key]} already{by}")
            continue
        places[key] = where
        found.setdefault(criterion, {}).setdefault((system, doc), {})[annotator] = rating
    if faults or not found:
        raise DataError(faults or [f"{path}: no ratings there"])
    for name in criteria:
        if name not in found:
            raise UsageError(f"--criterion {name}: {path} has no such criterion{nearest(name, found)}")
    place = _places(scores.systems, scores.documents)
    ratings = []
    for criterion in criteria or sorted(found):
        values = np.full((len(scores.systems), len(scores.documents)), np.nan)
        for pair, rated in found[criterion].items():
            values[place(pair)] = sum(rated.values()) / len(rated)
        named = {name for by in found[criterion].values() for name in by if name is not None}
        alpha = alpha_interval([list(by.values()) for by in found[criterion].values()])
        ratings.append(Ratings(criterion, values, len(named), alpha))
    return ratings


def _records(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    if path.suffix.lower() != ".csv":
        yield from read_json_lines(path)
        return
    reader = csv.DictReader(io.StringIO(read_text(path, "utf-8-sig"), newline=""), strict=True)
    try:
        for record in reader:
            # An empty cell is null, and a column that is not there is none.
            yield f"{path}:{reader.line_num}", {name: value or None for name, value in record.items() if name}
    except csv.Error as error:
        raise DataError([f"{path}:{reader.line_num}: not CSV: {error}"]) from None


def _word(record: Mapping[str, Any], name: str) -> str | None:
    value = record.get(name)
    return value if isinstance(value, str) and value else None


def _system(record: Mapping[str, Any]) -> str | None:
    return _word(record, "system") or _word(record, "model")


def _number(record: Mapping[str, Any], name: str, *, undefined: bool = False) -> float | None:
    """A finite number; True and False are 1 and 0. None where it is none; NaN for null where that is allowed."""
    value = record.get(name)
    if value is None:
        return math.nan if undefined and name in record else None
    try:
        number = float(value) if isinstance(value, int | float | str) else math.inf
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
