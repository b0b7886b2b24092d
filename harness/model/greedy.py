"""Greedy generation in batches of like length: what is written is what each prompt would get alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.model.budget import Budget, found_budget
from harness.model.generation import watched
from harness.model.kv_cache import cache_budget, read_prompts
from harness.model.tree_scoring import can_pack


@dataclass(frozen=True, slots=True)
class Written:
    """What a model wrote.

    Args:
        tokens: Without the end.
        ended: Whether the model ended itself; otherwise the limit did.
        finite: Whether all its scores were numbers.
    """

    tokens: tuple[int, ...]
    ended: bool
    finite: bool


def generate(
    network: Any,
    prompts: Sequence[Sequence[int]],
    *,
    most: int,
    batch_size: int,
    ends: Sequence[int],
    budget: Budget | None = None,
    kept: Budget | None = None,
) -> list[Written]:
    """Continues each prompt with its likeliest tokens, up to an end or to `most` tokens.

    A step writes one token of every prompt of a batch and costs little more than that of one prompt, since it has to
    read all weights either way. Prompts are read in smaller passes, which hold less padding.

    Args:
        network: A causal language model.
        prompts: Tokens, at least one each.
        most: Tokens to write at most.
        batch_size: Prompts that are continued together, fewer where memory is too small for what is kept of them.
        ends: Tokens that end an answer.
        budget: Tokens of a pass that reads prompts; None finds them from the device.
        kept: Tokens whose keys and values are kept at once; None finds them from the device.
    """
    rows = [tuple(prompt) for prompt in prompts]
    found: list[Written] = [Written((), False, True)] * len(rows)
    if not rows:
        return found
    reading = budget or found_budget(network)

    def write(chosen: list[int]) -> None:
        made = _batch(network, [rows[i] for i in chosen], most, ends, reading)
        for i, one in zip(chosen, made, strict=True):
            found[i] = one

    (kept or cache_budget(network)).run([len(row) + most for row in rows], batch_size, write)
    return found


def _batch(
    network: Any, prompts: Sequence[tuple[int, ...]], most: int, ends: Sequence[int], reading: Budget
) -> list[Written]:
    import torch
    from transformers import GenerationConfig

    device = network.device
    width = max(map(len, prompts))
    # Any token would do as padding; the first end is one that every model has.
    filler = ends[0] if ends else 0
    ids = torch.full((len(prompts), width), filler, dtype=torch.long)
    mask = torch.zeros(len(prompts), width, dtype=torch.long)
    for row, prompt in enumerate(prompts):
        # All end side by side, and the mask hides what stands before them.
        ids[row, width - len(prompt) :] = torch.tensor(prompt)
        mask[row, width - len(prompt) :] = 1
    given: dict[str, Any] = {"input_ids": ids.to(device), "attention_mask": mask.to(device)}
    if width > 1 and can_pack(network):
        given["past_key_values"] = read_prompts(network, prompts, most, reading)
    settings = GenerationConfig(  # type: ignore[no-untyped-call]
        do_sample=False, num_beams=1, max_new_tokens=most, eos_token_id=list(ends) or None, pad_token_id=filler
    )
    with watched(network, len(prompts)) as sound:
        written = network.generate(**given, generation_config=settings)[:, width:].tolist()
    made = []
    for row, tokens in enumerate(written):
        end = next((place for place, token in enumerate(tokens) if token in ends), None)
        made.append(Written(tuple(tokens[:end]), end is not None, bool(sound[row])))
    return made
