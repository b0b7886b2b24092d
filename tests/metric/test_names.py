import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.metric.names import KnownWords, capitalised_names, name_places, name_words, occurs, without_article

pytestmark = pytest.mark.core
SOURCE = "On Monday President Ann Lee met the European Union in Brussels. The U.S. and Ukraine were there, Lee said."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("O'Neil's", ("o", "neil")),
        ("O’Neil’s", ("o", "neil")),
        ("the workers' union", ("the", "workers", "union")),
        ("U.S.", ("us",)),
        ("São Paulo, MÜNCHEN", ("sao", "paulo", "munchen")),
        ("й Киев", ("й", "киев")),  # a letter of its own, no accent
        ("東京", ("東", "京")),
        ("don't", ("don", "t")),
        ("", ()),
        ("😀", ()),
    ],
)
def test_words_of_a_name(text, expected):
    assert name_words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("They met Ann Lee in Kyiv.", [("ann", "lee"), ("kyiv",)]),
        ("They met Lee. They like Ann Lee.", [("ann", "lee")]),  # Lee is Ann Lee
        ("They met Lee's aide.", [("lee",)]),
        ("They met Prime Minister Lee.", [("lee",)]),
        ("They saw the Bank of Mali on Monday in May.", [("bank", "of", "mali")]),
        ("They own a Mercedes - Benz and an iPhone 6.", [("mercedes", "benz"), ("iphone",)]),
        ("They saw Russia's Ann Lee.", [("russia",), ("ann", "lee")]),  # a possessive ends a name
        ("Yesterday it rained in Mali.", [("mali",)]),  # a first word has a capital anyhow
        ("Lee likes Mali.", [("lee",), ("mali",)]),  # the source has it with a capital inside a sentence
        ("NATO met in Mali.", [("nato",), ("mali",)]),
        ('He said: "Nobody came to Mali".', [("mali",)]),
        ("It rained.", []),  # no name, and no sign of lower-casing
        ("I saw it.", []),
        ("ann lee met the european union.", None),  # in lower case
        ("It was Ann, says lee.", [("ann",)]),
        ("President Ann Lee Met The European Union Again", None),  # a title
        ("ANN LEE MET EUROPEAN UNION IN BRUSSELS", None),
        ("北京很大", None),
        ("Она видела Киев и Анну.", [("киев",), ("анну",)]),
        ("", None),
        ("😀 123 !!", None),
    ],
)
def test_names_by_capitals(text, expected):
    assert capitalised_names(text, SOURCE) == expected


def test_where_the_source_has_no_capitals_either_they_do_not_tell():
    assert capitalised_names("It rained.", "it rained. it was cold.") is None
    assert capitalised_names("It rained in Mali.", "it rained.") == [("mali",)]


@pytest.mark.parametrize(
    ("word", "known"),
    [
        ("ukraine", True),
        ("ukrainians", True),
        ("ukrainian", True),
        ("american", True),  # the US
        ("belgian", False),
        ("leeds", False),  # three letters in common
        ("brussel", True),
        ("dutch", False),
        ("u", False),
    ],
)
def test_known_words(word, known):
    assert KnownWords(SOURCE).has(word) is known


def test_peoples_and_countries_both_ways():
    assert KnownWords("the Netherlands").has("dutch")
    assert KnownWords("the Dutch").has("netherlands")


def test_initials_both_ways():
    assert KnownWords(SOURCE).shortens("eu")
    assert not KnownWords(SOURCE).shortens("un")
    assert KnownWords("The E.U. met.").has_short(("european", "union"))
    assert KnownWords("The EU met.").has_short(("european", "union"))
    assert not KnownWords("The eu met.").has_short(("european", "union"))
    assert not KnownWords("The EUR fell.").has_short(("european", "union"))


@pytest.mark.parametrize(
    ("name", "text", "there"),
    [
        ("Ann Lee", "so ann lee's aide", True),
        ("Ann Lee", "Ann Leeds", False),
        ("Ann Lee", "Lee, Ann", False),
        ("東京", "在東京都", True),
        ("", "anything", False),
        ("Ann Lee", "Ann", False),
    ],
)
def test_occurs_at_word_edges(name, text, there):
    assert occurs(name_words(name), name_words(text)) is there


def test_article():
    assert without_article(("the", "hague")) == ("hague",)
    assert without_article(("the",)) == ("the",)


@given(st.text(max_size=120), st.text(max_size=120))
def test_every_word_of_a_text_is_known_and_nothing_fails(text, source):
    known = KnownWords(text)
    assert all(known.has(word) for word in name_words(text) if word not in ("us", "it", "who"))
    for name in capitalised_names(text, source) or ():
        assert name
        assert all(known.has(word) for word in name)


def test_us_is_not_the_us():
    assert not KnownWords("It was given to us, and it may work.").has("us")
    assert KnownWords("It was given to the US.").has("us")
    assert KnownWords("The U.S. said so.").has("us")


def test_places_of_names():
    text = "Then Ann Lee came. So did Lee's aide from São Paulo."
    found = [(name, text[start:end]) for name, start, end in name_places(text, SOURCE)]
    assert found == [(("ann", "lee"), "Ann Lee"), (("lee",), "Lee's"), (("sao", "paulo"), "São Paulo")]
    assert name_places("ann lee met the european union.", SOURCE) is None


@given(st.text(max_size=80))
def test_places_of_names_hold_their_words(text):
    for name, start, end in name_places(text, SOURCE) or ():
        assert set(name) <= set(name_words(text[start:end])) | {"us", "uk"} or "." in text[start:end]
