from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.metric.quantities import Quantities, quantities

pytestmark = pytest.mark.core


def keys(text):
    return [sorted(one.keys) for one in quantities(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # one number, however it is written
        ("1,000 1000 one thousand", [["1000"]] * 3),
        ("a thousand", [["1000"]]),
        ("1.2 million, 1,200,000, one million two hundred thousand", [["1200000"]] * 3),
        ("$1.2m", [["1.2", "1200000"]]),  # or metres
        ("£50bn 3k", [["50000000000"], ["3000"]]),
        ("twenty-three 23", [["23"]] * 2),
        ("two hundred and five thousand and one", [["205001"]]),
        ("0.50 .", [["0.5"]]),
        ("007", [["7"]]),
        ("a dozen, half a dozen, half a million", [["12"], ["6"], ["500000"]]),
        ("23-year-old, 28-24", [["23"], ["28"], ["24"]]),
        ("60ft and 5km", [["60"], ["5"]]),
        ("nineteen eighty-four", [["19"], ["84"]]),  # two numbers to whoever reads word by word
        # halves and other parts that are added
        ("two and a half million, 2 and a half million, 2.5 million, 2 1/2 million, 2½ million", [["2500000"]] * 5),
        ("two million and a half; a million and a half", [["2500000"], ["1500000"]]),
        ("two and a half years, a two-and-a-half-year wait, 2½ years", [["2.5"]] * 3),
        ("one and a half percent, 1½%, 1 1/2 per cent", [["1.5%"]] * 3),
        ("3¾ 3-1/4", [["3.75"], ["3.25"]]),
        ("two and a dozen, two and half", [["2"], ["12"], ["2"]]),
        ("1 3/2; 1 1/2/2017", [["1"], ["3"], ["2"], ["1"], ["date=1-2", "date=2-1"]]),  # no fractions
        # below 0
        ("minus 5, -5, (-5), \u22125, at minus five", [["-5"]] * 5),
        ("fell by -0.4%, minus 0.4 per cent", [["-0.4%"]] * 2),
        ("a loss of -$2bn, minus $2bn", [["-2000000000"]] * 2),
        ("pages 3-5, a 2-5 win, 3 -1, 10 minus 5", [["3"], ["5"], ["2"], ["5"], ["3"], ["1"], ["10"], ["5"]]),
        ("two\u00a0million – ５\nMay", [["2000000"], ["5"]]),  # a line ends, whatever other characters there are
        ("-3 apples\n -4 pears\n\u22125 outside", [["3"], ["4"], ["-5"]]),  # a list, and a sign that is no hyphen
        ("F-16, Covid-19, -0", [["0"]]),
        # texts that were tokenized: one number, or two in a list
        ("56, 000 dogs", [["0", "56", "56000"]]),
        ("98. 7 per cent", [["7%", "98%", "98.7%"]]),
        # percents are no counts
        ("5 per cent, 5%, five percent, 5 pct", [["5%"]] * 4),
        ("10 to 12 percent", [["10", "10%"], ["12%"]]),
        ("one percent", [["1%"]]),
        # places
        ("the third, 3rd", [["3."]] * 2),
        ("21st, twenty-first", [["21."]] * 2),
        # dates
        ("May 27; 27 May; 27th of May; May 27th; 2015-05-27; 27/05/2015; 5/27/2015", [["date=5-27"]] * 7),
        ("03/05/2017", [["date=3-5", "date=5-3"]]),  # either order
        ("May 27, 2015", [["date=5-27"], ["2015"]]),
        ("27-31 May, 27 to 31 May, May 27-31", [["date=5-27"], ["date=5-31"]] * 3),
        ("in May; may; he may go; May 2015", [["month=5"], ["month=5"], ["2015"]]),
        ("Monday, mondays", [["weekday=1"]] * 2),
        ("the 1990s", [["1990s"]]),
        ("4pm, 4 p.m., 16:00, 21:45, 9.45pm", [["time=16:00"]] * 3 + [["time=21:45"]] * 2),
        ("4:30", [["time=16:30", "time=4:30"]]),
        # none
        ("one of them, the first, a second", []),
        ("several thousands, hundreds, half of it", []),
        ("G4S, F-16, covid-19", []),
        ("", []),
        ("😀 слово 北京", []),
        # digits of other scripts
        ("٣٥ and ３５", [["35"]] * 2),
    ],
)
def test_one_spelling(text, expected):
    assert keys(text) == expected


