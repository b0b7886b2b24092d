"""Scores of several systems from stored runs or a file, and ratings of what they gave."""

import json
import math
import shutil

import numpy as np
import pytest

from harness.__main__ import command
from harness.errors import DataError, RunError, UsageError
from harness.system_scores import joined, read_ratings, scores_of_file, scores_of_runs

pytestmark = pytest.mark.core

TEXTS = {
    f"d{n}": f"The harbour of town {n} was closed on Monday. Ships had to wait. Nobody was hurt." for n in range(4)
}
REFERENCES = {doc: f"The harbour of town {doc[1]} was closed." for doc in TEXTS}
ANSWERS = {
    "good": {doc: f"Harbour of town {doc[1]} closed on Monday." for doc in TEXTS},
    "fair": dict.fromkeys(TEXTS, "Ships had to wait at the harbour."),
    "poor": {doc: f"Nobody was hurt in {int(doc[1]) * 'very '}much." for doc in TEXTS},
}


def lines(path, records):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def make_run(root, name, answers, *more, results="results"):
    """A stored run of summaries that were made elsewhere."""
    from harness import plan

    plan._corpora.clear()
    lines(root / name / "summaries.jsonl", [{"doc": doc, "text": text} for doc, text in answers.items()])
    given = ["model=predictions", f"model.path={root / name}", f"model.name={name}", "data=local", "data.name=own"]
    given += [f"data.documents={root / 'docs'}", f"data.gold={root / 'gold'}", "interval.resamples=100"]
    assert command([*given, "task=summarization", f"results={root / results}", *more]) == 0
    (folder,) = (root / results / "own" / "summarization").glob(f"{name}*")
    return folder


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Three systems' runs over four documents."""
    root = tmp_path_factory.mktemp("runs")
    lines(root / "docs" / "documents.jsonl", [{"id": doc, "text": text} for doc, text in TEXTS.items()])
    lines(root / "gold" / "summaries.jsonl", [{"doc": doc, "text": text} for doc, text in REFERENCES.items()])
    for name, answers in ANSWERS.items():
        make_run(root, name, answers)
    return root


def test_a_run_gives_each_document_its_own_score(root):
    from rouge_score_rs.rouge_scorer import RougeScorer

    scores = scores_of_runs([root / "results"], ["rouge1.f1", "rouge2.recall"])
    assert scores.systems == ("fair", "good", "poor")
    assert scores.documents == ("d0", "d1", "d2", "d3")
    scorer = RougeScorer(["rouge1", "rouge2"], use_stemmer=True)
    for row, system in enumerate(scores.systems):
        for column, doc in enumerate(scores.documents):
            found = scorer.score(REFERENCES[doc], ANSWERS[system][doc])
            assert scores.values["rouge1.f1"][row, column] == pytest.approx(found["rouge1"].fmeasure)
            assert scores.values["rouge2.recall"][row, column] == pytest.approx(found["rouge2"].recall)
    assert scores.signatures["rouge1.f1"].startswith("rouge1.f1|mode:rouge_score")


def test_the_mean_over_documents_is_the_runs_own_score(root):
    scores = scores_of_runs([root / "results"])
    assert {"rouge1.f1", "rougeLsum.f1", "length.words"} <= set(scores.values)
    for row, system in enumerate(scores.systems):
        (file,) = (root / "results").rglob(f"{system}*/scores.json")
        stored = {r["metric"]: r for r in json.loads(file.read_text(encoding="utf-8"))["scores"] if r["slice"] == "all"}
        for name, values in scores.values.items():
            assert values[row].mean() == pytest.approx(stored[name]["value"])


def test_a_slice_is_that_of_its_examples(root):
    scores = scores_of_runs([root / "results"], ["rouge1.f1@style=default"])
    whole = scores_of_runs([root / "results"], ["rouge1.f1"])
    assert np.array_equal(scores.values["rouge1.f1@style=default"], whole.values["rouge1.f1"])


