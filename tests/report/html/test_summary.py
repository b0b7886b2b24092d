"""What the sections say: scores as stored, one rule for what is beyond chance, and a reason where there is nothing."""

import re
import runpy
from pathlib import Path

import pytest

from harness.comparison.compare import make_tables
from harness.comparison.stored import read_runs
from harness.errors import UsageError
from harness.report.html.summary import summarise
from harness.run_folder import find_runs

pytestmark = pytest.mark.core
made = runpy.run_path(str(Path(__file__).parents[2] / "made_runs.py"))
html = runpy.run_path(str(Path(__file__).parent / "conftest.py"))
make_run, row, ner_rows = made["make_run"], made["row"], made["ner_rows"]


def summary_of(results, baseline=None):
    runs, failures = read_runs(find_runs(results))
    return summarise(runs, make_tables(runs, failures), baseline)


def section(summary, title, task=0):
    return next(one for one in summary.tasks[task].sections if one.title == title)


def texts(sheet):
    return [[cell.text for cell in row] for row in sheet.rows]


# ---- remarks and the first glance -----------------------------------------------------------------------------------


def test_one_document_is_no_ranking(tmp_path):
    for name, f1 in (("a", 0.5), ("b", 0.7)):
        make_run(tmp_path, name, documents=1, scores=[row("entity.f1", "micro", f1, n=1)])
    summary = summary_of(tmp_path)
    assert summary.remarks[0][0] == "caution"
    assert summary.remarks[0][1].startswith("One document is no ranking: mine · ner.")
    (card,) = summary.glance
    assert (card.who, card.score, card.bounds) == ("no ranking", "F1: a 50.0, b 70.0", "")
    assert card.about == "1 document: a smoke test"


def test_one_run_is_shown_as_it_is(tmp_path):
    make_run(tmp_path, "a", documents=1, scores=[row("entity.f1", "micro", 0.5)])
    (card,) = summary_of(tmp_path).glance
    assert (card.who, card.score, card.verdict, card.about) == ("a", "F1 50.0", "a smoke test", "1 document")


def test_the_highest_is_in_front_with_its_interval(tmp_path):
    make_run(tmp_path, "a", scores=ner_rows(0.5))
    make_run(tmp_path, "b", scores=ner_rows(0.7, unreliable=True))
    make_run(tmp_path, "best", scores=ner_rows(0.9), gold="oracle")
    summary = summary_of(tmp_path)
    (card,) = summary.glance
    # An upper bound is in front of nobody.
    assert (card.who, card.score, card.bounds) == ("b", "F1 70.0?", "[60.0, 80.0]")
    assert any(kind == "note" and "question mark" in text for kind, text in summary.remarks)
    # Without counts nothing was tested, and the section says why.
    assert (card.verdict, card.about) == ("not tested against the others", "40 documents")
    # The table's note sends nobody to another command.
    (best,) = [note for note in section(summary, "Scores").sheets[0].notes if note.startswith("* ")]
    assert best.endswith("no difference was tested here")
    assert "entity.f1 is not computed from its counts" in section(summary, "Differences").missing


def test_an_upper_bound_alone_is_in_front_of_nobody(tmp_path):
    make_run(tmp_path, "best", gold="oracle")
    (card,) = summary_of(tmp_path).glance
    assert (card.who, card.score) == ("–", "")


def test_losses_failures_and_rows_apart_are_said_before_any_number(tmp_path):
    make_run(tmp_path, "a", examples={"scored": 390, "failed": 10}, truncated=3)
    make_run(tmp_path, "b")
    make_run(tmp_path, "c", gold_sha256="b" * 64)
    broken = make_run(tmp_path, "d")
    (broken / "scores.csv").write_text("altered")
    said = summary_of(tmp_path).remarks
    assert [kind for kind, _ in said] == ["caution", "caution", "note", "note"]
    everything = " ".join(text for _, text in said)
    assert "1 run without scores: d (" in everything
    assert "a (10 failed)" in everything
    assert "a (3)" in everything
    assert "1 row cannot be ranked with the others: other gold" in everything


