"""The stamp: how a message of the laboratory is known again in whatever a server wraps it in.

A message begins with two capitals, then the number of its channel (4), its own number on that
channel (5) and check digits (5) in base 36, so that JSON, XML, URLs and MQTT carry it as it is;
filling follows to the payload's size. What a client half calls a message may hold none (a
greeting), one, or several. No stamp begins within another, nor within filling that has no Q.

The hub numbers its messages itself, and takes shorter ones: where there is no room for a stamp, a
message begins with the last digits of its number.
"""

import re
import zlib
from collections.abc import Sequence
from functools import lru_cache
from string import ascii_letters, ascii_lowercase, digits

__all__ = [
    "FILLING",
    "STAMP_BYTES",
    "beginning",
    "has_stamp",
    "make_stamp",
    "modulus",
    "number_of",
    "stamps_in",
]

_BEGINS = "QZ"
_ALPHABET = digits + ascii_lowercase
_BASE = len(_ALPHABET)
_PAIRS = [one + other for one in _ALPHABET for other in _ALPHABET]
_CHANNEL, _NUMBER, _CHECK = 4, 5, 5
_CHECKS: int = _BASE**_CHECK
STAMP_BYTES = len(_BEGINS) + _CHANNEL + _NUMBER + _CHECK  #: the smallest payload that has one
FILLING = ascii_letters.replace(_BEGINS[0], "")  #: what may follow a stamp
_FOUND = re.compile(rb"QZ([0-9a-z]{14})")


def make_stamp(channel: int, number: int, key: int) -> bytes:
    """The stamp of a message.

    Args:
        channel: the number of its channel, from 0.
        number: its own on that channel, from 1.
        key: of the trial, so that what an earlier one left is not taken for a message of this one.
    """
    told = _four(channel) + _five(number)
    return f"{_BEGINS}{told}{_five(_check(told.encode(), key))}".encode()


def stamps_in(data: bytes, key: int) -> Sequence[tuple[int, int]]:
    """Channel and number of each stamp of this trial in `data`, in order."""
    texts = _FOUND.findall(data)
    if len(texts) == 1:  # most messages; the swarm has no time to lose
        one = _read(texts[0], key)
        return (one,) if one else ()
    return [one for text in texts if (one := _read(text, key))]


def has_stamp(data: bytes) -> bool:
    """Whether something in `data` looks like a stamp, of whatever trial."""
    return _FOUND.search(data) is not None


@lru_cache(4_096)  # what one reader of a channel gets, the others get too
def _read(text: bytes, key: int) -> tuple[int, int] | None:
    """What stands behind a stamp's first letters; None: it is none of this trial."""
    told, check = text[: _CHANNEL + _NUMBER], text[_CHANNEL + _NUMBER :]
    if int(check, _BASE) != _check(told, key):
        return None
    return int(told[:_CHANNEL], _BASE), int(told[_CHANNEL:], _BASE)


def _check(told: bytes, key: int) -> int:
    return zlib.crc32(told, key & 0xFFFFFFFF) % _CHECKS


def _four(value: int) -> str:
    """The last four digits."""
    return _PAIRS[value // len(_PAIRS) % len(_PAIRS)] + _PAIRS[value % len(_PAIRS)]


def _five(value: int) -> str:
    return _ALPHABET[value // _BASE**4 % _BASE] + _four(value)


# ---- payloads with no room for a stamp ---------------------------------------------------------


def beginning(channel: int, number: int, key: int, size: int) -> bytes:
    """What a message of `size` bytes begins with: its stamp, or as much of its number as fits."""
    if size >= STAMP_BYTES:
        return make_stamp(channel, number, key)
    return _five(number)[-size:].encode()


def modulus(size: int) -> int:
    """How many messages of `size` bytes in a row differ by their beginnings."""
    return int(_BASE ** min(_NUMBER, size))


def number_of(text: str, channel: int, key: int) -> int:
    """The number with which a message begins, as far as its size lets it; -1: none is there."""
    if len(text) >= STAMP_BYTES:
        match stamps_in(text[:STAMP_BYTES].encode(), key):
            case [(of, number)] if of == channel:
                return number
        return -1
    digits_there = text[:_NUMBER]
    return int(digits_there, _BASE) if set(digits_there) <= set(_ALPHABET) else -1
