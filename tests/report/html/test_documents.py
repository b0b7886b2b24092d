"""The documents as data: every class and mark as the metrics count them, and no text where none is wanted."""

import json
import re
import runpy
import shutil
from collections import Counter
from pathlib import Path

import pytest

from harness.errors import RunError
from harness.metric.entity_errors import EntityErrors
from harness.metric.fact_recall import FactRecall
from harness.metric.fragments import Fragments
from harness.metric.invented import Invented
from harness.metric.stance_sides import StanceSides
from harness.report.html import documents
from harness.report.html.documents import documents_view
from harness.report.html.numbering import Numbering
from harness.report.html.page import render
from harness.report.html.parts import Summary
from harness.report.html.stance_view import KINDS, StanceScheme
from harness.report.html.summary_view import SummaryRules
from harness.rescore import reopen
from harness.run_folder import find_runs, read_run
from harness.scoring import read_answers

pytestmark = pytest.mark.core
carry_out = runpy.run_path(str(Path(__file__).parents[2] / "run_here.py"))["carry_out"]


def runs_of(results):
    return [read_run(folder) for folder in find_runs(results)]


def folder_of(results, task, model):
    (found,) = (results / "mixed" / task).glob(f"{model}-*")
    return found


@pytest.fixture(scope="module")
def mixed(mixed_runs):
    return documents_view(runs_of(mixed_runs), text=True)


def part(view, doc, task):
    """Gold and runs of a document; runs are in the order right, wrong."""
    number = view.data["corpora"][0]["ids"].index(doc)
    group = next(n for n, one in enumerate(view.data["groups"]) if one["task"] == task)
    return view.data["bodies"][0][number][2][group]


def test_runs_are_grouped_by_task_and_texts_are_there_once(mixed):
    groups = mixed.data["groups"]
    assert [(g["title"], g["runs"], g["docs"]) for g in groups] == [
        ("mixed · entities", ["right", "wrong"], [0, 1, 2]),
        ("mixed · stance", ["right", "wrong"], [0]),
        ("mixed · summaries", ["right", "wrong"], [0, 2]),
    ]
    assert json.dumps(mixed.data).count("of the Bank of Mali met") == 1
    assert (mixed.left_out, mixed.shortened, dict(mixed.pages)) == ([], [], {})


# By hand. A mark: class, gold entity (-1: none), example, and start, end, label of what was predicted. The labels are
# PER, ORG, LOC, PART in the order in which they were met; the classes correct, label, boundary, both, missed, spurious.
def test_entities_by_hand(mixed):
    (sentences, gold), (right, wrong) = part(mixed, "a", "ner")
    assert sentences == [0, 1]
    assert gold == [[0, 0, 7, 0], [0, 15, 27, 1], [0, 23, 27, 2], [0, 32, 35, 0], [0, 39, 43, 2]]
    assert right == [[], []]
    assert wrong == [
        [
            [2, 1, 0, 11, 27, 1],  # the Bank of Mali; the nested Mali is right
            [1, 3, 0, 32, 35, 2],  # Bob as a place
            [4, 4, 0],  # Oslo
            [5, -1, 1, 45, 47, 0],  # He
        ],
        [],
    ]


def test_offsets_count_code_points_and_gaps_are_kept(mixed):
    odd = next(doc for doc in mixed.data["corpora"][0]["ids"] if "%" in doc)
    (_, gold), (_, wrong) = part(mixed, odd, "ner")
    text = mixed.data["bodies"][0][1][0]
    assert [text[start:end] for _, start, end, _ in gold] == ["דנה כהן", "𝒳 Corp"]
    assert wrong == [[[3, 0, 0, 8, 11, 1]], []]
    # Start, end and label are those of the gold; its gap is not.
    (_, gold), (_, wrong) = part(mixed, "gaps", "ner")
    assert gold[0] == [0, 0, 19, 3, [0, 4, 15, 19]]
    assert wrong == [[[2, 0, 0, 0, 19, 3]], []]


