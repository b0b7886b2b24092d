"""Cue words: a table worked by hand."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.model.gazetteer import read_sections
from harness.model.lexicon import _FILE, Lexicon
from harness.records import NerInput, StanceInput, Target

pytestmark = pytest.mark.core


def asked(text, target="the carbon tax", context=""):
    return StanceInput("d:1", "d", text, context, Target("t", target))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("We support the carbon tax.", "favor"),
        ("We reject the carbon tax.", "against"),
        ("The carbon tax starts in May.", "none"),
        # The target is not touched.
        ("We support the new road.", "none"),
        # Inflected, and one of two content words is enough.
        ("Taxes are harmful.", "against"),
        # Negation turns a cue round, within three words.
        ("We do not support the tax.", "against"),
        ("The tax isn't bad.", "favor"),
        ("The tax isn’t bad.", "favor"),
        ("Not now, they said, but we support the tax.", "favor"),
        # One for and one against.
        ("A great tax with terrible rules.", "none"),
        ("A great, fair tax with terrible rules.", "favor"),
        ("", "none"),
        ("TAX! HATE!", "against"),
    ],
)
def test_cues_worked_by_hand(text, expected):
    assert [answer.label for answer in Lexicon().answer([asked(text)])] == [expected]


def test_the_target_s_own_words_are_no_cues():
    """`war crime tribunal` says crime; a sentence that only names it takes no side."""
    assert Lexicon().answer([asked("The crime tribunal met.", "the crime tribunal")])[0].label == "none"
    assert Lexicon().answer([asked("The crime tribunal is fair.", "the crime tribunal")])[0].label == "favor"


def test_overlap_says_how_much_of_the_target_must_occur():
    text, target = "We support the tax.", "the carbon tax on imported steel"  # carbon, tax, import, steel
    labels = [Lexicon(overlap=share).answer([asked(text, target)])[0].label for share in (0.25, 0.26, 1.0)]
    assert labels == ["favor", "none", "none"]


def test_window_says_how_far_a_negation_reaches():
    text = "We never did wholly support the tax."  # the cue is the third word after
    labels = [Lexicon(window=reach).answer([asked(text)])[0].label for reach in (3, 2, 0)]
    assert labels == ["against", "favor", "favor"]


def test_a_target_without_content_words_is_never_touched():
    assert Lexicon().answer([asked("It is good.", "it")])[0].label == "none"


def test_labels_of_the_user_s_own_scheme():
    model = Lexicon(favor="pro", against="con", none="neutral")
    texts = ["We support the tax.", "We reject the tax.", "The tax."]
    assert [answer.label for answer in model.answer([asked(text) for text in texts])] == ["pro", "con", "neutral"]


@given(st.text(max_size=80), st.text(max_size=20), st.text(max_size=20))
@settings(deadline=None)
def test_the_context_and_the_batch_change_nothing(text, target, context):
    model = Lexicon()
    plain = model.answer([asked(text, target)])
    assert model.answer([asked("other"), asked(text, target, context)])[1:] == plain
    assert plain[0].label in {"favor", "against", "none"}
    assert plain[0].scores is None


def test_a_megabyte_is_read():
    for text in ("a" * 10**6, "not " * 250_000, "'" * 10**6):
        assert Lexicon().answer([asked(text)])[0].label == "none"


def test_no_cue_is_on_both_sides():
    sections = read_sections(_FILE)
    assert set(sections["support"]).isdisjoint(sections["oppose"])
    assert set(sections["negation"]).isdisjoint({*sections["support"], *sections["oppose"]})
    assert set(sections["stop"]).isdisjoint({*sections["support"], *sections["oppose"], *sections["negation"]})


@pytest.mark.parametrize("bad", [{"overlap": 0.0}, {"overlap": 1.1}, {"window": -1}])
def test_bad_parameters_are_refused(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        Lexicon(**bad)


def test_other_tasks_inputs_are_refused():
    with pytest.raises(TypeError, match="NerInput"):
        Lexicon().answer([NerInput("d:1", "d", "x")])


def test_signature_names_the_parameters():
    assert Lexicon(window=2).signature()["window"] == 2
    assert Lexicon().signature() != Lexicon(overlap=0.5).signature()
