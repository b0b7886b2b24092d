"""A stored run as a row of a comparison, and what the row is called."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.comparison.table import REPEATED, Cell, Line
from harness.errors import RunError, UsageError
from harness.files import sha256
from harness.metric.base import Key
from harness.run_folder import StoredRun


def score_key(row: Mapping[str, Any]) -> Key:
    return Key(row["metric"], row["average"], row["slice"])


def line_of(run: StoredRun) -> Line:
    scores, measured = run.scores, run.run
    try:
        cells = {
            score_key(row): Cell(
                value=row["value"],
                low=row["low"],
                high=row["high"],
                level=row["level"],
                method=row["method"],
                n=row["n"],
                unit=row["unit"],
                support=row["support"],
                unreliable=bool(row.get("unreliable")),
                note=row.get("note"),
                signature=row["signature"],
            )
            for row in scores["scores"]
        }
        ledger, model = scores["ledger"], scores["model"]
        seconds, total = measured.get("seconds"), ledger["examples"]["total"]
        # A run that found answers in its folder took no time for them, which says nothing about the model.
        whole = isinstance(seconds, dict) and measured.get("asked", total) >= total
        return Line(
            label=str(model["name"]),
            model=str(model["name"]),
            folder=str(run.folder),
            gold=str(model.get("gold", "none")),
            cells=cells,
            examples=dict(ledger["examples"]),
            spans=dict(ledger["spans"]),
            truncated=ledger["truncated"],
            unseen_gold=ledger.get("unseen_gold"),
            seconds=sum(seconds.values()) if whole and isinstance(seconds, dict) else None,
            rate=measured.get("examples_per_second") if whole else None,
            failure=measured.get("failure"),
            cost=measured.get("cost") or None,
            measured=_measured(measured) if whole else {},
            imported=_tool(measured.get("imported")),
            identity={name: scores["data"][name] for name in ("gold_sha256", "documents_sha256", "documents")},
            configuration=sha256(_same_model({name: run.config.get(name) for name in ("model", "task")})),
            setting=sha256({name: run.config.get(name) for name in ("model", "task", "rng_seed")}),
            answers=str((measured.get("files") or {}).get("predictions.parquet") or run.folder),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise RunError(
            f"{run.folder}: scores.json or run.json lacks what this version needs ({type(error).__name__}: {error}); "
            f"make them again with `python -m harness score {run.folder}`"
        ) from None


# Of a run's rates and sizes, what a table may show.
_RATES = (
    "examples_per_second",
    "tokens_per_second",
    "output_tokens_per_second",
    "peak_memory_bytes",
    "peak_gpu_memory_bytes",
    "cost",
)


def _measured(run: Mapping[str, Any]) -> dict[str, float]:
    """What a run took: seconds to load and to predict, rates, memory, kWh and price; what is not known is left out."""
    energy = run.get("energy") or {}
    found = {name: run["seconds"].get(name) for name in ("load", "predict")}
    found |= {name: run.get(name) for name in _RATES}
    found["energy_kwh"] = energy.get("kwh")
    return {name: float(value) for name, value in found.items() if isinstance(value, int | float)}


def run_labels(runs: Sequence[StoredRun]) -> list[str]:
    """Model names; where two rows of a table would be called the same, with what their folders differ in.

    No two rows of one data and task get the same label.
    """
    names = [(run.scores["data"]["name"], run.scores["task"], str(run.scores["model"]["name"])) for run in runs]
    places: dict[tuple[Any, ...], list[Sequence[str]]] = {}
    own = [run.folder.resolve().parts for run in runs]
    for name, parts in zip(names, own, strict=True):
        places.setdefault(name, []).append(parts)
    labels = []
    for name, parts in zip(names, own, strict=True):
        labels.append(_label(name[2], parts, places[name]))
    # A model may be called what another one's folder made of its name.
    rows = {(*name[:2], label, parts) for name, label, parts in zip(names, labels, own, strict=True)}
    seen = Counter(row[:3] for row in rows)
    return [
        f"{label} ({run.folder.resolve()})" if seen[(*name[:2], label)] > 1 else label
        for name, label, run in zip(names, labels, runs, strict=True)
    ]


def _label(name: str, own: Sequence[str], all_parts: Sequence[Sequence[str]]) -> str:
    """A model's name, and what tells its folder from those of other runs of this name."""
    first, last = _apart(own, all_parts)
    different = "/".join(own[first:last])
    if not different:
        return name
    # The run's own folder is called after the model; one above it may be by chance.
    itself = (first, last) == (len(own) - 1, len(own))
    return different if itself and different.startswith(name) else f"{name} ({different})"


def lies_in(line: Line, folder: Path) -> bool:
    """Whether a row's run is this folder, or lies below it."""
    path = Path(line.folder).resolve()
    return folder.resolve() in (path, *path.parents)


def baseline_among(lines: Sequence[Line], baseline: Path, place: str) -> Line | None:
    """The row that the others are compared with; None where the baseline has none here.

    Args:
        lines: Rows that may be ranked together.
        baseline: A run folder, or a folder above one run per data and task.
        place: Data and task, for messages.

    Raises:
        UsageError: Several rows lie there.
    """
    own = [line for line in lines if lies_in(line, baseline)]
    if len(own) > 1:
        raise UsageError(f"--baseline {baseline}: {len(own)} runs of {place} lie there; name one")
    return own[0] if own else None


def _apart(own: Sequence[str], all_parts: Sequence[Sequence[str]]) -> tuple[int, int]:
    """Where begins and ends what is left of a path without the parts that all of them begin and end with."""
    if len(all_parts) == 1:
        return 0, 0
    first, last = 0, len(own)
    while first < last and all(parts[first : first + 1] == own[first : first + 1] for parts in all_parts):
        first += 1
    while last > first and all(
        len(parts) > first + len(own) - last and parts[last - 1 - len(own)] == own[last - 1] for parts in all_parts
    ):
        last -= 1
    return first, last


def _tool(imported: Mapping[str, Any] | None) -> str:
    return "" if imported is None else f"{imported['tool']} {imported['version']}"


def _same_model(config: Any) -> Any:
    """A configuration without what varies between runs of one model."""
    if isinstance(config, Mapping):
        return {str(key): _same_model(value) for key, value in config.items() if key not in REPEATED}
    return config
