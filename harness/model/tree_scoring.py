"""Log-probabilities of labels after many prompts that begin alike, with as little computed twice as can be.

What all prompts of a batch share is computed once and kept. The rest of them is a tree of tokens: prompts about one
sentence share it, and a prompt's labels share the prompt. Several hundred tokens of that tree go through the model in
one forward pass, each seeing its own ancestors alone (a mask) at its own depth (explicit positions). The numbers are
those of scoring each prompt alone, up to rounding.
"""

import inspect
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from harness.model.budget import Budget, found_budget

# Nothing shorter is worth a pass of its own.
SHORTEST_PREFIX = 8
# A pack that is at least so full may end where the next prompts share little with it.
FULL_ENOUGH = 0.6


@dataclass(frozen=True, slots=True)
class Question:
    """A prompt and what may come after it.

    Args:
        prompt: Its tokens, at least one.
        labels: The tokens of each label, at least one each; one may begin with another.
    """

    prompt: tuple[int, ...]
    labels: tuple[tuple[int, ...], ...]

    def paths(self) -> list[tuple[int, ...]]:
        """What has to be read for each label: the prompt and all of the label but its last token."""
        return [self.prompt + label[:-1] for label in self.labels]


@dataclass(slots=True)
class Prefix:
    """What was computed of the tokens that all prompts of a batch begin with, for the next batch to use again."""

    tokens: tuple[int, ...] = ()
    layers: list[tuple[Any, Any]] = field(default_factory=list)


def can_pack(network: Any) -> bool:
    """Whether a model lets each token see any others at any position: full attention, and positions that are given.

    Not so where some layers have a sliding window, chunks, linear attention or a state, or where positions come from
    the order of the tokens (ALiBi) or their scale from the length of the input.
    """
    config = network.config.get_text_config()
    if getattr(config, "is_encoder_decoder", False) or getattr(network.config, "alibi", False):
        return False
    if any(kind != "full_attention" for kind in getattr(config, "layer_types", None) or ()):
        return False
    # Qwen2 names a window that it does not use.
    if getattr(config, "sliding_window", None) and getattr(config, "use_sliding_window", True):
        return False
    if getattr(config, "attention_chunk_size", None):
        return False
    rope = getattr(config, "rope_parameters", None) or getattr(config, "rope_scaling", None) or {}
    if str(rope.get("rope_type", rope.get("type", "default"))) in ("dynamic", "longrope"):
        return False
    if getattr(network.config, "_attn_implementation", None) not in ("sdpa", "eager"):
        return False
    taken = inspect.signature(network.forward).parameters
    if not {"position_ids", "past_key_values", "logits_to_keep", "attention_mask"} <= taken.keys():
        return False
    return not any(hasattr(config, name) for name in ("ssm_cfg", "mamba_d_state", "state_size", "attn_type_list"))


def label_log_probabilities(
    network: Any,
    questions: Sequence[Question],
    *,
    pack_tokens: int,
    batch_size: int,
    budget: Budget | None = None,
    prefix: Prefix | None = None,
) -> list[list[float]]:
    """The log-probability of each label of each question: the sum over its tokens, by the softmax over all tokens.

    Args:
        network: A causal language model.
        questions: The prompts.
        pack_tokens: About how many tokens one forward pass has, where the model lets a tree be packed.
        batch_size: Prompts in a pass where it does not.
        budget: Tokens of such a pass; None finds them from the device.
        prefix: What earlier calls computed; written to.
    """
    if not questions:
        return []
    budget = budget or found_budget(network)
    if not can_pack(network):
        return _one_by_one(network, questions, batch_size, budget)
    known = Prefix() if prefix is None else prefix
    _share(network, [question.prompt for question in questions], known)
    skipped = len(known.tokens)
    rows = sorted(
        (path[skipped:], i, j) for i, question in enumerate(questions) for j, path in enumerate(question.paths())
    )
    found = [[0.0] * len(question.labels) for question in questions]
    for start, end in _packs([row[0] for row in rows], pack_tokens):
        pack = rows[start:end]
        asked = [questions[i].labels[j] for _, i, j in pack]
        sums = _forward(network, [path for path, _, _ in pack], asked, known)
        for (_, i, j), value in zip(pack, sums, strict=True):
            found[i][j] = value
    # What is masked still counts where it is no number (0 times NaN), so that one prompt may spoil its neighbours.
    spoilt = [i for i, values in enumerate(found) if not all(map(math.isfinite, values))]
    if spoilt and len(questions) > 1:
        for i, values in zip(spoilt, _one_by_one(network, [questions[i] for i in spoilt], 1, budget), strict=True):
            found[i] = values
    return found


