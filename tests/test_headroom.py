"""Rows of annotators and of models against the same references, and the headroom between them."""

import json
import re

import numpy as np
import pytest

from harness import headroom
from harness.annotators import leave_one_out, read_layers
from harness.config import DataConfig
from harness.headroom import FEWEST, annotator_rows
from harness.metric.base import Key
from harness.metric.entity_f1 import EntityF1
from harness.metric.rouge import Rouge
from harness.metric.stance_favg import StanceFavg
from harness.records import Answer, Entity, Stance, Summary
from harness.scoring import Case
from harness.statistics.resample import intervals
from harness.task.ner import Ner
from harness.task.stance import Stance as StanceTask
from harness.task.summarization import Summarization

pytestmark = pytest.mark.core

R1 = Key("rouge1.f1", "mean")
WORDS = ["harbour", "closed", "ships", "wait", "storm", "town", "north", "port", "crew", "safe"]


def write(folder, kinds=(), **files):
    folder.mkdir(parents=True, exist_ok=True)
    if kinds:
        files["annotators"] = [{"id": name, "kind": kind} for name, kind in kinds]
    for name, records in files.items():
        text = "".join(json.dumps(record) + "\n" for record in records)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
    return read_layers(DataConfig(name="own", gold=str(folder)))


def said(generator, number, noise):
    """Some words of a document's own, so that those who say the same document's are alike."""
    own = [WORDS[(number + step) % len(WORDS)] for step in range(6)]
    other = [f"odd{generator.integers(99)}" for _ in range(noise)]
    return " ".join([*generator.permutation(own)[: 6 - min(noise, 5)], *other])


def summaries(folder, annotators, documents=8, kind="human", missing=()):
    """Annotators that agree somewhat, a good model and a poor one."""
    generator = np.random.default_rng(0)
    docs = [{"id": f"d{n}", "text": "The harbour was closed. Ships had to wait."} for n in range(documents)]
    rows = [
        {"doc": f"d{n}", "text": said(generator, n, generator.integers(4)), "annotator": name}
        for name in annotators
        for n in range(documents)
        if (name, n) not in missing
    ]
    layers = write(folder, [(name, kind) for name in annotators], documents=docs, summaries=rows)
    sets = leave_one_out(layers, Summarization())
    texts = {
        model: {f"d{n}": said(generator, n, noise + generator.integers(3)) for n in range(documents)}
        for model, noise in (("good", 2), ("poor", 4))
    }
    texts["same"] = texts["poor"]
    models = {model: cases_of(sets, of) for model, of in texts.items()}
    return layers, sets, models, texts


def cases_of(sets, texts):
    """What a model answered, by example id."""
    return {
        case.example.id: Case(case.example, Answer(text=texts[case.example.doc]), Summary(texts[case.example.doc]))
        for one in sets
        for case in one.cases
    }


def references(layers):
    return {layer.name: {doc: of[0].text for doc, of in layer.corpus.summaries.items()} for layer in layers.annotators}


def rouge1(text, texts):
    from rouge_score_rs.rouge_scorer import RougeScorer

    scorer = RougeScorer(["rouge1"], use_stemmer=True)
    return max(scorer.score(one, text)["rouge1"].fmeasure for one in texts)


def only(rows, **wanted):
    (row,) = (row for row in rows if all(getattr(row, name) == value for name, value in wanted.items()))
    return row


def test_few_annotators_have_a_row_each_and_models_face_the_same_references(tmp_path):
    layers, sets, models, texts = summaries(tmp_path, "abc")
    rows = annotator_rows("rouge", Rouge(types=("rouge1",)), sets, layers, models=models, resamples=200)
    given = references(layers)
    assert {row.subject for row in rows} == {"human a", "human b", "human c", "good", "poor", "same"}
    for left_out in "abc":
        others = {doc: [given[name][doc] for name in "abc" if name != left_out] for doc in given["a"]}
        expected = np.mean([rouge1(given[left_out][doc], of) for doc, of in others.items()])
        row = only(rows, subject=f"human {left_out}", key=R1)
        assert row.value == pytest.approx(expected)
        assert (row.left_out, row.n) == (left_out, 8)
        assert row.low < row.value < row.high
        assert row.method == "BCa-t bootstrap over documents, 200 resamples"
        expected = np.mean([rouge1(texts["good"][doc], of) for doc, of in others.items()])
        assert only(rows, subject="good", left_out=left_out, key=R1).value == pytest.approx(expected)


