"""Finds out what a URL alone is: asks it as an event stream, as JSON, as a WebSocket, as MQTT.

It reads and publishes nothing. A connection or two at a time, and a handful in all.
"""

import asyncio
import base64
import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from pushlab.contract.subscriber import Endpoint
from pushlab.errors import ConnectionFailed
from pushlab.lab.probe.findings import Answer, Silence, StreamSeen, Trouble
from pushlab.lab.probe.http_reading import Exchange, exchanges
from pushlab.lab.probe.publisher import whole_answer
from pushlab.lab.probe.recording import Recording, alpn_of, converse
from pushlab.lab.probe.shapes import answer_of, shape_of, silence, stream_seen
from pushlab.lab.probe.stream_reading import blocks
from pushlab.wire.http1 import request_bytes

__all__ = ["AddressFound", "Kind", "probe_address"]

Kind = Literal["", "event-stream", "json", "html", "frames", "packets", "held", "other"]

_ACCEPT = "text/event-stream, application/json;q=0.9, */*;q=0.5"
_LONG_POLL_S = 1.0
_AGAIN_S = 3.0
_NO_KEY = 0
#: Names under which answers tell a reader's place, likeliest first.
_PLACES = (
    "last_id",
    "lastId",
    "last_event_id",
    "last",
    "cursor",
    "next",
    "next_cursor",
    "nextCursor",
    "next_batch",
    "offset",
    "seq",
    "sequence",
    "version",
    "since",
    "token",
    "timestamp",
)
#: CONNECT of MQTT 3.1.1 (section 3.1): clean session, no keep-alive, the client named "probe".
_MQTT_CONNECT = b"\x10\x11\x00\x04MQTT\x04\x02\x00\x00\x00\x05probe"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressFound:
    """What was found at a URL.

    Attributes:
        kinds: what it is, likeliest first; more than one where it is a WebSocket, too.
        answer: to a GET; `socket`, to a WebSocket's handshake.
        took_s: from the request to the end of the answer; of one that is held, until it was left.
        shape: of JSON.
        places: where a reader's place may stand in it: JSON paths.
        stream, silence: of what it is that streams.
        resumes: whether an event stream began after the ID that was sent as Last-Event-ID, as far
            as events that came meanwhile could tell; None: there were none, or they have no IDs.
        mqtt: what its CONNACK says; None: it speaks no MQTT.
    """

    url: str
    kinds: Sequence[Kind] = ()
    trouble: Trouble = ""
    said: str = ""
    answer: Answer | None = None
    socket: Answer | None = None
    took_s: float = 0.0
    shape: str = ""
    places: Sequence[str] = ()
    stream: StreamSeen | None = None
    silence: Silence | None = None
    resumes: bool | None = None
    mqtt: int | None = None


async def probe_address(url: str, *, listen_s: float, wait_s: float) -> AddressFound:
    """Find out what a URL is.

    Args:
        listen_s: how long is listened to what streams, or holds its answer.
        wait_s: how long connecting, and an answer of a WebSocket, may take.
    """
    endpoint = Endpoint.from_url(url)
    scheme = url.partition("://")[0]
    found = AddressFound(url=url)
    if scheme in ("mqtt", "mqtts", "tcp"):
        return await _mqtt(found, endpoint, wait_s)
    try:
        if scheme in ("ws", "wss"):
            return await _socket(found, endpoint, listen_s, wait_s)
        asked, upgraded = await asyncio.gather(
            _ask(found, endpoint, listen_s, wait_s),
            _socket(found, endpoint, listen_s, wait_s),
        )
    except ConnectionFailed as error:
        return replace(found, trouble="no-connection", said=str(error))
    if not asked.answer and not upgraded.answer:
        spoken = await _mqtt(found, endpoint, wait_s)
        return spoken if spoken.mqtt is not None else asked
    if "frames" in upgraded.kinds:
        socket = upgraded.socket
        streams = "event-stream" in asked.kinds
        own = asked if streams else replace(asked, stream=upgraded.stream, silence=upgraded.silence)
        usual = [kind for kind in asked.kinds if kind in ("event-stream", "json", "held")]
        return replace(own, socket=socket, kinds=(*usual, "frames"), trouble="", said="")
    return asked


