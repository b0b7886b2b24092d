"""The subcommands: `python -m harness SUBCOMMAND`; each is a module of `harness.command`."""

from collections.abc import Callable
from importlib import import_module
from keyword import iskeyword

from harness.command.parser import HelpWasPrinted
from harness.config import nearest
from harness.errors import UsageError

COMMANDS = (
    "compare",
    "why-different",
    "check",
    "show",
    "score",
    "predict",
    "gold",
    "list",
    "schema",
    "doctor",
    "conformance",
    "query",
    "report",
    "export",
    "import",
)


def subcommand(name: str, arguments: list[str]) -> int:
    """Runs a subcommand.

    Args:
        name: The first word of the command line.
        arguments: What follows it.

    Returns:
        The exit code.

    Raises:
        UsageError: No such subcommand (names the nearest), or arguments that it does not take.
        HarnessError: Whatever else is wrong.
    """
    if name not in COMMANDS:
        raise UsageError(
            f"{name!r}: no such subcommand{nearest(name, COMMANDS)}; there are {', '.join(COMMANDS)}; "
            "a run takes key=value; see `python -m harness --help`"
        )
    # `import` cannot be the name of a module that anything imports.
    module = f"{name}_" if iskeyword(name) else name.replace("-", "_")
    try:
        run: Callable[[list[str]], int] = import_module(f"harness.command.{module}").run
        return run(arguments)
    except HelpWasPrinted:
        return 0
