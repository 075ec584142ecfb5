"""What is sent to either end, and what RFC 6455 wants back.

The cases cover the ground of the sections 1 to 7 of Autobahn's suite, in our own words. In each the
tester sends frames, then a close with 1000, unless the other end should have closed before.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from conformance.websocket.frames import BINARY, CLOSE, CONT, PING, PONG, TEXT, Frame, close

__all__ = ["CASES", "LIMIT", "Case"]

#: What either of pushlab's ends takes as one message, in bytes.
LIMIT = 64 * 1024


@dataclass(frozen=True, slots=True)
class Case:
    """Frames, and what they lead to.

    Attributes:
        codes: with any of which the other end may close; None stands for a close without a code.
        pongs: what it answers, in order.
        texts: how many whole texts its application gets.
        chop: the frames arrive in pieces of so many bytes; 0: as they are.
        only: ``hub`` or ``client``, where it concerns only that end.
        known: what either end does instead, and why that is let stand.
    """

    name: str
    group: str
    section: str
    frames: tuple[Frame, ...]
    codes: tuple[int | None, ...] = (1000,)
    pongs: tuple[bytes, ...] = ()
    texts: int = 0
    chop: int = 0
    only: str = ""
    known: str = ""

    @property
    def closes(self) -> bool:
        """Whether the case's own frames end the connection."""
        return 1000 not in self.codes or any(frame.opcode == CLOSE for frame in self.frames)


_FAILED = (1002,)
_NOT_TEXT = (1007,)
_BINARY = (1000, 1003)  # whoever has no use for it may ignore it, or say so


def _sizes() -> Iterator[Case]:
    for size in (1, 120, 121, 122, 123, 125, 126, 127, 128, 32_767, 65_531, 65_532):
        for chop in (0, 1, 997) if size < 1_000 else (0, 997, 4_096):
            name = f"text of {size} bytes in pieces of {chop}" if chop else f"text of {size} bytes"
            yield Case(name, "messages", "5.6", (Frame(TEXT, b"*" * size),), texts=1, chop=chop)
    for size in (0, 1, 125, 126, 127, 65_535, 65_536):
        for chop in (0, 997):
            name = (
                f"binary of {size} bytes in pieces of {chop}" if chop else f"binary of {size} bytes"
            )
            frames = (Frame(BINARY, b"\xfe" * size),)
            yield Case(name, "messages", "5.6", frames, _BINARY, chop=chop)
    for size in (0, 65_535, 65_536):
        yield Case(f"text of {size} bytes", "messages", "5.6", (Frame(TEXT, b"*" * size),),
                   only="hub")  # fmt: skip
    for size in (65_537, 200_000):
        yield Case(f"text of {size} bytes, too long", "messages", "7.4.1",
                   (Frame(TEXT, b"*" * size),), (1009,))  # fmt: skip
    parts = [Frame(TEXT, b"*" * 30_000, fin=False), *[Frame(CONT, b"*" * 30_000, fin=False)] * 2]
    yield Case("fragments that grow too long", "messages", "7.4.1", tuple(parts), (1009,))
    for told in (2**40, 2**62):
        yield Case(f"a length of {told}", "messages", "7.4.1", (Frame(TEXT, told=told),),
                   (1009, 1002))  # fmt: skip
    yield Case("a length of 2^63", "messages", "5.2", (Frame(TEXT, told=2**63),), (1002, 1009))
    for form, size in ((2, 5), (8, 5), (8, 300)):
        yield Case(f"the length {size} in {form} bytes", "messages", "5.2",
                   (Frame(TEXT, b"*" * size, length_bytes=form),), (1000, 1002),
                   texts=-1)  # fmt: skip
    yield Case("a frame with the wrong mask", "messages", "5.1",
               (Frame(TEXT, b"hello", wrong_mask=True),), _FAILED)  # fmt: skip
    yield Case("a ping with the wrong mask", "messages", "5.1", (Frame(PING, wrong_mask=True),),
               _FAILED)  # fmt: skip


