"""What every answer is looked at for before it is stored."""

import math

import pytest

from harness.engine.base import checked_answers
from harness.records import Answer, Entity, Mention

pytestmark = pytest.mark.core

GOOD = Entity(0, 3, "PER", "Bob", 0.5)


@pytest.mark.parametrize(
    ("answer", "bin_"),
    [
        (Answer(entities=(GOOD, Entity(0, 3, "PER", "Bob", math.nan))), "nonfinite"),
        (Answer(entities=(GOOD, Entity(0, 3, "PER", "half \ud800"))), "unparsed"),
        (Answer(entities=(GOOD, Entity(0, 3, "\udc00"))), "unparsed"),
        (Answer(entities=(GOOD, Entity(0, object(), "PER"))), "failed"),
        (Answer(entities=(GOOD, Mention("PER", "Bob"))), "failed"),
        (Answer(entities=0), "failed"),
        (Answer(entities=iter((1,))), "failed"),
        (Answer(mentions=(Mention("PER", "half \ud800"),)), "unparsed"),
        (Answer(mentions=(GOOD,)), "scored"),
        (Answer(scores={"\ud800": 1.0}), "unparsed"),
        (Answer(tokens_read=math.inf), "nonfinite"),
        (Answer(entities=(GOOD,), mentions=(Mention("PER", "Bob"),)), "scored"),
        (Answer(entities=[GOOD]), "scored"),
        (Answer(entities=()), "scored"),
    ],
)
def test_one_that_cannot_be_stored_costs_itself(answer, bin_):
    fine = Answer(entities=(GOOD,), tokens_read=3)
    first, found, last = checked_answers([fine, answer, fine], [None] * 3)
    assert found.bin == bin_
    assert first is fine
    assert last is fine
