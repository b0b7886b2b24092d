"""What the checkpoints share whose answers come of single forward passes: taggers and classifiers of pairs."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from harness.errors import ResourceError
from harness.model.batching import keys, pad
from harness.model.budget import Budget
from harness.model.checkpoint import HfModel, shortened

# Rows and columns of two unlike passes, after which compiled kernels take any.
WARM_UP = ((2, 8), (3, 24))


@dataclass(frozen=True, kw_only=True)
class HfClassifier(HfModel):
    """A checkpoint that reads rows of tokens in passes of like length.

    Args:
        batch_tokens: Tokens of one forward pass, padding included; None finds them from the device. Halved where they
            do not fit into memory, down to one text. Never moves an answer beyond rounding.
        compile: Whether kernels are compiled for the model (`torch.compile`) before the first answer.
    """

    batch_size: int = 256
    batch_tokens: int | None = None
    compile: bool = False

    unmoving: ClassVar[frozenset[str]] = HfModel.unmoving | {"batch_tokens", "compile"}

    def __post_init__(self) -> None:
        """Refuses values that cannot be meant."""
        super().__post_init__()
        if self.batch_tokens is not None and self.batch_tokens < 1:
            raise ValueError(f"batch_tokens must be at least 1, got {self.batch_tokens}")

    def load(self) -> None:
        """Loads everything now, and compiles where that is wanted."""
        super().load()
        _ = self.forward

    @cached_property
    def budget(self) -> Budget:
        """Tokens of one forward pass: as given, or found from the device."""
        return super().budget if self.batch_tokens is None else Budget(self.batch_tokens)

    @cached_property
    def forward(self) -> Callable[..., Any]:
        """The model's forward pass, compiled where that is wanted.

        Raises:
            ResourceError: It cannot be compiled here.
        """
        if not self.compile:
            return super().forward
        torch = self._torch()
        compiled: Callable[..., Any] = torch.compile(self.network, dynamic=True)
        names = keys(self.network, self.tokenizer)
        try:
            for count, width in WARM_UP:
                row = {name: [int(name == "attention_mask")] * width for name in names}
                with torch.inference_mode():
                    compiled(**pad([row] * count, self.filler, self.network.device))
        except torch.OutOfMemoryError:
            raise
        except Exception as fault:  # a compiler raises what it likes
            raise ResourceError(
                f"model.{self.task}.compile: {self.path} cannot be compiled here: {shortened(fault)}"
            ) from fault
        return compiled
