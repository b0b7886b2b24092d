"""Arguments of subcommands: one message for what is wrong, and the nearest known option."""

import argparse
from collections.abc import Sequence
from typing import NoReturn

from harness.config import nearest
from harness.errors import UsageError


class HelpWasPrinted(Exception):  # noqa: N818 - it is no error
    """Help was asked for and printed."""


class Parser(argparse.ArgumentParser):
    """Raises one `UsageError` instead of printing usage and leaving."""

    def __init__(self, prog: str, description: str, epilog: str | None = None) -> None:
        super().__init__(
            prog=f"python -m harness {prog}",
            description=description,
            epilog=epilog,
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see `{self.prog} --help`")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        raise HelpWasPrinted

    def parse(self, arguments: Sequence[str]) -> argparse.Namespace:
        """Parses; an unknown option names the nearest known one."""
        # argparse ends with "required: RUN" where an option is misspelled, so options are looked at first.
        for argument in arguments:
            if argument == "--":
                break
            option = argument.partition("=")[0]
            if option.startswith("--") and option not in self._option_string_actions:
                known = sorted(self._option_string_actions)
                self.error(f"{option}: unknown option{nearest(option, known)}; there are {', '.join(known)}")
        return self.parse_intermixed_args(arguments)

    def _check_value(self, action: argparse.Action, value: object) -> None:
        if action.choices is not None and value not in action.choices:
            known = [str(choice) for choice in action.choices]
            name = "/".join(action.option_strings) or action.dest
            self.error(f"{name}: {value!r} is not offered{nearest(str(value), known)}; there are {', '.join(known)}")
