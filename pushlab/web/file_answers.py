"""A file over HTTP: sent once, and told to be the same after that (RFC 9110, section 13.1.2)."""

from collections.abc import Iterable
from dataclasses import replace

from pushlab.contract.serving import Scope, Send
from pushlab.hub.reasons import NOT_FOUND, bad_method
from pushlab.web.files import File
from pushlab.wire.asgi import refusal_answer, respond

__all__ = ["answer_file"]

Headers = Iterable[tuple[bytes, bytes]]


async def answer_file(file: File | None, headers: Headers, scope: Scope, send: Send) -> None:
    """Answer a request for a file; 404 where there is none, 405 for what is no reading.

    Args:
        headers: what the answer has besides those of any file, or of any refusal.
    """
    if file is None:
        nothing = refusal_answer(NOT_FOUND("there is no such page or file"))
        await respond(send, replace(nothing, headers=tuple(headers)))
    elif scope["method"] not in ("GET", "HEAD"):
        answer = refusal_answer(bad_method(scope))
        await respond(send, replace(answer, headers=((b"allow", b"GET, HEAD"),)))
    else:
        await _answer(file, headers, scope, send)


async def _answer(file: File, more: Headers, scope: Scope, send: Send) -> None:
    headers = [
        (b"content-type", file.content_type.encode()),
        (b"etag", file.etag.encode()),
        (b"cache-control", b"no-cache"),
        (b"x-content-type-options", b"nosniff"),
        *more,
    ]
    if _has_it(file.etag.encode(), scope):
        await send({"type": "http.response.start", "status": 304, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
        return
    headers.append((b"content-length", b"%d" % len(file.body)))
    body = b"" if scope["method"] == "HEAD" else file.body
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _has_it(etag: bytes, scope: Scope) -> bool:
    """Whether the client has this already: weak comparison."""
    for name, value in scope["headers"]:
        if name == b"if-none-match":
            tags = [tag.strip().removeprefix(b"W/") for tag in value.split(b",")]
            if etag in tags or b"*" in tags:
                return True
    return False
