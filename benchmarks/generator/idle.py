"""Subscribers that only stand there: what each costs in memory, and how many fit in one process.

Memory and the cost of connecting are slopes between a process with few and one with many
subscribers, so that neither the interpreter nor its imports count.
"""

import asyncio
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from benchmarks.generator.fanout import hub_api, hub_for, peer_command
from benchmarks.generator.swarm import configured_swarm
from benchmarks.harness.model import OWN, Benchmark, Contender, Goal, Sample
from benchmarks.harness.processes import cpu_of, pin, rss_of, start_child
from pushlab.contract.registry import load_transport
from pushlab.contract.tokens import TokenKeys
from pushlab.hub.process import HubProcess
from pushlab.systems.hub_api import HubApi
from pushlab.systems.system import Admission

__all__ = ["CONNECTS", "MEMORIES", "MOST"]

_CHANNEL = "bench"
_CONNECT_S = 120.0
_SETTLE_S = 0.3
_GENERATOR, _SERVER = 0, 1  # cores
_FEW = 100
_MANY = 15_000
_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "short-polling": {"interval_s": 600.0, "random_phase": False},
}
_TITLES = {
    "short-polling": "Short polling",
    "sse": "SSE",
    "websocket": "WebSocket",
    "mqtt": "MQTT",
}


@dataclass(frozen=True, slots=True)
class _Standing:
    """A process whose subscribers all stand."""

    rss_bytes: int
    cpu_s: float
    wall_s: float


async def _admit(hub: HubProcess, api: HubApi, transport: str, clients: int) -> list[Admission]:
    """Tokens; where the hub's word is not needed they are signed here, which is quicker."""
    if transport == "mqtt":
        names = [(f"client-{i}", 0, _CHANNEL) for i in range(clients)]
        return await api.admit(transport, names)
    keys = TokenKeys.restore(hub.config.keys)
    url = "ws" + hub.url.removeprefix("http") if transport == "websocket" else hub.url
    url += load_transport(transport).path
    return [
        Admission(
            keys.issue(
                client_id=f"client-{i}", channel=_CHANNEL, duration_minutes=60, now=time.time()
            )[0],
            0,
            {"url": url},
        )
        for i in range(clients)
    ]


async def _stand(transport: str, contender: str, clients: int) -> _Standing:
    """Let so many subscribers connect, and look at their process."""
    async with hub_for(transport) as (hub, servers), hub_api(hub) as api:
        admissions = await _admit(hub, api, transport, clients)
        for pid in servers:
            pin(pid, _SERVER)
        if contender == OWN:
            async with configured_swarm(
                transport, _OPTIONS.get(transport, {}), admissions, core=_GENERATOR
            ) as swarm:
                cpu_0, began = cpu_of(swarm.pid), time.monotonic()
                await asyncio.wait_for(swarm.commands.start(), _CONNECT_S)
                wall_s = time.monotonic() - began
                cpu_s = cpu_of(swarm.pid) - cpu_0
                await asyncio.sleep(_SETTLE_S)
                return _Standing(rss_of(swarm.pid), cpu_s, wall_s)
        with tempfile.TemporaryDirectory(prefix="pushlab-bench-") as folder:
            command = peer_command(transport, contender, admissions, Path(folder))
            async with start_child(command, core=_GENERATOR) as child:
                began = time.monotonic()
                await child.until(lambda: child.board.ready >= clients, _CONNECT_S, "connecting")
                wall_s, cpu_s = time.monotonic() - began, cpu_of(child.pid)
                await asyncio.sleep(_SETTLE_S)
                return _Standing(rss_of(child.pid), cpu_s, wall_s)


class _Slope(Benchmark):
    """Few and many subscribers of one transport; both figures come from the same processes."""

    transport: ClassVar[str]
    clients: ClassVar[int]
    figure: ClassVar[Literal["memory", "connects"]]
    #: Slopes that one of the two benchmarks has measured and the other has not yet taken.
    spare: ClassVar[dict[tuple[str, str, str], list[Sample]]] = defaultdict(list)

    async def measure(self, contender: Contender, *, seconds: float) -> Sample:
        """Take what the sister benchmark has left, or measure both."""
        mine = self.spare[self.transport, contender.name, self.figure]
        if not mine:
            few = await _stand(self.transport, contender.name, _FEW)
            many = await _stand(self.transport, contender.name, self.clients)
            more = self.clients - _FEW
            each = (many.rss_bytes - few.rss_bytes) / more
            cpu_s = many.cpu_s - few.cpu_s
            facts = {"clients": self.clients, "wall_s": many.wall_s, "rss_bytes": many.rss_bytes}
            for figure, sample in (
                ("memory", Sample(each, facts)),
                ("connects", Sample.rate(more, cpu_s, many.wall_s, clients=self.clients)),
            ):
                self.spare[self.transport, contender.name, figure].append(sample)
        return mine.pop(0)


