"""Streams, and the events in them: WHATWG HTML, sections 9.2.5 and 9.2.6.

The cases cover the ground of the event-stream tests of web-platform-tests, in our own words.
"""

from dataclasses import dataclass

__all__ = ["CASES", "MESSAGES", "Case", "Event"]

#: Type, data and last event ID.
Event = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Case:
    """A stream.

    Attributes:
        retry_ms: what it says of `retry`; 0: nothing.
    """

    name: str
    stream: bytes
    events: tuple[Event, ...]
    retry_ms: int = 0


def _case(name: str, stream: bytes | str, *events: str | Event, retry_ms: int = 0) -> Case:
    """A case whose events are messages without an ID, where only their data is given."""
    raw = stream.encode() if isinstance(stream, str) else stream
    whole = [("message", event, "") if isinstance(event, str) else event for event in events]
    return Case(name, raw, tuple(whole), retry_ms)


_BOM = b"\xef\xbb\xbf"

CASES = [
    _case("one message", "data: hello\n\n", "hello"),
    _case("no blank behind the colon", "data:hello\n\n", "hello"),
    _case("two blanks behind it", "data:  hello\n\n", " hello"),
    _case("a tab behind it", "data:\thello\n\n", "\thello"),
    _case("only blanks", "data:   \n\n", "  "),
    _case("colons in the data", "data: a:b: c\n\n", "a:b: c"),
    _case("data without a colon", "data\n\n", ""),
    _case("two data without a colon", "data\ndata\n\n", "\n"),
    _case("data with a colon alone", "data:\n\n", ""),
    _case("empty lines of data", "data:\ndata:\ndata:\n\n", "\n\n"),
    _case("several lines", "data: a\ndata: b\ndata: c\n\n", "a\nb\nc"),
    _case("the standard's stocks", "data: YHOO\ndata: +2\ndata: 10\n\n", "YHOO\n+2\n10"),
    _case("the standard's second example",
          ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\n"
          "data:  third event\n\n",
          ("message", "first event", "1"), "second event", " third event"),
    _case("the standard's third example", "data\n\ndata\ndata\n\ndata:", "", "\n"),
    _case("the standard's fourth example", "data:test\n\ndata: test\n\n", "test", "test"),
    _case("no empty line at the end", "data: a\n\ndata: b\n", "a"),
    _case("no end of the line", "data: a\n\ndata: b", "a"),
    _case("nothing", ""),
    _case("empty lines", "\n\n\n\n"),
    _case("empty lines between", "\n\ndata: a\n\n\n\n\ndata: b\n\n\n", "a", "b"),
    _case("LF", "data: a\ndata: b\n\ndata: c\n\n", "a\nb", "c"),
    _case("CR LF", "data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n", "a\nb", "c"),
    _case("CR", "data: a\rdata: b\r\rdata: c\r\r", "a\nb", "c"),
    _case("all three", "data: a\r\ndata: b\ndata: c\r\r\ndata: d\n\r", "a\nb\nc", "d"),
    _case("CR, then LF, is one end", "data: a\r\n\r\ndata: b\r\n\r\n", "a", "b"),
    _case("LF, then CR, is two", "data: a\n\rdata: b\n\r", "a", "b"),
    _case("many ends at the end", "data: a\r\r\r\r\n\n", "a"),
    _case("a byte order mark", _BOM + b"data: a\n\n", "a"),
    _case("two byte order marks", _BOM + _BOM + b"data: a\n\ndata: b\n\n", "b"),
    _case("a mark that is not first", b"data: a\n\n" + _BOM + b"data: b\n\ndata: c\n\n", "a", "c"),
    _case("a mark in the data", b"data: " + _BOM + b"a\n\n", "\ufeffa"),
    _case("a mark alone", _BOM),
    _case("a comment", ": a\n\n"),
    _case("a comment within", "data: a\n: b\n:\ndata: c\n:::d\n\n", "a\nc"),
    _case("comments of NUL", ":\0\ndata: a\n:\0\n\n", "a"),
    _case("a long comment", ":" + "x" * 5_000 + "\ndata: a\n\n", "a"),
    _case("a type", "event: add\ndata: a\n\n", ("add", "a", "")),
    _case("a type behind the data", "data: a\nevent: add\n\n", ("add", "a", "")),
    _case("an empty type", "event:\ndata: a\n\nevent\ndata: b\n\n", "a", "b"),
    _case("a type called message", "event: message\ndata: a\n\n", "a"),
    _case("two types", "event: a\nevent: b\ndata: x\n\n", ("b", "x", "")),
    _case("a type that an empty one follows", "event: a\nevent\ndata: x\n\n", "x"),
    _case("a type without data is forgotten", "event: a\n\ndata: x\n\n", "x"),
    _case("a type that blanks surround", "event:  a \ndata: x\n\n", (" a ", "x", "")),
    _case("fields nobody knows", "datas: a\nDATA: b\nda ta: c\n data: d\ndata : e\ndata: f\n\n",
          "f"),
    _case("a line of colons", "::\ndata: a\n\n", "a"),
    _case("NUL in the data", "data:\0\n\n", "\0"),
    _case("NUL in a field's name", "da\0ta: a\ndata\0: b\n\0data: c\ndata: d\n\n", "d"),
    _case("fields of all kinds",
          "data:\0\ndata:  2\rData:1\ndata\0:2\ndata:1\r\0data:4\nda-ta:3\rdata_5\ndata:3\rdata:\r"
          "\n data:32\ndata:4\n\n", "\0\n 2\n1\n3\n\n4"),
    _case("UTF-8", "data: äöü€😀\n\n", "äöü€😀"),
    _case("not UTF-8", b"data: a\xff\xfeb\n\n", "a\ufffd\ufffdb"),
    _case("half a letter at a line's end", b"data: \xe2\x82\ndata: b\n\n", "\ufffd\nb"),
    _case("U+2028 and U+0085 end no line", "data: a\u2028b\u0085c\x0bd\x0ce\x1cf\n\n",
          "a\u2028b\u0085c\x0bd\x0ce\x1cf"),
    _case("an ID", "id: 1\ndata: a\n\n", ("message", "a", "1")),
    _case("an ID behind the data", "data: a\nid: 1\n\n", ("message", "a", "1")),
    _case("an ID stays", "id: 1\ndata: a\n\ndata: b\n\n", ("message", "a", "1"),
          ("message", "b", "1")),
    _case("an ID without data stays", "id: 1\n\ndata: b\n\n", ("message", "b", "1")),
    _case("an empty ID resets it", "id: 1\ndata: a\n\nid\ndata: b\n\nid:\ndata: c\n\n",
          ("message", "a", "1"), "b", "c"),
    _case("an ID with NUL is passed over", "id: 1\ndata: a\n\nid: 2\0x\ndata: b\n\n",
          ("message", "a", "1"), ("message", "b", "1")),
    _case("two IDs", "id: 1\nid: 2\ndata: a\n\n", ("message", "a", "2")),
    _case("an ID in UTF-8", "id: …😀\ndata: a\n\n", ("message", "a", "…😀")),
    _case("an ID with blanks", "id:  1 \ndata: a\n\n", ("message", "a", " 1 ")),
    _case("an ID of a block that ends too early", "data: a\n\nid: 1\n", "a"),
    _case("retry", "retry: 3000\ndata: a\n\n", "a", retry_ms=3_000),
    _case("retry without data", "retry:500\n\n", retry_ms=500),
    _case("retry with leading zeros", "retry: 00020\n\n", retry_ms=20),
    _case("retry, empty", "retry: 7\nretry:\nretry\n\n", retry_ms=7),
    _case("retry, bogus", "retry: 7\nretry: 1000x\nretry: -1\nretry: 1.5\nretry: 0x10\n\n",
          retry_ms=7),
    _case("retry, digits of another script", "retry: 7\nretry: ١٢\n\n", retry_ms=7),
    _case("retry, a blank behind", "retry: 7\nretry: 10 \n\n", retry_ms=7),
    _case("a long line", "data: " + "x" * 40_000 + "\n\n", "x" * 40_000),
    _case("a thousand lines", "data: a\n" * 1_000 + "\n", "\n".join(["a"] * 1_000)),
    _case("a thousand events", "data: a\n\n" * 1_000, *["a"] * 1_000),
]  # fmt: skip

