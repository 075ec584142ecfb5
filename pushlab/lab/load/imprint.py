"""What each message of the schedule begins with: its own number, as letters and digits.

A publish whose answer was lost has no `seq` that anybody knows. If the message arrives all the
same, its beginning says which it is.
"""

from string import ascii_letters, digits

__all__ = ["MOST", "imprinted", "modulus", "number_of"]

MOST = 5  #: characters; shorter messages begin with as many as they have
_ALPHABET = digits + ascii_letters
_VALUES: dict[str, int] = {letter: value for value, letter in enumerate(_ALPHABET)}
_BASE = len(_ALPHABET)


def imprinted(payload: bytes, number: int) -> bytes:
    """The payload with its first characters taken by the number, modulo what they can hold."""
    width = min(MOST, len(payload))
    text = ""
    for _ in range(width):
        number, digit = divmod(number, _BASE)
        text = _ALPHABET[digit] + text
    return text.encode() + payload[width:]


def modulus(payload_bytes: int) -> int:
    """How many messages in a row differ by their beginnings."""
    return int(_BASE ** min(MOST, payload_bytes))


def number_of(text: str) -> int:
    """The number at the beginning of a message; -1: none is there."""
    number = 0
    for letter in text[:MOST]:
        value = _VALUES.get(letter)
        if value is None:
            return -1
        number = number * _BASE + value
    return number
