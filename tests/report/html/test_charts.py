"""Charts are in the page's colours, say what they are given where it belongs, and hold nothing that acts."""

import re
import xml.etree.ElementTree as ET

import pytest

from harness.records import BINS
from harness.report.html.charts import plots
from harness.report.html.charts.plots import Dot
from harness.report.html.charts.svg import COLOURS, shown

pytestmark = pytest.mark.core
HOSTILE = ["</svg><script>alert(1)</script>", '"><svg onload=x>', "a\x1b[2J\nb", "\ud800", "\uffff", "$x$ {{7*7}}", ""]


def tree(svg):
    return ET.fromstring(svg)


def moved(element):
    x, y = re.fullmatch(r"translate\(([-\d.e]+),([-\d.e]+)\)", element.get("transform")).groups()
    return float(x), float(y)


def texts(svg):
    return ["".join(one.itertext()) for one in tree(svg).iter("text")]


def dots(svg, colour="accent"):
    """Places of the marks of a colour."""
    return [moved(one) for one in tree(svg).iter("path") if one.get("stroke") == f"var(--{colour})"]


def every_chart(names):
    yield plots.intervals([Dot(name, n, n - 1, n + 1, str(n)) for n, name in enumerate(names)], title=names[0])
    yield plots.ledger([(name, {"scored": 1, "failed": n}) for n, name in enumerate(names)])
    yield plots.calibration([(0.1, 0.2, 3), (0.9, 0.8, 5)])
    yield plots.risk_coverage([(name, [(0.5, 0.1), (1.0, 0.1 + n / 20)]) for n, name in enumerate(names)])
    yield plots.speed([(Dot(name, n, n - 1, n + 1, ""), 10.0**n) for n, name in enumerate(names)], title=names[0])


def test_hostile_names_are_words():
    for svg in every_chart(HOSTILE):
        root = tree(svg)
        assert root.tag == "svg"
        assert {one.tag for one in root.iter()} <= {"svg", "g", "path", "line", "rect", "text", "tspan"}
        for one in root.iter():
            assert not {"class", "style", "href", "id", "font-family", "aria-label"} & set(one.attrib)
            assert not any(name.startswith("on") for name in one.attrib)
        assert "\x1b" not in svg
        assert "<script" not in svg


def test_every_colour_is_one_of_the_page():
    for svg in every_chart(["a", "b", "c"]):
        for one in tree(svg).iter():
            for name in ("fill", "stroke"):
                value = one.get(name, "none")
                assert re.fullmatch(r"none|transparent|var\(--[a-z0-9]+\)", value), value
    css = plots.__file__.replace("charts/plots.py", "static/report.css")
    with open(css, encoding="utf-8") as stream:
        defined = set(re.findall(r"--([a-z0-9]+):", stream.read()))
    assert set(COLOURS) <= defined


def test_names_are_told_apart():
    assert shown(["a", "a", "b", ""]) == ["a", "a (2)", "b", "(no name)"]
    assert len(set(shown(["a", "a", "a (2)", "a"]))) == 4
    assert shown(["\uffffx"]) == ["\ufffdx"]


def test_a_dot_stands_where_its_value_is():
    svg = plots.intervals(
        [Dot("a", 10, 5, 20, "10.0"), Dot("b", 30, 30, 30, "30.0"), Dot("c", 20, 15, 25, "20.0")], title="F1"
    )
    (ax, ay), (bx, by), (cx, cy) = dots(svg)
    # 20 lies halfway between 10 and 30, and rows run from the top down in the order given.
    assert cx - ax == pytest.approx(bx - cx)
    assert ay < by < cy
    bars = [one for one in tree(svg).iter("line") if one.get("stroke") == "var(--accent)"]
    scale = (bx - ax) / 20
    for bar, low, high in zip(bars, (5, 30, 15), (20, 30, 25), strict=True):
        assert moved(bar)[0] == pytest.approx(ax + (low - 10) * scale, abs=0.6)
        assert float(bar.get("x2")) == pytest.approx((high - low) * scale, abs=0.6)
    for text in ("a", "b", "c", "10.0", "30.0", "20.0", "F1"):
        assert text in texts(svg)


def test_shape_says_what_colour_says():
    looks = ["plain", "best", "unreliable", "bound", "better", "worse"]
    dots = [Dot(look, n, None, None, "", look) for n, look in enumerate(looks)]
    for svg in (plots.intervals(dots, title="x"), plots.speed([(dot, 1.0) for dot in dots], title="x")):
        marks = [one for one in tree(svg).iter("path") if one.get("stroke", "").startswith("var(--")]
        kinds = {(one.get("d"), one.get("fill") == "var(--surface)") for one in marks if one.get("fill")}
        assert len(kinds) == len(looks)


