"""Comparisons as LaTeX tables for papers, in the style of booktabs; every name in them is read literally."""

import re
from collections.abc import Sequence

from harness.comparison.table import Table
from harness.report.grid import Grid
from harness.report.shown import APART, Shown, ShownCell, ShownLine
from harness.report.shown_table import show
from harness.report.text import visible

# What LaTeX reads as something else than itself; none of it is left to fonts or ligatures.
_MEANING = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", "`": r"\textasciigrave{}", "'": r"\textquotesingle{}", '"': r"\textquotedbl{}",
    "–": r"\textendash{}", "×": r"$\times$", "·": r"\textperiodcentered{}", "±": r"$\pm$", "→": r"$\rightarrow$",
    "≠": r"$\neq$", "…": r"\ldots{}", "\u00a0": "~",
}  # fmt: skip
_SPECIAL = re.compile("[" + re.escape("".join(_MEANING)) + "]|--+")
PACKAGES = r"% \usepackage[T1]{fontenc} \usepackage{booktabs} \usepackage{graphicx}"
_PREAMBLE = PACKAGES + (
    r"; names in other scripts than Latin: XeLaTeX, with "
    r"\usepackage{fontspec} and a \setmainfont that has them in place of fontenc"
)
# A table wider than the text would run off the page.
_FITTED = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"


def latex(text: object) -> str:
    r"""The text as LaTeX that shows just it.

    Example:
        >>> latex("50%_a\\b")
        '50\\%\\_a\\textbackslash{}b'
    """
    # Hyphens would run together into a dash.
    return _SPECIAL.sub(lambda m: _MEANING.get(m[0]) or "{}".join("-" * len(m[0])), visible(text))


def render(tables: Sequence[Table], grids: Sequence[Grid] = ()) -> str:
    """Every table as a float with caption and notes; the first line says what the document has to load."""
    parts = [_table(show(table)) for table in tables] + [_grid(grid) for grid in grids]
    return f"{_PREAMBLE}\n" + "\n".join(parts)


def _table(shown: Shown) -> str:
    headings = ["model", *shown.headings, *shown.others]
    align = "l" + "r" * len(shown.headings) + "".join("l" if name == "losses" else "r" for name in shown.others)
    rows: list[str] = []
    for number, (reason, block) in enumerate(shown.blocks):
        rows += [r"\midrule"] if number else []
        if reason:
            rows.append(_spanning(f"{APART}: {reason}", len(headings)))
        for line in block:
            rows += _lines(line)
    rows += [
        _row([latex(model), rf"\multicolumn{{{len(headings) - 1}}}{{l}}{{{latex(reason)}}}"])
        for model, reason in shown.failures
    ]
    caption = ". ".join(filter(None, (shown.title, shown.subtitle)))
    return _float(caption, [latex(heading) for heading in headings], align, rows, shown.footnotes)


def _grid(grid: Grid) -> str:
    align = "".join("r" if place in grid.right else "l" for place in range(len(grid.headings)))
    rows = [_row([latex(cell) for cell in row]) for row in grid.rows]
    return _float(grid.title, [latex(heading) for heading in grid.headings], align, rows, grid.notes)


def _float(caption: str, headings: Sequence[str], align: str, rows: Sequence[str], notes: Sequence[str]) -> str:
    lines = [r"\begin{table}", r"  \centering", *([rf"  \caption{{{latex(caption)}}}"] if caption else [])]
    lines += [f"  {_FITTED}"]
    lines += [rf"  \begin{{tabular}}{{{align}}}", r"    \toprule", f"    {_row(headings)}", r"    \midrule"]
    lines += [f"    {row}" for row in rows]
    lines += [r"    \bottomrule", r"  \end{tabular}}"]
    lines += [r"  \par\smallskip\footnotesize"] if notes else []
    lines += [rf"  {latex(note)}\par" for note in notes]
    return "\n".join([*lines, r"\end{table}", ""])


def _lines(line: ShownLine) -> list[str]:
    """A row of values, and one of their intervals below it."""
    others = [latex(text) for text in line.others.values()]
    found = [_row([latex(line.label), *map(_value, line.cells), *others])]
    if any(cell.interval for cell in line.cells):
        intervals = [rf"\footnotesize {latex(cell.interval)}" if cell.interval else "" for cell in line.cells]
        found.append(_row(["", *intervals, *[""] * len(others)]))
    return found


def _row(cells: Sequence[str]) -> str:
    first = cells[0] if cells else ""
    # After the line end before it, a star or a bracket would be an argument.
    guard = "{}" if first[:1] in ("*", "[") else ""
    return f"{guard}{' & '.join(cells)} \\\\"


def _spanning(text: str, columns: int) -> str:
    return rf"\multicolumn{{{columns}}}{{l}}{{\textit{{{latex(text)}}}}} \\"


def _value(cell: ShownCell) -> str:
    value = latex(cell.value + cell.signs + cell.marks)
    return rf"\textbf{{{value}}}" if cell.best else value
