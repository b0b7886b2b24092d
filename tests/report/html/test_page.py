"""The file as a parser reads it: our elements alone, a policy of their hashes, and every name verbatim."""

import base64
import hashlib
import json
import re
import runpy
from itertools import pairwise
from pathlib import Path

import pytest
from lxml import html

from harness.comparison.compare import make_tables
from harness.comparison.stored import read_runs
from harness.report.html import page
from harness.report.html.page import is_report, policy, render
from harness.report.html.summary import summarise
from harness.report.text import visible
from harness.run_folder import find_runs

pytestmark = pytest.mark.core
PAYLOADS = runpy.run_path(str(Path(__file__).with_name("conftest.py")))["PAYLOADS"]
PACKAGE = Path(page.__file__).parent
ELEMENTS = {"script": 3, "style": 2}


@pytest.fixture(scope="module")
def hostile(hostile_runs, report_of):
    return report_of(hostile_runs)


def parsed(path):
    return html.fromstring(path.read_bytes())


def test_there_are_our_own_elements_alone(hostile):
    tree = parsed(hostile)
    for tag, count in ELEMENTS.items():
        assert len(tree.findall(f".//{tag}")) == count, tag
    for tag in ("img", "iframe", "object", "embed", "base", "link", "form[@action]", "foreignObject", "image", "use"):
        assert not tree.findall(f".//{tag}"), tag


def test_no_attribute_acts_or_loads(hostile):
    for element in parsed(hostile).iter():
        for name, value in element.attrib.items():
            assert not name.lower().startswith("on"), (element.tag, name)
            assert name != "style", element.tag
            if name.rpartition(":")[2] in ("src", "href", "action", "formaction", "data", "xlink:href"):
                assert value.startswith("#"), (element.tag, name, value)


def test_no_script_builds_markup_or_loads_what_a_user_wrote(hostile):
    whole = hostile.read_text(encoding="utf-8")
    scripts = {path.name: path.read_text(encoding="utf-8") for path in (PACKAGE / "static").glob("*.js")}
    assert {"report.js", "documents.js"} < set(scripts)
    for script, content in scripts.items():
        assert content in whole, script
        for name in (
            "innerHTML", "outerHTML", "HTMLUnsafe", "insertAdjacentHTML", "createContextualFragment", "DOMParser",
            "srcdoc", "document.write", "eval(", "Function(", "import(", "fetch(", "XMLHttpRequest", "WebSocket",
            "EventSource", "sendBeacon", 'setAttribute("on', "javascript:",
        ):  # fmt: skip
            assert name not in content, (script, name)
    templates = "".join(path.read_text(encoding="utf-8") for path in (PACKAGE / "templates").glob("*.j2"))
    assert not re.search(r"\son\w+=", templates)
    # Charts alone are markup that was made before.
    assert re.findall(r"\S+\s*\|\s*safe\b", templates) == ["figure.svg | safe"]
    assert "autoescape" not in templates


def test_the_policy_has_the_hashes_of_what_is_there_and_nothing_else(hostile):
    tree = parsed(hostile)
    (said,) = tree.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    text = hostile.read_text(encoding="utf-8")
    own = {"script": [], "style": []}
    for tag in own:
        for attributes, content in re.findall(rf"<{tag}([^>]*)>(.*?)</{tag}>", text, re.DOTALL):
            if "application/json" not in attributes:
                digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
                own[tag].append(f"'sha256-{digest}'")
    assert said == (
        f"default-src 'none'; script-src {' '.join(own['script'])}; style-src {' '.join(own['style'])}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    # The policy stands before whatever it is about.
    assert text.index("Content-Security-Policy") < min(text.index("<style"), text.index("<script"))


def test_names_stand_there_verbatim(hostile, hostile_runs):
    models = [json.loads(file.read_text())["model"]["name"] for file in hostile_runs.rglob("scores.json")]
    cells = {"".join(cell.itertext()) for cell in parsed(hostile).iter("th", "td")}
    # Labels of entities and targets are rows of the heat maps.
    for name in (*models, *PAYLOADS):
        assert visible(name) in cells, name


def test_templates_are_not_run_on_what_users_wrote(hostile):
    # 49 is what `{{7*7}}` would become; it is the id and the text of a document here.
    data = parsed(hostile).get_element_by_id("documents-data").text
    assert "{{7*7}}" in data
    assert "<" not in data


def test_the_same_runs_make_the_same_bytes(plain_runs, plain, tmp_path, charts):
    from harness.__main__ import command

    before, out = plain.read_bytes(), tmp_path / "again.html"
    charts.clear()
    assert command(["report", str(plain_runs), "--out", str(out)]) == 0
    assert out.read_bytes() == before


def test_every_heading_is_in_order_and_every_id_once(plain):
    tree = parsed(plain)
    ids = tree.xpath("//@id")
    assert len(ids) == len(set(ids))
    levels = [int(one.tag[1]) for one in tree.iter("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    for name in tree.xpath("//@aria-labelledby"):
        # The documents are laid out by the script.
        assert name in ids or name == "documents-view-title"
    # Every chart says in words what it shows, and every table has a caption and headings.
    assert all(figure.get("aria-label") for figure in tree.iter("figure"))
    drawn = tree.xpath("//section[h3][.//figure]")
    # Scores, differences, ledger and speed of three tasks; calibration and risk of one.
    assert len(drawn) == 14
    assert all(section.xpath(".//table") for section in drawn)
    for table in tree.xpath("//main//table[not(ancestor::*[@id='documents-section'])]"):
        assert table.find("caption").text
        assert table.xpath("./thead/tr/th[@scope='col']")
        assert all(row.xpath("./th[@scope='row']") for row in table.xpath("./tbody/tr"))


def test_what_a_run_failed_of_is_text_too(tmp_path):
    made = runpy.run_path(str(Path(__file__).parents[2] / "made_runs.py"))
    made["make_run"](tmp_path, "whole", data=PAYLOADS[2])
    for number, payload in enumerate(PAYLOADS):
        folder = made["make_run"](tmp_path, f"failed{number}", data="mine")
        (folder / "run.json").write_text(json.dumps({"status": "error", "reason": payload}))
    runs, failures = read_runs(find_runs(tmp_path))
    tree = html.fromstring(render(summarise(runs, make_tables(runs, failures))))
    assert len(tree.findall(".//script")) == 1
    assert not tree.findall(".//img")
    assert not [one for one in tree.iter() if any(name.startswith("on") for name in one.attrib)]
    said = {"".join(cell.itertext()) for cell in tree.iter("p", "td")}
    for payload in PAYLOADS:
        # A reason is one line, whatever kind of space breaks it.
        assert any(visible(" ".join(payload.split())) in text for text in said), payload


def test_a_policy_takes_further_sources():
    assert "script-src 'sha256-" in policy(["a"], ["b"], ["'strict-dynamic'"])
    assert " 'strict-dynamic'; style-src" in policy(["a"], ["b"], ["'strict-dynamic'"])


def test_a_report_is_known_by_its_head(plain, tmp_path):
    assert is_report(plain)
    other = tmp_path / "other.html"
    for text in ("", "<!doctype html>\n<html><body>mine", "harness report"):
        other.write_text(text)
        assert not is_report(other)
