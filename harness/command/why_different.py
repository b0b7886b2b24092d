"""`python -m harness why-different`: why two runs are not ranked together, and what makes them comparable."""

from pathlib import Path

from harness.command.output import FORMATS, print_grid
from harness.command.parser import Parser
from harness.errors import UsageError


def run(arguments: list[str]) -> int:
    """Runs it; returns the exit code."""
    parser = Parser(
        "why-different",
        "Every field in which two runs differ, what keeps them apart first, and the cheapest command that makes them "
        "comparable.\nNothing is scored again and no model is loaded.",
    )
    parser.add_argument("a", metavar="A", type=Path, help="a run folder")
    parser.add_argument("b", metavar="B", type=Path, help="another one, which is to be made like the first")
    parser.add_argument("--format", choices=FORMATS, default="table", help="table (default), md, csv or json")
    asked = parser.parse(arguments)
    from harness.comparison.why_different import SCHEMA, grid, why_different
    from harness.run_folder import find_runs, read_run

    folders = []
    for path in (asked.a, asked.b):
        found = find_runs(path)
        if len(found) > 1:
            raise UsageError(f"{path}: {len(found)} runs lie there; name one, for instance {found[0]}")
        folders += found
    if folders[0].resolve() == folders[1].resolve():
        raise UsageError(f"{asked.a} and {asked.b} are one and the same run")
    print_grid(grid(why_different(*(read_run(folder) for folder in folders))), asked.format, SCHEMA)
    return 0
