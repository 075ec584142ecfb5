"""A client's HTTP/1.1 without a socket: a request's bytes, and a response's parts.

The client halves of transports speak it, and `pushlab.wire.http_client` for all other requests.
Parsing is httptools' (llhttp, the parser of Node.js). Framing is RFC 9112.
"""

import json
import math
from collections.abc import Mapping, Set
from typing import Any, ClassVar

from pushlab.contract.reasons import reason_of
from pushlab.contract.subscriber import Endpoint
from pushlab.errors import InvalidCursor, MissingExtra

httptools: Any  # compiled: where there is none, as in a browser's tab, what parses nothing works
try:
    import httptools
except ModuleNotFoundError:
    httptools = None

__all__ = [
    "MAX_HEAD_BYTES",
    "UNREADABLE",
    "BadResponse",
    "BodyParser",
    "ResponseParser",
    "refusal_reason",
    "request_bytes",
    "request_head",
]


#: Of an answer, unless a parser is told otherwise; a page of a poll may have a few megabytes.
MAX_BODY_BYTES = 64 * 1024 * 1024
MAX_HEAD_BYTES = 64 * 1024
_MAX_REFUSAL_BYTES = 64 * 1024
_READ = {
    b"content-encoding",
    b"content-length",
    b"content-type",
    b"location",
    b"pushlab-cursor",
    b"pushlab-gap",
    b"retry-after",
    b"transfer-encoding",
}
_LONGEST_RETRY_S = 300.0


class BadResponse(Exception):
    """The other side does not speak HTTP/1.1."""


#: What reading an answer raises that is none of pushlab's.
UNREADABLE = (
    BadResponse,
    InvalidCursor,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    OverflowError,
    RecursionError,
)


def request_head(
    endpoint: Endpoint, token: str, method: str, *headers: tuple[str, str]
) -> tuple[bytes, bytes]:
    """A request without a body, in two halves: between them goes what changes in the path."""
    first = f"{method} {endpoint.path or '/'}"
    lines = [
        " HTTP/1.1",
        f"Host: {endpoint.authority}",
        f"Authorization: Bearer {token}",
        *(f"{name}: {value}" for name, value in headers),
        "\r\n",
    ]
    return first.encode(), "\r\n".join(lines).encode()


def request_bytes(
    authority: str, method: str, path: str, *, headers: Mapping[str, str], body: bytes = b""
) -> bytes:
    """A whole request; `path` must be encoded already."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {authority}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body or method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def refusal_reason(status: int, body: bytes) -> str:
    """The reason in a refusal's JSON, or ``http-<status>``."""
    try:
        reason = json.loads(body)["error"]
    except (ValueError, LookupError, TypeError, RecursionError):
        reason = None
    return reason_of(status, reason)


class BodyParser:
    """Collects one response after another, without their headers.

    It holds no more than `limit` bytes of a body, and gives a head up that does not end.

    Attributes:
        status: of the response being read; 0 before its headers are read.
        body: what has arrived of its body and has not been taken.
        complete: whether it is whole.
        keeps_alive: whether another may follow on this connection.
    """

    __slots__ = (
        "_held",
        "_parser",
        "_unread",
        "body",
        "complete",
        "keeps_alive",
        "limit",
        "status",
    )

    def __init__(self, limit: int = MAX_BODY_BYTES) -> None:
        if httptools is None:
            raise MissingExtra("HTTP is read with httptools; try: pip install httptools")
        self.limit = limit
        self._parser = httptools.HttpResponseParser(self)
        self._unread = 0  # bytes since something of use came
        self.reset()

    def reset(self) -> None:
        """Forget the last response."""
        self.status = 0
        self.body: list[bytes] = []
        self._held = 0
        self.complete = False
        self.keeps_alive = True

    @property
    def refuses(self) -> bool:
        """Whether an answer that is none of success is read so far as anybody needs it."""
        return self.status >= 300 and (self.complete or self._held > _MAX_REFUSAL_BYTES)

    def take(self) -> bytes:
        """What has arrived of the body since the last call."""
        body = self.body
        if not body:
            return b""
        data = body[0] if len(body) == 1 else b"".join(body)
        body.clear()
        return data

    def feed(self, data: bytes) -> None:
        """Take bytes; those behind a whole response are dropped, and it is the connection's last.

        Raises:
            BadResponse: they are no HTTP/1.1, or have no end.
        """
        self._unread += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if self.status == 101:
                raise BadResponse("101: it changes to another protocol, unasked") from error
            if not self.complete:
                raise BadResponse(str(error)) from error
            self.keeps_alive = False
        if self._unread > MAX_HEAD_BYTES and not self.complete:
            raise BadResponse(f"over {MAX_HEAD_BYTES:,} bytes without an answer in them")
        if self._held > self.limit:
            raise BadResponse(f"an answer of over {self.limit:,} bytes")

    # ---- called by httptools ----

    def on_headers_complete(self) -> None:
        """The status line and every header are read; behind a whole response they are not ours."""
        if self.complete:
            raise BadResponse("two answers to one question")
        self.status = self._parser.get_status_code()

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        self._held = self._held + len(data) if self.body else len(data)
        self.body.append(data)
        self._unread = 0

    def on_message_complete(self) -> None:
        """The response is whole."""
        if self.status < 200 and self.status != 101:
            self.reset()  # an interim answer, such as 103 Early Hints; the real one follows
            return
        self.complete = True
        self.keeps_alive = self._parser.should_keep_alive()
        self._unread = 0


