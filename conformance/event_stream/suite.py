"""The stream's cases, at every split, to the parser and to the client half of SSE."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from random import Random

from conformance.event_stream.cases import CASES, MESSAGES, Case, Event
from conformance.model import NotRun, Suite, Tell, Verdict
from conformance.node import node
from pushlab.contract.cursor import Cursor
from pushlab.contract.events import Message
from pushlab.contract.registry import make_transport
from pushlab.contract.subscriber import Endpoint
from pushlab.wire.event_stream import EventStream

__all__ = ["EventStreams", "our_verdicts"]

_BESIDE = "eventsource-parser"
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
_SPLITS = 80


def _splits(data: bytes) -> Iterator[Sequence[bytes]]:
    """Whole, in two at every place (of long ones at some), in three, and byte by byte."""
    yield [data]
    places = range(1, len(data), max(1, len(data) // _SPLITS))
    yield from ([data[:at], data[at:]] for at in places)
    yield from ([data[:at], data[at : at + 1], data[at + 1 :]] for at in places)
    if len(data) < 2_000:
        yield [data[at : at + 1] for at in range(len(data))]


def _read(pieces: Sequence[bytes]) -> tuple[tuple[Event, ...], int]:
    """The events that a page would see, and the last `retry`."""
    stream, found = EventStream(), []
    for piece in pieces:
        for block in stream.blocks(piece):
            event = stream.read(block)
            if event.data is not None:
                found.append((event.kind, event.data, event.id))
    return tuple(found), stream.retry_ms


def _words(events: Sequence[Event], retry_ms: int) -> str:
    told = [repr(list(event)) for event in events[:3]]
    told += [f"and {len(events) - 3} more"] if len(events) > 3 else []
    told += [f"retry {retry_ms}"] if retry_ms else []
    text = ", ".join(told) or "nothing"
    return text if len(text) < 120 else f"{text[:110]}..."


def _parsed(case: Case, beside: Sequence[Event] | None) -> Verdict:
    seen = {_read(pieces) for pieces in _splits(case.stream)}
    others = {} if beside is None else {_BESIDE: _words(beside, 0)}
    if beside is not None and tuple(beside) == case.events:
        others = {_BESIDE: "the same"}
    return Verdict(
        case=case.name,
        group="the parser",
        source="HTML, 9.2.6",
        wanted=_words(case.events, case.retry_ms),
        seen=" or, by how it is split, ".join(_words(*each) for each in seen),
        right=seen == {(case.events, case.retry_ms)},
        others=others,
    )


def _delivered(pieces: Sequence[bytes]) -> tuple[str, ...]:
    """The messages that the client half gets of a stream."""
    transport = make_transport("sse")
    place = transport.at(Endpoint("127.0.0.1", 80))
    half = transport.subscriber(place, "TOKEN", cursor=Cursor.parse("e-0"), rng=Random(1))
    half.start(0)
    half.connection_made(0)
    half.data_to_send()
    found = []
    for piece in pieces:
        half.receive_data(piece, 0)
        found += [event.data for event in half.events_received() if isinstance(event, Message)]
    return tuple(found)


def _received(name: str, stream: str | bytes, wanted: list[str]) -> Verdict:
    data = stream.encode() if isinstance(stream, str) else stream
    seen = {_delivered([_HEAD, *pieces]) for pieces in _splits(data)}
    return Verdict(
        case=name,
        group="the client half",
        source="HTML, 9.2.6",
        wanted=repr(wanted),
        seen=" or, by how it is split, ".join(repr(list(each)) for each in seen),
        right=seen == {tuple(wanted)},
    )


def our_verdicts(beside: Sequence[Sequence[Event]] | None = None) -> Iterator[Verdict]:
    """Every case."""
    for number, case in enumerate(CASES):
        yield _parsed(case, beside[number] if beside else None)
    for name, stream, wanted in MESSAGES:
        yield _received(name, stream, wanted)


class EventStreams(Suite):
    """The format of server-sent events."""

    name = "event-stream"
    title = "Server-sent events: the format"
    about = (
        "Streams to pushlab's parser, and to its client half as a hub's answer, whole, in two and"
        " in three at every place, and byte by byte; beside it what the npm package"
        " eventsource-parser reads in the whole stream. channel.js has no parser"
        " of its own: it uses the browser's."
    )
    others = (_BESIDE,)

    async def run(self, tell: Tell) -> AsyncIterator[Verdict]:
        """In this process, without a socket."""
        beside = None
        try:
            asked = json.dumps([case.stream.hex() for case in CASES])
            script = "event_stream/eventsource_parser.mjs"
            told = await asyncio.to_thread(node, script, asked, package=_BESIDE)
            beside = [[tuple(event) for event in events] for events in json.loads(told)]
        except NotRun as error:
            yield Verdict(case=_BESIDE, group="beside", seen=str(error), right=None)
        tell("streams")
        for verdict in our_verdicts(beside):
            yield verdict
