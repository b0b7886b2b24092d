"""`python -m harness schema`: JSON Schemas."""

from typing import TYPE_CHECKING

from harness.command.output import print_text
from harness.command.parser import Parser

if TYPE_CHECKING:
    pass


def run(arguments: list[str]) -> int:
    """Runs it; returns the exit code."""
    from harness.schema import RECORDS, schema_text

    parser = Parser(
        "schema",
        "JSON Schema (draft 2020-12) of the record files, or of scores.json.",
        "examples:\n  python -m harness schema records entities > entities.schema.json\n"
        "  python -m harness schema scores",
    )
    parser.add_argument("what", choices=("records", "scores"), help="which files")
    parser.add_argument("file", nargs="?", choices=tuple(RECORDS), help="with records: of one file alone")
    asked = parser.parse(arguments)
    if asked.what == "scores" and asked.file:
        parser.error("scores has one schema; a file can be named after `records` only")
    print_text(schema_text(asked.what, asked.file))
    return 0
