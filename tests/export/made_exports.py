"""What tests of exports share: documents with a canary, runs over them through the real commands; read with `runpy`."""

import json
import runpy
from pathlib import Path

carry_out = runpy.run_path(str(Path(__file__).parents[1] / "run_here.py"))["carry_out"]
# Stands in the text of every document, in every mention, rationale and summary, and in no name.
CANARY = "Quagmire"
TEXT = f"Anna met {CANARY} in Oslo. {CANARY} praised the tax. Nobody else did.\n"


def write(path, records):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(one) + "\n" for one in records), encoding="utf-8")


def make_results(folder):
    """Runs of a made system over three documents, one per task; returns the results folder."""
    gold, given = folder / "gold", folder / "given"
    docs = ("d1", "d2", "d3")
    start = TEXT.index(CANARY)
    entity = {"start": start, "end": start + len(CANARY), "text": CANARY}
    oslo = {"start": TEXT.index("Oslo"), "end": TEXT.index("Oslo") + 4, "label": "GPE"}
    write(gold / "documents.jsonl", [{"id": doc, "text": TEXT} for doc in docs])
    parts = [part if part.endswith(".") else f"{part}." for part in TEXT.strip().split(". ")]
    sentences = [(TEXT.index(part), TEXT.index(part) + len(part)) for part in parts]
    write(
        gold / "sentences.jsonl",
        [{"doc": d, "id": f"s{n}", "start": a, "end": b} for d in docs for n, (a, b) in enumerate(sentences)],
    )
    write(gold / "entities.jsonl", [{"doc": d, **one} for d in docs for one in ({**entity, "label": "PERSON"}, oslo)])
    write(gold / "targets.jsonl", [{"id": "tax", "text": f"the tax of {CANARY}"}])
    stance = {"target": "tax", "sentence": "s1", "label": "favor"}
    write(gold / "stance.jsonl", [{"doc": d, **stance, "rationale": f"{CANARY} praises it"} for d in docs])
    write(gold / "summaries.jsonl", [{"doc": d, "text": f"{CANARY} was met."} for d in docs])
    write(
        given / "entities.jsonl",
        [{"doc": "d1", **entity, "label": "PERSON"}, {"doc": "d2", **entity, "label": "GPE"}, {"doc": "d3"}],
    )
    write(
        given / "stance.jsonl",
        [
            {"doc": "d1", **stance, "scores": {"favor": 0.75, "against": 0.25, "none": 0.0}},
            {"doc": "d2", **stance, "label": "against"},
        ],
    )
    write(given / "summaries.jsonl", [{"doc": d, "text": f"Anna met {CANARY}."} for d in docs])
    carry_out(
        [
            "data=local",
            "data.name=mine",
            f"data.documents={gold}",
            f"data.gold={gold}",
            "model=predictions",
            f"model.path={given}",
            "model.name=sys",
            "fail_on_error.share=1",
            f"results={folder / 'results'}",
        ]
    )
    return folder / "results"
