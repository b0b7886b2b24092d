"""What a page is made of, as strings that are safe to show; the templates put markup around them."""

from collections.abc import Sequence
from dataclasses import dataclass

# Shades of a cell, from none to the darkest.
SHADES = 10


@dataclass(frozen=True)
class Cell:
    """One cell of a sheet.

    Args:
        text: What it says.
        sub: What stands below it in small print, an interval for instance.
        shade: How dark it is, from 0 to `SHADES`; None in a sheet that is no heat map.
        strong: Whether it is set in bold.
    """

    text: str
    sub: str = ""
    shade: int | None = None
    strong: bool = False


@dataclass(frozen=True)
class Sheet:
    """A table; the first cell of a row names the row.

    Args:
        caption: What it is.
        headings: Of the columns.
        rows: As many cells as there are headings.
        right: Places of the columns that hold numbers.
        notes: Printed below.
        folded: Whether it is shown only when it is asked for.
    """

    caption: str
    headings: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    right: Sequence[int] = ()
    notes: Sequence[str] = ()
    folded: bool = False


@dataclass(frozen=True)
class Figure:
    """A chart.

    Args:
        title: What it shows.
        svg: The markup of one `<svg>` element, made by `harness.report.html.charts` and nothing else.
        text: What a reader of it is told who cannot see it; the same numbers stand in a sheet beside it.
    """

    title: str
    svg: str
    text: str


@dataclass(frozen=True)
class Section:
    """A part of a task.

    Args:
        id: Unique on the page.
        title: Its heading.
        about: How to read it, in a sentence or two.
        figures: Charts.
        sheets: Tables.
        missing: Why there is nothing to show and which command gives it; empty where there is something.
        code: The command.
    """

    id: str
    title: str
    about: str = ""
    figures: Sequence[Figure] = ()
    sheets: Sequence[Sheet] = ()
    missing: str = ""
    code: str = ""


@dataclass(frozen=True)
class Task:
    """Every run of one data set and task.

    Args:
        id: Unique on the page.
        title: Data and task.
        subtitle: Documents, unit, how the numbers are to be read.
        sections: In the order shown.
    """

    id: str
    title: str
    subtitle: str
    sections: Sequence[Section] = ()


@dataclass(frozen=True)
class Glance:
    """A task in one score.

    Args:
        task: The id of what it leads to on the page.
        title: Data and task.
        who: The run in front, or that there is a tie or no ranking.
        score: Its headline score.
        bounds: The interval of that, where there is one.
        verdict: What the paired test says.
        about: On how many documents.
    """

    task: str
    title: str
    who: str
    score: str = ""
    bounds: str = ""
    verdict: str = ""
    about: str = ""


@dataclass(frozen=True)
class Summary:
    """All that is shown above the documents.

    Args:
        title: Of the page.
        facts: Runs, data sets, version: one short phrase each.
        remarks: What a reader has to know before the numbers: kind (`caution` or `note`), text.
        glance: The tasks in a few numbers.
        tasks: One per data set and task.
        provenance: Folders, hashes, versions and signatures.
    """

    title: str
    facts: Sequence[str]
    remarks: Sequence[tuple[str, str]]
    glance: Sequence[Glance]
    tasks: Sequence[Task]
    provenance: Sequence[Sheet] = ()
