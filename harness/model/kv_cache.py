"""Keys and values of prompts that are continued together: read without padding, with room for what is to come.

transformers' own cache is copied whole whenever a token is added to it, which takes longer than the token itself where
many long prompts are continued together. Here a token is written behind the others.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from harness.model.budget import Budget
from harness.model.tree_scoring import cache_of, read_beginning, shared_length

# A shorter common beginning is read again rather than kept.
SHORTEST_SHARED = 64
# A cache larger than half of the weights gains little: each token reads it all, as it reads the weights.
SHARE_OF_WEIGHTS, LEAST_BYTES = 0.5, 1 << 30


def cache_budget(network: Any) -> Budget:
    """How many tokens, padding and what is to be written included, are kept at once."""
    import torch

    weights = sum(weight.numel() * weight.element_size() for weight in network.parameters())
    allowed = max(LEAST_BYTES, int(SHARE_OF_WEIGHTS * weights))
    if network.device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(network.device)
        # A power of two, so that a little more or less of it moves nothing.
        allowed = min(allowed, 1 << max(0, (free // 2).bit_length() - 1))
    return Budget(max(1, allowed // _bytes_per_token(network)))


def _bytes_per_token(network: Any) -> int:
    """Memory of one token's keys and values in all layers."""
    config = network.config.get_text_config()
    hidden = int(getattr(config, "hidden_size", None) or 1024)
    heads = int(getattr(config, "num_attention_heads", None) or 1)
    kept = int(getattr(config, "num_key_value_heads", None) or heads)
    width = int(getattr(config, "head_dim", None) or hidden // heads)
    return 2 * int(getattr(config, "num_hidden_layers", None) or 1) * kept * width * int(network.dtype.itemsize)


def read_prompts(network: Any, prompts: Sequence[tuple[int, ...]], most: int, budget: Budget) -> Any:
    """The cache after all but the last token of each prompt, one row each, all of them ending side by side.

    What all prompts begin with is read once. The rest of them is read in passes of like length: what stands before a
    row in the cache is to be masked.

    Args:
        network: A model of which `can_pack` holds.
        prompts: Tokens, at least one each.
        most: Tokens to come, the last one of each prompt included.
        budget: Tokens of a pass.
    """
    import torch
    from transformers.cache_utils import Cache

    shared = shared_length(prompts) if len(prompts) > 1 else 0
    shared = shared if shared >= SHORTEST_SHARED else 0
    beginning = read_beginning(network, prompts[0][:shared]) if shared else []
    width = max(map(len, prompts)) - 1
    rooms: list[tuple[Any, Any]] = []

    def keep(row: int, start: int, layers: Sequence[tuple[Any, Any]]) -> None:
        """Writes one row's keys and values, of its tokens from `start` on, to where they belong."""
        if not rooms:
            for pair in layers:
                # Zeros, since what is masked still counts where it is no number.
                rooms.append(
                    tuple(part.new_zeros(len(prompts), part.shape[0], width + most, part.shape[2]) for part in pair)
                )
        first = width - len(prompts[row]) + 1 + start
        for room, pair in zip(rooms, layers, strict=True):
            for whole, part in zip(room, pair, strict=True):
                whole[row, :, first : first + part.shape[1]] = part

    def read(chosen: list[int]) -> None:
        rests = [prompts[i][shared:-1] for i in chosen]
        ids = torch.zeros(len(chosen), max(map(len, rests)), dtype=torch.long)
        for place, rest in enumerate(rests):
            ids[place, : len(rest)] = torch.tensor(rest)
        # Padding on the right, which nothing before it sees, needs no mask.
        before = [
            (keys.expand(len(chosen), -1, -1, -1), values.expand(len(chosen), -1, -1, -1)) for keys, values in beginning
        ]
        with torch.inference_mode():
            found = network(
                input_ids=ids.to(network.device),
                past_key_values=cache_of(network, before),
                use_cache=True,
                logits_to_keep=1,
            ).past_key_values.layers
            for place, (i, rest) in enumerate(zip(chosen, rests, strict=True)):
                ours = slice(shared, shared + len(rest))
                keep(i, shared, [(layer.keys[place, :, ours], layer.values[place, :, ours]) for layer in found])

    with torch.inference_mode():
        for row in range(len(prompts) if shared else 0):
            keep(row, 0, [(keys[0], values[0]) for keys, values in beginning])
    budget.run([len(prompt) - 1 - shared for prompt in prompts], len(prompts), read)
    layer = _layer_with_room()
    return Cache(layers=[layer(keys, values, width) for keys, values in rooms])


@cache
def _layer_with_room() -> type:
    """A layer of a cache; made here, since transformers is slow to import."""
    from transformers.cache_utils import DynamicLayer

    class LayerWithRoom(DynamicLayer):  # type: ignore[no-untyped-call]
        """Keys and values that are the beginning of larger tensors, into which further ones are written.

        Args:
            keys: With room at the end.
            values: With room at the end.
            filled: Tokens of them that are there.
        """

        def __init__(self, keys: Any, values: Any, filled: int) -> None:
            super().__init__()  # type: ignore[no-untyped-call]
            self.dtype, self.device, self.is_initialized = keys.dtype, keys.device, True
            self._room = keys, values
            self._fill(filled)

        def update(self, key_states: Any, value_states: Any, *_args: Any, **_given: Any) -> tuple[Any, Any]:
            """Adds tokens and returns all there are."""
            start, end = self._filled, self._filled + key_states.shape[-2]
            for room, states in zip(self._room, (key_states, value_states), strict=True):
                room[..., start:end, :] = states
            self._fill(end)
            return self.keys, self.values

        def _fill(self, length: int) -> None:
            self._filled = length
            self.keys, self.values = (room[..., :length, :] for room in self._room)

    return LayerWithRoom
