"""The stamp: how a message of the laboratory is known again in whatever a server wraps it in.

A message begins with two letters, then the number of its channel (4), its own number on that
channel (5) and check digits (5), all letters and digits, so that JSON, XML, URLs and MQTT carry it
as it is; filling follows to the payload's size. What a client half calls a message may hold none
(a greeting), one, or several.
"""

import re
import zlib
from collections.abc import Iterator
from string import ascii_letters, digits

__all__ = ["STAMP_BYTES", "has_stamp", "make_stamp", "stamps_in"]

_BEGINS = "QZ"
_ALPHABET = digits + ascii_letters
_BASE = len(_ALPHABET)
_VALUES = {letter: value for value, letter in enumerate(_ALPHABET)}
_CHANNEL, _NUMBER, _CHECK = 4, 5, 5
STAMP_BYTES = len(_BEGINS) + _CHANNEL + _NUMBER + _CHECK  #: the smallest payload that has one
_FOUND = re.compile(rb"QZ([0-9A-Za-z]{4})([0-9A-Za-z]{5})([0-9A-Za-z]{5})")


def make_stamp(channel: int, number: int, key: int) -> bytes:
    """The stamp of a message.

    Args:
        channel: the number of its channel, from 0.
        number: its own on that channel, from 1.
        key: of the trial, so that what an earlier one left is not taken for a message of this one.
    """
    told = _written(channel, _CHANNEL) + _written(number, _NUMBER)
    return f"{_BEGINS}{told}{_check(told.encode(), key)}".encode()


def stamps_in(data: bytes, key: int) -> Iterator[tuple[int, int]]:
    """Channel and number of each stamp of this trial in `data`, in order."""
    for channel, number, check in _FOUND.findall(data):
        if check.decode() == _check(channel + number, key):
            yield _read(channel), _read(number)


def has_stamp(data: bytes) -> bool:
    """Whether something in `data` looks like a stamp, of whatever trial."""
    return _FOUND.search(data) is not None


def _written(value: int, width: int) -> str:
    text = ""
    for _ in range(width):
        value, digit = divmod(value, _BASE)
        text = _ALPHABET[digit] + text
    return text


def _read(text: bytes) -> int:
    value = 0
    for letter in text.decode():
        value = value * _BASE + _VALUES[letter]
    return value


def _check(told: bytes, key: int) -> str:
    return _written(zlib.crc32(told, key & 0xFFFFFFFF), _CHECK)
