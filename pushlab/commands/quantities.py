"""Quantities with units as people type them: ``5s``, ``1/min``, ``300B``, ``1e6``.

The command line reads them before it does anything else, so this loads nothing large.
"""

import math
import re

from pushlab.errors import UsageError

__all__ = [
    "parse_bytes",
    "parse_number",
    "parse_rate_per_s",
    "parse_seconds",
    "parse_watt_hours",
    "parse_whole",
]

#: Commas stand for thousands alone: who writes 1,5 means no fifteen.
_DIGITS = r"(?:\d{1,3}(?:,\d{3})+|\d[\d_]*)(?:\.\d*)?|\.\d+"
_NUMBER = re.compile(rf"\s*([+-]?(?:{_DIGITS})(?:[eE][+-]?\d+)?)\s*(.*?)\s*", re.ASCII)
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3_600.0}
_SECONDS |= {"day": 86_400.0, "m": 60.0, "d": 86_400.0}
_BYTES = {"B": 1.0, "bytes": 1.0, "kB": 1e3, "KB": 1e3, "MB": 1e6, "KiB": 1_024.0, "MiB": 2.0**20}
_BYTES |= {"GB": 1e9, "GiB": 2.0**30}
_NAMES = {"k": 1e3, "M": 1e6, "million": 1e6}


def parse_number(text: str, what: str = "", *, such: str = "1000, 1e6 or 2M") -> float:
    """A count: ``1e6``, ``10,000``, ``2M``.

    Args:
        what: what the error's text begins with, if with anything; so it is for the others.
        such: an example that the error gives.

    Raises:
        UsageError: it is none.
    """
    return _parse(text, what, {"": 1.0, **_NAMES}, f"a number such as {such}")


def parse_whole(text: str, what: str = "", *, such: str = "1000, 1e6 or 2M") -> int:
    """A number without a fraction, in the forms of `parse_number`. Raises UsageError."""
    try:
        return int(text)  # a float would round what is longer than 15 digits, as a seed may be
    except ValueError:
        right = f"a whole number such as {such}"
        value = _parse(text, what, {"": 1.0, **_NAMES}, right)
        if not value.is_integer():
            raise _refusal(text, what, right) from None
        return int(value)


def parse_seconds(text: str, what: str = "") -> float:
    """A span of time in seconds: ``5``, ``5s``, ``500ms``, ``2min``. Raises UsageError."""
    return _parse(text, what, {"": 1.0, **_SECONDS}, "a time such as 5s, 500ms or 2min")


def parse_bytes(text: str, what: str = "") -> float:
    """A size in bytes: ``300``, ``300B``, ``2KiB``. Raises UsageError."""
    return _parse(text, what, {"": 1.0, **_BYTES}, "a size such as 300B or 2KiB")


def parse_rate_per_s(text: str, what: str = "") -> float:
    """A rate per second: ``2``, ``1/min``, ``0.5/s``, ``12/h``. Raises UsageError."""
    spans = {f"/{unit}": 1 / seconds for unit, seconds in _SECONDS.items()}
    return _parse(text, what, {"": 1.0, **spans}, "a rate such as 2/s, 1/min or 12/h")


def parse_watt_hours(text: str, what: str = "") -> float:
    """An energy in watt-hours: ``15``, ``15Wh``, ``54kJ``. Raises UsageError."""
    units = {"": 1.0, "Wh": 1.0, "mWh": 1e-3, "kWh": 1e3, "kJ": 1 / 3.6, "J": 1 / 3_600}
    return _parse(text, what, units, "an energy such as 15Wh or 54kJ")


def _parse(text: str, what: str, units: dict[str, float], right: str) -> float:
    found = _NUMBER.fullmatch(text)
    unit = found[2].replace(" ", "") if found else None
    if found is None or unit not in units:
        raise _refusal(text, what, right)
    value = float(found[1].replace(",", "").replace("_", "")) * units[unit]
    if not math.isfinite(value):
        raise _refusal(text, what, right)
    return value


def _refusal(text: str, what: str, right: str) -> UsageError:
    return UsageError(f"{what}{': ' if what else ''}{text!r} is not {right}")
