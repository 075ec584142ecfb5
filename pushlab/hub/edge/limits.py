"""What may come in at all: limits of heads and bodies, and what a head must say (RFC 9112).

llhttp refuses most of what two parsers could read in two ways; what it lets through (a second
transfer coding, no Host or two) is refused here, so that nothing is served that a proxy on the way
may have understood differently.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from pushlab.contract.limits import MAX_BATCH_MESSAGES, MAX_MESSAGE_BYTES
from pushlab.contract.reasons import Reason
from pushlab.contract.serving import Headers, HubSettings
from pushlab.errors import Refused
from pushlab.hub.edge.refusals import Refusal
from pushlab.wire.asgi import refusal_headers

__all__ = [
    "BAD_UPGRADE",
    "CROWDED",
    "LEAST_BYTES_PER_S",
    "MAX_BATCH_BYTES",
    "MAX_HEAD_BYTES",
    "MAX_UNASKED_BYTES",
    "OTHER_WEBSOCKET",
    "UPGRADE_WITH_BODY",
    "Edge",
    "RequestHead",
    "edge_reasons",
    "last_answer",
    "late",
    "malformed",
    "most_body",
    "read_head",
    "reason_of",
    "too_large_body",
    "too_large_head",
]

MAX_HEAD_BYTES = 16 * 1024
#: Room for a full batch of full messages. JSON in ASCII spends up to three bytes on one of a
#: letter's (``\\u0439``), so most writers' whole batches fit, whatever their script.
MAX_BATCH_BYTES = MAX_BATCH_MESSAGES * (3 * MAX_MESSAGE_BYTES + 1024)
#: Bodies that no route asks for are read past, so that the connection can be used again.
MAX_UNASKED_BYTES = 64 * 1024
#: Who sends a body must send so fast, beside `HubSettings.body_s` (Apache's mod_reqtimeout has the
#: same rule). By what has come and not by what was announced, which costs an attacker nothing.
LEAST_BYTES_PER_S = 1024
_WITHOUT_BODY = ("GET", "HEAD", "DELETE", "OPTIONS", "TRACE")
_HOST = re.compile(rb"[A-Za-z0-9._~!$&'()*+;=%:\[\]-]*")  # RFC 3986, section 3.2.2, and a port
_AUTHORITY = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#]*@)?([^/?#@]*)(.*)", re.DOTALL)


def _note(kind: str, *, who: str = "", detail: str = "", n: int = 1) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Edge:
    """The hub's dials for what comes in, and who is told of what does not.

    Attributes:
        head_s, body_s: as in `HubSettings`.
        note: counts a refusal, as `pushlab.hub.edge.refusals.Refusals.note` does.
    """

    head_s: float = HubSettings().head_s
    body_s: float = HubSettings().body_s
    note: Callable[..., None] = _note


class RequestHead(NamedTuple):
    """What a head asks for.

    Attributes:
        target: in origin form (``/path?query``), or ``*``.
        headers: those of the request; the target's host is its Host.
        length: of the body, in bytes; None where it is chunked.
        most: bytes that the body may have.
    """

    target: bytes
    headers: Headers
    length: int | None
    most: int


@lru_cache(maxsize=1_000)
def _valid_host(value: bytes) -> bool:
    """Whether this may be a Host's value (RFC 9112, section 3.2)."""
    return _HOST.fullmatch(value) is not None


def read_head(method: str, version: str, target: bytes, headers: Headers) -> RequestHead:
    """Check a head that the parser has let through.

    Raises:
        Refused: 400 for a head that can be read in two ways, 413 for a body that is too long, 505
            for another HTTP.
    """
    if version not in ("1.0", "1.1"):
        if version == "0.9":
            raise malformed("a request's first line ends with HTTP/1.1 or HTTP/1.0")
        raise _OTHER_HTTP()
    hosts: list[bytes] = []
    codings: list[bytes] = []
    length: int | None = 0
    for name, value in headers:
        if name == b"host":
            hosts.append(value.strip())
        elif name == b"transfer-encoding":
            codings.append(value.strip().lower())
        elif name == b"content-length":
            length = int(value)
    if len(hosts) > 1 or not (hosts or version == "1.0"):
        found = "none" if not hosts else "several"
        raise malformed(f"a request has one Host header; this one has {found}")
    if hosts and not _valid_host(hosts[0]):
        raise malformed("the Host header is no host")
    if codings and (codings != [b"chunked"] or version == "1.0"):
        raise malformed("of transfer codings this server takes chunked alone, and in HTTP/1.1")
    if target[:1] not in (b"/", b"*"):
        absolute = _AUTHORITY.fullmatch(target)
        if absolute is None or not _valid_host(absolute[1]):
            raise malformed("the request's target is no path and no URL")
        target = absolute[2] if absolute[2][:1] == b"/" else b"/" + absolute[2]
        # RFC 9112, section 3.2.2: it counts, and the Host header does not.
        headers = [(b"host", absolute[1]), *(each for each in headers if each[0] != b"host")]
    most = most_body(method)
    if codings:
        length = None
    elif length is not None and length > most:
        raise too_large_body(most)
    return RequestHead(target, headers, length, most)


