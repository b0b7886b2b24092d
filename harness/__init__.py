"""Batch evaluation of summarization, named-entity recognition and stance models on your own documents.

The command line is `python -m harness` (or `harness`); from Python, `harness.score` gives the same rows.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.api import score

__version__ = "0.1.0"
__all__ = ["__version__", "score"]


def __getattr__(name: str) -> Any:
    # Imported on first use: `python -m harness --help` must not wait for numpy and pyarrow.
    if name == "score":
        from harness.api import score

        return score
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
