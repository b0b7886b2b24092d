import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.metric.confusion import NO_ANSWER, answer, cell_name, read_cells, tally
from harness.records import Stance

pytestmark = pytest.mark.core


@given(st.lists(st.text(alphabet="a|%27C5", max_size=6), min_size=2, max_size=3))
def test_any_label_or_target_survives_its_name(parts):
    assert list(read_cells({cell_name(*parts): 1.0})) == [tuple(parts)]


@given(st.lists(st.tuples(st.text(alphabet="a|%7C"), st.text(alphabet="a|%7C")), min_size=2, max_size=2, unique=True))
def test_different_cells_have_different_names(pairs):
    assert cell_name(*pairs[0]) != cell_name(*pairs[1])


def test_no_answer_and_an_abstention_are_alike():
    assert answer(None) == answer(Stance("t", "unknown")) == NO_ANSWER
    assert answer(Stance("t", "favor")) == "favor"


def test_tally_by_hand():
    cells = {
        ("a", "a"): np.array([3.0, 0]),
        ("a", "b"): np.array([1.0, 1]),
        ("b", "a"): np.array([2.0, 0]),
        ("a", ""): np.array([4.0, 0]),
    }
    found = tally(cells, "a", {"x": np.zeros(2)})
    assert [side.tolist() for side in found] == [[3, 0], [8, 1], [5, 0]]
    assert [side.tolist() for side in tally(cells, "c", {"x": np.zeros(2)})] == [[0, 0]] * 3
