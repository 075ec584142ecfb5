"""Where a falling function crosses zero."""

import math
from collections.abc import Callable

__all__ = ["crossing"]


def crossing(
    excess: Callable[[float], float], low: float, high: float, nearness: float = 0.0
) -> float:
    """Where a falling function crosses zero between two positive ends, halving their ratio.

    Args:
        nearness: how far it may be below what is returned, as a share; 0: not at all.
    """
    while low < (middle := math.sqrt(low * high)) < high and high > low * (1 + nearness):
        if excess(middle) > 0:
            low = middle
        else:
            high = middle
    return high
