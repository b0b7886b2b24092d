"""The shipped models answer each text as they would alone; the comparison that says so finds one that does not."""

import json
import random
from dataclasses import replace

import pytest

from harness import plan as plan_module
from harness.compose import compose_jobs, parse_arguments
from harness.engine.local import Local
from harness.evaluate import Progress, run_plan
from harness.model.hf_pair import HfPair
from harness.model.hf_seq2seq import HfSeq2seq
from harness.model.hf_tagger import HfTagger
from harness.plan import plan
from harness.prediction_file import read_predictions
from harness.records import NerInput, StanceInput, SummaryInput, Target

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

pytestmark = pytest.mark.core
# These models are so small that threads would only wait for each other.
torch.set_num_threads(1)

SENTENCES = (
    "Angela Merkel met the French president in Paris on Monday.",
    "The bank said that profits at Siemens rose by 12 percent in 2019.",
    "It rained.",
    "Two people were hurt near Kyoto, the police of Japan said, and Toyota closed a plant for three days.",
)
TEXTS = [" ".join(SENTENCES[(i + j) % 4] for j in range(1 + i % 5)) for i in range(12)]
TARGET = Target("bank", "the bank")


def entities():
    return HfTagger(path="package:weights/tiny_ner"), [NerInput(f"e{i}", "d", text) for i, text in enumerate(TEXTS)]


def stances():
    inputs = [StanceInput(f"e{i}", "d", text, "", TARGET) for i, text in enumerate(TEXTS)]
    return HfPair(path="package:weights/tiny_stance"), inputs


def summaries():
    inputs = [SummaryInput(f"e{i}", "d", text, "headline", ()) for i, text in enumerate(TEXTS[:6])]
    return HfSeq2seq(path="package:weights/tiny_summarization", max_new_tokens=6), inputs


def said(answer):
    """What an answer says, and the probabilities beside it."""
    scores = answer.scores or {}
    spans = [(e.start, e.end, e.label) for e in answer.entities or ()]
    return (answer.bin, answer.label, answer.text, spans), [*(e.score for e in answer.entities or ()), *scores.values()]


def differing(model, inputs, orders):
    """Ids of texts that any order or company gives another answer than they get alone."""
    alone = {one.id: said(model.answer([one])[0]) for one in inputs}
    found = set()
    for order in orders:
        for one, answer in zip(order, model.answer(order), strict=True):
            words, numbers = said(answer)
            close = pytest.approx(alone[one.id][1], abs=1e-5)
            if words != alone[one.id][0] or numbers != close:
                found.add(one.id)
    return found


@pytest.mark.parametrize("made", [entities, stances, summaries])
def test_company_and_order_move_nothing(made):
    model, inputs = made()
    mixed = random.Random(3).sample(inputs, len(inputs))
    assert differing(model, inputs, [inputs, inputs[::-1], mixed, [*inputs, *inputs]]) == set()


@pytest.mark.parametrize("made", [entities, stances])
def test_a_model_that_sees_its_padding_is_found_out(made):
    model, inputs = made()

    def unmask(_module, given, named):
        return given, {**named, "attention_mask": torch.ones_like(named["attention_mask"])}

    hook = model.network.register_forward_pre_hook(unmask, with_kwargs=True)
    try:
        assert differing(model, inputs, [inputs])
    finally:
        hook.remove()


def test_a_text_that_never_fits_into_memory_costs_itself():
    model, inputs = entities()
    long = NerInput("long", "d", " ".join(SENTENCES * 20))

    def refuse(_module, _given, named):
        if named["input_ids"].numel() > 200:
            raise torch.OutOfMemoryError("CUDA out of memory")

    found = {}
    model.network.register_forward_pre_hook(refuse, with_kwargs=True)
    Local().run(
        model,
        [*inputs, long],
        lambda batch, answers: found.update(zip([one.id for one in batch], answers, strict=True)),
        lambda: None,
    )
    assert (found["long"].bin, found["long"].reason) == ("failed", "oom")
    for one in inputs:
        assert said(found[one.id])[0] == said(model.answer([one])[0])[0]
        assert found[one.id].bin == "scored"


def test_two_runs_have_the_same_bytes_and_the_order_of_the_files_moves_no_row(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    line = ["data=local", "data.name=mine", "data.documents=documents.jsonl", "data.gold=.", "model=tiny", "task=ner"]
    (composed,) = compose_jobs(parse_arguments([*line, "interval.resamples=100"]))
    documents = [{"id": f"d{i}", "text": text} for i, text in enumerate(TEXTS)]
    gold = [{"doc": one["id"]} for one in documents]
    results = {}
    for name, order in (("once", 1), ("again", 1), ("reversed", -1)):
        for file, rows in (("documents", documents), ("entities", gold)):
            lines = "".join(json.dumps(row) + "\n" for row in rows[::order])
            (tmp_path / f"{file}.jsonl").write_text(lines, encoding="utf-8")
        plan_module._corpora.clear()
        ready = plan(replace(composed, config=replace(composed.config, results=name)))
        (outcome,) = run_plan(ready, stop=lambda: None, progress=Progress())
        assert outcome.status == "complete", outcome.reason
        (results[name],) = (tmp_path / name / "mine/ner").iterdir()
    once, again, other = results.values()
    for file in ("predictions.parquet", "counts.parquet", "scores.json"):
        assert (once / file).read_bytes() == (again / file).read_bytes()
    rows, mixed = (
        {row.example: (row.document, *said(row.answer)) for row in read_predictions(f)} for f in (once, other)
    )
    assert rows.keys() == mixed.keys()
    for example, (document, words, numbers) in rows.items():
        assert (document, words) == mixed[example][:2]
        assert numbers == pytest.approx(mixed[example][2], abs=1e-5)
    assert sum(len(words[3]) for _, words, _ in rows.values()) > 20