def test_nothing_is_said_where_nothing_is_wrong(tmp_path):
    make_run(tmp_path, "a")
    assert summary_of(tmp_path).remarks == []


@pytest.fixture(scope="module")
def tied_runs(tmp_path_factory):
    """Two models that answer alike, one as good by other answers, and one that finds nothing."""
    place = tmp_path_factory.mktemp("tied")
    documents = [{"id": f"d{n:02d}", "text": f"Anna met {n} people."} for n in range(12)]
    gold = [{"doc": one["id"], "start": 0, "end": 4, "label": "PER"} for one in documents]
    answers = {"one": gold[:9], "two": gold[:9], "other": gold[3:], "poor": []}
    html["write"](place, "documents", documents)
    html["write"](place / "gold", "entities", gold)
    for model, found in answers.items():
        html["write"](place / model, "entities", [*found, *({"doc": one["id"]} for one in documents)])
        html["carry_out"](
            [
                "data=local", "data.name=mine", f"data.documents={place / 'documents.jsonl'}",
                f"data.gold={place / 'gold'}", "model=predictions", f"model.path={place / model}", "task=ner",
                f"model.name={model}", f"results={place / 'results'}", "metric=[entity_f1]", "interval.resamples=200",
            ]
        )  # fmt: skip
    return place / "results"


def card_of(results, models, baseline=None):
    folders = [folder for folder in find_runs(results) if folder.name.split("-")[0] in models]
    assert len(folders) == len(models)
    runs, failures = read_runs(folders)
    (card,) = summarise(runs, make_tables(runs, failures), baseline).glance
    return card


@pytest.mark.parametrize(
    ("models", "who", "verdict"),
    [
        # The same answers, the same score by other answers, some of both, and some that are in front of another.
        (("one", "two"), "a tie", "one and two tie: no difference on any document"),
        (("one", "other"), "a tie", "one and other tie"),
        (("one", "other", "two"), "a tie", "one, other and two tie"),
        (("one", "poor", "two"), "a tie", "one and two tie: no difference on any document; ahead by more than chance"),
        (("one", "poor"), "one", "ahead by more than chance"),
    ],
)
def test_nobody_is_in_front_of_an_exact_tie(tied_runs, models, who, verdict):
    card = card_of(tied_runs, models)
    assert (card.who, card.verdict) == (who, verdict)
    # 9 of 12 entities and no other: F1 is 2 * 9 / (9 + 12).
    assert card.score == "F1 85.7?"


def test_a_tie_is_said_beside_what_was_tested(tied_runs, tmp_path):
    baseline = next(folder for folder in find_runs(tied_runs) if folder.name.startswith("one"))
    said = "one and two tie: no difference on any document; against one: 1 not told apart"
    assert card_of(tied_runs, ("one", "two"), baseline).verdict == said
    # Without counts nothing is tested, and of many the first are named.
    for number in range(7):
        make_run(tmp_path, f"m{number}", scores=ner_rows(0.5))
    make_run(tmp_path, "z", scores=ner_rows(0.4))
    (card,) = summary_of(tmp_path).glance
    assert (card.who, card.score, card.bounds) == ("a tie", "F1 50.0", "[40.0, 60.0]")
    assert card.verdict == "m0, m1, m2, m3 and 3 others tie; not tested against the others"


# ---- scores ---------------------------------------------------------------------------------------------------------


def test_scores_stand_in_the_table_as_stored(tmp_path):
    make_run(tmp_path, "a", scores=ner_rows(0.123))
    make_run(tmp_path, "b", scores=ner_rows(0.456))
    scores = section(summary_of(tmp_path), "Scores")
    (sheet,) = scores.sheets
    assert [one[0] for one in texts(sheet)] == ["b", "a"]
    assert sheet.rows[0][1].text == "45.6*"
    assert sheet.rows[0][1].sub == "[35.6, 55.6]"
    assert sheet.rows[0][1].strong
    assert len(scores.figures) == 5
    assert scores.figures[0].text == "F1: b 45.6, a 12.3"


