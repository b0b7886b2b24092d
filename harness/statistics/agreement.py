"""How far annotators agree: Krippendorff's alpha, and F1 between sets. Nothing is read or printed here."""

from collections import Counter
from collections.abc import Collection, Hashable, Sequence

import numpy as np

from harness.metric.base import Array, Sums, divide, total


def nominal_counts(units: Sequence[Sequence[Hashable]]) -> dict[str, float]:
    """What `alpha_nominal` is computed from: of several documents these are added first.

    `label=...` and `n`: labels of units that have two or more; `observed`: their disagreement; `units`: how many such
    units; `agreed`: those with one label.

    Args:
        units: The labels of each unit, one per annotator who gave one; units with fewer than two are left out.
    """
    labels: Counter[str] = Counter()
    found = {"n": 0.0, "observed": 0.0, "units": 0.0, "agreed": 0.0}
    for unit in units:
        if len(unit) < 2:
            continue
        counted = Counter(unit)
        labels.update({f"label={label}": count for label, count in counted.items()})
        found["n"] += len(unit)
        found["observed"] += (len(unit) ** 2 - sum(count**2 for count in counted.values())) / (len(unit) - 1)
        found["units"] += 1
        found["agreed"] += len(counted) == 1
    return found | labels


def alpha_nominal(sums: Sums) -> Array:
    """Krippendorff's alpha for labels, of sums of `nominal_counts`, elementwise.

    One minus the observed disagreement over the one to be expected if labels were dealt out at random. A unit (sentence
    and target, token, ...) counts with all the labels that it was given, whoever gave them and however many there are.

        alpha = 1 - D_o / D_e
        D_o = 1/n sum over units of (ordered pairs of unlike labels) / (m_u - 1)
        D_e = (ordered pairs of unlike labels among all n) / (n (n - 1))

    Range: at most 1, which is full agreement; 0 is chance, below it annotators avoid agreeing. NaN where no unit has
    two labels, or where all labels are the same.
    Source: Krippendorff 2011, https://repository.upenn.edu/handle/20.500.14332/2089.
    Checked against: krippendorff 0.9.0.

    Example:
        >>> units = [("favor", "favor"), ("none", "none"), ("none", "favor"), ("none", "none")]
        >>> round(float(alpha_nominal(nominal_counts(units))), 4)
        0.5333
    """
    n = total(sums, "n")
    squares = sum((total(sums, name) ** 2 for name in sums if name.startswith("label=")), np.zeros_like(n))
    return 1 - divide((n - 1) * total(sums, "observed"), n * n - squares)


def alpha_interval(units: Sequence[Sequence[float]]) -> float | None:
    """Krippendorff's alpha for ratings, whose disagreement is the square of their difference; else as `alpha_nominal`.

    Range: as there; None where that is NaN.
    Source: as there.
    Checked against: krippendorff 0.9.0.

    Args:
        units: The ratings of each unit, one per annotator who gave one; units with fewer than two are left out.

    Example:
        >>> round(alpha_interval([(1, 2), (4, 4), (5, 5)]), 3)
        0.938
    """
    counted = [np.asarray(unit, dtype=np.float64) for unit in units if len(unit) > 1]
    if not counted:
        return None
    every = np.concatenate(counted)
    if np.ptp(every) == 0:
        return None
    # The squared differences of all ordered pairs of m values add up to 2 m times their squared distances to the mean.
    observed = sum(2 * len(unit) * ((unit - unit.mean()) ** 2).sum() / (len(unit) - 1) for unit in counted)
    expected = 2 * len(every) * ((every - every.mean()) ** 2).sum()
    return float(1 - (len(every) - 1) * observed / expected)


def f1_between(one: Collection[Hashable], other: Collection[Hashable]) -> float | None:
    """F1 of two sets, which is the same whichever is called the gold; None where both are empty.

    Example:
        >>> f1_between({1, 2, 3}, {2, 3, 4, 5})
        0.5714285714285714
    """
    first, second = set(one), set(other)
    return 2 * len(first & second) / (len(first) + len(second)) if first or second else None
