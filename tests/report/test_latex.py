"""LaTeX tables: balanced, as many cells in every row as there are columns, and every name read literally."""

import re
import runpy
import shutil
import string
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.__main__ import command
from harness.comparison.compare import compare
from harness.report.grid import Grid
from harness.report.latex import latex, render
from harness.report.text import visible

pytestmark = pytest.mark.core

made = runpy.run_path(str(Path(__file__).parents[1] / "made_runs.py"))
make_run, ner_rows = made["make_run"], made["ner_rows"]

# What TeX makes of each command that we write, so that the text can be read back.
SAID = {
    "textbackslash": "\\", "textasciicircum": "^", "textasciitilde": "~", "textless": "<", "textgreater": ">",
    "textbar": "|", "textasciigrave": "`", "textquotesingle": "'", "textquotedbl": '"', "textperiodcentered": "·",
    "ldots": "…", "textendash": "–",
}  # fmt: skip
MATHS = {"$\\times$": "×", "$\\pm$": "±", "$\\rightarrow$": "→", "$\\neq$": "≠"}


def read_back(text):
    """The text that TeX would set, or an error where something in it has a meaning of its own."""
    found, place = [], 0
    while place < len(text):
        maths = next((one for one in MATHS if text.startswith(one, place)), None)
        named = re.compile(r"\\([a-z]+)\{\}").match(text, place)
        if maths:
            found.append(MATHS[maths])
            place += len(maths)
        elif named:
            found.append(SAID[named[1]])
            place = named.end()
        elif text[place] == "\\":
            assert text[place + 1] in "{}$&#%_", text
            found.append(text[place + 1])
            place += 2
        elif text.startswith("{}", place):
            place += 2
        elif text[place] == "~":
            found.append("\u00a0")
            place += 1
        else:
            assert text[place] not in "{}$&#%_^<>|`'\"", text
            assert not text.startswith("--", place), text
            found.append(text[place])
            place += 1
    return "".join(found)


@given(st.text(st.sampled_from(string.printable + "–×·±→≠…\u00a0äé\u202e\ud800"), max_size=30))
def test_every_character_is_set_as_itself(text):
    assert read_back(latex(text)) == visible(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("50% & $5_a#", r"50\% \& \$5\_a\#"),
        (r"\input{/etc/passwd}", r"\textbackslash{}input\{/etc/passwd\}"),
        ("a--b---c", "a-{}-b-{}-{}-c"),
        ("?`x", r"?\textasciigrave{}x"),
        ("^^41", r"\textasciicircum{}\textasciicircum{}41"),
    ],
)
def test_examples(text, expected):
    assert latex(text) == expected


def rows(text):
    return [line.strip() for line in text.splitlines() if line.rstrip().endswith("\\\\")]


HOSTILE = ["[/foo]", "*x", "a&b", "\\\\", "}{", "%", "\\end{table}", "a\nb"]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_keep_rows_and_environments(tmp_path, name):
    make_run(tmp_path, name, scores=ner_rows(0.4), folder="a")
    make_run(tmp_path, "b", scores=ner_rows(0.5))
    text = render(compare([tmp_path]))
    for environment in ("table", "tabular"):
        assert text.count(f"\\begin{{{environment}}}") == text.count(f"\\end{{{environment}}}") == 1
    assert {len(re.findall(r"(?<!\\)&", row)) for row in rows(text)} == {len(rows(text)[0].split(" & ")) - 1}
    assert not any(re.match(r"[*\[]", row) for row in rows(text))
    text.encode("utf-8")


def test_a_table_for_a_paper(tmp_path, capsys):
    make_run(tmp_path, "a", scores=ner_rows(0.5)[:1])
    make_run(tmp_path, "b", scores=ner_rows(0.7)[:1], truncated=2)
    make_run(tmp_path, "c", scores=ner_rows(0.6)[:1], gold_sha256="b" * 64)
    assert command(["compare", str(tmp_path), "--format", "latex"]) == 0
    text = capsys.readouterr().out
    assert "\\usepackage{booktabs}" in text.splitlines()[0]
    assert r"\caption{mine \textperiodcentered{} ner \textperiodcentered{} 40 documents" in text
    assert rows(text)[0] == r"model & F1 & n & losses & seconds & examples/s \\"
    assert rows(text)[1:3] == [
        r"b & \textbf{70.0*} & 40 & 2 truncated & 9.5 & 50 \\",
        r"& \footnotesize [60.0, 80.0] &  &  &  &  \\",
    ]
    assert rows(text)[5].startswith(r"\multicolumn{6}{l}{\textit{not ranked with the rows above: other gold")
    for rule in ("\\toprule", "\\bottomrule"):
        assert text.count(rule) == 1


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="left out: no pdflatex here")
def test_latex_sets_it_within_the_text(tmp_path):
    names = [*HOSTILE, "# $x$ ~ ^ _ <a|b> \"q\" `t` 's' --- ×·±→≠… é", "\\input{/etc/passwd}", "x" * 120]
    for place, name in enumerate(names):
        make_run(tmp_path / "results", name, scores=ner_rows(0.4 + place / 100), folder=f"f{place}")
    make_run(tmp_path / "results", "other", scores=ner_rows(), gold_sha256="b" * 64)
    wide = Grid(title="wide & long", headings=tuple(names), rows=[tuple(names)], records=[], notes=HOSTILE)
    preamble, _, tables = render(compare([tmp_path / "results"]), [wide]).partition("\n")
    loaded = preamble.removeprefix("% ").partition(";")[0]
    document = f"\\documentclass{{article}}\n{loaded}\n\\begin{{document}}\n{tables}\n\\end{{document}}\n"
    (tmp_path / "a.tex").write_text(document, encoding="utf-8")
    asked = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-draftmode", "-no-shell-escape", "a.tex"]
    done = subprocess.run(asked, cwd=tmp_path, capture_output=True, timeout=120, check=False)
    log = (tmp_path / "a.log").read_text(encoding="utf-8", errors="replace")
    assert done.returncode == 0, log[-2000:]
    assert r"Overfull \hbox" not in log.partition("a.aux")[2]
