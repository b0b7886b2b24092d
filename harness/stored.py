"""All runs at or under some paths, for commands that pass over what is not complete."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.comparison.compare import read_runs
from harness.comparison.table import Failure
from harness.run_folder import StoredRun, find_runs, read_run


@dataclass(frozen=True)
class Stored:
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
                read_run(folder)
            folders.setdefault(folder.resolve(), folder)
    return Stored(*read_runs(folders.values()))
