import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.config import DataConfig, IntervalConfig
from harness.gold import check_corpus
from harness.label_map import NO_MAP
from harness.metric.base import Key
from harness.metric.stance_swap import StanceSwap
from harness.records import Answer, Context, Document, Example, Row, Stance, StanceGold, StanceInput, Target
from harness.scoring import read_answers, score_examples
from harness.task.stance import Stance as StanceTask

pytestmark = pytest.mark.core
NAN = math.nan
LABELS = ["favor", "against", "none"]
ROWS = [Key(f"stance.swap.{name}", "pairs") for name in ("original", "swapped", "drop", "both", "consistent")]
SAME, DIFFERENT = (Key("stance.swap.consistent", "pairs", f"gold={name}") for name in ("same", "different"))


def score(documents):
    """Scores and rows of documents, each a list of judgements (id, swap_of, gold, answer), through corpus and task."""
    rows = []
    for number, judgements in enumerate(documents):
        rows.append(("documents", {"id": f"d{number}", "text": "Yes."}))
        for name, swap_of, gold, _ in judgements:
            extra = {} if swap_of is None else {"swap_of": f"d{number}{swap_of}"}
            rows.append(
                ("stance", {"doc": f"d{number}", "target": "t", "id": f"d{number}{name}", "label": gold, **extra})
            )
    corpus = check_corpus(
        [Row(f"{file}:{n}", file, fields) for n, (file, fields) in enumerate(rows)], DataConfig(name="x", gold="x")
    )
    task = StanceTask()
    examples = task.examples(corpus, gold=True, selects=False, label_map=NO_MAP)
    given = [answer for judgements in documents for *_, answer in judgements]
    answers = {e.id: Answer(label=label) for e, label in zip(examples, given, strict=True) if label is not None}
    read = read_answers(examples, answers, corpus, task, NO_MAP)
    found = score_examples(
        read,
        corpus,
        task,
        {"swap": StanceSwap()},
        label_map=NO_MAP,
        interval=IntervalConfig(resamples=200),
        rng_seed=0,
    ).scores
    return {Key(row["metric"], row["average"], row["slice"]): row for row in found}


def values(documents, keys=(*ROWS, SAME, DIFFERENT)):
    found = score(documents)
    return [NAN if found[key]["value"] is None else found[key]["value"] for key in keys]


def pair(gold, answer, gold_of_form, answer_of_form):
    return [("a", None, gold, answer), ("b", "a", gold_of_form, answer_of_form)]


@pytest.mark.parametrize(
    ("documents", "original", "swapped", "both", "same", "different"),
    [
        ([pair("favor", "favor", "favor", "favor")], 1, 1, 1, 1, NAN),
        ([pair("favor", "favor", "favor", "against")], 1, 0, 0, 0, NAN),
        ([pair("favor", "favor", "against", "against")], 1, 1, 1, NAN, 1),
        ([pair("favor", "favor", "against", "favor")], 1, 0, 0, NAN, 0),
        ([pair("favor", "none", "favor", "none")], 0, 0, 0, 1, NAN),  # both wrong, and alike as gold is
        ([pair("favor", "against", "against", "favor")], 0, 0, 0, NAN, 1),  # both wrong, and apart as gold is
        ([pair("favor", None, "favor", None)], 0, 0, 0, 0, NAN),  # two missing answers are not alike
        ([pair("favor", "unknown", "against", "favor")], 0, 0, 0, NAN, 0),
        # One original with two forms makes two pairs.
        ([[*pair("favor", "favor", "favor", "favor"), ("c", "a", "favor", "none")]], 1, 0.5, 0.5, 0.5, NAN),
        # Two pairs of one document stay apart: the first is right in one half, the second in the other.
        (
            [
                [
                    ("a", None, "favor", "favor"),
                    ("b", "a", "favor", "against"),
                    ("c", None, "none", "favor"),
                    ("d", "c", "none", "none"),
                ]
            ],
            0.5,
            0.5,
            0,
            0,
            NAN,
        ),
        # What is in no pair is in no row.
        ([[*pair("favor", "favor", "favor", "favor"), ("z", None, "none", "favor")]], 1, 1, 1, 1, NAN),
        ([[("z", None, "none", "favor")]], NAN, NAN, NAN, NAN, NAN),
        (
            [pair("favor", "favor", "favor", "favor"), pair("none", "none", "favor", "none")],
            1,
            0.5,
            0.5,
            1,
            0,
        ),
    ],
)
def test_by_hand(documents, original, swapped, both, same, different):
    parts = [value for value in (same, different) if not math.isnan(value)]
    expected = (original, swapped, original - swapped, both, np.mean(parts) if parts else NAN, same, different)
    assert values(documents) == pytest.approx(expected, nan_ok=True)


