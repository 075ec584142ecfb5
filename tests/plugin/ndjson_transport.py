"""A transport in a package of its own: JSON lines over one response that never ends.

An example for authors, and the proof that a plug-in needs nothing from inside the repository: the
tests put this folder on the path as an installed package would be, list it, run the contract suite
over it, and compare it with the built-in transports.
"""

import asyncio
import json
from collections.abc import Sequence
from random import Random

from pushlab.contract.cursor import Cursor
from pushlab.contract.hits import Hit
from pushlab.contract.profile import Profile
from pushlab.contract.serving import (
    Entry,
    Feed,
    Hub,
    HubSettings,
    Receive,
    Route,
    Scope,
    Send,
)
from pushlab.contract.subscriber import Endpoint, Subscriber
from pushlab.contract.transport import Transport
from pushlab.errors import Refused
from pushlab.wire.asgi import (
    admit,
    linger_s,
    parameters,
    refusal_answer,
    respond,
    wait_for_disconnect,
)
from pushlab.wire.asgi_writer import AsgiWriter
from pushlab.wire.http1 import BadResponse, ResponseParser, refusal_reason, request_head

SILENCE_NS = 50 * 1_000_000_000


def line(**values: object) -> bytes:
    return json.dumps(values).encode() + b"\n"


def encode(entry: Entry) -> bytes:
    return line(epoch=entry.epoch, seq=entry.seq, data=entry.data)


class JsonLines(Transport):
    """JSON lines, both ends."""

    name = "ndjson"
    path = "/v1/lines"
    profile = Profile(title="JSON lines", delivery="stream", protocol="http")

    def in_force(self, settings: HubSettings) -> Profile:
        return self.profile.timed(keep_alive_s=settings.keep_alive_s)

    def routes(self, hub: Hub) -> Sequence[Route]:
        async def lines(scope: Scope, receive: Receive, send: Send) -> None:
            feeds: list[Feed] = []
            writer = AsgiWriter(send, receive, lambda: feeds[0].resume())

            def body(data: bytes, more: bool = True) -> dict[str, object]:
                return {"type": "http.response.body", "body": data, "more_body": more}

            def write(entries: Sequence[Entry]) -> bool:
                return writer.write(body(b"".join(entry.form(encode) for entry in entries)))

            def end(reason: str, status: int) -> None:
                last = body(line(end=reason, status=status), more=False)
                writer.finish(last, linger_s=linger_s(hub, reason))

            async def keep_alive() -> None:
                while True:
                    await asyncio.sleep(hub.settings.keep_alive_s)
                    if not writer.full:
                        writer.write(body(b"\n"))

            try:
                grant, after = admit(hub, scope, parameters(scope))
                feed = hub.subscribe(grant, after, transport=self.name, write=write, end=end)
            except Refused as refusal:
                hub.count(self.name, Hit.REFUSED)
                await respond(send, refusal_answer(refusal))
                return
            feeds.append(feed)
            hub.count(self.name, Hit.CONNECT if after is None else Hit.RECONNECT)
            ticking = asyncio.ensure_future(keep_alive())
            try:
                headers = [(b"content-type", b"application/x-ndjson")]
                await send({"type": "http.response.start", "status": 200, "headers": headers})
                await send(body(line(at=str(feed.position))))
                feed.start()
                await wait_for_disconnect(receive)
            finally:
                ticking.cancel()
                feed.close()
                writer.close()

        return [Route("http", self.path, lines)]

    def subscriber(
        self, endpoint: Endpoint, token: str, *, cursor: Cursor | None = None, rng: Random
    ) -> Subscriber:
        return JsonLinesSubscriber(endpoint, token, cursor=cursor, rng=rng)


class JsonLinesSubscriber(Subscriber):
    """Reads a line at a time."""

    def _on_connected(self, now_ns: int) -> None:
        self._parser, self._rest = ResponseParser(), b""
        cursor = self.cursor
        self._kind = Hit.CONNECT if cursor is None else Hit.RECONNECT
        self._hit(self._kind)
        first, rest = request_head(self.endpoint, self._token, "GET")
        self._send(first + (b"" if cursor is None else f"?after={cursor}".encode()) + rest)
        self._timer_ns = now_ns + SILENCE_NS

    def _on_data(self, data: bytes, now_ns: int) -> None:
        self._timer_ns = now_ns + SILENCE_NS
        parser = self._parser
        try:
            parser.feed(data)
            if parser.status not in (0, 200):
                if parser.complete:
                    self._turned_away(self._kind)
                    reason = refusal_reason(parser.status, b"".join(parser.body))
                    self._refused(parser.status, reason, now_ns)
                return
            *lines, self._rest = (self._rest + b"".join(parser.body)).split(b"\n")
            parser.body.clear()
            for text in filter(None, lines):
                self._read(json.loads(text), now_ns)
            if parser.complete and self.holds_connection:
                self._lose("the stream ended", now_ns)
        except (BadResponse, ValueError, KeyError, TypeError) as error:
            self._lose(f"not JSON lines: {error}", now_ns)

    def _read(self, values: dict[str, object], now_ns: int) -> None:
        if "data" in values:
            self._deliver(str(values["epoch"]), int(str(values["seq"])), str(values["data"]))
        elif "at" in values:
            self._located(Cursor.parse(str(values["at"])))
        else:
            self._refused(int(str(values["status"])), str(values["end"]), now_ns)

    def _on_timer(self, now_ns: int) -> None:
        self._lose("the server fell silent", now_ns)
