"""Scores of many runs beside each other: one table per data and task, and only like is ranked with like.

Nothing is computed here that a run has not stored; renderings are in `harness/report/`.
"""

import difflib
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from harness.comparison.ranking import make_blocks, ranked
from harness.comparison.table import (
    REPEATED,
    USUAL_AVERAGES,
    Block,
    Cell,
    Column,
    Failure,
    Line,
    Repeats,
    Table,
    spelled,
)
from harness.config import kind_class
from harness.errors import ConfigError, RunError, UsageError
from harness.files import sha256
from harness.metric.base import Key
from harness.records import TASKS
from harness.run_folder import StoredRun, find_runs, is_complete, read_run
from harness.statistics.spread import group_runs, spread

# What a table shows unless other metrics are asked for: the first is the headline score. Heading, then which row it is.
HEADLINES: dict[str, tuple[tuple[str, Key], ...]] = {
    "ner": (
        ("F1", Key("entity.f1", "micro")),
        ("P", Key("entity.precision", "micro")),
        ("R", Key("entity.recall", "micro")),
        ("F1 macro", Key("entity.f1", "macro")),
        ("F1 partial", Key("entity_partial.f1", "micro")),
    ),
    "stance": (
        ("favg", Key("stance.favg", "pooled")),
        ("favg macro", Key("stance.favg", "macro_target")),
        ("F1 macro", Key("stance.macro_f1", "pooled")),
        ("accuracy", Key("stance.accuracy", "pooled")),
        ("MCC", Key("stance.mcc", "pooled")),
    ),
    "summarization": (
        ("rouge1 F1", Key("rouge1.f1", "mean")),
        ("rouge2 F1", Key("rouge2.f1", "mean")),
        ("rougeL F1", Key("rougeL.f1", "mean")),
        ("rougeLsum F1", Key("rougeLsum.f1", "mean")),
        ("words", Key("length.words", "mean")),
    ),
}
# Metrics that the default configuration has; any other was asked for, so its headline is shown as well.
_DEFAULT_FAMILY = re.compile(r"entity|entity_exact|entity_partial|entity_type|stance|rouge(\d|L|Lsum)|length")
_DEFAULT_KINDS = frozenset({"entity_f1", "entity_overlap", "stance_favg", "stance_classification", "rouge", "length"})


@dataclass(frozen=True)
class _Conventions:
    """What the metrics of some runs say about their rows; names are patterns.

    Args:
        headlines: The rows that stand for metrics which are not among the default ones.
        lower_is_better: Rows where less is better.
        undirected: Rows where neither is.
        numbers: Rows that are no fractions.
    """

    headlines: tuple[str, ...] = ()
    lower_is_better: tuple[str, ...] = ()
    undirected: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()


def compare(paths: Sequence[Path], metrics: Sequence[str] = ()) -> list[Table]:
    """Tables of all runs at or under some paths.

    Args:
        paths: Run folders, or folders above several.
        metrics: Scores to show, as `spelled` writes them; none for the headline scores.

    Raises:
        RunError: No run there, or one that was named itself cannot be read.
        UsageError: An unknown score; names the nearest.
    """
    folders: dict[Path, Path] = {}
    for path in paths:
        for folder in find_runs(path):
            if folder == path:
                read_run(folder)  # a run that was named itself must be whole
            folders.setdefault(folder.resolve(), folder)
    runs, failures = read_runs(folders.values())
    if not runs:
        raise RunError("\n".join(f"{failure.model}: {failure.reason}" for failure in failures))
    return make_tables(runs, failures, metrics)


def read_runs(folders: Iterable[Path]) -> tuple[list[StoredRun], list[Failure]]:
    """Reads run folders; one that is incomplete, altered or unreadable becomes a failure row."""
    runs, failures = [], []
    for folder in folders:
        try:
            run = read_run(folder)
            _line(run)
        except RunError as error:
            reason = str(error).removeprefix(f"{folder}: ").removeprefix(f"{folder}{os.sep}")
            data, task, model = ("?", "?", *folder.resolve().parts)[-3:]
            failures.append(Failure(data, task, model, f"no scores: {reason}", broken=is_complete(folder)))
        else:
            runs.append(run)
    return runs, failures