# ---- by HTTP ------------------------------------------------------------------------------------


async def _ask(
    found: AddressFound, endpoint: Endpoint, listen_s: float, wait_s: float
) -> AddressFound:
    headers = {"Accept": _ACCEPT, "Accept-Encoding": "gzip, deflate, br"}
    request = request_bytes(endpoint.authority, "GET", endpoint.path or "/", headers=headers)
    http = await alpn_of(endpoint, within_s=wait_s) if endpoint.tls else ""
    recording = await converse(
        endpoint, request, within_s=max(listen_s, wait_s), enough=whole_answer
    )
    if _is_stream(recording) and exchanges(recording)[0].headers.get("content-encoding"):
        # an encoded stream is not read here: ask for it as it is
        plain = request_bytes(
            endpoint.authority, "GET", endpoint.path or "/", headers={"Accept": _ACCEPT}
        )
        encoded, recording = recording, await converse(endpoint, plain, within_s=listen_s)
        compressed = exchanges(encoded)[0].headers["content-encoding"]
    else:
        compressed = exchanges(recording)[0].headers.get("content-encoding", "")
    first = exchanges(recording)[0]
    if not first.status:
        return _no_answer(found, first, recording)
    answer = answer_of(first, http=http, compressed=compressed)
    told = replace(found, answer=answer, took_s=_took_s(first))
    if not 200 <= first.status < 300:
        return replace(told, trouble="refused", kinds=("other",))
    if first.media_type == "text/event-stream":
        return await _stream(told, endpoint, recording, wait_s)
    if first.media_type.endswith("html"):
        return replace(told, trouble="html", kinds=("html",))
    kind: Kind = "json" if shape_of(first).startswith("JSON") else "other"
    if told.took_s >= _LONG_POLL_S and first.ended_ns:
        kind = "held"
    return replace(told, kinds=(kind,), shape=shape_of(first), places=_places(first))


def _is_stream(recording: Recording) -> bool:
    return exchanges(recording)[0].media_type == "text/event-stream"


def _took_s(exchange: Exchange) -> float:
    return ((exchange.ended_ns or time.monotonic_ns()) - exchange.sent_ns) / 1e9


def _no_answer(found: AddressFound, first: Exchange, recording: Recording) -> AddressFound:
    if first.unreadable:
        return replace(found, trouble="unreadable", said=first.unreadable)
    if recording.ended_ns is not None:
        return replace(found, trouble="closed", said="it sent nothing")
    return replace(found, trouble="no-answer", kinds=("held",), took_s=_took_s(first))


async def _stream(
    found: AddressFound, endpoint: Endpoint, recording: Recording, wait_s: float
) -> AddressFound:
    began_ns, now_ns = exchanges(recording)[0].head_ns, time.monotonic_ns()
    seen = stream_seen([recording], "event-stream", _NO_KEY)
    quiet = silence([recording], "event-stream", _NO_KEY, began_ns, now_ns)
    first = exchanges(recording)[0]
    ids = [event.id for _, event in blocks(first) if event.gives_id and event.data is not None]
    resumes = None
    if len(dict.fromkeys(ids)) > 1:
        resumes = await _goes_on(endpoint, ids, min(wait_s, _AGAIN_S))
    return replace(
        found,
        kinds=("event-stream",),
        stream=seen,
        silence=_comments_only(first, quiet),
        resumes=resumes,
    )


