"""What numbers and dates are written with: English words for them, and patterns of figures."""

import re

_ONES = """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen
"""
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
SMALL = {word: n for n, word in enumerate(_ONES.split())} | {word: 10 * n for n, word in enumerate(_TENS.split(), 2)}
SCALES = {"hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12, "dozen": 12}
_PLACES = """
    third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth
    seventeenth eighteenth nineteenth twentieth
"""
ORDINALS = {word: n for n, word in enumerate(_PLACES.split(), 3)}
# The end of twenty-first. Alone, both are said of rounds, reasons and time far more often than of a count.
LAST = {"first": 1, "second": 2, **ORDINALS}
SUFFIXES = {"k": 10**3, "m": 10**6, "mn": 10**6, "bn": 10**9, "b": 10**9, "tn": 10**12}
_MONTH_NAMES = (
    *("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug"),
    *("september sept sep", "october oct", "november nov", "december dec"),
)
MONTHS = {name: n for n, names in enumerate(_MONTH_NAMES, 1) for name in names.split()}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WEEKDAYS = {name: n for n, day in enumerate(_DAYS, 1) for name in (day, f"{day}s")}
# Months that are words too, or short for one, count alone only after one of these.
AMBIGUOUS = frozenset({"may", "march", "mar", "jan", "dec", "sep", "jun", "jul", "apr", "feb", "oct", "nov", "aug"})
_BEFORE_MONTH_WORDS = "in of since until till by from during before after between late early mid last next through"
BEFORE_MONTH = frozenset(_BEFORE_MONTH_WORDS.split())
# A number after one of these is meant roughly.
ROUGHLY = re.compile(
    r"(?:about|around|approximately|roughly|nearly|almost|over|under|some|(?:more|less|fewer) than|up to|at least"
    r"|close to|an estimated|~)\s[$€£¥₽₹#]?\s?$",
    re.IGNORECASE,
)
LONGEST_ROUGHLY = 24

# More digits than any number has that is meant as one.
LONGEST_FIGURE = 40

_CLOCK = r"(?P<hour>\d{1,2})(?:[:.](?P<minute>[0-5]\d))?\s?(?P<half>[ap])\.?m\b\.?|(?P<clock>\d{1,2}:[0-5]\d)(?![:\d])"
_ISO = r"(?P<iso>[12]\d{3}-\d{1,2}-\d{1,2})(?!\d)"
_SLASHED = r"(?P<slashed>\d{1,2}[/.]\d{1,2}[/.](?:[12]\d{3}|\d\d))(?![\d/])"
_DECADE = r"(?P<decade>[12]\d{2}0|(?:['’])?\d0)['’]?s\b"
# Texts that were tokenized and joined again have a blank in `56, 000` and `98. 7`.
_FIGURE = (
    r"(?P<figure>\d{1,3}(?:,\d{3}){1,6}(?!\d)(?:\.\d+)?|\d{1,3}(?:, \d{3}){1,3}(?!\d)|"
    r"\d{1,3}\. \d(?!\d)|\d+(?:\.\d+)?)"
    r"(?P<tail>(?:st|nd|rd|th)\b|(?:mn|bn|tn|[kmb])\b)?"
)
_WORD = r"(?P<word>[^\W\d_]+)"
# Digits inside a word or a code are its own: G4S, F-16, covid-19.
TOKEN = re.compile(
    rf"(?<![\w])(?<![^\W\d_][-–])(?:{_CLOCK}|{_ISO}|{_SLASHED}|{_DECADE}|{_FIGURE})|(?<![\w]){_WORD}",
    re.IGNORECASE,
)
PERCENT = re.compile(r"\s?%|[\s-](?:percent|per\scent|pct)\b|\spercentage\spoints?\b", re.IGNORECASE)
HALVED = re.compile(r"\s(?:an?\s)?(?:dozen|hundred|thousand|million|billion|trillion)\b", re.IGNORECASE)
# What is added to a whole number: `1 1/2`, `1½`.
ADDED = re.compile(r"[ \u00a0-](?P<over>\d)/(?P<under>[248])(?![\d/])|\s?(?P<sign>[½¼¾])")
# A hyphen or minus sign that no word or digit stands before, or the word.
MINUS = re.compile(r"(?:\bminus\s|(?<![^\s(\[\"'“‘])[-\u2212])[$€£¥₽₹]?$", re.IGNORECASE)
LONGEST_MINUS = 8
VALUE = re.compile(r"(-?\d+(?:\.\d+)?)(%?)")
# What may stand between the words of one number.
CLOSE = (" ", "-", " - ", "\u00a0")
# The words that a quantity can begin with; most of a text's words are none, and need no closer look.
BEGINNINGS = frozenset({*MONTHS, *WEEKDAYS, *ORDINALS, *SMALL, "a", "an", "half"})
DAY = re.compile(r"(?:3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?", re.IGNORECASE)
YEAR = re.compile(r",?\s(?:of\s)?([12]\d{3})(?![\d,]|\.\d)")
