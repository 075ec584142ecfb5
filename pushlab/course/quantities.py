"""Numbers as the course shows them; how students type them is read in `typed`."""

import math

from pushlab.quantities import duration, exact_duration, number

__all__ = ["with_unit"]


def with_unit(value: float, unit: str) -> str:
    """A number and its unit: ``503 ms``, ``12 requests``, ``37 %``."""
    if unit == "s":
        return exact_duration(value) if value == float(f"{value:.2g}") else duration(value)
    if unit == "%":
        return f"{value:.0f} %" if value >= 1 else f"{value:.2g} %"
    shown = f"{value:,.0f}" if math.isclose(value, round(value), rel_tol=1e-9) else number(value)
    if shown == "1" and len(unit) > 1:
        unit = unit.removesuffix("s")
    return f"{shown} {unit}".strip()
