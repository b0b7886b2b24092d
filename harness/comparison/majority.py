"""What the most frequent gold label of each target would score, beside the stance models of a comparison."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from harness.coded import read_arrow
from harness.comparison.table import Column
from harness.metric.base import Key
from harness.metric.stance_majority import StanceMajority
from harness.run_folder import StoredRun


def majority_scores(runs: Sequence[StoredRun], columns: Sequence[Column]) -> dict[Key, float]:
    """The per-target majority's score in each column that it has one in.

    The gold part of the counts is the same in all runs that may be ranked together, so those of one run are read.

    Args:
        runs: Runs of stance with equal gold, documents and signatures.
        columns: The scores that are shown.

    Returns:
        By the column's score; empty where no run has the counts, or they cannot be read.
    """
    of = {c.key: Key(f"{c.key.metric}_majority", c.key.average) for c in columns if c.key.slice == "all"}
    run = next((run for run in runs if "stance_favg" in _by_kind(run)), None)
    if run is None or not of:
        return {}
    try:
        found = _majority(run)
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError):
        # The table of what the runs have stored stands without it.
        return {}
    return {key: found[own] for key, own in of.items() if own in found}


def _majority(run: StoredRun) -> dict[Key, float]:
    metrics = _by_kind(run)
    name, favg = metrics["stance_favg"]
    # Averaged over the labels that the columns themselves are averaged over.
    _, classification = metrics.get("stance_classification", ("", {}))
    metric = StanceMajority(
        labels=tuple(classification.get("labels") or StanceMajority.labels),
        sides=tuple(favg.get("labels") or StanceMajority.sides),
    )
    counts = read_sums(run.folder / "counts.parquet", name)
    scores = {key: float(value) for key, value in metric.compute(counts).items()} if counts else {}
    return {key: value for key, value in scores.items() if math.isfinite(value)}


def _by_kind(run: StoredRun) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """The metrics of a run by their kind: what the configuration calls each, and its values."""
    metrics = (run.config.get("metric") or {}).items()
    return {str(values.get("kind")): (name, values) for name, values in metrics if isinstance(values, dict)}


def read_sums(path: Path, metric: str) -> dict[str, float]:
    """The sums of one metric's counts over all examples; nothing of other metrics is decoded.

    Raises:
        OSError, ValueError, KeyError, pyarrow.ArrowException: The file cannot be read, or has other columns.
    """
    with pq.ParquetFile(path) as stored:
        # No column before it is nested, so its place is the same in the statistics.
        place = stored.schema_arrow.names.index("metric")
        groups = [
            number
            for number in range(stored.metadata.num_row_groups)
            if _may_have(stored.metadata.row_group(number).column(place).statistics, metric)
        ]
        table = stored.read_row_groups(groups, columns=["metric", "state"]).combine_chunks()
    if not len(table):
        return {}
    metrics, states = read_arrow(table["metric"].chunk(0)), table["state"].chunk(0)
    own = np.asarray([value == metric for value in metrics.values])[metrics.codes]
    offsets = states.offsets.to_numpy()
    entries = slice(int(offsets[0]), int(offsets[-1]))
    names = read_arrow(states.keys[entries])
    kept = np.repeat(own, np.diff(offsets))
    codes = names.codes[kept]
    sums = np.bincount(codes, weights=states.items[entries].to_numpy()[kept], minlength=len(names.values))
    return {names.values[code]: float(sums[code]) for code in np.unique(codes)}


def _may_have(statistics: Any, metric: str) -> bool:
    return statistics is None or not statistics.has_min_max or statistics.min <= metric <= statistics.max
