"""A verdict as Markdown for GitHub's step summary, cut to what GitHub shows."""

from pathlib import Path

from harness.gate.listing import explained, general, grid
from harness.gate.verdict import Verdict
from harness.report.grid import render_markdown
from harness.report.text import markdown

# GitHub aborts a summary of more than 1,024 KiB, and shows nothing of it then.
MAX_BYTES = 900 * 1024
_MOST_NOTES = 100
# Kept for what is said below the rows.
_FOR_NOTES = 200 * 1024
_SIGNS = {"pass": "✅", "fail": "❌", "inconclusive": "⚠️"}


def render_summary(verdict: Verdict, most: int = MAX_BYTES) -> str:
    """A heading, the table and its notes, in no more than `most` bytes.

    Args:
        verdict: What to show.
        most: Bytes that are left.
    """
    heading = f"### {_SIGNS[verdict.outcome]} {markdown(verdict.headline)}\n"
    notes = explained(verdict)
    told = [*notes[:_MOST_NOTES], *([f"{len(notes) - _MOST_NOTES:,} more lines"] if len(notes) > _MOST_NOTES else [])]
    below = [f"- {markdown(note)}" for note in (*told, *general(verdict))]
    below = _fitting(below, min(_FOR_NOTES, most // 3), "lines")
    # Title, an empty line, headings and alignment come before the rows.
    lines = render_markdown(grid(verdict)).split("\n")[2:]
    head, rows = lines[:2], lines[2 : 2 + len(verdict.findings)]
    free = most - sum(len(line.encode()) + 1 for line in (heading, *head, *below)) - 100
    return "\n".join([heading, *head, *_fitting(rows, free, "rows"), "", *below]) + "\n"


def _fitting(lines: list[str], free: int, what: str) -> list[str]:
    """As many lines as fit, and how many did not."""
    kept: list[str] = []
    for line in lines:
        free -= len(line.encode("utf-8", "backslashreplace")) + 1
        if free < 0:
            more = f"{len(lines) - len(kept):,} {what} more: `python -m harness check ... --format csv` has all"
            return [*kept, "", more]
        kept.append(line)
    return kept


def append_summary(path: Path, verdict: Verdict) -> None:
    """Adds to GitHub's own file, which earlier commands of the step may have written to."""
    there = path.stat().st_size if path.exists() else 0
    text = render_summary(verdict, max(0, MAX_BYTES - there)) if there < MAX_BYTES // 2 else _short(verdict)
    with path.open("a", encoding="utf-8") as stream:
        stream.write(text)


def _short(verdict: Verdict) -> str:
    """Where hardly any room is left."""
    return f"### {_SIGNS[verdict.outcome]} {markdown(verdict.headline)}\n"
