"""Stance from the text alone."""

from types import SimpleNamespace

import pytest

from harness.model.text_only import TextOnly
from harness.model.tfidf import Tfidf
from harness.records import Example, Stance, StanceInput, Target

pytestmark = pytest.mark.core

CORPUS = SimpleNamespace(stance_labels=("favor", "against", "none"))
CUES = {"favor": "we welcome", "against": "they condemn", "none": "it reports"}


def run(rows, cls=TextOnly, **parameters):
    """Answers to (text, target, gold label), a document each."""
    examples = []
    for i, (text, target, label) in enumerate(rows):
        given = StanceInput(f"{i:02d}", f"d{i}", text, f"context {label}", Target(target, target))
        examples.append(Example(given.id, given.doc, given.doc, given, Stance(target, label)))
    model = cls(**parameters)
    model.prepare(examples, CORPUS)
    return model.answer([example.input for example in examples])


def test_words_that_tell_the_label_are_learnt():
    rows = [(f"{CUES[label]} plan{i}", f"target{i}", label) for i, label in enumerate([*CUES] * 6)]
    assert [answer.label for answer in run(rows)] == [label for _, _, label in rows]


def test_the_target_is_never_read():
    """It names the label in these rows: `tfidf` is right in all, and other targets leave every answer as it was."""
    rows = [("the same words", f"{CUES[label]} it", label) for label in [*CUES] * 6]
    gold = [label for _, _, label in rows]
    assert [answer.label for answer in run(rows, Tfidf)] == gold
    found = run(rows)
    assert [answer.label for answer in found] != gold
    assert found == run([(text, f"target{i}", label) for i, (text, _, label) in enumerate(rows)])


def test_a_text_has_one_answer_whatever_the_target():
    examples = []
    for i, label in enumerate(["favor", "against"] * 8):
        for target, stance in (("plan", label), ("ban", "against" if label == "favor" else "favor")):
            given = StanceInput(f"{i:02d}{target}", f"d{i}", f"{CUES[label]} thing {i}", "", Target(target, target))
            examples.append(Example(given.id, given.doc, given.doc, given, Stance(target, stance)))
    model = TextOnly()
    model.prepare(examples, CORPUS)
    answers = model.answer([example.input for example in examples])
    assert answers[::2] == answers[1::2]


@pytest.mark.parametrize("bad", [{"words": 0}, {"chars": 1}, {"chars": -2}, {"folds": 1}, {"c": 0.0}])
def test_bad_parameters_are_refused(bad):
    with pytest.raises(ValueError, match=f"TextOnly: {next(iter(bad))}"):
        TextOnly(**bad)


def test_the_signature_names_every_parameter_and_what_was_learnt_from():
    model = TextOnly()
    assert model.signature().keys() == {
        *("kind", "folds", "rng_seed", "balanced", "c", "words", "chars", "scikit-learn")
    }
    rows = [(f"{CUES[label]} plan{i}", "plan", label) for i, label in enumerate([*CUES] * 2)]
    examples = [
        Example(f"{i}", f"d{i}", f"d{i}", StanceInput(f"{i}", f"d{i}", text, "", Target("t", "t")), Stance("t", label))
        for i, (text, _, label) in enumerate(rows)
    ]
    model.prepare(examples, CORPUS)
    assert len(model.signature()["learned_from"]) == 64
