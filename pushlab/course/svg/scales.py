"""Scales: from a value to a place on the sheet, and where an axis has its lines.

A logarithmic scale has no place for nought. Where nought occurs, this one has: beside the axis,
behind a break.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Linear", "Log", "Scale", "decades", "fitted", "rounded_up"]

_STEPS = (1.0, 2.0, 5.0, 10.0)
_TENTHS = 1e-9


@dataclass(frozen=True, slots=True)
class Linear:
    """Equal steps: `low` stands at `start`, `high` at `end` (pixels)."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """The place of a value."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self, most: int = 7) -> list[float]:
        """Round values within the scale, at most so many."""
        span = self.high - self.low
        step = rounded_up(span / max(most - 1, 1))
        first = math.ceil(self.low / step - _TENTHS)
        last = math.floor(self.high / step + _TENTHS)
        return [float(f"{at * step:.12g}") for at in range(first, last + 1)]


@dataclass(frozen=True, slots=True)
class Log:
    """Equal factors: `low` stands at `start`, `high` at `end`; nought, and less, at `zero`."""

    low: float
    high: float
    start: float
    end: float
    zero: float = math.nan

    def __call__(self, value: float) -> float:
        """The place of a value."""
        if value <= 0:
            return self.start if math.isnan(self.zero) else self.zero
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self, most: int = 7) -> list[float]:
        """Powers of ten within the scale, or 1, 2 and 5 times these where there are few."""
        powers = decades(self.low, self.high)
        if len(powers) >= 3:
            every = -(-len(powers) // most)
            return powers[::every]
        first = math.floor(math.log10(self.low)) - 1
        last = math.ceil(math.log10(self.high)) + 1
        steps = [
            float(f"{step * 10.0**power:.12g}")
            for power in range(first, last)
            for step in _STEPS[:3]
        ]
        return [step for step in steps if self.low * 0.999 <= step <= self.high * 1.001]


Scale = Linear | Log


def fitted(ends: Sequence[tuple[float, float]], start: float, end: float, low: float) -> float:
    """The largest factor of pixels for each unit with which every label still ends before `end`.

    Args:
        ends: for each label, the value at which it begins (in the scale's units, above `low`) and
            the pixels that it needs behind it.
    """
    return min(
        ((end - start - needed) / (value - low) for value, needed in ends if value > low),
        default=end - start,
    )


def decades(low: float, high: float) -> list[float]:
    """The powers of ten from `low` to `high`."""
    first, last = math.ceil(math.log10(low) - 1e-6), math.floor(math.log10(high) + 1e-6)
    return [float(f"1e{power}") for power in range(first, last + 1)]


def rounded_up(value: float) -> float:
    """The next 1, 2 or 5 times a power of ten."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in _STEPS if step * power >= value * 0.9999)
