"""What judges found, as a run folder keeps it: `judged.parquet`, and a journal of what a run that was cut off found."""

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from harness.errors import RunError
from harness.files import atomic_writer, canonical_json
from harness.judge.base import Finding
from harness.measurement import Judging
from harness.run_folder import read_run
from harness.scoring import Judgement
from harness.tables import table

NAME = "judged.parquet"
JOURNAL = "judged.journal.jsonl"
_SCHEMA = pa.schema(
    [
        ("metric", pa.string()),
        ("judge", pa.string()),
        ("example", pa.string()),
        ("key", pa.string()),
        ("finding", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class Asked:
    """One stored finding: of which metric's judge, about which example, to which question."""

    metric: str
    judge: str
    example: str
    key: str
    finding: Finding


@dataclass
class _Read:
    """What a journal holds.

    Args:
        findings: In the order in which they came.
        took: What they took.
        whole: Bytes up to the first line that is none; 0 where all of it is to be thrown away.
        size: All of its bytes.
    """

    findings: list[Asked] = field(default_factory=list)
    took: list[Judging] = field(default_factory=list)
    whole: int = 0
    size: int = 0


def _read_journal(folder: Path, *, fresh: bool) -> _Read:
    path = folder / JOURNAL
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    found = _Read(size=sum(map(len, lines)))
    begun_fresh = False
    with suppress(ValueError, TypeError, KeyError):
        for line in lines:
            entry: Any = json.loads(line) if line.endswith(b"\n") else None  # the last one may be cut off
            if not found.whole:
                begun_fresh = bool(entry["fresh"])
            elif "took" in entry:
                found.took.append(Judging(**entry["took"]))
            else:
                found.findings.append(Asked(**entry))
            found.whole += len(line)
    return _Read(size=found.size) if fresh and not begun_fresh else found


class FindingJournal:
    """Findings of a run that is not complete, one JSON line each; what is committed here is not asked for again.

    Between them stands what they took, so that it is known however the run was cut off.

    Args:
        folder: The run folder; its lock must be held.
        fresh: Whether findings from before `fresh=true` are thrown away. Those of a journal that `fresh=true` itself
            began and that was cut off are kept, so that the same command resumes.
    """

    def __init__(self, folder: Path, *, fresh: bool) -> None:
        self._path = folder / JOURNAL
        self._fresh = fresh
        found = _read_journal(folder, fresh=fresh)
        self.findings = found.findings
        self.took = found.took
        if not found.whole:
            remove_finding_journal(folder)
        elif found.whole < found.size:
            os.truncate(self._path, found.whole)

    def left_behind(self, stored: Sequence[Asked]) -> bool:
        """Whether a run was killed between its last file and the removal of this journal: all of it is told there.

        Args:
            stored: The findings of `judged.parquet`.
        """
        if not self.took:
            return False
        keys = {(one.judge, one.key) for one in stored}
        if any((one.judge, one.key) not in keys for one in self.findings):
            return False
        try:
            read_run(self._path.parent)
        except RunError:
            return False
        return True

    def commit(self, findings: Sequence[Asked]) -> None:
        """Appends a batch."""
        self._append([asdict(one) for one in findings])

    def add(self, took: Judging) -> None:
        """Appends what the last batch took."""
        self.took.append(took)
        self._append([{"took": asdict(took)}])

    def _append(self, entries: Sequence[Mapping[str, Any]]) -> None:
        begun = self._path.exists()
        with self._path.open("a", encoding="utf-8") as stream:
            if not begun:
                stream.write(canonical_json({"fresh": self._fresh}) + "\n")
            stream.writelines(canonical_json(entry) + "\n" for entry in entries)


def remove_finding_journal(folder: Path) -> None:
    """Removes it; called once the results are complete."""
    (folder / JOURNAL).unlink(missing_ok=True)


def known_findings(folder: Path, *, fresh: bool) -> list[Asked]:
    """The findings that a run would not ask for again, failed ones among them; changes nothing in the folder."""
    return [*([] if fresh else read_judged(folder)), *_read_journal(folder, fresh=fresh).findings]


def write_judged(folder: Path, judged: Mapping[str, Judgement]) -> None:
    """`judged.parquet`: one row per question; no file where no metric has a judge."""
    path = folder / NAME
    if not judged:
        path.unlink(missing_ok=True)
        return
    rows = [
        {"metric": name, "judge": one.identity, "example": example, "key": key, "finding": canonical_json(finding)}
        for name, one in sorted(judged.items())
        for example, keys in one.keys.items()
        for key, finding in zip(keys, one.findings[example], strict=True)
    ]
    with atomic_writer(path) as stream:
        pq.write_table(table(rows, _SCHEMA), stream, compression="zstd")


def read_judged(folder: Path) -> list[Asked]:
    """The stored findings; none where there is no file, or none that can be read."""
    with suppress(OSError, pa.ArrowException, TypeError, KeyError, ValueError):
        rows = pq.read_table(folder / NAME, schema=_SCHEMA).to_pylist()
        return [
            Asked(row["metric"], row["judge"], row["example"], row["key"], json.loads(row["finding"])) for row in rows
        ]
    return []
