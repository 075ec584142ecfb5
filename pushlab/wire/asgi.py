"""What the server's routes share: reading a request's token, cursor and body, and answering."""

import json
import math
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from random import Random
from urllib.parse import parse_qs

from pushlab.contract.cursor import Cursor
from pushlab.contract.operation import Parameter
from pushlab.contract.reasons import (
    INVALID_CURSOR,
    SERVER_RESTART,
    SLOW_READER,
    TOKEN_EXPIRED,
    TOKEN_INVALID,
    TOKEN_MISSING,
    TOKEN_REVOKED,
    Reason,
)
from pushlab.contract.serving import Hub, Receive, Response, Scope, Send
from pushlab.contract.tokens import Grant
from pushlab.errors import InvalidCursor, Refused

__all__ = [
    "INCOMPLETE",
    "UNADMITTED",
    "admit",
    "bearer",
    "body_coded",
    "body_too_large",
    "header",
    "linger_s",
    "number_parameter",
    "out_of_bounds",
    "parameters",
    "read_body",
    "refusal_answer",
    "refusal_headers",
    "respond",
    "token_missing",
    "token_of",
    "wait_for_disconnect",
]

# What has been read from a scope is kept in it: who polls asks the same again and again.
_PARAMETERS = "pushlab.parameters"
_ASKED = "pushlab.asked"
_LINGER_S = 1.0
_RETRY_S = (1, 5)  # drawn, so that those who are told at once do not come back at once
_RETRIES = Random()
#: As most languages write them; Python would read ``1_0`` and other scripts' digits too.
_NUMBER = re.compile(r" *[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)? *", re.ASCII)
_PASSWORDS = (b"basic", b"digest", b"negotiate", b"ntlm")
INCOMPLETE = Reason(400, "incomplete", "the request ended before its body did")
_CODED = "content-encoding"
#: Why a token's holder may be turned away.
UNADMITTED = (TOKEN_MISSING, TOKEN_INVALID, TOKEN_REVOKED, TOKEN_EXPIRED)


def parameters(scope: Scope) -> Mapping[str, str]:
    """The query's parameters; of a repeated one, the last. Read once for each scope."""
    found: dict[str, str] | None = scope.get(_PARAMETERS)
    if found is None:
        found = scope[_PARAMETERS] = _parse(scope["query_string"].decode("latin-1"))
    return found


def _parse(query: str) -> dict[str, str]:
    if "%" in query or "+" in query:
        pairs = parse_qs(query, keep_blank_values=True)
        return {key: values[-1] for key, values in pairs.items()}
    plain = [pair.partition("=") for pair in query.split("&") if pair]  # a third of the time
    return {key: value for key, _, value in plain}


def header(scope: Scope, name: bytes) -> bytes:
    """A header of the request; of a repeated one, the last; empty where there is none."""
    return next((value for key, value in reversed(list(scope["headers"])) if key == name), b"")


