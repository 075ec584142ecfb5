"""Deliveries per CPU second of the client: many subscribers of one channel, one message at a time.

A round is one message: it is published, and the next one waits until everybody has it. Hub and
generator share a core and take turns, so that a generator finds a whole fan-out waiting, as it does
at full load, and its cost is its own. On a core each, a generator faster than the hub would go to
sleep before every single delivery, and the figure would be the kernel's cost of waking it.
"""

import asyncio
import contextlib
import json
import os
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.generator.swarm import running_swarm, wrong_in
from benchmarks.harness.model import OWN, Benchmark, Contender, Goal, NotRun, Sample
from benchmarks.harness.processes import cpu_of, pin, start_child
from pushlab.brokers.start import start_broker
from pushlab.errors import BrokerUnavailable
from pushlab.hub.process import HubConfig, HubProcess, start_hub
from pushlab.lab.workers.clients import SwarmProcess
from pushlab.systems.hub_api import HubApi
from pushlab.systems.system import Admission

__all__ = [
    "MqttFanOut",
    "SseFanOut",
    "WebSocketFanOut",
    "hub_api",
    "hub_for",
    "peer_command",
]

_CHANNEL = "bench"
_PAYLOAD = "x" * 100
_WARM_ROUNDS = 20
_CONNECT_S = 60.0
_ROUND_S = 20.0
_SHARED, _OWN_CORE = 0, 1  # hub and generator; the harness

Reach = Callable[[int], Coroutine[Any, Any, None]]


class _FanOut(Benchmark):
    """What the three have in common."""

    unit = "deliveries/CPU-s"
    transport: ClassVar[str]
    clients: ClassVar[int] = 500

    async def measure(self, contender: Contender, *, seconds: float) -> Sample:
        """One sample with a fresh hub."""
        async with hub_for(self.transport) as (hub, servers), hub_api(hub) as api:
            names = [(f"client-{i}", 0, _CHANNEL) for i in range(self.clients)]
            admissions = await api.admit(self.transport, names)
            for pid in servers:
                pin(pid, _SHARED, polite=True)
            if contender.name == OWN:
                async with running_swarm(
                    self.transport, {}, admissions, core=_SHARED, polite=True
                ) as swarm:
                    return await self._own(swarm, api, servers, seconds)
            return await self._peer(contender.name, admissions, api, servers, seconds)

    async def _own(
        self, swarm: SwarmProcess, api: HubApi, servers: Sequence[int], seconds: float
    ) -> Sample:
        async def reach(rounds: int) -> None:
            await swarm.commands.reach(heads=[rounds])

        sample = await self._rounds(api, reach, swarm.pid, servers, seconds)
        with tempfile.TemporaryDirectory(prefix="pushlab-bench-") as folder:
            told = await swarm.commands.finish(path=folder)
        wrong = wrong_in(told)
        rounds = int(sample.facts["rounds"]) + _WARM_ROUNDS
        if wrong or told.rows["deliveries"] != rounds * self.clients:
            raise RuntimeError(f"{wrong} wrong, {told.rows['deliveries']} rows in {rounds} rounds")
        return sample

    async def _peer(
        self,
        name: str,
        admissions: Sequence[Admission],
        api: HubApi,
        servers: Sequence[int],
        seconds: float,
    ) -> Sample:
        with tempfile.TemporaryDirectory(prefix="pushlab-bench-") as folder:
            command = peer_command(self.transport, name, admissions, Path(folder))
            async with start_child(command, core=_SHARED, polite=True) as child:
                board = child.board
                await child.until(lambda: board.ready >= self.clients, _CONNECT_S, "connecting")

                async def reach(rounds: int) -> None:
                    due = rounds * self.clients
                    await child.until(lambda: board.work >= due, _ROUND_S, "a round")

                sample = await self._rounds(api, reach, child.pid, servers, seconds)
                if board.errors:
                    raise RuntimeError(f"{board.errors} messages were not the next one")
                return sample

    async def _rounds(
        self, api: HubApi, reach: Reach, pid: int, servers: Sequence[int], seconds: float
    ) -> Sample:
        """Publish round after round; nothing is under way at the two ends of the window."""
        rounds = 0

        async def one() -> None:
            nonlocal rounds
            rounds += 1
            await api.ask("POST", "/v1/messages", [{"channel": _CHANNEL, "data": _PAYLOAD}])
            await reach(rounds)

        for _ in range(_WARM_ROUNDS):
            await asyncio.wait_for(one(), _ROUND_S)
        began, cpu_0 = time.monotonic(), cpu_of(pid)
        server_0 = sum(cpu_of(server) for server in servers)
        while time.monotonic() - began < seconds:
            await asyncio.wait_for(one(), _ROUND_S)
        cpu_s = cpu_of(pid) - cpu_0
        server_s = sum(cpu_of(server) for server in servers) - server_0
        measured = rounds - _WARM_ROUNDS
        return Sample.rate(
            measured * self.clients,
            cpu_s,
            time.monotonic() - began,
            rounds=measured,
            server_cpu_s=server_s,
        )


