"""Numbers and dates of a text, written in one way, so that 1,000, 1000 and one thousand are the same.

What is in words, and what a comma in a number means, is English; digits of any script are read.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache

from harness.metric import quantity_patterns as patterns


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number or date as found.

    Args:
        start: Offset of its first code point.
        end: Offset after its last.
        keys: What it may mean, in one spelling each: `1000`, `-5`, `12%`, `3.` (an ordinal), `month=5`, `date=5-27`,
            `weekday=1`, `time=16:30`, `1990s`.
        implied: What it says besides, as a date says its month, and a negative number how far below 0 it is.
        rough: Its value, where the text gives it as rough (`about`, `more than`).
    """

    start: int
    end: int
    keys: frozenset[str]
    implied: frozenset[str] = frozenset()
    rough: Decimal | None = None


class Quantities:
    """What numbers and dates a text has, to look others up in.

    Example:
        >>> Quantities(quantities("On 27 May, 1,200 people came.")).has(quantities("about one thousand")[0], 0.2)
        True
    """

    def __init__(self, found: Iterable[Quantity]) -> None:
        self.keys = frozenset().union(*(one.keys | one.implied for one in found))
        self._values = [found for found in map(patterns.VALUE.fullmatch, self.keys) if found]

    def has(self, one: Quantity, tolerance: float = 0.0) -> bool:
        """Whether the text has it; a rough number is also met by one that is off by that share of it at most."""
        if one.keys & self.keys:
            return True
        if one.rough is None or tolerance <= 0:
            return False
        within, unit = Decimal(str(tolerance)) * abs(one.rough), "%" if any(key[-1] == "%" for key in one.keys) else ""
        return any(abs(Decimal(found[1]) - one.rough) <= within for found in self._values if found[2] == unit)


@lru_cache(maxsize=64)
def quantities(text: str) -> tuple[Quantity, ...]:
    """The numbers and dates of a text, left to right.

    `one`, `first` and `second` in words are none, for they mostly are pronouns, adverbs and units; neither are
    fractions alone, and numbers that are not said (`several`, `thousands`). A number is below 0 after `minus`, or after
    a minus sign or hyphen that follows a blank or an opening mark: not in `3-5` or `3 -5`, nor where a hyphen begins
    a line, as it does in lists.

    Example:
        >>> [sorted(one.keys) for one in quantities("Twenty-three of 1.2 million, or 5 per cent, by May 3rd, 2017")]
        [['23'], ['1200000'], ['5%'], ['date=5-3'], ['2017']]
    """
    plain = _plain(text)
    tokens = list(patterns.TOKEN.finditer(plain))
    found: list[Quantity] = []
    at = 0
    while at < len(tokens):
        word = tokens[at]["word"]
        if word is not None and word.lower() not in patterns.BEGINNINGS:
            at += 1
            continue
        read, at = _read(plain, tokens, at)
        found += read
    return tuple(found)


def _plain(text: str) -> str:
    """The text with its digits and blanks in ASCII; as many code points as before."""
    if text.isascii():
        return text
    return "".join(
        c if c.isascii() else str(unicodedata.decimal(c)) if c.isdecimal() else " " if c.isspace() else c for c in text
    )


def _read(text: str, tokens: list[re.Match[str]], at: int) -> tuple[list[Quantity], int]:
    """What begins at a token, and the token to go on from."""
    token = tokens[at]
    if token["word"] is None:
        if token["figure"] is not None:
            return _figure(text, tokens, at)
        return [Quantity(*token.span(), *_special(token))], at + 1
    word = token["word"].lower()
    if word in patterns.MONTHS:
        return _month(text, tokens, at)
    if word in patterns.WEEKDAYS:
        return [Quantity(*token.span(), frozenset({f"weekday={patterns.WEEKDAYS[word]}"}))], at + 1
    if word in patterns.ORDINALS:
        return [Quantity(*token.span(), frozenset({f"{patterns.ORDINALS[word]}."}))], at + 1
    if word in patterns.SMALL or (word in ("a", "an") and _scale(text, tokens, at + 1)):
        return _words(text, tokens, at)
    if word == "half" and patterns.HALVED.match(text, token.end()):
        last = at + 1 + (tokens[at + 1]["word"].lower() not in patterns.SCALES)
        value = Decimal(patterns.SCALES[tokens[last]["word"].lower()]) / 2
        return [_number(text, token.start(), tokens[last].end(), {value})], last + 1
    return [], at + 1


