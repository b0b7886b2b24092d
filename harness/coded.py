"""Sequences in which few values repeat: documents, units and slice fields of a million rows."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar, overload

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

T = TypeVar("T")

Places = NDArray[np.int64]


class Coded(Sequence[T], Generic[T]):
    """A sequence as its distinct values and, for each place, the number of its value.

    Args:
        values: The values; some may stand at no place.
        codes: For each place, which of them.
        ordered: Whether the values are sorted.
    """

    __slots__ = ("codes", "ordered", "values")

    def __init__(self, values: Sequence[T], codes: Places, *, ordered: bool = False) -> None:
        self.values = values
        self.codes = codes
        self.ordered = ordered

    @classmethod
    def of(cls, given: Sequence[T]) -> "Coded[T]":
        """A sequence of hashable values."""
        place: dict[T, int] = {}
        codes = np.fromiter((place.setdefault(one, len(place)) for one in given), dtype=np.int64, count=len(given))
        return cls(tuple(place), codes)

    @classmethod
    def of_objects(cls, given: Sequence[T]) -> "Coded[T]":
        """A sequence of any values, of which the same object is one value; equal ones may be several."""
        place: dict[int, int] = {}
        codes = np.fromiter((place.setdefault(id(one), len(place)) for one in given), dtype=np.int64, count=len(given))
        firsts = np.empty(len(place), dtype=np.int64)
        # Written from the last to the first, so that the first stays.
        firsts[codes[::-1]] = np.arange(len(codes))[::-1]
        return cls([given[number] for number in firsts.tolist()], codes)

    def __len__(self) -> int:
        return len(self.codes)

    @overload
    def __getitem__(self, place: int) -> T: ...

    @overload
    def __getitem__(self, place: slice) -> "Coded[T]": ...

    def __getitem__(self, place: int | slice) -> "T | Coded[T]":
        if isinstance(place, slice):
            return Coded(self.values, self.codes[place], ordered=self.ordered)
        return self.values[int(self.codes[place])]

    def __iter__(self) -> Iterator[T]:
        values = self.values
        return (values[code] for code in self.codes.tolist())

    def take(self, numbers: Places) -> "Coded[T]":
        """The values at these places."""
        return Coded(self.values, self.codes[numbers], ordered=self.ordered)

    def sorted(self: "Coded[Any]") -> "Coded[Any]":
        """The same sequence with its values sorted."""
        if self.ordered:
            return self
        order = sorted(range(len(self.values)), key=self.values.__getitem__)
        place = np.empty(len(order), dtype=np.int64)
        place[order] = np.arange(len(order))
        return Coded([self.values[number] for number in order], place[self.codes], ordered=True)

    def present(self) -> Places:
        """The numbers of the values that stand somewhere, ascending."""
        return np.flatnonzero(np.bincount(self.codes, minlength=len(self.values)))

    def arrow(self, column: Callable[[Sequence[T]], pa.Array]) -> pa.Array:
        """The sequence as an Arrow array.

        Args:
            column: Makes an array of the distinct values.
        """
        numbers = pa.Array.from_buffers(pa.int64(), len(self), [None, pa.py_buffer(np.ascontiguousarray(self.codes))])
        return column(self.values).take(numbers)


def combined(columns: Sequence[Coded[Any]]) -> Places:
    """One number for each combination of the values that stand at a place of several sequences of one length."""
    codes = np.zeros(len(columns[0]), dtype=np.int64)
    most = 1
    for column in columns:
        if most * len(column.values) >= 2**62:
            kinds, codes = np.unique(codes, return_inverse=True)
            most = len(kinds)
        codes = codes * len(column.values) + column.codes
        most *= max(1, len(column.values))
    return codes


def read_arrow(column: pa.Array) -> Coded[Any]:
    """The values of an Arrow array, None for null."""
    encoded = column.dictionary_encode(null_encoding="encode")
    return Coded(encoded.dictionary.to_pylist(), encoded.indices.to_numpy().astype(np.int64))
