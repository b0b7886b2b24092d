"""`gold correlate`: metrics held to human ratings, from the command line to the table."""

import csv
import io
import json
import re

import numpy as np
import pytest
from scipy import stats

from harness.__main__ import command
from harness.errors import DataError
from harness.meta_evaluation import grid, meta_evaluate
from harness.statistics.correlation import correlate
from harness.system_scores import Ratings, Scores

pytestmark = pytest.mark.core


@pytest.fixture(autouse=True)
def _wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")


SYSTEMS, DOCUMENTS = ("a", "b", "c", "d"), tuple(f"d{n}" for n in range(6))


def made_up(rng_seed=0):
    generator = np.random.default_rng(rng_seed)
    people = generator.integers(1, 6, (4, 6)).astype(float)
    metric = people + generator.normal(size=people.shape)
    return Scores(SYSTEMS, DOCUMENTS, {"m": metric}, {"m": np.ones_like(metric)}, {}), Ratings("", people)


def write(tmp_path, scores, ratings, kind="jsonl"):
    """The two files that say the same."""
    pairs = [(s, d) for s in range(len(scores.systems)) for d in range(len(scores.documents))]
    rows = [
        {"doc": DOCUMENTS[d], "system": SYSTEMS[s], "metric": name, "value": values[s, d]}
        for name, values in scores.values.items()
        for s, d in pairs
    ]
    people = [{"doc": DOCUMENTS[d], "model": SYSTEMS[s], "rating": ratings.values[s, d]} for s, d in pairs]
    for name, records in (("scores", rows), ("ratings", people)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records), encoding="utf-8")
    return [
        "gold",
        "correlate",
        "--scores",
        str(tmp_path / "scores.jsonl"),
        "--ratings",
        str(tmp_path / "ratings.jsonl"),
    ]


def test_every_level_and_coefficient_of_every_metric_and_criterion():
    scores, ratings = made_up()
    scores = Scores(
        SYSTEMS,
        DOCUMENTS,
        {**scores.values, "k": -scores.values["m"]},
        dict.fromkeys("mk", np.ones((4, 6))),
        {"m": "m|v:1"},
    )
    found = meta_evaluate(scores, [ratings, Ratings("other", ratings.values)], resamples=100)
    assert len(found) == 2 * 2 * 11
    for one in found:
        expected = correlate(
            scores.values[one.metric], ratings.values, one.found.level, one.found.coefficient, resamples=100
        )
        assert one.found == expected
        assert one.signature == ("m|v:1" if one.metric == "m" else None)


def test_binary_ratings_have_an_auc_and_others_have_none():
    scores, ratings = made_up()
    labels = Ratings("", (ratings.values > 3).astype(float))
    found = meta_evaluate(scores, [labels], levels=("pooled",), resamples=100)
    assert [one.found.coefficient for one in found] == ["pearson", "spearman", "kendall", "auc"]
    found = meta_evaluate(scores, [ratings], levels=("pooled",), resamples=100)
    assert [one.found.coefficient for one in found] == ["pearson", "spearman", "kendall"]


def test_what_is_lacking_is_refused_unless_that_is_wanted():
    scores, ratings = made_up()
    ratings.values[1, 2] = np.nan
    with pytest.raises(DataError, match=r"1 of 24 pairs .* have no rating \(first: 'b' on 'd2'\); .*--incomplete"):
        meta_evaluate(scores, [ratings], resamples=100)
    found = meta_evaluate(scores, [ratings], levels=("pooled",), resamples=100, incomplete=True)
    assert found[0].found.pairs == 23
    scores.given["m"][0, 0] = 0
    scores.values["m"][0, 0] = np.nan
    ratings.values[1, 2] = 3
    with pytest.raises(DataError, match=r"1 of 24 pairs .* have no score of m \(first: 'a' on 'd0'\)"):
        meta_evaluate(scores, [ratings], resamples=100)
    # Given but undefined is no gap.
    scores.given["m"][0, 0] = 1
    assert meta_evaluate(scores, [ratings], levels=("pooled",), resamples=100)[0].found.pairs == 23


def test_documents_that_nobody_rated_are_no_gap_and_count_in_the_metrics_means_if_wanted():
    scores, ratings = made_up()
    ratings.values[:, 4:] = np.nan
    people = np.nanmean(ratings.values, axis=1)
    for rated_only, columns in ((False, 6), (True, 4)):
        found = meta_evaluate(scores, [ratings], levels=("system",), resamples=100, rated_only=rated_only)
        means = scores.values["m"][:, :columns].mean(axis=1)
        assert found[0].found.value == pytest.approx(stats.pearsonr(means, people).statistic)
        assert found[0].found.documents == 4
    assert "6 documents, 4 rated" in grid(found, scores, [ratings]).title