labels, answers = st.sampled_from(LABELS), st.none() | st.sampled_from([*LABELS, "unknown"])
groups = st.lists(
    st.tuples(labels, answers, st.lists(st.tuples(labels, answers), min_size=0, max_size=3)), min_size=0, max_size=3
)


@settings(max_examples=40, deadline=None)
@given(st.lists(groups, min_size=1, max_size=4), st.randoms())
def test_equals_a_count_over_all_pairs(documents, random):
    pairs, judged = [], []
    for document in documents:
        judgements = []
        for number, (gold, answer, forms) in enumerate(document):
            judgements.append((f"o{number}", None, gold, answer))
            for place, (other, given_too) in enumerate(forms):
                judgements.append((f"s{number}.{place}", f"o{number}", other, given_too))
                pairs.append((gold, answer, other, given_too))
        random.shuffle(judgements)
        judged.append(judgements or [("z", None, "none", "none")])

    def share(holds, among=pairs):
        return sum(map(holds, among)) / len(among) if among else NAN

    def fits(one):
        gold, answer, other, given_too = one
        return answer in LABELS and given_too in LABELS and (answer == given_too) == (gold == other)

    alike, apart = [p for p in pairs if p[0] == p[2]], [p for p in pairs if p[0] != p[2]]
    right, right_too = share(lambda p: p[0] == p[1]), share(lambda p: p[2] == p[3])
    both = share(lambda p: p[0] == p[1] and p[2] == p[3])
    expected = [right, right_too, right - right_too, both, share(fits), share(fits, alike), share(fits, apart)]
    assert values(judged) == pytest.approx(expected, nan_ok=True)


def test_whole_pairs_are_resampled():
    """Every document's pair is the same, so every resample is; halves drawn apart would not be."""
    documents = [pair("favor", "favor", "favor", "none") for _ in range(12)]
    found = score(documents)
    assert found[ROWS[3]]["n"] == 12
    assert found[ROWS[3]]["method"] == "none: every resample gives the same value"
    mixed = score([*documents, *[pair("favor", "favor", "favor", "favor") for _ in range(12)]])[ROWS[4]]
    assert (mixed["value"], mixed["support"]) == (0.5, 24)
    assert 0.2 < mixed["low"] < 0.5 < mixed["high"] < 0.8


def test_data_of_one_document_have_no_interval():
    found = score([pair("favor", "favor", "favor", "none")])[ROWS[0]]
    assert (found["low"], found["high"]) == (None, None)


def test_fields_of_the_users_own_make_no_pair():
    """`swap` and `pair` may be metadata of any meaning; without `swap_of` they are nothing else."""
    one = StanceInput("d", "d", "Yes.", "", Target("t", "t"))
    example = Example("d", "d", "d", one, Stance("t", "favor"), fields={"swap": "original", "pair": "p"})
    context = Context(example, Answer(), Document("d", "Yes."), stance=(StanceGold("t", "favor"),))
    counts = StanceSwap().count(Stance("t", "favor"), Stance("t", "favor"), context)
    assert set(counts.values()) == {0.0}
    assert all(np.isnan(value) for value in StanceSwap().compute(StanceSwap().per_document(counts)).values())


def test_signature_and_support():
    metric = StanceSwap()
    assert metric.signature(SAME) == (
        "stance.swap.consistent|avg:pairs|pairs:original_with_each_form|noanswer:wrong|v:1"
    )
    sums = {"pairs": 5.0, "same": 3.0, "different": 2.0}
    assert [metric.support(key, sums) for key in (ROWS[0], SAME, DIFFERENT)] == [5, 3, 2]
