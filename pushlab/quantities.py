"""Quantities as people type them and as pushlab shows them: ``5s``, ``1/min``; ``503 ms``.

What was measured is shown with three significant digits (`number`, `duration`, `size`); what was
set is shown as it was set (`exact`, `exact_duration`). Terminal, report, charts and course show
alike because all of them call this. It loads nothing large.
"""

import math
import re
from collections.abc import Callable, Sequence

from pushlab.errors import UsageError

__all__ = [
    "amount",
    "brief",
    "counted",
    "duration",
    "exact",
    "exact_duration",
    "interval",
    "large",
    "listed",
    "memory",
    "message_rate",
    "number",
    "parse_bytes",
    "parse_number",
    "parse_rate_per_s",
    "parse_seconds",
    "parse_share",
    "parse_watt_hours",
    "parse_whole",
    "ratio",
    "share",
    "signed",
    "size",
    "span",
    "times",
    "usd",
    "usd_range",
    "whole",
    "with_unit",
]

_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3_600.0}
_SECONDS |= {"day": 86_400.0, "m": 60.0, "d": 86_400.0}
_BYTES = {"B": 1.0, "bytes": 1.0, "kB": 1e3, "KB": 1e3, "MB": 1e6, "KiB": 1_024.0, "MiB": 2.0**20}
_BYTES |= {"GB": 1e9, "GiB": 2.0**30, "TB": 1e12, "PB": 1e15}
_NAMES = {"k": 1e3, "M": 1e6, "million": 1e6}
_TENTH_OF_A_MICRO = 1e-7

# ---- shown --------------------------------------------------------------------------------------


def number(value: float, digits: int = 3) -> str:
    """What was measured, with so many significant digits: ``0.52``, ``10.4``, ``1,037``.

    Below 1 there is one less, so that digits stand below each other in a column.
    """
    size = abs(float(f"{value:.{digits - 1}e}"))
    if size == 0:
        return "0"
    if size < _TENTH_OF_A_MICRO or not math.isfinite(size):
        return f"{value:.{digits - 1}g}"
    power = math.floor(math.log10(size) + 1e-12)
    return f"{value:,.{max(0, digits - 1 - power - (power < 0))}f}"


