"""`python -m harness gold stats`: what a gold holds, counted."""

from harness.command.gold_steps.reading import add_options, data_of
from harness.command.output import FORMATS, print_grids
from harness.command.parser import Parser


def run(arguments: list[str]) -> int:
    """Runs it; returns the exit code."""
    parser = Parser(
        "gold stats",
        "What a gold holds: documents and words, zones, entities per label, stance per target, summaries per style.\n"
        "It is read with every check of a run; faults are as `python -m harness gold validate` has them (exit 2).",
    )
    parser.add_argument("folder", metavar="DIR", help="the gold: a folder, or a file of the format")
    add_options(parser)
    parser.add_argument(
        "--format", choices=FORMATS, default="table", help="table (default); csv and json are unrounded"
    )
    asked = parser.parse(arguments)
    from harness.gold_tools.stats import SCHEMA, stats

    print_grids(stats(data_of(asked)), asked.format, SCHEMA)
    return 0
