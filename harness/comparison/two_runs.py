"""Two runs of one data set and task beside each other, example by example; their gold is read again, no model is."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.comparison.lines import baseline_among, lies_in
from harness.comparison.table import Line, Table, without_counts
from harness.errors import RunError, UsageError
from harness.rescore import Reopened, reopen
from harness.scoring import Case, read_answers


@dataclass(frozen=True)
class Two:
    """What is compared.

    Args:
        table: Where both rows stand, and may be ranked together.
        before: The baseline, or the run that was named first.
        after: The other.
    """

    table: Table
    before: Line
    after: Line

    @property
    def title(self) -> str:
        """Data, task and both names."""
        return f"{self.table.data} · {self.table.task} · {self.before.label} → {self.after.label}"


def two_runs(
    tables: Sequence[Table], paths: Sequence[Path], baseline: Path | None, option: str
) -> tuple[list[Two], list[str]]:
    """The pairs of rows that are meant: each row against the baseline, or the two that there are.

    Args:
        tables: As `compare` makes them.
        paths: As they were named; the first is the run before.
        baseline: A run folder, or a folder above one run per data and task.
        option: What asked for it, for messages.

    Returns:
        The pairs, and why a data set and task has none.

    Raises:
        UsageError: There is none at all.
    """
    found, reasons = [], []
    for table in tables:
        place = f"{table.data}, {table.task}"
        for number, block in enumerate(table.blocks):
            if unread := without_counts(block.lines):
                reasons.append(f"{place}: {unread}")
            opened = [line for line in block.lines if not line.imported]
            lines = sorted(opened, key=lambda line: (_named(line, paths), line.folder))
            if baseline is not None:
                own = baseline_among(lines, baseline, place)
                found += [Two(table, own, line) for line in lines if line is not own] if own else []
            elif len(lines) == 2:
                found.append(Two(table, *lines))
            elif len(lines) > 2:
                reasons.append(f"{place}: {len(lines)} rows, of which two are meant; name two runs, or --baseline RUN")
            if number and block.reason and lines:
                reasons.append(f"{place}: {lines[0].label} stands apart: {block.reason}")
    if not found:
        why = "; ".join(reasons) or ("no row beside the baseline" if baseline else "there is only one row")
        apart = "; `python -m harness why-different A B` says what to do" if "apart" in why else ""
        raise UsageError(f"{option}: no two runs to compare: {why}{apart}")
    return found, reasons


def cases_of(line: Line) -> tuple[Reopened, list[Case]]:
    """A run's examples with gold and with what was read from its answers.

    Raises:
        RunError: The gold is not what the run was scored on.
        HarnessError: The run or its gold cannot be opened.
    """
    opened = reopen(Path(line.folder))
    if opened.corpus.gold_sha256(opened.task.name) != opened.run.scores["data"]["gold_sha256"]:
        raise RunError(
            f"{line.folder}: the gold changed since this run; `python -m harness score {line.folder}` scores the same "
            "answers on it"
        )
    read = read_answers(opened.examples, opened.answers, opened.corpus, opened.task, opened.label_map)
    return opened, list(read.cases)


def in_the_text(two: Two, document: str) -> str:
    """The command that shows a document, to be pasted."""
    return f"in the text: python -m harness show {shlex.quote(two.after.folder)} --doc {shlex.quote(document)}"


def _named(line: Line, paths: Sequence[Path]) -> int:
    return next((number for number, path in enumerate(paths) if lies_in(line, path)), len(paths))
