"""Sequences as distinct values and codes: whatever is done to them, they stay the sequences that they were."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.coded import Coded, combined, read_arrow
from harness.tables import string_column

pytestmark = pytest.mark.core

VALUES = st.lists(st.sampled_from(["", "b", "a", "é", "北🎉"]), max_size=12)


@settings(max_examples=80, deadline=None)
@given(VALUES, st.data())
def test_it_is_the_sequence_that_it_was_made_of(values, data):
    coded = Coded.of(values)
    assert list(coded) == values
    assert [coded[n] for n in range(len(coded))] == values
    assert len(set(coded.values)) == len(coded.values)
    ordered = coded.sorted()
    assert list(ordered) == values
    assert list(ordered.values) == sorted(set(values))
    assert ordered.sorted() is ordered
    assert coded.arrow(string_column).to_pylist() == values
    numbers = data.draw(st.lists(st.integers(0, len(values) - 1), max_size=6)) if values else []
    taken = ordered.take(np.asarray(numbers, dtype=np.int64))
    assert list(taken) == [values[n] for n in numbers]
    assert [taken.values[n] for n in taken.present()] == sorted({values[n] for n in numbers})
    assert list(coded[1:4]) == values[1:4]


def test_objects_are_told_apart_by_what_they_are_not_by_what_they_say():
    one, other = {"a": "1"}, {"a": "1"}
    coded = Coded.of_objects([one, other, one, one])
    assert coded.codes.tolist() == [0, 1, 0, 0]
    assert coded.values[0] is one
    assert coded.values[1] is other
    assert list(Coded.of_objects([])) == []


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(*[st.sampled_from("abc")] * 3), min_size=1, max_size=12), st.booleans())
def test_combinations_have_one_number_each(rows, many):
    columns = [Coded.of(column) for column in zip(*rows, strict=True)]
    if many:
        # As if each had so many values that their products are no 64-bit numbers.
        columns = [Coded(range(2**40), column.codes) for column in columns]
    numbers = combined(columns).tolist()
    assert len(set(zip(numbers, rows, strict=True))) == len(set(numbers)) == len(set(rows))


def test_nulls_are_none():
    assert list(read_arrow(pa.array(["x", None, "x"]))) == ["x", None, "x"]
    assert list(read_arrow(pa.array([3, 3, None]))) == [3, 3, None]
    assert list(read_arrow(pa.array([True, False, True]))) == [True, False, True]
