"""The model card of a checkpoint: ``card.json`` with the raw figures and ``README.md`` written from it."""

import json
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from transformers import PreTrainedModel, PreTrainedTokenizerFast

LIMIT = 4_000_000  # bytes of the weights


def save(folder: Path, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> None:
    """Writes weights (float16) and tokenizer; raises if the weights are over the limit."""
    folder.mkdir(parents=True, exist_ok=True)
    model.half().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    size = (folder / "model.safetensors").stat().st_size
    if size > LIMIT:
        raise ValueError(f"{folder / 'model.safetensors'} has {size} bytes, the limit is {LIMIT}")


def reload(folder: Path, kind: type[PreTrainedModel]) -> PreTrainedModel:
    """The checkpoint as a user gets it: what is scored is what is shipped."""
    return kind.from_pretrained(folder, dtype=torch.float32).eval()


def write(folder: Path, card: Mapping[str, Any]) -> None:
    """Writes the card beside the weights that ``save`` wrote."""
    with safe_open(str(folder / "model.safetensors"), "pt") as weights:
        parameters = sum(weights.get_tensor(name).numel() for name in weights.keys())  # noqa: SIM118
    whole = {
        **card,
        "parameters": parameters,
        "bytes": (folder / "model.safetensors").stat().st_size,
        "python": platform.python_version(),
        "versions": {name: version(name) for name in card["packages"]},
    }
    (folder / "card.json").write_text(json.dumps(whole, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    (folder / "README.md").write_text(render(folder.name, whole), encoding="utf-8")


def scored(
    name: str, figures: Mapping[str, Any], unit: str, goal: str | None = None, met: bool = True
) -> dict[str, Any]:
    """A row of the table of scores; ``unit`` says what was resampled."""
    return {"name": name, **figures, "unit": unit, "goal": goal, "met": met}


def render(name: str, card: Mapping[str, Any]) -> str:
    """The card as Markdown."""
    lines = [
        f"# {name}",
        "",
        card["summary"],
        "",
        "It is there to run every line of the real path (tokenizer, batches, decoding) where no network is, and to move"
        " visibly when something breaks. **It is not for use**: a real model is better at everything but size.",
        "",
        f"- Architecture: {card['architecture']}; {card['parameters']:,} parameters, {card['bytes']:,} bytes as"
        f" float16."
        " Load it with `dtype=torch.float32`.",
        f"- Input: {card['input']}",
        f"- Teacher: {card['teacher']}",
        f"- Seed {card['rng_seed']}; trained in {card['seconds'] / 60:.1f} minutes on one core"
        f" (with reading the data and the teacher {card['seconds_all'] / 60:.1f}).",
        f"- Python {card['python']}, " + ", ".join(f"{key} {value}" for key, value in card["versions"].items()) + ".",
        "- Rebuilt by `python -m training.tiny --data DIR`; this page is written by that command.",
        "",
        "## Data",
        "",
        "No text is part of the checkpoint; the vocabulary of the tokenizer was counted on the training texts.",
        "",
        "| data | used for | terms |",
        "| --- | --- | --- |",
        *(f"| {row['data']} | {row['use']} | {row['terms']} |" for row in card["data"]),
        "",
        card["split"],
        "",
        "## Scores on data it was not trained on",
        "",
        "Fractions in [0, 1], 95% percentile bootstrap intervals.",
        "",
        "| score | value | 95% interval | resampled | goal |",
        "| --- | --- | --- | --- | --- |",
        *(_score_row(row) for row in card["scores"]),
        "",
        *(f"- {note}" for note in card["notes"]),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _score_row(row: Mapping[str, Any]) -> str:
    goal = "-" if row.get("goal") is None else row["goal"] + (" (met)" if row["met"] else " (**missed**)")
    return (
        f"| {row['name']} | {row['value']:.3f} | [{row['low']:.3f}, {row['high']:.3f}] |"
        f" {row['units']} {row['unit']} | {goal} |"
    )
