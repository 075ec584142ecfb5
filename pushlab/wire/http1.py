"""A client's HTTP/1.1 without a socket: a request's bytes, and a response's parts.

The client halves of transports speak it, and `pushlab.wire.http_client` for all other requests.
Parsing is httptools' (llhttp, the parser of Node.js). Framing is RFC 9112.
"""

import json
from collections.abc import Mapping

import httptools

from pushlab.contract.subscriber import Endpoint

__all__ = [
    "BadResponse",
    "BodyParser",
    "ResponseParser",
    "refusal_reason",
    "request_bytes",
    "request_head",
]


class BadResponse(Exception):
    """The other side does not speak HTTP/1.1."""


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
        return str(json.loads(body)["error"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return f"http-{status}"


class BodyParser:
    """Collects one response after another, without their headers.

    Attributes:
        status: of the response being read; 0 before its headers are read.
        body: what has arrived of its body and has not been taken.
        complete: whether it is whole.
        keeps_alive: whether another may follow on this connection.
    """

    __slots__ = ("_parser", "body", "complete", "keeps_alive", "status")

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self.reset()

    def reset(self) -> None:
        """Forget the last response."""
        self.status = 0
        self.body: list[bytes] = []
        self.complete = False
        self.keeps_alive = True

    def feed(self, data: bytes) -> None:
        """Take bytes. Raises BadResponse."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as error:
            raise BadResponse("it changes to another protocol") from error
        except httptools.HttpParserError as error:
            raise BadResponse(str(error)) from error

    # ---- called by httptools ----

    def on_headers_complete(self) -> None:
        """The status line and every header are read."""
        self.status = self._parser.get_status_code()

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        self.body.append(data)

    def on_message_complete(self) -> None:
        """The response is whole."""
        if self.status < 200 and self.status != 101:
            self.reset()  # an interim answer, such as 103 Early Hints; the real one follows
            return
        self.complete = True
        self.keeps_alive = self._parser.should_keep_alive()


class ResponseParser(BodyParser):
    """Collects one response after another.

    Attributes:
        cursor: the ``Pushlab-Cursor`` header, if there was one.
        gap: the ``Pushlab-Gap`` header, if there was one.
    """

    __slots__ = ("cursor", "gap")

    def reset(self) -> None:
        """Forget the last response."""
        super().reset()
        self.cursor: str | None = None
        self.gap: str | None = None

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header; called by httptools."""
        if len(name) == 14 and name.lower() == b"pushlab-cursor":
            self.cursor = value.decode("latin-1")
        elif len(name) == 11 and name.lower() == b"pushlab-gap":
            self.gap = value.decode("latin-1")
