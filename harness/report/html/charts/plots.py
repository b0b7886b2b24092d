"""The charts: intervals, ledgers, calibration, risk against coverage, quality against speed."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from harness.records import BINS
from harness.report.html.charts.svg import COLOURS, NAME, SERIES, altair, drawn, shown

Look = Literal["plain", "best", "unreliable", "bound", "better", "worse"]
_SHAPES = {
    "plain": "circle", "best": "diamond", "unreliable": "circle", "bound": "square", "better": "triangle-up",
    "worse": "triangle-down",
}  # fmt: skip
_COLOURS = {
    "plain": "accent", "best": "accent", "unreliable": "accent", "bound": "muted", "better": "better",
    "worse": "worse",
}  # fmt: skip
# As many lines as can be told apart.
MOST_CURVES = 8
# As many names as find room beside their points.
MOST_NAMES = 12
_DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [1, 0], [6, 3], [2, 2], [8, 3, 2, 3])


@dataclass(frozen=True)
class Dot:
    """A value with its interval.

    Args:
        name: Of the row.
        value: As shown on the axis.
        low: Lower bound; None without an interval.
        high: Upper bound, likewise.
        text: What stands beside it.
        look: How it is drawn; `unreliable` is hollow, and shape says what colour says.
    """

    name: str
    value: float
    low: float | None
    high: float | None
    text: str
    look: Look = "plain"


def intervals(dots: Sequence[Dot], *, title: str, zero: bool = False, names_of: int = 1) -> str:
    """Dots with interval bars, a row each.

    Args:
        dots: From the top down.
        title: Of the axis.
        zero: Whether a line stands at 0, for differences.
        names_of: How many names there are in the name of a row, which takes more room then.
    """
    alt = altair()
    names = shown([dot.name for dot in dots])
    rows = [_row(name, dot) | {"text": dot.text} for name, dot in zip(names, dots, strict=True)]
    y = alt.Y("name:N", sort=names, title=None, axis=alt.Axis(labelLimit=NAME * names_of))
    base = alt.Chart(alt.Data(values=rows)).encode(y=y)
    scale = alt.Scale(zero=False, nice=True)
    x = alt.X("value:Q", title=title, scale=scale, axis=alt.Axis(tickCount=4))
    bars = base.mark_rule(strokeWidth=2, strokeCap="round").encode(
        x=alt.X("low:Q", title=title, scale=scale), x2="high:Q", color=alt.Color("stroke:N", scale=None)
    )
    points = _marked(base).encode(x=x)
    values = base.mark_text(align="left", dx=8).encode(x=alt.value("width"), text="text:N")
    layers = [bars, points, values]
    if zero:
        line = alt.Chart(alt.Data(values=[{"at": 0}])).mark_rule(color=COLOURS["muted"], strokeDash=[3, 3])
        layers.insert(0, line.encode(x=alt.X("at:Q", scale=scale, title=title)))
    return drawn(alt.layer(*layers).properties(width=150, height=alt.Step(22)))


def _row(name: str, dot: Dot) -> dict[str, Any]:
    """A dot as a row of a chart's data; without an interval its bar has no length."""
    return {
        "name": name,
        "value": dot.value,
        "low": dot.value if dot.low is None else dot.low,
        "high": dot.value if dot.high is None else dot.high,
        "shape": _SHAPES[dot.look],
        "stroke": COLOURS[_COLOURS[dot.look]],
        "fill": COLOURS["surface" if dot.look in ("unreliable", "bound") else _COLOURS[dot.look]],
    }


def _marked(base: Any) -> Any:
    """Marks in the shapes and colours of such rows."""
    alt = altair()
    return base.mark_point(size=64, opacity=1, strokeWidth=1.8).encode(
        shape=alt.Shape("shape:N", scale=None),
        stroke=alt.Stroke("stroke:N", scale=None),
        fill=alt.Fill("fill:N", scale=None),
    )


def ledger(rows: Sequence[tuple[str, Mapping[str, int]]]) -> str:
    """Where examples ended up, as shares of each row's own total."""
    alt = altair()
    names = shown([name for name, _ in rows])
    data = [
        {"name": name, "bin": bin_, "count": bins.get(bin_, 0), "order": order}
        for name, (_, bins) in zip(names, rows, strict=True)
        for order, bin_ in enumerate(BINS)
        if bins.get(bin_, 0)
    ]
    present = [bin_ for bin_ in BINS if any(row["bin"] == bin_ for row in data)]
    chart = (
        alt.Chart(alt.Data(values=data))
        # A line between parts, so that they are told apart without colour.
        .mark_bar(stroke=COLOURS["surface"], strokeWidth=1, height=14)
        .encode(
            y=alt.Y("name:N", sort=names, title=None),
            x=alt.X(
                "count:Q", stack="normalize", title="share of the examples", axis=alt.Axis(format="%", tickCount=4)
            ),
            color=alt.Color(
                "bin:N",
                scale=alt.Scale(domain=present, range=[COLOURS[bin_] for bin_ in present]),
                legend=alt.Legend(title=None, orient="top", symbolType="square"),
            ),
            order=alt.Order("order:Q"),
        )
        .properties(width=360, height=alt.Step(24))
    )
    return drawn(chart)


