"""A stored run as a row of a comparison, and what the row is called."""

from collections.abc import Mapping, Sequence
from typing import Any

from harness.comparison.table import REPEATED, Cell, Line
from harness.errors import RunError
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
            seconds=sum(seconds.values()) if whole and isinstance(seconds, dict) else None,
            rate=measured.get("examples_per_second") if whole else None,
            failure=measured.get("failure"),
            cost=measured.get("cost") or None,
            imported=_tool(measured.get("imported")),
            identity={name: scores["data"][name] for name in ("gold_sha256", "documents_sha256", "documents")},
            configuration=sha256(_same_model({name: run.config.get(name) for name in ("model", "task")})),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise RunError(
            f"{run.folder}: scores.json or run.json lacks what this version needs ({type(error).__name__}: {error}); "
            f"make them again with `harness score {run.folder}`"
        ) from None


def run_labels(runs: Sequence[StoredRun]) -> list[str]:
    """Model names; where two rows of a table would be called the same, with what their folders differ in."""
    names = [(run.scores["data"]["name"], run.scores["task"], str(run.scores["model"]["name"])) for run in runs]
    places: dict[tuple[Any, ...], list[Sequence[str]]] = {}
    own = [run.folder.resolve().parts for run in runs]
    for name, parts in zip(names, own, strict=True):
        places.setdefault(name, []).append(parts)
    labels = []
    for name, parts in zip(names, own, strict=True):
        different = _apart(parts, places[name]) if len(places[name]) > 1 else ""
        labels.append(
            different if different.startswith(name[2]) else f"{name[2]} ({different})" if different else name[2]
        )
    return labels


def _apart(own: Sequence[str], all_parts: Sequence[Sequence[str]]) -> str:
    """What is left of a path without the parts that all of them begin and end with."""
    first, last = 0, len(own)
    while first < last and all(parts[first : first + 1] == own[first : first + 1] for parts in all_parts):
        first += 1
    while last > first and all(
        len(parts) > first + len(own) - last and parts[last - 1 - len(own)] == own[last - 1] for parts in all_parts
    ):
        last -= 1
    return "/".join(own[first:last])


def _tool(imported: Mapping[str, Any] | None) -> str:
    return "" if imported is None else f"{imported['tool']} {imported['version']}"


def _same_model(config: Any) -> Any:
    """A configuration without what varies between runs of one model."""
    if isinstance(config, Mapping):
        return {str(key): _same_model(value) for key, value in config.items() if key not in REPEATED}
    return config