def _pings() -> Iterator[Case]:
    for payload in (b"", b"hello", b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff", b"\xfe" * 125):
        for chop in (0, 1):
            name = f"a ping of {len(payload)} bytes{' in single bytes' if chop else ''}"
            yield Case(name, "pings", "5.5.2", (Frame(PING, payload),), pongs=(payload,),
                       chop=chop)  # fmt: skip
    yield Case("a ping of 126 bytes", "pings", "5.5", (Frame(PING, b"\xfe" * 126),), _FAILED)
    yield Case("a pong of 126 bytes", "pings", "5.5", (Frame(PONG, b"\xfe" * 126),), _FAILED)
    for payload in (b"", b"unasked"):
        yield Case(f"a pong of {len(payload)} bytes", "pings", "5.5.3", (Frame(PONG, payload),))
    yield Case("a pong, then a ping", "pings", "5.5.3", (Frame(PONG, b"a"), Frame(PING, b"b")),
               pongs=(b"b",))  # fmt: skip
    many = tuple(b"payload-%d" % n for n in range(10))
    for chop in (0, 1):
        yield Case(f"ten pings{' in single bytes' if chop else ''}", "pings", "5.5.2",
                   tuple(Frame(PING, each) for each in many), pongs=many, chop=chop)  # fmt: skip


def _reserved() -> Iterator[Case]:
    for rsv in range(1, 8):
        for opcode, name in ((TEXT, "text"), (BINARY, "binary"), (PING, "ping"), (CLOSE, "close")):
            payload = b"\x03\xe8" if opcode == CLOSE else b"hello"
            yield Case(f"reserved bits {rsv} in a {name}", "reserved bits", "5.2",
                       (Frame(opcode, payload, rsv=rsv),), _FAILED)  # fmt: skip
    yield Case("reserved bits behind a text", "reserved bits", "5.2",
               (Frame(TEXT, b"a"), Frame(TEXT, b"b", rsv=4), Frame(PING)), _FAILED,
               texts=1)  # fmt: skip
    yield Case("reserved bits in a fragment", "reserved bits", "5.2",
               (Frame(TEXT, b"a", fin=False), Frame(CONT, b"b", rsv=2)), _FAILED)  # fmt: skip


def _opcodes() -> Iterator[Case]:
    for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
        yield Case(f"opcode {opcode}", "opcodes", "5.2", (Frame(opcode),), _FAILED)
        frames = (Frame(TEXT, b"a"), Frame(opcode, b"hello"), Frame(PING))
        yield Case(f"opcode {opcode} between others", "opcodes", "5.2", frames, _FAILED, texts=1)
        yield Case(f"opcode {opcode} in single bytes", "opcodes", "5.2", (Frame(opcode, b"a"),),
                   _FAILED, chop=1)  # fmt: skip


def _fragments() -> Iterator[Case]:
    for opcode, name in ((PING, "ping"), (PONG, "pong"), (CLOSE, "close")):
        yield Case(f"a {name} in fragments", "fragments", "5.4",
                   (Frame(opcode, fin=False), Frame(CONT)), _FAILED)  # fmt: skip
    two = (Frame(TEXT, b"fragment1", fin=False), Frame(CONT, b"fragment2"))
    ping, empty = Frame(PING, b"ping"), Frame(CONT, fin=False)
    for chop in (0, 1):
        pieces = " in single bytes" if chop else ""
        yield Case(f"a text in two{pieces}", "fragments", "5.4", two, texts=1, chop=chop)
        yield Case(f"a ping between two{pieces}", "fragments", "5.4", (two[0], ping, two[1]),
                   pongs=(b"ping",), texts=1, chop=chop)  # fmt: skip
        yield Case(f"empty parts and pings{pieces}", "fragments", "5.4",
                   (two[0], ping, empty, ping, empty, ping, two[1], ping),
                   pongs=(b"ping",) * 4, texts=1, chop=chop)  # fmt: skip
        yield Case(f"a part without a beginning{pieces}", "fragments", "5.4",
                   (Frame(CONT, b"a"), Frame(TEXT, b"b")), _FAILED, chop=chop)  # fmt: skip
        yield Case(f"a part that goes on without a beginning{pieces}", "fragments", "5.4",
                   (Frame(CONT, b"a", fin=False), Frame(CONT, b"b")), _FAILED,
                   chop=chop)  # fmt: skip
        yield Case(f"a part behind a whole text{pieces}", "fragments", "5.4",
                   (Frame(TEXT, b"a"), Frame(CONT, b"b")), _FAILED, texts=1,
                   chop=chop)  # fmt: skip
        yield Case(f"a text within a text{pieces}", "fragments", "5.4",
                   (two[0], Frame(TEXT, b"b")), _FAILED, chop=chop)  # fmt: skip
        yield Case(f"a binary within a text{pieces}", "fragments", "5.4",
                   (two[0], Frame(BINARY, b"b")), _FAILED, chop=chop)  # fmt: skip
    parts = (Frame(TEXT, b"a", fin=False), *[Frame(CONT, b"b", fin=False)] * 200, Frame(CONT))
    yield Case("a text in 202 parts", "fragments", "5.4", parts, texts=1)
    whole = (Frame(BINARY, b"\xff", fin=False), ping, Frame(CONT, b"\xff"))
    yield Case("a binary in two", "fragments", "5.4", whole, _BINARY, pongs=(b"ping",))
    yield Case("a binary, then a text, in parts", "fragments", "5.4",
               (Frame(BINARY, b"\xff", fin=False), Frame(CONT, b"\xff"), *two), _BINARY,
               texts=1)  # fmt: skip
    yield Case("a close between two", "fragments", "5.4", (two[0], close(1000), two[1]))


_VALID = {
    "ASCII": b"Hello-World",
    "two bytes": "äöüß".encode(),
    "Greek": "κόσμε".encode(),
    "the first of two bytes": b"\xc2\x80",
    "the first of three bytes": b"\xe0\xa0\x80",
    "the first of four bytes": b"\xf0\x90\x80\x80",
    "U+007F": b"\x7f",
    "U+07FF": b"\xdf\xbf",
    "U+FFFF": b"\xef\xbf\xbf",
    "U+10FFFF": b"\xf4\x8f\xbf\xbf",
    "U+D7FF": b"\xed\x9f\xbf",
    "U+E000": b"\xee\x80\x80",
    "U+FFFD": b"\xef\xbf\xbd",
    "U+FFFE": b"\xef\xbf\xbe",
    "U+1FFFF": b"\xf0\x9f\xbf\xbf",
    "a byte order mark": b"\xef\xbb\xbfa",
    "a zero": b"a\x00b",
    "four bytes": "𝄞😀".encode(),
}
_INVALID = {
    "a surrogate": b"\xce\xba\xe1\xbd\xb9\xcf\x83\xed\xa0\x80edited",
    "a surrogate's pair": b"\xed\xa0\x81\xed\xb0\x80",
    "the last surrogate": b"\xed\xbf\xbf",
    "above U+10FFFF": b"\xce\xba\xf4\x90\x80\x80edited",
    "five bytes": b"\xf8\x88\x80\x80\x80",
    "six bytes": b"\xfc\x84\x80\x80\x80\x80",
    "80 alone": b"\x80",
    "BF alone": b"\xbf",
    "six that go on": b"\x80\xbf" * 3,
    "C3 and a blank": b"\xc3 ",
    "E0 and a blank": b"\xe0 ",
    "F0 and a blank": b"\xf0 ",
    "C0 80": b"\xc0\x80",
    "C1 BF": b"\xc1\xbf",
    "E0 80 AF": b"\xe0\x80\xaf",
    "E0 9F BF": b"\xe0\x9f\xbf",
    "F0 80 80 AF": b"\xf0\x80\x80\xaf",
    "F0 8F BF BF": b"\xf0\x8f\xbf\xbf",
    "FE": b"\xfe",
    "FF": b"\xff",
    "FE FE FF FF": b"\xfe\xfe\xff\xff",
    "an end too early": "κόσμε".encode()[:-1],
    "an end after F0 9F 98": b"\xf0\x9f\x98",
}


def _texts() -> Iterator[Case]:
    for valid, texts in ((True, _VALID), (False, _INVALID)):
        codes, count = ((1000,), 1) if valid else (_NOT_TEXT, 0)
        for name, raw in texts.items():
            raw = b"a" + raw
            parts = [Frame(TEXT, raw[:1], fin=False)]
            parts += [Frame(CONT, bytes([byte]), fin=False) for byte in raw[1:]]
            parts[-1] = replace(parts[-1], fin=True)
            forms = {"": (Frame(TEXT, raw),), ", a part for each byte": tuple(parts)}
            for form, frames in forms.items():
                yield Case(f"{name}{form}", "UTF-8" if valid else "not UTF-8", "8.1", frames,
                           codes, texts=count)  # fmt: skip
            yield Case(f"{name}, in single bytes", "UTF-8" if valid else "not UTF-8", "8.1",
                       forms[""], codes, texts=count, chop=1)  # fmt: skip
    for name in ("a surrogate", "above U+10FFFF", "FF", "C0 80"):
        yield Case(f"{name}, in a text that has not ended", "not UTF-8", "8.1",
                   (Frame(TEXT, b"a" + _INVALID[name], fin=False),), _NOT_TEXT,
                   only="client")  # fmt: skip
        yield Case(f"{name}, in the first of two", "not UTF-8", "8.1",
                   (Frame(TEXT, b"a" + _INVALID[name], fin=False), Frame(CONT, b"a")),
                   _NOT_TEXT)  # fmt: skip
    yield Case("a letter cut by a ping", "UTF-8", "8.1",
               (Frame(TEXT, b"\xc3", fin=False), Frame(PING, b"\xff"), Frame(CONT, b"\xa4")),
               pongs=(b"\xff",), texts=1)  # fmt: skip
    yield Case("a letter cut by a part's end, and no more", "not UTF-8", "8.1",
               (Frame(TEXT, b"a", fin=False), Frame(CONT, b"\xf0\x9f")), _NOT_TEXT)  # fmt: skip


def _closes() -> Iterator[Case]:
    def one(name: str, section: str, *frames: Frame, codes: tuple[int | None, ...]) -> Case:
        return Case(name, "closing", section, frames, codes)

    for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999):
        yield one(f"with {code}", "7.4.1", close(code), codes=(code, 1000, None))
    for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535):
        yield one(f"with {code}, which may not be", "7.4.2", close(code), codes=_FAILED)
    yield one("without a code", "5.5.1", close(None), codes=(None, 1000))
    yield one("with half a code", "5.5.1", Frame(CLOSE, b"\x03"), codes=_FAILED)
    yield one("with a reason", "5.5.1", close(1000, "weil’s reicht".encode()), codes=(1000,))
    yield one("with a reason of 123 bytes", "5.5.1", close(1000, b"*" * 123), codes=(1000,))
    yield one("with a reason of 124 bytes", "5.5", close(1000, b"*" * 124), codes=_FAILED)
    for name in ("a surrogate", "FF", "an end too early", "80 alone"):
        yield one(f"with a reason that has {name}", "8.1", close(1000, _INVALID[name]),
                  codes=(1007, 1002))  # fmt: skip
    yield one("twice", "5.5.1", close(1000), close(1000), codes=(1000,))
    yield one("then a ping", "5.5.1", close(1000), Frame(PING, b"late"), codes=(1000,))
    yield one("then a text", "5.5.1", close(1000), Frame(TEXT, b"late"), codes=(1000,))
    yield one("then nonsense", "5.5.1", close(1000), Frame(5, b"late", rsv=7), codes=(1000,))
    long = (Frame(TEXT, b"*" * 60_000), close(1000))
    yield Case("behind a long text", "closing", "7.1.2", long, texts=1)
    pings = tuple(Frame(PING, b"%d" % n) for n in range(3))
    yield Case("behind pings, all at once", "closing", "5.5.2", (*pings, close(1000)),
               pongs=(b"0", b"1", b"2"))  # fmt: skip


def _all() -> Iterator[Case]:
    for some in (_sizes, _pings, _reserved, _opcodes, _fragments, _texts, _closes):
        yield from some()


CASES = list(_all())