def test_rows_apart_have_tables_and_charts_of_their_own(tmp_path):
    make_run(tmp_path, "a")
    make_run(tmp_path, "b")
    make_run(tmp_path, "c", gold_sha256="b" * 64)
    scores = section(summary_of(tmp_path), "Scores")
    assert [sheet.caption[:9] for sheet in scores.sheets] == ["Rows rank", "not ranke"]
    assert len(scores.figures) == 10
    for figure in scores.figures[:5]:
        assert ">c<" not in figure.svg
    for figure in scores.figures[5:]:
        assert ">a<" not in figure.svg


def test_failures_stand_below_the_scores(tmp_path):
    make_run(tmp_path, "a")
    (make_run(tmp_path, "b") / "scores.json").write_text("{")
    (sheet,) = section(summary_of(tmp_path), "Scores").sheets
    assert texts(sheet)[-1][0] == "b"
    assert "no scores" in texts(sheet)[-1][1]


# ---- differences ----------------------------------------------------------------------------------------------------


def test_differences_are_those_of_compare(plain_runs):
    from harness.comparison.differences import differences

    runs, failures = read_runs(find_runs(plain_runs))
    tables = make_tables(runs, failures)
    summary = summarise(runs, tables)
    for number, table in enumerate(tables):
        (expected,) = differences([table])
        shown = section(summary, "Differences", number)
        pair = expected.pairs[0]
        doubtful = any(line.cells[table.columns[0].key].unreliable for line in table.lines)
        assert texts(shown.sheets[0])[0][2] == f"{pair.difference * 100:+.1f}" + ("?" if doubtful else "")
        assert shown.figures[0].text.endswith(f"{pair.a} − {pair.b} {pair.difference * 100:+.1f}")
        # One rule decides what the picture and the words say.
        sure = pair.p_holm < 0.05
        assert ("var(--better)" in shown.figures[0].svg) is (sure and pair.difference > 0)
        said = summary.glance[number].verdict
        assert said == ("ahead by more than chance" if sure else
                        f"in front, but that may be chance: not told apart from {pair.b}")  # fmt: skip
        (best,) = [note for note in section(summary, "Scores", number).sheets[0].notes if note.startswith("* ")]
        assert best.endswith("whether by more than chance stands under Differences")
    # What the fixture is for: a difference beyond chance is among them.
    assert any("by more than chance" in card.verdict for card in summary.glance)


def test_a_baseline_is_the_second_of_every_pair_by_every_score(plain_runs):
    baseline = next(path for path in find_runs(plain_runs) if path.parent.name == "ner" and "good" in path.name)
    summary = summary_of(plain_runs, baseline)
    shown = section(summary, "Differences to the baseline")
    assert len(shown.figures) == len(section(summary, "Scores").figures)
    assert "var(--worse)" in shown.figures[0].svg
    assert "var(--better)" not in shown.figures[0].svg
    assert summary.glance[0].verdict == "against good: 1 worse"
    # The other tasks have no run of it, and say so.
    assert section(summary, "Differences to the baseline", 1).missing.startswith("The baseline has no run of this task")
    assert summary.glance[1].verdict == "not tested against the others"


def test_a_baseline_that_nothing_can_be_compared_with_is_refused(tmp_path, plain_runs):
    make_run(tmp_path, "a")
    make_run(tmp_path, "b")
    with pytest.raises(UsageError, match="no run of this task"):
        summary_of(tmp_path, plain_runs)