def _comments_only(exchange: Exchange, quiet: Silence) -> Silence:
    """The silence with comments as its keep-alives: events may be anybody's messages."""
    at = [at_ns for at_ns, event in blocks(exchange) if event.data is None and event.comments]
    gaps = sorted(later - early for early, later in pairwise(at))
    period_s = gaps[len(gaps) // 2] / 1e9 if gaps else None
    return replace(quiet, beats=len(at), kind="comment" if at else "", period_s=period_s)


async def _goes_on(endpoint: Endpoint, ids: Sequence[str], within_s: float) -> bool:
    """Come back with the first ID: whether the second comes first."""
    headers = {"Accept": "text/event-stream", "Last-Event-ID": ids[0]}
    request = request_bytes(endpoint.authority, "GET", endpoint.path or "/", headers=headers)

    def events(recording: Recording) -> list[str]:
        return [
            event.id
            for _, event in blocks(exchanges(recording)[0])
            if event.gives_id and event.data is not None
        ]

    again = await converse(
        endpoint, request, within_s=within_s, enough=lambda so_far: bool(events(so_far))
    )
    second = next(each for each in ids if each != ids[0])
    return events(again)[:1] == [second]


def _places(exchange: Exchange) -> Sequence[str]:
    """Where a reader's place may stand: ``$.last``, ``header:ETag``."""
    try:
        value = json.loads(exchange.content)
    except (ValueError, RecursionError):
        value = None
    found = []
    if isinstance(value, Mapping):
        plain = {key for key, each in value.items() if isinstance(each, str | int)}
        found = [f"$.{name}" for name in _PLACES if name in plain]
    return [*found, *(["header:ETag"] if "etag" in exchange.headers else [])]


# ---- by WebSocket, and MQTT ---------------------------------------------------------------------


async def _socket(
    found: AddressFound, endpoint: Endpoint, listen_s: float, wait_s: float
) -> AddressFound:
    headers = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        "Sec-WebSocket-Extensions": "permessage-deflate",
        "Origin": f"{'https' if endpoint.tls else 'http'}://{endpoint.authority}",
    }
    request = request_bytes(endpoint.authority, "GET", endpoint.path or "/", headers=headers)
    asked_at = time.monotonic()

    def enough(so_far: Recording) -> bool:
        first = exchanges(so_far)[0]
        if not first.status:
            return time.monotonic() - asked_at > wait_s
        return first.status != 101

    recording = await converse(endpoint, request, within_s=max(listen_s, wait_s), enough=enough)
    first = exchanges(recording)[0]
    if first.status != 101:
        said = "" if first.status else "no answer to the handshake"
        trouble: Trouble = "no-upgrade" if first.status else "no-answer"
        if first.status >= 400:
            trouble = "refused"
        answer = answer_of(first) if first.status else None
        return replace(found, trouble=trouble, said=said, answer=answer, socket=answer)
    compressed = first.headers.get("sec-websocket-extensions", "")
    quiet = silence([recording], "frames", _NO_KEY, first.head_ns, time.monotonic_ns())
    answer = answer_of(first, compressed=compressed)
    return replace(
        found,
        kinds=("frames",),
        answer=answer,
        socket=answer,
        took_s=time.monotonic() - asked_at,
        stream=stream_seen([recording], "frames", _NO_KEY),
        silence=quiet,
    )


async def _mqtt(found: AddressFound, endpoint: Endpoint, wait_s: float) -> AddressFound:
    """Say CONNECT, and see whether a CONNACK comes (MQTT 3.1.1, section 3.2)."""

    def whole(so_far: Recording) -> bool:
        return sum(len(data) for _, data in so_far.received) >= 4

    try:
        recording = await converse(endpoint, _MQTT_CONNECT, within_s=wait_s, enough=whole)
    except ConnectionFailed as error:
        return replace(found, trouble="no-connection", said=str(error))
    data = b"".join(piece for _, piece in recording.received)
    if len(data) >= 4 and data[:2] == b"\x20\x02":
        return replace(found, kinds=("packets",), mqtt=data[3])
    return replace(found, trouble="unreadable", said="it answers neither HTTP nor MQTT")
