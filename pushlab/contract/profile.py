"""What a transport is, declared once by the transport itself: everything else derives from it.

The class declares its `Profile`; what its options and the hub's dials add is in the profile *in
force* (`Transport.in_force`). A run's folder stores that one for each transport setting, so prices,
predictions, energy and charts need no transport, and a plug-in gets them as the built-in five do.
"""

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from pushlab.contract.hits import Hit
from pushlab.errors import UsageError

__all__ = ["Delivery", "InBrowser", "InLog", "Profile", "Timers", "Wire", "silence_of"]

#: How messages reach a client: asked for at an interval; asked for, and the question is held until
#: there is one; sent as they come; in a way that no closed form is known for.
Delivery = Literal["interval-poll", "held-poll", "stream", "other"]


_LEAST, _MOST = 1e-3, 1e9
_MISSED_KEEP_ALIVES = 3
_LATE_S = 5.0


def silence_of(keep_alive_s: float) -> float:
    """After so many seconds without a word of an end that speaks this often, a connection is dead.

    Three times it was due, and a little.
    """
    return _MISSED_KEEP_ALIVES * keep_alive_s + _LATE_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Timers:
    """Spans in seconds; 0: there is none.

    Attributes:
        interval_s: between two polls of a client.
        hold_s: the longest that the server holds a question.
        keep_alive_s: silence on a connection after which one of its ends says that it lives.
        silence_s: after which the client takes a connection for dead.
        lease_s: for which a polling client is present after a poll.
    """

    interval_s: float = 0.0
    hold_s: float = 0.0
    keep_alive_s: float = 0.0
    silence_s: float = 0.0
    lease_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """Bytes of TCP around a payload, over loopback and without TLS.

    A browser's headers and cookies are several times as long.

    Attributes:
        request_bytes: of a poll.
        empty_answer_bytes, answer_bytes: of a poll's answer without messages, and with some.
        message_bytes: beside each message, in an answer or on a stream.
        ack_bytes: of each acknowledgement.
        keep_alive_bytes, keep_alive_answer_bytes: of what an end says to keep a silent connection,
            and of what the other end answers.
    """

    request_bytes: int = 0
    empty_answer_bytes: int = 0
    answer_bytes: int = 0
    message_bytes: int = 0
    ack_bytes: int = 0
    keep_alive_bytes: int = 0
    keep_alive_answer_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class InBrowser:
    """What pushlab's client for pages, channel.js, can do of a transport.

    Attributes:
        options: that may be set there: from one value to another, or to any (None). All others are
            the client's own.
        modules: paths of the further scripts that it fetches.
    """

    options: Mapping[str, tuple[float, float] | None] = field(default_factory=dict)
    modules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InLog:
    """How the polls of a transport stand in a server's access log.

    Attributes:
        client: the parameter of the query that tells clients apart; it may be a secret.
        poll: the parameters that a poll has and no other request, with their values.
    """

    client: str
    poll: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What one transport is; plain values, so that JSON can hold it.

    Attributes:
        name: the transport's, and `title`, how tables and charts name it; the class fills in what
            is empty.
        delivery: how messages reach a client; see `Delivery`.
        protocol: what the connection speaks: ``http``, ``websocket``, ``mqtt``, or another.
        needs_broker: whether the hub must have an MQTT broker.
        own_address: whether it listens at an address of its own, which clients ask the hub for.
        pause: whether a poll's interval begins with the answer, not by a fixed clock.
        random_phase: whether each client begins at a random point of its first interval.
        messages_per_answer: the most that a poll brings; 0: as many as there are.
        acks: what a client sends for each message that it got (MQTT: its QoS); each is a hit.
        client_keeps_alive: whether the client speaks when a keep-alive is due, which is a hit; else
            the server does.
        greeting: the round trips that connecting takes after TCP and TLS, in words.
        wire: its bytes; None: nobody declared them.
        colour, dashes: of its lines in charts (``#rrggbb``; lengths of strokes and gaps in widths
            of the line, none for a whole line); empty: a plug-in's, in turn.

    Raises:
        UsageError: a value cannot be.
    """

    name: str = ""
    title: str = ""
    delivery: Delivery = "other"
    protocol: str = ""
    needs_broker: bool = False
    own_address: bool = False
    timers: Timers = Timers()
    pause: bool = False
    random_phase: bool = True
    messages_per_answer: int = 0
    acks: int = 0
    client_keeps_alive: bool = False
    greeting: tuple[str, ...] = ("request",)
    wire: Wire | None = None
    colour: str = ""
    dashes: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        numbers = {"messages_per_answer": self.messages_per_answer, "acks": self.acks}
        for part in (self.timers, self.wire):
            numbers |= dataclasses.asdict(part) if part is not None else {}
        for name, value in numbers.items():
            if value and not _LEAST <= value <= _MOST:
                raise UsageError(f"{self.name}: {name} is {value:g}; it must be 0 or 0.001 to 1e9")
        if self.colour and not re.fullmatch("#[0-9A-Fa-f]{6}", self.colour):
            raise UsageError(f"{self.name}: colour is {self.colour[:20]!r}, not such as '#0072B2'")
        if not all(_LEAST <= length <= _MOST for length in self.dashes):
            raise UsageError(f"{self.name}: dashes must be lengths above 0")

    @property
    def asks(self) -> bool:
        """Whether the client asks."""
        return self.delivery in ("interval-poll", "held-poll")

    @property
    def pushes(self) -> bool:
        """Whether the server speaks first."""
        return self.delivery == "stream"

    @property
    def kind(self) -> str:
        """What carries it, for those who only care about that, such as ``http held-poll``."""
        return f"{self.protocol or 'unknown'} {self.delivery}"

    @property
    def client_keep_alive_s(self) -> float:
        """Silence of the client after which it must speak, which is a hit; 0: never."""
        return self.timers.keep_alive_s if self.client_keeps_alive else 0.0

    @property
    def has_closed_form(self) -> bool:
        """Whether its hits and latencies can be computed from what is declared here."""
        if self.delivery == "interval-poll":
            return self.timers.interval_s > 0 and self.messages_per_answer < 2
        return self.delivery == "stream" or (
            self.delivery == "held-poll" and self.timers.hold_s > 0 and not self.messages_per_answer
        )

    @property
    def title_within(self) -> str:
        """The title as it stands inside a sentence: ``short polling``, but ``SSE``."""
        rest = self.title[1:]
        return self.title[:1].lower() + rest if rest == rest.lower() else self.title

    def called(self, label: str, *, within: bool = False) -> str:
        """A setting of it in words: its title, and what follows its name in the label.

        Args:
            within: inside a sentence.
        """
        if not self.name or not label.startswith(self.name):
            return label
        return (self.title_within if within else self.title) + label[len(self.name) :]

    @property
    def hits(self) -> frozenset[Hit]:
        """The kinds of hit that its client makes for the sake of delivery, once connected."""
        found: set[Hit] = {Hit.POLL_EMPTY, Hit.POLL_USEFUL} if self.asks else set()
        if self.acks:
            found.add(Hit.ACK)
        if self.client_keeps_alive:
            found.add(Hit.KEEP_ALIVE)
        return frozenset(found)

    def timed(self, **timers: float) -> Self:
        """The same with these of its `Timers`."""
        return dataclasses.replace(self, timers=dataclasses.replace(self.timers, **timers))

    def retimed(self, **timers: float | None) -> Self:
        """The same at other spans, for those of its `Timers` that it has; None changes nothing."""
        given = {name: span for name, span in timers.items() if span is not None}
        return self.timed(**{n: s for n, s in given.items() if getattr(self.timers, n)})

    def to_json(self) -> dict[str, Any]:
        """Plain dictionaries and lists."""
        return dataclasses.asdict(self)
