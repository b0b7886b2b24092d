"""Forward passes by OpenVINO on a CPU: the weights that torch has loaded, in float32, converted in memory."""

import importlib
import sys
import threading
import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from harness.errors import ResourceError
from harness.model.budget import out_of_memory
from harness.model.said import shortened

# What OpenVINO imports where it is installed: it writes into the user's home and reports over the network.
TELEMETRY = "openvino_telemetry"
# Between logits of torch and of OpenVINO, absolute and relative. Rounding is far below; what comes of a conversion that
# took something of its first rows for a constant is far above.
TOLERANCE = 1e-3


class Scores(NamedTuple):
    """What is asked of a forward pass."""

    logits: Any


class Passes:
    """Forward passes of a compiled model; several threads may make them at once.

    Args:
        compiled: The model.
    """

    def __init__(self, compiled: Any) -> None:
        self._compiled = compiled
        self._local = threading.local()

    def __call__(self, **given: Any) -> Scores:
        """Scores of rows that are torch tensors."""
        import torch

        if not hasattr(self._local, "request"):
            self._local.request = self._compiled.create_infer_request()
        request = self._local.request
        request.infer({name: tensor.numpy() for name, tensor in given.items()}, share_inputs=True, share_outputs=True)
        # A copy: the thread's next pass writes to the same place.
        return Scores(torch.from_numpy(request.get_tensor("logits").data.copy()))


def converted(network: Any, samples: Sequence[dict[str, Any]], streams: int) -> Callable[..., Scores]:
    """The forward pass of a model.

    Args:
        network: The model, in float32 on a CPU.
        samples: Passes of unlike shape: the first is traced, and of all the same has to come as of the model itself.
        streams: Passes that are made at a time, on a core each.

    Raises:
        ResourceError: OpenVINO is not here, or the model cannot be converted.
    """
    openvino = _imported()
    import torch

    settings = {
        "NUM_STREAMS": streams,
        "INFERENCE_NUM_THREADS": streams,
        # Several processes would choose the same cores.
        "ENABLE_CPU_PINNING": False,
        # It would take bfloat16 where the CPU has it.
        "INFERENCE_PRECISION_HINT": "f32",
    }
    try:
        with torch.inference_mode(), warnings.catch_warnings():
            # torch says that tracing is deprecated, and where a condition was taken for a constant.
            warnings.simplefilter("ignore")
            traced = openvino.convert_model(network, example_input=samples[0])
            passes = Passes(openvino.Core().compile_model(traced, "CPU", settings))
            same = all(_alike(passes(**given).logits, network(**given).logits, given) for given in samples)
    except Exception as fault:  # a converter raises what it likes
        cause = fault.__cause__ or fault
        if out_of_memory(cause):
            raise cause from None
        raise ResourceError(
            f"runtime=openvino: the model cannot be converted, choose runtime=torch: {shortened(cause)}"
        ) from fault
    if not same:
        raise ResourceError("runtime=openvino: the converted model has other scores, choose runtime=torch")
    return passes


def _alike(found: Any, expected: Any, given: dict[str, Any]) -> bool:
    import torch

    if expected.dim() == 3:  # one for each token; nobody reads those of padding
        read = given["attention_mask"].bool()
        found, expected = found[read], expected[read]
    return torch.allclose(found, expected, TOLERANCE, TOLERANCE, equal_nan=True)


def _imported() -> Any:
    # In its place OpenVINO takes a stub of its own. Nothing else keeps it from reporting the import itself.
    sys.modules.setdefault(TELEMETRY, None)  # type: ignore[arg-type]
    try:
        return importlib.import_module("openvino")
    except ImportError as fault:
        raise ResourceError("runtime=openvino needs the package openvino: pip install openvino") from fault
