"""Where a falling function crosses zero."""

import math
from collections.abc import Callable

__all__ = ["crossing"]


def crossing(excess: Callable[[float], float], low: float, high: float) -> float:
    """Where a falling function crosses zero between two positive ends, halving their ratio."""
    while low < (middle := math.sqrt(low * high)) < high:
        if excess(middle) > 0:
            low = middle
        else:
            high = middle
    return high
