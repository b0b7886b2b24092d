"""Differences between rows as tables for people, and as records; and what is to be said of how they were tested."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from harness.comparison.differences import ALPHA, POWER, Compared
from harness.comparison.lines import lies_in
from harness.comparison.table import Column, Gap, Table, without_counts
from harness.metric.base import Key
from harness.report.grid import Grid, merged
from harness.report.shown import (
    UNDEFINED,
    UNRELIABLE,
    WHY_UNRELIABLE,
    counted,
    equivalent,
    interval,
    no_interval,
    number,
    p_value,
    signed,
)
from harness.statistics.power import Equivalence, power_of
from harness.statistics.significance import Difference

SCHEMA = "harness.comparison.differences/1"
# Below so many units the bootstrap's figures are rough.
_FEW = 20
# With more pairs than this, p adjusted by the largest difference says more than p adjusted pair by pair.
_MANY = 100


def grids(found: Sequence[Compared]) -> list[Grid]:
    """For each score the pairs, and below them how stable the order of the rows is."""
    return [grid for one in found for grid in (pairs_grid(one), *([ranks_grid(one)] if one.ranks else []))]


def records(found: Sequence[Compared]) -> Grid:
    """The pairs of all scores as records; the ranks stand beside them in JSON."""
    pairs = merged([pairs_grid(one) for one in found])
    ranks = merged([ranks_grid(one) for one in found])
    return Grid(title="", headings=(), rows=[], records=pairs.records, more={"ranks": list(ranks.records)})


def with_differences(tables: Sequence[Table], found: Sequence[Compared], baseline: Path | None = None) -> list[Table]:
    """The same tables with what was found beside each row, or why there is nothing.

    Args:
        tables: The tables.
        found: What `differences` found in them.
        baseline: What it compared the rows with; None for each other.
    """
    return [_marked(table, [one for one in found if one.table is table], baseline) for table in tables]


def _marked(table: Table, found: Sequence[Compared], baseline: Path | None) -> Table:
    if not found:
        untested = without_counts(table.lines)
        why = [_untold(table, baseline)] if baseline and table.lines else []
        return replace(table, remarks=[*why, *([untested] if untested else [])])
    gaps: dict[str, dict[Key, Gap]] = {}
    letters: dict[str, dict[Key, str]] = {}
    for one in found:
        key = one.column.key
        for place, pair in enumerate(one.pairs if one.baseline else ()):
            gaps.setdefault(pair.a, {})[key] = Gap(pair, one.equivalences[place] if one.equivalences else None)
        for label, sign in one.letters.items():
            letters.setdefault(label, {})[key] = sign
    blocks = [
        replace(
            block,
            lines=[
                replace(line, gaps=gaps.get(line.label, {}), letters=letters.get(line.label, {}))
                for line in block.lines
            ],
        )
        for block in table.blocks
    ]
    said = dict.fromkeys(remark for one in found for remark in _remarks(one))
    return replace(table, blocks=blocks, baseline=found[0].baseline, remarks=list(said))


def _untold(table: Table, baseline: Path) -> str:
    own = [line.label for line in table.lines if lies_in(line, baseline)]
    return "no difference: " + (
        f"no row can be compared with {' or '.join(own)}"
        if own
        else f"the baseline has no run of {table.data}, {table.task}"
    )


def pairs_grid(compared: Compared) -> Grid:
    """The pairs as a table for people, and as records."""
    column, tested = compared.column, bool(compared.equivalences)
    many = len(compared.pairs) > _MANY
    headings = [
        "first", "second", "difference", "interval", "p", "p Holm", "p max-T" if many else "p BH", "effect size",
        "first above", f"{compared.unit}s needed",
    ]  # fmt: skip
    rows, records = [], []
    for place, pair in enumerate(compared.pairs):
        test = compared.equivalences[place] if tested else None
        power = power_of(pair, alpha=ALPHA, power=POWER)
        needed = power.units_needed if power else None
        row = [
            pair.a,
            pair.b,
            signed(pair.difference, column) + _sign(compared, pair.a, pair.b),
            interval(pair.low, pair.high, column),
            p_value(pair.p),
            p_value(pair.p_holm),
            p_value(pair.p_max_t if many else pair.p_bh),
            UNDEFINED if pair.effect is None else f"{pair.effect:.2f}",
            UNDEFINED if pair.above is None else f"{pair.above:.1%}",
            UNDEFINED if needed is None else f"{needed:,}",
        ]
        rows.append((*row, equivalent(test)) if test else tuple(row))
        records.append(_record(compared, pair, test, needed))
    title = f"differences: {compared.table.data} · {compared.table.task} · {column.title} ({column.name})"
    return Grid(
        title=title + (" × 100" if column.factor == 100 else ""),
        headings=(*headings, *(["equivalent"] if tested else [])),
        rows=rows,
        records=records,
        right=tuple(range(2, len(headings))),
        notes=[
            _explained(compared),
            *_unreliable(compared, [(pair.a, pair.b) for pair in compared.pairs]),
            *_method(compared),
            *_reach(compared),
            *_asides(compared),
        ],
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


def ranks_grid(compared: Compared) -> Grid:
    """The rows in the order of their scores, with their ranks in the bootstrap's draws."""
    values = {pair.a: pair.value_a for pair in compared.pairs} | {pair.b: pair.value_b for pair in compared.pairs}
    rows, records = [], []
    for one in sorted(compared.ranks, key=lambda one: one.rank):
        letters = compared.letters.get(one.system, "")
        rows.append(
            (
                one.system,
                number(values.get(one.system), compared.column) + _sign(compared, one.system),
                letters,
                f"{one.rank:g}",
                f"{one.expected:.1f}",
                f"{one.low:g} to {one.high:g}",
                f"{one.best:.1%}" + _sign(compared, one.system),
            )
        )
        records.append(
            {
                "data": compared.table.data,
                "task": compared.table.task,
                **asdict(compared.column.key),
                **asdict(one),
                "letters": letters,
            }
        )
    column = compared.column
    return Grid(
        title=f"ranks: {compared.table.data} · {compared.table.task} · {column.title} ({column.name})",
        headings=("model", column.title, "letters", "rank", "expected", "95% of draws", "best in"),
        rows=rows,
        records=records,
        right=(1, 3, 4, 5, 6),
        notes=[
            f"rank 1 is the best; expected, 95% of draws, best in: over the bootstrap's draws of the {compared.unit}s",
            *_unreliable(compared, [(one.system,) for one in compared.ranks]),
            *_letters(compared),
        ],
    )


