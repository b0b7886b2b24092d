"""The documents in headless Chromium: clicked through, filtered, linked to, and with names that would like to run."""

import json
import random
import re
from urllib.parse import quote

import pytest

from harness.report.html import documents

pytestmark = [pytest.mark.core, pytest.mark.browser, pytest.mark.timeout(300)]

VIEW = "#documents-view"


@pytest.fixture(scope="module")
def report(mixed_runs, report_of):
    return report_of(mixed_runs)


def link(doc, view="entities", data="mixed", **more):
    parts = {"doc": doc, "in": f"{data} · {view}", **more}
    return "#" + "&".join(f"{name}={quote(value, safe='')}" for name, value in parts.items())


def texts(page, selector):
    """What the elements say, without what the style sheet adds."""
    return page.run(f"return [...document.querySelectorAll({json.dumps(selector)})].map((one) => one.textContent)")


def marks(page, selector=""):
    """What is marked in the texts: title, and the marked text."""
    return page.run(
        "const found = new Map(); for (const one of document.querySelectorAll(arguments[0])) {"
        " const sides = ['gold', 'predicted'].filter((side) => one.matches('.doc-' + side)).map((side) => side[0]);"
        " const name = one.title + ' ' + sides.join('');"
        " found.set(name, (found.get(name) || '') + one.textContent); } return [...found]",
        f"{VIEW} {selector} .doc-mark",
    )


def choose(page, name, value):
    page.run(
        "const one = document.getElementById('documents-' + arguments[0]); one.value = arguments[1];"
        "one.dispatchEvent(new Event('change'))", name, str(value),
    )  # fmt: skip


def find(page, text):
    page.run("document.getElementById('documents-find').value = arguments[0]", text)
    page.driver.execute_async_script(
        "document.getElementById('documents-find').dispatchEvent(new Event('input')); setTimeout(arguments[0], 200)"
    )


def press(page, *keys):
    from selenium.webdriver import ActionChains

    ActionChains(page.driver).send_keys(*keys).perform()


def settle(page):
    page.driver.execute_async_script("requestAnimationFrame(() => setTimeout(arguments[0], 50))")


def title(page):
    return page.run("return document.getElementById('documents-view-title')?.textContent")


def status(page):
    return page.run("return document.getElementById('documents-status').textContent")


# ---- what is shown ------------------------------------------------------------------------------------------------


def test_entities_stand_in_the_running_text(browser, report):
    page = browser.open(report, link("a"))
    assert title(page) == "a"
    # The first run is A: `right`; the other B.
    assert texts(page, ".doc-heads .doc-cell") == ["A right", "B wrong"]
    rows = texts(page, f"{VIEW} .doc-text")
    assert rows == ["Ann Lee of the Bank of Mali met Bob in Oslo."] * 2 + ["He left."] * 2
    side = "section:nth-of-type(1) .doc-cell:nth-child({})"
    assert marks(page, side.format(1)) == [
        ["correct: gold PER, predicted PER gp", "Ann LeeBob"],
        ["correct: gold ORG, predicted ORG gp", "Bank of Mali"],
        ["correct: gold LOC, predicted LOC gp", "MaliOslo"],
    ]
    assert marks(page, side.format(2)) == [
        ["correct: gold PER, predicted PER gp", "Ann Lee"],
        ["wrong boundary: gold ORG, predicted ORG p", "the Bank of Mali"],
        ["wrong boundary: gold ORG, predicted ORG g", "Bank of Mali"],
        ["correct: gold LOC, predicted LOC gp", "Mali"],
        ["wrong label: gold PER, predicted LOC gp", "Bob"],
        ["missed: gold LOC g", "Oslo"],
    ]
    tags = page.run(f"return [...document.querySelectorAll('{VIEW} [data-tag]')].map((one) => one.dataset.tag)")
    assert tags[5:] == ["C PER", "B ORG", "C LOC", "L PER≠LOC", "M LOC", "S PER"]
    listed = texts(page, f"{VIEW} .doc-list li")
    assert listed[0] == "Bgold ORG “Bank of Mali” 15–27; predicted ORG “the Bank of Mali” 11–27"
    assert listed[-1] == "Spredicted PER “He” 45–47"


