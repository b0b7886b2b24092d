"""`python -m harness query`: SQL over stored runs."""

from pathlib import Path

from harness.command.output import FORMATS, print_grid, print_left_out, print_text
from harness.command.parser import Parser


def run(arguments: list[str]) -> int:
    """Runs it; returns the exit code."""
    parser = Parser(
        "query",
        "One SELECT over stored runs, by DuckDB: the tables scores, runs, predictions and counts.\n"
        "Without SQL: the tables, their columns, and queries to begin with. Files, networks and extensions are off.",
        "example:\n  python -m harness query \"select model, value from scores where metric = 'stance.favg'\" results",
    )
    parser.add_argument("sql", metavar="SQL", nargs="?", help="one SELECT, in quotes")
    parser.add_argument(
        "results", metavar="RESULTS", nargs="*", type=Path, help="run folders, or folders above them (default: results)"
    )
    parser.add_argument(
        "--format", choices=FORMATS, default="table", help="table (default); csv and json are unrounded"
    )
    asked = parser.parse(arguments)
    sql: str | None = asked.sql
    paths: list[Path] = asked.results
    # No statement is one word that names a folder.
    if sql and not any(character.isspace() for character in sql) and Path(sql).is_dir():
        paths = [Path(sql), *paths]
        sql = None
    from harness import query
    from harness.comparison.stored import read_stored

    stored = read_stored(paths or [Path("results")])
    code = print_left_out(stored)
    if sql is None:
        print_text(query.catalogue(stored))
    else:
        print_grid(query.grid(query.ask(stored, sql)), asked.format, query.SCHEMA)
    return code
