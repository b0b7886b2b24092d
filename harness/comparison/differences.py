"""Differences between the rows of a comparison, from their stored counts: paired, tested, corrected."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from harness.comparison.table import Block, Column, Line, Table, spelled
from harness.config import IntervalConfig, build, refuse_forbidden, typed_config
from harness.counts import Behind, counts_behind, unit_table
from harness.errors import RunError, UsageError
from harness.files import canonical_json
from harness.metric.base import Metric
from harness.report.grid import Grid
from harness.report.shown import UNDEFINED, number
from harness.run_folder import read_run, stored_counts
from harness.statistics.power import Equivalence, equivalence, power_of, typical_detectable
from harness.statistics.selection_bias import Selection, selection
from harness.statistics.significance import Difference, all_pairs, benjamini_hochberg, holm
from harness.statistics.unit_counts import UnitCounts, resample_systems

SCHEMA = "harness.comparison.differences/1"
ALPHA = 0.05
# Below so many units the bootstrap's figures are rough.
_FEW = 20
# With more pairs than this, p adjusted by the largest difference says more than p adjusted pair by pair.
_MANY = 100
POWER = 0.8


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Every pair of rows of one block, or every row against a baseline, by one score.

    Args:
        table: Where the rows stand.
        column: The score.
        pairs: The differences; the baseline is always the second of its pairs.
        equivalences: One per pair, where a margin was named.
        best: The best row and what choosing it on these documents can do; None against a baseline, with one document,
            and where neither side is better.
        detectable: The smallest difference that a typical pair would show with 80 % power.
        unit: What is resampled and swapped.
    """

    table: Table
    column: Column
    pairs: list[Difference]
    equivalences: list[Equivalence]
    best: Selection | None
    detectable: float | None
    unit: str


def differences(
    tables: Sequence[Table], *, baseline: Path | None = None, margin: float | None = None, every_column: bool = False
) -> list[Compared]:
    """Compares the rows of each block that may be ranked together.

    Args:
        tables: As `compare` makes them.
        baseline: A run folder, or a folder above one run per data and task: every row is compared with its run alone.
        margin: Differences smaller than this do not matter, in the score's own unit; None for no test of equivalence.
        every_column: Whether every score is compared, not only the headline.

    Raises:
        UsageError: There is no pair to compare, or the baseline is none of the rows.
        RunError: A run lacks the counts that a score is computed from.
    """
    found, reasons = [], []
    for table in tables:
        for block in table.blocks:
            lines = [line for line in block.lines if line.gold != "oracle"]
            reference = None
            if baseline is not None:
                inside = baseline.resolve()
                own = [line for line in lines if inside in (path := Path(line.folder).resolve(), *path.parents)]
                if len(own) > 1:
                    raise UsageError(
                        f"--baseline {baseline}: {len(own)} runs of {table.data}, {table.task} lie there; name one"
                    )
                reference = own[0] if own else None
            if len(lines) < 2 or (baseline is not None and reference is None):
                continue
            for column in table.columns if every_column else table.columns[:1]:
                result = _compared(table, block, lines, column, reference, margin)
                if isinstance(result, str):
                    reasons.append(result)
                else:
                    found.append(result)
    if not found:
        named = f"--baseline {baseline}: no row can be compared with it" if baseline else "no two rows can be compared"
        if baseline is not None and not baseline.exists():
            folders = [line.folder for table in tables for line in table.lines]
            named = f"--baseline {baseline}: no such run folder; there are {', '.join(folders[:10])}"
        raise UsageError(f"{named}{'; ' + '; '.join(reasons) if reasons else ''}")
    return found