def test_any_script_keeps_its_marks_and_gaps(browser, report):
    page = browser.open(report)
    ids = page.run("return JSON.parse(document.getElementById('documents-data').textContent).corpora[0].ids")
    odd = ids[1]
    page = browser.open(report, link(odd))
    assert "".join(texts(page, f"{VIEW} .doc-cell:nth-child(1) .doc-text")).startswith("😀😀 שלום דנה כהן אמרה.")
    found = dict(map(tuple, marks(page)))
    assert found["wrong boundary and label: gold PER, predicted ORG g"] == "דנה כהן"
    assert found["wrong boundary and label: gold PER, predicted ORG p"] == "דנה"
    # Both runs have it, so the sentence is shown once.
    assert found["correct: gold ORG, predicted ORG gp"] == "𝒳 Corp"
    page = browser.open(report, link("gaps", b="wrong"))
    found = dict(map(tuple, marks(page)))
    assert found["correct: gold PART, predicted PART gp"] == "Leftlung"
    assert found["wrong boundary: gold PART, predicted PART g"] == "Leftlung"
    assert found["wrong boundary: gold PART, predicted PART p"] == "Left and right lung"


def test_stance_is_a_grid(browser, report):
    page = browser.open(report, link("a", "stance"))
    assert texts(page, ".doc-grid thead th") == ["Sentence", "Banks, Canary Sentencebank", "Oslooslo"]
    cells = page.run(
        "return [...document.querySelectorAll('.doc-grid td')].map((td) => [...td.querySelectorAll('p')]"
        ".filter((p) => !p.closest('details') && !p.matches('.doc-target')).map((p) => p.textContent))"
    )
    assert cells == [
        ["gold favor", "CA favor", "FB against 0.75"],
        ["gold none", "CA none", "SB favor 0.50"],
        ["gold against", "CA against", "NB no answer missing: no record answers it"],
        [],
    ]
    assert "evidence: Ann Lee" in texts(page, ".doc-grid details")[0]


def test_summaries_are_side_by_side(browser, report):
    page = browser.open(report, link("a", "summaries"))
    assert texts(page, ".doc-card h5") == ["reference", "A right", "B wrong"]
    assert texts(page, ".doc-card .doc-text")[2] == "Ann Lee met Carl Orff in 1999."
    assert marks(page, ".doc-card:nth-child(3)") == [
        ["copied: 2 words ", "Ann Lee"], ["copied: 1 word ", "metin"], ["invented name ", "Carl Orff"],
        ["invented number ", "1999"],
    ]  # fmt: skip
    assert texts(page, ".doc-facts tbody tr") == [
        "Ann Lee met Bob.2✓ told✓ told✓ told", "He left Oslo.1– not told– not told– not told"
    ]  # fmt: skip


def test_runs_can_be_swapped_and_one_left_out(browser, report):
    page = browser.open(report, link("a"))
    choose(page, "a", 1)
    choose(page, "b", -1)
    assert page.run("return document.querySelectorAll('.doc-heads').length") == 0
    assert texts(page, f"{VIEW} .doc-text") == ["Ann Lee of the Bank of Mali met Bob in Oslo.", "He left."]
    assert status(page) == "3 of 3 documents; 6 errors; showing number 1"
    assert page.run("return document.getElementById('documents-differ').disabled")


# ---- filters ------------------------------------------------------------------------------------------------------


def listed(page):
    return texts(page, "#documents-list .doc-id")


def test_filters_by_id_label_class_and_difference(browser, report):
    page = browser.open(report, link("a"))
    assert status(page) == "3 of 3 documents; A 0, B 6 errors; showing number 1"
    find(page, "GAP")
    assert listed(page) == ["gaps"]
    assert status(page) == "1 of 3 documents; A 0, B 1 errors"
    page.run("document.querySelector('#documents-controls button').click()")
    assert len(listed(page)) == 3
    options = texts(page, "#documents-class option")
    assert options == [
        "any", "any error (A 0, B 6)", "C correct (A 9, B 4)", "L wrong label (A 0, B 1)",
        "B wrong boundary (A 0, B 2)", "X wrong boundary and label (A 0, B 1)", "M missed (A 0, B 1)",
        "S spurious (A 0, B 1)",
    ]  # fmt: skip
    choose(page, "class", 2)
    assert listed(page) == ["a", "gaps"]
    assert page.run("return document.querySelectorAll('.doc-hit').length") == 1
    labels = texts(page, "#documents-label option")
    assert labels == ["any", "LOC (A 0, B 0)", "ORG (A 0, B 1)", "PART (A 0, B 1)", "PER (A 0, B 0)"]
    choose(page, "label", 1)
    assert listed(page) == ["a"]
    assert status(page) == "1 of 3 documents; A 0, B 1 of class wrong boundary with ORG; showing number 1"
    # It is in the address, and so it is there again after a reload.
    page.driver.refresh()
    assert listed(page) == ["a"]
    assert page.run("return document.getElementById('documents-class').value") == "2"