def test_classes_are_counted_as_entity_errors_counts_them(mixed, mixed_runs):
    group = mixed.data["groups"][0]
    for number, model in enumerate(group["runs"]):
        opened = reopen(folder_of(mixed_runs, "ner", model))
        read = read_answers(opened.examples, opened.answers, opened.corpus, opened.task, opened.label_map)
        expected = Counter()
        for case in read.cases:
            expected.update(EntityErrors().count(case.example.gold, case.predicted))
        found = Counter()
        for rows in group["index"]:
            _, *codes = rows[number]
            for kind, gold, predicted, count in zip(*[iter(codes)] * 4, strict=True):
                name = ("correct", "wrong_label", "wrong_boundary", "both", "missed", "spurious")[kind]
                for side, label in (("gold", gold), ("predicted", predicted)):
                    if name != {"gold": "spurious", "predicted": "missed"}[side]:
                        found[f"{side}|{name}"] += count
                        found[f"label={group['labels'][label]}|{side}|{name}"] += count
        assert found == Counter({name: count for name, count in expected.items() if count})


def test_documents_that_differ_have_other_numbers(mixed):
    assert [[row[0] for row in rows] for rows in mixed.data["groups"][0]["index"]] == [[0, 1]] * 3


def test_stance_by_hand(mixed):
    gold, (right, wrong) = part(mixed, "a", "stance")
    assert [row[:4] for row in gold] == [[0, 0, 0, ""], [0, 1, 2, ""], [1, 0, 1, ""]]
    assert right == ["CCC", [0, 2, 1], [], []]
    assert wrong == ["FSN", [1, 0, -1], [0.75, 0.5, -1], [2, "missing: no record answers it"]]
    # A place in the text is given as what stands there.
    assert gold[0][4] == [0, "Canary Sentence", 1, "Ann Lee"]
    assert mixed.data["groups"][1]["details"] == ["holder", "evidence"]


@pytest.mark.parametrize(
    ("gold", "predicted", "letter"),
    [
        ("favor", "favor", "C"),
        ("none", "none", "C"),
        ("favor", "against", "F"),
        ("against", "favor", "F"),
        ("favor", "none", "M"),
        ("none", "against", "S"),
        ("favor", "unsure", "W"),
        ("unsure", "favor", "W"),
        ("unsure", "unsure", "C"),
        ("favor", None, "N"),
        ("none", "unknown", "N"),  # an abstention
    ],
)
def test_classes_of_stance(gold, predicted, letter):
    scheme = StanceScheme(StanceSides(), Numbering(), Numbering())
    assert KINDS[scheme.kind(gold, predicted)].letter == letter


def test_sides_are_those_of_the_run():
    scheme = StanceScheme(StanceSides(sides=("pro", "con"), neutral=None), Numbering(), Numbering())
    assert [KINDS[scheme.kind("pro", label)].letter for label in ("con", "none", "pro")] == ["F", "W", "C"]


def test_summaries_by_hand(mixed):
    (facts, styles), (right, wrong) = part(mixed, "a", "summarization")
    assert facts == [[2.0, "Ann Lee met Bob."], [1.0, "He left Oslo."]]
    # Ann Lee, and met Bob, are in the document.
    assert styles == [[0, [["Ann Lee met Bob.", [[0, 7, 2, 8, 15, 2], []], "10"]], []]]
    assert right == [["Ann Lee met Bob.", [[0, 7, 2, 8, 15, 2], []], "10", [], "", 4]]
    # Carl Orff and 1999 are not; three of the four content words of the first fact are.
    copied, invented = [0, 7, 2, 8, 11, 1, 22, 24, 1], [12, 21, 1, 25, 29, 2]
    assert wrong == [["Ann Lee met Carl Orff in 1999.", [copied, invented], "10", [], "", 7]]


TEXTS = [
    ("An old king sold a horse, 😀 twice.", "The old king sold his horse to a farmer."),
    ("Bob Lee paid 5,000 dollars to Carl Orff. Lee left in 1999.", "Ann Lee paid 1,200 dollars in Mali. Lee left."),
    ("Cafe\u0301 in İzmir, «Москва» 東京都", "In Москва is the Café; 京都 too."),
    ("", "One two."),
    ("...", ""),
]


