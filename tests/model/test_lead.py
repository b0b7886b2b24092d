"""The lead baseline."""

import pytest

from harness.model.lead import Lead
from harness.records import SummaryInput

pytestmark = pytest.mark.core

SENTENCES = (("s1", "One two three."), ("s2", "Four five six seven eight."), ("s3", "Nine."), ("s4", "Ten."))


def asked(style="default", **limits):
    return SummaryInput("d:1", "d", "", style, SENTENCES, **limits)


def test_first_sentences_within_the_limits():
    answers = Lead(sentences=2).answer(
        [
            asked(),
            asked("extract", max_sentences=3),
            asked("headline", max_words=5, max_sentences=1),
            asked("highlights", max_words=6, min_words=4),
            SummaryInput("e:1", "e", "", "default", ()),
        ]
    )
    assert [answer.sentences for answer in answers] == [("s1", "s2"), ("s1", "s2", "s3"), ("s1",), ("s1", "s3"), ()]
    assert [answer.text for answer in answers[-2:]] == ["One two three.\nNine.", ""]


def test_signature_and_parameters():
    assert Lead().signature() == {"kind": "lead", "sentences": 3}
    assert Lead.tasks == ("summarization",)
    assert Lead.gold == "none"
    with pytest.raises(ValueError, match="Lead: sentences must be at least 1, got 0"):
        Lead(sentences=0)
