"""What a gold holds: every number counted by hand."""

import csv
import io
import json
import runpy
from pathlib import Path

import pytest

from harness.__main__ import command
from harness.config import DataConfig
from harness.gold_tools.stats import stats

pytestmark = pytest.mark.core
write = runpy.run_path(str(Path(__file__).with_name("made_gold.py")))["write"]


@pytest.fixture
def gold(tmp_path):
    text = "Bank of Berlin in New York. Berlin slept."
    stance = [
        ("a", "s1", "t", "favor"),
        ("a", "s2", "t", "none"),
        ("b", None, "t", "none"),
        ("a", "s1", "u", "against"),
    ]
    return write(
        tmp_path / "gold",
        documents=[
            {"id": "a", "text": text, "split": "test", "language": "en"},
            {"id": "b", "text": "One two three four.", "split": "dev"},
            {"id": "c", "text": "東京 is big"},
        ],
        sentences=[
            {"doc": "a", "id": "s1", "start": 0, "end": 27},
            {"doc": "a", "id": "s2", "start": 28, "end": 41},
            {"doc": "b", "id": "s1", "start": 0, "end": 19, "zone": "caption"},
        ],
        entities=[
            *(
                {"doc": "a", "start": start, "end": end, "label": label}
                for start, end, label in [(0, 14, "ORG"), (8, 14, "GPE"), (18, 26, "GPE"), (28, 34, "GPE")]
            ),
            {"doc": "a", "start": 0, "end": 26, "label": "ORG", "parts": [[0, 7], [18, 26]]},
            {"doc": "b"},
        ],
        targets=[{"id": "t", "text": "T"}, {"id": "u", "text": "U"}, {"id": "v", "text": "V"}],
        stance=[
            {"doc": doc, "target": target, "label": label} | ({"sentence": sentence} if sentence else {})
            for doc, sentence, target, label in stance
        ],
        summaries=[
            {"doc": "a", "text": "Berlin slept.", "annotator": "x"},
            {"doc": "a", "text": "New Berlin slept well", "annotator": "y"},
            {"doc": "a", "style": "extract", "sentences": ["s2"]},
        ],
        facts=[{"doc": "a", "fact": "Berlin slept", "weight": 1}],
        annotators=[{"id": "x", "kind": "human"}, {"id": "y", "kind": "model"}],
    )


def records(gold, capsys, *more):
    assert command(["gold", "stats", str(gold), "--format", "json", *more]) == 0
    return json.loads(capsys.readouterr().out)


def rows(content, table):
    return {row["name"]: row for row in content["rows"] if row["table"] == table}


def test_records_and_documents(gold, capsys):
    content = records(gold, capsys)
    assert content["schema"] == "harness.gold_stats/1"
    assert content["documents"] == 3
    assert content["documents_without_gold"] == 1
    found = rows(content, "records")
    # Words: 8 in a; 4 in b; in c two ideographs, each a word, and two words.
    assert (found["words"]["count"], found["words"]["fewest"], found["words"]["most"]) == (16, 4, 8)
    assert (found["entities"]["count"], found["entities"]["documents"], found["entities"]["fewest"]) == (5, 2, 0)
    assert found["stance judgements"]["per_document"] == 2.0
    assert found["facts"]["count"] == 1
    parts = {(row["field"], row["name"]): row for row in content["rows"] if row["table"] == "parts"}
    assert (parts["split", "test"]["documents"], parts["split", "test"]["ner"]) == (1, 1)
    assert (parts["split", "dev"]["summarization"], parts["split", None]["documents"]) == (0, 1)
    assert parts["language", None]["documents"] == 2
    zones = rows(content, "zones")
    assert (zones["body"]["count"], zones["body"]["words"], zones["body"]["mean_words"]) == (2, 8, 4.0)
    assert (zones["caption"]["count"], zones["caption"]["documents"]) == (1, 1)


def test_entities(gold, capsys):
    found = rows(records(gold, capsys), "entities")
    # Berlin twice and New York.
    assert (found["GPE"]["count"], found["GPE"]["distinct"], found["GPE"]["documents"]) == (3, 2, 1)
    assert found["GPE"]["mean_words"] == pytest.approx(4 / 3)
    # In the bank, and in the stretch of the entity of two pieces: all but the last.
    assert found["GPE"]["nested"] == pytest.approx(2 / 3)
    assert (found["ORG"]["discontinuous"], found["ORG"]["share"]) == (0.5, 0.4)
    assert found[None]["count"] == 5


