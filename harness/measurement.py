"""What a run took, for `run.json` alone: seconds, rates, memory, energy and price. None of it moves a score."""

import json
import resource
import sys
from collections.abc import Container, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from harness.model.base import Model
from harness.predict import Asked
from harness.run_folder import is_complete

# What `run.json` says of the price of answers, of models that count what they use.
_SPENT = ("cost", "usage", "answered_by")


def measurements(
    asked: Asked, seconds: Mapping[str, float], spent: Mapping[str, Any], energy: Mapping[str, Any] | None
) -> dict[str, Any]:
    """What a run took in this process; rates are of prediction alone, and null where nothing was asked.

    Args:
        asked: What prediction gave.
        seconds: Of every stage.
        spent: What the model's answers of this process cost, as its `spent` says; empty where it counts nothing.
        energy: What an `EnergyMeter` read; None where none ran.
    """
    predict = seconds["predict"]
    asked_any = asked.asked > 0 and predict > 0
    written = (spent.get("usage") or {}).get("output_tokens")
    return {
        "seconds": dict(seconds),
        "asked": asked.asked,
        "examples_per_second": asked.asked / predict if asked_any else None,
        "tokens_per_second": asked.tokens / predict if asked_any and asked.tokens else None,
        "output_tokens_per_second": written / predict if asked_any and written else None,
        "batch_size": asked.batch_size or None,
        "batch_tokens": asked.batch_tokens,
        "peak_memory_bytes": peak_memory(),
        "peak_gpu_memory_bytes": _peak_gpu_memory(),
        "energy": None if energy is None else dict(energy),
        "cost": None,
    }


# What a run that asks nothing keeps of the one that did.
_KEPT = (
    "seconds",
    "asked",
    "examples_per_second",
    "tokens_per_second",
    "output_tokens_per_second",
    "batch_size",
    "batch_tokens",
    "peak_memory_bytes",
    "peak_gpu_memory_bytes",
    "energy",
    *_SPENT,
)


def measured_before(folder: Path) -> dict[str, Any]:
    """What a complete run in the folder says of its speed; empty where there is none."""
    if not is_complete(folder):
        return {}
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return {name: run[name] for name in _KEPT if name in run}


def spent_before(folder: Path) -> dict[str, Any] | None:
    """What the answers that lie in a folder cost, as far as its `run.json` says; None where it says nothing."""
    try:
        run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return run if isinstance(run, dict) and isinstance(run.get("usage"), dict) else None


def spent_by(model: Model, before: Mapping[str, Any] | None) -> dict[str, Any]:
    """What a model's answers cost, with what was spent on this run before; empty for models that count nothing.

    Of processes that were killed nothing is known.
    """
    if not hasattr(model, "spent"):
        return {}
    found: dict[str, Any] = model.spent()
    if before is None:
        return found
    costs = (before.get("cost"), found["cost"])
    earlier = [one for one in before.get("answered_by") or [] if one not in found["answered_by"]]
    return {
        "cost": None if None in costs else sum(costs),
        "usage": {name: count + (before["usage"].get(name) or 0) for name, count in found["usage"].items()},
        "answered_by": [*earlier, *found["answered_by"]],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """What a metric's questions to its judge took.

    Args:
        metric: The metric.
        judge: Hash of the judge's signature and code.
        asked: Questions that were answered; equal ones, and those that another metric had put before, count once.
        seconds: Of asking, loading left out.
        usage: What was counted meanwhile; None for judges that count nothing.
        cost: Its price, where one is known.
        answered_by: What the endpoint called itself.
    """

    metric: str
    judge: str
    asked: int = 0
    seconds: float = 0.0
    usage: Mapping[str, int] | None = None
    cost: float | None = None
    answered_by: tuple[Mapping[str, Any], ...] = ()

    def __add__(self, other: "Judging") -> "Judging":
        """Both together; the price is unknown where one of them is."""
        usage = {**(self.usage or {})}
        for name, count in (other.usage or {}).items():
            usage[name] = usage.get(name, 0) + count
        return replace(
            self,
            asked=self.asked + other.asked,
            seconds=self.seconds + other.seconds,
            usage=usage or None,
            cost=None if self.cost is None or other.cost is None else self.cost + other.cost,
            answered_by=(*self.answered_by, *(one for one in other.answered_by if one not in self.answered_by)),
        )


def judging_before(folder: Path, used: Container[str]) -> list[Judging]:
    """What the findings that lie in a folder took, as its `run.json` says.

    Args:
        folder: The run folder.
        used: The judges, by their hash, of whose stored findings any is used again.
    """
    with suppress(OSError, ValueError, TypeError, AttributeError):
        run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        found = [Judging(metric=name, **entry) for name, entry in run.get("judging", {}).items()]
        return [one for one in found if one.judge in used]
    return []


def judging(judges: Mapping[str, str], took: Iterable[Judging]) -> dict[str, Any]:
    """The part `judging` of `run.json`: what each metric's questions to its judge took.

    Args:
        judges: The hash of each metric's judge.
        took: All that was measured, of metrics that are no longer there too: their findings serve the first metric that
            asks the same judge. Of other judges nothing is said.
    """
    found: dict[str, Judging] = {}
    for one in took:
        same = [name for name, judge in judges.items() if judge == one.judge]
        if same:
            name = one.metric if one.metric in same else same[0]
            found[name] = found[name] + one if name in found else one
    entries = {name: asdict(found.get(name, Judging(metric=name, judge=judge))) for name, judge in judges.items()}
    return {name: {key: value for key, value in entry.items() if key != "metric"} for name, entry in entries.items()}


def forget_peaks() -> None:
    """Forgets the peaks of earlier tasks and models of this process, where the system can (Linux: man 5 proc)."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    for cuda, device in _gpus():
        cuda.reset_peak_memory_stats(device)


def peak_memory() -> int:
    """Bytes of main memory that this process held at most since `forget_peaks`, weights of earlier tasks included."""
    # Kibibytes on Linux, bytes on macOS.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _peak_gpu_memory() -> int | None:
    """Bytes that tensors took at most on all CUDA devices together; None where none is in use."""
    found = [int(cuda.max_memory_allocated(device)) for cuda, device in _gpus()]
    return sum(found) if found else None


def _gpus() -> list[tuple[Any, int]]:
    # Never imported for this: what has not loaded torch uses no GPU of it.
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return []
    return [(torch.cuda, device) for device in range(torch.cuda.device_count())]
