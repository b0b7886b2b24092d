"""Words from sub-tokens, and entities from the labels of words."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.model.token_words import spans, words

tokenizers = pytest.importorskip("tokenizers")

pytestmark = pytest.mark.core

# A text, its tokens' offsets and words; each word's first token and span.
TABLE = [
    ("Bob ran", [(0, 3), (4, 7)], [0, 1], [(0, 0, 3), (1, 4, 7)]),
    ("Bob ran", [(0, 2), (2, 3), (3, 7)], [0, 0, 1], [(0, 0, 3), (2, 4, 7)]),  # a leading space in the offsets
    ("Bob ran", [(0, 3), (3, 4), (4, 7)], [0, 1, 1], [(0, 0, 3), (1, 4, 7)]),  # a sub-token of a space alone
    ("Bob ran", [(0, 3), (3, 7)], [0, 0], [(0, 0, 3), (1, 4, 7)]),  # a tokenizer without words
    ("(Bob),", [(0, 1), (1, 4), (4, 5), (5, 6)], [0] * 4, [(0, 0, 1), (1, 1, 4), (2, 4, 5), (3, 5, 6)]),
    ("U.S.", [(0, 1), (1, 2), (2, 3), (3, 4)], [0] * 4, [(0, 0, 3), (3, 3, 4)]),
    ("...", [(0, 1), (1, 2), (2, 3)], [0] * 3, [(0, 0, 3)]),
    ("\U0001f600 a", [(0, 1), (0, 1), (2, 3)], [0, 0, 1], [(0, 0, 1), (2, 2, 3)]),  # bytes of one character
    ("½ a", [(0, 1), (0, 1), (2, 3)], [0, 1, 2], [(0, 0, 1), (2, 2, 3)]),  # one character, two words
    ("", [], [], []),
]


def stretches(labels, texts=None):
    """First word, the one after the last, and type of each entity."""
    table = sorted(set(labels))
    chosen = np.array([table.index(label) for label in labels], int)
    text = np.zeros(len(labels)) if texts is None else np.array(texts)
    return [(a, b, labels[a][1]) for a, b in zip(*spans(table, chosen, text), strict=True)]


def places(texts, offsets, numbers):
    """Text, first token and span of each word."""
    return list(zip(*(several.tolist() for several in words(texts, offsets, numbers)), strict=True))


class TestSpans:
    @pytest.mark.parametrize(
        ("labels", "expected"),
        [
            ("O O", []),
            ("B-A I-A", [(0, 2, "A")]),
            ("B-A B-A", [(0, 1, "A"), (1, 2, "A")]),
            ("I-A I-A", [(0, 2, "A")]),  # conlleval: an I- that continues nothing begins a chunk
            ("I-A I-B", [(0, 1, "A"), (1, 2, "B")]),
            ("B-A I-B", [(0, 1, "A"), (1, 2, "B")]),
            ("B-A O I-A", [(0, 1, "A"), (2, 3, "A")]),
            ("B-A I-A E-A", [(0, 3, "A")]),
            ("B-A E-A I-A", [(0, 2, "A"), (2, 3, "A")]),
            ("B-A L-A U-A", [(0, 2, "A"), (2, 3, "A")]),
            ("S-A S-A", [(0, 1, "A"), (1, 2, "A")]),
            ("S-A I-A", [(0, 1, "A"), (1, 2, "A")]),
            ("B-A S-A E-A", [(0, 1, "A"), (1, 2, "A"), (2, 3, "A")]),
            ("E-A E-A", [(0, 1, "A"), (1, 2, "A")]),
            ("O E-A", [(1, 2, "A")]),
            ("B-A M-A E-A", [(0, 3, "A")]),
        ],
    )
    def test_read_as_conlleval_does(self, labels, expected):
        assert stretches([(label[0], label[2:]) for label in labels.split()]) == expected

    def test_none_goes_on_in_the_next_text(self):
        assert stretches([("B", "A"), ("I", "A"), ("I", "A")], [0, 0, 1]) == [(0, 2, "A"), (2, 3, "A")]

    @settings(deadline=None)
    @given(st.lists(st.tuples(st.sampled_from("OBIELSUM"), st.sampled_from("XY"))))
    def test_every_labelled_word_is_in_exactly_one_span(self, labels):
        read = stretches([(p, "" if p == "O" else t) for p, t in labels])
        covered = [i for first, last, _ in read for i in range(first, last)]
        assert covered == [i for i, (p, _) in enumerate(labels) if p != "O"]


class TestWords:
    @pytest.mark.parametrize(
        ("text", "offsets", "numbers", "expected"),
        TABLE,
    )
    def test_table(self, text, offsets, numbers, expected):
        assert places([text], [offsets], [numbers]) == [(0, *one) for one in expected]

    def test_texts_move_nothing_in_each_other(self):
        """All of the table as one: spaces alone at an end, words of the same number, no text and no token."""
        cases = [*TABLE, ("a ", [(0, 1), (1, 2)], [0, 0], [(0, 0, 1)]), ("b", [(0, 1)], [0], [(0, 0, 1)])]
        before = [sum(len(case[1]) for case in cases[:i]) for i in range(len(cases))]
        expected = [(i, before[i] + first, start, end) for i, case in enumerate(cases) for first, start, end in case[3]]
        assert places(*zip(*(case[:3] for case in cases), strict=True)) == expected

    @settings(deadline=None)
    @given(st.text(alphabet="ab .,é\U0001f600\n", max_size=30))
    def test_words_are_in_order_apart_and_without_space_around(self, text):
        made = tokenizers.Tokenizer(tokenizers.models.WordLevel({"?": 0}, unk_token="?"))
        made.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace()
        encoded = made.encode(text)
        end = 0
        for _, _, start, stop in places([text], [encoded.offsets], [encoded.word_ids]):
            assert end <= start < stop
            assert text[start:stop] == text[start:stop].strip()
            end = stop
