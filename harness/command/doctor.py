"""`python -m harness doctor`: what this machine has."""

from pathlib import Path
from typing import TYPE_CHECKING

from harness.command.output import print_text
from harness.command.parser import Parser

if TYPE_CHECKING:
    pass


def run(arguments: list[str]) -> int:
    """Runs it; returns the exit code."""
    parser = Parser(
        "doctor", "What is installed, which models run on this machine without a network, and whether results fit."
    )
    parser.add_argument("--results", metavar="DIR", type=Path, default=Path("results"), help="default: results")
    asked = parser.parse(arguments)
    from harness.doctor import doctor

    text, code = doctor(asked.results)
    print_text(text)
    return code
