"""Long inputs in parts, with a reader whose answers are known, and every way to cut a text."""

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.metric.grounding import ground
from harness.model.long_input import POLICIES, HowRead, answer_all
from harness.model.windows import own_parts, sentence_chunks, space_from, text_windows, windows_of
from harness.records import Answer, Entity, Mention, NerInput, StanceInput, SummaryInput, Target

pytestmark = pytest.mark.core

PROMPT = 5


class Words:
    """Reads `most` words, of which the prompt has five (or the text stands in it `times` times)."""

    def __init__(self, most, times=1):
        self.most, self.times = most, times

    def over(self, one):
        return PROMPT + self.times * len(f"{getattr(one, 'context', '')} {one.text}".split()) - self.most

    def begins(self, text):
        return [match.start() for match in re.finditer(r"\S+", text)]

    def tokens(self, units):
        return units

    def refused(self, one):
        return Answer(bin="failed", reason="overlong", tokens_cut=9)


class Reader:
    """Keeps what it was asked, round by round, and answers each part by a function of it."""

    def __init__(self, gauge, answer):
        self.gauge, self.answer, self.rounds = gauge, answer, []

    def read(self, *inputs, overlong, stride=3, lead_share=0.5):
        def ask(parts):
            assert all(self.gauge.over(part) <= 0 for part in parts)
            self.rounds.append([part.text for part in parts])
            return [self.answer(part) for part in parts]

        how = HowRead(overlong, stride, lead_share)
        return answer_all([how.reading(one, self.gauge) for one in inputs], ask)


def ner(text):
    return NerInput("d/e", "d", text)


def document(*sentences, text=None):
    named = tuple((f"s{n}", sentence) for n, sentence in enumerate(sentences))
    return SummaryInput("d/e", "d", " ".join(sentences) if text is None else text, "headline", named, max_words=9)


NAME = re.compile(r"[A-Z]\w*(?: [A-Z]\w*)*")


def names(part):
    """An oracle: every run of capitalized words, with offsets."""
    return Answer(entities=tuple(Entity(m.start(), m.end(), "PER") for m in NAME.finditer(part.text)), tokens_read=1)


def strings(part):
    """The same as strings."""
    return Answer(mentions=tuple(Mention("PER", m.group()) for m in NAME.finditer(part.text)), raw=part.text)


# ---- entities --------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(["Bob", "Ann Lee", "Bob Lee", "the", "and,", "ran.", "\n"]), max_size=70),
    st.integers(17, 40),
    st.integers(4, 20),
)
def test_windows_lose_nothing_and_find_nothing_twice(words, most, stride):
    text = " z ".join(words)
    expected = names(ner(text)).entities
    (found,) = Reader(Words(most), names).read(ner(text), overlong="window", stride=stride)
    assert found.entities == expected
    assert (found.bin, found.tokens_cut, found.chars_read) == ("scored", 0, None)
    # Strings that a reader gives without offsets are put back where they stood.
    (given_,) = Reader(Words(most), strings).read(ner(text), overlong="window", stride=stride)
    assert ground(given_.mentions, text, "aligned").entities == set(expected)
    assert len(given_.mentions) == len(expected)


@pytest.mark.parametrize("before", range(20, 40))
def test_an_entity_at_an_edge_is_found_whole(before):
    text = "x " * before + "Ann Lee Fox and " + "y " * 60 + "Bob"
    reader = Reader(Words(32 + PROMPT), names)
    (found,) = reader.read(ner(text), overlong="window", stride=8)
    assert [text[e.start : e.end] for e in found.entities] == ["Ann Lee Fox", "Bob"]
    assert found.windows == found.tokens_read == len(reader.rounds[0]) > 2


def test_truncating_says_how_far_was_read():
    text = "the " * 79 + "Bob"
    (found,) = Reader(Words(32 + PROMPT), names).read(ner(text), overlong="truncate")
    assert (found.entities, found.tokens_cut, found.chars_read) == ((), 48, 32 * 4 - 1)
    assert found.windows == 1


def test_short_inputs_are_asked_as_they_are_beside_long_ones():
    short, long = ner("Bob ran"), ner("x " * 90 + "Ann")
    reader = Reader(Words(40), names)
    first, second, third = reader.read(short, long, short, overlong="window")
    assert first == third == names(short)
    assert [text for text in reader.rounds[0] if text == short.text] == [short.text] * 2
    assert second.windows == len(reader.rounds[0]) - 2
    assert len(reader.rounds) == 1


