"""HTTP exchanges out of what went over a connection: each answer with all its headers and times."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pushlab.lab.probe.recording import Recording
from pushlab.wire.http1 import BadResponse, ResponseParser

__all__ = ["Exchange", "exchanges", "request_headers"]

_METHODS = (b"GET ", b"POST ", b"PUT ", b"PATCH ", b"DELETE ", b"HEAD ", b"OPTIONS ")
_END = b"\r\n\r\n"
_LINE_LETTERS = 160
_TITLE = re.compile(r"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)


@dataclass(slots=True)
class Exchange:
    """A request, and what came of it.

    Attributes:
        request: as it was sent, body and all.
        sent_ns, head_ns, ended_ns: when it was sent, answered, and answered wholly; 0: not yet.
        status: 0: there was no answer.
        headers: by name in small letters; several of one name are joined by commas.
        head_bytes: of the answer's head.
        body: pieces, each with its moment.
        rest: of another protocol, behind an answer of 101; pieces with their moments.
        unreadable: why it is no HTTP; empty: it is.
        keeps_alive: whether the connection may carry another.
    """

    request: bytes
    sent_ns: int
    status: int = 0
    head_ns: int = 0
    ended_ns: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    head_bytes: int = 0
    body: list[tuple[int, bytes]] = field(default_factory=list)
    rest: list[tuple[int, bytes]] = field(default_factory=list)
    unreadable: str = ""
    keeps_alive: bool = True

    @property
    def media_type(self) -> str:
        """Such as ``text/html``; empty: it does not say."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def content(self) -> bytes:
        """What has come of its body."""
        return b"".join(data for _, data in self.body)

    @property
    def first_line(self) -> str:
        """The first line of its body that is not empty, or a page's title; cut to a line."""
        text = self.content[:4096].decode(errors="replace")
        if title := _TITLE.search(text):
            text = title[1]
        line = next((line.strip() for line in text.splitlines() if line.strip()), "")
        return line if len(line) <= _LINE_LETTERS else f"{line[:_LINE_LETTERS]}…"


class _AllHeaders(ResponseParser):
    """Keeps every header."""

    __slots__ = ("every",)

    def reset(self) -> None:
        super().reset()
        self.every: dict[str, str] = {}

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        self.every[key] = f"{self.every[key]}, {text}" if key in self.every else text


def request_headers(request: bytes) -> dict[str, str]:
    """The headers of a request, by name in small letters."""
    lines = request.partition(_END)[0].decode("latin-1").split("\r\n")[1:]
    pairs = (line.partition(":") for line in lines)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def exchanges(recording: Recording) -> Sequence[Exchange]:
    """The exchanges of a connection, one after the other; the last may not have ended."""
    found = [Exchange(data, at_ns) for at_ns, data in recording.sent if data.startswith(_METHODS)]
    todo = iter(found)
    pieces = iter(recording.received)
    for exchange in todo:
        if not _read(exchange, pieces, recording.ended_ns):
            break
    return found


def _read(exchange: Exchange, pieces: Iterator[tuple[int, bytes]], closed_ns: int | None) -> bool:
    """Read one answer; whether another may follow."""
    parser = _AllHeaders()
    raw = b""
    for at_ns, data in pieces:
        if not exchange.status:
            raw += data
        try:
            parser.feed(data)
        except BadResponse as error:
            if parser.status != 101:
                exchange.unreadable = str(error)
        if parser.status and not exchange.status:
            exchange.status, exchange.head_ns = parser.status, at_ns
            exchange.headers = dict(parser.every)
            exchange.head_bytes = raw.find(_END) + len(_END)
        if exchange.status == 101:
            exchange.rest = [(at_ns, raw[exchange.head_bytes :]), *pieces]
        elif body := parser.take():
            exchange.body.append((at_ns, body))
        if parser.complete or exchange.unreadable or exchange.status == 101:
            exchange.ended_ns = at_ns
            exchange.keeps_alive = parser.keeps_alive
            return not exchange.unreadable and exchange.status != 101
    if closed_ns is not None and parser.feed_eof():
        exchange.ended_ns = closed_ns
        exchange.keeps_alive = False
    return False
