"""What batches of greedy search and of beams share: settings of nobody else's, and an eye on the scores."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from harness.model.weights import quiet


@contextmanager
def watched(network: Any, rows: int) -> Iterator[Any]:
    """Has `generate` go by no settings but those that it is given, and gives whether each row's scores were numbers.

    Args:
        network: The model.
        rows: Texts in the batch; each may have several beams.
    """
    import torch
    from transformers import GenerationConfig

    sound = torch.ones(rows, dtype=torch.bool, device=network.device)

    def watch(_module: Any, _given: Any, output: Any) -> None:
        """Marks rows with scores that are no numbers; a single -inf only forbids a token."""
        scores = output.logits[:, -1]
        broken = (torch.isnan(scores) | torch.isposinf(scores)).any(-1) | torch.isneginf(scores).all(-1)
        sound.logical_and_(~broken.view(rows, -1).any(-1))

    hook = network.register_forward_hook(watch)
    own = network.generation_config
    try:
        with quiet(), torch.inference_mode():
            # The model's own settings would fill in whatever is left open.
            network.generation_config = GenerationConfig()  # type: ignore[no-untyped-call]
            yield sound
    finally:
        network.generation_config = own
        hook.remove()
