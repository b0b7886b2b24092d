"""A Vega-Lite chart as static SVG that takes its colours and its font from the page around it."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from typing import Any

from harness.errors import ResourceError
from harness.report.text import visible

_NAMESPACE = "http://www.w3.org/2000/svg"
# What a chart is made of; anything else that the library may write one day is left out.
_ELEMENTS = frozenset({"svg", "g", "path", "line", "rect", "text", "tspan"})
_ATTRIBUTES = frozenset(
    {
        "d", "x", "y", "x1", "x2", "y1", "y2", "dx", "dy", "width", "height", "viewBox", "transform", "fill", "stroke",
        "fill-opacity", "stroke-opacity", "opacity", "stroke-width", "stroke-dasharray", "stroke-miterlimit",
        "stroke-linecap", "stroke-linejoin", "font-size", "font-weight", "text-anchor",
    }
)  # fmt: skip
# Pixels of a name; what is longer is cut, and stands whole in the table beside the chart.
NAME = 115
# Colours in a chart are names of the page's CSS variables, spelt as colours that Vega passes through as they are.
_NAMES = (
    "ink", "muted", "grid", "surface", "accent", "better", "worse", "scored", "unparsed", "nonfinite", "failed",
    "missing", "c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8",
)  # fmt: skip
COLOURS = {name: f"#abc0{number:02x}" for number, name in enumerate(_NAMES)}
_VARIABLES = {colour: f"var(--{name})" for name, colour in COLOURS.items()}
SERIES = tuple(COLOURS[f"c{number}"] for number in range(1, 9))


def altair() -> Any:
    """The charting library.

    Raises:
        ResourceError: It is not installed.
    """
    try:
        import altair
        import vl_convert  # noqa: F401 - both are needed, and asked for at once
    except ImportError as error:
        raise ResourceError(
            f"the report needs the package {error.name!r}: pip install altair vl-convert-python"
        ) from None
    return altair


def drawn(chart: Any) -> str:
    """The chart as the markup of one `<svg>` element, without names, scripts, links, fonts or colours of its own.

    Args:
        chart: An Altair chart whose colours are of `COLOURS`.
    """
    import vl_convert

    # Checked when its parts were made; the whole need not be checked once more.
    spec = chart.to_dict(validate=False)
    return _cleaned(vl_convert.vegalite_to_svg(spec, vl_version="6.4", config=_config(), allowed_base_urls=[]))


def shown(names: Sequence[str]) -> list[str]:
    """Names as they can stand in a chart: on one line, each of them once."""
    found: list[str] = []
    for name in names:
        # XML has no place for these two, whatever is done to them.
        text = re.sub("[\ufffe\uffff]", "\ufffd", visible(name)) or "(no name)"
        number = 2
        while text in found:
            text = f"{text} ({number})"
            number += 1
        found.append(text)
    return found


def _config() -> dict[str, Any]:
    ink, muted, grid = COLOURS["ink"], COLOURS["muted"], COLOURS["grid"]
    return {
        "background": "transparent",
        "padding": {"left": 14, "right": 10, "top": 4, "bottom": 4},
        "view": {"stroke": None},
        "axis": {
            "labelColor": muted, "titleColor": muted, "gridColor": grid, "domainColor": grid, "tickColor": grid,
            "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal",
            "labelSeparation": 8,
        },
        "axisY": {
            "labelColor": ink, "grid": False, "domain": False, "ticks": False, "labelPadding": 8, "labelLimit": NAME,
        },
        "legend": {
            "labelColor": ink, "titleColor": muted, "labelFontSize": 12, "symbolStrokeWidth": 2, "labelLimit": 200,
        },
        "text": {"color": ink, "fontSize": 12},
    }  # fmt: skip


def _cleaned(text: str) -> str:
    root = ET.fromstring(text)
    _clean(root)
    root.set("aria-hidden", "true")
    root.set("focusable", "false")
    return ET.tostring(root, encoding="unicode")


def _clean(element: ET.Element) -> None:
    element.tag = _local(element.tag)
    for name, value in list(element.attrib.items()):
        local = _local(name)
        del element.attrib[name]
        if local in _ATTRIBUTES and not (local in ("fill", "stroke") and value == "none" and element.tag == "text"):
            element.set(local, _VARIABLES.get(value, value))
    for child in list(element):
        empty = _local(child.tag) == "path" and not child.get("d")
        if _local(child.tag) not in _ELEMENTS or empty or child.get("display") == "none":
            element.remove(child)
        else:
            _clean(child)


def _local(name: str) -> str:
    return name.removeprefix(f"{{{_NAMESPACE}}}")
