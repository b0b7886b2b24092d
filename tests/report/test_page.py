"""The HTML page holds nothing but our own elements, whatever a name says, and asks for nothing from elsewhere."""

import runpy
from pathlib import Path

import lxml.html
import pytest

from harness.__main__ import command
from harness.comparison.compare import compare
from harness.report.page import render

pytestmark = pytest.mark.core

made = runpy.run_path(str(Path(__file__).parents[1] / "made_runs.py"))
make_run, ner_rows = made["make_run"], made["ner_rows"]
PAYLOADS = (
    "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", '"><svg onload=alert(1)>', "{{7*7}}", "]]>",
    "<a href='javascript:alert(1)'>x</a>", "</title></style><b>", "&lt;b&gt;", "\u2028", "\x00", "\u202e",
)  # fmt: skip
OURS = {
    "html", "head", "meta", "title", "style", "body", "section", "table", "caption", "thead", "tbody", "tr", "th", "td",
    "span", "ul", "li",
}  # fmt: skip


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_name_is_text_and_nothing_else(tmp_path, payload):
    rows = [{**row, "method": payload, "note": payload, "unit": payload} for row in ner_rows(0.5)]
    make_run(tmp_path, payload, data=payload.replace("/", "").replace("\x00", "") or "d", scores=rows, folder="a")
    make_run(tmp_path, "b", data="other", scores=ner_rows(0.4))
    (tmp_path / "other" / "ner" / "b" / "run.json").write_text(
        '{"status": "error", "reason": "<script>alert(2)</script>"}', encoding="utf-8"
    )
    text = render(compare([tmp_path]))
    tree = lxml.html.document_fromstring(text.encode("utf-8"))
    assert {element.tag for element in tree.iter()} <= OURS
    attributes = {name for element in tree.iter() for name in element.attrib}
    assert attributes <= {"lang", "charset", "http-equiv", "content", "name", "scope", "class", "colspan"}
    said = [element.text_content() for element in tree.iter("th")]
    acts = payload in ("\u2028", "\x00", "\u202e")
    shown = payload.encode("unicode_escape").decode() if acts else payload
    assert shown in said
    assert "://" not in text


def test_it_is_one_file_that_looks_nothing_up(tmp_path, capsys):
    make_run(tmp_path, "a", scores=ner_rows(0.5))
    make_run(tmp_path, "b", scores=ner_rows(0.7), gold_sha256="b" * 64)
    assert command(["compare", str(tmp_path), "--format", "html"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("<!DOCTYPE html>\n<html")
    tree = lxml.html.document_fromstring(text)
    (policy,) = tree.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert policy.startswith("default-src 'none'")
    assert [cell.text_content() for cell in tree.xpath("//tbody/tr[1]/*")][:3] == [
        "a",
        "50.0 [40.0, 60.0]",
        "50.0 [40.0, 60.0]",
    ]
    assert "other gold" in tree.xpath("//td[@class='apart']")[0].text_content()
    assert len(tree.xpath("//thead/tr/th[@scope='col']")) == 10