def test_one_document_is_one_document_though_its_sentences_are_resampled(tmp_path):
    from harness import plan

    plan._corpora.clear()
    sentences = [{"doc": "d", "id": "s1", "start": 0, "end": 10}, {"doc": "d", "id": "s2", "start": 11, "end": 20}]
    entities = [
        {"doc": "d", "start": start, "end": start + len(text), "label": "PER", "text": text}
        for start, text in ((0, "Anna"), (11, "Bob"))
    ]
    lines(tmp_path / "gold" / "documents.jsonl", [{"id": "d", "text": "Anna sang. Bob left."}])
    lines(tmp_path / "gold" / "sentences.jsonl", sentences)
    lines(tmp_path / "gold" / "entities.jsonl", entities)
    lines(tmp_path / "mine" / "entities.jsonl", entities[:1])
    given = ["model=predictions", f"model.path={tmp_path / 'mine'}", "model.name=mine", "data=local", "data.name=own"]
    given += [f"data.gold={tmp_path / 'gold'}", "task=ner", "interval.resamples=100", f"results={tmp_path / 'results'}"]
    assert command(given) == 0
    scores = scores_of_runs([tmp_path / "results"], ["entity.f1"])
    assert scores.documents == ("d",)
    assert scores.values["entity.f1"].tolist() == [[pytest.approx(2 / 3)]]


def test_what_cannot_be_correlated_together_is_refused(root, tmp_path):
    with pytest.raises(UsageError, match=r"rouge1.f2: no run here has this score; did you mean"):
        scores_of_runs([root / "results"], ["rouge1.f2"])
    with pytest.raises(UsageError, match="none of the runs is of this task; there are summarization"):
        scores_of_runs([root / "results"], task="ner")
    make_run(root, "other", ANSWERS["good"], "metric.rouge.stem=false", results="unstemmed")
    with pytest.raises(RunError, match="unlike signatures"):
        scores_of_runs([root / "results", root / "unstemmed"])
    make_run(root, "short", ANSWERS["good"], "data.limit=2", results="short")
    with pytest.raises(RunError, match="are of other gold"):
        scores_of_runs([root / "results", root / "short"])
    with pytest.raises(RunError, match="no such folder"):
        scores_of_runs([tmp_path / "nowhere"])


