"""How many tokens one forward pass takes: found from the device, and halved where memory runs out."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

from harness.model.batching import batches
from harness.model.streams import Streams, streams_for

Given = TypeVar("Given")

# A wide pass holds more padding, and a CPU has little to gain from it; with more threads there is more to share out.
# Chosen, not tuned: no benchmark compares budgets.
CPU_TOKENS_PER_THREAD = 512
CPU_TOKENS = (1024, 8192)
# Of a pass that has one core to itself.
STREAM_TOKENS = 512
# A GPU wants more at once, up to where it is busy anyway and only padding grows. Not measured either.
GPU_TOKENS = (1024, 16384)


class Budget:
    """Tokens of one forward pass, padding included.

    Args:
        tokens: To begin with.
        streams: Threads that make passes side by side; None makes one after the other.
    """

    def __init__(self, tokens: int, streams: Streams | None = None) -> None:
        self.tokens = tokens
        self.streams = streams

    def run(self, lengths: Sequence[int], batch_size: int, forward: Callable[[list[int]], None]) -> None:
        """Calls `forward` with the indices of rows until each row was in one pass that fitted into memory.

        A pass that does not fit is halved, and the smaller budget is kept, for later calls too. Rows whose pass is done
        are not read again; a single row that does not fit is whoever called's.

        Args:
            lengths: Tokens of each row; one without any is not read.
            batch_size: At most this many rows in a pass.
            forward: Reads these rows; longest first. Streams call it from several threads.
        """
        self.begin(lengths, batch_size, forward)()

    def begin(
        self, lengths: Sequence[int], batch_size: int, forward: Callable[[list[int]], None]
    ) -> Callable[[], None]:
        """As `run`, which ends when what is returned was called: by then more may have begun.

        Without streams the passes are made at once, since a GPU lets nobody wait for them.
        """
        waiting = self._passes([i for i, length in enumerate(lengths) if length], lengths, batch_size)
        if self.streams is None:
            self._one_by_one(waiting, lengths, batch_size, forward)
            return _nothing
        begun = [(chosen, self.streams.submit(forward, chosen)) for chosen in waiting]
        return partial(self._finish, begun, lengths, batch_size, forward)

    def _finish(
        self,
        begun: Sequence[tuple[list[int], Future[None]]],
        lengths: Sequence[int],
        batch_size: int,
        forward: Callable[[list[int]], None],
    ) -> None:
        """Waits; what did not fit beside other passes is tried again by itself, in smaller ones."""
        unfitting = []
        try:
            for chosen, future in begun:
                if not _fits(future.result):
                    unfitting.append(chosen)
        except BaseException:
            if self.streams is not None:
                self.streams.clear()
            raise
        if unfitting:
            _release_memory()
            self.tokens = min(self.tokens, *(len(chosen) * lengths[chosen[0]] for chosen in unfitting)) // 2
            rows = [i for chosen in unfitting for i in chosen]
            self._one_by_one(self._passes(rows, lengths, batch_size), lengths, batch_size, forward)

    def _one_by_one(
        self,
        waiting: list[list[int]],
        lengths: Sequence[int],
        batch_size: int,
        forward: Callable[[list[int]], None],
    ) -> None:
        while waiting:
            chosen = waiting[0]
            if _fits(partial(forward, chosen), alone=len(chosen) == 1):
                waiting = waiting[1:]
                continue
            # Out of the `except`, so that nothing of the pass is held any more.
            _release_memory()
            self.tokens = min(self.tokens, len(chosen) * lengths[chosen[0]]) // 2
            waiting = self._passes([i for several in waiting for i in several], lengths, batch_size)

    def _passes(self, indices: Sequence[int], lengths: Sequence[int], batch_size: int) -> list[list[int]]:
        planned = batches([lengths[i] for i in indices], batch_size, self.tokens)
        return [[indices[place] for place in places] for places in planned]


def overlapped(begun: Iterable[tuple[Given, Callable[[], None]]]) -> Iterator[Given]:
    """Each of the given once it is finished; by then the next has begun.

    Args:
        begun: What was begun, each with what finishes it.
    """
    last: tuple[Given, Callable[[], None]] | None = None
    for following in begun:
        if last is not None:
            last[1]()
            yield last[0]
        last = following
    if last is not None:
        last[1]()
        yield last[0]


def _fits(make: Callable[[], None], alone: bool = False) -> bool:
    """Whether a pass fitted into memory; a lack of it is an error where nothing smaller can be tried."""
    try:
        make()
    except Exception as error:
        if alone or not out_of_memory(error):
            raise
        return False
    return True


def _nothing() -> None:
    """Finishes what is finished."""


def found_budget(network: Any, tokens: int | None = None, streams: Streams | None = None) -> Budget:
    """The budget that fits a model on its device: the same on the same machine, so that runs can be repeated.

    Args:
        network: The model.
        tokens: The budget, where it is given.
        streams: Threads for its passes, where they are given.
    """
    import torch

    device, streams = network.device, streams or streams_for(network)
    if tokens is not None:
        return Budget(tokens, streams)
    if streams is not None:
        return Budget(STREAM_TOKENS, streams)
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
    return (16 * hidden + 2 * inner) * int(network.dtype.itemsize)


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
