"""What the runner and its workers tell each other.

A worker's commands are the methods of its service, such as `SwarmService`, so the types of one end
are the types of the other. Between two processes a call is a line of JSON,
``{"id": n, "do": <method>, "with": {...}}``, and so is its answer, ``{"id": n, "answer": ...}`` or
``{"id": n, "error": <text>}``. What a worker says without being asked is ``{"event": ...}``.
"""

import functools
import inspect
import typing
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, TypeVar

import msgspec

from pushlab.runs import ClockFigures, Link, WitnessFigures
from pushlab.systems.publishing import HttpPublishing, MqttPublishing
from pushlab.systems.registry import HUB
from pushlab.systems.spec import SystemSpec
from pushlab.systems.system import Admission

__all__ = [
    "Counters",
    "PublisherSetup",
    "SubscriberClosed",
    "SwarmReport",
    "SwarmSetup",
    "SwarmStatus",
    "WindowReport",
    "decode_answer",
    "decode_arguments",
    "encode",
    "remote",
]

_Service = TypeVar("_Service")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """What a worker has counted at one moment; bytes are the payload of TCP.

    Attributes:
        at_ns: when it looked, where that was for one end of a window.
        cpu_s: CPU seconds of its process; 0 where it has none of its own.
        hits: requests sent, by kind.
        dials: connections asked for.
        duplicated, reordered: messages that came again, or out of order, on the wire, which the
            client half set right; what the application sees is in the rows.
        strays, unstamped: see `pushlab.runs.records.SwarmFigures`.
        polls_due, polls_late, polls_skipped: by the subscribers' clocks, as
            `pushlab.contract.ticks` has them; 0 where they ask by none.
    """

    at_ns: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    cpu_s: float = 0.0
    hits: dict[str, int] = field(default_factory=dict)
    dials: int = 0
    polls_due: int = 0
    polls_late: int = 0
    polls_skipped: int = 0
    deliveries: int = 0
    duplicated: int = 0
    reordered: int = 0
    strays: int = 0
    unstamped: int = 0
    gaps: int = 0
    disconnects: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowReport:
    """The counters at the window's start (None: it has not begun), at its end, and now.

    Attributes:
        loop_lag_p99_s: of the worker's event loop within the window; None: no samples.
        loop_lags: moments and the worst lags at them, in nanoseconds.
        window_lags_ns: every lag within the window.
        descriptor_limit: how many the process may open.
        witnesses: how its stamps were held against the kernel's.
    """

    start: Counters | None
    end: Counters
    now: Counters
    loop_lag_p99_s: float | None
    loop_lags: list[list[int]]
    descriptor_limit: int
    window_lags_ns: list[int] = field(default_factory=list)
    witnesses: WitnessFigures = field(default_factory=WitnessFigures)


@dataclass(frozen=True, slots=True, kw_only=True)
class SwarmReport(WindowReport):
    """What a swarm has to say in the end.

    Attributes:
        rows: how many it has written of each kind.
        closed: how many subscribers the server ended; `reasons`: why, and how often.
        clocks: of the pages, in a browser.
        part: the folder below the one that was told, in which the rows are.
        shares: those that it is put together of, each with its own rows; empty: there are none.
        lacking: why a share is missing in it; empty: none is.
    """

    rows: dict[str, int]
    closed: int
    reasons: dict[str, int]
    clocks: ClockFigures | None = None
    part: str = ""
    shares: "list[SwarmReport]" = field(default_factory=list)
    lacking: str = ""

    @classmethod
    def after(cls, window: WindowReport, **more: Any) -> "SwarmReport":
        """The report of a window, with what is the swarm's alone."""
        return cls(**{name: getattr(window, name) for name in WindowReport.__slots__}, **more)


@dataclass(frozen=True, slots=True, kw_only=True)
class SwarmStatus:
    """How far the subscribers are.

    Attributes:
        pending: how many have not reached what they shall.
        recent: the newest rows: subscriber, seq, received_ns.
        reason: the most frequent one why a connection was lost or ended, or else what came that
            is none of the laboratory's; "": all is well.
    """

    connected: int
    pending: int
    deliveries: int
    recent: list[list[int]]
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriberClosed:
    """The server has ended a first subscriber."""

    reason: str
    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SwarmSetup:
    """What a swarm is to be, or a share of one.

    Attributes:
        subscribers: those of this process; the first one's number is `first`.
        observed, witnesses: the numbers of those who are (`observed_among`, `witnesses_among`), of
            all shares; None: drawn among the subscribers.
        dials: how many connections may be under way at once; 0: as many as of a whole swarm.
        system: the server's, by name; `own`: its declaration, where it is the user's.
        link: the network to emulate.
        server: its URL, of which the pages of a browser must be.
        authority: whom to trust where endpoints are encrypted, as a PEM certificate.
        stamp_key: of the trial's stamps.
    """

    transport: str
    options: dict[str, Any]
    subscribers: list[Admission]
    seed: int
    first: int = 0
    observed: list[int] | None = None
    witnesses: list[int] | None = None
    dials: int = 0
    system: str = HUB
    own: SystemSpec | None = None
    stamp_key: int = 0
    link: Link = field(default_factory=Link)
    server: str = ""
    authority: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublisherSetup:
    """Where a publisher sends, and what; the schedule is in the publish log.

    Attributes:
        http, mqtt: the one by which it sends; the other is None.
    """

    http: HttpPublishing | None
    mqtt: MqttPublishing | None
    channels: list[str]
    seed: int
    stamp_key: int = 0


# ---- lines of JSON ------------------------------------------------------------------------------


def remote(service: type[_Service], call: Callable[..., Awaitable[Any]]) -> _Service:
    """`service` at the other end of ``call(method, **arguments)``: its coroutines, no more."""
    methods = {
        name: functools.partial(call, method)
        for name, method in inspect.getmembers(service, inspect.iscoroutinefunction)
    }
    return typing.cast(_Service, SimpleNamespace(**methods))


def encode(message: dict[str, Any]) -> bytes:
    """A line."""
    return msgspec.json.encode(message) + b"\n"


def decode_arguments(method: Callable[..., Any], told: dict[str, Any]) -> dict[str, Any]:
    """The keyword arguments of a call. Raises msgspec.ValidationError."""
    hints = _hints(getattr(method, "__func__", method))
    return {name: msgspec.convert(value, hints[name]) for name, value in told.items()}


def decode_answer(method: Callable[..., Any], told: Any) -> Any:
    """What `method` of the other end has returned. Raises msgspec.ValidationError."""
    return msgspec.convert(told, _hints(method)["return"])


_hints = functools.cache(typing.get_type_hints)
