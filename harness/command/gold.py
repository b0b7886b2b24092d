"""`python -m harness gold`: starting, checking, counting, looking over and converting annotations."""

import importlib

from harness.command.output import print_text
from harness.config import nearest
from harness.errors import UsageError

# A step is the module of that name in `harness.command.gold_steps`.
STEPS = {
    "init": "start annotating documents of your own: sentences, targets, a README of the records",
    "validate": "check every offset, id and label; counts, or every fault",
    "stats": "what is there: documents, zones, entities per label, stance per target, summaries per style",
    "audit": "what is no fault and may be a slip: each place, and why it matters",
    "agreement": "how far several annotators agree: entities, stance, summaries",
    "correlate": "hold metrics to human ratings of what several systems gave",
    "convert": "write it in another format: jsonl, conll, brat, doccano, prodigy, labelstudio, spacy",
}


def run(arguments: list[str]) -> int:
    """Runs it; returns the exit code."""
    if not arguments:
        raise UsageError(f"gold: needs one of {', '.join(STEPS)}; see `python -m harness gold --help`")
    step = arguments[0]
    if step in ("-h", "--help"):
        lines = [f"  {name:10} {about}\n" for name, about in STEPS.items()]
        print_text("usage: python -m harness gold STEP ...\n\n" + "".join(lines))
        return 0
    if step not in STEPS:
        raise UsageError(f"gold {step}: no such step{nearest(step, STEPS)}; there are {', '.join(STEPS)}")
    return int(importlib.import_module(f"harness.command.gold_steps.{step}").run(arguments[1:]))
