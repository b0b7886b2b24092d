"""`gold agreement`: annotators beside each other."""

import json
from pathlib import Path

import krippendorff
import numpy as np
import pytest
from sklearn.metrics import f1_score

from harness.__main__ import command
from harness.annotators import read_layers
from harness.config import DataConfig
from harness.gold_agreement import agreements, grid

pytestmark = pytest.mark.core

ROOT = Path(__file__).resolve().parent.parent
TEXT = "Anna met Bob in old Oslo town."
SPANS = {"anna": (0, 4, "PER"), "bob": (9, 12, "PER"), "oslo": (20, 24, "LOC"), "old oslo": (16, 24, "LOC")}


def write(folder, **files):
    for name, records in files.items():
        text = "".join(json.dumps(record) + "\n" for record in records)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
    return read_layers(DataConfig(name="own", gold=str(folder)))


def entities(given):
    """By annotator and document, names of spans."""
    rows = []
    for annotator, documents in given.items():
        for doc, names in documents.items():
            rows += [{"doc": doc, "annotator": annotator}] if not names else []
            for start, end, label in (SPANS[name] for name in names):
                fields = {"start": start, "end": end, "label": label, "text": TEXT[start:end]}
                rows.append({"doc": doc, "annotator": annotator, **fields})
    return rows


def found(layers, **more):
    return {(one.what, one.measure, one.between): one for one in agreements(layers, resamples=200, **more)}


def test_entities_of_three(tmp_path):
    given = {
        "a": {"d": ["anna", "bob", "oslo"], "e": ["anna"], "f": []},
        "b": {"d": ["anna", "old oslo"], "e": ["anna"], "f": []},
        "c": {"d": ["anna", "bob"], "e": []},
    }
    documents = [{"id": doc, "text": TEXT} for doc in "def"]
    measures = found(write(tmp_path, documents=documents, entities=entities(given)))
    expected = {}
    for pair in ("ab", "ac", "bc"):
        sides = [
            [
                name in given[who][doc]
                for doc in "def"
                if doc in given[pair[0]] and doc in given[pair[1]]
                for name in SPANS
            ]
            for who in pair
        ]
        expected[pair] = f1_score(*sides)
        one = measures["entities", "F1 (span and label)", tuple(pair)]
        assert one.value == pytest.approx(expected[pair])
    one = measures["entities", "F1 (span and label), mean over pairs", ("a", "b", "c")]
    assert one.value == pytest.approx(np.mean(list(expected.values())))
    assert one.documents == 3
    assert one.low < one.value < one.high
    # Tokens: Anna met Bob in old Oslo town . with the labels of each annotator; c did not see f.
    tokens = ["anna", "", "bob", "", "old", "oslo", "", ""]
    codes = {"": 0, "PER": 1, "LOC": 2}

    def label(names, token):
        if token == "old":
            return "LOC" if "old oslo" in names else ""
        if token == "oslo":
            return "LOC" if {"oslo", "old oslo"} & set(names) else ""
        return SPANS[token][2] if token in names else ""

    table = [
        [codes[label(given[who][doc], token)] if doc in given[who] else np.nan for doc in "def" for token in tokens]
        for who in "abc"
    ]
    one = measures["entities", "alpha (nominal) over tokens", ("a", "b", "c")]
    assert one.value == pytest.approx(krippendorff.alpha(np.array(table, dtype=float), level_of_measurement="nominal"))
    assert one.units == 24


def test_stance(tmp_path):
    generator = np.random.default_rng(0)
    labels = ("favor", "against", "none")
    table = generator.integers(0, 3, (3, 12)).astype(float)
    table[1] = np.where(generator.random(12) < 0.7, table[0], table[1])
    table[2, :4] = np.nan
    documents = [{"id": f"d{n}", "text": TEXT} for n in range(4)]
    rows = [
        {"doc": f"d{n % 4}", "target": f"t{n // 4}", "label": labels[int(value)], "annotator": name}
        for name, of in zip("abc", table, strict=True)
        for n, value in enumerate(of)
        if not np.isnan(value)
    ]
    measures = found(write(tmp_path, documents=documents, stance=rows))
    one = measures["stance", "alpha (nominal)", ("a", "b", "c")]
    assert one.value == pytest.approx(krippendorff.alpha(table, level_of_measurement="nominal"))
    assert (one.units, one.documents) == (12, 4)
    assert one.low < one.value < one.high
    same = [len(set(column[~np.isnan(column)])) == 1 for column in table.T]
    assert measures["stance", "share with one label", ("a", "b", "c")].value == pytest.approx(np.mean(same))


@pytest.mark.parametrize("named", [lambda name, n: f"{name}{n}", lambda name, n: f"{n}", lambda name, n: None])
def test_ids_of_annotators_do_not_keep_judgements_apart(tmp_path, named):
    given = {"a": ["favor", "none", "against", "favor"], "b": ["favor", "none", "none", "favor"]}
    rows = [
        {"doc": "d", "target": f"t{n}", "label": label, "annotator": name}
        | ({} if named(name, n) is None else {"id": named(name, n)})
        for name, labels in given.items()
        for n, label in enumerate(labels)
    ]
    measures = found(write(tmp_path, documents=[{"id": "d", "text": TEXT}], stance=rows))
    one = measures["stance", "share with one label", ("a", "b")]
    assert (one.value, one.units) == (0.75, 4)


