"""The door to a server under test: `System` says what it is, `Started` is one that runs.

The runner knows nothing else of a server: it starts a system, asks its `ServerApi` for admissions
and counts, lets the publisher send as `ServerApi.publishing` says, watches the processes that
`Started.watched` names, and stops it.
"""

import abc
import signal
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pushlab.brokers.start import Broker
from pushlab.contract.broker_access import BrokerAccess
from pushlab.contract.cursor import Cursor
from pushlab.contract.serving import HubSettings
from pushlab.contract.transport import Transport
from pushlab.errors import UsageError
from pushlab.hub.child import Child
from pushlab.systems.publishing import Publishing

__all__ = [
    "Admission",
    "Beside",
    "ServerApi",
    "ServerCounts",
    "Started",
    "System",
    "Wanted",
    "Watched",
]


@dataclass(frozen=True, slots=True)
class Admission:
    """What a subscriber needs: a token (a secret), and where its transport listens.

    Attributes:
        token: empty where the system has none.
        channel: the number of its channel.
        endpoint: ``url`` and what only the transport knows; of a foreign system the names
            ``channel`` and ``client``, which its texts may hold.
    """

    token: str
    channel: int
    endpoint: dict[str, Any]

    def __repr__(self) -> str:
        return f"Admission(channel={self.channel})"


@dataclass(frozen=True, slots=True)
class ServerCounts:
    """What a server had counted at one moment.

    Attributes:
        at_ns: when it looked.
        hits: by kind: of one transport, and the publisher's requests; empty where it counts none.
        cpu_s: CPU seconds of its process, by its own word; None: it has none.
    """

    at_ns: int
    hits: dict[str, int] = field(default_factory=dict)
    cpu_s: float | None = None


class ServerApi(abc.ABC):
    """What the laboratory asks of a server that runs.

    Attributes:
        url: the server's.
        publishing: how the publisher sends.
        stamp_key: tells this trial's stamps from others'; None: the server numbers its messages,
            and clients read those numbers.
    """

    url: str
    publishing: Publishing
    stamp_key: int | None = None

    @abc.abstractmethod
    async def admit(
        self,
        transport: str,
        subscribers: Sequence[tuple[str, int, str]],
        *,
        duration_minutes: int | None = None,
    ) -> list[Admission]:
        """What each (client ID, number of the channel, its name) needs, in order.

        Raises:
            ConnectionFailed: the server is gone, or does not speak `transport`.
            Refused: the server said no.
        """

    @abc.abstractmethod
    async def publish(self, channel: str, text: str) -> Cursor:
        """Publish a message as the publisher does; where it stands on its channel.

        Raises:
            Refused, ConnectionFailed: the server said no, or is gone.
        """

    @abc.abstractmethod
    async def publish_batch(self, batch: Sequence[tuple[str, str]]) -> list[int]:
        """Publish to each channel its text; the number of each on its channel.

        Raises:
            Refused, ConnectionFailed: the server said no, or is gone.
        """

    def number_from(self, heads: Sequence[int]) -> None:  # noqa: B027 - the server may do it
        """By channel: numbers that are made here are higher from now on."""

    @abc.abstractmethod
    async def counts(self, transport: str, at_ns: int = 0) -> ServerCounts:
        """What it has counted by kind for `transport`, as it is at a moment; 0: now."""

    async def hits(self, transport: str) -> dict[str, int]:
        """What it has counted by kind for `transport`, and the publisher's requests."""
        return (await self.counts(transport)).hits

    def close(self) -> None:  # noqa: B027 - there may be nothing to close
        """Close the connections."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a trial wants of a system.

    Attributes:
        transport, options: the cell's.
        also: other transports that it is to serve, each as it is by itself.
        channels: the channels' names, by number.
        settings: the hub's dials.
        broker: which MQTT broker a transport gets that needs one.
        broker_access: of one that runs for this trial elsewhere; None: it is started beside it.
        hub_workers: of how many processes the hub is.
        backplane: what they share: ``memory``, ``redis`` (one that is started), or a URL.
        tls: whether every connection is to be encrypted.
        lag_every_s: how often a server that can looks at its event loop; 0: never.
        stamp_key: of this trial's stamps.
        clock_key: of its questions for the time, a secret; empty: nobody will ask.
        spare: a process that has come up already, for a system that can use one.
        host: of this machine, where everything is to listen.
    """

    transport: str
    options: Mapping[str, Any] = field(default_factory=dict)
    also: Sequence[str] = ()
    channels: Sequence[str] = ()
    settings: HubSettings = field(default_factory=HubSettings)
    broker: str = "auto"
    hub_workers: int = 1
    backplane: str = field(default="memory", repr=False)
    tls: bool = False
    lag_every_s: float = 0.0
    stamp_key: int = 0
    clock_key: str = field(default="", repr=False)
    spare: Any = None
    host: str = "127.0.0.1"
    broker_access: BrokerAccess | None = None