def make_tables(
    runs: Sequence[StoredRun], failures: Sequence[Failure] = (), metrics: Sequence[str] = ()
) -> list[Table]:
    """One table per data and task, in the order in which the data appear; see `compare`."""
    known = {_key(row) for run in runs for row in run.scores["scores"]}
    chosen = [find_score(name, known) for name in metrics]
    groups: dict[tuple[str, str], list[Line]] = {}
    for run, label in zip(runs, _labels(runs), strict=True):
        place = (str(run.scores["data"]["name"]), str(run.scores["task"]))
        groups.setdefault(place, []).append(replace(_line(run), label=label))
    lost: dict[tuple[str, str], list[Failure]] = {}
    for failure in failures:
        lost.setdefault((failure.data, failure.task), []).append(failure)
    tables = []
    conventions = _conventions(runs)
    for place in sorted({**groups, **lost}, key=lambda p: _order(p, [*groups, *lost])):
        lines = groups.get(place, [])
        columns = _columns(place[1], lines, chosen, conventions)
        if columns or not lines:
            blocks = [ranked(block, columns) for block in make_blocks(lines, columns)]
            repeats = _repeats(blocks, columns)
            tables.append(Table(*place, columns, blocks, lost.get(place, []), repeats))
    return tables


def find_score(name: str, known: Iterable[Key]) -> Key:
    """The score that `METRIC[/AVERAGE][@SLICE]` names.

    Raises:
        UsageError: None of the runs has it; names the nearest.
    """
    left, _, slice_ = name.partition("@")
    metric, _, average = left.partition("/")
    found = [
        key
        for key in sorted(known)
        if key.metric == metric and average in ("", key.average) and key.slice == (slice_ or "all")
    ]
    if not found:
        names = sorted({spelled(key) for key in known if key.average != "count"})
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.4)
        whole = [entry for entry in names if "@" not in entry]
        raise UsageError(
            f"--metric {name}: no run here has this score{f'; did you mean {near[0]!r}?' if near else ''}; "
            f"there are "
            f"{', '.join(whole or names[:20])}; a slice is METRIC@label=GPE, an average METRIC/macro"
        )
    usual = [key for average in USUAL_AVERAGES for key in found if key.average == average]
    return (usual or found)[0]


def _repeats(blocks: Sequence[Block], columns: Sequence[Column]) -> list[Repeats]:
    found = []
    for block in blocks:
        groups = group_runs(block.lines, lambda line: (line.model, line.configuration))
        for (model, configuration), lines in groups.items():
            if len(lines) > 1 and configuration and columns:
                values = [line.cells[columns[0].key].value for line in lines if columns[0].key in line.cells]
                found.append(Repeats(model, columns[0], spread(values)))
    return found


def _same_model(config: Any) -> Any:
    """A configuration without what varies between runs of one model."""
    if isinstance(config, Mapping):
        return {str(key): _same_model(value) for key, value in config.items() if key not in REPEATED}
    return config


# ---- rows ---------------------------------------------------------------------------------------------------------


def _key(row: Mapping[str, Any]) -> Key:
    return Key(row["metric"], row["average"], row["slice"])


