"""Chapter 10's second build: a wire of one's own, both ends, judged by the contract's clauses."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from pushlab.course.builds.base import Build
from pushlab.course.builds.cases import Case, Slip, StudentError, Words

__all__ = ["BUILDS"]

#: Any text that a message may be: lines, marks that a wire may use itself, other scripts.
TEXTS = (
    "lunch?",
    "two\nlines",
    "\n",
    " 7 ",
    "a\x00b",
    "12:34",
    "grüezi 🐢",
    "[]{}\"'\\",
    "\r\n\r\n",
)


def _bytes(told: Any) -> bytes:
    if not isinstance(told, bytes | bytearray):
        wanted = f"`pack` should return bytes; it returns {type(told).__name__}."
        raise StudentError("no bytes", f"{wanted} `text.encode()` makes bytes of a text.")
    return bytes(told)


def _found(told: Any) -> list[Any]:
    if not isinstance(told, list | tuple):
        wanted = "`feed` should return a list, an empty one where no message is whole yet"
        raise StudentError("no list", f"{wanted}; it returns {type(told).__name__}.")
    return [tuple(each) if isinstance(each, list) else each for each in told]


def _sent(kind: Any, sizes: Sequence[int], messages: Sequence[tuple[int, str]]) -> list[Any]:
    """What a client gets of these messages, in pieces of these sizes, again and again."""
    server, client = kind(), kind()
    line = b"".join(_bytes(server.pack(number, text)) for number, text in messages)
    got: list[Any] = []
    turn = 0
    while line:
        size = sizes[turn % len(sizes)]
        got.extend(_found(client.feed(line[:size])))
        line, turn = line[size:], turn + 1
    return got


def _numbered(texts: Sequence[str]) -> list[tuple[int, str]]:
    return list(enumerate(texts, 1))


def _case(
    name: str,
    given: str,
    sizes: Sequence[int],
    messages: Sequence[tuple[int, str]],
    *slips: Slip,
    expected: Sequence[tuple[int, str]] | None = None,
    otherwise: str = "",
    raises: Mapping[type[BaseException], str] | None = None,
) -> Case:
    return Case(
        name=name,
        given=given,
        tries=lambda kind: _sent(kind, sizes, messages),
        expected=list(messages if expected is None else expected),
        slips=slips,
        otherwise=otherwise,
        raises=raises or {},
    )


def _noise(kind: Any) -> int:
    """How many of 300 messages come right, in pieces of any size."""
    rng = Random(5)
    messages = [
        (n, "".join(rng.choices("ab\n:{}0 ü🐢", k=rng.randrange(1, 40)))) for n in range(1, 301)
    ]
    got = _sent(kind, [rng.randrange(1, 60) for _ in range(97)], messages)
    right = sum(one == two for one, two in zip(got, messages, strict=False))
    return int(right) - max(0, len(got) - 300)


_BIG = "x" * 32_767
_NOTHING = Slip(
    "nothing comes",
    lambda came: came == [],
    "`feed` finds no message. What does it keep until the next call, and when is a message whole?",
)

_CASES = (
    _case(
        "a message arrives",
        'pack(1, "lunch?"), fed in one piece',
        (1000,),
        [(1, "lunch?")],
        _NOTHING,
        Slip(
            "the text alone",
            lambda came: came and isinstance(came[0], str),
            "A client has to know the number, too: give pairs, `(number, text)`.",
        ),
        Slip(
            "bytes for a text",
            lambda came: came and isinstance(came[0][1], bytes),
            "The text comes as bytes. `data.decode()` makes a text of them.",
        ),
        Slip(
            "a text for a number",
            lambda came: came and isinstance(came[0][0], str | bytes),
            "The number comes as a text. `int(...)` makes a number of it.",
        ),
    ),
    _case(
        "messages arrive in order, each exactly once",
        "three messages, fed in one piece",
        (1000,),
        _numbered(["one", "two", "three"]),
        _NOTHING,
        Slip(
            "only the first",
            lambda came: len(came) == 1,
            "One piece of bytes may hold several messages. Go on in `feed` for as long as there is"
            " a whole one.",
        ),
    ),
    _case(
        "bytes come as they like",
        "two messages, fed byte by byte",
        (1,),
        _numbered(["lunch?", "at one"]),
        Slip(
            "a piece for a message",
            lambda came: len(came) != 2,
            "A line knows no messages, only bytes: it may cut them anywhere. Keep what is not whole"
            " yet in `self`, and look at it together with what comes next.",
        ),
    ),
    _case(
        "any text",
        f"{len(TEXTS)} texts, with line ends, digits, quotes and turtles, in pieces of 5 bytes",
        (5,),
        _numbered(TEXTS),
        Slip(
            "a mark in the text",
            lambda came: [each[1] for each in came] != list(TEXTS),
            "A text may hold the mark that ends your messages, or that divides number and text."
            " Say before the text how long it is, or write the text so that the mark cannot be in"
            " it.",
        ),
        raises={
            ValueError: "After one of these texts `feed` looks for the next message in the wrong"
            " place: a text may hold your own mark, and it may have more bytes than letters."
        },
    ),
    _case(
        "letters of several bytes",
        'the turtle of "🐢🐢" is cut in the middle: pieces of 3 bytes',
        (3,),
        _numbered(["🐢🐢", "ü"]),
        otherwise="A letter may have several bytes: count bytes, not letters, and decode a whole"
        " text only.",
    ),
    _case(
        "a message comes once more",
        "after a lost line the server sends 2 and 3 again: 1, 2, 3, 2, 3, 4",
        (7,),
        [(1, "a"), (2, "b"), (3, "c"), (2, "b"), (3, "c"), (4, "d")],
        Slip(
            "twice",
            lambda came: len(came) > 4,
            "The application gets a message twice. On the wire that may be; the client drops what"
            " has a number that it has seen.",
        ),
        expected=[(1, "a"), (2, "b"), (3, "c"), (4, "d")],
    ),
    _case(
        "the largest message",
        "a text of 32,767 bytes, in pieces of 1,000",
        (1000,),
        [(1, _BIG), (2, "after it")],
        otherwise="A message may be as long as 32,767 bytes. Is there room for its length?",
    ),
    Case(
        name="everything at once",
        given="300 messages of any letters, in pieces of any size",
        tries=_noise,
        expected=300,
        shows=lambda came: Words(f"{came} of 300 come right"),
    ),
)

_SKELETON = """
class Wire:
    def __init__(self):
        self.rest = b""  # bytes that are not yet a whole message

    def pack(self, number, text):
        return b""  # the server's end: a message as bytes

    def feed(self, data):
        return []  # the client's end: all that is whole now, as (number, text)
