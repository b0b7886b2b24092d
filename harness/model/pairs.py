"""Logits of pairs of texts from a sequence-classification checkpoint, in batches of like length."""

from collections.abc import Callable, Sequence
from typing import Any

from harness.model.batching import Row, ahead, keys, pad, rows, stretches
from harness.model.budget import overlapped
from harness.model.checkpoint import HfModel

# The pairs of a forward pass, and their logits.
Pass = tuple[list[int], Any]


def pair_logits(model: HfModel, pairs: Sequence[tuple[str, str]]) -> list[list[float]]:
    """Logits of each pair, in order; where a pair is too long its first text is cut from the left."""
    # Needed by the thread that reads ahead, and not to be made there.
    _ = model.network, model.tokenizer, model.filler, model.limit
    begun = (_begin(model, asked) for asked in ahead(lambda several: _rows(model, several), stretches(pairs)))
    return [logits for asked, passes in overlapped(begun) for logits in _logits(len(asked), passes)]


def _rows(model: HfModel, pairs: Sequence[tuple[str, str]]) -> list[Row]:
    tokenizer = model.tokenizer
    side, tokenizer.truncation_side = tokenizer.truncation_side, "left"
    try:
        cut: dict[str, Any] = {} if model.limit is None else {"truncation": "only_first", "max_length": model.limit}
        encoded = tokenizer([text for text, _ in pairs], [other for _, other in pairs], verbose=False, **cut)
    finally:
        tokenizer.truncation_side = side
    return list(rows(encoded, keys(model.network, tokenizer)))


def _begin(model: HfModel, asked: list[Row]) -> tuple[tuple[list[Row], list[Pass]], Callable[[], None]]:
    """The passes over these pairs, and what waits for them."""
    import torch

    passes: list[Pass] = []

    def forward(chosen: list[int]) -> None:
        tensors = pad([asked[i] for i in chosen], model.filler, model.network.device)
        with torch.inference_mode():
            passes.append((chosen, model.forward(**tensors).logits.float()))

    return (asked, passes), model.budget.begin([len(row["input_ids"]) for row in asked], model.batch_size, forward)


def _logits(count: int, passes: Sequence[Pass]) -> list[list[float]]:
    # Fetched when all passes are on their way, so that a GPU does not wait for Python in between.
    found = {i: logits for chosen, several in passes for i, logits in zip(chosen, several.tolist(), strict=True)}
    return [found[i] for i in range(count)]
