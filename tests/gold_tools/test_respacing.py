"""Texts as columns hold them: nothing but white space is added or lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.gold_tools.respacing import needs_respacing, respaced
from harness.records import Row

pytestmark = pytest.mark.core


def rows(text, entities=(), sentences=()):
    yield Row("d:1", "documents", {"id": "d", "text": text})
    for start, end in entities:
        yield Row("e:1", "entities", {"doc": "d", "start": start, "end": end, "label": "X", "text": text[start:end]})
    for number, (start, end) in enumerate(sentences):
        yield Row("s:1", "sentences", {"doc": "d", "id": f"s{number}", "start": start, "end": end})


@pytest.mark.parametrize(
    ("text", "entities", "sentences", "needed"),
    [
        ("Ann left .", [(0, 3)], [], False),
        ("Ann left .\nBo came .", [(0, 3)], [], False),
        ("Ann left .\nBo came .", [], [(0, 10), (11, 20)], False),
        # Two blanks, an outer one, a line break inside a sentence, none between two.
        ("Ann  left .", [], [], True),
        (" Ann left .", [], [], True),
        ("Ann\nleft .", [], [(0, 10)], True),
        ("Ann left . Bo came .", [], [(0, 10), (11, 20)], True),
        # An entity inside a token, and one that goes on in the next line.
        ("Ann left.", [(4, 8)], [], True),
        ("Ann\nLee left", [(0, 7)], [], True),
        ("Ann left.", [], [], False),
    ],
)
def test_which_texts_need_it(text, entities, sentences, needed):
    assert bool(list(needs_respacing(list(rows(text, entities, sentences))))) == needed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('He paid $3.50 (or "more").', 'He paid $ 3.50 ( or " more " ) .'),
        ("Don't go to the U.S. -- ever...", "Don't go to the U.S. - - ever . . ."),
        # A combining mark and a joined emoji stay whole.
        ("Zoe\u0301, \U0001f469\u200d\U0001f680!", "Zoe\u0301 , \U0001f469\u200d\U0001f680 !"),
        ("a\n\n b", "a\nb"),
    ],
)
def test_tokens(text, expected):
    assert respaced(list(rows(text)), [])[0].fields["text"] == expected


def test_offsets_move_along_and_white_space_is_refused():
    text = "See Bob's (new) car.\nIt is red."
    faults = []
    found = respaced(list(rows(text, [(4, 7), (11, 14)], [(0, 20), (21, 31)])), faults)
    new = found[0].fields["text"]
    assert new == "See Bob ' s ( new ) car .\nIt is red ."
    assert [new[row.fields["start"] : row.fields["end"]] for row in found[1:]] == [
        "Bob",
        "new",
        "See Bob ' s ( new ) car .",
        "It is red .",
    ]
    assert found[1].fields["text"] == "Bob"
    assert not faults
    respaced(list(rows(text, [(4, 10)])), faults)
    assert faults == ["e:1: 4-10 begins or ends with white space"]


@given(st.text("ab.,($ \n\u0301\U0001f600", min_size=1), st.integers(0, 30), st.integers(1, 30))
def test_only_white_space_changes(text, start, length):
    end = min(len(text), start + length)
    spans = (
        [(start, end)]
        if start < end and text[start:end].split() and not set(" \n") & {text[start], text[end - 1]}
        else []
    )
    faults = []
    found = respaced(list(rows(text, spans)), faults)
    assert not faults
    assert "".join(found[0].fields["text"].split()) == "".join(text.split())
    assert not list(needs_respacing(found))
    for row in found[1:]:
        said = found[0].fields["text"][row.fields["start"] : row.fields["end"]]
        assert "".join(said.split()) == "".join(text[start:end].split())
