"""Stance from the target alone."""

from types import SimpleNamespace

import pytest

from harness.model.target_only import TargetOnly
from harness.records import Example, Stance, StanceInput, Target

pytestmark = pytest.mark.core

CORPUS = SimpleNamespace(stance_labels=("favor", "against", "none"))


def examples_of(texts):
    """Taxes are opposed and parks favoured, whatever the text says; one target is new each time."""
    rows = [("new tax", "against"), ("park", "favor")] * 10
    for i, (target, label) in enumerate(rows):
        given = StanceInput(f"{i:02d}", f"d{i}", texts[i % len(texts)], "", Target(f"{target} {i}", f"{target} {i}"))
        yield Example(given.id, given.doc, given.doc, given, Stance(target, label))


def test_the_target_s_words_decide_even_for_targets_not_seen():
    examples = list(examples_of(["x"]))
    model = TargetOnly()
    model.prepare(examples, CORPUS)
    answers = model.answer([example.input for example in examples])
    assert [answer.label for answer in answers] == [example.gold.label for example in examples]


def test_the_text_is_never_read():
    answers = []
    for texts in (["x"], ["good", "bad"], ["", "against favor none"]):
        examples = list(examples_of(texts))
        model = TargetOnly()
        model.prepare(examples, CORPUS)
        answers.append(model.answer([example.input for example in examples]))
    assert answers[0] == answers[1] == answers[2]