def _compared(
    table: Table, block: Block, lines: Sequence[Line], column: Column, reference: Line | None, margin: float | None
) -> Compared | str:
    having = [line for line in lines if column.key in line.cells]
    if len(having) < 2 or (reference is not None and reference not in having):
        return f"{table.data}, {table.task}: fewer than two rows have {column.name}"
    systems, behind, unit, interval, rng_seed = {}, None, "document", IntervalConfig(), 0
    for line in having:
        own = _behind(line, column)
        by_unit = unit_table(own.table, own.metric)
        systems[line.label] = UnitCounts(by_unit.ids, by_unit.names, by_unit.matrix)
        if behind is None:
            behind, unit = own, by_unit.unit or "document"
            config = typed_config({**read_run(Path(line.folder)).config, "results": line.folder})
            interval, rng_seed = config.interval, config.rng_seed
    if behind is None:
        raise AssertionError("two rows at least")
    resampled = resample_systems(
        systems, behind.metric.compute, [behind.key], resamples=interval.resamples, rng_seed=rng_seed
    )
    pairs = all_pairs(resampled, behind.metric.compute, level=interval.level, method=interval.method)
    if reference is not None:
        pairs = _against(reference.label, pairs)
    tests = [] if margin is None else [
        equivalence(resampled, pair, margin, alpha=ALPHA, method=interval.method) for pair in pairs
    ]  # fmt: skip
    # One document cannot say which model is better on others, and some scores have no better side.
    ranked = reference is None and column.direction != 0 and not table.smoke_test
    return Compared(
        table=table,
        column=column,
        pairs=[replace(pair, key=column.key) for pair in pairs],
        equivalences=tests,
        best=selection(resampled, behind.key, higher_is_better=column.direction > 0) if ranked else None,
        detectable=typical_detectable(pairs, alpha=ALPHA, power=POWER),
        unit=unit,
    )


def _behind(line: Line, column: Column) -> Behind:
    folder = Path(line.folder)
    run = read_run(folder)
    refuse_forbidden(run.config)
    metrics = _metrics(canonical_json(run.config["metric"]))
    behind = counts_behind(column.key, stored_counts(folder), metrics)
    if behind is None:
        raise RunError(
            f"{folder}: {spelled(column.key)} is not computed from its counts; make them again with "
            f"`harness score {folder}`"
        )
    return behind


@lru_cache(maxsize=16)
def _metrics(configured: str) -> Mapping[str, Metric]:
    """The metrics of a configuration, given as JSON: most runs of a table have the same."""
    return {name: build("metric", values, f"metric.{name}") for name, values in json.loads(configured).items()}


def _against(baseline: str, pairs: Sequence[Difference]) -> list[Difference]:
    """The pairs with the baseline, turned so that it is the second, and p adjusted over these alone."""
    own = [pair if pair.b == baseline else _turned(pair) for pair in pairs if baseline in (pair.a, pair.b)]
    tested = [place for place, pair in enumerate(own) if pair.p is not None]
    p = np.array([own[place].p for place in tested], dtype=np.float64)
    for place, by_holm, by_bh in zip(tested, holm(p).tolist(), benjamini_hochberg(p).tolist(), strict=True):
        own[place] = replace(own[place], p_holm=by_holm, p_bh=by_bh, p_max_t=None)
    return own


def _turned(pair: Difference) -> Difference:
    def minus(value: float | None) -> float | None:
        return None if value is None else -value

    return replace(
        pair,
        a=pair.b,
        b=pair.a,
        value_a=pair.value_b,
        value_b=pair.value_a,
        difference=minus(pair.difference),
        low=minus(pair.high),
        high=minus(pair.low),
        effect=minus(pair.effect),
        above=None if pair.above is None else 1 - pair.above,
    )


# ---- as tables ------------------------------------------------------------------------------------------------------


