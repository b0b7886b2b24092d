"""The stored counts of a run's metric of some kind, summed over its examples."""

import numpy as np

from harness.run_folder import StoredRun, stored_counts


def summed(run: StoredRun, kind: str) -> dict[str, float]:
    """The sums by the counts' names; empty where the run has no metric of that kind or no counts of it."""
    kinds = {name: values.get("kind") for name, values in (run.config.get("metric") or {}).items()}
    name = next((name for name, found in kinds.items() if found == kind), None)
    counts = stored_counts(run.folder).get(name) if name else None
    if counts is None:
        return {}
    sums = np.bincount(counts.columns, weights=counts.values, minlength=len(counts.names))
    return dict(zip(counts.names, sums.tolist(), strict=True))
