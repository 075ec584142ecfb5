"""The hub's HTTP API for applications: making tokens, publishing, looking.

Publishing is a hot path and raw ASGI; the rest is Starlette.
"""

import contextlib
import hmac
import json
import os
import resource
import time
from collections.abc import Iterable, Sequence
from functools import partial

import psutil
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route as StarletteRoute

from pushlab.contract.hits import Hit
from pushlab.contract.limits import MAX_BATCH_MESSAGES, MAX_MESSAGE_BYTES, check_channel
from pushlab.contract.serving import Entry, Headers, Receive, Route, Scope, Send
from pushlab.contract.serving import Hub as SeenHub
from pushlab.contract.tokens import Grant
from pushlab.contract.transport import Transport
from pushlab.errors import InvalidMessage, Refused, UsageError
from pushlab.hub.api import endpoints
from pushlab.hub.api.all_hubs import summed
from pushlab.hub.api.bodies import ChannelRequest, HubFigures, TokenDetails
from pushlab.hub.api.channel_names import BY_QUERY, channel_in_query, named_in_path
from pushlab.hub.api.operations import (
    AT,
    MAX_REQUEST_BYTES,
    NOT_A_CHANNEL_REQUEST,
    OF_A_CHANNEL,
    REST,
)
from pushlab.hub.api.prometheus import MEDIA_TYPE, prometheus_text, prometheus_text_of_all
from pushlab.hub.api.requests import idempotency_key, json_of, until, whole
from pushlab.hub.api.revocation_request import revoke
from pushlab.hub.backplane.backplane import HubsFigures, Receipt
from pushlab.hub.core import Hub
from pushlab.hub.edge.limits import MAX_BATCH_BYTES
from pushlab.hub.reach.reach import Reach, seen_from
from pushlab.hub.reasons import (
    API_KEY_MISSING,
    BAD_API_KEY,
    BAD_BATCH,
    NOT_FOUND,
    as_refusal,
    bad_method,
)
from pushlab.wire.asgi import (
    bearer,
    out_of_bounds,
    read_body,
    refusal_headers,
    token_of,
)

__all__ = ["API", "Api"]

_FOR_EVERY_PAGE = {"access-control-allow-origin": "*"}  # which may hold no key
API = "api"  #: the name under which the API's own hits are counted