def grid(compared: Compared) -> Grid:
    """The pairs as a table for people, and as records."""
    column, tested = compared.column, bool(compared.equivalences)
    headings = ["a", "b", "a - b", "interval", "p", "p Holm", "p BH", "d", "a above b", f"{compared.unit}s needed"]
    many = len(compared.pairs) > _MANY
    if many:
        headings[6] = "p max-T"
    rows, records = [], []
    for place, pair in enumerate(compared.pairs):
        test = compared.equivalences[place] if tested else None
        power = power_of(pair, alpha=ALPHA, power=POWER)
        needed = power.units_needed if power else None
        row = [
            pair.a,
            pair.b,
            _signed(pair.difference, column),
            UNDEFINED if pair.low is None else f"[{number(pair.low, column)}, {number(pair.high, column)}]",
            _p(pair.p),
            _p(pair.p_holm),
            _p(pair.p_max_t if many else pair.p_bh),
            UNDEFINED if pair.effect is None else f"{pair.effect:.2f}",
            UNDEFINED if pair.above is None else f"{pair.above:.1%}",
            UNDEFINED if needed is None else f"{needed:,}",
        ]
        rows.append((*row, _verdict(test)) if test else tuple(row))
        records.append(_record(compared, pair, test, needed))
    title = f"differences: {compared.table.data} · {compared.table.task} · {column.title} ({column.name})"
    return Grid(
        title=title + (" × 100" if column.factor == 100 else ""),
        headings=(*headings, *(["equivalent"] if tested else [])),
        rows=rows,
        records=records,
        right=tuple(range(2, len(headings))),
        notes=_notes(compared),
    )


def _record(compared: Compared, pair: Difference, test: Equivalence | None, needed: int | None) -> dict[str, Any]:
    values = asdict(pair)
    key = values.pop("key")
    return {
        "data": compared.table.data,
        "task": compared.table.task,
        **key,
        **values,
        "units_needed": needed,
        "margin": test.margin if test else None,
        "equivalent": test.equivalent if test else None,
        "p_equivalence": test.p if test else None,
    }


def _notes(compared: Compared) -> list[str]:
    column, pairs = compared.column, compared.pairs
    notes = [f"interval: {method}" for method in sorted({pair.method for pair in pairs if pair.low is not None})]
    notes.append(
        f"p: approximate randomization, two-sided, whole {compared.unit}s swapped; Holm and BH over the "
        f"{len(pairs)} pairs of this score; d: standardised paired mean difference; a above b: share of the "
        "bootstrap's draws"
    )
    if len(pairs) > _MANY:
        notes.append(
            f"Holm's p cannot be below {len(pairs)} / {pairs[0].resamples + 1} here; p max-T (Romano and Wolf 2005) "
            "has no such floor"
        )
    if pairs and min(pair.n for pair in pairs) < _FEW:
        notes.append(
            f"n = {pairs[0].n} is few: with m {compared.unit}s that differ no p is below 2 / 2^m, and what comes from "
            "the bootstrap (interval, a above b, what is detectable or needed) is rough; p is the one to go by"
        )
    if compared.detectable is not None:
        notes.append(
            f"with n = {pairs[0].n} a typical pair here shows a difference of {number(compared.detectable, column)} "
            f"or more with {POWER:.0%} power; {compared.unit}s needed: for that power, were the difference seen "
            "the true one"
        )
    if compared.equivalences:
        margin = compared.equivalences[0].margin
        notes.append(
            f"equivalent: the interval at {1 - 2 * ALPHA:.0%} lies within ± {number(margin, column)} (two one-sided "
            f"tests at {ALPHA:g})"
        )
    best = compared.best
    if best is not None and best.optimism is not None and best.systems > 1:
        notes.append(
            f"selected: {' and '.join(best.selected)}, on the {compared.unit}s that it is scored on; the best of "
            f"{best.systems} equal models would look {number(abs(best.optimism), column)} better than it is"
        )
    notes += sorted({f"{pair.a}, {pair.b}: {pair.note}" for pair in pairs if pair.note})
    return notes


def _signed(value: float | None, column: Column) -> str:
    text = number(value, column)
    return f"+{text}" if value is not None and value > 0 and float(text) > 0 else text


def _p(value: float | None) -> str:
    return UNDEFINED if value is None else f"{value:.4f}"


def _verdict(test: Equivalence) -> str:
    return UNDEFINED if test.equivalent is None else "yes" if test.equivalent else "not shown"
