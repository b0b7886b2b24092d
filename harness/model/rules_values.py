"""Patterns of dates, times and amounts: whole phrases, as OntoNotes marks them.

Every repetition is bounded or runs over one class of characters that the next piece cannot begin with, and none is
inside another, so matching takes time in proportion to the text whatever it says.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple


class Value(NamedTuple):
    """A found phrase, in code points of the text searched."""

    start: int
    end: int
    label: str


def _any(words: str) -> str:
    """An alternation of words separated by blanks, the longest first; `_` is a blank inside a phrase."""
    parts = sorted(words.split(), key=lambda word: (-len(word), word))
    return "(?:" + "|".join(part.replace("_", r"\s") for part in parts) + ")"


_DIGITS = r"(?:\d{1,3}(?:,\d{3}){1,5}(?!\d)(?:\.\d{1,6})?|\d{1,15}(?:\.\d{1,6})?)"
_ONES = _any(
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = _any("twenty thirty forty fifty sixty seventy eighty ninety")
_SCALE = _any("hundred thousand million billion trillion dozen")
_WORD = rf"(?:{_TENS}(?:[-\s]{_ONES})?|{_ONES}|zero)"
_WORDS = rf"(?:{_WORD}(?:[\s-]{_SCALE}(?:\s(?:and\s)?{_WORD}(?![-\s]{_ONES}))?(?:\s{_SCALE})?)?)"
_MANY = _any("tens dozens hundreds thousands millions billions trillions")
_VAGUE = (
    rf"(?:(?:an?|several|a\sfew|half\sa|many)\s{_SCALE}|{_MANY}(?:\sof\s(?:thousands|millions|billions))?"
    r"|a\shalf[-\s]dozen)"
)
_NUM = rf"(?:{_DIGITS}(?:[\s-]{_SCALE})?|{_WORDS}|{_VAGUE})"
_FRACTION = (
    r"(?:(?:nearly\s|almost\s|about\s|over\s|more\sthan\s)?(?:one-half|half|(?:a|one|two|three|four|five)[-\s]"
    r"(?:thirds?|quarters?|fifths?|sixths?|tenths?)))"
)
_APPROX = (
    r"(?:(?:(?:just|well|slightly|far|only)\s)?(?:over|under|above|below|more\sthan|less\sthan|fewer\sthan)"
    r"|greater\sthan|at\sleast|at\smost|no\s(?:more|less|fewer)\sthan|as\s(?:many|much|few|little)\sas|up\sto"
    r"|close\sto|nearly|almost|about|around|approximately|roughly|some|only|an?\sestimated|an?\saverage\sof|exactly"
    r"|anywhere\sfrom)"
)
_MAYBE = rf"(?:{_APPROX}\s)?"
_RANGE = r"(?:\s?[-–—]\s?|\sto\s|\sor\s)"
# Digits do not start inside a word, a code, a longer number or a price.
_HEAD = r"(?<![\w$€£¥₽₹])(?<![\w][-.,:/'’])(?<![\d]–)"
_TAIL = r"(?!\w)"

_CURRENCY = _any(
    "dollars dollar cents cent euros euro rubles ruble roubles rouble yen yuan renminbi rupees rupee pesos peso francs "
    "franc won dinars dinar dirhams riyals rials rial lira liras shekels shekel hryvnia hryvnias kronor kroner krone "
    "krona zloty reais baht ringgit rand bucks pounds_sterling pence sterling usd eur gbp US_dollars U\\.S\\._dollars "
    "American_dollars Canadian_dollars Australian_dollars Hong_Kong_dollars British_pounds"
)
_SIGN = r"(?:(?:US|A|C|CA|AU|NZ|HK|S|R)?\$|[€£¥₽₹₩₴]|(?-i:USD|EUR|GBP|RMB|CHF)\s?)"
_PRICE = rf"{_SIGN}\s?{_DIGITS}(?:\s?(?:{_SCALE}|bn|mn|tn|[mbk])(?!\w))?"
MONEY = (
    rf"(?<!\w){_MAYBE}(?:{_PRICE}(?:{_RANGE}(?:{_PRICE}|{_NUM}(?:\s{_CURRENCY})?(?!\w)(?!%)))?)(?:\s{_CURRENCY}(?!\w))?"
)
MONEY_WORDS = rf"{_HEAD}{_MAYBE}{_NUM}(?:{_RANGE}{_NUM})?[\s-]{_CURRENCY}{_TAIL}"
_PERCENT = r"(?:\s?%|[\s-](?:percent|per\scent|pct)(?!\w)|\spercentage\spoints?(?!\w))"
PERCENT = rf"{_HEAD}(?:between\s{_NUM}{_PERCENT}?\sand\s|{_MAYBE}){_NUM}(?:{_PERCENT}?{_RANGE}{_NUM})?{_PERCENT}"

_UNIT = _any(
    "km kms kilometers kilometres kilometer kilometre miles mile meters metres meter metre feet foot ft yards yard "
    "inches inch cm mm centimeters centimetres millimeters millimetres kg kilograms kilogrammes kilos kilo grams gram "
    "mg tons ton tonnes tonne pounds pound lbs lb ounces ounce oz liters litres liter litre gallons gallon barrels "
    "barrel bpd acres acre hectares hectare mph kph km/h degrees degree watts kilowatts megawatts gigawatts MW GW kWh "
    "GB MB TB gigabytes megabytes terabytes kilobytes bytes volts hertz GHz MHz light-years light_years knots calories"
)
_AREA = r"(?:(?:square|cubic|nautical|metric|sq\.?)[\s-])?"
QUANTITY = (
    rf"{_HEAD}{_MAYBE}{_NUM}(?:{_RANGE}{_NUM})?[\s-]?{_AREA}{_UNIT}(?!\w)(?:\s(?:Celsius|Fahrenheit|per\shour"
    r"|per\ssecond|a\sday|an\shour)(?!\w))?"
)

_MONTHS = (
    r"(?-i:January|February|March|April|May|June|July|August|September|October|November|December"
    r"|(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec)(?:\.|(?!\w)))"
)
_WEEKDAY = r"(?-i:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?|(?:Mon|Tues?|Wed|Thurs?|Fri)(?:\.|(?=,)))"
_DAY = r"(?:(?:3[01]|[12]\d|0?[1-9])(?!\d)(?:st|nd|rd|th)?)"
_YEAR = r"(?:(?:1[4-9]|20)\d\d)(?!\d)(?![,.]\d)"
_PART = (
    r"(?:(?:the\s)?(?:very\s)?(?:beginning|start|middle|end|turn|rest|first\shalf|second\shalf|latter\shalf|summer"
    r"|spring|fall|autumn|winter|(?:first|second|third|fourth|last|final)\s(?:\w{3,5}\s)?(?:quarter|week|day|days"
    r"|weeks|months|month))\sof\s)"
)
_EARLY = r"(?:(?:early|mid|late)[-\s])"
_SHIFT = r"(?:(?:earlier|later)\s)?(?:last|next|this|that|the\sfollowing|the\sprevious)\s"
_OWN = r"(?:['’]s(?!\w))?"
_PERIOD = (
    r"(?:days?|weeks?|weekends?|months?|years?|decades?|century|centuries|quarters?|semesters?|fortnights?"
    r"|generations?)"
)
_SEASON = r"(?:summer|winter|spring|fall|autumn)"
_AGO = r"(?:\s(?:ago|earlier|later|before|afterwards?|prior|since|on)(?!\w))?"
_AGO_ONLY = r"(?:\s(?:ago|earlier|later|prior)(?!\w))?"
_FEW = rf"(?:(?:{_NUM}|few|several|couple\sof|many|half)\s)?"

_CALENDAR = (
    rf"(?<![\w.-])(?:{_WEEKDAY},?\s(?:the\s{_DAY}\sof\s)?)?(?:{_PART}|{_EARLY})?(?:{_SHIFT})?"
    rf"(?:{_MONTHS}(?:\s{_DAY}(?:\s?[-–]\s?{_DAY}|\sto\s{_DAY})?)?(?!\w)"
    rf"|(?:the\s)?{_DAY}(?:\sof)?\s{_MONTHS}(?!\w))(?:,?\s(?:of\s)?{_YEAR}(?!\w))?{_OWN}"
)
_WEEK = (
    rf"(?<![\w-])(?:(?:last|next|this|every|the\sprevious|the\sfollowing|early|late)\s)?{_WEEKDAY}(?![\w])"
    rf"(?:,?\s(?:{_MONTHS}\s)?{_DAY}(?!\w))?{_OWN}"
)
_NUMERIC = r"(?<![\w/.-])(?:\d{4}-\d{1,2}-\d{1,2}|\d{1,2}/\d{1,2}/(?:\d{4}|\d{2})|\d{1,2}\.\d{1,2}\.\d{4})(?![\w/-])"
_YEARS = (
    rf"(?<![\w$€£.,:/-])(?:{_PART}|{_EARLY}|(?:fiscal|fy)\s)?"
    rf"(?:(?:the\s)?{_EARLY}?(?:{_YEAR}s|['’]?\d0s)(?!\w)|{_YEAR}(?:\s?[-–/]\s?(?:{_YEAR}|\d\d(?!\d))|\sto\s{_YEAR})?(?!\w)(?![-/:]\d))"
    rf"(?!\s?%){_OWN}"
)
_RELATIVE = (
    rf"(?<![\w-])(?:{_PART})?(?:earlier\s|later\s)?"
    rf"(?:(?:the\s(?:very\s)?)?(?:last|past|next|previous|following|coming|recent|preceding|same|upcoming|ensuing)\s{_FEW}"
    rf"(?:{_PERIOD}|{_SEASON}|period(?=\W|$))|(?:this|that|each|every)\s(?:past\s|coming\s|single\s|other\s)?"
    rf"(?:{_PERIOD}|{_SEASON})|the\s(?:year|month|week|decade|century|weekend|day))(?!\w)(?:\s(?:before|after)\s(?:last"
    rf"|next)(?!\w))?{_AGO_ONLY}{_OWN}"
)
_DURATION = (
    rf"{_HEAD}{_MAYBE}(?:{_NUM}(?:{_RANGE}{_NUM})?(?:\sand\sa\shalf)?|an?|several|(?:a\s)?few|many|a\scouple\sof|half\sa"
    rf"|a\sfull|a\swhole|another)[-\s]?(?:more\s|consecutive\s|straight\s|calendar\s|business\s|working\s|full\s)?"
    rf"(?:(?:and\sa\shalf|long)[-\s])?{_PERIOD}(?!\w)(?:[-\s]olds?(?!\w))?{_AGO}"
)
_DEICTIC = (
    r"(?<![\w-])(?:the\sday\s(?:before\s|after\s)(?:yesterday|tomorrow)|today|yesterday|tomorrow|daily|weekly|monthly"
    r"|annually|annual|yearly|quarterly|biweekly|(?:for|in|over|after)\s(?:years|decades|centuries|months|weeks|days)"
    r"|(?:years|months|weeks|decades|days|centuries)\s(?:ago|earlier|later)"
    rf"|(?:the\s)?\d{{1,2}}(?:st|nd|rd|th)[-\s]century)(?!\w)(?!-){_OWN}"
)
_CENTURY = (
    r"(?<![\w-])the\s(?:early\s|mid-|late\s)?(?:\d{1,2}(?:st|nd|rd|th)|eighteenth|nineteenth|twentieth|twenty-first)"
    r"\scentury(?!\w)"
)
_AGE = r"(?<=aged\s)\d{1,3}(?!\w)"
_HOLIDAY = (
    r"(?-i:(?<!\w)(?:Christmas(?:\sEve|\sDay)?|Easter(?:\sSunday|\sMonday)?|Thanksgiving(?:\sDay)?|Ramadan|Halloween"
    r"|New\sYear['’]s(?:\sDay|\sEve)?|Good\sFriday|Hanukkah|Passover|Independence\sDay|Labor\sDay|Memorial\sDay"
    r"|Valentine['’]s\sDay|Veterans\sDay|Victory\sDay|Mother['’]s\sDay)(?!\w))"
)

_ZONE = r"(?:\s\(?(?-i:GMT|UTC|EST|EDT|ET|PST|PDT|PT|CST|CDT|CET|CEST|MSK|BST|local\stime)\)?(?!\w))?"
CLOCK = (
    rf"(?<![\w:.,$-])(?:\d{{1,2}}:\d\d(?::\d\d)?(?!:)(?:\s?[ap](?:\.m\.|m(?!\w)))?|\d{{1,2}}\s?[ap](?:\.m\.|m(?!\w))"
    rf"|{_ONES}\so['’]clock)(?!\d){_ZONE}"
)
SPAN = (
    rf"{_HEAD}{_MAYBE}(?:(?:the\s)?(?:last|past|next|first|final)\s{_FEW}|{_NUM}(?:{_RANGE}{_NUM})?(?:\sand\sa\shalf)?[-\s]"
    rf"|an?\s|several\s|a\sfew\s|half\san\s|a\scouple\sof\s)(?:more\s)?(?:seconds?|minutes?|hours?|hrs?|mins?)(?!\w){_AGO_ONLY}"
)
DAYTIME = (
    rf"(?<![\w-])(?:(?:early\s|late\s|later\s|earlier\s)?(?:(?:this|that|last|every|the|the\snext|the\sprevious|yesterday"
    rf"|tomorrow|{_WEEKDAY}|{_MONTHS}\s{_DAY})\s)(?:early\s|late\s)?(?:morning|afternoon|evening|night)s?|tonight|midnight"
    rf"|noon|overnight|last\snight)(?!\w){_OWN}"
)

ORDINAL = (
    r"(?<![\w-])(?:\d{1,3}(?:,\d{3})?(?:st|nd|rd|th)|(?<!at\s)first(?!\sof\sall)(?!\s(?:lady|name|aid|hand))|second"
    r"(?!\shand)(?!-hand)|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|thirteenth|fifteenth"
    r"|twentieth|hundredth)(?!\w)(?!-hand)(?!\scentury)"
)
CARDINAL = (
    rf"{_HEAD}{_MAYBE}(?:{_NUM}(?:{_RANGE}{_NUM})?(?:\sand\sa\shalf)?|{_FRACTION}(?!\w))(?![\w%])(?![.,:/]\d)(?!\s?%)"
)

# What each pattern may begin with: `n` a number word or what leads up to a number, `d` digits, `s` a currency's sign,
# `t` a word of time; and what the text must have somewhere for it to match at all.
_BEGINS = {
    MONEY: "ns",
    MONEY_WORDS: "nd",
    PERCENT: "nd",
    QUANTITY: "nd",
    _CALENDAR: "dt",
    _WEEK: "t",
    _NUMERIC: "d",
    _YEARS: "dts",
    _RELATIVE: "t",
    _DURATION: "nd",
    _DEICTIC: "dt",
    _CENTURY: "t",
    _AGE: "d",
    _HOLIDAY: "t",
    CLOCK: "nd",
    SPAN: "ndt",
    DAYTIME: "t",
    ORDINAL: "dt",
    CARDINAL: "nd",
}
_NEEDS = {
    MONEY: r"[$€£¥₽₹₩₴]|USD|EUR|GBP|RMB|CHF",
    MONEY_WORDS: rf"[\s-]{_CURRENCY}{_TAIL}",
    PERCENT: r"%|per\s?cent|pct",
    QUANTITY: rf"[\s\d-]{_UNIT}{_TAIL}",
    _DURATION: _PERIOD,
    CLOCK: r"\d|clock",
    SPAN: r"second|minute|hour|hr|min",
    DAYTIME: r"morning|afternoon|evening|night|noon",
    _CENTURY: r"century",
}

_KINDS = (
    ("MONEY", (MONEY, MONEY_WORDS)),
    ("PERCENT", (PERCENT,)),
    ("QUANTITY", (QUANTITY,)),
    ("DATE", (_CALENDAR, _WEEK, _NUMERIC, _YEARS, _RELATIVE, _DURATION, _DEICTIC, _CENTURY, _AGE, _HOLIDAY)),
    ("TIME", (CLOCK, SPAN, DAYTIME)),
    ("ORDINAL", (ORDINAL,)),
    ("CARDINAL", (CARDINAL,)),
)


class _Pattern(NamedTuple):
    """A pattern with what it may begin with and what the text must have for it."""

    label: str
    match: re.Pattern[str]
    begins: str
    needs: re.Pattern[str] | None


def _compile(label: str, pattern: str) -> _Pattern:
    needs = _NEEDS.get(pattern)
    return _Pattern(
        label,
        re.compile(pattern, re.IGNORECASE),
        _BEGINS[pattern],
        re.compile(needs, re.IGNORECASE) if needs is not None else None,
    )


PATTERNS = tuple(_compile(label, pattern) for label, group in _KINDS for pattern in group)

# Where a pattern can begin. Trying them at these words alone is many times faster than searching the text for each.
_NUMBER_STARTERS = (
    "just well slightly far only over under above below more less fewer greater at no as up close nearly almost about "
    "around approximately roughly some an a exactly anywhere between one two three four five six seven eight nine ten "
    "eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty "
    "seventy eighty ninety zero tens dozens hundreds thousands millions billions trillions several half many few "
    "another us c ca au nz hk s r usd eur gbp rmb chf"
)
_TIME_STARTERS = (
    "january february march april may june july august september october november december jan feb mar apr jun jul aug "
    "sep sept oct nov dec monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays "
    "thursdays fridays saturdays sundays mon tue tues wed thu thur thurs fri early mid late the last next this that "
    "earlier later following previous past coming recent preceding same upcoming ensuing each every today yesterday "
    "tomorrow tonight midnight noon overnight daily weekly monthly annually annual yearly quarterly biweekly for in "
    "over after years decades centuries months weeks days fiscal fy christmas easter thanksgiving ramadan halloween "
    "new good hanukkah passover independence labor memorial valentine veterans victory mother beginning start middle "
    "end turn rest first second latter final third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth "
    "thirteenth fifteenth twentieth hundredth summer spring fall autumn winter very"
)
_STARTERS: dict[str, str] = dict.fromkeys(_NUMBER_STARTERS.split(), "n")
_STARTERS |= {word: _STARTERS.get(word, "") + "t" for word in _TIME_STARTERS.split()}
# The article is by far the commonest starter, and hardly ever one.
_AFTER_ARTICLE = re.compile(
    rf"\s(?:few|couple|half|estimated|average|full|whole|third|quarter|fifth|{_SCALE}|{_PERIOD}|second|minute|hour)(?!\w)",
    re.IGNORECASE,
)
_LONGEST_STARTER = max(map(len, _STARTERS))
_LEAD = re.compile(r"(?:for|in|over|after)\s(?=(?:years|decades|centuries|months|weeks|days)\b)", re.IGNORECASE)
_BEGIN = re.compile(r"[^\W\d_]+|\d+|[$€£¥₽₹₩₴]|['’](?=\d0s)")

# Month names that are words too count alone only after one of these.
_BEFORE_MONTH = re.compile(
    r"(?:\b(?:in|of|since|until|till|by|from|to|through|during|before|after|and|between|late|early"
    r"|for|last|next|this|on|every)|[-–(])\s?$",
    re.IGNORECASE,
)
_WORD_MONTHS = {"May", "March", "Mar", "May's", "March's", "Jan", "Dec", "Sep"}
_ONE_AFTER = re.compile(r"\s(?:of|[a-z]{3,})\b")
_NOT_AFTER_ONE = re.compile(
    r"\s(?:another|can|could|should|would|may|might|must|will|has|had|was|were|and|that|who|which|with|for|from|the|but"
    r"|else|when|where|does|did|wants|thing|day|needs|because|there|your|you|they|she|than|out|thinks|says|knows)\b",
    re.IGNORECASE,
)
_NOT_BEFORE_ONE = re.compile(
    r"\b(?:no|any|every|some|each|this|that|the|which|another|good|bad|new|old|last|next|only|big|best|right|wrong|other"
    r"|great|first|a|an|my|your|his|her|our|their|nice|loved|better|little|same|such|is|for|or)\s$",
    re.IGNORECASE,
)


def _plausible(text: str, start: int, end: int, label: str) -> bool:
    """Whether a match is what it looks like, given the words around it."""
    found = text[start:end]
    if label == "DATE" and found in _WORD_MONTHS:
        return bool(_BEFORE_MONTH.search(text[max(0, start - 12) : start]))
    if label == "CARDINAL" and found.lower() == "one":
        after = text[end : end + 16]
        if after.startswith(" of "):
            return text[max(0, start - 3) : start].lower() != "no "
        if _NOT_BEFORE_ONE.search(text[max(0, start - 10) : start]):
            return False
        return bool(_ONE_AFTER.match(after)) and not _NOT_AFTER_ONE.match(after)
    return True


def find_values(text: str) -> Iterator[Value]:
    """Matches of every pattern, overlapping ones of different patterns included; the caller keeps the longest."""
    usable = [pattern for pattern in PATTERNS if pattern.needs is None or pattern.needs.search(text)]
    reached = [0] * len(usable)
    by_begin: dict[str, list[tuple[int, _Pattern]]] = {}
    for begin in _BEGIN.finditer(text):
        word = begin[0]
        kind = _begin_kind(word)
        if not kind or (word in ("a", "A", "an", "An") and not _AFTER_ARTICLE.match(text, begin.end())):
            continue
        if kind not in by_begin:
            by_begin[kind] = [(i, pattern) for i, pattern in enumerate(usable) if set(kind) & set(pattern.begins)]
        at = begin.start()
        # Inside a code or a longer number ("1,2,3"): no pattern starts there.
        if kind == "d" and at > 1 and text[at - 1] in "-.,:/'’" and text[at - 2].isalnum():
            continue
        for index, pattern in by_begin[kind]:
            if at < reached[index]:
                continue
            match = pattern.match.match(text, at)
            if match is None:
                continue
            reached[index] = match.end()
            start, end = match.span()
            if pattern.label == "DATE":
                # "for years": the preposition only vouches for the noun.
                lead = _LEAD.match(match[0])
                start += lead.end() if lead else 0
            if start < end and _plausible(text, start, end, pattern.label):
                yield Value(start, end, pattern.label)


def _begin_kind(word: str) -> str:
    """What a word or sign can begin (see `_BEGINS`); nothing for most words."""
    if word[0].isdigit():
        return "d"
    if not word[0].isalpha():
        return "s"
    return _STARTERS.get(word.lower(), "") if len(word) <= _LONGEST_STARTER else ""
