"""The faults that end a run with one message and no traceback.

Exit codes: every `HarnessError` is 2 (bad usage, config or data; nothing was asked of a model, nothing
written) unless its class says otherwise.
"""

from collections.abc import Sequence


class HarnessError(Exception):
    """A fault that the user can mend: says where, what was expected, what was found, what to do."""

    exit_code = 2


class UsageError(HarnessError):
    """The command line is wrong: an unknown subcommand, option or path."""


class ConfigError(HarnessError):
    """The configuration is wrong: an unknown key or kind, a value of the wrong type, a forbidden key."""


class DataError(HarnessError):
    """Documents, gold or predictions are wrong; carries every fault found, one line each.

    Args:
        faults: `path:line: what was expected, what was found`, in file order; at least one.
    """

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        shown = list(self.faults[:50])
        if len(self.faults) > len(shown):
            shown.append(f"... and {len(self.faults) - len(shown)} more faults of this kind of reading")
        super().__init__("\n".join(shown))


class GoldError(DataError):
    """The gold annotations or the documents are wrong."""


class PredictionError(DataError):
    """Records that another system wrote do not fit the documents."""


class ResourceError(HarnessError):
    """Something the configuration needs is not on this machine: weights, a package, an environment variable."""


class RunError(HarnessError):
    """A run folder is missing, incomplete, locked, newer than this version or altered."""


class RunFailedError(HarnessError):
    """The run itself failed after models were asked; what was answered is kept in the journal."""

    exit_code = 1
