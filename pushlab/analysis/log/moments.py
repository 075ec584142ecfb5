"""The times of access logs, in seconds since 1970; without a zone they are taken for UTC."""

import datetime
import math
from functools import lru_cache

__all__ = ["since_1970", "size_of", "status_of", "time_of"]

_MONTHS = {
    name: number
    for number, name in enumerate(
        (b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov"), 1
    )
} | {b"Dec": 12}
_MILLIS, _MICROS, _NANOS = 1e11, 1e14, 1e17  #: seconds since 1970 are smaller than the first


def time_of(text: bytes) -> float:
    """A time as logs write it; NaN: it is none.

    ``25/Nov/2011:12:34:56 -0800`` in brackets or without; ISO 8601, with a blank or a tab for its
    T; and a number of seconds, milli-, micro- or nanoseconds since 1970.
    """
    text = text.strip(b"[] ")
    try:
        if text[2:3] == b"/":
            return _day_s(text[:11]) + _clock_s(text[12:20]) - _zone_s(text[20:].strip())
        if text[4:5] == b"-":
            return _iso_s(text)
        return since_1970(float(text))
    except (ValueError, KeyError, IndexError, OverflowError):
        return math.nan


def _iso_s(text: bytes) -> float:
    rest, part_s = text[19:], 0.0
    if rest[:1] in (b".", b","):
        zone = rest[1:].lstrip(b"0123456789")
        digits = rest[1 : len(rest) - len(zone)]
        part_s, rest = int(digits) / 10.0 ** len(digits), zone
    return _second_s(text[:19]) + part_s - (_zone_s(rest.strip()) if rest else 0)


@lru_cache(maxsize=4096)  # lines of one second stand together
def _second_s(text: bytes) -> float:
    if len(text) != 19:
        raise ValueError(text)
    return _day_s(text[:10]) + _clock_s(text[11:])


def since_1970(value: float) -> float:
    """Seconds, of seconds, milli-, micro- or nanoseconds; NaN below zero."""
    for least, unit in ((_NANOS, 1e9), (_MICROS, 1e6), (_MILLIS, 1e3)):
        if value >= least:
            return value / unit
    return value if value >= 0 else math.nan


@lru_cache(maxsize=64)  # a log has few dates
def _day_s(date: bytes) -> float:
    """A date's first second. Raises ValueError or KeyError: there is no such date."""
    if date[2:3] == b"/":
        day, month, year = int(date[:2]), _MONTHS[date[3:6]], int(date[7:11])
    else:
        year, month, day = int(date[:4]), int(date[5:7]), int(date[8:10])
    return datetime.datetime(year, month, day, tzinfo=datetime.UTC).timestamp()


def _clock_s(clock: bytes) -> float:
    hours, minutes, seconds = int(clock[:2]), int(clock[3:5]), float(clock[6:].replace(b",", b"."))
    if not (clock[2:3] == b":" == clock[5:6] and hours < 24 and minutes < 60 and 0 <= seconds < 61):
        raise ValueError(clock)
    return hours * 3600 + minutes * 60 + seconds


@lru_cache(maxsize=64)
def _zone_s(zone: bytes) -> int:
    if not zone or zone == b"Z":
        return 0
    digits = zone[1:].replace(b":", b"")
    seconds = int(digits[:2]) * 3600 + int(digits[2:4] or b"0") * 60
    return -seconds if zone[:1] == b"-" else seconds


def status_of(text: bytes) -> int:
    """An answer's status; -1: it is none. 0 is that of a client that left (CloudFront's 000)."""
    return int(text) if len(text) == 3 and text.isdigit() else -1


def size_of(text: bytes) -> int:
    """An answer's size; -1: it is not told."""
    return int(text) if text.isdigit() and len(text) < 16 else -1
