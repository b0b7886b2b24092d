"""What the tests of the report share: a browser, and runs of three tasks over documents with hostile names."""

import json
import runpy
import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest

carry_out = runpy.run_path(str(Path(__file__).parents[2] / "run_here.py"))["carry_out"]

# As a document's id, a text, a label, a target, a model's name: nothing of it may run, load or break the page.
PAYLOADS = (
    "</script><script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    '"><svg onload="document.title=\'owned\'">',
    "javascript:document.title='owned'",
    "{{7*7}}",
    "]]>",
    '=HYPERLINK("http://127.0.0.1/?"&A1)',
    "\x1b]0;p\x07",
    "[red]a|b",
    "a\u2028b\u202ec",
    "a\x0bb",
    "[/foo]",
)
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


class Browser:
    """Headless Chromium that keeps account of what a page asks the network for and complains of."""

    def __init__(self, driver):
        self.driver = driver

    def open(self, path, fragment="", *, width=1280, height=900):
        """Opens a file at a width; a page that is open already is loaded again."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.turn(dark=False)
        self.driver.get("about:blank")
        self.driver.get_log("performance")
        self.driver.get_log("browser")
        self.driver.get(Path(path).as_uri() + fragment)
        # A machine under load may answer while a step through the history is still on its way.
        ready = "return document.readyState === 'complete' && location.pathname.endsWith(arguments[0])"
        self.until(lambda: self.run(ready, Path(path).name))
        return self

    def turn(self, *, dark):
        """The system turns dark, or light again; what is open stays."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})

    def until(self, holds):
        """Waits for something to hold."""
        from selenium.webdriver.support.ui import WebDriverWait

        WebDriverWait(self.driver, 30, poll_frequency=0.05).until(lambda _: holds())

    def run(self, script, *arguments):
        """The value of a script's `return`."""
        return self.driver.execute_script(script, *arguments)

    def requests(self):
        """Addresses that were asked for since the page was opened, without the page itself."""
        messages = (json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance"))
        asked = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
        return [url for url in asked if not (url.startswith("file:") and url.endswith(".html"))]

    def complaints(self):
        """What stands on the console since the page was opened."""
        return [entry["message"] for entry in self.driver.get_log("browser")]


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """One browser for all tests, with a profile of its own."""
    with started(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture
def new_browser(tmp_path):
    """A browser that has been nowhere yet: for tests of its history."""
    with started(tmp_path / "profile") as found:
        yield found


@contextmanager
def started(profile):
    """A browser that ends with the block."""
    chromium, chromedriver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and chromedriver):
        pytest.skip("left out: no chromium and chromedriver on this machine (`make test` installs them)")
    selenium = pytest.importorskip("selenium", reason="left out: selenium is not installed")
    assert selenium
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (*FLAGS, f"--user-data-dir={profile}", "--window-size=1280,900"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(chromedriver))
    try:
        yield Browser(driver)
    finally:
        driver.quit()


# ---- charts -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session", autouse=True)
def charts():
    """The charts that reports have shown so far: drawing is most of what a report costs, so none is drawn twice.

    A test of the drawing itself empties it first, or calls what draws (`charts/plots.py`), which is never remembered.
    """
    from harness.report.html import board, curves

    known = {}

    def once(draw):
        def drawn(*arguments, **named):
            asked = repr((draw.__name__, arguments, named))
            if asked not in known:
                known[asked] = draw(*arguments, **named)
            return known[asked]

        return drawn

    with pytest.MonkeyPatch.context() as patched:
        for module, names in ((board, ("intervals", "ledger", "speed")), (curves, ("calibration", "risk_coverage"))):
            for name in names:
                patched.setattr(module, name, once(getattr(module, name)))
        yield known


# ---- runs ---------------------------------------------------------------------------------------------------------

METRICS = (
    "entity_f1", "entity_overlap", "stance_favg", "stance_classification", "stance_calibration",
    "stance_risk_coverage", "rouge", "length",
)  # fmt: skip


def write(folder, name, records):
    folder.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(record) + "\n" for record in records)
    (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")


def corpus(folder, ids, texts, labels, targets):
    """Documents with gold of every task; returns the gold by file."""
    gold = {"entities": [], "stance": [], "summaries": []}
    documents = []
    for number, (doc, said) in enumerate(zip(ids, texts, strict=True)):
        text = f"Anna Berg met Bob in Oslo. {said}\nNothing else was said about it. The end came late."
        documents.append({"id": doc, "text": text})
        for place, name in enumerate(("Anna Berg", "Bob", "Oslo")):
            start = text.index(name)
            label = labels[(number + place) % len(labels)]
            gold["entities"].append({"doc": doc, "start": start, "end": start + len(name), "label": label})
        for place, target in enumerate(targets):
            label = ("favor", "against", "none")[(number + place) % 3]
            gold["stance"].append({"doc": doc, "target": target, "label": label})
        gold["summaries"].append({"doc": doc, "text": f"Anna Berg met Bob. {said}"})
    write(folder, "documents", documents)
    write(folder, "targets", [{"id": target, "text": target} for target in targets])
    for name, records in gold.items():
        write(folder, name, records)
    return gold


def predictions(folder, gold, *, wrong):
    """Answers of which every `wrong`-th is wrong; stance has probabilities."""
    entities = [r for n, r in enumerate(gold["entities"]) if n % wrong]
    # A document without an entity was answered all the same.
    entities += [{"doc": doc} for doc in dict.fromkeys(r["doc"] for r in gold["entities"])]
    stance = []
    for number, record in enumerate(gold["stance"]):
        label = record["label"] if number % wrong else "none"
        sure = 0.9 - 0.05 * (number % 7)
        rest = {one: (1 - sure) / 2 for one in ("favor", "against", "none") if one != label}
        stance.append({**record, "label": label, "scores": {label: sure, **rest}})
    summaries = [{**r, "text": r["text"] if n % wrong else "Bob."} for n, r in enumerate(gold["summaries"])]
    for name, records in (("entities", entities), ("stance", stance), ("summaries", summaries)):
        write(folder, name, records)


def run_models(place, data, gold, models, resamples=1000):
    """The real runs of some models over a corpus; returns the folder of their results."""
    for number, (model, wrong) in enumerate(models.items()):
        predictions(place / f"given{number}", gold, wrong=wrong)
        carry_out(
            [
                "data=local", f"data.name={data}", f"data.documents={place / 'corpus' / 'documents.jsonl'}",
                f"data.gold={place / 'corpus'}", "model=predictions", f"model.path={place / f'given{number}'}",
                f"model.name={json.dumps(model)}", f"results={place / 'results'}", f"metric=[{','.join(METRICS)}]",
                f"interval.resamples={resamples}",
            ]
        )  # fmt: skip
    return place / "results"


@pytest.fixture(scope="session")
def plain_runs(tmp_path_factory):
    """Two models, three tasks, twelve documents."""
    place = tmp_path_factory.mktemp("plain")
    ids, texts = [f"d{n:02d}" for n in range(12)], [f"Canary {n} sang." for n in range(12)]
    gold = corpus(place / "corpus", ids, texts, ("PER", "LOC"), ("t1", "t2"))
    return run_models(place, "mine", gold, {"good": 5, "poor": 2})


@pytest.fixture(scope="session")
def hostile_runs(tmp_path_factory):
    """The same with payloads for ids, texts, labels, targets and names of models."""
    place = tmp_path_factory.mktemp("hostile")
    gold = corpus(place / "corpus", PAYLOADS, PAYLOADS, PAYLOADS, PAYLOADS[-4:])
    # Corpora are refused that have a NUL (and any record with half a surrogate pair); a model's name may hold one.
    return run_models(place, "mine", gold, {PAYLOADS[0]: 5, "".join(PAYLOADS[1:]) + "\x00": 2}, resamples=100)


@pytest.fixture(scope="session")
def report_of(tmp_path_factory):
    """Makes the report of some runs through the command, and returns the file."""
    from harness.__main__ import command

    made = {}

    def make(*arguments):
        if arguments not in made:
            out = tmp_path_factory.mktemp("report") / "report.html"
            assert command(["report", *map(str, arguments), "--out", str(out)]) == 0
            made[arguments] = out
        return made[arguments]

    return make


@pytest.fixture(scope="session")
def plain(plain_runs, report_of):
    """The report of the plain runs."""
    return report_of(plain_runs)


# ---- documents of every kind of difficulty ------------------------------------------------------------------------

CANARY = "Canary Sentence"
ANN = "Ann Lee of the Bank of Mali met Bob in Oslo. He left."
# Right to left, beyond the basic plane, with a combining accent.
SCRIPTS = "😀😀 שלום דנה כהן אמרה. Cafe\u0301 by 𝒳 Corp."
GAPS = "Left and right lung were seen by Dr. Canary Sentence."
ODD = "ב/%é 😀\\\u202e"


def at(text, doc, part, label, after=""):
    """The entity that a part of a text is, the first one or the first after another part."""
    start = text.index(part, text.index(after) + len(after))
    return {"doc": doc, "start": start, "end": start + len(part), "label": label}


@pytest.fixture(scope="session")
def mixed_runs(tmp_path_factory):
    """Two models, each answer of one of them wrong in another way; some answers are missing."""
    place = tmp_path_factory.mktemp("mixed")
    place.joinpath("corpus").mkdir()
    texts = {"a": ANN, ODD: SCRIPTS, "gaps": GAPS}
    write(place / "corpus", "documents", [{"id": doc, "text": text} for doc, text in texts.items()])
    write(place / "corpus", "sentences", [
        {"doc": "a", "id": "s1", "start": 0, "end": 44}, {"doc": "a", "id": "s2", "start": 45, "end": 53},
        {"doc": ODD, "id": "s1", "start": 0, "end": 21}, {"doc": ODD, "id": "s/2", "start": 22, "end": len(SCRIPTS)},
        {"doc": "gaps", "id": "s1", "start": 0, "end": len(GAPS)},
    ])  # fmt: skip
    whole = {"doc": "gaps", "start": 0, "end": 19, "label": "PART"}
    mali = at(ANN, "a", "Mali", "LOC")
    right = {
        "entities": [
            at(ANN, "a", "Ann Lee", "PER"), at(ANN, "a", "Bank of Mali", "ORG"), mali, at(ANN, "a", "Bob", "PER"),
            at(ANN, "a", "Oslo", "LOC"), at(SCRIPTS, ODD, "דנה כהן", "PER"), at(SCRIPTS, ODD, "𝒳 Corp", "ORG"),
            {**whole, "parts": [[0, 4], [15, 19]]}, at(GAPS, "gaps", CANARY, "PER"),
        ],
        "stance": [
            {"doc": "a", "sentence": "s1", "target": "bank", "label": "favor"},
            {"doc": "a", "sentence": "s1", "target": "oslo", "label": "none"},
            {"doc": "a", "sentence": "s2", "target": "bank", "label": "against"},
        ],
        "summaries": [{"doc": "a", "text": "Ann Lee met Bob."}, {"doc": "gaps", "text": f"{CANARY} saw it."}],
    }  # fmt: skip
    wrong = {
        "entities": [
            at(ANN, "a", "Ann Lee", "PER"), at(ANN, "a", "the Bank of Mali", "ORG"), mali, at(ANN, "a", "Bob", "LOC"),
            at(ANN, "a", "He", "PER"), at(SCRIPTS, ODD, "דנה", "ORG"), at(SCRIPTS, ODD, "𝒳 Corp", "ORG"),
            whole, at(GAPS, "gaps", CANARY, "PER"),
        ],
        "stance": [
            {"doc": "a", "sentence": "s1", "target": "bank", "label": "against",
             "scores": {"favor": 0.2, "against": 0.75, "none": 0.05}},
            {"doc": "a", "sentence": "s1", "target": "oslo", "label": "favor",
             "scores": {"favor": 0.5, "against": 0.25, "none": 0.25}},
        ],
        "summaries": [{"doc": "a", "text": "Ann Lee met Carl Orff in 1999."}, {"doc": "gaps", "text": f"{CANARY}."}],
    }  # fmt: skip
    gold = {**right, "stance": [{**one, "holder": CANARY, "evidence": [0, 7]} for one in right["stance"]]}
    for name, records in gold.items():
        write(place / "corpus", name, records)
    write(place / "corpus", "targets", [{"id": "bank", "text": f"Banks, {CANARY}"}, {"id": "oslo", "text": "Oslo"}])
    facts = [{"doc": "a", "fact": "Ann Lee met Bob.", "weight": 2}, {"doc": "a", "fact": "He left Oslo.", "weight": 1}]
    write(place / "corpus", "facts", facts)
    for model, given in {"wrong": wrong, "right": right}.items():
        for name, records in given.items():
            write(place / model, name, records)
        carry_out(
            [
                "data=local", "data.name=mixed", f"data.documents={place / 'corpus' / 'documents.jsonl'}",
                f"data.gold={place / 'corpus'}", "model=predictions", f"model.path={place / model}",
                f"model.name={model}", f"results={place / 'results'}", "metric=[entity_f1,stance_favg,rouge]",
                "interval.resamples=100", "fail_on_error.share=1",
            ]
        )  # fmt: skip
    return place / "results"
