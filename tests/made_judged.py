"""A small corpus with references, and runs that have summaries of it judged; test files read it with `runpy`."""

import functools
import json
from pathlib import Path

from harness import plan
from harness.compose import compose_jobs, parse_arguments
from harness.evaluate import Progress, run_plan

# The last two are the same text: a judge is asked about them once.
TEXTS = {
    "d0": "Anna supports the ban. It rained.",
    "d1": "Bob opposes the ban. Nobody came.",
    "d2": "Bob opposes the ban. Nobody came.",
}
FOLDER = Path("results/own/summarization/lead")


def lines(path, records):
    with open(path, "w", encoding="utf-8") as stream:
        stream.writelines(json.dumps(record) + "\n" for record in records)


def make_corpus(folder, texts=TEXTS):
    """Documents of two sentences each, all of them body, their own references, and a fact and a stance for each."""
    for name in ("docs", "gold"):
        (folder / name).mkdir()
    gold = folder / "gold"
    lines(folder / "docs/documents.jsonl", [{"id": name, "text": text} for name, text in texts.items()])
    lines(gold / "summaries.jsonl", [{"doc": name, "style": "default", "text": texts[name]} for name in texts])
    ends = {name: text.index(".") + 1 for name, text in texts.items()}
    spans = {name: ((0, ends[name]), (ends[name] + 1, len(text))) for name, text in texts.items()}
    lines(gold / "sentences.jsonl", [{"doc": name, "id": f"s{n}", "start": start, "end": end, "zone": "body"}
                                     for name in texts for n, (start, end) in enumerate(spans[name])])  # fmt: skip
    fact = {"fact": "Nobody likes the ban.", "weight": 1.0, "sentences": ["s0"]}
    lines(gold / "facts.jsonl", [{"doc": name, **fact} for name in texts])
    stance = {"sentence": "s0", "target": "the ban", "label": "against", "holder": "Bob"}
    lines(gold / "stance.jsonl", [{"doc": name, **stance} for name in texts])


def arguments(*more, metric, model="lead"):
    return [f"model={model}", "data=local", "data.name=own", "task=summarization", "data.documents=docs",
            "data.gold=gold", "interval.resamples=100", f"metric=[{metric}]", *more]  # fmt: skip


@functools.cache
def composed(*line):
    """Composing takes longer than all the rest, and says the same of the same line."""
    (job,) = compose_jobs(parse_arguments(list(line)))
    return job


def ready(*more, metric, model="lead"):
    """The plan; a process reads a corpus once, so what it has read is forgotten before."""
    plan._corpora.clear()
    return plan.plan(composed(*arguments(*more, metric=metric, model=model)))


def run(*more, metric, model="lead"):
    """The outcome of a run of one task."""
    (outcome,) = run_plan(ready(*more, metric=metric, model=model), stop=lambda: None, progress=Progress())
    return outcome


def run_json(folder=FOLDER):
    return json.loads((folder / "run.json").read_text(encoding="utf-8"))