def test_a_window_that_cannot_be_read_is_the_whole_texts_fault():
    def answer(part):
        return Answer(bin="unparsed", reason="no JSON", raw="Well,") if "Bob" in part.text else strings(part)

    (found,) = Reader(Words(25), answer).read(ner("x " * 50 + "Bob"), overlong="window")
    assert (found.bin, found.mentions, found.raw) == ("unparsed", None, "Well,")
    assert found.reason == f"part {found.windows}: no JSON"


def test_what_windows_lost_is_added_up():
    def answer(part):
        given_ = (Mention("PER", "Nobody"), *strings(part).mentions)
        return Answer(mentions=given_, ungrounded=1, misaligned=2, output_truncated="Bob" in part.text)

    (found,) = Reader(Words(25), answer).read(ner("x " * 50 + "Bob"), overlong="window")
    assert found.mentions == (Mention("PER", "Bob"),)
    assert found.windows == 3
    # Its own and the string that is not in the window, of each.
    assert (found.ungrounded, found.misaligned, found.output_truncated) == (6, 6, True)


# ---- stance ----------------------------------------------------------------------------------------------------------


def test_of_a_stance_the_oldest_context_goes_first():
    one = StanceInput("e", "d", "w1 w2 w3", " ".join(f"c{n}" for n in range(300)), Target("t", "T"))
    reader = Reader(Words(15), lambda part: Answer(label="favor"))
    (found,) = reader.read(one, overlong="truncate")
    assert reader.rounds == [["w1 w2 w3"]]
    assert found.tokens_cut == 293
    reader = Reader(Words(7), lambda part: Answer(label="favor"))
    reader.read(one, overlong="truncate")
    assert reader.rounds == [["w2 w3"]]
    (none,) = Reader(Words(PROMPT), None).read(one, overlong="truncate")
    assert none.bin == "failed"


# ---- summaries -------------------------------------------------------------------------------------------------------

SENTENCES = [f"S{n} a b c d." for n in range(12)]


def first_word(part):
    """A summary: the first word of every line and sentence."""
    return Answer(text=" ".join(re.findall(r"S\d+", part.text))[:200], tokens_read=10, raw=None)


def test_map_reduce_summarizes_chunks_that_end_at_sentences():
    reader = Reader(Words(16 + PROMPT), first_word)
    (found,) = reader.read(document(*SENTENCES), overlong="map_reduce")
    chunks, last = reader.rounds
    # 16 words hold three sentences of five.
    assert chunks == [" ".join(SENTENCES[n : n + 3]) for n in range(0, 12, 3)]
    assert last == ["S0 S1 S2\nS3 S4 S5\nS6 S7 S8\nS9 S10 S11"]
    assert found.text == " ".join(f"S{n}" for n in range(12))
    assert (found.windows, found.tokens_cut, found.tokens_read) == (4, 0, 50)


def test_map_reduce_goes_on_until_it_fits():
    reader = Reader(Words(10 + PROMPT), lambda part: Answer(text=" ".join(part.text.split()[::2])))
    (found,) = reader.read(document(*SENTENCES), overlong="map_reduce")
    assert [len(parts) for parts in reader.rounds] == [6, 3, 2, 1]
    # 60 words, then 30, 15 and 8, of which the last round makes half.
    assert len(found.text.split()) == 4
    assert found.windows == 6


def test_map_reduce_ends_where_summaries_are_no_shorter():
    reader = Reader(Words(10 + PROMPT), lambda part: Answer(text=part.text + " more"))
    (found,) = reader.read(document(*SENTENCES), overlong="map_reduce")
    assert len(reader.rounds) == 1
    assert found.bin == "failed"
    assert found.reason.startswith("overlong: the summaries of its parts are together as long")


def test_map_reduce_has_a_bound():
    # Each summary is a word shorter than what it summarizes.
    reader = Reader(Words(10 + PROMPT), lambda part: Answer(text=" ".join(part.text.split()[1:])))
    (found,) = reader.read(document(*SENTENCES * 8), overlong="map_reduce")
    assert len(reader.rounds) == 8
    assert found.bin == "failed"


def test_an_empty_summary_of_everything_is_an_empty_summary():
    reader = Reader(Words(10 + PROMPT), lambda part: Answer(text=""))
    (found,) = reader.read(document(*SENTENCES), overlong="map_reduce")
    assert (found.bin, found.text, len(reader.rounds)) == ("scored", "", 1)