@pytest.mark.parametrize("method", ["percentile", "bca", "bca_t"])
def test_intervals_of_one_annotator_are_those_of_a_score(tmp_path, method):
    layers, sets, _, _ = summaries(tmp_path, "abc", documents=12)
    rows = annotator_rows("rouge", Rouge(types=("rouge1",)), sets, layers, resamples=400, rng_seed=3, method=method)
    given = references(layers)
    docs = sorted(given["a"])
    own = np.array([rouge1(given["b"][doc], [given["a"][doc], given["c"][doc]]) for doc in docs])
    expected = intervals(
        np.column_stack([own, np.ones(len(own))]),
        ["sum", "n"],
        lambda sums: {R1: sums["sum"] / sums["n"]},
        {R1: own.mean()},
        resamples=400,
        rng_seed=3,
        method=method,
    )[R1]
    row = only(rows, subject="human b", key=R1)
    assert (row.low, row.high, row.method) == (
        pytest.approx(expected.low),
        pytest.approx(expected.high),
        expected.method,
    )


def test_five_annotators_have_one_row_which_is_the_mean_over_who_is_left_out(tmp_path):
    # e did not do d3, so d3's mean is over four.
    layers, sets, models, texts = summaries(tmp_path, "abcde", missing={("e", 3)})
    assert len(sets) == FEWEST
    rows = annotator_rows("rouge", Rouge(types=("rouge1",)), sets, layers, models=models, resamples=300)
    given = references(layers)
    by_document = {"human": [], "good": []}
    for doc in given["a"]:
        own, model = [], []
        for left_out in (name for name in "abcde" if doc in given[name]):
            others = [given[name][doc] for name in "abcde" if name != left_out and doc in given[name]]
            own.append(rouge1(given[left_out][doc], others))
            model.append(rouge1(texts["good"][doc], others))
        by_document["human"].append(np.mean(own))
        by_document["good"].append(np.mean(model))
    for subject, values in by_document.items():
        row = only(rows, subject=subject, key=R1)
        assert row.value == pytest.approx(np.mean(values))
        assert (row.left_out, row.n) == (None, 8)
        assert row.low < row.value < row.high
        assert row.method == "percentile bootstrap over documents and annotators, 300 resamples"


def test_resampling_is_what_copying_gives():
    generator = np.random.default_rng(0)
    table, there = generator.random((5, 6, 2)), (generator.random((5, 6)) < 0.8).astype(float)
    table *= there[:, :, None]
    draws = list(headroom._Draws(5, 6, 50, 1))
    assert sum(len(of_units) for _, of_units in draws) == 50
    for of_annotators, of_units in draws:
        assert (of_annotators.sum(axis=1) == 5).all()
        assert (of_units.sum(axis=1) == 6).all()
        sums = headroom._sums(table, there, of_annotators, of_units, ["x", "y"])
        for number in range(len(of_units)):
            expected = np.zeros(2)
            for unit in np.repeat(np.arange(6), of_units[number].astype(int)):
                drawn = [a for a in np.repeat(np.arange(5), of_annotators[number].astype(int)) if there[a, unit]]
                expected += np.mean([table[a, unit] for a in drawn], axis=0) if drawn else 0
            assert [sums["x"][number], sums["y"][number]] == pytest.approx(expected.tolist())


def test_resampling_annotators_too_is_wider(tmp_path):
    # Annotators who differ far more than documents do.
    docs = [{"id": f"d{n}", "text": "Some text."} for n in range(30)]
    labels = {"a": "favor", "b": "favor", "c": "favor", "d": "against", "e": "none"}
    rows = [
        {"doc": f"d{n}", "target": "t", "label": label if n % 5 else "favor", "annotator": name}
        for name, label in labels.items()
        for n in range(30)
    ]
    layers = write(tmp_path, documents=docs, stance=rows)
    sets = leave_one_out(layers, StanceTask())
    row = only(annotator_rows("favg", StanceFavg(), sets, layers, resamples=500), key=Key("stance.favg", "pooled"))
    alone = [
        only(annotator_rows("favg", StanceFavg(), [one], layers, resamples=500), key=Key("stance.favg", "pooled"))
        for one in sets
    ]
    widths = [one.high - one.low for one in alone if one.low is not None]
    assert row.high - row.low > max(widths)


