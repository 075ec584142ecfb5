"""Publishes to a reader, and finds out what comes: all, in order, to others, after a cut.

Nothing is concluded from a span of time alone where something else can tell: a message counts as
lost when a later one has come to the same reader.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from pushlab.lab.probe.findings import Delivered, Form, Resumed
from pushlab.lab.probe.http_reading import request_headers
from pushlab.lab.probe.publisher import ProbePublisher, Published
from pushlab.lab.probe.reader import ProbeReader
from pushlab.lab.probe.recording import Recording
from pushlab.systems.stamp import stamps_in

__all__ = ["MessageProbe", "NotTaken"]

_SEVERAL, _PAUSE_S = 5, 0.1
_AWAY = 2
_BULK, _BULK_BYTES = 24, 4096
_MARKERS = 3
_SHORT_S = 1.0
_PLACES = ("Last-Event-ID", "If-None-Match", "If-Modified-Since")


class NotTaken(Exception):
    """A message was not taken."""

    def __init__(self, done: Published) -> None:
        super().__init__(done.said)
        self.done = done


class MessageProbe:
    """What is published to one reader, and to others beside it.

    Args:
        make: makes a reader by the name of its client; whether it shall read the other channel.
        place: the number of the channel.
        wait_s: how long is waited for a message.

    Attributes:
        delivered, resumed: what was found, also where something has ended it; None: nothing yet.
    """

    def __init__(
        self,
        publisher: ProbePublisher,
        make: Callable[[str, bool], Awaitable[ProbeReader]],
        *,
        key: int,
        place: int,
        form: Form,
        told_apart: bool,
        wait_s: float,
    ) -> None:
        self.delivered: Delivered | None = None
        self.resumed: Resumed | None = None
        self._publisher = publisher
        self._make = make
        self._key = key
        self._place = place
        self._form = form
        self._told_apart = told_apart
        self._wait_s = wait_s

    async def _publish(self) -> Published:
        done = await self._publisher.publish(self._place)
        if done.said:
            raise NotTaken(done)
        return done

    # ---- delivery -------------------------------------------------------------------------------

    async def deliver(self, first: ProbeReader) -> None:
        """Publish one and some; whether they come. Raises NotTaken."""
        second = await self._other("two", elsewhere=False)
        other = await self._other("other", elsewhere=True) if self._told_apart else None
        for _ in range(2):  # a reader may be let in a moment before it is one
            done = await self._publish()
            if await first.has([done.number], self._wait_s):
                break
        else:
            await self._press(first)
            return
        arrived_ns = first.arrivals(done.number)[0]
        self.delivered = Delivered(
            came=True,
            after_s=(arrived_ns - done.sent_ns) / 1e9,
            answered_s=(done.answered_ns - arrived_ns) / 1e9,
            waited_s=self._wait_s,
            second=await second.has([done.number], self._wait_s),
        )
        await self._several(first, other)

    async def _other(self, client: str, *, elsewhere: bool) -> ProbeReader:
        reader = await self._make(client, elsewhere)
        reader.start()
        await reader.until(lambda: reader.accepted, min(self._wait_s, _SHORT_S))
        return reader

    async def _several(self, first: ProbeReader, other: ProbeReader | None) -> None:
        """Publish some apart; whether they come in order, and apart; what the other reader got."""
        assert self.delivered is not None
        several = await self._publisher.paced(self._place, _SEVERAL, _PAUSE_S)
        sent = [done for done in several if not done.said]
        numbers = [done.number for done in sent]
        await first.has(numbers, self._wait_s)
        came = [number for number in dict.fromkeys(first.numbers) if number in numbers]
        at = [first.arrivals(number)[0] for number in came]
        got = other is not None and any(place == self._place for place, _, _ in other.seen)
        self.delivered = replace(
            self.delivered,
            sent=len(sent),
            arrived=len(came),
            in_order=came == sorted(came),
            sent_over_s=(sent[-1].sent_ns - sent[0].sent_ns) / 1e9 if sent else 0.0,
            arrived_over_s=(max(at) - min(at)) / 1e9 if at else 0.0,
            held_back=self._held_back(sent, at),
            closed=self._closed(first),
            again=len(first.numbers) - len(set(first.numbers)),
            leaked=got if other is not None and other.accepted else None,
        )
        if several[-1].said:
            raise NotTaken(several[-1])

    def _closed(self, reader: ProbeReader) -> int:
        """How often the server has ended a connection that should stand."""
        ended = sum(recording.ended_ns is not None for recording in reader.recordings)
        return 0 if self._form == "polls" else ended

    def _held_back(self, sent: Sequence[Published], at: Sequence[int]) -> bool | None:
        """Whether what was published apart came together; polls always bring it so."""
        if self._form == "polls" or len(at) < _SEVERAL:
            return None
        together = max(at) - min(at) < (sent[-1].sent_ns - sent[0].sent_ns) / 4
        return together and min(at) > sent[-1].sent_ns

    async def _press(self, first: ProbeReader) -> None:
        """Nothing came: publish so much that what holds it back must let it go."""
        pressed = 0
        while self._form != "polls" and pressed < _BULK * _BULK_BYTES and not first.seen:
            done = await self._publisher.publish(self._place, _BULK_BYTES)
            if done.said:
                break
            pressed += _BULK_BYTES
            await first.until(lambda: first.seen, 0.02)
        await first.until(lambda: first.seen, min(self._wait_s, _SHORT_S))
        flushed = bool(first.seen)
        raw = b"".join(data for each in first.recordings for _, data in each.received)
        self.delivered = Delivered(
            came=flushed,
            closed=self._closed(first),
            after_s=2 * self._wait_s if flushed else 0.0,
            waited_s=2 * self._wait_s,
            held_back=True if flushed and pressed else None,
            pressed_bytes=pressed,
            in_bytes=not flushed and any(True for _ in stamps_in(raw, self._key)),
        )

    # ---- a cut ----------------------------------------------------------------------------------

    async def resume(self, first: ProbeReader) -> None:
        """Cut the reader off, publish, and let it come back with its place. Raises NotTaken."""
        newest, known = max(first.numbers), len(first.numbers)
        accepted, connections = len(first.accepted), len(first.recordings)
        first.cut()
        away = [(await self._publish()).number for _ in range(_AWAY)]
        first.come_back()

        def is_back() -> bool:
            again = first.recordings[connections:]
            asked = self._form == "polls" and any(recording.sent for recording in again)
            return asked or len(first.accepted) > accepted

        await first.until(is_back, self._wait_s)
        back = await self._mark(first)
        later = set(first.numbers[known:])
        self.resumed = Resumed(
            away=_AWAY,
            came=len(later.intersection(away)),
            again=sum(number <= newest for number in later),
            back=back is not None,
            place=_place_sent(first.recordings[0], first.recordings[connections:]),
        )
        if back is not None:
            self.resumed = replace(self.resumed, newcomer=await self._newcomer())

    async def _mark(self, reader: ProbeReader) -> int | None:
        """Publish until one comes to the reader; its number, or None where none does.

        What should have come before it, and has not, is lost.
        """
        for _ in range(_MARKERS):
            done = await self._publish()
            if await reader.has([done.number], self._wait_s):
                return done.number
        return None

    async def _newcomer(self) -> int | None:
        """How many old messages a reader is given that is new; None: it gets none at all."""
        reader = await self._make("three", False)
        reader.start()
        await reader.until(lambda: reader.accepted, self._wait_s)
        mark = await self._mark(reader)
        return None if mark is None else sum(number < mark for number in set(reader.numbers))


def _place_sent(first: Recording, later: Sequence[Recording]) -> str:
    """What a reader that came back sent as its place: a header, or what is new in its query.

    What it had sent the first time is none, and may be a secret.
    """
    sent = next((data for each in later for _, data in each.sent), b"")
    asked = request_headers(sent)
    for name in _PLACES:
        if asked.get(name.lower()):
            return f"{name}: {asked[name.lower()]}"
    before = _query(next((data for _, data in first.sent), b""))
    return "&".join(pair for pair in _query(sent) if pair not in before)


def _query(request: bytes) -> list[str]:
    target = (request.split(b" ", 2)[1:2] or [b""])[0].decode("latin-1")
    return [pair for pair in target.partition("?")[2].split("&") if pair]
