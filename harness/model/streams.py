"""Forward passes side by side on a CPU: each thread makes whole passes by itself.

Two passes on one core each are faster than one pass after the other on two cores, where every operation of a pass ends
with cores that wait for each other. docs/inference.md has figures.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cache
from threading import Barrier
from typing import Any

# Models whose forward pass writes nothing into the model, so that two passes may be in it at once. A test reads their
# code for that.
STATELESS = frozenset(
    {
        "albert", "bert", "camembert", "deberta", "deberta-v2", "distilbert", "electra", "ernie", "mobilebert",
        "modernbert", "mpnet", "roberta", "xlm-roberta",
    }
)  # fmt: skip
# Kernels for int8 that may be entered twice at a time.
_REENTRANT = frozenset({"fbgemm", "onednn", "x86"})


class Streams:
    """Threads that each have one core for what they run.

    Args:
        count: How many; the cores that torch would give to one pass.
    """

    def __init__(self, count: int) -> None:
        import torch

        self._pool = ThreadPoolExecutor(count, "stream", initializer=_take_one_core)
        # Setting a thread's own number of cores also sets what threads to come have. All are made now, so that it can
        # be set back.
        together = Barrier(count + 1)
        for _ in range(count):
            self._pool.submit(together.wait)
        together.wait()
        torch.set_num_threads(count)
        self._begun: set[Future[None]] = set()

    def submit(self, work: Callable[..., None], *given: Any) -> Future[None]:
        """Has a thread do this work, after all work that was submitted before."""
        future = self._pool.submit(work, *given)
        self._begun.add(future)
        future.add_done_callback(self._begun.discard)
        return future

    def clear(self) -> None:
        """Drops what no thread has begun, and waits for the rest."""
        begun = list(self._begun)
        for future in begun:
            future.cancel()
        wait(begun)


def _take_one_core() -> None:
    import torch

    torch.set_num_threads(1)
    # A thread takes over what holds for all when it first asks, unless it asked before.
    torch.get_num_threads()


def streams_for(network: Any) -> Streams | None:
    """Threads for passes of a model; None where one pass has to come after the other."""
    import torch

    if network.device.type != "cpu" or getattr(network.config, "model_type", None) not in STATELESS:
        return None
    if torch.backends.quantized.engine not in _REENTRANT and _is_quantized(network):
        return None
    return a_core_each()


def a_core_each() -> Streams | None:
    """Threads for passes of what many may be in at once; None where there is one core."""
    import torch

    count = torch.get_num_threads()
    return _streams(count) if count > 1 else None


@cache
def _streams(count: int) -> Streams:
    """The same threads for all models of a process: its cores are the same."""
    return Streams(count)


def _is_quantized(network: Any) -> bool:
    import torch

    return any(isinstance(module, torch.ao.nn.quantized.dynamic.Linear) for module in network.modules())
