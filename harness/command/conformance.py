"""`python -m harness conformance`: the trap suite."""

from typing import TYPE_CHECKING

from harness.command.output import print_text
from harness.command.parser import Parser
from harness.config import nearest

if TYPE_CHECKING:
    pass


def run(arguments: list[str]) -> int:
    """Runs it; returns the exit code."""
    parser = Parser(
        "conformance",
        "Inputs that known tools score wrongly: our number, the right one and, where the tool is installed, its own.\n"
        "Exit 1 if one of ours is not the right one, or not within the tolerance of a simulation.",
    )
    parser.add_argument("traps", metavar="TRAP", nargs="*", help="T1, T2, ... (default: all)")
    parser.add_argument(
        "--format", choices=("table", "md", "json"), default="table", help="table (default), md or json"
    )
    asked = parser.parse(arguments)
    from harness import conformance
    from harness.traps import TRAPS

    known = {trap.id: trap for trap in TRAPS}
    names = [name.upper() for name in asked.traps]
    for name in names:
        if name not in known:
            parser.error(f"{name!r}: no such trap{nearest(name, known)}; there are {', '.join(known)}")
    results = conformance.run_traps([known[name] for name in dict.fromkeys(names)] or TRAPS)
    render = {"table": conformance.text, "md": conformance.table, "json": conformance.as_json}[asked.format]
    print_text(render(results))
    return 0 if all(result.passed for result in results) else 1
