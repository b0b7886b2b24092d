"""What a gate asks for: a file of the group `gate`, checked and typed."""

import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from harness.compose import compose_option
from harness.config import build_dataclass, nearest, refuse_forbidden
from harness.errors import ConfigError, UsageError
from harness.files import read_text

HEADLINE = "headline"
# A largest share, `baseline` for the baseline's own share, or no limit.
Limit = float | str | None
_KEYS = ("alpha", "scores", "predictions", "ledger", "speed")


@dataclass(frozen=True, kw_only=True)
class GatedScore:
    """A score that may not get worse.

    Args:
        metric: `headline` for the one that `compare` shows first, or METRIC[/AVERAGE][@SLICE].
        slice: `all` or FIELD=VALUE; the same as @SLICE.
        tolerance: By how much it may be worse, in its own unit.
        direction: Which way it is better; `metric`: as the metric says.
    """

    metric: str
    slice: str = "all"
    tolerance: float = 0.0
    direction: Literal["metric", "higher", "lower"] = "metric"

    def __post_init__(self) -> None:
        if not self.metric.strip():
            raise ValueError("metric must name a score")
        if not (self.tolerance >= 0 and math.isfinite(self.tolerance)):
            raise ValueError(f"tolerance must be a number of 0 or more, got {self.tolerance}")
        if "@" in self.metric and self.slice != "all":
            raise ValueError(f"slice stands in the metric {self.metric!r} already, so leave out {self.slice!r}")

    @property
    def name(self) -> str:
        """METRIC[/AVERAGE][@SLICE]."""
        return self.metric if self.slice == "all" else f"{self.metric}@{self.slice}"


@dataclass(frozen=True, kw_only=True)
class LedgerLimits:
    """How much may be lost: a largest share in [0, 1], `baseline` for no more than there, None for no limit.

    Args:
        lost: Of the examples, those without a scored answer.
        unparsed: Of the examples.
        nonfinite: Of the examples.
        failed: Of the examples.
        missing: Of the examples.
        truncated: Of the examples, those whose input was cut.
        ungrounded: Of the predicted spans.
        unmapped: Of the predicted spans.
        misaligned: Of the predicted spans.
    """

    lost: Limit = None
    unparsed: Limit = None
    nonfinite: Limit = None
    failed: Limit = None
    missing: Limit = None
    truncated: Limit = None
    ungrounded: Limit = None
    unmapped: Limit = None
    misaligned: Limit = None

    def __post_init__(self) -> None:
        for name, limit in vars(self).items():
            if limit not in (None, "baseline") and not (isinstance(limit, int | float) and 0 <= limit <= 1):
                raise ValueError(f"{name} must be a share between 0 and 1, or `baseline`, got {limit!r}")


@dataclass(frozen=True, kw_only=True)
class SpeedLimits:
    """Largest ratios to the baseline; None for no limit. There is no other: a second here is no second there.

    Args:
        seconds_per_example: Of prediction.
        peak_memory: Of the process.
    """

    seconds_per_example: float | None = None
    peak_memory: float | None = None

    def __post_init__(self) -> None:
        for name, limit in vars(self).items():
            if limit is not None and not (limit > 0 and math.isfinite(limit)):
                raise ValueError(f"{name} must be a ratio above 0, such as 1.5, got {limit}")


@dataclass(frozen=True, kw_only=True)
class Gate:
    """What a run is checked for against its baseline.

    Args:
        name: Of its file.
        alpha: Chance of failing a run that is nowhere worse than tolerated, and of passing one that is.
        scores: The scores that may not get worse; each counts for the runs that have it.
        predictions: `unchanged` where no answer may differ from the baseline's.
        ledger: How much may be lost.
        speed: How much slower it may be.
    """

    name: str = "default"
    alpha: float = 0.05
    scores: tuple[GatedScore, ...] = ()
    predictions: Literal["any", "unchanged"] = "any"
    ledger: LedgerLimits = field(default_factory=LedgerLimits)
    speed: SpeedLimits = field(default_factory=SpeedLimits)

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 0.5:
            raise ValueError(f"alpha must lie between 0 and 0.5, got {self.alpha}")
        names = [score.name for score in self.scores]
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise ValueError(f"scores: {twice[0]!r} stands there twice")
        limits = [*vars(self.ledger).values(), *vars(self.speed).values()]
        if not self.scores and self.predictions == "any" and all(limit is None for limit in limits):
            raise ValueError("the gate asks for nothing: give scores, predictions, ledger or speed")


