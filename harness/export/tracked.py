"""A run as experiment trackers have it: a flat list of named numbers, and signatures beside them."""

import re
from collections.abc import Iterable

from harness.export.base import Options, Score, ledger, scores_of, speed
from harness.files import sha256
from harness.run_folder import StoredRun

# The narrowest of the trackers (MLflow) allows these in a name, and 250 of them.
_OTHERS = re.compile(r"[^A-Za-z0-9_\-. :/]")
_LONGEST = 200


def flat(run: StoredRun, options: Options) -> dict[str, float]:
    """Every number by name: a score, its `.low`, `.high` and `.n`; `ledger.*`; seconds and rates."""
    scores = scores_of(run, options)
    found: dict[str, float] = {}
    for name, score in zip(_names(scores), scores, strict=True):
        numbers = {"": "value", ".low": "low", ".high": "high", ".n": "n"}
        # Without a value there is nothing that the others are about.
        if score.row["value"] is not None:
            found |= {
                f"{name}{end}": float(score.row[entry])
                for end, entry in numbers.items()
                if score.row[entry] is not None
            }
    found |= {f"ledger.{name}": float(count) for name, count in ledger(run).items()}
    return found | {f"speed.{name}": value for name, value in speed(run).items()}


def signatures(run: StoredRun, options: Options) -> dict[str, str]:
    """The signature of every score by the same names; slices have that of the whole set."""
    scores = [score for score in scores_of(run, options) if score.key.slice == "all" or options.metrics]
    return {name: str(score.row["signature"]) for name, score in zip(_names(scores), scores, strict=True)}


def _names(scores: Iterable[Score]) -> list[str]:
    """Names that every tracker takes, no two alike: `entity.f1/macro label:GPE`."""
    found: list[str] = []
    for score in scores:
        key = score.key
        metric = key.metric if score.name.partition("@")[0] == key.metric else f"{key.metric}/{key.average}"
        # A slash in the name of a slice would be a path to some.
        part = "" if key.slice == "all" else " " + key.slice.replace("=", ":", 1).replace("/", "_")
        name = _OTHERS.sub("_", metric + part)
        if name != metric + part or len(name) > _LONGEST or "/" in key.slice or name.strip() != name or name in found:
            name = f"{name[:_LONGEST].strip()}-{sha256([key.metric, key.average, key.slice])[:8]}"
        found.append(name)
    return found
