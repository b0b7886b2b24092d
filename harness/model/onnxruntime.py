"""Forward passes by ONNX Runtime on a CPU: the model that torch has loaded, exported."""

import importlib
import logging
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from harness.errors import ResourceError
from harness.model.budget import out_of_memory
from harness.model.int8 import heads, linear_layers
from harness.model.weights import quiet
from harness.said import shortened

# What the signature says of it, beside `dtype: int8`. Of 8 bits the kernels of CPUs without VNNI overflow.
SCHEME = "linear layers below the head, dynamic, per channel, weights of 7 bits"
# Between logits of torch and of ONNX Runtime in float32, absolute and relative. Rounding is far below; what comes of an
# export that took something of its first rows for a constant is far above.
TOLERANCE = 1e-3
# The first that has LayerNormalization; what the exporter makes of later ones is no faster.
OPSET = 17


class Packages(NamedTuple):
    """What has to be installed."""

    onnxruntime: Any
    quantization: Any
    onnx: Any


class Scores(NamedTuple):
    """What is asked of a forward pass."""

    logits: Any


class Passes:
    """Forward passes of an exported model; several threads may make them at once, on a core each.

    Args:
        session: The model.
    """

    def __init__(self, session: Any) -> None:
        self._session = session

    def __call__(self, **given: Any) -> Scores:
        """Scores of rows that are torch tensors.

        Raises:
            MemoryError: They do not fit.
        """
        import torch

        try:
            (logits,) = self._session.run(["logits"], {name: tensor.numpy() for name, tensor in given.items()})
        except Exception as fault:
            # It has no class of its own.
            if "Failed to allocate memory" in str(fault):
                raise MemoryError(shortened(fault)) from fault
            raise
        return Scores(torch.from_numpy(logits))


def exported(network: Any, samples: Sequence[dict[str, Any]], int8: bool = False) -> Callable[..., Scores]:
    """The forward pass of a model.

    Args:
        network: The model, in float32 on a CPU.
        samples: Passes of unlike shape: the first is traced, and of all the same has to come as of the model itself.
        int8: Whether its linear layers are then rounded.

    Raises:
        ResourceError: ONNX Runtime is not here, or the model cannot be exported.
    """
    packages = _imported()
    if int8:
        linear_layers(network)  # refuses a model without any
    import torch

    try:
        with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
            model = Path(folder) / "float32.onnx"
            _trace(network, samples[0], model)
            passes = Passes(_session(packages, model))
            same = all(_alike(passes(**given).logits, network(**given).logits, given) for given in samples)
            if same and int8:
                passes = Passes(_session(packages, _rounded(packages, model, heads(network))))
    except Exception as fault:  # an exporter raises what it likes
        if out_of_memory(fault):
            raise
        cause = fault.__cause__ or fault
        if out_of_memory(cause):
            raise cause from None
        raise ResourceError(
            f"runtime=onnxruntime: the model cannot be exported, choose runtime=torch: {shortened(cause)}"
        ) from fault
    if not same:
        raise ResourceError("runtime=onnxruntime: the exported model has other scores, choose runtime=torch")
    return passes


def _trace(network: Any, sample: dict[str, Any], path: Path) -> None:
    """Writes the model as ONNX, for rows of any number and width; a module's operations are named after it."""
    import torch

    class Scored(torch.nn.Module):
        """A model whose inputs have places instead of names."""

        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, *tensors: Any) -> Any:
            return self.network(**dict(zip(sample, tensors, strict=True))).logits

    with _plain_attention(network), warnings.catch_warnings():
        # That tracing is deprecated (what is to follow takes eight times as long), and where a condition was taken for
        # a constant.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Scored().train(False),
            tuple(sample.values()),
            path,
            input_names=list(sample),
            output_names=["logits"],
            dynamic_axes={name: {0: "rows", 1: "columns"} for name in sample},
            opset_version=OPSET,
            dynamo=False,
        )


@contextmanager
def _plain_attention(network: Any) -> Iterator[None]:
    """Attention as single operations, which ONNX Runtime knows how to make one of again."""
    if not hasattr(network, "set_attn_implementation"):
        yield
        return
    before = network.config._attn_implementation
    network.set_attn_implementation("eager")
    try:
        yield
    finally:
        network.set_attn_implementation(before)


def _rounded(packages: Packages, model: Path, left: set[str]) -> Path:
    """The same with its linear layers in int8, but for those of these modules."""
    # A module of a list is named with it, as in `/network/heads.0/`.
    places = tuple(f".network.{name}." for name in left)
    nodes = packages.onnx.load(model).graph.node
    names = [node.name for node in nodes if node.name.replace("/", ".").startswith(places)]
    path = model.with_name("int8.onnx")
    with _silent():
        packages.quantization.quantize_dynamic(
            model,
            path,
            op_types_to_quantize=["MatMul"],
            # A Gemm is made a MatMul first, of this name.
            nodes_to_exclude=[*names, *(f"{name}_MatMul" for name in names)],
            per_channel=True,
            reduce_range=True,
            weight_type=packages.quantization.QuantType.QInt8,
        )
    return path


@contextmanager
def _silent() -> Iterator[None]:
    """Without the advice that is logged about how to prepare a model better."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def _session(packages: Packages, model: Path) -> Any:
    settings = packages.onnxruntime.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    # What goes wrong is raised, and need not be printed as well.
    settings.log_severity_level = 4
    # Of each width a plan would be kept.
    settings.enable_mem_pattern = False
    return packages.onnxruntime.InferenceSession(model, settings, providers=["CPUExecutionProvider"])


def _alike(found: Any, expected: Any, given: dict[str, Any]) -> bool:
    import torch

    if expected.dim() == 3:  # one for each token; nobody reads those of padding
        read = given["attention_mask"].bool()
        found, expected = found[read], expected[read]
    return torch.allclose(found, expected, TOLERANCE, TOLERANCE, equal_nan=True)


def _imported() -> Packages:
    names = ("onnxruntime", "onnxruntime.quantization", "onnx")
    try:
        # ONNX Runtime reports what it runs, unless the environment says otherwise when it is imported.
        with quiet():
            return Packages(*map(importlib.import_module, names))
    except ImportError as fault:
        raise ResourceError(
            f"runtime=onnxruntime needs the packages onnxruntime and onnx: pip install onnxruntime onnx ({fault})"
        ) from fault