class ResponseParser(BodyParser):
    """Collects one response after another, with the few headers that clients read.

    Attributes:
        READ: those headers; LENGTHS, of their names.
    """

    READ: ClassVar[Set[bytes]] = _READ
    LENGTHS: ClassVar[Set[int]] = {len(name) for name in _READ}

    __slots__ = ("_headers",)

    def reset(self) -> None:
        """Forget the last response."""
        super().reset()
        self._headers: dict[bytes, bytes] = {}

    def header(self, name: bytes) -> str | None:
        """One of `READ`; the first of several of that name."""
        value = self._headers.get(name)
        return None if value is None else value.decode("latin-1")

    @property
    def cursor(self) -> str | None:
        """The ``Pushlab-Cursor`` header, if there was one."""
        return self.header(b"pushlab-cursor")

    @property
    def gap(self) -> str | None:
        """The ``Pushlab-Gap`` header, if there was one."""
        return self.header(b"pushlab-gap")

    @property
    def retry_after_s(self) -> float:
        """What ``Retry-After`` asks for, in seconds (RFC 9110, section 10.2.3); 0 where it is not.

        At most five minutes; a date, which needs a clock that both sides share, is not read.
        """
        said = (self.header(b"retry-after") or "").strip()
        if not (said.isascii() and said.isdigit()):
            return 0.0
        return min(float(said[-9:]) if len(said.lstrip("0")) < 10 else math.inf, _LONGEST_RETRY_S)

    @property
    def media_type(self) -> str | None:
        """What the body is said to be, such as ``text/html``; None where nothing is said."""
        said = self.header(b"content-type")
        return None if said is None else said.partition(";")[0].strip().lower()

    def feed_eof(self) -> bool:
        """The connection has ended; whether the response is whole now.

        It is if it did not say how long it is (RFC 9112, section 6.3).
        """
        if not self.complete and self.status >= 200:
            sized = self.header(b"content-length") or self.header(b"transfer-encoding")
            self.complete = sized is None
            self.keeps_alive = False
        return self.complete

    def is_plain(self, media_type: bytes) -> bool:
        """Whether it says that its body is of this type, or nothing, and is not compressed.

        Raises:
            BadResponse: it is compressed.
        """
        headers = self._headers
        if headers.get(b"content-type") != media_type:
            said = self.media_type
            if said is not None and said.encode("latin-1") != media_type:
                return False
        self.check_coding()
        return True

    def check_coding(self) -> None:
        """Raises BadResponse where the body is compressed, which nobody asked for."""
        if b"content-encoding" not in self._headers:
            return
        coding = self.header(b"content-encoding")
        if coding is not None and coding.strip().lower() not in ("", "identity"):
            raise BadResponse(f"the body is compressed ({coding[:20]}), which nobody asked for")

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header; called by httptools."""
        if self.complete:
            return  # of what nobody asked for
        if len(name) in self.LENGTHS and (name := name.lower()) in self.READ:
            self._headers.setdefault(name, value)
