"""A client half that asks: one request at a time, one answer to each.

What is asked, and what an answer brings, its kinds know; when to ask again, `ByInterval`, `ByClock`
or a kind of its own says.
"""

import abc
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pushlab.contract.hits import Hit
from pushlab.contract.setting import Declared, Setting
from pushlab.contract.subscriber import Endpoint
from pushlab.contract.ticks import LATE_NS, Ticks
from pushlab.wire.http1 import UNREADABLE, ResponseParser
from pushlab.wire.redirects import HttpSubscriber

__all__ = ["AskingSubscriber", "ByClock", "ByInterval", "ClockOptions", "PollClock"]

_NS = 1_000_000_000
_ANSWER_DUE_NS = 30_000_000_000
_POLL_EMPTY = Hit.POLL_EMPTY


class AskingSubscriber(HttpSubscriber):
    """Asks, reads one answer, and lets `_on_answer` decide when to ask again.

    Most answers are the last ones again: one that is, byte for byte, the last that brought nothing
    brings nothing either.

    Attributes:
        asking: whether an answer is due.
    """

    #: What an answer has that brings something, or says that there is nothing.
    _good: ClassVar[frozenset[int]] = frozenset({200, 204})
    #: What an answer is that cannot be read.
    _unlike: ClassVar[str] = "not a pushlab answer"

    __slots__ = ("_nothing", "_parser", "_parsing", "_stood", "asking")

    def __init__(self, endpoint: Endpoint, token: str, **rest: Any) -> None:
        super().__init__(endpoint, token, **rest)
        self._parser = self._new_parser()
        self._parsing = False  # whether the parser has begun to read an answer
        self._nothing = b""  # the last answer that brought nothing, if it came in one piece
        self.asking = False
        self._stood = False  # whether the server has answered since the last loss

    def _new_parser(self) -> ResponseParser:
        return ResponseParser()

    def _on_connected(self, now_ns: int) -> None:
        self._parser = self._new_parser()  # the last connection may have ended within an answer
        self._parsing = False

    def _put(self, question: bytes) -> None:
        """Send a request."""
        self.asking = True
        self._parsing = False
        self._out.append(question)

    def _on_data(self, data: bytes, now_ns: int) -> None:
        if data == self._nothing and self.asking and self._stood and not self._parsing:
            self.asking = False
            self.hits[_POLL_EMPTY] = self.hits.get(_POLL_EMPTY, 0) + 1
            self._backoff.reset()
            self._on_answer(now_ns, more=False)
            return
        if not self.asking:  # nobody asked: such as a 408 before an idle connection is closed
            self._on_eof(now_ns)
            return
        parser = self._parser
        in_one_piece = not self._parsing
        if in_one_piece:
            parser.reset()
        self._parsing = True
        try:
            parser.feed(data)
            if parser.complete:
                if in_one_piece and parser.keeps_alive and self._is_nothing(parser):
                    self._nothing = data
                self._read_answer(now_ns)
            elif parser.refuses:
                self._read_answer(now_ns)
        except UNREADABLE as error:
            self._lose(f"{self._unlike}: {error}", now_ns)

    def _read_answer(self, now_ns: int) -> None:
        parser = self._parser
        self._parsing = self.asking = False
        if parser.status not in self._good:
            if not self._sent_elsewhere(parser, now_ns):
                self._hit(Hit.REFUSED)
                reason = self._refusal(parser)
                self._refused(parser.status, reason, now_ns, retry_after_s=parser.retry_after_s)
            return
        self._redirects.arrived()
        more = self._take_answer(parser)
        if not self.holds_connection:
            return
        self._backoff.reset()
        if parser.keeps_alive:
            self._on_answer(now_ns, more=more)
        else:
            self._reconnect_at(now_ns if more else self._next_ask_ns(now_ns))

    def _give_up(self, reason: str, now_ns: int) -> None:
        """An answer is overdue; if it refuses, so much is known of it."""
        if self._parsing and self._parser.status >= 300:
            self._read_answer(now_ns)
        else:
            self._lose(reason, now_ns)

    def _lose(self, reason: str, now_ns: int, least_s: float = 0.0) -> None:
        self._stood = self.asking = False
        super()._lose(reason, now_ns, least_s)

    def _on_eof(self, now_ns: int) -> None:
        if self._parsing and self.asking and self._parser.feed_eof():
            try:
                self._read_answer(now_ns)
            except UNREADABLE as error:
                self._lose(f"{self._unlike}: {error}", now_ns)
        elif self.asking:
            self._hit(self._asked_for())
            self._lose("connection lost", now_ns)
        else:  # an idle connection was closed, and nothing with it
            self._reconnect_at(now_ns if self._timer_ns is None else self._timer_ns)

    def _on_close(self, now_ns: int) -> None:
        if self.asking:  # one request at a time: closing the connection takes this one back
            self.asking = False
            self._hit(self._asked_for())

    @abc.abstractmethod
    def _ask(self) -> None:
        """Put the question."""

    @abc.abstractmethod
    def _asked_for(self) -> Hit:
        """What the last question counts as when its answer brings nothing, or never comes."""

    @abc.abstractmethod
    def _is_nothing(self, parser: ResponseParser) -> bool:
        """Whether a whole answer brings nothing, and its like will not either."""

    @abc.abstractmethod
    def _take_answer(self, parser: ResponseParser) -> bool:
        """Count an answer and take what it brings; whether there is more to fetch at once."""

    @abc.abstractmethod
    def _refusal(self, parser: ResponseParser) -> str:
        """The reason of an answer that is none of success."""

    @abc.abstractmethod
    def _on_answer(self, now_ns: int, *, more: bool) -> None:
        """An answer was read; `more`: there is something to fetch at once."""

    @abc.abstractmethod
    def _next_ask_ns(self, now_ns: int) -> int:
        """When the next question is due, after an answer that came just now."""