class Api:
    """The routes that take the API key.

    Args:
        api_key: the secret of the application.
        transports: those whose endpoints are told.
        routes: theirs, to be described.
        reach: where clients are told that the hub is.
    """

    def __init__(
        self,
        hub: Hub,
        *,
        api_key: str,
        transports: Sequence[Transport],
        routes: Sequence[Route],
        reach: Reach,
    ) -> None:
        self._hub = hub
        self._reach = reach
        self._key = api_key.encode()
        self._transports = list(transports)
        self._routes = routes
        self._description: str | None = None
        self._streams: tuple[list[str], str] = [], ""  # who asked for what, and was told what
        self._process = psutil.Process(os.getpid())
        hub.figures = self.figures
        self.rest = Starlette(
            routes=[
                StarletteRoute(path, getattr(self, operation.name), methods=[operation.method])
                for path, operation in REST.items()
            ],
            exception_handlers={
                Refused: self._on_error,
                UsageError: self._on_error,
                404: self._on_not_found,
                405: self._on_bad_method,
            },
        )
        self._paths = {*REST, *BY_QUERY}
        self.rest.router.redirect_slashes = False  # nothing is at another address

    # ---- refusing ---------------------------------------------------------------------------

    def _refusal(self, error: Exception, **headers: str) -> JSONResponse:
        refusal = as_refusal(error)
        self._hub.refuse(API, refusal)
        for name, value in refusal_headers(refusal):
            headers[name.decode()] = value.decode()
        return JSONResponse(refusal.to_json(), status_code=refusal.status, headers=headers)

    async def _on_error(self, request: Request, error: Exception) -> Response:
        return self._refusal(error)

    async def _on_not_found(self, request: Request, error: Exception) -> Response:
        return self._refusal(NOT_FOUND(f"there is nothing at {request.url.path}"))

    async def _on_bad_method(self, request: Request, error: Exception) -> Response:
        allowed = getattr(error, "headers", None)
        return self._bad_method(request.scope, (allowed or {}).get("Allow", ""))

    def _bad_method(self, scope: Scope, allowed: str) -> JSONResponse:
        return self._refusal(bad_method(scope), allow=allowed)

    async def refuse_method(
        self, methods: Iterable[str], scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer 405 and name the methods that would do."""
        await self._bad_method(scope, ", ".join(methods))(scope, receive, send)

    async def refuse(self, error: Exception, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a refusal, and count it."""
        await self._refusal(error)(scope, receive, send)

    def _check_key(self, headers: Headers) -> None:
        key = bearer(headers)
        if key is None:
            raise API_KEY_MISSING()
        if not hmac.compare_digest(key.encode("latin-1"), self._key):
            raise BAD_API_KEY()

    # ---- publishing -------------------------------------------------------------------------

    async def publish(self, channel: str, scope: Scope, receive: Receive, send: Send) -> None:
        """``POST /v1/publish?channel=``: the body is the message."""
        self._check_key(scope["headers"])
        raw = await read_body(scope, receive, MAX_MESSAGE_BYTES, "the message")
        try:
            text = raw.decode()
        except UnicodeDecodeError as error:
            raise InvalidMessage(f"the message is not UTF-8: {error.reason}") from error
        hub, key = self._hub, idempotency_key(scope["headers"])
        entry: Entry | Receipt
        if key is None and hub.backplane.at_once:
            entry = hub.publish(channel, text)
        else:
            hub.check(channel, text)
            (entry,) = await hub.backplane.publish([(channel, text)], key)
        self._hub.count(API, Hit.PUBLISH)
        body = b'{"seq":%d,"epoch":"%s","accepted_ns":%d}' % (
            entry.seq,
            entry.epoch.encode(),
            entry.accepted_ns,
        )
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 202, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def publish_batch(self, request: Request) -> Response:
        """``POST /v1/messages``: up to 1,000 messages, all or nothing."""
        self._check_key(request.scope["headers"])
        raw = await read_body(request.scope, request.receive, MAX_BATCH_BYTES, "the batch")
        items = json_of(raw)
        if not isinstance(items, list) or not 1 <= len(items) <= MAX_BATCH_MESSAGES:
            raise BAD_BATCH()
        for index, item in enumerate(items):
            if not isinstance(item, dict) or set(item) != {"channel", "data"}:
                raise BAD_BATCH(f'item {index} must have "channel" and "data" only')
        for index, item in enumerate(items):
            try:
                self._hub.check(item["channel"], item["data"])
            except UsageError as error:
                refusal = as_refusal(error)
                detail = f"item {index}: {refusal.detail}"
                raise Refused(refusal.status, refusal.reason, detail) from error
        batch = [(item["channel"], item["data"]) for item in items]
        key = idempotency_key(request.scope["headers"])
        entries = await self._hub.backplane.publish(batch, key)
        self._hub.count(API, Hit.PUBLISH)
        answer = [
            {"seq": entry.seq, "epoch": entry.epoch, "accepted_ns": entry.accepted_ns}
            for entry in entries
        ]
        return JSONResponse(answer, status_code=202)

    # ---- tokens -----------------------------------------------------------------------------

    async def create_channel(self, request: Request) -> Response:
        """``POST /v1/channels``: a token, and where it can be used."""
        self._check_key(request.scope["headers"])
        raw = await read_body(request.scope, request.receive, MAX_REQUEST_BYTES, "the request")
        body = json_of(raw)
        known = set(ChannelRequest.__annotations__)
        if not isinstance(body, dict) or "client_id" not in body or not set(body) <= known:
            raise NOT_A_CHANNEL_REQUEST()
        named = body.get("transports")
        chosen = endpoints.chosen(self._transports, named)
        token, grant = await self._hub.create_channel(
            body["client_id"],
            body.get("channel"),
            whole(body.get("duration_minutes")),
            wanted=False if named is None else (endpoints.at_a_broker(chosen) or None),
        )
        said = self._describe(grant, request, chosen)
        return JSONResponse({"token": token, **said}, status_code=201)

    async def revoke(self, request: Request) -> Response:
        """``DELETE /v1/tokens``: a token, or all of a client, of a channel, of both, or of all."""
        self._check_key(request.scope["headers"])
        body = json_of(
            await read_body(request.scope, request.receive, MAX_REQUEST_BYTES, "the request")
        )
        ended = await self._hub.backplane.revoke(partial(revoke, self._hub.grants, body))
        return JSONResponse({"ended": ended})

    async def endpoints(self, request: Request) -> Response:
        """``GET /v1/endpoints``: what `create_channel` said, for the holder of a token."""
        token = token_of(request.scope, request.query_params)
        chosen = self._chosen(request)
        hub = self._hub
        grant = await hub.welcome(token) if endpoints.at_a_broker(chosen) else hub.verify(token)
        return JSONResponse(self._describe(grant, request, chosen))

    async def asyncapi(self, request: Request) -> Response:
        """``GET /v1/asyncapi.json``: the streams, for those who write clients."""
        from pushlab.hub.api.asyncapi import asyncapi_document

        chosen, seen = self._chosen(request), self._from_there(request)
        asked = [seen.url(), *(transport.name for transport in chosen)]
        if self._streams[0] != asked:  # it takes a hundred times as long as a poll
            self._streams = asked, json.dumps(asyncapi_document(seen, chosen))
        return Response(self._streams[1], media_type="application/json", headers=_FOR_EVERY_PAGE)

    def _chosen(self, request: Request) -> Sequence[Transport]:
        """The transports that are asked for. Raises Refused (400)."""
        named = request.query_params.get("transports")
        return endpoints.chosen(self._transports, None if named is None else named.split(","))

    def _from_there(self, request: Request) -> SeenHub:
        """The hub as whoever asks reaches it."""
        url = self._reach.url(request.scope, self._hub.url())
        return seen_from(self._hub, url, self._reach.public_broker_url)

    def _describe(
        self, grant: Grant, request: Request, chosen: Sequence[Transport]
    ) -> TokenDetails:
        hub_from_there = self._from_there(request)
        return {
            "client_id": grant.client_id,
            "channel": grant.channel,
            "expires_at": grant.expires_at,
            "endpoints": {
                transport.name: dict(transport.endpoint(hub_from_there, grant))
                for transport in chosen
            },
        }

    # ---- looking ----------------------------------------------------------------------------

    async def presence(self, channel: str, scope: Scope, receive: Receive, send: Send) -> None:
        """``GET /v1/presence?channel=``: the client IDs that are there now."""
        self._check_key(scope["headers"])
        check_channel(channel)
        present = await self._hub.backplane.present(channel)
        await JSONResponse({"channel": channel, "present": present})(scope, receive, send)

    def figures(self) -> HubFigures:
        """What `stats` tells of this hub."""
        hub, process = self._hub, self._process
        usage = resource.getrusage(resource.RUSAGE_SELF)
        with process.oneshot():
            rss_bytes = process.memory_info().rss
        return {
            "now_ns": time.monotonic_ns(),
            "uptime_s": (time.monotonic_ns() - hub.started_ns) / 1e9,
            "hits": {
                name: {str(kind): n for kind, n in kinds.items()}
                for name, kinds in hub.hits.items()
            },
            "published": hub.published,
            "channels": hub.channel_count,
            "feeds": hub.feed_count,
            "present": hub.presence.total(),
            "refusals": dict(sorted(hub.refusals.counts.items())),
            "presence_posts": hub.poster.figures() if hub.poster else {},
            "presence_posts_dropped": hub.poster.posts["refused"] if hub.poster else 0,
            "process": {
                "cpu_s": usage.ru_utime + usage.ru_stime,
                "rss_bytes": rss_bytes,
                "open_descriptors": process.num_fds(),
                "connections": hub.connections(),
                "most_connections": hub.most_connections,
            },
        }

    async def stats(self, request: Request) -> Response:
        """``GET /v1/stats``: hits by transport and kind, and the server's own figures."""
        self._check_key(request.scope["headers"])
        if text := request.headers.get(AT.name, ""):
            if not (text.isascii() and text.isdigit() and int(text[:20]) <= AT.schema["maximum"]):
                raise out_of_bounds(AT)()
            await until(int(text))
        told = await self._all_hubs()
        if told is None:
            return JSONResponse(self.figures())
        more = {"hubs": told.hubs, "silent": told.silent, "all": summed(told)}
        return JSONResponse({**self.figures(), **more})

    async def _all_hubs(self) -> HubsFigures | None:
        """What `Backplane.figures` tells; None while it is away, too."""
        with contextlib.suppress(Refused):
            return await self._hub.backplane.figures()
        return None

    async def openapi(self, request: Request) -> Response:
        """``GET /v1/openapi.json``: the API, described; for any page to read."""
        if self._description is None:
            from pushlab.hub.api.openapi import openapi_document

            told = openapi_document(self._hub, self._routes, self._transports)
            self._description = json.dumps(told)[:-1]
        servers = [{"url": self._reach.url(request.scope, self._hub.url())}]
        return Response(
            f'{self._description}, "servers": {json.dumps(servers)}}}',
            media_type="application/json",
            headers=_FOR_EVERY_PAGE,
        )

    async def metrics(self, request: Request) -> Response:
        """``GET /metrics``: the same as Prometheus text."""
        self._check_key(request.scope["headers"])
        told = await self._all_hubs()
        text = prometheus_text(self.figures()) if told is None else prometheus_text_of_all(told)
        return PlainTextResponse(text, media_type=MEDIA_TYPE)

    async def health(self, request: Request) -> Response:
        """``GET /healthz``: 200 while the hub serves."""
        return PlainTextResponse("ok\n")

    # ---- routing ----------------------------------------------------------------------------

    def has(self, path: str) -> bool:
        """Whether the API has something at this path, which is not encoded."""
        return path in self._paths or named_in_path(path.encode()) is not None

    async def channel_route(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Serve what names a channel (`hub.api.channel_names`); False when the path is another.

        In a path the name is percent-encoded and may have an encoded slash, so the raw path counts.
        """
        channel: str | None = None
        what = BY_QUERY.get(scope["path"])
        if what is None:
            named = named_in_path(scope.get("raw_path") or scope["path"].encode())
            if named is None:
                return False
            what, channel = named
        operation = OF_A_CHANNEL[what]
        methods = ("GET", "HEAD") if operation.method == "GET" else (operation.method,)
        if scope["method"] not in methods:
            await self.refuse_method(methods, scope, receive, send)
            return True
        try:
            if channel is None:
                channel = channel_in_query(scope)
            await getattr(self, operation.name)(channel, scope, receive, send)
        except (Refused, UsageError) as error:
            await self.refuse(error, scope, receive, send)
        return True
