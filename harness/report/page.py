"""Comparisons as one HTML page without scripts and without anything from elsewhere.

The page is made as a tree, so that no text in it can become markup. `python -m harness report` makes the page with
pictures and documents.
"""

from collections.abc import Sequence
from xml.etree import ElementTree as Tree

from harness.comparison.table import Table
from harness.report.grid import Grid
from harness.report.shown import APART, ShownLine
from harness.report.shown_table import show
from harness.report.text import visible

_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.4 system-ui, sans-serif; margin: 2rem; }
section { overflow-x: auto; margin-bottom: 2.5rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding-bottom: .4rem; }
th, td { padding: .2rem .7rem; text-align: left; vertical-align: top; }
.right { text-align: right; white-space: nowrap; }
thead th { border-bottom: 1px solid; }
.best { font-weight: 700; }
.interval { opacity: .7; }
.apart { font-style: italic; border-top: 1px solid; }
ul { opacity: .8; font-size: .9em; }
"""
TITLE = "harness compare"
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def render(tables: Sequence[Table], grids: Sequence[Grid] = ()) -> str:
    """The page."""
    html = Tree.Element("html", lang="en")
    head = Tree.SubElement(html, "head")
    Tree.SubElement(head, "meta", charset="utf-8")
    Tree.SubElement(head, "meta", {"http-equiv": "Content-Security-Policy", "content": _POLICY})
    Tree.SubElement(head, "meta", name="viewport", content="width=device-width, initial-scale=1")
    _add(head, "title", TITLE)
    Tree.SubElement(head, "style").text = _STYLE
    body = Tree.SubElement(html, "body")
    for table in tables:
        _table(body, table)
    for grid in grids:
        _grid(body, grid)
    return "<!DOCTYPE html>\n" + Tree.tostring(html, encoding="unicode", method="html") + "\n"


def _add(parent: Tree.Element, tag: str, text: object = "", kind: str = "") -> Tree.Element:
    element = Tree.SubElement(parent, tag, {"class": kind} if kind else {})
    element.text = visible(text)
    return element


def _begin(parent: Tree.Element, caption: str, headings: Sequence[str], right: Sequence[bool]) -> Tree.Element:
    sheet = Tree.SubElement(parent, "table")
    if caption:
        _add(sheet, "caption", caption)
    row = Tree.SubElement(Tree.SubElement(sheet, "thead"), "tr")
    for heading, number in zip(headings, right, strict=True):
        _add(row, "th", heading, "right" if number else "").set("scope", "col")
    return Tree.SubElement(sheet, "tbody")


def _table(parent: Tree.Element, table: Table) -> None:
    shown = show(table)
    section = Tree.SubElement(parent, "section")
    headings = ["model", *shown.headings, *shown.others]
    right = [False, *(True for _ in shown.headings), *(name != "losses" for name in shown.others)]
    body = _begin(section, ". ".join(filter(None, (shown.title, shown.subtitle))), headings, right)
    for reason, block in shown.blocks:
        if reason:
            row = Tree.SubElement(body, "tr")
            _add(row, "td", f"{APART}: {reason}", "apart").set("colspan", str(len(headings)))
        for line in block:
            _line(body, line)
    for model, reason in shown.failures:
        row = Tree.SubElement(body, "tr")
        _add(row, "th", model).set("scope", "row")
        _add(row, "td", reason, "apart").set("colspan", str(max(1, len(headings) - 1)))
    _notes(section, shown.footnotes)


def _line(body: Tree.Element, line: ShownLine) -> None:
    row = Tree.SubElement(body, "tr")
    _add(row, "th", line.label).set("scope", "row")
    for cell in line.cells:
        box = Tree.SubElement(row, "td", {"class": "right"})
        _add(box, "span", cell.value + cell.signs + cell.marks, "best" if cell.best else "")
        if cell.interval:
            box[-1].tail = " "
            _add(box, "span", cell.interval, "interval")
    for name, text in line.others.items():
        _add(row, "td", text, "" if name == "losses" else "right")


def _grid(parent: Tree.Element, grid: Grid) -> None:
    section = Tree.SubElement(parent, "section")
    right = [place in grid.right for place in range(len(grid.headings))]
    body = _begin(section, grid.title, grid.headings, right)
    for cells in grid.rows:
        row = Tree.SubElement(body, "tr")
        for cell, number in zip(cells, right, strict=True):
            _add(row, "td", cell, "right" if number else "")
    _notes(section, grid.notes)


def _notes(section: Tree.Element, notes: Sequence[str]) -> None:
    if notes:
        sheet = Tree.SubElement(section, "ul")
        for note in notes:
            _add(sheet, "li", note)