def brief(value: float, digits: int = 3) -> str:
    """At most so many significant digits, no zero at the end: ``0.5``, ``10.4``, ``1,037``."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.{digits}g}"


def exact(value: float) -> str:
    """What was set or counted, with all its digits: ``2``, ``0.25``, ``1,000,000``."""
    return f"{value:,.12g}" if abs(value) < 1e12 else f"{value:,.0f}"


def large(value: float, digits: int = 6) -> str:
    """A number with the word that belongs to it: ``518.4 million``; exact below a million."""
    for word, size in (("billion", 1e9), ("million", 1e6)):
        if value >= size:
            return f"{float(f'{value:.{digits}g}') / size:,.10g} {word}"
    return f"{value:,.{digits}g}" if value < 1e3 else f"{value:,.0f}"


def whole(value: float) -> str:
    """To the next whole number: ``1,037``; ``0`` for less than a half of one."""
    return f"{value:,.0f}" if abs(value) >= 0.5 else "0"


def duration(value_s: float) -> str:
    """A measured duration in the unit that suits it: ``650 µs``, ``503 ms``, ``2.50 s``."""
    size = abs(value_s)
    if size == math.inf:
        return "no end"
    if size >= 0.9995 or size == 0:
        return f"{number(value_s)} s"
    return f"{number(value_s * 1e3)} ms" if size >= 0.9995e-3 else f"{number(value_s * 1e6)} µs"


def exact_duration(value_s: float) -> str:
    """A duration that was set, as an axis has it: ``500 ms``, ``2.5 s``."""
    if 0 < value_s < 0.9995e-3:
        return f"{value_s * 1e6:g} µs"
    return f"{value_s * 1e3:g} ms" if 0 < value_s < 0.9995 else f"{exact(value_s)} s"


def interval(value_s: float) -> str:
    """A long span of time: ``48 s``, ``20.4 min``, ``3.1 h``."""
    for unit in ("d", "h", "min", "s"):
        length = _SECONDS[unit]
        if value_s >= (2 * length if unit == "min" and value_s % 60 else length):
            return f"{brief(value_s / length)} {unit}"
    return f"{brief(value_s * 1e3)} ms"


def size(value: float) -> str:
    """Bytes on a wire; thousands, as a network counts: ``512 B``, ``1.20 kB``, ``3.40 GB``."""
    for unit in ("PB", "TB", "GB", "MB", "kB"):
        if abs(value) >= 0.9995 * _BYTES[unit]:
            return f"{number(value / _BYTES[unit])} {unit}"
    return f"{exact(value) if value == int(value) else number(value)} B"


def memory(value: float) -> str:
    """Bytes of memory, in powers of 1024: ``42.1 MiB``."""
    for unit in ("GiB", "MiB", "KiB"):
        if abs(value) >= _BYTES[unit]:
            return f"{number(value / _BYTES[unit])} {unit}"
    return f"{exact(value)} B"


def share(value: float) -> str:
    """A part of a whole: ``37.5 %``."""
    return f"{number(value * 100)} %"


def amount(value_usd: float) -> str:
    """US dollars without their sign: ``0.43``, ``17.20``, ``1,037``; cents up to a hundred."""
    if 0 < abs(value_usd) < 0.005:
        return number(value_usd)
    return f"{value_usd:,.2f}" if abs(value_usd) < 99.995 else f"{value_usd:,.0f}"


def usd(value_usd: float) -> str:
    """An amount: ``USD 0.43``, ``USD 1,037``."""
    return f"USD {amount(value_usd)}"


def usd_range(low_usd: float, high_usd: float) -> str:
    """What an amount lies between, in three digits: ``USD 1,900 to 4,210``."""
    low, high = (amount(float(f"{value:.3g}")) for value in (low_usd, high_usd))
    return f"USD {low} to {high}" if low != high else f"USD {low}"


def ratio(value: float) -> str:
    """A multiple: ``3.70 ×``, ``310 ×``, ``1/326``; ``none`` for zero."""
    if value == 0:
        return "none"
    return f"1/{1 / value:,.0f}" if value < 0.1 else f"{number(value)} ×"


def times(value: float) -> str:
    """A multiple in words: ``1.8 times``, ``310 times``."""
    if value >= 100:
        return f"{round(value, 2 - len(str(int(value)))):,.0f} times"
    return f"{value:.0f} times" if value >= 10 else f"{value:.1f} times"


def message_rate(per_s: float) -> str:
    """A rate in words: ``2 messages a second``, ``1 message a minute``."""
    spans = (("a second", 1), ("a minute", 60), ("an hour", 3_600), ("a day", 86_400))
    counts = [(round(per_s * length_s, 9), unit) for unit, length_s in spans]
    count, unit = next((pair for pair in counts if pair[0] >= 0.999), counts[-1])
    return f"{brief(count)} message{'' if abs(count - 1) < 1e-9 else 's'} {unit}"


def counted(count: float, noun: str) -> str:
    """A count and what is counted: ``1 trial``, ``1,000 clients``; `noun` is in the singular."""
    return f"{exact(count)} {noun}{'' if count == 1 else 's'}"


def listed(names: Sequence[str], joint: str = "and") -> str:
    """Names in a sentence: ``A``, ``A and B``, ``A, B and C``."""
    *first, last = names or [""]
    return f"{', '.join(first)} {joint} {last}" if first else last


def signed(value: float, show: Callable[[float], str]) -> str:
    """A difference, with its sign: ``+1.20 ms``."""
    text = show(value)
    return f"+{text}" if value > 0 and text != "0" else text


def span(low_high: Sequence[float] | None, show: Callable[[float], str]) -> str:
    """An interval, its unit once: ``1.2 to 3.4 ms``; empty without one, or if its ends are one."""
    if not low_high:
        return ""
    low, high = show(low_high[0]), show(low_high[1])
    if low == high:
        return ""
    bare, _, unit = low.partition(" ")
    return f"{bare if unit and high.endswith(f' {unit}') else low} to {high}"


_SHOWN = {"s": duration, "bytes": size, "memory": memory, "share": share, "usd": usd}
_SHOWN[""] = number


def with_unit(value: float, unit: str) -> str:
    """A measured figure with its unit: ``s``, ``bytes``, ``share``, ``usd``, any noun, or none."""
    return _SHOWN[unit](value) if unit in _SHOWN else f"{number(value)} {unit}"


# ---- typed --------------------------------------------------------------------------------------

#: Commas stand for thousands alone: who writes 1,5 means no fifteen.
_DIGITS = r"(?:\d{1,3}(?:,\d{3})+|\d[\d_]*)(?:\.\d*)?|\.\d+"
_NUMBER = re.compile(rf"([+-]?(?:{_DIGITS})(?:[eE][+-]?\d+)?)(.*)", re.ASCII)


def parse_number(text: str, *, such: str = "1000, 1e6 or 2M") -> float:
    """A count: ``1e6``, ``10,000``, ``2M``.

    Args:
        such: an example that the error gives.

    Raises:
        UsageError: it is none.
    """
    return _parse(text, {"": 1.0, **_NAMES}, f"a number such as {such}")


def parse_whole(text: str, *, such: str = "1000, 1e6 or 2M") -> int:
    """A number without a fraction, in the forms of `parse_number`. Raises UsageError."""
    try:
        return int(text)  # a float would round what is longer than 15 digits, as a seed may be
    except ValueError:
        right = f"a whole number such as {such}"
        value = _parse(text, {"": 1.0, **_NAMES}, right)
        if not value.is_integer():
            raise _refusal(text, right) from None
        return int(value)


def parse_seconds(text: str) -> float:
    """A span of time in seconds: ``5``, ``5s``, ``500ms``, ``2min``. Raises UsageError."""
    return _parse(text, {"": 1.0, **_SECONDS}, "a time such as 5s, 500ms or 2min")


def parse_bytes(text: str) -> float:
    """A size in bytes: ``300``, ``300B``, ``2KiB``. Raises UsageError."""
    return _parse(text, {"": 1.0, **_BYTES}, "a size such as 300B or 2KiB")


def parse_rate_per_s(text: str) -> float:
    """A rate per second: ``2``, ``6/min``, ``3/h``, ``1/10s``. Raises UsageError."""
    right = "a rate such as 2/s, 6/min, 3/h or 1/10s"
    count, slash, length = text.partition("/")
    if not slash:
        return _parse(text, {"": 1.0}, right)
    try:
        length_s = _parse(
            length if re.match(r"\s*[\d.]", length) else f"1{length}", _SECONDS, right
        )
        rate = _parse(count, {"": 1.0}, right) / length_s
    except (UsageError, ZeroDivisionError, OverflowError):
        raise _refusal(text, right) from None
    if not math.isfinite(rate):
        raise _refusal(text, right)
    return rate


def parse_watt_hours(text: str) -> float:
    """An energy in watt-hours: ``15``, ``15Wh``, ``54kJ``. Raises UsageError."""
    units = {"": 1.0, "Wh": 1.0, "mWh": 1e-3, "kWh": 1e3, "kJ": 1 / 3.6, "J": 1 / 3_600}
    return _parse(text, units, "an energy such as 15Wh or 54kJ")


def parse_share(text: str) -> float:
    """A part of a whole, as percent: ``20%``, ``0.5 %``. Raises UsageError."""
    return _parse(text, {"%": 0.01}, "a percentage such as 20%")


def _parse(text: str, units: dict[str, float], right: str) -> float:
    found = _NUMBER.fullmatch(text.strip())
    unit = found[2].strip().replace(" ", "") if found else None
    if found is None or unit not in units:
        raise _refusal(text, right)
    value = float(found[1].replace(",", "").replace("_", "")) * units[unit]
    if not math.isfinite(value):
        raise _refusal(text, right)
    return value


def _refusal(text: str, right: str) -> UsageError:
    return UsageError(f"{text!r} is not {right}")
