"""Scores of many runs beside each other: one table per data and task, and only like is ranked with like.

Nothing is scored again here; the counts of one run of stance are summed for the per-target majority. Renderings are in
`harness/report/`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from harness.comparison.columns import columns_of, conventions_of, find_score
from harness.comparison.lines import line_of, run_labels, score_key
from harness.comparison.majority import majority_scores
from harness.comparison.ranking import make_blocks, ranked
from harness.comparison.stored import read_stored
from harness.comparison.table import Block, Column, Failure, Line, Repeats, Table
from harness.errors import RunError
from harness.records import TASKS
from harness.report.shown import counted
from harness.run_folder import StoredRun
from harness.statistics.spread import group_runs, spread


def compare(paths: Sequence[Path], metrics: Sequence[str] = ()) -> list[Table]:
    """Tables of all runs at or under some paths.

    Args:
        paths: Run folders, or folders above several.
        metrics: Scores to show, as `spelled` writes them; none for the headline scores.

    Raises:
        RunError: No run there, or one that was named itself cannot be read.
        UsageError: An unknown score; names the nearest.
    """
    runs, failures = read_stored(paths)
    if not runs:
        raise RunError("\n".join(f"{failure.model}: {failure.reason}" for failure in failures))
    tables = make_tables(runs, failures, metrics)
    if not any(table.columns for table in tables):
        raise RunError(
            f"{', '.join(map(str, paths[:3]))}: no score in {counted(len(runs), 'run')}; there is nothing to compare"
        )
    return tables


def make_tables(
    runs: Sequence[StoredRun], failures: Sequence[Failure] = (), metrics: Sequence[str] = ()
) -> list[Table]:
    """One table per data and task, in the order in which the data appear; see `compare`."""
    known = {score_key(row) for run in runs for row in run.scores["scores"]}
    chosen = [find_score(name, known) for name in metrics]
    groups: dict[tuple[str, str], list[Line]] = {}
    for run, label in zip(runs, run_labels(runs), strict=True):
        place = (str(run.scores["data"]["name"]), str(run.scores["task"]))
        groups.setdefault(place, []).append(replace(line_of(run), label=label))
    lost: dict[tuple[str, str], list[Failure]] = {}
    for failure in failures:
        lost.setdefault((failure.data, failure.task), []).append(failure)
    tables = []
    conventions = conventions_of(runs)
    by_folder = {str(run.folder): run for run in runs}
    for place in sorted({**groups, **lost}, key=lambda p: _order(p, [*groups, *lost])):
        lines = groups.get(place, [])
        columns = columns_of(place[1], lines, chosen, conventions)
        if columns or not lines:
            blocks = [ranked(block, columns) for block in make_blocks(lines, columns)]
            if place[1] == "stance":
                blocks = [_beside_majority(block, columns, by_folder) for block in blocks]
            repeats = _repeats(blocks, columns)
            tables.append(Table(*place, columns, blocks, lost.get(place, []), repeats))
    return tables


def _beside_majority(block: Block, columns: Sequence[Column], by_folder: Mapping[str, StoredRun]) -> Block:
    return replace(block, majority=majority_scores([by_folder[line.folder] for line in block.lines], columns))


def _repeats(blocks: Sequence[Block], columns: Sequence[Column]) -> list[Repeats]:
    found = []
    for block in blocks:
        groups = group_runs(
            [line for line in block.lines if not line.imported], lambda line: (line.model, line.configuration)
        )
        for (model, configuration), lines in groups.items():
            if len(lines) > 1 and configuration and columns:
                runs = list({(line.setting, line.answers): line for line in lines}.values())
                values = [line.cells[columns[0].key].value for line in runs if columns[0].key in line.cells]
                same = len({line.setting for line in runs}) == 1
                found.append(Repeats(model, columns[0], len(runs), len(lines) - len(runs), same, spread(values)))
    return found


def _order(place: tuple[str, str], places: Sequence[tuple[str, str]]) -> tuple[int, int, str]:
    first = next(number for number, (data, _) in enumerate(places) if data == place[0])
    return first, TASKS.index(place[1]) if place[1] in TASKS else len(TASKS), place[1]