def test_the_command_takes_runs(root, tmp_path, capsys):
    ratings = [
        {"doc": doc, "model": model, "rating": rating + (doc == "d1")}
        for model, rating in (("good", 5), ("fair", 3), ("poor", 1))
        for doc in TEXTS
    ]
    path = str(lines(tmp_path / "r.jsonl", ratings))
    given = ["gold", "correlate", str(root / "results"), "--ratings", path, "--resamples", "100", "--format", "json"]
    assert command([*given, "--metric", "rouge1.f1", "rouge2.f1", "--level", "system", "partial"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["systems"] == ["fair", "good", "poor"]
    assert {row["metric"] for row in content["rows"]} == {"rouge1.f1", "rouge2.f1"}
    values = scores_of_runs([root / "results"], ["rouge1.f1"]).values["rouge1.f1"].mean(axis=1)
    row = next(row for row in content["rows"] if row["metric"] == "rouge1.f1" and row["level"] == "system")
    assert row["value"] == pytest.approx(np.corrcoef(values, [3, 5, 1])[0, 1])
    assert row["signature"].startswith("rouge1.f1|")
    lines(tmp_path / "r.jsonl", ratings[:-1])
    assert command(given) == 2
    assert (
        "1 of 12 pairs of a system and a rated document have no rating (first: 'poor' on 'd3')"
        in capsys.readouterr().err
    )


def test_two_runs_of_one_name_are_called_by_their_folders(root):
    make_run(root, "twice", ANSWERS["good"], results="one")
    folder = make_run(root, "twice", ANSWERS["poor"], results="two")
    with pytest.raises(UsageError, match=f"would both be called '{folder.name}'"):
        scores_of_runs([root / "one", root / "two"])
    shutil.move(folder, folder.with_name("again"))
    assert scores_of_runs([root / "one", root / "two"]).systems == ("again", folder.name)


# ---- scores made elsewhere -------------------------------------------------------------------------------------------

SCORES = [
    {"doc": "d1", "system": "x", "metric": "m", "value": 0.5},
    {"doc": "d2", "system": "x", "metric": "m", "value": None},
    {"doc": "d1", "system": "y", "metric": "m", "value": 1},
    {"doc": "d1", "system": "y", "metric": "k", "value": 7},
]


def test_scores_of_a_file(tmp_path):
    scores = scores_of_file(lines(tmp_path / "s.jsonl", SCORES))
    assert (scores.systems, scores.documents, list(scores.values)) == (("x", "y"), ("d1", "d2"), ["m", "k"])
    assert np.array_equal(scores.values["m"], [[0.5, math.nan], [1, math.nan]], equal_nan=True)
    # Undefined is something else than not there.
    assert scores.given["m"].tolist() == [[1, 1], [1, 0]]
    assert list(scores_of_file(tmp_path / "s.jsonl", ["k"]).values) == ["k"]


def test_csv_is_read_likewise(tmp_path):
    path = tmp_path / "s.csv"
    text = 'doc,system,metric,value\nd1,x,m,0.5\nd2,x,m,\n"d1",y,m,1\nd1,y,k,7e0\n'
    for bom in ("", "\ufeff"):
        path.write_text(bom + text, encoding="utf-8")
        from_csv, from_lines = scores_of_file(path), scores_of_file(lines(tmp_path / "s.jsonl", SCORES))
        assert from_csv.systems == from_lines.systems
        for metric in ("m", "k"):
            assert np.array_equal(from_csv.values[metric], from_lines.values[metric], equal_nan=True)
            assert np.array_equal(from_csv.given[metric], from_lines.given[metric])


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("s.jsonl", '{"doc": "d", "system": "x", "metric": "m", "value": "much"}\n', "s.jsonl:1: expected"),
        ("s.jsonl", '{"doc": "d", "system": "x", "metric": "m", "value": 1' + "0" * 400 + "}\n", "s.jsonl:1"),
        ("s.jsonl", '{"doc": "d", "system": "x", "value": 1}\n', "s.jsonl:1: expected"),
        ("s.jsonl", '{"doc": 3, "system": "x", "metric": "m", "value": 1}\n', "s.jsonl:1: expected"),
        ("s.jsonl", '{"doc": "d", "system": "x", "metric": "m", "value": [1]}\n', "s.jsonl:1: expected"),
        ("s.jsonl", 2 * '{"doc": "d", "system": "x", "metric": "m", "value": 1}\n', "s.jsonl:2: .*jsonl:1 already"),
        ("s.jsonl", "", "no scores there"),
        ("s.csv", "doc,system,metric,value\nd,x,m,inf\n", "s.csv:2: expected"),
        ("s.csv", "doc,system,metric,value\nd,x,m,nan\n", "s.csv:2: expected"),
        ("s.csv", 'doc,system,metric,value\nd,x,m,"1\n', "not CSV"),
        ("s.csv", "doc;system;metric;value\nd;x;m;1\n", "s.csv:2: expected"),
    ],
)
def test_a_bad_file_of_scores_is_refused_with_its_line(tmp_path, name, text, message):
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        scores_of_file(tmp_path / name)


def test_an_unknown_metric_names_the_nearest(tmp_path):
    path = lines(tmp_path / "s.jsonl", [{"doc": "d", "system": "x", "metric": "bleu", "value": 1}])
    with pytest.raises(UsageError, match="no such metric; did you mean 'bleu'"):
        scores_of_file(path, ["blue"])


