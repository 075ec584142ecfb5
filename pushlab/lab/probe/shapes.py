"""What the bytes of a reader's connections show: form, head, stream, polls, keep-alives."""

import json
import statistics
from collections.abc import Sequence
from itertools import pairwise

from pushlab.lab.probe.findings import Answer, Form, PollsSeen, Silence, StreamSeen
from pushlab.lab.probe.http_reading import Exchange, exchanges, request_headers
from pushlab.lab.probe.recording import Recording
from pushlab.lab.probe.stream_reading import blocks, frames, retry_ms
from pushlab.systems.stamp import stamps_in

__all__ = ["answer_of", "form_of", "polls_seen", "silence", "stream_seen"]

_NOTED = (
    "server",
    "via",
    "x-powered-by",
    "x-accel-buffering",
    "x-cache",
    "cf-ray",
    "cache-control",
    "expires",
    "age",
    "etag",
    "last-modified",
    "vary",
    "connection",
    "transfer-encoding",
    "content-length",
    "content-encoding",
    "www-authenticate",
    "location",
    "retry-after",
    "alt-svc",
    "sec-websocket-protocol",
)
_SAMPLE_LETTERS = 120
_CONNECT = b"\x10"
_MQTT = "mqtt"  # what a WebSocket's client asks for that speaks it within


def form_of(recordings: Sequence[Recording]) -> Form:
    """What kind of conversation this is, by the request and the answer."""
    sent = next((data for each in recordings for _, data in each.sent), b"")
    if sent.startswith(_CONNECT):
        return "packets"
    asked = request_headers(sent)
    if "upgrade" in asked.get("connection", "").lower():
        within = asked.get("sec-websocket-protocol", "")
        return "packets" if within.startswith(_MQTT) else "frames"
    found = [each for recording in recordings for each in exchanges(recording)]
    if not found:
        return "other"
    streams = any(each.media_type == "text/event-stream" for each in found)
    return "event-stream" if streams or "event-stream" in asked.get("accept", "") else "polls"


def answer_of(exchange: Exchange, *, http: str = "", compressed: str | None = None) -> Answer:
    """The head of an answer."""
    headers = {name: exchange.headers[name] for name in _NOTED if name in exchange.headers}
    refused = not 200 <= exchange.status < 300 and exchange.status != 101
    strange = exchange.media_type.endswith("html")
    return Answer(
        status=exchange.status,
        media_type=exchange.media_type,
        headers=headers,
        after_s=max(0, exchange.head_ns - exchange.sent_ns) / 1e9,
        body=exchange.first_line if refused or strange else "",
        http=http,
        compressed=compressed,
    )


# ---- streams ------------------------------------------------------------------------------------


def stream_seen(recordings: Sequence[Recording], form: Form, key: int) -> StreamSeen | None:
    """What a stream consists of; None: it is none."""
    found = [each for recording in recordings for each in exchanges(recording)]
    if form == "event-stream":
        return _events_seen(found, key)
    return _frames_seen(found, key) if form == "frames" else None


def _events_seen(found: Sequence[Exchange], key: int) -> StreamSeen:
    events = [event for each in found for _, event in blocks(each)]
    with_data = [event for event in events if event.data is not None]
    ours = [event for event in with_data if _is_ours((event.data or "").encode(), key)]
    shown = ours or with_data
    return StreamSeen(
        messages=len(with_data),
        ids=sum(event.gives_id for event in shown),
        last_id=next((event.id for event in reversed(events) if event.id), ""),
        kinds=tuple(dict.fromkeys(event.kind for event in shown)),
        retry_ms=max(map(retry_ms, found), default=0),
        sample=_cut(shown[0].data or "") if shown else "",
    )


def _frames_seen(found: Sequence[Exchange], key: int) -> StreamSeen:
    messages = [frame for each in found for frame in frames(each) if not frame.is_control]
    shown = [frame for frame in messages if _is_ours(frame.payload, key)] or messages
    plain = [frame.payload for frame in shown if not frame.compressed]
    names = dict.fromkeys({1: "text", 2: "binary"}.get(frame.opcode, "") for frame in shown)
    return StreamSeen(
        messages=len(messages),
        kinds=tuple(name for name in names if name),
        sample=_cut(plain[0].decode(errors="replace")) if plain else "",
    )


