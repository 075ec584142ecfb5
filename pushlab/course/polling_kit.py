"""A transport to be finished by a student: polling whose next wait is theirs to decide.

The server's half is short polling's; the client's half asks `next_wait_s` after every answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from pushlab.contract.cursor import Cursor
from pushlab.contract.events import Message
from pushlab.contract.serving import Answer, Hub, Route, Scope
from pushlab.contract.subscriber import Endpoint
from pushlab.contract.transport import Transport
from pushlab.errors import UsageError
from pushlab.wire.asgi import admit, number_parameter, parameters
from pushlab.wire.direct import direct_route
from pushlab.wire.polling import PollSubscriber, answer_goodbye, answer_poll

__all__ = ["PollingTransport", "PollingTransportOptions"]

_NS = 1_000_000_000
_LEAST_S, _MOST_S = 0.001, 60.0
_ANSWER_DUE_S = 30.0
_LEASE_S = 180


@dataclass(frozen=True, slots=True)
class PollingTransportOptions:
    """Settings.

    Attributes:
        interval_s: the first wait, and the `usual_s` that the rule is told.
    """

    interval_s: float = 1.0

    def __post_init__(self) -> None:
        if not _LEAST_S <= self.interval_s <= _MOST_S:
            raise UsageError(f"interval_s is {self.interval_s:g}; it must lie between 0.001 and 60")


class PollingTransport(Transport):
    """Polling whose rule is to be written: subclass it, and give it a name and `next_wait_s`."""

    name = "my-polling"
    title = "My polling"
    Options = PollingTransportOptions

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

        def poll(scope: Scope) -> Answer:
            query = parameters(scope)
            grant, after = admit(hub, scope, query)
            if scope["method"] == "DELETE":
                return answer_goodbye(hub, self.name, grant)
            lease_s = None
            if "lease_s" in query:
                lease_s = number_parameter(query, "lease_s", least=1, most=259_200)
            page = hub.read(grant, after)
            hub.lease(grant, lease_s)
            return answer_poll(hub, self.name, page, after=after)

        path = self._path()
        return [direct_route(hub, self.name, "http", path, poll, methods=("GET", "DELETE"))]

    def _path(self) -> str:
        return f"/v1/poll-{self.name}"

    # ---- the client half --------------------------------------------------------------------

    def subscriber(
        self, endpoint: Endpoint, token: str, *, cursor: Cursor | None = None, rng: Random
    ) -> "RuledSubscriber":
        """The client half."""
        return RuledSubscriber(self, self._path(), endpoint, token, cursor=cursor, rng=rng)


class RuledSubscriber(PollSubscriber):
    """Asks, and waits as its transport's rule says."""

    __slots__ = ("_found", "_kit", "_wait_s")

    def __init__(
        self,
        kit: PollingTransport,
        path: str,
        endpoint: Endpoint,
        token: str,
        *,
        cursor: Cursor | None,
        rng: Random,
    ) -> None:
        usual_s = kit.options.interval_s
        suffix = f"&lease_s={_LEASE_S}" if usual_s > 10 else ""
        super().__init__(endpoint, token, path=path, suffix=suffix, cursor=cursor, rng=rng)
        self._kit = kit
        self._wait_s = usual_s
        self._found = 0

    def _first_delay_ns(self) -> int:
        return int(self.rng.random() * self._kit.options.interval_s * _NS)

    def _on_connected(self, now_ns: int) -> None:
        super()._on_connected(now_ns)
        self._put_question(now_ns)

    def _put_question(self, now_ns: int) -> None:
        self._found = 0
        self._ask()
        self._timer_ns = now_ns + int(_ANSWER_DUE_S * _NS)

    def _deliver(self, epoch: str, seq: int, data: str) -> None:
        self._found += 1
        super()._deliver(epoch, seq, data)
        self._events = [
            event
            for event in self._events
            if not isinstance(event, Message) or self._kit.keeps(event)
        ]

    def _on_answer(self, now_ns: int, *, more: bool) -> None:
        if more:
            self._put_question(now_ns)
        else:
            self._timer_ns = self._next_ask_ns(now_ns)

    def _next_ask_ns(self, now_ns: int) -> int:
        told: Any = self._kit.next_wait_s(self._wait_s, self._found, self._kit.options.interval_s)
        self._wait_s = min(_MOST_S, max(_LEAST_S, float(told)))
        return now_ns + int(self._wait_s * _NS)

    def _on_timer(self, now_ns: int) -> None:
        if self.asking:
            self.asking = False
            self._lose("no answer to a poll", now_ns)
        else:
            self._put_question(now_ns)