def most_body(method: str) -> int:
    """Bytes that a request's body may have, whatever it asks for."""
    return MAX_UNASKED_BYTES if method in _WITHOUT_BODY else MAX_BATCH_BYTES


# ---- refusing ---------------------------------------------------------------------------------

_TOO_MANY = "there are too many connections to this hub already"
_LIMIT = f"the limit is {MAX_HEAD_BYTES:,} bytes"
_MALFORMED = Reason(400, Refusal.MALFORMED, "a request has one Host header; this one has several")
_OTHER_HTTP = Reason(505, Refusal.MALFORMED, "this is a server of HTTP/1.1 and HTTP/1.0")
_HEAD_TIMED_OUT = Reason(408, Refusal.HEAD_TIMED_OUT, "the request's head came too slowly")
_BODY_TIMED_OUT = Reason(408, Refusal.BODY_TIMED_OUT, "the request's body came too slowly")
_TARGET_TOO_LARGE = Reason(
    414, Refusal.HEAD_TOO_LARGE, f"the request's target is too long; {_LIMIT}"
)
_HEAD_TOO_LARGE = Reason(431, Refusal.HEAD_TOO_LARGE, f"the request's head is too long; {_LIMIT}")
#: Why a connection is refused, before anything is asked.
CROWDED = (
    Reason(
        429, Refusal.TOO_MANY_OF_ADDRESS, "there are too many connections of your address already"
    ),
    Reason(503, Refusal.TOO_MANY_CONNECTIONS, _TOO_MANY),
    Reason(503, Refusal.OUT_OF_DESCRIPTORS, _TOO_MANY),
)
BAD_UPGRADE = Reason(400, Refusal.BAD_UPGRADE, "a WebSocket begins with GET")
UPGRADE_WITH_BODY = BAD_UPGRADE.such("a WebSocket begins with a request without a body")
OTHER_WEBSOCKET = Reason(426, Refusal.BAD_UPGRADE, "of WebSocket's versions this server knows 13")


def malformed(detail: str) -> Refused:
    """What is no request."""
    return _MALFORMED(detail)


def too_large_body(most: int) -> Refused:
    """A body that no route takes."""
    return _body_too_large(most)()


def _body_too_large(most: int) -> Reason:
    return Reason(413, Refusal.BODY_TOO_LARGE, f"the body is over {most:,} bytes")


def too_large_head(target: bytes) -> Refused:
    """A head over the limit, of whose target so much has come."""
    return _TARGET_TOO_LARGE() if len(target) > MAX_HEAD_BYTES - 256 else _HEAD_TOO_LARGE()


def edge_reasons(method: str) -> tuple[Reason, ...]:
    """Why any request of this method may be refused, before it is known what it asks for."""
    upgrade = (UPGRADE_WITH_BODY, OTHER_WEBSOCKET) if method == "GET" else (BAD_UPGRADE,)
    return (
        _MALFORMED,
        *upgrade,
        _HEAD_TIMED_OUT,
        _BODY_TIMED_OUT,
        _body_too_large(most_body(method)),
        _TARGET_TOO_LARGE,
        _HEAD_TOO_LARGE,
        *CROWDED,
        _OTHER_HTTP,
    )


def late(*, body: bool) -> Refused:
    """A request that came too slowly."""
    return _BODY_TIMED_OUT() if body else _HEAD_TIMED_OUT()


def last_answer(refusal: Refused) -> bytes:
    """A refusal as the last bytes of a connection."""
    body = json.dumps(refusal.to_json()).encode()
    headers = [
        *refusal_headers(refusal),
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"connection", b"close"),
    ]
    head = b"".join(b"%b: %b\r\n" % header for header in headers)
    return b"%b%b\r\n%b" % (STATUS_LINE[refusal.status], head, body)


def reason_of(error: httptools.HttpParserError) -> Refused:
    """What the parser, or a check that it called, did not like."""
    cause = error.__context__
    return cause if isinstance(cause, Refused) else malformed(f"this is no HTTP/1.1: {error}")