def load_gate(name_or_file: str, config_dir: str | None = None) -> Gate:
    """A gate by its name in the group `gate`, or by its file.

    Args:
        name_or_file: `default`, or a path that ends in `.yaml`.
        config_dir: A folder with the user's own configurations: its `gate/NAME.yaml` is found as well.

    Raises:
        ConfigError: No such gate (names the nearest), or something in it is wrong.
    """
    if name_or_file.endswith((".yaml", ".yml")) or os.sep in name_or_file:
        content = _read(Path(name_or_file))
        try:
            return _typed(content, "gate", Path(name_or_file).stem)
        except ConfigError as error:
            raise ConfigError("\n".join(f"{name_or_file}: {line}" for line in str(error).splitlines())) from None
    if not re.fullmatch(r"\w[\w.-]*", name_or_file):
        raise UsageError(f"--gate {name_or_file}: expected the name of a gate, or a path that ends in .yaml")
    return _typed(compose_option("gate", name_or_file, config_dir), "gate", name_or_file)


def _read(path: Path) -> Any:
    if not path.is_file():
        raise ConfigError(f"--gate {path}: no such file")
    try:
        # OmegaConf's reader, which Hydra has too: it refuses a key that stands there twice.
        raw = OmegaConf.create(read_text(path))
        content = OmegaConf.to_container(raw, resolve=False)
        refuse_forbidden(content, str(path))
        if isinstance(content, dict) and "defaults" in content:
            raise ConfigError(
                f"{path}: defaults: only a gate in the folder `gate` of a --config-dir can build upon another one; put "
                f"it there as DIR/gate/{path.name} and give --config-dir DIR --gate {path.stem}, or drop `defaults`"
            )
        return OmegaConf.to_container(raw, resolve=True)
    except (YAMLError, OmegaConfBaseException) as error:
        raise ConfigError(f"{path}: {' '.join(str(error).split())}") from None


def _typed(raw: Any, place: str, name: str) -> Gate:
    if not isinstance(raw, Mapping):
        raise ConfigError(f"{place}: expected keys such as scores and ledger, found {raw!r}")
    values = {str(key): value for key, value in raw.items()}
    for key in values:
        if key not in _KEYS:
            raise ConfigError(f"{place}.{key}: unknown key{nearest(key, _KEYS)}; known: {', '.join(_KEYS)}")
    _refuse_booleans(values, place)
    scores = values.get("scores", ())
    if not isinstance(scores, list | tuple):
        raise ConfigError(f"{place}.scores: expected a list, each entry with `metric`, found {scores!r}")
    for number, score in enumerate(scores):
        if not isinstance(score, Mapping):
            raise ConfigError(f"{place}.scores[{number}]: expected keys such as metric and tolerance, found {score!r}")
    for part in ("ledger", "speed"):
        if not isinstance(values.get(part, {}), Mapping):
            raise ConfigError(f"{place}.{part}: expected keys with limits, found {values[part]!r}")
    values["scores"] = [
        build_dataclass(GatedScore, score, f"{place}.scores[{number}]") for number, score in enumerate(scores)
    ]
    gate: Gate = build_dataclass(Gate, {**values, "name": name}, place)
    return gate


def _refuse_booleans(value: Any, place: str) -> None:
    """Nothing in a gate is true or false, and pydantic would take `true` for 1."""
    if isinstance(value, bool):
        raise ConfigError(f"{place}: expected a number or a name, found {str(value).lower()}")
    entries = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in entries:
        _refuse_booleans(inner, f"{place}[{key}]" if isinstance(value, list) else f"{place}.{key}")


def with_tolerances(gate: Gate, given: Sequence[str]) -> Gate:
    """The gate with other tolerances: `T` for every score, `SCORE=T` for one, as its file names it.

    Raises:
        UsageError: Not a number, or a score that the gate does not have.
    """
    scores = {score.name: score for score in gate.scores}
    if given and not scores:
        raise UsageError(f"--tolerance {given[0]}: the gate {gate.name!r} has no scores")
    # The one for all counts less than those by name, in whatever order they were given.
    for text in sorted(given, key=lambda text: "=" in text):
        name, has_name, value = text.rpartition("=")
        try:
            tolerance = float(value)
            if not (tolerance >= 0 and math.isfinite(tolerance)):
                raise ValueError
        except ValueError:
            raise UsageError(f"--tolerance {text}: expected a number of 0 or more; 0.01 is one point of F1") from None
        if has_name and name not in scores:
            raise UsageError(
                f"--tolerance {text}: the gate {gate.name!r} has no score {name!r}{nearest(name, scores)}; "
                f"it has {', '.join(scores)}"
            )
        for one in [name] if has_name else list(scores):
            scores[one] = replace(scores[one], tolerance=tolerance)
    return replace(gate, scores=tuple(scores.values()))