def test_the_table_in_every_format(tmp_path, capsys):
    scores, ratings = made_up()
    given = [*write(tmp_path, scores, ratings), "--resamples", "100", "--level", "system", "summary"]
    assert command(given) == 0
    text = capsys.readouterr().out
    assert "metrics against people · 4 systems · 6 documents, 6 rated" in text
    expected = correlate(scores.values["m"], ratings.values, "summary", "kendall", resamples=100)
    (row,) = (line for line in text.splitlines() if "summary  kendall" in line)
    assert f"{expected.value:.3f} [{expected.low:.3f}, {expected.high:.3f}]" in " ".join(row.split())
    assert "percentile bootstrap over systems and inputs, 100 resamples" in text

    assert command([*given, "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["level"], row["coefficient"]) for row in rows][-1] == ("summary", "kendall")
    assert float(rows[-1]["value"]) == expected.value
    assert float(rows[-1]["high"]) == expected.high

    assert command([*given, "--format", "json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["schema"] == "harness.correlations/1"
    assert content["rows"][-1]["low"] == expected.low
    assert (content["documents"], content["systems"]) == (6, list(SYSTEMS))
    assert content["ratings"] == [{"alpha_interval": None, "annotators": 0, "criterion": None}]

    assert command([*given, "--format", "md"]) == 0
    text = capsys.readouterr().out
    assert f"| m | summary | kendall | {expected.value:.3f} | \\[{expected.low:.3f}, {expected.high:.3f}\\] |" in text


def test_remarks_say_why_there_is_no_value(tmp_path, capsys):
    scores, ratings = made_up()
    constant = Ratings("", np.full_like(ratings.values, 3.0))
    assert command([*write(tmp_path, scores, constant), "--level", "pooled"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "no value: one side is constant (m pooled pearson, m pooled spearman, m pooled kendall)" in text
    assert "–" in text
    one = Scores(("a",), DOCUMENTS, {"m": scores.values["m"][:1]}, {"m": np.ones((1, 6))}, {})
    assert (
        command([*write(tmp_path, one, Ratings("", ratings.values[:1])), "--level", "system", "--format", "json"]) == 0
    )
    (row, *_) = json.loads(capsys.readouterr().out)["rows"]
    assert row["value"] is None
    assert row["reason"].startswith("1 system with values on both sides, 3 are needed")


def test_two_systems_have_no_coefficient_that_could_not_be_otherwise(tmp_path, capsys):
    scores, ratings = made_up()
    two = Scores(SYSTEMS[:2], DOCUMENTS, {"m": scores.values["m"][:2]}, {"m": np.ones((2, 6))}, {})
    given = [*write(tmp_path, two, Ratings("", ratings.values[:2])), "--resamples", "200"]
    assert command([*given, "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    for row in rows:
        trivial = row["level"] in ("system", "summary")
        assert (row["value"] is None) == trivial
        assert (row["low"] is None) == trivial
        if trivial:
            assert "between two every coefficient is 1 or -1" in row["reason"]
        else:
            assert row["resampled"] == "inputs"
    assert command(given) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "2 systems with values on both sides, 3 are needed, for between two every coefficient is 1 or -1" in text
    assert "fewer than three systems are not drawn anew: the intervals say nothing of other systems" in text
    assert command([*write(tmp_path, scores, ratings), "--resamples", "200"]) == 0
    assert "not drawn anew" not in capsys.readouterr().out


def test_several_annotators_are_said_with_their_agreement(tmp_path, capsys):
    scores, ratings = made_up()
    given = write(tmp_path, scores, ratings)
    rows = [json.loads(line) for line in (tmp_path / "ratings.jsonl").read_text(encoding="utf-8").splitlines()]
    both = [{**row, "annotator": name, "rating": row["rating"] + (name == "y")} for row in rows for name in "xy"]
    (tmp_path / "ratings.jsonl").write_text("".join(json.dumps(row) + "\n" for row in both), encoding="utf-8")
    assert command([*given, "--level", "pooled", "--resamples", "100"]) == 0
    assert "ratings: the mean over 2 annotators; Krippendorff's alpha (interval) 0." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--resamples", "5"], "--resamples must be at least 100"),
        (["--level", "corpus"], "--level: 'corpus' is not offered"),
        (["--metric", "n"], "--metric n: .* has no such metric"),
        (["--criterion", "fluent"], "--criterion fluent: .* has no such criterion"),
        (["--rating", "x"], "--rating: unknown option; did you mean '--ratings'"),
    ],
)
def test_bad_usage_is_one_message(tmp_path, capsys, more, message):
    assert command([*write(tmp_path, *made_up()), *more]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert re.search(message, captured.err), captured.err
    assert len(captured.err.strip().splitlines()) == 1


def test_neither_runs_nor_scores(tmp_path, capsys):
    assert command(["gold", "correlate", "--ratings", str(tmp_path / "r.jsonl")]) == 2
    assert "needs a RUN or --scores FILE" in capsys.readouterr().err
    assert command(["gold", "correlate", "--scores", "x.csv", "--ratings", str(tmp_path / "r.jsonl")]) == 2
    assert "x.csv: no such file" in capsys.readouterr().err
