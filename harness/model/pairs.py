"""Logits of pairs of texts from a sequence-classification checkpoint, in batches of like length."""

from collections.abc import Sequence
from typing import Any

from harness.model.batching import Row, ahead, keys, pad, rows, stretches
from harness.model.checkpoint import HfModel


def pair_logits(model: HfModel, pairs: Sequence[tuple[str, str]]) -> list[list[float]]:
    """Logits of each pair, in order; where a pair is too long its first text is cut from the left."""
    # Needed by the thread that reads ahead, and not to be made there.
    _ = model.network, model.tokenizer, model.filler, model.limit
    read = ahead(lambda several: _rows(model, several), stretches(pairs))
    return [logits for asked in read for logits in _logits(model, asked)]


def _rows(model: HfModel, pairs: Sequence[tuple[str, str]]) -> list[dict[str, list[int]]]:
    tokenizer = model.tokenizer
    side, tokenizer.truncation_side = tokenizer.truncation_side, "left"
    try:
        cut: dict[str, Any] = {} if model.limit is None else {"truncation": "only_first", "max_length": model.limit}
        encoded = tokenizer([text for text, _ in pairs], [other for _, other in pairs], verbose=False, **cut)
    finally:
        tokenizer.truncation_side = side
    return rows(encoded, keys(model.network, tokenizer))


def _logits(model: HfModel, asked: Sequence[Row]) -> list[list[float]]:
    import torch

    passes: list[tuple[list[int], Any]] = []

    def read(chosen: list[int]) -> None:
        tensors = pad([asked[i] for i in chosen], model.filler, model.network.device)
        with torch.inference_mode():
            passes.append((chosen, model.forward(**tensors).logits.float()))

    model.budget.run([len(row["input_ids"]) for row in asked], model.batch_size, read)
    # Fetched when all passes are on their way, so that a GPU does not wait for Python in between.
    found = {i: logits for chosen, several in passes for i, logits in zip(chosen, several.tolist(), strict=True)}
    return [found[i] for i in range(len(asked))]
