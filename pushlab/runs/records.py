"""What one trial leaves behind besides its raw rows: figures, in a form that JSON can hold.

`TrialRecord` is the entry in ``run.json["trials"]``. Reading is strict about what is there (a wrong
type or a missing key is named) and tolerant of keys that it does not know.

Longer than 400 lines, since all of it is one record: its parts have no life without it.
"""

import dataclasses
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Annotated, Any, Literal, TypeVar

from pushlab.contract.profile import Profile
from pushlab.contract.setting import Setting, keys_of
from pushlab.errors import RunError
from pushlab.runs.link import Link

__all__ = [
    "HUB",
    "BackplaneFigures",
    "BrokerFigures",
    "ClockFigures",
    "ConnectFigures",
    "CostWindow",
    "MachineFigures",
    "PublisherFigures",
    "RemoteClock",
    "ServerFigures",
    "ShareFigures",
    "SwarmFigures",
    "TrialRecord",
    "TrialStatus",
    "WitnessFigures",
    "WorkerFigures",
    "decode",
    "member_name",
    "share_name",
]

TrialStatus = Literal["ok", "failed", "interrupted"]

HUB = "hub"  #: the system that is meant where none is named: pushlab's own

_Record = TypeVar("_Record")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFigures:
    """What the server's processes counted and used.

    Attributes:
        hits: requests handled within the measured window, by kind.
        hits_setup: requests handled before it: handshakes, warm-up.
        hits_all: requests handled over the whole trial, read after the last subscriber left; when
            the swarm has it too, both must agree exactly. Empty: not taken.
        publishes: the publisher's requests handled over the whole trial; None: not taken.
        counted_by: whose word the hits are: the ``server``'s own, the ``clients``' alone, or the
            server's ``access log``.
        cpu_s: user and system CPU seconds within the measured window; None: see `unwatched`.
        counted_ns: when hits and CPU were looked at, for both ends of the window: by the server
            itself, so later than the window says only where its event loop was. None: not noted.
        rss_bytes: the largest resident memory seen; None: see `unwatched`.
        open_descriptors: the largest number of open descriptors seen.
        loop_lag_p99_s: how late its event loop ran its timers, its own work included.
        unwatched: why CPU and memory are not known; empty where they are.
        version: of the server, where it tells one.
        fresh: whether its process began with the trial.
        workers: of each process, where it is of several; the other figures are their sums then,
            and `rss_bytes` counts more than once what they share.
    """

    hits: dict[str, int] = field(default_factory=dict)
    hits_setup: dict[str, int] = field(default_factory=dict)
    hits_all: dict[str, int] = field(default_factory=dict)
    publishes: int | None = None
    counted_by: Literal["server", "clients", "access log"] = "server"
    cpu_s: float | None = None
    counted_ns: list[int] | None = None
    rss_bytes: int | None = None
    open_descriptors: int | None = None
    loop_lag_p99_s: float | None = None
    unwatched: str = ""
    version: str = ""
    fresh: bool = True
    workers: list["WorkerFigures"] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerFigures:
    """What one of several processes of a server used; see `ServerFigures`.

    Attributes:
        number: from 1.
        open_descriptors: the largest number seen, connections among them.
    """

    number: int
    cpu_s: float | None = None
    rss_bytes: int | None = None
    open_descriptors: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackplaneFigures:
    """What hubs shared used; None for a figure that cannot be had (it ran before, elsewhere).

    Attributes:
        kind: ``redis``, ``valkey`` or ``remote``.
        counted_ns: when its CPU was looked at, for both ends of the window.
    """

    kind: str
    version: str = ""
    cpu_s: float | None = None
    rss_bytes: int | None = None
    counted_ns: list[int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerFigures:
    """What the MQTT broker's process used; None for a figure that cannot be had (a remote broker).

    Attributes:
        kind: ``embedded``, ``mosquitto`` or ``remote``.
        counted_ns: when its CPU was looked at, for both ends of the window.
    """

    kind: str
    version: str = ""
    cpu_s: float | None = None
    rss_bytes: int | None = None
    counted_ns: list[int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareFigures:
    """What one of several processes of a swarm counted and used; see `SwarmFigures`.

    Attributes:
        number: of the share, from 1.
        first: the number of its first subscriber; the others follow.
        clients: how many subscribers it has.
        deliveries: rows that it wrote.
    """

    number: int
    first: int
    clients: int
    deliveries: int = 0
    cpu_s: float = 0.0
    rss_bytes: int | None = None
    loop_lag_p99_s: float | None = None
    open_descriptors: int | None = None
    dials: int = 0


def share_name(number: int) -> str:
    """The name of a share among the processes that were looked at; they are counted from 1."""
    return member_name("swarm", number)


def member_name(role: str, number: int) -> str:
    """The name of one of several processes of a role, which are counted from 1."""
    return f"{role} {number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SwarmFigures:
    """What the subscribers' process counted and used; where there are several, their sums.

    Attributes:
        hits: requests sent within the measured window, by kind; reconciled with the server's.
        hits_all: requests sent over the whole trial. Empty: not taken.
        bytes_in, bytes_out: payload bytes of TCP within the measured window: HTTP headers and what
            TLS adds are in them.
        counted_ns: when hits, bytes and CPU were looked at, for both ends of the window.
        loop_lag_p99_s: how late the event loop ran its timers.
        duplicated, reordered: came twice, or out of order, on the wire since the window began, and
            were set right before the application saw it; the rest is in the rows.
        strays: messages of a channel that came to a reader of another, over the whole trial.
        unstamped: what a server called a message and was none of the laboratory's, such as a
            greeting, over the whole trial.
        misnumbered: publishes of which the server told one number, and which came with another.
        gaps: how often a subscriber was told that it missed messages.
        disconnects: connections lost within the measured window.
        open_descriptors: the largest number of open descriptors seen.
        dials: connections asked for over the whole trial.
        polls_due, polls_late, polls_skipped: questions that the subscribers' fixed clocks wanted
            within the measured window; of those, asked more than 10 ms late, and not asked at all.
            None where they ask by no fixed clock.
        shares: of each process; empty where there is one.
    """

    hits: dict[str, int] = field(default_factory=dict)
    hits_setup: dict[str, int] = field(default_factory=dict)
    hits_all: dict[str, int] = field(default_factory=dict)
    bytes_in: int = 0
    bytes_out: int = 0
    bytes_in_setup: int = 0
    bytes_out_setup: int = 0
    cpu_s: float = 0.0
    counted_ns: list[int] | None = None
    rss_bytes: int | None = None
    loop_lag_p99_s: float | None = None
    duplicated: int = 0
    reordered: int = 0
    strays: int = 0
    unstamped: int = 0
    misnumbered: int = 0
    gaps: int = 0
    disconnects: int = 0
    open_descriptors: int | None = None
    dials: int = 0
    polls_due: int | None = None
    polls_late: int | None = None
    polls_skipped: int | None = None
    shares: list[ShareFigures] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectFigures:
    """The storm in which all subscribers connected, before the warm-up; see the rows for each.

    Attributes:
        clients: how many were connected.
        storm_s: from the first wish for a connection to the last subscriber's acceptance.
        server_cpu_s, broker_cpu_s, backplane_cpu_s, swarm_cpu_s: CPU seconds used meanwhile.
        bytes_in, bytes_out: the subscribers' payload bytes of TCP meanwhile.
        hits: requests sent meanwhile, by kind.
    """

    clients: int = 0
    storm_s: float | None = None
    server_cpu_s: float | None = None
    broker_cpu_s: float | None = None
    backplane_cpu_s: float | None = None
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
class RemoteClock:
    """How the monotonic clock of a process on another host stood to the publisher's.

    Attributes:
        process: ``swarm`` (or ``swarm 2``: a share of it), ``hub`` or ``runner``.
        offset_ns: the publisher's minus the process's, as the window began.
        drift_ppm: by how much faster the publisher's went.
        bound_ns: how far a moment of the process's, from the window's beginning to the end of the
            drain, may be from the truth once it is told by the publisher's clock.
        exchanges: questions for the time that were answered; `lost`: not in time, or never.
        steps_ns: by how much one of the two was seen to jump, each time; empty as it should be.
    """

    process: str
    offset_ns: int
    drift_ppm: float
    bound_ns: int
    exchanges: int
    lost: int = 0
    steps_ns: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessFigures:
    """How the laboratory's stamps were held against the kernel's; the stamps are in the rows.

    Attributes:
        clients: how many subscribers were witnesses.
        deliveries: how many of their deliveries the kernel has stamped.
        bounded: of these, how many came together with later data: when the kernel had them is known
            to within the time for which the swarm had not looked.
        discarded: pieces of data whose stamp could not be converted, of deliveries and requests.
        steps: how often the machine's wall clock was set meanwhile: stamps of then are discarded.
        sends: how many of the publisher's requests the kernel has stamped.
        bound_ns: how far a kernel's stamp may be from the truth, by the conversion of its clock.
        path_s: how long after the kernel an idle event loop stamps what it reads, before the trial.
        why: why there are no witnesses; empty where there are some.
    """

    clients: int = 0
    deliveries: int = 0
    bounded: int = 0
    discarded: int = 0
    steps: int = 0
    sends: int = 0
    bound_ns: int = 0
    path_s: float | None = None
    why: str = ""


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
class CostWindow:
    """A stretch of a trial beside the measured one, for what the server's CPU seconds are made of.

    Attributes:
        name: ``alone`` (nobody connected), ``idle`` (all connected, nothing published), ``unread``
            (published to channels that nobody reads), ``second`` (the measured window's work at
            another rate).
        span_s: its length, what was under way at the end of the publishing included.
        clients: connected.
        publishes: messages that the server took.
        deliveries: messages that came to subscribers.
        hits: requests of the subscribers, by kind.
        cpu_s, broker_cpu_s, backplane_cpu_s: of the server, and of the broker and what hubs share
            where there is one.
    """

    name: str
    span_s: float
    clients: int
    publishes: int = 0
    deliveries: int = 0
    hits: dict[str, int] = field(default_factory=dict)
    cpu_s: float = 0.0
    broker_cpu_s: float | None = None
    backplane_cpu_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineFigures:
    """What the machine did within the measured window, whoever made it.

    Attributes:
        cores: how many the run's processes might use.
        cpu_s: CPU seconds that all programs used; `others_cpu_s`: of these, programs that were no
            part of the run.
        stolen_s: CPU seconds that the machine's host gave to other guests; `stolen_counted`: if
            the CPU clocks of processes may go on meanwhile.
        throttled_s: for how long a quota or heat kept programs from running.
        waited_s: by process, for how long its main thread was ready to run and stood in a core's
            queue; empty where the system does not tell.
    """

    cores: int = 0
    cpu_s: float = 0.0
    others_cpu_s: float = 0.0
    stolen_s: float = 0.0
    stolen_counted: bool = True
    throttled_s: float = 0.0
    waited_s: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRecord:
    """One execution of one transport setting at one server.

    Attributes:
        index: which repetition of its cell this is, from 0; the rows' ``trial`` column.
        order: its place in the run's order of execution, from 0; names the row files.
        cell: the label of the transport setting, such as ``sse`` or ``short-polling 5 s``.
        transport: the transport's name.
        system: the name of the server under test; ``hub`` is pushlab's own.
        options: its settings, defaults filled in.
        status: ``ok``, ``failed`` (see `reason`) or ``interrupted`` (the user stopped the run).
        clients, channels, per_channel: subscriber ``i`` reads channel ``i // per_channel``; the
            last channel may have fewer.
        measure_start_ns, measure_end_ns: the measured window, in nanoseconds of the publisher's
            monotonic clock; None if it never began or ended.
        duration_s: the window's length.
        rate_per_channel: publishes scheduled per second and channel.
        arrivals: ``constant``, ``poisson``, ``burst`` or ``trace``.
        link: the network between subscribers and server that was emulated.
        tls: whether every connection was encrypted.
        stall_ns: when the hub was stopped and when it went on, if the scenario asks for it.
        client: what the subscribers were: ``python``, the swarm's client halves, or ``browser``,
            channel.js in Chromium.
        machine: what other programs, the machine's host and limits did meanwhile.
        clocks: of the pages, where the subscribers were in a browser; None: the monotonic clock.
        remote_clocks: of the processes that had another clock than the publisher, by whose clock
            all moments are told; empty: all had one.
        parts: further windows, from which costs are taken apart; empty: none were taken.
        witnesses: how the stamps were held against the kernel's; None: older than that.
        marks: what to hold against the figures, such as ``generator-bound``.
        floor: the null transport: the harness's own floor, not a competitor.
        places: by role (``hub``, ``publisher``, ``swarm``), the labels of the workers where it ran;
            empty: all on one machine.
        profile: what the transport was, with its settings; ``run.json`` has it once for each cell,
            under ``profiles``.
    """

    index: Annotated[int, Setting("the repetition", least=0, most=32_767)]
    order: Annotated[int, Setting("the place in the order", least=0, most=1_000_000_000)]
    cell: str
    transport: str
    status: TrialStatus
    clients: Annotated[int, Setting("subscribers", least=0, most=1_000_000)]
    channels: Annotated[int, Setting("channels", least=0, most=1_000_000)]
    per_channel: Annotated[int, Setting("subscribers of each", least=0, most=1_000_000)]
    rate_per_channel: Annotated[float, Setting("publishes", unit="1/s", least=0, most=1e9)]
    duration_s: Annotated[float, Setting("the window", unit="s", least=0, most=1e6)]
    system: str = HUB
    arrivals: str = "constant"
    options: dict[str, Any] = field(default_factory=dict)
    reason: str | None = None
    measure_start_ns: int | None = None
    measure_end_ns: int | None = None
    server: ServerFigures | None = None
    broker: BrokerFigures | None = None
    backplane: BackplaneFigures | None = None
    swarm: SwarmFigures | None = None
    connect: ConnectFigures | None = None
    publisher: PublisherFigures | None = None
    link: Link = field(default_factory=Link)
    tls: bool = False
    stall_ns: list[int] | None = None
    client: Literal["python", "browser"] = "python"
    machine: MachineFigures | None = None
    clocks: ClockFigures | None = None
    remote_clocks: list[RemoteClock] = field(default_factory=list)
    parts: list[CostWindow] = field(default_factory=list)
    witnesses: WitnessFigures | None = None
    marks: list[str] = field(default_factory=list)
    floor: bool = False
    places: dict[str, list[str]] = field(default_factory=dict)
    profile: Profile = field(default_factory=Profile)

    @property
    def subject(self) -> str:
        """Whose costs these are: the transport, and the system where it is another than the hub."""
        return self.transport if self.system == HUB else f"{self.transport} on {self.system}"

    def to_json(self) -> dict[str, Any]:
        """Plain dictionaries and lists, without the profile."""
        told = dataclasses.asdict(self)
        del told["profile"]
        return told


def decode(kind: type[_Record], data: object, where: str) -> _Record:
    """Make `kind` of what JSON holds; keys that a dataclass does not know are passed over.

    Raises:
        RunError: a key is missing, of the wrong type or out of range; the text begins with `where`.
    """
    import msgspec  # here, so that what shows a cached summary does not load it

    try:
        found = msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        told, _, place = str(error).partition(" - at `$")
        at = f"{where}{place.removesuffix('`')}".replace(": .", ": ").removesuffix(": ")
        raise RunError(f"{at}: {told}") from error
    for one in found if isinstance(found, list) else [found]:
        for key in keys_of(type(one)).values():
            value = attrgetter(key.name)(one)
            if not key.setting.holds(value):
                raise RunError(f"{where}: {key.name}: {key.refusal(value)}")
    return found
