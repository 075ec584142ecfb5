"""What one trial leaves behind besides its raw rows: figures, in a form that JSON can hold.

`TrialRecord` is the entry in ``run.json["trials"]``. Reading is strict about what is there (a wrong
type or a missing key is named) and tolerant of keys that it does not know.
"""

import dataclasses
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from pushlab.contract.profile import Profile
from pushlab.errors import RunError
from pushlab.runs.link import Link

__all__ = [
    "BrokerFigures",
    "ClockFigures",
    "ConnectFigures",
    "PublisherFigures",
    "ServerFigures",
    "SwarmFigures",
    "TrialRecord",
    "TrialStatus",
    "decode",
]

TrialStatus = Literal["ok", "failed", "interrupted"]

_Record = TypeVar("_Record")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFigures:
    """What the server's process counted and used.

    Attributes:
        hits: requests handled within the measured window, by kind.
        hits_setup: requests handled before it: handshakes, warm-up.
        hits_all: requests handled over the whole trial, read after the last subscriber left; when
            the swarm has it too, both must agree exactly. Empty: not taken.
        cpu_s: user and system CPU seconds within the measured window.
        rss_bytes: the largest resident memory seen.
        open_descriptors: the largest number of open descriptors seen.
    """

    hits: dict[str, int] = field(default_factory=dict)
    hits_setup: dict[str, int] = field(default_factory=dict)
    hits_all: dict[str, int] = field(default_factory=dict)
    cpu_s: float = 0.0
    rss_bytes: int = 0
    open_descriptors: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerFigures:
    """What the MQTT broker's process used; None for a figure that cannot be had (a remote broker).

    Attributes:
        kind: ``embedded``, ``mosquitto`` or ``remote``.
        hits_total: control packets from subscribers within the measured window, if the broker
            counts them.
    """

    kind: str
    version: str = ""
    cpu_s: float | None = None
    rss_bytes: int | None = None
    hits_total: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SwarmFigures:
    """What the subscribers' process counted and used.

    Attributes:
        hits: requests sent within the measured window, by kind; reconciled with the server's.
        hits_all: requests sent over the whole trial. Empty: not taken.
        bytes_in, bytes_out: payload bytes of TCP within the measured window: HTTP headers and what
            TLS adds are in them.
        loop_lag_p99_s: how late the event loop ran its timers.
        duplicated, reordered: came twice, or out of order, on the wire or to the application.
        gaps: how often a subscriber was told that it missed messages.
        disconnects: connections lost within the measured window.
        open_descriptors: the largest number of open descriptors seen.
        dials: connections asked for over the whole trial.
    """

    hits: dict[str, int] = field(default_factory=dict)
    hits_setup: dict[str, int] = field(default_factory=dict)
    hits_all: dict[str, int] = field(default_factory=dict)
    bytes_in: int = 0
    bytes_out: int = 0
    bytes_in_setup: int = 0
    bytes_out_setup: int = 0
    cpu_s: float = 0.0
    rss_bytes: int | None = None
    loop_lag_p99_s: float | None = None
    duplicated: int = 0
    reordered: int = 0
    gaps: int = 0
    disconnects: int = 0
    open_descriptors: int | None = None
    dials: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectFigures:
    """The storm in which all subscribers connected, before the warm-up; see the rows for each.

    Attributes:
        clients: how many were connected.
        storm_s: from the first wish for a connection to the last subscriber's acceptance.
        server_cpu_s, broker_cpu_s, swarm_cpu_s: CPU seconds used meanwhile.
        bytes_in, bytes_out: the subscribers' payload bytes of TCP meanwhile.
        hits: requests sent meanwhile, by kind.
    """

    clients: int = 0
    storm_s: float | None = None
    server_cpu_s: float | None = None
    broker_cpu_s: float | None = None
    swarm_cpu_s: float | None = None
    bytes_in: int = 0
    bytes_out: int = 0
    hits: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockFigures:
    """How the clocks of the subscribers' pages stood to the machine's; one value for each page.

    Attributes:
        offset_ns: monotonic minus page, before the trial.
        drift_ns: by how much that had changed after it.
        bound_ns: how far a moment of the page's may be from the truth, in either direction.
    """

    offset_ns: list[int] = field(default_factory=list)
    drift_ns: list[int] = field(default_factory=list)
    bound_ns: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublisherFigures:
    """What the publisher did within the measured window; ``scheduled = sent + skipped``.

    Attributes:
        late: sent more than 10 ms after the intended time.
        held: late or skipped since the server had not answered on any connection: not the
            generator's fault.
        cpu_s, loop_lag_p99_s: of its process within the window; None without one of its own.
        rss_bytes, open_descriptors: the largest seen.
    """

    scheduled: int = 0
    sent: int = 0
    accepted: int = 0
    late: int = 0
    skipped: int = 0
    held: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    cpu_s: float | None = None
    rss_bytes: int | None = None
    open_descriptors: int | None = None
    loop_lag_p99_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRecord:
    """One execution of one transport setting.

    Attributes:
        index: which repetition of its cell this is, from 0; the rows' ``trial`` column.
        order: its place in the run's order of execution, from 0; names the row files.
        cell: the label of the transport setting, such as ``sse`` or ``short-polling 5 s``.
        transport: the transport's name.
        options: its settings, defaults filled in.
        status: ``ok``, ``failed`` (see `reason`) or ``interrupted`` (the user stopped the run).
        clients, channels, per_channel: subscriber ``i`` reads channel ``i // per_channel``; the
            last channel may have fewer.
        measure_start_ns, measure_end_ns: the measured window, in nanoseconds of the monotonic
            clock; None if it never began or ended.
        duration_s: the window's length.
        rate_per_channel: publishes scheduled per second and channel.
        arrivals: ``constant``, ``poisson``, ``burst`` or ``trace``.
        link: the network between subscribers and server that was emulated.
        tls: whether every connection was encrypted.
        stall_ns: when the hub was stopped and when it went on, if the scenario asks for it.
        client: what the subscribers were: ``python``, the swarm's client halves, or ``browser``,
            channel.js in Chromium.
        clocks: of the pages, where the subscribers were in a browser; None: the monotonic clock.
        marks: what to hold against the figures, such as ``generator-bound``.
        floor: the null transport: the harness's own floor, not a competitor.
        profile: what the transport was, with its settings; ``run.json`` has it once for each cell,
            under ``profiles``.
    """

    index: int
    order: int
    cell: str
    transport: str
    status: TrialStatus
    clients: int
    channels: int
    per_channel: int
    rate_per_channel: float
    duration_s: float
    arrivals: str = "constant"
    options: dict[str, Any] = field(default_factory=dict)
    reason: str | None = None
    measure_start_ns: int | None = None
    measure_end_ns: int | None = None
    server: ServerFigures | None = None
    broker: BrokerFigures | None = None
    swarm: SwarmFigures | None = None
    connect: ConnectFigures | None = None
    publisher: PublisherFigures | None = None
    link: Link = field(default_factory=Link)
    tls: bool = False
    stall_ns: list[int] | None = None
    client: Literal["python", "browser"] = "python"
    clocks: ClockFigures | None = None
    marks: list[str] = field(default_factory=list)
    floor: bool = False
    profile: Profile = field(default_factory=Profile)

    def subscribers_of(self, channel: int) -> int:
        """How many subscribers channel number `channel` has."""
        return max(0, min(self.per_channel, self.clients - channel * self.per_channel))

    def to_json(self) -> dict[str, Any]:
        """Plain dictionaries and lists, without the profile."""
        told = dataclasses.asdict(self)
        del told["profile"]
        return told

    @classmethod
    def from_json(cls, data: object, where: str) -> "TrialRecord":
        """Read what `to_json` wrote.

        Raises:
            RunError: a key is missing or of the wrong type; the text begins with `where`.
        """
        return decode(cls, data, where)


