"""Why two runs are not ranked together: every field in which they differ, and the cheapest command that mends it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from harness.comparison.ranking import choices_of
from harness.comparison.rerun import Advice, advice
from harness.errors import RunError
from harness.report.grid import Grid
from harness.report.shown import UNDEFINED
from harness.run_folder import StoredRun

SCHEMA = "harness.comparison.why_different/1"
# How many ids of documents are named.
_NAMED = 5
# Characters of a value; JSON has all.
_LONGEST = 160
# Parts of the configuration in the order in which they are told; those that no row is kept apart for come last.
_CONFIG = ("task", "data", "metric", "slices", "model", "interval", "rng_seed", "fail_on_error", "engine")


@dataclass(frozen=True)
class Field:
    """One field in which two runs differ.

    Args:
        apart: Whether the two are not ranked together because of it.
        group: `documents`, `gold`, `signature`, `configuration`, `model`, `ledger`, `versions`, ...
        name: Which field.
        a: What the first has; None where it has none.
        b: What the second has.
    """

    apart: bool
    group: str
    name: str
    a: Any
    b: Any


@dataclass(frozen=True)
class Different:
    """What two runs differ in.

    Args:
        a: The one run.
        b: The other.
        fields: In order of importance: first those that keep the two apart.
        advice: What makes them comparable.
    """

    a: StoredRun
    b: StoredRun
    fields: list[Field]
    advice: Advice

    @property
    def comparable(self) -> bool:
        """Whether the two are ranked together as they are."""
        return not any(field.apart for field in self.fields)


def why_different(a: StoredRun, b: StoredRun) -> Different:
    """Compares what two runs say about themselves; no score is made again, no model loaded.

    Raises:
        RunError: The stored answers of a run cannot be read.
    """
    fields = [
        *_places(a, b),
        *_documents(a, b),
        *_gold(a, b),
        *_signatures(a, b),
        *_configuration(a, b),
        *_differing("model", a.scores.get("model"), b.scores.get("model")),
        *_differing("label map", a.scores.get("label_map"), b.scores.get("label_map")),
        *_differing("ledger", a.scores.get("ledger"), b.scores.get("ledger")),
        *_differing("versions", a.run.get("versions"), b.run.get("versions")),
        *_differing("hardware", a.run.get("hardware"), b.run.get("hardware")),
    ]
    fields.sort(key=lambda field: not field.apart)
    apart = {field.group for field in fields if field.apart}
    return Different(a, b, fields, advice(a, b, apart))


def _places(a: StoredRun, b: StoredRun) -> list[Field]:
    pairs = (
        ("task", a.scores["task"], b.scores["task"]),
        ("data", a.scores["data"]["name"], b.scores["data"]["name"]),
    )
    return [Field(True, group, "name", one, other) for group, one, other in pairs if one != other]


def _documents(a: StoredRun, b: StoredRun) -> list[Field]:
    one, other = a.scores["data"], b.scores["data"]
    found = []
    if one["documents_sha256"] != other["documents_sha256"]:
        found.append(Field(True, "documents", "sha256", one["documents_sha256"], other["documents_sha256"]))
    kinds = () if _imported(a, b) else ("document", "example")
    apart = bool(found) or one["gold_sha256"] != other["gold_sha256"]
    for kind in kinds:
        one_ids, other_ids = _ids(a, kind), _ids(b, kind)
        only = [sorted(one_ids - other_ids), sorted(other_ids - one_ids)]
        if any(only):
            found.append(Field(apart, "documents", f"{kind}s of this run alone", *map(_some, only)))
    if one["documents"] != other["documents"]:
        found.append(Field(apart, "documents", "number scored", one["documents"], other["documents"]))
    return found


def _imported(a: StoredRun, b: StoredRun) -> bool:
    return any("imported" in run.run for run in (a, b))


def _ids(run: StoredRun, column: str) -> set[str]:
    path = run.folder / "predictions.parquet"
    try:
        return set(pq.read_table(path, columns=[column]).column(column).unique().to_pylist())
    except (OSError, pa.ArrowException, KeyError) as error:
        raise RunError(f"{path}: unreadable ({error}); give the run's command again") from None


def _some(ids: Sequence[str]) -> str | None:
    if not ids:
        return None
    named = ", ".join(ids[:_NAMED])
    return f"{len(ids)}: {named}{', ...' if len(ids) > _NAMED else ''}"


def _gold(a: StoredRun, b: StoredRun) -> list[Field]:
    one, other = a.scores["data"]["gold_sha256"], b.scores["data"]["gold_sha256"]
    return [Field(True, "gold", "sha256", one, other)] if one != other else []


def _signatures(a: StoredRun, b: StoredRun) -> list[Field]:
    """The choices in which scores of both differ, each with the scores that it moves."""
    signatures = [{_named(row): str(row["signature"]) for row in run.scores["scores"]} for run in (a, b)]
    choices: dict[tuple[str, str | None, str | None], list[str]] = {}
    for name in sorted(set(signatures[0]) & set(signatures[1])):
        one, other = (choices_of(side[name]) for side in signatures)
        for choice in sorted({*one, *other}):
            if one.get(choice) != other.get(choice):
                choices.setdefault((choice, one.get(choice), other.get(choice)), []).append(name)
    found = [
        Field(True, "signature", f"{choice} of {_listed(names)}", one, other)
        for (choice, one, other), names in choices.items()
    ]
    only = [sorted(set(signatures[n]) - set(signatures[1 - n])) for n in (0, 1)]
    # Scores of other metrics, and slices by labels that one gold has: no row stands apart for them.
    return [*found, *([Field(False, "scores", "of this run alone", *map(_some, only))] if any(only) else [])]


def _named(row: Mapping[str, Any]) -> str:
    return f"{row['metric']}/{row['average']}" + ("" if row["slice"] == "all" else f"@{row['slice']}")


def _listed(names: Sequence[str]) -> str:
    whole = [name for name in names if "@" not in name] or list(names)
    return ", ".join(whole[:3]) + (f" and {len(whole) - 3} more" if len(whole) > 3 else "")


def _configuration(a: StoredRun, b: StoredRun) -> list[Field]:
    one, other = a.config.get("imported"), b.config.get("imported")
    if (one is None) != (other is None):
        # What one's own run is configured by has nothing to stand beside.
        return _differing("configuration", one, other, "imported")
    found = []
    for part in _CONFIG:
        found += _differing("configuration", a.config.get(part), b.config.get(part), part)
    return found


def _differing(group: str, one: Any, other: Any, place: str = "") -> list[Field]:
    return [Field(False, group, name, left, right) for name, left, right in differing(one, other, place)]


def differing(one: Any, other: Any, place: str = "") -> Iterable[tuple[str, Any, Any]]:
    """The leaves in which two mappings differ, by their joined keys."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in sorted({*one, *other}, key=str):
            yield from differing(one.get(key), other.get(key), f"{place}.{key}" if place else str(key))
    elif one != other:
        yield place or "value", one, other