def _sign(compared: Compared, *labels: str) -> str:
    """The main table's mark, where one of these rows has it there."""
    cells = [line.cells.get(compared.column.key) for line in compared.table.lines if line.label in labels]
    return UNRELIABLE if any(cell and cell.unreliable and cell.value is not None for cell in cells) else ""


def _unreliable(compared: Compared, groups: Sequence[Sequence[str]]) -> list[str]:
    return [WHY_UNRELIABLE] if any(_sign(compared, *labels) for labels in groups) else []


def _explained(compared: Compared) -> str:
    """What the columns of the pairs' table hold."""
    return (
        "difference: first minus second; effect size: standardised paired mean difference; first above: share of the "
        f"bootstrap's draws in which its score is the higher; {compared.unit}s needed: to find such a difference with "
        f"{POWER:.0%} power, were it the true one"
    )


def _remarks(compared: Compared) -> list[str]:
    """What the footer of the main table says about differences and letters."""
    untested = without_counts(compared.table.lines)
    said = [*_letters(compared), *_reach(compared), *([untested] if untested else [])]
    return [*_method(compared), *said] if compared.baseline else said


def _method(compared: Compared) -> list[str]:
    """How intervals and p were made."""
    pairs, column = compared.pairs, compared.column
    made = sorted({pair.method for pair in pairs if pair.low is not None and pair.differing})
    notes = [f"difference's interval: {method}" for method in made]
    family = (
        "Holm over the rows compared with the baseline"
        if compared.baseline
        else f"Holm and {'max-T' if len(pairs) > _MANY else 'BH'} over the {counted(len(pairs), 'pair')} of this score"
    )
    notes.append(f"p: approximate randomization, two-sided, whole {compared.unit}s swapped; {family}")
    if len(pairs) > _MANY and not compared.baseline:
        notes.append(
            f"Holm's p cannot be below {len(pairs)} / {pairs[0].resamples + 1} here; p max-T (Romano and Wolf 2005) "
            "has no such floor"
        )
    if pairs and min(pair.n for pair in pairs) < _FEW:
        notes.append(
            f"n = {pairs[0].n} is few: with m {compared.unit}s that differ no p is below 2 / 2^m, and what comes from "
            "the bootstrap (intervals, shares of draws, what is detectable or needed) is rough; p is the one to go by"
        )
    if compared.equivalences:
        margin = compared.equivalences[0].margin
        notes.append(
            f"equivalent: the interval at {1 - 2 * ALPHA:.0%} lies within ± {number(margin, column)} (two one-sided "
            f"tests at {ALPHA:g})"
        )
    return notes


def _letters(compared: Compared) -> list[str]:
    if not compared.letters:
        return []
    by = "max-T (Holm's cannot be so small here)" if compared.by_largest else "Holm"
    return [
        f"letters of {compared.column.title}: rows that share one were not told apart (p above {ALPHA:g} after {by}, "
        "every pair of rows tested)"
    ]


def _reach(compared: Compared) -> list[str]:
    """What these units could have shown."""
    if compared.detectable is None:
        return []
    return [
        f"{compared.column.title}: with n = {compared.pairs[0].n} a typical pair here shows a difference of "
        f"{number(compared.detectable, compared.column)} or more with {POWER:.0%} power"
    ]


def _asides(compared: Compared) -> list[str]:
    notes, column, best = [], compared.column, compared.best
    if best is not None and best.optimism is not None and best.systems > 1:
        notes.append(
            f"selected: {' and '.join(best.selected)}, on the {compared.unit}s that it is scored on; the best of "
            f"{best.systems} equal models would look {number(abs(best.optimism), column)} better than it is"
        )
    said = {f"{pair.a}, {pair.b}: {why}" for pair in compared.pairs if (why := pair.note or _unmoved(pair, column))}
    return notes + sorted(said)


def _unmoved(pair: Difference, column: Column) -> str:
    """Why a difference that was tested has no interval, and so no share of draws and no test of equivalence."""
    why = no_interval(pair)
    if not why:
        return ""
    apart = f"they are counted apart on {pair.differing} of {pair.n} units, yet {column.title} does not move"
    return why + (f" ({apart})" if pair.difference == 0 else "")
