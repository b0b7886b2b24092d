"""Differences of made-up systems: values against scikit-learn's, and the same figures in every place they stand."""

import csv
import io
import json
import random
import re
import runpy
import shutil
from pathlib import Path

import pytest
from sklearn.metrics import f1_score

from harness.__main__ import command

pytestmark = pytest.mark.core
carry_out = runpy.run_path(str(Path(__file__).parents[1] / "run_here.py"))["carry_out"]
made = runpy.run_path(str(Path(__file__).parents[1] / "made_systems.py"))
LABELS = ("favor", "against", "none")


def write_lines(path, records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Three models over 60 documents of two targets each: `good` and `twin` answer alike, `poor` often wrong."""
    folder = tmp_path_factory.mktemp("differences")
    draw = random.Random(5)
    gold = [
        {"doc": f"d{number:02d}", "target": target, "label": draw.choice(LABELS)}
        for number in range(60)
        for target in ("a", "b")
    ]
    (folder / "gold").mkdir()
    write_lines(folder / "gold" / "documents.jsonl", [{"id": f"d{n:02d}", "text": f"Text {n}."} for n in range(60)])
    write_lines(folder / "gold" / "targets.jsonl", [{"id": "a", "text": "A"}, {"id": "b", "text": "B"}])
    write_lines(folder / "gold" / "stance.jsonl", gold)
    answers = {}
    for name, share, seed in (("good", 0.9, 1), ("twin", 0.9, 1), ("poor", 0.4, 2)):
        one = random.Random(seed)
        answers[name] = [
            {**record, "label": record["label"] if one.random() < share else one.choice(LABELS)} for record in gold
        ]
        write_lines(folder / f"{name}.jsonl", answers[name])
        place = folder / "gold"
        carry_out(
            [
                *("data=local", "data.name=made", f"data.documents={place}", f"data.gold={place}", "task=stance"),
                *("model=predictions", f"model.path={folder / f'{name}.jsonl'}", f"model.name={name}"),
                *(f"results={folder / 'results'}", "interval.resamples=1000"),
            ]
        )
    return folder / "results", gold, answers


def favg(gold, answers):
    return f1_score(
        [g["label"] for g in gold], [a["label"] for a in answers], labels=["favor", "against"], average="macro"
    )


def records(capsys, *arguments):
    capsys.readouterr()
    assert command(["compare", *map(str, arguments), "--format", "json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["schema"] == "harness.comparison.differences/1"
    return {(row["a"], row["b"]): row for row in content["rows"]}


def test_every_pair_has_its_difference_and_its_test(runs, capsys):
    results, gold, answers = runs
    found = records(capsys, results, "--pairs")
    assert len(found) == 3
    for (a, b), row in found.items():
        assert row["difference"] == pytest.approx(favg(gold, answers[a]) - favg(gold, answers[b]))
        assert row["n"] == 60
    same = next(row for pair, row in found.items() if set(pair) == {"good", "twin"})
    assert (same["difference"], same["p"], same["p_holm"], same["differing"]) == (0, 1, 1, 0)
    other = next(row for pair, row in found.items() if set(pair) == {"good", "poor"})
    assert other["p"] == pytest.approx(1 / 1001)
    assert other["p_holm"] == pytest.approx(3 / 1001)
    assert other["low"] > 0 or other["high"] < 0


def test_against_a_baseline_it_comes_second_and_holm_is_over_those_pairs(runs, capsys):
    results, gold, answers = runs
    (folder,) = (results / "made" / "stance").glob("poor*")
    found = records(capsys, results, "--pairs", "--baseline", folder)
    assert set(found) == {("good", "poor"), ("twin", "poor")}
    row = found["good", "poor"]
    assert row["difference"] == pytest.approx(favg(gold, answers["good"]) - favg(gold, answers["poor"]))
    assert row["low"] <= row["difference"] <= row["high"]
    assert row["p_holm"] == pytest.approx(2 / 1001)
    assert row["above"] == 1


def test_the_main_table_has_the_difference_beside_each_row(runs, capsys, monkeypatch):
    results, *_ = runs
    (folder,) = (results / "made" / "stance").glob("poor*")
    pairs = records(capsys, results, "--pairs", "--baseline", folder, "--margin", "0.05")
    arguments = ["compare", str(results), "--baseline", str(folder), "--margin", "0.05"]
    assert command([*arguments, "--format", "json"]) == 0
    (table,) = json.loads(capsys.readouterr().out)["tables"]
    assert table["baseline"] == "poor"
    for line in table["blocks"][0]["rows"]:
        score = line["scores"]["stance.favg"]
        if line["label"] == "poor":
            assert "difference" not in score
            continue
        pair = pairs[line["label"], "poor"]
        for name, other in (("difference", "difference"), ("difference_low", "low"), ("difference_high", "high")):
            assert score[name] == pair[other]
        assert (score["p_holm"], score["equivalent"]) == (pair["p_holm"], pair["equivalent"])
    assert command([*arguments, "--format", "csv"]) == 0
    rows = [row for row in csv.DictReader(io.StringIO(capsys.readouterr().out)) if row["metric"] == "stance.favg"]
    assert {row["model"]: row["baseline"] for row in rows if row["average"] == "pooled"} == {
        "good": "poor",
        "twin": "poor",
        "poor": "",
    }
    monkeypatch.setenv("COLUMNS", "200")
    assert command(arguments) == 0
    out = capsys.readouterr().out
    line = next(line for line in out.splitlines() if line.startswith(" good "))
    pair = pairs["good", "poor"]
    shown = [f"+{pair['difference'] * 100:.1f}", f"[{pair['low'] * 100:.1f}, {pair['high'] * 100:.1f}]", "0.0020"]
    assert all(text in line for text in shown)
    assert "(itself)" in next(line for line in out.splitlines() if line.startswith(" poor "))
    assert "score minus that of poor" in out


@pytest.mark.parametrize("form", ["table", "md", "latex", "html"])
def test_no_heading_and_no_cell_can_be_read_as_a_model_called_baseline(runs, capsys, form):
    results, *_ = runs
    (folder,) = (results / "made" / "stance").glob("poor*")
    assert command(["compare", str(results), "--baseline", str(folder), "--format", form]) == 0
    out = capsys.readouterr().out
    assert "vs poor" in out
    assert "(itself)" in out
    assert "vs baseline" not in out
    # As a word it stands in one footnote.
    assert re.findall(r"\S+ \S+ baseline\b", out) == ["with the baseline"]


def test_a_table_that_the_baseline_has_no_run_of_says_so(systems, tmp_path, capsys):
    poor = str(systems.runs["poor"]["stance"])
    assert command(["compare", str(systems.results), "--baseline", poor, "--format", "md"]) == 0
    parts = capsys.readouterr().out.split("**made · ")[1:]
    for part in parts:
        task = part.split(" ")[0]
        assert (f"- no difference: the baseline has no run of made, {task}\n" in part) == (task != "stance")
    assert len(parts) == 3
    for task in ("stance", "ner"):
        shutil.copytree(systems.runs["poor"][task], tmp_path / "base" / task)
    good = str(systems.runs["good"]["stance"])
    assert command(["compare", good, "--baseline", str(tmp_path / "base"), "--format", "md"]) == 0
    assert capsys.readouterr().out.count("- no difference: no row can be compared with poor\n") == 1


def test_what_rests_on_little_is_marked_in_every_table(systems, runs, capsys):
    """Twenty documents are fewer than 30 units; the sixty of `runs` are not."""
    assert command(["compare", str(systems.results / "made" / "stance"), "--pairs", "--format", "md"]) == 0
    _, pairs, ranks = capsys.readouterr().out.split("(stance.favg)")
    assert re.search(r"\| good \| poor \| \+\d+\.\d\? \|", pairs)
    assert len(re.findall(r"\| (?:good|poor) \| \d+\.\d\? \|.*%\? \|", ranks)) == 2
    assert all("- ? unreliable: rests on fewer than 30 units" in part for part in (pairs, ranks))
    assert command(["compare", str(runs[0]), "--pairs", "--format", "md"]) == 0
    assert "unreliable" not in capsys.readouterr().out


def test_a_score_that_no_draw_moves_says_why_there_is_no_interval(tmp_path, capsys):
    """Neither system ever finds favor or against, so favg is 0 whatever is drawn, and yet they answer differently."""
    gold = made["make_corpus"](tmp_path, documents=8)
    wrong = {"favor": "against", "against": "favor", "none": "favor"}
    for name, say in (("silent", lambda label: "none"), ("wrong", wrong.get)):
        answers = {"stance": [{**record, "label": say(record["label"])} for record in gold["stance"]]}
        folders = made["make_system"](tmp_path, name, answers, tasks="stance")
    results = str(tmp_path / "results")
    assert command(["compare", results, "--pairs", "--margin", "0.02", "--format", "md"]) == 0
    why = "no interval of the difference: every resample gives the same value"
    moved = " (they are counted apart on 8 of 8 units, yet favg does not move)"
    assert f"- silent, wrong: {why}{moved}\n" in capsys.readouterr().out
    assert command(["compare", results, "--baseline", str(folders["stance"]), "--format", "md"]) == 0
    assert why in capsys.readouterr().out


def test_letters_tell_what_the_pairs_told_apart(runs, capsys):
    results, *_ = runs
    found = records(capsys, results, "--pairs")
    assert command(["compare", str(results), "--letters", "--format", "json"]) == 0
    (table,) = json.loads(capsys.readouterr().out)["tables"]
    letters = {line["label"]: line["scores"]["stance.favg"]["letters"] for line in table["blocks"][0]["rows"]}
    for (a, b), row in found.items():
        assert bool(set(letters[a]) & set(letters[b])) == (row["p_holm"] > 0.05)
    assert set(letters["good"]) == {"a"}


def test_ranks_stand_beside_the_pairs(runs, capsys):
    results, *_ = runs
    assert command(["compare", str(results), "--pairs", "--format", "json"]) == 0
    ranks = {row["system"]: row for row in json.loads(capsys.readouterr().out)["ranks"]}
    assert (ranks["good"]["rank"], ranks["twin"]["rank"], ranks["poor"]["rank"]) == (1.5, 1.5, 3)
    assert ranks["good"]["best"] == 0.5


def test_a_baseline_need_not_be_among_the_runs(runs, capsys):
    results, *_ = runs
    good, poor = (next((results / "made" / "stance").glob(f"{name}*")) for name in ("good", "poor"))
    assert command(["compare", str(good), "--baseline", str(poor)]) == 0
    assert "score minus that of poor" in capsys.readouterr().out


def test_a_slice_and_another_score_are_compared_on_their_own_counts(runs, capsys):
    results, gold, answers = runs
    found = records(capsys, results, "--pairs", "--metric", "stance.accuracy@target=a", "stance.favg")
    assert {(row["metric"], row["slice"]) for row in found.values()} <= {
        ("stance.accuracy", "target=a"),
        ("stance.favg", "all"),
    }
    capsys.readouterr()
    assert command(["compare", str(results), "--pairs", "--metric", "stance.accuracy@target=a", "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    of_a = [number for number, record in enumerate(gold) if record["target"] == "a"]

    def accuracy(name):
        return sum(answers[name][n]["label"] == gold[n]["label"] for n in of_a) / len(of_a)

    for row in rows:
        assert float(row["difference"]) == pytest.approx(accuracy(row["a"]) - accuracy(row["b"]))


def test_equivalence_needs_a_margin_and_says_so(runs, capsys):
    results, *_ = runs
    found = records(capsys, results, "--pairs", "--margin", "0.05")
    same = next(row for pair, row in found.items() if set(pair) == {"good", "twin"})
    assert same["equivalent"] is True
    assert not any(row["equivalent"] for pair, row in found.items() if "poor" in pair)
    for wrong in (["--margin", "0.05"], *(["--pairs", "--margin", value] for value in ("0", "nan", "5"))):
        assert command(["compare", str(results), *wrong]) == 2


def test_what_people_read(runs, capsys):
    results, *_ = runs
    assert command(["compare", str(results), "--pairs"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "differences: made · stance · favg" in said
    assert "selected: good and twin" in said
    assert "equal models would look" in said
    assert "with 80% power" in said
    assert command(["compare", str(results), "--pairs", "--format", "md"]) == 0
    assert "| first | second | difference |" in capsys.readouterr().out


def test_nothing_to_compare_is_one_message(runs, capsys, tmp_path):
    results, *_ = runs
    (folder,) = (results / "made" / "stance").glob("poor*")
    assert command(["compare", str(folder), "--pairs"]) == 2
    assert "no two rows can be compared" in capsys.readouterr().err
    assert command(["compare", str(results), "--baseline", str(tmp_path)]) == 2
    assert "no run folder there" in capsys.readouterr().err
    assert command(["compare", str(results), "--baseline", "poor"]) == 2
    said = capsys.readouterr().err
    assert "no such run folder; there are" in said
    assert str(folder) in said
    assert command(["compare", str(results), "--baseline", str(results)]) == 2
    assert "3 runs of made, stance lie there" in capsys.readouterr().err