def _special(token: re.Match[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Keys of a time of day, a numeric date or a decade, and what they imply."""
    none: frozenset[str] = frozenset()
    if token["hour"] is not None:
        hour = int(token["hour"]) % 12 + (12 if token["half"].lower() == "p" else 0)
        return frozenset({f"time={hour}:{token['minute'] or '00'}"}), none
    if token["clock"] is not None:
        hour, minute = int(token["clock"].split(":")[0]), token["clock"].split(":")[1]
        # Without a.m. or p.m. an hour up to twelve may be either.
        return frozenset({f"time={h}:{minute}" for h in ({hour, (hour + 12) % 24} if hour <= 12 else {hour})}), none
    if token["decade"] is not None:
        figures = token["decade"].lstrip("'’")
        return frozenset({f"{figures}s", f"{figures[-2:]}s"} if len(figures) == 2 else {f"{figures}s"}), frozenset(
            {f"{figures[-2:]}s"}
        )
    parts = [int(part) for part in re.split(r"[-/.]", token[0])]
    year, dates = (parts[0], [parts[1:]]) if token["iso"] else (parts[2], [parts[:2], parts[1::-1]])
    # 3/5 is the third of May or the fifth of March.
    fit = [(month, day) for month, day in dates if 1 <= month <= 12 and 1 <= day <= 31]
    years = {str(year)} if year > 99 else {str(1900 + year), str(2000 + year)}
    if not fit:
        return frozenset(_key(part) for part in map(Decimal, parts)), none
    return frozenset(f"date={month}-{day}" for month, day in fit), frozenset(f"month={m}" for m, _ in fit) | years


def _figure(text: str, tokens: list[re.Match[str]], at: int) -> tuple[list[Quantity], int]:
    """A number in figures, with the scale, percent sign or month that follows."""
    token = tokens[at]
    start, end, after = token.start(), token.end(), at + 1
    if len(token["figure"]) > patterns.LONGEST_FIGURE:
        return [Quantity(start, end, frozenset({token["figure"]}))], after
    parts = token["figure"].split(" ")
    value, tail = Decimal("".join(parts).replace(",", "")), (token["tail"] or "").lower()
    day = _day_before_month(text, tokens, at)
    if day:
        return day
    if tail in ("st", "nd", "rd", "th"):
        return [Quantity(start, end, frozenset({f"{_key(value)}."}))], after
    values = {value}
    if tail:
        values = {value * patterns.SUFFIXES[tail]} | ({value} if tail == "m" else set())  # 40m may be metres
    else:
        added, end, after = _added(text, tokens, after, value)
        scale = _scale(text, tokens, after, end)
        values = {value + added}
        if scale:
            values, end, after = {(value + added) * scale}, tokens[after].end(), after + 1
    if len(parts) > 1:  # one number, or several in a list
        values |= {Decimal(part.rstrip(",.")) for part in parts}
    return [_number(text, start, end, values)], after


def _day_before_month(text: str, tokens: list[re.Match[str]], at: int) -> tuple[list[Quantity], int] | None:
    """`27 May`, `27th of May`, `27-31 May` or `27 to 31 May`, if a figure begins one, and the token to go on from."""
    days = [at]
    if at + 1 < len(tokens) and re.fullmatch(r"\s?[-–]\s?", text[tokens[at].end() : tokens[at + 1].start()]):
        days.append(at + 1)
    elif at + 2 < len(tokens) and (tokens[at + 1]["word"] or "").lower() in ("to", "and"):
        days.append(at + 2)
    for last in reversed(days):
        place = last + 1
        if place < len(tokens) and (tokens[place]["word"] or "").lower() == "of":
            place += 1
        chosen = [tokens[n] for n in days if n <= last]
        if (
            place < len(tokens)
            and (tokens[place]["word"] or "").lower() in patterns.MONTHS
            and all(patterns.DAY.fullmatch(day[0]) for day in chosen)
            and all(_near(text, tokens, n) for n in range(last, place))
        ):
            month = patterns.MONTHS[tokens[place]["word"].lower()]
            ends = [*(day.end() for day in chosen[:-1]), tokens[place].end()]
            dates = (_date(day.start(), end, month, int(day["figure"])) for day, end in zip(chosen, ends, strict=True))
            return list(dates), place + 1
    return None


def _month(text: str, tokens: list[re.Match[str]], at: int) -> tuple[list[Quantity], int]:
    """A month by name, with the day that follows; nothing where it is another word (`may`)."""
    token = tokens[at]
    word = token["word"].lower()
    month, after = patterns.MONTHS[word], at + 1
    figure = tokens[after] if after < len(tokens) else None
    if (
        figure is not None
        and patterns.DAY.fullmatch(figure[0])
        and re.fullmatch(r"\.?\s", text[token.end() : figure.start()])
        and not patterns.PERCENT.match(text, figure.end())
    ):
        found = [_date(token.start(), figure.end(), month, int(figure["figure"]))]
        # `May 27-31`, `May 27 to 31`: the second day is of the same month, unless a month follows it.
        last = tokens[after + 1] if after + 1 < len(tokens) else None
        if (
            last is not None
            and re.fullmatch(r"\s?[-–]\s?", text[figure.end() : last.start()])
            and re.fullmatch(r"3[01]|[12]\d|[1-9]", last[0])
        ):
            return [*found, _date(last.start(), last.end(), month, int(last["figure"]))], after + 2
        return found, after + 1
    said = word not in patterns.AMBIGUOUS or bool(patterns.YEAR.match(text, token.end()))
    if not said and at and _near(text, tokens, at - 1):
        said = (tokens[at - 1]["word"] or "").lower() in patterns.BEFORE_MONTH
    return ([Quantity(*token.span(), frozenset({f"month={month}"}))] if said else []), after


def _words(text: str, tokens: list[re.Match[str]], at: int) -> tuple[list[Quantity], int]:
    """A number in words: `twenty-three`, `one hundred and five thousand`, `a dozen`."""
    start, total, group, after = at, 0, 0, at
    if tokens[at]["word"].lower() in ("a", "an"):
        group, after = 1, at + 1
    last = 0  # the value of the word before, to know what may follow it
    while after < len(tokens) and (after == start or _near(text, tokens, after - 1)):
        word = (tokens[after]["word"] or "").lower()
        if word in patterns.SMALL:
            small = patterns.SMALL[word]
            fits = after == start or last >= 100 or (20 <= last < 100 and 0 < small < 10)
            if not fits:
                break
            group, last = group + small, small
        elif word in patterns.SCALES:
            scale = patterns.SCALES[word]
            if scale < 1000 and last >= 100:
                break
            group = max(group, 1) * scale
            if scale >= 1000:
                total, group = total + group, 0
            last = max(scale, 100)
        elif word == "and" and last >= 100 and after + 1 < len(tokens) and _near(text, tokens, after):
            if (tokens[after + 1]["word"] or "").lower() not in patterns.SMALL:
                break
        elif 20 <= last < 100 and patterns.LAST.get(word, 10) < 10:
            place = frozenset({f"{total + group + patterns.LAST[word]}."})
            return [Quantity(tokens[start].start(), tokens[after].end(), place)], after + 1
        else:
            break
        after += 1
    value, first, end = Decimal(total + group), tokens[start].start(), tokens[after - 1].end()
    if _half_follows(text, tokens, after):
        # A half of the last scale (`a million and a half`), of the one that follows, or of one.
        own = patterns.SCALES.get((tokens[after - 1]["word"] or "").lower(), 0)
        value += Decimal(own or 1) / 2
        end, after = tokens[after + 2].end(), after + 3
        scale = 0 if own else _scale(text, tokens, after)
        if scale:
            value, end, after = value * scale, tokens[after].end(), after + 1
    if value == 1 and not patterns.PERCENT.match(text, end):
        return [], after
    return [_number(text, first, end, {value})], after


def _half_follows(text: str, tokens: list[re.Match[str]], at: int) -> bool:
    """Whether the tokens from here on are `and a half`, close to the one before."""
    said = [(token["word"] or "").lower() for token in tokens[at : at + 3]]
    return said == ["and", "a", "half"] and all(_near(text, tokens, place) for place in range(at - 1, at + 2))


def _added(text: str, tokens: list[re.Match[str]], after: int, value: Decimal) -> tuple[Decimal, int, int]:
    """The fraction that follows a whole number in figures, or 0; where the number then ends, and the token after it."""
    end = tokens[after - 1].end()
    if value != int(value):
        return Decimal(0), end, after
    if _half_follows(text, tokens, after):
        return Decimal("0.5"), tokens[after + 2].end(), after + 3
    found = patterns.ADDED.match(text, end)
    if not found:
        return Decimal(0), end, after
    if found["sign"]:
        return Decimal(str(unicodedata.numeric(found["sign"]))), found.end(), after
    added = Decimal(found["over"]) / Decimal(found["under"])
    return (added, found.end(), after + 2) if 0 < added < 1 else (Decimal(0), end, after)


def _minus(text: str, start: int) -> int | None:
    """Where the minus before a number begins, if there is one."""
    before = text[max(0, start - patterns.LONGEST_MINUS) : start]
    found = patterns.MINUS.search(before)
    if not found:
        return None
    place = start - len(before) + found.start()
    head = text[max(0, place - patterns.LONGEST_MINUS) : place].rstrip(" \t")
    listed = text[place] == "-" and (not head or head[-1] == "\n")
    return None if listed or head[-1:].isdigit() else place


def _number(text: str, start: int, end: int, values: set[Decimal]) -> Quantity:
    below = _minus(text, start)
    if below is not None and all(values):
        found = _unsigned(text, below, end, {-value for value in values})
        return replace(found, implied=frozenset(key.removeprefix("-") for key in found.keys))
    return _unsigned(text, start, end, values)


def _unsigned(text: str, start: int, end: int, values: set[Decimal]) -> Quantity:
    """The number with what is said around it: how roughly, and percent."""
    rough = patterns.ROUGHLY.search(text[max(0, start - patterns.LONGEST_ROUGHLY) : start])
    percent = patterns.PERCENT.match(text, end)
    keys = {_key(value) for value in values}
    given = max(values, key=abs) if rough else None
    if percent:
        return Quantity(start, percent.end(), frozenset(f"{key}%" for key in keys), rough=given)
    # Of `10 to 12 percent` both are percents.
    shared = re.match(r"(?:\s?[-–]\s?|\s(?:to|or|and)\s)\d+(?:\.\d+)?", text[end : end + 20])
    implied = {f"{key}%" for key in keys} if shared and patterns.PERCENT.match(text, end + shared.end()) else set()
    return Quantity(start, end, frozenset(keys | implied), rough=given)


def _date(start: int, end: int, month: int, day: int) -> Quantity:
    return Quantity(start, end, frozenset({f"date={month}-{day}"}), frozenset({f"month={month}"}))


def _scale(text: str, tokens: list[re.Match[str]], at: int, end: int | None = None) -> int:
    """The scale that a token says of the number before it, which ends at `end` or with its token; 0 for none."""
    if not 0 < at < len(tokens):
        return 0
    if text[tokens[at - 1].end() if end is None else end : tokens[at].start()] not in patterns.CLOSE:
        return 0
    return patterns.SCALES.get((tokens[at]["word"] or "").lower(), 0)


def _near(text: str, tokens: list[re.Match[str]], at: int) -> bool:
    """Whether nothing but a blank or a hyphen is between a token and the next."""
    return text[tokens[at].end() : tokens[at + 1].start()] in patterns.CLOSE


def _key(value: Decimal) -> str:
    shown = format(value, "f")
    return shown.rstrip("0").rstrip(".") if "." in shown else shown