"""

_GAPS = """
class Wire:
    def __init__(self):
        self.rest, self.last = b"", 0

    def pack(self, number, text):
        body = text.encode()
        return f"{number} {...}\\n".encode() + body

    def feed(self, data):
        self.rest += data
        found = []
        while b"\\n" in self.rest:
            head, _, rest = self.rest.partition(b"\\n")
            number, size = map(int, head.split())
            if len(rest) < ...:
                break
            if number > ...:
                found.append((number, rest[:size].decode()))
                self.last = ...
            self.rest = rest[...:]
        return found
"""

_CODE = """
class Wire:
    def __init__(self):
        self.rest, self.last = b"", 0

    def pack(self, number, text):
        body = text.encode()
        return f"{number} {len(body)}\\n".encode() + body

    def feed(self, data):
        self.rest += data
        found = []
        while b"\\n" in self.rest:
            head, _, rest = self.rest.partition(b"\\n")
            number, size = map(int, head.split())
            if len(rest) < size:
                break
            if number > self.last:
                found.append((number, rest[:size].decode()))
                self.last = number
            self.rest = rest[size:]
        return found
"""

BUILDS: tuple[Build, ...] = (
    Build(
        name="Wire",
        question=(
            "Build it: a wire of your own, both ends. `pack(number, text)` is the server's end: it"
            " makes bytes of a message. `feed(data)` is the client's end: it gets bytes as they"
            " come and returns a list of all messages that are whole now, as pairs `(number,"
            " text)`.\n\n"
            "How the bytes look is yours to decide; nobody has to know but your two ends. The judge"
            " sends what your `pack` makes through a line that cuts it anywhere, and holds what"
            " `feed` finds against clauses of pushlab's contract: in order, each exactly once, any"
            " text, up to 32,767 bytes."
        ),
        skeleton=_SKELETON,
        hints=(
            "A message could be a line with its number and its length, and then its text. `text"
            ".encode()` makes bytes of a text, and `len` counts them.",
            "In `feed` put `data` behind `self.rest`. While there is a whole message at its"
            " beginning, take it off.",
            "Messages may come twice after a lost line. Keep the highest number that you have given"
            " out, and drop what is not above it.",
        ),
        gaps=_GAPS,
        code=_CODE,
        cases=_CASES,
        why=(
            "A line knows only bytes, so a wire must say itself where a message ends: by a mark (as"
            " SSE does) or by a length (as WebSocket and MQTT do). And exactly once is made at the"
            " client: the wire may repeat, a number says what was there already."
        ),
    ),
)
