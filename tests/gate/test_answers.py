import pytest

from harness.gate.answers import _difference, _said
from harness.records import Answer, Entity

pytestmark = pytest.mark.core


def spans(*given, **more):
    return Answer(entities=tuple(Entity(start, end, label, text="CANARY") for start, end, label in given), **more)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (spans((0, 5, "GPE")), spans((0, 5, "ORG")), "GPE 0-5 -> ORG 0-5"),
        (spans((0, 5, "GPE"), (7, 9, "ORG")), spans((0, 5, "GPE")), "ORG 7-9 -> nothing"),
        (spans(), spans((0, 5, "GPE")), "nothing -> GPE 0-5"),
        (Answer(label="favor"), Answer(label="none"), "favor -> none"),
        (Answer(label="favor"), Answer(bin="failed"), "scored -> failed"),
        (
            Answer(text="CANARY one"),
            Answer(text="CANARY two!"),
            "text of 10 -> 11 characters, the first other one at 7",
        ),
        (Answer(text="CANARY"), Answer(text="CANARY!"), "text of 6 -> 7 characters, the first other one at 6"),
        (Answer(text="a", sentences=("s1",)), Answer(text="b", sentences=("s2", "s3")), "sentences s1 -> s2, s3"),
        (spans((0, 5, "GPE"), tags=("B-GPE",)), spans((0, 5, "GPE"), tags=("I-GPE",)), "other tags for the same spans"),
        (spans(*[(n, n + 1, "X") for n in range(9)]), spans(), "X 0-1, X 1-2, X 2-3, X 3-4 and 5 more -> nothing"),
    ],
)
def test_what_changed_is_said_without_any_text(old, new, said):
    assert _said(old) != _said(new)
    assert _difference(old, new) == said


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (spans((0, 5, "GPE"), (7, 9, "ORG")), spans((7, 9, "ORG"), (0, 5, "GPE"))),
        (Answer(label="favor", scores={"favor": 0.9}), Answer(label="favor", scores={"favor": 0.8999999})),
        (Answer(entities=(Entity(0, 1, "X", score=0.5),)), Answer(entities=(Entity(0, 1, "X", score=0.4),))),
        (Answer(text="x", tokens_read=3), Answer(text="x", tokens_read=4)),
    ],
)
def test_order_and_probabilities_are_no_part_of_an_answer(old, new):
    assert _said(old) == _said(new)
