"""What scores look like to people, and the strings that a table is made of, whatever it is laid out in.

Values are rounded and multiplied by 100 here and nowhere else; files and machine formats keep them as stored.
"""

from dataclasses import dataclass, field

from harness.comparison.table import Column, Line
from harness.statistics.power import Equivalence
from harness.statistics.significance import Difference

UNDEFINED = "–"
BEST = "*"
UNRELIABLE = "?"
WHY_UNRELIABLE = f"{UNRELIABLE} unreliable: rests on fewer than 30 units or fewer than 20 gold positives"
# What a block whose rows stand apart begins with, its reason following.
APART = "not ranked with the rows above"


@dataclass(frozen=True)
class ShownCell:
    """One score: `53.2` `*?` `[41.0, 66.1]` `(1)`."""

    value: str = ""
    signs: str = ""
    interval: str = ""
    marks: str = ""
    best: bool = False
    left: bool = False


@dataclass(frozen=True)
class ShownLine:
    """One row; `others` by the headings that `Shown.others` has."""

    label: str
    cells: list[ShownCell]
    others: dict[str, str]


@dataclass
class Shown:
    """One table, every string of it safe to print.

    Args:
        title: Data, task, documents, unit.
        subtitle: How to read it, and what it must not be read as.
        headings: Of the scores, and of what stands beside them: differences, p, letters.
        others: Of the columns behind them: `n`, `losses`, `seconds`, `examples/s`, and `cost` where there is any.
        blocks: Reason and rows.
        failures: Model and reason.
        footnotes: In the order in which they should be read.
    """

    title: str
    subtitle: str
    headings: list[str]
    others: list[str]
    blocks: list[tuple[str, list[ShownLine]]]
    failures: list[tuple[str, str]]
    footnotes: list[str] = field(default_factory=list)


def number(value: float | None, column: Column) -> str:
    """A value as shown: one decimal, a dash where undefined."""
    if value is None:
        return UNDEFINED
    if column.key.average == "count":
        return f"{value:g}"
    text = f"{value * column.factor:.1f}"
    return "0.0" if text == "-0.0" else text


def interval(low: float | None, high: float | None, column: Column) -> str:
    """`[41.0, 66.1]`, a dash where there is none."""
    return UNDEFINED if low is None else f"[{number(low, column)}, {number(high, column)}]"


def signed(value: float | None, column: Column) -> str:
    """A difference as shown: with its sign, unless it rounds to 0."""
    text = number(value, column)
    return f"+{text}" if value is not None and value > 0 and float(text) > 0 else text


def no_interval(pair: Difference) -> str:
    """Why a difference that was tested has no interval; empty where it has one, or was not tested."""
    if pair.low is not None or pair.p is None:
        return ""
    return f"no interval of the difference: {pair.method.removeprefix('none: ')}"


def p_value(value: float | None) -> str:
    """Four decimals, which is what 10,000 swaps can say."""
    return UNDEFINED if value is None else "<0.0001" if value < 0.00005 else f"{value:.4f}"


def duration(seconds: float | None) -> str:
    """Seconds with as many digits as one can tell apart."""
    if seconds is None:
        return UNDEFINED
    return f"{seconds:.0f}" if seconds >= 100 else f"{seconds:.1f}" if seconds >= 0.95 else f"{seconds:.2f}"


def rate(value: float | None) -> str:
    """A rate with as many digits as one can tell apart."""
    return UNDEFINED if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.2g}"


def price(value: float | None) -> str:
    """What answers cost, with as many digits as make a difference."""
    return UNDEFINED if value is None else f"{value:.2f}" if value >= 0.1 else f"{value:.2g}"


def equivalent(test: Equivalence) -> str:
    """What two one-sided tests say; a dash where they cannot."""
    return UNDEFINED if test.equivalent is None else "yes" if test.equivalent else "not shown"


def losses(line: Line) -> str:
    """`0`, or what was lost and why."""
    named = ((count, name.removesuffix("s") if count == 1 else name) for name, count in line.losses.items())
    return ", ".join(f"{count} {name}" for count, name in named) or "0"


def counted(number_of: int, noun: str) -> str:
    """`1 document`, `2 documents`."""
    return f"{number_of} {noun}" + ("" if number_of == 1 else "s")


def shortened(text: str) -> str:
    """The text, cut where it is longer than a remark should be."""
    # A model's exception can hold a page; the whole of it is in run.json.
    return text if len(text) <= 500 else text[:497] + "..."