@pytest.mark.parametrize("bad", ["S4", "\n"])
def test_a_part_without_a_summary_is_the_whole_documents_fault(bad):
    def answer(part):
        return Answer(bin="nonfinite", reason="no numbers") if bad in part.text else first_word(part)

    (found,) = Reader(Words(16 + PROMPT), answer).read(document(*SENTENCES), overlong="map_reduce")
    assert (found.bin, found.text, found.windows) == ("nonfinite", None, 4)
    assert found.reason == f"part {2 if bad == 'S4' else 5}: no numbers"


def test_output_that_was_cut_in_any_part_is_flagged():
    for cut in ("S4", "\n"):
        reader = Reader(Words(21), lambda part, cut=cut: Answer(text="S", output_truncated=cut in part.text))
        assert reader.read(document(*SENTENCES), overlong="map_reduce")[0].output_truncated


@pytest.mark.parametrize(
    ("lead_share", "most", "kept"),
    [
        (0.5, 20, [0, 1, 10, 11]),
        (0.5, 24, [0, 1, 10, 11]),  # 12 words for the beginning hold two sentences, and the 14 left two more
        (0.5, 29, [0, 1, 9, 10, 11]),  # 14 hold two; 19 are left
        (0.75, 20, [0, 1, 2, 11]),
        (0.25, 20, [0, 9, 10, 11]),
    ],
)
def test_lead_and_tail_are_whole_sentences(lead_share, most, kept):
    reader = Reader(Words(most + PROMPT), first_word)
    (found,) = reader.read(document(*SENTENCES), overlong="lead_tail", lead_share=lead_share)
    assert reader.rounds[0][0].replace("\n", " ") == " ".join(SENTENCES[n] for n in kept)
    assert reader.rounds[0][0].count("\n") == 1
    assert (found.tokens_cut, found.windows, found.chars_read) == (60 - 5 * len(kept), 1, None)


def test_lead_and_tail_of_a_sentence_without_an_end():
    reader = Reader(Words(10 + PROMPT), first_word)
    reader.read(document(" ".join(f"w{n}" for n in range(40))), overlong="lead_tail")
    assert reader.rounds == [["w0 w1 w2 w3 w4\nw35 w36 w37 w38 w39"]]


def test_sentences_are_those_of_the_input():
    """`Mr. X` ends no sentence where the data says so, and a summary of summaries has lines."""
    text = "Mr. X came. He left. All slept."
    reader = Reader(Words(5 + PROMPT), first_word)
    reader.read(document("Mr. X came.", "He left.", "All slept."), overlong="map_reduce")
    assert reader.rounds[0] == ["Mr. X came. He left.", "All slept."]
    reader = Reader(Words(5 + PROMPT), first_word)
    reader.read(document("something else", text=text), overlong="map_reduce")
    assert reader.rounds[0] == ["Mr. X came. He left.", "All slept."]


# ---- budgets ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("overlong", ["window", "truncate", "error"])
def test_a_prompt_without_room_for_any_text(overlong):
    reader = Reader(Words(PROMPT), names)
    (found,) = reader.read(ner("Bob ran"), overlong=overlong)
    assert (found.bin, found.reason, reader.rounds) == ("failed", "overlong", [])
    for policy in ("map_reduce", "lead_tail", "truncate", "error"):
        (found,) = reader.read(document(*SENTENCES), overlong=policy)
        assert (found.bin, reader.rounds) == ("failed", [])


@pytest.mark.parametrize("overlong", ["map_reduce", "lead_tail"])
def test_a_prompt_that_repeats_the_text(overlong):
    reader = Reader(Words(20 + PROMPT, times=2), lambda part: Answer(text=part.text[:2]))
    (found,) = reader.read(document(*SENTENCES), overlong=overlong)
    assert found.bin == "scored"
    # Ten words of text, twice.
    assert max(len(text.split()) for parts in reader.rounds for text in parts) == 10


class Uneven(Words):
    """Marks weigh as much as words and are no units: what a stretch will come to is not known beforehand."""

    def over(self, one):
        return super().over(one) + one.text.count("!")


@pytest.mark.parametrize("overlong", ["window", "truncate", "map_reduce", "lead_tail"])
def test_what_came_out_too_long_is_cut_again(overlong):
    """Marks in the first half alone; the reader sees that all that it is asked fits."""
    one = ner("x! " * 30 + "x " * 90) if overlong in ("window", "truncate") else document("x!. " * 30 + "x. " * 90)
    reader = Reader(Uneven(20 + PROMPT), lambda part: Answer(text="", entities=()))
    (found,) = reader.read(one, overlong=overlong)
    assert found.bin == "scored"
    assert reader.rounds


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 25), min_size=1, max_size=12), st.integers(PROMPT + 2, 40))
def test_every_word_is_read_once_by_chunks(lengths, most):
    sentences = [" ".join(f"S{n}w{k}" for k in range(length)) + "." for n, length in enumerate(lengths)]
    reader = Reader(Words(most), lambda part: Answer(text="x"))
    reader.read(document(*sentences), overlong="map_reduce")
    if len(reader.rounds) > 1:
        assert " ".join(reader.rounds[0]).split() == " ".join(sentences).split()


