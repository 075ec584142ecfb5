"""A transport to be finished by a student: polling whose next wait is theirs to decide.

The server's half is short polling's; the client's half asks `next_wait_s` after every answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Annotated, Any

from pushlab.contract.cursor import Cursor
from pushlab.contract.events import Message
from pushlab.contract.profile import Profile
from pushlab.contract.serving import Hub, Route
from pushlab.contract.setting import Declared, Setting
from pushlab.contract.subscriber import Endpoint
from pushlab.contract.transport import Transport
from pushlab.wire.polling import IntervalPollSubscriber, lease_suffix, poll_route

__all__ = ["PollingTransport", "PollingTransportOptions"]

_NS = 1_000_000_000
_LEAST_S, _MOST_S = 0.001, 60.0
_LEASE_S = 180


@dataclass(frozen=True, slots=True)
class PollingTransportOptions(Declared):
    """Settings."""

    interval_s: Annotated[
        float, Setting("the first wait, and the rule's `usual_s`", least=_LEAST_S, most=_MOST_S)
    ] = 1.0


class PollingTransport(Transport):
    """Polling whose rule is to be written: subclass it, and give it a name and `next_wait_s`."""

    name = "my-polling"
    #: Without an interval: its rule may choose any.
    profile = Profile(title="My polling", delivery="interval-poll", protocol="http")
    Options = PollingTransportOptions

    def __init_subclass__(cls) -> None:
        if cls.name != PollingTransport.name and "profile" not in vars(cls):
            cls.profile = replace(cls.profile, title=cls.name)  # several of them may race
        super().__init_subclass__()

    def next_wait_s(self, last_s: float, found: int, usual_s: float) -> float:
        """How long to wait before the next question, in seconds.

        Args:
            last_s: the wait before this question.
            found: how many messages the answer brought.
            usual_s: the interval that was set, a good middle.
        """
        return usual_s

    def keeps(self, message: Message) -> bool:
        """Whether the application gets this message. An honest transport keeps them all."""
        return True

    # ---- the server half --------------------------------------------------------------------

    def routes(self, hub: Hub) -> Sequence[Route]:
        """``GET`` and ``DELETE`` on a path with the transport's name."""
        return [poll_route(hub, self.name, self.path)]

    @property
    def path(self) -> str:  # type: ignore[override]
        """Where it listens on the hub."""
        return f"/v1/poll-{self.name}"

    # ---- the client half --------------------------------------------------------------------

    def subscriber(
        self, endpoint: Endpoint, token: str, *, cursor: Cursor | None = None, rng: Random
    ) -> "RuledSubscriber":
        """The client half."""
        return RuledSubscriber(self, endpoint, token, cursor=cursor, rng=rng)


class RuledSubscriber(IntervalPollSubscriber):
    """Asks, and waits as its transport's rule says."""

    __slots__ = ("_found", "_kit", "_wait_s")

    def __init__(self, kit: PollingTransport, *where: Any, **who: Any) -> None:
        super().__init__(*where, **who, options=kit.options)
        self._kit = kit
        self._wait_s = kit.options.interval_s
        self._found = 0

    def _suffix(self) -> str:
        return lease_suffix(self._options.interval_s, _LEASE_S)

    def _first_delay_ns(self) -> int:
        return int(self.rng.random() * self._kit.options.interval_s * _NS)

    def _ask(self, tail: bytes | None = None) -> None:
        self._found = 0
        super()._ask(tail)

    def _deliver(self, epoch: str, seq: int, data: str) -> None:
        self._found += 1
        super()._deliver(epoch, seq, data)
        self._events = [
            event
            for event in self._events
            if not isinstance(event, Message) or self._kit.keeps(event)
        ]

    def _next_ask_ns(self, now_ns: int) -> int:
        told: Any = self._kit.next_wait_s(self._wait_s, self._found, self._kit.options.interval_s)
        self._wait_s = min(_MOST_S, max(_LEAST_S, float(told)))
        return now_ns + int(self._wait_s * _NS)
