"""The demonstrations' posts: JSON in, JSON out, seldom enough, and from our own pages alone.

``Origin`` has been checked before (`hub.reach.origins`). A body must be declared as JSON, which a
form of a strange page cannot do.
"""

import json
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from pushlab.contract.authority import is_loopback
from pushlab.contract.serving import Receive, Response, Scope, Send
from pushlab.errors import PushlabError, Refused, UsageError
from pushlab.hub.reasons import BAD_JSON, BAD_REQUEST, NOT_FOUND, bad_method
from pushlab.web.limits import Limiter
from pushlab.wire.asgi import header, read_body, refusal_headers, respond

__all__ = ["Act", "Demo", "LocalPost", "Post"]

_MOST_BYTES = 16 * 1024

Act = Callable[[dict[str, Any]], dict[str, Any] | Awaitable[dict[str, Any]]]
#: Is told besides, as ``here``, whether who asks is at this machine, with no proxy in between.
LocalAct = Callable[..., dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Post:
    """What one path does.

    Attributes:
        dear: whether it costs the server more than the others, so that it may be asked less often.
    """

    act: Act
    dear: bool = False


@dataclass(frozen=True, slots=True)
class LocalPost:
    """The same, where it matters who asks."""

    act: LocalAct


class Demo:
    """Answers what stands below ``/demo/``.

    Args:
        posts: by path.
        reads: what a GET with this query tells, by path.
    """

    def __init__(
        self,
        posts: Mapping[str, Post | LocalPost],
        reads: Mapping[str, Callable[[Mapping[str, str]], dict[str, Any]]],
    ) -> None:
        self._posts = posts
        self._reads = reads
        self._posting = Limiter(rate_per_s=20, burst=60)
        self._dear = Limiter(rate_per_s=2, burst=40)
        self._reading = Limiter(rate_per_s=40, burst=200)

    def has(self, path: str) -> bool:
        """Whether something can be posted or read at this path."""
        return path in self._posts or path in self._reads

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        try:
            answer, status = await self._answer(scope, receive), 200
            headers = []
        except Refused as refusal:
            answer, status = refusal.to_json(), refusal.status
            headers = [*refusal_headers(refusal)]
            if status == 405:
                headers = [(b"allow", b"POST" if scope["path"] in self._posts else b"GET, HEAD")]
        except UsageError as error:  # what people wrote is beyond the contract's limits
            answer, status, headers = BAD_REQUEST(str(error)).to_json(), 400, []
        except PushlabError as error:
            answer, status, headers = Refused(503, "failed", str(error)).to_json(), 503, []
        body = json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()
        await respond(send, Response(status, body, (*_POLICY, *headers)))

    async def _answer(self, scope: Scope, receive: Receive) -> dict[str, Any]:
        path, method = scope["path"], scope["method"]
        client = scope.get("client")
        address = client[0] if client else ""
        read, post = self._reads.get(path), self._posts.get(path)
        if read is None and post is None:
            raise NOT_FOUND(f"there is nothing at {path}")
        if method in ("GET", "HEAD") and read is not None:
            self._reading.check(address)
            return read(dict(parse_qsl(scope["query_string"].decode("latin-1"))))
        if method != "POST" or post is None:
            raise bad_method(scope)
        if isinstance(post, LocalPost):
            self._posting.check(address)
            return post.act(await _object(scope, receive), here=_is_here(scope, address))
        (self._dear if post.dear else self._posting).check(address)
        result = post.act(await _object(scope, receive))
        return result if isinstance(result, dict) else await result


def _is_here(scope: Scope, address: str) -> bool:
    """Whether a request comes from this machine, and no proxy says that it is somebody else's."""
    told = any(header(scope, name) for name in (b"x-forwarded-for", b"forwarded"))
    return is_loopback(address) and not told


_POLICY = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"))


async def _object(scope: Scope, receive: Receive) -> dict[str, Any]:
    """The body: a JSON object. Raises Refused (400, 413, 415)."""
    content_type = header(scope, b"content-type").partition(b";")[0].strip().lower()
    if content_type != b"application/json":
        raise Refused(415, "not-json", "send the body as Content-Type: application/json")
    raw = await read_body(scope, receive, _MOST_BYTES, "the request")
    try:
        body = json.loads(raw, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BAD_JSON(f"the body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise BAD_JSON("the body must be a JSON object")
    if any(isinstance(value, float) and not math.isfinite(value) for value in body.values()):
        raise BAD_JSON("the body has a number without an end")
    return body


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
