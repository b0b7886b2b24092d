"""From answers to score rows and the ledger: nothing vanishes, and the same inputs give the same bytes."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.config import DataConfig, IntervalConfig, build
from harness.counts import CountRow, CountTable, all_rows, unit_table
from harness.gold import check_corpus
from harness.label_map import LabelMap
from harness.metric.base import Additive, Key, divide, total
from harness.records import BINS, SPAN_BINS, Answer, Entity, Row
from harness.scoring import read_answers, score_examples, score_rows, scores_json

pytestmark = pytest.mark.core

FEW = IntervalConfig(resamples=200)
NO_MAP = LabelMap("none", {})


def corpus(*rows, **data):
    """A corpus of rows (file, fields)."""
    numbered = [Row(f"{file}.jsonl:{n}", file, dict(fields)) for n, (file, fields) in enumerate(rows, start=1)]
    return check_corpus(numbered, DataConfig(**{"name": "made", **data}))


def ner_corpus(documents):
    """Documents `d0`... of the given (label or None); each with one entity over its first four characters."""
    rows = [("documents", {"id": f"d{n}", "text": "Anna sang."}) for n in range(len(documents))]
    for n, label in enumerate(documents):
        rows.append(("entities", {"doc": f"d{n}"} if label is None else
                     {"doc": f"d{n}", "start": 0, "end": 4, "label": label, "text": "Anna"}))  # fmt: skip
    return corpus(*rows)


def stance_corpus(labels, *, targets=("nato",), sentences=False):
    """With `sentences`, one document whose sentences bear the labels; else a document for each."""
    if sentences:
        text = " ".join("Yes." for _ in labels)
        rows = [("documents", {"id": "one", "text": text})]
        rows += [("sentences", {"doc": "one", "id": f"s{n}", "start": 5 * n, "end": 5 * n + 4, "zone": "body"})
                 for n in range(len(labels))]  # fmt: skip
        place = lambda n: {"doc": "one", "sentence": f"s{n}"}  # noqa: E731
    else:
        rows = [("documents", {"id": f"d{n}", "text": "Yes.", "year": 2000 + n % 2}) for n in range(len(labels))]
        place = lambda n: {"doc": f"d{n}"}  # noqa: E731
    rows += [("stance", {**place(n), "target": target, "label": label})
             for n, label in enumerate(labels) for target in targets]  # fmt: skip
    return corpus(*rows)


def scored(whole, task_name, answer, metrics=None, slices=(), label_map=NO_MAP, interval=FEW, seed=0):
    """Scores of `answer(example)`; None for no answer at all."""
    task = build("task", {"kind": task_name}, "task")
    metrics = metrics or {"ner": ["entity_f1"], "stance": ["stance_favg"], "summarization": ["rouge"]}[task_name]
    built = {name: build("metric", {"kind": name}, name) for name in metrics}
    examples = task.examples(whole, gold=True, selects=False, label_map=label_map)
    answers = {e.id: a for e in examples if (a := answer(e)) is not None}
    read = read_answers(examples, answers, whole, task, label_map)
    found = score_examples(
        read, whole, task, built, label_map=label_map, interval=interval, rng_seed=seed, slices=slices
    )
    return found, scores_json(found, whole, task, model={"name": "m", "signature": {}}, label_map=label_map), examples


def row(scores, metric, average, slice_="all"):
    found = [r for r in scores["scores"] if (r["metric"], r["average"], r["slice"]) == (metric, average, slice_)]
    assert len(found) == 1, (metric, average, slice_)
    return found[0]


def gold_answer(example):
    return Answer(entities=example.gold) if isinstance(example.gold, tuple) else Answer(label=example.gold.label)


SPANS = st.lists(
    st.builds(Entity, st.integers(-2, 12), st.integers(-2, 12), st.sampled_from(["GPE", "PER", "odd"])), max_size=4
)
NER_ANSWERS = st.none() | st.builds(
    Answer,
    entities=st.none() | SPANS.map(tuple),
    bin=st.sampled_from(BINS),
    ungrounded=st.integers(0, 3),
    misaligned=st.integers(0, 3),
    tokens_cut=st.integers(0, 2),
    chars_read=st.none() | st.integers(0, 12),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(NER_ANSWERS, min_size=1, max_size=6))
def test_the_ledger_adds_up_whatever_the_answers(answers):
    whole = ner_corpus(["GPE", None, "PER", "GPE", None, "PER"][: len(answers)])
    found, scores, examples = scored(whole, "ner", lambda e: answers[int(e.doc[1:])])
    ledger = scores["ledger"]
    assert set(ledger["examples"]) == {"total", *BINS}
    assert sum(ledger["examples"][name] for name in BINS) == ledger["examples"]["total"] == len(examples)
    assert sum(ledger["spans"][name] for name in SPAN_BINS) == ledger["spans"]["total"]
    # Gold is counted whole, whatever was answered.
    gold = sum(len(example.gold) for example in examples)
    sums = {}
    for one in all_rows(found.counts):
        for name, value in one.state.items():
            sums[name] = sums.get(name, 0) + value
    assert sums.get("tp", 0) + sums.get("fn", 0) == gold
    missing = sum(a is None or a.bin == "missing" for a in answers)
    assert ledger["examples"]["missing"] == missing
    json.dumps(scores, allow_nan=False)


@pytest.mark.parametrize("bin_", [name for name in BINS if name != "scored"])
def test_anything_but_a_scored_answer_counts_as_empty(bin_):
    whole = ner_corpus(["GPE"] * 4)
    right = Answer(entities=(Entity(0, 4, "GPE"),))

    def answer(example):
        lost = None if bin_ == "missing" else Answer(entities=right.entities, bin=bin_)
        return right if example.doc != "d0" else lost

    _, scores, _ = scored(whole, "ner", answer)
    assert row(scores, "entity.recall", "micro")["value"] == 0.75
    assert row(scores, "entity.precision", "micro")["value"] == 1.0
    assert scores["ledger"]["examples"] == {"total": 4, **dict.fromkeys(BINS, 0), "scored": 3, bin_: 1}


def test_an_answer_that_says_nothing_is_not_scored():
    _, scores, _ = scored(ner_corpus(["GPE", None]), "ner", lambda e: Answer())
    assert scores["ledger"]["examples"]["unparsed"] == 2
    _, scores, _ = scored(ner_corpus(["GPE", None]), "ner", lambda e: Answer(entities=()))
    assert scores["ledger"]["examples"]["scored"] == 2


def test_a_label_outside_the_scheme_is_in_the_ledger():
    _, scores, _ = scored(stance_corpus(["favor", "against"]), "stance", lambda e: Answer(label="pro"))
    assert scores["ledger"]["examples"]["unparsed"] == 2
    spans = lambda e: Answer(entities=(Entity(0, 4, "GPE"), Entity(0, 4, "odd"), Entity(5, 99, "GPE")), ungrounded=2)  # noqa: E731
    _, scores, _ = scored(ner_corpus(["GPE"]), "ner", spans)
    assert scores["ledger"]["spans"] == {"total": 5, "scored": 1, "unmapped": 1, "misaligned": 1, "ungrounded": 2}


def test_cut_inputs_are_counted_among_the_scored():
    cut = lambda e: Answer(entities=(), tokens_cut=3, bin="scored" if e.doc != "d0" else "failed")  # noqa: E731
    _, scores, _ = scored(ner_corpus(["GPE"] * 3), "ner", cut)
    assert scores["ledger"]["truncated"] == 2


@pytest.mark.parametrize(("read", "unseen"), [(10, 0), (4, 0), (3, 2), (0, 2)])
def test_gold_in_text_that_was_cut_off_is_counted_by_itself(read, unseen):
    """`Anna`, of which the model must have seen all; in the example that failed the fault is another."""
    answer = lambda e: Answer(  # noqa: E731
        entities=(), tokens_cut=3, chars_read=read, bin="scored" if e.doc != "d0" else "failed"
    )
    _, scores, _ = scored(ner_corpus(["GPE"] * 3), "ner", answer)
    assert scores["ledger"]["unseen_gold"] == unseen
    # They are misses all the same.
    assert row(scores, "entity.recall", "micro")["support"] == 3
    _, scores, _ = scored(ner_corpus(["GPE"] * 3), "ner", lambda e: Answer(entities=()))
    assert "unseen_gold" not in scores["ledger"]
    # How much was read is not known of one of them: no number is better than one that is too low.
    answer = lambda e: Answer(entities=(), tokens_cut=3, chars_read=None if e.doc == "d1" else 3)  # noqa: E731
    _, scores, _ = scored(ner_corpus(["GPE"] * 3), "ner", answer)
    assert "unseen_gold" not in scores["ledger"]


def test_labels_that_the_map_drops_are_listed():
    label_map = LabelMap("x:1", {"GPE": "LOC", "DATE": None})
    whole = ner_corpus(["GPE", "DATE"])
    answer = lambda e: Answer(entities=(Entity(0, 4, "GPE"), Entity(5, 9, "DATE")))  # noqa: E731
    _, scores, _ = scored(whole, "ner", answer, label_map=label_map)
    assert scores["label_map"] == {"name": "x:1", "dropped": {"gold": {"DATE": 1}, "predicted": {"DATE": 2}}}
    assert row(scores, "entity.f1", "micro")["signature"].endswith("|map:x:1")
    assert row(scores, "entity.f1", "micro", "label=LOC")["support"] == 1


# ---- units ----------------------------------------------------------------------------------------------------------


def mixed(example):
    return Answer(label="favor" if int(example.id.split("/")[0][1:] or 0) % 3 else "against")


def test_documents_are_the_units():
    whole = stance_corpus(["favor", "against"] * 20)
    _, scores, _ = scored(whole, "stance", mixed)
    found = row(scores, "stance.favg", "pooled")
    assert (found["n"], found["unit"], found["level"]) == (40, "document", 0.95)
    assert found["method"] == "BCa-t bootstrap over documents, 200 resamples"
    assert found["low"] < found["value"] < found["high"]
    assert found["unreliable"] is False


def test_sentences_of_one_document_are_clusters_over_their_targets():
    whole = stance_corpus(["favor", "against"] * 20, targets=("nato", "eu"), sentences=True)
    answer = lambda e: Answer(label="favor" if ord(e.id[-1]) % 2 or "s1" in e.id else "against")  # noqa: E731
    _, scores, examples = scored(whole, "stance", answer)
    found = row(scores, "stance.favg", "pooled")
    assert len(examples) == 80
    assert (found["n"], found["unit"]) == (40, "sentence")
    assert "sentences within one document" in found["method"]


def test_a_sentence_that_bears_its_document_s_name_is_a_unit_as_well():
    rows = [CountRow(f"one/{s}", "one", s, "m", {"a": 1.0}, {}) for s in ("one", "s1", "s2")]
    table = unit_table(CountTable.of("m", rows), build("metric", {"kind": "entity_f1"}, "m"))
    assert (table.units, table.unit) == (3, "sentence")


def test_nothing_is_resampled_in_one_summary():
    whole = corpus(("documents", {"id": "d", "text": "A b c. D e f."}), ("summaries", {"doc": "d", "text": "A b c."}))
    _, scores, _ = scored(whole, "summarization", lambda e: Answer(text="A b."))
    found = row(scores, "rouge1.f1", "mean")
    assert (found["low"], found["high"], found["n"], found["unit"]) == (None, None, 1, None)
    assert "one document: no interval exists" in found["method"]
    assert found["unreliable"] is True


def test_equal_resamples_have_no_interval_and_say_so():
    _, scores, _ = scored(stance_corpus(["favor", "against"] * 20), "stance", gold_answer, ["stance_classification"])
    found = row(scores, "stance.accuracy", "pooled")
    assert (found["value"], found["low"], found["high"]) == (1.0, None, None)
    assert "every resample gives the same value" in found["method"]


def test_undefined_is_null_and_counted():
    _, scores, _ = scored(ner_corpus([None] * 3), "ner", lambda e: Answer(entities=()))
    found = row(scores, "entity.f1", "micro")
    assert (found["value"], found["low"], found["method"]) == (None, None, "none: undefined")
    # One unit of three has anything to find: (2/3)^3 of the resamples have none.
    whole = ner_corpus(["GPE", None, None])
    _, scores, _ = scored(whole, "ner", lambda e: Answer(entities=()), interval=IntervalConfig(resamples=10_000))
    found = row(scores, "entity.recall", "micro")
    count = int(found["note"].split()[2])
    assert found["note"] == f"undefined in {count} of 10000 resamples"
    assert abs(count / 10_000 - 8 / 27) < 0.03


@pytest.mark.parametrize(
    ("units", "positives", "unreliable"), [(29, 29, True), (30, 30, False), (30, 19, True), (30, 20, False)]
)
def test_few_units_or_positives_are_marked(units, positives, unreliable):
    labels = ["favor"] * positives + ["none"] * (units - positives)
    _, scores, _ = scored(stance_corpus(labels), "stance", gold_answer)
    assert row(scores, "stance.favg", "pooled")["unreliable"] is unreliable


# ---- slices ---------------------------------------------------------------------------------------------------------


def test_slices_are_scores_of_their_part():
    whole = stance_corpus(["favor", "against", "favor", "none"] * 10, targets=("nato", "eu"))
    answer = lambda e: Answer(label="favor" if e.fields["target"] == "eu" else "against")  # noqa: E731
    _, scores, _ = scored(whole, "stance", answer, slices=("year",))
    keys = [(r["metric"], r["average"], r["slice"]) for r in scores["scores"]]
    assert len(set(keys)) == len(keys)
    # Half of the gold is favor: P = 1/2, R = 1, and F of against 0, so favg = (2/3 + 0) / 2.
    assert row(scores, "stance.favg", "pooled", "target=eu")["value"] == pytest.approx(1 / 3)
    # In even years every gold label is favor.
    assert row(scores, "stance.favg", "pooled", "year=2000")["support"] == 40
    # A mean over targets exists for the whole alone.
    assert {slice_ for metric, average, slice_ in keys if average == "macro_target"} == {"all"}


def test_a_slice_asked_for_twice_is_there_once():
    whole = stance_corpus(["favor", "against"])
    _, scores, _ = scored(whole, "stance", gold_answer, slices=("target", "target"))
    assert [r["slice"] for r in scores["scores"] if r["average"] == "pooled"] == ["all", "target=nato"]


# ---- the file -------------------------------------------------------------------------------------------------------


def test_same_inputs_same_bytes_in_any_order():
    labels = ["favor", "against", "none"] * 12
    _, first, _ = scored(stance_corpus(labels), "stance", mixed)
    _, again, _ = scored(stance_corpus(labels), "stance", mixed)
    assert json.dumps(first) == json.dumps(again)
    rows = [CountRow(f"e{n}", f"d{n}", f"d{n}", "m", {"tp": float(n % 3), "fp": 1.0, "fn": 0.5}, {}) for n in range(31)]
    metric = build("metric", {"kind": "entity_f1"}, "m")
    straight = score_rows(CountTable.of("m", rows), metric, interval=FEW, rng_seed=0, slices=())
    assert score_rows(CountTable.of("m", rows[::-1]), metric, interval=FEW, rng_seed=0, slices=()) == straight
    assert score_rows(CountTable.of("m", rows), metric, interval=FEW, rng_seed=1, slices=()) != straight


def test_what_the_file_says_of_the_data():
    whole = stance_corpus(["favor", "against"])
    _, scores, _ = scored(whole, "stance", gold_answer)
    assert scores["schema"] == "harness.scores/1"
    assert scores["data"] == {
        "name": "made",
        "documents": 2,
        "gold_sha256": whole.gold_sha256("stance"),
        "documents_sha256": whole.documents_sha256,
    }
    assert "label_map" not in scores


class Ratio(Additive):
    """a / b, for hand-made counts."""

    task = "ner"

    def count(self, gold, predicted):
        return {}

    def compute(self, counts):
        return {Key("ratio", "micro"): divide(total(counts, "a"), total(counts, "b"))}

    def support(self, key, counts):
        return float(total(counts, "b"))

    def signature(self, key):
        return "ratio|v:1"


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=8))
def test_values_and_resamples_are_the_metric_s_own_of_summed_counts(pairs):
    rows = [
        CountRow(str(n), f"d{n}", f"d{n}", "m", {"a": float(a), "b": float(b)}, {}) for n, (a, b) in enumerate(pairs)
    ]
    (found,) = score_rows(CountTable.of("m", rows), Ratio(), interval=FEW, rng_seed=0, slices=())
    bottom = sum(b for _, b in pairs)
    assert found["value"] == (None if bottom == 0 else sum(a for a, _ in pairs) / bottom)
    if found["low"] is not None:
        assert not math.isnan(found["low"])
        assert found["low"] <= found["high"]
        ratios = [a / b for a, b in pairs if b]
        assert found["high"] <= max(ratios + [np.inf] * any(b == 0 and a for a, b in pairs))


def test_counts_of_one_metric_for_no_example_make_no_row():
    assert score_rows(CountTable.of("m", []), Ratio(), interval=FEW, rng_seed=0, slices=()) == []


def test_every_row_has_the_same_fields():
    _, scores, _ = scored(stance_corpus(["favor", "against"]), "stance", gold_answer)
    fields = {
        "metric", "average", "slice", "value", "low", "high", "level", "method", "n", "unit", "support", "signature",
        "unreliable", "note",
    }  # fmt: skip
    assert all(set(r) == fields for r in scores["scores"])