def test_offsets_cover_what_was_read():
    text = "😀 On 27 May 2015, twenty-three of 1.2 million: 5 per cent."
    assert [text[one.start : one.end] for one in quantities(text)] == [
        "27 May",
        "2015",
        "twenty-three",
        "1.2 million",
        "5 per cent",
    ]


ONES = """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen
"""
ONES = ONES.split()
TENS = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def in_words(n):
    """A number as it is said: the other way round than the code under test."""
    if n < 20:
        return ONES[n]
    if n < 100:
        return TENS[n // 10] + (f"-{ONES[n % 10]}" if n % 10 else "")
    for size, name in ((10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred")):
        if n >= size:
            rest = n % size
            link = " and " if rest and rest < 100 else " "
            return in_words(n // size) + f" {name}" + (link + in_words(rest) if rest else "")
    raise AssertionError


@given(st.integers(2, 10**12 - 1))
def test_words_and_figures_are_the_same(n):
    assert keys(in_words(n)) == keys(f"{n:,}") == keys(str(n)) == [[str(n)]]


@given(st.integers(1, 12), st.integers(1, 28), st.integers(1900, 2030))
def test_every_way_to_write_a_date(month, day, year):
    names = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ]
    name = names[month - 1]
    known = Quantities(quantities(f"{year}-{month:02}-{day:02}"))
    for text in (
        f"{day} {name}",
        f"{name} {day}",
        f"on {name[:3]} {day}, {year}",
        f"in {name}",
        f"{day} of {name} {year}",
    ):
        found = quantities(text)
        assert found
        assert all(known.has(one) for one in found), text
    other = quantities(f"{name} {day + 1}")
    assert not any(known.has(one) for one in other)


@pytest.mark.parametrize(
    ("said", "document", "tolerance", "has"),
    [
        ("about 100", "116 bodies", 0.2, True),
        ("about 100", "121 bodies", 0.2, False),
        ("about 100", "116 bodies", 0.0, False),
        ("100", "116 bodies", 0.2, False),  # meant exactly
        ("more than 5%", "5.5 per cent", 0.2, True),
        ("more than 5%", "5.5 men", 0.2, False),  # no percent
        ("over $1 million", "$1,100,000", 0.2, True),
        ("1.2m", "1.2 million", 0.0, True),
        ("40m", "40 metres", 0.0, True),
        ("in May", "27 May", 0.0, True),  # a date says its month
        ("27 May", "in May", 0.0, False),
        ("the 90s", "the 1990s", 0.0, True),
        ("5%", "5 men", 0.0, False),
        ("third", "three", 0.0, False),
    ],
)
def test_looking_up(said, document, tolerance, has):
    (one,) = quantities(said)
    assert Quantities(quantities(document)).has(one, tolerance) is has


@given(st.text(max_size=200))
def test_a_text_has_its_own_numbers(text):
    found = quantities(text)
    known = Quantities(found)
    assert all(known.has(one) for one in found)
    assert all(0 <= one.start < one.end <= len(text) and one.keys for one in found)
    assert [one.start for one in found] == sorted(one.start for one in found)


@pytest.mark.parametrize(
    "text",
    [
        "9" * 100_000 + " million",
        "one " + "hundred " * 3000,
        "million " * 3000,
        "27-" * 3000 + "May",
        "1," * 3000,
        "\ud800 1",
    ],
)
def test_hostile_numbers_are_read_without_fail(text):
    assert len(quantities(text)) <= 3001


def test_a_rough_number_keeps_its_value():
    assert [one.rough for one in quantities("about 1,000 or 5")] == [Decimal(1000), None]


def test_a_number_below_0_says_how_far_below():
    document = Quantities(quantities("Shares changed by -5% and it was minus 12 outside."))
    assert [document.has(one) for one in quantities("They fell 5 per cent at 12 degrees of frost")] == [True, True]
    # The other way round the sign is new.
    assert not Quantities(quantities("up 5%")).has(quantities("a change of -5%")[0])
    assert document.has(quantities("about minus 13")[0], 0.1)
    assert not document.has(quantities("about minus 15")[0], 0.1)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("part", ["1 and a half ", "minus ", "- ", "-1 ", "1 1/2 ", "½", "1½ and a ", "(-$"])
def test_long_texts_of_one_part_take_no_square_of_their_length(part):
    quantities(part * 10_000)
