"""The request shapes: what is sent, and what the standards want to see.

In the bytes, ``$HOST`` stands for the server's authority, ``$TOKEN`` for a client's token,
``$CURSOR`` for the cursor at which its channel stands, and ``$KEY`` for the application's key. What
is wanted is a pattern of what a server answers: the statuses of its responses in order, then
``open`` or ``closed`` for the connection afterwards; ``?`` is any letter, ``*`` anything. Requests
of HTTP/1.1 that are answered normally leave it open.
"""

from dataclasses import dataclass

__all__ = ["SHAPES", "Shape"]


@dataclass(frozen=True, slots=True)
class Shape:
    """One request, or what passes for one.

    Attributes:
        wanted: patterns, any of which is right.
        parts: its bytes, in as many writes; each but the first is sent when the server has
            answered something, or after a moment.
        half_close: whether the client then closes its half of the connection.
    """

    name: str
    group: str
    source: str
    wanted: tuple[str, ...]
    parts: tuple[bytes, ...]
    half_close: bool = False


_HOST = b"Host: $HOST\r\n"
_TOKEN = b"Authorization: Bearer $TOKEN\r\n"
_KEY = b"Authorization: Bearer $KEY\r\n"
_POLL = b"GET /v1/poll HTTP/1.1\r\n"
_TAIL = _HOST + _TOKEN + b"\r\n"
_GOOD = ("2?? open",)
_REFUSED = ("4?? closed",)
_BAD = ("400 closed",)
#: A refusal after which the connection may go on, since the request's end is known.
_NO = ("4?? open", "4?? closed")
_NO_HOST = ("400 closed", "400 open")
_TOO_LARGE = ("413 closed", "413 open")
_SMUGGLED = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


def _get(line: bytes = _POLL, *, headers: bytes = b"", host: bytes = _HOST) -> bytes:
    return line + host + _TOKEN + headers + b"\r\n"


def _post(headers: bytes, body: bytes = b"", *, line: bytes = b"") -> bytes:
    line = line or b"POST /v1/channels/shapes-in/messages HTTP/1.1\r\n"
    return line + _HOST + _KEY + headers + b"\r\n" + body


def _upgrade(
    line: bytes = b"GET /v1/socket?token=$TOKEN HTTP/1.1\r\n",
    *,
    connection: bytes = b"Upgrade",
    upgrade: bytes = b"websocket",
    version: bytes = b"13",
    key: bytes = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    more: bytes = b"",
    behind: bytes = b"",
) -> bytes:
    words = b"Connection: %b\r\nUpgrade: %b\r\nSec-WebSocket-Version: %b\r\n"
    return line + _HOST + words % (connection, upgrade, version) + key + more + b"\r\n" + behind


def _shapes(group: str, *rows: tuple[object, ...]) -> list[Shape]:
    """Rows of name, source, wanted, bytes (or parts), and whether the client half-closes."""
    found = []
    for name, source, wanted, sent, *rest in rows:
        parts = sent if isinstance(sent, tuple) else (sent,)
        found.append(Shape(name, group, source, wanted, parts, bool(rest)))  # type: ignore[arg-type]
    return found