# ---- headroom --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("annotators", ["abc", "abcde"])
def test_headroom_is_the_share_of_the_way_to_the_annotators(tmp_path, annotators):
    layers, sets, models, _ = summaries(tmp_path, annotators)
    rows = annotator_rows(
        "rouge", Rouge(types=("rouge1",)), sets, layers, models=models, baseline="poor", resamples=300
    )
    for row in (row for row in rows if row.key == R1):
        human = only(rows, subject="human" if row.left_out is None else f"human {row.left_out}", key=R1)
        base = only(rows, subject="poor", left_out=row.left_out, key=R1)
        if row.subject == "good":
            expected = (row.value - base.value) / (human.value - base.value)
            assert row.headroom.value == pytest.approx(expected)
            assert row.headroom.low < row.headroom.value < row.headroom.high
            assert 0 < row.headroom.value < 1
        elif row.subject == "same":
            # It answers as the baseline does, in every resample.
            assert (row.headroom.value, row.headroom.low) == (0, None)
            assert row.headroom.reason == "every resample gives the same value"
        else:
            assert row.headroom is None


def test_no_headroom_where_annotators_and_baseline_cannot_be_told_apart(tmp_path):
    layers, sets, models, _ = summaries(tmp_path, "abc")
    # A baseline that writes as the annotators do.
    generator = np.random.default_rng(7)
    models["twin"] = cases_of(sets, {f"d{n}": said(generator, n, generator.integers(4)) for n in range(8)})
    rows = annotator_rows(
        "rouge", Rouge(types=("rouge1",)), sets, layers, models=models, baseline="twin", resamples=300
    )
    found = {row.headroom.reason for row in rows if row.subject == "good" and row.key == R1}
    assert "the interval of annotators minus baseline holds 0" in found


def test_one_document_has_values_and_no_intervals(tmp_path):
    layers, sets, models, _ = summaries(tmp_path, "abcde", documents=1)
    rows = annotator_rows("rouge", Rouge(types=("rouge1",)), sets, layers, models=models, baseline="poor")
    human, good = only(rows, subject="human", key=R1), only(rows, subject="good", key=R1)
    assert human.value is not None
    assert (human.low, human.method) == (None, "none: one document: no interval exists")
    assert good.headroom.value is None
    assert good.headroom.reason == "one unit: annotators and baseline cannot be told apart"


def test_annotators_that_are_models_are_not_called_human(tmp_path):
    layers, sets, _, _ = summaries(tmp_path, "ab", kind="model")
    rows = annotator_rows("rouge", Rouge(types=("rouge1",)), sets, layers, resamples=100)
    assert {row.subject for row in rows} == {"annotators (model) a", "annotators (model) b"}


def test_an_example_that_a_model_did_not_answer_is_an_empty_answer(tmp_path):
    layers, sets, models, _ = summaries(tmp_path, "abc", documents=4)
    whole = annotator_rows("rouge", Rouge(types=("rouge1",)), sets, layers, models=models, resamples=100)
    lost = next(iter(models["good"]))
    models["good"] = {name: case for name, case in models["good"].items() if name != lost}
    fewer = annotator_rows("rouge", Rouge(types=("rouge1",)), sets, layers, models=models, resamples=100)
    for left_out in "abc":
        row, before = (only(rows, subject="good", left_out=left_out, key=R1) for rows in (fewer, whole))
        assert row.n == before.n
        assert row.value < before.value


def test_bad_baseline_and_nothing_in_common(tmp_path):
    layers, sets, models, _ = summaries(tmp_path, "ab")
    with pytest.raises(ValueError, match="baseline 'lead' is none of the models: good, poor, same"):
        annotator_rows("rouge", Rouge(), sets, layers, models=models, baseline="lead")
    assert annotator_rows("rouge", Rouge(), [], layers) == []


# ---- other tasks -----------------------------------------------------------------------------------------------------


