"""Counts of several systems on the same units, and what the same draws make of them.

Bootstrap draws and swaps are made once, for all systems, and multiplied with all their counts; what is left per system
or pair of systems is the metric's own arithmetic.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import DataError
from harness.metric.base import Array, Key, Sums
from harness.statistics.resample import drawn_times, exact_in_float32, grouped

Compute = Callable[[Sums], Mapping[Key, Array]]

# Arrays are made in blocks of at most so many cells: memory hangs neither on the number of units nor of systems, and
# blocks of this size are taken from memory that is at hand rather than asked of the system anew.
_BLOCK_CELLS = 2_000_000
# A product of fewer rows waits for memory more than it computes.
_LEAST_ROWS = 256
# Swaps are drawn from a stream of their own, so that they are independent of the bootstrap's draws.
_SWAP_STREAM = 1


@dataclass(frozen=True)
class UnitCounts:
    """Counts of one system on every unit.

    Args:
        units: Ids of what is resampled and swapped as a whole: documents (clusters), each once, in any order.
        names: Names of the counts.
        matrix: Shape (units, names), a NumPy array or a SciPy sparse array.
    """

    units: Sequence[str]
    names: Sequence[str]
    matrix: Any

    def __post_init__(self) -> None:
        """Checks the shape.

        Raises:
            ValueError: The matrix does not fit, holds NaN or infinity, or an id or name stands twice.
        """
        if self.matrix.shape != (len(self.units), len(self.names)):
            raise ValueError(
                f"UnitCounts: matrix must have shape {(len(self.units), len(self.names))}, got {self.matrix.shape}"
            )
        for what, given in (("unit", self.units), ("name", self.names)):
            if len(set(given)) < len(given):
                twice = next(one for one in sorted(set(given)) if list(given).count(one) > 1)
                raise ValueError(f"UnitCounts: {what} {twice!r} stands twice")
        if not np.isfinite(_stored(self.matrix)).all():
            raise ValueError("UnitCounts: counts must be finite numbers")


def _stored(matrix: Any) -> Array:
    """The cells of a matrix, those of a sparse one that are not 0."""
    cells: Array = matrix if isinstance(matrix, np.ndarray) else matrix.data
    return cells


@dataclass(frozen=True)
class Aligned:
    """Counts of several systems on the same units, with the same names.

    Args:
        systems: Names of the systems, in the order given.
        names: Sorted; a count that a system lacks is 0.
        n: Number of units.
        differing: Shape (systems, systems): on how many units the counts of two systems differ.
        flat: Shape (systems x names, units), units sorted by id; in single precision where that is exact, sparse where
            the counts were. Very many units are put together in random groups, the same for every system
            (`resample.grouped`).
    """

    systems: tuple[str, ...]
    names: tuple[str, ...]
    n: int
    differing: NDArray[np.int64]
    flat: Any

    @property
    def units(self) -> int:
        """Number of units, or groups of units, that are resampled."""
        return int(self.flat.shape[1])

    @property
    def totals(self) -> Array:
        """Sums over the units, shape (systems, names)."""
        sums = np.asarray(self.flat.sum(axis=1, dtype=np.float64))
        return sums.reshape(len(self.systems), len(self.names))

    def left_out(self, system: int) -> Iterator[tuple[slice, Array]]:
        """Sums of one system without each unit in turn: which units, and shape (names, units of the slice)."""
        size = len(self.names)
        own = self.flat[system * size : (system + 1) * size]
        total = self.totals[system][:, None]
        step = max(1, _BLOCK_CELLS // max(1, size))
        for first in range(0, self.units, step):
            part = own[:, first : first + step]
            yield (
                slice(first, first + part.shape[1]),
                total - (part if isinstance(part, np.ndarray) else part.toarray()),
            )

    def weighted(self, blocks: Iterable[NDArray[Any]]) -> Iterator[NDArray[np.floating]]:
        """Sums over weighted units, block by block: shape (systems, names, rows).

        Args:
            blocks: Shape (rows, units): how often each unit is drawn, or whether it is swapped.
        """
        step = max(1, _BLOCK_CELLS // max(1, *self.flat.shape))
        for block in _gathered(blocks):
            for first in range(0, len(block), step):
                rows = block[first : first + step].astype(self.flat.dtype, copy=False)
                yield _product(self.flat, rows.T).reshape(len(self.systems), len(self.names), len(rows))


def _product(flat: Any, columns: NDArray[np.floating]) -> NDArray[np.floating]:
    """The matrix product, by one thread: on a machine that does other things as well several wait for each other."""
    with _blas().limit(limits=1, user_api="blas"):
        product: NDArray[np.floating] = flat @ columns
    return product


@cache
def _blas() -> Any:
    from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]  # it comes with scikit-learn

    return ThreadpoolController()


def _gathered(blocks: Iterable[NDArray[Any]]) -> Iterator[NDArray[Any]]:
    """The same rows in blocks that are not too small."""
    waiting: list[NDArray[Any]] = []
    for block in blocks:
        waiting.append(block)
        if sum(map(len, waiting)) >= _LEAST_ROWS:
            yield waiting[0] if len(waiting) == 1 else np.concatenate(waiting)
            waiting = []
    if waiting:
        yield np.concatenate(waiting)


def align(systems: Mapping[str, UnitCounts], rng_seed: int = 0) -> Aligned:
    """Brings units and names into one order.

    Args:
        systems: By name.
        rng_seed: Seed of the grouping, where there are very many units.

    Raises:
        DataError: Two systems were not scored on the same units, or there are none.
    """
    if not systems:
        raise DataError(["nothing to compare: no system was given"])
    first, *others = systems
    units = tuple(sorted(systems[first].units))
    faults = []
    for name in others:
        missing, foreign = set(units) - set(systems[name].units), set(systems[name].units) - set(units)
        if missing or foreign:
            parts = [
                f"{len(ids)} only in {where!r} ({', '.join(map(repr, sorted(ids)[:3]))}{', ...' * (len(ids) > 3)})"
                for where, ids in ((first, missing), (name, foreign))
                if ids
            ]
            faults.append(
                f"{first!r} and {name!r} were not scored on the same units: {', '.join(parts)}; "
                "a paired comparison needs runs over the same documents"
            )
    if not units:
        faults.append(f"{first!r} has no unit, so there is nothing to compare")
    if faults:
        raise DataError(faults)
    names = tuple(sorted({name for counts in systems.values() for name in counts.names}))
    ordered = [_ordered(counts, units, names) for counts in systems.values()]
    differing = np.zeros((len(systems), len(systems)), dtype=np.int64)
    for i, j in combinations(range(len(systems)), 2):
        # A sparse array of what differs has its sums as well.
        unlike = np.asarray((ordered[i] != ordered[j]).sum(axis=1)) > 0
        differing[i, j] = differing[j, i] = unlike.sum()
    return Aligned(
        tuple(systems), names, len(units), differing, _flattened([grouped(one, rng_seed) for one in ordered])
    )


def _ordered(counts: UnitCounts, units: tuple[str, ...], names: tuple[str, ...]) -> Any:
    if tuple(counts.units) == units and tuple(counts.names) == names:
        return counts.matrix  # no second copy of what may be large
    place = {name: number for number, name in enumerate(names)}
    columns = np.array([place[name] for name in counts.names], dtype=np.int64)
    order = np.array(sorted(range(len(units)), key=counts.units.__getitem__), dtype=np.int64)
    if isinstance(counts.matrix, np.ndarray):
        matrix = np.zeros((len(units), len(names)))
        matrix[:, columns] = counts.matrix[order]
        return matrix
    import scipy.sparse as sp

    cells = counts.matrix.tocsr()[order].tocoo()
    return sp.csr_array((cells.data, (cells.row, columns[cells.col])), shape=(len(units), len(names)))


def _flattened(matrices: Sequence[Any]) -> Any:
    """Matrices of shape (units, names) under each other, turned round."""
    if not all(isinstance(matrix, np.ndarray) for matrix in matrices):
        import scipy.sparse as sp

        return sp.vstack([sp.csr_array(matrix).T for matrix in matrices], format="csr", dtype=np.float64)
    units, names = matrices[0].shape
    kind = np.float32 if all(map(exact_in_float32, matrices)) else np.float64
    flat = np.empty((len(matrices) * names, units), dtype=kind)
    for number, matrix in enumerate(matrices):
        flat[number * names : (number + 1) * names] = matrix.T
    return flat


# ---- draws ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Resampled:
    """Scores of several systems, and what the same bootstrap draws make of them.

    Args:
        counts: What they were computed from.
        values: By key, shape (systems,); NaN where undefined.
        draws: By key, shape (systems, resamples): column r of every system comes from the same draw.
        left_out: By key, shape (systems, units): the score without one unit, or one group of units (jackknife).
        rng_seed: Seed of the draws.
    """

    counts: Aligned
    values: Mapping[Key, Array]
    draws: Mapping[Key, Array]
    left_out: Mapping[Key, Array]
    rng_seed: int

    @property
    def resamples(self) -> int:
        """Number of bootstrap draws."""
        return int(next(iter(self.draws.values())).shape[1])


def resample_systems(
    systems: Mapping[str, UnitCounts], compute: Compute, keys: Sequence[Key], *, resamples: int, rng_seed: int
) -> Resampled:
    """Scores every system on the same bootstrap draws.

    Args:
        systems: By name.
        compute: The metric's `compute`: elementwise from summed counts to scores.
        keys: Which of its scores are wanted.
        resamples: Number of draws.
        rng_seed: Seed of the draws.

    Raises:
        DataError: The systems were not scored on the same units.
        ValueError: No key was given, or `compute` has none of that name.
    """
    if not keys or resamples < 1:
        raise ValueError(f"needs a key and a resample at least, got {list(keys)!r} and {resamples}")
    counts = align(systems, rng_seed)
    shape = (len(keys), len(counts.systems))
    draws, left_out = np.empty((*shape, resamples)), np.empty((*shape, counts.units))
    for number in range(len(counts.systems)):
        for units, own in counts.left_out(number):
            left_out[:, number, units] = score_sums(compute, keys, counts.names, own)
    first = 0
    for sums in counts.weighted(drawn_times(counts.units, resamples, rng_seed)):
        last = first + sums.shape[2]
        for number, own in enumerate(sums):
            draws[:, number, first:last] = score_sums(compute, keys, counts.names, own)
        first = last
    values = score_sums(compute, keys, counts.names, counts.totals.T)
    return Resampled(
        counts,
        dict(zip(keys, values, strict=True)),
        dict(zip(keys, draws, strict=True)),
        dict(zip(keys, left_out, strict=True)),
        rng_seed,
    )


def score_sums(compute: Compute, keys: Sequence[Key], names: Sequence[str], sums: NDArray[np.floating]) -> Array:
    """Scores by key, shape (keys, ...), of sums of shape (names, ...)."""
    found = compute(dict(zip(names, np.asarray(sums, dtype=np.float64), strict=True)))
    unknown = [key for key in keys if key not in found]
    if unknown:
        raise ValueError(f"the metric has no score {unknown[0]}; it has {sorted(found)[:10]}")
    return np.stack([np.broadcast_to(np.asarray(found[key], dtype=np.float64), sums.shape[1:]) for key in keys])


def swaps(units: int, resamples: int, rng_seed: int) -> Iterator[NDArray[np.uint8]]:
    """Which units trade places in each random swap: blocks of 0 and 1, shape (swaps of the block, units).

    Swapping whole units keeps together what hangs together: all examples of a document, all targets of a text. With
    one example per unit this is McNemar's test for accuracy; with several it is its clustered form.
    """
    generator = np.random.default_rng([rng_seed, units, _SWAP_STREAM])
    width = -(-units // 32) * 4
    block = max(1, _BLOCK_CELLS // units)
    for first in range(0, resamples, block):
        rows = min(block, resamples - first)
        drawn = np.frombuffer(generator.bytes(rows * width), dtype=np.uint8).reshape(rows, width)
        yield np.unpackbits(drawn, axis=1, count=units)