# fmt: off
_REQUEST_LINES = _shapes(
    "request line",
    ("a plain poll", "RFC 9112, 3", _GOOD, _get()),
    ("in single bytes", "RFC 9112, 2", _GOOD,
     (*(bytes([byte]) for byte in _get()[:29]), _get()[29:])),
    ("an empty line before it", "RFC 9112, 2.2", _GOOD, b"\r\n" + _get()),
    ("lines that end with LF", "RFC 9112, 2.2", (*_GOOD, *_BAD), _get().replace(b"\r\n", b"\n")),
    ("a blank before it", "RFC 9112, 2.2", _BAD, b" " + _get()),
    ("two blanks in it", "RFC 9112, 3", (*_BAD, *_GOOD), _get(b"GET  /v1/poll HTTP/1.1\r\n")),
    ("tabs in it", "RFC 9112, 3", (*_BAD, *_GOOD), _get(b"GET\t/v1/poll\tHTTP/1.1\r\n")),
    ("a blank behind it", "RFC 9112, 3", (*_BAD, *_GOOD), _get(b"GET /v1/poll HTTP/1.1 \r\n")),
    ("a method in small letters", "RFC 9110, 9.1", (*_NO, "501 *"),
     _get(b"get /v1/poll HTTP/1.1\r\n")),
    ("a method nobody knows", "RFC 9110, 9.1", (*_NO, "501 *"),
     _get(b"BREW /v1/poll HTTP/1.1\r\n")),
    ("a method that is no token", "RFC 9112, 3.1", _BAD, _get(b"GE(T /v1/poll HTTP/1.1\r\n")),
    ("TRACE", "RFC 9110, 9.3.8", (*_NO, "501 *"), _get(b"TRACE /v1/poll HTTP/1.1\r\n")),
    ("OPTIONS", "RFC 9110, 9.3.7", (*_GOOD, *_NO), _get(b"OPTIONS /v1/poll HTTP/1.1\r\n")),
    ("HEAD, then GET", "RFC 9110, 9.3.2", ("200 200 open",),
     _get(b"HEAD /healthz HTTP/1.1\r\n") + _get(b"GET /healthz HTTP/1.1\r\n")),
    ("HEAD where only GET is", "RFC 9110, 9.3.2", (*_GOOD, *_NO),
     _get(b"HEAD /v1/poll HTTP/1.1\r\n")),
    ("no version", "RFC 9112, 3", (*_BAD, "closed"), b"GET /v1/poll\r\n" + _TAIL),
    ("HTTP/1.2", "RFC 9110, 2.5", (*_GOOD, "505 *", *_BAD), _get(b"GET /v1/poll HTTP/1.2\r\n")),
    ("HTTP/2.0", "RFC 9110, 2.5", ("505 closed", *_BAD), _get(b"GET /v1/poll HTTP/2.0\r\n")),
    ("http/1.1", "RFC 9112, 2.3", _BAD, _get(b"GET /v1/poll http/1.1\r\n")),
    ("HTTP/2's preface", "RFC 9113, 3.4", (*_BAD, "505 closed", "closed"),
     b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ("TLS to a plain port", "RFC 9112, 2.2", (*_BAD, "closed"),
     b"\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03" + bytes(range(1, 190))),
    ("not HTTP at all", "RFC 9112, 2.2", _BAD, b"EHLO example.org\r\n\r\n"),
)

_TARGETS = _shapes(
    "target",
    ("absolute form", "RFC 9112, 3.2.2", _GOOD, _get(b"GET http://$HOST/v1/poll HTTP/1.1\r\n")),
    ("absolute form of another host", "RFC 9112, 3.2.2", (*_NO, *_GOOD),
     _get(b"GET http://evil.example/v1/poll HTTP/1.1\r\n")),
    ("asterisk form", "RFC 9112, 3.2.4", (*_GOOD, *_NO), _get(b"OPTIONS * HTTP/1.1\r\n")),
    ("asterisk form of GET", "RFC 9112, 3.2.4", _NO, _get(b"GET * HTTP/1.1\r\n")),
    ("authority form of GET", "RFC 9112, 3.2.3", _NO, _get(b"GET $HOST HTTP/1.1\r\n")),
    ("CONNECT", "RFC 9110, 9.3.6", (*_NO, "501 *"), _get(b"CONNECT $HOST HTTP/1.1\r\n")),
    ("none", "RFC 9112, 3.2", _BAD, _get(b"GET  HTTP/1.1\r\n")),
    ("a blank in it", "RFC 9112, 3.2", _BAD, _get(b"GET /v1/poll a HTTP/1.1\r\n")),
    ("a fragment", "RFC 9112, 3.2", (*_NO, *_GOOD), _get(b"GET /v1/poll#a HTTP/1.1\r\n")),
    ("raw UTF-8", "RFC 3986, 2", _NO, _get("GET /v1/pöll HTTP/1.1\r\n".encode())),
    ("%00", "RFC 3986, 2.1", _NO, _get(b"GET /v1/poll%00 HTTP/1.1\r\n")),
    ("a percent sign alone", "RFC 3986, 2.1", _NO, _get(b"GET /v1/%zzpoll HTTP/1.1\r\n")),
    ("two slashes", "RFC 3986, 3.3", _NO, _get(b"GET //v1/poll HTTP/1.1\r\n")),
    ("dot segments", "RFC 3986, 5.2.4", (*_NO, *_GOOD), _get(b"GET /x/../v1/poll HTTP/1.1\r\n")),
    ("an encoded letter", "RFC 3986, 6.2.2", _GOOD, _get(b"GET /v1/%70oll HTTP/1.1\r\n")),
    ("8,000 bytes", "RFC 9112, 3", _GOOD, _get(b"GET /v1/poll?a=" + b"a" * 7_970
     + b" HTTP/1.1\r\n")),
    ("20,000 bytes", "RFC 9112, 3", ("414 closed", "431 closed"),
     _get(b"GET /v1/poll?a=" + b"a" * 20_000 + b" HTTP/1.1\r\n")),
    ("without an end, 300,000 bytes", "RFC 9112, 3", ("414 closed", "431 closed"),
     b"GET /" + b"a" * 300_000),
)

_HOSTS = _shapes(
    "Host",
    ("none", "RFC 9112, 3.2", _NO_HOST, _get(host=b"")),
    ("none in HTTP/1.0", "RFC 9112, 3.2", ("2?? closed",),
     _get(b"GET /v1/poll HTTP/1.0\r\n", host=b"")),
    ("two of the same", "RFC 9112, 3.2", _NO_HOST, _get(host=_HOST + _HOST)),
    ("two of two kinds", "RFC 9112, 3.2", _NO_HOST, _get(host=_HOST + b"Host: evil.example\r\n")),
    ("an empty one", "RFC 9110, 7.2", _NO, _get(host=b"Host: \r\n")),
    ("with a blank in it", "RFC 9112, 3.2", _NO, _get(host=b"Host: 127.0.0.1 a\r\n")),
    ("with a user", "RFC 9110, 4.2.4", _NO, _get(host=b"Host: a@$HOST\r\n")),
    ("of somebody else", "RFC 9110, 7.4", _NO, _get(host=b"Host: evil.example\r\n")),
    ("a name in large letters", "RFC 9110, 4.2.3", _GOOD, _get(host=b"HOST: LOCALHOST:$PORT\r\n")),
)

_HEADERS = _shapes(
    "headers",
    ("a blank before a colon", "RFC 9112, 5.1", _BAD, _get(headers=b"X : a\r\n")),
    ("a blank before Content-Length's", "RFC 9112, 5.1", _BAD, _post(b"Content-Length : 1\r\n",
     b"a")),
    ("no colon", "RFC 9112, 5", _BAD, _get(headers=b"nothing\r\n")),
    ("no name", "RFC 9112, 5", _BAD, _get(headers=b": a\r\n")),
    ("a name that is no token", "RFC 9110, 5.1", _BAD, _get(headers=b"X(Y): a\r\n")),
    ("a folded line", "RFC 9112, 5.2", (*_BAD, *_GOOD), _get(headers=b"X: a\r\n b\r\n")),
    ("a blank before the first", "RFC 9112, 2.2", (*_BAD, *_GOOD),
     _POLL + b" X: a\r\n" + _TAIL),
    ("NUL in a value", "RFC 9110, 5.5", _BAD, _get(headers=b"X: a\0b\r\n")),
    ("CR in a value", "RFC 9110, 5.5", _BAD, _get(headers=b"X: a\rb\r\n")),
    ("Latin-1 in a value", "RFC 9110, 5.5", _GOOD, _get(headers=b"X: \xe4\r\n")),
    ("a hundred", "RFC 9110, 5.4", _GOOD,
     _get(headers=b"".join(b"X-%d: a\r\n" % n for n in range(100)))),
    ("one of 20,000 bytes", "RFC 6585, 5", ("431 closed",),
     _get(headers=b"X: " + b"a" * 20_000 + b"\r\n")),
    ("two thousand", "RFC 6585, 5", ("431 closed",),
     _get(headers=b"".join(b"X-%d: aaaaaaaa\r\n" % n for n in range(2_000)))),
    ("without an end, 300,000 bytes", "RFC 6585, 5", ("431 closed",),
     _POLL + _HOST + b"X: " + b"a" * 300_000),
)

_CHUNKED = b"Transfer-Encoding: chunked\r\n"

_BODIES = _shapes(
    "bodies",
    ("Content-Length", "RFC 9112, 6.2", _GOOD, _post(b"Content-Length: 1\r\n", b"a")),
    ("in two pieces", "RFC 9112, 6.2", _GOOD, (_post(b"Content-Length: 2\r\n", b"a"), b"b")),
    ("neither length nor coding", "RFC 9112, 6.3", _NO, _post(b"")),
    ("length 0", "RFC 9112, 6.2", _NO, _post(b"Content-Length: 0\r\n")),
    ("length -1", "RFC 9112, 6.3", _BAD, _post(b"Content-Length: -1\r\n", b"a")),
    ("length +1", "RFC 9112, 6.3", _BAD, _post(b"Content-Length: +1\r\n", b"a")),
    ("length 0x1", "RFC 9112, 6.3", _BAD, _post(b"Content-Length: 0x1\r\n", b"a")),
    ("length 1 1", "RFC 9112, 6.3", _BAD, _post(b"Content-Length: 1 1\r\n", b"a")),
    ("length 1, 1", "RFC 9112, 6.3", (*_BAD, *_GOOD), _post(b"Content-Length: 1, 1\r\n", b"a")),
    ("the same length twice", "RFC 9112, 6.3", (*_BAD, *_GOOD),
     _post(b"Content-Length: 1\r\n" * 2, b"a")),
    ("two lengths", "RFC 9112, 6.3", _BAD,
     _post(b"Content-Length: 1\r\nContent-Length: 2\r\n", b"ab")),
    ("a length of 30 digits", "RFC 9112, 6.3", (*_BAD, "413 closed"),
     _post(b"Content-Length: " + b"9" * 30 + b"\r\n", b"a")),
    ("a length of 100 MB", "RFC 9110, 15.5.14", _TOO_LARGE,
     _post(b"Content-Length: 100000000\r\n", b"a")),
    ("chunked", "RFC 9112, 7.1", _GOOD, _post(_CHUNKED, b"1\r\na\r\n0\r\n\r\n")),
    ("CHUNKED", "RFC 9112, 7", _GOOD,
     _post(b"Transfer-Encoding: CHUNKED\r\n", b"1\r\na\r\n0\r\n\r\n")),
    ("a chunk's extension", "RFC 9112, 7.1.1", _GOOD,
     _post(_CHUNKED, b'1;a=b;c="d"\r\na\r\n0\r\n\r\n')),
    ("a trailer", "RFC 9112, 7.1.2", _GOOD, _post(_CHUNKED, b"1\r\na\r\n0\r\nX: a\r\n\r\n")),
    ("a chunk's size -1", "RFC 9112, 7.1", _BAD, _post(_CHUNKED, b"-1\r\na\r\n0\r\n\r\n")),
    ("a chunk's size 0x1", "RFC 9112, 7.1", _BAD, _post(_CHUNKED, b"0x1\r\na\r\n0\r\n\r\n")),
    ("a chunk's size behind a blank", "RFC 9112, 7.1", _BAD,
     _post(_CHUNKED, b" 1\r\na\r\n0\r\n\r\n")),
    ("a chunk's size of 17 digits", "RFC 9112, 7.1", (*_BAD, "413 closed"),
     _post(_CHUNKED, b"10000000000000001\r\na\r\n0\r\n\r\n")),
    ("a chunk's size that ends with LF", "RFC 9112, 7.1", (*_BAD, *_GOOD),
     _post(_CHUNKED, b"1\na\r\n0\r\n\r\n")),
    ("more than a chunk's size", "RFC 9112, 7.1", _BAD, _post(_CHUNKED, b"1\r\nab\r\n0\r\n\r\n")),
    ("chunks that grow to 100 MB", "RFC 9110, 15.5.14", _TOO_LARGE,
     _post(_CHUNKED, b"5f5e100\r\n" + b"a" * 400_000)),
    ("a trailer of 300,000 bytes", "RFC 6585, 5", (*_REFUSED, "closed"),
     _post(_CHUNKED, b"1\r\na\r\n0\r\nX: " + b"a" * 300_000)),
    ("length and chunked", "RFC 9112, 6.1", (*_BAD, "2?? closed"),
     _post(b"Content-Length: 1\r\n" + _CHUNKED, b"1\r\na\r\n0\r\n\r\n")),
    ("gzip, chunked", "RFC 9112, 6.1", ("501 *", "400 *", "415 *"),
     _post(b"Transfer-Encoding: gzip, chunked\r\n", b"1\r\na\r\n0\r\n\r\n")),
    ("chunked, gzip", "RFC 9112, 6.3", (*_BAD, "501 closed"),
     _post(b"Transfer-Encoding: chunked, gzip\r\n", b"1\r\na\r\n0\r\n\r\n")),
    ("xchunked", "RFC 9112, 6.1", (*_BAD, "501 closed"),
     _post(b"Transfer-Encoding: xchunked\r\n", b"1\r\na\r\n0\r\n\r\n")),
    ("identity", "RFC 9112, 7", (*_BAD, "501 closed"),
     _post(b"Transfer-Encoding: identity\r\n", b"a")),
    ("chunked in HTTP/1.0", "RFC 9112, 6.1", (*_BAD, "2?? closed", "501 closed"),
     _post(_CHUNKED, b"1\r\na\r\n0\r\n\r\n",
           line=b"POST /v1/channels/shapes-in/messages HTTP/1.0\r\n")),
    ("a compressed one", "RFC 9110, 15.5.16", ("415 *",),
     _post(b"Content-Encoding: gzip\r\nContent-Length: 3\r\n", b"\x1f\x8b\x08")),
    ("of a GET, then a GET", "RFC 9112, 6.3", ("2?? 200 open", "2?? closed", "4?? closed"),
     _get(headers=b"Content-Length: %d\r\n" % len(_SMUGGLED)) + _SMUGGLED
     + _get(b"GET /healthz HTTP/1.1\r\n")),
    ("half of one, and an end", "RFC 9112, 8", ("400 closed", "closed"),
     _post(b"Content-Length: 5\r\n", b"ab"), True),
)

_EXPECT = b"Expect: 100-continue\r\n"

_EXPECTATIONS = _shapes(
    "Expect",
    ("100-continue", "RFC 9110, 10.1.1", ("100 2?? open",),
     (_post(b"Content-Length: 1\r\n" + _EXPECT), b"a")),
    ("100-continue, body along", "RFC 9110, 10.1.1", ("100 2?? open", *_GOOD),
     _post(b"Content-Length: 1\r\n" + _EXPECT, b"a")),
    ("100-continue in HTTP/1.0", "RFC 9110, 10.1.1", ("2?? closed",),
     (_post(b"Content-Length: 1\r\n" + _EXPECT,
            line=b"POST /v1/channels/shapes-in/messages HTTP/1.0\r\n"), b"a")),
    ("100-continue before 100 MB", "RFC 9110, 10.1.1", (*_TOO_LARGE, "417 closed"),
     _post(b"Content-Length: 100000000\r\n" + _EXPECT)),
    ("something else", "RFC 9110, 10.1.1", ("417 *", *_GOOD),
     _post(b"Content-Length: 1\r\nExpect: tea\r\n", b"a")),
)

_H2C = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"

_UPGRADES = _shapes(
    "upgrades",
    ("h2c by GET", "RFC 9110, 7.8", _GOOD, _get(headers=_H2C)),
    ("h2c by POST; its body is a request", "RFC 9110, 7.8", ("2?? open",),
     _post(_H2C + b"Content-Length: %d\r\n" % len(_SMUGGLED), _SMUGGLED)),
    ("h2c by POST, chunked", "RFC 9110, 7.8", ("2?? open",),
     _post(_H2C + _CHUNKED, b"%x\r\n%b\r\n0\r\n\r\n" % (len(_SMUGGLED), _SMUGGLED))),
    ("TLS/1.0", "RFC 9110, 7.8", _GOOD,
     _get(headers=b"Connection: Upgrade\r\nUpgrade: TLS/1.0\r\n")),
    ("WebSocket", "RFC 6455, 4.2.1", ("101 open",), _upgrade()),
    ("WebSocket in two pieces", "RFC 6455, 4.2.1", ("101 open",),
     (_upgrade()[:60], _upgrade()[60:])),
    ("WebSocket, keep-alive, Upgrade", "RFC 6455, 4.2.1", ("101 open",),
     _upgrade(connection=b"keep-alive, Upgrade")),
    ("WEBSOCKET", "RFC 6455, 4.2.1", ("101 open",), _upgrade(upgrade=b"WEBSOCKET")),
    ("WebSocket, length 0", "RFC 6455, 4.2.1", ("101 open",),
     _upgrade(more=b"Content-Length: 0\r\n")),
    ("WebSocket, a body", "RFC 9112, 6.3", _REFUSED,
     _upgrade(more=b"Content-Length: 1\r\n", behind=b"a")),
    ("WebSocket, chunked", "RFC 9112, 6.3", _REFUSED,
     _upgrade(more=_CHUNKED, behind=b"0\r\n\r\n")),
    ("WebSocket, a close behind it", "RFC 6455, 4.1", ("101 *",),
     _upgrade(behind=b"\x88\x82\0\0\0\0\x03\xe8")),
    ("WebSocket by POST", "RFC 6455, 4.2.1", _NO,
     _upgrade(b"POST /v1/socket?token=$TOKEN HTTP/1.1\r\n")),
    ("WebSocket by POST with a body", "RFC 6455, 4.2.1", _NO,
     _upgrade(b"POST /v1/socket?token=$TOKEN HTTP/1.1\r\n",
              more=b"Content-Length: %d\r\n" % len(_SMUGGLED), behind=_SMUGGLED)),
    ("WebSocket by HEAD", "RFC 6455, 4.2.1", _NO,
     _upgrade(b"HEAD /v1/socket?token=$TOKEN HTTP/1.1\r\n")),
    ("WebSocket by DELETE", "RFC 6455, 4.2.1", _NO,
     _upgrade(b"DELETE /v1/socket?token=$TOKEN HTTP/1.1\r\n")),
    ("WebSocket in HTTP/1.0", "RFC 6455, 4.2.1", _NO,
     _upgrade(b"GET /v1/socket?token=$TOKEN HTTP/1.0\r\n")),
    ("WebSocket, version 12", "RFC 6455, 4.4", ("426 *",), _upgrade(version=b"12")),
    ("WebSocket, no key", "RFC 6455, 4.2.1", ("400 *",), _upgrade(key=b"")),
    ("WebSocket, a short key", "RFC 6455, 4.2.1", ("400 *",),
     _upgrade(key=b"Sec-WebSocket-Key: abc\r\n")),
    ("WebSocket, two keys", "RFC 6455, 11.3.1", ("400 *",),
     _upgrade(more=b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")),
    ("WebSocket, Upgrade not in Connection", "RFC 9110, 7.8", ("426 *", "400 *"),
     _upgrade(connection=b"keep-alive")),
    ("no upgrade where a WebSocket is", "RFC 9110, 15.5.22", ("426 open",),
     _get(b"GET /v1/socket HTTP/1.1\r\n")),
)

_CONNECTIONS = _shapes(
    "connections",
    ("close", "RFC 9112, 9.6", ("2?? closed",), _get(headers=b"Connection: close\r\n")),
    ("HTTP/1.0", "RFC 9112, 9.3", ("2?? closed",), _get(b"GET /v1/poll HTTP/1.0\r\n")),
    ("HTTP/1.0, keep-alive", "RFC 9112, C.2.2", ("2?? open", "2?? closed"),
     _get(b"GET /v1/poll HTTP/1.0\r\n", headers=b"Connection: keep-alive\r\n")),
    ("a stream in HTTP/1.0", "RFC 9112, 6.1", ("200 open",),
     _get(b"GET /v1/events HTTP/1.0\r\n")),
    ("three polls at once", "RFC 9112, 9.3.2", ("2?? 2?? 2?? open",), _get() * 3),
    ("a poll between others", "RFC 9112, 9.3.2", ("200 2?? 200 open",),
     _get(b"GET /healthz HTTP/1.1\r\n") + _get() + _get(b"GET /healthz HTTP/1.1\r\n")),
    ("a poll behind a publish", "RFC 9112, 9.3.2", ("2?? 2?? open",),
     _post(b"Content-Length: 1\r\n", b"a") + _get()),
    ("a held poll and one behind it", "RFC 9112, 9.3.2", ("2?? 2?? open",),
     _get(b"GET /v1/wait?after=$CURSOR HTTP/1.1\r\n") + _get()),
    ("a poll, then an end", "RFC 9112, 9.6", ("2?? closed",), _get(), True),
    ("a publish, then an end", "RFC 9112, 9.6", ("2?? closed",),
     _post(b"Content-Length: 1\r\n", b"a"), True),
    ("a held poll, then an end", "RFC 9112, 9.6", ("2?? closed",),
     _get(b"GET /v1/wait?after=$CURSOR HTTP/1.1\r\n"), True),
    ("nothing, then an end", "RFC 9112, 9.6", ("closed",), b"", True),
    ("an empty head, then an end", "RFC 9112, 9.6", ("400 closed", "closed"), _POLL, True),
)
# fmt: on

SHAPES = [
    *_REQUEST_LINES,
    *_TARGETS,
    *_HOSTS,
    *_HEADERS,
    *_BODIES,
    *_EXPECTATIONS,
    *_UPGRADES,
    *_CONNECTIONS,
]