def test_only_documents_that_differ(browser, report):
    page = browser.open(report, link("a", "summaries"))
    assert len(listed(page)) == 2
    page.run("document.getElementById('documents-differ').click()")
    assert len(listed(page)) == 2
    choose(page, "b", 0)
    assert listed(page) == []
    assert status(page).startswith("0 of 2 documents")
    assert title(page) == "a"  # what is being read stays


def test_order_by_errors(browser, plain):
    page = browser.open(plain, link("d00", data="mine"))
    ids = listed(page)
    assert ids == [f"d{n:02d}" for n in range(12)]
    choose(page, "order", "errors")
    counts = [int(re.search(r"B (\d+)", one)[1]) for one in texts(page, "#documents-list .doc-count")]
    best = [max(map(int, re.findall(r"\d+", one))) for one in texts(page, "#documents-list .doc-count")]
    assert len(set(counts)) > 1
    assert best == sorted(best, reverse=True)


# ---- links, keys, focus -------------------------------------------------------------------------------------------


def test_a_document_and_an_example_can_be_linked_to(browser, plain, report):
    page = browser.open(plain, link("d05", data="mine"))
    assert title(page) == "d05"
    top = page.run("return document.getElementById('documents-section').getBoundingClientRect().top")
    assert 0 <= top < 200
    page = browser.open(report, link("a", example="a/s2"))
    assert texts(page, ".doc-target-example .doc-text")[0] == "He left."
    assert page.run("return document.activeElement.className").endswith("doc-target-example")
    # The link of each example leads to it.
    page = browser.open(report)
    hrefs = page.run(f"return [...document.querySelectorAll('{VIEW} h4 a')].map((one) => one.hash)")
    page = browser.open(report, hrefs[1])
    assert texts(page, ".doc-target-example .doc-text")[0] == "He left."
    page = browser.open(report, link("a", "stance", example="a/s2/bank"))
    assert "gold against" in texts(page, ".doc-target-example")[0]
    page = browser.open(report, link("a", "summaries", example="a/default"))
    assert len(texts(page, ".doc-target-example")) == 1


def test_ids_of_any_kind_can_be_linked_to(browser, report):
    page = browser.open(report)
    ids = page.run("return JSON.parse(document.getElementById('documents-data').textContent).corpora[0].ids")
    page.run("document.querySelectorAll('#documents-list [data-place]')[1].click()")
    settle(page)
    address = page.run("return location.hash")
    assert re.fullmatch(r"#doc=[\w%.~!'()*-]+(&[a-z]+=[\w%.~!'()*-]+)*", address)
    page.driver.refresh()
    shown = title(page)
    assert shown == ids[1].replace("\u202e", "\\u202e")
    page.run(f"document.querySelectorAll('{VIEW} h4 a')[1].click()")
    settle(page)
    assert texts(page, ".doc-target-example .doc-text")[0] == "Cafe\u0301 by 𝒳 Corp."
    assert page.complaints() == []


def test_back_and_forward(new_browser, plain):
    page = new_browser.open(plain, link("d00", data="mine"))
    page.run("document.getElementById('documents-next').click()")
    page.run("document.getElementById('documents-next').click()")
    assert title(page) == "d02"
    find(page, "d0")  # no step of its own
    for step, doc in (("back", "d01"), ("back", "d00"), ("forward", "d01")):
        page.run(f"history.{step}()")
        page.until(lambda doc=doc: title(page) == doc)


def test_a_link_to_no_document_says_so(browser, plain):
    page = browser.open(plain, "#doc=%3Cb%3Enope")
    assert "Not among these: <b>nope" in page.run(f"return document.querySelector('{VIEW}').textContent")
    press(page, "j")
    assert title(page) == "d00"
    assert page.complaints() == []