@dataclass(frozen=True, slots=True)
class Watched:
    """A process whose CPU and memory are the system's.

    Attributes:
        pid: of one on this machine; 0: it is not looked at.
        more: of others that do the same work; each is looked at by itself, and all as one.
        tree: whether all that descend from it are meant too.
        metrics: where Prometheus would read them; empty: the process itself is looked at.
    """

    pid: int = 0
    more: tuple[int, ...] = ()
    tree: bool = False
    metrics: str = ""


@dataclass(frozen=True, slots=True)
class Beside:
    """A backplane beside a hub: ``redis``, ``valkey``, or ``remote`` where it ran before."""

    kind: str
    version: str = ""


class Started(abc.ABC):
    """A system that runs for one trial.

    Attributes:
        api: what to ask it.
        children: processes whose end is trouble.
        watched: by role, what is sampled: ``hub`` (the server under test), ``broker`` and
            ``backplane``; empty where nothing of it can be seen.
        unwatched: why its CPU and memory are not known; empty where they are.
        broker: where one was started beside it; `backplane`: the same.
        authority: whom to trust if everything is encrypted, as a PEM certificate.
        fresh: whether its process began with the trial.
        version: of the server, for the record.
        clock_port: where one of its processes is asked for its time, over UDP; 0: nowhere.
    """

    api: ServerApi
    children: Sequence[Child] = ()
    watched: Mapping[str, Watched] = {}
    unwatched: str = ""
    broker: Broker | None = None
    backplane: Beside | None = None
    authority: str | None = None
    fresh: bool = True
    version: str = ""
    clock_port: int = 0

    async def loop_lags(self) -> list[list[int]]:
        """When its event loop was looked at, and how late it was; empty if it was not."""
        return []

    def send_signal(self, number: signal.Signals) -> None:  # noqa: B027 - it may be out of reach
        """Send a signal to the server."""

    async def restart(self) -> bool:
        """Kill it as a crash would, and start it again at the same place; whether that can be done.

        Raises:
            SetupError: it does not start again.
        """
        return False

    @abc.abstractmethod
    async def stop(self) -> None:
        """End it; nothing of it is left when this returns."""

    def died(self) -> str:
        """What has ended beside it that is no child, in words; empty: nothing."""
        return ""


class System(abc.ABC):
    """A kind of server that can be measured.

    A plug-in subclasses this (or `pushlab.systems.declared.DeclaredSystem`, which needs no more
    than a `SystemSpec`) and registers the class under the entry-point group ``pushlab.systems``.

    Attributes:
        name: how users name it; `title`, how tables and charts do.
        counts_hits: whether the server itself counts them; else they are the clients' count.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    counts_hits: ClassVar[bool] = False

    @property
    @abc.abstractmethod
    def speaks(self) -> Sequence[str]:
        """The names of the transports that it speaks."""

    @abc.abstractmethod
    def transport(self, name: str, settings: Mapping[str, Any]) -> Transport:
        """How it speaks this transport, with these options: its profile and its client half.

        Raises:
            UsageError: it does not speak it, or an option is wrong.
        """

    def check_speaks(self, transport: str) -> None:
        """Raises UsageError: it does not speak this transport."""
        if transport not in self.speaks:
            known = ", ".join(self.speaks)
            raise UsageError(f"{self.name} does not speak {transport!r} (it speaks: {known})")

    @property
    def attached_to(self) -> str:
        """The host of a server that ran before and goes on; empty: it is started."""
        return ""

    def texts(self) -> Iterable[tuple[str, str]]:
        """Its templates, which may name variables of the environment, each with its key."""
        return ()

    def missing(self) -> str:
        """What is not installed here that it needs, and how to get it; empty: nothing."""
        return ""

    def version(self) -> str:
        """Of what is installed here, such as ``nginx 1.22.1``; empty: not known.

        It may run a program for a moment.
        """
        return ""

    @abc.abstractmethod
    async def start(self, wanted: Wanted) -> Started:
        """Start it, or attach to it, and return when it is ready.

        Raises:
            SetupError, UsageError: it does not start; nothing of it is left.
        """