def test_entities_against_the_adjudicated_layer_of_the_seed():
    layers = read_layers(DataConfig(name="seed", documents="seeds", gold="gold/seed"))
    sets = leave_one_out(layers, Ner())
    rows = annotator_rows("entity_f1", EntityF1(), sets, layers, resamples=200)
    agreed = set(next(iter(layers.adjudicated.corpus.entities.values())))
    for layer in layers.annotators:
        own = set(next(iter(layer.corpus.entities.values())))
        row = only(rows, subject=f"annotators (model) {layer.name}", key=Key("entity.f1", "micro"))
        assert row.value == pytest.approx(2 * len(own & agreed) / (len(own) + len(agreed)))
        # One document: its sentences are resampled, and the method says so.
        assert "sentences within one document" in row.method
        assert row.signature.endswith("|against:adjudicated")


def test_stance_of_the_seed():
    layers = read_layers(DataConfig(name="seed", documents="seeds", gold="gold/seed"))
    sets = leave_one_out(layers, StanceTask())
    # A model that says `none` throughout, beside the annotators.
    cases = {
        case.example.id: Case(case.example, Answer(label="none"), Stance(case.example.gold.target, "none"))
        for one in sets
        for case in one.cases
    }
    rows = annotator_rows("favg", StanceFavg(), sets, layers, models={"none": cases}, baseline="none", resamples=200)
    for name in "ab":
        assert only(rows, subject="none", left_out=name, key=Key("stance.favg", "pooled")).value == 0
        assert only(rows, subject=f"annotators (model) {name}", key=Key("stance.favg", "pooled")).value > 0.8


def test_spans_of_layers_with_unlike_numbers_of_documents(tmp_path):
    # b alone did a second document: what is resampled is the document for both.
    text = "Anna met Bob in Oslo."
    sentences = [{"doc": doc, "id": "s1", "start": 0, "end": 12} for doc in "def"]
    sentences += [{"doc": doc, "id": "s2", "start": 13, "end": 21} for doc in "def"]
    rows = [
        {"doc": doc, "start": 0, "end": 4, "label": "PER", "text": "Anna", "annotator": name}
        for name, docs in (("a", "d"), ("b", "def"), ("c", "ef"))
        for doc in docs
    ]
    layers = write(tmp_path, documents=[{"id": doc, "text": text} for doc in "def"], sentences=sentences, entities=rows)
    found = annotator_rows("entity_f1", EntityF1(), leave_one_out(layers, Ner()), layers, resamples=100)
    n = {row.left_out: row.n for row in found if row.key == Key("entity.f1", "micro")}
    assert n == {"a": 1, "b": 3, "c": 2}
    assert all(isinstance(layer.corpus.entities["e"][0], Entity) for layer in layers.annotators[1:])


def test_gum_has_a_human_row(data, tmp_path):
    """Five summaries a document, of which only those by people are called human."""
    texts, documents = [], []
    for path in sorted((data / "gum" / "dep").glob("*.conllu"))[:10]:
        content = path.read_text(encoding="utf-8")
        documents.append({"id": path.stem, "text": " ".join(re.findall(r"^# text = (.*)$", content, re.MULTILINE))})
        for author, text in re.findall(r"^# meta::summary\d = \(([^)]*)\) (.*)$", content, re.MULTILINE):
            texts.append({"doc": path.stem, "text": text, "annotator": author})
    authors = sorted({one["annotator"] for one in texts})
    kinds = [(name, "human" if re.fullmatch(r"human\d", name) else "model") for name in authors]
    layers = write(tmp_path / "all", kinds, documents=documents, summaries=texts)
    assert layers.title == ("human" if all(kind == "human" for _, kind in kinds) else "annotators (human, model)")
    people = [one for one in texts if one["annotator"].startswith("human")]
    layers = write(tmp_path / "people", [k for k in kinds if k[1] == "human"], documents=documents, summaries=people)
    sets = leave_one_out(layers, Summarization())
    leads = {one["id"]: one["text"][:200] for one in documents}
    rows = annotator_rows(
        "rouge", Rouge(types=("rouge1",)), sets, layers, models={"lead": cases_of(sets, leads)}, resamples=300
    )
    human, lead = only(rows, subject="human", key=R1), only(rows, subject="lead", key=R1)
    assert human.low < human.value < human.high
    assert human.value > lead.value
    assert (
        human.n
        == lead.n
        == len({one["doc"] for one in people if len([o for o in people if o["doc"] == one["doc"]]) > 1})
    )