def test_letter_keys(browser, plain):
    page = browser.open(plain)
    press(page, "j", "j", "j", "k")
    assert title(page) == "d02"
    assert page.run("return document.activeElement.id") == "documents-view-title"
    assert "showing number 3" in status(page)
    assert page.run("return document.getElementById('documents-status').getAttribute('aria-live')") == "polite"
    press(page, "/")
    assert page.run("return document.activeElement.id") == "documents-find"
    press(page, "j")  # is text there
    assert title(page) == "d02"
    page.run("document.getElementById('documents-find').blur()")
    page.run("document.getElementById('documents-letters').click(); document.activeElement.blur()")
    press(page, "j")
    assert title(page) == "d02"


def test_the_list_by_keyboard(browser, plain):
    from selenium.webdriver import Keys

    page = browser.open(plain)
    page.run("document.getElementById('documents-list').focus()")
    press(page, Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ARROW_UP)
    assert title(page) == "d01"
    named = "document.getElementById('documents-list').getAttribute('aria-activedescendant')"
    active = f"return document.getElementById({named})"
    assert page.run(f"{active}.textContent").startswith("d01")
    assert page.run(f"{active}.getAttribute('aria-selected')") == "true"
    press(page, Keys.END)
    assert title(page) == "d11"
    press(page, Keys.HOME)
    assert title(page) == "d00"
    assert page.run("return document.activeElement.id") == "documents-list"
    press(page, Keys.ENTER)
    assert page.run("return document.activeElement.id") == "documents-view-title"


def test_every_control_has_a_name(browser, plain):
    page = browser.open(plain)
    names = page.run(
        "return [...document.querySelectorAll('#documents-app select, #documents-app input, #documents-app button')]"
        ".map((one) => one.labels && one.labels.length ? one.labels[0].textContent.trim() : one.textContent.trim())"
    )
    assert len(names) == 12
    assert all(names)


# ---- hostile names, widths, print, no texts -----------------------------------------------------------------------


def test_payloads_are_text(browser, hostile_runs, report_of):
    page = browser.open(report_of(hostile_runs))
    before = page.driver.title
    data = page.run("return JSON.parse(document.getElementById('documents-data').textContent)")
    said = {body[0] for body in data["bodies"][0]}
    seen = set()
    for view in ("entities", "stance", "summaries"):
        choose(page, "group", [g["title"] for g in data["groups"]].index(f"mine · {view}"))
        for _ in data["corpora"][0]["ids"]:
            seen |= set(texts(page, f"{VIEW} .doc-text"))
            assert not texts(page, f"{VIEW} :is(script, img, svg, iframe, object)")
            attributes = page.run(
                f"return [...document.querySelectorAll('{VIEW} *')].flatMap((one) =>"
                " [...one.attributes].map((found) => [found.name, found.value]))"
            )
            assert all(not name.startswith("on") for name, _ in attributes)
            assert all(value.startswith("#") for name, value in attributes if name in ("href", "src"))
            page.run("document.getElementById('documents-next').click()")
    assert said <= seen  # word for word
    assert page.driver.title == before
    assert page.requests() == []
    assert page.complaints() == []
    ids = listed(page)
    assert "</script><script>document.title='owned'</script>" in ids
    assert "\\x1b]0;p\\x07" in ids
    assert page.run("return document.querySelector('#documents-a option').textContent") == data["groups"][2]["runs"][0]
    # A link to a payload is a link to a document.
    for doc in data["corpora"][0]["ids"]:
        page.run("location.hash = '#doc=' + encodeURIComponent(arguments[0])", doc)
        settle(page)
        assert "Not among these" not in page.run(f"return document.querySelector('{VIEW}').textContent")
    assert page.driver.title == before


