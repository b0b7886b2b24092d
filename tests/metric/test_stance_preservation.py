"""Positions kept, dropped or flipped: cases worked by hand, with a judge that reads its answer out of the sentence."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.metric.base import Key
from harness.metric.stance_preservation import StancePreservation
from harness.records import References, Sentence, StanceGold, Summary, Target
from tests.made_context import context_of

pytestmark = pytest.mark.core

SOURCE = "Anna Miller likes it. Bob Jones hates it. So it is."
SENTENCES = (Sentence("s1", 0, 21, "body"), Sentence("s2", 22, 41, "body"), Sentence("s3", 42, 51, "body"))
TARGETS = {"plan": Target("plan", "the plan"), "tax": Target("tax", "the tax")}
FATES = ("kept", "dropped", "flipped")


def judge(question):
    """`+plan` and `-plan` in a sentence are its stance on `the plan`; `?` is no finding."""
    word = question["target"].removeprefix("the ")
    if "?" in question["text"]:
        return None
    sides = {"+": "favor", "-": "against"}
    return next((side for sign, side in sides.items() if sign + word in question["text"]), "none")


def gold(*texts, style="default"):
    return References(style, texts=texts, source=SOURCE)


def said(holder, label, target="plan", sentence=None):
    details = {} if holder is None else {"holder": holder}
    return StanceGold(target, label, sentence=sentence, details=details)


def counted(stance, summary, references=None, ask=judge, targets=TARGETS, **parameters):
    metric = StancePreservation(**parameters)
    references = gold() if references is None else references
    predicted = None if summary is None else Summary(summary)
    context = context_of(references, stance=tuple(stance), targets=targets, sentences=SENTENCES)
    asked = metric.questions(references, predicted, context)
    context = dataclasses.replace(context, measured=tuple(map(ask, asked)))
    return metric.count(references, predicted, context)


def fates(counts, suffix=""):
    return tuple(counts[f"{fate}{suffix}"] for fate in FATES)


KEPT, DROPPED, FLIPPED = (1, 0, 0), (0, 1, 0), (0, 0, 1)
MILLER, JONES, AUTHOR = said("Anna Miller", "favor"), said("Bob Jones", "against"), said("author", "favor")

# The document's gold, the summary (one sentence a line), and the shares kept, dropped, flipped.
CASES = [
    ([MILLER], "Miller is all +plan.", KEPT),
    ([MILLER], "Miller is all -plan.", FLIPPED),
    ([MILLER], "Miller came.", DROPPED),
    ([MILLER], "Miller is +tax.", DROPPED),  # another target
    ([MILLER], "MILLER'S view is +plan.", KEPT),  # in any case, before a possessive
    ([MILLER], "Anna is +plan.", KEPT),  # no sentence names the holder, none another one
    ([MILLER], "Millers are -plan.", FLIPPED),  # not the name, but not another holder's either
    # Her own sentences are the ones that count; what the rest says is not hers.
    ([MILLER], "Miller came.\nAll is +plan.", DROPPED),
    ([MILLER], "Miller is +plan.\nAll is -plan.\nAll is -plan.", KEPT),
    # One of each: no more are the opposite. Two against one: flipped.
    ([MILLER], "Miller is +plan.\nMiller is -plan.", KEPT),
    ([MILLER], "Miller is +plan.\nMiller is -plan.\nMiller was -plan.", FLIPPED),
    # Two holders on opposite sides.
    ([MILLER, JONES], "Miller is +plan.\nJones is -plan.", KEPT),
    ([MILLER, JONES], "Miller is -plan.\nJones is +plan.", FLIPPED),
    ([MILLER, JONES], "Miller is +plan.\nJones came.", (0.5, 0.5, 0)),
    # Jones is not named, and the sentence that names Miller is not read for him.
    ([MILLER, JONES], "Miller is +plan.", (0.5, 0.5, 0)),
    # A sentence that names both counts for both: one of them cannot be right.
    ([MILLER, JONES], "Miller and Jones are +plan.", (0.5, 0, 0.5)),
    # A sentence that names nobody counts for each.
    ([MILLER, JONES], "All is -plan.", (0.5, 0, 0.5)),
    # The author is never named: the word is no name.
    ([AUTHOR], "The author is +plan.", KEPT),
    ([AUTHOR, JONES], "It is +plan.\nJones is -plan.", KEPT),
    ([AUTHOR, JONES], "Jones is -plan.", (0.5, 0.5, 0)),
    ([said(None, "favor")], "It is +plan.", KEPT),  # without a holder it is the author's
    # A name that is named for another target does not bar the sentence.
    ([AUTHOR, said("Bob Jones", "against", "tax")], "Jones: +plan, -tax.", KEPT),
    # Short names: as they are written, whole.
    ([said("Xi", "favor")], "Xi is +plan.\nIt is -plan.", KEPT),
    ([said("US", "favor"), AUTHOR], "They told us it is +plan.", KEPT),
    ([said("US", "favor"), said("UN", "against")], "The US is +plan.\nThe UN is -plan.\nLet us be -plan.", KEPT),
    ([said("Lee Wu", "favor")], "Wuhan is -plan.\nWu is +plan.", KEPT),
    # The last word of four letters or more, not the last.
    ([said("Bank of Mali plc", "favor")], "Mali is +plan.\nThe plc is -plan.", KEPT),
    ([said("Sean O'Neil", "favor")], "O'Neil's word is +plan.\nIt is -plan.", KEPT),
    ([said("Владимир Путин", "against")], "Путин: -plan.\nIt is +plan.", KEPT),
    ([said("???", "favor")], "It is +plan.", KEPT),  # a holder without a word is never named
    # More judgements decide.
    ([said("Xi", "favor"), said("Xi", "favor"), said("Xi", "against")], "Xi is +plan.", KEPT),
    ([said("Xi", "against"), said("Xi", "favor"), said("Xi", "against"), said("Xi", "none")], "Xi is +plan.", FLIPPED),
    # One holder, two targets.
    ([MILLER, said("Anna Miller", "against", "tax")], "Miller is +plan and +tax.", (0.5, 0, 0.5)),
    # No finding is no side.
    ([MILLER], "Miller is +plan?", DROPPED),
]  # fmt: skip


@pytest.mark.parametrize(("stance", "summary", "shares"), CASES)
def test_cases_worked_by_hand(stance, summary, shares):
    assert fates(counted(stance, summary)) == shares


@pytest.mark.parametrize("summary", [None, "", "\n "])
def test_no_summary_drops_them_all(summary):
    assert fates(counted([MILLER, JONES], summary)) == DROPPED


@pytest.mark.parametrize(
    "stance",
    [
        [],
        [said("Xi", "none")],
        [said("Xi", "favor"), said("Xi", "against")],  # a tie
        [said("Xi", "unclear")],
        [said("Xi", "favor", "elsewhere")],  # a target without words
    ],
)
def test_a_document_without_positions_has_no_score(stance):
    assert counted(stance, "Xi is +plan.", gold("Xi is +plan.")) == {"positions": 0.0}
    metric = StancePreservation()
    assert all(value != value for value in metric.compute({"positions": 0.0}).values())  # NaN, and there are rows


def test_extracts_are_left_out():
    references = References("extract", extracts=(("s1",),), source=SOURCE)
    assert counted([MILLER], "Miller is +plan.", references) == {}


def test_references_are_read_alike_and_averaged():
    counts = counted([MILLER, JONES], "Miller came.", gold("Miller is +plan.\nJones is +plan.", "Jones is -plan."))
    assert fates(counts) == (0, 1, 0)
    # First: one kept, one flipped; second: Miller dropped, Jones kept.
    assert fates(counts, "_reference") == (0.5, 0.25, 0.25)


def test_without_references_they_have_no_score():
    counts = counted([MILLER], "Miller is +plan.", gold())
    assert "kept_reference" not in counts
    assert "kept_reference|n" not in counts


def test_the_judges_accuracy_is_on_the_documents_own_sentences():
    stance = [
        said("Anna Miller", "favor", sentence="s1"),
        said("Bob Jones", "against", sentence="s2"),
        said("author", "none", "tax", sentence="s3"),
        said("author", "favor"),  # of the whole document: no sentence to be read
        said("author", "favor", sentence="s9"),  # no such sentence
        said("author", "favor", "elsewhere", sentence="s1"),  # a target without words
    ]

    def ask(question):
        return {"Anna Miller likes it.": "favor", "Bob Jones hates it.": "favor"}.get(question["text"], "none")

    assert counted(stance, "Miller came.", ask=ask)["judge_accuracy"] == 2 / 3
    # A finding that is missing is not right.
    assert counted(stance, "Miller came.", ask=lambda question: None)["judge_accuracy"] == 0.0
    assert "judge_accuracy" not in counted([MILLER], "Miller came.")


def test_the_questions_in_order():
    metric = StancePreservation()
    stance = (said("Xi", "favor", "tax", "s1"), said("Xi", "against", "plan", "s2"), said("Xi", "none", "plan", "s3"))
    references = gold("R one. R two.")
    context = context_of(references, stance=stance, targets=TARGETS, sentences=SENTENCES)
    asked = [(one["text"], one["target"]) for one in metric.questions(references, Summary("A."), context)]
    assert asked == [
        ("A.", "the plan"), ("A.", "the tax"),
        ("R one.", "the plan"), ("R one.", "the tax"), ("R two.", "the plan"), ("R two.", "the tax"),
        ("Anna Miller likes it.", "the tax"), ("Bob Jones hates it.", "the plan"), ("So it is.", "the plan"),
    ]  # fmt: skip


def test_only_targets_that_someone_takes_a_side_on_are_asked_about_summaries():
    metric, references = StancePreservation(), gold()
    context = context_of(references, stance=(MILLER, said("Xi", "none", "tax")), targets=TARGETS)
    asked = metric.questions(references, Summary("A."), context)
    assert [question["target"] for question in asked] == ["the plan"]


def test_another_scheme():
    stance = [said("Xi", "pro"), said("Lu", "contra")]
    counts = counted(stance, "Xi is +plan.\nLu is -plan.", favor="pro", against="contra",
                     ask=lambda q: {"favor": "pro", "against": "contra"}.get(judge(q)))  # fmt: skip
    assert fates(counts) == KEPT
    with pytest.raises(ValueError, match="must differ"):
        StancePreservation(favor="x", against="x")


def test_rows():
    counts = counted([MILLER], "Miller is +plan.", gold("Miller is -plan."))
    scores = StancePreservation().compute(counts)
    assert {key.metric: float(value) for key, value in scores.items() if value == value} == {
        "stance_preservation.kept": 1.0, "stance_preservation.dropped": 0.0, "stance_preservation.flipped": 0.0,
        "stance_preservation.kept_reference": 0.0, "stance_preservation.dropped_reference": 0.0,
        "stance_preservation.flipped_reference": 1.0,
    }  # fmt: skip
    assert StancePreservation().support(Key("stance_preservation.kept", "mean"), counts) == 1


WORDS = st.sampled_from(["Miller", "Jones", "Xi", "+plan", "-plan", "+tax", "-tax", "it", "?", "😀"])
STANCE = st.lists(
    st.builds(
        said,
        st.sampled_from(["Anna Miller", "Bob Jones", "Xi", "author", None]),
        st.sampled_from(["favor", "against", "none"]),
        st.sampled_from(["plan", "tax"]),
        st.sampled_from([None, "s1", "s2"]),
    ),
    max_size=6,
)
TEXTS = st.lists(st.lists(WORDS, min_size=1, max_size=4).map(" ".join), max_size=4)


@given(STANCE, TEXTS, TEXTS, st.randoms())
def test_shares_add_up_and_no_order_matters(stance, summary, reference, random):
    def of(judgements, lines, others):
        return counted(judgements, "\n".join(lines), gold("\n".join(others)))

    counts = of(stance, summary, reference)
    shuffled = [random.sample(several, len(several)) for several in (stance, summary, reference)]
    assert of(*shuffled) == pytest.approx(counts)
    if counts["positions"]:
        assert sum(fates(counts)) == pytest.approx(1.0)
        assert sum(fates(counts, "_reference")) == pytest.approx(1.0)
        # What is judged alike scores alike.
        same = of(stance, reference, reference)
        assert fates(same) == fates(same, "_reference")
