"""What a transport needs of the machines and programs that carry it: settings, connections, files.

The settings are those that docs/deploy.md runs; a test holds the two together.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pushlab.analysis.advice.pair import Side
from pushlab.analysis.advice.sentence import Basis, Figure, Sentence, said, sentence
from pushlab.analysis.cost.sizes import REFERENCE
from pushlab.contract.profile import Profile
from pushlab.quantities import exact, exact_duration, large, listed, memory, number

__all__ = ["BALANCERS", "NGINX", "PER_CLIENT", "PORTS", "Balancer", "Setting", "needs"]

_SOURCE = "docs/deploy.md"


@dataclass(frozen=True, slots=True)
class Setting:
    """A line of a proxy's configuration, and for which transports it must be there."""

    line: str
    needed: Callable[[Profile], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Balancer:
    """A cloud's balancer: after how much silence it ends a connection.

    Attributes:
        title: in words.
        silence_s: as it comes; `whole`: this bounds a whole answer, however lively.
    """

    title: str
    silence_s: float
    whole: bool = False


def _streams(profile: Profile) -> bool:
    return profile.pushes and profile.protocol == "http"


def _upgrades(profile: Profile) -> bool:
    return profile.pushes and profile.protocol != "http"


NGINX: Sequence[Setting] = (
    Setting("proxy_http_version 1.1", lambda profile: True),
    Setting("proxy_set_header Upgrade $http_upgrade", _upgrades),
    Setting("proxy_set_header Connection $connection_upgrade", _upgrades),
    Setting("proxy_buffering off", _streams),
    Setting("proxy_read_timeout 150s", lambda profile: not _polls(profile)),
)
#: By whose prices an architecture has.
BALANCERS = {
    "aws": Balancer(title="AWS's Application Load Balancer", silence_s=60.0),
    "google": Balancer(title="Google's Application Load Balancer", silence_s=30.0, whole=True),
}
#: nginx takes two connections, and as many descriptors, for each client.
PER_CLIENT = 2
#: Ports that Linux has for connections to one address: ``net.ipv4.ip_local_port_range``.
PORTS = (32_768, 60_999)


def _polls(profile: Profile) -> bool:
    return profile.delivery == "interval-poll"


def _silence_s(profile: Profile) -> float:
    """How long a connection is silent at most while all is well."""
    timers = profile.timers
    return timers.interval_s or timers.hold_s or timers.keep_alive_s


def _document(value: float, unit: str, show: Callable[[float], str] = exact) -> Figure:
    return Figure.of(value, unit, "document", show=show, source=_SOURCE)


def needs(side: Side) -> list[Sentence]:
    """What one transport needs in one architecture, a sentence each."""
    return [*_servers(side), *_connections(side), *_proxies(side)]


def _measured(side: Side) -> Basis:
    """What its servers' sizes rest on."""
    source = side.meter.sizes.source if side.meter.sizes else ""
    return "reference" if source.startswith(REFERENCE) else "measured"


def _count(side: Side) -> tuple[float, str]:
    """How many servers at likely values, and what they are; none: 0."""
    lines = [item for item in side.bill().items if item.part == "servers"]
    return (lines[0].events, lines[0].event) if lines else (0.0, "")


def _servers(side: Side) -> Iterator[Sentence]:
    profile, sizes, clients = side.traffic.profile, side.meter.sizes, side.traffic.clients
    count, what = _count(side)
    if not count or sizes is None:
        yield sentence(
            "No server of your own: {title} takes {clients} connections.",
            title=side.architecture.title,
            clients=said(clients, "connections", large),
        )
        return
    basis = _measured(side)
    every = side.range_of(side.servers)
    each = Figure.of(clients / count, "connections", basis, show=number)
    yield sentence(
        "Servers: {count} {what} at likely values ({range} of whatever size is cheapest, from"
        " the cheap to the dear end of every guess), each with {each} of {clients} connections.",
        count=Figure.of(count, "servers", basis, show=exact),
        what=what,
        range=Figure(low=every.low, high=every.high, unit="servers", basis="guess", show=exact),
        each=each,
        clients=said(clients, "connections", large),
    )
    if sizes.connections and clients / count > sizes.connections:
        yield sentence(
            "No server was measured with so many: the costs are of one that held {seen}, so hold"
            " {each} on one server before you sign.",
            seen=Figure.of(sizes.connections, "connections", basis, show=number),
            each=each,
        )
    low, _, high = sizes.each_bytes
    yield sentence(
        "Memory: {each} for each connection, {base} for a process without any.",
        each=Figure(low=low, high=high, unit="bytes", basis=basis, show=memory),
        base=Figure.of(sizes.base_bytes, "bytes", basis, show=memory),
    )
    if profile.needs_broker:
        yield sentence(
            "{title} needs an MQTT broker beside each of these {count}, or one that they share.",
            title=profile.title,
            count=Figure.of(count, "servers", basis, show=exact),
        )


def _connections(side: Side) -> Iterator[Sentence]:
    count, _ = _count(side)
    if not count:
        return
    each = math.ceil(side.traffic.clients / count)
    nginx = side.architecture.kind == "machines"
    files = PER_CLIENT * each
    yield sentence(
        "Descriptors: {each} on each server, which is what LimitNOFILE must exceed"
        + ("; nginx takes {files} more, and as many worker_connections." if nginx else "."),
        each=Figure.of(each, "descriptors", "closed form", show=exact),
        **({"files": _document(files, "descriptors")} if nginx else {}),
    )
    ports = PORTS[1] - PORTS[0] + 1
    if nginx and each > ports:
        yield sentence(
            "Ports: Linux has {ports} for connections to one address, so nginx needs {addresses}"
            " addresses or ports of the server behind it.",
            ports=_document(ports, "ports"),
            addresses=_document(math.ceil(each / ports), "addresses"),
        )


def _proxies(side: Side) -> Iterator[Sentence]:
    profile, where = side.traffic.profile, side.architecture
    silence = _document(_silence_s(profile), "s", exact_duration)
    speaks = "asks again after" if _polls(profile) else "is silent for at most"
    if where.kind == "machines":
        lines = [f"`{one.line}`" for one in NGINX if one.needed(profile)]
        yield sentence(
            "nginx: {lines}, since {title} " + speaks + " {silence}.",
            lines=listed(lines),
            title=profile.title_within,
            silence=silence,
        )
    balancer = BALANCERS.get(where.provider)
    if where.kind != "containers" or balancer is None:
        return
    limit = _document(balancer.silence_s, "s", exact_duration)
    if balancer.whole and not _polls(profile):
        told = "{balancer} ends every answer after {limit}: raise that to an hour"
    elif _silence_s(profile) < balancer.silence_s:
        told = "{balancer} ends what is silent for {limit}: nothing to set"
    else:
        told = "{balancer} ends what is silent for {limit}: raise that"
    yield sentence(
        told + ", since {title} " + speaks + " {silence}.",
        balancer=balancer.title,
        limit=limit,
        title=profile.title_within,
        silence=silence,
    )
