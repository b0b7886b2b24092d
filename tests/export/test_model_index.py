"""Model-index: what the hub's own reader reads back, and a card that keeps what it had."""

import runpy
from pathlib import Path

import pytest
from huggingface_hub import ModelCard

from harness.__main__ import command

pytestmark = pytest.mark.core

made = runpy.run_path(str(Path(__file__).parent.parent / "made_runs.py"))
make_run, ner_rows, row = made["make_run"], made["ner_rows"], made["row"]


def export(capsys, results, out, *arguments):
    code = command(["export", str(results), "--to", "model-index", "--out", str(out), *arguments])
    said = capsys.readouterr()
    assert code == 0, said.err
    return {(result.dataset_config, result.metric_name): result for result in ModelCard.load(out).data.eval_results}


def test_the_hub_reads_it_back(tmp_path, capsys):
    make_run(tmp_path / "r", "sys", scores=[*ner_rows(0.5), row("entity.f1", "count", 3.0), row("x.y", "micro", None)])
    make_run(tmp_path / "r", "sys", task="stance", scores=[row("stance.mcc", "pooled", -0.25)])
    found = export(capsys, tmp_path / "r", tmp_path / "README.md")
    # Neither slices, nor counts, nor what is undefined.
    assert set(found) == {
        ("ner", "entity.f1"), ("ner", "entity.f1/macro"), ("ner", "entity.precision"), ("ner", "entity.recall"),
        ("ner", "entity_partial.f1"), ("stance", "stance.mcc"),
    }  # fmt: skip
    one = found["ner", "entity.f1"]
    assert (one.task_type, one.dataset_type, one.metric_type, one.metric_value) == (
        "token-classification",
        "mine",
        "f1",
        0.5,
    )
    assert one.dataset_revision == "a" * 64
    assert one.dataset_args == {"documents": 40, "documents_sha256": "d" * 64}
    assert one.metric_args == {
        "low": 0.4,
        "high": 0.6,
        "level": 0.95,
        "method": "BCa-t bootstrap over documents, 10000 resamples",
        "n": 40,
        "unit": "document",
        "signature": "entity.f1|avg:micro|v:1|map:none",
        "harness_version": "0.1.0",
    }
    mcc = found["stance", "stance.mcc"]
    assert (mcc.task_type, mcc.metric_type, mcc.metric_value) == ("text-classification", "matthews_correlation", -0.25)
    assert "low" not in mcc.metric_args
    assert ModelCard.load(tmp_path / "README.md").data.model_name == "sys"


def test_a_card_keeps_its_text_and_other_results(tmp_path, capsys):
    card = tmp_path / "README.md"
    card.write_text(
        "---\nlicense: mit\nmodel-index:\n- name: theirs\n  results:\n  - task:\n      type: token-classification\n"
        "    dataset:\n      name: other\n      type: other\n    metrics:\n    - type: f1\n      value: 0.9\n"
        "      name: F1\n---\n\n# Their card\n\nTheir text.\n",
        encoding="utf-8",
    )
    make_run(tmp_path / "r", "sys", scores=ner_rows(0.5))
    assert len(export(capsys, tmp_path / "r", card)) == 6
    make_run(tmp_path / "r", "sys", scores=ner_rows(0.7), gold_sha256="b" * 64)
    found = export(capsys, tmp_path / "r", card)
    assert len(found) == 6
    assert found["ner", "entity.f1"].metric_value == 0.7
    assert found[None, "F1"].metric_value == 0.9
    data = ModelCard.load(card).data
    assert (data.license, data.model_name) == ("mit", "theirs")
    assert card.read_text(encoding="utf-8").endswith("# Their card\n\nTheir text.\n")


def test_a_slice_that_was_asked_for(tmp_path, capsys):
    make_run(tmp_path / "r", "sys", scores=ner_rows(0.5))
    found = export(capsys, tmp_path / "r", tmp_path / "README.md", "--metric", "entity.f1@label=GPE")
    assert set(found) == {("ner", "entity.f1@label=GPE")}


@pytest.mark.parametrize("name", ["a: b\n- c", "---\n", "=1+1", "\x1b[2J", "{{x}}", "<script>"])
def test_names_stay_names(name, tmp_path, capsys):
    make_run(tmp_path / "r", name, folder="f", data=name)
    found = export(capsys, tmp_path / "r", tmp_path / "README.md")
    assert {one.dataset_type for one in found.values()} == {name}
    assert ModelCard.load(tmp_path / "README.md").data.model_name == name


@pytest.mark.parametrize(
    ("models", "card", "said"),
    [
        (("a", "b"), None, "a card is of one model, the runs are of a, b"),
        (("a",), "---\n[\n---\n", "no model card that can be read"),
        *(
            (("a",), f"---\nmodel-index: {content}\n---\n", "no model card that can be read")
            for content in ("5", "[5]", "[{name: x, results: 3}]", "[{name: x, results: [{task: 3}]}]")
        ),
        (("a",), "---\n- a\n---\n", "no model card that can be read"),
        (("a",), b"\xff\xfe", "no model card that can be read"),
    ],
)
def test_faults(models, card, said, tmp_path, capsys):
    for model in models:
        make_run(tmp_path / "r", model)
    path = tmp_path / "README.md"
    if card is not None:
        path.write_bytes(card.encode() if isinstance(card, str) else card)
    before = path.read_bytes() if card else None
    assert command(["export", str(tmp_path / "r"), "--to", "model-index", "--out", str(path)]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1
    assert (path.read_bytes() if path.exists() else None) == before


def test_two_runs_of_one_metric_are_refused(tmp_path, capsys):
    for folder in ("x", "y"):
        make_run(tmp_path / "r", "a", folder=folder)
    path = tmp_path / "README.md"
    assert command(["export", str(tmp_path / "r"), "--to", "model-index", "--out", str(path)]) == 2
    assert "several runs" in capsys.readouterr().err
    assert not path.exists()


def test_the_card_begins_with_the_headline(tmp_path, capsys):
    from huggingface_hub import ModelCard

    make_run(tmp_path / "r", "sys", scores=[row("entity.f1", "macro", 0.4), *ner_rows(0.5)])
    assert command(["export", str(tmp_path / "r"), "--to", "model-index", "--out", str(tmp_path / "c.md")]) == 0
    first = ModelCard.load(tmp_path / "c.md").data.eval_results[0]
    assert (first.metric_name, first.metric_config, first.metric_value) == ("entity.f1", "micro", 0.5)
