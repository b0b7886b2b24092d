"""`python -m harness list`: what can be chosen."""

from pathlib import Path
from typing import TYPE_CHECKING

from harness.command.output import print_text
from harness.command.parser import Parser

if TYPE_CHECKING:
    pass

LISTS = ("models", "tasks", "metrics", "data", "prompts", "gates", "experiments")


def run(arguments: list[str]) -> int:
    """Runs it; returns the exit code."""
    parser = Parser("list", "What can be chosen, from the configuration files.")
    parser.add_argument("what", choices=LISTS, help="which group")
    parser.add_argument("--config-dir", metavar="DIR", type=Path, help="also those of your own configurations")
    asked = parser.parse(arguments)
    from harness.catalogue import catalogue

    print_text(catalogue(asked.what, asked.config_dir))
    return 0
