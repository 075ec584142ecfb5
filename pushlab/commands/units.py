"""Figures as the terminal shows them: short, with their units."""

__all__ = ["interval_words", "message_rate", "quantity", "seconds", "shortened", "with_unit"]


def seconds(value: float | None) -> str:
    """A span of time in the unit that fits it."""
    if value is None:
        return "-"
    size = abs(value)
    if size >= 1:
        return f"{value:.2f} s"
    if size >= 1e-3:
        return f"{value * 1e3:.3g} ms" if size < 0.9995 else "1.00 s"
    return f"{value * 1e6:.0f} µs"


def quantity(value: float | None, digits: int = 3) -> str:
    """A number with `digits` significant digits, and commas from a thousand on."""
    if value is None:
        return "-"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"


def shortened(text: str, most: int) -> str:
    """`text` in at most so many letters; the middle goes, since labels often differ at the end."""
    if len(text) <= most:
        return text
    end = most // 3
    return f"{text[: most - end - 1].rstrip()}…{text[len(text) - end :]}"


def with_unit(value: float | None, unit: str) -> str:
    """A figure with its unit, one of those that `unit_of` gives."""
    if value is None:
        return "-"
    if unit == "s":
        return seconds(value) if value else "0 s"
    if unit == "bytes":
        names = ("B", "KiB", "MiB", "GiB")
        power = 0
        while abs(value) >= 1024 and power < len(names) - 1:
            value, power = value / 1024, power + 1
        return f"{quantity(value, 4)} {names[power]}"
    if unit == "share":
        return f"{value * 100:.3g} %"
    return f"{quantity(value)} USD" if unit == "usd" else quantity(value)


def message_rate(per_s: float) -> str:
    """A rate in words: ``2 messages a second``, ``1 message a minute``."""
    for unit, seconds_each in (("second", 1), ("minute", 60), ("hour", 3_600)):
        count = per_s * seconds_each
        if count >= 0.999 or unit == "hour":
            break
    return f"{quantity(round(count, 9))} message{'' if abs(count - 1) < 1e-9 else 's'} a {unit}"


def interval_words(seconds: float) -> str:
    """An interval with the unit that fits it: ``48 s``, ``20.4 min``, ``3.1 h``."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        if seconds >= (2 * size if size > 1 else 1):
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e3:.3g} ms"