def _contenders(transport: str) -> tuple[Contender, ...]:
    own = Contender(name=OWN, title="pushlab", packages=("pushlab", "uvloop"))
    peers = {
        "sse": ("aiohttp",),
        "websocket": ("picows", "aiohttp", "websockets"),
        "mqtt": ("aiomqtt",),
    }
    return own, *(
        Contender(name=name, title=name, packages=(name,)) for name in peers.get(transport, ())
    )


def _slopes(transport: str, figure: Literal["memory", "connects"]) -> type[Benchmark]:
    """The benchmark class of one transport and one figure."""
    memory = figure == "memory"
    clients = 1_000 if transport == "mqtt" else 3_000
    server = "Mosquitto and pushlab's hub" if transport == "mqtt" else "pushlab's hub"
    title = _TITLES[transport]
    return type(
        f"{title.replace(' ', '')}{figure.capitalize()}",
        (_Slope,),
        {
            "__doc__": f"{title}: {figure}.",
            "name": f"{figure}-{transport}",
            "title": f"Memory per idle {title} subscriber"
            if memory
            else f"{title} subscribers connected per generator CPU-second",
            "unit": "bytes" if memory else "connects/CPU-s",
            "better": "lower" if memory else "higher",
            "setting": f"Resident memory of the process, from {_FEW} to {clients:,} subscribers of"
            f" {server}."
            if memory
            else f"CPU of the process, from {_FEW} to {clients:,} subscribers of {server};"
            " generator and server on a core each.",
            "contenders": _contenders(transport),
            "goals": (Goal(beside=None, most=8_192.0),) if memory else (),
            "transport": transport,
            "clients": clients,
            "figure": figure,
        },
    )


class _Most(Benchmark):
    """15,000 subscribers in one process, and a message that reaches them all."""

    unit = "subscribers"
    transport: ClassVar[str]
    setting = (
        f"{_MANY:,} connections of one process to one hub; all must get each of three messages."
        " More than 20,000 descriptors are not to be had everywhere."
    )
    contenders = (Contender(name=OWN, title="pushlab", packages=("pushlab", "uvloop")),)
    goals = (Goal(beside=None, least=float(_MANY)),)

    async def measure(self, contender: Contender, *, seconds: float) -> Sample:
        """Hold them, serve them, count them."""
        async with hub_for(self.transport) as (hub, servers), hub_api(hub) as api:
            admissions = await _admit(hub, api, self.transport, _MANY)
            for pid in servers:
                pin(pid, _SERVER)
            async with configured_swarm(self.transport, {}, admissions, core=_GENERATOR) as swarm:
                before, began = rss_of(swarm.pid), time.monotonic()
                await asyncio.wait_for(swarm.commands.start(), _CONNECT_S)
                connected_s, rss_bytes = time.monotonic() - began, rss_of(swarm.pid)
                began = time.monotonic()
                for round_ in (1, 2, 3):
                    await api.publish_batch([(_CHANNEL, "x" * 100)])
                    await asyncio.wait_for(swarm.commands.reach(heads=[round_]), _CONNECT_S)
                served_s = time.monotonic() - began
                told = await swarm.commands.status()
                if told.reason or told.deliveries != 3 * _MANY:
                    raise RuntimeError(f"not everybody was served: {told}")
                return Sample(
                    float(told.connected),
                    {
                        "connected_s": connected_s,
                        "connects_per_s": _MANY / connected_s,
                        "served_s": served_s,
                        "rss_bytes": rss_bytes,
                        "rss_bytes_before": before,
                    },
                )


class MostSse(_Most):
    """SSE."""

    name = "most-sse"
    title = "SSE subscribers held and served by one process"
    transport = "sse"


class MostWebSocket(_Most):
    """WebSocket."""

    name = "most-websocket"
    title = "WebSocket subscribers held and served by one process"
    transport = "websocket"


MEMORIES = tuple(_slopes(transport, "memory") for transport in _TITLES)
CONNECTS = tuple(_slopes(transport, "connects") for transport in _TITLES)
MOST: tuple[type[Benchmark], ...] = (MostSse, MostWebSocket)
