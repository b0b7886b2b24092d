"""Which rows stand together: the rule spelled out pair by pair is the oracle of the fast one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.comparison.ranking import make_blocks
from harness.comparison.table import Cell, Column, Line
from harness.metric.base import Key

pytestmark = pytest.mark.core

COLUMNS = [Column(Key(name, "micro"), name) for name in ("x", "y", "z")]


def make_line(label, gold, signatures, imported=""):
    """A row that has a score in each column whose signature is not None."""
    cells = {
        column.key: Cell(0.5, None, None, 0.95, None, 40, "document", 9.0, False, None, f"{column.key.metric}|{one}")
        for column, one in zip(COLUMNS, signatures, strict=True)
        if one is not None
    }
    identity = {"gold_sha256": gold, "documents_sha256": "d", "documents": 40}
    return Line(label, label, label, "none", cells, {}, {}, 0, None, None, identity, imported=imported)


def by_pairs(lines):
    """Each row goes to the first group of which it can be compared with every row, by each score that both have."""

    def comparable(one, other):
        both = one.cells.keys() & other.cells.keys()
        same = all(one.cells[key].signature == other.cells[key].signature for key in both)
        return one.identity == other.identity and same

    groups = []
    for line in lines:
        for group in groups:
            if all(comparable(line, other) for other in group):
                group.append(line)
                break
        else:
            groups.append([line])
    return sorted(groups, key=len, reverse=True)


def labels(groups):
    return [[line.label for line in group] for group in groups]


row = st.tuples(st.sampled_from("gh"), st.tuples(*[st.sampled_from([None, "v:1", "v:2"])] * 3))


@given(st.lists(row, max_size=14))
def test_blocks_are_those_of_the_rule_pair_by_pair(rows):
    lines = [make_line(f"r{number}", gold, signatures) for number, (gold, signatures) in enumerate(rows)]
    assert labels(block.lines for block in make_blocks(lines, COLUMNS)) == labels(by_pairs(lines))


def test_a_row_that_lacks_a_score_joins_two_and_keeps_others_out():
    # b has no x, so it stands with a; c has a's y but another x, and b is no bridge between them.
    a, b, c = (make_line("a", "g", ("v:1", "v:1", None)), make_line("b", "g", (None, "v:1", "v:1")),
               make_line("c", "g", ("v:2", "v:1", None)))  # fmt: skip
    assert labels(block.lines for block in make_blocks([a, b, c], COLUMNS)) == [["a", "b"], ["c"]]


def test_imported_rows_stand_below_ones_own_however_many():
    ours = make_line("ours", "g", ("v:1", None, None))
    theirs = [make_line(name, "h", ("tool:t|version:2", None, None), "t 2") for name in ("p", "q")]
    blocks = make_blocks([*theirs, ours], COLUMNS)
    assert labels(block.lines for block in blocks) == [["ours"], ["p", "q"]]
    assert blocks[1].reason == "imported from t 2 (other gold: 40 samples)"


def test_two_files_of_one_tool_say_what_they_differ_in():
    one = make_line("one", "g", ("tool:t|task:a", None, None), "t 2")
    other = make_line("other", "g", ("tool:t|task:b", None, None), "t 2")
    assert make_blocks([one, other], COLUMNS)[1].reason == "scored with task:b (above task:a)"