@pytest.mark.parametrize(("summary", "source"), TEXTS)
@pytest.mark.parametrize("names", ["capitals", "words"])
def test_marks_are_what_the_metrics_count(summary, source, names):
    from harness.records import References, Summary

    rules = SummaryRules(Fragments(), Invented(names=names), FactRecall())
    copied, invented = rules.marks(summary, source)
    gold = References("default", source=source)
    counts = Fragments().count(gold, Summary(summary))
    lengths = copied[2::3]
    words = sum(lengths)
    if "coverage" in counts:
        whole = len(re.findall(r"\w[\w\u0301]*", summary.replace("東京都", "東 京 都")))
        assert counts["coverage"] == pytest.approx(words / whole)
        assert counts["density"] == pytest.approx(sum(length**2 for length in lengths) / whole)
    else:
        assert not words
    marked = Invented(names=names).count(gold, Summary(summary))
    assert bool(invented) == bool(marked.get("any", 0) or marked.get("any_number", 0))
    assert (2 in invented[2::3]) == bool(marked.get("any_number", 0))


def test_every_place_of_an_invented_name_is_marked():
    text = "They saw Carl Orff. Then Carl Orff left with 77 men and Ann. Of the 77 none came."
    found = Invented().spans(text, "Ann left.")
    assert [(text[start:end], kind) for start, end, kind in found] == [
        ("Carl Orff", "name"), ("Carl Orff", "name"), ("77", "number"), ("77", "number")
    ]  # fmt: skip


# ---- without texts ------------------------------------------------------------------------------------------------


def summary():
    return Summary(title="t", facts=[], remarks=[], glance=[], tasks=[], provenance=[])


def test_without_texts_nothing_of_them_is_left(mixed_runs, monkeypatch):
    for limit in (documents.LIMIT, 0):
        monkeypatch.setattr(documents, "LIMIT", limit)
        view = documents_view(runs_of(mixed_runs), text=False)
        spelt = json.dumps([view.data, dict(view.pages), view.left_out], ensure_ascii=False)
        for said in ("Canary", "Sentence", "Ann", "Bank", "met", "Orff", "1999", "Oslo", "דנה", "no record"):
            assert said not in spelt, said
    assert view.pages
    # What is left: ids, offsets, labels, classes.
    assert "mixed · entities" in spelt
    assert "s1" in spelt
    assert "PER" in spelt


def test_without_texts_the_file_has_no_canary(mixed_runs, tmp_path):
    from harness.__main__ import command

    with_texts, without = tmp_path / "texts.html", tmp_path / "none.html"
    assert command(["report", str(mixed_runs), "--out", str(with_texts)]) == 0
    assert command(["report", str(mixed_runs), "--out", str(without), "--no-text"]) == 0
    assert b"Canary Sentence" in with_texts.read_bytes()
    assert b"Canary" not in without.read_bytes()
    assert b"mixed \\u00b7 entities" in without.read_bytes()


@pytest.fixture
def changed(mixed_runs, tmp_path):
    """The same runs, with other gold than they were scored on."""
    from harness import plan

    place = tmp_path / "moved"
    shutil.copytree(mixed_runs.parent, place)
    for config in place.rglob("config.yaml"):
        config.write_text(config.read_text(encoding="utf-8").replace(str(mixed_runs.parent), str(place)))
    for run in place.rglob("run.json"):
        content = json.loads(run.read_text(encoding="utf-8"))
        content["files"] = {}
        run.write_text(json.dumps(content), encoding="utf-8")
    gold = place / "corpus" / "entities.jsonl"

    def change(append):
        gold.write_text(gold.read_text(encoding="utf-8") + append, encoding="utf-8")
        plan._corpora.clear()
        return runs_of(place / "results")

    return change


def test_runs_on_other_gold_are_left_out_and_named(changed):
    view = documents_view(changed('{"doc": "a", "start": 45, "end": 47, "label": "PER"}\n'), text=True)
    assert [name for name, _ in view.left_out] == ["mixed ner right", "mixed ner wrong"]
    assert all("the gold changed since this run" in reason for _, reason in view.left_out)
    assert [group["task"] for group in view.data["groups"]] == ["stance", "summarization"]


@pytest.mark.parametrize("text", [True, False])
def test_gold_that_cannot_be_read_is_no_end_of_the_report(changed, text):
    broken = '{"doc": "a", "start": 45, "end": 47, "label": "PER", "text": "Canary words"}\n'
    view = documents_view(changed(broken), text=text)
    assert not view.any
    assert len(view.left_out) == 6
    assert ("Canary words" in view.left_out[0][1]) == text


def test_no_runs_are_no_documents():
    view = documents_view([], text=True)
    assert not view.any
    assert view.data["groups"] == []


