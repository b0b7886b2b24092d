"""Scores of the cards, each with a 95% interval from resampled units.

Every score is a function of counts summed over units (articles, documents, sentences), so one bootstrap serves all.
Undefined scores are 0 here, because a resample may hold no entity at all.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

DRAWS = 5000

Statistic = Callable[[np.ndarray], np.ndarray]
"""Summed counts (draws x columns) -> scores (draws)."""


def entity_f1(counts: np.ndarray) -> np.ndarray:
    """Micro F1 of columns true positives, predicted, gold."""
    return _ratio(2 * counts[:, 0], counts[:, 1] + counts[:, 2])


def favg(counts: np.ndarray) -> np.ndarray:
    """Mean F1 of favor and against; columns as ``stance_counts`` gives them."""
    return (entity_f1(counts[:, :3]) + entity_f1(counts[:, 3:])) / 2


def mean(counts: np.ndarray) -> np.ndarray:
    """Mean of column 0 over column 1 (how many)."""
    return _ratio(counts[:, 0], counts[:, 1])


def stance_counts(gold: Sequence[str], predicted: Sequence[str], units: Sequence[str]) -> np.ndarray:
    """Per unit: true positives, predicted and gold of favor, then of against."""
    rows: dict[str, list[int]] = {}
    for one, other, unit in zip(gold, predicted, units, strict=True):
        row = rows.setdefault(unit, [0] * 6)
        for at, label in ((0, "favor"), (3, "against")):
            row[at] += one == label == other
            row[at + 1] += other == label
            row[at + 2] += one == label
    return np.array([row for _, row in sorted(rows.items())], dtype=float)


def interval(counts: np.ndarray, statistic: Statistic, rng_seed: int) -> dict[str, Any]:
    """Score and 95% percentile interval over resampled units (rows)."""
    draws = statistic(_weights(len(counts), rng_seed) @ counts)
    return _result(float(statistic(counts.sum(0, keepdims=True))[0]), draws, len(counts))


def difference(one: np.ndarray, other: np.ndarray, statistic: Statistic, rng_seed: int) -> dict[str, Any]:
    """Score of ``one`` less that of ``other`` and its interval; both are resampled together."""
    weights = _weights(len(one), rng_seed)
    draws = statistic(weights @ one) - statistic(weights @ other)
    whole = statistic(one.sum(0, keepdims=True)) - statistic(other.sum(0, keepdims=True))
    return _result(float(whole[0]), draws, len(one))


def _weights(units: int, rng_seed: int) -> np.ndarray:
    return np.random.default_rng(rng_seed).multinomial(units, np.full(units, 1 / units), size=DRAWS).astype(float)


def _result(value: float, draws: np.ndarray, units: int) -> dict[str, Any]:
    low, high = np.percentile(draws, [2.5, 97.5])
    return {"value": round(value, 4), "low": round(float(low), 4), "high": round(float(high), 4), "units": units}


def _ratio(over: np.ndarray, under: np.ndarray) -> np.ndarray:
    return np.divide(over, under, out=np.zeros_like(over, dtype=float), where=under > 0)
