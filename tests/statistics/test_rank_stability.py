"""Ranks over the draws, against ranks counted one by one."""

import numpy as np
import pytest

from harness.metric.base import Key, divide
from harness.statistics.rank_stability import rank_stability
from harness.statistics.unit_counts import UnitCounts, resample_systems

pytestmark = pytest.mark.core
KEY = Key("accuracy", "micro")


def compute(sums):
    return {KEY: divide(sums["right"], sums["all"])}


def resampled(rights, resamples=200):
    units = [f"d{number}" for number in range(len(next(iter(rights.values()))))]
    tables = {name: np.array([[right, 1.0] for right in own]) for name, own in rights.items()}
    systems = {name: UnitCounts(units, ["right", "all"], table) for name, table in tables.items()}
    return resample_systems(systems, compute, [KEY], resamples=resamples, rng_seed=0)


def counted(draws, system):
    """Ranks of one system: 1 + how many are above it + half of how many others equal it."""
    own = draws[system]
    return [1 + (draws[:, n] > own[n]).sum() + ((draws[:, n] == own[n]).sum() - 1) / 2 for n in range(draws.shape[1])]


@pytest.mark.parametrize("up", [True, False])
def test_ranks_are_counted(up):
    draw = np.random.default_rng(1)
    found = resampled({name: draw.random(30) < share for name, share in (("a", 0.8), ("b", 0.7), ("c", 0.5))})
    draws = found.draws[KEY] if up else -found.draws[KEY]
    for number, one in enumerate(rank_stability(found, KEY, higher_is_better=up)):
        ranks = np.array(counted(draws, number))
        assert one.expected == pytest.approx(ranks.mean())
        assert (ranks < one.low).mean() <= 0.025 >= (ranks > one.high).mean()
        shares = [
            (draws[number, n] == draws[:, n].max()) / (draws[:, n] == draws[:, n].max()).sum()
            for n in range(draws.shape[1])
        ]
        assert one.best == pytest.approx(np.mean(shares))


def test_equal_systems_share_their_rank_and_the_first_place():
    right = np.arange(20) % 2
    one, other, poor = rank_stability(resampled({"a": right, "b": right, "c": right * 0.0}), KEY)
    assert (one.rank, one.expected, one.best) == (other.rank, other.expected, other.best)
    assert one.rank == 1.5
    assert one.best + other.best + poor.best == pytest.approx(1)


def test_one_unit_has_no_stability():
    assert rank_stability(resampled({"a": [1.0], "b": [0.0]}), KEY) == []
