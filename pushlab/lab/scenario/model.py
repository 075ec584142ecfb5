"""A scenario: what is asked of every transport alike, checked before anything runs.

Scenarios are TOML files; see `pushlab.lab.scenario.toml_reader` for the keys. A scenario that
exists can be run: names are known, options are accepted by their transport, numbers lie in range.
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pushlab.contract.registry import make_transport
from pushlab.contract.transport import Transport
from pushlab.errors import ScenarioError
from pushlab.lab.scenario.schedule import Arrivals
from pushlab.runs import Link

__all__ = [
    "MAX_BROWSER_CLIENTS",
    "Cell",
    "CellRequest",
    "ChannelPlan",
    "Client",
    "Scenario",
    "make_cells",
]

ChannelPlan = Literal["shared", "per-client", "rooms"]
#: Who the subscribers are: the swarm's own client halves, or channel.js in Chromium.
Client = Literal["python", "browser"]

#: Chromium gets a process for each few clients; more than this would measure its memory.
MAX_BROWSER_CLIENTS = 200

_IN_BROWSER = " in Chromium"


@dataclass(frozen=True, slots=True)
class Cell:
    """One transport with one setting.

    Attributes:
        label: names it in tables and charts, unique within a scenario.
        transport: the transport's name.
        options: all its settings, defaults filled in.
        own_label: whether the scenario gave the label.
        client: what its subscribers are.
    """

    label: str
    transport: str
    options: Mapping[str, Any] = field(default_factory=dict)
    own_label: bool = False
    client: Client = "python"

    def make(self) -> Transport:
        """The transport itself."""
        return make_transport(self.transport, self.options)

    @property
    def interval_s(self) -> float:
        """How long this transport may let a message wait by its own design; 0 for the most."""
        return float(self.options.get("interval_s", 0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """The work, and the transports that do it.

    Attributes:
        clients: subscribers; client ``i`` reads channel ``i // per_channel``.
        channels: ``shared`` (one for all), ``per-client``, or ``rooms`` of `room_size` clients.
        arrivals: see `pushlab.lab.scenario.schedule.make_schedule`.
        rate_per_s: messages per second and channel.
        warmup_s, duration_s: the measured window follows the warm-up.
        drain_s: the longest wait for what is still under way after the window; a transport that
            asks at an interval gets that interval on top.
        stall_s: stop the hub (SIGSTOP) for so long in the middle of the window; 0: never.
        trials: how often each cell is repeated, each time with a fresh server.
        broker: ``auto``, ``embedded``, ``mosquitto`` or a URL.
        link: the network to emulate between each subscriber and the server; the publisher is the
            server's neighbour.
        tls: whether every connection is encrypted.
        poll_interval_s: for transports that poll at an interval, unless their own table has one.
    """

    name: str
    title: str = ""
    description: str = ""
    clients: int = 50
    channels: ChannelPlan = "shared"
    room_size: int = 10
    arrivals: Arrivals = "poisson"
    burst_size: int = 10
    burst_gap_s: float = 0.0
    rate_per_s: float = 1.0
    payload_bytes: int = 100
    warmup_s: float = 1.0
    duration_s: float = 10.0
    drain_s: float = 10.0
    stall_s: float = 0.0
    trials: int = 1
    seed: int = 1
    broker: str = "auto"
    link: Link = field(default_factory=Link)
    tls: bool = False
    poll_interval_s: float = 1.0
    cells: tuple[Cell, ...] = ()

    def __post_init__(self) -> None:
        if self.stall_s and self.stall_s >= self.duration_s:
            raise ScenarioError(
                f"stall_s: a stall of {self.stall_s:g} s does not fit into a window of"
                f" {self.duration_s:g} s (duration_s)"
            )

    @property
    def per_channel(self) -> int:
        """Subscribers per channel; the last channel may have fewer."""
        if self.channels == "shared":
            return self.clients
        return 1 if self.channels == "per-client" else min(self.room_size, self.clients)

    @property
    def channel_count(self) -> int:
        """How many channels there are."""
        return -(-self.clients // self.per_channel)

    def to_json(self) -> dict[str, Any]:
        """Plain values, with every default filled in."""
        values = dataclasses.asdict(self)
        cells = values.pop("cells")
        for cell in cells:
            del cell["own_label"]
            if cell["client"] == "python":
                del cell["client"]
        return {**values, "channel_count": self.channel_count, "transports": list(cells)}

    def with_values(self, values: Mapping[str, Any]) -> "Scenario":
        """The scenario with some values changed; ``link.one_way_ms`` names a value of the link."""
        own = {key: value for key, value in values.items() if "." not in key}
        link = {key.removeprefix("link."): values[key] for key in values if key not in own}
        return dataclasses.replace(self, **own, link=dataclasses.replace(self.link, **link))

    def override(
        self,
        *,
        transports: Sequence[str] | None = None,
        clients: int | None = None,
        rate_per_s: float | None = None,
        poll_interval_s: float | None = None,
        duration_s: float | None = None,
        trials: int | None = None,
        seed: int | None = None,
        broker: str | None = None,
        one_way_ms: float | None = None,
        jitter_ms: float | None = None,
        kbit_per_s: float | None = None,
        tls: bool | None = None,
        client: str | None = None,
    ) -> "Scenario":
        """The scenario with what a command line asks for; None leaves a value as it is.

        `transports` keeps the scenario's cells of these names (or labels) and adds, with default
        settings, those that it does not have. `poll_interval_s` holds for every cell that polls
        at an interval; cells that become the same are one. `client` says who the subscribers of all
        cells are: ``python``, ``browser``, or ``both``, which makes two cells of each.

        Raises:
            ScenarioError: a value is out of range; the text names the flag.
            UnknownTransport, MissingExtra: a transport is not installed.
        """
        from pushlab.lab.scenario.toml_reader import (  # they build on this
            check_browser,
            check_network,
            check_values,
        )

        flags = {
            "clients": ("--clients", clients),
            "rate_per_s": ("--rate", rate_per_s),
            "poll_interval_s": ("--poll-interval", poll_interval_s),
            "duration_s": ("--duration", duration_s),
            "trials": ("--trials", trials),
            "seed": ("--seed", seed),
            "broker": ("--broker", broker),
            "link.one_way_ms": ("--one-way-ms", one_way_ms),
            "link.jitter_ms": ("--jitter-ms", jitter_ms),
            "link.kbit_per_s": ("--kbit-per-s", kbit_per_s),
            "tls": ("--tls", tls),
        }
        given = {key: value for key, (_, value) in flags.items() if value is not None}
        values = check_values(given, lambda key: flags[key][0])
        result = self.with_values(values)
        cells: Iterable[Cell] = self.cells
        if transports is not None:
            cells = _select(self, transports, result.poll_interval_s)
        if poll_interval_s is not None:
            cells = [_with_interval(cell, poll_interval_s) for cell in cells]
        if client is not None:
            cells = _with_client(cells, client)
        if transports is not None or poll_interval_s is not None or client is not None:
            requests = [_request(cell) for cell in cells]
            unique = [request for i, request in enumerate(requests) if request not in requests[:i]]
            made = make_cells(unique, result.poll_interval_s)
            result = dataclasses.replace(result, cells=made)
        where = {key: flag for key, (flag, _) in flags.items() if key in given}
        check_network(result, lambda key: where.get(key, key))
        check_browser(result, lambda key: where.get(key, key))
        return result


def _select(scenario: Scenario, names: Sequence[str], poll_interval_s: float) -> list[Cell]:
    chosen: list[Cell] = []
    if not names:
        raise ScenarioError("--transports names no transport")
    for name in names:
        found = [cell for cell in scenario.cells if name in (cell.transport, cell.label)]
        chosen += found or make_cells([CellRequest(name)], poll_interval_s)
    return chosen


def _with_interval(cell: Cell, interval_s: float) -> Cell:
    if "interval_s" not in cell.options:
        return cell
    return dataclasses.replace(cell, options={**cell.options, "interval_s": float(interval_s)})


def _with_client(cells: Iterable[Cell], client: str) -> list[Cell]:
    """The cells with other subscribers; a label of the scenario's own tells the two apart."""
    if client not in ("python", "browser", "both"):
        raise ScenarioError(f"--client: {client!r} is not one of python, browser, both")
    found: list[Cell] = []
    for cell in cells:
        plain = cell.label.removesuffix(_IN_BROWSER)
        if client != "browser":
            found.append(dataclasses.replace(cell, label=plain, client="python"))
        if client != "python":
            found.append(dataclasses.replace(cell, label=plain + _IN_BROWSER, client="browser"))
    return found


