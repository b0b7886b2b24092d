"""A transformers checkpoint with its task head: the parameters, the signature and the loading that all hf kinds share.

torch and transformers are imported when something is really loaded, so that a signature can be had without them.
"""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal

from harness.errors import ConfigError, ResourceError
from harness.model.base import GoldUse
from harness.model.budget import Budget, found_budget
from harness.model.int8 import SCHEME, quantized
from harness.model.weights import StoredWeights, fingerprint, locate, quiet
from harness.records import Answer, Input
from harness.said import shortened

# Models whose position table starts after the padding id, so that it holds fewer tokens than it has rows.
PADDED_POSITIONS = frozenset(
    {
        "camembert", "data2vec-text", "esm", "ibert", "layoutlmv3", "lilt", "longformer", "luke", "markuplm", "mpnet",
        "roberta", "roberta-prelayernorm", "xlm-roberta", "xlm-roberta-xl", "xmod",
    }
)  # fmt: skip
# A tokenizer that states no limit says 1e30.
UNSTATED = 10**6
# Why there is no answer where the numbers are none.
NOT_FINITE = "the model's scores are not finite numbers"


@dataclass(frozen=True, kw_only=True)
class HfModel:
    """Parameters and loading that all transformers kinds share.

    Args:
        path: A folder, `package:weights/NAME`, or a hub name (looked up in the local cache).
        revision: Branch, tag or commit of a hub name; the commit it resolved to is in the signature.
        dtype: Number format of the weights while they run. `int8` is for a CPU: its linear layers round weights and
            activations. `auto` is bfloat16 on a GPU that has it, float32 elsewhere; the signature says which.
        device: `auto` (cuda, then mps, then cpu) or a torch device such as `cuda:1`.
        batch_size: At most this many texts in one forward pass; never moves an answer.
        max_length: Tokens read at once, special ones included; None = what model and tokenizer state.
        download: Whether a hub name that is not in the cache may be fetched.
    """

    path: str
    revision: str | None = None
    dtype: Literal["float32", "bfloat16", "float16", "int8", "auto"] = "float32"
    device: str = "auto"
    batch_size: int = 16
    max_length: int | None = None
    download: bool = False

    kind: ClassVar[str]
    auto_class: ClassVar[str]
    task: ClassVar[str]
    pairs: ClassVar[bool] = False
    # Parameters that move no answer beyond rounding.
    unmoving: ClassVar[frozenset[str]] = frozenset({"batch_size", "device", "download"})
    # Of them what moves no speed either: runs that differ in it alone are one.
    neutral: ClassVar[frozenset[str]] = frozenset({"download"})
    gold: ClassVar[GoldUse] = "none"

    def __post_init__(self) -> None:
        if not self.path.strip():
            raise ValueError("path must name a folder or a hub model, got an empty string")
        if self.batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {self.batch_size}")
        if self.max_length is not None and self.max_length < 1:
            raise ValueError(f"max_length must be at least 1, got {self.max_length}")
        if self.dtype == "int8" and self.device not in ("auto", "cpu"):
            raise ValueError(f"dtype: int8 is for device=cpu, got device={self.device}")

    def signature(self) -> dict[str, Any]:
        """Parameters, the commit and the weights' fingerprint.

        Neither torch nor transformers is imported, unless `dtype=auto` has to look for a GPU.
        """
        given = {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if field.name not in self.unmoving
        }
        return {
            "kind": self.kind,
            **given,
            **self.number_format,
            "revision": self.weights.commit or self.revision,
            "weights": fingerprint(self.weights),
        }

    def load(self) -> None:
        """Loads tokenizer and weights now rather than at the first answer, so that a fault comes before any question.

        Raises:
            ResourceError: Weights, a package or the device are not on this machine, or the weights do not fit the task.
        """
        self._torch()
        _ = self.limit
        _ = self.network

    def overlong_answer(self, tokens: int) -> Answer:
        """What an input gets that is longer than the model reads, where the policy is `error`."""
        return Answer(
            bin="failed",
            reason=f"overlong: the input has {tokens} tokens, {self.path} reads {self.limit}",
            tokens_read=0,
            tokens_cut=tokens,
        )

    def overlong_faults(self, inputs: Sequence[Input], lengths: Sequence[int], other: str) -> list[str]:
        """One line for each input that is longer than the model reads."""
        return [
            f"example {one.id!r}: its input has {tokens} tokens, {self.path} reads at most {self.limit} "
            f"(model.{self.task}.overlong=error; {other})"
            for one, tokens in zip(inputs, lengths, strict=True)
            if self.limit is not None and tokens > self.limit
        ]

    @cached_property
    def weights(self) -> StoredWeights:
        """The checkpoint's folder."""
        return locate(self.path, self.revision, self.download, task=self.task)

    @cached_property
    def config(self) -> Any:
        """The transformers configuration."""
        return self._from_pretrained("AutoConfig")

    @cached_property
    def tokenizer(self) -> Any:
        """The fast tokenizer, set to cut and pad on the right."""
        tokenizer = self._from_pretrained("AutoTokenizer", use_fast=True, config=self.config)
        if not tokenizer.is_fast:
            raise ResourceError(f"{self.path}: has no fast tokenizer, and offsets need one; save it as tokenizer.json")
        tokenizer.truncation_side = "right"
        return tokenizer

    @cached_property
    def limit(self) -> int | None:
        """Tokens that the model reads at once, special tokens included; None where nothing limits them."""
        positions = next(
            (
                found
                for name in ("max_encoder_position_embeddings", "max_position_embeddings")
                if isinstance(found := getattr(self.config, name, None), int) and found > 0
            ),
            None,
        )
        if positions is not None and self.config.model_type in PADDED_POSITIONS:
            positions -= (self.config.pad_token_id or 0) + 1
        stated = self.tokenizer.model_max_length
        known = [found for found in (positions, stated) if found is not None and found < UNSTATED]
        limit = min(known, default=None)
        if self.max_length is not None:
            # DeBERTa's positions are relative: its table limits nothing.
            fixed = getattr(self.config, "position_biased_input", True)
            if positions is not None and fixed and self.max_length > positions:
                raise ConfigError(f"max_length: {self.path} has {positions} positions, got {self.max_length}")
            limit = self.max_length
        if limit is not None and limit <= (special := self.tokenizer.num_special_tokens_to_add(pair=self.pairs)):
            raise ConfigError(f"max_length: {limit} leaves no room beside {special} special tokens")
        return None if limit is None else int(limit)

    @cached_property
    def network(self) -> Any:
        """The model with its task head, in evaluation mode on its device.

        Raises:
            ResourceError: A package or the device is missing, the folder is no model for this task, or a part of it
                would be newly initialised: its answers would be noise.
        """
        torch = self._torch()
        model, info = self._from_pretrained(
            self.auto_class,
            dtype=getattr(torch, "float32" if self.precision == "int8" else self.precision),
            use_safetensors=True,
            output_loading_info=True,
        )
        missing = sorted({*info["missing_keys"], *(key for key, *_ in info["mismatched_keys"])})
        if missing:
            shown = ", ".join(missing[:5]) + (", ..." if len(missing) > 5 else "")
            raise ResourceError(
                f"{self.path}: {len(missing)} weights that {self.kind} needs are not in it and would be random: {shown}"
            )
        device = self._device
        try:
            model = model.eval().to(device)
        except torch.OutOfMemoryError:
            raise
        except (RuntimeError, AssertionError) as fault:
            raise self._unusable(fault) from fault
        return self.rounded(model) if self.precision == "int8" else model

    def rounded(self, network: Any) -> Any:
        """The model in int8."""
        return quantized(network)

    @cached_property
    def budget(self) -> Budget:
        """Tokens of one forward pass, found from the device."""
        return found_budget(self.network)

    @property
    def forward(self) -> Callable[..., Any]:
        """The model's forward pass."""
        found: Callable[..., Any] = self.network
        return found

    @cached_property
    def filler(self) -> int | None:
        """The token that rows are padded with, if the tokenizer has one."""
        found: int | None = self.tokenizer.pad_token_id
        return found

    @property
    def number_format(self) -> dict[str, Any]:
        """What the signature says of `dtype`: what it came to here."""
        return {"dtype": self.precision, **({"int8": SCHEME} if self.precision == "int8" else {})}

    @property
    def cpu_only(self) -> bool:
        """Whether `device=auto` is the CPU."""
        return self.dtype == "int8"

    @cached_property
    def precision(self) -> str:
        """The number format that `dtype` comes to on this machine."""
        if self.dtype != "auto":
            return self.dtype
        torch = self._torch()
        device = self._device
        if device.type != "cuda":
            return "float32"
        try:
            with torch.cuda.device(device):
                return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float32"
        except (RuntimeError, AssertionError) as fault:
            raise self._unusable(fault) from fault

    @cached_property
    def _device(self) -> Any:
        torch = self._torch()
        name = self.device
        if name == "auto":
            name = "mps" if torch.backends.mps.is_available() else "cpu"
            name = "cuda" if torch.cuda.is_available() else name
            name = "cpu" if self.cpu_only else name
        try:
            return torch.device(name)
        except RuntimeError as fault:
            raise self._unusable(fault) from fault

    def _unusable(self, fault: BaseException) -> ResourceError:
        return ResourceError(f"model.{self.task}.device: {self.device!r} cannot be used here: {shortened(fault)}")

    def _torch(self) -> Any:
        try:
            import torch
        except ImportError as fault:
            raise ResourceError(
                f"model kind {self.kind!r} needs torch, the extra `hf` of this package: pip install torch"
            ) from fault
        return torch

    def _from_pretrained(self, auto: str, **given: Any) -> Any:
        """`from_pretrained` of an Auto class; whatever a damaged or foreign folder raises becomes one sentence."""
        folder = self.weights.folder
        with quiet():
            import transformers

            transformers.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
            transformers.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
            try:
                return getattr(transformers, auto).from_pretrained(
                    str(folder), trust_remote_code=False, local_files_only=True, **given
                )
            except MemoryError:
                raise
            except Exception as fault:
                if type(fault).__name__ == "OutOfMemoryError":
                    raise
                if "trust_remote_code" in str(fault):
                    raise ResourceError(
                        f"{self.path}: needs code of its own (auto_map), and code from a model's folder is never run"
                    ) from fault
                raise ResourceError(f"{self.path}: cannot be loaded by {auto}: {shortened(fault)}") from fault
