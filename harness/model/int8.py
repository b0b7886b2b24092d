"""Linear layers in int8 on a CPU: weights rounded once, per output channel; activations as they come, per tensor."""

import warnings
from typing import Any

from harness.errors import ResourceError

# What the signature says of it, beside `dtype: int8`.
SCHEME = "linear layers below the head, dynamic, per channel"


def quantized(network: Any) -> Any:
    """The model with its linear layers in int8; the head, which makes its scores, stays as it is.

    torch's own dynamic quantization, which needs no export and no further package; docs/inference.md has its speed
    beside ONNX Runtime's, which is faster.

    Raises:
        ResourceError: torch cannot do that here.
    """
    import torch

    try:
        from torch.ao.quantization import per_channel_dynamic_qconfig, quantize_dynamic
    except ImportError as fault:
        raise ResourceError(
            f"dtype=int8: torch {torch.__version__} has no dynamic quantization; choose another dtype"
        ) from fault
    if torch.backends.quantized.engine == "none":
        raise ResourceError("dtype=int8: torch has no int8 kernels for this machine; choose another dtype")
    chosen = dict.fromkeys(linear_layers(network), per_channel_dynamic_qconfig)
    with warnings.catch_warnings():
        # It says that it is deprecated; what is to follow it has no kernels for every CPU.
        warnings.simplefilter("ignore")
        try:
            return quantize_dynamic(network, chosen, inplace=True)  # type: ignore[no-untyped-call]
        except RuntimeError as fault:
            raise ResourceError(f"dtype=int8: torch cannot round this model's weights: {fault}") from fault


def linear_layers(network: Any) -> list[str]:
    """Names of the linear layers below the head.

    Raises:
        ResourceError: There are none.
    """
    import torch

    linear = {name for name, module in network.named_modules() if isinstance(module, torch.nn.Linear)}
    found = sorted(linear - heads(network))
    if not found:
        raise ResourceError("dtype=int8: the model has no linear layers below its head; choose another dtype")
    return found


def heads(network: Any) -> set[str]:
    """Names of the modules that are not part of the base model."""
    base = getattr(network, network.base_model_prefix, None)
    names = {name: module for name, module in network.named_modules() if name}
    if base is None:  # encoder and decoder stand side by side
        return {name for name, module in names.items() if module is network.get_output_embeddings()}
    inside = {id(module) for module in base.modules()}
    return {name for name, module in names.items() if id(module) not in inside}
