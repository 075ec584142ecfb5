"""Long polling: ask, and let the server hold the question until it has an answer.

::

    GET /v1/wait?after=4f1c9a02-17&hold_s=30 HTTP/1.1
    Authorization: Bearer <token>
            ... held until a message comes ...
                                                     200 OK
                                                     {"cursor": "4f1c9a02-18",
                                                      "messages": [{"seq": 18, "data": "..."}]}

or, when the hold ends first, ``204 No Content``; then the client asks again at once. A message
takes one transit when they are rare and up to three when one comes just as an answer leaves
(RFC 6202, section 2.2). Each message costs a request: above one message per interval, long polling
makes more requests than short polling does. ``DELETE /v1/wait`` ends the client's presence.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pushlab.contract.cursor import Cursor
from pushlab.contract.hits import Hit
from pushlab.contract.operation import Parameter
from pushlab.contract.profile import InBrowser, Profile, Wire
from pushlab.contract.reasons import SERVER_RESTART
from pushlab.contract.serving import (
    Entry,
    HttpExchange,
    Hub,
    HubSettings,
    Page,
    Response,
    Route,
    Scope,
    StreamingResponse,
)
from pushlab.contract.setting import Declared, Setting
from pushlab.contract.tokens import Grant
from pushlab.contract.transport import Transport
from pushlab.errors import Refused
from pushlab.wire.asgi import (
    admit,
    number_parameter,
    parameters,
    refusal_answer,
)
from pushlab.wire.direct import direct_route
from pushlab.wire.poll_operations import poll_operations
from pushlab.wire.polling import (
    PollSubscriber,
    answer_goodbye,
    answer_poll,
)

__all__ = ["LongPolling", "LongPollingOptions"]

_NS = 1_000_000_000
_GRACE_S = 15.0
_MOST_HOLD_S = 120.0
_ENDED = "the wait was ended"


@dataclass(frozen=True, slots=True)
class LongPollingOptions(Declared):
    """Settings of long polling; RFC 6202, section 5.5, calls a hold of 30 s safe."""

    hold_s: Annotated[
        float,
        Setting("how long the server may hold a request", unit="s", least=0.1, most=_MOST_HOLD_S),
    ] = 30.0


class LongPollingSubscriber(PollSubscriber):
    """Asks again as soon as it has an answer; after a loss, first without being held."""

    __slots__ = ()

    def _suffix(self) -> str:
        return f"&hold_s={self._options.hold_s:g}"

    def _on_connected(self, now_ns: int) -> None:
        super()._on_connected(now_ns)
        self._wait(now_ns)

    def _wait(self, now_ns: int) -> None:
        # A connection's first question is not held, so that the reader knows soon where it stands.
        self._ask(None if self._stood else b"&hold_s=0" + self._end_of_head)
        self._timer_ns = now_ns + int((self._options.hold_s + _GRACE_S) * _NS)

    def _on_answer(self, now_ns: int, *, more: bool) -> None:
        self._wait(now_ns)

    def _next_ask_ns(self, now_ns: int) -> int:
        return now_ns

    def _on_timer(self, now_ns: int) -> None:
        self._give_up("no answer to a long poll", now_ns)


class LongPolling(Transport):
    """Long polling, both ends."""

    name = "long-polling"
    path = "/v1/wait"
    profile = Profile(
        title="Long polling",
        delivery="held-poll",
        protocol="http",
        wire=Wire(request_bytes=226, empty_answer_bytes=80, answer_bytes=135, message_bytes=26),
        colour="#E69F00",
        dashes=(6, 1.5),
    )
    in_browser = InBrowser()
    Options = LongPollingOptions
    Client = LongPollingSubscriber

    def in_force(self, settings: HubSettings) -> Profile:
        """With the hold, and how long the hub and the client wait beyond it."""
        asked_s = self.options.hold_s
        return self.profile.timed(
            hold_s=min(asked_s, settings.max_hold_s),
            silence_s=asked_s + _GRACE_S,
            lease_s=settings.lease_s,
        )

    # ---- the server half --------------------------------------------------------------------

    def routes(self, hub: Hub) -> Sequence[Route]:
        """``GET`` and ``DELETE /v1/wait``."""

        longest_s = hub.settings.max_hold_s
        hold = Parameter(
            "hold_s",
            {"type": "number", "minimum": 0, "maximum": max(longest_s, _MOST_HOLD_S)},
            "How long the answer may wait for a message.",
        )

        def wait(scope: Scope) -> Response | StreamingResponse:
            query = parameters(scope)
            grant, after = admit(hub, scope, query)
            if scope["method"] == "DELETE":
                return answer_goodbye(hub, self.name, grant)
            hold_s = hub.settings.hold_s
            if "hold_s" in query:
                hold_s = min(number_parameter(query, hold), longest_s)
            page = hub.read(grant, after)
            if page.useful or after is None or hold_s == 0:
                hub.lease(grant)
                return answer_poll(hub, self.name, page, after=after)
            return _HeldRequest(hub, grant, after, hold_s)

        operations = poll_operations(self.name, hold, SERVER_RESTART.such(_ENDED))
        return [direct_route(hub, self.name, "http", self.path, wait, operations=operations)]


class _HeldRequest:
    """One request that waits for a message; answered in the turn in which that is published."""

    __slots__ = ("_after", "_answered", "_exchange", "_feed", "_grant", "_hold_s", "_hub", "_timer")

    _exchange: HttpExchange
    _timer: asyncio.TimerHandle

    def __init__(self, hub: Hub, grant: Grant, after: Cursor, hold_s: float) -> None:
        self._hub = hub
        self._grant = grant
        self._after = after
        self._hold_s = hold_s
        self._answered = False
        self._feed = hub.subscribe(
            grant, after, transport=LongPolling.name, write=self._on_entries, end=self._on_end
        )

    def begin(self, exchange: HttpExchange) -> None:
        """Hold from now on."""
        self._exchange = exchange
        self._timer = asyncio.get_running_loop().call_later(self._hold_s, self._on_entries, ())
        self._feed.start()

    def resume(self) -> None:
        """There is one answer, and nothing behind it."""

    def close(self) -> None:
        """It was answered, or the client left in mid-hold."""
        self._timer.cancel()
        self._feed.close()
        if not self._answered:
            self._hub.count(LongPolling.name, Hit.POLL_EMPTY)
            self._hub.release(self._grant)

    def _on_entries(self, entries: Sequence[Entry]) -> bool:
        """Answer with these, or with nothing when the hold has ended."""
        if not self._answered:
            self._answered = True
            # Before the feed closes, so that presence does not flap.
            settings = self._hub.settings
            self._hub.lease(self._grant, min(settings.lease_s, settings.unanswered_s))
            self._feed.close()
            page = Page(self._after, None, entries, False)
            self._exchange.answer(answer_poll(self._hub, LongPolling.name, page, after=self._after))
        return False

    def _on_end(self, reason: str, status: int) -> None:
        """The hub ends the wait: the token expired, or the server stops."""
        self._answered = True
        self._hub.release(self._grant)
        refusal = Refused(status, reason, _ENDED)
        self._hub.refuse(LongPolling.name, refusal)
        self._exchange.answer(refusal_answer(refusal))
