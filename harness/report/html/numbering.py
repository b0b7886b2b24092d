"""Values by number: what stands in many places of a report's data is written once."""

from collections.abc import Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value", bound=Hashable)


class Numbering(Generic[Value]):
    """Distinct values in the order in which they were met.

    Example:
        >>> labels = Numbering(["PER"])
        >>> labels.of("ORG"), labels.of("PER"), labels.values
        (1, 0, ['PER', 'ORG'])
    """

    def __init__(self, values: list[Value] | None = None) -> None:
        self._places: dict[Value, int] = {}
        for value in values or ():
            self.of(value)

    def of(self, value: Value) -> int:
        """The value's number; a new value gets the next one."""
        return self._places.setdefault(value, len(self._places))

    @property
    def values(self) -> list[Value]:
        """The values in the order of their numbers."""
        return list(self._places)
