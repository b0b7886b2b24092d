"""All runs at or under some paths, and those among them that have no scores."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from harness.comparison.lines import line_of
from harness.comparison.table import Failure
from harness.errors import RunError
from harness.run_folder import StoredRun, find_runs, is_complete, read_run


class Stored(NamedTuple):
    """What lies there.

    Args:
        runs: Complete and unaltered.
        failures: Run folders without scores, with the reason.
    """

    runs: Sequence[StoredRun]
    failures: Sequence[Failure]


def read_stored(paths: Sequence[Path]) -> Stored:
    """Reads all runs at or under some paths, each once.

    Raises:
        RunError: No run there, or one that was named itself cannot be read.
    """
    folders: dict[Path, Path] = {}
    for path in paths:
        for folder in find_runs(path):
            if folder == path:
                read_run(folder)  # a run that was named itself must be whole
            folders.setdefault(folder.resolve(), folder)
    return read_runs(folders.values())


def read_runs(folders: Iterable[Path]) -> Stored:
    """Reads run folders; one that is incomplete, altered or unreadable becomes a failure row."""
    runs, failures = [], []
    for folder in folders:
        try:
            run = read_run(folder)
            line_of(run)
        except RunError as error:
            reason = str(error).removeprefix(f"{folder}: ").removeprefix(f"{folder}{os.sep}")
            data, task, model = ("?", "?", *folder.resolve().parts)[-3:]
            failures.append(Failure(data, task, model, f"no scores: {reason}", broken=_is_damaged(folder)))
        else:
            runs.append(run)
    return Stored(runs, failures)


def _is_damaged(folder: Path) -> bool:
    """Whether a run that was complete is no longer; one that never ended, or failed, is not damaged."""
    return is_complete(folder) or not (folder / "run.json").exists()
