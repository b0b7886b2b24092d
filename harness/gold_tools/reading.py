"""Reading a gold for a tool: what a newcomer forgets is said in the tool's own words."""

from collections.abc import Iterator
from contextlib import contextmanager

from harness.errors import GoldError


@contextmanager
def asking_for_documents(documents: str | None) -> Iterator[None]:
    """Where no documents were found and none were named, the fault names the option."""
    try:
        yield
    except GoldError as error:
        if documents is None and any("no documents there" in fault for fault in error.faults):
            raise GoldError(
                [f"{fault}; if the texts lie elsewhere, add --documents DIR" for fault in error.faults]
            ) from None
        raise