# ---- pages --------------------------------------------------------------------------------------------------------


def policy_of(page):
    """What the page says that its scripts may be."""
    return re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)[1]


def test_what_does_not_fit_is_paged_and_nothing_is_lost(mixed, mixed_runs, monkeypatch):
    monkeypatch.setattr(documents, "LIMIT", 0)
    monkeypatch.setattr(documents, "PAGE", 700)
    view = documents_view(runs_of(mixed_runs), text=True)
    assert "bodies" not in view.data
    assert "strict-dynamic" in policy_of(render(summary(), view))
    assert "strict-dynamic" not in policy_of(render(summary(), mixed))
    (places,) = view.data["pages"]
    assert len(places) == len(view.pages) > 1
    bodies = []
    for first, name in places:
        assert re.fullmatch(r"documents-[0-9a-f]{16}\.js", name)
        assert first == len(bodies)
        found = re.fullmatch(r'harnessDocumentsPage\("([^"]+)",(.*)\);\n', view.pages[name])
        assert found[1] == name
        bodies += json.loads(found[2])
    assert bodies == mixed.data["bodies"][0]
    assert view.data["groups"] == mixed.data["groups"]


def test_an_index_that_is_full_takes_no_more_documents_and_says_so(mixed_runs, monkeypatch):
    monkeypatch.setattr(documents, "INDEX", 100)
    view = documents_view(runs_of(mixed_runs), text=True)
    assert view.shortened == [("mixed", 1, 3)]
    assert [group["docs"] for group in view.data["groups"]] == [[0], [0], [0]]
    assert view.data["corpora"] == [{"name": "mixed", "ids": ["a"]}]


def test_the_size_is_that_of_the_page(mixed):
    from jinja2 import Environment

    written = Environment(autoescape=True).from_string("{{ data | tojson }}").render(data=mixed.data)
    assert len(written.encode()) == documents._size(mixed.data)


# ---- the page -----------------------------------------------------------------------------------------------------


def test_runs_that_are_named_alike_can_be_told_apart(mixed_runs):
    runs = runs_of(folder_of(mixed_runs, "ner", "right")) * 2
    assert documents_view(runs, text=True).data["groups"][0]["runs"] == ["right #1", "right #2"]


def test_a_run_without_a_document_is_not_asked(mixed_runs, tmp_path):
    """A run over the first document alone, beside one over all."""
    place = mixed_runs.parent
    carry_out(
        [
            "data=local", "data.name=mixed", f"data.documents={place / 'corpus' / 'documents.jsonl'}",
            f"data.gold={place / 'corpus'}", "model=predictions", f"model.path={place / 'right'}", "task=summarization",
            "model.name=short", f"results={tmp_path}", "metric=[rouge]", "interval.resamples=100", "data.limit=1",
        ]
    )  # fmt: skip
    view = documents_view(runs_of(mixed_runs / "mixed" / "summarization") + runs_of(tmp_path), text=True)
    # It was scored on other gold, the first document's alone, so it stands apart.
    assert [(g["runs"], g["docs"]) for g in view.data["groups"]] == [(["right", "wrong"], [0, 1]), (["short"], [0])]
    assert [g["title"] for g in view.data["groups"]] == ["mixed · summaries", "mixed · summaries (2)"]


def test_a_damaged_run_is_left_out(mixed_runs, tmp_path):
    shutil.copytree(folder_of(mixed_runs, "ner", "right"), tmp_path / "run")
    run = read_run(tmp_path / "run")
    (tmp_path / "run" / "predictions.parquet").write_bytes(b"PAR1")
    view = documents_view([run], text=True)
    assert not view.any
    assert "predictions.parquet: was altered since the run" in view.left_out[0][1]
    with pytest.raises(RunError):
        read_run(tmp_path / "run")


def test_what_is_left_out_is_said_in_the_page(mixed_runs, tmp_path):
    view = documents_view(runs_of(mixed_runs), text=True)
    shown = documents.DocumentsView(view.data, left_out=[("<b>x", "a <script>")], shortened=[("mixed", 1, 3000)])
    page = render(summary(), shown)
    assert "&lt;b&gt;x" in page
    assert "a &lt;script&gt;" in page
    assert "The first 1 of 3,000 documents" in page