# ---- as a table -----------------------------------------------------------------------------------------------------


def grid(found: Different) -> Grid:
    """Every field with both values, and below them what to do."""
    rows = [
        ("yes" if field.apart else "", field.group, field.name, _shown(field.a), _shown(field.b))
        for field in found.fields
    ]
    same = "the two are ranked together" if found.comparable else "the two are not ranked together"
    return Grid(
        title=f"{same}: {found.a.folder} (A), {found.b.folder} (B); {'; '.join(found.advice.why)}",
        headings=("apart", "what", "field", "A", "B"),
        rows=rows,
        records=[
            {"apart": one.apart, "group": one.group, "field": one.name, "a": one.a, "b": one.b} for one in found.fields
        ],
        notes=[
            *([] if rows else ["they differ in nothing"]),
            *found.advice.commands,
        ],
        more={
            "a": str(found.a.folder),
            "b": str(found.b.folder),
            "comparable": found.comparable,
            "advice": list(found.advice.why),
            "commands": list(found.advice.commands),
        },
    )


def _shown(value: Any) -> str:
    if value is None:
        return UNDEFINED
    text = value if isinstance(value, str) else repr(value)
    # A hash is told by its beginning; JSON has all.
    if len(text) == 64 and set(text) <= set("0123456789abcdef"):
        return text[:12]
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