def calibration(bins: Sequence[tuple[float, float, float]]) -> str:
    """Share correct against mean confidence, a dot for each bin, with the line on which both are equal.

    Args:
        bins: Confidence, share correct, examples; by confidence.
    """
    alt = altair()
    rows = [{"sure": sure, "right": right, "n": n} for sure, right, n in bins]
    scale = alt.Scale(domain=[0, 1])
    x = alt.X("sure:Q", scale=scale, title="confidence", axis=alt.Axis(tickCount=5))
    y = alt.Y("right:Q", scale=scale, title="share correct", axis=alt.Axis(tickCount=5, grid=True))
    even = alt.Chart(alt.Data(values=[{"sure": 0, "right": 0}, {"sure": 1, "right": 1}]))
    base = alt.Chart(alt.Data(values=rows)).encode(x=x, y=y)
    most = max((n for _, _, n in bins), default=1)
    dots = base.mark_circle(color=COLOURS["accent"], opacity=1).encode(
        size=alt.Size("n:Q", scale=alt.Scale(domain=[0, most], range=[16, 220]), legend=None)
    )
    layers = [
        even.mark_line(color=COLOURS["muted"], strokeDash=[3, 3], strokeWidth=1).encode(x=x, y=y),
        base.mark_line(color=COLOURS["accent"], strokeWidth=1.5),
        dots,
    ]
    return drawn(alt.layer(*layers).properties(width=190, height=190))


def risk_coverage(curves: Sequence[tuple[str, Sequence[tuple[float, float]]]]) -> str:
    """Share wrong among the surest answers against how many of them are taken; one line per model.

    Args:
        curves: Name, then (coverage, risk); at most `MOST_CURVES`.
    """
    alt = altair()
    names = shown([name for name, _ in curves])
    data = [
        {"name": name, "coverage": coverage, "risk": risk}
        for name, (_, points) in zip(names, curves, strict=True)
        for coverage, risk in points
    ]
    legend = alt.Legend(title=None, orient="bottom", direction="vertical", columns=1, symbolSize=400)
    chart = (
        alt.Chart(alt.Data(values=data))
        .mark_line(strokeWidth=2)
        .encode(
            x=alt.X("coverage:Q", scale=alt.Scale(domain=[0, 1]), title="coverage", axis=alt.Axis(format="%")),
            y=alt.Y("risk:Q", title="risk (share wrong)", axis=alt.Axis(format="%", tickCount=5, grid=True)),
            color=alt.Color("name:N", scale=alt.Scale(domain=names, range=list(SERIES[: len(names)])), legend=legend),
            strokeDash=alt.StrokeDash(
                "name:N", scale=alt.Scale(domain=names, range=list(_DASHES[: len(names)])), legend=legend
            ),
        )
        .properties(width=300, height=210)
    )
    return drawn(chart)


def speed(points: Sequence[tuple[Dot, float]], *, title: str, direction: int = 1) -> str:
    """A score against examples per second, which has a logarithmic axis.

    Args:
        points: Score and rate.
        title: Of the score.
        direction: 1 where a higher score is better, -1 where a lower one is; with many points only those are named
            that no other one beats in both.
    """
    alt = altair()
    names = shown([dot.name for dot, _ in points])
    named = _unbeaten(points, direction) if len(points) > MOST_NAMES else set(range(len(points)))
    rates = [rate for _, rate in points]
    middle = (min(rates) * max(rates)) ** 0.5
    rows = [
        _row(name if place in named else "", dot) | {"rate": rate}
        for place, (name, (dot, rate)) in enumerate(zip(names, points, strict=True))
    ]
    # Half a decade on either side leaves room for the names.
    scale = alt.Scale(type="log", domain=[min(rates) / 3, max(rates) * 3], nice=False)
    ticks = _ticks(min(rates) / 3, max(rates) * 3)
    x = alt.X("rate:Q", scale=scale, title="examples per second", axis=alt.Axis(values=ticks, format=","))
    wide, axis = alt.Scale(zero=False, nice=True), alt.Axis(grid=True, tickCount=5)
    y, bars = (alt.Y(f"{field}:Q", scale=wide, title=title, axis=axis) for field in ("value", "low"))
    base = alt.Chart(alt.Data(values=rows)).encode(x=x)
    left = base.transform_filter(alt.datum.rate > middle)
    right = base.transform_filter(alt.datum.rate <= middle)
    layers = [
        base.mark_rule(strokeWidth=1.5).encode(y=bars, y2="high:Q", color=alt.Color("stroke:N", scale=None)),
        _marked(base).encode(y=y),
        left.mark_text(align="right", dx=-8, limit=150).encode(y=y, text="name:N"),
        right.mark_text(align="left", dx=8, limit=150).encode(y=y, text="name:N"),
    ]
    return drawn(alt.layer(*layers).properties(width=360, height=240))


def _unbeaten(points: Sequence[tuple[Dot, float]], direction: int) -> set[int]:
    order = sorted(range(len(points)), key=lambda place: (-points[place][1], -points[place][0].value * direction))
    found: set[int] = set()
    best = -math.inf
    for place in order:
        if points[place][0].value * direction > best:
            best = points[place][0].value * direction
            found.add(place)
    return found


def _ticks(low: float, high: float) -> list[float]:
    """Powers of ten, and 2 and 5 times them where there are few, within a logarithmic axis."""
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1.0,), (1.0, 2.0, 5.0)):
        found = [tick for power in exponents for step in steps if low <= (tick := step * 10.0**power) <= high]
        if len(found) > 2:
            break
    return found
