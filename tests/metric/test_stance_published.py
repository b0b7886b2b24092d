"""Stance scores on published corpora, where they are present: figures that others have published or computed."""

import csv
import json
from collections import Counter
from itertools import chain

import pytest
from sklearn.metrics import cohen_kappa_score, f1_score

from harness.config import DataConfig, IntervalConfig, build
from harness.gold import check_corpus, load_corpus
from harness.label_map import NO_MAP
from harness.metric.base import Key
from harness.metric.stance_classification import StanceClassification
from harness.metric.stance_fnc import StanceFnc
from harness.model.target_only import TargetOnly
from harness.model.text_only import TextOnly
from harness.records import Answer, Row, Stance
from harness.scoring import read_answers, score_examples
from harness.task.stance import Stance as StanceTask

pytestmark = pytest.mark.core
FEW = IntervalConfig(resamples=200)


def table(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def sums_of(metric, gold, predicted):
    """Counts of many examples with the same target, each pair of labels counted once."""
    sums = Counter()
    for (label, given), times in Counter(zip(gold, predicted, strict=True)).items():
        for name, value in metric.count(Stance("t", label), Stance("t", given)).items():
            sums[name] += value * times
    return dict(sums)


class Whole(StanceTask):
    """Without a slice for each target: VAST has 1,424 of them."""

    slices = ()


def scored(corpus, answers, metrics, **task):
    """Score rows by key."""
    stance = Whole(**task)
    examples = stance.examples(corpus, gold=True, selects=False, label_map=NO_MAP)
    if not isinstance(answers, dict):
        answers.prepare(examples, corpus)
        answers = dict(zip([e.id for e in examples], answers.answer([e.input for e in examples]), strict=True))
    read = read_answers(examples, answers, corpus, stance, NO_MAP)
    built = {name: build("metric", {"kind": name}, name) for name in metrics}
    found = score_examples(read, corpus, stance, built, label_map=NO_MAP, interval=FEW, rng_seed=0, slices=["swap"])
    return {Key(row["metric"], row["average"], row["slice"]): row for row in found.scores}


# ---- FNC-1 ----------------------------------------------------------------------------------------------------------

FNC = ("agree", "disagree", "discuss", "unrelated")


@pytest.fixture(scope="module")
def fnc(data):
    gold = table(data / "stance/fnc1/competition_test_stances.csv")
    # The winner's file is not UTF-8 in its headlines; the labels are plain.
    path = data / "stance/fnc1/talos/averaged_2models_cor4.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        talos = list(csv.DictReader(stream))
    assert [row["Body ID"] for row in gold] == [row["Body ID"] for row in talos]
    assert [row["Headline"] for row in gold] == [row["Headline"] for row in talos]
    return [row["Stance"] for row in gold], [row["Stance"] for row in talos]


def test_the_winner_of_fnc_1(fnc):
    metric = StanceFnc()
    sums = sums_of(metric, *fnc)
    assert (sums["points"], sums["maximum"], sums["unrelated"]) == (9556.50, 11651.25, 4587.25)
    found = metric.compute(sums)
    assert round(100 * float(found[Key("stance.fnc", "pooled")]), 2) == 82.02
    assert round(100 * float(found[Key("stance.fnc_unrelated", "pooled")]), 2) == 39.37
    assert metric.support(Key("stance.fnc", "pooled"), sums) == len(fnc[0]) == 25413


def test_all_unrelated_gets_what_its_row_says(fnc):
    found = StanceFnc().compute(sums_of(StanceFnc(), fnc[0], ["unrelated"] * len(fnc[0])))
    assert float(found[Key("stance.fnc", "pooled")]) == float(found[Key("stance.fnc_unrelated", "pooled")])


def test_f1_of_each_label_of_the_winner(fnc):
    metric = StanceClassification(labels=FNC)
    found = {key: float(value) for key, value in metric.compute(sums_of(metric, *fnc)).items()}
    each = [round(found[Key("stance.f1", "pooled", f"label={label}")], 4) for label in FNC]
    assert each == [0.5369, 0.0355, 0.7600, 0.9792]
    assert round(found[Key("stance.macro_f1", "pooled")], 3) == 0.578
    kappa = build("metric", {"kind": "stance_kappa"}, "kappa")
    ours = float(kappa.compute(sums_of(kappa, *fnc))[Key("stance.kappa", "pooled")])
    assert ours == pytest.approx(cohen_kappa_score(*fnc), abs=1e-12)


# ---- VAST -----------------------------------------------------------------------------------------------------------


def vast_corpus(rows):
    """A document per comment and a judgement per topic; 36 comments have one topic more than once."""
    documents = {text: f"d{number}" for number, text in enumerate(dict.fromkeys(row["Tweet"] for row in rows))}
    records = [Row("vast", "documents", {"id": name, "text": text}) for text, name in documents.items()]
    for number, row in enumerate(rows):
        judged = {"doc": documents[row["Tweet"]], "target": row["Target 1"], "label": row["Stance 1"].lower()}
        seen = {"0": "no", "1": "yes"}[row["seen?"]]
        records.append(Row("vast", "stance", {**judged, "id": f"j{number}", "target_seen": seen}))
    return check_corpus(records, DataConfig(name="vast", gold="x"))


def test_all_none_on_the_zero_shot_test_set_of_vast(data):
    rows = table(data / "stance/vast/raw_test_all_onecol.csv")
    assert Counter(row["Stance 1"] for row in rows) == {"AGAINST": 490, "FAVOR": 451, "NONE": 519}
    corpus = vast_corpus(rows)
    examples = StanceTask().examples(corpus, gold=True, selects=False, label_map=NO_MAP)
    assert len(examples) == 1460
    assert {example.fields["target_seen"] for example in examples} == {"no"}
    answers = {example.id: Answer(label="none") for example in examples}
    found = scored(corpus, answers, ["stance_classification", "stance_sides", "stance_majority"])
    macro = found[Key("stance.macro_f1", "pooled")]
    assert round(macro["value"], 4) == 0.1748
    # Resampled are the comments, not the rows.
    assert (macro["n"], macro["unit"], macro["support"]) == (618, "document", 1460)
    assert found[Key("stance.neutral_predicted", "pooled")]["value"] == 1
    assert found[Key("stance.neutral_gold", "pooled")]["value"] == pytest.approx(519 / 1460)
    assert "examples per target" in found[Key("stance.accuracy_majority", "pooled")]["note"]


NAMES = {"0": "against", "1": "favor"}


def sentswap_corpus(rows):
    """A document per comment: each text as it was and with words of the other polarity, a sentence each.

    The file holds the swapped texts alone; the words that were there stand in `change_lst`, sentence by sentence, in
    text order.
    """
    comments = {}
    for row in rows:
        comments.setdefault(row["post"], []).append(row)
    records = []
    for number, group in enumerate(comments.values()):
        doc, text, sentences = f"d{number}", "", {}
        judgements = []
        for row in group:
            sentence_words = [list(words) for words in json.loads(row["text"])]
            swapped = " ".join(chain(*sentence_words))
            for words, changes in zip(sentence_words, json.loads(row["change_lst"]), strict=True):
                start = 0
                for before, after in changes:
                    place = words.index(after, start)
                    words[place] = before
                    start = place + 1
            original = " ".join(chain(*sentence_words))
            assert original != swapped
            for said in (original, swapped):
                if said not in sentences:
                    sentences[said] = (f"s{len(sentences)}", len(text), len(text) + len(said))
                    text += said + "\n"
            about = {"doc": doc, "target": row["topic_str"], "label": NAMES[row["label"]], "kind": row["change_type"]}
            name = row["new_id"]
            judgements.append({**about, "sentence": sentences[original][0], "id": name})
            judgements.append({**about, "sentence": sentences[swapped][0], "id": f"{name}-swapped", "swap_of": name})
        records.append(Row("vast", "documents", {"id": doc, "text": text}))
        records += [
            Row("vast", "sentences", {"doc": doc, "id": name, "start": start, "end": end})
            for name, start, end in sentences.values()
        ]
        records += [Row("vast", "stance", judgement) for judgement in judgements]
    return check_corpus(records, DataConfig(name="sentswap", gold="x"))


def test_sentiment_swaps_of_vast(data):
    rows = table(data / "stance/vast/vast_test-sentswap.csv")
    # The label stays what it is in the test set itself: words were swapped, not stances.
    test = {
        (row["Tweet"], row["Target 1"]): row["Stance 1"].lower()
        for row in table(data / "stance/vast/raw_test_all_onecol.csv")
    }
    both = [
        (NAMES[row["label"]], test[row["post"], row["topic_str"]])
        for row in rows
        if (row["post"], row["topic_str"]) in test
    ]
    assert len(both) == 450
    assert sum(one == other for one, other in both) >= 445
    corpus = sentswap_corpus(rows)
    # A model that never reads the text answers both forms alike; one that does not reads the swapped words.
    blind = scored(corpus, TargetOnly(), ["stance_swap", "stance_classification"], context=0)
    consistent = Key("stance.swap.consistent", "pairs")
    assert (blind[consistent]["value"], blind[consistent]["support"], blind[consistent]["n"]) == (1, 932, 382)
    assert blind[Key("stance.swap.drop", "pairs")]["value"] == 0
    assert blind[Key("stance.swap.consistent", "pairs", "gold=different")]["value"] is None
    reader = scored(corpus, TextOnly(chars=0, words=1), ["stance_swap", "stance_classification"], context=0)
    assert 0.5 < reader[consistent]["low"] < reader[consistent]["value"] < reader[consistent]["high"] < 1
    for side in ("original", "swapped"):
        accuracy = reader[Key("stance.accuracy", "pooled", f"swap={side}")]
        assert accuracy["value"] == pytest.approx(reader[Key(f"stance.swap.{side}", "pairs")]["value"])


# ---- SemEval-2016 task 6 --------------------------------------------------------------------------------------------


def test_both_readings_of_favg_and_the_majority_on_the_training_set(data):
    """One set of answers, two numbers that both go by the name of the task's score; the rows keep them apart."""
    path = data / "stance/semeval2016/trainingdata-all-annotations.txt"
    settings = DataConfig(name="semeval", format="semeval_stance", gold=str(path), encoding="cp1252")
    corpus = load_corpus(settings)
    lines = path.read_bytes().decode("cp1252").splitlines()[1:]
    gold = [(cells[1], cells[3].lower()) for cells in (line.split("\t") for line in lines if line.strip())]
    assert len(gold) == 2814
    counts = {}
    for target, label in gold:
        counts.setdefault(target, Counter())[label] += 1
    most = {target: found.most_common(1)[0][0] for target, found in counts.items()}
    examples = StanceTask().examples(corpus, gold=True, selects=False, label_map=NO_MAP)
    answers = {example.id: Answer(label=most[example.fields["target"]]) for example in examples}
    found = scored(corpus, answers, ["stance_favg", "stance_majority", "stance_classification"])

    def favg(rows):
        true, said = [label for _, label in rows], [most[target] for target, _ in rows]
        return f1_score(true, said, labels=["favor", "against"], average="macro", zero_division=0)

    pooled = favg(gold)
    per_target = sum(favg([row for row in gold if row[0] == target]) for target in counts) / len(counts)
    assert (round(100 * pooled, 2), round(100 * per_target, 2)) == (54.11, 35.39)
    for average, value in (("pooled", pooled), ("macro_target", per_target)):
        row = found[Key("stance.favg", average)]
        assert row["value"] == pytest.approx(value, abs=1e-12)
        assert f"|avg:{average}|" in row["signature"]
        assert found[Key("stance.favg_majority", average)]["value"] == pytest.approx(value, abs=1e-12)
        assert found[Key("stance.favg_over_majority", average)]["value"] == pytest.approx(0, abs=1e-12)
    assert found[Key("stance.favg_majority", "pooled")]["note"] is None
    assert found[Key("stance.favg", "pooled")]["n"] == 2814
