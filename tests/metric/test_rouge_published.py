"""ROUGE of published outputs against published and measured scores; needs data that is not part of the project."""

import csv
import os
from pathlib import Path

import numpy as np
import pytest
from rouge_score.rouge_scorer import RougeScorer

from harness.metric.rouge import Rouge
from harness.records import References, Summary

ROOT = Path(__file__).resolve().parents[2]


pytestmark = pytest.mark.core


def folder_of(name):
    """A folder of published summaries; skips where it is not at hand."""
    data = Path(os.environ.get("HARNESS_DATA") or ROOT.parent / "shared" / "data")
    folder = data / "summ" / name
    if not folder.is_dir():
        pytest.skip(f"left out: ROUGE of {name} against published scores, because {folder} is not there")
    return folder


def simcls_xsum():
    """(reference, summary) of the XSum test set, one text a line."""
    folder = folder_of("simcls_xsum")
    references, summaries = (
        (folder / f"test.xsum.{name}").read_text(encoding="utf-8").splitlines() for name in ("reference", "ours")
    )
    return list(zip(references, summaries, strict=True))


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        # rouge_score 0.1.2 with and without stemmer; ROUGE-1.5.5 and the paper have 47.61, 24.57, 39.44.
        (True, {"rouge1": 47.38, "rouge2": 24.50, "rougeLsum": 39.31}),
        (False, {"rouge1": 45.95, "rouge2": 24.01, "rougeLsum": 38.47}),
    ],
)
def test_xsum_means(stem, expected):
    # Split into sentences, as published: without, rougeLsum is 39.305 (some texts are more than one sentence).
    metric = Rouge(stem=stem, types=tuple(expected))
    pairs = simcls_xsum()
    assert len(pairs) == 11334
    counts = [metric.count(References("default", texts=(ref,)), Summary(text)) for ref, text in pairs]
    for name, value in expected.items():
        assert 100 * np.mean([count[f"{name}.f1"] for count in counts]) == pytest.approx(value, abs=0.005)


def test_first_500_equal_rouge_score_one_by_one():
    types = ["rouge1", "rouge2", "rougeL", "rougeLsum"]
    oracle = RougeScorer(types, use_stemmer=True)
    metric = Rouge(split="newline")
    for reference, summary in simcls_xsum()[:500]:
        counts = metric.count(References("default", texts=(reference,)), Summary(summary))
        for name, score in oracle.score(reference, summary).items():
            found = [counts[f"{name}.{part}"] for part in ("precision", "recall", "f1")]
            assert found == pytest.approx(list(score), abs=1e-12, rel=0)


def test_xsum_means_as_the_perl_script_has_them():
    # Published (the SimCLS paper, ROUGE-1.5.5 -m): 47.61, 24.57, 39.44.
    metric = Rouge(mode="rouge155", types=("rouge1", "rouge2", "rougeLsum"), refs="pooled")
    counts = [metric.count(References("default", texts=(ref,)), Summary(text)) for ref, text in simcls_xsum()]
    means = {name: 100 * np.mean([count[f"{name}.f1"] for count in counts]) for name in metric.types}
    assert means == pytest.approx({"rouge1": 47.61, "rouge2": 24.57, "rougeLsum": 39.44}, abs=0.01)


def google_xsum():
    """(reference, summary, R1, R2, RL) as Google's own ROUGE stored them, to 4 decimals."""
    folder = folder_of("xsum_hallucination")
    systems = {"bert_withckpt": "BERTS2S", "bert_nockpt": "TranS2S", "ptgen": "PtGen", "tconvs2s": "TConvS2S"}
    with (folder / "hallucination_annotations_xsum_summaries.csv").open(encoding="utf-8", newline="") as file:
        texts = {(row["bbcid"], row["system"]): row["summary"] for row in csv.DictReader(file)}
    with (folder / "eval_scores_xsum_summaries.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            system, _, doc = row["system_bbcid"].rpartition("_")
            scores = [float(row[name]) for name in ("R1", "R2", "RL")]
            yield texts[doc, "Gold"], texts[doc, systems[system]], *scores


@pytest.mark.parametrize(
    ("mode", "at_least"),
    # Every one of them; with `better` as a form of `good`, not of `well`, one less in each column but R2.
    [("rouge155", (1.0, 1.0, 1.0)), ("rouge_score", (0.90, 0.987, 0.93))],
)
def test_each_xsum_summary_as_google_stored_it(mode, at_least):
    metric = Rouge(mode=mode, types=("rouge1", "rouge2", "rougeLsum"), split="newline")
    rows = list(google_xsum())
    assert len(rows) == 1992
    equal = np.zeros(3)
    for reference, summary, *stored in rows:
        counts = metric.count(References("default", texts=(reference,)), Summary(summary))
        for place, name in enumerate(metric.types):
            # Their last digit is of a score that had been rounded to 5 decimals before.
            found = round(script_f1(counts[f"{name}.precision"], counts[f"{name}.recall"]), 4)
            equal[place] += found == stored[place]
            if mode == "rouge155":
                assert round(counts[f"{name}.f1"], 4) == found
    assert all(equal / len(rows) >= at_least), equal / len(rows)


def script_f1(precision, recall):
    """F1 of precision and recall as ROUGE-1.5.5 prints them."""
    precision, recall = float(f"{precision:.5f}"), float(f"{recall:.5f}")
    total = 0.5 * precision + 0.5 * recall
    return float(f"{precision * recall / total:.5f}") if total else 0.0