@contextlib.asynccontextmanager
async def hub_for(transport: str) -> AsyncIterator[tuple[HubProcess, list[int]]]:
    """A fresh hub, for MQTT with a fresh Mosquitto; and the processes that serve.

    Raises:
        NotRun: Mosquitto is wanted and is not installed.
    """
    config = HubConfig(transports={transport: {}})
    async with contextlib.AsyncExitStack() as stack:
        servers = []
        if transport == "mqtt":
            try:
                broker = await start_broker("mosquitto")
            except BrokerUnavailable as error:
                raise NotRun(str(error)) from error
            await stack.enter_async_context(broker)
            config = replace(config, broker=broker.access)
            servers += [broker.pid] if broker.pid else []
        hub = await stack.enter_async_context(await start_hub(config))
        yield hub, [hub.pid, *servers]


@contextlib.asynccontextmanager
async def hub_api(hub: HubProcess) -> AsyncIterator[HubApi]:
    """The hub's API; the harness, who asks, keeps to a core where no generator is measured."""
    if hasattr(os, "sched_getaffinity"):
        pin(os.getpid(), _OWN_CORE)
    api = HubApi(hub.url, hub.api_key)
    try:
        yield api
    finally:
        api.close()


def peer_command(
    transport: str, name: str, admissions: Sequence[Admission], folder: Path
) -> list[str]:
    """The command of a peer's script; tokens are handed over in a file that only we can read."""
    work = {
        "subscribers": [{"token": a.token, **a.endpoint} for a in admissions],
    }
    path = folder / "work.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps(work))
    return ["-m", f"benchmarks.peers.{transport}_{name}", "{board}", str(path)]


def _setting(clients: int, server: str) -> str:
    return (
        f"{clients} subscribers of one channel, a message of {len(_PAYLOAD)} bytes as soon as"
        f" everybody has the last one, from {server}; server and generator share one core."
    )


class SseFanOut(_FanOut):
    """Server-sent events."""

    name = "sse"
    title = "SSE deliveries per generator CPU-second"
    transport = "sse"
    setting = _setting(500, "pushlab's hub")
    contenders = (
        Contender(name=OWN, title="pushlab", packages=("pushlab", "httptools", "uvloop")),
        Contender(name="aiohttp", title="aiohttp", packages=("aiohttp",)),
        Contender(name="httpx", title="httpx with httpx-sse", packages=("httpx", "httpx-sse")),
    )
    goals = (Goal(beside="aiohttp", least=1.3),)


class WebSocketFanOut(_FanOut):
    """WebSocket."""

    name = "websocket"
    title = "WebSocket deliveries per generator CPU-second"
    transport = "websocket"
    setting = _setting(500, "pushlab's hub")
    contenders = (
        Contender(name=OWN, title="pushlab", packages=("pushlab", "websockets", "uvloop")),
        Contender(name="picows", title="picows", packages=("picows",)),
        Contender(name="aiohttp", title="aiohttp", packages=("aiohttp",)),
        Contender(name="websockets", title="websockets", packages=("websockets",)),
        Contender(
            name="locust",
            title="Locust with websocket-client",
            packages=("locust", "websocket-client"),
        ),
    )
    goals = (Goal(beside="aiohttp", least=1.3), Goal(beside="picows", least=1.0))


class MqttFanOut(_FanOut):
    """MQTT at QoS 1, through Mosquitto."""

    name = "mqtt"
    title = "MQTT deliveries per generator CPU-second"
    transport = "mqtt"
    clients = 200
    setting = _setting(200, "pushlab's hub through Mosquitto at QoS 1")
    contenders = (
        Contender(name=OWN, title="pushlab", packages=("pushlab", "uvloop", "mosquitto")),
        Contender(name="aiomqtt", title="aiomqtt", packages=("aiomqtt", "paho-mqtt")),
        Contender(
            name="mqttx",
            title="MQTTX bench",
            missing=lambda: "mqttx-cli could not be installed",
        ),
    )
    goals = (Goal(beside="aiomqtt", least=5.0),)
