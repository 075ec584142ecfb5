"""What a server's first answer to a reader is like, and what is wrong with it."""

from pushlab.contract.subscriber import Endpoint
from pushlab.errors import ConnectionFailed
from pushlab.lab.probe.findings import Answer, Form, Trouble
from pushlab.lab.probe.http_reading import Exchange, exchanges, request_headers
from pushlab.lab.probe.reader import ProbeReader
from pushlab.lab.probe.recording import alpn_of, converse
from pushlab.lab.probe.shapes import answer_of

__all__ = ["compared", "first_exchange", "is_settled", "trouble_of"]

_WITHIN_S = 2.0


def first_exchange(reader: ProbeReader) -> Exchange | None:
    """The first exchange that was answered, else the first; None: it is no HTTP."""
    found = [each for recording in reader.recordings for each in exchanges(recording)]
    return next((each for each in found if each.status), found[0] if found else None)


def is_settled(reader: ProbeReader) -> bool:
    """Whether it is known how a reader fares: it was let in, or answered, or cannot connect."""
    if reader.accepted or (reader.said and not reader.recordings):
        return True
    first = first_exchange(reader)
    return first is not None and bool(first.ended_ns or first.unreadable)


def trouble_of(reader: ProbeReader, form: Form, first: Exchange | None) -> tuple[Trouble, str]:
    """What is wrong with the first answer, if anything; and details."""
    said = reader.closed.reason if reader.closed is not None else (reader.said or [""])[-1]
    if not reader.recordings:
        return "no-connection", said or "no connection"
    if first is None:  # no HTTP
        return ("", "") if reader.accepted else ("closed" if said else "no-answer", said)
    if first.unreadable:
        return "unreadable", first.unreadable
    if not first.status and reader.accepted:  # a poll that is held from the first
        return "", ""
    if not first.status:
        ended = reader.recordings[0].ended_ns is not None
        return ("closed", said) if ended else ("no-answer", said)
    if trouble := _of_status(form, first):
        return trouble
    if not reader.accepted and said:
        return "unreadable", said
    return "", ""


def _of_status(form: Form, first: Exchange) -> tuple[Trouble, str] | None:
    nothing_yet = form == "polls" and first.status in (204, 304, 408)
    if nothing_yet:
        return None
    if first.status >= 300:
        return "refused", ""
    if first.media_type.endswith("html"):
        return "html", first.media_type
    if form == "frames" and first.status != 101:
        return "no-upgrade", ""
    if form == "event-stream" and first.media_type != "text/event-stream":
        return "wrong-type", first.media_type
    return None


async def compared(
    endpoint: Endpoint, first: Exchange, *, wait_s: float, authority: str | None
) -> Answer:
    """The answer, and what the same request gets that offers compression and HTTP/2."""
    within_s = min(wait_s, _WITHIN_S)
    http, compressed = "", None
    try:
        if endpoint.tls:
            http = await alpn_of(endpoint, within_s=within_s, authority=authority)
        compressed = await _offer(endpoint, first.request, within_s, authority)
    except ConnectionFailed:
        pass  # it answered a moment ago: whoever publishes next says what has happened
    return answer_of(first, http=http, compressed=compressed)


async def _offer(
    endpoint: Endpoint, request: bytes, within_s: float, authority: str | None
) -> str | None:
    """Offer compression; what the answer makes of it. None: there was none in time."""
    asked = request_headers(request)
    socket = "upgrade" in asked.get("connection", "").lower()
    name = "sec-websocket-extensions" if socket else "accept-encoding"
    if name in asked:
        return None
    offered = "permessage-deflate" if socket else "gzip, deflate, br"
    head, _, body = request.partition(b"\r\n\r\n")
    recording = await converse(
        endpoint,
        head + f"\r\n{name.title()}: {offered}\r\n\r\n".encode() + body,
        within_s=within_s,
        enough=lambda so_far: bool(exchanges(so_far)[0].status),
        authority=authority,
    )
    answer = exchanges(recording)[0]
    if not answer.status:
        return None
    return answer.headers.get("sec-websocket-extensions" if socket else "content-encoding", "")