def test_half_a_surrogate_pair_in_an_id(browser, report, tmp_path):
    """No corpus can be read with one, for its ids are files' names; a page that has one works all the same."""
    content = report.read_text(encoding="utf-8")
    assert content.count('"ids":["a",') == 1
    page_of = tmp_path / "report.html"
    page_of.write_text(content.replace('"ids":["a",', '"ids":["a\\ud800\\\\",'), encoding="utf-8")
    page = browser.open(page_of)
    assert title(page) == "a\\ud800\\"
    page.run(f"document.querySelector('{VIEW} .doc-about a').click()")
    settle(page)
    page.driver.refresh()
    assert title(page) == "a\\ud800\\"
    assert page.complaints() == []


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("view", ["entities", "stance", "summaries"])
def test_it_fits_and_can_be_read(browser, report, view, width):
    page = browser.open(report, link("a", view), width=width)
    for dark in (False, True):
        page.turn(dark=dark)
        assert page.run("return document.documentElement.scrollWidth") <= width
        contrasts = page.run(CONTRAST, "#documents-app")
        assert len(contrasts) > 30
        assert [one for one in contrasts if one[0] < 4.5] == []
    assert page.complaints() == []


# The contrast of each piece of text with what lies behind it (WCAG 2.2, 1.4.3), and the text. Tints over the ground are
# mixed as they are drawn: a canvas gives any colour as bytes.
CONTRAST = """
const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
const bytes = (colours) => {
  canvas.clearRect(0, 0, 1, 1);
  for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
  return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
};
const light = (rgb) => {
  const [r, g, b] = rgb.map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const found = [];
const walker = document.createTreeWalker(document.querySelector(arguments[0]), NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const node = walker.currentNode, element = node.parentElement;
  if (!node.textContent.trim() || !element.checkVisibility() || element.closest("option")) continue;
  const grounds = [];
  for (let one = element; one; one = one.parentElement) grounds.unshift(getComputedStyle(one).backgroundColor);
  const ground = bytes(["white", ...grounds]);
  const [one, other] = [light(bytes([getComputedStyle(element).color])), light(ground)].sort((a, b) => b - a);
  found.push([(one + 0.05) / (other + 0.05), node.textContent]);
}
return found;
"""


def test_print_has_the_chosen_document_alone(browser, report):
    page = browser.open(report, link("a"))
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    shown = "return document.querySelector(arguments[0]).checkVisibility()"
    try:
        assert page.run(shown, VIEW)
        assert not page.run(shown, "#documents-controls")
        assert not page.run(shown, "#documents-list")
    finally:
        page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


@pytest.mark.parametrize(("judged", "said"), [("false", "the rule of the metric"), ("true", "is a judge's")])
def test_facts_say_by_what_rule_they_are_told(browser, report, tmp_path, judged, said):
    content = report.read_text(encoding="utf-8")
    assert content.count('"judged":false') == 1
    page_of = tmp_path / "report.html"
    page_of.write_text(content.replace('"judged":false', f'"judged":{judged}'), encoding="utf-8")
    page = browser.open(page_of, link("a", "summaries"))
    (note,) = texts(page, f"{VIEW} details .doc-note")
    assert note.startswith("Told by the words that a summary shares with the fact")
    assert said in note


def test_without_texts_offsets_and_classes_remain(browser, mixed_runs, report_of):
    page = browser.open(report_of(mixed_runs, "--no-text"), link("a"))
    assert texts(page, f"{VIEW} .doc-text") == []
    assert texts(page, f"{VIEW} section:nth-of-type(1) .doc-cell:nth-child(2) li") == [
        "Cgold PER 0–7; predicted PER 0–7", "Bgold ORG 15–27; predicted ORG 11–27",
        "Cgold LOC 23–27; predicted LOC 23–27", "Lgold PER 32–35; predicted LOC 32–35", "Mgold LOC 39–43",
    ]  # fmt: skip
    for view in ("stance", "summaries"):
        page = browser.open(report_of(mixed_runs, "--no-text"), link("a", view))
        assert title(page) == "a"
        shown = page.run(f"return document.querySelector('{VIEW}').textContent")
        assert "Ann" not in shown
        assert "Canary" not in shown
    assert "invented 12–21 I, 25–29 #" in shown
    assert page.complaints() == []


# ---- many documents -----------------------------------------------------------------------------------------------


@pytest.fixture
def paged(mixed_runs, tmp_path, monkeypatch):
    from harness.report.html.write import write_report

    monkeypatch.setattr(documents, "LIMIT", 0)
    monkeypatch.setattr(documents, "PAGE", 700)
    write_report([mixed_runs], tmp_path / "report.html")
    return tmp_path


