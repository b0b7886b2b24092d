"""The softmax over a few numbers, without torch."""

import math
from collections.abc import Sequence


def softmax(logits: Sequence[float]) -> list[float]:
    """Logits, or log-probabilities of some of all possible answers, as probabilities among these.

    Example:
        >>> softmax([-1.0, -1.0])
        [0.5, 0.5]
    """
    highest = max(logits)
    powers = [math.exp(value - highest) for value in logits]
    total = math.fsum(powers)
    return [power / total for power in powers]
