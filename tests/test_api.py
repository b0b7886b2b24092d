"""The Python door: the rows of the command line, and nothing written."""

import json
import os

import pytest

from harness.__main__ import command
from harness.api import score
from harness.errors import ConfigError, PredictionError

pytestmark = pytest.mark.core


@pytest.fixture
def place(tmp_path, monkeypatch):
    from harness import plan

    monkeypatch.chdir(tmp_path)
    plan._corpora.clear()
    for name in ("gold", "a b,(c)='d"):
        (tmp_path / name).mkdir()
    texts = [{"id": f"d{n}", "text": "Yes."} for n in range(4)]
    gold = [{"doc": f"d{n}", "target": "nato", "label": ("favor", "against")[n % 2]} for n in range(4)]
    found = [{**row, "label": "favor"} for row in gold]
    write(tmp_path / "gold/documents.jsonl", texts)
    write(tmp_path / "gold/stance.jsonl", gold)
    write(tmp_path / "a b,(c)='d/stance.jsonl", found)
    return tmp_path


def write(path, records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


def value(scores, metric, average="pooled"):
    return next(
        r["value"] for r in scores["scores"] if (r["metric"], r["average"], r["slice"]) == (metric, average, "all")
    )


def test_the_numbers_are_right_and_nothing_is_written(place):
    before = sorted(os.walk(place))
    found = score(place / "gold", place / "a b,(c)='d", task="stance", name="it's (mine), v=2")
    assert value(found, "stance.accuracy") == 0.5
    # favor: P = 1/2, R = 1; against: nothing found.
    assert value(found, "stance.favg") == pytest.approx(1 / 3)
    assert found["model"]["name"] == "it's (mine), v=2"
    assert found["ledger"]["examples"]["total"] == 4
    assert sorted(os.walk(place)) == before


def test_the_rows_are_those_of_the_command_line(place):
    found = score("gold", "a b,(c)='d", task="stance", name="mine")
    assert command(["model=predictions", "model.path=a b,(c)='d", "model.name=mine", "data=local", "data.gold=gold",
                    "task=stance"]) == 0  # fmt: skip
    (run,) = (place / "results/local/stance").iterdir()
    assert json.loads((run / "scores.json").read_text()) == found
    # Runs that lie about are none of its business.
    write(place / "gold/stance.jsonl", [{"doc": "d0", "target": "nato", "label": "favor"}])
    assert score(place / "gold", place / "a b,(c)='d", task="stance", name="mine")["ledger"]["examples"]["total"] == 1


def test_faults_are_exceptions(place):
    with pytest.raises(ConfigError, match="task must be one of"):
        score("gold", "x", task="sentiment")
    write(place / "a b,(c)='d/stance.jsonl", [{"doc": "d9", "target": "nato", "label": "favor"}])
    with pytest.raises(PredictionError, match="d9"):
        score("gold", "a b,(c)='d", task="stance")
    with pytest.raises(ConfigError, match="did you mean 'rouge'"):
        score("gold", "x", task="stance", overrides=["metric=[rougee]"])


def test_overrides_choose_metrics(place):
    found = score("gold", "a b,(c)='d", task="stance", overrides=["metric=[stance_classification]"])
    assert not [row for row in found["scores"] if row["metric"] == "stance.favg"]
