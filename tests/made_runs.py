"""Run folders with made-up scores, put in place by the real writers; test files read this one with `runpy`."""

from pathlib import Path

from harness.prediction_file import write_predictions
from harness.run_folder import write_config, write_run, write_scores
from harness.scoring import SCHEMA, Scored

METRICS = ("entity_f1", "entity_overlap", "stance_favg", "stance_classification", "rouge", "length")


def row(metric, average, value, low=None, high=None, slice="all", **more):
    """A row of scores.json; an interval where bounds are given."""
    method = (
        "BCa-t bootstrap over documents, 10000 resamples"
        if low is not None
        else "none: one document: no interval exists"
    )
    return {
        "metric": metric,
        "average": average,
        "slice": slice,
        "value": value,
        "low": low,
        "high": high,
        "level": 0.95,
        "method": method,
        "n": 40,
        "unit": "document",
        "support": 100.0,
        "signature": f"{metric}|avg:{average}|v:1|map:none",
        "unreliable": False,
        "note": None,
        **more,
    }


def ner_rows(f1=0.5, **more):
    """The headline rows of NER."""
    around = {"low": max(0.0, f1 - 0.1), "high": min(1.0, f1 + 0.1), **more}
    return [
        row("entity.f1", "micro", f1, **around),
        row("entity.precision", "micro", f1, **around),
        row("entity.recall", "micro", f1, **around),
        row("entity.f1", "macro", f1, **around),
        row("entity_partial.f1", "micro", f1, **around),
        row("entity.f1", "micro", f1, slice="label=GPE", **around),
    ]


def make_run(
    results,
    model="tiny",
    *,
    data="mine",
    task="ner",
    scores=None,
    folder=None,
    gold="none",
    gold_sha256="a" * 64,
    documents_sha256="d" * 64,
    documents=40,
    examples=None,
    spans=None,
    truncated=0,
    unseen_gold=None,
    asked=None,
    label_map=None,
):
    """Writes one complete run folder and returns it."""
    place = Path(results) / data / task / (folder or "".join(c if c.isalnum() or c in "._,=-" else "_" for c in model))
    bins = {"total": 400, "scored": 400, "unparsed": 0, "nonfinite": 0, "failed": 0, "missing": 0, **(examples or {})}
    ledger = {
        "examples": bins,
        "truncated": truncated,
        "spans": {"total": 0, "scored": 0, "ungrounded": 0, "unmapped": 0, "misaligned": 0, **(spans or {})},
    }
    if unseen_gold is not None:
        ledger["unseen_gold"] = unseen_gold
    rows = ner_rows() if scores is None else scores
    content = {
        "schema": SCHEMA,
        "harness": "0.1.0",
        "data": {
            "name": data,
            "documents": documents,
            "gold_sha256": gold_sha256,
            "documents_sha256": documents_sha256,
        },
        "task": task,
        "model": {"name": model, "signature": {"kind": "made_up"}, "gold": gold},
        "ledger": ledger,
        "scores": rows,
    }
    if label_map:
        content["label_map"] = {"name": label_map, "dropped": {"gold": {}, "predicted": {}}}
    metrics = {kind: {"kind": kind} for kind in METRICS}
    config = {"data": {"name": data}, "model": {"name": model}, "task": {task: {"kind": task}}, "metric": metrics}
    write_config(place, config)
    write_predictions(place / "predictions.parquet", [], {}, {})
    write_scores(place, Scored([], rows, ledger), content)
    write_run(
        place,
        "complete",
        seconds={"load": 1.0, "predict": 8.0, "score": 0.5},
        asked=bins["total"] if asked is None else asked,
        examples_per_second=50.0,
    )
    return place
