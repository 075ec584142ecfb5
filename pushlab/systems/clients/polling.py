"""Short and long polling of a foreign server.

An answer is handed on whole. It brought something if a stamp stands in it: servers say "nothing" in
many ways (204, 304, 408 at the end of a hold, an empty list), and what is not a stamp is none of
the laboratory's messages. A server that repeats old messages in every answer thus always brings
something.

A long poll's first question may be held until the first message, so its reader counts as let in
once that is sent; that it is, a message proves.
"""

from dataclasses import replace
from typing import Any, ClassVar

from pushlab.contract.events import Disconnected
from pushlab.contract.hits import Hit
from pushlab.contract.profile import Profile
from pushlab.contract.subscriber import Endpoint
from pushlab.systems.clients.foreign import ForeignSubscriber
from pushlab.systems.clients.place import parser_with
from pushlab.systems.spec import Speech
from pushlab.systems.stamp import has_stamp
from pushlab.wire.asking import AskingSubscriber, ByClock, ClockOptions
from pushlab.wire.http1 import ResponseParser, request_bytes

__all__ = ["LongPollReader", "PollReader", "ShortPollReader"]

_NS = 1_000_000_000
_GRACE_S = 15.0
_NOT_MODIFIED, _TIMED_OUT = 304, 408
#: A poll that is held is not answered with nothing so soon, time after time.
_SOON_NS, _TOO_OFTEN = 50_000_000, 100
_PAUSE_S = 1.0
_VALIDATORS = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}


class PollReader(ForeignSubscriber, AskingSubscriber):
    """Asks, and hands on each answer in which a stamp stands."""

    _good = frozenset({*range(200, 300), _NOT_MODIFIED})
    _unlike = "not an answer that can be read"
    places: ClassVar[tuple[str, ...]] = ("json", "header", "validators")

    __slots__ = (*ForeignSubscriber.STATE, "_question", "_validators")

    def __init__(self, endpoint: Endpoint, token: str, **rest: Any) -> None:
        super().__init__(endpoint, token, **rest)
        self._question = b""  # the last request; empty: it would be another now
        self._validators: dict[str, str] = {}  # by the header in which each goes back

    def _new_parser(self) -> ResponseParser:
        place = self._place
        if place.kind == "header":
            return parser_with(place.header)()
        return parser_with(*_VALIDATORS)() if place.kind == "validators" else ResponseParser()

    def _on_connected(self, now_ns: int) -> None:
        self._question = b""
        super()._on_connected(now_ns)

    def _ask(self) -> None:
        if not self._question:
            endpoint, headers = self.endpoint, self._headers() | self._validators
            self._question = request_bytes(endpoint.authority, "GET", self._path(), headers=headers)
        self._put(self._question)

    def _asked_for(self) -> Hit:
        return Hit.POLL_EMPTY

    def _is_nothing(self, parser: ResponseParser) -> bool:
        return not has_stamp(b"".join(parser.body))

    def _take_answer(self, parser: ResponseParser) -> bool:
        """Count an answer, note where the reader stands now, and hand on what it brings."""
        parser.check_coding()
        body = parser.take()
        useful = has_stamp(body)
        if not useful and parser.media_type == "text/html" and body.lstrip()[:1] == b"<":
            self._hit(Hit.REFUSED)
            self._end(f"{self._asked} was answered by a page for people (text/html)", 406)
            return False
        if not self._stood:
            self._stood = True
            self._accepted()
        if parser.status != _TIMED_OUT:
            self._note_place(parser, body)
        if useful:
            self._nothing = b""  # an answer of before may tell another place
            self._take(body)
        self._hit(Hit.POLL_USEFUL if useful else Hit.POLL_EMPTY)
        return useful and self._speech.one_by_one

    def _note_place(self, parser: ResponseParser, body: bytes) -> None:
        place = self._place
        if place.kind == "validators":
            for name, goes_back in _VALIDATORS.items():
                if said := parser.header(name.encode()):
                    self._validators[goes_back] = said
                    self._question = b""
        elif place.kind:
            json = place.kind == "json"
            found = place.in_json(body) if json else parser.header(place.header.encode())
            if self._keep(found or ""):
                self._question = b""


class ShortPollReader(ByClock, PollReader):
    """Asks by the clock."""

    __slots__ = ("_clock",)

    Options = ClockOptions

    @classmethod
    def in_force(cls, profile: Profile, speech: Speech, options: ClockOptions) -> Profile:
        """With the interval."""
        told = replace(
            profile,
            pause=options.clock == "pause",
            random_phase=options.random_phase,
        )
        return told.timed(interval_s=options.interval_s, lease_s=0.0)


class LongPollReader(PollReader):
    """Asks again as soon as it has an answer."""

    _good = PollReader._good | {_TIMED_OUT}

    __slots__ = ("_asked_ns", "_soon")

    @classmethod
    def in_force(cls, profile: Profile, speech: Speech, options: Any) -> Profile:
        """With the hold, if it is known."""
        silence_s = speech.hold_s + _GRACE_S if speech.hold_s else 0.0
        return profile.timed(hold_s=speech.hold_s, silence_s=silence_s, lease_s=0.0)

    def __init__(self, endpoint: Endpoint, token: str, **rest: Any) -> None:
        super().__init__(endpoint, token, **rest)
        self._asked_ns = 0
        self._soon = 0  # answers with nothing, each soon after its question, in a row

    def _on_connected(self, now_ns: int) -> None:
        super()._on_connected(now_ns)
        self._wait(now_ns)
        if self._inbox.cursor is None:
            self._stood = True
            self._presumed()

    def _wait(self, now_ns: int) -> None:
        self._asked_ns = now_ns
        self._ask()
        hold_s = self._speech.hold_s
        self._timer_ns = now_ns + int((hold_s + _GRACE_S) * _NS) if hold_s else None

    def _take_answer(self, parser: ResponseParser) -> bool:
        super()._take_answer(parser)
        return False  # the next question comes at once in any case

    def _on_answer(self, now_ns: int, *, more: bool) -> None:
        soon = not self._events and now_ns - self._asked_ns < _SOON_NS
        self._soon = self._soon + 1 if soon else 0
        if self._soon < _TOO_OFTEN:
            self._wait(now_ns)
            return
        if self._soon == _TOO_OFTEN:
            told = f"{self._asked} is not held: nothing comes at once, time after time"
            self._events.append(Disconnected(told, _PAUSE_S))
        self._timer_ns = now_ns + int(_PAUSE_S * _NS)

    def _next_ask_ns(self, now_ns: int) -> int:
        return now_ns

    def _on_timer(self, now_ns: int) -> None:
        if self.asking:
            self._give_up("no answer to a long poll", now_ns)
        else:
            self._wait(now_ns)
