"""Differences between the rows of a comparison, from their stored counts: paired, tested, corrected."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

from harness.comparison.letters import compact_letters
from harness.comparison.lines import baseline_among
from harness.comparison.table import Block, Column, Line, Table, spelled, without_counts
from harness.config import IntervalConfig, build, refuse_forbidden, typed_config
from harness.counts import Behind, counts_behind, unit_table
from harness.errors import RunError, UsageError
from harness.files import canonical_json
from harness.metric.base import Metric
from harness.run_folder import read_run, stored_counts
from harness.statistics.power import Equivalence, equivalence, typical_detectable
from harness.statistics.rank_stability import RankStability, rank_stability
from harness.statistics.selection_bias import Selection, selection
from harness.statistics.significance import Difference, all_pairs
from harness.statistics.unit_counts import UnitCounts, resample_systems

ALPHA = 0.05
POWER = 0.8


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Every pair of rows of one block, or every row against a baseline, by one score.

    Args:
        table: Where the rows stand.
        column: The score.
        pairs: The differences; the baseline is always the second of its pairs.
        equivalences: One per pair, where a margin was named.
        detectable: The smallest difference that a typical pair would show with 80 % power.
        unit: What is resampled and swapped.
        baseline: The label of the row that all others are compared with; None where every pair was tested.
        letters: By label; rows that share one were not told apart. Empty where not every pair was tested.
        by_largest: Whether they are by p adjusted for the largest difference, because Holm's could tell none apart.
        ranks: How stable the order is; likewise empty, and where neither side is better.
        best: The best row and what choosing it on these documents can do; None against a baseline, with one document,
            and where neither side is better.
    """

    table: Table
    column: Column
    pairs: list[Difference]
    equivalences: list[Equivalence]
    detectable: float | None
    unit: str
    baseline: str | None = None
    letters: dict[str, str] = field(default_factory=dict)
    by_largest: bool = False
    ranks: list[RankStability] = field(default_factory=list)
    best: Selection | None = None


def differences(
    tables: Sequence[Table],
    *,
    baseline: Path | None = None,
    margin: float | None = None,
    letters: bool = False,
    every_column: bool = False,
) -> list[Compared]:
    """Compares the rows of each block that may be ranked together.

    Args:
        tables: As `compare` makes them.
        baseline: A run folder, or a folder above one run per data and task: every row is compared with its run alone.
        margin: Differences smaller than this do not matter, in the score's own unit; None for no test of equivalence.
        letters: Whether every pair is tested beside those with the baseline.
        every_column: Whether every score is compared, not only the headline.

    Raises:
        UsageError: There is no pair to compare, or the baseline is none of the rows.
        RunError: A run lacks the counts that a score is computed from.
    """
    found, reasons = [], []
    for table in tables:
        place = f"{table.data}, {table.task}"
        for block in table.blocks:
            lines = [line for line in block.lines if line.gold != "oracle" and not line.imported]
            if untested := without_counts(block.lines):
                reasons.append(f"{place}: {untested}")
            reference = None if baseline is None else baseline_among(lines, baseline, place)
            if len(lines) < 2 or (baseline is not None and reference is None):
                if block.reason and lines:
                    reasons.append(f"{place}: {block.lines[0].label} stands apart: {block.reason}")
                continue
            for column in table.columns if every_column else table.columns[:1]:
                result = _compared(table, block, lines, column, reference, margin, letters=letters)
                if isinstance(result, str):
                    reasons.append(result)
                else:
                    found.append(result)
    if not found:
        named = f"--baseline {baseline}: no row can be compared with it" if baseline else "no two rows can be compared"
        hint = (
            "; `python -m harness why-different A B` says what to do" if any("apart" in why for why in reasons) else ""
        )
        raise UsageError(f"{named}{'; ' + '; '.join(reasons) if reasons else ''}{hint}")
    return found


def _compared(
    table: Table,
    block: Block,
    lines: Sequence[Line],
    column: Column,
    reference: Line | None,
    margin: float | None,
    *,
    letters: bool,
) -> Compared | str:
    having = [line for line in lines if column.key in line.cells]
    if len(having) < 2 or (reference is not None and reference not in having):
        return f"{table.data}, {table.task}: fewer than two rows have {column.name}"
    systems, behind, unit, interval, rng_seed = {}, None, "document", IntervalConfig(), 0
    for line in having:
        own = counts_of(line, column)
        by_unit = unit_table(own.table, own.metric)
        systems[line.label] = UnitCounts(by_unit.ids, by_unit.names, by_unit.matrix)
        if behind is None:
            behind, unit = own, by_unit.unit or "document"
            config = typed_config({**read_run(Path(line.folder), verify=False).config, "results": line.folder})
            interval, rng_seed = config.interval, config.rng_seed
    if behind is None:
        raise AssertionError("two rows at least")
    compute = behind.metric.compute
    resampled = resample_systems(systems, compute, [behind.key], resamples=interval.resamples, rng_seed=rng_seed)

    def tested(against: str | None) -> list[Difference]:
        found = all_pairs(resampled, compute, level=interval.level, method=interval.method, against=against)
        return found if against is None else [pair if pair.b == against else _turned(pair) for pair in found]

    baseline = reference.label if reference else None
    every = tested(None) if baseline is None or letters else []
    pairs = every if baseline is None else tested(baseline)
    by_largest = bool(every) and len(every) > ALPHA * (every[0].resamples + 1)
    # One document cannot say which model is better on others, and some scores have no better side.
    ranked = bool(every) and column.direction != 0 and not table.smoke_test
    up = column.direction > 0
    return Compared(
        table=table,
        column=column,
        pairs=[replace(pair, key=column.key) for pair in pairs],
        equivalences=[]
        if margin is None
        else [equivalence(resampled, pair, margin, alpha=ALPHA, method=interval.method) for pair in pairs],
        detectable=typical_detectable(pairs, alpha=ALPHA, power=POWER),
        unit=unit,
        baseline=baseline,
        letters=_letters([line.label for line in having], every, by_largest=by_largest),
        by_largest=by_largest,
        ranks=rank_stability(resampled, behind.key, higher_is_better=up) if ranked else [],
        best=selection(resampled, behind.key, higher_is_better=up) if ranked and baseline is None else None,
    )


def _letters(labels: Sequence[str], pairs: Sequence[Difference], *, by_largest: bool) -> dict[str, str]:
    tested = {label for pair in pairs if pair.p is not None for label in (pair.a, pair.b)}
    adjusted = {(pair.a, pair.b): pair.p_max_t if by_largest else pair.p_holm for pair in pairs}
    apart = [pair for pair, p in adjusted.items() if p is not None and p <= ALPHA]
    return compact_letters([label for label in labels if label in tested], apart) or {}


def counts_of(line: Line, column: Column) -> Behind:
    """What a row's score was computed from.

    Raises:
        RunError: The run lacks these counts.
    """
    folder = Path(line.folder)
    # Its files were checked when it became a row.
    run = read_run(folder, verify=False)
    refuse_forbidden(run.config)
    metrics = _metrics(canonical_json(run.config["metric"]))
    behind = counts_behind(column.key, stored_counts(folder), metrics)
    if behind is None:
        raise RunError(
            f"{folder}: {spelled(column.key)} is not computed from its counts; make them again with "
            f"`python -m harness score {folder}`"
        )
    return behind


@lru_cache(maxsize=16)
def _metrics(configured: str) -> Mapping[str, Metric]:
    """The metrics of a configuration, given as JSON: most runs of a table have the same."""
    return {name: build("metric", values, f"metric.{name}") for name, values in json.loads(configured).items()}


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