def _line(run: StoredRun) -> Line:
    scores, measured = run.scores, run.run
    try:
        cells = {
            _key(row): Cell(
                value=row["value"],
                low=row["low"],
                high=row["high"],
                level=row["level"],
                method=row["method"],
                n=row["n"],
                unit=row["unit"],
                support=row["support"],
                unreliable=bool(row.get("unreliable")),
                note=row.get("note"),
                signature=row["signature"],
            )
            for row in scores["scores"]
        }
        ledger, model = scores["ledger"], scores["model"]
        seconds, total = measured.get("seconds"), ledger["examples"]["total"]
        # A run that found answers in its folder took no time for them, which says nothing about the model.
        whole = isinstance(seconds, dict) and measured.get("asked", total) >= total
        return Line(
            label=str(model["name"]),
            model=str(model["name"]),
            folder=str(run.folder),
            gold=str(model.get("gold", "none")),
            cells=cells,
            examples=dict(ledger["examples"]),
            spans=dict(ledger["spans"]),
            truncated=ledger["truncated"],
            seconds=sum(seconds.values()) if whole and isinstance(seconds, dict) else None,
            rate=measured.get("examples_per_second") if whole else None,
            identity={name: scores["data"][name] for name in ("gold_sha256", "documents_sha256", "documents")},
            configuration=sha256(_same_model({name: run.config.get(name) for name in ("model", "task")})),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise RunError(
            f"{run.folder}: scores.json or run.json lacks what this version needs ({type(error).__name__}: {error}); "
            f"make them again with `harness score {run.folder}`"
        ) from None


def _labels(runs: Sequence[StoredRun]) -> list[str]:
    """Model names; where two rows of a table would be called the same, with what their folders differ in."""
    names = [(run.scores["data"]["name"], run.scores["task"], str(run.scores["model"]["name"])) for run in runs]
    labels = []
    for run, name in zip(runs, names, strict=True):
        same = [other.folder.resolve() for other, other_name in zip(runs, names, strict=True) if other_name == name]
        if len(same) == 1:
            labels.append(name[2])
            continue
        different = _apart(run.folder.resolve().parts, [folder.parts for folder in same])
        named = different if different.startswith(name[2]) else f"{name[2]} ({different})"
        labels.append(named if different else name[2])
    return labels


def _apart(own: Sequence[str], all_parts: Sequence[Sequence[str]]) -> str:
    """What is left of a path without the parts that all of them begin and end with."""
    first, last = 0, len(own)
    while first < last and all(parts[first : first + 1] == own[first : first + 1] for parts in all_parts):
        first += 1
    while last > first and all(
        len(parts) > first + len(own) - last and parts[last - 1 - len(own)] == own[last - 1] for parts in all_parts
    ):
        last -= 1
    return "/".join(own[first:last])


def _order(place: tuple[str, str], places: Sequence[tuple[str, str]]) -> tuple[int, int, str]:
    first = next(number for number, (data, _) in enumerate(places) if data == place[0])
    return first, TASKS.index(place[1]) if place[1] in TASKS else len(TASKS), place[1]


# ---- columns ------------------------------------------------------------------------------------------------------


def _conventions(runs: Sequence[StoredRun]) -> _Conventions:
    kinds = {
        str(values.get("kind"))
        for run in runs
        for values in (run.config.get("metric") or {}).values()
        if isinstance(values, dict)
    }
    found: dict[str, list[str]] = {"headlines": [], "lower_is_better": [], "undirected": [], "numbers": []}
    for kind in sorted(kinds):
        # A run of a plugin's metric can be shown where the plugin is not installed.
        with suppress(ConfigError):
            metric = kind_class("metric", kind)
            for name in ("lower_is_better", "undirected", "numbers"):
                found[name] += getattr(metric, name, ())
            if kind not in _DEFAULT_KINDS and hasattr(metric, "headline"):
                found["headlines"].append(metric.headline)
    return _Conventions(**{name: tuple(patterns) for name, patterns in found.items()})


def _columns(task: str, lines: Sequence[Line], chosen: Sequence[Key], conventions: _Conventions) -> list[Column]:
    present = {key for line in lines for key in line.cells}
    titles = {key: title for title, key in HEADLINES.get(task, ())}
    if chosen:
        keys = [key for key in dict.fromkeys(chosen) if key in present]
    else:
        keys = [key for key in titles if key in present]
        keys += [key for key in _asked_for(present, conventions) if key not in keys]
        keys = keys or sorted(key for key in present if key.slice == "all")[:5]
    return [_column(key, titles.get(key, spelled(key)), lines, conventions) for key in keys]


def _asked_for(present: Iterable[Key], conventions: _Conventions) -> list[Key]:
    """The headline of each metric that is not among the default ones; of one that names none its F1 or first score."""
    whole = [key for key in sorted(present) if key.slice == "all" and key.average != "count"]
    found: dict[str, Key] = {}
    for key in whole:
        if key.metric in conventions.headlines:
            found.setdefault(key.metric, key)
    told = {name.partition(".")[0] for name in conventions.headlines}
    families: dict[str, list[Key]] = {}
    for key in whole:
        family = key.metric.partition(".")[0]
        if family not in told and not _DEFAULT_FAMILY.fullmatch(family):
            families.setdefault(family, []).append(key)
    firsts = [next((key for key in keys if key.metric.endswith(".f1")), keys[0]) for keys in families.values()]
    return sorted([*found.values(), *firsts])


def _column(key: Key, title: str, lines: Sequence[Line], conventions: _Conventions) -> Column:
    values = [line.cells[key].value for line in lines if key in line.cells]

    def among(patterns: Iterable[str]) -> bool:
        return any(fnmatchcase(key.metric, pattern) for pattern in patterns)

    # A plugin's metric may have any range; a fraction never leaves [-1, 1].
    number = key.average == "count" or among(conventions.numbers) or any(abs(value) > 1 for value in values if value)
    direction = -1 if among(conventions.lower_is_better) else 0 if number or among(conventions.undirected) else 1
    return Column(key, title, 1 if number else 100, direction)
