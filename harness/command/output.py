"""What subcommands write to standard output."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.comparison.stored import Stored
    from harness.report.grid import Grid

# The forms of a table that every command with one offers.
FORMATS = ("table", "md", "csv", "json")


def print_text(text: str) -> None:
    """Prints text whose every character a user may have written, in an output of any encoding."""
    from harness.report.text import plain

    sys.stdout.write(plain(text, getattr(sys.stdout, "encoding", None)))


def print_left_out(stored: "Stored") -> int:
    """Names the run folders without scores on standard error; returns 1 where one of them is damaged, else 0."""
    from harness.report.text import visible

    for failure in stored.failures:
        print(visible(f"left out: {failure.data}/{failure.task}/{failure.model}: {failure.reason}"), file=sys.stderr)
    return 1 if any(failure.broken for failure in stored.failures) else 0


def print_grid(table: "Grid", format_name: str, schema: str) -> None:
    from harness.report import grid

    if format_name == "table":
        grid.print_grid(table)
    elif format_name == "md":
        print_text(grid.render_markdown(table))
    elif format_name == "csv":
        print_text(grid.render_csv(table))
    else:
        print_text(grid.render_json(table, schema))


def print_grids(tables: "Sequence[Grid]", format_name: str, schema: str) -> None:
    """Prints several tables below one another; in CSV and JSON their records are one list."""
    from dataclasses import replace

    from harness.report.grid import merged

    if format_name in ("csv", "json"):
        whole = merged(tables)
        more = {key: value for table in tables for key, value in table.more.items()}
        print_grid(replace(whole, more=more), format_name, schema)
        return
    for number, table in enumerate(tables):
        if number:
            print_text("\n")
        print_grid(table, format_name, schema)
