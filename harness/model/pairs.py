"""Logits of pairs of texts from a sequence-classification checkpoint, in batches of like length."""

from collections.abc import Sequence
from typing import Any

from harness.model.batching import TOKENS_PER_ROW, batches, keys, pad, rows
from harness.model.checkpoint import HfModel


def pair_logits(model: HfModel, pairs: Sequence[tuple[str, str]]) -> list[list[float]]:
    """Logits of each pair, in order; where a pair is too long its first text is cut from the left."""
    import torch

    if not pairs:
        return []
    network, tokenizer = model.network, model.tokenizer
    side, tokenizer.truncation_side = tokenizer.truncation_side, "left"
    try:
        cut: dict[str, Any] = {} if model.limit is None else {"truncation": "only_first", "max_length": model.limit}
        encoded = tokenizer([text for text, _ in pairs], [other for _, other in pairs], verbose=False, **cut)
    finally:
        tokenizer.truncation_side = side
    asked = rows(encoded, keys(network, tokenizer))
    lengths = [len(row["input_ids"]) for row in asked]
    found: list[list[float]] = [[] for _ in asked]
    for chosen in batches(lengths, model.batch_size, TOKENS_PER_ROW * model.batch_size):
        tensors = pad([asked[i] for i in chosen], tokenizer.pad_token_id, network.device)
        with torch.inference_mode():
            logits = network(**tensors).logits.float().tolist()
        for row, i in enumerate(chosen):
            found[i] = logits[row]
    return found