def decode(kind: type[_Record], data: object, where: str) -> _Record:
    """Make the dataclass `kind` from a JSON object; keys that it does not know are passed over.

    Raises:
        RunError: a key is missing or of the wrong type; the text begins with `where`.
    """
    if not isinstance(data, Mapping):
        raise RunError(f"{where} must be an object, not {_name(data)}")
    hints = typing.get_type_hints(kind)
    values: dict[str, Any] = {}
    for spec in dataclasses.fields(kind):  # type: ignore[arg-type]
        if spec.name in data:
            values[spec.name] = _check(hints[spec.name], data[spec.name], f"{where}.{spec.name}")
        elif spec.default is dataclasses.MISSING and spec.default_factory is dataclasses.MISSING:
            raise RunError(f"{where} has no {spec.name!r}")
    return kind(**values)


def _name(value: object) -> str:
    return "null" if value is None else type(value).__name__


def _check(hint: Any, value: Any, where: str) -> Any:
    """`value`, if it is what the type `hint` says."""
    origin, args = get_origin(hint), get_args(hint)
    if hint is Any:
        return value
    if origin in (Union, types.UnionType):
        if value is None and type(None) in args:
            return None
        (inner,) = (arg for arg in args if arg is not type(None))
        return _check(inner, value, where)
    if origin is Literal:
        if value not in args:
            raise RunError(f"{where} must be one of {', '.join(map(str, args))}, not {value!r}")
        return value
    if dataclasses.is_dataclass(hint):
        return decode(typing.cast("type[Any]", hint), value, where)
    if origin is dict:
        if not isinstance(value, Mapping):
            raise RunError(f"{where} must be an object, not {_name(value)}")
        return {key: _check(args[1], item, f"{where}.{key}") for key, item in value.items()}
    if origin in (list, tuple):
        if not isinstance(value, list):
            raise RunError(f"{where} must be a list, not {_name(value)}")
        return origin(_check(args[0], item, f"{where}[{i}]") for i, item in enumerate(value))
    if hint is float and type(value) is int:
        return float(value)
    if type(value) is not hint:
        raise RunError(f"{where} must be {hint.__name__}, not {_name(value)}")
    return value
