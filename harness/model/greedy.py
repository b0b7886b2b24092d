"""Greedy generation in batches of like length: what is written is what each prompt would get alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.model.batching import batches
from harness.model.generation import watched
from harness.model.tree_scoring import cache_of, can_pack, read_beginning, shared_length

# A shorter common beginning is read again rather than kept.
SHORTEST_SHARED = 64


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
    network: Any, prompts: Sequence[Sequence[int]], *, most: int, batch_size: int, ends: Sequence[int]
) -> list[Written]:
    """Continues each prompt with its likeliest tokens, up to an end or to `most` tokens.

    Rows are padded on the left, where a mask hides it. What all prompts of a batch begin with is read once.

    Args:
        network: A causal language model.
        prompts: Tokens, at least one each.
        most: Tokens to write at most.
        batch_size: Prompts in a batch.
        ends: Tokens that end an answer.
    """
    found: list[Written] = [Written((), False, True)] * len(prompts)
    for chosen in batches([len(prompt) for prompt in prompts], batch_size):
        made = _batch(network, [tuple(prompts[i]) for i in chosen], most, ends)
        for i, one in zip(chosen, made, strict=True):
            found[i] = one
    return found


def _batch(network: Any, prompts: Sequence[tuple[int, ...]], most: int, ends: Sequence[int]) -> list[Written]:
    import torch
    from transformers import GenerationConfig

    device = network.device
    shared = 0
    if len(prompts) > 1 and can_pack(network):
        shared = shared_length(prompts)
        shared = shared if shared >= SHORTEST_SHARED else 0
    width = max(map(len, prompts))
    # Any token would do as padding; the first end is one that every model has.
    filler = ends[0] if ends else 0
    ids = torch.full((len(prompts), width), filler, dtype=torch.long)
    mask = torch.zeros(len(prompts), width, dtype=torch.long)
    for row, prompt in enumerate(prompts):
        # What is shared stands at the very left, and padding between it and the rest.
        ids[row, :shared] = torch.tensor(prompt[:shared])
        mask[row, :shared] = 1
        ids[row, width - len(prompt) + shared :] = torch.tensor(prompt[shared:])
        mask[row, width - len(prompt) + shared :] = 1
    given: dict[str, Any] = {"input_ids": ids.to(device), "attention_mask": mask.to(device)}
    if shared:
        # Each row sees the same memory, which is copied when it is added to.
        layers = [
            (keys.expand(len(prompts), -1, -1, -1), values.expand(len(prompts), -1, -1, -1))
            for keys, values in read_beginning(network, prompts[0][:shared])
        ]
        given["past_key_values"] = cache_of(network, layers)
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