def test_pages_beside_the_report_are_loaded_from_disk(browser, paged):
    files = sorted(path.name for path in paged.glob("documents-*.js"))
    assert len(files) > 1
    page = browser.open(paged / "report.html", link("gaps"))
    settle(page)
    assert "".join(texts(page, f"{VIEW} .doc-cell:nth-child(1) .doc-text")).startswith("Left and right lung")
    press(page, "k", "k")
    settle(page)
    assert texts(page, f"{VIEW} .doc-text")[0] == "Ann Lee of the Bank of Mali met Bob in Oslo."
    asked = page.requests()
    assert asked
    assert all(url.startswith("file:") and url.rpartition("/")[2] in files for url in asked)
    assert page.complaints() == []


def test_who_leaves_a_page_that_is_still_on_its_way_is_not_kept_waiting(browser, paged):
    page = browser.open(paged / "report.html", link("a"))
    settle(page)
    busy = f"return document.querySelector('{VIEW}').hasAttribute('aria-busy')"
    assert not page.run(busy)
    # From here on no file arrives.
    page.run("document.head.append = () => {}; document.getElementById('documents-next').click()")
    assert page.run(busy)
    page.run("location.hash = '#doc=nope'")
    page.until(lambda: "Not among these" in page.run(f"return document.querySelector('{VIEW}').textContent"))
    assert not page.run(busy)


def test_a_page_that_is_lost_is_named(browser, paged):
    for path in paged.glob("documents-*.js"):
        path.unlink()
    page = browser.open(paged / "report.html", link("a"))
    settle(page)
    said = page.run(f"return document.querySelector('{VIEW}').textContent")
    assert re.search(r"its file documents-[0-9a-f]{16}\.js is not beside this report", said)


def test_a_thousand_documents_are_a_small_page(browser, tmp_path):
    """The most that 1,000 documents may take; how long they take to open is measured in benchmarks."""
    view = documents.DocumentsView(made_data(1000))
    assert documents._size(view.data) < 12_000_000
    from harness.report.html.page import render
    from harness.report.html.parts import Summary

    text = render(Summary("t", [], [], [], []), view)
    assert len(text.encode()) < 15_000_000
    path = tmp_path / "report.html"
    path.write_text(text, encoding="utf-8")
    page = browser.open(path)
    assert status(page).startswith("1,000 of 1,000 documents")
    # Only the document that is read, and the rows in sight, are in the page.
    assert page.run("return document.querySelectorAll('#documents-list [data-place]').length") < 60
    assert page.run("return document.querySelectorAll('*').length") < 3000
    page.run("document.getElementById('documents-list').scrollTop = 500 * 36")
    settle(page)
    assert "d0500" in listed(page)
    press(page, "j")
    assert title(page) == "d0001"
    assert page.complaints() == []


def made_data(count):
    """Data as `documents_view` gives it: 500 words, 20 entities and 2 runs each."""
    draw = random.Random(7)
    words = ["".join(draw.choices("abcdefghijklmnop", k=draw.randint(2, 9))) for _ in range(3000)]
    bodies, index = [], []
    for _ in range(count):
        text, sentences = "", []
        for number in range(25):
            start = len(text)
            text += " ".join(draw.choices(words, k=20)) + "."
            sentences.append([f"s{number:02d}", start, len(text), "body"])
            text += " "
        gold = [[n, sentences[n][1], sentences[n][1] + 4, n % 5] for n in range(20)]
        wrong = [[1, n, n, *gold[n][1:3], (n + 1) % 5] for n in range(0, 20, 4)]
        bodies.append([text, sentences, [[[list(range(25)), gold], [[wrong, []], [[], []]]]]])
        index.append([[0, 0, 0, 0, 15, 1, 0, 1, 5], [1, 0, 0, 0, 20]])
    group = {
        "corpus": 0, "task": "ner", "title": "made · entities", "runs": ["one", "two"], "labels": list("ABCDE"),
        "kinds": [list(kind) for kind in documents._KINDS["ner"]], "docs": list(range(count)), "index": index,
    }  # fmt: skip
    ids = [f"d{n:04d}" for n in range(count)]
    return {"text": True, "corpora": [{"name": "made", "ids": ids}], "groups": [group], "bodies": [bodies]}
