"""Numbers as students write them and as the course shows them."""

import math
from numbers import Real

from pushlab.quantities import duration, exact_duration, number

__all__ = ["number_from", "with_unit"]


def number_from(value: object) -> float | None:
    """The number that was meant, in text such as ``1,000`` or ``0.5 s`` too; None if none was."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, Real):
        return float(value)
    if isinstance(value, str):
        words = value.replace(",", "").replace("_", "").split()
        try:
            return float(words[0]) if words else None
        except ValueError:
            return None
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None


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