def _is_ours(data: bytes, key: int) -> bool:
    return any(True for _ in stamps_in(data, key))


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SAMPLE_LETTERS else f"{line[:_SAMPLE_LETTERS]}…"


# ---- polls --------------------------------------------------------------------------------------


def polls_seen(
    recordings: Sequence[Recording], form: Form, key: int, now_ns: int
) -> PollsSeen | None:
    """What polls are like; None: these are none."""
    if form != "polls":
        return None
    found = [each for recording in recordings for each in exchanges(recording)]
    whole = [each for each in found if each.ended_ns and each.status]
    full = [each for each in whole if _is_ours(each.content, key)]
    empty = [each for each in whole if not _is_ours(each.content, key)]
    held = [each for each in found if not each.ended_ns]
    last = empty[-1] if empty else None
    shown = full[-1] if full else last
    return PollsSeen(
        polls=len(found),
        empty=len(empty),
        connections=sum(bool(recording.sent) for recording in recordings),
        empty_status=last.status if last else 0,
        empty_bytes=_bytes_of(last) if last else 0,
        empty_body_bytes=len(last.content) if last else 0,
        hold_s=max((each.ended_ns - each.sent_ns) / 1e9 for each in empty) if empty else None,
        still_held_s=max(0, now_ns - held[-1].sent_ns) / 1e9 if held else 0.0,
        shape=shape_of(shown) if shown else "",
    )


def _bytes_of(exchange: Exchange) -> int:
    return len(exchange.request) + exchange.head_bytes + len(exchange.content)


def shape_of(exchange: Exchange) -> str:
    """What kind of content an answer has."""
    content = exchange.content
    if not content:
        return "no content"
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return exchange.media_type or "no type said"
    if isinstance(value, dict):
        return f"JSON object: {', '.join(list(value)[:8])}" if value else "JSON object, empty"
    if isinstance(value, list):
        inner = f" of objects: {', '.join(list(value[0])[:8])}" if _objects(value) else ""
        return f"JSON array{inner}"
    return "JSON"


def _objects(values: list[object]) -> bool:
    return bool(values) and isinstance(values[0], dict)


# ---- silence ------------------------------------------------------------------------------------


def silence(
    recordings: Sequence[Recording], form: Form, key: int, began_ns: int, ended_ns: int
) -> Silence:
    """What came from a moment on, in which nothing was published."""
    beats = [(at, kind) for at, kind in _beats(recordings, form, key) if at > began_ns]
    periods = [later - at for (at, _), (later, _) in pairwise(beats)]
    period_ns: float | None = statistics.median(periods) if periods else None
    if period_ns is None and beats:
        period_ns = beats[0][0] - began_ns
    ends = [each.ended_ns for each in recordings if each.ended_ns and each.ended_ns > began_ns]
    return Silence(
        listened_s=(ended_ns - began_ns) / 1e9,
        beats=len(beats),
        kind=beats[0][1] if beats else "",
        period_s=None if period_ns is None else period_ns / 1e9,
        ended_s=(ends[0] - began_ns) / 1e9 if ends and form != "polls" else None,
    )


def _beats(recordings: Sequence[Recording], form: Form, key: int) -> list[tuple[int, str]]:
    """When something came that is no message of ours, and what."""
    found: list[tuple[int, str]] = []
    for recording in recordings:
        for exchange in exchanges(recording):
            if form == "event-stream":
                for at_ns, event in blocks(exchange):
                    if event.data is None:
                        found.append((at_ns, "comment" if event.comments else "empty event"))
                    elif not _is_ours(event.data.encode(), key):
                        found.append((at_ns, f"event {event.kind!r}"))
            elif form == "frames":
                for frame in frames(exchange):
                    if frame.is_control:
                        found += [(frame.at_ns, "ping")] if frame.is_ping else []
                    elif not _is_ours(frame.payload, key):
                        found.append((frame.at_ns, "message"))
    return found
