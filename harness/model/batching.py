"""Token rows in batches of like length: padding is wasted work, and order is given back afterwards."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Any, TypeVar

import numpy as np

# Texts that are tokenized together, ahead of the device.
STRETCH = 64

Row = Mapping[str, Sequence[int]]
Given = TypeVar("Given")
Made = TypeVar("Made")


def batches(lengths: Sequence[int], batch_size: int, tokens: int | None = None) -> list[list[int]]:
    """Indices of rows, longest first (so that a lack of memory shows at once), equal lengths in input order.

    Args:
        lengths: Tokens of each row.
        batch_size: At most this many rows in a batch.
        tokens: At most this many tokens in a batch, padding included; a single longer row still makes one.

    Example:
        >>> batches([3, 9, 3, 5], batch_size=2)
        [[1, 3], [0, 2]]
        >>> batches([3, 9, 3, 5], batch_size=4, tokens=10)
        [[1], [3, 0], [2]]
    """
    found: list[list[int]] = []
    for i in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        if found and len(found[-1]) < batch_size:
            widest = lengths[found[-1][0]]
            if tokens is None or (len(found[-1]) + 1) * widest <= tokens:
                found[-1].append(i)
                continue
        found.append([i])
    return found


def stretches(given: Sequence[Given], size: int = STRETCH) -> list[list[Given]]:
    """A sequence in parts of `size`, the last one shorter.

    Example:
        >>> stretches("abcde", 2)
        [['a', 'b'], ['c', 'd'], ['e']]
    """
    return [list(given[i : i + size]) for i in range(0, len(given), size)]


def ahead(make: Callable[[Given], Made], given: Sequence[Given]) -> Iterator[Made]:
    """What is made of each, in order; the next is made in a thread while the one before is used.

    Args:
        make: For instance a tokenizer; never called twice at a time.
        given: What to make it of.
    """
    if len(given) < 2:
        yield from map(make, given)
        return
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as pool:
        coming = pool.submit(make, given[0])
        for following in given[1:]:
            ready = coming.result()
            coming = pool.submit(make, following)
            yield ready
        yield coming.result()


def rows(encoded: Any, keys: Sequence[str]) -> list[dict[str, list[int]]]:
    """What a tokenizer gave for several texts, one row each."""
    kept = {key: encoded[key] for key in keys if key in encoded}
    return [dict(zip(kept, values, strict=True)) for values in zip(*kept.values(), strict=True)]


def keys(network: Any, tokenizer: Any) -> list[str]:
    """The tokenizer's outputs that the model takes: some tokenizers give token types to models that have none."""
    import inspect

    taken = inspect.signature(network.forward).parameters
    names = [name for name in tokenizer.model_input_names if name in taken]
    if getattr(network.config, "type_vocab_size", 2) < 2 and "token_type_ids" in names:
        names.remove("token_type_ids")
    return names


def pad(chosen: Sequence[Row], pad_token: int | None, device: Any) -> dict[str, Any]:
    """Rows padded on the right to the longest of them, as tensors; padding is masked."""
    import torch

    lengths = np.array([len(row["input_ids"]) for row in chosen])
    there = np.arange(lengths.max()) < lengths[:, None]
    padded = {}
    for key in chosen[0]:
        padded[key] = np.full(there.shape, (pad_token or 0) if key == "input_ids" else 0)
        padded[key][there] = np.fromiter(chain.from_iterable(row[key] for row in chosen), np.int64, lengths.sum())
    padded.setdefault("attention_mask", there.astype(np.int64))
    return {key: torch.from_numpy(values).to(device) for key, values in padded.items()}
