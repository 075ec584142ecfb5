"""The hidden tests of chapter 5: frames written, and frames read (RFC 6455, section 5.2).

Longer than 400 lines: so many rules, and what to say to who misses one.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from operator import eq
from typing import Any

from pushlab.course.builds.cases import Case, Slip, StudentError, Words

__all__ = ["CASES"]

#: The key of the standard's example (section 5.7).
_KEY = bytes.fromhex("37fa213d")
_TEXT, _PING = 1, 9
_LONG, _VERY_LONG = 126, 65_536
_MOST_BYTES_SHOWN = 20
_MOST_MASKED = 10_000


def _frame(kind: int, payload: bytes, key: bytes | None = None) -> bytes:
    """What the standard says."""
    size, mask = len(payload), 0x80 if key else 0
    if size < _LONG:
        head = bytes([0x80 | kind, mask | size])
    elif size < _VERY_LONG:
        head = bytes([0x80 | kind, mask | 126]) + size.to_bytes(2, "big")
    else:
        head = bytes([0x80 | kind, mask | 127]) + size.to_bytes(8, "big")
    if key:
        payload = bytes(byte ^ key[at % 4] for at, byte in enumerate(payload))
    return head + (key or b"") + payload


def _hex(value: Any) -> str:
    """Bytes as people read them."""
    if not isinstance(value, bytes | bytearray):
        return f"{value!r:.200}"
    shown = value[:_MOST_BYTES_SHOWN].hex(" ")
    return f"{shown} ... ({len(value):,} bytes)" if len(value) > _MOST_BYTES_SHOWN else shown


def _written_out(data: bytes) -> str:
    """As it could stand in a cell."""
    if len(data) > _MOST_BYTES_SHOWN:
        return _hex(data)
    return f"bytes.fromhex({data.hex(' ')!r})" if data else 'b""'


def _short(text: str) -> str:
    return repr(text) if len(text) < 30 else f"{text[0]!r} * {len(text)}"


# ---- writing --------------------------------------------------------------------------------


def _written(text: str, key: bytes | None, kind: Callable[[], Any]) -> bytes:
    """Raises StudentError."""
    made = kind().write(text, key)
    if made is None:
        raise StudentError("returns nothing", "`write` returns None. Let it return the frame.")
    if isinstance(made, list | tuple) and all(isinstance(each, int) for each in made):
        raise StudentError("a list", "`write` returns a list of numbers; `bytes(...)` makes bytes.")
    if not isinstance(made, bytes | bytearray):
        raise StudentError("no bytes", f"`write` returns {made!r:.40}. A frame is bytes.")
    return bytes(made)


def _parts(size: int, key: bytes | None) -> str:
    """The parts of a frame, in words."""
    mask = " | 80, for it is masked" if key else ""
    if size < _LONG:
        told = f"81, then the length {size:02x}{mask}"
    elif size < _VERY_LONG:
        told = f"81, then 7e{mask}, then the length {size} in 2 bytes"
    else:
        told = f"81, then 7f{mask}, then the length {size:,} in 8 bytes"
    return f"{told}{', then the key' if key else ''}, then the text."


def _writes(
    name: str, text: str, key: bytes | None, wrongs: Sequence[tuple[bytes, str, str]]
) -> Case:
    raw = text.encode()
    slips = [Slip(slip, partial(eq, made), reply) for made, slip, reply in wrongs]
    return Case(
        name=name,
        given=f"write({_short(text)}, {f'bytes.fromhex({key.hex()!r})' if key else None})",
        tries=partial(_written, text, key),
        expected=_Frame(_frame(_TEXT, raw, key)),
        same=eq,
        shows=lambda came: _Frame(came),
        slips=(
            *slips,
            Slip(
                "no key",
                lambda came: key is not None and came == _frame(_TEXT, raw, key).replace(key, b""),
                "The reader needs the key to unmask: it stands in front of the text.",
            ),
        ),
        otherwise=f"This frame has: {_parts(len(raw), key)}",
    )


class _Frame(bytes):
    """Bytes that show themselves in hexadecimal."""

    __slots__ = ()

    def __repr__(self) -> str:
        return _hex(bytes(self))


def _xored(raw: bytes, key: Callable[[int], int]) -> bytes:
    return bytes(byte ^ key(at) for at, byte in enumerate(raw))


_HELLO, _CAFE = b"Hello", "café".encode()
_BIG = "a" * 300
_WRITING = (
    _writes(
        "a frame of the server",
        "Hello",
        None,
        [
            (
                b"\x01\x05Hello",
                "not final",
                "The first byte's highest bit, 80, says that the message is complete in this frame:"
                " 80 | 1 is 81.",
            ),
            (
                b"\x80\x05Hello",
                "no kind",
                "The first byte says what the frame is, too: 1 for text, so 80 | 1.",
            ),
            (b"\x05Hello", "no first byte", "In front of the length stands 81: text, complete."),
            (b"\x81Hello", "no length", "The second byte is the length of the text."),
            (
                b"815Hello",
                "digits",
                "81 is hexadecimal for one byte, `0x81`; not the letters 8, 1.",
            ),
            (
                b"\x81\x85Hello",
                "says masked",
                "80 in the second byte says that the frame is masked. Here `key` is None.",
            ),
            (b"\x51\x05Hello", "decimal 81", "81 is hexadecimal: `0x81` in Python, 129."),
        ],
    ),
    _writes(
        "a text with letters of two bytes",
        "café",
        None,
        [
            (
                b"\x81\x04" + _CAFE,
                "counts letters",
                "The length counts bytes, and `é` takes two of them in UTF-8. Encode first, then"
                " count.",
            ),
            (
                b"\x81\x04" + "café".encode("latin-1"),
                "not UTF-8",
                "The text of a frame is UTF-8: `text.encode()`.",
            ),
        ],
    ),
    _writes(
        "a frame of the client, masked",
        "Hello",
        _KEY,
        [
            (
                _frame(_TEXT, _HELLO),
                "not masked",
                "With a key each byte of the text is masked: byte 0 with `key[0]`, and so on, and"
                " from byte 4 with `key[0]` again. `^` is the operator.",
            ),
            (
                b"\x81\x05" + _KEY + _xored(_HELLO, lambda at: _KEY[at % 4]),
                "does not say masked",
                "The second byte has 80 on top of the length when the frame is masked.",
            ),
            (
                b"\x81\x85" + _KEY + _HELLO,
                "sends it unmasked",
                "The key is there, but the text stands unmasked behind it: `byte ^ key[at % 4]`.",
            ),
            (
                b"\x81\x85" + _xored(_HELLO, lambda at: _KEY[at % 4]) + _KEY,
                "key behind",
                "The key stands in front of the text, so that the reader can begin.",
            ),
            (
                b"\x81\x85" + _KEY + _xored(_HELLO, lambda at: _KEY[0]),
                "first byte of the key only",
                "Each byte of the text has its own byte of the key: byte 0 `key[0]`, byte 1"
                " `key[1]`, up to 3, and then from the beginning: `key[at % 4]`.",
            ),
            (
                b"\x81\x85" + _KEY + _xored(_HELLO[:4], lambda at: _KEY[at]),
                "four bytes only",
                "`zip` ends with the shorter of both, which is the key. It has to begin anew:"
                " `key[at % 4]`.",
            ),
            (
                b"\x81\x89" + _KEY + _xored(_HELLO, lambda at: _KEY[at % 4]),
                "counts the key",
                "The length is that of the text alone. The key is not counted.",
            ),
        ],
    ),
    _writes("an empty text", "", None, []),
    _writes("125 bytes, the longest short frame", "a" * 125, None, []),
    _writes(
        "126 bytes",
        "a" * 126,
        None,
        [
            (
                b"\x81\x7e" + b"a" * 126,
                "126 is no length",
                "In the second byte 126 is no length but a word: the length comes in the next two"
                " bytes. So from 126 bytes on it takes two more.",
            ),
            (
                b"\x81\x7e\x7e\x00" + b"a" * 126,
                "upside down",
                'The higher of the two bytes comes first: `size.to_bytes(2, "big")`.',
            ),
            (
                b"\x81\x7f" + (126).to_bytes(8, "big") + b"a" * 126,
                "127 too early",
                "The shortest form that fits: up to 65,535 bytes 126 and a length in two bytes.",
            ),
        ],
    ),
    _writes(
        "300 bytes, masked",
        _BIG,
        _KEY,
        [
            (
                _frame(_TEXT, _BIG.encode(), _KEY).replace(b"\xfe", b"\x7e", 1),
                "does not say masked",
                "The second byte is 126 | 80 when a long frame is masked.",
            ),
            (
                b"\x81\xfe"
                + _KEY
                + _frame(_TEXT, _BIG.encode(), _KEY)[2:4]
                + _frame(_TEXT, _BIG.encode(), _KEY)[8:],
                "key before the length",
                "First the whole length, then the key.",
            ),
        ],
    ),
    _writes(
        "65,536 bytes",
        "a" * 65_536,
        None,
        [
            (
                b"\x81\x7f" + (65_536).to_bytes(4, "big") + b"a" * 65_536,
                "four bytes",
                "Behind 127 the length takes eight bytes.",
            ),
        ],
    ),
)


# ---- reading --------------------------------------------------------------------------------


_TOO_FAR = "Do your bytes begin and end where the text does, and are they unmasked?"
_RAISES: Mapping[type[BaseException], str] = {
    IndexError: "Some of the frame is not there yet. Look at `len(data)` first, and return `None`"
    " if it is too short."
}


def _read(data: bytes, kind: Callable[[], Any]) -> Any:
    """Raises StudentError."""
    told = kind().read(data)
    if told is None:
        return None
    if not isinstance(told, list | tuple) or len(told) != 3:
        raise StudentError(
            "shape",
            f"`read` returns {told!r:.60}. It should be `None` where the frame is not all there,"
            " and else `(kind, text, used)`.",
        )
    number, text, used = told
    if isinstance(text, bytes | bytearray):
        raise StudentError("bytes", "The text is bytes still: `.decode()` makes text of them.")
    return number, text, used


def _reads(
    name: str,
    data: bytes,
    expected: tuple[int, str, int] | None,
    wrongs: Sequence[tuple[Any, str, str]] = (),
    otherwise: str = "",
) -> Case:
    slips = [Slip(slip, partial(eq, made), reply) for made, slip, reply in wrongs]
    if expected is None:
        early = (
            "The frame is not all there yet. Return `None`; what is there comes again, with more."
        )
        slips.append(Slip("too early", lambda came: came is not None, early))
    return Case(
        name=name,
        given=f"read({_written_out(data)})",
        tries=partial(_read, data),
        expected=expected,
        slips=slips,
        raises=_RAISES if expected is None else {UnicodeDecodeError: _TOO_FAR},
        otherwise=otherwise,
    )


_MASKED = _frame(_TEXT, _HELLO, _KEY)
_TWO = _frame(_TEXT, b"one") + _frame(_TEXT, b"two")
_MIDDLE, _LARGE = _frame(_TEXT, b"b" * 300), _frame(_TEXT, b"c" * 65_536)
_READING = (
    _reads(
        "a frame is read",
        _frame(_TEXT, _HELLO),
        (_TEXT, "Hello", 7),
        [
            (
                (0x81, "Hello", 7),
                "first byte as kind",
                "The kind is in the lower four bits of the first byte: `data[0] & 0x0F`.",
            ),
            (
                (_TEXT, "Hello", 5),
                "used without the head",
                "`used` is how many bytes of `data` this frame took, with its head.",
            ),
        ],
    ),
    _reads(
        "a masked frame is read",
        _MASKED,
        (_TEXT, "Hello", 11),
        [
            (
                (_TEXT, "Hello", 7),
                "used without the key",
                "`used` is how many bytes of `data` this frame took, the key included.",
            ),
            (
                None,
                "mask as length",
                "The highest bit of the second byte, 80, says that it is masked, and is no part of"
                " the length: `data[1] & 0x7F`.",
            ),
        ],
        "80 in the second byte says that a key of four bytes stands in front of the text. Undo the"
        " mask as it was made: `byte ^ key[at % 4]`.",
    ),
    _reads("nothing is there yet", b"", None),
    _reads("one byte is there", b"\x81", None),
    _reads("half of the text is there", _frame(_TEXT, _HELLO)[:5], None),
    _reads("half of the key is there", _MASKED[:4], None),
    _reads("the last byte is missing", _MASKED[:-1], None),
    _reads(
        "two frames in one piece",
        _TWO,
        (_TEXT, "one", 5),
        [
            (
                (_TEXT, "one", 10),
                "uses all",
                "`used` counts the bytes of this frame. What follows belongs to the next one, which"
                " would be lost.",
            ),
            (
                (_TEXT, "one\x81\x03two", 10),
                "reads too far",
                "The text ends where the length says; what follows is the next frame.",
            ),
            (
                (_TEXT, "one\x81\x03two", 5),
                "reads too far",
                "The text ends where the length says; what follows is the next frame.",
            ),
        ],
        "The text ends where the length says; what follows is the next frame.",
    ),
    _reads(
        "a ping",
        _frame(_PING, b""),
        (_PING, "", 2),
        [
            (
                (_TEXT, "", 2),
                "all is text",
                "89 is a ping: its kind is 9, in the lower four bits of the first byte.",
            ),
            (
                None,
                "empty is nothing",
                "A frame may be empty, and is all there nevertheless.",
            ),
        ],
    ),
    _reads(
        "300 bytes are read",
        _MIDDLE,
        (_TEXT, "b" * 300, 304),
        [
            (
                (_TEXT, "b" * 300, 302),
                "used without the length",
                "`used` is how many bytes this frame took. Here the length takes two more.",
            ),
        ],
        "Where the length in the second byte is 126, the next two bytes have it.",
    ),
    _reads("a length that is cut", _MIDDLE[:3], None),
    _reads(
        "65,536 bytes are read",
        _LARGE,
        (_TEXT, "c" * 65_536, 65_546),
        [],
        "Where the length in the second byte is 127, the next eight bytes have it.",
    ),
    _reads("a long length that is cut", _LARGE[:6], None),
    _reads(
        "letters of two and four bytes",
        _frame(_TEXT, "é😀".encode(), _KEY),
        (_TEXT, "é😀", 12),
        [],
        "Undo the mask on the bytes, and decode them as UTF-8 when they are all there.",
    ),
)


def _both_ways(kind: Callable[[], Any]) -> str:
    """The first size for which what was written is not what is read; empty if there is none."""
    for size in (0, 1, 3, 4, 5, 124, 125, 126, 127, 255, 256, 1000, 32_767):
        for key in (None, _KEY, b"\x00\x00\x00\x00") if size < _MOST_MASKED else (None,):
            text = ("push! " * size)[:size]
            made = _written(text, key, kind)
            if _read(made, kind) != (_TEXT, text, len(made)):
                return f"another one, from {size} bytes with key {_hex(key)}"
    return ""


CASES: tuple[Case, ...] = (
    *_WRITING,
    *_READING,
    Case(
        name="written and read again",
        given="texts of 0 to 32,767 bytes, with a key and without",
        tries=_both_ways,
        expected=Words("each as it was"),
        same=lambda came, _: not came,
        shows=Words,
        otherwise="Each alone is right; together they are not, for this text.",
    ),
)