def test_judgements_that_cannot_be_paired_are_said(tmp_path):
    rows = [
        {"doc": "d", "target": "t", "label": label, "annotator": name, "id": f"{name}{n}"}
        for name in "ab"
        for n, label in enumerate(("favor", "none"))
    ]
    rows += [{"doc": "d", "target": "u", "label": "favor", "annotator": name} for name in "ab"]
    layers = write(tmp_path, documents=[{"id": "d", "text": TEXT}], stance=rows)
    measures = found(layers)
    assert measures["stance", "share with one label", ("a", "b")].units == 1
    said = "left out: stance judgements of a (2), b (2): their ids do not say which judgement of another annotator"
    assert [note for note in grid(agreements(layers, resamples=100), layers).notes if note.startswith(said)]


def test_summaries_by_style(tmp_path):
    from rouge_score_rs.rouge_scorer import RougeScorer

    texts = {
        "d": {"a": "Anna met Bob in Oslo.", "b": "Bob was met by Anna.", "c": "A town in the north."},
        "e": {"a": "The old town of Oslo.", "b": "Oslo is old."},
        "f": {"a": "Nobody else wrote this."},
    }
    rows = [{"doc": doc, "text": text, "annotator": name} for doc, of in texts.items() for name, text in of.items()]
    measures = found(write(tmp_path, documents=[{"id": doc, "text": TEXT} for doc in texts], summaries=rows))
    scorer = RougeScorer(["rouge1", "rougeL"], use_stemmer=True)
    for name in ("rouge1", "rougeL"):
        means = []
        for of in texts.values():
            pairs = [(of[x], of[y]) for x, y in ("ab", "ac", "bc") if x in of and y in of]
            if pairs:
                means.append(np.mean([scorer.score(*pair)[name].fmeasure for pair in pairs]))
        one = measures["summaries (default)", f"{name} F1, mean over pairs", ("a", "b", "c")]
        assert one.value == pytest.approx(np.mean(means))
        assert (one.documents, one.units) == (2, 5)


def test_the_seed_has_what_its_data_card_says(capsys):
    assert (
        command(
            ["gold", "agreement", str(ROOT / "gold" / "seed"), "--documents", str(ROOT / "seeds"), "--format", "json"]
        )
        == 0
    )
    content = json.loads(capsys.readouterr().out)
    rows = {(row["what"], row["measure"]): row for row in content["rows"]}
    # 118 of a's 118 and b's 119 entities are the same: F1 = 2 x 118 / (118 + 119).
    assert rows["entities", "F1 (span and label)"]["value"] == pytest.approx(236 / 237)
    assert rows["stance", "alpha (nominal)"]["value"] == pytest.approx(0.97, abs=0.005)
    assert rows["summaries (highlights)", "rouge1 F1, mean over pairs"]["value"] == pytest.approx(0.75, abs=0.005)
    for row in rows.values():
        assert (row["low"], row["method"]) == (None, "none: one document: no interval exists")
    assert content["annotators"] == [{"id": "a", "kind": "model"}, {"id": "b", "kind": "model"}]


def test_the_table_says_who_agreed(capsys):
    given = ["gold", "agreement", str(ROOT / "gold" / "seed"), "--documents", str(ROOT / "seeds")]
    assert command(given) == 0
    text = capsys.readouterr().out
    assert "agreement of 2 annotators · 1 document" in text
    assert "annotators: a (model), b (model)" in text
    assert "not every annotator is said to be a person" in text
    for name in ("md", "csv"):
        assert command([*given, "--format", name]) == 0
        assert "alpha (nominal)" in capsys.readouterr().out


def test_people_are_said_to_be_people(tmp_path):
    kinds = [{"id": name, "kind": "human"} for name in "ab"]
    rows = entities({"a": {"d": ["anna"]}, "b": {"d": ["bob"]}})
    layers = write(tmp_path, documents=[{"id": "d", "text": TEXT}], entities=rows, annotators=kinds)
    assert not any("person" in note for note in grid(agreements(layers), layers).notes)


def test_where_nothing_can_be_said(tmp_path):
    # No entity on either side, one label throughout: neither F1 nor alpha is defined.
    documents = [{"id": doc, "text": TEXT} for doc in "de"]
    rows = entities({"a": {"d": [], "e": []}, "b": {"d": [], "e": []}})
    stance = [{"doc": "d", "target": "t", "label": "none", "annotator": name} for name in "ab"]
    for one in found(write(tmp_path, documents=documents, entities=rows, stance=stance)).values():
        if one.measure == "share with one label":
            assert one.value == 1
        else:
            assert (one.value, one.low, one.method) == (None, None, "none: undefined")


def test_one_annotator_is_one_message(tmp_path, capsys):
    (tmp_path / "documents.jsonl").write_text(json.dumps({"id": "d", "text": TEXT}) + "\n", encoding="utf-8")
    (tmp_path / "entities.jsonl").write_text(json.dumps({"doc": "d"}) + "\n", encoding="utf-8")
    assert command(["gold", "agreement", str(tmp_path)]) == 2
    assert "two annotators are needed, found none" in capsys.readouterr().err
    assert command(["gold", "agreement", str(tmp_path), "--resamples", "1"]) == 2
    assert "at least 100" in capsys.readouterr().err
