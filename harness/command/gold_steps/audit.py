"""`python -m harness gold audit`: what is no fault and may be a slip."""

from harness.command.gold_steps.reading import add_options, data_of
from harness.command.output import FORMATS, print_grids
from harness.command.parser import Parser


def run(arguments: list[str]) -> int:
    """Runs it; returns the exit code."""
    parser = Parser(
        "gold audit",
        "Looks a gold over for what is no fault and may be a slip: texts that stand twice, the same name marked in\n"
        "two ways or not everywhere, odd spans, contradictions, references that are copied or too long, classes too\n"
        "rare to score. It informs: the exit code is 0 whatever is found, and 2 where the gold has faults.",
    )
    parser.add_argument("folder", metavar="DIR", help="the gold: a folder, or a file of the format")
    add_options(parser)
    parser.add_argument("--limit", metavar="N", type=int, help="findings of each kind (table and md: 10, else all)")
    parser.add_argument(
        "--format", choices=FORMATS, default="table", help="table (default); csv and json hold whole texts"
    )
    asked = parser.parse(arguments)
    if asked.limit is not None and asked.limit < 1:
        parser.error("--limit must be at least 1")
    from harness.gold_tools.audit.report import SCHEMA, audit, grids

    limit = asked.limit or (10 if asked.format in ("table", "md") else None)
    print_grids(grids(audit(data_of(asked)), asked.folder, limit), asked.format, SCHEMA)
    return 0