def test_more_pairs_than_a_reader_takes_in_need_a_baseline(tmp_path):
    for number in range(6):
        make_run(tmp_path, f"m{number}", scores=ner_rows(0.1 * number + 0.1))
    # 15 pairs are taken in; that these runs have no counts is another matter.
    assert not re.search(r"\d pairs", section(summary_of(tmp_path), "Differences").missing)
    make_run(tmp_path, "m6", scores=ner_rows(0.7))
    shown = section(summary_of(tmp_path), "Differences")
    assert "21 pairs" in shown.missing
    assert "--baseline RUN" in shown.code


# ---- ledger and speed -----------------------------------------------------------------------------------------------


def test_the_ledger_has_every_bin(tmp_path):
    make_run(tmp_path, "a", examples={"scored": 390, "failed": 7, "missing": 3}, truncated=5)
    (sheet,) = section(summary_of(tmp_path), "Ledger").sheets
    assert texts(sheet) == [["a", "400", "390", "0", "0", "7", "3", "5", "7 failed, 3 missing, 5 truncated"]]


def test_gold_that_a_model_never_saw_stands_by_itself(tmp_path):
    make_run(tmp_path, "a", truncated=5, unseen_gold=12)
    make_run(tmp_path, "b")
    summary = summary_of(tmp_path)
    ledger = section(summary, "Ledger")
    (sheet,) = ledger.sheets
    place = list(sheet.headings).index("unseen gold")
    assert [line[place] for line in texts(sheet)] == ["12", "0"]
    assert place in sheet.right
    assert "Unseen gold: entities in text that was cut off" in ledger.about
    assert "a (5, unseen gold entities: 12)" in " ".join(text for _, text in summary.remarks)


def test_speed_needs_a_run_that_was_timed(tmp_path):
    make_run(tmp_path, "a", asked=0)
    shown = section(summary_of(tmp_path), "Quality against speed")
    assert "kept from an earlier run" in shown.missing
    assert shown.code == "python -m harness ... fresh=true"
    make_run(tmp_path, "b")
    shown = section(summary_of(tmp_path), "Quality against speed")
    assert shown.figures[0].text == "b: 50.0 at 50 examples per second"
    assert texts(shown.sheets[0]) == [["b", "50.0", "50"]]


def test_a_hollow_dot_is_unreliable_in_every_chart_of_scores(tmp_path):
    hollow = 'fill="var(--surface)"'
    make_run(tmp_path, "a", scores=ner_rows(0.5))
    make_run(tmp_path, "b", scores=ner_rows(0.7))
    for title in ("Scores", "Quality against speed"):
        shown = section(summary_of(tmp_path), title)
        assert hollow not in shown.figures[0].svg
        assert "hollow" not in shown.about
        assert "A diamond is the best" in shown.about
    make_run(tmp_path, "c", scores=ner_rows(0.6, unreliable=True))
    for title in ("Scores", "Quality against speed"):
        shown = section(summary_of(tmp_path), title)
        assert shown.figures[0].svg.count(hollow) == 1
        assert "A hollow dot is unreliable." in shown.about


# ---- provenance -----------------------------------------------------------------------------------------------------


def test_hashes_versions_and_signatures_are_there(tmp_path):
    make_run(tmp_path, "a")
    runs, signatures = summary_of(tmp_path).provenance
    (cells,) = texts(runs)
    assert cells[:5] == ["a", "mine · ner", "40", "a" * 12, "d" * 12]
    assert cells[5].startswith("harness ")
    assert ["ner", "F1", "entity.f1|avg:micro|v:1|map:none"] in texts(signatures)


def test_a_table_without_a_row_says_why(tmp_path):
    make_run(tmp_path, "a", task="ner")
    (make_run(tmp_path, "b", task="stance", scores=[row("stance.favg", "pooled", 0.5)]) / "scores.json").unlink()
    summary = summary_of(tmp_path)
    assert [card.who for card in summary.glance] == ["a", "no scores"]
    assert "b: no scores: scores.json is missing" in section(summary, "Scores", 1).missing