def bearer(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """What ``Authorization: Bearer`` carries (RFC 6750); "" for another kind, None for nothing."""
    for header, value in headers:
        if header == b"authorization":
            scheme, _, credentials = value.decode("latin-1").partition(" ")
            return credentials.strip() if scheme.lower() == "bearer" else ""
    return None


def token_of(scope: Scope, query: Mapping[str, str], name: str = "token") -> str:
    """The token of a request, from its header or its query. Raises Refused (401).

    Where the query has one, a password in the header is not for us: browsers send a proxy's along.
    """
    token = bearer(scope["headers"])
    if token == "" and not (query.get(name) and _is_password(scope)):
        raise TOKEN_INVALID("Authorization must be: Bearer <token>")
    token = token or query.get(name)
    if not token:
        raise TOKEN_MISSING(token_missing(name))
    return token


def _is_password(scope: Scope) -> bool:
    return header(scope, b"authorization").partition(b" ")[0].lower() in _PASSWORDS


def token_missing(name: str) -> str:
    """What is said of a request without a token, which may come in the query by this name."""
    return TOKEN_MISSING.detail.replace("?token=", f"?{name}=")


def admit(
    hub: Hub,
    scope: Scope,
    query: Mapping[str, str],
    *,
    cursor_names: tuple[str, ...] = ("after",),
    token_name: str = "token",
) -> tuple[Grant, Cursor | None]:
    """Who asks, and from where; the first of `cursor_names` that is given counts.

    Raises:
        Refused: 401 for a bad token, 400 for a bad cursor.
    """
    asked: tuple[str, Cursor | None] | None = scope.get(_ASKED)
    if asked is not None:
        return hub.verify(asked[0]), asked[1]
    token, after = token_of(scope, query, token_name), None
    grant = hub.verify(token)
    for name in cursor_names:
        if text := query.get(name):
            try:
                after = Cursor.parse(text)
            except InvalidCursor as error:
                raise INVALID_CURSOR(str(error)) from error
            break
    scope[_ASKED] = token, after
    return grant, after


def linger_s(hub: Hub, reason: str) -> float:
    """How long a connection that does not take its last bytes may stay."""
    return hub.settings.linger_s if reason == SLOW_READER.word else _LINGER_S


@lru_cache(maxsize=1_000)  # clients ask with the same ones again and again
def _number(text: str) -> float:
    return float(text) if _NUMBER.fullmatch(text) else math.nan


def number_parameter(query: Mapping[str, str], parameter: Parameter) -> float:
    """The parameter as a number within its bounds. Raises Refused (400) if it is not one."""
    value, bounds = _number(query[parameter.name]), parameter.schema
    if not bounds["minimum"] <= value <= bounds["maximum"]:
        raise out_of_bounds(parameter)()
    return value


def out_of_bounds(parameter: Parameter) -> Reason:
    """A parameter that is no number within its bounds."""
    least, most = parameter.schema["minimum"], parameter.schema["maximum"]
    words = f"{parameter.name} must be a number from {least:g} to {most:g}"
    return Reason(400, "invalid-parameter", words)


def body_too_large(limit: int, what: str) -> Reason:
    """A body is over the limit of what was asked for."""
    return Reason(413, "too-large", f"{what} is over {limit:,} bytes")


def body_coded(what: str, coding: str = "gzip") -> Reason:
    """A body is compressed."""
    words = f"{what} has Content-Encoding: {coding}; send it as it is, uncompressed"
    return Reason(415, _CODED, words)


async def read_body(scope: Scope, receive: Receive, limit: int, what: str) -> bytes:
    """A request's body.

    Raises:
        Refused: 413 where it is over `limit` bytes, before it is read if its length is told; 415
            where it is compressed; 400 where it does not end.
    """
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value) > limit:
            raise body_too_large(limit, what)()
        if name == b"content-encoding" and value.strip().lower() not in (b"", b"identity"):
            raise body_coded(what, value[:40].decode("latin-1"))()
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise INCOMPLETE()
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise body_too_large(limit, what)()
        parts.append(part)
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


async def respond(send: Send, answer: Response) -> None:
    """Answer a request whole. The two messages are sent in one turn if the socket takes them."""
    headers = [(b"cache-control", answer.cache_control), *answer.headers]
    if answer.status != 204:
        if answer.content_type:
            headers.append((b"content-type", answer.content_type))
        headers.append((b"content-length", b"%d" % len(answer.body)))
    start = {"type": "http.response.start", "status": answer.status, "headers": headers}
    if answer.phrase:  # no word of ASGI's: the hub's own server takes it, another passes it over
        start["phrase"] = answer.phrase
    await send(start)
    await send({"type": "http.response.body", "body": answer.body})


def refusal_answer(refusal: Refused) -> Response:
    """A refusal as an answer: its status, and JSON that says why."""
    return Response(
        refusal.status, json.dumps(refusal.to_json()).encode(), refusal_headers(refusal)
    )


def refusal_headers(refusal: Refused) -> tuple[tuple[bytes, bytes], ...]:
    """What a refusal says in headers: how to ask, so that it is let in."""
    if refusal.status == 401:
        return ((b"www-authenticate", b"Bearer"),)
    if refusal.status == 426:  # RFC 9110, section 15.5.22
        return (
            (b"upgrade", b"websocket"),
            (b"connection", b"upgrade"),
            (b"sec-websocket-version", b"13"),
        )
    if refusal.status in (429, 503) and refusal.reason != SERVER_RESTART.word:
        return ((b"retry-after", b"%d" % _RETRIES.randint(*_RETRY_S)),)
    if refusal.reason == _CODED:  # RFC 9110, section 15.5.16
        return ((b"accept-encoding", b"identity"),)
    return ()


async def wait_for_disconnect(receive: Receive) -> None:
    """Return when the client has gone or the response is complete."""
    while True:
        message = await receive()
        if message["type"] in ("http.disconnect", "websocket.disconnect"):
            return
