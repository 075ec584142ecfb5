"""Student's t distribution for whole degrees of freedom, by its closed forms."""

import math

__all__ = ["t_quantile", "t_tail"]


def t_tail(t: float, freedom: int) -> float:
    """The chance of a value above `t`, for `t` from 0 on.

    Source: Abramowitz and Stegun, 26.7.3 (odd) and 26.7.4 (even degrees of freedom).
    """
    if math.isinf(t):
        return 0.0
    angle = math.atan(t / math.sqrt(freedom))
    cosine, sine = math.cos(angle), math.sin(angle)
    if freedom % 2:
        term, total = cosine, cosine if freedom > 1 else 0.0
        for i in range(2, freedom - 1, 2):
            term *= cosine**2 * i / (i + 1)
            total += term
        within = 2 / math.pi * (angle + sine * total)
    else:
        term = total = 1.0
        for i in range(1, freedom - 2, 2):
            term *= cosine**2 * i / (i + 1)
            total += term
        within = sine * total
    return max(0.0, (1 - within) / 2)


def t_quantile(tail: float, freedom: int) -> float:
    """The value above which a share `tail` (below one half) of the distribution lies."""
    low, high = 0.0, 1.0
    while t_tail(high, freedom) > tail:
        high *= 2
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if t_tail(middle, freedom) > tail else (low, middle)
    return (low + high) / 2