def test_nothing_asked():
    assert answer_all([], lambda parts: pytest.fail("asked")) == []


def test_policies():
    usual = [HowRead.of(task, None).overlong for task in ("ner", "stance", "summarization")]
    assert usual == ["window", "error", "error"]
    with pytest.raises(ValueError, match="'window' is not for stance; choose error, truncate"):
        HowRead.of("stance", "window")
    for task, known in POLICIES.items():
        assert [HowRead.of(task, policy).overlong for policy in known] == list(known)
    for stride, share, said in ((-1, 0.5, "stride"), (0, 0.0, "lead_share"), (0, 1.0, "lead_share")):
        with pytest.raises(ValueError, match=said):
            HowRead.of("ner", None, stride=stride, lead_share=share)


def test_only_what_moves_an_answer_is_in_a_signature():
    assert HowRead("window", 3, 0.5).signature == {"overlong": "window", "stride": 3}
    assert HowRead("lead_tail", 3, 0.25).signature == {"overlong": "lead_tail", "lead_share": 0.25}
    for policy in ("error", "truncate", "map_reduce"):
        assert HowRead(policy, 3, 0.25).signature == {"overlong": policy}


# ---- cutting ---------------------------------------------------------------------------------------------------------


@given(st.integers(0, 60), st.integers(1, 20), st.integers(0, 30))
def test_windows_of_a_row(count, size, shared):
    windows = windows_of(count, size, shared)
    assert windows[0][0] == 0
    assert windows[-1][1] == count
    assert all(end - start <= size for start, end in windows)
    assert all(end - start == min(shared, size // 2) for (_, end), (start, _) in pairwise(windows))
    # What each speaks for is everything once, and is in it.
    owned = own_parts(windows)
    assert [place for first, end in owned for place in range(first, end)] == list(range(count))
    assert all(s <= first and end <= e for (s, e), (first, end) in zip(windows, owned, strict=True))
    # By hand: as far from a cut as any other window that has it.
    for number, (first, end) in enumerate(owned):
        for place in range(first, end):
            own = distance(windows, number, place)
            assert all(own >= distance(windows, other, place) for other, (s, e) in enumerate(windows) if s <= place < e)


def test_what_stands_in_the_middle_of_a_shared_stretch_is_the_earlier_windows():
    assert own_parts([(0, 10), (7, 17)]) == [(0, 9), (9, 17)]
    assert own_parts([(0, 10), (6, 16)]) == [(0, 8), (8, 16)]


def distance(windows, number, place):
    start, end = windows[number]
    left = place - start if number else 10**9
    right = end - 1 - place if number < len(windows) - 1 else 10**9
    return min(left, right)


TEXTS = st.text(st.sampled_from("ab \n\U0001f600"), max_size=60)


@given(TEXTS, st.integers(1, 12), st.integers(0, 6), st.data())
def test_token_windows_hold_every_character(text, size, shared, data):
    # Several tokens may begin at one character, as bytes do; not every character begins one.
    begins = sorted(data.draw(st.lists(st.integers(0, max(0, len(text) - 1)), max_size=80)) if text else [])
    windows = text_windows(text, begins, size, shared)
    assert {place for start, end in windows for place in range(start, end)} == set(range(len(text)))
    assert all(start < end for start, end in windows)
    assert [start for start, _ in windows] == sorted(start for start, _ in windows)


@given(TEXTS, st.integers(1, 12))
def test_chunks_hold_every_sentence(text, size):
    sentences = [match.span() for match in re.finditer(r"\S[^\n]*", text)]
    chunks = sentence_chunks(text, sentences, range(len(text)), size)
    assert all(0 < end - start <= size for start, end in chunks)
    assert all(end <= start for (_, end), (start, _) in pairwise(chunks))
    held = {place for start, end in chunks for place in range(start, end)}
    assert held >= {place for start, end in sentences for place in range(start, end)}


def test_the_next_white_space():
    assert space_from("Ann met Bob", range(11), 1) == 3
    assert space_from("Ann", range(3), 1) == 1
