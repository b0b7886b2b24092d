"""Runs read, a report made of them and put in place, whole or not at all."""

import contextlib
import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.comparison.compare import make_tables
from harness.comparison.stored import read_stored
from harness.errors import RunError, UsageError
from harness.files import write_text
from harness.report.html.charts.svg import altair
from harness.report.html.documents import documents_view
from harness.report.html.page import is_report, render
from harness.report.html.summary import summarise
from harness.report.shown import counted
from harness.report.text import visible

_DATA = re.compile(r'<script type="application/json" id="documents-data">([^<]*)</script>')
_PAGE = re.compile(r"documents-[0-9a-f]{16}\.js")


@dataclass(frozen=True)
class Written:
    """What became of a report.

    Args:
        said: It in a line.
        broken: How many runs were altered or cannot be read, and so have no scores in it.
    """

    said: str
    broken: int


def write_report(paths: Sequence[Path], out: Path, *, baseline: Path | None = None, text: bool = True) -> Written:
    """Writes the report of all runs at or under some paths.

    Args:
        paths: Run folders, or folders above several.
        out: The file; an earlier report there is written over, anything else is not.
        baseline: A run folder, or a folder above one run per data and task.
        text: Whether texts of documents may be in it.

    Raises:
        UsageError: `out` cannot be written, or nothing can be compared with the baseline.
        RunError: No run there, or one that was named itself cannot be read.
        ResourceError: A package that the report needs is not installed.
    """
    altair()
    _check(out)
    if baseline is not None and not baseline.exists():
        raise UsageError(f"--baseline {visible(baseline)}: no such run folder")
    # A baseline that was not named among the runs is one of them all the same.
    runs, failures = read_stored([*paths, *([] if baseline is None else [baseline])])
    if not runs:
        raise RunError("\n".join(f"{failure.model}: {failure.reason}" for failure in failures))
    documents = documents_view(runs, text=text)
    page = render(
        summarise(runs, make_tables(runs, failures), baseline),
        documents if documents.any or documents.left_out else None,
    )
    earlier = _pages_of(out) if out.exists() else set()
    for name, content in documents.pages.items():
        write_text(out.parent / name, content)
    # The report comes last: what it loads lies there before it does.
    write_text(out, page)
    _remove(out, earlier - set(documents.pages))
    beside = f" and {counted(len(documents.pages), 'file')} beside it" if documents.pages else ""
    broken = sum(failure.broken for failure in failures)
    unread = f"; {counted(broken, 'run')} could not be read, the report says why" if broken else ""
    said = f"{visible(out)}: {counted(len(runs), 'run')}, {len(page.encode()) / 1e6:.1f} MB{beside}{unread}"
    return Written(said, broken)


def _check(out: Path) -> None:
    """Refuses a place where no report can or should be written.

    Raises:
        UsageError: Says why.
    """
    try:
        if out.is_dir():
            raise UsageError(
                f"--out {visible(out)}: is a folder; name a file in it, for instance {out / 'report.html'}"
            )
        if out.exists() and not is_report(out):
            raise UsageError(
                f"--out {visible(out)}: holds something else than a report, which would be lost; give another name"
            )
        above = next(folder for folder in out.absolute().parents if folder.exists())
        if not above.is_dir() or not os.access(above, os.W_OK):
            raise UsageError(f"--out {visible(out)}: cannot be written in {visible(above)}")
    except (OSError, ValueError) as error:
        # A name that is too long or holds a NUL, a folder that may not be entered.
        raise UsageError(f"--out {visible(out)}: {getattr(error, 'strerror', None) or error}") from None


def _pages_of(report: Path) -> set[str]:
    """The files beside a report that it names as its own."""
    found = _DATA.findall(report.read_text(encoding="utf-8", errors="replace"))
    try:
        pages = json.loads(found[-1]).get("pages", []) if found else []
        names = {name for places in pages for _, name in places}
    except (ValueError, TypeError, AttributeError):
        return set()  # not as this version writes it
    return {name for name in names if isinstance(name, str) and _PAGE.fullmatch(name)}


def _remove(out: Path, stale: set[str]) -> None:
    """Removes files of an earlier report, unless another report in the folder has the same."""
    if not stale:
        return
    for other in out.parent.glob("*.html"):
        if other.resolve() != out.resolve() and other.is_file():
            with contextlib.suppress(OSError):
                stale = stale - _pages_of(other) if is_report(other) else stale
    for name in stale:
        # What cannot be removed is in nobody's way.
        with contextlib.suppress(OSError):
            (out.parent / name).unlink()
