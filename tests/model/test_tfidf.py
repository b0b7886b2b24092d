"""Stance from words: it learns what there is to learn, and nothing where there is nothing."""

from types import SimpleNamespace

import pytest

from harness.model.tfidf import Tfidf
from harness.records import Example, Stance, StanceInput, Target

pytestmark = pytest.mark.core

CORPUS = SimpleNamespace(stance_labels=("favor", "against", "none"))


def run(rows, **parameters):
    examples = []
    for i, (text, target, label) in enumerate(rows):
        given = StanceInput(f"{i:02d}", f"d{i}", text, f"context {label}", Target(target, target))
        examples.append(Example(given.id, given.doc, given.doc, given, Stance(target, label)))
    model = Tfidf(**parameters)
    model.prepare(examples, CORPUS)
    return [answer.label for answer in model.answer([example.input for example in examples])]


def test_words_that_tell_the_label_are_learnt():
    cues = {"favor": "we welcome", "against": "they condemn", "none": "it reports"}
    rows = [(f"{cues[label]} plan{i}", "plan", label) for i, label in enumerate([*cues] * 6)]
    assert run(rows) == [label for _, _, label in rows]


def test_parts_of_words_are_learnt_with_characters_alone():
    rows = [(f"{'pro' if i % 2 else 'anti'}zzz{i} thing", "plan", "favor" if i % 2 else "against") for i in range(16)]
    expected = [label for _, _, label in rows]
    assert run(rows, chars=4) == expected
    # Without characters every cue is a word seen once, and the rest is the same for all.
    assert run(rows, chars=0) != expected


def test_the_context_is_not_read():
    """It names the gold label in these rows; a model that read it would be right."""
    rows = [("same", "plan", ("favor", "against")[i % 2]) for i in range(10)]
    assert run(rows) != [label for _, _, label in rows]


def test_rare_labels_weigh_more_when_balanced():
    rows = [("maybe", "plan", "none")] * 16 + [("maybe yes", "plan", "favor")] * 4
    assert run(rows, balanced=False, c=0.1) == ["none"] * 20
    assert run(rows, balanced=True, c=0.1)[-4:] == ["favor"] * 4


@pytest.mark.parametrize("bad", [{"words": 0}, {"chars": 1}, {"chars": -2}])
def test_bad_parameters_are_refused(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        Tfidf(**bad)
