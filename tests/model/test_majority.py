"""The most frequent label of the other folds: counted by hand."""

from types import SimpleNamespace

import pytest

from harness.model.majority import Majority
from harness.records import Example, Stance, StanceInput, Target

pytestmark = pytest.mark.core


def run(rows, scheme=("favor", "against", "none")):
    """Answers of leave-one-document-out: rows are (target, label), one document each."""
    examples = []
    for i, (target, label) in enumerate(rows):
        given = StanceInput(str(i), f"d{i}", "x", "", Target(target, target))
        examples.append(Example(given.id, given.doc, given.doc, given, Stance(target, label)))
    model = Majority(folds=len(rows))
    model.prepare(examples, SimpleNamespace(stance_labels=scheme))
    return model.answer([example.input for example in examples])


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        # Each is answered by the other two.
        ([("a", "favor"), ("a", "favor"), ("a", "none")], ["favor", "favor", "favor"]),
        # One against one is a tie: the first of the scheme.
        ([("a", "none"), ("a", "against"), ("a", "favor")], ["favor", "favor", "against"]),
        # A target of its own has no others: the majority of all others.
        ([("a", "none"), ("b", "against"), ("b", "against")], ["against", "against", "against"]),
        # By target: for `a` the others say favor, though most of all say none.
        ([("a", "favor"), ("a", "favor"), ("b", "none"), ("b", "none"), ("b", "none")], ["favor"] * 2 + ["none"] * 3),
    ],
)
def test_majorities_worked_by_hand(rows, expected):
    assert [answer.label for answer in run(rows)] == expected


def test_scores_are_the_shares_among_the_others():
    scores = run([("a", "favor"), ("a", "favor"), ("a", "none"), ("a", "none")])[0].scores
    assert scores == pytest.approx({"favor": 1 / 3, "against": 0, "none": 2 / 3})


def test_a_scheme_of_the_user_s_own():
    answers = run([("a", "pro"), ("a", "con"), ("a", "con")], scheme=("pro", "con"))
    assert [answer.label for answer in answers] == ["con", "pro", "pro"]
