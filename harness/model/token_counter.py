"""Tokens that a model read and wrote, for `run.json`, and what they come to at a price per million."""

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any


class TokenCounter:
    """A kind that counts tokens in `usage`; their prices are its fields `input_price` and `output_price`, if any."""

    def check_prices(self) -> None:
        """Refuses prices that cannot be meant."""
        for name in ("input_price", "output_price"):
            value = getattr(self, name, None)
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{name} must be 0 or more, got {value}")

    @cached_property
    def usage(self) -> dict[str, int]:
        """Tokens since this model was made."""
        return {"input_tokens": 0, "output_tokens": 0}

    def estimate(self, inputs: Sequence[Any]) -> float | None:
        """What asking these would cost: None without a price, NaN with one: tokens are known once they are read."""
        priced = any(getattr(self, name, None) is not None for name in ("input_price", "output_price"))
        return math.nan if priced and inputs else None

    def spent(self) -> dict[str, Any]:
        """What was used since this model was made, and its price where one is known."""
        prices = (getattr(self, "input_price", None), getattr(self, "output_price", None))
        return {"cost": price_of(self.usage, *prices), "usage": {**self.usage}, "answered_by": []}


def price_of(usage: Mapping[str, float], input_price: float | None, output_price: float | None) -> float | None:
    """What tokens cost; None where neither price is known.

    Args:
        usage: `input_tokens` and `output_tokens`.
        input_price: Of a million input tokens.
        output_price: Of a million output tokens.

    Example:
        >>> price_of({"input_tokens": 2_000_000, "output_tokens": 500_000}, 0.5, 2.0)
        2.0
    """
    if input_price is None and output_price is None:
        return None
    return (usage["input_tokens"] * (input_price or 0) + usage["output_tokens"] * (output_price or 0)) / 1e6
