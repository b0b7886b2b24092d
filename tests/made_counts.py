"""Counts per unit, made up, with two metrics over them: a mean, and an F1 that no mean gives."""

import numpy as np

from harness.metric.base import Key, divide
from harness.statistics.unit_counts import UnitCounts

MEAN = Key("score", "mean")
F1 = Key("f1", "micro")


def mean(sums):
    return {MEAN: divide(sums["sum"], sums["n"])}


def f1(sums):
    return {F1: divide(2 * sums["tp"], 2 * sums["tp"] + sums["fp"] + sums["fn"])}


def named(number):
    return [f"d{place:05}" for place in range(number)]


def of_values(values):
    values = np.asarray(values, dtype=float)
    return UnitCounts(named(len(values)), ["n", "sum"], np.column_stack([np.ones(len(values)), values]))


def of_spans(rows):
    """Rows of tp, fp and fn."""
    return UnitCounts(named(len(rows)), ["fn", "fp", "tp"], np.asarray(rows, dtype=float)[:, ::-1])


def random_spans(units, rng_seed, skill=0.6):
    generator = np.random.default_rng(rng_seed)
    gold = generator.poisson(3.0, units)
    right = generator.binomial(gold, skill)
    return of_spans(np.column_stack([right, generator.poisson(1.0, units), gold - right]))