#: Streams of a hub to the client half, and the messages that a reader at e-0 gets of them.
MESSAGES: list[tuple[str, str | bytes, list[str]]] = [
    ("id before data", "id: e-1\ndata: a\n\nid: e-2\ndata: b\n\n", ["a", "b"]),
    ("id behind data", "data: a\nid: e-1\n\ndata: b\nid: e-2\n\n", ["a", "b"]),
    ("CR LF", "id: e-1\r\ndata: a\r\ndata: b\r\n\r\n", ["a\nb"]),
    ("CR", "id: e-1\rdata: a\rdata: b\r\rid: e-2\rdata: c\r\r", ["a\nb", "c"]),
    ("a byte order mark", "\ufeffid: e-1\ndata: a\n\n", ["a"]),
    ("comments between", ": x\nid: e-1\n: y\ndata: a\n\n: keep-alive\n\n", ["a"]),
    ("the same twice", "id: e-1\ndata: a\n\nid: e-1\ndata: a\n\nid: e-2\ndata: b\n\n", ["a", "b"]),
    ("an ID with NUL", "id: e-1\ndata: a\nid: e-2\0\n\nid: e-2\ndata: b\n\n", ["a", "b"]),
    ("other types", "event: x\nid: e-1\ndata: {}\n\nid: e-1\ndata: a\n\n", ["a"]),
    ("fields nobody knows", "id: e-1\nfoo: bar\ndata: a\nbaz\n\n", ["a"]),
    ("not UTF-8", b"id: e-1\ndata: a\xff\n\nid: e-2\ndata: b\n\n", ["a\ufffd", "b"]),
    ("UTF-8", "id: e-1\ndata: ä€😀\n\n", ["ä€😀"]),
    ("no end", "id: e-1\ndata: a\n\nid: e-2\ndata: b\n", ["a"]),
]
