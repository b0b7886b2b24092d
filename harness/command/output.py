"""What subcommands write to standard output."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.report.grid import Grid

# The forms of a table that every command with one offers.
FORMATS = ("table", "md", "csv", "json")


def print_text(text: str) -> None:
    """Prints text whose every character a user may have written, in an output of any encoding."""
    from harness.report.text import plain

    sys.stdout.write(plain(text, getattr(sys.stdout, "encoding", None)))


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
