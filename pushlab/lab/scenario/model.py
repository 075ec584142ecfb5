"""A scenario: what is asked of every transport alike, checked before anything runs.

Each key is declared here once, with its type, range, unit and meaning (see
`pushlab.contract.setting`). From the declarations come the checks of TOML files and their errors,
the flags of ``pushlab compare``, what a sweep may vary, the JSON Schema for editors, and the table
in docs/scenarios.md.

A scenario that exists can be run: names are known, options are accepted by their transport, numbers
lie in range.
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any, Literal

from pushlab.contract.limits import MAX_MESSAGE_BYTES
from pushlab.contract.serving import HubSettings
from pushlab.contract.setting import Key, Setting, keys_of
from pushlab.errors import ScenarioError
from pushlab.lab.scenario.cells import (
    Cell,
    remake_cells,
    with_client,
    with_interval,
)
from pushlab.lab.scenario.in_browser import MAX_BROWSER_CLIENTS, refused_in_browser
from pushlab.lab.scenario.other_systems import broken_at
from pushlab.lab.scenario.own_system import written_system
from pushlab.lab.scenario.pairs import chosen
from pushlab.lab.scenario.placing import ClusterRoles
from pushlab.lab.scenario.rule_broken import RuleBroken
from pushlab.lab.scenario.several_hubs import AUTO, BACKPLANE, check_backplane
from pushlab.lab.scenario.trace import parse_trace
from pushlab.runs import Link
from pushlab.systems.registry import HUB
from pushlab.systems.spec import SystemSpec
from pushlab.systems.stamp import STAMP_BYTES

__all__ = ["Arrivals", "ChannelPlan", "Scenario", "flag_key", "scenario_keys"]

ChannelPlan = Literal["shared", "per-client", "rooms"]
Arrivals = Literal["constant", "poisson", "burst", "trace"]
_TRACED = 0.01  #: how far the rate may be from that of a trace, as a share

_count = partial(Setting, least=1, most=1_000_000)
_span = partial(Setting, unit="s", least=0, most=3_600)
_text = partial(Setting, flag=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """The work, and the transports that do it; client ``i`` reads channel ``i // per_channel``.

    Attributes:
        own: the system that the scenario itself describes, if it does.
        left_out: pairs of transport and system that were asked for and do not exist, in words.

    Raises:
        RuleBroken: two values do not go together.
    """

    name: Annotated[str, _text("names the run's folder", pattern=r"\S", such="text, not empty")]
    title: Annotated[str, _text("one line about it")] = ""
    description: Annotated[str, _text("what it shows")] = ""
    clients: Annotated[int, _count("subscribers", such="50 or 1e3")] = 50
    swarm_workers: Annotated[
        int, Setting("processes that share out the subscribers", least=1, most=256)
    ] = 1
    channels: Annotated[
        ChannelPlan, Setting("one for all, one for each client, or one for each room_size clients")
    ] = "shared"
    room_size: Annotated[int, _count("clients of a room")] = 10
    arrivals: Annotated[
        Arrivals, Setting("evenly, at random, in bursts at random, or as in the trace")
    ] = "poisson"
    trace: Annotated[
        str,
        _text(
            "of arrivals: a line for each message, its second, its channel's number and its size;"
            " or a CSV or Parquet file with time, channel and size, looked for beside this one"
        ),
    ] = ""
    burst_size: Annotated[int, _count("messages of a burst", most=100_000)] = 10
    burst_gap_s: Annotated[float, _span("between two messages of a burst", most=60)] = 0.0
    rate_per_s: Annotated[
        float, Setting("messages per second on each channel", unit="1/s", above=0, most=100_000)
    ] = 1.0
    payload_bytes: Annotated[int, _count("of a message", unit="bytes", most=MAX_MESSAGE_BYTES)] = (
        100
    )
    warmup_s: Annotated[float, _span("before the window")] = 1.0
    duration_s: Annotated[
        float, Setting("the measured window of each trial", unit="s", above=0, most=86_400)
    ] = 10.0
    drain_s: Annotated[
        float, _span("the longest wait for what is under way after it; a poll's interval on top")
    ] = 10.0
    stall_s: Annotated[float, _span("stop the hub for so long in mid-window; 0: never")] = 0.0
    parts_s: Annotated[
        float,
        _span(
            "after the window, so long idle and at another rate, to take costs apart; 0: never, as"
            " in windows below 1 s",
            most=60,
        ),
    ] = 0.5
    trials: Annotated[int, _count("repetitions, each on a fresh server", most=1_000)] = 1
    until: Annotated[
        str,
        Setting(
            "go on with repetitions until intervals are so narrow: p99 ±10%, sse.p50 ±0.3ms, ratio"
            " of p50 ±10%; `trials` is the least",
            pattern=r"^$|±|\+/?-",
            such="conditions such as p99 ±10%, with commas between",
        ),
    ] = ""
    at_most_s: Annotated[
        float, Setting("the longest that a run goes on for `until`", unit="s", above=0, most=86_400)
    ] = 300.0
    seed: Annotated[int, Setting("of schedules, phases and order", least=0, most=2**63 - 1)] = 1
    broker: Annotated[
        str,
        Setting(
            "auto: Mosquitto if it is installed, else embedded",
            pattern="^(auto|embedded|mosquitto)$|://",
            such="auto, embedded, mosquitto or a URL such as mqtt://host:1883",
        ),
    ] = "auto"
    hub_workers: Annotated[
        int, Setting("processes of the hub, on one port and one backplane", least=1, most=256)
    ] = 1
    backplane: Annotated[str, BACKPLANE] = AUTO
    tls: Annotated[bool, Setting("encrypt every connection, or none")] = False
    poll_interval_s: Annotated[
        float,
        _span("between polls, where no transport's table says it", least=0.001, most=86_400),
    ] = 1.0
    link: Link = field(default_factory=Link)
    hub: HubSettings = field(default_factory=HubSettings)
    cluster: ClusterRoles = field(default_factory=ClusterRoles)
    cells: tuple[Cell, ...] = ()
    own: SystemSpec | None = None
    left_out: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.stall_s and self.stall_s >= self.duration_s:
            raise RuleBroken(
                "stall_s",
                f"a stall of {self.stall_s:g} s does not fit into a window of"
                f" {self.duration_s:g} s (duration_s)",
            )
        if self.swarm_workers > self.clients:
            told = f"{self.swarm_workers} processes are too many for {self.clients} clients"
            raise RuleBroken("swarm_workers", told)
        self._check_trace()
        self._check_network()
        check_backplane(self.backplane, self.hub_workers)
        self._check_browser()
        self._check_systems()

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

    def traced_rate(self, trace: str) -> float:
        """The rate of a trace on each channel of this scenario. Raises ValueError: it is none."""
        return len(parse_trace(trace)) / (self.warmup_s + self.duration_s) / self.channel_count

    @property
    def hub_settings(self) -> HubSettings:
        """The hub's dials, the same for every cell.

        Unless the scenario sets its retention, it is what the slowest poll has yet to fetch.
        """
        plain = HubSettings()
        longest_s = 4 * max((cell.interval_s for cell in self.cells), default=0.0) + 30
        messages = int(longest_s * self.rate_per_s) + self.burst_size + self.trace.count("\n")
        messages = max(plain.retain_messages, messages)
        largest = max([self.payload_bytes, *parse_trace(self.trace).payload_bytes.tolist()])
        needed = {
            "retain_messages": messages,
            "retain_bytes": max(plain.retain_bytes, messages * largest),
            "retain_s": max(plain.retain_s, longest_s),
        }
        raised = {
            name: most
            for name, most in needed.items()
            if getattr(self.hub, name) == getattr(plain, name)
        }
        return dataclasses.replace(self.hub, **raised)

    def to_json(self) -> dict[str, Any]:
        """Plain values, with every default filled in."""
        values = dataclasses.asdict(self)
        cells = values.pop("cells")
        del values["own"], values["left_out"]
        if self.own is not None:
            values["system"] = written_system(self.own)
        for cell in cells:
            del cell["own_label"], cell["own"]
            for key, usual in (("client", "python"), ("system", HUB)):
                if cell[key] == usual:
                    del cell[key]
        values["hub"] = dataclasses.asdict(self.hub_settings)
        return {**values, "channel_count": self.channel_count, "transports": list(cells)}

    def with_values(self, values: Mapping[str, Any], **changes: Any) -> "Scenario":
        """The scenario with some values changed; ``link.one_way_ms`` names a value of the link.

        Args:
            changes: of whole fields, such as ``cells``.
        """
        for key, value in values.items():
            table, _, own = key.rpartition(".")
            if table:
                inner = changes.get(table, getattr(self, table))
                changes[table] = dataclasses.replace(inner, **{own: value})
            else:
                changes[own] = value
        return dataclasses.replace(self, **changes)

    def override(
        self,
        *,
        transports: Sequence[str] | None = None,
        systems: Sequence[str] | None = None,
        client: str | None = None,
        **values: Any,
    ) -> "Scenario":
        """The scenario with what a command line asks for; None leaves a value as it is.

        `transports` keeps the scenario's cells of these names (or labels) and adds, with default
        settings, those that it does not have. `systems` puts each transport on each of these. A
        `poll_interval_s` holds for every cell that polls at an interval; cells that become the same
        are one. `client` says who the subscribers of all cells are: ``python``, ``browser``, or
        ``both``, which makes two cells of each.

        Args:
            values: of keys; one of the link or the hub may be named without its table.

        Raises:
            ScenarioError: a value is out of range; the text names the flag.
            UnknownTransport, MissingExtra: a transport is not installed.
        """
        keys = scenario_keys()
        given = {flag_key(name): value for name, value in values.items() if value is not None}
        checked = {
            name: keys[name].take(value, keys[name].flag, ScenarioError)
            for name, value in given.items()
        }
        if "trials" in checked:  # so many, and no more, unless there is a reason for more
            checked.setdefault("until", "")
        if "at_most_s" in given and not checked.get("until", self.until):
            raise ScenarioError(f"{keys['at_most_s'].flag}: goes with --until, which is missing")
        interval_s = checked.get("poll_interval_s")
        poll_interval_s = self.poll_interval_s if interval_s is None else interval_s
        cells: Iterable[Cell] = self.cells
        left_out = self.left_out
        if transports is not None or systems is not None:
            cells, left_out = chosen(self.cells, transports, systems, self.own)
        if interval_s is not None:
            cells = [with_interval(cell, interval_s) for cell in cells]
        if client is not None:
            cells = with_client(cells, client)
        if cells is not self.cells:
            cells = remake_cells(cells, poll_interval_s)
        try:
            return self.with_values(checked, cells=cells, left_out=left_out)
        except RuleBroken as error:
            raise error.at(lambda key: keys[key].flag if key in given else key) from error

    def _check_trace(self) -> None:
        """Check that a trace is one, and is used. Raises RuleBroken."""
        if (self.arrivals == "trace") != bool(self.trace):
            told = "a trace is used with arrivals = 'trace', and these need one"
            raise RuleBroken("trace" if self.trace else "arrivals", told)
        if not self.trace:
            return
        try:
            messages = parse_trace(self.trace)
        except ValueError as error:
            raise RuleBroken("trace", str(error)) from error
        if not len(messages):
            raise RuleBroken("trace", "has no message")
        end_s, last = self.warmup_s + self.duration_s, self.channel_count - 1
        if (at_s := messages.at_s.max()) >= end_s:
            told = f"a message at {at_s:.12g} s is beyond warm-up and window ({end_s:g} s)"
            raise RuleBroken("trace", told)
        if (channel := messages.channel.max()) > last:
            told = f"there is no channel {channel}; the last one's number is {last}"
            raise RuleBroken("trace", told)
        rate = self.traced_rate(self.trace)
        if abs(self.rate_per_s - rate) > _TRACED * rate:
            raise RuleBroken("rate_per_s", f"the trace's own is {rate:.6g}; it can have no other")

    def _check_network(self) -> None:
        """Check what link and encryption ask of the rest. Raises RuleBroken."""
        link, one_way = self.link, "link.one_way_ms"
        if link.jitter_ms > link.one_way_ms:
            raise RuleBroken(
                "link.jitter_ms",
                f"{link.jitter_ms:g} is more than {one_way} ({link.one_way_ms:g}); bytes cannot"
                " arrive before they leave",
            )
        for cell in self.cells:
            if (link.present or self.tls) and not cell.make().is_sans_io():
                raise RuleBroken(
                    self._network_key,
                    f"{cell.transport} opens its own sockets, out of reach of an emulated link and"
                    " of the trial's certificates; leave the transport out, or link and tls",
                )
        if "://" in self.broker and self.tls != self.broker.startswith("mqtts://"):
            raise RuleBroken(
                "tls" if self.tls else "broker",
                "all connections are encrypted, or none; here the broker's URL must begin with"
                f" {'mqtts://' if self.tls else 'mqtt://'}",
            )

    def _check_browser(self) -> None:
        """Check what cells in Chromium ask of the rest. Raises RuleBroken."""
        cells = [cell for cell in self.cells if cell.client == "browser"]
        if cells and self.clients > MAX_BROWSER_CLIENTS:
            raise RuleBroken(
                "clients",
                f"{self.clients:,} clients are too many for Chromium, which needs a process for"
                f" every few; at most {MAX_BROWSER_CLIENTS}, such as --clients 50",
            )
        if cells and self.swarm_workers > 1:
            raise RuleBroken(
                "swarm_workers",
                "Chromium has processes of its own; leave it out, or the client browser",
            )
        if cells and (self.link.present or self.tls):
            raise RuleBroken(
                self._network_key,
                "cells in Chromium are measured on loopback and in plain text alone; leave out link"
                " and tls, or the client browser",
            )
        for cell in cells:
            told = refused_in_browser(cell)
            if told is not None:
                raise RuleBroken("client", f"{cell.label}: {told}")

    def _check_systems(self) -> None:
        """Check what cells of other systems than the hub ask of the rest. Raises RuleBroken."""
        sizes = [one for one in parse_trace(self.trace).payload_bytes.tolist() if one]
        for cell in self.cells:
            broken = broken_at(
                cell,
                tls=self.tls,
                stall_s=self.stall_s,
                channels=self.channel_count,
                least_bytes=min([self.payload_bytes, *sizes]),
            )
            if broken is not None:
                key, told = broken
                if key == "payload_bytes" and self.payload_bytes >= STAMP_BYTES:
                    key = "trace"
                raise RuleBroken(key, f"{cell.label}: {told}")

    @property
    def _network_key(self) -> str:
        if not self.link.present:
            return "tls"
        return "link.one_way_ms" if self.link.one_way_ms else "link.kbit_per_s"


def scenario_keys() -> Mapping[str, Key]:
    """All keys that a scenario may have, but for its transports; ``link.one_way_ms`` is one."""
    return keys_of(Scenario)


def flag_key(name: str) -> str:
    """The key that a keyword of `Scenario.override` means: ``one_way_ms`` is the link's.

    Raises:
        TypeError: there is no such key.
    """
    if name in scenario_keys():
        return name
    for key in scenario_keys():
        if key.endswith(f".{name}"):
            return key
    raise TypeError(f"a scenario has no key {name!r}")