def test_stance(gold, capsys):
    found = rows(records(gold, capsys), "stance")
    assert (found["t"]["label=favor"], found["t"]["label=against"], found["t"]["label=none"]) == (1, 0, 2)
    assert (found["t"]["majority"], found["t"]["majority_share"], found["t"]["documents"]) == ("none", 2 / 3, 2)
    assert (found["v"]["count"], found["v"]["majority"], found["v"]["majority_share"]) == (0, None, None)
    assert (found[None]["count"], found[None]["majority_share"]) == (4, 0.5)


def test_summaries(gold, capsys):
    found = rows(records(gold, capsys), "summaries")
    default = found["default"]
    assert (default["count"], default["documents"], default["annotators"]) == (2, 1, "x y")
    assert (default["mean_words"], default["fewest_words"], default["most_words"]) == (3.0, 2, 4)
    assert default["compression"] == (8 / 2 + 8 / 4) / 2
    # `berlin slept` stands in the document; `new berlin` and `slept well` do not.
    assert default["novel_bigrams"] == pytest.approx((0 + 2 / 3) / 2)
    assert (found["extract"]["mean_words"], found["extract"]["novel_bigrams"]) == (2, None)


def test_what_is_not_there_has_no_table(tmp_path, capsys):
    gold = write(tmp_path / "g", documents=[{"id": "a", "text": "Ann left."}], entities=[{"doc": "a"}])
    content = records(gold, capsys)
    assert {row["table"] for row in content["rows"]} == {"records"}
    # One document that is annotated and has no entity: nothing is divided by zero.
    assert rows(content, "records")["entities"]["count"] == 0


def test_every_form_says_the_same(gold, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    assert command(["gold", "stats", str(gold)]) == 0
    table = capsys.readouterr().out
    assert "GPE 3 60.0% 2 1.3 66.7% 0.0% 1" in " ".join(table.split())
    assert "annotators: x (human), y (model)" in table
    assert command(["gold", "stats", str(gold), "--format", "md"]) == 0
    assert "| GPE | 3 | 60.0% | 2 | 1.3 | 66.7% | 0.0% | 1 |" in capsys.readouterr().out
    assert command(["gold", "stats", str(gold), "--format", "csv"]) == 0
    found = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert next(row for row in found if row["name"] == "GPE")["count"] == "3"


def test_other_formats_and_faults(tmp_path, capsys):
    path = tmp_path / "x.csv"
    path.write_text("id,text,s\n1,Ann left,pro\n2,Bo came,con\n", encoding="utf-8")
    options = ["--data-format", "hf", "--stance-labels", "pro", "con"]
    columns = "columns={id: id, text: text, stance: s}"
    target = "constants={target: x}"
    content = records(path, capsys, *options, "--data-options", columns, target)
    assert rows(content, "stance")["x"]["label=pro"] == 1
    assert command(["gold", "stats", str(path), *options, "--data-options", "columns"]) == 2
    assert "--data-options: expected KEY=VALUE, found 'columns'" in capsys.readouterr().err
    assert command(["gold", "stats", str(path), *options, "--data-options", "columns={"]) == 2
    assert "is no YAML value" in capsys.readouterr().err
    write(tmp_path / "g", entities=[{"doc": "a"}])
    assert command(["gold", "stats", str(tmp_path / "g")]) == 2
    assert "add --documents DIR" in capsys.readouterr().err


def test_hostile_names_do_not_act(tmp_path, capsys):
    label = "\x1b[2J|x"
    gold = write(
        tmp_path / "g",
        documents=[{"id": "a", "text": "Ann left."}],
        entities=[{"doc": "a", "start": 0, "end": 3, "label": label}],
    )
    for form in ("table", "md", "csv", "json"):
        assert command(["gold", "stats", str(gold), "--format", form]) == 0
        out = capsys.readouterr().out
        assert form == "csv" or "\x1b" not in out
        if form == "md":
            assert "\\|x" in out


def test_the_shipped_gold():
    grids = stats(DataConfig(name="x", documents="package:seeds", gold="package:gold/seed"))
    records = [record for grid in grids for record in grid.records]
    whole = next(record for record in records if record["table"] == "entities" and record["name"] is None)
    assert whole["count"] == 120
