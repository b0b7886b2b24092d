"""How many tokens one forward pass takes: found from the device, and halved where memory runs out."""

from collections.abc import Callable, Sequence
from typing import Any

from harness.model.batching import batches

# A wide pass is no faster on a CPU than two narrow ones, and holds more padding: 1,024 tokens were measured as good on
# two cores. With more threads there is more to share out.
CPU_TOKENS_PER_THREAD = 512
CPU_TOKENS = (1024, 8192)
# A GPU wants more at once, up to where it is busy anyway and only padding grows. Not measured.
GPU_TOKENS = (1024, 16384)


class Budget:
    """Tokens of one forward pass, padding included.

    Args:
        tokens: To begin with.
    """

    def __init__(self, tokens: int) -> None:
        self.tokens = tokens

    def run(self, lengths: Sequence[int], batch_size: int, forward: Callable[[list[int]], None]) -> None:
        """Calls `forward` with the indices of rows until each row was in one pass that fitted into memory.

        A pass that does not fit is halved, and the smaller budget is kept, for later calls too. Rows whose pass is done
        are not read again; a single row that does not fit is whoever called's.

        Args:
            lengths: Tokens of each row; one without any is not read.
            batch_size: At most this many rows in a pass.
            forward: Reads these rows; longest first.
        """
        waiting = self._passes([i for i, length in enumerate(lengths) if length], lengths, batch_size)
        while waiting:
            chosen = waiting[0]
            if self._fits(chosen, forward):
                waiting = waiting[1:]
                continue
            # Out of the `except`, so that nothing of the pass is held any more.
            _release_memory()
            self.tokens = min(self.tokens, len(chosen) * lengths[chosen[0]]) // 2
            waiting = self._passes([i for several in waiting for i in several], lengths, batch_size)

    def _passes(self, indices: Sequence[int], lengths: Sequence[int], batch_size: int) -> list[list[int]]:
        planned = batches([lengths[i] for i in indices], batch_size, self.tokens)
        return [[indices[place] for place in places] for places in planned]

    @staticmethod
    def _fits(chosen: list[int], forward: Callable[[list[int]], None]) -> bool:
        try:
            forward(chosen)
        except Exception as error:
            if len(chosen) == 1 or not out_of_memory(error):
                raise
            return False
        return True


def found_budget(network: Any) -> Budget:
    """The budget that fits a model on its device: the same on the same machine, so that runs can be repeated."""
    import torch

    device = network.device
    if device.type == "cpu":
        least, most = CPU_TOKENS
        return Budget(min(most, max(least, CPU_TOKENS_PER_THREAD * torch.get_num_threads())))
    least, most = GPU_TOKENS
    if device.type != "cuda":
        return Budget(least * 4)
    free, _ = torch.cuda.mem_get_info(device)
    # Half of what is free; a power of two, so that a little more or less of it moves nothing.
    fitting = max(1, free // 2 // _bytes_per_token(network))
    return Budget(min(most, max(least, 1 << (fitting.bit_length() - 1))))


def _bytes_per_token(network: Any) -> int:
    """Memory of one token in one layer, generously: what a layer reads and writes lives for one layer only."""
    config = network.config
    hidden = int(getattr(config, "hidden_size", None) or 1024)
    inner = int(getattr(config, "intermediate_size", None) or 4 * hidden)
    return (16 * hidden + 2 * inner) * network.dtype.itemsize  # type: ignore[no-any-return]


def _release_memory() -> None:
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that memory ran out, on any device."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    text = str(error)
    signs = (
        "out of memory",
        "CUBLAS_STATUS_ALLOC_FAILED",
        "DefaultCPUAllocator: can't allocate memory",
        "CUDNN_STATUS_NOT_SUPPORTED",
    )
    return isinstance(error, RuntimeError) and any(sign in text for sign in signs)