def test_runs_and_a_file_together(root, tmp_path):
    runs = scores_of_runs([root / "results"], ["rouge1.f1"])
    rows = [
        {"doc": doc, "system": system, "metric": "mine", "value": 1} for doc in TEXTS for system in ("good", "fair")
    ]
    both = joined(runs, scores_of_file(lines(tmp_path / "s.jsonl", rows)))
    assert both.systems == runs.systems
    assert np.array_equal(both.values["rouge1.f1"], runs.values["rouge1.f1"])
    assert both.given["mine"].sum(axis=1).tolist() == [4, 4, 0]
    rows = [{**row, "metric": "rouge1.f1"} for row in rows]
    with pytest.raises(UsageError, match="rename it"):
        joined(runs, scores_of_file(lines(tmp_path / "s.jsonl", rows)))


# ---- ratings ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def scores(tmp_path):
    rows = [{"doc": d, "system": s, "metric": "m", "value": 1} for d in ("d1", "d2") for s in ("lead", "tiny")]
    return scores_of_file(lines(tmp_path / "scores.jsonl", rows))


def rating(doc="d1", model="lead", value=1, **more):
    return {"doc": doc, "model": model, "rating": value, **more}


def test_ratings_by_criterion_and_their_mean_over_annotators(scores, tmp_path):
    rows = [
        rating(value=1, criterion="fluent", annotator="a"),
        rating(value=4, criterion="fluent", annotator="b"),
        rating(value=5, criterion="relevant", annotator="a"),
        {"doc": "d2", "system": "tiny", "rating": True, "criterion": "relevant"},
    ]
    fluent, relevant = read_ratings(lines(tmp_path / "r.jsonl", rows), scores)
    assert (fluent.criterion, fluent.annotators, relevant.criterion) == ("fluent", 2, "relevant")
    assert np.array_equal(fluent.values, [[2.5, math.nan], [math.nan, math.nan]], equal_nan=True)
    assert np.array_equal(relevant.values, [[5, math.nan], [math.nan, 1]], equal_nan=True)
    (only,) = read_ratings(tmp_path / "r.jsonl", scores, ["relevant"])
    assert only.criterion == "relevant"
    with pytest.raises(UsageError, match="no such criterion; did you mean 'fluent'"):
        read_ratings(tmp_path / "r.jsonl", scores, ["fluency"])


def test_agreement_of_annotators_is_krippendorffs(scores, tmp_path):
    import krippendorff

    table = {"a": [1, 2, 4, 5], "b": [2, 2, 5, 5], "c": [1, 3, 4, 4]}
    pairs = [(doc, model) for doc in ("d1", "d2") for model in ("lead", "tiny")]
    rows = [
        rating(*pair, value, annotator=name)
        for name, values in table.items()
        for pair, value in zip(pairs, values, strict=True)
    ]
    (found,) = read_ratings(lines(tmp_path / "r.jsonl", rows), scores)
    expected = krippendorff.alpha(np.array(list(table.values()), dtype=float), level_of_measurement="interval")
    assert found.alpha == pytest.approx(expected)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([rating("d9")], "r.jsonl:1: document 'd9' is not among the 2 that have scores"),
        ([rating(model="tinny")], "system 'tinny' has no scores; did you mean 'tiny'.; there are lead, tiny"),
        ([rating(value="high")], "r.jsonl:1: expected"),
        ([rating(value=None)], "r.jsonl:1: expected"),
        ([{"doc": "d1", "rating": 1}], "r.jsonl:1: expected"),
        ([rating(), rating(value=2)], "r.jsonl:2: 'lead' on 'd1' has a rating at .*:1 already; name the annotator"),
        ([rating(annotator="a"), rating(annotator="a")], "r.jsonl:2: .* already by 'a'"),
        ([], "no ratings there"),
    ],
)
def test_bad_ratings_are_refused_with_their_line(scores, tmp_path, rows, message):
    with pytest.raises(DataError, match=message):
        read_ratings(lines(tmp_path / "r.jsonl", rows), scores)


def test_every_bad_line_is_named_at_once(scores, tmp_path):
    with pytest.raises(DataError) as error:
        read_ratings(lines(tmp_path / "r.jsonl", [rating("d9"), rating(), rating(model="x")]), scores)
    assert len(error.value.faults) == 2