def common_length(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens two rows share at their beginning.

    Example:
        >>> common_length([1, 2, 3], [1, 2, 4, 5])
        2
    """
    most = min(len(one), len(other))
    if one[:most] == other[:most]:
        return most
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle
    return low


def shared_length(prompts: Sequence[tuple[int, ...]]) -> int:
    """How many tokens all prompts begin with; at least the last token of each prompt is left.

    Example:
        >>> shared_length([(1, 2, 3, 5), (1, 2, 3), (1, 2, 3, 4)])
        2
    """
    # Of sorted rows the first and the last share what all share.
    return min(common_length(min(prompts), max(prompts)), min(map(len, prompts)) - 1)


def read_beginning(network: Any, tokens: Sequence[int]) -> list[tuple[Any, Any]]:
    """Each layer's keys and values of tokens that something follows."""
    import torch

    with torch.inference_mode():
        read = network(input_ids=torch.tensor([tokens], device=network.device), use_cache=True, logits_to_keep=1)
    return [(layer.keys, layer.values) for layer in read.past_key_values.layers]


def cache_of(network: Any, layers: Sequence[tuple[Any, Any]]) -> Any:
    """Each layer's keys and values as the model takes them."""
    from transformers import DynamicCache

    cache = DynamicCache(config=network.config)
    for number, (keys, values) in enumerate(layers):
        cache.update(keys, values, number)
    return cache


def _share(network: Any, prompts: Sequence[tuple[int, ...]], known: Prefix) -> None:
    """Makes `known` hold what all prompts begin with; at least the last token of each prompt is left.

    What an earlier batch computed of a longer or a shorter beginning would do as well, but for the last digits; and a
    run that was cut off has other earlier batches than one that was not.
    """
    beginning = prompts[0][: shared_length(prompts)]
    if len(beginning) < SHORTEST_PREFIX:
        known.tokens, known.layers = (), []
    elif known.tokens != beginning:
        known.layers = read_beginning(network, beginning)
        known.tokens = beginning


def _packs(paths: Sequence[tuple[int, ...]], most: int) -> Iterator[tuple[int, int]]:
    """Ranges of sorted rows whose trees have at most `most` tokens, cut where neighbours share least."""
    shared = [0, *(common_length(one, other) for one, other in pairwise(paths))]
    start = 0
    while start < len(paths):
        size, sizes = 0, []
        end = start
        while end < len(paths):
            size += len(paths[end]) - (shared[end] if end > start else 0)
            if size > most and end > start:
                break
            sizes.append(size)
            end += 1
        if end < len(paths):
            full = [i for i in range(start + 1, end + 1) if sizes[i - start - 1] >= FULL_ENOUGH * most]
            end = min(full, key=lambda i: (shared[i], -i), default=end)
        yield start, end
        start = end


@dataclass(frozen=True, slots=True)
class Tree:
    """Sorted rows as one tree, its nodes in the order of a walk through it.

    Args:
        tokens: Of each node.
        depths: Of each node; 0 at the root.
        ends: The node after the last of each node's subtree.
        tails: Of each row the nodes of its last tokens, as many as were asked for.
    """

    tokens: list[int]
    depths: list[int]
    ends: list[int]
    tails: list[list[int]]


def make_tree(paths: Sequence[Sequence[int]], tails: Sequence[int]) -> Tree:
    """The tree of sorted rows.

    Example:
        >>> make_tree([(1, 2), (1, 3, 4)], [1, 2])
        Tree(tokens=[1, 2, 3, 4], depths=[0, 1, 1, 2], ends=[4, 2, 4, 4], tails=[[1], [2, 3]])
    """
    tokens: list[int] = []
    depths: list[int] = []
    ends: list[int] = []
    found: list[list[int]] = []
    walk: list[int] = []
    before: Sequence[int] = ()
    for path, tail in zip(paths, tails, strict=True):
        shared = common_length(before, path)
        for node in walk[shared:]:
            ends[node] = len(tokens)
        del walk[shared:]
        for depth in range(shared, len(path)):
            walk.append(len(tokens))
            tokens.append(path[depth])
            depths.append(depth)
            ends.append(0)
        found.append(walk[-tail:])
        before = path
    for node in walk:
        ends[node] = len(tokens)
    return Tree(tokens, depths, ends, found)


def _forward(
    network: Any, paths: Sequence[tuple[int, ...]], labels: Sequence[tuple[int, ...]], known: Prefix
) -> list[float]:
    """The log-probability of each row's label, from one pass over the tree of all rows."""
    import torch

    tree = make_tree(paths, [len(label) for label in labels])
    size, skipped, device = len(tree.tokens), len(known.tokens), network.device
    order = torch.arange(size, device=device)
    ends = torch.tensor(tree.ends, device=device)
    # A node sees another that comes no later and in whose subtree it lies.
    seen = (order[None, :] <= order[:, None]) & (order[:, None] < ends[None, :])
    seen = torch.cat([torch.ones(size, skipped, dtype=torch.bool, device=device), seen], dim=1)
    mask = torch.zeros(seen.shape, dtype=network.dtype, device=device)
    mask.masked_fill_(~seen, torch.finfo(network.dtype).min)
    kept = sorted({node for tail in tree.tails for node in tail})
    place = {node: row for row, node in enumerate(kept)}
    with torch.inference_mode():
        logits = network(
            input_ids=torch.tensor([tree.tokens], device=device),
            attention_mask=mask[None, None],
            position_ids=torch.tensor([tree.depths], device=device) + skipped,
            past_key_values=cache_of(network, known.layers),
            use_cache=True,
            logits_to_keep=torch.tensor(kept, device=device),
        ).logits[0]
        rows = [place[node] for tail in tree.tails for node in tail]
        wanted = [token for label in labels for token in label]
        return _sums(logits, rows, wanted, [len(label) for label in labels])


def _sums(logits: Any, rows: Sequence[int], wanted: Sequence[int], lengths: Sequence[int]) -> list[float]:
    """Sums of the log-probabilities of wanted tokens, each run of them being a label."""
    import torch

    logits = logits.float()
    # A NaN anywhere in a row makes its sum one; so does an infinity that is no forbidden token.
    normal = torch.logsumexp(logits, -1)
    index = torch.tensor(rows, device=logits.device)
    picked = logits[index, torch.tensor(wanted, device=logits.device)] - normal[index]
    values = iter(picked.double().tolist())
    return [math.fsum(_finite([next(values) for _ in range(length)])) for length in lengths]


def _finite(values: list[float]) -> list[float]:
    return values if all(map(math.isfinite, values)) else [math.nan]


def _one_by_one(network: Any, questions: Sequence[Question], batch_size: int, budget: Budget) -> list[list[float]]:
    """Whole rows, padded on the right; labels that differ in their last token alone share one."""
    import torch

    owners: dict[tuple[int, ...], list[tuple[int, int]]] = {}
    for i, question in enumerate(questions):
        for j, path in enumerate(question.paths()):
            owners.setdefault(path, []).append((i, j))
    rows = list(owners)
    found = [[0.0] * len(question.labels) for question in questions]
    selects = "logits_to_keep" in inspect.signature(network.forward).parameters

    def read(chosen: list[int]) -> None:
        width = max(len(rows[i]) for i in chosen)
        ids = torch.zeros(len(chosen), width, dtype=torch.long)
        mask = torch.zeros(len(chosen), width, dtype=torch.long)
        for place, number in enumerate(chosen):
            ids[place, : len(rows[number])] = torch.tensor(rows[number])
            mask[place, : len(rows[number])] = 1
        wanted: list[tuple[int, int, int, int, tuple[int, ...]]] = []
        for place, number in enumerate(chosen):
            for i, j in owners[rows[number]]:
                label = questions[i].labels[j]
                wanted.append((i, j, place, len(rows[number]) - len(label), label))
        columns = sorted({first + k for *_, first, label in wanted for k in range(len(label))})
        device = network.device
        given: dict[str, Any] = {"input_ids": ids.to(device), "attention_mask": mask.to(device), "use_cache": False}
        with torch.inference_mode():
            if selects:
                logits = network(**given, logits_to_keep=torch.tensor(columns, device=device)).logits
            else:
                logits = network(**given).logits[:, columns]
            column = {position: number for number, position in enumerate(columns)}
            places = [
                place * len(columns) + column[first + k]
                for *_, place, first, label in wanted
                for k in range(len(label))
            ]
            tokens = [token for *_, label in wanted for token in label]
            sums = _sums(logits.flatten(0, 1), places, tokens, [len(label) for *_, label in wanted])
        for (i, j, *_), value in zip(wanted, sums, strict=True):
            found[i][j] = value

    budget.run([len(row) for row in rows], batch_size, read)
    return found
