"""The report in headless Chromium: nothing is asked of a network, nothing of a user's runs, and it fits every width."""

import pytest

pytestmark = [pytest.mark.core, pytest.mark.browser]


@pytest.fixture(scope="module")
def hostile(hostile_runs, report_of):
    return report_of(hostile_runs)


@pytest.mark.parametrize("width", [1280, 390])
def test_it_asks_for_nothing_complains_of_nothing_and_fits(browser, plain, tmp_path, width):
    page = browser.open(plain, width=width)
    assert page.driver.title == "Evaluation of mine"
    for dark in (False, True):
        page.turn(dark=dark)
        # Tables scroll in their frames; the page does not.
        assert page.run("return document.documentElement.scrollWidth") <= width
        assert page.driver.save_screenshot(str(tmp_path / f"{width}-{dark}.png"))
        page.run("scrollTo(0, document.body.scrollHeight)")
    assert page.requests() == []
    assert page.complaints() == []


def test_a_table_that_scrolls_shows_a_shadow_where_there_is_more(browser, plain):
    table = "const frame = document.querySelector('#s1-differences .frame'), box = frame.getBoundingClientRect();"
    page = browser.open(plain, width=420)

    def patch(side):
        """A few pixels of the caption's line at the frame's right edge, or of the page beside it."""
        x, y = page.run(f"{table} return [box.right + scrollX, box.top + scrollY]")
        clip = {"x": x - 4 if side == "inside" else x + 4, "y": y + 2, "width": 4, "height": 4, "scale": 1}
        return page.driver.execute_cdp_cmd("Page.captureScreenshot", {"clip": clip})["data"]

    page.run(f"{table} frame.scrollIntoView({{block: 'center'}})")
    # Headings stand on one line, and the head is no higher than that.
    assert page.run(
        f"{table} const head = frame.querySelector('thead th'), style = getComputedStyle(head);"
        "return head.clientHeight < 2 * parseFloat(style.lineHeight) + 2 * parseFloat(style.paddingTop)"
    )
    for dark in (False, True):
        page.turn(dark=dark)
        page.run(f"{table} frame.scrollLeft = 0")
        assert patch("inside") != patch("beside")
        page.run(f"{table} frame.scrollLeft = frame.scrollWidth")
        assert patch("inside") == patch("beside")


@pytest.mark.parametrize("width", [1300, 420])
def test_an_address_opens_where_it_leads(browser, plain, width):
    for fragment, place in (("#documents-section", "documents-section"), ("#doc=d03", "documents-view-title")):
        page = browser.open(plain, fragment, width=width)
        element = page.run(
            "const box = document.getElementById(arguments[0]).getBoundingClientRect(); return [box.top, innerHeight]",
            place,
        )
        # Below the bar of links and in the upper half of the screen.
        assert 40 < element[0] < element[1] / 2, (fragment, element)


def test_each_link_leads_to_something_and_is_marked_when_one_is_there(browser, plain):
    page = browser.open(plain)
    links = page.run("return [...document.querySelectorAll('.top nav a')].map((one) => one.hash)")
    assert len(links) == len(set(links)) >= 5
    for link in links:
        page.run("document.querySelector(`.top nav a[href='${arguments[0]}']`).click()", link)
        top = page.run("return document.querySelector(arguments[0]).getBoundingClientRect().top", link)
        bottom = page.run("return innerHeight + scrollY >= document.documentElement.scrollHeight - 1")
        assert 0 <= top < 120 or bottom, link
    every = "return [...document.querySelectorAll('a[href^=\"#\"]')].map((one) => one.hash.slice(1))"
    for name in page.run(every):
        assert page.run("return Boolean(document.getElementById(arguments[0]))", name) or "=" in name, name
    # The mark follows the scrolling.
    page.run("document.getElementById('s2').scrollIntoView()")
    marked = "const m = document.querySelector('.top a[aria-current]'); return m && m.hash"
    page.driver.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")
    assert page.run(marked) == "#s2"


def test_a_fragment_opens_what_is_folded_around_it(browser, plain):
    page = browser.open(plain)
    page.run("document.querySelector('#provenance details table').id = 'inside'")
    assert not page.run("return document.querySelector('#provenance details').open")
    page.run("location.hash = 'inside'")
    page.driver.execute_async_script("requestAnimationFrame(() => setTimeout(arguments[0], 0))")
    assert page.run("return document.querySelector('#provenance details').open")


@pytest.mark.parametrize("fragment", ["#%E0%A4%A", "#nothing-here", "#doc=nope"])
def test_a_fragment_that_names_nothing_does_no_harm(browser, plain, fragment):
    page = browser.open(plain, fragment)
    assert page.run("return document.querySelector('h1').textContent") == "Evaluation of mine"
    assert page.complaints() == []


def test_printing_opens_what_is_folded_and_closes_it_again(browser, plain):
    page = browser.open(plain)
    closed = "return document.querySelectorAll('details:not([open])').length"
    before = page.run(closed)
    assert before
    page.run("dispatchEvent(new Event('beforeprint'))")
    assert page.run(closed) == 0
    page.run("dispatchEvent(new Event('afterprint'))")
    assert page.run(closed) == before
    assert page.driver.execute_cdp_cmd("Page.printToPDF", {})["data"]


def test_charts_take_the_colours_of_the_page(browser, plain):
    ink = "return getComputedStyle(document.querySelector('figure svg text[text-anchor=end]')).fill"
    page = browser.open(plain)
    assert page.run(ink) == "rgb(27, 31, 36)"
    page.turn(dark=True)
    assert page.run(ink) == "rgb(230, 233, 236)"


def test_it_can_be_used_by_keyboard(browser, plain):
    from selenium.webdriver.common.keys import Keys

    page = browser.open(plain)
    body = page.driver.find_element("tag name", "body")
    body.send_keys(Keys.TAB)
    assert page.run("return document.activeElement.className") == "skip"
    page.driver.switch_to.active_element.send_keys(Keys.ENTER)
    assert page.run("return document.activeElement.id") == "summary"
    # What scrolls sideways can be reached, and says what it is.
    frames = "return [...document.querySelectorAll('.frame')].every((f) => f.tabIndex === 0 && f.ariaLabel)"
    assert page.run(frames)


def test_nothing_of_the_runs_is_run(browser, hostile):
    for width in (1280, 390):
        page = browser.open(hostile, width=width)
        assert page.driver.title == "Evaluation of mine"
        assert page.run("return document.documentElement.scrollWidth") <= width
        page.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        page.run("document.querySelectorAll('a[href^=\"#s\"]').forEach((one) => one.click())")
        assert page.driver.title == "Evaluation of mine"
        assert page.requests() == []
        assert page.complaints() == []


def test_what_is_no_script_of_ours_is_refused(browser, plain, tmp_path):
    # The policy is the second line of defence; were markup ever let through, it would still not run.
    text = plain.read_text(encoding="utf-8")
    broken = tmp_path / "broken.html"
    inserted = (
        "<script>document.title='owned'</script><img src='http://127.0.0.1:9/x' onerror=\"document.title='owned'\">"
    )
    broken.write_text(text.replace("<main>", f"<main>{inserted}"), encoding="utf-8")
    page = browser.open(broken)
    assert page.driver.title == "Evaluation of mine"
    assert any("Content Security Policy" in said for said in page.complaints())