class ByInterval(AskingSubscriber):
    """Asks some time after each answer; `_next_ask_ns` says when."""

    __slots__ = ()

    def _first_delay_ns(self) -> int:
        """Anywhere within the first interval, so that clients do not ask all at once."""
        if not getattr(self._options, "random_phase", False):
            return 0
        return int(self.rng.random() * self._options.interval_s * _NS)

    def _on_connected(self, now_ns: int) -> None:
        super()._on_connected(now_ns)
        self._poll(now_ns)

    def _poll(self, now_ns: int) -> None:
        """Ask, and wait for the answer."""
        self._ask()
        self._timer_ns = now_ns + _ANSWER_DUE_NS

    def _on_answer(self, now_ns: int, *, more: bool) -> None:
        if more:  # the next page, now; the clock goes on as it was
            self._poll(now_ns)
        else:
            self._timer_ns = self._next_ask_ns(now_ns)

    def _on_timer(self, now_ns: int) -> None:
        if self.asking:
            self._give_up("no answer to a poll", now_ns)
        else:
            self._poll(now_ns)


@dataclass(frozen=True, slots=True)
class ClockOptions(Declared):
    """Settings of a client that asks by the clock."""

    interval_s: Annotated[
        float, Setting("between two polls", unit="s", least=0.001, most=86_400)
    ] = 1.0
    clock: Annotated[
        Literal["fixed", "pause"], Setting("poll at a fixed rate, or pause after each answer")
    ] = "fixed"
    random_phase: Annotated[
        bool, Setting("start each client at a random point of its first interval")
    ] = True


class PollClock:
    """When to ask: a tick of the fixed clock that nobody could ask at is skipped, and counted.

    The answer to the one before took longer than an interval, or there was no connection.

    Args:
        pause: there is no such clock: ask an interval after each answer.
    """

    __slots__ = ("_asked_ns", "_due_ns", "_interval_ns", "_pause", "_ticks")

    def __init__(self, interval_ns: int, *, pause: bool) -> None:
        self._interval_ns = interval_ns
        self._pause = pause
        self._due_ns = 0  # the newest tick that is, or was, to be asked at
        self._asked_ns = 0  # the newest at which it was
        self._ticks = Ticks()

    def asks(self, now_ns: int) -> None:
        """A question goes out; the clock starts with the first."""
        if self._due_ns == 0:
            self._due_ns = now_ns
        passed = max(0, now_ns - self._due_ns) // self._interval_ns
        new = passed + (self._due_ns != self._asked_ns)  # the last of them is asked at now
        self._due_ns += passed * self._interval_ns
        if new:
            self._asked_ns = self._due_ns
            due, late, skipped = self._ticks
            late += now_ns - self._due_ns > LATE_NS
            self._ticks = Ticks(due + new, late, skipped + new - 1)

    def next_ns(self, now_ns: int) -> int:
        """When the next question is due, after an answer that came just now."""
        if self._pause:
            return now_ns + self._interval_ns
        passed = (now_ns - self._due_ns) // self._interval_ns
        if passed >= 0:
            self._due_ns += (passed + 1) * self._interval_ns
            due, late, skipped = self._ticks
            self._ticks = Ticks(due + passed, late, skipped + passed)
        return self._due_ns

    def ticks(self, now_ns: int) -> Ticks | None:
        """Its ticks, with those that have passed while an answer is waited for."""
        if self._pause:
            return None
        due, late, skipped = self._ticks
        passed = max(0, now_ns - self._due_ns) // self._interval_ns if self._due_ns else 0
        return Ticks(due + passed, late, skipped + passed)


class ByClock(ByInterval):
    """Asks by a `PollClock`; its options are `ClockOptions`. Its kinds have the slot ``_clock``."""

    if not TYPE_CHECKING:
        __slots__ = ()

    _clock: PollClock

    def start(self, now_ns: int) -> None:
        """Begin."""
        interval_ns = int(self._options.interval_s * _NS)
        self._clock = PollClock(interval_ns, pause=self._options.clock == "pause")
        super().start(now_ns)

    def _poll(self, now_ns: int) -> None:
        self._clock.asks(now_ns)
        super()._poll(now_ns)

    def _next_ask_ns(self, now_ns: int) -> int:
        return self._clock.next_ns(now_ns)

    def ticks(self, now_ns: int) -> Ticks | None:
        """Those of the fixed clock."""
        return self._clock.ticks(now_ns)
