"""Greedy generation in batches of like length: what is written is what each prompt would get alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.model.batching import batches
from harness.model.tree_scoring import can_pack, common_length
from harness.model.weights import quiet

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
        shared = min(common_length(min(prompts), max(prompts)), min(map(len, prompts)) - 1)
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
        given["past_key_values"] = _read_once(network, prompts[0][:shared], len(prompts))
    sound = torch.ones(len(prompts), dtype=torch.bool, device=device)

    def watch(_module: Any, _given: Any, output: Any) -> None:
        """Marks rows with scores that are no numbers; a single -inf only forbids a token."""
        scores = output.logits[:, -1]
        broken = (torch.isnan(scores) | torch.isposinf(scores)).any(-1) | torch.isneginf(scores).all(-1)
        sound.logical_and_(~broken)

    settings = GenerationConfig(  # type: ignore[no-untyped-call]
        do_sample=False, num_beams=1, max_new_tokens=most, eos_token_id=list(ends) or None, pad_token_id=filler
    )
    hook = network.register_forward_hook(watch)
    own = network.generation_config
    try:
        with quiet(), torch.inference_mode():
            # The model's own settings would fill in whatever is left open here.
            network.generation_config = GenerationConfig()  # type: ignore[no-untyped-call]
            written = network.generate(**given, generation_config=settings)[:, width:].tolist()
    finally:
        network.generation_config = own
        hook.remove()
    made = []
    for row, tokens in enumerate(written):
        end = next((place for place, token in enumerate(tokens) if token in ends), None)
        made.append(Written(tuple(tokens[:end]), end is not None, bool(sound[row])))
    return made


def _read_once(network: Any, tokens: Sequence[int], rows: int) -> Any:
    """A cache of what all rows begin with; each row sees the same memory, which is copied when it is added to."""
    import torch
    from transformers import DynamicCache

    with torch.inference_mode():
        read = network(input_ids=torch.tensor([tokens], device=network.device), use_cache=True, logits_to_keep=1)
    cache = DynamicCache(config=network.config)
    for number, layer in enumerate(read.past_key_values.layers):
        cache.update(layer.keys.expand(rows, -1, -1, -1), layer.values.expand(rows, -1, -1, -1), number)
    return cache
