"""JUnit, step summary, annotations and table of one verdict, with names that would break each of them."""

import csv
import io
import json

import pytest
from junitparser import Error, Failure, JUnitXml, Skipped

from harness.gate.annotations import annotations
from harness.gate.junit import render_junit
from harness.gate.listing import SCHEMA, grid
from harness.gate.summary import MAX_BYTES, append_summary, render_summary
from harness.gate.verdict import Finding, Names, Verdict, shown_name
from harness.report.grid import print_grid, render_csv, render_json, render_markdown

pytestmark = pytest.mark.core

HOSTILE = [
    "[/foo]", "[red]x", "\x1b]0;p\x07", "\x1b[2J", "a|b", "c\nd", "\0", "\x0b", "\ud800", "\u202e", "\ufffe",
    "<img src=x>", "]]>&amp;", "::error::x", " ::set-output name=a::b", "##[error]x", "a%0A::error::b", "x" * 5000, "",
]  # fmt: skip
OUTCOMES = ["fail", "inconclusive", "pass", "stated"]


def finding(outcome="fail", name="m", **more):
    more = {"reason": f"because of {shown_name(name)}", "details": (shown_name(name),), **more}
    return Finding(
        names=Names(name, "ner", name), check=name, outcome=outcome, baseline="80.00", run="70.00",
        difference="-10.00", bounds="[-12.00, -8.00]", allowed=">= -1.00", n="300",
        record={"ground": "bounds", "low": -0.12, "fail_level": 0.95, "baseline": 0.8}, **more,
    )  # fmt: skip


def verdict(*findings):
    return Verdict(gate="default", alpha=0.05, findings=findings, scores=len(findings))


@pytest.mark.parametrize(
    ("outcomes", "outcome", "code"),
    [
        (["pass", "pass"], "pass", 0),
        (["pass", "stated"], "pass", 0),
        (["pass", "inconclusive"], "inconclusive", 3),
        (["pass", "inconclusive", "fail"], "fail", 1),
        (["fail"], "fail", 1),
    ],
)
def test_text_files_and_exit_code_follow_from_the_same_findings(outcomes, outcome, code):
    found = verdict(*(finding(one, f"m{number}") for number, one in enumerate(outcomes)))
    assert (found.outcome, found.exit_code) == (outcome, code)
    word = {"pass": "PASSED", "fail": "FAILED", "inconclusive": "INCONCLUSIVE"}[outcome]
    assert f": {word} (" in found.headline
    xml = JUnitXml.fromstring(render_junit(found))
    assert (xml.failures, xml.errors) == (outcomes.count("fail"), outcomes.count("inconclusive"))
    assert (xml.tests, xml.skipped) == (len(outcomes), outcomes.count("stated"))
    assert word in xml.name
    assert word in render_summary(found)
    assert json.loads(render_json(grid(found), SCHEMA))["exit_code"] == code
    kinds = [line.split(" ")[0] for line in annotations(found)]
    assert (kinds.count("::error"), kinds.count("::warning")) == (
        outcomes.count("fail"), outcomes.count("inconclusive"),
    )  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_hostile_names_break_no_output(name, outcome, capsys):
    found = verdict(finding(outcome, name), finding("pass", "plain"))
    data = render_junit(found)
    xml = JUnitXml.fromstring(data)
    cases = [case for suite in xml for case in suite]
    assert len(cases) == 2
    kind = {"fail": Failure, "inconclusive": Error, "stated": Skipped}.get(outcome)
    assert [type(result) for result in cases[0].result] == ([kind] if kind else [])
    for text in (render_summary(found), render_markdown(grid(found))):
        text.encode("utf-8")
        rows = [line for line in text.splitlines() if line.startswith("|")]
        assert len(rows) == 4
        assert {line.replace("\\|", "").count("|") for line in rows} == {10}
        assert not {"\x1b", "\0", "\u202e"} & set(text)
        assert "<img" not in text.replace("\\<img", "")
    print_grid(grid(found))
    out = capsys.readouterr().out
    assert not {"\x1b", "\0", "\u202e", "\x07"} & set(out)
    for line in out.splitlines():
        # What GitHub's runner would read as a command.
        assert not line.lstrip().startswith("::")
        assert "##[" not in line
    assert len(list(csv.DictReader(io.StringIO(render_csv(grid(found)))))) == 2
    lines = annotations(found)
    assert len(lines) == {"fail": 1, "inconclusive": 1}.get(outcome, 0)
    for line in lines:
        assert "\n" not in line
        assert "\r" not in line
        assert line.count("::") == 2


def test_annotations_are_escaped_as_the_runner_reads_them():
    one = finding("fail", "50%, a:b", reason="line\r\nnext 100%", details=())
    (line,) = annotations(verdict(one))
    title, _, message = line.removeprefix("::error title=").partition("::")
    assert not {",", ":"} & set(title)
    assert title == "50%25%2C a%3Ab · ner · 50%25%2C a%3Ab%3A 50%25%2C a%3Ab"
    assert message == "line%0D%0Anext 100%25"


def test_only_ten_annotations_of_a_kind():
    found = verdict(*(finding("fail", f"m{number}") for number in range(40)), finding("inconclusive", "x"))
    lines = annotations(found)
    assert len(lines) == 11
    assert "31 more" in lines[9]


def test_junit_is_the_same_bytes_and_names_no_machine():
    found = verdict(*(finding(outcome, f"m{number}") for number, outcome in enumerate(OUTCOMES)))
    assert render_junit(found) == render_junit(found)
    assert b"timestamp" not in render_junit(found)
    assert b"hostname" not in render_junit(found)


def test_a_long_summary_is_cut_and_says_so(tmp_path):
    many = verdict(*(finding("fail" if number < 10 else "pass", f"model {number} é") for number in range(10_000)))
    text = render_summary(many)
    size = len(text.encode())
    assert 500_000 < size <= MAX_BYTES
    assert "rows more" in text
    kept = sum(line.startswith(("| pass", "| fail")) for line in text.splitlines())
    assert f"{10_000 - kept:,} rows more" in text
    # The failures come first, so they are there.
    assert text.count("| fail |") == 10
    # GitHub's file may hold something already.
    target = tmp_path / "summary.md"
    target.write_text("x" * 300_000)
    append_summary(target, many)
    assert target.stat().st_size <= MAX_BYTES
    assert target.read_text().startswith("x" * 300_000 + "### ")
    target.write_text("x" * 1_000_000)
    append_summary(target, many)
    assert 1_000_000 < target.stat().st_size < 1_000_300


def test_a_summary_of_many_notes_is_cut_too():
    details = tuple(f"d{number}: favor -> against " + "y" * 300 for number in range(3_000))
    text = render_summary(verdict(*(finding("fail", f"m{n}", details=details) for n in range(200))))
    assert len(text.encode()) <= MAX_BYTES
    assert "more lines" in text
    assert text.count("| fail |") == 200


def test_the_table_puts_the_worst_first_and_explains_it():
    found = verdict(finding("pass", "a"), finding("inconclusive", "b"), finding("fail", "c"))
    table = grid(found)
    assert [row[0] for row in table.rows] == ["fail", "inconclusive", "pass"]
    assert table.notes[0].startswith("fail: c · ner · c: c: because of c")
    assert any("a new test at every look" in note for note in table.notes)
    assert not any("a new test at every look" in note for note in grid(verdict(finding("fail"))).notes)
