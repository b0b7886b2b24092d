"""What the checkpoints share whose answers come of single forward passes: taggers and classifiers of pairs."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal

from harness.errors import ResourceError
from harness.model.batching import keys, pad, rows
from harness.model.budget import Budget, found_budget
from harness.model.checkpoint import HfModel
from harness.model.onnxruntime import SCHEME, exported
from harness.model.streams import a_core_each, streams_for
from harness.said import shortened

# Rows and columns of unlike passes, after which compiled kernels take any; one row has kernels of its own.
WARM_UP = ((2, 8), (3, 24), (1, 16))
# Texts of two unlike passes, to export a model with.
SAMPLES = (
    ("It rained.", "On Monday 12 people saw the new bridge in Kyoto."),
    ("She said that the bank, which closed in 2019, would never open again in Paris or in Rome.", "No.", "Not yet."),
)


@dataclass(frozen=True, kw_only=True)
class HfClassifier(HfModel):
    """A checkpoint that reads rows of tokens in passes of like length.

    Args:
        batch_tokens: Tokens of one forward pass, padding included; None finds them from the device. Halved where they
            do not fit into memory, down to one text. Never moves an answer beyond rounding.
        compile: Whether kernels are compiled for the model (`torch.compile`) before the first answer.
        runtime: What makes the forward passes: torch, or on a CPU ONNX Runtime, which the model is exported for.
    """

    batch_size: int = 256
    batch_tokens: int | None = None
    compile: bool = False
    runtime: Literal["torch", "onnxruntime"] = "torch"

    # The runtime stands in the signature by itself, where it is not torch.
    unmoving: ClassVar[frozenset[str]] = HfModel.unmoving | {"batch_tokens", "compile", "runtime"}

    def __post_init__(self) -> None:
        """Refuses values that cannot be meant."""
        super().__post_init__()
        if self.batch_tokens is not None and self.batch_tokens < 1:
            raise ValueError(f"batch_tokens must be at least 1, got {self.batch_tokens}")
        if self.runtime == "torch":
            return
        if self.device not in ("auto", "cpu"):
            raise ValueError(f"runtime: {self.runtime} is for device=cpu, got device={self.device}")
        if self.dtype not in ("auto", "float32", "int8"):
            raise ValueError(f"runtime: {self.runtime} is for dtype=float32 and int8, got dtype={self.dtype}")
        if self.compile:
            raise ValueError(f"runtime: {self.runtime} compiles by itself, compile=true is for runtime=torch")

    def load(self) -> None:
        """Loads everything now, and compiles where that is wanted."""
        super().load()
        _ = self.forward

    @cached_property
    def budget(self) -> Budget:
        """Tokens of one forward pass: as given, or found from the device."""
        # Made here, and not by several threads at once.
        _ = self.forward
        return found_budget(self.network, self.batch_tokens, None if self.runtime == "torch" else a_core_each())

    @property
    def number_format(self) -> dict[str, Any]:
        """What the signature says of `dtype`, and of the runtime where it is not torch."""
        plain = super().number_format
        if self.runtime == "torch":
            return plain
        return plain | {"runtime": self.runtime} | ({"int8": SCHEME} if self.precision == "int8" else {})

    def rounded(self, network: Any) -> Any:
        """The model in int8, where torch makes the passes; ONNX Runtime rounds what it is given."""
        return super().rounded(network) if self.runtime == "torch" else network

    @property
    def cpu_only(self) -> bool:
        """Whether `device=auto` is the CPU."""
        return super().cpu_only or self.runtime != "torch"

    @cached_property
    def forward(self) -> Callable[..., Any]:
        """The model's forward pass, compiled or exported where that is wanted.

        Raises:
            ResourceError: It cannot be compiled or exported here.
        """
        if self.runtime == "onnxruntime":
            return exported(self.network, self._samples(), self.precision == "int8")
        if not self.compile:
            return super().forward
        torch = self._torch()
        compiled: Callable[..., Any] = torch.compile(self.network, dynamic=True)
        names = keys(self.network, self.tokenizer)

        def warm_up() -> None:
            for count, width in WARM_UP:
                row = {name: [int(name == "attention_mask")] * width for name in names}
                # As the passes are made: a tensor that was made in inference mode has kernels of its own.
                tensors = pad([row] * count, self.filler, self.network.device)
                with torch.inference_mode():
                    compiled(**tensors)

        try:
            # Where the passes will be made: kernels for one core are others than those for all.
            streams = streams_for(self.network)
            if streams is None:
                warm_up()
            else:
                streams.submit(warm_up).result()
        except torch.OutOfMemoryError:
            raise
        except Exception as fault:  # a compiler raises what it likes
            raise ResourceError(
                f"model.{self.task}.compile: {self.path} cannot be compiled here: {shortened(fault)}"
            ) from fault
        return compiled

    def _samples(self) -> list[dict[str, Any]]:
        """Passes over a few texts, some of them padded."""
        cut: dict[str, Any] = {} if self.limit is None else {"truncation": True, "max_length": self.limit}
        names = keys(self.network, self.tokenizer)
        found = []
        for texts in SAMPLES:
            others = list(reversed(texts)) if self.pairs else None
            encoded = self.tokenizer(list(texts), others, verbose=False, **cut)
            found.append(pad(rows(encoded, names), self.filler, self.network.device))
        return found