def test_differences_have_a_line_at_nought():
    pairs = [Dot("a", -1, -2, 0, "-1.0"), Dot("b", 1, 0, 2, "+1.0")]
    (left, _), (right, _) = dots(plots.intervals(pairs, title="d", zero=True))
    lines = [
        one for one in tree(plots.intervals(pairs, title="d", zero=True)).iter("line") if one.get("stroke-dasharray")
    ]
    assert len(lines) == 1
    assert moved(lines[0])[0] == pytest.approx((left + right) / 2, abs=0.6)
    assert not [one for one in tree(plots.intervals(pairs, title="d")).iter("line") if one.get("stroke-dasharray")]


def test_parts_of_a_ledger_are_as_long_as_their_share():
    rows = [("a", dict.fromkeys(BINS, 20)), ("b", {"scored": 3, "failed": 1, "total": 4})]
    svg = plots.ledger(rows)
    widths = {}
    for one in tree(svg).iter("path"):
        found = re.fullmatch(r"M([\d.]+),([\d.]+)h([\d.]+)v14h-[\d.]+Z", one.get("d", ""))
        if found:
            widths.setdefault(float(found[2]), {})[one.get("fill")] = float(found[3])
    first, second = (widths[key] for key in sorted(widths))
    assert len(first) == len(BINS)
    assert all(width == pytest.approx(sum(first.values()) / len(BINS)) for width in first.values())
    assert second["var(--scored)"] == pytest.approx(3 * second["var(--failed)"])
    # Of 100 examples and of 4: shares are of each row's own.
    assert sum(first.values()) == pytest.approx(sum(second.values()))
    # Only bins that something is in are in the legend.
    assert "nonfinite" in texts(svg)
    assert "nonfinite" not in texts(plots.ledger(rows[1:]))


def test_calibration_has_a_dot_for_each_bin_and_the_even_line():
    svg = plots.calibration([(0.25, 0.5, 10), (0.75, 1.0, 40)])
    spots = [one for one in tree(svg).iter("path") if one.get("fill") == "var(--accent)"]
    (x1, y1), (x2, y2) = sorted(moved(one) for one in spots)
    # The plot is 190 pixels in both directions, from 0 to 1.
    assert (x2 - x1, y1 - y2) == (pytest.approx(95), pytest.approx(95))
    assert [one for one in tree(svg).iter("path") if one.get("stroke-dasharray")]


def test_lines_of_risk_differ_by_more_than_colour():
    curves = [(f"m{n}", [(0.5, 0.1 * n), (1.0, 0.1 * n)]) for n in range(plots.MOST_CURVES)]
    svg = plots.risk_coverage(curves)
    lines = [one for one in tree(svg).iter("path") if re.fullmatch(r"M[\d.,-]+L[\d.,-]+", one.get("d", ""))]
    looks = {(one.get("stroke"), one.get("stroke-dasharray")) for one in lines}
    assert len(looks) == plots.MOST_CURVES
    assert {f"m{n}" for n in range(plots.MOST_CURVES)} <= set(texts(svg))


@pytest.mark.parametrize("rates", [[0.001, 3000.0], [900.0, 1000.0], [5.0]])
def test_speed_has_a_logarithmic_axis_with_ticks_and_names(rates):
    points = [(Dot(f"m{n}", n, n - 0.5, n + 0.5, ""), rate) for n, rate in enumerate(rates)]
    svg = plots.speed(points, title="F1")
    assert {f"m{n}" for n in range(len(rates))} <= set(texts(svg))
    numbers = [float(text.replace(",", "")) for text in texts(svg) if re.fullmatch(r"[\d.,]+", text)]
    assert len(numbers) >= 3


def test_equal_charts_are_equal_bytes():
    made = [plots.intervals([Dot("a", 1, 0, 2, "1")], title="x") for _ in range(2)]
    assert made[0] == made[1]


def test_of_many_points_those_are_named_that_none_beats_in_both():
    points = [(Dot(f"m{n}", n % 10, None, None, ""), 1.0 + n) for n in range(20)]
    # The fastest is number 19, with the highest score of all (9); number 9 has the same and is slower.
    assert {text for text in texts(plots.speed(points, title="F1")) if text.startswith("m")} == {"m19"}
    # Where less is better the best are those with 0: number 10 is the faster of them, and 11 to 19 are faster still.
    named = {text for text in texts(plots.speed(points, title="F1", direction=-1)) if text.startswith("m")}
    assert named == {f"m{n}" for n in range(10, 20)}