@dataclass(frozen=True, slots=True)
class CellRequest:
    """A cell as it is asked for: what it leaves out is made up."""

    transport: str
    options: Mapping[str, Any] = field(default_factory=dict)
    label: str | None = None
    client: Client = "python"


def _request(cell: Cell) -> CellRequest:
    label = cell.label if cell.own_label else None
    return CellRequest(cell.transport, cell.options, label, cell.client)


def make_cells(requests: Sequence[CellRequest], poll_interval_s: float) -> tuple[Cell, ...]:
    """Build cells, with labels that differ.

    A transport that appears once is labelled with its name; one that appears several times, with
    its name and what tells its settings apart, such as ``short-polling 5 s``; in a browser, as
    ``sse in Chromium``.

    Raises:
        UnknownTransport, MissingExtra, UsageError: see `make_transport`.
        ScenarioError: two cells have the same label.
    """
    made: list[CellRequest] = []
    for request in requests:
        transport = make_transport(request.transport, request.options)
        settings = dataclasses.asdict(transport.options)
        if "interval_s" in settings and "interval_s" not in request.options:
            settings["interval_s"] = poll_interval_s
            make_transport(request.transport, settings)
        made.append(dataclasses.replace(request, options=settings))
    labels = [one.label or _label(one, made) for one in made]
    for i, label in enumerate(labels):
        if label in labels[:i]:
            raise ScenarioError(f"two transports have the label {label!r}; give one another label")
    return tuple(
        Cell(label, one.transport, one.options, one.label is not None, one.client)
        for label, one in zip(labels, made, strict=True)
    )


def _label(request: CellRequest, made: Sequence[CellRequest]) -> str:
    """The name, and the settings in which this cell differs from others of that name."""
    others = [
        other.options
        for other in made
        if (other.transport, other.client) == (request.transport, request.client)
    ]
    settings = request.options
    differing = [
        key for key in settings if any(other.get(key) != settings[key] for other in others)
    ]
    label = " ".join([request.transport, *(_in_words(key, settings[key]) for key in differing)])
    return label + _IN_BROWSER if request.client == "browser" else label


_UNITS = {"_s": "s", "_bytes": "bytes", "_per_s": "per s"}


def _in_words(key: str, value: Any) -> str:
    if isinstance(value, bool):
        return key.replace("_", " ") if value else f"no {key.replace('_', ' ')}"
    shown = f"{value:g}" if isinstance(value, float) else str(value)
    if key == "interval_s":
        return f"{shown} s"
    for ending, unit in _UNITS.items():
        if key.endswith(ending):
            return f"{key.removesuffix(ending).replace('_', ' ')} {shown} {unit}"
    return shown if isinstance(value, str) else f"{key.replace('_', ' ')} {shown}"
