"""Which scores of its runs a table shows, what they are called, and which way each is better."""

import difflib
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase

from harness.comparison.table import USUAL_AVERAGES, Column, Line, spelled
from harness.config import kind_class, kinds
from harness.errors import ConfigError, UsageError
from harness.metric.base import Key
from harness.run_folder import StoredRun

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
        raise UsageError(f"--metric {name}: {_unknown(left, average, sorted(known))}")
    usual = [key for average in USUAL_AVERAGES for key in found if key.average == average]
    if not usual and len(found) > 1:
        averages = ", ".join(f"{metric}/{key.average}" for key in found)
        raise UsageError(f"--metric {name}: it has several averages, of which none is the usual one: {averages}")
    return (usual or found)[0]


def _unknown(name: str, average: str, known: Sequence[Key]) -> str:
    """Why there is no such score, and what was probably meant."""
    metric = name.partition("/")[0]
    averages = sorted({key.average for key in known if key.metric == metric and key.slice == "all"})
    if averages and average not in ("", *averages):
        return f"{metric} has the averages {', '.join(averages)}"
    names = sorted({spelled(key) for key in known if key.average != "count"})
    whole = [entry for entry in names if "@" not in entry]
    if averages:
        return f"there is no such slice; {metric} has {', '.join(_slices(metric, known)) or 'none'}"
    own = [entry for entry in whole if entry.partition(".")[0].startswith(name)]
    if own:
        return f"it is a metric with several scores: {', '.join(own)}"
    near = difflib.get_close_matches(name, whole, n=1, cutoff=0.8)
    families: dict[str, str] = {}
    for entry in whole:
        family = entry.partition(".")[0]
        if family not in families or entry == f"{family}.f1":
            families[family] = entry
    alike = difflib.get_close_matches(name.partition(".")[0], families, n=1, cutoff=0.8)
    if not near and not alike and name in kinds("metric"):
        return f"no run here has this metric; metric=[{name}] on a run adds it"
    meant = near or [families[one] for one in alike] or difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return (
        f"no run here has this score{f'; did you mean {meant[0]!r}?' if meant else ''}; there are "
        f"{', '.join(whole or names[:20])}; a slice is METRIC@label=GPE, an average METRIC/macro"
    )


def _slices(metric: str, known: Sequence[Key]) -> list[str]:
    found = sorted({key.slice for key in known if key.metric == metric and key.slice != "all"})
    return [f"{metric}@{name}" for name in found[:20]]


def conventions_of(runs: Sequence[StoredRun]) -> _Conventions:
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
    for run in runs:
        # Another tool's scores say it themselves.
        for name, own in (run.run.get("imported") or {}).items():
            if name in found and isinstance(own, list):
                found[name] += map(str, own)
    return _Conventions(**{name: tuple(patterns) for name, patterns in found.items()})


def columns_of(task: str, lines: Sequence[Line], chosen: Sequence[Key], conventions: _Conventions) -> list[Column]:
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


def column_of(like: Column, key: Key) -> Column:
    """Another row of the same metric as a column: counts are no fractions, whatever the metric's other rows are."""
    return Column(key, spelled(key), 1 if key.average == "count" else like.factor, like.direction)
