"""Tags to spans and back, against seqeval and against every short sequence there is."""

from itertools import pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import get_entities

from harness.tags import SCHEMES, TagSpan, count_invalid, find_scheme, spans_of, split_tag, tags_of

pytestmark = pytest.mark.core

TO_BILOU = str.maketrans("ES", "LU")
IOBES_TAGS = ["O", *(f"{prefix}-{label}" for prefix in "BIES" for label in ("A", "B"))]
PREFIXES = {"iob1": "BI", "iob2": "BI", "iobes": "BIES", "bilou": "BILU"}


def as_bilou(tag):
    return tag[0].translate(TO_BILOU) + tag[1:]


@pytest.mark.parametrize(
    ("tags", "spans"),
    [
        ("", ""),
        ("O O", ""),
        ("B-A I-A O", "0-2A"),
        ("I-A I-A O I-B", "0-2A 3-4B"),  # IOB1, or a model that forgot its B
        ("B-A B-A", "0-1A 1-2A"),
        ("I-A B-A I-A", "0-1A 1-3A"),
        ("B-A I-B", "0-1A 1-2B"),  # another label starts another span
        ("O I-A", "1-2A"),
        ("S-A S-A", "0-1A 1-2A"),
        ("B-A E-A", "0-2A"),
        ("B-A I-A S-A", "0-2A 2-3A"),  # never ended
        ("E-A E-A", "0-1A 1-2A"),
        ("B-A E-A I-A", "0-2A 2-3A"),
        ("U-A B-A L-A", "0-1A 1-3A"),
        ("B-creative-work I-creative-work", "0-2creative-work"),
    ],
)
def test_spans_are_read_as_conlleval_reads_them(tags, spans):
    found = spans_of(tags.split())
    assert " ".join(f"{s.start}-{s.end}{s.label}" for s in found) == spans


@pytest.mark.parametrize("length", range(5))
def test_spans_equal_those_of_seqeval_on_every_short_sequence(length):
    for tags in product(IOBES_TAGS, repeat=length):
        expected = [TagSpan(start, end + 1, label) for label, start, end in get_entities(list(tags))]
        assert spans_of(tags) == expected, tags
        assert spans_of([as_bilou(tag) for tag in tags]) == expected, tags


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(IOBES_TAGS), max_size=40))
def test_spans_equal_those_of_seqeval_on_long_sequences(tags):
    assert spans_of(tags) == [TagSpan(start, end + 1, label) for label, start, end in get_entities(tags)]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_invalid_transition_means_that_the_scheme_would_write_the_same_tags(scheme):
    tags_of_scheme = ["O", *(f"{prefix}-{label}" for prefix in PREFIXES[scheme] for label in ("A", "B"))]
    for length in range(5):
        for tags in product(tags_of_scheme, repeat=length):
            written = tags_of(spans_of(tags), length, scheme)
            assert (count_invalid(tags, scheme) == 0) == (written == list(tags)), tags


@pytest.mark.parametrize(
    ("scheme", "tags", "invalid"),
    [
        ("iob2", "I-A I-A O I-B", 2),
        ("iob2", "B-A I-B I-B", 1),
        ("iob1", "B-A I-A O B-B", 2),
        ("iob1", "I-A B-A B-A", 0),
        ("iob1", "I-A B-B", 1),
        ("iobes", "B-A O", 1),
        ("iobes", "B-A", 1),  # the sentence's end stands for O
        ("iobes", "I-A E-A", 1),
        ("iobes", "B-A I-B E-B", 1),  # one wrong step, though it breaks two spans
        ("iobes", "S-A E-A S-B", 1),
        ("bilou", "U-A L-A U-B", 1),
    ],
)
def test_invalid_transitions_are_counted(scheme, tags, invalid):
    assert count_invalid(tags.split(), scheme) == invalid


@st.composite
def flat_spans(draw):
    length = draw(st.integers(0, 12))
    cuts = sorted(draw(st.lists(st.integers(0, length), max_size=8, unique=True)))
    pairs = [(a, b) for a, b in pairwise(cuts) if draw(st.booleans())]
    return length, [TagSpan(a, b, draw(st.sampled_from(["PER", "creative-work"]))) for a, b in pairs]


@settings(max_examples=200, deadline=None)
@given(flat_spans(), st.sampled_from(SCHEMES))
def test_spans_survive_every_scheme(case, scheme):
    length, spans = case
    tags = tags_of(reversed(spans), length, scheme)
    assert spans_of(tags) == spans
    assert count_invalid(tags, scheme) == 0
    assert len(tags) == length


@pytest.mark.parametrize(
    "spans",
    [[TagSpan(0, 2, "A"), TagSpan(1, 3, "A")], [TagSpan(0, 4, "A")], [TagSpan(1, 1, "A")], [TagSpan(-1, 1, "A")]],
)
def test_what_tags_cannot_say_is_refused(spans):
    with pytest.raises(ValueError, match=r"overlaps|expected 0 <= start"):
        tags_of(spans, 3)


@pytest.mark.parametrize(
    ("sentences", "scheme"),
    [
        (["B-A I-A O", "B-B"], "iob2"),
        (["I-A I-A O", "I-B B-B"], "iob1"),
        (["O O"], "iob2"),
        (["B-A I-A", "I-A", "B-B"], "iob2"),  # one slip among more good ones
        (["I-A", "I-A", "B-B"], "iob1"),
        (["B-A", "I-A"], "iob2"),  # a tie
        (["B-A E-A", "S-B"], "iobes"),
        (["B-A L-A", "U-B"], "bilou"),
    ],
)
def test_the_scheme_is_found_out(sentences, scheme):
    assert find_scheme([sentence.split() for sentence in sentences]) == scheme


def test_prefixes_of_two_schemes_are_refused():
    with pytest.raises(ValueError, match="both IOBES"):
        find_scheme([["S-A"], ["U-A"]])


@pytest.mark.parametrize(
    ("tag", "message"),
    [
        ("B-corporation,B-person", "alternatives"),
        ("B-a|B-b", "alternatives"),
        ("B", "type after the prefix"),
        ("B-", "type after the prefix"),
        ("X-PER", "starts with"),
        ("o", "starts with"),
        ("", "starts with"),
        ("-", "starts with"),
        ("PER", "starts with"),
        ("b-PER", "starts with"),
    ],
)
def test_what_is_no_tag_is_refused(tag, message):
    with pytest.raises(ValueError, match=message):
        split_tag(tag)
